//! Folders of the operator's own files: texts, reply templates, articles.

use std::path::PathBuf;

use toml::Spanned;

use super::notes::Notes;

/// The files in a folder that end so, in the order of their names; None, and a mistake noted, where it cannot be read.
/// `what` is in it, and `key` names it in the configuration.
pub fn files(
    folder: &Spanned<String>,
    key: &'static str,
    what: &str,
    extension: &str,
    notes: &mut Notes<'_>,
) -> Option<Vec<PathBuf>> {
    let items = match std::fs::read_dir(notes.path(folder.get_ref())) {
        Ok(items) => items,
        Err(error) => {
            notes.mistake(folder.span(), key, format!("The folder of {what} cannot be read: {error}"), None);
            return None;
        }
    };
    let mut files: Vec<_> = items.flatten().map(|item| item.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == extension));
    files.sort();
    Some(files)
}

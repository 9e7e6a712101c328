//! The operator's own texts: a folder of `<language>.toml` files, each key a template that replaces the built-in one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::Language;

use super::mistake::{Mistake, Source};
use super::notes::Notes;
use super::{file, folder};

type Texts = BTreeMap<Language, BTreeMap<String, String>>;

/// Largest file of texts, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

pub fn texts(file: file::Texts, notes: &mut Notes<'_>) -> Texts {
    let mut texts = Texts::new();
    let Some(folder) = file.folder else { return texts };
    if !notes.looks_at_files() {
        return texts;
    }
    for path in folder::files(&folder, "texts.folder", "texts", "toml", notes).unwrap_or_default() {
        let code = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let Some(language) = Language::ALL.into_iter().find(|l| l.code() == code) else {
            let hint = "One of: sk.toml, cs.toml, sl.toml, hr.toml, en.toml, de.toml";
            notes.mistakes.push(Mistake::about(&path, "No language of the desk has this name", Some(hint.to_owned())));
            continue;
        };
        match read(&path) {
            Ok(own) => {
                texts.insert(language, own);
            }
            Err(mistake) => notes.mistakes.push(*mistake),
        }
    }
    texts
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, Box<Mistake>> {
    let about = |message: String| Box::new(Mistake::about(path, message, None));
    let size = std::fs::metadata(path).map_err(|e| about(format!("The texts cannot be read: {e}")))?.len();
    if size > FILE_MAX {
        return Err(about("The file of texts is larger than 1 MiB".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| about(format!("The texts cannot be read: {e}")))?;
    toml::from_str(&text).map_err(|error| {
        let source = Source { path, text: &text, public_keys: Vec::new() };
        let hint = "Each line is `key = \"template\"`; see the built-in texts for the keys";
        let said = error.message().lines().next().unwrap_or_default().to_owned();
        Box::new(source.slip(error.span().unwrap_or(0..0), said, Some(hint.to_owned())))
    })
}

//! Where the check writes down what it finds: mistakes, and hints that are none.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::CheckFiles;
use super::mistake::{Mistake, Source};
use super::read::{nearest, public_keys};

pub struct Notes<'a> {
    pub source: Source<'a>,
    pub mistakes: Vec<Mistake>,
    pub hints: Vec<Mistake>,
    /// Paths of keys whose value could not be read: they are not missing.
    pub broken: Vec<String>,
    files: CheckFiles,
}

impl<'a> Notes<'a> {
    pub fn new(path: &'a Path, text: &'a str, files: CheckFiles) -> Self {
        let source = Source { path, text, public_keys: public_keys() };
        Notes { source, mistakes: Vec::new(), hints: Vec::new(), broken: Vec::new(), files }
    }

    /// Files that the configuration names are looked at.
    pub fn looks_at_files(&self) -> bool {
        self.files != CheckFiles::None
    }

    pub fn looks_at_passwords(&self) -> bool {
        self.files == CheckFiles::All
    }

    pub fn mistake(&mut self, span: Range<usize>, key: &str, message: impl Into<String>, hint: Option<&str>) {
        let mistake = self.source.mistake(span, key, message.into(), hint.map(str::to_owned));
        self.mistakes.push(mistake);
    }

    pub fn hint(&mut self, span: Range<usize>, key: &str, message: impl Into<String>, hint: Option<&str>) {
        let mistake = self.source.mistake(span, key, message.into(), hint.map(str::to_owned));
        self.hints.push(mistake);
    }

    /// A required key is not there. Says nothing where it is there and was unreadable.
    pub fn missing(&mut self, table: Range<usize>, key: &str, hint: &str) {
        if !self.broken.iter().any(|b| b == key) {
            let name = key.rsplit('.').next().unwrap_or(key);
            self.mistake(table, key, format!("`{name}` is missing"), Some(hint));
        }
    }

    /// A value that becomes a line of a protocol, or the name of a file: nothing in it may end it early.
    pub fn one_line(&mut self, text: &Spanned<String>, key: &str) {
        if text.get_ref().chars().any(char::is_control) {
            let hint = "One line, without NUL, CR, LF or other control characters";
            self.mistake(text.span(), key, "There is a control character in it", Some(hint));
        }
    }

    /// A name that nothing has.
    pub fn unknown<'n>(
        &mut self,
        name: &Spanned<String>,
        key: &str,
        what: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        let hint = match nearest(name.get_ref(), known.clone()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => {
                let known: Vec<&str> = known.take(20).collect();
                if known.is_empty() { "There is none".to_owned() } else { format!("There is: {}", known.join(", ")) }
            }
        };
        self.mistake(name.span(), key, format!("`{}` is not {what}", name.get_ref()), Some(&hint));
    }

    /// A path as the file means it: relative to the file's own folder.
    pub fn path(&self, written: &str) -> PathBuf {
        self.source.path.parent().unwrap_or(Path::new("")).join(written)
    }
}

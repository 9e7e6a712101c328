//! Reply templates: words that agents send again and again, written once by the operator in as many languages as there are
//! customers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::language::Language;

/// Longest template, in bytes.
pub const TEXT_MAX: usize = 64 * 1024;
/// Files of templates that are read.
pub const FILES_MAX: usize = 2_000;
/// Longest name, in characters.
pub const NAME_MAX: usize = 60;

/// By name.
pub type ReplyTemplates = BTreeMap<String, ReplyTemplate>;

/// A template in its languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyTemplate {
    /// None: for customers of every language that has none of its own.
    pub texts: BTreeMap<Option<Language>, TemplateText>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateText {
    pub file: PathBuf,
    /// What it is for, for agents.
    pub about: Option<String>,
    /// The template.
    pub text: String,
    /// The line of the file on which `text` begins, from 1.
    pub line: usize,
}

impl ReplyTemplate {
    /// The text for a customer of a language: that language's, else the one for all languages. None: nobody has written it
    /// for this customer, and no other language's words are sent in its place.
    pub fn text(&self, language: Language) -> Option<&TemplateText> {
        self.texts.get(&Some(language)).or_else(|| self.texts.get(&None))
    }

    /// What it is for, in the agent's language where it was said in it.
    pub fn about(&self, language: Language) -> Option<&str> {
        let said = |text: &TemplateText| text.about.is_some();
        let mine = self.texts.get(&Some(language)).filter(|text| said(text));
        mine.or_else(|| self.texts.values().find(|text| said(text))).and_then(|text| text.about.as_deref())
    }

    /// The codes of its languages; the one for all is `*`.
    pub fn languages(&self) -> BTreeSet<&'static str> {
        self.texts.keys().map(|language| language.map_or("*", Language::code)).collect()
    }
}

/// Whether this can be a template's name: what an agent types, folded. No dots, so that a language can follow one.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(fits)
}

//! What a good report has: what is looked for, and what of it a ticket has by now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::language::Language;

/// Something that a good report of a category has.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What to ask for, in the languages that the operator wrote; never empty.
    pub about: BTreeMap<Language, String>,
    pub present: Present,
}

/// How to see that it is there. Patterns are matched against folded text.
#[derive(Clone, Debug)]
pub enum Present {
    /// A media type, `type/*` or `*/*`.
    Attachment(String),
    /// In the subject or the text.
    Text(regex::Regex),
    /// In the header of a mail or a report that is attached, or in header lines that were copied into the text.
    Header(regex::Regex),
    /// A mail that came back was sent on: as an attachment, or copied into the text.
    Bounce,
}

/// One of the things that a ticket's report should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// As the operator had written it when the ticket was opened.
    pub about: BTreeMap<Language, String>,
    /// None: it is missing.
    pub found: Option<Evidence>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The entry in which it was found.
    pub seq: u32,
    /// What was found: an attachment's name, a few words.
    pub what: String,
}

/// What is asked for, in the first of these languages in which the operator wrote it, else in any.
pub fn spoken(about: &BTreeMap<Language, String>, languages: &[Language]) -> Option<String> {
    languages.iter().find_map(|language| about.get(language)).or_else(|| about.values().next()).cloned()
}

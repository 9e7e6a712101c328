//! The languages in which the desk itself can write.

use serde::{Deserialize, Serialize};

/// A language that has a file of texts. A mail may be in any other language too: its code (ISO 639-1) is then a plain
/// string, and the desk answers in the next best one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Sk,
    Cs,
    Sl,
    Hr,
    #[default]
    En,
    De,
}

impl Language {
    pub const ALL: [Language; 6] = [Language::Sk, Language::Cs, Language::Sl, Language::Hr, Language::En, Language::De];

    /// ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Language::Sk => "sk",
            Language::Cs => "cs",
            Language::Sl => "sl",
            Language::Hr => "hr",
            Language::En => "en",
            Language::De => "de",
        }
    }

    /// From an ISO 639-1 code or a language tag (RFC 5646) whose first subtag is one, in any case.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|l| l.code().eq_ignore_ascii_case(primary))
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

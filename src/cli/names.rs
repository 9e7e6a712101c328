//! Names that people typed and nobody has: which was meant, and which there are.

use super::exit::{self, Failure};
use super::open::list;
use super::output::escape;
use crate::model::Policy;
use crate::model::text::fold;

/// The known word that is meant, where one is near enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (word, limit) = (fold(word), 1 + word.chars().count() / 4);
    let distance = |k: &str| strsim::damerau_levenshtein(&word, &fold(k));
    known.into_iter().map(|k| (distance(k), k)).filter(|(d, _)| *d <= limit).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// `; did you mean "peter"?`, or nothing.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|n| format!("; did you mean {n:?}?")).unwrap_or_default()
}

/// `No agent is called "petr"; did you mean "peter"? (known are: jana, peter)`.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let hint = hint(name, known.iter().copied());
    format!("No {what} is called {:?}{hint} (known are: {})", escape(name), list(known))
}

/// The same as a failure.
pub fn refuse(what: &str, name: &str, known: &[&str]) -> Failure {
    exit::fail(exit::DATA, unknown(what, name, known))
}

/// Agents and groups, as the configuration calls them.
pub fn people(policy: &Policy) -> Vec<&str> {
    policy.agents.iter().map(|a| a.name.as_str()).chain(policy.groups.iter().map(|g| g.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["jana", "peter", "technical"];
        assert_eq!(nearest("petr", known), Some("peter"));
        assert_eq!(nearest("Jána", known), Some("jana"));
        assert_eq!(nearest("tehcnical", known), Some("technical"));
        assert_eq!(nearest("sales", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn what_was_typed_is_shown_without_raw_text() {
        let text = unknown("agent", "a\u{1b}[2J", &["jana"]);
        assert!(!text.contains('\u{1b}') && text.ends_with("(known are: jana)"), "{text}");
    }
}

//! Numbers by which other desks call their tickets, in a subject: `[#1234]`, `[example.com #1234]`, `Ticket#1234`,
//! `[ref:00D1.500x:ref]`, `##1234##`, `[JIRA] (ABC-123)`. Whether one of them means anything is decided elsewhere.

use std::sync::LazyLock;

use regex::Regex;

/// Most that are read of one subject.
const TAGS_MAX: usize = 4;

/// Each has some two digits; none is longer than 80 characters.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [
        r"\[[^\[\]]{0,60}[0-9]{2,12}[^\[\]]{0,20}\]",
        r"\([A-Za-z#][^()\s]{0,20}[0-9]{2,12}\)",
        r"\bref:[^\s:\]]{4,40}:ref\b",
        r"##[^#\s]{0,20}[0-9]{2,12}##",
        r"(?i)\b(?:ticket|case|request|incident|issue|tiket|zahtevek|zahtjev|vorgang)\s?(?:id|no\.?|nr\.?|č\.)?\s?[:#]{0,2}\s?[0-9]{3,12}\b",
        r"#[0-9]{3,12}\b",
    ];
    Regex::new(&forms.join("|")).expect("a constant pattern")
});

/// What could be such a number, folded to one form, in the order of the subject.
pub fn find(subject: &str) -> Vec<String> {
    let bare = |tag: &str| tag.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let mut out: Vec<String> = Vec::new();
    for found in TAG.find_iter(subject).take(TAGS_MAX) {
        let tag = bare(found.as_str());
        if !out.contains(&tag) {
            out.push(tag);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_found() {
        for (subject, tags) in [
            ("[example.com #1234] AutoReply: Tlačiareň", vec!["[example.com#1234]"]),
            ("RE: Faktúra [ref:00D1.500x:ref]", vec!["[ref:00d1.500x:ref]"]),
            ("Faktúra ref:_00D20._50020:ref", vec!["ref:_00d20._50020:ref"]),
            ("[Ticket#2026110210000123] Vec", vec!["[ticket#2026110210000123]"]),
            ("Ticket #1234: prijali sme", vec!["ticket#1234"]),
            ("(#4711) Vec", vec!["(#4711)"]),
            ("##RE-1234## : Vec", vec!["##re-1234##"]),
            ("[JIRA] (HELP-123) Vec", vec!["(help-123)"]),
            ("Vec #4711", vec!["#4711"]),
            ("Dobrý deň (prosím) [dôležité] 5 kusov za 12", vec![]),
        ] {
            assert_eq!(find(subject), tags, "{subject}");
        }
        assert_eq!(find(&"[#12] ".repeat(1000)).len(), 1);
        assert!(find(&"[".repeat(100_000)).is_empty());
    }
}

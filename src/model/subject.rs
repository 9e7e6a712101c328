//! Subjects as people wrote them: without what mail programs and the desk put around them.

use std::sync::LazyLock;

use regex::Regex;

use super::text::{SUBJECT_MAX, clean_line, fold};

/// What mail clients put before a subject that they answer or forward: `Re:`, `RE[2]:`, `Odp.:`, `Odpoveď:`, `Fwd:`, `AW:`,
/// `PD:`, `SV:`, … Not `VS:`, `TR:` and `Ref:`, which open a subject of many a customer's own: a payment's reference.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s*(?:re|odp|odg|odgovor|odpoveď|odpověď|fwd?|prepos|aw|antw|wg|pd|sv)\.?\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*:\s*",
    )
    .expect("a valid pattern")
});

/// A subject token of any desk.
static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([0-9A-Za-z]{1,12})-\d{1,18}(?:-[0-9A-Za-z]{1,16})?\]").expect("a valid pattern"));

/// Without a chain of `Re:` and without the tokens of the desk whose prefix this is, as one clean line. What else stands in
/// brackets is the customer's: `[ISO-9001]` is no token of ours.
pub fn bare(subject: &str, prefix: &str) -> String {
    stripped(subject, |of| of.eq_ignore_ascii_case(prefix))
}

/// For telling whether two subjects are the same: folded, and without the tokens of any desk.
pub fn compared(subject: &str) -> String {
    fold(&stripped(subject, |_| true))
}

fn stripped(subject: &str, is_token: impl Fn(&str) -> bool) -> String {
    let line = clean_line(subject, SUBJECT_MAX);
    let without = TOKEN.replace_all(
        &line,
        |found: &regex::Captures<'_>| {
            if is_token(&found[1]) { String::new() } else { found[0].to_owned() }
        },
    );
    let mut rest: &str = &without;
    while let Some(found) = PREFIX.find(rest) {
        rest = &rest[found.end()..];
    }
    clean_line(rest, SUBJECT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_and_own_tokens_are_taken_off() {
        for (subject, rest) in [
            ("Re: Odp.: FW: [ACME-1042-k7q2m9xf] Faktúra", "Faktúra"),
            ("Odpoveď: Odgovor: Faktúra", "Faktúra"),
            ("RE[2]: AW: WG: Faktúra [acme-1042]", "Faktúra"),
            ("AW: AW[2]: Rechnung: Nummer 5", "Rechnung: Nummer 5"),
            ("Fwd: Re: Re : SV: x", "x"),
            ("[ACME-1042-k7q2m9xf] Re: x [ACME-1042-k7q2m9xf]", "x"),
            ("FWD: [ACME-7] x [note]", "x [note]"),
            ("Reštart: server", "Reštart: server"),
            ("[SPAM] Re: x", "[SPAM] Re: x"),
            ("Re:", ""),
            ("", ""),
            ("re\r\nBcc: x", "re Bcc: x"),
        ] {
            assert_eq!(bare(subject, "ACME"), rest, "{subject:?}");
        }
    }

    #[test]
    fn a_customers_own_reference_stays() {
        for subject in ["VS: 20261180", "[ISO-9001] Audit", "Objednávka [OBJ-77]", "[JIRA-7] Re: x"] {
            assert_eq!(bare(&format!("Re: {subject}"), "ACME"), subject);
        }
    }

    #[test]
    fn what_desks_and_programs_add_makes_no_other_subject() {
        assert_eq!(compared("RE: Faktúra [JIRA-7]"), compared("[ACME-1042-k7q2m9xf] faktura"));
        assert_ne!(compared("VS: 1"), compared("VS: 2"));
    }
}

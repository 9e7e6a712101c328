//! What `outbox` and `quarantine` have in common: naming a mail, and showing one.

use super::exit::{self, CliResult};
use super::output::{Out, Tone, escape, escape_text};

/// One mail, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    One(i64),
    All,
}

impl Which {
    pub fn id(self) -> Option<i64> {
        match self {
            Which::One(id) => Some(id),
            Which::All => None,
        }
    }
}

/// Reads an id or `all` from the command line.
pub fn which(text: &str) -> Result<Which, String> {
    match text {
        "all" => Ok(Which::All),
        id => id.parse().map(Which::One).map_err(|_| "it is a number, or \"all\"".to_owned()),
    }
}

/// Some ten of many ids.
pub fn some_of(ids: impl Iterator<Item = i64>) -> String {
    let mut shown: Vec<String> = ids.take(11).map(|id| id.to_string()).collect();
    if shown.len() > 10 {
        shown.truncate(10);
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

/// As much of a mail is shown, in bytes; larger ones hold attachments that nobody reads in base64.
const SHOWN_MAX: usize = 200_000;

/// Shows facts about a mail, and below them the mail as it is, escaped.
pub fn show(out: &mut Out, title: &str, facts: &[(&str, String)], bytes: &[u8]) {
    let look = out.look().clone();
    out.line(&look.tone(Tone::Strong, title));
    for (label, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        out.line(&format!("  {} {}", look.tone(Tone::Faint, &format!("{label:<11}")), escape(value)));
    }
    out.line("");
    let shown = bytes.get(..SHOWN_MAX).unwrap_or(bytes);
    for line in escape_text(&String::from_utf8_lossy(shown)).lines() {
        out.line(format!("    {line}").trim_end());
    }
    if shown.len() < bytes.len() {
        out.line(&look.tone(Tone::Faint, &format!("    [{} more bytes: --raw gives all]", bytes.len() - shown.len())));
    }
}

/// The mail's own bytes, for a file or a program.
pub fn raw(mut out: Out, bytes: &[u8]) -> CliResult {
    if out.look().terminal {
        let text = "Mails are not written raw to a terminal: redirect the output, or leave --raw out";
        return Err(exit::fail(exit::USAGE, text));
    }
    out.raw(bytes);
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_named_by_its_number_or_all() {
        assert_eq!(which("all"), Ok(Which::All));
        assert_eq!(which("7"), Ok(Which::One(7)));
        assert!(which("seven").is_err());
        assert_eq!(some_of(1..=3), "1, 2, 3");
        assert_eq!(some_of(1..=30), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …");
    }
}

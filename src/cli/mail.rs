//! What `outbox` and `quarantine` have in common: naming a mail, and showing one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;

use super::exit::{self, CliResult};
use super::open;
use super::output::{Out, Tone, escape, escape_text, size};
use crate::model::{Address, Digest, Incoming, Message, SourceKey};
use crate::parse;

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

/// How a mail is shown.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct How {
    /// The mail as it is, header and encodings, made safe for a terminal
    #[arg(long, conflicts_with = "raw")]
    source: bool,
    /// The mail's bytes as they are, for a file or a program
    #[arg(long)]
    raw: bool,
}

/// As much of a mail is shown, in bytes; larger ones hold attachments that nobody reads in base64.
const SHOWN_MAX: usize = 200_000;

/// Shows facts about a mail, and below them what is read in it, or the mail itself.
pub fn show(mut out: Out, how: How, title: &str, facts: &[(&str, String)], bytes: &[u8]) -> CliResult {
    if how.raw {
        return raw(out, bytes);
    }
    out.line(&out.look().tone(Tone::Strong, title));
    labelled(&mut out, facts);
    out.line("");
    match reading(bytes).filter(|_| !how.source) {
        Some(message) => read(&mut out, &message),
        None => {
            let shown = bytes.get(..SHOWN_MAX).unwrap_or(bytes);
            text(&mut out, &String::from_utf8_lossy(shown), bytes.len() - shown.len());
        }
    }
    out.finish()
}

/// What is read in a mail; None where the reader broke, which is why some mails are in quarantine.
fn reading(bytes: &[u8]) -> Option<Message> {
    let digest = Digest::of(bytes);
    let incoming = Incoming {
        mailbox: String::new(),
        key: SourceKey::handed_over(&digest),
        raw: bytes.into(),
        received_at: Timestamp::now(),
        truncated_from: None,
    };
    catch_unwind(AssertUnwindSafe(|| parse::parse(&incoming))).ok()
}

fn read(out: &mut Out, m: &Message) {
    let people = |list: &[Address]| open::list(list);
    labelled(
        out,
        &[
            ("from", people(&m.from)),
            ("reply to", people(&m.reply_to)),
            ("to", people(&m.to)),
            ("cc", people(&m.cc)),
            ("subject", m.subject.clone().unwrap_or_default()),
            ("sent", m.sent_at.as_ref().map(|at| out.look().time(at.timestamp())).unwrap_or_default()),
            ("odd", open::list(&m.flags)),
        ],
    );
    out.line("");
    let shown = m.text.get(..m.text.floor_char_boundary(SHOWN_MAX)).unwrap_or(&m.text);
    text(out, shown, m.text.len() - shown.len());
    for a in &m.attachments {
        let name = a.name.as_deref().unwrap_or("(no name)");
        out.line(&escape(&format!("    attached: {name} ({}, {})", a.media_type, size(a.size as u64))));
    }
}

/// A line for each fact that says something.
fn labelled(out: &mut Out, facts: &[(&str, String)]) {
    for (label, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        out.line(&format!("  {} {}", out.look().tone(Tone::Faint, &format!("{label:<11}")), escape(value)));
    }
}

/// Text set in, so that it cannot pass for anything of ours, and how much of it is missing.
fn text(out: &mut Out, text: &str, missing: usize) {
    for line in escape_text(text).trim_end().lines() {
        out.line(format!("    {line}").trim_end());
    }
    if missing > 0 {
        out.line(&out.look().tone(Tone::Faint, &format!("    [{missing} more bytes: --raw gives all]")));
    }
}

/// The mail's own bytes, for a file or a program.
fn raw(mut out: Out, bytes: &[u8]) -> CliResult {
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
    use crate::cli::test_desk::{printed, terminal};

    const MAIL: &[u8] = b"From: Jan <jan@firma.example>\r\nSubject: =?utf-8?q?=C4=8Das=1B[2J?=\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDobr=C3=BD\r\n";

    fn shown(how: How) -> String {
        printed(terminal(), |out| {
            let own = std::mem::replace(out, Out::new(Box::new(std::io::sink()), terminal()));
            let _ = show(own, how, "mail 1", &[("state", "waiting".into()), ("ticket", String::new())], MAIL);
        })
    }

    #[test]
    fn a_mail_is_shown_as_it_reads_and_on_request_as_it_is() {
        let text = shown(How { source: false, raw: false });
        assert!(text.starts_with("mail 1\n  state       waiting\n\n  from        Jan <jan@firma.example>\n"), "{text}");
        assert!(text.ends_with("\n\n    Dobrý\n"), "{text}");
        assert!(!text.contains('\x1b') && !text.contains("ticket"), "{text}");
        let text = shown(How { source: true, raw: false });
        assert!(text.ends_with("    Content-Transfer-Encoding: quoted-printable\n\n    Dobr=C3=BD\n"), "{text}");
        assert_eq!(shown(How { source: false, raw: true }), "", "a terminal gets no raw mail");
    }

    #[test]
    fn a_mail_is_named_by_its_number_or_all() {
        assert_eq!(which("all"), Ok(Which::All));
        assert_eq!(which("7"), Ok(Which::One(7)));
        assert!(which("seven").is_err());
        assert_eq!(some_of(1..=3), "1, 2, 3");
        assert_eq!(some_of(1..=30), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …");
    }
}

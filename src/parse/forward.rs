//! The mail that a person forwarded: from the header block or attribution that the client put above it, or from the
//! attached message.

use crate::model::Address;
use crate::model::message::Forward;

use super::charset::Hint;
use super::lines::{Line, join};
use super::quotation::block::{Block, Divider};
use super::quotation::words::Label;
use super::quotation::{Folded, Head, Prefix, attribution};
use super::{address, body, entity, headers};

/// What of the mail around it decides whether a history was forwarded.
pub struct Around<'a> {
    pub subject: &'a str,
    pub prefix: Prefix,
    /// It has In-Reply-To or References.
    pub answers: bool,
}

/// Reads a forward out of prepared lines that were folded.
pub fn inline(lines: &[Line], folded: &Folded, around: &Around<'_>) -> Option<Forward> {
    // What stands inside the quotation of an answer was forwarded to somebody else, long ago.
    let start = match folded.head.as_ref()? {
        Head::Block(block) => block.start,
        Head::Divider(at) | Head::Attribution(at, _) => *at,
    };
    let quoted = lines.get(start).is_some_and(|l| l.depth > 0);
    if around.prefix == Prefix::Reply && around.answers && quoted {
        return None;
    }
    match folded.head.as_ref()? {
        Head::Block(block) => {
            let said = block.divider == Divider::Forward;
            let neutral = around.prefix == Prefix::None && !around.answers;
            if !said && around.prefix != Prefix::Forward && !neutral {
                return None;
            }
            Some(of_block(lines, block))
        }
        Head::Divider(at) => Some(of_divider(lines, *at)),
        Head::Attribution(at, length) if around.prefix == Prefix::Forward => {
            let text: Vec<&str> = lines.iter().skip(*at).take(*length).map(|l| l.text.as_str()).collect();
            let rest = lines.get(at + length..).unwrap_or_default();
            Some(Forward {
                from: attribution::author(&text.join(" ")),
                subject: Some(without_prefix(around.subject).to_owned()),
                text: inner(rest),
                ..Forward::default()
            })
        }
        Head::Attribution(..) => None,
    }
}

fn of_block(lines: &[Line], block: &Block) -> Forward {
    let value = |label: Label| block.value(label);
    Forward {
        from: value(Label::From).and_then(|v| people(v).into_iter().next()),
        to: value(Label::To).map(people).unwrap_or_default(),
        cc: value(Label::Cc).map(people).unwrap_or_default(),
        subject: value(Label::Subject).map(str::to_owned),
        sent_at: value(Label::Date).map(str::to_owned),
        text: inner(lines.get(block.end..).unwrap_or_default()),
    }
}

/// "Begin forwarded message:" without fields; a block may stand deeper, behind quote signs.
fn of_divider(lines: &[Line], at: usize) -> Forward {
    let below = (at + 1..(at + 4).min(lines.len())).find_map(|i| super::quotation::block::at(lines, i));
    match below {
        Some(block) => of_block(lines, &block),
        None => Forward { text: inner(lines.get(at + 1..).unwrap_or_default()), ..Forward::default() },
    }
}

/// The forwarded text, without the quote signs that the forwarding program put before all of it. What stands below a
/// quoted forward at the surface is the forwarder's.
fn inner(lines: &[Line]) -> String {
    let first = lines.iter().find(|l| !l.is_blank());
    let depth = first.map_or(0, |l| l.depth);
    let mut out = Vec::new();
    for line in lines {
        if line.depth < depth && !line.is_blank() {
            break;
        }
        out.push(Line { depth: line.depth.saturating_sub(depth), ..line.clone() });
    }
    join(&out)
}

/// Addresses as clients show them: `A [mailto:a@x]`, `a@x <mailto:a@x>`, `A <a@x<mailto:a@x>>`, separated by `;`.
fn people(value: &str) -> Vec<Address> {
    let mut text = value.replace("[mailto:", "<").replace("<mailto:", " <").replace('*', "");
    if text.contains("<") {
        text = text.replace(']', ">");
    } else if let (Some(open), Some(close)) = (text.rfind('['), text.rfind(']'))
        && text.get(open..close).is_some_and(|t| t.contains('@'))
    {
        text = text.replace('[', "<").replace(']', ">");
    }
    let mut found = address::list(&text, Hint::default(), &mut Vec::new());
    for person in &mut found {
        person.email = person.email.trim_matches(['<', '>', '[', ']', '(', ')', '"', '\'']).to_owned();
        // A name that repeats the address says nothing.
        if person
            .name
            .as_deref()
            .is_some_and(|n| n.trim_matches(['\'', '"', '<', '>', ' ']).eq_ignore_ascii_case(&person.email))
        {
            person.name = None;
        }
    }
    found
}

fn without_prefix(subject: &str) -> &str {
    match subject.split_once([':', '：']) {
        Some((_, rest)) if super::quotation::prefix(subject) == Prefix::Forward => rest.trim(),
        _ => subject.trim(),
    }
}

/// Reads an attached message (message/rfc822).
pub fn attached(bytes: &[u8], hint: Hint) -> Option<Forward> {
    let (root, _) = entity::read(bytes, hint);
    let hint = headers::hint(bytes, &root.block);
    let read = headers::read(&root.block, hint);
    if read.from.is_empty() && read.subject.is_none() {
        return None;
    }
    let sent_at = headers::value(&root.block, "Date", hint);
    let text = join(&body::read(&root, hint, None).lines);
    Some(Forward { from: read.from.into_iter().next(), to: read.to, cc: read.cc, subject: read.subject, sent_at, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::plain;
    use crate::parse::quotation::{fold_lines, prefix, prepare};

    fn read(subject: &str, text: &str) -> Option<Forward> {
        let lines = prepare(&plain(text));
        let folded = fold_lines(&lines, text);
        inline(&lines, &folded, &Around { subject, prefix: prefix(subject), answers: false })
    }

    #[test]
    fn forwards_of_clients() {
        for (subject, text) in [
            (
                "Fwd: S",
                "FYI\n\n---------- Forwarded message ---------\nOd: Jan Novák <jan@firma.example>\nDate: st 12. 8. 2026\nSubject: S\nTo: <x@x.example>\n\nText",
            ),
            (
                "FW: S",
                "-----Pôvodná správa-----\nOd: Jan Novák [mailto:jan@firma.example]\nOdoslané: utorok\nKomu: X\nPredmet: S\n\nText",
            ),
            (
                "Fwd: S",
                "Začiatok preposlanej správy:\n\n> Od: Jan Novák <jan@firma.example>\n> Predmet: S\n> Dátum: 4. augusta\n> Pre: x@x.example\n>\n> Text\n",
            ),
            (
                "x",
                "----- Přeposlaná zpráva ----- Od: Jan Novák <jan@firma.example>Komu: \"x@x.example\" <x@x.example>Odesláno: úterý 4. 8. 2026 SELČPředmět: S\nText",
            ),
            ("FW: S", "Dne 4.8.2026 12:46, Jan Novák <jan@firma.example> napsal(a):\n\n    Text"),
        ] {
            let forward = read(subject, text).unwrap_or_else(|| panic!("none in {text}"));
            let from = forward.from.expect("a sender");
            assert_eq!((from.name.as_deref(), from.email.as_str()), (Some("Jan Novák"), "jan@firma.example"), "{text}");
            assert_eq!((forward.subject.as_deref(), forward.text.trim()), (Some("S"), "Text"), "{text}");
        }
    }

    #[test]
    fn a_forward_inside_the_quotation_of_an_answer_is_none() {
        let text = "Hi\n\nBlurp 2026 x@x.example blarp!\n> ---------- Forwarded message ---------\n> From: A <a@x.example>\n> Subject: S\n>\n> old";
        let lines = prepare(&plain(text));
        let folded = fold_lines(&lines, text);
        assert!(inline(&lines, &folded, &Around { subject: "Re: S", prefix: Prefix::Reply, answers: true }).is_none());
    }

    #[test]
    fn an_answer_is_no_forward() {
        assert!(read("Re: S", "Hi\n\nFrom: A <a@x.example>\nSent: Monday\nTo: B\nSubject: S\n\nold").is_none());
        assert!(read("S", "Hi\n\nOn Mon, 1 Jan 2026 at 10:00, A <a@x.example> wrote:\n> x").is_none());
    }
}

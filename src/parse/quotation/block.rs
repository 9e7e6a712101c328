//! Header blocks inside a text: "From: … Sent: … To: … Subject: …", as Outlook puts above an answered or forwarded mail,
//! and the divider lines above them.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::text::fold;
use crate::parse::lines::Line;

use super::words::{FORWARD_PHRASES, LABELS, Label, ORIGINAL_PHRASES, entries};

/// A header block found in a text.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// First line: the divider, where there is one.
    pub start: usize,
    /// The first line below the block.
    pub end: usize,
    pub fields: Vec<(Label, String)>,
    pub divider: Divider,
}

impl Block {
    pub fn value(&self, label: Label) -> Option<&str> {
        self.fields.iter().find(|(l, _)| *l == label).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    fn has(&self, label: Label) -> bool {
        self.fields.iter().any(|(l, _)| *l == label)
    }
}

/// What a divider line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Divider {
    #[default]
    None,
    Forward,
    Original,
    /// A line of dashes, or words between dashes that are in no table.
    Unnamed,
}

static BY_LABEL: LazyLock<HashMap<String, Label>> = LazyLock::new(|| {
    let words = |(label, table): &(Label, &'static [&'static str])| {
        let label = *label;
        entries(table).map(move |word| (fold(word), label)).collect::<Vec<_>>()
    };
    LABELS.iter().flat_map(words).collect()
});
static FORWARDS: LazyLock<Vec<String>> = LazyLock::new(|| entries(FORWARD_PHRASES).map(fold).collect());
static ORIGINALS: LazyLock<Vec<String>> = LazyLock::new(|| entries(ORIGINAL_PHRASES).map(fold).collect());

/// The label that a text is, colon included or not; stars of bold text do not count.
pub fn label(text: &str) -> Option<Label> {
    let text = text.trim().trim_matches(['*', '_', ' ', '\u{a0}', ':', '：']);
    // "Kopie (CC)"
    let text = text.split_once(" (").map_or(text, |(word, _)| word);
    if text.is_empty() || text.chars().count() > 24 {
        return None;
    }
    BY_LABEL.get(fold(text).as_str()).copied()
}

/// A line's label and value.
pub fn field(line: &str) -> Option<(Label, &str)> {
    let trimmed = line.trim_start_matches([' ', '\t', '\u{a0}', '*', '_', '|', '\u{feff}']);
    let (at, colon) = trimmed.char_indices().take(28).find(|(_, c)| matches!(c, ':' | '：'))?;
    let label = label(trimmed.get(..at)?)?;
    let value = trimmed.get(at + colon.len_utf8()..)?;
    Some((label, value.trim_matches(['*', ' ', '\t', '\u{a0}']).trim_start_matches("*")))
}

/// A label and a value without a colon between them, as eM Client writes below its divider: `From "Jan" <jan@x.example>`.
fn bare_field(line: &str) -> Option<(Label, &str)> {
    let line = line.trim();
    let ends = line.match_indices([' ', '\t']).map(|(at, _)| at).take(3);
    let mut found = ends.filter_map(|at| Some((label(line.get(..at)?)?, line.get(at..)?.trim_start())));
    let first = found.next();
    found.last().or(first)
}

/// What a line says as a divider.
pub fn divider(text: &str) -> Divider {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.is_empty() || text.chars().count() > 100 {
        return Divider::None;
    }
    let inner = text.trim_matches(|c: char| {
        matches!(c, '-' | '_' | '=' | '*' | '–' | '—' | '‐' | ' ' | '\u{a0}' | '>' | '<' | '#' | '~')
    });
    let dashes = text.len() - inner.len();
    if inner.is_empty() {
        let drawn = text.chars().filter(|c| matches!(c, '-' | '_' | '=' | '*' | '–' | '—' | '‐')).count();
        return if drawn >= 5 { Divider::Unnamed } else { Divider::None };
    }
    let framed = dashes >= 4
        && text.starts_with(['-', '_', '=', '*', '–', '—', '‐'])
        && text.ends_with(['-', '_', '=', '*', '–', '—', '‐', ' ']);
    let colon = inner.ends_with([':', '：']);
    if !framed && !colon && dashes < 3 {
        return Divider::None;
    }
    let folded = fold(inner.trim_end_matches([':', '：', ' ', '\u{a0}']));
    if FORWARDS.iter().any(|p| folded == *p || framed && folded.starts_with(p.as_str())) {
        return Divider::Forward;
    }
    if ORIGINALS.iter().any(|p| folded == *p || framed && folded.starts_with(p.as_str())) {
        return if framed || folded.len() == inner.len() { Divider::Original } else { Divider::None };
    }
    if framed && inner.chars().count() <= 40 && dashes >= 8 { Divider::Unnamed } else { Divider::None }
}

/// The header block whose divider or first field stands at `at`.
pub fn at(lines: &[Line], at: usize) -> Option<Block> {
    let first = lines.get(at)?;
    let divider = divider(&first.text);
    let mut next = at;
    if divider != Divider::None {
        next += 1;
        let mut blanks = 0;
        while lines.get(next).is_some_and(Line::is_blank) && blanks < 3 {
            next += 1;
            blanks += 1;
        }
        // A second rule below the first, as some gateways draw it.
        if lines.get(next).is_some_and(|l| self::divider(&l.text) == Divider::Unnamed) {
            next += 1;
        }
    }
    let named = matches!(divider, Divider::Forward | Divider::Original);
    let mut block = fields(lines, next, field).or_else(|| named.then(|| fields(lines, next, bare_field)).flatten())?;
    block.start = at;
    block.divider = divider;
    acceptable(&block).then_some(block)
}

/// Whether labels that also are ordinary words ("Od: … Do: …") make a header block here.
fn acceptable(block: &Block) -> bool {
    let labels = [Label::From, Label::Date, Label::To, Label::Subject];
    let kinds = labels.iter().filter(|l| block.has(**l)).count();
    // "Od: 1. 12." begins a leave, "Od: +421 905 …" a text message: who writes mail has a name or an address.
    if block.value(Label::From).is_some_and(|v| !v.chars().any(char::is_alphabetic)) {
        return false;
    }
    let address = block.value(Label::From).is_some_and(|v| v.contains('@'));
    let addressed = block.fields.iter().any(|(_, v)| v.contains('@'));
    let ruled = block.divider != Divider::None;
    let named = matches!(block.divider, Divider::Forward | Divider::Original);
    match block.divider {
        // "From: Bratislava, To: Vienna, Date: …" is somebody's list: a mail has a subject or an address, and where a
        // program shows neither, it puts the date below the sender.
        _ if kinds >= 3 && block.has(Label::From) => {
            let dated = matches!(block.fields.as_slice(), [(Label::From, _), (Label::Date, _), ..]);
            block.has(Label::Subject) || addressed || ruled || dated
        }
        _ if kinds >= 2 && block.has(Label::From) => {
            named || address || block.has(Label::Subject) && block.has(Label::Date)
        }
        _ if kinds >= 3 => ruled || addressed && block.has(Label::Subject),
        Divider::Forward | Divider::Original => kinds >= 1 && block.has(Label::From),
        _ => false,
    }
}

/// Fields from `at` on. Values may be wrapped; blank lines may stand between fields, as some conversions put them.
fn fields(lines: &[Line], at: usize, field: impl Fn(&str) -> Option<(Label, &str)>) -> Option<Block> {
    let depth = lines.get(at)?.depth;
    let mut block = Block { start: at, end: at, ..Block::default() };
    let mut i = at;
    let mut wrapped = 0;
    while let Some(line) = lines.get(i).filter(|l| l.depth == depth) {
        if let Some((label, value)) = field(&line.text).filter(|(l, _)| fits(&block, *l)) {
            block.fields.push((label, value.to_owned()));
            wrapped = 0;
            i += 1;
            block.end = i;
            continue;
        }
        block.fields.last()?;
        if line.is_blank() {
            // Another field after one or two blank lines, but not after the subject: then the text has begun.
            let ahead = (i + 1..=i + 2).find(|n| lines.get(*n).is_some_and(|l| l.depth == depth && !l.is_blank()));
            let more = ahead.and_then(|n| field(&lines.get(n)?.text)).filter(|(l, _)| fits(&block, *l));
            let open = !(block.has(Label::Subject) && block.has(Label::From));
            match (ahead, more) {
                (Some(n), Some(_)) if open => i = n,
                _ => break,
            }
            continue;
        }
        // A value that goes on in the next line: at most three, and only where more of the block can follow.
        let follows = (i + 1..i + 4).take_while(|n| lines.get(*n).is_some_and(|l| !l.is_blank()));
        let more = follows.into_iter().any(|n| lines.get(n).is_some_and(|l| field(&l.text).is_some()));
        let last = block.fields.last().map(|(l, _)| *l);
        let tail = last == Some(Label::Subject)
            && lines.get(i + 1).is_none_or(Line::is_blank)
            && line.text.len() < 80
            && block.fields.len() >= 3
            && block.value(Label::Subject).is_some_and(|s| s.len() >= 60);
        if wrapped >= 3 || !(more || tail) {
            break;
        }
        if let Some((_, value)) = block.fields.last_mut() {
            if !value.is_empty() {
                value.push(' ');
            }
            value.push_str(line.text.trim().trim_matches('*'));
        }
        wrapped += 1;
        i += 1;
        block.end = i;
    }
    (!block.fields.is_empty()).then_some(block)
}

/// A label may come once; "Other" ones several times.
fn fits(block: &Block, label: Label) -> bool {
    label == Label::Other && !block.fields.is_empty() || label != Label::Other && !block.has(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::plain;

    fn block(text: &str) -> Option<Block> {
        at(&plain(text), 0)
    }

    #[test]
    fn blocks_of_clients_and_languages() {
        for text in [
            "-----Original Message-----\nFrom: A <a@x.example>\nSent: Monday\nTo: B\nSubject: S",
            "-----Pôvodná správa-----\nOd: A [mailto:a@x.example]\nOdoslané: utorok\nKomu: B\nPredmet: S",
            "Od: A <a@x.example>\nDatum: středa 5. srpna 2026\nKomu: B\nPředmět: S",
            "*From:* A [mailto:\na@x.example]\n*Sent:* Monday\n*To:* B\n*Subject:* S",
            "________________________________\nOd: A <a@x.example>\nPoslano: torek\nZa: B\nZadeva: S",
            "Šalje: A <a@x.example>\nPoslano: utorak\nPrima: B\nPredmet: S",
            "De : A <a@x.example>\nEnvoyé : mardi\nÀ : B\nObjet : S",
            "От: A <a@x.example>\nКому: B\nОтправлено: вторник\nТема: S",
            "Feladó: A <a@x.example>\nKüldve: kedd\nCímzett: B\nTárgy: S",
            "-------- Preposlaná správa --- Forwarded Message --------\nPredmet: \tS\nDátum: \tWed\nOd: \tA <a@x.example>\nPre: \tB",
            "------ Pôvodná správa ------\nOd \"A\" <a@x.example>\nKomu B\nDátum 4. 8. 2026\nPredmet S",
            "-------- Messaggio Inoltrato --------\nOggetto: \tS\nData: \tWed\nMittente: \tA <a@x.example>\nA: \tB",
        ] {
            let found = block(text).unwrap_or_else(|| panic!("none in {text}"));
            assert!(found.value(Label::From).is_some_and(|v| v.contains("a@x.example")), "{text}: {found:?}");
            assert_eq!(found.value(Label::Subject), Some("S"), "{text}");
            assert_eq!(found.end, plain(text).len(), "{text}");
        }
    }

    #[test]
    fn lists_of_a_person_are_no_blocks() {
        assert!(block("Od: 1. augusta\nDo: 5. augusta").is_none());
        assert!(block("Phone: 1\nFax: 2").is_none());
        assert!(block("-----\nText").is_none());
        assert!(block("To: do\nDate: tomorrow").is_none());
    }
}

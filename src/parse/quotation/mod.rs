//! What the sender wrote this time, apart from the history and the signature.

pub mod armour;
pub mod attribution;
pub mod block;
mod glued;
mod signature;
pub mod words;

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::model::message::Reply;
use crate::model::outgoing::MARKER;
use crate::model::text::fold;

use super::lines::{Line, join};
use block::{Block, Divider};
pub use glued::prepare;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Quote,
    Signature,
}

/// Where the history begins, for whoever asks whether it was forwarded.
#[derive(Clone, Debug)]
pub enum Head {
    Block(Block),
    /// A divider that says "forwarded", with no block below it.
    Divider(usize),
    /// First line and number of lines.
    Attribution(usize, usize),
}

/// The lines of a text, sorted.
#[derive(Debug)]
pub struct Folded {
    pub reply: Reply,
    /// The first thing that heads a history.
    pub head: Option<Head>,
    /// Nothing but history and signature: the sender wrote nothing himself.
    pub nothing_written: bool,
}

/// Whether a subject says that its mail was forwarded, answered, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    Forward,
    Reply,
    None,
}

/// Prefixes, folded, each with and without its full stop.
fn prefixes(table: &'static [&'static str]) -> HashSet<String> {
    words::entries(table).map(fold).flat_map(|p| [p.trim_end_matches('.').to_owned(), p]).collect()
}

static FORWARDS: LazyLock<HashSet<String>> = LazyLock::new(|| prefixes(words::FORWARD_PREFIXES));
static ANSWERS: LazyLock<HashSet<String>> = LazyLock::new(|| prefixes(words::REPLY_PREFIXES));

/// Reads the first prefix of a subject; a ticket's token or a list's name in brackets before it does not count.
pub fn prefix(subject: &str) -> Prefix {
    let mut rest = subject.trim();
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        rest = after.trim_start();
    }
    let Some((word, _)) = rest.split_once([':', '：']) else {
        return if fold(rest).starts_with("fwd ") { Prefix::Forward } else { Prefix::None };
    };
    let word = fold(word.trim());
    let bare: String =
        word.chars().filter(|c| !matches!(c, '[' | ']' | '(' | ')' | '^' | '*' | '.') && !c.is_ascii_digit()).collect();
    let is = |set: &HashSet<String>| set.contains(&word) || set.contains(bare.trim());
    if is(&FORWARDS) {
        Prefix::Forward
    } else if is(&ANSWERS) {
        Prefix::Reply
    } else {
        Prefix::None
    }
}

/// Sorts prepared lines. `all` is the whole text as it was, for the case that nothing may be folded.
pub fn fold_lines(lines: &[Line], all: &str) -> Folded {
    let mut kinds: Vec<Kind> = lines.iter().map(|l| if l.depth > 0 { Kind::Quote } else { Kind::Text }).collect();
    for (kind, _) in kinds.iter_mut().zip(armour::lines(lines)).filter(|(_, armour)| *armour) {
        *kind = Kind::Signature;
    }
    history(lines, &mut kinds);
    let mut head = heads(lines, &mut kinds);
    fragments(lines, &mut kinds);
    let another = own_words(lines, &mut kinds, head.as_ref());
    let marker = marker(lines, &mut kinds);
    signatures(lines, &mut kinds);
    let pick = |kind: Kind| {
        let mut out: Vec<&Line> = Vec::new();
        let mut gaps: Vec<usize> = Vec::new();
        let mut cut = false;
        for (line, k) in lines.iter().zip(&kinds) {
            if *k != kind {
                cut = true;
                continue;
            }
            let open = out.last().is_some_and(|l| !l.is_blank());
            // Where a quotation was taken out, one blank line keeps the answers apart.
            if cut && kind == Kind::Text && open {
                out.push(&BLANK);
            }
            if !(cut && line.is_blank()) {
                gaps.extend(cut.then_some(out.len()));
                out.push(line);
                cut = false;
            }
        }
        let above = out.iter().take_while(|l| l.is_blank()).count();
        let gaps = gaps.into_iter().filter_map(|at| at.checked_sub(above)).filter(|at| *at > 0).collect();
        (join(out), gaps)
    };
    let ((text, gaps), (quoted, _), (signature, _)) = (pick(Kind::Text), pick(Kind::Quote), pick(Kind::Signature));
    let nothing_written = text.trim().is_empty();
    if head.is_none() {
        head = quoted_head(lines);
    }
    let reply = if !nothing_written {
        Reply { text, quoted, signature, marker, gaps, another }
    } else if !signature.trim().is_empty() {
        Reply { text: signature, quoted, marker, ..Reply::default() }
    } else {
        Reply { text: all.to_owned(), marker, ..Reply::default() }
    };
    Folded { reply, head, nothing_written }
}

static BLANK: Line =
    Line { text: String::new(), depth: 0, history: false, signature: false, rule: false, coloured: false };

/// What the client's HTML marks as history is quoted, but for answers that were written between its blockquotes.
fn history(lines: &[Line], kinds: &mut [Kind]) {
    let mut at = 0;
    while at < lines.len() {
        let run = lines.iter().skip(at).take_while(|l| l.history).count();
        if run == 0 {
            at += 1;
            continue;
        }
        let region = lines.get(at..at + run).unwrap_or_default();
        let first = region.iter().position(|l| !l.is_blank()).unwrap_or(0);
        let headed = block::at(region, first).is_some()
            || region.get(first).is_some_and(|l| block::divider(&l.text) == Divider::Forward);
        let quote = if headed { None } else { region.iter().position(|l| l.depth > 0) };
        for (i, line) in region.iter().enumerate() {
            let answer = line.depth == 0 && quote.is_some_and(|q| i > q) && attribution::length_at(region, i) == 0;
            if let Some(kind) = kinds.get_mut(at + i).filter(|_| !answer) {
                *kind = Kind::Quote;
            }
        }
        at += run;
    }
}

/// Finds what heads the history at the surface of the text, and quotes what it heads. Gives the first.
fn heads(lines: &[Line], kinds: &mut [Kind]) -> Option<Head> {
    let mut first: Option<Head> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.depth > 0 || line.is_blank() || kinds.get(at) == Some(&Kind::Signature) {
            at += 1;
            continue;
        }
        let divider = block::divider(&line.text);
        if let Some(block) = block::at(lines, at) {
            quote_rest(lines, kinds, at);
            return first.or(Some(Head::Block(block)));
        }
        // "---- Original Message ----" above an attribution or a quotation heads no more than these.
        if divider == Divider::Original && heads_no_more(lines, at) {
            quote(kinds, at, 1);
            at += 1;
            continue;
        }
        if matches!(divider, Divider::Forward | Divider::Original) {
            quote_rest(lines, kinds, at);
            return first.or((divider == Divider::Forward).then_some(Head::Divider(at)));
        }
        let length = attribution::length_at(lines, at);
        if length == 0 {
            at += 1;
            continue;
        }
        quote(kinds, at, length);
        first.get_or_insert(Head::Attribution(at, length));
        let next = (at + length..lines.len()).find(|i| lines.get(*i).is_some_and(|l| !l.is_blank()));
        let quoted = next
            .and_then(|i| Some((lines.get(i)?, kinds.get(i)?)))
            .is_none_or(|(l, k)| l.depth > 0 || *k == Kind::Quote);
        if !quoted {
            quote_rest(lines, kinds, at + length);
            return first;
        }
        at += length;
    }
    first
}

/// Whether what stands below a divider says itself where it ends.
fn heads_no_more(lines: &[Line], at: usize) -> bool {
    let below = (at + 1..lines.len()).find(|i| lines.get(*i).is_some_and(|l| !l.is_blank()));
    below.is_some_and(|i| lines.get(i).is_some_and(|l| l.depth > 0) || attribution::length_at(lines, i) > 0)
}

fn quote(kinds: &mut [Kind], from: usize, count: usize) {
    for kind in kinds.iter_mut().skip(from).take(count) {
        *kind = Kind::Quote;
    }
}

/// Quotes everything from a line on, but for answers that somebody wrote into it in a colour of their own.
fn quote_rest(lines: &[Line], kinds: &mut [Kind], from: usize) {
    let rest = lines.get(from..).unwrap_or_default();
    let coloured = rest.iter().filter(|l| l.coloured).count();
    let plain = rest.iter().filter(|l| !l.coloured && !l.is_blank()).count();
    for (line, kind) in rest.iter().zip(kinds.iter_mut().skip(from)) {
        let answer = line.coloured && coloured < plain && line.depth == 0;
        *kind = if answer { Kind::Text } else { Kind::Quote };
    }
}

/// A head inside a quotation: "> Begin forwarded message:", "> From: …".
fn quoted_head(lines: &[Line]) -> Option<Head> {
    let first = lines.iter().position(|l| l.depth > 0 && !l.is_blank())?;
    for at in first..(first + 4).min(lines.len()) {
        if lines.get(at).is_some_and(Line::is_blank) {
            continue;
        }
        if let Some(block) = block::at(lines, at) {
            return Some(Head::Block(block));
        }
        if lines.get(at).is_some_and(|l| block::divider(&l.text) == Divider::Forward) {
            return Some(Head::Divider(at));
        }
        let length = attribution::length_at(lines, at);
        if length > 0 {
            return Some(Head::Attribution(at, length));
        }
    }
    None
}

/// The end of a quoted line that was wrapped onto a line of its own, without the prefix, is quoted too.
fn fragments(lines: &[Line], kinds: &mut [Kind]) {
    for i in 1..lines.len().saturating_sub(1) {
        let (Some(before), Some(line), Some(after)) = (lines.get(i - 1), lines.get(i), lines.get(i + 1)) else {
            continue;
        };
        let sandwiched =
            before.depth > 0 && after.depth > 0 && line.depth == 0 && !before.is_blank() && !line.is_blank();
        if !sandwiched || kinds.get(i) != Some(&Kind::Text) {
            continue;
        }
        let open = before.text.matches('(').count() > before.text.matches(')').count();
        let ended = before.text.trim_end().ends_with(['.', '?', '!', ':', ';']);
        let small = line.text.chars().next().is_some_and(|c| c.is_lowercase() || !c.is_alphanumeric());
        if open || !ended && small && before.text.chars().count() >= 40 {
            quote(kinds, i, 1);
        }
    }
}

/// The desk's own marker line: all that it heads is quoted, and the attribution or header block above it. Words below
/// it that stand outside the quotation are the answer of somebody who writes at the bottom.
fn marker(lines: &[Line], kinds: &mut [Kind]) -> bool {
    let Some(at) = lines.iter().position(|l| l.text.contains(MARKER)) else { return false };
    let depth = lines.get(at).map_or(0, |l| l.depth);
    for (line, kind) in lines.iter().zip(kinds.iter_mut()).skip(at) {
        let answer = depth > 0 && line.depth < depth && !line.history || line.coloured;
        if !answer {
            *kind = Kind::Quote;
        }
    }
    // What stands right above it, back to the last text of the sender: blank lines, and whatever heads the history.
    let mut i = at;
    while let Some(above) = i.checked_sub(1) {
        let Some(line) = lines.get(above) else { break };
        if !(line.is_blank() || line.depth > 0 || kinds.get(above) == Some(&Kind::Quote) || line.history) {
            break;
        }
        quote(kinds, above, 1);
        i = above;
    }
    for back in 1..=4 {
        let Some(from) = i.checked_sub(back) else { break };
        let length = attribution::length_at(lines, from);
        if length >= back || attribution_by_colon(lines, from, i, depth) {
            quote(kinds, from, i - from);
            break;
        }
        if let Some(block) = block::at(lines, from).filter(|b| b.end >= i) {
            quote(kinds, from, block.end - from);
            break;
        }
    }
    true
}

/// Above what heads the marker nothing is the desk's mail, for that begins with the marker. Lines with `>` there which nothing
/// heads are the sender's own: a command to be typed, a sentence that he answers. Gives who is said to have written what
/// stands between, where it reads like another mail.
fn own_words(lines: &[Line], kinds: &mut [Kind], head: Option<&Head>) -> Option<String> {
    let marker = lines.iter().position(|l| l.text.contains(MARKER))?;
    let top = head_of(lines, marker);
    let mut own = true;
    for (line, kind) in lines.iter().zip(kinds.iter_mut()).take(top).filter(|(line, _)| !line.is_blank()) {
        match (line.depth, &kind) {
            (0, kind) => own = **kind == Kind::Text,
            _ if own && !line.history => *kind = Kind::Text,
            _ => {}
        }
    }
    let (end, who) = match head? {
        Head::Block(block) if block.start < top => (block.end, block.value(words::Label::From).unwrap_or_default()),
        Head::Divider(at) if *at < top => (at + 1, ""),
        Head::Attribution(at, length) if *at < top => (at + length, lines.get(*at)?.text.as_str()),
        _ => return None,
    };
    let between = lines.iter().zip(kinds.iter()).take(top).skip(end);
    let mut folded = between.filter(|(line, kind)| **kind == Kind::Quote && line.depth == 0 && !line.history);
    folded.any(|(line, _)| !line.is_blank()).then(|| who.to_owned())
}

/// Where the attribution or the header block begins that stands right above the marker, or the quotation that begins with it.
fn head_of(lines: &[Line], marker: usize) -> usize {
    let is_quote = |line: &Line| line.is_blank() || line.depth > 0 || line.history;
    let top = lines.get(..marker).unwrap_or_default().iter().rposition(|l| !is_quote(l)).map_or(0, |last| last + 1);
    let attribution =
        (1..=4).find(|back| top.checked_sub(*back).is_some_and(|at| attribution::length_at(lines, at) >= *back));
    let block = || {
        let fits =
            |back: &usize| top.checked_sub(*back).and_then(|at| block::at(lines, at)).is_some_and(|b| b.end >= top);
        (1..=16).rev().find(fits)
    };
    top - attribution.or_else(block).unwrap_or(0)
}

/// In an unknown language: the one line right above a quoted marker, ended by a colon and with an address or digits in
/// it, can only be the attribution.
fn attribution_by_colon(lines: &[Line], from: usize, end: usize, depth: u8) -> bool {
    depth > 0
        && end - from == 1
        && lines.get(from).is_some_and(|l| {
            l.text.trim_end().ends_with([':', '：'])
                && (l.text.contains('@') || l.text.bytes().filter(u8::is_ascii_digit).count() >= 4)
        })
}

/// Marks the signature below each stretch of text.
fn signatures(lines: &[Line], kinds: &mut [Kind]) {
    let mut from = 0;
    while from < lines.len() {
        let run = kinds.iter().skip(from).take_while(|k| **k == Kind::Text).count();
        if run == 0 {
            from += 1;
            continue;
        }
        let stretch: Vec<&Line> = lines.iter().skip(from).take(run).collect();
        // Where something stands above, a stretch may consist of the signature alone.
        let earlier = lines.iter().zip(kinds.iter()).take(from).any(|(l, k)| *k == Kind::Text && !l.is_blank());
        let first = stretch.iter().position(|l| !l.is_blank());
        let head = first.and_then(|f| stretch.get(f));
        let alone = stretch.iter().filter(|l| !l.is_blank()).count() == 1;
        let all = earlier
            && head.is_some_and(|l| {
                signature::is_separator(l)
                    || signature::is_footer_rule(&l.text) && run <= 16
                    || alone && signature::is_device_line(&l.text)
            });
        let start = if all { first } else { signature::start(&stretch) };
        if let Some(start) = start {
            for kind in kinds.iter_mut().skip(from + start).take(run - start) {
                *kind = Kind::Signature;
            }
        }
        from += run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::plain;

    fn reply(text: &str) -> Reply {
        let lines = plain(text);
        fold_lines(&prepare(&lines), &join(&lines)).reply
    }

    #[test]
    fn the_history_is_folded() {
        let r = reply("Ďakujem.\n\nDňa 4. 8. 2026 o 11:48 Jan napísal(a):\n> Otázka\n>\n> Jan\n");
        assert_eq!((r.text.as_str(), r.quoted.lines().count()), ("Ďakujem.", 4));
        assert_eq!(reply("Hi\n\n-----Original Message-----\nFrom: A <a@x.example>\nTo: B\n\nold").text, "Hi");
        assert_eq!(reply("reply On Wed, Apr 4, 2012 at 3:59 PM, bob@x.example wrote:\n> Hi").text, "reply");
    }

    #[test]
    fn answers_between_quotations_are_kept() {
        let r = reply("Dňa 4. 8. 2026 Jan napísal:\n> A?\n\nÁno.\n\n> B?\n\nNie.\n\n-- \nEva");
        assert_eq!(
            (r.text.as_str(), r.signature.as_str()),
            ("Áno.\n\nNie.", "-- \nEva".trim_end_matches(' ').replace("-- ", "--").as_str())
        );
    }

    #[test]
    fn it_is_known_where_something_was_taken_out() {
        let gaps = |text: &str| reply(text).gaps;
        assert_eq!(gaps("A.\n\nB."), Vec::<usize>::new());
        assert_eq!(gaps("> q\n\nA.\nB."), Vec::<usize>::new());
        assert_eq!(gaps("A.\n\n> q\n\nB.\nC.\n> q\nD.\n> q"), [2, 5]);
        assert_eq!(reply("A.\n\n> q\n\nB.\nC.\n> q\nD.\n> q").text, "A.\n\nB.\nC.\n\nD.");
        assert_eq!(gaps("\n\nA.\n> q\nB."), [2]);
    }

    #[test]
    fn folding_never_leaves_nothing() {
        for text in [
            "> only\n> quotes",
            "-- \nJan",
            "On Mon, 1 Jan 2026 at 10:00, A <a@x.example> wrote:\n> x",
            "Sent from my iPhone",
        ] {
            assert!(!reply(text).text.is_empty(), "{text}");
        }
    }

    #[test]
    fn the_marker_cuts_surely_and_spares_bottom_posts() {
        let notification = format!("{MARKER} odpovedzte nad touto čiarou\n\nNový tiket");
        let quoted: String = notification.lines().map(|l| format!("> {l}\n")).collect();
        let top = reply(&format!("Áno.\n\nQui 4 2026 x <d@x.example> blurp:\n{quoted}"));
        assert_eq!((top.text.as_str(), top.marker), ("Áno.", true));
        let bottom = reply(&format!("Dňa 4. 8. 2026 Podpora napísal:\n{quoted}\nÁno, dole.\n"));
        assert_eq!(bottom.text, "Áno, dole.");
        let outlook = reply(&format!(
            "Hotovo.\n\nFrom: Desk <d@x.example>\nSent: Monday\nTo: Me\nSubject: S\n\n{notification}\nmore"
        ));
        assert_eq!(outlook.text, "Hotovo.");
        let bare = reply(&format!("Hotovo.\n\n{notification}"));
        assert_eq!(bare.text, "Hotovo.");
    }

    #[test]
    fn prefixes_of_subjects() {
        for (subject, want) in [
            ("Fwd: x", Prefix::Forward),
            ("FW: RE: x", Prefix::Forward),
            ("WG: x", Prefix::Forward),
            ("Re: FW: x", Prefix::Reply),
            ("[ACME-1] Fwd: x", Prefix::Forward),
            ("PREP: x", Prefix::Forward),
            ("Odp: x", Prefix::Reply),
            ("RE[2]: x", Prefix::Reply),
            ("Note: x", Prefix::None),
            ("x", Prefix::None),
            ("", Prefix::None),
            ("Redir.: x", Prefix::Forward),
        ] {
            assert_eq!(prefix(subject), want, "{subject}");
        }
    }
}

//! What must not go to the customer with an agent's words: parts of the desk's own notification that the agent's program
//! left in them, and addresses that are not for customers. Where the marker line was lost or mangled, what surrounds it
//! is recognised.

use crate::model::AddrSpec;
use crate::model::message::Attachment;
use crate::model::residue::{COMMON, COMMON_MIN, LABELS, OPENINGS, PHRASES};
use crate::model::text::fold;
use crate::model::ticket::EntryKind;

use super::work::Case;

/// Any part of the marker line that a program may leave.
const MARKER_CORE: &str = "-=-=-";
/// Shorter lines of a note say nothing that is only in the note.
const NOTE_LINE_MIN: usize = 16;

/// Why nothing is sent.
pub struct Leak {
    /// The key of the text for the agent: `because-…`.
    pub key: &'static str,
    pub because: String,
}

/// Why the words would go out in part: between them and the notification stands what reads like another mail, and it is by
/// nobody whose earlier mail a program quotes there: neither the desk's nor its agents', nor the writer's own.
pub fn another_mail(case: &Case) -> Option<String> {
    let who = case.message.reply.another.as_ref()?;
    let writer = case.author_as_written();
    let known =
        |address: &AddrSpec| !case.policy.is_outside(address) || writer.email.eq_ignore_ascii_case(address.as_str());
    let sign = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '(' | ')' | ',' | ';' | '"');
    let by_address =
        who.split(sign).filter_map(|word| AddrSpec::parse(word.trim_start_matches("mailto:")).ok()).any(|a| known(&a));
    let names = case.policy.agents.iter().map(|agent| agent.display.as_str()).chain(writer.name.as_deref());
    let by_name = || names.chain([case.policy.desk.name.as_str()]).any(|name| fold(who).contains(&fold(name)));
    (!by_address && !by_name()).then(|| format!("It would go out in part: below {who:?} it reads like another mail"))
}

pub fn leak(case: &Case, words: &str, files: &[Attachment]) -> Option<Leak> {
    let notification = |because: &str| Some(Leak { key: "no-marker", because: because.to_owned() });
    let bare = bare(words);
    if bare.contains(MARKER_CORE) {
        return notification("The desk's marker line is still in the text");
    }
    if has_identity(&bare) {
        return notification("A signed identity of the desk is still in the text");
    }
    if has_token(&bare, &case.policy.desk.prefix) {
        return notification("A ticket's token is still in the text");
    }
    if has_phrases(case, words, &bare) {
        return notification("A part of the desk's notification is still in the text");
    }
    if is_header_block(case, words) {
        return notification("The header of a mail by the desk is still in the text");
    }
    if has_note(case, words) {
        return notification("Words of an internal note are in the text");
    }
    if files.iter().any(is_notification) {
        return notification("A mail by the desk to its agent is attached");
    }
    private_address(case, words).map(|agent| Leak {
        key: "private-address",
        because: format!("An address of agent {agent} is in the text, which no customer is to know"),
    })
}

/// Folded, without white space and quote marks: no wrapping and no quoting changes it.
fn bare(text: &str) -> String {
    fold(text).chars().filter(|c| !c.is_whitespace() && !matches!(c, '>' | '|')).collect()
}

/// `pd.1a.1042.…` or `+1a-1042-…`: what a signed Message-ID or reply address begins with, whatever became of its end.
fn has_identity(bare: &str) -> bool {
    [("pd.", '.'), ("+", '-')].into_iter().any(|(start, between)| {
        bare.match_indices(start).any(|(at, _)| {
            let mut parts = bare[at + start.len()..].splitn(3, between);
            let head = parts.next().is_some_and(|h| {
                let mut chars = h.chars();
                chars.next().is_some_and(|c| c.is_ascii_alphanumeric()) && matches!(chars.as_str(), "a" | "b" | "c")
            });
            head && parts.next().is_some_and(is_number) && parts.next().is_some()
        })
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `acme-1042-k7q2m9xf`, with its check. A number alone may be told.
fn has_token(bare: &str, prefix: &str) -> bool {
    let start = format!("{}-", fold(prefix));
    bare.match_indices(&start).any(|(at, _)| {
        let Some((number, rest)) = bare[at + start.len()..].split_once('-') else { return false };
        is_number(number) && rest.chars().take(8).filter(char::is_ascii_alphanumeric).count() == 8
    })
}

fn has_phrases(case: &Case, words: &str, bare_words: &str) -> bool {
    let own = case.policy.texts.values().filter_map(|texts| texts.get("marker")).filter(|text| !text.contains("{{"));
    let mut phrases = PHRASES.iter().copied().chain(own.map(String::as_str)).map(bare).filter(|p| p.len() >= 6);
    if phrases.any(|phrase| bare_words.contains(&phrase)) {
        return true;
    }
    if OPENINGS.iter().any(|(before, after)| opens(bare_words, &bare(before), &bare(after))) {
        return true;
    }
    let lines: Vec<String> = words.lines().map(unquoted).collect();
    let labelled = |labels: &[&str]| {
        lines
            .iter()
            .filter(|line| labels.iter().any(|l| line.strip_prefix(fold(l).as_str()).is_some_and(is_value)))
            .count()
    };
    labelled(LABELS) > 0 || labelled(COMMON) >= COMMON_MIN
}

/// `before`, a number, `after`.
fn opens(text: &str, before: &str, after: &str) -> bool {
    text.match_indices(before).any(|(at, found)| {
        let rest = &text[at + found.len()..];
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        behind.len() < rest.len() && behind.starts_with(after)
    })
}

fn is_value(rest: &str) -> bool {
    rest.trim_start().starts_with(':')
}

/// A line, folded, without its quote marks and the signs that HTML becomes.
fn unquoted(line: &str) -> String {
    fold(line).trim_start_matches(|c: char| c.is_whitespace() || ">|*_-".contains(c)).replace(['*', '_'], "")
}

/// An attribution or a header line of one of our mails: the desk's address in angle brackets.
fn is_header_block(case: &Case, words: &str) -> bool {
    let bare: String = words.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let own = case.policy.mailboxes.iter().flat_map(|m| std::iter::once(&m.address).chain(&m.aliases));
    own.map(|a| a.as_str().to_ascii_lowercase())
        .any(|address| bare.contains(&format!("<{address}>")) || bare.contains(&format!("mailto:{address}")))
}

/// A line of a colleague's note. Above a marker that was found stand the agent's own words: there only what is quoted
/// counts.
fn has_note(case: &Case, words: &str) -> bool {
    let cut = case.message.reply.marker;
    let looked_at: String =
        words.lines().filter(|l| !cut || l.trim_start().starts_with('>')).collect::<Vec<_>>().join("\n");
    let text = bare(&looked_at);
    let by_another = |from: &str| !from.eq_ignore_ascii_case(&case.author_as_written().email);
    let notes = case.facts.found.said.iter().filter(|e| e.kind == EntryKind::Note && by_another(&e.from.email));
    notes.flat_map(|e| e.reply.text.lines()).map(bare).any(|l| l.len() >= NOTE_LINE_MIN && text.contains(&l))
}

/// A mail of ours, attached: as `message/rfc822` or under whatever name.
fn is_notification(file: &Attachment) -> bool {
    let text = bare(&String::from_utf8_lossy(file.beginning()));
    has_identity(&text) || text.contains("-=-=-=-postdesk")
}

/// Whose address is in the words; a customer answers the desk.
fn private_address<'c>(case: &Case<'c>, words: &str) -> Option<&'c str> {
    let lower = words.to_lowercase();
    let is_inside = |c: char| c.is_ascii_alphanumeric() || ".-_+".contains(c);
    let stands = |address: &str| {
        lower.match_indices(address).any(|(at, found)| {
            let before = lower[..at].chars().next_back().is_some_and(is_inside);
            let mut rest = lower[at + found.len()..].chars();
            let after = match rest.next() {
                Some('.') => rest.next().is_some_and(|c| c.is_ascii_alphanumeric()), // a longer domain
                next => next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-'),
            };
            !before && !after
        })
    };
    let agents = case.policy.agents.iter();
    let mut of_agents = agents.flat_map(|a| a.addresses.iter().map(move |address| (a, address)));
    of_agents
        .find(|(_, a)| case.policy.own_address(a).is_none() && stands(&a.as_str().to_ascii_lowercase()))
        .map(|(agent, _)| agent.name.as_str())
}

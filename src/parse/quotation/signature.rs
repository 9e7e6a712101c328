//! What stands below a text and is not part of it: the signature behind `-- `, the line of a phone, the footer of a list.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::model::text::fold;
use crate::parse::lines::Line;

use super::words::{DEVICE_LINES, DEVICES, RECOMMENDED, SENT, entries};

/// Longest block below `-- ` that is a signature, in lines.
const SIGNATURE_MAX: usize = 60;

/// Prepositions of a destination, folded.
const WHITHER: [&str; 10] = ["to", "na", "an", "auf", "ins", "naar", "til", "till", "в", "на"];

static LINES: LazyLock<Vec<String>> = LazyLock::new(|| entries(DEVICE_LINES).map(fold).collect());
static SENT_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| entries(SENT).map(fold).collect());
static RECOMMENDATIONS: LazyLock<HashSet<String>> = LazyLock::new(|| entries(RECOMMENDED).map(fold).collect());
static DEVICE_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| entries(DEVICES).map(fold).collect());

/// The separator of RFC 3676 section 4.3, with the blank that half of all programs lose.
pub fn is_separator(line: &Line) -> bool {
    matches!(line.text.trim_end(), "--" | "- --" | "—" | "––" | "—-")
}

/// "Sent from my iPhone" and its kind: a short line that is no sentence.
pub fn is_device_line(text: &str) -> bool {
    // Where the application is to be had does not count.
    let text = text.split_once("<http").or_else(|| text.split_once("(http")).map_or(text, |(words, _)| words);
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '<' | '>' | '[' | ']'));
    let count = text.chars().count();
    if count == 0 || count > 90 {
        return false;
    }
    let folded = fold(text);
    let words: Vec<&str> = folded.split_whitespace().map(|w| w.trim_matches(['.', ',', ':'])).collect();
    let is = |list: &HashSet<String>, word: Option<&&str>| word.is_some_and(|w| list.contains(*w));
    let names = |word: &&str| DEVICE_NAMES.iter().any(|d| word.starts_with(d.as_str()));
    let named = words.iter().any(|word| word.split('-').any(|part| names(&part)) || names(word));
    // "…, Samsung Galaxy" goes on with a name; a sentence of somebody's goes on with a word.
    let goes_on = text.split(", ").skip(1).any(|part| part.starts_with(char::is_lowercase));
    let sentence = goes_on || folded.ends_with(['?', '!']) || folded.ends_with('.') && !named;
    if sentence || words.len() > 12 {
        return false;
    }
    let (first, last) = (words.first(), words.last());
    // "Sent to your mobile" says where to, not from where.
    let whither = words.get(1).is_some_and(|w| WHITHER.contains(w) || *w == "do" && !folded.starts_with("envi"));
    let sent = is(&SENT_WORDS, first) && words.len() <= 10 && !whither || is(&SENT_WORDS, last) && words.len() <= 6;
    let recommended = is(&RECOMMENDATIONS, first) || is(&RECOMMENDATIONS, last) || folded.starts_with("az outlook");
    named && sent
        || named && recommended && folded.contains("outlook")
        || LINES.iter().any(|line| begins_with_words(&folded, line))
        || folded.ends_with("iphone-rol kuldve")
}

fn begins_with_words(text: &str, words: &str) -> bool {
    text.strip_prefix(words).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Where the signature begins within `lines` (the last stretch of text before a quotation or the end), if anywhere.
pub fn start(lines: &[&Line]) -> Option<usize> {
    let last = lines.iter().rposition(|l| !l.is_blank())?;
    let first = lines.iter().position(|l| !l.is_blank())?;
    // The last separator that has something above it.
    let separator = lines
        .iter()
        .enumerate()
        .position(|(i, l)| i > first && i < last && is_separator(l) && last - i <= SIGNATURE_MAX);
    if separator.is_some() {
        return separator;
    }
    if let Some(at) = lines.iter().position(|l| l.signature && !l.is_blank())
        && at > first
        && lines.iter().skip(at).all(|l| l.signature || l.is_blank())
    {
        return Some(at);
    }
    let mut from = None;
    if let Some(at) = footer(lines, first, last) {
        from = Some(at);
    }
    let end = from.unwrap_or(last + 1);
    // A phone's line at the very end, perhaps with the address of an application below it.
    let mut tail = (first..end).rev().filter(|i| lines.get(*i).is_some_and(|l| !l.is_blank()));
    let mut candidate = tail.next();
    if let Some(link) =
        candidate.and_then(|i| lines.get(i)).filter(|l| l.text.trim_start_matches('<').starts_with("http"))
        && !link.text.trim().contains(' ')
    {
        candidate = tail.next();
    }
    if let Some(at) = candidate
        && lines.get(at).is_some_and(|l| is_device_line(&l.text))
        && (at > first || from.is_none())
    {
        if at > first {
            from = Some(at);
        }
    } else if let Some(at) = candidate
        && at > first
        && lines.get(at).is_some_and(|l| is_dashed_name(&l.text))
        && lines.get(at - 1).is_some_and(|l| l.is_blank())
    {
        from = Some(at);
    }
    // A separator line that stood right above.
    if let Some(at) = from
        && let Some(above) = (first + 1..at).rev().find(|i| lines.get(*i).is_some_and(|l| !l.is_blank()))
        && lines.get(above).is_some_and(|l| is_separator(l))
    {
        from = Some(above);
    }
    from
}

/// A list's footer: a long rule and a few lines below it, with the address of the list among them.
fn footer(lines: &[&Line], first: usize, last: usize) -> Option<usize> {
    let rule = (first + 1..=last).find(|&i| last - i <= 12 && lines.get(i).is_some_and(|l| is_footer_rule(&l.text)))?;
    let below = lines.get(rule..).unwrap_or_default();
    let address = below.iter().any(|l| ["http", "www.", "@"].iter().any(|mark| l.text.contains(mark)));
    (address || rule == last).then_some(rule)
}

/// The rule that mailing lists draw above their footer.
pub fn is_footer_rule(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 20 && text.bytes().all(|b| b == b'_')
}

/// `-Jan Novák`
fn is_dashed_name(text: &str) -> bool {
    let Some(name) = text.trim().strip_prefix(['-', '–', '—']) else { return false };
    let words: Vec<&str> = name.split_whitespace().collect();
    (1..=3).contains(&words.len())
        && name.chars().count() <= 40
        && words.iter().all(|w| {
            w.chars().next().is_some_and(char::is_uppercase)
                && w.chars().all(|c| c.is_alphabetic() || ".'-".contains(c))
        })
        && (words.len() > 1 || !name.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::plain;

    fn cut(text: &str) -> Option<usize> {
        let lines = plain(text);
        start(&lines.iter().collect::<Vec<_>>())
    }

    #[test]
    fn signatures_are_found_and_sentences_are_not() {
        assert_eq!(cut("Hi\n\n-- \nJan"), Some(2));
        assert_eq!(cut("Ahoj\n\nOdoslané z iPhonu"), Some(2));
        assert_eq!(cut("Ahoj\n\nOdesláno z mého iPhonu"), Some(2));
        assert_eq!(cut("Hi\n\nSent from my desk, is much easier then my mobile phone."), None);
        assert_eq!(cut("Hi\n\n-Jan Novak\n\n____________________________\nlist\nhttp://x.example"), Some(2));
        assert_eq!(cut("Hi\n- one\n- two"), None);
        assert_eq!(cut("-- \nJan"), None);
        assert_eq!(cut("Ahoj\n\nOdoslané na váš mobil"), None);
        assert_eq!(cut("Ahoj\n\nEnviado do meu iPhone"), Some(2));
        assert_eq!(cut("Poslal som to v piatok."), None);
    }
}

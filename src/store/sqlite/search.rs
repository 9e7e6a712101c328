//! Full-text search: which tickets have all the words.
//!
//! A word is looked for as the beginning of words, because the customers' languages are inflected. SQLite answers such a
//! question by gathering every entry that has a fitting word, however many there are, before it gives out the first. So we
//! ask it which words begin so, and then for these as whole words: of those it reads the newest entries and no more.

use rusqlite::Connection;

use super::rows::WORDS_SHIFT;
use super::sql::{all, first};
use crate::model::text::fold;
use crate::model::ticket::TicketNumber;
use crate::store::Result;

/// Words of one search that are looked for.
const SEARCH_WORDS: usize = 8;
/// Entries that a word is found in at most, those of the newest tickets: a word that is everywhere must not cost more
/// than one that tells something.
const SEARCH_HITS: u32 = 10_000;
/// Words with the same beginning that are looked for one by one. Where there are more, what was asked for is a word of its own
/// (`ne`, `in`), if the index has it, and else SQLite gathers.
const FORMS: usize = 128;

const _: () = assert!(WORDS_SHIFT == 20, "the search statement shifts by the same");

/// The tickets that have all the words: in one entry (each has the ticket's subject and requester with it), or scattered
/// over several. None where nothing was asked for. In no order.
pub(super) fn having(connection: &Connection, search: &str) -> Result<Option<Vec<TicketNumber>>> {
    let asked = asked(search);
    if asked.is_empty() {
        return Ok(None);
    }
    let asked = asked.iter().map(|words| beginning(connection, words)).collect::<Result<Vec<_>>>()?;
    let mut numbers = hits(connection, &asked.join(" AND "))?;
    if let [first, others @ ..] = asked.as_slice()
        && !others.is_empty()
    {
        let mut scattered = hits(connection, first)?;
        for word in others {
            let too = hits(connection, word)?;
            scattered.retain(|number| too.binary_search_by(|other| number.cmp(other)).is_ok());
        }
        numbers.extend(scattered);
        numbers.sort_unstable();
        numbers.dedup();
    }
    Ok(Some(numbers))
}

/// What is looked for, as the index has it: folded, and cut where it cuts. What stands together (`jana.mala@firma.example`)
/// is looked for together, its words one after the other.
fn asked(search: &str) -> Vec<Vec<String>> {
    let folded = fold(search);
    let mut left = SEARCH_WORDS;
    let mut together = |piece: &str| {
        let words = piece.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.take(left).map(str::to_owned).collect();
        left -= words.len();
        words
    };
    folded.split_whitespace().map(&mut together).filter(|words| !words.is_empty()).collect()
}

/// The FTS5 expression for words in a row of which the last begins so. Each is a string, so that nothing in it is an
/// operator.
fn beginning(connection: &Connection, words: &[String]) -> Result<String> {
    let Some((last, before)) = words.split_last() else { return Ok(String::new()) };
    let mut forms = Vec::new();
    let before: String = before.iter().map(|word| format!("{word} ")).collect();
    // Each is looked up behind the one before: to read on would be to read through every place that has it.
    let mut from = last.clone();
    while let Some(form) = next_form(connection, &from)?.filter(|form| form.starts_with(last.as_str())) {
        if forms.len() == FORMS {
            let itself = format!("\"{before}{last}\"");
            return Ok(if forms.contains(&itself) { itself } else { itself + " *" });
        }
        from = format!("{form}\u{1}");
        forms.push(format!("\"{before}{form}\""));
    }
    if forms.is_empty() { Ok(format!("\"{before}{last}\"")) } else { Ok(format!("({})", forms.join(" OR "))) }
}

/// The first word of the index that is this one or comes after it.
fn next_form(connection: &Connection, from: &str) -> Result<Option<String>> {
    first(connection, "SELECT term FROM entry_vocabulary WHERE term >= ?1 LIMIT 1", [from], |c| c.take())
}

/// The newest first, each once.
fn hits(connection: &Connection, expression: &str) -> Result<Vec<TicketNumber>> {
    let sql = "SELECT rowid >> 20 FROM entry_words WHERE entry_words MATCH ?1 ORDER BY rowid DESC LIMIT ?2";
    let mut numbers: Vec<TicketNumber> =
        all(connection, sql, rusqlite::params![expression, SEARCH_HITS], |c| c.take())?;
    numbers.dedup();
    Ok(numbers)
}

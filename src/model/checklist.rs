//! Several requests in one mail, numbered by whoever wrote it: kept with the ticket, and ticked off one by one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Items of one list.
pub const ITEMS_MAX: usize = 30;
/// Characters of an item that are kept.
pub const ITEM_MAX: usize = 200;

/// One of the requests. Its number is its place, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// One line, as it was written.
    pub text: String,
    /// Who did it, and when; None: it is to be done.
    pub done: Option<Done>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// An agent's name, or `operator`.
    pub by: String,
    pub at: Timestamp,
}

/// The numbered list in a text: lines that begin with 1, 2, 3, … in this order, at least two of them, each with a full stop
/// or a bracket behind its number. Lines below an item, up to an empty one or the next item, belong to it. Empty where
/// there is none.
pub fn numbered(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match item(line) {
            Some((number, words)) if number == items.len() + 1 && items.len() < ITEMS_MAX => {
                items.push(words.to_owned());
                open = true;
            }
            // Another list begins, or this is none: the first is the one.
            Some((1, _)) if items.len() >= 2 => break,
            Some((1, words)) => {
                items = vec![words.to_owned()];
                open = true;
            }
            _ if line.trim().is_empty() => open = false,
            _ => {
                if let Some(last) = items.last_mut().filter(|_| open) {
                    last.push(' ');
                    last.push_str(line.trim());
                }
            }
        }
    }
    if items.len() < 2 {
        return Vec::new();
    }
    items.into_iter().map(|item| super::text::clean_line(&item, ITEM_MAX)).collect()
}

/// `2. words`, `2) words`, `2.) words`: never a date, a price or a version.
fn item(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = line.split_at(end);
    if number.is_empty() || number.len() > 2 {
        return None;
    }
    let words = rest.strip_prefix(".)").or_else(|| rest.strip_prefix(['.', ')']))?;
    let apart = words.starts_with([' ', '\t', '\u{a0}']);
    let words = words.trim();
    // `1. 12. 2026` is a day.
    let is_date = words.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('.') && !words.starts_with('.');
    (apart && !is_date && words.chars().any(char::is_alphabetic)).then(|| Some((number.parse().ok()?, words)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_list_is_found_with_its_wrapped_lines() {
        let text = "Dobrý deň,\n\nprosím:\n1. nový účet pre Annu\n   (od pondelka)\n2) vymeniť toner\n\n3.) zrušiť starý účet\n\nVďaka\nJán";
        assert_eq!(numbered(text), ["nový účet pre Annu (od pondelka)", "vymeniť toner", "zrušiť starý účet"]);
    }

    #[test]
    fn what_only_looks_like_a_list_is_none() {
        for text in [
            "",
            "1. only one",
            "1. 12. 2026 prídem\n2. 12. tiež",
            "2. second\n3. third",
            "1.5 GB\n2.5 GB",
            "1.\n2.",
            "V bode 1. a 2. zmluvy",
            "1. one\n3. three",
        ] {
            assert_eq!(numbered(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn lists_are_bounded() {
        let long: String = (1..=60).map(|n| format!("{n}. {}\n", "slovo ".repeat(100))).collect();
        let items = numbered(&long);
        assert_eq!(items.len(), ITEMS_MAX);
        assert!(items.iter().all(|item| item.chars().count() <= ITEM_MAX));
    }
}

//! Address lists (RFC 5322 section 3.4 with the obsolete forms), read as leniently as people's programs write them.

use crate::model::Address;
use crate::model::text::{NAME_MAX, cut_line};

use super::charset::Hint;
use super::scan::note;
use super::words;

/// Most addresses of one field that are read.
pub const ADDRESSES_MAX: usize = 200;
/// The flag of a field, or of several of one name, that has more.
pub const TOO_MANY: &str = "too-many-addresses";

/// One mailbox being collected.
#[derive(Default)]
struct Pending {
    /// Words before the angle bracket, or the bare address.
    phrase: String,
    comment: String,
    angle: Option<String>,
}

/// Reads an unfolded value whose encoded words are not decoded yet.
pub fn list(value: &str, hint: Hint, flags: &mut Vec<&'static str>) -> Vec<Address> {
    let mut found = Found { list: Vec::new(), flags };
    let mut pending = Pending::default();
    // A name with a comma in it that nobody quoted: `Novák, Jan <jan@firma.example>`.
    let mut carried = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let (text, closed) = quoted(&mut chars);
                if chars.peek() == Some(&'@') || !closed && pending.phrase.is_empty() && text.contains('<') {
                    // A quoted local part; or a quote that nobody closed, with the address inside it.
                    pending.phrase.push_str(&text);
                } else {
                    push_word(&mut pending.phrase, &words::decode(&text, hint));
                }
            }
            '(' => push_word(&mut pending.comment, &comment(&mut chars)),
            '<' => pending.angle = Some(angle(&mut chars, pending.angle.take())),
            ',' | ';' => finish(&mut pending, &mut carried, &mut found, hint),
            ':' if pending.angle.is_none() && !pending.phrase.contains('@') => {
                // The name of a group (RFC 5322 section 3.4), or `mailto:`.
                pending = Pending::default();
                carried.clear();
            }
            '\\' => {
                if let Some(next) = chars.next() {
                    pending.phrase.push(next);
                }
            }
            c => pending.phrase.push(c),
        }
        if found.list.len() >= ADDRESSES_MAX {
            if chars.any(|c| !c.is_whitespace() && !matches!(c, ',' | ';')) {
                note(found.flags, TOO_MANY);
            }
            return found.list;
        }
    }
    finish(&mut pending, &mut carried, &mut found, hint);
    if !carried.trim().is_empty() && found.list.len() < ADDRESSES_MAX {
        found.list.push(Address::new(None, carried.trim()));
    }
    found.list
}

/// What was found, and what was odd about it.
struct Found<'f> {
    list: Vec<Address>,
    flags: &'f mut Vec<&'static str>,
}

impl Found<'_> {
    fn push(&mut self, name: &str, email: &str) {
        let (name, cut) = tidy(name);
        if cut {
            note(self.flags, "name-cut");
        }
        self.list.push(Address::new(Some(&name), email));
    }
}

fn push_word(to: &mut String, word: &str) {
    if !to.is_empty() && !to.ends_with(' ') {
        to.push(' ');
    }
    to.push_str(word);
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> (String, bool) {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return (text, true),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    (text, false)
}

fn comment(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let (mut text, mut depth) = (String::new(), 1u32);
    while let Some(c) = chars.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => {
                text.extend(chars.next());
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        text.push(c);
    }
    text
}

/// What stands between `<` and `>`. Of two the one with an `@` counts.
fn angle(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, before: Option<String>) -> String {
    let mut text = String::new();
    let mut quoted_part = false;
    while let Some(c) = chars.next() {
        match c {
            '>' if !quoted_part => break,
            '"' => {
                quoted_part = !quoted_part;
                text.push(c);
            }
            '(' if !quoted_part => drop(comment(chars)),
            '<' => text.clear(),
            c if c.is_whitespace() && !quoted_part => {}
            c => text.push(c),
        }
    }
    match before {
        Some(before) if !text.contains('@') => before,
        _ => text,
    }
}

fn finish(pending: &mut Pending, carried: &mut String, found: &mut Found<'_>, hint: Hint) {
    let Pending { phrase, comment, angle } = std::mem::take(pending);
    let name = words::decode(phrase.trim(), hint);
    let comment = words::decode(comment.trim(), hint);
    if let Some(email) = angle {
        let email = email.strip_prefix("mailto:").unwrap_or(&email);
        let mut name = if carried.is_empty() { name } else { format!("{}, {name}", std::mem::take(carried)) };
        if name.trim().is_empty() {
            name = comment;
        }
        found.push(&name, email);
        return;
    }
    if phrase.trim().is_empty() {
        return;
    }
    // A bare address: the word with an `@`; other words beside it are a name.
    let decoded = if phrase.contains("=?") { name.as_str() } else { phrase.trim() };
    if let Some(email) = decoded.split_whitespace().rev().find(|w| w.contains('@')) {
        let (email, inner) = match email.split_once('<') {
            Some((_, rest)) => (rest.trim_end_matches('>'), true),
            None => (email, false),
        };
        let rest: Vec<&str> = decoded.split_whitespace().filter(|w| !w.contains(email) && !w.contains('@')).collect();
        let rest = if inner { decoded.split('<').next().unwrap_or_default().to_owned() } else { rest.join(" ") };
        let name = if rest.trim().is_empty() { comment } else { rest };
        carried.clear();
        found.push(&name, email.trim_matches(['<', '>', '[', ']', '\'']));
    } else if carried.is_empty() {
        *carried = name;
    } else {
        *carried = format!("{carried}, {name}");
    }
}

/// A name as it is kept, and whether it is longer: quotes and blanks around it say nothing.
fn tidy(name: &str) -> (String, bool) {
    let mut name = name.trim();
    while name.len() >= 2
        && (name.starts_with('"') && name.ends_with('"') || name.starts_with('\'') && name.ends_with('\''))
    {
        name = name.get(1..name.len() - 1).unwrap_or_default().trim();
    }
    cut_line(name, NAME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<(String, String)> {
        list(value, Hint::default(), &mut Vec::new())
            .into_iter()
            .map(|a| (a.name.unwrap_or_default(), a.email))
            .collect()
    }

    fn one(value: &str, name: &str, email: &str) {
        assert_eq!(read(value), [(name.to_owned(), email.to_owned())], "{value}");
    }

    #[test]
    fn the_forms_that_people_send() {
        one("jan@firma.example", "", "jan@firma.example");
        one("Jan Novák <jan@firma.example>", "Jan Novák", "jan@firma.example");
        one("\"Novák, Jan\" <jan@firma.example>", "Novák, Jan", "jan@firma.example");
        one("Novák, Jan <jan@firma.example>", "Novák, Jan", "jan@firma.example");
        one("jan@firma.example (Jan Novák)", "Jan Novák", "jan@firma.example");
        one("=?utf-8?Q?Jan_Nov=C3=A1k?= <jan@firma.example>", "Jan Novák", "jan@firma.example");
        one("\"=?utf-8?Q?Jan_Nov=C3=A1k?=\" <jan@firma.example>", "Jan Novák", "jan@firma.example");
        one("MAILER-DAEMON <>", "MAILER-DAEMON", "");
        one("<jan@firma.example", "", "jan@firma.example");
        one("\"jan@firma.example\" <jan@firma.example>", "jan@firma.example", "jan@firma.example");
        one("'Jan' <jan@firma.example>", "Jan", "jan@firma.example");
        one("root", "", "root");
        one("<mailto:jan@firma.example>", "", "jan@firma.example");
    }

    #[test]
    fn lists_and_groups() {
        assert_eq!(read("a@x.example, B <b@x.example>; c@x.example").len(), 3);
        assert_eq!(read("team: a@x.example, b@x.example;").len(), 2);
        assert!(read("undisclosed-recipients:;").is_empty());
        assert_eq!(read(&"a@x.example,".repeat(100_000)).len(), ADDRESSES_MAX);
    }
}

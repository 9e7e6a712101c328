//! Categories: what belongs to them, who gets them, what is asked for.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use toml::Spanned;

use crate::model::ask::{Ask, Present};
use crate::model::desk::{Category, Mailbox, Match};
use crate::model::text::fold;
use crate::model::{Language, Priority};

use super::file;
use super::notes::Notes;
use super::people::People;
use super::settings::one_of;

/// Largest compiled pattern, in bytes: what a pattern may cost in memory. Its time is linear in any case.
const PATTERN_MAX: usize = 1024 * 1024;

pub fn categories(
    tables: &[Spanned<file::Category>],
    people: &People,
    mailboxes: &[Mailbox],
    notes: &mut Notes<'_>,
) -> Vec<Category> {
    let mut categories: Vec<Category> = Vec::new();
    for table in tables {
        let category = category(table, people, mailboxes, notes);
        if let Some(name) = &table.get_ref().name
            && categories.iter().any(|c| fold(&c.name) == fold(name.get_ref()))
        {
            let message = format!("There are two categories `{}`", name.get_ref());
            notes.mistake(name.span(), "category.name", message, Some("Each needs a name of its own"));
        }
        categories.push(category);
    }
    categories
}

fn category(
    table: &Spanned<file::Category>,
    people: &People,
    mailboxes: &[Mailbox],
    notes: &mut Notes<'_>,
) -> Category {
    let file = table.get_ref();
    match &file.name {
        None => notes.missing(table.span(), "category.name", "How commands, lists and reports call it"),
        Some(name) if name.get_ref().trim().is_empty() => {
            notes.mistake(name.span(), "category.name", "The name is empty", Some("One word is enough"));
        }
        Some(_) => {}
    }
    let mut words = Vec::new();
    for word in file.words.iter().flat_map(|w| w.get_ref()) {
        let folded = fold(word.get_ref()).split_whitespace().collect::<Vec<_>>().join(" ");
        if folded.is_empty() {
            notes.mistake(word.span(), "category.words", "This word is empty", Some("It would match every mail"));
            continue;
        }
        words.push(folded);
    }
    let matches = file.r#match.as_ref().map(|m| matching(m.get_ref(), mailboxes, notes)).unwrap_or_default();
    let broken = notes.broken.iter().any(|b| b.starts_with("category."));
    if words.is_empty() && file.r#match.as_ref().is_none_or(|m| is_empty(m.get_ref())) && !broken {
        let hint = "Give it `words` or `match`, or leave it for agents to set by hand";
        notes.hint(table.span(), "category", "No mail comes into this category by itself", Some(hint));
    }
    let priorities: Vec<(&str, Priority)> = Priority::ALL.iter().map(|p| (p.word(), *p)).collect();
    Category {
        name: file.name.as_ref().map_or_else(String::new, |n| n.get_ref().trim().to_owned()),
        words,
        matches,
        owner: people.owner(file.owner.as_ref(), "category.owner", notes),
        sla: file.sla.as_ref().map(|s| s.get_ref().clone()),
        priority: file.priority.as_ref().and_then(|p| one_of(p, "category.priority", &priorities, notes)),
        restricted: file.restricted.as_ref().is_some_and(|r| *r.get_ref()),
        ask: file.ask.iter().filter_map(|a| ask(a, notes)).collect(),
    }
}

fn is_empty(file: &file::Match) -> bool {
    let file::Match { subject, text, from, mailbox, attachment } = file;
    [subject, text, from, mailbox, attachment].into_iter().all(Option::is_none)
}

fn matching(file: &file::Match, mailboxes: &[Mailbox], notes: &mut Notes<'_>) -> Match {
    let mailbox = file.mailbox.as_ref().map(|name| {
        // A mailbox without a usable address is not in the list; that was said.
        let all_known = !notes.mistakes.iter().any(|m| m.key.starts_with("mailbox.address"));
        if all_known && !mailboxes.iter().any(|m| m.name == *name.get_ref()) {
            let known = mailboxes.iter().map(|m| m.name.as_str());
            notes.unknown(name, "category.match.mailbox", "the name of a mailbox", known);
        }
        name.get_ref().clone()
    });
    Match {
        subject: file.subject.as_ref().and_then(|p| pattern(p, "category.match.subject", notes)),
        text: file.text.as_ref().and_then(|p| pattern(p, "category.match.text", notes)),
        from: file.from.as_ref().and_then(|p| pattern(p, "category.match.from", notes)),
        mailbox,
        attachment: file.attachment.as_ref().map(|a| media_type(a, "category.match.attachment", notes)),
    }
}

fn ask(table: &Spanned<file::Ask>, notes: &mut Notes<'_>) -> Option<Ask> {
    let file = table.get_ref();
    let mut about = BTreeMap::new();
    for (code, text) in file.about.iter().flat_map(|a| a.get_ref()) {
        let languages = Language::ALL.map(|l| (l.code(), l));
        let Some(language) = one_of(code, "category.ask.about", &languages, notes) else { continue };
        if text.get_ref().trim().is_empty() {
            notes.mistake(text.span(), "category.ask.about", "The text is empty", Some("What to ask the customer for"));
        }
        about.insert(language, text.get_ref().trim().to_owned());
    }
    let example = "In at least one language: { sk = \"snímka obrazovky\", en = \"a screenshot\" }";
    match &file.about {
        None => notes.missing(table.span(), "category.ask.about", example),
        Some(texts) if texts.get_ref().is_empty() => {
            notes.mistake(texts.span(), "category.ask.about", "Nothing is asked for", Some(example));
        }
        Some(_) => {}
    }
    let example = "{ attachment = \"image/*\" }, { text = 'regex' }, { header = 'regex' } or { bounce = true }";
    let Some(present) = &file.present else {
        notes.missing(table.span(), "category.ask.present", example);
        return None;
    };
    let file::Present { attachment, text, header, bounce } = present.get_ref();
    let bounce = bounce.as_ref().filter(|yes| *yes.get_ref());
    let said = [attachment.is_some(), text.is_some(), header.is_some(), bounce.is_some()];
    match said.into_iter().filter(|said| *said).count() {
        0 => notes.mistake(present.span(), "category.ask.present", "It does not say what to look for", Some(example)),
        1 => {}
        _ => {
            let hint = "Write several asks where all are wanted";
            notes.mistake(present.span(), "category.ask.present", "It says more than one thing", Some(hint));
        }
    }
    let text = text.as_ref().and_then(|t| pattern(t, "category.ask.present.text", notes).map(Present::Text));
    let header = header.as_ref().and_then(|h| pattern(h, "category.ask.present.header", notes).map(Present::Header));
    let attachment = attachment.as_ref().map(|a| media_type(a, "category.ask.present.attachment", notes));
    let bounce = bounce.map(|_| Present::Bounce);
    let how = attachment.map(Present::Attachment).or(text).or(header).or(bounce);
    Some(Ask { about, present: how? })
}

/// Compiles a pattern that is matched against folded text: case does not count, and letters with diacritics in the
/// pattern are folded as the text is.
fn pattern(text: &Spanned<String>, key: &str, notes: &mut Notes<'_>) -> Option<Regex> {
    let compiled = RegexBuilder::new(&fold_pattern(text.get_ref()))
        .case_insensitive(true)
        .multi_line(true)
        .size_limit(PATTERN_MAX)
        .build();
    match compiled {
        Ok(regex) if regex.is_match("") => {
            let hint = "It would match every mail; remove it or make it say more";
            notes.mistake(text.span(), key, "This pattern matches an empty text", Some(hint));
            None
        }
        Ok(regex) => Some(regex),
        Err(error) => {
            // The last line of a syntax error says what is wrong; the lines above draw the pattern.
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let hint = "Regular expressions as in https://docs.rs/regex, in 'single quotes'; no look-around";
            notes.mistake(text.span(), key, format!("This pattern cannot be used: {said}"), Some(hint));
            None
        }
    }
}

/// Folds the letters beyond ASCII only: `\S` and `\s` must stay two things.
fn fold_pattern(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if !c.is_ascii() {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            out.push_str(&regex::escape(&fold(&run)));
            run.clear();
        }
        out.push(c);
    }
    out.pop();
    out
}

/// `type/subtype`, `type/*` or `*/*`, in lower case (RFC 6838 section 4.2 for the characters).
fn media_type(text: &Spanned<String>, key: &str, notes: &mut Notes<'_>) -> String {
    let lower = text.get_ref().trim().to_ascii_lowercase();
    let name = |part: &str| {
        (1..=127).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let fine = match lower.split_once('/') {
        Some(("*", "*")) => true,
        Some((kind, sub)) => name(kind) && (sub == "*" || name(sub)),
        None => false,
    };
    if !fine {
        let hint = "Such as \"application/pdf\", \"image/*\", or \"*/*\" for any attachment";
        notes.mistake(text.span(), key, "This is no media type", Some(hint));
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_what_folding_made_of_the_text() {
        for (pattern, text) in [
            (r"fakt[úu]r\S+ č\.\s*\d+", "Faktúra č. 12"),
            (r"ŽIADOSŤ", "žiadosť"),
            (r"^račun", "\nRačun"),
            (r"đur(đ)ević", "Đurđević"),
            ("（a）", "（A）"),
        ] {
            let regex = RegexBuilder::new(&fold_pattern(pattern)).case_insensitive(true).multi_line(true).build();
            assert!(regex.expect("compiles").is_match(&fold(text)), "{pattern} does not find {text}");
        }
        assert_eq!(fold_pattern(r"\S\W[^á-ž]"), r"\S\W[^a-z]");
    }
}

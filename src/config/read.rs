//! Text → [`File`], with every mistake of form at once. serde stops at the first mistake; so whatever it objects to is
//! noted, taken out of the document, and the rest is read again.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::{self, File};
use super::mistake::Source;
use super::notes::Notes;

/// Mistakes of form that are looked for in one file.
const MISTAKES_MAX: usize = 100;

/// Keys whose values are never shown: they lead to a password, or are one that was written into the wrong place.
const PRIVATE: [&str; 3] = ["password_file", "password_env", "password_command"];

/// The names of all keys whose values may be shown.
pub fn public_keys() -> Vec<&'static str> {
    file::tables().into_iter().flat_map(|(_, keys)| keys.iter().copied()).filter(|k| !PRIVATE.contains(k)).collect()
}

/// None where the text is no TOML: then nothing more can be said about it.
pub fn read(notes: &mut Notes<'_>) -> Option<File> {
    let text = notes.source.text;
    let (mut table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut last_line = 0;
        for error in errors {
            let mistake = syntax_mistake(&notes.source, &error);
            // One slip makes the parser stumble several times in the same line.
            if mistake.line != last_line {
                last_line = mistake.line;
                notes.mistakes.push(mistake);
            }
        }
        return None;
    }
    for _ in 0..MISTAKES_MAX {
        match File::deserialize(toml::Deserializer::from(table.clone())) {
            Ok(file) => return Some(file),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let mut path = Vec::new();
                let removed = prune(table.get_mut(), &span, &mut path);
                let key = path.join(".");
                form_mistake(notes, span, &key, error.message());
                notes.broken.push(key);
                if !removed {
                    return None;
                }
            }
        }
    }
    None
}

fn syntax_mistake(source: &Source<'_>, error: &toml::de::Error) -> super::Mistake {
    let message = format!("This is not TOML: {}", error.message().lines().collect::<Vec<_>>().join(", "));
    let hint = "Text needs quotes, a table's name stands in [brackets] on a line of its own (see https://toml.io)";
    source.slip(error.span().unwrap_or(0..0), message, Some(hint.to_owned()))
}

/// Takes the smallest entry out whose key or value stands at `span`; `path` becomes its path. False: there is none.
fn prune(table: &mut DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        path.push(key.get_ref().to_string());
        if prune_value(value, span, path) {
            return true;
        }
        if key.span() == *span || value.span() == *span || (found.is_none() && contains(&value.span(), span)) {
            found = Some(key.get_ref().to_string());
        }
        path.pop();
    }
    let Some(name) = found else { return false };
    let removed = table.remove(name.as_str()).is_some();
    path.push(name);
    removed
}

fn prune_value(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => prune(table, span, path),
        DeValue::Array(array) => {
            if array.iter_mut().any(|item| prune_value(item, span, path)) {
                return true;
            }
            let before = array.len();
            *array = array.iter().filter(|item| item.span() != *span).cloned().collect();
            array.len() < before
        }
        _ => false,
    }
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && !inner.is_empty()
}

/// Puts serde's words into ours.
fn form_mistake(notes: &mut Notes<'_>, span: Range<usize>, key: &str, said: &str) {
    let Some(rest) = said.strip_prefix("unknown field `") else {
        // `invalid type: string "…", expected u16`: the value stays out of the message, it may be secret.
        let (got, expected) = said.split_once(", expected ").unwrap_or((said, ""));
        let got = got.strip_prefix("invalid type: ").or(got.strip_prefix("invalid value: ")).unwrap_or(got);
        let got = got.split(['"', '`']).next().unwrap_or_default().trim_end();
        let message = if expected.is_empty() {
            "This value cannot be read".to_owned()
        } else {
            let (expected, got) = (kind(expected), kind(got));
            // A number out of range: what was expected says it all.
            if expected.contains("number") && got.contains("number") {
                format!("Expected {expected}")
            } else {
                format!("Expected {expected}, found {got}")
            }
        };
        return notes.mistake(span, key, message, None);
    };
    let name = rest.split('`').next().unwrap_or_default();
    let known = file::known_path(key);
    let table = known.rsplit_once('.').map_or("", |(table, _)| table);
    let known = file::tables().into_iter().find(|(path, _)| *path == table).map_or(&[][..], |(_, keys)| keys);
    notes.mistake(span, key, format!("Unknown key `{name}`"), Some(&unknown_hint(name, table, known)));
}

fn unknown_hint(name: &str, table: &str, known: &[&str]) -> String {
    let lower = name.to_ascii_lowercase();
    if matches!(lower.as_str(), "password" | "pass" | "passwd" | "secret") && known.contains(&"password_file") {
        return "Passwords do not stand in this file: name a file with `password_file` (or see `password_env`, \
                `password_command`), and change this password if others may have read it"
            .to_owned();
    }
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("Did you mean `{near}`?");
    }
    let elsewhere: Vec<String> = file::tables()
        .into_iter()
        .filter(|(path, keys)| *path != table && keys.contains(&name))
        .map(|(path, _)| if path.is_empty() { "the top of the file".to_owned() } else { format!("`{path}`") })
        .collect();
    if !elsewhere.is_empty() {
        return format!("`{name}` belongs to {}", elsewhere.join(" or "));
    }
    format!("Known here: {}", known.join(", "))
}

/// The name that was probably meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= 1 + k.chars().count().min(name.chars().count()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// serde's names of types, in words.
fn kind(of: &str) -> String {
    match of {
        "a string" | "string" => "text in quotes".to_owned(),
        "a boolean" | "boolean" => "true or false".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" => "a whole number, not negative and not too large".to_owned(),
        "a sequence" | "sequence" => "a list in [brackets]".to_owned(),
        "map" | "a map" => "a table".to_owned(),
        of if of.starts_with("struct ") => "a table".to_owned(),
        of if of.starts_with("integer") => "a number".to_owned(),
        of if of.starts_with("boolean") => "true or false".to_owned(),
        of if of.starts_with("floating point") => "a number with a point".to_owned(),
        of => of.to_owned(),
    }
}

//! Holds the floors of the house, textually: which room may name which, and which words belong to one room. Also the
//! manners of files: a first line that says the job, at most 500 lines, nothing left undone.
//!
//! What is compiled only for tests (`#[cfg(test)] mod …`) is exempt from floors and words: it may read fixtures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PURE: [&str; 6] = ["model", "parse", "facts", "decide", "compose", "report"];

/// Which rooms a room may name besides itself.
const FLOORS: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("parse", &["model"]),
    ("facts", &["model"]),
    ("decide", &["model"]),
    ("compose", &["model"]),
    ("report", &["model"]),
    ("config", &["model"]),
    ("inbound", &["model", "config"]),
    ("authenticate", &["model", "config"]),
    ("store", &["model", "config"]),
    ("outbox", &["model", "config", "store"]),
    (
        "daemon",
        &["model", "parse", "facts", "decide", "compose", "config", "inbound", "authenticate", "store", "outbox"],
    ),
    (
        "cli",
        &[
            "model",
            "parse",
            "facts",
            "decide",
            "compose",
            "report",
            "config",
            "inbound",
            "authenticate",
            "store",
            "outbox",
            "daemon",
        ],
    ),
];

/// Words (as paths) and the rooms that may say them.
const WORDS: [(&str, &[&str]); 18] = [
    ("Timestamp::now", &["daemon", "cli"]),
    ("Zoned::now", &["daemon", "cli"]),
    ("SystemTime", &["daemon", "cli"]),
    // Time-outs are no data: the rooms with connections may measure silence.
    ("Instant", &["daemon", "cli", "inbound", "outbox", "authenticate"]),
    // mail-auth's cache trait names it.
    ("std::time::Instant", &["daemon", "cli", "authenticate"]),
    // Config makes the key.
    ("getrandom", &["daemon", "cli", "config"]),
    ("rand", &["daemon", "cli"]),
    ("fastrand", &["daemon", "cli"]),
    ("rusqlite", &["store"]),
    ("async_imap", &["inbound"]),
    ("imap_proto", &["inbound"]),
    ("lettre", &["outbox", "compose"]),
    ("mail_parser", &["parse"]),
    ("tokio", &["config", "inbound", "authenticate", "store", "outbox", "daemon", "cli"]),
    ("std::fs", &["config", "inbound", "authenticate", "store", "outbox", "daemon", "cli"]),
    ("std::env", &["config", "inbound", "authenticate", "store", "outbox", "daemon", "cli"]),
    ("std::process", &["config", "inbound", "authenticate", "store", "outbox", "daemon", "cli"]),
    ("tracing", &["config", "inbound", "authenticate", "store", "outbox", "daemon", "cli"]),
];

const LINES_MAX: usize = 500;

#[test]
fn the_house_keeps_its_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "examples", "fuzz"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.iter().any(|f| f.ends_with("src/model/mod.rs")), "the sources are found");
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            (name, std::fs::read_to_string(file).expect("readable"))
        })
        .collect();
    let wrong = check(&texts);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(items) = std::fs::read_dir(folder) else { return };
    let mut items: Vec<PathBuf> = items.flatten().map(|item| item.path()).collect();
    items.sort();
    for item in items {
        if item.is_dir() && !item.ends_with("target") {
            collect(&item, files);
        } else if item.extension().is_some_and(|e| e == "rs") {
            files.push(item);
        }
    }
}

/// Everything that is wrong in these files (name below the root, text), a line each.
fn check(files: &[(String, String)]) -> Vec<String> {
    let tokens: Vec<Vec<Token>> = files.iter().map(|(_, text)| tokens(text)).collect();
    let mut test_modules = BTreeSet::new();
    for ((name, _), tokens) in files.iter().zip(&tokens) {
        test_modules.extend(test_files(&module(name), tokens));
    }
    let mut wrong = Vec::new();
    for ((name, text), tokens) in files.iter().zip(&tokens) {
        manners(name, text, tokens, &mut wrong);
        let module = module(name);
        let exempt = test_modules.iter().any(|test: &Vec<String>| module.starts_with(test));
        if name.starts_with("src/") && module.len() > usize::from(!name.ends_with("/mod.rs")) && !exempt {
            floors(name, &module, tokens, &mut wrong);
        }
    }
    wrong.dedup();
    wrong
}

fn manners(name: &str, text: &str, tokens: &[Token], wrong: &mut Vec<String>) {
    if !text.starts_with("//! ") {
        wrong.push(format!("{name}:1: the first line does not say the file's job (//!)"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        wrong.push(format!("{name}: {lines} lines, more than {LINES_MAX}"));
    }
    for pair in tokens.windows(2) {
        if pair[1].text == "!" && ["todo", "unimplemented"].contains(&pair[0].text.as_str()) {
            wrong.push(format!("{name}:{}: {}! is left", pair[0].line, pair[0].text));
        }
    }
}

fn floors(name: &str, module: &[String], tokens: &[Token], wrong: &mut Vec<String>) {
    let room = module[0].as_str();
    let Some((_, allowed)) = FLOORS.iter().find(|(r, _)| *r == room) else {
        wrong.push(format!("{name}: no floor is known for this room"));
        return;
    };
    for (path, line) in paths(module, tokens) {
        if path[0] == "crate"
            && let Some(target) = path.get(1).map(String::as_str)
        {
            let is_room = target == "*" || FLOORS.iter().any(|(r, _)| *r == target);
            if is_room && target != room && !allowed.contains(&target) {
                wrong.push(format!("{name}:{line}: {room} must not name {target}"));
            }
        }
        for (word, rooms) in WORDS {
            let parts: Vec<&str> = word.split("::").collect();
            if !rooms.contains(&room) && path.windows(parts.len()).any(|w| w == parts) {
                wrong.push(format!("{name}:{line}: {room} must not say {word}"));
            }
        }
    }
}

/// `src/decide/route.rs` → decide, route; `src/decide/mod.rs` → decide.
fn module(name: &str) -> Vec<String> {
    let path = name.split_once('/').map_or(name, |(_, rest)| rest).trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// Modules in files of their own that are compiled for tests only.
fn test_files(module: &[String], tokens: &[Token]) -> Vec<Vec<String>> {
    let is = |i: usize, text: &str| tokens.get(i).is_some_and(|t| t.text == text);
    (0..tokens.len())
        .filter_map(|i| after_cfg_test(tokens, i))
        .filter(|i| is(*i, "mod") && is(i + 2, ";"))
        .map(|i| module.iter().cloned().chain([tokens[i + 1].text.clone()]).collect())
        .collect()
}

/// Where the item begins that `#[cfg(test)]` at `at` is about.
fn after_cfg_test(tokens: &[Token], at: usize) -> Option<usize> {
    let begins = |at: usize, what: &[&str]| {
        tokens.get(at..at + what.len()).is_some_and(|t| t.iter().zip(what).all(|(t, w)| t.text == *w))
    };
    let mut at = begins(at, &["#", "[", "cfg", "(", "test", ")", "]"]).then_some(at + 7)?;
    while begins(at, &["pub"]) {
        at += if begins(at + 1, &["("]) { 4 } else { 1 };
    }
    Some(at)
}

struct Token {
    text: String,
    line: usize,
}

/// Words and single signs; `::` is one. Comments, texts and characters are left out.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut i, mut line, mut tokens) = (0, 1, Vec::<Token>::new());
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    while i < chars.len() {
        let from = i;
        match chars[i] {
            '/' if at(i + 1) == '/' => i = (i..chars.len()).find(|j| at(*j) == '\n').unwrap_or(chars.len()),
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 || i >= chars.len() {
                        break;
                    }
                }
            }
            '"' => i = end_of_text(&chars, i + 1, 0, true),
            '\'' if at(i + 1) == '\\' => {
                i = (i + 3..chars.len()).find(|j| at(*j) == '\'').map_or(chars.len(), |j| j + 1)
            }
            '\'' if at(i + 2) == '\'' => i += 3,
            c if c.is_alphanumeric() || c == '_' => {
                let end = (i..chars.len()).find(|j| !at(*j).is_alphanumeric() && at(*j) != '_').unwrap_or(chars.len());
                let word: String = chars[i..end].iter().collect();
                let hashes = (end..chars.len()).take_while(|j| at(*j) == '#').count();
                let quoted = at(end + hashes) == '"';
                if quoted && ["r", "br", "cr"].contains(&word.as_str()) {
                    i = end_of_text(&chars, end + hashes + 1, hashes, false);
                } else if word == "r" && hashes == 1 {
                    i = end + 1; // r#name
                } else {
                    tokens.push(Token { text: word, line });
                    i = end;
                }
            }
            ':' if at(i + 1) == ':' => {
                tokens.push(Token { text: "::".to_owned(), line });
                i += 2;
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token { text: c.to_string(), line });
                }
                i += 1;
            }
        }
        line += chars[from..i.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// After the closing quote (and its hashes) of a text whose inside begins at `i`.
fn end_of_text(chars: &[char], mut i: usize, hashes: usize, escapes: bool) -> usize {
    while i < chars.len() {
        if escapes && chars[i] == '\\' {
            i += 2;
        } else if chars[i] == '"' && chars[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes {
            return i + 1 + hashes;
        } else {
            i += 1;
        }
    }
    chars.len()
}

/// Every path that a file names, `use` trees unfolded, `self` and `super` resolved to `crate::…`, with its line.
fn paths(module: &[String], tokens: &[Token]) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    let mut inner: Vec<(String, usize)> = Vec::new(); // inline modules and the depth of their braces
    let (mut depth, mut i) = (0, 0);
    while i < tokens.len() {
        if let Some(item) = after_cfg_test(tokens, i)
            && tokens.get(item).is_some_and(|t| t.text == "mod")
            && tokens.get(item + 2).is_some_and(|t| t.text == "{")
        {
            i = end_of_block(tokens, item + 2);
            continue;
        }
        let text = tokens[i].text.as_str();
        match text {
            "mod" if tokens.get(i + 2).is_some_and(|t| t.text == "{") => {
                inner.push((tokens[i + 1].text.clone(), depth));
                i += 1;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.retain(|(_, at)| *at < depth);
            }
            _ if is_word(text) && (i == 0 || tokens[i - 1].text != "::") => {
                let here: Vec<String> = module.iter().cloned().chain(inner.iter().map(|(m, _)| m.clone())).collect();
                let line = tokens[i].line;
                let (unfolded, next) = unfold(tokens, i, &[]);
                found.extend(unfolded.into_iter().map(|path| (resolve(path, &here), line)));
                i = next;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    found
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn end_of_block(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

/// The path that begins at `i`, or all paths of the tree `a::{b, c::{d, e}}` that does; and where it ends.
fn unfold(tokens: &[Token], mut i: usize, before: &[String]) -> (Vec<Vec<String>>, usize) {
    let mut path = before.to_vec();
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    loop {
        if text(i) == "{" && !before.is_empty() | (path.len() > before.len()) {
            let mut all = Vec::new();
            i += 1;
            while i < tokens.len() && text(i) != "}" {
                if [",", "as"].contains(&text(i)) {
                    i += if text(i) == "as" { 2 } else { 1 };
                    continue;
                }
                let (some, next) = unfold(tokens, i, &path);
                all.extend(some);
                i = next.max(i + 1);
            }
            return (all, i + 1);
        }
        if !is_word(text(i)) && text(i) != "*" {
            return (vec![path], i);
        }
        path.push(text(i).to_owned());
        i += 1;
        let goes_on = text(i) == "::" && (is_word(text(i + 1)) || ["{", "*"].contains(&text(i + 1)));
        if !goes_on {
            return (vec![path], i);
        }
        i += 1;
    }
}

/// `self` and `super` in terms of `crate`.
fn resolve(path: Vec<String>, here: &[String]) -> Vec<String> {
    let mut at = here.to_vec();
    let mut rest = path.as_slice();
    if rest[0] == "postdesk" {
        at.clear();
        rest = &rest[1..];
    } else if rest[0] != "self" && rest[0] != "super" {
        return path;
    }
    while let Some(first) = rest.first() {
        match first.as_str() {
            "self" => {}
            "super" => drop(at.pop()),
            _ => break,
        }
        rest = &rest[1..];
    }
    std::iter::once("crate".to_owned()).chain(at).chain(rest.iter().cloned()).collect()
}

/// What the checker says to one file.
fn wrong(name: &str, code: &str) -> Vec<String> {
    check(&[(name.to_owned(), format!("//! A job.\n{code}\n"))])
}

#[test]
fn seeded_violations_are_found() {
    for (name, code, said) in [
        ("src/model/x.rs", "use crate::parse::Message;", "src/model/x.rs:2: model must not name parse"),
        ("src/decide/route.rs", "use crate::{model::Ticket, store::Store};", "decide must not name store"),
        ("src/decide/route.rs", "use crate::{\n    model,\n    facts::{a, b as c},\n};", "decide must not name facts"),
        ("src/parse/mod.rs", "fn f() { super::facts::lookup() }", "parse must not name facts"),
        ("src/parse/a/b.rs", "use super::super::super::compose::texts;", "parse must not name compose"),
        ("src/facts/a.rs", "mod inner { use super::super::super::decide::x; }", "facts must not name decide"),
        ("src/compose/a.rs", "type A = crate::decide::B;", "compose must not name decide"),
        ("src/compose/a.rs", "use postdesk::outbox::B;", "compose must not name outbox"),
        ("src/config/mod.rs", "use crate::*;", "config must not name *"),
        ("src/outbox/a.rs", "use crate::inbound::x;", "outbox must not name inbound"),
        ("src/daemon/a.rs", "use crate::cli::x;", "daemon must not name cli"),
        ("src/decide/a.rs", "let now = jiff::Timestamp::now();", "decide must not say Timestamp::now"),
        ("src/store/a.rs", "use std::time::{Duration, SystemTime};", "store must not say SystemTime"),
        ("src/outbox/a.rs", "use std::time::{Duration, Instant};", "outbox must not say std::time::Instant"),
        ("src/store/a.rs", "use tokio::time::Instant;", "store must not say Instant"),
        ("src/model/a.rs", "getrandom::fill(&mut x)", "model must not say getrandom"),
        ("src/daemon/a.rs", "use rusqlite::Connection;", "daemon must not say rusqlite"),
        ("src/daemon/a.rs", "async_imap::Client::new(s)", "daemon must not say async_imap"),
        ("src/inbound/a.rs", "use lettre::Message;", "inbound must not say lettre"),
        ("src/facts/a.rs", "use ::mail_parser::Message;", "facts must not say mail_parser"),
        ("src/compose/a.rs", "use std::{fs, io};", "compose must not say std::fs"),
        ("src/parse/a.rs", "tracing::warn!(\"x\");", "parse must not say tracing"),
        ("src/parse/a.rs", "#[tokio::main]", "parse must not say tokio"),
        ("src/web/mod.rs", "fn f() {}", "no floor is known"),
        ("src/cli/a.rs", "fn f() { todo!() }", "todo! is left"),
        ("tests/a.rs", "fn f() { unimplemented!(\"x\") }", "unimplemented! is left"),
        ("src/cli/a.rs", &"\n".repeat(500), "502 lines"),
    ] {
        let found = wrong(name, code);
        assert!(found.len() == 1 && found[0].contains(said), "{name}: {code}: expected {said}, found {found:?}");
    }
    let no_job = check(&[("src/cli/a.rs".to_owned(), "// A job.\n".to_owned())]);
    assert_eq!(no_job, ["src/cli/a.rs:1: the first line does not say the file's job (//!)"]);
}

#[test]
fn what_is_allowed_is_not_complained_about() {
    for (name, code) in [
        (
            "src/decide/a.rs",
            "use crate::model::{self, desk::{Agent, Group}, *}; use super::route; use crate::{model as parse};",
        ),
        (
            "src/decide/a.rs",
            "// use crate::store;\n/* crate::store /* nested */ crate::store */ let s = \"crate::store\";",
        ),
        ("src/decide/a.rs", "let s = r#\"\" crate::store \"#; let c = '\"'; let d = '\\''; fn f<'a>(x: &'a str) {}"),
        ("src/decide/mod.rs", "#[cfg(test)]\nmod tests { use crate::parse::parse; fn f() { std::fs::read(\"x\"); } }"),
        ("src/parse/mod.rs", "mod facts {} use self::facts::x; pub(crate) use words; pub(super) fn f() {}"),
        ("src/parse/a.rs", "mod inner { use super::super::text; } use super::text::facts;"),
        ("src/outbox/a.rs", "use tokio::time::{Instant, sleep}; use crate::store::Store; let x = store::Store;"),
        ("src/config/keys.rs", "getrandom::fill(&mut x); std::fs::read(y);"),
        ("src/cli/a.rs", "use crate::{daemon, store::Store}; let now = Timestamp::now(); let r#match = 1;"),
        ("src/main.rs", "fn main() { postdesk::cli::main() }"),
        ("tests/a.rs", "use rusqlite::Connection; use postdesk::store; fn f() { Timestamp::now(); }"),
    ] {
        assert_eq!(wrong(name, code), [""; 0], "{name}: {code}");
    }
    let test_file = check(&[
        ("src/parse/mod.rs".to_owned(), "//! A.\n#[cfg(test)]\nmod golden;\n".to_owned()),
        ("src/parse/golden.rs".to_owned(), "//! B.\nuse std::fs;\n".to_owned()),
    ]);
    assert_eq!(test_file, [""; 0]);
}

#[test]
fn every_pure_room_names_model_only() {
    for room in PURE {
        let (_, allowed) = FLOORS.iter().find(|(r, _)| *r == room).expect("has a floor");
        assert!(allowed.iter().all(|a| *a == "model"), "{room}");
        for word in ["tokio", "std::fs", "tracing", "Timestamp::now", "getrandom", "rusqlite"] {
            let (_, rooms) = WORDS.iter().find(|(w, _)| *w == word).expect("is a rule");
            assert!(!rooms.contains(&room), "{room} may say {word}");
        }
    }
}

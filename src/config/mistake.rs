//! One mistake in the configuration, with its place, and how it is printed. A line of the file is shown only where its
//! key is known to hold nothing secret: a password written into the wrong place must not reach a terminal or a log.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::model::text::is_bidi_control;

/// Something wrong in the configuration, or (a hint) something that an operator should know about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    pub file: PathBuf,
    /// From 1; 0 where the mistake has no place in the file.
    pub line: usize,
    /// In characters, from 1; 0 where the mistake has no place in the file.
    pub column: usize,
    /// The key's path, such as `mailbox.imap.tls`; empty where the file as a whole is meant.
    pub key: String,
    pub message: String,
    pub hint: Option<String>,
    /// What is wrong is that whoever asks may not read a file: somebody else's configuration is sound all the same.
    #[serde(skip)]
    pub forbidden: bool,
    #[serde(skip)]
    shown: Option<Shown>,
}

/// The part of a source line that may be shown, and how many characters to underline.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    line: String,
    width: usize,
}

/// The file as it was read, to find places in it.
pub struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    /// Names of keys whose values may be shown.
    pub public_keys: Vec<&'static str>,
}

impl Mistake {
    /// A mistake that has no place in the file.
    pub fn about(path: &Path, message: impl Into<String>, hint: Option<String>) -> Self {
        Mistake {
            file: path.to_owned(),
            line: 0,
            column: 0,
            key: String::new(),
            message: message.into(),
            hint,
            forbidden: false,
            shown: None,
        }
    }

    /// The same, in this line (from 1) of a file whose lines are not shown.
    pub fn at_line(self, line: usize) -> Self {
        Mistake { line, column: 1, ..self }
    }

    /// The same, where this is why.
    pub fn because_of(self, error: std::io::ErrorKind) -> Self {
        Mistake { forbidden: error == std::io::ErrorKind::PermissionDenied, ..self }
    }

    /// As text for a terminal, in the way of rustc; `kind` is `error` or `hint`.
    pub fn display(&self, kind: &'static str) -> impl fmt::Display + '_ {
        Printed { mistake: self, kind }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display("error").fmt(f)
    }
}

impl Source<'_> {
    /// A mistake at a place given in bytes, in a text that is TOML.
    pub fn mistake(&self, span: Range<usize>, key: &str, message: String, hint: Option<String>) -> Mistake {
        self.locate(span, key, message, hint, true)
    }

    /// A mistake in a text that is no TOML, so that nobody knows what its lines mean.
    pub fn slip(&self, span: Range<usize>, message: String, hint: Option<String>) -> Mistake {
        self.locate(span, "", message, hint, false)
    }

    fn locate(&self, span: Range<usize>, key: &str, message: String, hint: Option<String>, is_toml: bool) -> Mistake {
        let start = floor_char(self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let column = self.text[line_start..start].chars().count() + 1;
        let end = floor_char(self.text, span.end.clamp(start, line_end));
        let whole = self.text[line_start..line_end].trim_end();
        let line = printable(&self.public_part(line_start, whole, is_toml));
        let width = self.text[start..end].chars().count().max(1);
        let width = width.min((line.chars().count() + 1).saturating_sub(column)).max(1);
        // A caret beyond what may be shown would point at nothing.
        let shown = if column <= line.chars().count() + 1 { Some(Shown { line, width }) } else { None };
        Mistake {
            file: self.path.to_owned(),
            line: self.text[..line_start].matches('\n').count() + 1,
            column,
            key: key.to_owned(),
            message: printable(&message),
            hint: hint.as_deref().map(printable),
            forbidden: false,
            shown,
        }
    }

    /// The line where every key in it is a known one without secrets; else only what stands before the value.
    fn public_part(&self, line_start: usize, line: &str, is_toml: bool) -> String {
        if line.trim_start().starts_with('[') && !line.contains(['=', '"', '\'']) {
            return line.to_owned(); // the name of a table
        }
        let key = match line.split_once('=') {
            Some((key, _)) => Some(last_word(key)),
            // The line goes on with a value that began above; where it is no TOML, it may be anything.
            None if !is_toml => None,
            None => {
                self.text[..line_start].lines().rev().find_map(|l| l.split_once('=')).map(|(key, _)| last_word(key))
            }
        };
        let public = |key: &str| self.public_keys.contains(&key);
        let inner_keys_public = line.split('=').rev().skip(1).all(|part| public(last_word(part)));
        if key.is_some_and(public) && inner_keys_public {
            return line.to_owned();
        }
        match line.split_once('=') {
            Some((key, _)) => format!("{key}= …"),
            None => "…".to_owned(),
        }
    }
}

/// The last word of what stands before "=": of `{ from = 2026-01-01, until` it is `until`, of `mailbox.imap.tls` `tls`.
fn last_word(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(['"', '\'']);
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
    start.map_or(text, |i| text[i..].trim_start_matches(|c: char| !c.is_alphanumeric()))
}

/// Nothing that a terminal could obey. A tab is as wide as the terminal likes; one space keeps the caret in its place.
fn printable(text: &str) -> String {
    let seen = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || is_bidi_control(c) => '\u{FFFD}',
        c => c,
    };
    text.chars().map(seen).collect()
}

fn floor_char(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

struct Printed<'a> {
    mistake: &'a Mistake,
    kind: &'static str,
}

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = self.mistake;
        writeln!(f, "{}: {}", self.kind, m.message)?;
        if m.line == 0 {
            writeln!(f, "  --> {}", m.file.display())?;
        } else {
            let gutter = " ".repeat(m.line.to_string().len());
            writeln!(f, "{gutter}--> {}:{}:{}", m.file.display(), m.line, m.column)?;
            if let Some(shown) = &m.shown {
                writeln!(f, "{gutter} |\n{} | {}", m.line, shown.line)?;
                writeln!(f, "{gutter} | {}{}", " ".repeat(m.column - 1), "^".repeat(shown.width))?;
            }
            if !m.key.is_empty() {
                writeln!(f, "{gutter} = key: {}", m.key)?;
            }
        }
        if let Some(hint) = &m.hint {
            writeln!(f, "  = help: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, what: &str) -> String {
        let at = text.find(what).expect("is in the text");
        let source = Source { path: Path::new("c.toml"), text, public_keys: vec!["name", "from", "until", "words"] };
        source.mistake(at..at + what.len(), "k", "M".to_owned(), None).to_string()
    }

    #[test]
    fn a_caret_stands_under_its_place() {
        let text = "[desk]\nname = \"Ľubica\" # ok\n";
        assert_eq!(
            shown(text, "\"Ľubica\""),
            "error: M\n --> c.toml:2:8\n  |\n2 | name = \"Ľubica\" # ok\n  |        ^^^^^^^^\n  = key: k\n"
        );
    }

    #[test]
    fn nothing_that_a_terminal_could_obey_is_printed() {
        let printed = shown("name = \t\"\u{1b}[31m\u{202e}\"", "name");
        assert!(printed.contains("name =  \"\u{FFFD}[31m\u{FFFD}\""), "{printed:?}");
    }

    #[test]
    fn no_value_is_shown_that_may_be_secret() {
        for (text, at) in [
            ("pasword = \"hunter2\"", "pasword"),
            ("imap = { name = \"x\", pass = \"hunter2\" }", "name"),
            ("name = \"x\"\nsecret = \"\"\"\nhunter2\nx\"\"\"", "hunter2"),
            ("name = { from = 1, x = \"hunter2\" }", "from"),
            ("hunter2", "hunter2"),
            ("\"pass word\" = \"hunter2\"", "pass"),
        ] {
            let printed = shown(text, at);
            assert!(!printed.contains("hunter2"), "{printed}");
        }
        assert!(!shown("away = [{ from = 1, until = 2 }]", "1").contains("until"), "`away` is not public here");
        assert!(shown("words = [\n  \"x\",\n  3\n]", "3").contains("  3\n"));
    }
}

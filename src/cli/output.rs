//! How results are printed: tables on a terminal, plain columns in a pipe, JSON Lines; never raw text from mails.

mod table;

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::exit::{self, CliResult};
use crate::model::text::is_bidi_control;

pub use table::{Cell, Column, Table};

/// Where results go, and how they look there. Writing never fails at once: the first error is kept and nothing more is
/// written, until [`Out::finish`] tells of it. A reader who has seen enough (`| head`) is no error.
pub struct Out {
    to: Box<dyn Write>,
    failed: Option<io::Error>,
    look: Look,
}

/// What the place of the output can show.
#[derive(Clone, Debug)]
pub struct Look {
    /// A person looks at it: tables with a header, times of the desk's zone. Else TAB-separated columns without a
    /// header, times in UTC.
    pub terminal: bool,
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
    pub zone: TimeZone,
}

/// Width where a terminal does not tell its own.
const DEFAULT_WIDTH: usize = 100;

impl Look {
    /// How standard output is to be written to. Colour: only a terminal's, and <https://no-color.org>.
    pub fn of_stdout(zone: TimeZone) -> Self {
        let terminal = io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(w, _)| usize::from(w.0));
        Look { terminal, colour: terminal && !dumb && !set("NO_COLOR"), width: width.max(40), zone }
    }

    /// For a pipe.
    pub fn plain() -> Self {
        Look { terminal: false, colour: false, width: DEFAULT_WIDTH, zone: TimeZone::UTC }
    }

    /// A time as people read it here: to the minute in the desk's zone, or RFC 3339 in UTC.
    pub fn time(&self, at: Timestamp) -> String {
        if self.terminal { at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string() } else { rfc3339(at) }
    }

    pub fn time_or_none(&self, at: Option<Timestamp>) -> String {
        at.map(|at| self.time(at)).unwrap_or_default()
    }

    /// `text` (escaped already) in a tone, where there is colour.
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        match tone.code() {
            Some(code) if self.colour && !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// RFC 3339 in UTC, whole seconds: `2026-11-22T10:00:00Z`.
pub fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Bytes as people read them, in decimal units.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// What a piece of text means; terminals show it by colour, and no meaning rests on the colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Faint,
    Strong,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// The parameter of SGR (ECMA-48 section 8.3.117).
    fn code(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Faint => Some("2"),
            Tone::Strong => Some("1"),
            Tone::Good => Some("32"),
            Tone::Warn => Some("33"),
            Tone::Bad => Some("31"),
        }
    }
}

impl Out {
    pub fn stdout(zone: TimeZone) -> Self {
        Out::new(Box::new(io::BufWriter::new(io::stdout())), Look::of_stdout(zone))
    }

    pub fn new(to: Box<dyn Write>, look: Look) -> Self {
        Out { to, failed: None, look }
    }

    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Writes bytes as they are: only for what is meant for a file or a program.
    pub fn raw(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.to.write_all(bytes).err();
        }
    }

    /// A line of text that is escaped already, or the program's own.
    pub fn line(&mut self, text: &str) {
        self.raw(text.as_bytes());
        self.raw(b"\n");
    }

    /// One JSON value on a line.
    pub fn json(&mut self, value: &Value) {
        self.line(&json_line(value));
    }

    pub fn table(&mut self, table: &Table) {
        let text = table.render(&self.look);
        self.raw(text.as_bytes());
    }

    /// Tells how it went.
    pub fn finish(mut self) -> CliResult {
        if self.failed.is_none() {
            self.failed = self.to.flush().err();
        }
        match self.failed {
            None => Ok(ExitCode::SUCCESS),
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            Some(error) => Err(exit::fail(exit::IO, format!("Cannot write to standard output: {error}"))),
        }
    }
}

/// Compact JSON in which what a terminal could obey is written as `\uXXXX`: the same value to every reader (RFC 8259
/// section 7).
fn json_line(value: &Value) -> String {
    let text = value.to_string();
    if !text.chars().any(is_dangerous) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_dangerous(c) {
            // All of them lie in the basic plane, where UTF-16 has one unit a character.
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// What may not reach a terminal: control characters (C0, DEL, C1), those that turn the direction of writing, and the
/// separators that some programs take for line ends.
fn is_dangerous(c: char) -> bool {
    c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Text from outside on one line: everything that a terminal could obey is shown as an escape.
pub fn escape(text: &str) -> String {
    escape_but(text, |_| false)
}

/// The same for text of several lines: line breaks and TABs stay, and CR LF is one line break.
pub fn escape_text(text: &str) -> String {
    escape_but(&text.replace("\r\n", "\n"), |c| matches!(c, '\n' | '\t'))
}

fn escape_but(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if keep(c) || !is_dangerous(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terminal(width: usize, colour: bool) -> Look {
        Look { terminal: true, colour, width, zone: TimeZone::get("Europe/Bratislava").expect("is bundled") }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_an_escape() {
        assert_eq!(escape("a\x1b[31mred\x07"), r"a\x1b[31mred\x07");
        assert_eq!(escape("C1: \u{9b}31m, DEL: \u{7f}"), r"C1: \u{9b}31m, DEL: \x7f");
        assert_eq!(escape("two\nlines\r\n\tand\0"), r"two\nlines\r\n\tand\x00");
        assert_eq!(escape("exe.\u{202e}gpj\u{2066}\u{feff}"), r"exe.\u{202e}gpj\u{2066}\u{feff}");
        assert_eq!(escape("Žofia 👩‍🔧 印刷"), "Žofia 👩‍🔧 印刷");
        assert_eq!(escape_text("a\r\nb\tc\rd\x1b]0;x\x07\n"), "a\nb\tc\\rd\\x1b]0;x\\x07\n");
    }

    #[test]
    fn json_says_the_same_without_a_raw_control_character() {
        let value = serde_json::json!({"subject": "\u{9b}2J\u{7f}\u{202e}x\n\u{1b}"});
        let line = json_line(&value);
        assert_eq!(line, r#"{"subject":"\u009b2J\u007f\u202ex\n\u001b"}"#);
        assert_eq!(serde_json::from_str::<Value>(&line).expect("is JSON"), value);
    }

    #[test]
    fn times_are_the_desks_for_people_and_utc_for_programs() {
        let at: Timestamp = "2026-11-22T23:30:00.25Z".parse().expect("valid");
        assert_eq!(terminal(80, false).time(at), "2026-11-23 00:30");
        assert_eq!(Look::plain().time(at), "2026-11-22T23:30:00Z");
        assert_eq!(Look::plain().time_or_none(None), "");
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_ends_quietly_and_a_full_disk_does_not() {
        let mut out = Out::new(Box::new(Failing(io::ErrorKind::BrokenPipe)), Look::plain());
        out.line("x");
        assert!(out.finish().is_ok());
        let mut out = Out::new(Box::new(Failing(io::ErrorKind::StorageFull)), Look::plain());
        out.line("x");
        assert_eq!(out.finish().map_err(|f| f.code), Err(exit::IO));
    }

    proptest! {
        #[test]
        fn no_text_brings_a_control_character_to_a_terminal(s in any::<String>()) {
            prop_assert!(!escape(&s).chars().any(is_dangerous));
            prop_assert!(!escape_text(&s).chars().any(|c| is_dangerous(c) && c != '\n' && c != '\t'));
        }
    }
}

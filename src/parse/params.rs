//! Content-Type and Content-Disposition: a word and its parameters (RFC 2045 section 5.1, RFC 2183, RFC 2231).

use super::charset::{self, Hint};
use super::words;

/// A parsed value: `multipart/mixed; boundary=x`.
#[derive(Clone, Debug, Default)]
pub struct Value {
    /// Lower case, without parameters.
    pub word: String,
    /// Name in lower case, decoded value.
    pub params: Vec<(String, String)>,
}

impl Value {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// One segment of a parameter (RFC 2231 section 3), not yet put together.
struct Segment {
    name: String,
    index: u32,
    extended: bool,
    value: String,
}

/// Most parameters of a field that are read.
const PARAMS_MAX: usize = 200;

/// Reads an unfolded value.
pub fn parse(value: &str, hint: Hint) -> Value {
    let mut pieces = split(value).into_iter();
    let word: String = pieces
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '"')
        .collect::<String>()
        .to_ascii_lowercase();
    let word = word.split('(').next().unwrap_or_default().to_owned();
    let mut segments: Vec<Segment> = pieces.take(PARAMS_MAX).filter_map(|p| segment(&p)).collect();
    // A first piece such as `charset=utf-8` has no word before it.
    let word = if word.contains('=') { String::new() } else { word };
    segments.sort_by(|a, b| a.name.cmp(&b.name).then(a.index.cmp(&b.index)));
    let mut params: Vec<(String, String)> = Vec::new();
    for run in segments.chunk_by(|a, b| a.name == b.name) {
        if let Some(first) = run.first() {
            params.push((first.name.clone(), assemble(run, hint)));
        }
    }
    Value { word, params }
}

/// Cuts at semicolons outside quotes and comments; a quoted value keeps its quotes.
fn split(value: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut inside, mut escaped) = (false, false);
    for c in value.chars() {
        if escaped {
            escaped = false;
        } else if c == '\\' && inside {
            escaped = true;
        } else if c == '"' {
            inside = !inside;
        } else if c == ';' && !inside {
            pieces.push(String::new());
            continue;
        }
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}

fn segment(piece: &str) -> Option<Segment> {
    let (name, value) = piece.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let (name, extended) = match name.strip_suffix('*') {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    let (name, index) = match name.rsplit_once('*') {
        Some((base, digits)) => (base.to_owned(), digits.parse().ok()?),
        // The plain form comes before the segments of the extended one, so that these win below.
        None => (name, 0),
    };
    (!name.is_empty()).then(|| Segment { name, index, extended, value: unquote(value) })
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(rest) = value.strip_prefix('"') else {
        // A comment after a bare token: `charset=us-ascii (Plain text)`.
        let end = value.find(" (").unwrap_or(value.len());
        return value.get(..end).unwrap_or(value).trim_end().trim_end_matches('"').to_owned();
    };
    let mut out = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            // A Windows path in quotes: its backslashes escape nothing.
            '\\' => match chars.next() {
                Some(next @ ('"' | '\\')) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

fn assemble(run: &[Segment], hint: Hint) -> String {
    if !run.iter().any(|s| s.extended) {
        // The same parameter twice: the first counts. Numbered segments are joined.
        let mut distinct: Vec<&Segment> = run.iter().collect();
        distinct.dedup_by_key(|s| s.index);
        let joined: String = distinct.iter().map(|s| s.value.as_str()).collect();
        return words::decode(&joined, hint);
    }
    // `filename=` beside `filename*=`: the extended form wins (RFC 6266 section 4.3 says so for HTTP; senders mean it).
    let numbered = run.iter().any(|s| s.index > 0);
    let first_extended = run.iter().position(|s| s.extended).unwrap_or(0);
    let parts = if numbered { run } else { run.get(first_extended..first_extended + 1).unwrap_or(run) };
    let mut charset = String::new();
    let mut bytes = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let mut value = part.value.as_str();
        if part.extended {
            if i == 0
                && let Some((label, rest)) = value.split_once('\'')
            {
                charset = label.to_owned();
                value = rest.split_once('\'').map_or(rest, |(_, text)| text);
            }
            percent(value, &mut bytes);
        } else {
            bytes.extend_from_slice(value.as_bytes());
        }
    }
    charset::decode(Some(&charset), &bytes, hint).0
}

fn percent(value: &str, out: &mut Vec<u8>) {
    let bytes = value.as_bytes();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|p| std::str::from_utf8(p).ok());
        if let Some(value) = pair.filter(|_| b == b'%').and_then(|p| u8::from_str_radix(p, 16).ok()) {
            out.push(value);
            at += 3;
        } else {
            out.push(b);
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(value: &str) -> String {
        parse(value, Hint::default()).param("filename").unwrap_or_default().to_owned()
    }

    #[test]
    fn file_names_in_every_form() {
        assert_eq!(name("attachment; filename=a.pdf"), "a.pdf");
        assert_eq!(name("attachment; filename=my report.pdf; size=3"), "my report.pdf");
        assert_eq!(name("attachment; filename=\"a;b \\\"c\\\".pdf\""), "a;b \"c\".pdf");
        assert_eq!(name("attachment; filename*=utf-8''%C5%A1iv%C3%A1.pdf"), "šivá.pdf");
        assert_eq!(
            name("attachment; filename*0*=windows-1250''%9Aiv; filename*1*=%E1; filename*2=\".pdf\""),
            "šivá.pdf"
        );
        assert_eq!(name("attachment; filename*1=b; filename*0=a"), "ab");
        assert_eq!(name("attachment; filename=\"=?utf-8?Q?=C5=A1?= =?utf-8?Q?iv=C3=A1?=.pdf\""), "šivá.pdf");
        assert_eq!(name("attachment; filename=\"plain.pdf\"; filename*=utf-8''%C5%A1.pdf"), "š.pdf");
        assert_eq!(name("attachment; filename*0*=utf-8''%C5; filename*1*=%A1.pdf"), "š.pdf");
        assert_eq!(name("attachment; filename=\"C:\\temp\\x.doc\""), "C:\\temp\\x.doc");
    }

    #[test]
    fn words_and_parameters_with_dirt() {
        let value = parse("Multipart/Mixed; boundary=\"a b;c\";; charset", Hint::default());
        assert_eq!((value.word.as_str(), value.param("boundary")), ("multipart/mixed", Some("a b;c")));
        assert_eq!(
            parse("text/plain (a comment); charset=us-ascii (x)", Hint::default()).param("charset"),
            Some("us-ascii")
        );
    }
}

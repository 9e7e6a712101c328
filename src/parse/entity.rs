//! The tree of parts (RFC 2045, 2046), walked within bounds: what lies too deep or comes too often stays one opaque
//! leaf, is kept as it is, and is named. An attached message is always a leaf here; whoever needs its inside reads it as
//! an entity of its own, so that nesting can never exhaust the stack.

use crate::model::text::FILE_NAME_MAX;

use super::charset::Hint;
use super::params::{self, Value};
use super::scan::{self, Block};
use super::words;

/// Deepest nesting of multiparts that is opened.
pub const NESTING_MAX: usize = 20;
/// Most parts of one mail.
pub const PARTS_MAX: usize = 500;

/// One entity: a leaf, or a multipart with children.
#[derive(Clone, Debug, Default)]
pub struct Part<'a> {
    pub block: Block<'a>,
    pub kind: Value,
    pub disposition: Value,
    /// Content-ID without angle brackets.
    pub cid: Option<String>,
    /// Content-Transfer-Encoding as written.
    pub encoding: String,
    pub children: Vec<Part<'a>>,
}

impl<'a> Part<'a> {
    pub fn is_multipart(&self) -> bool {
        !self.children.is_empty()
    }

    /// Decoded file name, from either of the two fields; see [`file_name`].
    pub fn name(&self) -> Option<(String, bool)> {
        file_name(self.disposition.param("filename").or_else(|| self.kind.param("name"))?)
    }

    /// All leaves, in order.
    pub fn leaves<'s>(&'s self, out: &mut Vec<&'s Part<'a>>) {
        if self.children.is_empty() {
            out.push(self);
        }
        for child in &self.children {
            child.leaves(out);
        }
    }
}

/// A file name from outside: one line, at most [`FILE_NAME_MAX`] characters, and whether it was longer; None where nothing
/// is left.
pub fn file_name(name: &str) -> Option<(String, bool)> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let kept = shorten(name.trim());
    let cut = kept.len() < name.trim().len();
    (!kept.is_empty()).then_some((kept, cut))
}

/// At most [`FILE_NAME_MAX`] characters, the extension kept.
fn shorten(name: &str) -> String {
    if name.chars().count() <= FILE_NAME_MAX {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map(|(_, e)| e).filter(|e| e.chars().count() <= 10).unwrap_or_default();
    let room = FILE_NAME_MAX.saturating_sub(extension.chars().count() + 1);
    let stem: String = name.chars().take(room).collect();
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}

/// What is counted while a tree is walked.
struct Walk {
    hint: Hint,
    parts: usize,
    flags: Vec<&'static str>,
}

/// Reads an entity and all the parts in it. The second value names what was odd.
pub fn read(bytes: &[u8], hint: Hint) -> (Part<'_>, Vec<&'static str>) {
    let mut walk = Walk { hint, parts: 0, flags: Vec::new() };
    let part = walk.part(bytes, 0, "text/plain");
    (part, walk.flags)
}

impl Walk {
    fn part<'a>(&mut self, bytes: &'a [u8], depth: usize, default: &str) -> Part<'a> {
        self.parts += 1;
        let block = scan::entity(bytes);
        let mut part = Part { kind: self.field(&block, "Content-Type"), ..Part::default() };
        part.disposition = self.field(&block, "Content-Disposition");
        part.encoding = self.raw(&block, "Content-Transfer-Encoding");
        part.cid = Some(self.raw(&block, "Content-ID"))
            .filter(|c| !c.is_empty())
            .map(|c| c.trim_matches(['<', '>', ' ']).to_owned());
        part.kind.word = media_type(&part.kind.word, default);
        if depth > 0 && block.flags.contains(&scan::TOO_LARGE) {
            self.note("part-header-too-large");
        }
        part.block = block;
        if part.kind.word.starts_with("multipart/") {
            self.open(&mut part, depth);
        }
        part
    }

    fn open(&mut self, part: &mut Part<'_>, depth: usize) {
        if depth >= NESTING_MAX {
            self.note("nested-too-deep");
            return;
        }
        let body = part.block.body;
        let boundary = match part.kind.param("boundary").filter(|b| !b.is_empty()) {
            Some(boundary) => boundary.as_bytes().to_vec(),
            None => {
                self.note("multipart-without-boundary");
                match find_boundary(body) {
                    Some(boundary) => boundary.to_vec(),
                    None => return self.as_text(part),
                }
            }
        };
        let default = if part.kind.word == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let (mut pieces, mut closed) = split(body, &boundary, PARTS_MAX);
        if pieces.is_empty() {
            // The boundary is not the one that was announced.
            self.note("boundary-not-found");
            match find_boundary(body) {
                Some(found) => (pieces, closed) = split(body, found, PARTS_MAX),
                None => return self.as_text(part),
            }
        }
        if !closed {
            self.note("unclosed-multipart");
        }
        let count = pieces.len();
        for piece in pieces {
            if self.parts >= PARTS_MAX {
                self.note("too-many-parts");
                break;
            }
            part.children.push(self.part(piece, depth + 1, default));
        }
        if count >= PARTS_MAX {
            self.note("too-many-parts");
        }
    }

    /// A multipart that has no parts is read as text rather than lost.
    fn as_text(&mut self, part: &mut Part<'_>) {
        part.kind.word = "text/plain".to_owned();
    }

    fn field(&mut self, block: &Block<'_>, name: &str) -> Value {
        // Of two equal fields the first counts, unless it is empty.
        let field = block.all(name).find(|f| !f.value.trim_ascii().is_empty());
        field.map_or_else(Value::default, |f| {
            params::parse(&words::unfold(f.value, self.hint, &mut self.flags), self.hint)
        })
    }

    fn raw(&mut self, block: &Block<'_>, name: &str) -> String {
        block.first(name).map_or_else(String::new, |f| words::unfold(f.value, self.hint, &mut self.flags))
    }

    fn note(&mut self, flag: &'static str) {
        scan::note(&mut self.flags, flag);
    }
}

/// `type/subtype`, whatever the field said.
fn media_type(word: &str, default: &str) -> String {
    let valid = |w: &str| {
        w.split_once('/').is_some_and(|(t, s)| !t.is_empty() && !s.is_empty() && !s.contains('/')) && w.len() <= 127
    };
    match word {
        "" => default.to_owned(),
        "text" | "plain" | "text/" => "text/plain".to_owned(),
        "html" => "text/html".to_owned(),
        word if valid(word) => word.to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

/// The pieces between delimiter lines, at most `max`, and whether the closing delimiter was there. What follows the
/// closing one is no part, unless a delimiter begins one there all the same: a multipart inside had the same boundary.
fn split<'a>(body: &'a [u8], boundary: &[u8], max: usize) -> (Vec<&'a [u8]>, bool) {
    let mut pieces = Vec::new();
    let mut start: Option<usize> = None;
    let mut closed = false;
    let mut at = 0;
    while at < body.len() {
        let rest = body.get(at..).unwrap_or_default();
        let (line, len) = scan::line(rest);
        if let Some(closing) = delimiter(line, boundary) {
            if let Some(from) = start.take() {
                pieces.push(without_last_line_end(body.get(from..at).unwrap_or_default()));
            }
            if pieces.len() >= max {
                return (pieces, true);
            }
            closed = closing;
            start = (!closing).then_some(at + len);
        }
        at += len;
    }
    if let Some(from) = start {
        pieces.push(body.get(from..).unwrap_or_default());
    }
    (pieces, closed)
}

/// Whether a line is a delimiter of this boundary; true inside for the closing one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    if rest.starts_with(b"--") {
        return Some(true);
    }
    rest.iter().all(|b| matches!(b, b' ' | b'\t')).then_some(false)
}

fn without_last_line_end(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}

/// The boundary of a multipart that announces none or another: the first line that begins with two hyphens and is
/// followed by a header field.
fn find_boundary(body: &[u8]) -> Option<&[u8]> {
    let mut rest = body.get(..64 * 1024).unwrap_or(body);
    while !rest.is_empty() {
        let (line, len) = scan::line(rest);
        rest = rest.get(len..).unwrap_or_default();
        let name = line.strip_prefix(b"--").unwrap_or_default().trim_ascii_end();
        let next = scan::line(rest).0;
        if name.len() >= 3 && next.len() > 8 && next.get(..8).is_some_and(|n| n.eq_ignore_ascii_case(b"content-")) {
            return Some(name);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(part: &Part<'_>) -> String {
        if part.children.is_empty() {
            return part.kind.word.clone();
        }
        format!("{}({})", part.kind.word, part.children.iter().map(shape).collect::<Vec<_>>().join(","))
    }

    fn tree(bytes: &[u8]) -> (String, Vec<&'static str>) {
        let (part, flags) = read(bytes, Hint::default());
        (shape(&part), flags)
    }

    #[test]
    fn a_tree_is_read() {
        let mail = b"Content-Type: multipart/mixed; boundary=a\n\npreamble\n--a\nContent-Type: multipart/alternative;\n boundary=\"a b\"\n\n--a b\n\nplain\n--a b\nContent-Type: text/html\n\nhtml\n--a b--\n--a\nContent-Type: image/png\n\nx\n--a--\nepilogue";
        let (shape, flags) = tree(mail);
        assert_eq!(shape, "multipart/mixed(multipart/alternative(text/plain,text/html),image/png)");
        assert!(flags.is_empty(), "{flags:?}");
    }

    #[test]
    fn broken_multiparts_lose_nothing() {
        assert_eq!(tree(b"Content-Type: multipart/mixed\n\nhello").0, "text/plain");
        assert_eq!(
            tree(b"Content-Type: multipart/mixed; boundary=x\n\n--yyy\nContent-Type: text/html\n\nh\n--yyy--\n").0,
            "multipart/mixed(text/html)"
        );
        assert_eq!(tree(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\ncut off").1, ["unclosed-multipart"]);
        let twice = b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nHi\n--x--\n--x\nContent-Type: image/png\n\n1\n--x--\nepilogue";
        assert_eq!(tree(twice).0, "multipart/mixed(text/plain,text/plain,image/png)");
    }

    #[test]
    fn a_long_file_name_keeps_its_extension() {
        let name = shorten(&format!("{}.pdf", "ž".repeat(500)));
        assert!(name.chars().count() <= FILE_NAME_MAX && name.ends_with("ž.pdf"));
    }

    #[test]
    fn nesting_and_number_are_bounded() {
        let mut mail = Vec::new();
        for i in 0..5_000 {
            mail.extend_from_slice(format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n").as_bytes());
        }
        assert!(tree(&mail).1.contains(&"nested-too-deep"));
        let flood = [&b"Content-Type: multipart/mixed; boundary=b\n\n"[..], &b"--b\n\n".repeat(100_000)].concat();
        let (part, flags) = read(&flood, Hint::default());
        assert!(flags.contains(&"too-many-parts") && part.children.len() <= PARTS_MAX);
        let rfc822 = b"Content-Type: message/rfc822\n\n".repeat(100_000);
        assert_eq!(tree(&rfc822).0, "message/rfc822");
    }
}

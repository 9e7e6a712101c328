//! From the tree of parts to the text that a person reads, the HTML as sent, and the attachments.

use std::ops::Range;

use bytes::Bytes;

use crate::model::{Attachment, Digest, Span};

use super::charset::{self, Hint};
use super::cms;
use super::entity::{self, Part};
use super::flowed;
use super::html;
use super::lines::Line;
use super::quotation::armour;
use super::scan;
use super::tnef;
use super::transfer;
use super::uuencoded;

/// Longest text kept, in bytes.
pub const TEXT_MAX: usize = 1 << 20;
/// A text is cut at the end of a line where no more than this is lost by it, in bytes; else within the line.
const LINE_LOST_MAX: usize = 4096;
/// Longest body of a text part that is decoded, in bytes as sent.
const RAW_MAX: usize = 8 * TEXT_MAX;
/// Most attachments kept.
pub const ATTACHMENTS_MAX: usize = 100;
/// The flag of a mail that has more.
const TOO_MANY: &str = "too-many-attachments";

/// Most opaque signatures that are opened, within each other or beside each other.
const UNWRAPPED_MAX: usize = 3;

/// One stretch of text: as plain text, as HTML, or as both.
#[derive(Clone, Debug, Default)]
struct Piece {
    plain: Option<String>,
    html: Option<String>,
}

impl Piece {
    fn is_blank(&self) -> bool {
        [&self.plain, &self.html].into_iter().flatten().all(|text| text.trim().is_empty())
    }
}

/// What was found in a mail's body.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The text, line by line, with what is known of each.
    pub lines: Vec<Line>,
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    pub flags: Vec<&'static str>,
}

struct Reader<'a> {
    hint: Hint,
    kept: Option<Kept<'a>>,
    attachments: Vec<Attachment>,
    /// The text that a winmail.dat holds.
    wrapped: Piece,
    /// Signatures that were opened.
    unwrapped: usize,
    flags: Vec<&'static str>,
}

/// The mail as it is kept.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    pub digest: Digest,
    pub raw: &'a [u8],
}

impl Kept<'_> {
    /// Where these bytes stand in it; None where they are a copy.
    fn place_of(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let start = (bytes.as_ptr() as usize).checked_sub(self.raw.as_ptr() as usize)?;
        let range = start..start.checked_add(bytes.len())?;
        self.raw.get(range.clone()).is_some_and(|there| std::ptr::eq(there, bytes)).then_some(range)
    }
}

/// Reads the body of a mail. `kept`: the mail that it is the body of, where that is kept as it is.
pub fn read(root: &Part<'_>, hint: Hint, kept: Option<Kept<'_>>) -> Body {
    let wrapped = Piece::default();
    let mut reader = Reader { hint, kept, attachments: Vec::new(), wrapped, unwrapped: 0, flags: Vec::new() };
    let mut pieces = reader.gather(root, "", 0);
    if pieces.iter().all(Piece::is_blank) {
        pieces.push(std::mem::take(&mut reader.wrapped));
    }
    let mut body = Body::default();
    let mut room = TEXT_MAX;
    for piece in &pieces {
        if !body.lines.is_empty() {
            body.lines.push(Line::default());
        }
        let Shown { mut lines, cut } = shown(piece, room);
        let full = !fit(&mut lines, &mut room);
        let empty = lines.is_empty();
        body.lines.append(&mut lines);
        if empty {
            body.lines.pop();
        }
        if cut || full {
            reader.note("text-cut");
        }
        if full {
            break;
        }
    }
    if let Some(flag) = armour::flag(&body.lines) {
        reader.note(flag);
    }
    let html: Vec<&str> = pieces.iter().filter_map(|p| p.html.as_deref()).collect();
    let html = (!html.is_empty()).then(|| html.join("\n"));
    if html.as_ref().is_some_and(|html| html.len() > TEXT_MAX) {
        reader.note("html-cut");
    }
    body.html = html.map(|html| cut(&html, TEXT_MAX));
    body.attachments = reader.attachments;
    body.flags = reader.flags;
    body
}

/// Keeps as many lines as there is room for, and says whether that is all. Of a line for which there is none, the
/// beginning is kept: a log or a table that was pasted in may be a single line.
fn fit(lines: &mut Vec<Line>, room: &mut usize) -> bool {
    for (at, line) in lines.iter_mut().enumerate() {
        // As the text will have it: quote signs count.
        let length = line.written_length() + 1;
        if let Some(left) = room.checked_sub(length) {
            *room = left;
            continue;
        }
        let kept = line.text.floor_char_boundary(line.text.len().saturating_sub(length - *room));
        line.text.truncate(kept);
        let begins = *room > LINE_LOST_MAX;
        lines.truncate(if begins { at + 1 } else { at });
        return false;
    }
    true
}

/// What a piece is read as, and whether only its beginning is.
struct Shown {
    lines: Vec<Line>,
    cut: bool,
}

/// The plain text where there is one, else the HTML.
fn shown(piece: &Piece, room: usize) -> Shown {
    let of_html = |html: &str| Shown { lines: html::lines(&cut(html, TEXT_MAX)), cut: html.len() > TEXT_MAX };
    let rendered = || piece.html.as_deref().map(of_html).filter(|shown| !shown.lines.is_empty());
    let of_plain = |plain: &str| Shown { lines: super::lines::plain(&cut(plain, room)), cut: plain.len() > room };
    let Some(plain) = piece.plain.as_deref().filter(|p| !p.trim().is_empty()) else {
        return rendered().unwrap_or_else(|| of_plain(piece.plain.as_deref().unwrap_or_default()));
    };
    let mut shown = of_plain(plain);
    if is_placeholder(plain) {
        return rendered().filter(|html| html.lines.len() > shown.lines.len()).unwrap_or(shown);
    }
    let coloured = piece.html.as_deref().map(coloured).unwrap_or_default();
    for line in shown.lines.iter_mut().filter(|_| !coloured.is_empty()) {
        let text = squeeze(&line.text);
        line.coloured =
            !text.is_empty() && coloured.iter().any(|c| *c == text || text.len() >= 12 && c.contains(text.as_str()));
    }
    shown
}

/// Lines of an HTML document in a colour of their own, without white space: such answers are to be seen in the HTML alone.
fn coloured(html: &str) -> Vec<String> {
    if !html.contains("color") || html.len() > 256 * 1024 {
        return Vec::new();
    }
    html::lines(html).iter().filter(|l| l.coloured).map(|l| squeeze(&l.text)).take(200).collect()
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Which of related parts the others belong to (RFC 2387 section 3.2): the one that `start` names, else the first; where
/// that is a picture, the first text.
fn root(part: &Part<'_>) -> usize {
    let start = part.kind.param("start").map(|s| s.trim_matches(['<', '>', ' ']));
    let named = start.and_then(|start| part.children.iter().position(|c| c.cid.as_deref() == Some(start)));
    let text = |c: &Part<'_>| c.is_multipart() || c.kind.word.starts_with("text/");
    named.or_else(|| part.children.iter().position(text)).unwrap_or(0)
}

/// A document of HTML that nothing declares: scripts send such mails.
fn is_undeclared_html(part: &Part<'_>, text: &str) -> bool {
    let head = text.trim_start().get(..14).map(str::to_ascii_lowercase).unwrap_or_default();
    part.block.first("Content-Type").is_none() && (head.starts_with("<html") || head.starts_with("<!doctype html"))
}

/// "Your mail program does not show HTML": text that says nothing of its own.
fn is_placeholder(plain: &str) -> bool {
    let text = plain.trim();
    let lower = text.to_lowercase();
    text.len() < 400
        && lower.contains("html")
        && ["support", "view", "display", "podporuj", "zobraz", "prikaz", "client", "anzeig"]
            .iter()
            .any(|w| lower.contains(w))
}

/// At most `max` bytes, whole characters.
fn cut(text: &str, max: usize) -> String {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

impl Reader<'_> {
    /// The pieces of text below a part, in order; everything else becomes an attachment. `parent` is the type of the
    /// multipart around it, `index` the place in it.
    fn gather(&mut self, part: &Part<'_>, parent: &str, index: usize) -> Vec<Piece> {
        if !part.is_multipart() {
            return self.leaf(part, parent, index);
        }
        let kind = part.kind.word.as_str();
        if matches!(kind, "multipart/encrypted") {
            self.note("encrypted");
        }
        if matches!(kind, "multipart/signed") {
            self.note("signed");
        }
        let children = part.children.iter().enumerate();
        if kind != "multipart/alternative" {
            // The root of related parts counts as the first, wherever it stands.
            let root = if kind == "multipart/related" { root(part) } else { 0 };
            let place = |i: usize| if i == root { 0 } else { i.max(1) };
            return children.flat_map(|(i, child)| self.gather(child, kind, place(i))).collect();
        }
        let mut merged = Piece::default();
        for (i, child) in children {
            let pieces = self.gather(child, kind, i);
            let plain: Vec<String> = pieces.iter().filter_map(|p| p.plain.clone()).collect();
            let html: Vec<String> = pieces.iter().filter_map(|p| p.html.clone()).collect();
            if !plain.is_empty() && merged.plain.as_deref().is_none_or(|p| p.trim().is_empty()) {
                merged.plain = Some(plain.join("\n"));
            }
            if !html.is_empty() {
                merged.html = Some(html.join("\n"));
            }
        }
        vec![merged]
    }

    fn leaf(&mut self, part: &Part<'_>, parent: &str, index: usize) -> Vec<Piece> {
        let kind = part.kind.word.as_str();
        let name = part.name().map(|name| self.named(name));
        // A signature is no attachment that a person added.
        let signs = ["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"];
        if parent == "multipart/signed" && signs.contains(&kind) {
            return Vec::new();
        }
        let attached = part.disposition.word == "attachment";
        // RFC 8621 section 4.1.4 says which parts are the body.
        let first = index == 0 || (parent != "multipart/related" && name.is_none());
        let plain = matches!(kind, "text/plain" | "text/enriched" | "text/richtext")
            || parent.is_empty() && kind.starts_with("text/") && !matches!(kind, "text/html" | "text/calendar");
        let text = !attached && first && (plain || matches!(kind, "text/html" | "text/x-amp-html"));
        // Of a text no more is decoded than can be kept, so that memory stays near the mail's own size.
        let body = if text { part.block.body.get(..RAW_MAX).unwrap_or(part.block.body) } else { part.block.body };
        if body.len() < part.block.body.len() {
            self.note(if kind == "text/html" { "html-cut" } else { "text-cut" });
        }
        let decoded = transfer::decode(&part.encoding, body);
        if let Some(flag) = decoded.flag {
            self.note(flag);
        }
        if !text {
            let span = self
                .kept
                .and_then(|kept| Some(Span { mail: kept.digest, range: kept.place_of(body)?, form: decoded.form? }));
            return self.attach(part, name, decoded.bytes, span);
        }
        if kind == "text/x-amp-html" {
            return Vec::new();
        }
        let label = part
            .kind
            .param("charset")
            .map(str::to_owned)
            .or_else(|| (kind == "text/html").then(|| html::meta_charset(&decoded.bytes)).flatten());
        let (text, flag) = charset::decode(label.as_deref(), &decoded.bytes, self.hint);
        drop(decoded);
        if let Some(flag) = flag {
            self.note(flag);
        }
        let text = tidy(&text);
        if kind == "text/html" || is_undeclared_html(part, &text) {
            return vec![Piece { plain: None, html: Some(text) }];
        }
        let text = if part.kind.param("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed")) {
            flowed::unfold(&text, part.kind.param("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes")))
        } else {
            text
        };
        let text = match uuencoded::extract(&text) {
            Some((text, files)) => {
                for (name, bytes) in files {
                    let kind = "application/octet-stream".to_owned();
                    let name = entity::file_name(&name).map(|name| self.named(name));
                    self.push(attachment(kind, name, "attachment", None, bytes.into()));
                }
                text
            }
            None => text,
        };
        vec![Piece { plain: Some(text), html: None }]
    }

    /// Keeps a part as it is. The pieces are those of what a signature wraps.
    fn attach(&mut self, part: &Part<'_>, name: Option<String>, bytes: Vec<u8>, span: Option<Span>) -> Vec<Piece> {
        let kind = part.kind.word.clone();
        match kind.as_str() {
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                let content = cms::signed_content(&bytes).filter(|_| self.unwrapped < UNWRAPPED_MAX);
                let declared = part.kind.param("smime-type").is_some_and(|t| t.eq_ignore_ascii_case("signed-data"));
                self.note(if declared || content.is_some() { "signed" } else { "encrypted" });
                if let Some(content) = content {
                    self.unwrapped += 1;
                    drop(bytes);
                    let (inner, flags) = entity::read(&content, self.hint);
                    flags.into_iter().for_each(|flag| self.note(flag));
                    return self.gather(&inner, "", 0);
                }
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => {
                self.note("winmail-dat");
                if self.unpack(&bytes) {
                    return Vec::new();
                }
            }
            _ => {}
        }
        let disposition = match part.disposition.word.as_str() {
            "" if part.cid.is_some() => "inline",
            "" => "attachment",
            word => word,
        };
        let disposition = disposition.to_owned();
        let cid = part.cid.clone();
        self.push(Attachment { span, ..attachment(kind, name, &disposition, cid, bytes.into()) });
        Vec::new()
    }

    /// Takes the files and the text out of a winmail.dat. False where it has to be kept as it is: it could not be read to
    /// its end, or held nothing.
    fn unpack(&mut self, bytes: &[u8]) -> bool {
        let Some(unpacked) = tnef::unpack(bytes, self.hint) else {
            self.note("broken-winmail-dat");
            return false;
        };
        if unpacked.broken {
            self.note("broken-winmail-dat");
        }
        if unpacked.more {
            self.note(TOO_MANY);
        }
        let found = !unpacked.files.is_empty() || unpacked.text.is_some() || unpacked.html.is_some();
        for file in unpacked.files {
            let kind = Some(file.media_type).filter(|k| k.contains('/'));
            let kind = kind.unwrap_or_else(|| "application/octet-stream".to_owned());
            let disposition = if file.cid.is_some() { "inline" } else { "attachment" };
            let name = file.name.and_then(|n| entity::file_name(&n)).map(|name| self.named(name));
            self.push(attachment(kind, name, disposition, file.cid, Bytes::copy_from_slice(file.bytes)));
        }
        if self.wrapped.is_blank() {
            self.wrapped = Piece { plain: unpacked.text.map(|t| tidy(&t)), html: unpacked.html.map(|h| tidy(&h)) };
        }
        found && !unpacked.broken
    }

    /// A file name, of which it is noted where it was longer.
    fn named(&mut self, (name, cut): (String, bool)) -> String {
        if cut {
            self.note("file-name-cut");
        }
        name
    }

    fn push(&mut self, attachment: Attachment) {
        if self.attachments.len() >= ATTACHMENTS_MAX {
            self.note(TOO_MANY);
            return;
        }
        self.attachments.push(attachment);
    }

    fn note(&mut self, flag: &'static str) {
        scan::note(&mut self.flags, flag);
    }
}

fn attachment(
    kind: String,
    name: Option<String>,
    disposition: &str,
    cid: Option<String>,
    content: Bytes,
) -> Attachment {
    Attachment {
        name,
        media_type: kind,
        disposition: disposition.to_owned(),
        cid,
        size: content.len(),
        sha256: Digest::of(&content),
        content,
        span: None,
    }
}

/// One kind of line end; no NUL.
fn tidy(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, b) in bytes.iter().enumerate().filter(|(_, b)| matches!(b, b'\r' | 0)) {
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at + 1;
        if *b == b'\r' && bytes.get(from) != Some(&b'\n') {
            out.push('\n');
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

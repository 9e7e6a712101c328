//! winmail.dat: Outlook's own wrapping of attachments and formatted text (MS-OXTNEF), unpacked within bounds.
//!
//! A stream is a list of attributes; those about an attachment follow the one that begins it. Long and Unicode names
//! stand in property lists inside two of them ([`properties`]), formatted text in a compressed form ([`rtf`]).

mod cursor;
mod properties;
mod rtf;

use super::charset::{self, Hint};
use cursor::Cursor;
use properties::{Kind, Properties};

/// The first bytes of a stream.
const SIGNATURE: u32 = 0x223e_9f78;
/// Most attributes of a stream that are read.
const ATTRIBUTES_MAX: usize = 10_000;
/// Most files of a stream that are kept.
pub const FILES_MAX: usize = 100;

// Attribute tags (MS-OXTNEF section 2.1.3.3).
const OEM_CODE_PAGE: u32 = 0x0006_9007;
const BODY: u32 = 0x0002_800c;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACHMENT_BEGINS: u32 = 0x0006_9002;
const ATTACHMENT_TITLE: u32 = 0x0001_8010;
const ATTACHMENT_DATA: u32 = 0x0006_800f;
const ATTACHMENT_TRANSPORT_NAME: u32 = 0x0006_9001;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;

/// One file of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct File<'a> {
    pub name: Option<String>,
    /// As the sender's program said; empty where it did not.
    pub media_type: String,
    pub cid: Option<String>,
    pub bytes: &'a [u8],
}

/// What a stream holds.
#[derive(Debug, Default)]
pub struct Unpacked<'a> {
    pub files: Vec<File<'a>>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// The stream ends or breaks before its end: there may have been more.
    pub broken: bool,
    /// It has more files than are kept.
    pub more: bool,
}

/// What is known of one attachment while its attributes come in.
#[derive(Default)]
struct Pending<'a> {
    begun: bool,
    title: Option<&'a [u8]>,
    transport_name: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    properties: Properties<'a>,
}

/// Unpacks a stream; None where the bytes are none.
pub fn unpack(bytes: &[u8], hint: Hint) -> Option<Unpacked<'_>> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u32()? != SIGNATURE {
        return None;
    }
    cursor.u16()?;
    let mut out = Unpacked::default();
    let mut pending = Pending::default();
    let mut message = Properties::default();
    let (mut code_page, mut body) = (0u32, None);
    for count in 0.. {
        if cursor.is_empty() {
            break;
        }
        let attribute = if count < ATTRIBUTES_MAX { attribute(&mut cursor) } else { None };
        let Some((tag, data, whole)) = attribute else {
            out.broken = true;
            break;
        };
        out.broken |= !whole;
        match tag {
            OEM_CODE_PAGE => code_page = Cursor::new(data).u32().unwrap_or_default(),
            BODY => body = Some(data),
            MESSAGE_PROPERTIES => message = properties::read(data),
            ATTACHMENT_BEGINS => {
                finish(std::mem::take(&mut pending), code_page, hint, &mut out);
                pending.begun = true;
            }
            ATTACHMENT_TITLE => pending.title = Some(data),
            ATTACHMENT_TRANSPORT_NAME => pending.transport_name = Some(data),
            ATTACHMENT_DATA => pending.data = Some(data),
            ATTACHMENT_PROPERTIES => pending.properties = properties::read(data),
            _ => {}
        }
    }
    finish(pending, code_page, hint, &mut out);
    let code_page = message.code_page.unwrap_or(code_page);
    texts(&message, body, code_page, hint, &mut out);
    Some(out)
}

/// One attribute: its tag, its data, and whether all of it is there. Checksums are not judged: data with a wrong one is
/// what the sender has, and a reader that refuses it loses more.
fn attribute<'a>(cursor: &mut Cursor<'a>) -> Option<(u32, &'a [u8], bool)> {
    let level = cursor.u8()?;
    if !matches!(level, 1 | 2) {
        return None;
    }
    let tag = cursor.u32()?;
    let length = cursor.u32()? as usize;
    let whole = cursor.left() >= length;
    let data = cursor.take(length.min(cursor.left()))?;
    let summed = cursor.u16().is_some();
    Some((tag, data, whole && summed))
}

fn finish<'a>(pending: Pending<'a>, code_page: u32, hint: Hint, out: &mut Unpacked<'a>) {
    let Pending { begun, title, transport_name, data, properties: own } = pending;
    let bytes = own.data.or(data);
    if !begun && bytes.is_none() {
        return;
    }
    if out.files.len() >= FILES_MAX {
        out.more = true;
        return;
    }
    let page = own.code_page.unwrap_or(code_page);
    let old = |name: Option<&[u8]>| name.map(|n| words(n, page, hint));
    let name = [
        own.text(Kind::LongName, page, hint),
        own.text(Kind::Name, page, hint),
        old(transport_name),
        old(title),
        own.text(Kind::DisplayName, page, hint),
    ];
    let name = name.into_iter().flatten().map(|n| n.trim().to_owned()).find(|n| !n.is_empty());
    let cid = own.text(Kind::ContentId, page, hint).map(|c| c.trim_matches(['<', '>', ' ']).to_owned());
    let said = own.text(Kind::MediaType, page, hint).unwrap_or_default().trim().to_ascii_lowercase();
    let media_type = if own.embedded { "application/ms-tnef".to_owned() } else { said };
    out.files.push(File { name, media_type, cid: cid.filter(|c| !c.is_empty()), bytes: bytes.unwrap_or_default() });
}

/// The text of the message: as plain text, as HTML, or out of its RTF.
fn texts(message: &Properties<'_>, body: Option<&[u8]>, page: u32, hint: Hint, out: &mut Unpacked<'_>) {
    let full = |text: String| Some(text).filter(|t| !t.trim().is_empty());
    out.text = message.text(Kind::Text, page, hint).and_then(full);
    out.text = out.text.take().or_else(|| body.and_then(|b| full(words(b, page, hint))));
    out.html = message.text(Kind::Html, page, hint).and_then(full);
    if out.text.is_some() || out.html.is_some() {
        return;
    }
    if let Some(document) = message.rtf.and_then(rtf::decompress) {
        match rtf::read(&document, page, hint) {
            rtf::Read::Html(html) => out.html = full(html),
            rtf::Read::Text(text) => out.text = full(text),
        }
    }
}

/// A byte string up to its NUL in a Windows code page.
fn words(bytes: &[u8], code_page: u32, hint: Hint) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    in_code_page(bytes.get(..end).unwrap_or_default(), code_page, hint)
}

fn in_code_page(bytes: &[u8], code_page: u32, hint: Hint) -> String {
    let label = match code_page {
        65001 => "utf-8".to_owned(),
        20127 | 0 => String::new(),
        28591..=28606 => format!("iso-8859-{}", code_page - 28590),
        20866 => "koi8-r".to_owned(),
        21866 => "koi8-u".to_owned(),
        page => format!("cp{page}"),
    };
    charset::decode(Some(&label), bytes, hint).0
}

#[cfg(test)]
mod tests;

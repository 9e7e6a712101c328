//! Property lists of winmail.dat (MS-OXTNEF section 2.1.3.4, property types of MS-OXCDATA section 2.11.1).

use super::super::charset::Hint;
use super::cursor::Cursor;

/// Most properties of a list that are read.
const PROPERTIES_MAX: usize = 5_000;

/// A property with text that is of use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Html,
    Name,
    LongName,
    DisplayName,
    MediaType,
    ContentId,
}

fn kind(id: u16) -> Option<Kind> {
    Some(match id {
        0x1000 => Kind::Text,
        0x1013 => Kind::Html,
        0x3001 => Kind::DisplayName,
        0x3704 => Kind::Name,
        0x3707 => Kind::LongName,
        0x370e => Kind::MediaType,
        0x3712 => Kind::ContentId,
        _ => return None,
    })
}

const RTF: u16 = 0x1009;
const ATTACHED_DATA: u16 = 0x3701;
const INTERNET_CODE_PAGE: u16 = 0x3fde;
const MESSAGE_CODE_PAGE: u16 = 0x3ffd;

// Property types.
const STRING: u16 = 0x001e;
const UNICODE: u16 = 0x001f;
const BINARY: u16 = 0x0102;
const OBJECT: u16 = 0x000d;
const MANY: u16 = 0x1000;

/// What an attached object that is itself a message begins with: the identifier of IMessage.
const MESSAGE_OBJECT: [u8; 16] = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

/// The properties of a list that are of use here.
#[derive(Debug, Default)]
pub struct Properties<'a> {
    texts: Vec<(Kind, u16, &'a [u8])>,
    pub rtf: Option<&'a [u8]>,
    pub data: Option<&'a [u8]>,
    /// `data` is a message, as a stream of its own.
    pub embedded: bool,
    pub code_page: Option<u32>,
}

impl Properties<'_> {
    /// A text; where it stands as Unicode and as bytes, the Unicode.
    pub fn text(&self, wanted: Kind, code_page: u32, hint: Hint) -> Option<String> {
        let mut found = self.texts.iter().filter(|(kind, _, _)| *kind == wanted);
        let (_, kind, bytes) = found.clone().find(|(_, kind, _)| *kind == UNICODE).or_else(|| found.next())?;
        Some(match *kind {
            UNICODE => {
                let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
                String::from_utf16_lossy(&units)
            }
            _ => super::words(bytes, code_page, hint),
        })
    }
}

/// Reads a list, as far as it can be read.
pub fn read(bytes: &[u8]) -> Properties<'_> {
    let mut out = Properties::default();
    let mut cursor = Cursor::new(bytes);
    let count = cursor.u32().unwrap_or_default() as usize;
    for _ in 0..count.min(PROPERTIES_MAX) {
        if one(&mut cursor, &mut out).is_none() {
            break;
        }
    }
    out
}

fn one<'a>(cursor: &mut Cursor<'a>, out: &mut Properties<'a>) -> Option<()> {
    let (kind, id) = (cursor.u16()?, cursor.u16()?);
    if id >= 0x8000 {
        name(cursor)?;
    }
    let value = value(cursor, kind)?;
    let number = || Some(u32::from_le_bytes(value.get(..4)?.try_into().ok()?)).filter(|page| *page != 0);
    match id {
        RTF if kind == BINARY => out.rtf = Some(value),
        ATTACHED_DATA if kind == BINARY => out.data = Some(value),
        ATTACHED_DATA if kind == OBJECT => {
            // An object's identifier comes before its content.
            out.embedded = value.starts_with(&MESSAGE_OBJECT);
            out.data = value.get(16..);
        }
        // The code page of the text is told by the one, that of names by the other; both by either where one is absent.
        INTERNET_CODE_PAGE => out.code_page = out.code_page.or(number()),
        MESSAGE_CODE_PAGE => out.code_page = number().or(out.code_page),
        id if matches!(kind, STRING | UNICODE | BINARY) => {
            out.texts.extend(self::kind(id).map(|found| (found, kind, value)));
        }
        _ => {}
    }
    Some(())
}

/// A named property's set and name, which say nothing here.
fn name(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(16)?;
    match cursor.u32()? {
        0 => cursor.u32().map(drop),
        _ => {
            let length = cursor.u32()? as usize;
            padded(cursor, length).map(drop)
        }
    }
}

/// A property's value; of several the first.
fn value<'a>(cursor: &mut Cursor<'a>, kind: u16) -> Option<&'a [u8]> {
    let single = kind & !MANY;
    let variable = matches!(single, STRING | UNICODE | BINARY | OBJECT);
    let count = if variable || kind & MANY != 0 { cursor.u32()? as usize } else { 1 };
    let mut first = None;
    for _ in 0..count {
        let length = match single {
            _ if variable => cursor.u32()? as usize,
            0x0001 => 0,
            0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => 4,
            0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => 8,
            0x0048 => 16,
            _ => return None,
        };
        if length == 0 && !variable {
            return Some(&[]);
        }
        let found = padded(cursor, length)?;
        first = first.or(Some(found));
    }
    Some(first.unwrap_or_default())
}

/// Bytes that are filled up to a multiple of four; the filling may be missing at the very end.
fn padded<'a>(cursor: &mut Cursor<'a>, length: usize) -> Option<&'a [u8]> {
    let found = cursor.take(length)?;
    cursor.take((length.wrapping_neg() & 3).min(cursor.left()))?;
    Some(found)
}

//! The formatted text of winmail.dat: compressed RTF (MS-OXRTFCP), and what a reader needs of RTF itself: its text, or
//! the HTML that Exchange wrapped into it (MS-OXRTFEX).

use super::super::charset::Hint;
use super::cursor::Cursor;
use super::in_code_page;

/// Longest document that is unpacked, in bytes.
const DOCUMENT_MAX: usize = 4 << 20;
/// Longest text that is taken out of one, in bytes.
const TEXT_MAX: usize = 1 << 20;
/// Deepest nesting of groups.
const DEPTH_MAX: usize = 1_000;

const COMPRESSED: u32 = 0x7546_5a4c;
const PLAIN: u32 = 0x414c_454d;

/// What the window holds before the first byte.
const WINDOW: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Unpacks a document.
pub fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(bytes);
    cursor.u32()?;
    let size = (cursor.u32()? as usize).min(DOCUMENT_MAX);
    let kind = cursor.u32()?;
    cursor.u32()?;
    if kind == PLAIN {
        return Some(cursor.take(size.min(cursor.left()))?.to_vec());
    }
    if kind != COMPRESSED {
        return None;
    }
    let mut window = [b' '; 4096];
    window.get_mut(..WINDOW.len())?.copy_from_slice(WINDOW);
    let mut at = WINDOW.len();
    let mut out = Vec::new();
    let mut push = |byte: u8, at: &mut usize, window: &mut [u8; 4096]| {
        out.push(byte);
        window[*at] = byte;
        *at = (*at + 1) & 0xfff;
        out.len() < size
    };
    'document: while let Some(control) = cursor.u8() {
        for bit in 0..8 {
            if control & 1 << bit == 0 {
                let Some(byte) = cursor.u8() else { break 'document };
                if !push(byte, &mut at, &mut window) {
                    break 'document;
                }
                continue;
            }
            let (Some(high), Some(low)) = (cursor.u8(), cursor.u8()) else { break 'document };
            let reference = usize::from(high) << 8 | usize::from(low);
            let (from, length) = (reference >> 4, (reference & 0xf) + 2);
            if from == at {
                break 'document;
            }
            for i in 0..length {
                let byte = window[(from + i) & 0xfff];
                if !push(byte, &mut at, &mut window) {
                    break 'document;
                }
            }
        }
    }
    Some(out)
}

/// What a document is.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    Html(String),
    Text(String),
}

/// A group's state, restored at its end.
#[derive(Clone, Copy)]
struct Group {
    /// Nothing in it is text.
    skipped: bool,
    /// It holds a piece of the wrapped HTML.
    tag: bool,
    /// RTF's own rendering of the HTML, which readers of HTML pass over.
    rendering: bool,
    /// Characters that follow a `\u` for old readers.
    fallback: usize,
}

struct Reader {
    out: String,
    /// Bytes of the code page that are not decoded yet.
    bytes: Vec<u8>,
    code_page: u32,
    hint: Hint,
    html: bool,
    group: Group,
    /// Fallback characters still to be passed over.
    skip: usize,
}

/// Reads a document.
pub fn read(document: &[u8], code_page: u32, hint: Hint) -> Read {
    let group = Group { skipped: false, tag: false, rendering: false, fallback: 1 };
    let mut reader = Reader { out: String::new(), bytes: Vec::new(), code_page, hint, html: false, group, skip: 0 };
    let mut groups: Vec<Group> = Vec::new();
    let mut cursor = Cursor::new(document);
    while let Some(byte) = cursor.u8() {
        if reader.out.len() + reader.bytes.len() > TEXT_MAX {
            break;
        }
        match byte {
            b'{' if groups.len() < DEPTH_MAX => groups.push(reader.group),
            b'{' => break,
            b'}' => {
                reader.flush();
                reader.skip = 0;
                match groups.pop() {
                    Some(group) => reader.group = group,
                    None => break,
                }
            }
            b'\\' => reader.control(&mut cursor),
            b'\r' | b'\n' => {}
            byte => reader.byte(byte),
        }
    }
    reader.flush();
    if reader.html { Read::Html(reader.out) } else { Read::Text(reader.out) }
}

impl Reader {
    fn shows(&self) -> bool {
        let rendering = self.html && self.group.rendering && !self.group.tag;
        !self.group.skipped && !rendering
    }

    fn byte(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.shows() {
            self.bytes.push(byte);
        }
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.out.push_str(&in_code_page(&self.bytes, self.code_page, self.hint));
            self.bytes.clear();
        }
    }

    fn push(&mut self, text: &str) {
        self.skip = 0;
        if self.shows() {
            self.flush();
            self.out.push_str(text);
        }
    }

    /// What follows a backslash.
    fn control(&mut self, cursor: &mut Cursor<'_>) {
        let Some(first) = cursor.u8() else { return };
        if !first.is_ascii_alphabetic() {
            match first {
                b'\'' => {
                    let pair = cursor.take(2).and_then(|p| std::str::from_utf8(p).ok());
                    if let Some(byte) = pair.and_then(|p| u8::from_str_radix(p, 16).ok()) {
                        self.byte(byte);
                    }
                }
                b'*' => self.destination(cursor),
                b'~' => self.push("\u{a0}"),
                b'_' => self.push("-"),
                b'\r' | b'\n' => self.push("\n"),
                b'\\' | b'{' | b'}' => self.byte(first),
                _ => {}
            }
            return;
        }
        let (word, number) = word(first, cursor);
        match word.as_str() {
            "ansicpg" => self.code_page = number.and_then(|n| u32::try_from(n).ok()).unwrap_or(self.code_page),
            "fromhtml" => self.html = true,
            "htmlrtf" => {
                self.flush();
                self.group.rendering = number != Some(0);
            }
            "uc" => self.group.fallback = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(16),
            "u" => {
                // Signed 16 bits; what UTF-16 takes two of comes as two.
                let unit = number.and_then(|n| u16::try_from(n & 0xffff).ok()).unwrap_or_default();
                let text = char::from_u32(u32::from(unit)).map_or_else(String::new, String::from);
                self.push(&text);
                self.skip = self.group.fallback;
            }
            "par" | "line" | "sect" | "page" | "row" => self.push("\n"),
            "tab" | "cell" => self.push("\t"),
            "emdash" => self.push("—"),
            "endash" => self.push("–"),
            "bullet" => self.push("•"),
            "lquote" => self.push("‘"),
            "rquote" => self.push("’"),
            "ldblquote" => self.push("“"),
            "rdblquote" => self.push("”"),
            "fonttbl" | "colortbl" | "stylesheet" | "info" | "pict" | "header" | "footer" | "headerl" | "headerr"
            | "footerl" | "footerr" | "object" | "fldinst" | "filetbl" | "listtable" | "themedata" => {
                self.group.skipped = true;
            }
            "bin" => {
                let length = number.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
                cursor.take(length.min(cursor.left()));
            }
            _ => {}
        }
    }

    /// `\*`: a group that whoever does not know its word passes over.
    fn destination(&mut self, cursor: &mut Cursor<'_>) {
        self.group.skipped = true;
        let Some(b'\\') = cursor.peek() else { return };
        cursor.u8();
        let Some(first) = cursor.u8().filter(u8::is_ascii_alphabetic) else { return };
        if word(first, cursor).0 == "htmltag" && self.html {
            self.flush();
            self.group = Group { skipped: false, tag: true, ..self.group };
        }
    }
}

/// A control word and its number; the one blank behind it belongs to it.
fn word(first: u8, cursor: &mut Cursor<'_>) -> (String, Option<i32>) {
    let mut word = String::from(char::from(first));
    while let Some(b) = cursor.peek().filter(|b| b.is_ascii_alphabetic() && word.len() < 32) {
        word.push(char::from(b));
        cursor.u8();
    }
    let mut digits = String::new();
    while let Some(b) =
        cursor.peek().filter(|b| (b.is_ascii_digit() || *b == b'-' && digits.is_empty()) && digits.len() < 11)
    {
        digits.push(char::from(b));
        cursor.u8();
    }
    if cursor.peek() == Some(b' ') {
        cursor.u8();
    }
    (word, digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_unpacked() {
        // MS-OXRTFCP section 4.1.1.
        let bytes = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0, 0x0a, 0, 0x72, 0x63,
            0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0, 0x20, 0x62, 0x77,
            0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(decompress(&bytes).expect("unpacked"), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    }

    fn text(document: &str) -> Read {
        read(document.as_bytes(), 0, Hint::default())
    }

    #[test]
    fn text_is_read_out_of_rtf() {
        let document = r"{\rtf1\ansi\ansicpg1250{\fonttbl{\f0 Arial;}}{\*\generator x;}\pard Dobr\'fd de\'f2\par \u382?iadam \{a\}\tab b}";
        assert_eq!(text(document), Read::Text("Dobrý deň\nžiadam {a}\tb".to_owned()));
    }

    #[test]
    fn wrapped_html_is_unwrapped() {
        let document = r"{\rtf1\ansi\ansicpg1250\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\f0 \htmlrtf0 \'9eiadam {\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 vás{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 \htmlrtf }\htmlrtf0 {\*\htmltag72 </p>}}";
        let Read::Html(html) = read(&encoding_rs::WINDOWS_1250.encode(document).0, 0, Hint::default()) else {
            panic!("no HTML")
        };
        assert_eq!(html, "<p>žiadam <b>vás</b></p>");
    }

    #[test]
    fn broken_documents_end() {
        for document in ["{\\rtf1 {{{{", "\\u", "\\'", "\\*\\", "}}}}", "{\\bin999999999 x}", "\\u99999999999999"] {
            text(document);
        }
        assert!(decompress(&[0xff; 64]).is_none());
        text(&"{".repeat(100_000));
    }
}

//! Encoded words (RFC 2047) and unfolding: a field's raw value → text.

use super::charset::{self, Hint};
use super::scan::note;
use super::transfer;

/// Longest field value that is decoded, in bytes.
pub const VALUE_MAX: usize = 64 * 1024;
/// The flag of a longer one.
pub const CUT: &str = "field-cut";

/// Unfolds a raw value (RFC 5322 section 2.2.3) and decodes its raw bytes; encoded words stay as they are.
pub fn unfold(raw: &[u8], hint: Hint, flags: &mut Vec<&'static str>) -> String {
    if raw.len() > VALUE_MAX {
        note(flags, CUT);
    }
    let raw = raw.get(..VALUE_MAX).unwrap_or(raw);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        match b {
            b'\r' | b'\n' => {}
            b'\t' => bytes.push(b' '),
            0 => {}
            b => bytes.push(b),
        }
    }
    if !bytes.is_ascii() {
        note(flags, "raw-8bit-header");
    }
    // ISO-2022-JP in a header is ASCII with escapes.
    if bytes.contains(&0x1b) {
        return charset::decode(Some("iso-2022-jp"), &bytes, hint).0.trim().to_owned();
    }
    charset::undeclared(&bytes, hint).trim().to_owned()
}

/// The text of an unstructured field: unfolded, encoded words decoded.
pub fn text(raw: &[u8], hint: Hint, flags: &mut Vec<&'static str>) -> String {
    decode(&unfold(raw, hint, flags), hint)
}

/// One encoded word, cut into its pieces.
struct Word<'a> {
    charset: &'a str,
    base64: bool,
    payload: &'a str,
    /// Bytes of the whole.
    len: usize,
}

fn word_at(text: &str) -> Option<Word<'_>> {
    let rest = text.strip_prefix("=?")?;
    let (charset, after) = rest.split_at_checked(rest.bytes().take(80).position(|b| b == b'?')?)?;
    if charset.is_empty() || charset.contains(char::is_whitespace) {
        return None;
    }
    let after = after.strip_prefix('?')?;
    let base64 = match after.as_bytes().first()? {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    let payload = after.get(1..)?.strip_prefix('?')?;
    // A quoted-printable payload may itself begin with `=`, so that `?=` right here is no end.
    let end = payload.find("?=")?;
    let end = if !base64 && end == 0 && payload.get(2..).is_some_and(|p| p.contains("?=")) && hex_pair(payload) {
        2 + payload.get(2..)?.find("?=")?
    } else {
        end
    };
    let len = text.len() - payload.len() + end + 2;
    // RFC 2231 section 5: the charset may carry a language.
    let charset = charset.split('*').next().unwrap_or(charset);
    Some(Word { charset, base64, payload: payload.get(..end)?, len })
}

fn hex_pair(payload: &str) -> bool {
    payload.as_bytes().get(2..4).is_some_and(|p| p.iter().all(u8::is_ascii_hexdigit))
}

/// Decodes the encoded words of a text. Words that stand next to each other in one charset are joined before they are
/// decoded, since senders split characters over them.
pub fn decode(text: &str, hint: Hint) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(first) = word_at(from) else {
            out.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
            continue;
        };
        let (bytes, charset, after) = join(first, from);
        out.push_str(&charset::decode(Some(charset), &bytes, hint).0);
        rest = after;
        // White space between two encoded words is not part of the text, whatever their charsets.
        let trimmed = rest.trim_start();
        if trimmed.starts_with("=?") && word_at(trimmed).is_some() {
            rest = trimmed;
        }
    }
    out.push_str(rest);
    out
}

/// The bytes of a run of words in one charset, and what follows it.
fn join<'a>(first: Word<'a>, text: &'a str) -> (Vec<u8>, &'a str, &'a str) {
    let charset = first.charset;
    let mut bytes = Vec::new();
    // Base 64 that was cut between words without regard to its groups of four.
    let mut open = String::new();
    let mut rest = text;
    let mut word = Some(first);
    while let Some(current) = word.take() {
        if current.base64 {
            open.push_str(current.payload);
            let symbols = open.bytes().filter(|b| !b.is_ascii_whitespace()).count();
            if open.ends_with('=') || symbols % 4 == 0 {
                bytes.extend(transfer::base64(open.as_bytes()).bytes);
                open.clear();
            }
        } else {
            close(&mut open, &mut bytes);
            bytes.extend(q(current.payload));
        }
        rest = rest.get(current.len..).unwrap_or_default();
        let next = rest.trim_start();
        if let Some(found) = word_at(next).filter(|w| w.charset.eq_ignore_ascii_case(charset)) {
            rest = next;
            word = Some(found);
        }
    }
    close(&mut open, &mut bytes);
    (bytes, charset, rest)
}

fn close(open: &mut String, bytes: &mut Vec<u8>) {
    if !open.is_empty() {
        bytes.extend(transfer::base64(open.as_bytes()).bytes);
        open.clear();
    }
}

/// The Q encoding: `_` is a space.
fn q(payload: &str) -> Vec<u8> {
    let spaced: Vec<u8> = payload.bytes().map(|b| if b == b'_' { b' ' } else { b }).collect();
    let mut out = Vec::with_capacity(spaced.len());
    let mut at = 0;
    while let Some(&b) = spaced.get(at) {
        let pair = spaced.get(at + 1..at + 3).and_then(|p| std::str::from_utf8(p).ok());
        match pair.and_then(|p| u8::from_str_radix(p, 16).ok()).filter(|_| b == b'=') {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(b);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        decode(text, Hint::default())
    }

    #[test]
    fn a_character_split_over_two_words_is_joined() {
        assert_eq!(read("=?utf-8?Q?=C5?= =?utf-8?Q?=A1iv=C3=A1?="), "šivá");
        assert_eq!(read("=?utf-8?B?xaFp?= =?UTF-8?B?dsOh?="), "šivá");
        assert_eq!(read("=?utf-8?B?xaF?= =?UTF-8?B?pdsOh?="), "šivá");
    }

    #[test]
    fn white_space_between_words_goes_and_stays_elsewhere() {
        assert_eq!(read("=?utf-8?Q?a?=  =?iso-8859-2?Q?=B9?= b =?x?Z?c?="), "aš b =?x?Z?c?=");
        assert_eq!(read("Re: =?utf-8?Q?a_b c?= d"), "Re: a b c d");
        assert_eq!(read("=?utf-8?Q?=3D?= x"), "= x");
        assert_eq!(read("broken =?utf-8?Q?abc"), "broken =?utf-8?Q?abc");
    }

    #[test]
    fn raw_bytes_are_read_in_the_charset_of_the_mail() {
        let hint = Hint { declared: charset::known("iso-8859-2"), tld: None };
        let mut flags = Vec::new();
        assert_eq!(text(b" Stre\xbenik\r\n ne dela", hint, &mut flags), "Strežnik ne dela");
        assert_eq!(flags, ["raw-8bit-header"]);
    }
}

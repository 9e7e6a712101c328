//! Content-Transfer-Encoding (RFC 2045 section 6), read leniently: what is truncated or dirty yields what can be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::model::content::Form;

/// Decoded bytes, and what was wrong.
pub struct Decoded {
    pub bytes: Vec<u8>,
    pub flag: Option<&'static str>,
    /// In which form the encoded bytes can be sent on, if they can.
    pub form: Option<Form>,
}

impl Decoded {
    fn of(bytes: Vec<u8>) -> Self {
        Decoded { bytes, flag: None, form: None }
    }

    /// What is not encoded.
    fn same(body: &[u8]) -> Self {
        Decoded { form: Some(Form::Octets), ..Decoded::of(body.to_vec()) }
    }
}

/// Decodes a body; an unknown encoding leaves it as it is.
pub fn decode(encoding: &str, body: &[u8]) -> Decoded {
    let word: String = encoding.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match word.as_str() {
        "base64" | "b64" => base64(body),
        "quotedprintable" | "qp" | "printable" => Decoded::of(quoted_printable(body)),
        "xuuencode" | "uuencode" | "xuue" | "uue" => uuencode(body),
        "" | "7bit" | "8bit" | "binary" => Decoded::same(body),
        _ => Decoded { flag: Some("unknown-transfer-encoding"), ..Decoded::same(body) },
    }
}

/// What stands in [`VALUES`] for a byte that is no digit of base 64.
const NO_DIGIT: u8 = 64;

/// The six bits that each byte stands for.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0u8;
    while (value as usize) < digits.len() {
        values[digits[value as usize] as usize] = value;
        value += 1;
    }
    values
};

fn base64_value(b: u8) -> Option<u32> {
    let value = VALUES[usize::from(b)];
    (value < NO_DIGIT).then_some(u32::from(value))
}

/// Decodes whole groups of four digits for as long as nothing else comes; what is left begins with something else.
fn base64_run<'a>(mut body: &'a [u8], bytes: &mut Vec<u8>) -> &'a [u8] {
    // A line of the usual length at once, if there is nothing else in it.
    let mut line = [0; 57];
    while let Some((digits, rest)) = body.split_first_chunk::<76>() {
        if STANDARD_NO_PAD.decode_slice(digits, &mut line).is_err() {
            break;
        }
        bytes.extend_from_slice(&line);
        body = rest;
    }
    while let Some((group, rest)) = body.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(|b| VALUES[usize::from(b)]);
        if (a | b | c | d) >= NO_DIGIT {
            break;
        }
        bytes.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        body = rest;
    }
    body
}

/// Base 64 in which foreign characters are passed over, padding may be missing, and several padded pieces may follow
/// each other.
pub fn base64(body: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut group, mut count, mut foreign) = (0u32, 0u8, false);
    let mut padded = false;
    // Nothing but digits, one padding at the end, and CR and LF.
    let mut clean = true;
    let (mut ended, mut digits) = (false, 0usize);
    let mut rest = body;
    loop {
        if count == 0 {
            let left = base64_run(rest, &mut bytes);
            padded &= left.len() == rest.len();
            clean &= !ended || left.len() == rest.len();
            digits += rest.len() - left.len();
            rest = left;
        }
        let Some((&b, left)) = rest.split_first() else { break };
        rest = left;
        if let Some(value) = base64_value(b) {
            group = (group << 6) | value;
            count += 1;
            padded = false;
            clean &= !ended;
            digits += 1;
            if count == 4 {
                bytes.extend_from_slice(&group.to_be_bytes()[1..]);
                (group, count) = (0, 0);
            }
        } else if b == b'=' {
            flush(&mut bytes, group, count);
            (group, count) = (0, 0);
            (padded, ended) = (true, true);
            digits += 1;
        } else if b.is_ascii_whitespace() {
            clean &= matches!(b, b'\r' | b'\n');
        } else {
            // Text after the padding is what a list or a scanner appended.
            if padded && b > b' ' {
                return Decoded { flag: Some("text-after-base64"), ..Decoded::of(bytes) };
            }
            foreign = true;
        }
    }
    let cut = count != 0;
    flush(&mut bytes, group, count);
    let flag = if foreign {
        Some("foreign-characters-in-base64")
    } else if cut {
        Some("truncated-base64")
    } else {
        None
    };
    clean &= flag.is_none() && digits == bytes.len().div_ceil(3) * 4;
    Decoded { bytes, flag, form: clean.then_some(Form::Digits) }
}

fn flush(bytes: &mut Vec<u8>, group: u32, count: u8) {
    match count {
        2 => bytes.push((group >> 4) as u8),
        3 => bytes.extend_from_slice(&((group >> 2) as u16).to_be_bytes()),
        _ => {}
    }
}

fn hex(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).map(|d| d as u8)
}

/// Quoted-printable; an `=` that begins no escape stands for itself.
pub fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(&b) = body.get(at) {
        if b != b'=' {
            // White space at the end of a line was added on the way (RFC 2045 section 6.7, rule 3).
            if b == b' ' || b == b'\t' {
                let run = body.get(at..).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                let next = body.get(at + run);
                if !matches!(next, Some(b'\r' | b'\n') | None) {
                    bytes.extend_from_slice(body.get(at..at + run).unwrap_or_default());
                }
                at += run;
                continue;
            }
            bytes.push(b);
            at += 1;
            continue;
        }
        let rest = body.get(at + 1..).unwrap_or_default();
        if let (Some(high), Some(low)) = (rest.first().copied().and_then(hex), rest.get(1).copied().and_then(hex)) {
            bytes.push(high << 4 | low);
            at += 3;
            continue;
        }
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        match (rest.get(blanks), rest.get(blanks + 1)) {
            (Some(b'\r'), Some(b'\n')) => at += blanks + 3,
            (Some(b'\n' | b'\r'), _) => at += blanks + 2,
            (None, _) => at += blanks + 1,
            _ => {
                bytes.push(b'=');
                at += 1;
            }
        }
    }
    bytes
}

fn uuencode(body: &[u8]) -> Decoded {
    let mut bytes = Vec::new();
    let mut inside = false;
    for line in body.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !inside {
            inside = line.starts_with(b"begin ");
            continue;
        }
        let Some((&length, rest)) = line.split_first() else { continue };
        if line == b"end" || length == b'`' {
            break;
        }
        let wanted = usize::from(length.wrapping_sub(32) & 63);
        let mut out = Vec::with_capacity(48);
        for group in rest.chunks(4) {
            let value =
                (0..4).fold(0u32, |v, i| v << 6 | u32::from(group.get(i).map_or(0, |b| b.wrapping_sub(32) & 63)));
            out.extend_from_slice(&value.to_be_bytes()[1..]);
        }
        out.truncate(wanted);
        bytes.extend_from_slice(&out);
    }
    if bytes.is_empty() {
        return Decoded { flag: Some("broken-uuencode"), ..Decoded::same(body) };
    }
    Decoded::of(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_however_dirty() {
        assert_eq!(base64(b"SGVs\r\nbG8=").bytes, b"Hello");
        assert_eq!(base64(b"SGVsbG8").bytes, b"Hello");
        assert_eq!(base64(b"SGVsbG8=SGVsbG8=").bytes, b"HelloHello");
        assert_eq!(base64(b"SGVsbG8=\r\n\r\n_____ list footer").bytes, b"Hello");
        assert_eq!(base64(b"SGVsb").flag, Some("truncated-base64"));
    }

    #[test]
    fn only_clean_base64_can_be_sent_on() {
        for clean in [&b""[..], b"SGVs\r\nbG8=\r\n", b"SGVs\nbG8=", b"SG\nVsbG8hIQ==\n", b"SGVsbG8h"] {
            assert_eq!(base64(clean).form, Some(Form::Digits), "{}", String::from_utf8_lossy(clean));
        }
        for dirty in [
            &b"SGVsbG8"[..],
            b"SGVsbG8=SGVsbG8=",
            b"SGVsbG8=SGVsbG8h",
            b"SGVs bG8=",
            b"SGVs\tbG8h",
            b"SGVs.bG8=",
            b"SGVsbG8=\r\n_____ list footer",
            b"SGVsbG8==",
            b"SGVsb",
            b"=",
        ] {
            assert_eq!(base64(dirty).form, None, "{}", String::from_utf8_lossy(dirty));
        }
    }

    #[test]
    fn quoted_printable_is_read_however_dirty() {
        assert_eq!(quoted_printable(b"a=3Db=\r\nc =\nd  \r\ne=zz="), b"a=bc d\r\ne=zz");
    }

    #[test]
    fn uuencode_is_read() {
        assert_eq!(decode("x-uuencode", b"begin 644 a\n%2&5L;&\\\n`\nend\n").bytes, b"Hello");
    }
}

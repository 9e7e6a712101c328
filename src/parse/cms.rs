//! The content of an opaquely signed mail (S/MIME, RFC 8551 section 3.5.2): it stands readable inside the signature's own
//! wrapping (CMS SignedData, RFC 5652), in BER of definite or indefinite length. The signature itself is not judged.

/// Deepest nesting of constructed strings.
const DEPTH_MAX: usize = 8;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;
/// 1.2.840.113549.1.7.2 and .1: signedData, data.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

/// One element: its tag, its content, and what follows it. Of an indefinite length the content runs on to the end, and
/// whoever reads it stops at the two zero bytes.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// None where the length is indefinite: what follows is known only to whoever has read the content.
    rest: Option<&'a [u8]>,
}

fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if first == 0x80 {
        return Some(Element { tag, content: rest, rest: None });
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(d, _)| d.len() <= 4)?;
        (digits.iter().fold(0, |length, b| length << 8 | usize::from(*b)), rest)
    };
    // A stream that was cut off yields what is there.
    let (content, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    Some(Element { tag, content, rest: Some(rest) })
}

/// The content of an element with this tag at the beginning of `bytes`.
fn inside(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    element(bytes).filter(|e| e.tag == tag).map(|e| e.content)
}

/// What was signed; None where `bytes` are no SignedData with its content.
pub fn signed_content(bytes: &[u8]) -> Option<Vec<u8>> {
    let info = element(inside(bytes, SEQUENCE)?).filter(|e| e.tag == OBJECT_IDENTIFIER && e.content == SIGNED_DATA)?;
    let signed = inside(inside(info.rest?, CONTEXT_0)?, SEQUENCE)?;
    // Version, then the set of digest algorithms, then the content.
    let algorithms = element(element(signed)?.rest?)?;
    let content = inside(algorithms.rest?, SEQUENCE)?;
    let kind = element(content).filter(|e| e.tag == OBJECT_IDENTIFIER && e.content == DATA)?;
    let mut out = Vec::new();
    octets(inside(kind.rest?, CONTEXT_0)?, 0, &mut out)?;
    Some(out)
}

/// Collects a string of octets, in one piece or in many. Gives what follows it.
fn octets<'a>(bytes: &'a [u8], depth: usize, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let found = element(bytes)?;
    match found.tag {
        OCTETS => {
            out.extend_from_slice(found.content);
            found.rest
        }
        OCTETS_IN_PIECES if depth < DEPTH_MAX => {
            let mut left = found.content;
            while !left.is_empty() && !left.starts_with(&[0, 0]) {
                match octets(left, depth + 1, out) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
            found.rest.or_else(|| left.get(2..))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[tag, 0x82][..], &length, content].concat()
    }

    fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80][..], content, &[0, 0]].concat()
    }

    fn wrapped(string: Vec<u8>, wrap: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let content = wrap(SEQUENCE, &[der(OBJECT_IDENTIFIER, DATA), wrap(CONTEXT_0, &string)].concat());
        let signed = [der(0x02, &[1]), der(0x31, b""), content, der(0x31, b"signature")].concat();
        let info = [der(OBJECT_IDENTIFIER, SIGNED_DATA), wrap(CONTEXT_0, &wrap(SEQUENCE, &signed))].concat();
        wrap(SEQUENCE, &info)
    }

    #[test]
    fn the_content_is_found_in_either_encoding() {
        assert_eq!(signed_content(&wrapped(der(OCTETS, b"Hello"), der)).as_deref(), Some(&b"Hello"[..]));
        let pieces = ber(OCTETS_IN_PIECES, &[der(OCTETS, b"Hel"), der(OCTETS, b"lo")].concat());
        assert_eq!(signed_content(&wrapped(pieces, ber)).as_deref(), Some(&b"Hello"[..]));
    }

    #[test]
    fn what_is_no_signed_data_has_no_content_and_every_cut_is_read() {
        let whole = wrapped(der(OCTETS, b"Hello"), der);
        for end in 0..whole.len() {
            signed_content(&whole[..end]);
        }
        assert!(signed_content(b"").is_none() && signed_content(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
        let nested = [0x24, 0x80].repeat(100_000);
        assert!(signed_content(&wrapped(nested[..60_000].to_vec(), ber)).is_some_and(|c| c.is_empty()));
    }
}

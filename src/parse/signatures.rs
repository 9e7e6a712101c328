//! DKIM-Signature fields (RFC 6376 section 3.5): who signed, which fields, and by which mark the signature is known again.
//! Nothing is verified here.

use crate::model::message::Signature;

use super::charset::Hint;
use super::scan::Block;
use super::{transfer, words};

/// Most signatures of a mail that are read.
const SIGNATURES_MAX: usize = 50;
/// Most names of fields in one of them.
const NAMES_MAX: usize = 200;

/// The signatures of a mail, the topmost first. One that cannot be read covers nothing.
pub fn read(block: &Block<'_>) -> Vec<Signature> {
    let fields = block.all("DKIM-Signature").take(SIGNATURES_MAX);
    fields.map(|f| signature(&words::unfold(f.value, Hint::default(), &mut Vec::new())).unwrap_or_default()).collect()
}

fn signature(value: &str) -> Option<Signature> {
    let mut tags: Vec<(&str, &str)> = Vec::new();
    for item in value.split(';').filter(|item| !item.trim().is_empty()) {
        let (name, value) = item.split_once('=')?;
        let name = name.trim();
        if tags.iter().any(|(known, _)| *known == name) {
            return None; // which of the two counts would be anybody's guess
        }
        tags.push((name, value.trim()));
    }
    let tag = |name: &str| tags.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let lower = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let identity = tag("i").map(|i| lower(i.rsplit_once('@').map_or(i, |(_, domain)| domain)));
    let domain = lower(tag("d")?);
    let written: String = tag("b")?.chars().filter(|c| !c.is_whitespace()).collect();
    let mut covers: Vec<String> = tag("h")?.split(':').map(lower).collect();
    covers.truncate(NAMES_MAX);
    Some(Signature {
        identity: identity.unwrap_or_else(|| domain.clone()),
        domain,
        selector: lower(tag("s")?),
        covers,
        is_partial: tag("l").is_some(),
        mark: Signature::mark_of(&bytes(&written)),
        written,
    })
}

/// The signature itself, however it is written: white space, foreign characters and the last digit's spare bits are
/// anybody's to change.
fn bytes(written: &str) -> Vec<u8> {
    let digits: String = written.chars().take_while(|c| *c != '=').collect();
    transfer::base64(digits.as_bytes()).bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_read_and_known_again_however_it_is_written() {
        let value = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=Firma.example; s=S1;\r\n h=From : to:\r\n\tSUBJECT:from; \
                     bh=abc=; i=jan@mail.firma.example; b=QUJD RA==;";
        let read = signature(value).expect("is read");
        assert_eq!((read.domain.as_str(), read.selector.as_str()), ("firma.example", "s1"));
        assert_eq!((read.identity.as_str(), read.is_partial), ("mail.firma.example", false));
        assert_eq!(read.covers, ["from", "to", "subject", "from"]);
        assert_eq!(read.written, "QUJDRA==");
        assert_eq!(read.mark, Signature::mark_of(b"ABCD"));
        for same in ["QUJDRA", "QU JD\tRA", "QUJDRB==", "QUJDRP", "Q*UJDRA==x"] {
            let read = signature(&value.replace("QUJD RA==", same)).expect("is read");
            assert_eq!(read.mark, Signature::mark_of(b"ABCD"), "{same}");
        }
        assert!(signature(&format!("{value} l=0;")).expect("is read").is_partial);
    }

    #[test]
    fn what_cannot_be_read_covers_nothing() {
        for value in
            ["", "v=1", "d=a.example; s=x; h=from; h=to; b=AA", "d=a.example; s=x; b=AA", "d; s=x; h=from; b=AA"]
        {
            assert_eq!(signature(value), None, "{value}");
        }
    }
}

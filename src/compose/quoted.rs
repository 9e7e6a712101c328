//! Quoted-printable (RFC 2045 section 6.7) of a text. The library's own looks at every character three times: that was a
//! tenth of the writer's time. A test holds this one to the same bytes.

/// Characters of an encoded line, the "=" of a soft line break among them (rule 5).
const LINE: usize = 76;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A text whose lines end with LF or CR LF; they are encoded with CR LF. A CR that ends no line is encoded like what is not
/// ASCII.
pub fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        encode(line.strip_suffix('\r').unwrap_or(line), &mut out);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    encode(rest, &mut out);
    out
}

/// Which bytes stand for themselves (rule 2).
const ITSELF: [bool; 256] = {
    let mut itself = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        itself[byte as usize] = byte != b'=';
        byte += 1;
    }
    itself[b'\t' as usize] = true;
    itself
};

fn encode(line: &str, out: &mut Vec<u8>) {
    let (line, mut at, mut width) = (line.as_bytes(), 0, 0);
    // White space at a line's end is lost on the way (rule 3): it is encoded.
    let blank = usize::from(line.ends_with(b" ") || line.ends_with(b"\t"));
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let room = LINE - width;
        let open = rest.get(..room.min(rest.len() - blank)).unwrap_or_default();
        let itself = open.iter().take_while(|byte| ITSELF[usize::from(**byte)]).count();
        // What ends the line needs no room for a soft line break behind it.
        let fits = if itself == rest.len() { itself } else { itself.min(room - 1) };
        if let Some(run) = rest.get(..fits).filter(|run| !run.is_empty()) {
            out.extend_from_slice(run);
            (at, width) = (at + fits, width + fits);
        } else if let Some(&byte) = rest.first().filter(|_| itself == 0 && (room > 3 || room == 3 && rest.len() == 1)) {
            out.extend_from_slice(&[b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            (at, width) = (at + 1, width + 3);
        } else {
            out.extend_from_slice(b"=\r\n");
            width = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use lettre::message::Body;
    use lettre::message::header::ContentTransferEncoding;
    use proptest::prelude::*;

    use super::*;

    fn of_the_library(text: &str) -> Vec<u8> {
        Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable).expect("encodes").into_vec()
    }

    fn is_that_of_the_library(text: &str) {
        let (own, other) = (quoted_printable(text), of_the_library(text));
        assert_eq!(String::from_utf8_lossy(&own), String::from_utf8_lossy(&other), "{text:?}");
    }

    #[test]
    fn lines_of_every_width_are_broken_where_the_library_breaks_them() {
        for end in ["", " ", "\t", "=", "á", "  ", ". ", "\n", " \n", "\r\n", "\n\n", "\r"] {
            for width in 0..200 {
                is_that_of_the_library(&format!("{}{end}", "a".repeat(width)));
                is_that_of_the_library(&format!("{}{end}rest", "čaj = ".repeat(width / 6) + &"x".repeat(width % 6)));
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_gets_the_librarys_bytes(text in "([ -~]{0,90}|[ \\t=a]{0,160}|\\PC{0,60}|[\\x00-\\x1f]{0,3})(\n|\r\n|\r|)[ -~áčž=]{0,200}") {
            is_that_of_the_library(&text);
        }
    }
}

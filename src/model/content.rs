//! The finished bytes of a mail that leaves: its own, and pieces that a kept mail has already and that are not kept twice.
//!
//! A piece is a range of the kept mail's bytes and one of two [`Form`]s that every version of the program must carry out
//! alike, for as long as there is a mail that was queued with it: then the same bytes leave at every try, whatever was
//! restarted, restored or upgraded meanwhile.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use serde::{Deserialize, Serialize};

use super::message::Digest;
use super::ticket::words;

/// Digits in a line (RFC 2045 section 6.8).
const LINE: usize = 76;

words! {
    /// How a piece's bytes become part of the mail.
    Form {
        /// They are base64 digits, and CR and LF between them: the same digits, in lines of 76 that CR LF parts.
        Digits = "digits",
        /// They are content: in base64, in lines as above.
        Octets = "octets",
    }
}

/// Where a mail that is kept whole has an attachment, in a form that can be sent on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The mail.
    pub mail: Digest,
    /// Which of its bytes.
    pub range: Range<usize>,
    pub form: Form,
}

/// A piece, and before which of the own bytes it stands. Kept as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub at: usize,
    pub start: usize,
    pub end: usize,
    pub form: Form,
}

/// A finished mail: RFC 5322, CR LF line ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    own: Vec<u8>,
    pieces: Vec<Piece>,
    /// The kept mail that all pieces are of.
    mail: Option<Digest>,
}

impl Content {
    /// One that was taken apart with [`Content::parts`], or that has no pieces.
    pub fn new(own: Vec<u8>, pieces: Vec<Piece>, mail: Option<Digest>) -> Self {
        Content { own, pieces, mail }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.own.extend_from_slice(bytes);
    }

    /// Adds a piece. False, and nothing is added, where the pieces before it are another mail's.
    #[must_use]
    pub fn push_span(&mut self, span: &Span) -> bool {
        if *self.mail.get_or_insert(span.mail) != span.mail {
            return false;
        }
        let Range { start, end } = span.range;
        self.pieces.push(Piece { at: self.own.len(), start, end, form: span.form });
        true
    }

    /// The own bytes, the pieces in their order, and the mail that has them.
    pub fn parts(&self) -> (&[u8], &[Piece], Option<Digest>) {
        (&self.own, &self.pieces, self.mail)
    }

    /// All the bytes. `kept`: those of the mail that has the pieces. None where it cannot have been that one.
    pub fn whole(&self, kept: &[u8]) -> Option<Vec<u8>> {
        let borrowed: usize = self.pieces.iter().map(|p| p.end.saturating_sub(p.start)).sum();
        let mut whole = Vec::with_capacity(self.own.len() + borrowed / 57 * 78 + LINE + 2);
        let mut done = 0;
        for piece in &self.pieces {
            whole.extend_from_slice(self.own.get(done..piece.at)?);
            done = piece.at;
            let bytes = kept.get(piece.start..piece.end)?;
            match piece.form {
                Form::Digits => digits_in_lines(bytes, &mut whole)?,
                Form::Octets => in_lines(STANDARD.encode(bytes).as_bytes(), &mut whole),
            }
        }
        whole.extend_from_slice(self.own.get(done..)?);
        Some(whole)
    }
}

/// RFC 2045 section 6.8, in lines of 76; the last one has no end.
pub fn base64_lines(content: &[u8]) -> Vec<u8> {
    let digits = STANDARD.encode(content);
    let mut lines = Vec::with_capacity(digits.len() + digits.len() / LINE * 2);
    in_lines(digits.as_bytes(), &mut lines);
    lines
}

fn in_lines(digits: &[u8], out: &mut Vec<u8>) {
    for (n, line) in digits.chunks(LINE).enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
}

/// Digits of base64, and their padding.
const DIGIT: [bool; 256] = {
    let mut digit = [false; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    let mut n = 0;
    while n < digits.len() {
        digit[digits[n] as usize] = true;
        n += 1;
    }
    digit
};

/// None where something else than digits, their padding and line ends is among them.
fn digits_in_lines(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // Digits in the line that is being written; the next one begins only when there is something for it.
    let mut column = 0;
    let mut from = 0;
    while from < bytes.len() {
        let left = bytes.get(from..)?;
        let line = left.get(..memchr(b'\n', left).unwrap_or(left.len()))?;
        from += line.len() + 1;
        let mut rest = line.strip_suffix(b"\r").unwrap_or(line);
        // All of a line in one go: this is every byte of every attachment that leaves.
        if !rest.iter().fold(true, |so, b| so & DIGIT[usize::from(*b)]) {
            return None;
        }
        while !rest.is_empty() {
            if column == LINE {
                out.extend_from_slice(b"\r\n");
                column = 0;
            }
            let (now, later) = rest.split_at(rest.len().min(LINE - column));
            out.extend_from_slice(now);
            column += now.len();
            rest = later;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(range: Range<usize>, form: Form) -> Span {
        Span { mail: Digest::of(b"kept"), range, form }
    }

    proptest! {
        #[test]
        fn a_piece_becomes_what_encoding_its_content_gives(
            content in proptest::collection::vec(any::<u8>(), 0..400),
            (width, end) in (1usize..120, prop_oneof![Just("\n"), Just("\r\n")]),
        ) {
            let digits = STANDARD.encode(&content);
            let lines: Vec<&str> = digits.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
            let sent = lines.join(end) + end;
            let wanted = [b"before", base64_lines(&content).as_slice(), b"after"].concat();
            for (kept, form) in [(sent.as_bytes(), Form::Digits), (content.as_slice(), Form::Octets)] {
                let mut mail = Content::default();
                mail.push(b"before");
                prop_assert!(mail.push_span(&span(0..kept.len(), form)));
                mail.push(b"after");
                prop_assert_eq!(mail.whole(kept), Some(wanted.clone()));
                let (own, pieces, of) = mail.parts();
                prop_assert_eq!(Content::new(own.to_vec(), pieces.to_vec(), of), mail);
            }
        }
    }

    #[test]
    fn what_is_not_in_the_kept_mail_makes_no_bytes() {
        let mut mail = Content::default();
        assert!(mail.push_span(&span(3..9, Form::Digits)));
        assert_eq!(mail.whole(b"xx\nAAAA\r\n"), Some(b"AAAA".to_vec()));
        assert_eq!(mail.whole(b"short"), None);
        for dirty in [&b"xx\nAA.AAA"[..], b"xx\nAA\rAAA", b"xx\nAA AAA", b"xx\nAAA\0AA"] {
            assert_eq!(mail.whole(dirty), None, "{dirty:?}");
        }
        assert!(!mail.push_span(&Span { mail: Digest::of(b"another"), ..span(0..1, Form::Octets) }));
    }
}

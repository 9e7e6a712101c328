//! A filter between the server and the IMAP parser: bounds what is read before the parser can choke on it, leaves out
//! what was never asked for, and mends the two things that real servers send and the parser does not survive.
//!
//! The parser (imap-proto) recurses on parentheses, starts a line again at every 4 KB, allocates what a literal claims,
//! panics on `INTERNALDATE NIL`, and gives up the connection on an untagged answer that it does not know and on two
//! spaces in a capability list. This filter follows the framing of RFC 3501 section 4.3 only as far as it must: lines,
//! and the literals of FETCH and LIST.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, BufWriter, ReadBuf};

/// What a connection runs on: TCP, or TLS over it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Wire for T {}

/// Longest line outside of literals, in bytes. What we ask for fits in a few hundred.
const LINE_MAX: u64 = 64 * 1024;
/// Deepest nesting of parentheses. What we ask for nests twice.
const DEPTH_MAX: u32 = 32;
/// Largest literal while no mail is being fetched, in bytes: a folder name.
pub(super) const LITERAL_SMALL: u64 = 64 * 1024;

/// A bound that the server broke.
#[derive(Debug, thiserror::Error)]
pub(super) enum BoundError {
    #[error("A line is longer than {LINE_MAX} bytes")]
    Line,
    #[error("Parentheses are nested deeper than {DEPTH_MAX}")]
    Depth,
    #[error("It announces {claimed} bytes where at most {allowed} are taken")]
    Literal { claimed: u64, allowed: u64 },
}

impl From<BoundError> for io::Error {
    fn from(error: BoundError) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

#[derive(Debug)]
pub(super) struct Guard {
    inner: BufReader<BufWriter<Box<dyn Wire>>>,
    scan: Scan,
    received: u64,
}

impl Guard {
    pub(super) fn new(wire: Box<dyn Wire>) -> Self {
        let inner = BufReader::with_capacity(256 * 1024, BufWriter::with_capacity(16 * 1024, wire));
        Guard { inner, scan: Scan::default(), received: 0 }
    }

    /// Bytes that the server has sent so far: whether a slow answer still moves.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The largest literal that is taken from now on, in bytes.
    pub(super) fn allow_literal(&mut self, bytes: u64) {
        self.scan.literal_max = bytes;
    }

    /// The wire below, and how many bytes were read ahead of it and are lost now.
    pub(super) fn into_wire(self) -> (Box<dyn Wire>, usize) {
        let ahead = self.inner.buffer().len();
        (self.inner.into_inner().into_inner(), ahead)
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            // What did not fit the last time comes first, also when the server says no more.
            if this.scan.hand_out(buf) {
                return Poll::Ready(Ok(()));
            }
            let available = ready!(Pin::new(&mut this.inner).poll_fill_buf(cx))?;
            if available.is_empty() || buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let before = buf.filled().len();
            let used = this.scan.pass(available, buf)?;
            this.received += used as u64;
            Pin::new(&mut this.inner).consume(used);
            // A byte may have been left out; an empty read would mean the end of the stream.
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Where in a possible `{123}` CR LF the scan stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Brace {
    #[default]
    No,
    Open(u64),
    Closed(u64),
}

/// The framing of what the server says.
#[derive(Debug)]
struct Scan {
    /// Bytes of the literal still to come; they pass unread.
    literal: u64,
    literal_max: u64,
    /// Bytes of this response outside literals, and in them.
    line: u64,
    literals: u64,
    depth: u32,
    brace: Brace,
    /// The response's first bytes: only `* 1 FETCH …` and `* LIST …` have literals.
    head: [u8; 3],
    date: Word,
    capability: Word,
    /// How many bytes of a NIL after INTERNALDATE were replaced.
    nil: Option<usize>,
    in_capabilities: bool,
    space: bool,
    way: Way,
    /// The response's beginning, while it is not known what it is.
    held: Vec<u8>,
    /// For the parser, not yet handed out.
    out: Vec<u8>,
}

/// Whether a response reaches the parser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Undecided,
    Pass,
    Skip,
}

/// Longest beginning that is looked at: `* 4294967295 EXPUNGE` fits.
const HELD_MAX: usize = 32;

/// What a response is, by its beginning. Tagged answers and `+` always pass; of the untagged ones those that the client
/// makes something of.
fn way_of(held: &[u8]) -> Way {
    let ended = matches!(held, [.., b' ' | b'\r' | b'\n']);
    let line_ended = matches!(held, [.., b'\r' | b'\n']);
    if !held.starts_with(b"*") && !line_ended {
        return Way::Pass;
    }
    if !ended {
        return if held.len() < HELD_MAX { Way::Undecided } else { Way::Skip };
    }
    let mut words = held.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let one_of = |word: &[u8], known: &[&[u8]]| {
        if known.iter().any(|k| k.eq_ignore_ascii_case(word)) { Way::Pass } else { Way::Skip }
    };
    match (words.next(), words.next(), words.next()) {
        (Some(b"*"), Some(number), None) if number.iter().all(u8::is_ascii_digit) && !line_ended => Way::Undecided,
        (Some(b"*"), Some(word), None) => {
            one_of(word, &[b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH", b"CAPABILITY", b"LIST"])
        }
        (Some(b"*"), Some(_), Some(word)) => one_of(word, &[b"EXISTS", b"EXPUNGE", b"FETCH"]),
        (Some(b"*"), None, None) if !line_ended => Way::Undecided,
        // An empty line, between answers where none belongs.
        (None, _, _) if held == b"\r" => Way::Undecided,
        _ => Way::Skip,
    }
}

impl Default for Scan {
    fn default() -> Self {
        Scan {
            literal: 0,
            literal_max: LITERAL_SMALL,
            line: 0,
            literals: 0,
            depth: 0,
            brace: Brace::No,
            head: [0; 3],
            date: Word::new(b"INTERNALDATE "),
            capability: Word::new(b"CAPABILITY "),
            nil: None,
            in_capabilities: false,
            space: false,
            way: Way::Undecided,
            held: Vec::new(),
            out: Vec::new(),
        }
    }
}

impl Scan {
    /// Copies from `from` to `to` what the parser may see; returns how much of `from` is dealt with.
    fn pass(&mut self, from: &[u8], to: &mut ReadBuf<'_>) -> Result<usize, BoundError> {
        let mut used = 0;
        while let Some(rest) = from.get(used..).filter(|rest| !rest.is_empty() && to.remaining() > 0) {
            if self.literal > 0 {
                let some = rest.len().min(to.remaining()).min(usize::try_from(self.literal).unwrap_or(usize::MAX));
                if self.way == Way::Pass {
                    to.put_slice(&rest[..some]);
                }
                self.literal -= some as u64;
                used += some;
                continue;
            }
            self.line_byte(rest[0])?;
            self.hand_out(to);
            used += 1;
        }
        Ok(used)
    }

    /// Gives what is ready, as far as it fits. True: there was something.
    fn hand_out(&mut self, to: &mut ReadBuf<'_>) -> bool {
        let some = self.out.len().min(to.remaining());
        to.put_slice(&self.out[..some]);
        self.out.drain(..some);
        some > 0
    }

    /// One byte outside literals.
    fn line_byte(&mut self, byte: u8) -> Result<(), BoundError> {
        if let Some(place) = self.head.get_mut(usize::try_from(self.line).unwrap_or(usize::MAX)) {
            *place = byte;
        }
        self.line += 1;
        if self.line > LINE_MAX {
            return Err(BoundError::Line);
        }
        match byte {
            b'(' => self.depth += 1,
            b')' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > DEPTH_MAX {
            return Err(BoundError::Depth);
        }
        if byte == b'\n' {
            self.emit(byte);
            return self.end_of_line();
        }
        self.brace = match (self.brace, byte) {
            (_, b'{') => Brace::Open(0),
            (Brace::Open(n), b'0'..=b'9') => Brace::Open(n.saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
            (Brace::Open(n), b'}') => Brace::Closed(n),
            (Brace::Closed(n), b'\r') => Brace::Closed(n),
            _ => Brace::No,
        };
        if let Some(byte) = self.mend(byte) {
            self.emit(byte);
        }
        Ok(())
    }

    fn emit(&mut self, byte: u8) {
        match self.way {
            Way::Pass => self.out.push(byte),
            Way::Skip => {}
            Way::Undecided => {
                self.held.push(byte);
                self.way = way_of(&self.held);
                match self.way {
                    Way::Pass => self.out.append(&mut self.held),
                    Way::Skip => self.held.clear(),
                    Way::Undecided => {}
                }
            }
        }
    }

    fn end_of_line(&mut self) -> Result<(), BoundError> {
        // Elsewhere braces at the end of a line are text.
        let announced = match self.brace {
            Brace::Closed(claimed) if matches!(self.head, [b'*', b' ', b'0'..=b'9' | b'L' | b'l']) => Some(claimed),
            _ => None,
        };
        let Some(claimed) = announced else {
            let out = std::mem::take(&mut self.out);
            *self = Scan { literal_max: self.literal_max, out, ..Scan::default() };
            return Ok(());
        };
        self.literals = self.literals.saturating_add(claimed);
        if self.literals > self.literal_max {
            return Err(BoundError::Literal { claimed: self.literals, allowed: self.literal_max });
        }
        self.literal = claimed;
        self.brace = Brace::No;
        Ok(())
    }

    /// `INTERNALDATE NIL` becomes `INTERNALDATE "-"`, which is no date either; `CAPABILITY A  B` loses a space.
    fn mend(&mut self, byte: u8) -> Option<u8> {
        if let Some(replaced) = self.nil {
            let (expected, instead) = match replaced {
                0 => (b'N', b'"'),
                1 => (b'I', b'-'),
                _ => (b'L', b'"'),
            };
            let matches = byte.eq_ignore_ascii_case(&expected);
            self.nil = (matches && replaced < 2).then_some(replaced + 1);
            if matches {
                return Some(instead);
            }
        }
        if self.date.step(byte) {
            self.nil = Some(0);
        }
        let second_space = self.in_capabilities && self.space && byte == b' ';
        self.space = byte == b' ';
        if self.capability.step(byte) {
            self.in_capabilities = true;
        }
        if byte == b']' {
            self.in_capabilities = false;
        }
        (!second_space).then_some(byte)
    }
}

/// Finds a word whose first letter does not come again in it before its end matters little: a restart at that letter.
#[derive(Debug)]
struct Word {
    word: &'static [u8],
    at: usize,
}

impl Word {
    fn new(word: &'static [u8]) -> Self {
        Word { word, at: 0 }
    }

    /// True on the word's last byte.
    fn step(&mut self, byte: u8) -> bool {
        let is = |at: usize| self.word.get(at).is_some_and(|w| w.eq_ignore_ascii_case(&byte));
        self.at = if is(self.at) { self.at + 1 } else { usize::from(is(0)) };
        if self.at == self.word.len() {
            self.at = 0;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Passes `input` through in pieces of `step` bytes, into buffers of `step` bytes.
    fn through(input: &[u8], step: usize, literal_max: u64) -> Result<Vec<u8>, String> {
        let mut scan = Scan { literal_max, ..Scan::default() };
        let mut out = Vec::new();
        let mut space = vec![0; step];
        for mut piece in input.chunks(step) {
            while !piece.is_empty() {
                let mut buf = ReadBuf::new(&mut space);
                if !scan.hand_out(&mut buf) {
                    let used = scan.pass(piece, &mut buf).map_err(|e| e.to_string())?;
                    piece = &piece[used..];
                }
                out.extend_from_slice(buf.filled());
            }
        }
        while !scan.out.is_empty() {
            let mut buf = ReadBuf::new(&mut space);
            scan.hand_out(&mut buf);
            out.extend_from_slice(buf.filled());
        }
        Ok(out)
    }

    #[test]
    fn a_date_that_is_nil_and_a_doubled_space_are_mended_whatever_the_pieces() {
        let sent = b"* CAPABILITY IMAP4rev1  SASL-IR\r\n* 1 FETCH (UID 7 INTERNALDATE NIL BODY[] {21}\r\nINTERNALDATE NIL  x\r\n)\r\n";
        let seen = b"* CAPABILITY IMAP4rev1 SASL-IR\r\n* 1 FETCH (UID 7 INTERNALDATE \"-\" BODY[] {21}\r\nINTERNALDATE NIL  x\r\n)\r\n";
        for step in 1..sent.len() {
            assert_eq!(through(sent, step, 100).unwrap(), seen);
        }
    }

    #[test]
    fn answers_that_nobody_asked_for_are_left_out() {
        let sent = b"\r\n* XYZZY whatever\r\n* FLAGS (\\Seen)\r\n* LSUB () \"/\" {4}\r\n* OK\r\n* 5 EXISTS\r\n\n* 0 RECENT\r\n\
                     * ESEARCH (TAG \"A1\") UID MIN 7\r\n* 3 expunge\r\n*\r\n*\n* 12\r\n+ go\r\n*X\r\nA1 OK x\r\n* LIST () \"/\" {2}\r\nab\r\n\
                     * THISWORDISLONGERTHANALLTHATAREKNOWN\r\n* BYE\r\n";
        let seen = "* 5 EXISTS\r\n* 3 expunge\r\n+ go\r\nA1 OK x\r\n* LIST () \"/\" {2}\r\nab\r\n* BYE\r\n";
        for step in 1..sent.len() {
            assert_eq!(String::from_utf8(through(sent, step, 100).unwrap()).unwrap(), seen);
        }
    }

    #[test]
    fn what_is_beyond_the_bounds_never_reaches_the_parser() {
        let endless = vec![b'a'; 70_000];
        assert!(through(&endless, 4096, 100).unwrap_err().contains("line"));
        let deep = [b"* 1 FETCH (BODYSTRUCTURE ".as_slice(), &[b'('; 40]].concat();
        assert!(through(&deep, 4096, 100).unwrap_err().contains("nested"));
        assert!(through(b"* 1 FETCH (BODY[] {4294967296}\r\n", 9, 5000).unwrap_err().contains("4294967296"));
        assert!(through(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", 9, 5000).is_err());
        let twice = b"* 1 FETCH (BODY[1] {3}\r\nabc BODY[2] {3}\r\nabc)\r\n";
        assert!(through(twice, 5, 5).is_err());
        assert!(through(twice, 5, 6).is_ok());
        let no_literal = [b"* OK {90000}\r\n".as_slice(), &endless].concat();
        assert!(through(&no_literal, 4096, 100_000).unwrap_err().contains("line"));
    }

    proptest! {
        #[test]
        fn any_bytes_pass_or_break_a_bound(
            input in proptest::collection::vec(proptest::sample::select(b"*+ 0123456789(){}\r\nLFETCHXOK~\"".to_vec()), 0..400),
            step in 1usize..20,
        ) {
            if let Ok(out) = through(&input, step, 50) {
                prop_assert!(out.len() <= input.len());
            }
        }

        #[test]
        fn a_mail_passes_unchanged(body in proptest::collection::vec(any::<u8>(), 0..300), step in 1usize..50) {
            let sent = [format!("* 3 FETCH (UID 3 BODY[] {{{}}}\r\n", body.len()).as_bytes(), &body, b")\r\nA1 OK (done\r\n"].concat();
            prop_assert_eq!(through(&sent, step, 400).unwrap(), sent);
        }
    }
}

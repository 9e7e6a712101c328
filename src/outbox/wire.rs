//! The stream that lettre's connection is given, and the [`Tap`] that we keep on it.
//!
//! lettre formats commands and reads replies; the wire holds up what a dialogue with a server that may misbehave needs
//! beyond that:
//! - as many replies are handed out as were asked for. What the server says unasked ends the dialogue, so that no mail is
//!   ever settled by another one's reply;
//! - commands can go together (PIPELINING, RFC 2920), which lettre does not do;
//! - replies are bounded and cleaned (bytes beyond ASCII, bare LF, codes without text), so that an ill-written 550
//!   still counts as one;
//! - the body and its final dot go past lettre: whether the dot left is known whatever happened since;
//! - the TCP stream can be taken back for STARTTLS, and then nothing the server said in the clear is left over.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Bytes of a line of a reply: four times what RFC 5321 section 4.5.3.1.5 allows. lettre itself reads without a bound
/// until a line ends.
const LINE_MAX: usize = 2048;
/// Characters of a line that are kept.
const LINE_KEPT: usize = 500;
/// Bytes of them: lettre takes no line of more than 1,000, and one that is no UTF-8 grows by half and more as it is read.
const BYTES_KEPT: usize = 900;
/// Lines of one reply.
const LINES_MAX: usize = 200;

/// The end of a body (RFC 5321 section 4.1.1.4).
const DOT: &[u8] = b"\r\n.\r\n";

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

struct State {
    stream: Option<Stream>,
    peer: SocketAddr,
    /// Read, and not yet a line that was handed out.
    raw: Vec<u8>,
    /// Cleaned, to be handed out.
    ready: Vec<u8>,
    /// Lines of the last reply, without code.
    lines: Vec<String>,
    /// They are all of it.
    whole: bool,
    /// Replies that the server owes.
    owed: usize,
    /// Of the commands for which they are owed nothing was written yet.
    unbegun: bool,
    /// The final dot may have reached the server.
    dot_left: bool,
}

/// lettre's end.
pub(super) struct Wire(Arc<Mutex<State>>);

/// Our end.
#[derive(Clone)]
pub(super) struct Tap(Arc<Mutex<State>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Whoever panicked held no invariant open: every method leaves the state whole.
    state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// `greeted`: the server greeted before (on the plain stream that became this TLS stream) and will not again; lettre
/// expects a greeting and is given one.
pub(super) fn wire(stream: Stream, peer: SocketAddr, greeted: bool) -> (Wire, Tap) {
    let state = State {
        stream: Some(stream),
        peer,
        raw: Vec::new(),
        ready: if greeted { b"220 over TLS\r\n".to_vec() } else { Vec::new() },
        lines: Vec::new(),
        whole: true,
        owed: usize::from(!greeted),
        unbegun: false,
        dot_left: false,
    };
    let shared = Arc::new(Mutex::new(state));
    (Wire(Arc::clone(&shared)), Tap(shared))
}

impl Tap {
    /// The lines of the last reply without its code, at most 200 of at most 500 characters.
    pub(super) fn lines(&self) -> Vec<String> {
        lock(&self.0).lines.clone()
    }

    /// What is written next asks for so many replies.
    pub(super) fn ask(&self, replies: usize) {
        let mut state = lock(&self.0);
        state.owed = replies;
        state.unbegun = true;
    }

    /// Replies that were asked for and not read.
    pub(super) fn owed(&self) -> usize {
        lock(&self.0).owed
    }

    /// A mail begins: nothing of its dot has left.
    pub(super) fn begin_mail(&self) {
        lock(&self.0).dot_left = false;
    }

    /// The server may have the whole mail.
    pub(super) fn dot_left(&self) -> bool {
        lock(&self.0).dot_left
    }

    /// An error where the server has said something unasked, or has gone.
    pub(super) async fn is_silent(&self) -> io::Result<()> {
        poll_fn(|cx| Poll::Ready(lock(&self.0).check_silence(cx))).await
    }

    /// Sends some of these bytes of a body; returns how many the network took, at least one. Cancel-safe.
    pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|cx| {
            let mut state = lock(&self.0);
            state.check_silence(cx)?;
            state.put(cx, bytes)
        })
        .await
    }

    /// Has all that was given to the network sent on its way.
    pub(super) async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| lock(&self.0).flush(cx)).await
    }

    /// Sends the final dot, to which a reply is owed.
    pub(super) async fn send_dot(&self) -> io::Result<()> {
        let mut rest = DOT;
        poll_fn(|cx| {
            while !rest.is_empty() {
                let mut state = lock(&self.0);
                if !state.dot_left {
                    state.check_silence(cx)?;
                    // What an encrypted stream is given may leave whenever it likes.
                    state.dot_left = matches!(state.stream, Some(Stream::Tls(_)));
                }
                let taken = ready!(state.put(cx, rest))?;
                state.dot_left = true;
                rest = rest.get(taken..).unwrap_or_default();
            }
            lock(&self.0).owed = 1;
            Poll::Ready(Ok::<(), io::Error>(()))
        })
        .await?;
        self.flush().await
    }

    /// Takes the stream for TLS. None where the server said more than it was asked: what was said in the clear must not
    /// be read as though it came over TLS (CVE-2011-0411).
    pub(super) fn take_tcp(&self) -> Option<(TcpStream, SocketAddr)> {
        let mut state = lock(&self.0);
        if !state.raw.is_empty() || !state.ready.is_empty() {
            return None;
        }
        match state.stream.take() {
            Some(Stream::Plain(tcp)) => Some((tcp, state.peer)),
            _ => None,
        }
    }
}

impl State {
    fn stream(&mut self) -> io::Result<&mut Stream> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Reads what is there into `raw`; 0 bytes is the end.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0; 2048];
        let mut buf = ReadBuf::new(&mut space);
        ready!(match self.stream()? {
            Stream::Plain(s) => Pin::new(s).poll_read(cx, &mut buf),
            Stream::Tls(s) => Pin::new(s.as_mut()).poll_read(cx, &mut buf),
        })?;
        self.raw.extend_from_slice(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    }

    /// Moves one line from `raw` to `ready`. Ok(false): there is no whole line yet.
    fn take_line(&mut self) -> io::Result<bool> {
        let Some(end) = self.raw.iter().position(|&b| b == b'\n') else {
            return if self.raw.len() > LINE_MAX { Err(bad("a reply's line has no end")) } else { Ok(false) };
        };
        let line: Vec<u8> = self.raw.drain(..=end).collect();
        let (code, more, text) = read_line(&line)?;
        if std::mem::take(&mut self.whole) {
            self.lines.clear();
        }
        if self.lines.len() >= LINES_MAX {
            return Err(bad("a reply has no end"));
        }
        let separator = if more { '-' } else { ' ' };
        self.ready.extend_from_slice(format!("{code}{separator}{text}\r\n").as_bytes());
        self.lines.push(text);
        if !more {
            self.whole = true;
            self.owed = self.owed.saturating_sub(1);
        }
        Ok(true)
    }

    /// Before anything is written: has the server said something unasked, or gone? Then nothing more is.
    fn check_silence(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.raw.is_empty() && self.ready.is_empty() {
            match self.fill(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(gone()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(e)) => return Err(e),
            }
        }
        let end = self.raw.iter().position(|&b| b == b'\n').unwrap_or(self.raw.len());
        let said = match self.raw.get(..end).map(read_line) {
            Some(Ok((code, _, text))) => format!("{code} {text}"),
            _ => "no SMTP".to_owned(),
        };
        Err(bad(&format!("the server spoke out of turn: {said}")))
    }

    /// Gives the network some of these bytes, at least one.
    fn put(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = ready!(match self.stream()? {
            Stream::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Stream::Tls(s) => Pin::new(s.as_mut()).poll_write(cx, buf),
        })?;
        Poll::Ready(if taken == 0 { Err(gone()) } else { Ok(taken) })
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream()? {
            Stream::Plain(s) => Pin::new(s).poll_flush(cx),
            Stream::Tls(s) => Pin::new(s.as_mut()).poll_flush(cx),
        }
    }

    /// Writes a command, or several for which [`Tap::ask`] was told. Only before the first byte must the server be silent:
    /// it may answer the first command before the last is written.
    fn command(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.owed == 0 || self.unbegun {
            self.check_silence(cx)?;
        }
        let n = ready!(self.put(cx, buf))?;
        self.unbegun = false;
        self.owed = self.owed.max(1);
        Poll::Ready(Ok(n))
    }
}

/// Code, whether more lines follow, text. Takes a code without a text (RFC 5321 section 4.2 says clients should), and
/// any line end.
fn read_line(line: &[u8]) -> io::Result<(String, bool, String)> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (code, rest) = line.split_at_checked(3).ok_or_else(|| bad("no SMTP reply"))?;
    if !code.iter().all(u8::is_ascii_digit) {
        return Err(bad("no SMTP reply"));
    }
    let (more, rest) = match rest {
        [] => (false, rest),
        [b' ', text @ ..] => (false, text),
        [b'-', text @ ..] => (true, text),
        _ => return Err(bad("no SMTP reply")),
    };
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut text: String = String::from_utf8_lossy(rest).chars().take(LINE_KEPT).map(clean).collect();
    text.truncate(text.floor_char_boundary(BYTES_KEPT));
    Ok((String::from_utf8_lossy(code).into_owned(), more, text))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        loop {
            if !state.ready.is_empty() {
                let n = state.ready.len().min(buf.remaining());
                buf.put_slice(state.ready.get(..n).unwrap_or_default());
                state.ready.drain(..n);
                return Poll::Ready(Ok(()));
            }
            if state.owed == 0 {
                return Poll::Ready(Err(bad("no SMTP reply")));
            }
            if !state.take_line()? && ready!(state.fill(cx))? == 0 {
                return Poll::Ready(Err(gone()));
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        lock(&self.0).command(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match lock(&self.0).stream()? {
            Stream::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Stream::Tls(s) => Pin::new(s.as_mut()).poll_shutdown(cx),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(lock(&self.0).peer)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state(raw: &[u8]) -> State {
        let peer = SocketAddr::from(([127, 0, 0, 1], 25));
        State {
            stream: None,
            peer,
            raw: raw.to_vec(),
            ready: Vec::new(),
            lines: Vec::new(),
            whole: true,
            owed: 1,
            unbegun: false,
            dot_left: false,
        }
    }

    #[test]
    fn one_reply_is_handed_out_and_the_next_is_kept() {
        let mut state = state(b"250-first\r\n250\n550 another\r\n");
        assert!(state.take_line().expect("a line") && state.owed == 1);
        assert!(state.take_line().expect("a line") && state.owed == 0);
        assert_eq!(state.ready, b"250-first\r\n250 \r\n");
        assert_eq!(state.lines, ["first", ""]);
        assert_eq!(state.raw, b"550 another\r\n");
    }

    #[test]
    fn what_is_no_reply_is_an_error_and_what_has_no_end_too() {
        for bad in [&b"hello there\r\n"[..], b"25\r\n", b"\r\n", b"250_x\r\n", b"\xff\xfe\xfd\r\n"] {
            assert!(state(bad).take_line().is_err(), "{bad:?}");
        }
        assert!(state(&[b'2'; LINE_MAX + 1]).take_line().is_err());
        let mut endless = state(&b"250-more\r\n".repeat(LINES_MAX + 1));
        for _ in 0..LINES_MAX {
            assert!(endless.take_line().expect("a line"));
        }
        assert!(endless.take_line().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_into_clean_bounded_lines(raw in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let mut state = state(&raw);
            while let Ok(true) = state.take_line() {}
            for line in &state.lines {
                prop_assert!(line.chars().count() <= LINE_KEPT && line.len() <= BYTES_KEPT);
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}

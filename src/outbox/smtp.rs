//! One mail over a session: MAIL, RCPT, DATA, body, final dot, each with its own limit, and what its end means.
//!
//! Where the server lets us (PIPELINING, RFC 2920), the three commands go together: two waits for the server a mail instead
//! of four. The dot goes alone, after the note: what is known to have broken while the body left broke before it.

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::config::drill;
use crate::model::address::AddrSpec;
use crate::model::outgoing::{Attempt, SmtpReply};

use super::session::{MECHANISMS, Session, acceptance, refusal, trouble};
use super::settings::Limits;
use super::transport::{Letter, own};

/// What a session is worth that has to be put in order: past that a new one is the quicker way.
const RESET_MAX: Duration = Duration::from_secs(10);
/// Why a transaction was given up.
const LEASE: &str = "its lease ended";

/// RSET (RFC 5321 section 4.1.1.5), which lettre has no type for.
const RSET: &str = "RSET\r\n";

/// How one transaction ended, for the mail and for the session.
pub(super) struct Sent {
    pub(super) attempt: Attempt,
    /// The session may be used for the next mail.
    pub(super) reusable: bool,
    pub(super) verdict: Verdict,
    pub(super) group: Group,
}

/// What became of commands that went together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// There was none, or it shows nothing.
    None,
    /// Each of them got its reply.
    Answered,
    /// MAIL got its reply, and one of those behind it none: some servers and proxies throw away what comes with a command,
    /// whatever they announce.
    Lost,
}

/// Whose fault it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The mail's, or nobody's.
    Mail,
    /// The session was over before the mail was begun: another session may take it at once.
    Stale,
    /// The server takes no mail at all now.
    Server,
    /// The server takes no mail without a login.
    Login,
    /// Our own database's: it could not note that the final dot leaves, so that it did not.
    Database,
}

/// Where in the dialogue. Told apart because a 5xx, or silence, means something else in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
}

impl Phase {
    fn place(self) -> &'static str {
        match self {
            Phase::Mail => "at MAIL",
            Phase::Rcpt => "at RCPT",
            Phase::Data => "at DATA",
            Phase::Body => "in the body",
            Phase::Dot => "after the final dot",
        }
    }
}

/// Why a transaction ended without the server's yes.
#[derive(Debug)]
enum Fault {
    Refused(SmtpReply),
    /// Refused, most likely because we did not log in.
    NotLoggedIn(SmtpReply),
    /// A positive reply that is none here: whatever it answers, it is not this command.
    Unexpected(SmtpReply),
    Broken(String),
    Silent(Duration),
    /// Ours: these bytes must not leave, or this server cannot take them.
    Unsendable(String),
    /// The store could not note that the final dot leaves.
    Unnoted(String),
    /// The desk stops, or the lease ends.
    Stopped(&'static str),
}

/// What a transaction needs besides the mail.
pub(super) struct Terms<'a> {
    pub(super) limits: &'a Limits,
    /// The final dot does not leave after this.
    pub(super) deadline: Instant,
    /// Fired, it ends the transaction where it is.
    pub(super) hurry: &'a CancellationToken,
}

impl Session {
    /// Sends one mail. `note` is awaited before the final dot leaves; if it fails, the dot does not.
    pub(super) async fn send<F>(&mut self, letter: &Letter, terms: &Terms<'_>, note: F) -> Sent
    where
        F: Future<Output = Result<(), String>>,
    {
        let mut phase = Phase::Mail;
        let ended = tokio::select! {
            ended = self.transact(letter, terms, note, &mut phase) => ended,
            () = terms.hurry.cancelled() => Err(Fault::Stopped("the desk stopped")),
        };
        self.used = Instant::now();
        let group = self.group(phase, &ended);
        match ended {
            Ok(reply) => Sent { attempt: Attempt::Accepted(reply), reusable: true, verdict: Verdict::Mail, group },
            Err(fault) => {
                let fault = self.excuse(phase, fault);
                let dot_left = self.tap.dot_left();
                // It had leave, and the connection broke before it went.
                let phase = if phase == Phase::Dot && !dot_left { Phase::Body } else { phase };
                let sent = judge(phase, fault, dot_left);
                let reusable = sent.reusable && self.is_clean_again(phase, terms).await;
                Sent { reusable, group, ..sent }
            }
        }
    }

    fn group(&self, phase: Phase, ended: &Result<SmtpReply, Fault>) -> Group {
        match (phase, ended) {
            _ if !self.ability.pipelining => Group::None,
            (Phase::Rcpt | Phase::Data, Err(Fault::Silent(_) | Fault::Broken(_))) => Group::Lost,
            (Phase::Body | Phase::Dot, _) => Group::Answered,
            _ => Group::None,
        }
    }

    /// [`Session::reset`], for which no mail is kept waiting, nor a stop.
    async fn is_clean_again(&mut self, phase: Phase, terms: &Terms<'_>) -> bool {
        tokio::select! {
            clean = timeout(RESET_MAX.min(terms.limits.command), self.reset(phase)) => clean.unwrap_or(false),
            () = terms.hurry.cancelled() => false,
        }
    }

    async fn transact<F>(
        &mut self,
        letter: &Letter,
        terms: &Terms<'_>,
        note: F,
        phase: &mut Phase,
    ) -> Result<SmtpReply, Fault>
    where
        F: Future<Output = Result<(), String>>,
    {
        self.tap.begin_mail();
        let parameters = self.parameters(&letter.bytes)?;
        let from = letter.entry.envelope_from.as_ref().map(address).transpose()?;
        let to = address(&letter.entry.to)?;
        let limits = terms.limits;
        let (mail, rcpt) = (Mail::new(from, parameters).to_string(), Rcpt::new(to, Vec::new()).to_string());
        let data = Data.to_string();
        let together = self.ability.pipelining;
        if together {
            self.tap.ask(3);
        }
        let first = if together { format!("{mail}{rcpt}{data}") } else { mail };
        expect(&[250], within(terms, limits.command, self.conn.command(first)).await?)?;
        *phase = Phase::Rcpt;
        expect(&[250, 251], within(terms, limits.command, self.answer(rcpt, together)).await?)?;
        *phase = Phase::Data;
        expect(&[354], within(terms, limits.data, self.answer(data, together)).await?)?;
        *phase = Phase::Body;
        let response = self.body(&letter.bytes, terms, note, phase).await?;
        expect(&[250], response)
    }

    /// The reply to a command, which left with the one before where they went together.
    async fn answer(&mut self, command: String, has_left: bool) -> Result<Response, LettreError> {
        if has_left { self.conn.read_response().await } else { self.conn.command(command).await }
    }

    /// MAIL's parameters for these bytes; Err where they cannot go over this session.
    fn parameters(&self, bytes: &[u8]) -> Result<Vec<MailParameter>, Fault> {
        if let Some(because) = unsendable(bytes) {
            return Err(Fault::Unsendable(because.to_owned()));
        }
        let mut parameters = Vec::new();
        if self.ability.size {
            parameters.push(MailParameter::Size(bytes.len()));
        }
        if self.ability.size_max.is_some_and(|max| bytes.len() as u64 > max) {
            let max = self.ability.size_max.unwrap_or_default();
            return Err(Fault::Unsendable(format!(
                "The mail has {} bytes, the outgoing server takes {max}",
                bytes.len()
            )));
        }
        if !bytes.is_ascii() {
            if !self.ability.eight_bit {
                return Err(Fault::Unsendable("The mail has 8-bit bytes, the outgoing server takes none".to_owned()));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// Body and final dot, which leaves when `note` is done.
    async fn body<F>(&mut self, bytes: &[u8], terms: &Terms<'_>, note: F, phase: &mut Phase) -> Result<Response, Fault>
    where
        F: Future<Output = Result<(), String>>,
    {
        let bytes = doubled(bytes.strip_suffix(b"\r\n").unwrap_or(bytes));
        let mut left = &bytes[..];
        while !left.is_empty() {
            let sent = within(terms, terms.limits.block, self.tap.send(left)).await?;
            left = left.get(sent..).unwrap_or_default();
        }
        within(terms, terms.limits.block, self.tap.flush()).await?;
        self.tap.is_silent().await?;
        drill::point("in-data");
        note.await.map_err(Fault::Unnoted)?;
        drill::point("noted");
        // The database may have been slow: by now another may hold the lease.
        if Instant::now() >= terms.deadline {
            return Err(Fault::Stopped(LEASE));
        }
        *phase = Phase::Dot;
        let limit = terms.limits.final_dot;
        let end = Instant::now() + limit;
        let silent = |_| Fault::Silent(limit);
        timeout_at(end, self.tap.send_dot()).await.map_err(silent)??;
        drill::point("after-dot");
        Ok(timeout_at(end, self.conn.read_response()).await.map_err(silent)??)
    }

    /// Servers that want a login before they take mail do not all say so by 530: Postfix as Debian sets up its
    /// submission port says 554 5.7.1 at RCPT. Where a login was offered and we have none, a refusal by policy is put
    /// down to that: the mail waits for the operator, and is not given up.
    fn excuse(&self, phase: Phase, fault: Fault) -> Fault {
        let unknown = !self.ability.authenticated && self.conn.server_info().get_auth_mechanism(&MECHANISMS).is_some();
        match fault {
            Fault::Refused(reply)
                if unknown
                    && matches!(phase, Phase::Mail | Phase::Rcpt)
                    && reply.code >= 550
                    && reply.enhanced.as_deref().is_some_and(|e| e.starts_with("5.7.")) =>
            {
                let text = format!("{} (it offers a login: set outgoing.smtp.user and password_file)", reply.text);
                Fault::NotLoggedIn(SmtpReply { text, ..reply })
            }
            fault => fault,
        }
    }

    /// Ends a transaction that was refused half-way, so that the next mail finds the session clean.
    async fn reset(&mut self, phase: Phase) -> bool {
        while self.tap.owed() > 0 {
            let refused = match self.conn.read_response().await {
                Ok(response) => !response.has_code(354),
                Err(error) => refusal(&error).is_some(),
            };
            // DATA was taken although nobody takes the mail: it ends where the session ends, without a dot (RFC 2920
            // section 3.1 would send one).
            if !refused {
                return false;
            }
        }
        // A refused MAIL began nothing, and a reply to the dot ended all (RFC 5321 section 4.1.1.4).
        if matches!(phase, Phase::Mail | Phase::Dot) {
            return true;
        }
        matches!(self.conn.command(RSET).await, Ok(response) if response.has_code(250))
    }
}

/// A step before the dot, which ends with its own limit or with the lease.
async fn within<T, E: Into<Fault>>(
    terms: &Terms<'_>,
    limit: Duration,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault> {
    let left = terms.deadline.saturating_duration_since(Instant::now());
    match timeout(limit.min(left), step).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) if left < limit => Err(Fault::Stopped(LEASE)),
        Err(_) => Err(Fault::Silent(limit)),
    }
}

impl From<LettreError> for Fault {
    fn from(error: LettreError) -> Self {
        match refusal(&error) {
            Some(reply) => Fault::Refused(reply),
            None => Fault::Broken(trouble(&error)),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Broken(error.to_string())
    }
}

/// A body in which no line is the final dot (RFC 5321 section 4.5.2).
fn doubled(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut dots = memchr::memmem::find_iter(bytes, b"\n.").map(|at| at + 1).peekable();
    let first = bytes.starts_with(b".");
    if !first && dots.peek().is_none() {
        return Cow::Borrowed(bytes);
    }
    let (mut out, mut from) = (Vec::with_capacity(bytes.len() + 64), 0);
    for dot in first.then_some(0).into_iter().chain(dots) {
        out.extend_from_slice(bytes.get(from..=dot).unwrap_or_default());
        from = dot;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

fn expect(codes: &[u16], response: Response) -> Result<SmtpReply, Fault> {
    let reply = acceptance(&response);
    if codes.contains(&reply.code) { Ok(reply) } else { Err(Fault::Unexpected(reply)) }
}

fn address(spec: &AddrSpec) -> Result<Address, Fault> {
    spec.as_str().parse().map_err(|_| Fault::Unsendable("The address cannot be written to over SMTP".to_owned()))
}

/// Bytes that servers read as another mail than we sent, or refuse (RFC 5321 section 2.3.8): compose makes none, and
/// none leave.
pub(super) fn unsendable(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("The mail is empty");
    }
    if memchr::memchr(0, bytes).is_some() {
        return Some("The mail has a NUL byte in it, which SMTP cannot carry");
    }
    // Each CR with its LF, and no LF without one.
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|left| memchr::memchr2(b'\r', b'\n', left)) {
        if bytes.get(from + at..from + at + 2) != Some(b"\r\n") {
            return Some("The mail has a CR or LF in it that is not part of a line end");
        }
        from += at + 2;
    }
    None
}

/// What the end of a transaction means: RFC 5321 section 4.2.1 for what the server said, and for what it did not say,
/// whether the dot had left.
fn judge(phase: Phase, fault: Fault, dot_left: bool) -> Sent {
    let (attempt, reusable, verdict) = match fault {
        Fault::Refused(reply) => {
            let verdict = match (phase, reply.code) {
                (_, 421) if matches!(phase, Phase::Mail) => Verdict::Stale,
                // 530, 534, 538 (RFC 4954 section 6), and 503 from servers that mean the same.
                (Phase::Mail | Phase::Rcpt, 503 | 530 | 534 | 535 | 538) => Verdict::Login,
                _ => Verdict::Mail,
            };
            let reusable = verdict == Verdict::Mail && reply.code != 421;
            let never = reply.code >= 500 && verdict == Verdict::Mail;
            (if never { Attempt::Rejected(reply) } else { Attempt::Deferred(reply) }, reusable, verdict)
        }
        Fault::NotLoggedIn(reply) => (Attempt::Deferred(reply), true, Verdict::Mail),
        Fault::Unsendable(text) => (Attempt::Rejected(own(text)), true, Verdict::Mail),
        Fault::Unexpected(reply) if dot_left => (Attempt::Ambiguous(reply), false, Verdict::Mail),
        Fault::Unexpected(reply) => (Attempt::Deferred(reply), false, Verdict::Mail),
        Fault::Unnoted(text) => {
            let reply = own(format!("Not sent, the database could not note it: {text}"));
            (Attempt::Deferred(reply), false, Verdict::Database)
        }
        Fault::Stopped(because) => {
            (unknown(own(format!("Cut off {}: {because}", phase.place())), dot_left), false, Verdict::Mail)
        }
        Fault::Broken(because) => {
            let verdict = if phase == Phase::Mail { Verdict::Stale } else { Verdict::Mail };
            (unknown(own(format!("The connection broke off {}: {because}", phase.place())), dot_left), false, verdict)
        }
        Fault::Silent(limit) => {
            // A server that is silent at MAIL is silent for every mail.
            let verdict = if phase == Phase::Mail { Verdict::Server } else { Verdict::Mail };
            let text = format!("No answer in {} s {}", limit.as_secs(), phase.place());
            (unknown(own(text), dot_left), false, verdict)
        }
    };
    Sent { attempt, reusable, verdict, group: Group::None }
}

fn unknown(reply: SmtpReply, dot_left: bool) -> Attempt {
    if dot_left { Attempt::Ambiguous(reply) } else { Attempt::Deferred(reply) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dot_that_begins_a_line_is_doubled() {
        for (body, sent) in
            [("", ""), (".", ".."), ("a.b", "a.b"), ("a\r\n.", "a\r\n.."), (".\r\n.\r\n..", "..\r\n..\r\n...")]
        {
            assert_eq!(doubled(body.as_bytes()), sent.as_bytes(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_of_a_body_is_the_final_dot_and_it_comes_back(body in "(\\.|a|\r\n){0,40}") {
            let sent = doubled(body.as_bytes()).into_owned();
            let text = String::from_utf8(sent).expect("ASCII");
            prop_assert!(text.split("\r\n").all(|line| line != "."));
            let undone: Vec<&str> = text.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            prop_assert_eq!(undone.join("\r\n"), body);
        }
    }
}

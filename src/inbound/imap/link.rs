//! One logged-in connection: commands out, answers in, one at a time, and what the server mentions by the way.
//!
//! Only `run_command` and `read_response` of async-imap are used: its conveniences take a tagged NO, and the end of the
//! stream, for "no messages".

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_imap::Session;
use async_imap::imap_proto::{MailboxDatum, RequestId, Response, ResponseCode, Status};
use async_imap::types::UnsolicitedResponse;
use futures::FutureExt as _;
use tokio::time::timeout;

use super::guard::{Guard, LITERAL_SMALL};
use super::reading;
use crate::inbound::error::{SourceError, said};

/// Most that the server may say to one command, in bytes, where the command allows no more.
const COMMAND_MAX: u64 = 8 * 1024 * 1024;
/// What has to come within the patience for a slow answer to be waited for any longer, in bytes.
const SLOWEST: u64 = 512;

/// A tagged answer.
#[derive(Clone, Debug)]
pub(super) struct Completion {
    pub(super) ok: bool,
    /// It is `NO [TRYCREATE]`.
    pub(super) try_create: bool,
    pub(super) read_only: bool,
    /// What the server said, fit for a log.
    pub(super) text: String,
}

/// An untagged answer. async-imap does not let its type be named, but for this wrapping.
pub(super) struct Heard(UnsolicitedResponse);

impl Heard {
    pub(super) fn parsed(&self) -> Option<&Response<'_>> {
        match &self.0 {
            UnsolicitedResponse::Other(response) => Some(response.parsed()),
            _ => None,
        }
    }
}

/// What the server said next.
pub(super) enum Reply {
    Untagged(Heard),
    /// `+`: it waits for us.
    Continue,
    Done(Completion),
}

#[derive(Debug)]
pub(super) struct Link {
    session: Session<Guard>,
    patience: Duration,
    /// How many bytes may have been received when the running command ends.
    received_max: u64,
    /// Mails in the folder, as far as the server told.
    pub(super) exists: u32,
    /// Of the selected folder; 0 before the selection.
    pub(super) uid_validity: u32,
    /// More mails than before were announced since this was last taken back.
    pub(super) news: bool,
}

impl Link {
    pub(super) fn new(session: Session<Guard>, patience: Duration) -> Self {
        Link { session, patience, received_max: COMMAND_MAX, exists: 0, uid_validity: 0, news: false }
    }

    /// The largest literal taken from now on; None: small ones only.
    pub(super) fn allow_literal(&mut self, bytes: Option<u64>) {
        self.session.get_mut().allow_literal(bytes.unwrap_or(LITERAL_SMALL));
    }

    /// The command just sent may be answered with this many bytes more than any other.
    pub(super) fn allow_answer(&mut self, bytes: u64) {
        self.received_max = self.received_max.saturating_add(bytes);
    }

    /// Sends a command. Its answers are read by [`Link::next`].
    pub(super) async fn send(&mut self, command: &str, doing: &'static str) -> Result<RequestId, SourceError> {
        debug_assert!(!command.contains(['\r', '\n']));
        self.received_max = self.session.get_mut().received().saturating_add(COMMAND_MAX);
        match timeout(self.patience, self.session.run_command(command)).await {
            Err(_) => Err(SourceError::TimedOut { doing, after: self.patience }),
            Ok(Err(error)) => Err(reading::client_error(&error, doing)),
            Ok(Ok(tag)) => Ok(tag),
        }
    }

    /// Sends a line that is no command (`DONE`).
    pub(super) async fn send_untagged(&mut self, line: &str, doing: &'static str) -> Result<(), SourceError> {
        match timeout(self.patience, self.session.run_command_untagged(line)).await {
            Err(_) => Err(SourceError::TimedOut { doing, after: self.patience }),
            Ok(Err(error)) => Err(reading::client_error(&error, doing)),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// The next answer. A server that is slow but still sends is waited for; dropping the future loses nothing.
    pub(super) async fn next(&mut self, tag: &RequestId, doing: &'static str) -> Result<Reply, SourceError> {
        loop {
            let before = self.session.get_mut().received();
            if before > self.received_max {
                return Err(SourceError::Protocol { doing, because: "it does not come to an end".to_owned() });
            }
            // Bound to a name, so that the borrow of the session ends before the progress is looked at.
            let read = timeout(self.patience, self.read(doing)).await;
            match read {
                Ok(heard) => return self.sort(heard?, tag, doing),
                Err(_) if self.session.get_mut().received() - before < SLOWEST => {
                    return Err(SourceError::TimedOut { doing, after: self.patience });
                }
                Err(_) => {}
            }
        }
    }

    /// Like [`Link::next`], but silence is no error: the caller bounds the wait.
    pub(super) async fn next_in_silence(&mut self, tag: &RequestId, doing: &'static str) -> Result<Reply, SourceError> {
        let response = self.read(doing).await?;
        self.sort(response, tag, doing)
    }

    async fn read(&mut self, doing: &'static str) -> Result<Heard, SourceError> {
        // The parser is known to panic on answers that no server should give: that is this server's trouble only.
        match AssertUnwindSafe(self.session.read_response()).catch_unwind().await {
            Err(_) => Err(SourceError::Protocol { doing, because: "the parser cannot cope with it".to_owned() }),
            Ok(Err(error)) => Err(reading::io_error(&error, doing)),
            Ok(Ok(None)) => Err(SourceError::Lost { doing }),
            Ok(Ok(Some(response))) => Ok(Heard(UnsolicitedResponse::Other(response))),
        }
    }

    fn sort(&mut self, heard: Heard, tag: &RequestId, doing: &'static str) -> Result<Reply, SourceError> {
        match heard.parsed() {
            Some(Response::Done { tag: answered, status, outcome }) => {
                if answered != tag {
                    let because = "it answers a command that was not sent".to_owned();
                    return Err(SourceError::Protocol { doing, because });
                }
                return Ok(Reply::Done(Completion {
                    ok: *status == Status::Ok,
                    try_create: matches!(outcome.code, Some(ResponseCode::TryCreate)),
                    read_only: matches!(outcome.code, Some(ResponseCode::ReadOnly)),
                    text: said(outcome.information.as_deref().unwrap_or_default()),
                }));
            }
            Some(Response::Continue(_)) => return Ok(Reply::Continue),
            Some(Response::Data { status: Status::Bye, outcome }) => {
                return Err(SourceError::Bye { because: said(outcome.information.as_deref().unwrap_or_default()) });
            }
            Some(Response::Data { outcome, .. })
                if self.uid_validity != 0
                    && matches!(outcome.code, Some(ResponseCode::UidValidity(now)) if now != self.uid_validity) =>
            {
                // Every UID means another mail from now on.
                let because = "the folder was made anew (its UIDVALIDITY changed)".to_owned();
                return Err(SourceError::Protocol { doing, because });
            }
            Some(Response::MailboxData(MailboxDatum::Exists(count))) => {
                self.news |= *count > self.exists;
                self.exists = *count;
            }
            Some(Response::Expunge(_)) => self.exists = self.exists.saturating_sub(1),
            _ => {}
        }
        Ok(Reply::Untagged(heard))
    }

    /// Like [`Link::must`], for a command that is answered with up to `lines` lines of 256 bytes.
    pub(super) async fn must_list(
        &mut self,
        command: &str,
        lines: u32,
        doing: &'static str,
        on: impl FnMut(&Response<'_>),
    ) -> Result<Completion, SourceError> {
        let tag = self.send(command, doing).await?;
        self.allow_answer(u64::from(lines) * 256);
        let completion = self.finish(&tag, doing, on).await?;
        if completion.ok { Ok(completion) } else { Err(SourceError::Refused { doing, because: completion.text }) }
    }

    /// A whole command; `on` sees every untagged answer. NO and BAD come back as a [`Completion`] that is not `ok`.
    pub(super) async fn run(
        &mut self,
        command: &str,
        doing: &'static str,
        on: impl FnMut(&Response<'_>),
    ) -> Result<Completion, SourceError> {
        let tag = self.send(command, doing).await?;
        self.finish(&tag, doing, on).await
    }

    async fn finish(
        &mut self,
        tag: &RequestId,
        doing: &'static str,
        mut on: impl FnMut(&Response<'_>),
    ) -> Result<Completion, SourceError> {
        loop {
            match self.next(tag, doing).await? {
                Reply::Untagged(heard) => heard.parsed().into_iter().for_each(&mut on),
                Reply::Done(completion) => return Ok(completion),
                Reply::Continue => return Err(unexpected_continue(doing)),
            }
        }
    }

    /// A whole command that has to succeed.
    pub(super) async fn must(
        &mut self,
        command: &str,
        doing: &'static str,
        on: impl FnMut(&Response<'_>),
    ) -> Result<Completion, SourceError> {
        let completion = self.run(command, doing, on).await?;
        if completion.ok { Ok(completion) } else { Err(SourceError::Refused { doing, because: completion.text }) }
    }
}

pub(super) fn unexpected_continue(doing: &'static str) -> SourceError {
    SourceError::Protocol { doing, because: "it asks for more where nothing more belongs".to_owned() }
}

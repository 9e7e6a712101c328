//! The two ways out behind one face: an SMTP server or a Maildir.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::OutgoingMail;
use crate::model::outgoing::{Attempt, OutboxEntry, SmtpReply};

use super::deliver::MARGIN;
use super::error::SmtpError;
use super::maildir::Maildir;
use super::pool::{Pool, Unusable};
use super::settings::OutgoingSettings;
use super::smtp::{Sent, Terms, Verdict, unsendable};

/// A claimed mail with its bytes.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) entry: OutboxEntry,
    pub(super) bytes: Vec<u8>,
}

pub(super) enum Transport {
    Smtp(Box<Pool>),
    Maildir(Maildir),
}

/// How a try ended.
pub(super) enum Carried {
    Tried(Attempt),
    /// The way out is closed to all mail; this one was not begun.
    Closed {
        error: SmtpError,
        wait: Duration,
    },
    /// Our database could not be read or written: nobody else's fault, and nothing left.
    NotNoted(SmtpReply),
}

impl Transport {
    pub(super) fn new(settings: OutgoingSettings) -> Self {
        match settings {
            OutgoingSettings::Smtp(smtp) => Transport::Smtp(Box::new(Pool::new(*smtp))),
            OutgoingSettings::Maildir(path) => Transport::Maildir(Maildir::new(path)),
        }
    }

    /// How many mails go at once.
    pub(super) fn width(&self) -> usize {
        match self {
            Transport::Smtp(pool) => pool.connections(),
            Transport::Maildir(_) => 1,
        }
    }

    /// How long the final dot may wait for its answer: a lease must outlast that.
    pub(super) fn last_wait(&self) -> Duration {
        match self {
            Transport::Smtp(pool) => pool.settings().limits.final_dot,
            Transport::Maildir(_) => Duration::ZERO,
        }
    }

    /// Sends one mail. `note` is awaited before it may have arrived.
    pub(super) async fn carry<F, N>(
        &self,
        letter: &Arc<Letter>,
        deadline: Instant,
        hurry: &CancellationToken,
        note: N,
    ) -> Carried
    where
        N: Fn() -> F,
        F: Future<Output = Result<(), String>>,
    {
        match self {
            Transport::Smtp(pool) => {
                let terms = Terms { limits: &pool.settings().limits, deadline, hurry };
                match pool.send(letter, &terms, note).await {
                    Ok(Sent { verdict: Verdict::Database, attempt: Attempt::Deferred(reply), .. }) => {
                        Carried::NotNoted(reply)
                    }
                    Ok(sent) => Carried::Tried(sent.attempt),
                    Err(_) if hurry.is_cancelled() => {
                        Carried::Tried(Attempt::Deferred(own("Not begun: the desk stopped".to_owned())))
                    }
                    Err(Unusable { error, wait }) => Carried::Closed { error, wait },
                }
            }
            Transport::Maildir(maildir) => file(maildir, letter, note).await,
        }
    }

    /// The trouble that holds now, and the wait before the next attempt.
    pub(super) fn closed(&self) -> Option<(SmtpError, Duration)> {
        match self {
            Transport::Smtp(pool) => pool.unusable().map(|u| (u.error, u.wait)),
            Transport::Maildir(_) => None,
        }
    }

    /// The last attempt failed: one mail is enough to find out whether the next one does.
    pub(super) fn in_doubt(&self) -> bool {
        match self {
            Transport::Smtp(pool) => pool.in_doubt(),
            Transport::Maildir(_) => false,
        }
    }

    pub(super) async fn sweep(&self) -> Option<Duration> {
        match self {
            Transport::Smtp(pool) => pool.sweep().await,
            Transport::Maildir(_) => None,
        }
    }

    pub(super) async fn close(&self) {
        if let Transport::Smtp(pool) = self {
            pool.close().await;
        }
    }
}

/// Sends one mail that no outbox has, and leaves: for what must be said when there is no database. An error is one word
/// for the log.
pub async fn send_alone(settings: OutgoingSettings, mail: OutgoingMail, now: Timestamp) -> Result<(), &'static str> {
    let OutgoingMail { template, ticket, envelope_from, to, message_id, content, .. } = mail;
    let to = to.spec().ok_or("address")?;
    // What is said in need quotes no mail that is kept elsewhere.
    let bytes = content.whole(&[]).ok_or("content")?;
    let (attempts, ambiguous) = (1, false);
    let entry =
        OutboxEntry { id: 0, template, ticket, envelope_from, to, message_id, attempts, queued_at: now, ambiguous };
    let letter = Arc::new(Letter { entry, bytes });
    let transport = Transport::new(settings);
    let deadline = Instant::now() + transport.last_wait() + MARGIN;
    let carried = transport.carry(&letter, deadline, &CancellationToken::new(), || async { Ok(()) }).await;
    transport.close().await;
    match carried {
        Carried::Tried(Attempt::Accepted(_)) => Ok(()),
        Carried::Tried(Attempt::Deferred(_)) => Err("deferred"),
        Carried::Tried(Attempt::Rejected(_)) => Err("rejected"),
        Carried::Tried(Attempt::Ambiguous(_)) => Err("ambiguous"),
        Carried::Closed { error, .. } => Err(error.word()),
        Carried::NotNoted(_) => Err("database"),
    }
}

/// What stands for a reply where no server said anything.
pub(super) fn own(text: String) -> SmtpReply {
    SmtpReply { code: 0, enhanced: None, text }
}

/// How soon a folder that could not be written is tried again.
const FOLDER_WAIT: Duration = Duration::from_secs(60);

async fn file<F, N>(maildir: &Maildir, letter: &Arc<Letter>, note: N) -> Carried
where
    N: Fn() -> F,
    F: Future<Output = Result<(), String>>,
{
    if let Some(because) = unsendable(&letter.bytes) {
        return Carried::Tried(Attempt::Rejected(own(because.to_owned())));
    }
    let path = maildir.root().display().to_string();
    let closed = |because: String| Carried::Closed {
        error: SmtpError::Folder { path: path.clone(), because },
        wait: FOLDER_WAIT,
    };
    let (writer, mail) = (maildir.clone(), Arc::clone(letter));
    let prepared = match spawn_blocking(move || writer.prepare(&mail)).await {
        Ok(Ok(Some(prepared))) => prepared,
        Ok(Ok(None)) => {
            return Carried::Tried(Attempt::Accepted(own("Was in the Maildir from a try before".to_owned())));
        }
        Ok(Err(e)) => return closed(e.to_string()),
        Err(e) => return closed(e.to_string()),
    };
    if let Err(because) = note().await {
        let text = format!("Not delivered, the database could not note it: {because}");
        return Carried::NotNoted(own(text));
    }
    let writer = maildir.clone();
    match spawn_blocking(move || writer.deliver(&prepared)).await {
        Ok(Ok(name)) => Carried::Tried(Attempt::Accepted(own(format!("Delivered as {name}")))),
        // The same name again replaces itself: this is never a second mail.
        Ok(Err(e)) => closed(e.to_string()),
        Err(e) => closed(e.to_string()),
    }
}

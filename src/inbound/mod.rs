//! Floor 3: where mail comes from. A source shows what it holds, hands over bytes, and files what was taken in; it
//! decides nothing and remembers nothing.
//!
//! The way of a source, for whoever drives it:
//!
//! 1. [`Source::open`] (again after every error, with a growing pause: [`SourceError::wants_operator`] tells a wrong
//!    password from a server that is down);
//! 2. [`Source::show`] until it shows nothing more, each time from the highest UID that it showed;
//! 3. [`Source::fetch`] for what the ledger does not know; commit;
//! 4. [`Source::file`] for what is committed;
//! 5. [`Source::wait`], then 2 again, also after [`Wake::Nothing`]: that only says that nothing was noticed.
//!
//! After an error, a time-out or a dropped future the connection is gone, and every method but `open` says so
//! ([`SourceError::NotOpen`]): what a half-read connection would answer next is anybody's guess.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::SourceKey;

mod error;
pub mod files;
pub mod imap;
pub mod maildir;
mod secret;
mod sink;
mod utf7;

pub use error::SourceError;
pub use imap::ImapSource;
pub use maildir::MaildirSource;
pub use secret::Secret;
pub use sink::{Room, Sink, room};

/// Of a mail over the size limit, the beginning that is taken in, in bytes: its header and some text.
pub const OVERSIZE_KEPT: u64 = 256 * 1024;

/// [`OVERSIZE_KEPT`], and never more than the limit itself.
fn kept_of_oversize(max_size: u64) -> u64 {
    OVERSIZE_KEPT.min(max_size)
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (RFC 8314), port 993.
    Implicit,
    /// TLS by STARTTLS before the login, port 143; a server that does not offer it is refused.
    StartTls,
    /// No TLS: refused unless the host is this machine or `allow_plain` is set.
    None,
}

/// An IMAP account and the folder in it that is taken in.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// Name or address; a certificate must be made out for it.
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub user: String,
    /// Read again at every login, so that a changed password needs no restart.
    pub password: Secret,
    /// In plain Unicode; modified UTF-7 is this room's matter.
    pub folder: String,
    /// Where mail that was taken in is moved; made when missing. None: it stays where it is.
    pub archive: Option<String>,
    /// PEM file of the only authorities to trust; None: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Permits [`Tls::None`] to another machine: password and mail travel in the clear.
    pub allow_plain: bool,
    /// How long a silent server is waited for.
    pub patience: Duration,
    /// How often to ask a server that has no IDLE.
    pub poll: Duration,
}

impl ImapSettings {
    /// Pause between two questions where the server has no IDLE.
    pub const POLL: Duration = Duration::from_secs(30);
}

/// A Maildir on this machine.
#[derive(Clone, Debug)]
pub struct MaildirSettings {
    /// The folder that has `new` and `cur` in it.
    pub path: PathBuf,
    /// A Maildir to which mail that was taken in is moved; made when missing. None: it stays where it is.
    pub archive: Option<PathBuf>,
    /// How often to look where the system's file notices do not work.
    pub poll: Duration,
}

impl MaildirSettings {
    /// Pause between two looks where file notices do not work.
    pub const POLL: Duration = Duration::from_secs(5);
}

/// What a source said of itself when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// As in the keys: the IMAP folder, or `maildir`.
    pub folder: String,
    /// IMAP UIDVALIDITY (RFC 9051 section 2.3.1.1); 0 for a Maildir.
    pub uid_validity: u32,
    /// The UID that the next mail will get, where the server told: a hint only, see [`Source::highest`].
    pub uid_next: Option<u32>,
    /// Mails in the folder at that moment, for IMAP.
    pub exists: u32,
    /// Upper case, after the login; empty for a Maildir.
    pub capabilities: Vec<String>,
    /// The server allows no change: filing will fail.
    pub read_only: bool,
    /// For how long from the opening on the server's certificate will be accepted, at most 400 days; None: no TLS.
    pub certificate: Option<Duration>,
}

/// A mail that stands in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub key: SourceKey,
    /// Bytes, as the source claims.
    pub size: Option<u64>,
    /// INTERNALDATE, or the file's time of change.
    pub received_at: Option<Timestamp>,
}

/// The answer for one wanted mail.
#[derive(Clone, Debug)]
pub enum Fetched {
    Mail {
        key: SourceKey,
        raw: Arc<[u8]>,
        received_at: Option<Timestamp>,
        /// `raw` is the beginning of a mail of this size: [`OVERSIZE_KEPT`] bytes, or as many as the limit allows.
        truncated_from: Option<u64>,
        /// Held until the mail is written.
        room: Room,
    },
    /// It is gone: the source was asked twice.
    Vanished { key: SourceKey },
    /// The source has it and cannot give it, though it gives others: to be tried again later, and to be told to the
    /// operator when that does not help. Never to be taken for gone.
    Withheld { key: SourceKey, because: String },
}

impl Fetched {
    pub fn key(&self) -> &SourceKey {
        match self {
            Fetched::Mail { key, .. } | Fetched::Vanished { key } | Fetched::Withheld { key, .. } => key,
        }
    }
}

/// Why [`Source::wait`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// There is probably new mail.
    Something,
    /// The time is up.
    Nothing,
}

/// What `check --online` wants to know of a source.
#[derive(Clone, Debug)]
pub struct Probe {
    pub opened: Opened,
    /// Names of all folders, in Unicode, at most 1,000; empty for a Maildir.
    pub folders: Vec<String>,
    /// The archive folder is there; None where none is configured.
    pub archive_exists: Option<bool>,
}

/// A place that mail comes from.
#[derive(Debug)]
pub enum Source {
    Imap(ImapSource),
    Maildir(MaildirSource),
}

impl Source {
    /// As in the keys: the IMAP folder, or `maildir`.
    pub fn folder(&self) -> &str {
        match self {
            Source::Imap(source) => source.folder(),
            Source::Maildir(_) => maildir::FOLDER,
        }
    }

    /// Connects, logs in and selects the folder; drops an older connection first.
    pub async fn open(&mut self) -> Result<Opened, SourceError> {
        match self {
            Source::Imap(source) => source.open().await,
            Source::Maildir(source) => source.open().await,
        }
    }

    /// The highest UID that stood there at the opening, 0 where none did; None for a Maildir. What the server says of the UID
    /// that comes next is believed only where nothing better is to be had: a new desk's first mail depends on it.
    pub async fn highest(&mut self) -> Result<Option<u32>, SourceError> {
        match self {
            Source::Imap(source) => source.highest().await.map(Some),
            Source::Maildir(_) => Ok(None),
        }
    }

    /// At most `limit` mails with a UID above `after_uid`, the lowest first, in the order of UIDs. Fewer than `limit`:
    /// there is no more now. A Maildir has no UIDs: it shows every mail once after each `open`, oldest first.
    pub async fn show(&mut self, after_uid: u32, limit: usize) -> Result<Vec<Shown>, SourceError> {
        match self {
            Source::Imap(source) => source.show(after_uid, limit).await,
            Source::Maildir(source) => source.show(limit).await,
        }
    }

    /// Hands every wanted mail to `sink`, one answer each, in the order wanted as far as the server keeps it. Never
    /// changes a flag. When it returns an error, the mails not answered are still to be fetched. A mail at which a connection
    /// broke comes last and alone the next time, and is withheld after some tries: it holds up no other. Memory is bounded
    /// by the sink: at most one mail more than it has room for.
    pub async fn fetch(&mut self, wanted: &[Shown], max_size: u64, sink: impl Into<Sink>) -> Result<(), SourceError> {
        let sink = sink.into();
        match self {
            Source::Imap(source) => source.fetch(wanted, max_size, &sink).await,
            Source::Maildir(source) => source.fetch(wanted, max_size, &sink).await,
        }
    }

    /// Moves what was taken in to the archive, where one is configured. May be repeated: what is gone is no error.
    pub async fn file(&mut self, keys: &[SourceKey]) -> Result<(), SourceError> {
        match self {
            Source::Imap(source) => source.file(keys).await,
            Source::Maildir(source) => source.file(keys).await,
        }
    }

    /// Returns as soon as new mail is noticed, and after `longest` in any case. For IMAP this is one IDLE: keep `longest`
    /// well under 28 minutes (RFC 2177: servers hang up after 30) and scatter it, so that mailboxes do not renew together.
    pub async fn wait(&mut self, longest: Duration) -> Result<Wake, SourceError> {
        match self {
            Source::Imap(source) => source.wait(longest).await,
            Source::Maildir(source) => source.wait(longest).await,
        }
    }

    /// Takes leave of the server. Dropping the source does as well, but fills its log with lost connections.
    pub async fn close(&mut self) {
        match self {
            Source::Imap(source) => source.close().await,
            Source::Maildir(source) => source.close(),
        }
    }

    /// Opens the source and looks around without touching anything. The source is open afterwards.
    pub async fn probe(&mut self) -> Result<Probe, SourceError> {
        match self {
            Source::Imap(source) => source.probe().await,
            Source::Maildir(source) => source.probe().await,
        }
    }
}

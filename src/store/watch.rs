//! What the desk notes about itself: what people must hear of and have not heard yet, and when what was last said, done or
//! seen.

use jiff::{SignedDuration, Timestamp};

use super::Result;
use crate::model::address::Address;
use crate::model::digest::{Measured, Overview};
use crate::model::outgoing::Template;
use crate::model::ticket::TicketNumber;

/// Notices read at once.
pub const NOTICES_MAX: usize = 500;
/// Different alarms that wait to be told; more are not kept: what counts is that somebody looks.
pub const ALARMS_MAX: usize = 256;

/// Something that people must hear of. It is written in the transaction that causes it, and removed in the one that queues
/// the mail which tells of it ([`crate::model::Decision::told`]): it is told whoever kills the daemon in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub id: i64,
    /// When it first happened.
    pub at: Timestamp,
    pub what: Noticed,
    /// How often it happened since it was last told.
    pub times: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// A sentence for the operator.
    Alarm(String),
    /// Mail of this mailbox was put into quarantine.
    Quarantined { mailbox: String },
    /// An outgoing mail will not go again by itself.
    Undelivered(Undeliverable),
}

/// An outgoing mail that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeliverable {
    pub outbox: i64,
    pub template: Template,
    pub ticket: Option<TicketNumber>,
    pub to: Address,
    /// Tries that were begun.
    pub attempts: u32,
    /// A try ended between the final dot and the reply: it may have arrived.
    pub ambiguous: bool,
    /// What the server, or the desk, said last.
    pub last_reply: String,
}

/// The moment at which a mailbox was last open, in [`Watch::moment`].
pub fn open(mailbox: &str) -> String {
    format!("open:{mailbox}")
}

/// How a mailbox fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fares {
    /// When the desk last had it open.
    pub open_at: Option<Timestamp>,
    /// When the last mail reached it that the desk took in.
    pub last_mail_at: Option<Timestamp>,
}

/// A mail that was taken in, for learning when mail usually comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// Rises in the order of discovery.
    pub id: i64,
    pub mailbox: String,
    pub received_at: Timestamp,
}

/// Beside [`super::Store`], and like it: each method is one transaction, durable when it returns.
pub trait Watch {
    /// What people have not heard yet, the oldest first, at most [`NOTICES_MAX`].
    fn notices(&self) -> Result<Vec<Notice>>;

    /// When this was last noted.
    fn moment(&self, what: &str) -> Result<Option<Timestamp>>;

    /// Notes that this is said, done or seen now, and makes the alarm that says it a notice; unless that was noted less than
    /// `pause` ago: then nothing is written, and false comes back. A time that lies in the future (the clock was set back)
    /// counts as long ago.
    fn note_moment(&self, what: &str, pause: SignedDuration, alarm: Option<&str>, now: Timestamp) -> Result<bool>;

    /// How the live tickets of these owners stand, and those that nobody has of these groups or of none; what is read is
    /// bounded, see [`crate::model::digest`].
    fn overview(&self, owners: &[String], groups: &[String]) -> Result<Overview>;

    /// Tickets to which something happened since then, but those that live on in another; bounded.
    fn measured(&self, since: Timestamp) -> Result<Vec<Measured>>;

    /// Mails that were discovered after this row (0: from `since` on) and taken in, in the order of discovery, at most
    /// `limit`. Those that were there before the desk came are not among them.
    fn came(&self, after: i64, since: Timestamp, limit: usize) -> Result<Vec<Came>>;
}

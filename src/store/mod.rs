//! Floor 3: the seam behind which everything is kept. The store writes whole rows that policy made and reads whole rows
//! back; it interprets nothing, so that a second back end is the same few files beside `sqlite`.
//!
//! [`Store`] is the way of a mail and of the outbox; [`watch::Watch`] is what the desk notes about itself; [`Reading`] is
//! for people: lists, one ticket whole, searches.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::conduct::{Learnt, MailToIt};
use crate::model::decision::Fate;
use crate::model::facts::{Contact, Organisation};
use crate::model::figures::{Gather, Period};
use crate::model::hands::Worked;
use crate::model::outgoing::{Attempt, OutboxEntry, OutboxState};
use crate::model::recheck::Recheck;
use crate::model::ticket::{Entry, HistoryLine, Priority, Status, Ticket, TicketNumber};
use crate::model::{AddrSpec, Commit, Digest, Found, Incoming, Lookup, SourceKey};

pub mod erase;
mod pack;
pub mod sqlite;
pub mod watch;

pub use pack::{Packed, pack, unpack};

/// What to do once the store's answers are known. Pure, and run inside the transaction (so it must not call the store);
/// `Fn`, so that a back end may run it again after a serialization failure.
///
/// Besides the tickets asked for, `Found::tickets` has those of its `known_ids`, `bounced`, `recent` and `hold`, each whole: a
/// mail may be joined to any of them.
pub type Plan = Arc<dyn Fn(Found) -> Commit + Send + Sync>;

/// A mail that was read and is ready to be decided and written down.
#[derive(Clone)]
pub struct Arrival {
    /// Its raw bytes are not needed any more and may be gone: see `packed`.
    pub incoming: Incoming,
    pub lookup: Lookup,
    pub plan: Plan,
    pub digest: Digest,
    /// The raw mail as it will be stored, compressed by whoever made this arrival: never on the writer's thread.
    pub packed: Packed,
    /// For `quarantine list`, should it come to that: the sender and subject as read.
    pub from: String,
    pub subject: String,
}

/// What became of an arrival.
#[derive(Clone, Debug)]
pub struct Ingested {
    pub mailbox: String,
    pub key: SourceKey,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    /// Decided and written now. The commit's mails are in the outbox; their bytes are not repeated here.
    Done { fate: Fate, reasons: Vec<String>, alarms: Vec<String> },
    /// This very source key was settled before; nothing was changed.
    Seen { fate: String, ticket: Option<TicketNumber> },
    /// The plan panicked or its rows were refused: the mail is kept in quarantine with this reason.
    Quarantined { because: String },
}

/// How far a folder was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub uid_validity: u32,
    /// Every UID up to this one is in the ledger or was there before the desk came.
    pub last_uid: u32,
    /// Mail that arrived before this is old: it was there before the desk came, or the operator does not want it.
    pub since: Timestamp,
    /// UIDs up to this one are judged by the time of their arrival; later ones are new whatever they say.
    pub by_date_up_to: u32,
    /// UIDs up to this one were there before the desk came, and have no row of their own.
    pub there_before: u32,
}

/// A source's item that is known to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    pub key: SourceKey,
    /// None while it is only discovered.
    pub fate: Option<String>,
    pub ticket: Option<TicketNumber>,
    /// Tries to read it that were begun.
    pub attempts: u32,
    /// It was moved to the archive folder (or needs no moving).
    pub filed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Full disk, locked database: nothing was changed, and the same call may succeed later.
    #[error("The database cannot be written now: {0}")]
    Unavailable(String),
    /// Concerns only what was asked for: the same will be refused again, and other calls are not.
    #[error("{0}")]
    Refused(String),
    #[error("The database is damaged or not ours: {0}")]
    Broken(String),
    /// This program's own, and no sign of anything wrong with the database.
    #[error("A fault of the program: {0}")]
    Fault(String),
}

/// Hears how a call ended, on a thread of the store's, which it must not hold up.
pub type Told = Box<dyn FnOnce(Result<()>) + Send>;

/// A mail of the outbox that was tried, how that ended, and when it goes again.
pub type Settled = (i64, Attempt, Option<Timestamp>);

/// What is said of a panic that was contained. Its own words stay unsaid: they may be a mail's.
pub const PANIC: &str = "A fault of the program: the log says where";

/// What the words of [`StoreError::word`] begin with where the database cannot be used, and that of a damaged one.
pub const DATABASE: &str = "database";
pub const BROKEN: &str = "database-broken";

impl StoreError {
    /// One word, for the log and the status line.
    pub fn word(&self) -> &'static str {
        match self {
            StoreError::Unavailable(_) => DATABASE,
            StoreError::Refused(_) => "refused",
            StoreError::Broken(_) => BROKEN,
            StoreError::Fault(_) => "fault",
        }
    }

    /// What else is asked of the store will fare no better.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, StoreError::Refused(_))
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Longer than any outgoing mail waits for its next try or its lease: a time beyond it was written by a clock that was
/// ahead then.
pub const FAR: SignedDuration = SignedDuration::from_hours(6);

/// The way of a mail. Every method is one transaction, durable when it returns; of [`Store::discover`] and
/// [`Store::claim`], which say only that something was begun, a power cut may undo the last. Blocking: call it from a
/// blocking thread.
pub trait Store: watch::Watch + Send + Sync {
    /// Notes that a source shows these items and that a try to take each of them in begins now. Returns the rows as
    /// they stand after counting; those with a fate are not to be taken in again.
    fn discover(&self, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> Result<Vec<LedgerRow>>;

    /// The rows of those of these items that the ledger knows.
    fn known(&self, mailbox: &str, keys: &[SourceKey]) -> Result<Vec<LedgerRow>>;

    /// The fate of a mail with these bytes, whatever source and mailbox brought it.
    fn fate_of(&self, digest: &Digest) -> Result<Option<String>>;

    /// The items of a mailbox that a source showed and that have no fate: their taking in was begun and did not end.
    fn unsettled(&self, mailbox: &str) -> Result<Vec<LedgerRow>>;

    /// Gives items of a source their fate without taking them in: they are old, or gone. They count as filed. Items that
    /// have a fate keep it.
    fn give_fate(&self, mailbox: &str, keys: &[SourceKey], fate: &Fate, now: Timestamp) -> Result<()>;

    /// Takes mails in: for each, in order, a savepoint around looking up, planning and writing. One that fails is
    /// quarantined and the others go on. An error means that nothing at all was written.
    fn ingest(&self, batch: Vec<Arrival>, now: Timestamp) -> Result<Vec<Ingested>>;

    /// Looks up, plans, and writes nothing: what [`Store::ingest`] would have committed at the time the mail was
    /// received, had its source key no fate yet.
    fn rehearse(&self, arrival: &Arrival) -> Result<Commit>;

    /// The same for what no mail brought: an operator's order, the clock.
    fn order(&self, lookup: &Lookup, plan: &Plan, now: Timestamp) -> Result<Commit>;

    /// Puts a mail aside without a decision: it could not even be read.
    fn quarantine(&self, incoming: &Incoming, packed: Packed, because: &str, now: Timestamp) -> Result<()>;

    /// How many items were discovered since then, and how many of these have a fate.
    fn counts(&self, since: Timestamp) -> Result<(i64, i64)>;

    /// Held mails that a registered address released since, made ready to be ingested again as
    /// [`Store::quarantine_reopen`] does. They are decided with [`Found::held`] saying so.
    fn released(&self, now: Timestamp) -> Result<Vec<Incoming>>;

    fn cursor(&self, mailbox: &str, folder: &str) -> Result<Option<Cursor>>;
    fn set_cursor(&self, mailbox: &str, folder: &str, cursor: Cursor) -> Result<()>;

    /// Items with a fate that the source has not yet filed away.
    fn unfiled(&self, mailbox: &str) -> Result<Vec<SourceKey>>;
    fn filed(&self, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> Result<()>;

    /// Takes up to `limit` mails that are due, counts a try for each and leases them for `lease`: whoever claimed them
    /// and died loses them after that. Fresh mail comes before repeated tries, so that no failing row holds up another, but
    /// for a quarter that is left to these; of fresh mail the lower [`rank`](crate::model::outgoing::Template::rank) first.
    fn claim(&self, now: Timestamp, lease: Duration, limit: usize) -> Result<Vec<OutboxEntry>> {
        self.claim_beside(&[], now, lease, limit)
    }
    /// [`Store::claim`] by one who is sending these mails just now: they are left alone, whatever the clock says of their
    /// leases. What waits for longer than [`FAR`] is due: no wait is that long, so the clock was ahead when it was written.
    fn claim_beside(&self, sending: &[i64], now: Timestamp, lease: Duration, limit: usize) -> Result<Vec<OutboxEntry>>;
    /// The finished bytes of a mail, the same at every call.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where there are none (any more): it can never be sent.
    fn outgoing(&self, id: i64) -> Result<Vec<u8>>;
    /// To be called, and durable, before the final dot is sent. Refused where the mail is no longer claimed: of two who
    /// believe that they hold the lease, one may go on.
    fn in_data(&self, id: i64, now: Timestamp) -> Result<()>;
    /// [`Store::in_data`] for one who has no thread to wait on.
    fn in_data_then(&self, id: i64, now: Timestamp, told: Told);
    /// Records how a try ended. `next`: when to try again, None: not by itself. An acceptance is recorded whatever
    /// happened to the row meanwhile; any other end only while the row is still being sent; of a mail that was erased,
    /// nothing.
    fn settle(&self, id: i64, attempt: &Attempt, next: Option<Timestamp>, now: Timestamp) -> Result<()>;
    /// Several at once, one transaction.
    fn settle_all(&self, settled: &[Settled], now: Timestamp) -> Result<()> {
        settled.iter().try_for_each(|(id, attempt, next)| self.settle(*id, attempt, *next, now))
    }
    /// [`Store::settle_all`] for one who has no thread to wait on.
    fn settle_all_then(&self, settled: Arc<Vec<Settled>>, now: Timestamp, told: Told);
    /// Ends the leases of all mails that are being sent: their senders are known to be dead. Returns how many.
    fn end_leases(&self, now: Timestamp) -> Result<usize>;
    /// When the next mail is due.
    fn next_due(&self) -> Result<Option<Timestamp>>;

    /// Tickets at which the clock has to look now, the longest overdue first.
    fn clock_due(&self, now: Timestamp, limit: usize) -> Result<Vec<TicketNumber>>;
    /// When the clock has to look at a ticket next.
    fn clock_next(&self) -> Result<Option<Timestamp>>;
    /// Has the clock look at a ticket then, and not before; whatever changes the ticket sets its time anew.
    fn put_off(&self, ticket: TicketNumber, until: Timestamp) -> Result<()>;

    fn outbox_retry(&self, id: Option<i64>, now: Timestamp) -> Result<usize>;
    fn outbox_drop(&self, id: i64, now: Timestamp) -> Result<bool>;

    /// Adds or updates; a value that is None leaves what is known, domains are added. Never takes a proof away. Contacts
    /// and organisations are counted together.
    fn put_contacts(
        &self,
        contacts: &[Contact],
        organisations: &[Organisation],
        now: Timestamp,
    ) -> Result<ContactCounts>;

    /// Notes of each group of addresses that they are one person's, together with all that were before any of theirs. Only
    /// contacts' count.
    fn same_person(&self, groups: &[Vec<AddrSpec>]) -> Result<()>;

    /// Forgets an address's failures, complaints and wrong ticket checks. False where there were none.
    fn forgive(&self, email: &str) -> Result<bool>;

    /// Forgets what was learnt of an agent's address. False where there was nothing.
    fn unlearn(&self, email: &str) -> Result<bool>;

    /// Mails whose sender is to be checked again now, at most so many; the try is counted for each.
    fn rechecks(&self, now: Timestamp, limit: usize) -> Result<Vec<DueRecheck>>;
    /// When the next one is due.
    fn recheck_next(&self) -> Result<Option<Timestamp>>;
    /// This one is not to be checked again.
    fn recheck_done(&self, digest: &Digest) -> Result<()>;

    /// Takes a mail out of quarantine for good; its row and reason stay in the ledger as `ignored`.
    fn quarantine_drop(&self, id: i64, because: &str, now: Timestamp) -> Result<bool>;
    /// Makes a quarantined item's source key ready to be ingested again: the next [`Store::ingest`] of its arrival
    /// replaces the quarantined fate. The try is counted here, before it is made.
    fn quarantine_reopen(&self, id: i64) -> Result<Option<Incoming>>;
}

/// A mail whose sender is to be checked again, its try counted.
#[derive(Clone, Debug)]
pub struct DueRecheck {
    pub incoming: Incoming,
    pub digest: Digest,
    pub asked: Recheck,
    /// Its number, where it is in quarantine.
    pub quarantined: Option<i64>,
    /// There is no try after this one.
    pub is_last: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContactCounts {
    pub added: usize,
    pub updated: usize,
    pub unchanged: usize,
}

/// Which tickets to list. Empty: every live one, newest change first.
#[derive(Clone, Debug, Default)]
pub struct TicketFilter {
    /// Ended ones too.
    pub all: bool,
    pub status: Option<Status>,
    /// An agent's or group's name.
    pub owner: Option<String>,
    pub unassigned: bool,
    pub category: Option<String>,
    pub priority: Option<Priority>,
    pub mailbox: Option<String>,
    pub organisation: Option<String>,
    /// The requester's address.
    pub requester: Option<String>,
    /// In lower case.
    pub tag: Option<String>,
    /// Something that was promised for it should have been done by then.
    pub late: Option<Timestamp>,
    /// Words, or beginnings of words, all of which the subject, requester or text has; folded. Of a word that is in very
    /// many entries, only those of the newest tickets count.
    pub search: Option<String>,
    pub limit: Option<usize>,
}

/// An outgoing mail as listed.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    pub id: i64,
    pub ticket: Option<TicketNumber>,
    pub to: crate::model::Address,
    pub subject: String,
    pub template: String,
    pub state: OutboxState,
    pub attempts: u32,
    pub next_attempt_at: Option<Timestamp>,
    pub last_reply: Option<String>,
    pub message_id: String,
    pub queued_at: Timestamp,
}

/// A mail in quarantine as listed.
#[derive(Clone, Debug)]
pub struct QuarantineRow {
    pub id: i64,
    pub mailbox: String,
    pub digest: String,
    pub from: String,
    pub subject: String,
    pub received_at: Timestamp,
    pub because: String,
    pub attempts: u32,
}

/// For people: reads a consistent state beside the writer.
pub trait Reading {
    fn ticket(&self, number: TicketNumber) -> Result<Option<Ticket>>;
    fn tickets(&self, filter: &TicketFilter) -> Result<Vec<Ticket>>;
    fn entries(&self, number: TicketNumber) -> Result<Vec<Entry>>;
    fn history(&self, number: TicketNumber) -> Result<Vec<HistoryLine>>;
    /// Time that was booked on a ticket, in its order.
    fn times(&self, number: TicketNumber) -> Result<Vec<Worked>>;
    /// The tickets that live on in this one, and those that live on in them.
    fn absorbed(&self, number: TicketNumber) -> Result<Vec<TicketNumber>>;
    /// The raw mails of a ticket in the order of its entries, with the time each was received.
    fn raw_mails(&self, number: TicketNumber) -> Result<Vec<(Timestamp, Vec<u8>)>>;
    /// `all`: also what was sent, observed or dropped.
    fn outbox(&self, all: bool) -> Result<Vec<OutboxRow>>;
    fn outbox_mail(&self, id: i64) -> Result<Option<(OutboxRow, Vec<u8>)>>;
    fn quarantined(&self) -> Result<Vec<QuarantineRow>>;
    fn quarantined_mail(&self, id: i64) -> Result<Option<(QuarantineRow, Vec<u8>)>>;
    fn contacts(&self) -> Result<Vec<Contact>>;
    fn organisations(&self) -> Result<Vec<Organisation>>;
    fn contact(&self, email: &str) -> Result<Option<Contact>>;
    /// A contact's other addresses.
    fn other_addresses(&self, email: &str) -> Result<Vec<String>>;
    /// How mail to an address fared.
    fn mail_to(&self, email: &str) -> Result<MailToIt>;
    /// What was learnt of an agent's address.
    fn learnt(&self, email: &str) -> Result<Learnt>;
    /// Shows the newest raw mails, newest first, each with the mailbox to which it came; so many at most.
    fn each_raw(&self, newest: usize, look: &mut dyn FnMut(&str, &[u8])) -> Result<()>;
    /// Shows what a report of this period is counted from, all as it stood at one moment.
    fn figures(&self, period: Period, into: &mut dyn Gather) -> Result<()>;
    /// Ledger rows of one mailbox and folder, in the order of UIDs.
    fn ledger(&self, mailbox: &str, folder: &str) -> Result<Vec<LedgerRow>>;
}

//! The SQLite back end: one writing thread ([`writer`]), a write-ahead log, a few reading connections beside
//! ([`readers`]).
//!
//! Several processes may have the file open at once (the daemon, and a command beside it): each has its own writer, and
//! SQLite's lock orders them.

mod asked;
pub mod backup;
mod checkpoint;
mod conduct;
mod contacts;
mod digest;
mod erase;
mod errors;
mod figures;
mod holds;
mod ingest;
mod ledger;
mod looks;
mod lookup;
mod outbox;
mod peers;
#[cfg(test)]
mod plans;
mod read;
mod readers;
mod rechecks;
mod rows;
mod schema;
mod search;
mod signatures;
mod sql;
#[cfg(test)]
mod statements;
mod times;
mod watch;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::checkpoint::Checkpointer;
use self::readers::Readers;
use self::writer::Writer;
use super::erase::{Erase, Erased, Erasure};
use super::watch::{Came, Fares, Notice, Watch};
use super::{
    Arrival, ContactCounts, Cursor, DueRecheck, Ingested, LedgerRow, OutboxRow, Packed, Plan, QuarantineRow, Reading,
    Result, Settled, Store, StoreError, TicketFilter, Told,
};
use crate::model::conduct::{Learnt, MailToIt};
use crate::model::digest::{Measured, Overview};
use crate::model::facts::{Contact, Organisation};
use crate::model::figures::{Gather, Period};
use crate::model::hands::Worked;
use crate::model::outgoing::{Attempt, OutboxEntry};
use crate::model::ticket::{Entry, HistoryLine, Ticket, TicketNumber};
use crate::model::{AddrSpec, Commit, Digest, Fate, Incoming, Lookup, SourceKey};

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Make the file where there is none; else that is an error.
    pub create: bool,
    /// How long to wait for another process that is writing. Longer than any transaction of ours takes.
    pub busy_timeout: Duration,
    /// Reading connections at most.
    pub readers: usize,
    /// What was committed outlives a power cut. False only where the database is thrown away anyway.
    pub durable: bool,
    /// The file may grow to so many pages of 4 KB.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Options { create: true, busy_timeout: Duration::from_secs(20), readers: 4, durable: true, max_pages: None }
    }
}

/// A desk's memory in one SQLite file.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    /// Of a scratch store: removed with it, after the connections above are closed.
    _scratch: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens the file, making it or bringing its schema up to date where that is needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be opened or is locked; [`StoreError::Broken`] where it is no
    /// database, another program's, or one that a newer postdesk wrote.
    pub fn open(path: &Path, options: Options) -> Result<Arc<Self>> {
        Self::open_with(path, options, None)
    }

    /// An empty store in a folder of its own, which vanishes with it: for what is only tried.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn scratch() -> Result<Arc<Self>> {
        let folder = tempfile::Builder::new()
            .prefix("postdesk-")
            .tempdir()
            .map_err(|error| StoreError::Unavailable(format!("Making a scratch folder: {error}")))?;
        let path = folder.path().join("scratch.db");
        Self::open_with(&path, Options { durable: false, ..Options::default() }, Some(folder))
    }

    /// How a mailbox fares, by the database as it is: nothing is made, and nothing brought up to date. None where there is no
    /// database, or one of another version.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn fares(path: &Path, mailbox: &str) -> Result<Option<Fares>> {
        if !path.exists() {
            return Ok(None);
        }
        let connection = schema::open_reader(path, &Options::default())?;
        if !schema::is_up_to_date(&connection)? {
            return Ok(None);
        }
        watch::fares(&connection, mailbox).map(Some)
    }

    fn open_with(path: &Path, options: Options, scratch: Option<tempfile::TempDir>) -> Result<Arc<Self>> {
        let mut connection = schema::open_writer(path, &options)?;
        let checkpointer = Checkpointer::start(path, &options, &mut connection)?;
        Ok(Arc::new(SqliteStore {
            writer: Writer::start(connection, Some(checkpointer))?,
            readers: Readers::new(path.to_owned(), options),
            _scratch: scratch,
        }))
    }
}

impl Store for SqliteStore {
    fn discover(&self, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> Result<Vec<LedgerRow>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (mailbox, keys) = (mailbox.to_owned(), keys.to_vec());
        // That somebody saw a mail, and began to read it, is forgotten with the rest of the machine's memory: it is seen again.
        self.writer.call_in_passing(move |c| ledger::discover(c, &mailbox, &keys, now))
    }

    fn known(&self, mailbox: &str, keys: &[SourceKey]) -> Result<Vec<LedgerRow>> {
        self.readers.with(|c| ledger::known(c, mailbox, keys))
    }

    fn fate_of(&self, digest: &Digest) -> Result<Option<String>> {
        self.readers.with(|c| ledger::fate_of(c, digest))
    }

    fn unsettled(&self, mailbox: &str) -> Result<Vec<LedgerRow>> {
        self.readers.with(|c| ledger::unsettled(c, mailbox))
    }

    fn give_fate(&self, mailbox: &str, keys: &[SourceKey], fate: &Fate, now: Timestamp) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mailbox, keys, fate) = (mailbox.to_owned(), keys.to_vec(), fate.clone());
        self.writer.call(1, move |c| ledger::give_fate(c, &mailbox, &keys, &fate, now))
    }

    fn ingest(&self, batch: Vec<Arrival>, now: Timestamp) -> Result<Vec<Ingested>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.call(batch.len(), move |c| ingest::batch(c, &batch, now))
    }

    fn rehearse(&self, arrival: &Arrival) -> Result<Commit> {
        self.readers.with(|c| ingest::rehearse(c, arrival))
    }

    fn order(&self, lookup: &Lookup, plan: &Plan, now: Timestamp) -> Result<Commit> {
        let (lookup, plan) = (lookup.clone(), plan.clone());
        self.writer.call(1, move |c| ingest::order(c, &lookup, &plan, now))
    }

    fn quarantine(&self, incoming: &Incoming, packed: Packed, because: &str, now: Timestamp) -> Result<()> {
        let (incoming, because) = (incoming.clone(), because.to_owned());
        let digest = Digest::of(&incoming.raw);
        self.writer.call(1, move |c| ingest::quarantine(c, &incoming, digest, &packed, &because, now))
    }

    fn counts(&self, since: Timestamp) -> Result<(i64, i64)> {
        self.readers.with(|c| ledger::counts(c, since))
    }

    fn released(&self, now: Timestamp) -> Result<Vec<Incoming>> {
        // Looked for beside the writer first: it is asked after every batch, and mostly there is nothing.
        if self.readers.with(|c| holds::any_released(c, now))? {
            let reopened = self.writer.call(1, move |c| holds::released(c, now))?;
            return reopened.into_iter().map(read::Reopened::unpack).collect();
        }
        Ok(Vec::new())
    }

    fn cursor(&self, mailbox: &str, folder: &str) -> Result<Option<Cursor>> {
        self.readers.with(|c| ledger::cursor(c, mailbox, folder))
    }

    fn set_cursor(&self, mailbox: &str, folder: &str, cursor: Cursor) -> Result<()> {
        let (mailbox, folder) = (mailbox.to_owned(), folder.to_owned());
        self.writer.call(1, move |c| ledger::set_cursor(c, &mailbox, &folder, cursor))
    }

    fn unfiled(&self, mailbox: &str) -> Result<Vec<SourceKey>> {
        self.readers.with(|c| ledger::unfiled(c, mailbox))
    }

    fn filed(&self, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mailbox, keys) = (mailbox.to_owned(), keys.to_vec());
        self.writer.call(1, move |c| ledger::filed(c, &mailbox, &keys, now))
    }

    fn claim_beside(&self, sending: &[i64], now: Timestamp, lease: Duration, limit: usize) -> Result<Vec<OutboxEntry>> {
        let sending = sending.to_vec();
        // Nothing leaves before `in_data`, which is durable, and this with it.
        self.writer.call_in_passing(move |c| outbox::claim(c, &sending, now, lease, limit))
    }

    fn outgoing(&self, id: i64) -> Result<Vec<u8>> {
        let kept = self.readers.with(|c| outbox::kept(c, id))?;
        kept.ok_or_else(|| StoreError::Refused(format!("Outgoing mail {id} has no bytes any more")))?.whole()
    }

    fn in_data(&self, id: i64, now: Timestamp) -> Result<()> {
        self.writer.call(1, move |c| outbox::in_data(c, id, now))
    }

    fn in_data_then(&self, id: i64, now: Timestamp, told: Told) {
        self.writer.post(1, move |c| outbox::in_data(c, id, now), told);
    }

    fn settle(&self, id: i64, attempt: &Attempt, next: Option<Timestamp>, now: Timestamp) -> Result<()> {
        self.settle_all(&[(id, attempt.clone(), next)], now)
    }

    fn settle_all(&self, settled: &[Settled], now: Timestamp) -> Result<()> {
        let settled = settled.to_vec();
        self.writer.call(1, move |c| outbox::settle_all(c, &settled, now))
    }

    fn settle_all_then(&self, settled: Arc<Vec<Settled>>, now: Timestamp, told: Told) {
        self.writer.post(1, move |c| outbox::settle_all(c, &settled, now), told);
    }

    fn end_leases(&self, now: Timestamp) -> Result<usize> {
        self.writer.call(1, move |c| outbox::end_leases(c, now))
    }

    fn next_due(&self) -> Result<Option<Timestamp>> {
        self.readers.with(outbox::next_due)
    }

    fn clock_due(&self, now: Timestamp, limit: usize) -> Result<Vec<TicketNumber>> {
        self.readers.with(|c| lookup::clock_due(c, now, limit))
    }

    fn clock_next(&self) -> Result<Option<Timestamp>> {
        self.readers.with(lookup::clock_next)
    }

    fn put_off(&self, ticket: TicketNumber, until: Timestamp) -> Result<()> {
        self.writer.call(1, move |c| lookup::put_off(c, ticket, until))
    }

    fn outbox_retry(&self, id: Option<i64>, now: Timestamp) -> Result<usize> {
        self.writer.call(1, move |c| outbox::retry(c, id, now))
    }

    fn outbox_drop(&self, id: i64, now: Timestamp) -> Result<bool> {
        self.writer.call(1, move |c| outbox::drop(c, id, now))
    }

    fn put_contacts(
        &self,
        contacts: &[Contact],
        organisations: &[Organisation],
        now: Timestamp,
    ) -> Result<ContactCounts> {
        let (contacts, organisations) = (contacts.to_vec(), organisations.to_vec());
        self.writer.call(1, move |c| contacts::put(c, &contacts, &organisations, now))
    }

    fn same_person(&self, groups: &[Vec<AddrSpec>]) -> Result<()> {
        let groups = groups.to_vec();
        self.writer.call(1, move |c| groups.iter().try_for_each(|group| contacts::same_person(c, group)))
    }

    fn forgive(&self, email: &str) -> Result<bool> {
        let email = email.to_owned();
        self.writer.call(1, move |c| conduct::forgive(c, &email))
    }

    fn unlearn(&self, email: &str) -> Result<bool> {
        let email = email.to_owned();
        self.writer.call(1, move |c| conduct::unlearn(c, &email))
    }

    fn quarantine_drop(&self, id: i64, because: &str, now: Timestamp) -> Result<bool> {
        let because = because.to_owned();
        self.writer.call(1, move |c| read::quarantine_drop(c, id, &because, now))
    }

    fn rechecks(&self, now: Timestamp, limit: usize) -> Result<Vec<DueRecheck>> {
        let due = self.writer.call(1, move |c| rechecks::due(c, now, limit))?;
        due.into_iter()
            .map(|due| {
                let rechecks::Due { digest, asked, quarantined, is_last, mail } = due;
                Ok(DueRecheck { incoming: mail.unpack()?, digest, asked, quarantined, is_last })
            })
            .collect()
    }

    fn recheck_next(&self) -> Result<Option<Timestamp>> {
        self.readers.with(rechecks::next)
    }

    fn recheck_done(&self, digest: &Digest) -> Result<()> {
        let digest = *digest;
        self.writer.call(1, move |c| rechecks::done(c, &digest))
    }

    fn quarantine_reopen(&self, id: i64) -> Result<Option<Incoming>> {
        self.writer.call(1, move |c| read::reopen(c, id))?.map(read::Reopened::unpack).transpose()
    }
}

impl Erase for SqliteStore {
    fn erase(&self, order: &Erasure, rehearse: bool, now: Timestamp) -> Result<Erased> {
        let mut connection = self.readers.open_eraser()?;
        erase::erase(&mut connection, order, rehearse, now)
    }

    fn wipe(&self) -> Result<()> {
        erase::wipe(&self.readers.open_eraser()?)
    }
}

impl Watch for SqliteStore {
    fn notices(&self) -> Result<Vec<Notice>> {
        self.readers.with(watch::notices)
    }

    fn moment(&self, what: &str) -> Result<Option<Timestamp>> {
        self.readers.with(|c| watch::moment(c, what))
    }

    fn note_moment(&self, what: &str, pause: SignedDuration, alarm: Option<&str>, now: Timestamp) -> Result<bool> {
        let (what, alarm) = (what.to_owned(), alarm.map(str::to_owned));
        self.writer.call(1, move |c| watch::note_moment(c, &what, pause, alarm.as_deref(), now))
    }

    fn overview(&self, owners: &[String], groups: &[String]) -> Result<Overview> {
        self.readers.with(|c| digest::overview(c, owners, groups))
    }

    fn measured(&self, since: Timestamp) -> Result<Vec<Measured>> {
        self.readers.with(|c| digest::measured(c, since))
    }

    fn came(&self, after: i64, since: Timestamp, limit: usize) -> Result<Vec<Came>> {
        self.readers.with(|c| watch::came(c, after, since, limit))
    }
}

impl Reading for SqliteStore {
    fn ticket(&self, number: TicketNumber) -> Result<Option<Ticket>> {
        self.readers.with(|c| rows::read_ticket(c, number))
    }

    fn tickets(&self, filter: &TicketFilter) -> Result<Vec<Ticket>> {
        self.readers.with(|c| read::tickets(c, filter))
    }

    fn entries(&self, number: TicketNumber) -> Result<Vec<Entry>> {
        self.readers.with(|c| rows::read_entries(c, number))
    }

    fn history(&self, number: TicketNumber) -> Result<Vec<HistoryLine>> {
        self.readers.with(|c| rows::read_history(c, number))
    }

    fn times(&self, number: TicketNumber) -> Result<Vec<Worked>> {
        self.readers.with(|c| times::of_ticket(c, number))
    }

    fn absorbed(&self, number: TicketNumber) -> Result<Vec<TicketNumber>> {
        let absorbed = self.readers.with(|c| lookup::absorbed(c, number))?;
        Ok(absorbed.into_iter().map(|ticket| ticket.number).collect())
    }

    fn raw_mails(&self, number: TicketNumber) -> Result<Vec<(Timestamp, Vec<u8>)>> {
        self.readers.with(|c| read::raw_mails(c, number))
    }

    fn outbox(&self, all: bool) -> Result<Vec<OutboxRow>> {
        self.readers.with(|c| outbox::list(c, all))
    }

    fn outbox_mail(&self, id: i64) -> Result<Option<(OutboxRow, Vec<u8>)>> {
        let Some((row, kept)) = self.readers.with(|c| outbox::mail(c, id))? else { return Ok(None) };
        Ok(Some((row, kept.map_or(Ok(Vec::new()), outbox::Kept::whole)?)))
    }

    fn quarantined(&self) -> Result<Vec<QuarantineRow>> {
        self.readers.with(read::quarantined)
    }

    fn quarantined_mail(&self, id: i64) -> Result<Option<(QuarantineRow, Vec<u8>)>> {
        self.readers.with(|c| read::quarantined_mail(c, id))
    }

    fn contacts(&self) -> Result<Vec<Contact>> {
        self.readers.with(contacts::contacts)
    }

    fn organisations(&self) -> Result<Vec<Organisation>> {
        self.readers.with(contacts::organisations)
    }

    fn contact(&self, email: &str) -> Result<Option<Contact>> {
        self.readers.with(|c| contacts::contact(c, &email.to_ascii_lowercase()))
    }

    fn other_addresses(&self, email: &str) -> Result<Vec<String>> {
        self.readers.with(|c| contacts::other_addresses(c, &email.to_ascii_lowercase()))
    }

    fn mail_to(&self, email: &str) -> Result<MailToIt> {
        self.readers.with(|c| conduct::mail_to(c, &email.to_ascii_lowercase()))
    }

    fn learnt(&self, email: &str) -> Result<Learnt> {
        self.readers.with(|c| conduct::learnt(c, &email.to_ascii_lowercase()))
    }

    fn each_raw(&self, newest: usize, look: &mut dyn FnMut(&str, &[u8])) -> Result<()> {
        for (mailbox, id) in self.readers.with(|c| read::newest_raw(c, newest))? {
            // Each by itself: whoever looks may take his time, and no reader is held meanwhile.
            if let Some(raw) = self.readers.with(|c| read::raw(c, id))? {
                look(&mailbox, &raw);
            }
        }
        Ok(())
    }

    fn figures(&self, period: Period, into: &mut dyn Gather) -> Result<()> {
        self.readers.with(|c| figures::gather(c, period, into))
    }

    fn ledger(&self, mailbox: &str, folder: &str) -> Result<Vec<LedgerRow>> {
        self.readers.with(|c| ledger::read(c, mailbox, folder))
    }
}

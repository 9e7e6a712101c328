//! A real SQLite store in a scratch folder, with a window in it: which calls the courier made, and calls refused as a
//! full disk would refuse them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use postdesk::model::decision::Fate;
use postdesk::model::digest::{Measured, Overview};
use postdesk::model::facts::{Contact, Organisation};
use postdesk::model::outgoing::{Attempt, OutboxEntry, OutboxState, Template};
use postdesk::model::{
    Action, AddrSpec, Address, Commit, Content, Digest, Incoming, Language, Lookup, OutgoingMail, SourceKey,
};
use postdesk::store::sqlite::SqliteStore;
use postdesk::store::watch::{Came, Notice, Watch};
use postdesk::store::{
    Arrival, ContactCounts, Cursor, Ingested, LedgerRow, Packed, Plan, Reading, Result as StoreResult, Settled, Store,
    StoreError, Told,
};

/// A mail of the outbox, and what the courier did with it.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: i64,
    pub state: OutboxState,
    pub attempts: u32,
    pub next: Option<Timestamp>,
    /// Every end of a try, in order.
    pub ends: Vec<Attempt>,
    /// How often the final dot was announced.
    pub noted: usize,
}

impl Row {
    /// Somebody holds it.
    pub fn is_claimed(&self) -> bool {
        matches!(self.state, OutboxState::Claimed | OutboxState::InData)
    }
}

/// The ends of a mail's tries, and how often its final dot was announced.
type Seen = (Vec<Attempt>, usize);

pub struct OutboxStore {
    sqlite: Arc<SqliteStore>,
    seen: Arc<Mutex<BTreeMap<i64, Seen>>>,
    /// So many calls from now on are refused.
    pub refuse_in_data: AtomicUsize,
    pub refuse_settle: AtomicUsize,
    /// So many milliseconds pass until an end is written down.
    pub slow_settle: AtomicU64,
}

impl Default for OutboxStore {
    fn default() -> Self {
        OutboxStore {
            sqlite: SqliteStore::scratch().expect("a store"),
            seen: Arc::default(),
            refuse_in_data: AtomicUsize::default(),
            refuse_settle: AtomicUsize::default(),
            slow_settle: AtomicU64::default(),
        }
    }
}

impl OutboxStore {
    /// Queues a mail and returns its id. A person's words leave with the desk's address, all else with the null path.
    pub fn queue(&self, template: Template, to: &str, bytes: &[u8], now: Timestamp) -> i64 {
        let message_id = format!("{}@desk.example", self.rows().len());
        let sender = AddrSpec::parse("desk@acme.example").expect("an address");
        let mail = OutgoingMail {
            template,
            ticket: None,
            language: Language::En,
            mailbox: "support".to_owned(),
            envelope_from: template.is_words_of_a_person().then_some(sender),
            to: Address::new(None, to),
            subject: "Hello".to_owned(),
            message_id: message_id.clone(),
            content: Content::new(bytes.to_vec(), Vec::new(), None),
            text: "Hello".to_owned(),
            observed: false,
        };
        let mut commit = Commit::new(Action::Command, Fate::Order);
        commit.outgoing = vec![mail];
        let plan: Plan = Arc::new(move |_| commit.clone());
        self.sqlite.order(&Lookup::default(), &plan, now).expect("queued");
        let rows = self.sqlite.outbox(true).expect("listed");
        rows.iter().find(|row| row.message_id == message_id).expect("is there").id
    }

    pub fn row(&self, id: i64) -> Row {
        self.rows().into_iter().find(|row| row.id == id).expect("queued before")
    }

    /// In the order of their ids.
    pub fn rows(&self) -> Vec<Row> {
        let seen = self.seen.lock().expect("not poisoned");
        let mut rows: Vec<Row> = self
            .sqlite
            .outbox(true)
            .expect("listed")
            .into_iter()
            .map(|row| {
                let (ends, noted) = seen.get(&row.id).cloned().unwrap_or_default();
                Row { id: row.id, state: row.state, attempts: row.attempts, next: row.next_attempt_at, ends, noted }
            })
            .collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// What a crash right after the final dot of every waiting mail leaves behind; the leases are over.
    pub fn crash_in_data(&self, now: Timestamp) {
        for entry in self.sqlite.claim(now, Duration::ZERO, 1000).expect("claimed") {
            self.sqlite.in_data(entry.id, now).expect("noted");
        }
    }
}

fn see(seen: &Mutex<BTreeMap<i64, Seen>>, id: i64, change: impl FnOnce(&mut Seen)) {
    change(seen.lock().expect("not poisoned").entry(id).or_default());
}

fn refuse(counter: &AtomicUsize) -> StoreResult<()> {
    match counter.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Err(StoreError::Unavailable("database or disk is full".to_owned())),
        Err(_) => Ok(()),
    }
}

impl Watch for OutboxStore {
    fn notices(&self) -> StoreResult<Vec<Notice>> {
        self.sqlite.notices()
    }
    fn moment(&self, what: &str) -> StoreResult<Option<Timestamp>> {
        self.sqlite.moment(what)
    }
    fn note_moment(&self, what: &str, pause: SignedDuration, alarm: Option<&str>, now: Timestamp) -> StoreResult<bool> {
        self.sqlite.note_moment(what, pause, alarm, now)
    }
    fn overview(&self, owners: &[String], groups: &[String]) -> StoreResult<Overview> {
        self.sqlite.overview(owners, groups)
    }
    fn measured(&self, since: Timestamp) -> StoreResult<Vec<Measured>> {
        self.sqlite.measured(since)
    }
    fn came(&self, after: i64, since: Timestamp, limit: usize) -> StoreResult<Vec<Came>> {
        self.sqlite.came(after, since, limit)
    }
}

impl Store for OutboxStore {
    fn clock_due(&self, now: Timestamp, limit: usize) -> StoreResult<Vec<i64>> {
        self.sqlite.clock_due(now, limit)
    }
    fn clock_next(&self) -> StoreResult<Option<Timestamp>> {
        self.sqlite.clock_next()
    }

    fn put_off(&self, ticket: postdesk::model::TicketNumber, until: Timestamp) -> StoreResult<()> {
        self.sqlite.put_off(ticket, until)
    }
    fn claim_beside(
        &self,
        sending: &[i64],
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Vec<OutboxEntry>> {
        self.sqlite.claim_beside(sending, now, lease, limit)
    }
    fn outgoing(&self, id: i64) -> StoreResult<Vec<u8>> {
        self.sqlite.outgoing(id)
    }

    fn in_data(&self, id: i64, now: Timestamp) -> StoreResult<()> {
        refuse(&self.refuse_in_data)?;
        self.sqlite.in_data(id, now)?;
        see(&self.seen, id, |(_, noted)| *noted += 1);
        Ok(())
    }
    fn in_data_then(&self, id: i64, now: Timestamp, told: Told) {
        if let Err(refused) = refuse(&self.refuse_in_data) {
            return told(Err(refused));
        }
        let seen = Arc::clone(&self.seen);
        let noted = move |result: StoreResult<()>| {
            if result.is_ok() {
                see(&seen, id, |(_, noted)| *noted += 1);
            }
            told(result);
        };
        self.sqlite.in_data_then(id, now, Box::new(noted));
    }
    fn settle(&self, id: i64, attempt: &Attempt, next: Option<Timestamp>, now: Timestamp) -> StoreResult<()> {
        self.settle_all(&[(id, attempt.clone(), next)], now)
    }
    fn settle_all(&self, settled: &[Settled], now: Timestamp) -> StoreResult<()> {
        refuse(&self.refuse_settle)?;
        self.sqlite.settle_all(settled, now)?;
        for (id, attempt, _) in settled {
            see(&self.seen, *id, |(ends, _)| ends.push(attempt.clone()));
        }
        Ok(())
    }
    fn settle_all_then(&self, settled: Arc<Vec<Settled>>, now: Timestamp, told: Told) {
        if let Err(refused) = refuse(&self.refuse_settle) {
            return told(Err(refused));
        }
        let (seen, sqlite) = (Arc::clone(&self.seen), Arc::clone(&self.sqlite));
        let slow = Duration::from_millis(self.slow_settle.load(SeqCst));
        std::thread::spawn(move || {
            std::thread::sleep(slow);
            let rows = Arc::clone(&settled);
            let written = move |result: StoreResult<()>| {
                for (id, attempt, _) in rows.iter().filter(|_| result.is_ok()) {
                    see(&seen, *id, |(ends, _)| ends.push(attempt.clone()));
                }
                told(result);
            };
            sqlite.settle_all_then(settled, now, Box::new(written));
        });
    }
    fn end_leases(&self, now: Timestamp) -> StoreResult<usize> {
        self.sqlite.end_leases(now)
    }
    fn next_due(&self) -> StoreResult<Option<Timestamp>> {
        self.sqlite.next_due()
    }
    fn outbox_retry(&self, id: Option<i64>, now: Timestamp) -> StoreResult<usize> {
        self.sqlite.outbox_retry(id, now)
    }
    fn outbox_drop(&self, id: i64, now: Timestamp) -> StoreResult<bool> {
        self.sqlite.outbox_drop(id, now)
    }

    // The courier has no business with the rest.
    fn fate_of(&self, digest: &Digest) -> StoreResult<Option<String>> {
        self.sqlite.fate_of(digest)
    }
    fn discover(&self, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> StoreResult<Vec<LedgerRow>> {
        self.sqlite.discover(mailbox, keys, now)
    }
    fn known(&self, mailbox: &str, keys: &[SourceKey]) -> StoreResult<Vec<LedgerRow>> {
        self.sqlite.known(mailbox, keys)
    }
    fn unsettled(&self, mailbox: &str) -> StoreResult<Vec<LedgerRow>> {
        self.sqlite.unsettled(mailbox)
    }
    fn give_fate(&self, mailbox: &str, keys: &[SourceKey], fate: &Fate, now: Timestamp) -> StoreResult<()> {
        self.sqlite.give_fate(mailbox, keys, fate, now)
    }
    fn ingest(&self, batch: Vec<Arrival>, now: Timestamp) -> StoreResult<Vec<Ingested>> {
        self.sqlite.ingest(batch, now)
    }
    fn rehearse(&self, arrival: &Arrival) -> StoreResult<Commit> {
        self.sqlite.rehearse(arrival)
    }
    fn order(&self, lookup: &Lookup, plan: &Plan, now: Timestamp) -> StoreResult<Commit> {
        self.sqlite.order(lookup, plan, now)
    }
    fn quarantine(&self, mail: &Incoming, packed: Packed, because: &str, now: Timestamp) -> StoreResult<()> {
        self.sqlite.quarantine(mail, packed, because, now)
    }
    fn counts(&self, since: Timestamp) -> StoreResult<(i64, i64)> {
        self.sqlite.counts(since)
    }
    fn released(&self, _: Timestamp) -> Result<Vec<Incoming>, StoreError> {
        unreachable!("the courier takes nothing in")
    }
    fn cursor(&self, mailbox: &str, folder: &str) -> StoreResult<Option<Cursor>> {
        self.sqlite.cursor(mailbox, folder)
    }
    fn set_cursor(&self, mailbox: &str, folder: &str, cursor: Cursor) -> StoreResult<()> {
        self.sqlite.set_cursor(mailbox, folder, cursor)
    }
    fn unfiled(&self, mailbox: &str) -> StoreResult<Vec<SourceKey>> {
        self.sqlite.unfiled(mailbox)
    }
    fn filed(&self, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> StoreResult<()> {
        self.sqlite.filed(mailbox, keys, now)
    }
    fn same_person(&self, groups: &[Vec<AddrSpec>]) -> StoreResult<()> {
        self.sqlite.same_person(groups)
    }

    fn put_contacts(&self, c: &[Contact], o: &[Organisation], now: Timestamp) -> StoreResult<ContactCounts> {
        self.sqlite.put_contacts(c, o, now)
    }
    fn forgive(&self, email: &str) -> StoreResult<bool> {
        self.sqlite.forgive(email)
    }
    fn rechecks(&self, now: Timestamp, limit: usize) -> StoreResult<Vec<postdesk::store::DueRecheck>> {
        self.sqlite.rechecks(now, limit)
    }
    fn recheck_next(&self) -> StoreResult<Option<Timestamp>> {
        self.sqlite.recheck_next()
    }
    fn recheck_done(&self, digest: &postdesk::model::Digest) -> StoreResult<()> {
        self.sqlite.recheck_done(digest)
    }
    fn unlearn(&self, email: &str) -> StoreResult<bool> {
        self.sqlite.unlearn(email)
    }
    fn quarantine_drop(&self, id: i64, because: &str, now: Timestamp) -> StoreResult<bool> {
        self.sqlite.quarantine_drop(id, because, now)
    }
    fn quarantine_reopen(&self, id: i64) -> StoreResult<Option<Incoming>> {
        self.sqlite.quarantine_reopen(id)
    }
}

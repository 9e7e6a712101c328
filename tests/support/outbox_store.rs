//! An outbox in memory, for tests of the courier that need to see every call: it keeps what the store's contract says
//! (tries counted when claimed, leases, fresh mail first) and nothing else of a store.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use postdesk::model::facts::{Contact, Organisation};
use postdesk::model::outgoing::{Attempt, OutboxEntry, OutboxState, Template};
use postdesk::model::{AddrSpec, Commit, Incoming, Lookup, SourceKey};
use postdesk::store::{
    Arrival, ContactCounts, Cursor, Ingested, LedgerRow, Plan, Result as StoreResult, Store, StoreError,
};

#[derive(Clone, Debug)]
pub struct Row {
    pub entry: OutboxEntry,
    pub state: OutboxState,
    pub next: Option<Timestamp>,
    pub lease: Option<Timestamp>,
    /// Every end of a try, in order.
    pub ends: Vec<Attempt>,
    /// How often the final dot was announced.
    pub noted: usize,
}

#[derive(Default)]
pub struct MemoryOutbox {
    rows: Mutex<Vec<Row>>,
    /// Calls that are refused from now on, as a full disk would.
    pub refuse_in_data: std::sync::atomic::AtomicUsize,
    pub refuse_settle: std::sync::atomic::AtomicUsize,
}

impl MemoryOutbox {
    /// Queues a mail and returns its id.
    pub fn queue(&self, template: Template, to: &str, bytes: &[u8], now: Timestamp) -> i64 {
        let mut rows = self.rows.lock().expect("not poisoned");
        let id = i64::try_from(rows.len()).expect("few") + 1;
        let entry = OutboxEntry {
            id,
            template,
            ticket: None,
            envelope_from: template.is_words_of_a_person().then(|| address("desk@acme.example")),
            to: address(to),
            message_id: format!("mail-{id}@desk.example"),
            bytes: bytes.to_vec(),
            attempts: 0,
            queued_at: now,
            ambiguous: false,
        };
        let state = OutboxState::Waiting;
        rows.push(Row { entry, state, next: Some(now), lease: None, ends: Vec::new(), noted: 0 });
        id
    }

    pub fn row(&self, id: i64) -> Row {
        self.rows().into_iter().find(|row| row.entry.id == id).expect("queued before")
    }

    pub fn rows(&self) -> Vec<Row> {
        self.rows.lock().expect("not poisoned").clone()
    }

    /// What a crash after the final dot leaves behind.
    pub fn leave_in_data(&self, id: i64) {
        self.change(id, |row| {
            row.state = OutboxState::InData;
            row.lease = Some(Timestamp::MIN);
        });
    }

    fn change(&self, id: i64, change: impl FnOnce(&mut Row)) {
        let mut rows = self.rows.lock().expect("not poisoned");
        change(rows.iter_mut().find(|row| row.entry.id == id).expect("queued before"));
    }
}

fn address(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("an address")
}

fn refuse(counter: &std::sync::atomic::AtomicUsize) -> StoreResult<()> {
    use std::sync::atomic::Ordering::SeqCst;
    match counter.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Err(StoreError::Unavailable("database or disk is full".to_owned())),
        Err(_) => Ok(()),
    }
}

impl Store for MemoryOutbox {
    fn claim(&self, now: Timestamp, lease: Duration, limit: usize) -> StoreResult<Vec<OutboxEntry>> {
        let lease = now.checked_add(SignedDuration::try_from(lease).expect("short")).expect("in range");
        let mut rows = self.rows.lock().expect("not poisoned");
        let mut due: Vec<&mut Row> = rows
            .iter_mut()
            .filter(|row| match row.state {
                OutboxState::Waiting | OutboxState::Deferred => row.next.is_some_and(|next| next <= now),
                OutboxState::Claimed | OutboxState::InData => row.lease.is_some_and(|lease| lease <= now),
                _ => false,
            })
            .collect();
        due.sort_by_key(|row| row.entry.attempts);
        let claim = |row: &mut Row| {
            row.entry.ambiguous |= row.state == OutboxState::InData;
            row.entry.attempts += 1;
            row.state = OutboxState::Claimed;
            row.lease = Some(lease);
            row.entry.clone()
        };
        Ok(due.into_iter().take(limit).map(claim).collect())
    }

    fn in_data(&self, id: i64, _now: Timestamp) -> StoreResult<()> {
        refuse(&self.refuse_in_data)?;
        self.change(id, |row| {
            assert_eq!(row.state, OutboxState::Claimed, "only a claimed mail is sent");
            row.state = OutboxState::InData;
            row.noted += 1;
        });
        Ok(())
    }

    fn settle(&self, id: i64, attempt: &Attempt, next: Option<Timestamp>, _now: Timestamp) -> StoreResult<()> {
        refuse(&self.refuse_settle)?;
        self.change(id, |row| {
            row.state = match (attempt, next) {
                (Attempt::Accepted(_), _) => OutboxState::Sent,
                (_, Some(_)) => OutboxState::Deferred,
                (_, None) => OutboxState::Failed,
            };
            row.entry.ambiguous |= matches!(attempt, Attempt::Ambiguous(_));
            row.next = next;
            row.lease = None;
            row.ends.push(attempt.clone());
        });
        Ok(())
    }

    fn next_due(&self) -> StoreResult<Option<Timestamp>> {
        let waits = |row: &Row| matches!(row.state, OutboxState::Waiting | OutboxState::Deferred);
        Ok(self.rows().iter().filter(|row| waits(row)).filter_map(|row| row.next).min())
    }

    fn outbox_retry(&self, _id: Option<i64>, _now: Timestamp) -> StoreResult<usize> {
        none()
    }
    fn outbox_drop(&self, _id: i64, _now: Timestamp) -> StoreResult<bool> {
        none()
    }
    fn discover(&self, _mailbox: &str, _keys: &[SourceKey], _now: Timestamp) -> StoreResult<Vec<LedgerRow>> {
        none()
    }
    fn known(&self, _: &str, _: &[SourceKey]) -> StoreResult<Vec<LedgerRow>> {
        none()
    }

    fn give_fate(&self, _: &str, _: &[SourceKey], _: &postdesk::model::Fate, _: Timestamp) -> StoreResult<()> {
        none()
    }

    fn ingest(&self, _batch: Vec<Arrival>, _now: Timestamp) -> StoreResult<Vec<Ingested>> {
        none()
    }
    fn rehearse(&self, _arrival: &Arrival) -> StoreResult<Commit> {
        none()
    }
    fn order(&self, _lookup: &Lookup, _plan: &Plan, _now: Timestamp) -> StoreResult<Commit> {
        none()
    }
    fn quarantine(&self, _: &Incoming, _packed: Vec<u8>, _because: &str, _now: Timestamp) -> StoreResult<()> {
        none()
    }
    fn cursor(&self, _mailbox: &str, _folder: &str) -> StoreResult<Option<Cursor>> {
        none()
    }
    fn set_cursor(&self, _mailbox: &str, _folder: &str, _cursor: Cursor) -> StoreResult<()> {
        none()
    }
    fn unfiled(&self, _mailbox: &str) -> StoreResult<Vec<SourceKey>> {
        none()
    }
    fn filed(&self, _mailbox: &str, _keys: &[SourceKey], _now: Timestamp) -> StoreResult<()> {
        none()
    }
    fn put_contacts(&self, _: &[Contact], _: &[Organisation], _now: Timestamp) -> StoreResult<ContactCounts> {
        none()
    }
    fn quarantine_drop(&self, _id: i64, _because: &str, _now: Timestamp) -> StoreResult<bool> {
        none()
    }
    fn quarantine_reopen(&self, _id: i64) -> StoreResult<Option<Incoming>> {
        none()
    }
}

fn none<T>() -> StoreResult<T> {
    Err(StoreError::Refused("This store keeps an outbox only".to_owned()))
}

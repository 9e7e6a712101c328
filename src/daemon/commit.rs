//! The writing side of a mailbox: fetched mails are read, decided and committed, and one that ended the program before is
//! handled apart.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Desk;
use super::ingest::{self, Prepared};
use super::mailbox::{GONE, Trouble};
use crate::config::drill;
use crate::inbound::{Fetched, Room};
use crate::model::{Fate, Incoming, SourceKey};
use crate::store::{Cursor, Ingested, LedgerRow, Outcome, Store, StoreError, pack};

/// Mails and bytes that are written in one transaction at the most.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Tries to read a mail after which it is set aside unread: it broke the program each time.
pub(super) const ATTEMPTS_MAX: u32 = 3;

/// Mails that were asked for together.
pub(super) struct Range {
    pub(super) fetched: mpsc::Receiver<Fetched>,
    /// Tries before this one, of those that had any.
    pub(super) tried: HashMap<SourceKey, u32>,
    /// Said when every one was answered; dropped where that did not come about.
    pub(super) end: oneshot::Receiver<Reached>,
}

/// How far a folder was taken in when a range is written.
pub(super) struct Reached {
    pub(super) folder: String,
    /// None where the source has no UIDs.
    pub(super) cursor: Option<Cursor>,
}

/// What is to be done once all mails of a range are written.
struct Mark {
    reached: Reached,
    /// Those that the server has and does not give.
    withheld: Vec<SourceKey>,
}

/// The writing side of one mailbox.
pub(super) struct Committing {
    desk: Arc<Desk>,
    mailbox: String,
    /// Read, and to be written next.
    ready: Option<Ready>,
    /// Of the ranges that end in what is ready.
    marks: Vec<Mark>,
    /// Withheld, of a range without an end.
    withheld: Vec<SourceKey>,
    /// What became of each, where somebody wants to know.
    told: Option<Vec<Ingested>>,
}

/// Mails, and the room that they take up until they are written.
struct Ready(Prepared, Vec<Room>);

/// Mails that are read together.
#[derive(Default)]
struct Batch {
    mails: Vec<Incoming>,
    rooms: Vec<Room>,
    bytes: usize,
    vanished: Vec<SourceKey>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.mails.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

impl Committing {
    pub(super) fn new(desk: Arc<Desk>, mailbox: &str, tell: bool) -> Self {
        Committing {
            desk,
            mailbox: mailbox.to_owned(),
            ready: None,
            marks: Vec::new(),
            withheld: Vec::new(),
            told: tell.then(Vec::new),
        }
    }

    /// Until there are no more ranges. Two batches are under way: while one is written, the next is read, be it of the same
    /// range or of the next. Returns what became of each, and what was withheld in ranges without an end.
    pub(super) async fn run(
        mut self,
        mut ranges: mpsc::Receiver<Range>,
    ) -> Result<(Vec<Ingested>, Vec<SourceKey>), Trouble> {
        while let Some(range) = self.next(&mut ranges).await? {
            self.range(range).await?;
        }
        self.write_ready().await?;
        Ok((self.told.unwrap_or_default(), self.withheld))
    }

    /// What comes next; what is ready is not kept waiting for it.
    async fn next<T>(&mut self, from: &mut mpsc::Receiver<T>) -> Result<Option<T>, Trouble> {
        match from.try_recv() {
            Ok(next) => Ok(Some(next)),
            Err(mpsc::error::TryRecvError::Disconnected) => Ok(None),
            Err(mpsc::error::TryRecvError::Empty) => {
                self.write_ready().await?;
                Ok(from.recv().await)
            }
        }
    }

    async fn range(&mut self, mut range: Range) -> Result<(), Trouble> {
        let mut withheld = Vec::new();
        while let Some(first) = self.next(&mut range.fetched).await? {
            let mut batch = Batch::default();
            let mut answer = Some(first);
            while let Some(one) = answer.take() {
                self.add(one, &mut batch, &mut withheld);
                if !batch.is_full() {
                    answer = range.fetched.try_recv().ok();
                }
            }
            self.commit(batch, &range.tried).await?;
        }
        match range.end.await {
            Ok(reached) => {
                self.marks.push(Mark { reached, withheld });
                if self.ready.is_none() {
                    self.reach().await?;
                }
            }
            Err(_) => self.withheld.extend(withheld),
        }
        Ok(())
    }

    fn add(&self, answer: Fetched, batch: &mut Batch, withheld: &mut Vec<SourceKey>) {
        match answer {
            Fetched::Mail { key, raw, received_at, truncated_from, room } => {
                batch.bytes += raw.len();
                batch.rooms.push(room);
                let received_at = received_at.unwrap_or_else(|| (self.desk.clock)());
                batch.mails.push(Incoming { mailbox: self.mailbox.clone(), key, raw, received_at, truncated_from });
            }
            Fetched::Vanished { key } => batch.vanished.push(key),
            // Why is in the server's words, which may quote the mail.
            Fetched::Withheld { key, .. } => {
                tracing::warn!(mailbox = self.mailbox, %key, "The source withholds a mail");
                withheld.push(key);
            }
        }
    }

    async fn write_ready(&mut self) -> Result<(), Trouble> {
        if let Some(Ready(prepared, rooms)) = self.ready.take() {
            let written = self.desk.write(prepared).await?;
            drop(rooms);
            self.tell(written);
        }
        self.reach().await
    }

    fn tell(&mut self, written: Vec<Ingested>) {
        if let Some(told) = &mut self.told {
            told.extend(written);
        }
    }

    /// Notes how far the folder was taken in, now that all up to there is written.
    async fn reach(&mut self) -> Result<(), Trouble> {
        for Mark { reached: Reached { folder, cursor }, withheld } in std::mem::take(&mut self.marks) {
            self.desk.give_up_withheld(&self.mailbox, withheld).await?;
            if let Some(cursor) = cursor {
                let name = self.mailbox.clone();
                self.desk.with_store(move |s| s.set_cursor(&name, &folder, cursor)).await?;
            }
        }
        Ok(())
    }

    async fn note_vanished(&self, keys: Vec<SourceKey>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        let (name, now) = (self.mailbox.clone(), (self.desk.clock)());
        let fate = Fate::Ignored { because: GONE.to_owned() };
        Ok(self.desk.with_store(move |s| s.give_fate(&name, &keys, &fate, now)).await?)
    }

    /// Writes what is ready while reading this batch, which is ready then. The tries are counted first. A mail that ended
    /// the program before is read alone, with nothing beside it, so that only it is blamed, and after the third time not at
    /// all.
    async fn commit(&mut self, batch: Batch, tried: &HashMap<SourceKey, u32>) -> Result<(), Trouble> {
        let Batch { mails, rooms, vanished, .. } = batch;
        if !mails.is_empty() {
            drill::point("after-fetch");
        }
        let tries = |key: &SourceKey| tried.get(key).copied().unwrap_or_default();
        let (suspects, fresh): (Vec<Incoming>, Vec<Incoming>) = mails.into_iter().partition(|i| tries(&i.key) > 0);
        for suspect in suspects {
            self.write_ready().await?;
            let tried = tries(&suspect.key);
            let done = if tried >= ATTEMPTS_MAX {
                vec![self.set_aside(suspect, tried).await?]
            } else {
                let alone = vec![suspect];
                self.count_try(&alone).await?;
                self.desk.take_in(alone).await?
            };
            self.tell(done);
        }
        if !fresh.is_empty() {
            // Before the writer is busy with what is ready: reading begins when the tries are counted.
            self.count_try(&fresh).await?;
            let desk = Arc::clone(&self.desk);
            let (written, read) = tokio::join!(self.write_ready(), desk.prepare(fresh));
            written?;
            self.ready = Some(Ready(read?, rooms));
        }
        self.note_vanished(vanished).await
    }

    async fn count_try(&self, mails: &[Incoming]) -> Result<(), Trouble> {
        let (name, now) = (self.mailbox.clone(), (self.desk.clock)());
        let keys = mails.iter().map(|i| i.key.clone()).collect::<Vec<_>>();
        self.desk.with_store(move |s| s.discover(&name, &keys, now).map(drop)).await?;
        drill::point("counted");
        Ok(())
    }

    async fn set_aside(&self, incoming: Incoming, attempts: u32) -> Result<Ingested, Trouble> {
        let because = format!("{attempts} tries to read it ended the program");
        let (mailbox, key, now) = (incoming.mailbox.clone(), incoming.key.clone(), (self.desk.clock)());
        let (words, packed) = (because.clone(), pack(&incoming.raw)?);
        self.desk.with_store(move |s| s.quarantine(&incoming, packed, &words, now)).await?;
        Ok(Ingested { mailbox, key, outcome: Outcome::Quarantined { because } })
    }
}

impl Desk {
    /// Runs one call of the store on a thread that may block.
    pub async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&dyn Store) -> crate::store::Result<T> + Send + 'static,
    ) -> crate::store::Result<T> {
        let desk = Arc::clone(self);
        tokio::task::spawn_blocking(move || call(&*desk.store)).await.map_err(ingest::ended)?
    }

    /// Reads, checks, decides and commits mails: the way of a mail.
    pub async fn take_in(self: &Arc<Self>, batch: Vec<Incoming>) -> crate::store::Result<Vec<Ingested>> {
        let prepared = self.prepare(batch).await?;
        self.write(prepared).await
    }

    /// All of the way that needs no store.
    async fn prepare(self: &Arc<Self>, batch: Vec<Incoming>) -> crate::store::Result<Prepared> {
        let ended = || StoreError::Fault("The reading of mails ended".to_owned());
        let parsed = self.readers.run(move || batch.into_iter().map(ingest::parse).collect::<Vec<_>>()).await;
        let checks = parsed.ok_or_else(ended)?.into_iter().map(|mail| ingest::check(&self.authenticator, mail));
        let checked = futures::future::join_all(checks).await;
        let (policy, now) = (Arc::clone(&self.policy), (self.clock)());
        self.readers.run(move || ingest::prepare(&policy, checked, now)).await.ok_or_else(ended)?
    }

    /// Mail that the server has and does not give is asked for again, a few times, on new connections; then it is set aside
    /// where people see it, so that what comes after it is not held up for ever.
    pub(super) async fn give_up_withheld(
        self: &Arc<Self>,
        mailbox: &str,
        withheld: Vec<SourceKey>,
    ) -> Result<(), Trouble> {
        if withheld.is_empty() {
            return Ok(());
        }
        let (name, now) = (mailbox.to_owned(), (self.clock)());
        let rows = self.with_store(move |s| s.discover(&name, &withheld, now)).await?;
        let (hopeless, again): (Vec<LedgerRow>, Vec<LedgerRow>) =
            rows.into_iter().partition(|row| row.attempts >= ATTEMPTS_MAX);
        let (name, keys) = (mailbox.to_owned(), hopeless.into_iter().map(|row| row.key).collect::<Vec<_>>());
        for key in &keys {
            tracing::error!(mailbox = name, %key, "The server does not give this mail: it is set aside unread");
        }
        let fate = Fate::Quarantined { because: "The server has this mail and does not give it".to_owned() };
        self.with_store(move |s| s.give_fate(&name, &keys, &fate, now)).await?;
        if again.is_empty() { Ok(()) } else { Err(Trouble::Withheld(again.len())) }
    }

    async fn write(self: &Arc<Self>, prepared: Prepared) -> crate::store::Result<Vec<Ingested>> {
        let policy = Arc::clone(&self.policy);
        let ingested = self.with_store(move |store| ingest::write(store, &policy, prepared)).await?;
        ingested.iter().for_each(log);
        if ingested.iter().any(of_note) {
            self.noticed.notify_one();
        }
        self.queued.notify_one();
        Ok(ingested)
    }
}

/// The operator should hear of it: what to say was written with it.
fn of_note(one: &Ingested) -> bool {
    match &one.outcome {
        Outcome::Done { fate, alarms, .. } => !alarms.is_empty() || matches!(fate, Fate::Quarantined { .. }),
        Outcome::Quarantined { .. } => true,
        Outcome::Seen { .. } => false,
    }
}

/// One line a mail: where it stood, what became of it. Nothing of what is in it.
fn log(one: &Ingested) {
    let (mailbox, key) = (&one.mailbox, &one.key);
    match &one.outcome {
        Outcome::Done { fate, alarms, .. } => {
            tracing::info!(mailbox, %key, fate = fate.word(), ticket = fate.ticket(), "Taken in");
            for alarm in alarms {
                tracing::warn!(mailbox, %key, alarm, "For the operator");
            }
        }
        Outcome::Seen { fate, ticket } => tracing::debug!(mailbox, %key, fate, ticket, "Taken in before"),
        Outcome::Quarantined { because } => tracing::warn!(mailbox, %key, because, "Quarantined"),
    }
}

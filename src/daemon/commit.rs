//! The writing side of a mailbox: fetched mails are read, decided and committed, and one that ended the program before is
//! handled apart.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Desk;
use super::ingest::{self, Prepared};
use super::mailbox::{GONE, Trouble};
use crate::config::drill;
use crate::inbound::Fetched;
use crate::model::{Fate, Incoming, SourceKey};
use crate::store::{Ingested, Outcome, Store, StoreError, pack};

/// Mails and bytes that are written in one transaction at the most.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Tries to read a mail after which it is set aside unread: it broke the program each time.
pub(super) const ATTEMPTS_MAX: u32 = 3;

/// The writing side of one range of mails.
pub(super) struct Committing {
    pub(super) desk: Arc<Desk>,
    pub(super) mailbox: String,
}

impl Committing {
    /// Two batches are under way: while one is written, the next is read.
    pub(super) async fn run(
        self,
        mut fetched: mpsc::Receiver<Fetched>,
    ) -> Result<(Vec<Ingested>, Vec<SourceKey>), Trouble> {
        let (mut all, mut withheld) = (Vec::new(), Vec::new());
        let mut ready: Option<Prepared> = None;
        loop {
            // What is ready is not kept waiting for mail that is still to come.
            let first = if ready.is_some() { fetched.try_recv().ok() } else { fetched.recv().await };
            let Some(first) = first else {
                let Some(last) = ready.take() else { break };
                all.extend(self.desk.write(last).await?);
                continue;
            };
            let (mut batch, mut bytes, mut vanished) = (Vec::new(), 0, Vec::new());
            let mut answer = Some(first);
            while let Some(one) = answer.take() {
                match one {
                    Fetched::Mail { key, raw, received_at, truncated_from } => {
                        bytes += raw.len();
                        let received_at = received_at.unwrap_or_else(|| (self.desk.clock)());
                        batch.push(Incoming { mailbox: self.mailbox.clone(), key, raw, received_at, truncated_from });
                    }
                    Fetched::Vanished { key } => vanished.push(key),
                    // Why is in the server's words, which may quote the mail.
                    Fetched::Withheld { key, .. } => {
                        tracing::warn!(mailbox = self.mailbox, %key, "The source withholds a mail");
                        withheld.push(key);
                    }
                }
                if batch.len() < BATCH && bytes < BATCH_BYTES {
                    answer = fetched.try_recv().ok();
                }
            }
            ready = self.commit(batch, ready, &mut all).await?;
            self.note_vanished(vanished).await?;
        }
        Ok((all, withheld))
    }

    async fn note_vanished(&self, keys: Vec<SourceKey>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        let (name, now) = (self.mailbox.clone(), (self.desk.clock)());
        let fate = Fate::Ignored { because: GONE.to_owned() };
        Ok(self.desk.with_store(move |s| s.give_fate(&name, &keys, &fate, now)).await?)
    }

    /// Writes what is `ready` while reading this batch, and returns what is ready then. The tries are counted first. A
    /// mail that ended the program before is read alone, with nothing beside it, so that only it is blamed, and after the
    /// third time not at all.
    async fn commit(
        &self,
        batch: Vec<Incoming>,
        mut ready: Option<Prepared>,
        done: &mut Vec<Ingested>,
    ) -> Result<Option<Prepared>, Trouble> {
        if batch.is_empty() {
            return Ok(ready);
        }
        drill::point("after-fetch");
        let (name, keys) = (self.mailbox.clone(), batch.iter().map(|i| i.key.clone()).collect::<Vec<_>>());
        let earlier = self.desk.with_store(move |s| s.known(&name, &keys)).await?;
        let attempts = |key: &SourceKey| earlier.iter().find(|r| r.key == *key).map_or(0, |r| r.attempts);
        let (suspects, fresh): (Vec<Incoming>, Vec<Incoming>) = batch.into_iter().partition(|i| attempts(&i.key) > 0);
        for suspect in suspects {
            if let Some(ready) = ready.take() {
                done.extend(self.desk.write(ready).await?);
            }
            let tried = attempts(&suspect.key);
            if tried >= ATTEMPTS_MAX {
                done.push(self.set_aside(suspect, tried).await?);
                continue;
            }
            let alone = vec![suspect];
            self.count_try(&alone).await?;
            done.extend(self.desk.take_in(alone).await?);
        }
        if fresh.is_empty() {
            return Ok(ready);
        }
        // Before the writer is busy with what is ready: reading begins when the tries are counted.
        self.count_try(&fresh).await?;
        let write = async {
            match ready {
                Some(ready) => self.desk.write(ready).await,
                None => Ok(Vec::new()),
            }
        };
        let (written, read) = tokio::join!(write, self.desk.prepare(fresh));
        done.extend(written?);
        Ok(Some(read?))
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
        match tokio::task::spawn_blocking(move || call(&*desk.store)).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Broken(format!("A call to it ended: {error}"))),
        }
    }

    /// Reads, checks, decides and commits mails: the way of a mail.
    pub async fn take_in(self: &Arc<Self>, batch: Vec<Incoming>) -> crate::store::Result<Vec<Ingested>> {
        let prepared = self.prepare(batch).await?;
        self.write(prepared).await
    }

    /// All of the way that needs no store.
    async fn prepare(self: &Arc<Self>, batch: Vec<Incoming>) -> crate::store::Result<Prepared> {
        let ended = |error| StoreError::Broken(format!("Reading ended: {error}"));
        let parsed = tokio::task::spawn_blocking(move || batch.into_iter().map(ingest::parse).collect::<Vec<_>>());
        let checks = parsed.await.map_err(ended)?.into_iter().map(|mail| ingest::check(&self.authenticator, mail));
        let checked = futures::future::join_all(checks).await;
        let (desk, now) = (Arc::clone(self), (self.clock)());
        tokio::task::spawn_blocking(move || ingest::prepare(&desk.policy, checked, now)).await.map_err(ended)?
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

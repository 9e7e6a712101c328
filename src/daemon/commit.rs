//! The writing side of a mailbox: fetched mails are read, decided and committed, and one that ended the program before is
//! handled apart.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Desk;
use super::ingest;
use super::mailbox::{GONE, Trouble};
use super::operator::Event;
use crate::config::drill;
use crate::inbound::Fetched;
use crate::model::{Fate, Incoming, SourceKey};
use crate::store::{Ingested, Outcome, Store, StoreError, pack};

/// Mails and bytes that are written in one transaction at the most.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Tries to read a mail after which it is set aside unread: it broke the program each time.
pub(super) const ATTEMPTS_MAX: u32 = 3;

/// The writing side of one range of mails.
pub(super) struct Committing {
    pub(super) desk: Arc<Desk>,
    pub(super) mailbox: String,
}

impl Committing {
    pub(super) async fn run(
        self,
        mut fetched: mpsc::Receiver<Fetched>,
    ) -> Result<(Vec<Ingested>, Vec<SourceKey>), Trouble> {
        let (mut all, mut withheld) = (Vec::new(), Vec::new());
        let mut next = fetched.recv().await;
        while let Some(first) = next.take() {
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
                    Fetched::Withheld { because, key } => {
                        tracing::warn!(mailbox = self.mailbox, uid = key.uid, because, "The server withholds a mail");
                        withheld.push(key);
                    }
                }
                if batch.len() < BATCH && bytes < BATCH_BYTES {
                    answer = fetched.try_recv().ok();
                }
            }
            all.extend(self.commit(batch).await?);
            self.note_vanished(vanished).await?;
            next = fetched.recv().await;
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

    /// The tries are counted first. A mail that ended the program before is read alone, so that only it is blamed, and
    /// after the third time not at all.
    async fn commit(&self, batch: Vec<Incoming>) -> Result<Vec<Ingested>, Trouble> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        drill::point("after-fetch");
        let (name, keys, now) =
            (self.mailbox.clone(), batch.iter().map(|i| i.key.clone()).collect::<Vec<_>>(), (self.desk.clock)());
        let earlier = {
            let (name, keys) = (name.clone(), keys.clone());
            self.desk.with_store(move |s| s.known(&name, &keys)).await?
        };
        let attempts = |key: &SourceKey| earlier.iter().find(|r| r.key == *key).map_or(0, |r| r.attempts);
        let (suspects, fresh): (Vec<Incoming>, Vec<Incoming>) = batch.into_iter().partition(|i| attempts(&i.key) > 0);
        let mut groups: Vec<Vec<Incoming>> = suspects.into_iter().map(|one| vec![one]).collect();
        if !fresh.is_empty() {
            groups.push(fresh);
        }
        let mut ingested = Vec::new();
        for group in groups {
            if let [one] = group.as_slice()
                && attempts(&one.key) >= ATTEMPTS_MAX
            {
                ingested.push(self.set_aside(one.clone(), attempts(&one.key)).await?);
                continue;
            }
            let (name, keys) = (name.clone(), group.iter().map(|i| i.key.clone()).collect::<Vec<_>>());
            self.desk.with_store(move |s| s.discover(&name, &keys, now).map(drop)).await?;
            drill::point("counted");
            ingested.extend(self.desk.take_in(group).await?);
        }
        Ok(ingested)
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
        let parsed =
            match tokio::task::spawn_blocking(move || batch.into_iter().map(ingest::parse).collect::<Vec<_>>()).await {
                Ok(parsed) => parsed,
                Err(error) => return Err(StoreError::Broken(format!("Reading ended: {error}"))),
            };
        let checks = parsed.into_iter().map(|mail| ingest::check(&self.authenticator, mail));
        let checked = futures::future::join_all(checks).await;
        let (desk, now) = (Arc::clone(self), (self.clock)());
        let ingested = self.with_store(move |store| ingest::take_in(store, &desk.policy, checked, now)).await?;
        for one in &ingested {
            log(one);
            self.tell_operator(one);
        }
        self.queued.notify_one();
        Ok(ingested)
    }
}

impl Desk {
    /// What the operator should hear of, on its way to the mail that tells him.
    fn tell_operator(&self, one: &Ingested) {
        let aside = match &one.outcome {
            Outcome::Done { fate, alarms, .. } => {
                alarms.iter().for_each(|alarm| self.events.tell(Event::Alarm(alarm.clone())));
                matches!(fate, Fate::Quarantined { .. })
            }
            Outcome::Quarantined { .. } => true,
            Outcome::Seen { .. } => false,
        };
        if aside {
            self.events.tell(Event::SetAside { mailbox: one.mailbox.clone() });
        }
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

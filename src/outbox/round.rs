//! One round of deliveries: from the first claim until nothing is due.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::config::drill;
use crate::model::outgoing::{Attempt, OutboxEntry};
use crate::store::{Settled, Store, StoreError};

use super::deliver::{Clock, Courier, DATABASE_WAIT, DeliverError, Failure, LOOK_AGAIN, MARGIN, Notice, Report, told};
use super::retry::{is_over, next_try};
use super::transport::{Carried, Letter, Transport, own};

/// Bytes of mails that are read together with their claim: a step less for each of the many small ones. Larger ones are
/// read when they are sent.
const AT_HAND: usize = 1 << 20;

/// Claimed, and not begun.
struct Waiting {
    entry: OutboxEntry,
    /// Its bytes, where they are at hand.
    bytes: Option<Vec<u8>>,
    /// Nothing of it may be sent after this.
    deadline: Instant,
}

/// A claim under way.
struct Claiming {
    claimed: JoinHandle<crate::store::Result<Vec<Claimed>>>,
    limit: usize,
    /// It is in doubt whether the server is back.
    doubt: bool,
    deadline: Instant,
}

/// A mail, and its bytes where they were read with it.
type Claimed = (OutboxEntry, Option<Vec<u8>>);

/// One call of [`Courier::deliver_due`].
pub(super) struct Round<'a> {
    courier: &'a Courier,
    queue: VecDeque<Waiting>,
    flying: JoinSet<(OutboxEntry, Carried)>,
    /// What each task carries, should it panic.
    ids: HashMap<Id, i64>,
    /// Tried, and not written down yet.
    ended: Vec<Ended>,
    /// What is being written down. The next wait for it, so that they share a transaction; no connection does.
    settling: Option<Settling<'a>>,
    hurry: CancellationToken,
    /// The next ones, being claimed and read while those before them are sent.
    claiming: Option<Claiming>,
    /// Nothing more was due when last asked.
    drained: bool,
    /// Mail was queued while one was asking.
    woken: bool,
    /// Notified when mail is queued.
    wake: Option<&'a Notify>,
    notice: &'a (dyn Fn(Notice) + Send + Sync),
    report: Report,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        courier: &'a Courier,
        wake: Option<&'a Notify>,
        notice: &'a (dyn Fn(Notice) + Send + Sync),
    ) -> Self {
        Round {
            courier,
            queue: VecDeque::new(),
            flying: JoinSet::new(),
            ids: HashMap::new(),
            ended: Vec::new(),
            settling: None,
            hurry: CancellationToken::new(),
            claiming: None,
            drained: false,
            woken: false,
            wake,
            notice,
            report: Report::default(),
        }
    }

    pub(super) async fn run(mut self, stop: &CancellationToken) -> (Report, Result<(), DeliverError>) {
        let ended = match self.courier.settle(Vec::new()).await {
            Ok(()) => self.work(stop).await,
            Err(e) => Err(e),
        };
        // After an error too: what is in flight is not cut off between its final dot and the reply.
        let landed = self.land().await;
        if self.report.trouble.is_none() {
            self.report.trouble = self.courier.transport.closed().map(|(error, _)| error);
        }
        (self.report, ended.and(landed))
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), DeliverError> {
        while !stop.is_cancelled() {
            self.begin_claim();
            self.take_off();
            self.begin_settle();
            if self.flying.is_empty() && self.claiming.is_none() && self.settling.is_none() {
                return Ok(());
            }
            tokio::select! {
                joined = self.flying.join_next_with_id(), if !self.flying.is_empty() => self.gather(joined),
                settled = settled(&mut self.settling), if self.settling.is_some() => settled?,
                claimed = claimed(&mut self.claiming), if self.claiming.is_some() => self.claimed(claimed)?,
                // One mail may take minutes; what comes due meanwhile does not wait for it.
                () = woken(self.wake) => (self.drained, self.woken) = (false, true),
                () = sleep(LOOK_AGAIN) => self.drained = false,
                () = stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Claims more when the queue runs low; one mail only, while it is in doubt whether the server is back.
    fn begin_claim(&mut self) {
        let courier = self.courier;
        let low = self.queue.len() < 2 * courier.transport.width();
        if self.claiming.is_some() || self.drained || !low || courier.transport.closed().is_some() {
            return;
        }
        let doubt = courier.transport.in_doubt();
        let at_work = !self.flying.is_empty() || !self.queue.is_empty() || self.settling.is_some();
        if doubt && at_work {
            return;
        }
        let (now, lease) = ((courier.clock)(), courier.pace.lease);
        let limit = if doubt { 1 } else { courier.pace.batch.max(1) };
        // The lease is counted from before the claim: it ends for us before it ends for the store.
        let deadline = Instant::now() + lease.saturating_sub(courier.transport.last_wait() + MARGIN);
        let queued = self.queue.iter().map(|letter| letter.entry.id);
        let settling = self.settling.iter().flat_map(|settling| settling.ids.iter().copied());
        let ended = self.ended.iter().map(|(entry, ..)| entry.id);
        let sending: Vec<i64> = self.ids.values().copied().chain(queued).chain(settling).chain(ended).collect();
        let store = Arc::clone(&courier.store);
        let claimed = spawn_blocking(move || claim_with_bytes(store.as_ref(), &sending, now, lease, limit));
        self.woken = false;
        self.claiming = Some(Claiming { claimed, limit, doubt, deadline });
    }

    fn claimed(&mut self, claimed: Result<crate::store::Result<Vec<Claimed>>, JoinError>) -> Result<(), DeliverError> {
        let Some(Claiming { limit, doubt, deadline, .. }) = self.claiming.take() else { return Ok(()) };
        let claimed = claimed??;
        if !claimed.is_empty() {
            drill::point("claimed");
        }
        let all = claimed.is_empty() || claimed.len() < limit && !doubt;
        self.drained = all && !self.woken;
        self.queue.extend(claimed.into_iter().map(|(entry, bytes)| Waiting { entry, bytes, deadline }));
        Ok(())
    }

    /// Gives every free connection a mail.
    fn take_off(&mut self) {
        while self.flying.len() < self.courier.transport.width() {
            let Some(waiting) = self.queue.pop_front() else { return };
            let id = waiting.entry.id;
            let carry = carry(
                Arc::clone(&self.courier.transport),
                Arc::clone(&self.courier.store),
                Arc::clone(&self.courier.clock),
                waiting,
                self.hurry.clone(),
            );
            let task = self.flying.spawn(carry);
            self.ids.insert(task.id(), id);
        }
    }

    /// What just ended, and all else that has ended by now.
    fn gather(&mut self, first: Option<Joined>) {
        let mut joined: Vec<Joined> = first.into_iter().collect();
        while let Some(next) = self.flying.try_join_next_with_id() {
            joined.push(next);
        }
        let now = (self.courier.clock)();
        for end in joined {
            match end {
                Ok((task, (entry, carried))) => {
                    self.ids.remove(&task);
                    let (attempt, next) = self.judge(&entry, carried, now);
                    self.ended.push((entry, attempt, next));
                }
                Err(e) => {
                    let id = self.ids.remove(&e.id());
                    tracing::error!(outbox = id, "outbox: sending ended in a panic; the lease brings the mail back");
                    self.report.unsettled += 1;
                }
            }
        }
    }

    fn judge(&mut self, entry: &OutboxEntry, carried: Carried, now: Timestamp) -> (Attempt, Option<Timestamp>) {
        let give_up = self.courier.pace.give_up;
        match carried {
            Carried::Tried(attempt) => {
                let next = next_try(entry.template, entry.id, entry.attempts, entry.queued_at, now, &attempt, give_up);
                (attempt, next)
            }
            Carried::NotNoted(reply) => {
                // Its own backoff is for what a server says of it.
                let over = is_over(entry.template, entry.attempts, entry.queued_at, now, give_up);
                let next = now.checked_add(DATABASE_WAIT).ok().filter(|_| !over);
                (Attempt::Deferred(reply), next)
            }
            Carried::Closed { error, wait } => {
                let attempt = Attempt::Deferred(error.as_reply());
                // All wait for the server alike: no mail's own backoff grows by its being down.
                let again = SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok());
                let over = is_over(entry.template, entry.attempts, entry.queued_at, now, give_up);
                let next = again.filter(|_| !over);
                self.courier.tell_trouble(&error, self.notice);
                self.report.trouble = Some(error);
                (attempt, next)
            }
        }
    }

    /// Has what ended written down in one transaction, unless that is being done for those before.
    fn begin_settle(&mut self) {
        if self.ended.is_empty() || self.settling.is_some() {
            return;
        }
        let ended = std::mem::take(&mut self.ended);
        let settled: Vec<Settled> =
            ended.iter().map(|(entry, attempt, next)| (entry.id, attempt.clone(), *next)).collect();
        for (entry, attempt, next) in ended {
            log(&entry, &attempt, next);
            match (&attempt, next) {
                (Attempt::Accepted(_), _) => {
                    self.courier.tell_recovery(self.notice);
                    self.report.accepted += 1;
                }
                (_, Some(_)) => self.report.deferred += 1,
                (_, None) => {
                    let (id, template, ticket) = (entry.id, entry.template, entry.ticket);
                    let failure = Failure { id, template, ticket, to: entry.to, attempt };
                    (self.notice)(Notice::Failed(failure.clone()));
                    self.report.failed.push(failure);
                }
            }
        }
        let (courier, ids) = (self.courier, settled.iter().map(|(id, ..)| *id).collect());
        self.settling = Some(Settling { ids, written: Box::pin(courier.settle(settled)) });
    }

    /// Writes down all that has ended.
    async fn settle(&mut self) -> Result<(), DeliverError> {
        let mut result = Ok(());
        loop {
            self.begin_settle();
            if self.settling.is_none() {
                return result;
            }
            result = result.and(settled(&mut self.settling).await);
        }
    }

    /// The end: what was not begun goes again as soon as the desk is back, what is in flight may land.
    async fn land(&mut self) -> Result<(), DeliverError> {
        let mut result = Ok(());
        if self.claiming.is_some() {
            let claimed = claimed(&mut self.claiming).await;
            result = self.claimed(claimed);
        }
        let now = (self.courier.clock)();
        self.ended.extend(self.queue.drain(..).map(|Waiting { entry, .. }| {
            (entry, Attempt::Deferred(own("Not begun: the desk stopped".to_owned())), Some(now))
        }));
        result = result.and(self.settle().await);
        let end = sleep(self.courier.pace.grace);
        let mut end = std::pin::pin!(end);
        while !self.flying.is_empty() {
            tokio::select! {
                joined = self.flying.join_next_with_id() => {
                    self.gather(joined);
                    result = result.and(self.settle().await);
                }
                () = &mut end, if !self.hurry.is_cancelled() => self.hurry.cancel(),
            }
        }
        result
    }
}

type Joined = Result<(Id, (OutboxEntry, Carried)), JoinError>;

/// A mail, how its try ended, and when it goes again.
type Ended = (OutboxEntry, Attempt, Option<Timestamp>);

/// Ends that are being written down.
struct Settling<'a> {
    ids: Vec<i64>,
    written: Pin<Box<dyn Future<Output = Result<(), DeliverError>> + Send + 'a>>,
}

/// See [`Store::claim_beside`] and [`Store::outgoing`]. What cannot be read is tried again when it is sent, and then told.
fn claim_with_bytes(
    store: &dyn Store,
    sending: &[i64],
    now: Timestamp,
    lease: Duration,
    limit: usize,
) -> crate::store::Result<Vec<Claimed>> {
    let mut at_hand = 0;
    let with_bytes = store.claim_beside(sending, now, lease, limit)?.into_iter().map(|entry| {
        let bytes = if at_hand < AT_HAND { store.outgoing(entry.id).ok() } else { None };
        at_hand += bytes.as_ref().map_or(0, Vec::len);
        (entry, bytes)
    });
    Ok(with_bytes.collect())
}

async fn carry(
    transport: Arc<Transport>,
    store: Arc<dyn Store>,
    clock: Clock,
    Waiting { entry, bytes, deadline }: Waiting,
    hurry: CancellationToken,
) -> (OutboxEntry, Carried) {
    let id = entry.id;
    let note = || {
        let (store, now) = (Arc::clone(&store), clock());
        async move { told(|told| store.in_data_then(id, now, told)).await.map_err(|e| e.to_string()) }
    };
    let read = match bytes {
        Some(bytes) => Ok(Ok(bytes)),
        None => {
            let store = Arc::clone(&store);
            spawn_blocking(move || store.outgoing(id)).await
        }
    };
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        // This one can never be sent; any other error passes.
        Ok(Err(StoreError::Refused(because))) => return (entry, Carried::Tried(Attempt::Rejected(own(because)))),
        Ok(Err(error)) => return (entry, Carried::NotNoted(own(error.to_string()))),
        Err(error) => return (entry, Carried::NotNoted(own(error.to_string()))),
    };
    let letter = Arc::new(Letter { entry: entry.clone(), bytes });
    let carried = transport.carry(&letter, deadline, &hurry, note).await;
    drill::point("after-reply");
    (entry, carried)
}

/// Without a claim it never ends.
async fn claimed(claiming: &mut Option<Claiming>) -> Result<crate::store::Result<Vec<Claimed>>, JoinError> {
    match claiming {
        Some(claiming) => (&mut claiming.claimed).await,
        None => std::future::pending().await,
    }
}

/// Until it is written down; without anything to write it never ends.
async fn settled(settling: &mut Option<Settling<'_>>) -> Result<(), DeliverError> {
    let Some(written) = settling.as_mut().map(|settling| &mut settling.written) else {
        return std::future::pending().await;
    };
    let result = written.await;
    *settling = None;
    result
}

/// Without a wake there is never one.
async fn woken(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => std::future::pending().await,
    }
}

fn log(entry: &OutboxEntry, attempt: &Attempt, next: Option<Timestamp>) {
    let (word, reply) = match attempt {
        Attempt::Accepted(reply) => ("accepted", reply),
        Attempt::Deferred(reply) => ("deferred", reply),
        Attempt::Rejected(reply) => ("rejected", reply),
        Attempt::Ambiguous(reply) => ("ambiguous", reply),
    };
    let enhanced = reply.enhanced.as_deref().unwrap_or("-");
    let next = next.map(|n| n.to_string()).unwrap_or_default();
    tracing::info!(outbox = entry.id, attempts = entry.attempts, code = reply.code, enhanced, next, "outbox: {word}");
}

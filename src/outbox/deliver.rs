//! The courier: claims what is due, sends it over a few connections at once, settles each as soon as its end is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::model::outgoing::{Attempt, Template};
use crate::model::{AddrSpec, TicketNumber};
use crate::store::{self, FAR, Settled, Store, StoreError, Told};

use super::error::SmtpError;
use super::retry::GIVE_UP;
use super::round::Round;
use super::settings::OutgoingSettings;
use super::transport::Transport;

/// What time it is, for what is written down. Given by the caller: this room has no clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the courier paces itself.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Mails claimed at once.
    pub batch: usize,
    /// For how long. Nothing is sent on an expired lease; at least the wait after the final dot and two minutes.
    pub lease: Duration,
    /// At the end, how long mails in flight may still take.
    pub grace: Duration,
    /// How long a mail is tried, from the time it was queued; acknowledgements a day at the most.
    pub give_up: SignedDuration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { batch: 32, lease: Duration::from_secs(30 * 60), grace: Duration::from_secs(15), give_up: GIVE_UP }
    }
}

/// What a round of deliveries did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub accepted: usize,
    /// Go again by themselves.
    pub deferred: usize,
    /// Will not go again by themselves.
    pub failed: Vec<Failure>,
    /// Ended without a word, by a fault of this program: their lease brings them back.
    pub unsettled: usize,
    /// Why the way out is closed, if it is.
    pub trouble: Option<SmtpError>,
}

/// A mail that will not go again by itself: refused, given up, or unknown to have arrived. A person must be told.
#[derive(Clone, Debug)]
pub struct Failure {
    pub id: i64,
    pub template: Template,
    pub ticket: Option<TicketNumber>,
    pub to: AddrSpec,
    pub attempt: Attempt,
}

/// What happens while the courier runs, for the daemon to act on.
#[derive(Clone, Debug)]
pub enum Notice {
    /// The way out is closed: the first time, and each time for another reason.
    Trouble(SmtpError),
    /// It is open again.
    Recovered,
    Failed(Failure),
    /// The database refuses: nothing is sent meanwhile.
    Database(String),
}

#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    #[error("The outbox cannot be read or written: {0}")]
    Store(#[from] StoreError),
    #[error("The outbox's thread ended: {0}")]
    Thread(#[from] JoinError),
}

/// Carries mail from the store's outbox to the world. Two couriers on one store do not disturb each other: each sends
/// only what it claimed.
pub struct Courier {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) transport: Arc<Transport>,
    pub(super) pace: Pace,
    /// The trouble that was last told of.
    told: Mutex<Option<SmtpError>>,
    /// Ends that the database did not take yet: nothing is sent before it has.
    owed: Mutex<Vec<Settled>>,
}

/// Waits for what a call of the store tells.
pub(super) async fn told(call: impl FnOnce(Told)) -> crate::store::Result<()> {
    let (tell, told) = oneshot::channel();
    // Where nobody waits any more nobody needs to know.
    call(Box::new(move |result| drop(tell.send(result))));
    told.await.unwrap_or_else(|_| Err(StoreError::Broken("A call to it ended".to_owned())))
}

impl Courier {
    pub fn new(store: Arc<dyn Store>, outgoing: OutgoingSettings, clock: Clock) -> Self {
        let transport = Arc::new(Transport::new(outgoing));
        Courier { store, clock, transport, pace: Pace::default(), told: Mutex::default(), owed: Mutex::default() }
    }

    pub fn with_pace(self, pace: Pace) -> Self {
        let least = self.transport.last_wait() + 2 * MARGIN;
        Courier { pace: Pace { lease: pace.lease.max(least), ..pace }, ..self }
    }

    /// Sends what is due and returns when nothing is, or when the way out is closed. `stop` ends it early: mails in
    /// flight are finished (for [`Pace::grace`]), claimed ones that were not begun are given back.
    pub async fn deliver_due(&self, stop: &CancellationToken) -> Result<Report, DeliverError> {
        let (report, ended) = Round::new(self, None, &|_| {}).run(stop).await;
        ended.map(|()| report)
    }

    /// Delivers whatever comes due until `stop` fires. `wake` is to be notified when mail was queued. `notice` is called
    /// as things happen and must not block.
    pub async fn run(&self, wake: Arc<Notify>, stop: CancellationToken, notice: impl Fn(Notice) + Send + Sync) {
        while !stop.is_cancelled() {
            let (_, ended) = Round::new(self, Some(&wake), &notice).run(&stop).await;
            let wait = match ended {
                Ok(()) => self.wait().await,
                Err(e) => Err(e),
            };
            let wait = wait.unwrap_or_else(|e| {
                tracing::error!(error = %e, "outbox: the database refuses");
                notice(Notice::Database(e.to_string()));
                DATABASE_WAIT
            });
            self.rest(wait, &wake, &stop).await;
        }
        self.transport.close().await;
    }

    /// Says good-bye to the server: for who calls [`Courier::deliver_due`] alone.
    pub async fn close(&self) {
        self.transport.close().await;
    }

    /// How long nothing will come due, but for new mail.
    async fn wait(&self) -> Result<Duration, DeliverError> {
        let Some(due) = self.with_store(|store| store.next_due()).await? else { return Ok(LONGEST_WAIT) };
        let wait = due.duration_since((self.clock)());
        // Written by a clock that was ahead: due.
        let wait = if wait > FAR { SignedDuration::ZERO } else { wait };
        Ok(Duration::try_from(wait).unwrap_or_default().clamp(SHORTEST_WAIT, LONGEST_WAIT))
    }

    /// Waits, and closes idle connections meanwhile. New mail ends it, unless the way out is closed: `wake` tells of what
    /// this process queued, a look into the outbox of what another did (`ingest`, `ticket reply`).
    async fn rest(&self, wait: Duration, wake: &Notify, stop: &CancellationToken) {
        let mut due = Instant::now() + wait;
        loop {
            let closed = self.transport.closed().map(|(_, wait)| wait);
            let end = closed.map_or(due, |wait| due.max(Instant::now() + wait));
            let sweep = self.transport.sweep().await.unwrap_or(LONGEST_WAIT).max(Duration::from_millis(10));
            let until = end.min(Instant::now() + sweep.min(LOOK_AGAIN));
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified(), if closed.is_none() => return,
                () = tokio::time::sleep_until(until) => {}
            }
            if Instant::now() >= end {
                return;
            }
            if let Ok(wait) = self.wait().await {
                due = due.min(Instant::now() + wait);
            }
        }
    }

    /// Writes down how tries ended, and tries again while the database is busy or its disk full: what the server has
    /// taken must not be sent again because that could not be written. What it does not take is owed to it.
    pub(super) async fn settle(&self, settled: Vec<Settled>) -> Result<(), DeliverError> {
        let owed = || lock(&self.owed);
        owed().extend(settled);
        let rows = Arc::new(std::mem::take(&mut *owed()));
        if rows.is_empty() {
            return Ok(());
        }
        let patience = Instant::now() + self.pace.grace;
        loop {
            let (batch, now) = (Arc::clone(&rows), (self.clock)());
            match told(|told| self.store.settle_all_then(batch, now, told)).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Unavailable(_)) if Instant::now() < patience => {
                    sleep(Duration::from_millis(250)).await;
                }
                Err(e) => {
                    owed().extend(rows.iter().cloned());
                    return Err(e.into());
                }
            }
        }
    }

    /// Tells of trouble once, and of another kind of trouble again.
    pub(super) fn tell_trouble(&self, error: &SmtpError, notice: &dyn Fn(Notice)) {
        let mut told = lock(&self.told);
        if told.as_ref().map(SmtpError::word) != Some(error.word()) {
            tracing::error!(trouble = error.word(), code = error.code(), "outbox: the way out is closed");
            notice(Notice::Trouble(error.clone()));
        }
        *told = Some(error.clone());
    }

    /// A mail was taken: whatever trouble there was is over.
    pub(super) fn tell_recovery(&self, notice: &dyn Fn(Notice)) {
        if lock(&self.told).take().is_some() {
            tracing::info!("outbox: the way out is open again");
            notice(Notice::Recovered);
        }
    }

    pub(super) async fn with_store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Store) -> store::Result<T> + Send + 'static,
    ) -> Result<T, DeliverError> {
        let store = Arc::clone(&self.store);
        Ok(spawn_blocking(move || call(store.as_ref())).await??)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is held under these locks can be left half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kept between the end of the last wait and the end of the lease.
pub(super) const MARGIN: Duration = Duration::from_secs(60);
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// Between two looks for mail that another process queued. Only a look: nothing is written while nothing is due.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Before the database is asked again after an error.
pub(super) const DATABASE_WAIT: Duration = Duration::from_secs(5);

//! Floor 4: the long-running desk: a task a mailbox, the outbox, the service manager. The only room besides the commands
//! that knows what time it is.

pub mod audit;
pub mod board;
pub mod clock;
pub mod commit;
pub mod connect;
pub mod digest;
pub mod forget;
pub mod ingest;
pub mod mailbox;
mod morning;
pub mod operator;
pub mod order;
pub mod readers;
pub mod recheck;
pub mod systemd;
mod usual;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authenticate::{AuthenticateError, Authenticator};
use crate::config::Config;
use crate::inbound;
use crate::model::Policy;
use crate::outbox::{Courier, Notice, OutgoingSettings, Pace};
use crate::store::Store;
use board::Board;
use mailbox::Watcher;
use operator::Surroundings;
use readers::Readers;

/// What time it is. The demo and the stories play with one of their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The time of this machine.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// What all tasks of a running desk share.
pub struct Desk {
    pub store: Arc<dyn Store>,
    pub policy: Arc<Policy>,
    pub clock: Clock,
    /// Larger mails are taken in by their beginning only.
    pub max_mail_bytes: u64,
    pub board: Arc<Board>,
    /// Rung when mail was queued.
    pub queued: Arc<Notify>,
    pub authenticator: Authenticator,
    /// Rung when something was written down of which people must hear, and when that cannot be.
    pub noticed: Arc<Notify>,
    /// For all mails that are under way.
    pub room: Arc<Semaphore>,
    pub readers: Readers,
}

impl Desk {
    /// # Errors
    /// Where the resolvers for the desk's own check of senders cannot be used.
    pub fn new(store: Arc<dyn Store>, config: &Config, clock: Clock) -> Result<Arc<Self>, AuthenticateError> {
        Ok(Arc::new(Desk {
            store,
            policy: Arc::new(config.policy.clone()),
            clock,
            max_mail_bytes: config.limits.max_mail_bytes,
            board: Arc::default(),
            queued: Arc::default(),
            authenticator: connect::authenticator(&config.dns)?,
            noticed: Arc::default(),
            room: inbound::room(),
            readers: Readers::start(),
        }))
    }
}

/// How long tasks may take to end after they were told to.
const GRACE: Duration = Duration::from_secs(25);

/// Runs the desk until `stop` fires: mail in the making is finished, then everything ends.
pub async fn run(store: Arc<dyn Store>, config: &Config, stop: CancellationToken) -> Result<(), AuthenticateError> {
    let desk = Desk::new(store, config, system_clock())?;
    let tasks = TaskTracker::new();
    // What was confirmed just before the last end.
    let (policy, now) = (Arc::clone(&desk.policy), (desk.clock)());
    if let Err(error) = desk.with_store(move |store| ingest::carry_out_released(store, &policy, now)).await {
        tracing::warn!(%error, "Released mails cannot be taken in yet");
    }
    let part = |name: &str| (Arc::clone(&desk), name.to_owned(), stop.clone());
    for source in &config.mailboxes {
        let Some(mailbox) = desk.policy.mailbox(&source.mailbox).cloned() else { continue };
        let (source, limits) = (source.clone(), config.limits.clone());
        tasks.spawn(kept_alive(part(&source.mailbox), move |desk, stop| {
            Watcher::new(desk, mailbox.clone(), connect::source(&source, &limits)).watch(stop)
        }));
    }
    let outgoing = connect::outgoing(&config.outgoing, &config.limits);
    if let Some(outgoing) = outgoing.clone() {
        let pace = connect::pace(&config.outgoing);
        tasks.spawn(kept_alive(part("outbox"), move |desk, stop| deliver(desk, outgoing.clone(), pace, stop)));
    }
    tasks.spawn(kept_alive(part("clock"), clock::run));
    tasks.spawn(kept_alive(part("digest"), digest::run));
    tasks.spawn(kept_alive(part("recheck"), recheck::run));
    let around = Surroundings { sources: config.mailboxes.clone(), limits: config.limits.clone(), outgoing };
    tasks.spawn(kept_alive(part("operator"), move |desk, stop| operator::tell(desk, around.clone(), stop)));
    tasks.spawn(systemd::watch(Arc::clone(&desk.board), stop.clone()));
    tasks.close();
    systemd::ready();
    tracing::info!(mailboxes = config.mailboxes.len(), "The desk is open");
    stop.cancelled().await;
    systemd::stopping();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("Some task did not end in time; nothing that was committed is lost");
    }
    tracing::info!("The desk is closed");
    Ok(())
}

/// The courier, with its place on the board.
async fn deliver(desk: Arc<Desk>, outgoing: OutgoingSettings, pace: Pace, stop: CancellationToken) {
    let courier = Courier::new(Arc::clone(&desk.store), outgoing, Arc::clone(&desk.clock)).with_pace(pace);
    let place = desk.board.place("outbox");
    let beat = async {
        loop {
            place.beat();
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    };
    tokio::select! {
        () = courier.run(Arc::clone(&desk.queued), stop, |notice| heard(&desk, &place, notice)) => {}
        () = beat => {}
    }
}

/// How long a part that ended by a fault rests before it is started again.
const REST: Duration = Duration::from_secs(5);

/// A part of the desk that is made again should its task ever panic, and of which the operator then hears: one part's
/// trouble never reaches another.
async fn kept_alive<F>(
    (desk, name, stop): (Arc<Desk>, String, CancellationToken),
    make: impl Fn(Arc<Desk>, CancellationToken) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    while !stop.is_cancelled() {
        let Err(error) = tokio::spawn(make(Arc::clone(&desk), stop.clone())).await else { return };
        tracing::error!(
            part = name,
            panic = ingest::join_text(&error),
            "A part of the desk ended and is started again"
        );
        let place = desk.board.place(&name);
        place.trouble("fault", "It ended by a fault of the program, and is started again");
        let sentence = format!("A part of the desk ({name}) ended by a fault of the program, and was started again");
        let (what, now) = (format!("fault:{name}"), (desk.clock)());
        let noted = desk.with_store(move |store| store.note_moment(&what, operator::DAILY, Some(&sentence), now));
        if noted.await.is_ok_and(|new| new) {
            desk.noticed.notify_one();
        }
        tokio::select! {
            () = tokio::time::sleep(REST) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// What the courier has to tell, for the log and the status line; the people who must act on it are told by who reads the
/// notices. The log gets no words of a server: they may quote a mail.
fn heard(desk: &Desk, place: &board::Place, notice: Notice) {
    match notice {
        Notice::Trouble(error) => {
            tracing::warn!(trouble = error.word(), code = error.code(), "Mail cannot leave");
            let (kind, wants_operator) = (error.word(), error.is_login());
            place.in_trouble(board::Trouble { kind, what: error.to_string(), wants_operator });
        }
        Notice::Recovered => {
            tracing::info!("Mail leaves again");
            place.well();
        }
        Notice::Failed(failure) => {
            let (outbox, ticket) = (failure.id, failure.ticket);
            tracing::warn!(outbox, ticket, template = %failure.template, "A mail will not go again by itself");
            desk.noticed.notify_one();
        }
        Notice::Database(error) => {
            tracing::error!(error, "The outbox cannot be read");
            place.trouble(crate::store::DATABASE, error);
            desk.noticed.notify_one();
        }
    }
}

//! The clock: tickets whose promised time runs out are looked at when it does. What was done is written with the ticket in
//! one transaction, so that nothing is done twice after a restart.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::model::{Found, Lookup, Policy, TicketNumber};
use crate::store::{Plan, Store, StoreError};
use crate::{compose, decide};

/// Tickets that are looked at before anything else is: mail goes on coming in between.
const ROUND: usize = 50;
/// The longest wait: a ticket that came meanwhile may be due sooner than the one that was waited for.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Looks at every ticket whose time has come, at most [`ROUND`]. How many there were.
///
/// # Errors
/// As the store's: the tickets before the one that failed are done.
pub fn tick(store: &dyn Store, policy: &Arc<Policy>, now: Timestamp) -> Result<usize, StoreError> {
    let due = store.clock_due(now, ROUND)?;
    for number in &due {
        look(store, policy, *number, now)?;
    }
    Ok(due.len())
}

fn look(store: &dyn Store, policy: &Arc<Policy>, number: TicketNumber, now: Timestamp) -> Result<(), StoreError> {
    let lookup = Lookup { tickets: vec![number], requester_of: Some(number), story: true, ..Lookup::default() };
    let policy = Arc::clone(policy);
    let plan: Plan = Arc::new(move |found: Found| {
        let decision = decide::clock(number, &found, &policy, now);
        super::ingest::finish(compose::compose(decision, &policy))
    });
    let commit = store.order(&lookup, &plan, now)?;
    if !commit.history.is_empty() {
        tracing::info!(
            ticket = number,
            mails = commit.outgoing.len(),
            "The time has come to do something about a ticket"
        );
    }
    Ok(())
}

/// Runs until `stop` fires.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let place = desk.board.place("clock");
    while !stop.is_cancelled() {
        let (store, policy, now) = (Arc::clone(&desk.store), Arc::clone(&desk.policy), (desk.clock)());
        let looked = tokio::task::spawn_blocking(move || {
            let done = tick(store.as_ref(), &policy, now)?;
            Ok::<_, StoreError>((done, store.clock_next()?))
        });
        let wait = match looked.await {
            Ok(Ok((done, next))) => {
                place.well();
                if done > 0 {
                    desk.queued.notify_one();
                }
                wait(next, (desk.clock)())
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "The clock cannot look at its tickets");
                place.trouble(error.to_string());
                WAIT_MAX
            }
            Err(error) => {
                tracing::error!(panic = super::ingest::join_text(error), "The clock's look at a ticket broke off");
                place.trouble("A ticket cannot be looked at");
                WAIT_MAX
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn wait(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let until = next.map_or(WAIT_MAX, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default());
    // Never at once again: a clock that was set back must not make this spin.
    until.clamp(Duration::from_millis(200), WAIT_MAX)
}

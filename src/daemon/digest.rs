//! Digests: looked at once a minute. That one was sent is written in the transaction that queues it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::decide::digest::{self, Errand};
use crate::model::digest::DigestKind;
use crate::model::{Found, Lookup, Policy};
use crate::store::{Plan, Store, StoreError};
use crate::{compose, decide};

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Sends every digest that is due now and was not sent. How many mails were queued.
///
/// # Errors
/// As the store's: of several the last. What concerns one digest only holds up no other.
pub fn tick(store: &dyn Store, policy: &Arc<Policy>, now: Timestamp) -> Result<usize, StoreError> {
    let mut queued = 0;
    let mut refused = None;
    for errand in digest::due(policy, now) {
        // Most looks find nothing to do, and write nothing.
        if store.moment(&errand.kind.sent(&errand.agent))?.is_none_or(|at| at < errand.since || at > now) {
            match carry_out(store, policy, errand, now) {
                Ok(mails) => queued += mails,
                Err(error) if !error.is_fatal() => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
    }
    refused.map_or(Ok(queued), Err)
}

fn carry_out(store: &dyn Store, policy: &Arc<Policy>, errand: Errand, now: Timestamp) -> Result<usize, StoreError> {
    if store.moment(&errand.kind.off(&errand.agent))?.is_some() {
        return Ok(0);
    }
    let lookup = Lookup { moments: errand.moments(), ..Lookup::default() };
    let policy = Arc::clone(policy);
    // What is told is read beside the writer: a digest that takes long to read keeps no mail waiting.
    let plan: Plan = match errand.kind {
        DigestKind::Daily => {
            let (owners, groups) = digest::concerns(&errand.agent, &policy, now);
            let overview = store.overview(&owners, &groups)?;
            Arc::new(move |found: Found| {
                compose::compose(decide::digest::daily(&errand, &overview, &found, &policy, now), &policy)
            })
        }
        DigestKind::Weekly => {
            let measured = store.measured(digest::measured_since(&errand))?;
            Arc::new(move |found: Found| {
                compose::compose(decide::digest::weekly(&errand, &measured, &found, &policy, now), &policy)
            })
        }
    };
    let commit = store.order(&lookup, &plan, now)?;
    Ok(commit.outgoing.len())
}

/// Runs until `stop` fires.
pub(super) async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let place = desk.board.place("digest");
    while !stop.is_cancelled() {
        place.beat();
        let (policy, now) = (Arc::clone(&desk.policy), (desk.clock)());
        let sent = desk.with_store(move |store| tick(store, &policy, now)).await;
        match sent {
            Ok(queued) => {
                place.well();
                if queued > 0 {
                    tracing::info!(mails = queued, "Digests are on their way");
                    desk.queued.notify_one();
                }
            }
            Err(error) => {
                tracing::error!(%error, "The digests cannot be made");
                place.trouble(error.word(), error.to_string());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
}

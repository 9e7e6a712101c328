//! Checks senders again for whom the DNS had no answer: after one, five and fifteen minutes, whatever restarts lie between.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::ingest::{self, Checked, Parsed};
use crate::authenticate::Authenticator;
use crate::model::facts::ProofOutcome;
use crate::model::{Found, Policy};
use crate::store::{DueRecheck, Plan, Store, StoreError};
use crate::{compose, decide, facts};

/// Mails that are checked beside each other, and are in memory meanwhile.
const ROUND: usize = 5;
/// The longest wait: a mail that came meanwhile may be due sooner than the one that was waited for.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Checks every mail that is due, at most [`ROUND`]. How many there were.
///
/// # Errors
/// As the store's: what was done before is kept, and the rest comes again at its next time.
pub async fn round(
    store: &Arc<dyn Store>,
    policy: &Arc<Policy>,
    authenticator: &Authenticator,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let due = blocking(store, move |store| store.rechecks(now, ROUND)).await?;
    let count = due.len();
    let checks = due.into_iter().map(|due| async {
        let incoming = due.incoming.clone();
        let parsed = tokio::task::spawn_blocking(move || ingest::parse(incoming)).await.map_err(ingest::ended)?;
        Ok::<_, StoreError>((due, ingest::check(authenticator, parsed).await))
    });
    for checked in futures::future::join_all(checks).await {
        let (due, checked) = checked?;
        let (policy, digest) = (Arc::clone(policy), due.digest);
        match blocking(store, move |store| conclude(store, &policy, due, checked, now)).await {
            // Its try is counted, and the others are due too.
            Err(error) if !error.is_fatal() => {
                tracing::error!(digest = digest.hex(), %error, "A sender cannot be checked again");
            }
            done => done?,
        }
    }
    Ok(count)
}

async fn blocking<T: Send + 'static>(
    store: &Arc<dyn Store>,
    call: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = Arc::clone(store);
    tokio::task::spawn_blocking(move || call(store.as_ref())).await.map_err(ingest::ended)?
}

fn conclude(
    store: &dyn Store,
    policy: &Arc<Policy>,
    due: DueRecheck,
    checked: Checked,
    now: Timestamp,
) -> Result<(), StoreError> {
    let digest = due.digest;
    let answered = checked.proof.outcome != ProofOutcome::TempError;
    let Some(id) = due.quarantined else { return stands(store, policy, due, checked, now) };
    // A mail in an agent's name that was held: proven, it is decided anew, as though it came now.
    if matches!(checked.proof.outcome, ProofOutcome::Aligned { .. }) && store.quarantine_reopen(id)?.is_some() {
        for one in ingest::take_in(store, policy, vec![checked], now)? {
            tracing::info!(mailbox = one.mailbox, key = %one.key, "A held mail was checked again, and is proven");
        }
    }
    if answered || due.is_last { store.recheck_done(&digest) } else { Ok(()) }
}

/// A mail that stands in a ticket.
fn stands(
    store: &dyn Store,
    policy: &Arc<Policy>,
    due: DueRecheck,
    checked: Checked,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Checked { parsed: Parsed { incoming, message }, proof } = checked;
    let Ok(message) = message else { return store.recheck_done(&due.digest) };
    let mut lookup = facts::lookup(&message, &incoming.mailbox, policy);
    facts::ask_about_signatures(&mut lookup, &proof, policy);
    let heard = facts::may_be_agents(&message, &incoming.mailbox, &proof, policy);
    decide::ask(&message, policy, heard, now, &mut lookup);
    lookup.tickets.extend(due.asked.ticket);
    lookup.story = true;
    lookup.hold = due.asked.hold;
    let (mailbox, policy, asked, is_last) = (incoming.mailbox, Arc::clone(policy), due.asked, due.is_last);
    let plan: Plan = Arc::new(move |found: Found| {
        let facts = facts::establish(&message, &mailbox, &proof, found, &policy);
        let decision = decide::check_again(&message, &mailbox, &facts, &policy, now, &asked, is_last);
        ingest::finish(compose::compose(decision, &policy))
    });
    let commit = store.order(&lookup, &plan, now)?;
    if commit.rechecked.is_some() {
        let proven = !commit.verdicts.is_empty();
        tracing::info!(ticket = due.asked.ticket, proven, "A sender was checked again");
    }
    for alarm in &commit.alarms {
        tracing::warn!(ticket = due.asked.ticket, alarm, "For the operator");
    }
    Ok(())
}

/// Runs until `stop` fires.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let place = desk.board.place("recheck");
    while !stop.is_cancelled() {
        place.beat();
        match round(&desk.store, &desk.policy, &desk.authenticator, (desk.clock)()).await {
            Ok(count) => {
                place.well();
                if count > 0 {
                    desk.queued.notify_one();
                }
            }
            Err(error) => {
                tracing::error!(%error, "Senders cannot be checked again");
                place.trouble(error.word(), error.to_string());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait(&desk).await) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn wait(desk: &Desk) -> Duration {
    let next = blocking(&desk.store, |store| store.recheck_next()).await.ok().flatten();
    let now = (desk.clock)();
    let until = next.map_or(WAIT_MAX, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default());
    // Never at once again: a clock that was set back must not make this spin.
    until.clamp(Duration::from_secs(1), WAIT_MAX)
}

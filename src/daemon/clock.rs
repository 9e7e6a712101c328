//! The clock: tickets whose promised time runs out are looked at when it does. What was done is written with the ticket in
//! one transaction, so that nothing is done twice after a restart.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::model::{Found, Lookup, Policy, TicketNumber};
use crate::store::{Plan, Store, StoreError};
use crate::{compose, decide};

/// Tickets that are looked at before anything else is: mail goes on coming in between.
const ROUND: usize = 50;
/// The longest wait: a ticket that came meanwhile may be due sooner than the one that was waited for.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How long a ticket is left alone that could not be looked at.
const PUT_OFF: SignedDuration = SignedDuration::from_hours(1);

/// Looks at every ticket whose time has come, at most [`ROUND`]. How many there were. One that cannot be looked at is put off
/// by an hour, and the operator hears of it once a day: the others' times have come too.
///
/// # Errors
/// As the store's, but for what concerns one ticket: the tickets before the one that failed are done.
pub fn tick(store: &dyn Store, policy: &Arc<Policy>, now: Timestamp) -> Result<usize, StoreError> {
    let due = store.clock_due(now, ROUND)?;
    for number in &due {
        match look(store, policy, *number, now) {
            Err(error) if !error.is_fatal() => {
                tracing::error!(ticket = number, %error, "The time of a ticket has come, and it cannot be looked at");
                store.put_off(*number, now.checked_add(PUT_OFF).unwrap_or(Timestamp::MAX))?;
                let sentence =
                    format!("The time of ticket {number} has come, and the clock cannot look at it: {error}");
                store.note_moment(&format!("clock:{number}"), super::operator::DAILY, Some(&sentence), now)?;
            }
            done => done?,
        }
    }
    Ok(due.len())
}

fn look(store: &dyn Store, policy: &Arc<Policy>, number: TicketNumber, now: Timestamp) -> Result<(), StoreError> {
    let packages = Arc::clone(&policy.packages);
    let lookup = Lookup {
        tickets: vec![number],
        requester_of: Some(number),
        story: true,
        loads: policy.needs_loads(),
        packages,
        ..Lookup::default()
    };
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

/// By so much the clock on the wall and the machine's own must differ for a jump.
const JUMP: SignedDuration = SignedDuration::from_hours(1);
/// How long no ticket is looked at after the clock went ahead at once: most such jumps are set right by then, and what was
/// said to people because of one cannot be taken back.
const REST: Duration = Duration::from_secs(10 * 60);

/// The clock on the wall beside the machine's own, which nobody sets.
struct Jumps {
    wall: Timestamp,
    own: Instant,
}

impl Jumps {
    /// By how much the clock was moved since the last look, where it was: ahead (or the machine was suspended), or back.
    fn look(&mut self, wall: Timestamp, own: Instant) -> Option<SignedDuration> {
        let passed = SignedDuration::try_from(own.saturating_duration_since(self.own)).unwrap_or(SignedDuration::MAX);
        let moved = wall.duration_since(self.wall).saturating_sub(passed);
        (self.wall, self.own) = (wall, own);
        (moved.abs() >= JUMP).then_some(moved)
    }
}

/// Runs until `stop` fires.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let place = desk.board.place("clock");
    let mut jumps = Jumps { wall: (desk.clock)(), own: Instant::now() };
    let mut rests_until = None;
    while !stop.is_cancelled() {
        if let Some(moved) = jumps.look((desk.clock)(), Instant::now()) {
            tell_of_jump(&desk, moved).await;
            rests_until = moved.is_positive().then(|| Instant::now() + REST);
        }
        if rests_until.is_some_and(|until| Instant::now() < until) {
            place.beat();
            tokio::select! {
                () = tokio::time::sleep(WAIT_MAX) => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
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
                place.trouble(error.word(), error.to_string());
                WAIT_MAX
            }
            Err(error) => {
                tracing::error!(panic = super::ingest::join_text(&error), "The clock's look at a ticket broke off");
                place.trouble("panic", "A ticket cannot be looked at");
                WAIT_MAX
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn tell_of_jump(desk: &Arc<Desk>, moved: SignedDuration) {
    let hours = (moved.as_secs() + 1_800 * moved.as_secs().signum()) / 3_600;
    tracing::warn!(hours, "The clock was moved, or the machine was suspended");
    let sentence = match moved.is_positive() {
        true => format!(
            "The clock of the desk's machine went ahead by {hours} hours at once, or the machine was suspended: promised \
             times are looked at again in {} minutes",
            REST.as_secs() / 60
        ),
        false => format!("The clock of the desk's machine was set back by {} hours", hours.abs()),
    };
    let now = (desk.clock)();
    let noted = desk.with_store(move |store| store.note_moment("clock", super::operator::DAILY, Some(&sentence), now));
    if noted.await.is_ok_and(|new| new) {
        desk.noticed.notify_one();
    }
}

fn wait(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let until = next.map_or(WAIT_MAX, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default());
    // Never at once again: a clock that was set back must not make this spin.
    until.clamp(Duration::from_millis(200), WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_moved_is_told_from_time_that_passes() {
        let (wall, own) = ("2026-11-29T10:00:00Z".parse::<Timestamp>().expect("a time"), Instant::now());
        let mut jumps = Jumps { wall, own };
        let (later, much_later) = (own + Duration::from_secs(60), own + Duration::from_secs(7200));
        let hours = SignedDuration::from_hours;
        assert_eq!(jumps.look(wall + Duration::from_secs(61), later), None);
        assert_eq!(jumps.look(wall + Duration::from_secs(7200), much_later), None, "a long time is no jump");
        let moved = jumps.look(wall + Duration::from_secs(7200) + hours(87_600), much_later);
        assert_eq!(moved, Some(hours(87_600)));
        let back = jumps.look(wall + Duration::from_secs(7200), much_later);
        assert_eq!(back, Some(hours(-87_600)));
    }
}

//! Taking mails in: each in a savepoint of its own, so that one that breaks is put aside and the next goes on.

use jiff::Timestamp;
use rusqlite::Connection;

use super::ledger::{self, Verdict};
use super::writer::Work;
use super::{lookup, rechecks, write};
use crate::model::decision::{Commit, Fate};
use crate::model::{Digest, Found, Incoming, Lookup};
use crate::store::{Arrival, Ingested, Outcome, PANIC, Packed, Plan, Result, StoreError};

/// All of a batch, in order, within the caller's transaction.
///
/// # Errors
/// What concerns the whole transaction: then it must not be committed. Of a mail that breaks, only where the work is not
/// guarded.
pub(super) fn batch(work: &Work<'_>, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Ingested>> {
    arrivals
        .iter()
        .map(|arrival| {
            let incoming = &arrival.incoming;
            let outcome = one(work, arrival, now)?;
            Ok(Ingested { mailbox: incoming.mailbox.clone(), key: incoming.key.clone(), outcome })
        })
        .collect()
}

fn one(work: &Work<'_>, arrival: &Arrival, now: Timestamp) -> Result<Outcome> {
    let standing = ledger::standing(work, &arrival.incoming)?;
    let reopened = standing.as_ref().is_some_and(|s| s.reopened);
    let row = match standing {
        Some(standing) if standing.is_settled() => {
            let fate = standing.fate.unwrap_or_default();
            return Ok(Outcome::Seen { fate, ticket: standing.ticket });
        }
        standing => standing.map(|s| s.id),
    };
    match work.step(|| decide_and_write(work, arrival, (row, reopened), now)) {
        Ok(outcome) => Ok(outcome),
        Err(StoreError::Refused(because)) if work.is_guarded() => {
            put_aside(work, arrival, row, &because, now)?;
            Ok(Outcome::Quarantined { because })
        }
        Err(error) => Err(error),
    }
}

fn decide_and_write(
    work: &Work<'_>,
    arrival: &Arrival,
    (row, reopened): (Option<i64>, bool),
    now: Timestamp,
) -> Result<Outcome> {
    let connection: &Connection = work;
    let found = Found { reopened, ..lookup::find(connection, &arrival.lookup, now)? };
    let erased = found.erased;
    let commit = (arrival.plan)(found);
    if erased {
        ledger::settle_erased(connection, &arrival.incoming, &commit.fate, now)?;
        return Ok(Outcome::Done { fate: commit.fate, reasons: commit.reasons, alarms: Vec::new() });
    }
    let raw = ledger::keep_raw(connection, &arrival.incoming, &arrival.digest, &arrival.packed)?;
    write::commit(work, &commit, Some(raw), now)?;
    if let Some(asked) = &commit.recheck {
        rechecks::keep(connection, &arrival.digest, &arrival.incoming.mailbox, asked, now)?;
    }
    let verdict = Verdict {
        fate: &commit.fate,
        reasons: &commit.reasons,
        digest: arrival.digest,
        lookup: Some(&arrival.lookup),
        raw,
        sender: &arrival.from,
        subject: &arrival.subject,
    };
    ledger::settle(connection, row, &arrival.incoming, &verdict, now)?;
    Ok(Outcome::Done { fate: commit.fate, reasons: commit.reasons, alarms: commit.alarms })
}

fn put_aside(
    connection: &Connection,
    arrival: &Arrival,
    row: Option<i64>,
    because: &str,
    now: Timestamp,
) -> Result<()> {
    let fate = Fate::Quarantined { because: because.to_owned() };
    let raw = ledger::keep_raw(connection, &arrival.incoming, &arrival.digest, &arrival.packed)?;
    let verdict = Verdict {
        fate: &fate,
        reasons: &[],
        digest: arrival.digest,
        lookup: Some(&arrival.lookup),
        raw,
        sender: &arrival.from,
        subject: &arrival.subject,
    };
    ledger::settle(connection, row, &arrival.incoming, &verdict, now)
}

/// A mail that could not even be read. A fate that it already has stays.
pub(super) fn quarantine(
    connection: &Connection,
    incoming: &Incoming,
    digest: Digest,
    packed: &Packed,
    because: &str,
    now: Timestamp,
) -> Result<()> {
    let standing = ledger::standing(connection, incoming)?;
    if standing.as_ref().is_some_and(ledger::Standing::is_settled) {
        return Ok(());
    }
    let fate = Fate::Quarantined { because: because.to_owned() };
    let raw = ledger::keep_raw(connection, incoming, &digest, packed)?;
    let verdict = Verdict { fate: &fate, reasons: &[], digest, lookup: None, raw, sender: "", subject: "" };
    ledger::settle(connection, standing.map(|s| s.id), incoming, &verdict, now)
}

/// An order, or the clock: the same without a mail.
pub(super) fn order(work: &Work<'_>, lookup: &Lookup, plan: &Plan, now: Timestamp) -> Result<Commit> {
    let commit = plan(lookup::find(work, lookup, now)?);
    write::commit(work, &commit, None, now)?;
    Ok(commit)
}

/// Looks up and plans; writes nothing.
pub(super) fn rehearse(connection: &Connection, arrival: &Arrival) -> Result<Commit> {
    let found = lookup::find(connection, &arrival.lookup, arrival.incoming.received_at)?;
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (arrival.plan)(found)))
        .map_err(|_| StoreError::Refused(PANIC.to_owned()))
}

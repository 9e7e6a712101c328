//! What is remembered of addresses: wrong ticket checks, mail that came back, complaints.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::lookup::{HOUR, around, counted};
use super::peers;
use super::sql::{delete_two_oldest, first, micros, run};
use crate::model::conduct::{Conduct, Guesses, Learnt, MailToIt, Mark, Marked};
use crate::store::Result;

/// Rows of one hour that are counted: past that it is certainly too many.
const COUNTED: u32 = 1_000;
/// Guesses kept however old they are, so that a clock that was wrong for a while does not forget them.
const KEPT: i64 = 10_000;

/// `email` in lower case.
pub(super) fn conduct(connection: &Connection, email: &str, written: Timestamp, now: Timestamp) -> Result<Conduct> {
    let [unproven_pace, proven_pace] = peers::pace(connection, email, written, now)?;
    let [unproven, proven, in_all] = guesses(connection, email, now)?;
    Ok(Conduct {
        unproven,
        proven,
        guesses_in_all: in_all.hour,
        mail_to_it: mail_to(connection, email)?,
        unproven_pace,
        proven_pace,
    })
}

/// Of its unproven mails, of its proven ones, and everybody's: one statement, as this is asked for every mail.
fn guesses(connection: &Connection, email: &str, now: Timestamp) -> Result<[Guesses; 3]> {
    let (from, until) = around(now, HOUR);
    let found = first(
        connection,
        "SELECT (SELECT sum(wrong) FROM (SELECT wrong FROM guess WHERE email = ?1 AND proven = 0 AND at > ?2 \
                 AND at < ?3 LIMIT ?4)), \
         EXISTS (SELECT 1 FROM mistrust WHERE email = ?1 AND proven = 0 AND until > ?5), \
         (SELECT sum(wrong) FROM (SELECT wrong FROM guess WHERE email = ?1 AND proven = 1 AND at > ?2 AND at < ?3 \
                 LIMIT ?4)), \
         EXISTS (SELECT 1 FROM mistrust WHERE email = ?1 AND proven = 1 AND until > ?5), \
         (SELECT sum(wrong) FROM (SELECT wrong FROM guess WHERE at > ?2 AND at < ?3 LIMIT ?4)), 0",
        params![email, from, until, COUNTED, micros(now)],
        |c| {
            let mut one = || Result::Ok(Guesses { hour: bounded(c.take()?), mistrusted: c.take()? });
            Ok([one()?, one()?, one()?])
        },
    )?;
    Ok(found.unwrap_or_default())
}

fn bounded(sum: Option<i64>) -> u32 {
    u32::try_from(sum.unwrap_or(0).clamp(0, i64::from(COUNTED))).unwrap_or(COUNTED)
}

pub(super) fn mail_to(connection: &Connection, email: &str) -> Result<MailToIt> {
    let row =
        first(connection, "SELECT failures, failed_at, complained_at FROM conduct WHERE email = ?1", [email], |c| {
            Ok(MailToIt { failures: c.take()?, failed_at: c.time_or_none()?, complained_at: c.time_or_none()? })
        })?;
    Ok(row.unwrap_or_default())
}

/// What was learnt of an agent's address.
pub(super) fn learnt(connection: &Connection, email: &str) -> Result<Learnt> {
    let row =
        first(connection, "SELECT strong_since, answered_at FROM agent_address WHERE email = ?1", [email], |c| {
            Ok(Learnt { strong_since: c.time_or_none()?, answered_at: c.time_or_none()? })
        })?;
    Ok(row.unwrap_or_default())
}

/// Forgets it. False where there was nothing.
pub(super) fn unlearn(connection: &Connection, email: &str) -> Result<bool> {
    Ok(run(connection, "DELETE FROM agent_address WHERE email = ?1", [email.to_ascii_lowercase()])? > 0)
}

pub(super) fn mark(connection: &Connection, mark: &Mark, now: Timestamp) -> Result<()> {
    let email = mark.email.to_ascii_lowercase();
    match mark.what {
        Marked::Guessed { proven, wrong } => guessed(connection, &email, proven, wrong, now),
        Marked::Mistrusted { proven, until } => {
            run(connection, "DELETE FROM mistrust WHERE until <= ?1", [micros(now)])?;
            run(
                connection,
                "INSERT INTO mistrust (email, proven, until) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (email, proven) DO UPDATE SET until = max(until, excluded.until)",
                params![email, proven, micros(until)],
            )?;
            Ok(())
        }
        Marked::Failed => failed(connection, &email, now),
        Marked::Complained => {
            run(
                connection,
                "INSERT INTO conduct (email, complained_at) VALUES (?1, ?2) \
                 ON CONFLICT (email) DO UPDATE SET complained_at = excluded.complained_at",
                params![email, micros(now)],
            )?;
            Ok(())
        }
        Marked::Alive => {
            run(connection, "UPDATE conduct SET failures = 0, failed_at = NULL WHERE email = ?1", [email])?;
            Ok(())
        }
        Marked::Wrote { proven, at } => peers::wrote(connection, &email, proven, at, now),
        Marked::Parked { proven, until } => peers::park(connection, &email, proven, until),
        Marked::Automatic => peers::count_automatic(connection, now),
        Marked::Strong => {
            run(
                connection,
                "INSERT INTO agent_address (email, strong_since) VALUES (?1, ?2) \
                 ON CONFLICT (email) DO UPDATE SET strong_since = coalesce(strong_since, excluded.strong_since)",
                params![email, micros(now)],
            )?;
            Ok(())
        }
        Marked::Answered => {
            run(
                connection,
                "INSERT INTO agent_address (email, answered_at) VALUES (?1, ?2) \
                 ON CONFLICT (email) DO UPDATE SET answered_at = excluded.answered_at",
                params![email, micros(now)],
            )?;
            Ok(())
        }
    }
}

pub(super) fn failed(connection: &Connection, email: &str, now: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO conduct (email, failures, failed_at) VALUES (?1, 1, ?2) \
         ON CONFLICT (email) DO UPDATE SET failures = failures + 1, failed_at = excluded.failed_at",
        params![email.to_ascii_lowercase(), micros(now)],
    )?;
    Ok(())
}

fn guessed(connection: &Connection, email: &str, proven: bool, wrong: u32, now: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO guess (at, email, proven, wrong) VALUES (?1, ?2, ?3, ?4)",
        params![micros(now), email, proven, wrong],
    )?;
    let last = connection.last_insert_rowid();
    let (from, until) = counted(now);
    let sql = delete_two_oldest!("guess", "id < ?1 AND (at < ?2 OR at > ?3)");
    run(connection, sql, [last.saturating_sub(KEPT), from, until])?;
    Ok(())
}

/// Forgets how mail to an address fared, and its guesses: a person looked into it.
pub(super) fn forgive(connection: &Connection, email: &str) -> Result<bool> {
    let email = email.to_ascii_lowercase();
    let mut changed = run(connection, "DELETE FROM conduct WHERE email = ?1", [&email])?;
    changed += run(connection, "DELETE FROM mistrust WHERE email = ?1", [&email])?;
    changed += run(connection, "DELETE FROM guess WHERE email = ?1", [&email])?;
    changed += run(connection, "DELETE FROM pace WHERE email = ?1 AND parked_until IS NOT NULL", [&email])?;
    Ok(changed > 0)
}

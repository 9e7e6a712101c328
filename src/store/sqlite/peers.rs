//! Who writes how much, how much of all mail machines write, and by which number another desk calls a ticket of ours.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::lookup::HOUR;
use super::sql::{all, delete_two_oldest, first, micros, run};
use crate::model::conduct::{Automatic, Pace};
use crate::model::ticket::TicketNumber;
use crate::store::Result;

const DAY: i64 = 24 * HOUR;
/// Days of which the middle one is what is usual.
const USUAL_DAYS: i64 = 7;
/// Days that are kept: the oldest says for how long it has been counted.
const KEPT_DAYS: i64 = 60;
/// Numbers of other desks' tickets that are kept.
const KEPT_TAGS: i64 = 50_000;

/// How much came from an address lately, unproven and proven, in the hour around `at`, the time of the mail at hand.
pub(super) fn pace(connection: &Connection, email: &str, at: Timestamp, now: Timestamp) -> Result<[Pace; 2]> {
    let rows: Vec<(bool, i64, u32, i64)> = all(
        connection,
        "SELECT proven, since, mails, coalesce(parked_until, 0) FROM pace WHERE email = ?1",
        [email],
        |c| Ok((c.take()?, c.take()?, c.take()?, c.take()?)),
    )?;
    Ok([false, true].map(|proven| {
        let row = rows.iter().find(|row| row.0 == proven);
        row.map_or_else(Pace::default, |(_, since, mails, parked_until)| {
            let counts = micros(at).saturating_sub(*since).abs() < HOUR;
            // Parked for an hour, and no longer should the clock have been wrong.
            let left = parked_until.saturating_sub(micros(now));
            Pace { hour: if counts { *mails } else { 0 }, parked: (1..=HOUR).contains(&left) }
        })
    }))
}

pub(super) fn wrote(connection: &Connection, email: &str, proven: bool, at: Timestamp, now: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO pace (email, proven, since, mails) VALUES (?1, ?2, ?3, 1) ON CONFLICT (email, proven) DO UPDATE SET \
         mails = CASE WHEN abs(excluded.since - since) < ?4 THEN mails + 1 ELSE 1 END, \
         since = CASE WHEN abs(excluded.since - since) < ?4 THEN since ELSE excluded.since END",
        params![email, proven, micros(at), HOUR],
    )?;
    // The two oldest go for each one that comes, and those of the same time.
    run(
        connection,
        "DELETE FROM pace WHERE since <= coalesce((SELECT since FROM pace ORDER BY since LIMIT 1 OFFSET 1), ?1) \
         AND since < ?1",
        [micros(now).saturating_sub(2 * DAY)],
    )?;
    Ok(())
}

pub(super) fn park(connection: &Connection, email: &str, proven: bool, until: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO pace (email, proven, since, mails, parked_until) VALUES (?1, ?2, ?3, 0, ?3) \
         ON CONFLICT (email, proven) DO UPDATE SET parked_until = excluded.parked_until",
        params![email, proven, micros(until)],
    )?;
    Ok(())
}

/// Machines' mail of this day, and of the middle one of the last seven; None where it is counted for less than that.
pub(super) fn automatic(connection: &Connection, now: Timestamp) -> Result<Automatic> {
    let today = micros(now).div_euclid(DAY);
    let rows: Vec<(i64, u32)> = all(
        connection,
        "SELECT day, mails FROM automatic WHERE day >= ?1 AND day <= ?2",
        [today - USUAL_DAYS, today],
        |c| Ok((c.take()?, c.take()?)),
    )?;
    let of = |day: i64| rows.iter().find(|(d, _)| *d == day).map_or(0, |(_, mails)| *mails);
    let oldest: Option<i64> = first(connection, "SELECT day FROM automatic ORDER BY day LIMIT 1", [], |c| c.take())?;
    let mut last: Vec<u32> = (today - USUAL_DAYS..today).map(of).collect();
    last.sort_unstable();
    let known = oldest.is_some_and(|oldest| oldest <= today - USUAL_DAYS);
    Ok(Automatic { today: of(today), usual: last.get(last.len() / 2).copied().filter(|_| known) })
}

pub(super) fn count_automatic(connection: &Connection, now: Timestamp) -> Result<()> {
    let today = micros(now).div_euclid(DAY);
    run(
        connection,
        "INSERT INTO automatic (day, mails) VALUES (?1, 1) ON CONFLICT (day) DO UPDATE SET mails = mails + 1",
        [today],
    )?;
    run(connection, "DELETE FROM automatic WHERE day < ?1", [today - KEPT_DAYS])?;
    Ok(())
}

/// The ticket that another desk calls so.
pub(super) fn ticket(connection: &Connection, email: &str, tag: &str) -> Result<Option<TicketNumber>> {
    first(connection, "SELECT ticket FROM peer_tag WHERE email = ?1 AND tag = ?2", [email, tag], |c| c.take())
}

pub(super) fn pair(connection: &Connection, email: &str, tag: &str, ticket: TicketNumber) -> Result<()> {
    let known =
        run(connection, "UPDATE peer_tag SET ticket = ?3 WHERE email = ?1 AND tag = ?2", params![email, tag, ticket])?;
    if known > 0 {
        return Ok(());
    }
    run(connection, "INSERT INTO peer_tag (email, tag, ticket) VALUES (?1, ?2, ?3)", params![email, tag, ticket])?;
    let last = connection.last_insert_rowid();
    run(connection, delete_two_oldest!("peer_tag", "id <= ?1"), [last.saturating_sub(KEPT_TAGS)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A backlog is no flood: what was written long ago is not counted together because it comes together.
    #[test]
    fn what_was_written_days_ago_is_not_kept_even_where_it_is_all_there_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = crate::store::sqlite::Options::default();
        let connection =
            crate::store::sqlite::schema::open_writer(&folder.path().join("desk.db"), &options).expect("opens");
        let now: Timestamp = "2026-12-01T12:00:00Z".parse().expect("a time");
        let hour = |at: &str| {
            let at: Timestamp = at.parse().expect("a time");
            wrote(&connection, "a@firma.example", true, at, now).expect("is written");
            pace(&connection, "a@firma.example", at, now).expect("is read")[1].hour
        };
        for _ in 0..3 {
            assert_eq!(hour("2026-11-16T08:00:00Z"), 0);
        }
        assert_eq!((hour("2026-12-01T11:59:00Z"), hour("2026-12-01T12:00:00Z")), (1, 2));
    }
}

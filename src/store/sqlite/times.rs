//! What agents left on tickets, to count and to find by: booked time, tags.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::sql::{all, first, micros, run};
use crate::model::hands::Worked;
use crate::model::ticket::TicketNumber;
use crate::store::Result;

pub(super) fn book(connection: &Connection, worked: &Worked) -> Result<()> {
    let Worked { ticket, agent, minutes, at } = worked;
    let sql = "INSERT INTO times (ticket, agent, minutes, at, organisation) VALUES (?1, ?2, ?3, ?4, \
               (SELECT organisation FROM ticket WHERE number = ?1))";
    run(connection, sql, params![ticket, agent, minutes, micros(*at)])?;
    Ok(())
}

/// Minutes that were booked for a firm from a time on.
pub(super) fn spent(connection: &Connection, organisation: &str, since: Timestamp) -> Result<u32> {
    let sql = "SELECT coalesce(sum(minutes), 0) FROM times WHERE organisation = ?1 AND at >= ?2";
    let minutes = first(connection, sql, params![organisation, micros(since)], |c| c.count())?;
    Ok(minutes.and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or(u32::MAX))
}

/// Sets a tag, or takes it off.
pub(super) fn tag(connection: &Connection, ticket: TicketNumber, tag: &str, on: bool) -> Result<()> {
    let sql = match on {
        true => "INSERT INTO tag (tag, ticket) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM tag WHERE tag = ?1 AND ticket = ?2",
    };
    run(connection, sql, params![tag, ticket])?;
    Ok(())
}

/// In the order in which it was booked.
pub(super) fn of_ticket(connection: &Connection, number: TicketNumber) -> Result<Vec<Worked>> {
    let sql = "SELECT ticket, agent, minutes, at FROM times WHERE ticket = ?1 ORDER BY id";
    all(connection, sql, [number], |c| {
        Ok(Worked { ticket: c.take()?, agent: c.take()?, minutes: c.take()?, at: c.time()? })
    })
}

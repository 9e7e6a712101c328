//! What the digests read: one agent's live tickets, and the measured times of those to which something happened lately.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{ticket, ticket_columns};
use super::sql::{all, json, micros};
use crate::model::course::Course;
use crate::model::digest::{MEASURED_MAX, Measured, Overview, READ_MAX};
use crate::model::ticket::Status;
use crate::store::Result;

/// See [`crate::store::watch::Watch::overview`].
pub(super) fn overview(connection: &Connection, owners: &[String], groups: &[String]) -> Result<Overview> {
    let limit = i64::try_from(READ_MAX).unwrap_or(i64::MAX);
    let mine = all(
        connection,
        concat!(
            "SELECT ",
            ticket_columns!(),
            " FROM ticket WHERE live = 1 AND owner IN (SELECT value FROM json_each(?1)) ORDER BY updated_at, number LIMIT ?2"
        ),
        params![json(&owners)?, limit],
        ticket,
    )?;
    let unassigned = all(
        connection,
        concat!(
            "SELECT ",
            ticket_columns!(),
            " FROM ticket WHERE live = 1 AND owner IS NULL AND (owner_group IS NULL OR owner_group IN \
             (SELECT value FROM json_each(?1))) ORDER BY updated_at, number LIMIT ?2"
        ),
        params![json(&groups)?, limit],
        ticket,
    )?;
    Ok(Overview { mine, unassigned })
}

/// See [`crate::store::watch::Watch::measured`].
pub(super) fn measured(connection: &Connection, since: Timestamp) -> Result<Vec<Measured>> {
    all(
        connection,
        "SELECT created_at, status, first_responded_at, first_response_due_at, resolved_at, resolve_due_at, stopped_at FROM ticket \
         WHERE updated_at >= ?1 AND status <> 'merged' ORDER BY updated_at DESC, number DESC LIMIT ?2",
        params![micros(since), i64::try_from(MEASURED_MAX).unwrap_or(i64::MAX)],
        |c| {
            Ok(Measured {
                created_at: c.time()?,
                course: Course {
                    status: c.word("ticket.status", Status::from_word)?,
                    responded_at: c.time_or_none()?,
                    respond_due_at: c.time_or_none()?,
                    resolved_at: c.time_or_none()?,
                    resolve_due_at: c.time_or_none()?,
                    stopped_at: c.time_or_none()?,
                },
            })
        },
    )
}

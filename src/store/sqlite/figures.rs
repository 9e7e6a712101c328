//! Shows reports what they count: light rows, streamed; no ticket is read whole.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::errors::unreadable;
use super::sql::{all, first, micros, prepare, time};
use crate::model::calendar::Stretch;
use crate::model::course::Course;
use crate::model::figures::{Gather, Period, QUARTER_SECONDS, TicketFact};
use crate::model::ticket::{EntryKind, Status};
use crate::store::{Result, StoreError};

/// The columns of [`fact`], in its order. All of them stand in the index `ticket_figures`.
macro_rules! fact_columns {
    () => {
        "created_at, status, category, organisation, owner, urgency, first_response_due_at, resolve_due_at, \
         first_responded_at, resolved_at, sla, stopped_at, waits"
    };
}

pub(super) fn gather(connection: &Connection, period: Period, into: &mut dyn Gather) -> Result<()> {
    let (since, until) = (micros(period.since), micros(period.until));
    for sql in [
        concat!(
            "SELECT ",
            fact_columns!(),
            " FROM ticket WHERE created_at >= ?1 AND created_at < ?2 ORDER BY created_at"
        ),
        concat!(
            "SELECT ",
            fact_columns!(),
            " FROM ticket WHERE resolved_at >= ?1 AND resolved_at < ?2 AND created_at < ?1 ORDER BY resolved_at"
        ),
    ] {
        let mut statement = prepare(connection, sql)?;
        let mut rows = statement.query([since, until])?;
        while let Some(row) = rows.next()? {
            into.ticket(&fact(row)?);
        }
    }
    offered(connection, since, until, into)?;
    volume(connection, since, until, into)?;
    worked(connection, into.times_since(), until, into)?;
    live(connection, into)?;
    undelivered(connection, since, until, into)
}

fn fact<'r>(row: &'r Row<'_>) -> Result<TicketFact<'r>> {
    let text = |at: usize| -> Result<Option<&'r str>> {
        row.get_ref(at)?.as_str_or_null().map_err(|_| unreadable("of a ticket's figures"))
    };
    let when = |at: usize| -> Result<Option<Timestamp>> { row.get::<_, Option<i64>>(at)?.map(time).transpose() };
    let urgency: i64 = row.get(5)?;
    Ok(TicketFact {
        opened_at: time(row.get(0)?)?,
        course: Course {
            status: text(1)?.and_then(Status::from_word).ok_or_else(|| unreadable("ticket.status"))?,
            respond_due_at: when(6)?,
            resolve_due_at: when(7)?,
            responded_at: when(8)?,
            resolved_at: when(9)?,
            stopped_at: when(11)?,
        },
        category: text(2)?,
        organisation: text(3)?,
        owner: text(4)?,
        urgent: urgency > 0,
        raised: urgency > 1,
        sla: text(10)?,
        waits: text(12)?.map(waits).transpose()?.unwrap_or_default(),
    })
}

fn waits(json: &str) -> Result<Vec<Stretch>> {
    let times: Vec<(i64, i64)> = serde_json::from_str(json)
        .map_err(|error| StoreError::Refused(format!("Column ticket.waits holds other JSON than expected: {error}")))?;
    times.into_iter().map(|(from, until)| Ok((time(from)?, time(until)?))).collect()
}

fn offered(connection: &Connection, since: i64, until: i64, into: &mut dyn Gather) -> Result<()> {
    let rows = all(
        connection,
        "SELECT offered, helped FROM ticket WHERE offered IS NOT NULL AND created_at >= ?1 AND created_at < ?2",
        [since, until],
        |c| Ok((c.json::<Vec<String>>("ticket.offered")?, c.take::<bool>()?)),
    )?;
    rows.iter().for_each(|(articles, helped)| into.offered(articles, *helped));
    Ok(())
}

fn volume(connection: &Connection, since: i64, until: i64, into: &mut dyn Gather) -> Result<()> {
    let quarter = QUARTER_SECONDS * 1_000_000;
    let rows = all(
        connection,
        "SELECT quarter, kind, mails FROM volume WHERE quarter >= ?1 AND quarter < ?2",
        // Rounded up: what began within the period belongs to it.
        [since.div_euclid(quarter), until.div_euclid(quarter) + i64::from(until.rem_euclid(quarter) > 0)],
        |c| Ok((c.take::<i64>()?, c.word("volume.kind", EntryKind::from_word)?, c.count()?)),
    )?;
    for (at, kind, mails) in rows {
        into.mails(time(at * quarter)?, kind, mails);
    }
    Ok(())
}

fn worked(connection: &Connection, since: Timestamp, until: i64, into: &mut dyn Gather) -> Result<()> {
    let mut statement =
        prepare(connection, "SELECT agent, organisation, minutes, at FROM times WHERE at >= ?1 AND at < ?2")?;
    let mut rows = statement.query([micros(since), until])?;
    while let Some(row) = rows.next()? {
        let text =
            |at: usize| row.get_ref(at).map_err(StoreError::from)?.as_str_or_null().map_err(|_| unreadable("of times"));
        let (agent, organisation): (Option<&str>, Option<&str>) = (text(0)?, text(1)?);
        into.worked(agent.unwrap_or_default(), organisation, row.get::<_, u32>(2)?.into(), time(row.get(3)?)?);
    }
    Ok(())
}

fn live(connection: &Connection, into: &mut dyn Gather) -> Result<()> {
    let owned = all(connection, "SELECT owner, tickets FROM load WHERE tickets > 0", [], |c| {
        Ok((c.take::<String>()?, c.count()?))
    })?;
    let all = first(connection, "SELECT count(*) FROM ticket WHERE live = 1", [], |c| c.count())?;
    let of_agents: u64 = owned.iter().map(|(_, tickets)| tickets).sum();
    owned.iter().for_each(|(owner, tickets)| into.live(Some(owner), *tickets));
    into.live(None, all.unwrap_or_default().saturating_sub(of_agents));
    Ok(())
}

fn undelivered(connection: &Connection, since: i64, until: i64, into: &mut dyn Gather) -> Result<()> {
    let rows = all(
        connection,
        // The list of states is that of the index outbox_open.
        "SELECT lower(substr(to_email, instr(to_email, '@') + 1)), sum(state = 'bounced'), sum(state = 'failed') \
         FROM outbox WHERE state IN ('waiting', 'deferred', 'failed', 'claimed', 'in-data', 'bounced') \
         AND state IN ('failed', 'bounced') AND changed_at >= ?1 AND changed_at < ?2 GROUP BY 1",
        params![since, until],
        |c| Ok((c.take::<String>()?, c.count()?, c.count()?)),
    )?;
    rows.iter().for_each(|(domain, came_back, given_up)| into.undelivered(domain, *came_back, *given_up));
    Ok(())
}

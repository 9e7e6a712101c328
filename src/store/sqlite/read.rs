//! For people: lists, one ticket whole, searches, quarantine.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::rows::{ticket, ticket_columns};
use super::search;
use super::sql::{Columns, all, first, json, micros, run};
use crate::model::ticket::{Priority, Ticket, TicketNumber};
use crate::model::{Digest, Incoming, SourceKey};
use crate::store::{QuarantineRow, Result, TicketFilter, unpack};

/// Tickets that were found at most that are looked up one by one and then sorted. With more, and a limit, it is quicker to
/// go through the tickets from the newest change on until there are enough.
const SORTED: usize = 1_000;

/// The tickets of a list, newest change first.
pub(super) fn tickets(connection: &Connection, filter: &TicketFilter) -> Result<Vec<Ticket>> {
    let mut sql = String::from(concat!("SELECT ", ticket_columns!(), " FROM ticket WHERE "));
    let mut params: Vec<Value> = Vec::new();
    // Only fixed text becomes part of the statement; whatever somebody typed is bound.
    let mut and = |condition: &str, value: Value| {
        params.push(value);
        sql.push_str(&condition.replace('?', &format!("?{}", params.len())));
        sql.push_str(" AND ");
    };
    let text = |value: &str| Value::Text(value.to_owned());
    if let Some(status) = filter.status {
        and("status = ?", text(status.word()));
    }
    if let Some(owner) = &filter.owner {
        and("(lower(owner) = lower(?) OR lower(owner_group) = lower(?))", text(owner));
    }
    if let Some(category) = &filter.category {
        and("category = ?", text(category));
    }
    if let Some(priority) = filter.priority {
        and("priority = ?", text(Priority::word(priority)));
    }
    if let Some(mailbox) = &filter.mailbox {
        and("mailbox = ?", text(mailbox));
    }
    if let Some(organisation) = &filter.organisation {
        and("organisation = ?", text(organisation));
    }
    if let Some(requester) = &filter.requester {
        and("requester_key = ?", Value::Text(requester.to_ascii_lowercase()));
    }
    if let Some(tag) = &filter.tag {
        and("number IN (SELECT ticket FROM tag WHERE tag = ?)", Value::Text(tag.to_lowercase()));
    }
    if let Some(at) = filter.late {
        // Only a coarse sieve: what is late the ticket itself knows.
        let passed = "live = 1 AND (first_response_due_at < ? OR resolve_due_at < ? \
             OR unixepoch(service ->> '$.updateDueAt') * 1000000 < ?)";
        and(passed, Value::Integer(micros(at)));
    }
    if let Some(found) = filter.search.as_deref().map_or(Ok(None), |words| search::having(connection, words))? {
        // A plus keeps SQLite from looking each up.
        let one_by_one = found.len() <= SORTED || filter.limit.is_none();
        let number = if one_by_one { "number" } else { "+number" };
        and(&format!("{number} IN (SELECT value FROM json_each(?))"), Value::Text(json(&found)?));
    }
    if filter.unassigned {
        sql.push_str("owner IS NULL AND ");
    }
    // A wish for a status of its own goes before the rule that ended tickets are not listed.
    sql.push_str(match filter.status {
        Some(status) if !status.is_live() => "live = 0",
        _ if filter.all => "1 = 1",
        _ => "live = 1",
    });
    sql.push_str(" ORDER BY updated_at DESC, number DESC LIMIT ?");
    let limit = filter.limit.filter(|_| filter.late.is_none());
    params.push(Value::Integer(limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1)));
    sql.push_str(&params.len().to_string());
    let mut tickets = all(connection, &sql, params_from_iter(params), ticket)?;
    if let Some(at) = filter.late {
        tickets.retain(|ticket| ticket.due_next().is_some_and(|due| due < at));
        tickets.truncate(filter.limit.unwrap_or(usize::MAX));
    }
    Ok(tickets)
}

pub(super) fn raw_mails(connection: &Connection, number: TicketNumber) -> Result<Vec<(Timestamp, Vec<u8>)>> {
    let packed = all(
        connection,
        "SELECT received_at, size, packed FROM raw JOIN (SELECT raw AS id, min(seq) AS seq FROM entry WHERE ticket = ?1 \
         AND raw IS NOT NULL GROUP BY raw) AS of_ticket USING (id) ORDER BY seq",
        [number],
        packed_mail,
    )?;
    packed.into_iter().map(|(at, size, packed)| Ok((at, unpack(&packed, size)?))).collect()
}

/// Of the newest so many rows of the ledger, those that have a raw mail: the mailbox, and the raw mail's row.
pub(super) fn newest_raw(connection: &Connection, rows: usize) -> Result<Vec<(String, i64)>> {
    all(
        connection,
        "SELECT mailbox, raw FROM ledger WHERE id > (SELECT max(id) FROM ledger) - ?1 AND raw IS NOT NULL \
         ORDER BY id DESC",
        [i64::try_from(rows).unwrap_or(i64::MAX)],
        |c| Ok((c.take()?, c.take()?)),
    )
}

pub(super) fn raw(connection: &Connection, id: i64) -> Result<Option<Vec<u8>>> {
    let row = first(connection, "SELECT received_at, size, packed FROM raw WHERE id = ?1", [id], packed_mail)?;
    row.map(|(_, size, packed)| unpack(&packed, size)).transpose()
}

fn packed_mail(c: &mut Columns<'_>) -> Result<(Timestamp, usize, Vec<u8>)> {
    Ok((c.time()?, usize::try_from(c.take::<i64>()?).unwrap_or_default(), c.take()?))
}

macro_rules! quarantine_columns {
    () => {
        "SELECT id, mailbox, digest, sender, subject, coalesce(received_at, discovered_at), because, attempts FROM ledger \
         WHERE fate = 'quarantined' "
    };
}

fn quarantine_row(c: &mut Columns<'_>) -> Result<QuarantineRow> {
    Ok(QuarantineRow {
        id: c.take()?,
        mailbox: c.take()?,
        digest: c.digest_hex()?,
        from: c.take()?,
        subject: c.take()?,
        received_at: c.time()?,
        because: c.take()?,
        attempts: c.take()?,
    })
}

pub(super) fn quarantined(connection: &Connection) -> Result<Vec<QuarantineRow>> {
    all(connection, concat!(quarantine_columns!(), "ORDER BY id"), [], quarantine_row)
}

pub(super) fn quarantined_mail(connection: &Connection, id: i64) -> Result<Option<(QuarantineRow, Vec<u8>)>> {
    let Some(row) = first(connection, concat!(quarantine_columns!(), "AND id = ?1"), [id], quarantine_row)? else {
        return Ok(None);
    };
    let raw = first(
        connection,
        "SELECT raw.received_at, size, packed FROM ledger JOIN raw ON raw.id = ledger.raw WHERE ledger.id = ?1",
        [id],
        packed_mail,
    )?;
    let raw = match raw {
        Some((_, size, packed)) => unpack(&packed, size)?,
        None => Vec::new(),
    };
    Ok(Some((row, raw)))
}

/// See [`crate::store::Store::quarantine_drop`].
pub(super) fn quarantine_drop(connection: &Connection, id: i64, because: &str, now: Timestamp) -> Result<bool> {
    let changed = run(
        connection,
        "UPDATE ledger SET fate = 'ignored', because = ?2 || ' (in quarantine because: ' || because || ')', sender = '', \
         subject = '', settled_at = ?3, reopened = 0 WHERE id = ?1 AND fate = 'quarantined'",
        params![id, because, micros(now)],
    )?;
    Ok(changed == 1)
}

/// The same for every row of a mail that is in quarantine, by its bytes.
pub(super) fn leave_out(connection: &Connection, digest: &Digest, because: &str, now: Timestamp) -> Result<()> {
    let sql = "SELECT id FROM ledger WHERE digest = ?1 AND fate = 'quarantined'";
    for id in all(connection, sql, [&digest.0[..]], |c| c.take::<i64>())? {
        quarantine_drop(connection, id, because, now)?;
    }
    Ok(())
}

/// What [`reopen`] gives back: all but the raw mail unpacked, which is not the writer's work.
pub(super) struct Reopened {
    mailbox: String,
    key: SourceKey,
    received_at: Timestamp,
    truncated_from: Option<u64>,
    size: usize,
    packed: Vec<u8>,
}

impl Reopened {
    pub(super) fn unpack(self) -> Result<Incoming> {
        Ok(Incoming {
            mailbox: self.mailbox,
            key: self.key,
            raw: unpack(&self.packed, self.size)?.into(),
            received_at: self.received_at,
            truncated_from: self.truncated_from,
        })
    }
}

macro_rules! kept_columns {
    () => {
        "SELECT mailbox, folder, uid_validity, uid, name, coalesce(ledger.received_at, discovered_at), truncated_from, \
         size, packed, ledger.id, fate = 'quarantined' FROM ledger JOIN raw ON raw.id = ledger.raw "
    };
}
/// See [`crate::store::Store::quarantine_reopen`].
pub(super) fn reopen(connection: &Connection, id: i64) -> Result<Option<Reopened>> {
    let changed = run(
        connection,
        "UPDATE ledger SET reopened = 1, attempts = attempts + 1 WHERE id = ?1 AND fate = 'quarantined' \
         AND raw IS NOT NULL",
        [id],
    )?;
    if changed == 0 {
        return Ok(None);
    }
    first(connection, concat!(kept_columns!(), "WHERE ledger.id = ?1"), [id], kept)
}

fn kept(c: &mut Columns<'_>) -> Result<Reopened> {
    Ok(Reopened {
        mailbox: c.take()?,
        key: SourceKey { folder: c.take()?, uid_validity: c.take()?, uid: c.take()?, name: c.take()? },
        received_at: c.time()?,
        truncated_from: c.take::<Option<i64>>()?.and_then(|size| u64::try_from(size).ok()),
        size: usize::try_from(c.take::<i64>()?).unwrap_or_default(),
        packed: c.take()?,
    })
}

/// A mail that was taken in at a mailbox, and its number where it is in quarantine.
pub(super) fn kept_mail(
    connection: &Connection,
    digest: &Digest,
    mailbox: &str,
) -> Result<Option<(Option<i64>, Reopened)>> {
    first(
        connection,
        concat!(
            kept_columns!(),
            "WHERE ledger.digest = ?1 AND mailbox = ?2 AND fate <> 'duplicate' ORDER BY ledger.id LIMIT 1"
        ),
        params![&digest.0[..], mailbox],
        |c| {
            let mail = kept(c)?;
            let (id, in_quarantine): (i64, bool) = (c.take()?, c.take()?);
            Ok((in_quarantine.then_some(id), mail))
        },
    )
}

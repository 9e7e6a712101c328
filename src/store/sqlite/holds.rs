//! What waits for a word from a registered address.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::read::{Reopened, reopen};
use super::sql::{Columns, all, first, micros, run};
use crate::model::hold::{Hold, HoldKind, HoldNumber, HoldState};
use crate::model::ticket::TicketNumber;
use crate::model::{AddrSpec, Digest};
use crate::store::{Result, StoreError};

macro_rules! columns {
    () => {
        "SELECT number, kind, who, ticket, digest, state, made_at, until, told FROM hold "
    };
}

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn row(c: &mut Columns<'_>) -> Result<Hold> {
    Ok(Hold {
        number: c.take()?,
        kind: c.word("hold.kind", HoldKind::from_word)?,
        who: c.take()?,
        ticket: c.take()?,
        digest: c.take::<Option<Vec<u8>>>()?.and_then(|bytes| bytes.try_into().ok()).map(Digest),
        state: c.word("hold.state", HoldState::from_word)?,
        made_at: c.time()?,
        until: c.time()?,
        told: c.take()?,
    })
}

pub(super) fn hold(connection: &Connection, number: HoldNumber) -> Result<Option<Hold>> {
    first(connection, concat!(columns!(), "WHERE number = ?1"), [number], row)
}

/// The hold of a raw mail.
pub(super) fn of_mail(connection: &Connection, digest: &Digest) -> Result<Option<Hold>> {
    first(connection, concat!(columns!(), "WHERE digest = ?1 ORDER BY number DESC LIMIT 1"), [&digest.0[..]], row)
}

/// The last mail of an agent's on a ticket that waits because something came in between.
pub(super) fn crossed(connection: &Connection, who: &str, ticket: TicketNumber) -> Result<Option<Hold>> {
    let sql = concat!(
        columns!(),
        "WHERE who = ?1 AND ticket = ?2 AND kind = 'crossed' AND state = 'waiting' ORDER BY made_at DESC LIMIT 1"
    );
    first(connection, sql, params![who, ticket], row)
}

/// Holds made for this one within a day of now, either way: a clock that was set back must not free the budget. Whoever
/// forges customers' mails uses up no agent's own.
pub(super) fn lately(connection: &Connection, who: &str, now: Timestamp) -> Result<u32> {
    let (from, until) = day_around(now);
    let sql = "SELECT count(*) FROM hold WHERE who = ?1 AND made_at > ?2 AND made_at < ?3 AND kind NOT IN ('mail', 'crossed')";
    first(connection, sql, params![who, from, until], |c| c.take()).map(Option::unwrap_or_default)
}

/// Mails put aside about which somebody was asked within a day of now, either way.
pub(super) fn asked_aside(connection: &Connection, now: Timestamp) -> Result<u32> {
    let (from, until) = day_around(now);
    let sql = "SELECT count(*) FROM hold WHERE kind = 'mail' AND made_at > ?1 AND made_at < ?2";
    first(connection, sql, [from, until], |c| c.take()).map(Option::unwrap_or_default)
}

fn day_around(now: Timestamp) -> (i64, i64) {
    (micros(now).saturating_sub(DAY), micros(now).saturating_add(DAY))
}

pub(super) fn next(connection: &Connection) -> Result<HoldNumber> {
    first(connection, "SELECT value FROM counter WHERE name = 'next-hold'", [], |c| c.take())?
        .ok_or_else(|| StoreError::Broken("The row that gives numbers to holds is missing".to_owned()))
}

/// Writes holds as policy made them. New ones must take the next numbers: a number that was given once stands in tokens
/// that left the house.
pub(super) fn write(connection: &Connection, holds: &[Hold]) -> Result<()> {
    for hold in holds {
        let next = next(connection)?;
        if hold.number > next {
            return Err(StoreError::Refused(format!("Hold {} was to be made, but {next} is next", hold.number)));
        }
        run(
            connection,
            "INSERT INTO hold (number, kind, who, ticket, digest, state, made_at, until, told) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (number) DO UPDATE SET state = excluded.state, told = excluded.told",
            params![
                hold.number,
                hold.kind.word(),
                hold.who,
                hold.ticket,
                hold.digest.map(|d| d.0.to_vec()),
                hold.state.word(),
                micros(hold.made_at),
                micros(hold.until),
                hold.told,
            ],
        )?;
        if hold.number == next {
            run(connection, "UPDATE counter SET value = ?1 WHERE name = 'next-hold'", [next + 1])?;
        }
    }
    Ok(())
}

/// A contact's address is proven.
pub(super) fn prove(connection: &Connection, address: &AddrSpec, now: Timestamp) -> Result<()> {
    let sql = "UPDATE contact SET proven_at = max(coalesce(proven_at, ?2), ?2), changed_at = ?2 WHERE email = ?1";
    run(connection, sql, params![address.as_str(), micros(now)])?;
    Ok(())
}

/// Whether there is anything for [`released`] to do.
pub(super) fn any_released(connection: &Connection, now: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM hold JOIN ledger ON ledger.digest = hold.digest WHERE hold.state = 'released' \
               AND hold.until > ?1 AND ledger.fate = 'quarantined' LIMIT 1";
    let any = first(connection, sql, [micros(now).saturating_sub(DAY)], |c| c.take::<i64>())?;
    Ok(any.is_some())
}

/// Held mails that were released and still lie in quarantine, made ready to be taken in again. One that breaks the program
/// is tried for a day after its time and then left to people.
pub(super) fn released(connection: &Connection, now: Timestamp) -> Result<Vec<Reopened>> {
    let rows: Vec<i64> = all(
        connection,
        "SELECT ledger.id FROM hold JOIN ledger ON ledger.digest = hold.digest WHERE hold.state = 'released' \
         AND hold.until > ?1 AND ledger.fate = 'quarantined' GROUP BY hold.number ORDER BY hold.number LIMIT 100",
        [micros(now).saturating_sub(DAY)],
        |c| c.take(),
    )?;
    rows.into_iter().filter_map(|id| reopen(connection, id).transpose()).collect()
}

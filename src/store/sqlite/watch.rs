//! What people must hear of, and when what was last said, done or seen.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::ledger;
use super::sql::{all, first, micros, run};
use crate::model::address::Address;
use crate::model::outgoing::Template;
use crate::store::Result;
use crate::store::watch::{ALARMS_MAX, Came, Fares, NOTICES_MAX, Notice, Noticed, Undeliverable};

const ALARM: &str = "alarm";
const QUARANTINED: &str = "quarantined";
const UNDELIVERED: &str = "undelivered";

/// A sentence for the operator.
pub(super) fn alarm(connection: &Connection, sentence: &str, now: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO notice (at, kind, what) SELECT ?1, ?2, ?3 WHERE ?4 > (SELECT count(*) FROM notice WHERE kind = ?2 \
         AND outbox IS NULL AND what <> ?3) ON CONFLICT (kind, what) WHERE outbox IS NULL DO UPDATE SET times = times + 1",
        params![micros(now), ALARM, sentence, i64::try_from(ALARMS_MAX).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

/// A mail of this mailbox is in quarantine now, and was not before.
pub(super) fn quarantined(connection: &Connection, mailbox: &str, now: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO notice (at, kind, what) VALUES (?1, ?2, ?3) \
         ON CONFLICT (kind, what) WHERE outbox IS NULL DO UPDATE SET times = times + 1",
        params![micros(now), QUARANTINED, mailbox],
    )?;
    Ok(())
}

/// An outgoing mail will not go again by itself.
pub(super) fn undelivered(connection: &Connection, outbox: i64, now: Timestamp) -> Result<()> {
    run(
        connection,
        "INSERT INTO notice (at, kind, what, outbox) VALUES (?1, ?2, '', ?3) \
         ON CONFLICT (outbox) WHERE outbox IS NOT NULL DO NOTHING",
        params![micros(now), UNDELIVERED, outbox],
    )?;
    Ok(())
}

/// A person took a failed mail (or all) in hand: nobody need be told of it any more.
pub(super) fn no_longer_undelivered(connection: &Connection, outbox: Option<i64>) -> Result<()> {
    match outbox {
        Some(outbox) => run(connection, "DELETE FROM notice WHERE outbox = ?1", [outbox])?,
        None => run(connection, "DELETE FROM notice WHERE outbox IS NOT NULL", [])?,
    };
    Ok(())
}

/// People were told.
pub(super) fn told(connection: &Connection, notices: &[i64]) -> Result<()> {
    for id in notices {
        run(connection, "DELETE FROM notice WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// See [`crate::store::watch::Watch::notices`].
/// What a newer program wrote is passed over: its own will tell of it.
pub(super) fn notices(connection: &Connection) -> Result<Vec<Notice>> {
    let rows = all(
        connection,
        "SELECT notice.id, notice.at, notice.kind, notice.what, notice.times, outbox.id, template, ticket, to_name, \
         to_email, attempts, ambiguous, last_reply FROM notice LEFT JOIN outbox ON outbox.id = notice.outbox \
         ORDER BY notice.id LIMIT ?1",
        [i64::try_from(NOTICES_MAX).unwrap_or(i64::MAX)],
        |c| {
            let (id, at, kind, what) = (c.take()?, c.time()?, c.take::<String>()?, c.take::<String>()?);
            let times = c.take()?;
            let what = match (kind.as_str(), c.take::<Option<i64>>()?) {
                (ALARM, _) => Noticed::Alarm(what),
                (QUARANTINED, _) => Noticed::Quarantined { mailbox: what },
                (_, Some(outbox)) => Noticed::Undelivered(Undeliverable {
                    outbox,
                    template: match Template::from_word(&c.take::<String>()?) {
                        Some(template) => template,
                        None => return Ok(None),
                    },
                    ticket: c.take()?,
                    to: Address { name: c.take()?, email: c.take()? },
                    attempts: c.take()?,
                    ambiguous: c.take()?,
                    last_reply: c.take::<Option<String>>()?.unwrap_or_default(),
                }),
                (_, None) => return Ok(None),
            };
            Ok(Some(Notice { id, at, what, times }))
        },
    )?;
    Ok(rows.into_iter().flatten().collect())
}

/// See [`crate::store::watch::Watch::moment`].
pub(super) fn moment(connection: &Connection, what: &str) -> Result<Option<Timestamp>> {
    first(connection, "SELECT at FROM moment WHERE what = ?1", [what], |c| c.time())
}

/// Notes that this is said or done now, or is no longer so.
pub(super) fn moment_is(connection: &Connection, what: &str, so: bool, now: Timestamp) -> Result<()> {
    match so {
        true => run(
            connection,
            "INSERT INTO moment (what, at) VALUES (?1, ?2) ON CONFLICT (what) DO UPDATE SET at = excluded.at",
            params![what, micros(now)],
        )?,
        false => run(connection, "DELETE FROM moment WHERE what = ?1", [what])?,
    };
    Ok(())
}

/// See [`crate::store::watch::Watch::note_moment`].
pub(super) fn note_moment(
    connection: &Connection,
    what: &str,
    pause: SignedDuration,
    sentence: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    if moment(connection, what)?.is_some_and(|at| at <= now && now.duration_since(at) < pause) {
        return Ok(false);
    }
    moment_is(connection, what, true, now)?;
    if let Some(sentence) = sentence {
        alarm(connection, sentence, now)?;
    }
    Ok(true)
}

/// When the mailbox was last open, and when the last mail reached it, among the latest rows of the ledger.
pub(super) fn fares(connection: &Connection, mailbox: &str) -> Result<Fares> {
    let last = "SELECT received_at FROM ledger WHERE id > (SELECT max(id) FROM ledger) - 100000 AND mailbox = ?1 \
                AND received_at IS NOT NULL ORDER BY id DESC LIMIT 1";
    let open_at = moment(connection, &crate::store::watch::open(mailbox))?;
    Ok(Fares { open_at, last_mail_at: first(connection, last, [mailbox], |c| c.time())? })
}

/// See [`crate::store::watch::Watch::came`].
pub(super) fn came(connection: &Connection, after: i64, since: Timestamp, limit: usize) -> Result<Vec<Came>> {
    let after = if after > 0 { after } else { ledger::last_before(connection, since)? };
    all(
        connection,
        "SELECT id, mailbox, received_at FROM ledger WHERE id > ?1 AND received_at IS NOT NULL ORDER BY id LIMIT ?2",
        params![after, i64::try_from(limit).unwrap_or(i64::MAX)],
        |c| Ok(Came { id: c.take()?, mailbox: c.take()?, received_at: c.time()? }),
    )
}

//! The outbox: `waiting → claimed → in-data → sent | deferred | failed`, and what ends it from outside (`bounced`,
//! `dropped`, `observed`).
//!
//! `due_at` is the one time that moves a row by itself: the next try of a deferred one, the end of the lease of one that
//! is being sent. A fresh row (`waiting`, never tried) has none: it goes at once, whatever the clock says.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::sql::{Columns, all, first, json, message_key, micros, run};
use super::{conduct, watch};
use crate::model::address::{AddrSpec, Address};
use crate::model::conduct::is_about_address;
use crate::model::outgoing::{Attempt, OutboxEntry, OutboxState, OutgoingMail, SmtpReply, Template};
use crate::model::{Content, Digest};
use crate::store::{FAR, OutboxRow, Result, Settled, StoreError, unpack};

pub(super) fn queue(connection: &Connection, mail: &OutgoingMail, now: Timestamp) -> Result<()> {
    let key = message_key(&mail.message_id)
        .ok_or_else(|| StoreError::Refused("An outgoing mail has no Message-ID".to_owned()))?;
    let (state, reply) = match mail.to.spec() {
        _ if mail.observed => (OutboxState::Observed, None),
        Some(_) => (OutboxState::Waiting, None),
        // The mail that caused it is taken in all the same; the operator sees this one among the failed.
        None => (OutboxState::Failed, Some("The address cannot be written to (RFC 5321 section 4.1.2)")),
    };
    run(
        connection,
        "INSERT INTO outbox (template, ticket, language, mailbox, envelope_from, to_name, to_email, subject, message_id, \
         message_key, state, queued_at, changed_at, last_reply, rank) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14)",
        params![
            mail.template.word(),
            mail.ticket,
            mail.language.code(),
            mail.mailbox,
            mail.envelope_from.as_ref().map(AddrSpec::as_str),
            mail.to.name,
            mail.to.email,
            mail.subject,
            mail.message_id,
            key,
            state.word(),
            micros(now),
            reply,
            mail.template.rank(),
        ],
    )?;
    let id = connection.last_insert_rowid();
    // Apart from the row, which is rewritten at every step of its way.
    let (own, pieces, kept) = mail.content.parts();
    let raw = kept.map(|digest| raw_of(connection, &digest)).transpose()?;
    let pieces = if pieces.is_empty() { None } else { Some(json(&pieces)?) };
    run(
        connection,
        "INSERT INTO outbox_bytes (outbox, bytes, pieces, raw) VALUES (?1, ?2, ?3, ?4)",
        params![id, own, pieces, raw],
    )?;
    if state == OutboxState::Failed {
        watch::undelivered(connection, id, now)?;
    }
    Ok(())
}

fn raw_of(connection: &Connection, digest: &Digest) -> Result<i64> {
    first(connection, "SELECT id FROM raw WHERE digest = ?1", [&digest.0[..]], |c| c.take())?
        .ok_or_else(|| StoreError::Refused("An outgoing mail carries parts of a mail that is not kept".to_owned()))
}

/// A finished mail as it is kept: unpacked and put together by whoever asked, who is not the writer.
pub(super) struct Kept {
    content: Content,
    /// Size and packed bytes of the mail that has its pieces.
    raw: Option<(usize, Vec<u8>)>,
}

impl Kept {
    pub(super) fn whole(self) -> Result<Vec<u8>> {
        let raw = self.raw.map_or(Ok(Vec::new()), |(size, packed)| unpack(&packed, size))?;
        let not_its = || StoreError::Refused("Parts of it are not in the mail that it was made of".to_owned());
        self.content.whole(&raw).ok_or_else(not_its)
    }
}

pub(super) fn kept(connection: &Connection, id: i64) -> Result<Option<Kept>> {
    first(
        connection,
        "SELECT bytes, coalesce(pieces, '[]'), size, packed FROM outbox_bytes LEFT JOIN raw ON raw.id = raw \
         WHERE outbox = ?1",
        [id],
        |c| {
            let content = Content::new(c.take()?, c.json("outbox_bytes.pieces")?, None);
            let size: Option<i64> = c.take()?;
            let size = size.and_then(|size| usize::try_from(size).ok());
            Ok(Kept { content, raw: size.zip(c.take()?) })
        },
    )
}

/// One of so many that are claimed may be one that was tried before, however much fresh mail waits: an answer that a server
/// put off for a minute is not to wait for a thousand notifications.
const AGAIN: usize = 4;

/// See [`crate::store::Store::claim_beside`].
pub(super) fn claim(
    connection: &Connection,
    sending: &[i64],
    now: Timestamp,
    lease: Duration,
    limit: usize,
) -> Result<Vec<OutboxEntry>> {
    let far = now.checked_add(FAR).map_or(i64::MAX, micros);
    give_up_unknown(connection, sending, now, far)?;
    let mut ids: Vec<i64> = all(
        connection,
        "SELECT id FROM outbox WHERE state = 'waiting' AND attempts = 0 ORDER BY rank, id LIMIT ?1",
        [i64::try_from(limit).unwrap_or(i64::MAX)],
        |c| c.take(),
    )?;
    let due = due(connection, sending, now, far, limit.saturating_sub(ids.len()).max(limit / AGAIN))?;
    ids.truncate(limit.saturating_sub(due.len()));
    ids.extend(due);
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    let until = micros(now).saturating_add(lease);
    let mut claimed = Vec::with_capacity(ids.len());
    for id in ids {
        match lease_one(connection, id, now, until) {
            Ok(entry) => claimed.push(entry),
            // One row that cannot be read must not hold up the others.
            Err(StoreError::Refused(because)) => {
                set_state(connection, id, OutboxState::Failed, None, Some(&because), now)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

/// What was tried before and is to be tried again, the longest due first.
fn due(connection: &Connection, sending: &[i64], now: Timestamp, far: i64, limit: usize) -> Result<Vec<i64>> {
    let mut ids: Vec<i64> = Vec::new();
    for (sql, time) in [
        ("SELECT id FROM outbox WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2", micros(now)),
        ("SELECT id FROM outbox WHERE due_at > ?1 ORDER BY due_at, id LIMIT ?2", far),
    ] {
        let left = limit.saturating_sub(ids.len());
        if left > 0 {
            let looked_at = i64::try_from(left.saturating_add(sending.len())).unwrap_or(i64::MAX);
            let due: Vec<i64> = all(connection, sql, [time, looked_at], |c| c.take())?;
            ids.extend(due.into_iter().filter(|id| !sending.contains(id)).take(left));
        }
    }
    Ok(ids)
}

/// Lost between the final dot and the reply: it goes again, byte for byte, because nobody may miss what it says. Only an
/// acknowledgement does not: of that no customer gets two.
fn give_up_unknown(connection: &Connection, sending: &[i64], now: Timestamp, far: i64) -> Result<()> {
    // One row whose template this program does not know must not hold up the others: it goes the way of `lease_one`.
    let mut lost: Vec<(i64, Option<Template>)> = Vec::new();
    for (sql, time) in [
        ("SELECT id, template FROM outbox WHERE due_at <= ?1 AND state = 'in-data' ORDER BY due_at, id", micros(now)),
        ("SELECT id, template FROM outbox WHERE due_at > ?1 AND state = 'in-data' ORDER BY due_at, id", far),
    ] {
        lost.extend(all(connection, sql, [time], |c| Ok((c.take()?, Template::from_word(&c.take::<String>()?))))?);
    }
    for (id, template) in lost.into_iter().filter(|(id, _)| !sending.contains(id)) {
        if template.is_none_or(Template::goes_again_when_unknown) {
            run(connection, "UPDATE outbox SET ambiguous = 1 WHERE id = ?1", [id])?;
            continue;
        }
        set_state(
            connection,
            id,
            OutboxState::Failed,
            None,
            Some("Sending was interrupted before the reply of the server was recorded: it may have arrived"),
            now,
        )?;
    }
    Ok(())
}

/// See [`crate::store::Store::end_leases`].
pub(super) fn end_leases(connection: &Connection, now: Timestamp) -> Result<usize> {
    run(
        connection,
        "UPDATE outbox SET due_at = ?1 WHERE due_at > ?1 AND state IN ('claimed', 'in-data')",
        [micros(now)],
    )
}

fn lease_one(connection: &Connection, id: i64, now: Timestamp, until: i64) -> Result<OutboxEntry> {
    let entry = first(
        connection,
        "UPDATE outbox SET state = 'claimed', attempts = attempts + 1, due_at = ?2, changed_at = ?3 WHERE id = ?1 \
         RETURNING id, template, ticket, envelope_from, to_email, message_id, attempts, queued_at, ambiguous",
        params![id, until, micros(now)],
        |c| {
            Ok(OutboxEntry {
                id: c.take()?,
                template: c.word("outbox.template", Template::from_word)?,
                ticket: c.take()?,
                envelope_from: c.word_or_none("outbox.envelope_from", |a| AddrSpec::parse(a).ok())?,
                to: c.word("outbox.to_email", |a| AddrSpec::parse(a).ok())?,
                message_id: c.take()?,
                attempts: c.take()?,
                queued_at: c.time()?,
                ambiguous: c.take()?,
            })
        },
    )?;
    entry.ok_or_else(|| StoreError::Refused(format!("Outgoing mail {id} is gone")))
}

pub(super) fn in_data(connection: &Connection, id: i64, now: Timestamp) -> Result<()> {
    let changed = run(
        connection,
        "UPDATE outbox SET state = 'in-data', changed_at = ?2 WHERE id = ?1 AND state = 'claimed'",
        params![id, micros(now)],
    )?;
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::Refused(format!("Outgoing mail {id} is not claimed any more: it must not be sent now"))),
    }
}

/// See [`crate::store::Store::settle_all`].
pub(super) fn settle_all(connection: &Connection, settled: &[Settled], now: Timestamp) -> Result<()> {
    settled.iter().try_for_each(|(id, attempt, next)| settle(connection, *id, attempt, *next, now))
}

/// See [`crate::store::Store::settle`].
fn settle(connection: &Connection, id: i64, attempt: &Attempt, next: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if let Attempt::Accepted(reply) = attempt {
        // True whatever happened to the row meanwhile; only a bounce knows better.
        let accepted = run(
            connection,
            "UPDATE outbox SET state = 'sent', due_at = NULL, last_reply = ?2, changed_at = ?3 \
             WHERE id = ?1 AND state <> 'bounced'",
            params![id, words(reply), micros(now)],
        )?;
        if accepted > 0 {
            return Ok(());
        }
    }
    let state = first(connection, "SELECT state FROM outbox WHERE id = ?1", [id], |c| {
        c.word("outbox.state", OutboxState::from_word)
    })?;
    let Some(state) = state else {
        // Erased meanwhile: there is nothing left to be written down, and the others of this call go on.
        tracing::warn!(outbox = id, "Outgoing mail is gone, how its sending ended is not recorded");
        return Ok(());
    };
    // The lease ended meanwhile and somebody else settled the row, or an operator took it out.
    if !matches!(state, OutboxState::Claimed | OutboxState::InData) {
        return Ok(());
    }
    let (reply, ambiguous) = match attempt {
        Attempt::Accepted(reply) | Attempt::Deferred(reply) | Attempt::Rejected(reply) => (reply, false),
        Attempt::Ambiguous(reply) => (reply, true),
    };
    if ambiguous {
        run(connection, "UPDATE outbox SET ambiguous = 1 WHERE id = ?1", [id])?;
    }
    if let (Attempt::Rejected(reply), None) = (attempt, next)
        && reply.code >= 500
        && is_about_address(reply.enhanced.as_deref())
    {
        let to = first(connection, "SELECT to_email FROM outbox WHERE id = ?1", [id], |c| c.take::<String>())?;
        conduct::failed(connection, &to.unwrap_or_default(), now)?;
    }
    let state = if next.is_some() { OutboxState::Deferred } else { OutboxState::Failed };
    set_state(connection, id, state, next, Some(&words(reply)), now)
}

/// The report that it came back. A mail of ours that is not there cannot have: the commit is wrong.
pub(super) fn bounced(connection: &Connection, id: i64, words: &str, now: Timestamp) -> Result<()> {
    if first(connection, "SELECT id FROM outbox WHERE id = ?1", [id], |c| c.take::<i64>())?.is_none() {
        return Err(StoreError::Refused(format!("A bounce of outgoing mail {id}, which is not there")));
    }
    set_state(connection, id, OutboxState::Bounced, None, Some(words), now)
}

fn set_state(
    connection: &Connection,
    id: i64,
    state: OutboxState,
    due: Option<Timestamp>,
    reply: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    run(
        connection,
        "UPDATE outbox SET state = ?2, due_at = ?3, last_reply = coalesce(?4, last_reply), changed_at = ?5 WHERE id = ?1",
        params![id, state.word(), due.map(micros), reply, micros(now)],
    )?;
    if state == OutboxState::Failed {
        watch::undelivered(connection, id, now)?;
    }
    Ok(())
}

/// `550 5.1.1 No such user`: the reply on one line.
fn words(reply: &SmtpReply) -> String {
    let code = if reply.code == 0 { String::new() } else { reply.code.to_string() };
    let enhanced = reply.enhanced.as_deref().unwrap_or_default();
    crate::model::text::clean_line(&format!("{code} {enhanced} {}", reply.text), 520)
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>> {
    let fresh = first(
        connection,
        "SELECT queued_at FROM outbox WHERE state = 'waiting' AND attempts = 0 ORDER BY rank, id LIMIT 1",
        [],
        |c| c.time(),
    )?;
    let later =
        first(connection, "SELECT due_at FROM outbox WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1", [], |c| {
            c.time()
        })?;
    Ok(fresh.into_iter().chain(later).min())
}

/// Makes what failed or waits for its time due now: one, or all. What is being sent, left or was taken out stays; what came
/// back goes again only when it is named.
pub(super) fn retry(connection: &Connection, id: Option<i64>, now: Timestamp) -> Result<usize> {
    watch::no_longer_undelivered(connection, id)?;
    match id {
        Some(id) => run(
            connection,
            "UPDATE outbox SET state = 'deferred', due_at = ?2, changed_at = ?2 \
             WHERE id = ?1 AND state IN ('deferred', 'failed', 'bounced')",
            params![id, micros(now)],
        ),
        None => run(
            connection,
            "UPDATE outbox SET state = 'deferred', due_at = ?1, changed_at = ?1 WHERE id IN (SELECT id FROM outbox \
             WHERE state IN ('waiting', 'deferred', 'failed', 'claimed', 'in-data', 'bounced') \
             AND state IN ('deferred', 'failed'))",
            [micros(now)],
        ),
    }
}

/// Takes one out; false where it is gone, was taken out before, or is being sent just now.
pub(super) fn drop(connection: &Connection, id: i64, now: Timestamp) -> Result<bool> {
    let changed = run(
        connection,
        "UPDATE outbox SET state = 'dropped', due_at = NULL, changed_at = ?2 WHERE id = ?1 \
         AND (state IN ('waiting', 'deferred', 'failed', 'bounced') OR (state IN ('claimed', 'in-data') AND due_at <= ?2))",
        params![id, micros(now)],
    )?;
    if changed == 1 {
        watch::no_longer_undelivered(connection, Some(id))?;
    }
    Ok(changed == 1)
}

macro_rules! row_columns {
    () => {
        "SELECT id, ticket, to_name, to_email, subject, template, state, attempts, CASE WHEN state IN ('waiting', \
         'deferred') THEN coalesce(due_at, queued_at) END, last_reply, message_id, queued_at FROM outbox "
    };
}

pub(super) fn list(connection: &Connection, all_states: bool) -> Result<Vec<OutboxRow>> {
    let sql = match all_states {
        true => concat!(row_columns!(), "ORDER BY id"),
        false => concat!(
            row_columns!(),
            "WHERE state IN ('waiting', 'deferred', 'failed', 'claimed', 'in-data', 'bounced') ORDER BY id"
        ),
    };
    all(connection, sql, [], outbox_row)
}

pub(super) fn mail(connection: &Connection, id: i64) -> Result<Option<(OutboxRow, Option<Kept>)>> {
    let row = first(connection, concat!(row_columns!(), "WHERE id = ?1"), [id], outbox_row)?;
    row.map(|row| Ok((row, kept(connection, id)?))).transpose()
}

fn outbox_row(c: &mut Columns<'_>) -> Result<OutboxRow> {
    Ok(OutboxRow {
        id: c.take()?,
        ticket: c.take()?,
        to: Address { name: c.take()?, email: c.take()? },
        subject: c.take()?,
        template: c.take()?,
        state: c.word("outbox.state", OutboxState::from_word)?,
        attempts: c.take()?,
        next_attempt_at: c.time_or_none()?,
        last_reply: c.take()?,
        message_id: c.take()?,
        queued_at: c.time()?,
    })
}

//! Writes a [`Commit`] down: whole rows, as policy made them.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::lookup::{counted, next_ticket};
use super::rows::{insert_entry, insert_history, words, write_ticket};
use super::sql::{delete_two_oldest, micros, run};
use super::writer::Work;
use super::{conduct, holds, outbox, peers, read, rechecks, signatures, times, watch};
use crate::model::Commit;
use crate::store::{Result, StoreError};

/// Acknowledgements kept however old they are, so that a clock that was wrong for a while does not empty the budgets.
const KEPT: i64 = 10_000;

/// Everything of a commit but the mail's own row in the ledger. `raw`: the row of the raw mail, where there is one.
///
/// # Errors
/// [`StoreError::Refused`] where the commit contradicts what is there; the caller's savepoint takes it back.
pub(super) fn commit(work: &Work<'_>, commit: &Commit, raw: Option<i64>, now: Timestamp) -> Result<()> {
    let connection: &Connection = work;
    tickets(connection, commit)?;
    insert_history(connection, &commit.history)?;
    for entry in &commit.entries {
        insert_entry(connection, entry, raw)?;
        work.index_later(words(connection, entry, &commit.tickets)?);
    }
    for (ticket, seq, to, at) in &commit.moved {
        let sql = "UPDATE entry SET raw = (SELECT raw FROM entry WHERE ticket = ?1 AND seq = ?2) WHERE ticket = ?3 AND seq = ?4";
        run(connection, sql, params![ticket, seq, to, at])?;
    }
    for mail in &commit.outgoing {
        outbox::queue(connection, mail, now)?;
    }
    for address in &commit.acknowledged {
        acknowledged(connection, address, now)?;
    }
    for (group, member) in &commit.turns {
        run(
            connection,
            "INSERT INTO turn (owner_group, member) VALUES (?1, ?2) \
             ON CONFLICT (owner_group) DO UPDATE SET member = excluded.member",
            [group, member],
        )?;
    }
    holds::write(connection, &commit.holds)?;
    for (digest, because) in &commit.left_out {
        read::leave_out(connection, digest, because, now)?;
    }
    for address in &commit.proven {
        holds::prove(connection, address, now)?;
    }
    for (ticket, seq, believed) in &commit.verdicts {
        let sql = "UPDATE entry SET believed = ?3 WHERE ticket = ?1 AND seq = ?2";
        run(connection, sql, params![ticket, seq, believed.word()])?;
    }
    if let Some(digest) = &commit.rechecked {
        rechecks::done(connection, digest)?;
    }
    for (mark, consequences) in &commit.signatures {
        signatures::keep(connection, mark, consequences)?;
    }
    for (email, tag, ticket) in &commit.peer_tags {
        peers::pair(connection, email, tag, *ticket)?;
    }
    for (id, words) in &commit.bounced {
        outbox::bounced(connection, *id, words, now)?;
    }
    for mark in &commit.marks {
        conduct::mark(connection, mark, now)?;
    }
    for sentence in &commit.alarms {
        watch::alarm(connection, sentence, now)?;
    }
    for worked in &commit.times {
        times::book(connection, worked)?;
    }
    for (ticket, tag, on) in &commit.tags {
        times::tag(connection, *ticket, tag, *on)?;
    }
    watch::told(connection, &commit.told)?;
    for (what, so) in &commit.moments {
        watch::moment_is(connection, what, *so, now)?;
    }
    Ok(())
}

/// New tickets must take the next numbers, in order: a number that was given once is never given again, and none is
/// left out.
fn tickets(connection: &Connection, commit: &Commit) -> Result<()> {
    if commit.tickets.is_empty() {
        return Ok(());
    }
    let first_free = next_ticket(connection)?;
    let mut next = first_free;
    for ticket in &commit.tickets {
        if ticket.number > next {
            return Err(StoreError::Refused(format!("Ticket {} was to be made, but {next} is next", ticket.number)));
        }
        let new = ticket.number == next;
        write_ticket(connection, ticket, new)?;
        next += i64::from(new);
    }
    if next != first_free {
        run(connection, "UPDATE counter SET value = ?1 WHERE name = 'next-ticket'", [next])?;
    }
    Ok(())
}

fn acknowledged(connection: &Connection, address: &str, now: Timestamp) -> Result<()> {
    let email = address.to_ascii_lowercase();
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    run(
        connection,
        "INSERT INTO acknowledgement (at, email, domain) VALUES (?1, ?2, ?3)",
        params![micros(now), email, domain],
    )?;
    let last = connection.last_insert_rowid();
    let (from, until) = counted(now);
    let sql = delete_two_oldest!("acknowledgement", "id < ?1 AND (at < ?2 OR at > ?3)");
    run(connection, sql, [last.saturating_sub(KEPT), from, until])?;
    Ok(())
}

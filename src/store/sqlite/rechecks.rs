//! Mails whose sender is to be checked again, because the DNS did not answer.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::read::{Reopened, kept_mail};
use super::sql::{all, first, micros, run};
use crate::model::Digest;
use crate::model::recheck::{AFTER, Recheck};
use crate::store::Result;

/// One that is due: its try is counted.
pub(super) struct Due {
    pub digest: Digest,
    pub asked: Recheck,
    /// It is in quarantine under this number.
    pub quarantined: Option<i64>,
    pub is_last: bool,
    pub mail: Reopened,
}

pub(super) fn keep(
    connection: &Connection,
    digest: &Digest,
    mailbox: &str,
    asked: &Recheck,
    now: Timestamp,
) -> Result<()> {
    let due = now.checked_add(AFTER[0]).unwrap_or(Timestamp::MAX);
    run(
        connection,
        "INSERT INTO recheck (digest, mailbox, ticket, seq, hold, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (digest) DO UPDATE SET mailbox = excluded.mailbox, ticket = excluded.ticket, seq = excluded.seq, \
         hold = excluded.hold, tries = 0, due_at = excluded.due_at",
        params![&digest.0[..], mailbox, asked.ticket, asked.seq, asked.hold, micros(due)],
    )?;
    Ok(())
}

/// Those that are due. The try is counted and the next one's time set before anything is done, so that a mail which breaks
/// the program is not tried for ever; one that was tried often enough is forgotten.
pub(super) fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
    let rows: Vec<(Vec<u8>, String, Recheck, u32)> = all(
        connection,
        "SELECT digest, mailbox, ticket, seq, hold, tries FROM recheck WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        params![micros(now), i64::try_from(limit).unwrap_or(i64::MAX)],
        |c| {
            let (digest, mailbox) = (c.take()?, c.take()?);
            let asked = Recheck { ticket: c.take()?, seq: c.take()?, hold: c.take()? };
            Ok((digest, mailbox, asked, c.take()?))
        },
    )?;
    let mut out = Vec::new();
    for (digest, mailbox, asked, tries) in rows {
        let Ok(digest) = <[u8; 32]>::try_from(digest.as_slice()).map(Digest) else {
            // It belongs to no mail, and must not hold up the others.
            run(connection, "DELETE FROM recheck WHERE digest = ?1", [digest])?;
            continue;
        };
        let mail = kept_mail(connection, &digest, &mailbox)?;
        let (Some((quarantined, mail)), Some(_)) = (mail, AFTER.get(tries as usize)) else {
            done(connection, &digest)?;
            continue;
        };
        let next = AFTER.get(tries as usize + 1).zip(AFTER.get(tries as usize)).map(|(next, this)| *next - *this);
        // After the last there is no next one: should that not be finished, it is forgotten then.
        let due = now.checked_add(next.unwrap_or(AFTER[0])).unwrap_or(Timestamp::MAX);
        run(
            connection,
            "UPDATE recheck SET tries = tries + 1, due_at = ?2 WHERE digest = ?1",
            params![&digest.0[..], micros(due)],
        )?;
        out.push(Due { digest, asked, quarantined, is_last: next.is_none(), mail });
    }
    Ok(out)
}

pub(super) fn next(connection: &Connection) -> Result<Option<Timestamp>> {
    first(connection, "SELECT due_at FROM recheck ORDER BY due_at LIMIT 1", [], |c| c.time())
}

pub(super) fn done(connection: &Connection, digest: &Digest) -> Result<()> {
    run(connection, "DELETE FROM recheck WHERE digest = ?1", [&digest.0[..]])?;
    Ok(())
}

//! The ledger: every item that a source ever showed has a row here, and at last a fate. Also how far each folder was
//! taken in, and what was filed away.

use jiff::Timestamp;
use rusqlite::blob::ZeroBlob;
use rusqlite::{Connection, MAIN_DB, params};

use super::sql::{Columns, all, first, message_key, micros, prepare, run};
use super::watch;
use crate::model::decision::Fate;
use crate::model::facts::Lookup;
use crate::model::ticket::TicketNumber;
use crate::model::{Digest, Incoming, SourceKey};
use crate::store::{Cursor, LedgerRow, Packed, Result, StoreError};

/// How an item stands.
pub(super) struct Standing {
    pub id: i64,
    pub fate: Option<String>,
    pub ticket: Option<TicketNumber>,
    pub reopened: bool,
}

impl Standing {
    /// It is not to be taken in (again).
    pub(super) fn is_settled(&self) -> bool {
        self.fate.is_some() && !self.reopened
    }
}

/// The fate of an item, and what belongs to it in the ledger.
pub(super) struct Verdict<'a> {
    pub fate: &'a Fate,
    pub reasons: &'a [String],
    pub digest: Digest,
    pub lookup: Option<&'a Lookup>,
    pub raw: i64,
    /// Kept only while the mail is in quarantine, to be shown there.
    pub sender: &'a str,
    pub subject: &'a str,
}

pub(super) fn discover(
    connection: &Connection,
    mailbox: &str,
    keys: &[SourceKey],
    now: Timestamp,
) -> Result<Vec<LedgerRow>> {
    keys.iter()
        .map(|key| {
            let row = first(
                connection,
                "INSERT INTO ledger (mailbox, folder, uid_validity, uid, name, discovered_at, attempts) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1) ON CONFLICT (mailbox, folder, uid_validity, uid, name) \
                 DO UPDATE SET attempts = ledger.attempts + CASE WHEN ledger.fate IS NULL THEN 1 ELSE 0 END \
                 RETURNING folder, uid_validity, uid, name, fate, ticket, attempts, filed_at IS NOT NULL",
                params![mailbox, key.folder, key.uid_validity, key.uid, key.name, micros(now)],
                ledger_row,
            )?;
            row.ok_or_else(|| StoreError::Broken("A row of the ledger vanished while it was written".to_owned()))
        })
        .collect()
}

pub(super) fn known(connection: &Connection, mailbox: &str, keys: &[SourceKey]) -> Result<Vec<LedgerRow>> {
    let row = |key: &SourceKey| {
        first(
            connection,
            "SELECT folder, uid_validity, uid, name, fate, ticket, attempts, filed_at IS NOT NULL FROM ledger \
             WHERE mailbox = ?1 AND folder = ?2 AND uid_validity = ?3 AND uid = ?4 AND name = ?5",
            params![mailbox, key.folder, key.uid_validity, key.uid, key.name],
            ledger_row,
        )
    };
    keys.iter().filter_map(|key| row(key).transpose()).collect()
}

pub(super) fn fate_of(connection: &Connection, digest: &Digest) -> Result<Option<String>> {
    let sql = "SELECT fate FROM ledger WHERE digest = ?1 AND fate IS NOT NULL ORDER BY id LIMIT 1";
    first(connection, sql, [&digest.0[..]], |c| c.take())
}

pub(super) fn unsettled(connection: &Connection, mailbox: &str) -> Result<Vec<LedgerRow>> {
    all(
        connection,
        "SELECT folder, uid_validity, uid, name, fate, ticket, attempts, filed_at IS NOT NULL FROM ledger \
         WHERE mailbox = ?1 AND fate IS NULL ORDER BY id",
        [mailbox],
        ledger_row,
    )
}

/// A fate for items that are not taken in. Those that have one keep it.
pub(super) fn give_fate(
    connection: &Connection,
    mailbox: &str,
    keys: &[SourceKey],
    fate: &Fate,
    now: Timestamp,
) -> Result<()> {
    for key in keys {
        let changed = run(
            connection,
            "INSERT INTO ledger (mailbox, folder, uid_validity, uid, name, discovered_at, fate, ticket, because, \
             settled_at, filed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?6, ?6) \
             ON CONFLICT (mailbox, folder, uid_validity, uid, name) DO UPDATE SET fate = excluded.fate, \
             ticket = excluded.ticket, because = excluded.because, settled_at = excluded.settled_at, \
             filed_at = excluded.filed_at WHERE fate IS NULL",
            params![
                mailbox,
                key.folder,
                key.uid_validity,
                key.uid,
                key.name,
                micros(now),
                fate.word(),
                fate.ticket(),
                fate.because().unwrap_or_default(),
            ],
        )?;
        if changed > 0 && matches!(fate, Fate::Quarantined { .. }) {
            watch::quarantined(connection, mailbox, now)?;
        }
    }
    Ok(())
}

pub(super) fn standing(connection: &Connection, incoming: &Incoming) -> Result<Option<Standing>> {
    let key = &incoming.key;
    first(
        connection,
        "SELECT id, fate, ticket, reopened FROM ledger \
         WHERE mailbox = ?1 AND folder = ?2 AND uid_validity = ?3 AND uid = ?4 AND name = ?5",
        params![incoming.mailbox, key.folder, key.uid_validity, key.uid, key.name],
        |c| Ok(Standing { id: c.take()?, fate: c.take()?, ticket: c.take()?, reopened: c.take()? }),
    )
}

/// Gives an item its fate. `row`: its row, where it was discovered before.
pub(super) fn settle(
    connection: &Connection,
    row: Option<i64>,
    incoming: &Incoming,
    verdict: &Verdict<'_>,
    now: Timestamp,
) -> Result<()> {
    let key = &incoming.key;
    let aside = matches!(verdict.fate, Fate::Quarantined { .. });
    // One that is tried again and stays there is no news.
    let fate_before = || match row {
        Some(row) => first(connection, "SELECT fate FROM ledger WHERE id = ?1", [row], |c| c.take::<Option<String>>()),
        None => Ok(None),
    };
    if aside && fate_before()?.flatten().as_deref() != Some(verdict.fate.word()) {
        watch::quarantined(connection, &incoming.mailbox, now)?;
    }
    let shown = |text: &str| if aside { crate::model::text::clean_line(text, 200) } else { String::new() };
    // What somebody handed over lies in no folder of a source: there is nothing to be moved.
    let filed_at = (key.folder == "file").then(|| micros(now));
    let params = params![
        row,
        micros(incoming.received_at),
        incoming.truncated_from.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
        &verdict.digest.0[..],
        verdict.lookup.and_then(|l| l.fingerprint).map(|f| f.0.to_vec()),
        verdict.lookup.and_then(|l| l.message_id.as_deref()).and_then(message_key),
        verdict.raw,
        verdict.fate.word(),
        verdict.fate.ticket(),
        verdict.fate.because().unwrap_or_default(),
        super::sql::json(&verdict.reasons)?,
        shown(verdict.sender),
        shown(verdict.subject),
        micros(now),
        filed_at,
        incoming.mailbox,
        key.folder,
        key.uid_validity,
        key.uid,
        key.name,
    ];
    let sql = match row {
        Some(_) => {
            "UPDATE ledger SET received_at = ?2, truncated_from = ?3, digest = ?4, fingerprint = ?5, message_key = ?6, \
             raw = ?7, fate = ?8, ticket = ?9, because = ?10, reasons = ?11, sender = ?12, subject = ?13, \
             settled_at = ?14, filed_at = coalesce(filed_at, ?15), reopened = 0 WHERE id = ?1 AND mailbox = ?16 \
             AND folder = ?17 AND uid_validity = ?18 AND uid = ?19 AND name = ?20"
        }
        None => {
            "INSERT INTO ledger (id, received_at, truncated_from, digest, fingerprint, message_key, raw, fate, ticket, \
             because, reasons, sender, subject, settled_at, filed_at, mailbox, folder, uid_validity, uid, name, \
             discovered_at, attempts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, \
             ?17, ?18, ?19, ?20, ?14, 1)"
        }
    };
    run(connection, sql, params)?;
    Ok(())
}

/// Gives an item that was erased before its fate. Neither the mail is kept nor anything by which it could be told.
pub(super) fn settle_erased(connection: &Connection, incoming: &Incoming, fate: &Fate, now: Timestamp) -> Result<()> {
    let key = &incoming.key;
    let filed_at = (key.folder == "file").then(|| micros(now));
    run(
        connection,
        "INSERT INTO ledger (mailbox, folder, uid_validity, uid, name, discovered_at, attempts, fate, because, \
         settled_at, filed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?6, ?9) \
         ON CONFLICT (mailbox, folder, uid_validity, uid, name) DO UPDATE SET fate = excluded.fate, \
         because = excluded.because, settled_at = excluded.settled_at, \
         filed_at = coalesce(ledger.filed_at, excluded.filed_at), reopened = 0",
        params![
            incoming.mailbox,
            key.folder,
            key.uid_validity,
            key.uid,
            key.name,
            micros(now),
            fate.word(),
            fate.because().unwrap_or_default(),
            filed_at,
        ],
    )?;
    Ok(())
}

/// Bytes above which a mail is written piece by piece, and those of a piece.
const PIECEMEAL: usize = 4 << 20;
const PIECE: usize = 1 << 20;

/// Keeps the raw mail; the same bytes only once. Returns its row.
pub(super) fn keep_raw(connection: &Connection, incoming: &Incoming, digest: &Digest, packed: &Packed) -> Result<i64> {
    let known = first(connection, "SELECT id FROM raw WHERE digest = ?1", [&digest.0[..]], |c| c.take())?;
    if let Some(id) = known {
        return Ok(id);
    }
    let size = i64::try_from(packed.size()).unwrap_or(i64::MAX);
    let bytes = packed.bytes();
    let sql = "INSERT INTO raw (digest, size, received_at, packed) VALUES (?1, ?2, ?3, ?4)";
    let received_at = micros(incoming.received_at);
    // SQLite makes a copy of what it is given: a large one is handed over piece by piece.
    let room = (bytes.len() > PIECEMEAL).then_some(ZeroBlob(bytes.len() as u64));
    match room {
        None => run(connection, sql, params![&digest.0[..], size, received_at, bytes])?,
        Some(room) => run(connection, sql, params![&digest.0[..], size, received_at, room])?,
    };
    let id = connection.last_insert_rowid();
    if room.is_some() {
        let mut blob = connection.blob_open(MAIN_DB, "raw", "packed", id, false)?;
        for (n, piece) in bytes.chunks(PIECE).enumerate() {
            blob.write_all_at(piece, n * PIECE)?;
        }
    }
    Ok(id)
}

pub(super) fn counts(connection: &Connection, since: Timestamp) -> Result<(i64, i64)> {
    let counts = first(
        connection,
        "SELECT count(*), count(fate) FROM ledger WHERE id > ?1",
        [last_before(connection, since)?],
        |c| Ok((c.take()?, c.take()?)),
    )?;
    Ok(counts.unwrap_or_default())
}

/// The last row discovered before this time, found by halving: rows are numbered in the order of discovery, and an index
/// on the time would cost every mail more than this costs a day. A clock that jumped makes it a row nearby.
pub(super) fn last_before(connection: &Connection, since: Timestamp) -> Result<i64> {
    let last = first(connection, "SELECT max(id) FROM ledger", [], |c| c.take::<Option<i64>>())?;
    let (mut low, mut high) = (0, last.flatten().unwrap_or_default());
    while low < high {
        let middle = low + (high - low).div_euclid(2) + 1;
        let sql = "SELECT discovered_at FROM ledger WHERE id >= ?1 ORDER BY id LIMIT 1";
        let at = first(connection, sql, [middle], |c| c.take::<i64>())?;
        if at.is_some_and(|at| at < micros(since)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

pub(super) fn cursor(connection: &Connection, mailbox: &str, folder: &str) -> Result<Option<Cursor>> {
    first(
        connection,
        "SELECT uid_validity, last_uid, since, by_date_up_to, there_before FROM cursor WHERE mailbox = ?1 AND folder = ?2",
        [mailbox, folder],
        |c| {
            let (uid_validity, last_uid) = (c.take()?, c.take()?);
            let since = c.time()?;
            Ok(Cursor { uid_validity, last_uid, since, by_date_up_to: c.take()?, there_before: c.take()? })
        },
    )
}

pub(super) fn set_cursor(connection: &Connection, mailbox: &str, folder: &str, cursor: Cursor) -> Result<()> {
    run(
        connection,
        "INSERT INTO cursor (mailbox, folder, uid_validity, last_uid, since, by_date_up_to, there_before) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (mailbox, folder) DO UPDATE SET \
         uid_validity = excluded.uid_validity, last_uid = excluded.last_uid, since = excluded.since, \
         by_date_up_to = excluded.by_date_up_to, there_before = excluded.there_before",
        params![
            mailbox,
            folder,
            cursor.uid_validity,
            cursor.last_uid,
            micros(cursor.since),
            cursor.by_date_up_to,
            cursor.there_before
        ],
    )?;
    Ok(())
}

pub(super) fn unfiled(connection: &Connection, mailbox: &str) -> Result<Vec<SourceKey>> {
    all(
        connection,
        "SELECT folder, uid_validity, uid, name FROM ledger WHERE mailbox = ?1 AND fate IS NOT NULL \
         AND filed_at IS NULL ORDER BY id",
        [mailbox],
        source_key,
    )
}

pub(super) fn filed(connection: &Connection, mailbox: &str, keys: &[SourceKey], now: Timestamp) -> Result<()> {
    let mut statement = prepare(
        connection,
        "UPDATE ledger SET filed_at = coalesce(filed_at, ?6) \
         WHERE mailbox = ?1 AND folder = ?2 AND uid_validity = ?3 AND uid = ?4 AND name = ?5",
    )?;
    for key in keys {
        statement.execute(params![mailbox, key.folder, key.uid_validity, key.uid, key.name, micros(now)])?;
    }
    Ok(())
}

pub(super) fn read(connection: &Connection, mailbox: &str, folder: &str) -> Result<Vec<LedgerRow>> {
    all(
        connection,
        "SELECT folder, uid_validity, uid, name, fate, ticket, attempts, filed_at IS NOT NULL FROM ledger \
         WHERE mailbox = ?1 AND folder = ?2 ORDER BY uid_validity, uid, name",
        [mailbox, folder],
        ledger_row,
    )
}

fn source_key(c: &mut Columns<'_>) -> Result<SourceKey> {
    Ok(SourceKey { folder: c.take()?, uid_validity: c.take()?, uid: c.take()?, name: c.take()? })
}

fn ledger_row(c: &mut Columns<'_>) -> Result<LedgerRow> {
    Ok(LedgerRow { key: source_key(c)?, fate: c.take()?, ticket: c.take()?, attempts: c.take()?, filed: c.take()? })
}

//! Signatures by which mails were proven: each is known again, with the mail that it proved first.

use rusqlite::{Connection, params};

use super::errors::unreadable;
use super::sql::{delete_two_oldest, first, run};
use crate::model::Digest;
use crate::store::Result;

/// Kept, the newest: some weeks of a busy desk. What is older is known by its Message-ID and content still.
const KEPT: i64 = 200_000;

/// The mail that this signature proved.
pub(super) fn proved(connection: &Connection, mark: &str) -> Result<Option<Digest>> {
    let sql = "SELECT consequences FROM signature WHERE mark = ?1";
    let bytes: Option<Vec<u8>> = first(connection, sql, [mark], |c| c.take())?;
    bytes.map(|bytes| bytes.try_into().map(Digest).map_err(|_| unreadable("signature.consequences"))).transpose()
}

pub(super) fn keep(connection: &Connection, mark: &str, consequences: &Digest) -> Result<()> {
    let kept = run(
        connection,
        "INSERT INTO signature (mark, consequences) VALUES (?1, ?2) ON CONFLICT (mark) DO NOTHING",
        params![mark, &consequences.0[..]],
    )?;
    if kept == 0 {
        return Ok(());
    }
    let last = connection.last_insert_rowid();
    run(connection, delete_two_oldest!("signature", "id <= ?1"), [last.saturating_sub(KEPT)])?;
    Ok(())
}

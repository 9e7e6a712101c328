//! A consistent copy of the database while others write to it, and a copy put back in its place.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::{SqliteStore, schema};
use crate::config::private;
use crate::store::{Result, StoreError};

/// How long to wait for others that are writing.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ticket numbers left out where nobody can say which were given after the copy was made.
const NUMBERS_LEFT_OUT: i64 = 1000;
const NEXT_TICKET: &str = "SELECT value FROM counter WHERE name = 'next-ticket'";
/// Said of an acknowledgement that waited when the copy was made.
const MAY_HAVE_LEFT: &str = "Restored from a backup: it may have left since the backup was made";

/// What is in a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub tickets: i64,
    /// Mails that have a fate.
    pub mails: i64,
    /// Of the file.
    pub bytes: u64,
    pub version: i64,
}

/// What putting a copy back came to.
#[derive(Clone, Debug)]
pub struct Restored {
    pub contents: Contents,
    /// Where the database that was there stands now.
    pub replaced: Option<PathBuf>,
    /// Mails to customers and agents that waited when the copy was made, and go (again).
    pub waiting: usize,
    /// The number that the next ticket gets.
    pub next_ticket: i64,
}

impl SqliteStore {
    /// Copies the database at `database` to `file`, which must not be there. Others may write meanwhile: the copy is of
    /// one moment. It is checked, on the disk, and private to its owner when this returns.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where `file` is there already, [`StoreError::Broken`] where the copy is damaged (and so is
    /// the database); nothing is left behind.
    pub fn backup(database: &Path, file: &Path) -> Result<Contents> {
        refuse_existing(file)?;
        let part = beside(file, "part");
        make(&part)?;
        let copied = copy_out(database, &part).and_then(|contents| {
            put_in_place(&part, file)?;
            Ok(contents)
        });
        if copied.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        copied
    }

    /// Reads a copy from end to end, and says what is in it.
    ///
    /// # Errors
    /// [`StoreError::Broken`] where it is damaged, not ours, or a newer postdesk's.
    pub fn inspect(file: &Path) -> Result<Contents> {
        if !file.is_file() {
            return Err(StoreError::Refused(format!("There is no file {}", file.display())));
        }
        check(file)
    }

    /// Puts a copy in the place of the database. Nobody may have the database open. The one that was there is kept at
    /// `kept`. What waited to leave when the copy was made may have left since: acknowledgements are held back, the rest
    /// goes. Ticket numbers that were given since are not given again.
    ///
    /// # Errors
    /// As [`SqliteStore::inspect`]; [`StoreError::Unavailable`] where the database is in use. The database that was there
    /// is then still in its place.
    pub fn restore(file: &Path, database: &Path, kept: &Path) -> Result<Restored> {
        SqliteStore::inspect(file)?;
        let part = beside(database, "restoring");
        let _ = std::fs::remove_file(&part);
        let restored = prepare(file, &part, database).and_then(|mut restored| {
            restored.replaced = set_aside(database, kept)?;
            std::fs::rename(&part, database).map_err(|e| io("Putting the copy in its place", database, &e))?;
            sync_folder(database)?;
            Ok(restored)
        });
        if restored.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        restored
    }
}

fn copy_out(database: &Path, part: &Path) -> Result<Contents> {
    let from = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::check_ours(&from, database)?;
    let to = part.to_str().ok_or_else(|| StoreError::Refused(format!("{} is no UTF-8", part.display())))?;
    // An empty file is taken for a new one, and keeps its mode.
    from.execute("VACUUM INTO ?1", [to])?;
    drop(from);
    File::open(part).and_then(|file| file.sync_all()).map_err(|e| io("Writing", part, &e))?;
    check(part)
}

/// Makes the file that will be the database: the copy, with what must not be done twice taken care of.
fn prepare(file: &Path, part: &Path, database: &Path) -> Result<Restored> {
    make(part)?;
    let copied = File::open(file).and_then(|mut from| {
        let mut to = OpenOptions::new().write(true).open(part)?;
        std::io::copy(&mut from, &mut to)?;
        to.sync_all()
    });
    copied.map_err(|e| io("Copying", file, &e))?;
    let contents = check(part)?;
    let given = next_ticket_of(database).ok().flatten();
    let copy = open(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Without a log of its own, so that it is one file when it is moved.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    copy.pragma_update(None, "synchronous", "FULL")?;
    let own: i64 = copy.query_row(NEXT_TICKET, [], |row| row.get(0))?;
    // A customer may hold a mail with a number that was given since: it must not become another customer's.
    let next_ticket = given.filter(|given| *given >= own).unwrap_or(own + NUMBERS_LEFT_OUT);
    copy.execute("UPDATE counter SET value = ?1 WHERE name = 'next-ticket'", [next_ticket])?;
    copy.execute(
        "UPDATE outbox SET state = 'failed', due_at = NULL, last_reply = ?1 WHERE template LIKE 'acknowledgement%' \
         AND state IN ('waiting', 'deferred', 'claimed', 'in-data')",
        params![MAY_HAVE_LEFT],
    )?;
    let waiting = copy.execute(
        "UPDATE outbox SET ambiguous = 1, due_at = CASE WHEN state IN ('claimed', 'in-data') THEN 0 ELSE due_at END \
         WHERE state IN ('waiting', 'deferred', 'claimed', 'in-data')",
        [],
    )?;
    copy.close().map_err(|(_, error)| StoreError::from(error))?;
    Ok(Restored { contents, replaced: None, waiting, next_ticket })
}

/// The number that the database would have given next; Ok(None) where there is no database, an error where it cannot be
/// read.
fn next_ticket_of(database: &Path) -> Result<Option<i64>> {
    if !database.exists() {
        return Ok(None);
    }
    let connection = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(Some(connection.query_row(NEXT_TICKET, [], |row| row.get(0))?))
}

/// Gives the database that is there a second name. Its log is written into it first: a log that is left beside would be
/// taken for the new one's.
fn set_aside(database: &Path, kept: &Path) -> Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    refuse_existing(kept)?;
    // Where it is too damaged for that, the log is set aside as it is.
    if let Ok(connection) = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let alone = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
        if let Err(error) = alone.map_err(StoreError::from)
            && matches!(error, StoreError::Unavailable(_))
        {
            return Err(StoreError::Unavailable(format!("Another program has {} open", database.display())));
        }
    }
    for suffix in ["-wal", "-shm"] {
        let (from, to) = (with_suffix(database, suffix), with_suffix(kept, suffix));
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|e| io("Setting aside", &from, &e))?;
        }
    }
    std::fs::hard_link(database, kept).map_err(|e| io("Setting aside", database, &e))?;
    Ok(Some(kept.to_owned()))
}

fn check(file: &Path) -> Result<Contents> {
    let copy = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let damaged = |what: &str| StoreError::Broken(format!("{} is damaged: {what}", file.display()));
    schema::check_ours(&copy, file)?;
    let version: i64 = copy.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    schema::check_known(version, file)?;
    if version == 0 {
        return Err(damaged("there is nothing in it"));
    }
    let said: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(damaged(&said));
    }
    if copy.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(damaged("rows that belong to rows that are not there"));
    }
    let count = |sql: &str| copy.query_row(sql, [], |row| row.get::<_, i64>(0));
    let bytes = std::fs::metadata(file).map(|m| m.len()).unwrap_or_default();
    let tickets = count("SELECT count(*) FROM ticket")?;
    Ok(Contents { tickets, mails: count("SELECT count(*) FROM ledger WHERE fate IS NOT NULL")?, bytes, version })
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::Unavailable(format!("Opening {}: {error}", path.display())))?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// A new file that only its owner may read: it holds other people's mail.
fn make(path: &Path) -> Result<()> {
    private::create_new(path).map(drop).map_err(|e| io("Making", path, &e))
}

/// The last step, for a file that is whole: never over another one.
fn put_in_place(part: &Path, file: &Path) -> Result<()> {
    std::fs::hard_link(part, file).map_err(|e| io("Making", file, &e))?;
    std::fs::remove_file(part).map_err(|e| io("Removing", part, &e))?;
    sync_folder(file)
}

fn refuse_existing(file: &Path) -> Result<()> {
    match file.symlink_metadata() {
        Ok(_) => Err(StoreError::Refused(format!("{} is there already; name another file", file.display()))),
        Err(_) => Ok(()),
    }
}

fn sync_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| io("Writing", folder, &e))
}

fn beside(file: &Path, what: &str) -> PathBuf {
    with_suffix(file, &format!(".{what}"))
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn io(doing: &str, path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{doing} {}: {error}", path.display()))
}

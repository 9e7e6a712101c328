//! Opening connections: whose file this is, which version of the schema it has, and the settings that every connection
//! gets.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Options, contacts};
use crate::config::private;
use crate::store::{Result, StoreError};

/// `PDsk`: the file is postdesk's (SQLite file format, section 1.3.15).
const APPLICATION_ID: i32 = 0x5044_736b;

/// Append-only: a database of schema version N has had the first N of them.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_hold.sql"),
    include_str!("migrations/0003_conduct.sql"),
    include_str!("migrations/0004_audit.sql"),
    include_str!("migrations/0005_service.sql"),
    include_str!("migrations/0006_pieces.sql"),
    include_str!("migrations/0007_agent_address.sql"),
    include_str!("migrations/0008_watch.sql"),
    include_str!("migrations/0009_access.sql"),
    include_str!("migrations/0010_signature.sql"),
    include_str!("migrations/0011_recheck.sql"),
    include_str!("migrations/0012_peers.sql"),
    include_str!("migrations/0013_hands.sql"),
    include_str!("migrations/0014_figures.sql"),
    include_str!("migrations/0015_erased.sql"),
    include_str!("migrations/0016_articles.sql"),
    include_str!("migrations/0017_looks.sql"),
    include_str!("migrations/0018_accounts.sql"),
    include_str!("migrations/0019_person.sql"),
    include_str!("migrations/0020_search.sql"),
    include_str!("migrations/0021_rank.sql"),
    include_str!("migrations/0022_side_by_side.sql"),
];

/// From this version on it is kept what people on file look like.
const LOOKS: usize = 17;

/// Between two tries to switch a file that another process is just making.
const WAL_PAUSE: Duration = Duration::from_millis(5);

/// Prepared statements kept for each connection: more than there are.
const STATEMENTS: usize = 160;

/// The writing connection, with the schema brought up to date.
pub(super) fn open_writer(path: &Path, options: &Options) -> Result<Connection> {
    if options.create {
        create_private(path)?;
    }
    let mut connection = connect(path, options)?;
    check_ours(&connection, path)?;
    write_ahead(&connection, path, options.busy_timeout)?;
    connection.pragma_update(None, "synchronous", if options.durable { "FULL" } else { "OFF" })?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Erased mails must not be readable in the free pages of the file.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    // See `checkpoint`.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Switches the file to a write-ahead log, which it keeps from then on. Two who make the same database at once are in each
/// other's way for a moment, and SQLite asks no busy handler there: two that both want to go from reading to writing would
/// wait for each other.
fn write_ahead(connection: &Connection, path: &Path, patience: Duration) -> Result<()> {
    let mut tries_left = patience.as_millis() / WAL_PAUSE.as_millis();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                let text = format!("{} has no write-ahead log (mode {mode})", path.display());
                return Err(StoreError::Unavailable(text));
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries_left > 0 => {
                tries_left -= 1;
                std::thread::sleep(WAL_PAUSE);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The connection that carries the log over.
pub(super) fn open_checkpointer(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path, options)?;
    connection.pragma_update(None, "synchronous", if options.durable { "FULL" } else { "OFF" })?;
    Ok(connection)
}

/// The connection that erases: see [`super::erase`].
pub(super) fn open_eraser(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path, options)?;
    connection.pragma_update(None, "synchronous", if options.durable { "FULL" } else { "OFF" })?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

/// A reading connection: it cannot change anything, whatever is asked of it.
pub(super) fn open_reader(path: &Path, options: &Options) -> Result<Connection> {
    // Read-write at the level of the file, because a read-only connection cannot take part in the shared-memory index
    // of a write-ahead log that nobody else has open.
    let connection = connect(path, options)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -2_000)?;
    Ok(connection)
}

fn connect(path: &Path, options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| StoreError::Unavailable(format!("Opening {}: {error}", path.display())))?;
    connection.busy_timeout(options.busy_timeout.max(Duration::from_millis(1)))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement with a LIMIT that is bound is planned anew each time it is run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Makes the file, empty and for its owner alone: it will hold other people's mail. SQLite gives the files beside it
/// (`-wal`, `-shm`) the same mode.
fn create_private(path: &Path) -> Result<()> {
    match private::create_new(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Unavailable(format!("Creating {}: {error}", path.display()))),
    }
}

/// Refuses every file but an empty one and our own.
pub(super) fn check_ours(connection: &Connection, path: &Path) -> Result<()> {
    let id: i32 = connection
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(|error| StoreError::from(error).about(path))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if id == APPLICATION_ID || (id == 0 && tables == 0) {
        return Ok(());
    }
    Err(StoreError::Broken(format!(
        "{} belongs to another program (application_id {id:#x}); name another file",
        path.display()
    )))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    if is_up_to_date(connection)? {
        return Ok(());
    }
    // Two processes may start at once: what counts is the version as it stands under the write lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    let Some(missing) = MIGRATIONS.get(found..) else { return Err(newer(found, path)) };
    for sql in missing {
        transaction.execute_batch(sql)?;
    }
    if (1..LOOKS).contains(&found) {
        contacts::look_at_all(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))?;
    transaction.commit()?;
    Ok(())
}

/// The database has the schema that this program writes.
pub(super) fn is_up_to_date(connection: &Connection) -> Result<bool> {
    Ok(version(connection)? == MIGRATIONS.len())
}

/// Refuses what a newer program wrote.
pub(super) fn check_known(version: i64, path: &Path) -> Result<()> {
    match usize::try_from(version) {
        Ok(found) if found > MIGRATIONS.len() => Err(newer(found, path)),
        _ => Ok(()),
    }
}

fn newer(found: usize, path: &Path) -> StoreError {
    StoreError::Broken(format!(
        "{} was written by a newer postdesk (schema version {found}; this one knows {}): install that one, or \
         restore a backup made by this one",
        path.display(),
        MIGRATIONS.len()
    ))
}

fn version(connection: &Connection) -> Result<usize> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    usize::try_from(version).map_err(|_| StoreError::Broken(format!("Schema version {version}")))
}

impl StoreError {
    fn about(self, path: &Path) -> Self {
        match self {
            StoreError::Unavailable(text) => StoreError::Unavailable(format!("{}: {text}", path.display())),
            StoreError::Refused(text) => StoreError::Refused(format!("{}: {text}", path.display())),
            StoreError::Broken(text) => StoreError::Broken(format!("{}: {text}", path.display())),
            fault @ StoreError::Fault(_) => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pragma(connection: &Connection, name: &str) -> i64 {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).expect("reads")
    }

    #[test]
    fn the_writer_is_durable_and_wipes_what_it_deletes() {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = open_writer(&folder.path().join("desk.db"), &Options::default()).expect("opens");
        assert_eq!(pragma(&writer, "synchronous"), 2, "FULL");
        assert_eq!(pragma(&writer, "foreign_keys"), 1);
        assert_eq!(pragma(&writer, "secure_delete"), 1);
        assert_eq!(pragma(&writer, "application_id"), i64::from(APPLICATION_ID));
        assert_eq!(pragma(&writer, "user_version"), MIGRATIONS.len() as i64);
        assert_eq!(pragma(&writer, "busy_timeout"), 20_000);
    }

    #[test]
    fn a_database_of_the_first_version_is_brought_up_to_date() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.db");
        let old = Connection::open(&path).expect("opens");
        old.execute_batch(MIGRATIONS[0]).expect("makes the first schema");
        old.pragma_update(None, "application_id", APPLICATION_ID).expect("signs");
        old.pragma_update(None, "user_version", 1).expect("signs");
        old.execute_batch(
            "INSERT INTO cursor (mailbox, folder, uid_validity, last_uid) VALUES ('a', 'INBOX', 7, 20), ('b', 'INBOX', 7, 9);
             INSERT INTO ledger (mailbox, folder, uid_validity, uid, discovered_at) VALUES ('a', 'INBOX', 7, 12, 0), \
             ('a', 'INBOX', 7, 15, 0), ('a', 'INBOX', 6, 3, 0);",
        )
        .expect("fills it");
        drop(old);
        let writer = open_writer(&path, &Options::default()).expect("opens");
        let before = |mailbox: &str| {
            let sql = "SELECT there_before FROM cursor WHERE mailbox = ?1";
            writer.query_row(sql, [mailbox], |row| row.get::<_, i64>(0)).expect("reads")
        };
        assert_eq!(
            (before("a"), before("b")),
            (11, 9),
            "below the first row; where there is none, all that was passed"
        );
    }

    #[test]
    fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.db");
        let _writer = open_writer(&path, &Options::default()).expect("opens");
        let reader = open_reader(&path, &Options::default()).expect("opens");
        let result = reader.execute("DELETE FROM counter", []).map_err(StoreError::from);
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    }

    #[test]
    fn two_that_make_the_same_database_at_once_make_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.db");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            let open = || {
                start.wait();
                open_writer(&path, &Options::default()).map(drop)
            };
            let threads = [(); 8].map(|()| scope.spawn(open));
            for thread in threads {
                thread.join().expect("ends well").expect("opens");
            }
        });
        let writer = open_writer(&path, &Options::default()).expect("opens");
        assert_eq!(writer.query_row("SELECT count(*) FROM counter", [], |row| row.get::<_, i64>(0)), Ok(3));
    }
}

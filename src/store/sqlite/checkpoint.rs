//! Carries the write-ahead log into the database file, on a thread of its own: the writer does not wait for the copying
//! nor for the syncs that go with it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::{Options, schema};
use crate::store::{Result, StoreError};

/// Pages of 4 KB in the log at which it is begun to be carried over.
const BEGIN: u32 = 4_000;
/// Pages at which the writer carries over the rest himself, between two transactions. While somebody writes, the log never
/// comes to its end and cannot start anew: this is what bounds it. A reader that takes long (a backup) lets it grow all the
/// same, because nobody may be kept waiting for him.
const BOUND: u32 = 16_000;

/// The log's length, and the thread that shortens it.
pub(super) struct Checkpointer {
    pages: Arc<AtomicU32>,
    /// Held by who carries over.
    busy: Arc<Mutex<()>>,
    /// What the thread last worked on.
    begun: u32,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Watches what `writer` writes to the log of this database.
    pub(super) fn start(path: &Path, options: &Options, writer: &mut Connection) -> Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            seen.store(u32::try_from(pages).unwrap_or_default(), Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook))?;
        let connection = schema::open_checkpointer(path, options)?;
        let (wake, woken) = sync_channel(1);
        let busy: Arc<Mutex<()>> = Arc::default();
        let alone = Arc::clone(&busy);
        let thread = std::thread::Builder::new()
            .name("store-log".to_owned())
            .spawn(move || woken.iter().for_each(|()| carry_over(&connection, &alone)))
            .map_err(|error| StoreError::Unavailable(format!("Starting the log's thread: {error}")))?;
        Ok(Checkpointer { pages, busy, begun: 0, wake: Some(wake), thread: Some(thread) })
    }

    /// To be called between two transactions of the writer's.
    pub(super) fn look(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.begun {
            // The log began anew.
            self.begun = 0;
        }
        if pages >= BOUND {
            carry_over(writer, &self.busy);
        } else if pages >= self.begun + BEGIN
            && let Some(wake) = &self.wake
            && !matches!(wake.try_send(()), Err(TrySendError::Disconnected(())))
        {
            self.begun = pages;
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// As much as can be without waiting for a reader. What does not work now is done the next time, or by whoever opens the
/// database next.
fn carry_over(connection: &Connection, busy: &Mutex<()>) {
    let _alone = busy.lock().unwrap_or_else(PoisonError::into_inner);
    let done = connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut statement| statement.query_row([], |_| Ok(())));
    if let Err(error) = done {
        tracing::warn!(%error, "The log cannot be carried over into the database now");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_stays_within_its_bound_while_somebody_writes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.db");
        let options = Options { durable: false, ..Options::default() };
        let mut writer = schema::open_writer(&path, &options).expect("opens");
        let mut checkpointer = Checkpointer::start(&path, &options, &mut writer).expect("starts");
        writer.execute_batch("CREATE TABLE t (x BLOB)").expect("makes");
        let mut longest = 0;
        for _ in 0..120 {
            // About 500 pages each.
            writer.execute("INSERT INTO t VALUES (randomblob(2000000))", []).expect("writes");
            checkpointer.look(&writer);
            longest = longest.max(checkpointer.pages.load(Ordering::Relaxed));
        }
        assert!(longest >= BEGIN, "the log was used: {longest}");
        assert!(longest < BOUND + 2_000, "{longest} pages");
    }
}

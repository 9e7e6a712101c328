//! A few connections that only read, beside the writer. They are opened when they are first needed: a command that
//! reads one ticket opens one.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use super::{Options, schema};
use crate::store::Result;

pub(super) struct Readers {
    path: PathBuf,
    options: Options,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        Readers { path, options, pool: Mutex::default(), returned: Condvar::new() }
    }

    /// Runs `work` in a read transaction: all that it sees is of one moment. Waits where every connection is in use.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let place = self.wait_for_place();
        let idle = self.pool().idle.pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path, &self.options)?,
        };
        let result = work(&*connection.transaction_with_behavior(TransactionBehavior::Deferred)?);
        self.pool().idle.push(connection);
        drop(place);
        result
    }

    /// One that deletes for good, beside all others.
    pub(super) fn open_eraser(&self) -> Result<Connection> {
        schema::open_eraser(&self.path, &self.options)
    }

    fn wait_for_place(&self) -> Place<'_> {
        let mut pool = self.pool();
        while pool.lent >= self.options.readers.max(1) {
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        pool.lent += 1;
        Place(self)
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one connection; it ends even where its user panics.
struct Place<'r>(&'r Readers);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.pool().lent -= 1;
        self.0.returned.notify_one();
    }
}

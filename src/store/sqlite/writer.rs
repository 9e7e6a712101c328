//! The one thread that writes. SQLite has one writer at a time anyway; with a thread of our own nobody meets a lock,
//! and what is waiting at the same moment shares one transaction, and so the cost of making it durable.
//!
//! Alternatives: a mutex around a connection gives the same order but no sharing; a pool of writing connections gives
//! `SQLITE_BUSY` in the middle of a transaction.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};

use crate::store::{Result, StoreError};

/// As much as is taken into one transaction, counted in mails or calls. At this size the cost of the sync is hardly
/// seen any more (a batch of 50 comes to nine tenths of it), and nobody waits longer than a blink.
const GROUP: usize = 256;

/// Something to be written.
trait Job: Send {
    fn weight(&self) -> usize;
    /// Does it, inside the transaction. An error concerns the whole transaction.
    fn run(&mut self, connection: &Connection) -> Result<()>;
    /// Tells the caller, once it is known whether the transaction is durable.
    fn finish(self: Box<Self>, committed: Result<()>);
}

struct Task<T, F> {
    weight: usize,
    work: Option<F>,
    result: Option<Result<T>>,
    reply: SyncSender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Send> Job for Task<T, F> {
    fn weight(&self) -> usize {
        self.weight
    }

    fn run(&mut self, connection: &Connection) -> Result<()> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match savepoint(connection, || work(connection)) {
            Err(error) if error.is_fatal() => Err(error),
            result => {
                self.result = Some(result);
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let Task { result, reply, .. } = *self;
        let result = committed.and_then(|()| {
            result.unwrap_or_else(|| Err(StoreError::Refused("The transaction ended early".to_owned())))
        });
        // Nobody listens any more: then nobody needs to know.
        let _ = reply.send(result);
    }
}

/// The way to the writing thread. Dropping it ends the thread once everything that was asked for is done.
pub(super) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(connection, &queue))
            .map_err(|error| StoreError::Unavailable(format!("Starting the writing thread: {error}")))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has something done in a transaction and waits until it is durable. `weight`: how many mails it stands for.
    pub(super) fn call<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = sync_channel(1);
        let task = Task { weight: weight.max(1), work: Some(work), result: None, reply };
        let gone = || StoreError::Broken("The writing thread has ended".to_owned());
        self.jobs.as_ref().ok_or_else(gone)?.send(Box::new(task)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut connection: Connection, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut weight = first.weight();
        let mut group = vec![first];
        while weight < GROUP {
            let Ok(next) = queue.try_recv() else { break };
            weight += next.weight();
            group.push(next);
        }
        let committed = commit_together(&mut connection, &mut group);
        if let Err(error) = &committed {
            tracing::warn!(jobs = group.len(), %error, "Transaction failed, nothing was written");
        }
        for job in group {
            job.finish(committed.clone());
        }
    }
}

fn commit_together(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        job.run(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Runs `work` so that it leaves no trace where it fails or panics and the transaction around it can go on; a fatal
/// error is handed up as it is, because then the whole transaction goes.
pub(super) fn savepoint<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT step")?.execute([])?;
    let result = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(panic) => Err(StoreError::Refused(format!("Internal error: {}", words_of(panic.as_ref())))),
    };
    match &result {
        Ok(_) => {}
        Err(error) if error.is_fatal() => return result,
        Err(_) => {
            connection.prepare_cached("ROLLBACK TO step")?.execute([])?;
        }
    }
    connection.prepare_cached("RELEASE step")?.execute([])?;
    result
}

/// What a panic said, shortened.
pub(super) fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words");
    crate::model::text::clean_line(words, 300)
}

//! The one thread that writes. SQLite has one writer at a time anyway; with a thread of our own nobody meets a lock,
//! and what is waiting at the same moment shares one transaction, and so the cost of making it durable.
//!
//! Alternatives: a mutex around a connection gives the same order but no sharing; a pool of writing connections gives
//! `SQLITE_BUSY` in the middle of a transaction.

use std::cell::RefCell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};

use super::checkpoint::Checkpointer;
use super::rows::{Words, index};
use crate::config::drill;
use crate::store::{PANIC, Result, StoreError};

/// As much as is taken into one transaction, counted in mails or calls. At this size the cost of the sync is hardly
/// seen any more (a batch of 50 comes to nine tenths of it), and nobody waits longer than a blink.
const GROUP: usize = 256;

/// The transaction that work is done in.
///
/// A savepoint for each mail costs more than it looks: every page that is changed is copied. So all goes without, and where
/// one thing of a group fails, which is rare, the group is taken back and done again, each step within a savepoint of its
/// own. Words are indexed at the end for a like reason: the index is written out at every savepoint, and at every statement
/// that SQLite guards for itself.
pub(super) struct Work<'c> {
    connection: &'c Connection,
    guarded: bool,
    words: RefCell<Vec<Words>>,
}

impl Deref for Work<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'c> Work<'c> {
    #[cfg(test)]
    pub(super) fn on(connection: &'c Connection) -> Self {
        Work { connection, guarded: false, words: RefCell::default() }
    }
}

impl Work<'_> {
    /// Does something that may fail without what was done before it. On an error nothing of it is there any more, or, not
    /// [guarded](Work::is_guarded), the whole transaction must be given up.
    pub(super) fn step<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.words.borrow().len();
        let done = if self.guarded { savepoint(self.connection, work) } else { contained(work) };
        if done.is_err() {
            self.words.borrow_mut().truncate(before);
        }
        done
    }

    /// Has words made searchable before the transaction is committed.
    pub(super) fn index_later(&self, words: Words) {
        self.words.borrow_mut().push(words);
    }

    /// A step that fails is taken back alone.
    pub(super) fn is_guarded(&self) -> bool {
        self.guarded
    }
}

/// Something to be written.
trait Job: Send {
    fn weight(&self) -> usize;
    /// Whether it must outlast a power cut once its end is told.
    fn lasts(&self) -> bool;
    /// Does it, inside the transaction. An error concerns the whole transaction.
    fn run(&mut self, work: &Work<'_>) -> Result<()>;
    /// Tells the caller, once it is known whether the transaction is durable, and gives back what the work was done with.
    fn finish(self: Box<Self>, committed: Result<()>);
}

struct Task<T, F, R> {
    weight: usize,
    lasts: bool,
    work: F,
    result: Option<Result<T>>,
    told: R,
}

impl<T, F, R> Job for Task<T, F, R>
where
    T: Send,
    F: FnMut(&Work<'_>) -> Result<T> + Send,
    R: FnOnce(Result<T>, F) + Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn lasts(&self) -> bool {
        self.lasts
    }

    fn run(&mut self, work: &Work<'_>) -> Result<()> {
        match work.step(|| (self.work)(work)) {
            Err(error) if error.is_fatal() || !work.is_guarded() => Err(error),
            result => {
                self.result = Some(result);
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let Task { work, result, told, .. } = *self;
        let result = committed.and_then(|()| {
            result.unwrap_or_else(|| Err(StoreError::Refused("The transaction ended early".to_owned())))
        });
        told(result, work);
    }
}

/// The way to the writing thread. Dropping it ends the thread once everything that was asked for is done.
pub(super) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, checkpointer: Option<Checkpointer>) -> Result<Self> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(connection, checkpointer, &queue))
            .map_err(|error| StoreError::Unavailable(format!("Starting the writing thread: {error}")))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has something done in a transaction and waits until it is durable. `weight`: how many mails it stands for. It may be
    /// done a second time, after the first was taken back.
    pub(super) fn call<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnMut(&Work<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.wait(weight, true, work)
    }

    /// The same for what a crash of the program must not undo but a power cut may, as long as nothing that came after it is
    /// there: no sync is waited for. The next call that is durable and changes something makes it so too.
    pub(super) fn call_in_passing<T: Send + 'static>(
        &self,
        work: impl FnMut(&Work<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.wait(1, false, work)
    }

    fn wait<T: Send + 'static>(
        &self,
        weight: usize,
        lasts: bool,
        work: impl FnMut(&Work<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = sync_channel(1);
        // Where nobody listens any more nobody needs to know.
        self.send(weight, lasts, work, move |result, work| drop(reply.send((result, work))));
        // Mails that were worked with are given up here: that, too, would be the writer's time.
        let (result, _work) = answer.recv().map_err(|_| gone())?;
        result
    }

    /// [`Writer::call`] without waiting. `told` gets the result on the writing thread and must not block it.
    pub(super) fn post<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnMut(&Work<'_>) -> Result<T> + Send + 'static,
        told: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        self.send(weight, true, work, move |result, _| told(result));
    }

    fn send<T: Send + 'static, F: FnMut(&Work<'_>) -> Result<T> + Send + 'static>(
        &self,
        weight: usize,
        lasts: bool,
        work: F,
        told: impl FnOnce(Result<T>, F) + Send + 'static,
    ) {
        let job: Box<dyn Job> = Box::new(Task { weight: weight.max(1), lasts, work, result: None, told });
        let unsent = match &self.jobs {
            Some(jobs) => jobs.send(job).err().map(|error| error.0),
            None => Some(job),
        };
        if let Some(job) = unsent {
            job.finish(Err(gone()));
        }
    }
}

fn gone() -> StoreError {
    StoreError::Broken("The writing thread has ended".to_owned())
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a commit waits for the disk (`PRAGMA synchronous`).
struct Syncing {
    /// None: it never does, in a store that nobody keeps.
    now: Option<bool>,
}

impl Syncing {
    fn of(connection: &Connection) -> Self {
        let full = connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
        Syncing { now: (full == Ok(2)).then_some(true) }
    }

    /// Between transactions only.
    fn set(&mut self, connection: &Connection, sync: bool) -> Result<()> {
        if self.now.is_some_and(|now| now != sync) {
            connection.pragma_update(None, "synchronous", if sync { "FULL" } else { "NORMAL" })?;
            self.now = Some(sync);
        }
        Ok(())
    }
}

fn serve(mut connection: Connection, mut checkpointer: Option<Checkpointer>, queue: &Receiver<Box<dyn Job>>) {
    let mut syncing = Syncing::of(&connection);
    while let Ok(first) = queue.recv() {
        let mut weight = first.weight();
        let mut group = vec![first];
        while weight < GROUP {
            let Ok(next) = queue.try_recv() else { break };
            weight += next.weight();
            group.push(next);
        }
        let lasts = group.iter().any(|job| job.lasts());
        let committed = syncing.set(&connection, lasts).and_then(|()| commit_together(&mut connection, &mut group));
        if let Err(error) = &committed {
            tracing::warn!(jobs = group.len(), %error, "Transaction failed, nothing was written");
        }
        for job in group {
            job.finish(committed.clone());
        }
        if let Some(checkpointer) = &mut checkpointer {
            checkpointer.look(&connection);
        }
    }
}

fn commit_together(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    match try_together(connection, group, false) {
        Err(error) if !error.is_fatal() => try_together(connection, group, true),
        done => done,
    }
}

fn try_together(connection: &mut Connection, group: &mut [Box<dyn Job>], guarded: bool) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let work = Work { connection: &transaction, guarded, words: RefCell::default() };
    for job in group {
        job.run(&work)?;
    }
    // FTS5 writes out what it has gathered, as a segment of its own, whenever a row comes that is not behind the last one.
    let mut words = work.words.take();
    words.sort_unstable_by_key(Words::rowid);
    for words in &words {
        index(&transaction, words)?;
    }
    drill::point("before-commit");
    transaction.commit()?;
    drill::point("after-commit");
    Ok(())
}

/// A panic becomes a refusal.
fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Refused(PANIC.to_owned())))
}

/// Runs `work` so that it leaves no trace where it fails or panics and the transaction around it can go on; a fatal
/// error is handed up as it is, because then the whole transaction goes.
fn savepoint<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT step")?.execute([])?;
    let result = contained(work);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    /// A writer on a table of numbers, and how often it committed.
    fn writer() -> (Arc<Writer>, Arc<AtomicUsize>) {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT").expect("makes");
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&commits);
        let count = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            false
        };
        connection.commit_hook(Some(count)).expect("hooks");
        (Arc::new(Writer::start(connection, None).expect("starts")), commits)
    }

    fn insert(connection: &Connection, n: i64) -> Result<i64> {
        connection.execute("INSERT INTO t (n) VALUES (?1)", [n])?;
        Ok(n)
    }

    fn count(writer: &Writer) -> i64 {
        writer.call(1, |c| Ok(c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)).expect("counts")
    }

    /// Starts a call that holds the writer until it is released, and waits until it has begun.
    fn hold(writer: &Arc<Writer>) -> (mpsc::Sender<()>, JoinHandle<Result<()>>) {
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let writer = Arc::clone(writer);
        let thread = std::thread::spawn(move || {
            writer.call(1, move |_| {
                let _ = begun.send(());
                let _ = released.recv();
                Ok(())
            })
        });
        has_begun.recv().expect("begins");
        (release, thread)
    }

    /// Queues calls while the writer is held, so that they are waiting together, and tells how each ended.
    fn together<F>(writer: &Arc<Writer>, works: Vec<F>) -> Vec<Result<i64>>
    where
        F: Fn(&Work<'_>) -> Result<i64> + Send + 'static,
    {
        let (release, held) = hold(writer);
        let answers: Vec<_> = works
            .into_iter()
            .map(|work| {
                let (reply, answer) = sync_channel(1);
                writer.post(1, work, move |result| reply.send(result).expect("is awaited"));
                answer
            })
            .collect();
        release.send(()).expect("is awaited");
        held.join().expect("ends well").expect("is held");
        answers.into_iter().map(|answer| answer.recv().expect("is answered")).collect()
    }

    #[test]
    fn what_is_waiting_together_shares_one_commit() {
        let (writer, commits) = writer();
        let works = (0..20).map(|n| move |c: &Work<'_>| insert(c, n)).collect();
        let before = commits.load(Ordering::SeqCst);
        assert!(together(&writer, works).into_iter().all(|result| result.is_ok()));
        assert_eq!(commits.load(Ordering::SeqCst) - before, 2, "the one that held the writer, and the twenty");
        assert_eq!(count(&writer), 20);
    }

    #[test]
    fn one_that_is_refused_or_panics_leaves_the_others_of_its_group_alone() {
        let (writer, _) = writer();
        let works = (0..6)
            .map(|n| {
                move |c: &Work<'_>| {
                    insert(c, n)?;
                    match n {
                        2 => Err(StoreError::Refused("on purpose".to_owned())),
                        4 => panic!("on purpose"),
                        _ => Ok(n),
                    }
                }
            })
            .collect();
        let ends: Vec<bool> = together(&writer, works).iter().map(Result::is_ok).collect();
        assert_eq!(ends, [true, true, false, true, false, true]);
        assert_eq!(count(&writer), 4);
    }

    #[test]
    fn what_is_done_in_passing_waits_for_no_disk_and_what_comes_with_it_or_after_it_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = crate::store::sqlite::Options::default();
        let connection =
            crate::store::sqlite::schema::open_writer(&folder.path().join("desk.db"), &options).expect("opens");
        let writer = Arc::new(Writer::start(connection, None).expect("starts"));
        let setting = |c: &Work<'_>| Ok(c.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.call_in_passing(setting), Ok(1), "NORMAL");
        assert_eq!(writer.call(1, setting), Ok(2), "FULL");
        assert_eq!(writer.call_in_passing(setting), Ok(1));
        let (reply, answer) = mpsc::channel();
        writer.post(1, setting, move |result| reply.send(result).expect("is awaited"));
        assert_eq!(answer.recv(), Ok(Ok(2)), "what nobody's thread waits for is no less durable");
        assert_eq!(writer.call_in_passing(setting), Ok(1));
        let (release, held) = hold(&writer);
        let (reply, answers) = mpsc::channel();
        for lasts in [false, true] {
            let reply = reply.clone();
            writer.send(1, lasts, setting, move |result, _| reply.send(result).expect("is awaited"));
        }
        release.send(()).expect("is awaited");
        held.join().expect("ends well").expect("is held");
        assert_eq!((answers.recv(), answers.recv()), (Ok(Ok(2)), Ok(Ok(2))), "together");

        let fleeting = crate::store::sqlite::Options { durable: false, ..options };
        let connection =
            crate::store::sqlite::schema::open_writer(&folder.path().join("other.db"), &fleeting).expect("opens");
        let writer = Writer::start(connection, None).expect("starts");
        assert_eq!((writer.call_in_passing(setting), writer.call(1, setting)), (Ok(0), Ok(0)), "OFF");
    }

    #[test]
    fn what_concerns_the_transaction_is_told_to_all_and_nothing_is_written() {
        let (writer, _) = writer();
        let works = (0..3)
            .map(|n| {
                move |c: &Work<'_>| {
                    insert(c, n)?;
                    if n == 1 { Err(StoreError::Unavailable("full".to_owned())) } else { Ok(n) }
                }
            })
            .collect();
        let ends = together(&writer, works);
        assert!(ends.iter().all(|end| *end == Err(StoreError::Unavailable("full".to_owned()))), "{ends:?}");
        assert_eq!(count(&writer), 0, "and the writer goes on");
    }
}

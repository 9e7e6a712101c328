//! The threads on which mails are read: as many as there are processors, for all mailboxes together. One large mail
//! occupies one of them, and a backlog does not become a crowd of threads that each keep memory of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_channel::{Receiver, Sender, unbounded};
use tokio::sync::oneshot;

/// More do not help: the writer is one.
const MOST: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// The way to these threads. They end when it is dropped.
pub struct Readers {
    jobs: Sender<Job>,
}

impl Readers {
    /// # Panics
    /// Where the system gives no threads, as starting a thread does everywhere.
    pub fn start() -> Self {
        let (jobs, queue) = unbounded::<Job>();
        for n in 0..std::thread::available_parallelism().map_or(1, usize::from).clamp(2, MOST) {
            let queue = queue.clone();
            let thread = std::thread::Builder::new().name(format!("mail-reader-{n}"));
            thread.spawn(move || serve(&queue)).expect("the system gives threads");
        }
        Readers { jobs }
    }

    /// Has something done there. None where it panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, told) = oneshot::channel();
        // Whoever waited may have gone away meanwhile.
        let job = move || drop(tell.send(work()));
        self.jobs.send(Box::new(job)).await.ok()?;
        told.await.ok()
    }
}

fn serve(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv_blocking() {
        // The panic was told by its hook; whoever waited learns of it by the end of the channel.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_and_ends_no_thread() {
        let readers = Readers::start();
        for _ in 0..2 * MOST {
            assert_eq!(readers.run(|| panic!("on purpose")).await, None::<()>);
        }
        assert_eq!(readers.run(|| 7).await, Some(7));
    }
}

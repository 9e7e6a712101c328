//! Where a source's answers go, and how many bytes of them may be under way: many small mails, or a few large ones.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Fetched;
use super::error::SourceError;

/// Mails under way take up this much at the most, in KB, besides those that are larger than half of it.
const ROOM: u32 = 8 * 1024;

/// The room for all mails that are under way: fetched, and not written yet.
pub fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(ROOM as usize))
}

/// The room that one mail takes up, until this and its copies are dropped.
#[derive(Clone, Debug, Default)]
pub struct Room(#[allow(dead_code)] Option<Arc<OwnedSemaphorePermit>>);

/// The way of answers to whoever takes them in.
#[derive(Clone, Debug)]
pub struct Sink {
    answers: Sender<Fetched>,
    room: Option<Arc<Semaphore>>,
}

impl Sink {
    pub fn new(answers: Sender<Fetched>, room: Arc<Semaphore>) -> Self {
        Sink { answers, room: Some(room) }
    }

    /// Waits until there is room for it. However large a mail is, half of the room is enough: it must not keep out those of
    /// other mailboxes until it is written.
    pub(super) async fn give(&self, mut answer: Fetched) -> Result<(), SourceError> {
        if let (Fetched::Mail { raw, room: taken, .. }, Some(room)) = (&mut answer, &self.room) {
            let size = u32::try_from(raw.len() / 1024).unwrap_or(u32::MAX).clamp(1, ROOM / 2);
            let permit = Arc::clone(room).acquire_many_owned(size).await.map_err(|_| SourceError::SinkClosed)?;
            *taken = Room(Some(Arc::new(permit)));
        }
        self.answers.send(answer).await.map_err(|_| SourceError::SinkClosed)
    }
}

/// Without a bound but that of the channel.
impl From<Sender<Fetched>> for Sink {
    fn from(answers: Sender<Fetched>) -> Self {
        Sink { answers, room: None }
    }
}

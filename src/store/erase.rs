//! Forgetting a person: what is asked of the store, and what it says it erased.

use std::sync::Arc;

use jiff::Timestamp;

use super::Result;
use crate::model::erasure::{Person, Traces};
use crate::model::message::Digest;
use crate::model::ticket::TicketNumber;

/// Says what a mail has to do with a person.
pub type Look = Arc<dyn Fn(&[u8], &Person, bool) -> Traces + Send + Sync>;

/// Whom to forget, and what the store cannot do by itself.
#[derive(Clone)]
pub struct Erasure {
    /// In lower case.
    pub email: String,
    /// The keyed digest that stays in place of another, so that an erased mail is not taken in again.
    pub mark: Arc<dyn Fn(&Digest) -> String + Send + Sync>,
    /// Reads a mail, one that came or one of the desk's own, and says what it has to do with the person. `close`: it stands in
    /// a ticket in which they took part, so that their name and their words count too, and not only their address.
    pub look: Look,
}

/// What was erased, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The contact was on file.
    pub contact: bool,
    /// Tickets that were theirs: these are gone whole.
    pub tickets: Vec<TicketNumber>,
    /// Tickets of others in which something of theirs stood.
    pub others: Vec<TicketNumber>,
    /// What they, or others to them, said in their tickets, and what they said in others'.
    pub entries: usize,
    /// Words of others', and lines of history and of the ledger, that named or quoted them: struck out there.
    pub struck: usize,
    /// Raw mails, theirs and those that named or quoted them.
    pub mails: usize,
    /// Of these, those that were in quarantine.
    pub quarantined: usize,
    /// Mails of the desk's, sent or not.
    pub outgoing: usize,
    /// Of these, those that had not left yet, and never will.
    pub unsent: usize,
    /// Rows about their conduct, questions to them, checks of their sender.
    pub remembered: usize,
}

impl Erased {
    /// There was nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Erased::default()
    }
}

pub trait Erase {
    /// Erases a person's data in one transaction. `rehearse`: only says what would be erased. Looks at every mail that is kept,
    /// and nobody else writes meanwhile.
    ///
    /// # Errors
    /// As any writing; then nothing was erased.
    fn erase(&self, order: &Erasure, rehearse: bool, now: Timestamp) -> Result<Erased>;

    /// Rewrites the database so that no free page and no log has anything of what was deleted. Takes the time, and for a while
    /// the room on the disk, of copying it.
    ///
    /// # Errors
    /// Where there is no room, or somebody reads for longer than the patience of who opened it.
    fn wipe(&self) -> Result<()>;
}

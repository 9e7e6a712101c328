//! What an agent's mail asks of the store besides its ticket, and the answers. Asked for whoever's address stands in From;
//! answered, by the decision, only where it is proven to be the agent.

use jiff::Timestamp;

use super::hold::Hold;
use super::ticket::{HistoryLine, Ticket, TicketNumber};

/// Tickets that an answer lists at most.
pub const LISTED_MAX: usize = 50;
/// Tickets that one mail names at most, in commands and in its words.
pub const NAMED_MAX: usize = 10;
/// Lines of a ticket's history that are read for an answer, the last ones: twice as many as are ever told.
pub const HISTORY_MAX: usize = 200;
/// Characters of what was said first on a ticket that are compared with another mail.
pub const COMPARED_MAX: u16 = 1_500;
/// Characters of a search that count.
pub const WORDS_MAX: usize = 200;

/// Which tickets are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Live ones of this agent or group, by name; the desk's word for whoever asks is his own name.
    Of(String),
    /// Live ones of everybody.
    Open,
    /// Live ones of which something that was promised is overdue by then.
    Late(Timestamp),
    /// Live ones that nobody has taken.
    Free,
}

/// A question that needs no ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Find(String),
    List(Listed),
}

/// Part of a [`super::Lookup`]. Empty for all mail but agents'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub questions: Vec<Question>,
    /// Tickets that the words and the commands name, at most [`NAMED_MAX`].
    pub tickets: Vec<TicketNumber>,
    /// The Message-ID of ours that is answered: what happened since it left is looked for, in the history of the ticket.
    pub answers: Option<String>,
    /// Whose mails wait because somebody answered in between: an agent's name.
    pub crossed: Option<String>,
    /// The organisation's other live tickets are needed, to be compared with this mail.
    pub similar: bool,
}

/// The answers.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Of each question, in its order: the tickets, and whether there are more.
    pub lists: Vec<(Vec<Ticket>, bool)>,
    /// Those that exist, each followed through merges to the one that lives on: (asked, found).
    pub tickets: Vec<(TicketNumber, Ticket)>,
    /// The mail of ours that is answered.
    pub answered: Option<Answered>,
    /// The whole history of the tickets that the mail was looked up for.
    pub history: Vec<HistoryLine>,
    /// The agent's mail that waits, on any of these tickets.
    pub crossed: Option<Hold>,
    pub similar: Vec<Similar>,
}

/// A mail of ours that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub at: Timestamp,
    /// The word of its template.
    pub template: String,
}

/// A ticket with which a mail is compared, and what was said first on it, at most [`COMPARED_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    pub number: TicketNumber,
    pub subject: String,
    pub text: String,
}

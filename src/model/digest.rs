//! What the desk tells by itself: each agent once a working day how his tickets stand, and whoever leads the desk once a
//! week how the desk does.

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use super::course::Course;
use super::desk::Assignee;
use super::ticket::{Priority, Status, Ticket, TicketNumber, words};

/// Tickets of one kind that are read for a digest at the most; more are not counted.
pub const READ_MAX: usize = 2_000;
/// Tickets of one pile that are named; of the others only the number is told.
pub const NAMED_MAX: usize = 15;
/// Weeks that a weekly report compares.
pub const WEEKS: usize = 8;
/// Tickets that are read for a weekly report at the most, those changed last.
pub const MEASURED_MAX: usize = 50_000;

/// Who gets the weekly report, and from when in the week on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeeklyAt {
    pub to: Assignee,
    pub day: Weekday,
    /// Minutes since midnight, by the desk's clock.
    pub minute: u16,
}

words! {
    /// What is told by itself.
    DigestKind { Daily = "digest", Weekly = "weekly" }
}

impl DigestKind {
    /// The moment at which an agent got it last.
    pub fn sent(self, agent: &str) -> String {
        format!("{self}:{agent}")
    }

    /// The moment since which an agent does not want it.
    pub fn off(self, agent: &str) -> String {
        format!("{self}-off:{agent}")
    }
}

/// What an agent's digest is made of: live tickets, those that were left alone longest first, at most [`READ_MAX`] each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    pub mine: Vec<Ticket>,
    /// Nobody's: of the agent's groups, or of no group.
    pub unassigned: Vec<Ticket>,
}

words! {
    /// A pile of tickets in a digest. Each ticket lies on one: the first that fits.
    Pile {
        /// Something promised for it should have been done by now.
        Late = "late",
        /// The desk owes the next word.
        Open = "open",
        /// The customer owes the next word, or it is put away.
        Waiting = "waiting",
        /// Nobody's yet.
        Unassigned = "unassigned",
    }
}

/// A ticket in a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: TicketNumber,
    pub subject: String,
    /// The requester.
    pub who: String,
    pub priority: Priority,
    pub status: Status,
    /// What is due next of what was promised.
    pub due: Option<Timestamp>,
    /// When somebody last said or did something about it.
    pub heard_at: Timestamp,
}

/// How an agent's tickets stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Each pile that is not empty: how many tickets lie on it, and the first [`NAMED_MAX`] of them.
    pub piles: Vec<(Pile, usize, Vec<Line>)>,
}

/// Of a ticket, what a weekly report counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    pub created_at: Timestamp,
    pub course: Course,
}

/// What came about in seven days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its first day, by the desk's clock.
    pub from: Date,
    pub came: u32,
    pub ended: u32,
    /// Tickets that got their first answer, and the middle one of the times that took: working time of the desk.
    pub answered: u32,
    pub first_answer: Option<SignedDuration>,
    /// Promises that fell due, and those of them that were kept.
    pub due: u32,
    pub kept: u32,
}

impl Week {
    /// Percent of what fell due.
    pub fn kept_percent(&self) -> Option<u32> {
        (self.due > 0).then(|| u32::try_from(u64::from(self.kept) * 100 / u64::from(self.due)).unwrap_or(100))
    }
}

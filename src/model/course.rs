//! How a ticket fared with what was promised for it: one rule for every figure.

use jiff::Timestamp;

use super::ticket::Status;

/// What of a ticket tells whether its promises were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    pub status: Status,
    pub respond_due_at: Option<Timestamp>,
    pub responded_at: Option<Timestamp>,
    pub resolve_due_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// Its clock stands since then: the customer owes the next word, or it has ended.
    pub stopped_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Kept,
    Missed,
    /// Not due yet, or its clock stands.
    Running,
    /// Nothing was promised, or it ended before anybody had to do anything.
    NotNeeded,
}

impl Course {
    /// Whether the first answer came by its due time.
    pub fn respond(&self, now: Timestamp) -> Verdict {
        let Some(due) = self.respond_due_at else { return Verdict::NotNeeded };
        match (self.responded_at, self.ended_at()) {
            (Some(at), _) => judged(at <= due),
            (None, Some(at)) if at <= due => Verdict::NotNeeded,
            (None, Some(_)) => Verdict::Missed,
            (None, None) => unless_due(due, now),
        }
    }

    /// Whether it was solved by its due time. While the customer owes the next word the clock stands, and what is due moves
    /// with it.
    pub fn resolve(&self, now: Timestamp) -> Verdict {
        let Some(due) = self.resolve_due_at else { return Verdict::NotNeeded };
        match self.stood_at() {
            Some(at) => judged(at <= due),
            None => unless_due(due, self.stopped_at.map_or(now, |stopped| stopped.min(now))),
        }
    }

    /// When the clock of a ticket that has ended stood still for good: what it waited for the customer before the end does
    /// not count. None: it has not ended.
    pub fn stood_at(&self) -> Option<Timestamp> {
        let ended = self.ended_at()?;
        Some(self.stopped_at.map_or(ended, |stopped| stopped.min(ended)))
    }

    /// None for one that lives, or lives on in another.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.resolved_at.filter(|_| matches!(self.status, Status::Resolved | Status::Closed))
    }
}

fn judged(kept: bool) -> Verdict {
    if kept { Verdict::Kept } else { Verdict::Missed }
}

fn unless_due(due: Timestamp, now: Timestamp) -> Verdict {
    if due < now { Verdict::Missed } else { Verdict::Running }
}

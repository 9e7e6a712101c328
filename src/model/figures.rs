//! What reports are counted from: light rows that the store streams in one moment's state, and who gathers them.

use jiff::Timestamp;

use super::calendar::Stretch;
use super::course::Course;
use super::ticket::EntryKind;

/// From when on, and until when; that instant does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Period {
    pub fn contains(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }
}

/// Mails are counted by quarters of an hour: every zone's midnight is the beginning of one.
pub const QUARTER_SECONDS: i64 = 15 * 60;

/// Of a ticket what figures are made from.
#[derive(Clone, Debug)]
pub struct TicketFact<'r> {
    pub opened_at: Timestamp,
    pub course: Course,
    pub category: Option<&'r str>,
    pub organisation: Option<&'r str>,
    /// Name of the agent.
    pub owner: Option<&'r str>,
    /// Its customer called it urgent.
    pub urgent: bool,
    /// That raised its priority.
    pub raised: bool,
    /// Name of the SLA that it has.
    pub sla: Option<&'r str>,
    /// When its clock stood before, in their order.
    pub waits: Vec<Stretch>,
}

/// Takes what the store shows, in no order that matters but that of opening.
pub trait Gather {
    /// Every ticket that was opened in the period, in the order of opening; then those that were opened before and
    /// resolved in it.
    fn ticket(&mut self, ticket: &TicketFact<'_>);
    /// The acknowledgement of a ticket that was opened in the period offered these articles; `helped`: its customer said that
    /// it is solved, before any agent had answered.
    fn offered(&mut self, articles: &[String], helped: bool);
    /// So many entries of a kind within the quarter of an hour that begins `at`.
    fn mails(&mut self, at: Timestamp, kind: EntryKind, count: u64);
    /// From when on booked time is shown: an account may have begun before the period.
    fn times_since(&self) -> Timestamp;
    /// An agent booked so many minutes, on a ticket of an organisation or of none.
    fn worked(&mut self, agent: &str, organisation: Option<&str>, minutes: u64, at: Timestamp);
    /// So many tickets are live now, of an agent or of nobody.
    fn live(&mut self, owner: Option<&str>, count: u64);
    /// So many mails to addresses of a domain came back for good, or could not be sent and were given up.
    fn undelivered(&mut self, domain: &str, came_back: u64, given_up: u64);
}

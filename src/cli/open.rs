//! How a command gets at the desk: its configuration, and what it keeps.

use super::Global;
use super::exit::{self, Failure};
use super::output::Out;
use crate::model::{Policy, Ticket, TicketNumber};
use crate::store::{Reading, Store, TicketFilter};

/// What is kept, for changing and for reading.
pub trait Kept: Store + Reading {}

impl<T: Store + Reading> Kept for T {}

/// The desk as a command sees it. The daemon may be running beside.
pub struct Desk {
    pub policy: Policy,
    pub kept: Box<dyn Kept>,
}

/// Reads the configuration and opens the database.
pub fn desk(_global: &Global) -> Result<Desk, Failure> {
    Err(exit::fail(exit::SOFTWARE, "not built yet"))
}

impl Desk {
    /// Standard output in the desk's time zone.
    pub fn out(&self) -> Out {
        Out::stdout(self.policy.desk.timezone.clone())
    }

    /// A ticket that must be there.
    pub fn ticket(&self, number: TicketNumber) -> Result<Ticket, Failure> {
        if let Some(ticket) = self.kept.ticket(number)? {
            return Ok(ticket);
        }
        let latest = self.kept.tickets(&TicketFilter { all: true, limit: Some(3), ..TicketFilter::default() })?;
        let known = match latest.as_slice() {
            [] => "there are no tickets yet".to_owned(),
            some => format!("changed last: {}", list(some.iter().map(|t| t.number))),
        };
        Err(exit::fail(exit::DATA, format!("There is no ticket {number} ({known})")))
    }
}

/// `a, b, c`.
pub fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}

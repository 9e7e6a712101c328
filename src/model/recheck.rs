//! A mail whose sender could not be checked because the DNS did not answer: it is checked again a few times.

use jiff::SignedDuration;

use super::hold::HoldNumber;
use super::ticket::TicketNumber;

/// When it is checked again, each from the time at which it was taken in.
pub const AFTER: [SignedDuration; 3] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(5), SignedDuration::from_mins(15)];

/// What was made of such a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recheck {
    /// Where it stands; None where it waits in quarantine.
    pub ticket: Option<TicketNumber>,
    /// Of the entry in that ticket.
    pub seq: Option<u32>,
    /// The question to a contact that it caused.
    pub hold: Option<HoldNumber>,
}

//! What a person of the desk wants done with a ticket without a mail: an order from the command line.

use super::desk::Assignee;
use super::message::Attachment;
use super::ticket::TicketNumber;

/// The actor of orders that are given in no agent's name.
pub const OPERATOR: &str = "operator";

/// One order. It is decided like a mail: by a pure function over the store's answers, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub ticket: TicketNumber,
    /// An agent's name, or [`OPERATOR`].
    pub actor: String,
    pub what: OrderKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// Words for the customer.
    Reply {
        text: String,
        attachments: Vec<Attachment>,
        close: bool,
    },
    /// Words that are kept from the customer.
    Note {
        text: String,
    },
    Assign {
        to: Assignee,
    },
    /// Takes the ticket's tokens back.
    Revoke,
    Close,
    Reopen,
    /// The ticket lives on in the other one.
    Merge {
        into: TicketNumber,
    },
}

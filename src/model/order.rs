//! What an operator orders at the command line: the same changes that an agent makes by mail, without a mail.

use super::desk::Assignee;
use super::message::Attachment;
use super::ticket::TicketNumber;

#[derive(Clone, Debug)]
pub struct Order {
    pub ticket: TicketNumber,
    /// An agent's name, or `operator`.
    pub actor: String,
    pub what: OrderKind,
}

#[derive(Clone, Debug)]
pub enum OrderKind {
    /// Words for the customer; `close` ends the ticket with them.
    Reply {
        text: String,
        attachments: Vec<Attachment>,
        close: bool,
    },
    Note {
        text: String,
    },
    Assign {
        to: Assignee,
    },
    Close,
    Reopen,
    Merge {
        into: TicketNumber,
    },
}

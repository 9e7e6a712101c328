//! What waits for a word from a registered address: an action whose proof does not suffice, and that an answer from the
//! address on file releases. BEHAVIOUR section 1, "Confirmation".

use jiff::{SignedDuration, Timestamp};

use super::message::Digest;
use super::ticket::{TicketNumber, words};

/// Numbers of holds start here and are never given twice. They are no ticket's.
pub type HoldNumber = i64;

words! {
    /// What is released by the answer.
    HoldKind {
        /// An agent's mail: it is decided again, as though it had been proven.
        Agent = "agent",
        /// A restricted request on a ticket that is there: the ticket loses its mark.
        Request = "request",
        /// A contact's address: it is proven.
        Address = "address",
        /// A further address of an agent's: it is the agent's.
        Alternate = "alternate",
        /// A mail whose sender is not who he says: an agent's word lets it in as one of whom nothing is known, or leaves it
        /// out. Never one in an agent's name.
        Mail = "mail",
        /// An agent's answer that crossed with something that he could not know: his own `#send` lets it go.
        Crossed = "crossed",
    }
}

impl HoldKind {
    /// How long an answer is waited for.
    pub fn patience(self) -> SignedDuration {
        match self {
            HoldKind::Agent => SignedDuration::from_mins(60),
            HoldKind::Request | HoldKind::Address | HoldKind::Alternate | HoldKind::Mail | HoldKind::Crossed => {
                SignedDuration::from_hours(7 * 24)
            }
        }
    }

    /// How many of these mails one registered address gets in 24 hours: whoever forges an address must not be able to
    /// fill its mailbox. Agents at a site without any verdict confirm every mail of theirs. Of mail put aside so many are
    /// asked about in all; the operator hears of the others.
    pub fn per_day(self) -> u32 {
        match self {
            HoldKind::Agent | HoldKind::Mail | HoldKind::Crossed => 20,
            HoldKind::Request | HoldKind::Address | HoldKind::Alternate => 3,
        }
    }
}

words! {
    HoldState {
        /// For the answer.
        Waiting = "waiting",
        /// Answered; the held mail is to be decided again.
        Released = "released",
        Done = "done",
        /// The registered address said no.
        Denied = "denied",
    }
}

/// Something that waits for an answer from a registered address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub number: HoldNumber,
    pub kind: HoldKind,
    /// The agent's name, or the address: to whom the tokens of the confirmation mail are bound.
    pub who: String,
    pub ticket: Option<TicketNumber>,
    /// Of the raw mail that waits; None where no mail does.
    pub digest: Option<Digest>,
    pub state: HoldState,
    pub made_at: Timestamp,
    /// An answer after this does nothing.
    pub until: Timestamp,
    /// The registered address was told that its answer did nothing: that is said once.
    pub told: bool,
}

impl Hold {
    /// To whom the tokens are bound: the person, and the moment of asking, so that no token made before a database was put
    /// back from a backup fits what got the same number since.
    pub fn addressee(&self) -> String {
        format!("{}/{}", self.who, self.made_at.as_microsecond())
    }

    /// An answer now would release it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == HoldState::Waiting && now <= self.until
    }
}

//! What the desk decides about one mail (or one order, or one tick of the clock): plain data that the store writes down
//! and `explain` shows. Generic over the mails that leave: decide writes [`Draft`]s, compose turns them into
//! [`OutgoingMail`].

use super::address::AddrSpec;
use super::article::Suggestion;
use super::conduct::Mark;
use super::facts::{Authenticity, Believed, Sender, ThreadBy};
use super::hands::Worked;
use super::hold::Hold;
use super::message::Digest;
use super::outgoing::{Draft, OutgoingMail};
use super::recheck::Recheck;
use super::ticket::{Entry, HistoryLine, Ticket, TicketNumber, words};

words! {
    /// What is done with a mail, in one word; JSON's `decision.action`.
    Action {
        NewTicket = "newTicket",
        Append = "append",
        /// An agent's words go to the customer.
        Relay = "relay",
        Note = "note",
        /// An agent's commands, without words for the customer.
        Command = "command",
        Bounce = "bounce",
        Ignore = "ignore",
        Quarantine = "quarantine",
    }
}

/// What became of a mail: exactly one of these for every mail that a source ever showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It opened this ticket.
    Ticket(TicketNumber),
    /// It stands in this ticket.
    Appended(TicketNumber),
    /// It reported about mails of ours.
    Bounce {
        ticket: Option<TicketNumber>,
    },
    /// The same content was taken in before.
    Duplicate {
        ticket: Option<TicketNumber>,
    },
    Ignored {
        because: String,
    },
    /// Kept aside until somebody looks: it could not be read, or is not believed.
    Quarantined {
        because: String,
    },
    /// An order that no mail brought.
    Order,
}

impl Fate {
    /// The word in the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Fate::Ticket(_) => "ticket",
            Fate::Appended(_) => "appended",
            Fate::Bounce { .. } => "bounce",
            Fate::Duplicate { .. } => "duplicate",
            Fate::Ignored { .. } => "ignored",
            Fate::Quarantined { .. } => "quarantined",
            Fate::Order => "order",
        }
    }

    pub fn ticket(&self) -> Option<TicketNumber> {
        match self {
            Fate::Ticket(n) | Fate::Appended(n) => Some(*n),
            Fate::Bounce { ticket } | Fate::Duplicate { ticket } => *ticket,
            Fate::Ignored { .. } | Fate::Quarantined { .. } | Fate::Order => None,
        }
    }

    /// Why, for the fates that need a word of explanation.
    pub fn because(&self) -> Option<&str> {
        match self {
            Fate::Ignored { because } | Fate::Quarantined { because } => Some(because),
            _ => None,
        }
    }
}

/// One step of routing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteStep {
    /// `category`, `contact`, `organisation`, `mailbox`, `desk`, `group`, `absence`, `duty`.
    pub step: &'static str,
    /// The name of what was tried: the category, the group, the absent agent.
    pub rule: String,
    pub matched: bool,
    pub because: String,
}

/// The parts of the facts on which the decision rests, for `explain`.
#[derive(Clone, Debug)]
pub struct View {
    pub sender: Sender,
    pub sender_name: Option<String>,
    pub organisation: Option<String>,
    pub authenticity: Authenticity,
    pub thread_ticket: Option<TicketNumber>,
    pub thread_by: ThreadBy,
    pub permitted: bool,
    pub thread_because: String,
}

/// What is to be done, whole: either all of it is written, in one transaction, or none.
#[derive(Clone, Debug)]
pub struct Decision<Mail = Draft> {
    pub action: Action,
    pub fate: Fate,
    /// Absent for orders and the clock.
    pub view: Option<View>,
    /// Whole rows as they stand afterwards, new or changed.
    pub tickets: Vec<Ticket>,
    pub history: Vec<HistoryLine>,
    pub entries: Vec<Entry>,
    pub outgoing: Vec<Mail>,
    /// Acknowledgements that count against the budgets: the address each.
    pub acknowledged: Vec<String>,
    /// Round-robin groups and the member chosen now.
    pub turns: Vec<(String, String)>,
    /// What waits for a registered address to confirm it, or waits no longer: whole rows.
    pub holds: Vec<Hold>,
    /// Mails in quarantine that are left out for good, and why.
    pub left_out: Vec<(Digest, String)>,
    /// Contacts whose address was proven by an answer to a mail of ours.
    pub proven: Vec<AddrSpec>,
    /// Signatures that proved the mail, with its [`super::Message::consequences`].
    pub signatures: Vec<(String, Digest)>,
    /// Its sender is to be checked again.
    pub recheck: Option<Recheck>,
    /// The mail of this digest is not to be checked again.
    pub rechecked: Option<Digest>,
    /// Entries, by ticket and number in it, whose sender is judged otherwise now.
    pub verdicts: Vec<(TicketNumber, u32, Believed)>,
    /// By which numbers other desks call our tickets: whose desk, its number, our ticket.
    pub peer_tags: Vec<(String, String, TicketNumber)>,
    /// Outgoing mails (outbox ids) that came back, and the words of the report.
    pub bounced: Vec<(i64, String)>,
    /// What is to be remembered of addresses.
    pub marks: Vec<Mark>,
    pub route: Vec<RouteStep>,
    /// Articles that have something of the mail, the best first.
    pub articles: Vec<Suggestion>,
    /// Time that agents booked.
    pub times: Vec<Worked>,
    /// Entries (ticket, number in it) whose raw mail stands behind another entry, too.
    pub moved: Vec<(TicketNumber, u32, TicketNumber, u32)>,
    /// An agent's commands as written, each with what is wrong with it; None: it is carried out.
    pub commands: Vec<(String, Option<String>)>,
    /// Tags that tickets got (true) or lost.
    pub tags: Vec<(TicketNumber, String, bool)>,
    /// Why all this, in sentences, in the order in which it was thought.
    pub reasons: Vec<String>,
    /// What the operator should hear of.
    pub alarms: Vec<String>,
    /// Notices of the store's that this tells people of.
    pub told: Vec<i64>,
    /// What is noted as said or done now (true), and what no longer is so (false).
    pub moments: Vec<(String, bool)>,
}

/// A decision whose mails are finished bytes: what a store commits.
pub type Commit = Decision<OutgoingMail>;

impl<Mail> Decision<Mail> {
    pub fn new(action: Action, fate: Fate) -> Self {
        Decision {
            action,
            fate,
            view: None,
            tickets: Vec::new(),
            history: Vec::new(),
            entries: Vec::new(),
            outgoing: Vec::new(),
            acknowledged: Vec::new(),
            turns: Vec::new(),
            holds: Vec::new(),
            left_out: Vec::new(),
            proven: Vec::new(),
            signatures: Vec::new(),
            recheck: None,
            rechecked: None,
            verdicts: Vec::new(),
            peer_tags: Vec::new(),
            bounced: Vec::new(),
            marks: Vec::new(),
            route: Vec::new(),
            articles: Vec::new(),
            times: Vec::new(),
            moved: Vec::new(),
            commands: Vec::new(),
            tags: Vec::new(),
            reasons: Vec::new(),
            alarms: Vec::new(),
            told: Vec::new(),
            moments: Vec::new(),
        }
    }

    /// The same decision with its mails made into something else.
    pub fn map_outgoing<Other>(self, mails: Vec<Other>) -> Decision<Other> {
        Decision {
            action: self.action,
            fate: self.fate,
            view: self.view,
            tickets: self.tickets,
            history: self.history,
            entries: self.entries,
            outgoing: mails,
            acknowledged: self.acknowledged,
            turns: self.turns,
            holds: self.holds,
            left_out: self.left_out,
            proven: self.proven,
            signatures: self.signatures,
            recheck: self.recheck,
            rechecked: self.rechecked,
            verdicts: self.verdicts,
            peer_tags: self.peer_tags,
            bounced: self.bounced,
            marks: self.marks,
            route: self.route,
            articles: self.articles,
            times: self.times,
            moved: self.moved,
            commands: self.commands,
            tags: self.tags,
            reasons: self.reasons,
            alarms: self.alarms,
            told: self.told,
            moments: self.moments,
        }
    }
}

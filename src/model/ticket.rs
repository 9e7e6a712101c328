//! The ticket: its state, what can happen to it, and what stands in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::access::{Access, Proposed};
use super::address::Address;
use super::facts::Believed;
use super::hands::Hands;
use super::language::Language;
use super::message::Reply;
use super::promise::Service;

/// Numbers start at [`FIRST_NUMBER`] and are never given twice.
pub type TicketNumber = i64;

/// The first ticket of a desk. Four digits from the start, so that tokens keep their shape for years.
pub const FIRST_NUMBER: TicketNumber = 1001;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),+];
            /// The word in listings, JSON and the database.
            pub fn word(self) -> &'static str { match self { $($name::$variant => $word),+ } }
            pub fn from_word(word: &str) -> Option<Self> { match word { $($word => Some($name::$variant),)+ _ => None } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.word()) }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a ticket stands.
    Status {
        /// Nobody of the desk has done anything yet.
        New = "new",
        /// Being worked on; the desk owes the next word.
        Open = "open",
        /// The customer owes the next word.
        Waiting = "waiting",
        /// Put away until a time.
        Snoozed = "snoozed",
        Resolved = "resolved",
        Closed = "closed",
        /// Lives on in another ticket.
        Merged = "merged",
    }
}

impl Status {
    /// Somebody still owes something: counts as load of its owner.
    pub fn is_live(self) -> bool {
        matches!(self, Status::New | Status::Open | Status::Waiting | Status::Snoozed)
    }

    /// The desk owes the next word. Putting a ticket away does not stop its clock: the customer was promised something.
    pub fn clock_runs(self) -> bool {
        matches!(self, Status::New | Status::Open | Status::Snoozed)
    }
}

words! {
    Priority { Low = "low", Normal = "normal", High = "high", Urgent = "urgent" }
}

words! {
    /// Who wrote an entry, towards whom.
    Direction { Incoming = "incoming", Outgoing = "outgoing", Note = "note" }
}

words! {
    /// What an entry is.
    EntryKind {
        /// The mail that opened the ticket.
        Request = "request",
        /// A customer's further mail.
        Reply = "reply",
        /// A mail by somebody who is no participant.
        External = "external",
        /// A machine's mail: vacation notice, receipt, bounce.
        Automatic = "automatic",
        /// The desk's acknowledgement.
        Acknowledgement = "acknowledgement",
        /// What the desk writes to the customer by itself later on: a reminder, that the ticket is closed.
        Notice = "notice",
        /// An agent's answer to the customer.
        Answer = "answer",
        /// An agent's note, kept from the customer.
        Note = "note",
    }
}

/// Somebody besides the requester who gets copies of what is said on a ticket, because an agent or a believed
/// participant wanted it. See BEHAVIOUR: only these, the requester and agents ever get a ticket's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    pub name: Option<String>,
    pub email: String,
    /// The agent or the participant who added this one.
    pub added_by: String,
}

/// A ticket as it stands. The store keeps it whole and interprets nothing in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub number: TicketNumber,
    pub subject: String,
    pub status: Status,
    pub category: Option<String>,
    pub priority: Priority,
    pub language: Language,
    /// Name of the mailbox through which it came, and from whose address it is answered.
    pub mailbox: String,
    pub requester: Address,
    /// The contact's address, once the sender was believed to be that contact.
    pub contact: Option<String>,
    pub organisation: Option<String>,
    /// The mail that opened it was believed.
    pub verified: bool,
    /// Asked for something on which the desk acts only for verified senders.
    pub restricted: bool,
    /// Name of the agent.
    pub owner: Option<String>,
    /// Name of the group whose turn it is while nobody has taken it, or through which the owner was found.
    pub group: Option<String>,
    pub participants: Vec<Participant>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub first_response_due_at: Option<Timestamp>,
    pub resolve_due_at: Option<Timestamp>,
    pub first_responded_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub snoozed_until: Option<Timestamp>,
    pub merged_into: Option<TicketNumber>,
    /// Tickets that may belong to this one.
    pub linked: Vec<TicketNumber>,
    /// Message-IDs of the conversation with the customer, oldest first, without angle brackets: what our mails refer to
    /// (RFC 5322 section 3.6.4). At most [`THREAD_MAX`]; the first is always kept.
    pub thread: Vec<String>,
    /// How many entries it has; the next one's `seq` is one more.
    pub entries: u32,
    /// What was promised for it, and how far that has come.
    pub service: Service,
    /// Who may yet come in, and which tokens still open it.
    pub access: Access,
    /// Tags, watchers, time.
    pub hands: Hands,
}

/// Message-IDs kept for References.
pub const THREAD_MAX: usize = 20;

/// One thing that happened to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum TicketChange {
    Created,
    Status {
        to: Status,
    },
    Assigned {
        owner: Option<String>,
        group: Option<String>,
    },
    Category {
        to: Option<String>,
    },
    Priority {
        to: Priority,
    },
    /// An entry was added.
    Said {
        direction: Direction,
        kind: EntryKind,
        seq: u32,
    },
    /// An agent answered the customer for the first time or again.
    Answered,
    Participant {
        email: String,
        name: Option<String>,
        by: String,
    },
    ParticipantRemoved {
        email: String,
    },
    /// An agent may make this one a participant.
    Proposed(Proposed),
    /// All tokens made before prove nothing any more.
    TokensRevoked {
        generation: u32,
    },
    Linked {
        to: TicketNumber,
    },
    MergedInto {
        into: TicketNumber,
    },
    /// The sender was believed to be this contact.
    Bound {
        contact: String,
        organisation: Option<String>,
    },
    Snoozed {
        until: Timestamp,
    },
    /// What is promised for it, and by when that is due.
    Promised {
        sla: Option<String>,
        first_response_due_at: Option<Timestamp>,
        resolve_due_at: Option<Timestamp>,
    },
    /// The mail that opened it was proven after all.
    Verified,
    /// A restricted request was confirmed from the registered address.
    Confirmed {
        by: String,
    },
    /// An agent has it carried out though it is restricted, and answers for that.
    Overridden {
        by: String,
        reason: String,
    },
    /// It is this customer's, and not the agent's who opened it.
    Requester {
        email: String,
        name: Option<String>,
    },
    Tagged {
        tag: String,
    },
    Untagged {
        tag: String,
    },
    /// An agent hears of everything on it from now on.
    Watched {
        by: String,
    },
    Unwatched {
        by: String,
    },
    /// An agent booked time.
    Worked {
        by: String,
        minutes: u32,
    },
    /// Its first mail asked for these things, and numbered them.
    Checklist {
        items: Vec<String>,
    },
    /// One of them (from 1) is done, or is not after all.
    Ticked {
        item: usize,
        by: String,
        done: bool,
    },
    /// Something that changes no field but belongs to the story: a held reply, a failed delivery, a warning.
    Event {
        what: String,
    },
}

/// One line of a ticket's history: what changed, who did it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    pub ticket: TicketNumber,
    pub at: Timestamp,
    /// An agent's name, `customer`, `desk` or `operator`.
    pub actor: String,
    pub change: TicketChange,
    pub because: String,
}

impl Ticket {
    /// The first of what was promised and is not done yet; nothing of what stands still now.
    pub fn due_next(&self) -> Option<Timestamp> {
        let respond = self.first_response_due_at.filter(|_| self.status.is_live() && self.first_responded_at.is_none());
        let run = self.status.clock_runs();
        [respond, self.service.update_due_at.filter(|_| run), self.resolve_due_at.filter(|_| run)]
            .into_iter()
            .flatten()
            .min()
    }

    /// A new ticket of which nothing else is known yet, and on which nothing was said.
    pub fn opened(number: TicketNumber, mailbox: &str, requester: Address, language: Language, at: Timestamp) -> Self {
        Ticket {
            number,
            subject: String::new(),
            status: Status::New,
            category: None,
            priority: Priority::Normal,
            language,
            mailbox: mailbox.to_owned(),
            requester,
            contact: None,
            organisation: None,
            verified: false,
            restricted: false,
            owner: None,
            group: None,
            participants: Vec::new(),
            created_at: at,
            updated_at: at,
            first_response_due_at: None,
            resolve_due_at: None,
            first_responded_at: None,
            resolved_at: None,
            snoozed_until: None,
            merged_into: None,
            linked: Vec::new(),
            thread: Vec::new(),
            entries: 0,
            service: Service::default(),
            access: Access::default(),
            hands: Hands::default(),
        }
    }

    /// What a change means, said once for every back end and every caller.
    pub fn apply(&mut self, change: &TicketChange, at: Timestamp) {
        self.updated_at = at;
        match change {
            TicketChange::Created | TicketChange::Event { .. } => {}
            TicketChange::Status { to } => self.set_status(*to, at),
            TicketChange::Assigned { owner, group } => {
                self.owner.clone_from(owner);
                self.group.clone_from(group);
            }
            TicketChange::Category { to } => self.category.clone_from(to),
            TicketChange::Priority { to } => self.priority = *to,
            TicketChange::Said { seq, .. } => self.entries = self.entries.max(*seq),
            TicketChange::Answered => {
                self.first_responded_at.get_or_insert(at);
            }
            TicketChange::Participant { email, name, by } => {
                self.unpropose(email);
                if !self.is_participant(email) {
                    self.participants.push(Participant {
                        name: name.clone(),
                        email: email.clone(),
                        added_by: by.clone(),
                    });
                }
            }
            TicketChange::ParticipantRemoved { email } => {
                self.participants.retain(|p| !p.email.eq_ignore_ascii_case(email))
            }
            TicketChange::Proposed(proposed) => self.propose(proposed),
            TicketChange::TokensRevoked { generation } => {
                self.access.generation = self.access.generation.max(*generation);
            }
            TicketChange::Linked { to } => {
                if !self.linked.contains(to) && *to != self.number {
                    self.linked.push(*to);
                }
            }
            TicketChange::MergedInto { into } => {
                self.status = Status::Merged;
                self.merged_into = Some(*into);
            }
            TicketChange::Bound { contact, organisation } => {
                self.contact = Some(contact.clone());
                self.organisation.clone_from(organisation);
            }
            TicketChange::Promised { first_response_due_at, resolve_due_at, .. } => {
                self.first_response_due_at = *first_response_due_at;
                self.resolve_due_at = *resolve_due_at;
            }
            TicketChange::Verified => self.verified = true,
            TicketChange::Confirmed { .. } | TicketChange::Overridden { .. } => self.restricted = false,
            TicketChange::Requester { email, name } => {
                self.requester = Address { name: name.clone(), email: email.clone() };
                self.participants.retain(|p| !p.email.eq_ignore_ascii_case(email));
            }
            TicketChange::Tagged { tag } => self.set_tag(tag),
            TicketChange::Untagged { tag } => self.hands.tags.retain(|known| known != tag),
            TicketChange::Watched { by } => self.set_watcher(by),
            TicketChange::Unwatched { by } => self.hands.watchers.retain(|known| !known.eq_ignore_ascii_case(by)),
            TicketChange::Worked { minutes, .. } => {
                self.hands.minutes = self.hands.minutes.saturating_add(*minutes);
            }
            TicketChange::Checklist { items } => self.set_checklist(items),
            TicketChange::Ticked { item, by, done } => self.tick(*item, by, *done, at),
            TicketChange::Snoozed { until } => {
                self.resolved_at = None;
                self.status = Status::Snoozed;
                self.snoozed_until = Some(*until);
            }
        }
    }

    fn set_status(&mut self, to: Status, at: Timestamp) {
        self.status = to;
        self.snoozed_until = None;
        match to {
            Status::Resolved | Status::Closed => {
                self.resolved_at.get_or_insert(at);
            }
            Status::New | Status::Open | Status::Waiting | Status::Snoozed => self.resolved_at = None,
            Status::Merged => {}
        }
    }

    /// The requester, or somebody who was added.
    pub fn is_participant(&self, email: &str) -> bool {
        self.requester.email.eq_ignore_ascii_case(email)
            || self.participants.iter().any(|p| p.email.eq_ignore_ascii_case(email))
    }

    /// Remembers a Message-ID of the conversation with the customer.
    pub fn remember(&mut self, message_id: &str) {
        if message_id.is_empty() || self.thread.iter().any(|id| id == message_id) {
            return;
        }
        self.thread.push(message_id.to_owned());
        if self.thread.len() > THREAD_MAX {
            self.thread.remove(1);
        }
    }
}

/// What is kept of an attachment beside the raw mail that contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentInfo {
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub media_type: String,
    pub size: u64,
    pub disposition: String,
    pub cid: Option<String>,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// One thing said on a ticket: a mail in, a mail out, or a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub ticket: TicketNumber,
    /// 1, 2, 3, … within the ticket.
    pub seq: u32,
    pub direction: Direction,
    pub kind: EntryKind,
    pub from: Address,
    pub to: Vec<Address>,
    pub at: Timestamp,
    pub subject: String,
    /// All of the text.
    pub text: String,
    /// What was said this time, the history folded away.
    pub reply: Reply,
    pub attachments: Vec<AttachmentInfo>,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Of incoming mail: whether its sender was believed.
    pub believed: Option<Believed>,
    /// The raw mail of this entry is the one that is being taken in. False for what the desk wrote itself.
    pub raw: bool,
}

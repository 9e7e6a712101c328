//! Mail on its way out: drafts (what is to be said, to whom), finished bytes, and how sending went.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::address::{AddrSpec, Address};
use super::content::Content;
use super::desk::Policy;
use super::hold::HoldNumber;
use super::language::Language;
use super::message::Attachment;
use super::ticket::{Status, Ticket, TicketNumber, words};
use super::token::{About, TokenKind};

/// The line above which agents answer. ASCII, short enough that no client wraps it, and the same in every language, so
/// that it is found again behind any quote prefix and after any change of charset. Text of the notification's own
/// language follows it on the same line.
pub const MARKER: &str = "-=-=-=- postdesk";

words! {
    /// The mails that the desk writes: the word is the name of its text, and what `outbox` shows as `template`.
    Template {
        /// To a customer: your request arrived. Without a word of the sender's where he was not believed.
        Acknowledgement = "acknowledgement",
        AcknowledgementMinimal = "acknowledgement-minimal",
        /// To a customer: the next word is his, for some time now.
        Reminder = "reminder",
        /// To a customer: his ticket was closed, because he did not answer.
        Closed = "closed",
        /// To a customer: his ticket is resolved, and what to do if it is not.
        Resolved = "resolved",
        /// To a customer: what an agent wrote.
        Answer = "answer",
        /// To an agent: a new ticket is his (or his group's).
        NotifyNew = "notify-new",
        /// To an agent: the customer, or a machine, said something on his ticket.
        NotifyReply = "notify-reply",
        /// To an agent: a ticket was given to him.
        NotifyAssigned = "notify-assigned",
        /// To an agent: a colleague's note.
        NotifyNote = "notify-note",
        /// To an agent: a colleague answered the customer on his ticket, or on one that he watches.
        NotifyAnswer = "notify-answer",
        /// To an agent: another ticket was merged into his.
        NotifyMerged = "notify-merged",
        /// To an agent: his answer waits, because something happened on the ticket that he could not know.
        Crossed = "crossed",
        /// To an agent: what he asked the desk, or what his commands did that he could not expect.
        Receipt = "receipt",
        /// To an agent: the time that was promised for a ticket runs out, or has.
        NotifyDue = "notify-due",
        /// To an agent: nothing has happened on his ticket for some time.
        NotifySilent = "notify-silent",
        /// To an agent: the time for which a ticket was put away has passed.
        NotifyReturned = "notify-returned",
        /// To an agent's pager: an urgent ticket came out of hours.
        Page = "page",
        /// To an agent: his mail was not carried out, and why.
        Refused = "refused",
        /// To an agent: our mail to the customer came back.
        NotifyBounce = "notify-bounce",
        /// To a registered address: is this yours? An answer releases what is held.
        Confirm = "confirm",
        /// To a registered address: its answer came too late, or a second time.
        ConfirmOver = "confirm-over",
        /// To an agent: what the registered address answered about a restricted request.
        NotifyConfirmed = "notify-confirmed",
        /// To an agent: who made a restricted request is proven after all.
        NotifyProven = "notify-proven",
        /// To an agent: how his tickets stand, once a day.
        Digest = "digest",
        /// To whoever leads the desk: how it does, once a week.
        Weekly = "weekly",
        /// To the operator: something needs a person.
        Alarm = "alarm",
    }
}

impl Template {
    /// A machine's answer to a customer's mail, of which each mail gets at most one and which is not sent a second time
    /// when it is unknown whether the first arrived.
    pub fn is_acknowledgement(self) -> bool {
        matches!(self, Template::Acknowledgement | Template::AcknowledgementMinimal)
    }

    /// What the desk writes to a customer by itself, though no mail of his caused it now.
    pub fn is_notice(self) -> bool {
        matches!(self, Template::Reminder | Template::Closed | Template::Resolved)
    }

    /// Whether it is sent again when it is unknown whether it arrived: what an agent wrote and what an agent must hear of is
    /// worse lost than doubled (RFC 1047), and the double has the same Message-ID. What a machine says to a customer is not.
    pub fn goes_again_when_unknown(self) -> bool {
        !self.is_acknowledgement() && !self.is_notice()
    }

    /// Of what waits to be sent, the lower goes first: 0 what a customer or a registered contact waits for and what must
    /// wake somebody, 1 what agents and operators are told. Matters only while more waits than can be sent.
    pub fn rank(self) -> u8 {
        match self {
            Template::Acknowledgement
            | Template::AcknowledgementMinimal
            | Template::Answer
            | Template::Reminder
            | Template::Closed
            | Template::Resolved
            | Template::Confirm
            | Template::ConfirmOver
            | Template::Page
            | Template::Alarm => 0,
            Template::NotifyNew
            | Template::NotifyReply
            | Template::NotifyAssigned
            | Template::NotifyNote
            | Template::NotifyAnswer
            | Template::NotifyMerged
            | Template::NotifyDue
            | Template::NotifySilent
            | Template::NotifyReturned
            | Template::NotifyConfirmed
            | Template::NotifyProven
            | Template::NotifyBounce
            | Template::Refused
            | Template::Receipt
            | Template::Crossed
            | Template::Digest
            | Template::Weekly => 1,
        }
    }

    /// Written by a person for a person: carries no Auto-Submitted.
    pub fn is_words_of_a_person(self) -> bool {
        self == Template::Answer
    }
}

/// For whom a mail is made: this is bound into its signed Message-ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    Customer,
    /// By name.
    Agent(String),
    /// Whoever can read the registered address: `who` is [`super::Hold::addressee`].
    Registered {
        hold: HoldNumber,
        who: String,
    },
    /// Somebody whose answer would prove nothing: the operator, a pager.
    Operator,
}

/// A mail to be made: everything that [`crate::compose`] needs besides the policy. Texts in it are raw; compose passes
/// every one of them through the sanitiser.
#[derive(Clone, Debug)]
pub struct Draft {
    pub template: Template,
    pub addressee: Addressee,
    /// The one recipient of this copy.
    pub to: Address,
    /// Shown in Cc beside the recipient, so that everybody sees who reads along; no copy is sent to them by this draft.
    pub cc: Vec<Address>,
    /// The name of the mailbox from whose address it is sent.
    pub mailbox: String,
    pub language: Language,
    /// The ticket as it stands after the decision; None for alarms and digests.
    pub ticket: Option<Ticket>,
    /// Message-IDs, without angle brackets.
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// The words this mail carries: an agent's answer, or the customer's words in a notification.
    pub text: String,
    /// Who wrote `text`.
    pub author: Option<Address>,
    pub attachments: Vec<Attachment>,
    /// Further values for the template, by the names that the text files use.
    pub values: BTreeMap<&'static str, Value>,
    /// What caused this mail: the same cause gives the same Message-ID, another one another.
    pub cause: String,
    pub at: Timestamp,
}

impl Draft {
    /// The signed Message-ID that this mail will have, without angle brackets: derived from its cause, so that deciding
    /// can name it before composing makes it, and making it again gives the same.
    pub fn message_id(&self, policy: &Policy) -> String {
        let about = self.token_about().unwrap_or(About::from(0));
        let cause = Self::token_cause(self.template, &self.cause);
        policy.keys.message_id(self.addressee.kind(), about, self.token_addressee(), &cause, &policy.desk.domain)
    }

    /// What goes into the Message-ID of a mail of this template with this cause.
    pub fn token_cause(template: Template, cause: &str) -> String {
        format!("{}:{cause}", template.word())
    }

    /// What hidden tokens in this mail are about: the ticket, or what is held.
    pub fn token_about(&self) -> Option<About> {
        match &self.addressee {
            Addressee::Registered { hold, .. } => Some(About::from(*hold)),
            _ => self.ticket.as_ref().map(Ticket::token),
        }
    }

    /// To whom hidden tokens in this mail are bound: an agent's name, or the recipient's address.
    pub fn token_addressee(&self) -> &str {
        match &self.addressee {
            Addressee::Agent(name) | Addressee::Registered { who: name, .. } => name,
            Addressee::Customer | Addressee::Operator => &self.to.email,
        }
    }
}

impl Addressee {
    pub fn kind(&self) -> TokenKind {
        match self {
            Addressee::Customer => TokenKind::Customer,
            Addressee::Agent(_) => TokenKind::Agent,
            Addressee::Registered { .. } => TokenKind::Confirm,
            Addressee::Operator => TokenKind::Bounce,
        }
    }
}

/// A value for a template. Text is only ever data: it is never parsed as a template again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<String>),
    Digest(super::digest::Digest),
    /// The weeks that are compared, the last one last.
    Weeks(Vec<super::digest::Week>),
    Rows(Vec<Row>),
}

/// A line of an answer to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A text of the text files above what follows, with what it is about.
    Title(&'static str, String),
    Ticket {
        number: TicketNumber,
        status: Status,
        /// The owner, else the group.
        owner: Option<String>,
        requester: String,
        subject: String,
        at: Timestamp,
    },
    Event {
        at: Timestamp,
        actor: String,
        what: String,
        because: String,
    },
    /// A command: its word, what follows it, and its word in the agent's language.
    Command {
        word: &'static str,
        argument: &'static str,
        also: &'static str,
    },
    /// A line as it is.
    Line(String),
    /// Nothing was found.
    Nothing,
    /// There is more than is shown.
    More,
}

/// A finished mail: these bytes leave, and the same ones again after a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    pub template: Template,
    pub ticket: Option<TicketNumber>,
    pub language: Language,
    /// Name of the mailbox in whose name it leaves: its `observe` holds it back.
    pub mailbox: String,
    /// Envelope sender (RFC 5321 section 4.1.1.2); None is the null path `<>`.
    pub envelope_from: Option<AddrSpec>,
    /// The one envelope recipient.
    pub to: Address,
    pub subject: String,
    /// Without angle brackets.
    pub message_id: String,
    pub content: Content,
    /// Its whole text, for the ticket.
    pub text: String,
    /// Held back: the mailbox only observes.
    pub observed: bool,
}

words! {
    /// Where an outgoing mail stands.
    OutboxState {
        Waiting = "waiting",
        /// Failed for now; goes again at its time.
        Deferred = "deferred",
        /// Will not go again by itself.
        Failed = "failed",
        /// Somebody is sending it.
        Claimed = "claimed",
        /// All but the final dot was sent; whether it arrived is unknown until the reply is recorded.
        InData = "in-data",
        Sent = "sent",
        /// Accepted, and came back.
        Bounced = "bounced",
        /// Would have been sent, but the mailbox only observes.
        Observed = "observed",
        /// An operator took it out.
        Dropped = "dropped",
    }
}

/// An outgoing mail that was claimed for sending. Its try is already counted.
#[derive(Clone, Debug)]
pub struct OutboxEntry {
    pub id: i64,
    pub template: Template,
    pub ticket: Option<TicketNumber>,
    pub envelope_from: Option<AddrSpec>,
    pub to: AddrSpec,
    pub message_id: String,
    /// This one included.
    pub attempts: u32,
    /// When it was first queued.
    pub queued_at: Timestamp,
    /// A try before ended between the final dot and the reply: it may have arrived.
    pub ambiguous: bool,
}

/// A reply by an SMTP server (RFC 5321 section 4.2), or what stands for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpReply {
    /// 0 where no server said anything.
    pub code: u16,
    /// RFC 3463, where given.
    pub enhanced: Option<String>,
    /// First lines, at most 500 characters.
    pub text: String,
}

/// Words for a customer that will not leave by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// The mail's id in the outbox.
    pub outbox: i64,
    pub ticket: TicketNumber,
    /// The recipient.
    pub to: String,
    /// What the server said, or why it was given up.
    pub because: String,
}

/// How one try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The server took responsibility (250 after the final dot).
    Accepted(SmtpReply),
    /// Not now (4xx, no connection): before the final dot, so nothing arrived.
    Deferred(SmtpReply),
    /// Never (5xx).
    Rejected(SmtpReply),
    /// Cut off between the final dot and the reply: it may have arrived.
    Ambiguous(SmtpReply),
}

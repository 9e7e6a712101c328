//! What the store is asked about a mail ([`Lookup`]), what it answers ([`Found`]), and what the answers mean ([`Facts`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::Packages;
use super::address::AddrSpec;
use super::asked::{Asked, Similar, Told};
use super::conduct::{Automatic, Conduct, Learnt, MailToIt};
use super::hold::{Hold, HoldNumber};
use super::language::Language;
use super::message::{Digest, Signature};
use super::promise::UrgentCount;
use super::ticket::{Entry, Priority, Status, Ticket, TicketNumber, words};
use super::token::{Generations, Proven, TokenKind};
use jiff::Timestamp;

/// Everything that one mail's decision needs from the store, asked at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    pub mailbox: String,
    /// Firms that have hours: of those that the mail concerns, what was booked is asked.
    pub packages: Arc<Packages>,
    /// The raw mail's digest and its content's fingerprint; None for orders that come from no mail.
    pub digest: Option<Digest>,
    pub fingerprint: Option<Digest>,
    pub message_id: Option<String>,
    /// Keyed digests by which it is known again, should it have been erased ([`super::token::KeyRing::tombstones`]).
    pub erased: Vec<String>,
    /// Signatures by which the mail may have been seen before ([`super::token::KeyRing::signature_marks`]).
    pub signatures: Vec<String>,
    /// Whose contact, organisation, earlier tickets and acknowledgements are looked for.
    pub sender: Option<AddrSpec>,
    /// The least of the budgets of an hour. Where fewer acknowledgements are kept in all, it is not reached, and nobody
    /// counts those of the hour: [`Acknowledged`] then has all of them.
    pub least_budget: u32,
    /// The sender, and From, are the requester of this ticket: no mail came, the desk looks at it by itself.
    pub requester_of: Option<TicketNumber>,
    /// From's address, whoever the sender is: whose conduct is looked for.
    pub from: Option<AddrSpec>,
    /// When the mail was written, by what it says itself.
    pub written_at: Option<Timestamp>,
    /// Numbers by which From's desk may call tickets of ours.
    pub foreign_tags: Vec<String>,
    /// From's address, where it is an agent's: of which it is asked what was learnt.
    pub agents: Option<AddrSpec>,
    /// The skeleton of From's domain ([`super::lookalike`]), by which domains on file that look like it are found.
    pub skeleton: Option<String>,
    /// The skeleton of From's name, by which people on file are found who bear it.
    pub name: Option<String>,
    /// Tickets that the mail names, proven or not.
    pub tickets: Vec<TicketNumber>,
    /// Message-IDs that the mail refers to, of which a ticket may know some.
    pub message_ids: Vec<String>,
    /// Message-IDs of ours that a bounce names.
    pub bounced: Vec<String>,
    /// The hold whose confirmation the mail seems to be; its check is made with the answer at hand.
    pub hold: Option<HoldNumber>,
    /// Whose confirmation mails of the last day are counted: an agent's name, or an address.
    pub holds_of: Option<String>,
    /// It will most likely be put aside, and an agent may be asked about it: such questions of the last day are counted.
    pub aside: bool,
    /// The agents' loads are needed (some group assigns by them).
    pub loads: bool,
    /// What was said on the tickets is needed (somebody may have to be told the whole story).
    pub story: bool,
    /// Of what it is asked when it was last said, done or seen.
    pub moments: Vec<String>,
    /// Of so many last tickets of the organisation, else of the sender, it is counted how many were called urgent; 0:
    /// it is not.
    pub urgent_of: u32,
    /// What agents ask.
    pub asked: Asked,
}

/// The store's answers, read in the same transaction in which the decision is written.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Minutes that were booked for a firm with hours since these began: its name, how many.
    pub spent: Vec<(String, u32)>,
    /// The number that the next new ticket gets.
    pub next_ticket: TicketNumber,
    /// The same content was taken in before.
    pub duplicate: Option<Earlier>,
    /// It was erased at a person's request.
    pub erased: bool,
    /// Of the signatures asked for, those that proved a mail before, with [`super::Message::consequences`] of that mail.
    pub signatures: Vec<(String, Digest)>,
    /// A mail with this Message-ID but other content was taken in before.
    pub id_reused: bool,
    pub contact: Option<Contact>,
    /// The contact's other addresses, where the mail names tickets.
    pub other_addresses: Vec<String>,
    /// The organisation of the contact, else of the sender's domain.
    pub organisation: Option<Organisation>,
    /// The tickets asked for that exist, each followed through merges to the one that lives on: (asked, found).
    pub tickets: Vec<(TicketNumber, Ticket)>,
    /// How often the tokens of the tickets asked for were taken back, of each by its own number.
    pub generations: Generations,
    /// Tickets that live on in one of those found, where the story is asked for.
    pub absorbed: Vec<Ticket>,
    /// Of the Message-IDs asked for, those that belong to a ticket.
    pub known_ids: Vec<(String, TicketNumber)>,
    /// Of the Message-IDs of ours that a bounce names, the outgoing mails.
    pub bounced: Vec<BouncedMail>,
    /// The sender's latest tickets, newest first, at most 5.
    pub earlier: Vec<EarlierTicket>,
    /// The number that the next hold gets.
    pub next_hold: HoldNumber,
    /// The hold that was asked for, and that of this very mail, where it was held before.
    pub hold: Option<Hold>,
    pub held: Option<Hold>,
    /// Confirmation mails that were caused in the last 24 hours for whom it was asked.
    pub confirmations: u32,
    /// Questions about mails that were put aside in the last 24 hours; None where nobody may be asked about this one.
    pub asked_aside: Option<u32>,
    /// Live tickets per agent.
    pub loads: BTreeMap<String, u32>,
    /// Per round-robin group, the member chosen last.
    pub turns: BTreeMap<String, String>,
    pub acknowledged: Acknowledged,
    /// New tickets of this sender within the last half hour, newest first, at most 20.
    pub recent: Vec<Similar>,
    /// What was said on the tickets asked for, oldest first, where it was asked for: of each the first entry and the last 20.
    pub said: Vec<Entry>,
    /// What is remembered of From's address.
    pub conduct: Conduct,
    /// How mail to the sender fared, who may be another than From: a customer whose mail an agent forwards.
    pub mail_to_sender: MailToIt,
    /// Machines' mail of this day, and what is usual.
    pub automatic: Automatic,
    /// By which of the numbers asked for From's desk calls which ticket of ours.
    pub peer_tags: Vec<(String, TicketNumber)>,
    /// A person took the mail out of quarantine, to be decided again.
    pub reopened: bool,
    /// What was learnt of it, where it is an agent's.
    pub learnt: Learnt,
    /// A domain of an organisation on file that looks like From's and is another.
    pub resembles: Option<String>,
    /// The address of a contact whose name, or address, looks like From's, and who is another.
    pub double_of: Option<String>,
    /// Of the organisation's, else the sender's last tickets.
    pub urgent: UrgentCount,
    /// When what was asked for was last said, done or seen; what never was is missing.
    pub moments: BTreeMap<String, Timestamp>,
    pub told: Told,
}

/// Where a mail went that was taken in before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    pub ticket: Option<TicketNumber>,
    /// The fate word it got.
    pub fate: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierTicket {
    pub number: TicketNumber,
    pub subject: String,
    pub status: Status,
    pub created_at: Timestamp,
}

/// One of our mails that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BouncedMail {
    pub outbox: i64,
    pub ticket: Option<TicketNumber>,
    pub to: String,
    pub message_id: String,
    /// Already known to have bounced.
    pub known: bool,
}

/// How many acknowledgements left lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// To this address in the last ten minutes, and 24 hours.
    pub address_ten_minutes: u32,
    pub address_day: u32,
    /// To this domain, and in all, in the last hour.
    pub domain_hour: u32,
    pub all_hour: u32,
}

/// A person whom the desk knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub email: AddrSpec,
    pub name: Option<String>,
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// Name of the agent or group that looks after this contact.
    pub manager: Option<String>,
    pub language: Option<Language>,
    pub sla: Option<String>,
    pub priority: Option<Priority>,
    pub note: Option<String>,
    /// When the address was last proven (an answer to a mail of ours); None: it stands in a file only.
    pub proven_at: Option<Timestamp>,
}

impl Contact {
    /// Somebody of whom nothing but the address is on file.
    pub fn of(email: AddrSpec) -> Self {
        Contact {
            email,
            name: None,
            organisation: None,
            manager: None,
            language: None,
            sla: None,
            priority: None,
            note: None,
            proven_at: None,
        }
    }
}

/// A customer firm, known by the domains of its addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    pub domains: Vec<String>,
    pub manager: Option<String>,
    pub language: Option<Language>,
    pub sla: Option<String>,
    pub priority: Option<Priority>,
    pub note: Option<String>,
}

words! {
    /// Whether `From:` is believed.
    Believed { Verified = "verified", Unauthenticated = "unauthenticated", Failed = "failed" }
}

words! {
    Strength { Strong = "strong", Weak = "weak" }
}

/// The judgement on `From:`, and its grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticity {
    pub believed: Believed,
    /// Some where verified.
    pub strength: Option<Strength>,
    /// One sentence.
    pub because: String,
    /// What was seen, a line each, as stored with the mail.
    pub evidence: Vec<String>,
}

/// Of the fields from which rights follow, those that the proof of From covers. What it does not cover, anybody may have
/// written who had the mail in his hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    pub to: bool,
    pub cc: bool,
    pub subject: bool,
    pub in_reply_to: bool,
    pub references: bool,
    /// Where the mail was delivered: no signature ever covers that.
    pub envelope: bool,
}

impl Covered {
    pub const ALL: Covered =
        Covered { to: true, cc: true, subject: true, in_reply_to: true, references: true, envelope: true };

    /// What either covers.
    pub fn or(self, other: Covered) -> Covered {
        Covered {
            to: self.to || other.to,
            cc: self.cc || other.cc,
            subject: self.subject || other.subject,
            in_reply_to: self.in_reply_to || other.in_reply_to,
            references: self.references || other.references,
            envelope: self.envelope || other.envelope,
        }
    }
}

/// What the desk's own check of a mail's DKIM signatures, against keys and DMARC records in the DNS, came to. Made once,
/// before the transaction; alone it can prove, never condemn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnProof {
    pub outcome: ProofOutcome,
    /// The signatures that prove, where the outcome is [`ProofOutcome::Aligned`].
    pub by: Vec<Signature>,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProofOutcome {
    /// No check was made: no DNS, or nothing to check.
    #[default]
    NotChecked,
    /// Checked, and nothing proves the From domain. `policy_unmet`: the domain's DMARC policy asks for more.
    Nothing { policy_unmet: bool },
    /// A signature that covers From is aligned with its domain (RFC 9989 section 4.4).
    Aligned { domain: String },
    /// The DNS did not answer: to be checked again.
    TempError,
}

/// Who wrote, as far as the address says; whether to believe it is [`Authenticity`]'s matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// By name.
    Agent(String),
    Contact(Contact),
    Stranger,
    /// One of the desk's own addresses.
    Ourselves,
}

words! {
    /// By which sign a mail was joined to a ticket.
    ThreadBy {
        /// A signed plus-address of ours.
        PlusAddress = "plus-address",
        /// Our signed Message-ID in In-Reply-To or References.
        References = "references",
        /// The subject token with its check.
        Token = "token",
        /// Message-IDs that a ticket knows, not made by us.
        KnownId = "known-id",
        /// The number by which another desk calls the ticket, and told us so in its answer to a mail of ours.
        PeerTag = "peer-tag",
        /// A bare number, unproven.
        Number = "number",
        None = "none",
    }
}

impl ThreadBy {
    /// The sign could only be made by the desk's key.
    pub fn is_proof(self) -> bool {
        matches!(self, ThreadBy::PlusAddress | ThreadBy::References | ThreadBy::Token)
    }
}

/// To which ticket a mail says that it belongs. Whether it may is decided elsewhere.
#[derive(Clone, Debug)]
pub struct Thread {
    pub ticket: Option<Ticket>,
    pub by: ThreadBy,
    /// The hidden token that proved it, where one did.
    pub proven: Option<Proven>,
    /// Of a hidden token: for whom the mail was made that is being answered.
    pub kind: Option<TokenKind>,
    /// Other tickets that the mail names with proof, or this one without.
    pub also: Vec<TicketNumber>,
    /// A field that the proof of From covers names the ticket.
    pub covered: bool,
    /// Numbers that were named with a wrong or missing check, or that do not exist.
    pub unproven: Vec<TicketNumber>,
    pub because: String,
}

/// The mail answers a confirmation mail, and bears its signed token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub hold: Hold,
    /// From is the agent's, or the contact's address on file, for whom it was made.
    pub by_registered: bool,
}

/// What is known when a mail's decision is made.
#[derive(Clone, Debug)]
pub struct Facts {
    pub authenticity: Authenticity,
    /// What of the mail is the author's, where From is proven.
    pub covered: Covered,
    /// The signatures that prove it, by which it is known again ([`super::token::KeyRing::signature_marks`]).
    pub proven_by: Vec<String>,
    /// One of them came before, with another mail.
    pub replayed: bool,
    /// Nothing is proven, and the DNS did not answer: to be checked again.
    pub unanswered: bool,
    pub sender: Sender,
    pub organisation: Option<Organisation>,
    pub thread: Thread,
    /// The sender's agent name, where a signed reply identity for exactly this agent came with the mail.
    pub agent_token: bool,
    /// The same of a mail of the desk's that belongs to no ticket.
    pub desk_token: bool,
    /// The mail was held and has been confirmed since: the judgement stands on that, and not on the mail.
    pub confirmed: bool,
    pub confirmation: Option<Confirmation>,
    /// Ticket checks in this mail that do not hold and count as guesses.
    pub wrong_checks: u32,
    pub found: Found,
}

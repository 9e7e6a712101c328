//! The desk as the operator configured it: who works here, for whom, by which rules. The config room makes a [`Policy`]
//! of it once, checked; from then on it is plain data, and every name in it resolves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::account::Packages;
use super::address::AddrSpec;
use super::article::Articles;
use super::ask::Ask;
use super::digest::WeeklyAt;
use super::language::Language;
use super::lookalike::{domain_skeleton, name_skeleton};
use super::promise::Promises;
use super::reply_template::ReplyTemplates;
use super::ticket::Priority;
use super::token::KeyRing;

/// All that decisions are made from besides the mail and the store.
#[derive(Clone, Debug)]
pub struct Policy {
    pub desk: Desk,
    pub mailboxes: Vec<Mailbox>,
    pub agents: Vec<Agent>,
    pub groups: Vec<Group>,
    /// In the order in which they are tried.
    pub categories: Vec<Category>,
    pub budgets: Budgets,
    pub keys: KeyRing,
    /// The operator's own texts: language → key → template. What is missing here is the built-in text.
    pub texts: BTreeMap<Language, BTreeMap<String, String>>,
    pub promises: Promises,
    /// What agents send again and again.
    pub templates: ReplyTemplates,
    /// Answers that are written already.
    pub articles: Articles,
    /// Hours that firms have.
    pub packages: Arc<Packages>,
    /// What the desk and its people look like, once somebody has asked: see [`Policy::looks`].
    pub looks: OnceLock<OwnLooks>,
}

/// What may be taken for the desk or its people, by what it looks like (see [`super::lookalike`]).
#[derive(Clone, Debug)]
pub struct OwnLooks {
    /// Domains of the mailboxes and of the agents, in order, each with its skeleton.
    pub domains: Vec<(String, String)>,
    /// Skeletons of the agents' names, in the order of [`Policy::agents`].
    pub agents: Vec<Option<String>>,
    pub desk: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Desk {
    /// What customers see as the sender.
    pub name: String,
    /// First part of the subject token: ASCII letters and digits, at most 12.
    pub prefix: String,
    /// Right-hand side of the Message-IDs that the desk makes.
    pub domain: String,
    pub language: Language,
    pub timezone: TimeZone,
    /// The last step of routing.
    pub owner: Assignee,
    /// To whom the desk reports trouble; None: only to the log.
    pub operator: Option<AddrSpec>,
    /// Days after its end during which a reply reopens a ticket; later it opens a linked new one.
    pub reopen_days: u32,
    /// What it takes to believe an agent.
    pub agents: AgentProof,
    /// Who gets a report on the week.
    pub weekly: Option<WeeklyAt>,
}

/// What it takes to carry out a mail that comes in an agent's name. A mail that is provably forged is never carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentProof {
    /// As `Confirm` wherever proof can exist: for mail that came through a mailbox which believes its servers, and for an
    /// address from which strongly proven mail was seen before. Elsewhere as `Token`.
    #[default]
    Auto,
    /// The signed reply identity and the agent's address in From.
    Token,
    /// Both, and strong proof of From; else the agent confirms at the registered address.
    Confirm,
}

/// A support inbox.
#[derive(Clone, Debug)]
pub struct Mailbox {
    pub name: String,
    pub address: AddrSpec,
    /// Other addresses that end up here.
    pub aliases: Vec<AddrSpec>,
    pub owner: Option<Assignee>,
    pub language: Option<Language>,
    pub start: Start,
    /// Tickets are made and shown, nothing is sent.
    pub observe: bool,
    /// authserv-ids whose Authentication-Results are believed (RFC 8601 section 2.5), lower case.
    pub believe: Vec<String>,
    /// Received lines that the operator's own servers add: what stands above the last of them is theirs.
    pub hops: u32,
    /// `address+anything` reaches this mailbox.
    pub plus: bool,
}

/// Which mail counts at the first contact with a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Only what arrives from now on.
    New,
    All,
    /// What arrived on or after this day (UTC).
    Since(Date),
}

#[derive(Clone, Debug)]
pub struct Agent {
    /// The name by which commands and configuration call the agent.
    pub name: String,
    pub display: String,
    /// The first is the registered one, where notifications go; a mail from any of them may be the agent's.
    pub addresses: Vec<AddrSpec>,
    pub language: Option<Language>,
    /// An address that wakes: one line goes there when the agent on duty is needed.
    pub pager: Option<AddrSpec>,
    pub away: Vec<Absence>,
    /// When the agent is told how his tickets stand, in minutes since midnight by the desk's clock.
    pub digest: Option<u16>,
    /// A disabled agent is assigned nothing and believed nothing.
    pub disabled: bool,
}

impl Agent {
    /// Where mail for this agent goes. The configuration check refuses an agent without an address.
    pub fn address(&self) -> &AddrSpec {
        &self.addresses[0]
    }

    /// The absence that holds at an instant; days are whole days in the desk's time zone.
    pub fn absence(&self, now: Timestamp, zone: &TimeZone) -> Option<&Absence> {
        let today = now.to_zoned(zone.clone()).date();
        self.away.iter().find(|a| a.from <= today && today <= a.until)
    }
}

/// Both days belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    pub from: Date,
    pub until: Date,
    /// An agent's name.
    pub substitute: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    /// Names of agents.
    pub members: Vec<String>,
    pub assign: Assign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assign {
    /// The present member with the fewest live tickets; of several, the first in the list.
    LeastOpen,
    /// The next present member after the last one chosen.
    RoundRobin,
    /// All are told, one takes it.
    Nobody,
}

/// An agent or a group, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignee {
    Agent(String),
    Group(String),
}

impl Assignee {
    pub fn name(&self) -> &str {
        match self {
            Assignee::Agent(name) | Assignee::Group(name) => name,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Category {
    pub name: String,
    /// Whole words or phrases, folded ([`super::text::fold`]), any of which in subject or reply text is a match.
    pub words: Vec<String>,
    pub matches: Match,
    pub owner: Option<Assignee>,
    pub sla: Option<String>,
    pub priority: Option<Priority>,
    /// The desk acts on these only for verified senders.
    pub restricted: bool,
    pub ask: Vec<Ask>,
}

/// Conditions that must all hold. Patterns are matched against folded text.
#[derive(Clone, Debug, Default)]
pub struct Match {
    pub subject: Option<regex::Regex>,
    pub text: Option<regex::Regex>,
    pub from: Option<regex::Regex>,
    pub mailbox: Option<String>,
    /// A media type, `type/*` or `*/*`.
    pub attachment: Option<String>,
}

impl Match {
    pub fn is_empty(&self) -> bool {
        self.subject.is_none()
            && self.text.is_none()
            && self.from.is_none()
            && self.mailbox.is_none()
            && self.attachment.is_none()
    }
}

/// How many acknowledgements may leave, at most. RFC 3834 section 2 asks for such limits.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// To one address in ten minutes.
    pub per_address_ten_minutes: u32,
    /// To one address in 24 hours, if verified.
    pub per_address_day: u32,
    /// To one address in 24 hours, if not verified.
    pub per_unverified_address_day: u32,
    /// To all addresses of one domain in an hour.
    pub per_domain_hour: u32,
    /// In all, in an hour.
    pub per_hour: u32,
    /// Mails from one address in an hour, past which its mail is put aside for an hour; 0: as many as it likes.
    pub per_sender_hour: u32,
}

impl Default for Budgets {
    fn default() -> Self {
        Budgets {
            per_address_ten_minutes: 1,
            per_address_day: 3,
            per_unverified_address_day: 1,
            per_domain_hour: 20,
            per_hour: 200,
            per_sender_hour: 30,
        }
    }
}

impl Policy {
    /// Some group's rule asks how many live tickets each agent has.
    pub fn needs_loads(&self) -> bool {
        self.groups.iter().any(|group| group.assign == Assign::LeastOpen)
    }

    /// Worked out once, because every mail is compared with it.
    pub fn looks(&self) -> &OwnLooks {
        self.looks.get_or_init(|| {
            let mut domains: BTreeSet<&str> = self.mailboxes.iter().map(|m| m.address.domain()).collect();
            domains.extend(self.agents.iter().flat_map(|a| &a.addresses).map(AddrSpec::domain));
            OwnLooks {
                domains: domains.into_iter().map(|d| (d.to_owned(), domain_skeleton(d))).collect(),
                agents: self.agents.iter().map(|a| name_skeleton(&a.display)).collect(),
                desk: name_skeleton(&self.desk.name),
            }
        })
    }

    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|m| m.name == name)
    }

    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|a| a.name.eq_ignore_ascii_case(name))
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.name.eq_ignore_ascii_case(name))
    }

    /// An agent or group by name, or an agent by address.
    pub fn assignee(&self, who: &str) -> Option<Assignee> {
        if let Some(agent) =
            self.agent(who).or_else(|| AddrSpec::parse(who).ok().and_then(|a| self.agent_by_address(&a)))
        {
            return Some(Assignee::Agent(agent.name.clone()));
        }
        self.group(who).map(|g| Assignee::Group(g.name.clone()))
    }

    /// The agent to whom this address belongs, disabled ones included.
    pub fn agent_by_address(&self, address: &AddrSpec) -> Option<&Agent> {
        self.agents.iter().find(|a| a.addresses.contains(address))
    }

    /// Neither one of the desk's addresses nor an agent's.
    pub fn is_outside(&self, address: &AddrSpec) -> bool {
        self.own_address(address).is_none() && self.agent_by_address(address).is_none()
    }

    /// The mailbox that an address reaches, and the `+detail` where that mailbox allows one.
    pub fn own_address<'a>(&self, address: &'a AddrSpec) -> Option<(&Mailbox, Option<&'a str>)> {
        self.mailboxes.iter().find_map(|mailbox| mailbox.reached_by(address).map(|detail| (mailbox, detail)))
    }
}

impl Mailbox {
    /// Where mail to an address reaches this mailbox: its `+detail`, if it has one and the mailbox allows that.
    pub fn reached_by<'a>(&self, address: &'a AddrSpec) -> Option<Option<&'a str>> {
        let (user, detail) = address.subaddress();
        let own = || std::iter::once(&self.address).chain(&self.aliases);
        if own().any(|own| own == address) {
            return Some(None);
        }
        let plussed = |own: &AddrSpec| own.local() == user && own.domain() == address.domain();
        (self.plus && detail.is_some() && own().any(plussed)).then_some(detail)
    }
}

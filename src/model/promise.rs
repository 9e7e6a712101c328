//! What was promised to customers: how soon somebody answers and how soon it is solved, in working time; how far a ticket
//! has come on that way; and how often a customer may call something urgent.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ask::Asked;
use super::calendar::{Calendar, Stretch};
use super::desk::Assignee;
use super::duty::Rota;
use super::ticket::{Priority, words};

/// All promises that the operator configured; every name in them resolves.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    pub slas: Vec<Sla>,
    pub calendars: Vec<Calendar>,
    /// What holds where contact, organisation and category name none.
    pub desk: Option<String>,
    /// When somebody is at the desk. None: it never closes.
    pub office: Option<Calendar>,
    pub urgency: Urgency,
    pub reminders: Reminders,
    /// Who is woken while nobody is there; the first that has somebody counts.
    pub rotas: Vec<Rota>,
}

impl Promises {
    pub fn sla(&self, name: &str) -> Option<&Sla> {
        self.slas.iter().find(|s| s.name == name)
    }

    pub fn calendar(&self, name: &str) -> Option<&Calendar> {
        self.calendars.iter().find(|c| c.name == name)
    }
}

/// A service level agreement. Durations are working time of its calendar.
#[derive(Clone, Debug)]
pub struct Sla {
    pub name: String,
    /// Until an agent's first answer.
    pub respond: Option<SignedDuration>,
    /// Until the ticket is resolved, without the time in which the customer owes the next word.
    pub resolve: Option<SignedDuration>,
    /// Until the next word to the customer, from the customer's word or the desk's last one on.
    pub update: Option<SignedDuration>,
    pub calendar: Calendar,
    /// In the order of their shares.
    pub escalate: Vec<Step>,
}

/// What is done once a share of the promised time has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Of the promised time.
    pub percent: u32,
    pub what: Escalate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Escalate {
    /// Whoever is told of the ticket's news: its owner, or its group.
    TellOwner,
    /// While nobody is at the desk, whoever is on duty; else the owner.
    TellDuty,
    Tell(Assignee),
    Assign(Assignee),
}

/// Words by which customers call something urgent, and how often they may.
#[derive(Clone, Debug)]
pub struct Urgency {
    /// Whole words or phrases, folded.
    pub words: Vec<String>,
    /// Of the last [`Urgency::of_last`] tickets, so many percent may be raised.
    pub percent: u32,
    pub of_last: u32,
    /// To which they are raised.
    pub priority: Priority,
}

impl Default for Urgency {
    fn default() -> Self {
        let words =
            ["nujno", "surne", "urgent", "urgentne", "hitno", "takoj", "nefunguje", "ne dela", "dringend", "asap"];
        Urgency { words: words.map(str::to_owned).to_vec(), percent: 20, of_last: 20, priority: Priority::High }
    }
}

impl Urgency {
    /// How many of the last tickets may have been raised.
    pub fn budget(&self) -> u32 {
        self.of_last.saturating_mul(self.percent) / 100
    }
}

/// After how many working days of silence something is done; 0: nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminders {
    /// Whoever has an open ticket is reminded, and again after as many, at most [`REMINDED_MAX`] times.
    pub owner_days: u32,
    /// The customer who owes the next word is reminded, once.
    pub customer_days: u32,
    /// The ticket of a customer who owes the next word is closed; more than `customer_days`.
    pub close_days: u32,
}

/// Reminders of one silence that its owner gets.
pub const REMINDED_MAX: u32 = 3;

/// Nothing is sent to customers of which the operator does not know: an answered ticket waits, and most of those are solved.
impl Default for Reminders {
    fn default() -> Self {
        Reminders { owner_days: 3, customer_days: 0, close_days: 0 }
    }
}

words! {
    /// One of the things that an SLA promises.
    Promise { Respond = "respond", Resolve = "resolve", Update = "update" }
}

words! {
    /// By whom the ticket's SLA was chosen.
    ChosenBy { Contact = "contact", Organisation = "organisation", Category = "category", Desk = "desk" }
}

/// How a ticket stands to what was promised for it. Empty: nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Service {
    pub sla: Option<String>,
    pub chosen_by: Option<ChosenBy>,
    /// The clock stands since then: the customer owes the next word, or it has ended.
    pub stopped_at: Option<Timestamp>,
    /// When the clock stood before, in their order.
    pub pauses: Vec<Stretch>,
    /// From when on the next word to the customer is counted, and when it is due.
    pub update_from: Option<Timestamp>,
    pub update_due_at: Option<Timestamp>,
    /// Steps that were carried out: no step comes twice.
    pub told: Vec<Told>,
    /// When the clock has to look at this ticket next.
    pub next_at: Option<Timestamp>,
    /// What its report should have, and what of it is there.
    pub asks: Vec<Asked>,
    /// When somebody last said or did something about it; what the desk does by itself does not count.
    pub heard_at: Option<Timestamp>,
    /// How often its owner was reminded since then.
    pub reminded: u32,
    /// When the customer was reminded, or would have been, since the clock stands.
    pub customer_reminded_at: Option<Timestamp>,
    /// A mail to the customer is due, and no budget allows it until then.
    pub put_off_until: Option<Timestamp>,
    /// Nobody typed the mail that opened it, or nobody reads what is answered to it.
    pub by_machine: bool,
    /// The customer called it urgent.
    pub urgency: Option<Called>,
    /// Names of the articles that its acknowledgement offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// After that its customer said that it is solved, before any agent had answered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub helped: bool,
}

/// Pauses that are kept; the oldest ones grow together.
pub const PAUSES_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub promise: Promise,
    pub percent: u32,
    /// Which step of this share, from 0.
    pub step: u32,
}

/// A customer's word of urgency, and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Called {
    pub word: String,
    /// It raised the priority.
    pub raised: bool,
    /// Of the customer's last tickets, this one included, so many were called urgent.
    pub marked: u32,
    pub tickets: u32,
}

/// Of a customer's last tickets: how many there are, were called urgent, and were raised for it, apart for those whose
/// sender was believed and those whose was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UrgentCount {
    pub tickets: u32,
    pub marked: u32,
    pub raised: u32,
    pub raised_unproven: u32,
}

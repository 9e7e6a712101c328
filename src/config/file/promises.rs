//! The tables of the configuration file that are about promises: calendars, SLAs, urgency, duty.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Key;

/// `[calendar.NAME]`: when somebody is there. A day's hours are a list of `"08:00-12:00"`; the gaps are breaks.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// IANA name: the hours are those of the clock on that wall. Default: the desk's.
    pub timezone: Key<String>,
    /// Monday to Friday, where the day itself is not given.
    pub weekdays: Hours,
    pub monday: Hours,
    pub tuesday: Hours,
    pub wednesday: Hours,
    pub thursday: Hours,
    pub friday: Hours,
    pub saturday: Hours,
    pub sunday: Hours,
    /// Days on which nobody is there.
    pub holidays: Key<Vec<Spanned<toml::Value>>>,
    /// An iCalendar file (RFC 5545) whose all-day events are holidays, too; yearly ones come every year.
    pub holidays_file: Key<String>,
}

/// The hours of a day.
pub type Hours = Key<Vec<Spanned<String>>>;

/// `[sla.NAME]`: what is promised, as working time of a calendar: `"30m"`, `"4h"`, `"2d"`, `"1d 4h"`. A day is as long as
/// the calendar's working days are on average.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// Until an agent's first answer.
    pub respond: Key<String>,
    /// Until the ticket is resolved. The time in which the customer owes the next word does not count.
    pub resolve: Key<String>,
    /// After the first answer: until the next word to the customer.
    pub update: Key<String>,
    /// A `[calendar.NAME]`. Default: every hour of every day.
    pub calendar: Key<String>,
    /// What is done once a share of the promised time has passed.
    pub escalate: Key<Vec<Spanned<Escalate>>>,
}

/// An item of `escalate`: `at`, and one of the two others.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// `"75%"` of the promised time: 1 to 1000. Required.
    pub at: Key<String>,
    /// `"owner"` (or whoever has the ticket's group), `"duty"` (out of hours whoever has it, else the owner), an agent or a
    /// group: gets a mail.
    pub tell: Key<String>,
    /// An agent or a group: gets the ticket.
    pub assign: Key<String>,
}

/// `[urgency]`: words by which customers call something urgent, and how often that counts.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Urgency {
    /// Whole words or phrases in subject or reply text; case and diacritics do not count. Default: nujno, súrne, urgent,
    /// urgentne, hitno, takoj, nefunguje, ne dela, dringend, asap.
    pub words: Key<Vec<Spanned<String>>>,
    /// Of the last tickets of a contact or organisation, so many percent may be raised, 0 to 100. Default: 20.
    pub percent: Key<u32>,
    /// How many last tickets are looked at, 1 to 100. Default: 20.
    pub of_last: Key<u32>,
    /// To which they are raised: low, normal, high or urgent. Default: `high`.
    pub priority: Key<String>,
}

/// `[reminders]`: after how many working days of silence something is done. 0: nothing is.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// Whoever has an open ticket is reminded, and again after as many, three times at most. Default: 3.
    pub owner_days: Key<u32>,
    /// A customer who owes the next word is reminded, once. Default: 0.
    pub customer_days: Key<u32>,
    /// The ticket of a customer who owes the next word is closed, with a notice; more than `customer_days`. Default: 0.
    pub close_days: Key<u32>,
}

/// `[[duty]]`: who is woken while nobody is at the desk, week by week.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// How `check` and `explain` call it. Default: `duty`.
    pub name: Key<String>,
    /// IANA name: the hand-over is by the clock on that wall. Default: the desk's.
    pub timezone: Key<String>,
    /// A day of the week and a time at which one hands over to the next. Default: `monday 08:00`.
    pub handover: Key<String>,
    /// A day of the week in which the first of `agents` has the duty.
    pub from: Key<toml::Value>,
    /// A week each, in this order, round and round.
    pub agents: Key<Vec<Spanned<String>>>,
    /// Weeks (ISO 8601) that one agent has whatever the order says.
    pub weeks: Option<Spanned<BTreeMap<Spanned<String>, Spanned<String>>>>,
    /// Only tickets of these categories. Absent: all.
    pub categories: Key<Vec<Spanned<String>>>,
}

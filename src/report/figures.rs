//! What a report says, in numbers. What each of them means stands in docs/reports.md.

use jiff::civil::Date;

/// The figures of a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    pub totals: Totals,
    /// Every day of the period, from the first on which anything happened.
    pub days: Vec<Day>,
    /// Mails of people that came in, by weekday (Monday first) and hour of the desk's clock.
    pub hours: [[u64; 24]; 7],
    pub times: Vec<Times>,
    pub by_category: Vec<Kept>,
    pub by_organisation: Vec<Kept>,
    pub agents: Vec<Agent>,
    pub urgency: Vec<Urgency>,
    pub articles: Vec<Article>,
    pub accounts: Vec<Account>,
    pub undelivered: Vec<Undelivered>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tickets that were opened in the period.
    pub opened: u64,
    /// Tickets that were resolved or closed in it and are so still.
    pub resolved: u64,
    /// Tickets about which somebody owes something now, whenever they were opened.
    pub live: u64,
    /// Of those opened, whose acknowledgement offered articles, and who were helped by them.
    pub offered: u64,
    pub helped: u64,
    pub mails: Mails,
}

/// Mails on tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mails {
    /// Written by people.
    pub incoming: u64,
    /// Written by machines.
    pub automatic: u64,
    /// Agents' answers.
    pub answers: u64,
    /// What the desk wrote by itself to customers.
    pub by_desk: u64,
}

impl Mails {
    pub fn add(&mut self, other: Mails) {
        self.incoming += other.incoming;
        self.automatic += other.automatic;
        self.answers += other.answers;
        self.by_desk += other.by_desk;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub day: Date,
    pub opened: u64,
    pub resolved: u64,
    pub mails: Mails,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    FirstResponse,
    Resolution,
}

/// By which clock a time was taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Working time of this SLA's calendar; of a resolution without the time in which the customer owed a word.
    Working { sla: String, calendar: String },
    /// All of the time: nothing was promised, or the SLA is no more.
    Wall { sla: Option<String> },
}

/// How long something took, over all tickets for which it was taken by the same clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    pub measure: Measure,
    pub basis: Basis,
    pub spread: Spread,
}

/// In seconds; the p-th percentile is the smallest time than which p percent of the tickets took no longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    pub count: u64,
    pub p50: i64,
    pub p75: i64,
    pub p90: i64,
    pub p95: i64,
    pub longest: i64,
}

impl Spread {
    pub fn of(mut seconds: Vec<i64>) -> Self {
        seconds.sort_unstable();
        let p = |percent| percentile(&seconds, percent).unwrap_or_default();
        Spread {
            count: seconds.len().try_into().unwrap_or(u64::MAX),
            p50: p(50),
            p75: p(75),
            p90: p(90),
            p95: p(95),
            longest: p(100),
        }
    }
}

/// The nearest rank: the smallest of the sorted values that at least `percent` percent of them do not exceed.
pub fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// How promises fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub kept: u64,
    pub missed: u64,
    /// Not yet due.
    pub running: u64,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.kept += other.kept;
        self.missed += other.missed;
        self.running += other.running;
    }

    pub fn count(&self) -> u64 {
        self.kept + self.missed + self.running
    }

    /// Of what was decided, the share that was kept.
    pub fn share(&self) -> Option<f64> {
        share(self.kept, self.kept + self.missed)
    }
}

pub fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Of tickets that were opened in the period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// None: those without one.
    pub name: Option<String>,
    pub respond: Tally,
    pub resolve: Tally,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// None: tickets of nobody.
    pub name: Option<String>,
    pub opened: u64,
    pub resolved: u64,
    pub live: u64,
    /// Of both promises.
    pub kept: Tally,
    /// That he booked in the period.
    pub minutes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urgency {
    /// None: tickets of people without one.
    pub organisation: Option<String>,
    pub tickets: u64,
    pub called: u64,
    pub raised: u64,
}

/// An article, in how many tickets it was offered, and how many of those customers were helped by what was offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    pub name: String,
    pub offered: u64,
    pub helped: u64,
}

/// The time that was booked for a firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// None: on tickets of people without one.
    pub organisation: Option<String>,
    /// Of a firm with hours: the month, quarter or year of these, by its first day, and how many minutes it has in it. What was
    /// booked is then that of all of this time, up to the period's end.
    pub package: Option<(Date, u64)>,
    pub minutes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub domain: String,
    pub came_back: u64,
    pub given_up: u64,
}

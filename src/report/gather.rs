//! Counts what the store shows. What is kept on the way grows with days, names and the two times of a ticket, never with
//! its text.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::figures::{
    Account, Agent, Article, Basis, Day, Figures, Kept, Mails, Measure, Spread, Tally, Times, Totals, Undelivered,
    Urgency,
};
use crate::model::Policy;
use crate::model::calendar::LaidOut;
use crate::model::course::Verdict;
use crate::model::figures::{Gather, Period, TicketFact};
use crate::model::ticket::{EntryKind, Status};

/// How long before the first ticket that is asked about a calendar is laid out.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Days that are listed at most; earlier ones count in the totals alone.
const DAYS_MAX: usize = 20 * 366;

/// Something for each name, and for what has none. No text is copied for a name that is known.
#[derive(Default)]
struct ByName<T> {
    places: HashMap<String, usize>,
    named: Vec<(String, T)>,
    unnamed: Option<T>,
}

impl<T> ByName<T> {
    fn of_or(&mut self, name: Option<&str>, new: impl FnOnce() -> T) -> &mut T {
        let Some(name) = name else { return self.unnamed.get_or_insert_with(new) };
        let place = self.places.get(name).copied().unwrap_or_else(|| {
            self.places.insert(name.to_owned(), self.named.len());
            self.named.push((name.to_owned(), new()));
            self.named.len() - 1
        });
        &mut self.named[place].1
    }

    fn into_rows(self) -> impl Iterator<Item = (Option<String>, T)> {
        let named = self.named.into_iter().map(|(name, of)| (Some(name), of));
        named.chain(self.unnamed.map(|of| (None, of)))
    }
}

impl<T: Default> ByName<T> {
    fn of(&mut self, name: Option<&str>) -> &mut T {
        self.of_or(name, T::default)
    }
}

/// Times by one clock, in seconds.
#[derive(Default)]
struct Clocked<'p> {
    /// None: all of the time.
    clock: Option<LaidOut<'p>>,
    responses: Vec<i64>,
    resolutions: Vec<i64>,
}

/// Figures in the making.
pub struct Gathering<'p> {
    policy: &'p Policy,
    period: Period,
    now: Timestamp,
    zone: TimeZone,
    /// The day that was asked about last, from its first to its last instant: tickets come in the order of opening.
    day: (Timestamp, Timestamp, Date),
    totals: Totals,
    days: BTreeMap<Date, Day>,
    hours: [[u64; 24]; 7],
    times: ByName<Clocked<'p>>,
    by_category: ByName<Kept>,
    by_organisation: ByName<Kept>,
    agents: ByName<Agent>,
    urgency: ByName<Urgency>,
    articles: ByName<Article>,
    /// By the firm, and the first day of the package's month, quarter or year; none where it has no package.
    accounts: BTreeMap<(Option<String>, Option<Date>), u64>,
    undelivered: Vec<Undelivered>,
}

impl<'p> Gathering<'p> {
    /// `now`: by when what is not done counts as missed.
    pub fn new(policy: &'p Policy, period: Period, now: Timestamp) -> Self {
        Gathering {
            policy,
            period,
            now,
            zone: policy.desk.timezone.clone(),
            day: (Timestamp::MAX, Timestamp::MIN, Date::ZERO),
            totals: Totals::default(),
            days: BTreeMap::new(),
            hours: Default::default(),
            times: ByName::default(),
            by_category: ByName::default(),
            by_organisation: ByName::default(),
            agents: ByName::default(),
            urgency: ByName::default(),
            articles: ByName::default(),
            accounts: BTreeMap::new(),
            undelivered: Vec::new(),
        }
    }

    pub fn figures(self) -> Figures {
        let days = every_day(&self.days, self.period, self.now, &self.zone);
        let times = times(self.times, self.policy);
        let kept = |by: ByName<Kept>| {
            let kept = by.into_rows().map(|(name, kept)| Kept { name, ..kept }).collect();
            most_first(kept, |k: &Kept| (k.respond.count() + k.resolve.count(), k.name.clone()))
        };
        let agents = self.agents.into_rows().map(|(name, agent)| Agent { name, ..agent }).collect();
        let urgency = self.urgency.into_rows().map(|(organisation, u)| Urgency { organisation, ..u }).collect();
        let articles = self.articles.into_rows();
        let articles = articles.map(|(name, a)| Article { name: name.unwrap_or_default(), ..a }).collect();
        let accounts = accounts(self.accounts, self.policy, self.period.until.min(self.now));
        Figures {
            totals: self.totals,
            days,
            hours: self.hours,
            times,
            by_category: kept(self.by_category),
            by_organisation: kept(self.by_organisation),
            agents: most_first(agents, |a| (a.opened + a.live, a.name.clone())),
            urgency: most_first(urgency, |u| (u.called, u.organisation.clone())),
            articles: most_first(articles, |a| (a.offered, Some(a.name.clone()))),
            accounts,
            undelivered: most_first(self.undelivered, |u| (u.came_back + u.given_up, Some(u.domain.clone()))),
        }
    }

    /// The day on the desk's wall.
    fn day(&mut self, at: Timestamp) -> &mut Day {
        let (from, until, mut date) = self.day;
        if at < from || at >= until {
            date = self.zone.to_datetime(at).date();
            self.day = (
                midnight(date, &self.zone),
                midnight(date.saturating_add(jiff::Span::new().days(1)), &self.zone),
                date,
            );
        }
        self.days.entry(date).or_insert_with(|| empty(date))
    }

    /// The times of tickets with this SLA, and its clock.
    fn clocked(&mut self, ticket: &TicketFact<'_>) -> &mut Clocked<'p> {
        let (policy, now) = (self.policy, self.now);
        self.times.of_or(ticket.sla, || {
            let sla = ticket.sla.and_then(|name| policy.promises.sla(name));
            let from = ticket.opened_at.checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
            Clocked { clock: sla.map(|sla| sla.calendar.laid_out(from, now)), ..Clocked::default() }
        })
    }

    fn responded(&mut self, ticket: &TicketFact<'_>, at: Timestamp) {
        let times = self.clocked(ticket);
        let seconds = match &times.clock {
            Some(clock) => clock.between(ticket.opened_at, at),
            None => at.duration_since(ticket.opened_at).as_secs().max(0),
        };
        times.responses.push(seconds);
    }

    fn resolved(&mut self, ticket: &TicketFact<'_>, at: Timestamp) {
        let times = self.clocked(ticket);
        let seconds = match &times.clock {
            Some(clock) => {
                let waited = ticket.waits.iter().map(|(from, until)| clock.between(*from, *until)).sum::<i64>();
                (clock.between(ticket.opened_at, ticket.course.stood_at().unwrap_or(at)) - waited).max(0)
            }
            None => at.duration_since(ticket.opened_at).as_secs().max(0),
        };
        times.resolutions.push(seconds);
    }

    fn promises(&mut self, ticket: &TicketFact<'_>) {
        let course = &ticket.course;
        let (respond, resolve) = (tally(course.respond(self.now)), tally(course.resolve(self.now)));
        for (by, name) in [(&mut self.by_category, ticket.category), (&mut self.by_organisation, ticket.organisation)] {
            if respond.count() + resolve.count() > 0 {
                let kept = by.of(name);
                kept.respond.add(respond);
                kept.resolve.add(resolve);
            }
        }
        let agent = self.agents.of(ticket.owner);
        agent.kept.add(respond);
        agent.kept.add(resolve);
    }

    fn opened(&mut self, ticket: &TicketFact<'_>) {
        self.totals.opened += 1;
        self.day(ticket.opened_at).opened += 1;
        self.agents.of(ticket.owner).opened += 1;
        let urgency = self.urgency.of(ticket.organisation);
        urgency.tickets += 1;
        urgency.called += u64::from(ticket.urgent);
        urgency.raised += u64::from(ticket.raised);
        if ticket.course.status == Status::Merged {
            return;
        }
        self.promises(ticket);
        if let Some(at) = ticket.course.responded_at {
            self.responded(ticket, at);
        }
    }
}

impl Gather for Gathering<'_> {
    fn ticket(&mut self, ticket: &TicketFact<'_>) {
        if self.period.contains(ticket.opened_at) {
            self.opened(ticket);
        }
        if let Some(at) = ticket.course.ended_at().filter(|at| self.period.contains(*at)) {
            self.totals.resolved += 1;
            self.day(at).resolved += 1;
            self.agents.of(ticket.owner).resolved += 1;
            self.resolved(ticket, at);
        }
    }

    fn offered(&mut self, articles: &[String], helped: bool) {
        self.totals.offered += 1;
        self.totals.helped += u64::from(helped);
        for name in articles {
            let article = self.articles.of(Some(name));
            article.offered += 1;
            article.helped += u64::from(helped);
        }
    }

    fn mails(&mut self, at: Timestamp, kind: EntryKind, count: u64) {
        let mut mails = Mails::default();
        match kind {
            EntryKind::Request | EntryKind::Reply | EntryKind::External => mails.incoming = count,
            EntryKind::Automatic => mails.automatic = count,
            EntryKind::Answer => mails.answers = count,
            EntryKind::Acknowledgement | EntryKind::Notice => mails.by_desk = count,
            EntryKind::Note => return,
        }
        self.totals.mails.add(mails);
        self.day(at).mails.add(mails);
        let local = self.zone.to_datetime(at);
        let (weekday, hour) = (local.weekday().to_monday_zero_offset(), local.hour());
        if let Some(cell) = self.hours.get_mut(usize::from(weekday.unsigned_abs()))
            && let Some(cell) = cell.get_mut(usize::from(hour.unsigned_abs()))
        {
            *cell += mails.incoming;
        }
    }

    fn times_since(&self) -> Timestamp {
        let packages = &self.policy.packages;
        let begun = packages.all.iter().map(|package| packages.since(package.per, self.period.since));
        begun.min().map_or(self.period.since, |begun| begun.min(self.period.since))
    }

    fn worked(&mut self, agent: &str, organisation: Option<&str>, minutes: u64, at: Timestamp) {
        let package = organisation.and_then(|name| self.policy.packages.of(name));
        let first = package.map(|package| package.per.first(self.zone.to_datetime(at).date()));
        let within = self.period.contains(at);
        if within {
            self.agents.of(Some(agent)).minutes += minutes;
        }
        // Of a package all of its time counts that the period touches.
        let touched = package.is_some_and(|package| at >= self.policy.packages.since(package.per, self.period.since));
        if within || touched {
            *self.accounts.entry((organisation.map(str::to_owned), first)).or_default() += minutes;
        }
    }

    fn live(&mut self, owner: Option<&str>, count: u64) {
        self.totals.live += count;
        if count > 0 {
            self.agents.of(owner).live += count;
        }
    }

    fn undelivered(&mut self, domain: &str, came_back: u64, given_up: u64) {
        self.undelivered.push(Undelivered { domain: domain.to_owned(), came_back, given_up });
    }
}

fn times(by_sla: ByName<Clocked<'_>>, policy: &Policy) -> Vec<Times> {
    let mut times = Vec::new();
    for (sla, clocked) in by_sla.into_rows() {
        let basis = match sla.as_deref().and_then(|name| policy.promises.sla(name)) {
            Some(sla) => Basis::Working { sla: sla.name.clone(), calendar: sla.calendar.name.clone() },
            None => Basis::Wall { sla },
        };
        for (measure, seconds) in
            [(Measure::FirstResponse, clocked.responses), (Measure::Resolution, clocked.resolutions)]
        {
            if !seconds.is_empty() {
                times.push(Times { measure, basis: basis.clone(), spread: Spread::of(seconds) });
            }
        }
    }
    times.sort_by(|a, b| (a.measure, &a.basis).cmp(&(b.measure, &b.basis)));
    times
}

/// Firms with hours first, each with the time in which the period ends whether anything was booked or not; then the others.
fn accounts(booked: BTreeMap<(Option<String>, Option<Date>), u64>, policy: &Policy, end: Timestamp) -> Vec<Account> {
    let packages = &policy.packages;
    let last = end.checked_sub(SignedDuration::from_secs(1)).unwrap_or(end);
    let last = policy.desk.timezone.to_datetime(last).date();
    let mut accounts: Vec<Account> = booked
        .into_iter()
        .map(|((organisation, first), minutes)| {
            let package = organisation.as_deref().and_then(|name| packages.of(name));
            Account { package: first.zip(package.map(|p| u64::from(p.minutes))), organisation, minutes }
        })
        .collect();
    for package in &packages.all {
        let first = package.per.first(last);
        let is_it = |account: &Account| {
            account.package.is_some_and(|(day, _)| day == first)
                && account.organisation.as_deref().and_then(|name| packages.of(name)) == Some(package)
        };
        if !accounts.iter().any(is_it) {
            let organisation = Some(package.organisation.clone());
            accounts.push(Account { organisation, package: Some((first, package.minutes.into())), minutes: 0 });
        }
    }
    accounts.sort_by_cached_key(|a| (a.package.is_none(), a.organisation.is_none(), a.organisation.clone(), a.package));
    accounts
}

fn tally(verdict: Verdict) -> Tally {
    let is = |one: Verdict| u64::from(verdict == one);
    Tally { kept: is(Verdict::Kept), missed: is(Verdict::Missed), running: is(Verdict::Running) }
}

fn empty(day: Date) -> Day {
    Day { day, opened: 0, resolved: 0, mails: Mails::default() }
}

fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |day| day.timestamp())
}

/// From the first day of the period (or on which anything happened, where it has no beginning) to its last (or today),
/// those on which nothing happened too.
fn every_day(days: &BTreeMap<Date, Day>, period: Period, now: Timestamp, zone: &TimeZone) -> Vec<Day> {
    let (Some(first), Some(last)) = (days.keys().next(), days.keys().next_back()) else { return Vec::new() };
    let day_of = |at: Timestamp| zone.to_datetime(at).date();
    let first = if period.since > Timestamp::UNIX_EPOCH { day_of(period.since).min(*first) } else { *first };
    let end = period.until.min(now).checked_sub(SignedDuration::from_secs(1)).unwrap_or(now);
    let last = (*last).max(day_of(end));
    let every = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
    let mut every: Vec<Day> = every.map(|day| days.get(&day).copied().unwrap_or_else(|| empty(day))).collect();
    every.split_off(every.len().saturating_sub(DAYS_MAX))
}

/// The largest first; of equal ones by name, those without a name last.
fn most_first<T>(mut rows: Vec<T>, by: impl Fn(&T) -> (u64, Option<String>)) -> Vec<T> {
    rows.sort_by_cached_key(|row| {
        let (count, name) = by(row);
        (std::cmp::Reverse(count), name.is_none(), name)
    });
    rows
}

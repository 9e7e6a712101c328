//! What agents are told unasked: when whose digest is due, and what is in it. A digest belongs to its day: one that was
//! missed comes later on that day, and not on another.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::model::desk::Assignee;
use crate::model::digest::{Digest, DigestKind, Line, Measured, NAMED_MAX, Overview, Pile, WeeklyAt};
use crate::model::outgoing::{Draft, Template, Value};
use crate::model::{Action, Agent, Decision, Fate, Found, Policy, Status, Ticket};

use super::{notify, presence, weeks};

/// Days ahead among which the next digest is looked for: no desk is closed for longer.
const AHEAD: i64 = 31;

/// Somebody whose digest is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    pub kind: DigestKind,
    /// The agent's name.
    pub agent: String,
    /// When it became due. Whoever got one since then has it.
    pub since: Timestamp,
}

impl Errand {
    /// What the store is asked before it is carried out.
    pub fn moments(&self) -> Vec<String> {
        vec![self.kind.sent(&self.agent), self.kind.off(&self.agent)]
    }

    /// Neither sent already, nor unwanted. A time in the future (the clock was set back) counts as long ago.
    fn is_open(&self, found: &Found, now: Timestamp) -> bool {
        let sent = found.moments.get(&self.kind.sent(&self.agent));
        let off = found.moments.contains_key(&self.kind.off(&self.agent));
        !off && sent.is_none_or(|at| *at < self.since || *at > now)
    }
}

/// Digests whose time has come. Those that were sent are among them: only the store knows.
pub fn due(policy: &Policy, now: Timestamp) -> Vec<Errand> {
    let today = now.to_zoned(policy.desk.timezone.clone()).date();
    let mut due: Vec<Errand> = daily_on(policy, today).into_iter().filter(|e| e.since <= now).collect();
    if let Some(since) = policy.desk.weekly.as_ref().and_then(|at| weekly_since(at, policy, now)) {
        due.extend(of_weekly(policy, since));
    }
    due
}

/// When the next one becomes due.
pub fn next(policy: &Policy, after: Timestamp) -> Option<Timestamp> {
    let first = after.to_zoned(policy.desk.timezone.clone()).date();
    (0..AHEAD).find_map(|ahead| {
        let day = first.checked_add(ahead.days()).ok()?;
        let daily = daily_on(policy, day).into_iter().map(|errand| errand.since);
        let weekly = policy.desk.weekly.as_ref().and_then(|at| instant(policy, day, at.minute));
        let weekly = weekly.filter(|at| of_weekly_on(policy, *at));
        daily.chain(weekly).filter(|at| *at > after).min()
    })
}

/// The weekly report begins to be due at this instant, be it that its day was none on which somebody works.
fn of_weekly_on(policy: &Policy, at: Timestamp) -> bool {
    let since = policy.desk.weekly.as_ref().and_then(|weekly| weekly_since(weekly, policy, at));
    since == Some(at) && !of_weekly(policy, at).is_empty()
}

fn daily_on(policy: &Policy, day: Date) -> Vec<Errand> {
    if !is_working_day(policy, day) {
        return Vec::new();
    }
    let errand = |agent: &Agent| {
        let since = instant(policy, day, agent.digest?)?;
        let is_here = !agent.disabled && agent.absence(since, &policy.desk.timezone).is_none();
        is_here.then(|| Errand { kind: DigestKind::Daily, agent: agent.name.clone(), since })
    };
    policy.agents.iter().filter_map(errand).collect()
}

/// The desk without a calendar works every day.
fn is_working_day(policy: &Policy, day: Date) -> bool {
    policy.promises.office.as_ref().is_none_or(|office| office.works_on(day))
}

fn instant(policy: &Policy, day: Date, minute: u16) -> Option<Timestamp> {
    let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
    Some(day.to_datetime(time).to_zoned(policy.desk.timezone.clone()).ok()?.timestamp())
}

/// When this week's report became due: on its day, or on the first working day after it.
fn weekly_since(at: &WeeklyAt, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned(policy.desk.timezone.clone()).date();
    let back = i64::from(today.weekday().since(at.day));
    let begins = today.checked_sub(back.days()).ok()?;
    let day = (0..7).filter_map(|n: i64| begins.checked_add(n.days()).ok()).find(|day| is_working_day(policy, *day))?;
    // Not on a day after it: what was missed is in the next report too.
    instant(policy, day, at.minute).filter(|since| *since <= now && day == today)
}

fn of_weekly(policy: &Policy, since: Timestamp) -> Vec<Errand> {
    let Some(weekly) = &policy.desk.weekly else { return Vec::new() };
    let named: Vec<&str> = match &weekly.to {
        Assignee::Agent(name) => vec![name],
        Assignee::Group(name) => {
            policy.group(name).map(|g| g.members.iter().map(String::as_str).collect()).unwrap_or_default()
        }
    };
    let agents = named.into_iter().filter_map(|name| policy.agent(name)).filter(|a| !a.disabled);
    let here = agents.filter(|agent| agent.absence(since, &policy.desk.timezone).is_none());
    here.map(|agent| Errand { kind: DigestKind::Weekly, agent: agent.name.clone(), since }).collect()
}

/// Whose tickets an agent hears of: his own, and those of colleagues for whom he stands in; and the groups he is of.
pub fn concerns(agent: &str, policy: &Policy, now: Timestamp) -> (Vec<String>, Vec<String>) {
    let is_his = |other: &&Agent| {
        let stands_in = presence::present(&other.name, now, policy, |_| {}).is_some_and(|a| a.name == agent);
        other.name == agent || stands_in
    };
    let owners = policy.agents.iter().filter(is_his).map(|a| a.name.clone()).collect();
    let of = |members: &[String]| members.iter().any(|member| member.eq_ignore_ascii_case(agent));
    (owners, policy.groups.iter().filter(|g| of(&g.members)).map(|g| g.name.clone()).collect())
}

/// An agent's digest. Where there is nothing to tell, none is sent, and it counts as sent.
pub fn daily(errand: &Errand, overview: &Overview, found: &Found, policy: &Policy, now: Timestamp) -> Decision {
    let digest = Digest { piles: piles(overview, now) };
    let told = (!digest.piles.is_empty()).then_some(Value::Digest(digest));
    decision(errand, Template::Digest, told.map(|told| ("digest", told)), found, policy, now)
}

/// The report on the week that ended with the day before.
pub fn weekly(errand: &Errand, measured: &[Measured], found: &Found, policy: &Policy, now: Timestamp) -> Decision {
    let told = Value::Weeks(weeks::weeks(measured, policy, errand.since));
    decision(errand, Template::Weekly, Some(("weeks", told)), found, policy, now)
}

fn decision(
    errand: &Errand,
    template: Template,
    told: Option<(&'static str, Value)>,
    found: &Found,
    policy: &Policy,
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::new(Action::Command, Fate::Order);
    if !errand.is_open(found, now) {
        return decision;
    }
    decision.moments.push((errand.kind.sent(&errand.agent), true));
    let draft = told.and_then(|told| draft(errand, template, told, policy, now));
    decision.outgoing.extend(draft);
    decision
}

fn draft(
    errand: &Errand,
    template: Template,
    told: (&'static str, Value),
    policy: &Policy,
    now: Timestamp,
) -> Option<Draft> {
    let agent = policy.agent(&errand.agent)?;
    let mailbox = policy.mailboxes.iter().find(|m| !m.observe).or(policy.mailboxes.first())?;
    let cause = format!("{}:{}", errand.agent, errand.since);
    let values = BTreeMap::from([told]);
    Some(Draft { values, ..notify::blank(template, agent, policy, &mailbox.name, cause, now) })
}

fn piles(overview: &Overview, now: Timestamp) -> Vec<(Pile, usize, Vec<Line>)> {
    let mut piles: BTreeMap<Pile, Vec<Line>> = BTreeMap::new();
    let nobodys = overview.unassigned.iter().map(|ticket| (ticket, true));
    for (ticket, is_nobodys) in overview.mine.iter().map(|ticket| (ticket, false)).chain(nobodys) {
        if let Some(pile) = pile(ticket, is_nobodys, now) {
            piles.entry(pile).or_default().push(line(ticket));
        }
    }
    let named = |(pile, mut lines): (Pile, Vec<Line>)| {
        // What is due first, then what matters most, then what was left alone longest.
        lines.sort_by_key(|l| (l.due.is_none(), l.due, std::cmp::Reverse(l.priority), l.heard_at, l.number));
        let count = lines.len();
        lines.truncate(NAMED_MAX);
        (pile, count, lines)
    };
    piles.into_iter().map(named).collect()
}

fn pile(ticket: &Ticket, is_nobodys: bool, now: Timestamp) -> Option<Pile> {
    match ticket.status {
        Status::New | Status::Open if is_nobodys => Some(Pile::Unassigned),
        _ if ticket.due_next().is_some_and(|at| at <= now) && !is_nobodys => Some(Pile::Late),
        Status::New | Status::Open => Some(Pile::Open),
        Status::Waiting | Status::Snoozed if !is_nobodys => Some(Pile::Waiting),
        _ => None,
    }
}

fn line(ticket: &Ticket) -> Line {
    Line {
        number: ticket.number,
        subject: ticket.subject.clone(),
        who: ticket.requester.display().to_owned(),
        priority: ticket.priority,
        status: ticket.status,
        due: ticket.due_next(),
        heard_at: ticket.service.heard_at.unwrap_or(ticket.updated_at),
    }
}

/// From when on the store is asked what happened, for a report that became due at an instant.
pub fn measured_since(errand: &Errand) -> Timestamp {
    let days = i64::try_from(crate::model::digest::WEEKS + 1).unwrap_or(i64::MAX).saturating_mul(7);
    errand.since.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

//! Duty: who is woken while nobody is at the desk, and by which tickets. The others wait until it opens.

use jiff::Timestamp;

use crate::model::decision::RouteStep;
use crate::model::duty::Rota;
use crate::model::{Agent, Policy, Priority, Ticket};

use super::notify;
use super::presence::present;
use super::route::Route;
use super::work::{Case, Work};

/// Whoever has the duty at an instant.
#[derive(Clone, Debug)]
pub struct OnDuty<'a> {
    pub agent: &'a Agent,
    pub rota: &'a Rota,
    /// The agent whose week it is was there, or has a substitute: nobody had to be taken from the order.
    pub expected: bool,
    pub because: String,
}

/// Who has the duty for tickets of a category: of the first rota that has somebody. An error says why nobody has it.
pub fn on_duty<'a>(policy: &'a Policy, category: Option<&str>, at: Timestamp) -> Result<OnDuty<'a>, String> {
    let mut nobody = Vec::new();
    for rota in policy.promises.rotas.iter().filter(|rota| rota.is_for(category)) {
        match of_rota(rota, policy, at) {
            Ok(on_duty) => return Ok(on_duty),
            Err(because) => nobody.push(because),
        }
    }
    if nobody.is_empty() {
        nobody.push("No rota is for tickets of this category".to_owned());
    }
    Err(nobody.join("; "))
}

/// The agent whose week it is, or while away the substitute; without one, whoever comes next in the order and is there.
pub fn of_rota<'a>(rota: &'a Rota, policy: &'a Policy, at: Timestamp) -> Result<OnDuty<'a>, String> {
    let turn = rota.turn(at);
    let Some(name) = turn.agent else { return Err(format!("Week {} of rota {} is nobody's", turn.week, rota.name)) };
    let mut why = vec![format!("{name} has week {} of rota {}", turn.week, rota.name)];
    if let Some(agent) = present(name, at, policy, |away| why.push(away.because)) {
        return Ok(OnDuty { agent, rota, expected: true, because: why.join("; ") });
    }
    let is_there = |agent: &&Agent| !agent.disabled && agent.absence(at, &policy.desk.timezone).is_none();
    let next = rota.after(name).filter_map(|other| policy.agent(other)).find(is_there);
    let Some(agent) = next else { return Err(why.join("; ")) };
    why.push(format!("{} comes next", agent.name));
    Ok(OnDuty { agent, rota, expected: false, because: why.join("; ") })
}

/// Nobody is at the desk.
pub fn out_of_hours(policy: &Policy, now: Timestamp) -> bool {
    policy.promises.office.as_ref().is_some_and(|office| !office.is_open(now))
}

/// Whom a ticket wakes: it is urgent, and its customer's time runs while the desk is closed. An error says why nobody.
pub fn woken<'a>(ticket: &Ticket, policy: &'a Policy, now: Timestamp) -> Result<OnDuty<'a>, String> {
    if !out_of_hours(policy, now) {
        return Err("Somebody is at the desk".to_owned());
    }
    if ticket.priority < Priority::Urgent && ticket.service.urgency.as_ref().is_none_or(|called| !called.raised) {
        return Err("It is not urgent: it waits until the desk opens".to_owned());
    }
    let sla = ticket.service.sla.as_deref().and_then(|name| policy.promises.sla(name));
    let Some(sla) = sla else { return Err("Nothing is promised for it out of hours".to_owned()) };
    if !sla.calendar.is_open(now) {
        return Err(format!("The time of SLA {} does not run now either", sla.name));
    }
    on_duty(policy, ticket.category.as_deref(), now)
}

/// A new ticket that wakes somebody goes to whoever has the duty, whatever the steps before said. Returns a sentence
/// about it.
pub fn take(case: &Case, work: &mut Work, route: &mut Route) -> Option<String> {
    let first = case.policy.promises.rotas.first()?;
    let mut note = |rule: &str, matched: bool, because: String| {
        route.steps.push(RouteStep { step: "duty", rule: rule.to_owned(), matched, because });
    };
    match woken(&work.ticket, case.policy, case.now) {
        Ok(on_duty) => {
            note(&on_duty.rota.name, true, format!("Urgent, out of hours: {}", on_duty.because));
            route.owner = Some(on_duty.agent.name.clone());
            // Nobody's turn is used up by what somebody else was woken for.
            route.turns.clear();
            page(work, on_duty.agent, &case.cause());
            Some(format!("{} is woken: {}", on_duty.agent.name, on_duty.because))
        }
        Err(because) => {
            note(&first.name, false, because);
            None
        }
    }
}

/// A further word of the customer's on a ticket that wakes: whoever has the duty hears of it, besides its owner.
pub fn again<'a>(case: &Case<'a>, work: &mut Work) -> Option<&'a Agent> {
    if case.policy.promises.rotas.is_empty() {
        return None;
    }
    let on_duty = woken(&work.ticket, case.policy, case.now).ok()?;
    work.event_by_desk(format!("woke {}", on_duty.agent.name), on_duty.because);
    page(work, on_duty.agent, &case.cause());
    Some(on_duty.agent)
}

/// One line to the address that wakes the agent, where there is one.
pub fn page(work: &mut Work, agent: &Agent, cause: &str) {
    if let Some(draft) = notify::page(work, agent, cause) {
        work.outgoing.push(draft);
    }
}

/// A stretch of time in which the rota does not have whom it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub rota: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Who has the duty instead, because he comes next in the order; None: nobody.
    pub instead: Option<String>,
    pub because: String,
}

/// Where a rota has nobody, or not whom it should, from an instant on for so many turns.
pub fn gaps(policy: &Policy, from: Timestamp, turns: usize) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for rota in &policy.promises.rotas {
        let mut at = from;
        for _ in 0..turns {
            let until = rota.turn(at).until;
            for (start, end) in days(at, until, policy) {
                let (instead, because) = match of_rota(rota, policy, start) {
                    Ok(on_duty) if on_duty.expected => continue,
                    Ok(on_duty) => (Some(on_duty.agent.name.clone()), on_duty.because),
                    Err(because) => (None, because),
                };
                let gap = Gap { rota: rota.name.clone(), from: start, until: end, instead, because };
                match gaps.last_mut() {
                    Some(last) if last.until == start && last.instead == gap.instead && last.because == gap.because => {
                        last.until = end;
                    }
                    _ => gaps.push(gap),
                }
            }
            at = until;
        }
    }
    gaps
}

/// A turn in pieces within which nobody comes back or goes away: absences are whole days of the desk's.
fn days(from: Timestamp, until: Timestamp, policy: &Policy) -> Vec<(Timestamp, Timestamp)> {
    let mut pieces = Vec::new();
    let mut at = from;
    while at < until {
        let tomorrow = at.to_zoned(policy.desk.timezone.clone()).tomorrow().and_then(|day| day.start_of_day());
        let next = tomorrow.map_or(until, |day| day.timestamp()).min(until);
        pieces.push((at, next));
        at = next;
    }
    pieces
}

//! Promises kept: which SLA a ticket has, when what is due, while the clock stands, and what is done as the time runs out.

use jiff::{SignedDuration, Timestamp};

use crate::model::desk::Assignee;
use crate::model::facts::{Contact, Organisation};
use crate::model::outgoing::{Template, Value};
use crate::model::promise::{ChosenBy, Escalate, PAUSES_MAX, Promise, Sla, Told};
use crate::model::{Action, Agent, Decision, Fate, Found, Policy, Status, Ticket, TicketChange, TicketNumber};

use super::work::{DESK, Work};
use super::{agent, care, duty, notify, presence};

/// Gives a new ticket its SLA: the contact's, else the organisation's, else the category's, else the desk's. Returns what
/// was thought on the way.
pub fn promise(work: &mut Work, contact: Option<&Contact>, organisation: Option<&Organisation>) -> Vec<String> {
    let (chosen, mut reasons) = choose(&work.ticket, work.policy, contact, organisation);
    if chosen.is_some() {
        reasons.push(agree(work, chosen));
    }
    reasons
}

/// An SLA, and by whom it was chosen.
type Chosen<'a> = Option<(&'a Sla, ChosenBy)>;

/// The SLA that a ticket of this customer has, and the names of SLAs on file that are none.
fn choose<'a>(
    ticket: &Ticket,
    policy: &'a Policy,
    contact: Option<&Contact>,
    organisation: Option<&Organisation>,
) -> (Chosen<'a>, Vec<String>) {
    let asked = [
        (ChosenBy::Contact, contact.and_then(|c| c.sla.as_deref())),
        (ChosenBy::Organisation, organisation.and_then(|o| o.sla.as_deref())),
    ];
    let mut unknown = Vec::new();
    for (by, name) in asked {
        let Some(name) = name else { continue };
        if let Some(sla) = policy.promises.sla(name) {
            return (Some((sla, by)), unknown);
        }
        unknown.push(format!("The {by} is promised `{name}`, which is no SLA of this desk"));
    }
    (by_category(ticket, policy), unknown)
}

/// The category's SLA, else the desk's.
fn by_category<'a>(ticket: &Ticket, policy: &'a Policy) -> Chosen<'a> {
    let promises = &policy.promises;
    let category = ticket.category.as_deref().and_then(|name| policy.categories.iter().find(|c| c.name == name));
    let of_category = category.and_then(|c| c.sla.as_deref()).map(|name| (name, ChosenBy::Category));
    let (name, by) = of_category.or_else(|| promises.desk.as_deref().map(|name| (name, ChosenBy::Desk)))?;
    promises.sla(name).map(|sla| (sla, by))
}

/// From here on this is promised; what was told of another promise does not count any more.
fn agree(work: &mut Work, chosen: Chosen) -> String {
    let service = &mut work.ticket.service;
    let another = service.sla.as_deref() != chosen.map(|(sla, _)| sla.name.as_str());
    service.sla = chosen.map(|(sla, _)| sla.name.clone());
    service.chosen_by = chosen.map(|(_, by)| by);
    service.told.clear();
    let because = match chosen {
        Some((sla, ChosenBy::Desk)) => format!("What the desk promises everybody: {}", described(sla)),
        Some((sla, by)) => format!("By the {by}: {}", described(sla)),
        None => "Nothing is promised for it".to_owned(),
    };
    restart_update(work);
    promised(work, chosen.map(|(sla, _)| sla), because, another)
}

fn described(sla: &Sla) -> String {
    match sla.calendar.name.as_str() {
        "" => format!("SLA {}, around the clock", sla.name),
        calendar => format!("SLA {}, calendar {calendar}", sla.name),
    }
}

/// Works out again by when what is due, and writes it down where it differs or another SLA promises it. Returns it in words.
fn promised(work: &mut Work, sla: Option<&Sla>, because: String, another: bool) -> String {
    let ticket = &work.ticket;
    let due = |promise| sla.and_then(|sla| at_share(ticket, sla, promise, 100));
    let respond = due(Promise::Respond);
    let resolve = due(Promise::Resolve);
    let shown = |name: &str, at: Option<Timestamp>| {
        let zone = work.policy.desk.timezone.clone();
        at.map(|at| format!("{name} due {}", at.to_zoned(zone).strftime("%Y-%m-%d %H:%M")))
    };
    let words: Vec<String> = [shown("answer", respond), shown("solution", resolve)].into_iter().flatten().collect();
    let sentence = if words.is_empty() { because.clone() } else { format!("{because}: {}", words.join(", ")) };
    if (respond, resolve) != (ticket.first_response_due_at, ticket.resolve_due_at) || another {
        let sla = ticket.service.sla.clone();
        let change = TicketChange::Promised { sla, first_response_due_at: respond, resolve_due_at: resolve };
        // Whoever changed the ticket, this follows from it.
        let actor = std::mem::replace(&mut work.actor, DESK.to_owned());
        work.change(change, because);
        work.actor = actor;
    }
    sentence
}

/// When a share of what was promised has passed. None: it was not promised, or does not run now.
fn at_share(ticket: &Ticket, sla: &Sla, promise: Promise, percent: u32) -> Option<Timestamp> {
    let part = |time: SignedDuration| {
        SignedDuration::from_secs(time.as_secs().saturating_mul(i64::from(percent)).div_euclid(100))
    };
    let calendar = &sla.calendar;
    match promise {
        Promise::Respond => calendar.add(ticket.created_at, part(sla.respond?), &[]),
        Promise::Resolve => calendar.add(ticket.created_at, part(sla.resolve?), &ticket.service.pauses),
        Promise::Update => calendar.add(ticket.service.update_from?, part(sla.update?), &[]),
    }
}

/// What a change of the ticket means for its promises. Called after every change. The clock is kept for tickets without a
/// promise too: another category may bring one.
pub fn follow(work: &mut Work, before: Status, change: &TicketChange) {
    match (before.clock_runs(), work.ticket.status.clock_runs()) {
        (true, false) => {
            work.ticket.service.stopped_at = Some(work.now);
            restart_update(work);
        }
        (false, true) => go_on(work),
        _ => {}
    }
    care::heard(work, change);
    // Of a ticket that is being opened the SLA is chosen once all is known about it.
    let opened = work.ticket.created_at < work.now;
    match change {
        TicketChange::Category { .. } if opened => {
            // What another category asks for was asked of nobody; the agent who files it knows what he has.
            work.ticket.service.asks.clear();
            recategorised(work);
        }
        TicketChange::Bound { contact, .. } if opened => rebound(work, contact),
        TicketChange::Answered => restart_update(work),
        _ => {}
    }
}

/// The SLA of a contact or an organisation holds whatever the category.
fn recategorised(work: &mut Work) {
    if !matches!(work.ticket.service.chosen_by, Some(ChosenBy::Contact | ChosenBy::Organisation)) {
        agree_anew(work, by_category(&work.ticket, work.policy));
    }
}

/// The ticket is another contact's: that one's SLA holds, where the store was asked for that contact.
fn rebound(work: &mut Work, contact: &str) {
    let Some(contact) = work.contact.clone().filter(|c| c.email.as_str().eq_ignore_ascii_case(contact)) else { return };
    let organisation = work.organisation.clone().filter(|o| work.ticket.organisation.as_ref() == Some(&o.name));
    let (chosen, _) = choose(&work.ticket, work.policy, Some(&contact), organisation.as_ref());
    agree_anew(work, chosen);
}

fn agree_anew(work: &mut Work, chosen: Chosen) {
    let service = &work.ticket.service;
    if chosen.map(|(sla, _)| sla.name.as_str()) != service.sla.as_deref() {
        agree(work, chosen);
    } else {
        work.ticket.service.chosen_by = chosen.map(|(_, by)| by);
    }
}

/// The desk owes the next word again: what is due moves by the working time for which the clock stood.
fn go_on(work: &mut Work) {
    work.ticket.service.helped = false;
    let Some(stopped) = work.ticket.service.stopped_at.take() else { return };
    let pauses = &mut work.ticket.service.pauses;
    pauses.push((stopped, work.now));
    if pauses.len() > PAUSES_MAX {
        let (_, until) = pauses.remove(1);
        if let Some(first) = pauses.first_mut() {
            first.1 = until;
        }
    }
    restart_update(work);
    let sla = work.ticket.service.sla.as_deref().and_then(|name| work.policy.promises.sla(name));
    let Some(sla) = sla else { return };
    let was = work.ticket.resolve_due_at;
    if at_share(&work.ticket, sla, Promise::Resolve, 100) != was {
        let stood = sla.calendar.between(stopped, work.now);
        let (hours, minutes) = (stood.as_hours(), stood.as_mins() % 60);
        promised(work, Some(sla), format!("The clock stood for {hours} h {minutes} min of working time"), false);
    }
}

/// The next word to the customer is counted from now on, once there was a first one and while the clock runs.
fn restart_update(work: &mut Work) {
    let policy = work.policy;
    let ticket = &mut work.ticket;
    let counts = ticket.first_responded_at.is_some() && ticket.service.stopped_at.is_none();
    ticket.service.update_from = counts.then_some(work.now);
    ticket.service.told.retain(|told| told.promise != Promise::Update);
    let sla = ticket.service.sla.as_deref().and_then(|name| policy.promises.sla(name));
    ticket.service.update_due_at = sla.and_then(|sla| at_share(ticket, sla, Promise::Update, 100));
}

/// One step of the escalation that stands before a ticket.
struct Ahead<'a> {
    at: Timestamp,
    told: Told,
    what: &'a Escalate,
}

/// The steps that were not yet carried out, of promises that still run.
fn ahead<'a>(ticket: &Ticket, policy: &'a Policy) -> Vec<Ahead<'a>> {
    let sla = ticket.service.sla.as_deref().and_then(|name| policy.promises.sla(name));
    let Some(sla) = sla.filter(|_| ticket.status.clock_runs()) else { return Vec::new() };
    let open = Promise::ALL.iter().filter(|p| **p != Promise::Respond || ticket.first_responded_at.is_none());
    let steps = open.flat_map(|promise| {
        let numbered = (0u32..).zip(&sla.escalate);
        numbered.filter_map(|(number, step)| {
            let told = Told { promise: *promise, percent: step.percent, step: number };
            let at = at_share(ticket, sla, *promise, step.percent)?;
            (!ticket.service.told.contains(&told)).then_some(Ahead { at, told, what: &step.what })
        })
    });
    steps.collect()
}

/// When the clock has to look at a ticket next.
pub fn next(ticket: &Ticket, policy: &Policy) -> Option<Timestamp> {
    ahead(ticket, policy).iter().map(|step| step.at).chain(care::next(ticket, policy)).min()
}

/// What the clock does about a ticket whose time has come: what silence brings about (see [`care`]), and each step of its escalation that is due, once. Where several
/// are due at once, as after a long standstill, everybody hears of the last one only.
pub fn clock(number: TicketNumber, found: &Found, policy: &Policy, now: Timestamp) -> Decision {
    let nothing = || Decision::new(Action::Command, Fate::Order);
    let Some((_, ticket)) = found.tickets.iter().find(|(asked, ticket)| *asked == number && ticket.number == number)
    else {
        return nothing();
    };
    let mut work = Work::new(ticket.clone(), policy, now).by(DESK);
    work.said.clone_from(&found.said);
    work.contact.clone_from(&found.contact);
    work.organisation.clone_from(&found.organisation);
    work.spent.clone_from(&found.spent);
    let mut due: Vec<Ahead> = ahead(&work.ticket, policy).into_iter().filter(|step| step.at <= now).collect();
    due.sort_by_key(|step| step.at);
    let mut tell: Vec<(&Agent, Told)> = Vec::new();
    for step in due {
        let Told { promise, percent, .. } = step.told;
        let because = format!("{percent}% of the time to {promise} has passed");
        let cause = format!("clock:{promise}:{percent}:{}:{}", step.told.step, step.at);
        work.ticket.service.told.push(step.told.clone());
        match step.what {
            Escalate::Assign(to) => {
                let to = present(to, policy, now);
                work.event(format!("escalated to {}", to.name()), because.clone());
                agent::assign_to(DESK, &mut work, &to, found, &because, &cause);
            }
            Escalate::TellOwner | Escalate::TellDuty | Escalate::Tell(_) => {
                let on_duty = match step.what {
                    Escalate::TellDuty if duty::out_of_hours(policy, now) => {
                        duty::on_duty(policy, work.ticket.category.as_deref(), now).ok()
                    }
                    _ => None,
                };
                if let Some(on_duty) = &on_duty {
                    duty::page(&mut work, on_duty.agent, &cause);
                }
                let agents = match (step.what, on_duty) {
                    (Escalate::Tell(who), _) => presence::of_assignee(who, policy, now),
                    (_, Some(on_duty)) => vec![on_duty.agent],
                    _ => notify::told(&work.ticket, policy, now),
                };
                let names: Vec<&str> = agents.iter().map(|a| a.name.as_str()).collect();
                work.event(format!("told {}", names.join(", ")), because);
                tell.retain(|(agent, _)| !names.contains(&agent.name.as_str()));
                tell.extend(agents.into_iter().map(|agent| (agent, step.told.clone())));
            }
        }
    }
    for (agent, told) in tell {
        let draft = overdue(&work, agent, &told);
        work.outgoing.push(draft);
    }
    let written_to = care::attend(&mut work, found);
    let mut decision = work.into_decision(Action::Command, Fate::Order);
    decision.acknowledged = written_to;
    decision
}

/// Who stands in for an absent agent; the agent where nobody does.
fn present(who: &Assignee, policy: &Policy, now: Timestamp) -> Assignee {
    match who {
        Assignee::Agent(name) => Assignee::Agent(
            presence::present(name, now, policy, |_| {}).map_or_else(|| name.clone(), |agent| agent.name.clone()),
        ),
        Assignee::Group(_) => who.clone(),
    }
}

fn overdue(work: &Work, agent: &Agent, told: &Told) -> crate::model::Draft {
    let due = match told.promise {
        Promise::Respond => work.ticket.first_response_due_at,
        Promise::Resolve => work.ticket.resolve_due_at,
        Promise::Update => work.ticket.service.update_due_at,
    };
    let cause = format!("clock:{}:{}:{}", told.promise, told.percent, due.unwrap_or(work.now));
    let mut draft = notify::to_agent(work, agent, Template::NotifyDue, &cause);
    draft.text = work.story();
    draft.author = Some(work.ticket.requester.clone());
    draft.values.insert("promise", Value::Text(told.promise.word().to_owned()));
    draft.values.insert("percent", Value::Number(i64::from(told.percent)));
    if let Some(due) = due {
        draft.values.insert("when", Value::Text(due.to_string()));
    }
    draft
}

/// When somebody is there again, where nobody is now: by the calendar of its SLA, else by the desk's.
pub fn back(ticket: &Ticket, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let sla = ticket.service.sla.as_deref().and_then(|name| policy.promises.sla(name));
    let calendar = sla.map(|sla| &sla.calendar).or(policy.promises.office.as_ref())?;
    if calendar.is_open(now) { None } else { calendar.opens(now) }
}

//! Who is there: an agent, or while away the substitute, or theirs. Routing asks for new tickets, notifications for those
//! that somebody owns already.

use jiff::Timestamp;

use crate::model::desk::Assignee;
use crate::model::{Agent, Group, Policy, Ticket};

/// What the search for somebody present came upon, in order: who is away, and why that led further or not.
pub struct Away {
    pub agent: String,
    /// Somebody stands in.
    pub led_on: bool,
    pub because: String,
}

/// The agent of this name, or whoever stands in. None where the chain ends with nobody: no substitute, a disabled agent, or
/// a circle.
pub fn present<'a>(name: &str, now: Timestamp, policy: &'a Policy, mut met: impl FnMut(Away)) -> Option<&'a Agent> {
    let mut current = name.to_owned();
    let mut passed = vec![current.clone()];
    loop {
        let agent = policy.agent(&current).filter(|a| !a.disabled)?;
        let Some(absence) = agent.absence(now, &policy.desk.timezone) else { return Some(agent) };
        let Some(substitute) = &absence.substitute else {
            let because = format!("{current} is away until {} without a substitute", absence.until);
            met(Away { agent: current, led_on: false, because });
            return None;
        };
        let because = format!("{current} is away until {}; {substitute} stands in", absence.until);
        met(Away { agent: current.clone(), led_on: true, because });
        if passed.iter().any(|p| p.eq_ignore_ascii_case(substitute)) {
            let because = format!("The substitutes of {name} go round in a circle");
            met(Away { agent: substitute.clone(), led_on: false, because });
            return None;
        }
        current.clone_from(substitute);
        passed.push(current.clone());
    }
}

/// Those who stand in for the members of a group of whom nobody is there, each once.
pub fn stand_ins<'a>(group: &Group, now: Timestamp, policy: &'a Policy) -> Vec<&'a Agent> {
    let mut found: Vec<&Agent> = Vec::new();
    for agent in group.members.iter().filter_map(|m| present(m, now, policy, |_| {})) {
        if !found.iter().any(|known| known.name == agent.name) {
            found.push(agent);
        }
    }
    found
}

/// Those who are told about a ticket: its owner, and while he is away his substitute too; else its group. A ticket whose
/// owner has left the desk, or that never had one, is told to the mailbox's or the desk's owner: never to nobody.
pub fn told<'a>(ticket: &Ticket, policy: &'a Policy, now: Timestamp) -> Vec<&'a Agent> {
    if let Some(owner) = ticket.owner.as_deref().and_then(|o| policy.agent(o)).filter(|a| !a.disabled) {
        let stand_in = present(&owner.name, now, policy, |_| {}).filter(|agent| agent.name != owner.name);
        return std::iter::once(owner).chain(stand_in).collect();
    }
    let group = ticket.group.as_deref().and_then(|g| policy.group(g)).map(|group| of_group(group, policy, now));
    let mailbox = || policy.mailbox(&ticket.mailbox).and_then(|m| m.owner.as_ref());
    let owners = || mailbox().into_iter().chain([&policy.desk.owner]).map(|owner| of_assignee(owner, policy, now));
    group.into_iter().chain(owners()).find(|told| !told.is_empty()).unwrap_or_default()
}

/// Those who are told, and those who watch it. Whoever looks in now and then has nobody to stand in.
pub fn hearers<'a>(ticket: &Ticket, policy: &'a Policy, now: Timestamp) -> Vec<&'a Agent> {
    let mut hearers = told(ticket, policy, now);
    for watcher in ticket.hands.watchers.iter().filter_map(|name| policy.agent(name)).filter(|a| !a.disabled) {
        if hearers.iter().all(|agent| agent.name != watcher.name) {
            hearers.push(watcher);
        }
    }
    hearers
}

/// An agent or whoever stands in, or those of a group who are there.
pub fn of_assignee<'a>(owner: &Assignee, policy: &'a Policy, now: Timestamp) -> Vec<&'a Agent> {
    match owner {
        Assignee::Agent(name) => {
            let named = || policy.agent(name).filter(|a| !a.disabled);
            present(name, now, policy, |_| {}).or_else(named).into_iter().collect()
        }
        Assignee::Group(name) => policy.group(name).map(|group| of_group(group, policy, now)).unwrap_or_default(),
    }
}

/// The members who are there, else those who stand in for them, else all of them.
fn of_group<'a>(group: &Group, policy: &'a Policy, now: Timestamp) -> Vec<&'a Agent> {
    let members = || group.members.iter().filter_map(|m| policy.agent(m)).filter(|a| !a.disabled);
    let here: Vec<&Agent> = members().filter(|a| a.absence(now, &policy.desk.timezone).is_none()).collect();
    let found = if here.is_empty() { stand_ins(group, now, policy) } else { here };
    if found.is_empty() { members().collect() } else { found }
}

//! Tickets that are one, have to do with each other, or were two from the start: merge, link, split.

use crate::model::access::Proposed;
use crate::model::outgoing::{Row, Template, Value};
use crate::model::subject;
use crate::model::text::{SUBJECT_MAX, clean_line};
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Address, Believed, Entry, Facts, Status, Ticket, TicketChange, TicketNumber};

use super::hands::tag;
use super::notify;
use super::work::{Case, Work};

/// A ticket lives on in another one. Its tokens go on to prove what they proved, and lead there. Those who were heard on it
/// are heard there where they are of the same organisation; of the others the agent decides, and is told of them. Returns
/// the one that lives on.
pub fn merge<'a>(
    work: &mut Work<'a>,
    target: Ticket,
    because: &str,
    cause: &str,
    receipt: &mut Vec<Row>,
) -> Result<Work<'a>, String> {
    let number = target.number;
    if number == work.ticket.number {
        return Err(format!("ticket {number} is this very ticket, or lives on in it"));
    }
    let mut living = Work::new(target, work.policy, work.now).by(&work.actor);
    living.said.clone_from(&work.said);
    let merged = &work.ticket;
    living.change(TicketChange::Linked { to: merged.number }, "That ticket was merged into this one");
    let left_out = take_over_people(&mut living, merged);
    if merged.restricted && !living.ticket.restricted {
        living.ticket.restricted = true;
        living.event("restricted: only for verified senders", format!("Ticket {} is", merged.number));
    }
    let tags = merged.hands.tags.clone();
    let room = crate::model::hands::TAGS_MAX.saturating_sub(living.ticket.hands.tags.len());
    tag(&mut living, &tags[..tags.len().min(room)], &[], because)?;
    for watcher in merged.hands.watchers.clone() {
        super::hands::watch(&mut living, &watcher, true, because);
    }
    if merged.status.is_live() && !living.ticket.status.is_live() {
        living.change(TicketChange::Status { to: Status::Open }, "A live ticket was merged into it");
    }
    if !left_out.is_empty() {
        receipt.push(Row::Title("receipt-not-copied", left_out.join(", ")));
    }
    let story = work.story();
    for agent in notify::hearers(&living.ticket, living.policy, living.now) {
        if agent.name == living.actor {
            continue;
        }
        let mut draft = notify::to_agent(&living, agent, Template::NotifyMerged, cause);
        draft.text.clone_from(&story);
        draft.author = Some(work.ticket.requester.clone());
        draft.values.insert("actor", Value::Text(super::agent::display(&living, &living.actor)));
        draft.values.insert("merged", Value::Number(work.ticket.number));
        draft.values.insert("sender", Value::Text(work.ticket.requester.to_string()));
        living.outgoing.push(draft);
    }
    work.change(TicketChange::MergedInto { into: number }, because);
    Ok(living)
}

/// Returns the addresses of those who do not get copies.
fn take_over_people(living: &mut Work, merged: &Ticket) -> Vec<String> {
    let same = merged.organisation.is_some() && merged.organisation == living.ticket.organisation;
    // A requester who was never proven may be anybody.
    let requester = (merged.requester.clone(), merged.verified);
    let participants =
        merged.participants.iter().map(|p| (Address { name: p.name.clone(), email: p.email.clone() }, true));
    let mut left_out = Vec::new();
    for (person, proven) in std::iter::once(requester).chain(participants) {
        let Some(spec) = person.spec() else { continue };
        if living.ticket.is_participant(spec.as_str()) || !living.policy.is_outside(&spec) {
            continue;
        }
        let because = format!("Of ticket {}, which was merged into this one", merged.number);
        let by = living.actor.clone();
        if same && proven {
            living.change(TicketChange::Participant { email: spec.to_string(), name: person.name, by }, because);
        } else {
            let proposed = Proposed { email: spec.to_string(), name: person.name, by, mail: String::new() };
            living.change(TicketChange::Proposed(proposed), because);
            left_out.push(spec.to_string());
        }
    }
    left_out
}

/// The ticket that a command names, where it lives.
pub fn named(facts: &Facts, number: TicketNumber) -> Result<&Ticket, String> {
    let found = facts.found.told.tickets.iter().find(|(asked, _)| *asked == number);
    found.map(|(_, ticket)| ticket).ok_or_else(|| format!("there is no ticket {number}"))
}

/// Two tickets have to do with each other, and both say so. Returns the other one.
pub fn link<'a>(work: &mut Work<'a>, other: &Ticket, because: &str) -> Result<Option<Work<'a>>, String> {
    if other.number == work.ticket.number {
        return Err(format!("ticket {} is this very ticket", other.number));
    }
    if work.ticket.linked.contains(&other.number) && other.linked.contains(&work.ticket.number) {
        return Ok(None);
    }
    work.change(TicketChange::Linked { to: other.number }, because);
    let mut linked = Work::new(other.clone(), work.policy, work.now).by(&work.actor);
    linked.change(TicketChange::Linked { to: work.ticket.number }, because);
    Ok(Some(linked))
}

/// The customer's mail that the agent answers becomes a ticket of its own. Returns it.
pub fn split<'a>(
    case: &Case<'a>,
    work: &mut Work<'a>,
    subject: Option<&str>,
    because: &str,
) -> Result<Work<'a>, String> {
    let entry = in_question(case, work)?.clone();
    let mut ticket = apart(case, work, &entry);
    if let Some(subject) = subject {
        ticket.subject = clean_line(subject, SUBJECT_MAX);
    }
    let (from, seq) = (work.ticket.number, entry.seq);
    let mut new = Work::new(ticket, work.policy, work.now).by(&work.actor);
    new.change(TicketChange::Created, format!("Message {seq} of ticket {from} was split off"));
    let mut first = entry.clone();
    first.kind = EntryKind::Request;
    // Its raw mail is that of the other ticket's entry, not the one that is being taken in.
    first.raw = false;
    new.say(first, because);
    new.moved.push((from, seq, new.ticket.number, new.ticket.entries));
    super::clock::promise(&mut new, None, None);
    let assigned = TicketChange::Assigned { owner: work.ticket.owner.clone(), group: work.ticket.group.clone() };
    new.change(assigned, format!("As ticket {from}"));
    new.change(TicketChange::Linked { to: from }, because);
    work.change(
        TicketChange::Linked { to: new.ticket.number },
        format!("Message {seq} was split off into that ticket"),
    );
    Ok(new)
}

/// The customer's mail of which the answered notification tells; else the latest one.
fn in_question<'w>(case: &Case, work: &'w Work) -> Result<&'w Entry, String> {
    let number = work.ticket.number;
    let by_customer =
        |e: &&Entry| e.ticket == number && e.direction == Direction::Incoming && e.kind != EntryKind::Automatic;
    let mut entries = work.said.iter().filter(by_customer);
    let told_at = case.facts.found.told.answered.as_ref().map(|answered| answered.at);
    let entry = match told_at.and_then(|at| entries.clone().find(|e| e.at == at)) {
        Some(entry) => Some(entry),
        None => entries.next_back(),
    };
    match entry {
        Some(entry) if entry.kind != EntryKind::Request => Ok(entry),
        Some(_) => Err("what the customer wrote first opened the ticket: there is nothing to split off".to_owned()),
        None => Err("no customer wrote on this ticket".to_owned()),
    }
}

/// The new ticket, of whoever wrote the mail.
fn apart(case: &Case, work: &Work, entry: &Entry) -> Ticket {
    let old = &work.ticket;
    let subject = subject::bare(&entry.subject, &case.policy.desk.prefix);
    let his_own = entry.from.email.eq_ignore_ascii_case(&old.requester.email);
    Ticket {
        subject: if subject.is_empty() { old.subject.clone() } else { subject },
        contact: old.contact.clone().filter(|_| his_own),
        // Who joined as a participant is of the organisation as far as anybody knows; an outsider is of none.
        organisation: old.organisation.clone().filter(|_| old.is_participant(&entry.from.email)),
        verified: entry.believed == Some(Believed::Verified),
        category: old.category.clone(),
        priority: old.priority,
        restricted: old.restricted,
        owner: old.owner.clone(),
        group: old.group.clone(),
        ..Ticket::opened(case.facts.found.next_ticket, &old.mailbox, entry.from.clone(), old.language, case.now)
    }
}

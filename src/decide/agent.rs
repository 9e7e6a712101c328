//! An agent's mail: an answer that goes to the customer, a note for colleagues, commands. Believed only by a reply
//! identity that this desk signed for this agent, together with what [`proof`] asks.

use jiff::Timestamp;

use crate::model::desk::Assignee;
use crate::model::message::{Message, Reply};
use crate::model::outgoing::{Addressee, Draft, MARKER, Template, Value};
use crate::model::text::clean_line;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, Address, Agent, Attachment, Decision, Fate, Found, Policy, Status, Ticket, TicketChange};

use super::act::{Refusal, act};
use super::commands::{Commanded, Effect, take_commands};
use super::route::{self, AtHand};
use super::work::{Case, DESK, Work, attachment_info, is_logo};
use super::{confirm, customer, fresh, notify, proof, signature, templates};

/// Colleagues in copy of a note who are told of it.
const IN_COPY_MAX: usize = 20;
/// Characters of a reason that are kept.
const REASON_MAX: usize = 500;

pub fn agent(case: &Case, name: &str) -> Decision {
    // A mail that names no ticket: an agent is somebody's customer too, or forwards what a customer sent him.
    let agent = case.policy.agent(name);
    let Some(ticket) = &case.facts.thread.ticket else {
        return match agent.filter(|agent| !agent.disabled) {
            Some(agent) => fresh::fresh(case, agent),
            None => customer::customer(case),
        };
    };
    let lacks = match agent.map(|agent| (agent, proof::lacks(case, agent))) {
        Some((agent, None)) => return speak(case, agent, ticket),
        Some((_, Some(lacks))) => lacks,
        None => "There is no such agent".to_owned(),
    };
    let mut decision = match proof::may_be_confirmed(case) {
        true => confirm::hold_agent(case, name, ticket, &lacks),
        // The agent means a ticket, and nothing proves that it is the agent.
        false => hold(case, name, "unsigned", &lacks),
    };
    decision.reasons.push(proof::because(case));
    decision
}

/// Nothing is carried out; the agent hears at the registered address.
pub fn hold(case: &Case, name: &str, key: &str, because: &str) -> Decision {
    let decision = case.quarantine(format!("A mail from agent {name} was held: {because}"));
    note_held(case, decision, name, key, &format!("A mail from {name} was held, nothing was sent"), because)
}

/// A mail in an agent's name that was not believed: the ticket that it names keeps the event, and the agent is told.
pub fn note_held(case: &Case, mut decision: Decision, name: &str, key: &str, event: &str, because: &str) -> Decision {
    if let Some(ticket) = &case.facts.thread.ticket {
        let mut work = case.work(ticket.clone());
        work.event(event, because);
        decision.tickets.push(work.ticket);
        decision.history.extend(work.history);
    }
    // Told, but not bombed: these mails have the budget of acknowledgements.
    if case.facts.found.acknowledged.address_day < case.policy.budgets.per_address_day {
        decision.outgoing.extend(notify::refused(case, name, key, &[], &[]));
        decision.acknowledged.extend(case.author().map(String::from));
    }
    decision
}

/// What the agent wrote. Where folding would have left nothing, reading shows everything; where our marker heads it, that
/// is our own notification, and the agent wrote nothing (he only attached a file).
fn own_words(message: &Message) -> &str {
    let reply = &message.reply;
    let nothing_folded = reply.quoted.trim().is_empty();
    let all_is_ours = reply.marker && nothing_folded && reply.text.contains(MARKER);
    // Nothing above what is forwarded: the words are another's.
    let all_is_forwarded = message.forward.is_some() && nothing_folded;
    if all_is_ours || all_is_forwarded { "" } else { &reply.text }
}

/// What the agent wrote, taken apart.
pub fn commanded(message: &Message, agent: &Agent, policy: &Policy, now: Timestamp) -> Commanded {
    let text = own_words(message);
    match signature::take(text, &message.reply.gaps, &agent.display) {
        Some(signed) => Commanded { signature: signed.signature, ..take_commands(&signed.text, policy, now) },
        None => take_commands(text, policy, now),
    }
}

fn speak(case: &Case, agent: &Agent, ticket: &Ticket) -> Decision {
    let commanded = commanded(case.message, agent, case.policy, case.now);
    let done = templates::expand(case, agent, ticket, commanded);
    done.and_then(|commanded| act(case, agent, ticket, &commanded))
        .unwrap_or_else(|no| refuse(case, &agent.name, ticket, &no))
}

/// The mail of a believed agent that cannot be carried out: it stays in the ticket, and comes back with the reason.
fn refuse(case: &Case, name: &str, ticket: &Ticket, no: &Refusal) -> Decision {
    let mut work = case.work(ticket.clone()).by(name);
    work.say(case.entry(EntryKind::Note, Direction::Note), format!("Not carried out: {}", no.because));
    work.outgoing.extend(notify::refused(case, name, no.key, &no.understood, &no.lines()));
    let number = work.ticket.number;
    let mut decision = work.into_decision(Action::Note, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.commands = no.commands();
    decision.reasons.push(no.because.clone());
    decision.reasons.extend(no.lines());
    decision
}

/// The attachments that go to the customer: all but the logos of a signature.
pub fn relayed(message: &Message) -> Vec<Attachment> {
    message.attachments.iter().filter(|a| !is_logo(a)).cloned().collect()
}

pub fn add_note(case: &Case, name: &str, work: &mut Work, commanded: &Commanded) {
    let mut entry = case.entry(EntryKind::Note, Direction::Note);
    entry.text.clone_from(&commanded.words);
    entry.reply.text.clone_from(&commanded.words);
    signature::keep(&commanded.signature, &mut entry.reply);
    work.say(entry, "A note, kept from the customer");
    tell_note(name, work, &commanded.words, &case.cause(), &in_copy(case));
}

/// Colleagues to whom the agent's own program sent the mail, too: what they answer to it must come to the desk, so they
/// hear of it as the others do.
fn in_copy<'a>(case: &Case<'a>) -> Vec<&'a Agent> {
    let people = case.message.to.iter().chain(&case.message.cc).filter_map(Address::spec);
    let agents = people.filter_map(|spec| case.policy.agent_by_address(&spec)).filter(|agent| !agent.disabled);
    agents.take(IN_COPY_MAX).collect()
}

/// Colleagues hear of a note; its author does not.
pub fn tell_note(author: &str, work: &mut Work, words: &str, cause: &str, in_copy: &[&Agent]) {
    let mut told: Vec<&str> = vec![author];
    for agent in notify::hearers(&work.ticket, work.policy, work.now).iter().chain(in_copy) {
        if told.contains(&agent.name.as_str()) {
            continue;
        }
        told.push(&agent.name);
        let mut draft = notify::to_agent(work, agent, Template::NotifyNote, cause);
        draft.text = words.to_owned();
        draft.values.insert("actor", Value::Text(display(work, author)));
        work.outgoing.push(draft);
    }
}

pub fn display(work: &Work, name: &str) -> String {
    if name == DESK {
        return work.policy.desk.name.clone();
    }
    work.policy.agent(name).map_or_else(|| name.to_owned(), |a| a.display.clone())
}

pub fn answer(case: &Case, name: &str, work: &mut Work, commanded: &Commanded, files: Vec<Attachment>) {
    let mut entry = case.entry(EntryKind::Answer, Direction::Outgoing);
    entry.attachments = files.iter().map(attachment_info).collect();
    entry.believed = None;
    signature::keep(&commanded.signature, &mut entry.reply);
    let mut ends = commanded.effects.iter().filter_map(|(_, effect)| match effect {
        Effect::Status(status) => Some(*status),
        Effect::Snooze(_) => Some(Status::Snoozed),
        _ => None,
    });
    let status = ends.next_back().unwrap_or(Status::Waiting);
    send_answer(name, work, entry, &commanded.words, files, &case.cause(), status);
}

/// Whose ticket it is, and who watches it, hears of a colleague's answer.
pub fn tell_answer(author: &str, work: &mut Work, words: &str, cause: &str) {
    for agent in notify::hearers(&work.ticket, work.policy, work.now) {
        if agent.name != author {
            let mut draft = notify::to_agent(work, agent, Template::NotifyAnswer, cause);
            draft.text = words.to_owned();
            draft.author = Some(Address::new(Some(&display(work, author)), work.mailbox().address.as_str()));
            draft.values.insert("actor", Value::Text(display(work, author)));
            draft.values.insert("sender", Value::Text(work.ticket.requester.to_string()));
            work.outgoing.push(draft);
        }
    }
}

/// An agent's words go to the requester and the participants, from the desk's address; the ticket's state follows.
pub fn send_answer(
    name: &str,
    work: &mut Work,
    mut entry: crate::model::Entry,
    words: &str,
    files: Vec<Attachment>,
    cause: &str,
    status: Status,
) {
    // The operator at the command line is nobody whom the customer knows: the desk itself answers then.
    let author = work.policy.agent(name).map_or_else(|| work.policy.desk.name.clone(), |a| a.display.clone());
    let recipients = recipients(&work.ticket);
    let drafts: Vec<Draft> = recipients
        .iter()
        .map(|to| Draft {
            template: Template::Answer,
            addressee: Addressee::Customer,
            to: to.clone(),
            cc: recipients.iter().filter(|other| other.email != to.email).cloned().collect(),
            mailbox: work.mailbox().name.clone(),
            language: work.ticket.language,
            ticket: Some(work.ticket.clone()),
            in_reply_to: work.ticket.thread.last().cloned(),
            references: work.ticket.thread.clone(),
            text: words.to_owned(),
            author: Some(Address::new(Some(&author), work.mailbox().address.as_str())),
            attachments: files.clone(),
            values: answer_values(&author, status, work),
            cause: cause.to_owned(),
            at: work.now,
        })
        .collect();
    entry.from = Address::new(Some(&author), work.mailbox().address.as_str());
    entry.to = recipients;
    entry.subject.clone_from(&work.ticket.subject);
    entry.text = words.to_owned();
    // What the agent's program put below his words stays inside.
    let signature = std::mem::take(&mut entry.reply.signature);
    entry.reply = Reply { text: words.to_owned(), signature, ..Reply::default() };
    // What the customer knows this answer by is the mail that we send, not the agent's own.
    entry.message_id = drafts.first().map(|d| d.message_id(work.policy));
    work.say(entry, "The agent's answer to the customer");
    work.change(TicketChange::Answered, "An agent answered");
    if work.ticket.owner.is_none() && work.policy.agent(name).is_some() {
        let group = work.ticket.group.clone();
        work.change(TicketChange::Assigned { owner: Some(name.to_owned()), group }, "Who answers first takes it");
    }
    if status == Status::Waiting && work.ticket.status != Status::Waiting {
        work.change(
            TicketChange::Status { to: Status::Waiting },
            "The agent answered; the next word is the customer's",
        );
    }
    work.outgoing.extend(drafts);
}

/// Where the answer is to be the last word, it says how to have another.
fn answer_values(author: &str, status: Status, work: &Work) -> std::collections::BTreeMap<&'static str, Value> {
    let days = Value::Number(i64::from(work.policy.desk.reopen_days));
    let resolved = (status == Status::Resolved).then_some(("resolved_days", days));
    resolved.into_iter().chain([("agent", Value::Text(author.to_owned()))]).collect()
}

/// The requester, then the participants.
fn recipients(ticket: &Ticket) -> Vec<Address> {
    let participants = ticket.participants.iter().map(|p| Address { name: p.name.clone(), email: p.email.clone() });
    std::iter::once(ticket.requester.clone()).chain(participants).filter(|a| a.spec().is_some()).collect()
}

/// Takes the mark off a restricted request; who does it answers for it.
pub fn lift(work: &mut Work, name: &str, reason: &str) -> Result<(), String> {
    if !work.ticket.restricted {
        return Err("nothing is restricted on this ticket".to_owned());
    }
    let reason = clean_line(reason, REASON_MAX);
    work.change(TicketChange::Overridden { by: name.to_owned(), reason: reason.clone() }, reason);
    Ok(())
}

/// Gives a ticket to an agent, or to a group: to whom the group's rule chooses, as it does for new tickets, or to all of it.
pub fn assign_to(actor: &str, work: &mut Work, to: &Assignee, found: &Found, because: &str, cause: &str) {
    let name = match to {
        Assignee::Agent(agent) => return assign(actor, work, Some(agent.clone()), None, because, cause),
        Assignee::Group(name) => name,
    };
    let Some(group) = work.policy.group(name) else { return };
    let at_hand = AtHand { loads: &found.loads, turns: &found.turns, now: work.now };
    // Whoever gives it away does not get it back, and from whom the clock takes it neither.
    let but = if actor == DESK { work.ticket.owner.clone() } else { Some(actor.to_owned()) };
    let chosen = route::choose(group, &at_hand, but.as_deref(), work.policy);
    work.turns.extend(chosen.turn);
    let because = format!("{because}: {}", chosen.because);
    assign(actor, work, chosen.owner, Some(group.name.clone()), &because, cause);
}

/// Gives a ticket to somebody else, who is told; the one who gives it is not.
pub fn assign(actor: &str, work: &mut Work, owner: Option<String>, group: Option<String>, because: &str, cause: &str) {
    if work.ticket.owner == owner && work.ticket.group == group {
        return;
    }
    work.change(TicketChange::Assigned { owner, group }, because);
    let story = work.story();
    for agent in notify::told(&work.ticket, work.policy, work.now) {
        if agent.name == actor {
            continue;
        }
        let mut draft = notify::to_agent(work, agent, Template::NotifyAssigned, cause);
        draft.text.clone_from(&story);
        draft.author = Some(work.ticket.requester.clone());
        draft.values.insert("actor", Value::Text(display(work, actor)));
        draft.values.insert("sender", Value::Text(work.ticket.requester.to_string()));
        work.outgoing.push(draft);
    }
}

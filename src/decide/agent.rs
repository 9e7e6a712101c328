//! An agent's mail: an answer that goes to the customer, a note for colleagues, commands. Believed only by a reply
//! identity that this desk signed for this agent, together with what [`proof`] asks.

use crate::model::message::Message;
use crate::model::outgoing::{Addressee, Draft, MARKER, Template, Value};
use crate::model::text::clean_line;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, Address, Attachment, Decision, Fate, Status, Ticket, TicketChange};

use super::commands::{Commanded, Effect, take_commands};
use super::leak::leak;
use super::work::{Case, DESK, Work, attachment_info, is_logo};
use super::{access, confirm, customer, deskless, hands, notify, proof};

/// Characters of a reason that are kept.
const REASON_MAX: usize = 500;

pub fn agent(case: &Case, name: &str) -> Decision {
    // A mail that names no ticket: an agent is somebody's customer too, or forwards what a customer sent him.
    let Some(ticket) = &case.facts.thread.ticket else {
        return if case.facts.desk_token { deskless::answer(case, name) } else { customer::customer(case) };
    };
    let agent = case.policy.agent(name);
    let Some(lacks) =
        agent.map_or_else(|| Some("There is no such agent".to_owned()), |agent| proof::lacks(case, agent))
    else {
        return speak(case, name, ticket);
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
pub fn own_words(message: &Message) -> &str {
    let reply = &message.reply;
    let all_is_ours = reply.marker && reply.quoted.trim().is_empty() && reply.text.contains(MARKER);
    if all_is_ours { "" } else { &reply.text }
}

fn speak(case: &Case, name: &str, ticket: &Ticket) -> Decision {
    let commanded = take_commands(own_words(case.message), case.policy, case.now);
    if !commanded.mistakes.is_empty() {
        return misunderstood(case, name, &commanded);
    }
    act(case, name, ticket, &commanded)
        .unwrap_or_else(|no| refuse(case, name, no.key, &no.because, &no.understood, &no.not))
}

/// Why a believed agent's mail is not carried out.
pub struct Refusal {
    /// A word that the text files know.
    pub key: &'static str,
    pub because: String,
    /// The commands that were understood, and those that were not, with what is wrong with them.
    pub understood: Vec<String>,
    pub not: Vec<String>,
}

impl Refusal {
    pub fn new(key: &'static str, because: impl Into<String>) -> Self {
        Refusal { key, because: because.into(), understood: Vec::new(), not: Vec::new() }
    }

    /// A command that was understood and cannot be carried out here.
    pub fn of(key: &'static str, written: &str, why: String, commanded: &Commanded) -> Self {
        let others = commanded.effects.iter().map(|(written, _)| written).filter(|other| *other != written);
        let understood = others.cloned().collect();
        Refusal { key, not: vec![format!("{written}: {why}")], because: why, understood }
    }
}

/// Carries out all of an agent's mail, or nothing of it.
fn act(case: &Case, name: &str, ticket: &Ticket, commanded: &Commanded) -> Result<Decision, Refusal> {
    let has = |wanted: fn(&Effect) -> bool| commanded.effects.iter().find(|(_, effect)| wanted(effect));
    let note = has(|e| *e == Effect::Note).is_some();
    let files = relayed(case.message);
    if let Some(leak) = leak(case, &commanded.words, &files).filter(|_| !note) {
        return Err(Refusal::new(leak.key, leak.because));
    }
    // Quote marks and rules that were left over are no answer.
    let is_word = |c: char| !c.is_whitespace() && !c.is_ascii_punctuation();
    let says = commanded.words.contains(is_word) || !files.is_empty();
    if commanded.effects.is_empty() && !says {
        return Err(Refusal::new("nothing-said", "There was nothing to send: no words, no command"));
    }
    if note && !says {
        return Err(Refusal::new("nothing-said", "A note without words"));
    }
    let not_here = |written: &str, why: &str| Refusal::of("command", written, why.to_owned(), commanded);
    if let Some((written, _)) = has(|e| *e == Effect::Reject) {
        return Err(not_here(
            written,
            "it answers the question about a mail that was put aside, and this is another mail",
        ));
    }
    if let Some((written, _)) = has(|e| *e == Effect::Spam).filter(|_| says && !note) {
        return Err(not_here(written, "nothing is sent to whoever sends spam; words in the same mail need #note"));
    }
    let mut work = case.work(ticket.clone()).by(name);
    first(case, name, &mut work, commanded)?;
    let action = match (says, note) {
        (true, true) => {
            add_note(case, name, &mut work, &commanded.words);
            Action::Note
        }
        (true, false) => {
            answer(case, name, &mut work, commanded, files);
            Action::Relay
        }
        (false, _) => {
            let entry = case.entry(EntryKind::Note, Direction::Note);
            work.say(entry, "Commands by mail");
            Action::Command
        }
    };
    let revoked = carry_out(case, name, &mut work, commanded)?;
    let number = work.ticket.number;
    let mut decision = work.into_decision(action, Fate::Appended(number));
    revoked.into_iter().for_each(|other| other.join(&mut decision));
    deskless::wish(name, commanded, &mut decision);
    decision.view = Some(case.view(true));
    decision.reasons.extend(match case.facts.confirmed {
        true => vec![case.facts.authenticity.because.clone()],
        false => vec![
            format!("{name} is believed: From is the agent's address, and the reply identity was signed for {name}"),
            proof::because(case),
        ],
    });
    decision.reasons.extend(commanded.effects.iter().map(|(written, _)| format!("Carried out: {written}")));
    Ok(decision)
}

/// What comes before the words: to whom they go, and whether they may.
fn first(case: &Case, name: &str, work: &mut Work, commanded: &Commanded) -> Result<(), Refusal> {
    for (written, effect) in &commanded.effects {
        let (key, done) = match effect {
            Effect::Accept(who) => ("accept", access::accept(case, work, name, who.as_ref(), written)),
            Effect::Copy { add, address } => ("command", hands::copy(work, name, *add, address, written)),
            Effect::Override(reason) => ("command", lift(work, name, reason)),
            _ => continue,
        };
        done.map_err(|why| Refusal::of(key, written, why, commanded))?;
    }
    Ok(())
}

fn misunderstood(case: &Case, name: &str, commanded: &Commanded) -> Decision {
    let understood: Vec<String> = commanded.effects.iter().map(|(written, _)| written.clone()).collect();
    let not: Vec<String> = commanded.mistakes.iter().map(|(written, why)| format!("{written}: {why}")).collect();
    refuse(
        case,
        name,
        "command",
        "A command was not understood, so nothing was done and nothing was sent",
        &understood,
        &not,
    )
}

/// The mail of a believed agent that cannot be carried out: it stays in the ticket, and comes back with the reason.
fn refuse(case: &Case, name: &str, key: &str, because: &str, understood: &[String], not: &[String]) -> Decision {
    let Some(ticket) = &case.facts.thread.ticket else { return case.quarantine(because) };
    let mut work = case.work(ticket.clone()).by(name);
    work.say(case.entry(EntryKind::Note, Direction::Note), format!("Not carried out: {because}"));
    work.outgoing.extend(notify::refused(case, name, key, understood, not));
    let number = work.ticket.number;
    let mut decision = work.into_decision(Action::Note, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.reasons.push(because.to_owned());
    decision.reasons.extend(not.iter().cloned());
    decision
}

/// The attachments that go to the customer: all but the logos of a signature.
fn relayed(message: &Message) -> Vec<Attachment> {
    message.attachments.iter().filter(|a| !is_logo(a)).cloned().collect()
}

fn add_note(case: &Case, name: &str, work: &mut Work, words: &str) {
    let mut entry = case.entry(EntryKind::Note, Direction::Note);
    entry.text = words.to_owned();
    entry.reply.text = words.to_owned();
    work.say(entry, "A note, kept from the customer");
    tell_note(name, work, words, &case.cause());
}

/// Colleagues hear of a note; its author does not.
pub fn tell_note(author: &str, work: &mut Work, words: &str, cause: &str) {
    for agent in notify::hearers(&work.ticket, work.policy, work.now) {
        if agent.name == author {
            continue;
        }
        let mut draft = notify::to_agent(work, agent, Template::NotifyNote, cause);
        draft.text = words.to_owned();
        draft.values.insert("actor", Value::Text(display(work, author)));
        work.outgoing.push(draft);
    }
}

fn display(work: &Work, name: &str) -> String {
    if name == DESK {
        return work.policy.desk.name.clone();
    }
    work.policy.agent(name).map_or_else(|| name.to_owned(), |a| a.display.clone())
}

fn answer(case: &Case, name: &str, work: &mut Work, commanded: &Commanded, files: Vec<Attachment>) {
    let mut entry = case.entry(EntryKind::Answer, Direction::Outgoing);
    entry.attachments = files.iter().map(attachment_info).collect();
    entry.believed = None;
    let mut ends = commanded.effects.iter().filter_map(|(_, effect)| match effect {
        Effect::Status(status) => Some(*status),
        Effect::Snooze(_) => Some(Status::Snoozed),
        _ => None,
    });
    let status = ends.next_back().unwrap_or(Status::Waiting);
    send_answer(name, work, entry, &commanded.words, files, &case.cause(), status);
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
            values: std::collections::BTreeMap::from([("agent", Value::Text(author.clone()))]),
            cause: cause.to_owned(),
            at: work.now,
        })
        .collect();
    entry.from = Address::new(Some(&author), work.mailbox().address.as_str());
    entry.to = recipients;
    entry.subject.clone_from(&work.ticket.subject);
    entry.text = words.to_owned();
    entry.reply = crate::model::message::Reply { text: words.to_owned(), ..Default::default() };
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

/// The requester, then the participants.
fn recipients(ticket: &Ticket) -> Vec<Address> {
    let participants = ticket.participants.iter().map(|p| Address { name: p.name.clone(), email: p.email.clone() });
    std::iter::once(ticket.requester.clone()).chain(participants).filter(|a| a.spec().is_some()).collect()
}

/// Returns the other tickets that were changed with this one.
fn carry_out<'a>(
    case: &Case<'a>,
    name: &str,
    work: &mut Work<'a>,
    commanded: &Commanded,
) -> Result<Vec<Work<'a>>, Refusal> {
    let mut others = Vec::new();
    for (written, effect) in &commanded.effects {
        let mut done = Ok(());
        match effect {
            // Before the words, or with them.
            Effect::Note | Effect::Accept(_) | Effect::Copy { .. } | Effect::Reject | Effect::Override(_) => {}
            Effect::Revoke => others = access::revoke(work, &case.facts.found.absorbed, written),
            Effect::Status(to) => {
                if work.ticket.status != *to {
                    work.change(TicketChange::Status { to: *to }, written);
                }
            }
            Effect::Take => {
                assign(name, work, Some(name.to_owned()), work.ticket.group.clone(), written, &case.cause())
            }
            Effect::Assign(to) => {
                let (owner, group) = hands::owner_and_group(to);
                assign(name, work, owner, group, written, &case.cause());
            }
            Effect::Priority(to) => work.change(TicketChange::Priority { to: *to }, written),
            Effect::Category(to) => work.change(TicketChange::Category { to: Some(to.clone()) }, written),
            Effect::Snooze(until) => work.change(TicketChange::Snoozed { until: *until }, written),
            Effect::Watch(on) => hands::watch(work, name, *on, written),
            Effect::Spam => done = hands::spam(work, written),
            Effect::Digest { .. } => {} // of the agent, not of the ticket
            Effect::Time(minutes) => hands::book(work, name, *minutes, written),
            Effect::Tag { on, off } => done = hands::tag(work, on, off, written),
        }
        done.map_err(|why| Refusal::of("command", written, why, commanded))?;
    }
    Ok(others)
}

/// Takes the mark off a restricted request; who does it answers for it.
fn lift(work: &mut Work, name: &str, reason: &str) -> Result<(), String> {
    if !work.ticket.restricted {
        return Err("nothing is restricted on this ticket".to_owned());
    }
    let reason = clean_line(reason, REASON_MAX);
    work.change(TicketChange::Overridden { by: name.to_owned(), reason: reason.clone() }, reason);
    Ok(())
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

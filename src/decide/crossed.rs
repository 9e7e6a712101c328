//! Answers that cross: somebody else answered, or the ticket was merged, after the notification left that an agent answers.
//! His words wait then, and he sees what he could not know; `#send` lets them go.

use jiff::Timestamp;

use crate::model::outgoing::{Template, Value};
use crate::model::ticket::EntryKind;
use crate::model::{Decision, HistoryLine, Hold, HoldKind, HoldState, Ticket, TicketChange, TicketNumber};

use super::notify;
use super::work::Case;

/// What happened in between.
pub struct Crossing {
    /// A word that the text files know: `answered`, `merged`.
    pub what: &'static str,
    /// Who did it, by name.
    pub actor: String,
    /// The other answer.
    pub words: String,
    pub because: String,
}

/// What happened on the ticket since the mail left that the agent answers, by somebody else. None: nothing, or nobody can
/// tell, because his program does not say what he answers.
pub fn crossing(case: &Case, ticket: &Ticket, name: &str) -> Option<Crossing> {
    let mut lines = since(case, ticket)?.filter(|line| line.actor != name);
    let other = lines.clone().rfind(|line| line.change == TicketChange::Answered);
    if let Some(line) = other {
        let entry = |at: Timestamp| {
            let mut said =
                case.facts.found.said.iter().filter(|e| e.ticket == ticket.number && e.kind == EntryKind::Answer);
            said.rfind(|e| e.at == at).map(|e| e.reply.text.clone())
        };
        return Some(Crossing {
            what: "answered",
            actor: line.actor.clone(),
            words: entry(line.at).unwrap_or_default(),
            because: format!("{} answered after the mail left to which this one answers", line.actor),
        });
    }
    let meant = meant(case)?;
    let merged = lines.find(|line| meant != ticket.number && line.change == TicketChange::Linked { to: meant })?;
    Some(Crossing {
        what: "merged",
        actor: merged.actor.clone(),
        words: String::new(),
        because: format!("Ticket {meant} was merged into this one after the mail left to which this one answers"),
    })
}

/// Who took the ticket since the mail left that the agent answers.
pub fn taken<'a>(case: &'a Case, ticket: &Ticket, name: &str) -> Option<&'a HistoryLine> {
    let owner = ticket.owner.as_deref().filter(|owner| *owner != name)?;
    let took = |line: &&HistoryLine| {
        line.actor == owner && matches!(&line.change, TicketChange::Assigned { owner: Some(to), .. } if to == owner)
    };
    since(case, ticket)?.rfind(took)
}

/// The ticket's history since the mail left that the agent answers. None where his program does not say which that was.
fn since<'a>(
    case: &'a Case,
    ticket: &Ticket,
) -> Option<impl DoubleEndedIterator<Item = &'a HistoryLine> + Clone + use<'a>> {
    let told = &case.facts.found.told;
    let (seen, number) = (told.answered.as_ref()?.at, ticket.number);
    Some(told.history.iter().filter(move |line| line.ticket == number && line.at > seen))
}

/// The ticket that the agent knew by the token that he used.
pub fn meant(case: &Case) -> Option<TicketNumber> {
    case.facts.thread.proven.as_ref().map(|proven| proven.ticket)
}

/// The agent's own word let this mail go.
pub fn is_released(case: &Case) -> bool {
    let held = case.facts.found.held.as_ref();
    held.is_some_and(|hold| hold.kind == HoldKind::Crossed && hold.state == HoldState::Released)
}

/// This very mail waits.
pub fn is_held(case: &Case) -> bool {
    let held = case.facts.found.held.as_ref();
    held.is_some_and(|hold| hold.kind == HoldKind::Crossed && hold.is_open(case.now))
}

/// Nothing is sent, and the agent sees why.
pub fn hold(case: &Case, name: &str, ticket: &Ticket, words: &str, crossing: &Crossing) -> Decision {
    let because = format!("An answer by {name} waits for #send: {}", crossing.because);
    let mut decision = case.quarantine(&because);
    let Some(agent) = case.policy.agent(name) else { return decision };
    let kind = HoldKind::Crossed;
    decision.holds.push(Hold {
        number: case.facts.found.next_hold,
        kind,
        who: agent.name.clone(),
        ticket: Some(ticket.number),
        digest: Some(case.message.digest),
        state: HoldState::Waiting,
        made_at: case.now,
        until: case.now.checked_add(kind.patience()).unwrap_or(Timestamp::MAX),
        told: false,
    });
    let mut work = case.work(ticket.clone()).by(name);
    work.event(format!("an answer by {name} waits for #send"), &crossing.because);
    let mut draft = notify::to_agent(&work, agent, Template::Crossed, &case.cause());
    draft.text = words.to_owned();
    draft.values.insert("what", Value::Text(crossing.what.to_owned()));
    draft.values.insert("actor", Value::Text(super::agent::display(&work, &crossing.actor)));
    draft.values.insert("answer", Value::Text(crossing.words.clone()));
    draft.values.extend(meant(case).map(|meant| ("merged", Value::Number(meant))));
    work.outgoing.push(draft);
    work.join(&mut decision);
    decision.view = Some(case.view(true));
    decision
}

/// The agent's mail that waits on this ticket.
pub fn waiting<'a>(case: &'a Case, ticket: &Ticket) -> Option<&'a Hold> {
    let hold = case.facts.found.told.crossed.as_ref().filter(|hold| hold.is_open(case.now))?;
    let here = hold.ticket == Some(ticket.number) || hold.ticket == meant(case);
    (here && Some(case.message.digest) != hold.digest).then_some(hold)
}

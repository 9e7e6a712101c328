//! A mail that was put aside because its sender is not who he says: an agent is asked about it, and his word lets it in or
//! leaves it out. Never one in an agent's name.

use jiff::Timestamp;

use crate::model::message::Class;
use crate::model::outgoing::{Template, Value};
use crate::model::{Action, Decision, HistoryLine, Hold, HoldKind, HoldState, TicketChange};

use super::commands::{Effect, take_commands};
use super::confirm::{Question, mail, to_agent};
use super::presence::of_assignee;
use super::work::Case;

/// Characters of a mail that was put aside which are shown to whoever is asked about it.
const WORDS_MAX: usize = 2_000;

/// Whoever looks after the mailbox is asked, with the mail's words before him. Not about a mail whose author is in doubt, not
/// about what a machine wrote, not twice about the same bytes, and not more often in a day than people read.
pub fn ask(case: &Case, mut decision: Decision) -> Decision {
    let found = &case.facts.found;
    let in_budget = found.asked_aside.is_some_and(|asked| asked < HoldKind::Mail.per_day());
    if case.message.class != Class::Person || found.held.is_some() || !in_budget {
        return decision;
    }
    let owner = case.mailbox.owner.as_ref().unwrap_or(&case.policy.desk.owner);
    let Some(agent) = of_assignee(owner, case.policy, case.now).into_iter().next() else { return decision };
    let (to, language) = to_agent(agent, case.policy);
    let question = Question {
        kind: HoldKind::Mail,
        who: agent.name.clone(),
        to,
        language,
        mailbox: &case.mailbox.name,
        ticket: None,
        text: case.message.text.chars().take(WORDS_MAX).collect(),
        cause: case.cause(),
    };
    let (mut hold, mut draft) = question.put(&case.facts.found, case.policy, case.now);
    hold.digest = Some(case.message.digest);
    draft.values.insert("sender", Value::Text(case.author_as_written().to_string()));
    draft.values.insert("subject", Value::Text(case.subject().to_owned()));
    draft.values.insert("because", Value::Text(case.facts.authenticity.because.clone()));
    decision.reasons.push(format!("{} is asked whether it is genuine, until {}", agent.name, hold.until));
    decision.holds.push(hold);
    decision.outgoing.push(draft);
    decision
}

/// An agent's word about a mail that was put aside. Only the two commands count: nobody lets a forged mail in by writing
/// "thanks".
pub fn answer(case: &Case, hold: &Hold) -> Decision {
    let said = take_commands(&case.message.reply.text, case.policy, case.now);
    let says = |is: fn(&Effect) -> bool| said.effects.iter().any(|(_, effect)| is(effect));
    let accepts = says(|effect| matches!(effect, Effect::Accept(_)));
    let (state, what) = match (accepts, says(|effect| *effect == Effect::Reject)) {
        (true, false) => (HoldState::Released, format!("{} lets a mail in that was put aside", hold.who)),
        (false, true) => (HoldState::Denied, format!("{} leaves a mail out that was put aside", hold.who)),
        _ => return unclear(case, hold),
    };
    let mut decision = case.ignore(what);
    decision.action = Action::Command;
    if state == HoldState::Denied {
        let because = format!("{} rejected it by mail", hold.who);
        decision.left_out.extend(hold.digest.map(|digest| (digest, because)));
    }
    decision.holds.push(Hold { state, ..hold.clone() });
    decision
}

/// Neither word, or both: the agent is asked again, once.
fn unclear(case: &Case, hold: &Hold) -> Decision {
    let mut decision =
        case.ignore("It answers the question about a mail that was put aside, and says neither #accept nor #reject");
    let Some(agent) = case.policy.agent(&hold.who).filter(|_| !hold.told) else { return decision };
    let (to, language) = to_agent(agent, case.policy);
    let mailbox = &case.mailbox.name;
    let mut draft = mail(Template::Confirm, hold, to, language, mailbox, case.policy, case.now);
    draft.cause = format!("{}:again", draft.cause);
    draft.values.insert("kind", Value::Text("mail-unclear".to_owned()));
    decision.outgoing.push(draft);
    decision.holds.push(Hold { told: true, ..hold.clone() });
    decision
}

/// The story of a ticket says who let a mail in that was put aside, and what spoke against it.
pub fn note_release(decision: &mut Decision, by: &str, now: Timestamp) {
    let Some(ticket) = decision.fate.ticket() else { return };
    decision.history.push(HistoryLine {
        ticket,
        at: now,
        actor: by.to_owned(),
        change: TicketChange::Event { what: "a mail was released from quarantine".to_owned() },
        because: decision.view.as_ref().map(|view| view.authenticity.because.clone()).unwrap_or_default(),
    });
}

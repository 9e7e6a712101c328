//! A machine's mail that answers one of ours: vacation notices, receipts, complaints. It opens and reopens nothing and
//! is never relayed; without a sign of the ticket it is set aside where people can see it.

use crate::model::conduct::{Mark, Marked};
use crate::model::message::Class;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, Believed, Decision, Fate};

use super::bounds;
use super::work::Case;

/// Why an agent's mail on a ticket is no word of his: nobody types a mail with `Precedence: bulk`, and some responders mark
/// their notices by nothing else. A customer's is a ticket all the same: shops and lists write so on purpose.
pub fn agents_sign(case: &Case) -> Option<String> {
    let message = case.message;
    case.facts.thread.ticket.as_ref()?;
    match message.class {
        Class::Machine => Some(message.automatic_because.join("; ")),
        _ => message.no_acknowledgement.iter().find(|sign| sign.contains("Precedence: ")).cloned(),
    }
}

pub fn machine(case: &Case) -> Decision {
    by_sign(case, &case.message.automatic_because.join("; "))
}

/// `because`: the signs that a machine wrote it.
pub fn by_sign(case: &Case, because: &str) -> Decision {
    let thread = &case.facts.thread;
    let what = match case.message.class {
        Class::Receipt => "a receipt",
        Class::Complaint => "a complaint about a mail of ours",
        _ => "an automatic reply",
    };
    // Its author is provably not who he says: what he wrote is no note on anybody's ticket.
    if case.believed() == Believed::Failed && case.message.class != Class::Complaint {
        return case
            .quarantine(format!("It is {what}, and its sender is not believed: {}", case.facts.authenticity.because));
    }
    let proven = thread.ticket.as_ref().filter(|_| thread.by.is_proof());
    let Some(ticket) = proven else {
        let decision = case.quarantine(format!("It is {what} that belongs to no ticket ({because})"));
        return complained(case, decision);
    };
    let mut work = case.work(ticket.clone());
    // Folded into the story: nobody is notified, no state changes.
    let status = work.ticket.status;
    work.say(case.entry(EntryKind::Automatic, Direction::Incoming), format!("It is {what} ({because})"));
    bounds::note(&mut work, case.message);
    debug_assert_eq!(status, work.ticket.status);
    let number = work.ticket.number;
    let mut decision = work.into_decision(Action::Note, Fate::Appended(number));
    decision.view = Some(case.view(true));
    if case.message.class == Class::AutoReply {
        let from = case.author().map(String::from).unwrap_or_default();
        let tags = case.message.foreign_tags.iter().filter(|_| !from.is_empty());
        decision.peer_tags.extend(tags.map(|tag| (from.clone(), tag.clone(), number)));
    }
    decision.reasons.push(format!("It is {what}: noted on ticket {number}, answered by nobody ({because})"));
    complained(case, decision)
}

/// Whoever reported a mail of ours as unwanted gets no acknowledgement any more. Who that is says the mail of ours that the
/// report returns, signed by this desk; what else stands in the report anybody can write.
fn complained(case: &Case, mut decision: Decision) -> Decision {
    if case.message.class != Class::Complaint {
        return decision;
    }
    for mail in &case.facts.found.bounced {
        decision.marks.push(Mark::new(&mail.to, Marked::Complained));
        decision.reasons.push(format!("{} gets no acknowledgement from now on", mail.to));
    }
    decision.alarm("Somebody reported a mail of the desk's as unwanted")
}

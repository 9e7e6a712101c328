//! A sender that could not be checked, because the DNS did not answer, is checked again. What is found then may prove a mail
//! that was taken in as unproven; it takes nothing back.

use jiff::Timestamp;

use crate::model::facts::Sender;
use crate::model::recheck::Recheck;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, Believed, Decision, Facts, Fate, HoldKind, HoldState, Message, Policy, TicketChange};

use super::work::{Case, DESK, Work};
use super::{access, notify, open};

/// Notes that this mail is to be checked again.
pub fn arrange(case: &Case, decision: &mut Decision) {
    if !case.facts.unanswered {
        return;
    }
    let is_agents = matches!(case.facts.sender, Sender::Agent(_));
    decision.recheck = match &decision.fate {
        Fate::Ticket(number) | Fate::Appended(number) => {
            let entry = decision.entries.iter().find(|e| e.direction == Direction::Incoming && e.raw);
            entry.map(|entry| Recheck {
                ticket: Some(*number),
                seq: Some(entry.seq),
                hold: decision.holds.iter().find(|h| h.kind == HoldKind::Request).map(|h| h.number),
            })
        }
        Fate::Quarantined { .. } if is_agents => Some(Recheck::default()),
        _ => None,
    };
}

/// What the check came to that was made again, of a mail that stands in a ticket. `is_last`: it is not made once more.
pub fn again(
    message: &Message,
    mailbox: &str,
    facts: &Facts,
    policy: &Policy,
    now: Timestamp,
    asked: &Recheck,
    is_last: bool,
) -> Decision {
    let case = &Case::new(message, mailbox, facts, policy, now);
    let mut decision = Decision::new(Action::Command, Fate::Order);
    if case.facts.unanswered && !is_last {
        return decision;
    }
    decision.rechecked = Some(case.message.digest);
    let (Some(number), Some(seq)) = (asked.ticket, asked.seq) else { return decision };
    let found = &case.facts.found.tickets;
    let Some((_, ticket)) = found.iter().find(|(asked, _)| *asked == number) else { return decision };
    let mut work = case.work(ticket.clone()).by(DESK);
    if case.facts.replayed {
        work.event(format!("message {seq} is a changed copy of another mail"), "Its signature came before");
        decision.alarms.push("A signed mail came again with changes: somebody sends copies of it".to_owned());
    } else if case.is_verified() {
        prove(case, &mut work, asked, seq, &mut decision);
    } else {
        work.event(format!("sender of message {seq} checked again"), &case.facts.authenticity.because);
    }
    work.join(&mut decision);
    decision
}

fn prove(case: &Case, work: &mut Work, asked: &Recheck, seq: u32, decision: &mut Decision) {
    let number = asked.ticket.unwrap_or_default();
    decision.verdicts.push((number, seq, Believed::Verified));
    decision.signatures.extend(super::conduct::proofs(case));
    work.note_verdict_of(seq, &case.facts.authenticity);
    let said = case.facts.found.said.iter().find(|e| e.ticket == number && e.seq == seq);
    match said.map(|e| e.kind) {
        // The ticket may live on in another one by now, which that mail did not open.
        Some(EntryKind::Request) if work.ticket.number == number => opened(case, work, asked, decision),
        Some(EntryKind::External) if case.is_thread_his() => {
            access::propose(case, work, &case.author_as_written(), "The outsider who wrote is proven now");
        }
        _ => {}
    }
}

/// The mail that opened the ticket.
fn opened(case: &Case, work: &mut Work, asked: &Recheck, decision: &mut Decision) {
    work.change(TicketChange::Verified, &case.facts.authenticity.because);
    if work.ticket.contact.is_none() {
        open::bind(case, work);
    }
    if !work.ticket.restricted || !open::may_be_acted_on(case) {
        return;
    }
    let because = "The check that had no answer was made again, and proves who made the request";
    work.change(TicketChange::Confirmed { by: "proof".to_owned() }, because);
    let waits = case.facts.found.hold.as_ref().filter(|h| Some(h.number) == asked.hold);
    let waits = waits.filter(|h| h.kind == HoldKind::Request && h.state == HoldState::Waiting);
    decision.holds.extend(waits.map(|hold| crate::model::Hold { state: HoldState::Done, ..hold.clone() }));
    work.outgoing.extend(notify::proven(case, work));
}

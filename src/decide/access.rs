//! Who may come into a ticket by an agent's word, and taking its tokens back.

use crate::model::access::Proposed;
use crate::model::outgoing::Template;
use crate::model::ticket::EntryKind;
use crate::model::token::TokenKind;
use crate::model::{AddrSpec, Address, Believed, Draft, Ticket, TicketChange};

use super::asking::answered;
use super::notify;
use super::work::{Case, Work};

/// Somebody who may be let in, with whom the mail at hand brought.
pub fn propose(case: &Case, work: &mut Work, person: &Address, because: &str) {
    let Some(spec) = person.spec() else { return };
    let proposed = Proposed {
        email: spec.to_string(),
        name: person.name.clone(),
        by: case.author_as_written().email,
        mail: case.message.digest.hex(),
    };
    work.change(TicketChange::Proposed(proposed), because);
}

/// People to whom the author of this mail, as far as it is proven, wrote besides the desk. Never our own addresses, agents, machines, or those who are in
/// the ticket already.
pub fn copied(case: &Case, ticket: &Ticket) -> Vec<Address> {
    let mut out: Vec<Address> = Vec::new();
    if !case.is_to_us() {
        return out; // a letter to somebody else, which somebody sent on
    }
    let covered = case.facts.covered;
    let to = case.message.to.iter().filter(|_| covered.to);
    for person in to.chain(case.message.cc.iter().filter(|_| covered.cc)) {
        let Some(spec) = person.spec() else { continue };
        let known = ticket.is_participant(spec.as_str()) || out.iter().any(|p| p.spec().as_ref() == Some(&spec));
        if !known && case.policy.is_outside(&spec) && !spec.is_machines() {
            out.push(Address { name: person.name.clone(), email: spec.to_string() });
        }
    }
    out
}

/// Makes people participants who were proposed: the one named, else those whom the mail brought of which the agent answers
/// the notification.
pub fn accept(case: &Case, work: &mut Work, name: &str, named: Option<&AddrSpec>, written: &str) -> Result<(), String> {
    let waiting = &work.ticket.access.proposed;
    if waiting.is_empty() {
        let number = work.ticket.number;
        let outsider = work.said.iter().rev().find(|e| e.ticket == number && e.kind == EntryKind::External);
        return Err(match outsider.is_some_and(|e| e.believed != Some(Believed::Verified)) {
            true => "the sender of the latest such mail is not proven, and only proven senders are accepted",
            false => "nobody wrote on this ticket who could be accepted",
        }
        .to_owned());
    }
    let accepted: Vec<Proposed> = match (named, answered(case.message)) {
        (Some(address), _) => {
            waiting.iter().filter(|p| p.email.eq_ignore_ascii_case(address.as_str())).cloned().collect()
        }
        (None, Some(id)) => waiting.iter().filter(|p| tells_of(id, case, work, name, &p.mail)).cloned().collect(),
        // His program keeps no thread: what he means is plain only where one mail is in question.
        (None, None) if waiting.iter().all(|p| p.mail == waiting[0].mail) => waiting.clone(),
        (None, None) => Vec::new(),
    };
    if accepted.is_empty() {
        let who: Vec<&str> = waiting.iter().map(|p| p.email.as_str()).collect();
        return Err(format!("name one of those who wait: {}", who.join(", ")));
    }
    for Proposed { email, name: shown, .. } in accepted {
        work.change(TicketChange::Participant { email, name: shown, by: name.to_owned() }, written);
    }
    Ok(())
}

/// It is the notification to this agent that told of this mail: somebody who wrote since then is not meant by the answer.
fn tells_of(id: &str, case: &Case, work: &Work, name: &str, mail: &str) -> bool {
    let (keys, about) = (&case.policy.keys, work.ticket.token());
    [Template::NotifyNew, Template::NotifyReply, Template::NotifyConfirmed].into_iter().any(|template| {
        let cause = Draft::token_cause(template, &notify::cause_for(mail, name));
        keys.is_message_id(id, TokenKind::Agent, about, name, &cause)
    })
}

/// All of the ticket's tokens that were made before prove nothing from now on, nor do those of the tickets that live on in
/// it. Returns these, changed.
pub fn revoke<'a>(work: &mut Work<'a>, absorbed: &[Ticket], because: &str) -> Vec<Work<'a>> {
    let next = |ticket: &Ticket| TicketChange::TokensRevoked { generation: ticket.access.generation + 1 };
    let change = next(&work.ticket);
    work.change(change, because);
    absorbed
        .iter()
        .filter(|ticket| ticket.number != work.ticket.number)
        .map(|ticket| {
            let mut other = Work::new(ticket.clone(), work.policy, work.now).by(&work.actor);
            other.change(next(ticket), because);
            other
        })
        .collect()
}

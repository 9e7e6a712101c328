//! A mail of an agent's that names no ticket: he asks the desk something, opens a ticket for a customer, forwards what a
//! customer sent him, or is somebody's customer himself.

use crate::model::{Action, Address, Agent, Decision};

use super::act::{Refusal, Rest, Said};
use super::agent::{commanded, hold};
use super::commands::{Commanded, Effect};
use super::open::{Given, open_for};
use super::work::Case;
use super::{customer, notify, proof};

pub fn fresh(case: &Case, agent: &Agent) -> Decision {
    let commanded = commanded(case.message, agent, case.policy, case.now);
    let lacks = match case.facts.desk_token {
        true => proof::lacks(case, agent),
        false => lacks(case, agent),
    };
    if commanded.effects.is_empty() && commanded.mistakes.is_empty() {
        if !case.facts.desk_token || lacks.is_some() {
            return customer::customer(case);
        }
        // He answers a digest: there is no customer in it, and no ticket shall come of it.
        let key = if commanded.words.contains(char::is_alphanumeric) { "no-ticket" } else { "nothing-said" };
        return refuse(case, agent, &Refusal::new(key, "He answers a mail of the desk's that is about no ticket"));
    }
    if let Some(lacks) = lacks {
        return hold(case, &agent.name, "unsigned", &lacks);
    }
    commands(case, agent, &commanded)
}

/// What a believed agent commands where there is no ticket.
fn commands(case: &Case, agent: &Agent, commanded: &Commanded) -> Decision {
    let done = Said::of(case, &agent.name, commanded).and_then(|said| carry_out(case, agent, &said));
    done.unwrap_or_else(|no| refuse(case, agent, &no))
}

/// Without a signed identity only strong proof of what he wrote, and that he wrote it to the desk, makes it his.
fn lacks(case: &Case, agent: &Agent) -> Option<String> {
    if case.facts.confirmed {
        return None;
    }
    if !case.is_strong() {
        return Some(case.facts.authenticity.because.clone());
    }
    if !case.is_to_us() {
        return Some("It was not written to the desk, as far as the proof goes".to_owned());
    }
    if !case.facts.covered.subject {
        return Some("The proof does not cover its subject".to_owned());
    }
    let from = case.author()?;
    let is_alternate = from != *agent.address() && case.facts.found.learnt.answered_at.is_none();
    is_alternate.then(|| format!("{from} is not the first of {}'s addresses, and is not proven to be one", agent.name))
}

fn carry_out(case: &Case, agent: &Agent, said: &Said) -> Result<Decision, Refusal> {
    let no_ticket = "the mail names no ticket: answer a mail of the desk's about it";
    said.without(
        |e| {
            use Effect::{Accept, Done, Link, Merge, Override, Reject, Revoke, Spam, Split, Template};
            let of_a_ticket = matches!(
                e,
                Accept(_)
                    | Merge(_)
                    | Split(_)
                    | Link(_)
                    | Reject
                    | Revoke
                    | Override(_)
                    | Spam
                    | Template(_)
                    | Done { .. }
            );
            of_a_ticket || *e == Effect::Ask(super::commands::Ask::History)
        },
        true,
        no_ticket,
    )?;
    let address = said.commanded.effects.iter().find_map(|(_, e)| match e {
        Effect::For(address) => Some(address.clone()),
        _ => None,
    });
    let forwarded = case.message.forwarded_author().and_then(|author| {
        let spec = author.spec()?;
        case.policy.is_outside(&spec).then(|| (author.clone(), spec))
    });
    let known = |email: &str| case.contact().filter(|c| c.email.as_str() == email).and_then(|c| c.name.clone());
    match (address, forwarded) {
        (Some(address), forwarded) => {
            let named =
                forwarded.as_ref().filter(|(_, spec)| *spec == address).and_then(|(author, _)| author.name.clone());
            let requester = Address { name: known(address.as_str()).or(named), email: address.to_string() };
            let is_call = forwarded.is_none();
            open_for(case, "An agent opened it for the customer", Some(&Given { agent, said, requester, is_call }))
        }
        (None, Some((author, _))) => {
            let because = "An agent forwarded a customer's mail";
            open_for(case, because, Some(&Given { agent, said, requester: author, is_call: false }))
        }
        (None, None) => said.without(|e| !is_of_no_ticket(e), true, no_ticket).map(|()| answered(case, agent, said)),
    }
}

/// What needs no ticket.
fn is_of_no_ticket(effect: &Effect) -> bool {
    matches!(effect, Effect::Ask(_) | Effect::Digest { .. })
}

/// He only asked something. Words that stand below it are for nobody.
fn answered(case: &Case, agent: &Agent, said: &Said) -> Decision {
    let mut decision = case.ignore(format!("{} said something to the desk itself", agent.name));
    decision.action = Action::Command;
    Rest::default().settle(case, agent, said, None, &mut decision);
    decision
}

/// It comes back, and nothing was done.
fn refuse(case: &Case, agent: &Agent, no: &Refusal) -> Decision {
    let mut decision = case.ignore(format!("Not carried out: {}", no.because));
    decision.action = Action::Command;
    decision.reasons.extend(no.lines());
    decision.commands = no.commands();
    decision.outgoing.extend(notify::refused(case, &agent.name, no.key, &no.understood, &no.lines()));
    decision
}

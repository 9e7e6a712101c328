//! Floor 1: policy. Pure: the same mail, facts and time give the same decision. This file is the table of contents: in
//! which order the desk asks its questions about a mail. The first that applies decides.

mod access;
mod acknowledge;
mod act;
mod agent;
mod articles;
mod aside;
mod asking;
mod asks;
mod bounce;
mod bounds;
mod care;
mod checklist;
mod circles;
mod clock;
mod commands;
mod conduct;
mod confirm;
mod consent;
mod crossed;
mod customer;
pub mod digest;
mod duplicates;
mod duty;
mod fresh;
mod hands;
mod inform;
mod leak;
mod lookalike;
mod machine;
mod merge;
mod note_address;
mod notify;
mod open;
mod order;
mod presence;
mod proof;
mod recheck;
mod resolved;
mod route;
mod signature;
mod templates;
mod thanks;
mod urgency;
mod weeks;
mod work;

pub use aside::note_release;
pub use asking::ask;
pub use bounce::undelivered;
pub use clock::clock;
pub use commands::{COMMANDS, Command};
pub use confirm::{verify, verify_alternate};
pub use duty::{Gap, gaps};
pub use order::order;
pub use recheck::again as check_again;
pub use templates::{TemplateMistake, VALUES as TEMPLATE_VALUES, check as check_templates};

use jiff::Timestamp;

use crate::model::facts::{Authenticity, Sender};
use crate::model::message::Class;
use crate::model::{Believed, Decision, Facts, Message, Policy};
use work::Case;

/// RFC 5321 section 6.3 wants a limit on hops of 100 at least for relaying; a mail with more than this many Received
/// fields by the time it reaches a mailbox has been going round.
const HOPS_MAX: u32 = 50;

/// Why a mail of somebody who was forgotten is not taken in again.
const ERASED: &str = "It was erased at a person's request, and is not taken in again";

/// What to do with a mail that came to `mailbox`. `now` is the time of the decision.
pub fn decide(message: &Message, mailbox: &str, facts: &Facts, policy: &Policy, now: Timestamp) -> Decision {
    let case = Case::new(message, mailbox, facts, policy, now);
    let mut decision = first_that_applies(&case);
    confirm::settle(&case, &mut decision);
    decision.view.get_or_insert_with(|| case.view(false));
    warn_of_doubles(&case, &mut decision);
    decision.reasons.extend(bounds::because(message).map(|because| format!("Read in part: {because}")));
    conduct::remember(&case, &mut decision);
    recheck::arrange(&case, &mut decision);
    decision
}

/// What the agent is warned of stands among the reasons too.
fn warn_of_doubles(case: &Case, decision: &mut Decision) {
    let double = decision.tickets.first().and_then(|ticket| lookalike::suspicion(case, ticket));
    decision.reasons.extend(double.map(|double| format!("Mind the sender: {}", double.because)));
}

fn first_that_applies(case: &Case) -> Decision {
    let Case { message, facts, .. } = case;
    if facts.found.erased {
        return case.ignore(ERASED);
    }
    if let Some(earlier) = &facts.found.duplicate {
        return case.duplicate(earlier);
    }
    if let Some(because) = came_back(case) {
        return case.ignore(because).alarm("A mail of the desk's own came back to it: look for a forwarding loop");
    }
    if message.structure.received > HOPS_MAX {
        let because = format!("It passed {} hops, more than {HOPS_MAX}: a loop", message.structure.received);
        return case.quarantine(because).alarm("A mail that goes round was put in quarantine");
    }
    if facts.replayed {
        return replay(case);
    }
    if let Some(decision) = conduct::parked(case) {
        return decision;
    }
    match message.class {
        // A responder's answer to a confirmation mail too: it releases nothing.
        Class::AutoReply | Class::Machine if facts.confirmation.is_some() => {}
        Class::Bounce => return bounce::bounce(case),
        Class::Receipt | Class::Complaint | Class::AutoReply => return machine::machine(case),
        // Monitoring and shops write to support mailboxes on purpose: theirs is a ticket like a person's, unacknowledged.
        Class::Machine | Class::Person => {}
    }
    if facts.authenticity.believed == Believed::Failed {
        return suspect(case, &facts.authenticity);
    }
    if let Some(confirmation) = &facts.confirmation {
        return confirm::answer(case, confirmation);
    }
    match &facts.sender {
        Sender::Agent(name) => match machine::agents_sign(case) {
            Some(sign) => machine::by_sign(case, &sign),
            None => agent::agent(case, name),
        },
        _ => customer::customer(case),
    }
}

/// Our own words: a Message-ID that only our key can make, or one of our own addresses as the sender.
fn came_back(case: &Case) -> Option<String> {
    let generations = &case.facts.found.generations;
    let is_own = |id: &String| case.policy.keys.prove_message_id(id, generations).is_some();
    if case.message.message_id.iter().any(is_own) {
        return Some("It carries a Message-ID that this desk made: our own mail came back".to_owned());
    }
    (case.facts.sender == Sender::Ourselves).then(|| "Its From is one of the desk's own addresses".to_owned())
}

/// A signature proved another mail before: this one is a copy of it that somebody changed where the signature does not reach.
fn replay(case: &Case) -> Decision {
    let because = "Its signature came before, with another mail: this is a copy that was changed on its way";
    let decision = case.quarantine(because).alarm("A signed mail came again with changes: somebody sends copies of it");
    let Sender::Agent(name) = &case.facts.sender else { return decision };
    agent::note_held(case, decision, name, "forged", &format!("A copy of a mail by {name} was held"), because)
}

/// A sender who is provably not who he says: kept aside, answered by nobody, bound to no contact. Whoever looks after the
/// mailbox is asked whether it is genuine all the same, but never about one in an agent's name.
fn suspect(case: &Case, authenticity: &Authenticity) -> Decision {
    let decision = case.quarantine(format!("Its sender is not believed: {}", authenticity.because));
    let Sender::Agent(name) = &case.facts.sender else { return aside::ask(case, decision) };
    let decision = decision.alarm(format!("A mail claims to be from agent {name} and is not"));
    let event = format!("A mail that claims to be from {name} was held");
    agent::note_held(case, decision, name, "forged", &event, &authenticity.because)
}

impl Decision {
    /// Adds something of which the operator should hear.
    fn alarm(mut self, what: impl Into<String>) -> Self {
        self.alarms.push(what.into());
        self
    }
}

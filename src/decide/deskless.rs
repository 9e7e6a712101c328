//! An agent's answer to a mail of the desk's that is about no ticket: to a digest. There is no customer in it, so whatever it
//! says is for the desk.

use crate::model::digest::DigestKind;
use crate::model::{Agent, Decision};

use super::agent::{hold, own_words};
use super::commands::{Commanded, Effect, take_commands};
use super::work::Case;
use super::{fresh, notify, proof};

pub fn answer(case: &Case, agent: &Agent) -> Decision {
    if let Some(lacks) = proof::lacks(case, agent) {
        let mut decision = hold(case, &agent.name, "unsigned", &lacks);
        decision.reasons.push(proof::because(case));
        return decision;
    }
    let commanded = take_commands(own_words(case.message), case.policy, case.now);
    if commanded.effects.is_empty() && commanded.mistakes.is_empty() {
        let key = if commanded.words.contains(char::is_alphanumeric) { "no-ticket" } else { "nothing-said" };
        let mut decision = case.ignore("An agent's answer to a digest that says nothing which can be carried out");
        decision.outgoing.extend(notify::refused(case, &agent.name, key, &[], &[]));
        return decision;
    }
    let mut decision = fresh::commands(case, agent, &commanded);
    decision.reasons.push(proof::because(case));
    decision
}

/// Which digests an agent wants from now on.
pub fn wish(name: &str, commanded: &Commanded, decision: &mut Decision) {
    // As the configuration spells him, whose names are the moments'.
    let wishes = commanded.effects.iter().filter_map(|(_, effect)| match effect {
        Effect::Digest { kind, on } => Some((DigestKind::off(*kind, name), !on)),
        _ => None,
    });
    decision.moments.extend(wishes);
}

//! An agent's answer to a mail of the desk's that is about no ticket: to a digest. There is no customer in it, so whatever it
//! says is for the desk.

use crate::model::digest::DigestKind;
use crate::model::{Action, Decision, Fate};

use super::agent::{hold, own_words};
use super::commands::{Commanded, Effect, take_commands};
use super::work::Case;
use super::{notify, proof};

pub fn answer(case: &Case, name: &str) -> Decision {
    let agent = case.policy.agent(name);
    if let Some(lacks) = agent.map_or(Some("There is no such agent".to_owned()), |agent| proof::lacks(case, agent)) {
        let mut decision = hold(case, name, "unsigned", &lacks);
        decision.reasons.push(proof::because(case));
        return decision;
    }
    let commanded = take_commands(own_words(case.message), case.policy, case.now);
    let here = |(_, effect): &&(String, Effect)| matches!(effect, Effect::Digest { .. });
    let not_here = commanded.effects.iter().filter(|one| !here(one));
    let why = "the mail that you answered is about no ticket";
    let mut not: Vec<String> = not_here.map(|(written, _)| format!("{written}: {why}")).collect();
    not.extend(commanded.mistakes.iter().map(|(written, why)| format!("{written}: {why}")));
    let says = commanded.words.contains(char::is_alphanumeric);
    if says || !not.is_empty() || commanded.effects.is_empty() {
        let key = match (not.is_empty(), says) {
            (false, _) => "command",
            (true, true) => "no-ticket",
            (true, false) => "nothing-said",
        };
        let understood: Vec<String> =
            commanded.effects.iter().filter(here).map(|(written, _)| written.clone()).collect();
        let mut decision = case.ignore("An agent's answer to a digest that says nothing which can be carried out");
        decision.outgoing.extend(notify::refused(case, name, key, &understood, &not));
        return decision;
    }
    let because = format!("{name} says what he wants to be told by himself");
    let mut decision = Decision::new(Action::Command, Fate::Ignored { because: because.clone() });
    decision.reasons.push(because);
    decision.reasons.push(proof::because(case));
    wish(name, &commanded, &mut decision);
    decision.reasons.extend(commanded.effects.iter().map(|(written, _)| format!("Carried out: {written}")));
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

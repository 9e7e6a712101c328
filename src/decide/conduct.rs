//! What a mail leaves in the desk's memory of its sender: guesses at ticket checks, signs of life, and that
//! an agent's address can be proven.

use crate::model::conduct::{GUESSES_IN_ALL, GUESSES_PER_SENDER, MISTRUST, Mark, Marked, PARKED};
use crate::model::message::Class;
use crate::model::{Decision, Digest, Fate, Sender};

use super::work::Case;

/// Written in the same transaction as everything else about the mail, so that no restart forgets it.
pub fn remember(case: &Case, decision: &mut Decision) {
    if matches!(decision.fate, Fate::Duplicate { .. }) {
        return;
    }
    pace(case, decision);
    decision.signatures.extend(proofs(case));
    let from = case.author().map(String::from).unwrap_or_default();
    guesses(case, &from, decision);
    let fared = &case.facts.found.conduct.mail_to_it;
    if case.is_verified() && fared.failures > 0 {
        decision.marks.push(Mark::new(&from, Marked::Alive));
    }
    let agents = matches!(case.facts.sender, Sender::Agent(_));
    if agents && case.is_strong() && !case.facts.confirmed && case.facts.found.learnt.strong_since.is_none() {
        decision.marks.push(Mark::new(&from, Marked::Strong));
    }
}

/// Counted for its sender, and, where a machine wrote it, for all machines.
fn pace(case: &Case, decision: &mut Decision) {
    if case.facts.found.reopened {
        return; // it was counted when it came
    }
    if let Some(from) = case.author().filter(|_| counts(case)) {
        let (proven, at) = (case.is_verified(), case.written_at());
        decision.marks.push(Mark::new(from.as_str(), Marked::Wrote { proven, at }));
    }
    if case.message.is_automatic() {
        decision.marks.push(Mark::new("", Marked::Automatic));
    }
}

/// Not counted: an agent who is believed, the answer to a question of ours, and bounces, which answer what we sent.
fn counts(case: &Case) -> bool {
    let agents = matches!(case.facts.sender, Sender::Agent(_));
    let believed = agents && (case.facts.agent_token || case.is_strong());
    case.policy.budgets.per_sender_hour > 0
        && !believed
        && case.facts.confirmation.is_none()
        && case.message.class != Class::Bounce
}

/// Mail from an address that writes too much is put aside for an hour, and people are told once.
pub fn parked(case: &Case) -> Option<Decision> {
    if !counts(case) || case.facts.found.reopened {
        return None;
    }
    let (proven, from) = (case.is_verified(), case.author()?);
    let (pace, limit) = (case.facts.found.conduct.pace(proven), case.policy.budgets.per_sender_hour);
    let because = format!("Its sender wrote more than {limit} mails within an hour: parked");
    if pace.parked {
        return Some(case.quarantine(because));
    }
    if pace.hour < limit {
        return None;
    }
    let mut decision = case.quarantine(because);
    decision.alarms.push(format!("Somebody wrote more than {limit} mails within an hour: such mail is in quarantine"));
    let until = case.now.checked_add(PARKED).unwrap_or(case.now);
    decision.marks.push(Mark::new(from.as_str(), Marked::Parked { proven, until }));
    Some(decision)
}

/// The signatures that prove this mail, and therefore no other.
pub fn proofs(case: &Case) -> Vec<(String, Digest)> {
    let marks = &case.facts.proven_by;
    // Of most mails nothing is to be kept, and all of the text would be hashed for it.
    let consequences = (!marks.is_empty()).then(|| case.message.consequences());
    consequences.iter().flat_map(|digest| marks.iter().map(|mark| (mark.clone(), *digest))).collect()
}

fn guesses(case: &Case, from: &str, decision: &mut Decision) {
    let wrong = case.facts.wrong_checks;
    if wrong == 0 {
        return;
    }
    let conduct = &case.facts.found.conduct;
    let proven = case.is_verified();
    decision.marks.push(Mark::new(from, Marked::Guessed { proven, wrong }));
    let before = conduct.guesses(proven);
    if !before.mistrusted && before.hour.saturating_add(wrong) > GUESSES_PER_SENDER {
        let until = case.now.checked_add(MISTRUST).unwrap_or(case.now);
        decision.marks.push(Mark::new(from, Marked::Mistrusted { proven, until }));
        decision.alarms.push("A sender guesses at ticket checks: they count for nothing for a day".to_owned());
    }
    let (were, are) = (conduct.guesses_in_all, conduct.guesses_in_all.saturating_add(wrong));
    if were <= GUESSES_IN_ALL && are > GUESSES_IN_ALL {
        decision.alarms.push(format!(
            "More than {GUESSES_IN_ALL} wrong ticket checks within an hour: those in subjects prove nothing until it ends"
        ));
    }
}

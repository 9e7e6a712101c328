//! Mails that were signed once and come again with changes: a signature that proved one mail proves no other.

use crate::model::facts::OwnProof;
use crate::model::message::Signature;
use crate::model::{Found, Lookup, Message, Policy};

use super::sender;
use super::verdicts::related;

/// Most signatures of a mail that are looked for.
const LOOKED_FOR: usize = 10;

/// The signatures that could prove From, as they are kept.
pub fn marks(message: &Message, policy: &Policy) -> Vec<String> {
    let Some(from) = sender::from(message) else { return Vec::new() };
    let own = message.signatures.iter().filter(|s| related(&s.domain, from.domain())).take(LOOKED_FOR);
    own.flat_map(|s| policy.keys.signature_marks(&s.mark)).collect()
}

/// Those that proved it for certain are asked for too: another reader may have taken what is written for another signature.
pub fn ask(lookup: &mut Lookup, proof: &OwnProof, policy: &Policy) {
    for mark in proof.by.iter().flat_map(|s| policy.keys.signature_marks(&s.mark)) {
        if !lookup.signatures.contains(&mark) {
            lookup.signatures.push(mark);
        }
    }
}

/// What is to be kept of the signatures that prove this mail, and whether one of them proved another mail before.
pub fn seen(message: &Message, by: &[&Signature], found: &Found, policy: &Policy) -> (Vec<String>, bool) {
    if by.is_empty() {
        return (Vec::new(), false);
    }
    let consequences = message.consequences();
    let (mut keep, mut replayed): (Vec<String>, bool) = (Vec::new(), false);
    for signature in by {
        let marks = policy.keys.signature_marks(&signature.mark);
        let before = found.signatures.iter().find(|(mark, _)| marks.contains(mark));
        replayed |= before.is_some_and(|(_, other)| *other != consequences);
        keep.extend(marks.into_iter().next().filter(|mark| before.is_none() && !keep.contains(mark)));
    }
    (keep, replayed)
}

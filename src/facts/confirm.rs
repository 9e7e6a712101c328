//! Whether a mail answers a confirmation mail of the desk's, and whether a mail that was held has been confirmed since.

use crate::model::desk::Policy;
use crate::model::facts::{Authenticity, Confirmation, Sender};
use crate::model::token::{Generations, KeyRing, Proven, TokenKind};
use crate::model::{Believed, Found, Hold, HoldKind, HoldNumber, HoldState, Message, Strength};

use super::sender;
use super::thread::{is_ours, own_details, referred};

/// The hidden tokens of confirmation mails that came with this mail, in the order of BEHAVIOUR section 2.
fn tokens<'a>(message: &'a Message, policy: &'a Policy) -> impl Iterator<Item = Proven> + 'a {
    let never = Generations::default(); // these are not about tickets
    let addresses = own_details(message, policy).into_iter();
    let details: Vec<Proven> = addresses.filter_map(|(_, d)| policy.keys.prove_address_detail(&d, &never)).collect();
    let ids = referred(message).filter_map(move |id| policy.keys.prove_message_id(id, &never));
    details.into_iter().chain(ids).filter(|proven| proven.kind == TokenKind::Confirm)
}

/// The hold that the mail names: proven by a hidden token, or only claimed by a code in the subject, which
/// [`confirmation`] checks once it is known for whom it was made.
pub fn named(message: &Message, policy: &Policy) -> Option<HoldNumber> {
    let in_subject = || {
        message.tokens.iter().find(|t| is_ours(&t.prefix, policy) && KeyRing::is_confirm_shaped(t)).map(|t| t.number)
    };
    tokens(message, policy).next().map(|proven| proven.ticket).or_else(in_subject)
}

/// Whose confirmation mails count, should this mail cause another one.
pub fn whose(message: &Message, policy: &Policy) -> Option<String> {
    let from = sender::from(message)?;
    Some(policy.agent_by_address(&from).map_or_else(|| from.to_string(), |agent| agent.name.clone()))
}

/// The hold that this mail answers with a token made for exactly this hold and its addressee.
pub fn confirmation(message: &Message, found: &Found, policy: &Policy) -> Option<Confirmation> {
    let hold = found.hold.as_ref()?;
    let who = hold.addressee();
    let hidden = tokens(message, policy).any(|p| p.ticket == hold.number && policy.keys.is_for(&p, &who));
    let subject = || message.tokens.iter().any(|t| policy.keys.proves_confirm(t, hold.number, &who));
    if !hidden && !subject() {
        return None;
    }
    Some(Confirmation { hold: hold.clone(), by_registered: by_registered(message, hold, policy) })
}

/// From is an address of the agent's, or exactly the address on file.
fn by_registered(message: &Message, hold: &Hold, policy: &Policy) -> bool {
    let Some(from) = sender::from(message) else { return false };
    match hold.kind {
        HoldKind::Agent => {
            policy.agent_by_address(&from).is_some_and(|a| !a.disabled && a.name.eq_ignore_ascii_case(&hold.who))
        }
        HoldKind::Request | HoldKind::Address | HoldKind::Alternate => from.as_str().eq_ignore_ascii_case(&hold.who),
    }
}

/// The judgement on a mail that was held and confirmed since: as though it had been proven. What is provably forged
/// stays so.
pub fn released(judged: &Authenticity, sender: &Sender, found: &Found) -> Option<Authenticity> {
    let hold = found.held.as_ref().filter(|h| h.kind == HoldKind::Agent && h.state == HoldState::Released)?;
    let Sender::Agent(name) = sender else { return None };
    if !name.eq_ignore_ascii_case(&hold.who) || judged.believed == Believed::Failed {
        return None;
    }
    let mut evidence = judged.evidence.clone();
    evidence.push(format!("confirmed: {name} answered the desk's question at the registered address"));
    let because = format!("{name} confirmed this mail from the registered address");
    Some(Authenticity { believed: Believed::Verified, strength: Some(Strength::Strong), because, evidence })
}

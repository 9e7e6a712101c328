//! Who wrote, as far as From says: one of us, an agent, a contact, a stranger. Reply-To, Sender and the envelope say
//! nothing here.

use crate::model::facts::{Sender, Thread};
use crate::model::token::TokenKind;
use crate::model::{AddrSpec, Address, Found, Message, Policy};

use super::thread;

/// From's only address. Two, or none that is strict, name nobody.
pub fn from(message: &Message) -> Option<AddrSpec> {
    match message.from.as_slice() {
        [only] => only.spec(),
        _ => None,
    }
}

/// Whose contact, organisation and earlier tickets matter: From's; but where an agent forwards a customer's mail, with a
/// note above it or without, that customer's. Who may give orders is never taken from here.
pub fn customer(message: &Message, policy: &Policy) -> Option<AddrSpec> {
    let from = from(message)?;
    let by_agent = policy.agent_by_address(&from).is_some_and(|agent| !agent.disabled);
    let forwarded = || message.forwarded_author().and_then(Address::spec).filter(|author| policy.is_outside(author));
    if by_agent { forwarded().or(Some(from)) } else { Some(from) }
}

/// From is an agent's address; whether the agent wrote is another question.
pub fn claims_agent(message: &Message, policy: &Policy) -> bool {
    from(message).is_some_and(|from| policy.agent_by_address(&from).is_some())
}

pub fn sender(message: &Message, found: &Found, policy: &Policy) -> Sender {
    let Some(from) = from(message) else { return Sender::Stranger };
    if policy.own_address(&from).is_some() {
        return Sender::Ourselves;
    }
    if let Some(agent) = policy.agent_by_address(&from) {
        return Sender::Agent(agent.name.clone());
    }
    match &found.contact {
        Some(contact) if contact.email == from => Sender::Contact(contact.clone()),
        _ => Sender::Stranger,
    }
}

/// A hidden token made for exactly the agent to whom From belongs came with the mail, and it is one of the ticket that
/// the mail was joined to: a token of one ticket gives no rights in another.
pub fn agent_token(message: &Message, sender: &Sender, thread: &Thread, found: &Found, policy: &Policy) -> bool {
    let (Sender::Agent(name), Some(ticket)) = (sender, &thread.ticket) else { return false };
    if policy.agent(name).is_none_or(|agent| agent.disabled) {
        return false;
    }
    thread::names(message, policy, &found.generations)
        .iter()
        .filter(|named| !named.returned)
        .filter_map(|named| named.proven.as_ref())
        .any(|proven| {
            proven.kind == TokenKind::Agent
                && policy.keys.is_for(proven, name)
                && thread::living(proven.ticket, found).is_some_and(|t| t.number == ticket.number)
        })
}

/// The mail answers one of the desk's that was made for exactly the agent to whom From belongs, and that is about no ticket.
pub fn desk_token(message: &Message, sender: &Sender, found: &Found, policy: &Policy) -> bool {
    let Sender::Agent(name) = sender else { return false };
    let mut ids = thread::referred(message);
    policy.agent(name).is_some_and(|agent| !agent.disabled)
        && ids.any(|id| {
            let proven = policy.keys.prove_message_id(id, &found.generations);
            proven.is_some_and(|p| p.ticket == 0 && p.kind == TokenKind::Agent && policy.keys.is_for(&p, name))
        })
}

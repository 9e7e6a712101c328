//! Floor 1: what the store is asked about a mail, and what its answers mean. A table of contents: who wrote is
//! [`sender`]'s matter, whether to believe it [`authenticity`]'s, to which ticket it belongs [`thread`]'s.

mod authenticity;
mod confirm;
mod from_field;
mod idna;
mod sender;
mod thread;
mod verdicts;

use crate::model::desk::Assign;
use crate::model::facts::OwnProof;
use crate::model::{AddrSpec, Facts, Found, Lookup, Message, Policy};

/// The one address that wrote, where From has exactly one field with exactly one strict address that every reading of
/// it agrees on: the address whose domain the own check of signatures is asked about.
pub fn author(message: &Message) -> Option<AddrSpec> {
    from_field::author(message).ok()
}

/// What `believe` may hold besides authserv-ids: see `docs/trust.md`.
pub use verdicts::{ANCHOR_EXCHANGE_ONLINE, BELOW};

/// What the decision about this mail needs to know.
pub fn lookup(message: &Message, mailbox: &str, policy: &Policy) -> Lookup {
    let mut tickets: Vec<_> = thread::names(message, policy).iter().map(|name| name.number).collect();
    tickets.extend(thread::wrong(message, policy));
    thread::dedup(&mut tickets);
    Lookup {
        mailbox: mailbox.to_owned(),
        digest: Some(message.digest),
        fingerprint: Some(message.fingerprint()),
        message_id: message.id().map(str::to_owned),
        sender: sender::customer(message, policy),
        tickets,
        message_ids: thread::foreign_ids(message, policy),
        bounced: thread::bounced(message, policy),
        hold: confirm::named(message, policy),
        holds_of: confirm::whose(message, policy),
        story: sender::claims_agent(message, policy),
        loads: policy.groups.iter().any(|group| group.assign == Assign::LeastOpen),
    }
}

/// What the store's answers mean.
pub fn establish(message: &Message, mailbox: &str, proof: &OwnProof, found: Found, policy: &Policy) -> Facts {
    let sender = sender::sender(message, &found, policy);
    let thread = thread::thread(message, &found, policy);
    let judged = authenticity::judge(message, policy.mailbox(mailbox), proof);
    let released = confirm::released(&judged, &sender, &found);
    Facts {
        agent_token: released.is_some() || sender::agent_token(message, &sender, &thread, &found, policy),
        authenticity: released.unwrap_or(judged),
        organisation: found.organisation.clone(),
        confirmation: confirm::confirmation(message, &found, policy),
        sender,
        thread,
        found,
    }
}

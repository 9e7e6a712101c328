//! Floor 1: what the store is asked about a mail, and what its answers mean. A table of contents: who wrote is
//! [`sender`]'s matter, whether to believe it [`authenticity`]'s, to which ticket it belongs [`thread`]'s.

mod authenticity;
mod confirm;
mod from_field;
mod guesses;
mod idna;
mod sender;
mod thread;
mod verdicts;

use crate::model::desk::Assign;
use crate::model::facts::OwnProof;
use crate::model::{AddrSpec, Believed, Facts, Found, Lookup, Message, Policy, lookalike};

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
        skeleton: sender::from(message).map(|from| lookalike::domain_skeleton(from.domain())),
        from: sender::from(message),
        agents: sender::from(message).filter(|from| policy.agent_by_address(from).is_some()),
        requester_of: None,
        sender: sender::customer(message, policy),
        tickets,
        message_ids: thread::foreign_ids(message, policy),
        bounced: thread::bounced(message, policy),
        hold: confirm::named(message, policy),
        holds_of: confirm::whose(message, policy),
        aside: confirm::may_be_asked_about(message, mailbox, policy),
        story: sender::claims_agent(message, policy),
        urgent_of: if policy.promises.urgency.words.is_empty() { 0 } else { policy.promises.urgency.of_last },
        loads: policy.groups.iter().any(|group| group.assign == Assign::LeastOpen),
    }
}

/// What the store's answers mean.
pub fn establish(message: &Message, mailbox: &str, proof: &OwnProof, found: Found, policy: &Policy) -> Facts {
    let sender = sender::sender(message, &found, policy);
    let judged = authenticity::judge(message, policy.mailbox(mailbox), proof);
    let released = confirm::released(&judged, &sender, &found);
    let confirmed = released.as_ref().is_some_and(|judged| judged.believed == Believed::Verified);
    let authenticity = released.unwrap_or(judged);
    let wrong_checks = guesses::wrong_checks(message, policy);
    let heed = match confirmed {
        // Its checks were heeded when it was held; who guessed since must not change what was asked about.
        true => guesses::Heed::all(),
        false => guesses::Heed::of(message, &sender, &authenticity, wrong_checks, &found),
    };
    let thread = thread::thread(message, &found, policy, &heed);
    Facts {
        agent_token: confirmed || sender::agent_token(message, &sender, &thread, &found, policy),
        confirmed,
        authenticity,
        wrong_checks,
        organisation: found.organisation.clone(),
        confirmation: confirm::confirmation(message, &found, policy),
        sender,
        thread,
        found,
    }
}

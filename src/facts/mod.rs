//! Floor 1: what the store is asked about a mail, and what its answers mean. A table of contents: who wrote is
//! [`sender`]'s matter, whether to believe it [`authenticity`]'s, to which ticket it belongs [`thread`]'s.

mod authenticity;
mod confirm;
mod covered;
mod from_field;
mod guesses;
mod replay;
mod sender;
mod thread;
mod verdicts;

use crate::model::facts::{Believed, Covered, OwnProof, ProofOutcome, Sender};
use crate::model::token::{Generations, TokenKind};
use crate::model::{AddrSpec, Facts, Found, Lookup, Message, Policy, lookalike};

/// The one address that wrote, where From has exactly one field with exactly one strict address that every reading of
/// it agrees on: the address whose domain the own check of signatures is asked about. None where the header was not read
/// whole: nothing could prove it.
pub fn author(message: &Message) -> Option<AddrSpec> {
    from_field::author(message).ok().filter(|_| from_field::is_read_whole(message))
}

/// What `believe` may hold besides authserv-ids: see `docs/trust.md`.
pub use replay::ask as ask_about_signatures;
pub use verdicts::{ANCHOR_EXCHANGE_ONLINE, BELOW};

/// What the decision about this mail needs to know.
pub fn lookup(message: &Message, mailbox: &str, policy: &Policy) -> Lookup {
    // Which tokens were taken back is known once the tickets are: every one that claims a ticket is looked up.
    let unknown = Generations::default();
    let mut tickets: Vec<_> = thread::names(message, policy, &unknown).iter().map(|name| name.number).collect();
    tickets.extend(thread::wrong(message, policy, &unknown));
    tickets.extend(thread::of_own_id(message));
    thread::dedup(&mut tickets);
    Lookup {
        mailbox: mailbox.to_owned(),
        packages: std::sync::Arc::clone(&policy.packages),
        digest: Some(message.digest),
        fingerprint: Some(message.fingerprint()),
        message_id: message.id().map(str::to_owned),
        // As the store knows a mail again: by its bytes, or by its content where it has a Message-ID.
        erased: [Some(message.digest), message.id().map(|_| message.fingerprint())]
            .iter()
            .flatten()
            .flat_map(|digest| policy.keys.tombstones(digest))
            .collect(),
        signatures: replay::marks(message, policy),
        skeleton: sender::from(message).map(|from| lookalike::domain_skeleton(from.domain())),
        name: message.from.first().and_then(|a| a.name.as_deref()).and_then(lookalike::name_skeleton),
        from: sender::from(message),
        written_at: message.sent_at.as_ref().map(jiff::Zoned::timestamp),
        foreign_tags: message.foreign_tags.clone(),
        agents: sender::from(message).filter(|from| policy.agent_by_address(from).is_some()),
        requester_of: None,
        sender: sender::customer(message, policy),
        least_budget: policy.budgets.per_hour.min(policy.budgets.per_domain_hour),
        tickets,
        message_ids: thread::foreign_ids(message, policy),
        bounced: thread::bounced(message),
        hold: confirm::named(message, policy),
        holds_of: confirm::whose(message, policy),
        aside: confirm::may_be_asked_about(message, mailbox, policy),
        story: sender::claims_agent(message, policy),
        moments: Vec::new(),
        urgent_of: if policy.promises.urgency.words.is_empty() { 0 } else { policy.promises.urgency.of_last },
        asked: Default::default(),
        loads: policy.needs_loads(),
    }
}

/// Whether it may turn out that the agent wrote it whose address From has: From is proven, or a signed identity of the
/// agent's came with it. Nobody else has the store searched.
pub fn may_be_agents(message: &Message, mailbox: &str, proof: &OwnProof, policy: &Policy) -> bool {
    let agent = sender::from(message).and_then(|from| policy.agent_by_address(&from)).filter(|agent| !agent.disabled);
    let Some(agent) = agent else { return false };
    let named = thread::names(message, policy, &Generations::default());
    let signed = |named: &thread::Named| {
        named.proven.as_ref().is_some_and(|p| p.kind == TokenKind::Agent && policy.keys.is_for(p, &agent.name))
    };
    let judged = || authenticity::judge(message, policy.mailbox(mailbox), proof);
    named.iter().any(signed) || judged().authenticity.believed == Believed::Verified
}

/// What the store's answers mean.
pub fn establish(message: &Message, mailbox: &str, proof: &OwnProof, mut found: Found, policy: &Policy) -> Facts {
    thread::keep_proven(&mut found, policy);
    let sender = sender::sender(message, &found, policy);
    let judged = authenticity::judge(message, policy.mailbox(mailbox), proof);
    let (proven_by, replayed) = replay::seen(message, &judged.proof.by, &found, policy);
    let authenticity = match &sender {
        Sender::Agent(_) => authenticity::in_an_agents_name(message, judged.authenticity),
        _ => judged.authenticity,
    };
    let released = confirm::released(&authenticity, &sender, &found);
    let confirmed = released.as_ref().is_some_and(|judged| judged.believed == Believed::Verified);
    let covered = if confirmed { Covered::ALL } else { judged.proof.covered };
    let authenticity = released.unwrap_or(authenticity);
    let wrong_checks = guesses::wrong_checks(message, policy, &found.generations);
    let heed = match confirmed {
        // Its checks were heeded when it was held; who guessed since must not change what was asked about.
        true => guesses::Heed::all(),
        false => guesses::Heed::of(message, &sender, &authenticity, wrong_checks, &found),
    };
    let thread = thread::thread(message, &found, policy, &heed, covered);
    Facts {
        agent_token: confirmed || sender::agent_token(message, &sender, &thread, &found, policy),
        desk_token: sender::desk_token(message, &sender, &found, policy),
        confirmed,
        covered,
        proven_by,
        replayed: replayed && !confirmed,
        unanswered: proof.outcome == ProofOutcome::TempError && authenticity.believed == Believed::Unauthenticated,
        authenticity,
        wrong_checks,
        organisation: found.organisation.clone(),
        confirmation: confirm::confirmation(message, &found, policy),
        sender,
        thread,
        found,
    }
}

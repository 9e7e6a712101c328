//! A mail's way to its facts: the real reader, the real check over DNS, and a store that knows tickets 1001 and 1002.

use std::sync::Arc;

use postdesk::authenticate::Authenticator;
use postdesk::facts::{author, establish, lookup};
use postdesk::model::facts::{Believed, OwnProof};
use postdesk::model::{Facts, Found, Incoming, Message, Policy, SourceKey};

use super::fixture::found;

/// A Message-ID that ticket 1001 knows.
pub const KNOWN_ID: &str = "first@firma.example";

pub fn read(raw: &[u8]) -> Message {
    postdesk::parse::parse(&Incoming {
        mailbox: "support".into(),
        key: SourceKey::imap("INBOX", 1, 1),
        raw: Arc::from(raw),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        truncated_from: None,
    })
}

fn answered(message: &Message, policy: &Policy) -> Found {
    let asked = lookup(message, "support", policy);
    let knows = asked.message_ids.iter().any(|id| id == KNOWN_ID);
    let mut numbers: Vec<i64> = [1001, 1002].into_iter().filter(|n| asked.tickets.contains(n)).collect();
    if knows && !numbers.contains(&1001) {
        numbers.push(1001);
    }
    let known_ids = if knows { vec![(KNOWN_ID.to_owned(), 1001)] } else { vec![] };
    Found { known_ids, ..found(&numbers) }
}

/// Without the check over DNS.
pub fn facts(raw: &[u8], policy: &Policy) -> Facts {
    let message = read(raw);
    let found = answered(&message, policy);
    establish(&message, "support", &OwnProof::default(), found, policy)
}

/// With it.
pub fn checked(raw: &[u8], policy: &Policy, authenticator: &Authenticator) -> Facts {
    let message = read(raw);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let proof = runtime.block_on(authenticator.check(raw, author(&message).as_ref()));
    let found = answered(&message, policy);
    establish(&message, "support", &proof, found, policy)
}

/// `verified strong`, `verified weak`, `unauthenticated` or `failed`.
pub fn state(facts: &Facts) -> String {
    let judged = &facts.authenticity;
    assert_eq!(judged.believed == Believed::Verified, judged.strength.is_some());
    match judged.strength {
        Some(strength) => format!("{} {strength}", judged.believed),
        None => judged.believed.to_string(),
    }
}

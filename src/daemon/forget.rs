//! Forgetting a person: reads every mail that is kept for traces of them, and has the store erase these.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::erasure::{Person, Traces};
use crate::model::{AddrSpec, Incoming, Message, Policy, SourceKey};
use crate::parse;
use crate::store::Result;
use crate::store::erase::{Erase, Erased, Erasure};

/// Erases everything about the person with this address, or only says what there is (`rehearse`).
///
/// # Errors
/// As [`Erase::erase`].
pub fn forget(
    store: &(impl Erase + ?Sized),
    policy: &Policy,
    address: &AddrSpec,
    rehearse: bool,
    now: Timestamp,
) -> Result<Erased> {
    let (keys, policy) = (policy.keys.clone(), policy.clone());
    let order = Erasure {
        email: address.as_str().to_ascii_lowercase(),
        mark: Arc::new(move |digest| keys.tombstones(digest).into_iter().next().unwrap_or_default()),
        look: Arc::new(move |raw, person, close| look(raw, person, close, &policy, now)),
    };
    store.erase(&order, rehearse, now)
}

fn look(raw: &[u8], person: &Person, close: bool, policy: &Policy, now: Timestamp) -> Traces {
    let written = person.is_addressed(&String::from_utf8_lossy(raw));
    let incoming = Incoming {
        mailbox: String::new(),
        key: SourceKey::maildir(""),
        raw: raw.into(),
        received_at: now,
        truncated_from: None,
    };
    let Ok(message) = catch_unwind(AssertUnwindSafe(|| parse::parse(&incoming))) else {
        return Traces { named: written, ..Traces::default() };
    };
    let wrote = message.from.iter().chain(&message.sender).any(|a| person.is_addressed(&a.email));
    let texts = || texts(&message);
    let in_file = |content: &[u8]| person.is_addressed(&String::from_utf8_lossy(content));
    let named = written
        || texts().any(|text| person.is_addressed(&text))
        || message.attachments.iter().any(|a| in_file(&a.content))
        || close && texts().any(|text| person.is_named(&text) || person.is_quoted(&text));
    let marks = message.signatures.iter().flat_map(|s| policy.keys.signature_marks(&s.mark));
    Traces { wrote, named, signatures: if wrote { marks.collect() } else { Vec::new() } }
}

/// Everything in a mail that people read.
fn texts(message: &Message) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let people = [&message.from, &message.sender, &message.reply_to, &message.to, &message.cc];
    let people = people.into_iter().flatten().map(|address| address.to_string().into());
    let names = message.attachments.iter().filter_map(|a| a.name.as_deref().map(Into::into));
    people
        .chain(message.subject.as_deref().map(Into::into))
        .chain([message.text.as_str().into()])
        .chain(message.html.as_deref().map(Into::into))
        .chain(names)
}

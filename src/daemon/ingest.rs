//! The one way that every mail goes, whatever brought it: a dozen lines that read like the picture in `lib.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;

use crate::authenticate::Authenticator;
use crate::config::drill;
use crate::model::facts::OwnProof;
use crate::model::ticket::Direction;
use crate::model::{Attachment, Believed, Commit, Found, Incoming, Message, Policy};
use crate::store::{Arrival, Ingested, Outcome, PANIC, Packed, Plan, Store, StoreError, pack};
use crate::{compose, decide, facts, parse};

/// A mail as it was read. An error is a defect of the reader's, met by this one mail.
pub struct Parsed {
    pub incoming: Incoming,
    pub message: Result<Message, String>,
}

/// A read mail and what the desk's own check of its signatures came to.
pub struct Checked {
    pub parsed: Parsed,
    pub proof: OwnProof,
}

/// Reads a mail. Never fails: what breaks the reader is told in the result.
pub fn parse(incoming: Incoming) -> Parsed {
    drill::poison(&incoming.raw);
    let mut message =
        catch_unwind(AssertUnwindSafe(|| parse::parse(&incoming))).map_err(|_| format!("Reading it failed. {PANIC}"));
    message.iter_mut().flat_map(|message| &mut message.attachments).for_each(Attachment::keep_beginning);
    Parsed { incoming, message }
}

/// Looks for proof of the sender in the mail's signatures.
pub async fn check(authenticator: &Authenticator, parsed: Parsed) -> Checked {
    let author = parsed.message.as_ref().ok().and_then(facts::author);
    let proof = authenticator.check(&parsed.incoming.raw, author.as_ref()).await;
    Checked { parsed, proof }
}

/// Mails that are ready to be written. Making this is the costly part, and needs no store.
pub struct Prepared {
    arrivals: Vec<Arrival>,
    /// Those that could not be read: packed, and why.
    broken: Vec<(Incoming, Packed, String)>,
    now: Timestamp,
}

/// Makes read mails ready: what is asked about each, its packed bytes. `now`: the time of the decisions.
///
/// # Errors
/// Only where memory is lacking.
pub fn prepare(policy: &Arc<Policy>, batch: Vec<Checked>, now: Timestamp) -> crate::store::Result<Prepared> {
    prepare_as(policy, batch, None, now)
}

fn prepare_as(
    policy: &Arc<Policy>,
    batch: Vec<Checked>,
    released_by: Option<&str>,
    now: Timestamp,
) -> crate::store::Result<Prepared> {
    let mut prepared = Prepared { arrivals: Vec::with_capacity(batch.len()), broken: Vec::new(), now };
    for mail in batch {
        let incoming = mail.parsed.incoming.clone();
        match arrival_of(mail, policy, released_by, now) {
            Ok(arrival) => prepared.arrivals.push(arrival),
            Err(because) => {
                let packed = pack(&incoming.raw)?;
                prepared.broken.push((incoming, packed, because));
            }
        }
    }
    Ok(prepared)
}

/// Takes mails in, in their order: decided and written in the store's one transaction. A mail that could not be read is
/// quarantined and the others go on; an error means that nothing was written and the same call may be made again.
pub fn write(store: &dyn Store, policy: &Arc<Policy>, prepared: Prepared) -> crate::store::Result<Vec<Ingested>> {
    let Prepared { arrivals, broken, now } = prepared;
    let mut quarantined = Vec::with_capacity(broken.len());
    for (incoming, packed, because) in broken {
        store.quarantine(&incoming, packed, &because, now)?;
        let outcome = Outcome::Quarantined { because };
        quarantined.push(Ingested { mailbox: incoming.mailbox, key: incoming.key, outcome });
    }
    let mut ingested = if arrivals.is_empty() { Vec::new() } else { store.ingest(arrivals, now)? };
    ingested.extend(quarantined);
    if let Err(error) = carry_out_released(store, policy, now) {
        // What was asked for is committed; the released mails stay where they are until the next call.
        tracing::warn!(%error, "Released mails cannot be taken in yet");
    }
    Ok(ingested)
}

/// [`prepare`] and [`write()`].
///
/// # Errors
/// As these two.
pub fn take_in(
    store: &dyn Store,
    policy: &Arc<Policy>,
    batch: Vec<Checked>,
    now: Timestamp,
) -> crate::store::Result<Vec<Ingested>> {
    write(store, policy, prepare(policy, batch, now)?)
}

/// The same for a mail that a person took out of quarantine: a sender who is provably not who he says counts as one of whom
/// nothing is known, and the ticket's history says who answers for that.
///
/// # Errors
/// As [`take_in`].
pub fn release(
    store: &dyn Store,
    policy: &Arc<Policy>,
    mail: Checked,
    by: &str,
    now: Timestamp,
) -> crate::store::Result<Vec<Ingested>> {
    write(store, policy, prepare_as(policy, vec![mail], Some(by), now)?)
}

/// Decides held mails again that a registered address has released. The release is committed by then: whoever dies between
/// the two leaves them to the next call.
pub fn carry_out_released(store: &dyn Store, policy: &Arc<Policy>, now: Timestamp) -> crate::store::Result<()> {
    let mut arrivals = Vec::new();
    for incoming in store.released(now)? {
        // What proves them now is the confirmation.
        let checked = Checked { parsed: parse(incoming), proof: OwnProof::default() };
        match arrival(checked, policy, now) {
            Ok(arrival) => arrivals.push(arrival),
            Err(because) => tracing::warn!(because, "A held mail was released and cannot be read"),
        }
    }
    if arrivals.is_empty() {
        return Ok(());
    }
    for one in store.ingest(arrivals, now)? {
        match &one.outcome {
            Outcome::Done { fate, alarms, .. } => {
                tracing::info!(mailbox = one.mailbox, key = %one.key, fate = fate.word(), ticket = fate.ticket(), "A held mail was released");
                for alarm in alarms {
                    tracing::warn!(mailbox = one.mailbox, key = %one.key, alarm, "For the operator");
                }
            }
            other => {
                tracing::warn!(mailbox = one.mailbox, key = %one.key, outcome = outcome_word(other), "A held mail was released in vain");
            }
        }
    }
    Ok(())
}

/// Without the reason, which may quote the mail.
fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { .. } => "done",
        Outcome::Seen { .. } => "seen",
        Outcome::Quarantined { .. } => "quarantined",
    }
}

/// What the store is asked and told about a read mail; an error where it could not be read.
pub fn arrival(mail: Checked, policy: &Arc<Policy>, now: Timestamp) -> Result<Arrival, String> {
    arrival_of(mail, policy, None, now)
}

fn arrival_of(
    mail: Checked,
    policy: &Arc<Policy>,
    released_by: Option<&str>,
    now: Timestamp,
) -> Result<Arrival, String> {
    let Checked { parsed: Parsed { incoming, message }, proof } = mail;
    let message = message?;
    let asked = || {
        let mut lookup = facts::lookup(&message, &incoming.mailbox, policy);
        facts::ask_about_signatures(&mut lookup, &proof, policy);
        let heard = facts::may_be_agents(&message, &incoming.mailbox, &proof, policy);
        decide::ask(&message, policy, heard, now, &mut lookup);
        lookup
    };
    let lookup = catch_unwind(AssertUnwindSafe(asked)).map_err(|_| format!("Asking about it failed. {PANIC}"))?;
    let from = message.from.first().map(ToString::to_string).unwrap_or_default();
    let subject = message.subject.clone().unwrap_or_default();
    let digest = message.digest;
    let packed = pack(&incoming.raw).map_err(|error| error.to_string())?;
    let incoming = Incoming { raw: Arc::default(), ..incoming };
    let reading =
        Reading { message, mailbox: incoming.mailbox.clone(), proof, released_by: released_by.map(str::to_owned) };
    let plan = plan(reading, Arc::clone(policy), now);
    Ok(Arrival { incoming, lookup, plan, digest, packed, from, subject })
}

/// What a mail is decided from besides the store's answers.
struct Reading {
    message: Message,
    mailbox: String,
    proof: OwnProof,
    /// Who took it out of quarantine.
    released_by: Option<String>,
}

/// facts → decide → compose: pure, run by the store once its answers are known.
fn plan(reading: Reading, policy: Arc<Policy>, now: Timestamp) -> Plan {
    Arc::new(move |found: Found| {
        let Reading { message, mailbox, proof, released_by } = &reading;
        let mut facts = facts::establish(message, mailbox, proof, found, &policy);
        let suspect = facts.authenticity.believed == Believed::Failed;
        if let Some(by) = released_by.as_ref().filter(|_| suspect) {
            facts.authenticity.believed = Believed::Unauthenticated;
            facts.authenticity.because = format!("{}; released by {by}", facts.authenticity.because);
        }
        let mut decision = decide::decide(message, mailbox, &facts, &policy, now);
        if let Some(by) = released_by {
            decide::note_release(&mut decision, by, now);
        }
        finish(compose::compose(decision, &policy))
    })
}

/// The entries of mails that the desk words itself get their words from the finished mails.
pub fn finish(mut commit: Commit) -> Commit {
    for entry in commit.entries.iter_mut().filter(|e| e.direction == Direction::Outgoing) {
        let mail = commit.outgoing.iter().find(|m| entry.message_id.as_deref() == Some(m.message_id.as_str()));
        if let Some(mail) = mail {
            entry.subject.clone_from(&mail.subject);
            if entry.text.is_empty() {
                entry.text.clone_from(&mail.text);
                entry.reply.text.clone_from(&mail.text);
            }
        }
    }
    commit
}

/// Why a task ended.
pub fn join_text(error: &tokio::task::JoinError) -> &'static str {
    if error.is_panic() { PANIC } else { "It was cancelled" }
}

/// Of a call whose task ended before it could answer.
pub fn ended(error: tokio::task::JoinError) -> StoreError {
    StoreError::Fault(join_text(&error).to_owned())
}

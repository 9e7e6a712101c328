//! The outbox: claims, leases, what is sent again and what never.

use std::time::Duration;

use jiff::Timestamp;
use postdesk::model::content::Form;
use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::facts::Lookup;
use postdesk::model::outgoing::{Attempt, OutboxState, OutgoingMail, SmtpReply, Template};
use postdesk::model::{Content, Digest, Span};
use postdesk::store::OutboxRow;

use super::support::*;

const LEASE: Duration = Duration::from_secs(600);

fn reply(code: u16, text: &str) -> SmtpReply {
    SmtpReply { code, enhanced: (code == 550).then(|| "5.1.1".to_owned()), text: text.to_owned() }
}

/// Queues answers to a@b.example by these names; their ids, in order.
fn queue(store: &dyn Both, names: &[&str], template: Template, now: Timestamp) -> Vec<i64> {
    let mails = names.iter().map(|name| outgoing(template, None, "a@b.example", name)).collect();
    store.order(&Lookup::default(), &sends(mails), now).expect("queues");
    let rows = store.outbox(true).expect("reads");
    let id = |name: &&str| rows.iter().find(|row| row.message_id.starts_with(*name)).expect("is there").id;
    names.iter().map(id).collect()
}

fn claim(store: &dyn Both, now: Timestamp, limit: usize) -> Vec<i64> {
    store.claim(now, LEASE, limit).expect("claims").iter().map(|entry| entry.id).collect()
}

fn row(store: &dyn Both, id: i64) -> OutboxRow {
    store.outbox_mail(id).expect("reads").expect("is there").0
}

pub fn a_claim_counts_the_try_and_hands_out_the_finished_bytes(place: &BackEnd) {
    let store = place.open();
    let mut one = outgoing(Template::NotifyNew, None, "Eva@Acme.example", "one");
    one.envelope_from = Some(spec("bounce@desk.acme.example"));
    one.to.name = Some("Eva".to_owned());
    store.order(&Lookup::default(), &sends(vec![one.clone()]), noon()).expect("queues");
    let claimed = store.claim(noon(), LEASE, 10).expect("claims");
    let entry = &claimed[0];
    assert_eq!((entry.attempts, entry.ambiguous, entry.queued_at), (1, false, noon()));
    let bytes = one.content.whole(b"").expect("has no pieces");
    assert_eq!((&store.outgoing(entry.id).expect("reads"), &entry.message_id), (&bytes, &one.message_id));
    refusal(store.outgoing(entry.id + 1));
    assert_eq!((entry.template, &entry.envelope_from), (Template::NotifyNew, &one.envelope_from));
    assert_eq!(entry.to.as_str(), "eva@acme.example");
    let listed = row(&*store, entry.id);
    assert_eq!((listed.state, listed.attempts, listed.to), (OutboxState::Claimed, 1, one.to));
    assert_eq!(store.outbox_mail(entry.id).expect("reads").expect("is there").1, bytes);
    assert!(store.outbox_mail(entry.id + 1).expect("reads").is_none());
    assert_eq!(claim(&*store, noon(), 10), Vec::<i64>::new(), "nobody else gets it");
    store.in_data(entry.id, noon()).expect("goes on");
    assert_eq!(row(&*store, entry.id).state, OutboxState::InData);
    store.settle(entry.id, &Attempt::Accepted(reply(250, "queued as 7")), None, noon()).expect("settles");
    let sent = row(&*store, entry.id);
    assert_eq!((sent.state, sent.last_reply.as_deref()), (OutboxState::Sent, Some("250 queued as 7")));
    assert_eq!(store.outbox(false).expect("reads").len(), 0);
    assert_eq!(store.outbox(true).expect("reads").len(), 1);
}

pub fn a_lease_that_ran_out_is_handed_out_again(place: &BackEnd) {
    let store = place.open();
    let ids = queue(&*store, &["a"], Template::Acknowledgement, noon());
    assert_eq!(claim(&*store, noon(), 10), ids);
    assert_eq!(claim(&*store, noon() + minutes(9), 10), Vec::<i64>::new());
    let again = store.claim(noon() + minutes(10), LEASE, 10).expect("claims");
    assert_eq!((again[0].id, again[0].attempts, again[0].ambiguous), (ids[0], 2, false));
    assert_eq!(claim(&*store, noon() + minutes(11), 10), Vec::<i64>::new());
    // Of two who believe they have it, one gets as far as the final dot.
    store.in_data(ids[0], noon() + minutes(11)).expect("goes on");
    refusal(store.in_data(ids[0], noon() + minutes(11)));
}

pub fn an_interrupted_answer_goes_again_and_an_acknowledgement_does_not(place: &BackEnd) {
    let store = place.open();
    let answer = queue(&*store, &["answer"], Template::Answer, noon())[0];
    let notice = queue(&*store, &["notice"], Template::NotifyNew, noon())[0];
    let others = [Template::Acknowledgement, Template::AcknowledgementMinimal];
    let others = others.map(|template| queue(&*store, &[template.word()], template, noon())[0]);
    claim(&*store, noon(), 10);
    for id in others.into_iter().chain([answer, notice]) {
        store.in_data(id, noon()).expect("goes on");
    }
    let again = store.claim(noon() + minutes(10), LEASE, 10).expect("claims");
    let told: Vec<(i64, bool)> = again.iter().map(|entry| (entry.id, entry.ambiguous)).collect();
    assert_eq!(told, [(answer, true), (notice, true)], "what an agent wrote, and what an agent must hear of");
    let first = outgoing(Template::Answer, None, "a@b.example", "answer").content.whole(b"").expect("has no pieces");
    assert_eq!(store.outgoing(again[0].id).expect("reads"), first);
    for id in others {
        let row = row(&*store, id);
        assert_eq!(row.state, OutboxState::Failed);
        assert!(row.last_reply.expect("says why").contains("may have arrived"));
    }
    // Once it may have arrived, it may have arrived for good.
    store.settle(answer, &Attempt::Deferred(reply(451, "later")), Some(noon()), noon()).expect("settles");
    assert!(store.claim(noon() + minutes(11), LEASE, 10).expect("claims")[0].ambiguous);
}

pub fn the_claims_of_the_dead_end_when_they_are_known_to_be_dead(place: &BackEnd) {
    let store = place.open();
    let claimed = queue(&*store, &["claimed"], Template::Answer, noon())[0];
    let in_data = queue(&*store, &["in-data"], Template::Answer, noon())[0];
    let later = queue(&*store, &["later"], Template::Answer, noon())[0];
    claim(&*store, noon(), 10);
    store.in_data(in_data, noon()).expect("goes on");
    store.settle(later, &Attempt::Deferred(reply(451, "later")), Some(noon() + minutes(5)), noon()).expect("settles");
    assert_eq!(store.end_leases(noon() + minutes(1)).expect("ends them"), 2);
    let again = store.claim(noon() + minutes(1), LEASE, 10).expect("claims");
    let told: Vec<(i64, bool)> = again.iter().map(|entry| (entry.id, entry.ambiguous)).collect();
    assert_eq!(told, [(claimed, false), (in_data, true)], "what waits for its time waits on");
}

pub fn what_a_customer_waits_for_goes_before_what_agents_are_told(place: &BackEnd) {
    let store = place.open();
    let told = queue(&*store, &["n1", "n2"], Template::NotifyNew, noon());
    let heard = queue(&*store, &["a1", "a2"], Template::Acknowledgement, noon() + minutes(1));
    let said = queue(&*store, &["b1"], Template::Answer, noon() + minutes(2));
    assert_eq!(claim(&*store, noon() + minutes(3), 4), [heard[0], heard[1], said[0], told[0]]);
    assert_eq!(claim(&*store, noon() + minutes(3), 4), [told[1]]);
}

pub fn fresh_mail_comes_before_repeated_tries(place: &BackEnd) {
    let store = place.open();
    let failing: Vec<String> = (0..20).map(|n| format!("failing{n}")).collect();
    let failing = queue(&*store, &failing.iter().map(String::as_str).collect::<Vec<_>>(), Template::Answer, noon());
    for id in claim(&*store, noon(), 100) {
        store.settle(id, &Attempt::Deferred(reply(451, "no")), Some(noon() + minutes(1)), noon()).expect("settles");
    }
    let fresh = queue(&*store, &["x", "y"], Template::Answer, noon() + minutes(30));
    let claimed = claim(&*store, noon() + minutes(30), 5);
    assert_eq!(claimed[..2], fresh);
    assert_eq!(claimed[2..], failing[..3], "and the repeated ones have the rest, the longest waiting first");
    assert_eq!(claim(&*store, noon() + minutes(30), 2), failing[3..5]);
    // A clock that was wrong when it was queued does not hold a fresh mail back.
    let early = queue(&*store, &["early"], Template::Answer, at("2031-01-01T00:00:00Z"));
    assert_eq!(claim(&*store, noon() + minutes(31), 1), early);
}

pub fn a_repeated_try_has_a_quarter_however_much_fresh_mail_waits(place: &BackEnd) {
    let store = place.open();
    let answer = queue(&*store, &["answer"], Template::Answer, noon())[0];
    claim(&*store, noon(), 1);
    store.settle(answer, &Attempt::Deferred(reply(451, "later")), Some(noon() + minutes(1)), noon()).expect("settles");
    let many: Vec<String> = (0..20).map(|n| format!("told{n}")).collect();
    let told =
        queue(&*store, &many.iter().map(String::as_str).collect::<Vec<_>>(), Template::NotifyNew, noon() + minutes(2));
    let claimed = claim(&*store, noon() + minutes(2), 8);
    assert_eq!(claimed[..7], told[..7]);
    assert_eq!(claimed[7..], [answer]);
    assert_eq!(claim(&*store, noon() + minutes(2), 8), told[7..15], "and what it does not need the others have");
}

pub fn how_a_try_ended_decides_when_it_goes_again(place: &BackEnd) {
    let store = place.open();
    let ids =
        queue(&*store, &["deferred", "rejected", "given-up", "unclear", "unclear-over"], Template::Answer, noon());
    claim(&*store, noon(), 10);
    let later = noon() + minutes(15);
    let ends = [
        (ids[0], Attempt::Deferred(reply(451, "greylisted\r\ntwice")), Some(later)),
        (ids[1], Attempt::Rejected(reply(550, "no such user")), None),
        (ids[2], Attempt::Deferred(reply(0, "no connection")), None),
        (ids[3], Attempt::Ambiguous(reply(0, "cut off")), Some(later)),
        (ids[4], Attempt::Ambiguous(reply(0, "cut off")), None),
    ];
    store.settle_all(&ends, noon()).expect("settles");
    let rows: Vec<_> = ids.iter().map(|id| row(&*store, *id)).collect();
    let told: Vec<_> =
        rows.iter().map(|r| (r.state, r.next_attempt_at, r.last_reply.as_deref().unwrap_or(""))).collect();
    use OutboxState::{Deferred, Failed};
    assert_eq!(told[0], (Deferred, Some(later), "451 greylisted twice"));
    assert_eq!(told[1], (Failed, None, "550 5.1.1 no such user"));
    assert_eq!(told[2], (Failed, None, "no connection"));
    assert_eq!(told[3], (Deferred, Some(later), "cut off"));
    assert_eq!(told[4], (Failed, None, "cut off"));
    assert_eq!(claim(&*store, later - minutes(1), 10), Vec::<i64>::new());
    let again = store.claim(later, LEASE, 10).expect("claims");
    assert_eq!(again.iter().map(|e| (e.id, e.ambiguous)).collect::<Vec<_>>(), [(ids[0], false), (ids[3], true)]);
}

pub fn a_late_word_does_not_undo_what_is_known(place: &BackEnd) {
    let store = place.open();
    let ids = queue(&*store, &["a", "b"], Template::Answer, noon());
    claim(&*store, noon(), 10);
    store.settle(ids[0], &Attempt::Accepted(reply(250, "ok")), None, noon()).expect("settles");
    store.settle(ids[0], &Attempt::Deferred(reply(451, "late")), Some(noon()), noon()).expect("is heard");
    assert_eq!(row(&*store, ids[0]).state, OutboxState::Sent);
    // Taken out while it was on its way, and accepted: it did leave.
    assert!(store.outbox_drop(ids[1], noon() + minutes(10)).expect("drops"), "the lease is over");
    store.settle(ids[1], &Attempt::Accepted(reply(250, "ok")), None, noon()).expect("settles");
    assert_eq!(row(&*store, ids[1]).state, OutboxState::Sent);
    // One that is gone for good has nothing left to be written down, and holds up nobody.
    store.settle(999, &Attempt::Accepted(reply(250, "ok")), None, noon()).expect("is heard");
    refusal(store.in_data(999, noon()));
}

pub fn what_is_being_sent_is_left_alone_whatever_the_clock_says(place: &BackEnd) {
    let store = place.open();
    let ids = queue(&*store, &["claimed", "in-data"], Template::Answer, noon());
    let acknowledgement = queue(&*store, &["receipt"], Template::Acknowledgement, noon())[0];
    let sending = [ids[0], ids[1], acknowledgement];
    assert_eq!(claim(&*store, noon(), 10), sending);
    store.in_data(ids[1], noon()).expect("goes on");
    store.in_data(acknowledgement, noon()).expect("goes on");
    let years = minutes(10 * 365 * 24 * 60);
    for now in [noon() + minutes(60), noon() + years, noon() - years] {
        assert_eq!(store.claim_beside(&sending, now, LEASE, 10).expect("claims").len(), 0, "at {now}");
        assert_eq!(row(&*store, acknowledgement).state, OutboxState::InData, "at {now}");
    }
    // Who died holds nothing, and a lease that was given by a clock ten years ahead is none either.
    let fresh = queue(&*store, &["fresh"], Template::Answer, noon())[0];
    assert_eq!(store.claim_beside(&sending, noon() + years, LEASE, 10).expect("claims")[0].id, fresh);
    assert_eq!(claim(&*store, noon() + minutes(1), 10), [fresh]);
}

pub fn what_a_clock_that_was_ahead_put_off_is_due(place: &BackEnd) {
    let store = place.open();
    let ids = queue(&*store, &["near", "far"], Template::Answer, noon());
    claim(&*store, noon(), 10);
    let decade = minutes(10 * 365 * 24 * 60);
    let put_off = |id, until| {
        store.settle(id, &Attempt::Deferred(reply(451, "no")), Some(until), noon()).expect("settles");
    };
    put_off(ids[0], noon() + minutes(240));
    put_off(ids[1], noon() + decade + minutes(1));
    assert_eq!(claim(&*store, noon(), 10), [ids[1]], "no wait is that long; one of four hours is");
}

pub fn an_operator_retries_and_drops(place: &BackEnd) {
    let store = place.open();
    let ids = queue(&*store, &["failed", "deferred", "claimed", "fresh"], Template::Answer, noon());
    claim(&*store, noon(), 3);
    store.settle(ids[0], &Attempt::Rejected(reply(550, "no")), None, noon()).expect("settles");
    let later = noon() + minutes(4 * 60);
    store.settle(ids[1], &Attempt::Deferred(reply(451, "no")), Some(later), noon()).expect("settles");
    assert_eq!(store.outbox_retry(Some(ids[2]), noon()).expect("answers"), 0, "it is being sent");
    assert_eq!(store.outbox_retry(Some(999), noon()).expect("answers"), 0);
    assert_eq!(store.outbox_retry(Some(ids[0]), noon()).expect("retries"), 1);
    assert_eq!(claim(&*store, noon(), 10), [ids[3], ids[0]]);
    store.settle(ids[0], &Attempt::Rejected(reply(550, "no")), None, noon()).expect("settles");
    assert_eq!(store.outbox_retry(None, noon()).expect("retries"), 2);
    assert!(!store.outbox_drop(ids[2], noon()).expect("answers"), "it is being sent");
    assert!(store.outbox_drop(ids[1], noon()).expect("drops"));
    assert!(!store.outbox_drop(ids[1], noon()).expect("answers"));
    assert_eq!(claim(&*store, noon(), 10), [ids[0]]);
    assert_eq!(store.outbox_retry(None, noon()).expect("answers"), 0, "what was dropped stays so");
    assert_eq!(row(&*store, ids[1]).state, OutboxState::Dropped);
    assert!(store.outbox(false).expect("reads").iter().all(|row| row.id != ids[1]));
    assert!(!store.outbox_drop(999, noon()).expect("answers"));
}

pub fn an_observed_mail_is_kept_and_never_sent(place: &BackEnd) {
    let store = place.open();
    let mut mail = outgoing(Template::Acknowledgement, None, "a@b.example", "held");
    mail.observed = true;
    store.order(&Lookup::default(), &sends(vec![mail.clone()]), noon()).expect("queues");
    assert_eq!(claim(&*store, noon(), 10), Vec::<i64>::new());
    assert_eq!(store.next_due().expect("reads"), None);
    assert_eq!(store.outbox(false).expect("reads").len(), 0);
    let rows = store.outbox(true).expect("reads");
    assert_eq!((rows[0].state, rows[0].next_attempt_at), (OutboxState::Observed, None));
    assert_eq!(store.outbox_retry(Some(rows[0].id), noon()).expect("answers"), 0);
    assert_eq!(
        store.outbox_mail(rows[0].id).expect("reads").expect("is there").1,
        mail.content.whole(b"").expect("has no pieces")
    );
}

pub fn an_address_that_cannot_be_written_to_fails_alone(place: &BackEnd) {
    let store = place.open();
    let odd = outgoing(Template::Answer, None, "not an address", "odd");
    let good = outgoing(Template::Answer, None, "a@b.example", "good");
    store.order(&Lookup::default(), &sends(vec![odd, good]), noon()).expect("queues");
    let rows = store.outbox(false).expect("reads");
    assert_eq!((rows[0].state, rows[1].state), (OutboxState::Failed, OutboxState::Waiting));
    assert_eq!(store.outbox_retry(Some(rows[0].id), noon()).expect("answers"), 1);
    assert_eq!(claim(&*store, noon(), 10), [rows[1].id], "it holds up nobody");
    assert_eq!(row(&*store, rows[0].id).state, OutboxState::Failed);
}

pub fn the_next_due_time_is_told(place: &BackEnd) {
    let store = place.open();
    assert_eq!(store.next_due().expect("reads"), None);
    let ids = queue(&*store, &["a", "b"], Template::Answer, noon());
    assert_eq!(store.next_due().expect("reads"), Some(noon()));
    claim(&*store, noon(), 10);
    assert_eq!(store.next_due().expect("reads"), Some(noon() + minutes(10)), "the end of the lease");
    store.settle(ids[0], &Attempt::Deferred(reply(451, "no")), Some(noon() + minutes(3)), noon()).expect("settles");
    assert_eq!(store.next_due().expect("reads"), Some(noon() + minutes(3)));
    store.settle(ids[1], &Attempt::Accepted(reply(250, "ok")), None, noon()).expect("settles");
    assert!(store.outbox_drop(ids[0], noon()).expect("drops"));
    assert_eq!(store.next_due().expect("reads"), None);
}

/// A notification takes the attachment from the mail that brought it: for good, and only where that is kept.
pub fn a_mail_with_pieces_of_a_kept_mail_is_whole_again(place: &BackEnd) {
    let store = place.open();
    let brings = mail(1);
    let raw = brings.incoming().raw;
    let of = |digest| {
        let mut content = Content::new(b"before\r\n".to_vec(), Vec::new(), None);
        assert!(content.push_span(&Span { mail: digest, range: 3..raw.len(), form: Form::Octets }));
        content.push(b"\r\nafter\r\n");
        OutgoingMail { content, ..outgoing(Template::NotifyNew, None, "eva@acme.example", "pieces") }
    };
    let sent = of(Digest::of(&raw));
    let commit = move |mail: &OutgoingMail| {
        let mut commit = Commit::new(Action::Ignore, Fate::Ignored { because: "on purpose".to_owned() });
        commit.outgoing = vec![mail.clone(), mail.clone()];
        fixed(commit)
    };
    store.ingest(vec![brings.arrival(commit(&sent))], noon()).expect("ingests");
    let whole = sent.content.whole(&raw).expect("is in it");
    assert!(whole.starts_with(b"before\r\n") && whole.ends_with(b"\r\nafter\r\n"));
    let claimed = store.claim(noon(), LEASE, 10).expect("claims");
    assert_eq!(claimed.len(), 2, "both recipients");
    for entry in claimed {
        assert_eq!(store.outgoing(entry.id).expect("reads"), whole);
        assert_eq!(store.outbox_mail(entry.id).expect("reads").expect("is there").1, whole);
    }
    let elsewhere = of(Digest::of(b"a mail that was never taken in"));
    let because = refusal(store.order(&Lookup::default(), &sends(vec![elsewhere]), noon()));
    assert!(because.contains("not kept"), "{because}");
}

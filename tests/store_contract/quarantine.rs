//! Mails set aside: kept whole, shown, taken in again, dropped with a trace.

use postdesk::model::Digest;
use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::store::{Outcome, pack};

use super::support::*;

pub fn an_unreadable_mail_is_kept_with_its_reason(place: &BackEnd) {
    let store = place.open();
    let mut incoming = mail(1).incoming();
    incoming.truncated_from = Some(99_000_000);
    store.discover("podpora", &[mail(1).key], noon()).expect("discovers");
    store.discover("podpora", &[mail(1).key], noon()).expect("discovers");
    let packed = pack(&incoming.raw).expect("packs");
    store.quarantine(&incoming, packed.clone(), "Larger than 50 MB", noon()).expect("puts aside");
    let aside = store.quarantined().expect("reads");
    assert_eq!(aside.len(), 1);
    assert_eq!((aside[0].because.as_str(), aside[0].attempts), ("Larger than 50 MB", 2));
    assert_eq!((aside[0].mailbox.as_str(), aside[0].received_at), ("podpora", noon()));
    assert_eq!(aside[0].digest, Digest::of(&incoming.raw).hex());
    let (row, raw) = store.quarantined_mail(aside[0].id).expect("reads").expect("is there");
    assert_eq!((row.id, raw), (aside[0].id, mail(1).raw()));
    assert!(store.quarantined_mail(aside[0].id + 1).expect("reads").is_none());
    assert!(matches!(take_in(&*store, &mail(1)), Outcome::Seen { fate, .. } if fate == "quarantined"));
    let back = store.quarantine_reopen(aside[0].id).expect("reopens").expect("is there");
    assert_eq!((back.truncated_from, &back.raw[..], &back.key), (Some(99_000_000), &mail(1).raw()[..], &mail(1).key));
    assert_eq!(store.quarantined().expect("reads")[0].attempts, 3, "the try is counted before it is made");

    // A fate that a mail has is not taken from it.
    let number = opened(&take_in(&*store, &mail(2)));
    store.quarantine(&mail(2).incoming(), pack(&mail(2).raw()).expect("packs"), "too late", noon()).expect("is heard");
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads")[1].ticket, Some(number));
    assert_eq!(store.quarantined().expect("reads").len(), 1);
}

pub fn a_reopened_mail_gets_a_new_fate(place: &BackEnd) {
    let store = place.open();
    store.quarantine(&mail(1).incoming(), pack(&mail(1).raw()).expect("packs"), "broken", noon()).expect("puts aside");
    let id = store.quarantined().expect("reads")[0].id;
    let incoming = store.quarantine_reopen(id).expect("reopens").expect("is there");
    assert_eq!((&incoming.key, incoming.received_at), (&mail(1).key, noon()));
    assert_eq!(store.quarantined().expect("reads").len(), 1, "it stays where it is until it has another fate");
    assert_eq!(opened(&take_in(&*store, &mail(1))), 1001);
    assert_eq!(store.quarantined().expect("reads").len(), 0);
    assert_eq!(store.raw_mails(1001).expect("reads"), [(noon(), mail(1).raw())]);
    assert!(matches!(take_in(&*store, &mail(1)), Outcome::Seen { fate, .. } if fate == "ticket"));
    assert!(store.quarantine_reopen(id).expect("answers").is_none(), "it is in quarantine no more");
}

pub fn a_dropped_mail_stays_in_the_ledger(place: &BackEnd) {
    let store = place.open();
    store.quarantine(&mail(1).incoming(), pack(&mail(1).raw()).expect("packs"), "broken", noon()).expect("puts aside");
    let id = store.quarantined().expect("reads")[0].id;
    assert!(store.quarantine_drop(id, "Dropped by the operator", noon()).expect("drops"));
    assert!(!store.quarantine_drop(id, "again", noon()).expect("answers"));
    assert_eq!(store.quarantined().expect("reads").len(), 0);
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads")[0].fate.as_deref(), Some("ignored"));
    assert!(matches!(take_in(&*store, &mail(1)), Outcome::Seen { fate, .. } if fate == "ignored"));
}

pub fn a_decision_may_put_a_mail_aside(place: &BackEnd) {
    let store = place.open();
    let suspect = Commit::new(Action::Quarantine, Fate::Quarantined { because: "Not believed".to_owned() });
    let nasty = Mail { subject: "two\r\nlines \u{202e}".to_owned(), ..mail(1) };
    let done = outcomes(store.ingest(vec![nasty.arrival(fixed(suspect))], noon()).expect("ingests"));
    assert!(matches!(&done[0], Outcome::Done { fate: Fate::Quarantined { .. }, .. }), "{done:?}");
    let aside = store.quarantined().expect("reads");
    assert_eq!((aside[0].because.as_str(), aside[0].subject.as_str()), ("Not believed", "two lines"));
    assert_eq!(aside[0].from, nasty.from);
    // What was never taken in makes no duplicate of its next copy.
    let copy = Mail { key: mail(9).key, ..nasty };
    assert_eq!(opened(&take_in(&*store, &copy)), 1001);
}

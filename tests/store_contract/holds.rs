//! What waits for a word from a registered address: kept whole, counted, and its mail handed out again once it is released.

use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::{Digest, Hold, HoldKind, HoldState, Lookup};
use postdesk::store::{Outcome, StoreError};

use super::people::contact;
use super::support::*;

fn hold(number: i64) -> Hold {
    Hold {
        number,
        kind: HoldKind::Agent,
        who: "jana".to_owned(),
        ticket: Some(1001),
        digest: Some(Digest::of(&mail(1).raw())),
        state: HoldState::Waiting,
        made_at: noon(),
        until: noon() + minutes(60),
        told: false,
    }
}

/// What an order writes, without a mail.
fn put(store: &dyn Both, holds: Vec<Hold>) -> Result<Commit, StoreError> {
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.holds = holds;
    store.order(&Lookup::default(), &fixed(commit), noon())
}

fn about(number: i64, who: &str) -> Lookup {
    let digest = Some(Digest::of(&mail(1).raw()));
    Lookup { hold: Some(number), holds_of: Some(who.to_owned()), digest, ..Lookup::default() }
}

pub fn holds_come_back_whole_and_are_counted_for_a_day(place: &BackEnd) {
    let store = place.open();
    let none = found(&*store, &about(1, "jana"), noon());
    assert_eq!((none.next_hold, &none.hold, &none.held, none.confirmations), (1, &None, &None, 0));
    let request = Hold {
        kind: HoldKind::Request,
        who: "jan@firma.example".to_owned(),
        digest: None,
        ticket: None,
        until: noon() + minutes(7 * 24 * 60),
        ..hold(2)
    };
    put(&*store, vec![hold(1), request.clone()]).expect("is written");
    let first = found(&*store, &about(1, "jana"), noon());
    assert_eq!((first.next_hold, first.confirmations), (3, 1));
    assert_eq!((first.hold, first.held), (Some(hold(1)), Some(hold(1))));
    assert_eq!(found(&*store, &about(2, "jan@firma.example"), noon()).hold, Some(request));
    assert_eq!(found(&*store, &about(9, "peter"), noon()).confirmations, 0);
    // Both ways: a clock that was set back frees no budget.
    for (later, count) in [(23 * 60, 1), (25 * 60, 0), (-23 * 60, 1)] {
        assert_eq!(found(&*store, &about(1, "jana"), noon() + minutes(later)).confirmations, count, "{later} minutes");
    }

    let over = Hold { state: HoldState::Denied, told: true, ..hold(1) };
    put(&*store, vec![over.clone()]).expect("is written");
    assert_eq!(found(&*store, &about(1, "jana"), noon()).hold, Some(over));
    assert_eq!(found(&*store, &about(1, "jana"), noon()).next_hold, 3, "a change makes no new number");
    assert!(matches!(put(&*store, vec![hold(7)]), Err(StoreError::Refused(_))), "a number is left out");
}

pub fn a_ticket_that_is_held_about_is_found(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(2)));
    put(&*store, vec![Hold { ticket: Some(number), ..hold(1) }]).expect("is written");
    let told = found(&*store, &Lookup { hold: Some(1), ..Lookup::default() }, noon());
    assert_eq!(told.tickets.iter().map(|(asked, _)| *asked).collect::<Vec<_>>(), [number]);
}

/// The release is one transaction, the mail's new decision another: whoever dies between the two finds it again.
pub fn a_released_mail_is_handed_out_until_it_is_done(place: &BackEnd) {
    let store = place.open();
    let aside = Fate::Quarantined { because: "held".to_owned() };
    let mut commit = Commit::new(Action::Quarantine, aside.clone());
    commit.holds.push(hold(1));
    store.ingest(vec![mail(1).arrival(fixed(commit))], noon()).expect("ingests");
    assert!(store.released(noon()).expect("reads").is_empty(), "it waits");
    put(&*store, vec![Hold { state: HoldState::Denied, ..hold(1) }]).expect("is written");
    assert!(store.released(noon()).expect("reads").is_empty(), "it was denied");

    put(&*store, vec![Hold { state: HoldState::Released, ..hold(1) }]).expect("is written");
    for _ in 0..2 {
        let incoming = store.released(noon()).expect("reads");
        assert_eq!(incoming.len(), 1);
        assert_eq!((&incoming[0].key, &incoming[0].raw[..]), (&mail(1).key, &mail(1).raw()[..]));
    }
    assert!(store.released(noon() + minutes(26 * 60)).expect("reads").is_empty(), "not for ever");

    let mut done = Commit::new(Action::Note, Fate::Ignored { because: "carried out".to_owned() });
    done.holds.push(Hold { state: HoldState::Done, ..hold(1) });
    let ingested = store.ingest(vec![mail(1).arrival(fixed(done))], noon()).expect("ingests");
    assert!(matches!(ingested[0].outcome, Outcome::Done { .. }), "{:?}", ingested[0].outcome);
    assert!(store.released(noon()).expect("reads").is_empty());
    assert!(store.quarantined().expect("reads").is_empty());
}

pub fn an_answer_proves_the_address_of_a_contact_only(place: &BackEnd) {
    let store = place.open();
    store.put_contacts(&[contact("jana@firma.example")], &[], noon()).expect("is written");
    let prove = |email: &str, minute: i64| {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        commit.proven.push(spec(email));
        store.order(&Lookup::default(), &fixed(commit), noon() + minutes(minute)).expect("is written");
    };
    prove("eva@firma.example", 0);
    assert_eq!(store.contacts().expect("reads").len(), 1, "no contact comes of it");
    let proven = || store.contact("jana@firma.example").expect("reads").expect("is there").proven_at;
    prove("jana@firma.example", 5);
    assert_eq!(proven(), Some(noon() + minutes(5)));
    prove("jana@firma.example", 3);
    assert_eq!(proven(), Some(noon() + minutes(5)), "an older proof is not the last one");
}

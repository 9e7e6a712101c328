//! The way of a mail: the ledger, savepoints, what is written and how it is read back.

use std::sync::Arc;
use std::time::Duration;

use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::facts::Lookup;
use postdesk::model::message::Reply;
use postdesk::model::outgoing::Template;
use postdesk::model::ticket::{
    AttachmentInfo, Direction, EntryKind, HistoryLine, Participant, Priority, Status, TicketChange,
};
use postdesk::model::{Address, Digest, Language, SourceKey};
use postdesk::store::{Cursor, Outcome, Plan, TicketFilter};

use super::support::*;

pub fn a_mail_becomes_a_ticket_with_all_that_belongs_to_it(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    assert_eq!(number, 1001, "the first number of a desk");
    let ticket = store.ticket(number).expect("reads").expect("is there");
    assert_eq!(ticket.subject, "Nejde mi tlačiareň 1");
    assert_eq!(store.tickets(&TicketFilter::default()).expect("lists"), [ticket]);
    assert_eq!(store.entries(number).expect("reads").len(), 1);
    assert_eq!(store.history(number).expect("reads").len(), 1);
    assert_eq!(store.raw_mails(number).expect("reads"), [(noon(), mail(1).raw())]);
    let claimed = store.claim(noon(), Duration::from_secs(60), 10).expect("claims");
    assert_eq!(claimed.len(), 1, "the acknowledgement is in the outbox");
    let ledger = store.ledger("podpora", "INBOX").expect("reads");
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].fate.as_deref(), ledger[0].ticket), (Some("ticket"), Some(number)));
    assert_eq!(store.ticket(1002).expect("reads"), None);
    assert_eq!(store.entries(1002).expect("reads"), []);
}

pub fn a_source_key_is_taken_in_once(place: &BackEnd) {
    let store = place.open();
    let twice = vec![mail(1).opening(), mail(1).opening()];
    let done = outcomes(store.ingest(twice, noon()).expect("ingests"));
    let number = opened(&done[0]);
    assert!(matches!(&done[1], Outcome::Seen { fate, ticket } if fate == "ticket" && *ticket == Some(number)));
    let never: Plan = Arc::new(|_| panic!("was planned again"));
    let again = outcomes(store.ingest(vec![mail(1).arrival(never)], noon()).expect("ingests"));
    assert!(matches!(&again[0], Outcome::Seen { .. }), "{again:?}");
    // The same UID under another UIDVALIDITY, in another folder or mailbox is another item.
    for key in [SourceKey::imap("INBOX", 8, 1), SourceKey::imap("Spam", 7, 1)] {
        let other = Mail { key, ..mail(2) };
        assert!(!matches!(take_in(&*store, &other), Outcome::Seen { .. }));
    }
    assert!(!matches!(take_in(&*store, &Mail { mailbox: "predaj", ..mail(1) }), Outcome::Seen { .. }));
}

pub fn one_that_panics_is_put_aside_and_the_others_go_on(place: &BackEnd) {
    let store = place.open();
    let panics: Plan = Arc::new(|_| panic!("of number {}", 2));
    let batch = vec![mail(1).opening(), mail(2).arrival(panics), mail(3).opening()];
    let done = outcomes(store.ingest(batch, noon()).expect("ingests"));
    assert_eq!((opened(&done[0]), opened(&done[2])), (1001, 1002), "the number was not used up");
    assert!(
        matches!(&done[1], Outcome::Quarantined { because } if because.contains("A fault of the program")),
        "{done:?}"
    );
    let aside = store.quarantined().expect("reads");
    assert_eq!(aside.len(), 1);
    assert!(aside[0].because.contains("A fault of the program"));
    assert_eq!((aside[0].from.as_str(), aside[0].subject.as_str()), (mail(2).from, mail(2).subject.as_str()));
    assert_eq!(aside[0].digest, Digest::of(&mail(2).raw()).hex());
    assert_eq!(store.quarantined_mail(aside[0].id).expect("reads").expect("is there").1, mail(2).raw());
    assert_eq!(store.outbox(true).expect("reads").len(), 2);
}

pub fn rows_that_contradict_what_is_there_are_refused_whole(place: &BackEnd) {
    let store = place.open();
    opened(&take_in(&*store, &mail(1)));
    type Spoil = (&'static str, fn(&mut Commit));
    let wrong: [Spoil; 5] = [
        ("a number is left out", |c| c.tickets.push(ticket(1003, "a@b.example", "gap", noon()))),
        ("a ticket that never was", |c| c.tickets.push(ticket(900, "a@b.example", "old", noon()))),
        ("an entry of no ticket", |c| c.entries.push(entry(1002, 1, "a@b.example", "s", "t", None, noon()))),
        ("an entry that is there", |c| c.entries.push(entry(1001, 1, "a@b.example", "s", "t", None, noon()))),
        ("a bounce of no mail", |c| c.bounced.push((99, "550".to_owned()))),
    ];
    for (uid, (what, spoil)) in (10..).zip(wrong) {
        let mut commit = Commit::new(Action::NewTicket, Fate::Ignored { because: "not so".to_owned() });
        commit.outgoing.push(outgoing(Template::Acknowledgement, None, "a@b.example", "never"));
        commit.turns.push(("group".to_owned(), "nobody".to_owned()));
        spoil(&mut commit);
        let done = outcomes(store.ingest(vec![mail(uid).arrival(fixed(commit))], noon()).expect("ingests"));
        assert!(matches!(&done[0], Outcome::Quarantined { .. }), "{what}: {done:?}");
    }
    assert_eq!(store.outbox(true).expect("reads").len(), 1, "nothing of the refused rows is left");
    assert_eq!(found(&*store, &Lookup::default(), noon()).turns.len(), 0);
    assert_eq!(store.entries(1001).expect("reads").len(), 1);
    assert_eq!(opened(&take_in(&*store, &mail(2))), 1002);
}

pub fn eight_threads_get_numbers_without_gap_or_double(place: &BackEnd) {
    let store = place.open();
    let mut numbers: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    (0..200).map(|n| opened(&take_in(&**store, &mail(1 + thread * 200 + n)))).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("ends well")).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1001..1001 + 1600).collect::<Vec<_>>());
    assert_eq!(store.outbox(false).expect("reads").len(), 1600);
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads").len(), 1600);
}

pub fn what_was_committed_is_there_after_a_death_without_goodbye(place: &BackEnd) {
    let dying = place.open();
    let number = opened(&take_in(&*dying, &mail(1)));
    let claimed = dying.claim(noon(), Duration::from_secs(60), 10).expect("claims");
    let bytes = dying.outgoing(claimed[0].id).expect("reads");
    // Never closed: the next one finds what a dead process would leave behind.
    std::mem::forget(dying);
    let store = place.open();
    assert!(store.ticket(number).expect("reads").is_some());
    assert!(matches!(take_in(&*store, &mail(1)), Outcome::Seen { .. }));
    assert_eq!(opened(&take_in(&*store, &mail(2))), number + 1);
    let again = store.claim(noon() + minutes(2), Duration::from_secs(60), 10).expect("claims");
    let same = again.iter().find(|entry| entry.id == claimed[0].id).expect("is handed out again");
    assert_eq!((same.attempts, store.outgoing(same.id).expect("reads")), (2, bytes));
}

pub fn every_field_of_a_ticket_and_its_entries_comes_back(place: &BackEnd) {
    let store = place.open();
    put_tickets(&*store, vec![ticket(1001, "a@b.example", "other", noon())]);
    let mut whole = ticket(1002, "Jana@Firma.Example", "Faktúra č. 7 – ľúbezná", at("2026-03-01T08:00:00.000001Z"));
    whole.status = Status::Snoozed;
    whole.category = Some("fakturácia".to_owned());
    whole.priority = Priority::Urgent;
    whole.language = Language::Hr;
    whole.mailbox = "predaj".to_owned();
    whole.requester = Address::new(Some("Jana Ľ."), "Jana@Firma.Example");
    whole.contact = Some("jana@firma.example".to_owned());
    whole.organisation = Some("Firma".to_owned());
    whole.verified = false;
    whole.restricted = true;
    whole.owner = Some("eva".to_owned());
    whole.group = Some("účtovníci".to_owned());
    whole.participants = vec![Participant {
        name: Some("Šéf".to_owned()),
        email: "sef@firma.example".to_owned(),
        added_by: "eva".to_owned(),
    }];
    whole.updated_at = noon();
    whole.first_response_due_at = Some(noon() + minutes(1));
    whole.resolve_due_at = Some(noon() + minutes(2));
    whole.first_responded_at = Some(noon() + minutes(3));
    whole.resolved_at = Some(noon() + minutes(4));
    whole.snoozed_until = Some(noon() + minutes(5));
    whole.merged_into = Some(1001);
    whole.linked = vec![1001, 5];
    whole.thread = vec!["a@b".to_owned(), "c@d".to_owned()];
    whole.entries = 2;
    let mut first = entry(1002, 1, "jana@firma.example", "S", "celý text", Some("x@y".to_owned()), noon());
    first.from.name = Some("Jana".to_owned());
    first.raw = false;
    first.reply =
        Reply { text: "t".into(), quoted: "> q".into(), signature: "-- J".into(), marker: true, ..Reply::default() };
    first.attachments = vec![AttachmentInfo {
        name: Some("faktúra.pdf".to_owned()),
        media_type: "application/pdf".to_owned(),
        size: 5_000_000_000,
        disposition: "attachment".to_owned(),
        cid: Some("c1".to_owned()),
        sha256: "0".repeat(64),
    }];
    let mut second = entry(1002, 2, "eva@acme.example", "", "", None, noon());
    (second.direction, second.kind, second.believed, second.raw) = (Direction::Note, EntryKind::Note, None, false);
    second.to = Vec::new();
    let line = |change| HistoryLine {
        ticket: 1002,
        at: noon(),
        actor: "eva".to_owned(),
        change,
        because: "Žiadala o to".to_owned(),
    };
    let history = vec![
        line(TicketChange::Created),
        line(TicketChange::Assigned { owner: Some("eva".to_owned()), group: None }),
        line(TicketChange::Snoozed { until: noon() }),
        line(TicketChange::Event { what: "držané".to_owned() }),
    ];
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.tickets = vec![whole.clone()];
    commit.entries = vec![first.clone(), second.clone()];
    commit.history = history.clone();
    store.order(&Lookup::default(), &fixed(commit.clone()), noon()).expect("is written");
    assert_eq!(store.ticket(1002).expect("reads"), Some(whole.clone()));
    assert_eq!(store.entries(1002).expect("reads"), [first, second]);
    assert_eq!(store.history(1002).expect("reads"), history);
    // Changed, it is whole again: nothing of what was stays.
    let bare = ticket(1002, "x@y.example", "Holý", noon());
    put_tickets(&*store, vec![bare.clone()]);
    assert_eq!(store.ticket(1002).expect("reads"), Some(bare));
    assert_eq!(store.history(1002).expect("reads").len(), 4, "history is only ever added to");
}

pub fn raw_mails_come_in_the_order_of_entries_and_once(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    let second = Mail { received_at: noon() + minutes(5), ..mail(2) };
    // An agent's mail that is both a note and an answer has two entries and is one mail.
    let mut commit = Commit::new(Action::Append, Fate::Appended(number));
    commit.entries.push(entry(number, 2, "eva@acme.example", "s", "note", None, noon()));
    commit.entries.push(entry(number, 3, "eva@acme.example", "s", "answer", None, noon()));
    let mut own = entry(number, 4, "podpora@acme.example", "s", "ours", None, noon());
    own.raw = false;
    commit.entries.push(own);
    store.ingest(vec![second.arrival(fixed(commit))], second.received_at).expect("ingests");
    let raw = store.raw_mails(number).expect("reads");
    assert_eq!(raw, [(noon(), mail(1).raw()), (second.received_at, second.raw())]);
    assert!(!store.entries(number).expect("reads")[3].raw);
}

pub fn attempts_are_counted_until_there_is_a_fate(place: &BackEnd) {
    let store = place.open();
    let keys = [mail(1).key, mail(2).key];
    let rows = store.discover("podpora", &keys, noon()).expect("discovers");
    assert_eq!(rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>(), keys);
    assert!(rows.iter().all(|row| row.attempts == 1 && row.fate.is_none() && !row.filed));
    let number = opened(&take_in(&*store, &mail(1)));
    let rows = store.discover("podpora", &keys, noon()).expect("discovers");
    assert_eq!((rows[0].attempts, rows[0].fate.as_deref(), rows[0].ticket), (1, Some("ticket"), Some(number)));
    assert_eq!((rows[1].attempts, rows[1].fate.as_deref()), (2, None));
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads"), rows);
    assert_eq!(store.ledger("predaj", "INBOX").expect("reads"), []);
    assert_eq!(store.discover("podpora", &[], noon()).expect("discovers"), []);
}

pub fn what_is_settled_is_unfiled_until_it_is_filed(place: &BackEnd) {
    let store = place.open();
    store.discover("podpora", &[mail(1).key, mail(2).key, mail(3).key], noon()).expect("discovers");
    take_in(&*store, &mail(2));
    take_in(&*store, &mail(1));
    assert_eq!(store.unfiled("podpora").expect("reads"), [mail(1).key, mail(2).key], "not the one without a fate");
    store.filed("podpora", &[mail(2).key], noon()).expect("files");
    store.filed("podpora", &[mail(2).key], noon()).expect("files again");
    assert_eq!(store.unfiled("podpora").expect("reads"), [mail(1).key]);
    assert_eq!(store.unfiled("predaj").expect("reads"), []);
    let rows = store.ledger("podpora", "INBOX").expect("reads");
    assert_eq!(rows.iter().map(|row| row.filed).collect::<Vec<_>>(), [false, true, false]);
    // What was handed over lies in no folder.
    let handed = Mail { key: SourceKey::handed_over(&Digest::of(b"x")), ..mail(4) };
    take_in(&*store, &handed);
    assert_eq!(store.unfiled("podpora").expect("reads"), [mail(1).key]);
}

pub fn a_cursor_is_kept_for_each_folder(place: &BackEnd) {
    let store = place.open();
    assert_eq!(store.cursor("podpora", "INBOX").expect("reads"), None);
    let cursor =
        |last_uid| Cursor { uid_validity: u32::MAX, last_uid, since: noon(), by_date_up_to: 7, there_before: 5 };
    store.set_cursor("podpora", "INBOX", cursor(5)).expect("sets");
    store.set_cursor("podpora", "Iné", cursor(6)).expect("sets");
    store.set_cursor("podpora", "INBOX", cursor(u32::MAX)).expect("sets");
    assert_eq!(store.cursor("podpora", "INBOX").expect("reads"), Some(cursor(u32::MAX)));
    assert_eq!(store.cursor("podpora", "Iné").expect("reads"), Some(cursor(6)));
    assert_eq!(store.cursor("predaj", "INBOX").expect("reads"), None);
}

pub fn a_rehearsal_writes_nothing(place: &BackEnd) {
    let store = place.open();
    let rehearsed = store.rehearse(&mail(1).opening()).expect("rehearses");
    assert_eq!(rehearsed.fate, Fate::Ticket(1001));
    assert_eq!(store.tickets(&TicketFilter::default()).expect("lists"), []);
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads"), []);
    assert_eq!(store.outbox(true).expect("reads").len(), 0);
    let panics: Plan = Arc::new(|_| panic!("in rehearsal"));
    assert!(refusal(store.rehearse(&mail(1).arrival(panics))).contains("A fault of the program"));
    assert_eq!(opened(&take_in(&*store, &mail(1))), 1001);
    assert!(matches!(store.rehearse(&mail(1).opening()).expect("rehearses").fate, Fate::Duplicate { .. }));
}

pub fn an_order_is_written_or_leaves_nothing(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    let asked = Lookup { tickets: vec![number], ..Lookup::default() };
    let close: Plan = Arc::new(|found| {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        let mut ticket = found.tickets[0].1.clone();
        ticket.apply(&TicketChange::Status { to: Status::Closed }, noon());
        commit.tickets.push(ticket);
        commit
    });
    let commit = store.order(&asked, &close, noon()).expect("orders");
    assert_eq!(store.ticket(number).expect("reads").as_ref(), commit.tickets.first());
    assert_eq!(store.tickets(&TicketFilter::default()).expect("lists"), [], "no live one is left");

    let half: Plan = Arc::new(|found| {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        commit.tickets.push(ticket(found.next_ticket, "a@b.example", "half", noon()));
        commit.tickets.push(ticket(found.next_ticket + 5, "a@b.example", "gap", noon()));
        commit
    });
    refusal(store.order(&Lookup::default(), &half, noon()));
    let panics: Plan = Arc::new(|_| panic!("while ordering"));
    assert!(refusal(store.order(&Lookup::default(), &panics, noon())).contains("A fault of the program"));
    assert_eq!(store.ticket(1002).expect("reads"), None);
    assert_eq!(opened(&take_in(&*store, &mail(2))), 1002);
}

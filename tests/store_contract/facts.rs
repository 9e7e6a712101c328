//! What a decision is told: duplicates, tickets, known Message-IDs, earlier tickets, loads, budgets.

use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::facts::Lookup;
use postdesk::model::outgoing::OutboxState;
use postdesk::model::ticket::{Direction, EntryKind, Status};
use postdesk::store::Outcome;

use super::support::*;

pub fn the_same_bytes_are_a_duplicate(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    let copy = Mail { key: mail(2).key, mailbox: "predaj", ..mail(1) };
    let outcome = take_in(&*store, &copy);
    assert!(
        matches!(&outcome, Outcome::Done { fate: Fate::Duplicate { ticket }, .. } if *ticket == Some(number)),
        "{outcome:?}"
    );
    assert_eq!(store.outbox(true).expect("reads").len(), 1);
}

pub fn the_same_content_over_other_hops_is_a_duplicate(place: &BackEnd) {
    let store = place.open();
    opened(&take_in(&*store, &mail(1)));
    let copy = Mail { key: mail(2).key, trace: "another hop".to_owned(), ..mail(1) };
    assert_ne!(copy.raw(), mail(1).raw());
    assert!(matches!(take_in(&*store, &copy), Outcome::Done { fate: Fate::Duplicate { .. }, .. }));
    // Without a Message-ID there is only the digest to go by.
    let nameless = |uid, trace: &str| Mail { message_id: None, trace: trace.to_owned(), key: mail(uid).key, ..mail(5) };
    opened(&take_in(&*store, &nameless(5, "a")));
    opened(&take_in(&*store, &nameless(6, "b")));
    assert!(matches!(take_in(&*store, &nameless(7, "b")), Outcome::Done { fate: Fate::Duplicate { .. }, .. }));
}

pub fn the_same_id_with_other_content_is_another_mail(place: &BackEnd) {
    let store = place.open();
    opened(&take_in(&*store, &mail(1)));
    let squatter = Mail { text: "other words".to_owned(), key: mail(2).key, ..mail(1) };
    let told = found(&*store, &squatter.lookup(), noon());
    assert!(told.id_reused && told.duplicate.is_none());
    assert!(!found(&*store, &mail(2).lookup(), noon()).id_reused);
    assert!(!found(&*store, &mail(1).lookup(), noon()).id_reused, "its own content is not another");
    opened(&take_in(&*store, &squatter));
    let domain_in_capitals =
        Lookup { message_id: Some("<m1@FIRMA.example>".to_owned()), digest: None, ..mail(1).lookup() };
    let told = found(&*store, &domain_in_capitals, noon());
    assert!(told.id_reused, "now it is used twice");
    assert_eq!(told.duplicate.expect("the same mail").ticket, Some(1001));
}

pub fn a_merged_ticket_is_followed_to_the_one_that_lives_on(place: &BackEnd) {
    let store = place.open();
    let mut tickets: Vec<_> = (0..4).map(|n| ticket(1001 + n, "a@b.example", "t", noon())).collect();
    put_tickets(&*store, tickets.clone());
    for n in 0..2 {
        tickets[n].status = Status::Merged;
        tickets[n].merged_into = Some(tickets[n + 1].number);
    }
    // A ring, which no decision makes, must not hang the desk.
    tickets[3].merged_into = Some(1004);
    put_tickets(&*store, tickets);
    let asked = Lookup { tickets: vec![1001, 1003, 1004, 77], ..Lookup::default() };
    let told = found(&*store, &asked, noon()).tickets;
    assert_eq!(
        told.iter().map(|(asked, ticket)| (*asked, ticket.number)).collect::<Vec<_>>(),
        [(1001, 1003), (1003, 1003), (1004, 1004)]
    );
}

pub fn message_ids_of_both_directions_are_known(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    let mut answer = entry(number, 2, "podpora@acme.example", "s", "t", Some("ours@desk.example".to_owned()), noon());
    (answer.direction, answer.kind, answer.raw) = (Direction::Outgoing, EntryKind::Answer, false);
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.entries.push(answer);
    store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");
    let ids = ["<m1@firma.example>", "unknown@x.example", "ours@DESK.example", ""];
    let asked = Lookup { message_ids: ids.map(str::to_owned).to_vec(), ..Lookup::default() };
    let told = found(&*store, &asked, noon());
    assert_eq!(told.known_ids, [(ids[0].to_owned(), number), (ids[2].to_owned(), number)], "by the words of the asker");
    assert_eq!(told.tickets.len(), 1, "with the ticket whole, because the mail may be joined to it");
}

pub fn a_bounce_names_our_mail_until_it_is_marked(place: &BackEnd) {
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    let asked =
        Lookup { bounced: vec!["ack-1001@desk.acme.example".to_owned(), "no@x".to_owned()], ..Lookup::default() };
    let told = found(&*store, &asked, noon());
    assert_eq!(told.bounced.len(), 1);
    let ours = told.bounced[0].clone();
    assert_eq!((ours.ticket, ours.to.as_str(), ours.known), (Some(number), mail(1).from, false));
    assert_eq!(told.tickets.len(), 1);
    let mut commit = Commit::new(Action::Bounce, Fate::Bounce { ticket: Some(number) });
    commit.bounced.push((ours.outbox, "550 5.1.1 No such user".to_owned()));
    store.ingest(vec![mail(2).arrival(fixed(commit))], noon()).expect("ingests");
    assert!(found(&*store, &asked, noon()).bounced[0].known);
    let row = &store.outbox(false).expect("reads")[0];
    assert_eq!((row.state, row.last_reply.as_deref()), (OutboxState::Bounced, Some("550 5.1.1 No such user")));
    assert_eq!(store.claim(noon(), std::time::Duration::from_secs(1), 9).expect("claims").len(), 0);
    assert_eq!(store.outbox_retry(None, noon()).expect("answers"), 0, "what came back does not go again with all");
    assert_eq!(store.outbox_retry(Some(ours.outbox), noon()).expect("retries"), 1);
    assert!(!found(&*store, &asked, noon()).bounced[0].known, "should it come back again, that is news");
    assert!(store.outbox_drop(ours.outbox, noon()).expect("drops"));
}

pub fn earlier_and_recent_tickets_of_the_sender_are_told(place: &BackEnd) {
    let store = place.open();
    let mut tickets: Vec<_> = (0..7)
        .map(|n| ticket(1001 + n, "Jana@Firma.example", &format!("Žiadosť {n}"), noon() + minutes(10 * n)))
        .collect();
    tickets.push(ticket(1008, "jan@firma.example", "Other", noon()));
    put_tickets(&*store, tickets);
    let asked = Lookup { sender: Some(spec("jana@firma.example")), ..Lookup::default() };
    let told = found(&*store, &asked, noon() + minutes(65));
    assert_eq!(told.earlier.iter().map(|t| t.number).collect::<Vec<_>>(), [1007, 1006, 1005, 1004, 1003]);
    assert_eq!(told.earlier[0].subject, "Žiadosť 6");
    let recent = [(1007, "Žiadosť 6"), (1006, "Žiadosť 5"), (1005, "Žiadosť 4")];
    assert_eq!(told.recent.iter().map(|t| (t.number, t.subject.as_str())).collect::<Vec<_>>(), recent);
    assert_eq!(told.tickets.len(), 3, "each recent one whole, because the mail may be joined to it");
}

pub fn what_recent_tickets_began_with_is_told(place: &BackEnd) {
    let store = place.open();
    let long = Mail { text: "ž".repeat(2_000), ..mail(2) };
    take_in(&*store, &mail(1));
    take_in(&*store, &long);
    let mut commit = Commit::new(Action::Append, Fate::Appended(1001));
    commit.entries.push(entry(1001, 2, long.from, "x", "Ďalšie slová", None, noon()));
    store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");
    let told = found(&*store, &mail(3).lookup(), noon() + minutes(1));
    let texts: Vec<_> = told.recent.iter().map(|t| (t.number, t.text.clone())).collect();
    assert_eq!(texts, [(1002, "ž".repeat(1_500)), (1001, mail(1).text)]);
}

pub fn loads_follow_every_change_of_owner_and_status(place: &BackEnd) {
    let store = place.open();
    let loads = |wanted: &[(&str, u32)]| {
        let told = found(&*store, &Lookup { loads: true, ..Lookup::default() }, noon()).loads;
        let wanted = wanted.iter().map(|(owner, n)| ((*owner).to_owned(), *n)).collect();
        assert_eq!(told, wanted);
    };
    let mut tickets: Vec<_> = (0..4).map(|n| ticket(1001 + n, "a@b.example", "t", noon())).collect();
    tickets[0].owner = Some("eva".to_owned());
    tickets[1].owner = Some("eva".to_owned());
    tickets[2].owner = Some("ivo".to_owned());
    put_tickets(&*store, tickets.clone());
    loads(&[("eva", 2), ("ivo", 1)]);
    tickets[0].owner = Some("ivo".to_owned());
    tickets[1].status = Status::Closed;
    tickets[3].owner = Some("eva".to_owned());
    tickets[3].status = Status::Resolved;
    put_tickets(&*store, tickets.clone());
    loads(&[("ivo", 2)]);
    tickets[1].status = Status::Open;
    tickets[2].owner = None;
    tickets[3].status = Status::Waiting;
    put_tickets(&*store, tickets.clone());
    put_tickets(&*store, tickets);
    loads(&[("eva", 2), ("ivo", 1)]);
    assert!(found(&*store, &Lookup::default(), noon()).loads.is_empty(), "only where they are asked for");
}

pub fn turns_are_remembered(place: &BackEnd) {
    let store = place.open();
    for member in ["eva", "ivo"] {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        commit.turns = vec![("it".to_owned(), member.to_owned()), (member.to_owned(), "x".to_owned())];
        store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");
    }
    let turns = found(&*store, &Lookup::default(), noon()).turns;
    assert_eq!(turns.get("it").map(String::as_str), Some("ivo"));
    assert_eq!(turns.len(), 3);
}

pub fn acknowledgements_are_counted_by_address_domain_and_in_all(place: &BackEnd) {
    let store = place.open();
    let acknowledge = |who: &str, when| {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        commit.acknowledged.push(who.to_owned());
        store.order(&Lookup::default(), &fixed(commit), when).expect("is written");
    };
    let asked = Lookup { sender: Some(spec("jana@firma.example")), ..Lookup::default() };
    let counts = |when| {
        let a = found(&*store, &asked, when).acknowledged;
        [a.address_ten_minutes, a.address_day, a.domain_hour, a.all_hour]
    };
    acknowledge("Jana@Firma.example", noon());
    acknowledge("jana@firma.example", noon() + minutes(50));
    acknowledge("jan@firma.example", noon() + minutes(50));
    acknowledge("eva@ina.example", noon() + minutes(50));
    assert_eq!(counts(noon() + minutes(55)), [1, 2, 3, 4]);
    // Where a budget could be reached they are counted, else it is said how many there are in all.
    for (least_budget, of_the_hour) in [(4, [3, 4]), (5, [4, 4])] {
        let a = found(&*store, &Lookup { least_budget, ..asked.clone() }, noon() + minutes(55)).acknowledged;
        assert_eq!([a.domain_hour, a.all_hour], of_the_hour, "{least_budget}");
    }
    assert_eq!(counts(noon() + minutes(60)), [0, 2, 2, 3], "ten minutes and an hour are over");
    assert_eq!(counts(noon() + minutes(24 * 60 + 10)), [0, 1, 0, 0]);
    assert_eq!(counts(noon() + minutes(3 * 24 * 60)), [0, 0, 0, 0]);
    for n in 0..6 {
        acknowledge("jana@firma.example", noon() + minutes(4 * 24 * 60 + n));
    }
    assert_eq!(counts(noon() + minutes(4 * 24 * 60 + 6)), [6, 6, 6, 6]);
}

pub fn a_clock_set_back_neither_frees_nor_locks_the_budget(place: &BackEnd) {
    let store = place.open();
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.acknowledged.push("jana@firma.example".to_owned());
    let order = |when| store.order(&Lookup::default(), &fixed(commit.clone()), when).expect("is written");
    let day_of = |when| {
        let asked = Lookup { sender: Some(spec("jana@firma.example")), ..Lookup::default() };
        found(&*store, &asked, when).acknowledged.address_day
    };
    order(noon());
    assert_eq!(day_of(noon() - minutes(120)), 1, "set back by two hours it still counts");
    order(at("2031-01-01T00:00:00Z"));
    assert_eq!(day_of(noon()), 1, "an hour in the year 2031 locks nothing today");
}

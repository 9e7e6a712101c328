//! Circuit breakers: one that writes too much, machines that write too much, another desk that throws our token away.

use jiff::{SignedDuration, Timestamp};
use postdesk::daemon::ingest::{self, Checked};
use postdesk::store::{Reading as _, Store as _};

use super::bench::{Bench, Came, VICTIM, policy, proven, unproven};

const PEER: &str = "helpdesk@peer.example";

/// The mail as though it had been written now.
fn now(bench: &Bench, mail: &str) -> String {
    let date = bench.now.get().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    mail.replace("Mon, 02 Nov 2026 10:00:00 +0100\r\nMIME", &format!("{date}\r\nMIME"))
}

fn says(bench: &Bench, is_proven: bool, from: &str, n: u32) -> Came {
    let make = if is_proven { proven } else { unproven };
    bench.take(&now(bench, &make(from, "", &format!("Vec číslo {n}"), &format!("Text {n}."))))
}

#[test]
fn one_address_that_writes_too_much_is_parked_for_an_hour_and_the_operator_hears_once() {
    let bench = Bench::new();
    let mut alarms = 0;
    for n in 0..60 {
        let came = says(&bench, false, PEER, n);
        assert_eq!(came.fate(), if n < 30 { "ticket" } else { "quarantined" }, "mail {n}");
        assert!(n < 30 || came.sent.is_empty(), "mail {n}: {:?}", came.ingested);
        alarms += came.alarms();
    }
    assert_eq!(alarms, 1);
    // Nobody else is touched, nor is the same address where it is proven: whoever forges it silences nobody.
    assert_eq!(says(&bench, true, PEER, 100).fate(), "ticket");
    assert_eq!(says(&bench, false, "iny@peer.example", 101).fate(), "ticket");
    bench.pass(SignedDuration::from_mins(59));
    assert_eq!(says(&bench, false, PEER, 102).fate(), "quarantined");
    bench.pass(SignedDuration::from_mins(62));
    assert_eq!(says(&bench, false, PEER, 103).fate(), "ticket");
}

#[test]
fn what_was_parked_is_taken_in_by_a_word_of_the_operators() {
    let bench = Bench::new();
    for n in 0..40 {
        says(&bench, false, PEER, n);
    }
    let parked = bench.store.quarantined().expect("reads");
    assert_eq!(parked.len(), 10);
    for row in parked {
        let incoming = bench.store.quarantine_reopen(row.id).expect("reopens").expect("is there");
        let mail = Checked { parsed: ingest::parse(incoming), proof: Default::default() };
        ingest::take_in(bench.store.as_ref(), &bench.policy, vec![mail], bench.now.get()).expect("is taken in");
    }
    assert!(bench.store.quarantined().expect("reads").is_empty());
    // Or the breaker is reset: the address is as good as new once the hour is over.
    assert_eq!(says(&bench, false, PEER, 200).fate(), "quarantined");
    assert_eq!(bench.store.forgive(PEER), Ok(true));
    assert_eq!(says(&bench, false, PEER, 201).fate(), "ticket");
}

#[test]
fn a_backlog_an_agent_and_a_desk_that_wants_it_all_are_not_parked() {
    // Mail of many weeks that is taken in at once, from one address.
    let bench = Bench::new();
    let began: Timestamp = "2026-01-05T08:00:00Z".parse().expect("a time");
    for n in 0..60 {
        let at = began + SignedDuration::from_hours(7 * n);
        let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        let mail = unproven(PEER, "", &format!("Staré {n}"), &format!("Text {n}."));
        let came = bench.take(&mail.replace("Mon, 02 Nov 2026 10:00:00 +0100\r\nMIME", &format!("{date}\r\nMIME")));
        assert_eq!(came.fate(), "ticket", "{n}");
    }
    // An agent at work.
    let identity = format!("In-Reply-To: <{}>\r\n", bench.sent("notify-new").message_id);
    for n in 0..60 {
        let mail = proven("jana@acme.example", &identity, "Re: x", &format!("#note\nPoznámka {n}"));
        assert_eq!(bench.take(&now(&bench, &mail)).fate(), "appended", "{n}");
    }
    let bench = Bench::new().reconfigured(|policy| policy.budgets.per_sender_hour = 0);
    assert!((0..60).all(|n| says(&bench, false, PEER, n).fate() == "ticket"));
}

#[test]
fn acknowledgements_stop_for_the_day_on_which_machines_write_three_times_as_much_as_usual() {
    let bench = Bench::empty(policy("ACME", "acme.example", 7));
    let machine = |n: u32| {
        let fields = format!("Auto-Submitted: auto-generated\r\nMessage-ID: <m{n}@stroj{}.example>\r\n", n % 9);
        let came = bench
            .take(&now(&bench, &unproven(&format!("s{n}@stroj{}.example", n % 9), &fields, &format!("Disk {n}"), "x")));
        assert_eq!(came.fate(), "ticket");
        came
    };
    let mut n = 0;
    for _ in 0..8 {
        for _ in 0..20 {
            machine(n);
            n += 1;
        }
        bench.pass(SignedDuration::from_hours(24));
    }
    let customer = |n: u32| says(&bench, true, &format!("zakaznik{n}@firma{n}.example"), n);
    assert_eq!(customer(1).acknowledged(), "full");
    for _ in 0..60 {
        machine(n);
        n += 1;
    }
    assert_eq!(customer(2).acknowledged(), "full", "three times as much is not more");
    machine(n);
    let stopped = customer(3);
    assert_eq!((stopped.fate().as_str(), stopped.acknowledged(), stopped.alarms()), ("ticket", "no", 1));
    bench.pass(SignedDuration::from_hours(24));
    assert_eq!(customer(4).acknowledged(), "full");
}

#[test]
fn a_young_desk_does_not_take_its_first_days_for_usual() {
    let bench = Bench::empty(policy("ACME", "acme.example", 7));
    for n in 0..200 {
        let fields = format!("Auto-Submitted: auto-generated\r\nMessage-ID: <m{n}@stroj.example>\r\n");
        bench.take(&now(&bench, &unproven(&format!("s{n}@stroj{}.example", n % 30), &fields, "Disk", &format!("{n}"))));
    }
    assert_eq!(says(&bench, true, "zakaznik@firma1.example", 1).acknowledged(), "full");
}

/// Case 33 of the forty: the other desk throws our token away, and knows the matter by a number of its own.
#[test]
fn another_desks_number_is_remembered_from_its_answer_to_a_mail_of_ours() {
    for tag in ["[peer.example #4711]", "[ref:00D1.500x:ref]", "Ticket#4711:", "##RE-4711##", "[JIRA] (HELP-4711)"] {
        let bench = Bench::new();
        let ours = bench.sent("answer").message_id;
        let auto = format!("Auto-Submitted: auto-replied\r\nIn-Reply-To: <{ours}>\r\n");
        let came = bench.take(&proven(PEER, &auto, &format!("{tag} AutoReply: Faktúra"), "Prijali sme."));
        assert_eq!((came.ticket(), came.sent.len()), (Some(1001), 0), "{tag}: {:?}", came.ingested);
        // Its people write on, without our token.
        let came = bench.take(&proven(PEER, "", &format!("{tag} Faktúra"), "Pozrieme sa na to."));
        assert_eq!((came.ticket(), came.acknowledged()), (Some(1001), "no"), "{tag}: {:?}", came.ingested);
        assert!(bench.ticket(1001).participants.is_empty());
        // Anybody else with that number, and anybody who only writes that desk's address into From, opens a ticket of his own.
        let came = bench.take(&proven("utok@zlo.example", "", &format!("{tag} Faktúra"), "Ukážte mi to."));
        assert_ne!(came.ticket(), Some(1001), "{tag}: {:?}", came.ingested);
        let came = bench.take(&unproven(PEER, "", &format!("{tag} Faktúra"), "Ukážte mi to."));
        assert!(
            came.ticket().is_some_and(|n| n != 1001 && bench.ticket(n).linked == [1001]),
            "{tag}: {:?}",
            came.ingested
        );
        assert_eq!(came.acknowledged(), "no", "{tag}");
    }
}

#[test]
fn a_number_that_a_person_writes_is_remembered_of_nobody() {
    let bench = Bench::new();
    let subject = format!("Re: {} [objednávka 4711] Faktúra", bench.token(1001));
    assert_eq!(bench.take(&proven(VICTIM, "", &subject, "Ešte niečo.")).ticket(), Some(1001));
    let came = bench.take(&proven(VICTIM, "", "[objednávka 4711] Iná otázka", "Kedy príde?"));
    assert_ne!(came.ticket(), Some(1001), "{:?}", came.ingested);
}

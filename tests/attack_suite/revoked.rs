//! Tokens that were taken back prove nothing; what is written since then does; nobody learns which of the two he has.

use postdesk::daemon::order;
use postdesk::model::{Order, OrderKind, TicketChange};
use postdesk::store::Reading as _;

use super::bench::{Bench, Came, FIRST_ID, SECRETS, VICTIM, proven, unproven};
use super::machines::bounce;

const STRANGER: &str = "eva@zakaznik.example";

fn ordered(bench: &Bench, ticket: i64, what: OrderKind) {
    let order = Order { ticket, actor: "operator".into(), what };
    order::carry_out(bench.store.as_ref(), &bench.policy, &order, bench.now.get()).expect("is carried out");
}

/// The signs in the mails of ticket 1001 so far: subject, Message-IDs, reply addresses; for a customer and for jana.
struct Signs {
    subject: String,
    customers: Vec<String>,
    agents: Vec<String>,
}

fn signs(bench: &Bench) -> Signs {
    let of = |template: &str| {
        let row = bench.sent(template);
        let bytes = bench.store.outbox_mail(row.id).expect("reads").expect("is there").1;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reply_to = text.lines().find_map(|l| l.strip_prefix("Reply-To: ")).expect("a reply address");
        let reply_to = reply_to.trim_matches(['<', '>']).to_owned();
        [
            format!("In-Reply-To: <{}>\r\n", row.message_id),
            format!("References: <x@y.example> <{}>\r\n", row.message_id),
            format!("To: {reply_to}\r\n"),
        ]
    };
    Signs {
        subject: bench.token(1001),
        customers: [of("acknowledgement"), of("answer")].concat(),
        agents: of("notify-new").to_vec(),
    }
}

/// Every mail that bears one of the customer's signs.
fn mails(signs: &Signs, make: impl Fn(&str, &str) -> String) -> Vec<String> {
    let by_subject = make("", &format!("Re: {} Faktúra nesedí", signs.subject));
    signs.customers.iter().map(|fields| make(fields, "Re: Faktúra nesedí")).chain([by_subject]).collect()
}

#[test]
fn a_token_that_was_taken_back_opens_the_ticket_to_no_outsider_and_no_unproven_participant() {
    let bench = Bench::new();
    let before = signs(&bench);
    for mail in mails(&before, |fields, subject| proven(STRANGER, fields, subject, "Pustite ma.")) {
        assert_eq!(bench.take(&mail).ticket(), Some(1001), "it is good until then");
    }
    ordered(&bench, 1001, OrderKind::Revoke);
    for from in [STRANGER, VICTIM] {
        for mail in mails(&before, |fields, subject| unproven(from, fields, subject, "Pustite ma znova.")) {
            let came = bench.take(&mail);
            assert_ne!(came.ticket(), Some(1001), "{mail}");
            assert!(came.sent.iter().all(|s| SECRETS.iter().all(|secret| !s.readable().contains(secret))));
        }
    }
    for mail in mails(&before, |fields, subject| proven(STRANGER, fields, subject, "Pustite ma dnu.")) {
        assert_ne!(bench.take(&mail).ticket(), Some(1001), "{mail}");
    }
    // A proven participant is heard as though he had named the number.
    for mail in mails(&before, |fields, subject| proven(VICTIM, fields, subject, "To som ja.")) {
        assert_eq!(bench.take(&mail).ticket(), Some(1001), "{mail}");
    }
    let history = bench.store.history(1001).expect("reads");
    let revoked = |h: &postdesk::model::HistoryLine| h.change == TicketChange::TokensRevoked { generation: 1 };
    assert_eq!(history.iter().filter(|h| revoked(h)).count(), 1);
}

#[test]
fn what_is_written_since_then_carries_new_tokens_that_count() {
    let bench = Bench::new();
    for round in 1..4 {
        let before = signs(&bench);
        ordered(&bench, 1001, OrderKind::Revoke);
        // The agent's own identity went with them; the mail that tells him so carries a new one.
        let held = bench.take(&proven("jana@acme.example", &before.agents[0], "Re: x", &format!("Odpoveď {round}.")));
        assert_eq!((held.to("answer").len(), held.to("refused").len()), (0, 1), "{:?}", held.ingested);
        let again = format!("In-Reply-To: <{}>\r\n", held.to("refused")[0].row.message_id);
        let answered = bench.take(&proven("jana@acme.example", &again, "Re: x", &format!("Odpoveď {round} znova.")));
        assert_eq!(answered.to("answer").len(), 1, "{:?}", answered.ingested);
        let after = signs(&bench);
        assert_ne!(after.subject, before.subject);
        let fresh = format!("In-Reply-To: <{}>\r\n", answered.to("answer")[0].row.message_id);
        for (fields, subject) in [(fresh.as_str(), "Re: x".to_owned()), ("", format!("Re: {}", bench.token(1001)))] {
            let came = bench.take(&unproven(VICTIM, fields, &subject, &format!("Ďakujem {round}.")));
            assert_eq!(came.ticket(), Some(1001), "{:?}", came.ingested);
        }
        let old = unproven(VICTIM, "", &format!("Re: {}", before.subject), &format!("Starý {round}."));
        assert_ne!(bench.take(&old).ticket(), Some(1001));
        bench.pass(jiff::SignedDuration::from_hours(25));
    }
}

#[test]
fn a_bounce_still_finds_its_mail() {
    let bench = Bench::new();
    let (answer, before) = (bench.sent("answer").message_id, signs(&bench));
    ordered(&bench, 1001, OrderKind::Revoke);
    let came = bench.take(&bounce(&answer, "5.1.1", 1));
    assert_eq!((came.fate().as_str(), came.ticket(), came.to("notify-bounce").len()), ("bounce", Some(1001), 1));
    // Being in a report does not make a token good for anybody else.
    let smuggled = bounce(&answer, "5.1.1", 2).replace("Return-Path: <>\r\n", &before.customers[0]);
    let smuggled =
        smuggled.replace("MAILER-DAEMON@mail.example", STRANGER).replace("Auto-Submitted: auto-replied\r\n", "");
    let came = bench.take(&smuggled);
    assert_ne!(came.fate(), "appended", "{:?}", came.ingested);
}

#[test]
fn tokens_of_merged_tickets_keep_working_until_they_are_taken_back_with_the_ticket_that_lives_on() {
    let bench = Bench::new();
    let before = signs(&bench);
    let other = bench.take(&proven(VICTIM, "", "Druhá vec", "x")).ticket().expect("a ticket");
    ordered(&bench, 1001, OrderKind::Merge { into: other });
    let last = bench.take(&proven(VICTIM, "", "Tretia vec", "x")).ticket().expect("a ticket");
    ordered(&bench, other, OrderKind::Merge { into: last });
    for mail in mails(&before, |fields, subject| unproven(VICTIM, fields, subject, "K prvej veci.")) {
        assert_eq!(bench.take(&mail).ticket(), Some(last), "{mail}");
    }
    ordered(&bench, last, OrderKind::Revoke);
    for mail in mails(&before, |fields, subject| unproven(VICTIM, fields, subject, "K prvej veci znova.")) {
        let came = bench.take(&mail);
        assert!(came.ticket().is_some_and(|n| n > last), "{:?}", came.ingested);
    }
    for number in [1001, other, last] {
        assert_eq!(bench.ticket(number).access.generation, 1, "{number}");
    }
    // Of another ticket nothing was taken back.
    let free = bench.take(&proven(STRANGER, "", "Niečo", "x")).ticket().expect("a ticket");
    let mail = unproven(STRANGER, "", &format!("Re: {}", bench.token(free)), "y");
    assert_eq!(bench.take(&mail).ticket(), Some(free));
}

#[test]
fn an_agent_takes_them_back_by_a_command() {
    let bench = Bench::new();
    let before = signs(&bench);
    let identity = &before.agents[0];
    let came = bench.take(&proven("jana@acme.example", identity, "Re: x", "#revoke\n#note\n\nToken bol na fóre."));
    assert_eq!(came.fate(), "appended", "{:?}", came.ingested);
    assert!(came.to("answer").is_empty());
    assert_eq!(bench.ticket(1001).access.generation, 1);
    assert_ne!(bench.take(&unproven(VICTIM, "", &format!("Re: {}", before.subject), "x")).ticket(), Some(1001));
}

/// A token that was taken back and one that never was do the same, and neither is a guess more than the other is worth.
#[test]
fn nobody_learns_whether_his_token_was_ever_good() {
    let told = |who: &str, came: &Came| {
        let sent = came.sent.iter().map(|s| (s.row.template.clone(), s.row.to.email.replace(who, "-")));
        (came.fate(), came.acknowledged(), sent.collect::<Vec<_>>())
    };
    let bench = Bench::new();
    let (good, wrong) = (bench.token(1001), "[ACME-1001-00000000]".to_owned());
    ordered(&bench, 1001, OrderKind::Revoke);
    let ask =
        |who: &str, token: &str| told(who, &bench.take(&unproven(who, "", &format!("Re: {token} x"), "Pustite ma.")));
    assert_eq!(ask("a@zlo.example", &good), ask("b@zlo.example", &wrong));
    // Whoever answers old mails all day long guesses nothing.
    for n in 0..25 {
        let fields = format!("In-Reply-To: <{FIRST_ID}>\r\n");
        bench.take(&unproven(VICTIM, &fields, &format!("Re: {good} x"), &format!("Znova {n}.")));
    }
    let fresh = bench.token(1001);
    assert_eq!(bench.take(&unproven(VICTIM, "", &format!("Re: {fresh} x"), "Toto platí.")).ticket(), Some(1001));
}

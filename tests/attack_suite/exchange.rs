//! Desks that write to each other, and to answering machines: the talk ends.

use jiff::SignedDuration;
use postdesk::model::AddrSpec;

use super::bench::{Bench, RECEIVED, Sent, policy, proven, unproven};

/// A mail as it arrives at the other side: with the trace of its server, and its verdict where there is one.
fn carried(sent: &Sent, verdict: bool) -> Vec<u8> {
    let from =
        sent.field("From").expect("a From").rsplit_once('@').map_or("", |(_, d)| d).trim_end_matches('>').to_owned();
    let mut raw = Vec::new();
    if verdict {
        raw.extend_from_slice(
            format!(
                "Authentication-Results: mx.acme.example; dkim=pass header.d={from}; dmarc=pass header.from={from}\r\n"
            )
            .as_bytes(),
        );
    }
    raw.extend_from_slice(RECEIVED.as_bytes());
    raw.extend_from_slice(&sent.bytes);
    raw
}

/// Carries mail to and fro until nobody says anything more; how many mails went between the two.
fn talk(a: (&Bench, &str), b: (&Bench, &str), first: Vec<Sent>, verdict: bool, strip: bool) -> usize {
    let mut waiting: Vec<(bool, Sent)> = first.into_iter().map(|s| (true, s)).collect();
    let mut count = 0;
    while let Some((to_b, sent)) = waiting.pop() {
        let (desk, address) = if to_b { b } else { a };
        if !sent.row.to.email.eq_ignore_ascii_case(address) {
            continue; // to an agent, or a third person
        }
        count += 1;
        assert!(count < 60, "they never stop");
        let mut raw = carried(&sent, verdict);
        if strip {
            // A peer that throws away whatever says who wrote.
            let text = String::from_utf8_lossy(&raw).into_owned();
            let marks = ["Auto-Submitted:", "X-Auto-Response-Suppress:", "In-Reply-To:", "References:"];
            raw = text
                .split_inclusive("\r\n")
                .filter(|l| !marks.iter().any(|m| l.starts_with(m)))
                .collect::<String>()
                .into_bytes();
        }
        desk.pass(SignedDuration::from_secs(5));
        let came = desk.take_bytes(&raw);
        waiting.extend(came.sent.into_iter().map(|s| (!to_b, s)));
    }
    count
}

fn two() -> (Bench, Bench) {
    let (a, mut b) = (Bench::empty(policy("ACME", "acme.example", 7)), Bench::empty(policy("BETA", "acme.example", 9)));
    // The other desk lives elsewhere, and its server is called the same for the test's sake.
    let mut other = (*b.policy).clone();
    other.desk.domain = "desk.beta.example".into();
    for (mailbox, address) in other.mailboxes.iter_mut().zip(["podpora@beta.example", "obchod@beta.example"]) {
        mailbox.address = AddrSpec::parse(address).expect("an address");
    }
    for agent in &mut other.agents {
        agent.addresses = vec![AddrSpec::parse(&format!("{}@beta.example", agent.name)).expect("an address")];
    }
    b.policy = other.into();
    (a, b)
}

#[test]
fn two_desks_stop_after_two_mails() {
    for verdict in [true, false] {
        let (a, b) = two();
        // A person's mail that one desk seems to have sent to the other starts it.
        let from = "podpora@beta.example";
        let start = if verdict {
            proven(from, "", "Objednávka", "Dobrý deň")
        } else {
            unproven(from, "", "Objednávka", "Dobrý deň")
        };
        let came = a.take(&start);
        assert_ne!(came.acknowledged(), "no");
        let count = talk((&a, "podpora@acme.example"), (&b, from), came.sent, verdict, false);
        assert!(count <= 2, "{count} mails");
        // And the agent's answer, which bears no sign of a machine.
        let notified = a.sent("notify-new").message_id;
        let came = a.take(&proven(
            "jana@acme.example",
            &format!("In-Reply-To: <{notified}>\r\n"),
            "Re: x",
            "Objednávku máme.",
        ));
        assert_eq!(came.to("answer").len(), 1, "{:?}", came.ingested);
        let count = talk((&a, "podpora@acme.example"), (&b, from), came.sent, verdict, false);
        assert!(count <= 2, "{count} mails after the answer");
    }
}

#[test]
fn two_desks_between_which_every_mark_is_lost_stop_by_their_budgets() {
    let (a, b) = two();
    let came = a.take(&proven("podpora@beta.example", "", "Objednávka", "Dobrý deň"));
    let count = talk((&a, "podpora@acme.example"), (&b, "podpora@beta.example"), came.sent, true, true);
    assert!(count <= 6, "{count} mails");
}

/// Answers every mail, marks nothing, and calls each answer something else.
fn responder(address: &dyn Fn(u32) -> String, hours: u32, per_hour: u32, verdict: bool) -> usize {
    let desk = Bench::empty(policy("ACME", "acme.example", 7));
    let mut acknowledgements = 0;
    for n in 0..hours * per_hour {
        desk.pass(SignedDuration::from_secs(i64::from(3600 / per_hour)));
        let (from, subject, text) = (address(n), format!("Vaša požiadavka {n} bola prijatá"), format!("Ďakujeme {n}"));
        let mail = if verdict { proven(&from, "", &subject, &text) } else { unproven(&from, "", &subject, &text) };
        acknowledgements += usize::from(desk.take(&mail).acknowledged() != "no");
    }
    acknowledgements
}

#[test]
fn a_dumb_responder_gets_three_acknowledgements_a_day_and_an_unproven_one_gets_one() {
    let same = |_: u32| "robot@stroj.example".to_owned();
    assert!(responder(&same, 20, 30, true) <= 3);
    assert!(responder(&same, 20, 10, false) <= 1);
    let changing = |n: u32| format!("robot{n}@stroj.example");
    assert!(responder(&changing, 1, 120, true) <= 20);
}

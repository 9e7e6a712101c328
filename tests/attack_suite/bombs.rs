//! A bomb: a thousand forged senders, to make the desk write to a thousand strangers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use postdesk::daemon::ingest::{self, Checked};
use postdesk::model::{Incoming, SourceKey};

use super::bench::{Bench, policy, unproven};

fn bomb(bench: &Bench, senders: impl Iterator<Item = String>, from: Timestamp) -> Vec<super::bench::Sent> {
    let mails: Vec<Checked> = (1..)
        .zip(senders)
        .map(|(uid, sender)| {
            let raw = unproven(&sender, "", "VYHRALI STE: zlo.example/vyhra", "Kliknite na zlo.example/vyhra");
            let incoming = Incoming {
                mailbox: "support".into(),
                key: SourceKey::imap("INBOX", 2, uid),
                raw: raw.into_bytes().into(),
                received_at: from,
                truncated_from: None,
            };
            Checked { parsed: ingest::parse(incoming), proof: Default::default() }
        })
        .collect();
    let mut mails = mails.into_iter().peekable();
    let mut at = from;
    while mails.peek().is_some() {
        let batch: Vec<Checked> = mails.by_ref().take(50).collect();
        ingest::take_in(bench.store.as_ref(), &bench.policy, batch, at).expect("is taken in");
        at += SignedDuration::from_secs(150);
    }
    bench.news()
}

#[test]
fn a_thousand_forged_senders_get_no_more_than_the_budget_and_not_a_word_of_the_bomber() {
    let bench = Bench::empty(policy("ACME", "acme.example", 7));
    let senders = (0..1_000).map(|n| format!("obet{n}@d{}.example", n % 60));
    let sent = bomb(&bench, senders, bench.now.get());
    let strangers: Vec<_> = sent.iter().filter(|s| !s.row.to.email.ends_with("@acme.example")).collect();
    assert!((150..=200).contains(&strangers.len()), "{} acknowledgements", strangers.len());
    let mut domains: BTreeMap<&str, u32> = BTreeMap::new();
    for mail in &strangers {
        assert_eq!(mail.row.template, "acknowledgement-minimal");
        assert!(
            !mail.readable().contains("zlo.example") && !mail.readable().contains("VYHRALI"),
            "{}",
            mail.readable()
        );
        *domains.entry(mail.row.to.email.split_once('@').expect("an address").1).or_default() += 1;
    }
    assert!(domains.values().all(|n| *n <= 20), "{domains:?}");
}

#[test]
fn one_domain_and_one_address_have_budgets_of_their_own() {
    let bench = Bench::empty(policy("ACME", "acme.example", 7));
    let sent = bomb(&bench, (0..200).map(|n| format!("obet{n}@jedna.example")), bench.now.get());
    assert_eq!(sent.iter().filter(|s| s.row.template.starts_with("acknowledgement")).count(), 20);
    bench.pass(SignedDuration::from_hours(30));
    let bench = Bench::empty(policy("ACME", "acme.example", 7));
    let sent = bomb(&bench, (0..60).map(|n| format!("Pokus {n} <obet@jedna.example>")), bench.now.get());
    assert_eq!(sent.iter().filter(|s| s.row.template.starts_with("acknowledgement")).count(), 1);
}

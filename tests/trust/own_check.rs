//! The desk's own check: real signatures, real keys, a real DNS server.

use std::time::{Duration, Instant};

use postdesk::authenticate::{Authenticator, Resolvers, TIME_BUDGET};
use postdesk::model::AddrSpec;
use postdesk::model::facts::{OwnProof, ProofOutcome};

use super::dns::Dns;
use super::fixture::spec;
use super::signing::*;

const JAN: &str = "jan@firma.example";
const NOTHING: ProofOutcome = ProofOutcome::Nothing { policy_unmet: false };
const UNMET: ProofOutcome = ProofOutcome::Nothing { policy_unmet: true };

fn aligned(domain: &str) -> ProofOutcome {
    ProofOutcome::Aligned { domain: domain.into() }
}

fn check(authenticator: &Authenticator, mail: &str, author: Option<&AddrSpec>) -> OwnProof {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(authenticator.check(mail.as_bytes(), author))
}

/// What comes of the mail of this author, with these records in the DNS.
fn outcome_for(author: &str, mail: &str, records: &[(&str, &str)]) -> ProofOutcome {
    let dns = Dns::start(records);
    let proof = check(&dns.authenticator(), mail, Some(&spec(author)));
    assert!(dns.asked().len() <= 12, "asked {:?}", dns.asked());
    assert!(matches!(proof.outcome, ProofOutcome::NotChecked) || !proof.evidence.is_empty() || dns.asked().len() > 1);
    proof.outcome
}

fn outcome(mail: &str, records: &[(&str, &str)]) -> ProofOutcome {
    outcome_for(JAN, mail, records)
}

fn key_of(name: &'static str) -> (&'static str, &'static str) {
    (name, &Rsa::shared().record)
}

#[test]
fn a_signature_of_the_from_domain_proves_it() {
    let records = [key_of("s1._domainkey.firma.example")];
    let mail = sign(&mail(JAN), "firma.example", "s1");
    assert_eq!(outcome(&mail, &records), aligned("firma.example"));
    // A Maildir keeps bare LF.
    assert_eq!(outcome(&mail.replace("\r\n", "\n"), &records), aligned("firma.example"));
}

#[test]
fn ed25519_proves_too() {
    let (key, record) = ed25519();
    let mail = signed(&mail(JAN), &signer(key, "firma.example", "ed", FIELDS));
    assert_eq!(outcome(&mail, &[("ed._domainkey.firma.example", &record)]), aligned("firma.example"));
}

#[test]
fn a_changed_mail_is_not_proven() {
    let records = [key_of("s1._domainkey.firma.example")];
    let mail = sign(&mail(JAN), "firma.example", "s1");
    for (was, is) in [
        ("kde je", "kde nie je"),
        ("Fakt=C3=BAra", "Dobropis"),
        ("From: jan@", "From: eva@"),
        ("<1@firma.example>", "<2@firma.example>"),
        ("To: podpora@acme.example", "To: podpora@acme.example, utok@zlo.example"),
    ] {
        let changed = mail.replacen(was, is, 1);
        assert_ne!(changed, mail);
        let author = if was.starts_with("From") { "eva@firma.example" } else { JAN };
        assert_eq!(outcome_for(author, &changed, &records), NOTHING, "{was} became {is}");
    }
    // White space in the relaxed form changes nothing.
    assert_eq!(outcome(&mail.replacen("je  fakt", "je fakt", 1), &records), aligned("firma.example"));
}

#[test]
fn a_signature_must_cover_from() {
    let records = [key_of("s1._domainkey.firma.example")];
    let without = ["To", "Subject", "Date", "Message-ID"];
    let mail = signed(&mail(JAN), &signer(Rsa::shared().key(), "firma.example", "s1", &without));
    assert_eq!(outcome(&mail, &records), NOTHING);
}

#[test]
fn weak_signatures_are_no_proof() {
    let name = "s1._domainkey.firma.example";
    let mail_ = mail(JAN);
    let sign_short = |bits| {
        let rsa = Rsa::new(bits);
        (signed(&mail_, &signer(short(&rsa), "firma.example", "s1", FIELDS)), rsa.record)
    };
    let (mail, record) = sign_short(1024);
    assert_eq!(outcome(&mail, &[(name, &record)]), aligned("firma.example"), "1024 bits are taken");
    let (mail, record) = sign_short(768);
    assert_eq!(outcome(&mail, &[(name, &record)]), NOTHING, "768 bits are not");

    let mail = signed(&mail_, &signer(sha1(Rsa::shared()), "firma.example", "s1", FIELDS));
    assert!(mail.contains("rsa-sha1"));
    assert_eq!(outcome(&mail, &[key_of(name)]), NOTHING, "rsa-sha1");

    let cut = signer(Rsa::shared().key(), "firma.example", "s1", FIELDS).body_length(true);
    let mail = signed(&mail_, &cut);
    assert!(mail.contains("l="));
    assert_eq!(outcome(&mail, &[key_of(name)]), NOTHING, "l=");

    let expired = signer(Rsa::shared().key(), "firma.example", "s1", FIELDS).expiration(1);
    let mail = signed(&mail_, &expired);
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(outcome(&mail, &[key_of(name)]), NOTHING, "x= has passed");
}

#[test]
fn keys_that_are_gone_or_taken_back_prove_nothing() {
    let name = "s1._domainkey.firma.example";
    let mail = sign(&mail(JAN), "firma.example", "s1");
    let other = Rsa::new(1024).record;
    for records in [vec![], vec![(name, "v=DKIM1; p=")], vec![(name, "garbage")], vec![(name, other.as_str())]] {
        assert_eq!(outcome(&mail, &records), NOTHING, "{records:?}");
    }
}

#[test]
fn dmarc_says_which_other_domain_is_aligned() {
    let key = key_of("s1._domainkey.posta.firma.example");
    let mail_ = sign(&mail(JAN), "posta.firma.example", "s1");
    let with = |policy| outcome(&mail_, &[key, ("_dmarc.firma.example", policy)]);
    assert_eq!(with("v=DMARC1; p=reject"), aligned("firma.example"));
    assert_eq!(with("v=DMARC1; p=none"), aligned("firma.example"));
    assert_eq!(with("v=DMARC1; p=reject; adkim=s"), UNMET);
    assert_eq!(outcome(&mail_, &[key]), NOTHING, "without a policy only the same domain is aligned");

    let author = "jan@news.firma.example";
    let above = sign(&mail(author), "firma.example", "s1");
    let records = [key_of("s1._domainkey.firma.example"), ("_dmarc.firma.example", "v=DMARC1; p=reject")];
    assert_eq!(outcome_for(author, &above, &records), aligned("news.firma.example"));
}

#[test]
fn a_policy_that_asks_for_proof_is_noted_and_condemns_nobody() {
    for (policy, expected) in [
        ("v=DMARC1; p=reject", UNMET),
        ("v=DMARC1; p=quarantine", UNMET),
        ("v=DMARC1; p=none", NOTHING),
        ("v=spf1 -all", NOTHING),
    ] {
        assert_eq!(outcome(&mail(JAN), &[("_dmarc.firma.example", policy)]), expected, "{policy}");
    }
    assert_eq!(outcome(&mail(JAN), &[]), NOTHING);
}

#[test]
fn another_organisations_signature_is_not_even_looked_up() {
    let dns = Dns::start(&[key_of("s1._domainkey.zlo.example")]);
    let signed = sign(&mail(JAN), "zlo.example", "s1");
    let proof = check(&dns.authenticator(), &signed, Some(&spec(JAN)));
    assert_eq!(proof.outcome, NOTHING);
    assert!(dns.asked().iter().all(|name| !name.contains("zlo")), "{:?}", dns.asked());
    assert!(proof.evidence.iter().any(|line| line.contains("zlo.example")), "{:?}", proof.evidence);
    // The same signature is good for its own author.
    assert_eq!(
        outcome_for(
            "x@zlo.example",
            &sign(&mail("x@zlo.example"), "zlo.example", "s1"),
            &[key_of("s1._domainkey.zlo.example")]
        ),
        aligned("zlo.example")
    );
}

#[test]
fn a_second_from_is_never_checked_for_the_first() {
    let records = [key_of("s1._domainkey.firma.example")];
    let mail = sign(&mail(JAN), "firma.example", "s1");
    for added in ["From: sef@firma.example\r\n", "from: sef@firma.example\r\n", "From : sef@firma.example\r\n"] {
        let two = format!("{added}{mail}");
        for author in [JAN, "sef@firma.example"] {
            assert_eq!(outcome_for(author, &two, &records), ProofOutcome::NotChecked, "{added}");
        }
    }
}

#[test]
fn a_flood_of_signatures_costs_few_look_ups() {
    let dns = Dns::start(&[key_of("good._domainkey.firma.example")]);
    let good = sign(&mail(JAN), "firma.example", "good");
    let mut flood = String::new();
    for n in 0..40 {
        flood.push_str(
            &good
                .lines()
                .take_while(|l| !l.starts_with("From"))
                .map(|l| format!("{l}\r\n"))
                .collect::<String>()
                .replace("s=good", &format!("s=s{n}")),
        );
    }
    let proof = check(&dns.authenticator(), &format!("{flood}{good}"), Some(&spec(JAN)));
    assert_eq!(proof.outcome, NOTHING, "the good one is beyond the fifth");
    assert!(dns.asked().len() <= 12, "{:?}", dns.asked());
    assert!(proof.evidence.len() <= 20);

    // Forty of other domains before it cost nothing.
    let foreign = flood.replace("d=firma.example", "d=zlo.example");
    let proof = check(&dns.authenticator(), &format!("{foreign}{good}"), Some(&spec(JAN)));
    assert_eq!(proof.outcome, aligned("firma.example"));

    // Five keys and a policy that is looked for at eight names would be thirteen.
    let author = "x@a.b.c.d.e.f.g.h.firma.example";
    let mut deep = mail(author);
    for selector in ["s1", "s2", "s3", "s4", "s5"] {
        deep = sign(&deep, "a.b.c.d.e.f.g.h.firma.example", selector);
    }
    let before = dns.asked().len();
    let proof = check(&dns.authenticator(), &deep, Some(&spec(author)));
    assert_eq!((proof.outcome, dns.asked().len() - before), (NOTHING, 12), "{:?}", dns.asked());
    assert!(proof.evidence.iter().any(|line| line.contains("given up")), "{:?}", proof.evidence);
}

#[test]
fn answers_are_remembered() {
    let dns = Dns::start(&[key_of("s1._domainkey.firma.example"), ("_dmarc.firma.example", "v=DMARC1; p=reject")]);
    let authenticator = dns.authenticator();
    let good = sign(&mail(JAN), "firma.example", "s1");
    for mail in [&good, &mail(JAN), &good.replacen("kde", "tu", 1), &sign(&mail(JAN), "firma.example", "none")] {
        check(&authenticator, mail, Some(&spec(JAN)));
    }
    let asked = dns.asked();
    for mail in [&good, &mail(JAN), &good.replacen("kde", "tu", 1), &sign(&mail(JAN), "firma.example", "none")] {
        check(&authenticator, mail, Some(&spec(JAN)));
    }
    assert_eq!(dns.asked(), asked, "the second round asked again");
}

#[test]
fn a_dns_that_does_not_answer_is_a_reason_to_try_again_and_costs_three_seconds_at_most() {
    let dns = Dns::start(&[]);
    let author = "jan@dead.example";
    let mail = sign(&mail(author), "dead.example", "s1");
    let begun = Instant::now();
    let proof = check(&dns.authenticator(), &mail, Some(&spec(author)));
    assert_eq!(proof.outcome, ProofOutcome::TempError);
    assert!(begun.elapsed() < TIME_BUDGET + Duration::from_secs(2), "took {:?}", begun.elapsed());
    assert!(proof.evidence.iter().any(|line| line.contains("DNS")), "{:?}", proof.evidence);

    // Nobody listens at all.
    let gone = dns.address;
    drop(dns);
    let authenticator = Authenticator::new(&Resolvers::Servers(vec![gone])).expect("a resolver");
    let begun = Instant::now();
    assert_eq!(check(&authenticator, &mail, Some(&spec(author))).outcome, ProofOutcome::TempError);
    assert!(begun.elapsed() < TIME_BUDGET + Duration::from_secs(2), "took {:?}", begun.elapsed());
}

#[test]
fn a_dns_that_never_answers_delays_the_first_mails_only() {
    // Bound and never read: what is asked there is lost.
    let deaf = std::net::UdpSocket::bind("127.0.0.1:0").expect("bound");
    let gone = deaf.local_addr().expect("an address");
    let authenticator = Authenticator::new(&Resolvers::Servers(vec![gone])).expect("a resolver");
    let author = "jan@dead.example";
    let mail = sign(&mail(author), "dead.example", "s1");
    let ask = || check(&authenticator, &mail, Some(&spec(author)));
    for _ in 0..3 {
        assert_eq!(ask().outcome, ProofOutcome::TempError);
    }
    let begun = Instant::now();
    let proof = ask();
    assert_eq!(proof.outcome, ProofOutcome::TempError);
    assert!(begun.elapsed() < Duration::from_secs(1), "the fourth mail waited too: {:?}", begun.elapsed());
    assert!(proof.evidence.iter().any(|line| line.contains("a moment ago")), "{:?}", proof.evidence);
}

#[test]
fn nothing_is_asked_where_nothing_can_be_proven() {
    let off = Authenticator::new(&Resolvers::Off).expect("nothing to open");
    let good = sign(&mail(JAN), "firma.example", "s1");
    assert_eq!(check(&off, &good, Some(&spec(JAN))).outcome, ProofOutcome::NotChecked);
    let dns = Dns::start(&[]);
    assert_eq!(check(&dns.authenticator(), &good, None).outcome, ProofOutcome::NotChecked);
    assert_eq!(check(&dns.authenticator(), "", Some(&spec(JAN))).outcome, ProofOutcome::NotChecked);
    let wide = format!("{}{good}", "X: y\r\n".repeat(2000));
    assert_eq!(check(&dns.authenticator(), &wide, Some(&spec(JAN))).outcome, ProofOutcome::NotChecked);
    let long = format!("X: {}\r\n{good}", "y".repeat(300_000));
    assert_eq!(check(&dns.authenticator(), &long, Some(&spec(JAN))).outcome, ProofOutcome::NotChecked);
    assert!(dns.asked().is_empty(), "{:?}", dns.asked());
    assert!(Authenticator::new(&Resolvers::Servers(vec![])).is_err());
}

#[test]
fn any_header_block_ends_in_an_outcome() {
    let dns = Dns::start(&[]);
    let authenticator = dns.authenticator();
    let signatures = [
        "DKIM-Signature: ",
        "DKIM-Signature: v=1; a=rsa-sha256; d=firma.example; s=x; h=from; bh=; b=",
        "DKIM-Signature: v=1; a=rsa-sha256; d=firma.example; s=..; h=from; bh=AAAA; b=AAAA",
        "DKIM-Signature: v=1; a=rsa-sha256; d=; s=; h=from; bh=AAAA; b=AAAA",
        "DKIM-Signature: v=1; a=rsa-sha256; d=firma.example; s=\u{0}; h=from:from:from; bh=AAAA; b=AAAA",
        "DKIM-Signature: v=1; a=rsa-sha256; d=firma.example; s=x; i=@; h=from; l=99999999999999999999; bh=AAAA; b=AAAA",
        "DKIM-Signature: v=1; a=ed25519-sha256; d=firma.example; s=x; h=:::from; x=0; t=18446744073709551615; bh=AAAA; b=AAAA",
        "DKIM2-Signature: i=1; m=1",
        "Message-Instance: m=1",
    ];
    for signature in signatures {
        let proof = check(&authenticator, &format!("{signature}\r\n{}", mail(JAN)), Some(&spec(JAN)));
        assert!(!matches!(proof.outcome, ProofOutcome::Aligned { .. }), "{signature}");
    }
}

#[test]
fn many_mails_are_checked_at_once() {
    fn can_be_spawned<T: Send>(_: &T) {}
    let dns = Dns::start(&[key_of("s1._domainkey.firma.example")]);
    let authenticator = dns.authenticator();
    let mail = sign(&mail(JAN), "firma.example", "s1");
    let author = spec(JAN);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let proofs = runtime.block_on(async {
        let checks = (0..50).map(|_| authenticator.check(mail.as_bytes(), Some(&author)));
        let all = futures::future::join_all(checks);
        can_be_spawned(&all);
        all.await
    });
    assert!(proofs.iter().all(|proof| proof.outcome == aligned("firma.example")));
}

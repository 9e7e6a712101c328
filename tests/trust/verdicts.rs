//! Which Authentication-Results count, and what several of them come to together.

use postdesk::facts::establish;
use postdesk::model::desk::Mailbox;
use postdesk::model::facts::OwnProof;
use postdesk::model::{Found, Message};

use super::fixture::*;

const PASS: &str = "mx.acme.example; dmarc=pass header.from=firma.example";

fn state(mail: &Message, mailbox: Mailbox) -> String {
    let mut policy = policy();
    policy.mailboxes = vec![mailbox];
    let got = establish(mail, "support", &OwnProof::default(), Found::default(), &policy).authenticity;
    match got.strength {
        Some(strength) => format!("{} {strength}", got.believed),
        None => got.believed.to_string(),
    }
}

fn own(fields: &[(u32, &str)]) -> String {
    state(&with_results(message("jan@firma.example"), fields), mailbox(&["mx.acme.example"], 1))
}

#[test]
fn nothing_is_believed_by_default() {
    let mail = with_results(message("jan@firma.example"), &[(0, PASS)]);
    assert_eq!(state(&mail, mailbox(&[], 1)), "unauthenticated");
    assert_eq!(state(&mail, mailbox(&["mx.acme.example"], 0)), "unauthenticated");
    assert_eq!(state(&mail, mailbox(&["mx.acme.example"], 1)), "verified weak");
    assert_eq!(state(&mail, mailbox(&["MX.Acme.Example"], 1)), "verified weak");
}

#[test]
fn only_the_named_server_counts() {
    for id in [
        "evil-mx.acme.example",
        "mx.acme.example.evil.example",
        "x.mx.acme.example",
        "acme.example",
        "mx.acme.exampl",
        "exchange-online",
    ] {
        let field = format!("{id}; dmarc=pass header.from=firma.example");
        assert_eq!(own(&[(0, &field)]), "unauthenticated", "{id}");
    }
    assert_eq!(own(&[(0, "MX.ACME.EXAMPLE 1; dmarc=pass header.from=firma.example")]), "verified weak");
}

#[test]
fn only_what_stands_above_our_servers_last_received_line_counts() {
    let at = |above, received, hops| {
        let mut mail = with_results(message("jan@firma.example"), &[(above, PASS)]);
        mail.structure.received = received;
        state(&mail, mailbox(&["mx.acme.example"], hops))
    };
    assert_eq!(at(0, 1, 1), "verified weak");
    assert_eq!(at(0, 5, 1), "verified weak");
    assert_eq!(at(1, 1, 1), "unauthenticated");
    assert_eq!(at(1, 5, 1), "unauthenticated");
    // Dovecot's LMTP adds a line of its own on top.
    assert_eq!(at(1, 3, 2), "verified weak");
    assert_eq!(at(0, 3, 2), "verified weak");
    assert_eq!(at(2, 3, 2), "unauthenticated");
    // A mail that did not pass all our servers has no boundary: APPEND, a local script, a forged line.
    assert_eq!(at(0, 0, 1), "unauthenticated");
    assert_eq!(at(0, 1, 2), "unauthenticated");
    assert_eq!(at(0, 0, 0), "unauthenticated");
}

#[test]
fn of_two_results_the_worse_counts() {
    let dkim = "mx.acme.example; dkim=pass header.d=firma.example header.s=a";
    for (fields, expected) in [
        (vec![PASS, "mx.acme.example; dmarc=fail header.from=firma.example"], "failed"),
        (vec!["mx.acme.example; dmarc=fail header.from=firma.example", PASS], "failed"),
        (vec![PASS, "mx.acme.example; dmarc=none"], "unauthenticated"),
        (vec![PASS, "mx.acme.example; dmarc=temperror"], "unauthenticated"),
        (vec![PASS, "mx.acme.example; dmarc=pass header.from=utok.example"], "failed"),
        (vec![PASS, dkim], "verified strong"),
        (vec![PASS, "mx.acme.example; spf=fail smtp.mailfrom=x@y.example"], "verified weak"),
        (vec![dkim, "mx.acme.example; dkim=fail header.d=firma.example"], "unauthenticated"),
        (vec![dkim, "mx.acme.example; dkim=fail header.d=firma.example header.s=a"], "unauthenticated"),
        (vec![dkim, "mx.acme.example; dkim=fail header.d=firma.example header.s=b"], "unauthenticated"),
        (vec![dkim, "mx.acme.example; dkim=none"], "unauthenticated"),
        (vec![dkim, "mx.acme.example; dkim=fail header.d=zoznam.example"], "verified strong"),
        (
            vec![
                "mx.acme.example; dkim=pass header.d=firma.example header.s=rsa; dkim=permerror header.d=firma.example header.s=ed",
            ],
            "verified strong",
        ),
        (
            vec![
                "mx.acme.example; dkim=pass header.d=firma.example header.s=a; dkim=fail header.d=firma.example header.s=a",
            ],
            "unauthenticated",
        ),
        (vec!["mx.acme.example; dkim=pass header.d=firma.example; dkim=fail"], "unauthenticated"),
        (
            vec!["mx.acme.example; spf=pass smtp.mailfrom=firma.example; spf=softfail smtp.mailfrom=firma.example"],
            "unauthenticated",
        ),
        (
            vec!["mx.acme.example; spf=pass smtp.mailfrom=firma.example; spf=none smtp.helo=mail.firma.example"],
            "verified weak",
        ),
        // A void field may hide the verdict that counts.
        (vec![PASS, "mx.acme.example; dmarc=fail (open"], "unauthenticated"),
        (vec![dkim, "garbage"], "unauthenticated"),
        (vec!["mx.acme.example; dmarc=fail header.from=firma.example", "garbage"], "failed"),
        // Somebody else's field changes nothing.
        (vec!["other.example; dmarc=fail header.from=firma.example", PASS], "verified weak"),
    ] {
        let fields: Vec<(u32, &str)> = fields.into_iter().map(|f| (0, f)).collect();
        assert_eq!(own(&fields), expected, "{fields:?}");
    }
}

#[test]
fn a_verdict_must_be_about_the_from_domain() {
    for (said, expected) in [
        ("dkim=pass header.d=attack.example", "unauthenticated"),
        ("dkim=pass header.d=example", "unauthenticated"),
        ("dkim=pass", "unauthenticated"),
        ("dkim=pass header.s=firma.example", "unauthenticated"),
        ("dkim=pass policy.d=firma.example", "unauthenticated"),
        ("dkim=pass header.d=firma.example header.i=@attack.example", "unauthenticated"),
        ("dkim=pass header.d=firma.example header.i=@xfirma.example", "unauthenticated"),
        ("dkim=pass header.d=firma.example header.d=attack.example", "unauthenticated"),
        ("dkim=pass header.d=firma.example header.i=jan@a.firma.example", "verified strong"),
        ("dkim=pass header.d=attack.example@firma.example@x", "unauthenticated"),
        ("dkim=neutral header.d=firma.example", "unauthenticated"),
        ("dkim=policy header.d=firma.example", "unauthenticated"),
        ("dkim=passed header.d=firma.example", "unauthenticated"),
        ("spf=pass smtp.mailfrom=attack.example", "unauthenticated"),
        ("spf=pass smtp.mailfrom=a.firma.example", "unauthenticated"),
        ("spf=pass smtp.helo=firma.example", "unauthenticated"),
        ("spf=pass", "unauthenticated"),
        ("spf=softfail smtp.mailfrom=firma.example", "unauthenticated"),
        ("compauth=pass reason=100", "unauthenticated"),
        ("arc=pass header.d=firma.example", "unauthenticated"),
        ("dmarc=bestguesspass header.from=firma.example", "unauthenticated"),
        ("notdmarc=pass header.from=firma.example", "unauthenticated"),
        ("x=(dmarc=pass)", "unauthenticated"),
        ("spf=fail reason=\"dmarc=pass header.from=firma.example\"", "unauthenticated"),
        ("dmarc=pass header.from=FIRMA.Example", "verified weak"),
        ("dmarc=pass header.from=jan@firma.example", "verified weak"),
        ("dmarc=pass header.from=\"firma.example\"", "verified weak"),
        ("dmarc=pass header.from=firma.example header.from=utok.example", "unauthenticated"),
        ("dmarc=pass header.from=firma.example/x", "unauthenticated"),
        ("dmarc=pass smtp.from=firma.example", "unauthenticated"),
        ("dmarc=pass header.from=example", "unauthenticated"),
    ] {
        assert_eq!(own(&[(0, &format!("mx.acme.example; {said}"))]), expected, "{said}");
    }
}

#[test]
fn a_u_label_is_its_a_label() {
    let mail = with_results(
        message("jan@xn--bcher-kva.example"),
        &[(0, "mx.acme.example; dmarc=pass header.from=bücher.example")],
    );
    assert_eq!(state(&mail, mailbox(&["mx.acme.example"], 1)), "verified weak");
}

#[test]
fn exchange_online_is_believed_by_its_anchor_only() {
    let field = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=firma.example; dkim=pass (signature was verified) \
                 header.d=firma.example;dmarc=pass action=none header.from=firma.example;compauth=pass reason=100";
    let mail = |fields: &[(u32, &str)]| {
        let mut mail = with_results(message("jan@firma.example"), fields);
        mail.structure.received = 4;
        mail
    };
    let anchored = || mailbox(&["exchange-online"], 3);
    assert_eq!(state(&mail(&[(2, field)]), anchored()), "verified strong");
    assert_eq!(state(&mail(&[(3, field)]), anchored()), "unauthenticated");
    assert_eq!(state(&mail(&[(2, field)]), mailbox(&["mx.acme.example"], 3)), "unauthenticated");
    assert_eq!(state(&mail(&[(2, &format!("exchange-online; {field}"))]), anchored()), "unauthenticated");
    // Only the topmost one without an identifier is Exchange's own.
    let none = "spf=none smtp.mailfrom=x.example; dkim=none; dmarc=fail action=none header.from=firma.example";
    assert_eq!(state(&mail(&[(2, none), (2, field)]), anchored()), "failed");
    assert_eq!(state(&mail(&[(2, "spf=none; dmarc=none"), (2, field)]), anchored()), "unauthenticated");
    assert_eq!(state(&mail(&[(2, "; dmarc=pass header.from=firma.example")]), anchored()), "unauthenticated");
}

#[test]
fn a_server_that_writes_below_its_own_line_is_believed_by_its_first_field_only() {
    let fail = "mx.acme.example; dmarc=fail header.from=firma.example";
    let none = "mx.acme.example; none";
    let at = |fields: &[(u32, &str)], believe: &[&str], hops| {
        let mut mail = with_results(message("jan@firma.example"), fields);
        mail.structure.received = 2;
        state(&mail, mailbox(believe, hops))
    };
    let below = ["mx.acme.example+below"];
    assert_eq!(at(&[(1, PASS)], &below, 1), "verified weak");
    assert_eq!(at(&[(1, PASS)], &["MX.acme.example+below"], 1), "verified weak");
    assert_eq!(at(&[(1, fail), (1, PASS)], &below, 1), "failed");
    assert_eq!(at(&[(1, none), (1, PASS)], &below, 1), "unauthenticated");
    assert_eq!(at(&[(1, "zlo.example; none"), (1, PASS)], &below, 1), "unauthenticated");
    assert_eq!(at(&[(1, "zlo.example; (open"), (1, PASS)], &below, 1), "unauthenticated");
    assert_eq!(
        at(&[(1, "dmarc=pass header.from=firma.example")], &["mx.acme.example+below", "exchange-online"], 1),
        "unauthenticated"
    );
    // Further down it is the sender's; above it is not where this server writes.
    assert_eq!(at(&[(2, PASS)], &below, 1), "unauthenticated");
    assert_eq!(at(&[(0, PASS)], &below, 1), "unauthenticated");
    assert_eq!(at(&[(1, PASS)], &["mx.acme.example"], 1), "unauthenticated");
    assert_eq!(at(&[(1, PASS)], &below, 3), "unauthenticated");
    // Both, for a site with two servers.
    let both = ["mx.acme.example+below", "mx2.acme.example"];
    assert_eq!(at(&[(0, "mx2.acme.example; dkim=none"), (1, PASS)], &both, 1), "verified weak");
    assert_eq!(at(&[(0, "mx2.acme.example; dmarc=fail"), (1, PASS)], &both, 1), "failed");
}

#[test]
fn the_configuration_takes_what_the_manual_says() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/trust.md")).expect("the manual");
    let mut forms = 0;
    for line in text.lines().filter(|line| line.starts_with("believe = ")) {
        let config = format!(
            "[desk]\nname = \"A\"\nprefix = \"ACME\"\ndomain = \"desk.acme.example\"\nlanguage = \"sk\"\n\
             timezone = \"UTC\"\nstate = \"/nowhere\"\nowner = \"jana\"\n[[mailbox]]\nname = \"support\"\n\
             address = \"podpora@acme.example\"\n{line}\n[mailbox.maildir]\npath = \"/nowhere\"\n\
             [outgoing.maildir]\npath = \"/out\"\n[[agent]]\nname = \"jana\"\naddresses = [\"jana@acme.example\"]\n"
        );
        let path = std::path::Path::new("config.toml");
        let config = postdesk::config::parse(path, &config, postdesk::config::CheckFiles::None).expect("valid");
        let believe = &config.policy.mailboxes[0].believe;
        assert!(believe.iter().all(|id| line.contains(id.as_str())), "{line} became {believe:?}");
        assert_eq!(believe.len(), 1);
        forms += 1;
    }
    assert!(forms >= 4, "{forms}");
}

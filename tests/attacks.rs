//! Mails by somebody who wants to be taken for another, or into another's ticket: none is believed. Every mail goes
//! through the real reader; those that carry signatures go through the real check over DNS too.

#[path = "trust/dns.rs"]
#[allow(dead_code)]
mod dns;
#[path = "trust/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "trust/pipeline.rs"]
mod pipeline;
#[path = "trust/signing.rs"]
#[allow(dead_code)]
mod signing;

use postdesk::model::facts::{Believed, Sender, ThreadBy};
use postdesk::model::token::{KeyRing, TokenKind};

use dns::Dns;
use fixture::{keys, policy};
use pipeline::{KNOWN_ID, checked, facts, read, state};
use signing::{Rsa, sign, signed, signer};

/// What our server puts on top of what it was given.
const RECEIVED: &str = "Received: from evil.example (evil.example [192.0.2.66]) by mx.acme.example (Postfix) with ESMTPS\r\n \
                        id 4Xy for <podpora@acme.example>; Mon, 02 Nov 2026 10:00:00 +0100\r\n";

const REST: &str = "To: podpora@acme.example\r\nSubject: Zmena hesla\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\
                    Message-ID: <x1@zlo.example>\r\nContent-Type: text/plain\r\n\r\nProsim o nove heslo.\r\n";

/// Header blocks that show an author other than the one who is there. `firma.example` and `acme.example` are the
/// victims, `zlo.example` is the attacker's own.
const FROM_SHAPES: &[&str] = &[
    // Several fields.
    "From: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
    "From: jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    "From: jan@firma.example\r\nFrom: jan@firma.example\r\n",
    "FROM: utok@zlo.example\r\nfrom: jan@firma.example\r\n",
    "From: jan@firma.example\r\nSubject: x\r\nFrom: utok@zlo.example\r\n",
    "From: jan@firma.example\r\nFrom:\r\n",
    "From:\r\nFrom: jan@firma.example\r\n",
    "From: jan@firma.example\r\nFrom : utok@zlo.example\r\n",
    "From : jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    "From\t: jan@firma.example\r\n",
    "From : jan@firma.example\r\n",
    "From\r\n : jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    "From: utok@zlo.example\r\nFrom\r\n : jan@firma.example\r\n",
    // Lines that are none.
    " From: jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    " jan@firma.example\r\nFrom: utok@zlo.example\r\nX: y\r\n",
    "no colon here\r\nFrom: jan@firma.example\r\n",
    "From: utok@zlo.example\r\nno colon here\r\nFrom: jan@firma.example\r\n",
    "X-A: b\r\n\u{0}From: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
    "From\u{0}: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
    // Line ends that are none.
    "From: <utok@zlo.example>\rFrom: <jan@firma.example>\r\n",
    "From: <jan@firma.example>\rFrom: <utok@zlo.example>\r\n",
    "From: <utok@zlo.example>\nFrom: <jan@firma.example>\r\n",
    "X-A: b\rFrom: <utok@zlo.example>\r\nFrom: <jan@firma.example>\r\n",
    "X-A: b\nFrom: <jan@firma.example>\r\n",
    "From: jan@firma.example\r\n\tutok@zlo.example\r\n",
    // Several addresses.
    "From: jan@firma.example, utok@zlo.example\r\n",
    "From: utok@zlo.example, jan@firma.example\r\n",
    "From: <jan@firma.example>, <utok@zlo.example>\r\n",
    "From: <jan@firma.example><utok@zlo.example>\r\n",
    "From: <jan@firma.example> <utok@zlo.example>\r\n",
    "From: <utok@zlo.example> jan@firma.example\r\n",
    "From: <utok@zlo.example>jan@firma.example\r\n",
    "From: utok@zlo.example <jan@firma.example>\r\n",
    "From: x utok@zlo.example x <jan@firma.example>\r\n",
    "From: ,jan@firma.example\r\n",
    "From: jan@firma.example,\r\n",
    "From: utok@zlo.example; jan@firma.example\r\n",
    "From: jan@firma.example;\r\n",
    "From: skupina: jan@firma.example;\r\n",
    "From: skupina: utok@zlo.example, jan@firma.example;\r\n",
    "From: utok@zlo.example:jan@firma.example\r\n",
    // Routes, comments, quotes.
    "From: <@zlo.example:jan@firma.example>\r\n",
    "From: <@zlo.example,@iny.example:jan@firma.example>\r\n",
    "From: <jan@firma.example(.zlo.example)>\r\n",
    "From: jan@firma.example(.zlo.example)\r\n",
    "From: <jan(x)@firma.example>\r\n",
    "From: <jan@(x)firma.example>\r\n",
    "From: (utok@zlo.example) <jan@firma.example>\r\n",
    "From: <jan@firma.example> (utok@zlo.example)\r\n",
    "From: (jan@firma.example <utok@zlo.example>\r\n",
    "From: \"jan@firma.example\" <utok@zlo.example\r\n",
    "From: \"jan\"@firma.example\r\n",
    "From: <\"jan@firma.example\"@zlo.example>\r\n",
    "From: <\"jan\"@firma.example>\r\n",
    "From: <jan@firma.example\\,utok@zlo.example>\r\n",
    "From: <jan\\@firma.example@zlo.example>\r\n",
    "From: <jan@firma.example@zlo.example>\r\n",
    "From: <utok@zlo.example@firma.example>\r\n",
    "From: \"open <jan@firma.example>\r\n",
    // Encoded words.
    "From: =?utf-8?Q?jan=40firma.example?=\r\n",
    "From: =?utf-8?B?amFuQGZpcm1hLmV4YW1wbGU=?=\r\n",
    "From: <=?utf-8?Q?jan?=@firma.example>\r\n",
    "From: <jan@=?utf-8?Q?firma.example?=>\r\n",
    "From: =?utf-8?Q?<jan@firma.example>?= <utok@zlo.example\r\n",
    "From: =?utf-8?Q?a,utok@zlo.example,?= <jan@firma.example>\r\n",
    // Names that are not what they look like.
    "From: <jan@firma.example\u{0}@zlo.example>\r\n",
    "From: <jan@firma.example\u{0}>\r\n",
    "From: <jan@firma。example>\r\n",
    "From: <jan@firma.example.>\r\n",
    "From: <jan@f\u{130}rma.example>\r\n",
    "From: <jan@ｆirma.example>\r\n",
    "From: <jan@firma.example >\r\n",
    "From: < jan@firma.example>\r\n",
    "From: <ja n@firma.example>\r\n",
    "From: <jan@firma\t.example>\r\n",
    "From: <jan@[192.0.2.1]>\r\n",
    "From: <jan@firma>\r\n",
    "From: <jan>\r\n",
    "From: <>\r\n",
    "From: jan@firma.example <>\r\n",
    "From: <jan@firma.example\r\n",
    "From: jan@firma.example>\r\n",
    "From: <<jan@firma.example>>\r\n",
    "From:\r\n",
    "",
    "Sender: jan@firma.example\r\n",
    "Reply-To: jan@firma.example\r\n",
    "Resent-From: jan@firma.example\r\n",
];

/// What our server made of such a mail: it saw the attacker, it was fooled itself, it could not tell, it says nothing.
const OUR_SERVER: &[&str] = &[
    "Authentication-Results: mx.acme.example; dkim=pass header.d=zlo.example; dmarc=pass header.from=zlo.example\r\n",
    "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example\r\n",
    "Authentication-Results: mx.acme.example; dmarc=none; spf=pass smtp.mailfrom=zlo.example\r\n",
    "",
];

#[test]
fn no_shape_of_from_is_believed() {
    let policy = policy();
    let mut mails = 0;
    for shape in FROM_SHAPES {
        for verdict in OUR_SERVER {
            // Below another line a folded one is a part of it, and no trick any more.
            let mail = if shape.starts_with(' ') {
                format!("{shape}{verdict}{RECEIVED}{REST}")
            } else {
                format!("{verdict}{RECEIVED}{shape}{REST}")
            };
            let got = facts(mail.as_bytes(), &policy);
            assert_eq!(
                got.authenticity.believed,
                Believed::Failed,
                "{verdict:?} {shape:?}: {}",
                got.authenticity.because
            );
            assert!(!got.agent_token);
            mails += 1;
        }
    }
    assert!(mails >= 300, "{mails}");
}

/// A second From far beyond what is read.
#[test]
fn a_from_beyond_the_bounds_of_reading_is_not_overlooked() {
    for padding in ["X-Pad: x\r\n".repeat(1_500), format!("X-Pad: {}\r\n", "x".repeat(300_000))] {
        let mail =
            format!("{}{RECEIVED}From: jan@firma.example\r\n{padding}From: utok@zlo.example\r\n{REST}", OUR_SERVER[1]);
        let got = facts(mail.as_bytes(), &policy());
        assert_eq!(got.authenticity.believed, Believed::Failed, "{}", got.authenticity.because);
    }
}

/// Names and look-alikes: the address is the attacker's own and may be proven; nobody else is.
#[test]
fn a_display_name_is_nobody() {
    for from in [
        "\"jana@acme.example\" <utok@zlo.example>",
        "Jana Nováková <utok@zlo.example>",
        "=?utf-8?B?amFuYUBhY21lLmV4YW1wbGU=?= <utok@zlo.example>",
        "=?utf-8?Q?jana=40acme.example?= <utok@zlo.example>",
        "\"jana@acme.example\u{202e}\" <utok@zlo.example>",
        "\"a\\\" <jana@acme.example>\" <utok@zlo.example>",
        "jana@acme.example.zlo.example",
        "jana.acme.example@zlo.example",
        "jana@xn--cme-rxa.example",
        "jana@acme-example.zlo.example",
        "jana+x@acme.example",
        "jana@sub.acme.example",
    ] {
        let mail = format!("{}{RECEIVED}From: {from}\r\n{REST}", OUR_SERVER[0]);
        let got = facts(mail.as_bytes(), &policy());
        assert!(!matches!(got.sender, Sender::Agent(_)), "{from} is {:?}", got.sender);
        let message = read(mail.as_bytes());
        if got.authenticity.believed == Believed::Verified {
            assert!(message.from[0].email.ends_with("@zlo.example"), "{from}");
        }
    }
}

/// Authentication-Results that the sender wrote himself, or that say less than they seem to.
#[test]
fn no_forged_verdict_is_believed() {
    let pass = "dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example";
    let mine = format!("Authentication-Results: mx.acme.example; {pass}\r\n");
    let from = "From: jan@firma.example\r\n";
    let field = |value: &str| format!("Authentication-Results: {value}\r\n{RECEIVED}{from}");
    let below = |forged: &str| format!("{RECEIVED}{forged}{from}");
    let mut mails: Vec<String> = vec![
        // Below our server's line.
        below(&mine),
        below(&format!("{mine}{mine}{mine}")),
        below(&format!("Received: by mx.acme.example; Mon, 02 Nov 2026 10:00:00 +0100\r\n{mine}")),
        below(&format!("{mine}Received: by mx.acme.example; Mon, 02 Nov 2026 10:00:00 +0100\r\n")),
        format!("{RECEIVED}{from}{mine}"),
        below(&mine.replace("Authentication-Results", "AUTHENTICATION-RESULTS")),
        below(&mine.replace("Authentication-Results:", "Authentication-Results :")),
        // Without our server's line.
        format!("{mine}{from}"),
        // In another field.
        below(&mine.replace("Authentication-Results", "Authentication-Results-Original")),
        format!("{}{RECEIVED}{from}", mine.replace("Authentication-Results", "Authentication-Results-Original")),
        format!(
            "{}{RECEIVED}{from}",
            mine.replace("Authentication-Results", "ARC-Authentication-Results").replace(": ", ": i=1; ")
        ),
        format!("{}{RECEIVED}{from}", mine.replace("Authentication-Results", "X-Authentication-Results")),
        format!("{}{RECEIVED}{from}", mine.replace("Authentication-Results", "X-Original-Authentication-Results")),
        format!(
            "Received-SPF: pass (mx.acme.example: domain of jan@firma.example) client-ip=192.0.2.1\r\n{RECEIVED}{from}"
        ),
        format!("X-Spam-Status: No, DMARC_PASS DKIM_VALID_AU\r\n{RECEIVED}{from}"),
        // In a folded line of another field.
        format!("X-A: b\r\n Authentication-Results: mx.acme.example; {pass}\r\n{RECEIVED}{from}"),
        format!("X-A: b\rAuthentication-Results: mx.acme.example; {pass}\r\n{RECEIVED}{from}"),
    ];
    for value in [
        // Another's identifier.
        format!("zlo.example; {pass}"),
        format!("mx.acme.example.zlo.example; {pass}"),
        format!("zlo-mx.acme.example; {pass}"),
        format!("xmx.acme.example; {pass}"),
        format!("acme.example; {pass}"),
        format!("mx.acme.example@zlo.example; {pass}"),
        format!("(mx.acme.example); {pass}"),
        format!("(mx.acme.example) zlo.example; {pass}"),
        format!("zlo.example mx.acme.example; {pass}"),
        format!("mx.acme.example zlo.example; {pass}"),
        format!("\"mx.acme.example\\\"\"; {pass}"),
        format!("\"mx.acme.example zlo\"; {pass}"),
        format!("; {pass}"),
        format!("\"\"; {pass}"),
        pass.to_owned(),
        format!("exchange-online; {pass}"),
        format!("mx.acme.example 2; {pass}"),
        // Words that are no verdict on this domain.
        "mx.acme.example; dmarc=pass header.from=zlo.example".to_owned(),
        "mx.acme.example; dmarc=pass header.from=firma.example.zlo.example".to_owned(),
        "mx.acme.example; dmarc=pass header.from=xfirma.example".to_owned(),
        "mx.acme.example; dmarc=pass".to_owned(),
        "mx.acme.example; dmarc=pass smtp.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=pass policy.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=pass header.from=firma.example header.from=zlo.example".to_owned(),
        "mx.acme.example; dmarc=bestguesspass header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=passed header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=unknown header.from=firma.example".to_owned(),
        "mx.acme.example; notdmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; x-dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc/2=pass header.from=firma.example".to_owned(),
        "mx.acme.example; compauth=pass reason=100".to_owned(),
        "mx.acme.example; arc=pass header.d=firma.example".to_owned(),
        "mx.acme.example; auth=pass smtp.auth=jan@firma.example".to_owned(),
        "mx.acme.example; iprev=pass policy.iprev=192.0.2.66".to_owned(),
        "mx.acme.example; spf=pass smtp.mailfrom=utok@zlo.example".to_owned(),
        "mx.acme.example; spf=pass smtp.mailfrom=firma.example@zlo.example".to_owned(),
        "mx.acme.example; spf=pass smtp.mailfrom=firma.example.zlo.example".to_owned(),
        "mx.acme.example; spf=pass smtp.mailfrom=x.firma.example".to_owned(),
        "mx.acme.example; spf=pass smtp.helo=firma.example".to_owned(),
        "mx.acme.example; spf=pass".to_owned(),
        "mx.acme.example; spf=softfail smtp.mailfrom=firma.example".to_owned(),
        "mx.acme.example; spf=pass smtp.mailfrom=firma.example; spf=fail smtp.mailfrom=firma.example".to_owned(),
        "mx.acme.example; dkim=pass header.d=zlo.example".to_owned(),
        "mx.acme.example; dkim=pass header.i=@zlo.example".to_owned(),
        "mx.acme.example; dkim=pass header.d=zlo.example header.i=jan@firma.example".to_owned(),
        "mx.acme.example; dkim=pass header.d=firma.example header.i=jan@zlo.example".to_owned(),
        "mx.acme.example; dkim=pass header.d=example".to_owned(),
        "mx.acme.example; dkim=pass header.s=firma.example".to_owned(),
        "mx.acme.example; dkim=pass".to_owned(),
        "mx.acme.example; dkim=neutral header.d=firma.example".to_owned(),
        "mx.acme.example; dkim=fail header.d=firma.example; dkim=pass header.d=zlo.example".to_owned(),
        "mx.acme.example; dkim=pass header.d=firma.example; dkim=fail header.d=firma.example".to_owned(),
        "mx.acme.example; dkim=pass header.d=firma.example; dmarc=fail header.from=firma.example".to_owned(),
        "mx.acme.example; spf=pass smtp.mailfrom=firma.example; dmarc=fail header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=fail header.from=firma.example; dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=temperror header.from=firma.example; dkim=pass header.d=firma.example".to_owned(),
        "mx.acme.example; dmarc=permerror; spf=pass smtp.mailfrom=firma.example".to_owned(),
        // Text that is no result.
        "mx.acme.example; spf=fail reason=\"dmarc=pass header.from=firma.example\"".to_owned(),
        "mx.acme.example; spf=fail (; dmarc=pass header.from=firma.example)".to_owned(),
        "mx.acme.example; x=(dmarc=pass header.from=firma.example)".to_owned(),
        "mx.acme.example; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=firma.example; y\"@zlo.example".to_owned(),
        "mx.acme.example; spf=fail smtp.mailfrom=x dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dkim=fail header.b=\"; dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dkim=fail header.b=(; dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dkim=fail); dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dkim=fail \\; dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; spf pass; dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; none; dmarc=pass header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=pass\u{0} header.from=firma.example".to_owned(),
        "mx.acme.example; dmarc=pass header.from=firma.example\u{0}.zlo.example".to_owned(),
        format!("mx.acme.example; {pass} ({})", "x".repeat(1_000_000)),
        format!("mx.acme.example; {pass} {}", "(".repeat(5_000)),
    ] {
        mails.push(field(&value));
        // Behind the honest verdict of our server it changes nothing either.
        mails.push(format!(
            "Authentication-Results: mx.acme.example; dmarc=fail header.from=firma.example\r\n{}",
            field(&value)
        ));
    }
    // Each second of many forged ones stays where a server strips carelessly.
    mails.push(below(&(mine.clone() + "X-Stripped: 1\r\n").repeat(20)));
    assert!(mails.len() >= 150, "{}", mails.len());
    for mail in mails {
        let mail = format!("{mail}{REST}");
        let got = facts(mail.as_bytes(), &policy());
        assert_ne!(got.authenticity.believed, Believed::Verified, "{mail}\n{:#?}", got.authenticity);
    }
}

#[test]
fn the_anchor_of_exchange_online_is_no_open_door() {
    let mut policy = policy();
    policy.mailboxes[0].believe = vec!["exchange-online".into()];
    policy.mailboxes[0].hops = 2;
    let forged = "Authentication-Results: spf=pass smtp.mailfrom=firma.example; dkim=pass header.d=firma.example; \
                  dmarc=pass action=none header.from=firma.example\r\n";
    let honest = "Authentication-Results: spf=none smtp.mailfrom=zlo.example; dkim=none; \
                  dmarc=none action=none header.from=firma.example\r\n";
    let inner = "Received: from a.prod.outlook.com by b.prod.outlook.com; Mon, 02 Nov 2026 10:00:00 +0100\r\n";
    for head in [
        format!("{inner}{honest}{RECEIVED}{forged}"),
        format!("{inner}{honest}{forged}{RECEIVED}"),
        format!("{honest}{inner}{forged}{RECEIVED}"),
        format!("{inner}{RECEIVED}{forged}"),
        forged.to_owned(),
        format!("{RECEIVED}{forged}"),
        format!("{inner}{RECEIVED}{inner}{forged}"),
        format!("{inner}{}{RECEIVED}", forged.replace(": spf", ": exchange-online; spf")),
        format!("{inner}{}{RECEIVED}", forged.replace(": spf", ": ; spf")),
    ] {
        let mail = format!("{head}From: jan@firma.example\r\n{REST}");
        let got = facts(mail.as_bytes(), &policy);
        assert_ne!(got.authenticity.believed, Believed::Verified, "{mail}\n{:#?}", got.authenticity);
    }
    let mail = format!("{inner}{forged}{RECEIVED}From: jan@firma.example\r\n{REST}");
    assert_eq!(state(&facts(mail.as_bytes(), &policy)), "verified strong", "Exchange's own field");
}

/// Signatures that hold, on mails that they do not prove.
#[test]
fn no_borrowed_signature_proves_another_author() {
    let key = Rsa::shared();
    let dns = Dns::start(&[
        ("s1._domainkey.firma.example", &key.record),
        ("s1._domainkey.zlo.example", &key.record),
        ("_dmarc.firma.example", "v=DMARC1; p=reject"),
        ("_dmarc.zlo.example", "v=DMARC1; p=none"),
    ]);
    let authenticator = dns.authenticator();
    let genuine = sign(&signing::mail("jan@firma.example"), "firma.example", "s1");
    let as_zlo = |mail: &str| sign(mail, "zlo.example", "s1");
    let unsigned = signing::mail("jan@firma.example");
    let uncovered = signed(&unsigned, &signer(key.key(), "firma.example", "s1", &["To", "Subject", "Date"]));
    let mails: Vec<String> = vec![
        unsigned.clone(),
        as_zlo(&unsigned),
        as_zlo(&as_zlo(&unsigned)),
        as_zlo(&unsigned).replace("d=zlo.example", "d=firma.example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=firma.example.zlo.example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=zlo.example; d=firma.example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=zlo.example; i=jan@firma.example"),
        uncovered.replace("jan@firma.example", "sef@firma.example"),
        uncovered,
        genuine.replace("jan@firma.example", "sef@firma.example"),
        genuine.replacen("From: jan@", "From: sef@", 1),
        genuine.replacen("faktúra", "záloha", 1),
        genuine.replacen("Subject: ", "Subject: Storno ", 1),
        format!("From: sef@firma.example\r\n{genuine}"),
        genuine.replacen("From: jan@firma.example\r\n", "From: jan@firma.example\r\nFrom: sef@firma.example\r\n", 1),
        format!(" From: sef@firma.example\r\n{genuine}"),
        format!("From : sef@firma.example\r\n{genuine}"),
        format!("From: <sef@firma.example>\r{genuine}"),
        genuine.replacen("From: jan@firma.example", "From: jan@firma.example, sef@firma.example", 1),
        genuine.replacen("From: jan@firma.example", "From: sef@firma.example <jan@firma.example>", 1),
        genuine.replacen("From: jan@firma.example", "Sender: jan@firma.example\r\nFrom: sef@firma.example", 1),
        genuine.replacen("s=s1", "s=s2", 1),
        genuine.replacen("rsa-sha256", "rsa-sha1", 1),
        genuine.replacen("rsa-sha256", "ed25519-sha256", 1),
        genuine.replacen("bh=", "l=0; bh=", 1),
        genuine.replacen("bh=", "x=1; bh=", 1),
    ];
    for mail in mails {
        for head in ["", RECEIVED] {
            if mail.starts_with(' ') && !head.is_empty() {
                continue; // a part of the line above it, and the rest is the genuine mail
            }
            let mail = format!("{head}{mail}");
            let got = checked(mail.as_bytes(), &policy(), &authenticator);
            assert_ne!(got.authenticity.believed, Believed::Verified, "{mail}\n{:#?}", got.authenticity);
        }
    }
    let got = checked(format!("{RECEIVED}{genuine}").as_bytes(), &policy(), &authenticator);
    assert_eq!(state(&got), "verified strong", "{:#?}", got.authenticity);
    // What a list adds without covering it changes nobody's identity.
    let added = format!("Reply-To: utok@zlo.example\r\nSender: utok@zlo.example\r\n{genuine}");
    let got = checked(added.as_bytes(), &policy(), &authenticator);
    assert_eq!((state(&got), got.sender), ("verified strong".to_owned(), Sender::Stranger));
}

/// A mail by a stranger with these fields, proven to be his own.
fn stranger(fields: &str, subject: &str) -> String {
    format!(
        "{}{RECEIVED}From: utok@zlo.example\r\n{fields}Subject: {subject}\r\nTo: podpora@acme.example\r\n\
         Message-ID: <x1@zlo.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nKde je moja faktura?\r\n",
        OUR_SERVER[0]
    )
}

/// Every way to spoil a text: another character anywhere, one missing, one more.
fn spoiled(good: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, c) in good.char_indices() {
        // The next letter of the token's alphabet differs in few bits.
        let other = match c {
            '9' => 'a',
            'z' => '0',
            'h' => 'j',
            'k' => 'm',
            'n' => 'p',
            't' => 'v',
            c => char::from_u32(u32::from(c) + 1).unwrap_or('0'),
        };
        out.push(format!("{}{other}{}", &good[..at], &good[at + 1..]));
        out.push(format!("{}{}", &good[..at], &good[at + 1..]));
    }
    out.push(format!("{good}0"));
    out.push(format!("0{good}"));
    out.push(String::new());
    out
}

#[test]
fn no_forged_token_joins_a_ticket() {
    let (ours, theirs): (KeyRing, KeyRing) = (keys(7), keys(8));
    let mut mails: Vec<String> = Vec::new();

    let check = ours.subject_check("ACME", 1001);
    for wrong in spoiled(&check) {
        if !wrong.is_empty() {
            mails.push(stranger("", &format!("Re: [ACME-1001-{wrong}] x")));
        }
    }
    for token in [
        format!("[ACME-1001-{}]", theirs.subject_check("ACME", 1001)),
        format!("[ACME-1001-{}]", ours.subject_check("ACME", 1002)),
        format!("[ACME-1001-{}]", ours.subject_check("ACME", 10011)),
        format!("[ACME-01001-{check}x]"),
        format!("[OTHER-1001-{check}]"),
        format!("[ACME-1001 {check}]"),
        format!("ACME-1001-{check}"),
        format!("[ACME-1001-{check}-x]"),
        format!("[ACME--1001-{check}]"),
        format!("[ACME-1001.0-{check}]"),
        "[ACME-1001-]".to_owned(),
        "[ACME-1001-00000000]".to_owned(),
        "[ACME-9223372036854775808-00000000]".to_owned(),
        "[desk #1001]".to_owned(),
        "Ticket#1001".to_owned(),
    ] {
        mails.push(stranger("", &token));
    }

    let id = ours.message_id(TokenKind::Customer, 1001, "jan@firma.example", "c", "desk.acme.example");
    let left = id.split_once('@').expect("a domain").0;
    for wrong in spoiled(left) {
        for field in ["In-Reply-To", "References"] {
            mails.push(stranger(&format!("{field}: <{wrong}@desk.acme.example>\r\n"), "x"));
        }
    }
    let forged = theirs.message_id(TokenKind::Customer, 1001, "jan@firma.example", "c", "desk.acme.example");
    mails.push(stranger(&format!("In-Reply-To: <{forged}>\r\n"), "x"));
    mails.push(stranger(
        "In-Reply-To: <1001@desk.acme.example>\r\nReferences: <ticket-1001@desk.acme.example>\r\n",
        "x",
    ));

    let detail = ours.address_detail(TokenKind::Customer, 1001, "jan@firma.example");
    for wrong in spoiled(&detail) {
        mails.push(stranger(&format!("Cc: podpora+{wrong}@acme.example\r\n"), "x"));
    }
    for address in [
        format!("podpora+{}@acme.example", theirs.address_detail(TokenKind::Customer, 1001, "jan@firma.example")),
        format!("podpora+{detail}@zlo.example"),
        format!("iny+{detail}@acme.example"),
        format!("podpora-{detail}@acme.example"),
        "podpora+1001@acme.example".to_owned(),
        "podpora+id1001@acme.example".to_owned(),
        // A check made for a Message-ID is none for an address.
        format!("podpora+1c-1001-{}@acme.example", left.split('.').skip(3).collect::<Vec<_>>().join("-")),
    ] {
        mails.push(stranger(&format!("Cc: {address}\r\n"), "x"));
    }
    assert!(mails.len() >= 200, "{}", mails.len());
    for mail in mails {
        let got = facts(mail.as_bytes(), &policy());
        assert!(!got.thread.by.is_proof(), "{mail}\n{:?}", got.thread);
        assert!(got.thread.ticket.is_none(), "{mail}\n{:?}", got.thread);
    }
}

#[test]
fn no_token_makes_an_agent_of_anybody() {
    let (ours, theirs) = (keys(7), keys(8));
    let agents = ours.message_id(TokenKind::Agent, 1001, "jana", "c", "desk.acme.example");
    let left = agents.split_once('@').expect("a domain").0;
    let by = |from: &str, fields: &str, subject: &str| {
        stranger(fields, subject).replacen("From: utok@zlo.example", &format!("From: {from}"), 1)
    };
    let reply = |id: &str| format!("In-Reply-To: <{id}>\r\n");
    let mut mails: Vec<String> = vec![
        by("jana@acme.example", "", "#close"),
        by("jana@acme.example", "", &format!("Re: {}", ours.subject_token("ACME", 1001))),
        by("jana@acme.example", &reply(&theirs.message_id(TokenKind::Agent, 1001, "jana", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Customer, 1001, "jana", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Bounce, 1001, "jana", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Agent, 1001, "peter", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Agent, 9999, "jana", "c", "d.example")), "x"),
        by("odisla@acme.example", &reply(&ours.message_id(TokenKind::Agent, 1001, "odisla", "c", "d.example")), "x"),
        by("utok@zlo.example", &reply(&agents), "x"),
        by("peter@acme.example", &reply(&agents), "x"),
        by("jan@firma.example", &reply(&agents), "x"),
        by("Jana <utok@zlo.example>", &format!("{}Reply-To: jana@acme.example\r\n", reply(&agents)), "x"),
        by("utok@zlo.example", &format!("{}Sender: jana@acme.example\r\n", reply(&agents)), "x"),
        by("utok@zlo.example, jana@acme.example", &reply(&agents), "x"),
        by("jana@acme.example, utok@zlo.example", &reply(&agents), "x"),
        by(
            "jana@acme.example",
            &format!("X-Postdesk-Agent: jana\r\nIn-Reply-To: <x@y.example>\r\nX-In-Reply-To: <{agents}>\r\n"),
            "x",
        ),
        by("jana@acme.example", "X-Postdesk-Ticket: 1001\r\nX-Postdesk-Verified: yes\r\n", "x"),
        by("jana@acme.example", &format!("Message-ID: <{agents}>\r\n"), "x"),
    ];
    for wrong in spoiled(left) {
        mails.push(by("jana@acme.example", &reply(&format!("{wrong}@desk.acme.example")), "x"));
    }
    // A right in 1001 is none in 1002, to which the mail says that it belongs.
    let other = ours.address_detail(TokenKind::Customer, 1002, "jan@firma.example");
    mails.push(by("jana@acme.example", &format!("{}Cc: podpora+{other}@acme.example\r\n", reply(&agents)), "x"));
    assert!(mails.len() >= 90, "{}", mails.len());
    for mail in mails {
        let got = facts(mail.as_bytes(), &policy());
        assert!(!got.agent_token, "{mail}\n{:?} {:?}", got.sender, got.thread);
    }
    // The token alone gives no belief: a forged agent is still unproven.
    let mail = by("jana@acme.example", &reply(&agents), "x").replace(OUR_SERVER[0], "");
    let got = facts(mail.as_bytes(), &policy());
    assert!(got.agent_token);
    assert_eq!(got.authenticity.believed, Believed::Unauthenticated);
}

/// Who is copied, to whom to answer, which ids are squatted: it gives nothing.
#[test]
fn data_in_other_fields_moves_nobody_into_a_ticket() {
    for fields in [
        "Cc: jan@firma.example\r\n",
        "Reply-To: jan@firma.example\r\n",
        "Sender: jan@firma.example\r\n",
        "Return-Path: <jan@firma.example>\r\n",
        "Resent-From: jan@firma.example\r\n",
        "X-Original-From: jan@firma.example\r\n",
        "Cc: podpora+1001@acme.example\r\n",
        "To: 1001@desk.acme.example\r\n",
        "Thread-Topic: [ACME-1001]\r\n",
        "X-Postdesk-Ticket: 1001\r\n",
        "Comments: [ACME-1001-00000000]\r\n",
    ] {
        let got = facts(stranger(fields, "Otazka").as_bytes(), &policy());
        assert_eq!(got.sender, Sender::Stranger, "{fields}");
        assert_eq!((got.thread.by, got.thread.ticket.is_some()), (ThreadBy::None, false), "{fields}");
    }
    // A Message-ID of the customer's, referred to or squatted: a hint at most, never a proof.
    for fields in [format!("In-Reply-To: <{KNOWN_ID}>\r\n"), format!("References: <{KNOWN_ID}>\r\n")] {
        let got = facts(stranger(&fields, "Otazka").as_bytes(), &policy());
        assert_eq!(got.thread.by, ThreadBy::KnownId);
        assert!(!got.thread.by.is_proof() && !got.agent_token);
    }
    let squatted = stranger("", "Otazka").replace("x1@zlo.example", KNOWN_ID);
    assert_eq!(facts(squatted.as_bytes(), &policy()).thread.by, ThreadBy::None);
    // The bare number likewise.
    let got = facts(stranger("", "[ACME-1001]").as_bytes(), &policy());
    assert_eq!((got.thread.by, got.thread.by.is_proof()), (ThreadBy::Number, false));
}

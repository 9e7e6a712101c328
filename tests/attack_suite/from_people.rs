//! From fields as honest people's programs really write them, and headers as honest servers really leave them: none is taken
//! for a forgery.

use postdesk::model::AddrSpec;
use postdesk::model::facts::Contact;
use postdesk::model::ticket::EntryKind;
use postdesk::store::{Reading as _, Store as _};

use super::bench::{Bench, RECEIVED, VICTIM, proven, unproven};

const STRONG: &str = "verified strong";
const WEAK: &str = "verified weak";
const NOT: &str = "unauthenticated";

/// What stands in From, of which domain, proven by our server.
const FROM: &[(&str, &str)] = &[
    ("jan@firma.example", "firma.example"),
    ("<jan@firma.example>", "firma.example"),
    ("Jan Novak <jan@firma.example>", "firma.example"),
    ("Jan Novak<jan@firma.example>", "firma.example"),
    ("  Jan   Novak   <jan@firma.example>  ", "firma.example"),
    ("\"Novák, Ján\" <jan@firma.example>", "firma.example"),
    ("Ján Novák <jan@firma.example>", "firma.example"),
    ("=?utf-8?Q?J=C3=A1n_Nov=C3=A1k?= <jan@firma.example>", "firma.example"),
    ("=?UTF-8?B?SsOhbiBOb3bDoWs=?=<jan@firma.example>", "firma.example"),
    ("=?iso-8859-2?Q?J=E1n?= =?iso-8859-2?Q?_Nov=E1k?=\r\n <jan@firma.example>", "firma.example"),
    ("\"=?utf-8?Q?J=C3=A1n?=\" <jan@firma.example>", "firma.example"),
    ("=?utf-8?Q?Nov=C3=A1k,_J=C3=A1n?= <jan@firma.example>", "firma.example"),
    ("Firma s.r.o. <info@firma.example>", "firma.example"),
    ("Firma (podpora) <info@firma.example>", "firma.example"),
    ("info@firma.example (Firma s.r.o.)", "firma.example"),
    ("jan@firma.example <jan@firma.example>", "firma.example"),
    ("\"jan@firma.example\" <jan@firma.example>", "firma.example"),
    ("'Jan Novak' <jan@firma.example>", "firma.example"),
    ("Jan \"Honza\" Novak <jan@firma.example>", "firma.example"),
    ("[Firma] Jan / IT & spol. <jan@firma.example>", "firma.example"),
    ("O'Brien <o'brien@firma.example>", "firma.example"),
    ("JAN.NOVAK@FIRMA.EXAMPLE", "FIRMA.example"),
    ("jan+faktury@firma.example", "firma.example"),
    ("bounce-mc.us1_123.456-jan=acme.example@mail.firma.example", "mail.firma.example"),
    ("Jan <jan@xn--bcher-kva.example>", "xn--bcher-kva.example"),
    ("Jan <jan@bücher.example>", "xn--bcher-kva.example"),
    ("Jan <jan@bücher.example>", "bücher.example"),
    ("\"Jan \\\"Honza\\\" Novak\" <jan@firma.example>", "firma.example"),
    ("\r\n Jan Novak\r\n <jan@firma.example>", "firma.example"),
    ("1234@firma.example", "firma.example"),
    ("Firma® – servis <servis@firma.example>", "firma.example"),
];

fn state(raw: &str) -> (String, String, String) {
    let mut policy = super::bench::policy("ACME", "acme.example", 7);
    if raw.contains("mx.google.com") {
        (policy.mailboxes[0].believe, policy.mailboxes[0].hops) = (vec!["mx.google.com+below".to_owned()], 2);
    }
    let came = Bench::empty(policy).take(raw);
    let view = came.judged.as_ref().and_then(|c| c.view.as_ref()).expect("a view");
    let judged = &view.authenticity;
    let state = judged.strength.map_or(judged.believed.to_string(), |s| format!("{} {s}", judged.believed));
    (state, came.fate(), judged.because.clone())
}

const TAIL: &str = "To: podpora@acme.example\r\nSubject: Objednavka\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\
                    Message-ID: <g@firma.example>\r\n\r\nDobry den, kde je moja objednavka?\r\n";

#[test]
fn people_are_believed_however_their_program_writes_their_name() {
    let mut wrong = Vec::new();
    for (from, domain) in FROM {
        let verdict = format!(
            "Authentication-Results: mx.acme.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\r\n"
        );
        for (verdict, deserves) in [(verdict.as_str(), STRONG), ("", NOT)] {
            let got = state(&format!("{verdict}{RECEIVED}From: {from}\r\n{TAIL}"));
            if (got.0.as_str(), got.1.as_str()) != (deserves, "ticket") {
                wrong.push(format!("{from:?} after {verdict:?}: {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn headers_as_servers_leave_them_are_no_forgeries() {
    let dkim = "dkim=pass header.d=firma.example header.s=s1 header.b=aBc/D+e1";
    let dmarc = "dmarc=pass (p=none dis=none) header.from=firma.example";
    let ours = |value: &str| format!("Authentication-Results: mx.acme.example; {value}\r\n{RECEIVED}");
    let from = "From: Jan <jan@firma.example>\r\n";
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "a mbox line on top",
            format!("From jan@firma.example Mon Nov  2 10:00:00 2026\r\n{}{from}", ours(&format!("{dkim}; {dmarc}"))),
            STRONG,
        ),
        (
            "Return-Path and Delivered-To above all",
            format!(
                "Return-Path: <jan@firma.example>\r\nDelivered-To: podpora@acme.example\r\n{}{from}",
                ours(&format!("{dkim}; {dmarc}"))
            ),
            STRONG,
        ),
        (
            "8-bit bytes in other fields",
            format!("{}X-Nota: žltý kôň\r\n{from}", ours(&format!("{dkim}; {dmarc}"))),
            STRONG,
        ),
        (
            "an empty field",
            format!("{}X-Empty:\r\nX-Folded:\r\n {}\r\n{from}", ours(&format!("{dkim}; {dmarc}")), "x"),
            STRONG,
        ),
        (
            "a policy of rejection met by SPF",
            format!(
                "{}{from}",
                ours(
                    "spf=pass smtp.mailfrom=firma.example; dkim=none; dmarc=pass (p=REJECT sp=REJECT) header.from=firma.example"
                )
            ),
            WEAK,
        ),
        (
            "Seznam: its own words among the results",
            format!(
                "{}{from}",
                ours(&format!(
                    "{dkim}; spf=pass (szn: domain of firma.example) smtp.mailfrom=firma.example smtp.helo=mxd.seznam.example; {dmarc}; x-szn=ok"
                ))
            ),
            STRONG,
        ),
        (
            "Centrum and Azet: SPF, no DKIM, no record",
            format!(
                "{}{from}",
                ours(
                    "spf=pass smtp.mailfrom=jan@firma.example smtp.helo=mail.centrum.example; dkim=none (no signature); dmarc=none (no record) header.from=firma.example"
                )
            ),
            WEAK,
        ),
        (
            "iCloud: three Received, Apple's fields",
            format!(
                "{}Received: by p00-icloudmta.example with SMTP id 1\r\nX-Apple-Remote-Links: v=1;\r\nX-Proofpoint-GUID: x\r\n{from}",
                ours(&format!("{dkim}; {dmarc}"))
            ),
            STRONG,
        ),
        (
            "Outlook: an ARC chain that says fail",
            format!(
                "{}ARC-Seal: i=1; a=rsa-sha256; d=microsoft.com; cv=none; b=x\r\nARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=fail; dmarc=fail header.from=firma.example; dkim=none; arc=none\r\n{from}",
                ours(&format!("{dkim}; {dmarc}"))
            ),
            STRONG,
        ),
        (
            "a forwarder with ARC, our server judged by SPF of the forwarder",
            format!(
                "{}ARC-Authentication-Results: i=1; fwd.example; dmarc=pass header.from=firma.example\r\n{from}",
                ours(
                    "arc=pass (i=1 dmarc=pass fromdomain=firma.example); spf=pass smtp.mailfrom=fwd.example; dkim=fail (body hash) header.d=firma.example; dmarc=none header.from=firma.example"
                )
            ),
            NOT,
        ),
        (
            "a mailing list that rewrites From",
            format!(
                "{}List-Id: <l.zoznam.example>\r\nFrom: Jan via Zoznam <l@zoznam.example>\r\nReply-To: jan@firma.example\r\n",
                ours("dkim=pass header.d=zoznam.example; dmarc=pass header.from=zoznam.example")
            ),
            STRONG,
        ),
        (
            "a gateway's footer, no policy",
            format!(
                "{}X-Footer: added\r\n{from}",
                ours(
                    "dkim=fail (body has been altered) header.d=firma.example; spf=softfail smtp.mailfrom=firma.example; dmarc=none header.from=firma.example"
                )
            ),
            NOT,
        ),
        ("internal mail without a verdict", format!("{RECEIVED}From: Kolega <kolega@acme.example>\r\n"), NOT),
        (
            "internal mail that was authenticated",
            format!(
                "{}From: Kolega <kolega@acme.example>\r\n",
                ours("auth=pass smtp.auth=kolega@acme.example smtp.mailfrom=kolega@acme.example")
            ),
            NOT,
        ),
        (
            "a verdict over three lines with comments",
            format!(
                "Authentication-Results: mx.acme.example;\r\n\tdkim=pass (2048-bit key; unprotected) header.d=firma.example\r\n\t header.i=@firma.example header.a=rsa-sha256 (x (y)) header.s=s1;\r\n\tdmarc=pass (p=none dis=none) header.from=firma.example;\r\n{RECEIVED}{from}"
            ),
            STRONG,
        ),
        (
            "a server's identifier with its version",
            format!("Authentication-Results: mx.acme.example 1; {dkim}; {dmarc}\r\n{RECEIVED}{from}"),
            STRONG,
        ),
        (
            "the server's identifier in upper case",
            format!("Authentication-Results: MX.Acme.Example; {dkim}; {dmarc}\r\n{RECEIVED}{from}"),
            STRONG,
        ),
        (
            "a word that no standard has",
            format!(
                "{}{from}",
                ours(&format!("x-tls.subject=none; bimi=skipped; {dkim}; iprev=pass policy.iprev=192.0.2.1; {dmarc}"))
                    .replace("x-tls.subject=none; ", "")
            ),
            STRONG,
        ),
        (
            "Gmail as the receiver, unsigned sender",
            format!(
                "Received: by 2002:a05::1 with SMTP id x1; Mon, 02 Nov 2026 10:00:00 +0100\r\nReceived: from o.example by mx.google.com with ESMTPS id z5; Mon, 02 Nov 2026 10:00:00 +0100\r\nAuthentication-Results: mx.google.com;\r\n       spf=pass (google.com: domain of jan@firma.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=jan@firma.example\r\n{from}"
            ),
            WEAK,
        ),
    ];
    let mut cases = cases;
    // What other makers of mail servers write, each under the identifier that is believed here.
    for (maker, value, deserves) in [
        (
            "Fastmail",
            "arc=none (no signatures found); bimi=skipped (DMARC did not pass); dkim=pass (2048-bit rsa key sha256) header.d=firma.example header.i=@firma.example header.b=ab/Cd+e1 header.a=rsa-sha256 header.s=s1 x-bits=2048; dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none policy.evaluated-disposition=none (p=none,d=none,d.eval=none) policy.policy-from=p header.from=firma.example; iprev=pass smtp.remote-ip=192.0.2.1 (mail.firma.example); spf=pass smtp.mailfrom=jan@firma.example smtp.helo=mail.firma.example; x-aligned-from=pass (Address match); x-me-sender=none; x-ptr=pass smtp.helo=mail.firma.example policy.ptr=mail.firma.example; x-return-mx=pass header.domain=firma.example policy.is_org=yes (MX Records found: mx.firma.example); x-tls=pass smtp.version=TLSv1.3 smtp.cipher=TLS_AES_256_GCM_SHA384 smtp.bits=256/256; x-vs=clean score=0 state=0",
            STRONG,
        ),
        (
            "Yahoo",
            "dkim=pass header.i=@firma.example header.s=s1; spf=pass smtp.mailfrom=firma.example; dmarc=pass(p=REJECT) header.from=firma.example;",
            STRONG,
        ),
        (
            "Mimecast",
            "dkim=pass header.d=firma.example header.s=s1 header.b=AbC1;\r\n\tspf=pass (mx.acme.example: domain of jan@firma.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=jan@firma.example;\r\n\tdmarc=pass (policy=none) header.from=firma.example",
            STRONG,
        ),
        (
            "Proofpoint",
            "spf=pass smtp.mailfrom=jan@firma.example; dkim=pass header.d=firma.example header.s=s1; dmarc=pass header.from=firma.example",
            STRONG,
        ),
        (
            "Cisco, which names the domain of DMARC otherwise",
            "dkim=none (message not signed) header.i=none; spf=Pass smtp.mailfrom=jan@firma.example; spf=None smtp.helo=postmaster@mail.firma.example; dmarc=pass (p=none dis=none) d=firma.example",
            WEAK,
        ),
        (
            "Amavis, with a comment after its name",
            "dkim=pass (1024-bit key) header.d=firma.example header.b=AbC1+/d=",
            STRONG,
        ),
        (
            "policyd-spf",
            "spf=pass (mailfrom) smtp.mailfrom=firma.example (client-ip=192.0.2.1; helo=mail.firma.example; envelope-from=jan@firma.example; receiver=podpora@acme.example)",
            WEAK,
        ),
        (
            "Haraka",
            "auth=none; spf=pass smtp.mailfrom=firma.example; dkim=pass header.i=@firma.example header.d=firma.example header.s=s1 header.a=rsa-sha256 header.b=\"abC/\"; dmarc=pass (p=NONE arc=none) header.from=firma.example header.d=firma.example; iprev=pass",
            STRONG,
        ),
        (
            "Stalwart",
            "dkim=pass header.d=firma.example header.s=s1 header.b=AbC1; spf=pass (mx.acme.example: domain of jan@firma.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=jan@firma.example smtp.helo=mail.firma.example; iprev=pass policy.iprev=192.0.2.1; dmarc=pass header.from=firma.example policy.dmarc=reject",
            STRONG,
        ),
        (
            "a signature that does not hold beside SPF",
            "dkim=fail (bad signature) header.d=firma.example; spf=pass smtp.mailfrom=firma.example; dmarc=pass header.from=firma.example",
            WEAK,
        ),
    ] {
        let id = if maker.starts_with("Amavis") { "mx.acme.example (amavisd-new)" } else { "mx.acme.example" };
        cases.push((maker, format!("Authentication-Results: {id}; {value}\r\n{RECEIVED}{from}"), deserves));
    }
    let mut wrong = Vec::new();
    for (name, head, deserves) in cases {
        let got = state(&format!("{head}{TAIL}"));
        if (got.0.as_str(), got.1.as_str()) != (deserves, "ticket") {
            wrong.push(format!("{name}: {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The operator has two addresses of the customer on file.
#[test]
fn a_customer_who_is_proven_under_another_address_of_his_is_the_customer() {
    let bench = Bench::new();
    let spec = |text| AddrSpec::parse(text).expect("an address");
    let contact = Contact { name: Some("Ján Novák".to_owned()), ..Contact::of(spec("jan@doma.example")) };
    bench.store.put_contacts(&[contact], &[], bench.now.get()).expect("is put");
    let subject = format!("Re: {} Faktúra", bench.token(1001));
    let kind = |raw: &str| {
        assert_eq!(bench.take(raw).ticket(), Some(1001));
        bench.store.entries(1001).expect("reads").last().expect("an entry").kind
    };
    let from = "Ján Novák <jan@doma.example>";
    assert_eq!(kind(&proven(from, "", &subject, "Ešte nie sú.")), EntryKind::External, "nobody said that it is he");
    bench.store.same_person(&[vec![spec(VICTIM), spec("jan@doma.example")]]).expect("are joined");
    assert_eq!(kind(&proven(from, "", &subject, "Teraz som to ja.")), EntryKind::Reply);
    assert_eq!(kind(&unproven(from, "", &subject, "A teraz možno nie.")), EntryKind::External);
    assert!(bench.ticket(1001).participants.is_empty(), "answers go to the address on file");
}

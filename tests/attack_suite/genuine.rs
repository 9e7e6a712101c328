//! Honest mail through the whole pipeline: what providers, lists, forwarders and gateways make of it, with the state that it
//! deserves and the acknowledgement that goes with it. (`tests/trust/genuine.rs` has the same with signatures and DNS.)

use super::bench::{Bench, policy};

/// What came: name, `believe`, `hops`, the header above the author's fields, From, further fields.
struct Shape(&'static str, &'static [&'static str], u32, String, &'static str, &'static str);

/// Strong, weak, unproven; full, minimal, no.
type Deserves = (&'static str, &'static str);

const STRONG: Deserves = ("verified strong", "full");
const WEAK: Deserves = ("verified weak", "full");
const NOT: Deserves = ("unauthenticated", "minimal");
const NOT_ANSWERED: Deserves = ("unauthenticated", "no");
const ANSWERED_BY_NOBODY: Deserves = ("verified strong", "no");

fn by(server: &str) -> String {
    format!("Received: from x.example (x.example [192.0.2.1]) by {server}; Mon, 02 Nov 2026 10:00:00 +0100\r\n")
}

fn says(value: &str) -> String {
    format!("Authentication-Results: {value}\r\n")
}

fn shapes() -> Vec<(Shape, Deserves)> {
    const OURS: &[&str] = &["mx.acme.example"];
    const BELOW: &[&str] = &["mx.acme.example+below"];
    const GOOGLE: &[&str] = &["mx.google.com+below"];
    const EXCHANGE: &[&str] = &["exchange-online"];
    let (mx, out) =
        (by("mx.acme.example (Postfix) with ESMTPS id 4Xy"), by("out.firma.example (Postfix) with ESMTPSA id 1"));
    let (jan, lists) = ("jan@firma.example", "List-Id: <zoznam.firma.example>\r\nPrecedence: list\r\n");
    let ours = |value: &str| format!("{}{mx}{out}", says(&format!("mx.acme.example; {value}")));
    let dkim = "dkim=pass header.d=firma.example header.s=s1 header.b=ab/Cd+e";
    let dmarc = "dmarc=pass (p=reject sp=reject dis=none) header.from=firma.example";
    let spf =
        "spf=pass (mx.acme.example: domain of jan@firma.example designates 192.0.2.1) smtp.mailfrom=jan@firma.example";
    let google = |value: &str| {
        format!(
            "{}{}{}{out}",
            by("2002:a05:6402:1::1 with SMTP id x1"),
            by("mx.google.com with ESMTPS id z5"),
            says(&format!("mx.google.com;\r\n       {value}"))
        )
    };
    let exchange = |value: &str| {
        format!(
            "{}{}{}{}{out}",
            by("AM0.eurprd01.prod.exchangelabs.com with HTTPS"),
            by("DB9.eurprd01.prod.exchangelabs.com"),
            says(value),
            by("DB5.mail.protection.outlook.com (10.1.4.1)")
        )
    };
    let shape = |name, head, fields| Shape(name, OURS, 1, head, jan, fields);
    vec![
        (shape("OpenDKIM and OpenDMARC in one field", ours(&format!("{dkim}; {dmarc}")), ""), STRONG),
        (
            shape(
                "a field each",
                format!(
                    "{}{}{mx}{out}",
                    says(&format!("mx.acme.example; {dmarc}")),
                    says(&format!("mx.acme.example; {dkim}"))
                ),
                "",
            ),
            STRONG,
        ),
        (shape("DMARC by SPF alone", ours(&format!("{spf}; {dmarc}")), ""), WEAK),
        (
            shape("DKIM without a DMARC record", ours(&format!("{dkim}; dmarc=none header.from=firma.example")), ""),
            STRONG,
        ),
        (shape("SPF without a DMARC record", ours(&format!("{spf}; dmarc=none header.from=firma.example")), ""), WEAK),
        (
            shape(
                "no record at all",
                ours("dkim=none; spf=none smtp.mailfrom=firma.example; dmarc=none header.from=firma.example"),
                "",
            ),
            NOT,
        ),
        (
            shape("DNS trouble at our server", ours(&format!("{dkim}; dmarc=temperror header.from=firma.example")), ""),
            NOT,
        ),
        (shape("a server that says nothing", format!("{mx}{out}"), ""), NOT),
        (
            shape(
                "two signatures, one of them broken",
                ours(&format!("{dkim}; dkim=fail header.d=firma.example header.s=stary; {dmarc}")),
                "",
            ),
            STRONG,
        ),
        (
            shape(
                "signed by the provider too",
                ours(&format!("{dkim}; dkim=pass header.d=poskytovatel.example; {dmarc}")),
                "",
            ),
            STRONG,
        ),
        (
            shape(
                "a sender's older verdict below",
                format!("{}{}", ours(&format!("{dkim}; {dmarc}")), says("mx.firma.example; dmarc=fail")),
                "",
            ),
            STRONG,
        ),
        (
            shape(
                "a trailing semicolon and comments",
                ours(&format!("{dkim} (2048-bit key; unprotected); {dmarc};")),
                "",
            ),
            STRONG,
        ),
        (
            shape("upper case", ours("DKIM=PASS header.d=FIRMA.example; DMARC=Pass header.from=Firma.Example"), ""),
            STRONG,
        ),
        (
            Shape(
                "rspamd, below its line",
                BELOW,
                1,
                format!("{mx}{}{out}", says(&format!("mx.acme.example; {dkim}; {dmarc}"))),
                jan,
                "",
            ),
            STRONG,
        ),
        (
            Shape(
                "rspamd with Dovecot's line on top",
                BELOW,
                2,
                format!(
                    "{}{mx}{}{out}",
                    by("imap.acme.example with LMTP"),
                    says(&format!("mx.acme.example; {dkim}; {dmarc}"))
                ),
                jan,
                "",
            ),
            STRONG,
        ),
        (
            Shape(
                "OpenDMARC with Dovecot's line on top",
                OURS,
                2,
                format!("{}{}", by("imap.acme.example with LMTP"), ours(&format!("{dkim}; {dmarc}"))),
                jan,
                "",
            ),
            STRONG,
        ),
        (
            Shape(
                "Gmail",
                GOOGLE,
                2,
                google(&format!("dkim=pass header.i=@firma.example header.s=s1 header.b=\"Ab/c\"; {spf}; {dmarc}")),
                jan,
                "",
            ),
            STRONG,
        ),
        (
            Shape(
                "Gmail, a sender without anything",
                GOOGLE,
                2,
                google("spf=neutral smtp.mailfrom=jan@firma.example"),
                jan,
                "",
            ),
            NOT,
        ),
        (Shape("Workspace, SPF alone", GOOGLE, 2, google(&format!("{spf}; {dmarc}")), jan, ""), WEAK),
        (
            Shape(
                "Exchange Online",
                EXCHANGE,
                3,
                exchange(
                    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=firma.example; dkim=pass (signature was verified) header.d=firma.example;dmarc=pass action=none header.from=firma.example;compauth=pass reason=100",
                ),
                jan,
                "",
            ),
            STRONG,
        ),
        (
            Shape(
                "Exchange Online, no DMARC record",
                EXCHANGE,
                3,
                exchange(
                    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=firma.example; dkim=none (message not signed) header.d=none;dmarc=bestguesspass action=none header.from=firma.example;compauth=pass reason=109",
                ),
                jan,
                "",
            ),
            WEAK,
        ),
        (
            shape(
                "Seznam's relaxed mailfrom",
                ours(&format!("{dkim}; spf=pass smtp.mailfrom=<jan@firma.example>; {dmarc}")),
                "X-Seznam-User: x\r\n",
            ),
            STRONG,
        ),
        (shape("Azet and Centrum, SPF only", ours("dkim=none; spf=pass smtp.mailfrom=jan@firma.example"), ""), WEAK),
        (shape("iCloud, signed", ours(&format!("{dkim}; {spf}; {dmarc}")), "X-Proofpoint-Spam-Details: x\r\n"), STRONG),
        (
            shape(
                "a list that keeps From and breaks the signature",
                ours(
                    "dkim=fail header.d=firma.example; spf=pass smtp.mailfrom=zoznam.example; dmarc=none header.from=firma.example",
                ),
                lists,
            ),
            NOT_ANSWERED,
        ),
        (shape("a list that keeps the signature", ours(&format!("{dkim}; {dmarc}")), lists), ANSWERED_BY_NOBODY),
        (
            shape(
                "a forwarder that keeps the signature",
                ours(&format!("{dkim}; spf=softfail smtp.mailfrom=presmerovanie.example; {dmarc}")),
                "Resent-From: x@presmerovanie.example\r\n",
            ),
            STRONG,
        ),
        (
            shape(
                "a gateway's footer broke the signature, no policy",
                ours("dkim=fail (body hash) header.d=firma.example; dmarc=none header.from=firma.example"),
                "",
            ),
            NOT,
        ),
        (
            shape(
                "a signature of the parent domain, no DMARC",
                ours("dkim=pass header.d=example.net; dmarc=none header.from=firma.example"),
                "",
            ),
            NOT,
        ),
        (shape("internal mail without a verdict", mx.clone(), ""), NOT),
    ]
}

#[test]
fn honest_mail_gets_the_state_and_the_answer_that_it_deserves() {
    let shapes = shapes();
    assert!(shapes.len() >= 25, "{}", shapes.len());
    let mut wrong = Vec::new();
    for (Shape(name, believe, hops, head, from, fields), deserves) in shapes {
        let mut policy = policy("ACME", "acme.example", 7);
        policy.mailboxes[0].believe = believe.iter().map(|b| (*b).to_owned()).collect();
        policy.mailboxes[0].hops = hops;
        let bench = Bench::empty(policy);
        let came = bench.take(&format!(
            "{head}From: Jan <{from}>\r\nTo: podpora@acme.example\r\n{fields}Subject: Objednavka\r\nMessage-ID: <g@firma.example>\r\n\
             Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nDobry den, kde je moja objednavka?\r\n"
        ));
        let view = came.judged.as_ref().and_then(|c| c.view.as_ref()).expect("a view");
        let judged = &view.authenticity;
        let state = judged.strength.map_or(judged.believed.to_string(), |s| format!("{} {s}", judged.believed));
        if (state.as_str(), came.acknowledged()) != deserves || came.fate() != "ticket" {
            wrong.push(format!("{name}: {state}, {}, {}: {:#?}", came.fate(), came.acknowledged(), judged.evidence));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

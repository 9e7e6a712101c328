//! Honest mail as it really arrives, with the state that it deserves: what providers, lists, forwarders and gateways
//! make of it. The forms are theirs, the names are invented.

use postdesk::authenticate::Authenticator;
use postdesk::model::facts::Sender;

use super::dns::Dns;
use super::fixture::{mailbox, policy};
use super::pipeline::{checked, state};
use super::signing::{Rsa, sign};

/// How the mailbox is configured, and what came.
struct Shape {
    name: &'static str,
    believe: &'static [&'static str],
    hops: u32,
    /// The header above the author's own fields.
    head: String,
    from: &'static str,
    /// Signed by this domain, with a key that stands in the DNS.
    signed_by: Option<&'static str>,
    /// A gateway changed the text after it was signed.
    changed: bool,
    state: &'static str,
}

fn received(lines: &[&str]) -> String {
    lines.iter().map(|by| format!("Received: from x by {by}; Mon, 02 Nov 2026 10:00:00 +0100\r\n")).collect()
}

fn results(value: &str) -> String {
    format!("Authentication-Results: {value}\r\n")
}

fn shape(name: &'static str, from: &'static str, head: String, state: &'static str) -> Shape {
    Shape { name, believe: &["mx.acme.example"], hops: 1, head, from, signed_by: None, changed: false, state }
}

const MX: &str = "mx.acme.example (Postfix) with ESMTPS id 4XyZ";
const OUT: &str = "smtp.firma.example (Postfix) with ESMTPSA id 1AbC";

fn shapes() -> Vec<Shape> {
    let ours = |value: &str| format!("{}{}", results(&format!("mx.acme.example; {value}")), received(&[MX, OUT]));
    let plain = || received(&[MX, OUT]);
    let google = |value: &str| {
        let inner = received(&["2002:a05:6402:1::1 with SMTP id x1; Mon", "mx.google.com with ESMTPS id z5", OUT]);
        let (first, rest) = inner.split_once("\r\n").unwrap_or_default();
        // Gmail's fields stand between its inner line and the line of its MX.
        format!(
            "{first}\r\nX-Received: by 2002:a05:6402:2::2 with SMTP id y2\r\nARC-Seal: i=1; a=rsa-sha256; d=google.com\r\nARC-Authentication-Results: i=1; mx.google.com; {value}\r\nReturn-Path: <jan@firma.example>\r\n{}",
            {
                let (mx, out) = rest.split_once("\r\n").unwrap_or_default();
                // Received by the MX, then its verdict below it, as Gmail writes them.
                format!(
                    "{mx}\r\nReceived-SPF: pass (google.com: domain of jan@firma.example) client-ip=192.0.2.1;\r\n{}{out}",
                    results(&format!("mx.google.com;\r\n       {value}"))
                )
            }
        )
    };
    let exchange = |value: &str| {
        format!(
            "{}{}{}",
            received(&[
                "AM0PR01MB.eurprd01.prod.exchangelabs.com with HTTPS",
                "DB9PR01CA.eurprd01.prod.exchangelabs.com"
            ]),
            results(value),
            received(&["DB5EUR01FT.mail.protection.outlook.com (10.152.4.1) with Microsoft SMTP Server", OUT])
        )
    };
    vec![
        // An own server with OpenDKIM and OpenDMARC, with rspamd, with neither.
        shape(
            "OpenDKIM and OpenDMARC, a field each",
            "jan@firma.example",
            format!(
                "{}{}{}",
                results("mx.acme.example; dmarc=pass (p=reject dis=none) header.from=firma.example"),
                results(
                    "mx.acme.example;\r\n\tdkim=pass (2048-bit key; unprotected) header.d=firma.example \
                         header.i=@firma.example header.a=rsa-sha256 header.s=s1 header.b=\"ab/Cd+e\";\r\n\tdkim-atps=neutral"
                ),
                received(&[MX, OUT])
            ),
            "verified strong",
        ),
        shape(
            "rspamd",
            "jan@firma.example",
            ours(
                "dkim=pass header.d=firma.example header.s=s1 header.b=Ab1/+c9x;\r\n\tdmarc=pass (policy=quarantine) \
                  header.from=firma.example;\r\n\tspf=pass (mx.acme.example: domain of jan@firma.example designates \
                  192.0.2.1 as permitted sender) smtp.mailfrom=jan@firma.example",
            ),
            "verified strong",
        ),
        shape("rspamd, unsigned", "jan@firma.example", ours("none"), "unauthenticated"),
        Shape {
            hops: 2,
            ..shape(
                "Postfix and Dovecot's LMTP, which adds a line",
                "jan@firma.example",
                format!(
                    "{}{}{}",
                    received(&["imap.acme.example (Dovecot) with LMTP id q1"]),
                    results("mx.acme.example; dmarc=pass header.from=firma.example; dkim=pass header.d=firma.example"),
                    received(&[MX, OUT])
                ),
                "verified strong",
            )
        },
        shape(
            "hosting without DKIM: SPF alone",
            "jan@firma.example",
            ours(
                "spf=pass smtp.mailfrom=jan@firma.example smtp.helo=mail.firma.example; dkim=none; \
                  dmarc=none header.from=firma.example",
            ),
            "verified weak",
        ),
        shape(
            "hosting with SPF and DMARC, no DKIM",
            "jan@firma.example",
            ours("spf=pass smtp.mailfrom=firma.example; dmarc=pass (p=none dis=none) header.from=firma.example"),
            "verified weak",
        ),
        Shape {
            signed_by: Some("firma.example"),
            believe: &[],
            ..shape("no server of ours checks: the own check does", "jan@firma.example", plain(), "verified strong")
        },
        Shape {
            signed_by: Some("firma.example"),
            ..shape("our server says nothing this time", "jan@firma.example", plain(), "verified strong")
        },
        // Large providers' senders.
        Shape {
            signed_by: Some("posta.example"),
            ..shape("a free-mail user", "jan.novak@posta.example", plain(), "verified strong")
        },
        Shape {
            signed_by: Some("firma.example"),
            ..shape("a hosted domain with a key of its own", "Jan <jan@firma.example>", plain(), "verified strong")
        },
        shape(
            "a hosted domain that its provider signs for",
            "jan@firma.example",
            ours(
                "dkim=pass header.d=firma-example.20230601.gappssmtp.example header.s=20230601; \
                  spf=pass smtp.mailfrom=jan@firma.example; dmarc=none header.from=firma.example",
            ),
            "verified weak",
        ),
        shape(
            "two signatures, the firm's and its newsletter service's",
            "jan@firma.example",
            ours(
                "dkim=pass header.d=firma.example header.s=k1; dkim=pass header.d=rozosielac.example header.s=s2; \
                  spf=pass smtp.mailfrom=bounces+12-ab=jan=acme.example@em.rozosielac.example; \
                  dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=firma.example",
            ),
            "verified strong",
        ),
        shape(
            "two signatures of the firm, of which the server knows one kind",
            "jan@firma.example",
            ours(
                "dkim=pass (2048-bit rsa key) header.d=firma.example header.s=rsa; \
                  dkim=permerror (unsupported algorithm) header.d=firma.example header.s=ed",
            ),
            "verified strong",
        ),
        shape(
            "a subdomain that the firm's key covers",
            "faktury@news.firma.example",
            ours("dkim=pass header.d=firma.example; dmarc=pass header.from=news.firma.example"),
            "verified strong",
        ),
        Shape {
            signed_by: Some("firma.example"),
            ..shape("the same, by the own check and DMARC", "faktury@news.firma.example", plain(), "verified strong")
        },
        // Mailboxes that Google or Microsoft keeps for us.
        Shape {
            believe: &["mx.google.com+below"],
            hops: 2,
            ..shape(
                "a Workspace mailbox: Google writes its verdict below the line of its MX",
                "jan@firma.example",
                google(
                    "dkim=pass header.i=@firma.example header.s=s1 header.b=ab/Cd+e;\r\n       \
                        dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=firma.example",
                ),
                "verified strong",
            )
        },
        Shape {
            hops: 1,
            believe: &["mx.acme.example+below"],
            ..shape(
                "rspamd as it comes: its field stands below Postfix's line",
                "jan@firma.example",
                format!(
                    "{}{}{}",
                    received(&[MX]),
                    results(
                        "mx.acme.example;\r\n\tdkim=pass header.d=firma.example header.s=s1 header.b=Ab1/+c9x;\r\n\t\
                             dmarc=pass (policy=reject) header.from=firma.example"
                    ),
                    received(&[OUT])
                ),
                "verified strong",
            )
        },
        Shape {
            believe: &["mx.google.com"],
            hops: 2,
            signed_by: Some("firma.example"),
            ..shape(
                "a Workspace mailbox, signed",
                "jan@firma.example",
                google("dkim=pass header.i=@firma.example"),
                "verified strong",
            )
        },
        Shape {
            believe: &["exchange-online"],
            hops: 3,
            ..shape(
                "an Exchange Online mailbox",
                "jan@firma.example",
                exchange(
                    "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=firma.example; dkim=pass (signature was \
                          verified)\r\n header.d=firma.example;dmarc=pass action=none\r\n \
                          header.from=firma.example;compauth=pass reason=100",
                ),
                "verified strong",
            )
        },
        Shape {
            believe: &["exchange-online"],
            hops: 3,
            ..shape(
                "Exchange Online, a firm without a policy",
                "jan@firma.example",
                exchange(
                    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=firma.example; acme.example; dkim=pass \
                          (signature was verified) header.d=firma.example;acme.example; dmarc=bestguesspass action=none \
                          header.from=firma.example;compauth=pass reason=109",
                ),
                "verified strong",
            )
        },
        // Mail that went a longer way.
        Shape {
            signed_by: Some("firma.example"),
            ..shape(
                "a forwarder: SPF broke, the signature lives",
                "jan@firma.example",
                format!("{}{}", received(&[MX, "preposielac.example"]), received(&[OUT])),
                "verified strong",
            )
        },
        shape(
            "a forwarder, as our server sees it",
            "jan@firma.example",
            ours(
                "spf=fail smtp.mailfrom=jan@firma.example; dkim=pass header.d=firma.example; \
                  dmarc=pass header.from=firma.example",
            ),
            "verified strong",
        ),
        Shape {
            signed_by: Some("firma.example"),
            changed: true,
            ..shape("a gateway's footer broke the signature", "jan@firma.example", plain(), "unauthenticated")
        },
        Shape {
            signed_by: Some("firma.example"),
            changed: true,
            ..shape(
                "a gateway's footer, judged before it was added",
                "jan@firma.example",
                ours("dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example"),
                "verified strong",
            )
        },
        shape(
            "a list that writes its own From",
            "Ján Novák via Zoznam <zoznam@listy.example>",
            ours("dkim=pass header.d=listy.example; dmarc=pass header.from=listy.example"),
            "verified strong",
        ),
        Shape {
            signed_by: Some("firma.example"),
            changed: true,
            ..shape(
                "a list that keeps From and adds a footer, from a domain without a policy",
                "jan@firma.example",
                ours(
                    "dkim=fail (body hash did not verify) header.d=firma.example; dkim=pass header.d=listy.example; \
                      spf=pass smtp.mailfrom=zoznam-bounces@listy.example; dmarc=none header.from=firma.example",
                ),
                "unauthenticated",
            )
        },
        // Mail of the house, which no server judges.
        shape("internal mail without a verdict", "jana@acme.example", received(&[MX]), "unauthenticated"),
        Shape {
            signed_by: Some("acme.example"),
            ..shape("internal mail that our server signs", "jana@acme.example", received(&[MX]), "verified strong")
        },
        // Honest odd forms.
        Shape {
            signed_by: Some("firma.example"),
            ..shape(
                "the address as its own name",
                "\"jan@firma.example\" <jan@firma.example>",
                plain(),
                "verified strong",
            )
        },
        Shape {
            signed_by: Some("firma.example"),
            ..shape("a name after the address", "jan@firma.example (Jan Novak)", plain(), "verified strong")
        },
        Shape {
            signed_by: Some("firma.example"),
            ..shape(
                "a name in two encoded words with a comma inside",
                "=?utf-8?Q?Nov=C3=A1k,?= =?utf-8?B?SsOhbg==?= <jan@firma.example>",
                plain(),
                "verified strong",
            )
        },
        Shape {
            signed_by: Some("xn--bcher-kva.example"),
            ..shape("a domain with an umlaut", "jan@xn--bcher-kva.example", plain(), "verified strong")
        },
    ]
}

#[test]
fn honest_mail_gets_the_state_that_it_deserves() {
    let key = &Rsa::shared().record;
    let domains = ["firma.example", "posta.example", "acme.example", "xn--bcher-kva.example"];
    let names: Vec<String> = domains.iter().map(|d| format!("s1._domainkey.{d}")).collect();
    let mut records: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), key.as_str())).collect();
    records.push(("_dmarc.firma.example", "v=DMARC1; p=reject"));
    let dns = Dns::start(&records);
    let authenticator = dns.authenticator();
    let shapes = shapes();
    assert!(shapes.len() >= 25, "{}", shapes.len());
    for shape in shapes {
        let (got, mail) = arrived(&shape, &authenticator);
        assert_eq!(
            state(&got),
            shape.state,
            "{}: {}\n{mail}\n{:#?}",
            shape.name,
            got.authenticity.because,
            got.authenticity
        );
        if shape.from.contains("jana@acme.example") {
            assert_eq!(got.sender, Sender::Agent("jana".into()), "{}", shape.name);
        }
    }
}

fn arrived(shape: &Shape, authenticator: &Authenticator) -> (postdesk::model::Facts, String) {
    let mut policy = policy();
    policy.mailboxes = vec![mailbox(shape.believe, shape.hops)];
    let mut mail = super::signing::mail(shape.from);
    if let Some(domain) = shape.signed_by {
        mail = sign(&mail, domain, "s1");
    }
    if shape.changed {
        mail.push_str("-- \r\nTento e-mail bol skontrolovaný.\r\n");
    }
    let mail = format!("{}{mail}", shape.head);
    (checked(mail.as_bytes(), &policy, authenticator), mail)
}

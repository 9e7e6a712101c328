//! Verdicts that nobody gave, or that say less than they seem to.

use postdesk::model::facts::Believed;

use super::fixture::policy;
use super::pipeline::{facts, state};
use super::{RECEIVED, REST};

/// Authentication-Results that the sender wrote himself, or that say less than they seem to.
pub fn mails() -> Vec<String> {
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
    mails.into_iter().map(|head| format!("{head}{REST}")).collect()
}

#[test]
fn no_forged_verdict_is_believed() {
    let mails = mails();
    assert!(mails.len() >= 150, "{}", mails.len());
    for mail in mails {
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

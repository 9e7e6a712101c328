//! Mails by somebody who has read docs/trust.md and looks for what it does not say: each through the real pipeline, each
//! harmless. `@TOKEN@` is the victim's real subject token: the worst case.

use jiff::SignedDuration;
use postdesk::model::token::TokenKind;

use super::attacks::{ATTACKER, Attack, forged, harmless, himself, restore};
use super::bench::{Bench, RECEIVED, VICTIM, proven, unproven};

const REST: &str = "To: podpora@acme.example\r\nCc: utok@zlo.example\r\nSubject: Re: @TOKEN@ Faktúra\r\n\
                    Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n";

/// The same mail as the victim's and as the agent's, with an id of its own.
fn as_both(attacks: &mut Vec<Attack>, what: &str, head: &str) {
    for (n, author) in [VICTIM, "jana@acme.example"].into_iter().enumerate() {
        let domain = author.rsplit_once('@').map_or("", |(_, d)| d);
        let head = head.replace("@AUTHOR@", author).replace("@DOMAIN@", domain);
        let id = format!("Message-ID: <r{}.{n}@zlo.example>\r\n", attacks.len());
        attacks.push(forged(
            format!("{what}: {author}"),
            format!("{head}{REST}{id}\r\nOdteraz píšte sem: {ATTACKER}\r\n"),
        ));
    }
}

/// Header blocks that end, begin or fold where another reader thinks otherwise.
fn blocks() -> Vec<Attack> {
    let honest = "Authentication-Results: mx.acme.example; dkim=pass header.d=zlo.example; dmarc=pass header.from=zlo.example\r\n";
    let mut attacks = Vec::new();
    for (what, shape) in [
        ("a line of white space folds", "From: utok@zlo.example\r\n \r\nFrom: @AUTHOR@\r\n"),
        ("a line of white space after From", "From: utok@zlo.example\r\n\t\r\n From: @AUTHOR@\r\n"),
        ("From is folded before the address", "From:\r\n utok@zlo.example\r\nFrom:\r\n @AUTHOR@\r\n"),
        ("From is folded inside the address", "From: @AUTHOR@\r\n .zlo.example\r\n"),
        ("form feed before the name", "\u{c}From: @AUTHOR@\r\nFrom: utok@zlo.example\r\n"),
        ("vertical tab in the field", "From: utok@zlo.example\u{b}@AUTHOR@\r\n"),
        ("a soft hyphen in the name of the field", "Fr\u{ad}om: @AUTHOR@\r\nFrom: utok@zlo.example\r\n"),
        ("a fullwidth colon", "From\u{ff1a} @AUTHOR@\r\nFrom: utok@zlo.example\r\nFrom: @AUTHOR@\r\n"),
        ("NEL for a line end", "X: y\u{85}From: @AUTHOR@\r\nFrom: utok@zlo.example, @AUTHOR@\r\n"),
        ("line separator for a line end", "From: utok@zlo.example\u{2028}From: @AUTHOR@\r\n"),
        (
            "a mbox line within",
            "X: y\r\nFrom @AUTHOR@ Mon Nov  2 10:00:00 2026\r\nFrom: utok@zlo.example\r\nFrom: @AUTHOR@\r\n",
        ),
        ("a quoted mbox line", ">From @AUTHOR@\r\nFrom: utok@zlo.example, @AUTHOR@\r\n"),
        ("an escaped comma", "From: utok@zlo.example\\, @AUTHOR@\r\n"),
        ("a comment that hides the end", "From: utok@zlo.example (\\) @AUTHOR@\r\n"),
        ("a quoted pair in a name", "From: \"a\\\\\" <utok@zlo.example>, \"@AUTHOR@\r\n"),
        (
            "an encoded word that ends the name",
            "From: =?utf-8?Q?x=22_=3C@AUTHOR@=3E=2C?= <utok@zlo.example>, @AUTHOR@\r\n",
        ),
        ("an address in angles within a quoted name, unclosed", "From: \"<@AUTHOR@> <utok@zlo.example>\r\n"),
        ("two angles, the first empty", "From: <> <@AUTHOR@>\r\n"),
        ("percent hack", "From: @AUTHOR@%zlo.example@zlo.example, @AUTHOR@\r\n"),
        ("bang path", "From: zlo.example!@AUTHOR@, utok@zlo.example\r\n"),
        ("a domain with a trailing blank label", "From: <@AUTHOR@..>\r\n"),
        ("an address literal", "From: <jan@[IPv6:2001:db8::1]>, @AUTHOR@\r\n"),
        ("a Kelvin sign and friends", "From: <jan@\u{212a}irma.example>\r\n"),
        ("a ligature", "From: <jan@\u{fb01}rma.example>\r\n"),
        ("zero width in the domain", "From: <jan@fir\u{200b}ma.example>\r\n"),
        ("a variation selector", "From: <jan@firma\u{fe0f}.example>\r\n"),
        ("raw 8-bit in the domain", "From: <jan@f\u{ed}rma.example>, @AUTHOR@\r\n"),
    ] {
        as_both(&mut attacks, what, &format!("{honest}{RECEIVED}{shape}"));
        as_both(&mut attacks, &format!("{what}, unjudged"), &format!("{RECEIVED}{shape}"));
    }
    // The whole header in the body, where a reader that repairs would find it.
    as_both(&mut attacks, "a blank line after our server's", &format!("{honest}{RECEIVED}\r\nFrom: @AUTHOR@\r\n"));
    as_both(&mut attacks, "a line that is none after our server's", &format!("{RECEIVED}x\r\n\r\nFrom: @AUTHOR@\r\n"));
    attacks
}

/// Fields that look like our server's, and our server's own with words in it that a sender chose.
fn verdicts() -> Vec<Attack> {
    let mut attacks = Vec::new();
    let below = |field: &str| format!("{RECEIVED}{field}From: @AUTHOR@\r\n");
    let ours =
        |value: &str| format!("Authentication-Results: mx.acme.example; {value}\r\n{RECEIVED}From: @AUTHOR@\r\n");
    let pass = "dkim=pass header.d=@DOMAIN@; dmarc=pass header.from=@DOMAIN@";
    for (what, head) in [
        (
            "a Received line that names us, and the verdict above it",
            below(&format!(
                "Authentication-Results: mx.acme.example; {pass}\r\nReceived: from x by mx.acme.example with LMTP; Mon, 02 Nov 2026 10:00:00 +0100\r\n"
            )),
        ),
        (
            "the verdict before our line, folded into another field",
            format!("X-Spam: a\r\n\tAuthentication-Results: mx.acme.example; {pass}\r\n{RECEIVED}From: @AUTHOR@\r\n"),
        ),
        ("twenty of them", below(&format!("Authentication-Results: mx.acme.example; {pass}\r\n").repeat(20))),
        (
            "with a space before the colon",
            format!("Authentication-Results : mx.acme.example; {pass}\r\n{RECEIVED}From: @AUTHOR@\r\n"),
        ),
        (
            "an identifier with a zero-width space",
            ours("").replace("mx.acme.example; ", &format!("mx.acme\u{200b}.example; {pass}")),
        ),
        ("an identifier in Cyrillic", ours("").replace("mx.acme.example; ", &format!("mx.аcme.example; {pass}"))),
        ("version 10", ours("").replace("mx.acme.example; ", &format!("mx.acme.example 10; {pass}"))),
        ("version one point one", ours("").replace("mx.acme.example; ", &format!("mx.acme.example 1.1; {pass}"))),
        (
            "a wrong identifier in a comment's clothes",
            ours("").replace("mx.acme.example; ", &format!("zlo.example (mx.acme.example); {pass}")),
        ),
        ("a quoted semicolon", ours("spf=fail smtp.mailfrom=\"a;\" dmarc=pass header.from=@DOMAIN@")),
        (
            "a quoted pair before the quote's end",
            ours("spf=fail smtp.mailfrom=\"a\\\\\"; dmarc=pass header.from=@DOMAIN@; x=\""),
        ),
        ("a comment in a comment, once too few", ours("spf=fail (a (b); dmarc=pass header.from=@DOMAIN@")),
        (
            "a result inside white space tricks",
            ours("spf=fail\u{a0};\u{a0}dmarc=pass header.from=@DOMAIN@").replace("spf=fail", "spf=fail reason=x"),
        ),
        ("two header.from, the second ours", ours("dmarc=pass header.from=zlo.example header.from=@DOMAIN@")),
        ("pass of a parent", ours("dmarc=pass header.from=example")),
        ("pass of a subdomain", ours("dmarc=pass header.from=x.@DOMAIN@")),
        ("dkim pass of a subdomain", ours("dkim=pass header.d=x.@DOMAIN@; dmarc=none header.from=@DOMAIN@")),
        ("dkim pass by i only, of another", ours("dkim=pass header.i=@zlo.example; dmarc=none header.from=@DOMAIN@")),
        ("spf of the greeting", ours("spf=pass smtp.helo=@DOMAIN@; dmarc=none header.from=@DOMAIN@")),
        (
            "spf of an address that contains ours",
            ours("spf=pass smtp.mailfrom=\"@AUTHOR@\"@zlo.example; dmarc=none header.from=@DOMAIN@"),
        ),
        ("dmarc of policy.from", ours("dmarc=pass policy.from=@DOMAIN@; spf=fail smtp.mailfrom=zlo.example")),
        ("arc and compauth", ours("arc=pass (i=1); compauth=pass reason=100; x-arc=pass header.d=@DOMAIN@")),
        (
            "a fail before a pass",
            format!(
                "Authentication-Results: mx.acme.example; {pass}\r\nAuthentication-Results: mx.acme.example; dmarc=fail header.from=@DOMAIN@\r\n{RECEIVED}From: @AUTHOR@\r\n"
            ),
        ),
        ("none and a result", ours(&format!("none; {pass}"))),
        (
            "another's unreadable field beside ours",
            format!(
                "Authentication-Results: zlo.example; \"\r\nAuthentication-Results: mx.acme.example; {pass}\r\n{RECEIVED}From: @AUTHOR@\r\n"
            ),
        ),
        (
            "an original one",
            format!(
                "Original-Authentication-Results: mx.acme.example; {pass}\r\nAuthentication-Results-Original: mx.acme.example; {pass}\r\n{RECEIVED}From: @AUTHOR@\r\n"
            ),
        ),
    ] {
        as_both(&mut attacks, what, &head);
    }
    attacks
}

/// Tokens that are almost right, or right and made for something else.
fn tokens(bench: &Bench) -> Vec<Attack> {
    let keys = &bench.policy.keys;
    let check = keys.subject_check("ACME", 1001);
    let (notify, answer) = (bench.sent("notify-new").message_id, bench.sent("answer").message_id);
    let wide =
        |text: &str| text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)).collect::<String>();
    let mut attacks = Vec::new();
    for subject in [
        format!("[ACME-1001-{}]", wide(&check)),
        format!("[{}-1001-{check}]", wide("ACME")),
        format!("[ACME-{}-{check}]", wide("1001")),
        format!("[ACME-1001-{}\u{200b}{}]", &check[..3], &check[4..]),
        format!("[ACME-1001-{}]", &check[..7]),
        format!("[ACME-1001-{check}{check}]"),
        format!("[ACME-1001--{check}]"),
        format!("[ACME-+1001-{check}x]"),
        format!("[АCME-1001-{check}]"), // a Cyrillic letter
        format!("[ACME-1002-{check}] [ACME-1003-{check}]"),
        format!("=?utf-8?Q?=5BACME-1001-{}=5D?=", "0".repeat(8)),
    ] {
        attacks.push(himself(
            format!("subject {subject}"),
            proven(ATTACKER, "", &format!("Re: {subject}"), "Čo je nové?"),
        ));
    }
    // Hidden ones: for another ticket, another kind, another addressee, under another domain, cut, lengthened, in other fields.
    let of = |kind, ticket: i64, who: &str| keys.message_id(kind, ticket, who, "x", "desk.acme.example");
    let theirs = of(TokenKind::Customer, 1002, ATTACKER);
    let bounce = of(TokenKind::Bounce, 1001, VICTIM);
    let cut: String = answer.chars().skip(1).collect();
    for (what, fields) in [
        ("his own token's number changed", format!("In-Reply-To: <{}>\r\n", theirs.replace(".1002.", ".1001."))),
        ("a bounce's token in an answer", format!("In-Reply-To: <{bounce}>\r\n")),
        ("the first letter lost", format!("In-Reply-To: <{cut}>\r\n")),
        ("in upper case", format!("In-Reply-To: <{}>\r\n", answer.to_uppercase().replace('1', "l"))),
        (
            "its domain another's",
            format!(
                "In-Reply-To: <{}@zlo.example>\r\n",
                answer.split('@').next().unwrap_or_default().replace("pd.", "pd.x")
            ),
        ),
        ("twice with a wrong one between", format!("References: <{cut}> <x@y.example> <{theirs}>\r\n")),
        (
            "in a field of nobody's",
            format!("X-In-Reply-To: <{notify}>\r\nThread-Index: {notify}\r\nOriginal-Message-ID: <{notify}>\r\n"),
        ),
        (
            "in the greeting of a plus-address",
            format!("To: podpora+{}@acme.example\r\n", keys.address_detail(TokenKind::Bounce, 1001, VICTIM)),
        ),
        (
            "at a mailbox without plus",
            format!("To: obchod+{}@acme.example\r\n", keys.address_detail(TokenKind::Agent, 1001, "jana")),
        ),
    ] {
        attacks.push(himself(format!("hidden token, {what}"), proven(ATTACKER, &fields, "x", "#close\nČo je nové?")));
        attacks.push(forged(
            format!("hidden token, {what}, as the agent"),
            unproven("jana@acme.example", &fields, "x", "#close\nHotovo"),
        ));
        attacks.push(forged(
            format!("hidden token, {what}, as the victim"),
            unproven(VICTIM, &format!("Cc: {ATTACKER}\r\n{fields}"), "x", "Odteraz aj kolega."),
        ));
    }
    attacks
}

/// Machines' clothes, and letters to the desk's own reader.
fn clothes(bench: &Bench) -> Vec<Attack> {
    let answer = bench.sent("answer").message_id;
    let re = format!("In-Reply-To: <{answer}>\r\n");
    let failed = |author: &str| {
        let domain = author.rsplit_once('@').map_or("", |(_, d)| d);
        format!("Authentication-Results: mx.acme.example; dmarc=fail header.from={domain}\r\n")
    };
    let mut attacks = Vec::new();
    for fields in [
        "Auto-Submitted: auto-replied\r\n",
        "X-Autoreply: yes\r\n",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n",
        "Precedence: auto_reply\r\nX-Auto-Response-Suppress: All\r\n",
    ] {
        for author in [VICTIM, "jana@acme.example"] {
            let mail =
                unproven(author, &format!("{re}{fields}"), "Re: x", "Odteraz píšte na utok@zlo.example. TAJNE-9");
            attacks.push(forged(format!("failed {author} as a machine, {fields}"), failed(author) + &mail));
        }
    }
    // Lines that end a mail for another server, in what may be relayed; commands; an address that the desk should write to.
    for text in [
        "x\r\n.\r\nMAIL FROM:<a@zlo.example>\r\nRCPT TO:<druhy@zlo.example>\r\nDATA\r\n",
        "x\n.\nMAIL FROM:<a@zlo.example>\nRCPT TO:<druhy@zlo.example>\nDATA\n",
        "x\r.\rRCPT TO:<druhy@zlo.example>\r",
        "x\r\n.\nRCPT TO:<druhy@zlo.example>\r\n.\r\n",
        "\u{0}\r\n.\u{0}\r\nRCPT TO:<druhy@zlo.example>",
    ] {
        attacks.push(himself("smuggling with the token", proven(ATTACKER, "", "Re: @TOKEN@", text)));
        attacks.push(forged("smuggling as the victim", unproven(VICTIM, "", "Re: @TOKEN@", text)));
    }
    for from in [
        "\"jana@acme.example\\\"\" <utok@zlo.example>",
        "=?utf-8?Q?jana=40acme.example=00?= <utok@zlo.example>",
        "=?utf-8?B?Sm9u?= =?utf-8?Q?=3Cjana=40acme.example=3E?= <utok@zlo.example>",
        "=?utf-8?Q?=E2=80=AEelpmaxe.emca=40anaj?= <utok@zlo.example>",
        "\"Jana Nov\u{e1}kov\u{e1} via podpora@acme.example\" <utok@zlo.example>",
        "=?utf-8?Q?Jana=0D=0ABcc:_druhy=40zlo.example?= <utok@zlo.example>",
        "\"ACME podpora\" <podpora@xn--acme-6ve.example>",
        "<podpora@acme.example.zlo.example>",
        "Jana <jana@xn--cme-7cd.example>", // а for a
        "Jana <jana@аcme.example>",        // the same as it is read
    ] {
        let mail = proven(from, "", "Re: @TOKEN@ x", "#close\nHeslo je 1234");
        let mut attack = himself(format!("name {from}"), mail);
        attack.as_himself = true;
        attacks.push(attack);
    }
    attacks
}

#[test]
fn who_has_read_everything_gets_nowhere() {
    let mut count = 0;
    let kinds: [fn(&Bench) -> Vec<Attack>; 4] = [|_| blocks(), |_| verdicts(), tokens, clothes];
    for kind in kinds {
        let bench = Bench::new();
        for mut attack in kind(&bench) {
            attack.raw = attack.raw.replace("@TOKEN@", &bench.token(1001));
            let before = (bench.ticket(1001).status, bench.ticket(1001).owner);
            bench.pass(SignedDuration::from_hours(25));
            let came = bench.take(&attack.raw);
            assert!(came.to("answer").is_empty(), "{}: an agent's answer left", attack.what);
            assert_eq!(before.1, bench.ticket(1001).owner, "{}", attack.what);
            if attack.what.starts_with("failed ") {
                assert_eq!(came.fate(), "quarantined", "{}", attack.what);
            }
            restore(&bench);
            harmless_but_for_himself(&bench, &attack, &came);
            count += 1;
        }
    }
    assert!(count >= 200, "{count} attacks");
}

/// As [`harmless`]; one who is himself under another address of his is answered there.
fn harmless_but_for_himself(bench: &Bench, attack: &Attack, came: &super::bench::Came) {
    let elsewhere = came.sent.iter().any(|s| {
        let to = s.row.to.email.as_str();
        attack.as_himself && to != ATTACKER && !to.ends_with("@acme.example") && !to.ends_with("@firma.example")
    });
    if !elsewhere {
        return harmless(bench, attack, came);
    }
    for sent in came.sent.iter().filter(|s| !s.row.to.email.ends_with("@acme.example")) {
        assert!(sent.row.template.starts_with("acknowledgement"), "{}: {}", attack.what, sent.row.template);
        assert!(
            attack.raw.contains("xn--") || attack.raw.contains("zlo.example") || !attack.raw.is_ascii(),
            "{}",
            attack.what
        );
        let readable = sent.readable();
        for secret in super::bench::SECRETS {
            assert!(!readable.contains(secret), "{}: {secret} in {readable}", attack.what);
        }
    }
    assert!(bench.ticket(1001).participants.is_empty(), "{}", attack.what);
}

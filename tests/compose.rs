//! Every mail that the desk writes, re-read by another parser: one From, one To, one Subject, nothing of the input in
//! the header block, 7-bit, the same bytes again.

use std::collections::BTreeMap;

use mail_parser::{MessageParser, MimeHeaders as _};
use postdesk::compose::compose;
use postdesk::model::outgoing::{Addressee, MARKER, Template, Value};
use postdesk::model::token::{Key, KeyRing, TokenKind};
use postdesk::model::{
    Action, AddrSpec, Address, Agent, Attachment, Commit, Decision, Digest, Draft, Fate, Language, Mailbox,
    OutgoingMail, Policy, Priority, Status, Ticket, desk,
};
use proptest::prelude::*;

fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("a valid address")
}

fn policy() -> Policy {
    let agent = |name: &str, display: &str| Agent {
        name: name.into(),
        display: display.into(),
        addresses: vec![spec(&format!("{name}@acme.example"))],
        language: None,
        away: vec![],
        disabled: false,
    };
    Policy {
        desk: desk::Desk {
            name: "ACME podpora".into(),
            prefix: "ACME".into(),
            domain: "desk.acme.example".into(),
            language: Language::Sk,
            timezone: jiff::tz::TimeZone::get("Europe/Bratislava").expect("bundled"),
            owner: desk::Assignee::Agent("jana".into()),
            operator: None,
            reopen_days: 30,
        },
        mailboxes: vec![Mailbox {
            name: "support".into(),
            address: spec("podpora@acme.example"),
            aliases: vec![],
            owner: None,
            language: None,
            start: desk::Start::New,
            observe: false,
            believe: vec![],
            hops: 1,
            plus: true,
        }],
        agents: vec![agent("jana", "Jana Nováková"), agent("peter", "Peter Horvat")],
        groups: vec![],
        categories: vec![],
        budgets: desk::Budgets::default(),
        keys: KeyRing::new(vec![Key { id: '1', secret: [7; 32] }]).expect("not empty"),
        texts: BTreeMap::new(),
    }
}

fn at() -> jiff::Timestamp {
    "2026-11-20T09:15:00Z".parse().expect("a time")
}

fn ticket(subject: &str, requester: Address) -> Ticket {
    Ticket {
        number: 1042,
        subject: subject.into(),
        status: Status::New,
        category: Some("billing".into()),
        priority: Priority::High,
        language: Language::Sk,
        mailbox: "support".into(),
        requester,
        contact: None,
        organisation: Some("Firma s. r. o.".into()),
        verified: true,
        restricted: false,
        owner: Some("jana".into()),
        group: None,
        participants: vec![],
        created_at: at(),
        updated_at: at(),
        first_response_due_at: None,
        resolve_due_at: None,
        first_responded_at: None,
        resolved_at: None,
        snoozed_until: None,
        merged_into: None,
        linked: vec![],
        thread: vec![],
        entries: 1,
    }
}

fn attachment(name: &str, media_type: &str, content: &[u8]) -> Attachment {
    Attachment {
        name: Some(name.into()),
        media_type: media_type.into(),
        disposition: "attachment".into(),
        cid: None,
        content: content.into(),
        sha256: Digest::of(content),
    }
}

fn customer() -> Address {
    Address::new(Some("Ján Malý"), "jan.maly@firma.example")
}

fn draft(template: Template, language: Language) -> Draft {
    let (addressee, to, author) = match template {
        Template::Acknowledgement | Template::AcknowledgementMinimal => (Addressee::Customer, customer(), None),
        Template::Answer => {
            (Addressee::Customer, customer(), Some(Address::new(Some("jana z domu"), "jana@acme.example")))
        }
        Template::Alarm => (Addressee::Operator, Address::new(None, "spravca@acme.example"), None),
        _ => (
            Addressee::Agent("jana".into()),
            Address::new(Some("Jana Nováková"), "jana@acme.example"),
            Some(customer()),
        ),
    };
    let text = |t: &str| Value::Text(t.into());
    let list = |l: &[&str]| Value::List(l.iter().map(|s| (*s).to_owned()).collect());
    Draft {
        template,
        addressee,
        to,
        cc: vec![],
        mailbox: "support".into(),
        language,
        ticket: (template != Template::Alarm).then(|| ticket("Re: Faktúra č. 7 [ACME-1042]", customer())),
        in_reply_to: Some("q1@firma.example".into()),
        references: vec!["q0@firma.example".into(), "not an id".into()],
        text: "Dobrý deň,\r\n\r\nfaktúra nesedí = 3 € navyše.\r\n.\r\nJán".into(),
        author,
        attachments: vec![attachment("faktúra č. 7.pdf", "application/pdf", b"%PDF-1.4\nx\n")],
        values: BTreeMap::from([
            ("sender", text("Ján Malý <jan.maly@firma.example>")),
            ("believed", text("verified")),
            ("strength", text("strong")),
            ("believed_because", text("dmarc=pass")),
            ("contact_note", text("Volať po desiatej")),
            ("earlier", list(&["1007 VPN (closed)"])),
            ("why", text("category:billing")),
            ("warnings", list(&["restricted", "a sentence of the desk's"])),
            ("actor", text("Peter Horvat")),
            ("asks", list(&["číslo faktúry"])),
            ("because", text("unknown-command")),
            ("understood", list(&["#close"])),
            ("not_understood", list(&["#clse"])),
            ("recipient", text("jan.maly@firma.example")),
            ("report", text("550 5.1.1 no such user")),
            ("what", list(&["The disk is full"])),
        ]),
        cause: "digest-of-the-mail".into(),
        at: at(),
    }
}

fn run(draft: Draft, policy: &Policy) -> Commit {
    let mut decision = Decision::new(Action::NewTicket, Fate::Order);
    decision.outgoing.push(draft);
    compose(decision, policy)
}

fn mail(draft: Draft) -> OutgoingMail {
    let mut commit = run(draft, &policy());
    assert_eq!(commit.reasons, Vec::<String>::new());
    commit.outgoing.pop().expect("one mail")
}

/// Header fields by a reading of our own: unfolded `(name, value)`, and the body.
fn fields(bytes: &[u8]) -> (Vec<(String, String)>, String) {
    let text = String::from_utf8(bytes.to_vec()).expect("ASCII");
    let (head, body) = text.split_once("\r\n\r\n").expect("an empty line after the header");
    let mut out: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            out.last_mut().expect("not folded at first").1.push_str(line);
        } else {
            let (name, value) = line.split_once(':').expect("a field");
            out.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }
    (out, body.to_owned())
}

const KNOWN: &[&str] = &[
    "Date",
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// What must hold for every mail, whatever was put into its draft.
fn hold(mail: &OutgoingMail) {
    let bytes = &mail.bytes;
    assert!(
        bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | b'\t' | 0x20..=0x7e)),
        "not 7-bit, or a control character"
    );
    let text = std::str::from_utf8(bytes).expect("ASCII");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "a line over 998 octets");

    let (fields, body) = fields(bytes);
    assert!(body.split("\r\n").all(|line| line.len() <= 78), "a body line over 78 octets");
    for (name, _) in &fields {
        assert!(KNOWN.contains(&name.as_str()), "a field that the desk does not write: {name}");
        assert_eq!(fields.iter().filter(|(n, _)| n == name).count(), 1, "{name} twice");
    }
    for needed in ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"] {
        assert!(fields.iter().any(|(n, _)| n == needed), "no {needed}");
    }

    let read = MessageParser::default().parse(bytes.as_slice()).expect("another parser reads it");
    let one = |value: Option<&mail_parser::Address<'_>>| {
        let all: Vec<(Option<String>, String)> = value
            .map(|list| {
                list.clone()
                    .into_list()
                    .into_iter()
                    .map(|a| (a.name.map(|n| n.into_owned()), a.address.unwrap_or_default().into_owned()))
                    .collect()
            })
            .unwrap_or_default();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    };
    let (from_name, from) = one(read.from());
    let (to_name, to) = one(read.to());
    assert_eq!(from, "podpora@acme.example");
    assert_eq!(to, mail.to.email);
    assert_eq!(to_name, mail.to.name);
    assert_eq!(read.subject(), Some(mail.subject.as_str()));
    assert_eq!(read.message_id(), Some(mail.message_id.as_str()));
    for shown in [from_name.as_deref(), to_name.as_deref(), read.subject()].into_iter().flatten() {
        assert!(!shown.chars().any(char::is_control), "a control character in {shown:?}");
    }
    assert_eq!(read.body_text(0).expect("text").replace("\r\n", "\n").trim_end(), mail.text.trim_end());
    for part in read.attachments() {
        let name = part.attachment_name().expect("every attachment has a name");
        assert!(!name.contains(['/', '\\', '\r', '\n', '\0']) && !name.starts_with('.'), "{name:?}");
    }
}

#[test]
fn every_template_in_every_language_is_a_sound_mail() {
    for &template in Template::ALL {
        for language in Language::ALL {
            let made = mail(draft(template, language));
            hold(&made);
            assert_eq!(made, mail(draft(template, language)), "{template} {language}: other bytes");
            assert!(!made.text.contains("{{") && !made.text.contains("{%"), "{}", made.text);
        }
    }
}

#[test]
fn every_template_bears_the_absence_of_all_values() {
    for &template in Template::ALL {
        for language in Language::ALL {
            let bare = Draft {
                values: BTreeMap::new(),
                author: None,
                text: String::new(),
                attachments: vec![],
                in_reply_to: None,
                references: vec![],
                ..draft(template, language)
            };
            let made = mail(bare);
            hold(&made);
            assert!(!made.text.contains("none") && !made.text.contains("undefined"), "{}", made.text);
        }
    }
}

/// The value of a field of the finished mail.
fn field(mail: &OutgoingMail, name: &str) -> Option<String> {
    fields(&mail.bytes).0.into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

const TO_AGENTS: [Template; 4] =
    [Template::NotifyNew, Template::NotifyReply, Template::NotifyAssigned, Template::NotifyNote];

#[test]
fn marks_and_return_paths_are_those_of_the_rules() {
    let mailbox = Some(spec("podpora@acme.example"));
    for &template in Template::ALL {
        let made = mail(draft(template, Language::En));
        let submitted = field(&made, "Auto-Submitted");
        let suppress = field(&made, "X-Auto-Response-Suppress");
        match template {
            Template::Acknowledgement | Template::AcknowledgementMinimal => {
                assert_eq!(submitted.as_deref(), Some("auto-replied"));
                assert_eq!(suppress.as_deref(), Some("All"));
                assert_eq!(made.envelope_from, None);
            }
            Template::Answer => {
                assert_eq!((submitted, suppress, field(&made, "Content-Language")), (None, None, None));
                let from = made.envelope_from.expect("an answer that bounces comes back");
                let keys = policy().keys;
                let proven = keys.prove_address_detail(from.subaddress().1.expect("a detail")).expect("signed");
                assert_eq!((proven.ticket, proven.kind), (1042, TokenKind::Bounce));
            }
            Template::Refused | Template::NotifyBounce | Template::Alarm => {
                assert_eq!(submitted.as_deref(), Some("auto-generated"));
                assert_eq!(made.envelope_from, None, "{template}");
            }
            _ => {
                assert_eq!(submitted.as_deref(), Some("auto-generated"));
                assert_eq!(made.envelope_from, mailbox, "{template}");
            }
        }
    }
}

#[test]
fn a_mailbox_without_plus_addresses_has_none() {
    let mut policy = policy();
    policy.mailboxes[0].plus = false;
    for &template in Template::ALL {
        let made = run(draft(template, Language::En), &policy).outgoing.pop().expect("one mail");
        assert_eq!(field(&made, "Reply-To"), None);
        assert!(made.envelope_from.is_none_or(|from| from == spec("podpora@acme.example")));
    }
}

#[test]
fn ids_and_reply_addresses_are_bound_to_their_reader() {
    let keys = policy().keys;
    for &template in Template::ALL {
        let made = mail(draft(template, Language::Sl));
        let (kind, who) = match template {
            Template::Alarm => (TokenKind::Bounce, "operator"),
            Template::Acknowledgement | Template::AcknowledgementMinimal | Template::Answer => {
                (TokenKind::Customer, "jan.maly@firma.example")
            }
            _ => (TokenKind::Agent, "jana"),
        };
        let proven = keys.prove_message_id(&made.message_id).expect("signed");
        assert_eq!(proven.kind, kind, "{template}");
        assert!(keys.is_for(&proven, who));
        let reply_to = field(&made, "Reply-To");
        assert_eq!(reply_to.is_some(), template != Template::Alarm);
        if let Some(reply_to) = reply_to {
            let address = spec(&reply_to);
            let proven = keys.prove_address_detail(address.subaddress().1.expect("a detail")).expect("signed");
            assert_eq!((proven.kind, proven.ticket), (kind, 1042));
        }
    }
}

#[test]
fn other_causes_and_other_templates_have_other_ids() {
    let id = |template, cause: &str| mail(Draft { cause: cause.into(), ..draft(template, Language::En) }).message_id;
    assert_eq!(id(Template::NotifyNew, "a"), id(Template::NotifyNew, "a"));
    assert_ne!(id(Template::NotifyNew, "a"), id(Template::NotifyNew, "b"));
    assert_ne!(id(Template::NotifyNew, "a"), id(Template::NotifyAssigned, "a"));
}

#[test]
fn all_notifications_on_a_ticket_hang_on_one_root() {
    let first = |template, cause: &str| {
        let made = mail(Draft { cause: cause.into(), ..draft(template, Language::Hr) });
        let references = field(&made, "References").expect("references");
        assert!(!references.contains("firma.example"), "an agent never got the customer's mails: {references}");
        references.split_whitespace().next().expect("one").to_owned()
    };
    let root = first(Template::NotifyNew, "a");
    for template in TO_AGENTS {
        assert_eq!(first(template, "b"), root);
    }
    let subject = |template| mail(draft(template, Language::Hr)).subject;
    assert!(TO_AGENTS.iter().all(|&t| subject(t) == subject(Template::NotifyNew)), "clients that thread by subject");
}

#[test]
fn no_id_made_for_an_agent_reaches_a_customer() {
    let notification = mail(draft(Template::NotifyNew, Language::Sk));
    let leaky = Draft {
        in_reply_to: Some(notification.message_id.clone()),
        references: vec!["q1@firma.example".into(), notification.message_id.clone()],
        ..draft(Template::Answer, Language::Sk)
    };
    let made = mail(leaky);
    assert!(!String::from_utf8_lossy(&made.bytes).contains(&notification.message_id));
    assert_eq!(field(&made, "References").as_deref(), Some("<q1@firma.example>"));
    assert_eq!(field(&made, "In-Reply-To"), None);
}

#[test]
fn the_minimal_acknowledgement_has_no_word_of_the_sender() {
    for language in Language::ALL {
        let forged = Draft {
            to: Address::new(Some("Kliknite SEM www.podvod.example"), "obet@firma.example"),
            cc: vec![Address::new(Some("Kliknite SEM"), "dalsia@obet.example")],
            ticket: Some(ticket("Kliknite SEM www.podvod.example", customer())),
            text: "Kliknite SEM".into(),
            author: Some(Address::new(Some("Kliknite SEM"), "obet@firma.example")),
            values: BTreeMap::from([("name", Value::Text("Kliknite SEM".into()))]),
            in_reply_to: None,
            references: vec![],
            ..draft(Template::AcknowledgementMinimal, language)
        };
        let made = mail(forged);
        let read = MessageParser::default().parse(made.bytes.as_slice()).expect("readable");
        let all = format!("{:?} {} {}", fields(&made.bytes).0, read.subject().unwrap_or_default(), made.text);
        for word in ["Kliknite", "podvod", "dalsia"] {
            assert!(!all.contains(word), "{language}: {word} in {all}");
        }
        assert!(made.subject.starts_with("[ACME-1042-"));
        assert_eq!(made.to.name, None);
        assert_eq!(read.attachment_count(), 0);
    }
}

#[test]
fn an_answer_shows_the_desk_and_never_the_agents_own_address() {
    for author in [
        Some(Address::new(Some("jana z domu"), "jana@acme.example")),
        Some(Address::new(Some("jana@doma.example"), "jana@doma.example")),
        Some(Address::new(None, "jana@doma.example")),
        None,
    ] {
        let known = author.as_ref().is_some_and(|a| a.email == "jana@acme.example");
        let made = mail(Draft { author, ..draft(Template::Answer, Language::Cs) });
        assert!(!made.text.contains("jana@") && !String::from_utf8_lossy(&made.bytes).contains("jana@"));
        assert!(made.text.ends_with(if known {
            "-- \nJana Nováková\nACME podpora\n"
        } else {
            "-- \nACME podpora\n"
        }));
        assert_eq!(made.subject, format!("Re: Faktúra č. 7 {}", policy().keys.subject_token("ACME", 1042)));
    }
}

#[test]
fn the_text_of_a_notification_never_leaves_towards_a_customer() {
    let quoted = format!("Dobrý deň\n\n> {MARKER}: x\n> Poznámka ku kontaktu: neplatí\n");
    let commit = run(Draft { text: quoted, ..draft(Template::Answer, Language::Sk) }, &policy());
    assert!(commit.outgoing.is_empty());
    assert_eq!(commit.alarms.len(), 1);
}

#[test]
fn a_draft_that_cannot_be_a_mail_is_an_alarm_and_the_others_go() {
    let bad = [
        Draft { to: Address::new(None, "\"x\"@firma.example"), ..draft(Template::Answer, Language::Sk) },
        Draft { to: Address::new(None, "a@b.example\r\nBcc: c@d.example"), ..draft(Template::Answer, Language::Sk) },
        Draft { mailbox: "nowhere".into(), ..draft(Template::Acknowledgement, Language::Sk) },
        Draft { ticket: None, ..draft(Template::NotifyNew, Language::Sk) },
    ];
    let mut decision = Decision::new(Action::Relay, Fate::Order);
    decision.outgoing.extend(bad.iter().cloned());
    decision.outgoing.push(draft(Template::Acknowledgement, Language::Sk));
    let commit = compose(decision, &policy());
    assert_eq!(commit.outgoing.len(), 1);
    assert_eq!((commit.alarms.len(), commit.reasons.len()), (bad.len(), bad.len()));
    assert!(commit.alarms.iter().all(|alarm| !alarm.contains('@')), "alarms are logged: {:?}", commit.alarms);
    assert!(commit.alarms[0].contains("answer") && commit.alarms[0].contains("1042"));

    let alarm = Draft { to: Address::new(None, "nobody"), ..draft(Template::Alarm, Language::Sk) };
    let commit = run(alarm, &policy());
    assert_eq!((commit.outgoing.len(), commit.alarms.len(), commit.reasons.len()), (0, 0, 1));
}

#[test]
fn the_answer_goes_above_a_marker_that_no_client_wraps() {
    for language in Language::ALL {
        for &template in Template::ALL {
            let made = mail(draft(template, language));
            if !field(&made, "Reply-To").is_some_and(|r| r.contains("+1a-")) {
                assert!(!made.text.contains(MARKER));
                continue;
            }
            let mut lines = made.text.lines();
            assert_eq!(lines.next(), Some(""), "room for the answer");
            let line = lines.next().expect("a marker line");
            assert!(line.starts_with(MARKER) && line.chars().count() <= 72, "{line}");
        }
    }
}

#[test]
fn an_agent_reads_the_warnings_before_anything_else() {
    let values = |words: &[&str]| {
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        BTreeMap::from([("warnings", Value::List(words)), ("believed", Value::Text("failed".into()))])
    };
    for language in Language::ALL {
        let made = mail(Draft {
            values: values(&["failed", "external", "unauthenticated", "restricted", "closed-before", "x y"]),
            ..draft(Template::NotifyReply, language)
        });
        let warnings: Vec<&str> = made.text.lines().skip(3).take_while(|l| l.starts_with("!! ")).collect();
        assert_eq!(warnings.len(), 6, "{}", made.text);
        assert_eq!(warnings[5], "!! x y");
        for word in ["failed", "external", "unauthenticated", "restricted", "closed-before"] {
            assert!(!warnings.contains(&format!("!! {word}").as_str()), "{language}: {word} is not translated");
        }
    }
}

#[test]
fn too_large_attachments_are_named_in_a_notification_and_go_with_an_answer() {
    let mut large = attachment("záznam.bin", "application/octet-stream", b"");
    large.content = vec![0_u8; 16 << 20].into();
    let with = |template| Draft {
        attachments: vec![large.clone(), attachment("malá.txt", "text/plain", "čaj\n".as_bytes())],
        ..draft(template, Language::En)
    };
    let notified = mail(with(Template::NotifyNew));
    assert!(notified.bytes.len() < 1 << 20);
    assert!(notified.text.contains("  - záznam.bin\n") && !notified.text.contains("malá.txt"));
    hold(&notified);
    assert!(mail(with(Template::Answer)).bytes.len() > 16 << 20);
}

#[test]
fn an_observing_mailbox_marks_its_mails() {
    let mut policy = policy();
    policy.mailboxes[0].observe = true;
    assert!(run(draft(Template::Acknowledgement, Language::Sk), &policy).outgoing[0].observed);
    assert!(!mail(draft(Template::Acknowledgement, Language::Sk)).observed);
}

#[test]
fn the_operators_text_wins_unless_it_fails_and_nobody_elses_is_a_template() {
    let mut policy = policy();
    let own =
        |text: &str| BTreeMap::from([(Language::En, BTreeMap::from([("signature".to_owned(), text.to_owned())]))]);
    let answer = Draft { text: "{{ desk }} {% if %}".into(), ..draft(Template::Answer, Language::En) };
    policy.texts = own("{{ agent }} of {{ desk }}");
    let made = run(answer.clone(), &policy).outgoing.pop().expect("one mail");
    assert_eq!(made.text, "{{ desk }} {% if %}\n\n-- \nJana Nováková of ACME podpora\n");
    for broken in ["{{ telephone }}", "{{ agent"] {
        policy.texts = own(broken);
        assert!(!postdesk::compose::check(&policy.texts).is_empty());
        let made = run(answer.clone(), &policy).outgoing.pop().expect("one mail");
        assert_eq!(made.text, "{{ desk }} {% if %}\n\n-- \nJana Nováková\nACME podpora\n");
    }
}

/// `POSTDESK_BLESS=1 cargo test --test compose` writes the golden mails anew; read the difference before committing it.
#[test]
fn the_golden_mails_are_as_they_were_read_and_approved() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/compose");
    for (template, language) in [
        (Template::Acknowledgement, Language::Sk),
        (Template::AcknowledgementMinimal, Language::Hr),
        (Template::Answer, Language::Cs),
        (Template::NotifyNew, Language::En),
        (Template::NotifyBounce, Language::Sl),
        (Template::Refused, Language::De),
    ] {
        let made = mail(draft(template, language));
        let path = format!("{folder}/{template}-{language}.eml");
        if std::env::var_os("POSTDESK_BLESS").is_some() {
            std::fs::create_dir_all(folder).expect("writable");
            std::fs::write(&path, &made.bytes).expect("writable");
        }
        let golden = std::fs::read(&path).expect("the golden mail");
        assert_eq!(String::from_utf8_lossy(&made.bytes), String::from_utf8_lossy(&golden), "{path}");
    }
}

#[test]
fn header_lines_of_ordinary_mails_are_short() {
    for &template in Template::ALL {
        for language in Language::ALL {
            let made = mail(draft(template, language));
            let text = String::from_utf8(made.bytes).expect("ASCII");
            let (head, _) = text.split_once("\r\n\r\n").expect("a header");
            // A Message-ID cannot be folded (RFC 5322 section 2.1.1 asks for 78, demands 998).
            for line in head.split("\r\n").filter(|l| !l.contains('@')) {
                assert!(line.len() <= 78, "{template} {language}: {line}");
            }
        }
    }
}

/// What strangers put into names, subjects and texts.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(vec![
        "\r\nBcc: evil@attacker.example",
        "\n\n<html>",
        "\r",
        "\0",
        "=?utf-8?q?a=0D=0ABcc:_x@attacker.example?=",
        "=\u{200b}?utf-8?q?a=0D=0ABcc:_x@attacker.example?=",
        "\u{202e}gpj.exe",
        "\u{feff}\u{200b}",
        "\" <evil@attacker.example>",
        "\\\"",
        "[ACME-1042-00000000]",
        "Re: Re: ",
        "../../etc/passwd",
        "\r\n.\r\n",
        "--=_00000000000000000000000000000000\r\n",
        "{{ desk }}{% raw %}",
        "Žltý kôň, ďakujem",
        "日本語の長い件名です",
        "👩‍🔧",
        "a@b.example, c@d.example",
    ]);
    proptest::collection::vec(
        prop_oneof![nasty.prop_map(str::to_owned), "\\PC{0,30}", "[\\x00-\\x7f]{0,90}", "[a-z]{0,300}"],
        0..4,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_the_input_becomes_structure(
        (name, subject, text, id, file) in (hostile(), hostile(), hostile(), hostile(), hostile()),
        (media_type, value, cause) in ("[a-z]{0,5}/?[a-z+.-]{0,9}|\\PC{0,9}", hostile(), hostile()),
        (template, language) in (0..Template::ALL.len(), 0..Language::ALL.len()),
    ) {
        let base = draft(Template::ALL[template], Language::ALL[language]);
        let who = Address { name: Some(name.clone()), email: base.to.email.clone() };
        let values = base.values.keys().map(|k| (*k, Value::Text(value.clone()))).collect();
        let hostile = Draft {
            ticket: base.ticket.as_ref().map(|_| ticket(&subject, who.clone())),
            to: who.clone(),
            cc: vec![Address { name: Some(name.clone()), email: "x@y.example".into() }, Address::new(Some(&name), &id)],
            author: Some(Address { name: Some(name), email: id.clone() }),
            in_reply_to: Some(id.clone()),
            references: vec![id.clone(), format!("{id}@x")],
            attachments: vec![attachment(&file, &media_type, text.as_bytes())],
            text,
            values,
            cause,
            ..base
        };
        let made = mail(hostile.clone());
        hold(&made);
        prop_assert_eq!(made, mail(hostile));
    }

    #[test]
    fn every_address_that_the_desk_writes_to_can_be_written(
        local in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9_-]{1,20}){0,2}",
        domain in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,20}[a-z0-9])?){1,3}",
    ) {
        let email = format!("{local}@{domain}").to_ascii_lowercase();
        prop_assume!(AddrSpec::parse(&email).is_ok());
        let made = mail(Draft { to: Address::new(Some("X"), &email), ..draft(Template::Answer, Language::En) });
        prop_assert_eq!(&made.to.email, &email);
        hold(&made);
    }
}

//! Every mail that the desk writes, re-read by another parser: one From, one To, one Subject, nothing of the input in
//! the header block, 7-bit, the same bytes again.

use std::collections::BTreeMap;

use mail_parser::{MessageParser, MimeHeaders as _};
use postdesk::compose::compose;
use postdesk::model::outgoing::{Addressee, Template, Value};
use postdesk::model::token::{Key, KeyRing};
use postdesk::model::{
    Action, AddrSpec, Address, Agent, Attachment, Commit, Decision, Digest, Draft, Fate, Language, Mailbox,
    OutgoingMail, Policy, Priority, Status, Ticket, desk,
};

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

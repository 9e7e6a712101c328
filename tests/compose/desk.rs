//! A desk, a ticket, and a draft of every kind with everything in it.

use std::collections::BTreeMap;

use postdesk::compose::compose;
use postdesk::model::digest::{Digest, Line, Pile, Week};
use postdesk::model::outgoing::{Addressee, Template, Value};
use postdesk::model::token::{Key, KeyRing};
use postdesk::model::{
    Action, AddrSpec, Address, Agent, Attachment, Commit, Decision, Draft, Fate, Language, Mailbox, OutgoingMail,
    Policy, Priority, Status, Ticket, desk,
};

pub fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("a valid address")
}

pub fn policy() -> Policy {
    let agent = |name: &str, display: &str| Agent {
        name: name.into(),
        display: display.into(),
        addresses: vec![spec(&format!("{name}@acme.example"))],
        language: None,
        away: vec![],
        pager: None,
        digest: None,
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
            agents: Default::default(),
            weekly: None,
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
        promises: Default::default(),
        templates: Default::default(),
        articles: Default::default(),
        packages: Default::default(),
        looks: Default::default(),
    }
}

pub fn at() -> jiff::Timestamp {
    "2026-11-20T09:15:00Z".parse().expect("a time")
}

pub fn ticket(subject: &str, requester: Address) -> Ticket {
    Ticket {
        subject: subject.into(),
        category: Some("billing".into()),
        priority: Priority::High,
        organisation: Some("Firma s. r. o.".into()),
        verified: true,
        owner: Some("jana".into()),
        entries: 1,
        ..Ticket::opened(1042, "support", requester, Language::Sk, at())
    }
}

pub fn attachment(name: &str, media_type: &str, content: &[u8]) -> Attachment {
    Attachment {
        name: Some(name.into()),
        media_type: media_type.into(),
        disposition: "attachment".into(),
        cid: None,
        content: content.to_vec().into(),
        size: content.len(),
        sha256: postdesk::model::Digest::of(content),
        span: None,
    }
}

pub fn customer() -> Address {
    Address::new(Some("Ján Malý"), "jan.maly@firma.example")
}

pub fn draft(template: Template, language: Language) -> Draft {
    let (addressee, to, author) = match template {
        Template::Acknowledgement
        | Template::AcknowledgementMinimal
        | Template::Reminder
        | Template::Closed
        | Template::Resolved => (Addressee::Customer, customer(), None),
        Template::Answer => {
            (Addressee::Customer, customer(), Some(Address::new(Some("jana z domu"), "jana@acme.example")))
        }
        Template::Confirm | Template::ConfirmOver => (
            Addressee::Registered { hold: 17, who: "jana".into() },
            Address::new(Some("Jana Nováková"), "jana@acme.example"),
            None,
        ),
        Template::Page => (Addressee::Operator, Address::new(None, "421900000000@sms.example"), None),
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
        ticket: (!matches!(template, Template::Alarm | Template::Digest | Template::Weekly))
            .then(|| ticket("Re: Faktúra č. 7 [ACME-1042]", customer())),
        in_reply_to: Some("q1@firma.example".into()),
        references: vec!["q0@firma.example".into(), "not an id".into()],
        text: "Dobrý deň,\r\n\r\nfaktúra nesedí = 3 € navyše.\r\n.\r\nJán".into(),
        author,
        attachments: vec![attachment("faktúra č. 7.pdf", "application/pdf", b"%PDF-1.4\nx\n")],
        values: BTreeMap::from([
            ("kind", text("agent")),
            ("category", text("access")),
            ("minutes", Value::Number(60)),
            ("days", Value::Number(7)),
            ("who", text("jan.maly@firma.example")),
            ("denied", Value::Flag(true)),
            ("sender", text("Ján Malý <jan.maly@firma.example>")),
            ("believed", text("verified")),
            ("strength", text("strong")),
            ("believed_because", text("dmarc=pass")),
            ("contact_note", text("Volať po desiatej")),
            ("earlier", list(&["1007 VPN (closed)"])),
            ("why", text("category:billing")),
            ("warnings", list(&["restricted", "a sentence of the desk's"])),
            ("actor", text("Peter Horvat")),
            ("answer", text("Skúste to znova.\r\n\r\nPeter")),
            ("close", text("2026-12-04T07:00:00Z")),
            ("asks", list(&["číslo faktúry"])),
            ("because", text("command")),
            ("understood", list(&["#close"])),
            ("not_understood", list(&["#clse"])),
            ("recipient", text("jan.maly@firma.example")),
            ("report", text("550 5.1.1 no such user")),
            ("what", list(&["The disk is full"])),
            ("digest", Value::Digest(digest())),
            ("weeks", Value::Weeks(weeks())),
        ]),
        cause: "digest-of-the-mail".into(),
        at: at(),
    }
}

/// Two late ones, one of them without a subject, and more that nobody has than are named.
fn digest() -> Digest {
    let line = |number: i64, subject: &str, due: Option<i64>| Line {
        number,
        subject: subject.into(),
        who: "Ján Malý".into(),
        priority: Priority::High,
        status: Status::Open,
        due: due.map(|hours| at() + jiff::SignedDuration::from_hours(hours)),
        heard_at: at() - jiff::SignedDuration::from_hours(50),
    };
    let late = vec![line(1042, "Re: Faktúra č. 7 [ACME-1042]", Some(-3)), line(1040, "", Some(-1))];
    let nobodys = vec![line(1050, "VPN <b>nejde</b>", None)];
    Digest { piles: vec![(Pile::Late, 2, late), (Pile::Unassigned, 4, nobodys)] }
}

/// Eight weeks, the last of which is the best but for one, in which nothing was due.
fn weeks() -> Vec<Week> {
    let first: jiff::civil::Date = "2026-09-28".parse().expect("a day");
    let week = |n: u32| Week {
        from: first.checked_add(jiff::ToSpan::days(i64::from(7 * n))).expect("a day"),
        came: 10 + n * n % 7,
        ended: 9 + n,
        answered: 8,
        first_answer: (n != 2).then(|| jiff::SignedDuration::from_mins(i64::from(300 - 30 * n))),
        due: if n == 2 { 0 } else { 20 },
        kept: 12 + n,
    };
    (0..8).map(week).collect()
}

pub fn run(draft: Draft, policy: &Policy) -> Commit {
    let mut decision = Decision::new(Action::NewTicket, Fate::Order);
    decision.outgoing.push(draft);
    compose(decision, policy)
}

pub fn mail(draft: Draft) -> OutgoingMail {
    let mut commit = run(draft, &policy());
    assert_eq!(commit.reasons, Vec::<String>::new());
    commit.outgoing.pop().expect("one mail")
}

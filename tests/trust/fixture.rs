//! Messages, mailboxes and a policy, built by hand.

use jiff::tz::TimeZone;

use postdesk::model::desk::{Assign, Assignee, Budgets, Desk, Mailbox, Policy, Start};
use postdesk::model::message::{AuthResultsField, AutoSubmitted, Class, Reply, Structure};
use postdesk::model::token::{Key, KeyRing};
use postdesk::model::{AddrSpec, Address, Agent, Digest, Found, Group, Language, Message, Status, Ticket};

pub fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("a strict address")
}

pub fn address(text: &str) -> Address {
    Address::new(None, text)
}

/// A mail by `from` that passed one server of ours.
pub fn message(from: &str) -> Message {
    Message {
        digest: Digest([0; 32]),
        size: 1,
        message_id: vec!["m1@firma.example".into()],
        in_reply_to: vec![],
        references: vec![],
        sent_at: None,
        from: vec![address(from)],
        sender: vec![],
        reply_to: vec![],
        to: vec![address("podpora@acme.example")],
        cc: vec![],
        subject: Some("Otázka".into()),
        text: String::new(),
        html: None,
        attachments: vec![],
        reply: Reply::default(),
        forward: None,
        requester: Some(address(from)),
        auto_submitted: AutoSubmitted::No,
        class: Class::Person,
        automatic_because: vec![],
        no_acknowledgement: vec![],
        report: None,
        list: None,
        language: None,
        tokens: vec![],
        foreign_tags: vec![],
        delivered_to: vec![],
        return_path: None,
        auth_results: vec![],
        signatures: vec![],
        structure: Structure { from_fields: 1, from_raw: from.to_owned(), received: 1, ..Structure::default() },
        flags: vec![],
    }
}

/// The mail with these Authentication-Results, the uppermost first, each below so many Received lines.
pub fn with_results(mut message: Message, fields: &[(u32, &str)]) -> Message {
    for (received_above, value) in fields {
        message.auth_results.push(AuthResultsField {
            value: (*value).to_owned(),
            parsed: postdesk::parse::auth_results::parse(value),
            received_above: *received_above,
        });
    }
    message
}

pub fn mailbox(believe: &[&str], hops: u32) -> Mailbox {
    Mailbox {
        name: "support".into(),
        address: spec("podpora@acme.example"),
        aliases: vec![spec("help@acme.example")],
        owner: None,
        language: None,
        start: Start::All,
        observe: false,
        believe: believe.iter().map(|b| (*b).to_owned()).collect(),
        hops,
        plus: true,
    }
}

fn agent(name: &str, addresses: &[&str], disabled: bool) -> Agent {
    Agent {
        name: name.into(),
        display: name.into(),
        addresses: addresses.iter().map(|a| spec(a)).collect(),
        language: None,
        away: vec![],
        pager: None,
        digest: None,
        disabled,
    }
}

pub fn keys(byte: u8) -> KeyRing {
    KeyRing::new(vec![Key { id: '1', secret: [byte; 32] }]).expect("one key")
}

pub fn policy() -> Policy {
    Policy {
        desk: Desk {
            name: "ACME podpora".into(),
            prefix: "ACME".into(),
            domain: "desk.acme.example".into(),
            language: Language::from_code("sk").expect("a language of the desk"),
            timezone: TimeZone::UTC,
            owner: Assignee::Agent("jana".into()),
            operator: None,
            reopen_days: 90,
            agents: Default::default(),
            weekly: None,
        },
        mailboxes: vec![mailbox(&["mx.acme.example"], 1)],
        agents: vec![
            agent("jana", &["jana@acme.example", "jana@doma.example"], false),
            agent("peter", &["peter@acme.example"], false),
            agent("odisla", &["odisla@acme.example"], true),
        ],
        groups: vec![Group { name: "technical".into(), members: vec!["jana".into()], assign: Assign::LeastOpen }],
        categories: vec![],
        budgets: Budgets::default(),
        keys: keys(7),
        texts: Default::default(),
        promises: Default::default(),
        templates: Default::default(),
        articles: Default::default(),
        packages: Default::default(),
        looks: Default::default(),
    }
}

pub fn ticket(number: i64) -> Ticket {
    Ticket {
        subject: "Otázka".into(),
        status: Status::Open,
        verified: true,
        entries: 1,
        ..Ticket::opened(
            number,
            "support",
            address("jan@firma.example"),
            Language::from_code("sk").expect("a language of the desk"),
            jiff::Timestamp::UNIX_EPOCH,
        )
    }
}

/// The store has these tickets.
pub fn found(numbers: &[i64]) -> Found {
    Found { tickets: numbers.iter().map(|n| (*n, ticket(*n))).collect(), ..Found::default() }
}

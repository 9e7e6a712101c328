//! A small desk for the unit tests of commands.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::model::desk::{Assign, Assignee, Budgets, Desk, Start};
use crate::model::token::{Key, KeyRing};
use crate::model::{AddrSpec, Agent, Group, Language, Mailbox, Policy};

fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("a valid address")
}

fn agent(name: &str) -> Agent {
    Agent {
        name: name.into(),
        display: name.into(),
        addresses: vec![spec(&format!("{name}@acme.example"))],
        language: None,
        away: Vec::new(),
        disabled: false,
    }
}

/// jana and peter, the group technical, and one mailbox.
pub fn policy() -> Policy {
    let keys = KeyRing::new(vec![Key { id: '1', secret: [7; 32] }]).expect("one key");
    Policy {
        desk: Desk {
            name: "ACME podpora".into(),
            prefix: "ACME".into(),
            domain: "desk.acme.example".into(),
            language: Language::Sk,
            timezone: TimeZone::get("Europe/Bratislava").expect("is bundled"),
            owner: Assignee::Agent("jana".into()),
            operator: None,
            reopen_days: 14,
        },
        mailboxes: vec![Mailbox {
            name: "support".into(),
            address: spec("podpora@acme.example"),
            aliases: Vec::new(),
            owner: None,
            language: None,
            start: Start::New,
            observe: false,
            believe: Vec::new(),
            hops: 1,
            plus: true,
        }],
        agents: vec![agent("jana"), agent("peter")],
        groups: vec![Group {
            name: "technical".into(),
            members: vec!["jana".into(), "peter".into()],
            assign: Assign::LeastOpen,
        }],
        categories: Vec::new(),
        budgets: Budgets::default(),
        keys,
        texts: BTreeMap::new(),
    }
}

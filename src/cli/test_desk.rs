//! A small desk for the unit tests of commands.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

use jiff::tz::TimeZone;

use super::output::{Look, Out};
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
        pager: None,
        digest: None,
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
            agents: Default::default(),
            weekly: None,
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
        promises: Default::default(),
        templates: Default::default(),
        articles: Default::default(),
        packages: Default::default(),
        looks: Default::default(),
    }
}

/// Keeps what is written for the test.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is printed on a place that looks so.
pub fn printed(look: Look, print: impl FnOnce(&mut Out)) -> String {
    let kept = Kept::default();
    let mut out = Out::new(Box::new(kept.clone()), look);
    print(&mut out);
    let bytes = kept.0.borrow().clone();
    String::from_utf8(bytes).expect("is UTF-8")
}

/// A terminal without colour in Bratislava.
pub fn terminal() -> Look {
    Look { terminal: true, colour: false, width: 100, zone: policy().desk.timezone }
}

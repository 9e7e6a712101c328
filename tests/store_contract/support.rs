//! Mails, plans and a back end to try them on.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::facts::{Believed, Found, Lookup};
use postdesk::model::message::Reply;
use postdesk::model::outgoing::{OutgoingMail, Template};
use postdesk::model::ticket::{Direction, Entry, EntryKind, HistoryLine, Ticket, TicketChange};
use postdesk::model::{AddrSpec, Address, Content, Digest, Incoming, Language, SourceKey};
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Arrival, Ingested, Outcome, Plan, Reading, Store, pack};

/// Both traits of a store at once.
pub trait Both: Store + Reading + Send + Sync {}
impl<T: Store + Reading + Send + Sync> Both for T {}

/// A place where a back end keeps its data, and how to open it, again and again.
pub struct BackEnd {
    folder: tempfile::TempDir,
    open: fn(&Path) -> Arc<dyn Both>,
}

impl BackEnd {
    pub fn sqlite() -> Self {
        BackEnd {
            folder: tempfile::tempdir().expect("a folder"),
            open: |folder| SqliteStore::open(&folder.join("desk.db"), Options::default()).expect("opens"),
        }
    }

    pub fn open(&self) -> Arc<dyn Both> {
        (self.open)(self.folder.path())
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn noon() -> Timestamp {
    at("2026-03-02T12:00:00Z")
}

pub fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("an address")
}

/// A mail by `from`, its body being `text`, as UID `uid` of INBOX.
pub struct Mail {
    pub from: &'static str,
    pub subject: String,
    pub text: String,
    pub key: SourceKey,
    pub mailbox: &'static str,
    pub message_id: Option<String>,
    pub received_at: Timestamp,
    /// What hops wrote: differs between two copies of one mail.
    pub trace: String,
}

pub fn mail(uid: u32) -> Mail {
    Mail {
        from: "jana@firma.example",
        subject: format!("Nejde mi tlačiareň {uid}"),
        text: format!("Dobrý deň, číslo {uid}."),
        key: SourceKey::imap("INBOX", 7, uid),
        mailbox: "podpora",
        message_id: Some(format!("m{uid}@firma.example")),
        received_at: noon(),
        trace: "hop one".to_owned(),
    }
}

impl Mail {
    pub fn raw(&self) -> Vec<u8> {
        format!(
            "Received: {}\r\nFrom: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\n\r\n{}\r\n",
            self.trace,
            self.from,
            self.subject,
            self.message_id.as_deref().unwrap_or_default(),
            self.text
        )
        .into_bytes()
    }

    pub fn lookup(&self) -> Lookup {
        let content = format!("{}\n{:?}\n{}\n{}", self.from, self.message_id, self.subject, self.text);
        Lookup {
            mailbox: self.mailbox.to_owned(),
            digest: Some(Digest::of(&self.raw())),
            fingerprint: Some(Digest::of(content.as_bytes())),
            message_id: self.message_id.clone(),
            sender: Some(spec(self.from)),
            ..Lookup::default()
        }
    }

    pub fn incoming(&self) -> Incoming {
        Incoming {
            mailbox: self.mailbox.to_owned(),
            key: self.key.clone(),
            raw: self.raw().into(),
            received_at: self.received_at,
            truncated_from: None,
        }
    }

    pub fn arrival(&self, plan: Plan) -> Arrival {
        let raw = self.raw();
        Arrival {
            incoming: self.incoming(),
            lookup: self.lookup(),
            plan,
            digest: Digest::of(&raw),
            packed: pack(&raw).expect("packs"),
            from: self.from.to_owned(),
            subject: self.subject.clone(),
        }
    }

    /// The plan of a simple desk: a duplicate is one, anything else opens a ticket and is acknowledged.
    pub fn opens(&self) -> Plan {
        let (from, subject, text) = (self.from, self.subject.clone(), self.text.clone());
        let (message_id, mailbox, now) = (self.message_id.clone(), self.mailbox, self.received_at);
        Arc::new(move |found: Found| {
            if let Some(earlier) = found.duplicate {
                return Commit::new(Action::Ignore, Fate::Duplicate { ticket: earlier.ticket });
            }
            let number = found.next_ticket;
            let mut ticket = ticket(number, from, &subject, now);
            ticket.mailbox = mailbox.to_owned();
            ticket.thread.extend(message_id.clone());
            let mut commit = Commit::new(Action::NewTicket, Fate::Ticket(number));
            commit.entries.push(entry(number, 1, from, &subject, &text, message_id.clone(), now));
            ticket.entries = 1;
            commit.tickets.push(ticket);
            commit.history.push(HistoryLine {
                ticket: number,
                at: now,
                actor: "customer".to_owned(),
                change: TicketChange::Created,
                because: "A mail without a ticket".to_owned(),
            });
            commit.outgoing.push(outgoing(Template::Acknowledgement, Some(number), from, &format!("ack-{number}")));
            commit.acknowledged.push(from.to_owned());
            commit.reasons.push("It names no ticket".to_owned());
            commit
        })
    }

    pub fn opening(&self) -> Arrival {
        self.arrival(self.opens())
    }
}

pub fn ticket(number: i64, from: &str, subject: &str, now: Timestamp) -> Ticket {
    Ticket {
        subject: subject.to_owned(),
        verified: true,
        ..Ticket::opened(number, "podpora", Address::new(None, from), Language::Sk, now)
    }
}

pub fn entry(
    ticket: i64,
    seq: u32,
    from: &str,
    subject: &str,
    text: &str,
    message_id: Option<String>,
    now: Timestamp,
) -> Entry {
    Entry {
        ticket,
        seq,
        direction: Direction::Incoming,
        kind: EntryKind::Request,
        from: Address::new(None, from),
        to: vec![Address::new(Some("Podpora"), "podpora@acme.example")],
        at: now,
        subject: subject.to_owned(),
        text: text.to_owned(),
        reply: Reply { text: text.to_owned(), ..Reply::default() },
        attachments: Vec::new(),
        message_id,
        believed: Some(Believed::Verified),
        raw: true,
    }
}

pub fn outgoing(template: Template, ticket: Option<i64>, to: &str, id: &str) -> OutgoingMail {
    OutgoingMail {
        template,
        ticket,
        language: Language::Sk,
        mailbox: "podpora".to_owned(),
        envelope_from: None,
        to: Address::new(None, to),
        subject: format!("Re {id}"),
        message_id: format!("{id}@desk.acme.example"),
        content: Content::new(
            format!("Message-ID: <{id}@desk.acme.example>\r\n\r\nbody of {id}\r\n").into_bytes(),
            Vec::new(),
            None,
        ),
        text: format!("body of {id}"),
        observed: false,
    }
}

pub fn minutes(n: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_mins(n)
}

/// What the store finds for a lookup, at a time: told by a plan that writes nothing.
pub fn found(store: &dyn Both, lookup: &Lookup, now: Timestamp) -> Found {
    let (tell, told) = std::sync::mpsc::channel();
    let plan: Plan = Arc::new(move |found| {
        tell.send(found).expect("is heard");
        Commit::new(Action::Ignore, Fate::Order)
    });
    store.order(lookup, &plan, now).expect("looks up");
    told.recv().expect("was planned")
}

/// Has a commit made of these tickets written by an order.
pub fn put_tickets(store: &dyn Both, tickets: Vec<Ticket>) {
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.tickets = tickets;
    store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");
}

/// A plan that commits always the same.
pub fn fixed(commit: Commit) -> Plan {
    Arc::new(move |_| commit.clone())
}

/// A plan that queues these mails and nothing else.
pub fn sends(mails: Vec<OutgoingMail>) -> Plan {
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.outgoing = mails;
    fixed(commit)
}

pub fn take_in(store: &dyn Both, mail: &Mail) -> Outcome {
    let mut done = store.ingest(vec![mail.opening()], mail.received_at).expect("ingests");
    assert_eq!(done.len(), 1, "one outcome for one mail");
    done.remove(0).outcome
}

pub fn opened(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Done { fate: Fate::Ticket(number), .. } => *number,
        other => panic!("no ticket was opened: {other:?}"),
    }
}

/// The words in which a store refused something.
pub fn refusal<T: std::fmt::Debug>(result: postdesk::store::Result<T>) -> String {
    match result {
        Err(postdesk::store::StoreError::Refused(because)) => because,
        other => panic!("was not refused: {other:?}"),
    }
}

pub fn outcomes(done: Vec<Ingested>) -> Vec<Outcome> {
    done.into_iter().map(|ingested| ingested.outcome).collect()
}

//! A desk in memory with a victim's ticket in it: mails in, what left and what the ticket holds out. Everything between is
//! the real pipeline.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;
use postdesk::config::{self, CheckFiles};
use postdesk::daemon::ingest::{self, Checked};
use postdesk::daemon::order;
use postdesk::model::facts::{Contact, Organisation, OwnProof};
use postdesk::model::token::{Key, KeyRing};
use postdesk::model::{AddrSpec, Commit, Digest, Incoming, Order, OrderKind, Policy, SourceKey, Ticket};
use postdesk::store::sqlite::SqliteStore;
use postdesk::store::{Ingested, OutboxRow, Outcome, Reading as _, Store as _};

/// What only the victim and the agents may read.
pub const SECRETS: &[&str] =
    &["TAJOMSTVO-ZAKAZNIKA-4711", "ODPOVED-PRE-ZAKAZNIKA-4712", "INTERNA-POZNAMKA-KOLEGOM-4713"];
pub const VICTIM: &str = "jan@firma.example";
/// The victim's own Message-ID.
pub const FIRST_ID: &str = "first@firma.example";
/// The line of our server; below it the sender writes what he likes.
pub const RECEIVED: &str = "Received: from out.example (out.example [192.0.2.66]) by mx.acme.example (Postfix) with ESMTPS id 4Xy; Mon, 02 Nov 2026 10:00:00 +0100\r\n";

pub struct Bench {
    pub store: Arc<SqliteStore>,
    pub policy: Arc<Policy>,
    pub now: Cell<Timestamp>,
    pub shown: Cell<i64>,
    pub count: Cell<u32>,
    pub made: usize,
}

/// A mail that the desk wrote.
pub struct Sent {
    pub row: OutboxRow,
    pub bytes: Vec<u8>,
}

impl Sent {
    /// Everything in it that somebody can read, transfer encodings undone.
    pub fn readable(&self) -> String {
        let mail = MessageParser::default().parse(&self.bytes).expect("our own mail parses");
        let head: String = mail.headers_raw().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let mut all = format!("{head}{}\n", mail.subject().unwrap_or_default());
        for part in &mail.parts {
            all.push_str(&String::from_utf8_lossy(part.contents()));
        }
        all
    }

    pub fn text(&self) -> String {
        let mail = MessageParser::default().parse(&self.bytes).expect("our own mail parses");
        mail.body_text(0).unwrap_or_default().into_owned()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut lines = text.lines().take_while(|l| !l.is_empty());
        lines.find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned()))
    }
}

/// A mail taken in, and what came of it.
pub struct Came {
    pub ingested: Ingested,
    pub sent: Vec<Sent>,
    pub judged: Option<Commit>,
}

impl Came {
    pub fn fate(&self) -> String {
        match &self.ingested.outcome {
            Outcome::Done { fate, .. } => fate.word().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    pub fn alarms(&self) -> usize {
        match &self.ingested.outcome {
            // A budget that is used up is told with every mail that finds it so; the daemon tells the operator once.
            Outcome::Done { alarms, .. } => alarms.iter().filter(|a| !a.contains("acknowledgements as it may")).count(),
            _ => 0,
        }
    }

    pub fn ticket(&self) -> Option<i64> {
        match &self.ingested.outcome {
            Outcome::Done { fate, .. } => fate.ticket(),
            _ => None,
        }
    }

    pub fn to(&self, template: &str) -> Vec<&Sent> {
        self.sent.iter().filter(|s| s.row.template == template).collect()
    }

    /// `full`, `minimal` or `no`.
    pub fn acknowledged(&self) -> &'static str {
        match (self.to("acknowledgement").len(), self.to("acknowledgement-minimal").len()) {
            (0, 0) => "no",
            (1, 0) => "full",
            (0, 1) => "minimal",
            other => panic!("{other:?} acknowledgements"),
        }
    }

    pub fn believed(&self) -> String {
        let view = self.judged.as_ref().and_then(|c| c.view.as_ref()).expect("a view");
        view.authenticity.believed.word().to_owned()
    }
}

pub fn policy(prefix: &str, domain: &str, secret: u8) -> Policy {
    let text = include_str!("desk.toml").replace("prefix   = \"ACME\"", &format!("prefix = \"{prefix}\""));
    let text = text.replace("acme.example", domain);
    let config = config::parse(Path::new("/nowhere/config.toml"), &text, CheckFiles::None)
        .unwrap_or_else(|m| panic!("{}", m.iter().map(ToString::to_string).collect::<String>()));
    let keys = KeyRing::new(vec![Key { id: '1', secret: [secret; 32] }]).expect("one key");
    Policy { keys, ..config.policy }
}

fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("an address")
}

impl Bench {
    pub fn empty(policy: Policy) -> Self {
        Self::with_store(SqliteStore::scratch().expect("opens"), policy)
    }

    pub fn with_store(store: Arc<SqliteStore>, policy: Policy) -> Self {
        let organisation =
            Organisation { name: "Firma".into(), domains: vec!["firma.example".into()], ..Organisation::default() };
        let contact = Contact {
            name: Some("Ján Novák".into()),
            organisation: Some("Firma".into()),
            note: Some("Volá sa cez SEKRETARIAT-4714".into()),
            ..Contact::of(spec(VICTIM))
        };
        let now: Timestamp = "2026-11-02T10:00:00Z".parse().expect("a time");
        store.put_contacts(&[contact], &[organisation], now).expect("puts");
        Bench {
            store,
            policy: Arc::new(policy),
            now: Cell::new(now),
            shown: Cell::new(0),
            count: Cell::new(0),
            made: 0,
        }
    }

    /// With ticket 1001: the victim wrote, jana answered, peter left a note.
    pub fn new() -> Self {
        let bench = Self::empty(policy("ACME", "acme.example", 7));
        let came = bench.take(&proven(
            "Ján Novák <jan@firma.example>",
            &format!("Message-ID: <{FIRST_ID}>\r\n"),
            "Faktúra nesedí",
            &format!("Dobrý deň, {}", SECRETS[0]),
        ));
        assert_eq!((came.ticket(), came.acknowledged()), (Some(1001), "full"));
        let notified = came.to("notify-new")[0].row.message_id.clone();
        let came = bench.take(&proven(
            "Jana <jana@acme.example>",
            &format!("In-Reply-To: <{notified}>\r\n"),
            "Re: Faktúra",
            &format!("Vec je vybavená: {}", SECRETS[1]),
        ));
        assert_eq!(came.to("answer").len(), 1, "{:?}", came.ingested);
        let note = Order {
            ticket: 1001,
            actor: "peter".into(),
            what: OrderKind::Note { text: format!("{} nikomu nevravieť", SECRETS[2]) },
        };
        order::carry_out(bench.store.as_ref(), &bench.policy, &note, bench.now.get()).expect("carried out");
        bench.news();
        let made = bench.store.outbox(true).expect("reads").len();
        Bench { made, ..bench }
    }

    pub fn pass(&self, time: SignedDuration) {
        self.now.set(self.now.get() + time);
    }

    pub fn take(&self, raw: &str) -> Came {
        self.take_bytes(raw.as_bytes())
    }

    pub fn take_bytes(&self, raw: &[u8]) -> Came {
        self.take_checked("support", raw, OwnProof::default())
    }

    /// At one of the mailboxes, with what the desk's own check came to.
    pub fn take_checked(&self, mailbox: &str, raw: &[u8], proof: OwnProof) -> Came {
        self.count.set(self.count.get() + 1);
        let incoming = Incoming {
            mailbox: mailbox.into(),
            key: SourceKey::imap("INBOX", 1, self.count.get()),
            raw: raw.into(),
            received_at: self.now.get(),
            truncated_from: None,
        };
        let checked = || Checked { parsed: ingest::parse(incoming.clone()), proof: proof.clone() };
        let arrival = ingest::arrival(checked(), &self.policy, self.now.get()).expect("is read");
        let judged = self.store.rehearse(&arrival).ok();
        let mut ingested =
            ingest::take_in(self.store.as_ref(), &self.policy, vec![checked()], self.now.get()).expect("is taken in");
        Came { ingested: ingested.pop().expect("one"), sent: self.news(), judged }
    }

    /// What was queued since the last look.
    pub fn news(&self) -> Vec<Sent> {
        let rows = self.store.outbox(true).expect("reads").into_iter().filter(|r| r.id > self.shown.get());
        let news: Vec<Sent> = rows
            .map(|row| Sent { bytes: self.store.outbox_mail(row.id).expect("reads").expect("is there").1, row })
            .collect();
        self.shown.set(news.iter().map(|s| s.row.id).max().unwrap_or(self.shown.get()));
        news
    }

    pub fn ticket(&self, number: i64) -> Ticket {
        self.store.ticket(number).expect("reads").expect("is there")
    }

    /// The same desk after a change of its configuration.
    pub fn reconfigured(self, change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = (*self.policy).clone();
        change(&mut policy);
        Bench { policy: policy.into(), ..self }
    }

    /// The newest mail of this template about ticket 1001.
    pub fn sent(&self, template: &str) -> OutboxRow {
        let mut rows = self.store.outbox(true).expect("reads").into_iter();
        rows.rfind(|r| r.template == template && r.ticket == Some(1001)).expect("was sent")
    }

    pub fn token(&self, number: i64) -> String {
        self.policy.keys.subject_token(&self.policy.desk.prefix, self.ticket(number).token())
    }
}

/// A mail that our server found to be from whom it says, with a Message-ID of its own unless `fields` has one.
pub fn proven(from: &str, fields: &str, subject: &str, text: &str) -> String {
    let domain = from.rsplit_once('@').map_or("", |(_, d)| d).trim_end_matches('>');
    let verdict = format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\r\n"
    );
    format!("{verdict}{}", unproven(from, fields, subject, text))
}

/// The same without a verdict.
pub fn unproven(from: &str, fields: &str, subject: &str, text: &str) -> String {
    let id = if fields.to_ascii_lowercase().contains("message-id:") {
        String::new()
    } else {
        let digest = Digest::of(format!("{from}{fields}{subject}{text}").as_bytes()).hex();
        format!("Message-ID: <{}@mail.example>\r\n", &digest[..20])
    };
    let to = if fields.to_ascii_lowercase().contains("to: ") && fields.starts_with("To:") {
        ""
    } else {
        "To: podpora@acme.example\r\n"
    };
    let content = if fields.contains("Content-Type:") { "" } else { "Content-Type: text/plain; charset=utf-8\r\n" };
    format!(
        "{RECEIVED}From: {from}\r\n{fields}{to}Subject: {subject}\r\n{id}Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n\
         MIME-Version: 1.0\r\n{content}\r\n{}\r\n",
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    )
}

/// How well a mail is proven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Strong,
    Weak,
    Unproven,
    Failed,
}

pub const STATES: [State; 4] = [State::Strong, State::Weak, State::Unproven, State::Failed];

/// A mail in this state.
pub fn in_state(state: State, from: &str, fields: &str, subject: &str, text: &str) -> String {
    let domain = from.rsplit_once('@').map_or("", |(_, d)| d).trim_end_matches('>');
    let says = |verdict: &str| {
        let field = format!("Authentication-Results: mx.acme.example; {verdict} header.from={domain}\r\n");
        field + &unproven(from, fields, subject, text)
    };
    match state {
        State::Strong => proven(from, fields, subject, text),
        State::Weak => says("dkim=none; dmarc=pass"),
        State::Unproven => unproven(from, fields, subject, text),
        State::Failed => says("dmarc=fail"),
    }
}

impl Bench {
    /// Mails that were in the outbox when the bench was made.
    pub fn before(&self) -> usize {
        self.made
    }
}

//! A desk in a scratch folder, and the real program run on it.
#![allow(dead_code)] // Each suite uses its part.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use postdesk::model::decision::Fate;
use postdesk::model::message::{Digest, Reply, SourceKey};
use postdesk::model::outgoing::Template;
use postdesk::model::ticket::{AttachmentInfo, Direction, EntryKind, FIRST_NUMBER, Participant};
use postdesk::model::{
    Action, Address, Believed, Commit, Content, Decision, Entry, Found, HistoryLine, Incoming, Language, Lookup,
    OutgoingMail, Priority, Status, Ticket, TicketChange,
};
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Arrival, Plan, Store, pack};

/// The configuration of the desk: jana, peter, and the group technical.
const CONFIG: &str = r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
language = "sk"
timezone = "Europe/Bratislava"
state = "state"
owner = "jana"

[dns]
off = true

[[mailbox]]
name = "support"
address = "podpora@acme.example"
[mailbox.maildir]
path = "in"

[outgoing.maildir]
path = "out"

[[agent]]
name = "jana"
display = "Jana Nováková"
addresses = ["jana@acme.example"]

[[agent]]
name = "peter"
display = "Peter Horvát"
addresses = ["peter@acme.example"]

[[group]]
name = "technical"
members = ["jana", "peter"]

[[category]]
name = "printing"
words = ["tlačiareň"]
"#;

pub struct Bench {
    folder: tempfile::TempDir,
}

/// What a run of the program gave.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// Standard output of a run that went well and had nothing to complain of.
    #[track_caller]
    pub fn text(&self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        String::from_utf8(self.stdout.clone()).expect("is UTF-8")
    }

    /// The JSON values of its lines.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
    }

    /// Complained of with this code and these words, and nothing on standard output.
    #[track_caller]
    pub fn refused(&self, code: i32, part: &str) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(part), "{part:?} is missing in\n{}", self.stderr);
        assert!(self.stdout.is_empty(), "something was written to standard output");
    }
}

impl Bench {
    pub fn new() -> Self {
        let bench = Bench { folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(bench.path("config.toml"), CONFIG).expect("is written");
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self) -> Arc<SqliteStore> {
        std::fs::create_dir_all(self.path("state")).expect("a folder");
        SqliteStore::open(&self.path("state/postdesk.db"), Options::default()).expect("opens")
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, b"")
    }

    /// In the desk's folder, where `config.toml` is found, with this on standard input.
    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("POSTDESK_CONFIG")
            .env_remove("POSTDESK_AGENT")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("is piped");
        // The program may end without reading: then the pipe is closed, which is no matter here.
        let _ = stdin.write_all(input);
        drop(stdin);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("ends");
        Ran { code: status.code(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

pub const SUBJECT: &str = "Tlačiareň\u{1b}[2J nejde";
pub const RAW: &[u8] = b"From: jan@firma.example\r\nSubject: x\r\n\r\nFrom the start\r\n\xe1\x1b[31m\r\n";

/// The first ticket of the bench: a mail from Ján that was taken in, assigned and acknowledged.
pub fn first_ticket() -> Ticket {
    Ticket {
        subject: SUBJECT.into(),
        status: Status::Open,
        category: Some("printing".into()),
        priority: Priority::High,
        contact: Some("jan@firma.example".into()),
        organisation: Some("Firma".into()),
        verified: true,
        owner: Some("jana".into()),
        participants: vec![Participant {
            name: None,
            email: "eva@firma.example".into(),
            added_by: "jan@firma.example".into(),
        }],
        thread: vec!["first@firma.example".into()],
        entries: 1,
        ..Ticket::opened(
            FIRST_NUMBER,
            "support",
            Address::new(Some("Ján Novák"), "jan@firma.example"),
            Language::Sk,
            at("2026-11-22T09:00:00Z"),
        )
    }
}

/// A closed ticket that nobody owns.
pub fn second_ticket() -> Ticket {
    Ticket {
        number: FIRST_NUMBER + 1,
        subject: "Rechnung".into(),
        status: Status::Closed,
        category: None,
        priority: Priority::Normal,
        requester: Address::new(None, "eva@other.example"),
        contact: None,
        organisation: None,
        verified: false,
        owner: None,
        participants: Vec::new(),
        updated_at: at("2026-11-22T08:00:00Z"),
        resolved_at: Some(at("2026-11-22T08:00:00Z")),
        entries: 0,
        ..first_ticket()
    }
}

pub fn first_entry() -> Entry {
    Entry {
        ticket: FIRST_NUMBER,
        seq: 1,
        direction: Direction::Incoming,
        kind: EntryKind::Request,
        from: Address::new(Some("Ján Novák"), "jan@firma.example"),
        to: vec![Address::new(None, "podpora@acme.example")],
        at: at("2026-11-22T09:00:00Z"),
        subject: SUBJECT.into(),
        text: "Nejde.\n\n> predtým".into(),
        reply: Reply { text: "Nejde.".into(), quoted: "> predtým".into(), ..Reply::default() },
        attachments: vec![AttachmentInfo {
            name: Some("foto.png".into()),
            media_type: "image/png".into(),
            size: 7,
            disposition: "attachment".into(),
            cid: None,
            sha256: "ab".repeat(32),
        }],
        message_id: Some("first@firma.example".into()),
        believed: Some(Believed::Verified),
        raw: true,
    }
}

pub fn acknowledgement() -> OutgoingMail {
    OutgoingMail {
        template: Template::Acknowledgement,
        ticket: Some(FIRST_NUMBER),
        language: Language::Sk,
        mailbox: "support".into(),
        envelope_from: None,
        to: Address::new(Some("Ján Novák"), "jan@firma.example"),
        subject: "[ACME-1001-k7q2m9xf] Tlačiareň nejde".into(),
        message_id: "pd.1@desk.acme.example".into(),
        content: Content::new(b"Subject: ack\r\n\r\nPrijali sme\x1b[31m\r\n".to_vec(), Vec::new(), None),
        text: "Prijali sme".into(),
        observed: false,
    }
}

/// Takes the first mail in as `ingest` would, with its ticket, history and acknowledgement; then makes the second
/// ticket.
pub fn fill(store: &SqliteStore) {
    fill_at(store, at("2026-11-22T09:00:01Z"));
}

/// The same, taken in at `now`: for tests where a mail's age counts.
pub fn fill_at(store: &SqliteStore, now: Timestamp) {
    let ticket = first_ticket();
    let line = |change, because: &str| HistoryLine {
        ticket: FIRST_NUMBER,
        at: at("2026-11-22T09:00:00Z"),
        actor: "desk".into(),
        change,
        because: because.into(),
    };
    let commit = Commit {
        tickets: vec![ticket],
        history: vec![
            line(TicketChange::Created, "A new request"),
            line(TicketChange::Assigned { owner: Some("jana".into()), group: None }, "The desk's owner"),
        ],
        entries: vec![first_entry()],
        outgoing: vec![acknowledgement()],
        ..Decision::new(Action::NewTicket, Fate::Ticket(FIRST_NUMBER))
    };
    let plan: Plan = Arc::new(move |_: Found| commit.clone());
    let incoming = incoming(RAW);
    let digest = Digest::of(RAW);
    let lookup = Lookup { mailbox: "support".into(), digest: Some(digest), ..Lookup::default() };
    store.discover("support", std::slice::from_ref(&incoming.key), now).expect("is noted");
    let (from, subject) = ("jan@firma.example".to_owned(), "x".to_owned());
    let arrival = Arrival { incoming, lookup, plan, digest, packed: pack(RAW).expect("is packed"), from, subject };
    store.ingest(vec![arrival], now).expect("is taken in");

    let commit = Commit { tickets: vec![second_ticket()], ..Decision::new(Action::Command, Fate::Order) };
    let plan: Plan = Arc::new(move |_: Found| commit.clone());
    store.order(&Lookup::default(), &plan, now).expect("is carried out");
}

pub fn incoming(raw: &[u8]) -> Incoming {
    Incoming {
        mailbox: "support".into(),
        key: SourceKey::handed_over(&Digest::of(raw)),
        raw: raw.into(),
        received_at: at("2026-11-22T09:00:00Z"),
        truncated_from: None,
    }
}

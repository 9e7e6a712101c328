//! Holds the query plans: no statement on the way of a mail may look at every row of a table that grows. What is checked
//! is what really ran: every statement that the store prepares while it is driven once through all it can do.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::{Options, SqliteStore};
use crate::model::account::{Package, Packages, Per};
use crate::model::asked::{Asked, Listed, Question};
use crate::model::conduct::{Mark, Marked};
use crate::model::content::{Content, Form, Span};
use crate::model::decision::{Action, Commit, Fate};
use crate::model::facts::{Contact, Organisation};
use crate::model::figures::{Gather, Period, TicketFact};
use crate::model::hands::Worked;
use crate::model::message::Reply;
use crate::model::outgoing::{Attempt, OutgoingMail, SmtpReply, Template};
use crate::model::ticket::{Direction, Entry, EntryKind, HistoryLine, Priority, Status, Ticket, TicketChange};
use crate::model::{
    AddrSpec, Address, Believed, Digest, Hold, HoldKind, HoldState, Incoming, Language, Lookup, SourceKey,
};
use crate::store::watch::Watch as _;
use crate::store::{Arrival, Cursor, Plan, Reading, Store, TicketFilter, pack};

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// Called with every statement that is run while tests run.
pub(super) fn record(sql: &str) {
    COUNT.set(COUNT.get() + 1);
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
}

/// How many statements this thread ran for something.
pub(super) fn count(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

/// Scans that may be, and why.
const ALLOWED: &[(&str, &str)] = &[
    ("SCAN ticket USING COVERING INDEX ticket_clock", "the first of it"),
    ("SCAN turn", "one row a group"),
    ("SCAN counter", "three rows"),
    ("SCAN load", "one row an agent"),
    ("SCAN entry_words VIRTUAL TABLE", "the full-text index searches by itself"),
    ("SCAN entry_vocabulary VIRTUAL TABLE INDEX 513:", "the same, from a word on"),
    ("SCAN outbox USING INDEX outbox_fresh", "only what was never tried, and limited"),
    ("SCAN outbox USING COVERING INDEX outbox_fresh", "only what was never tried, and limited"),
    ("SCAN outbox USING INDEX outbox_open", "only what has not left"),
    ("SCAN outbox USING COVERING INDEX outbox_open", "only what has not left"),
    ("SCAN outbox USING COVERING INDEX outbox_due", "the first of it"),
    ("SCAN outbox USING COVERING INDEX outbox_alarm", "the newest of it"),
    ("SCAN acknowledgement", "the two oldest"),
    ("SCAN guess", "the two oldest"),
    ("SCAN signature", "the two oldest"),
    ("SCAN peer_tag", "the two oldest"),
    ("SCAN pace USING COVERING INDEX pace_since", "the two oldest"),
    ("SCAN automatic", "the first of it"),
    ("SCAN recheck USING COVERING INDEX recheck_due", "the first of it"),
    ("SCAN ledger USING INDEX ledger_quarantined", "only what is in quarantine"),
    ("SCAN hold USING INDEX hold_released", "only what was confirmed and is not carried out yet"),
    ("SCAN hold USING COVERING INDEX hold_released", "only what was confirmed and is not carried out yet"),
    ("SCAN ticket USING INDEX ticket_live", "only live tickets, newest first"),
    ("SCAN ticket USING COVERING INDEX ticket_live", "how many live tickets there are"),
    ("SCAN ticket USING INDEX ticket_updated", "a list of all, newest first, ends at its limit"),
    ("SCAN of_ticket", "the mails of one ticket"),
    ("SCAN notice", "only what people have not heard yet"),
    ("SCAN (subquery", "the rows of a subquery that is itself checked"),
    ("SCAN json_each VIRTUAL TABLE", "the values of a list that was handed over"),
    ("SCAN 1 CONSTANT ROW", "no table"),
    ("SCAN CONSTANT ROW", "no table"),
];

/// Lists that show everything, as they were asked to.
const WHOLE_LISTS: &[&str] = &["FROM contact ORDER BY", "FROM organisation ORDER BY", "FROM outbox ORDER BY id"];

#[test]
fn no_statement_looks_at_every_row_of_a_table_that_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path, Options { durable: false, ..Options::default() }).expect("opens");
    drive(&store);
    let connection = super::schema::open_reader(&path, &Options::default()).expect("opens");
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(seen.len() > 60, "the store was driven through: {}", seen.len());
    let mut wrong = Vec::new();
    for sql in seen.iter().filter(|sql| !WHOLE_LISTS.iter().any(|list| sql.contains(list))) {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        let unbound = (0..statement.parameter_count()).map(|_| rusqlite::types::Null);
        let plan = statement
            .query_map(rusqlite::params_from_iter(unbound), |row| row.get::<_, String>(3))
            .expect("explains")
            .map(|step| step.expect("a step"))
            .collect::<Vec<_>>();
        // Rows that are handed over with the statement are of no table.
        let scans = plan.iter().filter(|step| step.starts_with("SCAN") && !step.ends_with("-ROW VALUES CLAUSE"));
        let bad: Vec<_> = scans.filter(|step| !ALLOWED.iter().any(|(scan, _)| step.starts_with(scan))).collect();
        if !bad.is_empty() {
            wrong.push(format!("{sql}\n    {bad:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A method that is not driven has statements that nobody checked.
#[test]
fn every_method_of_a_store_is_driven() {
    let driver = include_str!("plans.rs");
    let traits = include_str!("../mod.rs");
    let methods: Vec<&str> =
        traits.lines().filter_map(|line| line.strip_prefix("    fn ")?.split_once('(').map(|(name, _)| name)).collect();
    assert!(methods.len() > 40, "the methods are found: {methods:?}");
    let missing: Vec<_> = methods.iter().filter(|name| !driver.contains(&format!(".{name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_check_sees_a_scan() {
    let connection = Connection::open_in_memory().expect("opens");
    connection.execute_batch(include_str!("migrations/0001_first.sql")).expect("makes");
    let plan: String = connection
        .query_row("EXPLAIN QUERY PLAN SELECT * FROM ticket WHERE subject = 'x'", [], |row| row.get(3))
        .expect("explains");
    assert!(plan.starts_with("SCAN ticket") && !ALLOWED.iter().any(|(scan, _)| plan.starts_with(scan)), "{plan}");
}

/// Everything that a store can do, once.
fn drive(store: &SqliteStore) {
    let now: Timestamp = "2026-03-02T12:00:00Z".parse().expect("a time");
    let key = SourceKey::imap("INBOX", 1, 1);
    store.discover("podpora", std::slice::from_ref(&key), now).expect("discovers");
    store.put_contacts(&[contact()], &[organisation()], now).expect("puts");
    store.same_person(&[vec![spec("jana@firma.example"), spec("jana@doma.example")]]).expect("joins");
    store.other_addresses("jana@firma.example").expect("reads");
    store
        .ingest(vec![arrival(&key, Arc::new(move |found| commit(found.next_ticket, now)), now)], now)
        .expect("ingests");
    let panics: Plan = Arc::new(|_| panic!("on purpose"));
    store.ingest(vec![arrival(&SourceKey::imap("INBOX", 1, 2), panics.clone(), now)], now).expect("puts aside");
    let second: Plan = Arc::new(move |_| again(now));
    let moments = vec!["morning".to_owned()];
    store.order(&Lookup { moments, ..lookup() }, &second, now).expect("orders");
    assert!(store.order(&lookup(), &panics, now).is_err());
    store
        .quarantine(&incoming(&SourceKey::imap("INBOX", 1, 3), now), pack(b"x").expect("packs"), "x", now)
        .expect("puts aside");
    store.quarantine_reopen(2).expect("reopens");
    store.quarantine_drop(2, "x", now).expect("drops");
    store
        .set_cursor(
            "podpora",
            "INBOX",
            Cursor { uid_validity: 1, last_uid: 1, since: Timestamp::UNIX_EPOCH, by_date_up_to: 0, there_before: 0 },
        )
        .expect("sets");
    store.cursor("podpora", "INBOX").expect("reads");
    store.released(now).expect("reads");
    store.writer.call(1, move |c| super::holds::released(c, now).map(|_| ())).expect("reads");
    store.unfiled("podpora").expect("reads");
    store.filed("podpora", &[key], now).expect("files");
    let hour = Duration::from_secs(3600);
    let claimed = store.claim(now, hour, 10).expect("claims");
    for entry in &claimed {
        store.outgoing(entry.id).expect("reads");
        store.in_data(entry.id, now).expect("goes on");
        store.in_data_then(entry.id, now, Box::new(drop));
    }
    let later = now.checked_add(hour).expect("a time");
    for entry in store.claim_beside(&[], later, hour, 10).expect("claims") {
        store.settle(entry.id, &Attempt::Ambiguous(SmtpReply::default()), Some(later), later).expect("settles");
    }
    store.rechecks(later, 10).expect("claims");
    store.recheck_next().expect("reads");
    store.recheck_done(&Digest::of(b"x")).expect("forgets");
    store.next_due().expect("reads");
    store.counts(now).expect("reads");
    store.end_leases(now).expect("ends");
    let arrived = arrival(&SourceKey::imap("INBOX", 1, 9), Arc::new(move |_| again(now)), now);
    store.rehearse(&arrived).expect("plans");
    store.known("podpora", &[SourceKey::imap("INBOX", 1, 1)]).expect("reads");
    store.fate_of(&Digest::of(b"mail")).expect("reads");
    store.unsettled("podpora").expect("reads");
    let old = Fate::Ignored { because: "old".to_owned() };
    store.give_fate("podpora", &[SourceKey::imap("INBOX", 1, 8)], &old, now).expect("gives");
    let accepted = (1, Attempt::Accepted(SmtpReply::default()), None);
    store.settle_all(std::slice::from_ref(&accepted), later).expect("settles");
    store.settle_all_then(Arc::new(vec![accepted]), later, Box::new(drop));
    store.clock_due(now, 10).expect("reads");
    store.clock_next().expect("reads");
    store.put_off(1, later).expect("puts off");
    store.outbox_retry(None, later).expect("retries");
    store.outbox_retry(Some(1), later).expect("retries");
    store.outbox_drop(1, later).expect("drops");
    store.counts(now).expect("counts");
    store.notices().expect("reads");
    store.moment("morning").expect("reads");
    store.note_moment("morning", SignedDuration::ZERO, Some("x"), now).expect("is noted");
    store.came(0, now, 10).expect("reads");
    store.overview(&["jana".to_owned()], &["technical".to_owned()]).expect("reads");
    store.measured(now).expect("reads");
    read_all(store);
}

fn read_all(store: &SqliteStore) {
    store.ticket(1001).expect("reads").expect("is there");
    assert_eq!(store.entries(1001).expect("reads").len(), 1);
    store.history(1001).expect("reads");
    store.times(1001).expect("reads");
    store.raw_mails(1001).expect("reads");
    store.absorbed(1001).expect("reads");
    store.outbox(true).expect("reads");
    store.outbox(false).expect("reads");
    store.outbox_mail(1).expect("reads");
    store.quarantined().expect("reads");
    store.quarantined_mail(1).expect("reads");
    store.contacts().expect("reads");
    store.organisations().expect("reads");
    store.mail_to("jana@firma.example").expect("reads");
    store.forgive("jana@firma.example").expect("forgets");
    store.learnt("jana@firma.example").expect("reads");
    store.unlearn("jana@firma.example").expect("forgets");
    store.each_raw(10, &mut |_, _| ()).expect("reads");
    store.contact("jana@firma.example").expect("reads").expect("is there");
    store.ledger("podpora", "INBOX").expect("reads");
    let ever = Period { since: Timestamp::UNIX_EPOCH, until: Timestamp::MAX };
    store.figures(ever, &mut Nobody).expect("reads");
    let some = || Some("x".to_owned());
    let none = TicketFilter::default;
    for filter in [
        none(),
        TicketFilter { all: true, ..none() },
        TicketFilter { status: Some(Status::Closed), ..none() },
        TicketFilter { owner: some(), unassigned: true, ..none() },
        TicketFilter { category: some(), priority: Some(Priority::Low), mailbox: some(), ..none() },
        TicketFilter { organisation: some(), all: true, ..none() },
        TicketFilter { requester: some(), all: true, ..none() },
        TicketFilter { tag: some(), all: true, ..none() },
        TicketFilter { search: some(), all: true, ..none() },
        TicketFilter { search: Some("x y".to_owned()), ..none() },
    ] {
        store.tickets(&filter).expect("lists");
    }
}

struct Nobody;

impl Gather for Nobody {
    fn ticket(&mut self, _: &TicketFact<'_>) {}
    fn offered(&mut self, _: &[String], _: bool) {}
    fn mails(&mut self, _: Timestamp, _: EntryKind, _: u64) {}
    fn times_since(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn worked(&mut self, _: &str, _: Option<&str>, _: u64, _: Timestamp) {}
    fn live(&mut self, _: Option<&str>, _: u64) {}
    fn undelivered(&mut self, _: &str, _: u64, _: u64) {}
}

fn lookup() -> Lookup {
    Lookup {
        least_budget: 1,
        mailbox: "podpora".to_owned(),
        digest: Some(Digest::of(b"other")),
        fingerprint: Some(Digest::of(b"fingerprint")),
        message_id: Some("m1@firma.example".to_owned()),
        signatures: vec!["a".to_owned()],
        erased: vec!["e".to_owned()],
        written_at: None,
        foreign_tags: vec!["#1".to_owned()],
        sender: Some(spec("jana@firma.example")),
        from: Some(spec("jana@firma.example")),
        agents: Some(spec("jana@firma.example")),
        requester_of: None,
        skeleton: Some("x".to_owned()),
        name: Some("x y".to_owned()),
        tickets: vec![1001],
        message_ids: vec!["m1@firma.example".to_owned()],
        bounced: vec!["o1@desk.example".to_owned()],
        hold: Some(1),
        holds_of: Some("jana".to_owned()),
        aside: true,
        loads: true,
        story: true,
        urgent_of: 20,
        packages: packages().into(),
        moments: Vec::new(),
        asked: Asked {
            questions: vec![
                Question::Find("x y".to_owned()),
                Question::List(Listed::Of("jana".to_owned())),
                Question::List(Listed::Open),
                Question::List(Listed::Late(Timestamp::UNIX_EPOCH)),
                Question::List(Listed::Free),
            ],
            tickets: vec![1001],
            answers: Some("o1@desk.example".to_owned()),
            crossed: Some("eva".to_owned()),
            similar: true,
        },
    }
}

fn packages() -> Packages {
    let package = Package { organisation: "Firma".to_owned(), minutes: 60, per: Per::Month };
    Packages { all: vec![package], zone: None }
}

fn spec(text: &str) -> AddrSpec {
    AddrSpec::parse(text).expect("an address")
}

fn contact() -> Contact {
    Contact::of(spec("jana@firma.example"))
}

fn organisation() -> Organisation {
    Organisation { name: "Firma".to_owned(), domains: vec!["firma.example".to_owned()], ..Organisation::default() }
}

fn incoming(key: &SourceKey, now: Timestamp) -> Incoming {
    let raw = format!("Subject: {key}\r\n\r\n").into_bytes();
    Incoming {
        mailbox: "podpora".to_owned(),
        key: key.clone(),
        raw: raw.into(),
        received_at: now,
        truncated_from: None,
    }
}

fn arrival(key: &SourceKey, plan: Plan, now: Timestamp) -> Arrival {
    let incoming = incoming(key, now);
    Arrival {
        lookup: lookup(),
        plan,
        digest: Digest::of(&incoming.raw),
        packed: pack(&incoming.raw).expect("packs"),
        from: "jana@firma.example".to_owned(),
        subject: "s".to_owned(),
        incoming,
    }
}

fn commit(number: i64, now: Timestamp) -> Commit {
    let mut commit = Commit::new(Action::NewTicket, Fate::Ticket(number));
    commit.tickets.push(ticket(number, now));
    commit.entries.push(entry(number, now));
    commit.history.push(HistoryLine {
        ticket: number,
        at: now,
        actor: "desk".to_owned(),
        change: TicketChange::Created,
        because: String::new(),
    });
    commit.outgoing = [Template::Acknowledgement, Template::Answer].map(|template| outgoing(template, number)).to_vec();
    commit.acknowledged.push("jana@firma.example".to_owned());
    commit.moments = [("morning", true), ("evening", false)].map(|(what, so)| (what.to_owned(), so)).to_vec();
    commit.turns.push(("it".to_owned(), "eva".to_owned()));
    commit.times.push(Worked { ticket: number, agent: "eva".to_owned(), minutes: 5, at: now });
    commit.moved.push((number, 1, number, 1));
    commit.tags.extend([true, false].map(|on| (number, "x".to_owned(), on)));
    commit.proven.push(spec("jana@firma.example"));
    commit.peer_tags.push(("jana@firma.example".to_owned(), "#1".to_owned(), number));
    commit.signatures.push(("a".to_owned(), Digest::of(b"signed")));
    commit.recheck = Some(crate::model::recheck::Recheck { ticket: Some(number), seq: Some(1), hold: None });
    commit.rechecked = Some(Digest::of(b"another"));
    commit.verdicts.push((number, 1, Believed::Verified));
    commit.holds.push(Hold {
        number: 1,
        kind: HoldKind::Agent,
        who: "eva".to_owned(),
        ticket: Some(number),
        digest: Some(Digest::of(b"held")),
        state: HoldState::Released,
        made_at: now,
        until: now,
        told: false,
    });
    commit
}

/// A second word on the same ticket, and a bounce.
fn again(now: Timestamp) -> Commit {
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.tickets.push(Ticket { owner: Some("eva".to_owned()), ..ticket(1001, now) });
    commit.bounced.push((1, "550".to_owned()));
    commit.alarms.push("x".to_owned());
    commit.told.push(1);
    commit.left_out.push((Digest::of(b"other"), "x".to_owned()));
    let marks = [
        Marked::Guessed { proven: false, wrong: 2 },
        Marked::Mistrusted { proven: false, until: now },
        Marked::Failed,
        Marked::Complained,
        Marked::Alive,
        Marked::Strong,
        Marked::Wrote { proven: false, at: now },
        Marked::Parked { proven: false, until: now },
        Marked::Automatic,
        Marked::Answered,
    ];
    commit.marks.extend(marks.map(|what| Mark::new("jana@firma.example", what)));
    let waiting = [Template::NotifyNew, Template::Answer];
    commit.outgoing = waiting.map(|template| outgoing(template, 1001)).to_vec();
    commit
}

fn ticket(number: i64, now: Timestamp) -> Ticket {
    Ticket {
        subject: "x".to_owned(),
        verified: true,
        entries: 1,
        ..Ticket::opened(number, "podpora", Address::new(None, "jana@firma.example"), Language::Sk, now)
    }
}

fn entry(number: i64, now: Timestamp) -> Entry {
    Entry {
        ticket: number,
        seq: 1,
        direction: Direction::Incoming,
        kind: EntryKind::Request,
        from: Address::new(None, "jana@firma.example"),
        to: Vec::new(),
        at: now,
        subject: "x".to_owned(),
        text: "y".to_owned(),
        reply: Reply::default(),
        attachments: Vec::new(),
        message_id: Some("m1@firma.example".to_owned()),
        believed: None,
        raw: true,
    }
}

fn pieces_of(mail: Digest) -> Content {
    let mut content = Content::new(b"x".to_vec(), Vec::new(), None);
    assert!(content.push_span(&Span { mail, range: 0..1, form: Form::Octets }));
    content
}

fn outgoing(template: Template, number: i64) -> OutgoingMail {
    OutgoingMail {
        template,
        ticket: Some(number),
        language: Language::Sk,
        mailbox: "podpora".to_owned(),
        envelope_from: None,
        to: Address::new(None, "jana@firma.example"),
        subject: "x".to_owned(),
        message_id: "o1@desk.example".to_owned(),
        content: pieces_of(Digest::of(format!("Subject: {}\r\n\r\n", SourceKey::imap("INBOX", 1, 1)).as_bytes())),
        text: String::new(),
        observed: false,
    }
}

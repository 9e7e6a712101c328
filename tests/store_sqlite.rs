//! What only a file on a disk can do to a store: another process holds the lock, the disk is full, a process is killed,
//! the file is not ours.

#[path = "store_contract/support.rs"]
#[allow(dead_code, reason = "the contract uses the rest")]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use postdesk::model::Digest;
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Reading, Store, StoreError, TicketFilter};
use rusqlite::Connection;
use support::*;

/// Names the database to a test that was started as another process.
const CHILD: &str = "POSTDESK_TEST_DATABASE";

fn impatient() -> Options {
    Options { busy_timeout: Duration::from_millis(100), ..Options::default() }
}

/// Runs one of this file's `child_…` tests as a process of its own.
fn start(child: &str, database: &Path) -> Child {
    Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", child, "--ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD, database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

/// Reads the child's lines that begin with `mark`, without it.
fn said<'c>(child: &'c mut Child, mark: &'static str) -> impl Iterator<Item = String> + 'c {
    let lines = BufReader::new(child.stdout.as_mut().expect("piped")).lines();
    lines.map_while(Result::ok).filter_map(move |line| line.split_once(mark).map(|(_, rest)| rest.to_owned()))
}

fn database_of_child() -> PathBuf {
    std::env::var_os(CHILD).expect("started by another test").into()
}

#[test]
#[ignore = "runs as the other process of a_lock_held_by_another_process…"]
fn child_holds_the_lock() {
    let connection = Connection::open(database_of_child()).expect("opens");
    connection.execute_batch("BEGIN IMMEDIATE").expect("locks");
    println!("\nlocked ");
    std::io::stdout().flush().expect("is said");
    std::io::stdin().read_line(&mut String::new()).expect("is told to go on");
    connection.execute_batch("ROLLBACK").expect("unlocks");
    println!("\nunlocked ");
}

#[test]
fn a_lock_held_by_another_process_stops_writing_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path, impatient()).expect("opens");
    opened(&take_in(&*store, &mail(1)));
    let mut child = start("child_holds_the_lock", &path);
    said(&mut child, "locked").next().expect("is locked");

    let result = store.ingest(vec![mail(2).opening()], noon());
    assert!(matches!(&result, Err(StoreError::Unavailable(_))), "{result:?}");
    assert_eq!(store.tickets(&TicketFilter::default()).expect("readers go on").len(), 1);
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads").len(), 1, "nothing was written");
    assert!(store.rehearse(&mail(2).opening()).is_ok());

    child.stdin.as_mut().expect("piped").write_all(b"\n").expect("is told");
    assert!(child.wait().expect("ends").success());
    assert_eq!(opened(&take_in(&*store, &mail(2))), 1002, "and it goes on by itself");
}

#[test]
fn a_full_disk_stops_intake_loses_nothing_and_it_goes_on_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path, Options { max_pages: Some(400), ..Options::default() }).expect("opens");
    let ballast = Connection::open(&path).expect("opens");
    ballast
        .execute_batch("CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(600000));")
        .expect("fills");

    let mut taken = Vec::new();
    // Text that does not shrink, so that the disk fills quickly.
    let noise = |uid: u32| -> String { (0..500).map(|n| Digest::of(format!("{uid} {n}").as_bytes()).hex()).collect() };
    let big = |uid: u32| Mail { text: noise(uid), ..mail(uid) };
    let failed = (1..200).find(|uid| match store.ingest(vec![big(*uid).opening()], noon()) {
        Ok(done) => {
            taken.push(opened(&outcomes(done)[0]));
            false
        }
        Err(StoreError::Unavailable(_)) => true,
        Err(other) => panic!("{other:?}"),
    });
    let failed = failed.expect("the disk fills");
    let batch = vec![big(failed).opening(), big(failed + 1).opening()];
    assert!(matches!(store.ingest(batch, noon()), Err(StoreError::Unavailable(_))));
    let tickets = || store.tickets(&TicketFilter { all: true, ..TicketFilter::default() }).expect("reads").len();
    assert_eq!(tickets(), taken.len(), "what was said to be taken in is, and nothing else");
    assert_eq!(store.outbox(true).expect("reads").len(), taken.len());
    assert_eq!(store.quarantined().expect("reads").len(), 0, "a full disk is no fault of the mail");

    ballast.execute_batch("DROP TABLE ballast").expect("makes room");
    let next = opened(&take_in(&*store, &big(failed)));
    assert_eq!(Some(next), taken.last().map(|last| last + 1));
    let check: String = ballast.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(check, "ok");
}

#[test]
#[ignore = "runs as the other process of a_process_killed_while_it_writes…"]
fn child_takes_mail_in() {
    let store = SqliteStore::open(&database_of_child(), Options::default()).expect("opens");
    for uid in (1..).step_by(3) {
        let done = store.ingest((uid..uid + 3).map(|uid| mail(uid).opening()).collect(), noon()).expect("ingests");
        for outcome in outcomes(done) {
            println!("\ntaken {}", opened(&outcome));
        }
    }
}

#[test]
fn a_process_killed_while_it_writes_leaves_whole_mails() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let mut child = start("child_takes_mail_in", &path);
    let told: Vec<i64> = said(&mut child, "taken ").take(100).map(|n| n.parse().expect("a number")).collect();
    child.kill().expect("is killed");
    child.wait().expect("is dead");
    assert_eq!(told.len(), 100);

    let store = SqliteStore::open(&path, Options::default()).expect("opens");
    let tickets = store.tickets(&TicketFilter { all: true, ..TicketFilter::default() }).expect("reads");
    assert!(told.iter().all(|number| tickets.iter().any(|ticket| ticket.number == *number)), "what was told is there");
    assert_eq!(tickets.len() % 3, 0, "a batch is there whole or not at all");
    assert_eq!(store.outbox(true).expect("reads").len(), tickets.len(), "an acknowledgement exactly for each ticket");
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads").len(), tickets.len());
    for ticket in &tickets {
        assert_eq!(store.entries(ticket.number).expect("reads").len(), 1);
        assert_eq!(store.raw_mails(ticket.number).expect("reads").len(), 1);
    }
    let next = u32::try_from(tickets.len()).expect("few") + 1;
    assert_eq!(opened(&take_in(&*store, &mail(next))), 1000 + i64::from(next));
}

#[test]
fn two_processes_share_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let stores = [(); 2].map(|()| SqliteStore::open(&path, Options::default()).expect("opens"));
    let mut numbers: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..)
            .zip(&stores)
            .map(|(n, store)| {
                scope.spawn(move || {
                    (0..100).map(|m| opened(&take_in(&**store, &mail(1 + n * 100 + m)))).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("ends well")).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1001..1201).collect::<Vec<_>>());
    assert_eq!(stores[0].tickets(&TicketFilter::default()).expect("reads").len(), 200);
}

#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |name: &str| SqliteStore::open(&folder.path().join(name), impatient()).map(drop);
    let broken = |name: &str, word: &str| match open(name) {
        Err(StoreError::Broken(text)) => assert!(text.contains(word) && text.contains(name), "{text}"),
        other => panic!("{name}: {other:?}"),
    };
    let text = "An ordinary text file, longer than the header of a database. ".repeat(40);
    std::fs::write(folder.path().join("notes.txt"), &text).expect("writes");
    broken("notes.txt", "not a database");
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).expect("reads"), text);

    let foreign = Connection::open(folder.path().join("foreign.db")).expect("opens");
    foreign.execute_batch("CREATE TABLE theirs (x); PRAGMA application_id = 7").expect("makes");
    broken("foreign.db", "another program");
    let mode: String = foreign.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("reads");
    assert_eq!(mode, "delete", "nothing was changed");

    open("newer.db").expect("makes");
    let newer = Connection::open(folder.path().join("newer.db")).expect("opens");
    newer.execute_batch("PRAGMA user_version = 999").expect("sets");
    broken("newer.db", "newer postdesk");

    std::fs::write(folder.path().join("empty.db"), "").expect("writes");
    open("empty.db").expect("an empty file is as good as none");
    assert!(matches!(open("no/such/folder.db"), Err(StoreError::Unavailable(text)) if text.contains("no/such")));
    let must_exist = Options { create: false, ..impatient() };
    let result = SqliteStore::open(&folder.path().join("none.db"), must_exist).map(drop);
    assert!(matches!(result, Err(StoreError::Unavailable(_))));
    assert!(!folder.path().join("none.db").exists());
}

#[test]
#[cfg(unix)]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path, Options::default()).expect("opens");
    opened(&take_in(&*store, &mail(1)));
    let mut seen = 0;
    for file in std::fs::read_dir(folder.path()).expect("lists") {
        let file = file.expect("is there");
        assert_eq!(file.metadata().expect("reads").permissions().mode() & 0o077, 0, "{:?}", file.file_name());
        seen += 1;
    }
    assert_eq!(seen, 3, "the database, its log and its index");
}

#[test]
fn a_scratch_store_is_a_whole_one_and_vanishes() {
    let store = SqliteStore::scratch().expect("opens");
    opened(&take_in(&*store, &mail(1)));
    assert_eq!(store.tickets(&TicketFilter::default()).expect("reads").len(), 1);
    let other = SqliteStore::scratch().expect("opens");
    assert_eq!(other.tickets(&TicketFilter::default()).expect("reads").len(), 0);
}

#[test]
fn a_row_that_cannot_be_read_stops_only_who_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path, Options::default()).expect("opens");
    let number = opened(&take_in(&*store, &mail(1)));
    opened(&take_in(&*store, &mail(2)));
    let tinker = Connection::open(&path).expect("opens");
    tinker.execute("UPDATE ticket SET status = 'odd secret' WHERE number = ?1", [number]).expect("spoils");
    tinker.execute("UPDATE outbox SET template = 'odd secret' WHERE ticket = ?1", [number]).expect("spoils");

    let because = refusal(store.ticket(number));
    assert!(because.contains("ticket.status") && !because.contains("secret"), "{because}");
    let mut asks = mail(3).opening();
    asks.lookup.tickets = vec![number];
    let done = outcomes(
        store.ingest(vec![asks, Mail { from: "eva@ina.example", ..mail(4) }.opening()], noon()).expect("goes on"),
    );
    assert!(matches!(&done[0], postdesk::store::Outcome::Quarantined { .. }), "{done:?}");
    assert_eq!(opened(&done[1]), 1003);
    let claimed = store.claim(noon(), Duration::from_secs(60), 10).expect("claims");
    assert_eq!(claimed.iter().map(|entry| entry.ticket).collect::<Vec<_>>(), [Some(1002), Some(1003)]);
    assert_eq!(store.claim(noon(), Duration::from_secs(60), 10).expect("claims").len(), 0);
}

#[test]
fn a_damaged_file_stops_intake_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path, Options::default()).expect("opens");
    for uid in 1..40 {
        opened(&take_in(&*store, &mail(uid)));
    }
    drop(store);
    let mut bytes = std::fs::read(&path).expect("reads");
    // The first page says whose the file is; the rest is rubbish.
    bytes[4096..].fill(0xA5);
    std::fs::write(&path, bytes).expect("writes");
    let broken = match SqliteStore::open(&path, Options::default()) {
        Ok(store) => store.ingest(vec![mail(50).opening()], noon()).map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(&broken, Err(StoreError::Broken(_))), "{broken:?}");
}

/// As root: `mount -t tmpfs -o size=3m tmpfs /mnt && POSTDESK_TEST_SMALL_DISK=/mnt cargo test --test store_sqlite small -- --ignored`
#[test]
#[ignore = "needs a file system of a few megabytes, named by POSTDESK_TEST_SMALL_DISK"]
fn a_small_disk_that_is_really_full_stops_intake_until_there_is_room() {
    let disk = PathBuf::from(std::env::var_os("POSTDESK_TEST_SMALL_DISK").expect("names a small file system"));
    let folder = tempfile::tempdir_in(disk).expect("a folder");
    let ballast = folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).expect("writes");
    let store = SqliteStore::open(&folder.path().join("desk.db"), Options::default()).expect("opens");
    let noise = |uid: u32| -> String { (0..500).map(|n| Digest::of(format!("{uid} {n}").as_bytes()).hex()).collect() };
    let big = |uid: u32| Mail { text: noise(uid), ..mail(uid) };
    let mut taken = 0;
    let failed = (1..500).find(|uid| match store.ingest(vec![big(*uid).opening()], noon()) {
        Ok(done) => {
            opened(&outcomes(done)[0]);
            taken += 1;
            false
        }
        Err(StoreError::Unavailable(_)) => true,
        Err(other) => panic!("{other:?}"),
    });
    let failed = failed.expect("the disk fills");
    assert!(matches!(store.ingest(vec![big(failed).opening()], noon()), Err(StoreError::Unavailable(_))));
    let tickets = || store.tickets(&TicketFilter { all: true, ..TicketFilter::default() }).expect("reads").len();
    assert_eq!(tickets(), taken);
    std::fs::remove_file(&ballast).expect("makes room");
    assert_eq!(usize::try_from(opened(&take_in(&*store, &big(failed)))).expect("small"), 1001 + taken);
    assert_eq!(tickets(), taken + 1);
}

//! A copy that is made while the desk takes mail in, and put back.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use crate::kept::{ingest, message_id};
use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::smtp_sink::{Script, Sink};
use crate::support::{eventually, free_port};

fn mail(n: usize) -> Vec<u8> {
    customers_mail(&format!("c{n}@inbox.example"), &format!("Vec {n}"), &format!("m{n}@inbox.example"), "", "Dobrý deň")
}

fn numbers(desk: &Desk) -> Vec<(i64, String)> {
    let all = desk.json(&["ticket", "list", "--all", "--json"]);
    let mut all: Vec<(i64, String)> = all
        .iter()
        .map(|t| (t["number"].as_i64().expect("a number"), t["subject"].as_str().expect("text").to_owned()))
        .collect();
    all.sort();
    all
}

fn backup(desk: &Desk, file: &Path) -> Output {
    desk.run(&["backup", &file.display().to_string()])
}

fn restore(desk: &Desk, file: &Path) -> Output {
    desk.run(&["restore", &file.display().to_string()])
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_copy_made_while_mail_comes_in_is_whole_and_what_came_after_it_comes_in_again() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    let daemon = desk.watch(1);
    let copy = desk.folder().join("copy.db");
    (0..30).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    eventually("some are taken in", LONG, || (numbers(&desk).len() > 3).then_some(()));
    (30..40).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let made = backup(&desk, &copy);
    assert!(made.status.success(), "{}", said(&made));
    assert_eq!(std::fs::metadata(&copy).expect("is there").permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(desk.folder()).expect("is there").flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("part")), "{left:?}");
    let bytes = std::fs::read(&copy).expect("is read");
    let again = backup(&desk, &copy);
    assert_eq!(again.status.code(), Some(73), "{}", said(&again));
    assert_eq!(std::fs::read(&copy).expect("is read"), bytes, "never over another file");

    (40..45).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    eventually("all are taken in", LONG, || (numbers(&desk).len() == 45).then_some(()));
    let refused = restore(&desk, &copy);
    assert_eq!(refused.status.code(), Some(75), "the daemon runs: {}", said(&refused));
    daemon.stop();
    let last = numbers(&desk).last().expect("some").0;

    let restored = restore(&desk, &copy);
    assert!(restored.status.success(), "{}", said(&restored));
    let then = numbers(&desk);
    assert!((4..=40).contains(&then.len()), "{} tickets in the copy", then.len());
    let kept = std::fs::read_dir(desk.state()).expect("is there").flatten().map(|e| e.path());
    let kept = kept.into_iter().find(|p| p.to_string_lossy().contains("replaced")).expect("the replaced one is kept");
    let kept = rusqlite::Connection::open(kept).expect("opens");
    assert_eq!(kept.query_row("SELECT count(*) FROM ticket", [], |row| row.get(0)), Ok(45));

    let daemon = desk.watch(1);
    eventually("what came after is taken in again", LONG, || (numbers(&desk).len() == 45).then_some(()));
    assert!(desk.run(&["audit"]).status.success());
    let now = numbers(&desk);
    assert!(now.iter().skip(then.len()).all(|(number, _)| *number > last), "no number is given twice: {now:?}");
    let mut subjects: Vec<&String> = now.iter().map(|(_, subject)| subject).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 45, "each once");
    daemon.stop();
}

#[test]
fn a_copy_put_back_on_another_machine_goes_on_with_the_same_tickets_and_tokens() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), None);
    let daemon = desk.watch(1);
    (0..8).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    eventually("all are taken in", LONG, || (numbers(&desk).len() == 8).then_some(()));
    let first = numbers(&desk)[0].0;
    let reply = desk.run(&["ticket", "reply", &first.to_string(), "--as", "jana", "--message", "Skúste to znova."]);
    assert!(reply.status.success(), "{}", said(&reply));
    // While mail comes in: the copy is of one moment, whichever that is.
    (8..20).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let copy = desk.folder().join("copy.db");
    let made = backup(&desk, &copy);
    assert!(made.status.success(), "{}", said(&made));
    eventually("the rest is taken in", LONG, || (numbers(&desk).len() == 20).then_some(()));
    daemon.stop();

    let other = Desk::new(&dovecot, free_port(), None);
    std::fs::create_dir(other.state()).expect("is made");
    std::fs::set_permissions(other.state(), std::fs::Permissions::from_mode(0o700)).expect("is made private");
    std::fs::copy(desk.state().join("key"), other.state().join("key")).expect("is copied");
    let restored = restore(&other, &copy);
    assert!(restored.status.success(), "{}", said(&restored));
    let there = numbers(&other);
    assert!((8..=20).contains(&there.len()) && there[0].0 == first, "{there:?}");
    assert_eq!(there, numbers(&desk)[..there.len()], "the same tickets under the same numbers");
    let connection = rusqlite::Connection::open(other.database()).expect("opens");
    let refers = |template: &str, ticket: i64| {
        let id = message_id(&connection, template, ticket);
        format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n")
    };
    let customer = desk.json(&["ticket", "show", &first.to_string(), "--json"]).remove(0)["requester"]["email"].clone();
    let customer = customer.as_str().expect("an address");
    let word = customers_mail(customer, "Re: Vec", "l1@inbox.example", &refers("answer", first), "Už to ide.");
    let taken = ingest(&other, &word);
    assert_eq!((&taken["fate"], &taken["ticket"]), (&"appended".into(), &first.into()), "{taken}");
    let second = there[1].0;
    let extra = refers("notify-new", second);
    let taken = ingest(&other, &customers_mail("jana@inbox.example", "Re: Vec", "l2@inbox.example", &extra, "Hneď."));
    assert_eq!((&taken["fate"], &taken["ticket"]), (&"appended".into(), &second.into()), "{taken}");
    assert_eq!(other.json(&["ticket", "show", &second.to_string(), "--json"])[0]["status"], "waiting");
}

#[test]
fn what_is_no_whole_copy_of_ours_is_refused_and_the_database_stays() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    let daemon = desk.watch(1);
    dovecot.deliver("podpora", &mail(1));
    eventually("it is taken in", LONG, || (numbers(&desk).len() == 1).then_some(()));
    daemon.stop();
    let before = numbers(&desk);
    let file = |name: &str| desk.folder().join(name);
    assert!(backup(&desk, &file("good")).status.success());
    let good = std::fs::read(file("good")).expect("is read");

    std::fs::write(file("rubbish"), b"this is no database at all, but long enough to be looked at".repeat(100))
        .expect("is written");
    std::fs::write(file("cut"), &good[..good.len() / 2]).expect("is written");
    let mut torn = good.clone();
    let middle = torn.len() / 2;
    torn[middle..middle + 4096].fill(0xA5);
    std::fs::write(file("torn"), torn).expect("is written");
    std::fs::write(file("empty"), b"").expect("is written");
    let other = rusqlite::Connection::open(file("other")).expect("opens");
    other.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").expect("is written");
    std::fs::copy(file("good"), file("newer")).expect("is copied");
    let newer = rusqlite::Connection::open(file("newer")).expect("opens");
    newer.pragma_update(None, "user_version", 999).expect("is written");
    drop((other, newer));
    for name in ["rubbish", "cut", "torn", "empty", "other", "newer", "missing"] {
        let refused = restore(&desk, &file(name));
        assert_eq!(refused.status.code(), Some(65), "{name}: {}", said(&refused));
        assert_eq!(numbers(&desk), before, "{name}");
    }
    let names: Vec<_> = std::fs::read_dir(desk.state()).expect("is there").flatten().map(|e| e.file_name()).collect();
    let left: Vec<_> =
        names.iter().map(|n| n.to_string_lossy()).filter(|n| n.contains("rest") || n.contains("repl")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(restore(&desk, &file("good")).status.success(), "and the good one is taken");
    assert_eq!(numbers(&desk), before);
}

//! `audit` against a real server: what is accounted for, what is only on its way, and what the desk went past.

use crate::support::desk::{Desk, LONG, customers_mail, lines};
use crate::support::dovecot::Dovecot;
use crate::support::{eventually, free_port};

fn mail(n: usize) -> Vec<u8> {
    customers_mail(&format!("c{n}@inbox.example"), &format!("Vec {n}"), &format!("m{n}@inbox.example"), "", "Dobrý deň")
}

/// The one mailbox's line, and the exit code.
fn audit(desk: &Desk) -> (serde_json::Value, Option<i32>) {
    let output = desk.run(&["audit", "--json"]);
    let mut lines = lines(&output);
    assert_eq!(lines.len(), 1, "{}", String::from_utf8_lossy(&output.stderr));
    (lines.remove(0), output.status.code())
}

fn numbers(audit: &serde_json::Value) -> [u64; 5] {
    ["onServer", "accounted", "thereBefore", "waiting", "lost"].map(|key| audit[key].as_u64().expect("a number"))
}

#[test]
fn every_mail_on_the_server_is_accounted_for_or_named() {
    let dovecot = Dovecot::start();
    // Nothing listens there: whether mail leaves is not the question.
    let desk = Desk::new(&dovecot, free_port(), None);
    (0..3).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let daemon = desk.watch(1);
    (3..8).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let clean = eventually("all is accounted for", LONG, || {
        let (audit, code) = audit(&desk);
        (code == Some(0) && audit["onServer"] == 8).then_some(audit)
    });
    assert_eq!(numbers(&clean), [8, 8, 3, 0, 0], "{clean}");
    assert_eq!(clean["mailbox"], "support");
    assert!(clean["uidValidity"].as_u64().expect("a number") > 0);
    assert_eq!(clean["fates"]["ticket"], 5);
    assert_eq!(clean["unaccounted"], serde_json::json!([]));
    daemon.stop();

    // The desk is down, and mail comes: told apart, but not accounted for.
    (8..10).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let (waiting, code) = audit(&desk);
    assert_eq!((numbers(&waiting), code), ([10, 8, 3, 2, 0], Some(75)), "{waiting}");
    let named = waiting["unaccounted"].as_array().expect("a list");
    assert!(named.iter().all(|one| one["waiting"] == true && one["because"] == "not reached yet"), "{waiting}");

    // A cursor that went past them would lose them: that is what the audit is for.
    let connection = rusqlite::Connection::open(desk.database()).expect("opens");
    connection.execute("UPDATE cursor SET last_uid = last_uid + 1", []).expect("is written");
    let (lost, code) = audit(&desk);
    assert_eq!((numbers(&lost), code), ([10, 8, 3, 1, 1], Some(65)), "{lost}");
    let skipped = &lost["unaccounted"][0];
    assert_eq!((&skipped["because"], &skipped["waiting"]), (&"skipped".into(), &false.into()), "{lost}");
    assert!(skipped["uid"].is_number() && skipped["receivedAt"].is_string() && skipped["size"].is_number(), "{lost}");
}

#[test]
fn a_server_that_does_not_answer_is_no_clean_audit() {
    let mut dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    dovecot.kill();
    let output = desk.run(&["audit"]);
    assert_eq!(output.status.code(), Some(69), "{}", String::from_utf8_lossy(&output.stderr));
    let output = desk.run(&["audit", "--mailbox", "nobody"]);
    assert_eq!(output.status.code(), Some(64), "{}", String::from_utf8_lossy(&output.stderr));
}

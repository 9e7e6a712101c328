//! What people and servers do to a folder while the desk takes it in: made anew, mail moved or deleted between showing
//! and fetching, mail brought back.

use std::time::Duration;

use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::{Dovecot, Options};
use crate::support::{eventually, free_port};

fn mail(n: usize) -> Vec<u8> {
    customers_mail(&format!("c{n}@inbox.example"), &format!("Vec {n}"), &format!("m{n}@inbox.example"), "", "Dobrý deň")
}

fn tickets(desk: &Desk) -> usize {
    desk.json(&["ticket", "list", "--all", "--json"]).len()
}

fn until_tickets(desk: &Desk, count: usize) {
    eventually(&format!("{count} tickets"), LONG, || (tickets(desk) >= count).then_some(()));
    assert_eq!(tickets(desk), count);
}

/// No ticket without a mail in it.
fn none_is_empty(desk: &Desk) {
    for ticket in desk.json(&["ticket", "list", "--all", "--json"]) {
        let number = ticket["number"].to_string();
        let whole = desk.json(&["ticket", "show", &number, "--json"]);
        let messages = whole[0]["messages"].as_array().expect("a list");
        assert!(messages.iter().any(|m| m["direction"] == "incoming" && m["text"] != ""), "{}", whole[0]);
    }
}

fn clean(desk: &Desk) -> serde_json::Value {
    eventually("all is accounted for", LONG, || {
        let output = desk.run(&["audit", "--json"]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    })
}

#[test]
fn a_folder_that_was_made_anew_brings_nothing_twice_and_loses_nothing() {
    let dovecot = Dovecot::start();
    // Taken from a folder of its own: an INBOX cannot be deleted.
    let mailbox = Desk::mailbox("support", "podpora", &dovecot, None)
        .replace("password_file", "folder = \"Desk\"\npassword_file");
    let desk = Desk::with(free_port(), "", &mailbox);
    let now = jiff::Zoned::now().strftime("%d-%b-%Y %H:%M:%S %z").to_string();
    let mut client = dovecot.client("podpora");
    client.command("CREATE Desk");
    client.append("Desk", "02-Mar-2020 10:00:00 +0100", &mail(99));
    let daemon = desk.watch(1);
    let soon = (jiff::Zoned::now() + jiff::Span::new().seconds(2)).strftime("%d-%b-%Y %H:%M:%S %z").to_string();
    (0..3).for_each(|n| client.append("Desk", &soon, &mail(n)));
    until_tickets(&desk, 3);
    let before = clean(&desk);
    assert_eq!((before["onServer"].as_u64(), before["thereBefore"].as_u64()), (Some(4), Some(1)));
    daemon.stop();

    // Restored from a backup: other UIDs under another UIDVALIDITY, the same mails, and a new one among them.
    client.command("DELETE Desk");
    std::thread::sleep(Duration::from_millis(1100)); // Dovecot makes UIDVALIDITY from the time in seconds.
    client.command("CREATE Desk");
    client.append("Desk", "02-Mar-2020 10:00:00 +0100", &mail(99));
    for n in [2, 7, 0, 1] {
        client.append("Desk", &soon, &mail(n));
    }
    let daemon = desk.start(&[]);
    until_tickets(&desk, 4);
    let after = clean(&desk);
    assert_ne!(after["uidValidity"], before["uidValidity"], "this is what the test is about ({now})");
    assert_eq!(after["onServer"], 5);
    assert_eq!(after["fates"], serde_json::json!({"duplicate": 3, "ignored": 1, "ticket": 1}));
    assert_eq!(tickets(&desk), 4);
    none_is_empty(&desk);
    daemon.stop();
}

/// What the ledger says of mail that somebody else took away.
fn gone(desk: &Desk) -> i64 {
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let sql = "SELECT count(*) FROM ledger WHERE fate = 'ignored' AND because LIKE '%by somebody else%'";
    database.query_row(sql, [], |row| row.get(0)).expect("is read")
}

#[test]
fn mail_that_people_delete_or_move_between_showing_and_fetching_makes_no_empty_ticket() {
    // Without MOVE in its capabilities the desk files the longer way, too.
    for capabilities in [None, Some("IMAP4rev1 IDLE UIDPLUS")] {
        let dovecot = Dovecot::start_with(&Options { capabilities, extra: "", ..Options::default() });
        let desk = Desk::new(&dovecot, free_port(), Some("Processed"));
        desk.watch(1).stop();
        (0..6).for_each(|n| dovecot.deliver("podpora", &mail(n)));
        let hold = desk.folder().join("hold");
        let daemon = desk.start(&[("POSTDESK_WAIT_AT", &format!("shown:{}", hold.display()))]);
        eventually("it has been shown the mails", LONG, || hold.exists().then_some(()));
        let mut client = dovecot.client("podpora");
        client.command("CREATE Mine");
        client.command("SELECT INBOX");
        client.command("UID MOVE 4 Mine");
        client.command("UID STORE 2,6 +FLAGS.SILENT (\\Deleted)");
        client.command("EXPUNGE");
        std::fs::remove_file(&hold).expect("it goes on");
        until_tickets(&desk, 3);
        clean(&desk);
        none_is_empty(&desk);
        assert_eq!(gone(&desk), 3, "each of the others has a row and a fate");
        eventually("all is filed", LONG, || (dovecot.files("podpora", "Processed").len() == 3).then_some(()));
        assert_eq!(dovecot.files("podpora", "Mine").len(), 1, "what a person took is the person's");
        daemon.stop();
    }
}

#[test]
fn mail_that_a_killed_desk_had_begun_and_a_person_deleted_gets_a_fate() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    desk.watch(1).stop();
    (0..3).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let mut daemon = desk.start(&[("POSTDESK_DIE_AT", "counted")]);
    eventually("it dies", LONG, || daemon.child.try_wait().expect("is waited for"));
    let mut client = dovecot.client("podpora");
    client.command("SELECT INBOX");
    client.command("UID STORE 2 +FLAGS.SILENT (\\Deleted)");
    client.command("EXPUNGE");
    let output = desk.run(&["audit"]);
    assert_eq!(output.status.code(), Some(65), "one was shown, has no fate and is gone");
    let daemon = desk.start(&[]);
    until_tickets(&desk, 2);
    clean(&desk);
    assert_eq!(gone(&desk), 1);
    daemon.stop();
}

#[test]
fn mail_that_a_person_moves_away_and_back_is_one_ticket() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    let daemon = desk.watch(1);
    dovecot.deliver("podpora", &mail(1));
    until_tickets(&desk, 1);
    let mut client = dovecot.client("podpora");
    client.command("CREATE Mine");
    client.command("SELECT INBOX");
    client.command("MOVE 1 Mine");
    client.command("SELECT Mine");
    client.command("MOVE 1 INBOX");
    // Under a new UID: for the server it is another mail.
    let audit = eventually("it is seen again", LONG, || {
        let audit = clean(&desk);
        (audit["fates"]["duplicate"] == 1).then_some(audit)
    });
    assert_eq!(audit["onServer"], 1);
    assert_eq!(tickets(&desk), 1);
    daemon.stop();
}

//! Many mailboxes on one daemon, and many mails at once: none waits for another, one that cannot be opened holds up nobody,
//! memory is bounded.

use std::time::Instant;

use crate::support::desk::{Desk, LONG, customers_mail, peak_kb};
use crate::support::dovecot::{Dovecot, Options};
use crate::support::smtp_sink::{Script, Sink};
use crate::support::{eventually, free_port};

const MAILBOXES: usize = 20;
const EACH: usize = 10;
/// Peak of resident memory, of a debug build, with all of this.
const MEMORY_MAX_KB: u64 = 300_000;

#[test]
fn twenty_mailboxes_on_one_daemon() {
    // Twenty folders of one account: Dovecot allows ten connections of a user from one address unless it is told.
    let dovecot = Dovecot::start_with(&Options {
        capabilities: None,
        extra: "mail_max_userip_connections = 100\n",
        ..Options::default()
    });
    let mut client = dovecot.client("podpora");
    let mut mailboxes = String::new();
    for n in 0..MAILBOXES {
        client.command(&format!("CREATE Box{n}"));
        let one = Desk::mailbox(&format!("m{n}"), "podpora", &dovecot, None)
            .replace("podpora@acme.example", &format!("box{n}@acme.example"))
            .replace("password_file", &format!("folder = \"Box{n}\"\npassword_file"));
        mailboxes.push_str(&one);
    }
    // One more, whose server does not answer.
    let dead = Desk::mailbox("dead", "eva", &dovecot, None);
    mailboxes.push_str(&dead.replace(&format!("port = {}", dovecot.imap), &format!("port = {}", free_port())));
    let desk = Desk::with(free_port(), "", &mailboxes);
    let daemon = desk.watch(MAILBOXES);
    let began = Instant::now();
    let date = (jiff::Zoned::now() + jiff::Span::new().seconds(2)).strftime("%d-%b-%Y %H:%M:%S %z").to_string();
    for n in 0..EACH {
        for m in 0..MAILBOXES {
            let from = format!("c{m}-{n}@firma{m}.example");
            let mail = customers_mail(&from, "Vec", &format!("m{m}-{n}@inbox.example"), "", "Dobrý deň");
            client.append(&format!("Box{m}"), &date, &mail);
        }
    }
    let all = MAILBOXES * EACH;
    eventually("all are taken in", LONG * 3, || {
        (desk.json(&["ticket", "list", "--all", "--json"]).len() == all).then_some(())
    });
    let peak = peak_kb(daemon.child.id());
    println!("{all} mails in {MAILBOXES} mailboxes in {} ms, peak {peak} KB", began.elapsed().as_millis());
    assert!(peak < MEMORY_MAX_KB, "{peak} KB");
    for m in 0..MAILBOXES {
        let audit = desk.run(&["audit", "--mailbox", &format!("m{m}"), "--json"]);
        assert!(audit.status.success(), "m{m}: {}", String::from_utf8_lossy(&audit.stdout));
    }
    let whole = desk.run(&["audit"]);
    assert_eq!(whole.status.code(), Some(69), "the dead one is named: {}", String::from_utf8_lossy(&whole.stderr));
    daemon.stop();
}

/// Peak of resident memory with mails of the largest size among others, whatever the build: half of what the unit allows.
const MEMORY_MAX_LARGE_KB: u64 = 512_000;
/// Of the largest mail, in bytes: base64 makes a third more of it, and the desk takes 50,000,000.
const LARGE: usize = 36_000_000;
/// Mails of a mailbox in a storm that may be written between the showing of another mailbox's mail and its ticket: what is
/// read, and what is written, at that moment, and one more of each.
const OVERTAKERS_MAX: i64 = 256;

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn rows(database: &rusqlite::Connection, sql: &str) -> usize {
    let count: i64 = database.query_row(sql, [], |row| row.get(0)).expect("is read");
    usize::try_from(count).expect("a count")
}

/// A mail with an attachment of this size that no packing makes smaller.
fn large_mail(bytes: usize) -> Vec<u8> {
    let mut mail = String::from_utf8(customers_mail("large@firma.example", "Veľký", "large@inbox.example", "", "Posielam."))
        .expect("is text")
        .replace("Content-Type: text/plain; charset=utf-8", "Content-Type: multipart/mixed; boundary=b")
        .replace("Content-Transfer-Encoding: 8bit\r\n", "")
        .replace("Posielam.", "--b\r\nContent-Type: text/plain\r\n\r\nPosielam.\r\n--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    let (mut x, mut line) = (7_u64, [0_u8; 57]);
    for _ in 0..bytes / line.len() {
        for byte in &mut line {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = x.to_be_bytes()[0];
        }
        mail.push_str(&base64::Engine::encode(&base64::engine::general_purpose::STANDARD, line));
        mail.push_str("\r\n");
    }
    mail.push_str("--b--\r\n");
    mail.into_bytes()
}

/// By IMAP, the way on which it takes the most: what the connection reads it into stands beside the mail for a moment.
#[test]
fn a_mail_of_fifty_megabytes_takes_less_than_three_times_its_size_and_is_kept_whole() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), None);
    let daemon = desk.watch(1);
    let mail = large_mail(LARGE);
    dovecot.deliver("podpora", &mail);
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let sent = "SELECT count(*) FROM outbox WHERE state = 'sent'";
    eventually("it is a ticket, acknowledged, and its owner is told", LONG * 3, || {
        (rows(&database, sent) == 2).then_some(())
    });
    let peak = peak_kb(daemon.child.id());
    println!("a mail of {} KB, peak {peak} KB", mail.len() / 1024);
    assert!(peak < 3 * mail.len() as u64 / 1024, "{peak} KB");
    daemon.stop();
    let packed: Vec<u8> = database.query_row("SELECT packed FROM raw", [], |row| row.get(0)).expect("one mail");
    assert!(postdesk::store::unpack(&packed, mail.len()).expect("unpacks") == mail, "it is kept byte by byte");
}

/// `POSTDESK_BURST` sets how many mails; `scripts/burst-run` takes 50,000, with the release build.
#[test]
fn a_burst_with_a_fifty_megabyte_mail_in_it_is_taken_in_whole_within_bounded_memory() {
    let count = number("POSTDESK_BURST", 600);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), None);
    desk.append("\n[budgets]\nper_hour = 1000000\nper_domain_hour = 1000000\n");
    desk.watch(1).stop();
    for n in 0..count {
        if n == count / 2 {
            dovecot.deliver("podpora", &large_mail(LARGE));
        }
        let (from, id) = (format!("c{n}@firma{n}.example"), format!("m{n}@inbox.example"));
        dovecot.deliver("podpora", &customers_mail(&from, &format!("Vec {n}"), &id, "", "Dobrý deň, nejde nám stroj."));
    }
    let began = Instant::now();
    let daemon = desk.watch(1);
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let settled = || rows(&database, "SELECT count(*) FROM ledger WHERE fate IS NOT NULL");
    eventually("all are taken in", LONG * 40, || (settled() == count + 1).then_some(()));
    let taken_in = began.elapsed();
    let mut left = 0;
    eventually("all has left", LONG * 40, || {
        left += sink.taken_after(left).len();
        (left == 2 * (count + 1)).then_some(())
    });
    let peak = peak_kb(daemon.child.id());
    println!(
        "burst: {count} mails and one of {} bytes taken in within {} s, {} mails out within {} s, peak {peak} KB",
        large_mail(LARGE).len(),
        taken_in.as_secs(),
        sink.taken().len(),
        began.elapsed().as_secs()
    );
    assert!(peak < MEMORY_MAX_LARGE_KB, "{peak} KB");
    assert_eq!(rows(&database, "SELECT count(*) FROM ticket"), count + 1, "each is one ticket");
    let audit = desk.run(&["audit", "--json"]);
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    let mut ids: Vec<Vec<u8>> = sink.taken().into_iter().map(|taken| taken.bytes).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2 * (count + 1), "nothing goes twice");
    daemon.stop();
}

#[test]
fn a_storm_from_one_sender_holds_its_budget_and_delays_no_other_mailbox() {
    const STORM: usize = 700;
    const OTHERS: usize = 12;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let mailboxes =
        Desk::mailbox("stormy", "podpora", &dovecot, None) + &Desk::mailbox("other", "fakturacia", &dovecot, None);
    let desk = Desk::with(sink.address.port(), "", &mailboxes);
    let daemon = desk.watch(2);
    for n in 0..STORM {
        let id = format!("s{n}@inbox.example");
        dovecot.deliver(
            "podpora",
            &customers_mail("stroj@monitor.example", &format!("Poplach {n}"), &id, "", "Nejde to!"),
        );
    }
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let entries = || rows(&database, "SELECT count(*) FROM entry WHERE direction = 'incoming'");
    let last = || rows(&database, "SELECT coalesce(max(id), 0) FROM entry");
    let mut written_before = Vec::new();
    for n in 0..OTHERS {
        // In the middle of the storm, wherever it is then.
        eventually("the storm blows", LONG * 4, || (entries() > n * STORM / (OTHERS + 2)).then_some(()));
        written_before.push(last());
        let from = format!("c{n}@firma{n}.example");
        dovecot.deliver("fakturacia", &customers_mail(&from, "Vec", &format!("o{n}@inbox.example"), "", "Dobrý deň"));
    }
    let all = STORM + OTHERS;
    eventually("all are taken in", LONG * 6, || (entries() == all).then_some(()));
    // Of each mail of the other mailbox: its place among all that was written, and those of the storm that were shown after
    // it and written before it.
    let sql = "SELECT oe.id, (SELECT count(*) FROM ledger s JOIN entry se ON se.raw = s.raw WHERE s.mailbox = 'stormy' \
               AND s.id > o.id AND se.id < oe.id) FROM ledger o JOIN entry oe ON oe.raw = o.raw WHERE o.mailbox = 'other' ORDER BY o.id";
    let mut statement = database.prepare(sql).expect("is read");
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let counted: Vec<(i64, i64)> =
        statement.query_map([], row).expect("is read").map(|n| n.expect("is read")).collect();
    assert_eq!(counted.len(), OTHERS);
    let waited: Vec<i64> =
        counted.iter().zip(&written_before).map(|((place, _), before)| place - 1 - *before as i64).collect();
    let overtakers: Vec<i64> = counted.iter().map(|(_, overtakers)| *overtakers).collect();
    println!(
        "storm: {STORM} mails from one sender; from the delivery of a mail to the other mailbox to its ticket {waited:?} \
         entries were written, of mails shown after it {overtakers:?}"
    );
    assert!(overtakers.iter().all(|n| *n <= OVERTAKERS_MAX), "{overtakers:?}");
    // Nobody waits for the end of the storm.
    assert!(waited.iter().all(|n| *n < STORM as i64 / 2), "{waited:?}");
    let to = |address: &str| sink.taken().iter().filter(|taken| taken.rcpt[0].contains(address)).count();
    eventually("the others are acknowledged", LONG, || ((0..OTHERS).all(|n| to(&format!("c{n}@")) == 1)).then_some(()));
    assert!(to("stroj@") <= 3, "{} acknowledgements to the storm's sender", to("stroj@"));
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

//! The clock on the wall is moved under the real daemon (waits go on as they are): the morning's comparison
//! and the week's count, jumps of hours and years in the middle of sending, a suspended machine, the ends of summer and
//! winter time and of 32 bits; and dates in mails that no calendar knows.

use std::process::Command;
use std::time::Duration;

use crate::support::desk::{Daemon, Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::shim::MovedClock;
use crate::support::smtp_sink::{Say, Script, Sink, Taken};
use crate::support::{eventually, free_port};

fn mail(n: usize) -> Vec<u8> {
    mail_of(&format!("c{n}@firma{n}.example"), n)
}

fn mail_of(from: &str, n: usize) -> Vec<u8> {
    customers_mail(from, &format!("Vec {n}"), &format!("m{n}@inbox.example"), "", "Dobrý deň")
}

fn start(desk: &Desk, clock: &MovedClock) -> Daemon {
    let environment = clock.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let daemon = desk.start(&environment);
    eventually("the daemon watches", LONG, || daemon.said("Watching").then_some(()));
    daemon
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

fn to(sink: &Sink, address: &str) -> Vec<Taken> {
    sink.taken().into_iter().filter(|taken| taken.rcpt[0].contains(address)).collect()
}

fn text(taken: &Taken) -> String {
    let mail = mail_parser::MessageParser::default().parse(&taken.bytes).expect("our own mail parses");
    mail.body_text(0).expect("has a text").into_owned()
}

fn tickets(desk: &Desk) -> usize {
    desk.json(&["ticket", "list", "--all", "--json"]).len()
}

/// A desk with an operator.
fn desk(dovecot: &Dovecot, sink: &Sink) -> Desk {
    let mailbox = Desk::mailbox("support", "podpora", dovecot, None);
    Desk::with(sink.address.port(), "operator = \"ops@inbox.example\"", &mailbox)
}

/// What the operator was told, one text a mail, when so many mails came.
fn told(sink: &Sink, count: usize) -> Vec<String> {
    let what = format!("{count} mails to the operator");
    eventually(&what, LONG, || (to(sink, "ops@").len() >= count).then_some(()));
    let told: Vec<String> = to(sink, "ops@").iter().map(text).collect();
    assert_eq!(told.len(), count, "{told:?}");
    told
}

#[test]
fn every_morning_the_servers_are_compared_and_every_monday_the_week_is_counted() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = desk(&dovecot, &sink);
    let at = |moment: &str| start(&desk, &MovedClock::at(moment));
    // A first start in the afternoon of a Wednesday: nothing has happened yet.
    let daemon = at("2026-12-02T14:00:00Z");
    (0..5).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    eventually("they come in", LONG, || (tickets(&desk) == 5).then_some(()));
    daemon.stop();
    // Sunday's morning: all is well, and nobody is bothered.
    at("2026-12-06T05:30:00Z").stop();
    // Monday, five in the morning in Bratislava: it is still night.
    at("2026-12-07T04:00:00Z").stop();
    assert_eq!(told(&sink, 0), [""; 0]);
    // Half past six.
    let daemon = at("2026-12-07T05:30:00Z");
    let count = told(&sink, 1).remove(0);
    assert!(count.contains("The last seven days: 5 mails in, 5 accounted for"), "{count}");
    daemon.stop();
    // Once a week, whoever restarts the desk.
    at("2026-12-07T12:00:00Z").stop();
    // On Tuesday the desk finds that it went past a mail.
    dovecot.deliver("podpora", &mail(5));
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    database.execute("UPDATE cursor SET last_uid = last_uid + 1", []).expect("is written");
    let daemon = at("2026-12-08T05:30:00Z");
    let missing = told(&sink, 2).remove(1);
    let said = "1 mails in mailbox support are unaccounted for; 1 of them had been passed over and are taken in now";
    assert!(missing.contains(said), "{missing}");
    daemon.stop();
    // As soon as the mailbox is quiet, or opened anew.
    let daemon = at("2026-12-08T15:00:00Z");
    eventually("it is taken in", LONG, || (tickets(&desk) == 6).then_some(()));
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
    dovecot.deliver("podpora", &mail(6));
    database.execute("UPDATE cursor SET last_uid = last_uid + 1", []).expect("is written");
    // Wednesday's morning passes while the desk is down: it looks when it is up again.
    let daemon = at("2026-12-09T18:00:00Z");
    let missing = told(&sink, 3).remove(2);
    assert!(missing.contains("unaccounted for"), "{missing}");
    daemon.stop();
}

#[test]
fn a_clock_that_jumps_in_the_middle_of_sending_doubles_nothing_and_puts_nothing_off_for_years() {
    let runtime = runtime();
    // Long enough in the air for the clock to be moved meanwhile.
    let slow = || Say::After(Duration::from_secs(3), Box::new(Say::line("250 2.0.0 Ok: taken")));
    let greylisted = || Script::on("RCPT TO:<later@", Say::line("450 4.2.0 Greylisted"));
    let sink = runtime.block_on(Sink::start(greylisted().and(".", slow())));
    let dovecot = Dovecot::start();
    let desk = desk(&dovecot, &sink);
    let clock = MovedClock::at("+0");
    let daemon = start(&desk, &clock);
    let mut mails = 0;
    let mut deliver = |from: Option<&str>| {
        mails += 1;
        let raw = from.map_or_else(|| mail(mails), |from| mail_of(from, mails));
        dovecot.deliver("podpora", &raw);
        mails
    };
    for moment in ["+1h", "+3650d", "+0", "-1h", "-3650d", "+0"] {
        let before = sink.taken().len();
        let n = deliver(None);
        // Acknowledgement and notification are with the server, which does not answer yet.
        eventually("they are in the air", LONG, || (sink.taken().len() >= before + 2).then_some(()));
        clock.set(moment);
        eventually("they are known to be taken", LONG, || {
            let rows = desk.json(&["outbox", "list", "--all", "--json"]);
            let open = rows.iter().filter(|row| row["state"] != "sent" && row["state"] != "deferred");
            (rows.len() >= 2 * n && open.count() == 0).then_some(())
        });
        if moment == "+3650d" {
            // Put off by a clock that is ten years ahead.
            deliver(Some("later@inbox.example"));
            eventually("it is put off", LONG, || {
                let rows = desk.json(&["outbox", "list", "--json"]);
                rows.iter().any(|row| row["state"] == "deferred").then_some(())
            });
        }
    }
    // Each time the clock was set back the mail was tried again; now it waits for minutes, as after any third try.
    let put_off = || desk.json(&["outbox", "list", "--json"]).into_iter().find(|row| row["state"] == "deferred");
    let put_off = put_off().expect("it is still greylisted");
    assert!(put_off["attempts"].as_u64().is_some_and(|attempts| attempts >= 3), "{put_off}");
    let next: jiff::Timestamp = put_off["nextAttemptAt"].as_str().expect("a time").parse().expect("a time");
    assert!(
        next < jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5),
        "nobody waits for ten years: {put_off}"
    );
    assert_eq!(to(&sink, "later@").len(), 0);
    sink.follow(Script::default());
    // The daemon keeps connections open for a moment, and they follow the earlier script.
    daemon.stop();
    let daemon = start(&desk, &clock);
    assert!(desk.run(&["outbox", "retry", &put_off["id"].to_string()]).status.success());
    eventually("what was put off goes", LONG, || (to(&sink, "later@").len() == 1).then_some(()));
    let n = deliver(None);
    eventually("all are taken in", LONG, || (tickets(&desk) == n).then_some(()));
    eventually("nothing is left", LONG, || desk.json(&["outbox", "list", "--json"]).is_empty().then_some(()));
    let mut ids: Vec<Vec<u8>> = sink.taken().into_iter().map(|taken| taken.bytes).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "nothing goes twice");
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

#[test]
fn a_machine_that_was_suspended_goes_on_and_the_operator_hears_of_the_jump() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = desk(&dovecot, &sink);
    // Of a Wednesday afternoon, so that no morning's look comes in between.
    let clock = MovedClock::at("2026-12-02T12:00:00Z");
    let daemon = start(&desk, &clock);
    (0..3).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let signal = |name: &str| {
        let id = daemon.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("runs").success());
    };
    eventually("the first comes in", LONG, || (tickets(&desk) >= 1).then_some(()));
    signal("-STOP");
    clock.set("2026-12-02T15:00:00Z");
    (3..6).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    std::thread::sleep(Duration::from_secs(2));
    signal("-CONT");
    eventually("all come in", LONG, || (tickets(&desk) == 6).then_some(()));
    eventually("all is told", LONG, || (to(&sink, "jana@").len() == 6).then_some(()));
    assert_eq!(sink.taken().iter().filter(|taken| taken.rcpt[0].contains("@firma")).count(), 6);
    let jump = told(&sink, 1).remove(0);
    assert!(jump.contains("went ahead by 3 hours at once, or the machine was suspended"), "{jump}");
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

#[test]
fn the_ends_of_summer_time_winter_time_and_32_bits_pass_like_any_other_second() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = desk(&dovecot, &sink);
    // In Bratislava: 02:00 becomes 03:00; 03:00 becomes 02:00; and the second after 2^31 - 1.
    let moments = ["2027-03-28T00:59:57Z", "2027-10-31T00:59:57Z", "2038-01-19T03:14:05Z"];
    for (n, moment) in moments.iter().enumerate() {
        let clock = MovedClock::at(moment);
        let daemon = start(&desk, &clock);
        dovecot.deliver("podpora", &mail(2 * n));
        eventually("one comes in before", LONG, || (tickets(&desk) == 2 * n + 1).then_some(()));
        std::thread::sleep(Duration::from_secs(4));
        dovecot.deliver("podpora", &mail(2 * n + 1));
        eventually("one comes in after", LONG, || (tickets(&desk) == 2 * n + 2).then_some(()));
        // Months pass between the moments, so that the owner is also reminded of what is open.
        let names = |mail: &Taken, uid| text(mail).lines().any(|line| line.ends_with(&format!("Vec {uid}")));
        let of = |uid: usize| to(&sink, "jana@").iter().filter(|mail| names(mail, uid)).count();
        eventually("both are told", LONG, || (of(2 * n) > 0 && of(2 * n + 1) > 0).then_some(()));
        daemon.stop();
    }
    let all = desk.json(&["ticket", "list", "--all", "--json"]);
    let times: Vec<&str> = all.iter().map(|t| t["createdAt"].as_str().expect("a time")).collect();
    assert!(times.iter().any(|t| t.starts_with("2038-01-19")), "{times:?}");
}

#[test]
fn dates_in_mails_that_no_calendar_knows_or_nobody_lives_to_see_break_nothing() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    let daemon = desk.watch(1);
    let dates = [
        "Tue, 19 Jan 2038 03:14:08 +0000",
        "Fri, 13 Feb 2099 10:00:00 +0100",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Mon, 32 Foo 20266 99:99:99 +9999",
        "1 Jan 0001 00:00:00 -1200",
        "Fri, 31 Dec 9999 23:59:59 +1400",
        "",
    ];
    let mut client = dovecot.client("podpora");
    // What the server says of their arrival is no better.
    let arrived = ["19-Jan-2038 03:14:08 +0000", " 1-Jan-1980 00:00:00 +0000", "31-Dec-2099 23:59:59 +1400"];
    for (n, date) in dates.iter().enumerate() {
        let raw = String::from_utf8(mail(n)).expect("is text");
        let raw = raw.replace("\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100", &format!("\r\nDate: {date}"));
        client.append("INBOX", arrived[n % arrived.len()], raw.as_bytes());
    }
    eventually("all come in", LONG, || (tickets(&desk) == dates.len()).then_some(()));
    for ticket in desk.json(&["ticket", "list", "--all", "--json"]) {
        let whole = desk.json(&["ticket", "show", &ticket["number"].to_string(), "--json"]).remove(0);
        // When the desk took it in is what counts for people's work.
        let created: jiff::Timestamp = whole["createdAt"].as_str().expect("a time").parse().expect("a time");
        let age = jiff::Timestamp::now().duration_since(created);
        assert!(age.abs() < jiff::SignedDuration::from_hours(1), "{whole}");
    }
    assert!(desk.run(&["ticket", "list", "--all"]).status.success());
    assert!(desk.json(&["quarantine", "list", "--json"]).is_empty());
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

//! Who hears of what goes wrong: the agent whose answer did not leave, and the operator, who is not flooded.

use std::time::Duration;

use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::eventually;
use crate::support::smtp_sink::{Say, Script, Sink, Taken};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

fn to(sink: &Sink, address: &str) -> Vec<Taken> {
    sink.taken().into_iter().filter(|taken| taken.rcpt[0].contains(address)).collect()
}

fn text(taken: &Taken) -> String {
    let mail = mail_parser::MessageParser::default().parse(&taken.bytes).expect("our own mail parses");
    format!("{}\n{}", mail.subject().unwrap_or_default(), mail.body_text(0).expect("has a text"))
}

/// A mail in an agent's name that fails DMARC.
fn forged(n: usize) -> Vec<u8> {
    let mail = customers_mail("jana@inbox.example", &format!("Zaplat {n}"), &format!("f{n}@evil.example"), "", "Hneď.");
    String::from_utf8(mail)
        .expect("is text")
        .replace("dkim=pass", "dkim=fail")
        .replace("dmarc=pass", "dmarc=fail")
        .into_bytes()
}

#[test]
fn an_agent_hears_that_the_answer_did_not_leave() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), None);
    let daemon = desk.watch(1);
    dovecot.deliver("podpora", &customers_mail("martin@inbox.example", "Vec", "m1@inbox.example", "", "Dobrý deň"));
    eventually("the agent is told", LONG, || (to(&sink, "jana@").len() == 1).then_some(()));
    eventually("the customer is told", LONG, || (to(&sink, "martin@").len() == 1).then_some(()));
    sink.follow(Script::on("RCPT TO:<martin@", Say::line("550 5.1.1 No such person here")));
    // The daemon keeps connections open for a moment, and they follow the earlier script.
    daemon.stop();
    let daemon = desk.watch(1);
    let reply = desk.run(&["ticket", "reply", "1001", "--as", "jana", "--message", "Skúste to znova."]);
    assert!(reply.status.success(), "{}", String::from_utf8_lossy(&reply.stderr));
    let told = eventually("the agent hears of it", LONG, || to(&sink, "jana@").get(1).cloned());
    let told = text(&told);
    assert!(told.contains("martin@inbox.example") && told.contains("550 5.1.1 No such person here"), "{told}");
    let ticket = desk.json(&["ticket", "show", "1001", "--json"]).remove(0);
    let lines = ticket["history"].as_array().expect("a list");
    let line = lines.iter().find(|l| l["change"].as_str().is_some_and(|c| c.contains("delivery failed")));
    assert!(line.is_some_and(|l| l["because"].as_str().is_some_and(|b| b.contains("550"))), "{ticket}");
    assert!(!daemon.log().contains("No such person"), "the log quotes the server");
    daemon.stop();
}

#[test]
fn what_a_daemon_that_is_killed_had_to_tell_is_told_by_the_next() {
    let runtime = runtime();
    let sink =
        runtime.block_on(Sink::start(Script::on("RCPT TO:<martin@", Say::line("550 5.1.1 No such person here"))));
    let dovecot = Dovecot::start();
    let mailbox = Desk::mailbox("support", "podpora", &dovecot, None);
    let desk = Desk::with(sink.address.port(), "operator = \"ops@inbox.example\"", &mailbox);
    let daemon = desk.watch(1);
    // Not believed: its sender gets no acknowledgement that could fail, too.
    dovecot.deliver("podpora", &customers_mail("eva@inbox.example", "Vec", "m1@inbox.example", "", "Dobrý deň"));
    eventually("the agent is told", LONG, || (to(&sink, "jana@").len() == 1).then_some(()));
    let copied = "Cc: martin@inbox.example\r\n";
    dovecot.deliver("podpora", &customers_mail("ivan@inbox.example", "Iná", "m2@inbox.example", copied, "Dobrý deň"));
    eventually("the agent is told", LONG, || (to(&sink, "jana@").len() == 2).then_some(()));
    let reply = desk.run(&["ticket", "reply", "1002", "--as", "jana", "--message", "Skúste to znova."]);
    assert!(reply.status.success(), "{}", String::from_utf8_lossy(&reply.stderr));
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("is read");
    let noted = |kind: &str| count(&format!("SELECT count(*) FROM notice WHERE kind = '{kind}'"));
    // What happens together is gathered for some seconds: the daemon dies in them.
    eventually("it is written down", LONG, || (noted("undelivered") == 1).then_some(()));
    daemon.kill();
    let of_trouble =
        |sink: &Sink| to(sink, "jana@").iter().filter(|told| text(told).contains("No such person")).count();
    assert_eq!(of_trouble(&sink), 0, "nobody was told yet");
    let daemon = desk.watch(1);
    eventually("the agent hears of it", LONG, || (of_trouble(&sink) == 1).then_some(()));
    dovecot.deliver("podpora", &forged(1));
    eventually("it is written down", LONG, || (noted("quarantined") == 1).then_some(()));
    daemon.kill();
    assert_eq!(to(&sink, "ops@").len(), 0, "nobody was told yet");
    let daemon = desk.watch(1);
    eventually("the operator hears of it", LONG, || (to(&sink, "ops@").len() == 1).then_some(()));
    assert!(text(&to(&sink, "ops@")[0]).contains("quarantine list"));
    eventually("nothing is left to tell", LONG, || (count("SELECT count(*) FROM notice") == 0).then_some(()));
    daemon.stop();
}

#[test]
fn the_operator_hears_of_forged_mail_once_an_hour_and_releases_what_is_real() {
    let runtime = runtime();
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start();
    let mailbox = Desk::mailbox("support", "podpora", &dovecot, None);
    let desk = Desk::with(sink.address.port(), "operator = \"ops@inbox.example\"", &mailbox);
    let daemon = desk.watch(1);
    (0..3).for_each(|n| dovecot.deliver("podpora", &forged(n)));
    let told = eventually("the operator is told", LONG, || to(&sink, "ops@").first().cloned());
    let told = text(&told);
    assert!(told.contains("quarantine list") && told.contains("jana"), "{told}");
    (3..6).for_each(|n| dovecot.deliver("podpora", &forged(n)));
    eventually("they are set aside", LONG, || (desk.json(&["quarantine", "list", "--json"]).len() == 6).then_some(()));
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(to(&sink, "ops@").len(), 1, "one mail an hour");
    // Nor more after a restart.
    daemon.stop();
    let daemon = desk.watch(1);
    dovecot.deliver("podpora", &forged(6));
    eventually("it is set aside", LONG, || (desk.json(&["quarantine", "list", "--json"]).len() == 7).then_some(()));
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(to(&sink, "ops@").len(), 1, "one mail an hour, whoever runs");
    assert!(desk.run(&["audit"]).status.success(), "they are accounted for");
    daemon.stop();
}

#[test]
fn a_released_mail_is_a_ticket_that_says_who_released_it() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, crate::support::free_port(), None);
    let daemon = desk.watch(1);
    let mail = customers_mail("eva@inbox.example", "Pomoc", "e1@inbox.example", "", "Prosím o pomoc.");
    let mail = String::from_utf8(mail).expect("is text").replace("=pass", "=fail");
    dovecot.deliver("podpora", mail.as_bytes());
    let aside = eventually("it is set aside", LONG, || desk.json(&["quarantine", "list", "--json"]).pop());
    daemon.stop();
    let id = aside["id"].to_string();
    let retried = desk.run(&["quarantine", "retry", &id]);
    assert!(String::from_utf8_lossy(&retried.stdout).contains("still in quarantine"), "a retry believes no more");
    assert_eq!(desk.run(&["quarantine", "release", &id, "--as", "nobody"]).status.code(), Some(64));
    let released = desk.run(&["quarantine", "release", &id, "--as", "jana"]);
    assert!(released.status.success(), "{}", String::from_utf8_lossy(&released.stderr));
    let ticket = desk.json(&["ticket", "show", "1001", "--json"]).remove(0);
    assert_eq!(ticket["verified"], false);
    assert_eq!(ticket["messages"][0]["believed"], "unauthenticated");
    let lines = ticket["history"].as_array().expect("a list");
    let released = |line: &&serde_json::Value| {
        line["actor"] == "jana" && line["change"].as_str().is_some_and(|c| c.contains("released from quarantine"))
    };
    assert_eq!(lines.iter().filter(released).count(), 1, "{ticket}");
    assert!(desk.json(&["quarantine", "list", "--json"]).is_empty());
    assert!(desk.run(&["audit"]).status.success());
}

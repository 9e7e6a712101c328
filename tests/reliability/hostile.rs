//! Servers that are hostile, broken, overloaded or dead, a dozen of them on one daemon, beside one that is well: its mail
//! comes in, memory stays bounded, the log has no word of theirs, and whoever is well again goes on by itself.

use std::time::Duration;

use crate::support::desk::{Desk, LONG, customers_mail, peak_kb};
use crate::support::dovecot::Dovecot;
use crate::support::scripted_imap::{Act, Script, Scripted, start};
use crate::support::smtp_sink::{Say, Script as SmtpScript, Sink};
use crate::support::{eventually, free_port};

/// Stands for what a customer wrote, and a server repeats.
const PRIVATE: &str = "Moje rodné číslo je 905523/1234";
/// Peak of resident memory of a debug build, in all of this.
const MEMORY_MAX_KB: u64 = 200_000;

fn mail(n: usize) -> Vec<u8> {
    customers_mail(
        &format!("c{n}@firma{n}.example"),
        &format!("Vec {n}"),
        &format!("m{n}@inbox.example"),
        "",
        "Dobrý deň",
    )
}

fn say(text: &str) -> Act {
    Act::say(&text.replace("PRIVATE", PRIVATE))
}

fn close(text: &str) -> Act {
    Act::SayAndClose(text.replace("PRIVATE", PRIVATE).into_bytes())
}

/// One mail, given whole, and a refusal to file it away.
fn full_archive() -> Script {
    let mail = String::from_utf8(mail(900)).expect("is text");
    let literal = format!("* 1 FETCH (UID 1 BODY[] {{{}}}\r\n{mail})\r\nTAG OK done\r\n", mail.len());
    vec![
        ("UID FETCH 1:* ", say("* 1 FETCH (UID 1 RFC822.SIZE 400)\r\nTAG OK done\r\n")),
        ("UID FETCH 1 (UID BODY", Act::say(&literal)),
        ("UID MOVE", say("TAG NO [OVERQUOTA] PRIVATE\r\n")),
        ("LIST", say("* LIST () \"/\" Done\r\nTAG OK done\r\n")),
    ]
}

fn hostile() -> Vec<(&'static str, u32, Script)> {
    let numbers = " 123456789".repeat(3_000_000);
    vec![
        ("four-gigabytes", 1, vec![("UID FETCH", say("* 1 FETCH (UID 1 X {4294967290}\r\nPRIVATE"))]),
        ("endless-line", 1, vec![("SELECT", Act::Endless(vec![b'x'; 65_536], Duration::ZERO))]),
        ("many-numbers", 1, vec![("UID FETCH", say(&format!("* SEARCH{numbers}\r\nTAG OK PRIVATE\r\n")))]),
        (
            "flood",
            1,
            vec![("UID FETCH", Act::Endless("* 1 FETCH (FLAGS ())\r\n".repeat(3_000).into_bytes(), Duration::ZERO))],
        ),
        ("nested", 1, vec![("UID FETCH", say(&format!("* 1 FETCH (BODYSTRUCTURE {}", "(".repeat(60_000))))]),
        ("stale-no", 1, vec![("UID FETCH", say("A0001 NO PRIVATE\r\nTAG OK done\r\n"))]),
        ("not-imap", 1, vec![("UID FETCH", say("* 1 FETCH (UID 1 BODY[] PRIVATE\r\nTAG OK done\r\n"))]),
        ("bye", 0, vec![("GREETING", close("* BYE PRIVATE\r\n"))]),
        ("bye-later", 1, vec![("UID FETCH", close("* BYE PRIVATE\r\n"))]),
        ("unavailable", 0, vec![("LOGIN", say("TAG NO [UNAVAILABLE] PRIVATE\r\n"))]),
        ("refused", 0, vec![("LOGIN", say("TAG NO [AUTHENTICATIONFAILED] PRIVATE\r\n"))]),
        ("refused-fetch", 1, vec![("UID FETCH", say("TAG NO [SERVERBUG] PRIVATE\r\n"))]),
        ("web-server", 0, vec![("GREETING", close("HTTP/1.1 400 Bad Request\r\n\r\n"))]),
        ("silence", 0, vec![("GREETING", Act::Silence)]),
        ("full-archive", 1, full_archive()),
    ]
}

fn mailbox(name: &str, dovecot: &Dovecot, server: &Scripted) -> String {
    Desk::mailbox(name, "podpora", dovecot, Some("Done"))
        .replace("podpora@acme.example", &format!("{name}@acme.example"))
        .replace(&format!("port = {}", dovecot.imap), &format!("port = {}", server.port))
        .replace("plus = true", "plus = true\nstart = \"all\"")
}

#[test]
fn fifteen_hostile_servers_disturb_nobody_and_take_no_memory() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dovecot = Dovecot::start();
    let mut servers = Vec::new();
    let mut mailboxes = String::new();
    for (name, exists, script) in hostile() {
        let server = runtime.block_on(start("IDLE MOVE UIDPLUS", exists, script));
        mailboxes.push_str(&mailbox(name, &dovecot, &server));
        servers.push((name, server));
    }
    mailboxes.push_str(&Desk::mailbox("well", "podpora", &dovecot, Some("Processed")));
    let desk = Desk::with(free_port(), "", &mailboxes);
    desk.append("\n[limits]\ntimeout_seconds = 5\n");
    let mut daemon = desk.start(&[]);
    let well = || desk.json(&["ticket", "list", "--all", "--json", "--mailbox", "well"]).len();
    eventually("it watches the one that is well", LONG, || daemon.said("mailbox=\"well\"").then_some(()));
    for n in 0..20 {
        dovecot.deliver("podpora", &mail(n));
        std::thread::sleep(Duration::from_millis(100));
    }
    eventually("the mail of the one that is well comes in", LONG, || (well() == 20).then_some(()));
    for (name, _) in &servers {
        let said = format!("The mailbox cannot be read mailbox=\"{name}\"");
        eventually(&format!("trouble with {name} is noticed"), LONG, || daemon.said(&said).then_some(()));
    }
    assert!(daemon.child.try_wait().expect("is waited for").is_none(), "it runs");
    let peak = peak_kb(daemon.child.id());
    println!("{} hostile servers, peak {peak} KB", servers.len());
    assert!(peak < MEMORY_MAX_KB, "{peak} KB");
    let log = daemon.log();
    assert!(!log.contains("905523") && !log.contains("Bad Request"), "a server's words are in the log:\n{log}");
    for code in ["UNAVAILABLE", "AUTHENTICATIONFAILED", "SERVERBUG", "OVERQUOTA"] {
        assert!(log.contains(&format!("because=\"{code}\"")), "{code} is told:\n{log}");
    }
    assert!(!log.contains("panic"), "{log}");
    // A full archive keeps no mail out, and takes none in twice.
    let all = desk.json(&["ticket", "list", "--all", "--json"]);
    assert_eq!(all.len(), 21, "{all:?}");
    assert!(desk.json(&["quarantine", "list", "--json"]).is_empty(), "no mail is blamed for its server");

    // Two of them are well again: one that spoke nonsense, one that was overloaded.
    for (name, server) in servers.iter().filter(|(name, _)| ["not-imap", "unavailable"].contains(name)) {
        server.follow(0, Vec::new());
        let before = daemon.count(&format!("The mailbox cannot be read mailbox=\"{name}\""));
        eventually(&format!("{name} goes on by itself"), LONG * 3, || {
            let watched =
                daemon.log().lines().rev().find(|l| l.contains(&format!("mailbox=\"{name}\"")))?.contains("Watching");
            watched.then_some(())
        });
        assert!(daemon.count(&format!("The mailbox cannot be read mailbox=\"{name}\"")) <= before + 1);
    }
    daemon.stop();
}

/// A server whose processes are stopped accepts connections, for the kernel does, and never says a word.
#[test]
fn a_server_that_hangs_is_given_up_and_goes_on_where_it_was_when_it_wakes() {
    let (hanging, well) = (Dovecot::start(), Dovecot::start());
    let mailboxes = Desk::mailbox("hangs", "podpora", &hanging, Some("Processed"))
        + &Desk::mailbox("well", "fakturacia", &well, Some("Processed"));
    let desk = Desk::with(free_port(), "", &mailboxes);
    desk.append("\n[limits]\ntimeout_seconds = 5\n");
    desk.watch(2).stop();
    hanging.hang();
    let daemon = desk.start(&[]);
    for n in 0..5 {
        hanging.deliver("podpora", &mail(n));
        well.deliver("fakturacia", &mail(100 + n));
    }
    let tickets = |mailbox: &str| desk.json(&["ticket", "list", "--all", "--json", "--mailbox", mailbox]).len();
    eventually("the other one is not disturbed", LONG, || (tickets("well") == 5).then_some(()));
    eventually("it is given up", LONG, || daemon.said("said nothing for 5 seconds").then_some(()));
    assert_eq!(tickets("hangs"), 0);
    hanging.wake();
    eventually("it goes on", LONG * 2, || (tickets("hangs") == 5).then_some(()));
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

#[test]
fn an_outgoing_server_that_refuses_defers_or_greylists_loses_no_answer() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Of the recipients of one answer one is greylisted, one refused for good and one taken.
    let script = SmtpScript::on("RCPT TO:<later@", Say::line("450 4.2.0 Greylisted, try again later"))
        .and("RCPT TO:<never@", Say::line("550 5.1.1 No such person here"));
    let sink = runtime.block_on(Sink::start(script));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), None);
    let daemon = desk.watch(1);
    let copies = "Cc: later@inbox.example, never@inbox.example\r\n";
    dovecot.deliver("podpora", &customers_mail("now@inbox.example", "Vec", "m1@inbox.example", copies, "Dobrý deň"));
    let to = |address: &str| {
        let to = |taken: &&crate::support::smtp_sink::Taken| taken.rcpt[0].contains(address);
        sink.taken().iter().filter(to).count()
    };
    eventually("it is acknowledged", LONG, || (to("now@") == 1).then_some(()));
    assert!(desk.run(&["ticket", "reply", "1001", "--as", "jana", "--message", "Skúste to znova."]).status.success());
    let answers = || {
        let rows = desk.json(&["outbox", "list", "--all", "--json"]);
        let state = |to: &str| {
            let mine = |row: &&serde_json::Value| row["template"] == "answer" && row["to"].to_string().contains(to);
            rows.iter().find(mine).map(|row| row["state"].as_str().unwrap_or_default().to_owned())
        };
        ["now@", "later@", "never@"].map(|to| state(to).unwrap_or_default())
    };
    eventually("each has its own end", LONG, || (answers() == ["sent", "deferred", "failed"]).then_some(()));
    assert_eq!(to("now@"), 2);
    eventually("the agent hears of the one that is refused", LONG, || {
        (daemon.said("A mail will not go again by itself") && to("jana@") >= 2).then_some(())
    });
    sink.follow(SmtpScript::default());
    daemon.stop();
    let waiting = desk.json(&["outbox", "list", "--json"]).into_iter().find(|row| row["state"] == "deferred");
    let id = waiting.expect("is listed")["id"].to_string();
    assert!(desk.run(&["outbox", "retry", &id]).status.success());
    let daemon = desk.watch(1);
    eventually("the greylisted one is taken in the end", LONG, || (to("later@") == 1).then_some(()));
    assert_eq!((to("now@"), to("never@")), (2, 0), "nobody else gets anything twice");
    assert!(!daemon.log().contains("Greylisted"), "the log quotes the server");
    daemon.stop();
}

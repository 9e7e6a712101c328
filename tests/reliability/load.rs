//! Many mailboxes on one daemon: none waits for another, one that cannot be opened holds up nobody, memory is bounded.

use std::time::Instant;

use crate::support::desk::{Desk, LONG, customers_mail, peak_kb};
use crate::support::dovecot::{Dovecot, Options};
use crate::support::{eventually, free_port};

const MAILBOXES: usize = 20;
const EACH: usize = 10;
/// Peak of resident memory, of a debug build, with all of this.
const MEMORY_MAX_KB: u64 = 300_000;

#[test]
fn twenty_mailboxes_on_one_daemon() {
    // Twenty folders of one account: Dovecot allows ten connections of a user from one address unless it is told.
    let dovecot = Dovecot::start_with(&Options { capabilities: None, extra: "mail_max_userip_connections = 100\n" });
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

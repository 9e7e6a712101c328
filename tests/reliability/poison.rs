//! A mail that ends the program, as a stack overflow or a lack of memory would: it is set aside at the third start, and
//! the others are taken in.

use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::{eventually, free_port};

const WORDS: &str = "slovo-ktore-zabija";

#[test]
fn a_mail_that_ends_the_program_is_set_aside_and_the_others_are_taken_in() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), Some("Processed"));
    desk.watch(1).stop();
    for n in 0..7 {
        let body = if n == 3 { WORDS } else { "Dobrý deň" };
        let from = format!("c{n}@inbox.example");
        dovecot.deliver("podpora", &customers_mail(&from, "Vec", &format!("m{n}@inbox.example"), "", body));
    }
    // Its service manager starts it again and again.
    let mut deaths = 0;
    let daemon = loop {
        let mut daemon = desk.start(&[("POSTDESK_POISON", WORDS)]);
        let died = eventually("it dies or is done", LONG, || {
            let died = daemon.child.try_wait().expect("is waited for").is_some();
            let done = dovecot.files("podpora", "INBOX").is_empty();
            (died || done).then_some(died)
        });
        if !died {
            break daemon;
        }
        deaths += 1;
        assert!(deaths <= 3, "it dies a fourth time: {}", daemon.log());
    };
    assert_eq!(deaths, 3);
    let tickets = desk.json(&["ticket", "list", "--all", "--json"]);
    assert_eq!(tickets.len(), 6, "the six others");
    let aside = desk.json(&["quarantine", "list", "--json"]);
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0]["because"], "3 tries to read it ended the program");
    assert!(desk.run(&["audit"]).status.success(), "it is accounted for");
    daemon.stop();

    // A program that can read it takes it in.
    let retried = desk.run(&["quarantine", "retry", "all"]);
    assert!(retried.status.success(), "{}", String::from_utf8_lossy(&retried.stderr));
    assert_eq!(desk.json(&["ticket", "list", "--all", "--json"]).len(), 7);
}

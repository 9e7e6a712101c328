//! A real server that is made a liar on the way: about the UID that comes next, about the content of mails; and one that is
//! away when the desk first comes to it.

use std::time::{Duration, SystemTime};

use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::eventually;
use crate::support::fault_proxy::Proxy;
use crate::support::free_port;

fn mail(n: usize) -> Vec<u8> {
    customers_mail(
        &format!("c{n}@firma{n}.example"),
        &format!("Vec {n}"),
        &format!("m{n}@inbox.example"),
        "",
        "Dobrý deň",
    )
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// A mailbox `name` that is fed from `user`'s INBOX through the proxy.
fn mailbox(name: &str, user: &str, dovecot: &Dovecot, proxy: &Proxy) -> String {
    let port = format!("port = {}", proxy.port());
    Desk::mailbox(name, user, dovecot, None).replace(&format!("port = {}", dovecot.imap), &port)
}

fn tickets(desk: &Desk, mailbox: &str) -> Vec<String> {
    let all = desk.json(&["ticket", "list", "--all", "--json", "--mailbox", mailbox]);
    let mut subjects: Vec<String> = all.iter().map(|t| t["subject"].as_str().expect("text").to_owned()).collect();
    subjects.sort();
    subjects
}

/// None is without a customer's words.
fn none_is_empty(desk: &Desk) {
    for ticket in desk.json(&["ticket", "list", "--all", "--json"]) {
        let whole = desk.json(&["ticket", "show", &ticket["number"].to_string(), "--json"]).remove(0);
        let messages = whole["messages"].as_array().expect("a list");
        assert!(messages.iter().any(|m| m["direction"] == "incoming" && m["text"] != ""), "{whole}");
    }
}

#[test]
fn whatever_a_server_says_of_its_next_uid_old_mail_stays_old_and_new_mail_comes_in() {
    let runtime = runtime();
    let dovecot = Dovecot::start();
    let users = ["podpora", "fakturacia", "eva"];
    let lies = ["[UIDNEXT 1]", "[UIDNEXT 4000000000]", "[X]"];
    let proxies = [(); 3].map(|()| runtime.block_on(Proxy::start(dovecot.imap)));
    let mut mailboxes = String::new();
    for (i, ((user, lie), proxy)) in users.iter().zip(lies).zip(&proxies).enumerate() {
        proxy.rewrite(move |_| {
            Box::new(move |line| {
                let text = String::from_utf8_lossy(line);
                match text.strip_prefix("* OK [UIDNEXT ").and_then(|rest| rest.split_once(']')) {
                    Some((_, rest)) => format!("* OK {lie}{rest}").into_bytes(),
                    None => line.to_vec(),
                }
            })
        });
        mailboxes.push_str(&mailbox(user, user, &dovecot, proxy));
        (0..4).for_each(|n| dovecot.deliver(user, &mail(i * 10 + n)));
    }
    let desk = Desk::with(free_port(), "", &mailboxes);
    let daemon = desk.watch(3);
    for (i, user) in users.iter().enumerate() {
        (4..7).for_each(|n| dovecot.deliver(user, &mail(i * 10 + n)));
    }
    for (i, (user, lie)) in users.iter().zip(lies).enumerate() {
        eventually("the new ones come in", LONG, || (tickets(&desk, user).len() >= 3).then_some(()));
        let new = [4, 5, 6].map(|n| format!("Vec {}", i * 10 + n));
        assert_eq!(tickets(&desk, user), new, "{user} {lie}");
        let audit = desk.run(&["audit", "--mailbox", user, "--json"]);
        let said = String::from_utf8_lossy(&audit.stdout).into_owned();
        assert!(audit.status.success() && said.contains("\"thereBefore\":4"), "{user} {lie}: {said}");
    }
    daemon.stop();
}

/// On a line without TLS a digit may change: a UID that nobody has would stand above all that come.
#[test]
fn a_uid_that_no_mail_has_hides_no_mail() {
    let runtime = runtime();
    let dovecot = Dovecot::start();
    let proxy = runtime.block_on(Proxy::start(dovecot.imap));
    let desk = Desk::with(free_port(), "", &mailbox("support", "podpora", &dovecot, &proxy));
    desk.watch(1).stop();
    proxy.rewrite(|_| Box::new(|line| String::from_utf8_lossy(line).replace("(UID 1 ", "(UID 9001 ").into_bytes()));
    dovecot.deliver("podpora", &mail(0));
    let daemon = desk.watch(1);
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let believed =
        || database.query_row("SELECT last_uid FROM cursor", [], |row| row.get::<_, u32>(0)).expect("is read");
    eventually("the UID is believed", LONG, || (believed() == 9001).then_some(()));
    daemon.stop();
    assert_eq!(tickets(&desk, "support"), [""; 0]);
    proxy.rewrite(|_| Box::new(<[u8]>::to_vec));
    dovecot.deliver("podpora", &mail(1));
    let daemon = desk.watch(1);
    eventually("both come in", LONG, || (tickets(&desk, "support") == ["Vec 0", "Vec 1"]).then_some(()));
    daemon.stop();
    assert!(desk.run(&["audit"]).status.success());
}

/// Gives NIL in the place of the content of this mail, so many times, on all connections together.
fn without_content(proxy: &Proxy, uid: u32, times: usize) {
    let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(times));
    proxy.rewrite(move |_| {
        let left = left.clone();
        let mut swallow: Option<usize> = None;
        Box::new(move |line| {
            if let Some(rest) = swallow {
                // The literal, and the bracket behind it.
                swallow = if rest == 0 { None } else { Some(rest.saturating_sub(line.len())) };
                return Vec::new();
            }
            let text = String::from_utf8_lossy(line).into_owned();
            let Some((head, size)) = text.trim_end().strip_suffix('}').and_then(|t| t.split_once(" BODY[] {")) else {
                return line.to_vec();
            };
            let taken = || {
                use std::sync::atomic::Ordering::SeqCst;
                left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
            };
            if !head.ends_with(&format!("UID {uid}")) || !taken() {
                return line.to_vec();
            }
            swallow = Some(size.parse().expect("a size"));
            format!("{head} BODY[] NIL)\r\n").into_bytes()
        })
    });
}

#[test]
fn a_mail_whose_content_is_nil_for_a_while_comes_in_later_and_makes_no_empty_ticket() {
    let runtime = runtime();
    let dovecot = Dovecot::start();
    let proxy = runtime.block_on(Proxy::start(dovecot.imap));
    let desk = Desk::with(free_port(), "", &mailbox("support", "podpora", &dovecot, &proxy));
    desk.watch(1).stop();
    // Asked for with the others, and once more alone: the first session gets it from neither.
    without_content(&proxy, 2, 2);
    (0..4).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let daemon = desk.watch(1);
    eventually("all come in", LONG, || (tickets(&desk, "support").len() == 4).then_some(()));
    assert!(daemon.said("withholds"), "{}", daemon.log());
    none_is_empty(&desk);
    assert!(desk.json(&["quarantine", "list", "--json"]).is_empty());
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

#[test]
fn a_mail_whose_content_is_nil_for_ever_is_set_aside_and_holds_up_no_other() {
    let runtime = runtime();
    let dovecot = Dovecot::start();
    let proxy = runtime.block_on(Proxy::start(dovecot.imap));
    let desk = Desk::with(free_port(), "", &mailbox("support", "podpora", &dovecot, &proxy));
    desk.watch(1).stop();
    without_content(&proxy, 2, usize::MAX);
    (0..4).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let daemon = desk.watch(1);
    eventually("the others come in", LONG, || (tickets(&desk, "support").len() == 3).then_some(()));
    let aside = eventually("it is set aside", LONG * 2, || desk.json(&["quarantine", "list", "--json"]).pop());
    assert!(aside["because"].as_str().is_some_and(|b| b.contains("does not give it")), "{aside}");
    dovecot.deliver("podpora", &mail(9));
    eventually("what comes later comes in", LONG, || (tickets(&desk, "support").len() == 4).then_some(()));
    none_is_empty(&desk);
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

#[test]
fn mail_that_arrives_while_the_server_is_away_at_the_first_start_is_new() {
    let runtime = runtime();
    let dovecot = Dovecot::start();
    let proxy = runtime.block_on(Proxy::start(dovecot.imap));
    let desk = Desk::with(free_port(), "", &mailbox("support", "podpora", &dovecot, &proxy));
    (0..3).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    let new = dovecot.maildir("podpora", "INBOX").join("new");
    for file in std::fs::read_dir(new).expect("is there").flatten() {
        let file = std::fs::File::options().write(true).open(file.path()).expect("opens");
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("is an hour old");
    }
    proxy.refuse(true);
    let daemon = desk.start(&[]);
    eventually("it cannot be reached", LONG, || daemon.said("The mailbox cannot be read").then_some(()));
    (3..5).for_each(|n| dovecot.deliver("podpora", &mail(n)));
    // Nor does a restart in between make them old.
    daemon.stop();
    proxy.refuse(false);
    let daemon = desk.watch(1);
    dovecot.deliver("podpora", &mail(5));
    eventually("they come in", LONG, || (tickets(&desk, "support").len() >= 3).then_some(()));
    assert_eq!(tickets(&desk, "support"), ["Vec 3", "Vec 4", "Vec 5"]);
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}

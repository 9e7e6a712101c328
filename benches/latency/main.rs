//! `scripts/bench-latency`: how long a customer waits for the acknowledgement, and what an idle desk holds. The release
//! build as a daemon on a real Dovecot in IDLE; a relay between the two notes when the server's notice passed, and the
//! SMTP server notes when it had the final dot of the acknowledgement.

mod beside;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::desk::{Desk, LONG, customers_mail};
use support::dovecot::{self, Dovecot};
use support::fault_proxy::{Proxy, Rewriter};
use support::smtp_sink::{Script, Sink};

const USAGE: &str = "\
usage: scripts/bench-latency [OPTIONS]
  --mails N          mails, one after the other (200)
  --pause MS         between them, so that the desk is idle again (300)
  --beside           nothing but the last part: what one trouble costs all others";

/// Budgets out of the way: every mail is another customer's first.
const BUDGETS: &str = "\n[budgets]\nper_hour = 1000000\n";

fn main() -> ExitCode {
    if !common::is_asked_for("scripts/bench-latency") {
        return ExitCode::SUCCESS;
    }
    let (mut mails, mut pause) = (200, Duration::from_millis(300));
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let mut only_beside = false;
    while let Some(option) = arguments.next() {
        if option == "--beside" {
            only_beside = true;
            continue;
        }
        let value = arguments.next().and_then(|v| v.parse::<u64>().ok());
        match (option.as_str(), value) {
            ("--mails", Some(n)) => mails = n as usize,
            ("--pause", Some(ms)) => pause = Duration::from_millis(ms),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(64);
            }
        }
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if !only_beside {
        let sink = runtime.block_on(Sink::start(Script::default()));
        by_idle(&runtime, &sink, mails, pause);
        by_maildir(&sink, mails, pause);
        idle(&runtime);
    }
    beside::Measure { runtime: &runtime, mails, pause }.all();
    ExitCode::SUCCESS
}

fn mail(n: usize) -> Vec<u8> {
    customers_mail(
        &format!("c{n}@firma{n}.example"),
        &format!("Vec {n}"),
        &format!("m{n}@firma{n}.example"),
        "",
        "Dobrý deň,\r\n\r\ntlačiareň pri okne od rána netlačí a displej píše chybu 31.\r\n\r\nJán Malý",
    )
}

/// Waits for the acknowledgement of mail `n` among those that the server took after the first `seen`.
fn acknowledged(sink: &Sink, n: usize, seen: &mut usize) -> Instant {
    let end = Instant::now() + LONG;
    loop {
        let new = sink.taken_after(*seen);
        let at = Instant::now();
        *seen += new.len();
        if new.iter().any(|taken| taken.rcpt[0].contains(&format!("c{n}@firma{n}."))) {
            return at;
        }
        assert!(at < end, "mail {n} is not acknowledged");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn by_idle(runtime: &tokio::runtime::Runtime, sink: &Sink, mails: usize, pause: Duration) {
    let dovecot = Dovecot::start();
    let relay = runtime.block_on(Proxy::start(dovecot.imap));
    let noticed: Arc<Mutex<Option<Instant>>> = Arc::default();
    let note = Arc::clone(&noticed);
    relay.rewrite(move |_| -> Rewriter {
        let note = Arc::clone(&note);
        Box::new(move |line| {
            if line.starts_with(b"* ") && line.ends_with(b" EXISTS\r\n") {
                note.lock().expect("not poisoned").get_or_insert_with(Instant::now);
            }
            line.to_vec()
        })
    });
    let mailbox = Desk::mailbox("support", "podpora", &dovecot, None)
        .replace(&format!("port = {}", dovecot.imap), &format!("port = {}", relay.port()));
    let desk = Desk::with(sink.address.port(), "", &mailbox);
    desk.append(BUDGETS);
    let daemon = desk.watch(1);
    std::thread::sleep(Duration::from_secs(1));
    let (mut seen, mut of_notice, mut of_delivery) = (sink.taken().len(), Vec::new(), Vec::new());
    for n in 0..mails {
        *noticed.lock().expect("not poisoned") = None;
        let delivered = Instant::now();
        dovecot.deliver("podpora", &mail(n));
        let accepted = acknowledged(sink, n, &mut seen);
        let notice = noticed.lock().expect("not poisoned").expect("the server said so");
        of_notice.push((accepted - notice).as_secs_f64() * 1e3);
        of_delivery.push((accepted - delivered).as_secs_f64() * 1e3);
        std::thread::sleep(pause);
    }
    daemon.stop();
    say("IDLE: from the server's notice to the acknowledgement taken", &of_notice);
    say("IDLE: from delivery (Dovecot waits before it gives notice)", &of_delivery);
}

fn by_maildir(sink: &Sink, mails: usize, pause: Duration) {
    let desk = Desk::with(sink.address.port(), "", &maildir("podpora", OURS));
    desk.append(BUDGETS);
    let inbox = inbox(&desk, "podpora");
    let daemon = desk.watch(1);
    std::thread::sleep(Duration::from_secs(1));
    let (mut seen, mut times) = (sink.taken().len(), Vec::new());
    for n in 0..mails {
        let n = mails + n;
        let delivered = deliver(&inbox, n);
        times.push((acknowledged(sink, n, &mut seen) - delivered).as_secs_f64() * 1e3);
        std::thread::sleep(pause);
    }
    daemon.stop();
    say("Maildir: from delivery to the acknowledgement taken", &times);
}

/// A mailbox `name` that is fed from a Maildir in the desk's folder.
fn maildir(name: &str, believe: &str) -> String {
    format!(
        "[[mailbox]]\nname = \"{name}\"\naddress = \"{name}@acme.example\"\n{believe}\n[mailbox.maildir]\npath = \"{name}\"\n"
    )
}

const OURS: &str = "believe = [\"mx.acme.example\"]";

/// That Maildir, empty.
fn inbox(desk: &Desk, name: &str) -> PathBuf {
    let inbox = desk.folder().join(name);
    for folder in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(inbox.join(folder)).expect("made");
    }
    inbox
}

fn deliver(inbox: &Path, n: usize) -> Instant {
    put(inbox, &format!("{n}.desk"), &mail(n))
}

/// When it appeared.
fn put(inbox: &Path, name: &str, mail: &[u8]) -> Instant {
    let draft = inbox.join("tmp").join(name);
    std::fs::write(&draft, mail).expect("written");
    let at = Instant::now();
    std::fs::rename(draft, inbox.join("new").join(name)).expect("moved");
    at
}

/// Five mailboxes in IDLE, nothing happens.
fn idle(runtime: &tokio::runtime::Runtime) {
    let dovecot = Dovecot::start();
    let sink = runtime.block_on(Sink::start(Script::default()));
    let mailboxes: String = dovecot::USERS[1..].iter().map(|user| Desk::mailbox(user, user, &dovecot, None)).collect();
    let desk = Desk::with(sink.address.port(), "", &mailboxes);
    let daemon = desk.watch(5);
    std::thread::sleep(Duration::from_secs(5));
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).expect("the daemon runs");
    let kilobytes = |name: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux");
        line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
    };
    println!(
        "five mailboxes in IDLE: {:.1} MB resident, {:.1} MB at most",
        kilobytes("VmRSS:") / 1024.0,
        kilobytes("VmHWM:") / 1024.0
    );
    daemon.stop();
}

fn say(what: &str, times: &[f64]) {
    let [p50, p99, slowest] = common::percentiles(times);
    println!("{what}: p50 {p50:.1} ms, p99 {p99:.1} ms, slowest {slowest:.1} ms ({} mails)", times.len());
}

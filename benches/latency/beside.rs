//! What one trouble costs all others: customers of one mailbox are answered while something heavy, slow or dead is beside
//! it, and the same without it.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::support::desk::{Desk, LONG};
use super::support::dovecot::Dovecot;
use super::support::fault_proxy::{Fault, Kind, Proxy, Way};
use super::support::smtp_sink::{Say, Script, Sink};
use super::{BUDGETS, OURS, acknowledged, customers_mail, deliver, inbox, mail, maildir, put, say};

/// Mails that are to be taken in beside the others.
const SLOW: usize = 300;
const SIGNED: usize = 400;
const LARGE: usize = 8;
const LARGE_BYTES: usize = 36_000_000;

pub struct Measure<'a> {
    pub runtime: &'a tokio::runtime::Runtime,
    pub mails: usize,
    pub pause: Duration,
}

impl Measure<'_> {
    pub fn all(&self) {
        self.acknowledgements("nothing beside it", "", |_| (), |_| ());
        self.slow_mailbox();
        self.large_mails();
        self.dead_dns();
        self.slow_smtp();
    }

    /// Times to the acknowledgement, in a mailbox of its own. `prepare` is done before the start, `beside` after it.
    fn acknowledgements<B>(
        &self,
        what: &str,
        other: &str,
        prepare: impl FnOnce(&Desk) -> B,
        beside: impl FnOnce(&Desk),
    ) {
        let sink = self.runtime.block_on(Sink::start(Script::default()));
        let desk = Desk::with(sink.address.port(), "", &(maildir("podpora", OURS) + other));
        desk.append(BUDGETS);
        let ours = inbox(&desk, "podpora");
        let held = prepare(&desk);
        let daemon = desk.watch(1);
        std::thread::sleep(Duration::from_secs(1));
        beside(&desk);
        std::thread::sleep(Duration::from_millis(200));
        let (mut seen, mut times) = (sink.taken().len(), Vec::new());
        for n in 0..self.mails {
            let at = deliver(&ours, n);
            times.push((acknowledged(&sink, n, &mut seen) - at).as_secs_f64() * 1e3);
            std::thread::sleep(self.pause);
        }
        say(&format!("beside {what}: to the acknowledgement"), &times);
        if !other.is_empty() {
            println!("    of the others {} were taken in by then", taken_in(&database(&desk)) - self.mails);
        }
        // It may be in the middle of what is slow.
        daemon.kill();
        drop(held);
    }

    fn slow_mailbox(&self) {
        let dovecot = Dovecot::start();
        for n in 0..SLOW {
            dovecot.deliver("fakturacia", &mail(100_000 + n));
        }
        let relay = self.runtime.block_on(Proxy::start(dovecot.imap));
        let kind = Kind::Trickle(Duration::from_millis(2));
        relay.follow(move |_| Some(Fault { way: Way::Down, at: 3_000, kind }));
        let other = Desk::mailbox("fakturacia", "fakturacia", &dovecot, None)
            .replace(&format!("port = {}", dovecot.imap), &format!("port = {}", relay.port()))
            .replace("plus = true", "plus = true\nstart = \"all\"");
        self.acknowledgements("a mailbox whose server sends 500 bytes a second", &other, |_| (), |_| ());
    }

    fn large_mails(&self) {
        let bytes: String = (0..LARGE_BYTES / 57 * 76)
            .scan(1u32, |state, n| {
                // What no packing makes smaller, in lines of base64.
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let letter =
                    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(*state >> 26) as usize];
                Some(if n % 76 == 75 { '\n' } else { char::from(letter) })
            })
            .collect();
        let beside = |desk: &Desk| {
            let theirs = inbox(desk, "obchod");
            for n in 0..LARGE {
                let extra = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n";
                let head = format!(
                    "From: v{n}@velka.example\r\nTo: obchod@acme.example\r\nSubject: Zaloha {n}\r\n\
                     Message-ID: <large{n}@velka.example>\r\nMIME-Version: 1.0\r\n{extra}\r\n"
                );
                put(&theirs, &format!("{n}.large"), &[head.as_bytes(), bytes.as_bytes()].concat());
            }
        };
        let what = format!("{LARGE} mails of {} MB", bytes.len() / 1_000_000);
        self.acknowledgements(&what, &maildir("obchod", OURS), |desk| inbox(desk, "obchod"), beside);
    }

    /// Mails whose signatures are to be looked up where nobody answers.
    fn dead_dns(&self) {
        let nobody = UdpSocket::bind(("127.0.0.1", 0)).expect("a free port");
        let servers = format!("servers = [\"{}\"]", nobody.local_addr().expect("bound"));
        let prepare = |desk: &Desk| {
            let text = std::fs::read_to_string(&desk.config).expect("is read").replace("off = true", &servers);
            std::fs::write(&desk.config, text).expect("is written");
            inbox(desk, "obchod")
        };
        let beside = |desk: &Desk| {
            let theirs = inbox(desk, "obchod");
            for n in 0..SIGNED {
                let signature = format!(
                    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=podpisana{n}.example; s=s; h=from:subject;\r\n \
                     bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b={}\r\n",
                    "QUJD".repeat(43)
                );
                let mail = customers_mail(
                    &format!("p@podpisana{n}.example"),
                    &format!("Vec {n}"),
                    &format!("p{n}@podpisana{n}.example"),
                    &signature,
                    "Dobrý deň, nejde nám tlačiareň.",
                );
                let text = String::from_utf8(mail).expect("is text");
                let unproven = text.split_once("\r\n").map(|(_, rest)| rest).expect("has a first line");
                put(&theirs, &format!("{n}.signed"), unproven.as_bytes());
            }
        };
        let what = format!("{SIGNED} signed mails, with a resolver that never answers");
        self.acknowledgements(&what, &maildir("obchod", ""), prepare, beside);
    }

    /// Taking in does not wait for sending.
    fn slow_smtp(&self) {
        for seconds in [0, 3] {
            let slow = Say::After(Duration::from_secs(seconds), Box::new(Say::line("250 2.0.0 At last")));
            let sink = self.runtime.block_on(Sink::start(Script::on(".", slow)));
            let desk = Desk::with(sink.address.port(), "", &maildir("podpora", OURS));
            desk.append(BUDGETS);
            let ours = inbox(&desk, "podpora");
            let daemon = desk.watch(1);
            std::thread::sleep(Duration::from_secs(1));
            let database = database(&desk);
            let mut times = Vec::new();
            for n in 0..self.mails {
                let at = deliver(&ours, n);
                let end = Instant::now() + LONG;
                while taken_in(&database) <= n {
                    assert!(Instant::now() < end, "mail {n} is not taken in");
                    std::thread::sleep(Duration::from_micros(500));
                }
                times.push(at.elapsed().as_secs_f64() * 1e3);
                std::thread::sleep(self.pause);
            }
            say(&format!("an SMTP server that takes {seconds} s for each mail: to the ticket"), &times);
            daemon.kill();
        }
    }
}

fn database(desk: &Desk) -> Connection {
    let connection = Connection::open_with_flags(desk.database(), OpenFlags::SQLITE_OPEN_READ_WRITE).expect("opens");
    connection.pragma_update(None, "query_only", true).expect("is set");
    connection
}

fn taken_in(connection: &Connection) -> usize {
    let count =
        connection.query_row("SELECT count(*) FROM ledger WHERE fate IS NOT NULL", [], |row| row.get::<_, i64>(0));
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

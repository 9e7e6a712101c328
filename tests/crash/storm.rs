//! The network storm: the real daemon with seven mailboxes, six of them and the outgoing server behind proxies that cut,
//! reset, stall, slow down and (over TLS) corrupt connections by chance, while customers and an agent write to each other.
//! The seventh mailbox must not notice. At the end every mail is in one place, and every word delivered.
//!
//! `POSTDESK_STORM_LIVES` sets how often the daemon is started into the storm (3), `POSTDESK_CRASH_SEED` the course of
//! chance, `POSTDESK_STORM_REPORT` a file that the report is added to. `scripts/fault-run` does the long run.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::judge;
use crate::number;
use crate::players::Players;
use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::{Dovecot, Options};
use crate::support::eventually;
use crate::support::fault_proxy::{Fault, Kind, Proxy, TlsFront, Way};
use crate::support::smtp_sink::{Script, Sink};
use crate::{Chance, peak_kb};

/// Folders besides INBOX, each a mailbox of its own behind a proxy of its own.
const BOXES: usize = 5;
/// How long the daemon is in the storm each time.
const LIFE: Duration = Duration::from_secs(5);
/// Peak of resident memory of a debug build, in all of this.
const MEMORY_MAX_KB: u64 = 300_000;

/// The fault of the n-th connection; now and then there is none.
fn fault(seed: u64, n: usize, tls: bool) -> Option<Fault> {
    let mut chance = Chance(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(n as u64));
    if chance.below(6) == 0 {
        return None;
    }
    let way = if chance.below(3) == 0 { Way::Up } else { Way::Down };
    // As often in the first hundred bytes as in the next thousand and the ten thousand after that.
    let reach = 100 * 10_u64.pow(u32::try_from(chance.below(3)).expect("small"));
    let at = usize::try_from(chance.below(reach)).expect("small");
    let count = 1 + usize::try_from(chance.below(40)).expect("small");
    let kind = match chance.below(if tls { 8 } else { 5 }) {
        0 => Kind::Cut,
        1 => Kind::Reset,
        2 => Kind::Stall,
        3 => Kind::Delay(Duration::from_millis(chance.below(400))),
        4 => Kind::Trickle(Duration::from_secs(1)),
        5 => Kind::Corrupt(1 << chance.below(8)),
        6 => Kind::Lose(count),
        _ => Kind::Double(count),
    };
    Some(Fault { way, at, kind })
}

fn folder(n: usize) -> String {
    if n == 0 { "INBOX".to_owned() } else { format!("Box{n}") }
}

struct Weather {
    proxies: Vec<Proxy>,
    /// In front of the outgoing server.
    outgoing: Proxy,
    tls: bool,
}

impl Weather {
    fn storm(&self, seed: u64) {
        let tls = self.tls;
        for (i, proxy) in self.proxies.iter().chain([&self.outgoing]).enumerate() {
            let seed = seed * 100 + i as u64;
            proxy.follow(move |n| fault(seed, n, tls));
        }
    }

    fn calm(&self) {
        self.proxies.iter().chain([&self.outgoing]).for_each(|proxy| proxy.follow(|_| None));
    }

    fn struck(&self) -> usize {
        self.proxies.iter().chain([&self.outgoing]).map(Proxy::struck).sum()
    }
}

/// Seven mailboxes and an outgoing server, all but one mailbox behind a proxy.
fn desk(dovecot: &Dovecot, weather: &Weather, front: Option<&TlsFront>) -> Desk {
    let mut mailboxes = String::new();
    for (n, proxy) in weather.proxies.iter().enumerate() {
        let (name, archive) =
            if n == 0 { ("support".to_owned(), Some("Processed")) } else { (format!("box{n}"), None) };
        let address = format!("{}@acme.example", if n == 0 { "podpora" } else { &name });
        let tls = if weather.tls {
            format!("\"implicit\"\nca_file = \"{}\"", dovecot.ca_file().display())
        } else {
            "\"none\"".to_owned()
        };
        mailboxes.push_str(
            &Desk::mailbox(&name, "podpora", dovecot, archive)
                .replace("podpora@acme.example", &address)
                .replace(&format!("port = {}", dovecot.imap), &format!("port = {}", proxy.port()))
                .replace("tls = \"none\"", &format!("tls = {tls}"))
                .replace("password_file", &format!("folder = \"{}\"\npassword_file", folder(n))),
        );
    }
    mailboxes.push_str(&Desk::mailbox("calm", "fakturacia", dovecot, None));
    let desk = Desk::with(weather.outgoing.port(), "", &mailboxes);
    if let Some(front) = front {
        let text = std::fs::read_to_string(&desk.config).expect("is read");
        let plain = format!("port = {}\ntls = \"none\"", weather.outgoing.port());
        assert!(text.contains(&plain));
        let ca_file = front.ca_file.display();
        let tls = format!("port = {}\ntls = \"implicit\"\nca_file = \"{ca_file}\"", weather.outgoing.port());
        std::fs::write(&desk.config, text.replace(&plain, &tls)).expect("is written");
    }
    desk.append("\n[budgets]\nper_hour = 1000000\nper_domain_hour = 1000000\n[limits]\ntimeout_seconds = 5\n");
    desk
}

fn tickets(desk: &Desk, mailbox: &str) -> usize {
    desk.json(&["ticket", "list", "--all", "--json", "--mailbox", mailbox]).len()
}

fn weathered(tls: bool) {
    let (lives, seed) = (number("POSTDESK_STORM_LIVES", 3), number("POSTDESK_CRASH_SEED", 1));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dovecot = Dovecot::start_with(&Options {
        capabilities: None,
        extra: "mail_max_userip_connections = 100\n",
        ..Options::default()
    });
    let sink = runtime.block_on(Sink::start(Script::default()));
    let front = tls.then(|| runtime.block_on(TlsFront::start(sink.address.port())));
    let outgoing_port = front.as_ref().map_or(sink.address.port(), |front| front.port);
    let imap = if tls { dovecot.imaps } else { dovecot.imap };
    let proxies = (0..=BOXES).map(|_| runtime.block_on(Proxy::start(imap))).collect();
    let weather = Weather { proxies, outgoing: runtime.block_on(Proxy::start(outgoing_port)), tls };
    let mut client = dovecot.client("podpora");
    (1..=BOXES).for_each(|n| drop(client.command(&format!("CREATE {}", folder(n)))));
    let desk = desk(&dovecot, &weather, front.as_ref());
    let mut players = Players::new(&dovecot, &sink);
    // The first contact: from here on every mail counts.
    desk.watch(BOXES + 2).stop();

    let date = || (jiff::Zoned::now() + jiff::Span::new().seconds(2)).strftime("%d-%b-%Y %H:%M:%S %z").to_string();
    let mail = |mailbox: &str, n: usize| {
        let (from, id) = (format!("{mailbox}{n}@firma{n}.example"), format!("{mailbox}-{n}@inbox.example"));
        customers_mail(&from, &format!("{mailbox} {n}"), &id, "", "Dobrý deň")
    };
    let (mut in_box, mut in_calm, mut peak) = ([0; BOXES], 0, 0);
    let began = Instant::now();
    for life in 0..lives {
        weather.storm(seed * 1000 + life);
        let daemon = desk.start(&[]);
        let end = Instant::now() + LIFE;
        players.new_customers(2);
        while Instant::now() < end {
            for (n, came) in (1..).zip(&mut in_box) {
                client.append(&folder(n), &date(), &mail(&format!("box{n}"), *came));
                *came += 1;
            }
            dovecot.deliver("fakturacia", &mail("calm", in_calm));
            in_calm += 1;
            for _ in 0..20 {
                players.play();
                std::thread::sleep(Duration::from_millis(25));
            }
        }
        // The storm still blows: the mailbox that it does not touch has all its mail.
        eventually("the calm mailbox is not disturbed", LONG, || (tickets(&desk, "calm") == in_calm).then_some(()));
        peak = peak.max(peak_kb(daemon.child.id()));
        // An end in good order waits for what is in flight on dead lines; a kill does not.
        if life % 3 == 0 {
            daemon.stop()
        } else {
            daemon.kill()
        }
        // What was put off for minutes goes at the next start, into the storm again. Not what failed: that an operator may do.
        let database = rusqlite::Connection::open(desk.database()).expect("opens");
        database.execute("UPDATE outbox SET due_at = 0 WHERE state = 'deferred'", []).expect("is written");
    }
    let storm = began.elapsed();
    weather.calm();
    let daemon = desk.start(&[]);
    for (n, came) in (1..).zip(in_box) {
        let name = format!("box{n}");
        eventually(&format!("{name} has all its mail"), LONG * 2, || (tickets(&desk, &name) == came).then_some(()));
    }
    let quiet = players.until_quiet(&desk);
    daemon.stop();
    assert!(quiet, "the desk does not come to rest");
    // Only a mail that three kills hit while it was read is ever set aside.
    let set_aside = judge::take_in_what_was_set_aside(&desk);
    let verdict = judge::judge(&desk, &dovecot, &sink, &players);
    let others = in_box.iter().sum::<usize>() + in_calm;
    let report = format!(
        "network storm{} (seed {seed}): {} faults in {} s and {lives} lives, {others} mails in {} other mailboxes, \
         set aside {set_aside}, peak {peak} KB\n{verdict}\n",
        if tls { " over TLS" } else { "" },
        weather.struck(),
        storm.as_secs(),
        BOXES + 1,
    );
    println!("{report}");
    if let Some(file) = std::env::var_os("POSTDESK_STORM_REPORT") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).expect("opens");
        file.write_all(report.as_bytes()).expect("the report is written");
    }
    assert!(verdict.faults.is_empty(), "\n{}", verdict.faults.join("\n"));
    assert!(peak < MEMORY_MAX_KB, "{peak} KB");
    assert!(weather.struck() >= usize::try_from(lives).expect("fits") * 5, "only {} faults", weather.struck());
}

#[test]
fn in_a_network_storm_nothing_is_lost_or_doubled_and_the_mailbox_beside_it_is_not_disturbed() {
    weathered(false);
}

#[test]
fn in_a_network_storm_over_tls_nothing_is_lost_or_doubled_and_the_mailbox_beside_it_is_not_disturbed() {
    weathered(true);
}

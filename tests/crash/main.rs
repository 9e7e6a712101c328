//! The crash harness: the real daemon, against a real Dovecot and a recording SMTP server, is killed again and again, at
//! random instants and at every named place, while customers and an agent write to each other. At the end every mail must
//! be in one place, and every word delivered.
//!
//! `POSTDESK_CRASH_KILLS` sets the number of kills (40), `POSTDESK_CRASH_SEED` the course of chance (1),
//! `POSTDESK_CRASH_REPORT` a file for the report. `scripts/crash-run` does the long run.

#[path = "../support/mod.rs"]
mod support;

mod judge;
mod players;
mod storm;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use players::Players;
use support::desk::{Daemon, Desk, peak_kb};
use support::dovecot::Dovecot;
use support::smtp_sink::{Say, Script, Sink};

/// Where the daemon can be made to end, in the order of a mail's way: see `config::drill`.
const PLACES: [&str; 12] = [
    "after-fetch",
    "counted",
    "before-commit",
    "after-commit",
    "before-move",
    "after-move",
    "claimed",
    "in-data",
    "noted",
    "after-dot",
    "after-reply",
    "random",
];

/// A daemon that has not come to its place by then is killed where it is.
const LONGEST_LIFE: Duration = Duration::from_millis(1500);
/// New customers to a life of the daemon.
const NEW_MAILS: usize = 3;

/// SplitMix64: the course of chance can be repeated.
pub struct Chance(u64);

impl Chance {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % n
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn killed_anywhere_nothing_is_lost_and_nothing_taken_in_twice() {
    let (kills, seed) = (number("POSTDESK_CRASH_KILLS", 40), number("POSTDESK_CRASH_SEED", 1));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // The 250 comes a moment late, so that chance finds the time before it, too.
    let late = Say::After(Duration::from_millis(3), Box::new(Say::line("250 2.0.0 Ok: taken")));
    let sink = runtime.block_on(Sink::start(Script::on(".", late)));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), Some("Processed"));
    desk.append("\n[budgets]\nper_hour = 1000000\nper_domain_hour = 1000000\n");
    let mut players = Players::new(&dovecot, &sink);
    let mut chance = Chance(seed);
    let mut died: BTreeMap<&str, u64> = BTreeMap::new();
    let began = Instant::now();

    // The first contact: from here on every mail counts.
    desk.watch(1).stop();
    for n in 0..kills {
        players.new_customers(NEW_MAILS);
        let place = PLACES[usize::try_from(n).expect("fits") % PLACES.len()];
        *died.entry(live(&desk, &mut players, place, &mut chance)).or_default() += 1;
    }
    let killing = began.elapsed();
    let daemon = desk.watch(1);
    let quiet = players.until_quiet(&desk);
    daemon.stop();
    assert!(quiet, "the desk does not come to rest");
    let set_aside = judge::take_in_what_was_set_aside(&desk);
    if set_aside > 0 {
        let daemon = desk.watch(1);
        assert!(players.until_quiet(&desk), "the desk does not come to rest");
        daemon.stop();
    }

    let verdict = judge::judge(&desk, &dovecot, &sink, &players);
    let mut report = format!("{kills} kills (seed {seed}) in {} s:", killing.as_secs());
    died.iter().for_each(|(place, count)| report.push_str(&format!(" {place} {count},")));
    report.push_str(&format!(
        "\n{verdict}, set aside after three kills and taken in by `quarantine retry all`: {set_aside}\n"
    ));
    println!("{report}");
    if let Some(file) = std::env::var_os("POSTDESK_CRASH_REPORT") {
        std::fs::write(file, &report).expect("the report is written");
    }
    assert!(verdict.faults.is_empty(), "\n{}", verdict.faults.join("\n"));
}

/// One life of the daemon; where it ended.
fn live(desk: &Desk, players: &mut Players<'_>, place: &'static str, chance: &mut Chance) -> &'static str {
    // A life has many commits and few of the rest.
    let bomb = format!("{place}:{}", 1 + chance.below(if place.ends_with("commit") { 16 } else { 4 }));
    let mut daemon = match place {
        "random" => desk.start(&[]),
        _ => desk.start(&[("POSTDESK_DIE_AT", &bomb)]),
    };
    let longest = match place {
        "random" => Duration::from_millis(20 + chance.below(800)),
        _ => LONGEST_LIFE,
    };
    let end = Instant::now() + longest;
    while Instant::now() < end {
        if let Some(status) = daemon.child.try_wait().expect("is waited for") {
            assert_eq!(status.signal(), Some(6), "the daemon ended by itself: {}", daemon.log());
            return place;
        }
        players.play();
        std::thread::sleep(Duration::from_millis(5));
    }
    Daemon::kill(daemon);
    "random"
}

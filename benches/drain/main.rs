//! `scripts/bench`: how fast the real program makes tickets of a full mailbox on a real Dovecot, beside `mbsync` that
//! only copies it. Both run from nothing, in turn, round after round; the ratio within a round is what counts.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/support/mod.rs"]
mod support;

mod contest;
mod generator;
mod options;
mod process;
mod report;
mod sentences;

use std::process::ExitCode;

use contest::{Arena, Sink, USER};
use options::{Contestant, Options};
use postdesk::model::token::{Key, KeyRing};
use report::Score;
use support::dovecot::Dovecot;

fn main() -> ExitCode {
    if !common::is_asked_for("scripts/bench") {
        return ExitCode::SUCCESS;
    }
    match options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => {
            bench(&options);
            ExitCode::SUCCESS
        }
        Ok(None) => {
            println!("{}", options::USAGE);
            ExitCode::SUCCESS
        }
        Err(mistake) => {
            eprintln!("{mistake}\n{}", options::USAGE);
            ExitCode::from(64)
        }
    }
}

fn bench(options: &Options) {
    // The same key in every round, so that the generator can make the tokens of tickets that are not there yet.
    let secret = [7; 32];
    let keys = KeyRing::new(vec![Key { id: '1', secret }]).expect("one key");
    let corpus =
        generator::corpus(options.profile, options.mails, options.seed, |n| keys.subject_token(generator::PREFIX, n));
    let key = format!("1 {}\n", secret.map(|b| format!("{b:02x}")).concat());

    let mut scratch = tempfile::Builder::new().prefix("desk-bench").tempdir().expect("a scratch folder");
    if options.keep {
        scratch.disable_cleanup(true);
        println!("scratch folder: {}", scratch.path().display());
    }
    let dovecot = Dovecot::start();
    for mail in &corpus.mails {
        dovecot.deliver(USER, mail);
    }
    let sink = options.delivery.then(Sink::start);
    println!(
        "{} mails of {:.1} KB, {} of which open tickets; {}, acknowledgements {}",
        corpus.mails.len(),
        corpus.bytes() as f64 / 1e3 / corpus.mails.len() as f64,
        corpus.tickets,
        if options.tls { "IMAP over TLS" } else { "plain IMAP" },
        if sink.is_some() { "are delivered meanwhile" } else { "stay in the outbox" },
    );
    let arena = Arena {
        scratch: scratch.path(),
        dovecot: &dovecot,
        sink: sink.as_ref(),
        corpus: &corpus,
        tls: options.tls,
        key: &key,
    };
    // Unmeasured: Dovecot makes its index of the mailbox, the caches fill.
    arena.mbsync();
    let mut scores: Vec<Score> = Contestant::ALL
        .into_iter()
        .filter(|c| options.only.is_none_or(|only| only == *c))
        .map(|contestant| Score { contestant, turns: Vec::new() })
        .collect();
    for round in 1..=options.rounds {
        for score in &mut scores {
            let turn = match score.contestant {
                Contestant::Mbsync => arena.mbsync(),
                Contestant::Run => arena.run(),
                Contestant::Ingest => arena.ingest(),
            };
            report::turn(round, score.contestant, &turn, options.mails);
            score.turns.push(turn);
        }
    }
    report::summary(&scores, options.mails);
}

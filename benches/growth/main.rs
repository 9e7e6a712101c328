//! `scripts/bench-growth`: what a million tickets change. A desk is filled by the real program with a corpus of support
//! mails, then copied within its own database until it has as many tickets as asked for; beside it stands the desk as it
//! was before. Both then do the same, in turn.

#[path = "../common/mod.rs"]
mod common;
mod grow;
mod measure;
mod options;

// The other benchmark uses the rest of it.
#[allow(dead_code)]
#[path = "../drain/generator.rs"]
mod generator;
#[path = "../drain/sentences.rs"]
mod sentences;

use std::process::ExitCode;
use std::time::Instant;

use measure::{Desk, Scene};

fn main() -> ExitCode {
    if !common::is_asked_for("scripts/bench-growth") {
        return ExitCode::SUCCESS;
    }
    match options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => {
            run(&options);
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

fn run(options: &options::Options) {
    if let Some(folder) = &options.reuse {
        let scene = Scene::new(folder);
        return measure(&scene, &scene.there("small"), &scene.there("large"), options);
    }
    let mut scratch = tempfile::Builder::new().prefix("desk-growth").tempdir().expect("a scratch folder");
    if options.keep {
        scratch.disable_cleanup(true);
        println!("scratch folder: {}", scratch.path().display());
    }
    let scene = Scene::new(scratch.path());
    let small = scene.desk("small");
    small.ingest(&scene.mails(options.seed_mails));
    let large = scene.copy_of(&small, "large");
    let began = Instant::now();
    let grown = grow::grow(&large.database(), options.tickets);
    println!(
        "{} tickets, {} messages, {} raw mails, made of {} in {:.0} s",
        grown.tickets,
        grown.messages,
        grown.raws,
        options.seed_mails,
        began.elapsed().as_secs_f64()
    );
    let size = std::fs::metadata(large.database()).expect("there").len();
    println!(
        "database {:.2} GB: {:.0} bytes a message, everything that belongs to it included",
        size as f64 / 1e9,
        size as f64 / grown.messages as f64
    );
    measure(&scene, &small, &large, options);
}

fn measure(scene: &Scene, small: &Desk, large: &Desk, options: &options::Options) {
    starts(small, large);
    intake(scene, small, large, options);
    questions(large, options);
    copies(scene, large, options);
}

fn starts(small: &Desk, large: &Desk) {
    for desk in [small, large] {
        let times: Vec<f64> = (0..5).map(|_| desk.ready().as_secs_f64() * 1e3).collect();
        println!("start to READY=1, {:<6} {}", desk.name, measure::spread(&times, "ms"));
    }
}

/// Support mails through `ingest`, in turn, other mails each round; some of them answer what is there.
fn intake(scene: &Scene, small: &Desk, large: &Desk, options: &options::Options) {
    let mut ratios = Vec::new();
    for _ in 0..options.rounds {
        let mails = scene.mails(options.mails);
        let (of_small, of_large) = (small.ingest(&mails), large.ingest(&mails));
        ratios.push(of_large.cpu.as_secs_f64() / of_small.cpu.as_secs_f64());
        println!(
            "ingest of {} support mails: small {:.0}/s ({:.0} µs CPU a mail), large {:.0}/s ({:.0} µs CPU a mail)",
            options.mails,
            options.mails as f64 / of_small.wall.as_secs_f64(),
            of_small.cpu.as_secs_f64() * 1e6 / options.mails as f64,
            options.mails as f64 / of_large.wall.as_secs_f64(),
            of_large.cpu.as_secs_f64() * 1e6 / options.mails as f64,
        );
    }
    println!("CPU of the large desk to that of the small one: {}", measure::spread(&ratios, "times"));
}

/// What people ask, as commands: each time a new process, its start included.
fn questions(large: &Desk, options: &options::Options) {
    println!("questions to the large desk, {} of each, milliseconds of the whole command:", options.questions);
    for (name, asked) in large.questions(options.questions) {
        let times: Vec<f64> = asked.iter().map(|arguments| large.command(arguments).as_secs_f64() * 1e3).collect();
        let [p50, p99, slowest] = common::percentiles(&times);
        println!("  {name:<46} p50 {p50:6.1}  p99 {p99:6.1}  slowest {slowest:6.1}");
    }
    let years = large.command(&["report".to_owned(), "--json".to_owned()]);
    println!("  {:<46} {:.0} ms", "report over everything", years.as_secs_f64() * 1e3);
}

/// A backup must not stop what comes in.
fn copies(scene: &Scene, large: &Desk, options: &options::Options) {
    let mails = scene.mails(options.mails);
    let backup = large.start_backup();
    let during = large.ingest(&mails);
    let still = backup.is_running();
    let took = backup.wait();
    println!(
        "backup of the large desk: {:.1} s; {} mails came in meanwhile at {:.0}/s{}",
        took.as_secs_f64(),
        options.mails,
        options.mails as f64 / during.wall.as_secs_f64(),
        if still { "" } else { " (the backup was over first)" },
    );
}

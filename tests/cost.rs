//! Guards against becoming slow that look at no clock: instructions as valgrind's callgrind counts them, and what the
//! database has synced and written. The statements of a mail are counted in `store/sqlite/statements.rs`, the memory of
//! reading in `tests/reading_memory.rs`.
//!
//! The bounds are what was counted for the build that the tests use, and 15 % more: another compiler or library counts a
//! little otherwise. Who makes something cheaper lowers the bound in the same change; who makes something dearer says in
//! the change why it is worth it, and raises it.

#[path = "support/mod.rs"]
mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use support::desk::{Desk, customers_mail};
use support::free_port;
use support::shim::disk_fault;

/// Reading the 35 mails of `fixtures/demo/` once more, in instructions: 4.5 million a mail, not optimised.
const READING: u64 = 159_000_000;
/// The whole of `demo`: start, reading, facts, decisions, composing, the database, sending into a Maildir.
const DEMO: u64 = 1_294_000_000;
/// What 256 mails that open tickets cost the database: a commit for each batch of 64, and the opening of a new file.
const SYNCS: u64 = 12;
/// Bytes a mail of 0.4 KB that opens a ticket, its acknowledgement and its notification included, log and checkpoint.
const WRITTEN: u64 = 23_500;

/// Instructions that a command of the program takes, on all its threads.
fn instructions(arguments: &[&str], input: &str) -> u64 {
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_postdesk")])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("valgrind can be run (scripts/test installs it)");
    child.stdin.take().expect("is piped").write_all(input.as_bytes()).expect("is read");
    let output = child.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let counted = said.lines().find_map(|line| line.split_once("Collected :")).expect("callgrind says how many").1;
    counted.trim().parse().expect("a number")
}

fn demo_mails() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("is there").map(|entry| entry.expect("is read").path()).collect();
    paths.sort();
    paths.iter().map(|path| format!("{}\n", path.display())).collect()
}

fn held(what: &str, counted: u64, bound: u64) {
    println!("{what}: {counted}, known as {bound}");
    assert!(counted <= bound + bound * 15 / 100, "{what}: {counted}, known as {bound}");
    assert!(counted >= bound / 2, "{what} became much cheaper, or does nothing: {counted}, known as {bound}");
}

#[test]
fn reading_mails_takes_so_many_instructions() {
    let mails = demo_mails();
    let read = |list: &str| instructions(&["read", "--json", "--stdin-list"], list);
    let (once, twice) = (read(&mails), read(&mails.repeat(2)));
    // The difference leaves the start of the program out.
    held("instructions for reading", twice - once, READING);
}

#[test]
fn a_day_at_the_desk_takes_so_many_instructions() {
    held("instructions of the demo", instructions(&["demo"], ""), DEMO);
}

#[test]
fn a_mail_costs_so_many_syncs_and_bytes() {
    const MAILS: u64 = 256;
    let mailbox = "[[mailbox]]\nname = \"support\"\naddress = \"podpora@acme.example\"\nbelieve = [\"mx.acme.example\"]\n\
                   [mailbox.maildir]\npath = \"in\"\n";
    let desk = Desk::with(free_port(), "", mailbox);
    desk.append("\n[budgets]\nper_hour = 1000000\n");
    let folder = desk.folder().join("mails");
    std::fs::create_dir(&folder).expect("made");
    for n in 0..MAILS {
        let mail = customers_mail(
            &format!("c{n}@firma{n}.example"),
            &format!("Vec {n}"),
            &format!("m{n}@firma{n}.example"),
            "",
            "Dobrý deň, tlačiareň pri okne od rána netlačí.",
        );
        std::fs::write(folder.join(format!("{n:03}.eml")), mail).expect("written");
    }
    let tally = desk.folder().join("tally");
    let environment = [("LD_PRELOAD", disk_fault().display().to_string()), ("DISK_TALLY", tally.display().to_string())];
    let output = desk.run_in(&environment, &["ingest", &folder.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&tally).expect("the library counted");
    let counts: Vec<u64> = text.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    held("syncs of 256 mails", counts[0], SYNCS);
    held("bytes written a mail", counts[1] / MAILS, WRITTEN);
}

//! What depends on where the output goes: a terminal, a pipe, a pipe that nobody reads any more.

mod cli_support;

use std::process::{Command, Stdio};

use cli_support::{Bench, fill};

fn bench() -> Bench {
    let bench = Bench::new();
    fill(&bench.store());
    bench
}

/// Runs the program on a terminal of its own (`script` of Debian's essential package bsdutils).
fn on_terminal(bench: &Bench, args: &str, environment: &[(&str, &str)]) -> String {
    let output = Command::new("script")
        .args(["-qec", &format!("stty rows 24 cols 72; {} {args}", env!("CARGO_BIN_EXE_postdesk")), "/dev/null"])
        .current_dir(bench.path(""))
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("`script` starts");
    String::from_utf8(output.stdout).expect("is UTF-8").replace("\r\n", "\n")
}

#[test]
fn a_terminal_gets_a_coloured_table_in_its_width_and_the_desks_time() {
    let text = on_terminal(&bench(), "ticket list", &[]);
    assert!(text.contains("\u{1b}[1mTICKET\u{1b}[0m") && text.contains("\u{1b}[33mhigh\u{1b}[0m"), "{text:?}");
    assert!(text.contains("2026-11-22 10:00"), "{text}");
}

#[test]
fn no_color_is_respected() {
    for environment in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = on_terminal(&bench(), "ticket list", &[environment]);
        assert_eq!(
            text,
            "TICKET  STATUS  PRIORITY  OWNER  REQUESTER   SUBJECT     UPDATED\n  \
             1001  open    high      jana   Ján Novák…  Tlačiareň…  2026-11-22 10:00\n",
            "{environment:?}"
        );
    }
}

#[test]
fn raw_mail_is_not_written_to_a_terminal() {
    for args in ["ticket export 1001", "outbox show 1 --raw"] {
        let text = on_terminal(&bench(), args, &[]);
        assert!(text.contains("not written raw to a terminal") && !text.contains("\u{1b}[31m"), "{text:?}");
    }
    for args in [
        "ticket show 1001",
        "ticket show 1001 --json",
        "ticket history 1001",
        "outbox show 1",
        "outbox show 1 --source",
    ] {
        let text = on_terminal(&bench(), args, &[("NO_COLOR", "1")]);
        assert!(!text.contains('\u{1b}'), "{args}: {text:?}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let bench = bench();
    let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .args(["ticket", "list", "--json"])
        .current_dir(bench.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

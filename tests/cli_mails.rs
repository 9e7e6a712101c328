//! What commands do with mails that are there: taken in from the desk's own Maildir, tried again, handed out.

mod cli_support;

use cli_support::Bench;
use serde_json::Value;

fn mail(id: &str, subject: &str) -> String {
    format!(
        "From: jan@firma.example\nTo: podpora@acme.example\nSubject: {subject}\nMessage-ID: <{id}@firma.example>\n\nDobrý deň\n"
    )
}

/// The one mailbox's line, and the exit code.
fn audit(bench: &Bench) -> (Value, Option<i32>) {
    let ran = bench.run(&["audit", "--json"]);
    (serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr)), ran.code)
}

#[test]
fn a_mail_of_the_maildir_that_was_handed_over_is_accounted_for() {
    let bench = Bench::new();
    for part in ["in/new", "in/cur", "in/tmp"] {
        std::fs::create_dir_all(bench.path(part)).expect("is made");
    }
    std::fs::write(bench.path("in/new/1.a.b"), mail("a", "Jeden")).expect("is written");
    std::fs::write(bench.path("in/cur/2.a.b:2,S"), mail("b", "Dva")).expect("is written");
    let (before, code) = audit(&bench);
    assert_eq!((&before["waiting"], code), (&2.into(), Some(75)), "{before}");
    bench.run(&["ingest", "in"]).text();
    let (after, code) = audit(&bench);
    assert_eq!((&after["onServer"], &after["accounted"], code), (&2.into(), &2.into(), Some(0)), "{after}");
    assert_eq!(after["fates"]["ticket"], 2, "{after}");
    std::fs::write(bench.path("in/new/3.a.b"), mail("c", "Tri")).expect("is written");
    let (after, code) = audit(&bench);
    assert_eq!((&after["accounted"], &after["waiting"], code), (&2.into(), &1.into(), Some(75)), "{after}");
}

#[test]
fn every_retry_of_a_mail_in_quarantine_counts() {
    let bench = Bench::new();
    let two = format!("From: eva@jini.example\n{}", mail("a", "Dvaja"));
    bench.run_with(&["ingest", "-"], two.as_bytes()).text();
    let tries = || bench.run(&["quarantine", "list", "--json"]).json()[0]["attempts"].as_i64();
    assert_eq!(tries(), Some(1));
    assert!(bench.run(&["quarantine", "retry", "1"]).text().contains("still in quarantine"));
    assert!(bench.run(&["quarantine", "retry", "all"]).text().contains("still in quarantine"));
    assert_eq!(tries(), Some(3));
    assert!(bench.run(&["quarantine", "show", "1"]).text().contains("tries       3"));
}

#[test]
fn an_export_has_the_mails_of_merged_tickets_in_the_order_of_time() {
    let bench = Bench::new();
    let mbox: String = [("a", "Prvy", 1), ("b", "Druhy", 2), ("c", "Treti", 3)]
        .map(|(id, subject, hour)| format!("From x Mon Mar  2 {hour:02}:00:00 2026\n{}\n", mail(id, subject)))
        .concat();
    std::fs::write(bench.path("three.mbox"), mbox).expect("is written");
    bench.run(&["ingest", "three.mbox"]).text();
    bench.run(&["ticket", "merge", "1001", "1003"]).text();
    bench.run(&["ticket", "merge", "1003", "1002"]).text();
    let subjects = |number: &str| {
        let exported = bench.run(&["ticket", "export", number]).text();
        exported.lines().filter_map(|l| l.strip_prefix("Subject: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(subjects("1002"), ["Prvy", "Druhy", "Treti"]);
    assert_eq!(subjects("1003"), ["Prvy", "Treti"]);
    assert_eq!(subjects("1001"), ["Prvy"], "what was merged away has its own");
}

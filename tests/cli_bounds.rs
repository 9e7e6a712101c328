//! Mails beyond the bounds of reading, and larger than the desk takes in: a ticket all the same, and nobody is left to find out
//! by himself what is missing.

mod cli_support;

use cli_support::Bench;
use serde_json::Value;

const FROM: &str =
    "From: jan@firma.example\nTo: podpora@acme.example\nSubject: Faktura\nMessage-ID: <a@firma.example>\n";

/// What an agent is told of a mail that was handed over, and the history of its ticket.
fn told(bench: &Bench, mail: &str) -> (String, Vec<Value>) {
    let taken = bench.run_with(&["ingest", "--json", "-"], mail.as_bytes()).json();
    let number = taken[0]["ticket"].as_i64().unwrap_or_else(|| panic!("no ticket: {}", taken[0]));
    let queued = bench.run(&["outbox", "list", "--json"]).json();
    let mine = queued.iter().rev().find(|m| m["ticket"] == number && m["template"] == "notify-new");
    let id = mine.expect("the agent is told")["id"].to_string();
    let shown = bench.run(&["ticket", "show", &number.to_string(), "--json"]).json().remove(0);
    let words = bench.run(&["outbox", "show", &id]).text();
    (words, shown["history"].as_array().expect("a history").clone())
}

fn says(history: &[Value], because: &str) -> bool {
    history.iter().any(|line| {
        line["change"].as_str().is_some_and(|c| c.contains("read in part"))
            && line["because"].as_str().is_some_and(|b| b.contains(because))
    })
}

#[test]
fn the_agent_is_told_what_of_a_mail_was_left_out() {
    let files = "--b\nContent-Type: image/png; name=a.png\n\nx\n".repeat(120);
    let flood = "X-Filler: x\n".repeat(1_500);
    for (fields, body, warning, because) in [
        ("", "slovo ".repeat(180_000), "Text tejto správy je taký dlhý", "its text is longer than 1 MB"),
        (
            "Content-Type: multipart/mixed; boundary=b\n",
            files,
            "má viac častí alebo príloh",
            "more attachments than are kept",
        ),
        (&flood, "Dobrý deň".to_owned(), "Hlavička tejto správy je taká veľká", "header is too large"),
    ] {
        let bench = Bench::new();
        let (words, history) = told(&bench, &format!("{FROM}{fields}\n{body}\n"));
        let warned = words.lines().any(|line| line.trim_start().starts_with("!! ") && line.contains(warning));
        assert!(warned, "{warning:?} is missing in\n{}", words.get(..2_000).unwrap_or(&words));
        assert!(says(&history, because), "{because:?} is missing in {history:?}");
    }
}

#[test]
fn a_mail_that_was_read_whole_is_not_said_to_be_cut() {
    let (words, history) = told(&Bench::new(), &format!("{FROM}\nDobrý deň\n"));
    assert!(!words.contains("začiatok") && !says(&history, ""), "{words}");
}

#[test]
fn a_mail_whose_header_is_too_large_is_a_ticket_that_proves_nobody() {
    let bench = Bench::new();
    let flood = "X-Filler: x\n".repeat(1_500);
    let taken = bench.run_with(&["ingest", "--json", "-"], format!("{FROM}{flood}\nDobrý deň\n").as_bytes()).json();
    assert_eq!(taken[0]["fate"], "ticket");
    let shown = bench.run(&["ticket", "show", "1001", "--json"]).json().remove(0);
    assert_eq!((&shown["verified"], &shown["messages"][0]["believed"]), (&false.into(), &"unauthenticated".into()));
    let queued = bench.run(&["outbox", "list", "--json"]).json();
    assert!(queued.iter().all(|m| m["template"] == "notify-new"), "a machine may have written it: {queued:?}");

    let forged = FROM.replace("jan@firma", "jana@acme");
    let taken = bench.run_with(&["ingest", "--json", "-"], format!("{forged}{flood}\nDobrý deň\n").as_bytes()).json();
    assert_eq!(taken[0]["fate"], "quarantined", "in an agent's name: {}", taken[0]);
}

/// A desk that takes in 20,000 bytes of a mail.
fn small() -> Bench {
    let bench = Bench::new();
    let config = std::fs::read_to_string(bench.path("config.toml")).expect("is read");
    std::fs::write(bench.path("config.toml"), format!("[limits]\nmax_mail_bytes = 20000\n{config}"))
        .expect("is written");
    bench
}

#[test]
fn of_a_mail_over_the_limit_the_beginning_is_taken_in_and_its_size_is_told() {
    let mail = format!("{FROM}\nZačiatok\n{}Koniec\n", "riadok\n".repeat(10_000));
    let mbox = format!("From jan@firma.example Mon Mar  2 10:00:00 2026\n{mail}\n");
    for (path, bytes) in [("large.eml", &mail), ("large.mbox", &mbox), ("box/new/1.a.b", &mail), ("-", &mail)] {
        let bench = small();
        std::fs::create_dir_all(bench.path("box/new")).expect("is made");
        let place = if path.starts_with("box") { "box" } else { path };
        if path != "-" {
            std::fs::write(bench.path(path), bytes).expect("is written");
        }
        let taken = bench.run_with(&["ingest", "--json", place], bytes.as_bytes()).json();
        assert_eq!((taken.len(), &taken[0]["fate"]), (1, &"ticket".into()), "{path}");
        let shown = bench.run(&["ticket", "show", "1001", "--json"]).json().remove(0);
        let text = shown["messages"][0]["text"].as_str().expect("a text");
        assert!(text.starts_with("Začiatok") && !text.contains("Koniec") && text.len() < 20_000, "{path}");
        assert!(says(shown["history"].as_array().expect("a history"), "larger than the desk takes in"), "{path}");
        let exported = bench.run(&["ticket", "export", "1001"]).stdout;
        assert!(exported.len() < 21_000, "{path}: {} bytes are kept", exported.len());
        let queued = bench.run(&["outbox", "list", "--json"]).json();
        let id = queued.iter().find(|m| m["template"] == "notify-new").expect("the agent is told")["id"].to_string();
        let words = bench.run(&["outbox", "show", &id]).text();
        assert!(words.contains("je väčšia, než podpora prijíma") && words.contains("(0.1 MB)"), "{path}:\n{words}");
    }
}

#[test]
fn explain_says_that_only_the_beginning_would_be_taken_in() {
    let mail = format!("{FROM}\n{}", "riadok\n".repeat(10_000));
    let told = small().run_with(&["explain", "--json", "-"], mail.as_bytes()).json().remove(0);
    assert_eq!(told["read"]["size"].as_u64(), Some(mail.len() as u64));
    let reasons = told["reasons"].as_array().expect("reasons");
    assert!(reasons.iter().any(|r| r.as_str().is_some_and(|r| r.contains("larger than"))), "{reasons:?}");
}

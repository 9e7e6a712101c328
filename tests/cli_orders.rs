//! `ticket reply`, `note`, `assign`, `close`, `reopen`, `merge` and `quarantine retry`: orders by the real program, decided
//! and written as mails are.

mod cli_support;

use cli_support::{Bench, at, fill, incoming};
use postdesk::store::{Reading as _, Store as _, pack};
use serde_json::{Value, json};

fn bench() -> Bench {
    let bench = Bench::new();
    fill(&bench.store());
    bench
}

#[track_caller]
fn ticket(bench: &Bench, number: &str) -> Value {
    let [ticket] = bench.run(&["ticket", "show", number, "--json"]).json().try_into().expect("one object");
    ticket
}

/// The changes that the order made, in words.
fn changes(ticket: &Value, from: usize) -> Vec<String> {
    let lines = ticket["history"].as_array().expect("a list");
    lines
        .iter()
        .skip(from)
        .map(|l| format!("{} {}", l["actor"].as_str().unwrap_or("?"), l["change"].as_str().unwrap_or("?")))
        .collect()
}

#[test]
fn a_reply_goes_to_the_customer_and_stands_in_the_ticket() {
    let bench = bench();
    std::fs::write(bench.path("návod.pdf"), b"%PDF-1.4").expect("is written");
    let args = ["ticket", "reply", "1001", "--as", "jana", "--attach", "návod.pdf"];
    let ran = bench.run_with(&args, "Dobrý deň,\nskúste to znova.\n".as_bytes());
    let text = ran.text();
    assert!(text.contains("1001: status: waiting\n"), "{text}");
    assert!(text.contains("1001: answer to jan@firma.example queued\n"), "{text}");
    assert!(text.contains("1001: answer to eva@firma.example queued\n"), "{text}");

    let ticket = ticket(&bench, "1001");
    assert_eq!(ticket["status"], "waiting");
    assert_ne!(ticket["firstRespondedAt"], Value::Null);
    let answer = ticket["messages"].as_array().and_then(|m| m.last()).expect("an answer");
    assert_eq!((&answer["direction"], &answer["kind"]), (&json!("outgoing"), &json!("answer")));
    assert_eq!(answer["reply"]["text"], "Dobrý deň,\nskúste to znova.");
    assert_eq!(answer["attachments"][0]["name"], "návod.pdf");
    let made = changes(&ticket, 2);
    assert!(made.iter().all(|line| line.starts_with("jana ")), "{made:?}");

    let mails = bench.run(&["outbox", "list", "--json"]).json();
    let to_jan = mails.iter().find(|m| m["template"] == "answer" && m["to"][0]["email"] == "jan@firma.example");
    let to_jan = to_jan.expect("an answer to the requester");
    assert_eq!(to_jan["messageId"], answer["messageId"]);
    let id = to_jan["id"].to_string();
    let raw = String::from_utf8_lossy(&bench.run(&["outbox", "show", &id, "--raw"]).stdout).into_owned();
    assert!(raw.contains("In-Reply-To: <first@firma.example>"), "{raw}");
    assert!(!raw.contains("jana@acme.example") && !raw.contains("Auto-Submitted"), "{raw}");
}

/// The operator is nobody whom a customer knows.
#[test]
fn a_reply_in_nobodys_name_is_the_desks() {
    let bench = bench();
    bench.run(&["ticket", "reply", "1001", "-m", "Hotovo."]).text();
    let mails = bench.run(&["outbox", "list", "--json"]).json();
    let id = mails.iter().find(|m| m["template"] == "answer").expect("an answer")["id"].to_string();
    let text = bench.run(&["outbox", "show", &id]).text();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert!(lines.windows(4).any(|four| four == ["Hotovo.", "", "--", "ACME podpora"]), "{text}");
    assert!(!text.contains("operator"), "{text}");
}

/// A mailbox that has another name since, or is gone: its tickets are answered from the first one's address, not lost.
#[test]
fn a_ticket_of_a_mailbox_that_is_gone_is_answered_all_the_same() {
    let bench = bench();
    let config = std::fs::read_to_string(bench.path("config.toml")).expect("is there");
    let renamed = config.replacen("name = \"support\"", "name = \"helpdesk\"", 1);
    assert_ne!(renamed, config);
    std::fs::write(bench.path("config.toml"), renamed).expect("is written");
    let ran = bench.run(&["ticket", "reply", "1001", "--as", "jana", "-m", "Hotovo."]);
    assert!(ran.text().contains("1001: answer to jan@firma.example queued\n"), "{}", ran.stderr);
    bench.run(&["ticket", "assign", "1001", "peter"]).text();
    let mails = bench.run(&["outbox", "list", "--json"]).json();
    assert!(mails.iter().any(|m| m["template"] == "notify-assigned"), "{mails:?}");
}

/// Longer than what the store keeps ready of it: the beginning is what it is all about.
#[test]
fn who_is_given_a_long_ticket_reads_how_it_began() {
    let bench = bench();
    for i in 0..25 {
        bench.run(&["ticket", "note", "1001", "--as", "jana", "-m", &format!("Poznámka {i}.")]).text();
    }
    bench.run(&["ticket", "assign", "1001", "peter", "--as", "jana"]).text();
    let mails = bench.run(&["outbox", "list", "--json"]).json();
    let id = mails.iter().find(|m| m["template"] == "notify-assigned").expect("he is told")["id"].to_string();
    let text = bench.run(&["outbox", "show", &id]).text();
    assert!(text.contains("Nejde.") && text.contains("Poznámka 24."), "{text}");
    assert!(text.contains("[… ") && !text.contains("Poznámka 1."), "{text}");
}

#[test]
fn a_reply_that_closes_does_both() {
    let bench = bench();
    let [changed] =
        bench.run(&["ticket", "reply", "1001", "-m", "Hotovo.", "--close", "--json"]).json().try_into().expect("one");
    assert_eq!((&changed["number"], &changed["status"]), (&json!(1001), &json!("closed")));
    assert!(bench.run(&["ticket", "list"]).text().is_empty());
}

#[test]
fn a_note_is_kept_from_the_customer() {
    let bench = bench();
    std::fs::write(bench.path("note.txt"), "Zavolať mu.\n").expect("is written");
    bench.run(&["ticket", "note", "1001", "--as", "peter", "-F", "note.txt"]).text();
    let ticket = ticket(&bench, "1001");
    let note = ticket["messages"].as_array().and_then(|m| m.last()).expect("a note");
    assert_eq!((&note["direction"], &note["text"]), (&json!("note"), &json!("Zavolať mu.")));
    let mails = bench.run(&["outbox", "list", "--json"]).json();
    let told: Vec<_> = mails.iter().skip(1).map(|m| m["to"][0]["email"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["jana@acme.example"], "only the owner is told");
}

#[test]
fn tickets_change_hands_and_state() {
    let bench = bench();
    bench.run(&["ticket", "assign", "1001", "Peter"]).text();
    assert_eq!(ticket(&bench, "1001")["owner"], "peter");
    bench.run(&["ticket", "assign", "1001", "technical"]).text();
    let handed = ticket(&bench, "1001");
    assert_eq!(handed["group"], "technical");
    bench.run(&["ticket", "close", "1001"]).text();
    assert_eq!(ticket(&bench, "1001")["status"], "closed");
    assert_eq!(bench.run(&["ticket", "close", "1001"]).text(), "1001: it is so already\n");
    bench.run(&["ticket", "reopen", "#1001", "--as", "jana@acme.example"]).text();
    let reopened = ticket(&bench, "1001");
    assert_eq!((&reopened["status"], &reopened["resolvedAt"]), (&json!("open"), &Value::Null));
    let made = changes(&reopened, 2);
    assert_eq!(made.first().map(String::as_str), Some("operator owner: peter"));
    assert_eq!(made.last().map(String::as_str), Some("jana status: open"));
}

#[test]
fn a_merged_ticket_lives_on_in_the_other() {
    let bench = bench();
    bench.run(&["ticket", "merge", "1002", "1001"]).text();
    let merged = ticket(&bench, "1002");
    assert_eq!((&merged["status"], &merged["mergedInto"]), (&json!("merged"), &json!(1001)));
    assert_eq!(ticket(&bench, "1001")["linked"], json!([1002]));
    // Who writes to the one must not reach the other's customers unawares.
    for order in
        [&["ticket", "reply", "1002", "-m", "Hotovo."][..], &["ticket", "close", "1002"], &["ticket", "reopen", "1002"]]
    {
        bench.run(order).refused(65, "Ticket 1002 lives on in 1001");
    }
    bench.run(&["ticket", "note", "1002", "-m", "Volal."]).text();
}

#[test]
fn a_mail_in_quarantine_is_taken_in_again() {
    let bench = bench();
    let raw = "From: Nina <nina@new.example>\r\nTo: podpora@acme.example\r\nSubject: Prosba\r\n\
               Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <n1@new.example>\r\n\r\nPomoc, prosím.\r\n"
        .as_bytes();
    let (store, mail, now) = (bench.store(), incoming(raw), at("2026-11-22T10:00:00Z"));
    store.discover("support", std::slice::from_ref(&mail.key), now).expect("is noted");
    store.quarantine(&mail, pack(raw).expect("is packed"), "A defect that is mended now", now).expect("is put aside");
    let text = bench.run(&["quarantine", "retry", "all"]).text();
    assert!(text.ends_with(": ticket 1003\n"), "{text}");
    assert!(store.quarantined().expect("is read").is_empty());
    let ticket = ticket(&bench, "1003");
    assert_eq!(ticket["messages"][0]["text"].as_str().map(str::trim), Some("Pomoc, prosím."));
    bench.run(&["quarantine", "retry", "77"]).refused(65, "it is empty");
    assert!(bench.run(&["quarantine", "retry", "all"]).text().is_empty());
}

#[test]
fn a_mail_that_is_still_not_believed_stays_in_quarantine() {
    let bench = bench();
    let raw = b"From: a@new.example\r\nFrom: b@new.example\r\nSubject: two\r\n\r\nx\r\n";
    let (store, mail, now) = (bench.store(), incoming(raw), at("2026-11-22T10:00:00Z"));
    store.discover("support", std::slice::from_ref(&mail.key), now).expect("is noted");
    store.quarantine(&mail, pack(raw).expect("is packed"), "Two From fields", now).expect("is put aside");
    let text = bench.run(&["quarantine", "retry", "all"]).text();
    assert!(text.contains("still in quarantine"), "{text}");
    assert_eq!(store.quarantined().expect("is read").len(), 1);
}

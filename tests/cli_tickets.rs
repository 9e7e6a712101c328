//! `ticket`, `outbox` and `quarantine` by the real program on a real database.

mod cli_support;

use std::sync::Arc;

use cli_support::{Bench, RAW, at, fill, fill_at, incoming};
use postdesk::model::decision::Fate;
use postdesk::model::outgoing::{Attempt, SmtpReply};
use postdesk::model::{Action, Commit, Decision, Found, Lookup};
use postdesk::store::{Plan, Reading as _, Store as _, pack};
use serde_json::{Value, json};

fn bench() -> Bench {
    let bench = Bench::new();
    fill(&bench.store());
    bench
}

fn numbers(bench: &Bench, filters: &[&str]) -> Vec<i64> {
    let ran = bench.run(&[&["ticket", "list", "--json"], filters].concat());
    ran.json().iter().map(|t| t["number"].as_i64().expect("a number")).collect()
}

#[test]
fn live_tickets_are_listed_a_line_each_without_raw_text() {
    let text = bench().run(&["ticket", "list"]).text();
    assert_eq!(
        text,
        "1001\topen\thigh\tjana\tJán Novák <jan@firma.example>\tTlačiareň\\x1b[2J nejde\t2026-11-22T09:00:00Z\n"
    );
}

#[test]
fn every_filter_keeps_its_tickets_only() {
    let bench = bench();
    for filters in [
        vec!["--live"],
        vec!["--status", "open"],
        vec!["--owner", "jana"],
        vec!["--owner", "jana@acme.example"],
        vec!["--live", "--category", "printing"],
        vec!["--priority", "high"],
        vec!["--live", "--mailbox", "support"],
        vec!["--live", "--organisation", "Firma"],
        vec!["--live", "--requester", "JAN@firma.example"],
        vec!["--search", "TLACIAREN"],
        vec!["--all", "--limit", "1"],
    ] {
        assert_eq!(numbers(&bench, &filters), [1001], "{filters:?}");
    }
    // Programs get everything unless they say otherwise.
    assert_eq!(numbers(&bench, &[]), [1001, 1002]);
    assert_eq!(numbers(&bench, &["--all"]), [1001, 1002]);
    assert_eq!(numbers(&bench, &["--status", "closed"]), [1002]);
    assert_eq!(numbers(&bench, &["--unassigned"]), [1002]);
    for nothing in [["--status", "new"], ["--owner", "peter"], ["--search", "rechnung"], ["--requester", "x@y.example"]]
    {
        assert_eq!(numbers(&bench, &nothing), Vec::<i64>::new(), "{nothing:?}");
    }
    let hinted = bench.run(&["ticket", "list", "--owner", "jama"]);
    assert!(hinted.text().is_empty());
    assert!(hinted.stderr.contains("did you mean \"jana\"?"), "{}", hinted.stderr);
}

#[test]
fn a_ticket_is_shown_whole_in_json() {
    let bench = bench();
    let ran = bench.run(&["ticket", "show", "#1001", "--json"]);
    assert!(!ran.stdout.iter().any(|b| *b == 0x1b || *b == 0x7f));
    let [ticket] = ran.json().try_into().expect("one object");
    let listed = bench.run(&["ticket", "list", "--json"]).json();
    let Value::Object(listed) = &listed[0] else { panic!("an object") };
    assert!(listed.iter().all(|(key, value)| ticket.get(key) == Some(value)));
    assert_eq!(ticket["subject"], "Tlačiareň\u{1b}[2J nejde");
    assert_eq!(ticket["requester"], json!({"name": "Ján Novák", "email": "jan@firma.example"}));
    assert_eq!(ticket["resolveDueAt"], Value::Null);
    let first = &ticket["messages"][0];
    assert_eq!(first["reply"], json!({"text": "Nejde.", "quoted": "> predtým", "signature": ""}));
    assert_eq!(first["attachments"][0]["name"], "foto.png");
    assert_eq!(first["believed"], "verified");
    assert_eq!(ticket["history"][1]["change"], "owner: jana");
    let history = bench.run(&["ticket", "history", "1001", "--json"]).json();
    assert_eq!(Value::Array(history), ticket["history"]);
}

#[test]
fn a_ticket_is_shown_to_people_and_programs_without_raw_text() {
    let bench = bench();
    let text = bench.run(&["ticket", "show", "1001"]).text();
    assert!(text.starts_with("1001  Tlačiareň\\x1b[2J nejde\n"), "{text}");
    assert!(text.contains("\n    Nejde.\n    [folded: 1 quoted line: --full shows them]\n"), "{text}");
    let history = bench.run(&["ticket", "history", "1001"]).text();
    assert_eq!(history.lines().next(), Some("2026-11-22T09:00:00Z\tdesk\tcreated\tA new request"));
}

#[test]
fn an_export_holds_the_raw_mails_byte_for_byte() {
    let bench = bench();
    let mut expected = b"From MAILER-DAEMON Sun Nov 22 09:00:00 2026\n".to_vec();
    expected.extend(b"From: jan@firma.example\r\nSubject: x\r\n\r\n>From the start\r\n\xe1\x1b[31m\r\n\n");
    assert_eq!(bench.run(&["ticket", "export", "1001"]).stdout, expected);
    let file = bench.path("1001.mbox");
    let name = file.to_str().expect("is UTF-8");
    assert_eq!(bench.run(&["ticket", "export", "1001", "-o", name]).code, Some(0));
    assert_eq!(std::fs::read(&file).expect("is there"), expected);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&file).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "people's mail is nobody else's");
    bench.run(&["ticket", "export", "1001", "-o", name]).refused(73, "1001.mbox");
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let bench = bench();
    for args in [
        vec!["show", "1099"],
        vec!["history", "1099"],
        vec!["export", "1099"],
        vec!["close", "1099"],
        vec!["reply", "1099", "-m", "x"],
        vec!["merge", "1001", "1099"],
    ] {
        bench.run(&[vec!["ticket"], args].concat()).refused(65, "There is no ticket 1099 (changed last: 1001, 1002)");
    }
    bench.run(&["ticket", "assign", "1001", "petr"]).refused(65, "did you mean \"peter\"?");
    bench.run(&["ticket", "note", "1001", "--as", "nobody", "-m", "x"]).refused(65, "known are: jana, peter");
    bench.run(&["ticket", "merge", "1001", "1001"]).refused(65, "cannot be merged into itself");
    bench.run_with(&["ticket", "note", "1001"], b" \n").refused(65, "There is no text");
    bench.run_with(&["ticket", "note", "1001"], b"\xe1").refused(65, "not UTF-8");
    bench.run(&["ticket", "reply", "1001", "-m", "x", "--attach", "none.png"]).refused(65, "Cannot attach none.png");
    bench.run(&["outbox", "show", "9"]).refused(65, "waiting are: 1");
    bench.run(&["quarantine", "drop", "9"]).refused(65, "it is empty");
}

#[test]
fn the_outbox_is_listed_shown_retried_and_dropped() {
    let bench = bench();
    let listed = bench.run(&["outbox", "list", "--json"]).json();
    let golden = json!({
        "id": 1, "ticket": 1001, "to": [{"name": "Ján Novák", "email": "jan@firma.example"}],
        "subject": "[ACME-1001-k7q2m9xf] Tlačiareň nejde", "template": "acknowledgement", "state": "waiting",
        "attempts": 0, "nextAttemptAt": "2026-11-22T09:00:01Z", "lastReply": null,
        "messageId": "pd.1@desk.acme.example", "queuedAt": "2026-11-22T09:00:01Z",
    });
    assert_eq!(listed, [golden]);
    let shown = bench.run(&["outbox", "show", "1"]).text();
    assert!(shown.contains("waiting, not tried yet") && shown.contains("    Prijali sme"), "{shown}");
    let source = bench.run(&["outbox", "show", "1", "--source"]).text();
    assert!(source.ends_with("    Subject: ack\n\n    Prijali sme\\x1b[31m\n"), "{source}");
    assert_eq!(bench.run(&["outbox", "show", "1", "--raw"]).stdout, b"Subject: ack\r\n\r\nPrijali sme\x1b[31m\r\n");

    let store = bench.store();
    store.claim(at("2026-11-22T10:00:00Z"), std::time::Duration::from_secs(60), 1).expect("is claimed");
    let refusal = SmtpReply { code: 550, enhanced: None, text: "no such user".into() };
    store.settle(1, &Attempt::Rejected(refusal), None, at("2026-11-22T10:00:01Z")).expect("is settled");
    assert_eq!(bench.run(&["outbox", "list", "--json"]).json()[0]["state"], "failed");
    assert_eq!(bench.run(&["outbox", "retry", "1"]).text(), "1 mail is due now\n");
    assert_eq!(bench.run(&["outbox", "retry", "all"]).text(), "1 mail is due now\n");
    assert_eq!(bench.run(&["outbox", "list", "--json"]).json()[0]["state"], "deferred");
    let came_back =
        Commit { bounced: vec![(1, "550 5.1.1 No such user".into())], ..Decision::new(Action::Note, Fate::Order) };
    let plan: Plan = Arc::new(move |_: Found| came_back.clone());
    store.order(&Lookup::default(), &plan, at("2026-11-22T11:00:00Z")).expect("is noted");
    let row = bench.run(&["outbox", "list", "--json"]).json().remove(0);
    assert_eq!((&row["state"], &row["lastReply"]), (&"failed".into(), &"550 5.1.1 No such user".into()));
    let table = bench.run(&["outbox", "list"]).text();
    assert!(table.contains("bounced") && table.contains("No such user"), "people see how it failed: {table}");
    assert_eq!(bench.run(&["outbox", "retry", "1"]).text(), "1 mail is due now\n");
    assert_eq!(bench.run(&["outbox", "drop", "1"]).text(), "Mail 1 will not be sent\n");
    bench.run(&["outbox", "drop", "1"]).refused(65, "Mail 1 is dropped");
    bench.run(&["outbox", "retry", "1"]).refused(65, "Mail 1 is dropped");
    assert!(bench.run(&["outbox", "list"]).text().is_empty());
    assert_eq!(bench.run(&["outbox", "list", "--all", "--json"]).json()[0]["state"], "dropped");
}

#[test]
fn what_is_due_is_sent_when_asked_for() {
    let bench = bench();
    assert_eq!(bench.run(&["outbox", "send"]).text(), "1 sent\n");
    let sent: Vec<_> = std::fs::read_dir(bench.path("out/new")).expect("a Maildir").flatten().collect();
    let [mail] = sent.as_slice() else { panic!("one mail: {sent:?}") };
    let bytes = std::fs::read(mail.path()).expect("is read");
    assert!(bytes.ends_with(b"Prijali sme\x1b[31m\r\n") || bytes.ends_with(b"Prijali sme\x1b[31m\n"), "{bytes:?}");
    assert!(bench.run(&["outbox", "list"]).text().is_empty());
    assert_eq!(bench.run(&["outbox", "list", "--all", "--json"]).json()[0]["state"], "sent");
    assert_eq!(bench.run(&["outbox", "send"]).text(), "0 sent\n");
}

#[test]
fn a_server_that_is_not_there_is_told_and_the_mail_stays() {
    let bench = Bench::new();
    fill_at(&bench.store(), jiff::Timestamp::now());
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let path = bench.path("config.toml");
    let text = std::fs::read_to_string(&path).expect("is there");
    let smtp = format!("[outgoing.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"");
    std::fs::write(&path, text.replace("[outgoing.maildir]\npath = \"out\"", &smtp)).expect("is written");
    let ran = bench.run(&["outbox", "send"]);
    assert_eq!(ran.code, Some(69), "{}", ran.stderr);
    assert!(ran.stderr.contains("Sending: "), "{}", ran.stderr);
    let [row] = bench.run(&["outbox", "list", "--json"]).json().try_into().expect("one mail");
    assert!(row["state"] == "deferred" || row["state"] == "waiting", "{row}");
}

#[test]
fn quarantine_is_listed_shown_and_dropped_for_good() {
    let bench = bench();
    let raw = [RAW, b"more"].concat();
    let now = at("2026-11-22T10:00:00Z");
    let (store, mail) = (bench.store(), incoming(&raw));
    store.discover("support", std::slice::from_ref(&mail.key), now).expect("is noted");
    store.quarantine(&mail, pack(&raw).expect("is packed"), "Two From fields", now).expect("is put aside");
    let [row] = bench.run(&["quarantine", "list", "--json"]).json().try_into().expect("one row");
    assert_eq!(row["because"], "Two From fields");
    assert_eq!(row["receivedAt"], "2026-11-22T09:00:00Z");
    assert_eq!(row["digest"].as_str().map(str::len), Some(64));
    let id = row["id"].to_string();
    let shown = bench.run(&["quarantine", "show", &id]).text();
    assert!(
        shown.contains("  because     Two From fields\n") && shown.contains("  from        jan@firma.example\n"),
        "{shown}"
    );
    let source = bench.run(&["quarantine", "show", &id, "--source"]).text();
    assert!(source.contains("\\x1b[31m"), "{source}");
    assert_eq!(bench.run(&["quarantine", "show", &id, "--raw"]).stdout, raw);
    let dropped = bench.run(&["quarantine", "drop", &id, "--because", "a test"]).text();
    assert_eq!(dropped, format!("Mail {id} is left out for good\n"));
    assert!(store.quarantined().expect("is read").is_empty());
    bench.run(&["quarantine", "show", &id]).refused(65, "it is empty");
}

#[test]
fn a_desk_without_a_database_has_nothing_and_makes_none() {
    let bench = Bench::new();
    for args in [["ticket", "list"], ["outbox", "list"], ["quarantine", "list"], ["contact", "list"]] {
        let ran = bench.run(&args);
        assert!(ran.text().is_empty());
        assert!(ran.stderr.contains("There is no database yet"), "{}", ran.stderr);
    }
    assert!(!bench.path("state").exists());
}

#[test]
fn a_wrong_configuration_is_told_with_every_mistake() {
    let bench = Bench::new();
    let path = bench.path("config.toml");
    let text = std::fs::read_to_string(&path).expect("is there");
    std::fs::write(&path, text.replace("owner = \"jana\"", "ovner = \"jana\"")).expect("is written");
    bench.run(&["ticket", "list"]).refused(78, "owner");
    std::fs::remove_file(&path).expect("is removed");
    bench.run(&["--config", "other.toml", "ticket", "list"]).refused(78, "other.toml");
}

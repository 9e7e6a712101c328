//! `key`, `auth learn` and `contact forgive` by the real program.

mod cli_support;

use std::os::unix::fs::PermissionsExt as _;

use cli_support::{Bench, at, fill};
use postdesk::model::conduct::{Mark, Marked};
use postdesk::model::{Action, Commit, Decision, Fate, Found, Lookup};
use postdesk::store::watch::{Noticed, Watch as _};
use postdesk::store::{Plan, Store as _};

#[test]
fn keys_rotate_and_are_listed_without_their_secrets() {
    let bench = Bench::new();
    bench.run(&["key", "list"]).refused(78, "There is no key in");
    bench.run(&["key", "rotate"]).refused(78, "There is no key in");
    bench.run_with(&["contact", "import", "-"], b"email\njan@firma.example\n").text();
    let file = bench.path("state/key");
    let first = std::fs::read_to_string(&file).expect("the key is made");
    let said = bench.run(&["key", "rotate"]).text();
    assert!(said.starts_with("Key 2 is the current one now") && said.contains("Restart the desk"), "{said}");
    let listed = bench.run(&["key", "list", "--json"]).json();
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[0]["id"].as_str(), listed[0]["current"].as_bool()), (Some("2"), Some(true)));
    assert!(listed[0]["madeOn"].as_str().is_some_and(|day| day.len() == 10), "{listed:?}");
    assert_eq!((listed[1]["id"].as_str(), listed[1]["madeOn"].as_str()), (Some("1"), None));
    let now = std::fs::read_to_string(&file).expect("is there");
    assert!(now.ends_with(&first), "the old key stays: {} lines", now.lines().count());
    assert_eq!(std::fs::metadata(&file).expect("is there").permissions().mode() & 0o777, 0o600);
    let table = bench.run(&["key", "list"]).text();
    for secret in now.lines().filter_map(|l| l.split(' ').nth(1)) {
        assert!(!table.contains(&secret[..8]), "a secret is shown");
    }
    bench.run(&["key", "drop", "2"]).refused(65, "is the current key");
    bench.run(&["key", "drop", "x"]).refused(65, "There is no key");
    bench.run(&["key", "drop", "1"]).text();
    assert_eq!(bench.run(&["key", "list"]).text().lines().count(), 1);
}

#[test]
fn what_is_held_against_an_address_is_shown_and_forgiven() {
    let bench = Bench::new();
    fill(&bench.store());
    let mut commit: Commit = Decision::new(Action::Command, Fate::Order);
    commit.marks = vec![Mark::new("jan@firma.example", Marked::Failed); 3];
    commit.marks.push(Mark::new("jan@firma.example", Marked::Complained));
    let plan: Plan = std::sync::Arc::new(move |_: Found| commit.clone());
    bench.store().order(&Lookup::default(), &plan, at("2026-11-22T09:30:00Z")).expect("is written");
    let shown = bench.run(&["contact", "show", "jan@firma.example"]).text();
    assert!(shown.contains("DEAD: the last 3 came back") && shown.contains("complained"), "{shown}");
    let json = bench.run(&["contact", "show", "jan@firma.example", "--json"]).json().remove(0);
    assert_eq!((json["mailToIt"]["dead"].as_bool(), json["mailToIt"]["failures"].as_u64()), (Some(true), Some(3)));
    assert_eq!(json["mailToIt"]["complainedAt"], "2026-11-22T09:30:00Z");
    let said = bench.run(&["contact", "forgive", "JAN@firma.example"]).text();
    assert!(said.starts_with("Forgotten: jan@firma.example"), "{said}");
    let shown = bench.run(&["contact", "show", "jan@firma.example"]).text();
    assert!(!shown.contains("DEAD") && !shown.contains("complained"), "{shown}");
    assert!(bench.run(&["contact", "forgive", "jan@firma.example"]).text().starts_with("Nothing was held"));
}

#[test]
fn auth_learn_lists_who_judges_and_proposes_settings() {
    let bench = Bench::new();
    let text = bench.run(&["auth", "learn"]).text();
    assert!(text.contains("no mails to learn from"), "{text}");
    let folder = bench.path("mails");
    std::fs::create_dir_all(folder.join("cur")).expect("a folder");
    for n in 0..8 {
        let mail = format!(
            "Received: from mx.acme.example by imap.acme.example with LMTP id {n}; Mon, 2 Nov 2026 10:00:01 +0100\r\n\
             Authentication-Results: mx.acme.example; dmarc={} header.from=a.example\r\n\
             Received: from out.a.example by mx.acme.example (Postfix) id {n}; Mon, 2 Nov 2026 10:00:00 +0100\r\n\
             From: x{n}@a.example\r\nSubject: {n}\r\nMessage-ID: <{n}@a.example>\r\n\r\nx\r\n",
            if n == 0 { "fail" } else { "pass" }
        );
        std::fs::write(folder.join("cur").join(format!("{n}:2,S")), mail).expect("is written");
    }
    let text = bench.run(&["auth", "learn", "mails"]).text();
    assert!(text.contains("believe = [\"mx.acme.example\"]") && text.contains("hops    = 2"), "{text}");
    let json = bench.run(&["auth", "learn", "mails", "--json"]).json();
    assert_eq!(json[0]["verdicts"]["dmarc=pass"], 7);
    assert_eq!((json[1]["kind"].as_str(), json[1]["hops"].as_u64()), (Some("proposal"), Some(2)));
    // The same from what the desk itself has taken in.
    let before = std::fs::read_to_string(bench.path("config.toml")).expect("reads");
    for n in 0..8 {
        let path = format!("mails/cur/{n}:2,S");
        assert_eq!(bench.run(&["ingest", "--mailbox", "support", &path]).code, Some(0), "{n}");
    }
    let learned = bench.run(&["auth", "learn", "--json"]).json();
    assert_eq!(learned.last().map(|p| (p["mailbox"].as_str(), p["hops"].as_u64())), Some((Some("support"), Some(2))));
    assert_eq!(std::fs::read_to_string(bench.path("config.toml")).expect("reads"), before, "nothing is changed");
    bench.run(&["auth", "learn", "nowhere.eml"]).refused(65, "Cannot read nowhere.eml");
}

#[test]
fn the_tokens_of_one_ticket_are_taken_back() {
    let bench = Bench::new();
    fill(&bench.store());
    let said = bench.run(&["ticket", "revoke", "1001", "--as", "jana"]).text();
    assert_eq!(said, "1001: tokens taken back\n");
    bench.run(&["ticket", "revoke", "1099"]).refused(65, "1099");
    let history = bench.run(&["ticket", "history", "1001"]).text();
    assert!(history.lines().any(|l| l.contains("jana") && l.contains("tokens taken back")), "{history}");
}

#[test]
fn what_was_learnt_of_agents_addresses_is_shown_and_taken_back() {
    let bench = Bench::new();
    fill(&bench.store());
    let plan: Plan = std::sync::Arc::new(|_: Found| {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        commit.marks.push(Mark::new("jana@acme.example", Marked::Strong));
        commit
    });
    bench.store().order(&Lookup::default(), &plan, at("2026-03-02T12:00:00Z")).expect("is written");
    let listed = bench.run(&["auth", "agents", "--json"]).json();
    let jana = listed.iter().find(|l| l["email"] == "jana@acme.example").expect("is listed");
    assert_eq!((&jana["agent"], &jana["registered"]), (&"jana".into(), &true.into()));
    assert_eq!(jana["strongSince"], "2026-03-02T12:00:00Z");
    assert!(bench.run(&["auth", "agents"]).text().contains("registered"));
    bench.run(&["auth", "forget", "nobody@acme.example"]).refused(65, "is no agent's address");
    assert!(bench.run(&["auth", "forget", "jana@acme.example"]).text().starts_with("Forgotten"));
    assert!(bench.run(&["auth", "forget", "jana@acme.example"]).text().starts_with("Nothing was known"));
    bench.run(&["auth", "verify", "jana@acme.example"]).refused(65, "the configuration vouches for it");
    bench.run(&["auth", "verify", "jan@firma.example"]).refused(65, "No agent has this address");
}

/// Takes a mail in, and what was said on standard error.
fn first_mail(bench: &Bench) -> String {
    let ran = bench.run_with(&["ingest", "-"], b"From: jan@firma.example\nTo: podpora@acme.example\nSubject: x\n\nx\n");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn a_new_database_beside_an_old_key_is_said_aloud_once_and_mailed_to_the_operator() {
    let bench = Bench::new();
    assert_eq!(first_mail(&bench), "", "a new desk");
    for name in ["postdesk.db", "postdesk.db-wal", "postdesk.db-shm"] {
        let _ = std::fs::remove_file(bench.path("state").join(name));
    }
    // Young as it is, it may have been made by whoever sets the desk up.
    assert_eq!(first_mail(&bench), "");
    std::fs::remove_file(bench.path("state/postdesk.db")).expect("is lost");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 60 * 60);
    let key = std::fs::File::options().write(true).open(bench.path("state/key")).expect("opens");
    key.set_modified(old).expect("is older");
    let said = first_mail(&bench);
    for part in ["Warning: A new database was made", "postdesk restore", "key rotate"] {
        assert!(said.contains(part), "{part:?} is missing in {said}");
    }
    let waiting = bench.store().notices().expect("are read");
    let alarms: Vec<_> =
        waiting.iter().filter_map(|n| if let Noticed::Alarm(what) = &n.what { Some(what) } else { None }).collect();
    assert!(alarms.len() == 1 && alarms[0].contains("bring its database back"), "{alarms:?}");
    assert_eq!(first_mail(&bench), "", "said once");
}

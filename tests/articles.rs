//! Articles by the real program: what `check` says of those that are wrong, and what `explain` says of those that fit, with
//! what is promised for the ticket.

mod cli_support;

use cli_support::Bench;
use serde_json::{Value, json};

const MORE: &str = r#"
[[category.ask]]
about   = { en = "a screenshot" }
present = { attachment = "image/*" }
[[category.ask]]
about   = { en = "the number of the contract" }
present = { text = 'Z-\d{6}' }

[[category]]
name       = "secrets"
words      = ["heslo"]
restricted = true

[calendar.office]
monday    = ["08:00-16:00"]
tuesday   = ["08:00-16:00"]
wednesday = ["08:00-16:00"]
thursday  = ["08:00-16:00"]
friday    = ["08:00-16:00"]

[sla.standard]
respond  = "4h"
resolve  = "3d"
calendar = "office"

[articles]
folder = "articles"
"#;

fn bench(articles: &[(&str, &str)]) -> Bench {
    let bench = Bench::new();
    let config = std::fs::read_to_string(bench.path("config.toml")).expect("is there");
    let config = config.replace("owner = \"jana\"", "owner = \"jana\"\nsla = \"standard\"");
    let config = config.replace("[mailbox.maildir]", "believe = [\"mx.acme.example\"]\n[mailbox.maildir]");
    std::fs::write(bench.path("config.toml"), config + MORE).expect("is written");
    std::fs::create_dir(bench.path("articles")).expect("a folder");
    for (name, text) in articles {
        std::fs::write(bench.path("articles").join(name), text).expect("is written");
    }
    bench
}

#[test]
fn mistakes_in_articles_are_named_with_file_and_line() {
    let bench = bench(&[
        ("a.md", "no head\n"),
        ("b.md", "---\ntitel: X\n---\ntext\n"),
        ("c.md", "---\ntitle: C\nlanguage: fr\ncategory: print\nurl: help.acme.example\nword\n---\ntext\n"),
        ("d.md", "---\ntitle: D\ncategory: secrets\n---\ntext\n"),
        ("e.md", "---\ntitle: E\n---\n\n"),
        ("f.md", "---\ntitle:\n---\ntext\n"),
        ("g.md", &format!("---\ntitle: {}\n---\ntext\n", "T".repeat(151))),
        ("ignored.txt", "no article"),
    ]);
    let found = bench.run(&["check", "--json"]);
    assert_eq!(found.code, Some(78), "{}", found.stderr);
    let text = String::from_utf8(found.stdout).expect("is text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let said: Vec<(String, u64, String)> = lines
        .iter()
        .filter(|l| l["message"].is_string())
        .map(|l| {
            let file = l["file"].as_str().expect("a file").rsplit('/').next().expect("a name").to_owned();
            (file, l["line"].as_u64().expect("a line"), l["message"].as_str().expect("words").to_owned())
        })
        .collect();
    let expected = [
        ("a.md", 1, "The article has no head"),
        ("b.md", 1, "The article has no title"),
        ("b.md", 2, "Unknown key `titel`"),
        ("c.md", 3, "`fr` is no language of the desk"),
        ("c.md", 4, "`print` is no category"),
        ("c.md", 5, "This is no address that a customer could open"),
        ("c.md", 6, "This line of the head is no `key: value`"),
        ("d.md", 3, "`secrets` is restricted: nothing is offered on its tickets"),
        ("e.md", 3, "The article has neither a text nor a `url`"),
        ("f.md", 2, "The `title` is empty"),
        ("g.md", 2, "The `title` is longer than 150 characters"),
    ];
    for (file, line, message) in expected {
        assert!(
            said.contains(&(file.into(), line, message.into())),
            "{file}:{line}: {message} is missing in {said:#?}"
        );
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
}

#[test]
fn a_folder_that_is_not_there_is_named_at_its_key() {
    let bench = bench(&[]);
    std::fs::remove_dir(bench.path("articles")).expect("is removed");
    let found = bench.run(&["check"]);
    assert_eq!(found.code, Some(78));
    let said = format!("{}{}", String::from_utf8_lossy(&found.stdout), found.stderr);
    assert!(said.contains("The folder of articles cannot be read") && said.contains("folder = \"articles\""), "{said}");
}

const MAIL: &str = "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example\r\n\
Received: from mail.firma.example by mx.acme.example; Mon, 16 Nov 2026 09:00:00 +0100\r\n\
From: Jan Novak <jan@firma.example>\r\nTo: podpora@acme.example\r\nSubject: NUJNO: the printer has a paper jam\r\n\
Message-ID: <1@firma.example>\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\
Content-Transfer-Encoding: 8bit\r\n\r\nGood morning, our printer (tlačiareň) does not print any more, there is a paper jam. Contract Z-004711.\r\n";

const JAM: &str = "---\ntitle: Paper jam in the printer\nlanguage: en\nwords: [paper jam]\nurl: https://help.acme.example/jam\n---\nOpen it.\n";
const STAPLES: &str = "---\ntitle: New staples for the printer\nlanguage: en\n---\nOrder them.\n";

#[test]
fn explain_names_what_is_promised_asked_and_offered() {
    let bench = bench(&[("jam.md", JAM), ("staples.md", STAPLES)]);
    let [explained] =
        bench.run_with(&["explain", "--json", "-"], MAIL.as_bytes()).json().try_into().expect("one object");
    let decision = &explained["decision"];
    assert_eq!(decision["category"], "printing");
    assert_eq!(decision["priority"], "high");
    assert!(decision["priorityBecause"].as_str().expect("words").contains("nujno"), "{decision}");
    let promise = &decision["promise"];
    assert_eq!(
        (&promise["sla"], &promise["by"], &promise["calendar"]),
        (&json!("standard"), &json!("desk"), &json!("office"))
    );
    assert!(promise["firstResponseDueAt"].is_string() && promise["resolveDueAt"].is_string(), "{promise}");
    assert_eq!((&promise["updateDueAt"], &promise["standsSince"]), (&Value::Null, &Value::Null));
    let asks = decision["asks"].as_array().expect("a list");
    assert_eq!(asks[0]["found"], Value::Null);
    assert_eq!(asks[1]["found"]["what"], "\u{201c}z-004711\u{201d}");
    let articles = explained["articles"].as_array().expect("a list");
    assert_eq!(articles[0]["article"], "jam");
    assert_eq!(articles[0]["offered"], true);
    assert!(articles[0]["score"].as_f64().expect("a number") > 3.0, "{articles:?}");
    assert!(
        articles[0]["matched"].as_array().expect("a list").contains(&json!("\u{201c}paper jam\u{201d}")),
        "{articles:?}"
    );
    assert_eq!((&articles[1]["article"], &articles[1]["offered"]), (&json!("staples"), &json!(false)));
    assert!(articles[1]["because"].as_str().expect("words").ends_with("is less than 1.50"), "{articles:?}");

    let text = bench.run_with(&["explain", "-"], MAIL.as_bytes()).text();
    for line in [
        "category    printing",
        "priority    high: ",
        "promised    SLA standard by the desk, calendar office",
        "lacks       a screenshot",
        "has         the number of the contract: \u{201c}z-004711\u{201d} in message 1",
        "jam (Paper jam in the printer): offered, ",
    ] {
        assert!(text.contains(line), "{line:?} is missing in\n{text}");
    }
    for label in ["answer due  ", "solution due"] {
        assert!(text.lines().any(|l| l.starts_with(label)), "{label:?} is missing in\n{text}");
    }
}

#[test]
fn without_a_promise_explain_says_so() {
    let bench = Bench::new();
    let mail = MAIL.replace("NUJNO: ", "");
    let [explained] =
        bench.run_with(&["explain", "--json", "-"], mail.as_bytes()).json().try_into().expect("one object");
    assert_eq!(explained["decision"]["promise"], Value::Null);
    assert_eq!(
        explained["decision"]["priorityBecause"],
        "Neither category, contact nor organisation sets one, and nobody called it urgent"
    );
    assert_eq!(explained["articles"], json!([]));
    assert!(bench.run_with(&["explain", "-"], mail.as_bytes()).text().contains("promised    nothing"));
}

//! Every mistake in a configuration is found, at once, with its place, and says nothing secret.

use std::path::Path;

use postdesk::config::{CheckFiles, Config, Mistake, parse};

/// A desk in which nothing is wrong.
const GOOD: &str = r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
language = "sk"
timezone = "Europe/Bratislava"
owner = "technical"

[[mailbox]]
name = "support"
address = "podpora@acme.example"
believe = ["mx.acme.example"]
[mailbox.imap]
host = "imap.acme.example"
user = "podpora"
password_file = "imap"

[outgoing.smtp]
host = "smtp.acme.example"

[[agent]]
name = "jana"
addresses = ["jana@acme.example"]

[[agent]]
name = "peter"
addresses = ["peter@acme.example"]

[[group]]
name = "technical"
members = ["jana", "peter"]

[[category]]
name = "billing"
words = ["faktúra"]
"#;

fn read(text: &str) -> Result<Config, Vec<Mistake>> {
    parse(Path::new("config.toml"), text, CheckFiles::No)
}

/// The mistakes of the good desk with one text put in place of another.
fn mistakes(from: &str, to: &str) -> Vec<Mistake> {
    assert_eq!(GOOD.matches(from).count(), 1, "{from} stands there once");
    read(&GOOD.replace(from, to)).err().unwrap_or_default()
}

#[test]
fn the_good_desk_is_good() {
    let config = read(GOOD).expect("no mistake");
    assert_eq!(config.policy.desk.owner.name(), "technical");
    assert_eq!(config.policy.categories[0].words, ["faktura"]);
    assert!(config.hints.is_empty(), "{:?}", config.hints);
}

#[test]
fn unknown_keys_are_all_found_each_with_the_key_that_was_meant() {
    let found = mistakes("prefix = \"ACME\"", "prefx = \"ACME\"\ntimezon = 3\nlanguages = \"sk\"");
    let hints: Vec<_> = found.iter().map(|m| (m.line, m.column, m.key.as_str(), m.hint.as_deref())).collect();
    assert_eq!(
        hints,
        [
            (4, 1, "desk.prefx", Some("Did you mean `prefix`?")),
            (5, 1, "desk.timezon", Some("Did you mean `timezone`?")),
            (6, 1, "desk.languages", Some("Did you mean `language`?")),
        ]
    );
}

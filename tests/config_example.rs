//! `config.example.toml` and the program say the same: the example is valid as it stands, with every optional setting
//! switched on, and with every alternative in its place; and every key that the program knows stands in it.

use std::collections::BTreeSet;
use std::path::Path;

use postdesk::config::{CheckFiles, Config, EXAMPLE, file, parse};

fn read(text: &str) -> Config {
    parse(Path::new("/etc/postdesk/config.toml"), text, CheckFiles::None).unwrap_or_else(|mistakes| {
        let said: String = mistakes.iter().map(ToString::to_string).collect();
        panic!("{said}\n--- in ---\n{text}")
    })
}

/// What a line of the example is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Line<'a> {
    Prose(&'a str),
    /// A setting, on or (with "#" right before it) optional.
    Setting(&'a str),
    /// "#or": instead of the setting or the table above.
    Instead(&'a str),
}

fn lines(text: &str) -> Vec<Line<'_>> {
    text.lines()
        .map(|line| match line.strip_prefix('#') {
            _ if line.is_empty() => Line::Prose(line),
            None => Line::Setting(line),
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => Line::Prose(line),
            Some(rest) => rest.strip_prefix("or ").map_or(Line::Setting(rest), Line::Instead),
        })
        .collect()
}

/// Everything optional switched on, no alternative taken.
fn all_on(text: &str) -> String {
    let on = lines(text).into_iter().filter_map(|line| match line {
        Line::Prose(text) | Line::Setting(text) => Some(text),
        Line::Instead(_) => None,
    });
    on.map(|line| format!("{line}\n")).collect()
}

/// As [`all_on`], once for each alternative, with that one taken.
fn each_alternative(text: &str) -> Vec<String> {
    let lines = lines(text);
    let is_instead = |i: usize| matches!(lines.get(i), Some(Line::Instead(_)));
    let mut texts = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Line::Instead(instead) = line else { continue };
        let is_table = instead.starts_with('[');
        if !is_table && matches!(lines[at - 1], Line::Instead(above) if above.starts_with('[')) {
            continue; // belongs to the table above it
        }
        // The table's alternative goes on to the end of its block; it takes the place of the whole table above.
        let end = if is_table { (at..).find(|i| !is_instead(*i)).expect("ends") } else { at + 1 };
        let begins = |i: &usize| match lines[*i] {
            Line::Setting(above) => !is_table || above.starts_with('['),
            _ => false,
        };
        let replaced = (0..at).rev().find(begins).expect("there is something above it");
        let replaced = if is_table { replaced..at } else { replaced..replaced + 1 };
        let taken = lines.iter().enumerate().filter_map(|(i, line)| match line {
            Line::Prose(text) => Some(*text),
            Line::Setting(text) => (!replaced.contains(&i)).then_some(*text),
            Line::Instead(text) => (at..end).contains(&i).then_some(*text),
        });
        texts.push(taken.map(|line| format!("{line}\n")).collect());
    }
    texts
}

/// Paths of all keys of a document; items of arrays of tables count as one.
fn paths(value: &toml::Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                paths(value, &path, found);
                found.insert(path);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| paths(item, at, found)),
        _ => {}
    }
}

#[test]
fn the_example_is_valid_as_it_stands() {
    let config = read(EXAMPLE);
    assert_eq!(config.policy.mailboxes.len(), 1);
    assert!(config.hints.is_empty(), "{:?}", config.hints);
}

#[test]
fn the_example_is_valid_with_every_optional_setting_on() {
    let config = read(&all_on(EXAMPLE));
    assert_eq!(config.policy.mailboxes.len(), 2);
    assert_eq!(config.policy.agents[0].away.len(), 1);
}

#[test]
fn the_example_is_valid_with_every_alternative_taken() {
    let texts = each_alternative(EXAMPLE);
    assert_eq!(texts.len(), EXAMPLE.matches("\n#or ").count() - 1, "each is tried; one is a table of two lines");
    let all = all_on(EXAMPLE);
    for text in texts {
        assert_ne!(text, all);
        read(&text);
    }
}

#[test]
fn every_key_of_the_program_stands_in_the_example() {
    let mut found = BTreeSet::new();
    for text in each_alternative(EXAMPLE).iter().chain([&all_on(EXAMPLE)]) {
        paths(&text.parse::<toml::Table>().expect("TOML").into(), "", &mut found);
    }
    let mut known = BTreeSet::new();
    for (table, keys) in file::tables() {
        assert!(!keys.is_empty(), "{table} has keys");
        known
            .extend(keys.iter().map(|key| if table.is_empty() { (*key).to_owned() } else { format!("{table}.{key}") }));
    }
    // The names of calendars and SLAs are the operator's.
    let named = |path: &String| matches!(path.split('.').collect::<Vec<_>>()[..], ["calendar" | "sla", _]);
    let mut found: BTreeSet<String> = found.into_iter().filter(|p| !named(p)).map(|p| file::known_path(&p)).collect();
    // Languages and weeks are values, not keys of ours.
    found.retain(|path| !path.starts_with("category.ask.about.") && !path.starts_with("duty.weeks."));
    let missing: Vec<_> = known.difference(&found).collect();
    assert!(missing.is_empty(), "not in config.example.toml: {missing:?}");
    let strange: Vec<_> = found.difference(&known).collect();
    assert!(strange.is_empty(), "not in file::tables(): {strange:?}");
}

/// Optional settings show their default: switching on what is said to be a default changes nothing.
#[test]
fn the_defaults_that_the_example_shows_are_the_programs() {
    let plain = read(EXAMPLE);
    for line in lines(EXAMPLE) {
        let Line::Setting(text) = line else { continue };
        let defaults = [
            "state = ",
            "reopen_days = ",
            "agents = \"",
            "observe = ",
            "plus = ",
            "folder = \"INBOX\"",
            "give_up_hours = ",
            "assign = ",
            "connections = ",
            "port = ",
            "tls = ",
            "allow_plaintext = ",
            "disabled = ",
        ];
        if !EXAMPLE.contains(&format!("\n#{text}\n")) || !defaults.iter().any(|d| text.starts_with(d)) {
            continue;
        }
        let on = read(&EXAMPLE.replacen(&format!("\n#{text}\n"), &format!("\n{text}\n"), 1));
        let show = |config: &Config| format!("{config:?}").replace("KeyRing(1)", "");
        assert_eq!(show(&plain), show(&on), "`{text}` is no default");
    }
    let on = read(&all_on(EXAMPLE));
    assert_eq!(format!("{:?}", on.policy.budgets), format!("{:?}", plain.policy.budgets));
    assert_eq!(on.limits, plain.limits);
    assert_eq!(on.log, plain.log);
}

proptest::proptest! {
    /// Whatever a slip of the hand does to the file, the answer is a configuration or a list of mistakes.
    #[test]
    fn no_slip_of_the_hand_makes_it_panic(at in 0usize..8000, cut in 0usize..40, put in "[\\[\\]{}=\"'\\n,.a-z0-9 á-]{0,6}") {
        let text = all_on(EXAMPLE);
        let edge = |i: usize| (0..=i.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let slipped = format!("{}{put}{}", &text[..edge(at)], &text[edge(at + cut)..]);
        if let Err(mistakes) = parse(Path::new("config.toml"), &slipped, CheckFiles::None) {
            proptest::prop_assert!(!mistakes.is_empty());
            let lines = slipped.lines().count() + 1;
            for mistake in mistakes {
                proptest::prop_assert!(mistake.line <= lines && !mistake.to_string().is_empty());
            }
        }
    }
}

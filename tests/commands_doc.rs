//! `docs/commands.md` says of the agents' commands what the table says: it is written from it, `UPDATE_GOLDEN=1` writes it
//! anew. `docs/agents.md` is written by hand and held to the table.

use std::fmt::Write as _;

use postdesk::decide::COMMANDS;

fn written() -> String {
    let mut doc = String::from(
        "# Commands by mail\n\n\
         An agent writes them on the first lines of an answer to a notification, or on its last ones below an empty line, each\n\
         on its own line, in small or capital letters, with or without diacritics. The other text goes to the customer, but\n\
         for `#note`. One wrong command, and nothing of the mail is carried out: it comes back with what was understood and\n\
         what was not. A line that begins with `#` and no command, alone, is text; one with a command's word and a sign behind\n\
         it is that command or a wrong one. [agents.md](agents.md) says what they are for.\n\n\
         | command | also | does |\n|---|---|---|\n",
    );
    for command in COMMANDS {
        let argument = if command.argument.is_empty() { String::new() } else { format!(" {}", command.argument) };
        let aliases: Vec<String> = command.aliases().iter().map(|a| format!("`#{a}`")).collect();
        let argument = argument.replace('|', "\\|");
        let _ = writeln!(doc, "| `#{}{argument}` | {} | {} |", command.word, aliases.join(" "), command.does);
    }
    doc
}

#[test]
fn the_document_is_written_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, written()).expect("written");
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        written(),
        "run with UPDATE_GOLDEN=1 and read the change"
    );
}

#[test]
fn every_language_says_what_every_command_does() {
    for language in ["en", "sk", "cs", "sl", "hr", "de"] {
        let path = format!("{}/src/compose/texts/{language}.toml", env!("CARGO_MANIFEST_DIR"));
        let texts: std::collections::BTreeMap<String, String> =
            toml::from_str(&std::fs::read_to_string(path).expect("the texts")).expect("TOML");
        for command in COMMANDS {
            let said = texts.get(&format!("does-{}", command.word)).map_or("", |text| text.trim());
            assert!(!said.is_empty(), "{language}: #{}", command.word);
            assert!(language != "en" || said == command.does, "#{}: {said:?}", command.word);
        }
    }
}

/// What the page for agents names is there, with what may follow it.
#[test]
fn the_page_for_agents_names_what_there_is() {
    let page = include_str!("../docs/agents.md");
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix('#')).collect();
    assert!(named.len() > 20, "{named:?}");
    for code in named {
        let word = code.split_whitespace().next().unwrap_or_default();
        let command = COMMANDS.iter().find(|c| c.word == word).unwrap_or_else(|| panic!("there is no #{word}"));
        assert!(code == word || !command.argument.is_empty(), "nothing follows #{word}");
    }
}

#[test]
fn no_word_means_two_commands() {
    let mut words: Vec<&str> = COMMANDS.iter().flat_map(|c| std::iter::once(c.word).chain(c.aliases())).collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count);
    for word in words {
        assert_eq!(postdesk::model::text::fold(word), word, "words in the table are folded");
    }
}

/// The one page for agents. Each `#word` in its code is a command, and each command is on it; each value of templates too.
#[test]
fn the_page_for_agents_knows_every_command_and_no_other() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/agents.md")).expect("is there");
    assert!(page.lines().count() < 130, "it is one page");
    let mut named = std::collections::BTreeSet::new();
    for (at, _) in page.match_indices('#') {
        let before = page[..at].chars().next_back();
        let word: String = page[at + 1..].chars().take_while(|c| c.is_alphabetic()).collect();
        if !word.is_empty() && before.is_some_and(|c| c == '`' || c == '\n') {
            assert!(COMMANDS.iter().any(|c| c.word == word), "there is no command #{word}");
            named.insert(word);
        }
    }
    for command in COMMANDS {
        assert!(named.contains(command.word), "#{} is not on the page", command.word);
    }
    for value in postdesk::decide::TEMPLATE_VALUES {
        assert!(page.contains(&format!("`{value}`")), "{value} is not on the page");
    }
}

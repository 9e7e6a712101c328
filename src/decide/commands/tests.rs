//! What agents write, and what is read in it.

use super::*;
use crate::decide::commands::arguments;
use crate::model::desk::{AgentProof, Budgets, Desk, Group};
use crate::model::token::KeyRing;

fn now() -> Timestamp {
    "2026-11-16T09:00:00Z".parse().expect("a time")
}

fn policy() -> Policy {
    let agent = |name: &str, disabled| crate::model::Agent {
        name: name.to_owned(),
        display: name.to_owned(),
        addresses: vec![AddrSpec::parse(&format!("{name}@acme.example")).expect("an address")],
        language: None,
        pager: None,
        away: Vec::new(),
        digest: None,
        disabled,
    };
    Policy {
        desk: Desk {
            name: "ACME".to_owned(),
            prefix: "ACME".to_owned(),
            domain: "desk.acme.example".to_owned(),
            language: Language::Sk,
            timezone: jiff::tz::TimeZone::get("Europe/Bratislava").expect("a zone"),
            owner: Assignee::Agent("jana".to_owned()),
            operator: None,
            reopen_days: 14,
            agents: AgentProof::Auto,
            weekly: None,
        },
        mailboxes: Vec::new(),
        agents: vec![agent("jana", false), agent("peter", false), agent("former", true)],
        groups: vec![Group {
            name: "technical".to_owned(),
            members: vec!["jana".to_owned()],
            assign: crate::model::desk::Assign::Nobody,
        }],
        categories: Vec::new(),
        budgets: Budgets::default(),
        keys: KeyRing::new(vec![crate::model::token::Key { id: 'a', secret: [1; 32] }]).expect("a key"),
        texts: Default::default(),
        packages: Default::default(),
        looks: Default::default(),
        promises: Default::default(),
        templates: Default::default(),
        articles: Default::default(),
    }
}

fn read(text: &str) -> Commanded {
    take_commands(text, &policy(), now())
}

fn effects(text: &str) -> Vec<Effect> {
    let read = read(text);
    assert_eq!(read.mistakes, Vec::new(), "{text:?}");
    read.effects.into_iter().map(|(_, effect)| effect).collect()
}

#[test]
fn commands_are_read_as_telephones_write_them() {
    for text in [
        "#close",
        "#Close",
        "#CLOSE.",
        "# close",
        "\u{a0}#close\u{a0}",
        "\u{200b}#close",
        "\u{feff}# Close !",
        "#ZATVOR",
    ] {
        assert_eq!(effects(text), [Effect::Status(Status::Closed)], "{text:?}");
    }
    for text in ["#assign\u{a0}peter", "#Assign: Peter", "#priraď @peter", "#zuweisen peter@acme.example"] {
        assert_eq!(effects(text), [Effect::Assign(Assignee::Agent("peter".to_owned()))], "{text:?}");
    }
    assert_eq!(effects("\n\n#take\r\n\r\n#note\r\nslová"), [Effect::Take, Effect::Note]);
}

#[test]
fn commands_below_the_words_are_commands_too_where_they_stand_apart() {
    let read = read("Dobrý deň,\n\nhotovo.\n\n#close\n#time 25m");
    assert_eq!(read.words, "Dobrý deň,\n\nhotovo.");
    let below: Vec<Effect> = read.effects.into_iter().map(|(_, effect)| effect).collect();
    assert_eq!(below, [Effect::Status(Status::Closed), Effect::Time(25)]);
    let both = self::read("#take\nHotovo.\n\n#close");
    assert_eq!((both.words.as_str(), both.effects.len()), ("Hotovo.", 2));
    assert_eq!(self::read("Hotovo.\n\n# Close\n#time 5").effects.len(), 2);
    // In the middle of a text, or right below it, it is in the wrong place: the customer does not get it.
    for text in ["Napíšte\n#close\na hotovo.", "Hotovo:\n#close", "Hotovo.\n\n#close\n\nS pozdravom\nPeter"] {
        assert!(self::read(text).mistakes[0].1.contains("amid the words"), "{text}");
    }
    for text in ["Dobrý deň\n\n#nothing-of-ours", "Napíšte:\n> #close\na „#close“", "Zmena\n#time for a break\nPeter"]
    {
        assert_eq!(self::read(text).words, text);
        assert_eq!((self::read(text).effects, self::read(text).mistakes), (Vec::new(), Vec::new()));
    }
    // What is a command and cannot be understood is not told to the customer either.
    assert_eq!(self::read("Hotovo.\n\n#assign nobody").mistakes.len(), 1);
}

#[test]
fn what_is_no_command_is_text_and_a_slip_is_a_mistake() {
    for text in ["#vpn", "#1042 je to isté", "#", "##", "#!/bin/sh", "#vpn nejde\n\nPozrite sa na to."] {
        assert_eq!(read(text).words, text.trim());
        assert!(read(text).mistakes.is_empty() && read(text).effects.is_empty(), "{text:?}");
    }
    assert!(read("#clsoe").mistakes[0].1.contains("did you mean #close?"));
    assert_eq!(read("#close\n#nonsense\nslová").mistakes.len(), 1);
    assert_eq!(read("#close the door").mistakes.len(), 1);
    // Who has left is given nothing.
    assert_eq!(read("#assign former").mistakes.len(), 1);
}

/// Words for colleagues went to the customer: `#note, interné` was text, where `#note: interné` was a wrong command.
#[test]
fn whatever_stands_right_behind_a_command_makes_no_text_of_it() {
    for text in [
        "#note, interné",
        "#Note;interné",
        "#note—interné",
        "#note-interné",
        "#note/interné",
        "#note_interné",
        "#note(interné)",
        "#note\"interné\"",
        "#note: interné",
        "#note. Zákazník klame.",
        "# note, interné",
        "#pozna\u{301}mka, interné",
        "#close, #note",
        "#close #note",
        "#close#assign peter",
        "#split #note",
        "#override, #note",
        "#notes, interné",
        "#notes/interné",
        "#closed!",
        "#cloes—",
        "#assign—peter",
        "#tag—vpn=x",
    ] {
        for mail in [format!("{text}\nslová"), format!("Hotovo.\n\n{text}"), format!("#take\n{text}\nslová")] {
            assert_eq!(read(&mail).mistakes.len(), 1, "{mail:?}: {:?}", read(&mail));
        }
    }
    // What reads as the command is the command.
    assert_eq!(effects("#assign, peter"), [Effect::Assign(Assignee::Agent("peter".to_owned()))]);
    assert_eq!(effects("#Priraď; peter"), [Effect::Assign(Assignee::Agent("peter".to_owned()))]);
    assert_eq!(effects("#time.25m"), [Effect::Time(25)]);
    assert_eq!(effects("#pozna\u{301}mka"), [Effect::Note]);
    assert_eq!(effects("#tag-vpn"), effects("#tag -vpn"));
    for text in ["#close!", "#close;", "#close .", "Hotovo.\n\n#close!"] {
        assert_eq!(effects(text), [Effect::Status(Status::Closed)], "{text:?}");
    }
}

#[test]
fn honest_text_that_begins_with_a_number_sign_is_text() {
    for text in [
        "#1042",
        "#5",
        "#5, ako píšete",
        "# Heading",
        "# Notes, and more",
        "# Heading: what to do",
        "#hashtag",
        "#hashtag!",
        "#vpn-2/x",
        "#c++",
        "#include <stdio.h>",
        "#ff8800;",
        "#note1",
        "#list2.sort()",
        "#!/bin/sh",
        "#, note",
    ] {
        for mail in [text.to_owned(), format!("{text}\nslová"), format!("Dobrý deň\n\n{text}")] {
            let read = read(&mail);
            assert_eq!(
                (read.words.as_str(), read.mistakes.len(), read.effects.len()),
                (mail.as_str(), 0, 0),
                "{mail:?}"
            );
        }
    }
}

#[test]
fn times_are_read_as_people_write_them() {
    for (text, minutes) in
        [("25m", 25), ("25 min", 25), ("25", 25), ("1h", 60), ("1h30m", 90), ("1 h 30", 90), ("1:30", 90)]
    {
        assert_eq!(arguments::minutes(text), Ok(minutes), "{text}");
    }
    for (text, minutes) in [("1,5 h", 90), ("0.25h", 15), ("2 hodiny", 120), ("pol", 0), ("", 0), ("-5m", 0)] {
        assert_eq!(arguments::minutes(text).unwrap_or(0), minutes, "{text}");
    }
    for text in ["0", "25h", "1e9", "99999999999999999999", "1:75", "5x", "1h 1h 1h 1h", "NaN", "inf"] {
        assert!(arguments::minutes(text).is_err(), "{text}");
    }
}

#[test]
fn a_ticket_is_put_away_until_the_morning_of_a_day() {
    let until = |text: &str| arguments::until(text, &policy(), now()).map(|at| at.to_string());
    for text in ["2d", "2 dni", "2026-11-18", "18.11.2026", "18. 11."] {
        assert_eq!(until(text).as_deref(), Ok("2026-11-18T07:00:00Z"), "{text}");
    }
    assert_eq!(until("3h").as_deref(), Ok("2026-11-16T12:00:00Z"));
    assert_eq!(until("1w").as_deref(), Ok("2026-11-23T07:00:00Z"));
    assert_eq!(until("zajtra").as_deref(), Ok("2026-11-17T07:00:00Z"));
    assert_eq!(until("1.1.").as_deref(), Ok("2027-01-01T07:00:00Z"));
    for text in ["", "soon", "2025-01-01", "2030-01-01", "400d", "99999999999d", "0d", "31.2.2027", "1e300h", "2"] {
        assert!(until(text).is_err(), "{text}");
    }
}

#[test]
fn addresses_are_read_as_clients_make_links_of_them() {
    let add = |address: &str| Effect::Copy { add: true, address: AddrSpec::parse(address).expect("an address") };
    for text in [
        "#cc add eva@firma.example",
        "#cc eva@firma.example",
        "#CC Add <eva@firma.example>",
        "#kópia pridaj eva@firma.example<mailto:eva@firma.example>",
    ] {
        assert_eq!(effects(text), [add("eva@firma.example")], "{text}");
    }
    for text in ["#cc", "#cc add", "#cc add peter@acme.example", "#cc what eva@firma.example", "#cc add eva@"] {
        assert_eq!(read(text).mistakes.len(), 1, "{text}");
    }
}

#[test]
fn tags_are_set_and_taken_off() {
    let tag = |on: &[&str], off: &[&str]| Effect::Tag {
        on: on.iter().map(|t| (*t).to_owned()).collect(),
        off: off.iter().map(|t| (*t).to_owned()).collect(),
    };
    assert_eq!(effects("#tag VPN, Tlačiareň -starý"), [tag(&["vpn", "tlačiareň"], &["starý"])]);
    assert_eq!(effects("#tag #vpn"), [tag(&["vpn"], &[])]);
    assert_eq!(read("#tag").mistakes.len(), 1);
    assert_eq!(read("#tag a=b").mistakes.len(), 1);
}

#[test]
fn every_word_of_the_table_is_found_again() {
    for command in COMMANDS {
        for word in std::iter::once(command.word).chain(command.aliases()) {
            let line = format!("#{word}");
            let found = command_line(&line).and_then(|line| line.command).map(|found| found.word);
            assert_eq!(found, Some(command.word), "{word}");
            assert_eq!(fold(word), word, "words in the table are folded");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_command_is_left_in_words_that_go_out(
        text in "(((#|# |＃|\u{a0}#)?(close|Close|time|tag|note|list|vpn|cc add|assign)( 5m| x| eva@firma\\.example| jana|, x|—x|/x| #note)?[.!]?|Dobrý deň|> #close|)(\n|\r\n|\n\n){1,2}){0,6}"
    ) {
        let read = read(&text);
        if read.mistakes.is_empty() {
            let command = |line: &str| command_line(line).and_then(|l| {
                let said = Said { argument: l.argument, policy: &policy(), now: now() };
                l.command.filter(|c| (c.understand)(&said).is_ok()).map(|c| c.word)
            });
            proptest::prop_assert_eq!(read.words.lines().find_map(command), None);
        }
    }

    #[test]
    fn whatever_is_written_is_read(text in "(#|\\PC|\n| |[a-z]){0,200}") {
        read(&text);
    }
}

//! What customers get: their own language, and nothing that is not meant for them.

use std::collections::BTreeMap;

use mail_parser::MessageParser;
use postdesk::model::outgoing::{MARKER, Template, Value};
use postdesk::model::{Address, Draft, Language};

use crate::desk::{customer, draft, mail, policy, run, ticket};
use crate::sound::{bytes, field, fields};

#[test]
fn no_id_made_for_an_agent_reaches_a_customer() {
    let notification = mail(draft(Template::NotifyNew, Language::Sk));
    let leaky = Draft {
        in_reply_to: Some(notification.message_id.clone()),
        references: vec!["q1@firma.example".into(), notification.message_id.clone()],
        ..draft(Template::Answer, Language::Sk)
    };
    let made = mail(leaky);
    assert!(!String::from_utf8_lossy(&bytes(&made)).contains(&notification.message_id));
    assert_eq!(field(&made, "References").as_deref(), Some("<q1@firma.example>"));
    assert_eq!(field(&made, "In-Reply-To"), None);
}

#[test]
fn the_minimal_acknowledgement_has_no_word_of_the_sender() {
    for language in Language::ALL {
        let forged = Draft {
            to: Address::new(Some("Kliknite SEM www.podvod.example"), "obet@firma.example"),
            cc: vec![Address::new(Some("Kliknite SEM"), "dalsia@obet.example")],
            ticket: Some(ticket("Kliknite SEM www.podvod.example", customer())),
            text: "Kliknite SEM".into(),
            author: Some(Address::new(Some("Kliknite SEM"), "obet@firma.example")),
            values: BTreeMap::from([("name", Value::Text("Kliknite SEM".into()))]),
            in_reply_to: None,
            references: vec![],
            ..draft(Template::AcknowledgementMinimal, language)
        };
        let made = mail(forged);
        let sent = bytes(&made);
        let read = MessageParser::default().parse(sent.as_slice()).expect("readable");
        let all = format!("{:?} {} {}", fields(&sent).0, read.subject().unwrap_or_default(), made.text);
        for word in ["Kliknite", "podvod", "dalsia"] {
            assert!(!all.contains(word), "{language}: {word} in {all}");
        }
        assert!(made.subject.starts_with("[ACME-1042-"));
        assert_eq!(made.to.name, None);
        assert_eq!(read.attachment_count(), 0);
    }
}

#[test]
fn an_answer_shows_the_desk_and_never_the_agents_own_address() {
    for author in [
        Some(Address::new(Some("jana z domu"), "jana@acme.example")),
        Some(Address::new(Some("jana@doma.example"), "jana@doma.example")),
        Some(Address::new(None, "jana@doma.example")),
        None,
    ] {
        let known = author.as_ref().is_some_and(|a| a.email == "jana@acme.example");
        let made = mail(Draft { author, ..draft(Template::Answer, Language::Cs) });
        assert!(!made.text.contains("jana@") && !String::from_utf8_lossy(&bytes(&made)).contains("jana@"));
        assert!(made.text.ends_with(if known {
            "-- \nJana Nováková\nACME podpora\n"
        } else {
            "-- \nACME podpora\n"
        }));
        assert_eq!(made.subject, format!("Re: Faktúra č. 7 {}", policy().keys.subject_token("ACME", 1042)));
    }
}

#[test]
fn the_text_of_a_notification_never_leaves_towards_a_customer() {
    let quoted = format!("Dobrý deň\n\n> {MARKER}: x\n> Poznámka ku kontaktu: neplatí\n");
    let commit = run(Draft { text: quoted, ..draft(Template::Answer, Language::Sk) }, &policy());
    assert!(commit.outgoing.is_empty());
    assert_eq!(commit.alarms.len(), 1);
}

#[test]
fn the_operators_text_wins_unless_it_fails_and_nobody_elses_is_a_template() {
    let mut policy = policy();
    let own =
        |text: &str| BTreeMap::from([(Language::En, BTreeMap::from([("signature".to_owned(), text.to_owned())]))]);
    let answer = Draft { text: "{{ desk }} {% if %}".into(), ..draft(Template::Answer, Language::En) };
    policy.texts = own("{{ agent }} of {{ desk }}");
    let made = run(answer.clone(), &policy).outgoing.pop().expect("one mail");
    assert_eq!(made.text, "{{ desk }} {% if %}\n\n-- \nJana Nováková of ACME podpora\n");
    for broken in ["{{ telephone }}", "{{ agent"] {
        policy.texts = own(broken);
        assert!(!postdesk::compose::check(&policy.texts).is_empty());
        let made = run(answer.clone(), &policy).outgoing.pop().expect("one mail");
        assert_eq!(made.text, "{{ desk }} {% if %}\n\n-- \nJana Nováková\nACME podpora\n");
    }
}

//! What agents get: room to answer, what they must know first, one thread a ticket.

use std::collections::BTreeMap;

use postdesk::model::outgoing::{MARKER, Template, Value};
use postdesk::model::{Draft, Language};

use crate::desk::{attachment, draft, mail};
use crate::sound::{field, hold};

const TO_AGENTS: [Template; 6] = [
    Template::NotifyNew,
    Template::NotifyReply,
    Template::NotifyAssigned,
    Template::NotifyNote,
    Template::NotifySilent,
    Template::NotifyReturned,
];

#[test]
fn all_notifications_on_a_ticket_hang_on_one_root() {
    let first = |template, cause: &str| {
        let made = mail(Draft { cause: cause.into(), ..draft(template, Language::Hr) });
        let references = field(&made, "References").expect("references");
        assert!(!references.contains("firma.example"), "an agent never got the customer's mails: {references}");
        references.split_whitespace().next().expect("one").to_owned()
    };
    let root = first(Template::NotifyNew, "a");
    for template in TO_AGENTS {
        assert_eq!(first(template, "b"), root);
    }
    let subject = |template| mail(draft(template, Language::Hr)).subject;
    assert!(TO_AGENTS.iter().all(|&t| subject(t) == subject(Template::NotifyNew)), "clients that thread by subject");
}

#[test]
fn the_answer_goes_above_a_marker_that_no_client_wraps() {
    for language in Language::ALL {
        for &template in Template::ALL {
            let made = mail(draft(template, language));
            if !field(&made, "Reply-To").is_some_and(|r| r.contains("+1a-")) {
                assert!(!made.text.contains(MARKER));
                continue;
            }
            let mut lines = made.text.lines();
            assert_eq!(lines.next(), Some(""), "room for the answer");
            let line = lines.next().expect("a marker line");
            assert!(line.starts_with(MARKER) && line.chars().count() <= 72, "{line}");
            assert!(made.text.contains("\n  #note "), "it says what an answer does");
        }
    }
}

#[test]
fn an_agent_reads_the_warnings_before_anything_else() {
    let values = |words: &[&str]| {
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        BTreeMap::from([("warnings", Value::List(words)), ("believed", Value::Text("failed".into()))])
    };
    for language in Language::ALL {
        let made = mail(Draft {
            values: values(&[
                "failed",
                "external",
                "unauthenticated",
                "restricted",
                "closed-before",
                "id-reused",
                "x y",
            ]),
            ..draft(Template::NotifyReply, language)
        });
        let warnings: Vec<&str> = made.text.lines().skip(3).take_while(|l| l.starts_with("!! ")).collect();
        assert_eq!(warnings.len(), 7, "{}", made.text);
        assert_eq!(warnings[6], "!! x y");
        for word in ["failed", "external", "unauthenticated", "restricted", "closed-before", "id-reused"] {
            assert!(!warnings.contains(&format!("!! {word}").as_str()), "{language}: {word} is not translated");
        }
    }
}

#[test]
fn the_desk_says_in_the_agents_language_why_nothing_was_done_and_why_the_ticket_is_his() {
    for language in Language::ALL {
        for because in ["forged", "unproven", "unsigned", "command", "no-marker", "nothing-said"] {
            let values = BTreeMap::from([("because", Value::Text(because.into()))]);
            let made = mail(Draft { values, ..draft(Template::Refused, language) });
            assert!(!made.text.lines().any(|l| l == because), "{language}: {because} is not translated");
        }
        let steps = ["category:billing", "contact:x", "organisation:x", "mailbox", "desk", "group:x", "absence:eva"];
        let why = Value::List(steps.iter().map(|s| (*s).to_owned()).chain(["As it is".to_owned()]).collect());
        let made = mail(Draft { values: BTreeMap::from([("why", why)]), ..draft(Template::NotifyNew, language) });
        let line = made.text.lines().find(|l| l.ends_with("; As it is")).expect("the reasons");
        assert_eq!(line.matches("; ").count(), 7, "{line}");
        assert!(line.contains("billing") && !line.contains("category:"), "{line}");
    }
}

#[test]
fn a_refusal_needs_no_ticket_and_then_takes_no_answer() {
    let made = mail(Draft { ticket: None, ..draft(Template::Refused, Language::En) });
    hold(&made);
    assert_eq!(made.subject, "ACME podpora: Not carried out");
    assert_eq!((field(&made, "Reply-To"), field(&made, "References")), (None, None));
    assert!(made.text.starts_with("Your message was not carried out."), "{}", made.text);
}

#[test]
fn too_large_attachments_are_named_in_a_notification_and_go_with_an_answer() {
    let mut large = attachment("záznam.bin", "application/octet-stream", b"");
    large.content = vec![0_u8; 16 << 20].into();
    let with = |template| Draft {
        attachments: vec![large.clone(), attachment("malá.txt", "text/plain", "čaj\n".as_bytes())],
        ..draft(template, Language::En)
    };
    let notified = mail(with(Template::NotifyNew));
    assert!(notified.bytes.len() < 1 << 20);
    assert!(notified.text.contains("  - záznam.bin\n") && !notified.text.contains("malá.txt"));
    hold(&notified);
    assert!(mail(with(Template::Answer)).bytes.len() > 16 << 20);
}

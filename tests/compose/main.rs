//! Every mail that the desk writes, re-read by another parser: one From, one To, one Subject, nothing of the input in
//! the header block, 7-bit, the same bytes again.

mod desk;
mod hostile;
mod sound;
mod to_agents;
mod to_customers;
mod weekly;

use std::collections::BTreeMap;

use postdesk::compose::compose;
use postdesk::model::note::bare_detail;
use postdesk::model::outgoing::Template;
use postdesk::model::token::TokenKind;
use postdesk::model::{Action, Address, Decision, Draft, Fate, Language};

use desk::{draft, mail, policy, run, spec};
use sound::{bytes, field, hold};

#[test]
fn every_template_in_every_language_is_a_sound_mail() {
    for &template in Template::ALL {
        for language in Language::ALL {
            let made = mail(draft(template, language));
            hold(&made);
            assert_eq!(made, mail(draft(template, language)), "{template} {language}: other bytes");
            assert!(!made.text.contains("{{") && !made.text.contains("{%"), "{}", made.text);
        }
    }
}

#[test]
fn every_template_bears_the_absence_of_all_values() {
    for &template in Template::ALL {
        for language in Language::ALL {
            let bare = Draft {
                values: BTreeMap::new(),
                author: None,
                text: String::new(),
                attachments: vec![],
                in_reply_to: None,
                references: vec![],
                ..draft(template, language)
            };
            let made = mail(bare);
            hold(&made);
            assert!(!made.text.contains("none") && !made.text.contains("undefined"), "{}", made.text);
        }
    }
}

#[test]
fn marks_and_return_paths_are_those_of_the_rules() {
    let mailbox = Some(spec("podpora@acme.example"));
    for &template in Template::ALL {
        let made = mail(draft(template, Language::En));
        let submitted = field(&made, "Auto-Submitted");
        let suppress = field(&made, "X-Auto-Response-Suppress");
        match template {
            Template::Acknowledgement | Template::AcknowledgementMinimal => {
                assert_eq!(submitted.as_deref(), Some("auto-replied"));
                assert_eq!(suppress.as_deref(), Some("All"));
                assert_eq!(made.envelope_from, None);
            }
            Template::Answer => {
                assert_eq!((submitted, suppress, field(&made, "Content-Language")), (None, None, None));
                let from = made.envelope_from.expect("an answer that bounces comes back");
                let keys = policy().keys;
                let proven = keys
                    .prove_address_detail(from.subaddress().1.expect("a detail"), &Default::default())
                    .expect("signed");
                assert_eq!((proven.ticket, proven.kind), (1042, TokenKind::Bounce));
            }
            Template::Reminder | Template::Closed | Template::Resolved => {
                assert_eq!((submitted.as_deref(), suppress.as_deref()), (Some("auto-generated"), Some("All")));
                let from = made.envelope_from.expect("one that bounces tells that its address is dead");
                let proven = policy().keys.prove_address_detail(
                    from.subaddress().1.expect("a detail"),
                    &postdesk::model::token::Generations::default(),
                );
                assert_eq!(proven.expect("signed").kind, TokenKind::Bounce);
            }
            Template::Refused
            | Template::NotifyBounce
            | Template::ConfirmOver
            | Template::Digest
            | Template::Weekly
            | Template::Alarm => {
                assert_eq!(submitted.as_deref(), Some("auto-generated"));
                assert_eq!(made.envelope_from, None, "{template}");
            }
            _ => {
                assert_eq!(submitted.as_deref(), Some("auto-generated"));
                assert_eq!(made.envelope_from, mailbox, "{template}");
            }
        }
    }
}

#[test]
fn a_mailbox_without_plus_addresses_has_none() {
    let mut policy = policy();
    policy.mailboxes[0].plus = false;
    for &template in Template::ALL {
        let made = run(draft(template, Language::En), &policy).outgoing.pop().expect("one mail");
        assert_eq!(field(&made, "Reply-To"), None);
        assert!(made.envelope_from.is_none_or(|from| from == spec("podpora@acme.example")));
    }
}

#[test]
fn ids_and_reply_addresses_are_bound_to_their_reader() {
    let keys = policy().keys;
    for &template in Template::ALL {
        let made = mail(draft(template, Language::Sl));
        let (kind, who) = match template {
            Template::Alarm => (TokenKind::Bounce, "spravca@acme.example"),
            Template::Confirm | Template::ConfirmOver => (TokenKind::Confirm, "jana"),
            Template::Page => (TokenKind::Bounce, "421900000000@sms.example"),
            Template::Acknowledgement
            | Template::AcknowledgementMinimal
            | Template::Reminder
            | Template::Closed
            | Template::Resolved
            | Template::Answer => (TokenKind::Customer, "jan.maly@firma.example"),
            _ => (TokenKind::Agent, "jana"),
        };
        let proven = keys.prove_message_id(&made.message_id, &Default::default()).expect("signed");
        assert_eq!(proven.kind, kind, "{template}");
        let is_note = field(&made, "Reply-To").is_some_and(|to| to.contains("+note-"));
        assert_eq!(is_note, template == Template::NotifyNote, "what answers a note is a note");
        assert!(keys.is_for(&proven, who));
        let reply_to = field(&made, "Reply-To");
        let of_no_ticket = matches!(template, Template::Alarm | Template::Digest | Template::Weekly);
        assert_eq!(reply_to.is_some(), !of_no_ticket && template != Template::Page);
        if let Some(reply_to) = reply_to {
            let address = spec(&reply_to);
            let proven = keys
                .prove_address_detail(bare_detail(address.subaddress().1.expect("a detail")), &Default::default())
                .expect("signed");
            let number = if kind == TokenKind::Confirm { 17 } else { 1042 };
            assert_eq!((proven.kind, proven.ticket), (kind, number));
        }
    }
}

#[test]
fn other_causes_and_other_templates_have_other_ids() {
    let id = |template, cause: &str| mail(Draft { cause: cause.into(), ..draft(template, Language::En) }).message_id;
    assert_eq!(id(Template::NotifyNew, "a"), id(Template::NotifyNew, "a"));
    assert_ne!(id(Template::NotifyNew, "a"), id(Template::NotifyNew, "b"));
    assert_ne!(id(Template::NotifyNew, "a"), id(Template::NotifyAssigned, "a"));
}

#[test]
fn a_draft_that_cannot_be_a_mail_is_an_alarm_and_the_others_go() {
    let bad = [
        Draft { to: Address::new(None, "\"x\"@firma.example"), ..draft(Template::Answer, Language::Sk) },
        Draft { to: Address::new(None, "a@b.example\r\nBcc: c@d.example"), ..draft(Template::Answer, Language::Sk) },
        Draft { mailbox: "nowhere".into(), ..draft(Template::Acknowledgement, Language::Sk) },
        Draft { ticket: None, ..draft(Template::NotifyNew, Language::Sk) },
    ];
    let mut decision = Decision::new(Action::Relay, Fate::Order);
    decision.outgoing.extend(bad.iter().cloned());
    decision.outgoing.push(draft(Template::Acknowledgement, Language::Sk));
    let commit = compose(decision, &policy());
    assert_eq!(commit.outgoing.len(), 1);
    assert_eq!((commit.alarms.len(), commit.reasons.len()), (bad.len(), bad.len()));
    assert!(commit.alarms.iter().all(|alarm| !alarm.contains('@')), "alarms are logged: {:?}", commit.alarms);
    assert!(commit.alarms[0].contains("answer") && commit.alarms[0].contains("1042"));

    let alarm = Draft { to: Address::new(None, "nobody"), ..draft(Template::Alarm, Language::Sk) };
    let commit = run(alarm, &policy());
    assert_eq!((commit.outgoing.len(), commit.alarms.len(), commit.reasons.len()), (0, 0, 1));
}

#[test]
fn deciding_and_composing_name_the_same_id() {
    for &template in Template::ALL {
        let draft = draft(template, Language::En);
        assert_eq!(mail(draft.clone()).message_id, draft.message_id(&policy()));
    }
}

#[test]
fn an_observing_mailbox_marks_its_mails() {
    let mut policy = policy();
    policy.mailboxes[0].observe = true;
    assert!(run(draft(Template::Acknowledgement, Language::Sk), &policy).outgoing[0].observed);
    assert!(!mail(draft(Template::Acknowledgement, Language::Sk)).observed);
}

/// `POSTDESK_BLESS=1 cargo test --test compose` writes the golden mails anew; read the difference before committing it.
#[test]
fn the_golden_mails_are_as_they_were_read_and_approved() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/compose");
    for (template, language) in [
        (Template::Acknowledgement, Language::Sk),
        (Template::AcknowledgementMinimal, Language::Hr),
        (Template::Answer, Language::Cs),
        (Template::NotifyNew, Language::En),
        (Template::NotifyBounce, Language::Sl),
        (Template::Refused, Language::De),
        (Template::Resolved, Language::Sl),
        (Template::Digest, Language::Sk),
        (Template::Weekly, Language::De),
    ] {
        let made = mail(draft(template, language));
        let path = format!("{folder}/{template}-{language}.eml");
        if std::env::var_os("POSTDESK_BLESS").is_some() {
            std::fs::create_dir_all(folder).expect("writable");
            std::fs::write(&path, bytes(&made)).expect("writable");
        }
        let golden = std::fs::read(&path).expect("the golden mail");
        assert_eq!(String::from_utf8_lossy(&bytes(&made)), String::from_utf8_lossy(&golden), "{path}");
    }
}

#[test]
fn header_lines_of_ordinary_mails_are_short() {
    for &template in Template::ALL {
        for language in Language::ALL {
            let made = mail(draft(template, language));
            let text = String::from_utf8(bytes(&made)).expect("ASCII");
            let (head, _) = text.split_once("\r\n\r\n").expect("a header");
            // A Message-ID cannot be folded (RFC 5322 section 2.1.1 asks for 78, demands 998).
            for line in head.split("\r\n").filter(|l| !l.contains('@')) {
                assert!(line.len() <= 78, "{template} {language}: {line}");
            }
        }
    }
}

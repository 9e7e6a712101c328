//! What agents get: room to answer, what they must know first, one thread a ticket.

use std::collections::BTreeMap;

use postdesk::model::content::base64_lines;
use postdesk::model::outgoing::{MARKER, Template, Value};
use postdesk::model::{Attachment, Digest, Draft, Incoming, Language, Message, OutgoingMail, SourceKey};
use proptest::prelude::*;

use crate::desk::{at, attachment, draft, mail};
use crate::sound::{bytes, field, hold, hold_with};

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
            if !field(&made, "Reply-To").is_some_and(|r| r.contains("+1a-") || r.contains("+note-1a-")) {
                assert!(!made.text.contains(MARKER));
                continue;
            }
            let mut lines = made.text.lines();
            assert_eq!(lines.next(), Some(""), "room for the answer");
            let line = lines.next().expect("a marker line");
            assert!(line.starts_with(MARKER) && line.chars().count() <= 72, "{line}");
            assert!(made.text.contains("\n  #note ") || made.text.contains("#send"), "it says what an answer does");
        }
    }
}

/// All of a group read that the ticket was theirs alone.
#[test]
fn a_ticket_that_is_given_to_a_whole_group_is_nobodys_own() {
    use postdesk::model::residue::OPENINGS;
    use postdesk::model::text::fold;
    for language in Language::ALL {
        let given = |values: &[(&'static str, &str)]| {
            let mut draft = draft(Template::NotifyAssigned, language);
            draft.values.remove("group");
            draft.values.extend(values.iter().map(|(key, text)| (*key, Value::Text((*text).to_owned()))));
            let number = draft.ticket.as_ref().expect("a ticket").number;
            (mail(draft).text, number)
        };
        let ((own, number), (all, _)) =
            (given(&[("actor", "Jana")]), given(&[("actor", "Jana"), ("group", "technical")]));
        let line = |text: &str| text.lines().find(|line| line.contains("(Jana)")).expect("says who gave it").to_owned();
        assert!(!line(&own).contains("technical") && line(&all).contains("technical"), "{language}: {own}\n{all}");
        // Where it is quoted without the marker line, it is known again.
        let is_known = OPENINGS.iter().any(|(a, b)| fold(&all).contains(&format!("{}{number}{}", fold(a), fold(b))));
        assert!(is_known, "{language}: {all}");
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
    large.size = large.content.len();
    let with = |template| Draft {
        attachments: vec![large.clone(), attachment("malá.txt", "text/plain", "čaj\n".as_bytes())],
        ..draft(template, Language::En)
    };
    let notified = mail(with(Template::NotifyNew));
    assert!(bytes(&notified).len() < 1 << 20);
    assert!(notified.text.contains("  - záznam.bin\n") && !notified.text.contains("malá.txt"));
    hold(&notified);
    assert!(bytes(&mail(with(Template::Answer))).len() > 16 << 20);
}

/// A mail with these attachments as a client sends them.
fn mail_with(encoding: &str, bodies: &[&[u8]]) -> Vec<u8> {
    let head = "From: jan.maly@firma.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let mut raw = format!("{head}--b\r\n\r\nHello\r\n").into_bytes();
    for body in bodies {
        let head = format!("--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        raw.extend_from_slice(head.as_bytes());
        raw.extend_from_slice(body);
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"--b--\r\n");
    raw
}

fn read(raw: &[u8]) -> Message {
    postdesk::parse::parse(&Incoming {
        mailbox: "support".into(),
        key: SourceKey::imap("INBOX", 1, 1),
        raw: raw.into(),
        received_at: at(),
        truncated_from: None,
    })
}

/// The notification of a mail, and what it would be if nothing were taken from the mail.
fn notified(raw: &[u8]) -> (OutgoingMail, OutgoingMail) {
    let attachments = read(raw).attachments;
    let apart = attachments.iter().map(|a| Attachment { span: None, ..a.clone() }).collect();
    let with = |attachments| mail(Draft { attachments, ..draft(Template::NotifyNew, Language::En) });
    (with(attachments), with(apart))
}

#[test]
fn attachments_are_taken_from_the_mail_that_brought_them() {
    let content = |n: u8| (0..20_000u32).map(|i| (i * 31 % 251) as u8 ^ n).collect::<Vec<u8>>();
    let base64: Vec<Vec<u8>> = [1, 2].iter().map(|n| base64_lines(&content(*n))).collect();
    let base64: Vec<&[u8]> = base64.iter().map(Vec::as_slice).collect();
    let bare = mail_with("base64", &base64).iter().copied().filter(|b| *b != b'\r').collect::<Vec<u8>>();
    let text = "čaj = tea\r\n.\r\n".repeat(1000);
    for raw in [mail_with("base64", &base64), bare, mail_with("8bit", &[text.as_bytes()])] {
        let (taken, apart) = notified(&raw);
        let (own, pieces, of) = taken.content.parts();
        assert!(own.len() < 5000 && !pieces.is_empty() && of == Some(Digest::of(&raw)));
        assert_eq!(taken.content.whole(&raw), Some(bytes(&apart)));
        hold_with(&taken, &raw);
    }
    // What had to be decoded, or is dirty, or was mended before it was read, is kept with the notification.
    let quoted = mail_with("quoted-printable", &[b"a=3Db"]);
    let dirty = mail_with("base64", &[b"SGVs.bG8="]);
    let cr_only = mail_with("8bit", &[b"x"]).iter().copied().filter(|b| *b != b'\n').collect::<Vec<u8>>();
    for raw in [quoted, dirty, cr_only] {
        let (taken, apart) = notified(&raw);
        assert_eq!(bytes(&taken), bytes(&apart));
    }
}

proptest! {
    #[test]
    fn whatever_an_attachment_is_sent_as_the_notification_is_sound(
        encoding in prop_oneof![Just("base64"), Just("8bit"), Just("x-uuencode"), Just("7bit")],
        body in "(([A-Za-z0-9+/]{4}){0,30}(\\r\\n|\\n|=|==|\\.| ){0,2}){0,6}",
        junk in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let raw = mail_with(encoding, &[body.as_bytes(), &[body.as_bytes(), &junk].concat()]);
        let (taken, apart) = notified(&raw);
        hold_with(&taken, &raw);
        prop_assert_eq!(taken.content.whole(&raw), Some(bytes(&apart)));
    }
}

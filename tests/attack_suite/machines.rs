//! Bounces, complaints, vacation notices and own fields on input.

use jiff::SignedDuration;
use postdesk::model::conduct::DEAD_AFTER;
use postdesk::model::ticket::{EntryKind, Status};
use postdesk::store::{Outcome, Reading as _, Store as _};

use super::bench::{Bench, RECEIVED, VICTIM, policy, proven, unproven};

/// A delivery report about the mail with this Message-ID.
pub fn bounce(id: &str, status: &str, n: u32) -> String {
    let action = if status.starts_with('4') { "delayed" } else { "failed" };
    format!(
        "{RECEIVED}Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.example\r\nTo: podpora@acme.example\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <dsn{n}@mail.example>\r\nAuto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\n\r\nNo luck ({n}).\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n\
         Final-Recipient: rfc822; jan@firma.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\nSubject: x\r\n\r\n--b--\r\n"
    )
}

pub fn complaint(id: &str, n: u32) -> String {
    format!(
        "{RECEIVED}From: fbl@poskytovatel.example\r\nTo: podpora@acme.example\r\nSubject: complaint {n}\r\n\
         Message-ID: <arf{n}@poskytovatel.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
         --b\r\n\r\nAn abuse report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
         User-Agent: x/1\r\nVersion: 1\r\nOriginal-Rcpt-To: obet@nevinna.example\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{id}>\r\nFrom: podpora@acme.example\r\nTo: jan@firma.example\r\n\
         Subject: x\r\n\r\ny\r\n--b--\r\n"
    )
}

#[test]
fn several_bounces_of_one_mail_tell_the_agent_once() {
    let bench = Bench::new();
    let answer = bench.sent("answer").message_id;
    let first = bench.take(&bounce(&answer, "5.1.1", 1));
    assert_eq!((first.fate().as_str(), first.to("notify-bounce").len(), first.sent.len()), ("bounce", 1, 1));
    for n in 2..6 {
        let again = bench.take(&bounce(&answer, "5.1.1", n));
        assert_eq!((again.fate().as_str(), again.sent.len()), ("bounce", 0));
    }
    assert_eq!(bench.store.mail_to(VICTIM).expect("reads").failures, 1, "one mail is one failure");
}

/// Exim gives up after days with the status of the last try, which is of class 4.
#[test]
fn what_failed_after_days_of_trying_is_final() {
    let bench = Bench::new();
    let answer = bench.sent("answer").message_id;
    let late = bench.take(&bounce(&answer, "4.4.7", 1));
    assert_eq!((late.fate().as_str(), late.sent.len()), ("bounce", 0));
    let given_up = bounce(&answer, "4.4.7", 2).replace("Action: delayed", "Action: failed");
    assert_eq!(bench.take(&given_up).to("notify-bounce").len(), 1);
    assert_eq!(bench.store.ticket(1001).expect("reads").expect("is there").status, Status::Open, "it waits for nobody");
}

#[test]
fn an_address_is_dead_after_some_failures_and_lives_again_when_it_writes() {
    let bench = Bench::empty(policy("ACME", "acme.example", 7));
    for n in 0..DEAD_AFTER {
        bench.pass(SignedDuration::from_hours(25));
        let came = bench.take(&unproven("preklep@firma.example", "", &format!("Otázka {n}"), &format!("{n}")));
        assert_eq!(came.acknowledged(), "minimal", "{n}");
        let id = came.to("acknowledgement-minimal")[0].row.message_id.clone();
        bench.take(&bounce(&id, "5.1.1", n));
        // What was refused for its content says nothing about the address.
        bench.take(&bounce(&id, "5.7.1", 100 + n));
    }
    let fared = bench.store.mail_to("Preklep@FIRMA.example").expect("reads");
    assert!(fared.is_dead() && fared.failures == DEAD_AFTER, "{fared:?}");
    bench.pass(SignedDuration::from_hours(25));
    let came = bench.take(&unproven("preklep@firma.example", "", "Otázka", "znova"));
    assert_eq!((came.fate().as_str(), came.acknowledged()), ("ticket", "no"));
    bench.pass(SignedDuration::from_hours(25));
    let came = bench.take(&proven("preklep@firma.example", "", "Otázka", "to som ja"));
    assert_eq!((came.fate().as_str(), came.acknowledged()), ("ticket", "full"));
    assert_eq!(bench.store.mail_to("preklep@firma.example").expect("reads").failures, 0);
}

#[test]
fn a_refusal_at_sending_counts_as_a_failure_of_the_address_where_it_is_one() {
    use postdesk::model::outgoing::{Attempt, SmtpReply};
    let bench = Bench::new();
    let hour = std::time::Duration::from_secs(3600);
    let refuse = |code: u16, enhanced: &str| {
        let reply = SmtpReply { code, enhanced: Some(enhanced.to_owned()), text: String::new() };
        let claimed = bench.store.claim(bench.now.get(), hour, 50).expect("claims");
        for entry in claimed.iter().filter(|e| e.to.as_str() == VICTIM) {
            bench.store.settle(entry.id, &Attempt::Rejected(reply.clone()), None, bench.now.get()).expect("settles");
        }
        claimed.len()
    };
    // The acknowledgement and the answer.
    assert!(refuse(550, "5.1.1") >= 2);
    assert_eq!(bench.store.mail_to(VICTIM).expect("reads").failures, 2);
    bench.pass(SignedDuration::from_hours(25));
    bench.take(&proven(VICTIM, "", "Iná vec", "x"));
    assert_eq!(bench.store.mail_to(VICTIM).expect("reads").failures, 0, "he wrote: he lives");
    refuse(554, "5.7.1");
    assert_eq!(bench.store.mail_to(VICTIM).expect("reads").failures, 0, "our mail was disliked, not his address");
}

#[test]
fn a_complaint_ends_acknowledgements_to_whom_the_mail_was_sent_and_to_nobody_else() {
    let bench = Bench::new();
    let came = bench.take(&complaint(&bench.sent("acknowledgement").message_id, 1));
    assert!(came.sent.is_empty() && came.alarms() == 1, "{:?}", came.ingested);
    bench.pass(SignedDuration::from_hours(30));
    assert_eq!(bench.take(&proven(VICTIM, "", "Iná vec", "x")).acknowledged(), "no");
    // The address that the report merely names is nobody's business.
    let named = bench.take(&proven("obet@nevinna.example", "", "Vec", "x"));
    assert_eq!(named.acknowledged(), "full");
    // Nor is he acknowledged where an agent forwards what he wrote.
    let forwarded = bench.take(&super::rules::forwarded(VICTIM));
    assert_eq!((forwarded.ticket() > Some(1001), forwarded.acknowledged()), (true, "no"));
    // One that returns no mail of ours silences nobody.
    bench.take(&complaint("vymyslene@acme.example", 2));
    bench.pass(SignedDuration::from_hours(30));
    assert_eq!(bench.take(&proven("obet@nevinna.example", "", "Vec", "y")).acknowledged(), "full");
    assert_eq!(bench.store.forgive(VICTIM), Ok(true));
    assert_eq!(bench.take(&proven(VICTIM, "", "Tretia vec", "z")).acknowledged(), "full");
}

#[test]
fn a_vacation_notice_of_an_agent_reaches_no_customer() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new").message_id;
    for (n, fields) in [
        "Auto-Submitted: auto-replied\r\n",
        "X-Autoreply: yes\r\n",
        "Precedence: auto_reply\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "", // nothing but the subject and the thread
    ]
    .into_iter()
    .enumerate()
    {
        let fields = format!("In-Reply-To: <{notified}>\r\n{fields}");
        let subjects = ["Automatická odpoveď: [ACME] Faktúra", "Mimo kancelárie do 5.11.", "Out of office"];
        for subject in subjects {
            let came = bench.take(&proven("jana@acme.example", &fields, subject, &format!("Som na dovolenke {n}.")));
            assert!(came.sent.is_empty(), "{fields} {subject}: {:?}", came.ingested);
        }
    }
}

/// A responder whose only sign is `Precedence`, under the subject of what it answers, was relayed as the agent's answer.
#[test]
fn a_notice_of_an_agent_that_only_precedence_marks_reaches_no_customer() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new");
    let (_, bytes) = bench.store.outbox_mail(notified.id).expect("reads").expect("is there");
    let notification = super::bench::Sent { row: notified.clone(), bytes };
    let signed = notification.field("Reply-To").expect("a reply address");
    let threads = [format!("In-Reply-To: <{}>\r\n", notified.message_id), format!("To: {signed}\r\n")];
    let signs = [
        "Precedence: bulk",
        "Precedence: junk",
        "Precedence: list",
        "Precedence: auto_reply",
        "X-Precedence: bulk",
        "Auto-Submitted: auto-generated",
    ];
    for (n, (sign, thread)) in signs.iter().flat_map(|sign| threads.iter().map(move |t| (sign, t))).enumerate() {
        let fields = format!("{thread}{sign}\r\nMessage-ID: <v{n}@acme.example>\r\n");
        let subject = format!("RE: {}", notified.subject);
        let came = bench.take(&proven("jana@acme.example", &fields, &subject, "Som na dovolenke.\n\n#close"));
        assert!(came.sent.is_empty() && came.ticket() == Some(1001), "{sign} {thread}: {:?}", came.ingested);
        let entry = bench.store.entries(1001).expect("reads").pop().expect("is there");
        assert_eq!((entry.kind, entry.text.contains("dovolenke")), (EntryKind::Automatic, true), "{sign}");
        let Outcome::Done { reasons, .. } = &came.ingested.outcome else { panic!("{:?}", came.ingested) };
        let (_, value) = sign.split_once(": ").expect("a value");
        assert!(reasons.iter().any(|reason| reason.contains(value)), "{sign}: {reasons:?}");
    }
    assert!(bench.ticket(1001).status.is_live(), "no command of it was carried out");
}

#[test]
fn own_fields_on_input_mean_nothing() {
    let (with, without) = (Bench::new(), Bench::new());
    let fields = "X-Postdesk-Ticket: 1001\r\nX-Postdesk-Agent: jana\r\nX-Postdesk-Verified: strong\r\nX-Postdesk-Instance: 1\r\n\
                  X-Postdesk-Token: k\r\nX-Postdesk-Command: close\r\nX-Postdesk-Loop: 1\r\n";
    let told = |bench: &Bench, fields: &str| {
        let came =
            bench.take(&unproven("utok@zlo.example", &format!("Message-ID: <a@b.example>\r\n{fields}"), "Vec", "x"));
        let sent: Vec<_> =
            came.sent.iter().map(|s| (s.row.template.clone(), s.row.to.email.clone(), s.text())).collect();
        (came.fate(), came.ticket(), came.believed(), sent)
    };
    assert_eq!(told(&with, fields), told(&without, ""));
}

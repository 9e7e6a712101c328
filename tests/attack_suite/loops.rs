//! The forty cases in which a desk could begin to talk with a machine, each with what becomes of the mail and whether it is
//! acknowledged.

use jiff::SignedDuration;
use postdesk::store::Reading as _;

use super::bench::{Bench, RECEIVED, VICTIM, proven, unproven};
use super::machines::{bounce, complaint};

/// What becomes of a mail: `ticket`, `note` (in ticket 1001, nobody is told), `append` (in 1001, its agent is told), `bounce`
/// (an agent is told), `journal` (a bounce of nothing of ours), `park` (quarantine), `ignore`.
struct Case {
    number: u32,
    mail: String,
    becomes: &'static str,
    acknowledged: &'static str,
}

fn case(number: u32, mail: String, becomes: &'static str, acknowledged: &'static str) -> Case {
    Case { number, mail, becomes, acknowledged }
}

const PERSON: &str = "eva@zakaznik.example";

fn by(fields: &str, subject: &str) -> String {
    proven(PERSON, fields, subject, "Dobrý deň, mám otázku.")
}

/// The cases of one mail each.
fn single(bench: &Bench) -> Vec<Case> {
    let (ack, answer, notify) = (bench.sent("acknowledgement"), bench.sent("answer"), bench.sent("notify-new"));
    let re = |id: &str| format!("In-Reply-To: <{id}>\r\n");
    let from_victim = |fields: &str, subject: &str| proven(VICTIM, fields, subject, "Dobrý deň, k tej faktúre.");
    let report =
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=\"b\"\r\n";
    let received = RECEIVED.repeat(51);
    vec![
        case(1, by("", "Otázka"), "ticket", "full"),
        case(2, unproven(PERSON, "", "Otázka", "x"), "ticket", "minimal"),
        case(
            3,
            format!(
                "Authentication-Results: mx.acme.example; dmarc=fail header.from=zakaznik.example\r\n{}",
                unproven(PERSON, "", "O", "x")
            ),
            "park",
            "no",
        ),
        case(4, by("Auto-Submitted: auto-replied\r\n", "Re: niečo"), "park", "no"),
        case(
            5,
            from_victim(&format!("Auto-Submitted: auto-replied\r\n{}", re(&answer.message_id)), "Re: Faktúra"),
            "note",
            "no",
        ),
        case(6, by("Auto-Submitted: auto-generated\r\n", "Disk je plný"), "ticket", "no"),
        case(7, by("Auto-Submitted: no\r\n", "Otázka"), "ticket", "full"),
        case(8, by("Auto-Submitted: No (a person); x=1\r\n", "Otázka"), "ticket", "full"),
        case(9, by("auto-submitted:AUTO-REPLIED; owner-email=\"x@y.example\"\r\n", "Re: x"), "park", "no"),
        case(10, by("Precedence: bulk\r\n", "Otázka"), "ticket", "no"),
        case(11, by("Precedence: list\r\nList-Id: <zoznam.zakaznik.example>\r\n", "Otázka"), "ticket", "no"),
        case(12, by("X-Auto-Response-Suppress: OOF\r\n", "Otázka"), "ticket", "no"),
        case(13, by("X-Auto-Response-Suppress: DR, RN\r\n", "Otázka"), "ticket", "full"),
        case(14, by("X-Autoreply: yes\r\n", "Otázka"), "park", "no"),
        case(15, by("Delivered-To: Autoresponder\r\n", "Otázka"), "park", "no"),
        case(16, bounce(&answer.message_id, "5.1.1", 16), "bounce", "no"),
        case(17, bounce(&ack.message_id, "5.1.1", 17), "bounce", "no"),
        case(
            18,
            bounce("pd.1c.1001.aaaaaa.bbbbbbbbbb.cccccccccccccccc@desk.acme.example", "5.1.1", 18),
            "journal",
            "no",
        ),
        case(19, bounce(&answer.message_id, "4.4.7", 19), "note-bounce", "no"),
        case(20, free_form(&answer.message_id), "bounce", "no"),
        case(21, returned_whole(&answer.message_id), "bounce", "no"),
        case(
            23,
            proven(
                VICTIM,
                &format!("{report}{}", re(&answer.message_id)),
                "Read: Faktúra",
                &format!(
                    "--b\n\nRead.\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <{}>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--",
                    answer.message_id
                ),
            ),
            "note",
            "no",
        ),
        case(24, complaint(&ack.message_id, 24), "silent", "no"),
        case(
            25,
            format!(
                "{RECEIVED}From: podpora@acme.example\r\nTo: podpora@acme.example\r\nSubject: x\r\nMessage-ID: <{}>\r\n\r\nx\r\n",
                ack.message_id
            ),
            "ignore",
            "no",
        ),
        case(
            26,
            format!(
                "{RECEIVED}From: Jana <jana@acme.example>\r\nTo: {VICTIM}\r\nCc: podpora@acme.example\r\nSubject: x\r\nMessage-ID: <{}>\r\n\r\nx\r\n",
                answer.message_id
            ),
            "ignore",
            "no",
        ),
        case(27, proven("podpora@acme.example", "", "Otázka", "x"), "ignore", "no"),
        // A mail from an own address is never a customer's, from whichever mailbox: there is no setting that lets it in.
        case(28, proven("obchod@acme.example", "", "Otázka", "x"), "ignore", "no"),
        case(33, from_victim(&re(&ack.message_id), "RE: Faktúra [ref:00D1.500x:ref]"), "append", "no"),
        case(34, from_victim(&re(&answer.message_id), "Mimo kancelárie do pondelka"), "note", "no"),
        case(35, proven("jana@acme.example", &re(&notify.message_id), "Mimo kancelárie", "Som preč."), "note", "no"),
        case(
            36,
            from_victim(
                &format!("{}Content-Type: text/calendar; method=REPLY; charset=utf-8\r\n", re(&answer.message_id)),
                "Accepted: Stretnutie",
            ),
            "append",
            "no",
        ),
        case(37, by("To: niekto@inde.example\r\n", "Otázka"), "ticket", "no"),
        case(38, by("", "Otázka").replace(RECEIVED, &received), "park", "no"),
        case(39, proven("noreply@obchod.example", "", "Objednávka 5", "Tovar je na ceste."), "ticket", "no"),
    ]
}

/// qmail's: no MIME, words only.
fn free_form(id: &str) -> String {
    format!(
        "{RECEIVED}Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.example\r\nTo: podpora@acme.example\r\nSubject: failure notice\r\n\
         Message-ID: <q20@mail.example>\r\n\r\nHi. This is the qmail-send program at mail.example.\r\n\
         I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\
         This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n<jan@firma.example>:\r\n\
         192.0.2.5 does not like recipient.\r\nRemote host said: 550 5.1.1 unknown user\r\nGiving up on 192.0.2.5.\r\n\r\n\
         --- Below this line is a copy of the message.\r\n\r\nReturn-Path: <podpora@acme.example>\r\n\
         Message-ID: <{id}>\r\nFrom: podpora@acme.example\r\nTo: jan@firma.example\r\nSubject: x\r\n\r\ny\r\n"
    )
}

/// Exchange's: the whole mail is attached.
fn returned_whole(id: &str) -> String {
    format!(
        "{RECEIVED}Return-Path: <>\r\nFrom: postmaster@mail.example\r\nTo: podpora@acme.example\r\nSubject: Undeliverable: x\r\n\
         Message-ID: <x21@mail.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nDelivery has failed to these recipients: jan@firma.example\r\n\
         550 5.1.1 RESOLVER.ADR.RecipNotFound\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{id}>\r\n\
         From: podpora@acme.example\r\nTo: jan@firma.example\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"
    )
}

#[test]
fn each_mail_becomes_what_it_should_and_is_acknowledged_only_where_it_may_be() {
    let numbers: Vec<u32> = single(&Bench::new()).iter().map(|c| c.number).collect();
    let mut wrong = Vec::new();
    for number in &numbers {
        let bench = Bench::new();
        let before = bench.ticket(1001);
        let case = single(&bench).into_iter().find(|c| c.number == *number).expect("is there");
        bench.pass(SignedDuration::from_hours(48));
        let came = bench.take(&case.mail);
        let told = came.sent.iter().filter(|s| s.row.template.starts_with("notify")).count();
        let became = match (came.fate().as_str(), came.ticket(), told) {
            ("ticket", Some(n), 1) if n != 1001 => "ticket",
            ("appended", Some(1001), 0) => "note",
            ("appended", Some(1001), 1) => "append",
            ("bounce", Some(1001), 1) => "bounce",
            ("bounce", Some(1001), 0) => "note-bounce",
            ("bounce", None, 0) => "journal",
            ("quarantined", _, 0) => "park",
            ("ignored", _, 0) => "ignore",
            other => panic!("case {number}: {other:?}: {:?}", came.ingested),
        };
        let alarmed = !matches!(number, 25..=28 | 24 | 38) || came.alarms() > 0;
        let silent = case.becomes == "silent" && matches!(became, "note" | "park") && came.sent.is_empty();
        if (became != case.becomes && !silent) || came.acknowledged() != case.acknowledged || !alarmed {
            wrong.push(format!(
                "case {number}: {became}/{}, not {}/{}, {} alarms: {:?}",
                came.acknowledged(),
                case.becomes,
                case.acknowledged,
                came.alarms(),
                came.ingested
            ));
        }
        if matches!(case.becomes, "note" | "note-bounce" | "journal" | "silent") {
            assert_eq!(bench.ticket(1001).status, before.status, "case {number}: a machine changed the state");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // 22 is below; 29 to 32 are in `exchange`, 40 is in `bombs`.
    let elsewhere = [22, 29, 30, 31, 32, 40];
    assert!((1..=40).all(|n| numbers.contains(&n) || elsewhere.contains(&n)), "{numbers:?}");
}

/// Case 22.
#[test]
fn a_bounce_that_comes_again_and_again_is_one_mark_and_no_mail_to_anybody_outside() {
    let bench = Bench::new();
    let ack = bench.sent("acknowledgement").message_id;
    let mut told = 0;
    for n in 0..20 {
        let came = bench.take(&bounce(&ack, "5.1.1", n));
        assert!(came.sent.iter().all(|s| s.row.to.email == "jana@acme.example"));
        told += came.sent.len();
    }
    assert_eq!(told, 1);
    let bounced = bench.store.outbox(true).expect("reads").into_iter().filter(|r| r.state.word() == "bounced").count();
    assert_eq!(bounced, 1);
}

//! The twenty-four rules by which no desk begins to talk with a machine: of each a mail, what becomes of it, and what leaves.
//! (The forty cases are in `loops`.)

use jiff::SignedDuration;
use postdesk::store::Reading as _;

use super::bench::{Bench, Came, RECEIVED, State, VICTIM, in_state, proven, unproven};
use super::machines::{bounce, complaint};

const PERSON: &str = "eva@zakaznik.example";

/// A rule, a mail that it is about, its fate (`1001`: that of the ticket that is there), and to whom what leaves.
struct Row {
    rule: u32,
    mail: String,
    fate: &'static str,
    leaves: &'static [(&'static str, &'static str)],
}

const NEW: &[(&str, &str)] = &[("notify-new", "jana@acme.example"), ("acknowledgement", PERSON)];
const NEW_MINIMAL: &[(&str, &str)] = &[("notify-new", "jana@acme.example"), ("acknowledgement-minimal", PERSON)];
const NEW_UNANSWERED: &[(&str, &str)] = &[("notify-new", "jana@acme.example")];
const TOLD: &[(&str, &str)] = &[("notify-reply", "jana@acme.example")];
const NOTHING: &[(&str, &str)] = &[];

/// An agent's own program forwards a customer's mail, with a note of his.
pub fn forwarded(customer: &str) -> String {
    let body = format!(
        "Prosím založiť.\n\n---------- Forwarded message ---------\nFrom: Eva Mala <{customer}>\n\
         Date: po 13. 7. 2026 o 8:12\nSubject: Tlač\nTo: <jana@acme.example>\n\nNejde tlač na druhom poschodí.\n"
    );
    proven("jana@acme.example", "", "Fwd: Tlač", &body)
}

fn rows(bench: &Bench) -> Vec<Row> {
    let (ack, answer) = (bench.sent("acknowledgement").message_id, bench.sent("answer").message_id);
    let (notify, re) = (bench.sent("notify-new").message_id, |id: &str| format!("In-Reply-To: <{id}>\r\n"));
    let row = |rule, mail, fate, leaves| Row { rule, mail, fate, leaves };
    let by = |fields: &str| proven(PERSON, fields, "Otázka", "Dobrý deň, mám otázku.");
    let from = |address: &str| proven(address, "", "Otázka", "Dobrý deň.");
    let report = |kind: &str| format!("Content-Type: multipart/report; report-type={kind}; boundary=\"b\"\r\n");
    let calendar = "Content-Type: text/calendar; method=REPLY; charset=utf-8\r\n";
    let mut rows = vec![
        // L1: our own mail comes back, by its Message-ID; as a reference it is nothing of the kind.
        row(1, by(&format!("Message-ID: <{ack}>\r\n")), "ignored", NOTHING),
        row(1, proven(VICTIM, &re(&ack), "Re: x", "Ďakujem."), "1001", TOLD),
        // L2: from an own address.
        row(2, from("podpora@acme.example"), "ignored", NOTHING),
        row(2, from("obchod@acme.example"), "ignored", NOTHING),
        row(2, from("podpora+x@acme.example"), "ignored", NOTHING),
        // L3: bounces.
        row(3, bounce(&answer, "5.1.1", 3), "bounce", &[("notify-bounce", "jana@acme.example")]),
        row(3, bounce("cudzie@inde.example", "5.1.1", 4), "bounce", NOTHING),
        row(3, bounce(&ack, "4.4.7", 5), "bounce", NOTHING),
        // L4: receipts; L5: complaints.
        row(
            4,
            proven(
                VICTIM,
                &format!("{}{}", report("disposition-notification"), re(&answer)),
                "Read: x",
                &format!(
                    "--b\n\nRead.\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <{answer}>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--"
                ),
            ),
            "1001",
            NOTHING,
        ),
        row(5, complaint(&ack, 5), "1001", NOTHING),
        row(5, complaint("cudzie@inde.example", 6), "quarantined", NOTHING),
        // L6: Auto-Submitted, with a token and without, by a person's own program that says "no".
        row(6, by("Auto-Submitted: auto-replied\r\n"), "quarantined", NOTHING),
        row(
            6,
            proven(VICTIM, &format!("Auto-Submitted: auto-replied\r\n{}", re(&answer)), "Re: x", "Som preč."),
            "1001",
            NOTHING,
        ),
        row(6, by("Auto-Submitted: auto-generated\r\n"), "ticket", NEW_UNANSWERED),
        row(6, by("Auto-Submitted: no\r\n"), "ticket", NEW),
        // L8: other reports, answers of a calendar.
        row(
            8,
            proven(
                VICTIM,
                &format!("{calendar}{}", re(&answer)),
                "Accepted: x",
                "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR",
            ),
            "1001",
            TOLD,
        ),
        // L9: the null return path.
        row(9, by("Return-Path: <>\r\n"), "ticket", NEW_UNANSWERED),
        // L13: not addressed to us; L14: by state; L15: going round.
        row(13, by("To: niekto@inde.example\r\n"), "ticket", NEW_UNANSWERED),
        row(14, in_state(State::Failed, PERSON, "", "Otázka", "x"), "quarantined", &[("confirm", "jana@acme.example")]),
        row(14, in_state(State::Unproven, PERSON, "", "Otázka", "x"), "ticket", NEW_MINIMAL),
        row(14, in_state(State::Weak, PERSON, "", "Otázka", "x"), "ticket", NEW),
        row(15, by("").replace(RECEIVED, &RECEIVED.repeat(51)), "quarantined", NOTHING),
        row(15, by("").replace(RECEIVED, &RECEIVED.repeat(50)), "ticket", NEW),
        // L16: a new ticket only.
        row(16, proven(VICTIM, &re(&answer), "Re: x", "Ešte niečo."), "1001", TOLD),
        // L22: where it says, never where Reply-To points.
        row(22, by("Reply-To: utok@zlo.example\r\n"), "ticket", NEW),
        row(
            22,
            unproven(PERSON, "Reply-To: utok@zlo.example\r\nReturn-Path: <utok@zlo.example>\r\n", "Otázka", "x"),
            "ticket",
            NEW_MINIMAL,
        ),
        // L23: an agent's vacation.
        row(
            23,
            proven(
                "jana@acme.example",
                &format!("Auto-Submitted: auto-replied\r\n{}", re(&notify)),
                "Mimo kancelárie",
                "Som preč.",
            ),
            "1001",
            NOTHING,
        ),
    ];
    // L7: what else says that a machine answers.
    for field in [
        "X-Autoreply: yes",
        "X-Autorespond: x",
        "X-Autoresponder: x",
        "X-Mail-Autoreply: yes",
        "X-Autogenerated: Reply",
        "X-AutoReply-From: x@y.example",
        "Precedence: auto_reply",
        "Delivered-To: Autoresponder",
        "Preference: auto_reply",
    ] {
        rows.push(row(7, by(&format!("{field}\r\n")), "quarantined", NOTHING));
    }
    // Those that stand on news too: news is a ticket, an answer is a note.
    for field in ["X-FC-MachineGenerated: true", "X-Auto-Generated: yes", "X-Autogenerated: Letter"] {
        rows.push(row(7, by(&format!("{field}\r\n")), "ticket", NEW_UNANSWERED));
        rows.push(row(
            7,
            proven(VICTIM, &format!("{field}\r\n{}", re(&answer)), "Re: x", "Prijali sme."),
            "1001",
            NOTHING,
        ));
    }
    // L10: addresses at which nobody reads; their mail is a ticket.
    for local in [
        "noreply",
        "no-reply",
        "do-not-reply",
        "donotreply",
        "bounces",
        "owner-zoznam",
        "zoznam-request",
        "listserv",
        "majordomo",
        "root",
        "cron",
    ] {
        rows.push(row(10, from(&format!("{local}@zakaznik.example")), "ticket", NEW_UNANSWERED));
    }
    // … nor, where an agent forwards such a mail, is it answered for him.
    for (customer, leaves) in [
        (PERSON, &[("acknowledgement", PERSON), ("notify-new", "jana@acme.example")][..]),
        ("dont-reply@zakaznik.example", NEW_UNANSWERED),
    ] {
        rows.push(row(10, forwarded(customer), "ticket", leaves));
    }
    // L11: "do not answer" is not "nobody wrote this".
    for field in [
        "Precedence: bulk",
        "Precedence: junk",
        "Precedence: list",
        "X-Precedence: bulk",
        "List-Id: <z.example>",
        "List-Unsubscribe: <mailto:x@z.example>",
        "Feedback-ID: 1:2:3",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, AutoReply",
        "X-Auto-Response-Suppress: OOF",
    ] {
        rows.push(row(11, by(&format!("{field}\r\n")), "ticket", NEW_UNANSWERED));
    }
    // L12: subjects of vacation notices in answer to a mail of ours; the same words of a person's own are a person's.
    for subject in [
        "Automatická odpoveď: x",
        "Automatická odpověď: x",
        "Samodejni odgovor: x",
        "Automatski odgovor: x",
        "Mimo kancelárie",
        "Automatic reply: x",
        "Out of Office",
        "Abwesenheitsnotiz: x",
        "Automatische Antwort: x",
    ] {
        rows.push(row(12, proven(VICTIM, &re(&answer), subject, "Som preč."), "1001", NOTHING));
    }
    rows
}

/// Templates and addressees of what left.
fn left(came: &Came) -> Vec<(String, String)> {
    let mut left: Vec<_> = came.sent.iter().map(|s| (s.row.template.clone(), s.row.to.email.clone())).collect();
    left.sort();
    left
}

#[test]
fn each_rule_lets_in_what_it_should_and_lets_out_no_more() {
    let count = rows(&Bench::new()).len();
    let mut wrong = Vec::new();
    for at in 0..count {
        let bench = Bench::new();
        let Row { rule, mail, fate, leaves } = rows(&bench).swap_remove(at);
        bench.pass(SignedDuration::from_hours(48));
        let came = bench.take(&mail);
        let mut wanted: Vec<_> = leaves.iter().map(|(t, to)| ((*t).to_owned(), (*to).to_owned())).collect();
        wanted.sort();
        let in_ours = came.fate() == "appended" && came.ticket() == Some(1001);
        let is = if in_ours { "1001".to_owned() } else { came.fate() };
        if is != fate || left(&came) != wanted {
            let subject = mail.lines().filter(|l| !l.starts_with("Received")).take(4).collect::<Vec<_>>().join(" | ");
            wrong.push(format!("L{rule} {subject}: {is}, {:?}; not {fate}, {wanted:?}", left(&came)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// L17, L18: budgets by address, domain and in all. L19: three alike join. (L20 and L24 are in `breakers`, L29-like ping-pong in
/// `exchange`.)
#[test]
fn budgets_end_acknowledgements_and_not_tickets() {
    let bench = Bench::new();
    let ask = |from: &str, n: i64, state| {
        bench.take(&in_state(
            state,
            from,
            "",
            &format!("Vec {}", "abcdefghij".repeat(1 + n as usize)),
            &format!("Otázka {n}"),
        ))
    };
    // L17: one in ten minutes, three a day; unproven one a day.
    let mut full = 0;
    for n in 0..8 {
        let came = ask(PERSON, n, State::Strong);
        assert_eq!(came.fate(), "ticket");
        full += usize::from(came.acknowledged() != "no");
        bench.pass(SignedDuration::from_mins(11));
    }
    assert_eq!(full, 3);
    assert_eq!(ask("ina@zakaznik2.example", 1, State::Unproven).acknowledged(), "minimal");
    bench.pass(SignedDuration::from_hours(12));
    assert_eq!(ask("ina@zakaznik2.example", 2, State::Unproven).acknowledged(), "no");
    // L18: twenty an hour to one domain.
    bench.pass(SignedDuration::from_hours(2));
    let answered =
        (0..30).filter(|n| ask(&format!("x{n}@velka.example"), *n, State::Strong).acknowledged() != "no").count();
    assert_eq!(answered, 20);
    // L19: the third of one subject and text in half an hour joins the first.
    let alike = |n: u32| bench.take(&proven("stroj@peer.example", "", "Re: Re: Vec", &format!("číslo {n}"))).ticket();
    let first = alike(1);
    assert_ne!(alike(2), first);
    assert_eq!((alike(3), alike(4)), (first, first));
}

/// Every third mail of a web form, and of a customer who calls all his troubles "Test", was a reply on another's ticket.
#[test]
fn what_says_something_else_or_is_anothers_joins_no_ticket() {
    let mails: [(&str, &[(&str, &str)]); 5] = [
        (
            "Kontaktný formulár",
            &[
                ("eva@a.example", "Nejde nám wifi."),
                ("jan@b.example", "Stratený kľúč."),
                ("ida@c.example", "Faktúra 12."),
            ],
        ),
        // They write the same, and are not the same.
        (
            "Kontaktný formulár",
            &[
                ("eva@d.example", "Zavolajte mi."),
                ("jan@e.example", "Zavolajte mi."),
                ("ida@f.example", "Zavolajte mi."),
            ],
        ),
        ("Problém", &[("", "Nejde VPN."), ("", "Nejde NAS."), ("", "Nejde web.")]),
        ("Test", &[("", "Test"), ("", "Ešte jeden test"), ("", "Už nič")]),
        // What desks put behind a plus is theirs; the rest is another's.
        ("Prijaté", &[("web+1@forma.example", "x"), ("web+2@forma.example", "y"), ("eva@forma.example", "x")]),
    ];
    for (subject, group) in mails {
        let bench = Bench::new();
        let take = |(to, text): &(&str, &str), n: usize| {
            let reply_to = if to.is_empty() { String::new() } else { format!("Reply-To: {to}\r\n") };
            let fields = format!("Message-ID: <{n}@forma.example>\r\n{reply_to}");
            bench.take(&proven("web@forma.example", &fields, subject, text))
        };
        for (n, mail) in group.iter().enumerate() {
            let came = take(mail, n);
            assert_eq!(came.fate(), "ticket", "{mail:?}: {:?}", came.ingested);
        }
    }
    // Where answers are wanted at one place, it is one sender.
    let bench = Bench::new();
    let take = |n: usize| {
        let fields = format!("Message-ID: <{n}@peer.example>\r\nReply-To: desk+{n}@peer.example\r\n");
        bench.take(&proven("noreply@peer.example", &fields, "Prijaté", &format!("Prijali sme {n}."))).ticket()
    };
    let (first, second) = (take(1), take(2));
    assert!(second != first && take(3) == first);
}

#[test]
fn files_without_a_word_are_not_taken_for_one_another() {
    let bench = Bench::new();
    let fates: Vec<String> = (0..4)
        .map(|n| {
            let fields = format!("Message-ID: <{n}@sken.example>\r\nContent-Type: multipart/mixed; boundary=\"q\"\r\n");
            let body = format!("--q\n\n\n--q\nContent-Type: application/pdf; name=\"{n}.pdf\"\n\n%PDF {n}\n--q--");
            bench.take(&proven("sken@sken.example", &fields, "Sken", &body)).fate()
        })
        .collect();
    assert_eq!(fates, ["ticket"; 4]);
}

/// L21: what the desk writes by itself says so, what an agent wrote does not.
#[test]
fn each_kind_of_mail_is_marked_as_what_it_is() {
    let bench = Bench::new();
    let marks = |template: &str| {
        let id = bench.sent(template).id;
        let (_, bytes) = bench.store.outbox_mail(id).expect("reads").expect("is there");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let field = |name: &str| {
            text.lines().take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix(name).map(|v| v.trim().to_owned()))
        };
        (field("Auto-Submitted:"), field("X-Auto-Response-Suppress:"), field("Precedence:"))
    };
    assert_eq!(marks("acknowledgement"), (Some("auto-replied".to_owned()), Some("All".to_owned()), None));
    assert_eq!(marks("notify-new").0, Some("auto-generated".to_owned()));
    assert_eq!(marks("answer"), (None, None, None), "a person wrote it");
}

//! What the whole desk does with these mails, in a real store: to whom it writes, what it says, and what it changes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use postdesk::daemon::ingest::{Checked, parse, take_in};
use postdesk::model::facts::OwnProof;
use postdesk::model::outgoing::Template;
use postdesk::model::{Incoming, Policy, SourceKey, Ticket};
use postdesk::store::sqlite::SqliteStore;
use postdesk::store::{OutboxRow, Reading as _};

use super::fixture::policy;
use super::{RECEIVED, REST, authors, tokens, verdicts};

/// The customer's words on ticket 1001, which nobody else may ever read.
const SECRET: &str = "tajne-cislo-4711";

pub struct Desk {
    pub store: Arc<SqliteStore>,
    pub policy: Arc<Policy>,
    pub now: Timestamp,
    mails: u32,
}

impl Desk {
    /// With ticket 1001, opened by jan@firma.example, who was believed.
    pub fn with_a_ticket() -> Desk {
        Desk::with_policy(policy())
    }

    pub fn with_policy(policy: Policy) -> Desk {
        let store = SqliteStore::scratch().expect("a store");
        let now = "2026-11-02T10:00:00Z".parse().expect("a time");
        let mut desk = Desk { store, policy: Arc::new(policy), now, mails: 0 };
        desk.take(&format!(
            "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example; dmarc=pass \
             header.from=firma.example\r\n{RECEIVED}From: jan@firma.example\r\nTo: podpora@acme.example\r\n\
             Subject: Objednavka\r\nMessage-ID: <first@firma.example>\r\n\
             Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nMoje {SECRET} prosim overte.\r\n"
        ));
        assert_eq!(desk.ticket(1001).requester.email, "jan@firma.example");
        desk
    }

    pub fn ticket(&self, number: i64) -> Ticket {
        self.store.ticket(number).expect("readable").expect("there is such a ticket")
    }

    /// Takes a mail in a day after the last one, so that no budget hides what the desk would say.
    pub fn take(&mut self, mail: &str) {
        self.now += SignedDuration::from_hours(25);
        self.take_now(mail);
    }

    pub fn take_now(&mut self, mail: &str) {
        self.mails += 1;
        let incoming = Incoming {
            mailbox: "support".into(),
            key: SourceKey::imap("INBOX", 1, self.mails),
            raw: Arc::from(mail.as_bytes()),
            received_at: self.now,
            truncated_from: None,
        };
        let checked = Checked { parsed: parse(incoming), proof: OwnProof::default() };
        let done = take_in(&*self.store, &self.policy, vec![checked], self.now).expect("written");
        assert_eq!(done.len(), 1);
    }

    pub fn outbox(&self) -> Vec<OutboxRow> {
        self.store.outbox(true).expect("readable")
    }

    /// A mail of the desk's own as its reader reads it: subject and text.
    pub fn words(&self, id: i64) -> String {
        let (row, bytes) = self.store.outbox_mail(id).expect("readable").expect("there is such a mail");
        let message = super::pipeline::read(&bytes);
        format!("{} {} {}", row.subject, message.subject.unwrap_or_default(), message.text)
    }
}

/// Each attack once as our server judged it, and once without any verdict.
pub fn attacks() -> Vec<String> {
    let mut mails = Vec::new();
    for mail in [authors::mails(), verdicts::mails(), tokens::forged(), tokens::would_be_agents()].concat() {
        let bare: String = match mail.split_once("\r\nReceived:") {
            Some((head, rest)) if head.starts_with("Authentication-Results") => format!("Received:{rest}"),
            _ => continue,
        };
        mails.extend([mail, bare]);
    }
    // The same content twice is a duplicate and would be answered once: each gets an id of its own.
    mails.iter().enumerate().map(|(n, mail)| mail.replace("x1@zlo.example", &format!("x{n}@zlo.example"))).collect()
}

#[test]
fn no_attack_makes_the_desk_write_to_whom_it_names_or_say_what_it_should_not() {
    let mut desk = Desk::with_a_ticket();
    let before = desk.ticket(1001);
    let honest: Vec<i64> = desk.outbox().iter().map(|row| row.id).collect();
    let attacks = attacks();
    assert!(attacks.len() >= 800, "{}", attacks.len());
    for mail in &attacks {
        desk.take(mail);
    }
    let after = desk.ticket(1001);
    assert_eq!(after.participants, before.participants);
    assert_eq!((after.requester, after.contact, after.status), (before.requester, before.contact, before.status));
    let said: Vec<_> = desk.store.entries(1001).expect("readable").into_iter().map(|e| e.kind).collect();
    assert!(said.len() <= 2, "the ticket got words: {said:?}");

    let outbox = desk.outbox();
    assert!(outbox.len() > honest.len() + 100, "the desk said next to nothing: {}", outbox.len());
    let mut answers = 0;
    for row in outbox.iter().filter(|row| !honest.contains(&row.id)) {
        let to = row.to.email.as_str();
        let words = desk.words(row.id);
        if ["jana@acme.example", "peter@acme.example"].contains(&to) {
            continue; // agents, at their registered addresses
        }
        answers += 1;
        assert!(!words.contains(SECRET), "{to} was told the customer's words:\n{words}");
        let minimal = row.template == Template::AcknowledgementMinimal.word();
        let full = row.template == Template::Acknowledgement.word();
        assert!(minimal || full, "{to} got {}", row.template);
        // A full one goes to the attacker's own, proven address only; a minimal one has none of his words.
        assert!(!full || to.ends_with("@zlo.example"), "{to} got a full acknowledgement:\n{words}");
        for phrase in ["heslo", "hesla", "faktura", "Zmena"] {
            assert!(!minimal || !words.contains(phrase), "{to} got the sender's words:\n{words}");
        }
    }
    assert!(answers > 50, "only {answers} were answered: nothing was tried");
}

#[test]
fn a_bomb_of_a_thousand_forged_senders_makes_no_flood_of_answers() {
    let mut desk = Desk::with_a_ticket();
    let honest = desk.outbox().len();
    for n in 0..1000 {
        let mail = format!("{RECEIVED}From: obet{n}@obet{}.example\r\n{REST}", n % 100);
        desk.take_now(&mail.replace("x1@zlo.example", &format!("x{n}@zlo.example")));
    }
    let outbox = desk.outbox();
    let acknowledgements: Vec<_> =
        outbox.iter().filter(|row| row.template.starts_with("acknowledgement") && row.ticket != Some(1001)).collect();
    assert!((1..=200).contains(&acknowledgements.len()), "{}", acknowledgements.len());
    assert!(outbox.len() > honest);
    for row in acknowledgements {
        assert_eq!(row.template, Template::AcknowledgementMinimal.word());
        let words = desk.words(row.id);
        assert!(!words.contains("heslo") && !words.contains("hesla"), "{words}");
    }
}

/// Fields by which a mail could ask the desk to write to somebody.
const ASKING: &[&str] = &[
    "Cc: utok@zlo.example\r\n",
    "Cc: utok@zlo.example, podpora+1001@acme.example\r\n",
    "Reply-To: utok@zlo.example\r\n",
    "Sender: utok@zlo.example\r\n",
    "Return-Path: <utok@zlo.example>\r\n",
    "Errors-To: utok@zlo.example\r\n",
    "Disposition-Notification-To: utok@zlo.example\r\n",
    "Return-Receipt-To: utok@zlo.example\r\n",
    "X-Confirm-Reading-To: utok@zlo.example\r\n",
    "Mail-Followup-To: utok@zlo.example\r\n",
    "Mail-Reply-To: utok@zlo.example\r\n",
    "Resent-From: utok@zlo.example\r\nResent-To: utok@zlo.example\r\n",
    "Delivered-To: utok@zlo.example\r\nX-Original-To: utok@zlo.example\r\n",
    "Bcc: utok@zlo.example\r\n",
    "List-Post: <mailto:utok@zlo.example>\r\nList-Id: <zlo.example>\r\n",
];

/// The customer's name is forged, his ticket is named by every hint that needs no key, and the attacker asks for copies;
/// then an agent answers on the customer's ticket.
#[test]
fn an_agents_answer_goes_only_to_those_on_file() {
    let mut desk = Desk::with_a_ticket();
    let notice = desk.outbox().into_iter().find(|row| row.to.email == "jana@acme.example").expect("the owner was told");
    for (n, fields) in ASKING.iter().enumerate() {
        for hint in ["In-Reply-To: <first@firma.example>\r\n", "Subject: Re: [ACME-1001]\r\n", ""] {
            desk.take(&format!(
                "{RECEIVED}From: jan@firma.example\r\n{fields}{hint}To: podpora@acme.example\r\n\
                 Message-ID: <y{n}{}@zlo.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nPridajte kolegu.\r\n",
                hint.len()
            ));
        }
        // A forged agent forwards a mail that names the attacker as the customer.
        desk.take(&format!(
            "{RECEIVED}From: jana@acme.example\r\n{fields}To: podpora@acme.example\r\nSubject: Fwd: Ziadost\r\n\
             Message-ID: <z{n}@zlo.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\n\
             ---------- Forwarded message ---------\r\nFrom: Utok <utok@zlo.example>\r\nDate: Mon, Nov 2, 2026\r\n\
             Subject: Ziadost\r\nTo: podpora@acme.example\r\n\r\nPoslite mi to.\r\n"
        ));
    }
    desk.take(&format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d=acme.example; dmarc=pass \
         header.from=acme.example\r\n{RECEIVED}From: jana@acme.example\r\nTo: podpora@acme.example\r\n\
         Subject: Re: Objednavka\r\nIn-Reply-To: <{}>\r\nMessage-ID: <odpoved@acme.example>\r\n\
         Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nVase {SECRET} plati.\r\n",
        notice.message_id
    ));
    let outbox = desk.outbox();
    let answers: Vec<&str> =
        outbox.iter().filter(|row| row.template == Template::Answer.word()).map(|row| row.to.email.as_str()).collect();
    assert_eq!(answers, ["jan@firma.example"]);
    let asked: Vec<_> = outbox.iter().filter(|row| row.to.email.contains("zlo.example")).collect();
    assert!(asked.is_empty(), "{asked:?}");
    for row in &outbox {
        let (_, bytes) = desk.store.outbox_mail(row.id).expect("readable").expect("there is such a mail");
        let mail = super::pipeline::read(&bytes);
        let named = mail.to.iter().chain(&mail.cc).chain(&mail.reply_to).chain(&mail.from);
        assert!(named.clone().all(|a| !a.email.contains("zlo.example")), "{:?}", named.collect::<Vec<_>>());
    }
    assert!(desk.ticket(1001).participants.is_empty());
}

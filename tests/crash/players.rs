//! Customers who write once and answer the agent's answer once, and an agent who answers every mail she is told of.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mail_parser::{Message, MessageParser};

use crate::support::desk::{Desk, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::smtp_sink::{Sink, Taken};

const AGENT: &str = "jana@inbox.example";

pub struct Players<'a> {
    dovecot: &'a Dovecot,
    sink: &'a Sink,
    /// Mails of the sink that were looked at.
    seen: usize,
    /// Message-IDs that were reacted to: a double calls for no second reaction.
    known: BTreeSet<String>,
    /// What customers wrote: Message-IDs.
    pub by_customers: Vec<String>,
    /// What the agent wrote: her words, and the customer to whom they must go.
    pub by_agent: Vec<(String, String)>,
    /// All that was put into the mailbox.
    pub delivered: usize,
}

impl<'a> Players<'a> {
    pub fn new(dovecot: &'a Dovecot, sink: &'a Sink) -> Self {
        let (by_customers, by_agent) = (Vec::new(), Vec::new());
        Players { dovecot, sink, seen: 0, known: BTreeSet::new(), by_customers, by_agent, delivered: 0 }
    }

    pub fn new_customers(&mut self, count: usize) {
        for _ in 0..count {
            let n = self.delivered;
            let id = format!("first-{n}@inbox.example");
            let from = format!("c{n}@firma{n}.example");
            self.deliver(&customers_mail(&from, &format!("Vec {n}"), &id, "", &format!("Nejde nám stroj {n}.")));
            self.by_customers.push(id);
        }
    }

    fn deliver(&mut self, raw: &[u8]) {
        self.dovecot.deliver("podpora", raw);
        self.delivered += 1;
    }

    /// Reacts to what has left the desk since.
    pub fn play(&mut self) {
        let new: Vec<Taken> = self.sink.taken_after(self.seen);
        self.seen += new.len();
        for taken in new {
            let Some(mail) = MessageParser::default().parse(&taken.bytes) else { panic!("an unreadable mail left") };
            let id = mail.message_id().expect("has a Message-ID").to_owned();
            if !self.known.insert(id.clone()) {
                continue;
            }
            let machine = mail.header("Auto-Submitted").and_then(|h| h.as_text());
            match (recipient(&taken).as_str(), machine) {
                (AGENT, Some("auto-notified" | "auto-generated")) => self.agent_answers(&mail, &id),
                (AGENT, other) => panic!("a mail to the agent with Auto-Submitted {other:?}"),
                (customer, None) => self.customer_answers(customer, &mail, &id),
                (_, Some(_)) => {}
            }
        }
    }

    fn agent_answers(&mut self, mail: &Message<'_>, id: &str) {
        let text = mail.body_text(0).expect("has a text");
        // The customer's second mail ends the story.
        let Some(n) = text.split("Nejde nám stroj ").nth(1).and_then(|rest| rest.split('.').next()) else { return };
        if text.contains("Už ide") {
            return;
        }
        let words = format!("Reštartujte stroj {n}, prosím.");
        let reply_to = mail.reply_to().and_then(|a| a.first()).and_then(|a| a.address()).expect("has a Reply-To");
        let raw = String::from_utf8(customers_mail(
            AGENT,
            "Re: to",
            &format!("answer-{n}@inbox.example"),
            &format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n"),
            &words,
        ))
        .expect("is text")
        .replace("To: podpora@acme.example", &format!("To: {reply_to}"));
        self.deliver(raw.as_bytes());
        self.by_agent.push((words, format!("c{n}@firma{n}.example")));
    }

    fn customer_answers(&mut self, customer: &str, mail: &Message<'_>, id: &str) {
        let reply_to = mail.reply_to().and_then(|a| a.first()).and_then(|a| a.address()).expect("has a Reply-To");
        let own = format!("second-{}", customer.replace("firma", "inbox"));
        let extra = format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n");
        let raw = String::from_utf8(customers_mail(customer, "Re: Vec", &own, &extra, "Už ide, ďakujem."))
            .expect("is text")
            .replace("To: podpora@acme.example", &format!("To: {reply_to}"));
        self.deliver(raw.as_bytes());
        self.by_customers.push(own);
    }

    /// Plays on until the inbox is empty, nothing waits to leave and nobody has anything to say; false where that does not
    /// come about.
    pub fn until_quiet(&mut self, desk: &Desk) -> bool {
        let end = Instant::now() + Duration::from_secs(120);
        let mut calm = 0;
        while Instant::now() < end {
            let before = (self.seen, self.delivered);
            self.play();
            let inbox = self.dovecot.files("podpora", "INBOX").len();
            let waiting = desk.json(&["outbox", "list", "--json"]).into_iter().filter(|row| row["state"] != "failed");
            let quiet = before == (self.seen, self.delivered) && inbox == 0 && waiting.count() == 0;
            calm = if quiet { calm + 1 } else { 0 };
            if calm == 3 {
                return true;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        false
    }
}

/// The one envelope recipient.
pub fn recipient(taken: &Taken) -> String {
    let [rcpt] = taken.rcpt.as_slice() else { panic!("{:?}", taken.rcpt) };
    rcpt.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

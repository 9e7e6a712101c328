//! What must hold after all kills: looked at on the IMAP server, on the SMTP server, and in what the desk kept.

use std::collections::BTreeMap;
use std::fmt;

use mail_parser::MessageParser;
use postdesk::model::outgoing::OutboxState;
use postdesk::model::ticket::Direction;
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Reading as _, TicketFilter};

use crate::players::{Players, recipient};
use crate::support::desk::Desk;
use crate::support::dovecot::Dovecot;
use crate::support::smtp_sink::{Sink, Taken};

#[derive(Default)]
pub struct Verdict {
    pub faults: Vec<String>,
    mails: usize,
    tickets: usize,
    answers: usize,
    answers_twice: usize,
    notices: usize,
    notices_twice: usize,
    acknowledgements: usize,
    acknowledgements_missing: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} mails in, {} tickets; faults: {}; answers {} (twice, lost between dot and 250: {}); mails to the agent {} \
             (twice: {}); acknowledgements {} (missing, lost between dot and 250: {})",
            self.mails,
            self.tickets,
            self.faults.len(),
            self.answers,
            self.answers_twice,
            self.notices,
            self.notices_twice,
            self.acknowledgements,
            self.acknowledgements_missing,
        )
    }
}

/// What three kills hit while it was read is in quarantine; an operator takes it in again. Returns how many.
pub fn take_in_what_was_set_aside(desk: &Desk) -> usize {
    let aside = desk.json(&["quarantine", "list", "--json"]);
    for mail in &aside {
        let because = mail["because"].as_str().unwrap_or_default();
        assert!(because.contains("tries to read it ended the program"), "{because}");
    }
    if !aside.is_empty() {
        let output = desk.run(&["quarantine", "retry", "all"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    aside.len()
}

pub fn judge(desk: &Desk, dovecot: &Dovecot, sink: &Sink, players: &Players<'_>) -> Verdict {
    let mut verdict = Verdict { mails: players.delivered, ..Verdict::default() };
    let audit = desk.run(&["audit", "--json"]);
    if !audit.status.success() {
        verdict.faults.push(format!("audit: {}", String::from_utf8_lossy(&audit.stdout)));
    }
    let filed = dovecot.files("podpora", "Processed").len();
    if filed != players.delivered {
        verdict.faults.push(format!("{} mails were delivered, {filed} are filed", players.delivered));
    }
    tickets(desk, players, &mut verdict);
    outgoing(desk, sink, players, &mut verdict);
    verdict
}

/// Every customer's first mail is one ticket, every other mail one place in its thread.
fn tickets(desk: &Desk, players: &Players<'_>, verdict: &mut Verdict) {
    let store = SqliteStore::open(&desk.database(), Options::default()).expect("the database opens");
    let mailbox = Some("support".to_owned());
    let all = store.tickets(&TicketFilter { all: true, mailbox, ..TicketFilter::default() }).expect("is read");
    verdict.tickets = all.len();
    let mut places: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for ticket in &all {
        let entries = store.entries(ticket.number).expect("is read");
        if entries.is_empty() {
            verdict.faults.push(format!("ticket {} is empty", ticket.number));
        }
        for entry in entries {
            match entry.direction {
                Direction::Incoming => {
                    places.entry(entry.message_id.unwrap_or_default()).or_default().push(ticket.number);
                }
                _ => *words.entry(entry.reply.text.trim().to_owned()).or_default() += 1,
            }
        }
    }
    for id in &players.by_customers {
        match places.get(id).map(Vec::as_slice) {
            Some([_]) => {}
            other => verdict.faults.push(format!("<{id}> stands in {other:?}")),
        }
    }
    for (text, _) in &players.by_agent {
        let places: usize = words.iter().filter(|(words, _)| words.contains(text)).map(|(_, count)| count).sum();
        if places != 1 {
            verdict.faults.push(format!("{text:?} stands in {places} places"));
        }
    }
    let firsts = players.by_customers.iter().filter(|id| id.starts_with("first-")).count();
    if all.len() != firsts {
        verdict.faults.push(format!("{firsts} customers wrote, and there are {} tickets", all.len()));
    }
}

/// What arrived at the SMTP server, by Message-ID.
fn arrived(sink: &Sink) -> BTreeMap<String, Vec<Taken>> {
    let mut arrived: BTreeMap<String, Vec<Taken>> = BTreeMap::new();
    for taken in sink.taken() {
        let id = MessageParser::default().parse(&taken.bytes).and_then(|mail| mail.message_id().map(str::to_owned));
        arrived.entry(id.expect("has a Message-ID")).or_default().push(taken);
    }
    arrived
}

fn outgoing(desk: &Desk, sink: &Sink, players: &Players<'_>, verdict: &mut Verdict) {
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    let mut statement = database.prepare("SELECT message_id, ambiguous FROM outbox").expect("is read");
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))).expect("is read");
    let ambiguous: BTreeMap<String, bool> = rows.map(|row| row.expect("is read")).collect();
    drop(statement);
    let store = SqliteStore::open(&desk.database(), Options::default()).expect("the database opens");
    let arrived = arrived(sink);
    for row in store.outbox(true).expect("is read") {
        let takes = arrived.get(&row.message_id).map_or(&[][..], Vec::as_slice);
        let unsure = ambiguous.get(&row.message_id).copied().unwrap_or_default();
        let mut fault = |what: &str| {
            let (id, template, state, times) = (row.id, &row.template, row.state, takes.len());
            verdict.faults.push(format!("outgoing mail {id} ({template}, {state}) arrived {times} times: {what}"));
        };
        if takes.iter().any(|take| take.bytes != takes[0].bytes || recipient(take) != row.to.email) {
            fault("not the same each time");
        }
        if row.template.starts_with("acknowledgement") {
            verdict.acknowledgements += 1;
            match (row.state, takes.len()) {
                (OutboxState::Sent, 1) => {}
                // Lost in the window, by a kill or by the line: it may have arrived, once.
                (OutboxState::Failed, 0 | 1)
                    if unsure
                        || row.last_reply.as_deref().is_some_and(|said| said.contains("Sending was interrupted")) =>
                {
                    verdict.acknowledgements_missing += usize::from(takes.is_empty());
                }
                _ => fault("an acknowledgement goes once"),
            }
            continue;
        }
        match (row.state, takes.len()) {
            (OutboxState::Sent, 1) => {}
            (OutboxState::Sent, 2..) if unsure && takes.len() <= row.attempts as usize => {
                let twice =
                    if row.template == "answer" { &mut verdict.answers_twice } else { &mut verdict.notices_twice };
                *twice += 1;
            }
            _ => fault("it goes once, and again only where it is unknown whether it arrived"),
        }
        *(if row.template == "answer" { &mut verdict.answers } else { &mut verdict.notices }) += 1;
    }
    for (text, customer) in &players.by_agent {
        let got = arrived.values().flatten().filter(|take| recipient(take) == *customer).any(|take| {
            let mail = MessageParser::default().parse(&take.bytes);
            mail.and_then(|mail| mail.body_text(0).map(|body| body.contains(text))).unwrap_or_default()
        });
        if !got {
            verdict.faults.push(format!("{text:?} never arrived"));
        }
    }
}

//! What reports are counted from: what happened in the period and nothing else, each once.

use jiff::Timestamp;
use postdesk::model::figures::{Gather, Period, TicketFact};
use postdesk::model::hands::Worked;
use postdesk::model::promise::Service;
use postdesk::model::ticket::{Entry, EntryKind};
use postdesk::model::{Action, Commit, Decision, Fate, Lookup, Status, Ticket};

use super::support::{BackEnd, Both, at, entry, fixed, minutes, noon, ticket};

/// What was shown, a line each.
#[derive(Default)]
struct Shown {
    tickets: Vec<String>,
    others: Vec<String>,
}

impl Gather for Shown {
    fn ticket(&mut self, fact: &TicketFact<'_>) {
        let TicketFact { opened_at, course, organisation, sla, waits, .. } = fact;
        let status = course.status;
        self.tickets.push(format!("{opened_at} {status} {organisation:?} {sla:?} {} waits", waits.len()));
    }
    fn offered(&mut self, articles: &[String], helped: bool) {
        self.others.push(format!("offered {articles:?} {helped}"));
    }
    fn mails(&mut self, at: Timestamp, kind: EntryKind, count: u64) {
        self.others.push(format!("{at} {kind} {count}"));
    }
    fn times_since(&self) -> Timestamp {
        at("2026-03-01T00:00:00Z")
    }
    fn worked(&mut self, agent: &str, organisation: Option<&str>, minutes: u64, at: Timestamp) {
        self.others.push(format!("{at} {agent} {organisation:?} {minutes}"));
    }
    fn live(&mut self, owner: Option<&str>, count: u64) {
        self.others.push(format!("live {owner:?} {count}"));
    }
    fn undelivered(&mut self, domain: &str, came_back: u64, given_up: u64) {
        self.others.push(format!("{domain} {came_back} {given_up}"));
    }
}

fn shown(store: &dyn Both, since: Timestamp, until: Timestamp) -> Shown {
    let mut shown = Shown::default();
    store.figures(Period { since, until }, &mut shown).expect("shows");
    shown
}

pub fn figures_are_of_the_period_and_of_one_moment(back_end: &BackEnd) {
    let store = back_end.open();
    let opened = |number, when: Timestamp| ticket(number, "jana@firma.example", "x", when);
    let day = minutes(24 * 60);
    let service = Service {
        sla: Some("gold".to_owned()),
        pauses: vec![(noon(), noon() + minutes(5))],
        offered: vec!["jam".to_owned()],
        helped: true,
        ..Service::default()
    };
    let before = Ticket { status: Status::Closed, resolved_at: Some(noon()), ..opened(1001, noon() - day) };
    let within = Ticket {
        organisation: Some("Firma".to_owned()),
        service,
        owner: Some("eva".to_owned()),
        ..opened(1002, noon())
    };
    let after = Ticket { owner: None, ..opened(1003, noon() + day) };
    let said =
        |seq, kind, when| Entry { kind, raw: false, ..entry(1002, seq, "jana@firma.example", "x", "y", None, when) };
    let worked = |minutes, at| Worked { ticket: 1002, agent: "eva".to_owned(), minutes, at };
    let commit = Commit {
        tickets: vec![before, within, after],
        entries: vec![
            said(1, EntryKind::Request, noon()),
            said(2, EntryKind::Request, noon() + minutes(14)),
            said(3, EntryKind::Answer, noon() + minutes(15)),
            said(4, EntryKind::Reply, noon() + day),
        ],
        times: vec![worked(25, noon() - day), worked(5, noon() + day)],
        ..Decision::new(Action::Command, Fate::Order)
    };
    store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");

    let of_the_day = shown(store.as_ref(), noon(), noon() + minutes(60));
    assert_eq!(
        of_the_day.tickets,
        [
            format!("{} new Some(\"Firma\") Some(\"gold\") 1 waits", noon()),
            format!("{} closed None None 0 waits", noon() - day),
        ],
        "opened in it, then opened before and resolved in it"
    );
    let mut others = of_the_day.others;
    others.sort();
    let mut expected = vec![
        "offered [\"jam\"] true".to_owned(),
        format!("{} request 2", noon()),
        format!("{} answer 1", noon() + minutes(15)),
        format!("{} eva Some(\"Firma\") 25", noon() - day),
        "live Some(\"eva\") 1".to_owned(),
        "live None 1".to_owned(),
    ];
    expected.sort();
    assert_eq!(others, expected);
    let nothing = shown(store.as_ref(), at("2020-01-01T00:00:00Z"), at("2020-01-02T00:00:00Z"));
    assert!(nothing.tickets.is_empty(), "{:?}", nothing.tickets);
}

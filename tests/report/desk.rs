//! A desk of six tickets in November 2026, whose figures can be reckoned by hand. The desk's clock is an hour ahead of UTC;
//! calendar office: Monday to Friday from 8 to 16; 2 November is a Monday.

use std::sync::Arc;

use jiff::Timestamp;
use postdesk::model::calendar::Stretch;
use postdesk::model::hands::Worked;
use postdesk::model::promise::{Called, Service};
use postdesk::model::ticket::{Entry, EntryKind};
use postdesk::model::{Action, Commit, Decision, Fate, Found, Lookup, Status, Ticket};
use postdesk::store::sqlite::SqliteStore;
use postdesk::store::{Plan, Store as _};

#[path = "../cli_support/mod.rs"]
pub mod cli_support;

use cli_support::{Bench, at, first_ticket};

/// An organisation that wants to be a formula, a script and a command of the terminal.
pub const EVIL: &str = "=1+1\"<script>alert('x')</script>";

const PROMISES: &str = r#"
[[category]]
name = "billing"
words = ["faktúra"]

[[organisation]]
name = "firma"
hours = 1.5

[[organisation]]
name = "Quarterly"
hours = 20
per = "quarter"

[calendar.office]
monday = ["08:00-16:00"]
tuesday = ["08:00-16:00"]
wednesday = ["08:00-16:00"]
thursday = ["08:00-16:00"]
friday = ["08:00-16:00"]

[sla.standard]
respond = "4h"
resolve = "16h"
calendar = "office"
"#;

pub fn bench() -> Bench {
    let bench = Bench::new();
    let config = std::fs::read_to_string(bench.path("config.toml")).expect("is there");
    std::fs::write(bench.path("config.toml"), config + PROMISES).expect("is written");
    bench
}

fn maybe(text: &str) -> Option<Timestamp> {
    (!text.is_empty()).then(|| at(text))
}

/// Number, whose, category, opened, first answered, resolved.
fn ticket(number: i64, of: &str, category: &str, opened: &str, answered: &str, resolved: &str) -> Ticket {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let resolved_at = maybe(resolved);
    Ticket {
        number,
        organisation: some(of),
        category: some(category),
        status: if resolved_at.is_some() { Status::Closed } else { Status::Open },
        created_at: at(opened),
        updated_at: at(opened),
        first_responded_at: maybe(answered),
        resolved_at,
        service: Service { stopped_at: resolved_at, ..Service::default() },
        ..first_ticket()
    }
}

fn promised(mut ticket: Ticket, respond: &str, resolve: &str, pauses: Vec<Stretch>) -> Ticket {
    ticket.first_response_due_at = maybe(respond);
    ticket.resolve_due_at = maybe(resolve);
    ticket.service.sla = Some("standard".into());
    ticket.service.pauses = pauses;
    ticket
}

fn urgent(mut ticket: Ticket, raised: bool) -> Ticket {
    ticket.service.urgency = Some(Called { word: "urgent".into(), raised, marked: 1, tickets: 1 });
    ticket
}

fn tickets() -> Vec<Ticket> {
    // Answered after an hour; solved on Tuesday at noon, after 7 + 4 hours, in two of which the customer owed a word.
    let first = promised(
        ticket(1001, "Firma", "printing", "2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z", "2026-11-03T11:00:00Z"),
        "2026-11-02T12:00:00Z",
        "2026-11-04T10:00:00Z",
        vec![(at("2026-11-03T07:00:00Z"), at("2026-11-03T09:00:00Z"))],
    );
    // Opened on Friday at 15, answered on Monday at noon: 1 + 4 hours, one too many. Not solved at all.
    let second = Ticket {
        owner: Some("peter".into()),
        ..urgent(
            promised(
                ticket(1002, "Firma", "billing", "2026-11-06T14:00:00Z", "2026-11-09T11:00:00Z", ""),
                "2026-11-09T10:00:00Z",
                "2026-11-10T14:00:00Z",
                Vec::new(),
            ),
            true,
        )
    };
    // Nothing is promised: a day to the answer, two to the end.
    let third = Ticket {
        owner: None,
        ..urgent(ticket(1003, EVIL, "", "2026-11-07T09:00:00Z", "2026-11-08T09:00:00Z", "2026-11-09T09:00:00Z"), false)
    };
    // Of October; solved on 2 November, after three days.
    let fourth = ticket(1004, "Old", "", "2026-10-30T12:00:00Z", "", "2026-11-02T12:00:00Z");
    let merged = Ticket {
        status: Status::Merged,
        merged_into: Some(1001),
        ..ticket(1005, "Firma", "printing", "2026-11-03T10:00:00Z", "", "")
    };
    // Closed after an hour, before anybody had to answer.
    let sixth = promised(
        ticket(1006, "", "printing", "2026-11-03T07:00:00Z", "", "2026-11-03T08:00:00Z"),
        "2026-11-03T11:00:00Z",
        "2026-11-04T15:00:00Z",
        Vec::new(),
    );
    vec![first, second, third, fourth, merged, sixth]
}

fn entries() -> Vec<Entry> {
    use EntryKind::{Acknowledgement, Answer, Automatic, Note, Reply, Request};
    let kinds = [
        (Request, "2026-11-02T08:00:00Z"),
        (Acknowledgement, "2026-11-02T08:00:01Z"),
        (Answer, "2026-11-02T09:00:00Z"),
        (Automatic, "2026-11-02T09:05:00Z"),
        (Note, "2026-11-02T09:06:00Z"),
        // A Thursday at 23:30 there.
        (Reply, "2026-11-05T22:30:00Z"),
    ];
    let entry = |(seq, (kind, when)): (u32, (EntryKind, &str))| Entry {
        seq,
        kind,
        at: at(when),
        message_id: None,
        raw: false,
        ..cli_support::first_entry()
    };
    (1..).zip(kinds).map(entry).collect()
}

pub fn fill(store: &SqliteStore) {
    let order = |commit: Commit, now: &str| {
        let plan: Plan = Arc::new(move |_: Found| commit.clone());
        store.order(&Lookup::default(), &plan, at(now)).expect("is carried out");
    };
    let nothing = || Decision::new(Action::Command, Fate::Order);
    order(Commit { tickets: tickets(), entries: entries(), ..nothing() }, "2026-11-09T12:00:00Z");
    let worked = |ticket: i64, agent: &str, minutes: u32, when: &str| Worked {
        ticket,
        agent: agent.into(),
        minutes,
        at: at(when),
    };
    let times = vec![
        // October is another month, and outside of November.
        worked(1001, "jana", 45, "2026-10-31T22:30:00Z"),
        worked(1001, "jana", 60, "2026-10-31T23:30:00Z"),
        worked(1002, "peter", 40, "2026-11-20T10:00:00Z"),
        worked(1006, "peter", 15, "2026-11-20T11:00:00Z"),
    ];
    order(Commit { times, ..nothing() }, "2026-11-09T12:00:00Z");
    order(Commit { outgoing: vec![cli_support::acknowledgement()], ..nothing() }, "2026-11-09T12:00:00Z");
    order(Commit { bounced: vec![(1, "550 no such user".into())], ..nothing() }, "2026-11-09T13:00:00Z");
}

pub fn known_desk() -> Bench {
    let bench = bench();
    fill(&bench.store());
    bench
}

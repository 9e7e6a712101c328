//! The clock beyond the stories: after a restart, after a long standstill, and with people who are away.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use postdesk::cli::stage::Stage;
use postdesk::daemon::clock;
use postdesk::model::outgoing::Template;
use postdesk::model::promise::ChosenBy;
use postdesk::model::{Found, Order, OrderKind, Status, Ticket, TicketChange};
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::watch::{Noticed, Watch as _};
use postdesk::store::{Reading as _, Store as _, TicketFilter};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const CONFIG: &str = r#"
[desk]
name = "ACME"
domain = "desk.acme.example"
timezone = "Europe/Bratislava"
state = "state"
owner = "jana"
sla = "standard"
[dns]
off = true
[[mailbox]]
address = "podpora@acme.example"
start = "all"
believe = ["mx.acme.example"]
[mailbox.maildir]
path = "in"
[outgoing.maildir]
path = "out"
[[agent]]
name = "jana"
addresses = ["jana@acme.example"]
[[agent]]
name = "peter"
addresses = ["peter@acme.example"]
away = [{ from = 2026-07-01, until = 2026-07-31, substitute = "eva" }]
[[agent]]
name = "eva"
addresses = ["eva@acme.example"]
[reminders]
owner_days = 0
customer_days = 0
close_days = 0
[sla.standard]
respond = "4h"
escalate = [{ at = "50%", tell = "owner" }, { at = "100%", tell = "owner" }, { at = "200%", assign = "peter" }]
"#;

const MAIL: &str = "Date: Mon, 13 Jul 2026 09:00:00 +0200\r\nFrom: martin@tatry.example\r\nTo: podpora@acme.example\r\n\
    Subject: Tlac\r\nMessage-ID: <m1@tatry.example>\r\n\r\nNejde.\r\n";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

async fn opened() -> (tempfile::TempDir, Stage) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = Stage::set(folder.path(), CONFIG, b"email\n").expect("the stage is set");
    stage.play(1, "01-in.eml", MAIL.as_bytes()).await.expect("is taken in");
    (folder, stage)
}

/// The mails of the clock that wait to leave: template and recipient.
fn told(store: &SqliteStore) -> Vec<(String, String)> {
    let mut rows = store.outbox(true).expect("reads");
    rows.sort_by_key(|row| row.id);
    let by_clock = rows.into_iter().filter(|row| row.template == "notify-due" || row.template == "notify-assigned");
    by_clock.map(|row| (row.template, row.to.email)).collect()
}

fn pair(template: &str, to: &str) -> (String, String) {
    (template.to_owned(), to.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_step_comes_twice_not_even_after_a_restart() {
    let (_folder, stage) = opened().await;
    let policy = Arc::new(stage.config.policy.clone());
    assert_eq!(stage.store.clock_next().expect("reads"), Some(at("2026-07-13T09:00:00Z")));
    let before = at("2026-07-13T08:59:59Z");
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, before).expect("looks"), 0, "nothing is due yet");
    let half = at("2026-07-13T09:00:00Z");
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, half).expect("looks"), 1);
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, half).expect("looks"), 0);
    let again = SqliteStore::open(&stage.config.database(), Options::default()).expect("opens");
    assert_eq!(clock::tick(again.as_ref(), &policy, half).expect("looks"), 0);
    assert_eq!(again.clock_next().expect("reads"), Some(at("2026-07-13T11:00:00Z")));
    assert_eq!(told(&again), [pair("notify-due", "jana@acme.example")]);
}

/// A row that no program of ours wrote: its ticket cannot be looked at, and the others' times come all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_cannot_be_read_stops_no_other_ones_clock() {
    let (_folder, mut stage) = opened().await;
    stage
        .play(2, "02-in.eml", MAIL.replace("m1@", "m2@").replace("Tlac", "Siet").as_bytes())
        .await
        .expect("is taken in");
    let sql = rusqlite::Connection::open(stage.config.database()).expect("opens");
    sql.execute("UPDATE ticket SET service = '{' WHERE number = 1001", []).expect("is damaged");
    let (policy, half) = (Arc::new(stage.config.policy.clone()), at("2026-07-13T09:30:00Z"));
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, half).expect("looks"), 2);
    assert_eq!(told(&stage.store), [pair("notify-due", "jana@acme.example")], "of the healthy one");
    let notices = stage.store.notices().expect("reads");
    assert!(
        matches!(&notices[..], [one] if matches!(&one.what, Noticed::Alarm(said) if said.contains("ticket 1001"))),
        "{notices:?}"
    );
    // It is put off, not forgotten, and the operator hears of it once a day.
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, half).expect("looks"), 0);
    let later = at("2026-07-13T10:30:00Z");
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, later).expect("looks"), 1);
    assert_eq!(stage.store.notices().expect("reads").len(), 1);
}

/// What waits for its customer is late with nothing but the first answer; what was put away is, for its clock runs.
#[tokio::test(flavor = "multi_thread")]
async fn late_is_what_the_desk_owes() {
    let (_folder, stage) = opened().await;
    let store = stage.store.as_ref();
    let ticket = store.ticket(1001).expect("reads").expect("is there");
    let due = Some(at("2026-07-13T11:00:00Z"));
    let answered = Ticket { first_responded_at: Some(at("2026-07-13T07:30:00Z")), ..ticket.clone() };
    let as_it_is =
        |status: Status, ticket: &Ticket| Ticket { status, resolve_due_at: due, ..ticket.clone() }.due_next();
    assert_eq!(as_it_is(Status::Open, &answered), due);
    assert_eq!(as_it_is(Status::Snoozed, &answered), due);
    assert_eq!(as_it_is(Status::Waiting, &answered), None);
    assert_eq!(as_it_is(Status::Closed, &ticket), None);
    assert_eq!(as_it_is(Status::Waiting, &ticket), ticket.first_response_due_at);
    let late = |at| store.tickets(&TicketFilter { late: Some(at), ..TicketFilter::default() }).expect("lists").len();
    assert_eq!((late(at("2026-07-13T11:00:00Z")), late(at("2026-07-13T11:00:01Z"))), (0, 1));
    let sql = rusqlite::Connection::open(stage.config.database()).expect("opens");
    let change = "UPDATE ticket SET status = 'waiting', first_responded_at = created_at, resolve_due_at = created_at";
    sql.execute(change, []).expect("is written");
    assert_eq!(late(at("2026-07-20T00:00:00Z")), 0, "it waits for its customer");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_standstill_each_hears_of_the_last_step_only_and_a_substitute_gets_the_ticket() {
    let (_folder, stage) = opened().await;
    let policy = Arc::new(stage.config.policy.clone());
    let late = at("2026-07-15T00:00:00Z");
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, late).expect("looks"), 1);
    let store = stage.store.as_ref();
    assert_eq!(told(store), [pair("notify-assigned", "eva@acme.example"), pair("notify-due", "jana@acme.example")]);
    let ticket = store.ticket(1001).expect("reads").expect("is there");
    assert_eq!((ticket.owner.as_deref(), ticket.service.next_at), (Some("eva"), None));
    assert_eq!(ticket.service.told.len(), 3);
    assert_eq!(store.clock_next().expect("reads"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_ticket_goes_to_another_of_the_group_to_which_it_is_escalated() {
    let folder = tempfile::tempdir().expect("a folder");
    let group = "[[group]]\nname = \"second\"\nmembers = [\"jana\", \"eva\"]\nassign = \"least-open\"\n[reminders]";
    let config = CONFIG.replace("assign = \"peter\"", "assign = \"second\"").replace("[reminders]", group);
    let mut stage = Stage::set(folder.path(), &config, b"email\n").expect("the stage is set");
    stage.play(1, "01-in.eml", MAIL.as_bytes()).await.expect("is taken in");
    let policy = Arc::new(stage.config.policy.clone());
    assert_eq!(clock::tick(stage.store.as_ref(), &policy, at("2026-07-15T00:00:00Z")).expect("looks"), 1);
    let ticket = stage.store.ticket(1001).expect("reads").expect("is there");
    assert_eq!((ticket.owner.as_deref(), ticket.group.as_deref()), (Some("eva"), Some("second")));
    assert!(told(stage.store.as_ref()).contains(&pair("notify-assigned", "eva@acme.example")));
}

/// Writes a decision down; how many mails of the clock it sends.
fn carry(ticket: &mut Ticket, decision: postdesk::model::Decision) -> usize {
    if let Some(changed) = decision.tickets.into_iter().next() {
        *ticket = changed;
    }
    decision.outgoing.iter().filter(|draft| draft.template == Template::NotifyDue).count()
}

/// However answers, ends and returns follow each other: the solution is due once the promised working time has passed
/// while the clock ran, no step comes twice, and the clock has always something ahead of it or nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_ticket_its_clock_is_right() {
    let (_folder, stage) = opened().await;
    let office = "[calendar.office]\nweekdays = [\"08:00-12:00\", \"12:30-16:30\"]\nholidays = [2026-07-14]\n";
    let text = CONFIG.replace("respond = \"4h\"", "respond = \"4h\"\nresolve = \"3d\"\ncalendar = \"office\"") + office;
    let config = postdesk::config::parse(std::path::Path::new("c.toml"), &text, postdesk::config::CheckFiles::None);
    let policy = config.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).policy;
    let calendar = policy.promises.calendar("office").expect("is there").clone();
    let resolve = policy.promises.sla("standard").and_then(|sla| sla.resolve).expect("is promised");
    let first = stage.store.ticket(1001).expect("reads").expect("is there");
    let happenings = proptest::collection::vec((0u8..4, 1i64..3_000), 1..12);
    let mut runner = TestRunner::new(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() });
    let played = runner.run(&happenings, |happenings| {
        let (mut ticket, mut now) = (first.clone(), first.created_at);
        let (mut pauses, mut stopped) = (Vec::new(), None);
        let mut told = 0;
        for (what, minutes) in happenings {
            now += SignedDuration::from_mins(minutes);
            let found = |ticket: &Ticket| Found { tickets: vec![(1001, ticket.clone())], ..Found::default() };
            while let Some(next) = ticket.service.next_at.filter(|next| *next <= now) {
                let decision = postdesk::decide::clock(1001, &found(&ticket), &policy, next);
                told += carry(&mut ticket, decision);
                prop_assert!(ticket.service.next_at.is_none_or(|after| after > next));
            }
            let what = match what {
                0 => OrderKind::Close,
                1 => OrderKind::Reopen,
                2 => OrderKind::Reply { text: "x".into(), attachments: Vec::new(), close: false },
                _ => continue,
            };
            let order = Order { ticket: 1001, actor: "jana".into(), what };
            let decision = postdesk::decide::order(&order, &found(&ticket), &policy, now);
            carry(&mut ticket, decision.map_err(TestCaseError::fail)?);
            let runs = matches!(ticket.status, Status::New | Status::Open);
            match (runs, stopped) {
                (false, None) => stopped = Some(now),
                (true, Some(since)) => {
                    pauses.push((since, now));
                    stopped = None;
                }
                _ => {}
            }
            prop_assert_eq!(ticket.service.stopped_at, stopped);
            if runs && !pauses.is_empty() {
                prop_assert_eq!(ticket.resolve_due_at, calendar.add(ticket.created_at, resolve, &pauses));
            }
            prop_assert!(runs || ticket.service.next_at.is_none());
        }
        // Two steps tell somebody, of each of the two promises that this SLA makes.
        prop_assert!(told <= 4, "{told} mails");
        let steps = &ticket.service.told;
        prop_assert!(steps.iter().enumerate().all(|(n, step)| !steps[..n].contains(step)));
        Ok(())
    });
    played.unwrap_or_else(|error| panic!("{error}"));
}

/// A restricted request in a contact's name binds the ticket once it is confirmed: what that contact is promised then holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_becomes_a_contacts_gets_what_the_contact_is_promised() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!(
        "{CONFIG}[sla.gold]\nupdate = \"1h\"\n[[category]]\nname = \"access\"\nwords = [\"heslo\"]\nrestricted = true\n"
    );
    let contacts = b"email,name\nmartin@tatry.example,Martin\n";
    let mut stage = Stage::set(folder.path(), &config, contacts).expect("the stage is set");
    let mail = MAIL.replace("Nejde.", "Zabudol som heslo.");
    stage.play(1, "01-in.eml", mail.as_bytes()).await.expect("is taken in");
    let ticket = stage.store.ticket(1001).expect("reads").expect("is there");
    assert_eq!((ticket.service.sla.as_deref(), ticket.restricted), (Some("standard"), true));

    let mut contact = stage.store.contact("martin@tatry.example").expect("reads").expect("is there");
    contact.sla = Some("gold".into());
    stage.store.put_contacts(&[contact], &[], at("2026-07-13T08:00:00Z")).expect("is written");
    let answer = "Date: Mon, 13 Jul 2026 11:00:00 +0200\r\nFrom: martin@tatry.example\r\nTo: podpora@acme.example\r\n\
        Subject: Re:\r\nMessage-ID: <m2@tatry.example>\r\nIn-Reply-To: <@@CONFIRM-ID:01@@>\r\n\r\nÁno.\r\n";
    stage.play(2, "02-in.eml", answer.as_bytes()).await.expect("is taken in");
    let ticket = stage.store.ticket(1001).expect("reads").expect("is there");
    assert_eq!(ticket.contact.as_deref(), Some("martin@tatry.example"));
    assert_eq!((ticket.service.sla.as_deref(), ticket.service.chosen_by), (Some("gold"), Some(ChosenBy::Contact)));
    assert_eq!((ticket.first_response_due_at, ticket.service.next_at), (None, None));
    let history = stage.store.history(1001).expect("reads");
    let promised = history.iter().filter_map(|line| match &line.change {
        TicketChange::Promised { sla, .. } => Some((sla.as_deref(), line.because.as_str())),
        _ => None,
    });
    let promised: Vec<_> = promised.collect();
    assert_eq!(promised.len(), 2, "{promised:?}");
    assert_eq!(promised[1], (Some("gold"), "By the contact: SLA gold, around the clock"));
}

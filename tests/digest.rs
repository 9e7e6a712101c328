//! Digests: when they come and when they do not, over restarts, missed days, holidays and absences; and whether the
//! week's numbers are right.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use postdesk::cli::stage::Stage;
use postdesk::config::{CheckFiles, parse};
use postdesk::daemon::digest::tick;
use postdesk::decide::digest::{Errand, concerns, daily, due, next, weekly};
use postdesk::model::course::Course;
use postdesk::model::digest::{DigestKind, Measured, Overview, Pile, Week};
use postdesk::model::outgoing::{Template, Value};
use postdesk::model::{Found, Lookup, Policy, Status};
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Plan, Reading as _, Store as _};
use proptest::prelude::*;

const CONFIG: &str = r#"
[desk]
name = "ACME"
domain = "desk.acme.example"
timezone = "Europe/Bratislava"
state = "state"
owner = "jana"
calendar = "office"
weekly = { to = "leads", at = "monday 09:30" }
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
digest = "08:00"
[[agent]]
name = "peter"
addresses = ["peter@acme.example"]
digest = "07:15"
away = [{ from = 2026-07-20, until = 2026-07-24, substitute = "jana" }]
[[agent]]
name = "eva"
addresses = ["eva@acme.example"]
digest = "08:00"
disabled = true
[[group]]
name = "leads"
members = ["jana", "peter", "eva"]
[calendar.office]
weekdays = ["08:00-16:00"]
holidays = [2026-07-20]
"#;

const MAIL: &str = "Date: Mon, 13 Jul 2026 07:00:00 +0200\r\nFrom: martin@tatry.example\r\nTo: podpora@acme.example\r\n\
    Subject: Tlac\r\nMessage-ID: <m1@tatry.example>\r\n\r\nNejde.\r\n";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn policy() -> Policy {
    parse(Path::new("c.toml"), CONFIG, CheckFiles::None).unwrap_or_else(|m| panic!("{m:?}")).policy
}

async fn opened() -> (tempfile::TempDir, Stage) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = Stage::set(folder.path(), CONFIG, b"email\n").expect("the stage is set");
    stage.play(1, "01-in.eml", MAIL.as_bytes()).await.expect("is taken in");
    (folder, stage)
}

/// Template and recipient of the digests in the outbox.
fn sent(store: &SqliteStore) -> Vec<(String, String)> {
    let mut rows = store.outbox(true).expect("reads");
    rows.sort_by_key(|row| row.id);
    let digests = rows.into_iter().filter(|row| row.template == "digest" || row.template == "weekly");
    digests.map(|row| (row.template, row.to.email)).collect()
}

fn told(store: &SqliteStore) -> usize {
    sent(store).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_comes_once_a_working_day_whatever_restarts() {
    let (folder, stage) = opened().await;
    let (store, policy) = (Arc::clone(&stage.store), Arc::new(stage.config.policy.clone()));
    let tick = |store: &SqliteStore, now: &str| tick(store, &policy, at(now)).expect("ticks");
    // Tuesday: peter at 7:15 has nothing to be told and gets nothing, jana at 8:00.
    assert_eq!(tick(&store, "2026-07-14T05:30:00Z"), 0);
    assert_eq!(tick(&store, "2026-07-14T05:59:59Z"), 0);
    assert_eq!(tick(&store, "2026-07-14T06:00:00Z"), 1);
    assert_eq!(sent(&store), [("digest".to_owned(), "jana@acme.example".to_owned())]);
    assert_eq!(tick(&store, "2026-07-14T06:01:00Z"), 0);
    let database = folder.path().join("state/postdesk.db");
    drop((stage, store));
    let again = SqliteStore::open(&database, Options::default()).expect("opens again");
    assert_eq!(tick(&again, "2026-07-14T06:02:00Z"), 0, "a restart sends nothing twice");
    assert_eq!(tick(&again, "2026-07-14T20:00:00Z"), 0);
    // Wednesday was missed but for its evening; Thursday altogether, and nobody makes up for it.
    assert_eq!(tick(&again, "2026-07-15T19:00:00Z"), 1);
    assert_eq!(tick(&again, "2026-07-17T05:00:00Z"), 0);
    assert_eq!(tick(&again, "2026-07-17T06:30:00Z"), 1);
    for day in ["2026-07-18T10:00:00Z", "2026-07-19T10:00:00Z", "2026-07-20T10:00:00Z"] {
        assert_eq!(tick(&again, day), 0, "nobody works on {day}");
    }
    assert_eq!(told(&again), 3);
    // A clock that was ahead does not keep it from coming.
    assert_eq!(tick(&again, "2027-07-13T09:00:00Z"), 1);
    assert_eq!(tick(&again, "2026-07-22T06:00:00Z"), 1);
    assert_eq!(tick(&again, "2026-07-22T06:01:00Z"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_none_gets_none_until_he_wants_it_again() {
    let (_folder, stage) = opened().await;
    let (store, policy) = (Arc::clone(&stage.store), Arc::new(stage.config.policy.clone()));
    let want = |off: bool, now: &str| {
        let commit = move |_: Found| {
            let mut commit =
                postdesk::model::Commit::new(postdesk::model::Action::Command, postdesk::model::Fate::Order);
            commit.moments.push((DigestKind::Daily.off("jana"), off));
            commit
        };
        let plan: Plan = Arc::new(commit);
        store.order(&Lookup::default(), &plan, at(now)).expect("is written");
    };
    want(true, "2026-07-14T05:00:00Z");
    assert_eq!(tick(store.as_ref(), &policy, at("2026-07-14T07:00:00Z")).expect("ticks"), 0);
    want(false, "2026-07-14T08:00:00Z");
    assert_eq!(tick(store.as_ref(), &policy, at("2026-07-14T09:00:00Z")).expect("ticks"), 1);
}

#[test]
fn the_week_is_told_once_on_its_day_or_the_next_on_which_somebody_works() {
    let policy = policy();
    let kinds = |now: &str| -> Vec<(DigestKind, String)> {
        due(&policy, at(now)).into_iter().map(|e| (e.kind, e.agent)).collect()
    };
    let weekly = |agent: &str| (DigestKind::Weekly, agent.to_owned());
    let is_weekly = |now: &str| kinds(now).contains(&weekly("jana"));
    assert!(!is_weekly("2026-07-13T07:29:00Z"));
    assert!(is_weekly("2026-07-13T07:30:00Z") && kinds("2026-07-13T07:30:00Z").contains(&weekly("peter")));
    assert!(!is_weekly("2026-07-14T07:30:00Z"), "Tuesday is another day");
    // The Monday after is a holiday, and peter is away.
    assert!(!is_weekly("2026-07-20T07:30:00Z"));
    assert!(!is_weekly("2026-07-21T07:29:00Z"));
    assert_eq!(kinds("2026-07-21T07:30:00Z"), [(DigestKind::Daily, "jana".to_owned()), weekly("jana")]);
    assert!(kinds("2026-07-13T07:30:00Z").iter().all(|(_, agent)| agent != "eva"), "eva is disabled");
}

#[test]
fn whoever_stands_in_hears_of_the_absent_ones_tickets() {
    let policy = policy();
    let owners = |now: &str| concerns("jana", &policy, at(now)).0;
    assert_eq!(owners("2026-07-14T10:00:00Z"), ["jana"]);
    assert_eq!(owners("2026-07-21T10:00:00Z"), ["jana", "peter"]);
    assert_eq!(concerns("jana", &policy, at("2026-07-14T10:00:00Z")).1, ["leads"]);
}

proptest! {
    /// What `next` names is due then and was not a moment before; between now and then nothing becomes due.
    #[test]
    fn next_is_the_next(hours in 0i64..24 * 120, seconds in 0i64..3600) {
        let policy = policy();
        let now = at("2026-06-25T00:00:00Z") + SignedDuration::from_secs(hours * 3600 + seconds);
        let next = next(&policy, now).expect("there is one");
        prop_assert!(next > now);
        prop_assert!(due(&policy, next).iter().any(|errand| errand.since == next));
        for step in 0..40 {
            let between = now + next.duration_since(now) * step / 40;
            prop_assert!(due(&policy, between).iter().all(|errand| errand.since <= now), "{between} of {now} to {next}");
        }
    }

    /// Each ticket lies on one pile, none that has ended does, and what is promised and over is late.
    #[test]
    fn every_ticket_lies_on_one_pile(seeds in prop::collection::vec((0usize..7, any::<bool>(), -5i64..5, any::<bool>()), 0..40)) {
        use postdesk::model::Status;
        let (policy, now) = (policy(), at("2026-07-14T06:00:00Z"));
        let mut overview = Overview::default();
        let mut expected = std::collections::BTreeMap::<Pile, usize>::new();
        for (number, (status, mine, hours, promised)) in (1001..).zip(&seeds) {
            let mut ticket = ticket(number);
            ticket.status = Status::ALL[*status];
            let due = promised.then(|| now + SignedDuration::from_hours(*hours));
            ticket.resolve_due_at = due;
            let (open, waits) = (
                matches!(ticket.status, Status::New | Status::Open),
                matches!(ticket.status, Status::Waiting | Status::Snoozed),
            );
            let pile = match (open, waits, mine) {
                (true, _, false) => Some(Pile::Unassigned),
                (true, _, true) if due.is_some_and(|due| due <= now) => Some(Pile::Late),
                (true, ..) => Some(Pile::Open),
                // Putting a ticket away does not stop its clock.
                (_, true, true) if ticket.status == Status::Snoozed && due.is_some_and(|due| due <= now) => Some(Pile::Late),
                (_, true, true) => Some(Pile::Waiting),
                _ => None,
            };
            pile.into_iter().for_each(|pile| *expected.entry(pile).or_default() += 1);
            if *mine { overview.mine.push(ticket) } else { overview.unassigned.push(ticket) }
        }
        let errand = Errand { kind: DigestKind::Daily, agent: "jana".into(), since: now };
        let decision = daily(&errand, &overview, &Found::default(), &policy, now);
        prop_assert_eq!(&decision.moments, &[("digest:jana".to_owned(), true)]);
        let piles = match decision.outgoing.first().and_then(|draft| draft.values.get("digest")) {
            Some(Value::Digest(digest)) => digest.piles.clone(),
            _ => Vec::new(),
        };
        prop_assert_eq!(decision.outgoing.is_empty(), expected.is_empty());
        let counted: std::collections::BTreeMap<Pile, usize> = piles.iter().map(|(pile, count, _)| (*pile, *count)).collect();
        prop_assert_eq!(counted, expected);
        for (_, count, lines) in &piles {
            prop_assert_eq!(lines.len(), (*count).min(15));
            let dues: Vec<_> = lines.iter().map(|line| line.due).collect();
            let known = dues.iter().take_while(|due| due.is_some()).count();
            prop_assert!(dues[..known].is_sorted() && dues[known..].iter().all(Option::is_none), "{dues:?}");
        }
    }
}

fn ticket(number: i64) -> postdesk::model::Ticket {
    use postdesk::model::{Address, Language};
    postdesk::model::Ticket {
        subject: "Tlač".into(),
        verified: true,
        entries: 1,
        ..postdesk::model::Ticket::opened(
            number,
            "podpora",
            Address::new(None, "jan@firma.example"),
            Language::Sk,
            at("2026-07-01T06:00:00Z"),
        )
    }
}

/// The last two weeks of the report that becomes due on Monday the 13th of July.
fn last_two(measured: &[Measured]) -> Vec<Week> {
    let (policy, now) = (policy(), at("2026-07-13T07:30:00Z"));
    let errand = Errand { kind: DigestKind::Weekly, agent: "jana".into(), since: now };
    let decision = weekly(&errand, measured, &Found::default(), &policy, now);
    let draft = decision.outgoing.first().expect("is sent");
    assert_eq!(draft.template, Template::Weekly);
    match draft.values.get("weeks") {
        Some(Value::Weeks(weeks)) => weeks[weeks.len() - 2..].to_vec(),
        other => panic!("{other:?}"),
    }
}

/// Of a ticket that was opened, and with which nothing happened since.
const NOTHING: Course = Course {
    status: Status::Open,
    respond_due_at: None,
    responded_at: None,
    resolve_due_at: None,
    resolved_at: None,
    stopped_at: None,
};

fn measured(created_at: &str, course: Course) -> Measured {
    Measured { created_at: at(created_at), course }
}

/// As in the report (docs/reports.md): who waits for his customer has not broken his word, and what ended before anybody had
/// to answer needed no answer.
#[test]
fn waiting_for_the_customer_misses_no_promise_of_the_weekly_mail() {
    let some = |text: &str| Some(at(text));
    let solved_by = Course { resolve_due_at: some("2026-07-08T10:00:00Z"), ..NOTHING };
    let waiting = Course { stopped_at: some("2026-07-07T10:00:00Z"), ..solved_by };
    let kept = |course: Course| {
        let [_, last] = <[Week; 2]>::try_from(last_two(&[measured("2026-07-06T06:00:00Z", course)])).expect("two");
        (last.due, last.kept)
    };
    assert_eq!(kept(solved_by), (1, 0), "its time has passed");
    assert_eq!(kept(Course { status: Status::Waiting, ..waiting }), (0, 0), "its clock stands");
    let closed = Course { status: Status::Closed, resolved_at: some("2026-07-10T10:00:00Z"), ..waiting };
    assert_eq!(kept(closed), (1, 1), "its clock stood in time, and the customer never answered");
    let unanswered = Course { respond_due_at: some("2026-07-08T10:00:00Z"), resolve_due_at: None, ..closed };
    let early = Course { resolved_at: some("2026-07-08T09:00:00Z"), ..unanswered };
    assert_eq!((kept(unanswered), kept(early)), ((1, 0), (0, 0)));
}

#[test]
fn the_numbers_of_a_week_are_those_of_its_tickets() {
    let some = |text: &str| Some(at(text));
    let measured = [
        // Friday afternoon to Monday morning: two hours of work. Answered in time, ended too late.
        measured(
            "2026-07-03T13:00:00Z",
            Course {
                status: Status::Closed,
                responded_at: some("2026-07-06T07:00:00Z"),
                respond_due_at: some("2026-07-06T07:00:00Z"),
                resolved_at: some("2026-07-08T10:00:00Z"),
                resolve_due_at: some("2026-07-08T09:59:00Z"),
                ..NOTHING
            },
        ),
        // The last minute of Sunday by the desk's clock, and the first of Monday.
        measured("2026-07-12T21:59:00Z", NOTHING),
        measured("2026-07-12T22:00:00Z", NOTHING),
        // Never answered: due and not kept.
        measured("2026-07-07T06:00:00Z", Course { respond_due_at: some("2026-07-07T10:00:00Z"), ..NOTHING }),
        // Four hours.
        measured("2026-07-09T06:00:00Z", Course { responded_at: some("2026-07-09T10:00:00Z"), ..NOTHING }),
    ];
    let [before, last] = <[Week; 2]>::try_from(last_two(&measured)).expect("two");
    assert_eq!((before.from.to_string(), last.from.to_string()), ("2026-06-29".to_owned(), "2026-07-06".to_owned()));
    assert_eq!((before.came, before.ended, before.answered, before.due), (1, 0, 0, 0));
    assert_eq!(before.kept_percent(), None);
    assert_eq!((last.came, last.ended, last.answered), (3, 1, 2));
    assert_eq!(last.first_answer, Some(SignedDuration::from_hours(2)));
    assert_eq!((last.due, last.kept, last.kept_percent()), (3, 1, Some(33)));
}

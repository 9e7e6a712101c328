//! Silence against a slow model that counts working minutes one by one: whatever people say and do, owners are reminded
//! after so many working days of it, the customer is once, and a ticket that waits in vain is closed.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use postdesk::config::{CheckFiles, parse};
use postdesk::model::calendar::Calendar;
use postdesk::model::outgoing::Template;
use postdesk::model::{Address, Decision, Found, Language, Order, OrderKind, Policy, Status, Ticket, TicketChange};
use proptest::prelude::*;

const DESK: &str = r#"
[desk]
timezone = "Europe/Bratislava"
calendar = "office"
[[mailbox]]
name = "support"
address = "podpora@acme.example"
[mailbox.maildir]
path = "in"
[outgoing.maildir]
path = "out"
[[agent]]
name = "jana"
addresses = ["jana@acme.example"]
[calendar.office]
weekdays = ["08:00-12:00", "13:00-17:00"]
holidays = [2026-10-28]
[reminders]
owner_days = 2
customer_days = 3
close_days = 5
"#;

fn policy() -> Policy {
    parse(Path::new("c.toml"), DESK, CheckFiles::None).unwrap_or_else(|m| panic!("{m:?}")).policy
}

fn start() -> Timestamp {
    // Within the week in which the clock is put back.
    "2026-10-22T06:00:00Z".parse().expect("a time")
}

fn ticket() -> Ticket {
    let mut ticket = Ticket {
        subject: "Tlač".into(),
        verified: true,
        owner: Some("jana".into()),
        entries: 1,
        ..Ticket::opened(1001, "support", Address::new(None, "jan@firma.example"), Language::Sk, start())
    };
    ticket.service.heard_at = Some(start());
    ticket
}

fn found(ticket: &Ticket) -> Found {
    Found { tickets: vec![(1001, ticket.clone())], ..Found::default() }
}

fn take(ticket: &mut Ticket, decision: Decision) -> Vec<Template> {
    if let Some(changed) = decision.tickets.into_iter().next() {
        *ticket = changed;
    }
    decision.outgoing.iter().map(|draft| draft.template).collect()
}

fn tick(ticket: &mut Ticket, policy: &Policy, now: Timestamp) -> Vec<Template> {
    let decision = postdesk::decide::clock(1001, &found(ticket), policy, now);
    take(ticket, decision)
}

/// What the desk should have done by itself, counted minute by minute.
struct Slow {
    status: Status,
    /// Working minutes without a word since the last one.
    silent: u32,
    reminded: u32,
    asked: bool,
    /// Working minutes since the customer was asked.
    since_asked: u32,
    until: Option<Timestamp>,
    did: Vec<(Timestamp, Template)>,
}

/// A working day of this calendar.
const DAY: u32 = 8 * 60;

impl Slow {
    fn word(&mut self, status: Status) {
        (self.silent, self.reminded, self.asked, self.since_asked) = (0, 0, false, 0);
        self.status = status;
    }

    /// One minute goes by; it ends at `now`.
    fn minute(&mut self, calendar: &Calendar, now: Timestamp) {
        if self.status == Status::Snoozed && self.until.is_some_and(|until| until <= now) {
            self.word(Status::Open);
            self.did.push((now, Template::NotifyReturned));
            return;
        }
        if !calendar.is_open(now - SignedDuration::from_mins(1)) {
            return;
        }
        self.silent += 1;
        self.since_asked += u32::from(self.asked);
        match self.status {
            Status::New | Status::Open if self.reminded < 3 && self.silent == 2 * DAY * (self.reminded + 1) => {
                self.reminded += 1;
                self.did.push((now, Template::NotifySilent));
            }
            Status::Waiting if !self.asked && self.silent == 3 * DAY => {
                self.asked = true;
                self.did.push((now, Template::Reminder));
            }
            Status::Waiting if self.asked && self.since_asked == 2 * DAY => {
                self.word(Status::Closed);
                self.did.push((now, Template::Closed));
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn silence_brings_about_what_the_slow_model_counts(
        happenings in proptest::collection::vec((0u8..5, 1i64..6_000), 1..10)
    ) {
        let policy = policy();
        let calendar = policy.promises.calendar("office").expect("is there").clone();
        let mut ticket = ticket();
        let mut slow = Slow {
            status: Status::New, silent: 0, reminded: 0, asked: false, since_asked: 0, until: None, did: Vec::new(),
        };
        let (mut now, mut did) = (start(), Vec::new());
        // The store wakes the clock for the first time.
        tick(&mut ticket, &policy, now);
        for (what, minutes) in happenings {
            let until = now + SignedDuration::from_mins(minutes);
            while now < until {
                now += SignedDuration::from_mins(1);
                slow.minute(&calendar, now);
            }
            while let Some(next) = ticket.service.next_at.filter(|next| *next <= now) {
                let templates = tick(&mut ticket, &policy, next);
                did.extend(templates.into_iter().map(|template| (next, template)));
                prop_assert!(ticket.service.next_at.is_none_or(|after| after > next), "the clock stands at {next}");
            }
            prop_assert_eq!(&did, &slow.did);
            let order = match what {
                0 => Some(OrderKind::Reply { text: "x".into(), attachments: Vec::new(), close: false }),
                1 => Some(OrderKind::Reopen),
                2 => Some(OrderKind::Close),
                3 => {
                    let until = now + SignedDuration::from_mins(1_000);
                    ticket.apply(&TicketChange::Snoozed { until }, now);
                    ticket.service.stopped_at = None;
                    slow.word(Status::Snoozed);
                    slow.until = Some(until);
                    None
                }
                _ => None,
            };
            if let Some(order) = order {
                let order = Order { ticket: 1001, actor: "jana".into(), what: order };
                let decision = postdesk::decide::order(&order, &found(&ticket), &policy, now);
                let before = ticket.status;
                take(&mut ticket, decision.map_err(TestCaseError::fail)?);
                // An order that changes nothing is no word.
                if before != ticket.status || matches!(order.what, OrderKind::Reply { .. }) {
                    slow.word(ticket.status);
                }
            } else if what == 3 {
                tick(&mut ticket, &policy, now);
            }
            prop_assert_eq!(ticket.status, slow.status);
        }
    }
}

/// Each of these gets nothing that no person writes; the ticket is closed all the same, and the history says why.
#[test]
fn machines_the_unproven_the_dead_and_those_who_complained_get_no_mail() {
    let policy = policy();
    let mut waiting = ticket();
    waiting.status = Status::Waiting;
    waiting.service.stopped_at = Some(start());
    let late = start() + SignedDuration::from_hours(24 * 60);
    let end = |ticket: Ticket, change: &dyn Fn(&mut Found)| {
        let (mut ticket, mut lines, mut templates) = (ticket, Vec::new(), Vec::new());
        for _ in 0..4 {
            let mut found = found(&ticket);
            change(&mut found);
            let decision = postdesk::decide::clock(1001, &found, &policy, late);
            lines.extend(decision.history.iter().map(|line| (line.change.clone(), line.because.clone())));
            templates.extend(take(&mut ticket, decision));
        }
        (ticket.status, templates, lines)
    };
    let nothing = |_: &mut Found| {};
    let (_, sent, _) = end(waiting.clone(), &nothing);
    assert_eq!(sent, [Template::Reminder], "the same moment closes nothing that was only just asked");

    let unproven = Ticket { verified: false, ..waiting.clone() };
    let noreply = Ticket { requester: Address::new(None, "no-reply@firma.example"), ..waiting.clone() };
    let mut machine = waiting.clone();
    machine.service.by_machine = true;
    for ticket in [unproven, noreply, machine] {
        let (status, sent, lines) = end(ticket, &nothing);
        assert_eq!((status, sent), (Status::Closed, vec![]));
        assert!(lines.iter().any(|(change, because)| {
            matches!(change, TicketChange::Event { what } if what == "closed without a notice") && !because.is_empty()
        }));
    }
    let dead = |found: &mut Found| found.mail_to_sender.failures = 3;
    let complained = |found: &mut Found| found.mail_to_sender.complained_at = Some(start());
    for change in [&dead as &dyn Fn(&mut Found), &complained] {
        let (_, sent, lines) = end(waiting.clone(), change);
        assert_eq!(sent, []);
        assert!(
            lines.iter().any(|(change, _)| {
                matches!(change, TicketChange::Event { what } if what == "customer not reminded")
            })
        );
    }
    // Over the budget it is put off, not left out.
    let busy = |found: &mut Found| found.acknowledged.all_hour = 200;
    let decision = {
        let mut found = found(&waiting);
        busy(&mut found);
        postdesk::decide::clock(1001, &found, &policy, late)
    };
    assert!(decision.outgoing.is_empty() && decision.history.is_empty());
    assert_eq!(decision.tickets[0].service.next_at, Some(late + SignedDuration::from_hours(1)));
    let decision = postdesk::decide::clock(1001, &found(&waiting), &policy, late);
    assert_eq!(decision.acknowledged, ["jan@firma.example"], "and counts against the budget once it leaves");
}

#[test]
fn days_that_contradict_each_other_are_a_mistake() {
    for (wrong, key) in [("close_days = 3", "reminders.close_days"), ("owner_days = 400", "reminders.owner_days")] {
        let bad = DESK.replace("close_days = 5", wrong);
        let bad = if wrong.starts_with("owner") { bad.replace("owner_days = 2\n", "") } else { bad };
        let mistakes = parse(Path::new("c.toml"), &bad, CheckFiles::None).expect_err("is refused");
        assert!(mistakes.iter().any(|m| m.key == key), "{mistakes:?}");
    }
    let never = DESK.replace("close_days = 5", "close_days = 0");
    assert!(parse(Path::new("c.toml"), &never, CheckFiles::None).is_ok());
}

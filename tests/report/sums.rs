//! Whatever the desk: sums that say the same must be the same.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use postdesk::config::{CheckFiles, parse};
use postdesk::model::Policy;
use postdesk::model::course::Course;
use postdesk::model::figures::{Gather as _, Period, TicketFact};
use postdesk::model::ticket::{EntryKind, Status};
use postdesk::report::{Gathering, Tally, percentile};
use proptest::prelude::*;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let bench = super::desk::bench();
    let path = bench.path("config.toml");
    let text = std::fs::read_to_string(&path).expect("is there");
    parse(&path, &text, CheckFiles::None).expect("is valid").policy
});

/// Minutes after the beginning of November.
fn minute(minute: i64) -> Timestamp {
    let first: Timestamp = "2026-10-31T23:00:00Z".parse().expect("a time");
    first + SignedDuration::from_mins(minute)
}

#[derive(Clone, Debug)]
struct Made {
    opened: i64,
    answered: Option<i64>,
    resolved: Option<i64>,
    due: Option<(i64, i64)>,
    names: (usize, usize, usize),
    urgent: (bool, bool),
    sla: bool,
    waits: Vec<(i64, i64)>,
    status: usize,
}

const LIVE: [Status; 4] = [Status::New, Status::Open, Status::Waiting, Status::Merged];
const NAMES: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("č")];

prop_compose! {
    fn made()(
        opened in 0i64..60_000,
        answered in proptest::option::of(0i64..20_000),
        resolved in proptest::option::of(0i64..40_000),
        due in proptest::option::of((0i64..10_000, 0i64..40_000)),
        names in (0usize..4, 0usize..4, 0usize..4),
        urgent in any::<(bool, bool)>(),
        sla in any::<bool>(),
        waits in proptest::collection::vec((0i64..3_000, 0i64..3_000), 0..3),
        status in 0usize..4,
    ) -> Made {
        Made { opened, answered, resolved, due, names, urgent, sla, waits, status }
    }
}

impl Made {
    fn fact(&self) -> TicketFact<'static> {
        let after = |minutes: i64| minute(self.opened + minutes);
        let resolved_at = self.resolved.map(after);
        let mut waits = Vec::new();
        let mut from = self.opened;
        for (gap, length) in &self.waits {
            waits.push((minute(from + gap), minute(from + gap + length)));
            from += gap + length;
        }
        TicketFact {
            opened_at: minute(self.opened),
            course: Course {
                status: if resolved_at.is_some() { Status::Closed } else { LIVE[self.status] },
                respond_due_at: self.due.map(|(respond, _)| after(respond)),
                resolve_due_at: self.due.map(|(_, resolve)| after(resolve)),
                responded_at: self.answered.map(after),
                resolved_at,
                stopped_at: resolved_at,
            },
            category: NAMES[self.names.0],
            organisation: NAMES[self.names.1],
            owner: NAMES[self.names.2],
            urgent: self.urgent.0,
            raised: self.urgent.0 && self.urgent.1,
            sla: self.sla.then_some("standard"),
            waits,
        }
    }
}

proptest! {
    #[test]
    fn sums_agree(
        tickets in proptest::collection::vec(made(), 0..60),
        mails in proptest::collection::vec((0i64..6_000, 0usize..8, 0u64..5), 0..40),
        from in 0i64..30_000,
        length in 1i64..40_000,
    ) {
        let period = Period { since: minute(from), until: minute(from + length) };
        let mut gathering = Gathering::new(&POLICY, period, minute(100_000));
        tickets.iter().for_each(|t| gathering.ticket(&t.fact()));
        let kinds = EntryKind::ALL;
        mails.iter().for_each(|(q, kind, n)| gathering.mails(minute(q * 15), kinds[*kind % kinds.len()], *n));
        let figures = gathering.figures();
        let in_it = |at: &Timestamp| period.contains(*at);
        let opened = tickets.iter().filter(|t| in_it(&t.fact().opened_at)).count() as u64;
        let resolved = tickets.iter().filter_map(|t| t.fact().course.resolved_at).filter(in_it).count() as u64;
        prop_assert_eq!(figures.totals.opened, opened);
        prop_assert_eq!(figures.totals.resolved, resolved);
        let days = &figures.days;
        prop_assert_eq!(days.iter().map(|d| d.opened).sum::<u64>(), opened);
        prop_assert_eq!(days.iter().map(|d| d.resolved).sum::<u64>(), resolved);
        prop_assert!(days.windows(2).all(|two| two[0].day.tomorrow().expect("a day") == two[1].day), "no day is left out");
        prop_assert_eq!(figures.agents.iter().map(|a| a.opened).sum::<u64>(), opened);
        prop_assert_eq!(figures.agents.iter().map(|a| a.resolved).sum::<u64>(), resolved);
        prop_assert_eq!(figures.urgency.iter().map(|u| u.tickets).sum::<u64>(), opened);
        prop_assert!(figures.urgency.iter().all(|u| u.raised <= u.called && u.called <= u.tickets));
        let sum = |tallies: &mut dyn Iterator<Item = Tally>| {
            let mut all = Tally::default();
            tallies.for_each(|tally| all.add(tally));
            all
        };
        let by_category = sum(&mut figures.by_category.iter().flat_map(|k| [k.respond, k.resolve]));
        prop_assert_eq!(by_category, sum(&mut figures.by_organisation.iter().flat_map(|k| [k.respond, k.resolve])));
        prop_assert_eq!(by_category, sum(&mut figures.agents.iter().map(|a| a.kept)));
        let times = figures.times.iter().map(|t| t.spread.count).sum::<u64>();
        let answered = tickets.iter().map(Made::fact);
        let answered = answered.filter(|f| in_it(&f.opened_at) && f.course.responded_at.is_some() && f.course.status != Status::Merged);
        prop_assert_eq!(times, answered.count() as u64 + resolved);
        for t in &figures.times {
            let s = t.spread;
            prop_assert!(0 <= s.p50 && s.p50 <= s.p75 && s.p75 <= s.p90 && s.p90 <= s.p95 && s.p95 <= s.longest);
        }
        let written = figures.hours.iter().flatten().sum::<u64>();
        prop_assert_eq!(written, figures.totals.mails.incoming);
        prop_assert_eq!(written, days.iter().map(|d| d.mails.incoming).sum::<u64>());
    }

    /// No fewer than so many percent are at most the percentile, and it is one of them.
    #[test]
    fn a_percentile_is_the_smallest_that_suffices(mut values in proptest::collection::vec(0i64..50, 1..40), percent in 1usize..=100) {
        values.sort_unstable();
        let found = percentile(&values, percent).expect("there are values");
        let up_to = |limit: i64| values.iter().filter(|v| **v <= limit).count() * 100;
        prop_assert!(up_to(found) >= percent * values.len());
        let less = values.iter().copied().filter(|v| *v < found).max();
        prop_assert!(less.is_none_or(|less| up_to(less) < percent * values.len()));
    }
}

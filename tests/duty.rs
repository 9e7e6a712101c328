//! The rota against a slow model that walks from minute to minute and hands over when the clock on the wall says so; and
//! who is woken while people are away.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use postdesk::config::{CheckFiles, parse};
use postdesk::decide;
use postdesk::model::duty::{Rota, Week};
use proptest::prelude::*;

const ZONES: [&str; 5] =
    ["Europe/Bratislava", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago"];
const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

prop_compose! {
    fn rota()(
        zone in 0..ZONES.len(), day in 0usize..7, minute in 0u16..24 * 60, people in 0usize..5,
        first in proptest::option::of(-3i64..3), alone in proptest::collection::btree_map(-2i64..12, 0usize..3, 0..4),
    ) -> Rota {
        let monday: Date = "2026-03-02".parse().expect("a day");
        let week = |n: i64| Week::of(monday.checked_add(SignedDuration::from_hours(24 * 7 * n)).expect("a day"));
        Rota {
            name: "night".into(),
            zone: TimeZone::get(ZONES[zone]).expect("bundled"),
            day: DAYS[day],
            minute,
            first: first.map(week),
            agents: (0..people).map(|n| format!("agent{n}")).collect(),
            weeks: alone.into_iter().map(|(n, who)| (week(n), format!("other{who}"))).collect::<BTreeMap<_, _>>(),
            categories: Vec::new(),
        }
    }
}

/// Walks from a time long before to `at`; at each minute at which the wall's clock stands at or behind the hand-over of
/// its day, and that day's was not made yet, the next week begins. Returns when that was last, and the Monday of its week.
fn walked(rota: &Rota, at: Timestamp) -> (Timestamp, Date) {
    let minute = SignedDuration::from_mins(1);
    let mut now = at - SignedDuration::from_hours(24 * 9);
    let mut made: Option<(Timestamp, Date)> = None;
    while now <= at {
        let wall = now.to_zoned(rota.zone.clone());
        let stands =
            u16::try_from(wall.hour()).expect("an hour") * 60 + u16::try_from(wall.minute()).expect("a minute");
        let day = wall.date();
        if day.weekday() == rota.day && stands >= rota.minute && made.is_none_or(|(_, last)| last != day) {
            // The walk may begin in the middle of such a day: what was before is not known.
            let just = (now - minute).to_zoned(rota.zone.clone());
            let before =
                u16::try_from(just.hour()).expect("an hour") * 60 + u16::try_from(just.minute()).expect("a minute");
            if just.date() != day || before < rota.minute {
                made = Some((now, day));
            }
        }
        now += minute;
    }
    let (since, day) = made.expect("nine days have every weekday");
    let monday = day.checked_sub(SignedDuration::from_hours(24 * i64::from(day.weekday().to_monday_zero_offset())));
    (since, monday.expect("a day"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_turn_is_what_the_slow_model_walks_through(rota in rota(), minutes in 0i64..60 * 24 * 60) {
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a time");
        let at = start + SignedDuration::from_mins(minutes);
        let turn = rota.turn(at);
        let (since, monday) = walked(&rota, at);
        // Where the clock is put forward over the hand-over, that is as much later; the model sees where the clock lands.
        let day = since.to_zoned(rota.zone.clone()).date();
        let wall = day.at((rota.minute / 60) as i8, (rota.minute % 60) as i8, 0, 0);
        let skipped = matches!(rota.zone.to_ambiguous_timestamp(wall).offset(), AmbiguousOffset::Gap { .. });
        let later = turn.from.duration_since(since);
        prop_assert!(later.is_zero() || skipped && later <= SignedDuration::from_hours(1), "{} {since}", turn.from);
        prop_assert!(turn.from <= at && at < turn.until);
        prop_assert_eq!(turn.week, Week::of(monday));
        let expected = rota.weeks.get(&turn.week).cloned().or_else(|| {
            let mut week = rota.first?;
            let mut n = 0;
            while week < turn.week {
                week = Week::of(date_of(week).checked_add(SignedDuration::from_hours(24 * 7)).expect("a day"));
                n += 1;
            }
            (week == turn.week && !rota.agents.is_empty()).then(|| rota.agents[n % rota.agents.len()].clone())
        });
        prop_assert_eq!(turn.agent.map(str::to_owned), expected);
    }

    /// One turn ends where the next begins, and no instant is in two.
    #[test]
    fn turns_follow_each_other_without_a_gap(rota in rota(), minutes in 0i64..60 * 24 * 60) {
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a time");
        let mut at = start + SignedDuration::from_mins(minutes);
        for _ in 0..10 {
            let (turn, next) = (rota.turn(at), rota.turn(rota.turn(at).until));
            prop_assert_eq!(turn.until, next.from);
            prop_assert!(turn.week < next.week);
            at = turn.until;
        }
    }
}

/// The Monday of a week, by its name.
fn date_of(week: Week) -> Date {
    let text = week.to_string();
    let (year, number) = text.split_once("-W").expect("a week");
    let iso =
        jiff::civil::ISOWeekDate::new(year.parse().expect("a year"), number.parse().expect("a week"), Weekday::Monday);
    iso.expect("a week").date()
}

const DESK: &str = r#"
[desk]
timezone = "Europe/Bratislava"
calendar = "office"
[[mailbox]]
address = "podpora@acme.example"
observe = true
[mailbox.maildir]
path = "in"
[[agent]]
name = "jana"
addresses = ["jana@acme.example"]
[[agent]]
name = "peter"
addresses = ["peter@acme.example"]
away = [{ from = 2026-11-11, until = 2026-11-12 }, { from = 2026-11-25, until = 2026-11-30, substitute = "eva" }]
[[agent]]
name = "eva"
addresses = ["eva@acme.example"]
[calendar.office]
weekdays = ["08:00-16:00"]
[[duty]]
name = "night"
handover = "friday 16:00"
from = 2026-11-02
agents = ["jana", "peter"]
"#;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn gaps_are_found_where_the_one_whose_week_it_is_is_away_without_a_substitute() {
    let config = parse(Path::new("c.toml"), DESK, CheckFiles::None).unwrap_or_else(|m| panic!("{m:?}"));
    let gaps = decide::gaps(&config.policy, at("2026-11-09T12:00:00Z"), 4);
    // Peter has the week of Friday the 13th: on the 11th and 12th it is still Jana's. Eva stands in from the 25th on.
    assert_eq!(gaps, []);
    let alone =
        DESK.replace("from = 2026-11-11", "from = 2026-11-16").replace("until = 2026-11-12", "until = 2026-11-17");
    let config = parse(Path::new("c.toml"), &alone, CheckFiles::None).unwrap_or_else(|m| panic!("{m:?}"));
    let gaps = decide::gaps(&config.policy, at("2026-11-09T12:00:00Z"), 4);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((gaps[0].from, gaps[0].until), (at("2026-11-15T23:00:00Z"), at("2026-11-17T23:00:00Z")));
    assert_eq!(gaps[0].instead.as_deref(), Some("jana"));
    // A rota of single weeks: what no week names is nobody's.
    let weeks = DESK.replace("from = 2026-11-02\nagents = [\"jana\", \"peter\"]", "weeks = { \"2026-W46\" = \"eva\" }");
    let config = parse(Path::new("c.toml"), &weeks, CheckFiles::None).unwrap_or_else(|m| panic!("{m:?}"));
    let gaps = decide::gaps(&config.policy, at("2026-11-13T15:00:00Z"), 2);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((gaps[0].from, gaps[0].instead.as_deref()), (at("2026-11-20T15:00:00Z"), None));
    assert!(gaps[0].because.contains("2026-W47"), "{}", gaps[0].because);
}

#[test]
fn every_mistake_in_a_rota_is_named() {
    let bad = DESK.replace("friday 16:00", "freitag 16:00").replace("[\"jana\", \"peter\"]", "[\"jana\", \"petr\"]")
        + "weeks = { \"2027-W53\" = \"eva\" }\ncategories = [\"network\"]\n[[duty]]\nagents = []\n";
    let mistakes = parse(Path::new("c.toml"), &bad, CheckFiles::None).expect_err("is refused");
    let said: Vec<String> = mistakes.iter().map(|m| format!("{} {}", m.key, m.message)).collect();
    for key in [
        "duty.handover",
        "duty.agents `petr`",
        "duty.weeks",
        "duty.categories `network`",
        "duty.from `from` is missing",
    ] {
        assert!(said.iter().any(|line| line.starts_with(key)), "{key}: {said:?}");
    }
    let never = DESK.replace("calendar = \"office\"\n", "");
    let mistakes = parse(Path::new("c.toml"), &never, CheckFiles::None).expect_err("is refused");
    assert!(mistakes[0].message.contains("never closes"), "{mistakes:?}");
}

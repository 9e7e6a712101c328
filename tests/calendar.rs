//! Working time against a slow model that looks at every minute: weekly hours with breaks, holidays, and zones whose
//! clocks are put forward and back, some of them at midnight, one of them by half an hour.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use postdesk::model::calendar::{Calendar, Hours};
use proptest::prelude::*;

const ZONES: [&str; 5] =
    ["Europe/Bratislava", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago"];

/// The clock on the wall, asked anew for each minute.
fn works(calendar: &Calendar, at: Timestamp) -> bool {
    let local = at.to_zoned(calendar.zone.clone());
    let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let day = &calendar.week[local.weekday().to_monday_zero_offset() as usize];
    !calendar.holidays.contains(&local.date())
        && day.iter().any(|h| i32::from(h.from) <= minute && minute < i32::from(h.until))
}

/// The end of the minute in which the last of so many working minutes lies.
fn slow_add(calendar: &Calendar, from: Timestamp, minutes: i64) -> Timestamp {
    let mut at = from;
    let mut left = minutes;
    while left > 0 {
        left -= i64::from(works(calendar, at));
        at += SignedDuration::from_mins(1);
    }
    at
}

fn slow_between(calendar: &Calendar, from: Timestamp, until: Timestamp) -> i64 {
    let minutes = until.duration_since(from).as_mins();
    (0..minutes).filter(|n| works(calendar, from + SignedDuration::from_mins(*n))).count() as i64
}

prop_compose! {
    fn hours()(cuts in proptest::collection::btree_set(0u16..=48, 0..6)) -> Vec<Hours> {
        let cuts: Vec<u16> = cuts.into_iter().map(|half| half * 30).collect();
        cuts.chunks_exact(2).map(|pair| Hours { from: pair[0], until: pair[1] }).collect()
    }
}

prop_compose! {
    fn calendar()(
        zone in 0..ZONES.len(),
        mut week in proptest::array::uniform7(hours()),
        holidays in proptest::collection::btree_set(0i64..420, 0..40),
    ) -> Calendar {
        if week.iter().all(Vec::is_empty) {
            week[2] = vec![Hours { from: 120, until: 240 }];
        }
        let first: Date = "2025-12-15".parse().expect("a day");
        let holidays = holidays.into_iter().map(|n| first.checked_add(SignedDuration::from_hours(24 * n)).expect("a day"));
        Calendar {
            name: "c".into(),
            zone: TimeZone::get(ZONES[zone]).expect("bundled"),
            week,
            holidays: holidays.collect(),
        }
    }
}

/// A minute of 2026, every one of them.
fn instant() -> impl Strategy<Value = Timestamp> {
    (0i64..365 * 24 * 60).prop_map(|n| {
        let year: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        year + SignedDuration::from_mins(n)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_was_laid_out_is_what_is_counted(
        calendar in calendar(),
        times in proptest::collection::vec((0i64..500_000, 0i64..100_000), 1..20),
    ) {
        let minute = |n: i64| Timestamp::from_second(1_767_225_600 + 60 * n).expect("a time");
        let laid_out = calendar.laid_out(minute(1_000), minute(400_000));
        for (from, length) in times {
            let (from, until) = (minute(from), minute(from + length));
            prop_assert_eq!(laid_out.between(from, until), calendar.between(from, until).as_secs());
            prop_assert_eq!(laid_out.between(until, from), 0);
        }
    }

    #[test]
    fn what_is_added_is_what_the_slow_model_counts(calendar in calendar(), from in instant(), minutes in 1i64..900) {
        let time = SignedDuration::from_mins(minutes);
        prop_assert_eq!(calendar.add(from, time, &[]), Some(slow_add(&calendar, from, minutes)));
    }

    #[test]
    fn what_lies_between_is_what_the_slow_model_counts(calendar in calendar(), from in instant(), hours in 0i64..400) {
        let until = from + SignedDuration::from_hours(hours);
        prop_assert_eq!(calendar.between(from, until), SignedDuration::from_mins(slow_between(&calendar, from, until)));
    }

    #[test]
    fn opening_is_the_first_working_minute(calendar in calendar(), from in instant()) {
        prop_assert_eq!(calendar.is_open(from), works(&calendar, from));
        let opens = calendar.opens(from).expect("it opens some day");
        prop_assert!(works(&calendar, opens));
        prop_assert_eq!(slow_between(&calendar, from, opens), 0);
    }

    /// Due at the end of a working minute: it counts as working time even where the desk closes then.
    #[test]
    fn due_times_lie_in_working_time(calendar in calendar(), from in instant(), minutes in 1i64..20_000) {
        let due = calendar.add(from, SignedDuration::from_mins(minutes), &[]).expect("due some day");
        prop_assert!(works(&calendar, due - SignedDuration::from_mins(1)));
        prop_assert_eq!(calendar.between(from, due), SignedDuration::from_mins(minutes));
    }

    #[test]
    fn adding_in_two_steps_is_adding_at_once(
        calendar in calendar(), from in instant(), first in 0i64..6_000, second in 0i64..6_000
    ) {
        let add = |at: Timestamp, n: i64| calendar.add(at, SignedDuration::from_mins(n), &[]).expect("due some day");
        prop_assert_eq!(add(add(from, first), second), add(from, first + second));
    }

    /// A pause moves what is due by exactly the working time in it.
    #[test]
    fn a_pause_moves_what_is_due_by_its_working_time(
        calendar in calendar(), from in instant(), minutes in 1i64..6_000, after in 0i64..6_000, lasts in 1i64..20_000
    ) {
        let pause = from + SignedDuration::from_mins(after);
        let pause = (pause, pause + SignedDuration::from_mins(lasts));
        let time = SignedDuration::from_mins(minutes);
        let (plain, paused) = (calendar.add(from, time, &[]), calendar.add(from, time, &[pause]));
        let due = plain.expect("due some day");
        let expected = match due <= pause.0 {
            true => due,
            false => calendar.add(due, calendar.between(pause.0, pause.1), &[]).expect("due some day"),
        };
        prop_assert_eq!(paused, Some(expected));
    }
}

/// The night in which the clock of Bratislava goes from 2:00 to 3:00, and the one in which it goes back.
#[test]
fn hours_at_night_are_what_the_wall_clock_shows() {
    let night = vec![Hours { from: 60, until: 240 }];
    let calendar = Calendar {
        name: "night".into(),
        zone: TimeZone::get("Europe/Bratislava").expect("bundled"),
        week: std::array::from_fn(|_| night.clone()),
        holidays: Default::default(),
    };
    let day = |from: &str, until: &str| calendar.between(from.parse().expect("a time"), until.parse().expect("a time"));
    assert_eq!(day("2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z"), SignedDuration::from_hours(3));
    assert_eq!(day("2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"), SignedDuration::from_hours(2));
    assert_eq!(day("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), SignedDuration::from_hours(4));
}

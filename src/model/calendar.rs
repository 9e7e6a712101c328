//! When somebody is there: weekly hours, holidays, a time zone; and the arithmetic of working time that follows from them.
//!
//! The desk is open exactly while the clock on its wall stands within the hours of the day. Where that clock is put
//! forward over working time, that time does not exist; where it is put back, what comes twice counts twice.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Minutes of a day: the end of its last hour.
pub const DAY_MINUTES: u16 = 24 * 60;
/// How far ahead working time is looked for: a calendar that is closed for longer has none.
const HORIZON_DAYS: i64 = 20 * 366;
/// Working time is laid out for so many days at once.
const STRETCH_DAYS: i64 = 14;

/// Working hours in minutes since midnight: `from` belongs to them, `until` does not. At most [`DAY_MINUTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    pub from: u16,
    pub until: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub name: String,
    pub zone: TimeZone,
    /// Monday first; each day's hours in their order, without overlaps.
    pub week: [Vec<Hours>; 7],
    /// Whole days in the calendar's zone.
    pub holidays: BTreeSet<Date>,
}

/// A stretch of time, its end not included.
pub type Stretch = (Timestamp, Timestamp);

impl Calendar {
    /// Every hour of every day.
    pub fn always() -> Self {
        let day = vec![Hours { from: 0, until: DAY_MINUTES }];
        Calendar {
            name: String::new(),
            zone: TimeZone::UTC,
            week: std::array::from_fn(|_| day.clone()),
            holidays: BTreeSet::new(),
        }
    }

    /// How long a working day is: the mean of the week's days that have hours.
    pub fn day_length(&self) -> SignedDuration {
        let open: Vec<i64> = self.week.iter().filter(|day| !day.is_empty()).map(|day| minutes(day)).collect();
        let days = i64::try_from(open.len()).unwrap_or(7).max(1);
        SignedDuration::from_mins(open.iter().sum::<i64>() / days)
    }

    fn hours(&self, day: Date) -> &[Hours] {
        if self.holidays.contains(&day) {
            return &[];
        }
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        self.week.get(weekday).map_or(&[], Vec::as_slice)
    }

    /// The open stretches between two instants, in their order.
    fn open(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let mut open = Vec::new();
        let mut at = from;
        // Between two changes of the zone's offset wall clock and time run alike.
        while at < until {
            let change = self.zone.following(at).next().map(|t| t.timestamp());
            let next = change.filter(|t| *t < until && *t > at).unwrap_or(until);
            let offset = self.zone.to_offset(at);
            let last = offset.to_datetime(next).date();
            let mut day = Some(offset.to_datetime(at).date());
            while let Some(date) = day.filter(|d| *d <= last) {
                for hours in self.hours(date) {
                    let midnight = offset.to_timestamp(date.to_datetime(Time::midnight()));
                    let instant = |minute: u16| {
                        let after = SignedDuration::from_mins(i64::from(minute));
                        midnight.as_ref().ok().and_then(|m| m.checked_add(after).ok()).unwrap_or(next)
                    };
                    let (start, end) = (instant(hours.from).max(at), instant(hours.until).min(next));
                    if start < end {
                        open.push((start, end));
                    }
                }
                day = date.tomorrow().ok();
            }
            at = next;
        }
        open
    }

    /// The open stretches from an instant on, up to the horizon.
    fn open_from(&self, from: Timestamp) -> impl Iterator<Item = Stretch> + '_ {
        let days = move |n: i64| from.checked_add(SignedDuration::from_hours(24 * n)).unwrap_or(Timestamp::MAX);
        (0..HORIZON_DAYS / STRETCH_DAYS)
            .flat_map(move |n| self.open(days(n * STRETCH_DAYS), days((n + 1) * STRETCH_DAYS)))
    }

    /// The first instant by which so much working time has passed, not counting what lies within `pauses` (in their
    /// order, apart from each other). None: the calendar has not that much of it. Of no or negative time: `from` itself.
    pub fn add(&self, from: Timestamp, time: SignedDuration, pauses: &[Stretch]) -> Option<Timestamp> {
        let mut left = time;
        if left <= SignedDuration::ZERO {
            return Some(from);
        }
        for stretch in self.open_from(from) {
            for (start, end) in without(stretch, pauses) {
                let length = end.duration_since(start);
                if left <= length {
                    return start.checked_add(left).ok();
                }
                left -= length;
            }
        }
        None
    }

    /// The working time between two instants; none where the second is not later.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> SignedDuration {
        self.open(from, until)
            .into_iter()
            .fold(SignedDuration::ZERO, |sum, (start, end)| sum + end.duration_since(start))
    }

    /// Somebody is there at some time of this day, which is one of the calendar's zone.
    pub fn works_on(&self, day: Date) -> bool {
        !self.hours(day).is_empty()
    }

    /// The working time of a stretch laid out once, for whoever asks often.
    pub fn laid_out(&self, from: Timestamp, until: Timestamp) -> LaidOut<'_> {
        let mut sum = 0;
        let open = self.open(from, until).into_iter().map(|(start, end)| {
            let before = sum;
            sum += end.duration_since(start).as_secs();
            (start, end, before)
        });
        LaidOut { calendar: self, from, until, open: open.collect() }
    }

    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.hours(local.date()).iter().any(|h| h.from <= minute && minute < h.until)
    }

    /// When it opens next: `at` itself while it is open.
    pub fn opens(&self, at: Timestamp) -> Option<Timestamp> {
        self.open_from(at).next().map(|(start, _)| start)
    }
}

/// See [`Calendar::laid_out`].
#[derive(Clone, Debug)]
pub struct LaidOut<'c> {
    calendar: &'c Calendar,
    from: Timestamp,
    until: Timestamp,
    /// Each open stretch, and the seconds of those before it.
    open: Vec<(Timestamp, Timestamp, i64)>,
}

impl LaidOut<'_> {
    /// The working time between two instants in seconds, as [`Calendar::between`] has it; quick within what was laid out.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> i64 {
        if from >= until {
            return 0;
        }
        if from < self.from || until > self.until {
            return self.calendar.between(from, until).as_secs();
        }
        self.elapsed(until) - self.elapsed(from)
    }

    fn elapsed(&self, at: Timestamp) -> i64 {
        let after = self.open.partition_point(|(start, ..)| *start <= at);
        let Some((start, end, before)) = after.checked_sub(1).and_then(|last| self.open.get(last)) else { return 0 };
        before + at.min(*end).duration_since(*start).as_secs()
    }
}

fn minutes(day: &[Hours]) -> i64 {
    day.iter().map(|h| i64::from(h.until.saturating_sub(h.from))).sum()
}

/// What is left of a stretch when the pauses are taken out.
fn without(stretch: Stretch, pauses: &[Stretch]) -> Vec<Stretch> {
    let (mut start, end) = stretch;
    let mut left = Vec::new();
    for (from, until) in pauses.iter().filter(|(from, until)| *from < end && *until > stretch.0) {
        if start < *from {
            left.push((start, *from));
        }
        start = start.max(*until);
    }
    if start < end {
        left.push((start, end));
    }
    left
}

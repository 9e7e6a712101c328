//! Whose week it is: a rota that hands over once a week, by the clock on a wall.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Who is woken while nobody is at the desk, week by week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rota {
    pub name: String,
    pub zone: TimeZone,
    /// When one hands over to the next: minutes since midnight of this day.
    pub day: Weekday,
    pub minute: u16,
    /// The week of the first of `agents`; before it only `weeks` counts.
    pub first: Option<Week>,
    /// Names of agents: a week each, in their order, round and round.
    pub agents: Vec<String>,
    /// Weeks that one agent has whatever the order says.
    pub weeks: BTreeMap<Week, String>,
    /// Names of the categories whose tickets it is for; empty: all.
    pub categories: Vec<String>,
}

/// A week of ISO 8601, by its Monday. A turn of a rota belongs to the week in which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(Date);

impl Week {
    pub fn of(day: Date) -> Self {
        let since = i64::from(day.weekday().to_monday_zero_offset());
        Week(day.checked_sub(since.days()).unwrap_or(day))
    }

    /// `2026-W53`; None where that year has no such week.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, week) = text.trim().split_once("-W")?;
        let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(week, 2) {
            return None;
        }
        let iso = jiff::civil::ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday).ok()?;
        Some(Week(iso.date()))
    }

    /// Weeks from another one to this one.
    fn since(self, other: Week) -> i64 {
        let days = other.0.until(self.0).map_or(0, |span| i64::from(span.get_days()));
        days.div_euclid(7)
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.0.iso_week_date();
        write!(f, "{:04}-W{:02}", iso.year(), iso.week())
    }
}

/// One agent's week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// None: nobody's.
    pub agent: Option<&'a str>,
    pub week: Week,
    pub from: Timestamp,
    /// Not included.
    pub until: Timestamp,
}

impl Rota {
    /// The turn in which an instant lies.
    pub fn turn(&self, at: Timestamp) -> Turn<'_> {
        let near = self.zone.to_datetime(at).date();
        // The clock may be put forward over the hand-over: a day more is looked at than should be needed.
        let ahead = i64::from(near.weekday().until(self.day)) + 7;
        let mut day = near.checked_add(ahead.days()).unwrap_or(near);
        let mut until = self.handover(day);
        loop {
            let Ok(before) = day.checked_sub(7.days()) else { break };
            let from = self.handover(before);
            if from <= at {
                let week = Week::of(before);
                return Turn { agent: self.agent(week), week, from, until };
            }
            (day, until) = (before, from);
        }
        Turn { agent: None, week: Week::of(near), from: at, until }
    }

    /// Where the clock leaves the hand-over out, it is as much later (RFC 5545 section 3.3.5).
    fn handover(&self, day: Date) -> Timestamp {
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        let at = day.at(i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0), 0, 0);
        self.zone.to_timestamp(at).unwrap_or(Timestamp::MAX)
    }

    fn agent(&self, week: Week) -> Option<&str> {
        let alone = self.weeks.get(&week);
        let in_order = || {
            let since = week.since(self.first?);
            let count = i64::try_from(self.agents.len()).ok().filter(|n| *n > 0)?;
            let place = usize::try_from(since.rem_euclid(count)).ok().filter(|_| since >= 0)?;
            self.agents.get(place)
        };
        alone.or_else(in_order).map(String::as_str)
    }

    /// The others, in the order in which they would have come after this one.
    pub fn after(&self, agent: &str) -> impl Iterator<Item = &str> {
        let place = self.agents.iter().position(|a| a == agent).map_or(0, |at| at + 1);
        let others = self.agents.iter().cycle().skip(place).take(self.agents.len());
        others.map(String::as_str).filter(move |a| *a != agent)
    }

    pub fn is_for(&self, category: Option<&str>) -> bool {
        self.categories.is_empty() || category.is_some_and(|c| self.categories.iter().any(|own| own == c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_those_of_iso_8601() {
        let week = |text: &str| Week::parse(text).map(|w| w.0.to_string());
        assert_eq!(week("2026-W01").as_deref(), Some("2025-12-29"));
        assert_eq!(week("2026-W53").as_deref(), Some("2026-12-28"));
        for none in ["2027-W53", "2026-W00", "2026-W1", "2026-53", "26-W10", "2026-W1a"] {
            assert_eq!(week(none), None, "{none}");
        }
        assert_eq!(Week::of("2027-01-03".parse().expect("a day")).to_string(), "2026-W53");
    }
}

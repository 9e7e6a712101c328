//! Time accounts: the hours that a customer firm has, by month, quarter or year.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::text::fold;
use super::ticket::words;

words! {
    /// For how long hours are meant.
    Per { Month = "month", Quarter = "quarter", Year = "year" }
}

impl Per {
    fn months(self) -> i8 {
        match self {
            Per::Month => 1,
            Per::Quarter => 3,
            Per::Year => 12,
        }
    }

    /// The first day of the month, quarter or year in which a day lies.
    pub fn first(self, day: Date) -> Date {
        let month = (day.month() - 1) / self.months() * self.months() + 1;
        Date::new(day.year(), month, 1).unwrap_or(day)
    }

    /// The first day of the next one.
    pub fn next(self, first: Date) -> Date {
        first.saturating_add(jiff::Span::new().months(self.months()))
    }
}

/// Hours that a firm has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The organisation's name; case and diacritics do not count.
    pub organisation: String,
    pub minutes: u32,
    pub per: Per,
}

/// All packages, and by which clock a month begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    pub all: Vec<Package>,
    pub zone: Option<TimeZone>,
}

impl Packages {
    pub fn of(&self, organisation: &str) -> Option<&Package> {
        let name = fold(organisation);
        self.all.iter().find(|package| fold(&package.organisation) == name)
    }

    /// When the month, quarter or year of a package began in which an instant lies.
    pub fn since(&self, per: Per, now: Timestamp) -> Timestamp {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let first = per.first(zone.to_datetime(now).date());
        first.to_zoned(zone).map_or(now, |day| day.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_quarters_and_years_begin_on_their_first_day() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        for (per, of, first, next) in [
            (Per::Month, "2026-11-30", "2026-11-01", "2026-12-01"),
            (Per::Quarter, "2026-12-31", "2026-10-01", "2027-01-01"),
            (Per::Quarter, "2026-01-01", "2026-01-01", "2026-04-01"),
            (Per::Year, "2026-07-15", "2026-01-01", "2027-01-01"),
        ] {
            assert_eq!((per.first(day(of)), per.next(day(first))), (day(first), day(next)), "{per} {of}");
        }
    }

    #[test]
    fn a_month_begins_at_midnight_of_the_desk() {
        let packages = Packages { all: Vec::new(), zone: TimeZone::get("Europe/Bratislava").ok() };
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(packages.since(Per::Month, at("2026-10-31T22:30:00Z")), at("2026-09-30T22:00:00Z"));
        assert_eq!(packages.since(Per::Month, at("2026-10-31T23:30:00Z")), at("2026-10-31T23:00:00Z"));
    }

    #[test]
    fn a_firm_is_found_whatever_the_accents() {
        let all = vec![Package { organisation: "Žilina s.r.o.".into(), minutes: 600, per: Per::Month }];
        let packages = Packages { all, zone: None };
        assert!(packages.of("ZILINA s.r.o.").is_some() && packages.of("Zilina").is_none());
    }
}

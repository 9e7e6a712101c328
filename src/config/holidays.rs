//! Holidays from an iCalendar file (RFC 5545): its all-day events. Yearly ones count in every year; what else repeats, or
//! begins at an hour, is no holiday that this understands, and the operator hears of it.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use toml::Spanned;

use super::mistake::Mistake;
use super::notes::Notes;

/// Largest file of holidays that is read, in bytes.
const FILE_MAX: u64 = 4 * 1024 * 1024;
/// Days that one event may last.
const EVENT_DAYS: i32 = 60;
/// Years for which a yearly event is laid out.
const YEARS: i32 = 60;
const KEY: &str = "calendar.holidays_file";

/// The days of the file; mistakes and hints go to `notes`.
pub fn read(name: &Spanned<String>, notes: &mut Notes<'_>) -> Vec<Date> {
    if !notes.looks_at_files() {
        return Vec::new();
    }
    let path = notes.path(name.get_ref());
    let text = match std::fs::metadata(&path).and_then(|m| {
        if m.len() > FILE_MAX {
            return Err(std::io::Error::other("it is larger than 4 MiB"));
        }
        std::fs::read_to_string(&path)
    }) {
        Ok(text) => text,
        Err(error) => {
            let hint = "An iCalendar file (.ics), or list the days in `holidays`";
            notes.mistake(name.span(), KEY, format!("The holidays cannot be read: {error}"), Some(hint));
            return Vec::new();
        }
    };
    let (days, strange) = days(&text);
    if days.is_empty() {
        notes.mistake(name.span(), KEY, "There is no all-day event in this file", Some("Is it an iCalendar file?"));
    }
    for what in strange {
        notes.hints.push(Mistake::about(&path, what, Some("List such days in `holidays`".to_owned())));
    }
    days
}

/// An event as far as it was read.
#[derive(Default)]
struct Event {
    line: usize,
    start: Option<Date>,
    end: Option<Date>,
    timed: bool,
    rule: Option<String>,
}

/// The holidays of an iCalendar text, and sentences about events that are none.
fn days(text: &str) -> (Vec<Date>, Vec<String>) {
    let (mut days, mut strange) = (Vec::new(), Vec::new());
    let mut event: Option<Event> = None;
    for (line, content) in unfolded(text) {
        let (name, value) = content.split_once(':').unwrap_or((&content, ""));
        let (name, params) = name.split_once(';').unwrap_or((name, ""));
        let all_day = value.len() == 8 && !params.to_ascii_uppercase().contains("VALUE=DATE-TIME");
        match (name.to_ascii_uppercase().as_str(), &mut event) {
            ("BEGIN", _) if value.eq_ignore_ascii_case("VEVENT") => event = Some(Event { line, ..Event::default() }),
            ("END", Some(_)) if value.eq_ignore_ascii_case("VEVENT") => {
                if let Some(done) = event.take() {
                    match done.days() {
                        Ok(found) => days.extend(found),
                        Err(why) => strange.push(format!("The event at line {} is no holiday: {why}", done.line)),
                    }
                }
            }
            ("DTSTART", Some(event)) if all_day => event.start = date(value),
            ("DTSTART", Some(event)) => event.timed = true,
            ("DTEND", Some(event)) if all_day => event.end = date(value),
            ("RRULE", Some(event)) => event.rule = Some(value.to_ascii_uppercase()),
            _ => {}
        }
    }
    (days, strange)
}

impl Event {
    fn days(&self) -> Result<Vec<Date>, &'static str> {
        if self.timed {
            return Err("it begins at an hour");
        }
        let start = self.start.ok_or("it has no day")?;
        // DTEND is the day after the last one (RFC 5545 section 3.6.1).
        let length = self.end.map_or(1, |end| start.until(end).map_or(1, |span| span.get_days())).max(1);
        if length > EVENT_DAYS {
            return Err("it lasts longer than 60 days");
        }
        let years = match self.rule.as_deref() {
            None => 1,
            Some(rule) if yearly(rule, start) => YEARS,
            Some(_) => return Err("it repeats in another way than every year"),
        };
        let shifted = |years: i32| {
            let first = start.checked_add(years.years()).ok()?;
            // The 29th of February comes every four years only.
            (first.day() == start.day()).then_some(first)
        };
        let firsts = (0..years).filter_map(shifted);
        Ok(firsts
            .flat_map(|first| (0..length).filter_map(move |n| first.checked_add(Span::new().days(n)).ok()))
            .collect())
    }
}

/// Every year on the same day, without an end.
fn yearly(rule: &str, start: Date) -> bool {
    let (month, day) = (format!("BYMONTH={}", start.month()), format!("BYMONTHDAY={}", start.day()));
    let parts: Vec<&str> = rule.split(';').filter(|part| !part.is_empty()).collect();
    let plain = |part: &str| {
        matches!(part, "FREQ=YEARLY" | "INTERVAL=1") || part == month || part == day || part.starts_with("WKST=")
    };
    parts.contains(&"FREQ=YEARLY") && parts.iter().all(|part| plain(part))
}

fn date(value: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| value.get(range).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    Date::new(part(0..4)?.parse().ok()?, part(4..6)?.parse().ok()?, part(6..8)?.parse().ok()?).ok()
}

/// Content lines with their first line's number; a line that begins with a space goes on with the one above (section 3.1).
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, above))) => above.push_str(rest),
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn all_day_events_are_holidays_and_others_are_named() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:2026122\r\n 4\r\nDTEND;VALUE=DATE:20261227\r\n\
            END:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\n\
            BEGIN:VEVENT\r\nDTSTART:20260505T090000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260403\r\n\
            RRULE:FREQ=MONTHLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let (days, strange) = days(text);
        for holiday in ["2026-12-24", "2026-12-25", "2026-12-26", "2026-01-01", "2040-01-01"] {
            assert!(days.contains(&day(holiday)), "{holiday}");
        }
        assert!(!days.contains(&day("2026-12-27")) && !days.contains(&day("2026-05-05")));
        assert_eq!(strange.len(), 2, "{strange:?}");
        assert!(strange[0].contains("line 11") && strange[1].contains("another way"), "{strange:?}");
    }

    #[test]
    fn a_rule_that_says_the_day_once_more_is_yearly_and_one_that_ends_is_not() {
        let with = |rule: &str| days(&format!("BEGIN:VEVENT\nDTSTART:20261225\nRRULE:{rule}\nEND:VEVENT\n"));
        assert!(with("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25").0.contains(&day("2030-12-25")));
        for rule in ["FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "FREQ=YEARLY;COUNT=2", "FREQ=YEARLY;UNTIL=20280101"] {
            assert!(with(rule).0.is_empty() && with(rule).1.len() == 1, "{rule}");
        }
    }

    #[test]
    fn the_day_of_a_leap_year_comes_in_leap_years_only() {
        let (days, _) = days("BEGIN:VEVENT\nDTSTART:20240229\nRRULE:FREQ=YEARLY\nEND:VEVENT\n");
        assert!(days.contains(&day("2028-02-29")) && !days.contains(&day("2027-02-28")));
    }
}

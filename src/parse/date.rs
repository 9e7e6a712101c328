//! `Date:` (RFC 5322 section 3.3 with the obsolete forms), read leniently.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date; None where day, month, year or time are missing or impossible.
pub fn parse(text: &str) -> Option<Zoned> {
    if let Ok(at) = text.trim().parse::<Timestamp>() {
        return Some(at.to_zoned(TimeZone::UTC));
    }
    let text = without_comments(text);
    let (mut day, mut month, mut year, mut time, mut offset) = (None, None, None, None, None);
    let tokens = text.split([' ', '\t', ',']).map(|t| t.trim_matches('"')).filter(|t| !t.is_empty());
    for token in tokens.take(20) {
        if time.is_none() && token.contains(':') {
            time = clock(token);
        } else if time.is_none() && day.is_some() && is_dotted_clock(token) {
            time = clock(&token.replace('.', ":"));
        } else if let Some((hour, _, _)) = time.as_mut().filter(|_| token.eq_ignore_ascii_case("pm")) {
            *hour = *hour % 12 + 12;
        } else if month.is_none() && token.len() >= 3 && month_of(token).is_some() {
            month = month_of(token);
        } else if let Some((d, m, y)) = dashed(token).filter(|_| month.is_none()) {
            (day, month, year) = (Some(d), Some(m), Some(y));
        } else if time.is_some() && offset.is_none() && zone(token).is_some() {
            offset = zone(token);
        } else if let Ok(number) = token.parse::<i16>() {
            if day.is_none() && token.len() <= 2 {
                day = i8::try_from(number).ok();
            } else if year.is_none() && !token.starts_with(['+', '-']) {
                year = Some(full_year(number, token.len()));
            }
        }
    }
    let (hour, minute, second) = time?;
    let local = DateTime::new(year?, month?, day?, hour, minute, second.min(59), 0).ok()?;
    let offset = Offset::from_seconds(offset.unwrap_or(0)).ok()?;
    local.to_zoned(TimeZone::fixed(offset)).ok()
}

fn without_comments(text: &str) -> String {
    let (mut out, mut depth) = (String::new(), 0u32);
    for c in text.chars().take(200) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn month_of(token: &str) -> Option<i8> {
    let head: String = token.chars().take(3).collect::<String>().to_ascii_lowercase();
    if !token.chars().all(|c| c.is_ascii_alphabetic() || c == '.') {
        return None;
    }
    (1i8..).zip(MONTHS).find(|(_, m)| *m == head).map(|(i, _)| i)
}

/// `25-Oct-2021`
fn dashed(token: &str) -> Option<(i8, i8, i16)> {
    let mut parts = token.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if day.len() == 4 {
        return Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?));
    }
    Some((day.parse().ok()?, month_of(month)?, full_year(year.parse().ok()?, year.len())))
}

/// `09.31.12`, as some locales write the time.
fn is_dotted_clock(token: &str) -> bool {
    token.split('.').count() == 3
        && token.split('.').all(|p| (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
}

fn clock(token: &str) -> Option<(i8, i8, i8)> {
    let mut parts = token.split(':').map(|p| p.split('.').next().unwrap_or(p));
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let second = parts.next().map_or(Some(0), |s| s.parse().ok())?;
    Some((hour, minute, second))
}

/// RFC 5322 section 4.3: two digits are 1950–2049, three are after 1900.
fn full_year(number: i16, digits: usize) -> i16 {
    match digits {
        1 | 2 if number < 50 => number + 2000,
        1..=3 => number.saturating_add(1900),
        _ => number,
    }
}

/// Seconds east of Greenwich.
fn zone(token: &str) -> Option<i32> {
    let name = token.to_ascii_uppercase();
    let hours = match name.as_str() {
        "UT" | "UTC" | "GMT" | "Z" => 0,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "CET" | "MEZ" | "BST" => 1,
        "CEST" | "MESZ" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" => 9,
        _ => {
            let digits = name.trim_start_matches("GMT").trim_start_matches("UTC");
            let (sign, rest) = match digits.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let rest: String = rest.chars().filter(|c| *c != ':').collect();
            if rest.is_empty() || rest.len() > 4 || !rest.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let number: i32 = rest.parse().ok()?;
            let (h, m) = if rest.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
            return Some(sign * (h * 3600 + m * 60));
        }
    };
    Some(hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        parse(text).map_or_else(|| "none".to_owned(), |z| z.timestamp().to_string())
    }

    #[test]
    fn dates_as_people_send_them() {
        for (text, utc) in [
            ("Tue, 4 Aug 2026 09:31:00 +0200", "2026-08-04T07:31:00Z"),
            ("4 Aug 26 09:31 +0200 (CEST)", "2026-08-04T07:31:00Z"),
            ("Tue, 4 Aug 2026 09:31:00 Z", "2026-08-04T09:31:00Z"),
            ("Tue, 4 Aug 2026 09:31:00 UT", "2026-08-04T09:31:00Z"),
            ("Tue Aug  4 09:31:00 2026", "2026-08-04T09:31:00Z"),
            ("Tue Aug 4 2026 09:31:00 GMT+0200", "2026-08-04T07:31:00Z"),
            ("04-Aug-2026 09:31:00", "2026-08-04T09:31:00Z"),
            ("2026-08-04T09:31:00+02:00", "2026-08-04T07:31:00Z"),
            ("2026-08-04 09:31:00", "2026-08-04T09:31:00Z"),
            ("Tue, 04 Aug 2026 09:31:00 -0430", "2026-08-04T14:01:00Z"),
            ("Tuesday, August 4, 2026 9:31 PM", "2026-08-04T21:31:00Z"),
            ("Tue, 4 Aug 2026 12:31:00 PM \"CEST\"", "2026-08-04T10:31:00Z"),
            ("Tue, 4 Aug 2026 09.31.00 +0200", "2026-08-04T07:31:00Z"),
            ("Thu, 32 Foo 2026 99:99", "none"),
            ("", "none"),
        ] {
            assert_eq!(read(text), utc, "{text}");
        }
    }
}

//! Calendars, SLAs and words of urgency: every name resolves, every duration is working time that exists.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use toml::Spanned;

use crate::model::calendar::{Calendar, DAY_MINUTES, Hours};
use crate::model::promise::{Escalate, Promises, Reminders, Sla, Step, Urgency};
use crate::model::text::fold;
use crate::model::{Category, Priority};

use super::notes::Notes;
use super::people::{People, date};
use super::settings::{one_of, timezone};
use super::{duty, file, holidays};

type Tables<T> = BTreeMap<Spanned<String>, Spanned<T>>;

/// The tables of the file that promise something.
pub struct Files<'a> {
    pub calendars: &'a Tables<file::Calendar>,
    pub slas: &'a Tables<file::Sla>,
    pub urgency: Option<Spanned<file::Urgency>>,
    pub reminders: Option<Spanned<file::Reminders>>,
    pub duty: &'a [Spanned<file::Duty>],
}

/// Keys that name an SLA or a calendar.
pub struct Named<'a> {
    pub desk: Option<&'a Spanned<String>>,
    pub calendar: Option<&'a Spanned<String>>,
    pub categories: &'a [Spanned<file::Category>],
}

pub fn promises(
    files: Files<'_>,
    named: &Named<'_>,
    settled: &[Category],
    zone: &TimeZone,
    people: &People,
    notes: &mut Notes<'_>,
) -> Promises {
    let calendars: Vec<Calendar> =
        files.calendars.iter().map(|(name, table)| calendar(name, table, zone, notes)).collect();
    let rotas = !files.duty.is_empty();
    let slas: Vec<Sla> =
        files.slas.iter().map(|(name, table)| sla(name, table, &calendars, rotas, zone, people, notes)).collect();
    let mut known = |name: Option<&Spanned<String>>, key: &str| {
        let name = name?;
        if !slas.iter().any(|s| s.name == *name.get_ref()) && !notes.broken.iter().any(|b| b.starts_with("sla.")) {
            if slas.is_empty() {
                // Not a mistake: a desk may name its service levels before it writes down what they promise.
                let hint = "Nothing is promised by it until there is a table of this name";
                notes.hint(name.span(), key, format!("There is no [sla.{}]", name.get_ref()), Some(hint));
            } else {
                notes.unknown(name, key, "an [sla.NAME]", slas.iter().map(|s| s.name.as_str()));
            }
        }
        Some(name.get_ref().clone())
    };
    let desk = known(named.desk, "desk.sla");
    for category in named.categories {
        known(category.get_ref().sla.as_ref(), "category.sla");
    }
    let urgency = urgency(files.urgency.map(Spanned::into_inner).unwrap_or_default(), notes);
    let reminders = reminders(files.reminders.map(Spanned::into_inner).unwrap_or_default(), notes);
    let own = named.calendar.and_then(|name| known_calendar(name, "desk.calendar", &calendars, notes));
    let of_sla = || slas.iter().find(|s| Some(&s.name) == desk.as_ref()).map(|s| s.calendar.clone());
    // The one without a name is open every hour of every day.
    let office = own.or_else(|| of_sla().filter(|calendar| !calendar.name.is_empty()));
    let rotas = duty::rotas(files.duty, zone, people, settled, notes);
    if let (Some(table), None, None) = (files.duty.first(), &office, named.calendar) {
        let hint = "Name a calendar in [desk] `calendar`, or in the SLA that [desk] `sla` names";
        notes.mistake(table.span(), "duty", "The desk never closes, so nobody is ever woken", Some(hint));
    }
    Promises { slas, calendars, desk, office, urgency, reminders, rotas }
}

fn known_calendar(
    name: &Spanned<String>,
    key: &str,
    calendars: &[Calendar],
    notes: &mut Notes<'_>,
) -> Option<Calendar> {
    let found = calendars.iter().find(|c| c.name == *name.get_ref()).cloned();
    if found.is_none() && !notes.broken.iter().any(|b| b.starts_with("calendar.")) {
        notes.unknown(name, key, "a [calendar.NAME]", calendars.iter().map(|c| c.name.as_str()));
    }
    found
}

fn calendar(
    name: &Spanned<String>,
    table: &Spanned<file::Calendar>,
    zone: &TimeZone,
    notes: &mut Notes<'_>,
) -> Calendar {
    let file = table.get_ref();
    let weekdays = hours(&file.weekdays, "calendar.weekdays", notes);
    let day = |own: &file::Hours, key: &str, otherwise: &[Hours], notes: &mut Notes<'_>| match own {
        Some(_) => hours(own, key, notes),
        None => otherwise.to_vec(),
    };
    let week = [
        day(&file.monday, "calendar.monday", &weekdays, notes),
        day(&file.tuesday, "calendar.tuesday", &weekdays, notes),
        day(&file.wednesday, "calendar.wednesday", &weekdays, notes),
        day(&file.thursday, "calendar.thursday", &weekdays, notes),
        day(&file.friday, "calendar.friday", &weekdays, notes),
        day(&file.saturday, "calendar.saturday", &[], notes),
        day(&file.sunday, "calendar.sunday", &[], notes),
    ];
    let broken = notes.mistakes.iter().any(|m| m.key.starts_with("calendar."));
    if week.iter().all(Vec::is_empty) && !broken {
        let hint = "Give it hours: weekdays = [\"08:00-12:00\", \"12:30-16:30\"]";
        notes.mistake(name.span(), "calendar", "Nobody is ever there by this calendar", Some(hint));
    }
    let mut days: Vec<_> = Vec::new();
    for value in file.holidays.iter().flat_map(|h| h.get_ref()) {
        match date(value.get_ref()) {
            Some(day) => days.push(day),
            None => {
                let hint = "Year, month, day: 2026-12-24; days of every year stand in a file, see `holidays_file`";
                notes.mistake(value.span(), "calendar.holidays", "This is no day", Some(hint));
            }
        }
    }
    if let Some(path) = &file.holidays_file {
        days.extend(holidays::read(path, notes));
    }
    Calendar {
        name: name.get_ref().clone(),
        zone: timezone(file.timezone.as_ref(), "calendar.timezone", notes).unwrap_or_else(|| zone.clone()),
        week,
        holidays: days.into_iter().collect(),
    }
}

/// The hours of a day, in their order and apart from each other.
fn hours(list: &file::Hours, key: &str, notes: &mut Notes<'_>) -> Vec<Hours> {
    let mut day: Vec<Hours> = Vec::new();
    for text in list.iter().flat_map(|l| l.get_ref()) {
        let read = text.get_ref().split_once('-').and_then(|(from, until)| {
            Some(Hours { from: minute(from)?, until: minute(until)? }).filter(|h| h.from < h.until)
        });
        let Some(read) = read else {
            let hint = "From and until within one day, such as \"08:00-12:00\" or \"00:00-24:00\"";
            notes.mistake(text.span(), key, "These are no hours", Some(hint));
            continue;
        };
        if day.iter().any(|h| read.from < h.until && h.from < read.until) {
            notes.mistake(text.span(), key, "These hours overlap others of the day", Some("Each hour counts once"));
            continue;
        }
        day.push(read);
    }
    day.sort_unstable();
    day
}

/// `8:30`, in minutes since midnight.
pub fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |t: &str| (t.len() <= 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u16>().ok())?;
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    Some(hour * 60 + minute).filter(|at| minute < 60 && *at <= DAY_MINUTES)
}

fn sla(
    name: &Spanned<String>,
    table: &Spanned<file::Sla>,
    calendars: &[Calendar],
    rotas: bool,
    zone: &TimeZone,
    people: &People,
    notes: &mut Notes<'_>,
) -> Sla {
    let file = table.get_ref();
    let always = || Calendar { zone: zone.clone(), ..Calendar::always() };
    let calendar = match &file.calendar {
        Some(wanted) => known_calendar(wanted, "sla.calendar", calendars, notes).unwrap_or_else(always),
        None => always(),
    };
    let day = calendar.day_length();
    let mut time = |key: &file::Key<String>, name: &str| {
        let key = key.as_ref()?;
        let time = duration(key.get_ref(), day);
        if time.is_none() {
            let hint = "Minutes, hours and days of working time, at most 366 days: \"30m\", \"4h\", \"2d\", \"1d 4h\"";
            notes.mistake(key.span(), name, "This is no duration", Some(hint));
        }
        time
    };
    let (respond, resolve, update) =
        (time(&file.respond, "sla.respond"), time(&file.resolve, "sla.resolve"), time(&file.update, "sla.update"));
    if [&file.respond, &file.resolve, &file.update].into_iter().all(Option::is_none)
        && !notes.broken.iter().any(|b| b.starts_with("sla."))
    {
        let hint = "Give it `respond`, `resolve` or `update`";
        notes.mistake(name.span(), "sla", "This SLA promises nothing", Some(hint));
    }
    let steps = file.escalate.iter().flat_map(|e| e.get_ref());
    let mut escalate: Vec<Step> = steps.filter_map(|item| step(item, people, rotas, notes)).collect();
    escalate.sort_by_key(|s| s.percent);
    Sla { name: name.get_ref().clone(), respond, resolve, update, calendar, escalate }
}

/// `1d 4h 30m`: each unit once at most, more than nothing in all.
fn duration(text: &str, day: SignedDuration) -> Option<SignedDuration> {
    let mut sum = SignedDuration::ZERO;
    for part in text.split_whitespace() {
        let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
        let number: i32 =
            number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())?.filter(|n| *n < 600_000)?;
        let unit = match unit {
            "m" => SignedDuration::from_mins(1),
            "h" => SignedDuration::from_hours(1),
            "d" => day,
            _ => return None,
        };
        sum = sum.checked_add(unit.checked_mul(number)?)?;
    }
    let longest = day.checked_mul(366)?;
    (sum > SignedDuration::ZERO && sum <= longest).then_some(sum)
}

fn step(item: &Spanned<file::Escalate>, people: &People, rotas: bool, notes: &mut Notes<'_>) -> Option<Step> {
    let file = item.get_ref();
    let percent = match &file.at {
        Some(at) => {
            let percent = at.get_ref().trim().strip_suffix('%').and_then(|n| n.trim().parse().ok());
            let percent = percent.filter(|p| (1..=1000).contains(p));
            if percent.is_none() {
                let hint = "A share of the promised time, 1% to 1000%: \"75%\"";
                notes.mistake(at.span(), "sla.escalate.at", "This is no share", Some(hint));
            }
            percent
        }
        None => {
            notes.missing(item.span(), "sla.escalate.at", "A share of the promised time: \"75%\"");
            None
        }
    };
    let what = match (&file.tell, &file.assign) {
        (Some(tell), None) if tell.get_ref() == "owner" => Some(Escalate::TellOwner),
        (Some(tell), None) if tell.get_ref() == "duty" => {
            if !rotas {
                notes.mistake(tell.span(), "sla.escalate.tell", "Nobody has the duty", Some("Add a [[duty]]"));
            }
            Some(Escalate::TellDuty)
        }
        (Some(tell), None) => people.assignee(tell, "sla.escalate.tell", notes).map(Escalate::Tell),
        (None, Some(assign)) => people.assignee(assign, "sla.escalate.assign", notes).map(Escalate::Assign),
        _ => {
            let hint = "{ at = \"75%\", tell = \"owner\" } or { at = \"150%\", assign = \"jana\" }";
            notes.mistake(item.span(), "sla.escalate", "A step has either `tell` or `assign`", Some(hint));
            None
        }
    };
    Some(Step { percent: percent?, what: what? })
}

/// A number in its range; its default where it is not there, or out of it.
pub fn within(
    key: &file::Key<u32>,
    name: &str,
    default: u32,
    range: RangeInclusive<u32>,
    notes: &mut Notes<'_>,
) -> u32 {
    match key {
        Some(k) if range.contains(k.get_ref()) => *k.get_ref(),
        Some(k) => {
            let hint = format!("{} to {}", range.start(), range.end());
            notes.mistake(k.span(), name, "Out of range", Some(&hint));
            default
        }
        None => default,
    }
}

/// Working days that anybody waits.
const DAYS_MAX: u32 = 366;

fn reminders(file: file::Reminders, notes: &mut Notes<'_>) -> Reminders {
    let default = Reminders::default();
    let mut days = |key, name, default| within(key, name, default, 0..=DAYS_MAX, notes);
    let owner_days = days(&file.owner_days, "reminders.owner_days", default.owner_days);
    let customer_days = days(&file.customer_days, "reminders.customer_days", default.customer_days);
    let close_days = days(&file.close_days, "reminders.close_days", default.close_days);
    if close_days > 0 && close_days <= customer_days {
        let place = file.close_days.or(file.customer_days).map_or(0..0, |key| key.span());
        let hint = "Whoever is reminded needs time to answer: more than `customer_days`, or 0 for never";
        let message = format!("Tickets are closed after {close_days} days, and reminded of after {customer_days}");
        notes.mistake(place, "reminders.close_days", message, Some(hint));
    }
    Reminders { owner_days, customer_days, close_days }
}

fn urgency(file: file::Urgency, notes: &mut Notes<'_>) -> Urgency {
    let default = Urgency::default();
    let percent = within(&file.percent, "urgency.percent", default.percent, 0..=100, notes);
    let of_last = within(&file.of_last, "urgency.of_last", default.of_last, 1..=100, notes);
    let mut words = if file.words.is_none() { default.words } else { Vec::new() };
    for word in file.words.iter().flat_map(|w| w.get_ref()) {
        let folded = fold(word.get_ref()).split_whitespace().collect::<Vec<_>>().join(" ");
        if folded.is_empty() {
            notes.mistake(word.span(), "urgency.words", "This word is empty", Some("It would match every mail"));
            continue;
        }
        words.push(folded);
    }
    let priorities: Vec<(&str, Priority)> = Priority::ALL.iter().map(|p| (p.word(), *p)).collect();
    let priority = file.priority.as_ref().and_then(|p| one_of(p, "urgency.priority", &priorities, notes));
    Urgency { words, percent, of_last, priority: priority.unwrap_or(default.priority) }
}

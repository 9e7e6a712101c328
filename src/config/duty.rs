//! Who is woken out of hours: every name resolves, and each rota has somebody at some time.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use toml::Spanned;

use crate::model::Category;
use crate::model::duty::{Rota, Week};

use super::file;
use super::notes::Notes;
use super::people::{People, date};
use super::promises::minute;
use super::settings::timezone;

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

pub fn rotas(
    tables: &[Spanned<file::Duty>],
    zone: &TimeZone,
    people: &People,
    categories: &[Category],
    notes: &mut Notes<'_>,
) -> Vec<Rota> {
    tables.iter().map(|table| rota(table, zone, people, categories, notes)).collect()
}

fn rota(
    table: &Spanned<file::Duty>,
    zone: &TimeZone,
    people: &People,
    categories: &[Category],
    notes: &mut Notes<'_>,
) -> Rota {
    let file = table.get_ref();
    let mut agent = |name: &Spanned<String>, key: &str| {
        let known = people.agents.iter().find(|a| a.name.eq_ignore_ascii_case(name.get_ref()));
        match known {
            Some(agent) if agent.disabled => {
                let hint = "Nobody is woken by a disabled agent";
                notes.mistake(name.span(), key, format!("`{}` is disabled", agent.name), Some(hint));
            }
            Some(_) => {}
            None => notes.unknown(name, key, "an agent", people.agents.iter().map(|a| a.name.as_str())),
        }
        known.map(|agent| agent.name.clone())
    };
    let named = file.agents.iter().flat_map(|a| a.get_ref());
    let agents: Vec<String> = named.filter_map(|name| agent(name, "duty.agents")).collect();
    let mut weeks = BTreeMap::new();
    let mut strange = Vec::new();
    for (week, name) in file.weeks.iter().flat_map(|w| w.get_ref()) {
        match Week::parse(week.get_ref()) {
            Some(week) => weeks.extend(agent(name, "duty.weeks").map(|agent| (week, agent))),
            None => strange.push(week),
        }
    }
    for week in strange {
        notes.mistake(week.span(), "duty.weeks", "This is no week", Some("Year and week of ISO 8601: \"2026-W52\""));
    }
    let first = file.from.as_ref().and_then(|value| {
        let day = date(value.get_ref());
        if day.is_none() {
            notes.mistake(value.span(), "duty.from", "This is no day", Some("Year, month, day: 2026-11-02"));
        }
        day.map(Week::of)
    });
    let broken = notes.broken.iter().any(|b| b.starts_with("duty."));
    match (&file.agents, &file.from, &file.weeks) {
        _ if broken => {}
        (None, _, None) => notes.missing(table.span(), "duty.agents", "Who has it, a week each: [\"jana\", \"peter\"]"),
        (Some(list), None, _) => {
            notes.missing(list.span(), "duty.from", "A day of the week in which the first of `agents` has the duty");
        }
        (Some(list), ..) if list.get_ref().is_empty() => {
            notes.mistake(list.span(), "duty.agents", "Nobody has the duty", Some("Name at least one agent"));
        }
        _ => {}
    }
    let (day, at) = file
        .handover
        .as_ref()
        .and_then(|h| day_and_time(h, "duty.handover", notes))
        .unwrap_or((Weekday::Monday, 8 * 60));
    Rota {
        name: file.name.as_ref().map_or_else(|| "duty".to_owned(), |n| n.get_ref().clone()),
        zone: timezone(file.timezone.as_ref(), "duty.timezone", notes).unwrap_or_else(|| zone.clone()),
        day,
        minute: at,
        first,
        agents,
        weeks,
        categories: known_categories(file, categories, notes),
    }
}

/// `monday 08:00`, at a key.
pub fn day_and_time(text: &Spanned<String>, key: &str, notes: &mut Notes<'_>) -> Option<(Weekday, u16)> {
    let lower = text.get_ref().to_ascii_lowercase();
    let read = lower.split_once(' ').and_then(|(day, time)| {
        let day = DAYS.iter().find(|(name, _)| *name == day)?.1;
        Some((day, minute(time).filter(|m| *m < crate::model::calendar::DAY_MINUTES)?))
    });
    if read.is_none() {
        let hint = "A day of the week and a time: \"monday 08:00\"";
        notes.mistake(text.span(), key, "This is no time of the week", Some(hint));
    }
    read
}

fn known_categories(file: &file::Duty, categories: &[Category], notes: &mut Notes<'_>) -> Vec<String> {
    let named = file.categories.iter().flat_map(|c| c.get_ref());
    let known = named.filter_map(|name| match categories.iter().find(|c| c.name == *name.get_ref()) {
        Some(category) => Some(category.name.clone()),
        None => {
            notes.unknown(name, "duty.categories", "a category", categories.iter().map(|c| c.name.as_str()));
            None
        }
    });
    known.collect()
}

//! When the desk tells agents by itself how things stand.

use jiff::civil::Weekday;
use toml::Spanned;

use crate::model::calendar::DAY_MINUTES;
use crate::model::digest::WeeklyAt;

use super::duty::day_and_time;
use super::file;
use super::notes::Notes;
use super::people::People;
use super::promises::minute;

/// `08:00`, in minutes since midnight.
pub fn hour(text: &Spanned<String>, key: &str, notes: &mut Notes<'_>) -> Option<u16> {
    let read = minute(text.get_ref()).filter(|minute| *minute < DAY_MINUTES);
    if read.is_none() {
        notes.mistake(text.span(), key, "This is no time of the day", Some("Hours and minutes: \"08:00\""));
    }
    read
}

/// `{ to = "jana", at = "monday 08:00" }`.
pub fn weekly(table: &Spanned<file::Weekly>, people: &People, notes: &mut Notes<'_>) -> Option<WeeklyAt> {
    let file = table.get_ref();
    let Some(to) = &file.to else {
        notes.missing(table.span(), "desk.weekly.to", "Who gets the report: an agent or a group");
        return None;
    };
    let to = people.owner(Some(to), "desk.weekly.to", notes)?;
    let at = file.at.as_ref().and_then(|at| day_and_time(at, "desk.weekly.at", notes));
    let (day, minute) = at.unwrap_or((Weekday::Monday, 8 * 60));
    Some(WeeklyAt { to, day, minute })
}

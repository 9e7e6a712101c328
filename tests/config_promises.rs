//! Calendars, SLAs and urgency in the configuration: what they come to, and every mistake in them at once.

use std::path::Path;

use jiff::SignedDuration;
use postdesk::config::{CheckFiles, Config, Mistake, parse};
use postdesk::model::Priority;
use postdesk::model::calendar::Hours;
use postdesk::model::desk::Assignee;
use postdesk::model::promise::Escalate;

const DESK: &str = r#"
[desk]
timezone = "Europe/Bratislava"
[[mailbox]]
address = "podpora@acme.example"
observe = true
[mailbox.maildir]
path = "in"
[[agent]]
name = "jana"
addresses = ["jana@acme.example"]
[[category]]
name = "network"
words = ["sieť"]
"#;

fn read(more: &str) -> Result<Config, Vec<Mistake>> {
    parse(Path::new("config.toml"), &format!("{DESK}{more}"), CheckFiles::None)
}

fn mistakes(more: &str) -> Vec<(String, String)> {
    let found = read(more).err().unwrap_or_default();
    found.into_iter().map(|m| (m.key, m.message)).collect()
}

fn one(more: &str, key: &str, message: &str) {
    assert_eq!(mistakes(more), [(key.to_owned(), message.to_owned())], "{more}");
}

#[test]
fn durations_are_working_time_of_their_calendar() {
    let text = r#"
[calendar.office]
timezone = "Europe/Ljubljana"
weekdays = ["12:30-16:30", "08:00-12:00"]
friday = ["08:00-12:00"]
saturday = []
holidays = [2026-12-24, "2026-12-25"]
[sla.standard]
respond = "30m"
resolve = "2d 1h"
calendar = "office"
escalate = [{ at = "150%", assign = "Jana" }, { at = "75%", tell = "owner" }]
[sla.always]
update = "1d"
[urgency]
words = ["SÚRNE", "ne  dela"]
priority = "urgent"
"#;
    let config = read(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let promises = &config.policy.promises;
    let office = promises.calendar("office").expect("is there");
    let morning = Hours { from: 480, until: 720 };
    assert_eq!(office.week[0], [morning, Hours { from: 750, until: 990 }]);
    assert_eq!((&office.week[4][..], office.week[5].len(), office.holidays.len()), (&[morning][..], 0, 2));
    assert_eq!(office.zone.iana_name(), Some("Europe/Ljubljana"));
    let standard = promises.sla("standard").expect("is there");
    // Four days of eight hours and one of four: 7.2 hours a day.
    assert_eq!(office.day_length(), SignedDuration::from_mins(432));
    assert_eq!(standard.resolve, Some(SignedDuration::from_mins(2 * 432 + 60)));
    assert_eq!(standard.respond, Some(SignedDuration::from_mins(30)));
    let steps: Vec<_> = standard.escalate.iter().map(|s| (s.percent, s.what.clone())).collect();
    let jana = Assignee::Agent("jana".to_owned());
    assert_eq!(steps, [(75, Escalate::TellOwner), (150, Escalate::Assign(jana))]);
    let always = promises.sla("always").expect("is there");
    assert_eq!(always.update, Some(SignedDuration::from_hours(24)));
    assert_eq!(always.calendar.zone.iana_name(), Some("Europe/Bratislava"));
    assert_eq!(promises.urgency.words, ["surne", "ne dela"]);
    assert_eq!((promises.urgency.priority, promises.urgency.budget()), (Priority::Urgent, 4));
}

#[test]
fn a_calendar_without_sense_is_named() {
    let calendar = |line: &str| format!("[calendar.office]\nweekdays = [\"08:00-16:00\"]\n{line}\n");
    for hours in ["8-16", "16:00-08:00", "08:00-24:30", "08:60-09:00", "08:00-08:00", "-08:00", "+8:00-9:00"] {
        one(&calendar(&format!("monday = [\"{hours}\"]")), "calendar.monday", "These are no hours");
    }
    let overlap = "These hours overlap others of the day";
    one(&calendar("monday = [\"08:00-12:00\", \"11:30-16:00\"]"), "calendar.monday", overlap);
    one(&calendar("holidays = [2026-12-24, \"Christmas\"]"), "calendar.holidays", "This is no day");
    one(&calendar("timezone = \"Europe/Bratislva\""), "calendar.timezone", "There is no such time zone");
    one(&calendar("mondy = []"), "calendar.office.mondy", "Unknown key `mondy`");
    one("[calendar.office]\nsunday = []\n", "calendar", "Nobody is ever there by this calendar");
}

#[test]
fn an_sla_without_sense_is_named() {
    let sla = |line: &str| format!("[sla.standard]\nrespond = \"4h\"\n{line}\n");
    for time in ["", "4", "h", "4 h", "-4h", "4w", "0m", "400d", "99999999999h", "４h", "1é"] {
        one(&sla(&format!("resolve = \"{time}\"")), "sla.resolve", "This is no duration");
    }
    one("[sla.standard]\ncalendar = \"x\"\nrespond = \"4h\"\n", "sla.calendar", "`x` is not a [calendar.NAME]");
    one("[sla.standard]\nescalate = []\n", "sla", "This SLA promises nothing");
    for at in ["75", "0%", "1001%", "%", "x%"] {
        let step = format!("escalate = [{{ at = \"{at}\", tell = \"owner\" }}]");
        one(&sla(&step), "sla.escalate.at", "This is no share");
    }
    one(&sla("escalate = [{ tell = \"owner\" }]"), "sla.escalate.at", "`at` is missing");
    one(&sla("escalate = [{ at = \"75%\" }]"), "sla.escalate", "A step has either `tell` or `assign`");
    let unknown = "`ana` is not an agent or a group";
    one(&sla("escalate = [{ at = \"75%\", tell = \"ana\" }]"), "sla.escalate.tell", unknown);
    one(&sla("escalate = [{ at = \"75%\", assign = \"ana\" }]"), "sla.escalate.assign", unknown);
}

#[test]
fn names_of_slas_resolve() {
    let sla = "[sla.standard]\nrespond = \"4h\"\n";
    let text = format!("{}{sla}", DESK.replace("[desk]", "[desk]\nsla = \"standrd\""));
    let found = parse(Path::new("config.toml"), &text, CheckFiles::None).err().unwrap_or_default();
    let found: Vec<_> = found.iter().map(|m| (m.line, m.key.as_str(), m.hint.as_deref())).collect();
    assert_eq!(found, [(3, "desk.sla", Some("Did you mean `standard`?"))]);
    // The category's table is the last one of the desk.
    one(&format!("sla = \"gold\"\n{sla}"), "category.sla", "`gold` is not an [sla.NAME]");
    assert!(read(&format!("sla = \"standard\"\n{sla}")).is_ok());
    // Service levels may be named before they are written down.
    let hints = read("sla = \"gold\"\n").expect("valid").hints;
    assert!(hints.iter().any(|h| h.key == "category.sla" && h.message.contains("[sla.gold]")), "{hints:?}");
}

#[test]
fn urgency_has_bounds() {
    one("[urgency]\npercent = 101\n", "urgency.percent", "Out of range");
    one("[urgency]\nof_last = 0\n", "urgency.of_last", "Out of range");
    one("[urgency]\nwords = [\" \"]\n", "urgency.words", "This word is empty");
    one("[urgency]\npriority = \"now\"\n", "urgency.priority", "`now` is not known here");
    let none = read("[urgency]\nwords = []\n").expect("no mistake");
    assert!(none.policy.promises.urgency.words.is_empty());
}

#[test]
fn holidays_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = |more: &str| {
        let text = format!("{DESK}[calendar.office]\nweekdays = [\"08:00-16:00\"]\nholidays_file = \"h.ics\"\n{more}");
        parse(&folder.path().join("config.toml"), &text, CheckFiles::All)
    };
    let missing = config("").expect_err("no file");
    assert!(
        missing[0].key == "calendar.holidays_file" && missing[0].message.starts_with("The holidays cannot be read")
    );
    std::fs::write(folder.path().join("h.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").expect("written");
    assert_eq!(config("").expect_err("no event")[0].message, "There is no all-day event in this file");
    let ics = "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n\
        DTSTART:20260505T090000Z\r\nEND:VEVENT\r\n";
    std::fs::write(folder.path().join("h.ics"), ics).expect("written");
    let config = config("holidays = [2026-12-24]\n").expect("no mistake");
    let days = &config.policy.promises.calendars[0].holidays;
    for day in ["2026-01-01", "2031-01-01", "2026-12-24"] {
        assert!(days.contains(&day.parse().expect("a day")), "{day}");
    }
    let hints: Vec<_> = config.hints.iter().filter(|h| h.file.ends_with("h.ics")).map(|h| h.message.as_str()).collect();
    assert_eq!(hints, ["The event at line 5 is no holiday: it begins at an hour"]);
}

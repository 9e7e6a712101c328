//! When mail usually comes to each mailbox, learned from the ledger, and whether its absence is worth a word. Nothing is
//! said before four weeks are known, and what is said can be counted again by anybody.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::store::watch::{Came, Watch};

/// Weeks looked back at.
const WEEKS: i64 = 8;
/// Fewer known weeks say nothing about what is usual.
const WEEKS_MIN: usize = 4;
/// Mails that each week, but the poorest one (it may have had a holiday), must have brought in the same hours. Where
/// fewer are usual, none is no wonder: with 5 on the average, one time in 150 none comes by chance.
const USUAL_MIN: u32 = 5;
/// Rows of the ledger read at once.
const ROWS: usize = 5_000;
const HOUR: i64 = 3_600;

/// What is known of every mailbox.
#[derive(Default)]
pub struct Usual {
    /// The last row of the ledger that was read.
    seen: i64,
    mailboxes: BTreeMap<String, Known>,
}

struct Known {
    /// Mails by the hour (since 1970, UTC) in which they reached the mailbox, of the last weeks.
    hours: BTreeMap<i64, u32>,
    first: Timestamp,
    last: Timestamp,
}

/// A mailbox is silent at a time when mail usually comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub since: Timestamp,
    /// How many mails came in the same hours of each known week, the last one first.
    pub weeks: Vec<u32>,
}

impl Silence {
    pub fn sentence(&self, mailbox: &str, now: Timestamp, zone: &TimeZone) -> String {
        let since = self.since.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let hours = now.duration_since(self.since).as_hours();
        let counts = self.weeks.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let weeks = self.weeks.len();
        format!(
            "No mail has come to mailbox {mailbox} since {since} ({hours} hours); in the same hours of the last {weeks} \
             weeks it was {counts}. Look whether mail still reaches it"
        )
    }
}

impl Usual {
    /// Reads what came into the ledger since the last call.
    ///
    /// # Errors
    /// As the store's; what was read is kept.
    pub fn learn(&mut self, store: &dyn Watch, now: Timestamp) -> crate::store::Result<()> {
        let since = weeks_before(now, WEEKS + 1);
        loop {
            let came = store.came(self.seen, since, ROWS)?;
            for one in &came {
                self.seen = one.id;
                self.add(one, since, now);
            }
            if came.len() < ROWS {
                break;
            }
        }
        let oldest = since.as_second().div_euclid(HOUR);
        for known in self.mailboxes.values_mut() {
            known.hours = known.hours.split_off(&oldest);
        }
        Ok(())
    }

    fn add(&mut self, came: &Came, since: Timestamp, now: Timestamp) {
        // A server whose clock is wrong, or an old mail that a person moved in, teaches nothing.
        if came.received_at < since || came.received_at > now {
            return;
        }
        let new = || Known { hours: BTreeMap::new(), first: came.received_at, last: came.received_at };
        let known = self.mailboxes.entry(came.mailbox.clone()).or_insert_with(new);
        *known.hours.entry(came.received_at.as_second().div_euclid(HOUR)).or_default() += 1;
        known.first = known.first.min(came.received_at);
        known.last = known.last.max(came.received_at);
    }

    /// Whether a mailbox is silent now and usually is not. Compared are the whole hours of silence with the same hours, by
    /// the clock on the wall, of the weeks before.
    pub fn silence(&self, mailbox: &str, now: Timestamp, zone: &TimeZone) -> Option<Silence> {
        let known = self.mailboxes.get(mailbox)?;
        let from = known.last.as_second().div_euclid(HOUR) + 1;
        let until = now.as_second().div_euclid(HOUR);
        // Longer ago than a week: that was said before, or this mailbox is not used any more.
        if until <= from || until - from > 7 * 24 {
            return None;
        }
        let mut weeks = Vec::new();
        for week in 1..=WEEKS {
            let (then_from, then_until) = (earlier(from, week, zone)?, earlier(until, week, zone)?);
            if then_from * HOUR < known.first.as_second() {
                break;
            }
            weeks.push(known.hours.range(then_from..then_until).map(|(_, count)| count).sum());
        }
        let mut sorted = weeks.clone();
        sorted.sort_unstable();
        let usual = weeks.len() >= WEEKS_MIN && sorted.get(1).is_some_and(|second| *second >= USUAL_MIN);
        usual.then_some(Silence { since: known.last, weeks })
    }
}

/// The hour that began so many weeks earlier by the clock on the wall.
fn earlier(hour: i64, weeks: i64, zone: &TimeZone) -> Option<i64> {
    let at = Timestamp::from_second(hour * HOUR).ok()?;
    let then: DateTime = at.to_zoned(zone.clone()).datetime().checked_sub(weeks.weeks()).ok()?;
    Some(zone.to_timestamp(then).ok()?.as_second().div_euclid(HOUR))
}

fn weeks_before(now: Timestamp, weeks: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * 7 * weeks)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Bratislava").expect("is known")
    }

    /// `a_day` mails a day, one every hour from 8 on by the clock on the wall, Monday to Friday, until (and without) `end`.
    fn office(mailbox: &str, from: &str, end: &str, a_day: i8) -> Usual {
        let mut usual = Usual::default();
        let (end, mut day) = (at(end), at(from).to_zoned(zone()).date());
        while day < end.to_zoned(zone()).date().tomorrow().expect("a day") {
            if day.weekday().to_monday_one_offset() <= 5 {
                for n in 0..a_day {
                    let received_at = day.at(8 + n, 10, 0, 0).to_zoned(zone()).expect("a time").timestamp();
                    if received_at < end {
                        let came = Came { id: 1, mailbox: mailbox.to_owned(), received_at };
                        usual.add(&came, at("2026-01-01T00:00:00Z"), end);
                    }
                }
            }
            day = day.tomorrow().expect("a day");
        }
        usual
    }

    #[test]
    fn a_morning_without_mail_is_told_once_enough_of_it_has_passed_and_says_what_was_usual() {
        // Summer time ended on 25 October: the office's hours are the wall's.
        let usual = office("support", "2026-09-01T00:00:00Z", "2026-11-16T08:00:00Z", 9);
        let silence = |now: &str| usual.silence("support", at(now), &zone());
        assert_eq!(silence("2026-11-16T08:30:00Z"), None, "Monday, half past nine: the last mail came at 8:10");
        assert_eq!(silence("2026-11-16T12:30:00Z"), None, "half past one: four hours, and four mails are few");
        assert!(silence("2026-11-16T13:05:00Z").is_some(), "five are not");
        let told = silence("2026-11-16T14:05:00Z").expect("nor are six");
        assert_eq!(told.weeks, [6; 8]);
        let sentence = told.sentence("support", at("2026-11-16T14:05:00Z"), &zone());
        assert_eq!(
            sentence,
            "No mail has come to mailbox support since 2026-11-16 08:10 (6 hours); in the same hours of the last 8 weeks it \
             was 6, 6, 6, 6, 6, 6, 6, 6. Look whether mail still reaches it"
        );
    }

    #[test]
    fn nights_and_weekends_are_silent_and_one_holiday_among_the_weeks_hides_nothing() {
        let mut usual = office("support", "2026-09-01T00:00:00Z", "2026-11-13T20:00:00Z", 9);
        for now in ["2026-11-14T03:00:00Z", "2026-11-15T22:00:00Z", "2026-11-16T07:30:00Z"] {
            assert_eq!(usual.silence("support", at(now), &zone()), None, "{now}");
        }
        assert!(usual.silence("support", at("2026-11-16T14:05:00Z"), &zone()).is_some(), "Monday afternoon is not");
        // One of these Mondays was a holiday.
        let known = usual.mailboxes.get_mut("support").expect("is known");
        let monday = at("2026-11-02T00:00:00Z").as_second() / HOUR;
        known.hours.retain(|hour, _| !(monday..monday + 24).contains(hour));
        assert!(usual.silence("support", at("2026-11-16T14:05:00Z"), &zone()).is_some());
        // Two of them: then it is no longer clear what is usual.
        let known = usual.mailboxes.get_mut("support").expect("is known");
        known.hours.retain(|hour, _| !(monday - 168..monday - 144).contains(hour));
        assert_eq!(usual.silence("support", at("2026-11-16T14:05:00Z"), &zone()), None);
    }

    #[test]
    fn a_young_desk_and_a_quiet_mailbox_are_left_alone() {
        let young = office("support", "2026-10-26T00:00:00Z", "2026-11-16T08:00:00Z", 9);
        assert_eq!(young.silence("support", at("2026-11-16T20:00:00Z"), &zone()), None);
        let quiet = office("support", "2026-09-01T00:00:00Z", "2026-11-16T08:00:00Z", 3);
        assert_eq!(quiet.silence("support", at("2026-11-16T20:00:00Z"), &zone()), None);
        assert_eq!(quiet.silence("other", at("2026-11-16T20:00:00Z"), &zone()), None);
        // A week and more: the mailbox is not used any more, or it was said every day.
        assert_eq!(quiet.silence("support", at("2026-12-24T20:00:00Z"), &zone()), None);
    }

    #[test]
    fn it_learns_from_the_ledger_and_reads_each_row_once() {
        use crate::model::{Fate, Incoming, SourceKey};
        use crate::store::sqlite::SqliteStore;
        use crate::store::{Store as _, pack};

        let store = SqliteStore::scratch().expect("opens");
        let now = at("2026-11-16T12:00:00Z");
        let put = |uid: u32, received: &str| {
            let key = SourceKey::imap("INBOX", 1, uid);
            let raw = format!("Subject: {uid}\r\n\r\n").into_bytes();
            let received_at = at(received);
            let mail = Incoming { mailbox: "support".into(), key, raw: raw.into(), received_at, truncated_from: None };
            store.quarantine(&mail, pack(&mail.raw).expect("packs"), "a test", received_at).expect("is kept");
        };
        let old = Fate::Ignored { because: "It was there before".into() };
        store.give_fate("support", &[SourceKey::imap("INBOX", 1, 90)], &old, now).expect("is given");
        put(1, "2025-01-05T10:00:00Z"); // too long ago to matter
        put(2, "2026-11-15T10:00:00Z");
        let mut usual = Usual::default();
        usual.learn(store.as_ref(), now).expect("learns");
        assert_eq!(usual.mailboxes["support"].last, at("2026-11-15T10:00:00Z"));
        put(3, "2026-11-16T10:00:00Z");
        usual.learn(store.as_ref(), now).expect("learns");
        usual.learn(store.as_ref(), now).expect("learns");
        let known = &usual.mailboxes["support"];
        assert_eq!(known.hours.values().sum::<u32>(), 2);
        assert_eq!(known.last, at("2026-11-16T10:00:00Z"));
    }
}

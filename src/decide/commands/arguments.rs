//! What stands behind a command, read: times, days, addresses, numbers, tags. Errors are for the agent who wrote it.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use crate::model::asked::WORDS_MAX;
use crate::model::checklist::ITEMS_MAX;
use crate::model::digest::DigestKind;
use crate::model::hands::{self, MINUTES_MAX, TAGS_MAX};
use crate::model::text::fold;
use crate::model::{AddrSpec, Policy};

/// As long as a ticket is put away at most.
const SNOOZE_DAYS_MAX: i64 = 366;
/// The desk's morning, where it has no office hours.
const MORNING: i8 = 8;

const HOURS: &[&str] = &[
    "h", "hod", "hodina", "hodiny", "hodin", "ura", "uri", "ure", "ur", "sat", "sata", "sati", "std", "stunde",
    "stunden", "hour", "hours", "hr", "hrs",
];
const MINUTES: &[&str] =
    &["m", "min", "mins", "minuta", "minuty", "minut", "minute", "minutes", "minuten", "minuti", "minutu"];
const DAYS: &[&str] =
    &["d", "den", "dni", "dny", "dnu", "dan", "dana", "dneva", "day", "days", "tag", "tage", "tagen", "dnov"];
const WEEKS: &[&str] =
    &["w", "t", "week", "weeks", "tyzden", "tyzdne", "tyden", "tydny", "teden", "tedna", "tjedan", "woche", "wochen"];
const TOMORROW: &[&str] = &["tomorrow", "zajtra", "zitra", "jutri", "sutra", "morgen"];

const ON: &[&str] = &["on", "zapni", "zapnut", "zapnout", "vklopi", "ukljuci", "an", "ein"];
const OFF: &[&str] = &["off", "vypni", "vypnut", "vypnout", "izklopi", "iskljuci", "aus"];
const DAILY: &[&str] = &["", "daily", "denny", "denni", "dnevni", "taglich", "taeglich"];
const WEEKLY: &[&str] = &["weekly", "tyzdenny", "tydenni", "tedenski", "tjedni", "wochentlich", "woechentlich"];

/// `2`, `1, 3`, `2-4`: numbers of a checklist's items, each once.
pub fn items(text: &str) -> Result<Vec<usize>, String> {
    let wrong = || format!("{text:?} names no items: #done 2, #done 1 3, #done 2-4");
    let mut items = std::collections::BTreeSet::new();
    for part in text.split([',', ' ', ';', '\t', '\u{a0}']).filter(|part| !part.is_empty()) {
        let (from, until) = part.split_once(['-', '–']).unwrap_or((part, part));
        let read = |number: &str| {
            let number = number.trim_start_matches('#').trim_end_matches('.');
            number.parse::<usize>().ok().filter(|n| (1..=ITEMS_MAX).contains(n)).ok_or_else(wrong)
        };
        items.extend(read(from)?..=read(until)?);
    }
    if items.is_empty() && !text.trim().is_empty() { Err(wrong()) } else { Ok(items.into_iter().collect()) }
}

/// `off`, `off weekly`: which digest, and whether it is wanted.
pub fn digest(text: &str) -> Result<(DigestKind, bool), String> {
    let folded = fold(text);
    let (wish, which) = folded.trim().split_once(char::is_whitespace).unwrap_or((folded.trim(), ""));
    let wish = match wish {
        w if ON.contains(&w) => Some(true),
        w if OFF.contains(&w) => Some(false),
        _ => None,
    };
    let kind = match which.trim() {
        w if DAILY.contains(&w) => Some(DigestKind::Daily),
        w if WEEKLY.contains(&w) => Some(DigestKind::Weekly),
        _ => None,
    };
    kind.zip(wish).ok_or_else(|| format!("{text:?} says nothing to it: #digest on, #digest off, or #digest off weekly"))
}

/// `1h30m` → [(1, "h"), (30, "m")], folded; numbers may have one place after a comma or a point: `1,5h` is (1.5, "h").
fn amounts(text: &str) -> Option<Vec<(f64, String)>> {
    let mut out: Vec<(f64, String)> = Vec::new();
    let folded = fold(text);
    let mut rest = folded.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let number: f64 = number.replace(',', ".").parse().ok()?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        out.push((number, unit.to_owned()));
        rest = after.trim_start_matches(['.', ' ', '\t', '\u{a0}']).trim();
    }
    (!out.is_empty() && out.len() <= 3).then_some(out)
}

/// Minutes, as people write them: `25m`, `1h30m`, `1:30`, `1,5 h`, `25`.
pub fn minutes(text: &str) -> Result<u32, String> {
    let how = || format!("{text:?} is no time: write it like 25m, 1h30m or 1:30");
    let clock = text.split_once(':').and_then(|(h, m)| {
        let (h, m): (u32, u32) = (h.trim().parse().ok()?, m.trim().parse().ok()?);
        (m < 60).then(|| h.checked_mul(60)?.checked_add(m))?
    });
    let added = || {
        let mut sum = 0.0;
        for (number, unit) in amounts(text)? {
            sum += match unit.as_str() {
                "" => number,
                u if MINUTES.contains(&u) => number,
                u if HOURS.contains(&u) => number * 60.0,
                _ => return None,
            };
        }
        Some(sum.round())
    };
    let minutes = clock.map(f64::from).or_else(added).ok_or_else(how)?;
    if (1.0..=f64::from(MINUTES_MAX)).contains(&minutes) {
        // In bounds, and rounded.
        Ok(minutes as u32)
    } else {
        Err(format!("{text:?} is less than a minute, or more than a day"))
    }
}

/// Until when a ticket is put away: so many hours, or the morning of a day.
pub fn until(text: &str, policy: &Policy, now: Timestamp) -> Result<Timestamp, String> {
    let how = || format!("{text:?} is no time: write it like 2d, 3h, 1w, tomorrow or 2026-12-01");
    let here = now.to_zoned(policy.desk.timezone.clone());
    let until = match amounts(text).as_deref() {
        _ if TOMORROW.contains(&fold(text.trim()).as_str()) => morning(policy, here.date().tomorrow().ok()),
        Some([(number, unit)]) if HOURS.contains(&unit.as_str()) => {
            let hours = SignedDuration::try_from_secs_f64(number * 3600.0).ok();
            hours.and_then(|hours| now.checked_add(hours).ok())
        }
        Some([(number, unit)]) if number.fract() == 0.0 => {
            // Past the bound below in any case, and then refused.
            let number = (*number).min(10_000.0) as i64;
            let days = match unit.as_str() {
                u if DAYS.contains(&u) => number,
                u if WEEKS.contains(&u) => number * 7,
                _ => return date(text, &here).ok_or_else(how).and_then(|day| ahead(morning(policy, Some(day)), now)),
            };
            morning(policy, here.date().checked_add(days.days()).ok())
        }
        _ => morning(policy, Some(date(text, &here).ok_or_else(how)?)),
    };
    ahead(until, now)
}

fn ahead(until: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, String> {
    match until {
        Some(at) if at <= now => Err("that time has passed".to_owned()),
        Some(at) if at.duration_since(now).as_hours() <= SNOOZE_DAYS_MAX * 24 => Ok(at),
        _ => Err("that is more than a year away".to_owned()),
    }
}

/// `2026-12-01`, `1.12.2026`, `1. 12.`: without a year, the next such day.
fn date(text: &str, here: &Zoned) -> Option<Date> {
    let text = text.trim();
    if let Ok(day) = text.parse::<Date>() {
        return Some(day);
    }
    let parts: Vec<&str> = text.split('.').map(str::trim).collect();
    let (day, month, year) = match parts.as_slice() {
        [day, month] | [day, month, ""] => (day, month, None),
        [day, month, year] => (day, month, Some(year.parse::<i16>().ok().filter(|y| *y > 1999)?)),
        _ => return None,
    };
    let of = |year: i16| Date::new(year, month.parse().ok()?, day.parse().ok()?).ok();
    match year {
        Some(year) => of(year),
        None => of(here.year()).filter(|d| *d > here.date()).or_else(|| of(here.year().checked_add(1)?)),
    }
}

/// When the desk opens on a day, or on the first one after it on which it does.
fn morning(policy: &Policy, day: Option<Date>) -> Option<Timestamp> {
    let zone = policy.desk.timezone.clone();
    match &policy.promises.office {
        Some(office) => {
            let midnight = day?.to_zoned(zone).ok()?.timestamp();
            let second = SignedDuration::from_secs(1);
            office.add(midnight, second, &[])?.checked_sub(second).ok()
        }
        None => Some(day?.at(MORNING, 0, 0, 0).to_zoned(zone).ok()?.timestamp()),
    }
}

/// The number of a ticket as people have it at hand: `1042`, `#1042`, `ACME-1042`, `[ACME-1042-k7q2m9xf]`.
pub fn number(text: &str) -> Result<i64, String> {
    let bare = text.trim().trim_start_matches(['#', '[']).trim_end_matches(']');
    let mut parts = bare.split('-');
    let first = parts.next().unwrap_or_default();
    let digits = if first.bytes().all(|b| b.is_ascii_digit()) { first } else { parts.next().unwrap_or_default() };
    let digits = Some(digits).filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| format!("{text:?} is no ticket's number: write it like 1042"))
}

/// Words to be found.
pub fn find(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_alphanumeric) {
        true => Ok(text.chars().take(WORDS_MAX).collect()),
        false => Err("#find needs words: #find printer E-04".to_owned()),
    }
}

pub fn address(text: &str) -> Result<AddrSpec, String> {
    // Clients make links of addresses: `jan@firma.example <mailto:jan@firma.example>`.
    let written = text.split_once("<mailto:").map_or(text, |(before, link)| match before.trim() {
        "" => link.trim_end_matches('>'),
        shown => shown,
    });
    let bare = written.trim().trim_matches(['<', '>']).trim();
    AddrSpec::parse(bare).map_err(|_| format!("{text:?} is no address"))
}

/// The address of a customer, or of somebody else outside: no agent's, none of the desk's own.
pub fn outsider(text: &str, policy: &Policy) -> Result<AddrSpec, String> {
    let address = address(text)?;
    if policy.own_address(&address).is_some() {
        return Err(format!("{address} is the desk's own address"));
    }
    match policy.agent_by_address(&address) {
        Some(agent) => Err(format!("{address} is {}'s: agents are no customers here", agent.name)),
        None => Ok(address),
    }
}

/// Tags to set, and, with a minus before them, to take off.
pub fn tags(text: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for written in text.split([',', ';', ' ', '\t', '\u{a0}']).filter(|w| !w.is_empty()) {
        let (list, bare) = match written.strip_prefix(['-', '−', '–']) {
            Some(bare) => (&mut off, bare),
            None => (&mut on, written.trim_start_matches(['+', '#'])),
        };
        let bare = bare.trim_start_matches('#');
        list.push(hands::tag(bare).ok_or_else(|| format!("{written:?} is no tag: one word of letters and digits"))?);
    }
    match on.len() + off.len() {
        0 => Err("#tag needs a tag: one word".to_owned()),
        n if n > TAGS_MAX => Err(format!("a ticket has at most {TAGS_MAX} tags")),
        _ => Ok((on, off)),
    }
}

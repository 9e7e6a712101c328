//! Figures as tables, the same for a terminal, a pipe, JSON, CSV and the page.

use jiff::civil::Date;

use super::figures::{Account, Basis, Day, Figures, Kept, Measure, Tally, share};

/// A table with a name.
#[derive(Clone, Debug)]
pub struct Section {
    /// By which programs know it.
    pub key: &'static str,
    pub title: &'static str,
    /// What is counted, in a sentence.
    pub note: &'static str,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// By which programs know it.
    pub key: &'static str,
    pub title: &'static str,
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a row is about; these columns come first.
    Label,
    Count,
    /// From 0 to 1.
    Share,
    /// Seconds.
    Time,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Count(u64),
    Share(f64),
    Seconds(i64),
    None,
}

/// How many days of the calendar a row of the volume stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Day,
    /// From Monday on.
    Week,
    Month,
}

impl Span {
    /// What people can take in of so many days.
    pub fn readable(days: usize) -> Self {
        match days {
            0..=45 => Span::Day,
            46..=400 => Span::Week,
            _ => Span::Month,
        }
    }

    /// The first day of the span in which a day lies.
    fn first(self, day: Date) -> Date {
        match self {
            Span::Day => day,
            Span::Week => day.saturating_sub(jiff::Span::new().days(i64::from(day.weekday().to_monday_zero_offset()))),
            Span::Month => day.first_of_month(),
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Span::Day => "day",
            Span::Week => "week of",
            Span::Month => "month of",
        }
    }
}

/// Days put together.
pub fn spans(days: &[Day], span: Span) -> Vec<Day> {
    let mut spans: Vec<Day> = Vec::new();
    for day in days {
        let first = span.first(day.day);
        match spans.last_mut().filter(|last| last.day == first) {
            Some(last) => {
                last.opened += day.opened;
                last.resolved += day.resolved;
                last.mails.add(day.mails);
            }
            None => spans.push(Day { day: first, ..*day }),
        }
    }
    spans
}

/// All tables of a report, those without rows too. `span`: for how long a row of the volume stands.
pub fn sections(figures: &Figures, span: Span) -> Vec<Section> {
    vec![
        totals(figures),
        volume(figures, span),
        hours(figures),
        times(figures),
        kept("slaByCategory", "SLA kept by category", "category", &figures.by_category),
        kept("slaByOrganisation", "SLA kept by organisation", "organisation", &figures.by_organisation),
        agents(figures),
        urgency(figures),
        articles(figures),
        accounts(figures),
        undelivered(figures),
    ]
}

const fn column(key: &'static str, title: &'static str, kind: Kind) -> Column {
    Column { key, title, kind }
}

const fn label(key: &'static str) -> Column {
    column(key, key, Kind::Label)
}

const fn count(key: &'static str, title: &'static str) -> Column {
    column(key, title, Kind::Count)
}

fn name(name: &Option<String>) -> Value {
    name.clone().map_or(Value::None, Value::Text)
}

fn part(share: Option<f64>) -> Value {
    share.map_or(Value::None, Value::Share)
}

fn totals(figures: &Figures) -> Section {
    let totals = &figures.totals;
    let count = |what: &str, count| vec![Value::Text(what.to_owned()), Value::Count(count)];
    Section {
        key: "totals",
        title: "In all",
        note: "Live tickets are those of now, whenever they were opened.",
        columns: vec![label("what"), self::count("count", "count")],
        rows: vec![
            count("tickets opened", totals.opened),
            count("tickets resolved", totals.resolved),
            count("tickets live now", totals.live),
            count("tickets with articles offered", totals.offered),
            count("tickets answered by an article", totals.helped),
            count("mails from people", totals.mails.incoming),
            count("mails from machines", totals.mails.automatic),
            count("answers by agents", totals.mails.answers),
            count("mails by the desk itself", totals.mails.by_desk),
        ],
    }
}

fn volume(figures: &Figures, span: Span) -> Section {
    let row = |d: &Day| {
        let counts = [d.opened, d.resolved, d.mails.incoming, d.mails.automatic, d.mails.answers, d.mails.by_desk];
        std::iter::once(Value::Text(d.day.to_string())).chain(counts.map(Value::Count)).collect()
    };
    Section {
        key: "volume",
        title: "Volume",
        note: "Tickets opened, and those resolved that still are; mails on tickets.",
        columns: vec![
            column("day", span.title(), Kind::Label),
            count("opened", "opened"),
            count("resolved", "resolved"),
            count("mailsIn", "mails in"),
            count("automatic", "by machines"),
            count("answers", "answers"),
            count("byDesk", "by the desk"),
        ],
        rows: spans(&figures.days, span).iter().map(row).collect(),
    }
}

const WEEKDAYS: [(&str, &str); 7] = [
    ("monday", "Mon"),
    ("tuesday", "Tue"),
    ("wednesday", "Wed"),
    ("thursday", "Thu"),
    ("friday", "Fri"),
    ("saturday", "Sat"),
    ("sunday", "Sun"),
];

/// Names of the weekdays as they stand in tables, Monday first.
pub fn weekdays() -> [&'static str; 7] {
    WEEKDAYS.map(|(_, title)| title)
}

fn hours(figures: &Figures) -> Section {
    let row = |hour: usize| {
        let counts = figures.hours.iter().map(|day| Value::Count(day.get(hour).copied().unwrap_or_default()));
        std::iter::once(Value::Text(format!("{hour:02}:00"))).chain(counts).collect()
    };
    let any = figures.hours.iter().flatten().any(|count| *count > 0);
    Section {
        key: "hours",
        title: "When people write",
        note: "Mails from people by weekday and hour of the desk's clock.",
        columns: std::iter::once(label("hour")).chain(WEEKDAYS.map(|(key, title)| count(key, title))).collect(),
        rows: if any { (0..24).map(row).collect() } else { Vec::new() },
    }
}

impl Measure {
    pub fn words(self) -> &'static str {
        match self {
            Measure::FirstResponse => "first response",
            Measure::Resolution => "resolution",
        }
    }
}

impl std::fmt::Display for Basis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Basis::Working { sla, calendar } if calendar.is_empty() => write!(f, "SLA {sla}, around the clock"),
            Basis::Working { sla, calendar } => write!(f, "SLA {sla}, working time of calendar {calendar}"),
            Basis::Wall { sla: None } => write!(f, "no SLA, wall time"),
            Basis::Wall { sla: Some(sla) } => write!(f, "SLA {sla} (no longer configured), wall time"),
        }
    }
}

impl Basis {
    /// Where there is little room.
    pub fn short(&self) -> String {
        match self {
            Basis::Working { sla, .. } => format!("SLA {sla}"),
            Basis::Wall { sla: None } => "no SLA (wall time)".to_owned(),
            Basis::Wall { sla: Some(sla) } => format!("{sla} (wall time)"),
        }
    }
}

fn times(figures: &Figures) -> Section {
    let rows = figures.times.iter().map(|t| {
        let s = &t.spread;
        let times = [s.p50, s.p75, s.p90, s.p95, s.longest].map(Value::Seconds);
        let head = [Value::Text(t.measure.words().to_owned()), Value::Text(t.basis.to_string()), Value::Count(s.count)];
        head.into_iter().chain(times).collect()
    });
    let time = |key, title| column(key, title, Kind::Time);
    Section {
        key: "times",
        title: "How long it took",
        note: "First responses on tickets opened in the period; resolutions in it. Half of the tickets took no longer than \
               50%, nine of ten no longer than 90%. Working time leaves out what the customer took to answer.",
        columns: vec![
            label("what"),
            label("clock"),
            count("tickets", "tickets"),
            time("p50Seconds", "50%"),
            time("p75Seconds", "75%"),
            time("p90Seconds", "90%"),
            time("p95Seconds", "95%"),
            time("longestSeconds", "longest"),
        ],
        rows: rows.collect(),
    }
}

fn kept(key: &'static str, title: &'static str, of: &'static str, rows: &[Kept]) -> Section {
    let tally = |t: &Tally| [part(t.share()), Value::Count(t.kept), Value::Count(t.missed), Value::Count(t.running)];
    let row = |kept: &Kept| {
        std::iter::once(name(&kept.name)).chain(tally(&kept.respond)).chain(tally(&kept.resolve)).collect()
    };
    Section {
        key,
        title,
        note: "Promises of tickets opened in the period: kept, missed, or not yet due. The share is of those that were decided.",
        columns: vec![
            label(of),
            column("respondShare", "answered in time", Kind::Share),
            count("respondKept", "kept"),
            count("respondMissed", "missed"),
            count("respondRunning", "not due"),
            column("resolveShare", "resolved in time", Kind::Share),
            count("resolveKept", "kept"),
            count("resolveMissed", "missed"),
            count("resolveRunning", "not due"),
        ],
        rows: rows.iter().map(row).collect(),
    }
}

fn agents(figures: &Figures) -> Section {
    let rows = figures.agents.iter().map(|a| {
        let counts = [a.live, a.opened, a.resolved].map(Value::Count);
        let promises = [Value::Count(a.kept.kept), Value::Count(a.kept.missed), part(a.kept.share())];
        let booked = [minutes(a.minutes)];
        std::iter::once(name(&a.name)).chain(counts).chain(promises).chain(booked).collect()
    });
    Section {
        key: "agents",
        title: "Load by agent",
        note: "Whose tickets are now; tickets opened and resolved in the period count for whoever has them now.",
        columns: vec![
            label("agent"),
            count("live", "live now"),
            count("opened", "opened"),
            count("resolved", "resolved"),
            count("kept", "promises kept"),
            count("missed", "missed"),
            column("share", "in time", Kind::Share),
            column("bookedSeconds", "booked", Kind::Time),
        ],
        rows: rows.collect(),
    }
}

fn urgency(figures: &Figures) -> Section {
    let rows = figures.urgency.iter().map(|u| {
        let counts = [u.tickets, u.called, u.raised].map(Value::Count);
        std::iter::once(name(&u.organisation)).chain(counts).chain([part(share(u.called, u.tickets))]).collect()
    });
    Section {
        key: "urgency",
        title: "Urgent by organisation",
        note: "Of the tickets opened in the period those that their customers called urgent, and whose priority that raised.",
        columns: vec![
            label("organisation"),
            count("tickets", "tickets"),
            count("called", "called urgent"),
            count("raised", "raised"),
            column("share", "share", Kind::Share),
        ],
        rows: rows.collect(),
    }
}

fn articles(figures: &Figures) -> Section {
    let rows = figures.articles.iter().map(|a| {
        let share = part(share(a.helped, a.offered));
        vec![Value::Text(a.name.clone()), Value::Count(a.offered), Value::Count(a.helped), share]
    });
    Section {
        key: "articles",
        title: "Answered by an article",
        note: "On how many tickets opened in the period an article was offered, and how many of their customers then said that \
               it is solved, before an agent answered. Of several that were offered each counts.",
        columns: vec![
            label("article"),
            count("offered", "offered"),
            count("solved", "solved"),
            column("share", "share", Kind::Share),
        ],
        rows: rows.collect(),
    }
}

fn minutes(minutes: u64) -> Value {
    Value::Seconds(i64::try_from(minutes.saturating_mul(60)).unwrap_or(i64::MAX))
}

fn accounts(figures: &Figures) -> Section {
    let row = |a: &Account| {
        let of_package =
            |value: fn(u64, u64) -> u64| a.package.map_or(Value::None, |(_, has)| minutes(value(has, a.minutes)));
        vec![
            name(&a.organisation),
            a.package.map_or(Value::None, |(first, _)| Value::Text(first.to_string())),
            minutes(a.minutes),
            of_package(|has, _| has),
            of_package(|has, booked| has.saturating_sub(booked)),
            of_package(|has, booked| booked.saturating_sub(has)),
        ]
    };
    let time = |key, title| column(key, title, Kind::Time);
    Section {
        key: "accounts",
        title: "Time accounts",
        note: "Time booked in the period. Of firms that have hours: what was booked of them since the month, quarter or year began, \
               up to the period's end, what is left, and by how much they are used up and more.",
        columns: vec![
            label("organisation"),
            label("since"),
            time("bookedSeconds", "booked"),
            time("hoursSeconds", "of"),
            time("leftSeconds", "left"),
            time("overSeconds", "over"),
        ],
        rows: figures.accounts.iter().map(row).collect(),
    }
}

fn undelivered(figures: &Figures) -> Section {
    let rows = figures
        .undelivered
        .iter()
        .map(|u| vec![Value::Text(u.domain.clone()), Value::Count(u.came_back), Value::Count(u.given_up)]);
    Section {
        key: "bounces",
        title: "Bounces",
        note: "Mails of the desk that came back in the period, and those that no server took, by the recipients' domain.",
        columns: vec![label("domain"), count("cameBack", "came back"), count("givenUp", "given up")],
        rows: rows.collect(),
    }
}

/// A length of time in words: `12 min`, `3 h 05 min`, `52 h`.
pub fn duration(seconds: i64) -> String {
    let minutes = (seconds + 30) / 60;
    match minutes {
        0 if seconds <= 0 => "0".to_owned(),
        0 => "< 1 min".to_owned(),
        1..60 => format!("{minutes} min"),
        60..2_400 if minutes % 60 == 0 => format!("{} h", minutes / 60),
        60..2_400 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} h", (minutes + 30) / 60),
    }
}

/// A share as people read it: whole percents, but all and nothing only where it is all or nothing.
pub fn percent(share: f64) -> String {
    let percent = (share * 100.0).round();
    match () {
        () if percent >= 100.0 && share < 1.0 => "> 99 %".to_owned(),
        () if percent <= 0.0 && share > 0.0 => "< 1 %".to_owned(),
        () => format!("{percent:.0} %"),
    }
}

impl Value {
    /// As people read it in a column of this kind.
    pub fn words(&self, kind: Kind) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Count(count) => count.to_string(),
            Value::Share(share) => percent(*share),
            Value::Seconds(seconds) => duration(*seconds),
            Value::None if kind == Kind::Label => "(none)".to_owned(),
            Value::None => "–".to_owned(),
        }
    }

    /// As programs read it: a share with four places, a time in seconds, nothing where there is nothing.
    pub fn plain(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Count(count) => count.to_string(),
            Value::Share(share) => format!("{share:.4}"),
            Value::Seconds(seconds) => seconds.to_string(),
            Value::None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_shares_are_read_by_people() {
        for (seconds, words) in
            [(0, "0"), (20, "< 1 min"), (30, "1 min"), (3_570, "1 h"), (11_100, "3 h 05 min"), (187_200, "52 h")]
        {
            assert_eq!(duration(seconds), words);
        }
        for (share, words) in [(0.0, "0 %"), (0.001, "< 1 %"), (0.5, "50 %"), (0.999, "> 99 %"), (1.0, "100 %")] {
            assert_eq!(percent(share), words);
        }
    }

    #[test]
    fn days_are_put_together_from_monday_and_from_the_first() {
        let days: Vec<Day> = "2026-11-29"
            .parse::<Date>()
            .expect("a day")
            .series(jiff::Span::new().days(1))
            .take(4)
            .map(|day| Day { day, opened: 1, resolved: 2, mails: Default::default() })
            .collect();
        let of =
            |span| spans(&days, span).iter().map(|d| (d.day.to_string(), d.opened, d.resolved)).collect::<Vec<_>>();
        assert_eq!(of(Span::Week), [("2026-11-23".into(), 1, 2), ("2026-11-30".into(), 3, 6)]);
        assert_eq!(of(Span::Month), [("2026-11-01".into(), 2, 4), ("2026-12-01".into(), 2, 4)]);
        assert_eq!(of(Span::Day).len(), 4);
    }
}

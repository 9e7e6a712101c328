//! `report`: the figures of a period, as tables, plain columns, JSON Lines, CSV, or a page with charts.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Length, Timestamp};
use serde_json::{Map, Value as Json};

use super::csv_contacts::shield;
use super::exit::{self, CliResult, Failure, OrExit as _};
use super::open::Desk;
use super::output::{Cell, Column as Shown, Out, Table, Tone};
use super::{Global, open};
use crate::model::figures::Period;
use crate::report::{Figures, Gathering, Heading, Kind, Section, Span, Value, page, sections};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// From this day on (2026-11-01), or this time (2026-11-01T08:00:00Z); else from the first ticket on
    #[arg(long, value_name = "D", value_parser = moment)]
    since: Option<Moment>,
    /// Up to this day and with it, or this time; else up to now
    #[arg(long, value_name = "D", value_parser = moment)]
    until: Option<Moment>,
    /// One page with charts, which needs no network; `-` is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "csv"])]
    html: Option<PathBuf>,
    /// JSON Lines: an object a row, its table in `section`
    #[arg(long)]
    json: bool,
    /// One table for spreadsheets: a line a figure
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// A day of the desk's zone, or an instant.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Day(Date),
    At(Timestamp),
}

fn moment(text: &str) -> Result<Moment, String> {
    let day = text.parse::<Date>().ok().filter(|_| !text.contains(['T', ' ']));
    day.map(Moment::Day)
        .or_else(|| text.parse().ok().map(Moment::At))
        .ok_or_else(|| "it is a day as 2026-11-30, or a time as 2026-11-30T08:00:00Z".to_owned())
}

impl Moment {
    fn begins(self, zone: &TimeZone) -> Timestamp {
        match self {
            Moment::Day(day) => day.to_zoned(zone.clone()).map_or(Timestamp::MIN, |z| z.timestamp()),
            Moment::At(at) => at,
        }
    }

    /// The instant after it.
    fn ends(self, zone: &TimeZone) -> Timestamp {
        match self {
            Moment::Day(day) => {
                day.checked_add(Length::new().days(1)).map_or(Timestamp::MAX, |d| Moment::Day(d).begins(zone))
            }
            Moment::At(at) => at,
        }
    }

    fn words(self) -> String {
        match self {
            Moment::Day(day) => day.to_string(),
            Moment::At(at) => super::output::rfc3339(at),
        }
    }
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let desk = open::desk(global)?;
    let now = Timestamp::now();
    let period = period(&args, &desk, now)?;
    let mut gathering = Gathering::new(desk.policy(), period, now);
    desk.kept.figures(period, &mut gathering)?;
    let figures = gathering.figures();
    if let Some(path) = &args.html {
        return write_page(path, &whole_page(&figures, &args, &desk, now));
    }
    let mut out = desk.out();
    if args.json {
        rows(&figures).iter().for_each(|section| json_lines(section, &mut out));
    } else if args.csv {
        out.raw(&csv(&rows(&figures)).code(exit::SOFTWARE)?);
    } else if out.look().terminal {
        tables(&figures, &mut out);
    } else {
        rows(&figures).iter().for_each(|section| columns(section, &mut out));
    }
    out.finish()
}

fn period(args: &Args, desk: &Desk, now: Timestamp) -> Result<Period, Failure> {
    let zone = &desk.policy().desk.timezone;
    let since = args.since.map_or(Timestamp::UNIX_EPOCH, |since| since.begins(zone));
    // What came within this very second belongs to it.
    let until = args.until.map_or(now + jiff::SignedDuration::from_secs(1), |until| until.ends(zone));
    if since >= until {
        return Err(exit::fail(exit::USAGE, "The period ends before it begins: --since is later than --until"));
    }
    Ok(Period { since, until })
}

/// For programs: the volume has a row for each day.
fn rows(figures: &Figures) -> Vec<Section> {
    sections(figures, Span::Day)
}

fn json_lines(section: &Section, out: &mut Out) {
    for row in &section.rows {
        let mut object = Map::new();
        object.insert("section".to_owned(), Json::from(section.key));
        for (column, value) in section.columns.iter().zip(row) {
            let value = match value {
                Value::Text(text) => Json::from(text.as_str()),
                Value::Count(count) => Json::from(*count),
                Value::Share(share) => Json::from((share * 10_000.0).round() / 10_000.0),
                Value::Seconds(seconds) => Json::from(*seconds),
                Value::None => Json::Null,
            };
            object.insert(column.key.to_owned(), value);
        }
        out.json(&Json::Object(object));
    }
}

/// A line a figure: the table, what the row is about, the figure's name, the figure, and in what it is measured.
fn csv(sections: &[Section]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(["section", "of", "detail", "figure", "value", "unit"])?;
    for section in sections {
        for row in &section.rows {
            let labels = section.columns.iter().zip(row).filter(|(c, _)| c.kind == Kind::Label);
            let labels: Vec<String> = labels.map(|(_, value)| shield(&value.plain())).collect();
            let label = |at: usize| labels.get(at).map(String::as_str).unwrap_or_default();
            for (column, value) in section.columns.iter().zip(row).filter(|(c, _)| c.kind != Kind::Label) {
                let unit = match column.kind {
                    Kind::Time => "seconds",
                    Kind::Share => "share",
                    Kind::Count | Kind::Label => "count",
                };
                writer.write_record([section.key, label(0), label(1), column.key, &value.plain(), unit])?;
            }
        }
    }
    writer.into_inner().map_err(|e| anyhow::Error::new(e.into_error()))
}

fn columns(section: &Section, out: &mut Out) {
    let mut table = Table::new(&vec![Shown::new(""); section.columns.len() + 1]);
    for row in &section.rows {
        let cells = row.iter().map(|value| Cell::new(value.plain()));
        table.row(std::iter::once(Cell::new(section.key)).chain(cells).collect());
    }
    out.table(&table);
}

fn tables(figures: &Figures, out: &mut Out) {
    let mut first = true;
    for section in sections(figures, Span::readable(figures.days.len())).iter().filter(|s| !s.rows.is_empty()) {
        let look = out.look().clone();
        if !std::mem::take(&mut first) {
            out.line("");
        }
        out.line(&look.tone(Tone::Strong, section.title));
        out.line(&look.tone(Tone::Faint, section.note));
        let shown = section.columns.iter().map(|column| match column.kind {
            Kind::Label => Shown::flexible(column.title),
            Kind::Count | Kind::Share | Kind::Time => Shown::right(column.title),
        });
        let mut table = Table::new(&shown.collect::<Vec<_>>());
        for row in &section.rows {
            table.row(section.columns.iter().zip(row).map(|(c, value)| Cell::new(value.words(c.kind))).collect());
        }
        out.table(&table);
    }
}

fn whole_page(figures: &Figures, args: &Args, desk: &Desk, now: Timestamp) -> String {
    let settings = &desk.policy().desk;
    let first = figures.days.first().map(|day| day.day.to_string());
    let since = args.since.map(Moment::words).or(first).unwrap_or_else(|| "the beginning".to_owned());
    let now = now.to_zoned(settings.timezone.clone());
    let until = args.until.map_or_else(|| now.date().to_string(), Moment::words);
    let zone = settings.timezone.iana_name().unwrap_or("the desk's time zone");
    let made = format!("{}; days and hours are those of {zone}", now.strftime("%Y-%m-%d %H:%M"));
    page(figures, &Heading { desk: &settings.name, period: &format!("{since} to {until}"), made: &made })
}

fn write_page(path: &Path, html: &str) -> CliResult {
    if path.as_os_str() == "-" {
        let mut out = Out::stdout(TimeZone::UTC);
        out.raw(html.as_bytes());
        return out.finish();
    }
    std::fs::write(path, html)
        .map_err(|error| anyhow::Error::new(error).context(format!("Writing {}", path.display())))
        .code(exit::CANT_CREATE)?;
    Ok(std::process::ExitCode::SUCCESS)
}

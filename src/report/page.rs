//! The report as one page that needs nothing else: no network, no script. Charts, and beside each the table of what it
//! shows. Light or dark as the reader likes it, and fit to be printed.

use std::fmt::Write as _;

use super::figures::{Figures, Kept, Measure, Tally};
use super::section::{Kind, Section, Span, duration, percent, sections, spans, weekdays};
use super::svg::{self, Row, Series, legend};
use crate::model::text::escape_html;

/// What stands above the figures.
pub struct Heading<'h> {
    /// The desk's name.
    pub desk: &'h str,
    /// Of which time they are, in words.
    pub period: &'h str,
    /// When they were made, and by which clock, in words.
    pub made: &'h str,
}

/// Rows of a chart at most, and of a table; the rest is put together in the last one of the table.
const CHART_ROWS: usize = 12;
const TABLE_ROWS: usize = 60;

const OPENED: Series = Series { class: "s1", name: "tickets opened" };
const RESOLVED: Series = Series { class: "good", name: "tickets resolved" };
const KEPT: [Series; 3] = [
    Series { class: "good", name: "kept" },
    Series { class: "bad", name: "missed" },
    Series { class: "open", name: "not due" },
];
const TIMES: [Series; 2] =
    [Series { class: "s1", name: "half of the tickets" }, Series { class: "s2", name: "nine of ten" }];

/// The whole document.
pub fn page(figures: &Figures, heading: &Heading<'_>) -> String {
    let span = Span::readable(figures.days.len());
    let mut html = String::with_capacity(64 << 10);
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{desk}: report</title>\n<style>\n{css}</style>\n\
         </head>\n<body>\n<header>\n<h1>{desk}</h1>\n<p class=\"faint\">Report of {period}</p>\n</header>\n<main>\n{tiles}\n",
        desk = escape_html(heading.desk),
        period = escape_html(heading.period),
        css = include_str!("page.css"),
        tiles = tiles(figures),
    );
    for section in sections(figures, span).iter().filter(|s| s.key != "totals" && !s.rows.is_empty()) {
        write_section(&mut html, section, &chart(figures, section.key, span));
    }
    let _ = write!(html, "</main>\n<footer><p>Made {}.</p></footer>\n</body>\n</html>\n", escape_html(heading.made));
    html
}

fn tiles(figures: &Figures) -> String {
    let totals = &figures.totals;
    let promised = |of: fn(&Kept) -> Tally| {
        let mut all = Tally::default();
        figures.by_category.iter().for_each(|kept| all.add(of(kept)));
        all.share().map_or("–".to_owned(), percent)
    };
    let tiles = [
        ("Tickets opened", totals.opened.to_string()),
        ("Tickets resolved", totals.resolved.to_string()),
        ("Live now", totals.live.to_string()),
        ("Mails from people", totals.mails.incoming.to_string()),
        ("Answered in time", promised(|kept| kept.respond)),
        ("Resolved in time", promised(|kept| kept.resolve)),
    ];
    let tile = |(name, value): (&str, String)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    format!("<dl class=\"tiles\">{}</dl>", tiles.map(tile).concat())
}

fn write_section(html: &mut String, section: &Section, chart: &str) {
    let wide = matches!(section.key, "volume" | "hours" | "times") || section.columns.len() > 5;
    let _ = write!(
        html,
        "<section aria-labelledby=\"{key}\">\n<h2 id=\"{key}\">{title}</h2>\n<p class=\"note\">{note}</p>\n\
         <div class=\"{layout}\">\n{chart}{table}</div>\n</section>\n",
        key = section.key,
        title = section.title,
        note = section.note,
        layout = if wide || chart.is_empty() { "below" } else { "beside" },
        table = table(section),
    );
}

fn table(section: &Section) -> String {
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{}\"><table><caption>{}</caption><thead><tr>",
        section.key, section.title
    );
    for column in &section.columns {
        let class = if column.kind == Kind::Label { " class=\"label\"" } else { "" };
        let _ = write!(html, "<th scope=\"col\"{class}>{}</th>", escape_html(column.title));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in section.rows.iter().take(TABLE_ROWS) {
        html.push_str("<tr>");
        for (at, (column, value)) in section.columns.iter().zip(row).enumerate() {
            let words = escape_html(&value.words(column.kind));
            let _ = match (at, column.kind) {
                (0, _) => write!(html, "<th scope=\"row\">{words}</th>"),
                (_, Kind::Label) => write!(html, "<td class=\"label\">{words}</td>"),
                _ => write!(html, "<td>{words}</td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    if let Some(more) = section.rows.len().checked_sub(TABLE_ROWS).filter(|more| *more > 0) {
        let _ = writeln!(
            html,
            "<tr class=\"rest\"><th scope=\"row\">and {more} more</th><td colspan=\"{}\">in `report --csv`</td></tr>",
            section.columns.len() - 1
        );
    }
    html + "</tbody></table></div>\n"
}

fn chart(figures: &Figures, section: &str, span: Span) -> String {
    match section {
        "volume" => volume(figures, span),
        "hours" => figure("", svg::week("Mails from people by weekday and hour", &weekdays(), &figures.hours)),
        "times" => [Measure::FirstResponse, Measure::Resolution].map(|m| times(figures, m)).concat(),
        "slaByCategory" => promises("SLA kept by category", &figures.by_category),
        "slaByOrganisation" => promises("SLA kept by organisation", &figures.by_organisation),
        "agents" => agents(figures),
        "urgency" => urgency(figures),
        "articles" => articles(figures),
        "accounts" => accounts(figures),
        "bounces" => bounces(figures),
        _ => String::new(),
    }
}

fn figure(legend: &str, svg: String) -> String {
    format!("<figure class=\"narrow\">{legend}{svg}</figure>\n")
}

fn volume(figures: &Figures, span: Span) -> String {
    let of_span = spans(&figures.days, span);
    let group = |day: &super::figures::Day| {
        let label = match span {
            Span::Month => day.day.strftime("%b %Y").to_string(),
            Span::Day | Span::Week => day.day.strftime("%-d %b").to_string(),
        };
        (label, vec![day.opened, day.resolved])
    };
    // Far back there are more months than a chart has room for.
    let shown = of_span.iter().rev().take(120).rev().map(group).collect::<Vec<_>>();
    let series = [OPENED, RESOLVED];
    let chart = svg::upright("Tickets opened and resolved", &series, &shown);
    format!("<figure>{}{chart}</figure>\n", legend(&series))
}

fn times(figures: &Figures, measure: Measure) -> String {
    let row = |t: &super::figures::Times| Row {
        label: t.basis.short(),
        said: format!("{}; {}", duration(t.spread.p50), duration(t.spread.p90)),
        parts: vec![t.spread.p50 as f64, (t.spread.p90 - t.spread.p50) as f64],
    };
    let rows: Vec<Row> = figures.times.iter().filter(|t| t.measure == measure).take(CHART_ROWS).map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let words = measure.words();
    format!("<h3>Time to {words}</h3>\n") + &figure(&legend(&TIMES), svg::lying(words, &TIMES, &rows, None))
}

fn promises(title: &str, kept: &[Kept]) -> String {
    let mut rows = Vec::new();
    for kept in kept.iter().take(CHART_ROWS / 2 + 2) {
        let name = kept.name.as_deref().unwrap_or("(none)");
        for (what, tally) in [("answer", kept.respond), ("solution", kept.resolve)] {
            if tally.count() > 0 {
                let of_all = |part: u64| part as f64 / tally.count() as f64;
                rows.push(Row {
                    label: format!("{name}: {what}"),
                    said: format!("{} of {}", tally.share().map_or("–".to_owned(), percent), tally.kept + tally.missed),
                    parts: vec![of_all(tally.kept), of_all(tally.missed), of_all(tally.running)],
                });
            }
        }
    }
    figure(&legend(&KEPT), svg::lying(title, &KEPT, &rows, Some(1.0)))
}

fn agents(figures: &Figures) -> String {
    let series = [Series { class: "s1", name: "live now" }];
    let rows = figures.agents.iter().take(CHART_ROWS).map(|a| Row {
        label: a.name.clone().unwrap_or_else(|| "(none)".to_owned()),
        said: format!("{} live", a.live),
        parts: vec![a.live as f64],
    });
    figure("", svg::lying("Live tickets by agent", &series, &rows.collect::<Vec<_>>(), None))
}

fn urgency(figures: &Figures) -> String {
    let series = [Series { class: "bad", name: "called urgent" }];
    let rows = figures.urgency.iter().take(CHART_ROWS).map(|u| Row {
        label: u.organisation.clone().unwrap_or_else(|| "(none)".to_owned()),
        said: format!("{} of {}", u.called, u.tickets),
        parts: vec![u.called as f64 / u.tickets.max(1) as f64],
    });
    figure(
        "",
        svg::lying("Share of tickets called urgent, by organisation", &series, &rows.collect::<Vec<_>>(), Some(1.0)),
    )
}

fn articles(figures: &Figures) -> String {
    let series = [Series { class: "good", name: "solved" }];
    let rows = figures.articles.iter().take(CHART_ROWS).map(|a| Row {
        label: a.name.clone(),
        said: format!("{} of {}", a.helped, a.offered),
        parts: vec![a.helped as f64 / a.offered.max(1) as f64],
    });
    let chart =
        svg::lying("Share of tickets solved by what was offered", &series, &rows.collect::<Vec<_>>(), Some(1.0));
    figure("", chart)
}

fn accounts(figures: &Figures) -> String {
    let series = [
        Series { class: "s1", name: "booked" },
        Series { class: "s2", name: "left" },
        Series { class: "bad", name: "over" },
    ];
    let row = |a: &super::figures::Account| {
        let has = a.package.map_or(a.minutes, |(_, has)| has);
        let over = a.minutes.saturating_sub(has);
        let left = has.saturating_sub(a.minutes);
        let minutes = |minutes: u64| duration(i64::try_from(minutes.saturating_mul(60)).unwrap_or(i64::MAX));
        let name = a.organisation.as_deref().unwrap_or("(none)");
        let (label, said) = match (a.package, over) {
            (Some((first, _)), 0) => (format!("{name}, {first}"), format!("{} left", minutes(left))),
            (Some((first, _)), over) => (format!("{name}, {first}"), format!("OVER by {}", minutes(over))),
            (None, _) => (name.to_owned(), minutes(a.minutes)),
        };
        Row { label, said, parts: vec![a.minutes.min(has) as f64, left as f64, over as f64] }
    };
    let rows: Vec<Row> = figures.accounts.iter().take(CHART_ROWS).map(row).collect();
    figure(&legend(&series), svg::lying("Hours booked, left and over", &series, &rows, None))
}

fn bounces(figures: &Figures) -> String {
    let series = [Series { class: "bad", name: "came back" }, Series { class: "open", name: "given up" }];
    let rows = figures.undelivered.iter().take(CHART_ROWS).map(|u| Row {
        label: u.domain.clone(),
        said: (u.came_back + u.given_up).to_string(),
        parts: vec![u.came_back as f64, u.given_up as f64],
    });
    figure(&legend(&series), svg::lying("Mails that came back", &series, &rows.collect::<Vec<_>>(), None))
}

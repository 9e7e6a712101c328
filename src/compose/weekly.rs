//! The report on the week: a table in words, and the same with three small pictures for clients that show HTML. What a
//! picture shows stands in numbers below it, so that no reader needs it and no picture needs a font.

use jiff::{SignedDuration, ToSpan as _};
use minijinja::value::Value as Filled;

use crate::model::digest::Week;
use crate::model::outgoing::{Template, Value};
use crate::model::text::escape_html;
use crate::model::{Draft, Policy};

use super::body::Words;
use super::picture::{self, HEIGHT, WIDTH};
use super::related::{Picture, Pictured};
use super::texts::Texts;
use super::{ComposeError, related};

const CELL: &str = "padding:2px 12px 2px 0;text-align:left;font-weight:normal";

fn weeks(draft: &Draft) -> &[Week] {
    match draft.values.get("weeks") {
        Some(Value::Weeks(weeks)) => weeks,
        _ => &[],
    }
}

/// The first and the last day of the last week; empty where there is none.
pub fn span(draft: &Draft) -> (String, String) {
    let Some(week) = weeks(draft).last() else { return Default::default() };
    let last = week.from.checked_add(6.days()).unwrap_or(week.from);
    (week.from.to_string(), last.to_string())
}

impl Words<'_> {
    pub(super) fn weekly(&self) -> String {
        let rows: Vec<Vec<String>> = std::iter::once(self.head_of_table()).chain(rows(weeks(self.draft))).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let mut out = format!("{}\n\n", self.intro_of_week());
        for row in &rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let gap = width(column) - cell.chars().count();
                format!("{cell}{}", " ".repeat(gap))
            });
            out.push_str(&format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end()));
        }
        format!("{out}\n{}\n", self.texts.say("weekly-off", &[]))
    }

    fn intro_of_week(&self) -> String {
        let (from, until) = span(self.draft);
        self.texts.say("weekly", &[("from", Filled::from(from)), ("until", Filled::from(until))])
    }

    fn head_of_table(&self) -> Vec<String> {
        let keys = ["weekly-week", "weekly-came", "weekly-ended", "weekly-answer", "weekly-kept"];
        keys.map(|key| self.texts.say(key, &[])).to_vec()
    }
}

fn rows(weeks: &[Week]) -> impl Iterator<Item = Vec<String>> {
    weeks.iter().map(|week| {
        let kept = week.kept_percent().map(|percent| format!("{percent} % ({}/{})", week.kept, week.due));
        vec![
            week.from.to_string(),
            week.came.to_string(),
            week.ended.to_string(),
            week.first_answer.map_or_else(|| "-".to_owned(), spoken),
            kept.unwrap_or_else(|| "-".to_owned()),
        ]
    })
}

/// `3 h 20 min`.
fn spoken(time: SignedDuration) -> String {
    let minutes = time.as_mins();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The report in HTML with its pictures; None for every other mail.
pub fn pictured(draft: &Draft, policy: &Policy, texts: &Texts<'_>) -> Result<Option<Pictured>, ComposeError> {
    if draft.template != Template::Weekly {
        return Ok(None);
    }
    let words = Words { draft, policy, texts };
    let weeks = weeks(draft);
    let minutes = |week: &Week| week.first_answer.and_then(|time| u32::try_from(time.as_mins()).ok());
    let mut pictures = Vec::new();
    let mut add = |name: &'static str, key: &str, column: usize, bars: Vec<Option<u32>>, full: Option<u32>| {
        let shown: Vec<String> = rows(weeks).filter_map(|row| row.get(column).cloned()).collect();
        let title = texts.say(key, &[]);
        let png = picture::bars(&bars, full)?;
        pictures.push(Picture { name, alt: format!("{title}: {}", shown.join(", ")), title, png });
        Ok(())
    };
    add("came", "weekly-volume", 1, weeks.iter().map(|w| Some(w.came)).collect(), None)?;
    add("answer", "weekly-first-answer", 3, weeks.iter().map(minutes).collect(), None)?;
    add("kept", "weekly-promises", 4, weeks.iter().map(Week::kept_percent).collect(), Some(100))?;
    let html = words.html(&pictures);
    Ok(Some(Pictured { html, pictures }))
}

impl Words<'_> {
    fn html(&self, pictures: &[Picture]) -> String {
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"></head>\n<body \
             style=\"font-family:sans-serif;font-size:14px;color:#222222;background:#ffffff\">\n<p>{}</p>\n",
            self.draft.language.code(),
            escape_html(&self.intro_of_week())
        );
        for picture in pictures {
            out.push_str(&format!(
                "<p>{}<br>\n<img src=\"cid:{}\" alt=\"{}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
                 style=\"border:0\"></p>\n",
                escape_html(&picture.title),
                related::cid(picture, &self.draft.message_id(self.policy), &self.policy.desk.domain),
                escape_html(&picture.alt)
            ));
        }
        out.push_str("<table cellspacing=\"0\" cellpadding=\"0\" style=\"border-collapse:collapse\">\n");
        let head: String = self.head_of_table().iter().map(|cell| cell_of("th", cell)).collect();
        out.push_str(&format!("<tr style=\"color:#666666\">{head}</tr>\n"));
        for row in rows(weeks(self.draft)) {
            let cells: String = row.iter().map(|cell| cell_of("td", cell)).collect();
            out.push_str(&format!("<tr>{cells}</tr>\n"));
        }
        let off = escape_html(&self.texts.say("weekly-off", &[]));
        format!("{out}</table>\n<p style=\"color:#666666\">{off}</p>\n</body></html>\n")
    }
}

fn cell_of(tag: &str, cell: &str) -> String {
    format!("<{tag} style=\"{CELL}\">{}</{tag}>", escape_html(cell))
}

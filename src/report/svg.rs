//! The page's charts: a few kinds of bars and a map of hours, as SVG that takes its colours from the page's style sheet, so
//! that it is right by day, by night and on paper. Every mark says its number when it is pointed at; the table beside says
//! all of them to everybody else.

use std::fmt::Write as _;

use crate::model::text::escape_html;

/// What is drawn in one colour: its class in the style sheet, and what it is called.
#[derive(Clone, Copy)]
pub struct Series {
    pub class: &'static str,
    pub name: &'static str,
}

/// Which colour is what.
pub fn legend(series: &[Series]) -> String {
    let items = series.iter().map(|s| format!("<li><i class=\"{}\"></i>{}</li>", s.class, escape_html(s.name)));
    format!("<ul class=\"legend\" aria-hidden=\"true\">{}</ul>", items.collect::<String>())
}

const WIDTH: f64 = 720.0;

fn open(title: &str, width: f64, height: f64) -> String {
    let title = escape_html(title);
    format!("<svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width:.0} {height:.0}\">")
}

fn rect(svg: &mut String, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), said: &str) {
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
        width.max(0.0),
        height.max(0.0),
        escape_html(said)
    );
}

fn text(svg: &mut String, class: &str, (x, y): (f64, f64), said: &str) {
    let _ = write!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape_html(said));
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = write!(
        svg,
        "<line class=\"grid\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// 1, 2 or 5 times a power of ten: the steps of an axis of at most five of them. At least 1.
pub fn step(largest: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step.saturating_mul(5) >= largest {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// Groups of upright bars, one for each label; `values` has a value for each series.
pub fn upright(title: &str, series: &[Series], groups: &[(String, Vec<u64>)]) -> String {
    const WIDTH: f64 = 1080.0;
    const HEIGHT: f64 = 230.0;
    const LEFT: f64 = 46.0;
    const BASE: f64 = 200.0;
    const TOP: f64 = 12.0;
    let largest = groups.iter().flat_map(|(_, values)| values).copied().max().unwrap_or(0);
    let step = step(largest);
    let ceiling = largest.div_ceil(step).max(1) * step;
    let y = |value: u64| BASE - (BASE - TOP) * value as f64 / ceiling as f64;
    let mut svg = open(title, WIDTH, HEIGHT);
    for at in (0..=ceiling / step).map(|n| n * step) {
        line(&mut svg, (LEFT, y(at)), (WIDTH, y(at)));
        text(&mut svg, "end", (LEFT - 6.0, y(at) + 4.0), &at.to_string());
    }
    let room = (WIDTH - LEFT) / groups.len().max(1) as f64;
    let bar = (room * 0.76 / series.len().max(1) as f64).min(26.0);
    // A label is about 60 wide.
    let every = (64.0 / room).ceil().max(1.0) as usize;
    for (at, (label, values)) in groups.iter().enumerate() {
        let middle = LEFT + room * (at as f64 + 0.5);
        let mut x = middle - bar * series.len() as f64 / 2.0;
        for (series, value) in series.iter().zip(values) {
            let said = format!("{label}: {value} {}", series.name);
            rect(&mut svg, series.class, (x, y(*value)), (bar, BASE - y(*value)), &said);
            x += bar;
        }
        if at % every == 0 {
            text(&mut svg, "middle", (middle, BASE + 18.0), label);
        }
    }
    svg + "</svg>"
}

/// A row of a chart of lying bars.
pub struct Row {
    pub label: String,
    /// What stands behind the bar.
    pub said: String,
    /// Lengths of the bar's parts, one for each series.
    pub parts: Vec<f64>,
}

const LABEL: f64 = 190.0;
const SAID: f64 = 150.0;
const ROW: f64 = 28.0;

/// Lying bars whose parts stand one behind the other; `full` is as long as the chart is wide, else the longest bar is.
pub fn lying(title: &str, series: &[Series], rows: &[Row], full: Option<f64>) -> String {
    let sum = |row: &Row| row.parts.iter().sum::<f64>();
    let full = full.unwrap_or_else(|| rows.iter().map(sum).fold(0.0, f64::max)).max(f64::MIN_POSITIVE);
    let scale = (WIDTH - LABEL - SAID) / full;
    let mut svg = open(title, WIDTH, ROW * rows.len() as f64 + 4.0);
    for (at, row) in rows.iter().enumerate() {
        let y = ROW * at as f64 + 4.0;
        text(&mut svg, "end name", (LABEL - 10.0, y + 15.0), &shortened(&row.label));
        rect(&mut svg, "track", (LABEL, y), (WIDTH - LABEL - SAID, 20.0), &row.label);
        let mut x = LABEL;
        for (series, part) in series.iter().zip(&row.parts) {
            let width = (part * scale).min(LABEL + full * scale - x);
            if *part > 0.0 {
                rect(&mut svg, series.class, (x, y), (width, 20.0), &format!("{}: {}", row.label, series.name));
            }
            x += width.max(0.0);
        }
        text(&mut svg, "start", (WIDTH - SAID + 10.0, y + 15.0), &row.said);
    }
    svg + "</svg>"
}

/// What fits beside a bar.
fn shortened(label: &str) -> String {
    const FITS: usize = 26;
    if label.chars().count() <= FITS {
        return label.to_owned();
    }
    label.chars().take(FITS - 1).chain(['…']).collect()
}

/// A map of a week's hours: the more, the stronger the colour.
pub fn week(title: &str, days: &[&str; 7], hours: &[[u64; 24]; 7]) -> String {
    const CELL: (f64, f64) = (28.0, 24.0);
    const LEFT: f64 = 46.0;
    let most = hours.iter().flatten().copied().max().unwrap_or(0).max(1);
    let mut svg = open(title, LEFT + CELL.0 * 24.0, CELL.1 * 7.0 + 24.0);
    for (row, (day, hours)) in days.iter().zip(hours).enumerate() {
        let y = CELL.1 * row as f64;
        text(&mut svg, "end", (LEFT - 8.0, y + 16.0), day);
        for (hour, count) in hours.iter().enumerate() {
            let place = (LEFT + CELL.0 * hour as f64, y);
            let said = format!("{day} {hour:02}:00: {count}");
            rect(&mut svg, "track", place, (CELL.0 - 2.0, CELL.1 - 2.0), &said);
            if *count > 0 {
                let strength = 0.18 + 0.82 * *count as f64 / most as f64;
                let _ = write!(svg, "<g opacity=\"{strength:.2}\">");
                rect(&mut svg, "s1", place, (CELL.0 - 2.0, CELL.1 - 2.0), &said);
                svg.push_str("</g>");
            }
        }
    }
    for hour in (0..24).step_by(3) {
        let x = LEFT + CELL.0 * f64::from(hour) + (CELL.0 - 2.0) / 2.0;
        text(&mut svg, "middle", (x, CELL.1 * 7.0 + 14.0), &format!("{hour:02}"));
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_at_most_five_steps_of_a_round_size() {
        for (largest, expected) in
            [(0, 1), (1, 1), (5, 1), (6, 2), (11, 5), (26, 10), (1_000, 200), (u64::MAX, u64::MAX)]
        {
            let step = step(largest);
            assert!(step.saturating_mul(5) >= largest, "{largest}: {step}");
            if largest < u64::MAX {
                assert_eq!(step, expected, "{largest}");
            }
        }
    }

    #[test]
    fn text_cannot_leave_its_place() {
        let evil = "\"><script>alert('x')</script>\u{202e}&\u{1b}[2J";
        let row = Row { label: evil.into(), said: evil.into(), parts: vec![1.0] };
        let series = [Series { class: "s1", name: "n" }];
        for svg in [
            lying(evil, &series, &[row], None),
            upright(evil, &series, &[(evil.into(), vec![3])]),
            week(evil, &["Mon"; 7], &[[1; 24]; 7]),
        ] {
            assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains('\u{202e}'), "{svg}");
            assert_eq!(svg.matches("<svg").count(), 1);
        }
    }
}

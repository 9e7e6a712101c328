//! Tables: aligned by display width for a terminal, TAB-separated for a pipe.

use unicode_width::UnicodeWidthStr as _;

use super::{Look, Tone, escape};

/// A column of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub title: &'static str,
    /// May be cut on a terminal where the table is too wide.
    pub flexible: bool,
    pub right: bool,
    /// For sentences, in the last column: takes what the others leave of a terminal, on as many lines as it needs.
    pub wrapped: bool,
}

impl Column {
    pub const fn new(title: &'static str) -> Self {
        Column { title, flexible: false, right: false, wrapped: false }
    }

    pub const fn flexible(title: &'static str) -> Self {
        Column { flexible: true, ..Column::new(title) }
    }

    pub const fn right(title: &'static str) -> Self {
        Column { right: true, ..Column::new(title) }
    }

    pub const fn wrapped(title: &'static str) -> Self {
        Column { wrapped: true, ..Column::new(title) }
    }
}

/// One field of a row. Its text is escaped by being put here.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn new(text: impl std::fmt::Display) -> Self {
        Cell { text: escape(&text.to_string()), tone: Tone::Plain }
    }

    pub fn toned(text: impl std::fmt::Display, tone: Tone) -> Self {
        Cell { tone, ..Cell::new(text) }
    }

    /// An empty field where there is nothing.
    pub fn maybe(text: Option<impl std::fmt::Display>) -> Self {
        text.map(Cell::new).unwrap_or_default()
    }
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// Two spaces between columns.
const GAP: usize = 2;
/// A flexible column is cut down to this, never further.
const NARROWEST: usize = 10;
/// A wrapped column gets this at least, if it needs it.
const SENTENCE: usize = 40;

impl Table {
    pub fn new(columns: &[Column]) -> Self {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// A row; fields beyond the columns are not shown, missing ones are empty.
    pub fn row(&mut self, mut cells: Vec<Cell>) {
        cells.resize(self.columns.len(), Cell::default());
        self.rows.push(cells);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn render(&self, look: &Look) -> String {
        if look.terminal { self.without_empty_columns().for_terminal(look) } else { self.for_pipe() }
    }

    /// Only the columns in which some row has something: a terminal is narrow.
    fn without_empty_columns(&self) -> Table {
        let filled = |at: &usize| self.rows.iter().any(|row| row.get(*at).is_some_and(|c| !c.text.is_empty()));
        let kept: Vec<usize> = (0..self.columns.len()).filter(filled).collect();
        let columns = kept.iter().filter_map(|at| self.columns.get(*at).copied()).collect();
        let row = |row: &Vec<Cell>| kept.iter().filter_map(|at| row.get(*at).cloned()).collect();
        Table { columns, rows: self.rows.iter().map(row).collect() }
    }

    fn for_pipe(&self) -> String {
        let line = |row: &Vec<Cell>| row.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join("\t") + "\n";
        self.rows.iter().map(line).collect()
    }

    fn for_terminal(&self, look: &Look) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let widths = self.widths(look.width);
        let head: Vec<Cell> =
            self.columns.iter().map(|c| Cell { text: c.title.to_uppercase(), tone: Tone::Strong }).collect();
        std::iter::once(&head).chain(&self.rows).map(|row| self.terminal_row(row, &widths, look)).collect()
    }

    /// A row, and below it what of its last column did not fit.
    fn terminal_row(&self, row: &[Cell], widths: &[usize], look: &Look) -> String {
        let (Some(last), Some(width)) = (row.last(), widths.last()) else { return String::new() };
        if !self.columns.last().is_some_and(|c| c.wrapped) || last.text.width() <= *width {
            return self.terminal_line(row, widths, look);
        }
        let mut row = row.to_vec();
        let mut text = String::new();
        for line in wrap(&last.text, *width) {
            let cell = Cell { text: line, tone: last.tone };
            row.pop();
            row.push(cell);
            text.push_str(&self.terminal_line(&row, widths, look));
            row.iter_mut().for_each(|cell| *cell = Cell::default());
        }
        text
    }

    fn terminal_line(&self, row: &[Cell], widths: &[usize], look: &Look) -> String {
        let mut line = String::new();
        let mut owed = 0; // Spaces are written once something follows them.
        for ((cell, column), width) in row.iter().zip(&self.columns).zip(widths) {
            let shown = cut(&cell.text, *width);
            let pad = width.saturating_sub(shown.width());
            if column.right {
                owed += pad;
            }
            if !shown.is_empty() {
                line.extend(std::iter::repeat_n(' ', owed));
                line.push_str(&look.tone(cell.tone, &shown));
                owed = 0;
            }
            owed += GAP + if column.right { 0 } else { pad };
        }
        line.push('\n');
        line
    }

    /// What each column gets: what its widest field needs, and the flexible ones less where the terminal ends before.
    fn widths(&self, available: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|c| c.title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        let wrapped = self.columns.last().is_some_and(|c| c.wrapped);
        if let Some(width) = widths.last_mut().filter(|_| wrapped) {
            *width = (*width).min(SENTENCE);
        }
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(available);
        while excess > 0 {
            let flexible = widths.iter_mut().zip(&self.columns).filter(|(w, c)| c.flexible && **w > NARROWEST);
            let Some((widest, _)) = flexible.max_by_key(|(w, _)| **w) else { break };
            *widest -= 1;
            excess -= 1;
        }
        let left = available.saturating_sub(widths.iter().sum::<usize>() + gaps);
        if let Some(width) = widths.last_mut().filter(|_| wrapped) {
            *width += left;
        }
        widths
    }
}

/// At most `width` columns of text, with an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if out.width() + 1 > width {
            out.pop();
            break;
        }
    }
    out.push('…');
    out
}

/// Lines of at most `width` columns, broken between words, and within a word only where it is longer than a line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut line = lines.pop().unwrap_or_default();
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            line.push(c);
            if line.width() > width {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terminal(width: usize, colour: bool) -> Look {
        Look { terminal: true, colour, width, zone: jiff::tz::TimeZone::UTC }
    }

    fn sample() -> Table {
        let mut table = Table::new(&[Column::right("ticket"), Column::new("owner"), Column::flexible("subject")]);
        table.row(vec![Cell::new(1001), Cell::toned("jana", Tone::Good), Cell::new("Tlačiareň nejde")]);
        table.row(vec![Cell::new(99), Cell::maybe(None::<&str>), Cell::new("印刷機が動かない")]);
        table
    }

    #[test]
    fn a_terminal_gets_a_table_aligned_by_display_width() {
        let text = sample().render(&terminal(80, false));
        assert_eq!(text, "TICKET  OWNER  SUBJECT\n  1001  jana   Tlačiareň nejde\n    99         印刷機が動かない\n");
    }

    #[test]
    fn a_narrow_terminal_cuts_the_flexible_column_only() {
        let text = sample().render(&terminal(27, false));
        assert_eq!(text, "TICKET  OWNER  SUBJECT\n  1001  jana   Tlačiareň n…\n    99         印刷機が動…\n");
        assert!(text.lines().all(|l| l.width() <= 27));
        let text = sample().render(&terminal(1, false));
        assert!(text.contains("1001  jana") && text.contains("Tlačiareň…"), "{text}");
    }

    #[test]
    fn a_column_without_content_takes_no_room_on_a_terminal_and_stays_in_a_pipe() {
        let mut table = Table::new(&[Column::new("email"), Column::new("sla"), Column::wrapped("note")]);
        table.row(vec![Cell::new("a@b.example"), Cell::default(), Cell::new("x")]);
        assert_eq!(table.render(&terminal(80, false)), "EMAIL        NOTE\na@b.example  x\n");
        assert_eq!(table.render(&Look::plain()), "a@b.example\t\tx\n");
    }

    #[test]
    fn sentences_are_wrapped_below_each_other() {
        let mut table = Table::new(&[Column::new("who"), Column::flexible("what"), Column::wrapped("because")]);
        let because = "Its sender is not believed, for our own server says that DMARC failed for the domain";
        table.row(vec![Cell::new("desk"), Cell::new("put into quarantine"), Cell::new(because)]);
        table.row(vec![Cell::new("jana"), Cell::new("x"), Cell::new("short")]);
        assert_eq!(
            table.render(&terminal(64, false)),
            "WHO   WHAT              BECAUSE
desk  put into quaran…  Its sender is not believed, for our own
                        server says that DMARC failed for the
                        domain
jana  x                 short
"
        );
        let wide = table.render(&terminal(200, false));
        assert!(wide.lines().count() == 3 && wide.contains(because), "{wide}");
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 3), [""]);
        assert!(table.render(&Look::plain()).starts_with(&format!("desk\tput into quarantine\t{because}\n")));
    }

    #[test]
    fn colour_wraps_the_text_and_not_the_padding() {
        let text = sample().render(&terminal(80, true));
        assert!(text.contains("  1001  \x1b[32mjana\x1b[0m   Tla"), "{text:?}");
        assert!(!sample().render(&terminal(80, false)).contains('\x1b'));
    }

    #[test]
    fn a_pipe_gets_columns_without_header_and_one_line_a_row() {
        let mut table = sample();
        table.row(vec![Cell::new("a\tb"), Cell::new("c\nd\x1b[0m")]);
        assert_eq!(
            table.render(&Look::plain()),
            "1001\tjana\tTlačiareň nejde\n99\t\t印刷機が動かない\na\\tb\tc\\nd\\x1b[0m\t\n"
        );
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(s in any::<String>()) {
            prop_assert!(cut(&s, 10).width() <= 10);
            prop_assert_eq!(wrap(&s, 10).concat().replace(' ', ""), s.replace(' ', ""));
        }
    }
}

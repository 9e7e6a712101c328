//! The text of a mail, line by line, with what the sender's program said about each line: the common ground of plain
//! text and HTML, on which quotations, signatures and forwards are recognised.

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Without quote prefix and line end.
    pub text: String,
    /// Depth of quotation: `>` signs, or nested blockquotes.
    pub depth: u8,
    /// Inside what the client's HTML marks as history (`gmail_quote`, `yahoo_quoted`, below `divRplyFwdMsg`, …).
    pub history: bool,
    /// Inside what the client's HTML marks as the signature.
    pub signature: bool,
    /// A horizontal rule or a border was drawn right above this line.
    pub rule: bool,
    /// Written in a colour of its own throughout: how answers are put into a quotation in Outlook.
    pub coloured: bool,
}

impl Line {
    pub fn is_blank(&self) -> bool {
        self.text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{ad}' | '\u{200e}'))
    }

    /// Length of [`Line::written`], in bytes.
    pub fn written_length(&self) -> usize {
        self.text.len() + usize::from(self.depth) + usize::from(self.depth > 0)
    }

    /// As it stands in the text, quote prefix included.
    pub fn written(&self) -> String {
        if self.depth == 0 {
            return self.text.clone();
        }
        let mut out = ">".repeat(usize::from(self.depth));
        if !self.text.is_empty() {
            out.push(' ');
            out.push_str(&self.text);
        }
        out
    }
}

/// Cuts plain text into lines and takes the quote prefixes off.
pub fn plain(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = text
        .split('\n')
        .map(|line| {
            let (depth, rest) = quote_prefix(line);
            Line { text: rest.trim_end().to_owned(), depth, ..Line::default() }
        })
        .collect();
    while lines.last().is_some_and(|l| l.depth == 0 && l.text.is_empty()) {
        lines.pop();
    }
    initials(&mut lines);
    lines
}

/// Marks the lines that The Bat! and old Usenet programs quote with the author's initials: `JN> Hello`. One such line
/// proves nothing, two with the same initials do.
fn initials(lines: &mut [Line]) {
    fn of(line: &Line) -> Option<&str> {
        let (initials, _) = line.text.get(..line.text.floor_char_boundary(8))?.trim_start().split_once('>')?;
        let valid = (1..=4).contains(&initials.len()) && initials.bytes().all(|b| b.is_ascii_uppercase());
        (valid && line.depth == 0).then_some(initials)
    }
    let quoted = lines.iter().enumerate().filter_map(|(at, line)| Some((at, of(line)?.to_owned())));
    let quoted: Vec<(usize, String)> = quoted.collect();
    for pair in quoted.windows(2) {
        let [(first, one), (second, other)] = pair else { continue };
        for at in [*first, *second].into_iter().filter(|_| one == other) {
            if let Some(line) = lines.get_mut(at) {
                line.history = true;
            }
        }
    }
}

/// The depth of quotation and the rest of the line. `>`, `> >`, `>>`, `|` (some old programs) and up to three blanks
/// before the first sign.
pub fn quote_prefix(line: &str) -> (u8, &str) {
    let mut rest = line;
    let mut depth = 0u8;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\u{a0}', '\t', '\u{feff}']);
        if rest.len() - trimmed.len() > 8 {
            break;
        }
        match trimmed.strip_prefix('>') {
            // A mail's text may begin with an escaped `>From `.
            Some(after) if depth < 100 && !(depth == 0 && after.starts_with("From ")) => {
                depth += 1;
                rest = after;
            }
            _ => break,
        }
    }
    if depth > 0 {
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    (depth, rest)
}

/// The text of some lines; blank lines around it dropped.
pub fn join<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let all: Vec<&Line> = lines.into_iter().collect();
    let first = all.iter().position(|l| !l.is_blank()).unwrap_or(all.len());
    let last = all.iter().rposition(|l| !l.is_blank()).map_or(first, |i| i + 1);
    let mut out = String::new();
    for (i, line) in all.get(first..last).unwrap_or_default().iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        out.push_str(&line.written());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quote_prefixes_are_counted() {
        assert_eq!(quote_prefix("> > a"), (2, "a"));
        assert_eq!(quote_prefix(">>a"), (2, "a"));
        assert_eq!(quote_prefix(" > a"), (1, "a"));
        assert_eq!(quote_prefix("a > b"), (0, "a > b"));
        assert_eq!(quote_prefix(">From here"), (0, ">From here"));
        assert_eq!(plain("> a\n>\nb\n\n").len(), 3);
        let marked = |text: &str| plain(text).iter().map(|l| l.history).collect::<Vec<_>>();
        assert_eq!(marked("Hi\nJN> a\nb\nJN> c"), [false, true, false, true]);
        assert_eq!(marked("SQL> select\nPS> dir"), [false, false]);
    }
}

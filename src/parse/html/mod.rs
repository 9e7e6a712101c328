//! HTML → lines of text, as the person would have typed it: linear in its input, whatever the nesting.

mod client;
mod tokens;

use super::lines::Line;
use client::{Mark, mark};
use tokens::{Tag, Token, Tokens, push_text};

/// Deepest nesting that is told apart; what lies deeper is read as though it stood here.
const DEPTH_MAX: usize = 400;
/// How far up an end tag looks for its beginning.
const LOOK_UP: usize = 40;

/// The charset that a `<meta>` announces in the first bytes of a document.
pub fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..4096).unwrap_or(bytes).to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let rest = head.split_once("<meta").map(|(_, r)| r)?;
    let rest = rest.split_once("charset=").map(|(_, r)| r)?;
    let word: String = rest
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    (!word.is_empty()).then_some(word)
}

/// Renders a document.
pub fn lines(html: &str) -> Vec<Line> {
    let mut page = Page::default();
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => page.text(text),
            Token::Open(tag) => {
                if ["style", "script", "title", "template", "xml", "select", "svg"].iter().any(|n| tag.is(n)) {
                    if !tag.closes_itself() {
                        tokens.skip_raw(tag.name);
                    }
                } else {
                    page.open(&tag);
                }
            }
            Token::Close(name) => page.close(name),
        }
    }
    page.finish()
}

/// An open element, and what it changed.
#[derive(Default)]
struct Element {
    name: String,
    block: bool,
    paragraph: bool,
    quote: bool,
    hidden: bool,
    history: bool,
    signature: bool,
    preformatted: bool,
    coloured: bool,
    /// Number of the next item; 0 for a bulleted list.
    list: Option<u32>,
    link: Option<(String, usize)>,
}

#[derive(Default)]
struct Page {
    lines: Vec<Line>,
    /// The line being written.
    current: String,
    /// White space is due before the next word.
    space: bool,
    /// A blank line is due before the next text.
    gap: bool,
    rule: bool,
    /// A list item has just begun: its bullet.
    bullet: String,
    stack: Vec<Element>,
    /// Elements too deep to be told apart.
    beyond: usize,
    depth: u8,
    hidden: u32,
    history: u32,
    signature: u32,
    preformatted: u32,
    /// Inside an element with a colour of its own.
    coloured: u32,
    /// Words of the current line in such a colour, and others.
    tally: (usize, usize),
    /// Everything from here on is history (Outlook's `appendonsend`, Hotmail's `stopSpelling`).
    rest_is_history: bool,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        let mut decoded = String::with_capacity(text.len());
        push_text(&mut decoded, text);
        if self.preformatted > 0 {
            for (i, part) in decoded.split('\n').enumerate() {
                if i > 0 {
                    self.break_line(true);
                }
                self.word(part.trim_end_matches('\r'));
            }
            return;
        }
        let mut word = String::new();
        for c in decoded.chars() {
            match c {
                ' ' | '\n' | '\r' | '\t' | '\u{c}' => {
                    self.word(&word);
                    word.clear();
                    self.space = true;
                }
                '\u{34f}' | '\u{200b}' | '\u{200c}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {}
                c => word.push(c),
            }
        }
        self.word(&word);
    }

    fn word(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if self.current.is_empty() && !self.bullet.is_empty() {
            self.current = std::mem::take(&mut self.bullet);
        } else if self.space && !self.current.is_empty() && !self.current.ends_with(' ') {
            self.current.push(' ');
        }
        self.space = false;
        match self.coloured {
            0 => self.tally.1 += 1,
            _ => self.tally.0 += 1,
        }
        self.current.push_str(word);
    }

    /// Ends the line; `hard` makes an empty one too.
    fn break_line(&mut self, hard: bool) {
        self.space = false;
        let text = std::mem::take(&mut self.current);
        let text = text.replace('\u{a0}', " ").trim_end().to_owned();
        if text.is_empty() && !hard {
            return;
        }
        let line = Line {
            depth: self.depth,
            history: self.history > 0 || self.rest_is_history,
            signature: self.signature > 0,
            rule: std::mem::take(&mut self.rule),
            coloured: matches!(std::mem::take(&mut self.tally), (1.., 0)),
            text,
        };
        if self.gap && !line.text.is_empty() && self.lines.last().is_some_and(|l| !l.is_blank()) {
            let blank = Line { text: String::new(), rule: false, ..line.clone() };
            // Between two depths the blank line belongs to the shallower.
            let before = self.lines.last().map_or(0, |l| l.depth);
            self.lines.push(Line { depth: line.depth.min(before), ..blank });
        }
        self.gap = false;
        self.lines.push(line);
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name.to_ascii_lowercase();
        match name.as_str() {
            "br" => return self.line_feed(),
            "hr" => {
                self.break_line(false);
                self.rule = true;
                self.mark_rest(tag);
                return;
            }
            "img" => return self.image(tag),
            "meta" | "link" | "base" | "input" | "area" | "col" | "wbr" | "source" | "embed" | "param" | "o:p" => {
                return;
            }
            "p" | "li" | "tr" | "td" | "th" | "dt" | "dd" | "option" => self.close_open(&name),
            _ => {}
        }
        let mut element = self.element(tag, &name);
        if element.block {
            self.break_line(false);
        }
        self.gap |= element.paragraph;
        match name.as_str() {
            "td" | "th" if !self.current.trim().is_empty() => self.current.push_str("  "),
            "li" => self.bullet = self.bullet(),
            "a" if self.hidden == 0 => {
                element.link = tag.attribute("href").map(|href| (href.to_owned(), self.current.len()));
            }
            _ => {}
        }
        if self.stack.len() >= DEPTH_MAX {
            self.beyond += 1;
            return;
        }
        self.hidden += u32::from(element.hidden);
        self.depth = self.depth.saturating_add(u8::from(element.quote));
        self.history += u32::from(element.history);
        self.signature += u32::from(element.signature);
        self.preformatted += u32::from(element.preformatted);
        self.coloured += u32::from(element.coloured);
        self.stack.push(element);
    }

    fn line_feed(&mut self) {
        if self.hidden == 0 {
            self.break_line(true);
        }
    }

    fn mark_rest(&mut self, tag: &Tag<'_>) {
        self.rest_is_history |= self.hidden == 0 && mark(tag) == Mark::Below;
    }

    fn element(&mut self, tag: &Tag<'_>, name: &str) -> Element {
        const BLOCKS: [&str; 30] = [
            "p",
            "div",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "ul",
            "ol",
            "li",
            "table",
            "tr",
            "blockquote",
            "pre",
            "address",
            "section",
            "article",
            "header",
            "footer",
            "center",
            "dl",
            "dt",
            "dd",
            "form",
            "fieldset",
            "tbody",
            "thead",
            "body",
            "main",
        ];
        let style = client::style(tag);
        let block = BLOCKS.contains(&name);
        let mut element = Element {
            block,
            paragraph: matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "table" | "pre")
                && !(name == "table" && self.depth > 0)
                || name == "p" && !client::tight(tag, &style),
            quote: name == "blockquote" && client::quotes(tag, &style),
            hidden: client::hidden(&style) || tag.attribute("hidden").is_some(),
            coloured: name != "a" && client::coloured(tag, &style),
            preformatted: name == "pre" || style.contains("white-space:pre;") || style.contains("white-space:pre-wrap"),
            list: match name {
                "ol" => Some(tag.attribute("start").and_then(|n| n.trim().parse().ok()).unwrap_or(1).clamp(1, 99_999)),
                "ul" => Some(0),
                _ => None,
            },
            name: name.to_owned(),
            ..Element::default()
        };
        if block {
            self.break_line(false);
        }
        if client::border_above(&style) {
            self.rule = true;
        }
        match mark(tag) {
            Mark::History => element.history = true,
            Mark::Signature => element.signature = true,
            Mark::Below => self.rest_is_history |= self.hidden == 0,
            Mark::None => {}
        }
        element
    }

    fn bullet(&mut self) -> String {
        let lists = self.stack.iter().filter(|e| e.list.is_some()).count().saturating_sub(1).min(8);
        let indent = "  ".repeat(lists);
        match self.stack.iter_mut().rev().take(LOOK_UP).find_map(|e| e.list.as_mut()) {
            Some(number) if *number > 0 => {
                *number += 1;
                format!("{indent}{}. ", *number - 1)
            }
            _ => format!("{indent}- "),
        }
    }

    /// An image says something only where it stands for a character (emoji).
    fn image(&mut self, tag: &Tag<'_>) {
        let Some(alt) = tag.attribute("alt").filter(|_| self.hidden == 0) else { return };
        let mut text = String::new();
        push_text(&mut text, alt);
        if !text.is_empty() && text.chars().count() <= 8 && text.chars().all(|c| !c.is_alphanumeric() && !c.is_ascii())
        {
            self.word(&text);
        }
    }

    /// An element that may not contain its like ends where the next begins.
    fn close_open(&mut self, name: &str) {
        let fence: &[&str] = match name {
            "li" => &["ul", "ol"],
            "td" | "th" | "tr" => &["table"],
            _ => &["div", "td", "blockquote", "li", "table", "body"],
        };
        let position = self.stack.iter().rev().take(LOOK_UP).take_while(|e| !fence.contains(&e.name.as_str()));
        if position.into_iter().any(|e| e.name == name) && self.beyond == 0 {
            self.close(name);
        }
    }

    fn close(&mut self, name: &str) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let name = name.to_ascii_lowercase();
        let Some(up) = self.stack.iter().rev().take(LOOK_UP).position(|e| e.name == name) else {
            if name == "p" || name == "br" {
                self.line_feed();
            }
            return;
        };
        for _ in 0..=up {
            if let Some(element) = self.stack.pop() {
                self.leave(element);
            }
        }
    }

    fn leave(&mut self, element: Element) {
        if let Some((href, from)) = &element.link {
            self.target(href, *from);
        }
        if element.block {
            self.break_line(false);
            self.gap |= element.paragraph;
        }
        self.hidden -= u32::from(element.hidden);
        self.depth -= u8::from(element.quote).min(self.depth);
        self.history -= u32::from(element.history);
        self.signature -= u32::from(element.signature);
        self.preformatted -= u32::from(element.preformatted);
        self.coloured -= u32::from(element.coloured);
    }

    /// Where a link leads, where its text does not say so.
    fn target(&mut self, href: &str, from: usize) {
        let mut url = String::new();
        push_text(&mut url, href.trim());
        let shown = self.current.get(from..).unwrap_or_default().trim().to_owned();
        if shown.is_empty() || self.hidden > 0 || url.len() > 500 {
            return;
        }
        if let Some(address) = url.strip_prefix("mailto:").map(|rest| rest.split('?').next().unwrap_or(rest)) {
            let said = shown.to_ascii_lowercase().contains(&address.to_ascii_lowercase());
            if address.contains('@') && !address.contains(char::is_whitespace) && !said {
                self.current.push_str(&format!(" <{address}>"));
            }
            return;
        }
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return;
        }
        let bare = |u: &str| {
            let u = u.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
            u.trim_end_matches('/').to_ascii_lowercase()
        };
        if bare(&url).starts_with(&bare(&shown)) || shown.contains("://") {
            return;
        }
        self.current.push_str(&format!(" <{url}>"));
    }

    fn finish(mut self) -> Vec<Line> {
        self.break_line(false);
        while self.lines.last().is_some_and(Line::is_blank) {
            self.lines.pop();
        }
        let first = self.lines.iter().position(|l| !l.is_blank()).unwrap_or(0);
        self.lines.drain(..first);
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::join;

    fn text(html: &str) -> String {
        join(&lines(html))
    }

    #[test]
    fn paragraphs_lists_tables_and_links() {
        assert_eq!(text("<p>a</p><p>b<br>c</p>"), "a\n\nb\nc");
        assert_eq!(text("<ul><li>a<li>b</ul><ol><li>c</ol>"), "- a\n- b\n\n1. c");
        assert_eq!(text("<table><tr><td>a<td>b<tr><td>c</table>"), "a  b\nc");
        assert_eq!(
            text("<a href=\"https://x.example/y\">here</a> <a href='https://x.example'>x.example</a>"),
            "here <https://x.example/y> x.example"
        );
        assert_eq!(
            text("<a href='mailto:a@x.example?subject=x'>me</a> <a href=mailto:a@x.example>A@x.example</a>"),
            "me <a@x.example> A@x.example"
        );
        assert_eq!(text("<ol start=3><li>c<li>d</ol>"), "3. c\n4. d");
        assert_eq!(text("<pre>a\n  b</pre>"), "a\n  b");
        assert_eq!(text("<div>a</div><div><br></div><div>b</div>"), "a\n\nb");
    }

    #[test]
    fn what_nobody_sees_is_dropped() {
        assert_eq!(
            text("<style>p{}</style><title>t</title><div style=\"display:none\">pre</div>a<script>x</script>"),
            "a"
        );
        assert_eq!(text("<span style='font-size:0px; max-height:0'>junk</span>a"), "a");
    }

    #[test]
    fn quotations_keep_their_depth() {
        assert_eq!(text("a<blockquote type=cite>b<blockquote>c</blockquote></blockquote>d"), "a\n> b\n>> c\nd");
        let marked = lines("a<div class=\"gmail_quote\">b</div>c");
        assert_eq!(marked.iter().map(|l| l.history).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn nesting_takes_linear_time() {
        for tag in ["<div>", "<blockquote>", "<p>", "<b>", "<table><tr><td>", "</p>", "<a href=x>"] {
            let html = tag.repeat(100_000) + "end";
            assert!(text(&html).ends_with("end"), "{tag}");
        }
    }
}

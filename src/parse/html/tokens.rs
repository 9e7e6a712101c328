//! HTML cut into tags and text, in linear time, as browsers do it for the markup that mail programs write.

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Character references not resolved yet.
    Text(&'a str),
    Open(Tag<'a>),
    /// The name, as written.
    Close(&'a str),
}

/// An opening tag.
#[derive(Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    pub name: &'a str,
    /// All between the name and `>`.
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of an attribute, character references not resolved.
    pub fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        for _ in 0..64 {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len()).max(1);
            let (name, after) = rest.split_at_checked(end)?;
            let after = after.trim_start();
            let value;
            (value, rest) = match after.strip_prefix('=') {
                Some(after) => value_of(after.trim_start()),
                None => ("", after),
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(value);
            }
        }
        None
    }

    pub fn closes_itself(&self) -> bool {
        self.attributes.trim_end().ends_with('/')
    }
}

fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Walks over HTML.
pub struct Tokens<'a> {
    rest: &'a str,
    /// No `>` follows: every `<` is text from here on, so that the search for it is not repeated.
    no_more_tags: bool,
}

impl<'a> Tokens<'a> {
    pub fn new(html: &'a str) -> Self {
        Tokens { rest: html, no_more_tags: false }
    }

    /// Passes over everything up to the closing tag of an element whose content is no text (`style`, `script`).
    pub fn skip_raw(&mut self, name: &str) {
        let mut rest = self.rest;
        while let Some(at) = rest.find("</") {
            rest = rest.get(at + 2..).unwrap_or_default();
            if rest.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
                self.rest = rest.split_once('>').map_or("", |(_, after)| after);
                return;
            }
        }
        self.rest = "";
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if self.no_more_tags {
                return Some(Token::Text(std::mem::take(&mut self.rest)));
            }
            let at = self.rest.find('<').unwrap_or(self.rest.len());
            if at > 0 {
                let (text, rest) = self.rest.split_at(at);
                self.rest = rest;
                return Some(Token::Text(text));
            }
            let inner = self.rest.get(1..).unwrap_or_default();
            if let Some(comment) = inner.strip_prefix("!--") {
                // Conditional comments that browsers see (`<!--[if !mso]><!-->`) end where they begin.
                self.rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let first = inner.chars().next();
            let tag = first.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
            if !tag {
                self.rest = inner;
                return Some(Token::Text("<"));
            }
            let Some(end) = tag_end(inner) else {
                self.no_more_tags = true;
                continue;
            };
            let (content, after) = inner.split_at(end);
            self.rest = after.get(1..).unwrap_or_default();
            match first {
                Some('!' | '?') => continue,
                Some('/') => {
                    let name = content.get(1..).unwrap_or_default();
                    let end = name.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(name.len());
                    return Some(Token::Close(name.get(..end).unwrap_or_default()));
                }
                _ => {
                    let end = content.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(content.len());
                    let (name, attributes) = content.split_at(end);
                    return Some(Token::Open(Tag { name, attributes }));
                }
            }
        }
    }
}

/// Position of the `>` that ends a tag; one inside a quoted attribute value does not. Quotes that are never closed are
/// taken as ordinary characters.
fn tag_end(inner: &str) -> Option<usize> {
    let bytes = inner.as_bytes();
    let mut quote = 0u8;
    for (i, &b) in bytes.iter().enumerate().take(64 * 1024) {
        match b {
            b'"' | b'\'' if quote == 0 && bytes.get(i.wrapping_sub(1)).is_some_and(|p| *p == b'=' || *p == b' ') => {
                quote = b;
            }
            b if b == quote => quote = 0,
            b'>' if quote == 0 => return Some(i),
            _ => {}
        }
    }
    inner.find('>')
}

/// Resolves character references (`&scaron;`, `&#353;`, `&#x161;`) and appends the text.
pub fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let body = from.get(1..).unwrap_or_default();
        let end =
            body.bytes().take(32).position(|b| !(b.is_ascii_alphanumeric() || b == b'#')).unwrap_or(body.len().min(32));
        let name = body.get(..end).unwrap_or_default();
        let closed = body.as_bytes().get(end) == Some(&b';');
        match resolve(name, closed) {
            Some(text) => {
                out.push_str(&text);
                rest = body.get(end + usize::from(closed)..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = body;
            }
        }
    }
    out.push_str(rest);
}

fn resolve(name: &str, closed: bool) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        // Numbers 128–159 mean windows-1252, as in browsers.
        if let Ok(byte @ 128..=159) = u8::try_from(code) {
            return Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned());
        }
        return char::from_u32(code).filter(|c| *c != '\0').map(String::from);
    }
    match name {
        "nbsp" => return Some("\u{a0}".to_owned()),
        "lt" => return Some("<".to_owned()),
        "gt" => return Some(">".to_owned()),
        "amp" => return Some("&".to_owned()),
        "quot" => return Some("\"".to_owned()),
        "apos" => return Some("'".to_owned()),
        _ if !closed || name.is_empty() => return None,
        _ => {}
    }
    let token = format!("&{name};");
    let mut text = String::new();
    mail_parser::decoders::html::add_html_token(&mut text, token.as_bytes(), false);
    (text != token && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_text_are_told_apart() {
        let html = "a<b class=\"x > y\" id=z>c</b ><br/> 1 < 2 <!-- <p> -->d<";
        let tokens: Vec<Token<'_>> = Tokens::new(html).collect();
        assert_eq!(tokens.len(), 10, "{tokens:?}");
        let Some(Token::Open(tag)) = tokens.get(1) else { panic!("no tag") };
        assert_eq!(
            (tag.attribute("class"), tag.attribute("ID"), tag.attribute("no")),
            (Some("x > y"), Some("z"), None)
        );
    }

    #[test]
    fn references_are_resolved() {
        let mut out = String::new();
        push_text(&mut out, "&scaron;iv&aacute; &#353;&#x161;&#150; AT&T &nosuch; &lt;a&gt; &copy &ccaron;&dcaron;");
        assert_eq!(out, "šivá šš– AT&T &nosuch; <a> &copy čď");
    }

    #[test]
    fn hostile_markup_takes_linear_time() {
        for html in ["<".repeat(1 << 20), "<a ".repeat(1 << 18), "</".repeat(1 << 19), "<!--".repeat(1 << 18)] {
            assert!(Tokens::new(&html).count() <= html.len());
        }
    }
}

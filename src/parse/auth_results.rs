//! Authentication-Results by the full grammar of RFC 8601 section 2.2.
//!
//! Real servers stray from the grammar. What strays harmlessly is passed over and listed; what could hide a result or
//! make one appear that the server never wrote (an open comment or quote, a control character, a second identifier, a
//! method inside another one's properties) voids the whole field.

use crate::model::message::{AuthResults, MethodResult, Property};

/// Longest value that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Most items in one field.
const MAX_ITEMS: usize = 200;
/// Most passed-over items that are listed.
const MAX_SKIPPED: usize = 20;
/// Longest passed-over item as listed, in characters.
const MAX_SKIPPED_CHARS: usize = 80;

/// Words that are methods and therefore never the name of a property without a type (RFC 8601 section 2.7, RFC 8617).
const METHODS: &[&str] = &["arc", "auth", "dkim", "dkim-adsp", "dkim-atps", "dmarc", "iprev", "sender-id", "spf"];

/// Reads one field's unfolded value. An error voids the field and says why.
pub fn parse(value: &str) -> Result<AuthResults, String> {
    if value.len() > MAX_BYTES {
        return Err(format!("Longer than {MAX_BYTES} bytes"));
    }
    let tokens = tokens(value)?;
    let mut items = tokens.split(|t| *t == Token::Char(';')).map(trim);
    let mut read = AuthResults::default();
    let mut no_result = false;
    let mut count = 0;

    let first = items.next().unwrap_or_default();
    if first.is_empty() {
        return Err("The identifier is empty".to_owned());
    }
    if starts_like_result(first) {
        count += 1;
        item(first, &mut read)?;
    } else {
        read.id = Some(identifier(first)?);
    }
    for tokens in items {
        count += 1;
        if count > MAX_ITEMS {
            return Err(format!("More than {MAX_ITEMS} items"));
        }
        if tokens.is_empty() {
            continue; // a trailing or doubled ";"
        }
        if spelled(tokens).eq_ignore_ascii_case("none") {
            no_result = true;
            continue;
        }
        // Exchange Online names the recipient's domain between its results: a word that says nothing.
        if read.id.is_none() && is_domain_word(tokens) {
            skip(&mut read.skipped, tokens);
            continue;
        }
        item(tokens, &mut read)?;
    }
    if no_result && !read.results.is_empty() {
        return Err("Says both \"none\" and a result".to_owned());
    }
    if count == 0 {
        return Err("There is no result, not even \"none\"".to_owned());
    }
    Ok(read)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// White space and comments (CFWS).
    Gap,
    Quoted(String),
    Char(char),
}

/// Takes comments away and quoted strings together, so that nothing inside them is ever read as a result.
fn tokens(value: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => gap(&mut out),
            '(' => {
                comment(&mut chars)?;
                gap(&mut out);
            }
            ')' => return Err("A \")\" without its \"(\"".to_owned()),
            '"' => out.push(Token::Quoted(quoted(&mut chars)?)),
            '\\' => return Err("A \"\\\" outside quotes and comments".to_owned()),
            c if c.is_control() => return Err("A control character".to_owned()),
            c => out.push(Token::Char(c)),
        }
    }
    Ok(out)
}

fn gap(out: &mut Vec<Token>) {
    if out.last() != Some(&Token::Gap) {
        out.push(Token::Gap);
    }
}

/// RFC 5322 section 3.2.2; the opening parenthesis is already taken.
fn comment(chars: &mut std::str::Chars<'_>) -> Result<(), String> {
    let mut depth = 1u32;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c) if !c.is_control() => {}
                _ => break,
            },
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
            '\t' => {}
            c if c.is_control() => return Err("A control character in a comment".to_owned()),
            _ => {}
        }
    }
    Err("A comment is not closed".to_owned())
}

/// RFC 5322 section 3.2.4; the opening quote is already taken.
fn quoted(chars: &mut std::str::Chars<'_>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match chars.next() {
                Some(c) if !c.is_control() => text.push(c),
                _ => break,
            },
            '\t' => text.push(c),
            c if c.is_control() => return Err("A control character in a quoted string".to_owned()),
            c => text.push(c),
        }
    }
    Err("A quoted string is not closed".to_owned())
}

fn trim(mut tokens: &[Token]) -> &[Token] {
    while let [Token::Gap, rest @ ..] = tokens {
        tokens = rest;
    }
    while let [rest @ .., Token::Gap] = tokens {
        tokens = rest;
    }
    tokens
}

/// Splits a run that `wanted` accepts off the front.
fn run(tokens: &[Token], wanted: impl Fn(&Token) -> bool) -> (&[Token], &[Token]) {
    let end = tokens.iter().position(|t| !wanted(t)).unwrap_or(tokens.len());
    tokens.split_at(end)
}

fn spelled(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        match token {
            Token::Gap => out.push(' '),
            Token::Quoted(text) => out.push_str(text),
            Token::Char(c) => out.push(*c),
        }
    }
    out
}

/// RFC 5321's Keyword, and "_", which some servers use; lower case.
fn keyword(tokens: &[Token]) -> Option<(String, &[Token])> {
    let (word, rest) =
        run(tokens, |t| matches!(t, Token::Char(c) if c.is_ascii_alphanumeric() || *c == '-' || *c == '_'));
    if word.is_empty() { None } else { Some((spelled(word).to_ascii_lowercase(), rest)) }
}

fn punctuation(tokens: &[Token], wanted: char) -> Option<&[Token]> {
    match trim_start(tokens) {
        [Token::Char(c), rest @ ..] if *c == wanted => Some(trim_start(rest)),
        _ => None,
    }
}

fn trim_start(tokens: &[Token]) -> &[Token] {
    match tokens {
        [Token::Gap, rest @ ..] => rest,
        _ => tokens,
    }
}

/// `word [/version] =`: the field has no identifier (Exchange Online writes none).
fn starts_like_result(tokens: &[Token]) -> bool {
    let Some((_, rest)) = keyword(tokens) else { return false };
    if punctuation(rest, '=').is_some() {
        return true;
    }
    punctuation(rest, '/')
        .map(|rest| run(rest, |t| matches!(t, Token::Char(c) if c.is_ascii_digit())).1)
        .is_some_and(|rest| punctuation(rest, '=').is_some())
}

fn is_domain_word(tokens: &[Token]) -> bool {
    let letter = |t: &Token| matches!(t, Token::Char(c) if c.is_ascii_alphanumeric() || *c == '-' || *c == '.');
    tokens.iter().all(letter) && tokens.contains(&Token::Char('.'))
}

/// authserv-id and version. `id/1` is tolerated for `id 1`.
fn identifier(tokens: &[Token]) -> Result<String, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (id, rest) = match tokens {
        [Token::Quoted(text), rest @ ..] => (text.clone(), rest),
        _ => {
            let (word, rest) = run(tokens, |t| matches!(t, Token::Char(c) if is_token_char(*c)));
            (spelled(word), rest)
        }
    };
    if id.is_empty() || id.chars().any(|c| c.is_whitespace() || !is_token_char(c)) {
        return Err("The identifier cannot be read".to_owned());
    }
    let version = match punctuation(rest, '/') {
        Some(version) => version,
        None if rest.is_empty() => return Ok(id.to_lowercase()),
        None if matches!(rest.first(), Some(Token::Gap)) => trim_start(rest),
        None => return Err("The identifier cannot be read".to_owned()),
    };
    if !digits(&spelled(version)) {
        return Err("More than one identifier".to_owned());
    }
    if spelled(version) != "1" {
        return Err("A version other than 1".to_owned());
    }
    Ok(id.to_lowercase())
}

/// RFC 2045 section 5.1's token, and what RFC 6532 adds beyond ASCII.
fn is_token_char(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !"()<>@,;:\\\"/[]?=".contains(c)
}

/// One `method=result [reason=…] ptype.property=value …`.
fn item(tokens: &[Token], read: &mut AuthResults) -> Result<(), String> {
    let unreadable = || format!("Not a method and its result: {}", shown(tokens));
    let (method, rest) = keyword(tokens).ok_or_else(unreadable)?;
    let (version, rest) = match punctuation(rest, '/') {
        Some(rest) => {
            let (digits, rest) = run(rest, |t| matches!(t, Token::Char(c) if c.is_ascii_digit()));
            (spelled(digits), rest)
        }
        None => ("1".to_owned(), rest),
    };
    let rest = punctuation(rest, '=').ok_or_else(unreadable)?;
    let (result, rest) = keyword(rest).ok_or_else(unreadable)?;
    if !matches!(rest.first(), None | Some(Token::Gap)) {
        return Err(unreadable());
    }
    let mut found = MethodResult { method, result, ..MethodResult::default() };
    properties(rest, &mut found, &mut read.skipped)?;
    if version == "1" {
        read.results.push(found);
    } else {
        skip(&mut read.skipped, tokens); // RFC 8601 section 2.3: an unknown version is not understood
    }
    Ok(())
}

fn properties(tokens: &[Token], found: &mut MethodResult, skipped: &mut Vec<String>) -> Result<(), String> {
    let mut rest = trim_start(tokens);
    while !rest.is_empty() {
        let before = rest;
        match property(rest) {
            Named::Property { ptype, name, value, clean, rest: after } => {
                if !clean {
                    skip(skipped, taken(before, after));
                }
                // A value that decides is kept even where it is malformed: it must be seen to match nothing.
                if clean || decides(&ptype, &name) {
                    found.properties.push(Property { ptype, name, value });
                }
                rest = after;
            }
            Named::Bare { name, value, rest: after } => {
                if METHODS.contains(&name.as_str()) {
                    return Err(format!("The method {name} stands among the properties of {}", found.method));
                }
                if name == "reason" && found.reason.is_none() {
                    found.reason = Some(value);
                } else {
                    skip(skipped, taken(before, after));
                }
                rest = after;
            }
            Named::Neither { rest: after } => {
                skip(skipped, taken(before, after));
                rest = after;
            }
        }
        rest = trim_start(rest);
    }
    Ok(())
}

/// The properties by which a verdict is tied to a domain.
fn decides(ptype: &str, name: &str) -> bool {
    matches!((ptype, name), ("header", "from" | "d" | "i") | ("smtp", "mailfrom"))
}

enum Named<'t> {
    Property {
        ptype: String,
        name: String,
        value: String,
        clean: bool,
        rest: &'t [Token],
    },
    /// `name=value` without a ptype, `reason=` among them.
    Bare {
        name: String,
        value: String,
        rest: &'t [Token],
    },
    Neither {
        rest: &'t [Token],
    },
}

fn property(tokens: &[Token]) -> Named<'_> {
    let neither = || {
        let (word, rest) = run(tokens, |t| *t != Token::Gap);
        Named::Neither { rest: if word.is_empty() { &[] } else { rest } }
    };
    let Some((first, rest)) = keyword(tokens) else { return neither() };
    if let Some(after) = punctuation(rest, '.') {
        let Some((name, rest)) = keyword(after) else { return neither() };
        let Some(rest) = punctuation(rest, '=') else { return neither() };
        let (value, clean, rest) = pvalue(rest);
        return Named::Property { ptype: first, name, value, clean, rest };
    }
    let Some(rest) = punctuation(rest, '=') else { return neither() };
    let (value, _, rest) = pvalue(rest);
    Named::Bare { name: first, value, rest }
}

/// The value, whether it follows the grammar, and what comes after it.
fn pvalue(tokens: &[Token]) -> (String, bool, &[Token]) {
    let (raw, rest) = run(tokens, |t| *t != Token::Gap);
    let value = spelled(raw);
    let clean = match raw {
        [Token::Quoted(_)] => true,
        [Token::Quoted(_), Token::Char('@'), domain @ ..] => {
            !domain.is_empty() && domain.iter().all(|t| matches!(t, Token::Char(c) if is_token_char(*c)))
        }
        _ if raw.iter().any(|t| matches!(t, Token::Quoted(_))) => false,
        _ => !value.is_empty() && (value.chars().all(is_token_char) || is_address(&value)),
    };
    (value, clean, rest)
}

/// `[local]@domain`; what else a local part may hold (`=`, `/`) is fine here, since "@" and white space end it.
fn is_address(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, domain)| {
        let local_char = |c: char| is_token_char(c) || matches!(c, '=' | '/' | '?');
        local.chars().all(local_char) && !domain.is_empty() && domain.chars().all(is_token_char)
    })
}

fn taken<'t>(before: &'t [Token], after: &[Token]) -> &'t [Token] {
    before.get(..before.len() - after.len()).unwrap_or(before)
}

fn skip(skipped: &mut Vec<String>, tokens: &[Token]) {
    if skipped.len() < MAX_SKIPPED {
        skipped.push(shown(tokens));
    }
}

fn shown(tokens: &[Token]) -> String {
    spelled(trim(tokens)).chars().take(MAX_SKIPPED_CHARS).collect()
}

#[cfg(test)]
mod tests;

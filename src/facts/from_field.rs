//! The structure rules: whether every reader of a mail must see the same single author. The address is read out of the
//! raw From value here a second time, by a scan that shares nothing with the MIME parser, and both must agree.

use crate::model::{AddrSpec, Message};

/// From's only author, or the first rule that the mail breaks, as a sentence.
pub fn author(message: &Message) -> Result<AddrSpec, String> {
    let structure = &message.structure;
    match structure.from_fields {
        1 => {}
        0 => return Err("The mail has no From field".to_owned()),
        n => return Err(format!("The mail has {n} From fields")),
    }
    if let Some(rule) = structure.broken.first() {
        return Err(format!("The header block can be read in more than one way ({rule})"));
    }
    let scanned = scan(&structure.from_raw)?;
    match message.from.as_slice() {
        [only] if only.spec().as_ref() == Some(&scanned) => Ok(scanned),
        [_] => Err("Two readings of the From field find different addresses".to_owned()),
        [] => Err("The From field has no address".to_owned()),
        many => Err(format!("The From field has {} addresses", many.len())),
    }
}

/// The header block was read to its end. Where it was not, From is no more than a claim: what stands beyond the bounds of
/// reading may say something else to other readers.
pub fn is_read_whole(message: &Message) -> bool {
    !message.is_flagged("header-block-too-large")
}

/// `[display name] <addr-spec>` or `addr-spec`, with comments around but never inside the address (RFC 5322 section 3.4
/// without its obsolete forms).
fn scan(raw: &str) -> Result<AddrSpec, String> {
    let mut angle: Option<String> = None;
    let mut plain = String::new();
    let (mut quoted, mut encoded) = (false, false);
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '(' => {
                // Readers who know no comments would take it for a part of the domain.
                if plain.contains('@') && !plain.ends_with([' ', '\t']) {
                    return Err("The From field has a comment inside its address".to_owned());
                }
                plain.push(' ');
                comment(after)?
            }
            c if angle.is_some() && !matches!(c, ' ' | '\t') => {
                return Err("Something follows the address in the From field".to_owned());
            }
            '"' => {
                quoted = true;
                string(after)?
            }
            '<' => {
                let (inside, after) = after.split_once('>').ok_or("The From field has a \"<\" without its \">\"")?;
                angle = Some(inside.to_owned());
                after
            }
            '>' => return Err("The From field has a \">\" without its \"<\"".to_owned()),
            ',' => return Err("The From field is a list of addresses".to_owned()),
            ';' | ':' => return Err("The From field is a group of addresses".to_owned()),
            '\\' => return Err("The From field has a backslash outside quotes".to_owned()),
            c if c.is_control() && c != '\t' => return Err("The From field has a control character".to_owned()),
            '=' if encoded_word(rest).is_some() => {
                encoded = true;
                plain.push(' ');
                encoded_word(rest).unwrap_or(after)
            }
            c => {
                plain.push(c);
                after
            }
        };
    }
    let plain = plain.trim_matches([' ', '\t']);
    let address = match &angle {
        Some(inside) => {
            // Readers that take the first thing with an "@" in it must find the same.
            if plain.contains('@') && !plain.eq_ignore_ascii_case(inside) {
                return Err("The From field has a second address in place of a name".to_owned());
            }
            if inside.contains("=?") {
                return Err("The From field's address has an encoded word in it".to_owned());
            }
            inside
        }
        None if quoted => return Err("The From field's address has quotes in it".to_owned()),
        None if encoded => return Err("The From field's address has an encoded word in it".to_owned()),
        None => plain,
    };
    AddrSpec::read(address).map_err(|error| format!("The From field's address cannot be used: {error}"))
}

/// Skips a comment (RFC 5322 section 3.2.2). One that holds what could pass for an address is refused: readers who know
/// no comments would take it.
fn comment(text: &str) -> Result<&str, String> {
    let mut depth = 1u32;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(text.get(at + 1..).unwrap_or_default());
                }
            }
            '@' | '<' | '>' => return Err("The From field has a comment that could pass for an address".to_owned()),
            c if c.is_control() && c != '\t' => return Err("The From field has a control character".to_owned()),
            _ => {}
        }
    }
    Err("The From field has a comment that is not closed".to_owned())
}

/// Skips a quoted string (RFC 5322 section 3.2.4).
fn string(text: &str) -> Result<&str, String> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' => return Ok(text.get(at + 1..).unwrap_or_default()),
            c if c.is_control() && c != '\t' => return Err("The From field has a control character".to_owned()),
            _ => {}
        }
    }
    Err("The From field has a quoted string that is not closed".to_owned())
}

/// What follows an encoded word (RFC 2047 section 2) whose text holds a bare comma or colon, as some senders write it,
/// but nothing that could pass for an address.
fn encoded_word(text: &str) -> Option<&str> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (content, rest) = rest.split_once("?=")?;
    let harmless = |c: char| !c.is_control() && !c.is_whitespace() && !"@<>()\";\\?".contains(c);
    let token = |c: char| c.is_ascii_alphanumeric() || "-_.*+".contains(c);
    let is_word = !charset.is_empty()
        && charset.chars().all(token)
        && matches!(encoding, "B" | "b" | "Q" | "q")
        && content.chars().all(harmless);
    is_word.then_some(rest)
}

//! Header fields: every value from outside is cleaned here before a library sees it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::header::{Header, HeaderName, HeaderValue, Headers};
use lettre::message::{Mailbox, Mailboxes, header};

use crate::model::AddrSpec;
use crate::model::text::{NAME_MAX, clean_line};

use super::ComposeError;

/// Longest Message-ID that is repeated in In-Reply-To and References, in characters.
const ID_MAX: usize = 250;
/// Most Message-IDs in References: the first, and the last of the rest.
const IDS_MAX: usize = 20;

/// One line that no reader decodes into something else: cleaned, and without the beginning of an encoded word
/// (RFC 2047 section 2), which in text that was already decoded is an accident or an attack.
pub fn plain(value: &str, max: usize) -> String {
    clean_line(&clean_line(value, max).replace("=?", "= ?"), max)
}

/// `name <address>`, the name cleaned: the library panics on one with a line break in it.
pub fn mailbox(name: Option<&str>, address: &AddrSpec) -> Result<Mailbox, ComposeError> {
    let email = lettre::Address::new(address.local(), address.domain())
        .map_err(|_| ComposeError::Build("an address is refused by the mail library"))?;
    let name = name.map(|n| clean_line(n, 2 * NAME_MAX)).filter(|n| !n.is_empty());
    Ok(Mailbox::new(name, email))
}

/// The header block in the order in which it is written.
#[derive(Default)]
pub struct Block(Headers);

impl Block {
    /// RFC 5322 section 3.3, in the desk's time zone.
    pub fn date(&mut self, at: Timestamp, zone: &TimeZone) -> Result<(), ComposeError> {
        let date = jiff::fmt::rfc2822::to_string(&at.to_zoned(zone.clone()))
            .map_err(|_| ComposeError::Build("its date has no form in RFC 5322"))?;
        self.raw("Date", date);
        Ok(())
    }

    pub fn from(&mut self, mailbox: Mailbox) {
        self.set(header::From::from(Mailboxes::from(mailbox)));
    }

    pub fn to(&mut self, mailbox: Mailbox) {
        self.set(header::To::from(Mailboxes::from(mailbox)));
    }

    pub fn cc(&mut self, mailboxes: Vec<Mailbox>) {
        if !mailboxes.is_empty() {
            self.set(header::Cc::from(Mailboxes::from_iter(mailboxes)));
        }
    }

    pub fn reply_to(&mut self, mailbox: Mailbox) {
        self.set(header::ReplyTo::from(Mailboxes::from(mailbox)));
    }

    pub fn subject(&mut self, subject: &str) {
        self.raw("Subject", subject.to_owned());
    }

    /// Message-ID, In-Reply-To and References; ids without angle brackets.
    pub fn ids(&mut self, own: &str, in_reply_to: Option<&str>, references: &[String]) {
        self.raw("Message-ID", format!("<{own}>"));
        if let Some(id) = in_reply_to {
            self.raw("In-Reply-To", format!("<{id}>"));
        }
        if !references.is_empty() {
            let ids: Vec<String> = references.iter().map(|id| format!("<{id}>")).collect();
            self.raw("References", ids.join(" "));
        }
    }

    /// A field whose value the desk itself chose.
    pub fn field(&mut self, name: &'static str, value: &'static str) {
        self.raw(name, value.to_owned());
    }

    fn raw(&mut self, name: &'static str, value: String) {
        self.0.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }

    fn set<H: Header>(&mut self, field: H) {
        self.0.set(field);
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a Message-ID from outside may be repeated: `left@right` of RFC 5322 section 3.6.4 in its dot-atom and
/// literal forms, all printable ASCII, of bounded length.
pub fn is_message_id(id: &str) -> bool {
    let Some((left, right)) = id.split_once('@') else { return false };
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let right_ok = match right.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
        Some(literal) => literal.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-".contains(&b)),
        None => !right.is_empty() && right.bytes().all(atext),
    };
    id.len() <= ID_MAX && !id.contains("=?") && !left.is_empty() && left.bytes().all(atext) && right_ok
}

/// References: `root` first where there is one, then `ids`, then `last`; each once, and of too many the first and the
/// latest (RFC 5322 section 3.6.4 lets the middle go).
pub fn references(root: Option<&str>, ids: &[&str], last: Option<&str>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for id in root.into_iter().chain(ids.iter().copied()).chain(last) {
        if !out.iter().any(|known| known == id) {
            out.push(id.to_owned());
        }
    }
    if out.len() > IDS_MAX {
        out.drain(1..out.len() - (IDS_MAX - 1));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_message_ids_are_repeated() {
        for good in ["a.b$c@host.example", "pd.1a.1042.abc@desk.example", "x@[192.0.2.1]", "CAA=+Q_x@mail.example"] {
            assert!(is_message_id(good), "{good} was refused");
        }
        for bad in ["", "a", "@x", "a@", "a b@c", "a@b>\r\nBcc: x@y", "<a@b>", "é@x", "a@b@c", "=?x?q?y?=@z", "a,b@c"]
        {
            assert!(!is_message_id(bad), "{bad:?} was taken");
        }
        assert!(!is_message_id(&format!("{}@x", "a".repeat(ID_MAX))));
    }

    #[test]
    fn of_too_many_references_the_middle_goes() {
        let ids: Vec<String> = (0..50).map(|i| format!("{i}@x")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let kept = references(Some("root@x"), &ids, Some("49@x"));
        assert_eq!(kept.len(), IDS_MAX);
        assert_eq!((kept[0].as_str(), kept[1].as_str(), kept[IDS_MAX - 1].as_str()), ("root@x", "31@x", "49@x"));
    }

    #[test]
    fn an_encoded_word_in_decoded_text_stays_text() {
        assert_eq!(plain("=?utf-8?q?a=0D=0ABcc?=", 80), "= ?utf-8?q?a=0D=0ABcc?=");
        assert_eq!(plain("=\u{200b}?x", 80), "= ?x");
        assert!(!plain("==??x", 80).contains("=?"));
    }
}

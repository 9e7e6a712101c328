//! The header fields of a mail that the desk uses, decoded.

use jiff::Zoned;

use crate::model::Address;
use crate::model::message::{AuthResultsField, Instances, Structure};
use crate::model::text::{SUBJECT_MAX, clean_line, cut_line};

use super::auth_results;
use super::charset::{self, Hint};
use super::scan::{self, Block};
use super::{address, date, words};

/// Most Message-IDs of a References field that are kept: the last ones.
pub const REFERENCES_MAX: usize = 100;
/// Longest Message-ID that is one.
const ID_MAX: usize = 998;

/// Decoded fields.
#[derive(Debug, Default)]
pub struct Headers {
    pub message_id: Vec<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    pub sent_at: Option<Zoned>,
    pub from: Vec<Address>,
    pub sender: Vec<Address>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub subject: Option<String>,
    pub delivered_to: Vec<String>,
    pub return_path: Option<String>,
    pub list: Option<String>,
    pub flags: Vec<&'static str>,
}

/// What the header block and the first part headers say of charsets, for bytes that say nothing themselves.
pub fn hint(raw: &[u8], block: &Block<'_>) -> Hint {
    let head = raw.get(..256 * 1024).unwrap_or(raw);
    let mut declared = None;
    let mut at = 0;
    while let Some(found) = find(head.get(at..).unwrap_or_default(), b"charset") {
        at += found + 7;
        let rest = head.get(at..).unwrap_or_default().trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b"=") else { continue };
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let end = rest.iter().take(40).position(|b| !(b.is_ascii_alphanumeric() || b"-_.".contains(b))).unwrap_or(0);
        let label = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        declared = declared.or_else(|| charset::known(&label).filter(|e| *e != encoding_rs::UTF_8));
        if declared.is_some() {
            break;
        }
    }
    Hint { declared, tld: sender_tld(block) }
}

/// Position of `needle` (lower case) in `bytes`, case not regarded.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let begins = memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes);
    let mut found =
        begins.filter(|at| bytes.get(*at..at + needle.len()).is_some_and(|w| w.eq_ignore_ascii_case(needle)));
    found.next()
}

fn sender_tld(block: &Block<'_>) -> Option<&'static str> {
    const KNOWN: [&str; 24] = [
        "sk", "cz", "si", "hr", "rs", "ba", "hu", "pl", "ro", "bg", "ru", "ua", "by", "gr", "tr", "de", "at", "fr",
        "jp", "cn", "tw", "kr", "lt", "lv",
    ];
    let value = block.first("From")?.value;
    let text = String::from_utf8_lossy(value.get(..1000).unwrap_or(value)).to_ascii_lowercase();
    let domain = text.rsplit('@').next()?;
    let end = domain.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(domain.len());
    let tld = domain.get(..end)?.trim_end_matches('.').rsplit('.').next()?;
    KNOWN.iter().find(|k| **k == tld).copied()
}

/// Reads the fields.
pub fn read(block: &Block<'_>, hint: Hint) -> Headers {
    let mut flags = Vec::new();
    let mut out = Headers {
        message_id: ids(block, "Message-ID", hint, &mut flags),
        in_reply_to: ids(block, "In-Reply-To", hint, &mut flags),
        references: ids(block, "References", hint, &mut flags),
        ..Headers::default()
    };
    if out.references.len().max(out.in_reply_to.len()) > REFERENCES_MAX {
        flags.push("too-many-references");
    }
    let skip = out.references.len().saturating_sub(REFERENCES_MAX);
    out.references.drain(..skip);
    out.in_reply_to.truncate(REFERENCES_MAX);
    out.message_id.truncate(REFERENCES_MAX);
    out.sent_at = block.all("Date").find_map(|f| date::parse(&words::unfold(f.value, hint, &mut Vec::new())));
    if out.sent_at.is_none() {
        flags.push(if block.first("Date").is_some() { "unreadable-date" } else { "no-date" });
    }
    out.from = addresses(block, "From", hint, &mut flags);
    out.sender = addresses(block, "Sender", hint, &mut flags);
    out.reply_to = addresses(block, "Reply-To", hint, &mut flags);
    out.to = addresses(block, "To", hint, &mut flags);
    out.cc = addresses(block, "Cc", hint, &mut flags);
    out.subject = subject(block, hint, &mut flags);
    if says_utf7(block) {
        let names = [&mut out.from, &mut out.sender, &mut out.reply_to, &mut out.to, &mut out.cc];
        let names = names.into_iter().flatten().filter_map(|address| address.name.as_mut());
        names.chain(out.subject.as_mut()).for_each(|text| *text = from_utf7(text));
    }
    for name in ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "X-Real-To"] {
        for field in block.all(name).take(20) {
            let value = words::unfold(field.value, hint, &mut flags);
            for found in address::list(&value, hint, &mut flags) {
                let email = found.email.to_ascii_lowercase();
                if email.contains('@') && !out.delivered_to.contains(&email) {
                    out.delivered_to.push(email);
                }
            }
        }
    }
    out.return_path = block.first("Return-Path").map(|f| {
        let value = words::unfold(f.value, hint, &mut flags);
        let inner = value.split_once('<').map_or(value.as_str(), |(_, rest)| rest.split('>').next().unwrap_or(rest));
        inner.trim().to_owned()
    });
    out.list = list_id(block, hint, &mut flags);
    for (name, flag) in [
        ("From", "duplicate-from"),
        ("Subject", "duplicate-subject"),
        ("To", "duplicate-to"),
        ("Date", "duplicate-date"),
        ("Message-ID", "duplicate-message-id"),
    ] {
        if block.all(name).count() > 1 {
            flags.push(flag);
        }
    }
    if block.first("From").is_none() {
        flags.push("no-from");
    }
    out.flags = flags;
    out
}

/// Whether a mail's text is UTF-7: whoever writes that writes it in header fields too, without saying so there.
fn says_utf7(block: &Block<'_>) -> bool {
    block.first("Content-Type").is_some_and(|f| find(f.value.get(..1000).unwrap_or(f.value), b"utf-7").is_some())
}

fn from_utf7(text: &str) -> String {
    let decoded = charset::decode(Some("utf-7"), text.as_bytes(), Hint::default()).0;
    if text.is_ascii() && !decoded.contains('\u{fffd}') { clean_line(&decoded, SUBJECT_MAX) } else { text.to_owned() }
}

/// The addresses of a field. To and Cc may come several times; of From and Sender the first counts.
fn addresses(block: &Block<'_>, name: &str, hint: Hint, flags: &mut Vec<&'static str>) -> Vec<Address> {
    let several = matches!(name, "To" | "Cc" | "Reply-To");
    let mut out: Vec<Address> = Vec::new();
    for field in block.all(name) {
        if !out.is_empty() && !several {
            break;
        }
        if out.len() >= address::ADDRESSES_MAX {
            scan::note(flags, address::TOO_MANY);
            break;
        }
        let value = words::unfold(field.value, hint, flags);
        out.extend(address::list(&value, hint, flags));
    }
    if out.len() > address::ADDRESSES_MAX {
        scan::note(flags, address::TOO_MANY);
        out.truncate(address::ADDRESSES_MAX);
    }
    out
}

fn subject(block: &Block<'_>, hint: Hint, flags: &mut Vec<&'static str>) -> Option<String> {
    let fields: Vec<_> = block.all("Subject").collect();
    let field = fields.iter().find(|f| !f.value.trim_ascii().is_empty()).or(fields.first())?;
    let (subject, cut) = cut_line(&words::text(field.value, hint, flags), SUBJECT_MAX);
    if cut {
        scan::note(flags, "subject-cut");
    }
    Some(subject)
}

/// The Message-IDs of a field, without angle brackets. Text around them (RFC 822's phrases) is passed over; an id that
/// nobody bracketed counts too.
fn ids(block: &Block<'_>, name: &str, hint: Hint, flags: &mut Vec<&'static str>) -> Vec<String> {
    let mut out = Vec::new();
    for field in block.all(name).take(20) {
        let value = words::text(latest(field.value), hint, flags);
        let found = ids_of(&value);
        out.extend(found);
        if field.value.len() > words::VALUE_MAX {
            scan::note(flags, words::CUT);
        }
    }
    let mut seen = std::collections::HashSet::new();
    out.retain(|id: &String| seen.insert(id.clone()));
    out
}

/// As much of a list of ids as is decoded: its end, where those stand that count.
fn latest(value: &[u8]) -> &[u8] {
    value.get(value.len().saturating_sub(words::VALUE_MAX)..).unwrap_or(value)
}

/// See [`ids`].
pub fn ids_of(value: &str) -> Vec<String> {
    let clean = |id: &str| -> Option<String> {
        let id: String = id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        (!id.is_empty() && id.len() <= ID_MAX).then_some(id)
    };
    let bracketed: Vec<String> =
        value.split('<').skip(1).filter_map(|piece| piece.split_once('>')).filter_map(|(id, _)| clean(id)).collect();
    if !bracketed.is_empty() {
        return bracketed;
    }
    let bare = |w: &&str| w.contains('@') || !value.trim().contains(char::is_whitespace);
    let words = value.split([' ', ',', ';']).filter(|w| !w.trim_matches(['<', '>', '"']).is_empty());
    words.filter(bare).filter_map(|w| clean(w.trim_matches(['<', '>', '"', ',']))).collect()
}

/// RFC 2919: the identifier in angle brackets, or the bare value.
fn list_id(block: &Block<'_>, hint: Hint, flags: &mut Vec<&'static str>) -> Option<String> {
    let value = words::text(block.first("List-Id")?.value, hint, flags);
    let id = value.rsplit_once('<').map_or(value.as_str(), |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let id = clean_line(id, 255);
    (!id.is_empty()).then_some(id)
}

/// What the raw scan alone saw, and whether another parser sees the same sender in the same bytes. `header` is the
/// header block, at most [`super::scan::HEADER_MAX`] bytes of it: no body, so nothing for that parser to nest in.
pub fn structure(block: &Block<'_>, header: &[u8], from: &[Address], hint: Hint) -> Structure {
    let mut broken = block.broken.clone();
    // Of a block beyond the bounds that parser gets what it is asked about.
    let alone = block.flags.contains(&scan::TOO_LARGE).then(|| from_alone(block));
    let header = alone.as_deref().unwrap_or(header);
    if let [only] = from
        && only.spec().is_some()
        && !another_parser_agrees(header, only)
    {
        broken.push("another parser reads another sender");
    }
    let raw = block.first("From").map(|f| words::unfold(f.value, hint, &mut Vec::new()));
    Structure {
        from_fields: count(block, "From"),
        from_raw: raw.unwrap_or_default(),
        broken,
        received: count(block, "Received"),
        instances: Instances {
            to: count(block, "To"),
            cc: count(block, "Cc"),
            subject: count(block, "Subject"),
            in_reply_to: count(block, "In-Reply-To"),
            references: count(block, "References"),
        },
    }
}

fn from_alone(block: &Block<'_>) -> Vec<u8> {
    block.all("From").flat_map(|field| [b"From:", field.value].concat()).chain(*b"\n").collect()
}

fn count(block: &Block<'_>, name: &str) -> u32 {
    u32::try_from(block.all(name).count()).unwrap_or(u32::MAX)
}

/// mail-parser's reading of the From field: one mailbox, the same address.
fn another_parser_agrees(header: &[u8], ours: &Address) -> bool {
    let header = header.get(..super::scan::HEADER_MAX).unwrap_or(header);
    // It has panicked on broken mail before; a mail on which it does has no sender that parsers agree on.
    let theirs = std::panic::catch_unwind(|| {
        let message = mail_parser::MessageParser::default().parse_headers(header)?;
        let mut list = message.from()?.iter();
        let first = list.next()?.address.as_deref()?.to_owned();
        list.next().is_none().then_some(first)
    });
    theirs.ok().flatten().is_some_and(|a| a.eq_ignore_ascii_case(&ours.email))
}

/// Most Authentication-Results fields that are read.
const AUTH_RESULTS_MAX: usize = 50;

/// Every Authentication-Results field, and how many Received fields stand above it.
pub fn auth_results(block: &Block<'_>, hint: Hint) -> Vec<AuthResultsField> {
    let mut received = 0;
    let mut out = Vec::new();
    for field in &block.fields {
        if field.is("Received") {
            received += 1;
        } else if field.is("Authentication-Results") && out.len() < AUTH_RESULTS_MAX {
            // A NUL must void the field, so it may not vanish here.
            let value = if field.value.contains(&0) {
                String::from_utf8_lossy(field.value).into_owned()
            } else {
                words::unfold(field.value, hint, &mut Vec::new())
            };
            let parsed = auth_results::parse(&value);
            out.push(AuthResultsField { value, parsed, received_above: received });
        }
    }
    out
}

/// A field's decoded value, the first of that name.
pub fn value(block: &Block<'_>, name: &str, hint: Hint) -> Option<String> {
    block.first(name).map(|f| words::text(f.value, hint, &mut Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::scan;

    fn headers(mail: &[u8]) -> Headers {
        let block = scan::entity(mail);
        read(&block, hint(mail, &block))
    }

    #[test]
    fn ids_are_found_in_any_dress() {
        assert_eq!(ids_of("<a@b> <c@d>"), ["a@b", "c@d"]);
        assert_eq!(ids_of("Your message of Monday <a@b>"), ["a@b"]);
        assert_eq!(ids_of("a@b"), ["a@b"]);
        assert!(ids_of("").is_empty() && ids_of("<>").is_empty());
    }

    #[test]
    fn a_raw_header_takes_the_charset_of_the_body() {
        let mail = b"From: \"\xc8edo\" <c@x.example>\r\nSubject: Stre\xbenik\r\nContent-Type: text/plain; charset=\"iso-8859-2\"\r\n\r\nx";
        let headers = headers(mail);
        assert_eq!(headers.subject.as_deref(), Some("Strežnik"));
        assert_eq!(headers.from[0].name.as_deref(), Some("Čedo"));
        assert!(headers.flags.contains(&"raw-8bit-header"));
    }

    #[test]
    fn a_mail_in_utf_7_has_a_header_in_utf_7() {
        let mail = b"From: Heinz M+APw-ller <a+b-c@x.example>\r\nSubject: Fr+APY-sche\r\nContent-Type: text/plain; charset=UTF-7\r\n\r\nx";
        let headers = headers(mail);
        assert_eq!(headers.subject.as_deref(), Some("Frösche"));
        assert_eq!(
            (headers.from[0].name.as_deref(), headers.from[0].email.as_str()),
            (Some("Heinz Müller"), "a+b-c@x.example")
        );
    }

    #[test]
    fn a_sender_that_two_parsers_read_differently_is_noted() {
        let broken = |mail: &[u8]| {
            let block = scan::entity(mail);
            let read = read(&block, Hint::default());
            structure(&block, mail, &read.from, Hint::default()).broken
        };
        assert!(broken(b"From: Jan <jan@firma.example>\nTo: x\n\n").is_empty());
        assert!(broken("From: \"Ján\" <jan@firma.example>\n\n".as_bytes()).is_empty());
        assert!(!broken(b"From\n : <a@evil.example>\nFrom: <jan@firma.example>\n\n").is_empty());
        assert!(!broken(b"From: <any@evil.example>admin@firma.example\n\n").is_empty());
    }

    #[test]
    fn the_first_of_two_from_fields_is_shown_and_the_mail_flagged() {
        let headers = headers(b"From: a@x.example\nFrom: b@x.example\n\n");
        assert_eq!(headers.from[0].email, "a@x.example");
        assert!(headers.flags.contains(&"duplicate-from"));
    }
}

//! The first look at the bytes: cuts a header block into fields, in linear time and within bounds, and notes what makes
//! it mean different things to different parsers.

use memchr::memchr;

/// Longest header block whose fields are read, in bytes (BEHAVIOUR 5; Postfix's header_size_limit is 102,400).
pub const HEADER_MAX: usize = 256 * 1024;
/// Most fields of one block that are read.
pub const FIELDS_MAX: usize = 1000;
/// The flag of a block beyond these bounds.
pub const TOO_LARGE: &str = "header-block-too-large";

/// Without these a mail cannot be read: they are looked for beyond the bounds, too.
const NEEDED: [&str; 15] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "Auto-Submitted",
];
/// Most fields that are taken from beyond the bounds.
const NEEDED_MAX: usize = 100;

/// One header field as it stands in the mail.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// As written, without white space before the colon.
    pub name: &'a [u8],
    /// Everything after the colon, line ends of folding included.
    pub value: &'a [u8],
}

impl Field<'_> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// A header block and what stands below it.
#[derive(Clone, Debug, Default)]
pub struct Block<'a> {
    pub fields: Vec<Field<'a>>,
    pub body: &'a [u8],
    /// In words, see [`crate::model::message::Structure::broken`].
    pub broken: Vec<&'static str>,
    pub flags: Vec<&'static str>,
}

impl<'a> Block<'a> {
    pub fn all<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = &'s Field<'a>> {
        self.fields.iter().filter(move |f| f.is(name))
    }

    pub fn first(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|f| f.is(name))
    }
}

/// The line at the beginning of `bytes` without its line end, and the length of both together.
pub fn line(bytes: &[u8]) -> (&[u8], usize) {
    match memchr(b'\n', bytes) {
        Some(at) => (strip_cr(bytes.get(..at).unwrap_or_default()), at + 1),
        None => (strip_cr(bytes), bytes.len()),
    }
}

fn strip_cr(mut line: &[u8]) -> &[u8] {
    while let Some((b'\r', rest)) = line.split_last() {
        line = rest;
    }
    line
}

/// The field name and the value of a line that looks like a field (RFC 5322 section 2.2, white space before the colon
/// allowed as section 4.5 does).
fn field_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().take(256).position(|b| *b == b':')?;
    let (name, rest) = line.split_at_checked(colon)?;
    let trimmed = name.trim_ascii_end();
    let valid = !trimmed.is_empty() && trimmed.iter().all(|b| (33..=126).contains(b));
    valid.then_some((trimmed, rest.get(1..).unwrap_or_default()))
}

/// Cuts an entity into its header fields and its body. Never fails: bytes without any field are all body.
pub fn entity(bytes: &[u8]) -> Block<'_> {
    let mut block = Block { body: bytes, ..Block::default() };
    let mut at = skip_odd_beginning(bytes, &mut block.flags);
    let mut fields: Vec<(&[u8], usize, usize)> = Vec::new();
    let start = at;
    // The field begun last is kept, and so are its folded lines.
    let mut open = true;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.is_empty() {
            block.body = rest;
            break;
        }
        let (text, len) = line(rest);
        if text.is_empty() {
            block.body = rest.get(len..).unwrap_or_default();
            break;
        }
        let beyond = at - start > HEADER_MAX || fields.len() >= FIELDS_MAX;
        let folded = matches!(text.first(), Some(b' ' | b'\t'));
        if folded && at == start {
            note(&mut block.broken, "the first line is a folded one");
            if let Some((name, value)) = field_line(text.trim_ascii_start()) {
                let from = at + offset(rest, value);
                fields.push((name, from, at + len));
            }
        } else if folded {
            if let Some(last) = fields.last_mut().filter(|_| open) {
                last.2 = at + len;
            }
        } else if let Some((name, value)) = field_line(text) {
            open = !beyond || fields.len() < FIELDS_MAX + NEEDED_MAX && is_needed(name);
            if open {
                fields.push((name, at + offset(rest, value), at + len));
            }
            if beyond {
                note(&mut block.flags, TOO_LARGE);
            }
            if !open && name.eq_ignore_ascii_case(b"From") {
                note(&mut block.broken, "a From field beyond the bounds of reading");
            }
        } else if beyond {
            note(&mut block.flags, TOO_LARGE);
        } else if !header_goes_on(rest.get(len..).unwrap_or_default()) {
            // Text without a blank line above it: the body has begun.
            note(&mut block.flags, "no-blank-line-after-header");
            if !fields.is_empty() {
                note(&mut block.broken, "a line without a colon");
            }
            block.body = rest;
            break;
        } else {
            note(&mut block.broken, "a line without a colon");
        }
        at += len;
    }
    // The last field too may be what makes it so.
    if at - start > HEADER_MAX {
        note(&mut block.flags, TOO_LARGE);
    }
    let end = bytes.len() - block.body.len();
    inspect(bytes.get(start..end).unwrap_or_default(), &mut block.broken);
    block.fields = fields
        .into_iter()
        .map(|(name, from, to)| Field { name, value: bytes.get(from..to.min(from + HEADER_MAX)).unwrap_or_default() })
        .collect();
    block
}

fn is_needed(name: &[u8]) -> bool {
    NEEDED.iter().any(|needed| name.eq_ignore_ascii_case(needed.as_bytes()))
}

/// Where `inner`, a part of `outer`, begins in it.
fn offset(outer: &[u8], inner: &[u8]) -> usize {
    (inner.as_ptr() as usize).saturating_sub(outer.as_ptr() as usize)
}

/// A byte order mark, an mbox separator, or blank lines before the first field: skipped, and named.
fn skip_odd_beginning(bytes: &[u8], flags: &mut Vec<&'static str>) -> usize {
    let mut at = 0;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        flags.push("byte-order-mark");
        at = 3;
    }
    let mut blank = at;
    while let Some(b'\r' | b'\n') = bytes.get(blank) {
        blank += 1;
    }
    let rest = bytes.get(blank..).unwrap_or_default();
    let (mut text, len) = line(rest);
    let mut skipped = blank;
    // `From : a@x` is a broken field and no separator: whoever passes over it passes over the sender.
    let separator = text.strip_prefix(b">").unwrap_or(text).strip_prefix(b"From ");
    if separator.is_some_and(|rest| !rest.trim_ascii_start().starts_with(b":")) {
        flags.push("mbox-from-line");
        skipped += len;
        text = line(bytes.get(skipped..).unwrap_or_default()).0;
    }
    if skipped > at && field_line(text.trim_ascii_start()).is_some() {
        if blank > at {
            flags.push("leading-blank-line");
        }
        at = skipped;
    }
    at
}

/// Whether what follows a line without a colon still belongs to the header: a field comes before the next blank line.
fn header_goes_on(mut rest: &[u8]) -> bool {
    for _ in 0..20 {
        let (text, len) = line(rest);
        if text.is_empty() {
            return false;
        }
        // A name with a hyphen or one of the usual words: text such as "Note: …" is no field.
        if let Some((name, _)) = field_line(text) {
            let usual: [&[u8]; 9] =
                [b"from", b"to", b"cc", b"date", b"subject", b"received", b"sender", b"bcc", b"references"];
            if name.contains(&b'-') || usual.iter().any(|n| name.eq_ignore_ascii_case(n)) {
                return true;
            }
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    false
}

/// What parsers are known to disagree about (BEHAVIOUR 1).
fn inspect(header: &[u8], broken: &mut Vec<&'static str>) {
    let (mut crlf, mut bare_lf, mut bare_cr) = (false, false, false);
    let mut before = 0u8;
    for (i, &b) in header.iter().enumerate() {
        match b {
            0 => note(broken, "a NUL byte"),
            b'\n' if before == b'\r' => crlf = true,
            b'\n' => bare_lf = true,
            b'\r' => bare_cr |= header.get(i + 1).is_none_or(|next| *next != b'\n'),
            b'\t' => {}
            1..=31 | 127 => note(broken, "a control character"),
            _ => {}
        }
        before = b;
    }
    if bare_cr {
        note(broken, "a bare CR");
    }
    if crlf && bare_lf {
        note(broken, "a bare LF among CRLF line ends");
    }
    let mut rest = header;
    while !rest.is_empty() {
        let (text, len) = line(rest);
        let colon = memchr(b':', text).unwrap_or(0);
        let folded = matches!(text.first(), Some(b' ' | b'\t'));
        let before = colon.checked_sub(1).and_then(|i| text.get(i));
        if !folded && matches!(before, Some(b' ' | b'\t')) && field_line(text).is_some() {
            note(broken, "white space before the colon of a field");
        }
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// Notes something once.
pub(super) fn note(list: &mut Vec<&'static str>, what: &'static str) {
    if !list.contains(&what) {
        list.push(what);
    }
}

/// A mail whose lines end in CR alone (classic Mac OS, broken scripts), given LF ends; None for any other mail.
pub fn repair_cr_only(bytes: &[u8]) -> Option<Vec<u8>> {
    if memchr(b'\n', bytes).is_some() || memchr(b'\r', bytes).is_none() {
        return None;
    }
    Some(bytes.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Vec<String> {
        entity(bytes).fields.iter().map(|f| String::from_utf8_lossy(f.name).into_owned()).collect()
    }

    #[test]
    fn fields_and_body_are_cut_at_the_first_blank_line() {
        let block = entity(b"A: 1\r\n 2\r\nB: 3\r\n\r\nbody\r\n");
        assert_eq!(block.fields.len(), 2);
        assert_eq!(block.fields[0].value, b" 1\r\n 2\r\n");
        assert_eq!(block.body, b"body\r\n");
        assert!(block.broken.is_empty() && block.flags.is_empty());
    }

    #[test]
    fn every_broken_rule_is_named() {
        for (bytes, word) in [
            (&b"From: a\0\r\n\r\n"[..], "NUL"),
            (b"From: a\x07\r\n\r\n", "control"),
            (b"From: a\rFrom: b\r\n\r\n", "bare CR"),
            (b"From: a\nTo: b\r\n\r\n", "bare LF"),
            (b"From : a\r\n\r\n", "white space before"),
            (b"From: a\r\nno colon here\r\nTo: b\r\n\r\n", "without a colon"),
            (b" From: a\r\nTo: b\r\n\r\n", "folded"),
            (b"From\r\n : a\r\nFrom: b\r\n\r\n", "without a colon"),
        ] {
            let broken = entity(bytes).broken;
            assert!(broken.iter().any(|b| b.contains(word)), "{word}: {broken:?}");
        }
        assert!(entity(b"From: a\nTo: b\n\nx").broken.is_empty(), "LF-only mail is ordinary");
    }

    #[test]
    fn odd_beginnings_are_passed_over() {
        assert_eq!(names(b"\r\n\r\nFrom: a\r\n\r\nx"), ["From"]);
        assert_eq!(names(b"From a@b Mon Jan  1\nFrom: a\n\nx"), ["From"]);
        assert_eq!(names(b"From : a@b\nTo: c\n\nx"), ["From", "To"]);
        assert!(entity(b"\n\nonly text").body.ends_with(b"only text"));
        assert_eq!(entity(b"only text\n").body, b"only text\n");
    }

    #[test]
    fn a_flood_of_fields_is_cut() {
        let flood = b"a:\n".repeat(100_000);
        let block = entity(&flood);
        assert_eq!(block.fields.len(), FIELDS_MAX);
        assert!(block.flags.contains(&TOO_LARGE));
        let exactly = [b"a: 1\n b\n".repeat(FIELDS_MAX), b"\nbody".to_vec()].concat();
        assert!(entity(&exactly).flags.is_empty());
    }

    #[test]
    fn one_field_larger_than_a_header_block_is_cut() {
        for field in [format!("X: {}\n", "x".repeat(300_000)), format!("X: 1\n{}", " more\n".repeat(50_000))] {
            let mail = format!("From: a\n{field}\nbody");
            let block = entity(mail.as_bytes());
            assert!(block.flags.contains(&TOO_LARGE) && block.fields.iter().all(|f| f.value.len() <= HEADER_MAX));
            assert_eq!((block.fields.len(), block.body), (2, &b"body"[..]));
        }
    }

    #[test]
    fn what_a_mail_cannot_be_read_without_is_found_beyond_the_bounds() {
        let beyond = b"To: b\nX-Mine: 1\n folded\nfrom: a\n c\nFrom: d\n\nbody";
        for flood in [b"X: 1\n".repeat(1_500), format!("Cc: {}\n", "x".repeat(300_000)).into_bytes()] {
            let mail = [&flood[..], beyond].concat();
            let block = entity(&mail);
            let from: Vec<_> = block.all("From").map(|f| f.value).collect();
            assert_eq!((from.as_slice(), block.body), (&[&b" a\n c\n"[..], b" d\n"][..], &b"body"[..]));
            assert!(block.first("To").is_some() && block.first("X-Mine").is_none());
            assert!(block.fields.len() <= FIELDS_MAX + NEEDED_MAX);
        }
        let hidden = [&b"From: a\n"[..], &b"To: b\n".repeat(1_500), b"From: c\n\nbody"].concat();
        assert!(entity(&hidden).broken.iter().any(|b| b.contains("From")), "a second From that is not counted");
    }
}

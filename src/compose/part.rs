//! MIME parts: the text and the attachments, always in 7-bit form.

use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType, Headers};
use lettre::message::{Body, MultiPart, SinglePart};

use crate::model::content::base64_lines;
use crate::model::text::FILE_NAME_MAX;
use crate::model::{Attachment, Content};

use super::ComposeError;
use super::header::plain;
use super::quoted::quoted_printable;

/// Adds the body of a mail, its own header fields included: the text alone, or with attachments in multipart/mixed.
/// `seed` makes the boundary; it is the Message-ID, so that the same mail has the same one again.
pub fn add(mail: &mut Content, text: &str, attachments: &[&Attachment], seed: &str) -> Result<(), ComposeError> {
    let body = text_part(text, ContentType::TEXT_PLAIN)?;
    if attachments.is_empty() {
        mail.push(&body.formatted());
        return Ok(());
    }
    let around = MultiPart::mixed().boundary(boundary(seed)).build();
    let closing = format!("--{}--\r\n", around.boundary());
    let head = around.formatted();
    mail.push(head.strip_suffix(closing.as_bytes()).unwrap_or(&head));
    let delimiter = format!("--{}\r\n", around.boundary());
    mail.push(delimiter.as_bytes());
    mail.push(&body.formatted());
    for (i, attachment) in attachments.iter().enumerate() {
        mail.push(delimiter.as_bytes());
        mail.push(attachment_head(attachment, i + 1).as_bytes());
        if !attachment.span.as_ref().is_some_and(|span| mail.push_span(span)) {
            if attachment.content.len() != attachment.size {
                return Err(ComposeError::Build("an attachment of another mail is not at hand"));
            }
            mail.push(&base64_lines(&attachment.content));
        }
        mail.push(b"\r\n");
    }
    mail.push(closing.as_bytes());
    Ok(())
}

/// Quoted-printable, or base64 for scripts of which quoted-printable would leave nothing readable (filters are wary of
/// text in base64). Neither can contain `=_`, which begins every boundary here (RFC 2045 section 6.7).
pub fn text_part(text: &str, kind: ContentType) -> Result<SinglePart, ComposeError> {
    let special = text.bytes().filter(|b| !b.is_ascii() || *b == b'=').count();
    let body = if special * 2 > text.len() {
        Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::Base64)
            .map_err(|_| ComposeError::Build("its text cannot be encoded"))?
    } else {
        Body::dangerous_pre_encoded(quoted_printable(text), ContentTransferEncoding::QuotedPrintable)
    };
    Ok(SinglePart::builder().header(kind).body(body))
}

pub fn boundary(seed: &str) -> String {
    let hex = crate::model::Digest::of(seed.as_bytes()).hex();
    format!("=_{}", &hex[..32])
}

/// The header of an attachment, with the empty line below it. Always base64: the library would send ASCII content as it is,
/// with its bare LF and NUL.
fn attachment_head(attachment: &Attachment, number: usize) -> String {
    let mut headers = Headers::new();
    headers.set(ContentDisposition::attachment(&file_name(attachment, number)));
    headers.set(media_type(attachment));
    headers.set(ContentTransferEncoding::Base64);
    format!("{headers}\r\n")
}

/// The media type as it came where it is one (RFC 6838 section 4.2), else application/octet-stream. So are `message/*`
/// and `multipart/*`: base64 is forbidden for them (RFC 2046 section 5), and a reader must not unfold them into ours.
fn media_type(attachment: &Attachment) -> ContentType {
    let octets = || ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN);
    let given = attachment.media_type.to_ascii_lowercase();
    let Some((main, sub)) = given.split_once('/') else { return octets() };
    let name = |part: &str| {
        (1..=127).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    if !name(main) || !name(sub) || matches!(main, "message" | "multipart") {
        return octets();
    }
    let utf8 = main == "text" && !attachment.content.is_ascii() && std::str::from_utf8(&attachment.content).is_ok();
    let full = if utf8 { format!("{given}; charset=utf-8") } else { given };
    ContentType::parse(&full).unwrap_or_else(|_| octets())
}

/// A name that is only a name: no path, no control characters, not hidden, of bounded length.
pub fn file_name(attachment: &Attachment, number: usize) -> String {
    let given = attachment.name.as_deref().unwrap_or_default();
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = plain(last, usize::MAX).chars().filter(|c| !"<>:\"|?*".contains(*c)).collect();
    let name = name.trim_matches(|c: char| c == '.' && c != '_' || c.is_whitespace());
    if name.is_empty() {
        return format!("attachment-{number}{}", extension(&attachment.media_type));
    }
    shorten(name)
}

/// At most [`FILE_NAME_MAX`] characters, the extension kept: it says what opens the file.
fn shorten(name: &str) -> String {
    if name.chars().count() <= FILE_NAME_MAX {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, ext)) if (1..=10).contains(&ext.chars().count()) => (stem, format!(".{ext}")),
        _ => (name, String::new()),
    };
    let kept: String = stem.chars().take(FILE_NAME_MAX - extension.chars().count()).collect();
    format!("{}{extension}", kept.trim_end())
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        "image/gif" => ".gif",
        "application/pdf" => ".pdf",
        "application/zip" => ".zip",
        "text/plain" => ".txt",
        "text/html" => ".html",
        "text/csv" => ".csv",
        "text/calendar" => ".ics",
        "message/rfc822" => ".eml",
        _ => ".bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    #[test]
    fn base64_is_that_of_the_library() {
        for size in (0..200).chain([1000, 57 * 40, 57 * 40 + 1]) {
            let content: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let library = Body::new_with_encoding(content.clone(), ContentTransferEncoding::Base64).expect("encodes");
            assert_eq!(base64_lines(&content), library.into_vec(), "{size} bytes");
        }
    }

    fn attachment(name: Option<&str>, media_type: &str) -> Attachment {
        Attachment {
            name: name.map(str::to_owned),
            media_type: media_type.to_owned(),
            disposition: "attachment".to_owned(),
            cid: None,
            content: b"a\nb\0"[..].into(),
            size: 4,
            sha256: Digest::of(b"a\nb\0"),
            span: None,
        }
    }

    #[test]
    fn a_file_name_is_only_a_name() {
        let name = |n: &str| file_name(&attachment(Some(n), "image/png"), 2);
        assert_eq!(name("../../etc/passwd"), "passwd");
        assert_eq!(name("C:\\x\\faktúra č. 7.pdf"), "faktúra č. 7.pdf");
        assert_eq!(name("a\r\nb\u{202e}gpj.exe"), "a bgpj.exe");
        assert_eq!(name(".."), "attachment-2.png");
        assert_eq!(name(""), "attachment-2.png");
        let long = name(&format!("{}.pdf", "á".repeat(500)));
        assert_eq!(long.chars().count(), FILE_NAME_MAX);
        assert!(long.ends_with("á.pdf"));
    }

    #[test]
    fn media_types_that_are_none_become_octets() {
        let shown = |m: &str| format!("{:?}", media_type(&attachment(None, m)));
        for bad in ["", "x", "a/b/c", "text/pl ain", "message/rfc822", "multipart/mixed", "a/b\r\nX: y", "é/x"] {
            assert!(shown(bad).contains("octet-stream"), "{bad:?} became {}", shown(bad));
        }
        assert!(shown("image/png").contains("image/png"));
    }
}

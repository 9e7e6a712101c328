//! A mail with pictures in its text: multipart/alternative of the plain text and of multipart/related (RFC 2387), which
//! Outlook, Gmail and Thunderbird show in place; who reads plain text sees no picture and no attachment.

use lettre::message::header::ContentType;

use crate::model::Content;
use crate::model::content::base64_lines;

use super::ComposeError;
use super::part::{boundary, text_part};

/// What HTML shows beside the plain text of the same mail.
pub struct Pictured {
    pub html: String,
    pub pictures: Vec<Picture>,
}

pub struct Picture {
    /// A word, of which its file name and its Content-ID are made.
    pub name: &'static str,
    pub title: String,
    /// For whoever does not see it.
    pub alt: String,
    pub png: Vec<u8>,
}

/// By what the HTML names a picture (RFC 2392), without angle brackets: another in every mail.
pub fn cid(picture: &Picture, seed: &str, domain: &str) -> String {
    let unique = boundary(&format!("{seed}:{}", picture.name));
    format!("{}.{}@{domain}", picture.name, unique.trim_start_matches("=_"))
}

/// Adds the body of a mail, its own header fields included. `seed` makes boundaries and Content-IDs; it is the Message-ID.
pub fn add(mail: &mut Content, text: &str, pictured: &Pictured, seed: &str, domain: &str) -> Result<(), ComposeError> {
    let (outer, inner) = (boundary(seed), boundary(&format!("{seed}:related")));
    mail.push(format!("Content-Type: multipart/alternative;\r\n boundary=\"{outer}\"\r\n\r\n").as_bytes());
    mail.push(format!("--{outer}\r\n").as_bytes());
    mail.push(&text_part(text, ContentType::TEXT_PLAIN)?.formatted());
    let head = format!("Content-Type: multipart/related; type=\"text/html\";\r\n boundary=\"{inner}\"\r\n\r\n");
    mail.push(format!("--{outer}\r\n{head}--{inner}\r\n").as_bytes());
    mail.push(&text_part(&pictured.html, ContentType::TEXT_HTML)?.formatted());
    for picture in &pictured.pictures {
        let (name, cid) = (picture.name, cid(picture, seed, domain));
        let head = format!(
            "--{inner}\r\nContent-Type: image/png; name=\"{name}.png\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-ID: <{cid}>\r\nContent-Disposition: inline; filename=\"{name}.png\"\r\n\r\n"
        );
        mail.push(head.as_bytes());
        mail.push(&base64_lines(&picture.png));
        mail.push(b"\r\n");
    }
    mail.push(format!("--{inner}--\r\n\r\n--{outer}--\r\n").as_bytes());
    Ok(())
}

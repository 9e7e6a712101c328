//! What must hold for every mail, by a reading of our own and by another parser.

use mail_parser::{MessageParser, MimeHeaders as _};
use postdesk::model::OutgoingMail;

/// Header fields by a reading of our own: unfolded `(name, value)`, and the body.
pub fn fields(bytes: &[u8]) -> (Vec<(String, String)>, String) {
    let text = String::from_utf8(bytes.to_vec()).expect("ASCII");
    let (head, body) = text.split_once("\r\n\r\n").expect("an empty line after the header");
    let mut out: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            out.last_mut().expect("not folded at first").1.push_str(line);
        } else {
            let (name, value) = line.split_once(':').expect("a field");
            out.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }
    (out, body.to_owned())
}

const KNOWN: &[&str] = &[
    "Date",
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// What must hold for every mail, whatever was put into its draft.
pub fn hold(mail: &OutgoingMail) {
    hold_with(mail, b"");
}

/// The same for one that takes pieces from a kept mail.
pub fn hold_with(mail: &OutgoingMail, kept: &[u8]) {
    let bytes = &mail.content.whole(kept).expect("its pieces are in the mail");
    assert!(
        bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | b'\t' | 0x20..=0x7e)),
        "not 7-bit, or a control character"
    );
    let text = std::str::from_utf8(bytes).expect("ASCII");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "a line over 998 octets");

    let (fields, body) = fields(bytes);
    assert!(body.split("\r\n").all(|line| line.len() <= 78), "a body line over 78 octets");
    for (name, _) in &fields {
        assert!(KNOWN.contains(&name.as_str()), "a field that the desk does not write: {name}");
        assert_eq!(fields.iter().filter(|(n, _)| n == name).count(), 1, "{name} twice");
    }
    for needed in ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"] {
        assert!(fields.iter().any(|(n, _)| n == needed), "no {needed}");
    }

    let read = MessageParser::default().parse(bytes.as_slice()).expect("another parser reads it");
    let one = |value: Option<&mail_parser::Address<'_>>| {
        let all: Vec<(Option<String>, String)> = value
            .map(|list| {
                list.clone()
                    .into_list()
                    .into_iter()
                    .map(|a| (a.name.map(|n| n.into_owned()), a.address.unwrap_or_default().into_owned()))
                    .collect()
            })
            .unwrap_or_default();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    };
    let (from_name, from) = one(read.from());
    let (to_name, to) = one(read.to());
    assert_eq!(from, "podpora@acme.example");
    assert_eq!(to, mail.to.email);
    assert_eq!(to_name, mail.to.name);
    assert_eq!(read.subject(), Some(mail.subject.as_str()));
    assert_eq!(read.message_id(), Some(mail.message_id.as_str()));
    for shown in [from_name.as_deref(), to_name.as_deref(), read.subject()].into_iter().flatten() {
        assert!(!shown.chars().any(char::is_control), "a control character in {shown:?}");
    }
    assert_eq!(read.body_text(0).expect("text").replace("\r\n", "\n").trim_end(), mail.text.trim_end());
    for part in read.attachments() {
        let name = part.attachment_name().expect("every attachment has a name");
        assert!(!name.contains(['/', '\\', '\r', '\n', '\0']) && !name.starts_with('.'), "{name:?}");
    }
}

/// The bytes of a mail that takes no pieces from another.
pub fn bytes(mail: &OutgoingMail) -> Vec<u8> {
    mail.content.whole(b"").expect("it has no pieces")
}

/// The value of a field of the finished mail.
pub fn field(mail: &OutgoingMail, name: &str) -> Option<String> {
    fields(&bytes(mail)).0.into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

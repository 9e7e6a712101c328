//! What lies beyond the bounds of reading is left out, and never silently.

use super::{holds, read};
use postdesk::model::Message;

#[test]
fn a_text_of_one_line_over_the_bound_keeps_its_beginning() {
    let log = "slovo ".repeat(180_000);
    let soft: String = log.as_bytes().chunks(72).map(|c| String::from_utf8_lossy(c).into_owned() + "=\r\n").collect();
    let flowed: String = "slovo slovo \r\n".repeat(90_000);
    for (fields, body) in [
        ("Content-Type: text/plain", format!("{log}\n")),
        ("Content-Type: text/plain", format!("Good day,\nthis is the log:\n{log}\nBye\n")),
        ("Content-Type: text/plain", format!("Good day,\n> > {log}\n")),
        ("Content-Type: text/plain; charset=utf-8", "ž".repeat(700_000)),
        ("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable", soft),
        ("Content-Type: text/plain; format=flowed", flowed),
        ("Content-Type: text/html", format!("<p>Good day</p><p>{log}</p>")),
    ] {
        let message = read(format!("From: a@x.example\nSubject: a log\n{fields}\n\n{body}").as_bytes());
        holds(&message, fields);
        assert!(message.text.len() > (1 << 20) - 4096, "{fields}: {} bytes are left", message.text.len());
        assert!(message.flags.iter().any(|f| f == "text-cut"), "{fields}: {:?}", message.flags);
        assert!(message.reply.text.starts_with(message.text.get(..8).expect("text")), "{fields}");
    }
    // Where it costs little, the cut is at the end of a line.
    let lines = read(format!("From: a@x.example\n\n{}", "a line of words\n".repeat(100_000)).as_bytes());
    assert!(lines.text.ends_with("words") && lines.text.len() > (1 << 20) - 4096);
}

/// A mail with these fields and this body, and its flags besides that it has no date.
fn flags(fields: &str, body: &str) -> (Message, Vec<String>) {
    let message = read(format!("From: a@x.example\n{fields}\n\n{body}").as_bytes());
    holds(&message, fields.get(..40).unwrap_or(fields));
    let flags = message.flags.iter().filter(|f| *f != "no-date").cloned().collect();
    (message, flags)
}

#[test]
fn whatever_is_left_out_has_a_flag_of_its_own() {
    let people = |n: usize| (0..n).map(|i| format!("P{i} <p{i}@x.example>,\n ")).collect::<String>();
    let ids = |n: usize| (0..n).map(|i| format!("<{i}@x.example>\n ")).collect::<String>();
    let file = |name: usize| format!("--b\nContent-Type: image/png; name=\"{}.png\"\n\nx\n", "n".repeat(name));
    let files = |n: usize| file(5).repeat(n) + "--b--\n";
    let mixed = "Content-Type: multipart/mixed; boundary=b";
    let html = format!("<p>{}</p>", "word ".repeat(250_000));
    let alternative = format!("--b\n\nHi\n--b\nContent-Type: text/html\n\n{html}\n--b--\n");
    for (fields, body, expected) in [
        (format!("Cc: {}", people(200)), "Hi", vec![]),
        (format!("Cc: {}", people(201)), "Hi", vec!["too-many-addresses"]),
        (format!("Reply-To: {}\nReply-To: {}", people(150), people(51)), "Hi", vec!["too-many-addresses"]),
        (format!("Reply-To: {}\nReply-To: {}", people(150), people(50)), "Hi", vec![]),
        (format!("References: {}", ids(100)), "Hi", vec![]),
        (format!("References: {}", ids(101)), "Hi", vec!["too-many-references"]),
        (format!("Subject: {}", "s".repeat(200)), "Hi", vec![]),
        (format!("Subject: {}", "š".repeat(201)), "Hi", vec!["raw-8bit-header", "subject-cut"]),
        (format!("Cc: {} <b@x.example>", "n".repeat(80)), "Hi", vec![]),
        (format!("Cc: {} <b@x.example>", "n".repeat(81)), "Hi", vec!["name-cut"]),
        (mixed.to_owned(), &file(116), vec!["unclosed-multipart"]),
        (mixed.to_owned(), &file(117), vec!["unclosed-multipart", "file-name-cut"]),
        (mixed.to_owned(), &files(100), vec![]),
        (mixed.to_owned(), &files(101), vec!["too-many-attachments"]),
        ("Content-Type: text/html".to_owned(), &html, vec!["text-cut", "html-cut"]),
        ("Content-Type: multipart/alternative; boundary=b".to_owned(), &alternative, vec!["html-cut"]),
        (format!("X-Long: {}\nSubject: {}", "x".repeat(70_000), "s".repeat(190)), "Hi", vec![]),
        (format!("Subject: {}s", " ".repeat(70_000)), "Hi", vec!["field-cut"]),
        (format!("X-Long: {}", "x".repeat(300_000)), "Hi", vec!["header-block-too-large"]),
        (format!("X: x{}", "\nX: x".repeat(1_000)), "Hi", vec!["header-block-too-large"]),
    ] {
        let shown = fields.get(..40).unwrap_or(&fields);
        assert_eq!(flags(&fields, body).1, expected, "{shown}… with a body of {} bytes", body.len());
    }
}

#[test]
fn of_references_beyond_every_bound_the_last_are_kept() {
    let ids: String = (0..5_000).map(|i| format!("<{i}@x.example>\n ")).collect();
    let (message, flags) = flags(&format!("References: {ids}"), "Hi");
    assert_eq!(flags, ["field-cut", "too-many-references"]);
    assert_eq!(
        (message.references.len(), message.references.last().map(String::as_str)),
        (100, Some("4999@x.example"))
    );
}

#[test]
fn a_mail_whose_header_is_too_large_is_read_all_the_same() {
    let flood = "X-Filler: x\n".repeat(1_500);
    let own = "From: Jan <jan@firma.example>\nTo: podpora@acme.example\nSubject: Invoice\nContent-Type: text/html\n";
    let many = format!("Cc: {}\n", (0..20_000).map(|i| format!("p{i}@x.example,\n ")).collect::<String>());
    for mail in
        [format!("{own}{flood}\n<p>Hi</p>"), format!("{flood}{own}\n<p>Hi</p>"), format!("{many}{own}\n<p>Hi</p>")]
    {
        let message = read(mail.as_bytes());
        assert_eq!((message.text.as_str(), message.subject.as_deref()), ("Hi", Some("Invoice")));
        assert_eq!(message.from.first().map(|a| a.email.as_str()), Some("jan@firma.example"));
        assert_eq!((message.structure.from_fields, message.structure.broken.as_slice()), (1, &[][..]));
        assert!(message.is_flagged("header-block-too-large"));
        assert!(!message.no_acknowledgement.is_empty(), "what was not read may say that a machine wrote it");
    }
    let two = read(format!("{own}{flood}From: eva@jini.example\n\nHi").as_bytes());
    assert_eq!(two.structure.from_fields, 2, "a From beyond the bounds counts");
}

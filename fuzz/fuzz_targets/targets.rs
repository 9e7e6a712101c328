//! What each target does with its bytes, and what must hold of every reading. The ordinary tests replay the seeds and
//! everything ever found through these same functions (`tests/reading/replay.rs`).

use std::sync::Arc;

use postdesk::model::message::SourceKey;
use postdesk::model::{Digest, Incoming, Message};

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
#[allow(dead_code)]
pub const ALL: [Target; 7] = [
    ("parse", parse),
    ("reply", reply),
    ("forward", forward),
    ("bounce", bounce),
    ("header", header),
    ("html", html),
    ("tnef", tnef),
];

/// Any bytes as a mail.
pub fn parse(data: &[u8]) {
    read(data);
}

/// Any text as an answer.
pub fn reply(data: &[u8]) {
    let headers = "Subject: Re: x\r\nIn-Reply-To: <1@x.example>\r\nContent-Type: text/plain; charset=utf-8";
    let message = read(&mail(headers, data));
    // What was folded once has nothing left to fold.
    if !message.reply.quoted.is_empty() {
        let again = read(&mail(headers, message.reply.text.as_bytes()));
        assert!(squeezed(&message.reply.text).contains(&squeezed(&again.reply.text)), "folding twice invents words");
    }
}

/// Any text as a forwarded mail, inline and attached.
pub fn forward(data: &[u8]) {
    for kind in ["text/plain; charset=utf-8", "message/rfc822"] {
        read(&mail(&format!("Subject: Fwd: x\r\nContent-Type: {kind}"), data));
    }
}

/// Any text as a bounce, in words and as a delivery report.
pub fn bounce(data: &[u8]) {
    read(&mail("Sender: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nSubject: failure notice", data));
    let head = "Content-Type: multipart/report; report-type=delivery-status; boundary=b";
    let body = [&b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"[..], data, b"\r\n--b--\r\n"].concat();
    let message = read(&mail(head, &body));
    assert!(message.report.is_none_or(|r| r.recipients.len() <= 100 && r.returned_ids.len() <= 50));
}

/// Any bytes as the value of each field that is decoded.
pub fn header(data: &[u8]) {
    for name in ["From", "Subject", "Date", "References", "Content-Type", "Content-Disposition", "List-Id", "Received"]
    {
        let message = read(&[name.as_bytes(), b": ", data, b"\r\nX-End: 1\r\n\r\nbody"].concat());
        assert!(!message.subject.unwrap_or_default().chars().any(char::is_control), "a control character in a subject");
        assert!(message.from.len() <= 200);
    }
}

/// Any text as HTML, alone and beside a plain text.
pub fn html(data: &[u8]) {
    read(&mail("Subject: Re: x\r\nContent-Type: text/html; charset=utf-8", data));
    let head = "Content-Type: multipart/alternative; boundary=b";
    let plain = b"--b\r\n\r\nred words\r\n--b\r\nContent-Type: text/html\r\n\r\n<font color=red>red words</font>";
    read(&mail(head, &[&plain[..], data, b"\r\n--b--\r\n"].concat()));
}

/// Any bytes as a winmail.dat.
pub fn tnef(data: &[u8]) {
    let head = "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: binary";
    let message = read(&mail(head, data));
    let held: usize = message.attachments.iter().map(|a| a.content.len()).sum();
    // All files are stretches of the stream, which is itself kept where it could not be read to its end.
    assert!(held <= 2 * data.len() + 64, "{held} bytes of files out of {}", data.len());
}

/// Reads a mail and checks what holds for every one.
fn read(bytes: &[u8]) -> Message {
    let message = postdesk::parse::parse(&Incoming {
        mailbox: String::new(),
        key: SourceKey::handed_over(&Digest::of(bytes)),
        raw: Arc::from(bytes),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        truncated_from: None,
    });
    assert!(message.text.trim().is_empty() || !message.reply.text.trim().is_empty(), "folding left nothing");
    assert!(message.attachments.len() <= 100 && message.references.len() <= 100);
    assert!(message.text.len() <= (1 << 20) + 4096, "more text than is kept");
    let text = squeezed(&message.text);
    for part in [&message.reply.text, &message.reply.quoted, &message.reply.signature] {
        for line in part.lines() {
            let line = squeezed(line.trim_start_matches(['>', ' ']));
            assert!(text.contains(&line), "a part of the reply has what the text has not: {line:?}");
        }
    }
    message
}

/// A mail with these fields and this body.
fn mail(header: &str, body: &[u8]) -> Vec<u8> {
    [format!("From: a@x.example\r\n{header}\r\n\r\n").as_bytes(), body].concat()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

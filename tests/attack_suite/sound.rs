//! What leaves is one mail: one From, one To, one Subject, no control characters, no field out of the input; and on the wire
//! no words of anybody's end it early.

#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use postdesk::outbox::{Courier, OutgoingSettings, SmtpSettings, Tls};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, Sent, proven};
use support::smtp_sink::{Script, Sink};

fn is_one_mail(sent: &Sent) {
    let text = String::from_utf8_lossy(&sent.bytes).into_owned();
    let head = text.split_once("\r\n\r\n").expect("a header").0;
    let names: Vec<String> = head
        .split("\r\n")
        .filter(|l| !l.starts_with([' ', '\t']))
        .map(|l| l.split_once(':').expect("a field").0.to_ascii_lowercase())
        .collect();
    for once in ["from", "to", "subject", "date", "message-id", "mime-version"] {
        assert_eq!(names.iter().filter(|n| *n == once).count(), 1, "{once} in\n{head}");
    }
    let known = [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "reply-to",
        "in-reply-to",
        "references",
        "auto-submitted",
        "x-auto-response-suppress",
        "content-type",
        "content-transfer-encoding",
        "content-language",
        "content-disposition",
    ];
    for name in &names {
        assert!(known.contains(&name.as_str()), "{name} in\n{head}");
    }
    assert!(!head.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')), "{head:?}");
    let bytes = &sent.bytes;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(bytes.get(at + 1), Some(&b'\n'), "a bare CR at {at}"),
            b'\n' => assert_eq!(at.checked_sub(1).and_then(|i| bytes.get(i)), Some(&b'\r'), "a bare LF at {at}"),
            0 => panic!("a NUL at {at}"),
            _ => {}
        }
    }
}

#[test]
fn every_mail_is_one_mail_whatever_came_in() {
    let bench = Bench::new();
    let names = [
        "\"a\\\"b\"",
        "=?utf-8?Q?a=0D=0ABcc:_x=40zlo.example?=",
        "=?utf-8?B?DQpYLUZvbzogYmFy?=",
        "a\u{202e}b",
        "=?utf-8?Q?a=00b?=",
    ];
    let subjects = [
        "=?utf-8?Q?x=0D=0A=0D=0ATelo?=",
        "=?utf-8?Q?x=0ABcc:_x=40zlo.example?=",
        "x\r\n y\r\n\tz",
        "=?utf-8?Q?=7F=07x?=",
        "=?utf-8?Q?=E2=80=AEx?=",
    ];
    let mut count = 0;
    for (n, name) in names.iter().enumerate() {
        for (m, subject) in subjects.iter().enumerate() {
            let from = format!("{name} <p{n}{m}@osoba{n}.example>");
            let fields = format!("X-Foo: bar\r\nComments: x\r\nMessage-ID: <s{n}.{m}@osoba.example>\r\n");
            let came = bench.take(&proven(&from, &fields, subject, "Bcc: x@zlo.example\n\n.\n"));
            assert!(!came.sent.is_empty(), "{from}: {:?}", came.ingested);
            came.sent.iter().for_each(is_one_mail);
            count += came.sent.len();
        }
    }
    assert!(count >= 40, "{count}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_words_end_the_mail_early() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new").message_id;
    let smuggled =
        "MAIL FROM:<sef@acme.example>\r\nRCPT TO:<obet@zlo.example>\r\nDATA\r\nSubject: podvrhnuté\r\n\r\nx\r\n.\r\n";
    let ends =
        ["\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r\r\n.\r\r\n", "\r\n\0.\r\n", "\n.\n.\r\n"];
    let mut raw_mails = Vec::new();
    for (n, end) in ends.iter().enumerate() {
        for (m, kind) in ["plain", "html"].iter().enumerate() {
            // Byte for byte in the body: the usual helper would mend the line ends.
            let head = proven(
                "jana@acme.example",
                &format!(
                    "In-Reply-To: <{notified}>\r\nMessage-ID: <w{n}.{m}@acme.example>\r\nContent-Type: text/{kind}\r\n"
                ),
                "Re: x",
                "@BODY@",
            );
            raw_mails.push(head.replace("@BODY@", &format!("Slovo {n}{m}{end}{smuggled}Koniec")));
        }
    }
    let mut mails = 0;
    for raw in &raw_mails {
        let came = bench.take(raw);
        assert_eq!(came.to("answer").len(), 1, "{raw:?}: {:?}", came.ingested);
        came.sent.iter().for_each(is_one_mail);
        mails += came.sent.len();
    }
    let sink = Sink::start(Script::default()).await;
    let settings = SmtpSettings {
        allow_plaintext: true,
        ..SmtpSettings::new("127.0.0.1", sink.address.port(), Tls::None, "desk.acme.example")
    };
    let now = bench.now.get();
    let courier = Courier::new(bench.store.clone(), OutgoingSettings::Smtp(Box::new(settings)), Arc::new(move || now));
    for _ in 0..40 {
        courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    }
    courier.close().await;
    let taken = sink.taken();
    // The bench's own mails went first: the acknowledgement, what agents were told, the answer.
    let before = bench.before();
    assert_eq!(taken.len(), mails + before, "exactly the mails of the desk arrive");
    for mail in &taken {
        assert!(!mail.mail.contains("sef@") && mail.rcpt.iter().all(|r| !r.contains("obet@")), "{mail:?}");
        assert_eq!(mail.rcpt.len(), 1);
    }
    assert!(sink.commands().iter().all(|(_, c)| !c.contains("sef@acme.example")), "{:?}", sink.commands());
}

//! What reading a hostile or a huge mail costs: the memory held at once, and the memory asked for in all, which counts
//! work (a quadratic reader asks for quadratically much). Both are counted by the allocator, so no clock is read.

use std::sync::Arc;

use jiff::Timestamp;
use postdesk::model::message::SourceKey;
use postdesk::model::{Digest, Incoming};
use postdesk::parse::parse;

/// The bounded parts of a reading come on top of any mail: 1 MB of text in several forms, line by line.
const TEXT: u64 = 24 << 20;
/// Where there is no text but files, little does.
const FILES: u64 = 1 << 20;

/// Bytes held at once beyond the mail itself, and bytes asked for in all.
fn cost(mail: Vec<u8>) -> (u64, u64) {
    let incoming = Incoming {
        mailbox: String::new(),
        key: SourceKey::handed_over(&Digest::of(b"")),
        raw: Arc::from(mail),
        received_at: Timestamp::UNIX_EPOCH,
        truncated_from: None,
    };
    // Tables are made once, not for each mail.
    parse(&Incoming { raw: Arc::from(&b"From: a@x.example\n\nDobry den\n"[..]), ..incoming.clone() });
    let info = allocation_counter::measure(|| drop(parse(&incoming)));
    (info.bytes_max, info.bytes_total)
}

fn mail(header: &str, body: Vec<u8>) -> Vec<u8> {
    [format!("From: a@x.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n").into_bytes(), body].concat()
}

fn repeated(unit: &str, bytes: usize) -> Vec<u8> {
    unit.repeat(bytes.div_ceil(unit.len()).max(1)).into_bytes()
}

const MB: usize = 1 << 20;

/// A name, what may be held besides, the size to try, and the mail of about that size.
type Case = (&'static str, u64, usize, fn(usize) -> Vec<u8>);

const CASES: &[Case] = &[
    ("base 64 without end", FILES, 24 * MB, |n| {
        let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n";
        mail("Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64", repeated(line, n))
    }),
    ("windows-1250 without end", TEXT, 12 * MB, |n| {
        let mut body = repeated("Dobr. den, tla.iare. nefunguje.\r\n", n);
        body.iter_mut().filter(|b| **b == b'.').for_each(|b| *b = 0xe8);
        mail("Content-Type: text/plain; charset=windows-1250\r\nContent-Transfer-Encoding: 8bit", body)
    }),
    ("quoted-printable without end", FILES, 8 * MB, |n| {
        mail(
            "Content-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: quoted-printable",
            repeated("=C5=A1iv=C3=A1;tla=C4=8Diare=C5=88=\r\n", n),
        )
    }),
    ("100,000 parts", FILES, 4 * MB, |n| {
        mail("Content-Type: multipart/mixed; boundary=b", repeated("--b\r\nContent-Type: image/png\r\n\r\nx\r\n", n))
    }),
    ("nested multiparts", FILES, 2 * MB, |n| {
        let all: String =
            (0..n / 60).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")).collect();
        all.into_bytes()
    }),
    ("nested messages", FILES, 2 * MB, |n| repeated("Content-Type: message/rfc822\r\n\r\n", n)),
    ("fields without end", FILES, 4 * MB, |n| repeated("a:\n", n)),
    ("one long field", FILES, 4 * MB, |n| {
        [b"Subject: ".to_vec(), repeated("=?utf-8?Q?=C5=A1?= \r\n ", n), b"\r\n\r\nx".to_vec()].concat()
    }),
    ("addresses without end", FILES, 2 * MB, |n| {
        [b"From: a@x.example\r\nTo: ".to_vec(), repeated("\"a, (b\" <c@x.example>,\r\n ", n)].concat()
    }),
    ("nested HTML", TEXT, MB, |n| mail("Content-Type: text/html", repeated("<div><blockquote><table><tr><td>", n))),
    ("lines quoted a hundred deep", TEXT, MB, |n| {
        mail(
            "Content-Type: text/html",
            ["<blockquote type=cite>".repeat(200).into_bytes(), repeated("x<br>", n)].concat(),
        )
    }),
    ("plain lines quoted a hundred deep", TEXT, MB, |n| {
        mail("Content-Type: text/plain", repeated(&(">".repeat(90) + "x\r\n"), n))
    }),
    ("5 MB of character references", TEXT, 5 * MB, |n| {
        mail("Content-Type: text/html", repeated("&nbsp;&scaron;&#382;", n))
    }),
    ("links without end", TEXT, MB, |n| {
        mail("Content-Type: text/html", repeated("<a href=\"https://x.example/abc\">here</a> ", n))
    }),
    ("attribution lines without end", TEXT, MB, |n| {
        mail("Content-Type: text/plain", repeated("On Tue, 4 Aug 2026 at 9:31, A <a@x.example> wrote:\r\n> x\r\n", n))
    }),
    ("labels without end", TEXT, MB, |n| {
        mail("Content-Type: text/plain", repeated("From: a\r\nSent: b\r\nTo: c\r\n", n))
    }),
    ("a bounce of one word", TEXT, MB, |n| {
        mail(
            "Return-Path: <>\r\nContent-Type: text/plain\r\nAuto-Submitted: auto-replied",
            repeated("550 a@x.example failed\r\n", n),
        )
    }),
    ("lines that end in CR", TEXT, 10 * MB, |n| {
        [b"From: a@x.example\rSubject: x\r\r".to_vec(), repeated("a line\r", n)].concat()
    }),
    ("uuencoded files in the text", TEXT, MB, |n| {
        mail("Content-Type: text/plain", repeated("begin 644 a\n%2&5L;&\\\n`\nend\n", n))
    }),
    ("a file in a winmail.dat", FILES, 8 * MB, |n| {
        let size = u32::try_from(n).expect("fits").to_le_bytes();
        let begins =
            [&[0x78, 0x9f, 0x3e, 0x22, 1, 0, 2, 2, 0x90, 6, 0, 0, 0, 0, 0, 0, 0, 2, 0x0f, 0x80, 6, 0][..], &size];
        let stream = [begins.concat(), vec![0; n], vec![0, 0]].concat();
        mail("Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: binary", stream)
    }),
    ("UTF-7", TEXT, MB, |n| mail("Content-Type: text/plain; charset=utf-7", repeated("+AWEBYQ- +", n))),
];

#[test]
fn no_mail_takes_more_than_three_times_its_own_memory() {
    let mut wrong = Vec::new();
    for (name, fixed, size, make) in CASES {
        let bytes = make(*size);
        let length = bytes.len() as u64;
        let (held, _) = cost(bytes);
        // The mail itself is the first of the three.
        println!("{name}: {length} bytes, {held} held besides");
        if held > 2 * length + fixed {
            wrong.push(format!("{name}: {length} bytes, {held} held besides"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn twice_the_mail_takes_at_most_twice_the_work() {
    let mut wrong = Vec::new();
    for (name, _, size, make) in CASES {
        let size = (*size).min(MB / 4);
        let ((_, half), (_, whole)) = (cost(make(size / 2)), cost(make(size)));
        println!("{name}: {half} then {whole} bytes asked for");
        if whole > half * 5 / 2 + MB as u64 / 2 {
            wrong.push(format!("{name}: {half}, then {whole} bytes asked for"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

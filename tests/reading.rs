//! Reading mail, judged from outside: golden readings of `fixtures/messages/`, and properties that hold for every mail.

#[path = "reading/bounds.rs"]
mod bounds;
#[path = "reading/clients.rs"]
mod clients;
#[path = "reading/replay.rs"]
mod replay;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use postdesk::cli::read::object;
use postdesk::model::message::SourceKey;
use postdesk::model::{Digest, Incoming, Message};
use postdesk::parse::parse;
use proptest::prelude::*;
use serde_json::Value;

fn read(bytes: &[u8]) -> Message {
    parse(&Incoming {
        mailbox: "support".to_owned(),
        key: SourceKey::handed_over(&Digest::of(bytes)),
        raw: Arc::from(bytes),
        received_at: Timestamp::UNIX_EPOCH,
        truncated_from: None,
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages")
}

/// Every fixture: its name and its bytes, in the order of the names.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder())
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a mail"))
        })
        .collect();
    found.sort();
    found
}

/// A reading as it is kept beside its mail: what `read --json` says, and the structure that it does not.
fn golden(message: &Message) -> Value {
    let mut value = object("", message, 0.0);
    let map = value.as_object_mut().expect("an object");
    for key in ["file", "error", "wallSeconds", "htmlBody"] {
        map.remove(key);
    }
    map.insert("marker".to_owned(), message.reply.marker.into());
    map.insert("broken".to_owned(), message.structure.broken.clone().into());
    map.insert("fromFields".to_owned(), message.structure.from_fields.into());
    map.insert("returnedIds".to_owned(), message.report.as_ref().map(|r| r.returned_ids.clone()).into());
    value
}

#[test]
fn every_fixture_is_read_as_its_golden_reading_says() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let fixtures = fixtures();
    assert!(fixtures.len() >= 40, "only {} fixtures", fixtures.len());
    let mut wrong = Vec::new();
    for (name, bytes) in fixtures {
        let got = serde_json::to_string_pretty(&golden(&read(&bytes))).expect("JSON") + "\n";
        let path = folder().join(format!("{name}.json"));
        if update {
            std::fs::write(&path, &got).expect("a golden reading written");
            continue;
        }
        let want = std::fs::read_to_string(&path).unwrap_or_default();
        if want != got {
            let line = want.lines().zip(got.lines()).find(|(w, g)| w != g);
            wrong.push(format!("{name}: {line:?}"));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 rewrites them; read them before:\n{}", wrong.join("\n"));
}

#[test]
fn fixtures_name_nobody_real() {
    let address = regex::Regex::new(r"[A-Za-z0-9._+\-]+@([A-Za-z0-9.\-]+)").expect("a pattern");
    for (name, bytes) in fixtures() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for found in address.captures_iter(&text) {
            let domain = found.get(1).map_or("", |m| m.as_str()).trim_end_matches(['.', '-']);
            let content_id = domain == "firma";
            assert!(domain.ends_with(".example") || content_id, "{name}: {domain}");
        }
    }
}

/// White space does not count: folding joins and trims lines.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// What holds for every reading of every mail.
fn holds(message: &Message, name: &str) {
    let text = squeezed(&message.text);
    for (part, what) in
        [(&message.reply.text, "text"), (&message.reply.quoted, "quoted"), (&message.reply.signature, "signature")]
    {
        for line in part.lines() {
            let line = squeezed(line.trim_start_matches(['>', ' ']));
            assert!(text.contains(&line), "{name}: reply.{what} has {line:?}, the text has not");
        }
    }
    if !message.text.trim().is_empty() {
        assert!(!message.reply.text.trim().is_empty(), "{name}: folding left nothing");
    }
    assert!(message.text.len() <= (1 << 20) + 4096, "{name}: too much text");
    assert!(message.attachments.len() <= 100 && message.references.len() <= 100 && message.cc.len() <= 200);
    assert_eq!(
        message.class == Default::default(),
        message.automatic_because.is_empty(),
        "{name}: a reason for each class"
    );
    if let Some(subject) = &message.subject {
        assert!(!subject.chars().any(char::is_control), "{name}: a control character in the subject");
    }
}

#[test]
fn the_parts_of_a_reply_are_parts_of_the_text() {
    for (name, bytes) in fixtures() {
        holds(&read(&bytes), &name);
    }
}

#[test]
fn reading_twice_gives_the_same() {
    for (name, bytes) in fixtures() {
        assert_eq!(golden(&read(&bytes)), golden(&read(&bytes)), "{name}");
    }
}

#[test]
fn a_reply_that_was_folded_has_nothing_left_to_fold() {
    for (name, bytes) in fixtures() {
        let first = read(&bytes);
        // A mail of which nothing could be folded is all quotation; and a bounce is no reply.
        if first.reply.quoted.is_empty() || first.report.is_some() {
            continue;
        }
        let mail = format!(
            "From: a@x.example\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n{}\n",
            first.reply.text
        );
        assert_eq!(squeezed(&read(mail.as_bytes()).reply.text), squeezed(&first.reply.text), "{name}");
    }
}

#[test]
fn lf_and_crlf_mails_read_the_same() {
    for (name, bytes) in fixtures() {
        if !bytes.windows(2).any(|w| w == b"\r\n") {
            continue;
        }
        let lf: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'\r').collect();
        let (a, b) = (read(&bytes), read(&lf));
        assert_eq!((&a.text, &a.subject, &a.from, &a.reply), (&b.text, &b.subject, &b.from, &b.reply), "{name}");
    }
}

/// The texts of the re-encoding test: a language and a text that its charsets can carry.
const TEXTS: &[(&str, &str, &[&str])] = &[
    (
        "sk",
        "Dobrý deň, tlačiareň stále nefunguje, prosím o opravu čo najskôr. Ďakujem, Ľubica",
        &["utf-8", "windows-1250", "iso-8859-2"],
    ),
    (
        "cs",
        "Dobrý den, tiskárna pořád nefunguje, prosím o opravu. Děkuji, Jiří",
        &["utf-8", "windows-1250", "iso-8859-2"],
    ),
    (
        "sl",
        "Pozdravljeni, tiskalnik še vedno ne dela, prosim za pomoč čim prej. Žiga",
        &["utf-8", "windows-1250", "iso-8859-2"],
    ),
    ("hr", "Poštovani, pisač još uvijek ne radi, molim vas za pomoć. Đurđa", &["utf-8", "windows-1250", "iso-8859-2"]),
    (
        "de",
        "Guten Tag, der Drucker funktioniert immer noch nicht, bitte prüfen Sie das. Grüße",
        &["utf-8", "windows-1252", "iso-8859-1"],
    ),
    ("ru", "Здравствуйте, принтер всё ещё не работает, помогите пожалуйста", &["utf-8", "windows-1251", "koi8-r"]),
    ("uk", "Доброго дня, принтер досі не працює, допоможіть будь ласка", &["utf-8", "windows-1251", "koi8-u"]),
    ("pl", "Dzień dobry, drukarka nadal nie działa, proszę o pomoc. Łukasz", &["utf-8", "windows-1250", "iso-8859-2"]),
    (
        "hu",
        "Jó napot, a nyomtató még mindig nem működik, kérem segítsenek. Győző",
        &["utf-8", "windows-1250", "iso-8859-2"],
    ),
    ("ja", "お世話になっております。プリンターが動きません。", &["utf-8", "iso-2022-jp", "shift_jis", "euc-jp"]),
    ("zh", "您好，打印机还是不能用，请帮忙看一下。", &["utf-8", "gb18030", "gbk"]),
];

fn encoded(text: &str, charset: &str) -> Vec<u8> {
    encoding_rs::Encoding::for_label(charset.as_bytes()).expect("a charset").encode(text).0.into_owned()
}

fn transfer(bytes: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "base64" => {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            text.as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..])
        }
        "quoted-printable" => bytes
            .iter()
            .flat_map(|b| match b {
                b'\n' => b"\r\n".to_vec(),
                b' '..=b'~' if *b != b'=' => vec![*b],
                b => format!("={b:02X}").into_bytes(),
            })
            .collect(),
        _ => bytes.to_vec(),
    }
}

/// How a header field is written: as encoded words of the one kind or the other, or as bare bytes.
#[derive(Clone, Copy, Debug)]
enum Header {
    B,
    Q,
    Raw,
}

/// A mail with an answer, a quotation and a name, in a charset and transfer encoding.
fn mail(text: &str, charset: &str, encoding: &str, header: Header) -> Vec<u8> {
    use base64::Engine as _;
    let word = |t: &str| {
        let bytes = encoded(t, charset);
        match header {
            Header::B => format!("=?{charset}?B?{}?=", base64::engine::general_purpose::STANDARD.encode(bytes)).into(),
            Header::Q => {
                let hex: String = bytes.iter().map(|b| format!("={b:02X}")).collect();
                format!("=?{charset}?Q?{hex}?=").into_bytes()
            }
            Header::Raw => bytes,
        }
    };
    let name: String = text.chars().filter(|c| c.is_alphabetic()).take(12).collect();
    let subject: String = text.chars().take(20).collect();
    let body = format!("{text}\n\nOn Tue, 4 Aug 2026 at 9:31, Desk <desk@desk.example> wrote:\n> {text}\n");
    let fields = format!(
        "To: desk@desk.example\r\nIn-Reply-To: <1@desk.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    );
    let mut out = [b"From: ", &word(&name)[..], b" <a@x.example>\r\nSubject: ", &word(&subject), b"\r\n"].concat();
    out.extend(fields.into_bytes());
    out.extend(transfer(&encoded(&body, charset), encoding));
    out
}

#[test]
fn another_charset_or_transfer_encoding_changes_no_fact() {
    for (language, text, charsets) in TEXTS {
        let facts = |m: &Message| {
            let mut value = golden(m);
            let map = value.as_object_mut().expect("an object");
            // That the header is bare bytes is said, and what other parsers make of them; all else is the same.
            for key in ["digest", "size", "flags", "broken"] {
                map.remove(key);
            }
            value
        };
        let first = facts(&read(&mail(text, "utf-8", "8bit", Header::B)));
        assert_eq!(first["language"], *language, "{text}");
        assert_eq!(first["reply"]["text"], *text);
        for charset in *charsets {
            for encoding in ["8bit", "base64", "quoted-printable"] {
                for header in [Header::B, Header::Q, Header::Raw] {
                    let message = read(&mail(text, charset, encoding, header));
                    assert_eq!(facts(&message), first, "{charset} {encoding} {header:?}: {text}");
                }
            }
        }
    }
}

/// On a stack as small as a tokio worker's: a reading that recursed as deep as the mail nests would end the process.
fn on_a_small_stack(bytes: Vec<u8>) -> Message {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || read(&bytes)).expect("a thread");
    thread.join().expect("no panic")
}

#[test]
fn a_hundred_thousand_levels_of_nesting_are_a_mail_like_another() {
    let attached = b"Content-Type: message/rfc822\n\n".repeat(100_000);
    assert_eq!(on_a_small_stack(attached).attachments.len(), 1);
    let multiparts: Vec<u8> = (0..100_000)
        .flat_map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n").into_bytes())
        .collect();
    let message = on_a_small_stack(multiparts);
    assert!(message.flags.iter().any(|f| f == "nested-too-deep"), "{:?}", message.flags);
    for tag in ["<div>", "<blockquote>", "<table><tr><td>"] {
        let html = format!("From: a@x.example\nContent-Type: text/html\n\n{}end", tag.repeat(50_000));
        assert!(on_a_small_stack(html.into_bytes()).text.ends_with("end"));
    }
}

#[test]
fn floods_are_bounded_and_named() {
    let parts =
        [&b"Content-Type: multipart/mixed; boundary=b\n\n"[..], &b"--b\nContent-Type: image/png\n\nx\n".repeat(5_000)]
            .concat();
    let message = read(&parts);
    assert!(message.flags.iter().any(|f| f == "too-many-parts") && message.attachments.len() <= 100);
    let fields = b"a:\n".repeat(200_000);
    assert!(read(&fields).flags.iter().any(|f| f == "header-block-too-large"));
    let people = format!("From: a@x.example\nCc: {}\n\nHi", "b@x.example, ".repeat(2_000));
    assert_eq!(read(people.as_bytes()).cc.len(), 200);
    let ids = format!(
        "From: a@x.example\nReferences: {}\n\nHi",
        (0..2_000).map(|i| format!("<{i}@x.example> ")).collect::<String>()
    );
    let references = read(ids.as_bytes()).references;
    assert_eq!((references.len(), references.last().map(String::as_str)), (100, Some("1999@x.example")));
    let text = format!("From: a@x.example\n\n{}", "a word\n".repeat(500_000));
    assert!(read(text.as_bytes()).flags.iter().any(|f| f == "text-cut"));
}

#[test]
fn empty_and_absurd_inputs_are_read() {
    for bytes in [
        &b""[..],
        b"\n",
        b"\0",
        b"\r",
        b":",
        b"From:",
        b"--",
        b"\xff\xfe",
        b"From: <\n\n>",
        b"=?",
        b"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n--\n",
    ] {
        holds(&read(bytes), &format!("{bytes:?}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_mail_makes_reading_panic(
        which in 0usize..1000,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..20),
    ) {
        let fixtures = fixtures();
        let (name, mut bytes) = fixtures[which % fixtures.len()].clone();
        for (at, byte, what) in cuts {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => bytes.truncate(at.max(1)),
            }
        }
        holds(&read(&bytes), &name);
    }

    #[test]
    fn no_text_makes_folding_lose_or_invent(lines in prop::collection::vec(
        prop::sample::select(vec![
            "Hello there", "", "> quoted", ">> deeper", "-- ", "Sent from my iPhone", "From: A <a@x.example>", "Sent: Monday", "To: B",
            "Subject: S", "-----Original Message-----", "---------- Forwarded message ---------", "Begin forwarded message:",
            "On Tue, 4 Aug 2026 at 9:31, A <a@x.example> wrote:", "Dňa 4. 8. 2026 o 9:31 Jan napísal:", "________________________________",
            "-=-=-=- postdesk answer above", "> -=-=-=- postdesk answer above", "-Jan", "Od: 1. 8.", "Do: 5. 8.", "napísal:", "wrote:",
        ]), 0..25), html in any::<bool>(), subject in prop::sample::select(vec!["Re: x", "Fwd: x", "x"]))
    {
        let (kind, body) = if html {
            let body: String = lines.iter().map(|l| match l.strip_prefix("> ") {
                Some(rest) => format!("<blockquote>{rest}</blockquote>"),
                None => format!("<div>{}</div>", l.replace('<', "&lt;")),
            }).collect();
            ("text/html", body)
        } else {
            ("text/plain", lines.join("\n"))
        };
        let mail = format!("From: a@x.example\nSubject: {subject}\nContent-Type: {kind}; charset=utf-8\n\n{body}\n");
        holds(&read(mail.as_bytes()), &mail);
    }
}

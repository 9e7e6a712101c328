//! The mails of the demo are sound: raw mail with CR LF, invented domains only, placeholders that can be filled in.

use std::collections::BTreeSet;

use mail_parser::MessageParser;
use regex::bytes::Regex;

fn mails() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo");
    let mut mails: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|item| item.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("readable"))
        })
        .collect();
    mails.sort();
    mails
}

#[test]
fn they_are_numbered_in_the_order_of_the_day() {
    let mails = mails();
    assert!(mails.len() >= 28, "{}", mails.len());
    let received = Regex::new(r"(?m)^\tfor <podpora@acme\.example>; Mon, 16 Nov 2026 (\d\d:\d\d)").expect("a pattern");
    let mut last = Vec::new();
    for (i, (name, raw)) in mails.iter().enumerate() {
        assert!(name.starts_with(&format!("{:02}-", i + 1)), "{name}");
        let at = received.captures(raw).unwrap_or_else(|| panic!("{name}: no Received line of ours"))[1].to_vec();
        assert!(last < at, "{name} is out of order");
        last = at;
    }
}

#[test]
fn line_ends_are_those_of_the_wire() {
    for (name, raw) in mails() {
        for (i, byte) in raw.iter().enumerate() {
            match byte {
                b'\n' => assert_eq!(raw[i - 1], b'\r', "{name}: bare LF at {i}"),
                b'\r' => assert_eq!(raw[i + 1], b'\n', "{name}: bare CR at {i}"),
                _ => {}
            }
        }
    }
}

#[test]
fn every_domain_is_invented() {
    let address = Regex::new(r"[A-Za-z0-9._-]+@([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)").expect("a pattern");
    let url = Regex::new(r"https?://([^/\s>]+)").expect("a pattern");
    let soft = Regex::new(r"=\r\n").expect("a pattern");
    for (name, raw) in mails() {
        let raw = soft.replace_all(&raw, &b""[..]); // quoted-printable breaks lines where it likes
        for pattern in [&address, &url] {
            for found in pattern.captures_iter(&raw) {
                assert!(found[1].ends_with(b".example"), "{name}: {}", String::from_utf8_lossy(&found[0]));
            }
        }
    }
}

#[test]
fn placeholders_name_earlier_mails_and_known_agents() {
    let any = Regex::new(r"@@[^@\r\n]*@@").expect("a pattern");
    let known =
        Regex::new(r"^@@(?:(?:TOKEN|ACK-ID|ANSWER-ID):(\d\d)|(?:NOTIFY-ID|REPLY-TO):(\d\d):(?:jana|peter|eva))@@$")
            .expect("a pattern");
    let mut used = BTreeSet::new();
    for (i, (name, raw)) in mails().iter().enumerate() {
        let count = raw.windows(2).filter(|w| w == b"@@").count();
        assert_eq!(any.find_iter(raw).count() * 2, count, "{name}: a broken placeholder");
        for found in any.find_iter(raw) {
            let parts = known.captures(found.as_bytes()).unwrap_or_else(|| panic!("{name}: unknown placeholder"));
            let number = parts.get(1).or(parts.get(2)).expect("one of the two").as_bytes();
            let number: usize = String::from_utf8_lossy(number).parse().expect("two digits");
            assert!((1..=i).contains(&number), "{name} refers to mail {number}");
            used.insert(String::from_utf8_lossy(found.as_bytes()).split(':').next().unwrap_or_default().to_owned());
        }
    }
    assert_eq!(used.len(), 5, "{used:?}");
}

#[test]
fn another_parser_reads_their_text_and_attachments() {
    let mut attachments = 0;
    for (name, raw) in mails() {
        let read = MessageParser::default().parse(raw.as_slice()).unwrap_or_else(|| panic!("{name} is no mail"));
        let text = read.body_text(0).unwrap_or_default();
        assert!(text.trim().len() > 20, "{name}: no text");
        assert!(!text.contains('\u{fffd}'), "{name}: a charset that is not what it says");
        attachments += read.attachments().count();
    }
    assert!(attachments >= 6, "{attachments}");
}

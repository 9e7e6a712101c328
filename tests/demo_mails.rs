//! The mails of the demo are sound (raw mail with CR LF, invented domains only, placeholders that can be filled in), and
//! the desk does with them what their README says.

use std::collections::BTreeSet;
use std::path::Path;

use mail_parser::MessageParser;
use postdesk::cli::stage::{Sent, Stage};
use postdesk::store::Outcome;
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

/// What becomes of each mail, as the README beside them says, and which mails leave for it.
const DAY: &[(u32, &str, &[&str])] = &[
    (1, "ticket 1001", &["acknowledgement", "notify-new eva"]),
    (2, "ticket 1002", &["acknowledgement", "notify-new jana", "notify-new peter"]),
    (3, "ticket 1003", &["acknowledgement", "notify-new peter"]),
    (4, "ticket 1004", &["acknowledgement", "notify-new eva"]),
    (5, "ticket 1005", &["acknowledgement", "notify-new peter"]),
    (6, "ticket 1006", &["acknowledgement-minimal", "notify-new peter"]),
    (7, "duplicate 1001", &[]),
    (8, "appended 1001", &["answer"]),
    (9, "appended 1005", &[]),
    (10, "appended 1001", &["notify-reply eva"]),
    (11, "ticket 1007", &["notify-new jana"]),
    (12, "ticket 1008", &["acknowledgement", "notify-new"]),
    (13, "ticket 1009", &["acknowledgement", "notify-new jana"]),
    (14, "appended 1002", &["notify-note jana"]),
    (15, "appended 1002", &["answer"]),
    (16, "appended 1002", &["notify-reply peter"]),
    (17, "appended 1002", &["answer"]),
    (18, "quarantined", &["refused jana"]),
    (19, "ticket 1010", &["acknowledgement-minimal", "notify-new eva"]),
    (20, "appended 1004", &["answer"]),
    (21, "bounce 1004", &["notify-bounce eva"]),
    (22, "ticket 1011", &["acknowledgement", "notify-new eva"]),
    (23, "appended 1009", &["notify-assigned peter"]),
    (24, "ticket 1012", &["acknowledgement", "notify-new peter"]),
    (25, "quarantined", &["confirm jana"]),
    (26, "appended 1009", &["answer"]),
    (27, "ticket 1013", &["acknowledgement", "notify-new eva"]),
    (28, "ticket 1014", &["notify-new eva"]),
    (29, "ticket 1015", &["acknowledgement", "notify-new peter"]),
    (30, "appended 1001", &["notify-reply eva"]),
    (31, "appended 1011", &["refused eva"]),
    (32, "appended 1001", &["answer", "answer"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_goes_as_its_readme_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let config = std::fs::read_to_string(folder.join("config.toml")).expect("the configuration");
    let contacts = std::fs::read(folder.join("contacts.csv")).expect("the contacts");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let mut stage = Stage::set(scratch.path(), &config, &contacts).expect("the stage is set");
    let mails = mails();
    assert_eq!(mails.len(), DAY.len());
    for ((name, raw), (number, fate, leaving)) in mails.iter().zip(DAY) {
        let scene = stage.play(*number, name, raw).await.unwrap_or_else(|e| panic!("{name}: {e:#}"));
        let Outcome::Done { fate: told, .. } = &scene.ingested.outcome else { panic!("{name}: {:?}", scene.ingested) };
        let told = format!("{} {}", told.word(), told.ticket().map(|n| n.to_string()).unwrap_or_default());
        assert_eq!(told.trim(), *fate, "{name}");
        let sent: Vec<String> = scene.sent.iter().map(|s| format!("{} {}", s.row.template, s.row.to.email)).collect();
        assert_eq!(sent.len(), leaving.len(), "{name}: {sent:?}");
        for wanted in *leaving {
            assert!(sent.iter().any(|s| s.starts_with(wanted)), "{name}: {sent:?}, not {wanted}");
        }
        answers_show_nothing_of_the_agents(name, &scene.sent);
    }
}

/// What customers get is the agent's words under the desk's name: not his address, signature or notification.
fn answers_show_nothing_of_the_agents(name: &str, sent: &[Sent]) {
    for answer in sent.iter().filter(|s| s.row.template == "answer") {
        let read = MessageParser::default().parse(answer.bytes.as_slice()).expect("our own mail");
        let text = read.body_text(0).expect("text");
        let head = String::from_utf8_lossy(&answer.bytes).split("\r\n\r\n").next().unwrap_or_default().to_owned();
        for private in ["@acme.example", "-=-=-=-", "777 555 019", "#close", "#note", "> "] {
            assert!(!text.contains(private), "{name}: {private} in {text}");
        }
        for agent in ["jana@", "peter@", "eva@"] {
            assert!(!head.contains(agent), "{name}: {agent} in {head}");
        }
    }
}

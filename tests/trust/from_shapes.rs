//! The structure rules: shapes of From in which two readers could see two authors.

use postdesk::facts::author;
use postdesk::model::{Address, Message};

use super::fixture::*;

/// A mail whose From field reads so, and in which the MIME parser found `email`.
fn from(raw: &str, email: &str) -> Message {
    let mut mail = message(email);
    mail.structure.from_raw = raw.to_owned();
    mail
}

#[test]
fn ordinary_authors_are_seen() {
    for raw in [
        "jan@firma.example",
        "  jan@firma.example\t",
        "<jan@firma.example>",
        "Jan <jan@firma.example>",
        "Ján Novák <jan@firma.example>",
        "\"Novák, Ján\" <jan@firma.example>",
        "\"jan@firma.example\" <jan@firma.example>",
        "\"jan@firma.example via (list)\" <jan@firma.example>",
        "\"a \\\" b\" <jan@firma.example>",
        "jan@firma.example <jan@firma.example>",
        "=?utf-8?Q?J=C3=A1n_Nov=C3=A1k?= <jan@firma.example>",
        "=?UTF-8?B?SsOhbg==?= =?UTF-8?B?SsOhbg==?= <jan@firma.example>",
        "=?utf-8?Q?Nov=C3=A1k,_J=C3=A1n:_predaj?= <jan@firma.example>",
        "jan@firma.example (Ján Novák)",
        "(pán) Ján (Novák (ml.)) <jan@firma.example> (práca)",
        "Firma s.r.o. [predaj] <jan@firma.example>",
        "JAN@FIRMA.Example",
        "Jan<jan@firma.example>",
    ] {
        let got = author(&from(raw, "jan@firma.example"));
        assert_eq!(got.as_ref().map(|a| a.as_str()), Some("jan@firma.example"), "{raw}");
    }
}

#[test]
fn no_shape_that_two_readers_could_read_in_two_ways_has_an_author() {
    for (raw, email) in [
        ("", ""),
        ("<>", ""),
        ("Jan", ""),
        ("admin@legit.example, second@attack.example", "admin@legit.example"),
        ("<admin@legit.example>, <second@attack.example>", "admin@legit.example"),
        ("<admin@legit.example><second@attack.example>", "admin@legit.example"),
        ("<admin@legit.example> <second@attack.example>", "second@attack.example"),
        ("<admin@legit.example> second@attack.example", "admin@legit.example"),
        ("second@attack.example <admin@legit.example>", "admin@legit.example"),
        ("admin@legit.example <second@attack.example>", "admin@legit.example"),
        ("x second@attack.example y <admin@legit.example>", "admin@legit.example"),
        ("<any@attack.example>admin@legit.example", "admin@legit.example"),
        ("<@attack.example,@any:admin@legit.example>", "admin@legit.example"),
        ("<@attack.example:admin@legit.example>", "admin@legit.example"),
        ("<admin@legit.example(.attack.example)>", "admin@legit.example"),
        ("admin@legit.example(.attack.example)", "admin@legit.example(.attack.example)"),
        ("(second@attack.example) <admin@legit.example>", "admin@legit.example"),
        ("admin(comment)@legit.example", "admin@legit.example"),
        ("admin@(comment)legit.example", "admin@legit.example"),
        ("<admin@legit.example\\,second@attack.example>", "admin@legit.example"),
        ("<admin@legit.example@attack.example>", "admin@legit.example"),
        ("\"admin@legit.example\"@attack.example", "admin@legit.example"),
        ("\"admin\"@legit.example", "admin@legit.example"),
        ("<\"admin\"@legit.example>", "admin@legit.example"),
        ("<\"a>b\"@legit.example>", "b@legit.example"),
        ("admin@legit.example\0@attack.example", "admin@legit.example"),
        ("<admin@legit.example\0@attack.example>", "admin@legit.example"),
        ("admin@legit.example\r From: x@attack.example", "admin@legit.example"),
        ("Jan\u{7f} <admin@legit.example>", "admin@legit.example"),
        ("\"Jan\u{1}\" <admin@legit.example>", "admin@legit.example"),
        ("group: admin@legit.example;", "admin@legit.example"),
        ("group: admin@legit.example, x@attack.example;", "admin@legit.example"),
        ("x@attack.example; admin@legit.example", "admin@legit.example"),
        ("undisclosed-recipients:;", ""),
        ("<admin@legit.example", "admin@legit.example"),
        ("admin@legit.example>", "admin@legit.example"),
        ("\"open <admin@legit.example>", "admin@legit.example"),
        ("(open <admin@legit.example>", "admin@legit.example"),
        ("Jan) <admin@legit.example> (x", "admin@legit.example"),
        ("<admin@legit.example> (open", "admin@legit.example"),
        ("<< admin@legit.example >>", "admin@legit.example"),
        ("< admin@legit.example >", "admin@legit.example"),
        ("<admin @legit.example>", "admin@legit.example"),
        ("<admin@legit。example>", "admin@legit.example"),
        ("<admin@leg\u{130}t.example>", "admin@legit.example"),
        ("<admin@ｌegit.example>", "admin@legit.example"),
        ("<admin@legit.example.>", "admin@legit.example"),
        ("<admin@[127.0.0.1]>", "admin@[127.0.0.1]"),
        ("<admin@localhost>", "admin@localhost"),
        ("<admin@127.0.0.1>", "admin@127.0.0.1"),
        ("<=?utf-8?Q?admin?=@legit.example>", "admin@legit.example"),
        ("=?utf-8?B?YWRtaW5AbGVnaXQuZXhhbXBsZQ==?=", "admin@legit.example"),
        ("=?utf-8?Q?admin=40legit.example?=", "admin@legit.example"),
        ("=?utf-8?Q?<admin@legit.example>?= <x@attack.example>", "admin@legit.example"),
        ("=?utf-8?Q?a,x@attack.example,?= <admin@legit.example>", "admin@legit.example"),
        ("<admin@legit.example>; x", "admin@legit.example"),
        ("<ad\\min@legit.example>", "admin@legit.example"),
        ("<.admin@legit.example>", ".admin@legit.example"),
        ("<ad..min@legit.example>", "ad..min@legit.example"),
        ("admin@legit.example <>", "admin@legit.example"),
        ("Jan <x@attack.example>", "admin@legit.example"),
        ("<admin@legit.example>\u{a0}<x@attack.example>", "admin@legit.example"),
        ("admin@legit.example=?utf-8?Q??=", "admin@legit.example"),
        ("admin@legit.example=?utf-8?Q??=", "admin@legit.example=?utf-8?q??="),
        ("=?utf-8?Q?x?=admin@legit.example", "admin@legit.example"),
        ("<=?utf-8?Q?admin?=@legit.example>", "=?utf-8?q?admin?=@legit.example"),
        ("admin@legit.example(x)", "admin@legit.example"),
        ("mailto:admin@legit.example", "admin@legit.example"),
        ("Jan, <admin@legit.example>", "admin@legit.example"),
    ] {
        assert_eq!(author(&from(raw, email)), None, "{raw:?} was taken to be by {email}");
    }
}

#[test]
fn the_header_block_must_leave_no_doubt() {
    let good = message("jan@firma.example");
    assert!(author(&good).is_some());

    for fields in [0, 2, 3, u32::MAX] {
        let mut mail = good.clone();
        mail.structure.from_fields = fields;
        assert_eq!(author(&mail), None, "{fields} From fields");
    }
    let mut mail = good.clone();
    mail.structure.broken = vec!["a bare CR"];
    assert_eq!(author(&mail), None);

    for found in [vec![], vec!["jan@utok.example"], vec!["jan@firma.example", "jan@firma.example"]] {
        let mut mail = good.clone();
        mail.from = found.iter().map(|email| Address::new(None, email)).collect();
        assert_eq!(author(&mail), None, "the parser found {found:?}");
    }
}

#[test]
fn very_long_fields_end_soon() {
    for unit in ["(", "\"", "=?utf-8?Q?x?=", "=?", "a ", "\\", "(a)", "<", "x,"] {
        let _ = author(&from(&unit.repeat(100_000 / unit.len()), "jan@firma.example"));
    }
}

/// Pieces out of which authors are made that two readers read in two ways.
const PIECES: &[&str] = &[
    "jan",
    "firma.example",
    "jan@firma.example",
    "<jan@firma.example>",
    "utok@zlo.example",
    "<utok@zlo.example>",
    "@",
    "<",
    ">",
    "(",
    ")",
    "\"",
    "\\",
    ",",
    ";",
    ":",
    ".",
    " ",
    "\t",
    "\r\n ",
    "\r\nFrom: ",
    "\r",
    "\n",
    "\0",
    "=?utf-8?Q?",
    "=?utf-8?B?amFu?=",
    "?=",
    "_",
    "=40",
    "ž",
    "\u{200b}",
    "Ján Novák ",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3000))]

    /// Where an author is seen at all, the DKIM library, which reads the header block by itself, sees the same one.
    #[test]
    fn every_reader_sees_the_same_author(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..8)) {
        let raw = format!("Received: by mx.acme.example; x\r\nFrom: {}\r\nTo: x@y.example\r\n\r\nx\r\n", pieces.concat());
        if let Some(author) = author(&super::pipeline::read(raw.as_bytes())) {
            // The library writes an international domain as it came.
            let ascii = |from: String| match from.rsplit_once('@') {
                Some((local, domain)) => format!("{local}@{}", postdesk::model::idna::to_ascii(domain)),
                None => from,
            };
            let other = mail_auth::AuthenticatedMessage::parse(raw.as_bytes())
                .map(|m| m.from.into_iter().map(ascii).collect::<Vec<_>>());
            // An address that is its own name, folded in between, is glued together by the library: the same twice.
            let glued = Some(vec![format!("{author}{author}")]);
            proptest::prop_assert!(other == Some(vec![author.to_string()]) || other == glued, "{:?} {:?}", raw, other);
        }
    }

    /// The same for header blocks made of lines that are none, or not what they seem.
    #[test]
    fn every_reader_cuts_the_same_header_block(lines in proptest::collection::vec(proptest::sample::select(LINES), 1..8)) {
        let raw = format!("{}Subject: x\r\n\r\nx\r\n", lines.concat());
        let message = super::pipeline::read(raw.as_bytes());
        if let Some(author) = author(&message) {
            let other = mail_auth::AuthenticatedMessage::parse(raw.as_bytes()).map(|m| m.from);
            // What may stand before a mail in a file; no server delivers such a mail.
            let odd = ["mbox-from-line", "byte-order-mark", "leading-blank-line"];
            let begins_oddly = message.flags.iter().any(|flag| odd.contains(&flag.as_str()));
            proptest::prop_assert!(other == Some(vec![author.to_string()]) || begins_oddly, "{:?} {:?}", raw, other);
        }
    }
}

const LINES: &[&str] = &[
    "From: jan@firma.example\r\n",
    "From: utok@zlo.example\r\n",
    "from:utok@zlo.example\r\n",
    "From : utok@zlo.example\r\n",
    " From: utok@zlo.example\r\n",
    "From\r\n : utok@zlo.example\r\n",
    "From:\r\n utok@zlo.example\r\n",
    "From: utok@zlo.example\n",
    "From: utok@zlo.example\r",
    "From utok@zlo.example Mon Nov  2 10:00:00 2026\r\n",
    ">From utok@zlo.example\r\n",
    "X-From: utok@zlo.example\r\n",
    "X: y\r\n",
    " z\r\n",
    "\tz\r\n",
    " \r\n",
    "no colon\r\n",
    "no colon From: utok@zlo.example\r\n",
    ": utok@zlo.example\r\n",
    "\r\n",
    "\n",
    "\r",
    "\r\r\n",
    "\0",
    "\u{feff}",
    "\u{b}",
];

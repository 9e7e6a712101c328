//! Header blocks in which two readers see two authors, and names that are nobody.

use postdesk::model::facts::{Believed, Sender};

use super::fixture::policy;
use super::pipeline::{facts, read};
use super::{OUR_SERVER, RECEIVED, REST};

/// Header blocks that show an author other than the one who is there. `firma.example` and `acme.example` are the
/// victims, `zlo.example` is the attacker's own.
const FROM_SHAPES: &[&str] = &[
    // Several fields.
    "From: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
    "From: jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    "From: jan@firma.example\r\nFrom: jan@firma.example\r\n",
    "FROM: utok@zlo.example\r\nfrom: jan@firma.example\r\n",
    "From: jan@firma.example\r\nSubject: x\r\nFrom: utok@zlo.example\r\n",
    "From: jan@firma.example\r\nFrom:\r\n",
    "From:\r\nFrom: jan@firma.example\r\n",
    "From: jan@firma.example\r\nFrom : utok@zlo.example\r\n",
    "From : jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    "From\t: jan@firma.example\r\n",
    "From : jan@firma.example\r\n",
    "From\r\n : jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    "From: utok@zlo.example\r\nFrom\r\n : jan@firma.example\r\n",
    // Lines that are none.
    " From: jan@firma.example\r\nFrom: utok@zlo.example\r\n",
    " jan@firma.example\r\nFrom: utok@zlo.example\r\nX: y\r\n",
    "no colon here\r\nFrom: jan@firma.example\r\n",
    "From: utok@zlo.example\r\nno colon here\r\nFrom: jan@firma.example\r\n",
    "X-A: b\r\n\u{0}From: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
    "From\u{0}: utok@zlo.example\r\nFrom: jan@firma.example\r\n",
    // Line ends that are none.
    "From: <utok@zlo.example>\rFrom: <jan@firma.example>\r\n",
    "From: <jan@firma.example>\rFrom: <utok@zlo.example>\r\n",
    "From: <utok@zlo.example>\nFrom: <jan@firma.example>\r\n",
    "X-A: b\rFrom: <utok@zlo.example>\r\nFrom: <jan@firma.example>\r\n",
    "X-A: b\nFrom: <jan@firma.example>\r\n",
    "From: jan@firma.example\r\n\tutok@zlo.example\r\n",
    // Several addresses.
    "From: jan@firma.example, utok@zlo.example\r\n",
    "From: utok@zlo.example, jan@firma.example\r\n",
    "From: <jan@firma.example>, <utok@zlo.example>\r\n",
    "From: <jan@firma.example><utok@zlo.example>\r\n",
    "From: <jan@firma.example> <utok@zlo.example>\r\n",
    "From: <utok@zlo.example> jan@firma.example\r\n",
    "From: <utok@zlo.example>jan@firma.example\r\n",
    "From: utok@zlo.example <jan@firma.example>\r\n",
    "From: x utok@zlo.example x <jan@firma.example>\r\n",
    "From: ,jan@firma.example\r\n",
    "From: jan@firma.example,\r\n",
    "From: utok@zlo.example; jan@firma.example\r\n",
    "From: jan@firma.example;\r\n",
    "From: skupina: jan@firma.example;\r\n",
    "From: skupina: utok@zlo.example, jan@firma.example;\r\n",
    "From: utok@zlo.example:jan@firma.example\r\n",
    // Routes, comments, quotes.
    "From: <@zlo.example:jan@firma.example>\r\n",
    "From: <@zlo.example,@iny.example:jan@firma.example>\r\n",
    "From: <jan@firma.example(.zlo.example)>\r\n",
    "From: jan@firma.example(.zlo.example)\r\n",
    "From: <jan(x)@firma.example>\r\n",
    "From: <jan@(x)firma.example>\r\n",
    "From: (utok@zlo.example) <jan@firma.example>\r\n",
    "From: <jan@firma.example> (utok@zlo.example)\r\n",
    "From: (jan@firma.example <utok@zlo.example>\r\n",
    "From: \"jan@firma.example\" <utok@zlo.example\r\n",
    "From: \"jan\"@firma.example\r\n",
    "From: <\"jan@firma.example\"@zlo.example>\r\n",
    "From: <\"jan\"@firma.example>\r\n",
    "From: <jan@firma.example\\,utok@zlo.example>\r\n",
    "From: <jan\\@firma.example@zlo.example>\r\n",
    "From: <jan@firma.example@zlo.example>\r\n",
    "From: <utok@zlo.example@firma.example>\r\n",
    "From: \"open <jan@firma.example>\r\n",
    // Encoded words.
    "From: =?utf-8?Q?jan=40firma.example?=\r\n",
    "From: =?utf-8?B?amFuQGZpcm1hLmV4YW1wbGU=?=\r\n",
    "From: <=?utf-8?Q?jan?=@firma.example>\r\n",
    "From: <jan@=?utf-8?Q?firma.example?=>\r\n",
    "From: =?utf-8?Q?<jan@firma.example>?= <utok@zlo.example\r\n",
    "From: =?utf-8?Q?a,utok@zlo.example,?= <jan@firma.example>\r\n",
    // Names that are not what they look like.
    "From: <jan@firma.example\u{0}@zlo.example>\r\n",
    "From: <jan@firma.example\u{0}>\r\n",
    "From: <jan@firma。example>\r\n",
    "From: <jan@firma.example.>\r\n",
    "From: <jan@f\u{130}rma.example>\r\n",
    "From: <jan@ｆirma.example>\r\n",
    "From: <jan@firma.example >\r\n",
    "From: < jan@firma.example>\r\n",
    "From: <ja n@firma.example>\r\n",
    "From: <jan@firma\t.example>\r\n",
    "From: <jan@[192.0.2.1]>\r\n",
    "From: <jan@firma>\r\n",
    "From: <jan>\r\n",
    "From: <>\r\n",
    "From: jan@firma.example <>\r\n",
    "From: <jan@firma.example\r\n",
    "From: jan@firma.example>\r\n",
    "From: <<jan@firma.example>>\r\n",
    "From:\r\n",
    "",
    "Sender: jan@firma.example\r\n",
    "Reply-To: jan@firma.example\r\n",
    "Resent-From: jan@firma.example\r\n",
];

/// Each shape, with each thing that our server may have made of it.
pub fn mails() -> Vec<String> {
    let mail = |shape: &str, verdict: &str| {
        // Below another line a folded one is a part of it, and no trick any more.
        if shape.starts_with(' ') {
            format!("{shape}{verdict}{RECEIVED}{REST}")
        } else {
            format!("{verdict}{RECEIVED}{shape}{REST}")
        }
    };
    FROM_SHAPES.iter().flat_map(|shape| OUR_SERVER.iter().map(move |verdict| mail(shape, verdict))).collect()
}

#[test]
fn no_shape_of_from_is_believed() {
    let mails = mails();
    assert!(mails.len() >= 300, "{}", mails.len());
    for mail in mails {
        let got = facts(mail.as_bytes(), &policy());
        assert_eq!(got.authenticity.believed, Believed::Failed, "{mail:?}: {}", got.authenticity.because);
        assert!(!got.agent_token);
    }
}

/// A second From far beyond what is read.
#[test]
fn a_from_beyond_the_bounds_of_reading_is_not_overlooked() {
    for padding in ["X-Pad: x\r\n".repeat(1_500), format!("X-Pad: {}\r\n", "x".repeat(300_000))] {
        let mail =
            format!("{}{RECEIVED}From: jan@firma.example\r\n{padding}From: utok@zlo.example\r\n{REST}", OUR_SERVER[1]);
        let got = facts(mail.as_bytes(), &policy());
        assert_eq!(got.authenticity.believed, Believed::Failed, "{}", got.authenticity.because);
    }
}

/// Names and look-alikes: the address is the attacker's own and may be proven; nobody else is.
#[test]
fn a_display_name_is_nobody() {
    for from in [
        "\"jana@acme.example\" <utok@zlo.example>",
        "Jana Nováková <utok@zlo.example>",
        "=?utf-8?B?amFuYUBhY21lLmV4YW1wbGU=?= <utok@zlo.example>",
        "=?utf-8?Q?jana=40acme.example?= <utok@zlo.example>",
        "\"jana@acme.example\u{202e}\" <utok@zlo.example>",
        "\"a\\\" <jana@acme.example>\" <utok@zlo.example>",
        "jana@acme.example.zlo.example",
        "jana.acme.example@zlo.example",
        "jana@xn--cme-rxa.example",
        "jana@acme-example.zlo.example",
        "jana+x@acme.example",
        "jana@sub.acme.example",
    ] {
        let mail = format!("{}{RECEIVED}From: {from}\r\n{REST}", OUR_SERVER[0]);
        let got = facts(mail.as_bytes(), &policy());
        assert!(!matches!(got.sender, Sender::Agent(_)), "{from} is {:?}", got.sender);
        let message = read(mail.as_bytes());
        if got.authenticity.believed == Believed::Verified {
            assert!(message.from[0].email.ends_with("@zlo.example"), "{from}");
        }
    }
}

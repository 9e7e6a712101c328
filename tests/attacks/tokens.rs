//! Tokens one character off, of another key, ticket, kind or addressee, and fields that pose as one.

use postdesk::model::facts::{Believed, Sender, ThreadBy};
use postdesk::model::token::{KeyRing, TokenKind};

use super::fixture::{keys, policy};
use super::pipeline::{KNOWN_ID, facts};
use super::{OUR_SERVER, RECEIVED};

/// A mail by a stranger with these fields, proven to be his own.
fn stranger(fields: &str, subject: &str) -> String {
    format!(
        "{}{RECEIVED}From: utok@zlo.example\r\n{fields}Subject: {subject}\r\nTo: podpora@acme.example\r\n\
         Message-ID: <x1@zlo.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nKde je moja faktura?\r\n",
        OUR_SERVER[0]
    )
}

/// Every way to spoil a text: another character anywhere, one missing, one more.
fn spoiled(good: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, c) in good.char_indices() {
        // The next letter of the token's alphabet differs in few bits.
        let other = match c {
            '9' => 'a',
            'z' => '0',
            'h' => 'j',
            'k' => 'm',
            'n' => 'p',
            't' => 'v',
            c => char::from_u32(u32::from(c) + 1).unwrap_or('0'),
        };
        out.push(format!("{}{other}{}", &good[..at], &good[at + 1..]));
        out.push(format!("{}{}", &good[..at], &good[at + 1..]));
    }
    out.push(format!("{good}0"));
    out.push(format!("0{good}"));
    out.push(String::new());
    out
}

/// Tokens of ticket 1001 that are none.
pub fn forged() -> Vec<String> {
    let (ours, theirs): (KeyRing, KeyRing) = (keys(7), keys(8));
    let mut mails: Vec<String> = Vec::new();

    let check = ours.subject_check("ACME", 1001);
    for wrong in spoiled(&check) {
        if !wrong.is_empty() {
            mails.push(stranger("", &format!("Re: [ACME-1001-{wrong}] x")));
        }
    }
    for token in [
        format!("[ACME-1001-{}]", theirs.subject_check("ACME", 1001)),
        format!("[ACME-1001-{}]", ours.subject_check("ACME", 1002)),
        format!("[ACME-1001-{}]", ours.subject_check("ACME", 10011)),
        format!("[ACME-01001-{check}x]"),
        format!("[OTHER-1001-{check}]"),
        format!("[ACME-1001 {check}]"),
        format!("ACME-1001-{check}"),
        format!("[ACME-1001-{check}-x]"),
        format!("[ACME--1001-{check}]"),
        format!("[ACME-1001.0-{check}]"),
        "[ACME-1001-]".to_owned(),
        "[ACME-1001-00000000]".to_owned(),
        "[ACME-9223372036854775808-00000000]".to_owned(),
        "[desk #1001]".to_owned(),
        "Ticket#1001".to_owned(),
    ] {
        mails.push(stranger("", &token));
    }

    let id = ours.message_id(TokenKind::Customer, 1001, "jan@firma.example", "c", "desk.acme.example");
    let left = id.split_once('@').expect("a domain").0;
    for wrong in spoiled(left) {
        for field in ["In-Reply-To", "References"] {
            mails.push(stranger(&format!("{field}: <{wrong}@desk.acme.example>\r\n"), "x"));
        }
    }
    let forged = theirs.message_id(TokenKind::Customer, 1001, "jan@firma.example", "c", "desk.acme.example");
    mails.push(stranger(&format!("In-Reply-To: <{forged}>\r\n"), "x"));
    mails.push(stranger(
        "In-Reply-To: <1001@desk.acme.example>\r\nReferences: <ticket-1001@desk.acme.example>\r\n",
        "x",
    ));

    let detail = ours.address_detail(TokenKind::Customer, 1001, "jan@firma.example");
    for wrong in spoiled(&detail) {
        mails.push(stranger(&format!("Cc: podpora+{wrong}@acme.example\r\n"), "x"));
    }
    for address in [
        format!("podpora+{}@acme.example", theirs.address_detail(TokenKind::Customer, 1001, "jan@firma.example")),
        format!("podpora+{detail}@zlo.example"),
        format!("iny+{detail}@acme.example"),
        format!("podpora-{detail}@acme.example"),
        "podpora+1001@acme.example".to_owned(),
        "podpora+id1001@acme.example".to_owned(),
        // A check made for a Message-ID is none for an address.
        format!("podpora+1c-1001-{}@acme.example", left.split('.').skip(3).collect::<Vec<_>>().join("-")),
    ] {
        mails.push(stranger(&format!("Cc: {address}\r\n"), "x"));
    }
    mails
}

#[test]
fn no_forged_token_joins_a_ticket() {
    let mails = forged();
    assert!(mails.len() >= 200, "{}", mails.len());
    for mail in mails {
        let got = facts(mail.as_bytes(), &policy());
        assert!(!got.thread.by.is_proof(), "{mail}\n{:?}", got.thread);
        assert!(got.thread.ticket.is_none(), "{mail}\n{:?}", got.thread);
    }
}

fn by(from: &str, fields: &str, subject: &str) -> String {
    stranger(fields, subject).replacen("From: utok@zlo.example", &format!("From: {from}"), 1)
}

fn reply(id: &str) -> String {
    format!("In-Reply-To: <{id}>\r\n")
}

/// Mails that would like to be an agent's.
pub fn would_be_agents() -> Vec<String> {
    let (ours, theirs) = (keys(7), keys(8));
    let agents = ours.message_id(TokenKind::Agent, 1001, "jana", "c", "desk.acme.example");
    let left = agents.split_once('@').expect("a domain").0;
    let mut mails: Vec<String> = vec![
        by("jana@acme.example", "", "#close"),
        by("jana@acme.example", "", &format!("Re: {}", ours.subject_token("ACME", 1001))),
        by("jana@acme.example", &reply(&theirs.message_id(TokenKind::Agent, 1001, "jana", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Customer, 1001, "jana", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Bounce, 1001, "jana", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Agent, 1001, "peter", "c", "d.example")), "x"),
        by("jana@acme.example", &reply(&ours.message_id(TokenKind::Agent, 9999, "jana", "c", "d.example")), "x"),
        by("odisla@acme.example", &reply(&ours.message_id(TokenKind::Agent, 1001, "odisla", "c", "d.example")), "x"),
        by("utok@zlo.example", &reply(&agents), "x"),
        by("peter@acme.example", &reply(&agents), "x"),
        by("jan@firma.example", &reply(&agents), "x"),
        by("Jana <utok@zlo.example>", &format!("{}Reply-To: jana@acme.example\r\n", reply(&agents)), "x"),
        by("utok@zlo.example", &format!("{}Sender: jana@acme.example\r\n", reply(&agents)), "x"),
        by("utok@zlo.example, jana@acme.example", &reply(&agents), "x"),
        by("jana@acme.example, utok@zlo.example", &reply(&agents), "x"),
        by(
            "jana@acme.example",
            &format!("X-Postdesk-Agent: jana\r\nIn-Reply-To: <x@y.example>\r\nX-In-Reply-To: <{agents}>\r\n"),
            "x",
        ),
        by("jana@acme.example", "X-Postdesk-Ticket: 1001\r\nX-Postdesk-Verified: yes\r\n", "x"),
        by("jana@acme.example", &format!("Message-ID: <{agents}>\r\n"), "x"),
    ];
    for wrong in spoiled(left) {
        mails.push(by("jana@acme.example", &reply(&format!("{wrong}@desk.acme.example")), "x"));
    }
    // A right in 1001 is none in 1002, to which the mail says that it belongs.
    let other = ours.address_detail(TokenKind::Customer, 1002, "jan@firma.example");
    mails.push(by("jana@acme.example", &format!("{}Cc: podpora+{other}@acme.example\r\n", reply(&agents)), "x"));
    mails
}

#[test]
fn no_token_makes_an_agent_of_anybody() {
    let mails = would_be_agents();
    assert!(mails.len() >= 90, "{}", mails.len());
    for mail in mails {
        let got = facts(mail.as_bytes(), &policy());
        assert!(!got.agent_token, "{mail}\n{:?} {:?}", got.sender, got.thread);
    }
    // The token alone gives no belief: a forged agent is still unproven.
    let agents = keys(7).message_id(TokenKind::Agent, 1001, "jana", "c", "desk.acme.example");
    let mail = by("jana@acme.example", &reply(&agents), "x").replace(OUR_SERVER[0], "");
    let got = facts(mail.as_bytes(), &policy());
    assert!(got.agent_token);
    assert_eq!(got.authenticity.believed, Believed::Unauthenticated);
}

/// Who is copied, to whom to answer, which ids are squatted: it gives nothing.
#[test]
fn data_in_other_fields_moves_nobody_into_a_ticket() {
    for fields in [
        "Cc: jan@firma.example\r\n",
        "Reply-To: jan@firma.example\r\n",
        "Sender: jan@firma.example\r\n",
        "Return-Path: <jan@firma.example>\r\n",
        "Resent-From: jan@firma.example\r\n",
        "X-Original-From: jan@firma.example\r\n",
        "Cc: podpora+1001@acme.example\r\n",
        "To: 1001@desk.acme.example\r\n",
        "Thread-Topic: [ACME-1001]\r\n",
        "X-Postdesk-Ticket: 1001\r\n",
        "Comments: [ACME-1001-00000000]\r\n",
    ] {
        let got = facts(stranger(fields, "Otazka").as_bytes(), &policy());
        assert_eq!(got.sender, Sender::Stranger, "{fields}");
        assert_eq!((got.thread.by, got.thread.ticket.is_some()), (ThreadBy::None, false), "{fields}");
    }
    // A Message-ID of the customer's, referred to or squatted: a hint at most, never a proof.
    for fields in [format!("In-Reply-To: <{KNOWN_ID}>\r\n"), format!("References: <{KNOWN_ID}>\r\n")] {
        let got = facts(stranger(&fields, "Otazka").as_bytes(), &policy());
        assert_eq!(got.thread.by, ThreadBy::KnownId);
        assert!(!got.thread.by.is_proof() && !got.agent_token);
    }
    let squatted = stranger("", "Otazka").replace("x1@zlo.example", KNOWN_ID);
    assert_eq!(facts(squatted.as_bytes(), &policy()).thread.by, ThreadBy::None);
    // The bare number likewise.
    let got = facts(stranger("", "[ACME-1001]").as_bytes(), &policy());
    assert_eq!((got.thread.by, got.thread.by.is_proof()), (ThreadBy::Number, false));
}

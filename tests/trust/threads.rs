//! Which ticket a mail belongs to, by which sign, and whose rights came with it.

use postdesk::facts::{establish, lookup};
use postdesk::model::facts::{BouncedMail, Contact, OwnProof, Sender, ThreadBy};
use postdesk::model::message::{Class, Forward, Report, ReportType, TokenText};
use postdesk::model::token::TokenKind;
use postdesk::model::{Facts, Found, Lookup, Message};

use super::fixture::*;

const JAN: &str = "jan@firma.example";

fn facts(mail: &Message, found: Found) -> Facts {
    establish(mail, "support", &OwnProof::default(), found, &policy())
}

fn id(kind: TokenKind, ticket: i64, who: &str) -> String {
    keys(7).message_id(kind, ticket, who, "cause", "desk.acme.example")
}

fn plus(kind: TokenKind, ticket: i64, who: &str) -> String {
    format!("podpora+{}@acme.example", keys(7).address_detail(kind, ticket, who))
}

fn token(number: i64, check: Option<&str>) -> TokenText {
    let written = check.map_or(format!("[ACME-{number}]"), |c| format!("[ACME-{number}-{c}]"));
    TokenText { prefix: "acme".into(), number, check: check.map(str::to_owned), written }
}

fn signed(number: i64) -> TokenText {
    token(number, Some(&keys(7).subject_check("ACME", number)))
}

/// Asks as the store would be asked, and answers with those of `tickets` that were asked for.
fn answered(mail: &Message, tickets: &[i64]) -> Found {
    let asked = lookup(mail, "support", &policy());
    found(&tickets.iter().copied().filter(|n| asked.tickets.contains(n)).collect::<Vec<_>>())
}

fn joined(mail: &Message) -> (Option<i64>, ThreadBy, Vec<i64>, Vec<i64>) {
    let thread = facts(mail, answered(mail, &[1001, 1002, 1003, 1004, 1005])).thread;
    assert!(!thread.because.is_empty());
    (thread.ticket.map(|t| t.number), thread.by, thread.also, thread.unproven)
}

#[test]
fn the_signs_are_tried_in_their_order() {
    let mut mail = message(JAN);
    assert_eq!(joined(&mail), (None, ThreadBy::None, vec![], vec![]));
    mail.tokens = vec![token(1005, None)];
    assert_eq!(joined(&mail), (Some(1005), ThreadBy::Number, vec![], vec![]));
    mail.tokens.push(signed(1004));
    assert_eq!(joined(&mail), (Some(1004), ThreadBy::Token, vec![], vec![1005]));
    mail.references =
        vec![id(TokenKind::Customer, 1002, JAN), "x@y.example".into(), id(TokenKind::Customer, 1003, JAN)];
    assert_eq!(joined(&mail), (Some(1003), ThreadBy::References, vec![1002, 1004], vec![1005]));
    mail.in_reply_to = vec![id(TokenKind::Customer, 1002, JAN)];
    assert_eq!(joined(&mail), (Some(1002), ThreadBy::References, vec![1003, 1004], vec![1005]));
    mail.cc = vec![address(&plus(TokenKind::Customer, 1001, JAN))];
    assert_eq!(joined(&mail), (Some(1001), ThreadBy::PlusAddress, vec![1002, 1003, 1004], vec![1005]));
}

#[test]
fn a_plus_address_counts_wherever_the_mail_went() {
    for place in 0..3 {
        let mut mail = message(JAN);
        let address_ = plus(TokenKind::Customer, 1001, JAN);
        match place {
            0 => mail.to = vec![address("iny@firma.example"), address(&address_.to_uppercase())],
            1 => mail.cc = vec![address(&address_)],
            _ => mail.delivered_to = vec![address_],
        }
        let facts = facts(&mail, answered(&mail, &[1001]));
        assert_eq!(facts.thread.by, ThreadBy::PlusAddress);
        assert_eq!(facts.thread.kind, Some(TokenKind::Customer));
        assert!(keys(7).is_for(&facts.thread.proven.expect("proven"), JAN));
    }
    // Only at our own address; and only where the mailbox has plus-addresses.
    let mut mail = message(JAN);
    mail.to = vec![address(&plus(TokenKind::Customer, 1001, JAN).replace("acme.example", "utok.example"))];
    assert_eq!(joined(&mail).0, None);
    mail.to = vec![address(&plus(TokenKind::Customer, 1001, JAN))];
    let mut policy = policy();
    policy.mailboxes[0].plus = false;
    assert!(lookup(&mail, "support", &policy).tickets.is_empty());
}

#[test]
fn a_wrong_check_names_a_ticket_and_joins_none() {
    let check = keys(7).subject_check("ACME", 1001);
    let mut wrongs =
        vec![check[..7].to_owned(), format!("{check}0"), String::new(), keys(7).subject_check("ACME", 1002)];
    wrongs.push(keys(8).subject_check("ACME", 1001));
    wrongs.push(keys(7).subject_check("OTHER", 1001));
    for at in 0..check.len() {
        let other = if &check[at..=at] == "2" { "3" } else { "2" };
        wrongs.push(format!("{}{other}{}", &check[..at], &check[at + 1..]));
    }
    for wrong in wrongs {
        let mut mail = message(JAN);
        mail.tokens = vec![token(1001, Some(&wrong))];
        assert_eq!(joined(&mail), (None, ThreadBy::None, vec![], vec![1001]), "{wrong}");
        // Neither does the bare number beside it make it better than a bare number.
        mail.tokens.push(token(1001, None));
        assert_eq!(joined(&mail), (Some(1001), ThreadBy::Number, vec![], vec![]), "{wrong}");
    }
    let mut mail = message(JAN);
    mail.in_reply_to = vec![keys(8).message_id(TokenKind::Customer, 1001, JAN, "c", "desk.acme.example")];
    mail.to = vec![address(&plus(TokenKind::Customer, 1002, JAN).replace("+1c-", "+1a-"))];
    assert_eq!(joined(&mail), (None, ThreadBy::None, vec![], vec![1002, 1001]));
}

#[test]
fn another_desks_token_is_no_token() {
    let mut mail = message(JAN);
    let check = keys(7).subject_check("OTHER", 1001);
    mail.tokens = vec![TokenText {
        prefix: "OTHER".into(),
        number: 1001,
        check: Some(check.clone()),
        written: format!("[OTHER-1001-{check}]"),
    }];
    assert_eq!(joined(&mail), (None, ThreadBy::None, vec![], vec![]));
}

#[test]
fn a_ticket_that_is_gone_is_named_and_a_merged_one_is_followed() {
    let mut mail = message(JAN);
    mail.tokens = vec![signed(1009)];
    assert_eq!(joined(&mail), (None, ThreadBy::None, vec![], vec![1009]));

    mail.in_reply_to = vec![id(TokenKind::Customer, 1001, JAN)];
    mail.tokens = vec![signed(1002)];
    let merged = Found { tickets: vec![(1001, ticket(1002)), (1002, ticket(1002))], ..Found::default() };
    let thread = facts(&mail, merged).thread;
    assert_eq!((thread.ticket.map(|t| t.number), thread.by), (Some(1002), ThreadBy::References));
    assert_eq!((thread.also, thread.unproven), (vec![], vec![]));
    assert!(thread.because.contains("1001 was merged"), "{}", thread.because);
}

#[test]
fn known_message_ids_come_before_bare_numbers() {
    let mut mail = message(JAN);
    mail.references = vec!["old@firma.example".into(), "new@firma.example".into()];
    mail.tokens = vec![token(1002, None)];
    let asked = lookup(&mail, "support", &policy());
    assert_eq!(asked.message_ids, ["new@firma.example", "old@firma.example"]);
    let known = vec![("old@firma.example".into(), 1001), ("new@firma.example".into(), 1003)];
    let answer = Found { known_ids: known, ..found(&[1001, 1002, 1003]) };
    let thread = facts(&mail, answer).thread;
    assert_eq!((thread.ticket.map(|t| t.number), thread.by), (Some(1003), ThreadBy::KnownId));
    assert!(!thread.by.is_proof());
    assert_eq!(thread.unproven, [1002]);
}

#[test]
fn an_agents_token_counts_for_that_agent_alone_and_in_that_ticket_alone() {
    let with = |from: &str, kind, ticket, who: &str| {
        let mut mail = message(from);
        mail.in_reply_to = vec![id(kind, ticket, who)];
        mail
    };
    let has = |mail: &Message| facts(mail, answered(mail, &[1001, 1002])).agent_token;
    assert!(has(&with("jana@acme.example", TokenKind::Agent, 1001, "jana")));
    assert!(has(&with("jana@doma.example", TokenKind::Agent, 1001, "jana")));
    assert!(!has(&with("peter@acme.example", TokenKind::Agent, 1001, "jana")));
    assert!(!has(&with("odisla@acme.example", TokenKind::Agent, 1001, "odisla")));
    assert!(!has(&with(JAN, TokenKind::Agent, 1001, "jana")));
    assert!(!has(&with("jana@acme.example", TokenKind::Customer, 1001, "jana")));
    assert!(!has(&with("jana@acme.example", TokenKind::Bounce, 1001, "jana")));
    assert!(!has(&with("jana@acme.example", TokenKind::Agent, 1009, "jana")));

    let mut mail = message("jana@acme.example");
    mail.to = vec![address(&plus(TokenKind::Agent, 1001, "jana"))];
    assert!(has(&mail));
    // A subject gives no agent's rights.
    let mut mail = message("jana@acme.example");
    mail.tokens = vec![signed(1001)];
    assert!(!has(&mail));
    // The mail is joined to 1001; a right in 1002 is none in 1001.
    let mut mail = with("jana@acme.example", TokenKind::Agent, 1002, "jana");
    mail.to = vec![address(&plus(TokenKind::Customer, 1001, JAN))];
    assert!(!has(&mail));
    // What a report returned is no reply.
    let mut mail = message("jana@acme.example");
    mail.report = Some(report(vec![id(TokenKind::Agent, 1001, "jana")]));
    assert!(!has(&mail));
}

fn report(returned_ids: Vec<String>) -> Report {
    Report {
        kind: ReportType::DeliveryStatus,
        feedback_type: None,
        original_message_id: None,
        returned_ids,
        recipients: vec![],
    }
}

/// Of the mails for which a bounce is looked up, those that count where the outbox had every one of them.
fn came_back(asked: &Lookup) -> Vec<String> {
    let sent = |(outbox, id): (i64, &String)| BouncedMail {
        outbox,
        ticket: Some(1001),
        to: JAN.to_owned(),
        message_id: id.clone(),
        known: false,
    };
    let bounced = (1..).zip(&asked.bounced).map(sent).collect();
    let facts = facts(&message("mailer-daemon@mx.firma.example"), Found { bounced, ..found(&[1001]) });
    facts.found.bounced.into_iter().map(|mail| mail.message_id).collect()
}

#[test]
fn a_bounce_names_our_mails_only_where_they_prove_themselves() {
    let ours = id(TokenKind::Customer, 1001, JAN);
    let forged = keys(8).message_id(TokenKind::Customer, 1001, JAN, "cause", "desk.acme.example");
    let mut mail = message("mailer-daemon@mx.firma.example");
    mail.class = Class::Bounce;
    mail.report = Some(report(vec![forged.clone(), "x@y.example".into(), ours.clone(), ours.clone()]));
    mail.in_reply_to = vec![id(TokenKind::Bounce, 1002, JAN)];
    let asked = lookup(&mail, "support", &policy());
    assert_eq!(asked.tickets, [1002, 1001]);
    assert_eq!(came_back(&asked), [ours.clone(), id(TokenKind::Bounce, 1002, JAN)]);

    mail.in_reply_to.clear();
    let (ticket, by, ..) = joined(&mail);
    assert_eq!((ticket, by), (Some(1001), ThreadBy::References));
    // A person's mail bounces nothing.
    let mut mail = message(JAN);
    mail.in_reply_to = vec![ours];
    assert!(lookup(&mail, "support", &policy()).bounced.is_empty());
}

/// A report (RFC 3464) with the header of the mail that came back, as a mail server writes it.
fn delivery_report(returned_id: &str) -> String {
    format!(
        "Return-Path: <>\r\nReceived: by mx.acme.example; Mon, 02 Nov 2026 10:00:00 +0100\r\n\
         From: MAILER-DAEMON@mx.firma.example\r\nTo: podpora@acme.example\r\nSubject: Undelivered Mail\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nMessage-ID: <b1@mx.firma.example>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nUser unknown\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.firma.example\r\n\r\n\
         Final-Recipient: rfc822; jan@firma.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: podpora@acme.example\r\n\
         Message-ID: <{returned_id}>\r\nSubject: Prijali sme\r\n\r\n--b--\r\n"
    )
}

#[test]
fn a_real_report_is_matched_by_what_it_returns() {
    let ours = id(TokenKind::Customer, 1001, JAN);
    let mail = super::pipeline::read(delivery_report(&ours).as_bytes());
    assert_eq!(mail.class, Class::Bounce);
    assert_eq!(came_back(&lookup(&mail, "support", &policy())), std::slice::from_ref(&ours));
    assert_eq!(joined(&mail).0, Some(1001));
    // One character off: it is about nothing of ours.
    let mail = super::pipeline::read(delivery_report(&ours.replacen(".1001.", ".1002.", 1)).as_bytes());
    assert!(came_back(&lookup(&mail, "support", &policy())).is_empty());
    assert_eq!(joined(&mail), (None, ThreadBy::None, vec![], vec![1002]));
}

fn contact(email: &str) -> Contact {
    Contact::of(spec(email))
}

#[test]
fn the_sender_is_from_and_nothing_else() {
    let known =
        |mail: &Message, email: &str| facts(mail, Found { contact: Some(contact(email)), ..Found::default() }).sender;
    let mut mail = message(JAN);
    mail.reply_to = vec![address("jana@acme.example")];
    mail.sender = vec![address("jana@acme.example")];
    mail.return_path = Some("jana@acme.example".into());
    assert_eq!(known(&mail, JAN), Sender::Contact(contact(JAN)));
    assert_eq!(lookup(&mail, "support", &policy()).sender, Some(spec(JAN)));
    assert_eq!(known(&mail, "iny@firma.example"), Sender::Stranger);
    assert_eq!(known(&message("JANA@acme.example"), JAN), Sender::Agent("jana".into()));
    assert_eq!(known(&message("podpora@acme.example"), JAN), Sender::Ourselves);
    assert_eq!(known(&message("podpora+x@acme.example"), JAN), Sender::Ourselves);
    assert_eq!(known(&message("HELP@acme.example"), JAN), Sender::Ourselves);
    let mut two = message(JAN);
    two.from.push(address("jana@acme.example"));
    assert_eq!(known(&two, JAN), Sender::Stranger);
    assert_eq!(lookup(&two, "support", &policy()).sender, None);
}

#[test]
fn what_an_agent_forwards_is_looked_up_for_its_writer() {
    let mut mail = message("jana@acme.example");
    mail.forward = Some(Forward { from: Some(address(JAN)), ..Forward::default() });
    mail.requester = Some(address(JAN));
    assert_eq!(lookup(&mail, "support", &policy()).sender, Some(spec(JAN)));
    assert_eq!(facts(&mail, Found::default()).sender, Sender::Agent("jana".into()));
    // Anybody else's forward is his own.
    let mut mail = message("eva@firma.example");
    mail.forward = Some(Forward { from: Some(address(JAN)), ..Forward::default() });
    mail.requester = Some(address(JAN));
    assert_eq!(lookup(&mail, "support", &policy()).sender, Some(spec("eva@firma.example")));
}

#[test]
fn thousands_of_names_stay_bounded() {
    let mut mail = message(JAN);
    mail.references = (0..3000).map(|n| format!("{n}@firma.example")).collect();
    mail.tokens = (2000..5000).map(|n| token(n, None)).collect();
    mail.in_reply_to = (1000..2000).map(|n| id(TokenKind::Customer, n, JAN)).collect();
    let asked = lookup(&mail, "support", &policy());
    assert!(asked.message_ids.len() <= 50 && asked.tickets.len() <= 40);
}

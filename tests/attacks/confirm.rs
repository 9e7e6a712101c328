//! Attacks on the confirmation loop, in a real store: nothing but an answer of the registered agent's, with the code that
//! was made for it, releases what is held.

use jiff::SignedDuration;
use postdesk::model::conduct::{Mark, Marked};
use postdesk::model::desk::{AgentProof, Category, Match};
use postdesk::model::facts::Contact;
use postdesk::model::token::TokenKind;
use postdesk::model::{Action, AddrSpec, Commit, Fate, Lookup};
use postdesk::store::{OutboxRow, Plan, Reading as _, Store as _};

use super::RECEIVED;
use super::desk::{Desk, attacks};
use super::fixture::policy;

/// A desk whose agents must confirm, and an answer in Jana's name to a notification of hers, unproven and so held.
fn held() -> Desk {
    let mut policy = policy();
    policy.desk.agents = AgentProof::Confirm;
    policy.mailboxes[0].plus = true;
    let mut desk = Desk::with_policy(policy);
    let id = row(&desk, "notify-new").message_id;
    desk.take(&mail("jana@acme.example", "h1", &format!("In-Reply-To: <{id}>\r\n"), "Re: Objednavka", "Hotovo.", ""));
    assert_eq!(count(&desk, "confirm"), 1, "it is held and Jana is asked");
    assert_eq!(row(&desk, "confirm").to.email, "jana@acme.example");
    desk
}

fn mail(from: &str, id: &str, fields: &str, subject: &str, text: &str, above: &str) -> String {
    format!(
        "{above}{RECEIVED}From: {from}\r\nTo: podpora@acme.example\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@x.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n{fields}\r\n{text}\r\n"
    )
}

fn row(desk: &Desk, template: &str) -> OutboxRow {
    desk.outbox().into_iter().filter(|r| r.template == template).max_by_key(|r| r.id).expect("the desk wrote one")
}

fn count(desk: &Desk, template: &str) -> usize {
    desk.outbox().iter().filter(|r| r.template == template).count()
}

/// The detail of the question's plus-address, and the code in its subject.
fn tokens(desk: &Desk) -> (String, String) {
    let row = row(desk, "confirm");
    let (_, bytes) = desk.store.outbox_mail(row.id).expect("readable").expect("is there");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let reply_to = text.lines().find_map(|l| l.strip_prefix("Reply-To: ")).expect("a reply address");
    let detail = reply_to.trim_matches(['<', '>', '\r']).split_once('+').and_then(|(_, r)| r.split_once('@'));
    let code = row.subject.rfind('[').and_then(|at| row.subject.get(at..)).expect("a code");
    (detail.expect("a detail").0.to_owned(), code.to_owned())
}

/// Each character of a text another one.
fn forgeries(of: &str) -> impl Iterator<Item = String> + '_ {
    of.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(i, c)| {
        let other = if c == '0' { '1' } else { '0' };
        format!("{}{other}{}", &of[..i], &of[i + 1..])
    })
}

#[test]
fn no_forged_or_borrowed_code_releases_what_is_held() {
    let mut desk = held();
    let id = row(&desk, "confirm").message_id;
    let notified = row(&desk, "notify-new").message_id;
    let (detail, code) = tokens(&desk);
    let keys = desk.policy.keys.clone();
    let left = id.split_once('@').expect("an id").0.to_owned();
    let mut answers: Vec<(String, String)> = Vec::new();
    let by_id = |id: &str| format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n");
    answers.extend(forgeries(&left).map(|forged| (by_id(&format!("{forged}@desk.acme.example")), "Re: x".to_owned())));
    answers.extend(forgeries(&detail).map(|d| (format!("Cc: podpora+{d}@acme.example\r\n"), "Re: x".to_owned())));
    let check = code.rfind('-').expect("a check") + 1;
    let forged_codes = forgeries(&code[check..]).map(|forged| format!("Re: x {}{forged}", &code[..check]));
    answers.extend(forged_codes.map(|subject| (String::new(), subject)));
    // Tokens of another kind, and of this kind for somebody or something else.
    answers.push((by_id(&keys.message_id(TokenKind::Agent, 1, "jana", "x", "desk.acme.example")), "Re: x".to_owned()));
    for (hold, who) in [(1, "jana"), (1, "peter"), (2, "jana"), (1001, "jana")] {
        let made = keys.message_id(TokenKind::Confirm, hold, who, "x", "desk.acme.example");
        answers.push((by_id(&made), format!("Re: x {}", keys.confirm_token("ACME", hold, who))));
    }
    for (n, (fields, subject)) in answers.iter().enumerate() {
        desk.now += SignedDuration::from_secs(1);
        desk.take_now(&mail("jana@acme.example", &format!("f{n}"), fields, subject, "Ano.", ""));
        assert_eq!(count(&desk, "answer"), 0, "{fields}{subject}");
    }
    assert!(answers.len() > 80, "{}", answers.len());
    // The notification's own identity proves the agent no more than before: that mail too is only held.
    desk.take_now(&mail("jana@acme.example", "n1", &by_id(&notified), "Re: x", "Ano.", ""));
    assert_eq!(count(&desk, "answer"), 0);
    // And the right code, all the same, still does.
    desk.take_now(&mail("jana@doma.example", "ok", &by_id(&id), "Re: x", "Ano.", ""));
    assert_eq!(count(&desk, "answer"), 1);
    assert_eq!(row(&desk, "answer").to.email, "jan@firma.example");
}

#[test]
fn the_right_code_from_another_hand_or_a_machine_releases_nothing() {
    let mut desk = held();
    let id = row(&desk, "confirm").message_id;
    let (_, code) = tokens(&desk);
    let answer = format!("In-Reply-To: <{id}>\r\n");
    let with = |more: &str| format!("{answer}{more}\r\n");
    let fail = "Authentication-Results: mx.acme.example; dmarc=fail header.from=acme.example\r\n";
    let jana = "jana@acme.example";
    let cases: Vec<(&str, String, &str, &str)> = vec![
        ("eve@zlo.example", answer.clone(), "Re: x", ""),
        ("peter@acme.example", answer.clone(), "Re: x", ""),
        ("odisla@acme.example", answer.clone(), "Re: x", ""),
        ("\"jana@acme.example\" <eve@zlo.example>", answer.clone(), "Re: x", ""),
        ("eve@zlo.example, jana@acme.example", answer.clone(), "Re: x", ""),
        ("eve@zlo.example\r\nFrom: jana@acme.example", answer.clone(), "Re: x", ""),
        ("eve@zlo.example", with("Sender: jana@acme.example"), "Re: x", ""),
        ("eve@zlo.example", with("Reply-To: jana@acme.example"), "Re: x", ""),
        (jana, answer.clone(), "Re: x", fail),
        (jana, with("Auto-Submitted: auto-replied"), "Re: x", ""),
        (jana, with("Auto-Submitted: auto-generated"), "Re: x", ""),
        (jana, with("Precedence: bulk"), "Re: x", ""),
        (jana, with("Precedence: auto_reply"), "Re: x", ""),
        (jana, with("X-Autoreply: yes"), "Re: x", ""),
        (jana, with("List-Id: <all.acme.example>"), "Re: x", ""),
        (jana, with("Return-Path: <>"), "Re: x", ""),
        (jana, answer.clone(), "Automaticka odpoved: Prosime o potvrdenie", ""),
        (jana, answer.clone(), "Out of office", ""),
        (jana, String::new(), "Objednavka", ""),
    ];
    for (n, (from, fields, subject, above)) in cases.iter().enumerate() {
        desk.now += SignedDuration::from_secs(1);
        let subject = if n % 2 == 0 { (*subject).to_owned() } else { format!("{subject} {code}") };
        let subject = if fields.is_empty() { "Objednavka".to_owned() } else { subject };
        desk.take_now(&mail(from, &format!("c{n}"), fields, &subject, "Ano.", above));
        assert_eq!(count(&desk, "answer"), 0, "{from} {fields} {subject}");
        assert_eq!(count(&desk, "confirm-over"), 0, "the question still stands: {from} {fields}");
    }
    desk.take_now(&mail(jana, "ok", &answer, "Re: x", "Ano.", ""));
    assert_eq!(count(&desk, "answer"), 1);
}

#[test]
fn a_code_serves_once_in_its_time_and_no_is_final() {
    for (text, minutes) in [("NIE, to nie som ja.", 1), ("Ano.", 61)] {
        let mut desk = held();
        let answer = format!("In-Reply-To: <{}>\r\n", row(&desk, "confirm").message_id);
        desk.now += SignedDuration::from_mins(minutes);
        for (id, text) in [("a1", text), ("a2", "Ano."), ("a3", "Ano, ano.")] {
            desk.take_now(&mail("jana@acme.example", id, &answer, "Re: x", text, ""));
        }
        assert_eq!(count(&desk, "answer"), 0, "{text}");
        assert_eq!(count(&desk, "confirm-over"), 1, "said once");
        assert_eq!(row(&desk, "confirm-over").to.email, "jana@acme.example");
        assert_eq!(desk.store.quarantined().expect("readable").len(), 1, "the held mail is kept");
    }
}

#[test]
fn no_attack_gets_an_agents_words_out_where_agents_confirm() {
    let mut policy = policy();
    policy.desk.agents = AgentProof::Confirm;
    let mut desk = Desk::with_policy(policy);
    for attack in attacks() {
        desk.take(&attack);
    }
    assert_eq!(count(&desk, "answer"), 0);
    for row in desk.outbox().into_iter().filter(|r| r.template.starts_with("confirm")) {
        let address = row.to.spec().expect("an address");
        assert!(desk.policy.agent_by_address(&address).is_some(), "only agents are asked: {}", row.to.email);
        assert_eq!(
            desk.policy.agent_by_address(&address).map(|a| a.address()),
            Some(&address),
            "at the registered one"
        );
    }
}

/// A desk with a restricted category, and eva@firma.example on file.
fn with_a_contact() -> Desk {
    let mut policy = policy();
    policy.categories.push(Category {
        name: "pristup".into(),
        words: vec!["heslo".into()],
        matches: Match::default(),
        owner: None,
        sla: None,
        priority: None,
        restricted: true,
        ask: Vec::new(),
    });
    let desk = Desk::with_policy(policy);
    let contact = Contact::of(AddrSpec::parse("eva@firma.example").expect("an address"));
    desk.store.put_contacts(&[contact], &[], desk.now).expect("written");
    desk
}

fn request(from: &str, n: u32) -> String {
    let reply_to = "Reply-To: eve@zlo.example\r\nCc: eve@zlo.example\r\n";
    mail(from, &format!("r{n}"), reply_to, &format!("Tajne {n}"), "Poslite mi heslo, vrah 4711.", "")
}

#[test]
fn a_restricted_request_is_asked_about_at_the_address_on_file_only_and_a_few_times_a_day() {
    let mut desk = with_a_contact();
    for n in 0..6 {
        desk.now += SignedDuration::from_mins(40);
        desk.take_now(&request("Eva <eva@firma.example>", n));
    }
    desk.take_now(&request("stranger@zlo.example", 6));
    let asked: Vec<_> = desk.outbox().into_iter().filter(|r| r.template == "confirm").collect();
    assert_eq!(asked.len(), 3);
    for row in asked {
        assert_eq!(row.to.email, "eva@firma.example");
        let words = desk.words(row.id);
        for theirs in ["Tajne", "vrah", "4711", "eve@zlo.example", "Eva"] {
            assert!(!words.contains(theirs), "{theirs} of the mail stands in {words}");
        }
    }
    assert!(desk.ticket(1002).restricted && desk.ticket(1007).restricted, "without a question it stays restricted");

    // Somebody else's yes, with the right code, changes nothing.
    let answer = format!("In-Reply-To: <{}>\r\n", row(&desk, "confirm").message_id);
    let number = row(&desk, "confirm").ticket.expect("about a ticket");
    desk.take_now(&mail("eve@zlo.example", "y1", &answer, "Re: x", "Ano.", ""));
    assert!(desk.ticket(number).restricted);
    desk.take_now(&mail("eva@firma.example", "y2", &answer, "Re: x", "Ano.", ""));
    let ticket = desk.ticket(number);
    assert_eq!((ticket.restricted, ticket.contact.as_deref()), (false, Some("eva@firma.example")));
    assert!(ticket.participants.is_empty(), "{:?}", ticket.participants);
    assert!(desk.store.contact("eva@firma.example").expect("readable").expect("is there").proven_at.is_some());
}

#[test]
fn an_address_that_complained_is_not_asked() {
    let mut desk = with_a_contact();
    let plan: Plan = std::sync::Arc::new(|_| {
        let mut commit = Commit::new(Action::Note, Fate::Order);
        commit.marks.push(Mark::new("eva@firma.example", Marked::Complained));
        commit
    });
    desk.store.order(&Lookup::default(), &plan, desk.now).expect("written");
    desk.take_now(&request("eva@firma.example", 1));
    assert!(desk.ticket(1002).restricted);
    assert_eq!(count(&desk, "confirm"), 0);
}

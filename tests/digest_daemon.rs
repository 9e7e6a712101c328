//! The digest from the running program, against a real Dovecot and a real Postfix: it comes once a day whatever restarts,
//! and its answer turns it off.

mod support;

use mail_parser::MessageParser;
use support::desk::{Desk, LONG, customers_mail};
use support::dovecot::Dovecot;
use support::eventually;
use support::postfix::{Delivered, Postfix};

const AGENT: &str = "jana@inbox.example";

fn digests(postfix: &Postfix) -> Vec<Delivered> {
    let to_agent = postfix.delivered().into_iter().filter(|mail| mail.delivered_to == AGENT);
    let is_digest = |mail: &Delivered| {
        let subject = MessageParser::default().parse(&mail.bytes).and_then(|m| m.subject().map(str::to_owned));
        subject.is_some_and(|subject| subject.contains("Vaše tikety"))
    };
    to_agent.filter(is_digest).collect()
}

#[test]
fn the_digest_of_the_day_comes_once_and_is_turned_off_by_an_answer() {
    let (dovecot, postfix) = (Dovecot::start(), Postfix::start());
    // LMTP adds a Received line above that of the server which authenticated the mail.
    let mailbox = Desk::mailbox("support", "podpora", &dovecot, Some("Processed"));
    let desk = Desk::with(postfix.plain, "", &mailbox.replace("plus = true", "plus = true\nhops = 2"));
    let daemon = desk.watch(1);
    let mail = customers_mail("martin@zakaznik.example", "Tlac", "m1@zakaznik.example", "", "Netlaci to.");
    dovecot.deliver_lmtp("podpora", &mail);
    eventually("the agent is told", LONG, || {
        postfix.delivered().iter().any(|mail| mail.delivered_to == AGENT).then_some(())
    });
    daemon.stop();
    assert!(digests(&postfix).is_empty(), "nobody asked for one");

    // From now on she wants one, at an hour that has passed on any day. Hers is the last table of the file.
    desk.append("digest = \"00:00\"\n");
    let daemon = desk.watch(1);
    let digest = eventually("the digest", LONG, || digests(&postfix).pop());
    let message = MessageParser::default().parse(&digest.bytes).expect("parses");
    let text = message.body_text(0).expect("has a text").into_owned();
    assert!(text.contains("ACME-1001  Tlac") && text.contains("#digest off"), "{text}");
    assert_eq!(digest.return_path, "<>", "one that bounces makes no next mail");
    daemon.kill();
    let daemon = desk.watch(1);
    // The outbox of a killed daemon is looked through before anything else; a second digest would be in it.
    eventually("the outbox is empty", LONG, || desk.json(&["outbox", "list", "--json"]).is_empty().then_some(()));
    assert_eq!(digests(&postfix).len(), 1, "a restart sends nothing twice");

    let id = message.message_id().expect("has one");
    let answer = format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d=inbox.example; dmarc=pass header.from=inbox.example\r\n\
         Received: from mail.inbox.example by mx.acme.example with ESMTPS; Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         From: {AGENT}\r\nTo: podpora@acme.example\r\nSubject: Re: x\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         Message-ID: <off@inbox.example>\r\nIn-Reply-To: <{id}>\r\n\r\n#digest off\r\n\r\n> Takto\r\n"
    );
    dovecot.deliver_lmtp("podpora", answer.as_bytes());
    eventually("it is taken in", LONG, || (dovecot.files("podpora", "Processed").len() == 2).then_some(()));
    daemon.stop();
    let known = rusqlite::Connection::open(desk.database()).expect("opens");
    let off: i64 = known
        .query_row("SELECT count(*) FROM moment WHERE what = 'digest-off:jana'", [], |row| row.get(0))
        .expect("is read");
    assert_eq!(off, 1, "she wants none any more");
    assert_eq!(desk.json(&["ticket", "list", "--json"]).len(), 1, "the answer opened no ticket");
}

//! Mail leaves by SMTP: against a real Postfix, and against a server that misbehaves where Postfix cannot.

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use postdesk::model::outgoing::{Attempt, OutboxState, SmtpReply, Template};
use postdesk::outbox::{Clock, Courier, Limits, OutgoingSettings, Pace, Report, Secret, SmtpError, SmtpSettings, Tls};
use postdesk::store::Store;
use support::outbox_store::MemoryOutbox;
use support::postfix::{GREYLISTED, PASSWORD, Postfix, UNKNOWN, USER};
use support::smtp_sink::{Body, Say, Script, Sink};
use tokio_util::sync::CancellationToken;

const MAIL: &[u8] = b"From: Desk <desk@acme.example>\r\nTo: jan@inbox.example\r\nSubject: Hello\r\n\
    Date: Mon, 01 Jun 2026 10:00:00 +0000\r\nMessage-ID: <one@desk.example>\r\n\r\n\
    First line\r\n.\r\n..two dots\r\n. and a space\r\nlast line\r\n";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn clock() -> Clock {
    Arc::new(now)
}

/// Limits that let a test see silence end.
fn quick() -> Limits {
    let short = Duration::from_millis(400);
    Limits {
        connect: short,
        command: short,
        data: short,
        block: short,
        final_dot: short,
        idle: Duration::from_secs(20),
    }
}

fn settings(port: u16, tls: Tls) -> SmtpSettings {
    SmtpSettings::new("127.0.0.1", port, tls, "desk.acme.example")
}

fn to_sink(sink: &Sink) -> SmtpSettings {
    SmtpSettings { limits: quick(), ..settings(sink.address.port(), Tls::None) }
}

fn with_login(postfix: &Postfix, port: u16, tls: Tls) -> SmtpSettings {
    SmtpSettings {
        user: Some(USER.to_owned()),
        password: Some(Secret::Text(PASSWORD.to_owned())),
        ca_file: Some(postfix.ca_file()),
        ..settings(port, tls)
    }
}

fn courier(store: &Arc<MemoryOutbox>, settings: SmtpSettings) -> Courier {
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    Courier::new(store, OutgoingSettings::Smtp(Box::new(settings)), clock())
}

async fn deliver(store: &Arc<MemoryOutbox>, settings: SmtpSettings) -> Report {
    let courier = courier(store, settings);
    let report = courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    courier.close().await;
    report
}

fn one_mail() -> (Arc<MemoryOutbox>, i64) {
    let store = Arc::new(MemoryOutbox::default());
    let id = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    (store, id)
}

fn last_end(store: &MemoryOutbox, id: i64) -> Attempt {
    store.row(id).ends.last().cloned().expect("the mail was tried")
}

fn reply(attempt: &Attempt) -> &SmtpReply {
    match attempt {
        Attempt::Accepted(r) | Attempt::Deferred(r) | Attempt::Rejected(r) | Attempt::Ambiguous(r) => r,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postfix_takes_five_hundred_mails_over_four_connections_each_once_and_unchanged() {
    let postfix = Postfix::start();
    let store = Arc::new(MemoryOutbox::default());
    let body = |i: usize| [MAIL, format!("Number {i}\r\n").as_bytes()].concat();
    for i in 0..500 {
        store.queue(Template::Answer, &format!("customer{i}@inbox.example"), &body(i), now());
    }
    let report = deliver(&store, settings(postfix.plain, Tls::None)).await;
    assert_eq!((report.accepted, report.deferred, report.failed.len()), (500, 0, 0), "{:?}", report.trouble);
    assert!(store.rows().iter().all(|row| row.state == OutboxState::Sent && row.noted == 1 && row.entry.attempts == 1));

    let mut delivered = postfix.await_delivered(500);
    assert_eq!(delivered.len(), 500, "none was delivered twice");
    delivered.sort_by(|a, b| a.delivered_to.cmp(&b.delivered_to));
    let mut sent: Vec<_> = (0..500).map(|i| (format!("customer{i}@inbox.example"), body(i))).collect();
    sent.sort();
    for (got, (to, bytes)) in delivered.iter().zip(&sent) {
        assert_eq!(&got.delivered_to, to);
        assert_eq!(got.return_path, "<desk@acme.example>");
        assert_eq!(String::from_utf8_lossy(&got.bytes), String::from_utf8_lossy(bytes));
    }
    assert!(postfix.connections() <= 4, "{} connections", postfix.connections());
}

#[tokio::test]
async fn postfix_takes_mail_over_starttls_and_implicit_tls_with_login() {
    let postfix = Postfix::start();
    for (port, tls) in [(postfix.submission, Tls::StartTls), (postfix.smtps, Tls::Implicit)] {
        let (store, id) = one_mail();
        let report = deliver(&store, with_login(&postfix, port, tls)).await;
        assert_eq!(report.accepted, 1, "{tls:?}: {:?} {:?}", report.trouble, last_end(&store, id));
        let ability = postdesk::outbox::probe(&with_login(&postfix, port, tls)).await.expect("the server answers");
        assert!(ability.encrypted && ability.authenticated && ability.eight_bit);
        assert_eq!(ability.size_max, Some(2_000_000));
    }
    assert_eq!(postfix.await_delivered(2).len(), 2);
}

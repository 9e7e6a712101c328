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

#[tokio::test]
async fn a_wrong_password_defers_the_mail_and_tells_the_operator() {
    let postfix = Postfix::start();
    let (store, id) = one_mail();
    let file = tempfile::NamedTempFile::new().expect("scratch file");
    std::fs::write(file.path(), "wrong\n").expect("written");
    let login = SmtpSettings {
        password: Some(Secret::File(file.path().to_owned())),
        ..with_login(&postfix, postfix.submission, Tls::StartTls)
    };
    let report = deliver(&store, login.clone()).await;
    assert!(matches!(report.trouble, Some(SmtpError::Login { .. })), "{:?}", report.trouble);
    assert!(matches!(last_end(&store, id), Attempt::Deferred(SmtpReply { code: 535, .. })));
    assert_eq!(store.row(id).state, OutboxState::Deferred, "a login is no mail's fault");
    assert!(store.row(id).next.is_some_and(|next| next >= now() + Duration::from_secs(300)), "not soon: it may lock");

    // The file is read anew at the next connection.
    std::fs::write(file.path(), format!("{PASSWORD}\n")).expect("written");
    assert!(postdesk::outbox::probe(&login).await.expect("logs in").authenticated);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_mail_and_no_password() {
    let postfix = Postfix::start();
    for (port, tls) in [(postfix.submission, Tls::StartTls), (postfix.smtps, Tls::Implicit)] {
        let (store, id) = one_mail();
        let report = deliver(&store, SmtpSettings { ca_file: None, ..with_login(&postfix, port, tls) }).await;
        let trouble = report.trouble.expect("told");
        assert!(matches!(trouble, SmtpError::Tls { .. }), "{trouble}");
        assert!(trouble.to_string().contains("outgoing.smtp.ca_file"), "{trouble}");
        assert!(matches!(last_end(&store, id), Attempt::Deferred(_)));
    }
    // The certificate is made out to localhost and 127.0.0.1, not to every name of this machine.
    let other = SmtpSettings { host: "127.0.0.2".into(), ..with_login(&postfix, postfix.smtps, Tls::Implicit) };
    assert!(postdesk::outbox::probe(&other).await.is_err());
    assert!(!postfix.log().contains("sasl_username"), "the password left\n{}", postfix.log());
}

#[tokio::test]
async fn a_server_that_wants_a_login_is_trouble_and_no_refusal_of_the_mail() {
    let postfix = Postfix::start();
    let (store, id) = one_mail();
    let login = with_login(&postfix, postfix.submission, Tls::StartTls);
    let report = deliver(&store, SmtpSettings { user: None, password: None, ..login }).await;
    assert_eq!(store.row(id).state, OutboxState::Deferred, "{:?} {:?}", report.trouble, last_end(&store, id));
    assert!(reply(&last_end(&store, id)).text.contains("set outgoing.smtp.user"), "{:?}", last_end(&store, id));
}

#[tokio::test]
async fn a_refused_and_a_deferred_recipient_hold_up_nobody() {
    let postfix = Postfix::start();
    let store = Arc::new(MemoryOutbox::default());
    let queue = |to: &str| store.queue(Template::NotifyNew, to, MAIL, now());
    let unknown = queue(UNKNOWN);
    let greylisted = queue(GREYLISTED);
    let good: Vec<i64> = (0..20).map(|i| queue(&format!("agent{i}@inbox.example"))).collect();
    let report = deliver(&store, SmtpSettings { connections: 1, ..settings(postfix.plain, Tls::None) }).await;
    assert_eq!((report.accepted, report.deferred, report.failed.len()), (20, 1, 1), "{:?}", report.trouble);
    assert_eq!(report.failed[0].id, unknown);
    assert!(good.iter().all(|&id| store.row(id).state == OutboxState::Sent));
    let Attempt::Rejected(refusal) = last_end(&store, unknown) else { panic!("{:?}", last_end(&store, unknown)) };
    assert_eq!((refusal.code, refusal.enhanced.as_deref()), (550, Some("5.1.1")));
    assert!(refusal.text.contains("No such user here"), "{refusal:?}");
    assert_eq!(store.row(unknown).next, None);
    let Attempt::Deferred(later) = last_end(&store, greylisted) else { panic!("{:?}", last_end(&store, greylisted)) };
    assert_eq!((later.code, later.enhanced.as_deref()), (450, Some("4.2.1")));
    assert!(store.row(greylisted).next.is_some_and(|next| next > now() && next < now() + Duration::from_secs(70)));
    assert_eq!(postfix.connections(), 1, "a refusal does not cost the connection");
    assert_eq!(postfix.await_delivered(20).len(), 20);
}

#[tokio::test]
async fn a_mail_larger_than_the_server_takes_is_refused_before_it_is_sent() {
    let postfix = Postfix::start();
    let store = Arc::new(MemoryOutbox::default());
    let large =
        [MAIL, b"0123456789012345678901234567890123456789012345678901234567890123456789\r\n".repeat(30_000).as_slice()]
            .concat();
    let id = store.queue(Template::Answer, "jan@inbox.example", &large, now());
    deliver(&store, settings(postfix.plain, Tls::None)).await;
    let Attempt::Rejected(refusal) = last_end(&store, id) else { panic!("{:?}", last_end(&store, id)) };
    assert!(refusal.text.contains("2000000"), "{refusal:?}");
}

/// One mail, to a sink that follows the script: how the try ended, and how often the dot was announced.
async fn against(script: Script) -> (Attempt, usize, Sink) {
    let sink = Sink::start(script).await;
    let (store, id) = one_mail();
    let began = Instant::now();
    deliver(&store, to_sink(&sink)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    let row = store.row(id);
    assert_eq!(row.ends.len(), 1, "one try, one end: {:?}", row.ends);
    (last_end(&store, id), row.noted, sink)
}

#[tokio::test]
async fn silence_at_any_phase_before_the_dot_defers_in_time() {
    for phase in ["", "EHLO", "MAIL", "RCPT", "DATA"] {
        let (end, noted, sink) = against(Script::on(phase, Say::Hang)).await;
        assert!(matches!(end, Attempt::Deferred(SmtpReply { code: 0, .. })), "at {phase:?}: {end:?}");
        assert!(reply(&end).text.contains("No answer"), "at {phase:?}: {end:?}");
        assert_eq!(noted, 0, "at {phase:?} no dot was announced");
        assert_eq!(sink.connections(), 1);
    }
}

#[tokio::test]
async fn a_close_at_any_phase_before_the_dot_defers() {
    for phase in ["", "EHLO", "MAIL", "RCPT", "DATA"] {
        let (end, noted, _) = against(Script::on(phase, Say::Close)).await;
        assert!(matches!(end, Attempt::Deferred(_)), "at {phase:?}: {end:?}");
        assert_eq!(noted, 0, "at {phase:?}");
    }
}

#[tokio::test]
async fn a_server_that_stops_reading_or_closes_within_the_body_defers_and_no_dot_is_announced() {
    for body in [Body::StopReading(1000), Body::CloseAfter(1000)] {
        let sink = Sink::start(Script { body, ..Script::default() }).await;
        let store = Arc::new(MemoryOutbox::default());
        // More than loopback's buffers hold.
        let large = [MAIL, &b"0123456789\r\n".repeat(800_000)].concat();
        let id = store.queue(Template::Answer, "jan@inbox.example", &large, now());
        deliver(&store, to_sink(&sink)).await;
        assert!(matches!(last_end(&store, id), Attempt::Deferred(_)), "{body:?}: {:?}", last_end(&store, id));
        assert_eq!(store.row(id).noted, 0, "{body:?}");
    }
}

#[tokio::test]
async fn a_slow_body_is_not_silence() {
    let sink =
        Sink::start(Script::on(".", Say::After(Duration::from_millis(300), Box::new(Say::line("250 2.0.0 Ok"))))).await;
    let (store, _) = one_mail();
    assert_eq!(deliver(&store, to_sink(&sink)).await.accepted, 1);
}

#[tokio::test]
async fn after_the_dot_silence_a_close_or_a_wrong_reply_is_ambiguous_and_the_dot_was_noted_before() {
    for say in [Say::Hang, Say::Close, Say::line("354 Go on"), Say::line("200 fine"), Say::line("hello"), Say::Endless]
    {
        let (end, noted, sink) = against(Script::on(".", say.clone())).await;
        assert!(matches!(end, Attempt::Ambiguous(_)), "{say:?}: {end:?}");
        assert_eq!(noted, 1, "{say:?}");
        assert_eq!(sink.taken().len(), 1);
    }
}

#[tokio::test]
async fn after_the_dot_a_refusal_is_a_refusal() {
    let (end, _, _) = against(Script::on(".", Say::line("452 4.3.1 Disk full"))).await;
    assert!(matches!(&end, Attempt::Deferred(r) if r.code == 452 && r.text == "Disk full"), "{end:?}");
    let (end, _, _) = against(Script::on(".", Say::line("554 5.7.1 Spam"))).await;
    assert!(matches!(&end, Attempt::Rejected(r) if r.code == 554), "{end:?}");
}

#[tokio::test]
async fn only_a_persons_words_go_again_when_they_may_have_arrived_and_then_unchanged() {
    let sink = Sink::start(Script::on(".", Say::Close)).await;
    let store = Arc::new(MemoryOutbox::default());
    let answer = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    let acknowledgement = store.queue(Template::Acknowledgement, "eva@inbox.example", MAIL, now());
    let report = deliver(&store, to_sink(&sink)).await;
    assert!(store.row(answer).next.is_some_and(|next| next <= now() + Duration::from_secs(70)));
    assert_eq!(store.row(acknowledgement).state, OutboxState::Failed);
    assert_eq!(report.failed.iter().map(|f| f.id).collect::<Vec<_>>(), [acknowledgement]);

    sink.follow(Script::default());
    let later: Clock = Arc::new(|| now() + Duration::from_secs(120));
    let courier = Courier::new(store.clone(), OutgoingSettings::Smtp(Box::new(to_sink(&sink))), later);
    courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    assert_eq!(store.row(answer).state, OutboxState::Sent);
    let taken: Vec<_> = sink.taken().into_iter().filter(|t| t.rcpt[0].contains("jan@")).collect();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].bytes, taken[1].bytes);
    assert_eq!(taken[0].bytes, MAIL);
}

#[tokio::test]
async fn after_a_crash_behind_the_dot_only_a_persons_words_go_again() {
    let sink = Sink::start(Script::default()).await;
    let store = Arc::new(MemoryOutbox::default());
    let answer = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    let notice = store.queue(Template::NotifyNew, "jana@inbox.example", MAIL, now());
    store.leave_in_data(answer);
    store.leave_in_data(notice);
    let report = deliver(&store, to_sink(&sink)).await;
    assert_eq!(store.row(answer).state, OutboxState::Sent);
    assert!(matches!(last_end(&store, notice), Attempt::Ambiguous(_)));
    assert_eq!(report.failed.len(), 1, "a person is told");
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn replies_without_end_are_cut_off() {
    for say in [Say::Endless, Say::EndlessLine] {
        for phase in ["", "EHLO", "MAIL", "RCPT", "DATA"] {
            let (end, _, _) = against(Script::on(phase, say.clone())).await;
            assert!(matches!(end, Attempt::Deferred(_)), "{say:?} at {phase:?}: {end:?}");
        }
    }
}

/// lettre's own pool settled a mail by the reply to another; here what is said unasked ends the dialogue.
#[tokio::test]
async fn a_reply_too_many_settles_no_mail() {
    let two = Say::Raw(b"250 2.1.5 Ok\r\n250 2.0.0 Ok: queued\r\n".to_vec());
    let (end, noted, _) = against(Script::on("RCPT", two)).await;
    assert!(matches!(&end, Attempt::Deferred(r) if r.text.contains("out of turn")), "{end:?}");
    assert_eq!(noted, 0);

    // 354 and at once a refusal: the body is not sent.
    let (end, noted, _) = against(Script::on("DATA", Say::Raw(b"354 Go\r\n452 4.3.1 No\r\n".to_vec()))).await;
    assert!(matches!(&end, Attempt::Deferred(r) if r.text.contains("452")), "{end:?}");
    assert_eq!(noted, 0);

    // 250 where 354 belongs.
    let (end, noted, _) = against(Script::on("DATA", Say::line("250 Ok"))).await;
    assert!(matches!(&end, Attempt::Deferred(r) if r.code == 250), "{end:?}");
    assert_eq!(noted, 0);
}

#[tokio::test]
async fn a_late_reply_too_many_after_the_dot_belongs_to_no_later_mail() {
    let sink = Sink::start(Script::on(".", Say::Raw(b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n".to_vec()))).await;
    let store = Arc::new(MemoryOutbox::default());
    for i in 0..3 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let report = deliver(&store, SmtpSettings { connections: 1, ..to_sink(&sink) }).await;
    assert_eq!(report.accepted, 3);
    assert_eq!(sink.taken().len(), 3, "each arrived once");
    assert_eq!(sink.connections(), 3, "a session that spoke out of turn takes no second mail");
}

#[tokio::test]
async fn replies_that_are_ill_written_still_count() {
    for (text, code) in [(&b"550 U\xe9ivate\xe8 neexistuje\r\n"[..], 550), (b"550\r\n", 550), (b"550 no\n", 550)] {
        let (end, _, _) = against(Script::on("RCPT", Say::Raw(text.to_vec()))).await;
        assert!(matches!(&end, Attempt::Rejected(r) if r.code == code), "{text:?}: {end:?}");
    }
    let many = b"550-5.1.1 First\r\n550-5.1.1 second\r\n550 5.1.1 third\r\n".to_vec();
    let (end, _, _) = against(Script::on("RCPT", Say::Raw(many))).await;
    assert_eq!(reply(&end).text, "First second third");
}

#[tokio::test]
async fn eight_bit_bytes_leave_only_where_they_are_taken() {
    let eight = "Subject: x\r\n\r\nŽiadosť\r\n".as_bytes();
    let bare = Script { extensions: vec!["SIZE"], ..Script::default() };
    for (script, sent) in [(Script::default(), true), (bare, false)] {
        let sink = Sink::start(script).await;
        let store = Arc::new(MemoryOutbox::default());
        let id = store.queue(Template::Answer, "jan@inbox.example", eight, now());
        let plain = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
        deliver(&store, to_sink(&sink)).await;
        assert_eq!(store.row(id).state == OutboxState::Sent, sent);
        assert_eq!(store.row(plain).state, OutboxState::Sent);
        let mails: Vec<String> = sink.taken().into_iter().map(|t| t.mail).collect();
        assert_eq!(mails.iter().any(|m| m.contains("BODY=8BITMIME")), sent, "{mails:?}");
        assert!(mails.iter().all(|m| m.contains("SIZE=")), "{mails:?}");
    }
}

#[tokio::test]
async fn bytes_that_servers_read_in_two_ways_never_leave() {
    let sink = Sink::start(Script::default()).await;
    let store = Arc::new(MemoryOutbox::default());
    let bad: [&[u8]; 5] =
        [b"A: b\r\n\r\nx\n.\nMAIL FROM:<e@x.example>\r\n", b"A: b\r\n\r\nx\ry\r\n", b"a\0b\r\n", b"", b"a\r"];
    let ids: Vec<i64> =
        bad.iter().map(|bytes| store.queue(Template::Answer, "jan@inbox.example", bytes, now())).collect();
    deliver(&store, to_sink(&sink)).await;
    for id in ids {
        assert!(matches!(last_end(&store, id), Attempt::Rejected(SmtpReply { code: 0, .. })));
    }
    assert!(sink.taken().is_empty());
}

#[tokio::test]
async fn a_dead_server_is_tried_once_and_nothing_waits_for_it() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("bound").port()
    };
    let store = Arc::new(MemoryOutbox::default());
    for i in 0..100 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let began = Instant::now();
    let report = deliver(&store, settings(port, Tls::None)).await;
    assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
    assert!(matches!(report.trouble, Some(SmtpError::Connect { .. })), "{:?}", report.trouble);
    assert!(report.failed.is_empty());
    for row in store.rows() {
        assert!(row.entry.attempts <= 1);
        assert!(row.next.is_some_and(|next| next <= now() + Duration::from_secs(60)), "{:?}", row.next);
    }
    assert_eq!(store.rows().iter().filter(|row| row.state == OutboxState::Deferred).count(), report.deferred);
}

#[tokio::test]
async fn a_server_that_turns_us_away_sees_one_connection_and_not_one_a_mail() {
    for script in [
        Script::on("", Say::line("554 5.7.1 Not you")),
        Script::on("EHLO", Say::line("550 Bad name")),
        Script::on("MAIL", Say::line("421 4.3.2 Closing")),
        Script::on("MAIL", Say::line("530 5.7.0 Authentication required")),
    ] {
        let sink = Sink::start(script).await;
        let store = Arc::new(MemoryOutbox::default());
        for i in 0..50 {
            store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
        }
        let report = deliver(&store, to_sink(&sink)).await;
        assert!(report.trouble.is_some());
        assert!(report.failed.is_empty(), "nobody's mail is given up for it: {:?}", report.failed);
        assert!(sink.connections() <= 4, "{} connections", sink.connections());
        assert_eq!(store.rows().iter().map(|row| row.entry.attempts).max(), Some(1));
    }
}

#[tokio::test]
async fn a_session_that_takes_few_mails_is_replaced_and_no_try_is_lost() {
    let sink = Sink::start(Script { mails_per_connection: 3, ..Script::default() }).await;
    let store = Arc::new(MemoryOutbox::default());
    for i in 0..20 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let report = deliver(&store, SmtpSettings { connections: 2, ..to_sink(&sink) }).await;
    assert_eq!(report.accepted, 20, "{:?}", report.trouble);
    assert_eq!(sink.taken().len(), 20);
    assert!(sink.most_open() <= 2, "{} at once", sink.most_open());
}

#[tokio::test]
async fn what_is_said_in_the_clear_behind_starttls_is_not_believed() {
    let injected = Say::Raw(b"220 Go\r\n250 injected\r\n".to_vec());
    let sink = Sink::start(Script { extensions: vec!["STARTTLS"], ..Script::on("STARTTLS", injected) }).await;
    let trouble = postdesk::outbox::probe(&SmtpSettings { tls: Tls::StartTls, ..to_sink(&sink) }).await;
    assert!(matches!(trouble, Err(SmtpError::Broken { when: "at STARTTLS", .. })), "{trouble:?}");

    let sink = Sink::start(Script::default()).await;
    let trouble = postdesk::outbox::probe(&SmtpSettings { tls: Tls::StartTls, ..to_sink(&sink) }).await;
    assert!(matches!(trouble, Err(SmtpError::NoStartTls { .. })), "{trouble:?}");
    assert!(!sink.commands().iter().any(|(_, line)| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn nothing_goes_in_the_clear_beyond_this_machine() {
    // TEST-NET-1 (RFC 5737): nothing is there, and nothing is asked.
    let clear = SmtpSettings { host: "192.0.2.1".into(), ..settings(25, Tls::None) };
    let trouble = postdesk::outbox::probe(&clear).await;
    assert!(matches!(trouble, Err(SmtpError::Plaintext { .. })), "{trouble:?}");
}

#[tokio::test]
async fn the_dot_does_not_leave_when_the_store_cannot_note_it() {
    let sink = Sink::start(Script::default()).await;
    let (store, id) = one_mail();
    store.refuse_in_data.store(1, SeqCst);
    deliver(&store, to_sink(&sink)).await;
    assert!(matches!(last_end(&store, id), Attempt::Deferred(_)));
    assert!(sink.taken().is_empty(), "the server has no whole mail");
}

#[tokio::test]
async fn what_the_server_took_is_written_down_as_soon_as_the_database_lets_us() {
    let sink = Sink::start(Script::default()).await;
    let (store, id) = one_mail();
    store.refuse_settle.store(3, SeqCst);
    deliver(&store, to_sink(&sink)).await;
    assert_eq!(store.row(id).state, OutboxState::Sent);

    // Beyond its patience it is owed, and paid before anything else is sent.
    let id = store.queue(Template::Answer, "eva@inbox.example", MAIL, now());
    let pace = Pace { grace: Duration::from_millis(50), ..Pace::default() };
    let courier = courier(&store, to_sink(&sink)).with_pace(pace);
    store.refuse_settle.store(usize::MAX, SeqCst);
    assert!(courier.deliver_due(&CancellationToken::new()).await.is_err());
    assert_eq!(store.row(id).state, OutboxState::InData);
    store.refuse_settle.store(0, SeqCst);
    courier.deliver_due(&CancellationToken::new()).await.expect("the store works again");
    assert_eq!(store.row(id).state, OutboxState::Sent);
    assert_eq!(sink.taken().len(), 2, "nothing was sent twice");
}

#[tokio::test]
async fn a_stop_lets_the_mail_in_flight_land_and_gives_the_others_back() {
    let slow = Say::After(Duration::from_millis(300), Box::new(Say::line("250 2.0.0 Ok")));
    let sink = Sink::start(Script::on(".", slow)).await;
    let store = Arc::new(MemoryOutbox::default());
    for i in 0..10 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let settings = SmtpSettings { connections: 1, ..to_sink(&sink) };
    let courier = courier(&store, settings);
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stopper.cancel();
    });
    let report = courier.deliver_due(&stop).await.expect("the store works");
    assert_eq!((report.accepted, report.deferred), (1, 9));
    assert!(store.rows().iter().all(|row| row.lease.is_none()), "nothing is left claimed");
    assert!(store.rows().iter().skip(1).all(|row| row.next == Some(now())), "they go again at once");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    for (phase, ambiguous) in [("RCPT", false), (".", true)] {
        let sink = Sink::start(Script::on(phase, Say::Hang)).await;
        let (store, id) = one_mail();
        let settings = SmtpSettings { limits: Limits::default(), ..to_sink(&sink) };
        let pace = Pace { grace: Duration::from_millis(200), ..Pace::default() };
        let courier = courier(&store, settings).with_pace(pace);
        let stop = CancellationToken::new();
        let stopper = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            stopper.cancel();
        });
        let began = Instant::now();
        courier.deliver_due(&stop).await.expect("the store works");
        assert!(began.elapsed() < Duration::from_secs(3), "at {phase:?} it took {:?}", began.elapsed());
        assert_eq!(matches!(last_end(&store, id), Attempt::Ambiguous(_)), ambiguous, "at {phase:?}");
        assert!(store.row(id).next.is_some());
    }
}

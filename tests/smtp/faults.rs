//! A server that falls silent, hangs up, says too much or the wrong thing, at each phase.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postdesk::model::outgoing::{Attempt, OutboxState, SmtpReply, Template};
use postdesk::outbox::{Clock, Courier, OutgoingSettings, Secret, SmtpError, SmtpSettings, Tls};
use postdesk::store::Store;
use tokio_util::sync::CancellationToken;

use crate::support::outbox_store::OutboxStore;
use crate::support::smtp_sink::{Body, Say, Script, Sink};
use crate::{MAIL, deliver, last_end, now, one_mail, reply, settings, stop_after, to_sink};

/// One mail, to a sink that follows the script, and to one that follows it and takes commands together: how the try ended,
/// which is the same (in the desk's own words the place may be another), and how often the dot was announced.
async fn against(script: Script) -> (Attempt, usize, Sink) {
    let (one_by_one, noted, sink) = once_against(script.clone()).await;
    let (together, noted_too, other) = once_against(pipelining(script)).await;
    if reply(&one_by_one).code > 0 {
        assert_eq!(one_by_one, together);
    }
    assert_eq!(std::mem::discriminant(&one_by_one), std::mem::discriminant(&together), "{one_by_one:?}, {together:?}");
    let bodies = |sink: &Sink| sink.taken().into_iter().map(|mail| (mail.rcpt, mail.bytes)).collect::<Vec<_>>();
    assert_eq!((bodies(&sink), sink.connections()), (bodies(&other), other.connections()));
    assert_eq!(noted, noted_too, "{one_by_one:?}, {together:?}");
    (one_by_one, noted, sink)
}

fn pipelining(script: Script) -> Script {
    Script { extensions: [script.extensions, vec!["PIPELINING"]].concat(), ..script }
}

async fn once_against(script: Script) -> (Attempt, usize, Sink) {
    let sink = Sink::start(script).await;
    let (store, id) = one_mail();
    let began = Instant::now();
    deliver(&store, to_sink(&sink)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    let row = store.row(id);
    assert_eq!(row.ends.len(), 1, "one try, one end: {:?}", row.ends);
    (last_end(&store, id), row.noted, sink)
}

/// More than loopback's buffers hold.
fn large() -> Vec<u8> {
    [MAIL, &b"0123456789\r\n".repeat(800_000)].concat()
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
        let store = Arc::new(OutboxStore::default());
        let id = store.queue(Template::Answer, "jan@inbox.example", &large(), now());
        deliver(&store, to_sink(&sink)).await;
        assert!(matches!(last_end(&store, id), Attempt::Deferred(_)), "{body:?}: {:?}", last_end(&store, id));
        assert_eq!(store.row(id).noted, 0, "{body:?}");
    }
}

#[tokio::test]
async fn a_slow_body_is_not_silence() {
    let sink = Sink::start(Script { body: Body::Sip(Duration::from_millis(15)), ..Script::default() }).await;
    let store = Arc::new(OutboxStore::default());
    let id = store.queue(Template::Answer, "jan@inbox.example", &large(), now());
    let began = Instant::now();
    // The network's buffers still hold megabytes when the dot has left: the last wait is for them too.
    let mut settings = to_sink(&sink);
    settings.limits.final_dot = Duration::from_secs(20);
    // Long enough that a busy machine is not taken for a silent server.
    settings.limits.block = Duration::from_millis(1200);
    let twice = settings.limits.block * 2;
    deliver(&store, settings).await;
    assert!(began.elapsed() > twice, "twice the limit of a block, in all: {:?}", began.elapsed());
    assert_eq!(store.row(id).state, OutboxState::Sent, "{:?}", last_end(&store, id));
    assert_eq!(sink.taken()[0].bytes, large());
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_the_body_ends_it() {
    let body = Body::SpeakAfter(1000, "552 5.3.4 Too much");
    let sink = Sink::start(Script { body, ..Script::default() }).await;
    let store = Arc::new(OutboxStore::default());
    let id = store.queue(Template::Answer, "jan@inbox.example", &large(), now());
    deliver(&store, to_sink(&sink)).await;
    assert!(reply(&last_end(&store, id)).text.contains("552 5.3.4 Too much"), "{:?}", last_end(&store, id));
    assert!(matches!(last_end(&store, id), Attempt::Deferred(_)));
    assert_eq!(store.row(id).noted, 0);
    assert!(sink.taken().is_empty());
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
async fn an_answer_that_may_have_arrived_goes_again_unchanged_and_an_acknowledgement_does_not() {
    let sink = Sink::start(Script::on(".", Say::Close)).await;
    let store = Arc::new(OutboxStore::default());
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
async fn after_a_crash_behind_the_dot_all_but_acknowledgements_go_again() {
    let sink = Sink::start(Script::default()).await;
    let store = Arc::new(OutboxStore::default());
    let answer = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    let notice = store.queue(Template::NotifyNew, "jana@inbox.example", MAIL, now());
    let acknowledgement = store.queue(Template::Acknowledgement, "eva@inbox.example", MAIL, now());
    store.crash_in_data(now());
    deliver(&store, to_sink(&sink)).await;
    assert_eq!(store.row(answer).state, OutboxState::Sent);
    assert_eq!(store.row(notice).state, OutboxState::Sent);
    assert_eq!(store.row(acknowledgement).state, OutboxState::Failed);
    assert_eq!(sink.taken().len(), 2);

    // Unless a person says so.
    store.outbox_retry(Some(acknowledgement), now()).expect("ordered");
    deliver(&store, to_sink(&sink)).await;
    assert_eq!(store.row(acknowledgement).state, OutboxState::Sent);
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
    let store = Arc::new(OutboxStore::default());
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
        let store = Arc::new(OutboxStore::default());
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
    let store = Arc::new(OutboxStore::default());
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
async fn a_server_that_knows_only_auth_login_is_logged_in_to_by_that() {
    // "Username:", "Password:", and what is answered, in base64.
    let script = Script { extensions: vec!["AUTH LOGIN"], ..Script::on("AUTH LOGIN", Say::line("334 VXNlcm5hbWU6")) }
        .and("ZGVzaw==", Say::line("334 UGFzc3dvcmQ6"))
        .and("czNjcmV0", Say::line("235 2.7.0 Welcome"));
    let sink = Sink::start(script).await;
    let login = SmtpSettings {
        user: Some("desk".to_owned()),
        password: Some(Secret::Text("s3cret".to_owned())),
        ..to_sink(&sink)
    };
    assert!(postdesk::outbox::probe(&login).await.expect("logs in").authenticated);

    let sink = Sink::start(Script::default()).await;
    let trouble =
        postdesk::outbox::probe(&SmtpSettings { host: "127.0.0.1".into(), port: sink.address.port(), ..login }).await;
    assert!(matches!(trouble, Err(SmtpError::NoLogin { .. })), "{trouble:?}");
    assert!(sink.commands().iter().all(|(_, line)| line.starts_with("EHLO")), "{:?}", sink.commands());
}

#[tokio::test]
async fn nothing_goes_in_the_clear_beyond_this_machine() {
    // TEST-NET-1 (RFC 5737): nothing is there, and nothing is asked.
    let clear = SmtpSettings { host: "192.0.2.1".into(), ..settings(25, Tls::None) };
    let trouble = postdesk::outbox::probe(&clear).await;
    assert!(matches!(trouble, Err(SmtpError::Plaintext { .. })), "{trouble:?}");
}

#[tokio::test]
async fn commands_go_together_where_the_server_lets_them_and_one_by_one_where_it_does_not() {
    for (script, together) in [(Script::default(), false), (pipelining(Script::default()), true)] {
        let sink = Sink::start(script).await;
        let store = Arc::new(OutboxStore::default());
        for i in 0..3 {
            store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
        }
        deliver(&store, SmtpSettings { connections: 1, ..to_sink(&sink) }).await;
        let taken = sink.taken();
        assert_eq!(taken.len(), 3);
        assert!(taken.iter().all(|mail| mail.bytes == MAIL && mail.rcpt.len() == 1), "{taken:?}");
        assert_eq!(sink.connections(), 1);
        let burst = sink.most_commands_at_once();
        assert_eq!(burst, if together { 3 } else { 1 });
    }
}

/// MAIL, RCPT and DATA are on their way when one is refused: the next mail finds the session clean, or another one.
#[tokio::test]
async fn what_is_refused_within_a_group_settles_no_other_mail() {
    let no = |command| pipelining(Script::on(command, Say::line("550 5.7.1 No")));
    for (script, connections) in [
        (no("MAIL FROM:<>"), 1),
        (no("RCPT TO:<first@"), 1),
        // A server that wants a body all the same gets no dot: the session is given up.
        (Script { wants_any_body: true, ..no("MAIL FROM:<>") }, 2),
        (Script { wants_any_body: true, ..no("RCPT TO:<first@") }, 2),
    ] {
        let what = format!("{:?}, {}", script.rules, script.wants_any_body);
        let sink = Sink::start(script).await;
        let store = Arc::new(OutboxStore::default());
        // Of these only the first leaves with the null path.
        let first = store.queue(Template::Acknowledgement, "first@inbox.example", MAIL, now());
        let second = store.queue(Template::Answer, "second@inbox.example", MAIL, now());
        deliver(&store, SmtpSettings { connections: 1, ..to_sink(&sink) }).await;
        let end = last_end(&store, first);
        assert!(matches!(&end, Attempt::Rejected(reply) if reply.code == 550), "{what}: {end:?}");
        assert_eq!(store.row(first).noted, 0, "{what}: no dot was announced");
        assert_eq!(store.row(second).state, OutboxState::Sent, "{what}");
        let taken = sink.taken();
        assert_eq!(taken.len(), 1, "{what}");
        assert!(taken[0].rcpt[0].contains("second@") && taken[0].bytes == MAIL, "{what}: {taken:?}");
        assert_eq!(sink.connections(), connections, "{what}");
    }
}

/// Replies in the middle of a group: each is put down to its own command, whichever way the commands went.
#[tokio::test]
async fn every_refusal_within_a_group_is_told_in_the_servers_words() {
    for (command, says) in [
        ("MAIL", "451 4.3.0 Not now"),
        ("RCPT", "421 4.4.5 Too busy"),
        ("RCPT", "450 4.2.0 Greylisted"),
        ("RCPT", "552 5.2.2 Full"),
        ("DATA", "421 4.3.2 Shutting down"),
        ("DATA", "451 4.3.5 Later"),
        ("DATA", "554 5.5.1 No"),
    ] {
        let (end, noted, _) = against(Script::on(command, Say::line(says))).await;
        let told = reply(&end);
        let whole = format!("{} {} {}", told.code, told.enhanced.as_deref().unwrap_or_default(), told.text);
        assert_eq!((whole.as_str(), noted), (says, 0), "at {command}: {end:?}");
    }
    let both = Script::on("RCPT", Say::line("550 5.1.1 Nobody")).and("DATA", Say::line("421 4.3.2 Bye"));
    let (end, _, _) = against(both).await;
    assert!(matches!(&end, Attempt::Rejected(r) if r.code == 550 && r.text == "Nobody"), "{end:?}");
}

/// A server or a proxy that announces PIPELINING and throws away what came with MAIL.
#[tokio::test]
async fn a_server_that_loses_commands_gets_them_one_by_one() {
    let sink = Sink::start(Script { loses_groups: true, ..pipelining(Script::default()) }).await;
    let (store, id) = one_mail();
    let began = Instant::now();
    let clock: Clock = Arc::new(move || now() + began.elapsed() * 10_000);
    let courier = Courier::new(store.clone(), OutgoingSettings::Smtp(Box::new(to_sink(&sink))), clock);
    for expected in [OutboxState::Deferred, OutboxState::Deferred, OutboxState::Sent] {
        courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
        assert_eq!(store.row(id).state, expected, "{:?}", last_end(&store, id));
        tokio::time::sleep(Duration::from_millis(200)).await; // more than half an hour by its clock
    }
    assert_eq!(sink.taken().len(), 1);
    let next = store.queue(Template::Answer, "eva@inbox.example", MAIL, now());
    courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    assert_eq!(store.row(next).state, OutboxState::Sent, "it is remembered");
}

/// What a refused transaction leaves owed is not waited for: a new session costs less.
#[tokio::test]
async fn a_refusal_is_written_down_at_once_although_the_server_owes_a_reply() {
    let sink = Sink::start(pipelining(Script::on("RCPT", Say::line("550 5.1.1 Nobody")).and("DATA", Say::Hang))).await;
    let (store, id) = one_mail();
    let settings = SmtpSettings { limits: postdesk::outbox::Limits::default(), ..to_sink(&sink) };
    let pace = postdesk::outbox::Pace { grace: Duration::from_millis(200), ..Default::default() };
    let courier = crate::courier(&store, settings).with_pace(pace);
    let stop = stop_after(Duration::from_millis(300));
    let began = Instant::now();
    courier.deliver_due(&stop).await.expect("the store works");
    assert!(began.elapsed() < Duration::from_secs(3), "it took {:?}", began.elapsed());
    assert!(
        matches!(last_end(&store, id), Attempt::Rejected(SmtpReply { code: 550, .. })),
        "{:?}",
        last_end(&store, id)
    );
}

/// A line in KOI8-R within the length that RFC 5321 allows grows as it is read, past what the library takes.
#[tokio::test]
async fn a_long_reply_that_is_no_utf_8_is_a_reply() {
    let said = |code: &str| Say::Raw([code.as_bytes(), b" ", &[0xe9; 500], b"\r\n"].concat());
    let (end, _, _) = against(Script::on("RCPT", said("550"))).await;
    assert!(matches!(end, Attempt::Rejected(SmtpReply { code: 550, .. })), "{end:?}");
    let (end, _, _) = against(Script::on(".", said("250"))).await;
    assert!(matches!(end, Attempt::Accepted(SmtpReply { code: 250, .. })), "{end:?}");
}

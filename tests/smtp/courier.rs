//! The courier: dead servers, the database's refusals, the end of the desk, the daemon's loop, and the Maildir.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postdesk::model::outgoing::{Attempt, OutboxState, Template};
use postdesk::outbox::{Clock, Courier, Limits, Notice, OutgoingSettings, Pace, SmtpError, SmtpSettings, Tls};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::support::outbox_store::OutboxStore;
use crate::support::smtp_sink::{Say, Script, Sink};
use crate::{MAIL, courier, deliver, last_end, now, one_mail, settings, stop_after, to_sink};

#[tokio::test]
async fn a_dead_server_is_tried_once_and_nothing_waits_for_it() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("bound").port()
    };
    let store = Arc::new(OutboxStore::default());
    for i in 0..100 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let began = Instant::now();
    let report = deliver(&store, settings(port, Tls::None)).await;
    assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
    assert!(matches!(report.trouble, Some(SmtpError::Connect { .. })), "{:?}", report.trouble);
    assert!(report.failed.is_empty());
    for row in store.rows() {
        assert!(row.attempts <= 1);
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
        let store = Arc::new(OutboxStore::default());
        for i in 0..50 {
            store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
        }
        let report = deliver(&store, to_sink(&sink)).await;
        assert!(report.trouble.is_some());
        assert!(report.failed.is_empty(), "nobody's mail is given up for it: {:?}", report.failed);
        assert!(sink.connections() <= 4, "{} connections", sink.connections());
        assert_eq!(store.rows().iter().map(|row| row.attempts).max(), Some(1));
    }
}

#[tokio::test]
async fn a_session_that_takes_few_mails_is_replaced_and_no_try_is_lost() {
    let sink = Sink::start(Script { mails_per_connection: 3, ..Script::default() }).await;
    let store = Arc::new(OutboxStore::default());
    for i in 0..20 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let report = deliver(&store, SmtpSettings { connections: 2, ..to_sink(&sink) }).await;
    assert_eq!(report.accepted, 20, "{:?}", report.trouble);
    assert_eq!(sink.taken().len(), 20);
    assert!(sink.most_open() <= 2, "{} at once", sink.most_open());
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
    let store = Arc::new(OutboxStore::default());
    for i in 0..10 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let settings = SmtpSettings { connections: 1, ..to_sink(&sink) };
    let courier = courier(&store, settings);
    let stop = stop_after(Duration::from_millis(150));
    let report = courier.deliver_due(&stop).await.expect("the store works");
    assert_eq!((report.accepted, report.deferred), (1, 9));
    assert!(store.rows().iter().all(|row| !row.is_claimed()), "nothing is left claimed");
    assert!(store.rows().iter().skip(1).all(|row| row.next == Some(now())), "they go again at once");
}

/// A database that takes its time, and a clock by which every lease ends meanwhile.
#[tokio::test]
async fn what_is_being_written_down_does_not_go_again_although_its_lease_ended() {
    let sink = Sink::start(Script::default()).await;
    let store = Arc::new(OutboxStore::default());
    store.slow_settle.store(150, std::sync::atomic::Ordering::SeqCst);
    for i in 0..12 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let began = Instant::now();
    let clock: Clock = Arc::new(move || now() + began.elapsed() * 20_000);
    let settings = SmtpSettings { connections: 2, ..to_sink(&sink) };
    let pace = Pace { batch: 3, ..Pace::default() };
    let courier = Courier::new(store.clone(), OutgoingSettings::Smtp(Box::new(settings)), clock).with_pace(pace);
    let report = courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    assert_eq!((report.accepted, sink.taken().len()), (12, 12));
    assert!(store.rows().iter().all(|row| row.ends.len() == 1 && row.noted == 1), "{:?}", store.rows());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    for (phase, ambiguous) in [("RCPT", false), (".", true)] {
        let sink = Sink::start(Script::on(phase, Say::Hang)).await;
        let (store, id) = one_mail();
        let settings = SmtpSettings { limits: Limits::default(), ..to_sink(&sink) };
        let pace = Pace { grace: Duration::from_millis(200), ..Pace::default() };
        let courier = courier(&store, settings).with_pace(pace);
        let stop = stop_after(Duration::from_millis(200));
        let began = Instant::now();
        courier.deliver_due(&stop).await.expect("the store works");
        assert!(began.elapsed() < Duration::from_secs(3), "at {phase:?} it took {:?}", began.elapsed());
        assert_eq!(matches!(last_end(&store, id), Attempt::Ambiguous(_)), ambiguous, "at {phase:?}");
        assert!(store.row(id).next.is_some());
    }
}

/// Waits until it holds, for at most five seconds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A courier that runs as in the daemon, on a clock that goes on.
struct Running {
    wake: Arc<Notify>,
    stop: CancellationToken,
    notices: Arc<Mutex<Vec<Notice>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(store: &Arc<OutboxStore>, settings: SmtpSettings) -> Running {
        let began = Instant::now();
        let clock: Clock = Arc::new(move || now() + began.elapsed());
        let courier = Courier::new(store.clone(), OutgoingSettings::Smtp(Box::new(settings)), clock);
        let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let notices = Arc::new(Mutex::new(Vec::new()));
        let (woken, stopped, noted) = (wake.clone(), stop.clone(), notices.clone());
        let task = tokio::spawn(async move {
            courier.run(woken, stopped, |notice| noted.lock().expect("not poisoned").push(notice)).await;
        });
        Running { wake, stop, notices, task }
    }

    fn notices(&self) -> Vec<Notice> {
        self.notices.lock().expect("not poisoned").clone()
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.task).await.expect("stops").expect("no panic");
    }
}

fn all_sent(store: &OutboxStore) -> bool {
    store.rows().iter().all(|row| row.state == OutboxState::Sent)
}

#[tokio::test]
async fn the_daemon_sends_what_is_queued_on_one_connection_and_closes_it_when_idle() {
    let sink = Sink::start(Script::default()).await;
    let store = Arc::new(OutboxStore::default());
    let mut settings = to_sink(&sink);
    settings.limits.idle = Duration::from_millis(600);
    let running = Running::start(&store, settings);
    for i in 0..3 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
        let queued = Instant::now();
        running.wake.notify_one();
        until("sent when woken", || all_sent(&store)).await;
        assert!(queued.elapsed() < Duration::from_millis(400), "it took {:?}", queued.elapsed());
    }
    assert_eq!(sink.connections(), 1, "a connection is kept while there is work");
    until("closed when idle", || sink.open() == 0).await;
    assert!(sink.commands().iter().any(|(_, line)| line == "QUIT"));
    running.end().await;
}

/// `ingest` by an MTA's pipe and `ticket reply` queue in processes of their own, which cannot wake the daemon.
#[tokio::test]
async fn the_daemon_sends_what_another_process_queued_without_being_told() {
    let sink = Sink::start(Script::default()).await;
    let store = Arc::new(OutboxStore::default());
    let running = Running::start(&store, to_sink(&sink));
    tokio::time::sleep(Duration::from_millis(300)).await; // it has found nothing to do and rests
    store.queue(Template::Answer, "c@inbox.example", MAIL, now());
    let queued = Instant::now();
    until("sent without a word", || all_sent(&store)).await;
    assert!(queued.elapsed() < Duration::from_secs(5), "it took {:?}", queued.elapsed());
    running.end().await;
}

#[tokio::test]
async fn a_mail_that_hangs_holds_up_no_mail_that_comes_later() {
    let sink = Sink::start(Script::on("RCPT TO:<slow@", Say::Hang)).await;
    let store = Arc::new(OutboxStore::default());
    let slow = store.queue(Template::Answer, "slow@inbox.example", MAIL, now());
    let running = Running::start(&store, SmtpSettings { limits: Limits::default(), ..to_sink(&sink) });
    until("begun", || sink.commands().iter().any(|(_, line)| line.contains("slow@"))).await;
    let next = store.queue(Template::Answer, "next@inbox.example", MAIL, now());
    running.wake.notify_one();
    until("sent beside it", || store.row(next).state == OutboxState::Sent).await;
    assert_eq!(store.row(slow).state, OutboxState::Claimed);
    running.stop.cancel();
    running.task.abort();
}

#[tokio::test]
async fn the_daemon_tries_a_dead_server_once_a_wait_and_goes_on_when_it_is_back() {
    let sink = Sink::start(Script::on("", Say::line("421 4.3.2 Not now"))).await;
    let store = Arc::new(OutboxStore::default());
    for i in 0..60 {
        store.queue(Template::Answer, &format!("c{i}@inbox.example"), MAIL, now());
    }
    let mut settings = to_sink(&sink);
    settings.limits.closed = Duration::from_millis(300);
    let running = Running::start(&store, settings);
    until("the first attempt", || sink.connections() == 1).await;
    // New mail does not bring the server back.
    for _ in 0..10 {
        running.wake.notify_one();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(sink.connections(), 1);
    until("the second attempt", || sink.connections() == 2).await;
    sink.follow(Script::default());
    until("all sent", || all_sent(&store)).await;
    assert_eq!(sink.taken().len(), 60);
    let notices = running.notices();
    assert!(matches!(notices[..], [Notice::Trouble(SmtpError::Unwelcome { .. }), Notice::Recovered]), "{notices:?}");
    running.end().await;
}

#[tokio::test]
async fn the_daemon_tells_of_each_mail_that_will_not_go_again() {
    let sink = Sink::start(Script::on("RCPT TO:<gone@", Say::line("550 5.1.1 Gone"))).await;
    let store = Arc::new(OutboxStore::default());
    let gone = store.queue(Template::Answer, "gone@inbox.example", MAIL, now());
    let running = Running::start(&store, to_sink(&sink));
    until("told", || !running.notices().is_empty()).await;
    let notices = running.notices();
    let [Notice::Failed(failure)] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(failure.id, gone);
    assert!(matches!(&failure.attempt, Attempt::Rejected(reply) if reply.text == "Gone"));
    running.end().await;
}

#[tokio::test]
async fn a_mail_is_given_up_when_its_time_is_over_also_behind_a_dead_server() {
    for script in [Script::on("RCPT", Say::line("450 Later")), Script::on("", Say::line("554 No"))] {
        let sink = Sink::start(script).await;
        let store = Arc::new(OutboxStore::default());
        let answer = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
        let receipt = store.queue(Template::Acknowledgement, "jan@inbox.example", MAIL, now());
        let days = Arc::new(AtomicI64::new(2));
        let clock: Clock = {
            let days = days.clone();
            Arc::new(move || now() + Duration::from_secs(86_400) * u32::try_from(days.load(SeqCst)).expect("few"))
        };
        let outgoing = || OutgoingSettings::Smtp(Box::new(to_sink(&sink)));
        let first = Courier::new(store.clone(), outgoing(), clock.clone());
        first.deliver_due(&CancellationToken::new()).await.expect("the store works");
        assert_eq!(store.row(receipt).state, OutboxState::Failed, "a day is over");
        assert_eq!(store.row(answer).state, OutboxState::Deferred, "five are not");
        days.store(6, SeqCst);
        // Another process: it knows of no closed server.
        let second = Courier::new(store.clone(), outgoing(), clock.clone());
        let report = second.deliver_due(&CancellationToken::new()).await.expect("the store works");
        assert_eq!(store.row(answer).state, OutboxState::Deferred, "a third try is made, however late it is");
        assert!(report.failed.is_empty());
        days.store(7, SeqCst);
        let third = Courier::new(store.clone(), outgoing(), clock.clone());
        let report = third.deliver_due(&CancellationToken::new()).await.expect("the store works");
        assert_eq!(store.row(answer).state, OutboxState::Failed);
        assert_eq!(report.failed.len(), 1);
    }
}

#[tokio::test]
async fn mail_leaves_into_a_maildir_each_once() {
    let scratch = tempfile::tempdir().expect("scratch folder");
    let store = Arc::new(OutboxStore::default());
    let answer = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    store.queue(Template::Acknowledgement, "eva@inbox.example", MAIL, now());
    let bad = store.queue(Template::Answer, "bad@inbox.example", b"bare\nline", now());
    let root = scratch.path().join("out");
    let send = || async {
        let courier = Courier::new(store.clone(), OutgoingSettings::Maildir(root.clone()), Arc::new(now));
        courier.deliver_due(&CancellationToken::new()).await.expect("the store works")
    };
    let report = send().await;
    assert_eq!((report.accepted, report.failed.len()), (2, 1));
    assert!(matches!(last_end(&store, bad), Attempt::Rejected(_)));
    assert_eq!(store.row(answer).noted, 1);
    let delivered = || {
        let files = std::fs::read_dir(root.join("new")).expect("folder");
        let mut texts: Vec<_> =
            files.map(|file| std::fs::read_to_string(file.expect("file").path()).expect("text")).collect();
        texts.sort();
        texts
    };
    let unix = String::from_utf8_lossy(MAIL).replace("\r\n", "\n");
    let expected = [
        format!("Return-Path: <>\nDelivered-To: eva@inbox.example\n{unix}"),
        format!("Return-Path: <desk@acme.example>\nDelivered-To: jan@inbox.example\n{unix}"),
    ];
    assert_eq!(delivered(), expected);

    // A crash between the delivery and its being written down.
    let again = store.queue(Template::Answer, "again@inbox.example", MAIL, now());
    let pace = Pace { grace: Duration::ZERO, ..Pace::default() };
    store.refuse_settle.store(usize::MAX, SeqCst);
    let outgoing = || OutgoingSettings::Maildir(root.clone());
    let crashed = Courier::new(store.clone(), outgoing(), Arc::new(now)).with_pace(pace);
    assert!(crashed.deliver_due(&CancellationToken::new()).await.is_err());
    assert_eq!((store.row(again).state, delivered().len()), (OutboxState::InData, 3));
    store.refuse_settle.store(0, SeqCst);
    let later: Clock = Arc::new(|| now() + Duration::from_secs(2 * 3600));
    let next = Courier::new(store.clone(), outgoing(), later);
    assert_eq!(next.deliver_due(&CancellationToken::new()).await.expect("the store works").accepted, 1);
    assert_eq!((store.row(again).state, delivered().len()), (OutboxState::Sent, 3), "no second file");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_defers_and_says_so() {
    let file = tempfile::NamedTempFile::new().expect("scratch file");
    let (store, id) = one_mail();
    let outgoing = OutgoingSettings::Maildir(file.path().join("out"));
    let courier = Courier::new(store.clone(), outgoing, Arc::new(now));
    let report = courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    assert!(matches!(report.trouble, Some(SmtpError::Folder { .. })), "{:?}", report.trouble);
    assert_eq!(store.row(id).state, OutboxState::Deferred);
}

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_ids_and_codes_and_nothing_of_the_mails() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let sink = Sink::start(Script::on("RCPT TO:<gone@", Say::line("550 5.1.1 <gone@inbox.example> unknown"))).await;
    let store = Arc::new(OutboxStore::default());
    store.queue(Template::Answer, "gone@inbox.example", MAIL, now());
    store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    let running = Running::start(&store, to_sink(&sink));
    until("both ended", || store.rows().iter().all(|row| !row.ends.is_empty())).await;
    running.end().await;
    sink.follow(Script::on("", Say::line("554 desk@acme.example is banned")));
    store.queue(Template::Answer, "eva@inbox.example", MAIL, now());
    let running = Running::start(&store, to_sink(&sink));
    until("told", || !running.notices().is_empty()).await;
    running.end().await;
    drop(guard);
    let text = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    for said in ["outbox: accepted", "outbox: rejected", "code=550", "enhanced=\"5.1.1\"", "code=554"] {
        assert!(text.contains(said), "{said} is missing in\n{text}");
    }
    for kept in ["@", "inbox.example", "Hello", "First line", "banned", "unknown"] {
        assert!(!text.contains(kept), "{kept} is in\n{text}");
    }
}

//! Every byte of a session is a place where the network may fail: the line is cut, or a byte is corrupted, at each of them
//! in turn, with and without TLS, and afterwards every mail is in one place. `POSTDESK_FAULT_STEP` sets how many bytes lie
//! between two places (`scripts/fault-run` takes every byte; what is not a cut, at every eighth of these places).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use jiff::Timestamp;
use postdesk::config::Config;
use postdesk::daemon::audit;
use postdesk::daemon::mailbox::Watcher;
use postdesk::inbound::{ImapSettings, ImapSource, Secret, Source, Tls};
use postdesk::model::outgoing::{OutboxState, Template};
use postdesk::outbox::{self, Clock, Courier, Limits, OutgoingSettings, SmtpSettings};
use postdesk::store::sqlite::SqliteStore;
use postdesk::store::{Reading as _, TicketFilter};
use tokio_util::sync::CancellationToken;

use crate::support::desk::{Desk, customers_mail};
use crate::support::dovecot::{self, Dovecot};
use crate::support::fault_proxy::{Fault, Kind, Proxy, TlsFront, Way};
use crate::support::free_port;
use crate::support::outbox_store::OutboxStore;
use crate::support::smtp_sink::{Script, Sink};

/// Mails to a session.
const MAILS: usize = 2;
/// Sessions after which a mail must be in its place.
const SESSIONS_MAX: usize = 5;

fn step(usual: usize) -> usize {
    asked().unwrap_or(usual)
}

/// For faults of which there are several kinds.
fn seldom(usual: usize) -> usize {
    asked().map_or(usual, |step| step * 8)
}

fn asked() -> Option<usize> {
    std::env::var("POSTDESK_FAULT_STEP").ok().and_then(|text| text.parse().ok())
}

/// The places of a sweep over so many bytes.
fn places(bytes: usize, step: usize, seed: usize) -> impl Iterator<Item = usize> {
    // Not always the same ones: another part of the session has another start.
    (seed % step..bytes).step_by(step)
}

/// A desk in this process that takes a real Dovecot's mail in through the proxy.
struct Inbound {
    dovecot: Dovecot,
    proxy: Proxy,
    desk: Arc<postdesk::daemon::Desk>,
    store: Arc<SqliteStore>,
    tls: bool,
    delivered: usize,
    /// By the desks before this one.
    past: usize,
    _config: Desk,
}

impl Inbound {
    async fn new(tls: bool) -> Self {
        let dovecot = Dovecot::start();
        let proxy = Proxy::start(if tls { dovecot.imaps } else { dovecot.imap }).await;
        let written = Desk::new(&dovecot, free_port(), Some("Processed"));
        written.append("\n[budgets]\nper_hour = 1000000\nper_domain_hour = 1000000\n");
        let config: Config = postdesk::config::load(&written.config).expect("the configuration is valid");
        let store = SqliteStore::scratch().expect("opens");
        let desk = postdesk::daemon::Desk::new(store.clone(), &config, postdesk::daemon::system_clock());
        let desk = desk.expect("there is no DNS");
        let inbound = Inbound { dovecot, proxy, desk, store, tls, delivered: 0, past: 0, _config: written };
        // The first contact: from here on every mail counts.
        inbound.watcher().drain().await.expect("a session without a fault");
        inbound
    }

    fn source(&self) -> Source {
        let settings = ImapSettings {
            host: "127.0.0.1".to_owned(),
            port: self.proxy.port(),
            tls: if self.tls { Tls::Implicit } else { Tls::None },
            user: "podpora".to_owned(),
            password: Secret::text(dovecot::PASSWORD),
            folder: "INBOX".to_owned(),
            archive: Some("Processed".to_owned()),
            ca_file: Some(self.dovecot.ca_file()),
            allow_plain: true,
            patience: Duration::from_millis(1500),
            poll: Duration::from_millis(50),
        };
        Source::Imap(ImapSource::new(settings))
    }

    fn watcher(&self) -> Watcher {
        let mailbox = self.desk.policy.mailbox("support").expect("is configured").clone();
        Watcher::new(Arc::clone(&self.desk), mailbox, self.source())
    }

    fn deliver(&mut self) {
        for _ in 0..MAILS {
            let n = self.delivered;
            let (from, id) = (format!("c{n}@firma{n}.example"), format!("m{n}@inbox.example"));
            self.dovecot.deliver("podpora", &customers_mail(&from, &format!("Vec {n}"), &id, "", "Dobrý deň"));
            self.delivered += 1;
        }
    }

    fn tickets(&self) -> usize {
        self.store.tickets(&TicketFilter { all: true, ..TicketFilter::default() }).expect("is read").len()
    }

    fn filed(&self) -> usize {
        self.dovecot.files("podpora", "Processed").len()
    }

    /// New mail, one session with this fault, and as many without one as it takes.
    async fn suffer(&mut self, fault: Fault) {
        self.deliver();
        self.proxy.follow(move |n| (n == 0).then_some(fault));
        let mut sessions = 0;
        loop {
            sessions += 1;
            let ended = self.watcher().drain().await;
            if ended.is_ok() && self.filed() == self.delivered {
                break;
            }
            assert!(sessions < SESSIONS_MAX, "{fault:?}: {ended:?}, {} of {} filed", self.filed(), self.delivered);
        }
        assert!(self.dovecot.files("podpora", "INBOX").is_empty(), "{fault:?}");
        assert_eq!(self.tickets(), self.delivered, "{fault:?}: each mail is one ticket");
    }

    /// How many bytes a session without a fault takes, up and down.
    async fn measure(&mut self) -> (usize, usize) {
        self.deliver();
        self.proxy.follow(|_| None);
        self.proxy.passed().await;
        self.watcher().drain().await.expect("a session without a fault");
        self.proxy.passed().await
    }

    /// A new desk, once this one has so much mail that looking through it takes the time.
    async fn renew(&mut self) {
        if self.delivered > 500 {
            let past = self.past + self.delivered;
            *self = Inbound { past, ..Inbound::new(self.tls).await };
        }
    }

    async fn sweep(&mut self, kind: Kind, step: usize) -> usize {
        let (up, down) = self.measure().await;
        assert!(up > 200 && down > 1000, "a session was measured: {up} bytes up, {down} down");
        let (mut places_tried, mut struck) = (0, 0);
        for (way, bytes) in [(Way::Up, up), (Way::Down, down)] {
            for at in places(bytes, step, self.delivered) {
                let before = self.proxy.struck();
                self.suffer(Fault { way, at, kind }).await;
                struck += self.proxy.struck() - before;
                places_tried += 1;
                self.renew().await;
            }
        }
        // Some faults come too late for a session that was shorter this time.
        assert!(struck * 10 >= places_tried * 9, "{struck} of {places_tried}");
        places_tried
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imap_cut_at_any_byte_loses_no_mail_and_doubles_none() {
    let mut inbound = Inbound::new(false).await;
    let places = inbound.sweep(Kind::Cut, step(67)).await;
    println!("IMAP cut at {places} places, {} mails: lost 0, doubled 0", inbound.past + inbound.delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imap_over_tls_cut_or_corrupted_at_any_byte_loses_no_mail_and_doubles_none() {
    let mut inbound = Inbound::new(true).await;
    let cut = inbound.sweep(Kind::Cut, step(211)).await;
    let corrupt = inbound.sweep(Kind::Corrupt(0x10), seldom(211)).await;
    let lost = inbound.sweep(Kind::Lose(3), seldom(401)).await;
    let doubled = inbound.sweep(Kind::Double(5), seldom(401)).await;
    println!(
        "IMAP over TLS cut at {cut} places, corrupted at {corrupt}, bytes lost at {lost}, doubled at {doubled}, {} mails: lost 0, \
         doubled 0",
        inbound.past + inbound.delivered
    );
}

/// Nobody can tell that a byte was changed on a line without TLS. Here the promise is less: nothing breaks, nothing is taken
/// in twice, the next mail comes in, and what the desk was made to pass over is named by the comparison.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imap_without_tls_corrupted_at_any_byte_goes_on_and_hides_nothing() {
    let mut inbound = Inbound::new(false).await;
    let (up, down) = inbound.measure().await;
    let (mut tried, mut passed_over) = (0, 0);
    for kind in [Kind::Corrupt(0x01), Kind::Lose(2), Kind::Double(3)] {
        for (way, bytes) in [(Way::Up, up), (Way::Down, down)] {
            for at in places(bytes, seldom(149), inbound.delivered) {
                let fault = Fault { way, at, kind };
                inbound.deliver();
                inbound.proxy.follow(move |n| (n == 0).then_some(fault));
                while inbound.watcher().drain().await.is_err() {
                    assert!(inbound.proxy.connections() <= SESSIONS_MAX, "{fault:?}");
                }
                let before = inbound.tickets();
                inbound.deliver();
                inbound.watcher().drain().await.expect("a session without a fault");
                // And with it, perhaps, what a changed answer had hidden.
                assert!(inbound.tickets() >= before + MAILS, "{fault:?}: what comes next comes in");
                assert!(inbound.tickets() <= inbound.delivered, "{fault:?}: nothing is taken in twice");
                let audit = audit::audit(&inbound.desk, "support", &mut inbound.source()).await.expect("is compared");
                assert_eq!(audit.waiting, 0, "{fault:?}: {:?}", audit.unaccounted);
                passed_over = audit.lost;
                tried += 1;
            }
        }
    }
    let missing = inbound.delivered - inbound.tickets();
    println!(
        "IMAP without TLS, bytes changed, lost or doubled at {tried} places, {} mails: {missing} made no ticket, {} of them in \
         quarantine, {passed_over} passed over and named by audit",
        inbound.delivered,
        inbound.store.quarantined().expect("is read").len()
    );
}

/// The outgoing side: a courier in this process, and a server that records what it took.
struct Outbound {
    sink: Sink,
    proxy: Proxy,
    front: Option<TlsFront>,
    store: Arc<OutboxStore>,
    now: Arc<AtomicI64>,
    queued: usize,
}

impl Outbound {
    /// `together`: the server takes commands together (PIPELINING).
    async fn new(tls: bool, together: bool) -> Self {
        let mut script = Script::default();
        script.extensions.extend(together.then_some("PIPELINING"));
        let sink = Sink::start(script).await;
        let front = if tls { Some(TlsFront::start(sink.address.port()).await) } else { None };
        let proxy = Proxy::start(front.as_ref().map_or(sink.address.port(), |front| front.port)).await;
        let (store, now) = (Arc::new(OutboxStore::default()), Arc::new(AtomicI64::new(1_800_000_000)));
        Outbound { sink, proxy, front, store, now, queued: 0 }
    }

    fn at(now: &AtomicI64) -> Timestamp {
        Timestamp::from_second(now.load(SeqCst)).expect("in range")
    }

    /// One round of a courier of its own, a quarter of an hour later.
    async fn deliver(&self) {
        self.now.fetch_add(15 * 60, SeqCst);
        let tls = if self.front.is_some() { outbox::Tls::Implicit } else { outbox::Tls::None };
        let mut settings = SmtpSettings::new("127.0.0.1", self.proxy.port(), tls, "desk.acme.example");
        settings.ca_file = self.front.as_ref().map(|front| front.ca_file.clone());
        settings.connections = 1;
        let short = Duration::from_millis(700);
        settings.limits =
            Limits { connect: short, command: short, data: short, block: short, final_dot: short, ..Limits::default() };
        let clock: Clock = {
            let now = Arc::clone(&self.now);
            Arc::new(move || Self::at(&now))
        };
        let courier = Courier::new(self.store.clone(), OutgoingSettings::Smtp(Box::new(settings)), clock);
        courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
        courier.close().await;
    }

    /// An answer and an acknowledgement, one round with this fault, and as many without one as it takes. Whether the answer
    /// arrived twice, and whether the acknowledgement is missing.
    async fn suffer(&mut self, fault: Option<Fault>) -> (bool, bool) {
        let n = self.queued;
        self.queued += 1;
        let mail = |kind: &str| {
            let head = format!("From: Desk <desk@acme.example>\r\nTo: c@inbox.example\r\nSubject: {kind} {n}\r\n");
            format!("{head}Message-ID: <{kind}-{n}@desk.example>\r\n\r\nHello\r\n.\r\n..dots\r\n").into_bytes()
        };
        let now = Self::at(&self.now);
        let answer = self.store.queue(Template::Answer, &format!("a{n}@inbox.example"), &mail("answer"), now);
        let receipt =
            self.store.queue(Template::Acknowledgement, &format!("r{n}@inbox.example"), &mail("receipt"), now);
        self.proxy.follow(move |connection| fault.filter(|_| connection == 0));
        let waits = |id| !matches!(self.store.row(id).state, OutboxState::Sent | OutboxState::Failed);
        let mut rounds = 0;
        while waits(answer) || waits(receipt) {
            rounds += 1;
            assert!(rounds <= SESSIONS_MAX, "{fault:?}: {:?} {:?}", self.store.row(answer), self.store.row(receipt));
            self.deliver().await;
        }
        let arrived = |address: String| {
            let to = |taken: &&crate::support::smtp_sink::Taken| taken.rcpt.iter().any(|rcpt| rcpt.contains(&address));
            self.sink.taken().iter().filter(to).cloned().collect::<Vec<_>>()
        };
        let (answers, receipts) = (arrived(format!("<a{n}@")), arrived(format!("<r{n}@")));
        assert_eq!(self.store.row(answer).state, OutboxState::Sent, "{fault:?}");
        assert!((1..=2).contains(&answers.len()), "{fault:?}: the answer arrived {} times", answers.len());
        assert!(answers.iter().all(|taken| taken.bytes == mail("answer")), "{fault:?}: byte for byte");
        assert!(receipts.len() <= 1, "{fault:?}: an acknowledgement goes once");
        assert!(receipts.iter().all(|taken| taken.bytes == mail("receipt")), "{fault:?}: byte for byte");
        let missing = receipts.is_empty();
        // One that arrived may stand as failed: the line was cut before its reply came. One that is missing never as sent.
        assert!(!missing || self.store.row(receipt).state == OutboxState::Failed, "{fault:?}");
        (answers.len() == 2, missing)
    }

    async fn sweep(&mut self, kind: Kind, step: usize) -> String {
        self.suffer(None).await;
        let (up, down) = self.proxy.passed().await;
        assert!(up > 300 && down > 200, "a session was measured: {up} bytes up, {down} down");
        let (mut tried, mut twice, mut missing) = (0, 0, 0);
        for (way, bytes) in [(Way::Up, up), (Way::Down, down)] {
            for at in places(bytes, step, self.queued) {
                let (answer_twice, receipt_missing) = self.suffer(Some(Fault { way, at, kind })).await;
                twice += usize::from(answer_twice);
                missing += usize::from(receipt_missing);
                tried += 1;
            }
        }
        format!("{tried} places (answers twice {twice}, acknowledgements missing {missing})")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtp_cut_at_any_byte_delivers_every_answer_and_no_acknowledgement_twice() {
    for (together, how) in [(false, "commands one by one"), (true, "commands together")] {
        let mut outbound = Outbound::new(false, together).await;
        let cut = outbound.sweep(Kind::Cut, step(19)).await;
        println!("SMTP cut, {how}, at {cut}: lost 0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtp_over_tls_cut_or_corrupted_at_any_byte_delivers_every_answer_unchanged() {
    let mut outbound = Outbound::new(true, true).await;
    let cut = outbound.sweep(Kind::Cut, step(53)).await;
    let corrupt = outbound.sweep(Kind::Corrupt(0x10), seldom(53)).await;
    println!("SMTP over TLS cut at {cut}, corrupted at {corrupt}: lost 0, changed 0");
}

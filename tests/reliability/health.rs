//! What will hurt is told before it does: a certificate that ends, a mailbox that is silent at an hour when mail usually
//! comes, a password that is refused; by mail, in the status line, in the log and by `check --online`.

use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::desk::{Daemon, Desk, LONG, customers_mail};
use crate::support::dovecot::{Dovecot, Options};
use crate::support::shim::MovedClock;
use crate::support::smtp_sink::{Script, Sink};
use crate::support::{eventually, free_port};

fn start(desk: &Desk, clock: &MovedClock, more: &[(&str, &str)]) -> Daemon {
    let environment = clock.environment();
    let mut all: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend(more);
    let daemon = desk.start(&all);
    eventually("the daemon watches", LONG, || daemon.said("Watching").then_some(()));
    daemon
}

fn told(sink: &Sink) -> Vec<String> {
    let mails = sink.taken().into_iter().filter(|taken| taken.rcpt[0].contains("ops@"));
    let text = |bytes: Vec<u8>| {
        let mail = mail_parser::MessageParser::default().parse(&bytes).expect("our own mail parses");
        mail.body_text(0).expect("has a text").into_owned()
    };
    mails.map(|taken| text(taken.bytes)).collect()
}

/// What the service manager is told of the desk's state.
struct Manager {
    said: Arc<Mutex<Vec<String>>>,
    path: String,
}

impl Manager {
    fn beside(desk: &Desk) -> Self {
        let path = desk.folder().join("notify").display().to_string();
        let socket = UnixDatagram::bind(&path).expect("is bound");
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&said);
        // All of it is read at once, as a service manager does: who says it would wait.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                heard.lock().expect("not poisoned").push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        });
        Manager { said, path }
    }

    fn environment(&self) -> [(&str, &str); 2] {
        [("NOTIFY_SOCKET", &self.path), ("WATCHDOG_USEC", "1500000")]
    }

    /// Waits for a status line, said since it was last asked, that has this in it.
    fn says(&self, what: &str) {
        eventually(&format!("the status says {what}"), LONG, || {
            let mut said = self.said.lock().expect("not poisoned");
            let at = said.iter().position(|notice| notice.contains("STATUS=") && notice.contains(what))?;
            said.drain(..=at);
            Some(())
        });
    }
}

#[test]
fn a_certificate_that_ends_is_told_three_weeks_one_week_and_one_day_before() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start(Script::default()));
    let dovecot = Dovecot::start_with(&Options { certificate_until: Some((2027, 3, 31)), ..Options::default() });
    let secure = format!("port = {}\ntls = \"implicit\"\nca_file = \"{}\"", dovecot.imaps, dovecot.ca_file().display());
    let mailbox = Desk::mailbox("support", "podpora", &dovecot, None)
        .replace(&format!("port = {}\ntls = \"none\"", dovecot.imap), &secure);
    let desk = Desk::with(sink.address.port(), "operator = \"ops@inbox.example\"", &mailbox);
    let manager = Manager::beside(&desk);
    let on = |day: &str| start(&desk, &MovedClock::at(&format!("{day}T10:00:00Z")), &manager.environment());
    // The first start compares nothing yet; then 30, 20, 19, 6, 5 and 0 days before.
    on("2027-02-25").stop();
    for (day, mails) in [
        ("2027-03-01", 0),
        ("2027-03-11", 1),
        ("2027-03-12", 1),
        ("2027-03-25", 2),
        ("2027-03-26", 2),
        ("2027-03-30", 3),
    ] {
        let daemon = on(day);
        if mails > 0 {
            manager.says("has a certificate that is accepted until 2027-03-31");
        }
        let about = |sink: &Sink| told(sink).iter().filter(|text| text.contains("certificate")).count();
        eventually(&format!("{day}: {mails} mails tell of it"), LONG, || (about(&sink) >= mails).then_some(()));
        assert_eq!(about(&sink), mails, "{day}: {:?}", told(&sink));
        daemon.stop();
    }
    let checked = desk.run_in(&MovedClock::at("2027-03-26T10:00:00Z").environment(), &["check", "--online"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("Its CERTIFICATE is accepted until 2027-03-31") && said.contains("(4 days)"), "{said}");
    assert!(said.contains("The desk opened it, or had it open, last at"), "{said}");
}

/// Puts mail into the ledger as though it had come: at these hours of every Monday to Friday of the weeks before.
fn history(desk: &Desk, until: jiff::Timestamp, weeks: i64) {
    let zone = jiff::tz::TimeZone::get("Europe/Bratislava").expect("is known");
    let database = rusqlite::Connection::open(desk.database()).expect("opens");
    database.execute_batch("BEGIN").expect("begins");
    let mut day = until.to_zoned(zone.clone()).date().checked_sub(jiff::Span::new().weeks(weeks)).expect("a day");
    let mut uid = 1_000_000;
    loop {
        for hour in 8..17 {
            let at = day.at(hour, 10, 0, 0).to_zoned(zone.clone()).expect("a time").timestamp();
            if at > until {
                database.execute_batch("COMMIT").expect("is written");
                return;
            }
            if day.weekday().to_monday_one_offset() <= 5 {
                uid += 1;
                let micros = at.as_microsecond();
                let sql = "INSERT INTO ledger (mailbox, folder, uid_validity, uid, discovered_at, received_at, fate, filed_at) \
                           VALUES ('support', 'Earlier', 1, ?1, ?2, ?2, 'ticket', ?2)";
                database.execute(sql, rusqlite::params![uid, micros]).expect("is written");
            }
        }
        day = day.tomorrow().expect("a day");
    }
}

#[test]
fn silence_at_an_hour_when_mail_usually_comes_is_told_but_on_no_holiday() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dovecot = Dovecot::start();
    let monday = |hour: &str| MovedClock::at(&format!("2027-02-15T{hour}:00Z"));
    for (holiday, warned) in [(false, true), (true, false)] {
        let sink = runtime.block_on(Sink::start(Script::default()));
        let mailbox = Desk::mailbox("support", "podpora", &dovecot, None);
        let desk = Desk::with(sink.address.port(), "operator = \"ops@inbox.example\"", &mailbox);
        if holiday {
            desk.append("\n[calendar.office]\nweekdays = [\"08:00-17:00\"]\nholidays = [\"2027-02-15\"]\n");
        }
        let manager = Manager::beside(&desk);
        start(&desk, &MovedClock::at("2027-02-14T18:00:00Z"), &[]).stop();
        // Six weeks of nine mails a day; the last one came on this Monday at ten past eight.
        history(&desk, "2027-02-15T07:30:00Z".parse().expect("a time"), 6);
        let daemon = start(&desk, &monday("14:05"), &manager.environment());
        let silent =
            "No mail has come to mailbox support since 2027-02-15 08:10 (6 hours); in the same hours of the last";
        if warned {
            manager.says(silent);
            eventually("the operator hears of it", LONG, || {
                told(&sink).iter().any(|t| t.contains(silent)).then_some(())
            });
            assert!(daemon.said("No mail comes, and usually it does"), "{}", daemon.log());
            let told_once = |sink: &Sink| told(sink).iter().filter(|text| text.contains(silent)).count();
            daemon.stop();
            let daemon = start(&desk, &monday("15:05"), &manager.environment());
            std::thread::sleep(Duration::from_secs(6));
            assert_eq!(told_once(&sink), 1, "once a day, whoever restarts the desk");
            daemon.stop();
        } else {
            manager.says("all well");
            std::thread::sleep(Duration::from_secs(6));
            assert!(!told(&sink).iter().any(|text| text.contains("No mail")), "{:?}", told(&sink));
            daemon.stop();
        }
    }
}

#[test]
fn a_password_that_is_refused_is_said_at_once_and_the_desk_goes_on_when_it_is_right_again() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), None);
    let manager = Manager::beside(&desk);
    let password = desk.folder().join("imap");
    let right = std::fs::read(&password).expect("is read");
    std::fs::write(&password, "wrong").expect("is written");
    let daemon = desk.start(&manager.environment());
    manager.says("support: 127.0.0.1:");
    eventually("the log names the kind", LONG, || daemon.said("trouble=\"login\"").then_some(()));
    let log = daemon.log();
    assert!(!log.contains("Authentication failed"), "the log quotes the server:\n{log}");
    std::fs::write(&password, right).expect("is written");
    eventually("it goes on", LONG * 2, || daemon.said("Watching").then_some(()));
    manager.says("all well");
    dovecot.deliver("podpora", &customers_mail("c@inbox.example", "Vec", "m@inbox.example", "", "Dobrý deň"));
    eventually("mail comes in", LONG, || (desk.json(&["ticket", "list", "--json"]).len() == 1).then_some(()));
    daemon.stop();
}

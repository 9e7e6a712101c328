//! Two desks that write to each other, as daemons, over a real Postfix and a real Dovecot: one mail starts it, and after at
//! most two more nobody says anything. The same with an answering machine that marks nothing.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::dovecot::{self, Dovecot};
use support::eventually;
use support::postfix::{self, Delivered, Postfix};

const LONG: Duration = Duration::from_secs(30);
/// So long nobody said anything: it is over. Both desks wait for news in IDLE and are told at once.
const SILENCE: Duration = Duration::from_secs(5);

struct Desk {
    child: Child,
    log: PathBuf,
}

impl Desk {
    fn start(folder: &Path, name: &str, agent: &str, dovecot: &Dovecot, postfix: &Postfix) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder.join(name);
        std::fs::create_dir(&folder).expect("made");
        let secret = |file: &str, text: &str| {
            let path = folder.join(file);
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("made private");
            path.display().to_string()
        };
        let config = format!(
            "[desk]\nname = \"Desk {name}\"\nprefix = \"{prefix}\"\ndomain = \"{name}.inbox.example\"\nlanguage = \"sk\"\n\
             timezone = \"UTC\"\nstate = \"state\"\nowner = \"{agent}\"\n[dns]\noff = true\n\
             [[mailbox]]\nname = \"support\"\naddress = \"{name}@inbox.example\"\nbelieve = [\"mx.acme.example\"]\nhops = 2\n\
             plus = false\n[mailbox.imap]\nhost = \"localhost\"\nport = {imap}\ntls = \"starttls\"\nuser = \"{name}\"\n\
             password_file = \"{imap_password}\"\narchive = \"Processed\"\nca_file = \"{imap_ca}\"\n\
             [outgoing.smtp]\nhost = \"localhost\"\nport = {smtp}\ntls = \"starttls\"\nuser = \"{user}\"\n\
             password_file = \"{smtp_password}\"\nca_file = \"{smtp_ca}\"\n\
             [[agent]]\nname = \"{agent}\"\naddresses = [\"{agent}@inbox.example\"]\n",
            prefix = name.to_uppercase(),
            imap = dovecot.imap,
            imap_password = secret("imap", dovecot::PASSWORD),
            imap_ca = dovecot.ca_file().display(),
            smtp = postfix.submission,
            user = postfix::USER,
            smtp_password = secret("smtp", postfix::PASSWORD),
            smtp_ca = postfix.ca_file().display(),
        );
        let path = folder.join("config.toml");
        std::fs::write(&path, config).expect("written");
        let log = folder.join("log");
        let child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .arg("--config")
            .arg(&path)
            .arg("run")
            .stderr(Stdio::from(std::fs::File::create(&log).expect("made")))
            .spawn()
            .expect("the program starts");
        let desk = Desk { child, log };
        eventually("the daemon watches", LONG, || desk.said().contains("Watching").then_some(()));
        desk
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As the mail server of the receiving desk hands it on: its verdict, its Received line.
fn handed_on(mail: &[u8]) -> Vec<u8> {
    let mut raw = b"Authentication-Results: mx.acme.example; dkim=pass header.d=inbox.example; dmarc=pass header.from=inbox.example\r\n\
        Received: from mail.inbox.example by mx.acme.example with ESMTPS; Mon, 16 Nov 2026 09:00:00 +0100\r\n"
        .to_vec();
    let text = String::from_utf8_lossy(mail).replace("\r\n", "\n").replace('\n', "\r\n");
    raw.extend_from_slice(text.as_bytes());
    raw
}

fn person(from: &str, to: &str, id: &str, subject: &str) -> Vec<u8> {
    handed_on(
        format!(
            "From: {from}\nTo: {to}\nSubject: {subject}\nDate: Mon, 16 Nov 2026 09:00:00 +0100\nMessage-ID: <{id}>\n\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nDobrý deň.\n"
        )
        .as_bytes(),
    )
}

/// Carries what Postfix delivered to one of `users` into that user's mailbox, until nobody says anything for a while. How
/// many mails that were. `answer`: what a user without a desk says to a mail.
fn carry(
    postfix: &Postfix,
    dovecot: &Dovecot,
    users: &[&str],
    mut answer: impl FnMut(&Delivered, usize) -> Option<(&'static str, Vec<u8>)>,
) -> usize {
    let mut carried = 0;
    let mut seen: Vec<Vec<u8>> = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < SILENCE {
        for mail in postfix.delivered() {
            if seen.contains(&mail.bytes) {
                continue;
            }
            seen.push(mail.bytes.clone());
            last = Instant::now();
            let user = users.iter().find(|u| mail.delivered_to == format!("{u}@inbox.example"));
            if let Some(user) = user {
                carried += 1;
                dovecot.deliver_lmtp(user, &handed_on(&mail.bytes));
            }
            if let Some((user, reply)) = answer(&mail, seen.len()) {
                dovecot.deliver_lmtp(user, &reply);
            }
        }
        assert!(carried < 20, "they never stop");
        std::thread::sleep(Duration::from_millis(50));
    }
    carried
}

#[test]
fn two_desks_fall_silent_after_two_mails_at_most() {
    let (dovecot, postfix) = (Dovecot::start(), Postfix::start());
    let scratch = tempfile::tempdir().expect("scratch folder");
    let one = Desk::start(scratch.path(), "podpora", "jana", &dovecot, &postfix);
    let other = Desk::start(scratch.path(), "fakturacia", "marko", &dovecot, &postfix);
    // A person has written to the one in the other's name: a forward, a wrong Reply-To, a shared mailbox.
    let first = person("fakturacia@inbox.example", "podpora@inbox.example", "one@inbox.example", "Objednávka");
    dovecot.deliver_lmtp("podpora", &first);
    let count = carry(&postfix, &dovecot, &["podpora", "fakturacia"], |_, _| None);
    assert!((1..=2).contains(&count), "{count} mails\n{}\n{}", one.said(), other.said());
    for user in ["podpora", "fakturacia"] {
        assert!(!dovecot.files(user, "Processed").is_empty(), "{user} took its mail in");
    }
}

#[test]
fn an_answering_machine_that_marks_nothing_gets_what_a_day_allows() {
    let (dovecot, postfix) = (Dovecot::start(), Postfix::start());
    let scratch = tempfile::tempdir().expect("scratch folder");
    let desk = Desk::start(scratch.path(), "podpora", "jana", &dovecot, &postfix);
    dovecot
        .deliver_lmtp("podpora", &person("eva@inbox.example", "podpora@inbox.example", "r0@inbox.example", "Otázka"));
    let mut acknowledged = 0;
    carry(&postfix, &dovecot, &[], |mail, n| {
        if mail.delivered_to != "eva@inbox.example" {
            return None;
        }
        acknowledged += 1;
        let (id, subject) = (format!("r{n}@inbox.example"), format!("Vaša požiadavka {n} bola prijatá"));
        Some(("podpora", person("eva@inbox.example", "podpora@inbox.example", &id, &subject)))
    });
    assert!((1..=3).contains(&acknowledged), "{acknowledged} acknowledgements\n{}", desk.said());
}

//! `check --online` against a real Dovecot and a real Postfix.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use serde_json::Value;
use support::dovecot::{self, Dovecot};
use support::postfix::{self, Postfix};
use support::{free_port, mail};

struct Desk {
    folder: tempfile::TempDir,
    imap: Dovecot,
    smtp: Postfix,
}

impl Desk {
    fn start() -> Self {
        let desk = Desk {
            folder: tempfile::tempdir().expect("scratch folder"),
            imap: Dovecot::start(),
            smtp: Postfix::start(),
        };
        desk.write("imap", dovecot::PASSWORD);
        desk.write("smtp", postfix::PASSWORD);
        desk.configure("desk", desk.imap.imaps, desk.smtp.submission);
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode set");
    }

    fn configure(&self, user: &str, imap: u16, smtp: u16) {
        let (imap_ca, smtp_ca) = (self.imap.ca_file(), self.smtp.ca_file());
        let text = format!(
            r#"
            desk.state = "state"
            [limits]
            timeout_seconds = 5
            [[mailbox]]
            address = "podpora@acme.example"
            [mailbox.imap]
            host = "localhost"
            port = {imap}
            user = "{user}"
            password_file = "imap"
            archive = "Processed"
            ca_file = "{}"
            [outgoing.smtp]
            host = "localhost"
            port = {smtp}
            user = "{}"
            password_file = "smtp"
            ca_file = "{}"
            [[agent]]
            name = "jana"
            addresses = ["jana@acme.example"]
            "#,
            imap_ca.display(),
            postfix::USER,
            smtp_ca.display()
        );
        self.write("config.toml", &text);
    }

    fn check(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .args(["--config", "config.toml", "check", "--online"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("CREDENTIALS_DIRECTORY")
            .output()
            .expect("runs")
    }

    /// The answers of the mailbox and of the way out.
    fn answers(&self, code: i32) -> [Value; 2] {
        let output = self.check(&["--json"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(dovecot::PASSWORD) && !text.contains(postfix::PASSWORD), "{text}");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let answers: Vec<Value> = lines.filter(|line| line["kind"] == "online").collect();
        answers.try_into().unwrap_or_else(|_| panic!("not two answers: {text}"))
    }
}

fn text(value: &Value) -> String {
    value.to_string()
}

#[test]
fn every_server_says_what_it_can_and_nothing_is_changed() {
    let desk = Desk::start();
    desk.imap.deliver("desk", &mail("Faktúra", "Prosím o kópiu."));
    let [mailbox, outgoing] = desk.answers(0);
    assert_eq!((&mailbox["what"], &mailbox["ok"]), (&Value::from("mailbox podpora"), &Value::Bool(true)), "{mailbox}");
    let said = text(&mailbox["said"]);
    assert!(said.contains("INBOX has 1 mails") && said.contains("(IDLE)"), "{said}");
    assert!(said.contains("The archive folder is not there yet"), "{said}");
    let said = text(&outgoing["said"]);
    assert!(outgoing["ok"] == true && said.contains("Logged in, encrypted"), "{outgoing}");
    for answer in [&mailbox, &outgoing] {
        assert!(text(&answer["said"]).contains("Its certificate is accepted for 400 days and more"), "{answer}");
    }

    assert_eq!(desk.imap.files("desk", "INBOX").len(), 1);
    assert!(!desk.imap.maildir("desk", "Processed").exists(), "looking makes no folder");
    assert!(!desk.folder.path().join("state").exists());
    assert!(desk.smtp.delivered().is_empty());

    let output = desk.check(&[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("ok: mailbox podpora") && said.contains("ok: outgoing"), "{said}");
}

#[test]
fn a_wrong_password_and_a_closed_port_are_each_said() {
    let desk = Desk::start();
    desk.write("imap", "wrong");
    desk.configure("desk", desk.imap.imaps, free_port());
    let [mailbox, outgoing] = desk.answers(69);
    assert_eq!(mailbox["ok"], false);
    assert!(text(&mailbox["problem"]).contains("refuses the login"), "{mailbox}");
    assert_eq!(outgoing["ok"], false);
    assert!(text(&outgoing["problem"]).contains("localhost"), "{outgoing}");
}

#[test]
fn one_dead_server_does_not_hide_the_other() {
    let desk = Desk::start();
    desk.configure("desk", free_port(), desk.smtp.submission);
    let [mailbox, outgoing] = desk.answers(69);
    assert!(text(&mailbox["problem"]).contains("Cannot reach"), "{mailbox}");
    assert_eq!(outgoing["ok"], true, "{outgoing}");
}

#[test]
fn who_judges_the_senders_of_the_mails_that_are_there_is_proposed_with_the_hop_that_lmtp_adds() {
    let desk = Desk::start();
    for n in 1..=6 {
        let judged = b"Authentication-Results: mx.acme.example; dmarc=pass header.from=firma.example\r\n\
             Received: from mail.firma.example by mx.acme.example (Postfix); Mon, 16 Nov 2026 09:00:00 +0100\r\n";
        let raw = [judged.to_vec(), mail(&format!("Faktúra {n}"), "Prosím o kópiu.")].concat();
        desk.imap.deliver_lmtp("desk", &raw);
    }
    let [mailbox, _] = desk.answers(0);
    let said = text(&mailbox["said"]);
    assert!(said.contains("mx.acme.example") && said.contains("hops = 2"), "{said}");
    for (name, _) in desk.imap.files("desk", "INBOX") {
        assert!(!name.split(":2,").nth(1).unwrap_or_default().contains('S'), "{name} was marked as read");
    }
}

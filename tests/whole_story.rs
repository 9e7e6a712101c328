//! The whole story, against a real Dovecot and a real Postfix, with the real program as a daemon: customer → ticket →
//! acknowledgement → agent's reply → customer's reply → close. Checked at the IMAP and SMTP ends, not inside the program.

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mail_parser::{Message, MessageParser};
use support::dovecot::{self, Dovecot};
use support::eventually;
use support::postfix::{self, Delivered, Postfix};

const LONG: Duration = Duration::from_secs(30);

/// The program, running, and what it logs.
struct Desk {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    config: PathBuf,
}

impl Desk {
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .arg("--config")
            .arg(config)
            .arg("run")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (errors, lines) = (child.stderr.take().expect("piped"), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                lines.lock().expect("not poisoned").push(line);
            }
        });
        Desk { child, log, config: config.to_owned() }
    }

    fn said(&self, what: &str) -> bool {
        self.log.lock().expect("not poisoned").iter().any(|line| line.contains(what))
    }

    fn log(&self) -> String {
        self.log.lock().expect("not poisoned").join("\n")
    }

    fn command(&self, arguments: &[&str]) -> serde_json::Value {
        let output = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .arg("--config")
            .arg(&self.config)
            .args(arguments)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    fn stop(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let status = eventually("the daemon stops", LONG, || self.child.try_wait().expect("waited for"));
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(folder: &Path, dovecot: &Dovecot, postfix: &Postfix) -> PathBuf {
    let secret = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("made private");
        path.display().to_string()
    };
    let config = format!(
        r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
language = "sk"
timezone = "Europe/Bratislava"
state = "state"
owner = "jana"

[dns]
off = true

[[mailbox]]
name = "support"
address = "podpora@acme.example"
believe = ["mx.acme.example"]
hops = 2
plus = true
[mailbox.imap]
host = "localhost"
port = {imap}
tls = "starttls"
user = "podpora"
password_file = "{imap_password}"
archive = "Processed"
ca_file = "{imap_ca}"

[outgoing.smtp]
host = "localhost"
port = {smtp}
tls = "starttls"
user = "{smtp_user}"
password_file = "{smtp_password}"
ca_file = "{smtp_ca}"

[[agent]]
name = "jana"
display = "Jana Nováková"
addresses = ["jana@inbox.example"]
language = "sk"
"#,
        imap = dovecot.imap,
        imap_password = secret("imap", dovecot::PASSWORD),
        imap_ca = dovecot.ca_file().display(),
        smtp = postfix.submission,
        smtp_user = postfix::USER,
        smtp_password = secret("smtp", postfix::PASSWORD),
        smtp_ca = postfix.ca_file().display(),
    );
    let path = folder.join("config.toml");
    std::fs::write(&path, config).expect("written");
    path
}

/// A mail from outside, as the mail server of the desk hands it on: its verdict, its Received line.
fn from_outside(from: &str, to: &str, subject: &str, id: &str, extra: &str, body: &str) -> Vec<u8> {
    let domain = from.trim_end_matches('>').rsplit('@').next().expect("an address");
    format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\r\n\
         Received: from mail.{domain} by mx.acme.example with ESMTPS; Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         Message-ID: <{id}>\r\n{extra}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{body}"
    )
    .into_bytes()
}

fn to(postfix: &Postfix, address: &str, after: usize) -> Vec<Delivered> {
    eventually(&format!("mail {} to {address}", after + 1), LONG, || {
        let all: Vec<Delivered> = postfix.delivered().into_iter().filter(|d| d.delivered_to == address).collect();
        (all.len() > after).then_some(all)
    })
}

fn parsed(mail: &Delivered) -> Message<'_> {
    MessageParser::default().parse(&mail.bytes).expect("our own mail parses")
}

fn id<'a>(mail: &'a Message<'_>) -> &'a str {
    mail.message_id().expect("has a Message-ID")
}

fn newest<'a>(mails: &'a [Delivered], seen: &[Vec<u8>]) -> &'a Delivered {
    mails.iter().find(|m| !seen.contains(&m.bytes)).expect("a new mail")
}

fn reply_to(mail: &Message<'_>) -> String {
    mail.reply_to().and_then(|a| a.first()).and_then(|a| a.address()).expect("has a Reply-To").to_owned()
}

#[test]
fn from_the_customers_first_word_to_the_closed_ticket() {
    let (dovecot, postfix) = (Dovecot::start(), Postfix::start());
    let scratch = tempfile::tempdir().expect("scratch folder");
    let config = configure(scratch.path(), &dovecot, &postfix);
    let old = from_outside(
        "Old <old@inbox.example>",
        "podpora@acme.example",
        "Last year",
        "old@inbox.example",
        "",
        "Old.\r\n",
    );
    dovecot.deliver_lmtp("podpora", &old);
    let desk = Desk::start(&config);
    eventually("the daemon watches", LONG, || desk.said("Watching").then_some(()));

    // The customer writes, and hears back at once; the agent is told.
    let customer = "Martin Kráľ <martin@inbox.example>"
        .replace("Kráľ", "=?utf-8?q?Kr=C3=A1=C4=BE?=")
        .replace("Martin ", "Martin_");
    let first = from_outside(
        &customer,
        "podpora@acme.example",
        "=?utf-8?q?Nejde_tla=C4=8Diare=C5=88?=",
        "m1@inbox.example",
        "",
        "Dobrý deň,\r\nod rána netlačíme.\r\n",
    );
    dovecot.deliver_lmtp("podpora", &first);
    let to_customer = to(&postfix, "martin@inbox.example", 0);
    let acknowledgement = parsed(&to_customer[0]);
    let number = 1001;
    assert_eq!(to_customer[0].return_path, "<>", "an acknowledgement has the null return path");
    assert_eq!(acknowledgement.header("Auto-Submitted").and_then(|h| h.as_text()), Some("auto-replied"));
    let subject = acknowledgement.subject().expect("has a subject");
    assert!(subject.contains(&format!("[ACME-{number}-")) && subject.contains("Nejde tlačiareň"), "{subject}");
    assert_eq!(acknowledgement.in_reply_to().as_text(), Some("m1@inbox.example"));
    let to_agent = to(&postfix, "jana@inbox.example", 0);
    let notification = parsed(&to_agent[0]);
    let told = notification.body_text(0).expect("has a text");
    assert!(told.contains("od rána netlačíme") && told.contains("martin@inbox.example"), "{told}");

    // The agent answers from her own mail client, quoting the notification.
    let quoted: String = told.lines().map(|line| format!("> {line}\r\n")).collect();
    let answer = from_outside(
        "Jana Novakova <jana@inbox.example>",
        &reply_to(&notification),
        "Re: whatever her client makes of it",
        "a1@inbox.example",
        &format!("In-Reply-To: <{0}>\r\nReferences: <{0}>\r\n", id(&notification)),
        &format!(
            "Dobrý deň, reštartujte ju, prosím.\r\n\r\n-- \r\nJana, súkromne 0900 000 000\r\n\r\nOn Mon, 16 Nov 2026 at 09:01, ACME podpora <podpora@acme.example> wrote:\r\n{quoted}"
        ),
    );
    dovecot.deliver_lmtp("podpora", &answer);
    let seen: Vec<Vec<u8>> = to_customer.iter().map(|m| m.bytes.clone()).collect();
    let to_customer = to(&postfix, "martin@inbox.example", 1);
    let relayed_mail = newest(&to_customer, &seen);
    let relayed = parsed(relayed_mail);
    let text = relayed.body_text(0).expect("has a text");
    assert!(text.contains("Dobrý deň, reštartujte ju, prosím.") && text.contains("ACME podpora"), "{text}");
    let whole = String::from_utf8_lossy(&relayed_mail.bytes).into_owned() + &text;
    for private in ["jana@inbox.example", "0900 000 000", "-=-=-=-", "a1@inbox.example", "od rána"] {
        assert!(!whole.contains(private), "{private:?} went to the customer:\n{whole}");
    }
    let from = relayed.from().and_then(|a| a.first()).and_then(|a| a.address());
    assert_eq!(from, Some("podpora@acme.example"));
    assert!(relayed.header("Auto-Submitted").is_none(), "an agent's words are no machine's");
    let references = relayed.references().as_text_list().map(|l| l.join(" ")).unwrap_or_default();
    assert!(references.contains("m1@inbox.example"), "the customer's thread goes on: {references}");

    // The customer answers; the agent gets it in her same thread.
    let again = from_outside(
        &customer,
        &reply_to(&relayed),
        "Re: Nejde",
        "m2@inbox.example",
        &format!("In-Reply-To: <{0}>\r\nReferences: <m1@inbox.example> <{0}>\r\n", id(&relayed)),
        "Už tlačí, ďakujem.\r\n",
    );
    dovecot.deliver_lmtp("podpora", &again);
    let seen: Vec<Vec<u8>> = to_agent.iter().map(|m| m.bytes.clone()).collect();
    let to_agent_now = to(&postfix, "jana@inbox.example", 1);
    let second = parsed(newest(&to_agent_now, &seen));
    assert!(second.body_text(0).expect("has a text").contains("Už tlačí, ďakujem."));
    assert_eq!(second.references().as_text(), notification.references().as_text(), "one thread at the agent's");

    // The agent closes the ticket with a word.
    let close = from_outside(
        "jana@inbox.example",
        &reply_to(&second),
        "Re: x",
        "a2@inbox.example",
        &format!("In-Reply-To: <{}>\r\n", id(&second)),
        "#close\r\n",
    );
    dovecot.deliver_lmtp("podpora", &close);
    let ticket = eventually("the ticket is closed", LONG, || {
        let ticket = desk.command(&["ticket", "show", "1001", "--json"]);
        (ticket["status"] == "closed").then_some(ticket)
    });
    assert_eq!(ticket["owner"], "jana");
    assert_eq!(ticket["verified"], true);
    assert!(ticket["firstRespondedAt"].is_string() && ticket["resolvedAt"].is_string());

    // What was taken in was moved, unread; what was there before the desk came was not touched.
    eventually("all is filed", LONG, || (dovecot.files("podpora", "Processed").len() == 4).then_some(()));
    // For a moment a moved file is seen in both folders.
    let left = eventually("the old mail stays", LONG, || {
        let left = dovecot.files("podpora", "INBOX");
        (left.len() == 1).then_some(left)
    });
    assert!(left[0].1.ends_with(b"Old.\r\n") || left[0].1.ends_with(b"Old.\n"), "it is the old mail that stays");
    for (name, _) in left.iter().chain(&dovecot.files("podpora", "Processed")) {
        let flags = name.split(":2,").nth(1).unwrap_or_default();
        assert!(!flags.contains('S'), "{name} was marked as read");
    }
    assert_eq!(to(&postfix, "martin@inbox.example", 1).len(), 2, "one acknowledgement and one answer, no more");
    assert!(!desk.log().contains("martin@"), "the log names a customer:\n{}", desk.log());
    desk.stop();
}

//! The real program on a desk of the test's own: its configuration, the daemon and what it logs, and commands beside it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::dovecot::{self, Dovecot};
use super::eventually;

/// For what the daemon does by itself.
pub const LONG: Duration = Duration::from_secs(30);

/// A configuration in a scratch folder.
pub struct Desk {
    folder: tempfile::TempDir,
    pub config: PathBuf,
}

impl Desk {
    /// Takes in `podpora`'s INBOX and sends to an SMTP server without TLS on this port of loopback.
    pub fn new(dovecot: &Dovecot, smtp: u16, archive: Option<&str>) -> Self {
        Self::with(smtp, "", &Self::mailbox("support", "podpora", dovecot, archive))
    }

    /// With these lines in `[desk]` and these mailboxes.
    pub fn with(smtp: u16, desk: &str, mailboxes: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let secret = folder.path().join("imap");
        std::fs::write(&secret, dovecot::PASSWORD).expect("is written");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("is made private");
        let text = format!(
            r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
language = "sk"
timezone = "Europe/Bratislava"
state = "state"
owner = "jana"
{desk}

[dns]
off = true

{mailboxes}

[outgoing.smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"

[[agent]]
name = "jana"
display = "Jana Nováková"
addresses = ["jana@inbox.example"]
language = "sk"
"#
        );
        let config = folder.path().join("config.toml");
        std::fs::write(&config, text).expect("is written");
        Desk { folder, config }
    }

    /// The configuration of a mailbox `name` that is fed from `user`'s INBOX.
    pub fn mailbox(name: &str, user: &str, dovecot: &Dovecot, archive: Option<&str>) -> String {
        let archive = archive.map(|folder| format!("archive = \"{folder}\"")).unwrap_or_default();
        format!(
            r#"
[[mailbox]]
name = "{name}"
address = "{user}@acme.example"
believe = ["mx.acme.example"]
plus = true
[mailbox.imap]
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "imap"
{archive}
"#,
            port = dovecot.imap,
        )
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn program(&self) -> Command {
        // Another build of the program may be put to the test.
        let named = std::env::var_os("POSTDESK_PROGRAM");
        let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_postdesk").into()));
        command.arg("--config").arg(&self.config);
        command
    }

    pub fn database(&self) -> PathBuf {
        let files = std::fs::read_dir(self.state()).expect("the state folder is there").flatten();
        let mut files = files.map(|entry| entry.path());
        files.find(|path| path.extension().is_some_and(|e| e == "db")).expect("there is a database")
    }

    /// Adds to the end of the configuration.
    pub fn append(&self, lines: &str) {
        let text = std::fs::read_to_string(&self.config).expect("is read") + lines;
        std::fs::write(&self.config, text).expect("is written");
    }

    /// Runs a command to its end, with these variables in its environment.
    pub fn run_in(&self, environment: &[(&str, String)], arguments: &[&str]) -> Output {
        let environment = environment.iter().map(|(name, value)| (name, value));
        self.program().envs(environment).args(arguments).output().expect("the program starts")
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.program().args(arguments).output().expect("the program starts")
    }

    /// Runs a command that has to succeed; its JSON Lines.
    pub fn json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        lines(&output)
    }

    /// Starts the daemon, with these variables in its environment.
    pub fn start(&self, environment: &[(&str, &str)]) -> Daemon {
        let mut child = self
            .program()
            .arg("run")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (errors, lines) = (child.stderr.take().expect("is piped"), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                lines.lock().expect("not poisoned").push(line);
            }
        });
        Daemon { child, log }
    }

    /// Starts the daemon and waits until it watches so many mailboxes.
    pub fn watch(&self, mailboxes: usize) -> Daemon {
        let daemon = self.start(&[]);
        eventually("the daemon watches", LONG, || (daemon.count("Watching") >= mailboxes).then_some(()));
        daemon
    }
}

/// Peak of a process's resident memory, in KB.
pub fn peak_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("is read");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("is told");
    line.trim().split(' ').next().and_then(|kb| kb.parse().ok()).expect("a number")
}

/// The JSON Lines that a command wrote.
pub fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
}

/// The running daemon. Killed when dropped.
pub struct Daemon {
    pub child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    pub fn said(&self, what: &str) -> bool {
        self.count(what) > 0
    }

    /// Lines of the log that have this in them.
    pub fn count(&self, what: &str) -> usize {
        self.log.lock().expect("not poisoned").iter().filter(|line| line.contains(what)).count()
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("not poisoned").join("\n")
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("can be killed");
        self.child.wait().expect("is waited for");
    }

    /// As the service manager stops it.
    pub fn stop(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let status = eventually("the daemon stops", LONG, || self.child.try_wait().expect("is waited for"));
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A mail by a customer, as the desk's mail server hands it on: it was authenticated there.
pub fn customers_mail(from: &str, subject: &str, id: &str, extra: &str, body: &str) -> Vec<u8> {
    let domain = from.rsplit('@').next().expect("an address");
    format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\r\n\
         Received: from mail.{domain} by mx.acme.example with ESMTPS; Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         From: {from}\r\nTo: podpora@acme.example\r\nSubject: {subject}\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         Message-ID: <{id}>\r\n{extra}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    )
    .into_bytes()
}

//! A private Dovecot on loopback: own configuration, own mail folders, free ports, gone when dropped.
//!
//! Runs as root (mail belongs to `nobody` then) and as any other user. Needs Debian's `dovecot-imapd` and
//! `dovecot-lmtpd`; without them the test fails and says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fs, io};

use super::free_port;

/// The password of every account.
pub const PASSWORD: &str = "heslo \"s\\ dĺžňom";

/// The accounts there are.
pub const USERS: [&str; 6] = ["desk", "podpora", "fakturacia", "jana", "marko", "eva"];

/// What a test may want otherwise than it is.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Replaces the capabilities that the server announces after the login.
    pub capabilities: Option<&'static str>,
    /// Lines for the end of the configuration.
    pub extra: &'static str,
    /// The last day (year, month, day) of the server's certificate; None: far away.
    pub certificate_until: Option<(i32, u8, u8)>,
}

pub struct Dovecot {
    dir: tempfile::TempDir,
    child: Child,
    /// Plain and STARTTLS.
    pub imap: u16,
    /// Implicit TLS.
    pub imaps: u16,
    pub lmtp: u16,
    /// `nobody` where the test runs as root.
    owner: Option<(u32, u32)>,
}

impl Dovecot {
    pub fn start() -> Self {
        Self::start_with(&Options::default())
    }

    pub fn start_with(options: &Options) -> Self {
        let program = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/usr/bin/dovecot"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("Dovecot is not installed: apt-get install dovecot-imapd dovecot-lmtpd");
        // Another process may take a port between the question and Dovecot's start.
        for _ in 0..5 {
            if let Some(server) = Self::try_start(program, options) {
                return server;
            }
        }
        panic!("Dovecot does not start");
    }

    fn try_start(program: &str, options: &Options) -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("desk-dovecot").tempdir().expect("a scratch folder");
        let root = dir.path();
        let (imap, imaps, lmtp) = (free_port(), free_port(), free_port());
        let owner = (fs::metadata("/proc/self").map(|m| m.uid()).unwrap_or(0) == 0).then_some((65534, 65534));
        // Dovecot's processes run as other users where root starts it.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("a readable scratch folder");
        fs::create_dir(root.join("mail")).expect("a mail folder");
        if let Some((uid, gid)) = owner {
            chown(root.join("mail"), Some(uid), Some(gid)).expect("the mail folder is nobody's");
        }
        certificate(root, options.certificate_until);
        let users: String = USERS.iter().map(|user| format!("{user}:{{PLAIN}}{PASSWORD}::::::\n")).collect();
        fs::write(root.join("users"), users).expect("a file");
        fs::write(root.join("dovecot.conf"), configuration(root, (imap, imaps, lmtp), owner, options)).expect("a file");
        let child = Command::new(program)
            .args(["-F", "-c"])
            .arg(root.join("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(root.join("stderr")).expect("a file"))
            .spawn()
            .expect("Dovecot can be run");
        let mut server = Dovecot { dir, child, imap, imaps, lmtp, owner };
        for _ in 0..500 {
            if server.greets() {
                return Some(server);
            }
            if let Ok(Some(_)) = server.child.try_wait() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = fs::read_to_string(server.dir.path().join("stderr")).unwrap_or_default();
        assert!(said.contains("already in use"), "Dovecot does not start: {said}\n{}", server.log());
        None
    }

    fn greets(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.imap)) else { return false };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut start = [0; 4];
        stream.read_exact(&mut start).is_ok() && &start == b"* OK"
    }

    /// The authority that signed the server's certificate, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Dovecot's own log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The Maildir of a folder on disk; `INBOX` or a name in modified UTF-7.
    pub fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let inbox = self.dir.path().join("mail").join(user);
        if folder == "INBOX" { inbox } else { inbox.join(format!(".{folder}")) }
    }

    /// Puts a mail into the INBOX's `new`, as a delivery agent does.
    pub fn deliver(&self, user: &str, raw: &[u8]) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let inbox = self.maildir(user, "INBOX");
        for folder in [&inbox, &inbox.join("tmp"), &inbox.join("new"), &inbox.join("cur")] {
            if fs::create_dir(folder).is_ok() {
                self.own(folder);
            }
        }
        // Names sort in the order of delivery, from which Dovecot makes the order of UIDs.
        let name = format!("{}.M{count:06}P{}.desk", 1_700_000_000 + count, std::process::id());
        let draft = inbox.join("tmp").join(&name);
        fs::write(&draft, raw).expect("the Maildir can be written");
        self.own(&draft);
        fs::rename(&draft, inbox.join("new").join(&name)).expect("the Maildir can be written");
    }

    fn own(&self, path: &Path) {
        if let Some((uid, gid)) = self.owner {
            chown(path, Some(uid), Some(gid)).expect("root may give files away");
        }
    }

    /// Delivers by LMTP (RFC 2033), as a mail server does. Dovecot adds a Received line.
    pub fn deliver_lmtp(&self, user: &str, raw: &[u8]) {
        let stream = TcpStream::connect(("127.0.0.1", self.lmtp)).expect("LMTP is up");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut stream = stream;
        let mut expect = |code: &str| loop {
            let mut line = String::new();
            answers.read_line(&mut line).expect("LMTP answers");
            assert!(line.starts_with(code), "LMTP says {line}");
            if line.as_bytes().get(3) != Some(&b'-') {
                return;
            }
        };
        expect("220");
        for (command, code) in [
            ("LHLO desk.example".to_owned(), "250"),
            ("MAIL FROM:<jana@firma.example>".to_owned(), "250"),
            (format!("RCPT TO:<{user}>"), "250"),
            ("DATA".to_owned(), "354"),
        ] {
            write!(stream, "{command}\r\n").expect("LMTP listens");
            expect(code);
        }
        let mut stuffed = Vec::new();
        for line in raw.split_inclusive(|b| *b == b'\n') {
            if line.starts_with(b".") {
                stuffed.push(b'.');
            }
            stuffed.extend_from_slice(line);
        }
        stuffed.extend_from_slice(if raw.ends_with(b"\n") { b".\r\n" } else { b"\r\n.\r\n" });
        stream.write_all(&stuffed).expect("LMTP listens");
        expect("250");
        let _ = stream.write_all(b"QUIT\r\n");
    }

    /// The files of a folder on disk, `new` and `cur`: (file name, content), in the order of names.
    pub fn files(&self, user: &str, folder: &str) -> Vec<(String, Vec<u8>)> {
        let maildir = self.maildir(user, folder);
        let mut files = Vec::new();
        for part in ["new", "cur"] {
            for entry in fs::read_dir(maildir.join(part)).into_iter().flatten().flatten() {
                let Ok(content) = fs::read(entry.path()) else { continue };
                files.push((entry.file_name().to_string_lossy().into_owned(), content));
            }
        }
        files.sort();
        files
    }

    /// A second client, for what people do to the folder meanwhile.
    pub fn client(&self, user: &str) -> Client {
        Client::log_in(self.imap, user)
    }

    /// Ends it as an operator does; clients get a BYE.
    pub fn stop(&mut self) {
        signal("TERM", &[self.child.id().to_string()]);
        for _ in 0..300 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Ends it without a word: the master and every process that it started.
    pub fn kill(&mut self) {
        signal("KILL", &self.processes());
        let _ = self.child.wait();
    }

    /// Stops it where it is: the kernel still takes connections for it.
    pub fn hang(&self) {
        signal("STOP", &self.processes());
    }

    pub fn wake(&self) {
        signal("CONT", &self.processes());
    }

    fn processes(&self) -> Vec<String> {
        let mut processes = children_of(self.child.id());
        processes.insert(0, self.child.id().to_string());
        processes
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // An orderly end takes a second, and nobody looks at these folders again.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

/// By the shell's own `kill`: a small system has no other.
fn signal(name: &str, processes: &[String]) {
    let _ = Command::new("sh")
        .args(["-c", "kill -\"$0\" \"$@\"", name])
        .args(processes)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

fn children_of(parent: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // `pid (name) state ppid …`; the name may have spaces and brackets in it.
        let ppid = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if ppid == Some(parent.to_string().as_str()) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

/// An authority and a certificate for `localhost` and 127.0.0.1, perhaps until a certain day (year, month, day).
pub fn certificate(root: &Path, until: Option<(i32, u8, u8)>) {
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("an authority");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, "Desk test authority");
    let ca_pem = ca.self_signed(&ca_key).expect("an authority").pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = rcgen::CertificateParams::new(names).expect("a certificate");
    if let Some((year, month, day)) = until {
        params.not_after = rcgen::date_time_ymd(year, month, day);
    }
    let cert = params.signed_by(&key, &issuer).expect("a certificate");
    fs::write(root.join("ca.pem"), ca_pem).expect("a file");
    fs::write(root.join("cert.pem"), cert.pem()).expect("a file");
    fs::write(root.join("key.pem"), key.serialize_pem()).expect("a file");
}

fn configuration(
    root: &Path,
    (imap, imaps, lmtp): (u16, u16, u16),
    owner: Option<(u32, u32)>,
    options: &Options,
) -> String {
    let word = |args: &[&str]| {
        let said = Command::new("id").args(args).output().expect("`id` can be run").stdout;
        String::from_utf8_lossy(&said).trim().to_owned()
    };
    // As root, Dovecot's own users do; else everything runs as whoever runs the test, and nothing can be jailed.
    let (users, mail_uid, mail_gid) = match owner {
        Some((uid, gid)) => (String::new(), uid.to_string(), gid.to_string()),
        None => {
            let (user, group) = (word(&["-un"]), word(&["-gn"]));
            let users = format!(
                "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
            );
            (users, word(&["-u"]), word(&["-g"]))
        }
    };
    let capabilities = options.capabilities.map(|list| format!("imap_capability = {list}\n")).unwrap_or_default();
    let root = root.display();
    format!(
        r#"base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap lmtp
listen = 127.0.0.1, 127.0.0.2
ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
{users}first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{root}/mail/%u
maildir_stat_dirs = yes
{capabilities}passdb {{
  driver = passwd-file
  args = scheme=PLAIN {root}/users
}}
userdb {{
  driver = static
  args = uid={mail_uid} gid={mail_gid} home={root}/mail/%u 
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
  # No growing pause after wrong passwords.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
{extra}
"#,
        extra = options.extra,
    )
}

/// A plain IMAP client of a few lines: one command, all lines up to the tagged answer. Not for reading mail.
pub struct Client {
    reader: BufReader<TcpStream>,
    tag: u32,
}

impl Client {
    fn log_in(port: u16, user: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("IMAP is up");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        let mut client = Client { reader: BufReader::new(stream), tag: 0 };
        client.line().expect("a greeting");
        client.command(&format!("LOGIN {user} \"{}\"", PASSWORD.replace('\\', "\\\\").replace('"', "\\\"")));
        client
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Runs a command that has to succeed.
    pub fn command(&mut self, command: &str) -> Vec<String> {
        self.tag += 1;
        let tag = format!("T{}", self.tag);
        write!(self.reader.get_mut(), "{tag} {command}\r\n").expect("IMAP listens");
        self.until(&tag, command)
    }

    /// Runs a command that the server may refuse; whether it did not.
    pub fn try_command(&mut self, command: &str) -> bool {
        self.tag += 1;
        let tag = format!("T{} ", self.tag);
        write!(self.reader.get_mut(), "{tag}{command}\r\n").expect("IMAP listens");
        loop {
            let line = self.line().expect("IMAP answers");
            assert!(!line.is_empty(), "IMAP hangs up after {command}");
            if let Some(done) = line.strip_prefix(&tag) {
                return done.starts_with("OK");
            }
        }
    }

    fn until(&mut self, tag: &str, command: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().expect("IMAP answers");
            assert!(!line.is_empty(), "IMAP hangs up after {command}: {lines:?}");
            if let Some(done) = line.strip_prefix(&format!("{tag} ")) {
                assert!(done.starts_with("OK"), "{command}: {done}");
                return lines;
            }
            lines.push(line);
        }
    }

    /// `date`: INTERNALDATE such as `02-Mar-2026 10:00:00 +0100`.
    pub fn append(&mut self, folder: &str, date: &str, raw: &[u8]) {
        self.tag += 1;
        let tag = format!("T{}", self.tag);
        write!(self.reader.get_mut(), "{tag} APPEND \"{folder}\" \"{date}\" {{{}}}\r\n", raw.len())
            .expect("IMAP listens");
        let line = self.line().expect("IMAP answers");
        assert!(line.starts_with('+'), "APPEND: {line}");
        self.reader.get_mut().write_all(raw).expect("IMAP listens");
        self.reader.get_mut().write_all(b"\r\n").expect("IMAP listens");
        self.until(&tag, "APPEND");
    }
}

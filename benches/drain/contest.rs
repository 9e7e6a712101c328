//! One turn of each contestant, from an empty state to all mails being where they belong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::generator::{ADDRESS, Corpus, PREFIX, SERVER};
use super::process::{self, LOOK, Usage};
use super::support::dovecot::{self, Dovecot};
use super::support::free_port;

/// The account whose INBOX is read.
pub const USER: &str = "desk";
/// It runs in the environment that the unit gives it.
const UNIT: &str = include_str!("../../systemd/postdesk.service");
/// After this a turn has failed.
const LONGEST: Duration = Duration::from_secs(900);

/// What a turn came to.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Until every mail was copied, or committed with its acknowledgement in the outbox.
    pub committed: Duration,
    /// Until the SMTP server had also accepted every acknowledgement; None where that is not asked for.
    pub accepted: Option<Duration>,
    /// Until it had accepted every notification too: two mails out for one in. CPU time and what was written are of all that.
    pub delivered: Option<Duration>,
    /// Up to the end of the turn.
    pub usage: Usage,
}

/// What every turn needs.
pub struct Arena<'a> {
    pub scratch: &'a Path,
    pub dovecot: &'a Dovecot,
    pub sink: Option<&'a Sink>,
    pub corpus: &'a Corpus,
    pub tls: bool,
    /// The line of the key file.
    pub key: &'a str,
}

/// Debian's smtp-sink: takes everything, keeps nothing.
pub struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    pub fn start() -> Self {
        let port = free_port();
        let child = Command::new("smtp-sink")
            .args(["-u", "nobody", &format!("127.0.0.1:{port}"), "128"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("smtp-sink can be run: apt-get install postfix");
        let sink = Sink { child, port };
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sink;
            }
            std::thread::sleep(LOOK);
        }
        panic!("smtp-sink does not start");
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Arena<'_> {
    /// `mbsync`, with fsync, into an empty Maildir.
    pub fn mbsync(&self) -> Turn {
        let near = self.empty("near");
        let (port, tls) = if self.tls { (self.dovecot.imaps, "IMAPS") } else { (self.dovecot.imap, "None") };
        let password = self.secret(self.scratch, "password", dovecot::PASSWORD);
        let text = format!(
            "FSync yes\n\nIMAPAccount desk\nHost localhost\nPort {port}\nUser {USER}\nPassCmd \"cat {password}\"\n\
             SSLType {tls}\nCertificateFile {ca}\nAuthMechs LOGIN\n\nIMAPStore far\nAccount desk\n\n\
             MaildirStore near\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n\
             Channel desk\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n",
            password = password.display(),
            ca = self.dovecot.ca_file().display(),
            near = near.display(),
        );
        let config = self.scratch.join("mbsyncrc");
        fs::write(&config, text).expect("written");
        settle_disk();
        let begin = Instant::now();
        let mut child = Command::new("mbsync")
            .arg("-c")
            .arg(&config)
            .args(["-q", "desk"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.scratch.join("mbsync.log")).expect("written"))
            .spawn()
            .expect("mbsync can be run: apt-get install isync");
        let (status, usage) = process::wait(&mut child, LONGEST);
        let committed = begin.elapsed();
        let log = || fs::read_to_string(self.scratch.join("mbsync.log")).unwrap_or_default();
        assert!(status.success(), "mbsync: {status}: {}", log());
        let copied: usize =
            ["new", "cur"].iter().map(|f| fs::read_dir(near.join("INBOX").join(f)).map_or(0, Iterator::count)).sum();
        assert_eq!(copied, self.corpus.mails.len(), "mbsync copied all: {}", log());
        Turn { committed, accepted: None, delivered: None, usage }
    }

    /// The daemon on the mailbox, from an empty state.
    pub fn run(&self) -> Turn {
        let (config, state) = self.desk();
        settle_disk();
        let begin = Instant::now();
        let mut child = self.postdesk(&config, &["run"]).spawn().expect("the program starts");
        let mails = self.corpus.mails.len();
        let all_in = format!(
            "(SELECT coalesce(max(id), 0) FROM ledger) >= {mails} AND NOT EXISTS (SELECT 1 FROM ledger WHERE fate IS NULL)"
        );
        let committed = self.until(&mut child, begin, &state, &all_in);
        let nothing_waits =
            |of: &str| format!("NOT EXISTS (SELECT 1 FROM outbox WHERE {WAITS} AND template LIKE '{of}%')");
        let gone =
            |child: &mut Child, of: &str| self.sink.map(|_| self.until(child, begin, &state, &nothing_waits(of)));
        let accepted = gone(&mut child, "acknowledgement");
        let delivered = gone(&mut child, "");
        let usage = process::usage(child.id()).expect("the daemon runs");
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        let (status, _) = process::wait(&mut child, LONGEST);
        assert!(status.success(), "the daemon: {status}\n{}", self.log());
        self.examine(&state);
        Turn { committed, accepted, delivered, usage }
    }

    /// `ingest` of the same mails in the server's own Maildir, from an empty state.
    pub fn ingest(&self) -> Turn {
        let (config, state) = self.desk();
        let maildir = self.dovecot.maildir(USER, "INBOX");
        settle_disk();
        let begin = Instant::now();
        let mut child = self
            .postdesk(&config, &["ingest", "--mailbox", "support"])
            .arg(&maildir)
            .spawn()
            .expect("the program starts");
        let (status, usage) = process::wait(&mut child, LONGEST);
        let committed = begin.elapsed();
        assert!(status.success(), "ingest: {status}\n{}", self.log());
        self.examine(&state);
        Turn { committed, accepted: None, delivered: None, usage }
    }

    fn postdesk(&self, config: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(super::common::program());
        let log = fs::File::create(self.scratch.join("postdesk.log")).expect("written");
        command.envs(UNIT.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('=')));
        command.arg("--config").arg(config).args(arguments).stdout(Stdio::null()).stderr(log);
        command
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.scratch.join("postdesk.log")).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }

    /// Looks into the database until this is true. Both conditions are found by an index that has what is still to be done:
    /// who looks on shares the two cores.
    fn until(&self, child: &mut Child, begin: Instant, state: &Path, condition: &str) -> Duration {
        let mut connection = None;
        loop {
            connection = connection.or_else(|| open(state));
            // The tables are not there yet in the first moments.
            let so = connection.as_ref().map(|c| c.query_row(&format!("SELECT {condition}"), [], |row| row.get(0)));
            if so.is_some_and(|so| so.unwrap_or(false)) {
                return begin.elapsed();
            }
            let ended = child.try_wait().expect("waited for");
            assert!(ended.is_none() && begin.elapsed() < LONGEST, "not all are there: {condition}\n{}", self.log());
            std::thread::sleep(LOOK);
        }
    }

    /// That the work was really done: figures of anything else are worth nothing.
    fn examine(&self, state: &Path) {
        let connection = open(state).expect("the database is there");
        let counts = |what: &str| count(&connection, what);
        assert_eq!(counts("ledger WHERE fate IN ('ticket', 'appended')"), self.corpus.mails.len(), "{}", self.log());
        assert_eq!(counts("ticket"), self.corpus.tickets);
        assert_eq!(counts("ticket WHERE verified = 1 AND owner IS NOT NULL"), self.corpus.tickets);
        assert_eq!(counts("outbox WHERE template = 'acknowledgement'"), self.corpus.tickets);
        assert_eq!(counts("outbox WHERE template LIKE 'notify-%'"), self.corpus.mails.len());
    }

    /// An empty desk with the key of the corpus: its configuration and its state folder.
    fn desk(&self) -> (PathBuf, PathBuf) {
        let home = self.empty("desk");
        let state = home.join("state");
        fs::create_dir(&state).expect("made");
        self.secret(&state, "key", self.key);
        let (port, tls) = if self.tls { (self.dovecot.imaps, "implicit") } else { (self.dovecot.imap, "none") };
        let password = self.secret(&home, "imap", dovecot::PASSWORD);
        // Without a sink the port is one where nobody listens.
        let smtp = self.sink.map_or_else(free_port, |s| s.port);
        let text = include_str!("desk.toml")
            .replace("@PREFIX@", PREFIX)
            .replace("@ADDRESS@", ADDRESS)
            .replace("@SERVER@", SERVER)
            .replace("@PORT@", &port.to_string())
            .replace("@TLS@", tls)
            .replace("@USER@", USER)
            .replace("@PASSWORD@", &password.display().to_string())
            .replace("@CA@", &self.dovecot.ca_file().display().to_string())
            .replace("@SMTP@", &smtp.to_string());
        let config = home.join("config.toml");
        fs::write(&config, text).expect("written");
        (config, state)
    }

    fn empty(&self, name: &str) -> PathBuf {
        let folder = self.scratch.join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("made");
        folder
    }

    fn secret(&self, folder: &Path, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("made private");
        path
    }
}

/// The states are those of the index `outbox_open`.
const WAITS: &str = "state IN ('waiting', 'deferred', 'failed', 'claimed', 'in-data', 'bounced')";

/// So that nobody pays for what another left in the caches.
fn settle_disk() {
    let _ = Command::new("sync").status();
}

fn open(state: &Path) -> Option<Connection> {
    let connection = Connection::open_with_flags(state.join("postdesk.db"), OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    connection.pragma_update(None, "query_only", true).ok()?;
    Some(connection)
}

fn count(connection: &Connection, what: &str) -> usize {
    let counted = connection.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get::<_, u32>(0));
    counted.expect("counted") as usize
}

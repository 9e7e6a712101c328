//! Desks of the benchmark, and what they are timed at: always the release build of the real program, as a process.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postdesk::model::token::{Key, KeyRing};

use super::generator::{self, ADDRESS, PREFIX, Profile, SERVER};

const SECRET: [u8; 32] = [7; 32];

/// Where the desks stand and the mails come from.
pub struct Scene<'a> {
    folder: &'a Path,
}

pub struct Desk {
    pub name: String,
    home: PathBuf,
}

/// What one run of a command cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub wall: Duration,
    /// In user space and in the kernel, of all threads.
    pub cpu: Duration,
}

impl<'a> Scene<'a> {
    pub fn new(folder: &'a Path) -> Self {
        Scene { folder }
    }

    /// A desk between two Maildirs, with nothing in it.
    pub fn desk(&self, name: &str) -> Desk {
        use std::os::unix::fs::PermissionsExt as _;
        let home = self.folder.join(name);
        for folder in ["state", "in/new", "in/cur", "in/tmp", "out/new", "out/cur", "out/tmp"] {
            fs::create_dir_all(home.join(folder)).expect("made");
        }
        let key = home.join("state/key");
        fs::write(&key, format!("1 {}\n", SECRET.map(|b| format!("{b:02x}")).concat())).expect("written");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("made private");
        let config = include_str!("desk.toml")
            .replace("@PREFIX@", PREFIX)
            .replace("@ADDRESS@", ADDRESS)
            .replace("@SERVER@", SERVER);
        fs::write(home.join("config.toml"), config).expect("written");
        Desk { name: name.to_owned(), home }
    }

    pub fn copy_of(&self, desk: &Desk, name: &str) -> Desk {
        let copy = self.desk(name);
        fs::copy(desk.database(), copy.database()).expect("copied");
        copy
    }

    /// A desk that was made before.
    pub fn there(&self, name: &str) -> Desk {
        Desk { name: name.to_owned(), home: self.folder.join(name) }
    }

    /// A folder of support mails, 40 % of them replies; other mails each time.
    pub fn mails(&self, count: usize) -> PathBuf {
        let seed = (0..).find(|n| !self.folder.join(format!("mails-{n}")).exists()).unwrap_or_default();
        let keys = KeyRing::new(vec![Key { id: '1', secret: SECRET }]).expect("one key");
        let corpus = generator::corpus(Profile::Support, count, 1000 + seed, |n| keys.subject_token(PREFIX, n));
        let folder = self.folder.join(format!("mails-{seed}"));
        for sub in ["new", "cur", "tmp"] {
            fs::create_dir_all(folder.join(sub)).expect("made");
        }
        for (n, mail) in corpus.mails.iter().enumerate() {
            fs::write(folder.join(format!("new/{n:06}.{seed}")), mail).expect("written");
        }
        let _ = Command::new("sync").status();
        folder
    }
}

impl Desk {
    pub fn database(&self) -> PathBuf {
        self.home.join("state/postdesk.db")
    }

    fn postdesk(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(super::common::program());
        command.arg("--config").arg(self.home.join("config.toml")).args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).env("POSTDESK_LOG", "error");
        command
    }

    /// `ingest` of a Maildir, to its end.
    pub fn ingest(&self, maildir: &Path) -> Cost {
        let path = maildir.display().to_string();
        self.cost(&["ingest".to_owned(), "--mailbox".to_owned(), "support".to_owned(), path])
    }

    fn cost(&self, arguments: &[String]) -> Cost {
        let (began, before) = (Instant::now(), children());
        let status = self.postdesk(arguments).status().expect("the program starts");
        assert!(status.success(), "{arguments:?}: {status}");
        Cost { wall: began.elapsed(), cpu: children() - before }
    }

    /// How long a command takes, as a process.
    pub fn command(&self, arguments: &[String]) -> Duration {
        self.cost(arguments).wall
    }

    /// From the start of the daemon's process to READY=1.
    pub fn ready(&self) -> Duration {
        let path = self.home.join("notify");
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).expect("bound");
        let began = Instant::now();
        let mut child = self
            .postdesk(&["run".to_owned()])
            .env("NOTIFY_SOCKET", &path)
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut buffer = [0; 4096];
        let took = loop {
            let length = socket.recv(&mut buffer).expect("a notice");
            if String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == "READY=1") {
                break began.elapsed();
            }
        };
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        child.wait().expect("ends");
        took
    }

    /// What is asked, so often, each time about another ticket, customer or word of the desk's.
    pub fn questions(&self, times: usize) -> Vec<(&'static str, Vec<Vec<String>>)> {
        let connection = rusqlite::Connection::open(self.database()).expect("opens");
        let numbers: (i64, i64) = connection
            .query_row("SELECT min(number), max(number) FROM ticket", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("reads");
        let step = (numbers.1 - numbers.0) / times as i64;
        let tickets: Vec<i64> = (0..times as i64).map(|n| numbers.0 + n * step).collect();
        let address = |number: &i64| -> String {
            let sql = "SELECT requester_email FROM ticket WHERE number >= ?1 LIMIT 1";
            connection.query_row(sql, [number], |row| row.get(0)).expect("reads")
        };
        let words = ["faktúra", "heslo", "tlačiareň", "invoice", "račun", "nefunguje prosím", "email ne dela"];
        let each = |ask: &dyn Fn(usize) -> Vec<String>| (0..times).map(ask).collect::<Vec<_>>();
        let said = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        vec![
            ("ticket show NUMBER", each(&|n| said(&["ticket", "show", &tickets[n].to_string()]))),
            ("ticket history NUMBER", each(&|n| said(&["ticket", "history", &tickets[n].to_string()]))),
            (
                "ticket list --owner jana --limit 50",
                each(&|_| said(&["ticket", "list", "--owner", "jana", "--limit", "50"])),
            ),
            (
                "ticket list --category billing --limit 50",
                each(&|_| said(&["ticket", "list", "--category", "billing", "--limit", "50"])),
            ),
            ("ticket list --all --limit 50", each(&|_| said(&["ticket", "list", "--all", "--limit", "50"]))),
            (
                "ticket list --status closed --limit 50",
                each(&|_| said(&["ticket", "list", "--status", "closed", "--limit", "50"])),
            ),
            (
                "ticket list --all --requester ADDRESS",
                each(&|n| said(&["ticket", "list", "--all", "--requester", &address(&tickets[n])])),
            ),
            (
                "ticket list --all --search ADDRESS",
                each(&|n| said(&["ticket", "list", "--all", "--limit", "50", "--search", &address(&tickets[n])])),
            ),
            (
                "ticket list --all --search WORD (in many)",
                each(&|n| said(&["ticket", "list", "--all", "--limit", "50", "--search", words[n % words.len()]])),
            ),
        ]
    }

    pub fn start_backup(&self) -> Backup {
        let file = self.home.join("copy.db");
        let _ = fs::remove_file(&file);
        let child =
            self.postdesk(&["backup".to_owned(), file.display().to_string()]).spawn().expect("the program starts");
        Backup { child, began: Instant::now(), file }
    }
}

pub struct Backup {
    child: Child,
    began: Instant,
    file: PathBuf,
}

impl Backup {
    pub fn is_running(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/stat", self.child.id())).is_ok_and(|stat| !stat.contains(") Z "))
    }

    /// When it was done, if that was later than now.
    pub fn wait(mut self) -> Duration {
        assert!(self.child.wait().expect("ends").success(), "the backup is made");
        let took = self.began.elapsed();
        let _ = fs::remove_file(&self.file);
        took
    }
}

/// CPU time of all children that have ended, as `/proc/self/stat` has it, in USER_HZ of 100 a second.
fn children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    // `cutime` and `cstime` are the 16th and 17th field; the list begins with the 3rd.
    let ticks = |n: usize| fields[n].parse::<u64>().expect("a number");
    Duration::from_millis((ticks(13) + ticks(14)) * 10)
}

/// Median, least and greatest.
pub fn spread(values: &[f64], unit: &str) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    format!("{:.2} {unit} ({:.2}–{:.2})", sorted[sorted.len() / 2], sorted[0], sorted[sorted.len() - 1])
}

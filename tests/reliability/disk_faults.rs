//! Each of the first writes and syncs of the database fails once (EIO, ENOSPC), in a run of the daemon of its own; all of
//! them fail for a while, as on a file system that is suddenly read-only. Nothing is lost, nothing is done twice, nobody is
//! blamed, and the desk goes on by itself.
//!
//! `POSTDESK_DISK_FAULTS` sets how many calls are tried (`scripts/fault-run` takes 200); without it some are, spread over
//! the first hundred.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::desk::LONG;
use crate::support::{eventually, shim};

const CONFIG: &str = r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
state = "state"
owner = "jana"
operator = "ops@inbox.example"
[dns]
off = true
[[mailbox]]
name = "support"
address = "podpora@acme.example"
start = "all"
believe = ["mx.acme.example"]
[mailbox.maildir]
path = "in"
archive = "done"
[outgoing.maildir]
path = "out"
[[agent]]
name = "jana"
display = "Jana"
addresses = ["jana@inbox.example"]
"#;

const MAILS: usize = 3;
/// Numbers of the system's errors (asm-generic/errno-base.h): they are an interface of the kernel's.
const ERRORS: [(&str, u32); 2] = [("EIO", 5), ("ENOSPC", 28)];
const EROFS: u32 = 30;

/// A desk between two Maildirs.
struct Stage {
    folder: tempfile::TempDir,
    mails: std::cell::Cell<usize>,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        std::fs::write(folder.path().join("config.toml"), CONFIG).expect("is written");
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(folder.path().join("in").join(part)).expect("is made");
        }
        Stage { folder, mails: std::cell::Cell::new(0) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put_mails(&self, count: usize) {
        for _ in 0..count {
            let n = self.mails.replace(self.mails.get() + 1);
            let (from, id) = (format!("c{n}@firma{n}.example"), format!("m{n}@inbox.example"));
            let mail = crate::support::desk::customers_mail(&from, &format!("Vec {n}"), &id, "", "Dobrý deň");
            std::fs::write(self.path(&format!("in/new/{n}")), mail).expect("is written");
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.args(["--config", "config.toml"]).current_dir(self.folder.path());
        command
    }

    fn start(&self, environment: &[(&str, String)]) -> Running {
        let log = self.path("log");
        let file = std::fs::File::options().append(true).create(true).open(&log).expect("opens");
        let mut command = self.command();
        command.arg("run").envs(environment.iter().map(|(k, v)| (k, v))).stderr(file).stdout(Stdio::null());
        Running { child: command.spawn().expect("the program starts"), log }
    }

    fn json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let output = self.command().args(arguments).output().expect("runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        crate::support::desk::lines(&output)
    }

    fn files(&self, folder: &str) -> usize {
        std::fs::read_dir(self.path(folder)).map_or(0, |entries| entries.flatten().count())
    }

    /// To whom each mail went that left.
    fn left(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.path("out/new")).into_iter().flatten().flatten();
        let to = |path: PathBuf| {
            let text = String::from_utf8_lossy(&std::fs::read(path).expect("is read")).into_owned();
            text.lines()
                .find_map(|line| line.strip_prefix("Delivered-To: ").map(str::to_owned))
                .expect("has an addressee")
        };
        files.map(|entry| to(entry.path())).collect()
    }

    /// All is taken in, filed and answered.
    fn is_done(&self) -> bool {
        let mails = self.mails.get();
        let told = || self.left().iter().filter(|to| to.as_str() == "jana@inbox.example").count();
        self.files("done/new") == mails && told() >= mails
    }

    /// What must hold whatever failed.
    fn judge(&self, about: &str) {
        let mails = self.mails.get();
        let database = rusqlite::Connection::open(self.path("state/postdesk.db")).expect("opens");
        let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("is read");
        assert_eq!(whole, "ok", "{about}");
        drop(database);
        assert_eq!(self.json(&["ticket", "list", "--all", "--json"]).len(), mails, "{about}: each mail is one ticket");
        assert!(self.json(&["quarantine", "list", "--json"]).is_empty(), "{about}: no mail is blamed");
        assert!(self.command().arg("audit").output().expect("runs").status.success(), "{about}: all is accounted for");
        let mut left = self.left();
        left.sort();
        let customers = left.iter().filter(|to| to.contains("@firma")).count();
        let mut each_once = left.clone();
        each_once.retain(|to| to.contains("@firma"));
        each_once.dedup();
        assert_eq!(each_once.len(), customers, "{about}: no acknowledgement goes twice: {left:?}");
        let states = self.json(&["outbox", "list", "--all", "--json"]);
        let lost = |row: &&serde_json::Value| {
            row["state"] == "sent" && !left.iter().any(|to| row["to"].to_string().contains(to.as_str()))
        };
        assert!(!states.iter().any(|row| lost(&row)), "{about}: what is said to have left did");
    }
}

struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("is waited for").is_none()
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        eventually("the daemon stops", LONG, || self.child.try_wait().expect("is waited for"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One run in which this call (or this sync) fails. Which it was, if there was one.
fn one_call_fails(number: usize, syncs: bool, (word, error): (&str, u32)) -> Option<String> {
    let stage = Stage::set();
    stage.put_mails(MAILS);
    let struck = stage.path("struck");
    let mut environment = vec![
        ("LD_PRELOAD", shim::disk_fault().display().to_string()),
        ("DISK_FAULT_AT", number.to_string()),
        ("DISK_FAULT_ERRNO", error.to_string()),
        ("DISK_FAULT_STRUCK", struck.display().to_string()),
    ];
    if syncs {
        environment.push(("DISK_FAULT_SYNCS", "1".to_owned()));
    }
    let about = format!("{word} at {} {number}", if syncs { "sync" } else { "call" });
    let mut daemon = stage.start(&environment);
    eventually(&format!("{about}: all is done"), LONG * 2, || {
        assert!(daemon.is_alive(), "{about}: the daemon ended: {}", daemon.log());
        stage.is_done().then_some(())
    });
    daemon.stop();
    stage.judge(&about);
    std::fs::read_to_string(&struck).ok().map(|call| call.trim().to_owned())
}

#[test]
fn each_of_the_first_writes_and_syncs_may_fail_once() {
    let all = std::env::var("POSTDESK_DISK_FAULTS").ok().and_then(|text| text.parse().ok());
    let places: Vec<(usize, bool)> = match all {
        Some(count) => (1..=count).map(|n| (n, false)).chain((1..=count / 4).map(|n| (n, true))).collect(),
        None => {
            let calls = [1, 17, 36, 53, 65, 78, 91, 103].map(|n| (n, false));
            calls.into_iter().chain([1, 2, 3, 5, 8, 12, 18, 22].map(|n| (n, true))).collect()
        }
    };
    let tries: Vec<_> = places.iter().flat_map(|place| ERRORS.map(|error| (*place, error))).collect();
    // Most of each is waiting.
    let lanes = 6;
    let results: Vec<Option<String>> = std::thread::scope(|scope| {
        let tries = &tries;
        let lane = |lane: usize| {
            move || {
                tries
                    .iter()
                    .skip(lane)
                    .step_by(lanes)
                    .map(|((n, syncs), error)| one_call_fails(*n, *syncs, *error))
                    .collect::<Vec<_>>()
            }
        };
        let threads: Vec<_> = (0..lanes).map(|n| scope.spawn(lane(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no fault")).collect::<Vec<Option<String>>>()
    });
    let mut struck = std::collections::BTreeMap::<String, usize>::new();
    for call in results.iter().flatten() {
        *struck.entry(call.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    println!(
        "database: {} runs, {} calls failed ({struck:?}): lost 0, doubled 0",
        tries.len(),
        results.iter().flatten().count()
    );
    assert!(results.iter().flatten().count() * 4 >= tries.len() * 3, "the faults strike: {struck:?}");
    assert!(struck.len() >= 2, "writes and syncs: {struck:?}");
}

#[test]
fn on_a_file_system_that_becomes_read_only_taking_in_stops_and_goes_on_by_itself() {
    let stage = Stage::set();
    let read_only = stage.path("read-only");
    let mut daemon = stage.start(&[
        ("LD_PRELOAD", shim::disk_fault().display().to_string()),
        ("DISK_FAULT_WHILE", read_only.display().to_string()),
        ("DISK_FAULT_ERRNO", EROFS.to_string()),
    ]);
    stage.put_mails(2);
    eventually("the first come in", LONG, || stage.is_done().then_some(()));
    std::fs::write(&read_only, "").expect("is made");
    stage.put_mails(2);
    eventually("it is noticed", LONG, || daemon.log().contains("The mailbox cannot be read").then_some(()));
    assert_eq!(stage.files("done/new"), 2, "nothing is moved that was not written");
    let told = || stage.left().iter().filter(|to| to.as_str() == "ops@inbox.example").count();
    eventually("the operator hears of it past the database", LONG * 3, || (told() == 1).then_some(()));
    assert!(daemon.log().contains("ERROR") && daemon.log().contains("trouble=\"database\""), "{}", daemon.log());
    std::fs::remove_file(&read_only).expect("is removed");
    eventually("the others come in", LONG * 2, || stage.is_done().then_some(()));
    assert!(daemon.is_alive());
    daemon.stop();
    stage.judge("read-only");
}

#[test]
fn a_database_that_cannot_be_written_at_the_start_is_waited_for() {
    let stage = Stage::set();
    stage.put_mails(1);
    let mut daemon = stage.start(&[]);
    eventually("the first comes in", LONG, || stage.is_done().then_some(()));
    daemon.stop();
    // Another program holds the database for good: it can be opened, and not written.
    let locker = rusqlite::Connection::open(stage.path("state/postdesk.db")).expect("opens");
    locker.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("is locked");
    stage.put_mails(1);
    let mut daemon = stage.start(&[]);
    eventually("it is told", LONG * 2, || daemon.log().contains("The database cannot be opened").then_some(()));
    assert!(daemon.is_alive(), "a service manager that only starts it again gives up: {}", daemon.log());
    drop(locker);
    eventually("it goes on", LONG * 2, || stage.is_done().then_some(()));
    daemon.stop();
    stage.judge("locked at the start");
}

fn overwrite(path: &Path, from: usize, bytes: usize) {
    let mut whole = std::fs::read(path).expect("is read");
    let end = (from + bytes).min(whole.len());
    whole[from..end].fill(0xA5);
    std::fs::write(path, whole).expect("is written");
}

#[test]
fn a_damaged_database_stops_the_desk_and_the_operator_hears_of_it_once() {
    let stage = Stage::set();
    stage.put_mails(3);
    let mut daemon = stage.start(&[]);
    eventually("they come in", LONG, || stage.is_done().then_some(()));
    daemon.stop();
    let database = stage.path("state/postdesk.db");
    let whole = std::fs::read(&database).expect("is read");
    overwrite(&database, 0, 4096);
    stage.put_mails(1);
    let told = || stage.left().iter().filter(|to| to.as_str() == "ops@inbox.example").count();
    for start in 1..=3 {
        let mut daemon = stage.start(&[]);
        let status = eventually("it ends", LONG, || daemon.child.try_wait().expect("is waited for"));
        assert_eq!(status.code(), Some(65), "start {start}: the unit does not start it again: {}", daemon.log());
        assert_eq!(told(), 1, "start {start}: the operator hears of it, past the database, once");
    }
    assert_eq!(stage.files("done/new"), 3, "nothing is moved");
    // The operator puts a copy back.
    std::fs::write(&database, whole).expect("is written");
    let mut daemon = stage.start(&[]);
    eventually("it goes on", LONG, || stage.is_done().then_some(()));
    daemon.stop();
    stage.judge("restored");
}

//! The daemon as a service manager sees it: ready once mail can be kept, pinging while every part lives, saying that it
//! stops, ending by itself and in good order. And what it does where its servers or its folder are not well.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CONFIG: &str = r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
state = "state"
owner = "jana"
[dns]
off = true
[[mailbox]]
name = "support"
address = "podpora@acme.example"
start = "all"
[mailbox.maildir]
path = "in"
[outgoing.maildir]
path = "out"
[[agent]]
name = "jana"
display = "Jana"
addresses = ["jana@acme.example"]
"#;

const MAIL: &str = "Received: from a by b; Mon, 16 Nov 2026 09:00:00 +0100\nFrom: jan@firma.example\nTo: podpora@acme.example\n\
                    Subject: Printer\nMessage-ID: <p1@firma.example>\n\nIt is on fire.\n";

struct Daemon(Child);

impl Daemon {
    fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.args(["--config", "config.toml", "run"]).current_dir(folder).stderr(Stdio::piped());
        Daemon(command.envs(environment.iter().copied()).spawn().expect("the program starts"))
    }

    fn terminate(&mut self) -> std::process::ExitStatus {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        self.ended()
    }

    fn ended(&mut self) -> std::process::ExitStatus {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.0.try_wait().expect("waited for") {
                return status;
            }
            assert!(Instant::now() < end, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn desk(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("scratch folder");
    std::fs::write(folder.path().join("config.toml"), config).expect("written");
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.path().join("in").join(part)).expect("made");
    }
    folder
}

/// Reads notices until one has this line; all that came are returned.
fn await_notice(socket: &UnixDatagram, line: &str) -> Vec<String> {
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).unwrap_or_else(|e| panic!("no {line} came ({e}): {seen:?}"));
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let found = text.lines().any(|l| l == line);
        seen.push(text);
        if found {
            return seen;
        }
    }
}

fn mails_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| entries.flatten().count())
}

fn await_mails(folder: &Path, count: usize) {
    let end = Instant::now() + Duration::from_secs(30);
    while mails_in(folder) < count {
        assert!(Instant::now() < end, "{} of {count} mails came", mails_in(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_service_manager_hears_ready_pings_and_stopping() {
    let folder = desk(CONFIG);
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    let notify = path.display().to_string();
    let mut daemon = Daemon::start(folder.path(), &[("NOTIFY_SOCKET", &notify), ("WATCHDOG_USEC", "1500000")]);
    await_notice(&socket, "READY=1");
    await_notice(&socket, "WATCHDOG=1");
    await_notice(&socket, "WATCHDOG=1");
    std::fs::write(folder.path().join("in/new/1"), MAIL).expect("written");
    await_mails(&folder.path().join("out/new"), 2);
    assert!(daemon.terminate().success());
    await_notice(&socket, "STOPPING=1");
}

#[test]
fn a_dead_server_is_no_reason_to_end() {
    // Nothing listens there: the port was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let outgoing = format!("[outgoing.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n");
    let config = CONFIG.replace("[outgoing.maildir]\npath = \"out\"\n", &outgoing);
    let folder = desk(&config);
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    let notify = path.display().to_string();
    std::fs::write(folder.path().join("in/new/1"), MAIL).expect("written");
    let mut daemon = Daemon::start(folder.path(), &[("NOTIFY_SOCKET", &notify)]);
    await_notice(&socket, "READY=1");
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let output = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .args(["--config", "config.toml", "outbox", "list", "--json"])
            .current_dir(folder.path())
            .output()
            .expect("runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.lines().any(|l| l.contains("\"deferred\"")) {
            break;
        }
        assert!(Instant::now() < end, "the mail is not deferred: {text}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(daemon.0.try_wait().expect("asked").is_none(), "the daemon goes on");
    assert!(daemon.terminate().success());
}

#[test]
fn a_second_daemon_on_the_same_desk_is_refused() {
    let folder = desk(CONFIG);
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    let notify = path.display().to_string();
    let _first = Daemon::start(folder.path(), &[("NOTIFY_SOCKET", &notify)]);
    await_notice(&socket, "READY=1");
    let mut second = Daemon::start(folder.path(), &[]);
    assert_eq!(second.ended().code(), Some(75));
}

#[test]
fn killed_and_started_again_it_takes_each_mail_once() {
    let folder = desk(CONFIG);
    let out = folder.path().join("out/new");
    for round in 1..=4 {
        let mut daemon = Daemon::start(folder.path(), &[]);
        let mail = MAIL.replace("p1@", &format!("p{round}@")).replace("Printer", &format!("Printer {round}"));
        std::fs::write(folder.path().join(format!("in/new/{round}")), mail).expect("written");
        // Two mails for the first ticket, and a notification for each later one: the budget of acknowledgements.
        await_mails(&out, 1 + round);
        let _ = daemon.0.kill();
        let _ = daemon.0.wait();
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(mails_in(&out), 5);
    assert_eq!(mails_in(&folder.path().join("in/new")), 4, "without an archive mail stays where it is");
}

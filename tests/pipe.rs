//! `ingest -` behind a real Postfix's pipe(8): whatever is wrong with the desk, no mail goes back to who wrote it; it waits and
//! is taken in once that is mended.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::postfix::Postfix;

/// virtual(8) and pipe(8) run as nobody.
const NOBODY: u32 = 65534;

const CONFIG: &str = r#"
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
[mailbox.maildir]
path = "in"
[outgoing.maildir]
path = "out"
[[agent]]
name = "jana"
display = "Jana Nováková"
addresses = ["jana@acme.example"]
"#;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("postdesk-pipe-").tempdir().expect("a folder");
        let desk = Desk { folder };
        fs::set_permissions(desk.path(""), fs::Permissions::from_mode(0o755)).expect("is opened");
        // The folder of the build may be closed to others.
        fs::copy(env!("CARGO_BIN_EXE_postdesk"), desk.path("postdesk")).expect("is copied");
        desk.configure(CONFIG);
        desk.own("", NOBODY);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, text: &str) {
        fs::write(self.path("config.toml"), text).expect("is written");
    }

    fn own(&self, name: &str, user: u32) {
        chown(self.path(name), Some(user), Some(user)).expect("is given away");
    }

    fn tickets(&self) -> usize {
        let output = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .args(["--config", "config.toml", "ticket", "list", "--json"])
            .current_dir(self.folder.path())
            .output()
            .expect("runs");
        String::from_utf8_lossy(&output.stdout).lines().count()
    }
}

fn postfix(desk: &Path) -> Postfix {
    Postfix::start_with(
        "transport_maps = inline:{ {acme.example=desk:} }\nvirtual_mailbox_domains =\nrelay_domains = acme.example\n\
         desk_destination_recipient_limit = 1\nqueue_run_delay = 1s\nminimal_backoff_time = 1s\nmaximal_backoff_time = 1s\n",
        &format!(
            "pickup unix n - n 60 1 pickup\nshowq unix n - n - - showq\nflush unix n - n 1000? 0 flush\ndesk unix - n n - 1 pipe flags=DRXhu user=nobody argv={0}/postdesk --config {0}/config.toml ingest --mailbox support -\n",
            desk.display()
        ),
    )
}

/// A customer's mail, by SMTP.
fn send(port: u16, number: usize) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).expect("connects");
    server.set_read_timeout(Some(Duration::from_secs(20))).expect("is set");
    let mut say = |text: String, code: &str| {
        server.write_all(text.as_bytes()).expect("is written");
        let mut reply = Vec::new();
        while !String::from_utf8_lossy(&reply)
            .lines()
            .any(|l| l.as_bytes().get(3) == Some(&b' ') && reply.ends_with(b"\n"))
        {
            let mut some = [0; 1024];
            let got = server.read(&mut some).expect("is answered");
            assert!(got > 0, "hung up");
            reply.extend_from_slice(&some[..got]);
        }
        let reply = String::from_utf8_lossy(&reply).into_owned();
        assert!(reply.starts_with(code), "{text:?}: {reply}");
    };
    say(String::new(), "220");
    for (text, code) in [
        ("EHLO mail.firma.example".to_owned(), "250"),
        (format!("MAIL FROM:<jan{number}@firma.example>"), "250"),
        ("RCPT TO:<podpora@acme.example>".to_owned(), "250"),
        ("DATA".to_owned(), "354"),
        (
            format!(
                "From: jan{number}@firma.example\r\nTo: podpora@acme.example\r\nSubject: Vec {number}\r\n\
                 Message-ID: <m{number}@firma.example>\r\n\r\nProsím o pomoc {number}.\r\n."
            ),
            "250",
        ),
        ("QUIT".to_owned(), "221"),
    ] {
        say(format!("{text}\r\n"), code);
    }
}

#[track_caller]
fn wait(postfix: &Postfix, what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "{what}\n{}", postfix.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn no_fault_of_the_desks_sends_a_mail_back() {
    let desk = Desk::new();
    let postfix = postfix(desk.folder.path());
    send(postfix.plain, 0);
    wait(&postfix, "the first mail is taken in", || desk.tickets() == 1);

    let state = desk.path("state");
    let closed = |mode| fs::set_permissions(&state, fs::Permissions::from_mode(mode)).expect("is set");
    let faults: [(&str, &dyn Fn()); 5] = [
        ("a slip in the configuration", &|| desk.configure(&CONFIG.replace("prefix", "prefiks"))),
        ("no configuration", &|| fs::remove_file(desk.path("config.toml")).expect("is removed")),
        ("another's state folder", &|| {
            desk.own("state", 0);
            closed(0o700);
        }),
        ("no such mailbox", &|| desk.configure(&CONFIG.replace("name = \"support\"", "name = \"other\""))),
        ("a damaged key", &|| fs::write(desk.path("state/key"), "1 xyz\n").expect("is written")),
    ];
    for (number, (fault, cause)) in faults.into_iter().enumerate() {
        let key = fs::read(desk.path("state/key")).expect("is read");
        cause();
        let deferred = || postfix.log().matches("status=deferred").count();
        let before = deferred();
        send(postfix.plain, number + 1);
        wait(&postfix, fault, || deferred() > before);
        // Mended: Postfix tries again by itself.
        desk.configure(CONFIG);
        desk.own("state", NOBODY);
        closed(0o700);
        fs::write(desk.path("state/key"), key).expect("is put back");
        wait(&postfix, fault, || {
            postfix.flush();
            std::thread::sleep(Duration::from_millis(500));
            desk.tickets() == number + 2
        });
    }
    let log = postfix.log();
    assert!(!log.contains("status=bounced") && !log.contains("sender non-delivery"), "{log}");
}

#[test]
fn what_was_wrong_is_said_with_the_code_that_has_a_mail_queued() {
    let desk = Desk::new();
    let ingest = |args: &[&str], input: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .args(["--config", "config.toml", "ingest"])
            .args(args)
            .current_dir(desk.folder.path())
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("starts");
        let _ = child.stdin.take().expect("is piped").write_all(input);
        let output = child.wait_with_output().expect("ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let mail = b"From: jan@firma.example\r\nSubject: x\r\n\r\nx\r\n";
    assert_eq!(ingest(&["-"], b"").0, Some(65), "there was no mail");
    assert_eq!(ingest(&["-"], mail).0, Some(0));
    assert_eq!(ingest(&["--mailbox", "nope", "-"], mail).0, Some(75));
    desk.configure(&CONFIG.replace("prefix", "prefiks"));
    let (code, said) = ingest(&["-"], mail);
    assert!(code == Some(75) && said.contains("prefiks"), "{code:?} {said}");
    let file = desk.path("mail.eml");
    fs::write(&file, mail).expect("is written");
    assert_eq!(ingest(&[&file.to_string_lossy()], b"").0, Some(78), "a person who names a file is told the cause");
}

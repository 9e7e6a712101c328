//! `check` and `init` as an operator meets them: the program is run, on real files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use postdesk::config;
use serde_json::Value;
use tempfile::TempDir;

const CONFIG: &str = r#"
[desk]
state = "state"

[texts]
folder = "texts"

[[mailbox]]
address = "help@acme.example"
believe = ["mx.acme.example"]
[mailbox.imap]
host = "imap.acme.example"
user = "help"
password_file = "imap"
ca_file = "ca.pem"

[outgoing.maildir]
path = "out"

[[agent]]
name = "jana"
addresses = ["jana@acme.example"]
"#;

struct Desk(TempDir);

impl Desk {
    /// The configuration above with everything that it names.
    fn new() -> Self {
        let desk = Desk(tempfile::tempdir().expect("scratch folder"));
        desk.write("config.toml", CONFIG, 0o600);
        desk.write("imap", "hunter2\n", 0o600);
        desk.write("ca.pem", "-----BEGIN CERTIFICATE-----\n", 0o644);
        fs::create_dir(desk.path("texts")).expect("made");
        desk.write("texts/sk.toml", "no-subject = \"(nič)\"\n", 0o644);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) {
        fs::write(self.path(name), text).expect("written");
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).expect("mode set");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.0.path(), &[&["--config", "config.toml"], arguments].concat(), &[])
    }

    /// Runs `check`, which must find one mistake, at this key, and say this.
    fn one_mistake(&self, key: &str, said: &str) {
        let output = self.run(&["check", "--json"]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(output.status.code(), Some(78), "{text}");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let [mistake, summary] = lines.as_slice() else { panic!("{text}") };
        assert_eq!(mistake["kind"], "error");
        assert_eq!(mistake["key"].as_str().unwrap_or_default(), key, "{text}");
        assert!(mistake["message"].as_str().is_some_and(|m| m.contains(said)), "{text}");
        assert_eq!((&summary["valid"], &summary["mistakes"]), (&Value::Bool(false), &Value::from(1)));
        assert!(!text.contains("hunter2"), "{text}");
    }
}

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("POSTDESK_CONFIG")
        .env_remove("CREDENTIALS_DIRECTORY")
        .envs(environment.iter().copied())
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn check_sums_up_a_valid_configuration_and_writes_nothing() {
    let desk = Desk::new();
    let output = desk.run(&["check"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    for part in
        ["help <help@acme.example>", "mx.acme.example", "agent jana", "sk: 1 of your own", "config.toml is valid"]
    {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert!(!desk.path("state").exists());
}

#[test]
fn check_prints_every_mistake_with_its_place() {
    let desk = Desk::new();
    desk.write("config.toml", CONFIG.replace("believe", "beleive").replace("[\"jana@", "[\"jana"), 0o600);
    let output = desk.run(&["check"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("--> config.toml:10:1") && said.contains("Did you mean `believe`?"), "{said}");
    assert!(said.contains("--> config.toml:22:14") && said.contains("config.toml: 2 mistakes"), "{said}");
}

#[test]
fn check_says_where_a_configuration_is_looked_for() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let output = run(folder.path(), &["--config", "none.toml", "check"], &[]);
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains("none.toml"), "{}", text(&output.stderr));
}

#[test]
fn files_that_the_configuration_names_are_looked_at() {
    let desk = Desk::new();
    desk.write("imap", "hunter2\n", 0o640);
    let output = desk.run(&["check"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "an open password file is a hint: {said}");
    assert!(
        said.contains("can be read by others") && said.contains("chmod 600") && !said.contains("hunter2"),
        "{said}"
    );
    desk.write("imap", "\n", 0o600);
    desk.one_mistake("mailbox.imap.password_file", "empty");
    fs::remove_file(desk.path("imap")).expect("removed");
    desk.one_mistake("mailbox.imap.password_file", "no file of this name");
    desk.write("imap", "hunter2\n", 0o600);

    desk.write("ca.pem", "no certificate", 0o644);
    desk.one_mistake("mailbox.imap.ca_file", "no certificate");
    desk.write("ca.pem", "-----BEGIN CERTIFICATE-----\n", 0o644);

    desk.write("texts/sk.toml", "greeting = hello\n", 0o644);
    desk.one_mistake("", "");
    desk.write("texts/sk.toml", "no-subjekt = \"x\"\n", 0o644);
    desk.one_mistake("", "no-subjekt");
    desk.write("texts/sk.toml", "notify-new = \"{{ nummer }}\"\n", 0o644);
    desk.one_mistake("", "nummer");
    desk.write("texts/sk.toml", "no-subject = \"x\"\n", 0o644);
    desk.write("texts/xx.toml", "", 0o644);
    desk.one_mistake("", "No language of the desk");
    fs::remove_file(desk.path("texts/xx.toml")).expect("removed");

    fs::create_dir(desk.path("state")).expect("made");
    desk.write("state/key", format!("1 {}\n", "ab".repeat(32)), 0o644);
    desk.one_mistake("", "forge tokens");
    fs::remove_file(desk.path("state/key")).expect("removed");

    desk.write("config.toml", CONFIG, 0o666);
    desk.one_mistake("", "Everybody can change");
    desk.write("config.toml", b"[desk]\nname = \"\xff\"\n", 0o600);
    desk.one_mistake("", "not UTF-8");
}

#[test]
fn a_password_is_a_systemd_credential_before_it_is_a_file() {
    let desk = Desk::new();
    fs::remove_file(desk.path("imap")).expect("removed");
    fs::create_dir(desk.path("credentials")).expect("made");
    // systemd's own are readable by an ACL that shows as rights of the group.
    desk.write("credentials/imap", "hunter2", 0o440);
    let credentials = desk.path("credentials");
    let credentials = [("CREDENTIALS_DIRECTORY", credentials.to_str().expect("UTF-8"))];
    let output = run(desk.0.path(), &["check"], &credentials);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_password_may_come_from_the_environment() {
    let desk = Desk::new();
    let with_env = CONFIG.replace("password_file = \"imap\"", "password_env = \"POSTDESK_TEST_PASSWORD\"");
    desk.write("config.toml", with_env, 0o600);
    desk.one_mistake("mailbox.imap.password_env", "not set");
    let output = run(desk.0.path(), &["check"], &[("POSTDESK_TEST_PASSWORD", "hunter2")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("hunter2"));
}

/// Commands that log in nowhere work for whoever may not read the passwords.
#[test]
fn only_who_logs_in_needs_the_passwords() {
    let desk = Desk::new();
    fs::remove_file(desk.path("imap")).expect("removed");
    let path = desk.path("config.toml");
    assert!(config::load(&path).is_ok());
    let mistakes = config::load_with_passwords(&path).expect_err("the password is missing");
    assert_eq!(mistakes[0].key, "mailbox.imap.password_file");
}

#[test]
fn keys_last_once_they_are_opened() {
    let desk = Desk::new();
    let path = desk.path("config.toml");
    let mut first = config::load(&path).expect("valid");
    let token = |config: &config::Config| config.policy.keys.subject_token("X", 1);
    let passing = token(&first);
    assert_ne!(passing, token(&config::load(&path).expect("valid")), "made up for each process: nobody can forge them");
    first.open_keys().expect("made");
    assert_eq!(token(&first), token(&config::load(&path).expect("valid")));
    assert_ne!(token(&first), passing);
}

const FLAGS: [&str; 9] = [
    "init",
    "--address",
    "help@acme.example",
    "--maildir",
    "in",
    "--outgoing-maildir",
    "out",
    "--agent",
    "jana=jana@acme.example",
];

#[test]
fn init_writes_a_private_configuration_that_check_likes_and_never_over_another() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let path = folder.path().join("config.toml");
    let output = run(folder.path(), &FLAGS, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("config.toml is valid"));
    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);

    fs::write(&path, "mine").expect("written");
    assert_eq!(run(folder.path(), &FLAGS, &[]).status.code(), Some(73));
    assert_eq!(fs::read_to_string(&path).expect("is there"), "mine");

    let forced = [&FLAGS[..], &["--force", "--name", "A \"quoted\" desk"]].concat();
    assert_eq!(run(folder.path(), &forced, &[]).status.code(), Some(0));
    assert_eq!(config::load(&path).expect("valid").policy.desk.name, "A \"quoted\" desk");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("reads").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["config.toml"], "nothing else stays behind");
}

#[test]
fn init_says_what_is_missing_or_wrong_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let output = run(folder.path(), &["init", "--name", "x"], &[]);
    assert_eq!(output.status.code(), Some(64));
    let said = text(&output.stderr);
    assert!(["--address", "--imap-host", "--smtp-host", "--agent"].iter().all(|flag| said.contains(flag)), "{said}");
    let output = run(folder.path(), &[&FLAGS[..], &["--language", "klingon"]].concat(), &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("desk.language"), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).expect("reads").count(), 0);
}

#[test]
fn every_flag_of_init_reaches_the_configuration() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let flags = [
        ["--name", "ACME podpora"],
        ["--prefix", "ACM"],
        ["--domain", "desk.acme.example"],
        ["--language", "sk"],
        ["--timezone", "Europe/Bratislava"],
        ["--state", "/srv/desk"],
        ["--operator", "root@acme.example"],
        ["--address", "help@acme.example"],
        ["--mailbox", "support"],
        ["--start", "2026-01-01"],
        ["--believe", "mx.acme.example"],
        ["--imap-host", "imap.acme.example"],
        ["--imap-port", "1993"],
        ["--imap-tls", "starttls"],
        ["--imap-user", "reader"],
        ["--imap-password-file", "/run/credentials/x/imap"],
        ["--archive", "Done"],
        ["--smtp-host", "smtp.acme.example"],
        ["--smtp-port", "1465"],
        ["--smtp-tls", "implicit"],
        ["--smtp-user", "sender"],
        ["--smtp-password-file", "/run/credentials/x/smtp"],
        ["--agent", "jana=jana@acme.example"],
        ["--agent", "peter=peter@acme.example"],
    ];
    let arguments = [&["init", "--observe"][..], flags.as_flattened()].concat();
    let output = run(folder.path(), &arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = fs::read_to_string(folder.path().join("config.toml")).expect("is there");
    for [flag, value] in flags {
        let parts: Vec<&str> = value.split('=').collect();
        assert!(parts.iter().all(|part| written.contains(part)), "{flag} is not in {written}");
    }
    assert!(written.contains("observe = true"));
    assert!(text(&output.stdout).contains("This credential is not there now"), "a hint, as no service runs");
}

#[test]
fn init_prints_the_example() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let output = run(folder.path(), &["init", "--example"], &[]);
    assert_eq!(text(&output.stdout), config::EXAMPLE);
}

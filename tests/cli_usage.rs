//! How the program answers to being used wrongly: on standard error, with the exit code of sysexits(3), changing nothing.

use std::process::{Command, Output};

fn postdesk(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .args(args)
        .env_remove("POSTDESK_CONFIG")
        .env_remove("POSTDESK_AGENT")
        .output()
        .expect("the program starts")
}

#[track_caller]
fn refused(args: &[&str], code: i32, part: &str) {
    let output = postdesk(args);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(part), "{args:?}: {part:?} is missing in\n{text}");
    assert!(output.stdout.is_empty(), "{args:?} wrote to standard output");
}

#[test]
fn words_that_are_not_known_are_named_with_those_that_are() {
    refused(&["ticket", "list", "--status", "opne"], 64, "new, open, waiting, snoozed, resolved, closed, merged");
    refused(&["ticket", "list", "--priority", "asap"], 64, "low, normal, high, urgent");
    refused(&["ticket", "list", "--owner", "jana", "--unassigned"], 64, "cannot be used with");
    refused(&["ticket", "show", "ten"], 64, "1042");
    refused(&["ticket", "reply", "1001", "-m", "a", "-F", "b"], 64, "cannot be used with");
    refused(&["outbox", "retry", "some"], 64, "\"all\"");
    refused(&["quarantine", "drop"], 64, "<ID>");
    refused(&["contact", "import"], 64, "<FILE>");
    refused(&["tickets"], 64, "ticket");
}

#[test]
fn help_is_no_error() {
    for family in ["ticket", "contact", "outbox", "quarantine"] {
        let output = postdesk(&[family, "--help"]);
        assert!(output.status.success());
        assert!(output.stderr.is_empty());
        assert!(String::from_utf8_lossy(&output.stdout).contains("list"), "{family}");
    }
}

/// Nothing is wrong with the configuration then: 73 and 77 tell a script so, 78 would not.
#[test]
fn a_state_folder_that_cannot_be_made_or_read_is_no_mistake_in_the_configuration() {
    let scratch = tempfile::tempdir().expect("scratch folder");
    let config = scratch.path().join("config.toml");
    let text = "[desk]\nstate = \"/proc/none/state\"\n[[mailbox]]\naddress = \"podpora@acme.example\"\n[mailbox.maildir]\n\
                path = \"in\"\n[outgoing.maildir]\npath = \"out\"\n[[agent]]\nname = \"jana\"\naddresses = [\"jana@acme.example\"]\n";
    std::fs::write(&config, text).expect("is written");
    let config = config.to_str().expect("is UTF-8");
    refused(&["--config", config, "ingest", "mail.eml"], 73, "/proc/none/state");
    let forbidden = postdesk::config::Mistake::about(std::path::Path::new("x"), "m", None);
    assert!(forbidden.clone().because_of(std::io::ErrorKind::PermissionDenied).forbidden);
    assert!(!forbidden.because_of(std::io::ErrorKind::NotFound).forbidden);
}

//! The systemd unit stays hardened, and says what the program needs.

use std::path::Path;
use std::process::Command;

/// Exposure by `systemd-analyze security`, from 0.0 (nothing) to 10.0.
const EXPOSURE_MAX: f64 = 1.5;

fn unit() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/postdesk.service")).expect("readable")
}

/// What systemd-analyze says of a unit's text: its verdict line.
fn exposure(text: &str) -> f64 {
    let folder = tempfile::tempdir().expect("scratch folder");
    let path = folder.path().join("postdesk.service");
    std::fs::write(&path, text).expect("written");
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(&path)
        .output()
        .expect("systemd-analyze runs (Debian: package systemd; scripts/test installs it)");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdict = said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| {
        panic!("no verdict: {said}{}", String::from_utf8_lossy(&output.stderr));
    });
    let figure = verdict.rsplit(": ").next().and_then(|rest| rest.split_whitespace().next()).expect("a figure");
    figure.parse().expect("a number")
}

#[test]
fn the_unit_is_hardened() {
    let exposure = exposure(&unit());
    assert!(exposure <= EXPOSURE_MAX, "exposure {exposure}, at most {EXPOSURE_MAX}");
}

#[test]
fn the_measure_notices_what_is_taken_away() {
    let weaker =
        unit().replace("\nCapabilityBoundingSet=\n", "\n").replace("\nSystemCallFilter", "\n#SystemCallFilter");
    assert!(exposure(&weaker) > EXPOSURE_MAX);
}

#[test]
fn the_unit_says_what_the_daemon_does() {
    let unit = unit();
    let has = |line: &str| unit.lines().any(|l| l == line);
    assert!(has("Type=notify") && has("NotifyAccess=main"), "the daemon says READY=1");
    assert!(unit.lines().any(|l| l.starts_with("WatchdogSec=")), "the daemon pings");
    assert!(has("RestartPreventExitStatus=65 78"), "what a start does not mend is not started again and again");
    assert!(has("StateDirectory=postdesk"), "the default of desk.state is /var/lib/postdesk");
    assert!(has("#LoadCredential=imap:/etc/postdesk/imap"), "the example's password_file = \"imap\"");
}

/// What `systemd-analyze verify` says against the directives of a unit's text.
fn complaints(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("scratch folder");
    let path = folder.path().join("postdesk.service");
    // The program is not installed where the tests run.
    std::fs::write(&path, text.replace("/usr/local/bin/postdesk ", "/bin/true ")).expect("written");
    let output = Command::new("systemd-analyze").arg("verify").arg(&path).output().expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let words = ["Unknown", "Failed to parse", "ignoring", "invalid"];
    let about = |line: &&str| line.contains("postdesk.service") && words.iter().any(|word| line.contains(word));
    said.lines().filter(about).map(str::to_owned).collect()
}

/// Directives that systemd does not know are ignored with a warning; a typing mistake must not pass for hardening.
#[test]
fn systemd_knows_every_directive() {
    assert_eq!(complaints(&unit()), [""; 0]);
    assert_eq!(complaints(&unit().replace("\nPrivateTmp=", "\nPrivatTmp=")).len(), 1, "a slip is noticed");
}

//! Small libraries in C that stand between a program and the system, compiled when they are first needed: one makes the
//! database's writes fail or counts them, one moves the clock on the wall.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// `tests/support/disk_fault.c`.
pub fn disk_fault() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &LIBRARY.get_or_init(|| compiled("disk_fault")).1
}

fn moved_clock() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &LIBRARY.get_or_init(|| compiled("moved_clock")).1
}

fn compiled(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let library = folder.path().join(name).with_extension("so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name).with_extension("c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .output()
        .expect("there is a C compiler (Debian: gcc; scripts/test installs it)");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    (folder, library)
}

/// A clock on the wall that a test sets, for the program that gets its environment.
pub struct MovedClock {
    file: tempfile::NamedTempFile,
}

impl MovedClock {
    /// As far from the true time as said: `+0`, `-1h`, `+3650d`; or, where it begins with a digit, a moment in UTC at
    /// which it is now: `2026-11-30T05:59:50Z`.
    pub fn at(moment: &str) -> Self {
        let clock = MovedClock { file: tempfile::NamedTempFile::new().expect("a scratch file") };
        clock.set(moment);
        clock
    }

    pub fn set(&self, moment: &str) {
        let seconds = match moment.strip_prefix(['+', '-']) {
            Some(by) => {
                let number = |unit: char, seconds: i64| Some(by.strip_suffix(unit)?.parse::<i64>().ok()? * seconds);
                let seconds = number('h', 3_600).or_else(|| number('d', 86_400)).or_else(|| by.parse().ok());
                seconds.expect("a span of time") * if moment.starts_with('-') { -1 } else { 1 }
            }
            None => {
                let at: jiff::Timestamp = moment.parse().expect("a moment");
                at.as_second() - jiff::Timestamp::now().as_second()
            }
        };
        // Eight bytes in one write: the program reads them at any time.
        let mut file = std::fs::File::options().write(true).open(self.file.path()).expect("opens");
        file.write_all(&seconds.to_ne_bytes()).expect("is written");
    }

    pub fn environment(&self) -> [(&'static str, String); 2] {
        let path = |path: &Path| path.display().to_string();
        [("LD_PRELOAD", path(moved_clock())), ("MOVED_CLOCK_FILE", path(self.file.path()))]
    }
}

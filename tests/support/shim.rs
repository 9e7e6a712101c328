//! Libraries that stand between the program and the system: one of our own, compiled here, that makes the database's writes
//! fail; Debian's libfaketime, that moves the clock.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// `disk_fault.c`, compiled once for each test process.
pub fn disk_fault() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let made = || {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let library = folder.path().join("disk_fault.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/disk_fault.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("there is a C compiler (Debian: gcc; scripts/test installs it)");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        (folder, library)
    };
    &LIBRARY.get_or_init(made).1
}

/// A clock on the wall that a test sets. The machine's own clock, by which waits are measured, goes on as it is: that is how
/// it is where an administrator or NTP sets the time.
pub struct MovedClock {
    folder: tempfile::TempDir,
}

impl MovedClock {
    /// Begins at this moment: `+0`, `-1h`, `+3650d`, `@2026-11-30 05:59:50` (UTC). See faketime(1).
    pub fn at(moment: &str) -> Self {
        let clock = MovedClock { folder: tempfile::tempdir().expect("a scratch folder") };
        clock.set(moment);
        clock
    }

    pub fn set(&self, moment: &str) {
        // In one step: the library may read it at any time.
        let (file, draft) = (self.file(), self.folder.path().join("draft"));
        std::fs::write(&draft, format!("{moment}\n")).expect("is written");
        std::fs::rename(draft, file).expect("is put in place");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("moment")
    }

    /// For the environment of the program whose clock it is.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", faketime().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
            ("TZ", "UTC".to_owned()),
        ]
    }
}

/// Debian's library, for programs with threads.
fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("is there").flatten().map(|entry| entry.path());
    folders
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("libfaketime is missing: apt-get install faketime (scripts/test does)")
}

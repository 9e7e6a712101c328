//! Floor 2: the operator's TOML file → a checked [`Policy`] and the settings of each connection.
//!
//! [`mod@file`] is the file key for key, [`read`] finds the mistakes of form, [`people`], [`rules`] and [`connections`] those
//! of meaning; all mistakes come back at once.

mod accounts;
mod articles;
mod connections;
mod digest;
pub mod drill;
mod duty;
pub mod file;
mod folder;
mod holidays;
pub mod keys;
mod keys_of;
mod mistake;
mod notes;
mod people;
pub mod private;
mod promises;
mod read;
pub mod rotate;
mod rules;
mod secret;
mod servers;
mod settings;
mod templates;
mod texts;
pub mod tls;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::Policy;

pub use keys::KeyError;
pub use mistake::Mistake;
pub use secret::{Secret, SecretError, SecretSource};
pub use settings::{
    Dns, Imap, Limits, Log, LogFormat, LogLevel, Login, MailboxSource, Maildir, Outgoing, OutgoingVia, Server, Smtp,
    Source, Tls,
};

/// The commented example: every setting there is.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Largest configuration file that is read, in bytes.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// The configuration, checked: every name in it resolves.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Its keys are those of the state folder where there are some already. Where there are none yet they are made up
    /// for this process only: nobody can forge them, and nothing was written. [`Config::open_keys`] makes them last.
    pub policy: Policy,
    /// Where the mails of each mailbox come from, in the order of `policy.mailboxes`.
    pub mailboxes: Vec<MailboxSource>,
    pub outgoing: Outgoing,
    pub dns: Dns,
    /// Folder of the database and the key.
    pub state: PathBuf,
    pub limits: Limits,
    pub log: Log,
    /// What an operator should know about this configuration, though it is no mistake.
    pub hints: Vec<Mistake>,
}

/// Which of the files that the configuration names are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFiles {
    None,
    /// Certificates, texts, the key. Most commands need no password, and may run where none can be read.
    ButPasswords,
    All,
}

/// Reads and checks a configuration, and the files that it names but passwords; writes nothing. All mistakes come at
/// once, in the order of the file.
pub fn load(path: &Path) -> Result<Config, Vec<Mistake>> {
    read_file(path, CheckFiles::ButPasswords)
}

/// As [`load`], and looks whether every password is there: for whoever is going to log in, and for `check`.
pub fn load_with_passwords(path: &Path) -> Result<Config, Vec<Mistake>> {
    read_file(path, CheckFiles::All)
}

fn read_file(path: &Path, files: CheckFiles) -> Result<Config, Vec<Mistake>> {
    let unreadable = |error: std::io::Error| {
        let hint = "Name the file with --config or $POSTDESK_CONFIG; `postdesk init` writes one";
        let mistake = Mistake::about(path, format!("The configuration cannot be read: {error}"), Some(hint.to_owned()));
        vec![mistake.because_of(error.kind())]
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & 0o002 != 0 {
        // `password_command` names a program that the desk runs.
        let hint = Some(format!("chmod o-w {}", path.display()));
        let message = format!("Everybody can change the configuration (mode {mode:03o})");
        return Err(vec![Mistake::about(path, message, hint)]);
    }
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, FILE_MAX + 1), &mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(vec![Mistake::about(path, "The configuration is larger than 4 MiB", None)]);
    }
    match String::from_utf8(bytes) {
        Ok(text) => parse(path, &text, files),
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            let hint = Some("Save it as UTF-8".to_owned());
            let mut mistake = Mistake::about(path, "The configuration is not UTF-8", hint);
            (mistake.line, mistake.column) = (line, 1);
            Err(vec![mistake])
        }
    }
}

/// [`load`] of a text that was read already; `path` says what relative paths in it are relative to.
pub fn parse(path: &Path, text: &str, files: CheckFiles) -> Result<Config, Vec<Mistake>> {
    let mut notes = notes::Notes::new(path, text, files);
    let config = read::read(&mut notes).and_then(|file| settings::settle(file, &mut notes));
    let mut mistakes = notes.mistakes;
    if config.is_none() && mistakes.is_empty() {
        // Nothing must fail without a word, whatever the check forgot.
        mistakes.push(Mistake::about(path, "The configuration cannot be used", None));
    }
    mistakes.sort_by_key(|m| (m.line, m.column));
    match config {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => Err(mistakes),
    }
}

impl Config {
    /// Makes the state folder (mode 0700) and the key in it (0600) where they are missing, and takes the keys for the
    /// policy. To be called once by whatever writes mail or tickets.
    pub fn open_keys(&mut self) -> Result<(), KeyError> {
        self.policy.keys = keys::load_or_create(&self.state)?;
        Ok(())
    }

    /// The file with the keys, where there is one, and whether it is a credential: that is written anew whenever the service
    /// starts.
    pub fn key_file(&self) -> Option<(PathBuf, bool)> {
        keys::file(&self.state)
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.state.join("postdesk.db")
    }

    /// The source of a mailbox, by name.
    pub fn source(&self, mailbox: &str) -> Option<&MailboxSource> {
        self.mailboxes.iter().find(|m| m.mailbox == mailbox)
    }
}

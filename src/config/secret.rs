//! Passwords: named in the file, kept elsewhere, fetched when they are needed, never printed.

use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Longest secret that is read.
const SECRET_MAX: u64 = 64 * 1024;
/// How long a `password_command` may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(30);

/// A password. Neither Debug nor Display shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The password itself, for the login.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a password is kept. It is read anew for each login, so that a changed one needs no restart.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The first line of a file: an absolute path, or one that the configuration named relative to itself.
    File(PathBuf),
    /// The name of a systemd credential (systemd.exec(5), "LoadCredential="), else a file at the path beside it.
    Credential(String, PathBuf),
    /// The name of an environment variable.
    Env(String),
    /// A program and its arguments; no shell. The first line of its output.
    Command(Vec<String>),
}

// What stands in the configuration may be a password that somebody wrote into the wrong place.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecretSource::File(_) => "File(…)",
            SecretSource::Credential(..) => "Credential(…)",
            SecretSource::Env(_) => "Env(…)",
            SecretSource::Command(_) => "Command(…)",
        })
    }
}

/// Why a password cannot be had. Never says anything of the password, nor of a value that may be one.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("The password file{0} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    #[error("The password file{0} can be read by others (mode {1:03o}); make it private: chmod 600")]
    Open(String, u32),
    #[error("The password is empty")]
    Empty,
    #[error("The password is not UTF-8 text, or is longer than 64 KiB")]
    NotText,
    #[error("The environment variable of `password_env` is not set")]
    NoVariable,
    #[error("The password command cannot be started: {0}")]
    Start(std::io::Error),
    #[error("The password command failed{0}")]
    Failed(String),
}

impl SecretSource {
    /// Reads the password. Blocks: for a command up to 30 seconds.
    pub fn load(&self) -> Result<Secret, SecretError> {
        match self {
            SecretSource::File(path) => from_file(path),
            SecretSource::Credential(name, beside) => from_file(&credential(name).unwrap_or_else(|| beside.clone())),
            SecretSource::Env(name) => first_line(&std::env::var(name).map_err(|_| SecretError::NoVariable)?),
            SecretSource::Command(words) => from_command(words),
        }
    }

    /// Whether the password could be had, as far as that shows without running anything, and whether it is private. An
    /// open file serves all the same ([`SecretSource::load`]): a desk that stands still protects nobody.
    pub fn check(&self) -> Result<(), SecretError> {
        let path = match self {
            SecretSource::Command(_) => return Ok(()),
            SecretSource::Env(_) => None,
            SecretSource::File(path) => Some(path.clone()),
            SecretSource::Credential(name, beside) => Some(credential(name).unwrap_or_else(|| beside.clone())),
        };
        self.load()?;
        path.map_or(Ok(()), |path| private(&path))
    }
}

/// The file of a systemd credential, where the service manager gave one of this name.
pub fn credential(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?);
    // A name, not a path: "../x" must not lead elsewhere.
    let plain = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    Some(folder.join(name)).filter(|path| plain && path.exists())
}

/// systemd keeps credentials to the service alone by other means than the mode (an ACL shows as group rights).
pub fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder))
        || path.starts_with("/run/credentials")
}

fn from_file(path: &Path) -> Result<Secret, SecretError> {
    // A password written in place of a file's name must not be repeated; a path with a root is hardly one.
    let name = if path.is_absolute() && path.exists() { format!(" {}", path.display()) } else { String::new() };
    let file = std::fs::File::open(path).map_err(|e| SecretError::Unreadable(name.clone(), e))?;
    let mut bytes = Vec::new();
    file.take(SECRET_MAX + 1).read_to_end(&mut bytes).map_err(|e| SecretError::Unreadable(name, e))?;
    from_bytes(&bytes)
}

/// Nobody but its owner can read the file, or the service manager sees to that.
fn private(path: &Path) -> Result<(), SecretError> {
    let named = || format!(" {}", path.display());
    let metadata = std::fs::metadata(path).map_err(|e| SecretError::Unreadable(named(), e))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 && !is_credential(path) { Err(SecretError::Open(named(), mode)) } else { Ok(()) }
}

fn from_bytes(bytes: &[u8]) -> Result<Secret, SecretError> {
    if bytes.len() as u64 > SECRET_MAX {
        return Err(SecretError::NotText);
    }
    first_line(std::str::from_utf8(bytes).map_err(|_| SecretError::NotText)?)
}

fn first_line(text: &str) -> Result<Secret, SecretError> {
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        _ => Err(SecretError::Empty),
    }
}

fn from_command(words: &[String]) -> Result<Secret, SecretError> {
    let (program, arguments) = words.split_first().ok_or(SecretError::Empty)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(SecretError::Start)?;
    let output = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        output.map(|o| o.take(SECRET_MAX + 1).read_to_end(&mut bytes));
        bytes
    });
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    let status = loop {
        match child.try_wait().map_err(SecretError::Start)? {
            Some(status) => break status,
            None if waited >= COMMAND_PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(SecretError::Failed(": no answer within 30 seconds".to_owned()));
            }
            None => {
                std::thread::sleep(step);
                waited += step;
            }
        }
    };
    if !status.success() {
        return Err(SecretError::Failed(format!(" ({status})")));
    }
    from_bytes(&reader.join().map_err(|_| SecretError::Failed(String::new()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(mode: u32, content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("scratch folder");
        let path = folder.path().join("imap");
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("mode set");
        (folder, path)
    }

    #[test]
    fn the_first_line_of_a_private_file_is_the_password() {
        let (_folder, path) = file(0o600, "hunter 2 \nsecond line\n");
        let secret = SecretSource::File(path).load().expect("loads");
        assert_eq!(secret.expose(), "hunter 2 ");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn a_file_that_others_can_read_serves_and_is_told() {
        for mode in [0o640, 0o604, 0o644, 0o666] {
            let (_folder, path) = file(mode, "hunter2\n");
            let source = SecretSource::File(path);
            assert_eq!(source.load().expect("loads").expose(), "hunter2");
            let error = source.check().expect_err("told").to_string();
            assert!(error.contains("chmod 600") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn an_empty_password_is_none() {
        let (_folder, path) = file(0o600, "\nx");
        assert!(matches!(SecretSource::File(path).load(), Err(SecretError::Empty)));
    }

    #[test]
    fn a_password_in_place_of_a_files_name_is_not_repeated() {
        let source = SecretSource::File("hunter2".into());
        assert!(!format!("{source:?} {}", source.load().expect_err("no such file")).contains("hunter2"));
    }

    #[test]
    fn a_command_says_the_password_or_how_it_failed() {
        let command = |words: &[&str]| SecretSource::Command(words.iter().map(|w| (*w).to_owned()).collect()).load();
        assert_eq!(command(&["printf", "a b\nc"]).expect("runs").expose(), "a b");
        assert!(matches!(command(&["false"]), Err(SecretError::Failed(_))));
        assert!(matches!(command(&["/no/such/program"]), Err(SecretError::Start(_))));
        assert!(matches!(command(&[]), Err(SecretError::Empty)));
    }
}

//! Who is at work on a desk's state folder: two files that are only locked. A lock goes with its process, whatever ends it.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use super::exit::{self, Failure, OrExit as _};

/// Held by the daemon as long as it runs: two on one desk would read each mailbox twice over.
///
/// # Errors
/// Where another process holds it, or the file cannot be made.
pub fn daemon(state: &Path) -> Result<File, Failure> {
    let file = open(state, "lock")?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(exit::fail(
            exit::TEMPORARY,
            format!("Another postdesk runs this desk already ({} is locked)", state.join("lock").display()),
        )),
        Err(TryLockError::Error(error)) => Err(error).code(exit::CANT_CREATE),
    }
}

/// Held, together with others like it, by each command that sends mail.
pub fn sender(state: &Path) -> Result<File, Failure> {
    let file = open(state, "sending")?;
    file.lock_shared().code(exit::CANT_CREATE)?;
    Ok(file)
}

/// No command is sending now, and none begins before the lock is dropped; None where one is.
pub fn no_sender(state: &Path) -> Result<Option<File>, Failure> {
    let file = open(state, "sending")?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).code(exit::CANT_CREATE),
    }
}

fn open(state: &Path, name: &str) -> Result<File, Failure> {
    let path = state.join(name);
    let file = match File::create(&path) {
        // It is only locked, never written.
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => File::open(&path),
        file => file,
    };
    file.map_err(|e| anyhow::Error::new(e).context(format!("Opening {}", path.display()))).code(exit::CANT_CREATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_daemon_and_any_number_of_senders() {
        let state = tempfile::tempdir().expect("a folder");
        let first = daemon(state.path()).expect("is free");
        assert_eq!(daemon(state.path()).expect_err("is taken").code, exit::TEMPORARY);
        drop(first);
        drop(daemon(state.path()).expect("is free again"));
        let (one, two) = (sender(state.path()).expect("is shared"), sender(state.path()).expect("is shared"));
        assert!(no_sender(state.path()).expect("is asked").is_none());
        drop((one, two));
        assert!(no_sender(state.path()).expect("is asked").is_some());
    }
}

//! A password that is read when it is needed and shown to nobody.

use std::fmt;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

/// Longest secret that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

type Load = dyn Fn() -> io::Result<String> + Send + Sync;

/// Where a password stands. Cloning clones the way to it.
#[derive(Clone)]
pub struct Secret(Arc<Load>);

impl Secret {
    /// From whatever the caller does; called at every login, on a blocking thread.
    pub fn from_fn(load: impl Fn() -> io::Result<String> + Send + Sync + 'static) -> Self {
        Secret(Arc::new(load))
    }

    /// The content of a file but its last line break.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Secret::from_fn(move || {
            let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let mut text = String::new();
            std::fs::File::open(&path).map_err(named)?.take(LONGEST).read_to_string(&mut text).map_err(named)?;
            Ok(text)
        })
    }

    /// A value at hand.
    pub fn text(value: impl Into<String>) -> Self {
        let value = value.into();
        Secret::from_fn(move || Ok(value.clone()))
    }

    /// Reads it now, without its last line break. An empty one is an error: nobody means it.
    pub fn load(&self) -> io::Result<String> {
        let mut text = (self.0)()?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        if text.is_empty() {
            return Err(io::Error::other("It is empty"));
        }
        Ok(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_is_read_anew_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        std::fs::write(&path, "first pass\r\n").unwrap();
        let secret = Secret::file(&path);
        assert_eq!(secret.load().unwrap(), "first pass");
        std::fs::write(&path, "second").unwrap();
        assert_eq!(secret.load().unwrap(), "second");
        assert!(!format!("{secret:?}").contains("second"));
        std::fs::write(&path, "\n").unwrap();
        assert!(secret.load().is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(secret.load().unwrap_err().to_string().contains("password"));
    }
}

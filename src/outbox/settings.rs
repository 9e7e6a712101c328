//! What the operator says about the way out: plain values, checked by the configuration.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::SecretSource;

/// How mail leaves.
#[derive(Clone, Debug)]
pub enum OutgoingSettings {
    Smtp(Box<SmtpSettings>),
    /// Files in a Maildir, for trials and for another program that sends them.
    Maildir(PathBuf),
}

/// The server that takes our mail (RFC 6409).
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// A name or an IP address; the certificate must be made out to it.
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// `tls = none` to a server that is not on this machine: only where the operator said so twice.
    pub allow_plaintext: bool,
    /// None: no AUTH.
    pub user: Option<String>,
    /// Must be there where `user` is.
    pub password: Option<Secret>,
    /// PEM; the certificates in it are believed instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How many connections at once, at least 1.
    pub connections: usize,
    /// What the desk calls itself in EHLO: a domain name (RFC 5321 section 4.1.4).
    pub hello: String,
    pub limits: Limits,
}

impl SmtpSettings {
    /// The usual settings for a server: four connections, no AUTH, no own authority.
    pub fn new(host: &str, port: u16, tls: Tls, hello: &str) -> Self {
        SmtpSettings {
            host: host.to_owned(),
            port,
            tls,
            allow_plaintext: false,
            user: None,
            password: None,
            ca_file: None,
            connections: 4,
            hello: hello.to_owned(),
            limits: Limits::default(),
        }
    }

    /// `host:port`, for people.
    pub fn server(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (RFC 8314 section 3.3), usually port 465.
    Implicit,
    /// Required: a server that does not offer it gets no mail (RFC 3207), usually port 587.
    StartTls,
    None,
}

/// How long each phase of the dialogue may take. The defaults are those of RFC 5321 section 4.5.3.2.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Name resolution, TCP, TLS: each.
    pub connect: Duration,
    /// The greeting, and each reply but those below.
    pub command: Duration,
    /// The reply to DATA.
    pub data: Duration,
    /// Without a byte of the body getting on.
    pub block: Duration,
    /// The reply to the final dot. Giving up early makes duplicates (RFC 1047).
    pub final_dot: Duration,
    /// A connection without work is closed after this.
    pub idle: Duration,
    /// The wait after the first failed attempt at a server; up to fifteen times that after more, and up to thirty
    /// times where it refuses our password.
    pub closed: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(5 * 60),
            data: Duration::from_secs(2 * 60),
            block: Duration::from_secs(3 * 60),
            final_dot: Duration::from_secs(10 * 60),
            idle: Duration::from_secs(20),
            closed: Duration::from_secs(60),
        }
    }
}

/// Where the password is found. It is read anew for each connection, so that a changed one needs no restart.
#[derive(Clone)]
pub enum Secret {
    /// As the configuration says.
    Configured(SecretSource),
    /// The password itself, for who has it already.
    Text(String),
}

/// Why there is no password. Never says what was read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretError {
    #[error("{0}")]
    Unreadable(String),
    #[error("The password has a control character in it")]
    Control,
}

impl Secret {
    /// Blocking: reads a file, or runs a command.
    pub fn read(&self) -> Result<String, SecretError> {
        let text = match self {
            Secret::Configured(source) => {
                source.load().map_err(|e| SecretError::Unreadable(e.to_string()))?.expose().to_owned()
            }
            Secret::Text(text) => text.clone(),
        };
        // AUTH PLAIN parts its fields by NUL (RFC 4616).
        if text.chars().any(char::is_control) { Err(SecretError::Control) } else { Ok(text) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Configured(source) => source.fmt(f),
            Secret::Text(_) => f.write_str("Text(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown_and_has_no_control_characters() {
        let read = |text: &str| Secret::Text(text.to_owned()).read();
        assert_eq!(read(" two words ").expect("spaces belong to it"), " two words ");
        assert!(matches!(read("a\0b"), Err(SecretError::Control)));
        assert!(!format!("{:?}", Secret::Text("s3cret".into())).contains("s3cret"));
    }

    #[test]
    fn a_changed_password_file_is_read_anew() {
        let file = tempfile::NamedTempFile::new().expect("scratch file");
        let secret = Secret::Configured(SecretSource::File(file.path().to_owned()));
        std::fs::write(file.path(), "old\n").expect("written");
        assert_eq!(secret.read().expect("read"), "old");
        std::fs::write(file.path(), "new").expect("written");
        assert_eq!(secret.read().expect("read"), "new");
        std::fs::write(file.path(), "").expect("written");
        assert!(matches!(secret.read(), Err(SecretError::Unreadable(_))));
    }
}

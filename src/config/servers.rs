//! What a mailbox's server and the outgoing one have in common: host, port, TLS, certificate authority, password.

use std::net::IpAddr;
use std::ops::Range;

use toml::Spanned;

use super::file;
use super::notes::Notes;
use super::secret::{SecretError, SecretSource};
use super::settings::{Server, Tls, one_of};

/// The keys by which a server is named, wherever they stand.
pub struct ServerKeys<'a> {
    pub host: &'a file::Key<String>,
    pub port: &'a file::Key<u16>,
    pub tls: &'a file::Key<String>,
    pub allow_plaintext: &'a file::Key<bool>,
    pub ca_file: &'a file::Key<String>,
}

/// `password_file`, `password_env`, `password_command`.
pub struct Passwords<'a>(pub &'a file::Key<String>, pub &'a file::Key<String>, pub &'a file::Key<Vec<Spanned<String>>>);

impl Passwords<'_> {
    pub fn any(&self) -> bool {
        self.0.is_some() || self.1.is_some() || self.2.is_some()
    }
}

/// A table of the file, for what IMAP and SMTP have in common.
pub struct Place {
    pub table: Range<usize>,
    pub path: &'static str,
}

impl Place {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub fn server(
        &self,
        keys: &ServerKeys<'_>,
        default: Tls,
        port: impl Fn(Tls) -> u16,
        notes: &mut Notes<'_>,
    ) -> Option<Server> {
        let words = [("implicit", Tls::Implicit), ("starttls", Tls::Starttls), ("none", Tls::None)];
        let tls = keys.tls.as_ref().and_then(|tls| one_of(tls, &self.key("tls"), &words, notes)).unwrap_or(default);
        let ca_file = keys.ca_file.as_ref().map(|file| {
            let path = notes.path(file.get_ref());
            if notes.looks_at_files() {
                let problem = match std::fs::read(&path) {
                    Ok(pem) if pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") => None,
                    Ok(_) => Some("The file has no certificate in PEM".to_owned()),
                    Err(error) => Some(format!("The file cannot be read: {error}")),
                };
                if let Some(problem) = problem {
                    notes.mistake(file.span(), &self.key("ca_file"), problem, None);
                }
            }
            path
        });
        let Some(host) = keys.host else {
            notes.missing(self.table.clone(), &self.key("host"), "The name of the server");
            return None;
        };
        let name = host.get_ref();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if name.parse::<IpAddr>().is_err() && (name.is_empty() || !name.bytes().all(plain)) {
            let hint = "A name or an IP address alone; the port has its own key";
            notes.mistake(host.span(), &self.key("host"), "This is no name of a server", Some(hint));
        }
        let allowed = keys.allow_plaintext.as_ref().is_some_and(|a| *a.get_ref());
        if tls == Tls::None && !is_loopback(name) && !allowed {
            let span = keys.tls.as_ref().map_or(self.table.clone(), Spanned::span);
            let hint = "Use \"implicit\" or \"starttls\"; if the network between is yours alone, say it twice: \
                        `allow_plaintext = true`";
            let message = "Password and mails could be read on the way to another machine";
            notes.mistake(span, &self.key("tls"), message, Some(hint));
        }
        let port = keys.port.as_ref().map_or(port(tls), |p| *p.get_ref());
        if port == 0 {
            let span = keys.port.as_ref().map_or(self.table.clone(), Spanned::span);
            notes.mistake(span, &self.key("port"), "There is no port 0", Some("Leave `port` out for the usual one"));
        }
        Some(Server { host: name.clone(), port, tls, allow_plaintext: allowed, ca_file })
    }

    /// Where the password is kept, and whether it is there.
    pub fn password(&self, keys: &Passwords<'_>, notes: &mut Notes<'_>) -> Option<SecretSource> {
        let Passwords(file, env, command) = keys;
        let mut found = Vec::new();
        if let Some(file) = file {
            let path = notes.path(file.get_ref());
            let source = match file.get_ref().contains('/') {
                true => SecretSource::File(path),
                false => SecretSource::Credential(file.get_ref().clone(), path),
            };
            found.push(("password_file", file.span(), source));
        }
        if let Some(env) = env {
            found.push(("password_env", env.span(), SecretSource::Env(env.get_ref().clone())));
        }
        if let Some(command) = command {
            let words = command.get_ref().iter().map(|w| w.get_ref().clone()).collect();
            found.push(("password_command", command.span(), SecretSource::Command(words)));
        }
        if let [(first, ..), (second, span, _), ..] = found.as_slice() {
            let message = format!("Both `{first}` and `{second}`");
            notes.mistake(span.clone(), &self.key(second), message, Some("Keep one of them"));
        }
        let (name, span, source) = found.into_iter().next()?;
        if matches!(&source, SecretSource::Command(words) if words.iter().all(String::is_empty)) {
            let hint = "A program and its arguments: [\"pass\", \"show\", \"imap\"]";
            notes.mistake(span.clone(), &self.key(name), "There is no command", Some(hint));
        }
        if notes.looks_at_passwords() {
            self.try_password(name, span, &source, notes);
        }
        Some(source)
    }

    fn try_password(&self, name: &str, span: Range<usize>, source: &SecretSource, notes: &mut Notes<'_>) {
        let Err(error) = source.check() else { return };
        if matches!(error, SecretError::Open(..)) {
            let hint = "The desk goes on with it; whoever has an account on this machine can read it too";
            notes.hint(span, &self.key(name), error.to_string(), Some(hint));
            return;
        }
        let gone = matches!(&error, SecretError::Unreadable(_, e) if e.kind() == std::io::ErrorKind::NotFound);
        // Credentials are there only while the service runs: without it, their absence says nothing.
        let serviceless = std::env::var_os("CREDENTIALS_DIRECTORY").is_none();
        if gone && serviceless && matches!(source, SecretSource::File(p) if p.starts_with("/run/credentials")) {
            let hint = "It is there only while the service runs, if the unit has a LoadCredential= of this name";
            notes.hint(span, &self.key(name), "This credential is not there now", Some(hint));
            return;
        }
        let hint = if gone {
            "A name without \"/\" is a systemd credential, or a file beside this one; the password itself must not stand here"
        } else {
            "The program that runs the desk must be able to read it, and nobody else"
        };
        let message = match source {
            SecretSource::Credential(_, beside) if gone => {
                // The name stays out of it: it may be the password.
                let folder = beside.parent().filter(|f| !f.as_os_str().is_empty());
                format!(
                    "There is no file of this name in {}",
                    folder.map_or_else(|| ".".into(), |f| f.display().to_string())
                )
            }
            _ => error.to_string(),
        };
        notes.mistake(span, &self.key(name), message, Some(hint));
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

//! What keeps the desk from using its outgoing server at all, said so that the operator knows what to do.

use crate::model::outgoing::SmtpReply;

use super::settings::SecretError;

/// The server cannot be used: this is no mail's fault, and no mail is given up for it. `server` is `host:port` as
/// configured. The texts may quote the server; logs take [`SmtpError::word`] and the code instead.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SmtpError {
    #[error(
        "The outgoing server's name \"{host}\" cannot be resolved: {because}; check outgoing.smtp.host and this machine's DNS"
    )]
    Resolve { host: String, because: String },
    #[error(
        "No connection to the outgoing server {server}: {because}; check outgoing.smtp.host and port, and any firewall between"
    )]
    Connect { server: String, because: String },
    #[error("No TLS with the outgoing server {server}: {because}; {advice}")]
    Tls { server: String, because: String, advice: &'static str },
    #[error(
        "The outgoing server {server} offers no STARTTLS, and mail is not sent in the clear; use tls = \"implicit\" and its port, usually 465, or ask the server's operator"
    )]
    NoStartTls { server: String },
    #[error(
        "The outgoing server {server} is not on this machine, and tls = \"none\" would send mail and password in the clear; use tls = \"starttls\" or \"implicit\""
    )]
    Plaintext { server: String },
    #[error("The outgoing server {server} does not want us: {}; ask the server's operator", said(.reply))]
    Unwelcome { server: String, reply: SmtpReply },
    #[error("The outgoing server {server} refused user and password: {}; check outgoing.smtp.user and password_file", said(.reply))]
    Login { server: String, reply: SmtpReply },
    #[error(
        "The outgoing server {server} offers no way to log in that the desk knows (AUTH PLAIN or LOGIN); remove outgoing.smtp.user if it wants none, or use tls = \"starttls\" if it wants that first"
    )]
    NoLogin { server: String },
    #[error("The outgoing server {server} wants a login before it takes mail: {}; set outgoing.smtp.user and password_file", said(.reply))]
    LoginWanted { server: String, reply: SmtpReply },
    #[error(
        "No answer from the outgoing server {server} in {seconds} s {when}; it is overloaded, or no SMTP server listens there (check outgoing.smtp.port and tls)"
    )]
    Silent { server: String, seconds: u64, when: &'static str },
    #[error("The dialogue with the outgoing server {server} broke off {when}: {because}")]
    Broken { server: String, when: &'static str, because: String },
    #[error("{0}; see outgoing.smtp.password_file")]
    Password(SecretError),
    #[error(
        "The authority file {path} cannot be used: {because}; outgoing.smtp.ca_file must be a PEM file with certificates"
    )]
    Authority { path: String, because: String },
    #[error(
        "The outgoing folder {path} cannot be written: {because}; check outgoing.maildir.path, its owner and the disk's free space"
    )]
    Folder { path: String, because: String },
}

fn said(reply: &SmtpReply) -> String {
    match reply.code {
        0 => reply.text.clone(),
        code => format!("{code} {}", reply.text).trim_end().to_owned(),
    }
}

impl SmtpError {
    /// One word for the log, with nothing of the server's in it.
    pub fn word(&self) -> &'static str {
        match self {
            SmtpError::Resolve { .. } => "resolve",
            SmtpError::Connect { .. } => "connect",
            SmtpError::Tls { .. } => "tls",
            SmtpError::NoStartTls { .. } => "no-starttls",
            SmtpError::Plaintext { .. } => "plaintext",
            SmtpError::Unwelcome { .. } => "unwelcome",
            SmtpError::Login { .. } => "login",
            SmtpError::NoLogin { .. } => "no-login",
            SmtpError::LoginWanted { .. } => "login-wanted",
            SmtpError::Silent { .. } => "silent",
            SmtpError::Broken { .. } => "broken",
            SmtpError::Password(_) => "password",
            SmtpError::Authority { .. } => "authority",
            SmtpError::Folder { .. } => "folder",
        }
    }

    /// What the server said, 0 where it said nothing.
    pub fn code(&self) -> u16 {
        self.reply().map_or(0, |reply| reply.code)
    }

    /// Tried too often it locks the account, or the address out.
    pub fn is_login(&self) -> bool {
        matches!(self, SmtpError::Login { .. } | SmtpError::NoLogin { .. } | SmtpError::LoginWanted { .. })
    }

    /// What is written beside a mail that waits because of this.
    pub fn as_reply(&self) -> SmtpReply {
        let text: String = self.to_string().chars().take(500).collect();
        match self.reply() {
            Some(reply) => SmtpReply { code: reply.code, enhanced: reply.enhanced.clone(), text },
            None => SmtpReply { code: 0, enhanced: None, text },
        }
    }

    fn reply(&self) -> Option<&SmtpReply> {
        match self {
            SmtpError::Unwelcome { reply, .. }
            | SmtpError::Login { reply, .. }
            | SmtpError::LoginWanted { reply, .. } => Some(reply),
            _ => None,
        }
    }
}

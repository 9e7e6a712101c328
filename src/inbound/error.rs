//! Why a source could not be read, in words that say what to do. No password and no word of a mail is ever in them.

use std::time::Duration;

use crate::model::text::clean_line;

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("Cannot reach {server}: {because}. Check host and port, and that the server is up")]
    Unreachable { server: String, because: String },
    #[error("No safe connection to {server}: {because}")]
    Tls { server: String, because: String },
    #[error(
        "{server} is another machine and tls = \"none\" would send the password in the clear: use tls = \"implicit\" or \"starttls\""
    )]
    PlainRefused { server: String },
    #[error("Cannot read the password: {0}")]
    Secret(String),
    #[error("{server} refuses the login: {because}. Check user and password; some providers want an app password")]
    LoginRefused { server: String, because: String },
    #[error(
        "The folder \"{folder}\" cannot be opened: {because}. `check --online` lists the folders that the account has"
    )]
    FolderMissing { folder: String, because: String },
    #[error("Mail cannot be moved to the archive folder \"{folder}\": {because}")]
    Archive { folder: String, because: String },
    /// A tagged NO or BAD to a command that ought to work.
    #[error("The server refuses {doing}: {because}")]
    Refused { doing: &'static str, because: String },
    /// An answer that IMAP does not allow, or one beyond the bounds.
    #[error("The server answers {doing} in a way that cannot be understood: {because}")]
    Protocol { doing: &'static str, because: String },
    #[error("The server said nothing for {} seconds while {doing}", after.as_secs())]
    TimedOut { doing: &'static str, after: Duration },
    #[error("The server ends the session: {because}")]
    Bye { because: String },
    #[error("The connection was lost while {doing}")]
    Lost { doing: &'static str },
    #[error("Cannot read {path}: {because}")]
    Files { path: String, because: String },
    #[error("The source is not open")]
    NotOpen,
    /// The receiver of fetched mail was dropped: the desk is stopping.
    #[error("Nobody takes the fetched mails any more")]
    SinkClosed,
}

impl SourceError {
    /// One word for the log, with nothing of the server's in it.
    pub fn word(&self) -> &'static str {
        match self {
            SourceError::Unreachable { .. } => "unreachable",
            SourceError::Tls { .. } => "tls",
            SourceError::PlainRefused { .. } => "plaintext",
            SourceError::Secret(_) => "password",
            SourceError::LoginRefused { .. } => "login",
            SourceError::FolderMissing { .. } => "folder",
            SourceError::Archive { .. } => "archive",
            SourceError::Refused { .. } => "refused",
            SourceError::Protocol { .. } => "protocol",
            SourceError::TimedOut { .. } => "silent",
            SourceError::Bye { .. } => "bye",
            SourceError::Lost { .. } => "lost",
            SourceError::Files { .. } => "files",
            SourceError::NotOpen | SourceError::SinkClosed => "closed",
        }
    }

    /// For the log: the sentence where all of it is ours; where the server is quoted, only the response code that it gave,
    /// if that is one of RFC 5530's. A server's words may quote a mail.
    pub fn for_log(&self) -> String {
        match self {
            SourceError::LoginRefused { because, .. }
            | SourceError::FolderMissing { because, .. }
            | SourceError::Archive { because, .. }
            | SourceError::Refused { because, .. }
            | SourceError::Bye { because } => response_code(because).unwrap_or("no response code").to_owned(),
            _ => self.to_string(),
        }
    }

    /// Trying again will not help until a person has changed something.
    pub fn wants_operator(&self) -> bool {
        matches!(
            self,
            SourceError::Tls { .. }
                | SourceError::PlainRefused { .. }
                | SourceError::Secret(_)
                | SourceError::LoginRefused { .. }
                | SourceError::FolderMissing { .. }
                | SourceError::Archive { .. }
        )
    }
}

/// A refusal that says by its code that it will pass (RFC 5530 section 3): the same question may be answered later.
pub(super) fn will_pass(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]"].iter().any(|code| text.contains(code))
}

/// The codes of RFC 5530 section 3 and RFC 9051 section 7.1 that tell an operator something.
const CODES: [&str; 20] = [
    "UNAVAILABLE",
    "AUTHENTICATIONFAILED",
    "AUTHORIZATIONFAILED",
    "EXPIRED",
    "PRIVACYREQUIRED",
    "CONTACTADMIN",
    "NOPERM",
    "INUSE",
    "EXPUNGEISSUED",
    "CORRUPTION",
    "SERVERBUG",
    "CLIENTBUG",
    "CANNOT",
    "LIMIT",
    "OVERQUOTA",
    "ALREADYEXISTS",
    "NONEXISTENT",
    "TRYCREATE",
    "ALERT",
    "READ-ONLY",
];

fn response_code(text: &str) -> Option<&'static str> {
    let (code, _) = text.trim_start().strip_prefix('[')?.split_once([']', ' '])?;
    CODES.into_iter().find(|known| known.eq_ignore_ascii_case(code))
}

/// What a server says, made fit for one line of a status text or of a mail to the operator. A log gets none of it.
pub(super) fn said(text: &str) -> String {
    let text = clean_line(text, 200);
    if text.is_empty() { "it gives no reason".to_owned() } else { text.trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_gets_a_code_of_the_servers_and_no_word() {
        let refused =
            |text: &str| SourceError::Refused { doing: "the fetching of mail", because: said(text) }.for_log();
        assert_eq!(refused("[SERVERBUG] cannot parse \"Subject: Vypoveď\""), "SERVERBUG");
        for text in ["Mailbox of jana@firma.example is full", "[jana@firma.example] x", "", "[OVERQUOTAjana] x"] {
            assert_eq!(refused(text), "no response code", "{text}");
        }
        let ours = SourceError::TimedOut { doing: "logging in", after: Duration::from_secs(60) };
        assert_eq!(ours.for_log(), "The server said nothing for 60 seconds while logging in");
    }
}

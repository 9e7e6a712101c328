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

/// What a server says, made fit for one line of a log.
pub(super) fn said(text: &str) -> String {
    let text = clean_line(text, 200);
    if text.is_empty() { "it gives no reason".to_owned() } else { text.trim_end_matches('.').to_owned() }
}

//! `check --online`: logs in to every server, changes nothing, and says what each can do.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::cli::exit::{self, Failure, OrExit as _};
use crate::config::Config;
use crate::daemon::connect;
use crate::inbound::{Probe, Source};
use crate::outbox::{self, Ability, OutgoingSettings};

/// Longest that one server is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of trying one connection.
pub struct Found {
    /// `mailbox support`, `outgoing`.
    pub what: String,
    /// What the other side can do, a line each; or why it cannot be used.
    pub said: Result<Vec<String>, String>,
}

impl Found {
    pub fn json(&self) -> Value {
        let (said, error) = match &self.said {
            Ok(said) => (Some(said), None),
            Err(error) => (None, Some(error)),
        };
        json!({ "kind": "connection", "what": self.what, "works": error.is_none(), "said": said, "error": error })
    }
}

/// Tries all connections, one after the other, in the order of the configuration.
pub fn try_all(config: &Config) -> Result<Vec<Found>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().code(exit::IO)?;
    Ok(runtime.block_on(async {
        let mut found = Vec::new();
        for source in &config.mailboxes {
            let said = mailbox(connect::source(source, &config.limits)).await;
            found.push(Found { what: format!("mailbox {}", source.mailbox), said });
        }
        let said = match connect::outgoing(&config.outgoing, &config.limits) {
            Some(outgoing) => way_out(outgoing).await,
            None => Ok(vec!["every mailbox only observes: nothing is ever sent".to_owned()]),
        };
        found.push(Found { what: "outgoing".to_owned(), said });
        found
    }))
}

async fn mailbox(mut source: Source) -> Result<Vec<String>, String> {
    let probe = match timeout(PATIENCE, source.probe()).await {
        Ok(probe) => probe.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("It did not answer within {} seconds", PATIENCE.as_secs())),
    };
    Ok(told(&probe, matches!(source, Source::Imap(_))))
}

fn told(probe: &Probe, imap: bool) -> Vec<String> {
    let opened = &probe.opened;
    let mut said = Vec::new();
    if imap {
        said.push(format!("folder {} has {} mails", opened.folder, opened.exists));
        let can = |word: &str| opened.capabilities.iter().any(|c| c == word);
        said.push(
            if can("IDLE") { "new mail is announced (IDLE)" } else { "no IDLE: it is asked now and then" }.to_owned(),
        );
        if !can("MOVE") && !can("UIDPLUS") && probe.archive_exists.is_some() {
            said.push("neither MOVE nor UIDPLUS: taken-in mail cannot be moved safely".to_owned());
        }
    } else {
        said.push("the Maildir can be read".to_owned());
    }
    if opened.read_only {
        said.push("it is read-only: taken-in mail cannot be moved".to_owned());
    }
    match probe.archive_exists {
        Some(true) => said.push("the archive is there".to_owned()),
        Some(false) => said.push("the archive is not there yet and will be made".to_owned()),
        None => said.push("no archive: taken-in mail stays where it is".to_owned()),
    }
    said
}

async fn way_out(outgoing: OutgoingSettings) -> Result<Vec<String>, String> {
    match outgoing {
        OutgoingSettings::Smtp(smtp) => match timeout(PATIENCE, outbox::probe(&smtp)).await {
            Ok(ability) => Ok(able(&ability.map_err(|error| error.to_string())?)),
            Err(_) => Err(format!("It did not answer within {} seconds", PATIENCE.as_secs())),
        },
        OutgoingSettings::Maildir(path) => Ok(vec![format!("mail is written to the Maildir {}", path.display())]),
    }
}

fn able(ability: &Ability) -> Vec<String> {
    let mut said = vec![
        if ability.encrypted { "the connection is encrypted" } else { "the connection is not encrypted" }.to_owned(),
        if ability.authenticated { "the login is accepted" } else { "no login" }.to_owned(),
    ];
    if let Some(max) = ability.size_max {
        said.push(format!("mails up to {max} bytes are taken"));
    }
    said
}

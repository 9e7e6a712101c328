//! `check --online`: logs in everywhere, changes nothing, and says what each server can do.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::cli::auth::Seen;
use crate::cli::exit::{self, Failure, OrExit as _};
use crate::config::{Config, OutgoingVia};
use crate::daemon::connect;
use crate::inbound::{Fetched, OVERSIZE_KEPT, Probe, Source, SourceError};
use crate::model::Mailbox;
use crate::outbox::{self, Ability, OutgoingSettings};
use crate::store::sqlite::SqliteStore;

/// Longest that one server is waited for in all, however busily it talks.
const PATIENCE: Duration = Duration::from_secs(60);

/// Days left of a certificate that are few: as many as the daemon begins to warn at.
const SOON: i64 = 21;

/// Mails of a mailbox that are looked at for who judges their senders.
const LOOKED_AT: u32 = 50;

/// What one server answered.
pub struct Answer {
    /// `mailbox support`, `outgoing`.
    pub what: String,
    /// Sentences about what it can do; or why it could not be used, and what to do about it.
    pub said: Result<Vec<String>, String>,
}

impl Answer {
    pub fn json(&self) -> Value {
        json!({
            "kind": "online",
            "what": self.what,
            "ok": self.said.is_ok(),
            "said": self.said.as_ref().ok(),
            "problem": self.said.as_ref().err(),
        })
    }
}

/// Asks all servers at the same time; each is given up after the configured silence.
pub fn ask(config: &Config) -> Result<Vec<Answer>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().code(exit::IO)?;
    Ok(runtime.block_on(async {
        let mailboxes = config.mailboxes.iter().map(|mailbox| async {
            let mut source = connect::source(mailbox, &config.limits);
            let zone = &config.policy.desk.timezone;
            let mut said = patiently(source.probe()).await.map(|probe| (inbound(&probe, zone), probe.opened.uid_next));
            if let Ok((said, next)) = &mut said {
                let judged = patiently(newest(&mut source, *next)).await.unwrap_or_default();
                said.extend(
                    config.policy.mailbox(&mailbox.mailbox).map(|own| judges(own, &judged)).unwrap_or_default(),
                );
                said.extend(fares(config, &mailbox.mailbox));
            }
            Answer { what: format!("mailbox {}", mailbox.mailbox), said: said.map(|(said, _)| said) }
        });
        let mut answers = futures::future::join_all(mailboxes).await;
        answers.extend(outgoing(config).await);
        answers
    }))
}

/// The beginnings of the newest mails that stand there. Nothing is marked or remembered.
async fn newest(source: &mut Source, next: Option<u32>) -> Result<Vec<Arc<[u8]>>, SourceError> {
    let after = next.unwrap_or(0).saturating_sub(LOOKED_AT + 1);
    let shown = source.show(after, LOOKED_AT as usize).await?;
    let (sink, mut fetched) = mpsc::channel(4);
    let mut mails = Vec::new();
    let reading = async {
        while let Some(answer) = fetched.recv().await {
            if let Fetched::Mail { raw, .. } = answer {
                mails.push(raw);
            }
        }
    };
    // Of a large mail the beginning is enough.
    let (fetching, ()) = tokio::join!(source.fetch(&shown, OVERSIZE_KEPT, sink), reading);
    fetching.map(|()| mails)
}

/// Whether the setting `believe` fits the mails that are there. A proposal only: whom to believe a person decides.
fn judges(mailbox: &Mailbox, mails: &[Arc<[u8]>]) -> Vec<String> {
    let mut seen = Seen::default();
    mails.iter().for_each(|raw| seen.look(raw));
    let mut said = seen.misfits(mailbox);
    if let Ok((id, hops)) = seen.proposal() {
        said.push(match mailbox.believe.contains(&id) && mailbox.hops == hops {
            true => format!("{id} judges the senders, as `believe` and `hops` say"),
            false => format!(
                "A server that calls itself {id} judges the senders of nearly all mails; if it is yours, say `believe = [\"{id}\"]` \
                 and `hops = {hops}` (`auth learn` shows more)"
            ),
        });
    }
    said
}

async fn patiently<T, E: Display>(asking: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(PATIENCE, asking).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("It was not done within {} seconds", PATIENCE.as_secs())),
    }
}

/// What the desk itself has seen of a mailbox; nothing where it has not run yet, or its database is not to be read.
fn fares(config: &Config, mailbox: &str) -> Vec<String> {
    let zone = &config.policy.desk.timezone;
    let Ok(Some(fares)) = SqliteStore::fares(&config.database(), mailbox) else { return Vec::new() };
    let ago = |at: Timestamp| {
        let passed = Timestamp::now().duration_since(at);
        match passed.as_hours() {
            ..1 => format!("{} minutes ago", passed.as_mins().max(0)),
            1..48 => format!("{} hours ago", passed.as_hours()),
            hours => format!("{} days ago", hours / 24),
        }
    };
    let at = |at: Timestamp| format!("{} ({})", at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M"), ago(at));
    let open = fares.open_at.map(|when| format!("The desk opened it, or had it open, last at {}", at(when)));
    let mail = fares.last_mail_at.map(|when| format!("The last mail that the desk took in came at {}", at(when)));
    open.into_iter().chain(mail).collect()
}

/// How long the server's certificate will go on being accepted; loud where that is soon.
fn certificate(accepted_for: Option<Duration>, zone: &TimeZone) -> Option<String> {
    let left = SignedDuration::try_from(accepted_for?).ok()?;
    let days = left.as_hours() / 24;
    if days >= SOON {
        return Some(format!("Its certificate is accepted for {days} days and more"));
    }
    let end = Timestamp::now().checked_add(left).ok()?.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    Some(format!("Its CERTIFICATE is accepted until {end} only ({days} days): have it renewed"))
}

fn inbound(probe: &Probe, zone: &TimeZone) -> Vec<String> {
    let opened = &probe.opened;
    if probe.folders.is_empty() {
        return vec!["It is there and can be read".to_owned()];
    }
    let mut said = vec![format!("Logged in; {} has {} mails", opened.folder, opened.exists)];
    let can = |what: &str| opened.capabilities.iter().any(|c| c == what);
    said.push(match can("IDLE") {
        true => "It announces new mail at once (IDLE)".to_owned(),
        false => "It does not announce new mail (no IDLE): the folder is looked into every `poll_seconds`".to_owned(),
    });
    if opened.read_only {
        said.push("It lets nothing be changed: mail cannot be moved to an archive".to_owned());
    }
    said.extend(certificate(opened.certificate, zone));
    match probe.archive_exists {
        Some(true) if !can("MOVE") && !can("UIDPLUS") => {
            said.push("It has neither MOVE nor UIDPLUS: mail cannot be moved safely, and stays".to_owned());
        }
        Some(true) => said.push("The archive folder is there".to_owned()),
        Some(false) => said.push("The archive folder is not there yet; it is made for the first mail".to_owned()),
        None => {}
    }
    said.push(format!("Folders: {}", probe.folders.join(", ")));
    said
}

async fn outgoing(config: &Config) -> Option<Answer> {
    let OutgoingVia::Smtp(_) = config.outgoing.via else { return None };
    let Some(OutgoingSettings::Smtp(settings)) = connect::outgoing(&config.outgoing, &config.limits) else {
        return None;
    };
    let zone = &config.policy.desk.timezone;
    let said = patiently(outbox::probe(&settings)).await.map(|ability| smtp(&ability, zone));
    Some(Answer { what: "outgoing".to_owned(), said })
}

fn smtp(ability: &Ability, zone: &TimeZone) -> Vec<String> {
    let login = if ability.authenticated { "Logged in" } else { "It asks for no login" };
    let mut said = vec![format!("{login}, {}", if ability.encrypted { "encrypted" } else { "NOT encrypted" })];
    said.extend(certificate(ability.certificate, zone));
    if let Some(size) = ability.size_max {
        said.push(format!("It takes mails of at most {size} bytes"));
    }
    said.push(format!("It can: {}", ability.keywords.join(", ")));
    said
}

//! `restore`: a copy made by `backup` is put in the place of the database, which is kept beside.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Global;
use super::exit::{self, CliResult};
use super::output::{Out, escape};
use super::{lock, open};
use crate::config::{Config, Source};
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The copy
    file: PathBuf,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let mut config = open::config(global)?;
    let unusable = |error: StoreError| match error {
        StoreError::Broken(text) | StoreError::Refused(text) => exit::fail(exit::DATA, text),
        StoreError::Unavailable(text) => exit::fail(exit::TEMPORARY, text),
        error @ StoreError::Fault(_) => error.into(),
    };
    SqliteStore::inspect(&args.file).map_err(unusable)?;
    exit::OrExit::code(config.open_keys(), exit::CONFIG)?;
    let _daemon = lock::daemon(&config.state)?;
    let Some(_senders) = lock::no_sender(&config.state)? else {
        return Err(exit::fail(exit::TEMPORARY, "`outbox send` is at work on this desk: wait until it is done"));
    };
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let kept = config.state.join(format!("postdesk.db.replaced-{stamp}"));
    let restored = SqliteStore::restore(&args.file, &config.database(), &kept).map_err(unusable)?;
    let mut out = Out::stdout(config.policy.desk.timezone.clone());
    let contents = restored.contents;
    out.line(&format!("Restored: {} tickets, {} mails", contents.tickets, contents.mails));
    if let Some(kept) = &restored.replaced {
        out.line(&escape(&format!("The database that was there is kept as {}", kept.display())));
    }
    out.line(&format!("The next ticket is {}", restored.next_ticket));
    if restored.waiting > 0 {
        let waiting = restored.waiting;
        out.line(&format!("{waiting} mails waited to leave when the backup was made and go now, perhaps again"));
    }
    for archive in archives(&config) {
        out.line(&escape(&archive));
    }
    out.finish()
}

/// What was taken in after the backup stands in the archive, and the restored desk knows nothing of it.
fn archives(config: &Config) -> Vec<String> {
    let told = |mailbox: &str, archive: String, inbox: String| {
        format!(
            "Mailbox {mailbox}: mail that came after the backup is in {archive}; move it back to {inbox} to have it taken \
             in (what the desk knows it recognises)"
        )
    };
    let of = |source: &crate::config::MailboxSource| match &source.from {
        Source::Imap(imap) => Some(told(&source.mailbox, imap.archive.clone()?, imap.folder.clone())),
        Source::Maildir(maildir) => {
            let archive = maildir.archive.as_ref()?.display().to_string();
            Some(told(&source.mailbox, archive, maildir.path.display().to_string()))
        }
    };
    config.mailboxes.iter().filter_map(of).collect()
}

//! Compares what a source holds with the ledger: every mail that it shows has one fate, or is named here. Reads the
//! source first and the ledger after it, so that a desk at work beside it is never blamed for what it did meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use tokio::sync::mpsc;

use super::Desk;
use crate::inbound::{Fetched, Opened, Shown, Source, SourceError};
use crate::model::{Digest, SourceKey};
use crate::store::{Cursor, LedgerRow, Store, StoreError};

/// Mails compared at once.
const RANGE: usize = 500;
/// Unaccounted mails that are named; all are counted.
const NAMED_MAX: usize = 1000;

/// Why a mail that stands on the server has no fate yet, or one that has none stands there no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The desk has not got so far: it comes with the next look, or when the daemon runs again.
    NotReached,
    /// Its taking in was begun and has not ended.
    Begun,
    /// The desk went past it: this must not happen.
    Skipped,
    /// It was shown, got no fate, and is there no more: this must not last.
    Gone,
}

impl Why {
    /// The desk comes to it by itself.
    pub fn will_pass(self) -> bool {
        matches!(self, Why::NotReached | Why::Begun)
    }

    pub fn word(self) -> &'static str {
        match self {
            Why::NotReached => "not reached yet",
            Why::Begun => "begun, not ended",
            Why::Skipped => "skipped",
            Why::Gone => "gone without a fate",
        }
    }
}

/// A mail without a fate.
#[derive(Clone, Debug)]
pub struct Unaccounted {
    pub key: SourceKey,
    pub received_at: Option<Timestamp>,
    /// Bytes, as the source claims.
    pub size: Option<u64>,
    /// Tries to take it in that were begun.
    pub attempts: u32,
    pub why: Why,
}

/// What the comparison of one mailbox came to.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    pub folder: String,
    /// 0 for a Maildir.
    pub uid_validity: u32,
    /// Mails that the source shows now.
    pub on_server: u64,
    /// Of these, those that have a fate, or were there before the desk came.
    pub accounted: u64,
    /// Of these, those that were there before, and were never looked at.
    pub there_before: u64,
    /// By the word of their fate, of those on the server.
    pub fates: BTreeMap<String, u64>,
    /// The first thousand of them.
    pub unaccounted: Vec<Unaccounted>,
    /// All that the desk does not come to by itself.
    pub lost: u64,
    /// All that it will.
    pub waiting: u64,
    /// For how long from now the server's certificate will be accepted; None: no TLS.
    pub certificate: Option<Duration>,
}

impl Audit {
    /// One that has its fate.
    fn count(&mut self, fate: String) {
        self.accounted += 1;
        *self.fates.entry(fate).or_default() += 1;
    }

    fn name(&mut self, one: Unaccounted) {
        if one.why.will_pass() {
            self.waiting += 1;
        } else {
            self.lost += 1;
        }
        if self.unaccounted.len() < NAMED_MAX {
            self.unaccounted.push(one);
        }
    }
}

/// Why a mailbox could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares one mailbox. Opens the source anew and changes nothing in it.
///
/// # Errors
/// Where the source or the store cannot be read.
pub async fn audit(desk: &Arc<Desk>, mailbox: &str, source: &mut Source) -> Result<Audit, AuditError> {
    let name = mailbox.to_owned();
    let begun = desk.with_store(move |store| store.unsettled(&name)).await?;
    let opened = source.open().await?;
    let shown = all_shown(source).await?;
    source.close().await;
    let digests = digests_of_unknown(desk, mailbox, source, &shown).await?;
    let name = mailbox.to_owned();
    let seen = Seen { opened, shown, digests };
    Ok(desk.with_store(move |store| compare(store, &name, &seen, &begun)).await?)
}

/// What a source was seen to hold.
struct Seen {
    opened: Opened,
    shown: Vec<Shown>,
    /// Of mails that the ledger does not know by their place, where reading them costs nobody else anything.
    digests: HashMap<SourceKey, Digest>,
}

/// A Maildir's mail may have been handed over to `ingest`, and is in the ledger by its bytes then. What a server holds is not
/// fetched for this.
async fn digests_of_unknown(
    desk: &Arc<Desk>,
    mailbox: &str,
    source: &mut Source,
    shown: &[Shown],
) -> Result<HashMap<SourceKey, Digest>, AuditError> {
    let mut digests = HashMap::new();
    if !matches!(source, Source::Maildir(_)) {
        return Ok(digests);
    }
    let (name, keys) = (mailbox.to_owned(), shown.iter().map(|s| s.key.clone()).collect::<Vec<_>>());
    let rows = desk.with_store(move |store| store.known(&name, &keys)).await?;
    let known: BTreeSet<&SourceKey> = rows.iter().map(|row| &row.key).collect();
    let wanted: Vec<Shown> = shown.iter().filter(|s| !known.contains(&s.key)).cloned().collect();
    let (sink, mut fetched) = mpsc::channel(1);
    let listen = async {
        while let Some(one) = fetched.recv().await {
            if let Fetched::Mail { key, raw, .. } = one {
                digests.insert(key, Digest::of(&raw));
            }
        }
    };
    let (read, ()) = tokio::join!(source.fetch(&wanted, desk.max_mail_bytes, sink), listen);
    read?;
    Ok(digests)
}

async fn all_shown(source: &mut Source) -> Result<Vec<Shown>, SourceError> {
    let (mut all, mut last) = (Vec::new(), 0);
    loop {
        let shown = source.show(last, RANGE).await?;
        last = shown.iter().map(|s| s.key.uid).max().unwrap_or(last).max(last);
        let more = shown.len() == RANGE;
        all.extend(shown);
        if !more {
            return Ok(all);
        }
    }
}

/// `begun`: what had no fate before the source was asked. What is taken in meanwhile must not look as though it were gone.
fn compare(store: &dyn Store, mailbox: &str, seen: &Seen, begun: &[LedgerRow]) -> crate::store::Result<Audit> {
    let Seen { opened, shown, digests } = seen;
    let mut audit = Audit {
        folder: opened.folder.clone(),
        uid_validity: opened.uid_validity,
        certificate: opened.certificate,
        ..Audit::default()
    };
    for some in shown.chunks(RANGE) {
        let keys: Vec<SourceKey> = some.iter().map(|s| s.key.clone()).collect();
        // The cursor before the rows: what it has passed by now has its row by now, or never will.
        let cursor = store.cursor(mailbox, &opened.folder)?;
        let cursor = cursor.filter(|c| c.uid_validity == opened.uid_validity);
        let rows: BTreeMap<SourceKey, LedgerRow> =
            store.known(mailbox, &keys)?.into_iter().map(|row| (row.key.clone(), row)).collect();
        for one in some {
            audit.on_server += 1;
            let digest = digests.get(&one.key).filter(|_| !rows.contains_key(&one.key));
            match digest.map(|digest| store.fate_of(digest)).transpose()?.flatten() {
                Some(fate) => audit.count(fate),
                None => account(&mut audit, one, rows.get(&one.key), cursor.as_ref()),
            }
        }
    }
    let there: BTreeSet<&SourceKey> = shown.iter().map(|s| &s.key).collect();
    for row in store.unsettled(mailbox)? {
        let was_begun = begun.iter().any(|b| b.key == row.key);
        if row.key.folder == opened.folder && was_begun && !there.contains(&row.key) {
            let (key, attempts) = (row.key, row.attempts);
            audit.name(Unaccounted { key, received_at: None, size: None, attempts, why: Why::Gone });
        }
    }
    Ok(audit)
}

fn account(audit: &mut Audit, one: &Shown, row: Option<&LedgerRow>, cursor: Option<&Cursor>) {
    let uid = one.key.uid;
    let why = match row {
        Some(LedgerRow { fate: Some(fate), .. }) => return audit.count(fate.clone()),
        Some(_) => Why::Begun,
        None if uid != 0 && cursor.is_some_and(|c| uid <= c.there_before) => {
            audit.accounted += 1;
            audit.there_before += 1;
            return;
        }
        // A Maildir has no order that would tell what was passed.
        None if uid == 0 || cursor.is_none_or(|c| uid > c.last_uid) => Why::NotReached,
        None => Why::Skipped,
    };
    let attempts = row.map_or(0, |row| row.attempts);
    audit.name(Unaccounted { key: one.key.clone(), received_at: one.received_at, size: one.size, attempts, why });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fate;
    use crate::store::sqlite::SqliteStore;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("valid")
    }

    fn shown(uid: u32) -> Shown {
        Shown { key: SourceKey::imap("INBOX", 7, uid), size: Some(10), received_at: None }
    }

    fn opened() -> Opened {
        Opened {
            folder: "INBOX".into(),
            uid_validity: 7,
            uid_next: None,
            exists: 0,
            capabilities: Vec::new(),
            read_only: false,
            certificate: None,
        }
    }

    fn seen(shown: Vec<Shown>) -> Seen {
        Seen { opened: opened(), shown, digests: HashMap::new() }
    }

    #[test]
    fn each_kind_of_mail_is_told_from_the_others() {
        let store = SqliteStore::scratch().expect("opens");
        let cursor = Cursor { uid_validity: 7, last_uid: 20, since: now(), by_date_up_to: 0, there_before: 10 };
        store.set_cursor("support", "INBOX", cursor).expect("is kept");
        let settled = [11, 12].map(|uid| SourceKey::imap("INBOX", 7, uid));
        let fate = Fate::Ignored { because: "a test".into() };
        store.give_fate("support", &settled, &fate, now()).expect("is given");
        let begun = [13, 14].map(|uid| SourceKey::imap("INBOX", 7, uid));
        store.discover("support", &begun, now()).expect("is noted");
        let there: Vec<Shown> = [9, 10, 11, 12, 13, 15, 21].map(shown).to_vec();
        let open = store.unsettled("support").expect("is read");
        let audit = compare(store.as_ref(), "support", &seen(there), &open).expect("is compared");
        assert_eq!((audit.on_server, audit.accounted, audit.there_before), (7, 4, 2));
        let named: Vec<(u32, Why)> = audit.unaccounted.iter().map(|u| (u.key.uid, u.why)).collect();
        assert_eq!(named, [(13, Why::Begun), (15, Why::Skipped), (21, Why::NotReached), (14, Why::Gone)]);
        assert_eq!((audit.lost, audit.waiting), (2, 2));
        assert_eq!(audit.fates.get("ignored"), Some(&2));
    }

    #[test]
    fn a_folder_made_anew_is_not_reached_yet_and_nothing_in_it_is_taken_for_old() {
        let store = SqliteStore::scratch().expect("opens");
        let cursor = Cursor { uid_validity: 6, last_uid: 20, since: now(), by_date_up_to: 0, there_before: 20 };
        store.set_cursor("support", "INBOX", cursor).expect("is kept");
        let audit = compare(store.as_ref(), "support", &seen(vec![shown(3)]), &[]).expect("is compared");
        assert_eq!((audit.accounted, audit.waiting, audit.lost), (0, 1, 0));
    }
}

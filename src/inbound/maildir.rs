//! A Maildir (<https://cr.yp.to/proto/maildir.html>): the mail that a local delivery agent put there.
//!
//! A mail is known by its unique name, which stays when programs move it from `new` to `cur` and change its flags. Flags
//! are never changed here. Files may vanish or be renamed at any moment: every look is a fresh one.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::error::SourceError;
use super::{Fetched, MaildirSettings, Opened, Probe, Room, Shown, Sink, Wake, kept_of_oversize};
use crate::config::private;
use crate::model::SourceKey;

/// Stands for the folder in the keys.
pub(super) const FOLDER: &str = "maildir";

/// One Maildir.
#[derive(Debug)]
pub struct MaildirSource {
    settings: MaildirSettings,
    /// Unique names shown since the last `open`; None before it.
    shown: Option<HashSet<String>>,
    notices: Arc<Notify>,
    /// Kept alive: dropping it ends the notices. None where the system gives none.
    watcher: Option<notify::RecommendedWatcher>,
}

impl MaildirSource {
    pub fn new(settings: MaildirSettings) -> Self {
        MaildirSource { settings, shown: None, notices: Arc::new(Notify::new()), watcher: None }
    }

    /// See [`super::Source::open`].
    pub async fn open(&mut self) -> Result<Opened, SourceError> {
        self.shown = None;
        self.watcher = self.watch();
        let list = self.look().await?;
        self.shown = Some(HashSet::new());
        Ok(Opened {
            folder: FOLDER.to_owned(),
            uid_validity: 0,
            uid_next: None,
            exists: u32::try_from(list.len()).unwrap_or(u32::MAX),
            capabilities: Vec::new(),
            read_only: false,
            certificate: None,
        })
    }

    /// See [`super::Source::close`].
    pub fn close(&mut self) {
        self.shown = None;
        self.watcher = None;
    }

    /// Notices are a help only: without them (too many watches, a network file system) the folder is polled.
    fn watch(&self) -> Option<notify::RecommendedWatcher> {
        let notices = Arc::clone(&self.notices);
        // Not every notice: our own look at the folder makes one too (Access), and would be followed by another look.
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                notices.notify_one();
            }
        })
        .ok()?;
        for part in ["new", "cur"] {
            let path = self.settings.path.join(part);
            if path.is_dir() {
                watcher.watch(&path, RecursiveMode::NonRecursive).ok()?;
            }
        }
        Some(watcher)
    }

    async fn look(&self) -> Result<BTreeMap<String, PathBuf>, SourceError> {
        let path = self.settings.path.clone();
        blocking(move || look(&path)).await
    }

    /// See [`super::Source::show`]: every mail once after each `open`, in the order of unique names, which begin with the
    /// time of delivery.
    pub async fn show(&mut self, limit: usize) -> Result<Vec<Shown>, SourceError> {
        let list = self.look().await?;
        let known = self.shown.as_mut().ok_or(SourceError::NotOpen)?;
        // What is gone need not be remembered: names do not come back.
        known.retain(|name| list.contains_key(name));
        let fresh: Vec<(String, PathBuf)> =
            list.into_iter().filter(|(name, _)| !known.contains(name)).take(limit).collect();
        known.extend(fresh.iter().map(|(name, _)| name.clone()));
        blocking(move || Ok(fresh.iter().map(|(name, path)| describe(name, path)).collect())).await
    }

    /// See [`super::Source::fetch`].
    pub async fn fetch(&mut self, wanted: &[Shown], max_size: u64, sink: &Sink) -> Result<(), SourceError> {
        let mut list = self.look().await?;
        for shown in wanted {
            let mut answer = read_one(list.get(&shown.key.name), shown, max_size).await?;
            if matches!(answer, Fetched::Vanished { .. }) {
                // Another program may have given it flags, and with them another file name.
                list = self.look().await?;
                answer = read_one(list.get(&shown.key.name), shown, max_size).await?;
            }
            sink.give(answer).await?;
        }
        Ok(())
    }

    /// See [`super::Source::file`].
    pub async fn file(&mut self, keys: &[SourceKey]) -> Result<(), SourceError> {
        let Some(archive) = self.settings.archive.clone() else { return Ok(()) };
        let path = self.settings.path.clone();
        let names: Vec<String> = keys.iter().map(|key| key.name.clone()).collect();
        blocking(move || {
            for part in ["tmp", "new", "cur"] {
                private::folder(&archive.join(part)).map_err(|e| failed(&archive.join(part), &e))?;
            }
            let list = look(&path)?;
            names.iter().filter_map(|name| list.get(name)).try_for_each(|file| move_to(file, &archive))
        })
        .await
    }

    /// See [`super::Source::wait`].
    pub async fn wait(&mut self, longest: Duration) -> Result<Wake, SourceError> {
        if self.has_news().await? {
            return Ok(Wake::Something);
        }
        match timeout(longest, self.until_news()).await {
            Ok(news) => news.map(|()| Wake::Something),
            Err(_) => Ok(Wake::Nothing),
        }
    }

    async fn has_news(&self) -> Result<bool, SourceError> {
        let list = self.look().await?;
        let known = self.shown.as_ref().ok_or(SourceError::NotOpen)?;
        Ok(list.keys().any(|name| !known.contains(name)))
    }

    async fn until_news(&self) -> Result<(), SourceError> {
        let poll = self.settings.poll.max(Duration::from_millis(10));
        // A look costs a reading of the directory: with notices, once in a while is enough.
        let pause = if self.watcher.is_some() { poll.max(Duration::from_secs(60)) } else { poll };
        loop {
            // Notice or not: what counts is what stands in the folder.
            let _ = timeout(pause, self.notices.notified()).await;
            if self.has_news().await? {
                return Ok(());
            }
        }
    }

    /// See [`super::Source::probe`].
    pub async fn probe(&mut self) -> Result<Probe, SourceError> {
        let opened = self.open().await?;
        let archive_exists = self.settings.archive.as_ref().map(|archive| archive.join("cur").is_dir());
        Ok(Probe { opened, folders: Vec::new(), archive_exists })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| SourceError::Files { path: "the Maildir".to_owned(), because: e.to_string() })?
}

fn failed(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Files { path: path.display().to_string(), because: error.to_string() }
}

/// The unique name: what stands before the flags.
pub(super) fn unique(file_name: &str) -> &str {
    file_name.split_once(':').map_or(file_name, |(unique, _)| unique)
}

/// All mails by unique name. `new` is read first: a mail on its way to `cur` is then seen at least once.
fn look(path: &Path) -> Result<BTreeMap<String, PathBuf>, SourceError> {
    let mut list = BTreeMap::new();
    let mut there = false;
    for part in ["new", "cur"] {
        let folder = path.join(part);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&folder, &error)),
        };
        there = true;
        for entry in entries {
            let entry = entry.map_err(|e| failed(&folder, &e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && may_be_mail(&entry) {
                list.insert(unique(&name).to_owned(), entry.path());
            }
        }
    }
    if !there {
        let because = "it has neither `new` nor `cur` in it: it is not a Maildir".to_owned();
        return Err(SourceError::Files { path: path.display().to_string(), because });
    }
    Ok(list)
}

/// A file, or a link, which is read and then told of; a pipe or a device would be waited for until somebody writes into it.
pub(super) fn may_be_mail(entry: &fs::DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink())
}

fn describe(name: &str, path: &Path) -> Shown {
    let meta = fs::metadata(path).ok();
    Shown {
        key: SourceKey::maildir(name),
        size: meta.as_ref().map(fs::Metadata::len),
        received_at: meta.and_then(|meta| meta.modified().ok()).and_then(|at| Timestamp::try_from(at).ok()),
    }
}

async fn read_one(path: Option<&PathBuf>, shown: &Shown, max_size: u64) -> Result<Fetched, SourceError> {
    let key = shown.key.clone();
    let Some(path) = path.cloned() else { return Ok(Fetched::Vanished { key }) };
    let received_at = shown.received_at;
    blocking(move || {
        Ok(match read_bounded(&path, max_size) {
            Ok((raw, _)) if raw.is_empty() => Fetched::Withheld { key, because: "The file is empty".to_owned() },
            Ok((raw, truncated_from)) => {
                let received_at = received_at.or_else(|| describe("", &path).received_at);
                Fetched::Mail { key, raw: raw.into(), received_at, truncated_from, room: Room::default() }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Fetched::Vanished { key },
            Err(error) => Fetched::Withheld { key, because: error.to_string() },
        })
    })
    .await
}

/// A file's bytes; of one over `max_size` the beginning, and its size.
pub(super) fn read_bounded(path: &Path, max_size: u64) -> io::Result<(Vec<u8>, Option<u64>)> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut file = fs::File::open(path)?;
    let size = file.metadata()?.len();
    let most = if size > max_size { kept_of_oversize(max_size) } else { max_size };
    let mut raw = Vec::new();
    (&mut file).take(most).read_to_end(&mut raw)?;
    // It may have grown since.
    let size = file.metadata()?.len().max(size);
    Ok((raw, (size > max_size).then_some(size)))
}

/// Moves a mail file to the same place (`new` or `cur`) in the archive, flags and all. A file that is gone is no error.
fn move_to(file: &Path, archive: &Path) -> Result<(), SourceError> {
    let part = if file.parent().is_some_and(|folder| folder.ends_with("new")) { "new" } else { "cur" };
    let Some(name) = file.file_name() else { return Ok(()) };
    let target = archive.join(part).join(name);
    let refused =
        |e: &io::Error| SourceError::Archive { folder: archive.display().to_string(), because: e.to_string() };
    match fs::rename(file, &target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Another file system: a whole copy under `tmp` first, so that the archive never shows half a mail.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let draft = archive.join("tmp").join(name);
            let copied = fs::copy(file, &draft)
                .and_then(|_| fs::File::open(&draft)?.sync_all())
                .and_then(|()| fs::rename(&draft, &target))
                .and_then(|()| fs::remove_file(file));
            copied.map_err(|e| refused(&e))
        }
        Err(error) => Err(refused(&error)),
    }
}

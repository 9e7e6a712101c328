//! A folder of an IMAP account (RFC 3501, and 9051 where it says the same): open, show, wait, probe.
//!
//! What is asked of the server is as little as can be: UID, RFC822.SIZE, INTERNALDATE and BODY.PEEK[], in ranges of UIDs.
//! `\Seen` is neither read nor set: it belongs to people.

use std::collections::BTreeMap;
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, RequestId, Response, ResponseCode};
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::error::{SourceError, will_pass};
use super::{Fetched, ImapSettings, Opened, Probe, Shown, Sink, Wake, utf7};
use crate::model::SourceKey;
use link::{Completion, Link, Reply, unexpected_continue};

mod connect;
mod fetch;
mod file;
mod guard;
mod link;
mod reading;

/// UIDs asked for at once, at first; doubled while there is nothing in the range.
const WINDOW: u32 = 500;
/// Broken connections after which a mail is no longer asked for, until the program starts anew.
const BROKEN_MAX: u32 = 4;
/// Mails that are suspected of breaking the connection at one time.
const SUSPECTS_MAX: usize = 1000;
/// Longest wait for the answer to a LOGOUT.
const GOODBYE: Duration = Duration::from_secs(2);
/// Mails that a folder is believed to have when an answer is bounded.
const LINES_MAX: u32 = 10_000_000;
/// Folders listed by a probe.
const FOLDERS_MAX: usize = 1000;

/// One folder of one account.
#[derive(Debug)]
pub struct ImapSource {
    settings: ImapSettings,
    /// Taken out while a command runs, and put back only when it ended well.
    link: Option<Box<Link>>,
    opened: Option<Opened>,
    /// The server has IDLE and refused it all the same.
    idle_refused: bool,
    /// How often the connection broke while this mail was to come next.
    broken_at: BTreeMap<SourceKey, u32>,
}

impl ImapSource {
    pub fn new(settings: ImapSettings) -> Self {
        ImapSource { settings, link: None, opened: None, idle_refused: false, broken_at: BTreeMap::new() }
    }

    /// See [`super::Source::folder`].
    pub fn folder(&self) -> &str {
        &self.settings.folder
    }

    /// See [`super::Source::open`].
    pub async fn open(&mut self) -> Result<Opened, SourceError> {
        self.link = None;
        self.opened = None;
        self.idle_refused = false;
        let (session, certificate) = connect::log_in(&self.settings).await?;
        let mut link = Box::new(Link::new(session, self.settings.patience));
        // RFC 3501 section 6.2.3: what is offered may change with the login.
        let mut capabilities = Vec::new();
        link.must("CAPABILITY", "the question for its capabilities", |response| {
            if let Response::Capabilities(list) = response {
                capabilities = connect::words(list);
            }
        })
        .await?;
        let opened = self.select(&mut link, capabilities).await?;
        let opened = Opened { certificate, ..opened };
        self.opened = Some(opened.clone());
        self.link = Some(link);
        Ok(opened)
    }

    /// See [`super::Source::close`].
    pub async fn close(&mut self) {
        self.opened = None;
        if let Some(mut link) = self.link.take() {
            // The answer is a BYE, and that is an error everywhere else.
            let _ = timeout(GOODBYE, link.run("LOGOUT", "the goodbye", |_| ())).await;
        }
    }

    async fn select(&self, link: &mut Link, capabilities: Vec<String>) -> Result<Opened, SourceError> {
        const DOING: &str = "the opening of the folder";
        let (mut uid_validity, mut uid_next) = (None, None);
        let command = format!("SELECT {}", quoted(&self.settings.folder));
        let done = link
            .run(&command, DOING, |response| {
                if let Response::Data { outcome, .. } = response {
                    match outcome.code {
                        Some(ResponseCode::UidValidity(value)) => uid_validity = Some(value),
                        Some(ResponseCode::UidNext(value)) => uid_next = Some(value),
                        _ => {}
                    }
                }
            })
            .await?;
        if !done.ok && will_pass(&done.text) {
            return Err(SourceError::Refused { doing: DOING, because: done.text });
        }
        if !done.ok {
            return Err(SourceError::FolderMissing { folder: self.settings.folder.clone(), because: done.text });
        }
        let because = || "it names no UIDVALIDITY, without which no mail can be told from another".to_owned();
        let uid_validity = uid_validity.ok_or_else(|| SourceError::Protocol { doing: DOING, because: because() })?;
        link.uid_validity = uid_validity;
        link.news = false;
        Ok(Opened {
            folder: self.settings.folder.clone(),
            uid_validity,
            uid_next,
            exists: link.exists,
            capabilities,
            read_only: done.read_only,
            certificate: None,
        })
    }

    /// See [`super::Source::highest`].
    pub async fn highest(&mut self) -> Result<u32, SourceError> {
        let mut link = self.link.take().ok_or(SourceError::NotOpen)?;
        let opened = self.opened.as_ref().ok_or(SourceError::NotOpen)?;
        let (exists, mut found) = (opened.exists, None);
        if exists > 0 {
            // By its place: what arrived since the opening stands behind it.
            link.must(&format!("FETCH {exists} (UID)"), "the question for the last mail", |response| {
                let Response::Fetch(place, attributes) = response else { return };
                let uid = attributes.iter().find_map(|attribute| match attribute {
                    AttributeValue::Uid(uid) => Some(*uid),
                    _ => None,
                });
                found = found.or(uid.filter(|_| *place == exists));
            })
            .await?;
        }
        // Nothing stood there, or the last was just taken away.
        let next = opened.uid_next.filter(|_| exists > 0).unwrap_or(1);
        self.link = Some(link);
        Ok(found.unwrap_or(next.saturating_sub(1)))
    }

    fn can(&self, capability: &str) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.capabilities.iter().any(|c| c == capability))
    }

    /// See [`super::Source::show`].
    pub async fn show(&mut self, after_uid: u32, limit: usize) -> Result<Vec<Shown>, SourceError> {
        let mut link = self.link.take().ok_or(SourceError::NotOpen)?;
        let shown = self.show_on(&mut link, after_uid, limit).await?;
        self.link = Some(link);
        Ok(shown)
    }

    async fn show_on(&mut self, link: &mut Link, after_uid: u32, limit: usize) -> Result<Vec<Shown>, SourceError> {
        // What is announced from here on may come too late for the answers below.
        let announced_more = std::mem::replace(&mut link.news, false);
        let mut found: BTreeMap<u32, Shown> = BTreeMap::new();
        let announced = self.opened.as_ref().and_then(|opened| opened.uid_next).unwrap_or(0);
        let (mut uid_next, mut doubted) = (announced, false);
        let mut window = WINDOW;
        let mut from = after_uid.checked_add(1);
        while let Some(low) = from.filter(|_| link.exists > 0 && found.len() < limit) {
            // UIDNEXT may be out of date or a lie: the last range is open, whatever it says.
            let high = low.checked_add(window - 1).filter(|high| high.saturating_add(1) < uid_next);
            let command = match high {
                Some(high) => format!("UID FETCH {low}:{high} (UID RFC822.SIZE INTERNALDATE)"),
                None => format!("UID FETCH {low}:* (UID RFC822.SIZE INTERNALDATE)"),
            };
            let before = found.len();
            // A range after a gap may take in the whole folder.
            let lines = link.exists.min(LINES_MAX);
            link.must_list(&command, lines, "the question for new mail", |response| {
                // `n:*` names the last mail even where its UID is below n (RFC 3501 section 6.4.8).
                if let Some(shown) = self.read_shown(response).filter(|shown| shown.key.uid >= low) {
                    uid_next = uid_next.max(shown.key.uid.saturating_add(1));
                    keep(&mut found, shown, limit);
                }
            })
            .await?;
            // A UID that was not to be given out yet, though nothing came since: a server that lies about it says so again,
            // a digit that changed on a line without TLS does not. It would stand above what comes next, and hide it.
            let heard = announced_more || link.news || announced == 0;
            if !heard && !doubted && found.keys().next_back().is_some_and(|uid| *uid >= announced) {
                doubted = true;
                found.clear();
                (uid_next, window, from) = (announced, WINDOW, after_uid.checked_add(1));
                continue;
            }
            window = if found.len() == before { window.saturating_mul(2) } else { WINDOW };
            from = high.and_then(|high| high.checked_add(1));
        }
        if let Some(opened) = &mut self.opened {
            opened.uid_next = Some(uid_next).filter(|next| *next > 0);
        }
        // There may be more: whoever waits now is not kept waiting.
        link.news |= found.len() >= limit;
        Ok(found.into_values().collect())
    }

    /// Every FETCH answer with a UID is a mail that is there, also one that tells no more than its flags.
    fn read_shown(&self, response: &Response<'_>) -> Option<Shown> {
        let Response::Fetch(_, attributes) = response else { return None };
        let opened = self.opened.as_ref()?;
        let mut uid = None;
        let mut size = None;
        let mut received_at = None;
        for attribute in attributes {
            match attribute {
                AttributeValue::Uid(value) => uid = Some(*value).filter(|uid| *uid > 0),
                AttributeValue::Rfc822Size(value) => size = Some(u64::from(*value)),
                AttributeValue::InternalDate(text) => received_at = internal_date(text),
                _ => {}
            }
        }
        Some(Shown { key: SourceKey::imap(&opened.folder, opened.uid_validity, uid?), size, received_at })
    }

    /// See [`super::Source::fetch`]. A mail at which the connection broke before is asked for last and alone, so that it
    /// holds up no other; after some tries it is withheld.
    pub async fn fetch(&mut self, wanted: &[Shown], max_size: u64, sink: &Sink) -> Result<(), SourceError> {
        let opened = self.opened.clone().ok_or(SourceError::NotOpen)?;
        let mut link = self.link.take().ok_or(SourceError::NotOpen)?;
        let (suspects, calm): (Vec<&Shown>, Vec<&Shown>) =
            wanted.iter().partition(|shown| self.broken_at.contains_key(&shown.key));
        for run in std::iter::once(calm).chain(suspects.into_iter().map(|one| vec![one])) {
            let mut answers = fetch::Answers::to(sink);
            let hopeless = run.first().filter(|one| self.broken_at.get(&one.key).is_some_and(|n| *n >= BROKEN_MAX));
            if let Some(one) = hopeless {
                let because = format!("The connection broke {BROKEN_MAX} times while it was fetched");
                answers.give(Fetched::Withheld { key: one.key.clone(), because }).await?;
                continue;
            }
            let fetched = fetch::fetch(&mut link, &opened, &run, max_size, &mut answers).await;
            self.blame(&run, &answers, fetched.as_ref().err());
            fetched?;
        }
        self.link = Some(link);
        Ok(())
    }

    /// Servers answer in order: the first mail without an answer is the one that the connection broke at.
    fn blame(&mut self, run: &[&Shown], answers: &fetch::Answers<'_>, error: Option<&SourceError>) {
        self.broken_at.retain(|key, _| !answers.has(key.uid));
        let broke = matches!(
            error,
            Some(
                SourceError::Protocol { .. }
                    | SourceError::TimedOut { .. }
                    | SourceError::Bye { .. }
                    | SourceError::Lost { .. }
            )
        );
        if let Some(first) = run.iter().find(|shown| broke && !answers.has(shown.key.uid))
            && self.broken_at.len() < SUSPECTS_MAX
        {
            *self.broken_at.entry(first.key.clone()).or_default() += 1;
        }
    }

    /// See [`super::Source::file`].
    pub async fn file(&mut self, keys: &[SourceKey]) -> Result<(), SourceError> {
        let Some(archive) = self.settings.archive.clone() else { return Ok(()) };
        let opened = self.opened.as_ref().ok_or(SourceError::NotOpen)?;
        let mut link = self.link.take().ok_or(SourceError::NotOpen)?;
        let means = file::Means { has_move: self.can("MOVE"), has_uidplus: self.can("UIDPLUS") };
        file::file(&mut link, opened, &archive, means, keys).await?;
        self.link = Some(link);
        Ok(())
    }

    /// See [`super::Source::wait`].
    pub async fn wait(&mut self, longest: Duration) -> Result<Wake, SourceError> {
        let mut link = self.link.take().ok_or(SourceError::NotOpen)?;
        if link.news {
            self.link = Some(link);
            return Ok(Wake::Something);
        }
        let refused = if self.can("IDLE") && !self.idle_refused { idle(&mut link, longest).await? } else { true };
        if refused {
            self.idle_refused = true;
            poll(&mut link, self.settings.poll, longest).await?;
        }
        let wake = if link.news { Wake::Something } else { Wake::Nothing };
        self.link = Some(link);
        Ok(wake)
    }

    /// See [`super::Source::probe`].
    pub async fn probe(&mut self) -> Result<Probe, SourceError> {
        let opened = self.open().await?;
        let mut link = self.link.take().ok_or(SourceError::NotOpen)?;
        let mut folders = list(&mut link, "*").await?;
        let archive_exists = match &self.settings.archive {
            Some(archive) => Some(file::exists(&mut link, archive).await?),
            None => None,
        };
        self.link = Some(link);
        folders.sort();
        Ok(Probe { opened, folders, archive_exists })
    }
}

/// Keeps the `limit` lowest UIDs: servers need not answer in order, nor once.
fn keep(found: &mut BTreeMap<u32, Shown>, shown: Shown, limit: usize) {
    let known = found.entry(shown.key.uid).or_insert_with(|| shown.clone());
    known.size = known.size.or(shown.size);
    known.received_at = known.received_at.or(shown.received_at);
    if found.len() > limit {
        found.pop_last();
    }
}

/// Names of the folders that match, in Unicode, at most [`FOLDERS_MAX`].
async fn list(link: &mut Link, pattern: &str) -> Result<Vec<String>, SourceError> {
    let mut names = Vec::new();
    link.must(&format!("LIST \"\" {}", quoted(pattern)), "the question for its folders", |response| {
        if let Response::MailboxData(MailboxDatum::List(folder)) = response
            && names.len() < FOLDERS_MAX
        {
            names.push(utf7::decode(&folder.name));
        }
    })
    .await?;
    Ok(names)
}

/// A folder name as an IMAP quoted string. Modified UTF-7 leaves no control character in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", utf7::encode(name).replace('\\', "\\\\").replace('"', "\\\""))
}

/// `06-May-2023 18:48:30 +0200`, the day perhaps with a space for its first digit (RFC 3501, date-time).
fn internal_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", text.trim_start()).ok()
}

/// RFC 2177. True: the server does not want to. News are left in the link.
async fn idle(link: &mut Link, longest: Duration) -> Result<bool, SourceError> {
    const DOING: &str = "waiting for new mail (IDLE)";
    let tag = link.send("IDLE", DOING).await?;
    loop {
        match link.next(&tag, DOING).await? {
            Reply::Continue => break,
            Reply::Done(done) => return Ok(!done.ok),
            // EXISTS may come before `+`: the link has noted it.
            Reply::Untagged(_) => {}
        }
    }
    if let Ok(ended) = timeout(longest, until_news(link, &tag, DOING)).await
        && let Some(done) = ended?
    {
        return Ok(!done.ok);
    }
    link.send_untagged("DONE", DOING).await?;
    loop {
        match link.next(&tag, DOING).await? {
            Reply::Done(_) => return Ok(false),
            Reply::Continue => return Err(unexpected_continue(DOING)),
            Reply::Untagged(_) => {}
        }
    }
}

/// Reads until there is news; Some where the server ended the IDLE by itself. May be dropped at any time.
async fn until_news(link: &mut Link, tag: &RequestId, doing: &'static str) -> Result<Option<Completion>, SourceError> {
    while !link.news {
        if let Reply::Done(done) = link.next_in_silence(tag, doing).await? {
            return Ok(Some(done));
        }
    }
    Ok(None)
}

/// For servers without IDLE: asks now and then. News are left in the link.
async fn poll(link: &mut Link, pause: Duration, longest: Duration) -> Result<(), SourceError> {
    let pause = pause.max(Duration::from_millis(10));
    let mut left = longest;
    loop {
        let now = pause.min(left);
        sleep(now).await;
        left -= now;
        link.must("NOOP", "the question for new mail", |_| ()).await?;
        if link.news || left.is_zero() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_servers_write_them() {
        let expected: Timestamp = "2023-05-06T16:48:30Z".parse().unwrap();
        assert_eq!(internal_date("06-May-2023 18:48:30 +0200"), Some(expected));
        assert_eq!(internal_date(" 6-May-2023 18:48:30 +0200"), Some(expected));
        assert_eq!(internal_date("-"), None);
    }

    #[test]
    fn a_folder_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"b\\c\r\nA1 LOGOUT"), "\"a\\\"b\\\\c&AA0ACg-A1 LOGOUT\"");
    }
}

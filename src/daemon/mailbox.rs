//! One mailbox, watched for as long as the daemon runs: open, take in what is there, file it, wait, again. Trouble with
//! one mailbox never reaches another.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::board::{self, Place};
use super::commit::{Committing, Range, Reached};
use crate::config::drill;
use crate::inbound::{Opened, Shown, Sink, Source, SourceError, Wake};
use crate::model::desk::{Mailbox, Start};
use crate::model::{Fate, SourceKey};
use crate::store::{Cursor, Ingested, LedgerRow, StoreError, watch};

/// Mails asked for at once: what is lost and fetched again when a connection breaks.
const RANGE: usize = 200;
/// Fetched mails that wait for the writer.
const QUEUE: usize = 32;
/// How long one IDLE lasts, before some scatter (RFC 2177 allows 29 minutes; many firewalls do not).
const IDLE: Duration = Duration::from_secs(9 * 60);
/// Of what was shown, and could not be fetched because it stands there no more.
pub(super) const GONE: &str = "It was moved or deleted by somebody else before it could be read";

const CLOSED: &str = "The mailbox cannot be read";
/// The server, whose clock says when mail arrived, may be so far behind ours. Better a ticket too many than a mail too few.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);
/// How long nothing is moved after moving failed.
const FILING_REST: Duration = Duration::from_secs(10 * 60);

/// What ends a session with a source. The next one starts from what is committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("A task ended: {0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("The server has {0} mails that it does not give")]
    Withheld(usize),
    /// Taken-in mail cannot be moved. Mail comes in all the same.
    #[error("{0}")]
    Filing(SourceError),
}

impl Trouble {
    /// One word for the kind of it.
    fn kind(&self) -> &'static str {
        match self {
            Trouble::Source(error) | Trouble::Filing(error) => error.word(),
            Trouble::Store(error) => error.word(),
            Trouble::Task(_) => "panic",
            Trouble::Withheld(_) => "withheld",
        }
    }

    /// Without a word of the server's.
    fn for_log(&self) -> String {
        match self {
            Trouble::Source(error) | Trouble::Filing(error) => error.for_log(),
            // A panic may have quoted what it choked on.
            Trouble::Task(_) => "a task ended".to_owned(),
            Trouble::Store(_) | Trouble::Withheld(_) => self.to_string(),
        }
    }

    fn wants_operator(&self) -> bool {
        matches!(self, Trouble::Source(error) if error.wants_operator())
    }
}

/// What was taken in of a range, and what the server withholds.
pub(super) type Taken = (Vec<Ingested>, Vec<SourceKey>);

/// When a folder was first to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    /// In this very try.
    Now,
    /// An earlier try did not come through.
    Earlier(Timestamp),
}

/// A mailbox and the source that feeds it.
pub struct Watcher {
    desk: Arc<Desk>,
    mailbox: Mailbox,
    source: Source,
    place: Place,
    /// Since when this folder is to be taken in; None until that was looked up.
    met: Option<Met>,
    /// Since when, and why, taken-in mail is not moved for a while.
    filing_rests: Option<(tokio::time::Instant, board::Trouble)>,
}

impl Watcher {
    pub fn new(desk: Arc<Desk>, mailbox: Mailbox, source: Source) -> Self {
        let place = desk.board.place(&mailbox.name);
        Watcher { desk, mailbox, source, place, met: None, filing_rests: None }
    }

    /// Until `stop` fires. Every error ends in another try, later and later: 2, 4, 8 … 64 seconds, five minutes where a
    /// person must change something first.
    pub async fn watch(mut self, stop: CancellationToken) {
        let mut failures = 0u32;
        while !stop.is_cancelled() {
            let error = match self.session(&stop).await {
                Ok(()) => return,
                Err((error, worked)) => {
                    // A mail that is withheld is asked for ever more seldom, however well the rest goes.
                    let worked = worked && !matches!(error, Trouble::Withheld(_));
                    failures = if worked { 1 } else { failures + 1 };
                    // What the database does not take now is no reason for another try.
                    if worked && !matches!(error, Trouble::Store(_)) {
                        let _ = self.note_open().await;
                    }
                    // Whatever comes next is no longer the first try.
                    self.met = None;
                    error
                }
            };
            let (kind, wants_operator) = (error.kind(), error.wants_operator());
            let pause = if wants_operator && failures > 3 { 300 } else { 1 << failures.min(6) };
            let (mailbox, because) = (&self.mailbox.name, error.for_log());
            match &error {
                Trouble::Store(_) => {
                    tracing::error!(mailbox, trouble = kind, because, again_in_seconds = pause, "{CLOSED}")
                }
                _ => tracing::warn!(mailbox, trouble = kind, because, again_in_seconds = pause, "{CLOSED}"),
            }
            let trouble = board::Trouble { kind, what: error.to_string(), wants_operator };
            if let Trouble::Filing(_) = &error {
                self.filing_rests = Some((tokio::time::Instant::now(), trouble.clone()));
            }
            self.place.in_trouble(trouble);
            if let Trouble::Store(_) = &error {
                self.desk.noticed.notify_one();
            }
            self.rest(Duration::from_secs(pause.min(300)), &stop).await;
        }
    }

    /// Takes in all that is there now, and returns: for `demo`, tests and drills.
    pub async fn drain(&mut self) -> anyhow::Result<Vec<Ingested>> {
        self.meet().await?;
        let opened = self.source.open().await?;
        let mut cursor = self.first_contact(&opened).await?;
        let taken = self.take_in_all(&opened, &mut cursor, &CancellationToken::new(), true).await?;
        self.file_what_is_left().await?;
        Ok(taken)
    }

    async fn rest(&mut self, pause: Duration, stop: &CancellationToken) {
        let end = tokio::time::Instant::now() + pause;
        while tokio::time::Instant::now() < end && !stop.is_cancelled() {
            self.place.beat();
            let left = end - tokio::time::Instant::now();
            tokio::select! {
                () = tokio::time::sleep(left.min(BEAT)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One connection's life. An error says also whether the connection ever worked.
    async fn session(&mut self, stop: &CancellationToken) -> Result<(), (Trouble, bool)> {
        self.meet().await.map_err(|e| (e, false))?;
        let opened = beating(&self.place, self.source.open()).await.map_err(|e| (e.into(), false))?;
        self.note_open().await.map_err(|e| (e, false))?;
        let mut cursor = self.first_contact(&opened).await.map_err(|e| (e, false))?;
        tracing::info!(mailbox = self.mailbox.name, folder = opened.folder, exists = opened.exists, "Watching");
        let mut quiet = true;
        loop {
            self.take_in_all(&opened, &mut cursor, stop, false).await.map_err(|e| (e, true))?;
            // Where it is quiet there is time for what was begun and not ended.
            if quiet && !stop.is_cancelled() {
                self.settle_what_is_gone(&opened, &cursor).await.map_err(|e| (e, true))?;
            }
            self.file_what_is_left().await.map_err(|e| (e, true))?;
            if stop.is_cancelled() {
                return Ok(());
            }
            match &self.filing_rests {
                Some((_, trouble)) => self.place.in_trouble(trouble.clone()),
                None => self.place.well(),
            }
            let longest = scattered(IDLE, &self.mailbox.name, cursor.last_uid);
            tokio::select! {
                wake = beating(&self.place, self.source.wait(longest)) => {
                    quiet = wake.map_err(|e| (e.into(), true))? == Wake::Nothing;
                }
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Remembers when this folder was first to be opened: what arrives from then on is new, however long its server is away.
    async fn meet(&mut self) -> Result<(), Trouble> {
        if self.met.is_some() {
            return Ok(());
        }
        let (what, now) = (format!("met:{}:{}", self.mailbox.name, self.source.folder()), (self.desk.clock)());
        let met = self.desk.with_store(move |store| {
            let met = store.moment(&what)?;
            if met.is_none() {
                store.note_moment(&what, SignedDuration::ZERO, None, now)?;
            }
            Ok(met)
        });
        self.met = Some(met.await?.map_or(Met::Now, Met::Earlier));
        Ok(())
    }

    /// The mailbox is open, or was until now.
    async fn note_open(&self) -> Result<(), Trouble> {
        let (what, now) = (watch::open(&self.mailbox.name), (self.desk.clock)());
        self.desk.with_store(move |store| store.note_moment(&what, SignedDuration::ZERO, None, now)).await?;
        Ok(())
    }

    /// Where to begin. At the very first contact the mailbox's `start` decides what is old; a changed UIDVALIDITY means
    /// that every UID is new: what was taken in is recognised by its content, and what was old by its date.
    async fn first_contact(&mut self, opened: &Opened) -> Result<Cursor, Trouble> {
        let (name, folder) = (self.mailbox.name.clone(), opened.folder.clone());
        let known = self.desk.with_store(move |s| s.cursor(&name, &folder)).await?;
        if let Some(cursor) = known.filter(|cursor| cursor.uid_validity == opened.uid_validity) {
            // UIDs only ever grow (RFC 3501 section 2.3.1.1): one beyond the next was a lie, or changed on its way, and would
            // hide what comes below it. What has a fate already is recognised.
            let beyond = opened.uid_next.is_some_and(|next| cursor.last_uid >= next);
            if !beyond || cursor.last_uid <= cursor.there_before {
                return Ok(cursor);
            }
            tracing::warn!(
                mailbox = self.mailbox.name,
                "A UID was shown that the server has not given out: the folder is looked through again"
            );
            let cursor = Cursor { last_uid: cursor.there_before, ..cursor };
            self.keep(opened, cursor).await?;
            return Ok(cursor);
        }
        let there = beating(&self.place, self.source.highest()).await?.unwrap_or(u32::MAX);
        let cursor = match known {
            Some(cursor) => {
                tracing::warn!(
                    mailbox = self.mailbox.name,
                    "UIDVALIDITY changed: the folder is read again from its beginning"
                );
                Cursor {
                    uid_validity: opened.uid_validity,
                    last_uid: 0,
                    by_date_up_to: there,
                    there_before: 0,
                    ..cursor
                }
            }
            None => self.baseline(opened, there).await?,
        };
        self.keep(opened, cursor).await?;
        Ok(cursor)
    }

    /// With `start = "new"`, what is there at the first contact stays as it is: for IMAP everything below the next UID, for a
    /// Maildir every file, by name. Where the first contact was tried earlier and failed, what arrived since then is new, by
    /// the server's clock. With a date, what is there is judged by its arrival; with `all`, nothing is old.
    async fn baseline(&mut self, opened: &Opened, there: u32) -> Result<Cursor, Trouble> {
        let now = (self.desk.clock)();
        let (since, by_date) = match (self.mailbox.start, self.met) {
            (Start::New, Some(Met::Earlier(met))) => (met.checked_sub(CLOCKS_DIFFER).unwrap_or(met), true),
            (Start::New, _) => (now, false),
            (Start::All, _) => (Timestamp::UNIX_EPOCH, true),
            (Start::Since(day), _) => (day.to_zoned(jiff::tz::TimeZone::UTC).map_or(now, |z| z.timestamp()), true),
        };
        let uid_validity = opened.uid_validity;
        let cursor = Cursor { uid_validity, last_uid: 0, since, by_date_up_to: 0, there_before: 0 };
        match (by_date, opened.uid_validity) {
            _ if self.mailbox.start == Start::All => Ok(cursor),
            (true, 1..) => Ok(Cursor { by_date_up_to: there, ..cursor }),
            (false, 1..) => Ok(Cursor { last_uid: there, there_before: there, ..cursor }),
            (_, 0) => {
                self.pass_over(|s| !by_date || s.received_at.is_some_and(|at| at < since)).await?;
                Ok(cursor)
            }
        }
    }

    /// Gives everything old that is in a Maildir now its fate.
    async fn pass_over(&mut self, old: impl Fn(&Shown) -> bool) -> Result<(), Trouble> {
        let mut last = 0;
        loop {
            let shown = beating(&self.place, self.source.show(last, RANGE)).await?;
            last = shown.iter().map(|s| s.key.uid).max().unwrap_or(last).max(last);
            let more = shown.len() == RANGE;
            let keys = shown.iter().filter(|s| old(s)).map(|s| s.key.clone()).collect();
            self.give_fate(keys, "It was there before the desk came").await?;
            if !more {
                // A Maildir shows each file once after each opening: those that are not old are still to come.
                beating(&self.place, self.source.open()).await?;
                return Ok(());
            }
        }
    }

    async fn keep(&mut self, opened: &Opened, cursor: Cursor) -> Result<(), Trouble> {
        let (name, folder) = (self.mailbox.name.clone(), opened.folder.clone());
        Ok(self.desk.with_store(move |s| s.set_cursor(&name, &folder, cursor)).await?)
    }

    async fn give_fate(&mut self, keys: Vec<SourceKey>, because: &'static str) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        let (name, now) = (self.mailbox.name.clone(), (self.desk.clock)());
        let fate = Fate::Ignored { because: because.to_owned() };
        Ok(self.desk.with_store(move |s| s.give_fate(&name, &keys, &fate, now)).await?)
    }

    /// Moves what is committed to the archive, also what a run left that ended between the two. Where that fails, taking in
    /// goes on without it for a while: a full archive must not keep mail out.
    async fn file_what_is_left(&mut self) -> Result<(), Trouble> {
        if self.filing_rests.as_ref().is_some_and(|(since, _)| since.elapsed() < FILING_REST) {
            return Ok(());
        }
        let name = self.mailbox.name.clone();
        let keys = self.desk.with_store(move |s| s.unfiled(&name)).await?;
        for some in keys.chunks(RANGE) {
            drill::point("before-move");
            beating(&self.place, self.source.file(some)).await.map_err(Trouble::Filing)?;
            drill::point("after-move");
            let (name, some, now) = (self.mailbox.name.clone(), some.to_vec(), (self.desk.clock)());
            self.desk.with_store(move |s| s.filed(&name, &some, now)).await?;
        }
        self.filing_rests = None;
        Ok(())
    }

    /// Rows without a fate are left by a run that ended between the first try and the commit, and by a server that withheld
    /// a mail for a while. What lies above the cursor is not meant: it comes by itself. Of the others, what stands there still is taken
    /// in now, and the rest was moved or deleted meanwhile.
    async fn settle_what_is_gone(&mut self, opened: &Opened, cursor: &Cursor) -> Result<(), Trouble> {
        let name = self.mailbox.name.clone();
        let rows = self.desk.with_store(move |s| s.unsettled(&name)).await?;
        let (mut gone, mut held) = (Vec::new(), Vec::new());
        for LedgerRow { key, attempts, .. } in rows.into_iter().filter(|r| r.key.folder == opened.folder) {
            if key.uid_validity != opened.uid_validity || key.uid == 0 {
                gone.push(key);
            } else if key.uid <= cursor.last_uid {
                let there = beating(&self.place, self.source.show(key.uid - 1, 1)).await?;
                match there.into_iter().find(|shown| shown.key == key) {
                    Some(shown) => {
                        let (ranges, writing) = self.writing(false);
                        let fetching = self.fetch(&[shown], HashMap::from([(key, attempts)]), &ranges).await;
                        drop(ranges);
                        // Without an end: nothing is said of how far the folder was taken in.
                        let fetching = fetching.map(drop);
                        let (_, withheld) = beating(&self.place, writing).await??;
                        fetching?;
                        held.extend(withheld);
                    }
                    None => gone.push(key),
                }
            }
        }
        self.give_fate(gone, GONE).await?;
        self.desk.give_up_withheld(&self.mailbox.name, held).await
    }

    /// Takes in all that is there. While the server sends one range, those before it are read and written. `tell`: what
    /// became of each mail is returned.
    async fn take_in_all(
        &mut self,
        opened: &Opened,
        cursor: &mut Cursor,
        stop: &CancellationToken,
        tell: bool,
    ) -> Result<Vec<Ingested>, Trouble> {
        let (ranges, writing) = self.writing(tell);
        let fetching = self.fetch_all(opened, cursor, stop, ranges).await;
        // What was fetched before an error is committed all the same; why it could not be is said first.
        let (ingested, _) = beating(&self.place, writing).await??;
        fetching.map(|()| ingested)
    }

    fn writing(&self, tell: bool) -> (mpsc::Sender<Range>, JoinHandle<Result<Taken, Trouble>>) {
        let (ranges, coming) = mpsc::channel(1);
        let committing = Committing::new(Arc::clone(&self.desk), &self.mailbox.name, tell);
        (ranges, tokio::spawn(committing.run(coming)))
    }

    async fn fetch_all(
        &mut self,
        opened: &Opened,
        cursor: &mut Cursor,
        stop: &CancellationToken,
        ranges: mpsc::Sender<Range>,
    ) -> Result<(), Trouble> {
        while !stop.is_cancelled() {
            let shown = beating(&self.place, self.source.show(cursor.last_uid, RANGE)).await?;
            let Some(last) = shown.iter().map(|s| s.key.uid).max() else { break };
            let more = shown.len() == RANGE;
            let is_old = |s: &Shown| {
                s.key.uid != 0 && s.key.uid <= cursor.by_date_up_to && s.received_at.is_some_and(|at| at < cursor.since)
            };
            let (old, wanted): (Vec<Shown>, Vec<Shown>) = shown.into_iter().partition(is_old);
            self.give_fate(old.into_iter().map(|s| s.key).collect(), "It is older than the mailbox's start").await?;
            let (wanted, tried) = self.unknown(wanted).await?;
            drill::point("shown");
            let end = self.fetch(&wanted, tried, &ranges).await?;
            let further = last > cursor.last_uid;
            cursor.last_uid = cursor.last_uid.max(last);
            // Nobody listens where the writing ended: then it says why.
            let _ = end.send(Reached { folder: opened.folder.clone(), cursor: further.then_some(*cursor) });
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Those that have no fate yet, and the tries of those that had any. A Maildir shows everything again after each
    /// `open`.
    async fn unknown(&mut self, shown: Vec<Shown>) -> Result<(Vec<Shown>, HashMap<SourceKey, u32>), Trouble> {
        let (name, keys) = (self.mailbox.name.clone(), shown.iter().map(|s| s.key.clone()).collect::<Vec<_>>());
        let rows = self.desk.with_store(move |s| s.known(&name, &keys)).await?;
        let (settled, open): (Vec<LedgerRow>, Vec<LedgerRow>) = rows.into_iter().partition(|row| row.fate.is_some());
        let settled: HashSet<SourceKey> = settled.into_iter().map(|row| row.key).collect();
        let tried = open.into_iter().map(|row| (row.key, row.attempts)).collect();
        Ok((shown.into_iter().filter(|s| !settled.contains(&s.key)).collect(), tried))
    }

    /// Fetches a range for the writing side, which does not wait for its end.
    async fn fetch(
        &mut self,
        wanted: &[Shown],
        tried: HashMap<SourceKey, u32>,
        ranges: &mpsc::Sender<Range>,
    ) -> Result<oneshot::Sender<Reached>, Trouble> {
        let (sink, fetched) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let range = Range { fetched, tried, end: ended };
        let sent = beating(&self.place, ranges.send(range)).await;
        sent.map_err(|_| SourceError::SinkClosed)?;
        if !wanted.is_empty() {
            let sink = Sink::new(sink, Arc::clone(&self.desk.room));
            beating(&self.place, self.source.fetch(wanted, self.desk.max_mail_bytes, sink)).await?;
        }
        Ok(end)
    }
}

/// Longest time between two signs of life.
const BEAT: Duration = Duration::from_secs(20);

/// Waits for something while showing signs of life. The future is never dropped half-way by this.
pub(super) async fn beating<T>(place: &Place, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            done = &mut future => return done,
            () = tokio::time::sleep(BEAT) => place.beat(),
        }
    }
}

/// Up to a tenth less, by the mailbox's name and how far it is, so that mailboxes do not renew together.
fn scattered(longest: Duration, name: &str, last: u32) -> Duration {
    let sum = name.bytes().fold(last, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b)));
    longest - longest / 1000 * (sum % 100)
}

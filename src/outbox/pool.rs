//! The outgoing server as a whole: sessions that wait for work, and the breaker that spares a dead server.
//!
//! A session is owned by whoever sends on it and comes back only after a transaction that ended cleanly; a send that is
//! dropped half-way takes its session with it. That is what lettre's own pool does not promise: there the next mail
//! could be settled by the reply to the one before.

use std::future::Future;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::error::SmtpError;
use super::session::{Session, open};
use super::settings::SmtpSettings;
use super::smtp::{Group, Sent, Terms, Verdict};
use super::transport::Letter;

/// The waits between attempts at a server that cannot be used, in multiples of [`super::settings::Limits::closed`].
const DEAD: [u32; 5] = [1, 2, 5, 10, 15];
/// The same where it refuses our password: often repeated, that locks the account.
const LOCKED: [u32; 3] = [5, 15, 30];
/// Groups of commands that are lost in a row until commands go one by one: a line that broke once is no reason.
const LOST_MAX: usize = 2;

pub(super) struct Pool {
    settings: SmtpSettings,
    idle: Mutex<Vec<Session>>,
    /// Held while connecting, so that a dead server is tried by one and the others learn from it.
    breaker: tokio::sync::Mutex<()>,
    trouble: Mutex<Trouble>,
    /// Groups of commands that were [lost](Group::Lost) since one was answered.
    lost: AtomicUsize,
}

#[derive(Default)]
struct Trouble {
    /// In a row.
    failures: usize,
    /// The last one, and when the next attempt may be made; None while all is well.
    now: Option<(SmtpError, Instant)>,
}

/// The server cannot be used until then.
#[derive(Clone, Debug)]
pub(super) struct Unusable {
    pub(super) error: SmtpError,
    pub(super) wait: Duration,
}

impl Pool {
    pub(super) fn new(settings: SmtpSettings) -> Self {
        Pool {
            settings,
            idle: Mutex::default(),
            breaker: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
            lost: AtomicUsize::new(0),
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.settings.connections.max(1)
    }

    pub(super) fn settings(&self) -> &SmtpSettings {
        &self.settings
    }

    /// Sends one mail on an idle session or a new one.
    pub(super) async fn send<F, N>(&self, letter: &Letter, terms: &Terms<'_>, note: N) -> Result<Sent, Unusable>
    where
        N: Fn() -> F,
        F: Future<Output = Result<(), String>>,
    {
        if let Some(mut session) = self.take_idle() {
            let sent = session.send(letter, terms, note()).await;
            if sent.verdict != Verdict::Stale {
                return self.settle(session, sent, terms).await;
            }
            // The server ended the session while it waited: this is no try of the mail's.
        }
        let mut session = self.connect(terms).await?;
        let sent = session.send(letter, terms, note()).await;
        self.settle(session, sent, terms).await
    }

    /// Takes the session back, or learns that the server cannot be used.
    async fn settle(&self, session: Session, sent: Sent, terms: &Terms<'_>) -> Result<Sent, Unusable> {
        use crate::model::outgoing::Attempt;
        self.learn(sent.group);
        if matches!(sent.verdict, Verdict::Mail | Verdict::Database) {
            // A mail was heard: that, not an open connection, is what shows the server to be back.
            *self.lock_trouble() = Trouble::default();
            if sent.reusable {
                lock(&self.idle).push(session);
            }
            return Ok(sent);
        }
        let server = self.settings.server();
        let error = match (&sent.verdict, &sent.attempt) {
            (Verdict::Login, Attempt::Deferred(reply)) => SmtpError::LoginWanted { server, reply: reply.clone() },
            (Verdict::Server, _) => {
                let seconds = terms.limits.command.as_secs();
                SmtpError::Silent { server, seconds, when: "at MAIL" }
            }
            (_, Attempt::Deferred(reply)) if reply.code != 0 => SmtpError::Unwelcome { server, reply: reply.clone() },
            (_, Attempt::Deferred(reply)) => SmtpError::Broken { server, when: "at MAIL", because: reply.text.clone() },
            _ => return Ok(sent),
        };
        Err(self.fail(error))
    }

    /// Whether a server that announces PIPELINING takes commands together is seen from what it does.
    fn learn(&self, group: Group) {
        match group {
            Group::None => {}
            Group::Answered => self.lost.store(0, Relaxed),
            Group::Lost => {
                if self.lost.fetch_add(1, Relaxed) + 1 == LOST_MAX {
                    tracing::warn!(
                        "outbox: the server loses commands that come together: they go one by one from now on"
                    );
                }
            }
        }
    }

    async fn connect(&self, terms: &Terms<'_>) -> Result<Session, Unusable> {
        let _alone = self.breaker.lock().await;
        if let Some(unusable) = self.unusable() {
            return Err(unusable);
        }
        let opened = tokio::select! {
            opened = open(&self.settings) => opened,
            () = terms.hurry.cancelled() => return Err(Unusable { error: self.stopped(), wait: Duration::ZERO }),
        };
        match opened {
            Ok(mut session) => {
                session.ability.pipelining &= self.lost.load(Relaxed) < LOST_MAX;
                Ok(session)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    fn stopped(&self) -> SmtpError {
        let because = "the desk stopped".to_owned();
        SmtpError::Broken { server: self.settings.server(), when: "while connecting", because }
    }

    fn fail(&self, error: SmtpError) -> Unusable {
        // Sessions that fail together are one failure.
        if let Some(known) = self.unusable() {
            return known;
        }
        let mut trouble = self.lock_trouble();
        let waits: &[u32] = if error.is_login() { &LOCKED } else { &DEAD };
        let times = waits.get(trouble.failures.min(waits.len() - 1)).copied().unwrap_or(1);
        let wait = self.settings.limits.closed.saturating_mul(times);
        trouble.failures += 1;
        trouble.now = Some((error.clone(), Instant::now() + wait));
        Unusable { error, wait }
    }

    /// The trouble that holds now, with the wait that is left of it.
    pub(super) fn unusable(&self) -> Option<Unusable> {
        let trouble = self.lock_trouble();
        let (error, until) = trouble.now.as_ref()?;
        let wait = until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then(|| Unusable { error: error.clone(), wait })
    }

    /// The last attempt at the server failed, be its wait over or not.
    pub(super) fn in_doubt(&self) -> bool {
        self.lock_trouble().now.is_some()
    }

    /// Closes sessions that have had no work for a while; how long until the next one is due.
    pub(super) async fn sweep(&self) -> Option<Duration> {
        let limit = self.settings.limits.idle;
        let (old, next) = {
            let mut idle = lock(&self.idle);
            let (old, young): (Vec<_>, Vec<_>) = idle.drain(..).partition(|s| s.used.elapsed() >= limit);
            *idle = young;
            (old, idle.iter().map(|s| limit.saturating_sub(s.used.elapsed())).min())
        };
        for mut session in old {
            session.quit().await;
        }
        next
    }

    /// Says good-bye on every idle session.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        for mut session in idle {
            session.quit().await;
        }
    }

    /// The one used last: the others may grow old and be closed.
    fn take_idle(&self) -> Option<Session> {
        let limit = self.settings.limits.idle;
        let session = lock(&self.idle).pop()?;
        (session.used.elapsed() < limit).then_some(session)
    }

    fn lock_trouble(&self) -> MutexGuard<'_, Trouble> {
        lock(&self.trouble)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is held under these locks can be left half-done.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

//! `run`: the daemon.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{self, CliResult, Failure, OrExit as _};
use super::{Global, lock, log, open};
use crate::config::Config;
use crate::daemon::{self, connect, operator, systemd};
use crate::store::sqlite::{Options, SqliteStore};
use crate::store::{Store, StoreError};

/// Between two tries to open a database that cannot be opened now: at first, and at last.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// How long threads that are still reading may take once all else has ended.
const LAST_CALL: Duration = Duration::from_secs(5);
/// Between two mails about a database that is broken, whoever starts the daemon meanwhile.
const TOLD_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_args: Args, global: &Global) -> CliResult {
    let (config, lone_key) = open::config_to_fill(global)?;
    log::start(&config.log);
    for hint in &config.hints {
        tracing::info!(line = hint.line, key = hint.key, hint = hint.message, "About the configuration");
    }
    let _alone = lock::daemon(&config.state)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name("desk").enable_all().build().code(exit::IO)?;
    let store = match open_patiently(&config.database()) {
        Ok(store) => store,
        Err(error @ StoreError::Broken(_)) => {
            runtime.block_on(tell_once(&config, &error));
            return Err(Failure { code: exit::DATA, error: error.into() });
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(told) = lone_key.tell(store.as_ref()) {
        tracing::warn!("{told}");
    }
    if let Err(failure) = end_dead_leases(&config, &store) {
        tracing::warn!(error = %failure.error, "What was being sent goes again when its lease ends");
    }
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = watch_signals(stop.clone()).code(exit::IO)?;
        let result = daemon::run(store, &config, stop).await;
        signals.abort();
        result.code(exit::CONFIG)
    });
    // A read of a dead disk or mount never ends, and is not waited for: what was not committed comes again.
    runtime.shutdown_timeout(LAST_CALL);
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the database. One that is there and cannot be opened now (a full disk, a lock, a file system that is read-only) is
/// waited for: a service manager that only starts the daemon again gives up after a few times.
fn open_patiently(path: &Path) -> Result<Arc<SqliteStore>, StoreError> {
    let mut again = AGAIN;
    loop {
        match SqliteStore::open(path, Options::default()) {
            Err(error @ StoreError::Unavailable(_)) if path.exists() => {
                tracing::error!(%error, again_in_seconds = again.as_secs(), "The database cannot be opened");
                // Each try waits for a lock, too.
                systemd::waiting(&error.to_string(), again + Duration::from_secs(60));
                std::thread::sleep(again);
                again = (2 * again).min(AGAIN_MAX);
            }
            opened => return opened,
        }
    }
}

/// The operator hears of a database that does not open, once a day: nothing but a file can tell when that was.
async fn tell_once(config: &Config, error: &StoreError) {
    let stamp = config.state.join("told-broken");
    let told_at = std::fs::metadata(&stamp).and_then(|file| file.modified()).ok();
    let lately = |at: SystemTime| SystemTime::now().duration_since(at).is_ok_and(|passed| passed < TOLD_PAUSE);
    let Some(outgoing) = connect::outgoing(&config.outgoing, &config.limits) else { return };
    // Without the stamp there would be a mail at every start.
    if told_at.is_some_and(lately) || std::fs::write(&stamp, "").is_err() {
        return;
    }
    operator::past_the_database(&config.policy, outgoing, &error.to_string(), Timestamp::now()).await;
}

/// What a daemon or command had claimed for sending when it was killed goes again at once, and not when its lease ends:
/// with the daemon's lock held, and no command sending, nobody can hold a claim.
fn end_dead_leases(config: &Config, store: &SqliteStore) -> Result<(), Failure> {
    if let Some(_alone) = lock::no_sender(&config.state)? {
        let ended = store.end_leases(Timestamp::now())?;
        if ended > 0 {
            tracing::info!(mails = ended, "Mails that were being sent when the desk ended go again");
        }
    }
    Ok(())
}

/// SIGTERM and SIGINT end the desk in good order.
fn watch_signals(stop: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("Asked to stop");
        stop.cancel();
    }))
}

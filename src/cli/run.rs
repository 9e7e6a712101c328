//! `run`: the daemon.

use std::fs::File;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{self, CliResult, Failure, OrExit as _};
use super::{Global, log, open};
use crate::daemon;
use crate::store::Store;

#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_args: Args, global: &Global) -> CliResult {
    let desk = open::desk_to_fill(global)?;
    log::start(&desk.config.log);
    for hint in &desk.config.hints {
        tracing::info!(line = hint.line, key = hint.key, hint = hint.message, "About the configuration");
    }
    let _alone = only_one(&desk.config.state)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().code(exit::IO)?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = watch_signals(stop.clone()).code(exit::IO)?;
        let store: Arc<dyn Store> = desk.kept.clone();
        let result = daemon::run(store, &desk.config, stop).await;
        signals.abort();
        result.code(exit::CONFIG)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Two daemons on one desk would read each mailbox twice over. The lock goes with the process, whatever ends it.
fn only_one(state: &std::path::Path) -> Result<File, Failure> {
    let path = state.join("lock");
    let file = File::create(&path).map_err(|e| anyhow::Error::new(e).context(format!("Opening {}", path.display())));
    let file = file.code(exit::CANT_CREATE)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(exit::fail(
            exit::TEMPORARY,
            format!("Another postdesk runs this desk already ({} is locked)", path.display()),
        )),
    }
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

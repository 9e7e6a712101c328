//! `run`: the daemon.

use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{self, CliResult, Failure, OrExit as _};
use super::open::Desk;
use super::{Global, lock, log, open};
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
    let _alone = lock::daemon(&desk.config.state)?;
    end_dead_leases(&desk)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name("desk").enable_all().build().code(exit::IO)?;
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

/// What a daemon or command had claimed for sending when it was killed goes again at once, and not when its lease ends:
/// with the daemon's lock held, and no command sending, nobody can hold a claim.
fn end_dead_leases(desk: &Desk) -> Result<(), Failure> {
    if let Some(_alone) = lock::no_sender(&desk.config.state)? {
        let ended = desk.kept.end_leases(Timestamp::now())?;
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

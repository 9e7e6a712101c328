//! The service manager: READY once mail can be kept, the watchdog's ping while every part beats, a status line.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use super::board::Board;

/// The database is open and the configuration holds. Not: every server answers; a dead mail server must not make the
/// service manager restart a desk that is well.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Not ready yet, and why; it takes so much longer.
pub fn waiting(why: &str, longer: Duration) {
    let longer = u32::try_from(longer.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Status(why), NotifyState::ExtendTimeoutUsec(longer)]);
}

/// Pings at a third of the watchdog's time as long as no part is stuck, and keeps the status line true. Without a watchdog
/// only the latter.
pub async fn watch(board: Arc<Board>, stop: CancellationToken) {
    let every = sd_notify::watchdog_enabled().map_or(Duration::from_secs(30), |limit| limit / 3);
    let mut said = String::new();
    loop {
        match board.stuck() {
            None => notify(&[NotifyState::Watchdog]),
            Some(part) => tracing::error!(part, "This part is stuck, the watchdog is not pinged"),
        }
        let status = board.status();
        if status != said {
            notify(&[NotifyState::Status(&status)]);
            said = status;
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn notify(state: &[NotifyState]) {
    // No NOTIFY_SOCKET: nobody asked. Anything else is worth a line, never a stop.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "The service manager was not notified");
    }
}

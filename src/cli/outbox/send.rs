//! `outbox send`: sends what is due and returns, for scripts and cron. Beside a running daemon it does no harm: each of
//! the two sends only what it claimed.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::cli::exit::{self, CliResult, Failure, OrExit as _};
use crate::cli::lock;
use crate::cli::open::Desk;
use crate::cli::output::escape;
use crate::daemon::connect;
use crate::model::outgoing::{Attempt, SmtpReply};
use crate::outbox::{Courier, DeliverError, OutgoingSettings, Report};
use crate::store::Store;

pub fn run(desk: &Desk) -> CliResult {
    let mut out = desk.out();
    let Some(outgoing) = connect::outgoing(&desk.config.outgoing, &desk.config.limits) else {
        eprintln!("postdesk: Nothing can leave: the configuration has no [outgoing]");
        return out.finish();
    };
    let state = &desk.config.state;
    let _sending = state.exists().then(|| lock::sender(state)).transpose()?;
    let report = deliver(desk, outgoing)?;
    for failure in &report.failed {
        let ticket = failure.ticket.map(|n| format!(", ticket {n}")).unwrap_or_default();
        let text = format!("Mail {} ({}{ticket}) {}", failure.id, failure.template, ended(&failure.attempt));
        eprintln!("postdesk: {}", escape(&text));
    }
    out.line(&summary(&report));
    let done = out.finish()?;
    match report.trouble {
        Some(trouble) => Err(exit::fail(exit::UNAVAILABLE, escape(&format!("Sending: {trouble}")))),
        None => Ok(done),
    }
}

/// Until nothing is due, or the way out is closed. Ctrl-C finishes the mails in flight.
fn deliver(desk: &Desk, outgoing: OutgoingSettings) -> Result<Report, Failure> {
    let store: Arc<dyn Store> = desk.kept.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().code(exit::IO)?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let courier =
            Courier::new(store, outgoing, Arc::new(Timestamp::now)).with_pace(connect::pace(&desk.config.outgoing));
        let interrupted = stop.clone();
        let watch = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        let report = courier.deliver_due(&stop).await;
        courier.close().await;
        watch.abort();
        report.map_err(|error| match error {
            DeliverError::Store(error) => error.into(),
            DeliverError::Thread(_) => exit::fail(exit::SOFTWARE, error),
        })
    })
}

fn summary(report: &Report) -> String {
    let mut parts = vec![format!("{} sent", report.accepted)];
    for (count, what) in [
        (report.deferred, "to be tried again later"),
        (report.failed.len(), "failed"),
        (report.unsettled, "ended without a word and will be tried again"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

/// How the last try of a mail ended that will not go again by itself.
fn ended(attempt: &Attempt) -> String {
    let said = |reply: &SmtpReply| match reply.code {
        0 => reply.text.clone(),
        code => format!("{code} {}", reply.text),
    };
    match attempt {
        Attempt::Accepted(reply) => format!("was taken: {}", said(reply)),
        Attempt::Deferred(reply) => format!("is given up: {}", said(reply)),
        Attempt::Rejected(reply) => format!("was refused: {}", said(reply)),
        Attempt::Ambiguous(reply) => format!("may or may not have arrived: {}", said(reply)),
    }
}

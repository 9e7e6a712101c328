//! Mail leaves: over SMTP to a real Postfix, to a server that misbehaves where Postfix cannot, and into a Maildir.

#[path = "../support/mod.rs"]
mod support;

mod courier;
mod faults;
mod postfix;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use postdesk::model::outgoing::{Attempt, SmtpReply, Template};
use postdesk::outbox::{Clock, Courier, Limits, OutgoingSettings, Report, SmtpSettings, Tls};
use postdesk::store::Store;
use support::outbox_store::OutboxStore;
use support::smtp_sink::Sink;
use tokio_util::sync::CancellationToken;

const MAIL: &[u8] = b"From: Desk <desk@acme.example>\r\nTo: jan@inbox.example\r\nSubject: Hello\r\n\
    Date: Mon, 01 Jun 2026 10:00:00 +0000\r\nMessage-ID: <one@desk.example>\r\n\r\n\
    First line\r\n.\r\n..two dots\r\n. and a space\r\nlast line\r\n";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn clock() -> Clock {
    Arc::new(now)
}

/// Limits that let a test see silence end.
fn quick() -> Limits {
    let short = Duration::from_millis(400);
    Limits { connect: short, command: short, data: short, block: short, final_dot: short, ..Limits::default() }
}

fn settings(port: u16, tls: Tls) -> SmtpSettings {
    SmtpSettings::new("127.0.0.1", port, tls, "desk.acme.example")
}

fn to_sink(sink: &Sink) -> SmtpSettings {
    SmtpSettings { limits: quick(), ..settings(sink.address.port(), Tls::None) }
}

fn courier(store: &Arc<OutboxStore>, settings: SmtpSettings) -> Courier {
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    Courier::new(store, OutgoingSettings::Smtp(Box::new(settings)), clock())
}

/// Fires after so long.
fn stop_after(time: Duration) -> CancellationToken {
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        stopper.cancel();
    });
    stop
}

async fn deliver(store: &Arc<OutboxStore>, settings: SmtpSettings) -> Report {
    let courier = courier(store, settings);
    let report = courier.deliver_due(&CancellationToken::new()).await.expect("the store works");
    courier.close().await;
    report
}

fn one_mail() -> (Arc<OutboxStore>, i64) {
    let store = Arc::new(OutboxStore::default());
    let id = store.queue(Template::Answer, "jan@inbox.example", MAIL, now());
    (store, id)
}

fn last_end(store: &OutboxStore, id: i64) -> Attempt {
    store.row(id).ends.last().cloned().expect("the mail was tried")
}

fn reply(attempt: &Attempt) -> &SmtpReply {
    match attempt {
        Attempt::Accepted(r) | Attempt::Deferred(r) | Attempt::Rejected(r) | Attempt::Ambiguous(r) => r,
    }
}

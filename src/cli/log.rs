//! The log: to journald under systemd, else to standard error. It carries ids; no address, subject or text of a mail at any
//! level, so the libraries that would write them are not heard at all.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts the log for this process. A second call changes nothing.
pub fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Only our own words: async-imap and lettre log whole dialogues, others parts of mails in their errors.
    let ours = Targets::new().with_target("postdesk", level);
    let journal = match log.format {
        LogFormat::Journald => true,
        LogFormat::Auto => std::env::var_os("JOURNAL_STREAM").is_some(),
        LogFormat::Text | LogFormat::Json => false,
    };
    if journal && let Ok(layer) = tracing_journald::layer() {
        let _ = tracing_subscriber::registry().with(ours).with(layer).try_init();
    } else if log.format == LogFormat::Json {
        let layer = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
        let _ = tracing_subscriber::registry().with(ours).with(layer).try_init();
    } else {
        let layer =
            tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
        let _ = tracing_subscriber::registry().with(ours).with(layer).try_init();
    }
    std::panic::set_hook(Box::new(|panic| {
        // Where, not what: a panic's words may be a mail's.
        let place = panic.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        tracing::error!(place, "A panic was contained");
    }));
}

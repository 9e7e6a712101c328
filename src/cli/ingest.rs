//! `ingest`: takes mails in as though they had arrived. What the desk writes because of them is queued; the daemon or
//! `outbox send` sends it.

use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use serde_json::json;

use super::Global;
use super::exit::{self, CliResult, Failure, OrExit as _};
use super::open::{self, Desk};
use super::output::{Out, Tone, escape};
use crate::authenticate::Authenticator;
use crate::config::Config;
use crate::daemon::connect;
use crate::daemon::ingest::{self, Checked, Parsed};
use crate::inbound::files::{self, Handed, Mails};
use crate::model::{AddrSpec, Address, Digest, Incoming, Message, Policy, SourceKey};
use crate::store::{Ingested, Outcome, PANIC};

/// Mails and bytes that are taken in together.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The mailbox at which they arrive; else for each mail the one it is addressed to, else the first
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// One JSON object a mail
    #[arg(long)]
    json: bool,
    /// .eml files, folders of them, Maildirs, mbox files; `-` or nothing is standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    if !is_piped(&args) || stdin().is_terminal() {
        return take_in(args, global);
    }
    // Who hands over one mail on standard input is a mail server with somebody's mail in its hands.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| take_in(args, global)));
    let done = done.unwrap_or_else(|_| Err(exit::fail(exit::SOFTWARE, PANIC)));
    done.map_err(requeued)
}

/// Most sysexits make a mail server return the mail to its sender (Postfix's pipe(8) all but 71, 74 and 75). What is not the
/// mail's own fault must not: a slip in the configuration, a full disk, a folder that is not ours. It keeps the mail and comes
/// again.
fn requeued(failure: Failure) -> Failure {
    let code = if failure.code == exit::DATA { exit::DATA } else { exit::TEMPORARY };
    Failure { code, ..failure }
}

fn is_piped(args: &Args) -> bool {
    args.paths.is_empty() || args.paths.iter().any(|p| p.as_os_str() == "-")
}

fn take_in(args: Args, global: &Global) -> CliResult {
    let desk = open::desk_to_fill(global)?;
    let max = desk.config.limits.max_mail_bytes;
    let mut out = desk.out();
    let mut taking = Taking::new(&args, &desk)?;
    let mut unreadable = 0;
    for mail in handed_over(&args, max)? {
        match mail {
            Ok(mail) => taking.add(mail, &mut out)?,
            Err(error) => {
                eprintln!("postdesk: {error}");
                unreadable += 1;
            }
        }
    }
    taking.flush(&mut out)?;
    taking.written(&mut out)?;
    let taken = taking.taken;
    out.finish()?;
    match (taken, unreadable) {
        (_, 1..) => {
            Err(exit::fail(exit::DATA, format!("{taken} mails were taken in, {unreadable} places could not be read")))
        }
        (0, 0) => Err(exit::fail(exit::DATA, "There was no mail to take in")),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn handed_over(args: &Args, max: u64) -> Result<Mails, Failure> {
    if !is_piped(args) {
        return Ok(files::mails(args.paths.clone(), max));
    }
    if args.paths.len() > 1 {
        return Err(exit::fail(exit::USAGE, "\"-\" is standard input and stands alone"));
    }
    if stdin().is_terminal() {
        return Err(exit::fail(exit::USAGE, "Name a mail, or give one on standard input"));
    }
    Ok(files::stream("standard input", std::io::BufReader::new(stdin()), max))
}

/// Mails on their way in, a batch at a time.
struct Taking<'a> {
    desk: &'a Desk,
    policy: Arc<Policy>,
    named: Option<String>,
    json: bool,
    names: Vec<String>,
    batch: Vec<Parsed>,
    bytes: usize,
    checker: Checker,
    /// The batch before, being written while the next is read.
    writing: Option<Writing>,
    taken: usize,
}

struct Writing {
    /// The names and keys of its mails, in order.
    mails: Vec<(String, SourceKey)>,
    thread: JoinHandle<crate::store::Result<Vec<Ingested>>>,
}

impl<'a> Taking<'a> {
    fn new(args: &Args, desk: &'a Desk) -> Result<Self, Failure> {
        Ok(Taking {
            desk,
            policy: Arc::new(desk.policy().clone()),
            named: args.mailbox.clone(),
            json: args.json,
            names: Vec::new(),
            batch: Vec::new(),
            bytes: 0,
            checker: Checker::new(&desk.config)?,
            writing: None,
            taken: 0,
        })
    }

    fn add(&mut self, mail: Handed, out: &mut Out) -> Result<(), Failure> {
        let incoming = Incoming {
            mailbox: String::new(),
            key: SourceKey::handed_over(&Digest::of(&mail.raw)),
            received_at: mail.received_at.unwrap_or_else(Timestamp::now),
            raw: mail.raw,
            truncated_from: mail.truncated_from,
        };
        let mut parsed = ingest::parse(incoming);
        let message = parsed.message.as_ref().ok();
        parsed.incoming.mailbox = mailbox_for(self.named.as_deref(), message, &self.policy)?;
        self.bytes += parsed.incoming.raw.len();
        self.batch.push(parsed);
        self.names.push(mail.name);
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush(out) } else { Ok(()) }
    }

    fn flush(&mut self, out: &mut Out) -> Result<(), Failure> {
        let (batch, names) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.names));
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let keys = batch.iter().map(|p| p.incoming.key.clone());
        let mails = names.into_iter().zip(keys).collect();
        let checked = self.checker.check(batch);
        let prepared = ingest::prepare(&self.policy, checked, Timestamp::now())?;
        self.written(out)?;
        let (kept, policy) = (Arc::clone(&self.desk.kept), Arc::clone(&self.policy));
        let thread = std::thread::spawn(move || ingest::write(kept.as_ref(), &policy, prepared));
        self.writing = Some(Writing { mails, thread });
        Ok(())
    }

    /// Waits for what is being written, and tells.
    fn written(&mut self, out: &mut Out) -> Result<(), Failure> {
        let Some(Writing { mails, thread }) = self.writing.take() else { return Ok(()) };
        let ingested = match thread.join() {
            Ok(written) => written?,
            Err(_) => return Err(exit::fail(exit::SOFTWARE, PANIC)),
        };
        self.taken += ingested.len();
        for (name, key) in &mails {
            if let Some(one) = ingested.iter().find(|i| i.key == *key) {
                tell(out, name, one, self.json);
            }
        }
        Ok(())
    }
}

impl Drop for Taking<'_> {
    /// Whatever ends the command, what is being written is written to its end.
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            let _ = writing.thread.join();
        }
    }
}

fn tell(out: &mut Out, name: &str, one: &Ingested, as_json: bool) {
    let (fate, ticket, because) = match &one.outcome {
        Outcome::Done { fate, reasons, .. } => {
            let because = fate.because().map(str::to_owned).or_else(|| reasons.first().cloned());
            (fate.word().to_owned(), fate.ticket(), because.unwrap_or_default())
        }
        Outcome::Seen { fate, ticket } => (fate.clone(), *ticket, "It was taken in before".to_owned()),
        Outcome::Quarantined { because } => ("quarantined".to_owned(), None, because.clone()),
    };
    if as_json {
        let seen = matches!(one.outcome, Outcome::Seen { .. });
        out.json(&json!({
            "file": name, "mailbox": one.mailbox, "fate": fate, "ticket": ticket, "because": because, "seen": seen,
        }));
        return;
    }
    let number = ticket.map(|n| format!(" {n}")).unwrap_or_default();
    let look = out.look().clone();
    out.line(&format!(
        "{}: {}  {}",
        escape(name),
        look.tone(Tone::Strong, &format!("{fate}{number}")),
        escape(&because)
    ));
}

/// The daemon's check of signatures, for commands.
pub struct Checker {
    runtime: tokio::runtime::Runtime,
    authenticator: Authenticator,
}

impl Checker {
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().code(exit::IO)?;
        let authenticator = runtime.block_on(async { connect::authenticator(&config.dns) }).code(exit::CONFIG)?;
        Ok(Checker { runtime, authenticator })
    }

    pub fn check(&self, mails: Vec<Parsed>) -> Vec<Checked> {
        let checks = mails.into_iter().map(|mail| ingest::check(&self.authenticator, mail));
        self.runtime.block_on(futures::future::join_all(checks))
    }
}

/// At which mailbox a mail handed over arrives: the named one, else the first that it is addressed to, else the first.
pub fn mailbox_for(named: Option<&str>, message: Option<&Message>, policy: &Policy) -> Result<String, Failure> {
    if let Some(name) = named {
        return match policy.mailbox(name) {
            Some(mailbox) => Ok(mailbox.name.clone()),
            None => {
                let known = open::list(policy.mailboxes.iter().map(|m| &m.name));
                Err(exit::fail(exit::USAGE, format!("There is no mailbox {name:?}; the configuration has {known}")))
            }
        };
    }
    let own = message.and_then(|message| {
        let named = message.to.iter().chain(&message.cc).filter_map(Address::spec);
        let delivered = message.delivered_to.iter().filter_map(|a| AddrSpec::parse(a).ok());
        named.chain(delivered).find_map(|a| policy.own_address(&a).map(|(mailbox, _)| mailbox.name.clone()))
    });
    own.or_else(|| policy.mailboxes.first().map(|m| m.name.clone()))
        .ok_or_else(|| exit::fail(exit::CONFIG, "The configuration has no mailbox"))
}

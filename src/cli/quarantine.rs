//! `quarantine`: mails that were set aside, until a person looks at them.

use std::sync::Arc;

use clap::Subcommand;
use jiff::Timestamp;

use super::Global;
use super::exit::{self, CliResult, Failure};
use super::open::{self, Desk};
use super::output::{Cell, Column, Look, Table, Tone, escape};
use super::{json, mail};
use crate::daemon::ingest;
use crate::model::order::OPERATOR;
use crate::model::{Fate, Policy};
use crate::store::{Outcome, QuarantineRow};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List the mails in quarantine, and why they are there
    List(ListArgs),
    /// Show a mail
    Show(ShowArgs),
    /// Take a mail, or all, in again: after an update or a change of the configuration
    Retry(RetryArgs),
    /// Take a mail in although its sender is not believed: as though nothing were known of who sent it
    Release(ReleaseArgs),
    /// Leave mails out for good; that they came, and why they were left out, stays on record
    Drop(DropArgs),
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct ShowArgs {
    id: i64,
    #[command(flatten)]
    how: mail::How,
}

#[derive(clap::Args, Debug)]
struct RetryArgs {
    /// A mail's id, or "all"
    #[arg(value_name = "ID|all", value_parser = mail::which)]
    which: mail::Which,
}

#[derive(clap::Args, Debug)]
struct ReleaseArgs {
    id: i64,
    /// In whose name, for the ticket's history: an agent's, else the operator's
    #[arg(long = "as", value_name = "AGENT")]
    actor: Option<String>,
}

#[derive(clap::Args, Debug)]
struct DropArgs {
    #[arg(value_name = "ID", required = true)]
    ids: Vec<i64>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "dropped by the operator")]
    because: String,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let desk = open::desk(global)?;
    match args.command {
        Command::List(args) => list(&args, &desk),
        Command::Show(args) => show(&args, &desk),
        Command::Retry(args) => retry(&args, &desk),
        Command::Release(args) => release(&args, &desk),
        Command::Drop(args) => drop_for_good(&args, &desk),
    }
}

fn list(args: &ListArgs, desk: &Desk) -> CliResult {
    let rows = desk.kept.quarantined()?;
    let mut out = desk.out();
    if args.json {
        rows.iter().for_each(|row| out.json(&json::quarantine(row)));
    } else {
        let table = table(&rows, out.look());
        out.table(&table);
    }
    out.finish()
}

fn table(rows: &[QuarantineRow], look: &Look) -> Table {
    let mut table = Table::new(&[
        Column::right("id"),
        Column::new("received"),
        Column::new("mailbox"),
        Column::flexible("from"),
        Column::flexible("subject"),
        Column::right("tries"),
        Column::wrapped("because"),
    ]);
    for row in rows {
        table.row(vec![
            Cell::new(row.id),
            Cell::new(look.time(row.received_at)),
            Cell::new(&row.mailbox),
            Cell::new(&row.from),
            Cell::new(&row.subject),
            Cell::new(row.attempts),
            Cell::toned(&row.because, Tone::Warn),
        ]);
    }
    table
}

fn show(args: &ShowArgs, desk: &Desk) -> CliResult {
    let Some((row, bytes)) = desk.kept.quarantined_mail(args.id)? else { return Err(missing(args.id, desk)?) };
    let out = desk.out();
    let facts = [
        ("because", row.because.clone()),
        ("mailbox", row.mailbox.clone()),
        ("received", out.look().time(row.received_at)),
        ("tries", row.attempts.to_string()),
        ("digest", row.digest.clone()),
    ];
    mail::show(out, args.how, &format!("quarantined mail {}", row.id), &facts, &bytes)
}

fn retry(args: &RetryArgs, desk: &Desk) -> CliResult {
    let ids = match args.which.id() {
        Some(id) => vec![id],
        None => desk.kept.quarantined()?.iter().map(|row| row.id).collect(),
    };
    let policy = Arc::new(desk.lasting_policy()?);
    let mut out = desk.out();
    for id in ids {
        let became = take_in_again(id, desk, &policy, None)?;
        out.line(&escape(&format!("Mail {id}: {became}")));
    }
    out.finish()
}

fn release(args: &ReleaseArgs, desk: &Desk) -> CliResult {
    let policy = Arc::new(desk.lasting_policy()?);
    let by = match &args.actor {
        Some(name) => match policy.agent(name) {
            Some(agent) => agent.name.clone(),
            None => return Err(exit::fail(exit::USAGE, format!("There is no agent {name:?}"))),
        },
        None => OPERATOR.to_owned(),
    };
    let became = take_in_again(args.id, desk, &policy, Some(&by))?;
    let mut out = desk.out();
    out.line(&escape(&format!("Mail {}: {became}", args.id)));
    out.finish()
}

/// Reopens a mail's source key and takes the mail in as though it had arrived now; says what became of it. Between the
/// two it stays in quarantine, so that a crash loses nothing.
fn take_in_again(id: i64, desk: &Desk, policy: &Arc<Policy>, released_by: Option<&str>) -> Result<String, Failure> {
    let Some(incoming) = desk.kept.quarantine_reopen(id)? else {
        return Err(match desk.kept.quarantined_mail(id)? {
            Some(_) => exit::fail(exit::DATA, format!("The bytes of mail {id} were not kept: it can only be dropped")),
            None => missing(id, desk)?,
        });
    };
    let mut checked = super::ingest::Checker::new(&desk.config)?.check(vec![ingest::parse(incoming)]);
    let ingested = match (released_by, checked.pop()) {
        (Some(by), Some(mail)) => ingest::release(desk.kept.as_ref(), policy, mail, by, Timestamp::now())?,
        (_, mail) => ingest::take_in(desk.kept.as_ref(), policy, mail.into_iter().collect(), Timestamp::now())?,
    };
    Ok(ingested.first().map(|i| became(&i.outcome)).unwrap_or_default())
}

fn became(outcome: &Outcome) -> String {
    let of = |fate: &str, ticket: Option<i64>| match ticket {
        Some(number) => format!("{fate} {number}"),
        None => fate.to_owned(),
    };
    match outcome {
        Outcome::Done { fate: Fate::Quarantined { because }, .. } | Outcome::Quarantined { because } => {
            format!("still in quarantine: {because}")
        }
        Outcome::Done { fate, .. } => {
            let because = fate.because().map(|b| format!(": {b}")).unwrap_or_default();
            format!("{}{because}", of(fate.word(), fate.ticket()))
        }
        Outcome::Seen { fate, ticket } => format!("{} (it was taken in meanwhile)", of(fate, *ticket)),
    }
}

fn drop_for_good(args: &DropArgs, desk: &Desk) -> CliResult {
    let mut out = desk.out();
    for id in &args.ids {
        if !desk.kept.quarantine_drop(*id, &args.because, Timestamp::now())? {
            return Err(missing(*id, desk)?);
        }
        out.line(&format!("Mail {id} is left out for good"));
    }
    out.finish()
}

/// No such mail, and which there are.
fn missing(id: i64, desk: &Desk) -> Result<Failure, Failure> {
    let rows = desk.kept.quarantined()?;
    let known = match rows.as_slice() {
        [] => "it is empty".to_owned(),
        some => format!("there are: {}", mail::some_of(some.iter().map(|r| r.id))),
    };
    Ok(exit::fail(exit::DATA, format!("There is no mail {id} in quarantine ({known})")))
}

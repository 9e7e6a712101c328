//! `outbox`: mails waiting to leave, and those that could not.

mod send;

use clap::Subcommand;
use jiff::Timestamp;

use super::Global;
use super::exit::{self, CliResult, Failure};
use super::open::{self, Desk};
use super::output::{Cell, Column, Look, Table, Tone, escape};
use super::{json, mail};
use crate::model::outgoing::OutboxState;
use crate::store::OutboxRow;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List the mails that have not left
    List(ListArgs),
    /// Show a mail and how sending it went
    Show(ShowArgs),
    /// Send what is due and return; the daemon needs no telling
    Send,
    /// Let a mail, or all, go again now; what came back, only by its id
    Retry(RetryArgs),
    /// Take mails out: they are not sent
    Drop(DropArgs),
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// Those too that were sent, held back or dropped
    #[arg(long)]
    all: bool,
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
struct DropArgs {
    #[arg(value_name = "ID", required = true)]
    ids: Vec<i64>,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let desk = open::desk(global)?;
    match args.command {
        Command::List(args) => list(&args, &desk),
        Command::Show(args) => show(&args, &desk),
        Command::Send => send::run(&desk),
        Command::Retry(args) => retry(&args, &desk),
        Command::Drop(args) => drop_out(&args, &desk),
    }
}

fn list(args: &ListArgs, desk: &Desk) -> CliResult {
    let rows = desk.kept.outbox(args.all)?;
    let mut out = desk.out();
    if args.json {
        rows.iter().for_each(|row| out.json(&json::outbox(row)));
    } else {
        let table = table(&rows, out.look());
        out.table(&table);
    }
    out.finish()
}

fn table(rows: &[OutboxRow], look: &Look) -> Table {
    let mut table = Table::new(&[
        Column::right("id"),
        Column::new("state"),
        Column::right("ticket"),
        Column::new("template"),
        Column::flexible("to"),
        Column::flexible("subject"),
        Column::right("tries"),
        Column::new("next try"),
        Column::wrapped("last reply"),
    ]);
    for row in rows {
        table.row(vec![
            Cell::new(row.id),
            Cell::toned(row.state, tone(row.state)),
            Cell::maybe(row.ticket),
            Cell::new(&row.template),
            Cell::new(&row.to.email),
            Cell::new(&row.subject),
            Cell::new(row.attempts),
            Cell::new(look.time_or_none(row.next_attempt_at)),
            Cell::maybe(row.last_reply.as_ref()),
        ]);
    }
    table
}

fn tone(state: OutboxState) -> Tone {
    match state {
        OutboxState::Failed | OutboxState::Bounced => Tone::Bad,
        OutboxState::Deferred | OutboxState::InData => Tone::Warn,
        OutboxState::Waiting | OutboxState::Claimed => Tone::Plain,
        OutboxState::Sent => Tone::Good,
        OutboxState::Observed | OutboxState::Dropped => Tone::Faint,
    }
}

fn show(args: &ShowArgs, desk: &Desk) -> CliResult {
    let Some((row, bytes)) = desk.kept.outbox_mail(args.id)? else { return Err(missing(args.id, desk)?) };
    let out = desk.out();
    let look = out.look();
    let tries = match row.attempts {
        0 => "not tried yet".to_owned(),
        1 => "1 try".to_owned(),
        n => format!("{n} tries"),
    };
    let facts = [
        ("state", format!("{}, {tries}", row.state)),
        ("ticket", row.ticket.map(|n| n.to_string()).unwrap_or_default()),
        ("template", row.template.clone()),
        ("to", row.to.to_string()),
        ("queued", look.time(row.queued_at)),
        ("next try", look.time_or_none(row.next_attempt_at)),
        ("last reply", row.last_reply.clone().unwrap_or_default()),
    ];
    mail::show(out, args.how, &format!("mail {}", row.id), &facts, &bytes)
}

fn retry(args: &RetryArgs, desk: &Desk) -> CliResult {
    let (id, now) = (args.which.id(), Timestamp::now());
    let count = desk.kept.outbox_retry(id, now)?;
    if let Some(id) = id.filter(|_| count == 0) {
        let Some((row, _)) = desk.kept.outbox_mail(id)? else { return Err(missing(id, desk)?) };
        return Err(exit::fail(exit::DATA, format!("Mail {id} is {}: there is nothing to try again", row.state)));
    }
    let mut out = desk.out();
    out.line(&if count == 1 { "1 mail is due now".to_owned() } else { format!("{count} mails are due now") });
    out.finish()
}

fn drop_out(args: &DropArgs, desk: &Desk) -> CliResult {
    let mut out = desk.out();
    for id in &args.ids {
        if !desk.kept.outbox_drop(*id, Timestamp::now())? {
            let Some((row, _)) = desk.kept.outbox_mail(*id)? else { return Err(missing(*id, desk)?) };
            return Err(exit::fail(exit::DATA, format!("Mail {id} is {}: it cannot be dropped", row.state)));
        }
        out.line(&format!("Mail {id} will not be sent"));
    }
    out.finish()
}

/// No such mail, and which there are.
fn missing(id: i64, desk: &Desk) -> Result<Failure, Failure> {
    let rows = desk.kept.outbox(false)?;
    let known = match rows.as_slice() {
        [] => "it is empty".to_owned(),
        some => format!("waiting are: {}", escape(&mail::some_of(some.iter().map(|r| r.id)))),
    };
    Ok(exit::fail(exit::DATA, format!("There is no mail {id} in the outbox ({known}; `outbox list --all` shows all)")))
}

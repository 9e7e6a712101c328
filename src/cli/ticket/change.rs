//! The orders: reply, note, assign, close, reopen, merge. Each is a value that goes the way of a mail.

use std::path::PathBuf;

use jiff::Timestamp;

use super::words::{self, Words};
use crate::cli::exit::{self, CliResult, Failure};
use crate::cli::json;
use crate::cli::names;
use crate::cli::open::Desk;
use crate::cli::output::escape;
use crate::daemon::order::{self, OrderError};
use crate::model::desk::Assignee;
use crate::model::order::OPERATOR;
use crate::model::{AddrSpec, Commit, Order, OrderKind, Policy, TicketNumber};

/// What every order has.
#[derive(clap::Args, Debug)]
pub struct Common {
    /// The ticket's number
    #[arg(value_name = "N", value_parser = super::number)]
    number: TicketNumber,
    /// In whose name; else the operator's
    #[arg(long = "as", value_name = "AGENT", env = "POSTDESK_AGENT")]
    actor: Option<String>,
    /// Print the tickets that were changed, as in `ticket list --json`
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
pub struct ReplyArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    words: Words,
    /// A file to send along; may be given several times
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Close the ticket with it
    #[arg(long)]
    close: bool,
}

#[derive(clap::Args, Debug)]
pub struct NoteArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    words: Words,
}

#[derive(clap::Args, Debug)]
pub struct AssignArgs {
    #[command(flatten)]
    common: Common,
    /// An agent's or a group's name, or an agent's address
    #[arg(value_name = "WHO")]
    who: String,
}

#[derive(clap::Args, Debug)]
pub struct PlainArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
pub struct MergeArgs {
    #[command(flatten)]
    common: Common,
    /// The ticket that goes on
    #[arg(value_name = "INTO", value_parser = super::number)]
    into: TicketNumber,
}

pub fn reply(args: ReplyArgs, desk: &Desk) -> CliResult {
    let checked = check(args.common, desk)?;
    let attachments = words::attachments(&args.attach)?;
    let what = OrderKind::Reply { text: args.words.read()?, attachments, close: args.close };
    carry_out(checked, what, desk)
}

pub fn note(args: NoteArgs, desk: &Desk) -> CliResult {
    let checked = check(args.common, desk)?;
    let what = OrderKind::Note { text: args.words.read()? };
    carry_out(checked, what, desk)
}

pub fn assign(args: AssignArgs, desk: &Desk) -> CliResult {
    let checked = check(args.common, desk)?;
    let what = OrderKind::Assign { to: assignee(&args.who, desk.policy())? };
    carry_out(checked, what, desk)
}

pub fn close(args: PlainArgs, desk: &Desk) -> CliResult {
    carry_out(check(args.common, desk)?, OrderKind::Close, desk)
}

pub fn reopen(args: PlainArgs, desk: &Desk) -> CliResult {
    carry_out(check(args.common, desk)?, OrderKind::Reopen, desk)
}

pub fn revoke(args: PlainArgs, desk: &Desk) -> CliResult {
    carry_out(check(args.common, desk)?, OrderKind::Revoke, desk)
}

pub fn merge(args: MergeArgs, desk: &Desk) -> CliResult {
    let checked = check(args.common, desk)?;
    if args.into == checked.ticket {
        return Err(exit::fail(exit::DATA, format!("Ticket {} cannot be merged into itself", args.into)));
    }
    desk.ticket(args.into)?;
    carry_out(checked, OrderKind::Merge { into: args.into }, desk)
}

/// The ticket is there and the actor is one of ours.
struct Checked {
    ticket: TicketNumber,
    actor: String,
    json: bool,
}

/// Before a text is asked for: whoever writes one should not lose it to a wrong number.
fn check(common: Common, desk: &Desk) -> Result<Checked, Failure> {
    desk.ticket(common.number)?;
    let actor = match common.actor {
        Some(who) => agent(&who, desk.policy())?,
        None => OPERATOR.to_owned(),
    };
    Ok(Checked { ticket: common.number, actor, json: common.json })
}

fn agent(who: &str, policy: &Policy) -> Result<String, Failure> {
    let by_address = || AddrSpec::parse(who).ok().and_then(|a| policy.agent_by_address(&a));
    match policy.agent(who).or_else(by_address) {
        Some(agent) if agent.disabled => Err(disabled(&agent.name)),
        Some(agent) => Ok(agent.name.clone()),
        None => {
            let agents: Vec<&str> = policy.agents.iter().map(|a| a.name.as_str()).collect();
            Err(names::refuse("agent", who, &agents))
        }
    }
}

fn disabled(name: &str) -> Failure {
    exit::fail(exit::NO_PERMISSION, format!("The agent {name:?} is disabled"))
}

fn assignee(who: &str, policy: &Policy) -> Result<Assignee, Failure> {
    let found = policy.assignee(who);
    match found.ok_or_else(|| names::refuse("agent or group", who, &names::people(policy)))? {
        Assignee::Agent(name) if policy.agent(&name).is_some_and(|a| a.disabled) => Err(disabled(&name)),
        found => Ok(found),
    }
}

fn carry_out(checked: Checked, what: OrderKind, desk: &Desk) -> CliResult {
    let order = Order { ticket: checked.ticket, actor: checked.actor, what };
    let policy = desk.lasting_policy()?;
    let commit = order::carry_out(desk.kept.as_ref(), &policy, &order, Timestamp::now()).map_err(|e| match e {
        OrderError::Refused(because) => exit::fail(exit::DATA, because),
        OrderError::Store(error) => error.into(),
    })?;
    for alarm in &commit.alarms {
        eprintln!("postdesk: {}", escape(alarm));
    }
    let mut out = desk.out();
    if checked.json {
        commit.tickets.iter().for_each(|t| out.json(&json::ticket(t)));
    } else {
        done(&commit, order.ticket).iter().for_each(|line| out.line(&escape(line)));
    }
    out.finish()
}

/// What an order came to, a line a change and a line a mail.
fn done(commit: &Commit, asked: TicketNumber) -> Vec<String> {
    let changes = commit.history.iter().map(|line| format!("{}: {}", line.ticket, json::change(&line.change)));
    let mails = commit.outgoing.iter().map(|mail| {
        let verb = if mail.observed { "held back, as the mailbox only observes" } else { "queued" };
        let ticket = mail.ticket.map(|n| format!("{n}: ")).unwrap_or_default();
        format!("{ticket}{} to {} {verb}", mail.template, mail.to.email)
    });
    let lines: Vec<String> = changes.chain(mails).collect();
    if lines.is_empty() { vec![format!("{asked}: it is so already")] } else { lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::test_desk::policy;

    fn said<T: std::fmt::Debug>(result: Result<T, Failure>) -> (u8, String) {
        let failure = result.expect_err("is refused");
        (failure.code, failure.error.to_string())
    }

    #[test]
    fn orders_are_given_in_a_known_name_only() {
        assert_eq!(agent("Jana", &policy()).ok().as_deref(), Some("jana"));
        assert_eq!(agent("jana@acme.example", &policy()).ok().as_deref(), Some("jana"));
        assert_eq!(
            said(agent("technical", &policy())),
            (exit::DATA, "No agent is called \"technical\" (known are: jana, peter)".into())
        );
        let mut desk = policy();
        desk.agents.iter_mut().for_each(|a| a.disabled = true);
        assert_eq!(said(agent("jana", &desk)).0, exit::NO_PERMISSION);
        assert_eq!(said(assignee("jana", &desk)).0, exit::NO_PERMISSION);
    }

    #[test]
    fn tickets_go_to_known_people_only() {
        assert_eq!(assignee("technical", &policy()).ok(), Some(Assignee::Group("technical".into())));
        assert_eq!(
            said(assignee("peteer", &policy())),
            (
                exit::DATA,
                "No agent or group is called \"peteer\"; did you mean \"peter\"? (known are: jana, peter, technical)"
                    .into()
            )
        );
    }
}

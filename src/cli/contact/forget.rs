//! `contact forget` and `contact export ADDRESS`: a person's data, erased and handed out.

use std::io::{self, IsTerminal as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{counted, known, known_json, spec};
use crate::cli::exit::{self, CliResult, Failure, OrExit as _};
use crate::cli::json as shapes;
use crate::cli::open::{self, Desk};
use crate::cli::output::{self, escape};
use crate::daemon::forget;
use crate::model::{AddrSpec, Entry, Policy, Ticket, TicketNumber};
use crate::store::TicketFilter;
use crate::store::erase::Erased;

#[derive(clap::Args, Debug)]
pub struct Args {
    address: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only say what would be erased
    #[arg(long)]
    dry_run: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, desk: &Desk) -> CliResult {
    let address = spec(&args.address)?;
    refuse_own(&address, desk.policy())?;
    // Marks that no later key knows would let the mails back in.
    let policy = desk.lasting_policy()?;
    let now = Timestamp::now();
    let forget = |rehearse| forget::forget(desk.kept.as_ref(), &policy, &address, rehearse, now);
    // Reading every mail takes its time: not for an answer that nobody asks for.
    if args.dry_run {
        return say(args, &address, &forget(true)?, desk);
    }
    if !args.yes {
        confirm(&address, &forget(true)?)?;
    }
    let erased = forget(false)?;
    tracing::info!(tickets = erased.tickets.len(), mails = erased.mails, "A person's data was erased");
    // Also where there was nothing: an earlier try may have come so far and no further.
    desk.kept.wipe().map_err(|error| {
        let text = format!(
            "{address} is erased, but remains may be in free pages of the database and in its log until this is run again: {error}"
        );
        exit::fail(exit::TEMPORARY, text)
    })?;
    say(args, &address, &erased, desk)
}

/// What stands in the configuration is for the operator to take out, and would come back with the next mail.
fn refuse_own(address: &AddrSpec, policy: &Policy) -> Result<(), Failure> {
    let what = match (policy.agent_by_address(address), policy.own_address(address).is_some()) {
        (Some(agent), _) => format!("an address of agent {}", agent.name),
        (_, true) => "one of the desk's own addresses".to_owned(),
        _ => return Ok(()),
    };
    let text = format!("{address} is {what}: take it out of the configuration first");
    Err(exit::fail(exit::NO_PERMISSION, text))
}

fn confirm(address: &AddrSpec, would: &Erased) -> Result<(), Failure> {
    if would.is_nothing() {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let text = "Nobody is there to be asked: look with --dry-run, then say --yes";
        return Err(exit::fail(exit::USAGE, text));
    }
    lines(would).iter().for_each(|line| eprintln!("  {line}"));
    eprint!("Erase this for good? Type the address to go on: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).code(exit::IO)?;
    if answer.trim().eq_ignore_ascii_case(address.as_str()) {
        return Ok(());
    }
    Err(exit::fail(exit::USAGE, "Nothing was erased"))
}

fn say(args: &Args, address: &AddrSpec, erased: &Erased, desk: &Desk) -> CliResult {
    let mut out = desk.out();
    if args.json {
        out.json(&as_json(args, address, erased));
        return out.finish();
    }
    if erased.is_nothing() {
        out.line(&escape(&format!("Nothing is kept about {address}")));
        return out.finish();
    }
    let what = if args.dry_run { "Would be erased" } else { "Erased" };
    out.line(&escape(&format!("{what}: {address}")));
    lines(erased).iter().for_each(|line| out.line(&format!("  {line}")));
    if !args.dry_run {
        out.line(
            "The mails still lie in the folders of the mailbox, in people's own mailboxes and in earlier backups: they are not \
             taken in again, and erasing them there is yours",
        );
    }
    out.finish()
}

fn lines(erased: &Erased) -> Vec<String> {
    let numbers = |numbers: &[TicketNumber]| match numbers.len() {
        0..=20 => open::list(numbers),
        more => format!("{} and {} more", open::list(numbers.iter().take(20)), more - 20),
    };
    let mut lines = Vec::new();
    if erased.contact {
        lines.push("the contact".to_owned());
    }
    if !erased.tickets.is_empty() {
        let tickets = counted(erased.tickets.len(), "ticket");
        lines.push(format!("{tickets} with all that was said in it: {}", numbers(&erased.tickets)));
    }
    if erased.entries > 0 {
        lines.push(match erased.entries {
            1 => "1 entry of tickets".to_owned(),
            more => format!("{more} entries of tickets"),
        });
    }
    for (count, one) in [
        (erased.mails, "mail that came"),
        (erased.outgoing, "mail of the desk's"),
        (erased.remembered, "note about the address"),
        (erased.struck, "line or text of others', struck out in it"),
    ] {
        if count > 0 {
            let aside = match one {
                "mail that came" if erased.quarantined > 0 => format!(" ({} in quarantine)", erased.quarantined),
                "mail of the desk's" if erased.unsent > 0 => {
                    format!(" ({} NOT SENT YET, and never will be)", erased.unsent)
                }
                _ => String::new(),
            };
            let (noun, rest) = one.split_once(' ').unwrap_or((one, ""));
            lines.push(format!("{} {rest}{aside}", counted(count, noun)));
        }
    }
    if !erased.others.is_empty() {
        lines.push(format!("in tickets of others: {}", numbers(&erased.others)));
    }
    lines
}

fn as_json(args: &Args, address: &AddrSpec, erased: &Erased) -> Value {
    json!({
        "address": address.as_str(),
        "dryRun": args.dry_run,
        "contact": erased.contact,
        "tickets": erased.tickets,
        "ticketsOfOthers": erased.others,
        "entries": erased.entries,
        "struck": erased.struck,
        "mails": erased.mails,
        "quarantined": erased.quarantined,
        "outgoing": erased.outgoing,
        "unsent": erased.unsent,
        "remembered": erased.remembered,
    })
}

/// All that is kept about one person: the contact, their tickets whole, what they wrote in others', and their mails.
pub fn export(address: &str, desk: &Desk) -> CliResult {
    let known = known(address, desk)?;
    let is_theirs = |entry: &Entry| entry.from.email.eq_ignore_ascii_case(&known.email);
    let mut value = known_json(&known);
    let tickets = known.tickets.iter().map(|ticket| whole(ticket, desk)).collect::<Result<Vec<_>, _>>()?;
    let mut elsewhere = Vec::new();
    let all = desk.kept.tickets(&TicketFilter { all: true, ..TicketFilter::default() })?;
    for ticket in all.iter().filter(|t| !known.tickets.iter().any(|own| own.number == t.number)) {
        let entries: Vec<Entry> = desk.kept.entries(ticket.number)?.into_iter().filter(is_theirs).collect();
        let takes_part = ticket.participants.iter().any(|p| p.email.eq_ignore_ascii_case(&known.email));
        if takes_part || !entries.is_empty() {
            let entries: Vec<Value> = entries.iter().map(shapes::entry).collect();
            elsewhere.push(json!({ "number": ticket.number, "participant": takes_part, "messages": entries }));
        }
    }
    value["tickets"] = tickets.into();
    value["elsewhere"] = elsewhere.into();
    value["exportedAt"] = output::rfc3339(Timestamp::now()).into();
    let mut out = desk.out();
    out.json(&value);
    out.finish()
}

fn whole(ticket: &Ticket, desk: &Desk) -> Result<Value, Failure> {
    let mut value = shapes::ticket(ticket);
    let entries = desk.kept.entries(ticket.number)?;
    let history = desk.kept.history(ticket.number)?;
    let mails = desk.kept.raw_mails(ticket.number)?;
    value["messages"] = entries.iter().map(shapes::entry).collect();
    value["history"] = history.iter().map(shapes::history).collect();
    value["mails"] = mails
        .iter()
        .map(|(at, raw)| json!({ "receivedAt": output::rfc3339(*at), "base64": STANDARD.encode(raw) }))
        .collect();
    Ok(value)
}

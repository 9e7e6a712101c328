//! `contact`: contacts and organisations, in from a spreadsheet and out again.

mod forget;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Global;
use super::csv_contacts::{self, Sheet};
use super::exit::{self, CliResult, Failure, OrExit as _};
use super::open::{self, Desk};
use super::output::{self, Cell, Column, Out, Table, Tone, escape, escape_text};
use super::{json as shapes, ticket};
use crate::daemon::order::{self, OrderError};
use crate::model::conduct::MailToIt;
use crate::model::facts::{Contact, Organisation};
use crate::model::{AddrSpec, Commit, Ticket};
use crate::store::TicketFilter;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List all contacts
    List(ListArgs),
    /// Take contacts and organisations in from a CSV file
    ///
    /// The header names the columns, in any order: email, name, organisation, manager, language, sla, priority, note. An
    /// email such as @firma.example stands for everybody at that domain. Several addresses in one field, with spaces between,
    /// are one person's. What a row leaves empty stays as it is on file.
    Import(ImportArgs),
    /// Write all contacts and organisations as CSV, or all that is kept about one person as JSON
    Export(ExportArgs),
    /// Show what is known of an address, and its tickets
    Show(ShowArgs),
    /// Ask a contact, by a mail to the address on file, to prove it by an answer
    ///
    /// The answer, within seven days, sets "proven" in `contact show`; no import takes it away. It proves that the address
    /// reaches the contact, not that a later mail from it is genuine.
    Verify(VerifyArgs),
    /// Erase all that is kept about a person
    ///
    /// Their tickets are gone whole; in tickets of others what they wrote, and their address, name and words in what others
    /// wrote; their mails, what was or was to be sent to them, and what is remembered of their address. Keyed digests stay, so
    /// that a mailbox that still has the mails does not bring them back. It cannot be undone.
    Forget(forget::Args),
    /// Clear that mail to an address failed, that it complained, and that it guessed at ticket checks
    Forgive(ForgiveArgs),
}

#[derive(clap::Args, Debug)]
struct ExportArgs {
    /// Whose data; none: all contacts and organisations
    address: Option<String>,
}

#[derive(clap::Args, Debug)]
struct ForgiveArgs {
    address: String,
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct ShowArgs {
    address: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct VerifyArgs {
    address: String,
}

#[derive(clap::Args, Debug)]
struct ImportArgs {
    /// A CSV file; "-" is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the good rows though there are bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Only look for mistakes
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    match args.command {
        Command::List(args) => list(&args, &open::desk(global)?),
        Command::Import(args) if args.dry_run => import(&args, &open::desk(global)?),
        Command::Import(args) => import(&args, &open::desk_to_fill(global)?),
        Command::Export(args) => match &args.address {
            Some(address) => forget::export(address, &open::desk(global)?),
            None => export(&open::desk(global)?),
        },
        Command::Forget(args) => forget::run(&args, &open::desk(global)?),
        Command::Show(args) => show(&args, &open::desk(global)?),
        Command::Verify(args) => verify(&args, &open::desk(global)?),
        Command::Forgive(args) => forgive(&args, &open::desk(global)?),
    }
}

fn list(args: &ListArgs, desk: &Desk) -> CliResult {
    let contacts = desk.kept.contacts()?;
    let mut out = desk.out();
    if args.json {
        contacts.iter().for_each(|c| out.json(&shapes::contact(c)));
        return out.finish();
    }
    let mut table = Table::new(&[
        Column::new("email"),
        Column::flexible("name"),
        Column::flexible("organisation"),
        Column::new("manager"),
        Column::new("language"),
        Column::new("sla"),
        Column::new("priority"),
        Column::wrapped("note"),
    ]);
    for c in &contacts {
        table.row(vec![
            Cell::new(&c.email),
            Cell::maybe(c.name.as_ref()),
            Cell::maybe(c.organisation.as_ref()),
            Cell::maybe(c.manager.as_ref()),
            Cell::maybe(c.language),
            Cell::maybe(c.sla.as_ref()),
            Cell::maybe(c.priority),
            Cell::toned(c.note.as_deref().unwrap_or_default(), Tone::Faint),
        ]);
    }
    out.table(&table);
    out.finish()
}

/// Largest file that is read, in bytes: some 300,000 contacts.
const FILE_MAX: u64 = 64_000_000;

fn import(args: &ImportArgs, desk: &Desk) -> CliResult {
    let (name, bytes) = read_file(&args.file)?;
    let known = desk.kept.organisations()?;
    let sheet = csv_contacts::read(&bytes, desk.policy(), &known)
        .map_err(|because| exit::fail(exit::DATA, format!("{name}: {because}")))?;
    if let Some(encoding) = sheet.read_as {
        eprintln!("postdesk: {name} is not UTF-8 and was read as {encoding}; look at the names");
    }
    sheet.bad.iter().for_each(|bad| eprintln!("{name}: {}", escape(&bad.to_string())));
    if !sheet.bad.is_empty() && !args.skip_bad {
        let rows = counted(sheet.bad.len(), "bad row");
        let text = format!("{rows} in {name}: nothing was imported; mend them, or leave them out with --skip-bad");
        return Err(exit::fail(exit::DATA, text));
    }
    let mut out = desk.out();
    if args.dry_run {
        out.line(&format!("{} could be imported from {name}", sizes(&sheet)));
        return out.finish();
    }
    let counts = desk.kept.put_contacts(&sheet.contacts, &sheet.organisations, Timestamp::now())?;
    desk.kept.same_person(&sheet.people)?;
    let skipped = if sheet.bad.is_empty() { String::new() } else { format!(", {} left out", sheet.bad.len()) };
    out.line(&format!(
        "Imported {}: {} added, {} updated, {} unchanged{skipped}",
        sizes(&sheet),
        counts.added,
        counts.updated,
        counts.unchanged
    ));
    out.finish()
}

fn read_file(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let from_stdin = path.as_os_str() == "-";
    let name = if from_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let named = |e: std::io::Error| anyhow::anyhow!("Cannot read {name}: {e}");
    let from: Box<dyn Read> = if from_stdin {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).map_err(named).code(exit::DATA)?)
    };
    let mut bytes = Vec::new();
    from.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(named).code(exit::DATA)?;
    if bytes.len() as u64 > FILE_MAX {
        let text = format!("{name} is larger than {} MB: split it", FILE_MAX / 1_000_000);
        return Err(exit::fail(exit::DATA, text));
    }
    Ok((name, bytes))
}

fn sizes(sheet: &Sheet) -> String {
    let contacts = counted(sheet.contacts.len(), "contact");
    format!("{contacts} and {}", counted(sheet.organisations.len(), "organisation"))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn export(desk: &Desk) -> CliResult {
    let contacts = desk.kept.contacts()?;
    let mut others = std::collections::BTreeMap::new();
    for contact in &contacts {
        others.insert(contact.email.clone(), desk.kept.other_addresses(contact.email.as_str())?);
    }
    let also = |contact: &Contact| others.get(&contact.email).cloned().unwrap_or_default();
    let csv = csv_contacts::write(&contacts, &desk.kept.organisations()?, also).code(exit::SOFTWARE)?;
    let mut out = desk.out();
    if out.look().terminal {
        out.raw(escape_text(&String::from_utf8_lossy(&csv)).as_bytes());
    } else {
        out.raw(&csv);
    }
    out.finish()
}

fn forgive(args: &ForgiveArgs, desk: &Desk) -> CliResult {
    let spec = spec(&args.address)?;
    let mut out = desk.out();
    out.line(&match desk.kept.forgive(spec.as_str())? {
        true => format!("Forgotten: {spec} is written to and heeded as anybody"),
        false => format!("Nothing was held against {spec}"),
    });
    out.finish()
}

fn verify(args: &VerifyArgs, desk: &Desk) -> CliResult {
    let address = spec(&args.address)?;
    let policy = desk.lasting_policy()?;
    tell_asked(&address, order::verify_contact(desk.kept.as_ref(), &policy, &address, Timestamp::now()), desk.out())
}

/// Says until when an address may answer that was asked just now.
pub fn tell_asked(address: &AddrSpec, asked: Result<Commit, OrderError>, mut out: Out) -> CliResult {
    let commit = asked.map_err(|e| match e {
        OrderError::Refused(because) => exit::fail(exit::DATA, because),
        OrderError::Store(error) => error.into(),
    })?;
    let until = commit.holds.first().map(|hold| out.look().time(hold.until)).unwrap_or_default();
    out.line(&escape(&format!("{address} is asked by mail; an answer until {until} proves it")));
    out.finish()
}

/// An address as it was given at the command line.
pub fn spec(address: &str) -> Result<AddrSpec, Failure> {
    AddrSpec::parse(address.trim())
        .map_err(|why| exit::fail(exit::DATA, format!("{:?} is not an address: {why}", escape(address))))
}

/// What is known of an address.
struct Known {
    email: String,
    contact: Option<Contact>,
    /// Other addresses of the same person.
    others: Vec<String>,
    /// The contact's, else the one to whom the domain belongs.
    organisation: Option<Organisation>,
    tickets: Vec<Ticket>,
    mail_to_it: MailToIt,
}

fn show(args: &ShowArgs, desk: &Desk) -> CliResult {
    let known = known(&args.address, desk)?;
    let mut out = desk.out();
    if args.json {
        out.json(&known_json(&known));
        return out.finish();
    }
    out.line(&out.look().tone(Tone::Strong, &escape(&known.email)));
    for (label, value) in known_facts(&known, &out) {
        out.line(&format!("  {} {}", out.look().tone(Tone::Faint, &format!("{label:<13}")), escape(&value)));
    }
    if !known.tickets.is_empty() {
        out.line("");
        let table = ticket::list_table(&known.tickets, out.look());
        out.table(&table);
    }
    out.finish()
}

fn known(address: &str, desk: &Desk) -> Result<Known, Failure> {
    let spec = spec(address)?;
    let contact = desk.kept.contact(spec.as_str())?;
    let organisations = desk.kept.organisations()?;
    let by_name = contact.as_ref().and_then(|c| c.organisation.as_ref());
    let organisation = organisations.into_iter().find(|o| match by_name {
        Some(name) => o.name == *name,
        None => o.domains.iter().any(|d| d.eq_ignore_ascii_case(spec.domain())),
    });
    let filter = TicketFilter { all: true, requester: Some(spec.to_string()), ..TicketFilter::default() };
    let tickets = desk.kept.tickets(&filter)?;
    let mail_to_it = desk.kept.mail_to(spec.as_str())?;
    let unknown = contact.is_none() && organisation.is_none() && tickets.is_empty();
    if unknown && mail_to_it == MailToIt::default() {
        return Err(exit::fail(exit::DATA, format!("Nothing is known of {spec}: neither a contact nor a ticket")));
    }
    let others = desk.kept.other_addresses(spec.as_str())?;
    Ok(Known { email: spec.into(), contact, others, organisation, tickets, mail_to_it })
}

fn known_json(known: &Known) -> Value {
    json!({
        "email": known.email,
        "contact": known.contact.as_ref().map(shapes::contact),
        "otherAddresses": known.others,
        "organisation": known.organisation.as_ref().map(shapes::organisation),
        "mailToIt": {
            "dead": known.mail_to_it.is_dead(),
            "failures": known.mail_to_it.failures,
            "failedAt": known.mail_to_it.failed_at.map(output::rfc3339),
            "complainedAt": known.mail_to_it.complained_at.map(output::rfc3339),
        },
        "tickets": known.tickets.iter().map(shapes::ticket).collect::<Vec<_>>(),
    })
}

/// Labels and values; those that say nothing are left out. What the contact does not have is the organisation's.
fn known_facts(known: &Known, out: &Out) -> Vec<(&'static str, String)> {
    let (c, o) = (known.contact.as_ref(), known.organisation.as_ref());
    let either = |own: Option<String>, firm: Option<String>| match (own, firm) {
        (Some(own), _) => own,
        (None, Some(firm)) => format!("{firm} (the organisation's)"),
        (None, None) => String::new(),
    };
    let name = c.and_then(|c| c.organisation.clone()).or_else(|| o.map(|o| o.name.clone())).unwrap_or_default();
    let domains = o.filter(|o| !o.domains.is_empty()).map(|o| format!(" ({})", open::list(&o.domains)));
    let word = |l: crate::model::Language| l.to_string();
    let proven = c.map(|c| c.proven_at.map_or("never".into(), |at| out.look().time(at))).unwrap_or_default();
    let all = [
        ("name", c.and_then(|c| c.name.clone()).unwrap_or_default()),
        ("contact", if c.is_some() { String::new() } else { "not on file".into() }),
        ("also writes as", open::list(&known.others)),
        ("organisation", format!("{name}{}", domains.unwrap_or_default())),
        ("manager", either(c.and_then(|c| c.manager.clone()), o.and_then(|o| o.manager.clone()))),
        ("language", either(c.and_then(|c| c.language).map(word), o.and_then(|o| o.language).map(word))),
        ("sla", either(c.and_then(|c| c.sla.clone()), o.and_then(|o| o.sla.clone()))),
        (
            "priority",
            either(
                c.and_then(|c| c.priority).map(|p| p.to_string()),
                o.and_then(|o| o.priority).map(|p| p.to_string()),
            ),
        ),
        ("note", c.and_then(|c| c.note.clone()).unwrap_or_default()),
        ("firm's note", o.and_then(|o| o.note.clone()).unwrap_or_default()),
        ("proven", proven),
        ("mail to it", failures(&known.mail_to_it, out)),
        ("complained", known.mail_to_it.complained_at.map(|at| complaint(at, out)).unwrap_or_default()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn failures(fared: &MailToIt, out: &Out) -> String {
    let last = fared.failed_at.map(|at| out.look().time(at)).unwrap_or_default();
    match (fared.failures, fared.is_dead()) {
        (0, _) => String::new(),
        (failures, true) => format!("DEAD: the last {failures} came back, the last one {last}"),
        (failures, false) => format!("{failures} came back, the last one {last}"),
    }
}

fn complaint(at: Timestamp, out: &Out) -> String {
    format!("{}: no acknowledgement goes there (`contact forgive` undoes it)", out.look().time(at))
}

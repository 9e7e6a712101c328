//! `demo`: a day at the desk with nothing to install. The mails of `fixtures/demo/` go through the real pipeline, Maildir in,
//! Maildir out, SQLite between, in a scratch folder.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::exit::{self, CliResult, OrExit as _};
use super::output::{Cell, Column, Out, Table, Tone, escape};
use super::stage::{Scene, Stage};
use super::{Global, json};
use crate::model::outgoing::OutboxState;
use crate::parse;
use crate::store::{Outcome, Reading as _, TicketFilter};

static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/demo");

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Plays in this new folder and leaves everything there: the mails that came, the mails that left, the database
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub fn run(args: Args, _global: &Global) -> CliResult {
    let scratch;
    let folder = match &args.keep {
        Some(folder) => {
            let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
            if taken {
                let text = format!("{} is not empty: name a new folder, nothing is overwritten", folder.display());
                return Err(exit::fail(exit::CANT_CREATE, text));
            }
            std::fs::create_dir_all(folder).code(exit::CANT_CREATE)?;
            std::path::absolute(folder).code(exit::CANT_CREATE)?
        }
        None => {
            scratch = tempfile::Builder::new().prefix("postdesk-demo-").tempdir().code(exit::CANT_CREATE)?;
            scratch.path().to_owned()
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().code(exit::IO)?;
    let out = runtime.block_on(play(&folder)).code(exit::SOFTWARE)?;
    let mut out = out;
    if args.keep.is_some() {
        let folder = folder.display();
        out.line(&format!(
            "Kept in {folder}: config.toml, state/postdesk.db, in/ and out/ (open them with mutt -f). Try"
        ));
        out.line(&format!("  postdesk --config {folder}/config.toml ticket show 1001"));
    } else {
        out.line("Nothing was kept; --keep DIR leaves the mails and the database to look at.");
    }
    out.finish()
}

/// The mails of the day, in their order.
pub fn mails() -> Vec<(&'static str, &'static [u8])> {
    let named = |file: &include_dir::File<'static>| file.path().file_name().and_then(|n| n.to_str());
    let mut mails: Vec<_> = FIXTURES
        .files()
        .filter(|f| f.path().extension().is_some_and(|e| e == "eml"))
        .filter_map(|f| named(f).map(|name| (name, f.contents())))
        .collect();
    mails.sort();
    mails
}

fn fixture(name: &str) -> anyhow::Result<&'static [u8]> {
    let file = FIXTURES.get_file(name).ok_or_else(|| anyhow::anyhow!("The demo's {name} is missing"))?;
    Ok(file.contents())
}

async fn play(folder: &Path) -> anyhow::Result<Out> {
    let config = std::str::from_utf8(fixture("config.toml")?)?;
    let mut stage = Stage::set(folder, config, fixture("contacts.csv")?)?;
    let zone = stage.config.policy.desk.timezone.clone();
    let mut out = Out::stdout(zone);
    opening(&mut out, &stage);
    for (number, (name, bytes)) in (1..).zip(mails()) {
        let scene = stage.play(number, name, bytes).await?;
        tell(&mut out, number, &scene);
    }
    closing(&mut out, &stage)?;
    Ok(out)
}

fn opening(out: &mut Out, stage: &Stage) {
    let look = out.look().clone();
    let policy = &stage.config.policy;
    out.line(&look.tone(Tone::Strong, &format!("A day at {}", policy.desk.name)));
    let addresses: Vec<&str> = policy.mailboxes.iter().map(|m| m.address.as_str()).collect();
    let agents: Vec<&str> = policy.agents.iter().map(|a| a.name.as_str()).collect();
    out.line(&format!(
        "Customers write to {}; {} answer from their own mail clients.",
        addresses.join(", "),
        agents.join(", ")
    ));
    out.line(
        "Each mail below goes the real way: Maildir, reading, who may be believed, policy, one transaction, Maildir.",
    );
}

fn tell(out: &mut Out, number: u32, scene: &Scene) {
    let look = out.look().clone();
    let message = parse::parse(&crate::model::Incoming {
        mailbox: String::new(),
        key: scene.ingested.key.clone(),
        raw: scene.bytes.as_slice().into(),
        received_at: scene.at,
        truncated_from: None,
    });
    let from = message.from.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let subject = message.subject.as_deref().unwrap_or("(no subject)");
    out.line("");
    out.line(&format!(
        "{} {}  {}",
        look.tone(Tone::Faint, &format!("{number:02}")),
        look.tone(Tone::Strong, &escape(&from)),
        escape(subject)
    ));
    for attachment in &message.attachments {
        let name = attachment.name.as_deref().unwrap_or("(unnamed)");
        out.line(&format!(
            "     attached: {} ({}, {} bytes)",
            escape(name),
            escape(&attachment.media_type),
            attachment.size
        ));
    }
    match &scene.ingested.outcome {
        Outcome::Done { fate, reasons, alarms } => {
            let ticket = fate.ticket().map(|n| format!(" {n}")).unwrap_or_default();
            let tone = match fate.word() {
                "ticket" | "appended" => Tone::Good,
                "quarantined" => Tone::Bad,
                _ => Tone::Warn,
            };
            out.line(&format!("  => {}", look.tone(tone, &format!("{}{ticket}", fate.word()))));
            for reason in reasons {
                out.line(&format!("     {}", escape(reason)));
            }
            for alarm in alarms {
                out.line(&format!("     {} {}", look.tone(Tone::Warn, "the operator hears:"), escape(alarm)));
            }
        }
        Outcome::Seen { fate, .. } => out.line(&format!("  => taken in before: {fate}")),
        Outcome::Quarantined { because } => {
            out.line(&format!("  => {}: {}", look.tone(Tone::Bad, "quarantined"), escape(because)))
        }
    }
    for sent in &scene.sent {
        let held = if sent.row.state == OutboxState::Sent { "" } else { " (not sent)" };
        let what = format!("{} to {}{held}: {}", sent.row.template, sent.row.to.email, sent.row.subject);
        out.line(&format!("  -> {}", escape(&what)));
    }
}

fn closing(out: &mut Out, stage: &Stage) -> anyhow::Result<()> {
    let look = out.look().clone();
    let mut tickets = stage.store.tickets(&TicketFilter { all: true, ..TicketFilter::default() })?;
    tickets.sort_by_key(|t| t.number);
    out.line("");
    out.line(&look.tone(Tone::Strong, "The tickets at the end of the day"));
    let columns = ["number", "status", "owner", "requester", "subject"].map(Column::flexible);
    let mut table = Table::new(&columns);
    for ticket in &tickets {
        let owner = ticket.owner.as_deref().or(ticket.group.as_deref());
        table.row(vec![
            Cell::new(ticket.number),
            Cell::new(ticket.status),
            Cell::maybe(owner),
            Cell::new(&ticket.requester.email),
            Cell::new(&ticket.subject),
        ]);
    }
    out.table(&table);
    if let Some(ticket) = tickets.iter().max_by_key(|t| t.entries) {
        out.line("");
        out.line(
            &look.tone(Tone::Strong, &format!("One of them whole: {} {}", ticket.number, escape(&ticket.subject))),
        );
        for line in stage.store.history(ticket.number)? {
            let what = format!("{}: {} — {}", line.actor, json::change(&line.change), line.because);
            out.line(&format!("  {}  {}", look.time(line.at), escape(&what)));
        }
    }
    let quarantined = stage.store.quarantined()?.len();
    let outbox = stage.store.outbox(true)?;
    let sent = outbox.iter().filter(|row| row.state == OutboxState::Sent).count();
    out.line("");
    out.line(&format!(
        "{} tickets, {sent} mails sent, {quarantined} mails set aside for a person to look at.",
        tickets.len()
    ));
    Ok(())
}

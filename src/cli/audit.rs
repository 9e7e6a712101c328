//! `audit`: what the servers hold against the ledger. Every mail has exactly one fate, or is named here.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Global;
use super::exit::{self, CliResult, Failure, OrExit as _};
use super::open::{self, Desk};
use super::output::{Cell, Column, Out, Table, Tone, escape, rfc3339};
use crate::config::MailboxSource;
use crate::daemon::audit::{self, Audit, Unaccounted, Why};
use crate::daemon::{self, connect};
use crate::store::Store;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only this mailbox
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// One JSON object a mailbox
    #[arg(long)]
    json: bool,
}

/// A mailbox, and how comparing it ended.
struct Compared<'a> {
    source: &'a MailboxSource,
    audit: Result<Audit, String>,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let desk = open::desk(global)?;
    let compared = compare(&desk, args.mailbox.as_deref())?;
    let mut out = desk.out();
    if args.json {
        for Compared { source, audit } in &compared {
            if let Ok(audit) = audit {
                out.json(&json_of(&source.mailbox, audit));
            }
        }
    } else {
        tell(&compared, &mut out);
    }
    for Compared { source, audit } in &compared {
        if let Err(error) = audit {
            eprintln!("postdesk: The mailbox {} cannot be compared: {}", source.mailbox, escape(error));
        }
    }
    out.finish()?;
    Ok(verdict(&compared))
}

fn compare<'a>(desk: &'a Desk, named: Option<&str>) -> Result<Vec<Compared<'a>>, Failure> {
    let sources: Vec<&MailboxSource> =
        desk.config.mailboxes.iter().filter(|s| named.is_none_or(|name| s.mailbox == name)).collect();
    if sources.is_empty() {
        let known = open::list(desk.config.mailboxes.iter().map(|m| &m.mailbox));
        let named = named.unwrap_or_default();
        return Err(exit::fail(
            exit::USAGE,
            format!("There is no mailbox {named:?} with a source; the configuration has {known}"),
        ));
    }
    let store: Arc<dyn Store> = desk.kept.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().code(exit::IO)?;
    runtime.block_on(async {
        let running = daemon::Desk::new(store, &desk.config, daemon::system_clock()).code(exit::CONFIG)?;
        let comparing = sources.into_iter().map(|source| async {
            let mut from = connect::source(source, &desk.config.limits);
            let audit = audit::audit(&running, &source.mailbox, &mut from).await.map_err(|error| error.to_string());
            Compared { source, audit }
        });
        Ok(futures::future::join_all(comparing).await)
    })
}

/// What the desk will not come to by itself weighs most, then what could not be asked, then what is only on its way.
fn verdict(compared: &[Compared<'_>]) -> ExitCode {
    let any = |is: &dyn Fn(&Audit) -> bool| compared.iter().any(|c| c.audit.as_ref().is_ok_and(is));
    let code = if any(&|audit| audit.lost > 0) {
        exit::DATA
    } else if compared.iter().any(|c| c.audit.is_err()) {
        exit::UNAVAILABLE
    } else if any(&|audit| audit.waiting > 0) {
        exit::TEMPORARY
    } else {
        return ExitCode::SUCCESS;
    };
    ExitCode::from(code)
}

fn json_of(mailbox: &str, audit: &Audit) -> Value {
    json!({
        "mailbox": mailbox,
        "folder": audit.folder,
        "uidValidity": audit.uid_validity,
        "onServer": audit.on_server,
        "accounted": audit.accounted,
        "thereBefore": audit.there_before,
        "fates": audit.fates,
        "waiting": audit.waiting,
        "lost": audit.lost,
        "unaccounted": audit.unaccounted.iter().map(unaccounted).collect::<Vec<_>>(),
    })
}

fn unaccounted(one: &Unaccounted) -> Value {
    json!({
        "folder": one.key.folder,
        "uidValidity": one.key.uid_validity,
        "uid": one.key.uid,
        "name": (!one.key.name.is_empty()).then_some(&one.key.name),
        "receivedAt": one.received_at.map(rfc3339),
        "size": one.size,
        "attempts": one.attempts,
        "waiting": one.why.will_pass(),
        "because": one.why.word(),
    })
}

fn tell(compared: &[Compared<'_>], out: &mut Out) {
    let mut table = Table::new(&[
        Column::new("mailbox"),
        Column::new("folder"),
        Column::right("UIDVALIDITY"),
        Column::right("on server"),
        Column::right("accounted"),
        Column::right("there before"),
        Column::right("not reached yet"),
        Column::right("unaccounted"),
    ]);
    for Compared { source, audit } in compared {
        let Ok(audit) = audit else { continue };
        let tone = |count: u64, bad: Tone| if count > 0 { bad } else { Tone::Good };
        table.row(vec![
            Cell::new(&source.mailbox),
            Cell::new(&audit.folder),
            Cell::new(audit.uid_validity),
            Cell::new(audit.on_server),
            Cell::new(audit.accounted),
            Cell::new(audit.there_before),
            Cell::toned(audit.waiting, tone(audit.waiting, Tone::Warn)),
            Cell::toned(audit.lost, tone(audit.lost, Tone::Bad)),
        ]);
    }
    out.table(&table);
    for Compared { source, audit } in compared {
        for one in audit.iter().flat_map(|audit| &audit.unaccounted) {
            let after = match one.why {
                Why::NotReached => "; the daemon takes it in when it runs",
                Why::Begun | Why::Skipped | Why::Gone => "",
            };
            out.line(&escape(&format!("{} {}: {}{after}", source.mailbox, one.key, one.why.word())));
        }
    }
}

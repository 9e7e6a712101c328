//! `key`: the keys by which the desk recognises its own tokens. Never shows one.

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use super::Global;
use super::exit::{self, CliResult, OrExit as _};
use super::open;
use super::output::{Cell, Column, Out, Table, Tone};
use crate::config::rotate;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List the keys by their ids, the current one first
    List(ListArgs),
    /// Make a new key the current one; what the old ones made is still recognised
    ///
    /// A running desk takes it up when it is started again: restart it right away, since what commands send meanwhile
    /// bears the new key, which the running desk does not know.
    Rotate,
    /// Forget an old key: no token that it made is recognised any more
    ///
    /// For a key that leaked. Answers to mails sent under it open new tickets.
    Drop(DropArgs),
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct DropArgs {
    /// The key's id, one character
    id: char,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let config = open::config(global)?;
    let zone = config.policy.desk.timezone.clone();
    let mut out = Out::stdout(zone.clone());
    match args.command {
        Command::List(args) => list(&args, &config.state, &mut out)?,
        Command::Rotate => {
            let today = Timestamp::now().to_zoned(zone).date();
            let id = rotate::rotate(&config.state, today).code(exit::CONFIG)?;
            out.line(&format!("Key {id} is the current one now; the earlier ones are still recognised"));
            out.line("Restart the desk, so that it uses it");
        }
        Command::Drop(args) => {
            rotate::drop_key(&config.state, args.id).code(exit::DATA)?;
            out.line(&format!("Key {} is gone: no token that it made is recognised any more", args.id));
            out.line("Restart the desk, so that it forgets it");
        }
    }
    out.finish()
}

fn list(args: &ListArgs, state: &std::path::Path, out: &mut Out) -> Result<(), exit::Failure> {
    let keys = rotate::list(state).code(exit::CONFIG)?;
    if args.json {
        for (at, key) in keys.iter().enumerate() {
            let made = key.made.map(|day| day.to_string());
            out.json(&json!({ "id": key.id.to_string(), "madeOn": made, "current": at == 0 }));
        }
        return Ok(());
    }
    let mut table = Table::new(&[Column::new("key"), Column::new("made"), Column::flexible("use")]);
    for (at, key) in keys.iter().enumerate() {
        let (word, tone) = if at == 0 { ("makes and proves", Tone::Strong) } else { ("proves", Tone::Faint) };
        let made = key.made.map_or_else(|| "with the desk".to_owned(), |day| day.to_string());
        table.row(vec![Cell::new(key.id), Cell::new(made), Cell::toned(word, tone)]);
    }
    out.table(&table);
    Ok(())
}

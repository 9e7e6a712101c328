//! `commands`: what agents can say to the desk by mail.

use jiff::tz::TimeZone;
use serde_json::json;

use super::exit::CliResult;
use super::output::Out;
use crate::decide::{COMMANDS, Command};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> CliResult {
    let mut out = Out::stdout(TimeZone::UTC);
    for command in COMMANDS {
        if args.json {
            out.json(&json!({
                "word": command.word,
                "argument": Some(command.argument).filter(|argument| !argument.is_empty()),
                "aliases": command.aliases(),
                "does": command.does,
            }));
        } else {
            lines(command).iter().for_each(|line| out.line(line));
        }
    }
    out.finish()
}

/// `#assign WHO  (#prirad …)`, and what it does.
fn lines(command: &Command) -> [String; 2] {
    let argument = if command.argument.is_empty() { String::new() } else { format!(" {}", command.argument) };
    let aliases: Vec<String> = command.aliases().iter().map(|word| format!("#{word}")).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!("  ({})", aliases.join(" ")) };
    [format!("#{}{argument}{aliases}", command.word), format!("    {}", command.does)]
}

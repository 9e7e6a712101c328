//! `ticket`: lists and shows tickets, and carries out an operator's orders on them.

mod change;
mod export;
mod list;
mod show;
mod words;

use clap::Subcommand;

use super::Global;
use super::exit::CliResult;
use super::open;
use crate::model::TicketNumber;

pub use list::table as list_table;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List tickets: the live ones, the last changed first
    List(list::Args),
    /// Show a ticket and what was said on it
    Show(show::Args),
    /// Show what happened to a ticket, and why
    History(show::HistoryArgs),
    /// Answer the customer
    Reply(change::ReplyArgs),
    /// Write a note that the customer does not get
    Note(change::NoteArgs),
    /// Give a ticket to an agent or a group
    Assign(change::AssignArgs),
    /// Close a ticket
    Close(change::PlainArgs),
    /// Open a ticket again
    Reopen(change::PlainArgs),
    /// Take a ticket's tokens back: those in the mails that left prove nothing any more
    ///
    /// For a token that was published. Whoever answers an earlier mail is heard only as a proven participant; the next mails
    /// carry new tokens. The tokens of tickets that were merged into this one go with them.
    Revoke(change::PlainArgs),
    /// Let a ticket live on in another one
    Merge(change::MergeArgs),
    /// Write a ticket's mails as an mbox
    Export(export::Args),
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let desk = open::desk(global)?;
    match args.command {
        Command::List(args) => list::run(args, &desk),
        Command::Show(args) => show::run(args, &desk),
        Command::History(args) => show::history(args, &desk),
        Command::Reply(args) => change::reply(args, &desk),
        Command::Note(args) => change::note(args, &desk),
        Command::Assign(args) => change::assign(args, &desk),
        Command::Close(args) => change::close(args, &desk),
        Command::Reopen(args) => change::reopen(args, &desk),
        Command::Revoke(args) => change::revoke(args, &desk),
        Command::Merge(args) => change::merge(args, &desk),
        Command::Export(args) => export::run(args, &desk),
    }
}

/// A ticket's number as people have it at hand: `1042`, `#1042`, `ACME-1042`, `[ACME-1042-k7q2m9xf]`.
fn number(text: &str) -> Result<TicketNumber, String> {
    let bare = text.trim().trim_start_matches(['#', '[']).trim_end_matches(']');
    let mut parts = bare.split('-');
    let first = parts.next().unwrap_or_default();
    let digits = if first.bytes().all(|b| b.is_ascii_digit()) { first } else { parts.next().unwrap_or_default() };
    match digits.parse::<TicketNumber>() {
        Ok(number) if number > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => Ok(number),
        _ => Err("a ticket's number looks like 1042 or #1042".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_as_people_have_them() {
        for text in ["1042", "#1042", "ACME-1042", "[ACME-1042-k7q2m9xf]", "[ACME-1042]"] {
            assert_eq!(number(text), Ok(1042), "{text}");
        }
        for text in ["", "#", "-1", "0", "ACME", "10x42", "ACME-x", "99999999999999999999", "+5"] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}

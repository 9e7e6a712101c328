//! `ticket export`: a ticket's raw mails, and those of the tickets merged into it, as an mbox in the "mboxrd" form, from which
//! every mail comes back whole.

use std::collections::HashSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::cli::exit::{self, CliResult, Failure, OrExit as _};
use crate::cli::open::Desk;
use crate::config::private;
use crate::model::{Digest, TicketNumber};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ticket's number
    #[arg(value_name = "N", value_parser = super::number)]
    number: TicketNumber,
    /// Write to this file, which must not be there yet; else to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(args: Args, desk: &Desk) -> CliResult {
    if args.output.is_none() && io::stdout().is_terminal() {
        let text = "Mails are not written raw to a terminal: redirect the output, or name a file with --output";
        return Err(exit::fail(exit::USAGE, text));
    }
    desk.ticket(args.number)?;
    let mails = mails(args.number, desk)?;
    let Some(path) = args.output else {
        let mut out = desk.out();
        mails.iter().for_each(|(at, raw)| out.raw(&entry(*at, raw)));
        return out.finish();
    };
    let named = |e: io::Error| anyhow::anyhow!("Cannot write {}: {e}", path.display());
    let mut file = private::create_new(&path).map_err(named).code(exit::CANT_CREATE)?;
    for (at, raw) in &mails {
        file.write_all(&entry(*at, raw)).map_err(named).code(exit::IO)?;
    }
    file.sync_all().map_err(named).code(exit::IO)?;
    Ok(std::process::ExitCode::SUCCESS)
}

/// In the order of time; a mail that two of the tickets have, once.
fn mails(number: TicketNumber, desk: &Desk) -> Result<Vec<(Timestamp, Vec<u8>)>, Failure> {
    let (mut mails, mut known) = (Vec::new(), HashSet::new());
    for number in std::iter::once(number).chain(desk.kept.absorbed(number)?) {
        let of_ticket = desk.kept.raw_mails(number)?;
        mails.extend(of_ticket.into_iter().filter(|(_, raw)| known.insert(Digest::of(raw))));
    }
    mails.sort_by_key(|(at, _)| *at);
    Ok(mails)
}

/// One mail of an mbox: the separator with its time in UTC (RFC 4155 appendix A), the mail's bytes as they came but for
/// a `>` before every line of `>*From `, and an empty line.
fn entry(at: Timestamp, raw: &[u8]) -> Vec<u8> {
    let mut out = format!("From MAILER-DAEMON {}\n", at.strftime("%a %b %e %H:%M:%S %Y")).into_bytes();
    out.reserve(raw.len() + 64);
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let quotes = line.iter().take_while(|b| **b == b'>').count();
        if line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From ")) {
            out.push(b'>');
        }
        out.extend_from_slice(line);
    }
    if !raw.ends_with(b"\n") {
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_look_like_separators_are_quoted_and_bytes_stay() {
        let at = "2026-11-02T09:05:07Z".parse().expect("valid");
        let raw = b"Subject: x\r\n\r\nFrom here\r\n>From there\r\n >From\r\nFromage\r\n\xe1\r\n";
        let text = entry(at, raw);
        let expected = b"From MAILER-DAEMON Mon Nov  2 09:05:07 2026\nSubject: x\r\n\r\n>From here\r\n>>From there\r\n >From\r\nFromage\r\n\xe1\r\n\n";
        assert_eq!(text, expected);
        assert!(entry(at, b"no end").ends_with(b"\nno end\n\n"));
    }
}

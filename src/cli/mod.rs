//! Floor 5: commands, one file a family. Each has its `Args` and a `run`; this file only names them.

pub mod audit;
pub mod auth;
pub mod backup;
pub mod check;
pub mod commands;
pub mod contact;
pub mod csv_contacts;
pub mod demo;
pub mod exit;
pub mod explain;
pub mod ingest;
pub mod init;
pub mod json;
pub mod key;
pub mod lock;
pub mod log;
pub mod lone_key;
pub mod mail;
pub mod names;
pub mod open;
pub mod outbox;
pub mod output;
pub mod quarantine;
pub mod read;
pub mod report;
pub mod restore;
pub mod run;
pub mod stage;
#[cfg(test)]
mod test_desk;
pub mod ticket;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The helpdesk that lives in mail.
#[derive(Parser, Debug)]
#[command(name = "postdesk", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args, Debug, Clone)]
pub struct Global {
    /// The configuration; else $POSTDESK_CONFIG, ./config.toml, /etc/postdesk/config.toml
    #[arg(long, global = true, value_name = "FILE", env = "POSTDESK_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Show what the desk does, on a day of sample mails, with nothing to install
    Demo(demo::Args),
    /// Write a configuration
    Init(Box<init::Args>),
    /// Find every mistake in the configuration
    Check(check::Args),
    /// Run the desk: the daemon
    Run(run::Args),
    /// Take mails in as though they had arrived
    Ingest(ingest::Args),
    /// Show what is read in a mail
    Read(read::Args),
    /// Show what the desk would do with a mail, and why
    Explain(explain::Args),
    /// Look at tickets and work on them
    Ticket(ticket::Args),
    /// Show what agents can say to the desk by mail
    Commands(commands::Args),
    /// Contacts and organisations
    Contact(contact::Args),
    /// The keys by which the desk recognises its own tokens
    Key(key::Args),
    /// Whom to believe: what mail servers say of senders, and what was learnt of agents' addresses
    Auth(auth::Args),
    /// Mails waiting to leave, and those that could not
    Outbox(outbox::Args),
    /// Mails that could not be processed or are not believed
    Quarantine(quarantine::Args),
    /// Compare what the servers hold with the ledger: every mail has exactly one fate
    Audit(audit::Args),
    /// Figures: volumes, how long it took, promises kept; by category, agent, organisation
    Report(report::Args),
    /// Make a consistent copy of the database; the daemon may run meanwhile
    Backup(backup::Args),
    /// Put a copy in the place of the database
    Restore(restore::Args),
}

/// Runs the command line. Errors go to standard error, with what to do next where that is known.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let global = &cli.global;
    let result = match cli.command {
        Command::Demo(args) => demo::run(args, global),
        Command::Init(args) => init::run(*args, global),
        Command::Check(args) => check::run(args, global),
        Command::Run(args) => run::run(args, global),
        Command::Ingest(args) => ingest::run(args, global),
        Command::Read(args) => read::run(args, global),
        Command::Explain(args) => explain::run(args, global),
        Command::Ticket(args) => ticket::run(args, global),
        Command::Commands(args) => commands::run(&args),
        Command::Contact(args) => contact::run(args, global),
        Command::Key(args) => key::run(args, global),
        Command::Auth(args) => auth::run(args, global),
        Command::Outbox(args) => outbox::run(args, global),
        Command::Quarantine(args) => quarantine::run(args, global),
        Command::Audit(args) => audit::run(args, global),
        Command::Report(args) => report::run(args, global),
        Command::Backup(args) => backup::run(args, global),
        Command::Restore(args) => restore::run(args, global),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("postdesk: {:#}", failure.error);
        ExitCode::from(failure.code)
    })
}

//! `init`: writes a configuration from flags, asks on a terminal for what is missing, then checks it.

mod ask;
mod text;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::Global;
use super::check;
use super::exit::{self, CliResult, Failure, OrExit as _};
use crate::config::{self, CheckFiles, private};

/// Where the configuration is written unless `--config` says otherwise.
const USUAL_PLACE: &str = "config.toml";

#[derive(clap::Args, Debug, Default, Clone)]
pub struct Args {
    /// Print the example with every setting there is, and write nothing
    #[arg(long, exclusive = true)]
    pub example: bool,
    /// Write over a configuration that is there
    #[arg(long)]
    pub force: bool,
    /// What customers see as the sender (default: the address)
    #[arg(long)]
    pub name: Option<String>,
    /// First part of the token in subjects: up to 12 letters and digits (default: from the domain)
    #[arg(long)]
    pub prefix: Option<String>,
    /// Right-hand side of the desk's Message-IDs (default: the domain of the address)
    #[arg(long)]
    pub domain: Option<String>,
    /// sk, cs, sl, hr, en or de (default: en)
    #[arg(long)]
    pub language: Option<String>,
    /// IANA name of the desk's time zone (default: this machine's)
    #[arg(long)]
    pub timezone: Option<String>,
    /// Folder of the database and the key (default: /var/lib/postdesk)
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<String>,
    /// Who hears of trouble by mail
    #[arg(long, value_name = "ADDRESS")]
    pub operator: Option<String>,
    /// The address that customers write to
    #[arg(long)]
    pub address: Option<String>,
    /// How commands call the mailbox (default: what stands before the "@")
    #[arg(long, value_name = "NAME")]
    pub mailbox: Option<String>,
    /// Which mail counts at first: new, all, or a day such as 2026-01-01 (default: new)
    #[arg(long)]
    pub start: Option<String>,
    /// Make tickets and send nothing
    #[arg(long)]
    pub observe: bool,
    /// authserv-id of your mail server, whose Authentication-Results are believed; may be repeated
    #[arg(long, value_name = "ID")]
    pub believe: Vec<String>,
    /// Server that the mail is read from
    #[arg(long, value_name = "HOST", conflicts_with = "maildir")]
    pub imap_host: Option<String>,
    /// (default: 993, or 143 where --imap-tls is not implicit)
    #[arg(long, value_name = "PORT")]
    pub imap_port: Option<u16>,
    /// implicit, starttls or none (default: implicit)
    #[arg(long, value_name = "TLS")]
    pub imap_tls: Option<String>,
    /// Who logs in there (default: the address)
    #[arg(long, value_name = "USER")]
    pub imap_user: Option<String>,
    /// File of the password, or name of a systemd credential (default: imap)
    #[arg(long, value_name = "FILE")]
    pub imap_password_file: Option<String>,
    /// Folder to which taken-in mail is moved (default: it stays where it is)
    #[arg(long, value_name = "FOLDER")]
    pub archive: Option<String>,
    /// Maildir that the mail is read from, instead of IMAP
    #[arg(long, value_name = "FOLDER")]
    pub maildir: Option<String>,
    /// Server that mail is sent by
    #[arg(long, value_name = "HOST", conflicts_with = "outgoing_maildir")]
    pub smtp_host: Option<String>,
    /// (default: 587, or 465 where --smtp-tls is implicit, 25 where it is none)
    #[arg(long, value_name = "PORT")]
    pub smtp_port: Option<u16>,
    /// implicit, starttls or none (default: starttls)
    #[arg(long, value_name = "TLS")]
    pub smtp_tls: Option<String>,
    /// Who logs in there (default: no login)
    #[arg(long, value_name = "USER")]
    pub smtp_user: Option<String>,
    /// File of the password, or name of a systemd credential (default, with a user: smtp)
    #[arg(long, value_name = "FILE")]
    pub smtp_password_file: Option<String>,
    /// Maildir that mail is written into, instead of being sent
    #[arg(long, value_name = "FOLDER")]
    pub outgoing_maildir: Option<String>,
    /// Somebody who answers, as NAME=ADDRESS; may be repeated, the first one gets what nobody else gets
    #[arg(long = "agent", value_name = "NAME=ADDRESS")]
    pub agents: Vec<String>,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    if args.example {
        return match io::stdout().write_all(config::EXAMPLE.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).code(exit::IO),
            _ => Ok(ExitCode::SUCCESS),
        };
    }
    let path = global.config.clone().unwrap_or_else(|| PathBuf::from(USUAL_PLACE));
    if path.exists() && !args.force {
        let text = format!("{} is there already; nothing was changed. --force writes over it", path.display());
        return Err(exit::fail(exit::CANT_CREATE, text));
    }
    let args = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        ask::missing(args, &mut io::stdin().lock(), &mut io::stderr()).code(exit::IO)?
    } else {
        args
    };
    let text = compose(&args, &path)?;
    write_private(&path, &text, args.force).code(exit::CANT_CREATE)?;
    eprintln!("{} is written\n", path.display());
    check::run(check::Args::default(), &Global { config: Some(path) })
}

/// The text of the configuration, which is valid; or what is missing or wrong in the flags.
fn compose(args: &Args, path: &Path) -> Result<String, Failure> {
    let mut missing = Vec::new();
    if args.address.is_none() {
        missing.push("--address");
    }
    if args.imap_host.is_none() && args.maildir.is_none() {
        missing.push("--imap-host (or --maildir)");
    }
    if args.smtp_host.is_none() && args.outgoing_maildir.is_none() && !args.observe {
        missing.push("--smtp-host (or --outgoing-maildir, or --observe)");
    }
    if args.agents.is_empty() {
        missing.push("--agent NAME=ADDRESS");
    }
    if !missing.is_empty() {
        let text = format!("Missing: {}. On a terminal `init` asks for them", missing.join(", "));
        return Err(exit::fail(exit::USAGE, text));
    }
    let text = text::config(args).map_err(|error| exit::fail(exit::USAGE, error))?;
    config::parse(path, &text, CheckFiles::None).map_err(|mistakes| {
        let said: Vec<String> = mistakes
            .iter()
            .map(|m| {
                let hint = m.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
                format!("  {}: {}{hint}", m.key, m.message)
            })
            .collect();
        exit::fail(exit::USAGE, format!("Nothing was written; these values cannot be used:\n{}", said.join("\n")))
    })?;
    Ok(text)
}

/// Written whole or not at all, and readable by nobody else: it says who works here and where the passwords are.
fn write_private(path: &Path, text: &str, over: bool) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{} cannot be written: {error}", path.display()));
    if !over {
        return private::write_new(path, text.as_bytes()).map_err(named);
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    private::write_new(&draft, text.as_bytes()).and_then(|()| std::fs::rename(&draft, path)).map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        named(error)
    })
}

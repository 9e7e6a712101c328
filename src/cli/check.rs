//! `check`: every mistake in the configuration at once, or what the desk would do with it.

mod online;
mod summary;

use std::process::ExitCode;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Global;
use super::exit::{self, CliResult};
use super::open::config_path;
use super::output::Out;
use crate::config::{self, Config, Mistake};

#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// JSON Lines: an object for each mistake and hint, and one that sums up
    #[arg(long)]
    pub json: bool,
    /// Log in to every IMAP and SMTP server too, and say what each can do
    #[arg(long)]
    pub online: bool,
}

/// Ends with 0 where the configuration is valid (hints are no mistakes), else with 78.
pub fn run(args: Args, global: &Global) -> CliResult {
    let path = config_path(global)?;
    match config::load_with_passwords(&path) {
        Ok(config) => valid(&args, &config),
        Err(mistakes) => {
            let mut out = Out::stdout(TimeZone::UTC);
            if args.json {
                mistakes.iter().for_each(|mistake| out.json(&object("error", mistake)));
                out.json(&json!({ "kind": "summary", "valid": false, "mistakes": mistakes.len() }));
            } else {
                mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
                eprintln!("{}: {}", path.display(), count(mistakes.len(), "mistake"));
            }
            out.finish().map(|_| ExitCode::from(exit::CONFIG))
        }
    }
}

/// Exit code 69 where a server cannot be used.
fn valid(args: &Args, config: &Config) -> CliResult {
    let texts = crate::compose::check(&config.policy.texts);
    if !texts.is_empty() {
        return Err(exit::fail(exit::CONFIG, format!("The desk's own texts cannot be used\n{}", texts.join("\n"))));
    }
    let found = if args.online { online::try_all(config)? } else { Vec::new() };
    let unusable = found.iter().filter(|f| f.said.is_err()).count();
    let mut out = Out::stdout(config.policy.desk.timezone.clone());
    if args.json {
        config.hints.iter().for_each(|hint| out.json(&object("hint", hint)));
        out.json(&summary::json(config));
        found.iter().for_each(|found| out.json(&found.json()));
    } else {
        for line in summary::text(config) {
            out.line(&super::output::escape(&line));
        }
        for hint in &config.hints {
            out.line(&format!("\n{}", hint.display("hint")).trim_end().to_owned());
        }
        let hints =
            if config.hints.is_empty() { String::new() } else { format!(", {}", count(config.hints.len(), "hint")) };
        out.line(&format!("\n{} is valid{hints}", config.path.display()));
        for found in &found {
            let said = match &found.said {
                Ok(said) => format!("works: {}", said.join("; ")),
                Err(error) => format!("cannot be used: {error}"),
            };
            out.line(&super::output::escape(&format!("{}  {said}", found.what)));
        }
    }
    let done = out.finish()?;
    match unusable {
        0 => Ok(done),
        n => Err(exit::fail(exit::UNAVAILABLE, format!("{} cannot be used", count(n, "connection")))),
    }
}

/// `1 mistake`, `2 mistakes`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn object(kind: &str, mistake: &Mistake) -> Value {
    json!({
        "kind": kind,
        "file": mistake.file.to_string_lossy(),
        "line": (mistake.line > 0).then_some(mistake.line),
        "column": (mistake.column > 0).then_some(mistake.column),
        "key": (!mistake.key.is_empty()).then_some(&mistake.key),
        "message": mistake.message,
        "hint": mistake.hint,
    })
}

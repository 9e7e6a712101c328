//! `check`: every mistake in the configuration at once, or what the desk would do with it.

mod duty;
mod online;
mod summary;

use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Global;
use super::exit::{self, CliResult};
use super::open::config_path;
use super::output::Out;
use crate::config::{self, Config, Mistake};
use crate::model::text::clean_line;
use crate::{compose, decide};

#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Log in to every IMAP and SMTP server too, and say what each can do
    #[arg(long)]
    pub online: bool,
    /// JSON Lines: an object for each mistake and hint, and one that sums up
    #[arg(long)]
    pub json: bool,
}

/// Ends with 0 where the configuration is valid (hints are no mistakes), else with 78; with 69 where a server cannot be
/// used.
pub fn run(args: Args, global: &Global) -> CliResult {
    let path = config_path(global)?;
    match config::load_with_passwords(&path) {
        Ok(config) => match text_mistakes(&config) {
            mistakes if mistakes.is_empty() => valid(&args, &config),
            mistakes => wrong(&args, &path, &mistakes),
        },
        Err(mistakes) => wrong(&args, &path, &mistakes),
    }
}

/// What is found in the operator's own texts and templates.
fn text_mistakes(config: &Config) -> Vec<Mistake> {
    let said = compose::check(&config.policy.texts).into_iter();
    let said = said.map(|message| Mistake::about(&config.path, message, None));
    let templates = decide::check_templates(&config.policy).into_iter().map(|found| {
        let mut mistake = Mistake::about(&found.file, found.what, None);
        (mistake.line, mistake.column) = (found.line, usize::from(found.line > 0));
        mistake
    });
    said.chain(templates).collect()
}

fn wrong(args: &Args, path: &Path, mistakes: &[Mistake]) -> CliResult {
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

fn valid(args: &Args, config: &Config) -> CliResult {
    let mut out = Out::stdout(config.policy.desk.timezone.clone());
    let hints: Vec<Mistake> = config.hints.iter().cloned().chain(duty::gaps(config, Timestamp::now())).collect();
    if args.json {
        hints.iter().for_each(|hint| out.json(&object("hint", hint)));
        out.json(&summary::json(config));
    } else {
        for line in summary::text(config) {
            out.line(&super::output::escape(&line));
        }
        for hint in &hints {
            out.line(format!("\n{}", hint.display("hint")).trim_end());
        }
        let hints = if hints.is_empty() { String::new() } else { format!(", {}", count(hints.len(), "hint")) };
        out.line(&format!("\n{} is valid{hints}", config.path.display()));
    }
    if !args.online {
        return out.finish();
    }
    let answers = online::ask(config)?;
    for answer in &answers {
        if args.json {
            out.json(&answer.json());
            continue;
        }
        // Servers may say what they like: nothing of it may be obeyed by a terminal.
        match &answer.said {
            Ok(said) => {
                out.line(&format!("\nok: {}", super::output::escape(&answer.what)));
                said.iter().for_each(|line| out.line(&format!("  {}", clean_line(line, SAID_MAX))));
            }
            Err(problem) => {
                out.line(&format!("\nNOT OK: {}", super::output::escape(&answer.what)));
                out.line(&format!("  {}", clean_line(problem, SAID_MAX)));
            }
        }
    }
    let failed = answers.iter().any(|answer| answer.said.is_err());
    out.finish().map(|done| if failed { ExitCode::from(exit::UNAVAILABLE) } else { done })
}

/// Longest line of what a server says, in characters.
const SAID_MAX: usize = 2_000;

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

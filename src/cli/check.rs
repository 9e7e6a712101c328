//! `check`: every mistake in the configuration at once, or what the desk would do with it.

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
}

/// Ends with 0 where the configuration is valid (hints are no mistakes), else with 78.
pub fn run(args: Args, global: &Global) -> CliResult {
    let path = config_path(global)?;
    match config::load_with_passwords(&path).and_then(texts_in_order) {
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

/// The operator's own texts stand in files of their own, and only what fills them in knows what they may say.
fn texts_in_order(config: Config) -> Result<Config, Vec<Mistake>> {
    let wrong = crate::compose::check(&config.policy.texts);
    let hint = || Some("The desk's own text is used until this one is right".to_owned());
    let mistakes: Vec<Mistake> = wrong.into_iter().map(|what| Mistake::about(&config.path, what, hint())).collect();
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
}

fn valid(args: &Args, config: &Config) -> CliResult {
    let mut out = Out::stdout(config.policy.desk.timezone.clone());
    if args.json {
        config.hints.iter().for_each(|hint| out.json(&object("hint", hint)));
        out.json(&summary::json(config));
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
    }
    out.finish()
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

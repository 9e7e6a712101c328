//! What the benchmark is told on its command line.

use std::path::PathBuf;

pub const USAGE: &str = "\
usage: scripts/bench-growth [OPTIONS]
  --tickets N        tickets of the large desk, about (1000000)
  --seed-mails N     support mails that the real program takes in first, and that are copied (5000)
  --mails N          support mails of a round of ingest (2000)
  --rounds N         rounds of ingest, small and large in turn (5)
  --questions N      how often each question is asked (200)
  --keep             leaves the scratch folder, and says where it is
  --reuse FOLDER     the desks of a scratch folder that was kept, with other mails";

#[derive(Clone, Debug)]
pub struct Options {
    pub tickets: u64,
    pub seed_mails: usize,
    pub mails: usize,
    pub rounds: usize,
    pub questions: usize,
    pub keep: bool,
    pub reuse: Option<PathBuf>,
}

/// None: there is nothing to do but to show the usage.
pub fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        tickets: 1_000_000,
        seed_mails: 5_000,
        mails: 2_000,
        rounds: 5,
        questions: 200,
        keep: false,
        reuse: None,
    };
    let mut arguments = arguments.filter(|a| a != "--bench");
    while let Some(option) = arguments.next() {
        if option == "--reuse" {
            let folder = arguments.next().map(PathBuf::from).filter(|folder| folder.join("large").is_dir());
            options.reuse = Some(folder.ok_or("--reuse needs a folder that --keep left")?);
            continue;
        }
        let mut number = || {
            let value = arguments.next().ok_or(format!("{option} needs a number"))?;
            value.parse::<u64>().ok().filter(|n| *n > 0).ok_or(format!("{option} {value}: not a number above 0"))
        };
        match option.as_str() {
            "--tickets" => options.tickets = number()?,
            "--seed-mails" => options.seed_mails = number()? as usize,
            "--mails" => options.mails = number()? as usize,
            "--rounds" => options.rounds = number()? as usize,
            "--questions" => options.questions = number()? as usize,
            "--keep" => options.keep = true,
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(Some(options))
}

//! `backup`: a consistent copy of the database, while the daemon runs.

use std::path::PathBuf;

use super::Global;
use super::exit::{self, CliResult};
use super::open;
use super::output::{Out, escape};
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The copy; it must not be there yet
    file: PathBuf,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let config = open::config(global)?;
    let database = config.database();
    if !database.exists() {
        let text = format!("There is nothing to back up yet: no {}", database.display());
        return Err(exit::fail(exit::DATA, text));
    }
    let contents = SqliteStore::backup(&database, &args.file).map_err(|error| match error {
        StoreError::Refused(text) => exit::fail(exit::CANT_CREATE, text),
        StoreError::Unavailable(text) => exit::fail(exit::IO, text),
        error => error.into(),
    })?;
    let mut out = Out::stdout(config.policy.desk.timezone.clone());
    out.line(&escape(&format!(
        "{}: {} tickets, {} mails, {} bytes, checked",
        args.file.display(),
        contents.tickets,
        contents.mails,
        contents.bytes
    )));
    out.line(&escape(&format!(
        "The key that the desk signs with is not in it: keep a copy of {}, apart from this one",
        config.state.join("key").display()
    )));
    out.finish()
}

//! `outbox`: mails waiting to leave.

use super::Global;
use super::exit::{self, CliResult};

#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_args: Args, _global: &Global) -> CliResult {
    Err(exit::fail(exit::SOFTWARE, "not built yet"))
}

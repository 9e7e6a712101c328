//! `ingest`: takes mails in as though they had arrived.

use super::Global;
use super::exit::{self, CliResult, Failure, OrExit as _};
use crate::config::Config;
use crate::daemon::{connect, ingest};
use crate::model::{Address, Incoming, Message, Policy};

#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_args: Args, _global: &Global) -> CliResult {
    Err(exit::fail(exit::SOFTWARE, "not built yet"))
}

/// Reads mails and checks their signatures as the daemon does.
pub fn checked(config: &Config, mails: Vec<Incoming>) -> Result<Vec<ingest::Checked>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().code(exit::IO)?;
    runtime.block_on(async {
        let authenticator = connect::authenticator(&config.dns).code(exit::CONFIG)?;
        let parsed = mails.into_iter().map(ingest::parse);
        Ok(futures::future::join_all(parsed.map(|mail| ingest::check(&authenticator, mail))).await)
    })
}

/// At which mailbox a mail handed over arrives: the named one, else the first that it is addressed to, else the first.
pub fn mailbox_for(named: Option<&str>, message: &Message, policy: &Policy) -> Result<String, Failure> {
    if let Some(name) = named {
        return match policy.mailbox(name) {
            Some(mailbox) => Ok(mailbox.name.clone()),
            None => {
                let known = super::open::list(policy.mailboxes.iter().map(|m| &m.name));
                Err(exit::fail(exit::USAGE, format!("There is no mailbox {name:?}; the configuration has {known}")))
            }
        };
    }
    let named = message.to.iter().chain(&message.cc).filter_map(Address::spec);
    let delivered = message.delivered_to.iter().filter_map(|a| crate::model::AddrSpec::parse(a).ok());
    let own = named.chain(delivered).find_map(|a| policy.own_address(&a).map(|(mailbox, _)| mailbox.name.clone()));
    own.or_else(|| policy.mailboxes.first().map(|m| m.name.clone()))
        .ok_or_else(|| exit::fail(exit::CONFIG, "The configuration has no mailbox"))
}

//! `auth agents`, `auth verify`, `auth forget`: what the desk has learnt of its agents' addresses.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use crate::cli::exit::{self, CliResult};
use crate::cli::open::Desk;
use crate::cli::output::{Cell, Column, Table, escape, rfc3339};
use crate::cli::{contact, output::Out};
use crate::daemon::order;
use crate::model::conduct::Learnt;
use crate::model::{AddrSpec, Agent};

#[derive(Args, Debug)]
pub struct ListArgs {
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub struct AddressArgs {
    address: String,
}

pub fn list(args: &ListArgs, desk: &Desk) -> CliResult {
    let mut out = desk.out();
    let mut table = Table::new(&[
        Column::new("agent"),
        Column::flexible("address"),
        Column::new("is"),
        Column::new("proven mail since"),
        Column::new("answered from it"),
    ]);
    for (agent, address) in desk.policy().agents.iter().flat_map(|a| a.addresses.iter().map(move |x| (a, x))) {
        let learnt = desk.kept.learnt(address.as_str())?;
        if args.json {
            out.json(&json!({
                "agent": agent.name,
                "email": address.as_str(),
                "registered": address == agent.address(),
                "strongSince": learnt.strong_since.map(rfc3339),
                "answeredAt": learnt.answered_at.map(rfc3339),
            }));
            continue;
        }
        let time = |at: Option<Timestamp>, out: &Out| at.map_or_else(|| "-".to_owned(), |at| out.look().time(at));
        table.row(vec![
            Cell::new(&agent.name),
            Cell::new(address),
            Cell::new(standing(agent, address, &learnt)),
            Cell::new(time(learnt.strong_since, &out)),
            Cell::new(time(learnt.answered_at, &out)),
        ]);
    }
    if !args.json {
        out.table(&table);
    }
    out.finish()
}

fn standing(agent: &Agent, address: &AddrSpec, learnt: &Learnt) -> &'static str {
    match (address == agent.address(), learnt.answered_at) {
        (true, _) => "registered",
        (false, Some(_)) => "proven",
        (false, None) => "unproven",
    }
}

pub fn verify(args: &AddressArgs, desk: &Desk) -> CliResult {
    let address = contact::spec(&args.address)?;
    let policy = desk.lasting_policy()?;
    let commit = order::verify_alternate(desk.kept.as_ref(), &policy, &address, Timestamp::now());
    contact::tell_asked(&address, commit, desk.out())
}

pub fn forget(args: &AddressArgs, desk: &Desk) -> CliResult {
    let address = contact::spec(&args.address)?;
    if desk.policy().agent_by_address(&address).is_none() && desk.kept.learnt(address.as_str())? == Learnt::default() {
        return Err(exit::fail(exit::DATA, format!("{} is no agent's address", escape(address.as_str()))));
    }
    let mut out = desk.out();
    out.line(&match desk.kept.unlearn(address.as_str())? {
        true => format!("Forgotten: {address} counts as an address of which nothing is known"),
        false => format!("Nothing was known of {address}"),
    });
    out.finish()
}

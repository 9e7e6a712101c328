//! Senders who look like somebody else: a domain that differs only where an eye overlooks it, a name that is another's, an
//! address in place of a name. Decides nothing; the agent is warned.

use std::collections::BTreeSet;

use crate::model::address::{AddrSpec, Address};
use crate::model::lookalike::{domain_skeleton, skeleton};
use crate::model::{Ticket, text};

use super::work::Case;

/// Whom the sender resembles, in words; None where nobody.
pub fn suspicion(case: &Case, ticket: &Ticket) -> Option<String> {
    let from = case.author()?;
    if case.policy.own_address(&from).is_some() || case.policy.agent_by_address(&from).is_some() {
        return None; // an agent or the desk itself: whether to believe that is another warning
    }
    domain(case, ticket, &from).or_else(|| name(case, ticket, &from))
}

fn domain(case: &Case, ticket: &Ticket, from: &AddrSpec) -> Option<String> {
    if let Some(other) = &case.facts.found.resembles {
        return Some(format!("its domain looks like {other}"));
    }
    let mut known: BTreeSet<String> = case.policy.mailboxes.iter().map(|m| m.address.domain().to_owned()).collect();
    known.extend(case.policy.agents.iter().flat_map(|a| &a.addresses).map(|a| a.domain().to_owned()));
    if known.contains(from.domain()) {
        return None;
    }
    // The sender may be the requester, or a participant already: that makes nobody less of a double.
    known.extend(people(ticket).filter_map(|a| a.spec()).map(|a| a.domain().to_owned()).filter(|d| d != from.domain()));
    let looks = domain_skeleton(from.domain());
    known.into_iter().find(|d| domain_skeleton(d) == looks).map(|d| format!("its domain looks like {d}"))
}

fn name(case: &Case, ticket: &Ticket, from: &AddrSpec) -> Option<String> {
    let shown = case.author_as_written().name?;
    if let Some(other) = addresses(&shown).into_iter().find(|a| a != from) {
        return Some(format!("it shows the address {other} in place of a name"));
    }
    let looks = skeleton(text::clean_line(&shown, text::NAME_MAX).as_str());
    // One given name is nobody's in particular.
    if looks.split_whitespace().count() < 2 {
        return None;
    }
    let same = |name: &str| skeleton(name) == looks;
    let agent = case.policy.agents.iter().find(|a| same(&a.display));
    if let Some(agent) = agent {
        return Some(format!("it bears the name of the agent {}", agent.name));
    }
    if same(&case.policy.desk.name) {
        return Some("it bears the name of the desk".to_owned());
    }
    let other = people(ticket).filter(|a| !a.email.eq_ignore_ascii_case(from.as_str()));
    let mut named = other.filter_map(|a| a.name.map(|n| (n, a.email)));
    named.find(|(n, _)| same(n)).map(|(_, email)| format!("it bears the name of {email}"))
}

/// The requester and the participants.
fn people(ticket: &Ticket) -> impl Iterator<Item = Address> + '_ {
    let others = ticket.participants.iter().map(|p| Address { name: p.name.clone(), email: p.email.clone() });
    std::iter::once(ticket.requester.clone()).chain(others)
}

/// Addresses in a display name.
fn addresses(name: &str) -> Vec<AddrSpec> {
    name.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c))
        .filter_map(|word| AddrSpec::parse(&word.to_ascii_lowercase()).ok())
        .collect()
}

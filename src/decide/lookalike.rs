//! Senders who look like somebody else: a domain that differs only where an eye overlooks it, a name that is another's, an
//! address in place of a name. Decides nothing; the agent is warned.

use std::collections::BTreeSet;

use crate::model::address::{AddrSpec, Address};
use crate::model::lookalike::{LABEL_MIN, address_skeleton, domain_skeleton, name_skeleton, near_from};
use crate::model::{Ticket, text};

use super::work::Case;

/// Whom the sender resembles.
pub struct Double {
    /// An address, a domain, the name of an agent or of the desk.
    pub whom: String,
    /// In words.
    pub because: String,
}

fn double(whom: &str, how: &str) -> Option<Double> {
    Some(Double { whom: whom.to_owned(), because: format!("{how} {whom}") })
}

/// None where the sender resembles nobody.
pub fn suspicion(case: &Case, ticket: &Ticket) -> Option<Double> {
    let from = case.author()?;
    if case.policy.own_address(&from).is_some() || case.policy.agent_by_address(&from).is_some() {
        return None; // an agent or the desk itself: whether to believe that is another warning
    }
    domain(case, ticket, &from).or_else(|| address(ticket, &from)).or_else(|| name(case, ticket, &from))
}

/// Letters of the desk's own domains of which one may be wrong: they are few, and worth more to a forger than all others.
const OWN_MIN: usize = 4;

fn domain(case: &Case, ticket: &Ticket, from: &AddrSpec) -> Option<Double> {
    const LIKE: &str = "its domain looks like";
    let own = &case.policy.looks().domains;
    if own.iter().any(|(domain, _)| domain == from.domain()) {
        return None;
    }
    if let Some(other) = &case.facts.found.resembles {
        return double(other, LIKE);
    }
    let looks = domain_skeleton(from.domain());
    let alike = |other: &str, letters| other == looks || near_from(other, &looks, letters);
    if let Some((other, _)) = own.iter().find(|(_, skeleton)| alike(skeleton, OWN_MIN)) {
        return double(other, LIKE);
    }
    // The sender may be the requester, or a participant already: that makes nobody less of a double.
    let known: BTreeSet<String> = people(ticket).filter_map(|a| a.spec()).map(|a| a.domain().to_owned()).collect();
    let mut others = known.iter().filter(|d| d.as_str() != from.domain());
    others.find(|d| alike(&domain_skeleton(d), LABEL_MIN)).and_then(|d| double(d, LIKE))
}

/// Somebody's address on the ticket but for a letter or a dot, at the same domain: a free-mail one, mostly.
fn address(ticket: &Ticket, from: &AddrSpec) -> Option<Double> {
    let others = people(ticket).filter_map(|a| a.spec()).filter(|a| a != from && a.domain() == from.domain());
    let mut others = others.peekable();
    others.peek()?;
    let looks = address_skeleton(from.local(), from.domain());
    let mut alike = others.filter(|a| {
        let other = address_skeleton(a.local(), a.domain());
        other == looks || a.local().chars().count() >= LABEL_MIN && strsim::osa_distance(&other, &looks) == 1
    });
    alike.next().and_then(|other| double(other.as_str(), "its address looks like"))
}

fn name(case: &Case, ticket: &Ticket, from: &AddrSpec) -> Option<Double> {
    const BEARS: &str = "it bears the name of";
    let shown = case.author_as_written().name;
    if let Some(other) = shown.iter().flat_map(|shown| addresses(shown)).find(|a| a != from) {
        return Some(Double {
            because: format!("it shows the address {other} in place of a name"),
            whom: other.to_string(),
        });
    }
    // One given name is nobody's in particular.
    let looks = shown.as_deref().and_then(|shown| name_skeleton(&text::clean_line(shown, text::NAME_MAX)));
    if let Some(looks) = looks {
        let (looks, own) = (Some(looks), case.policy.looks());
        if let Some((agent, _)) = case.policy.agents.iter().zip(&own.agents).find(|(_, name)| **name == looks) {
            return double(&agent.name, "it bears the name of the agent");
        }
        if own.desk == looks {
            return double(&case.policy.desk.name, "it bears the name of the desk,");
        }
        let others = people(ticket).filter(|a| !a.email.eq_ignore_ascii_case(from.as_str()));
        let mut named = others.filter_map(|a| a.name.map(|n| (n, a.email)));
        if let Some((_, email)) = named.find(|(n, _)| name_skeleton(n) == looks) {
            return double(&email, BEARS);
        }
    }
    let contact = case.facts.found.double_of.as_deref();
    contact.and_then(|whom| double(whom, "its name or address looks like that of the contact"))
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

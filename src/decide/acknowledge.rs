//! Whether a new ticket is acknowledged, and with how much: RFC 3834 and BEHAVIOUR section 3.

use std::collections::BTreeMap;

use crate::model::address::AddrSpec;
use crate::model::desk::Budgets;
use crate::model::facts::{Acknowledged, Sender, ThreadBy};
use crate::model::message::Class;
use crate::model::outgoing::{Addressee, Draft, Template, Value};
use crate::model::ticket::EntryKind;
use crate::model::{Address, Believed};

use super::work::{Case, Work};
use super::{articles, asks, clock};

/// The acknowledgement, or why there is none. `asked`: whoever is on file was asked to confirm the request.
pub fn acknowledgement(case: &Case, work: &Work, asked: bool) -> Result<Draft, String> {
    let to = recipient(case, work)?;
    may_be_answered(case, &to)?;
    within_budget(case)?;
    let full = case.is_verified();
    let template = if full { Template::Acknowledgement } else { Template::AcknowledgementMinimal };
    // The name is the sender's word too: an unbelieved one is not repeated.
    let name = work.ticket.requester.name.as_deref().filter(|_| full);
    let mut values =
        BTreeMap::from([("have", Value::List(asks::have(work))), ("asks", Value::List(asks::missing(work)))]);
    let articles = articles::offers(work);
    if !articles.is_empty() {
        values.insert("solved", Value::Text(articles::solved_word(work.ticket.language).to_owned()));
        values.insert("articles", Value::List(articles));
    }
    if work.ticket.restricted {
        let how = if asked { "confirm" } else { "address" };
        values.insert("restricted", Value::Text(how.to_owned()));
    }
    if case.author().is_some_and(|author| author != to) && case.message.forwarded_author().is_none() {
        // He rang, say: there is no message of his to be thanked for, and the subject is a colleague's.
        values.insert("opened", Value::Flag(true));
    }
    if let Some(back) = clock::back(&work.ticket, case.policy, case.now) {
        values.insert("back", Value::Text(back.to_string()));
    }
    Ok(Draft {
        template,
        addressee: Addressee::Customer,
        to: Address::new(name, to.as_str()),
        cc: Vec::new(),
        mailbox: work.mailbox().name.clone(),
        language: work.ticket.language,
        ticket: Some(work.ticket.clone()),
        in_reply_to: work.ticket.thread.last().cloned(),
        references: work.ticket.thread.clone(),
        text: String::new(),
        author: None,
        attachments: Vec::new(),
        values,
        cause: case.cause(),
        at: case.now,
    })
}

/// Puts the acknowledgement into the ticket's story. Its text is filled in once it is composed.
pub fn record(work: &mut Work, draft: &Draft) {
    let desk = Address::new(Some(&work.policy.desk.name), work.mailbox().address.as_str());
    let mut entry = work.own_entry(EntryKind::Acknowledgement, desk, vec![draft.to.clone()], "");
    entry.message_id = Some(draft.message_id(work.policy));
    work.say(entry, "Every new ticket is acknowledged once");
}

/// The From address of the sender himself; where an agent forwards and is beyond doubt, the customer whose mail it was. An
/// address that a mail merely names gets nothing.
fn recipient(case: &Case, work: &Work) -> Result<AddrSpec, String> {
    let from = case.author().ok_or("its From is no address that can be written to")?;
    let requester = work.ticket.requester.spec().ok_or("the requester has no address that can be written to")?;
    let agent = matches!(case.facts.sender, Sender::Agent(_));
    if requester != from && !(agent && case.is_strong() && case.is_to_us()) {
        return Err("the requester did not write this mail himself".to_owned());
    }
    if case.policy.own_address(&requester).is_some() {
        return Err("the requester is one of the desk's own addresses".to_owned());
    }
    Ok(requester)
}

/// Signs that nobody typed this mail, or that nobody reads what is answered to it.
pub fn by_machine(case: &Case) -> Option<String> {
    let message = case.message;
    match message.class {
        Class::Person => message.no_acknowledgement.first().cloned(),
        _ => Some(format!("a machine wrote it ({})", message.automatic_because.join("; "))),
    }
}

/// `to`: who would be written to. Both he and whoever wrote the mail must be people who wish to hear from the desk.
fn may_be_answered(case: &Case, to: &AddrSpec) -> Result<(), String> {
    by_machine(case).map_or(Ok(()), Err)?;
    if case.facts.thread.by == ThreadBy::PeerTag {
        return Err("it bears the number of a desk that acknowledges by itself".to_owned());
    }
    if case.believed() == Believed::Failed {
        return Err("its sender is not believed".to_owned());
    }
    if to.is_machines() || case.author().is_some_and(|from| from.is_machines()) {
        return Err("its address is a machine's".to_owned());
    }
    let mail_to_it = &case.facts.found.mail_to_sender;
    if mail_to_it.complained_at.is_some() {
        return Err("this address reported a mail of the desk's as unwanted".to_owned());
    }
    if mail_to_it.is_dead() && !case.is_verified() {
        return Err(format!("the last {} mails to this address came back", mail_to_it.failures));
    }
    if !addressed_to_us(case) {
        // RFC 5230 section 4.6: a mail that does not name us came by a list or a blind copy.
        return Err("none of its recipients is this desk: a list or a blind copy".to_owned());
    }
    Ok(())
}

fn addressed_to_us(case: &Case) -> bool {
    let message = case.message;
    let named = message.to.iter().chain(&message.cc).filter_map(Address::spec);
    let delivered = message.delivered_to.iter().filter_map(|a| AddrSpec::parse(a).ok());
    named.chain(delivered).any(|a| case.policy.own_address(&a).is_some())
}

fn within_budget(case: &Case) -> Result<(), String> {
    let budgets = &case.policy.budgets;
    let per_day = if case.is_verified() { budgets.per_address_day } else { budgets.per_unverified_address_day };
    let machines = &case.facts.found.automatic;
    if machines.is_too_much() {
        return Err(format!("machines write more than three times as much as usual ({} mails today)", machines.today));
    }
    over_budget(&case.facts.found.acknowledged, budgets, per_day).map_or(Ok(()), Err)
}

/// Why a customer gets no mail by the desk itself now; None: the budgets allow one.
pub fn over_budget(sent: &Acknowledged, budget: &Budgets, per_day: u32) -> Option<String> {
    let limits = [
        (
            sent.address_ten_minutes,
            budget.per_address_ten_minutes,
            "this address had its acknowledgements of the last ten minutes",
        ),
        (sent.address_day, per_day, "this address had its acknowledgements of the last 24 hours"),
        (sent.domain_hour, budget.per_domain_hour, "this domain had its acknowledgements of the last hour"),
        (sent.all_hour, budget.per_hour, "the desk sent as many acknowledgements as it may in an hour"),
    ];
    let (sent, limit, what) = limits.into_iter().find(|(sent, limit, _)| sent >= limit)?;
    Some(format!("{what} ({sent} of {limit})"))
}

/// A budget that many share is used up: who writes to the desk meanwhile hears nothing, and it may be a storm.
pub fn storm(case: &Case) -> Option<&'static str> {
    let (sent, budget) = (&case.facts.found.acknowledged, &case.policy.budgets);
    if sent.all_hour >= budget.per_hour {
        return Some("The desk sent as many acknowledgements as it may in an hour: new customers are not acknowledged");
    }
    if case.facts.found.automatic.is_too_much() {
        return Some(
            "Machines write more than three times as much as usual: nobody is acknowledged until this day ends",
        );
    }
    (sent.domain_hour >= budget.per_domain_hour)
        .then_some("A domain had as many acknowledgements as it may in an hour: it may be a storm")
}

//! What an operator orders at the command line: the same changes that an agent makes by mail.

use jiff::Timestamp;

use crate::model::ticket::EntryKind;
use crate::model::{Action, Address, Decision, Fate, Found, Order, OrderKind, Policy, Status, Ticket, TicketChange};

use super::work::{Work, attachment_info};
use super::{access, agent, merge};

/// Carries an order out. An error says why it cannot be; nothing is changed then.
pub fn order(order: &Order, found: &Found, policy: &Policy, now: Timestamp) -> Result<Decision, String> {
    let ticket = |number: i64| -> Result<Ticket, String> {
        let row = found.tickets.iter().find(|(asked, _)| *asked == number);
        row.map(|(_, ticket)| ticket.clone()).ok_or_else(|| format!("There is no ticket {number}"))
    };
    let mut work = Work::new(ticket(order.ticket)?, policy, now).by(&order.actor);
    let reaches_customers = matches!(order.what, OrderKind::Reply { .. } | OrderKind::Close | OrderKind::Reopen);
    if reaches_customers && work.ticket.number != order.ticket {
        let (number, living, who) = (order.ticket, work.ticket.number, work.ticket.requester.display());
        return Err(format!("Ticket {number} lives on in {living}, which is {who}'s: name {living}, if that is meant"));
    }
    work.said.clone_from(&found.said);
    // The same order given again at another time is another one; the same at the same time is a replay.
    let cause = format!("order:{}:{}:{now}", order.ticket, order.actor);
    let mut others = Vec::new();
    let action = match &order.what {
        OrderKind::Reply { text, attachments, close } => {
            if text.trim().is_empty() && attachments.is_empty() {
                return Err("There is nothing to send: the text is empty".to_owned());
            }
            let from = Address::new(Some(&policy.desk.name), work.mailbox().address.as_str());
            let mut entry = work.own_entry(EntryKind::Answer, from, Vec::new(), text);
            entry.attachments = attachments.iter().map(attachment_info).collect();
            let status = if *close { Status::Closed } else { Status::Waiting };
            agent::send_answer(&order.actor, &mut work, entry, text.trim(), attachments.clone(), &cause, status);
            if *close {
                work.change(TicketChange::Status { to: Status::Closed }, "Closed with the answer");
            }
            Action::Relay
        }
        OrderKind::Note { text } => {
            if text.trim().is_empty() {
                return Err("A note needs words".to_owned());
            }
            let from = Address::new(Some(&order.actor), work.mailbox().address.as_str());
            let entry = work.own_entry(EntryKind::Note, from, Vec::new(), text.trim());
            work.say(entry, "A note, kept from the customer");
            agent::tell_note(&order.actor, &mut work, text.trim(), &cause, &[]);
            Action::Note
        }
        OrderKind::Assign { to } => {
            agent::assign_to(&order.actor, &mut work, to, found, "By order", &cause);
            Action::Command
        }
        OrderKind::Revoke => {
            others = access::revoke(&mut work, &found.absorbed, "By order");
            Action::Command
        }
        OrderKind::Close => status(&mut work, Status::Closed),
        OrderKind::Reopen => status(&mut work, Status::Open),
        OrderKind::Merge { into } => {
            let target = ticket(*into)?;
            let mut receipt = Vec::new();
            let living = merge::merge(&mut work, target, "By order", &cause, &mut receipt)?;
            others.push(living);
            Action::Command
        }
    };
    let mut decision = work.into_decision(action, Fate::Order);
    others.into_iter().for_each(|other| other.join(&mut decision));
    Ok(decision)
}

fn status(work: &mut Work, to: Status) -> Action {
    if work.ticket.status != to {
        work.change(TicketChange::Status { to }, "By order");
    }
    Action::Command
}

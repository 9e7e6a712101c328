//! What agents do to a ticket besides answering: put it away, tag it, book time, watch it, let people read along.

use crate::model::account::Package;
use crate::model::hands::{TAGS_MAX, Worked};
use crate::model::{AddrSpec, Address, Status, TicketChange};

use super::work::{Case, Work};

/// What marks a ticket as unwanted.
pub const SPAM: &str = "spam";

/// Somebody outside gets copies from now on, or no longer. An error says why not, and nothing is changed.
pub fn copy(work: &mut Work, name: &str, add: bool, address: &AddrSpec, written: &str) -> Result<(), String> {
    let (ticket, email) = (&work.ticket, address.as_str());
    let is_requester = ticket.requester.email.eq_ignore_ascii_case(email);
    match add {
        _ if is_requester => Err(format!("{email} is the customer whose ticket it is")),
        true if address.is_machines() => Err(format!("{email} is a machine's address")),
        true if ticket.is_participant(email) => Ok(()),
        true => {
            let shown = ticket.access.proposed.iter().find(|p| p.email.eq_ignore_ascii_case(email));
            let shown = shown.and_then(|p| p.name.clone());
            let change = TicketChange::Participant { email: email.to_owned(), name: shown, by: name.to_owned() };
            work.change(change, written);
            Ok(())
        }
        false if !ticket.is_participant(email) => {
            let who: Vec<&str> = ticket.participants.iter().map(|p| p.email.as_str()).collect();
            Err(match who.is_empty() {
                true => format!("{email} gets no copies, nor does anybody else"),
                false => format!("{email} gets no copies; those who do: {}", who.join(", ")),
            })
        }
        false => {
            work.change(TicketChange::ParticipantRemoved { email: email.to_owned() }, written);
            Ok(())
        }
    }
}

/// The ticket of an agent, who opened it for somebody, becomes that customer's.
pub fn give(case: &Case, work: &mut Work, to: Address, written: &str) -> Result<(), String> {
    let requester = &work.ticket.requester;
    if requester.email.eq_ignore_ascii_case(&to.email) {
        return Ok(());
    }
    if requester.spec().is_some_and(|spec| case.policy.is_outside(&spec)) {
        return Err(format!("the ticket is {}'s; #cc add lets somebody else read along", requester.email));
    }
    let organisation = case.facts.organisation.as_ref().map(|o| o.name.clone());
    work.change(TicketChange::Requester { email: to.email.clone(), name: to.name }, written);
    work.ticket.organisation.clone_from(&organisation);
    work.ticket.contact = None;
    if let Some(contact) = case.contact().filter(|c| c.email.as_str().eq_ignore_ascii_case(&to.email)) {
        work.ticket.language = contact.language.unwrap_or(work.ticket.language);
        work.change(TicketChange::Bound { contact: contact.email.to_string(), organisation }, written);
    }
    Ok(())
}

/// Sets tags and takes some off.
pub fn tag(work: &mut Work, on: &[String], off: &[String], written: &str) -> Result<(), String> {
    for tag in off {
        if !work.ticket.hands.tags.contains(tag) {
            return Err(format!("the ticket has no tag {tag:?}"));
        }
        work.change(TicketChange::Untagged { tag: tag.clone() }, written);
    }
    for tag in on.iter().filter(|tag| !work.ticket.hands.tags.contains(tag)).collect::<Vec<_>>() {
        if work.ticket.hands.tags.len() >= TAGS_MAX {
            return Err(format!("a ticket has at most {TAGS_MAX} tags"));
        }
        work.change(TicketChange::Tagged { tag: tag.clone() }, written);
    }
    Ok(())
}

/// Books time on the ticket; the history says when the firm's hours are used up by it.
pub fn book(work: &mut Work, name: &str, minutes: u32, written: &str) {
    let before = account(work);
    work.change(TicketChange::Worked { by: name.to_owned(), minutes }, written);
    work.times.push(Worked { ticket: work.ticket.number, agent: name.to_owned(), minutes, at: work.now });
    if let (Some((package, before)), Some((_, after))) = (before, account(work))
        && (before..after).contains(&package.minutes)
    {
        let because = format!("{after} of {} minutes this {}", package.minutes, package.per);
        work.event_by_desk("hours used up", because);
    }
}

/// The hours of the ticket's firm, and how many minutes of them are booked; None where it has none, or nobody asked.
pub fn account<'a>(work: &Work<'a>) -> Option<(&'a Package, u32)> {
    let firm = work.ticket.organisation.as_deref()?;
    let package = work.policy.packages.of(firm)?;
    let (_, before) = work.spent.iter().find(|(name, _)| name == firm)?;
    let now = work.times.iter().map(|worked| worked.minutes).fold(0, u32::saturating_add);
    Some((package, before.saturating_add(now)))
}

pub fn watch(work: &mut Work, name: &str, on: bool, written: &str) {
    if work.ticket.is_watched_by(name) != on {
        let by = name.to_owned();
        work.change(if on { TicketChange::Watched { by } } else { TicketChange::Unwatched { by } }, written);
    }
}

/// Ends the ticket of somebody to whom nobody wants to write.
pub fn spam(work: &mut Work, written: &str) -> Result<(), String> {
    tag(work, &[SPAM.to_owned()], &[], written)?;
    if work.ticket.status != Status::Closed {
        work.change(TicketChange::Status { to: Status::Closed }, written);
    }
    Ok(())
}

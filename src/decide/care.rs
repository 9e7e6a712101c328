//! What becomes of tickets about which nobody says a word: owners are reminded, customers are, once; what was put away
//! comes back, what waits in vain is closed. Customers get these mails within the budgets of acknowledgements.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::calendar::Calendar;
use crate::model::conduct::MailToIt;
use crate::model::facts::Acknowledged;
use crate::model::outgoing::{Addressee, Draft, Template, Value};
use crate::model::promise::REMINDED_MAX;
use crate::model::ticket::EntryKind;
use crate::model::{Address, Found, Policy, Status, Ticket, TicketChange};

use super::acknowledge;
use super::notify;
use super::work::Work;

/// Where a budget does not allow a mail to a customer now, it is tried again after so long.
const LATER: SignedDuration = SignedDuration::from_hours(1);

/// What stands before a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Return,
    RemindOwner,
    RemindCustomer,
    Close,
}

/// The calendar by which days of silence are counted: the desk's, else its SLA's. None: every hour of every day.
fn calendar<'a>(ticket: &Ticket, policy: &'a Policy) -> Option<&'a Calendar> {
    let promises = &policy.promises;
    let of_sla = || ticket.service.sla.as_deref().and_then(|name| promises.sla(name)).map(|sla| &sla.calendar);
    promises.office.as_ref().or_else(of_sla)
}

/// So many working days after an instant.
fn after(from: Timestamp, days: u32, calendar: Option<&Calendar>) -> Option<Timestamp> {
    let days = i32::try_from(days).ok()?;
    match calendar {
        Some(calendar) => calendar.add(from, calendar.day_length().checked_mul(days)?, &[]),
        None => from.checked_add(SignedDuration::from_hours(24).checked_mul(days)?).ok(),
    }
}

/// What is to be done next, and when.
fn ahead(ticket: &Ticket, policy: &Policy) -> Option<(Timestamp, Due)> {
    let (settings, service) = (&policy.promises.reminders, &ticket.service);
    let within = |from, days| after(from, days, calendar(ticket, policy));
    let (at, due) = match ticket.status {
        Status::Snoozed => (ticket.snoozed_until?, Due::Return),
        Status::New | Status::Open if settings.owner_days > 0 && service.reminded < REMINDED_MAX => {
            let days = settings.owner_days.saturating_mul(service.reminded + 1);
            (within(service.heard_at?, days)?, Due::RemindOwner)
        }
        Status::Waiting => {
            let since = service.stopped_at.max(service.heard_at)?;
            let remind = settings.customer_days > 0 && service.customer_reminded_at.is_none() && is_asked(ticket);
            match (remind, settings.close_days) {
                (true, _) => (within(since, settings.customer_days)?, Due::RemindCustomer),
                (false, 0) => return None,
                (false, close) => {
                    // Whoever was reminded late has the same time to answer.
                    let reminded = service.customer_reminded_at;
                    let days = reminded.map_or(close, |_| close.saturating_sub(settings.customer_days).max(1));
                    (within(reminded.unwrap_or(since), days)?, Due::Close)
                }
            }
        }
        _ => return None,
    };
    Some((service.put_off_until.map_or(at, |later| later.max(at)), due))
}

/// When silence has lasted long enough for something to be done.
pub fn next(ticket: &Ticket, policy: &Policy) -> Option<Timestamp> {
    ahead(ticket, policy).map(|(at, _)| at)
}

/// Somebody said or did something: silence is counted anew.
pub fn heard(work: &mut Work, change: &TicketChange) {
    let by_a_machine =
        |kind: &EntryKind| matches!(kind, EntryKind::Automatic | EntryKind::Acknowledgement | EntryKind::Notice);
    match change {
        TicketChange::Said { kind, .. } if by_a_machine(kind) => return,
        TicketChange::Event { .. } | TicketChange::Promised { .. } | TicketChange::Linked { .. } => return,
        _ => {}
    }
    let service = &mut work.ticket.service;
    service.heard_at = Some(work.now);
    service.reminded = 0;
    if work.ticket.status != Status::Waiting || *change == TicketChange::Answered {
        service.customer_reminded_at = None;
        service.put_off_until = None;
    }
}

/// The customer is one to whom the desk writes by itself.
fn is_asked(ticket: &Ticket) -> bool {
    let proven = ticket.verified || ticket.contact.is_some();
    proven && !ticket.service.by_machine && ticket.requester.spec().is_some_and(|a| !a.is_machines())
}

/// Why the customer is none to whom the desk writes by itself.
pub fn unasked(work: &Work) -> Option<&'static str> {
    if !is_asked(&work.ticket) {
        return Some("its sender is a machine's or was never proven");
    }
    let is_ours = work.ticket.requester.spec().is_none_or(|a| work.policy.own_address(&a).is_some());
    is_ours.then_some("the requester is one of the desk's own addresses")
}

/// Why the customer gets no mail that no person writes. `Some(None)`: only not now.
fn refused(work: &Work, found: &Found) -> Option<Option<String>> {
    let mail_to_it: &MailToIt = &found.mail_to_sender;
    let never = |why: &str| Some(Some(why.to_owned()));
    if let Some(why) = unasked(work) {
        return never(why);
    }
    if mail_to_it.complained_at.is_some() {
        return never("this address reported a mail of the desk's as unwanted");
    }
    if mail_to_it.is_dead() {
        return never("mail to this address comes back");
    }
    let sent: &Acknowledged = &found.acknowledged;
    acknowledge::over_budget(sent, &work.policy.budgets, work.policy.budgets.per_address_day).is_some().then_some(None)
}

/// What silence has brought about by now, once. Returns the addresses that were written to within the budgets.
pub fn attend(work: &mut Work, found: &Found) -> Vec<String> {
    // A ticket of an earlier program: nobody knows how long it has been silent, so it is counted from now on.
    work.ticket.service.heard_at.get_or_insert(work.now);
    let Some((at, due)) = ahead(&work.ticket, work.policy).filter(|(at, _)| *at <= work.now) else { return Vec::new() };
    let settings = &work.policy.promises.reminders;
    match due {
        Due::Return => {
            work.change(TicketChange::Status { to: Status::Open }, "The time for which it was put away has passed");
            tell(work, Template::NotifyReturned, None, at);
            Vec::new()
        }
        Due::RemindOwner => {
            let times = work.ticket.service.reminded + 1;
            let days = settings.owner_days.saturating_mul(times);
            tell(work, Template::NotifySilent, Some(days), at);
            work.ticket.service.reminded = times;
            Vec::new()
        }
        Due::RemindCustomer => match refused(work, found) {
            Some(None) => put_off(work),
            Some(Some(why)) => {
                // Not asked again in this wait.
                work.ticket.service.customer_reminded_at = Some(work.now);
                work.event("customer not reminded", why);
                Vec::new()
            }
            None => {
                let because = format!("The customer owes the next word for {} working days", settings.customer_days);
                work.ticket.service.customer_reminded_at = Some(work.now);
                work.ticket.service.put_off_until = None;
                let mut draft = to_customer(work, Template::Reminder, at);
                if let Some((close, Due::Close)) = ahead(&work.ticket, work.policy) {
                    draft.values.insert("close", Value::Text(close.to_string()));
                }
                send(work, draft, &because)
            }
        },
        Due::Close => {
            let because = format!("The customer did not answer for {} working days", settings.close_days);
            match refused(work, found) {
                Some(None) => put_off(work),
                Some(Some(why)) => {
                    work.change(TicketChange::Status { to: Status::Closed }, because);
                    work.event("closed without a notice", why);
                    Vec::new()
                }
                None => {
                    work.change(TicketChange::Status { to: Status::Closed }, because.clone());
                    let draft = to_customer(work, Template::Closed, at);
                    send(work, draft, &because)
                }
            }
        }
    }
}

fn put_off(work: &mut Work) -> Vec<String> {
    work.ticket.service.put_off_until = work.now.checked_add(LATER).ok();
    Vec::new()
}

fn tell(work: &mut Work, template: Template, days: Option<u32>, at: Timestamp) {
    let agents = notify::told(&work.ticket, work.policy, work.now);
    let names: Vec<&str> = agents.iter().map(|a| a.name.as_str()).collect();
    let because = match days {
        Some(days) => format!("Nothing has happened for {days} working days"),
        None => "It is back".to_owned(),
    };
    work.event(format!("told {}", names.join(", ")), because);
    for agent in agents {
        let mut draft = notify::to_agent(work, agent, template, &format!("care:{template}:{at}"));
        draft.text = work.story();
        draft.author = Some(work.ticket.requester.clone());
        draft.values.extend(days.map(|days| ("days", Value::Number(i64::from(days)))));
        work.outgoing.push(draft);
    }
}

pub fn to_customer(work: &Work, template: Template, at: Timestamp) -> Draft {
    Draft {
        template,
        addressee: Addressee::Customer,
        to: work.ticket.requester.clone(),
        cc: Vec::new(),
        mailbox: work.mailbox().name.clone(),
        language: work.ticket.language,
        ticket: Some(work.ticket.clone()),
        in_reply_to: work.ticket.thread.last().cloned(),
        references: work.ticket.thread.clone(),
        text: String::new(),
        author: None,
        attachments: Vec::new(),
        values: BTreeMap::new(),
        cause: format!("care:{at}"),
        at: work.now,
    }
}

pub fn send(work: &mut Work, draft: Draft, because: &str) -> Vec<String> {
    let desk = Address::new(Some(&work.policy.desk.name), work.mailbox().address.as_str());
    let mut entry = work.own_entry(EntryKind::Notice, desk, vec![draft.to.clone()], "");
    entry.message_id = Some(draft.message_id(work.policy));
    work.say(entry, because);
    let to = draft.to.email.to_ascii_lowercase();
    work.outgoing.push(draft);
    vec![to]
}

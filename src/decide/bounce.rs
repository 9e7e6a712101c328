//! A mail of ours came back (RFC 3464 or free-form): the outgoing mail is marked, an agent is told once, nobody is answered.

use jiff::Timestamp;

use crate::model::conduct::{self, Mark, Marked};
use crate::model::facts::ThreadBy;
use crate::model::message::{Report, ReportRecipient};
use crate::model::outgoing::{Template, Undelivered, Value};
use crate::model::ticket::{Direction, EntryKind};
use crate::model::token::TokenKind;
use crate::model::{Action, AddrSpec, Decision, Fate, Found, Policy, Status, Ticket, TicketChange};

use super::notify;
use super::work::{Case, Work};

/// Of a report that gives none.
const NO_REASON: &str = "no reason given";

pub fn bounce(case: &Case) -> Decision {
    if let Some(decision) = by_return_path(case) {
        return decision;
    }
    let Some(report) = &case.message.report else {
        return unmatched(case, "It is a bounce, and names no mail of ours");
    };
    let bounced = &case.facts.found.bounced;
    if bounced.is_empty() {
        return unmatched(case, "It is a bounce of a mail that this desk did not send: nothing is done about it");
    }
    let permanent = is_permanent(report);
    let ticket = bounced.iter().find_map(|b| b.ticket);
    let mut decision = Decision::new(Action::Bounce, Fate::Bounce { ticket });
    let words = in_words(report);
    for mail in bounced {
        decision.reasons.push(match permanent {
            true => format!("Our mail {} could not be delivered: {words}", mail.outbox),
            false => format!("Our mail {} is not delivered yet: {words}", mail.outbox),
        });
        if permanent && !mail.known {
            decision.bounced.push((mail.outbox, words.clone()));
            if is_about_address(report) {
                decision.marks.push(Mark::new(&mail.to, Marked::Failed));
            }
            let known = |number| case.facts.found.tickets.iter().find(|(asked, _)| *asked == number).map(|(_, t)| t);
            note(case, mail.ticket.and_then(known), &mail.to, &words, &mut decision);
        }
    }
    decision
}

/// A mail of ours that the outgoing server did not take, or that was tried for as long as it is worth: the ticket's story
/// gets it, and its agents hear of it. An error where the ticket is not there.
pub fn undelivered(failed: &Undelivered, found: &Found, policy: &Policy, now: Timestamp) -> Result<Decision, String> {
    let ticket = found.tickets.iter().find(|(asked, _)| *asked == failed.ticket);
    let ticket = ticket.map(|(_, ticket)| ticket.clone()).ok_or_else(|| format!("No ticket {}", failed.ticket))?;
    let mut work = Work::new(ticket, policy, now);
    let words = crate::model::text::clean_line(&failed.because, 300);
    work.event(format!("delivery failed: the answer to {} did not leave", failed.to), words.clone());
    owes_again(&mut work, &failed.to);
    for agent in notify::told(&work.ticket, policy, now) {
        let cause = format!("undelivered:{}", failed.outbox);
        let mut draft = notify::to_agent(&work, agent, Template::NotifyBounce, &cause);
        draft.values.insert("recipient", Value::Text(failed.to.clone()));
        draft.values.insert("report", Value::Text(words.clone()));
        work.outgoing.push(draft);
    }
    Ok(work.into_decision(Action::Command, Fate::Order))
}

/// A bounce that returns nothing of our mail, but came to the return path that was made for one addressee of one ticket.
/// It does not say which of the mails it is about: none is marked, and the agents hear of it.
fn by_return_path(case: &Case) -> Option<Decision> {
    let thread = &case.facts.thread;
    let at_return_path = thread.by == ThreadBy::PlusAddress && thread.kind == Some(TokenKind::Bounce);
    let (Some(ticket), Some(proven), true) = (&thread.ticket, &thread.proven, at_return_path) else { return None };
    if !case.facts.found.bounced.is_empty() {
        return None; // it names the mail
    }
    let mut addressees = std::iter::once(&ticket.requester.email).chain(ticket.participants.iter().map(|p| &p.email));
    let to = addressees.find(|email| case.policy.keys.is_for(proven, email)).unwrap_or(&ticket.requester.email);
    let report = case.message.report.as_ref();
    let words = report.map_or_else(|| NO_REASON.to_owned(), in_words);
    let mut decision = Decision::new(Action::Bounce, Fate::Bounce { ticket: Some(ticket.number) });
    if report.is_some_and(is_only_late) {
        decision.reasons.push(format!("A mail to {to} about ticket {} is not delivered yet: {words}", ticket.number));
        return Some(decision);
    }
    let what = format!("A mail to {to} about ticket {} could not be delivered: {words}", ticket.number);
    decision.reasons.push(what);
    decision.reasons.push("It came to the return path that this desk signed for that addressee".to_owned());
    note(case, Some(ticket), to, &words, &mut decision);
    Some(decision)
}

fn unmatched(case: &Case, because: &str) -> Decision {
    let mut decision = Decision::new(Action::Bounce, Fate::Bounce { ticket: None });
    decision.reasons.push(because.to_owned());
    decision.reasons.extend(case.message.automatic_because.iter().cloned());
    decision
}

/// The ticket's story gets the bounce, and its agents hear of it. A bounce from an agent's own mailbox is the operator's.
fn note(case: &Case, ticket: Option<&Ticket>, to: &str, words: &str, decision: &mut Decision) {
    let to_agent = AddrSpec::parse(to).ok().and_then(|to| case.policy.agent_by_address(&to).map(|a| a.name.clone()));
    if let Some(name) = &to_agent {
        decision.alarms.push(format!("Mail to agent {name} comes back"));
    }
    let Some(ticket) = ticket else { return };
    if decision.tickets.iter().any(|t| t.number == ticket.number) {
        return;
    }
    let mut work = case.work(ticket.clone());
    work.say(case.entry(EntryKind::Automatic, Direction::Incoming), format!("A mail to {to} came back: {words}"));
    work.event("delivery failed", words);
    owes_again(&mut work, to);
    if to_agent.is_none() {
        for agent in notify::told(&work.ticket, case.policy, case.now) {
            let mut draft = notify::to_agent(&work, agent, Template::NotifyBounce, &case.cause());
            draft.values.insert("recipient", Value::Text(to.to_owned()));
            draft.values.insert("report", Value::Text(words.to_owned()));
            work.outgoing.push(draft);
        }
    }
    decision.tickets.push(work.ticket);
    decision.history.extend(work.history);
    decision.entries.extend(work.entries);
    decision.outgoing.extend(work.outgoing);
}

/// The customer cannot owe the next word where ours did not reach him.
fn owes_again(work: &mut Work, to: &str) {
    if work.ticket.status == Status::Waiting && work.ticket.requester.email.eq_ignore_ascii_case(to) {
        work.change(TicketChange::Status { to: Status::Open }, "The customer did not get the last mail");
    }
}

/// RFC 3464 section 2.3.3: `failed` is final, also with a status of class 4, after days of trying; a status of class 5 says
/// the same.
fn is_permanent(report: &Report) -> bool {
    let class_5 = |r: &ReportRecipient| r.status.as_deref().is_some_and(|s| s.starts_with('5'));
    report.recipients.iter().any(|r| class_5(r) || r.action.as_deref() == Some("failed"))
}

/// The mail is still on its way (RFC 3464: `delayed`, or a status of class 4), for everybody of whom the report speaks.
fn is_only_late(report: &Report) -> bool {
    let late = |r: &ReportRecipient| match r.action.as_deref() {
        Some("failed") => false,
        Some("delayed") => true,
        _ => r.status.as_deref().is_some_and(|s| s.starts_with('4')),
    };
    !report.recipients.is_empty() && report.recipients.iter().all(late)
}

/// At least one recipient failed for a reason that is the address's own.
fn is_about_address(report: &Report) -> bool {
    report.recipients.iter().any(|r| conduct::is_about_address(r.status.as_deref()))
}

fn in_words(report: &Report) -> String {
    let recipient = report.recipients.first();
    let part = |value: Option<&String>| value.cloned().unwrap_or_default();
    // The diagnostic text mostly repeats the status and the reply.
    let said = part(recipient.and_then(|r| r.diagnostic_code.as_ref()));
    let codes = [recipient.and_then(|r| r.status.as_ref()), recipient.and_then(|r| r.smtp_reply.as_ref())];
    let codes = codes.into_iter().flatten().filter(|code| !said.contains(code.as_str())).cloned();
    let words = codes.chain([said.clone()]).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
    crate::model::text::clean_line(if words.is_empty() { NO_REASON } else { &words }, 300)
}

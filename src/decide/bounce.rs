//! A mail of ours came back (RFC 3464 or free-form): the outgoing mail is marked, an agent is told once, nobody is answered.

use crate::model::conduct::{self, Mark, Marked};
use jiff::Timestamp;

use crate::model::facts::BouncedMail;
use crate::model::message::{Report, ReportRecipient};
use crate::model::outgoing::{Template, Undelivered, Value};
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, AddrSpec, Decision, Fate, Found, Policy};

use super::notify;
use super::work::{Case, Work};

pub fn bounce(case: &Case) -> Decision {
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
            note(case, mail, &words, &mut decision);
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
    for agent in notify::told(&work.ticket, policy, now) {
        let cause = format!("undelivered:{}", failed.outbox);
        let mut draft = notify::to_agent(&work, agent, Template::NotifyBounce, &cause);
        draft.values.insert("recipient", Value::Text(failed.to.clone()));
        draft.values.insert("report", Value::Text(words.clone()));
        work.outgoing.push(draft);
    }
    Ok(work.into_decision(Action::Command, Fate::Order))
}

fn unmatched(case: &Case, because: &str) -> Decision {
    let mut decision = Decision::new(Action::Bounce, Fate::Bounce { ticket: None });
    decision.reasons.push(because.to_owned());
    decision.reasons.extend(case.message.automatic_because.iter().cloned());
    decision
}

/// The ticket's story gets the bounce, and its agents hear of it. A bounce from an agent's own mailbox is the operator's.
fn note(case: &Case, mail: &BouncedMail, words: &str, decision: &mut Decision) {
    let to_agent =
        AddrSpec::parse(&mail.to).ok().and_then(|to| case.policy.agent_by_address(&to).map(|a| a.name.clone()));
    if let Some(name) = &to_agent {
        decision.alarms.push(format!("Mail to agent {name} comes back"));
    }
    let ticket = mail.ticket.and_then(|number| case.facts.found.tickets.iter().find(|(asked, _)| *asked == number));
    let Some((_, ticket)) = ticket else { return };
    if decision.tickets.iter().any(|t| t.number == ticket.number) {
        return;
    }
    let mut work = case.work(ticket.clone());
    work.say(
        case.entry(EntryKind::Automatic, Direction::Incoming),
        format!("A mail to {} came back: {words}", mail.to),
    );
    work.event("delivery failed", words);
    if to_agent.is_none() {
        for agent in notify::told(&work.ticket, case.policy, case.now) {
            let mut draft = notify::to_agent(&work, agent, Template::NotifyBounce, &case.cause());
            draft.values.insert("recipient", Value::Text(mail.to.clone()));
            draft.values.insert("report", Value::Text(words.to_owned()));
            work.outgoing.push(draft);
        }
    }
    decision.tickets.push(work.ticket);
    decision.history.extend(work.history);
    decision.entries.extend(work.entries);
    decision.outgoing.extend(work.outgoing);
}

/// RFC 3464 section 2.3.3: `failed` is final; a status of class 5 says the same.
fn is_permanent(report: &Report) -> bool {
    let status = |r: &ReportRecipient, class: &str| r.status.as_deref().is_some_and(|s| s.starts_with(class));
    report.recipients.iter().any(|r| status(r, "5") || (r.action.as_deref() == Some("failed") && !status(r, "4")))
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
    crate::model::text::clean_line(if words.is_empty() { "no reason given" } else { &words }, 300)
}

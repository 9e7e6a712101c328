//! What `explain` says of the ticket that a mail would open or join: its priority and why, what is promised for it, what
//! its report has, and the articles with their scores.

use serde_json::{Value, json};

use crate::cli::output::rfc3339;
use crate::model::article::Suggestion;
use crate::model::ask::spoken;
use crate::model::promise::Service;
use crate::model::{Commit, Language, Policy, Priority, Ticket, TicketChange};

/// The ticket of the decision, where it has one.
pub fn of(commit: &Commit) -> Option<&Ticket> {
    let number = commit.fate.ticket()?;
    commit.tickets.iter().find(|t| t.number == number).or(commit.tickets.first())
}

/// Why its priority is what it is.
pub fn priority_because(commit: &Commit, ticket: &Ticket) -> String {
    let of_ticket = commit.history.iter().filter(|line| line.ticket == ticket.number);
    let mut set = of_ticket.filter(|line| matches!(line.change, TicketChange::Priority { .. }));
    if let Some(line) = set.next_back() {
        return line.because.clone();
    }
    let opened = commit.history.iter().any(|line| line.ticket == ticket.number && line.change == TicketChange::Created);
    match (opened, &ticket.service.urgency) {
        (true, Some(called)) if !called.raised => format!(
            "Called urgent (\u{201c}{}\u{201d}), as {} of the customer's last {} tickets: not raised",
            called.word, called.marked, called.tickets
        ),
        (true, _) if ticket.priority == Priority::Normal => {
            "Neither category, contact nor organisation sets one, and nobody called it urgent".to_owned()
        }
        (true, _) => String::new(),
        (false, _) => "As it was".to_owned(),
    }
}

/// Which SLA, by whom, by which calendar, and when what is due; null where nothing is promised.
pub fn promise(ticket: &Ticket, policy: &Policy) -> Value {
    let Some(name) = &ticket.service.sla else { return Value::Null };
    let Service { chosen_by, stopped_at, update_due_at, .. } = &ticket.service;
    json!({
        "sla": name,
        "by": chosen_by.map(|by| by.word()),
        "calendar": calendar(ticket, policy),
        "firstResponseDueAt": ticket.first_response_due_at.map(rfc3339),
        "resolveDueAt": ticket.resolve_due_at.map(rfc3339),
        "updateDueAt": update_due_at.map(rfc3339),
        "standsSince": stopped_at.map(rfc3339),
    })
}

/// The SLA's calendar; None where it runs around the clock.
fn calendar<'p>(ticket: &Ticket, policy: &'p Policy) -> Option<&'p str> {
    let sla = policy.promises.sla(ticket.service.sla.as_deref()?)?;
    Some(sla.calendar.name.as_str()).filter(|name| !name.is_empty())
}

pub fn suggestion(suggestion: &Suggestion) -> Value {
    json!({
        "article": suggestion.article,
        "title": suggestion.title,
        "score": (suggestion.score * 100.0).round() / 100.0,
        "matched": suggestion.matched,
        "offered": suggestion.offered,
        "because": suggestion.because,
    })
}

/// Labels and sentences for people.
pub fn lines(commit: &Commit, policy: &Policy) -> Vec<(&'static str, String)> {
    let Some(ticket) = of(commit) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(category) = &ticket.category {
        lines.push(("category", category.clone()));
    }
    lines.push(("priority", format!("{}: {}", ticket.priority, priority_because(commit, ticket))));
    lines.push(("promised", promised(ticket, policy)));
    let zone = &policy.desk.timezone;
    let times = [
        ("answer due", ticket.first_response_due_at.filter(|_| ticket.first_responded_at.is_none())),
        ("next word", ticket.service.update_due_at),
        ("solution due", ticket.resolve_due_at.filter(|_| ticket.resolved_at.is_none())),
        ("waits since", ticket.service.stopped_at),
    ];
    for (label, at) in times {
        lines.extend(at.map(|at| (label, at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string())));
    }
    for asked in &ticket.service.asks {
        let about = spoken(&asked.about, &[Language::En, ticket.language]).unwrap_or_default();
        lines.push(match &asked.found {
            Some(found) => ("has", format!("{about}: {} in message {}", found.what, found.seq)),
            None => ("lacks", about),
        });
    }
    for article in &commit.articles {
        let offered = if article.offered { "offered" } else { "not offered" };
        let Suggestion { title, score, because, matched, .. } = article;
        lines.push((
            "article",
            format!("{score:.2} {} ({title}): {offered}, {because}; {}", article.article, matched.join(", ")),
        ));
    }
    lines
}

fn promised(ticket: &Ticket, policy: &Policy) -> String {
    let Some(name) = &ticket.service.sla else { return "nothing".to_owned() };
    let by = ticket.service.chosen_by.map(|by| format!(" by the {by}")).unwrap_or_default();
    match calendar(ticket, policy) {
        Some(calendar) => format!("SLA {name}{by}, calendar {calendar}"),
        None => format!("SLA {name}{by}, around the clock"),
    }
}

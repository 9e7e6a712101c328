//! A change in a few words, for people: in histories, on terminals and in mails.

use jiff::Timestamp;

use super::ticket::TicketChange;

fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl TicketChange {
    /// `created`, `status: waiting`, `owner: jana`.
    pub fn words(&self) -> String {
        let none = || "none".to_owned();
        match self {
            TicketChange::Created => "created".into(),
            TicketChange::Status { to } => format!("status: {to}"),
            TicketChange::Assigned { owner: Some(owner), group: Some(group) } => {
                format!("owner: {owner} (group {group})")
            }
            TicketChange::Assigned { owner: Some(owner), group: None } => format!("owner: {owner}"),
            TicketChange::Assigned { owner: None, group: Some(group) } => format!("group: {group}"),
            TicketChange::Assigned { owner: None, group: None } => "owner: none".into(),
            TicketChange::Category { to } => format!("category: {}", to.clone().unwrap_or_else(none)),
            TicketChange::Priority { to } => format!("priority: {to}"),
            TicketChange::Said { kind, seq, .. } => format!("{kind} (message {seq})"),
            TicketChange::Answered => "answered".into(),
            TicketChange::Participant { email, .. } => format!("participant added: {email}"),
            TicketChange::ParticipantRemoved { email } => format!("participant removed: {email}"),
            TicketChange::Proposed(proposed) => format!("may be made a participant: {}", proposed.email),
            TicketChange::TokensRevoked { .. } => "tokens taken back".into(),
            TicketChange::Linked { to } => format!("linked: {to}"),
            TicketChange::MergedInto { into } => format!("merged into: {into}"),
            TicketChange::Bound { contact, .. } => format!("contact: {contact}"),
            TicketChange::Verified => "sender proven".into(),
            TicketChange::Confirmed { by } => format!("confirmed by {by}"),
            TicketChange::Overridden { by, reason } => format!("restriction lifted by {by}: {reason}"),
            TicketChange::Snoozed { until } => format!("snoozed until: {}", rfc3339(*until)),
            TicketChange::Promised { sla: Some(sla), .. } => format!("promised: {sla}"),
            TicketChange::Promised { sla: None, .. } => "promised: nothing".into(),
            TicketChange::Tagged { tag } => format!("tag: {tag}"),
            TicketChange::Untagged { tag } => format!("tag taken off: {tag}"),
            TicketChange::Watched { by } => format!("watched by {by}"),
            TicketChange::Unwatched { by } => format!("no longer watched by {by}"),
            TicketChange::Worked { by, minutes } => format!("{by} worked {minutes} min"),
            TicketChange::Checklist { items } => format!("checklist of {}", items.len()),
            TicketChange::Ticked { item, done: true, .. } => format!("item {item} of the checklist is done"),
            TicketChange::Ticked { item, done: false, .. } => format!("item {item} of the checklist is not done"),
            TicketChange::Event { what } => what.clone(),
            TicketChange::Requester { email, .. } => format!("requester: {email}"),
        }
    }
}

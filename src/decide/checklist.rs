//! A numbered list of requests in the mail that opens a ticket becomes its checklist; agents tick items off.

use crate::model::TicketChange;
use crate::model::checklist::numbered;

use super::work::Work;

/// Keeps the list of the mail that has just opened the ticket, where it has one.
pub fn begin(work: &mut Work, words: &str) {
    let items = numbered(words);
    if !items.is_empty() {
        let because = format!("The mail asks for {} things, and numbers them", items.len());
        let actor = std::mem::replace(&mut work.actor, super::work::DESK.to_owned());
        work.change(TicketChange::Checklist { items }, because);
        work.actor = actor;
    }
}

/// Ticks items off, or takes ticks back. An error says why not.
pub fn tick(work: &mut Work, name: &str, items: &[usize], done: bool, written: &str) -> Result<(), String> {
    let list = &work.ticket.hands.checklist;
    if list.is_empty() {
        return Err("the ticket has no checklist: its mail numbered no requests".to_owned());
    }
    // None named: all of them.
    let all: Vec<usize> = (1..=list.len()).collect();
    let items = if items.is_empty() { &all } else { items };
    if let Some(strange) = items.iter().find(|item| **item > all.len()) {
        return Err(format!("there is no item {strange}: the checklist has {}", all.len()));
    }
    for item in items {
        let is_done = work.ticket.hands.checklist.get(item - 1).is_some_and(|item| item.done.is_some());
        if is_done != done {
            work.change(TicketChange::Ticked { item: *item, by: name.to_owned(), done }, written);
        }
    }
    Ok(())
}

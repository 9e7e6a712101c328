//! A resolved ticket's customer hears that it is, with the answer, and what to do if it is not.

use crate::model::outgoing::{Template, Value};
use crate::model::text::clean_text;
use crate::model::ticket::EntryKind;
use crate::model::{Status, TicketChange};

use super::care;
use super::work::Work;

/// Characters of the answer that go along.
const ANSWER_MAX: usize = 4_000;

/// Marks a ticket as resolved; where no words of the same mail told the customer so, a notice does.
pub fn resolve(work: &mut Work, because: &str) {
    let told = work.entries.iter().any(|entry| entry.kind == EntryKind::Answer);
    if work.ticket.status == Status::Resolved {
        return;
    }
    work.change(TicketChange::Status { to: Status::Resolved }, because);
    if told {
        return;
    }
    if let Some(why) = care::unasked(work) {
        work.event_by_desk("resolved without a notice", why);
        return;
    }
    let number = work.ticket.number;
    let mut answers =
        work.said.iter().chain(&work.entries).filter(|e| e.ticket == number && e.kind == EntryKind::Answer);
    let answer = answers.next_back().map(|entry| clean_text(&entry.reply.text));
    let mut draft = care::to_customer(work, Template::Resolved, work.now);
    let days = i64::from(work.policy.desk.reopen_days);
    draft.values.insert("days", Value::Number(days));
    if let Some(answer) = answer {
        draft.values.insert("answer", Value::Text(answer.chars().take(ANSWER_MAX).collect()));
    }
    care::send(work, draft, "The customer is told that it is resolved, and how to say that it is not");
}

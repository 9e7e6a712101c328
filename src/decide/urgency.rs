//! Words of urgency: they raise a ticket, but no more of a customer's tickets than the budget allows. What comes on top is
//! written down and shown to the agent.

use crate::model::promise::Called;
use crate::model::text::fold;
use crate::model::{Sender, TicketChange};

use super::route::has_word;
use super::work::{Case, Work};

/// Looks for a word of urgency in a mail that opens a ticket. Returns what came of it, in words.
pub fn heed(case: &Case, work: &mut Work) -> Option<String> {
    if matches!(case.facts.sender, Sender::Agent(_)) {
        return None;
    }
    let urgency = &case.policy.promises.urgency;
    let text = fold(&format!("{}\n{}", case.subject(), case.message.reply.text));
    let word = urgency.words.iter().find(|word| has_word(&text, word))?;
    let count = case.facts.found.urgent;
    // What somebody wrote in a customer's name does not use up the customer's budget.
    let before = if case.is_verified() { count.raised } else { count.raised_unproven };
    let raised = before < urgency.budget();
    let called = Called { word: word.clone(), raised, marked: count.marked + 1, tickets: count.tickets + 1 };
    let share = format!("{} of the last {} tickets", called.marked, called.tickets);
    let because = match raised {
        true => format!("The customer writes \u{201c}{word}\u{201d}, as in {share}"),
        false => format!(
            "The customer writes \u{201c}{word}\u{201d}, as in {share}; raised already: {before}, and no more than {} of {} are",
            urgency.budget(),
            urgency.of_last
        ),
    };
    work.ticket.service.urgency = Some(called);
    if raised && work.ticket.priority < urgency.priority {
        work.change(TicketChange::Priority { to: urgency.priority }, because.clone());
    } else {
        work.event(if raised { "called urgent" } else { "called urgent, not raised" }, because.clone());
    }
    Some(because)
}

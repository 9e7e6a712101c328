//! One mail over and over from one address: a desk that answers ours, a machine that reports one thing without end. The third
//! joins the first instead of opening a ticket of its own. What says something else, or is another person's, never does: a web
//! form writes from one address for everybody.

use crate::model::asked::{COMPARED_MAX, Similar};
use crate::model::facts::Sender;
use crate::model::subject;
use crate::model::{Address, Ticket, TicketNumber};

use super::duplicates;
use super::work::Case;

/// A sender's new tickets of one kind within half an hour: this one joins the first.
pub const SIMILAR_MAX: usize = 3;

/// The first of three similar new tickets of one sender in half an hour, where it still lives.
pub fn first<'a>(case: &Case<'a>) -> Option<&'a Ticket> {
    if case.facts.thread.ticket.is_some() || matches!(case.facts.sender, Sender::Agent(_)) {
        return None;
    }
    let found = &case.facts.found;
    if found.recent.len() + 1 < SIMILAR_MAX {
        return None;
    }
    let ticket = |number| found.tickets.iter().find(|(asked, _)| *asked == number).map(|(_, ticket)| ticket);
    let to = answers_to(case);
    let similar = similar(case, |other| ticket(other.number).is_some_and(|ticket| ticket.access.reply_to == to));
    let first = similar.iter().min().filter(|_| similar.len() + 1 >= SIMILAR_MAX)?;
    let ticket = ticket(*first).filter(|t| t.status.is_live())?;
    // Without proof nobody gets into a believed customer's ticket by writing like him three times.
    (case.is_verified() || !ticket.verified).then_some(ticket)
}

/// The sender's latest tickets of the same subject and text; `of_same`: they want answers at the same address.
fn similar(case: &Case, of_same: impl Fn(&Similar) -> bool) -> Vec<TicketNumber> {
    // What was sent stands in the files then, and these are not compared.
    let only_files = !case.message.reply.text.contains(char::is_alphanumeric) && !case.message.attachments.is_empty();
    let subject = subject::compared(case.subject());
    let text: String = case.message.reply.text.chars().take(COMPARED_MAX.into()).collect();
    let like = |other: &&Similar| {
        !only_files
            && subject::compared(&other.subject) == subject
            && of_same(other)
            && duplicates::repeats(&text, &other.text)
    };
    case.facts.found.recent.iter().filter(like).map(|other| other.number).collect()
}

/// Where a mail wants answers, if that is not where it comes from: with a web form, the person who filled it in. What a desk
/// puts behind a plus is its ticket's number, and another one in each mail. It gives no rights and is never written to.
pub fn answers_to(case: &Case) -> Option<String> {
    let bare = |address: &Address| {
        let spec = address.spec()?;
        Some(format!("{}@{}", spec.subaddress().0, spec.domain()).to_lowercase())
    };
    let to = case.message.reply_to.first().and_then(bare)?;
    (Some(&to) != case.message.from.first().and_then(bare).as_ref()).then_some(to)
}

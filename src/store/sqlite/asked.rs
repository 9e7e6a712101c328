//! Answers what agents' mail asks besides its ticket ([`Asked`] → [`Told`]).

use rusqlite::{Connection, params};

use super::lookup::followed;
use super::read;
use super::rows::{last_history, read_story};
use super::sql::{Columns, all, by_message_id, first};
use super::{holds, lookup};
use crate::model::asked::{
    Answered, Asked, COMPARED_MAX, HISTORY_MAX, LISTED_MAX, Listed, NAMED_MAX, Question, Similar, Told,
};
use crate::model::facts::{Found, Lookup};
use crate::model::ticket::{Ticket, TicketNumber};
use crate::store::{Result, TicketFilter};

/// Live tickets of an organisation that a new one is compared with: its latest.
const SIMILAR: u32 = 20;

/// Fills in [`Found::told`], and [`Found::said`] for the tickets that are named.
pub(super) fn answer(connection: &Connection, lookup: &Lookup, found: &mut Found) -> Result<()> {
    let asked = &lookup.asked;
    if *asked == Asked::default() {
        return Ok(());
    }
    let mut told = Told::default();
    for question in &asked.questions {
        told.lists.push(list(connection, question)?);
    }
    for number in asked.tickets.iter().take(NAMED_MAX) {
        if let Some(ticket) = followed(connection, *number, &mut found.generations)? {
            let known = found.said.iter().any(|entry| entry.ticket == ticket.number);
            if lookup.story && !known {
                found.said.extend(read_story(connection, ticket.number, lookup::SAID)?);
            }
            told.tickets.push((*number, ticket));
        }
    }
    if let Some(id) = &asked.answers {
        let sql = "SELECT queued_at, template FROM outbox WHERE message_key = ?1 ORDER BY id LIMIT 1";
        let answered = |c: &mut Columns<'_>| Ok(Answered { at: c.time()?, template: c.take()? });
        told.answered = by_message_id(id, |key| first(connection, sql, [key], answered))?;
    }
    if lookup.story {
        for (_, ticket) in &found.tickets {
            told.history.extend(last_history(connection, ticket.number, HISTORY_MAX)?);
        }
    }
    if let Some(agent) = &asked.crossed {
        for number in found.tickets.iter().flat_map(|(asked, ticket)| [*asked, ticket.number]) {
            if told.crossed.is_none() {
                told.crossed = holds::crossed(connection, agent, number)?;
            }
        }
    }
    if let Some(organisation) = found.organisation.as_ref().filter(|_| asked.similar) {
        told.similar = similar(connection, &organisation.name)?;
    }
    found.told = told;
    Ok(())
}

/// The tickets that a question is about, and whether there are more than are told.
fn list(connection: &Connection, question: &Question) -> Result<(Vec<Ticket>, bool)> {
    let mut filter = TicketFilter { limit: Some(LISTED_MAX + 1), ..TicketFilter::default() };
    match question {
        Question::Find(words) => {
            filter.search = Some(words.clone());
            filter.all = true;
        }
        Question::List(Listed::Of(who)) => filter.owner = Some(who.clone()),
        Question::List(Listed::Open) => {}
        Question::List(Listed::Late(at)) => filter.late = Some(*at),
        Question::List(Listed::Free) => filter.unassigned = true,
    }
    let mut tickets = read::tickets(connection, &filter)?;
    let more = tickets.len() > LISTED_MAX;
    tickets.truncate(LISTED_MAX);
    Ok((tickets, more))
}

fn similar(connection: &Connection, organisation: &str) -> Result<Vec<Similar>> {
    all(
        connection,
        "SELECT number, ticket.subject, substr(entry.reply, 1, ?3) FROM ticket JOIN entry ON entry.ticket = number AND seq = 1 \
         WHERE organisation = ?1 AND live = 1 ORDER BY number DESC LIMIT ?2",
        params![organisation, SIMILAR, COMPARED_MAX],
        |c| Ok(Similar { number: c.take::<TicketNumber>()?, subject: c.take()?, text: c.take()? }),
    )
}

//! What an agent asked the desk, and what his commands did that he could not expect: one mail, to his registered address.

use std::collections::BTreeMap;

use crate::model::asked::Question;
use crate::model::outgoing::{Draft, Row, Template, Value};
use crate::model::{Agent, Ticket};

use super::commands::{Ask, COMMANDS, Command, Commanded, Effect};
use super::work::Case;
use super::{notify, templates};

/// Lines of a history that are told: the last ones.
const EVENTS: usize = 100;

/// The answers to an agent's questions, in their order. `ticket`: the one at hand.
pub fn answers(case: &Case, agent: &Agent, commanded: &Commanded, ticket: Option<&Ticket>) -> Vec<Row> {
    let language = agent.language.unwrap_or(case.policy.desk.language);
    let mut lists = case.facts.found.told.lists.iter();
    let mut rows = Vec::new();
    for (_, effect) in &commanded.effects {
        let Effect::Ask(ask) = effect else { continue };
        match ask {
            Ask::Help => {
                rows.push(Row::Title("receipt-help", String::new()));
                rows.extend(COMMANDS.iter().map(|command: &Command| Row::Command {
                    word: command.word,
                    argument: command.argument,
                    also: command.word_in(language),
                }));
            }
            Ask::Templates => {
                rows.push(Row::Title("receipt-templates", String::new()));
                let lines = templates::listing(language, case.policy);
                let none = lines.is_empty().then_some(Row::Nothing);
                rows.extend(lines.into_iter().map(Row::Line).chain(none));
            }
            Ask::History => rows.extend(ticket.into_iter().flat_map(|ticket| history(case, ticket))),
            Ask::Find(words) => {
                rows.push(Row::Title("receipt-find", words.clone()));
                rows.extend(list(lists.next()));
            }
            Ask::List(which) => {
                rows.push(Row::Title(which.key(), which.who().unwrap_or_default().to_owned()));
                rows.extend(list(lists.next()));
            }
        }
    }
    rows
}

fn list(found: Option<&(Vec<Ticket>, bool)>) -> Vec<Row> {
    let Some((tickets, more)) = found.filter(|(tickets, _)| !tickets.is_empty()) else { return vec![Row::Nothing] };
    let row = |t: &Ticket| Row::Ticket {
        number: t.number,
        status: t.status,
        owner: t.owner.clone().or_else(|| t.group.clone()),
        requester: t.requester.display().to_owned(),
        subject: t.subject.clone(),
        at: t.updated_at,
    };
    tickets.iter().map(row).chain(more.then_some(Row::More)).collect()
}

fn history(case: &Case, ticket: &Ticket) -> Vec<Row> {
    let lines: Vec<_> = case.facts.found.told.history.iter().filter(|line| line.ticket == ticket.number).collect();
    let mut rows = vec![Row::Title("receipt-history", ticket.number.to_string())];
    let earlier = lines.len().saturating_sub(EVENTS);
    rows.extend((earlier > 0).then_some(Row::More));
    rows.extend(lines.into_iter().skip(earlier).map(|line| Row::Event {
        at: line.at,
        actor: line.actor.clone(),
        what: line.change.words(),
        because: line.because.clone(),
    }));
    rows
}

/// The mail that tells it.
pub fn receipt(case: &Case, agent: &Agent, ticket: Option<Ticket>, rows: Vec<Row>) -> Draft {
    let mailbox = ticket.as_ref().map_or(&case.mailbox.name, |ticket| &ticket.mailbox).clone();
    Draft {
        ticket,
        values: BTreeMap::from([("rows", Value::Rows(rows))]),
        ..notify::blank(Template::Receipt, agent, case.policy, &mailbox, case.cause(), case.now)
    }
}

/// A question that the store answers.
pub fn question(ask: &Ask, agent: &str, now: jiff::Timestamp) -> Option<Question> {
    match ask {
        Ask::Help | Ask::History | Ask::Templates => None,
        Ask::Find(words) => Some(Question::Find(words.clone())),
        Ask::List(which) => Some(Question::List(which.of(agent, now))),
    }
}

//! What an agent's commands need to know is asked together with everything else that a mail asks, before it is known
//! whether the agent wrote it. What comes of the answers is decided where that is known.

use jiff::Timestamp;

use crate::model::asked::NAMED_MAX;
use crate::model::token::{KeyRing, TokenKind};
use crate::model::{Address, Lookup, Message, Policy, TicketNumber};

use super::commands::Effect;
use super::{agent, inform};

/// Questions that one mail asks at most.
pub const QUESTIONS_MAX: usize = 5;

/// Adds to what the store is asked about a mail. `heard`: it may turn out to be an agent's.
pub fn ask(message: &Message, policy: &Policy, heard: bool, now: Timestamp, lookup: &mut Lookup) {
    lookup.asked.similar = lookup.tickets.is_empty() && lookup.message_ids.is_empty() && lookup.hold.is_none();
    let from = message.from.first().filter(|_| message.from.len() == 1).and_then(Address::spec);
    let Some(agent) = from.as_ref().and_then(|from| policy.agent_by_address(from)).filter(|agent| !agent.disabled)
    else {
        return;
    };
    let commanded = agent::commanded(message, agent, policy, now);
    if !heard {
        if !commanded.effects.is_empty() || !commanded.mistakes.is_empty() {
            // The agent is told of it within the budgets of his own address, and of nobody's whom the mail names.
            lookup.sender = from;
        }
        return;
    }
    let asked = &mut lookup.asked;
    asked.answers = answered(message).map(str::to_owned);
    asked.crossed = Some(agent.name.clone());
    for (_, effect) in &commanded.effects {
        match effect {
            Effect::Merge(number) | Effect::Link(number) => asked.tickets.push(*number),
            Effect::Ask(ask) => asked.questions.extend(inform::question(ask, &agent.name, now)),
            // Whose ticket it becomes.
            Effect::For(address) => lookup.sender = Some(address.clone()),
            _ => {}
        }
    }
    asked.tickets.extend(mentioned(&commanded.words));
    let mut seen = Vec::new();
    asked.tickets.retain(|number| {
        let new = !seen.contains(number);
        seen.push(*number);
        new
    });
    asked.tickets.truncate(NAMED_MAX);
    asked.questions.truncate(QUESTIONS_MAX);
}

/// The mail of the desk's that is answered, by the writer's program: In-Reply-To, or the last of References.
pub fn answered(message: &Message) -> Option<&str> {
    let ids = message.in_reply_to.iter().chain(message.references.last());
    ids.map(String::as_str).find(|id| KeyRing::claimed_kind(id) == Some(TokenKind::Agent))
}

/// Tickets that words name: `#1042`, with four digits or more, as the desk's numbers have them.
pub fn mentioned(words: &str) -> Vec<TicketNumber> {
    let mut numbers = Vec::new();
    for (at, _) in words.match_indices('#') {
        let before = words[..at].chars().next_back();
        let digits: String = words[at + 1..].chars().take_while(char::is_ascii_digit).take(13).collect();
        let after = words[at + 1 + digits.len()..].chars().next();
        let apart = !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '&' | '#' | '='));
        let ends = !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        if let (true, true, 4..=12, Ok(number)) = (apart, ends, digits.len(), digits.parse()) {
            numbers.push(number);
        }
        if numbers.len() == NAMED_MAX {
            break;
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn a_number_after_a_hash_names_a_ticket() {
        assert_eq!(mentioned("Ako #1042, pozri (#1043).\n#1044"), [1042, 1043, 1044]);
        let none = "#12 #104a x#1042 https://x.example/#1042 &#1042; ##1042 #99999999999999 #";
        assert_eq!(mentioned(none), Vec::<i64>::new());
        assert_eq!(mentioned(&"#1042 ".repeat(100)).len(), 10);
    }
}

//! What a notification says of the service that the customer has: to which articles he was pointed, and what is left of his
//! firm's hours.

use minijinja::value::Value as Filled;

use super::texts::Texts;
use crate::model::outgoing::Value;
use crate::model::text::clean_line;
use crate::model::{Draft, Policy, Ticket};

/// Longest line, in characters.
const LINE_MAX: usize = 500;

/// The titles of the articles that the acknowledgement offered; None where it did not.
pub fn offered(ticket: &Ticket, policy: &Policy) -> Option<String> {
    let titles: Vec<&str> = policy.articles.titles(&ticket.service.offered).collect();
    Some(clean_line(&titles.join("; "), LINE_MAX)).filter(|line| !line.is_empty())
}

/// What is left of them, or by how much they are used up; None where the firm has none.
pub fn left(draft: &Draft, texts: &Texts<'_>) -> Option<String> {
    let number = |name| match draft.values.get(name) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let (booked, has) = (number("hours_booked")?, number("hours_has")?);
    let Some(Value::Text(per)) = draft.values.get("hours_per") else { return None };
    let values = [
        ("left", Filled::from(hours((has - booked).max(0)))),
        ("booked", Filled::from(hours(booked))),
        ("hours", Filled::from(hours(has))),
        ("per", Filled::from(texts.word("per", per, &[]))),
    ];
    Some(texts.say(if booked > has { "hours-over" } else { "hours-left" }, &values))
}

/// Minutes as hours and minutes: in all of the desk's languages the same.
fn hours(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_read_as_hours() {
        assert_eq!([0, 59, 60, 61, 600].map(hours), ["0 min", "59 min", "1 h", "1 h 1 min", "10 h"]);
    }
}

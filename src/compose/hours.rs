//! What a notification says of the hours that a customer firm has.

use minijinja::value::Value as Filled;

use super::texts::Texts;
use crate::model::Draft;
use crate::model::outgoing::Value;

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

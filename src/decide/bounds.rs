//! What of a mail was left out because it is beyond the bounds of reading: said to the agent, in the ticket's history, and
//! among the reasons. A person who sees less than was sent must know it.

use std::collections::BTreeMap;

use crate::model::Message;
use crate::model::outgoing::Value;

use super::work::Work;

/// A flag of reading, the warning to agents (the text files say it), and a sentence for everybody else.
const LEFT_OUT: [(&str, &str, &str); 7] = [
    (MAIL, MAIL, "it is larger than the desk takes in: only its beginning is here"),
    ("header-block-too-large", "header-cut", "its header is too large to be read whole"),
    ("part-header-too-large", "parts-cut", "a part of it has a header that is too large to be read whole"),
    ("text-cut", "text-cut", "its text is longer than 1 MB: only the beginning is here"),
    ("too-many-attachments", "parts-cut", "it has more attachments than are kept"),
    ("too-many-parts", "parts-cut", "it has more parts than are read"),
    ("nested-too-deep", "parts-cut", "it has parts that lie too deep to be read"),
];

const MAIL: &str = "mail-too-large";

fn left_out(message: &Message) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    LEFT_OUT.iter().filter(|(flag, ..)| message.is_flagged(flag))
}

/// Words for the warnings in a notification.
pub fn warnings(message: &Message) -> Vec<&'static str> {
    let mut words: Vec<&str> = left_out(message).map(|(_, word, _)| *word).collect();
    words.dedup();
    words
}

/// What the warnings are about in particular: how large the whole mail is.
pub fn fill(message: &Message, values: &mut BTreeMap<&'static str, Value>) {
    if message.is_flagged(MAIL) {
        values.insert(MAIL, Value::Text(format!("{:.1} MB", message.size as f64 / 1e6)));
    }
}

/// As a sentence; None for a mail that was read whole.
pub fn because(message: &Message) -> Option<String> {
    let all: Vec<&str> = left_out(message).map(|(.., because)| *because).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// An agent's words and files go out whole or not at all: why these would not. A quotation below his words may be cut.
pub fn cuts_short(message: &Message) -> Option<String> {
    let last = message.reply.text.trim_end().lines().next_back().unwrap_or_default();
    let only_below = message.is_flagged("text-cut")
        && left_out(message).count() == 1
        && !message.text.trim_end().ends_with(last.trim_end());
    because(message).filter(|_| !only_below).map(|because| format!("It would go out in part: {because}"))
}

/// The story says of the entry just added that there was more.
pub fn note(work: &mut Work, message: &Message) {
    if let Some(because) = because(message) {
        work.event_by_desk(format!("message {} was read in part", work.ticket.entries), because);
    }
}

//! What agents' hands leave on a ticket besides words: tags, who watches it, the time it took, what of it is done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::checklist::{Done, Item};
use super::ticket::{Ticket, TicketNumber};

/// Tags of one ticket.
pub const TAGS_MAX: usize = 20;
/// Characters of a tag.
pub const TAG_MAX: usize = 40;
/// Minutes that one command books at most: a day.
pub const MINUTES_MAX: u32 = 24 * 60;

/// Kept with the ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hands {
    /// In lower case, in the order in which they came, each once; at most [`TAGS_MAX`].
    pub tags: Vec<String>,
    /// Names of agents who hear of everything on it though it is not theirs.
    pub watchers: Vec<String>,
    /// All the time that was booked on it.
    pub minutes: u32,
    /// What its first mail asked for, where that numbered it; at most [`super::checklist::ITEMS_MAX`].
    pub checklist: Vec<Item>,
}

/// Time that an agent booked on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worked {
    pub ticket: TicketNumber,
    /// An agent's name.
    pub agent: String,
    /// 1 to [`MINUTES_MAX`].
    pub minutes: u32,
    pub at: Timestamp,
}

/// A tag as it is kept: lower case, with its accents. None where it is none: empty, too long, or with signs in it that
/// stand for something else.
pub fn tag(written: &str) -> Option<String> {
    let tag = written.trim().to_lowercase();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_tag = tag.chars().any(char::is_alphanumeric) && tag.chars().count() <= TAG_MAX;
    (is_tag && tag.chars().all(fits)).then_some(tag)
}

impl Ticket {
    pub(super) fn set_tag(&mut self, tag: &str) {
        let tags = &mut self.hands.tags;
        if tags.len() < TAGS_MAX && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }

    pub(super) fn set_watcher(&mut self, agent: &str) {
        if !self.is_watched_by(agent) {
            self.hands.watchers.push(agent.to_owned());
        }
    }

    pub(super) fn set_checklist(&mut self, items: &[String]) {
        let items = items.iter().take(super::checklist::ITEMS_MAX);
        self.hands.checklist = items.map(|text| Item { text: text.clone(), done: None }).collect();
    }

    /// `item` is its number, from 1.
    pub(super) fn tick(&mut self, item: usize, by: &str, done: bool, at: Timestamp) {
        let item = item.checked_sub(1).and_then(|place| self.hands.checklist.get_mut(place));
        if let Some(item) = item {
            item.done = done.then(|| Done { by: by.to_owned(), at });
        }
    }

    pub fn is_watched_by(&self, agent: &str) -> bool {
        self.hands.watchers.iter().any(|known| known.eq_ignore_ascii_case(agent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_one_word() {
        assert_eq!(tag(" VPN "), Some("vpn".to_owned()));
        assert_eq!(tag("Tlačiareň-2"), Some("tlačiareň-2".to_owned()));
        for none in ["", "two words", "a,b", "#x", "--", "\u{202e}x", &"x".repeat(TAG_MAX + 1)] {
            assert_eq!(tag(none), None, "{none:?}");
        }
    }
}

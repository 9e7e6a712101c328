//! What each part of the daemon is doing, and when it last showed that it lives: the ground for the watchdog's ping and for
//! the status line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A part that has shown nothing for this long is stuck. Every wait in the daemon beats more often.
pub const SILENCE_MAX: Duration = Duration::from_secs(90);

#[derive(Default)]
pub struct Board {
    parts: Mutex<BTreeMap<String, Part>>,
}

struct Part {
    beat: Instant,
    /// None: it works. Some: what is wrong, in words without a mail's content.
    trouble: Option<String>,
    /// Since when something is wrong, whatever it is.
    troubled: Option<Instant>,
}

/// One part's place on the board. Taken off when dropped.
pub struct Place {
    board: Arc<Board>,
    name: String,
}

impl Board {
    pub fn place(self: &Arc<Self>, name: &str) -> Place {
        let place = Place { board: Arc::clone(self), name: name.to_owned() };
        place.board.write(&place.name, |_| {});
        place
    }

    fn write(&self, name: &str, change: impl FnOnce(&mut Part)) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let part = parts.entry(name.to_owned()).or_insert_with(|| Part {
            beat: Instant::now(),
            trouble: None,
            troubled: None,
        });
        part.beat = Instant::now();
        change(part);
    }

    /// The part that has been silent for too long, if any.
    pub fn stuck(&self) -> Option<String> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().find(|(_, part)| part.beat.elapsed() > SILENCE_MAX).map(|(name, _)| name.clone())
    }

    /// The parts that have been in trouble for at least so long, and what it is.
    pub fn troubled_for(&self, long: Duration) -> Vec<(String, String)> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let long_enough = |part: &&Part| part.troubled.is_some_and(|since| since.elapsed() >= long);
        let told = |(name, part): (&String, &Part)| (name.clone(), part.trouble.clone().unwrap_or_default());
        parts.iter().filter(|(_, part)| long_enough(part)).map(told).collect()
    }

    /// One line for `systemctl status`.
    pub fn status(&self) -> String {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let troubles: Vec<String> =
            parts.iter().filter_map(|(name, part)| part.trouble.as_ref().map(|t| format!("{name}: {t}"))).collect();
        match troubles.as_slice() {
            [] => format!("{} parts, all well", parts.len()),
            _ => troubles.join("; "),
        }
    }
}

impl Place {
    /// Alive.
    pub fn beat(&self) {
        self.board.write(&self.name, |_| {});
    }

    /// Alive and well.
    pub fn well(&self) {
        self.board.write(&self.name, |part| {
            part.trouble = None;
            part.troubled = None;
        });
    }

    /// Alive, and in trouble.
    pub fn trouble(&self, what: impl Into<String>) {
        let what = what.into();
        self.board.write(&self.name, |part| {
            part.trouble = Some(what);
            part.troubled.get_or_insert_with(Instant::now);
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.parts.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_said_until_they_end() {
        let board = Arc::new(Board::default());
        let place = board.place("support");
        assert_eq!(board.status(), "1 parts, all well");
        place.trouble("Login refused");
        place.beat();
        assert_eq!(board.status(), "support: Login refused");
        place.well();
        assert_eq!(board.status(), "1 parts, all well");
        assert_eq!(board.stuck(), None);
        drop(place);
        assert_eq!(board.status(), "0 parts, all well");
    }
}

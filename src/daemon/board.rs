//! What each part of the daemon is doing, and when it last showed that it lives: the ground for the watchdog's ping and for
//! the status line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A part that has shown nothing for this long is stuck. Every wait in the daemon beats more often.
pub const SILENCE_MAX: Duration = Duration::from_secs(90);

#[derive(Default)]
pub struct Board {
    parts: Mutex<BTreeMap<String, Part>>,
}

struct Part {
    beat: Instant,
    /// None: it works.
    trouble: Option<Trouble>,
    /// Since when something is wrong, whatever it is.
    troubled: Option<Instant>,
    /// It works, and will not for ever, or not as usual.
    warnings: Vec<String>,
}

/// What is wrong with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// One word for its kind: the same trouble is told of once a day.
    pub kind: &'static str,
    /// For the status line and the operator's mail; it may quote a server, and never a mail.
    pub what: String,
    /// It does not end before a person has changed something.
    pub wants_operator: bool,
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

    fn parts(&self) -> MutexGuard<'_, BTreeMap<String, Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, name: &str, change: impl FnOnce(&mut Part)) {
        let mut parts = self.parts();
        let part = parts.entry(name.to_owned()).or_insert_with(|| Part {
            beat: Instant::now(),
            trouble: None,
            troubled: None,
            warnings: Vec::new(),
        });
        part.beat = Instant::now();
        change(part);
    }

    /// The part that has been silent for too long, if any.
    pub fn stuck(&self) -> Option<String> {
        self.parts().iter().find(|(_, part)| part.beat.elapsed() > SILENCE_MAX).map(|(name, _)| name.clone())
    }

    /// The parts in trouble, what it is, and for how long there has been some.
    pub fn troubles(&self) -> Vec<(String, Trouble, Duration)> {
        let told = |(name, part): (&String, &Part)| {
            let since = part.troubled.map(|since| since.elapsed()).unwrap_or_default();
            Some((name.clone(), part.trouble.clone()?, since))
        };
        self.parts().iter().filter_map(told).collect()
    }

    /// One line for `systemctl status`: what is wrong, else what will be.
    pub fn status(&self) -> String {
        let parts = self.parts();
        let troubles =
            parts.iter().filter_map(|(name, part)| part.trouble.as_ref().map(|t| format!("{name}: {}", t.what)));
        let warnings = parts.values().flat_map(|part| part.warnings.iter().cloned());
        let said: Vec<String> = troubles.chain(warnings).collect();
        if said.is_empty() { format!("{} parts, all well", parts.len()) } else { said.join("; ") }
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

    /// Alive, and in trouble that passes by itself when its cause does.
    pub fn trouble(&self, kind: &'static str, what: impl Into<String>) {
        self.in_trouble(Trouble { kind, what: what.into(), wants_operator: false });
    }

    /// Alive, and in trouble.
    pub fn in_trouble(&self, trouble: Trouble) {
        self.board.write(&self.name, |part| {
            part.trouble = Some(trouble);
            part.troubled.get_or_insert_with(Instant::now);
        });
    }

    /// As though the trouble had begun so long ago.
    #[cfg(test)]
    pub fn in_trouble_for(&self, trouble: Trouble, long: Duration) {
        self.in_trouble(trouble);
        self.board.write(&self.name, |part| part.troubled = Instant::now().checked_sub(long));
    }

    /// What the operator should look at before it hurts; none where there is nothing (any more).
    pub fn warn(&self, warnings: Vec<String>) {
        self.board.write(&self.name, |part| part.warnings = warnings);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.parts().remove(&self.name);
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
        place.trouble("login", "Login refused");
        place.beat();
        assert_eq!(board.status(), "support: Login refused");
        let (name, trouble, _) = board.troubles().remove(0);
        assert_eq!((name.as_str(), trouble.kind, trouble.wants_operator), ("support", "login", false));
        place.well();
        assert_eq!(board.status(), "1 parts, all well");
        assert_eq!(board.troubles(), []);
        assert_eq!(board.stuck(), None);
        drop(place);
        assert_eq!(board.status(), "0 parts, all well");
    }

    #[test]
    fn a_warning_stands_behind_troubles_and_until_it_is_taken_back() {
        let board = Arc::new(Board::default());
        let (support, watch) = (board.place("support"), board.place("watch"));
        watch.warn(vec!["The certificate ends in 3 days".to_owned()]);
        assert_eq!(board.status(), "The certificate ends in 3 days");
        support.trouble("lost", "The connection was lost");
        assert_eq!(board.status(), "support: The connection was lost; The certificate ends in 3 days");
        support.well();
        watch.warn(Vec::new());
        assert_eq!(board.status(), "2 parts, all well");
    }
}

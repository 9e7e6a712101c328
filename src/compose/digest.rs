//! An agent's digest: his tickets in piles, a line or two each.

use minijinja::value::Value as Filled;

use crate::model::Draft;
use crate::model::digest::{Digest, Line, Pile};
use crate::model::outgoing::{Template, Value};
use crate::model::subject::bare;
use crate::model::text::{NAME_MAX, SUBJECT_MAX, clean_line};

use super::body::Words;
use super::texts::Texts;

/// What the subject says behind the desk's name.
pub fn subject(draft: &Draft, texts: &Texts<'_>) -> String {
    let line = match draft.template {
        Template::Weekly => {
            let (from, until) = super::weekly::span(draft);
            texts.say("weekly-subject", &[("from", Filled::from(from)), ("until", Filled::from(until))])
        }
        _ => {
            let count = |pile| Filled::from(digest(draft).map_or(0, |digest| counted(digest, pile)));
            texts.say("digest-subject", &[("late", count(Pile::Late)), ("open", count(Pile::Open))])
        }
    };
    clean_line(&line, SUBJECT_MAX)
}

fn digest(draft: &Draft) -> Option<&Digest> {
    match draft.values.get("digest") {
        Some(Value::Digest(digest)) => Some(digest),
        _ => None,
    }
}

fn counted(digest: &Digest, pile: Pile) -> usize {
    digest.piles.iter().find(|(which, ..)| *which == pile).map_or(0, |(_, count, _)| *count)
}

impl Words<'_> {
    pub(super) fn digest(&self) -> String {
        let day = ("day", Filled::from(self.day(self.draft.at)));
        let mut out = format!("{}\n", self.texts.say("digest", &[day]));
        for (pile, count, lines) in digest(self.draft).into_iter().flat_map(|digest| &digest.piles) {
            let title = self.texts.say(&format!("digest-{pile}"), &[]);
            out.push_str(&format!("\n{title} ({count}):\n"));
            lines.iter().for_each(|line| out.push_str(&self.one(line)));
            if let Some(more) = count.checked_sub(lines.len()).filter(|more| *more > 0) {
                out.push_str(&format!("  {}\n", self.texts.say("digest-more", &[("count", Filled::from(more))])));
            }
        }
        format!("{out}\n{}\n", self.texts.say("digest-off", &[]))
    }

    /// `  ACME-1042  Faktúra nesedí`, and below it whose it is, how much it matters, and when what is due.
    fn one(&self, line: &Line) -> String {
        let number = format!("{}-{}", self.policy.desk.prefix, line.number);
        let subject = bare(&line.subject, &self.policy.desk.prefix);
        let subject = if subject.is_empty() { self.texts.say("no-subject", &[]) } else { subject };
        let since = ("when", Filled::from(self.when(line.heard_at)));
        let when = match line.due {
            Some(due) => self.texts.say("digest-due", &[("when", Filled::from(self.when(due)))]),
            None => self.texts.say("digest-heard", &[since]),
        };
        let about = [
            clean_line(&line.who, NAME_MAX),
            self.texts.word("priority", line.priority.word(), &[]),
            self.texts.word("status", line.status.word(), &[]),
            when,
        ];
        format!("  {number}  {subject}\n  {:indent$}  {}\n", "", about.join("; "), indent = number.len())
    }
}

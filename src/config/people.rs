//! Agents, groups and absences: every name resolves, every agent can be reached, and no chain of substitutes comes back
//! to where it began.

use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;

use crate::model::desk::{self, Absence, Agent, Assign, Assignee, Group};

use super::digest::hour;
use super::file;
use super::notes::Notes;
use super::settings::{address, language, one_of};

/// Words by which history and rules call somebody else than an agent or a group.
const RESERVED: [&str; 5] = ["customer", "desk", "duty", "operator", "owner"];

/// Who works here, and where the file says so.
#[derive(Default)]
pub struct People {
    pub agents: Vec<Agent>,
    pub groups: Vec<Group>,
    /// Every address of every agent, with its place.
    addresses: Vec<(crate::model::AddrSpec, Range<usize>)>,
    /// Every pager, with its place.
    pagers: Vec<(crate::model::AddrSpec, Range<usize>)>,
    /// Absences with their places: agent, absence.
    away: Vec<(String, Absence, Range<usize>)>,
}

impl People {
    pub fn settle(agents: &[Spanned<file::Agent>], groups: &[Spanned<file::Group>], notes: &mut Notes<'_>) -> Self {
        let mut people = People::default();
        if agents.is_empty() && !notes.broken.iter().any(|b| b == "agent") {
            let hint = "Add an [[agent]] with `name` and `addresses`: somebody must hear of new tickets";
            notes.mistake(0..0, "agent", "There is no agent", Some(hint));
        }
        for table in agents {
            people.agent(table, notes);
        }
        if let Some(table) = agents.first()
            && !people.agents.is_empty()
            && people.agents.iter().all(|a| a.disabled)
        {
            let hint = "Somebody must hear of new tickets";
            notes.mistake(table.span(), "agent.disabled", "Every agent is disabled", Some(hint));
        }
        people.substitutes(agents, notes);
        for table in groups {
            people.group(table, notes);
        }
        people
    }

    fn agent(&mut self, table: &Spanned<file::Agent>, notes: &mut Notes<'_>) {
        let file = table.get_ref();
        let name = self.name(file.name.as_ref(), table.span(), "agent.name", notes);
        let mut addresses = Vec::new();
        for text in file.addresses.iter().flat_map(|a| a.get_ref()) {
            let Some(address) = address(text, "agent.addresses", notes) else { continue };
            if self.addresses.iter().any(|(known, _)| *known == address) {
                let hint = "An address belongs to one agent: it says who writes";
                notes.mistake(text.span(), "agent.addresses", "This address stands here already", Some(hint));
                continue;
            }
            self.addresses.push((address.clone(), text.span()));
            addresses.push(address);
        }
        match &file.addresses {
            None => notes.missing(table.span(), "agent.addresses", "Where notifications go: [\"jana@acme.example\"]"),
            Some(list) if list.get_ref().is_empty() => {
                let hint = "The first address is where notifications go";
                notes.mistake(list.span(), "agent.addresses", "The agent has no address", Some(hint));
            }
            Some(_) => {}
        }
        let pager = file.pager.as_ref().and_then(|p| address(p, "agent.pager", notes));
        self.pagers.extend(pager.iter().cloned().zip(file.pager.iter().map(Spanned::span)));
        let away = file.away.iter().flat_map(|a| a.get_ref()).filter_map(|a| absence(a, notes)).collect();
        let language = language(file.language.as_ref(), "agent.language", notes);
        let digest = file.digest.as_ref().and_then(|at| hour(at, "agent.digest", notes));
        // Nobody without a name of his own; but what else is wrong with him is said.
        let Some(name) = name else { return };
        self.agents.push(Agent {
            display: file.display.as_ref().map_or_else(|| name.clone(), |d| d.get_ref().clone()),
            name,
            addresses,
            language,
            pager,
            away,
            digest,
            disabled: file.disabled.as_ref().is_some_and(|d| *d.get_ref()),
        });
    }

    /// The name of an agent or group: one word, and nobody else's.
    fn name(
        &self,
        name: Option<&Spanned<String>>,
        table: Range<usize>,
        key: &str,
        notes: &mut Notes<'_>,
    ) -> Option<String> {
        let Some(name) = name else {
            notes.missing(table, key, "One word, by which commands and configuration call it");
            return None;
        };
        let text = name.get_ref();
        let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.chars().count() > 40 || !text.chars().all(word) {
            let hint =
                "One word of at most 40 letters, digits, \"-\", \"_\" and \".\", so that `#assign WHO` can be written";
            notes.mistake(name.span(), key, "This is no name to be called by", Some(hint));
        }
        if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            let hint = "History and rules call somebody else so; agents and groups need other names";
            notes.mistake(name.span(), key, format!("`{text}` is a word of the desk's own"), Some(hint));
        }
        let taken = self.agents.iter().map(|a| &a.name).chain(self.groups.iter().map(|g| &g.name));
        if taken.clone().any(|known| known.eq_ignore_ascii_case(text)) {
            let hint = "Agents and groups share one list of names; upper and lower case are the same";
            notes.mistake(name.span(), key, format!("`{text}` is taken already"), Some(hint));
            return None;
        }
        Some(text.clone())
    }

    fn substitutes(&mut self, tables: &[Spanned<file::Agent>], notes: &mut Notes<'_>) {
        for table in tables {
            let Some(name) = table.get_ref().name.as_ref().map(|n| n.get_ref()) else { continue };
            for item in table.get_ref().away.iter().flat_map(|a| a.get_ref()) {
                let Some(substitute) = &item.get_ref().substitute else { continue };
                let key = "agent.away.substitute";
                let Some(found) = self.agents.iter().find(|a| a.name.eq_ignore_ascii_case(substitute.get_ref())) else {
                    notes.unknown(substitute, key, "an agent", self.agents.iter().map(|a| a.name.as_str()));
                    continue;
                };
                if found.disabled {
                    let hint = "A disabled agent is assigned nothing";
                    notes.hint(substitute.span(), key, format!("`{}` is disabled", found.name), Some(hint));
                }
                if let Some(absence) = quiet_absence(item) {
                    self.away.push((name.clone(), absence, substitute.span()));
                }
            }
        }
        self.circles(notes);
    }

    /// A → B → A, where there is a day on which all of them are away. Worth a word, but no mistake: Christmas comes for both,
    /// routing goes on to the next step then, and a desk must not fail to start for it.
    fn circles(&self, notes: &mut Notes<'_>) {
        for (first, (agent, absence, span)) in self.away.iter().enumerate() {
            let mut path = vec![agent.clone()];
            if let Some(day) = self.circle(first, absence, absence.from, absence.until, &mut path) {
                let message = format!("On {day} the substitutes form a circle: {}", path.join(" → "));
                let key = "agent.away.substitute";
                if path.len() == 2 {
                    let hint = "Somebody else, or no substitute at all";
                    notes.mistake(span.clone(), key, message, Some(hint));
                } else {
                    let hint = "Their tickets go to the next step of routing, unless one has a substitute who is there";
                    notes.hint(span.clone(), key, message, Some(hint));
                }
            }
        }
    }

    /// Follows substitutes from absence to absence through days that all share; a day of the circle, if there is one.
    /// Each circle is found from its first absence in the file only.
    fn circle(&self, first: usize, at: &Absence, from: Date, until: Date, path: &mut Vec<String>) -> Option<Date> {
        let next = at.substitute.as_ref()?;
        let start = path.first()?.clone();
        if next.eq_ignore_ascii_case(&start) {
            path.push(start);
            return Some(from);
        }
        if path.iter().any(|p| p.eq_ignore_ascii_case(next)) {
            return None; // a circle, but not through the start
        }
        path.push(next.clone());
        let later = self.away.iter().enumerate().skip(first + 1).filter(|(_, (a, ..))| a.eq_ignore_ascii_case(next));
        for (_, (_, absence, _)) in later {
            let (from, until) = (from.max(absence.from), until.min(absence.until));
            if from <= until
                && let Some(day) = self.circle(first, absence, from, until, path)
            {
                return Some(day);
            }
        }
        path.pop();
        None
    }

    fn group(&mut self, table: &Spanned<file::Group>, notes: &mut Notes<'_>) {
        let file = table.get_ref();
        let name = self.name(file.name.as_ref(), table.span(), "group.name", notes);
        let key = "group.members";
        let mut members: Vec<String> = Vec::new();
        for member in file.members.iter().flat_map(|m| m.get_ref()) {
            let Some(agent) = self.agents.iter().find(|a| a.name.eq_ignore_ascii_case(member.get_ref())) else {
                notes.unknown(member, key, "an agent", self.agents.iter().map(|a| a.name.as_str()));
                continue;
            };
            if members.contains(&agent.name) {
                notes.mistake(
                    member.span(),
                    key,
                    format!("`{}` stands here twice", agent.name),
                    Some("Once is enough"),
                );
                continue;
            }
            members.push(agent.name.clone());
        }
        match &file.members {
            None => notes.missing(table.span(), key, "The names of its agents: [\"jana\", \"peter\"]"),
            Some(list) if list.get_ref().is_empty() => {
                notes.mistake(list.span(), key, "The group has no members", Some("Name at least one agent"));
            }
            Some(list) if !members.is_empty() && members.iter().all(|m| self.is_disabled(m)) => {
                notes.hint(list.span(), key, "Every member is disabled", Some("Nobody would get the group's tickets"));
            }
            Some(_) => {}
        }
        let words =
            [("least-open", Assign::LeastOpen), ("round-robin", Assign::RoundRobin), ("nobody", Assign::Nobody)];
        let assign = file.assign.as_ref().and_then(|a| one_of(a, "group.assign", &words, notes));
        let Some(name) = name else { return };
        self.groups.push(Group { name, members, assign: assign.unwrap_or(Assign::LeastOpen) });
    }

    /// The agent or group of this name; None (and a mistake) where there is none.
    pub fn assignee(&self, name: &Spanned<String>, key: &str, notes: &mut Notes<'_>) -> Option<Assignee> {
        let text = name.get_ref();
        if let Some(agent) = self.agents.iter().find(|a| a.name.eq_ignore_ascii_case(text)) {
            return Some(Assignee::Agent(agent.name.clone()));
        }
        if let Some(group) = self.groups.iter().find(|g| g.name.eq_ignore_ascii_case(text)) {
            return Some(Assignee::Group(group.name.clone()));
        }
        let known = self.agents.iter().map(|a| a.name.as_str()).chain(self.groups.iter().map(|g| g.name.as_str()));
        notes.unknown(name, key, "an agent or a group", known);
        None
    }

    /// As [`People::assignee`], with a hint where tickets would go to nobody.
    pub fn owner(&self, name: Option<&Spanned<String>>, key: &str, notes: &mut Notes<'_>) -> Option<Assignee> {
        let name = name?;
        if self.is_disabled(name.get_ref()) {
            let hint = "Routing goes on to the next step";
            notes.hint(name.span(), key, format!("`{}` is disabled", name.get_ref()), Some(hint));
        }
        self.assignee(name, key, notes)
    }

    pub fn is_disabled(&self, agent: &str) -> bool {
        self.agents.iter().any(|a| a.disabled && a.name.eq_ignore_ascii_case(agent))
    }

    /// An agent must not have an address of the desk: its notifications would come back as mail.
    pub fn keep_apart(&self, mailboxes: &[desk::Mailbox], notes: &mut Notes<'_>) {
        let addresses = self.addresses.iter().map(|place| ("agent.addresses", place));
        let pagers = self.pagers.iter().map(|place| ("agent.pager", place));
        for (key, (address, span)) in addresses.chain(pagers) {
            if mailboxes.iter().any(|m| m.reached_by(address).is_some()) {
                let hint = "An agent needs an address of his own; the desk's would answer itself";
                notes.mistake(span.clone(), key, "This is the address of a mailbox of the desk", Some(hint));
            }
        }
    }
}

fn absence(item: &Spanned<file::Absence>, notes: &mut Notes<'_>) -> Option<Absence> {
    let file = item.get_ref();
    let mut day = |value: &file::Key<toml::Value>, key: &str| match value {
        Some(value) => {
            let day = date(value.get_ref());
            if day.is_none() {
                notes.mistake(value.span(), key, "This is no day", Some("Year, month, day: 2026-12-24"));
            }
            day
        }
        None => {
            notes.missing(item.span(), key, "A day: 2026-12-24");
            None
        }
    };
    let (from, until) = (day(&file.from, "agent.away.from"), day(&file.until, "agent.away.until"));
    let (from, until) = (from?, until?);
    if until < from {
        notes.mistake(item.span(), "agent.away", "The last day is before the first", Some("Both days belong to it"));
        return None;
    }
    Some(Absence { from, until, substitute: file.substitute.as_ref().map(|s| s.get_ref().clone()) })
}

/// The absence again, for the search for circles; what is wrong with it was said before.
fn quiet_absence(item: &Spanned<file::Absence>) -> Option<Absence> {
    let file = item.get_ref();
    let day = |value: &file::Key<toml::Value>| value.as_ref().and_then(|v| date(v.get_ref()));
    let (from, until) = (day(&file.from)?, day(&file.until)?);
    Some(Absence { from, until, substitute: file.substitute.as_ref().map(|s| s.get_ref().clone()) })
}

/// A TOML local date, or the same in quotes.
pub fn date(value: &toml::Value) -> Option<Date> {
    match value {
        toml::Value::String(text) => text.parse().ok(),
        toml::Value::Datetime(at) if at.time.is_none() => {
            let day = at.date?;
            Date::new(i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
        }
        _ => None,
    }
}

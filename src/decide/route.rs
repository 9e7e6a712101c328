//! To whom a ticket goes, and why: category → the customer's account manager → the mailbox's owner → the desk's owner.
//! Every step that was tried is kept, the chosen one last.

use std::collections::BTreeMap;

use jiff::Timestamp;
use memchr::memmem;

use crate::model::decision::RouteStep;
use crate::model::desk::{Assign, Assignee, Category, Group};
use crate::model::facts::{Contact, Organisation};
use crate::model::text::fold;
use crate::model::{Message, Policy};

use super::presence::{present, stand_ins};

/// What routing came to.
#[derive(Clone, Debug, Default)]
pub struct Route<'a> {
    pub category: Option<&'a Category>,
    /// An agent's name; None: a group without a chosen member, all of whom are told.
    pub owner: Option<String>,
    pub group: Option<String>,
    pub steps: Vec<RouteStep>,
    /// Round-robin groups whose turn was taken: (group, agent).
    pub turns: Vec<(String, String)>,
}

impl Route<'_> {
    /// The step that chose the owner, and its rule, as the text files know them: `category:billing`.
    pub fn word(&self) -> String {
        let matched = self.steps.iter().rev().filter(|s| s.matched);
        // A group of which all are told chose nobody: what counts is why it is the group's.
        let mut deciding = matched.filter(|s| self.owner.is_some() || !matches!(s.step, "group" | "absence"));
        deciding.next().map_or_else(String::new, |s| format!("{}:{}", s.step, s.rule))
    }

    /// Why it went where it went, in one line.
    pub fn because(&self) -> String {
        let last = self.steps.iter().rev().filter(|s| s.matched).map(|s| s.because.as_str());
        let mut lines: Vec<&str> = last.take(2).collect();
        lines.reverse();
        lines.join("; ")
    }
}

/// What routing looks at.
pub struct Asked<'a> {
    pub message: &'a Message,
    pub mailbox: &'a str,
    pub contact: Option<&'a Contact>,
    pub organisation: Option<&'a Organisation>,
    /// Live tickets per agent.
    pub loads: &'a BTreeMap<String, u32>,
    /// Per round-robin group, the member chosen last.
    pub turns: &'a BTreeMap<String, String>,
    pub now: Timestamp,
}

pub fn route<'a>(asked: &Asked, policy: &'a Policy) -> Route<'a> {
    let mut route = Route::default();
    let text = Searched::new(asked);
    for category in &policy.categories {
        let because = text.matches(category);
        let matched = because.is_some();
        let because = because.unwrap_or_else(|| "No word or pattern of it is in the mail".to_owned());
        route.note("category", &category.name, matched, because);
        if matched {
            route.category = Some(category);
            break;
        }
    }
    for (step, rule, assignee, because) in candidates(asked, policy, route.category) {
        let Some(assignee) = assignee else {
            route.note(step, &rule, false, because);
            continue;
        };
        route.note(step, &rule, true, because);
        if route.settle(&assignee, asked, policy, step == "desk") {
            break;
        }
    }
    route
}

type Candidate = (&'static str, String, Option<Assignee>, String);

/// The owners to try, in their order.
fn candidates(asked: &Asked, policy: &Policy, category: Option<&Category>) -> Vec<Candidate> {
    let mut tried = Vec::new();
    if let Some(category) = category {
        tried.push(match &category.owner {
            Some(owner) => {
                ("category", Some(owner.clone()), format!("Category {} belongs to {}", category.name, owner.name()))
            }
            None => ("category", None, format!("Category {} names no owner", category.name)),
        });
    }
    if let Some(contact) = asked.contact {
        let manager = contact.manager.as_deref().and_then(|m| policy.assignee(m));
        let because = match (&manager, &contact.manager) {
            (Some(m), _) => format!("{} looks after this contact", m.name()),
            (None, Some(name)) => format!("The contact's manager {name} is no agent or group of this desk"),
            (None, None) => "The contact has no manager".to_owned(),
        };
        tried.push(("contact", manager, because));
    }
    if let Some(organisation) = asked.organisation {
        let manager = organisation.manager.as_deref().and_then(|m| policy.assignee(m));
        let because = match &manager {
            Some(m) => format!("{} looks after {}", m.name(), organisation.name),
            None => format!("{} has no manager", organisation.name),
        };
        tried.push(("organisation", manager, because));
    }
    let owner = policy.mailbox(asked.mailbox).and_then(|m| m.owner.clone());
    let because = match &owner {
        Some(owner) => format!("Mailbox {} belongs to {}", asked.mailbox, owner.name()),
        None => format!("Mailbox {} names no owner", asked.mailbox),
    };
    tried.push(("mailbox", owner, because));
    let desk = &policy.desk.owner;
    tried.push(("desk", Some(desk.clone()), format!("What nobody else owns belongs to {}", desk.name())));
    let rule = |step: &str| match step {
        "category" => category.map_or_else(String::new, |c| c.name.clone()),
        "contact" => asked.contact.map_or_else(String::new, |c| c.email.to_string()),
        "organisation" => asked.organisation.map_or_else(String::new, |o| o.name.clone()),
        "mailbox" => asked.mailbox.to_owned(),
        _ => policy.desk.name.clone(),
    };
    tried.into_iter().map(|(step, assignee, because)| (step, rule(step), assignee, because)).collect()
}

impl Route<'_> {
    fn note(&mut self, step: &'static str, rule: &str, matched: bool, because: String) {
        self.steps.push(RouteStep { step, rule: rule.to_owned(), matched, because });
    }

    /// Takes this assignee if somebody is there. `last`: nobody comes after, so that absence cannot refuse it.
    fn settle(&mut self, assignee: &Assignee, asked: &Asked, policy: &Policy, last: bool) -> bool {
        match assignee {
            Assignee::Agent(name) => match self.present(name, asked.now, policy) {
                Some(agent) => self.owner = Some(agent),
                None if last => {
                    self.note(
                        "absence",
                        name,
                        true,
                        format!("{name} is away without a substitute, but nobody comes after"),
                    );
                    self.owner = Some(name.clone());
                }
                None => return false,
            },
            Assignee::Group(name) => {
                let Some(group) = policy.group(name) else { return false };
                self.group = Some(group.name.clone());
                self.owner = self.choose(group, asked, policy);
            }
        }
        true
    }

    /// The agent, or while away the substitute, or theirs. None where the chain ends with nobody.
    fn present(&mut self, name: &str, now: Timestamp, policy: &Policy) -> Option<String> {
        let agent = present(name, now, policy, |away| self.note("absence", &away.agent, away.led_on, away.because));
        agent.map(|agent| agent.name.clone())
    }

    /// The group's member whose turn it is; None where all are told.
    fn choose(&mut self, group: &Group, asked: &Asked, policy: &Policy) -> Option<String> {
        let chosen = choose(group, &asked.at_hand(), None, policy);
        self.turns.extend(chosen.turn);
        self.note("group", &group.name, true, chosen.because);
        chosen.owner
    }
}

/// How busy people are, by which a group's rule chooses.
pub struct AtHand<'a> {
    /// Live tickets per agent.
    pub loads: &'a BTreeMap<String, u32>,
    /// Per round-robin group, the member chosen last.
    pub turns: &'a BTreeMap<String, String>,
    pub now: Timestamp,
}

impl<'a> Asked<'a> {
    fn at_hand(&self) -> AtHand<'a> {
        AtHand { loads: self.loads, turns: self.turns, now: self.now }
    }
}

impl AtHand<'_> {
    fn load(&self, agent: &str) -> u32 {
        self.loads.get(agent).copied().unwrap_or(0)
    }
}

/// Whom a group's rule chose.
pub struct Chosen {
    /// None: all are told, one takes it.
    pub owner: Option<String>,
    pub because: String,
    /// The round-robin group whose turn was taken, and the agent.
    pub turn: Option<(String, String)>,
}

/// Whom a group's rule chooses among its members who are there; `but`: this one only where nobody else is there.
pub fn choose(group: &Group, at_hand: &AtHand, but: Option<&str>, policy: &Policy) -> Chosen {
    let is_here = |member: &&String| {
        policy.agent(member).is_some_and(|a| !a.disabled && a.absence(at_hand.now, &policy.desk.timezone).is_none())
    };
    let all: Vec<&String> = group.members.iter().filter(is_here).collect();
    let others: Vec<&String> = all.iter().copied().filter(|member| Some(member.as_str()) != but).collect();
    let here = if others.is_empty() { all } else { others };
    if here.is_empty() {
        return stand_in(group, at_hand, policy);
    }
    let (chosen, because) = match group.assign {
        Assign::Nobody => (None, format!("All of {} are told, one takes it", group.name)),
        Assign::LeastOpen => {
            let chosen = here.iter().min_by_key(|member| at_hand.load(member)).copied();
            let count = chosen.map_or(0, |member| at_hand.load(member));
            (chosen, format!("Of those present in {}, the fewest open tickets ({count})", group.name))
        }
        Assign::RoundRobin => {
            let last = at_hand.turns.get(&group.name).and_then(|last| group.members.iter().position(|m| m == last));
            let after = last.map_or(0, |at| at + 1);
            let turn = group.members.iter().cycle().skip(after).take(group.members.len());
            (turn.into_iter().find(|m| here.contains(m)), format!("It is their turn in {}", group.name))
        }
    };
    let Some(chosen) = chosen else { return Chosen { owner: None, because, turn: None } };
    let because = format!("{because}: {chosen}");
    let turn = (group.assign == Assign::RoundRobin).then(|| (group.name.clone(), chosen.clone()));
    Chosen { owner: Some(chosen.clone()), because, turn }
}

/// Nobody of a group is there: the least busy of their substitutes gets the ticket, or all of them hear of it where the
/// group's way is that one takes it.
fn stand_in(group: &Group, at_hand: &AtHand, policy: &Policy) -> Chosen {
    let substitutes = stand_ins(group, at_hand.now, policy);
    let chosen = substitutes.iter().min_by_key(|agent| at_hand.load(&agent.name)).map(|agent| agent.name.clone());
    let name = &group.name;
    let (owner, because) = match (chosen, group.assign) {
        (None, _) => (None, format!("Nobody of {name} is there: all are told")),
        (Some(_), Assign::Nobody) => (None, format!("Nobody of {name} is there: their substitutes are told")),
        (Some(agent), _) => {
            let because = format!("Nobody of {name} is there; {agent} stands in");
            (Some(agent), because)
        }
    };
    Chosen { owner, because, turn: None }
}

/// The parts of a mail that categories look at, folded once.
struct Searched<'a> {
    asked: &'a Asked<'a>,
    subject: String,
    text: String,
    from: String,
}

impl<'a> Searched<'a> {
    fn new(asked: &'a Asked<'a>) -> Self {
        let message = asked.message;
        let reply = if message.reply.text.trim().is_empty() { &message.text } else { &message.reply.text };
        let forwarded = message.forward.as_ref().map_or("", |f| f.text.as_str());
        Searched {
            asked,
            subject: fold(message.subject.as_deref().unwrap_or_default()),
            text: fold(&format!("{reply}\n{forwarded}")),
            from: fold(message.from.first().map_or("", |a| &a.email)),
        }
    }

    /// Why the category matches; None where it does not.
    fn matches(&self, category: &Category) -> Option<String> {
        let conditions = &category.matches;
        let holds = |pattern: &Option<regex::Regex>, text: &str| pattern.as_ref().is_none_or(|p| p.is_match(text));
        let all = holds(&conditions.subject, &self.subject)
            && holds(&conditions.text, &self.text)
            && holds(&conditions.from, &self.from)
            && conditions.mailbox.as_deref().is_none_or(|m| m == self.asked.mailbox)
            && conditions.attachment.as_deref().is_none_or(|wanted| self.has_attachment(wanted));
        if !all {
            return None;
        }
        if category.words.is_empty() {
            return (!conditions.is_empty()).then(|| "All its patterns are in the mail".to_owned());
        }
        category.words.iter().find_map(|word| {
            let place = [("subject", &self.subject), ("text", &self.text)].into_iter().find(|(_, t)| has_word(t, word));
            place.map(|(name, _)| format!("\u{201c}{word}\u{201d} is in the {name}"))
        })
    }

    fn has_attachment(&self, wanted: &str) -> bool {
        self.asked.message.attachments.iter().any(|a| media_type_is(&a.media_type, wanted))
    }
}

/// Whether a media type is the wanted one, which may be `type/*` or `*/*`.
pub fn media_type_is(media_type: &str, wanted: &str) -> bool {
    match wanted.split_once('/') {
        Some(("*", _)) => true,
        Some((kind, "*")) => media_type.split('/').next().is_some_and(|k| k.eq_ignore_ascii_case(kind)),
        _ => media_type.eq_ignore_ascii_case(wanted),
    }
}

/// Whether folded text has a folded word or phrase as a whole: no letter or digit stands at either side of it.
pub fn has_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    memmem::find_iter(text.as_bytes(), word).any(|at| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_words() {
        assert!(has_word("nova faktura c. 5", "faktura"));
        assert!(has_word("faktura", "faktura"));
        assert!(!has_word("profakturacia", "faktura"));
        assert!(has_word("profaktura, faktura!", "faktura"));
        assert!(!has_word("anything", ""));
    }

    #[test]
    fn media_types_match_by_kind() {
        assert!(media_type_is("image/png", "image/*"));
        assert!(media_type_is("image/png", "*/*"));
        assert!(media_type_is("IMAGE/PNG", "image/png"));
        assert!(!media_type_is("application/pdf", "image/*"));
    }
}

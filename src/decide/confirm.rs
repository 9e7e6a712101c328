//! The confirmation loop: what a mail's proof does not permit, a word from the registered address does. The question goes
//! to the address on file and to no address of the mail; an answer to it releases exactly what it asks about.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::away::AWAY_SUBJECTS;
use crate::model::conduct::{Mark, Marked};
use crate::model::facts::Confirmation;
use crate::model::message::{AutoSubmitted, Class};
use crate::model::outgoing::{Addressee, Draft, Template, Value};
use crate::model::text::fold;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{
    Action, AddrSpec, Address, Agent, Decision, Fate, Found, Hold, HoldKind, HoldState, Language, Policy, Ticket,
    TicketChange,
};

use super::consent::{Consent, consent};
use super::work::{CUSTOMER, Case, Work};
use super::{aside, notify};

/// What is asked, and of whom.
pub(super) struct Question<'a> {
    pub kind: HoldKind,
    /// An agent's name, or an address.
    pub who: String,
    pub to: Address,
    pub language: Language,
    pub mailbox: &'a str,
    pub ticket: Option<&'a Ticket>,
    pub text: String,
    pub cause: String,
}

impl Question<'_> {
    /// What waits, and the mail that asks.
    pub fn put(self, found: &Found, policy: &Policy, now: Timestamp) -> (Hold, Draft) {
        let hold = Hold {
            number: found.next_hold,
            kind: self.kind,
            who: self.who,
            ticket: self.ticket.map(|t| t.number),
            digest: None,
            state: HoldState::Waiting,
            made_at: now,
            until: now.checked_add(self.kind.patience()).unwrap_or(Timestamp::MAX),
            told: false,
        };
        let mut values = BTreeMap::from([("kind", Value::Text(self.kind.word().to_owned()))]);
        values.insert("minutes", Value::Number(self.kind.patience().as_mins()));
        values.insert("days", Value::Number(self.kind.patience().as_hours() / 24));
        let category = self.ticket.and_then(|t| t.category.clone()).filter(|_| self.kind == HoldKind::Request);
        values.extend(category.map(|c| ("category", Value::Text(c))));
        let mut draft = mail(Template::Confirm, &hold, self.to, self.language, self.mailbox, policy, now);
        draft.ticket = self.ticket.cloned();
        draft.text = self.text;
        draft.values = values;
        draft.cause = self.cause;
        (hold, draft)
    }
}

/// A mail to a registered address, still without content.
pub(super) fn mail(
    template: Template,
    hold: &Hold,
    to: Address,
    language: Language,
    mailbox: &str,
    policy: &Policy,
    at: Timestamp,
) -> Draft {
    Draft {
        template,
        addressee: Addressee::Registered { hold: hold.number, who: hold.addressee() },
        to,
        cc: Vec::new(),
        mailbox: policy.mailbox(mailbox).map_or_else(String::new, |m| m.name.clone()),
        language,
        ticket: None,
        in_reply_to: None,
        references: Vec::new(),
        text: String::new(),
        author: None,
        attachments: Vec::new(),
        values: BTreeMap::new(),
        cause: format!("hold:{}", hold.number),
        at,
    }
}

pub(super) fn to_agent(agent: &Agent, policy: &Policy) -> (Address, Language) {
    let to = Address::new(Some(&agent.display), agent.address().as_str());
    (to, agent.language.unwrap_or(policy.desk.language))
}

/// An agent's mail whose proof does not suffice: it waits in quarantine for the agent's word.
pub fn hold_agent(case: &Case, name: &str, ticket: &Ticket, because: &str) -> Decision {
    let held = |what: &str| case.quarantine(format!("A mail from agent {name} {what}: {because}"));
    if let Some(earlier) = &case.facts.found.held {
        // The same bytes never ask twice: who repeats them to annoy gets nothing out of it.
        return held(match earlier.is_open(case.now) {
            true => "is held until it is confirmed",
            false => "was held and not confirmed in time",
        });
    }
    let Some(agent) = case.policy.agent(name).filter(|a| !a.disabled) else {
        return held("who is disabled was held");
    };
    if case.facts.found.confirmations >= HoldKind::Agent.per_day() {
        let what = format!("Agent {name} had all confirmation mails of 24 hours: further mails in that name are held");
        return held("was held and nobody asked").alarm(what);
    }
    let (to, language) = to_agent(agent, case.policy);
    let question = Question {
        kind: HoldKind::Agent,
        who: agent.name.clone(),
        to,
        language,
        mailbox: &ticket.mailbox,
        ticket: Some(ticket),
        // Whoever is asked must see to what he says yes.
        text: case.message.reply.text.clone(),
        cause: case.cause(),
    };
    let (mut hold, draft) = question.put(&case.facts.found, case.policy, case.now);
    hold.digest = Some(case.message.digest);
    let mut work = case.work(ticket.clone());
    work.event(format!("A mail from {name} is held until {name} confirms it"), because);
    let mut decision = held("is held until it is confirmed");
    decision.reasons.push(format!("{name} is asked at the registered address, until {}", hold.until));
    decision.tickets.push(work.ticket);
    decision.history = work.history;
    decision.holds.push(hold);
    decision.outgoing.push(draft);
    decision
}

/// A restricted request whose sender claims to be a contact on file, without strong proof: the contact is asked, without
/// a word of the mail's. The ticket goes on meanwhile, marked.
pub fn ask_contact(case: &Case, work: &mut Work) -> Option<Hold> {
    let contact = case.contact().filter(|c| case.author().as_ref() == Some(&c.email))?;
    let because = "The request is restricted and its sender not strongly proven";
    if case.message.class != Class::Person || contact.email.is_machines() {
        return None;
    }
    let mail_to_it = &case.facts.found.conduct.mail_to_it;
    if mail_to_it.complained_at.is_some() || mail_to_it.is_dead() {
        work.event("not asked for confirmation: mail to this address is unwanted or comes back", because);
        return None;
    }
    if case.facts.found.confirmations >= HoldKind::Request.per_day() {
        work.event("not asked for confirmation: this address had all confirmation mails of 24 hours", because);
        return None;
    }
    let question = Question {
        kind: HoldKind::Request,
        who: contact.email.to_string(),
        to: Address::new(contact.name.as_deref(), contact.email.as_str()),
        language: contact.language.unwrap_or(work.ticket.language),
        mailbox: &work.ticket.mailbox.clone(),
        ticket: Some(&work.ticket.clone()),
        text: String::new(),
        cause: case.cause(),
    };
    let (hold, draft) = question.put(&case.facts.found, case.policy, case.now);
    work.event("asked for confirmation at the address on file", because);
    work.outgoing.push(draft);
    Some(hold)
}

/// The operator wants a contact's address proven. An error says why it cannot be asked.
pub fn verify(found: &Found, policy: &Policy, now: Timestamp) -> Result<Decision, String> {
    let Some(contact) = &found.contact else {
        return Err("There is no contact of this address; import it, or write it as it is on file".to_owned());
    };
    let firm = found.organisation.as_ref().and_then(|o| o.language);
    let language = contact.language.or(firm).unwrap_or(policy.desk.language);
    ask_address(
        HoldKind::Address,
        Address::new(contact.name.as_deref(), contact.email.as_str()),
        language,
        found,
        policy,
        now,
    )
}

/// The operator wants a further address of an agent's proven. An error says why it cannot be asked.
pub fn verify_alternate(
    address: &AddrSpec,
    found: &Found,
    policy: &Policy,
    now: Timestamp,
) -> Result<Decision, String> {
    let Some(agent) = policy.agent_by_address(address) else {
        return Err("No agent has this address".to_owned());
    };
    if agent.address() == address {
        return Err(format!("It is the first of {}'s addresses: the configuration vouches for it", agent.name));
    }
    let language = agent.language.unwrap_or(policy.desk.language);
    ask_address(HoldKind::Alternate, Address::new(Some(&agent.display), address.as_str()), language, found, policy, now)
}

fn ask_address(
    kind: HoldKind,
    to: Address,
    language: Language,
    found: &Found,
    policy: &Policy,
    now: Timestamp,
) -> Result<Decision, String> {
    let who = to.email.clone();
    if found.confirmations >= kind.per_day() {
        return Err(format!("{who} had {} confirmation mails in 24 hours", found.confirmations));
    }
    let mailbox = policy.mailboxes.iter().find(|m| !m.observe);
    let Some(mailbox) = mailbox else { return Err("Every mailbox only observes: nothing can be sent".to_owned()) };
    let question = Question {
        kind,
        who: who.clone(),
        to,
        language,
        mailbox: &mailbox.name,
        ticket: None,
        text: String::new(),
        cause: format!("verify:{}", found.next_hold),
    };
    let (hold, draft) = question.put(found, policy, now);
    let mut decision = Decision::new(Action::Command, Fate::Order);
    decision.reasons.push(format!("{who} is asked, until {}", hold.until));
    decision.holds.push(hold);
    decision.outgoing.push(draft);
    Ok(decision)
}

/// A mail that answers a confirmation mail: what it does, if it does anything.
pub fn answer(case: &Case, confirmation: &Confirmation) -> Decision {
    let Confirmation { hold, by_registered } = confirmation;
    if let Some(sign) = machine(case) {
        return case.ignore(format!("A machine answered a confirmation mail, which releases nothing ({sign})"));
    }
    if !by_registered {
        let because = "It answers a confirmation mail, and not from the registered address: nothing is released";
        return case.quarantine(because).alarm("A confirmation was answered from another address than the registered");
    }
    if !hold.is_open(case.now) {
        return over(case, hold);
    }
    if hold.kind == HoldKind::Mail {
        return aside::answer(case, hold);
    }
    if hold.kind == HoldKind::Crossed {
        return over(case, hold); // nobody is asked about one: only `#send` lets it go
    }
    let denied = match consent(&case.message.reply.text) {
        Consent::Given => false,
        Consent::Denied => true,
        Consent::Unclear => return unclear(case, hold),
    };
    let mut hold = hold.clone();
    hold.state = match (denied, hold.kind) {
        (true, _) => HoldState::Denied,
        (false, HoldKind::Agent | HoldKind::Mail | HoldKind::Crossed) => HoldState::Released,
        (false, HoldKind::Request | HoldKind::Address | HoldKind::Alternate) => HoldState::Done,
    };
    let decision = match hold.kind {
        HoldKind::Agent | HoldKind::Mail | HoldKind::Crossed => agents(case, &hold, denied),
        HoldKind::Request => requests(case, &hold, denied),
        HoldKind::Address | HoldKind::Alternate => addresses(case, &hold, denied),
    };
    let mut decision = if denied { decision.alarm(denial(&hold)) } else { decision };
    if !denied && let Some(alternate) = alternate(case) {
        // It came with what only the agent could read: whoever writes from there is the agent.
        decision.reasons.push(format!("{alternate} is proven to be the agent's"));
        decision.marks.push(Mark::new(alternate.as_str(), Marked::Answered));
    }
    decision.holds.push(hold);
    decision
}

/// From, where it is an agent's address and not the registered one.
fn alternate(case: &Case) -> Option<AddrSpec> {
    let from = case.author()?;
    case.policy.agent_by_address(&from).filter(|agent| *agent.address() != from).map(|_| from)
}

/// Signs that nobody typed this. Stricter than for acknowledgements: what only might be a machine's releases nothing.
fn machine(case: &Case) -> Option<String> {
    let message = case.message;
    let automatic = message.class != Class::Person || message.auto_submitted != AutoSubmitted::No;
    // A responder that marks its notices by nothing else changes the subject.
    let subject = fold(case.subject());
    let away = || AWAY_SUBJECTS.iter().find(|away| subject.contains(&fold(away)));
    match message.no_acknowledgement.first() {
        Some(sign) => Some(sign.clone()),
        None if automatic => Some(message.automatic_because.join("; ")),
        None => away().map(|away| format!("its subject says {away:?}")),
    }
}

/// Neither yes nor no: nothing is done, it still waits, and the registered address is asked for one of the words, once.
fn unclear(case: &Case, hold: &Hold) -> Decision {
    let mut decision =
        case.ignore("It answers a confirmation mail, and says neither yes nor no plainly: nothing is done");
    if hold.told {
        return decision;
    }
    let mut draft = to_registered(case, hold, Template::Confirm);
    if let Some(draft) = &mut draft {
        draft.cause.push_str(":again");
        draft.values.insert("kind", Value::Text("unclear".to_owned()));
    }
    decision.outgoing.extend(draft);
    decision.holds.push(Hold { told: true, ..hold.clone() });
    decision
}

/// A further mail about a hold, to whom the first one went.
fn to_registered(case: &Case, hold: &Hold, template: Template) -> Option<Draft> {
    let (to, language) = match hold.kind {
        HoldKind::Agent | HoldKind::Mail | HoldKind::Crossed => {
            case.policy.agent(&hold.who).map(|agent| to_agent(agent, case.policy))?
        }
        HoldKind::Request | HoldKind::Address | HoldKind::Alternate => (Address::new(None, &hold.who), case.language()),
    };
    let mailbox = ticket_of(case, hold).map_or(&case.mailbox.name, |t| &t.mailbox);
    Some(mail(template, hold, to, language, mailbox, case.policy, case.now))
}

fn denial(hold: &Hold) -> String {
    match hold.kind {
        HoldKind::Agent => format!("Agent {} says that a mail held in that name is not genuine", hold.who),
        HoldKind::Request | HoldKind::Address | HoldKind::Alternate | HoldKind::Mail | HoldKind::Crossed => {
            "Somebody denies what was asked in a confirmation mail".to_owned()
        }
    }
}

/// The ticket that a hold is about, where it lives.
fn ticket_of<'a>(case: &Case<'a>, hold: &Hold) -> Option<&'a Ticket> {
    let number = hold.ticket?;
    case.facts.found.tickets.iter().find(|(asked, _)| *asked == number).map(|(_, ticket)| ticket)
}

fn agents(case: &Case, hold: &Hold, denied: bool) -> Decision {
    let name = &hold.who;
    let (what, because) = match denied {
        true => (format!("{name} denies the mail that was held"), "The answer from the registered address says no"),
        false => (format!("{name} confirms the mail that was held"), "An answer came from the registered address"),
    };
    let Some(ticket) = ticket_of(case, hold) else {
        let mut decision = case.ignore(what);
        decision.action = Action::Command;
        return decision;
    };
    let mut work = case.work(ticket.clone()).by(name);
    work.say(case.entry(EntryKind::Note, Direction::Note), &what);
    work.event(&what, because);
    let number = work.ticket.number;
    let mut decision = work.into_decision(Action::Command, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.reasons.push(format!("{what}: {because}"));
    decision
}

fn requests(case: &Case, hold: &Hold, denied: bool) -> Decision {
    let Some(ticket) = ticket_of(case, hold) else { return case.ignore("The ticket that it confirms is gone") };
    let mut work = case.work(ticket.clone()).by(CUSTOMER);
    let because = match denied {
        true => format!("{} denies the request, from the address on file", hold.who),
        false => format!("{} confirms the request, from the address on file", hold.who),
    };
    work.say(case.entry(EntryKind::Reply, Direction::Incoming), &because);
    if denied {
        work.event("the address on file denies the request", &because);
    } else {
        let organisation = work.ticket.organisation.clone();
        work.change(TicketChange::Confirmed { by: hold.who.clone() }, &because);
        work.change(TicketChange::Bound { contact: hold.who.clone(), organisation }, &because);
    }
    work.outgoing.extend(notify::confirmed(case, &work, &hold.who, denied));
    let number = work.ticket.number;
    let mut decision = work.into_decision(Action::Append, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.proven.extend(case.author().filter(|_| !denied));
    decision.reasons.push(because);
    decision
}

fn addresses(case: &Case, hold: &Hold, denied: bool) -> Decision {
    let because = match denied {
        true => format!("{} does not confirm the address", hold.who),
        false => format!("{} confirms the address: it is proven", hold.who),
    };
    let mut decision = case.ignore(because);
    decision.action = Action::Command;
    decision.proven.extend(case.author().filter(|_| !denied && hold.kind == HoldKind::Address));
    decision
}

/// Too late, or a second time: nothing is done, and the registered address is told once.
fn over(case: &Case, hold: &Hold) -> Decision {
    let why = if hold.state == HoldState::Waiting { "came too late" } else { "came a second time" };
    let mut decision = case.ignore(format!("It answers a confirmation mail and {why}: nothing is done"));
    if hold.told {
        return decision;
    }
    decision.outgoing.extend(to_registered(case, hold, Template::ConfirmOver));
    decision.holds.push(Hold { told: true, ..hold.clone() });
    decision
}

/// A mail that was held and is decided again now waits no longer, however that ends.
pub fn settle(case: &Case, decision: &mut Decision) {
    let acted = !matches!(decision.fate, Fate::Quarantined { .. });
    // Released; or proven since, so that nobody needs to be asked any more.
    let over = |h: &&Hold| h.state == HoldState::Released || (acted && h.state == HoldState::Waiting);
    if let Some(held) = case.facts.found.held.as_ref().filter(over) {
        decision.holds.push(Hold { state: HoldState::Done, ..held.clone() });
        // Where it was let in by somebody else, the one who was asked did not do it.
        if held.kind == HoldKind::Mail && held.state == HoldState::Released {
            aside::note_release(decision, &held.who, case.now);
        }
    }
}

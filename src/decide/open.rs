//! A mail that opens a ticket: whose it is, where it goes, what is promised, who hears of it.

use crate::model::access::Access;
use crate::model::facts::Sender;
use crate::model::outgoing::Template;
use crate::model::subject;
use crate::model::text::clean_line;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, Address, Agent, Decision, Fate, Ticket, TicketChange};

use super::act::{Refusal, Rest, Said};
use super::commands::Effect;
use super::route::{Asked, Route, route};
use super::work::{CUSTOMER, Case, DESK, Work};
use super::{
    acknowledge, act, agent, articles, asks, bounds, checklist, circles, clock, confirm, customer, duty, notify,
    signature, urgency,
};

/// Characters of a mail's first line that stand in for a missing subject.
const FIRST_WORDS_MAX: usize = 60;

/// How an agent opens a ticket in a customer's name.
pub struct Given<'g> {
    pub agent: &'g Agent,
    pub said: &'g Said<'g>,
    pub requester: Address,
    /// The words are what the customer said, to be kept as his; else they stand above what he wrote, which is forwarded.
    pub is_call: bool,
}

impl Given<'_> {
    /// The desk writes first: the words are for the customer, and he asked for nothing.
    fn is_first_word(&self) -> bool {
        self.is_call && self.said.written(|e| *e == Effect::Send).is_some()
    }

    /// What the customer said, without the commands.
    fn words(&self, case: &Case) -> (String, String) {
        let own = self.said.commanded.words.clone();
        let forwarded = case.message.forward.as_ref().map(|f| f.text.clone()).filter(|_| !self.is_call);
        let all = own.lines().chain(forwarded.iter().flat_map(|text| std::iter::once("").chain(text.lines())));
        let all = all.collect::<Vec<_>>().join("\n").trim().to_owned();
        (if own.trim().is_empty() { all.clone() } else { own }, all)
    }
}

pub fn open(case: &Case, because: &str) -> Decision {
    open_for(case, because, None).unwrap_or_else(|no| case.quarantine(no.because))
}

/// Opens a ticket; `given`: for whom an agent opens it. An error says what of his commands cannot be carried out.
pub fn open_for(case: &Case, because: &str, given: Option<&Given>) -> Result<Decision, Refusal> {
    let facts = case.facts;
    let requester = given.map_or_else(|| requester(case), |given| given.requester.clone());
    let asked = Asked {
        message: case.message,
        mailbox: &case.mailbox.name,
        contact: case.contact(),
        organisation: facts.organisation.as_ref(),
        loads: &facts.found.loads,
        turns: &facts.found.turns,
        now: case.now,
    };
    let mut route = route(&asked, case.policy);
    let mut work = case.work(blank(case, requester)).by(given.map_or(CUSTOMER, |given| &given.agent.name));
    work.change(TicketChange::Created, because);
    let mut request = case.entry(EntryKind::Request, Direction::Incoming);
    if matches!(facts.sender, Sender::Agent(_)) {
        // The customer never saw the mail in which an agent forwards his.
        request.message_id = None;
    }
    if let Some(given) = given {
        (request.reply.text, request.text) = given.words(case);
        signature::keep(&given.said.commanded.signature, &mut request.reply);
        if work.ticket.subject.is_empty() || work.ticket.subject.starts_with('#') {
            let first = request.reply.text.lines().next().unwrap_or_default();
            work.ticket.subject = clean_line(first, FIRST_WORDS_MAX);
        }
    }
    let first_word = given.filter(|given| given.is_first_word());
    match first_word {
        Some(given) if !given.said.says => {
            return Err(Refusal::new("nothing-said", "There was nothing to send: no words"));
        }
        Some(_) => {}
        None => {
            work.say(request, "The mail that opened the ticket");
            work.note_verdict(&case.facts.authenticity);
            bounds::note(&mut work, case.message);
        }
    }
    let asked_for = work.entries.last().map(|entry| entry.reply.text.clone());
    checklist::begin(&mut work, &asked_for.unwrap_or_default());
    work.ticket.service.by_machine = acknowledge::by_machine(case).is_some();
    work.actor = DESK.to_owned();
    bind(case, &mut work);
    classify(case, &mut work, &route);
    let urgent = urgency::heed(case, &mut work);
    let promised = clock::promise(&mut work, case.contact(), facts.organisation.as_ref());
    asks::begin(case, &mut work);
    let mut suggestions = articles::suggest(case, &mut work);
    link(case, &mut work);
    customer::add_copied(case, &mut work);
    let woken = duty::take(case, &mut work, &mut route);
    if let Some(given) = first_word {
        // Who writes first looks after it.
        route.owner = Some(given.agent.name.clone());
        route.turns.clear();
    }
    let assigned = TicketChange::Assigned { owner: route.owner.clone(), group: route.group.clone() };
    let why =
        if first_word.is_some() { "Who writes to a customer first looks after it".to_owned() } else { route.because() };
    work.change(assigned, why.clone());

    let hold = if work.ticket.restricted { confirm::ask_contact(case, &mut work) } else { None };
    let acknowledgement = match first_word {
        Some(_) => Err("the agent writes to the customer himself".to_owned()),
        None => acknowledge::acknowledgement(case, &work, hold.is_some()),
    };
    let mut reasons = vec![because.to_owned(), format!("It goes to {}: {why}", whom(&route))];
    reasons.extend(urgent.into_iter().chain(promised).chain(woken));
    let mut acknowledged = Vec::new();
    match acknowledgement {
        Ok(draft) => {
            reasons.push(format!("Acknowledged in {}", draft.language));
            acknowledged.push(draft.to.email.to_ascii_lowercase());
            acknowledge::record(&mut work, &draft);
            let asked = asks::missing(&work);
            if draft.template == Template::Acknowledgement && !asked.is_empty() {
                work.event("asked for what is missing", asked.join("; "));
            }
            articles::record(&mut work, &suggestions);
            work.outgoing.push(draft);
        }
        Err(why_not) => {
            articles::withdraw(&mut work, &mut suggestions);
            work.event("not acknowledged", &why_not);
            reasons.push(format!("Not acknowledged: {why_not}"));
        }
    }
    let mut rest = Rest::default();
    if let Some(given) = given {
        given_commands(case, given, &mut work, &mut rest)?;
    }
    if first_word.is_none() {
        // Whoever it was given to right away hears of it as of a new ticket, once.
        work.outgoing.retain(|draft| draft.template != Template::NotifyAssigned);
        let as_routed = (&work.ticket.owner, &work.ticket.group) == (&route.owner, &route.group);
        let word = if as_routed { route.word() } else { String::new() };
        work.outgoing.extend(notify::new_ticket(case, &work, &word));
    }
    let (number, now) = (work.ticket.number, work.ticket.clone());
    let mut decision = work.into_decision(Action::NewTicket, Fate::Ticket(number));
    decision.view = Some(case.view(false));
    if acknowledged.is_empty() {
        decision.alarms.extend(acknowledge::storm(case).map(str::to_owned));
    }
    decision.acknowledged = acknowledged;
    if let Some(hold) = hold {
        reasons.push(format!("Restricted: {} is asked at the address on file, until {}", hold.who, hold.until));
        decision.holds.push(hold);
    }
    decision.turns.splice(..0, route.turns);
    decision.route = route.steps;
    decision.articles = suggestions;
    decision.reasons = reasons;
    if let Some(given) = given {
        rest.settle(case, given.agent, given.said, Some(&now), &mut decision);
    }
    Ok(decision)
}

/// The agent's words, where they are the first, and his other commands.
fn given_commands<'a>(case: &Case<'a>, given: &Given, work: &mut Work<'a>, rest: &mut Rest<'a>) -> Result<(), Refusal> {
    let name = &given.agent.name;
    let actor = std::mem::replace(&mut work.actor, name.clone());
    act::copies(given.said, work)?;
    if given.is_first_word() {
        agent::answer(case, name, work, given.said.commanded, given.said.files.clone());
    }
    act::carry_out(case, given.said, work, rest)?;
    work.actor = actor;
    Ok(())
}

fn whom(route: &Route) -> String {
    match (&route.owner, &route.group) {
        (Some(owner), Some(group)) => format!("{owner} of {group}"),
        (Some(owner), None) => owner.clone(),
        (None, Some(group)) => format!("all of {group}"),
        (None, None) => "nobody".to_owned(),
    }
}

/// The person to whom the ticket belongs: the sender, or, where an agent forwards, whose mail it was.
fn requester(case: &Case) -> Address {
    let forwarded = || {
        let author = case.message.forwarded_author()?;
        author.spec().is_some_and(|a| case.policy.is_outside(&a)).then(|| author.clone())
    };
    match &case.facts.sender {
        Sender::Agent(_) => forwarded().unwrap_or_else(|| case.author_as_written()),
        _ => case.author_as_written(),
    }
}

fn blank(case: &Case, requester: Address) -> Ticket {
    let mut subject = subject::bare(case.subject(), &case.policy.desk.prefix);
    if subject.is_empty() {
        // Nothing but a prefix or a token, or nothing at all: the first words are what people will know it by.
        let words = case.message.reply.text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
        subject = clean_line(words, FIRST_WORDS_MAX);
    }
    Ticket {
        subject,
        organisation: case.facts.organisation.as_ref().map(|o| o.name.clone()),
        verified: case.is_verified(),
        access: Access { reply_to: circles::answers_to(case), ..Access::default() },
        ..Ticket::opened(case.facts.found.next_ticket, &case.mailbox.name, requester, case.language(), case.now)
    }
}

/// A believed contact owns the ticket; an unbelieved one is only claimed.
pub fn bind(case: &Case, work: &mut Work) {
    let Some(contact) = case.contact() else { return };
    let his_own = matches!(case.facts.sender, Sender::Contact(_)) && case.is_verified();
    let vouched_for = matches!(case.facts.sender, Sender::Agent(_)) && case.is_strong() && case.is_to_us();
    if his_own || vouched_for {
        let organisation = work.ticket.organisation.clone().or_else(|| contact.organisation.clone());
        work.change(
            TicketChange::Bound { contact: contact.email.to_string(), organisation },
            &case.facts.authenticity.because,
        );
    } else {
        work.event(format!("claims to be the contact {}", contact.email), &case.facts.authenticity.because);
    }
}

/// A restricted request is certainly the sender's: its subject is a part of it, and so is to whom it was put.
pub fn may_be_acted_on(case: &Case) -> bool {
    case.is_strong() && case.facts.covered.subject && case.is_to_us()
}

fn classify(case: &Case, work: &mut Work, route: &Route) {
    if let Some(category) = route.category {
        let because = route.steps.iter().find(|s| s.step == "category" && s.matched).map_or("", |s| s.because.as_str());
        work.change(TicketChange::Category { to: Some(category.name.clone()) }, because);
        if category.restricted && !may_be_acted_on(case) {
            work.ticket.restricted = true;
            work.event("restricted: only for verified senders", format!("Category {}", category.name));
        }
    }
    let organisation = case.facts.organisation.as_ref();
    let chosen = [
        (route.category.and_then(|c| c.priority), "The category's priority"),
        (case.contact().and_then(|c| c.priority), "The contact's priority"),
        (organisation.and_then(|o| o.priority), "The organisation's priority"),
    ];
    if let Some((Some(priority), because)) = chosen.into_iter().find(|(p, _)| p.is_some()) {
        work.change(TicketChange::Priority { to: priority }, because);
    }
}

/// Tickets that this mail names and may not touch are mentioned, not lost.
fn link(case: &Case, work: &mut Work) {
    let thread = &case.facts.thread;
    let named = thread.ticket.iter().map(|t| t.number).chain(thread.also.iter().copied());
    for number in named.collect::<Vec<_>>() {
        work.change(TicketChange::Linked { to: number }, "May belong to it: the mail names it");
    }
    for number in &thread.unproven {
        let exists = case.facts.found.tickets.iter().any(|(asked, _)| asked == number);
        match exists {
            true => work.change(
                TicketChange::Linked { to: *number },
                "The mail names its number with a wrong or missing check",
            ),
            false => {
                work.event(format!("names ticket {number}, which does not exist"), "The number has no valid check")
            }
        }
    }
}

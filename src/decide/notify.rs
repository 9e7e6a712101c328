//! What agents are told: a mail that holds all they need to answer, and that can be answered.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::outgoing::{Addressee, Draft, Template, Value};
use crate::model::subject;
use crate::model::ticket::EntryKind;
use crate::model::{Address, Agent, Believed, Policy};

pub use super::presence::{hearers, told};
use super::work::{Case, Work};
use super::{bounds, duplicates, hands, leak, lookalike};

pub fn new_ticket(case: &Case, work: &Work, why: &str) -> Vec<Draft> {
    let told = told(&work.ticket, case.policy, case.now);
    let mut drafts = of_mail(case, work, &told, Template::NotifyNew, EntryKind::Request);
    let similar = similar(case);
    for draft in &mut drafts {
        draft.values.insert("why", Value::Text(why.to_owned()));
        draft.values.insert("similar", Value::List(similar.clone()));
    }
    drafts
}

/// Tickets that a colleague of the customer's may have opened about the same thing.
fn similar(case: &Case) -> Vec<String> {
    let prefix = &case.policy.desk.prefix;
    let message = case.message;
    let forwarded = message.forward.as_ref().map(|f| f.text.as_str());
    let likely = duplicates::likely(case, forwarded.unwrap_or(&message.reply.text));
    likely.into_iter().map(|t| format!("{prefix}-{} {} (#merge {})", t.number, t.subject, t.number)).collect()
}

/// Somebody said something on a ticket that has an owner. `woken` hears of it too.
pub fn reply(case: &Case, work: &Work, kind: EntryKind, woken: Option<&Agent>) -> Vec<Draft> {
    let mut told = hearers(&work.ticket, case.policy, case.now);
    told.extend(woken.filter(|woken| told.iter().all(|agent| agent.name != woken.name)));
    of_mail(case, work, &told, Template::NotifyReply, kind)
}

/// The address on file answered for, or against, a restricted request.
pub fn confirmed(case: &Case, work: &Work, who: &str, denied: bool) -> Vec<Draft> {
    let told = told(&work.ticket, case.policy, case.now);
    let mut drafts = of_mail(case, work, &told, Template::NotifyConfirmed, EntryKind::Reply);
    for draft in &mut drafts {
        // The mail was proven by its code, whatever its headers prove.
        draft.values.insert("warnings", Value::List(Vec::new()));
        for spoken_of in ["believed", "believed_because", "strength"] {
            draft.values.remove(spoken_of);
        }
        draft.text.clone_from(&case.message.reply.text);
        draft.values.insert("who", Value::Text(who.to_owned()));
        draft.values.insert("denied", Value::Flag(denied));
    }
    drafts
}

/// The sender of the mail at hand is proven after all.
pub fn proven(case: &Case, work: &Work) -> Vec<Draft> {
    let told = told(&work.ticket, case.policy, case.now);
    of_mail(case, work, &told, Template::NotifyProven, EntryKind::Request)
}

/// Notifications that carry the mail at hand. What it brings is the same for all who are told, and worked out once.
fn of_mail(case: &Case, work: &Work, told: &[&Agent], template: Template, kind: EntryKind) -> Vec<Draft> {
    let mail = values_of_mail(case, work, kind);
    let draft = |agent: &&Agent| {
        let mut draft = to_agent(work, agent, template, &case.cause());
        draft.text = words_for_agents(case);
        draft.author = Some(case.author_as_written());
        draft.attachments.clone_from(&case.message.attachments);
        draft.values.extend(mail.clone());
        draft
    };
    told.iter().map(draft).collect()
}

fn values_of_mail(case: &Case, work: &Work, kind: EntryKind) -> BTreeMap<&'static str, Value> {
    let mut values = BTreeMap::new();
    let authenticity = &case.facts.authenticity;
    values.insert("sender", Value::Text(case.author_as_written().to_string()));
    // Some people write nothing but a subject.
    let own = subject::bare(case.subject(), &case.policy.desk.prefix);
    let is_tickets = own.is_empty() || own == work.ticket.subject;
    if !is_tickets && subject::compared(&own) != subject::compared(&work.ticket.subject) {
        values.insert("subject", Value::Text(own));
    }
    values.insert("believed", Value::Text(authenticity.believed.word().to_owned()));
    values.insert("believed_because", Value::Text(authenticity.because.clone()));
    if let Some(strength) = authenticity.strength {
        values.insert("strength", Value::Text(strength.word().to_owned()));
    }
    if let Some(organisation) = &case.facts.organisation {
        values.insert("organisation", Value::Text(organisation.name.clone()));
    }
    if let Some(note) = case.contact().and_then(|c| c.note.clone()) {
        values.insert("contact_note", Value::Text(note));
    }
    values.insert("earlier", Value::List(earlier(case, work.ticket.number)));
    values.insert("copied", Value::List(proposed(case, work).map(|p| p.to_string()).collect()));
    let double = lookalike::suspicion(case, &work.ticket);
    values.insert("warnings", Value::List(warnings(case, work, kind, double.is_some())));
    if let Some(double) = double {
        values.insert("look-alike", Value::Text(double.whom));
    }
    bounds::fill(case.message, &mut values);
    values
}

/// What the person wrote, without the history that the agent has already; all of it where it opens the ticket, since the
/// history of a first mail is news, and where he passes on what reads like somebody else's.
fn words_for_agents(case: &Case) -> String {
    let message = case.message;
    let all = case.facts.thread.ticket.is_none() || leak::another_mail(case).is_some();
    if all || message.reply.text.trim().is_empty() { message.text.clone() } else { message.reply.text.clone() }
}

fn earlier(case: &Case, but: i64) -> Vec<String> {
    let prefix = &case.policy.desk.prefix;
    let lines = case.facts.found.earlier.iter().filter(|t| t.number != but);
    lines.map(|t| format!("{prefix}-{} {} ({})", t.number, t.subject, t.status)).collect()
}

/// To whom the mail at hand was written too, and whom an agent may let in.
fn proposed(case: &Case, work: &Work) -> impl Iterator<Item = Address> {
    let (mail, from) = (case.cause(), case.author_as_written().email);
    let brought = work.ticket.access.proposed.iter().filter(move |p| p.mail == mail);
    let others = brought.filter(move |p| !p.email.eq_ignore_ascii_case(&from));
    others.map(|p| Address { name: p.name.clone(), email: p.email.clone() }).collect::<Vec<_>>().into_iter()
}

/// Words for what an agent must know before believing the mail; the text files say them in his language.
fn warnings(case: &Case, work: &Work, kind: EntryKind, is_double: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    // First: whatever else is said, this must not be overlooked.
    if work.ticket.restricted {
        warnings.push("restricted");
    }
    match case.believed() {
        Believed::Verified => {}
        Believed::Unauthenticated => warnings.push("unauthenticated"),
        Believed::Failed => warnings.push("failed"),
    }
    if kind == EntryKind::External {
        warnings.push("external");
        if case.is_thread_his() {
            warnings.push("acceptable");
        }
    }
    if case.is_verified() && !names_us(case) && case.message.list.is_none() {
        warnings.push("not-to-us");
    }
    if is_double {
        warnings.push("look-alike");
    }
    if case.facts.found.id_reused {
        warnings.push("id-reused");
    }
    warnings.extend(bounds::warnings(case.message));
    warnings.into_iter().map(str::to_owned).collect()
}

/// One of its recipients, whoever wrote them there, is the desk.
fn names_us(case: &Case) -> bool {
    let mut people = case.message.to.iter().chain(&case.message.cc).filter_map(Address::spec);
    people.any(|a| case.policy.own_address(&a).is_some())
}

/// A draft to an agent about a ticket, still without content.
pub fn to_agent(work: &Work, agent: &Agent, template: Template, cause: &str) -> Draft {
    let mut values = BTreeMap::new();
    if let (None, Some(group)) = (&work.ticket.owner, &work.ticket.group) {
        values.insert("group", Value::Text(group.clone()));
    }
    // Who is handed a ticket must know what whoever had it was told.
    let hands_over = matches!(template, Template::NotifyAssigned | Template::NotifyDue);
    let warnings = [
        work.ticket.restricted.then_some("restricted"),
        (hands_over && !work.ticket.verified).then_some("unauthenticated"),
    ];
    let warnings: Vec<String> = warnings.into_iter().flatten().map(str::to_owned).collect();
    if !warnings.is_empty() {
        values.insert("warnings", Value::List(warnings));
    }
    if let Some((package, booked)) = hands::account(work) {
        values.insert("hours_booked", Value::Number(booked.into()));
        values.insert("hours_has", Value::Number(package.minutes.into()));
        values.insert("hours_per", Value::Text(package.per.word().to_owned()));
    }
    Draft {
        ticket: Some(work.ticket.clone()),
        values,
        ..blank(template, agent, work.policy, &work.mailbox().name, cause_for(cause, &agent.name), work.now)
    }
}

/// A mail to an agent at his registered address, in his language, still about nothing.
pub fn blank(template: Template, agent: &Agent, policy: &Policy, mailbox: &str, cause: String, at: Timestamp) -> Draft {
    Draft {
        template,
        addressee: Addressee::Agent(agent.name.clone()),
        to: Address::new(Some(&agent.display), agent.address().as_str()),
        cc: Vec::new(),
        mailbox: mailbox.to_owned(),
        language: agent.language.unwrap_or(policy.desk.language),
        ticket: None,
        in_reply_to: None,
        references: Vec::new(),
        text: String::new(),
        author: None,
        attachments: Vec::new(),
        values: BTreeMap::new(),
        cause,
        at,
    }
}

/// One line that wakes an agent, at the address that is for nothing else. It bears nothing that an answer could prove.
pub fn page(work: &Work, agent: &Agent, cause: &str) -> Option<Draft> {
    let pager = agent.pager.as_ref()?;
    let mut draft = to_agent(work, agent, Template::Page, cause);
    draft.addressee = Addressee::Operator;
    draft.to = Address::new(None, pager.as_str());
    let who = work.ticket.organisation.clone().unwrap_or_else(|| work.ticket.requester.display().to_owned());
    draft.values.insert("who", Value::Text(who));
    Some(draft)
}

/// What causes the copy of a mail that goes to one agent.
pub fn cause_for(cause: &str, agent: &str) -> String {
    format!("{cause}:{agent}")
}

/// Tells an agent at his registered address that his mail was not carried out. Goes to nobody else, whatever From said.
pub fn refused(case: &Case, name: &str, because: &str, understood: &[String], not: &[String]) -> Option<Draft> {
    let agent = case.policy.agent(name).filter(|a| !a.disabled)?;
    let mut values = BTreeMap::new();
    values.insert("because", Value::Text(because.to_owned()));
    values.insert("understood", Value::List(understood.to_vec()));
    values.insert("not_understood", Value::List(not.to_vec()));
    Some(Draft {
        ticket: case.facts.thread.ticket.clone(),
        // An unproven mail's text is not repeated: it may be a forger's words in the desk's mail.
        text: if matches!(because, "forged" | "unsigned") { String::new() } else { case.message.reply.text.clone() },
        values,
        ..blank(Template::Refused, agent, case.policy, &case.mailbox.name, case.cause(), case.now)
    })
}

//! A customer's mail: a new ticket, or a further word on one. Who may append what is BEHAVIOUR's action table.

use crate::model::facts::{Sender, ThreadBy};
use crate::model::text::{SUBJECT_MAX, clean_line, fold};
use crate::model::ticket::{Direction, EntryKind, Participant};
use crate::model::token::TokenKind;
use crate::model::{Action, AddrSpec, Address, Decision, Fate, Priority, Status, Ticket, TicketChange};

use super::route::{Asked, Route, route};
use super::work::{CUSTOMER, Case, Work};
use super::{access, acknowledge, clock, confirm, notify, urgency};

/// At most this many people become participants because a believed mail named them.
const PARTICIPANTS_MAX: usize = 10;
/// A sender's new tickets of one subject within half an hour: this one joins the first (a helpdesk talking to a helpdesk).
const SIMILAR_MAX: usize = 3;

/// Characters of a mail's first line that stand in for a missing subject.
const FIRST_WORDS_MAX: usize = 60;
/// Further words on one ticket of which agents are told, where they come by themselves one after the other.
const NOISE_MAX: u32 = 12;

/// What the sender may do with the ticket that the mail names.
enum Permission<'a> {
    /// The mail becomes part of this ticket.
    Append { ticket: &'a Ticket, kind: EntryKind, becomes_participant: bool, because: String },
    /// It opens a new one; the named ones are linked.
    New { because: String },
}

pub fn customer(case: &Case) -> Decision {
    if let Some(first) = talks_in_circles(case) {
        let because = format!("The third like it within half an hour: it joins ticket {}, the first", first.number);
        return append(case, first, EntryKind::Reply, false, &because);
    }
    match permission(case) {
        Permission::Append { ticket, kind, becomes_participant, because } => {
            append(case, ticket, kind, becomes_participant, &because)
        }
        Permission::New { because } => open(case, &because),
    }
}

/// Three similar new tickets from one address in half an hour: the first of them, where it still lives.
fn talks_in_circles<'a>(case: &Case<'a>) -> Option<&'a Ticket> {
    if case.facts.thread.ticket.is_some() || matches!(case.facts.sender, Sender::Agent(_)) {
        return None;
    }
    let subject = fold(&bare_subject(case.subject()));
    let found = &case.facts.found;
    let similar: Vec<i64> =
        found.recent.iter().filter(|(_, s)| fold(&bare_subject(s)) == subject).map(|(number, _)| *number).collect();
    let first = similar.iter().min().filter(|_| similar.len() + 1 >= SIMILAR_MAX)?;
    let (_, ticket) = found.tickets.iter().find(|(asked, t)| asked == first && t.status.is_live())?;
    // Without proof nobody gets into a believed customer's ticket by writing like him three times.
    (case.is_verified() || !ticket.verified).then_some(ticket)
}

fn permission<'a>(case: &Case<'a>) -> Permission<'a> {
    let thread = &case.facts.thread;
    let Some(ticket) = &thread.ticket else {
        return Permission::New { because: thread.because.clone() };
    };
    let number = ticket.number;
    let new = |because: String| Permission::New { because };
    if thread.kind == Some(TokenKind::Agent) {
        return new(format!(
            "It answers a mail that was for an agent, about ticket {number}, and is not from that agent"
        ));
    }
    let participant = case.author().is_some_and(|from| ticket.is_participant(from.as_str()));
    let proven = thread.by.is_proof();
    if !ended_and_reopenable(case, ticket) {
        return new(match case.is_thread_his() {
            true => {
                format!("Ticket {number} ended more than {} days ago: a new one, linked", case.policy.desk.reopen_days)
            }
            false => format!("Ticket {number} has ended, and only a believed sender reopens one"),
        });
    }
    if is_new_subject_forward(case, ticket) {
        return new(format!("It forwards something under another subject than ticket {number}'s"));
    }
    let append = |kind, becomes_participant, because| Permission::Append { ticket, kind, becomes_participant, because };
    match (participant, proven) {
        (true, true) => {
            append(EntryKind::Reply, false, format!("A participant of ticket {number} answers; {}", thread.because))
        }
        (true, false) if case.is_thread_his() => append(
            EntryKind::Reply,
            false,
            format!("A believed participant of ticket {number} answers; {}", thread.because),
        ),
        (true, false) => {
            new(format!("It may belong to ticket {number}, but neither its sender nor the number is proven"))
        }
        (false, true) => {
            let colleague = case.is_strong() && case.is_thread_his() && is_colleague(case, ticket);
            let kind = if colleague { EntryKind::Reply } else { EntryKind::External };
            let who = if colleague {
                "A believed colleague of the same organisation"
            } else {
                "Somebody who is no participant"
            };
            append(kind, colleague, format!("{who} answers on ticket {number}; {}", thread.because))
        }
        // A desk that answered a mail of ours, and is proven to be that desk.
        (false, false) if thread.by == ThreadBy::PeerTag && case.is_thread_his() => append(
            EntryKind::External,
            false,
            format!("The desk that answered on ticket {number} writes again; {}", thread.because),
        ),
        (false, false) => {
            new(format!("It names ticket {number} without proof, and its sender is no participant of it"))
        }
    }
}

/// Of the organisation to which the ticket, or one of its participants, belongs.
fn is_colleague(case: &Case, ticket: &Ticket) -> bool {
    let Some(organisation) = &case.facts.organisation else { return false };
    let its_people = std::iter::once(&ticket.requester.email).chain(ticket.participants.iter().map(|p| &p.email));
    let is_its_own = |email: &String| {
        let domain = AddrSpec::parse(email).ok().map(|a| a.domain().to_owned());
        domain.is_some_and(|domain| organisation.domains.contains(&domain))
    };
    ticket.organisation.as_ref() == Some(&organisation.name) || its_people.into_iter().any(is_its_own)
}

/// True for a live ticket, and for one whose end this sender may undo.
fn ended_and_reopenable(case: &Case, ticket: &Ticket) -> bool {
    if ticket.status.is_live() {
        return true;
    }
    let ended = ticket.resolved_at.unwrap_or(ticket.updated_at);
    let days = case.now.duration_since(ended).as_secs() / 86_400;
    case.is_thread_his() && days <= i64::from(case.policy.desk.reopen_days)
}

/// A forward to the desk that kept the thread's headers but is about something else.
fn is_new_subject_forward(case: &Case, ticket: &Ticket) -> bool {
    case.message.forward.is_some()
        && matches!(case.facts.thread.by, ThreadBy::References | ThreadBy::KnownId)
        && fold(&bare_subject(case.subject())) != fold(&bare_subject(&ticket.subject))
}

fn append(case: &Case, ticket: &Ticket, kind: EntryKind, becomes_participant: bool, because: &str) -> Decision {
    let mut work = case.work(ticket.clone()).by(CUSTOMER);
    work.say(case.entry(kind, Direction::Incoming), because);
    work.note_verdict(&case.facts.authenticity);
    if becomes_participant {
        let from = case.author_as_written();
        let by = "desk: same organisation, believed".to_owned();
        let change = TicketChange::Participant { email: from.email, name: from.name, by };
        work.change(change, "A believed colleague of the same organisation");
    }
    for other in &case.facts.thread.also {
        work.change(TicketChange::Linked { to: *other }, "The mail proves that it has to do with this ticket too");
    }
    if kind == EntryKind::Reply {
        reopen(&mut work);
    }
    match kind {
        EntryKind::External if case.is_thread_his() => {
            access::propose(
                case,
                &mut work,
                &case.author_as_written(),
                "A proven outsider wrote with the ticket's token",
            );
        }
        EntryKind::Reply => add_copied(case, &mut work),
        _ => {}
    }
    // A machine that talks on and on is written down, and after a while disturbs nobody any more.
    if case.facts.found.recent.len() < SIMILAR_MAX || work.ticket.entries < NOISE_MAX {
        work.outgoing.extend(notify::reply(case, &work, kind));
    }
    let number = ticket.number;
    let mut decision = work.into_decision(Action::Append, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.reasons.push(because.to_owned());
    decision.reasons.push("Further words on a ticket are not acknowledged".to_owned());
    decision
}

/// The customer has spoken: the next word is the desk's.
fn reopen(work: &mut Work) {
    match work.ticket.status {
        Status::New | Status::Open | Status::Merged => {}
        Status::Waiting | Status::Snoozed => {
            work.change(TicketChange::Status { to: Status::Open }, "The customer answered");
        }
        Status::Resolved | Status::Closed => {
            work.change(TicketChange::Status { to: Status::Open }, "A believed participant wrote again");
        }
    }
}

fn open(case: &Case, because: &str) -> Decision {
    let facts = case.facts;
    let requester = requester(case);
    let asked = Asked {
        message: case.message,
        mailbox: &case.mailbox.name,
        contact: case.contact(),
        organisation: facts.organisation.as_ref(),
        loads: &facts.found.loads,
        turns: &facts.found.turns,
        now: case.now,
    };
    let route = route(&asked, case.policy);
    let mut work = case.work(blank(case, requester)).by(CUSTOMER);
    work.change(TicketChange::Created, because);
    let mut request = case.entry(EntryKind::Request, Direction::Incoming);
    if matches!(facts.sender, Sender::Agent(_)) {
        // The customer never saw the mail in which an agent forwards his.
        request.message_id = None;
    }
    work.say(request, "The mail that opened the ticket");
    work.note_verdict(&case.facts.authenticity);
    work.actor = super::work::DESK.to_owned();
    bind(case, &mut work);
    classify(case, &mut work, &route);
    let urgent = urgency::heed(case, &mut work);
    let promised = clock::promise(&mut work, case.contact(), facts.organisation.as_ref());
    link(case, &mut work);
    add_copied(case, &mut work);
    let assigned = TicketChange::Assigned { owner: route.owner.clone(), group: route.group.clone() };
    let why = route.because();
    work.change(assigned, why.clone());

    let hold = if work.ticket.restricted { confirm::ask_contact(case, &mut work) } else { None };
    let acknowledgement = acknowledge::acknowledgement(case, &work);
    let mut reasons = vec![because.to_owned(), format!("It goes to {}: {why}", whom(&route))];
    reasons.extend(urgent.into_iter().chain(promised));
    let mut acknowledged = Vec::new();
    match acknowledgement {
        Ok(draft) => {
            reasons.push(format!("Acknowledged in {}", draft.language));
            acknowledged.push(draft.to.email.to_ascii_lowercase());
            acknowledge::record(&mut work, &draft);
            work.outgoing.push(draft);
        }
        Err(why_not) => {
            work.event("not acknowledged", &why_not);
            reasons.push(format!("Not acknowledged: {why_not}"));
        }
    }
    work.outgoing.extend(notify::new_ticket(case, &work, &route.word()));
    let number = work.ticket.number;
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
    decision.turns = route.turns;
    decision.route = route.steps;
    decision.reasons = reasons;
    decision
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
    let mut subject = clean_line(&bare_subject(case.subject()), SUBJECT_MAX);
    if subject.is_empty() {
        // Nothing but a prefix or a token, or nothing at all: the first words are what people will know it by.
        let words = case.message.reply.text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
        subject = clean_line(words, FIRST_WORDS_MAX);
    }
    Ticket {
        number: case.facts.found.next_ticket,
        subject,
        status: Status::New,
        category: None,
        priority: Priority::Normal,
        language: case.language(),
        mailbox: case.mailbox.name.clone(),
        requester,
        contact: None,
        organisation: case.facts.organisation.as_ref().map(|o| o.name.clone()),
        verified: case.is_verified(),
        restricted: false,
        owner: None,
        group: None,
        participants: Vec::<Participant>::new(),
        created_at: case.now,
        updated_at: case.now,
        first_response_due_at: None,
        resolve_due_at: None,
        first_responded_at: None,
        resolved_at: None,
        snoozed_until: None,
        merged_into: None,
        linked: Vec::new(),
        thread: Vec::new(),
        entries: 0,
        service: Default::default(),
        access: Default::default(),
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

/// The other people on a strongly proven sender's mail get copies from now on; those on a weakly proven one's where an agent
/// lets them in.
fn add_copied(case: &Case, work: &mut Work) {
    if !case.is_verified() {
        return;
    }
    let by = case.author_as_written().email;
    let room = PARTICIPANTS_MAX.saturating_sub(work.ticket.participants.len());
    for person in access::copied(case, &work.ticket).into_iter().take(room) {
        if case.is_strong() {
            let change = TicketChange::Participant { email: person.email, name: person.name, by: by.clone() };
            work.change(change, "A believed participant wrote to this person too");
        } else {
            access::propose(case, work, &person, "A weakly proven participant wrote to this person too");
        }
    }
}

/// A subject without reply and forward prefixes in the desk's languages, and without tokens of any desk.
pub fn bare_subject(subject: &str) -> String {
    const PREFIXES: [&str; 17] = [
        "re",
        "aw",
        "sv",
        "odp",
        "odpoveď",
        "odpověď",
        "odg",
        "odgovor",
        "vs",
        "antw",
        "fw",
        "fwd",
        "wg",
        "pd",
        "prepos",
        "prep",
        "tr",
    ];
    let mut rest = subject.trim();
    loop {
        let before = rest;
        if let Some((head, tail)) = rest.split_once(':') {
            let word = head.trim().to_lowercase();
            let word = word.split(['[', '(']).next().unwrap_or_default();
            if PREFIXES.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '^')) {
                rest = tail.trim_start();
            }
        }
        if let Some(inner) = rest.strip_prefix('[').filter(|r| is_token(r)) {
            rest = inner.split_once(']').map_or("", |(_, tail)| tail).trim_start();
        }
        if rest == before {
            break;
        }
    }
    let mut out = rest.to_owned();
    while let Some(at) = out.rfind('[') {
        if !is_token(&out[at + 1..]) {
            break;
        }
        let end = out[at..].find(']').map_or(out.len(), |e| at + e + 1);
        out.replace_range(at..end, "");
    }
    out.trim().to_owned()
}

/// `ACME-1042-k7q2m9xf]…` or `ACME-1042]…`, as it stands after the opening bracket.
fn is_token(text: &str) -> bool {
    let Some((inner, _)) = text.split_once(']') else { return false };
    let mut parts = inner.split('-');
    let prefix =
        parts.next().is_some_and(|p| (1..=12).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    let number = parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let check = parts.next().is_none_or(|c| c.len() == 8 && c.bytes().all(|b| b.is_ascii_alphanumeric()));
    prefix && number && check && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_lose_prefixes_and_tokens_only() {
        for (subject, bare) in [
            ("Re: RE: Odp: [ACME-1042-k7q2m9xf] Faktúra", "Faktúra"),
            ("Re: Faktúra [ACME-1042-k7q2m9xf]", "Faktúra"),
            ("AW: AW[2]: Rechnung: Nummer 5", "Rechnung: Nummer 5"),
            ("[SPAM] Re: x", "[SPAM] Re: x"),
            ("FWD: [ACME-7] x [note]", "x [note]"),
            ("", ""),
        ] {
            assert_eq!(bare_subject(subject), bare);
        }
    }
}

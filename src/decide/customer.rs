//! A customer's mail: a new ticket, or a further word on one. Who may append what is BEHAVIOUR's action table.

use crate::model::facts::ThreadBy;
use crate::model::free_mail::is_free_mail;
use crate::model::subject;
use crate::model::ticket::{Direction, EntryKind};
use crate::model::token::TokenKind;
use crate::model::{Action, AddrSpec, Address, Decision, Fate, Status, Ticket, TicketChange};

use super::open::open;
use super::work::{CUSTOMER, Case, Work};
use super::{access, articles, asks, bounds, circles, duty, notify, thanks};

/// At most this many people become participants because a believed mail named them.
const PARTICIPANTS_MAX: usize = 10;
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
    if let Some(first) = circles::first(case) {
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
    let participant =
        case.author().is_some_and(|from| ticket.is_participant(from.as_str())) || by_another_address(case, ticket);
    let proven = thread.by.is_proof();
    if !ticket.status.is_live()
        && participant
        && (proven || case.is_thread_his())
        && let Some(thanks) = thanks::only(case)
    {
        return Permission::Append { ticket, kind: EntryKind::Reply, becomes_participant: false, because: thanks };
    }
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

/// A participant writes from another address of his that the operator has on file, and is proven to.
fn by_another_address(case: &Case, ticket: &Ticket) -> bool {
    // Where an agent forwards, the contact is not who writes.
    let own = case.author().is_some_and(|from| case.contact().is_some_and(|contact| contact.email == from));
    own && case.is_verified() && case.facts.found.other_addresses.iter().any(|other| ticket.is_participant(other))
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
        && subject::compared(case.subject()) != subject::compared(&ticket.subject)
}

fn append(case: &Case, ticket: &Ticket, kind: EntryKind, becomes_participant: bool, because: &str) -> Decision {
    let mut work = case.work(ticket.clone()).by(CUSTOMER);
    work.say(case.entry(kind, Direction::Incoming), because);
    work.note_verdict(&case.facts.authenticity);
    bounds::note(&mut work, case.message);
    if becomes_participant {
        let from = case.author_as_written();
        let by = "desk: same organisation, believed".to_owned();
        let change = TicketChange::Participant { email: from.email, name: from.name, by };
        work.change(change, "A believed colleague of the same organisation");
    }
    for other in &case.facts.thread.also {
        work.change(TicketChange::Linked { to: *other }, "The mail proves that it has to do with this ticket too");
    }
    let mut solved = false;
    if kind == EntryKind::Reply {
        asks::complete(case, &mut work);
        solved = articles::solved(case, &mut work);
        if !solved {
            match thanks::only(case).filter(|_| !ticket.status.is_live()) {
                Some(because) => work.event(format!("stays {}", ticket.status), because),
                None => reopen(&mut work),
            }
        }
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
    let only_thanks = !ticket.status.is_live() && !work.ticket.status.is_live();
    // A machine that talks on and on is written down, and after a while disturbs nobody any more.
    let too_much = case.facts.found.recent.len() >= circles::SIMILAR_MAX && work.ticket.entries >= NOISE_MAX;
    if !(too_much || kind == EntryKind::Reply && only_thanks) {
        let woken = if kind == EntryKind::Reply && !solved { duty::again(case, &mut work) } else { None };
        work.outgoing.extend(notify::reply(case, &work, kind, woken));
    }
    let number = ticket.number;
    let mut decision = work.into_decision(Action::Append, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.reasons.push(because.to_owned());
    decision.reasons.extend(solved.then(|| "The customer says that it is solved".to_owned()));
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

/// Of the sender's organisation on file, or of his domain, where that is not one at which everybody can have an address.
fn is_colleague_of(case: &Case, person: &Address) -> bool {
    let (Some(from), Some(person)) = (case.author(), person.spec()) else { return false };
    let of_firm =
        case.facts.organisation.as_ref().is_some_and(|firm| firm.domains.iter().any(|d| d == person.domain()));
    of_firm || from.domain() == person.domain() && !is_free_mail(from.domain())
}

/// Colleagues on a strongly proven sender's mail get copies from now on; others, and those on a weakly proven one's, where
/// an agent lets them in.
pub fn add_copied(case: &Case, work: &mut Work) {
    if !case.is_verified() {
        return;
    }
    let by = case.author_as_written().email;
    let room = PARTICIPANTS_MAX.saturating_sub(work.ticket.participants.len());
    for person in access::copied(case, &work.ticket).into_iter().take(room) {
        match (case.is_strong(), is_colleague_of(case, &person)) {
            (true, true) => {
                let change = TicketChange::Participant { email: person.email, name: person.name, by: by.clone() };
                work.change(change, "A believed participant wrote to this colleague too");
            }
            (true, false) => {
                access::propose(
                    case,
                    work,
                    &person,
                    "A believed participant wrote to this person too, who is no colleague",
                );
            }
            (false, _) => access::propose(case, work, &person, "A weakly proven participant wrote to this person too"),
        }
    }
}

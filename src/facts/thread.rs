//! To which ticket a mail says that it belongs: by the desk's own signed tokens, else by Message-IDs that a ticket
//! knows, else by a bare number.

use crate::model::facts::{Covered, Thread, ThreadBy};
use crate::model::message::{Class, TokenText};
use crate::model::note::bare_detail;
use crate::model::token::{Generations, KeyRing, Proven, TokenKind};
use crate::model::{AddrSpec, Found, Message, Policy, Ticket, TicketNumber};

use super::guesses::Heed;

/// Most Message-IDs that the store is asked about. The last of References are the nearest.
const MAX_IDS: usize = 50;
/// Most tickets that one mail may name.
const MAX_NAMES: usize = 20;

/// A ticket that the mail names with the desk's own check, or by its bare number.
pub struct Named {
    pub number: TicketNumber,
    pub by: ThreadBy,
    /// The hidden token; None for the subject's.
    pub proven: Option<Proven>,
    /// It stands in what a report returned, not in what the sender refers to: it tells which ticket a bounce is about,
    /// and gives nobody rights.
    pub returned: bool,
    /// The token was taken back: it is worth as much as the bare number.
    revoked: bool,
    place: Place,
    written: String,
}

/// Where a ticket is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    To,
    Cc,
    /// Fields that a server wrote at delivery, or whoever wishes that one had.
    Envelope,
    InReplyTo,
    References,
    Subject,
    /// What a report returned.
    Report,
}

impl Place {
    fn is_covered(self, covered: &Covered) -> bool {
        match self {
            Place::To => covered.to,
            Place::Cc => covered.cc,
            Place::Envelope => covered.envelope,
            Place::InReplyTo => covered.in_reply_to,
            Place::References => covered.references,
            Place::Subject => covered.subject,
            Place::Report => false,
        }
    }
}

impl Named {
    fn plain(by: ThreadBy, number: TicketNumber, place: Place, written: &str) -> Self {
        Named { number, by, proven: None, returned: false, revoked: false, place, written: written.to_owned() }
    }

    fn hidden(by: ThreadBy, proven: Proven, place: Place, written: &str) -> Self {
        Named { proven: Some(proven.clone()), ..Named::plain(by, proven.ticket, place, written) }
    }

    /// What is left of a token that was taken back.
    fn revoked(number: TicketNumber, place: Place, written: &str) -> Self {
        Named { revoked: true, ..Named::plain(ThreadBy::Number, number, place, written) }
    }
}

/// Tickets named, the one that counts most first: plus-address, In-Reply-To, References from the right, the subject's
/// token, what a report returned, and last the bare number and what was taken back, which prove nothing.
pub fn names(message: &Message, policy: &Policy, generations: &Generations) -> Vec<Named> {
    let keys = &policy.keys;
    let details = own_details(message, policy);
    let addresses = details.iter().filter_map(|(place, detail)| {
        let proven = keys.prove_address_detail(detail, generations)?;
        Some(Named::hidden(ThreadBy::PlusAddress, proven, *place, detail))
    });
    let ids = placed(message).filter_map(|(place, id)| {
        Some(Named::hidden(ThreadBy::References, keys.prove_message_id(id, generations)?, place, id))
    });
    let (mut names, mut hints): (Vec<Named>, Vec<Named>) = (Vec::new(), Vec::new());
    for named in addresses.chain(ids) {
        match named.proven.as_ref().filter(|proven| !still_counts(proven, message)) {
            Some(proven) => hints.push(Named::revoked(proven.ticket, named.place, &named.written)),
            None => names.push(named),
        }
    }
    for token in message.tokens.iter().filter(|t| is_ours(&t.prefix, policy)) {
        let (number, place, written) = (token.number, Place::Subject, &token.written);
        if token.check.is_none() {
            hints.push(Named::plain(ThreadBy::Number, number, place, written));
        } else if keys.proves_subject(token, generations) {
            names.push(Named::plain(ThreadBy::Token, number, place, written));
        } else if keys.is_revoked_subject(token, generations) {
            hints.push(Named::revoked(number, place, written));
        }
    }
    names.extend(returned(message).filter_map(|id| {
        let proven = keys.prove_message_id(id, generations)?;
        Some(Named { returned: true, ..Named::hidden(ThreadBy::References, proven, Place::Report, id) })
    }));
    names.extend(hints);
    // The number in a confirmation's token is no ticket's; 0 is that of a mail of the desk which belongs to no ticket.
    names.retain(|name| name.number > 0 && name.proven.as_ref().is_none_or(|p| p.kind != TokenKind::Confirm));
    names.truncate(MAX_NAMES);
    names
}

/// Not taken back; or what only a bounce brings, which finds its mail all the same.
fn still_counts(proven: &Proven, message: &Message) -> bool {
    !proven.revoked || (proven.kind == TokenKind::Bounce && message.class == Class::Bounce)
}

/// Numbers in tokens that look like ours and whose check does not hold.
pub fn wrong(message: &Message, policy: &Policy, generations: &Generations) -> Vec<TicketNumber> {
    let keys = &policy.keys;
    let mut numbers: Vec<TicketNumber> = Vec::new();
    numbers.extend(
        own_details(message, policy)
            .iter()
            .filter(|(_, detail)| keys.prove_address_detail(detail, generations).is_none())
            .filter_map(|(_, detail)| claimed(detail.split('-').collect(), 4)),
    );
    numbers.extend(
        referred(message)
            .chain(returned(message))
            .filter(|id| keys.prove_message_id(id, generations).is_none())
            .filter_map(claimed_by_id),
    );
    numbers.extend(wrong_subjects(message, policy, generations).map(|t| t.number));
    numbers.retain(|n| *n > 0);
    dedup(&mut numbers);
    numbers.truncate(MAX_NAMES);
    numbers
}

/// Subject tokens with our prefix and a check that never held. A confirmation's code, 80 bits, is checked where it is known
/// for whom it was made.
pub fn wrong_subjects<'a>(
    message: &'a Message,
    policy: &'a Policy,
    generations: &'a Generations,
) -> impl Iterator<Item = &'a TokenText> {
    let keys = &policy.keys;
    let ours = message.tokens.iter().filter(|t| is_ours(&t.prefix, policy) && t.check.is_some());
    ours.filter(|t| !KeyRing::is_confirm_shaped(t))
        .filter(|t| !keys.proves_subject(t, generations) && !keys.is_revoked_subject(t, generations))
}

/// Tickets of which this mail's own Message-ID claims to be a mail of ours.
pub fn of_own_id(message: &Message) -> impl Iterator<Item = TicketNumber> + '_ {
    message.message_id.iter().map(String::as_str).filter_map(claimed_by_id)
}

/// The number in something of the shape of our Message-IDs.
pub fn claimed_by_id(id: &str) -> Option<TicketNumber> {
    let (left, _) = id.split_once('@')?;
    let rest = left.get(..3).filter(|pd| pd.eq_ignore_ascii_case("pd.")).and(left.get(3..))?;
    claimed(rest.split('.').collect(), 5)
}

/// The number in something of a hidden token's shape: `1c`, number, addressee, …
pub fn claimed(parts: Vec<&str>, count: usize) -> Option<TicketNumber> {
    match parts.as_slice() {
        // What has a confirmation's shape names no ticket.
        [head, number, ..] if parts.len() == count && head.len() == 2 && !head.ends_with('f') => number.parse().ok(),
        _ => None,
    }
}

pub fn dedup(numbers: &mut Vec<TicketNumber>) {
    let mut seen = std::collections::BTreeSet::new();
    numbers.retain(|n| seen.insert(*n));
}

pub fn is_ours(prefix: &str, policy: &Policy) -> bool {
    prefix.eq_ignore_ascii_case(&policy.desk.prefix)
}

/// The details of our own plus-addresses to which this mail was sent or delivered.
pub fn own_details(message: &Message, policy: &Policy) -> Vec<(Place, String)> {
    let to = message.to.iter().map(|a| (Place::To, a.email.as_str()));
    let cc = message.cc.iter().map(|a| (Place::Cc, a.email.as_str()));
    let envelope = message.delivered_to.iter().map(|a| (Place::Envelope, a.as_str()));
    let detail = |(place, email)| {
        let address = AddrSpec::parse(email).ok()?;
        let (_, detail) = policy.own_address(&address)?;
        Some((place, bare_detail(detail?).to_owned()))
    };
    to.chain(cc).chain(envelope).filter_map(detail).collect()
}

/// Message-IDs in In-Reply-To, then in References from the right.
pub fn referred(message: &Message) -> impl Iterator<Item = &str> {
    placed(message).map(|(_, id)| id)
}

fn placed(message: &Message) -> impl Iterator<Item = (Place, &str)> {
    let in_reply_to = message.in_reply_to.iter().map(|id| (Place::InReplyTo, id.as_str()));
    in_reply_to.chain(message.references.iter().rev().map(|id| (Place::References, id.as_str())))
}

/// Message-IDs in what a report returned.
fn returned(message: &Message) -> impl Iterator<Item = &str> {
    let ids = message.report.as_ref().map(|r| r.original_message_id.iter().chain(&r.returned_ids));
    ids.into_iter().flatten().map(String::as_str)
}

/// Message-IDs referred to that are not proven to be ours: a ticket may know them as a customer's.
pub fn foreign_ids(message: &Message, policy: &Policy) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let never = Generations::default();
    for id in referred(message).filter(|id| policy.keys.prove_message_id(id, &never).is_none()) {
        if ids.len() < MAX_IDS && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// Message-IDs of the shape of ours in a bounce.
pub fn bounced(message: &Message) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    if message.report.is_none() && message.class != Class::Bounce {
        return ids;
    }
    for id in returned(message).chain(referred(message)) {
        if ids.len() < MAX_IDS && KeyRing::claimed_kind(id).is_some() && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// Of the mails that a bounce names, those whose Message-ID proves to be ours. Whether it was taken back since is nothing to
/// a mail that comes back.
pub fn keep_proven(found: &mut Found, policy: &Policy) {
    let Found { bounced, generations, .. } = found;
    bounced.retain(|mail| policy.keys.prove_message_id(&mail.message_id, generations).is_some());
}

/// The ticket that lives on under a number.
pub fn living(number: TicketNumber, found: &Found) -> Option<&Ticket> {
    found
        .tickets
        .iter()
        .find(|(asked, _)| *asked == number)
        .or_else(|| found.tickets.iter().find(|(_, ticket)| ticket.number == number))
        .map(|(_, ticket)| ticket)
}

pub fn thread(message: &Message, found: &Found, policy: &Policy, heed: &Heed, covered: Covered) -> Thread {
    let (names, ignored): (Vec<Named>, Vec<Named>) = names(message, policy, &found.generations)
        .into_iter()
        .partition(|n| !n.by.is_proof() || heed.heeds(n, living(n.number, found), policy));
    let known = known(message, found, policy);
    let numbers = |by: fn(ThreadBy) -> bool| names.iter().filter(move |n| by(n.by));
    let mut first: Option<(&Ticket, ThreadBy, Option<&Named>)> = None;
    for named in numbers(ThreadBy::is_proof) {
        first = first.or_else(|| living(named.number, found).map(|t| (t, named.by, Some(named))));
    }
    let peers = |(_, number): &(String, TicketNumber)| living(*number, found).map(|t| (t, ThreadBy::PeerTag, None));
    let first = first.or_else(|| known.first().map(|t| (*t, ThreadBy::KnownId, None)));
    let first = first.or_else(|| found.peer_tags.iter().find_map(peers)).or_else(|| {
        numbers(|by| by == ThreadBy::Number)
            .find_map(|named| living(named.number, found).map(|t| (t, ThreadBy::Number, Some(named))))
    });
    let ticket = first.map(|(ticket, ..)| ticket);
    let mut also: Vec<TicketNumber> =
        numbers(ThreadBy::is_proof).filter_map(|n| living(n.number, found)).map(|t| t.number).collect();
    also.retain(|n| ticket.is_some_and(|t| t.number != *n));
    dedup(&mut also);

    let mut unproven = wrong(message, policy, &found.generations);
    // As though their checks were wrong: nobody can tell from what follows that they are not.
    unproven.extend(ignored.iter().map(|n| n.number));
    unproven.extend(
        names.iter().filter(|n| n.by == ThreadBy::Number || living(n.number, found).is_none()).map(|n| n.number),
    );
    let joined = |n: TicketNumber| ticket.is_some_and(|t| living(n, found).is_some_and(|l| l.number == t.number));
    unproven.retain(|n| !joined(*n));
    dedup(&mut unproven);

    let is_covered = ticket.is_some_and(|t| {
        let here = |n: &&Named| living(n.number, found).is_some_and(|living| living.number == t.number);
        let known = |(place, id): (Place, &str)| place.is_covered(&covered) && knows(id, t, found);
        let peer = || found.peer_tags.iter().any(|(_, n)| living(*n, found).is_some_and(|l| l.number == t.number));
        names.iter().filter(here).any(|n| n.place.is_covered(&covered))
            || placed(message).any(known)
            || (covered.subject && peer())
    });
    let named = first.and_then(|(.., named)| named);
    let proven = named.and_then(|n| n.proven.clone());
    Thread {
        by: first.map_or(ThreadBy::None, |(_, by, _)| by),
        kind: proven.as_ref().map(|p| p.kind),
        because: because(first.map(|(t, by, _)| (t.number, by)), named, &unproven),
        ticket: ticket.cloned(),
        proven,
        also,
        unproven,
        covered: is_covered,
    }
}

/// The ticket knows this Message-ID.
fn knows(id: &str, ticket: &Ticket, found: &Found) -> bool {
    let mut known = found.known_ids.iter().filter(|(known, _)| known == id);
    known.any(|(_, number)| living(*number, found).is_some_and(|living| living.number == ticket.number))
}

/// Tickets that know a Message-ID that this mail refers to, in the order of referring.
fn known<'f>(message: &Message, found: &'f Found, policy: &Policy) -> Vec<&'f Ticket> {
    foreign_ids(message, policy)
        .iter()
        .filter_map(|id| found.known_ids.iter().find(|(known, _)| known == id))
        .filter_map(|(_, number)| living(*number, found))
        .collect()
}

fn because(joined: Option<(TicketNumber, ThreadBy)>, named: Option<&Named>, unproven: &[TicketNumber]) -> String {
    let Some((number, by)) = joined else {
        return match unproven {
            [] => "The mail names no ticket".to_owned(),
            [one] => format!("The mail names ticket {one}, but without a check that holds for a ticket that exists"),
            many => format!(
                "The mail names tickets {}, but none with a check that holds for a ticket that exists",
                many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
        };
    };
    let asked = named.map_or(number, |n| n.number);
    let merged = if asked == number { String::new() } else { format!(", into which {asked} was merged") };
    let sign = match by {
        ThreadBy::PlusAddress => "it was sent to that ticket's signed address".to_owned(),
        ThreadBy::References if named.is_some_and(|n| n.returned) => {
            "the report returns a Message-ID that this desk signed for it".to_owned()
        }
        ThreadBy::References => "it refers to a Message-ID that this desk signed for it".to_owned(),
        ThreadBy::Token => {
            format!("its subject has the token {} and the check holds", named.map_or("", |n| n.written.as_str()))
        }
        ThreadBy::PeerTag => "another desk calls it by the number in the subject".to_owned(),
        ThreadBy::KnownId => "it refers to a Message-ID of that ticket".to_owned(),
        ThreadBy::Number if named.is_some_and(|n| n.revoked) => "it names it by a token that was taken back".to_owned(),
        ThreadBy::Number | ThreadBy::None => "its subject has that number, unproven".to_owned(),
    };
    format!("The mail belongs to ticket {number}{merged}: {sign}")
}

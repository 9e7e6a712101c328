//! Answers what one mail's decision asks ([`Lookup`] → [`Found`]). Runs before every plan, inside its transaction: each
//! statement here must find its rows by an index, however many tickets there are.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{read_story, read_ticket, ticket_columns};
use super::sql::{all, by_message_id, first, message_key, micros, run};
use super::{asked, conduct, contacts, holds, looks, peers, signatures, times, watch};
use crate::model::asked::{COMPARED_MAX, Similar};
use crate::model::facts::{Acknowledged, BouncedMail, Earlier, EarlierTicket, Found, Lookup};
use crate::model::promise::UrgentCount;
use crate::model::ticket::{Status, Ticket, TicketNumber};
use crate::model::token::Generations;
use crate::store::{Result, StoreError};

/// Steps of "merged into" that are followed.
const MERGE_STEPS: usize = 10;
/// Earlier tickets shown.
const EARLIER: u32 = 5;
/// New tickets of one sender within [`RECENT_MINUTES`] that are told.
const RECENT: u32 = 20;
const RECENT_MINUTES: i64 = 30;
/// Of what a mail names, as much as is looked up.
const NAMED: usize = 200;

const MINUTE: i64 = 60 * 1_000_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Last entries of a ticket that, with its first, tell its story.
pub(super) const SAID: usize = 20;

/// What is known about a mail. Besides the tickets that were asked for, `Found::tickets` has those of the known
/// Message-IDs, of the bounced mails and of the recent ones, because whoever joins a mail to one needs it whole.
pub(super) fn find(connection: &Connection, lookup: &Lookup, now: Timestamp) -> Result<Found> {
    let [next_ticket, next_hold, erased] = counters(connection)?;
    let mut found = Found {
        next_ticket,
        next_hold,
        // Mostly there is nothing to look for.
        erased: erased > 0 && was_erased(connection, lookup)?,
        hold: lookup.hold.map_or(Ok(None), |number| holds::hold(connection, number))?,
        held: lookup.digest.as_ref().map_or(Ok(None), |digest| holds::of_mail(connection, digest))?,
        confirmations: lookup.holds_of.as_deref().map_or(Ok(0), |who| holds::lately(connection, who, now))?,
        asked_aside: lookup.aside.then(|| holds::asked_aside(connection, now)).transpose()?,
        duplicate: duplicate(connection, lookup)?,
        id_reused: id_reused(connection, lookup)?,
        turns: all(connection, "SELECT owner_group, member FROM turn", [], |c| Ok((c.take()?, c.take()?)))?
            .into_iter()
            .collect(),
        ..Found::default()
    };
    for mark in lookup.signatures.iter().take(NAMED) {
        found.signatures.extend(signatures::proved(connection, mark)?.map(|mail| (mark.clone(), mail)));
    }
    for id in lookup.message_ids.iter().take(NAMED) {
        if let Some(number) = known_id(connection, id)? {
            found.known_ids.push((id.clone(), number));
        }
    }
    for id in lookup.bounced.iter().take(NAMED) {
        if let Some(mail) = bounced(connection, id)?
            && !found.bounced.iter().any(|known| known.outbox == mail.outbox)
        {
            found.bounced.push(mail);
        }
    }
    let requester = match lookup.requester_of {
        Some(number) => {
            followed(connection, number, &mut found.generations)?.and_then(|ticket| ticket.requester.spec())
        }
        None => None,
    };
    let (sender, from) = (requester.as_ref().or(lookup.sender.as_ref()), requester.as_ref().or(lookup.from.as_ref()));
    if let Some(sender) = sender {
        let (email, domain) = (sender.as_str(), sender.domain());
        found.contact = contacts::contact(connection, email)?;
        let names_tickets = !lookup.tickets.is_empty() || !found.known_ids.is_empty();
        if names_tickets && found.contact.is_some() {
            found.other_addresses = contacts::other_addresses(connection, email)?;
        }
        found.organisation = match found.contact.as_ref().and_then(|c| c.organisation.as_deref()) {
            Some(name) => contacts::organisation(connection, name)?,
            None => contacts::organisation_of_domain(connection, domain)?,
        };
        found.earlier = earlier(connection, email)?;
        found.recent = recent(connection, email, now)?;
        found.acknowledged = acknowledged(connection, email, domain, lookup.least_budget, now)?;
        if lookup.urgent_of > 0 {
            let organisation = found.organisation.as_ref().map(|o| o.name.as_str());
            found.urgent = urgent(connection, organisation, email, lookup.urgent_of)?;
        }
    }
    if let Some(from) = from {
        let written = lookup.written_at.map_or(now, |at| at.min(now));
        found.conduct = conduct::conduct(connection, from.as_str(), written, now)?;
        found.automatic = peers::automatic(connection, now)?;
        for tag in lookup.foreign_tags.iter().take(NAMED) {
            found.peer_tags.extend(peers::ticket(connection, from.as_str(), tag)?.map(|t| (tag.clone(), t)));
        }
        if let Some(skeleton) = &lookup.skeleton {
            found.resembles = looks::domain(connection, skeleton, from.domain())?;
            found.double_of = looks::person(connection, lookup.name.as_deref(), from)?;
        }
    }
    found.mail_to_sender = match sender {
        Some(sender) if from != Some(sender) => conduct::mail_to(connection, sender.as_str())?,
        _ => found.conduct.mail_to_it,
    };
    if let Some(agents) = &lookup.agents {
        found.learnt = conduct::learnt(connection, agents.as_str())?;
    }
    for what in lookup.moments.iter().take(NAMED) {
        found.moments.extend(watch::moment(connection, what)?.map(|at| (what.clone(), at)));
    }
    if lookup.loads {
        found.loads =
            all(connection, "SELECT owner, tickets FROM load WHERE tickets > 0", [], |c| Ok((c.take()?, c.take()?)))?
                .into_iter()
                .collect();
    }
    tickets(connection, lookup, &mut found)?;
    spent(connection, lookup, now, &mut found)?;
    if lookup.story {
        for (_, ticket) in &found.tickets {
            found.absorbed.extend(absorbed(connection, ticket.number)?);
            found.said.extend(read_story(connection, ticket.number, SAID)?);
        }
    }
    asked::answer(connection, lookup, &mut found)?;
    Ok(found)
}

/// The numbers that the next ticket and the next hold get, and how many mails were erased.
fn counters(connection: &Connection) -> Result<[i64; 3]> {
    let rows: Vec<(String, i64)> =
        all(connection, "SELECT name, value FROM counter", [], |c| Ok((c.take()?, c.take()?)))?;
    let value = |name: &str| rows.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    match (value("next-ticket"), value("next-hold")) {
        (Some(ticket), Some(hold)) => Ok([ticket, hold, value("erased").unwrap_or_default()]),
        _ => Err(StoreError::Broken("A row that gives numbers is missing".to_owned())),
    }
}

fn was_erased(connection: &Connection, lookup: &Lookup) -> Result<bool> {
    for mark in lookup.erased.iter().take(NAMED) {
        if first(connection, "SELECT 1 FROM erased WHERE mark = ?1", [mark], |c| c.take::<i64>())?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn next_ticket(connection: &Connection) -> Result<TicketNumber> {
    first(connection, "SELECT value FROM counter WHERE name = 'next-ticket'", [], |c| c.take())?
        .ok_or_else(|| StoreError::Broken("The row that gives ticket numbers is missing".to_owned()))
}

fn tickets(connection: &Connection, lookup: &Lookup, found: &mut Found) -> Result<()> {
    let asked = lookup.tickets.iter().take(NAMED).copied();
    let known = found.known_ids.iter().map(|(_, number)| *number);
    let bounced = found.bounced.iter().filter_map(|mail| mail.ticket);
    let recent = found.recent.iter().map(|ticket| ticket.number);
    let peers = found.peer_tags.iter().map(|(_, number)| *number);
    let held = found.hold.iter().filter_map(|hold| hold.ticket);
    let numbers: Vec<_> = asked.chain(known).chain(bounced).chain(recent).chain(peers).chain(held).collect();
    for number in numbers {
        if found.tickets.iter().any(|(seen, _)| *seen == number) {
            continue;
        }
        if let Some(ticket) = followed(connection, number, &mut found.generations)? {
            found.tickets.push((number, ticket));
        }
    }
    Ok(())
}

/// What was booked for firms that have hours.
fn spent(connection: &Connection, lookup: &Lookup, now: Timestamp, found: &mut Found) -> Result<()> {
    if lookup.packages.all.is_empty() {
        return Ok(());
    }
    let of_tickets = found.tickets.iter().filter_map(|(_, ticket)| ticket.organisation.clone());
    let mut firms: Vec<String> = found.organisation.iter().map(|o| o.name.clone()).chain(of_tickets).collect();
    firms.sort_unstable();
    firms.dedup();
    for firm in firms {
        if let Some(package) = lookup.packages.of(&firm) {
            let minutes = times::spent(connection, &firm, lookup.packages.since(package.per, now))?;
            found.spent.push((firm, minutes));
        }
    }
    Ok(())
}

/// Tickets that live on in this one, whichever way they came there.
pub(super) fn absorbed(connection: &Connection, number: TicketNumber) -> Result<Vec<Ticket>> {
    let mut out: Vec<Ticket> = Vec::new();
    let mut into = vec![number];
    for _ in 0..MERGE_STEPS {
        let mut next = Vec::new();
        for number in into {
            let sql = concat!("SELECT ", ticket_columns!(), " FROM ticket WHERE merged_into = ?1 LIMIT 1000");
            next.extend(all(connection, sql, [number], super::rows::ticket)?);
        }
        if next.is_empty() {
            break;
        }
        into = next.iter().map(|t: &Ticket| t.number).collect();
        out.extend(next);
    }
    Ok(out)
}

/// A ticket, or the one in which it lives on.
pub(super) fn followed(
    connection: &Connection,
    number: TicketNumber,
    generations: &mut Generations,
) -> Result<Option<Ticket>> {
    let mut ticket = read_ticket(connection, number)?;
    if let Some(ticket) = &ticket {
        generations.note(number, ticket.access.generation);
    }
    for _ in 0..MERGE_STEPS {
        let Some(into) = ticket.as_ref().and_then(|t| t.merged_into) else { break };
        match read_ticket(connection, into)? {
            Some(next) => ticket = Some(next),
            None => break,
        }
    }
    Ok(ticket)
}

/// The same bytes, or the same content under the same Message-ID, that came before and has a fate; what only stands in
/// quarantine has not been taken in.
fn duplicate(connection: &Connection, lookup: &Lookup) -> Result<Option<Earlier>> {
    let earlier = |c: &mut super::sql::Columns<'_>| Ok(Earlier { fate: c.take()?, ticket: c.take()? });
    if let Some(digest) = &lookup.digest {
        let same = first(
            connection,
            "SELECT fate, ticket FROM ledger WHERE digest = ?1 AND fate IS NOT NULL AND fate <> 'quarantined' \
             ORDER BY id LIMIT 1",
            [&digest.0[..]],
            earlier,
        )?;
        if same.is_some() {
            return Ok(same);
        }
    }
    let (Some(fingerprint), Some(key)) = (&lookup.fingerprint, lookup.message_id.as_deref().and_then(message_key))
    else {
        return Ok(None);
    };
    first(
        connection,
        "SELECT fate, ticket FROM ledger WHERE message_key = ?1 AND fingerprint = ?2 AND fate IS NOT NULL \
         AND fate <> 'quarantined' ORDER BY id LIMIT 1",
        params![key, &fingerprint.0[..]],
        earlier,
    )
}

fn id_reused(connection: &Connection, lookup: &Lookup) -> Result<bool> {
    let (Some(fingerprint), Some(key)) = (&lookup.fingerprint, lookup.message_id.as_deref().and_then(message_key))
    else {
        return Ok(false);
    };
    let other = first(
        connection,
        "SELECT 1 FROM ledger WHERE message_key = ?1 AND (fingerprint < ?2 OR fingerprint > ?2) AND fate IS NOT NULL \
         AND fate <> 'quarantined' LIMIT 1",
        params![key, &fingerprint.0[..]],
        |c| c.take::<i64>(),
    )?;
    Ok(other.is_some())
}

/// The ticket that said (or was told) this first.
fn known_id(connection: &Connection, id: &str) -> Result<Option<TicketNumber>> {
    let sql = "SELECT ticket FROM entry WHERE message_key = ?1 ORDER BY id LIMIT 1";
    by_message_id(id, |key| first(connection, sql, [key], |c| c.take()))
}

fn bounced(connection: &Connection, id: &str) -> Result<Option<BouncedMail>> {
    let sql = "SELECT id, ticket, to_email, message_id, state = 'bounced' FROM outbox WHERE message_key = ?1 \
               ORDER BY id LIMIT 1";
    by_message_id(id, |key| {
        first(connection, sql, [key], |c| {
            Ok(BouncedMail {
                outbox: c.take()?,
                ticket: c.take()?,
                to: c.take()?,
                message_id: c.take()?,
                known: c.take()?,
            })
        })
    })
}

fn earlier(connection: &Connection, email: &str) -> Result<Vec<EarlierTicket>> {
    all(
        connection,
        "SELECT number, subject, status, created_at FROM ticket WHERE requester_key = ?1 \
         ORDER BY created_at DESC, number DESC LIMIT ?2",
        params![email, EARLIER],
        |c| {
            Ok(EarlierTicket {
                number: c.take()?,
                subject: c.take()?,
                status: c.word("ticket.status", Status::from_word)?,
                created_at: c.time()?,
            })
        },
    )
}

fn recent(connection: &Connection, email: &str, now: Timestamp) -> Result<Vec<Similar>> {
    let (from, until) = around(now, RECENT_MINUTES * MINUTE);
    all(
        connection,
        "SELECT number, subject, (SELECT substr(reply, 1, ?5) FROM entry WHERE entry.ticket = number AND seq = 1) \
         FROM ticket WHERE requester_key = ?1 AND created_at > ?2 AND created_at < ?3 \
         ORDER BY created_at DESC, number DESC LIMIT ?4",
        params![email, from, until, RECENT, COMPARED_MAX],
        |c| {
            Ok(Similar { number: c.take()?, subject: c.take()?, text: c.take::<Option<String>>()?.unwrap_or_default() })
        },
    )
}

/// How often the last tickets of an organisation, or of a sender without one, were called urgent.
fn urgent(connection: &Connection, organisation: Option<&str>, email: &str, last: u32) -> Result<UrgentCount> {
    let of_organisation = "SELECT count(*), coalesce(sum(urgency > 0), 0), coalesce(sum(urgency > 1 AND verified), 0), \
         coalesce(sum(urgency > 1 AND NOT verified), 0) FROM (SELECT urgency, verified FROM ticket WHERE organisation = ?1 ORDER BY number DESC LIMIT ?2)";
    let of_sender = "SELECT count(*), coalesce(sum(urgency > 0), 0), coalesce(sum(urgency > 1 AND verified), 0), \
         coalesce(sum(urgency > 1 AND NOT verified), 0) FROM (SELECT urgency, verified FROM ticket WHERE requester_key = ?1 ORDER BY created_at DESC, number DESC LIMIT ?2)";
    let (sql, who) = organisation.map_or((of_sender, email), |name| (of_organisation, name));
    let count = first(connection, sql, params![who, last], |c| {
        Ok(UrgentCount { tickets: c.take()?, marked: c.take()?, raised: c.take()?, raised_unproven: c.take()? })
    })?;
    Ok(count.unwrap_or_default())
}

/// Tickets at which the clock has to look now, the longest overdue first.
pub(super) fn clock_due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<TicketNumber>> {
    all(
        connection,
        "SELECT number FROM ticket WHERE clock_at <= ?1 ORDER BY clock_at LIMIT ?2",
        params![micros(now), i64::try_from(limit).unwrap_or(i64::MAX)],
        |c| c.take(),
    )
}

/// See [`crate::store::Store::put_off`].
pub(super) fn put_off(connection: &Connection, number: TicketNumber, until: Timestamp) -> Result<()> {
    run(connection, "UPDATE ticket SET clock_at = ?2 WHERE number = ?1", params![number, micros(until)])?;
    Ok(())
}

/// When the clock has to look at a ticket next.
pub(super) fn clock_next(connection: &Connection) -> Result<Option<Timestamp>> {
    first(connection, "SELECT clock_at FROM ticket WHERE clock_at IS NOT NULL ORDER BY clock_at LIMIT 1", [], |c| {
        c.time()
    })
}

/// Both ways from now: after the clock was set back, what was sent "in the future" still counts, but no longer than it
/// would have counted had the clock been right.
pub(super) fn around(now: Timestamp, reach: i64) -> (i64, i64) {
    (micros(now).saturating_sub(reach), micros(now).saturating_add(reach))
}

/// One statement for the four budgets: this is asked for every mail.
fn acknowledged(
    connection: &Connection,
    email: &str,
    domain: &str,
    least_budget: u32,
    now: Timestamp,
) -> Result<Acknowledged> {
    let (minutes, hour, day) = (around(now, 10 * MINUTE), around(now, HOUR), around(now, DAY));
    let counts = first(
        connection,
        "SELECT (SELECT count(*) FROM acknowledgement WHERE email = ?1 AND at > ?3 AND at < ?4), \
         (SELECT count(*) FROM acknowledgement WHERE email = ?1 AND at > ?5 AND at < ?6), \
         CASE WHEN kept < ?9 THEN kept \
         ELSE (SELECT count(*) FROM acknowledgement WHERE domain = ?2 AND at > ?7 AND at < ?8) END, \
         CASE WHEN kept < ?9 THEN kept ELSE (SELECT count(*) FROM acknowledgement WHERE at > ?7 AND at < ?8) END \
         FROM (SELECT coalesce((SELECT max(id) FROM acknowledgement) - (SELECT min(id) FROM acknowledgement) + 1, 0) AS kept)",
        params![email, domain, minutes.0, minutes.1, day.0, day.1, hour.0, hour.1, least_budget],
        |c| {
            Ok(Acknowledged {
                address_ten_minutes: c.take()?,
                address_day: c.take()?,
                domain_hour: c.take()?,
                all_hour: c.take()?,
            })
        },
    )?;
    Ok(counts.unwrap_or_default())
}

/// Between which times an acknowledgement counts somewhere now, with a day to spare.
pub(super) fn counted(now: Timestamp) -> (i64, i64) {
    around(now, 2 * DAY)
}

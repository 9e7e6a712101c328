//! Tickets and entries as rows: written whole, read whole.

use std::borrow::Cow;

use rusqlite::{Connection, params};

use super::sql::{Columns, all, first, json, message_key, micros, run};
use crate::model::address::Address;
use crate::model::calendar::Stretch;
use crate::model::facts::Believed;
use crate::model::language::Language;
use crate::model::message::Reply;
use crate::model::text::fold;
use crate::model::ticket::{Direction, Entry, EntryKind, HistoryLine, Priority, Status, Ticket, TicketNumber};
use crate::store::{Result, StoreError};

/// The columns of [`ticket`], in its order.
macro_rules! ticket_columns {
    () => {
        "number, subject, status, category, priority, language, mailbox, requester_name, requester_email, contact, \
         organisation, verified, restricted, owner, owner_group, participants, created_at, updated_at, \
         first_response_due_at, resolve_due_at, first_responded_at, resolved_at, snoozed_until, merged_into, linked, \
         thread, entries, service, access, hands"
    };
}
pub(super) use ticket_columns;

/// Longest reply text that is made searchable, in bytes: the words of a person, not a pasted log.
const SEARCHABLE: usize = 32 << 10;

pub(super) fn ticket(c: &mut Columns<'_>) -> Result<Ticket> {
    Ok(Ticket {
        number: c.take()?,
        subject: c.take()?,
        status: c.word("ticket.status", Status::from_word)?,
        category: c.take()?,
        priority: c.word("ticket.priority", Priority::from_word)?,
        language: c.word("ticket.language", Language::from_code)?,
        mailbox: c.take()?,
        requester: Address { name: c.take()?, email: c.take()? },
        contact: c.take()?,
        organisation: c.take()?,
        verified: c.take()?,
        restricted: c.take()?,
        owner: c.take()?,
        group: c.take()?,
        participants: c.json("ticket.participants")?,
        created_at: c.time()?,
        updated_at: c.time()?,
        first_response_due_at: c.time_or_none()?,
        resolve_due_at: c.time_or_none()?,
        first_responded_at: c.time_or_none()?,
        resolved_at: c.time_or_none()?,
        snoozed_until: c.time_or_none()?,
        merged_into: c.take()?,
        linked: c.json("ticket.linked")?,
        thread: c.json("ticket.thread")?,
        entries: c.take()?,
        service: c.json("ticket.service")?,
        access: c.json("ticket.access")?,
        hands: c.json("ticket.hands")?,
    })
}

pub(super) fn read_ticket(connection: &Connection, number: TicketNumber) -> Result<Option<Ticket>> {
    first(connection, concat!("SELECT ", ticket_columns!(), " FROM ticket WHERE number = ?1"), [number], ticket)
}

const INSERT_TICKET: &str = "INSERT INTO ticket (number, subject, status, live, category, priority, language, mailbox, \
    requester_name, requester_email, requester_key, contact, organisation, verified, restricted, owner, owner_group, \
    participants, created_at, updated_at, first_response_due_at, resolve_due_at, first_responded_at, resolved_at, \
    snoozed_until, merged_into, linked, thread, entries, service, clock_at, urgency, access, hands, sla, stopped_at, waits, offered, helped) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
    ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39)";

const UPDATE_TICKET: &str = "UPDATE ticket SET subject = ?2, status = ?3, live = ?4, category = ?5, priority = ?6, \
    language = ?7, mailbox = ?8, requester_name = ?9, requester_email = ?10, requester_key = ?11, contact = ?12, \
    organisation = ?13, verified = ?14, restricted = ?15, owner = ?16, owner_group = ?17, participants = ?18, \
    created_at = ?19, updated_at = ?20, first_response_due_at = ?21, resolve_due_at = ?22, first_responded_at = ?23, \
    resolved_at = ?24, snoozed_until = ?25, merged_into = ?26, linked = ?27, thread = ?28, entries = ?29, \
    service = ?30, clock_at = ?31, urgency = ?32, access = ?33, hands = ?34, sla = ?35, stopped_at = ?36, waits = ?37, \
    offered = ?38, helped = ?39 \
    WHERE number = ?1";

/// Writes a ticket whole. Refused where it is `new` and its number was given before, or the other way round.
pub(super) fn write_ticket(connection: &Connection, ticket: &Ticket, new: bool) -> Result<()> {
    let changed = run(
        connection,
        if new { INSERT_TICKET } else { UPDATE_TICKET },
        params![
            ticket.number,
            ticket.subject,
            ticket.status.word(),
            ticket.status.is_live(),
            ticket.category,
            ticket.priority.word(),
            ticket.language.code(),
            ticket.mailbox,
            ticket.requester.name,
            ticket.requester.email,
            ticket.requester.email.to_ascii_lowercase(),
            ticket.contact,
            ticket.organisation,
            ticket.verified,
            ticket.restricted,
            ticket.owner,
            ticket.group,
            json(&ticket.participants)?,
            micros(ticket.created_at),
            micros(ticket.updated_at),
            ticket.first_response_due_at.map(micros),
            ticket.resolve_due_at.map(micros),
            ticket.first_responded_at.map(micros),
            ticket.resolved_at.map(micros),
            ticket.snoozed_until.map(micros),
            ticket.merged_into,
            json(&ticket.linked)?,
            json(&ticket.thread)?,
            ticket.entries,
            json(&ticket.service)?,
            ticket.service.next_at.map(micros),
            ticket.service.urgency.as_ref().map(|called| if called.raised { 2 } else { 1 }).unwrap_or(0),
            json(&ticket.access)?,
            json(&ticket.hands)?,
            ticket.service.sla,
            ticket.service.stopped_at.map(micros),
            waits(&ticket.service.pauses)?,
            offered(&ticket.service.offered)?,
            ticket.service.helped,
        ],
    )?;
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::Refused(format!("Ticket {} was changed but is not there", ticket.number))),
    }
}

/// The same times again where figures are counted from, without what else a promise needs.
fn waits(pauses: &[Stretch]) -> Result<Option<String>> {
    let times: Vec<(i64, i64)> = pauses.iter().map(|(from, until)| (micros(*from), micros(*until))).collect();
    if times.is_empty() { Ok(None) } else { json(&times).map(Some) }
}

fn offered(articles: &[String]) -> Result<Option<String>> {
    if articles.is_empty() { Ok(None) } else { json(&articles).map(Some) }
}

const INSERT_ENTRY: &str = "INSERT INTO entry (ticket, seq, direction, kind, from_name, from_email, recipients, at, \
    subject, text, reply, quoted, signature, marker, attachments, message_id, message_key, believed, raw) VALUES (?1, \
    ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";

/// Adds an entry. `raw`: the row of the raw mail that is being taken in.
pub(super) fn insert_entry(connection: &Connection, entry: &Entry, raw: Option<i64>) -> Result<()> {
    run(
        connection,
        INSERT_ENTRY,
        params![
            entry.ticket,
            entry.seq,
            entry.direction.word(),
            entry.kind.word(),
            entry.from.name,
            entry.from.email,
            json(&entry.to)?,
            micros(entry.at),
            entry.subject,
            entry.text,
            entry.reply.text,
            entry.reply.quoted,
            entry.reply.signature,
            entry.reply.marker,
            json(&entry.attachments)?,
            entry.message_id,
            entry.message_id.as_deref().and_then(message_key),
            entry.believed.map(Believed::word),
            if entry.raw { raw } else { None },
        ],
    )?;
    Ok(())
}

/// The number in the word index tells the ticket without a look at the entry: `ticket * 2^20 + seq`.
pub(super) const WORDS_SHIFT: i64 = 20;

/// What is found of an entry.
pub(super) struct Words {
    rowid: i64,
    subject: String,
    requester: String,
    text: String,
}

/// The words of an entry that was added; `changed`: the tickets that are written with it.
pub(super) fn words(connection: &Connection, entry: &Entry, changed: &[Ticket]) -> Result<Words> {
    let requester = |name: Option<&str>, email: &str| format!("{} {email}", name.unwrap_or_default());
    let (subject, requester) = match changed.iter().find(|ticket| ticket.number == entry.ticket) {
        Some(ticket) => {
            let Address { name, email } = &ticket.requester;
            (ticket.subject.clone(), requester(name.as_deref(), email))
        }
        None => first(
            connection,
            "SELECT subject, requester_name, requester_email FROM ticket WHERE number = ?1",
            [entry.ticket],
            |c| Ok((c.take()?, requester(c.take::<Option<String>>()?.as_deref(), &c.take::<String>()?))),
        )?
        .ok_or_else(|| StoreError::Refused(format!("An entry for ticket {}, which is not there", entry.ticket)))?,
    };
    let text = match entry.reply.text.is_empty() {
        true => &entry.text,
        false => &entry.reply.text,
    };
    let end = text.floor_char_boundary(SEARCHABLE);
    Ok(Words {
        rowid: (entry.ticket << WORDS_SHIFT) | i64::from(entry.seq),
        subject: folded(&subject).into_owned(),
        requester: folded(&requester).into_owned(),
        text: folded(text.get(..end).unwrap_or_default()).into_owned(),
    })
}

/// Makes words searchable.
pub(super) fn index(connection: &Connection, words: &Words) -> Result<()> {
    run(
        connection,
        "INSERT INTO entry_words (rowid, subject, requester, text) VALUES (?1, ?2, ?3, ?4)",
        params![words.rowid, words.subject, words.requester, words.text],
    )?;
    Ok(())
}

/// As [`fold`], but ASCII as it is: the index lowers it by itself, and this is the writer's time.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(fold(text)) }
}

pub(super) fn read_entries(connection: &Connection, number: TicketNumber) -> Result<Vec<Entry>> {
    all(
        connection,
        "SELECT ticket, seq, direction, kind, from_name, from_email, recipients, at, subject, text, reply, quoted, \
         signature, marker, attachments, message_id, believed, raw IS NOT NULL FROM entry WHERE ticket = ?1 ORDER BY seq",
        [number],
        |c| {
            Ok(Entry {
                ticket: c.take()?,
                seq: c.take()?,
                direction: c.word("entry.direction", Direction::from_word)?,
                kind: c.word("entry.kind", EntryKind::from_word)?,
                from: Address { name: c.take()?, email: c.take()? },
                to: c.json("entry.recipients")?,
                at: c.time()?,
                subject: c.take()?,
                text: c.take()?,
                reply: Reply { text: c.take()?, quoted: c.take()?, signature: c.take()?, marker: c.take()? },
                attachments: c.json("entry.attachments")?,
                message_id: c.take()?,
                believed: c.word_or_none("entry.believed", Believed::from_word)?,
                raw: c.take()?,
            })
        },
    )
}

pub(super) fn insert_history(connection: &Connection, line: &HistoryLine) -> Result<()> {
    run(
        connection,
        "INSERT INTO history (ticket, at, actor, change, because) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![line.ticket, micros(line.at), line.actor, json(&line.change)?, line.because],
    )?;
    Ok(())
}

pub(super) fn read_history(connection: &Connection, number: TicketNumber) -> Result<Vec<HistoryLine>> {
    all(
        connection,
        "SELECT ticket, at, actor, change, because FROM history WHERE ticket = ?1 ORDER BY id",
        [number],
        |c| {
            Ok(HistoryLine {
                ticket: c.take()?,
                at: c.time()?,
                actor: c.take()?,
                change: c.json("history.change")?,
                because: c.take()?,
            })
        },
    )
}

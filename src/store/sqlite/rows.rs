//! Tickets and entries as rows: written whole, read whole.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params, params_from_iter};

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

/// What stands in no index, or in one that is sorted by the last change.
const UPDATE_TICKET: &str = "UPDATE ticket SET subject = ?2, priority = ?3, language = ?4, mailbox = ?5, requester_name = ?6, \
    requester_email = ?7, contact = ?8, verified = ?9, restricted = ?10, owner_group = ?11, participants = ?12, \
    updated_at = ?13, snoozed_until = ?14, linked = ?15, thread = ?16, entries = ?17, service = ?18, clock_at = ?19, \
    access = ?20, hands = ?21 WHERE number = ?1";

/// The rest, where it is not so already: SQLite writes every index anew that has a column which a statement sets, be it to
/// what it was, and most changes of a ticket change nothing here.
const UPDATE_INDEXED: &str = "UPDATE ticket SET status = ?2, live = ?3, category = ?4, requester_key = ?5, organisation = ?6, \
    owner = ?7, created_at = ?8, first_response_due_at = ?9, resolve_due_at = ?10, first_responded_at = ?11, \
    resolved_at = ?12, merged_into = ?13, urgency = ?14, sla = ?15, stopped_at = ?16, waits = ?17, offered = ?18, helped = ?19 \
    WHERE number = ?1 AND (status, live, category, requester_key, organisation, owner, created_at, first_response_due_at, \
    resolve_due_at, first_responded_at, resolved_at, merged_into, urgency, sla, stopped_at, waits, offered, helped) IS NOT \
    (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";

/// Writes a ticket whole. Refused where it is `new` and its number was given before, or the other way round.
pub(super) fn write_ticket(connection: &Connection, ticket: &Ticket, new: bool) -> Result<()> {
    let key = ticket.requester.email.to_ascii_lowercase();
    let (participants, linked, thread) = (json(&ticket.participants)?, json(&ticket.linked)?, json(&ticket.thread)?);
    let (service, access, hands) = (json(&ticket.service)?, json(&ticket.access)?, json(&ticket.hands)?);
    let urgency = ticket.service.urgency.as_ref().map_or(0, |called| if called.raised { 2 } else { 1 });
    let (waits, offered) = (waits(&ticket.service.pauses)?, offered(&ticket.service.offered)?);
    let (status, live) = (ticket.status.word(), ticket.status.is_live());
    let at = |time: Option<Timestamp>| time.map(micros);
    let changed = if new {
        run(
            connection,
            INSERT_TICKET,
            params![
                ticket.number,
                ticket.subject,
                status,
                live,
                ticket.category,
                ticket.priority.word(),
                ticket.language.code(),
                ticket.mailbox,
                ticket.requester.name,
                ticket.requester.email,
                key,
                ticket.contact,
                ticket.organisation,
                ticket.verified,
                ticket.restricted,
                ticket.owner,
                ticket.group,
                participants,
                micros(ticket.created_at),
                micros(ticket.updated_at),
                at(ticket.first_response_due_at),
                at(ticket.resolve_due_at),
                at(ticket.first_responded_at),
                at(ticket.resolved_at),
                at(ticket.snoozed_until),
                ticket.merged_into,
                linked,
                thread,
                ticket.entries,
                service,
                at(ticket.service.next_at),
                urgency,
                access,
                hands,
                ticket.service.sla,
                at(ticket.service.stopped_at),
                waits,
                offered,
                ticket.service.helped,
            ],
        )?
    } else {
        let indexed = params![
            ticket.number,
            status,
            live,
            ticket.category,
            key,
            ticket.organisation,
            ticket.owner,
            micros(ticket.created_at),
            at(ticket.first_response_due_at),
            at(ticket.resolve_due_at),
            at(ticket.first_responded_at),
            at(ticket.resolved_at),
            ticket.merged_into,
            urgency,
            ticket.service.sla,
            at(ticket.service.stopped_at),
            waits,
            offered,
            ticket.service.helped,
        ];
        run(connection, UPDATE_INDEXED, indexed)?;
        run(
            connection,
            UPDATE_TICKET,
            params![
                ticket.number,
                ticket.subject,
                ticket.priority.word(),
                ticket.language.code(),
                ticket.mailbox,
                ticket.requester.name,
                ticket.requester.email,
                ticket.contact,
                ticket.verified,
                ticket.restricted,
                ticket.group,
                participants,
                micros(ticket.updated_at),
                at(ticket.snoozed_until),
                linked,
                thread,
                ticket.entries,
                service,
                at(ticket.service.next_at),
                access,
                hands,
            ],
        )?
    };
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

impl Words {
    pub(super) fn rowid(&self) -> i64 {
        self.rowid
    }
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

macro_rules! entries {
    ($which:literal) => {
        concat!(
            "SELECT ticket, seq, direction, kind, from_name, from_email, recipients, at, subject, text, reply, quoted, \
             signature, marker, attachments, message_id, believed, raw IS NOT NULL FROM entry WHERE ticket = ?1 ",
            $which,
            "ORDER BY seq"
        )
    };
}

pub(super) fn read_entries(connection: &Connection, number: TicketNumber) -> Result<Vec<Entry>> {
    all(connection, entries!(""), [number], entry)
}

/// The first entry, which says what it is all about, and so many of the last ones: what the writer may wait for.
pub(super) fn read_story(connection: &Connection, number: TicketNumber, last: usize) -> Result<Vec<Entry>> {
    let sql = entries!(
        "AND (seq = (SELECT min(seq) FROM entry WHERE ticket = ?1) \
         OR seq IN (SELECT seq FROM entry WHERE ticket = ?1 ORDER BY seq DESC LIMIT ?2)) "
    );
    all(connection, sql, params![number, i64::try_from(last).unwrap_or(i64::MAX)], entry)
}

fn entry(c: &mut Columns<'_>) -> Result<Entry> {
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
        reply: Reply {
            text: c.take()?,
            quoted: c.take()?,
            signature: c.take()?,
            marker: c.take()?,
            ..Reply::default()
        },
        attachments: c.json("entry.attachments")?,
        message_id: c.take()?,
        believed: c.word_or_none("entry.believed", Believed::from_word)?,
        raw: c.take()?,
    })
}

/// Lines of a ticket's history that one statement writes: a mail that opens one leaves six or seven.
const LINES: usize = 8;

pub(super) fn insert_history(connection: &Connection, lines: &[HistoryLine]) -> Result<()> {
    for lines in lines.chunks(LINES) {
        let rows = vec!["(?, ?, ?, ?, ?)"; lines.len()].join(", ");
        let mut values: Vec<ToSqlOutput<'_>> = Vec::with_capacity(lines.len() * 5);
        for HistoryLine { ticket, at, actor, change, because } in lines {
            values.extend([ToSqlOutput::from(*ticket), micros(*at).into(), actor.as_str().into()]);
            values.extend([ToSqlOutput::from(json(change)?), because.as_str().into()]);
        }
        let sql = format!("INSERT INTO history (ticket, at, actor, change, because) VALUES {rows}");
        run(connection, &sql, params_from_iter(values))?;
    }
    Ok(())
}

pub(super) fn read_history(connection: &Connection, number: TicketNumber) -> Result<Vec<HistoryLine>> {
    let sql = "SELECT ticket, at, actor, change, because FROM history WHERE ticket = ?1 ORDER BY id";
    all(connection, sql, [number], history_line)
}

/// Its last lines, in their order.
pub(super) fn last_history(connection: &Connection, number: TicketNumber, last: usize) -> Result<Vec<HistoryLine>> {
    let sql = "SELECT ticket, at, actor, change, because FROM history WHERE ticket = ?1 ORDER BY id DESC LIMIT ?2";
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    let mut lines = all(connection, sql, params![number, last], history_line)?;
    lines.reverse();
    Ok(lines)
}

fn history_line(c: &mut Columns<'_>) -> Result<HistoryLine> {
    Ok(HistoryLine {
        ticket: c.take()?,
        at: c.time()?,
        actor: c.take()?,
        change: c.json("history.change")?,
        because: c.take()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Options, schema};

    fn set(statement: &str) -> Vec<&str> {
        let (_, columns) = statement.split_once(" SET ").expect("sets");
        let (columns, _) = columns.split_once(" WHERE ").expect("has a condition");
        columns.split(", ").map(|column| column.split(" = ").next().expect("a column").trim()).collect()
    }

    #[test]
    fn a_change_writes_only_those_indexes_anew_that_are_sorted_by_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = schema::open_writer(&folder.path().join("desk.db"), &Options::default()).expect("opens");
        let list = |sql: &str| -> Vec<String> { all(&connection, sql, [], |c| c.take()).expect("reads") };
        let touched: Vec<String> = list("SELECT name FROM pragma_index_list('ticket')")
            .into_iter()
            .filter(|index| {
                let columns = list(&format!("SELECT name FROM pragma_index_info('{index}') WHERE name IS NOT NULL"));
                columns.iter().any(|column| set(UPDATE_TICKET).contains(&column.as_str()))
            })
            .collect();
        for index in &touched {
            assert!(
                ["ticket_updated", "ticket_live", "ticket_ended", "ticket_organisation", "ticket_clock"]
                    .contains(&index.as_str()),
                "{index}: a column of it is set by every change; it belongs into the statement that looks first"
            );
        }
        let columns = list("SELECT name FROM pragma_table_info('ticket') WHERE pk = 0");
        let written = [set(UPDATE_TICKET), set(UPDATE_INDEXED)].concat();
        assert_eq!(written.len(), columns.len(), "each in one of them");
        assert!(columns.iter().all(|column| written.contains(&column.as_str())));
    }
}

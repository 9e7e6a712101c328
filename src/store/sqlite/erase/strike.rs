//! A person's traces in what others said, and in what the desk wrote about it: struck out, the rest stays.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use serde_json::Value;

use super::{list, run};
use crate::model::access::Access;
use crate::model::erasure::Person;
use crate::model::ticket::{Participant, TicketNumber};
use crate::model::{Address, Ticket};
use crate::store::Result;
use crate::store::erase::Erased;
use crate::store::sqlite::rows::{read_entries, read_ticket, write_ticket};
use crate::store::sqlite::sql::json;

/// What they said in others' tickets is emptied; what others said loses them.
pub(super) fn entries(
    c: &Connection,
    person: &Person,
    erased: &mut Erased,
    touched: &mut BTreeSet<TicketNumber>,
) -> Result<()> {
    let email = person.email();
    let theirs = "SELECT DISTINCT ticket FROM entry WHERE lower(from_email) = ?1";
    touched.extend(list::<i64>(c, theirs, [email])?);
    forget_thread(c, email)?;
    erased.entries += run(
        c,
        "UPDATE entry SET from_name = NULL, from_email = '', recipients = '[]', subject = '', text = '', reply = '', \
         quoted = '', signature = '', attachments = '[]', message_id = NULL, message_key = NULL WHERE lower(from_email) = ?1",
        [email],
    )?;
    let close = list::<i64>(c, "SELECT number FROM close_to", [])?;
    for number in &close {
        for entry in read_entries(c, *number)? {
            let strike = |text: &str| person.strike_all(text).unwrap_or_else(|| text.to_owned());
            // Whom others quote is the one to whom they answer: a history is nobody's own word.
            let quotes = !entry.reply.quoted.is_empty();
            let own = if quotes && !entry.reply.text.is_empty() { &entry.reply.text } else { &entry.text };
            let to: Vec<Address> = entry.to.iter().filter(|a| !person.is_addressed(&a.email)).cloned().collect();
            let new = (strike(&entry.subject), strike(own), strike(&entry.reply.text), strike(&entry.reply.signature));
            let attachments = json(&entry.attachments)?;
            let kept_attachments = in_json(&attachments, person, true).unwrap_or_else(|| attachments.clone());
            let old = (&entry.subject, &entry.text, &entry.reply.text, &entry.reply.signature);
            let same = (&new.0, &new.1, &new.2, &new.3) == old && to == entry.to && kept_attachments == attachments;
            if same && !quotes {
                continue;
            }
            erased.struck += 1;
            touched.insert(*number);
            run(
                c,
                "UPDATE entry SET subject = ?3, text = ?4, reply = ?5, signature = ?6, quoted = '', recipients = ?7, \
                 attachments = ?8 WHERE ticket = ?1 AND seq = ?2",
                params![number, entry.seq, new.0, new.1, new.2, new.3, json(&to)?, kept_attachments],
            )?;
        }
    }
    Ok(())
}

/// Their Message-IDs lead nowhere any more.
fn forget_thread(c: &Connection, email: &str) -> Result<()> {
    let sql = "SELECT ticket, message_id FROM entry WHERE lower(from_email) = ?1 AND message_id IS NOT NULL \
               AND ticket NOT IN own";
    let mut statement = c.prepare(sql)?;
    let ids: Vec<(i64, String)> =
        statement.query_map([email], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<std::result::Result<_, _>>()?;
    for (number, id) in ids {
        if let Some(mut ticket) = read_ticket(c, number)? {
            ticket.thread.retain(|known| *known != id);
            write_ticket(c, &ticket, false)?;
        }
    }
    Ok(())
}

/// They are no participant of others' tickets, nor proposed to be one; nothing is linked to a ticket that is gone.
pub(super) fn tickets(
    c: &Connection,
    person: &Person,
    erased: &mut Erased,
    touched: &mut BTreeSet<TicketNumber>,
) -> Result<()> {
    let named = "SELECT number FROM ticket WHERE number IN close_to OR linked <> '[]' \
                 OR instr(lower(subject || participants || access || coalesce(requester_name, '')), ?1)";
    for number in list::<i64>(c, named, [person.email()])? {
        let Some(old) = read_ticket(c, number)? else { continue };
        let close = list::<i64>(c, "SELECT 1 FROM close_to WHERE number = ?1", [number])?.len() == 1;
        let new = without(&old, person, close, &erased.tickets);
        if new != old {
            write_ticket(c, &new, false)?;
            erased.struck += 1;
            touched.insert(number);
        }
    }
    Ok(())
}

fn without(old: &Ticket, person: &Person, close: bool, gone: &[TicketNumber]) -> Ticket {
    let strike = |text: &str| {
        let struck = if close { person.strike_all(text) } else { person.strike_address(text) };
        struck.unwrap_or_else(|| text.to_owned())
    };
    let address = |text: &str| person.strike_address(text).unwrap_or_else(|| text.to_owned());
    let mut new = old.clone();
    new.subject = strike(&old.subject);
    new.requester.name = old.requester.name.as_deref().map(address);
    new.linked.retain(|number| !gone.contains(number));
    new.participants = old
        .participants
        .iter()
        .filter(|p| !person.is_addressed(&p.email))
        .map(|p| Participant { added_by: address(&p.added_by), ..p.clone() })
        .collect();
    new.access = Access {
        proposed: old
            .access
            .proposed
            .iter()
            .filter(|p| !person.is_addressed(&p.email) && !person.is_addressed(&p.by))
            .cloned()
            .collect(),
        reply_to: old.access.reply_to.clone().filter(|address| !person.is_addressed(address)),
        ..old.access.clone()
    };
    new
}

/// Columns of text in which an address may stand, and the ticket of the row, where their name is looked for too.
const LINES: &[(&str, &str, &str)] = &[
    ("ticket", "hands", "number"),
    ("ticket", "service", "number"),
    ("history", "change", "ticket"),
    ("history", "because", "ticket"),
    ("ledger", "because", "ticket"),
    ("ledger", "reasons", "ticket"),
    ("ledger", "sender", "ticket"),
    ("ledger", "subject", "ticket"),
    ("outbox", "subject", "ticket"),
    ("outbox", "to_name", "ticket"),
    ("outbox", "last_reply", "ticket"),
    ("entry", "from_name", "NULL"),
    ("entry", "subject", "NULL"),
    ("entry", "text", "NULL"),
    ("entry", "reply", "NULL"),
    ("entry", "quoted", "NULL"),
    ("entry", "signature", "NULL"),
    ("entry", "recipients", "NULL"),
    ("entry", "attachments", "NULL"),
    ("notice", "what", "NULL"),
    ("contact", "name", "NULL"),
    ("contact", "note", "NULL"),
    ("organisation", "note", "NULL"),
];

/// Those of them that are JSON.
const JSON: &[&str] = &["hands", "service", "change", "reasons", "recipients", "attachments"];

/// What is free text in a change or an attachment; the other values are words of the desk's, which may be somebody's name.
const FREE: &[&str] = &["what", "name", "because", "reason", "items", "text"];

/// Strikes in the strings of a JSON value; None where nothing is struck, or where it is no JSON.
fn in_json(text: &str, person: &Person, close: bool) -> Option<String> {
    fn walk(value: &mut Value, key: &str, person: &Person, close: bool) -> bool {
        match value {
            Value::String(text) => {
                let all = close && (key.is_empty() || FREE.contains(&key));
                let struck = if all { person.strike_all(text) } else { person.strike_address(text) };
                struck.map(|struck| *text = struck).is_some()
            }
            Value::Array(items) => {
                let mut any = false;
                for item in items {
                    any |= walk(item, key, person, close);
                }
                any
            }
            Value::Object(fields) => {
                // The name that stands beside their address is theirs.
                let theirs = fields.values().any(|v| v.as_str().is_some_and(|v| person.is_addressed(v)));
                if let Some(name) = fields.get_mut("name").filter(|name| theirs && !name.is_null()) {
                    *name = Value::Null;
                }
                let mut any = false;
                for (key, value) in fields {
                    any |= walk(value, key, person, close);
                }
                any
            }
            _ => false,
        }
    }
    let mut value: Value = serde_json::from_str(text).ok()?;
    walk(&mut value, "", person, close).then(|| value.to_string())
}

pub(super) fn lines(c: &Connection, person: &Person, erased: &mut Erased) -> Result<()> {
    for (table, column, ticket) in LINES {
        // Only fixed words become part of the statement.
        let sql = format!(
            "SELECT rowid, {column}, coalesce({ticket} IN close_to, 0) FROM {table} WHERE {column} IS NOT NULL \
             AND (instr(lower({column}), ?1) OR coalesce({ticket} IN close_to, 0))"
        );
        let mut statement = c.prepare(&sql)?;
        let rows: Vec<(i64, String, bool)> = statement
            .query_map([person.email()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<std::result::Result<_, _>>()?;
        for (id, text, close) in rows {
            let struck = match JSON.contains(column) {
                true => in_json(&text, person, close),
                false if close => person.strike_all(&text),
                false => person.strike_address(&text),
            };
            let Some(struck) = struck else { continue };
            // Two alarms may become the same sentence.
            erased.struck +=
                run(c, &format!("UPDATE OR REPLACE {table} SET {column} = ?2 WHERE rowid = ?1"), params![id, struck])?;
        }
    }
    Ok(())
}

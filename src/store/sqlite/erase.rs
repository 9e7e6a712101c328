//! Forgetting a person. What was theirs is deleted; what others said stays, without them in it ([`strike`]); of the mails
//! keyed digests stay, so that the mailbox, which still has them, cannot bring them back.
//!
//! Every table is looked through, on purpose: nothing here is on the way of a mail. The connection is one of its own, whose
//! foreign keys are off: the tables have no indices for them, because no mail should pay for those.

mod strike;

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, Params, TransactionBehavior, params};

use super::outbox;
use super::rows::{self, WORDS_SHIFT};
use super::sql::micros;
use crate::model::Digest;
use crate::model::erasure::Person;
use crate::store::erase::{Erased, Erasure};
use crate::store::{Result, unpack};

const _: () = assert!(WORDS_SHIFT == 20, "the statement that deletes words shifts by the same");

/// What the rest goes by: their tickets, those in which they took part, and the mails that are to go.
const SCRATCH: &str = "
    CREATE TEMP TABLE own (number INTEGER PRIMARY KEY);
    CREATE TEMP TABLE close_to (number INTEGER PRIMARY KEY);
    CREATE TEMP TABLE doomed (raw INTEGER PRIMARY KEY);
    CREATE TEMP TABLE leaving (outbox INTEGER PRIMARY KEY);
";

pub(super) fn erase(connection: &mut Connection, order: &Erasure, rehearse: bool, now: Timestamp) -> Result<Erased> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let erased = everything(&transaction, order, now)?;
    match rehearse {
        true => transaction.rollback()?,
        false => transaction.commit()?,
    }
    Ok(erased)
}

fn everything(c: &Connection, order: &Erasure, now: Timestamp) -> Result<Erased> {
    c.execute_batch(SCRATCH)?;
    let person = person(c, &order.email)?;
    tickets(c, &person)?;
    let mut erased = Erased {
        tickets: list(c, "SELECT number FROM own ORDER BY number", [])?,
        entries: run(
            c,
            "DELETE FROM entry_words WHERE rowid IN (SELECT (ticket << 20) | seq FROM entry WHERE ticket IN own)",
            [],
        )?,
        ..Erased::default()
    };
    let mut touched: BTreeSet<i64> = BTreeSet::new();
    mails(c, order, &person)?;
    outgoing(c, order, &person)?;
    erased.quarantined = marks(c, order, now)?;
    erased.mails = run(c, "DELETE FROM raw WHERE id IN doomed", [])?;
    run(c, "UPDATE entry SET raw = NULL WHERE raw IN doomed", [])?;
    (erased.outgoing, erased.unsent) = unsend(c, &mut touched)?;
    own_tickets(c)?;
    strike::entries(c, &person, &mut erased, &mut touched)?;
    strike::tickets(c, &person, &mut erased, &mut touched)?;
    strike::lines(c, &person, &mut erased)?;
    (erased.contact, erased.remembered) = remembered(c, person.email())?;
    erased.others = touched.iter().copied().filter(|n| !erased.tickets.contains(n)).collect();
    index_again(c, &touched)?;
    Ok(erased)
}

/// The person, by all names under which they are known and all that they wrote.
fn person(c: &Connection, email: &str) -> Result<Person> {
    let mut person = Person::new(email);
    for sql in [
        "SELECT name FROM contact WHERE email = ?1",
        "SELECT DISTINCT requester_name FROM ticket WHERE requester_key = ?1",
        "SELECT DISTINCT from_name FROM entry WHERE lower(from_email) = ?1",
        "SELECT DISTINCT to_name FROM outbox WHERE lower(to_email) = ?1",
    ] {
        for name in list::<Option<String>>(c, sql, [email])?.into_iter().flatten() {
            person.also_named(&name);
        }
    }
    let said = "SELECT CASE reply WHEN '' THEN text ELSE reply END FROM entry WHERE lower(from_email) = ?1";
    for text in list::<String>(c, said, [email])? {
        person.also_said(&text);
    }
    Ok(person)
}

fn tickets(c: &Connection, person: &Person) -> Result<()> {
    let email = person.email();
    run(c, "INSERT INTO own SELECT number FROM ticket WHERE requester_key = ?1 OR lower(contact) = ?1", [email])?;
    run(
        c,
        "INSERT OR IGNORE INTO close_to SELECT ticket FROM entry WHERE lower(from_email) = ?1 \
         OR instr(lower(recipients), ?1) UNION SELECT number FROM ticket WHERE instr(lower(participants || access), ?1)",
        [email],
    )?;
    run(c, "DELETE FROM close_to WHERE number IN own", [])?;
    Ok(())
}

/// Which raw mails go: all of their tickets, all that they wrote, and those that name or quote them. A signature of theirs
/// still proves no second mail, and says nothing of the one that it proved.
fn mails(c: &Connection, order: &Erasure, person: &Person) -> Result<()> {
    run(
        c,
        "INSERT OR IGNORE INTO doomed SELECT raw FROM entry WHERE ticket IN own AND raw IS NOT NULL \
         UNION SELECT raw FROM ledger WHERE ticket IN own AND raw IS NOT NULL",
        [],
    )?;
    let close: BTreeSet<i64> =
        list(c, "SELECT raw FROM entry WHERE ticket IN close_to AND raw IS NOT NULL", [])?.into_iter().collect();
    // Each is read once: that is what takes the time.
    for id in list::<i64>(c, "SELECT id FROM raw", [])? {
        let traces = (order.look)(&raw(c, id)?, person, close.contains(&id));
        if traces.wrote || traces.named {
            run(c, "INSERT OR IGNORE INTO doomed VALUES (?1)", [id])?;
        }
        for mark in traces.signatures.iter().filter(|_| traces.wrote) {
            run(c, "UPDATE signature SET consequences = zeroblob(32) WHERE mark = ?1", [mark])?;
        }
    }
    Ok(())
}

fn raw(c: &Connection, id: i64) -> Result<Vec<u8>> {
    let (size, packed): (i64, Vec<u8>) =
        c.query_row("SELECT size, packed FROM raw WHERE id = ?1", [id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    unpack(&packed, usize::try_from(size).unwrap_or_default())
}

/// Which mails of the desk's go: those to them, those of their tickets, those made of a mail that goes, and those that name or
/// quote them.
fn outgoing(c: &Connection, order: &Erasure, person: &Person) -> Result<()> {
    run(
        c,
        "INSERT OR IGNORE INTO leaving SELECT id FROM outbox WHERE lower(to_email) = ?1 OR ticket IN own \
         UNION SELECT outbox FROM outbox_bytes WHERE raw IN doomed",
        [person.email()],
    )?;
    let close: BTreeSet<i64> = list(c, "SELECT id FROM outbox WHERE ticket IN close_to", [])?.into_iter().collect();
    for id in list::<i64>(c, "SELECT outbox FROM outbox_bytes WHERE outbox NOT IN leaving", [])? {
        let Some(kept) = outbox::kept(c, id)? else { continue };
        let named = match kept.whole() {
            Ok(bytes) => (order.look)(&bytes, person, close.contains(&id)).named,
            // It can never be sent, and nobody can tell whether they are named in it.
            Err(_) => true,
        };
        if named {
            run(c, "INSERT INTO leaving VALUES (?1)", [id])?;
        }
    }
    Ok(())
}

/// In the ledger stands only that there was something, and keyed digests stand beside it. How many of these mails were in
/// quarantine.
fn marks(c: &Connection, order: &Erasure, now: Timestamp) -> Result<usize> {
    let sql = "SELECT id, digest, fingerprint, message_key IS NOT NULL, folder = 'file', fate = 'quarantined' FROM ledger \
               WHERE raw IN doomed OR digest IN (SELECT digest FROM raw WHERE id IN doomed)";
    type Row = (i64, Option<Vec<u8>>, Option<Vec<u8>>, bool, bool, Option<bool>);
    let mut statement = c.prepare(sql)?;
    let rows: Vec<Row> = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)))?
        .collect::<std::result::Result<_, _>>()?;
    let mut quarantined = 0;
    for (id, digest, fingerprint, has_id, handed_over, aside) in rows {
        quarantined += usize::from(aside.unwrap_or_default());
        let digest = digest.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(Digest);
        let content = fingerprint.filter(|_| has_id).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(Digest);
        let marks: Vec<String> = digest.iter().chain(&content).map(|d| (order.mark)(d)).collect();
        for mark in &marks {
            run(c, "INSERT OR IGNORE INTO erased (mark, at) VALUES (?1, ?2)", params![mark, micros(now)])?;
        }
        if let Some(digest) = &digest {
            run(c, "DELETE FROM hold WHERE digest = ?1", [&digest.0[..]])?;
            run(c, "DELETE FROM recheck WHERE digest = ?1", [&digest.0[..]])?;
        }
        // What was handed over has its digest for a name.
        let name = marks.first().filter(|_| handed_over);
        run(
            c,
            "UPDATE ledger SET digest = NULL, fingerprint = NULL, message_key = NULL, raw = NULL, sender = '', subject = '', \
             reasons = '[]', because = CASE fate WHEN 'quarantined' THEN 'erased' ELSE '' END, reopened = 0, \
             fate = CASE fate WHEN 'quarantined' THEN 'ignored' ELSE fate END, name = coalesce(?2, name) WHERE id = ?1",
            params![id, name],
        )?;
    }
    let marks = "UPDATE counter SET value = (SELECT count(*) FROM erased) WHERE name = 'erased'";
    run(c, marks, [])?;
    Ok(quarantined)
}

/// How many mails of the desk's are gone, and how many of these had not left.
fn unsend(c: &Connection, touched: &mut BTreeSet<i64>) -> Result<(usize, usize)> {
    let unsent =
        "SELECT count(*) FROM outbox WHERE id IN leaving AND state IN ('waiting', 'deferred', 'claimed', 'in-data')";
    let unsent: i64 = c.query_row(unsent, [], |row| row.get(0))?;
    let of_tickets =
        "SELECT DISTINCT ticket FROM outbox WHERE id IN leaving AND ticket IS NOT NULL AND ticket NOT IN own";
    touched.extend(list::<i64>(c, of_tickets, [])?);
    run(c, "DELETE FROM notice WHERE outbox IN leaving", [])?;
    run(c, "DELETE FROM outbox_bytes WHERE outbox IN leaving", [])?;
    let gone = run(c, "DELETE FROM outbox WHERE id IN leaving", [])?;
    Ok((gone, usize::try_from(unsent).unwrap_or_default()))
}

fn own_tickets(c: &Connection) -> Result<()> {
    // Somebody else's ticket that lived on in one of theirs ends with it.
    run(
        c,
        "UPDATE ticket SET merged_into = NULL, status = 'closed', live = 0 WHERE merged_into IN own AND number NOT IN own",
        [],
    )?;
    for sql in [
        "DELETE FROM entry WHERE ticket IN own",
        "DELETE FROM history WHERE ticket IN own",
        "DELETE FROM hold WHERE ticket IN own",
        "DELETE FROM recheck WHERE ticket IN own",
        "DELETE FROM peer_tag WHERE ticket IN own",
        "DELETE FROM tag WHERE ticket IN own",
        "DELETE FROM times WHERE ticket IN own",
        "DELETE FROM ticket WHERE number IN own",
    ] {
        run(c, sql, [])?;
    }
    Ok(())
}

/// Whether there was a contact, and how many rows about their conduct.
fn remembered(c: &Connection, email: &str) -> Result<(bool, usize)> {
    let contact = run(c, "DELETE FROM contact WHERE email = ?1", [email])? > 0;
    let mut rows = 0;
    for sql in [
        "DELETE FROM conduct WHERE email = ?1",
        "DELETE FROM guess WHERE email = ?1",
        "DELETE FROM mistrust WHERE email = ?1",
        "DELETE FROM pace WHERE email = ?1",
        "DELETE FROM acknowledgement WHERE email = ?1",
        "DELETE FROM agent_address WHERE email = ?1",
        "DELETE FROM peer_tag WHERE email = ?1",
        "DELETE FROM hold WHERE who = ?1",
        "DELETE FROM looks WHERE whose = ?1",
    ] {
        rows += run(c, sql, [email])?;
    }
    Ok((contact, rows))
}

/// The words of tickets that changed, and an index without anything that was deleted from it.
fn index_again(c: &Connection, touched: &BTreeSet<i64>) -> Result<()> {
    for number in touched {
        run(
            c,
            "DELETE FROM entry_words WHERE rowid IN (SELECT (ticket << 20) | seq FROM entry WHERE ticket = ?1)",
            [number],
        )?;
        for entry in rows::read_entries(c, *number)? {
            rows::index(c, &rows::words(c, &entry, &[])?)?;
        }
    }
    run(c, "INSERT INTO entry_words (entry_words) VALUES ('optimize')", [])?;
    Ok(())
}

/// See [`crate::store::erase::Erase::wipe`].
pub(super) fn wipe(connection: &Connection) -> Result<()> {
    connection.execute_batch("VACUUM")?;
    let blocked: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    match blocked {
        0 => Ok(()),
        _ => Err(crate::store::StoreError::Unavailable(
            "Somebody reads the database and the log cannot be emptied".into(),
        )),
    }
}

/// A statement by itself, without the checks of statements that mails go through.
fn run(c: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(c.prepare_cached(sql)?.execute(params)?)
}

/// The first column of every row.
fn list<T: FromSql>(c: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Options, schema};

    /// Tables in which nothing of a customer's stands: numbers, agents' names, the desk's own words.
    const NOBODYS: &[&str] =
        &["automatic", "counter", "cursor", "load", "moment", "turn", "volume", "organisation_domain"];

    /// A table that nobody thought of would keep what a person asked to have erased.
    #[test]
    fn every_table_is_thought_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = schema::open_writer(&folder.path().join("desk.db"), &Options::default()).expect("opens");
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'entry_words_%' AND name <> 'entry_vocabulary'";
        let text = [include_str!("erase.rs"), include_str!("erase/strike.rs")].concat();
        for table in list::<String>(&writer, sql, []).expect("reads") {
            let named = [
                format!("FROM {table}"),
                format!("UPDATE {table} "),
                format!("(\"{table}\", "),
                format!("INTO {table} "),
            ];
            let thought_of = NOBODYS.contains(&table.as_str()) || named.iter().any(|words| text.contains(words));
            assert!(thought_of, "{table}: what of it goes with a person, or is it nobody's?");
        }
    }
}

//! Contacts and organisations: whom the desk knows.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::looks;
use super::sql::{Columns, all, first, micros, run};
use crate::model::address::AddrSpec;
use crate::model::facts::{Contact, Organisation};
use crate::model::{Language, Priority};
use crate::store::{ContactCounts, Result, StoreError};

macro_rules! contact_columns {
    () => {
        "SELECT email, name, organisation, manager, language, sla, priority, note, proven_at FROM contact "
    };
}

macro_rules! organisation_columns {
    () => {
        "SELECT id, name, manager, language, sla, priority, note FROM organisation "
    };
}

pub(super) fn contact(connection: &Connection, email: &str) -> Result<Option<Contact>> {
    first(connection, concat!(contact_columns!(), "WHERE email = ?1"), [email], contact_row)
}

pub(super) fn contacts(connection: &Connection) -> Result<Vec<Contact>> {
    all(connection, concat!(contact_columns!(), "ORDER BY email"), [], contact_row)
}

pub(super) fn organisation(connection: &Connection, name: &str) -> Result<Option<Organisation>> {
    first(connection, concat!(organisation_columns!(), "WHERE name = ?1"), [name], organisation_row)?
        .map(|row| with_domains(connection, row))
        .transpose()
}

pub(super) fn organisation_of_domain(connection: &Connection, domain: &str) -> Result<Option<Organisation>> {
    let of_domain =
        concat!(organisation_columns!(), "WHERE id = (SELECT organisation FROM organisation_domain WHERE domain = ?1)");
    first(connection, of_domain, [domain], organisation_row)?.map(|row| with_domains(connection, row)).transpose()
}

pub(super) fn organisations(connection: &Connection) -> Result<Vec<Organisation>> {
    all(connection, concat!(organisation_columns!(), "ORDER BY name"), [], organisation_row)?
        .into_iter()
        .map(|row| with_domains(connection, row))
        .collect()
}

fn contact_row(c: &mut Columns<'_>) -> Result<Contact> {
    Ok(Contact {
        email: c.word("contact.email", |a| AddrSpec::parse(a).ok())?,
        name: c.take()?,
        organisation: c.take()?,
        manager: c.take()?,
        language: c.language("contact.language")?,
        sla: c.take()?,
        priority: c.priority("contact.priority")?,
        note: c.take()?,
        proven_at: c.time_or_none()?,
    })
}

fn organisation_row(c: &mut Columns<'_>) -> Result<(i64, Organisation)> {
    Ok((
        c.take()?,
        Organisation {
            name: c.take()?,
            domains: Vec::new(),
            manager: c.take()?,
            language: c.language("organisation.language")?,
            sla: c.take()?,
            priority: c.priority("organisation.priority")?,
            note: c.take()?,
        },
    ))
}

fn with_domains(connection: &Connection, (id, mut organisation): (i64, Organisation)) -> Result<Organisation> {
    organisation.domains =
        all(connection, "SELECT domain FROM organisation_domain WHERE organisation = ?1 ORDER BY domain", [id], |c| {
            c.take()
        })?;
    Ok(organisation)
}

/// See [`crate::store::Store::put_contacts`]. Organisations first, so that a contact's organisation keeps what is said
/// of it there; an organisation that only a contact names is made with its name alone, and not counted.
pub(super) fn put(
    connection: &Connection,
    contacts: &[Contact],
    organisations: &[Organisation],
    now: Timestamp,
) -> Result<ContactCounts> {
    let mut counts = ContactCounts::default();
    for new in organisations {
        count(&mut counts, put_organisation(connection, new, now)?);
    }
    for new in contacts {
        count(&mut counts, put_contact(connection, new, now)?);
    }
    Ok(counts)
}

enum Put {
    Added,
    Updated,
    Unchanged,
}

fn count(counts: &mut ContactCounts, put: Put) {
    match put {
        Put::Added => counts.added += 1,
        Put::Updated => counts.updated += 1,
        Put::Unchanged => counts.unchanged += 1,
    }
}

fn put_contact(connection: &Connection, new: &Contact, now: Timestamp) -> Result<Put> {
    let known = contact(connection, new.email.as_str())?;
    let merged = match &known {
        None => new.clone(),
        Some(known) => Contact {
            email: known.email.clone(),
            name: new.name.clone().or_else(|| known.name.clone()),
            organisation: new.organisation.clone().or_else(|| known.organisation.clone()),
            manager: new.manager.clone().or_else(|| known.manager.clone()),
            language: new.language.or(known.language),
            sla: new.sla.clone().or_else(|| known.sla.clone()),
            priority: new.priority.or(known.priority),
            note: new.note.clone().or_else(|| known.note.clone()),
            proven_at: new.proven_at.max(known.proven_at),
        },
    };
    if known.as_ref() == Some(&merged) {
        return Ok(Put::Unchanged);
    }
    if let Some(name) = &merged.organisation {
        run(
            connection,
            "INSERT INTO organisation (name, changed_at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
            params![name, micros(now)],
        )?;
    }
    run(
        connection,
        "INSERT INTO contact (email, name, organisation, manager, language, sla, priority, note, proven_at, changed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (email) DO UPDATE SET name = excluded.name, \
         organisation = excluded.organisation, manager = excluded.manager, language = excluded.language, \
         sla = excluded.sla, priority = excluded.priority, note = excluded.note, proven_at = excluded.proven_at, \
         changed_at = excluded.changed_at",
        params![
            merged.email.as_str(),
            merged.name,
            merged.organisation,
            merged.manager,
            merged.language.map(Language::code),
            merged.sla,
            merged.priority.map(Priority::word),
            merged.note,
            merged.proven_at.map(micros),
            micros(now),
        ],
    )?;
    looks::keep_person(connection, &merged.email, merged.name.as_deref())?;
    Ok(if known.is_some() { Put::Updated } else { Put::Added })
}

/// These addresses are one person's, and so are all that were any of theirs before. Those that are no contacts are left out.
pub(super) fn same_person(connection: &Connection, addresses: &[AddrSpec]) -> Result<()> {
    let mut ids: Vec<i64> = Vec::new();
    for address in addresses {
        let sql = "SELECT id FROM contact WHERE email = ?1 UNION SELECT id FROM contact \
                   WHERE person = (SELECT person FROM contact WHERE email = ?1)";
        ids.extend(all(connection, sql, [address.as_str()], |c| c.take::<i64>())?);
    }
    ids.sort_unstable();
    ids.dedup();
    let Some(person) = ids.first().filter(|_| ids.len() > 1) else { return Ok(()) };
    for id in &ids {
        run(connection, "UPDATE contact SET person = ?2 WHERE id = ?1", [id, person])?;
    }
    Ok(())
}

/// The other addresses of whose this is.
pub(super) fn other_addresses(connection: &Connection, email: &str) -> Result<Vec<String>> {
    all(
        connection,
        "SELECT email FROM contact WHERE person = (SELECT person FROM contact WHERE email = ?1) AND email <> ?1 ORDER BY email",
        [email],
        |c| c.take(),
    )
}

/// Whoever came before there was a table of looks.
pub(super) fn look_at_all(connection: &Connection) -> Result<()> {
    for contact in contacts(connection)? {
        looks::keep_person(connection, &contact.email, contact.name.as_deref())?;
    }
    for domain in all(connection, "SELECT domain FROM organisation_domain ORDER BY domain", [], |c| c.take::<String>())?
    {
        looks::keep_domain(connection, &domain)?;
    }
    Ok(())
}

fn put_organisation(connection: &Connection, new: &Organisation, now: Timestamp) -> Result<Put> {
    let known = organisation(connection, &new.name)?;
    let mut merged = match &known {
        None => new.clone(),
        Some(known) => Organisation {
            name: known.name.clone(),
            domains: known.domains.iter().chain(&new.domains).cloned().collect(),
            manager: new.manager.clone().or_else(|| known.manager.clone()),
            language: new.language.or(known.language),
            sla: new.sla.clone().or_else(|| known.sla.clone()),
            priority: new.priority.or(known.priority),
            note: new.note.clone().or_else(|| known.note.clone()),
        },
    };
    for domain in &mut merged.domains {
        domain.make_ascii_lowercase();
    }
    merged.domains.sort();
    merged.domains.dedup();
    if known.as_ref() == Some(&merged) {
        return Ok(Put::Unchanged);
    }
    let id: i64 = first(
        connection,
        "INSERT INTO organisation (name, manager, language, sla, priority, note, changed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET manager = excluded.manager, \
         language = excluded.language, sla = excluded.sla, priority = excluded.priority, note = excluded.note, \
         changed_at = excluded.changed_at RETURNING id",
        params![
            merged.name,
            merged.manager,
            merged.language.map(Language::code),
            merged.sla,
            merged.priority.map(Priority::word),
            merged.note,
            micros(now),
        ],
        |c| c.take(),
    )?
    .ok_or_else(|| StoreError::Broken("An organisation vanished while it was written".to_owned()))?;
    for domain in &merged.domains {
        run(
            connection,
            "INSERT INTO organisation_domain (domain, organisation) VALUES (?1, ?2) \
             ON CONFLICT (domain) DO UPDATE SET organisation = excluded.organisation",
            params![domain, id],
        )?;
        looks::keep_domain(connection, domain)?;
    }
    Ok(if known.is_some() { Put::Updated } else { Put::Added })
}

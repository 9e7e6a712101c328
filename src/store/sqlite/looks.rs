//! What people and firms on file look like, to find those who only look like them.

use rusqlite::Connection;

use super::sql::{all, first, run};
use crate::model::AddrSpec;
use crate::model::lookalike::{address_skeleton, domain_skeleton, halves, name_skeleton, near};
use crate::store::Result;

/// Remembers what an organisation's domain looks like.
pub(super) fn keep_domain(connection: &Connection, domain: &str) -> Result<()> {
    keep(connection, "domain", domain, Some(domain_skeleton(domain)))
}

/// Remembers what a contact's name and address look like.
pub(super) fn keep_person(connection: &Connection, email: &AddrSpec, name: Option<&str>) -> Result<()> {
    let looks = address_skeleton(email.local(), email.domain());
    keep(connection, "address", email.as_str(), Some(looks))?;
    keep(connection, "name", email.as_str(), name.and_then(name_skeleton))
}

fn keep(connection: &Connection, kind: &str, whose: &str, looks: Option<String>) -> Result<()> {
    let Some(looks) = looks else {
        run(connection, "DELETE FROM looks WHERE kind = ?1 AND whose = ?2", [kind, whose])?;
        return Ok(());
    };
    let backwards: String = looks.chars().rev().collect();
    run(
        connection,
        "INSERT INTO looks (kind, whose, looks, backwards) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (kind, whose) DO UPDATE \
         SET looks = excluded.looks, backwards = excluded.backwards",
        [kind, whose, &looks, &backwards],
    )?;
    Ok(())
}

/// A domain of an organisation that looks like this one, or like it but for a letter, and is another.
pub(super) fn domain(connection: &Connection, skeleton: &str, domain: &str) -> Result<Option<String>> {
    let (head, tail) = halves(skeleton);
    let end = |half: &str| format!("{half}\u{10ffff}");
    let alike: Vec<(String, String)> = all(
        connection,
        "SELECT whose, looks FROM looks WHERE kind = 'domain' AND looks >= ?1 AND looks < ?2 \
         UNION ALL SELECT whose, looks FROM looks WHERE kind = 'domain' AND backwards >= ?3 AND backwards < ?4 LIMIT 500",
        [&head, &end(&head), &tail, &end(&tail)],
        |c| Ok((c.take()?, c.take()?)),
    )?;
    // Exactly this domain may be on file too: then it is nobody's double.
    if alike.iter().any(|(known, _)| known == domain) {
        return Ok(None);
    }
    let same = alike.iter().find(|(_, looks)| looks == skeleton);
    let double = same.or_else(|| alike.iter().find(|(_, looks)| near(looks, skeleton)));
    Ok(double.map(|(known, _)| known.clone()))
}

/// A contact whose name or address looks like this one's. Nobody who is on file by his own address and name is a double, nor
/// somebody of the same organisation with his own name.
pub(super) fn person(connection: &Connection, name: Option<&str>, from: &AddrSpec) -> Result<Option<String>> {
    let double = first(
        connection,
        "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM contact WHERE email = ?3) THEN coalesce( \
         (SELECT min(whose) FROM looks WHERE kind = 'address' AND looks = ?1 AND whose <> ?3), \
         (SELECT min(whose) FROM looks WHERE kind = 'name' AND looks = ?2 AND whose <> ?3)) END",
        [&address_skeleton(from.local(), from.domain()), name.unwrap_or_default(), from.as_str()],
        |c| c.take(),
    )?;
    Ok(double.flatten())
}

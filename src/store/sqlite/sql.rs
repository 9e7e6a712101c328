//! Small helpers that every statement goes through: preparing once, reading columns in order, times and words.

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::errors::unreadable;
use crate::model::token::KeyRing;
use crate::model::{Digest, Language, Priority};
use crate::store::{Result, StoreError};

/// Deletes the two oldest rows of a table, as far as they are such: two go for each one that comes, so that it stays small
/// without a sweep that takes long. By a comparison: for `IN` SQLite would build a table of the two.
macro_rules! delete_two_oldest {
    ($table:literal, $such:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE id <= (SELECT id FROM ",
            $table,
            " ORDER BY id LIMIT 1 OFFSET 1) AND ",
            $such
        )
    };
}
pub(super) use delete_two_oldest;

/// Prepares a statement, once for each connection.
pub(super) fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>> {
    #[cfg(test)]
    super::plans::record(sql);
    Ok(connection.prepare_cached(sql)?)
}

/// Runs a statement that returns no rows; how many rows it changed.
pub(super) fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(prepare(connection, sql)?.execute(params)?)
}

/// Every row, mapped.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    map: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(map(&mut Columns { row, next: 0 })?);
    }
    Ok(out)
}

/// The first row, mapped, where there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    map: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params)?;
    match rows.next()? {
        Some(row) => map(&mut Columns { row, next: 0 }).map(Some),
        None => Ok(None),
    }
}

/// The columns of a row, taken in the order of the SELECT.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl Columns<'_> {
    pub(super) fn take<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// What cannot be negative.
    pub(super) fn count(&mut self) -> Result<u64> {
        u64::try_from(self.take::<i64>()?).map_err(|_| unreadable("of a count"))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        time(self.take()?)
    }

    pub(super) fn time_or_none(&mut self) -> Result<Option<Timestamp>> {
        self.take::<Option<i64>>()?.map(time).transpose()
    }

    /// A word of one of the model's closed lists.
    pub(super) fn word<T>(&mut self, column: &str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let text: String = self.take()?;
        read(&text).ok_or_else(|| unreadable(column))
    }

    pub(super) fn word_or_none<T>(&mut self, column: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        match self.take::<Option<String>>()? {
            Some(text) => read(&text).map(Some).ok_or_else(|| unreadable(column)),
            None => Ok(None),
        }
    }

    pub(super) fn language(&mut self, column: &str) -> Result<Option<Language>> {
        self.word_or_none(column, Language::from_code)
    }

    pub(super) fn priority(&mut self, column: &str) -> Result<Option<Priority>> {
        self.word_or_none(column, Priority::from_word)
    }

    /// A list, kept as JSON.
    pub(super) fn json<T: DeserializeOwned>(&mut self, column: &str) -> Result<T> {
        let text: String = self.take()?;
        serde_json::from_str(&text)
            .map_err(|error| StoreError::Refused(format!("Column {column} holds other JSON than expected: {error}")))
    }

    pub(super) fn digest_hex(&mut self) -> Result<String> {
        let bytes: Option<Vec<u8>> = self.take()?;
        Ok(bytes.and_then(|b| b.try_into().ok()).map(|b| Digest(b).hex()).unwrap_or_default())
    }
}

/// Times are kept as microseconds since 1970 in UTC: whole, ordered, and of a range that jiff never leaves.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| unreadable("of a time"))
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(format!("Writing a list as JSON: {error}")))
}

/// How Message-IDs are compared: without brackets and white space, the domain in lower case (RFC 5322 section 3.6.4 has
/// the right side be a domain). Only the digest is kept in an index, so that it is short and outlives an erasure
/// without telling anything.
///
/// One of the desk's own shape begins with the number of its ticket: what is written together then lies together in the
/// indexes, instead of on a page of its own for each, which on a large desk is a page to read and one to write.
pub(super) fn message_key(id: &str) -> Option<Vec<u8>> {
    message_keys(id).next()
}

/// Under which keys a Message-ID may be found, the likelier first: before version 22 of the database those of the desk's own
/// shape had a digest like all others.
fn message_keys(id: &str) -> impl Iterator<Item = Vec<u8>> + use<> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let normal = (!id.is_empty()).then(|| match id.rsplit_once('@') {
        Some((left, domain)) => format!("{left}@{}", domain.to_ascii_lowercase()),
        None => id.to_owned(),
    });
    normal.into_iter().flat_map(|normal| {
        let digest = Digest::of(normal.as_bytes()).0;
        let (beginning, _) = digest.split_at(digest.len() - size_of::<i64>());
        let side_by_side = KeyRing::claimed_number(&normal).map(|number| [&number.to_be_bytes(), beginning].concat());
        side_by_side.into_iter().chain(std::iter::once_with(move || digest.to_vec()))
    })
}

/// What is found by a Message-ID.
pub(super) fn by_message_id<T>(id: &str, find: impl Fn(Vec<u8>) -> Result<Option<T>>) -> Result<Option<T>> {
    for key in message_keys(id) {
        if let Some(found) = find(key)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_are_compared_without_brackets_and_case_of_the_domain() {
        assert_eq!(message_key("<A1@Firma.Example> "), message_key("A1@firma.example"));
        assert_ne!(message_key("a1@firma.example"), message_key("A1@firma.example"));
        assert_eq!(message_key(" <> "), None);
    }

    #[test]
    fn the_desks_own_lie_side_by_side_and_are_found_by_the_keys_they_had() {
        let message_keys = |id: &str| super::message_keys(id).collect::<Vec<_>>();
        let keys = message_keys("<pd.1c.1042.addres.causecause.check0123456789ab@Desk.Example>");
        assert_eq!(keys, message_keys("pd.1c.1042.addres.causecause.check0123456789ab@desk.example"));
        let [new, old] = keys.as_slice() else { panic!("{keys:?}") };
        assert_eq!((new.len(), old.len()), (32, 32));
        assert_eq!(new[..8], 1042_i64.to_be_bytes());
        assert_eq!(new[8..], old[..24]);
        for foreign in
            ["a@firma.example", "pd.1c.1042@firma.example", "pd.1c.-5.a.b.c@x.example", "pd.1c.x.a.b.c@x.example"]
        {
            assert_eq!(message_keys(foreign).len(), 1, "{foreign}");
        }
        for key in [new, old] {
            let find = |asked: Vec<u8>| Ok((asked == *key).then_some("it"));
            let id = "pd.1c.1042.addres.causecause.check0123456789ab@desk.example";
            assert_eq!(by_message_id(id, find), Ok(Some("it")));
        }
    }

    #[test]
    fn a_time_comes_back_to_the_microsecond() {
        for text in ["2026-11-22T17:00:00.123456Z", "1969-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
            let at: Timestamp = text.parse().expect("a time");
            assert_eq!(time(micros(at)).expect("a time"), at);
        }
        assert!(time(i64::MAX).is_err());
    }
}

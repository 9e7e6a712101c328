//! `docs/schema.sql` is the real schema: the same tables, columns, indexes and triggers, and a word about each column.

use std::collections::BTreeMap;

use postdesk::store::sqlite::{Options, SqliteStore};
use rusqlite::Connection;

const DOCUMENTED: &str = include_str!("../docs/schema.sql");

/// What one column is, as SQLite understood it.
type Column = (String, String, bool, Option<String>, i64);

fn real() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    drop(SqliteStore::open(&path, Options::default()).expect("opens"));
    let connection = Connection::open(&path).expect("opens");
    (folder, connection)
}

fn documented() -> Connection {
    let connection = Connection::open_in_memory().expect("opens");
    connection.execute_batch(DOCUMENTED).expect("docs/schema.sql is valid SQL");
    connection
}

/// Every table, index and trigger with its SQL, comments and white space aside.
fn things(connection: &Connection) -> BTreeMap<String, String> {
    let mut statement = connection
        .prepare(
            "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
        )
        .expect("reads");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).expect("reads");
    rows.map(|row| row.expect("reads")).map(|(name, sql)| (name, bare(&sql))).collect()
}

fn bare(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let sql = lines.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    // A column that a later migration added stands right behind the line end of the last one.
    sql.replace(" ,", ",").replace(" )", ")")
}

/// What stands between the brackets, piece by piece: a column that a migration added stands behind the constraints in
/// SQLite's own words.
fn pieces(sql: &str) -> Vec<&str> {
    let (head, rest) = sql.split_once('(').unwrap_or((sql, ""));
    let (inside, tail) = rest.rsplit_once(')').unwrap_or((rest, ""));
    let mut pieces: Vec<&str> = inside.split(',').chain([head, tail]).map(str::trim).collect();
    pieces.sort_unstable();
    pieces
}

fn columns(connection: &Connection, table: &str) -> Vec<Column> {
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)").expect("reads");
    let rows = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .expect("reads");
    rows.map(|row| row.expect("reads")).collect()
}

#[test]
fn the_documented_schema_is_the_real_one() {
    let ((_folder, real), documented) = (real(), documented());
    let (is, said) = (things(&real), things(&documented));
    assert_eq!(is.keys().collect::<Vec<_>>(), said.keys().collect::<Vec<_>>());
    for table in is.keys().filter_map(|name| name.strip_prefix("table ")) {
        assert_eq!(columns(&real, table), columns(&documented, table), "table {table}");
    }
    for (name, sql) in &is {
        assert_eq!(pieces(sql), pieces(&said[name]), "{name}");
    }
}

#[test]
fn every_column_has_a_word_of_explanation() {
    let mut table = "";
    let mut explained = 0;
    for line in DOCUMENTED.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("CREATE VIRTUAL TABLE ")) {
            table = rest.split(' ').next().unwrap_or_default();
        } else if line.starts_with(')') {
            table = "";
        }
        let constraint = ["UNIQUE (", "PRIMARY KEY (", "content = "];
        let is_column = line.starts_with("    ") && !constraint.iter().any(|c| line.trim_start().starts_with(c));
        if !table.is_empty() && is_column {
            let (_, words) = line.split_once(" -- ").unwrap_or_else(|| panic!("table {table}: no word about {line:?}"));
            assert!(words.len() > 4, "table {table}: too short a word about {line:?}");
            explained += 1;
        }
    }
    let (_folder, real) = real();
    let tables: Vec<String> = things(&real)
        .into_keys()
        .filter_map(|name| name.strip_prefix("table ").map(str::to_owned))
        .filter(|table| !table.starts_with("entry_words_") && table != "entry_vocabulary")
        .collect();
    assert_eq!(explained, tables.iter().map(|table| columns(&real, table).len()).sum::<usize>());
}

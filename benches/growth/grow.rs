//! Copies a desk within its own database: every ticket with its messages, raw mails, history, ledger rows and sent mails,
//! under new numbers, at other times of the year before, from other addresses. What is copied is read from the tables'
//! own columns, so that a new column needs nothing here unless it must differ from copy to copy.

use std::path::Path;

use postdesk::model::text::fold;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params};

/// Over how long the copies are spread, in microseconds.
const YEAR: i64 = 365 * 24 * 3600 * 1_000_000;
/// Of so many copies the newest tickets are live; those of the others are closed.
const LIVE: i64 = 50;

pub struct Grown {
    pub tickets: u64,
    pub messages: u64,
    pub raws: u64,
}

pub fn grow(database: &Path, tickets: u64) -> Grown {
    let connection = Connection::open(database).expect("opens");
    // It is a scratch database: whoever cuts the power begins again.
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;")
        .expect("set");
    connection
        .create_scalar_function("fold", 1, FunctionFlags::SQLITE_DETERMINISTIC, |call| {
            Ok(fold(call.get_raw(0).as_str()?))
        })
        .expect("made");
    // As message_key in src/store/sqlite/sql.rs: the desk's own begin with their ticket's number.
    connection
        .create_scalar_function("own_key", 2, FunctionFlags::SQLITE_DETERMINISTIC, |call| {
            let number: i64 = call.get(0)?;
            Ok([&number.to_be_bytes()[..], &call.get_raw(1).as_blob()?[..24]].concat())
        })
        .expect("made");
    let original = count(&connection, "ticket");
    let copies = i64::try_from(tickets / original.max(1)).expect("few") - 1;
    let spans = Spans::of(&connection);
    for copy in 1..=copies {
        connection.execute_batch("BEGIN").expect("begins");
        spans.copy(&connection, copy, copies);
        connection.execute_batch("COMMIT").expect("commits");
        if copy % 20 == 0 {
            eprintln!("copy {copy} of {copies}");
        }
    }
    connection
        .execute("UPDATE counter SET value = (SELECT max(number) + 1 FROM ticket) WHERE name = 'next-ticket'", [])
        .expect("set");
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;").expect("written");
    Grown {
        tickets: count(&connection, "ticket"),
        messages: count(&connection, "entry"),
        raws: count(&connection, "raw"),
    }
}

fn count(connection: &Connection, table: &str) -> u64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).expect("counts")
        as u64
}

/// How far the numbers of a copy are from those of the original, for each table.
struct Spans {
    tickets: i64,
    entries: i64,
    raws: i64,
    ledger: i64,
    history: i64,
    outbox: i64,
    /// Numbers above this are no original's.
    last_ticket: i64,
    last_raw: i64,
    last_entry: i64,
    last_ledger: i64,
    last_history: i64,
    last_outbox: i64,
}

impl Spans {
    fn of(connection: &Connection) -> Spans {
        let ends = |table: &str, key: &str| -> (i64, i64) {
            let sql = format!("SELECT max({key}) - min({key}) + 1, max({key}) FROM {table}");
            connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("reads")
        };
        let (tickets, last_ticket) = ends("ticket", "number");
        let (entries, last_entry) = ends("entry", "id");
        let (raws, last_raw) = ends("raw", "id");
        let (ledger, last_ledger) = ends("ledger", "id");
        let (history, last_history) = ends("history", "id");
        let (outbox, last_outbox) = ends("outbox", "id");
        Spans {
            tickets,
            entries,
            raws,
            ledger,
            history,
            outbox,
            last_ticket,
            last_raw,
            last_entry,
            last_ledger,
            last_history,
            last_outbox,
        }
    }

    fn copy(&self, connection: &Connection, copy: i64, copies: i64) {
        let earlier = YEAR * (copies - copy + 1) / copies.max(1);
        let (ticket, raw) = (copy * self.tickets, copy * self.raws);
        let moved = |column: &str, by: i64| format!("{column} + {by}");
        let before = |column: &str| format!("{column} - {earlier}");
        let live = copy > copies - LIVE.min(copies / 2);
        let (status, alive) =
            if live { ("status".to_owned(), "live".to_owned()) } else { ("'closed'".into(), "0".into()) };
        let address = format!("'k{copy}.' || requester_email");
        let key = format!("'k{copy}.' || requester_key");
        // Between a minute and two days.
        let answered = format!("created_at - {earlier} + 60000000 + abs(random()) % 172800000000");
        self.table(
            connection,
            "raw",
            self.last_raw,
            "id",
            &[("id", moved("id", raw)), ("digest", random()), ("received_at", before("received_at"))],
        );
        let mut changed = vec![
            ("number", moved("number", ticket)),
            ("created_at", before("created_at")),
            ("updated_at", before("updated_at")),
            ("requester_email", address),
            ("requester_key", key),
            ("status", status),
            ("live", alive),
            ("clock_at", "NULL".to_owned()),
        ];
        if !live {
            changed.push(("first_responded_at", answered.clone()));
            changed.push(("resolved_at", answered));
        }
        self.table(connection, "ticket", self.last_ticket, "number", &changed);
        let entry = copy * self.entries;
        self.table(
            connection,
            "entry",
            self.last_entry,
            "id",
            &[
                ("id", moved("id", entry)),
                ("ticket", moved("ticket", ticket)),
                ("at", before("at")),
                (
                    "message_key",
                    format!(
                        "CASE WHEN message_key IS NULL THEN NULL WHEN message_id LIKE 'pd.%' \
                         THEN own_key(ticket + {ticket}, randomblob(24)) ELSE randomblob(32) END"
                    ),
                ),
                ("raw", moved("raw", raw)),
            ],
        );
        connection
            .execute(
                "INSERT INTO entry_words (rowid, subject, requester, text) \
                 SELECT (e.ticket << 20) | e.seq, fold(t.subject), \
                 fold(coalesce(t.requester_name, '') || ' ' || t.requester_email), fold(e.reply) \
                 FROM entry e JOIN ticket t ON t.number = e.ticket WHERE e.id > ?1 AND e.id <= ?2",
                params![self.last_entry + entry - self.entries, self.last_entry + entry],
            )
            .expect("indexed");
        self.table(
            connection,
            "history",
            self.last_history,
            "id",
            &[("id", moved("id", copy * self.history)), ("ticket", moved("ticket", ticket)), ("at", before("at"))],
        );
        self.table(
            connection,
            "ledger",
            self.last_ledger,
            "id",
            &[
                ("id", moved("id", copy * self.ledger)),
                ("name", format!("'k{copy}.' || name")),
                ("discovered_at", before("discovered_at")),
                ("received_at", before("received_at")),
                ("settled_at", before("settled_at")),
                ("digest", random()),
                ("fingerprint", random()),
                ("message_key", random()),
                ("ticket", moved("ticket", ticket)),
                ("raw", moved("raw", raw)),
            ],
        );
        self.table(
            connection,
            "outbox",
            self.last_outbox,
            "id",
            &[
                ("id", moved("id", copy * self.outbox)),
                ("ticket", moved("ticket", ticket)),
                ("message_key", format!("own_key(ticket + {ticket}, randomblob(24))")),
                ("queued_at", before("queued_at")),
                ("changed_at", before("changed_at")),
                ("state", "'sent'".to_owned()),
                ("attempts", "1".to_owned()),
                ("due_at", "NULL".to_owned()),
            ],
        );
    }

    /// Copies the original's rows of a table, with these columns by these expressions and the others as they are.
    fn table(&self, connection: &Connection, table: &str, last: i64, key: &str, changed: &[(&str, String)]) {
        let mut pragma = connection.prepare_cached(&format!("PRAGMA table_info({table})")).expect("prepares");
        let columns: Vec<String> =
            pragma.query_map([], |row| row.get(1)).expect("reads").map(|name| name.expect("a name")).collect();
        assert!(changed.iter().all(|(name, _)| columns.iter().any(|c| c == name)), "{table}: {changed:?}, {columns:?}");
        let values: Vec<&str> = columns
            .iter()
            .map(|c| changed.iter().find(|(name, _)| name == c).map_or(c.as_str(), |(_, value)| value.as_str()))
            .collect();
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {key} <= ?1",
            columns.join(", "),
            values.join(", ")
        );
        connection.execute(&sql, [last]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn random() -> String {
    "randomblob(32)".to_owned()
}

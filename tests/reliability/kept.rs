//! Databases that earlier versions wrote, kept in `fixtures/databases/`: the present program opens each, finds in it what
//! was there, and goes on with the same tickets, tokens and queues. A migration without a kept predecessor fails here.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::smtp_sink::{Say, Script, Sink};
use crate::support::{eventually, free_port};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/databases")
}

/// The migrations there are, in order.
fn migrations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite/migrations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("is there").flatten().map(|e| e.path()).collect();
    files.sort();
    files
}

fn kept(version: usize) -> PathBuf {
    folder().join(format!("v{version}.db.zst"))
}

/// A desk without servers, with the kept key.
fn desk() -> Desk {
    let port = format!("port = {}", free_port());
    let desk = Desk::with(
        free_port(),
        "",
        &format!(
            "[[mailbox]]\nname = \"support\"\naddress = \"podpora@acme.example\"\nbelieve = [\"mx.acme.example\"]\nplus = true\n\
             [mailbox.imap]\nhost = \"127.0.0.1\"\n{port}\ntls = \"none\"\nuser = \"podpora\"\npassword_file = \"imap\"\n"
        ),
    );
    put_key(&desk);
    desk
}

fn put_key(desk: &Desk) {
    std::fs::create_dir_all(desk.state()).expect("is made");
    std::fs::set_permissions(desk.state(), std::fs::Permissions::from_mode(0o700)).expect("is made private");
    let key = desk.state().join("key");
    std::fs::copy(folder().join("key"), &key).expect("is copied");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).expect("is made private");
}

fn database(desk: &Desk) -> PathBuf {
    desk.state().join("postdesk.db")
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect(sql)
}

/// What is in a database, whatever its version.
fn contents(connection: &Connection) -> Value {
    let count = |table: &str| number(connection, &format!("SELECT count(*) FROM {table}"));
    let mut tickets = connection
        .prepare("SELECT number, subject, status, owner, requester_email, entries FROM ticket ORDER BY number")
        .expect("is read");
    let ticket = |row: &rusqlite::Row<'_>| {
        Ok(json!([
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Option<String>>(3)?,
            row.get::<_, String>(4)?,
            row.get::<_, i64>(5)?
        ]))
    };
    let tickets: Vec<Value> = tickets.query_map([], ticket).expect("is read").map(|t| t.expect("is read")).collect();
    let mut states = BTreeMap::<String, i64>::new();
    let mut rows = connection.prepare("SELECT template || ' ' || state FROM outbox").expect("is read");
    for state in rows.query_map([], |row| row.get::<_, String>(0)).expect("is read") {
        *states.entry(state.expect("is read")).or_default() += 1;
    }
    let counted = ["entry", "history", "raw", "ledger", "contact", "organisation", "cursor"];
    json!({
        "tickets": tickets,
        "outbox": states,
        "quarantined": number(connection, "SELECT count(*) FROM ledger WHERE fate = 'quarantined'"),
        "rows": counted.map(|table| (table, count(table))).into_iter().collect::<BTreeMap<_, _>>(),
    })
}

/// Tables, columns and indexes by name: what differs in white space or in the order of columns does not count.
fn schema(connection: &Connection) -> Vec<String> {
    let mut things = connection
        .prepare(
            "SELECT m.type || ' ' || m.name || coalesce(' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\", '') \
             FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ON m.type = 'table' \
             WHERE m.name NOT LIKE 'sqlite_%' ORDER BY 1",
        )
        .expect("is read");
    things.query_map([], |row| row.get(0)).expect("is read").map(|row| row.expect("is read")).collect()
}

/// The Message-ID of the latest mail of this template on this ticket.
pub fn message_id(connection: &Connection, template: &str, ticket: i64) -> String {
    let sql = "SELECT message_id FROM outbox WHERE template = ?1 AND ticket = ?2 ORDER BY id DESC LIMIT 1";
    connection.query_row(sql, rusqlite::params![template, ticket], |row| row.get(0)).expect("is there")
}

pub fn ingest(desk: &Desk, mail: &[u8]) -> Value {
    let file = desk.folder().join("mail.eml");
    std::fs::write(&file, mail).expect("is written");
    desk.json(&["ingest", "--json", "--mailbox", "support", &file.display().to_string()]).remove(0)
}

/// Puts a kept database in the desk's place.
fn unpack(version: usize, desk: &Desk) {
    let packed = std::fs::read(kept(version)).expect("is read");
    let bytes = zstd::stream::decode_all(packed.as_slice()).expect("unpacks");
    std::fs::write(database(desk), bytes).expect("is written");
    std::fs::set_permissions(database(desk), std::fs::Permissions::from_mode(0o600)).expect("is made private");
}

#[test]
fn every_migration_has_a_kept_predecessor() {
    for version in 1..migrations().len() {
        assert!(kept(version).exists(), "{} is missing: see fixtures/databases/README.md", kept(version).display());
    }
}

#[test]
fn every_kept_database_is_brought_up_to_date_whole_and_its_story_goes_on() {
    let fresh = desk();
    ingest(&fresh, &customers_mail("c@firma.example", "Vec", "m@firma.example", "", "Dobrý deň"));
    let expected = schema(&Connection::open(database(&fresh)).expect("opens"));
    for version in 1..migrations().len() {
        let desk = desk();
        unpack(version, &desk);
        let before = contents(&Connection::open(database(&desk)).expect("opens"));
        let written: Value =
            serde_json::from_slice(&std::fs::read(folder().join(format!("v{version}.json"))).expect("is read"))
                .expect("is JSON");
        assert_eq!(before, written, "version {version}, as it was kept");

        let listed = desk.json(&["ticket", "list", "--all", "--json"]).len();
        let connection = Connection::open(database(&desk)).expect("opens");
        assert_eq!(number(&connection, "PRAGMA user_version"), migrations().len() as i64, "version {version}");
        let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("is read");
        assert_eq!(whole, "ok", "version {version}");
        assert!(!connection.prepare("PRAGMA foreign_key_check").expect("is read").exists([]).expect("is read"));
        assert_eq!(contents(&connection), written, "version {version}: nothing is lost on the way");
        assert_eq!(schema(&connection), expected, "version {version}: the schema of a new database");
        assert_eq!(listed, written["tickets"].as_array().expect("a list").len(), "version {version}");
        go_on(version, &desk, &connection, &written);
    }
}

/// The customer answers the answer that he got from the old program, the agent a notification of its; both are known by
/// their tokens. What waits and what lies in quarantine can be dealt with.
fn go_on(version: usize, desk: &Desk, connection: &Connection, written: &Value) {
    let tickets = written["tickets"].as_array().expect("a list");
    let (first, second) = (&tickets[0], &tickets[1]);
    let of =
        |ticket: &Value| (ticket[0].as_i64().expect("a number"), ticket[4].as_str().expect("an address").to_owned());
    let ((first, customer), (second, _)) = (of(first), of(second));
    let refers = |id: &str| format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n");
    let extra = refers(&message_id(connection, "answer", first));
    let said = ingest(desk, &customers_mail(&customer, "Re: Vec", "later-1@inbox.example", &extra, "Už to ide."));
    assert_eq!((&said["fate"], &said["ticket"]), (&"appended".into(), &first.into()), "version {version}: {said}");
    let extra = refers(&message_id(connection, "notify-new", second));
    let answer = customers_mail("jana@inbox.example", "Re: Vec", "later-2@inbox.example", &extra, "Skúste to znova.");
    let said = ingest(desk, &answer);
    assert_eq!((&said["fate"], &said["ticket"]), (&"appended".into(), &second.into()), "version {version}: {said}");
    // A mail that the old program sent comes back: it is found by the Message-ID that was kept then.
    let id = message_id(connection, "answer", first);
    let returned = format!(
        "From: MAILER-DAEMON@inbox.example\r\nTo: podpora@acme.example\r\nSubject: Undelivered\r\n\
         Message-ID: <later-b@inbox.example>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.inbox.example\r\n\r\n\
         Final-Recipient: rfc822; {customer}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--b--\r\n"
    );
    let said = ingest(desk, returned.as_bytes());
    assert_eq!((&said["fate"], &said["ticket"]), (&"bounce".into(), &first.into()), "version {version}: {said}");
    let bounced = format!("SELECT count(*) FROM outbox WHERE message_id = '{id}' AND state = 'bounced'");
    assert_eq!(number(connection, &bounced), 1, "version {version}");
    let answers = "SELECT count(*) FROM outbox WHERE template = 'answer' AND state = 'waiting'";
    assert!(number(connection, answers) >= 1, "version {version}: the agent's words wait to leave");
    let next = ingest(desk, &customers_mail("new@firma.example", "Nové", "later-3@inbox.example", "", "Dobrý deň"));
    let last = tickets.last().and_then(|t| t[0].as_i64()).expect("a number");
    assert_eq!((&next["fate"], &next["ticket"]), (&"ticket".into(), &(last + 1).into()), "version {version}: {next}");
    let aside = desk.json(&["quarantine", "list", "--json"]);
    assert_eq!(aside.len() as i64, written["quarantined"].as_i64().expect("a number"), "version {version}");
    let released = desk.run(&["quarantine", "release", &aside[0]["id"].to_string()]);
    assert!(released.status.success(), "version {version}: {}", String::from_utf8_lossy(&released.stderr));
    assert!(desk.run(&["outbox", "retry", "all"]).status.success(), "version {version}");
    let copy = desk.folder().join("copy.db").display().to_string();
    assert!(desk.run(&["backup", &copy]).status.success(), "version {version}");
}

#[test]
fn a_newer_database_is_refused_with_a_clear_word_and_left_as_it_is() {
    let desk = desk();
    ingest(&desk, &customers_mail("c@firma.example", "Vec", "m@firma.example", "", "Dobrý deň"));
    let connection = Connection::open(database(&desk)).expect("opens");
    connection.pragma_update(None, "user_version", 999).expect("is written");
    for command in [&["ticket", "list"][..], &["run"], &["backup", "copy.db"]] {
        let refused = desk.run(command);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{command:?}");
        assert!(
            said.contains("was written by a newer postdesk") && said.contains("schema version 999"),
            "{command:?}: {said}"
        );
    }
    assert_eq!(number(&connection, "PRAGMA user_version"), 999);
    assert_eq!(number(&connection, "SELECT count(*) FROM ticket"), 1);
}

/// A desk's first day, by whatever program `POSTDESK_PROGRAM` names.
#[test]
#[ignore = "makes a fixture: see fixtures/databases/README.md"]
fn fill() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let script = Script::on("RCPT TO:<c2@", Say::line("550 5.1.1 No such person here"))
        .and("RCPT TO:<c4@", Say::line("450 4.2.0 Greylisted"));
    let sink = runtime.block_on(Sink::start(script));
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, sink.address.port(), Some("Processed"));
    put_key(&desk);
    let contacts = desk.folder().join("contacts.csv");
    std::fs::write(
        &contacts,
        "email,name,organisation\nc0@firma0.example,Ján Nula,Nula s.r.o.\nc1@firma1.example,Eva Jedna,\n",
    )
    .expect("is written");
    assert!(desk.run(&["contact", "import", &contacts.display().to_string()]).status.success());
    let daemon = desk.start(&[]);
    eventually("the daemon watches", LONG, || daemon.said("Watching").then_some(()));
    let mail = |n: usize| {
        let (from, id) = (format!("c{n}@firma{n}.example"), format!("m{n}@inbox.example"));
        String::from_utf8(customers_mail(&from, &format!("Vec {n}: žiadosť"), &id, "", "Dobrý deň, nejde nám stroj."))
            .expect("is text")
    };
    let attached = mail(1)
        .replace("Content-Type: text/plain; charset=utf-8", "Content-Type: multipart/mixed; boundary=b")
        .replace(
            "\r\n\r\nDobrý",
            "\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDobrý",
        )
        + "--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\na,b\r\n--b--\r\n";
    let unproven = mail(2).split_once("\r\n").map(|(_, rest)| rest.to_owned()).expect("has a first line");
    let mails = [mail(0), attached, unproven, mail(3).replace("=pass", "=fail"), mail(4), mail(0)];
    for (n, mail) in mails.iter().enumerate() {
        dovecot.deliver("podpora", mail.as_bytes());
        // One after the other, so that every version gives the same numbers.
        eventually("it is filed", LONG, || (dovecot.files("podpora", "Processed").len() == n + 1).then_some(()));
    }
    let connection = Connection::open(desk.database()).expect("opens");
    let id = message_id(&connection, "notify-new", 1001);
    let extra = format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n");
    let answer = customers_mail("jana@inbox.example", "Re: Vec", "a1@inbox.example", &extra, "Reštartujte ho, prosím.");
    dovecot.deliver("podpora", &answer);
    let note = customers_mail("jana@inbox.example", "Re: Vec", "a2@inbox.example", &extra, "#note\r\nVolal som mu.");
    eventually("it is filed", LONG, || (dovecot.files("podpora", "Processed").len() == 7).then_some(()));
    dovecot.deliver("podpora", &note);
    eventually("it is filed", LONG, || (dovecot.files("podpora", "Processed").len() == 8).then_some(()));
    let waits = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'claimed', 'in-data')";
    eventually("what can leave has left", LONG, || (number(&connection, waits) == 0).then_some(()));
    daemon.stop();

    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").expect("is one file");
    let version = usize::try_from(number(&connection, "PRAGMA user_version")).expect("a version");
    keep(version, &connection, &desk.database());
    println!("{} was kept", kept(version).display());
}

fn keep(version: usize, connection: &Connection, database: &Path) {
    let contents = serde_json::to_string_pretty(&contents(connection)).expect("is JSON") + "\n";
    std::fs::write(folder().join(format!("v{version}.json")), contents).expect("is written");
    let bytes = std::fs::read(database).expect("is read");
    std::fs::write(kept(version), zstd::encode_all(bytes.as_slice(), 19).expect("packs")).expect("is written");
}

/// Makes what is missing of the one before, for a version that no program was ever released with.
#[test]
#[ignore = "makes a fixture: see fixtures/databases/README.md"]
fn bring_forward() {
    let migrations = migrations();
    for version in 2..migrations.len() {
        if kept(version).exists() {
            continue;
        }
        let desk = desk();
        unpack(version - 1, &desk);
        let connection = Connection::open(database(&desk)).expect("opens");
        let sql = std::fs::read_to_string(&migrations[version - 1]).expect("is read");
        connection.execute_batch(&format!("BEGIN; {sql}; PRAGMA user_version = {version}; COMMIT")).expect("migrates");
        connection.execute_batch("PRAGMA journal_mode = DELETE").expect("is one file");
        keep(version, &connection, &database(&desk));
        println!("{} was brought forward", kept(version).display());
    }
}

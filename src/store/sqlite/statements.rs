//! Holds how many SQL statements a mail costs: each is a few microseconds of the one thread that writes.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::writer::Work;
use super::{Options, ingest, plans, schema};
use crate::config::{CheckFiles, parse};
use crate::daemon::ingest::{Checked, arrival, parse as read};
use crate::model::facts::OwnProof;
use crate::model::{Incoming, SourceKey};
use crate::store::Arrival;

const CONFIG: &str = r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
language = "sk"
timezone = "Europe/Bratislava"
state = "state"
owner = "jana"

[[mailbox]]
name = "support"
address = "podpora@acme.example"
believe = ["mx.acme.example"]
[mailbox.maildir]
path = "in"

[outgoing.maildir]
path = "out"

[[agent]]
name = "jana"
display = "Jana Nováková"
addresses = ["jana@acme.example"]
"#;

fn mail(uid: u32, fields: &str) -> Arrival {
    let raw = format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example\r\n\
         Received: from mail.firma.example by mx.acme.example; Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         From: jan@firma.example\r\nTo: podpora@acme.example\r\nDate: Mon, 16 Nov 2026 09:00:00 +0100\r\n\
         Message-ID: <{uid}@firma.example>\r\n{fields}\r\n\r\nDobrý deň, číslo {uid}.\r\n"
    );
    let now: Timestamp = "2026-11-16T09:00:00Z".parse().expect("a time");
    let incoming = Incoming {
        mailbox: "support".to_owned(),
        key: SourceKey::imap("INBOX", 1, uid),
        raw: raw.into_bytes().into(),
        received_at: now,
        truncated_from: None,
    };
    let policy = parse(Path::new("config.toml"), CONFIG, CheckFiles::None).expect("valid").policy;
    let checked = Checked { parsed: read(incoming), proof: OwnProof::default() };
    arrival(checked, &policy.into(), now).expect("is read")
}

fn statements(connection: &Connection, mail: &Arrival) -> usize {
    let work = Work::on(connection);
    plans::count(|| {
        let done = ingest::batch(&work, std::slice::from_ref(mail), mail.incoming.received_at).expect("is taken in");
        assert_eq!(done.len(), 1);
    })
}

#[test]
fn a_mail_costs_so_many_statements() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { durable: false, ..Options::default() };
    let connection = schema::open_writer(&folder.path().join("desk.db"), &options).expect("opens");
    let opens = statements(&connection, &mail(1, "Subject: Otázka"));
    let appends = statements(&connection, &mail(2, "Subject: Re: Otázka\r\nReferences: <1@firma.example>"));
    let again = statements(&connection, &mail(1, "Subject: Otázka"));
    println!("{opens} to open a ticket, {appends} to add to one, {again} to see that it is known");
    assert!(opens <= OPENS && appends <= APPENDS && again <= 1, "{opens}, {appends}, {again}");
}

/// As it was counted; one more is a decision.
const OPENS: usize = 39;
const APPENDS: usize = 36;

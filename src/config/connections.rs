//! Mailboxes and their sources, and how mail leaves.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use crate::model::AddrSpec;
use crate::model::desk::{self, Start};

use super::file;
use super::notes::Notes;
use super::people::{People, date};
use super::servers::{Passwords, Place, ServerKeys};
use super::settings::{
    Imap, Login, MailboxSource, Maildir, Outgoing, OutgoingVia, Smtp, Source, Tls, address, language,
};

pub fn mailboxes(
    tables: &[Spanned<file::Mailbox>],
    people: &People,
    notes: &mut Notes<'_>,
) -> (Vec<desk::Mailbox>, Vec<MailboxSource>) {
    if tables.is_empty() && !notes.broken.iter().any(|b| b == "mailbox") {
        let hint = "Add a [[mailbox]] with `address` and [mailbox.imap]";
        notes.mistake(0..0, "mailbox", "There is no mailbox", Some(hint));
    }
    let (mut mailboxes, mut sources) = (Vec::new(), Vec::new());
    let mut taken = Taken::default();
    for table in tables {
        let found = mailbox(table, people, &mut taken, notes);
        let source = source(table, &mut taken, notes);
        let Some(mailbox) = found else { continue };
        // A mailbox with a broken source stays: rules may name it, and that is no second mistake.
        sources.extend(source.map(|from| MailboxSource { mailbox: mailbox.name.clone(), from }));
        mailboxes.push(mailbox);
    }
    (mailboxes, sources)
}

/// What the mailboxes before this one have: each thing belongs to one mailbox.
#[derive(Default)]
struct Taken {
    names: Vec<String>,
    addresses: Vec<AddrSpec>,
    accounts: Vec<(String, u16, String, String)>,
    maildirs: Vec<PathBuf>,
}

fn mailbox(
    table: &Spanned<file::Mailbox>,
    people: &People,
    taken: &mut Taken,
    notes: &mut Notes<'_>,
) -> Option<desk::Mailbox> {
    let file = table.get_ref();
    let own = match &file.address {
        Some(text) => own_address(text, "mailbox.address", taken, notes),
        None => {
            notes.missing(table.span(), "mailbox.address", "The address that customers write to");
            None
        }
    };
    let mut aliases = Vec::new();
    for text in file.aliases.iter().flat_map(|a| a.get_ref()) {
        aliases.extend(own_address(text, "mailbox.aliases", taken, notes));
    }
    let owner = people.owner(file.owner.as_ref(), "mailbox.owner", notes);
    let language = language(file.language.as_ref(), "mailbox.language", notes);
    let start = start(file.start.as_ref(), notes);
    let believe = believe(table, notes);
    let name = name(table, own.as_ref(), taken, notes);
    let (name, address) = (name?, own?);
    Some(desk::Mailbox {
        name,
        address,
        aliases,
        owner,
        language,
        start,
        observe: file.observe.as_ref().is_some_and(|o| *o.get_ref()),
        believe,
        hops: file.hops.as_ref().map_or(1, |h| *h.get_ref()),
        plus: file.plus.as_ref().is_some_and(|p| *p.get_ref()),
    })
}

/// The name that stands there, else the beginning of the address; None where there is neither.
fn name(
    table: &Spanned<file::Mailbox>,
    own: Option<&AddrSpec>,
    taken: &mut Taken,
    notes: &mut Notes<'_>,
) -> Option<String> {
    let file = table.get_ref();
    let written = file.name.as_ref().map(|name| name.get_ref().trim().to_owned());
    let name = written.or_else(|| own.map(|address| address.local().to_owned()))?;
    let span = file.name.as_ref().or(file.address.as_ref()).map_or(table.span(), Spanned::span);
    if name.is_empty() || taken.names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
        let hint = "Give each mailbox a `name` of its own";
        notes.mistake(span, "mailbox.name", format!("The name `{name}` is empty or taken already"), Some(hint));
    }
    taken.names.push(name.clone());
    Some(name)
}

fn own_address(text: &Spanned<String>, key: &str, taken: &mut Taken, notes: &mut Notes<'_>) -> Option<AddrSpec> {
    let address = address(text, key, notes)?;
    if taken.addresses.contains(&address) {
        let hint = "An address leads to one mailbox, and stands there once";
        notes.mistake(text.span(), key, format!("`{address}` stands here already"), Some(hint));
        return None;
    }
    taken.addresses.push(address.clone());
    Some(address)
}

fn start(value: Option<&Spanned<toml::Value>>, notes: &mut Notes<'_>) -> Start {
    let Some(value) = value else { return Start::New };
    match value.get_ref() {
        toml::Value::String(word) if word == "new" => Start::New,
        toml::Value::String(word) if word == "all" => Start::All,
        other => date(other).map(Start::Since).unwrap_or_else(|| {
            let hint = "\"new\" (only mail that arrives from now on), \"all\", or a day: 2026-01-01";
            notes.mistake(value.span(), "mailbox.start", "This says no start", Some(hint));
            Start::New
        }),
    }
}

/// The authserv-ids, in lower case: RFC 8601 section 2.5 compares them so.
fn believe(table: &Spanned<file::Mailbox>, notes: &mut Notes<'_>) -> Vec<String> {
    let key = "mailbox.believe";
    let ids = table.get_ref().believe.as_ref();
    let mut found = Vec::new();
    for id in ids.into_iter().flat_map(|b| b.get_ref()) {
        let text = id.get_ref().trim().to_ascii_lowercase();
        let token = |b: u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b);
        if text.is_empty() || !text.bytes().all(token) {
            let hint = "The first word of your server's Authentication-Results header, such as \"mx.acme.example\"";
            notes.mistake(id.span(), key, "This is no authserv-id (RFC 8601 section 2.5)", Some(hint));
            continue;
        }
        found.push(text);
    }
    if ids.is_none_or(|b| b.get_ref().is_empty()) {
        let hint = "Every sender stays unauthenticated until the desk's own check of DKIM proves him; name the \
                    authserv-id that your mail server writes into Authentication-Results";
        notes.hint(
            ids.map_or(table.span(), Spanned::span),
            key,
            "No server's word about senders is believed",
            Some(hint),
        );
    }
    found
}

fn source(table: &Spanned<file::Mailbox>, taken: &mut Taken, notes: &mut Notes<'_>) -> Option<Source> {
    match (&table.get_ref().imap, &table.get_ref().maildir) {
        (Some(imap), None) => imap_source(imap, taken, notes).map(Source::Imap),
        (None, Some(maildir)) => maildir_source(maildir, taken, notes).map(Source::Maildir),
        (None, None) => {
            if !notes.broken.iter().any(|b| b == "mailbox.imap" || b == "mailbox.maildir") {
                let hint = "Add [mailbox.imap] or [mailbox.maildir] below it";
                notes.mistake(table.span(), "mailbox", "It does not say where its mail comes from", Some(hint));
            }
            None
        }
        (Some(imap), Some(maildir)) => {
            imap_source(imap, taken, notes);
            maildir_source(maildir, taken, notes);
            let hint = "Keep one of the two, or make two mailboxes with two addresses";
            notes.mistake(maildir.span(), "mailbox.maildir", "A mailbox has both `imap` and `maildir`", Some(hint));
            None
        }
    }
}

fn maildir_source(table: &Spanned<file::MaildirIn>, taken: &mut Taken, notes: &mut Notes<'_>) -> Option<Maildir> {
    let file = table.get_ref();
    let path = maildir_path(file.path.as_ref(), table.span(), "mailbox.maildir.path", notes);
    file.archive.iter().for_each(|archive| notes.one_line(archive, "mailbox.maildir.archive"));
    let path = path?;
    if taken.maildirs.contains(&path) {
        let hint = "Each mail belongs to one mailbox";
        notes.mistake(table.span(), "mailbox.maildir", "Two mailboxes have this Maildir", Some(hint));
    }
    taken.maildirs.push(path.clone());
    let archive = file.archive.as_ref().map(|archive| {
        let folder = notes.path(archive.get_ref());
        if folder == path {
            let hint = "Another folder, or no `archive` at all";
            let message = "Taken-in mail would be moved to where it is";
            notes.mistake(archive.span(), "mailbox.maildir.archive", message, Some(hint));
        }
        folder
    });
    Some(Maildir { path, archive })
}

fn imap_source(table: &Spanned<file::Imap>, taken: &mut Taken, notes: &mut Notes<'_>) -> Option<Imap> {
    let file = table.get_ref();
    let place = Place { table: table.span(), path: "mailbox.imap" };
    let server = place.server(
        &ServerKeys {
            host: &file.host,
            port: &file.port,
            tls: &file.tls,
            allow_plaintext: &file.allow_plaintext,
            ca_file: &file.ca_file,
        },
        Tls::Implicit,
        |tls| if tls == Tls::Implicit { 993 } else { 143 },
        notes,
    );
    let passwords = Passwords(&file.password_file, &file.password_env, &file.password_command);
    let password = place.password(&passwords, notes);
    let user = match &file.user {
        Some(user) if user.get_ref().is_empty() => {
            notes.mistake(user.span(), "mailbox.imap.user", "The user is empty", Some("The name to log in with"));
            None
        }
        Some(user) => Some(user.get_ref().clone()),
        None => {
            notes.missing(table.span(), "mailbox.imap.user", "The name to log in with, often the whole address");
            None
        }
    };
    if password.is_none() && !passwords.any() {
        let hint = "`password_file = \"imap\"` (a systemd credential, or a file beside this one), \
                    or `password_command`, `password_env`";
        notes.missing(table.span(), "mailbox.imap.password_file", hint);
    }
    for (text, key) in [
        (&file.user, "mailbox.imap.user"),
        (&file.folder, "mailbox.imap.folder"),
        (&file.archive, "mailbox.imap.archive"),
    ] {
        text.iter().for_each(|text| notes.one_line(text, key));
    }
    let folder = file.folder.as_ref().map_or("INBOX", |f| f.get_ref()).to_owned();
    if let Some(archive) = &file.archive
        && *archive.get_ref() == folder
    {
        let hint = "Another folder, or no `archive` at all";
        notes.mistake(
            archive.span(),
            "mailbox.imap.archive",
            "Taken-in mail would be moved to where it is",
            Some(hint),
        );
    }
    let (server, user) = (server?, user?);
    let account = (server.host.to_ascii_lowercase(), server.port, user.clone(), folder.clone());
    if taken.accounts.contains(&account) {
        let hint = "Each mail belongs to one mailbox; other addresses of it go into `aliases`";
        notes.mistake(table.span(), "mailbox.imap", "Two mailboxes read this folder", Some(hint));
    }
    taken.accounts.push(account);
    let login = Login { user, password: password? };
    Some(Imap { server, login, folder, archive: file.archive.as_ref().map(|a| a.get_ref().clone()) })
}

pub fn outgoing(
    table: Option<Spanned<file::Outgoing>>,
    mailboxes: &[desk::Mailbox],
    sources: &[MailboxSource],
    notes: &mut Notes<'_>,
) -> Option<Outgoing> {
    let span = table.as_ref().map_or(0..0, Spanned::span);
    let file = table.map(Spanned::into_inner).unwrap_or_default();
    let give_up = file.give_up_hours.as_ref().map_or(120, |h| *h.get_ref());
    if let Some(hours) = &file.give_up_hours
        && !(1..=720).contains(hours.get_ref())
    {
        notes.mistake(hours.span(), "outgoing.give_up_hours", "Out of range", Some("1 to 720"));
    }
    let via = match (file.smtp, file.maildir) {
        (Some(smtp), None) => smtp_server(&smtp, notes).map(OutgoingVia::Smtp),
        (None, Some(maildir)) => {
            let path = maildir_path(maildir.get_ref().path.as_ref(), maildir.span(), "outgoing.maildir.path", notes)?;
            if sources.iter().any(|s| matches!(&s.from, Source::Maildir(from) if from.path == path)) {
                let hint = "Mail that leaves needs another folder than mail that comes";
                let message = "What the desk writes would come back to it";
                notes.mistake(maildir.span(), "outgoing.maildir.path", message, Some(hint));
            }
            Some(OutgoingVia::Maildir(path))
        }
        (None, None) if !mailboxes.is_empty() && mailboxes.iter().all(|m| m.observe) => Some(OutgoingVia::Nowhere),
        (None, None) => {
            if !notes.broken.iter().any(|b| b.starts_with("outgoing")) {
                let hint = "Add [outgoing.smtp], or let every mailbox only observe: `observe = true`";
                notes.mistake(span, "outgoing", "It does not say how mail leaves", Some(hint));
            }
            None
        }
        (Some(smtp), Some(maildir)) => {
            smtp_server(&smtp, notes);
            maildir_path(maildir.get_ref().path.as_ref(), maildir.span(), "outgoing.maildir.path", notes);
            let message = "Mail leaves by both `smtp` and `maildir`";
            notes.mistake(maildir.span(), "outgoing.maildir", message, Some("Keep one of the two"));
            None
        }
    };
    Some(Outgoing { via: via?, give_up: Duration::from_secs(u64::from(give_up) * 3600) })
}

fn smtp_server(table: &Spanned<file::Smtp>, notes: &mut Notes<'_>) -> Option<Smtp> {
    let file = table.get_ref();
    let place = Place { table: table.span(), path: "outgoing.smtp" };
    let server = place.server(
        &ServerKeys {
            host: &file.host,
            port: &file.port,
            tls: &file.tls,
            allow_plaintext: &file.allow_plaintext,
            ca_file: &file.ca_file,
        },
        Tls::Starttls,
        |tls| match tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        },
        notes,
    );
    let passwords = Passwords(&file.password_file, &file.password_env, &file.password_command);
    let password = place.password(&passwords, notes);
    file.user.iter().for_each(|user| notes.one_line(user, "outgoing.smtp.user"));
    let login = match (&file.user, password) {
        (Some(user), Some(password)) => Some(Login { user: user.get_ref().clone(), password }),
        (Some(user), None) => {
            if !passwords.any() {
                let hint = "Name its password with `password_file`, or remove `user` where no login is needed";
                notes.mistake(user.span(), "outgoing.smtp.user", "A user without a password", Some(hint));
            }
            None
        }
        (None, Some(_)) => {
            notes.missing(table.span(), "outgoing.smtp.user", "There is a password, but nobody whose it is");
            None
        }
        (None, None) => None,
    };
    if let Some(hello) = &file.hello
        && !crate::model::address::is_domain(hello.get_ref())
    {
        let hint = "The name of this machine, such as \"desk.acme.example\"";
        notes.mistake(
            hello.span(),
            "outgoing.smtp.hello",
            "This is no domain name (RFC 5321 section 4.1.1.1)",
            Some(hint),
        );
    }
    if let Some(connections) = &file.connections
        && !(1..=16).contains(connections.get_ref())
    {
        notes.mistake(connections.span(), "outgoing.smtp.connections", "Out of range", Some("1 to 16"));
    }
    Some(Smtp {
        server: server?,
        login,
        hello: file.hello.as_ref().map_or_else(String::new, |h| h.get_ref().clone()),
        connections: usize::from(file.connections.as_ref().map_or(4, |c| *c.get_ref())),
    })
}

fn maildir_path(
    path: Option<&Spanned<String>>,
    table: Range<usize>,
    key: &str,
    notes: &mut Notes<'_>,
) -> Option<PathBuf> {
    let hint = "The folder that contains `new`, `cur` and `tmp`";
    match path {
        Some(path) if path.get_ref().is_empty() => {
            notes.mistake(path.span(), key, "The path is empty", Some(hint));
            None
        }
        Some(path) => {
            notes.one_line(path, key);
            Some(notes.path(path.get_ref()))
        }
        None => {
            notes.missing(table, key, hint);
            None
        }
    }
}

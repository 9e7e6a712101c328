//! Mailboxes and their sources, and how mail leaves: servers, TLS, logins, folders.

use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use crate::model::AddrSpec;
use crate::model::desk::{self, Start};

use super::file;
use super::notes::Notes;
use super::people::{People, date};
use super::secret::{SecretError, SecretSource};
use super::settings::{
    Imap, Login, MailboxSource, Outgoing, OutgoingVia, Server, Smtp, Source, Tls, address, language, one_of,
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
        if let (Some(mailbox), Some(from)) = (found, source) {
            sources.push(MailboxSource { mailbox: mailbox.name.clone(), from });
            mailboxes.push(mailbox);
        }
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
    let address = own?;
    let name = file.name.as_ref().map_or_else(|| address.local().to_owned(), |n| n.get_ref().trim().to_owned());
    let span = file.name.as_ref().or(file.address.as_ref()).map_or(table.span(), Spanned::span);
    if name.is_empty() || taken.names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
        let hint = "Give each mailbox a `name` of its own";
        notes.mistake(span, "mailbox.name", format!("The name `{name}` is empty or taken already"), Some(hint));
    }
    taken.names.push(name.clone());
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
        (None, Some(maildir)) => {
            let path = maildir_path(maildir, "mailbox.maildir.path", notes)?;
            if taken.maildirs.contains(&path) {
                let message = "Two mailboxes have this Maildir";
                notes.mistake(
                    maildir.span(),
                    "mailbox.maildir.path",
                    message,
                    Some("Each mail belongs to one mailbox"),
                );
            }
            taken.maildirs.push(path.clone());
            Some(Source::Maildir(path))
        }
        (None, None) => {
            if !notes.broken.iter().any(|b| b == "mailbox.imap" || b == "mailbox.maildir") {
                let hint = "Add [mailbox.imap] or [mailbox.maildir] below it";
                notes.mistake(table.span(), "mailbox", "It does not say where its mail comes from", Some(hint));
            }
            None
        }
        (Some(_), Some(maildir)) => {
            let hint = "Keep one of the two, or make two mailboxes with two addresses";
            notes.mistake(maildir.span(), "mailbox.maildir", "A mailbox has both `imap` and `maildir`", Some(hint));
            None
        }
    }
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
            let path = maildir_path(&maildir, "outgoing.maildir.path", notes)?;
            if sources.iter().any(|s| matches!(&s.from, Source::Maildir(from) if *from == path)) {
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
        (Some(_), Some(maildir)) => {
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

fn maildir_path(table: &Spanned<file::Maildir>, key: &str, notes: &mut Notes<'_>) -> Option<PathBuf> {
    match &table.get_ref().path {
        Some(path) if path.get_ref().is_empty() => {
            notes.mistake(
                path.span(),
                key,
                "The path is empty",
                Some("The folder that contains `new`, `cur` and `tmp`"),
            );
            None
        }
        Some(path) => Some(notes.path(path.get_ref())),
        None => {
            notes.missing(table.span(), key, "The folder that contains `new`, `cur` and `tmp`");
            None
        }
    }
}

/// The keys by which a server is named, wherever they stand.
struct ServerKeys<'a> {
    host: &'a file::Key<String>,
    port: &'a file::Key<u16>,
    tls: &'a file::Key<String>,
    allow_plaintext: &'a file::Key<bool>,
    ca_file: &'a file::Key<String>,
}

/// `password_file`, `password_env`, `password_command`.
struct Passwords<'a>(&'a file::Key<String>, &'a file::Key<String>, &'a file::Key<Vec<Spanned<String>>>);

impl Passwords<'_> {
    fn any(&self) -> bool {
        self.0.is_some() || self.1.is_some() || self.2.is_some()
    }
}

/// A table of the file, for what IMAP and SMTP have in common.
struct Place {
    table: Range<usize>,
    path: &'static str,
}

impl Place {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn server(
        &self,
        keys: &ServerKeys<'_>,
        default: Tls,
        port: impl Fn(Tls) -> u16,
        notes: &mut Notes<'_>,
    ) -> Option<Server> {
        let words = [("implicit", Tls::Implicit), ("starttls", Tls::Starttls), ("none", Tls::None)];
        let tls = keys.tls.as_ref().and_then(|tls| one_of(tls, &self.key("tls"), &words, notes)).unwrap_or(default);
        let ca_file = keys.ca_file.as_ref().map(|file| {
            let path = notes.path(file.get_ref());
            if notes.files {
                let problem = match std::fs::read(&path) {
                    Ok(pem) if pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") => None,
                    Ok(_) => Some("The file has no certificate in PEM".to_owned()),
                    Err(error) => Some(format!("The file cannot be read: {error}")),
                };
                if let Some(problem) = problem {
                    notes.mistake(file.span(), &self.key("ca_file"), problem, None);
                }
            }
            path
        });
        let Some(host) = keys.host else {
            notes.missing(self.table.clone(), &self.key("host"), "The name of the server");
            return None;
        };
        let name = host.get_ref();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if name.parse::<IpAddr>().is_err() && (name.is_empty() || !name.bytes().all(plain)) {
            let hint = "A name or an IP address alone; the port has its own key";
            notes.mistake(host.span(), &self.key("host"), "This is no name of a server", Some(hint));
        }
        let allowed = keys.allow_plaintext.as_ref().is_some_and(|a| *a.get_ref());
        if tls == Tls::None && !is_loopback(name) && !allowed {
            let span = keys.tls.as_ref().map_or(self.table.clone(), Spanned::span);
            let hint = "Use \"implicit\" or \"starttls\"; if the network between is yours alone, say it twice: \
                        `allow_plaintext = true`";
            let message = "Password and mails could be read on the way to another machine";
            notes.mistake(span, &self.key("tls"), message, Some(hint));
        }
        let port = keys.port.as_ref().map_or(port(tls), |p| *p.get_ref());
        if port == 0 {
            let span = keys.port.as_ref().map_or(self.table.clone(), Spanned::span);
            notes.mistake(span, &self.key("port"), "There is no port 0", Some("Leave `port` out for the usual one"));
        }
        Some(Server { host: name.clone(), port, tls, ca_file })
    }

    /// Where the password is kept, and whether it is there.
    fn password(&self, keys: &Passwords<'_>, notes: &mut Notes<'_>) -> Option<SecretSource> {
        let Passwords(file, env, command) = keys;
        let mut found = Vec::new();
        if let Some(file) = file {
            let path = notes.path(file.get_ref());
            let source = match file.get_ref().contains('/') {
                true => SecretSource::File(path),
                false => SecretSource::Credential(file.get_ref().clone(), path),
            };
            found.push(("password_file", file.span(), source));
        }
        if let Some(env) = env {
            found.push(("password_env", env.span(), SecretSource::Env(env.get_ref().clone())));
        }
        if let Some(command) = command {
            let words = command.get_ref().iter().map(|w| w.get_ref().clone()).collect();
            found.push(("password_command", command.span(), SecretSource::Command(words)));
        }
        if let [(first, ..), (second, span, _), ..] = found.as_slice() {
            let message = format!("Both `{first}` and `{second}`");
            notes.mistake(span.clone(), &self.key(second), message, Some("Keep one of them"));
        }
        let (name, span, source) = found.into_iter().next()?;
        if matches!(&source, SecretSource::Command(words) if words.iter().all(String::is_empty)) {
            let hint = "A program and its arguments: [\"pass\", \"show\", \"imap\"]";
            notes.mistake(span.clone(), &self.key(name), "There is no command", Some(hint));
        }
        if notes.files {
            self.try_password(name, span, &source, notes);
        }
        Some(source)
    }

    fn try_password(&self, name: &str, span: Range<usize>, source: &SecretSource, notes: &mut Notes<'_>) {
        let Err(error) = source.check() else { return };
        let gone = matches!(&error, SecretError::Unreadable(_, e) if e.kind() == std::io::ErrorKind::NotFound);
        // Credentials are there only while the service runs: without it, their absence says nothing.
        let serviceless = std::env::var_os("CREDENTIALS_DIRECTORY").is_none();
        if gone && serviceless && matches!(source, SecretSource::File(p) if p.starts_with("/run/credentials")) {
            let hint = "It is there only while the service runs, if the unit has a LoadCredential= of this name";
            notes.hint(span, &self.key(name), "This credential is not there now", Some(hint));
            return;
        }
        let hint = if gone {
            "A relative name is a systemd credential, or a file beside this one; the password itself must not stand here"
        } else {
            "The program that runs the desk must be able to read it, and nobody else"
        };
        notes.mistake(span, &self.key(name), error.to_string(), Some(hint));
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

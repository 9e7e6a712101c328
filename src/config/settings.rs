//! What a checked configuration says about the desk's surroundings, as plain data: servers, folders, limits, logs; and
//! the order in which the check puts it together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use crate::model::address::is_domain;
use crate::model::desk::{self, Desk, Policy};
use crate::model::{AddrSpec, Language};

use super::file;
use super::notes::Notes;
use super::people::People;
use super::secret::SecretSource;
use super::{Config, accounts, articles, connections, digest, keys, promises, rules, templates, texts};

/// Where the mails of one mailbox come from.
#[derive(Clone, Debug)]
pub struct MailboxSource {
    /// The mailbox's name.
    pub mailbox: String,
    pub from: Source,
}

#[derive(Clone, Debug)]
pub enum Source {
    Imap(Imap),
    Maildir(Maildir),
}

/// A Maildir that mail is delivered into.
#[derive(Clone, Debug)]
pub struct Maildir {
    /// The folder that contains `new`, `cur` and `tmp`.
    pub path: PathBuf,
    /// Where taken-in mail is moved; None: it stays where it is.
    pub archive: Option<PathBuf>,
}

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// The operator said twice that nothing need be encrypted on the way to this server.
    pub allow_plaintext: bool,
    /// PEM; None: the system's certificate authorities.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte on (RFC 8314).
    Implicit,
    /// The connection is upgraded before anything else is said, or given up.
    Starttls,
    None,
}

#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: SecretSource,
}

#[derive(Clone, Debug)]
pub struct Imap {
    pub server: Server,
    pub login: Login,
    pub folder: String,
    /// Where taken-in mail is moved; None: it stays where it is.
    pub archive: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Outgoing {
    pub via: OutgoingVia,
    /// A mail that could not be sent for this long is given up.
    pub give_up: Duration,
}

#[derive(Clone, Debug)]
pub enum OutgoingVia {
    Smtp(Smtp),
    Maildir(PathBuf),
    /// Every mailbox only observes: nothing is ever sent.
    Nowhere,
}

#[derive(Clone, Debug)]
pub struct Smtp {
    pub server: Server,
    pub login: Option<Login>,
    /// The name said in EHLO.
    pub hello: String,
    /// Connections at the same time, 1 to 16.
    pub connections: usize,
}

/// Resolvers for the desk's own check of senders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dns {
    System,
    Servers(Vec<SocketAddr>),
    Off,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A larger mail is not fetched.
    pub max_mail_bytes: u64,
    /// Between two looks into a mailbox whose server does not announce new mail.
    pub poll: Duration,
    /// Silence after which a connection is given up.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_mail_bytes: 50_000_000, poll: Duration::from_secs(60), timeout: Duration::from_secs(60) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub level: LogLevel,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The word in the configuration, which a log filter understands too.
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// journald under systemd, else text.
    #[default]
    Auto,
    Text,
    Json,
    Journald,
}

/// The file → the configuration. None where something is missing without which the rest makes no sense; the mistakes
/// are in `notes` either way.
pub fn settle(file: file::File, notes: &mut Notes<'_>) -> Option<Config> {
    let people = People::settle(&file.agent, &file.group, notes);
    let (mailboxes, sources) = connections::mailboxes(&file.mailbox, &people, notes);
    let outgoing = connections::outgoing(file.outgoing, &mailboxes, &sources, notes);
    people.keep_apart(&mailboxes, notes);
    let categories = rules::categories(&file.category, &people, &mailboxes, notes);
    let desk_file = file.desk.map(Spanned::into_inner).unwrap_or_default();
    let state = notes.path(desk_file.state.as_ref().map_or("/var/lib/postdesk", |s| s.get_ref()));
    let (desk_sla, desk_calendar) = (desk_file.sla.clone(), desk_file.calendar.clone());
    let desk = desk(desk_file, &people, &mailboxes, notes);
    let zone = desk.as_ref().map_or(jiff::tz::TimeZone::UTC, |d| d.timezone.clone());
    let named =
        promises::Named { desk: desk_sla.as_ref(), calendar: desk_calendar.as_ref(), categories: &file.category };
    let promised = promises::Files {
        calendars: &file.calendar,
        slas: &file.sla,
        urgency: file.urgency,
        reminders: file.reminders,
        duty: &file.duty,
    };
    let promises = promises::promises(promised, &named, &categories, &zone, &people, notes);
    let mut outgoing = outgoing;
    if let Some(Outgoing { via: OutgoingVia::Smtp(smtp), .. }) = &mut outgoing
        && smtp.hello.is_empty()
    {
        smtp.hello.clone_from(&desk.as_ref()?.domain);
    }
    let dns = dns(file.dns.map(Spanned::into_inner).unwrap_or_default(), notes);
    let budgets = budgets(&file.budgets.map(Spanned::into_inner).unwrap_or_default());
    let limits = limits(&file.limits.map(Spanned::into_inner).unwrap_or_default(), notes);
    let log = log(&file.log.map(Spanned::into_inner).unwrap_or_default(), notes);
    let texts = texts::texts(file.texts.map(Spanned::into_inner).unwrap_or_default(), notes);
    let packages = accounts::packages(&file.organisation, &zone, notes);
    let templates = templates::templates(file.templates.map(Spanned::into_inner).unwrap_or_default(), notes);
    let articles = articles::articles(file.articles.map(Spanned::into_inner).unwrap_or_default(), &categories, notes);
    let known = if notes.looks_at_files() { keys::load(&state) } else { Ok(None) };
    let keys = match known.and_then(|ring| ring.map_or_else(keys::passing, Ok)) {
        Ok(keys) => keys,
        Err(error) => {
            let mistake = super::Mistake::about(notes.source.path, error.to_string(), None);
            notes.mistakes.push(mistake.because_of(error.kind()));
            return None;
        }
    };
    let policy = Policy {
        desk: desk?,
        mailboxes,
        agents: people.agents,
        groups: people.groups,
        categories,
        budgets,
        keys,
        texts,
        promises,
        templates,
        articles,
        packages: packages.into(),
        looks: Default::default(),
    };
    Some(Config {
        path: notes.source.path.to_owned(),
        policy,
        mailboxes: sources,
        outgoing: outgoing?,
        dns,
        state,
        limits,
        log,
        hints: std::mem::take(&mut notes.hints),
    })
}

fn desk(file: file::Desk, people: &People, mailboxes: &[desk::Mailbox], notes: &mut Notes<'_>) -> Option<Desk> {
    let first = mailboxes.first();
    let prefix = file.prefix.map_or_else(
        || "DESK".to_owned(),
        |prefix| {
            let text = prefix.get_ref();
            if text.is_empty() || text.len() > 12 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
                let hint = "1 to 12 letters A to Z and digits, such as \"ACME\"";
                notes.mistake(prefix.span(), "desk.prefix", "The prefix does not fit into a subject token", Some(hint));
            }
            prefix.into_inner()
        },
    );
    let domain = match file.domain {
        Some(domain) => {
            if !is_domain(domain.get_ref()) {
                let hint = "Such as \"desk.acme.example\"; it needs no DNS entry";
                notes.mistake(domain.span(), "desk.domain", "This is no domain name", Some(hint));
            }
            domain.into_inner().to_ascii_lowercase()
        }
        None => first.map_or_else(String::new, |m| m.address.domain().to_owned()),
    };
    let name = match file.name {
        Some(name) => {
            if name.get_ref().trim().is_empty() {
                notes.mistake(name.span(), "desk.name", "The name is empty", Some("What customers see as the sender"));
            }
            name.into_inner()
        }
        None => first.map_or_else(String::new, |m| m.address.to_string()),
    };
    let owner = match file.owner {
        Some(owner) => {
            let found = people.assignee(&owner, "desk.owner", notes);
            if people.is_disabled(owner.get_ref()) {
                let hint = "The last step of routing must be somebody who works here";
                notes.mistake(owner.span(), "desk.owner", "This agent is disabled", Some(hint));
            }
            found
        }
        None => people.agents.iter().find(|a| !a.disabled).map(|a| desk::Assignee::Agent(a.name.clone())),
    };
    let timezone = timezone(file.timezone.as_ref(), "desk.timezone", notes).unwrap_or(jiff::tz::TimeZone::UTC);
    let proofs =
        [("auto", desk::AgentProof::Auto), ("token", desk::AgentProof::Token), ("confirm", desk::AgentProof::Confirm)];
    let agents = file.agents.as_ref().and_then(|word| one_of(word, "desk.agents", &proofs, notes));
    let weekly = file.weekly.as_ref().and_then(|table| digest::weekly(table, people, notes));
    Some(Desk {
        name,
        prefix,
        domain,
        language: language(file.language.as_ref(), "desk.language", notes).unwrap_or_default(),
        timezone,
        owner: owner?,
        operator: file.operator.and_then(|operator| self::operator(&operator, mailboxes, notes)),
        reopen_days: file.reopen_days.map_or(14, Spanned::into_inner),
        agents: agents.unwrap_or_default(),
        weekly,
    })
}

/// Who hears of trouble: a person, and not the desk itself.
fn operator(
    text: &Spanned<String>,
    mailboxes: &[desk::Mailbox],
    notes: &mut Notes<'_>,
) -> Option<crate::model::AddrSpec> {
    let operator = address(text, "desk.operator", notes)?;
    if mailboxes.iter().any(|mailbox| mailbox.reached_by(&operator).is_some()) {
        let hint = "What is said to the operator would come back as mail, and nobody would read it";
        notes.mistake(text.span(), "desk.operator", "This is the address of a mailbox of the desk", Some(hint));
    }
    Some(operator)
}

/// A time zone by its IANA name; None where there is none of it.
pub fn timezone(zone: Option<&Spanned<String>>, key: &str, notes: &mut Notes<'_>) -> Option<jiff::tz::TimeZone> {
    let zone = zone?;
    let found = jiff::tz::TimeZone::get(zone.get_ref());
    if found.is_err() {
        let names: Vec<String> = jiff::tz::db().available().map(|n| n.as_str().to_owned()).collect();
        let near = super::read::nearest(zone.get_ref(), names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("Did you mean \"{near}\"?"),
            None => "A name of the IANA database, such as \"Europe/Bratislava\"".to_owned(),
        };
        notes.mistake(zone.span(), key, "There is no such time zone", Some(&hint));
    }
    found.ok()
}

fn dns(file: file::Dns, notes: &mut Notes<'_>) -> Dns {
    let off = file.off.as_ref().is_some_and(|off| *off.get_ref());
    let Some(servers) = file.servers else { return if off { Dns::Off } else { Dns::System } };
    if off {
        notes.mistake(servers.span(), "dns.servers", "Servers, and `off = true`", Some("Remove one of the two"));
    }
    if servers.get_ref().is_empty() {
        let hint = "Remove the key for the system's resolvers, or say `off = true`";
        notes.mistake(servers.span(), "dns.servers", "No server is named", Some(hint));
    }
    let mut addresses = Vec::new();
    for server in servers.get_ref() {
        let text = server.get_ref();
        match text.parse::<SocketAddr>().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 53))) {
            Ok(address) => addresses.push(address),
            Err(_) => {
                let hint = "An IP address, with a port where it is not 53: \"127.0.0.1:5353\", \"[::1]:53\"";
                notes.mistake(server.span(), "dns.servers", "This is no address of a resolver", Some(hint));
            }
        }
    }
    Dns::Servers(addresses)
}

fn budgets(file: &file::Budgets) -> desk::Budgets {
    let default = desk::Budgets::default();
    let or = |key: &file::Key<u32>, default| key.as_ref().map_or(default, |k| *k.get_ref());
    desk::Budgets {
        per_address_ten_minutes: or(&file.per_address_ten_minutes, default.per_address_ten_minutes),
        per_address_day: or(&file.per_address_day, default.per_address_day),
        per_unverified_address_day: or(&file.per_unverified_address_day, default.per_unverified_address_day),
        per_domain_hour: or(&file.per_domain_hour, default.per_domain_hour),
        per_hour: or(&file.per_hour, default.per_hour),
        per_sender_hour: or(&file.per_sender_hour, default.per_sender_hour),
    }
}

fn limits(file: &file::Limits, notes: &mut Notes<'_>) -> Limits {
    let default = Limits::default();
    let mut within = |key: &file::Key<u64>, name: &str, default: u64, least: u64, most: u64| match key {
        Some(k) if (least..=most).contains(k.get_ref()) => *k.get_ref(),
        Some(k) => {
            notes.mistake(k.span(), name, "Out of range", Some(&format!("{least} to {most}")));
            default
        }
        None => default,
    };
    Limits {
        max_mail_bytes: within(
            &file.max_mail_bytes,
            "limits.max_mail_bytes",
            default.max_mail_bytes,
            10_000,
            1_000_000_000,
        ),
        poll: Duration::from_secs(within(&file.poll_seconds, "limits.poll_seconds", 60, 1, 86_400)),
        timeout: Duration::from_secs(within(&file.timeout_seconds, "limits.timeout_seconds", 60, 5, 600)),
    }
}

fn log(file: &file::Log, notes: &mut Notes<'_>) -> Log {
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];
    let level = file.level.as_ref().and_then(|level| one_of(level, "log.level", &levels.map(|l| (l.word(), l)), notes));
    let formats = [
        ("auto", LogFormat::Auto),
        ("text", LogFormat::Text),
        ("json", LogFormat::Json),
        ("journald", LogFormat::Journald),
    ];
    let format = file.format.as_ref().and_then(|format| one_of(format, "log.format", &formats, notes));
    Log { level: level.unwrap_or_default(), format: format.unwrap_or_default() }
}

/// The value that a word stands for; None (and a mistake) where it is none of them.
pub fn one_of<T: Copy>(word: &Spanned<String>, key: &str, words: &[(&str, T)], notes: &mut Notes<'_>) -> Option<T> {
    let found = words.iter().find(|(w, _)| w == word.get_ref()).map(|(_, value)| *value);
    if found.is_none() {
        let all: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        let hint = format!("One of: {}", all.join(", "));
        notes.mistake(word.span(), key, format!("`{}` is not known here", word.get_ref()), Some(&hint));
    }
    found
}

/// A language of the desk.
pub fn language(code: Option<&Spanned<String>>, key: &str, notes: &mut Notes<'_>) -> Option<Language> {
    one_of(code?, key, &Language::ALL.map(|l| (l.code(), l)), notes)
}

/// An address that the desk is willing to use.
pub fn address(text: &Spanned<String>, key: &str, notes: &mut Notes<'_>) -> Option<AddrSpec> {
    match AddrSpec::parse(text.get_ref()) {
        Ok(address) => Some(address),
        Err(error) => {
            let hint = "An address alone, without a name: \"podpora@acme.example\"";
            notes.mistake(text.span(), key, format!("This is no address: {error}"), Some(hint));
            None
        }
    }
}

//! The configuration file, key for key. The doc comments here are the manual; `config.example.toml` says the same to the
//! operator, and `tests/config_example.rs` holds the two together.
//!
//! Everything is optional for serde: what is missing gets its default or its own mistake in the check, so that one
//! missing key hides no other mistake. Values keep their place in the text.

mod promises;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

pub use promises::{Calendar, Duty, Escalate, Hours, Reminders, Sla, Urgency};

/// A value that may be absent, with its place in the file.
pub type Key<T> = Option<Spanned<T>>;

/// The whole file.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub desk: Option<Spanned<Desk>>,
    pub dns: Option<Spanned<Dns>>,
    pub budgets: Option<Spanned<Budgets>>,
    pub limits: Option<Spanned<Limits>>,
    pub log: Option<Spanned<Log>>,
    pub texts: Option<Spanned<Texts>>,
    pub templates: Option<Spanned<Templates>>,
    pub articles: Option<Spanned<Articles>>,
    pub outgoing: Option<Spanned<Outgoing>>,
    #[serde(default)]
    pub mailbox: Vec<Spanned<Mailbox>>,
    #[serde(default)]
    pub agent: Vec<Spanned<Agent>>,
    #[serde(default)]
    pub group: Vec<Spanned<Group>>,
    #[serde(default)]
    pub category: Vec<Spanned<Category>>,
    #[serde(default)]
    pub organisation: Vec<Spanned<Organisation>>,
    #[serde(default)]
    pub calendar: BTreeMap<Spanned<String>, Spanned<Calendar>>,
    #[serde(default)]
    pub sla: BTreeMap<Spanned<String>, Spanned<Sla>>,
    pub urgency: Option<Spanned<Urgency>>,
    pub reminders: Option<Spanned<Reminders>>,
    #[serde(default)]
    pub duty: Vec<Spanned<Duty>>,
}

/// `[desk]`: who the desk is.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// What customers see as the sender. Default: the first mailbox's address.
    pub name: Key<String>,
    /// First part of the subject token: 1 to 12 ASCII letters and digits. Default: `DESK`.
    pub prefix: Key<String>,
    /// Right-hand side of the Message-IDs that the desk makes. Default: the domain of the first mailbox's address.
    pub domain: Key<String>,
    /// For acknowledgements where nothing better is known: sk, cs, sl, hr, en or de. Default: `en`.
    pub language: Key<String>,
    /// IANA name; days of absence are days there. Default: `UTC`.
    pub timezone: Key<String>,
    /// Folder of the database and the key. Default: `/var/lib/postdesk`.
    pub state: Key<String>,
    /// Agent or group: the last step of routing. Default: the first agent.
    pub owner: Key<String>,
    /// To whom the desk reports trouble. Absent: only to the log.
    pub operator: Key<String>,
    /// Days after its end during which a reply reopens a ticket; later it opens a linked new one. Default: 14.
    pub reopen_days: Key<u32>,
    /// What is promised where contact, organisation and category name nothing: an `[sla.NAME]`. Absent: nothing.
    pub sla: Key<String>,
    /// When somebody is at the desk: a `[calendar.NAME]`. Default: the calendar of the desk's `sla`.
    pub calendar: Key<String>,
    /// Who gets a report on the week. Absent: nobody.
    pub weekly: Option<Spanned<Weekly>>,
    /// What it takes to believe an agent: token (signed reply identity and From) or confirm (strong proof of From too, or
    /// a confirmation from the registered address). Default: `token`.
    pub agents: Key<String>,
}

/// `weekly` of the desk.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Weekly {
    /// An agent, or a group, each of whose members gets it. Required.
    pub to: Key<String>,
    /// A day of the week and a time by the desk's clock; where that is no working day, the next one. Default: `monday 08:00`.
    pub at: Key<String>,
}

/// `[dns]`: for the desk's own check of DKIM and DMARC.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// `address:port` of each resolver. Default: the system's.
    pub servers: Key<Vec<Spanned<String>>>,
    /// No DNS at all; only Authentication-Results count. Default: false.
    pub off: Key<bool>,
}

/// `[budgets]`: how many acknowledgements may leave, at most (RFC 3834 section 2).
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// To one address in ten minutes. Default: 1.
    pub per_address_ten_minutes: Key<u32>,
    /// To one verified address in 24 hours. Default: 3.
    pub per_address_day: Key<u32>,
    /// To one unverified address in 24 hours. Default: 1.
    pub per_unverified_address_day: Key<u32>,
    /// To all addresses of one domain in an hour. Default: 20.
    pub per_domain_hour: Key<u32>,
    /// In all, in an hour. Default: 200.
    pub per_hour: Key<u32>,
    /// Mails from one address in an hour, past which its mail is put in quarantine for an hour; 0: never. Default: 30.
    pub per_sender_hour: Key<u32>,
}

/// `[limits]`: what the desk takes upon itself.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of a larger mail only the beginning is taken in, at most 256 KB; the agent is told. Default: 50,000,000.
    pub max_mail_bytes: Key<u64>,
    /// Seconds between two looks into a mailbox whose server does not announce new mail by itself. Default: 60.
    pub poll_seconds: Key<u64>,
    /// Seconds of silence after which a connection is given up. Default: 60.
    pub timeout_seconds: Key<u64>,
}

/// `[log]`: what is written to standard error or the journal.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// error, warn, info, debug or trace. No level shows addresses, subjects or text of mails. Default: `info`.
    pub level: Key<String>,
    /// auto (journald under systemd, else text), text, json or journald. Default: `auto`.
    pub format: Key<String>,
}

/// `[texts]`: the operator's own words.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Folder of files `sk.toml`, `en.toml`, …; what is missing there is the built-in text.
    pub folder: Key<String>,
}

/// `[templates]`: what agents send again and again, by `#template NAME`.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// Folder of files `NAME.md` (for every language), `NAME.sk.md`, … (for one). Absent: there are none.
    pub folder: Key<String>,
}

/// `[articles]`: answers that are written already, offered in the acknowledgement.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Articles {
    /// Folder of files `*.md`, each with a head. Absent: nothing is offered.
    pub folder: Key<String>,
    /// The score from which on an article is offered; `explain` shows scores. Default: 1.5.
    pub threshold: Key<f64>,
}

/// `[[mailbox]]`: a support inbox.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// How commands and configuration call it. Default: what stands before the "@" of its address.
    pub name: Key<String>,
    /// The address that customers write to, and that answers come from. Required.
    pub address: Key<String>,
    /// Other addresses that end up here.
    pub aliases: Key<Vec<Spanned<String>>>,
    /// Agent or group: the third step of routing.
    pub owner: Key<String>,
    /// For acknowledgements where the contact's and the mail's language are unknown.
    pub language: Key<String>,
    /// First contact: "new" (only mail that arrives from now on), "all", or a day: 2026-01-01. Default: "new".
    pub start: Key<toml::Value>,
    /// Tickets are made and shown, nothing is sent. Default: false.
    pub observe: Key<bool>,
    /// authserv-ids whose Authentication-Results are believed (RFC 8601 section 2.5). None by default.
    pub believe: Key<Vec<Spanned<String>>>,
    /// Received lines that the operator's own servers add: the trust boundary. Default: 1.
    pub hops: Key<u32>,
    /// `address+anything` reaches this mailbox, so that Reply-To may carry a hidden token. Default: false.
    pub plus: Key<bool>,
    pub imap: Option<Spanned<Imap>>,
    pub maildir: Option<Spanned<MaildirIn>>,
}

/// `[mailbox.imap]`: an account on an IMAP server.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    /// Required.
    pub host: Key<String>,
    /// Default: 993, with starttls or none 143.
    pub port: Key<u16>,
    /// implicit, starttls or none (none only to this machine, unless said twice). Default: `implicit`.
    pub tls: Key<String>,
    /// With `tls = "none"` to another machine: yes, the password may be read on the way. Default: false.
    pub allow_plaintext: Key<bool>,
    /// Required.
    pub user: Key<String>,
    /// A file with the password in its first line; relative names are looked for among systemd's credentials first.
    pub password_file: Key<String>,
    /// An environment variable with the password.
    pub password_env: Key<String>,
    /// A program and its arguments; the first line of its output is the password.
    pub password_command: Key<Vec<Spanned<String>>>,
    /// Default: `INBOX`.
    pub folder: Key<String>,
    /// Where taken-in mail is moved. Absent: it stays where it is.
    pub archive: Key<String>,
    /// Own certificate authority, PEM. Default: the system's.
    pub ca_file: Key<String>,
}

/// `[mailbox.maildir]`: a Maildir on this machine.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct MaildirIn {
    /// The folder that contains `new`, `cur` and `tmp`. Required.
    pub path: Key<String>,
    /// A Maildir to which taken-in mail is moved. Absent: it stays where it is.
    pub archive: Key<String>,
}

/// `[outgoing]`: how mail leaves.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    /// Hours after which a mail that could not be sent is given up. Default: 120 (RFC 5321 section 4.5.4.1: 4 to 5 days).
    pub give_up_hours: Key<u32>,
    pub smtp: Option<Spanned<Smtp>>,
    pub maildir: Option<Spanned<MaildirOut>>,
}

/// `[outgoing.maildir]`: mail is written into a Maildir instead of being sent.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct MaildirOut {
    /// The folder that contains `new`, `cur` and `tmp`; it is made where it is missing, for its owner alone. Required.
    pub path: Key<String>,
}

/// `[outgoing.smtp]`: the submission server.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Required.
    pub host: Key<String>,
    /// Default: 587, with implicit TLS 465, with none 25.
    pub port: Key<u16>,
    /// implicit, starttls or none (none only to this machine, unless said twice). Default: `starttls`.
    pub tls: Key<String>,
    /// With `tls = "none"` to another machine: yes, everything may be read on the way. Default: false.
    pub allow_plaintext: Key<bool>,
    /// Absent: no login.
    pub user: Key<String>,
    /// As for IMAP.
    pub password_file: Key<String>,
    /// As for IMAP.
    pub password_env: Key<String>,
    /// As for IMAP.
    pub password_command: Key<Vec<Spanned<String>>>,
    /// Own certificate authority, PEM. Default: the system's.
    pub ca_file: Key<String>,
    /// The name that the desk says in EHLO. Default: the desk's domain.
    pub hello: Key<String>,
    /// Connections at the same time, 1 to 16. Default: 4.
    pub connections: Key<u8>,
}

/// `[[agent]]`: somebody who answers customers.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// One word, by which commands and configuration call the agent. Required.
    pub name: Key<String>,
    /// What customers see. Default: the name.
    pub display: Key<String>,
    /// The first is where notifications go; a mail from any of them may be the agent's. Required.
    pub addresses: Key<Vec<Spanned<String>>>,
    /// Of notifications. Default: the desk's.
    pub language: Key<String>,
    /// An address that wakes, such as an SMS gateway's: one line goes there when the agent on duty is needed.
    pub pager: Key<String>,
    /// When the agent is told, each working day, how his tickets stand, by the desk's clock: `08:00`. Absent: never.
    pub digest: Key<String>,
    /// Days on which somebody else gets the agent's tickets.
    pub away: Key<Vec<Spanned<Absence>>>,
    /// A disabled agent is assigned nothing and believed nothing. Default: false.
    pub disabled: Key<bool>,
}

/// An item of `away`. Both days belong to it.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// First day. Required.
    pub from: Key<toml::Value>,
    /// Last day. Required.
    pub until: Key<toml::Value>,
    /// An agent. Absent: the next step of routing decides.
    pub substitute: Key<String>,
}

/// `[[group]]`: several agents.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// One word. Required.
    pub name: Key<String>,
    /// Names of agents, at least one. Required.
    pub members: Key<Vec<Spanned<String>>>,
    /// least-open, round-robin, or nobody (all are told, one takes it). Default: `least-open`.
    pub assign: Key<String>,
}

/// `[[category]]`: tried in the order of the file, the first that matches wins.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Required.
    pub name: Key<String>,
    /// Whole words or phrases in subject or reply text; case and diacritics do not count. One of them is enough.
    pub words: Key<Vec<Spanned<String>>>,
    /// Conditions that must all hold.
    pub r#match: Option<Spanned<Match>>,
    /// Agent or group: the first step of routing.
    pub owner: Key<String>,
    /// What is promised for it: an `[sla.NAME]`. The contact's and the organisation's go before it.
    pub sla: Key<String>,
    /// low, normal, high or urgent.
    pub priority: Key<String>,
    /// The desk acts on these only for verified senders. Default: false.
    pub restricted: Key<bool>,
    #[serde(default)]
    pub ask: Vec<Spanned<Ask>>,
}

/// `[[organisation]]`: the hours that a customer firm has. What agents book with `#time` is taken off them.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// As the contacts call it. Required.
    pub name: Key<String>,
    /// How many. Required.
    pub hours: Key<toml::Value>,
    /// month, quarter or year: of the calendar, by the desk's clock. Default: `month`.
    pub per: Key<String>,
}

/// `match` of a category. Patterns are regular expressions without look-around; case and diacritics do not count.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub subject: Key<String>,
    /// In the reply text: what was said this time.
    pub text: Key<String>,
    /// In the sender's address.
    pub from: Key<String>,
    /// A mailbox's name.
    pub mailbox: Key<String>,
    /// A media type: `application/pdf`, `image/*`, `*/*`.
    pub attachment: Key<String>,
}

/// `[[category.ask]]`: what a good report has; what is missing is asked for in the acknowledgement.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// What to ask for, by language. Required.
    pub about: Option<Spanned<BTreeMap<Spanned<String>, Spanned<String>>>>,
    /// How to see that it is there. Required: one of its keys.
    pub present: Option<Spanned<Present>>,
}

/// `present` of an ask: exactly one of these.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Present {
    /// A media type: `application/pdf`, `image/*`, `*/*`.
    pub attachment: Key<String>,
    /// A regular expression in subject or text.
    pub text: Key<String>,
    /// A regular expression in the header of an attached mail or report, or in header lines that were copied into the text.
    pub header: Key<String>,
    /// true: a mail that came back was sent on.
    pub bounce: Key<bool>,
}

/// The path of a key among [`tables`]: the names that the operator gave to calendars and SLAs are left out.
pub fn known_path(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    if matches!(parts.first(), Some(&("calendar" | "sla"))) && parts.len() > 1 {
        parts.remove(1);
    }
    parts.join(".")
}

/// Every table of the file by its path, and its keys.
pub fn tables() -> Vec<(&'static str, &'static [&'static str])> {
    use super::keys_of::keys_of as k;
    vec![
        ("", k::<File>()),
        ("desk", k::<Desk>()),
        ("desk.weekly", k::<Weekly>()),
        ("dns", k::<Dns>()),
        ("budgets", k::<Budgets>()),
        ("limits", k::<Limits>()),
        ("log", k::<Log>()),
        ("texts", k::<Texts>()),
        ("templates", k::<Templates>()),
        ("articles", k::<Articles>()),
        ("mailbox", k::<Mailbox>()),
        ("mailbox.imap", k::<Imap>()),
        ("mailbox.maildir", k::<MaildirIn>()),
        ("outgoing", k::<Outgoing>()),
        ("outgoing.smtp", k::<Smtp>()),
        ("outgoing.maildir", k::<MaildirOut>()),
        ("agent", k::<Agent>()),
        ("agent.away", k::<Absence>()),
        ("group", k::<Group>()),
        ("category", k::<Category>()),
        ("organisation", k::<Organisation>()),
        ("category.match", k::<Match>()),
        ("category.ask", k::<Ask>()),
        ("category.ask.present", k::<Present>()),
        ("calendar", k::<Calendar>()),
        ("sla", k::<Sla>()),
        ("sla.escalate", k::<Escalate>()),
        ("urgency", k::<Urgency>()),
        ("reminders", k::<Reminders>()),
        ("duty", k::<Duty>()),
    ]
}

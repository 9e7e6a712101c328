//! A desk on a stage: the real pipeline between two Maildirs in a scratch folder, with a clock of its own and mails that
//! answer what the desk wrote a moment ago. `demo` and the stories play here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use regex::bytes::Regex;
use tokio_util::sync::CancellationToken;

use super::csv_contacts;
use crate::config::{self, CheckFiles, Config};
use crate::daemon::mailbox::Watcher;
use crate::daemon::{Desk, clock, connect, digest, ingest};
use crate::decide;
use crate::model::outgoing::Template;
use crate::model::{Incoming, SourceKey, TicketNumber};
use crate::outbox::Courier;
use crate::parse;
use crate::store::sqlite::{Options, SqliteStore};
use crate::store::{Ingested, OutboxRow, Outcome, Reading, Store};

/// A mail that the desk sent: its row, and its bytes as they left.
pub struct Sent {
    pub row: OutboxRow,
    pub bytes: Vec<u8>,
}

/// What one mail brought about.
pub struct Scene {
    /// The mail as it was played, its placeholders filled.
    pub bytes: Vec<u8>,
    pub at: Timestamp,
    pub ingested: Ingested,
    /// Route and reasons come from rehearsing the same mail just before.
    pub commit: Option<crate::model::Commit>,
    pub sent: Vec<Sent>,
}

pub struct Stage {
    pub config: Config,
    pub store: Arc<SqliteStore>,
    pub folder: PathBuf,
    desk: Arc<Desk>,
    watcher: Watcher,
    courier: Courier,
    now: Arc<Mutex<Timestamp>>,
    /// Which ticket the mail of a number opened or joined.
    tickets: BTreeMap<u32, TicketNumber>,
    /// The newest outgoing mail that was shown.
    shown: i64,
}

impl Stage {
    /// Sets the stage in a folder that exists: writes the configuration there, makes its Maildir, takes the contacts in.
    pub fn set(folder: &Path, config: &str, contacts: &[u8]) -> anyhow::Result<Self> {
        let path = folder.join("config.toml");
        std::fs::write(&path, config).with_context(|| format!("Writing {}", path.display()))?;
        let said = |mistakes: Vec<config::Mistake>| {
            anyhow!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        };
        let mut config = config::parse(&path, config, CheckFiles::All).map_err(said)?;
        config.open_keys()?;
        let store = SqliteStore::open(&config.database(), Options::default())?;
        let now = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
        let clock: crate::daemon::Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || *now.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let sheet = csv_contacts::read(contacts, &config.policy, &[]).map_err(|e| anyhow!(e))?;
        if let Some(bad) = sheet.bad.first() {
            bail!("contacts line {}: {}", bad.line, bad.because);
        }
        store.put_contacts(&sheet.contacts, &sheet.organisations, clock())?;
        let source = config.mailboxes.first().context("The configuration has no mailbox")?;
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(folder.join("in").join(part))?;
        }
        let desk = Desk::new(store.clone(), &config, Arc::clone(&clock))?;
        let mailbox = config.policy.mailboxes.first().context("The configuration has no mailbox")?.clone();
        let watcher = Watcher::new(Arc::clone(&desk), mailbox, connect::source(source, &config.limits));
        let outgoing =
            connect::outgoing(&config.outgoing, &config.limits).context("The configuration sends nowhere")?;
        let courier = Courier::new(store.clone(), outgoing, clock);
        let (folder, tickets) = (folder.to_owned(), BTreeMap::new());
        Ok(Stage { config, store, folder, desk, watcher, courier, now, tickets, shown: 0 })
    }

    /// Delivers a mail into the Maildir, lets the desk take it in, and lets what it wrote leave. The clock stands at the
    /// mail's Date.
    pub async fn play(&mut self, number: u32, name: &str, template: &[u8]) -> anyhow::Result<Scene> {
        let bytes = self.fill(template).with_context(|| format!("Filling the placeholders of {name}"))?;
        let at = self.advance(&bytes);
        let file = self.folder.join("in/new").join(name);
        let draft = self.folder.join("in/tmp").join(name);
        std::fs::write(&draft, &bytes).and_then(|()| std::fs::rename(&draft, &file))?;
        let commit = self.rehearse(&bytes, name, at);
        let mut ingested = self.watcher.drain().await?;
        let one = ingested.pop().with_context(|| format!("{name} was not taken in"))?;
        if let Outcome::Done { fate, .. } = &one.outcome
            && let Some(ticket) = fate.ticket()
        {
            self.tickets.insert(number, ticket);
        }
        self.courier.deliver_due(&CancellationToken::new()).await?;
        Ok(Scene { bytes, at, ingested: one, commit, sent: self.news()? })
    }

    /// Lets time pass until `until`: the clock stands still at each moment for which the desk has something to do. What
    /// was sent meanwhile, with the time of each moment.
    pub async fn wait(&mut self, until: Timestamp) -> anyhow::Result<Vec<(Timestamp, Vec<Sent>)>> {
        let mut moments = Vec::new();
        while let Some(next) = self.next()?.filter(|next| *next <= until) {
            let now = self.set_clock(next);
            let store: &dyn Store = self.store.as_ref();
            let for_digests = decide::digest::due(&self.desk.policy, now).iter().any(|errand| errand.since == next);
            digest::tick(store, &self.desk.policy, now)?;
            if clock::tick(store, &self.desk.policy, now)? == 0 && !for_digests {
                bail!("The clock has nothing to do at {next}");
            }
            self.courier.deliver_due(&CancellationToken::new()).await?;
            let sent = self.news()?;
            if !(for_digests && sent.is_empty()) {
                moments.push((now, sent));
            }
        }
        self.set_clock(until);
        Ok(moments)
    }

    /// When the desk has something to do by itself next.
    fn next(&self) -> anyhow::Result<Option<Timestamp>> {
        let now = *self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = decide::digest::next(&self.desk.policy, now);
        Ok(self.store.clock_next()?.into_iter().chain(digest).min())
    }

    /// Never back.
    fn set_clock(&self, to: Timestamp) -> Timestamp {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = to.max(*now);
        *now
    }

    /// What the desk would do with this mail now.
    fn rehearse(&self, bytes: &[u8], name: &str, at: Timestamp) -> Option<crate::model::Commit> {
        let incoming = Incoming {
            mailbox: self.desk.policy.mailboxes.first()?.name.clone(),
            key: SourceKey::maildir(name),
            raw: bytes.into(),
            received_at: at,
            truncated_from: None,
        };
        let checked = ingest::Checked { parsed: ingest::parse(incoming), proof: Default::default() };
        let arrival = ingest::arrival(checked, &self.desk.policy, at).ok()?;
        self.store.rehearse(&arrival).ok()
    }

    fn advance(&mut self, bytes: &[u8]) -> Timestamp {
        let incoming = Incoming {
            mailbox: String::new(),
            key: SourceKey::maildir("date"),
            raw: bytes.into(),
            received_at: Timestamp::UNIX_EPOCH,
            truncated_from: None,
        };
        let dated = parse::parse(&incoming).sent_at.map(|z| z.timestamp());
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let next = *now + SignedDuration::from_secs(1);
        *now = dated.filter(|d| *d > next).unwrap_or(next);
        *now
    }

    fn news(&mut self) -> anyhow::Result<Vec<Sent>> {
        let mut news = Vec::new();
        for row in self.store.outbox(true)?.into_iter().filter(|r| r.id > self.shown) {
            let bytes = self.store.outbox_mail(row.id)?.map(|(_, bytes)| bytes).unwrap_or_default();
            news.push(Sent { row, bytes });
        }
        news.sort_by_key(|sent| sent.row.id);
        self.shown = news.iter().map(|s| s.row.id).max().unwrap_or(self.shown);
        Ok(news)
    }

    /// Fills `@@DIGEST-ID:0:agent@@` with that of the agent's latest digest, and `@@WHAT:03@@` and `@@WHAT:03:agent@@`, where 03 is the number of the mail that opened the ticket; of a question
    /// about a mail that was put aside, that mail's.
    fn fill(&self, template: &[u8]) -> anyhow::Result<Vec<u8>> {
        let pattern = Regex::new(r"@@([A-Z-]+):([0-9]+)(?::([a-z]+))?@@")?;
        let mut filled = Vec::with_capacity(template.len());
        let mut done = 0;
        for found in pattern.captures_iter(template) {
            let (Some(whole), Some(what), Some(number)) = (found.get(0), found.get(1), found.get(2)) else { continue };
            let text = |m: regex::bytes::Match<'_>| String::from_utf8_lossy(m.as_bytes()).into_owned();
            let value = self.value(&text(what), text(number).parse()?, found.get(3).map(text).as_deref())?;
            filled.extend_from_slice(&template[done..whole.start()]);
            filled.extend_from_slice(value.as_bytes());
            done = whole.end();
        }
        filled.extend_from_slice(&template[done..]);
        Ok(filled)
    }

    fn value(&self, what: &str, number: u32, agent: Option<&str>) -> anyhow::Result<String> {
        let opened = self.tickets.get(&number).copied();
        let ticket = || opened.with_context(|| format!("Mail {number} opened no ticket"));
        let policy = &self.config.policy;
        if what == "TOKEN" {
            let ticket = ticket()?;
            let about = self.store.ticket(ticket)?.map_or(ticket.into(), |ticket| ticket.token());
            return Ok(policy.keys.subject_token(&policy.desk.prefix, about));
        }
        let of_no_ticket = what == "DIGEST-ID";
        if !what.starts_with("CONFIRM") && !of_no_ticket {
            ticket()?;
        }
        let to = agent.and_then(|name| policy.agent(name)).map(|a| a.address().to_string());
        let wanted = |row: &OutboxRow| {
            let template = Template::from_word(&row.template);
            (of_no_ticket || row.ticket == opened)
                && match (what, &to) {
                    ("CONFIRM-ID" | "CONFIRM-CODE", None) => template == Some(Template::Confirm),
                    ("CONFIRM-ID" | "CONFIRM-CODE", Some(to)) => {
                        template == Some(Template::Confirm) && row.to.email == *to
                    }
                    ("ACK-ID", None) => template.is_some_and(Template::is_acknowledgement),
                    ("ANSWER-ID", None) => template == Some(Template::Answer),
                    ("NOTIFY-ID" | "REPLY-TO", Some(to)) => {
                        let told = row.template.starts_with("notify") || row.template == Template::Crossed.word();
                        told && row.to.email == *to
                    }
                    ("DIGEST-ID", Some(to)) => row.template == Template::Digest.word() && row.to.email == *to,
                    _ => false,
                }
        };
        let row = self.store.outbox(true)?.into_iter().filter(wanted).max_by_key(|row| row.id);
        let row = row.with_context(|| format!("The desk sent no such mail: {what} for mail {number}"))?;
        if what == "CONFIRM-CODE" {
            let code = row.subject.rfind('[').and_then(|at| row.subject.get(at..));
            return Ok(code.unwrap_or_default().to_owned());
        }
        if what != "REPLY-TO" {
            return Ok(row.message_id);
        }
        let bytes = self.store.outbox_mail(row.id)?.map(|(_, bytes)| bytes).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let field = text.lines().take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix("Reply-To:"));
        let field = field.context("The notification has no Reply-To")?.trim();
        Ok(field.rsplit('<').next().unwrap_or(field).trim_end_matches('>').to_owned())
    }
}

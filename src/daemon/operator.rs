//! Who must hear of what: agents of answers that did not leave, the operator of what needs a person. The operator gets at
//! most one mail an hour of what happens, one in the morning where mail is unaccounted for, and a count once a week.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::board::Place;
use super::mailbox::beating;
use super::{Desk, audit, connect};
use crate::config::{Limits, MailboxSource};
use crate::model::outgoing::{Addressee, Attempt, Draft, SmtpReply, Template, Undelivered, Value};
use crate::model::{Action, Address, Commit, Decision, Fate, Found, Lookup};
use crate::outbox::Failure;
use crate::store::{Plan, StoreError};

/// Between two mails about what happens.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// What happens together is told together.
const GATHER: Duration = Duration::from_secs(5);
/// How often the clock and the board are looked at.
const LOOK: Duration = Duration::from_secs(60);
/// A part in trouble for so long does not get out of it by itself.
const TROUBLE: Duration = Duration::from_secs(15 * 60);
/// The hour, in the desk's time zone, after which the daily comparison is made.
const MORNING: i8 = 6;
/// Events that wait to be told; more are counted only.
const WAITING_MAX: usize = 256;

/// Something that people must hear of.
#[derive(Clone, Debug)]
pub enum Event {
    /// A sentence for the operator.
    Alarm(String),
    SetAside {
        mailbox: String,
    },
    /// A mail will not go again by itself.
    Failed(Failure),
}

/// What happened and was not told yet.
#[derive(Default)]
pub struct Events {
    waiting: Mutex<Vec<Event>>,
    rung: Notify,
}

impl Events {
    /// Never waits. A flood is cut off: what counts is that somebody looks.
    pub fn tell(&self, event: Event) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // An answer that did not leave is never too much: each is another customer's.
        if waiting.len() < WAITING_MAX || matches!(event, Event::Failed(_)) {
            waiting.push(event);
        }
        self.rung.notify_one();
    }

    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Until `stop` fires.
pub async fn tell(desk: Arc<Desk>, sources: Vec<MailboxSource>, limits: Limits, stop: CancellationToken) {
    let mut teller = Teller::new(Arc::clone(&desk), sources, limits).await;
    while !stop.is_cancelled() {
        tokio::select! {
            () = desk.events.rung.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
        teller.place.beat();
        if let Err(error) = teller.look(&stop).await {
            tracing::warn!(%error, "What people should hear of cannot be written down yet");
        }
    }
}

struct Teller {
    desk: Arc<Desk>,
    place: Place,
    sources: Vec<MailboxSource>,
    limits: Limits,
    /// Sentences for the next mail, and how often each came.
    gathered: BTreeMap<String, u64>,
    failed: Vec<Failure>,
    last_mail: Option<Timestamp>,
    last_morning: Option<jiff::civil::Date>,
    /// The parts whose trouble was told.
    troubled: Vec<String>,
}

impl Teller {
    async fn new(desk: Arc<Desk>, sources: Vec<MailboxSource>, limits: Limits) -> Self {
        let last_mail = desk.with_store(|store| store.last_alarm()).await.ok().flatten();
        // A desk that is started in the afternoon does not make up for the morning.
        let last_morning = Some(today(&desk)).filter(|_| is_morning(&desk));
        let (gathered, failed, troubled) = (BTreeMap::new(), Vec::new(), Vec::new());
        let place = desk.board.place("operator");
        Teller { desk, place, sources, limits, gathered, failed, last_mail, last_morning, troubled }
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        for event in self.desk.events.take() {
            match event {
                Event::Alarm(sentence) => self.gather(sentence),
                Event::SetAside { mailbox } => {
                    self.gather(format!(
                        "Mail was put in quarantine (mailbox {mailbox}): see `postdesk quarantine list`"
                    ));
                }
                Event::Failed(failure) if failure.template.is_words_of_a_person() => self.failed.push(failure),
                // What tells of trouble makes no trouble of its own.
                Event::Failed(failure) if failure.template == Template::Alarm => {}
                Event::Failed(failure) => {
                    self.gather(format!("Mail ({}) cannot leave: see `postdesk outbox list`", failure.template));
                }
            }
        }
        while let Some(failure) = self.failed.last() {
            undelivered(&self.desk, failure).await?;
            self.failed.pop();
        }
        self.look_at_the_board();
        self.look_at_the_clock(stop).await?;
        self.mail().await
    }

    fn gather(&mut self, sentence: String) {
        if self.gathered.len() < WAITING_MAX || self.gathered.contains_key(&sentence) {
            *self.gathered.entry(sentence).or_default() += 1;
        }
    }

    /// A part that has been in trouble for long is told once, until it was well again.
    fn look_at_the_board(&mut self) {
        let troubled = self.desk.board.troubled_for(TROUBLE);
        self.troubled.retain(|name| troubled.iter().any(|(part, _)| part == name));
        for (name, what) in troubled {
            if !self.troubled.contains(&name) {
                self.gather(format!("{name} has been in trouble for a quarter of an hour: {what}"));
                self.troubled.push(name);
            }
        }
    }

    /// Every morning what the servers hold is compared with the ledger; on Mondays the week is counted.
    async fn look_at_the_clock(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        let today = today(&self.desk);
        if self.desk.policy.desk.operator.is_none() || !is_morning(&self.desk) || self.last_morning == Some(today) {
            return Ok(());
        }
        self.last_morning = Some(today);
        for source in self.sources.clone() {
            let mut from = connect::source(&source, &self.limits);
            let compared = tokio::select! {
                compared = beating(&self.place, audit::audit(&self.desk, &source.mailbox, &mut from)) => compared,
                () = stop.cancelled() => return Ok(()),
            };
            match compared {
                Ok(audit) if audit.lost == 0 => {}
                Ok(audit) => self.gather(format!(
                    "{} mails in mailbox {} are unaccounted for: see `postdesk audit`",
                    audit.lost, source.mailbox
                )),
                Err(error) => self.gather(format!("Mailbox {} cannot be compared: {error}", source.mailbox)),
            }
        }
        if today.weekday() == Weekday::Monday {
            let since = (self.desk.clock)().checked_sub(168.hours()).unwrap_or(Timestamp::UNIX_EPOCH);
            let (came, accounted) = self.desk.with_store(move |store| store.counts(since)).await?;
            self.gather(format!("The last seven days: {came} mails in, {accounted} accounted for"));
        }
        Ok(())
    }

    async fn mail(&mut self) -> Result<(), StoreError> {
        let now = (self.desk.clock)();
        // A clock that was set back must not keep the desk silent for years.
        let rests = self.last_mail.is_some_and(|last| last <= now && now.duration_since(last) < PAUSE);
        if self.gathered.is_empty() || rests {
            return Ok(());
        }
        let sentences = self.gathered.iter().map(|(sentence, count)| match count {
            1 => sentence.clone(),
            count => format!("{sentence} ({count} times)"),
        });
        let sentences = sentences.collect();
        if let Some(draft) = alarm(&self.desk, sentences, now) {
            let mut decision = Decision::new(Action::Command, Fate::Order);
            decision.outgoing.push(draft);
            let commit = crate::compose::compose(decision, &self.desk.policy);
            order(&self.desk, Lookup::default(), Arc::new(move |_: Found| commit.clone())).await?;
            self.last_mail = Some(now);
        }
        self.gathered.clear();
        Ok(())
    }
}

fn today(desk: &Desk) -> jiff::civil::Date {
    (desk.clock)().to_zoned(desk.policy.desk.timezone.clone()).date()
}

fn is_morning(desk: &Desk) -> bool {
    (desk.clock)().to_zoned(desk.policy.desk.timezone.clone()).hour() >= MORNING
}

/// None where no operator is named: then the log has to do.
fn alarm(desk: &Desk, sentences: Vec<String>, now: Timestamp) -> Option<Draft> {
    let operator = desk.policy.desk.operator.as_ref()?;
    let mailbox = desk.policy.mailboxes.iter().find(|m| !m.observe).or(desk.policy.mailboxes.first())?;
    Some(Draft {
        template: Template::Alarm,
        addressee: Addressee::Operator,
        to: Address::new(None, operator.as_str()),
        cc: Vec::new(),
        mailbox: mailbox.name.clone(),
        language: desk.policy.desk.language,
        ticket: None,
        in_reply_to: None,
        references: Vec::new(),
        text: String::new(),
        author: None,
        attachments: Vec::new(),
        values: BTreeMap::from([("what", Value::List(sentences))]),
        cause: format!("alarm:{now}"),
        at: now,
    })
}

/// The agent hears that his answer did not leave, and the ticket's history gets it.
async fn undelivered(desk: &Arc<Desk>, failure: &Failure) -> Result<(), StoreError> {
    let Some(ticket) = failure.ticket else { return Ok(()) };
    let because = match &failure.attempt {
        Attempt::Rejected(reply) | Attempt::Accepted(reply) => words(reply),
        Attempt::Deferred(reply) => format!("given up after many tries; the last: {}", words(reply)),
        Attempt::Ambiguous(reply) => format!("it may or may not have arrived: {}", words(reply)),
    };
    let failed = Undelivered { outbox: failure.id, ticket, to: failure.to.as_str().to_owned(), because };
    let (policy, now) = (Arc::clone(&desk.policy), (desk.clock)());
    let plan: Plan = Arc::new(move |found: Found| {
        match crate::decide::undelivered(&failed, &found, &policy, now) {
            Ok(decision) => super::ingest::finish(crate::compose::compose(decision, &policy)),
            // The ticket was erased meanwhile: nobody is left to be told.
            Err(_) => Decision::new(Action::Command, Fate::Order),
        }
    });
    order(desk, Lookup { tickets: vec![ticket], ..Lookup::default() }, plan).await.map(drop)
}

fn words(reply: &SmtpReply) -> String {
    let code = Some(reply.code).filter(|code| *code > 0).map(|code| code.to_string()).unwrap_or_default();
    let enhanced = reply.enhanced.as_deref().unwrap_or_default();
    crate::model::text::clean_line(&format!("{code} {enhanced} {}", reply.text), 300)
}

async fn order(desk: &Arc<Desk>, lookup: Lookup, plan: Plan) -> Result<Commit, StoreError> {
    let now = (desk.clock)();
    let commit = desk.with_store(move |store| store.order(&lookup, &plan, now)).await?;
    desk.queued.notify_one();
    Ok(commit)
}

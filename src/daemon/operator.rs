//! Who must hear of what: agents of answers that did not leave, the operator of what needs a person. The operator gets at
//! most one mail an hour, and of the same trouble one a day. What is to be told stands in the database until the mail
//! that tells it does; where the database itself is the trouble, one mail goes past it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::board::{Place, Trouble};
use super::usual::Usual;
use super::{Desk, morning};
use crate::config::{Limits, MailboxSource};
use crate::model::outgoing::{Addressee, Draft, Template, Undelivered, Value};
use crate::model::{Action, Address, Decision, Fate, Found, Lookup, Policy};
use crate::outbox::{self, OutgoingSettings};
use crate::store::watch::{self, Notice, Noticed, Undeliverable};
use crate::store::{BROKEN, DATABASE, Plan, StoreError};

/// Between two mails to the operator.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// Between two words about the same trouble.
pub(super) const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// What happens together is told together.
const GATHER: Duration = Duration::from_secs(5);
/// How often the clock and the board are looked at.
const LOOK: Duration = Duration::from_secs(60);
/// A part in trouble for so long does not get out of it by itself; nor does one, after a few tries, whose trouble a
/// person must end.
const TROUBLE: Duration = Duration::from_secs(15 * 60);
const TROUBLE_OF_PERSONS: Duration = Duration::from_secs(5 * 60);
/// How often it is looked whether mail comes as usual.
const USUAL: Duration = Duration::from_secs(10 * 60);
/// A database that refuses for longer than a lock is waited for is told of past it; until then it is asked again often.
const REFUSES: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What the operator's task needs besides the desk.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub sources: Vec<MailboxSource>,
    pub limits: Limits,
    /// None: nothing ever leaves.
    pub outgoing: Option<OutgoingSettings>,
}

/// Until `stop` fires.
pub(super) async fn tell(desk: Arc<Desk>, around: Surroundings, stop: CancellationToken) {
    let mut teller = Teller::new(Arc::clone(&desk), around);
    while !stop.is_cancelled() {
        teller.place.beat();
        let looked = teller.look(&stop).await;
        teller.heed_the_database(looked.err()).await;
        let pause = if teller.refused.is_some() { ASK_AGAIN } else { LOOK };
        tokio::select! {
            () = desk.noticed.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

pub(super) struct Teller {
    pub(super) desk: Arc<Desk>,
    pub(super) place: Place,
    pub(super) around: Surroundings,
    pub(super) warnings: Warnings,
    usual: Usual,
    usual_looked: Option<Instant>,
    /// Since when the database refuses.
    refused: Option<Instant>,
    /// When that was last told past it.
    told_past: Option<Instant>,
}

/// What stands in the status line until it is no longer so.
#[derive(Default)]
pub(super) struct Warnings {
    /// Mailboxes where mail usually comes and does not.
    silent: Vec<String>,
    /// Found in the morning: certificates, an outgoing server that cannot be used.
    pub(super) morning: Vec<String>,
}

impl Teller {
    fn new(desk: Arc<Desk>, around: Surroundings) -> Self {
        let place = desk.board.place("operator");
        let (usual, warnings) = (Usual::default(), Warnings::default());
        Teller { desk, place, around, warnings, usual, usual_looked: None, refused: None, told_past: None }
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        let troubled = self.look_at_the_board().await?;
        self.look_for_silence(&troubled).await?;
        morning::look(self, stop).await?;
        self.place.warn(self.warnings.silent.iter().chain(&self.warnings.morning).cloned().collect());
        self.tell_what_is_noticed().await
    }

    /// Says a thing to the operator, at most once in `pause`. Whether it was said now.
    pub(super) async fn say(
        &self,
        what: String,
        pause: SignedDuration,
        alarm: Option<String>,
    ) -> Result<bool, StoreError> {
        let now = (self.desk.clock)();
        self.desk.with_store(move |store| store.note_moment(&what, pause, alarm.as_deref(), now)).await
    }

    /// The parts that are in trouble now. Of one that has been for long the operator hears.
    async fn look_at_the_board(&self) -> Result<Vec<String>, StoreError> {
        let troubles = self.desk.board.troubles();
        for (part, trouble, since) in &troubles {
            let patience = if trouble.wants_operator { TROUBLE_OF_PERSONS } else { TROUBLE };
            if *since >= patience {
                let sentence = self.in_trouble(part, trouble, *since).await?;
                self.say(format!("trouble:{part}:{}", trouble.kind), DAILY, Some(sentence)).await?;
            }
        }
        Ok(troubles.into_iter().map(|(part, ..)| part).collect())
    }

    async fn in_trouble(&self, part: &str, trouble: &Trouble, since: Duration) -> Result<String, StoreError> {
        let mut sentence = format!("{part} has been in trouble for {} minutes: {}", since.as_secs() / 60, trouble.what);
        if self.around.sources.iter().any(|source| source.mailbox == part) {
            let name = part.to_owned();
            let last = self.desk.with_store(move |store| store.moment(&watch::open(&name))).await?;
            sentence.push_str(&match last {
                Some(at) => format!(". It was last open at {}", self.clock_time(at)),
                None => ". It was never open yet".to_owned(),
            });
        }
        Ok(sentence)
    }

    pub(super) fn clock_time(&self, at: Timestamp) -> String {
        at.to_zoned(self.desk.policy.desk.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// A mailbox that is well and gets no mail at a time when it usually does. On a day that is a holiday in every calendar
    /// of the desk's, silence is no wonder.
    async fn look_for_silence(&mut self, troubled: &[String]) -> Result<(), StoreError> {
        if self.usual_looked.is_some_and(|at| at.elapsed() < USUAL) {
            return Ok(());
        }
        let (mut usual, now) = (std::mem::take(&mut self.usual), (self.desk.clock)());
        let (usual, learned) = self
            .desk
            .with_store(move |store| {
                let learned = usual.learn(store, now);
                Ok((usual, learned))
            })
            .await?;
        self.usual = usual;
        learned?;
        self.usual_looked = Some(Instant::now());
        self.warnings.silent.clear();
        let zone = &self.desk.policy.desk.timezone;
        let (today, calendars) = (now.to_zoned(zone.clone()).date(), &self.desk.policy.promises.calendars);
        if !calendars.is_empty() && calendars.iter().all(|calendar| calendar.holidays.contains(&today)) {
            return Ok(());
        }
        for mailbox in self.around.sources.iter().map(|source| &source.mailbox).filter(|m| !troubled.contains(m)) {
            let Some(silence) = self.usual.silence(mailbox, now, zone) else { continue };
            let sentence = silence.sentence(mailbox, now, zone);
            if self.say(format!("silent:{mailbox}"), DAILY, Some(sentence.clone())).await? {
                tracing::warn!(mailbox, since = %silence.since, "No mail comes, and usually it does");
            }
            self.warnings.silent.push(sentence);
        }
        Ok(())
    }

    /// Agents hear of each answer that did not leave, the operator of all else in one mail.
    async fn tell_what_is_noticed(&self) -> Result<(), StoreError> {
        let mut sentences: BTreeMap<String, u32> = BTreeMap::new();
        let mut told = Vec::new();
        for notice in self.desk.with_store(|store| store.notices()).await? {
            match self.sentence(&notice) {
                Told::Agent(failure) => match undelivered(&self.desk, &failure, notice.id).await {
                    // It is tried again with the next look; the others are told now.
                    Err(error) if !error.is_fatal() => {
                        tracing::error!(outbox = failure.outbox, %error, "An agent cannot be told of what did not leave");
                    }
                    done => done?,
                },
                Told::Operator(sentence) => {
                    told.push(notice.id);
                    *sentences.entry(sentence).or_default() += notice.times;
                }
                Told::Nobody => told.push(notice.id),
            }
        }
        let now = (self.desk.clock)();
        let mail = if sentences.is_empty() { None } else { alarm(&self.desk.policy, lines(sentences), now) };
        // The pause is noted first: who is killed after it is late by an hour, and not loud.
        if told.is_empty() || (mail.is_some() && !self.say("alarm".to_owned(), PAUSE, None).await?) {
            return Ok(());
        }
        let mut decision = Decision::new(Action::Command, Fate::Order);
        decision.outgoing.extend(mail);
        decision.told = told;
        let commit = crate::compose::compose(decision, &self.desk.policy);
        order(&self.desk, Lookup::default(), Arc::new(move |_: Found| commit.clone())).await
    }

    fn sentence(&self, notice: &Notice) -> Told {
        match &notice.what {
            Noticed::Alarm(sentence) => Told::Operator(sentence.clone()),
            Noticed::Quarantined { mailbox } => Told::Operator(format!(
                "Mail was put in quarantine (mailbox {mailbox}): see `postdesk quarantine list`"
            )),
            Noticed::Undelivered(failure) if failure.template.is_words_of_a_person() => Told::Agent(failure.clone()),
            // What tells of trouble makes no trouble of its own.
            Noticed::Undelivered(failure) if failure.template == Template::Alarm => Told::Nobody,
            Noticed::Undelivered(failure) => {
                Told::Operator(format!("Mail ({}) cannot leave: see `postdesk outbox list`", failure.template))
            }
        }
    }

    /// The log, the status line and, after a while, a mail that goes past the database: nothing else can say that it is the
    /// database that fails.
    async fn heed_the_database(&mut self, error: Option<StoreError>) {
        match &error {
            None => self.place.well(),
            Some(error) => {
                tracing::error!(%error, "What people should hear of cannot be written down yet");
                self.place.trouble(error.word(), error.to_string());
            }
        }
        // Where only writing fails, those who write find it out.
        let of_others =
            || self.desk.board.troubles().into_iter().find(|(_, trouble, _)| trouble.kind.starts_with(DATABASE));
        let refusal = error.as_ref().map(|error| (error.word(), error.to_string()));
        let refusal = refusal.filter(|(word, _)| word.starts_with(DATABASE));
        let Some((kind, what)) = refusal.or_else(|| of_others().map(|(_, trouble, _)| (trouble.kind, trouble.what)))
        else {
            self.refused = None;
            return;
        };
        let since = *self.refused.get_or_insert_with(Instant::now);
        let lasting = kind == BROKEN || since.elapsed() >= REFUSES;
        let told = self.told_past.is_some_and(|at| at.elapsed() < DAILY.unsigned_abs());
        if !lasting || told {
            return;
        }
        if let Some(outgoing) = self.around.outgoing.clone()
            && past_the_database(&self.desk.policy, outgoing, &what, (self.desk.clock)()).await
        {
            self.told_past = Some(Instant::now());
        }
    }
}

enum Told {
    Operator(String),
    Agent(Undeliverable),
    /// There is nothing in it for anybody.
    Nobody,
}

fn lines(sentences: BTreeMap<String, u32>) -> Vec<String> {
    let line = |(sentence, times): (String, u32)| match times {
        1 => sentence,
        times => format!("{sentence} ({times} times)"),
    };
    sentences.into_iter().map(line).collect()
}

/// Tells the operator that the database fails, by a mail that no database knows of. Whether it left.
pub async fn past_the_database(policy: &Policy, outgoing: OutgoingSettings, error: &str, now: Timestamp) -> bool {
    let sentence = format!("{error}. No mail is taken in and none is sent until that is mended; nothing is lost by it");
    let Some(draft) = alarm(policy, vec![sentence], now) else { return false };
    let mut decision = Decision::new(Action::Command, Fate::Order);
    decision.outgoing.push(draft);
    let Some(mail) = crate::compose::compose(decision, policy).outgoing.pop() else { return false };
    match outbox::send_alone(outgoing, mail, now).await {
        Ok(()) => {
            tracing::warn!("The operator was told past the database");
            true
        }
        Err(error) => {
            tracing::error!(trouble = error, "The operator cannot be told past the database");
            false
        }
    }
}

/// None where no operator is named: then the log has to do.
fn alarm(policy: &Policy, sentences: Vec<String>, now: Timestamp) -> Option<Draft> {
    let operator = policy.desk.operator.as_ref()?;
    let mailbox = policy.mailboxes.iter().find(|m| !m.observe).or(policy.mailboxes.first())?;
    Some(Draft {
        template: Template::Alarm,
        addressee: Addressee::Operator,
        to: Address::new(None, operator.as_str()),
        cc: Vec::new(),
        mailbox: mailbox.name.clone(),
        language: policy.desk.language,
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

/// The agent hears that his answer did not leave, and the ticket's history gets it: in the transaction that removes the
/// notice.
async fn undelivered(desk: &Arc<Desk>, failure: &Undeliverable, notice: i64) -> Result<(), StoreError> {
    let tickets: Vec<_> = failure.ticket.into_iter().collect();
    let (failed, policy, now) = (failed(failure), Arc::clone(&desk.policy), (desk.clock)());
    let plan: Plan = Arc::new(move |found: Found| {
        let decided = failed.as_ref().map(|failed| crate::decide::undelivered(failed, &found, &policy, now));
        let mut commit = match decided {
            Some(Ok(decision)) => super::ingest::finish(crate::compose::compose(decision, &policy)),
            // The ticket was erased meanwhile: nobody is left to be told.
            Some(Err(_)) | None => Decision::new(Action::Command, Fate::Order),
        };
        commit.told.push(notice);
        commit
    });
    order(desk, Lookup { tickets, ..Lookup::default() }, plan).await
}

fn failed(failure: &Undeliverable) -> Option<Undelivered> {
    let reply = crate::model::text::clean_line(&failure.last_reply, 300);
    let because = match (failure.ambiguous, failure.attempts) {
        (true, _) => format!("it may or may not have arrived; said last: {reply}"),
        (false, 2..) if !reply.starts_with('5') => {
            format!("given up after {} tries; said last: {reply}", failure.attempts)
        }
        (false, _) => reply,
    };
    let (outbox, to) = (failure.outbox, failure.to.email.clone());
    failure.ticket.map(|ticket| Undelivered { outbox, ticket, to, because })
}

async fn order(desk: &Arc<Desk>, lookup: Lookup, plan: Plan) -> Result<(), StoreError> {
    let now = (desk.clock)();
    desk.with_store(move |store| store.order(&lookup, &plan, now)).await?;
    desk.queued.notify_one();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

    use super::*;
    use crate::store::sqlite::SqliteStore;
    use crate::store::watch::Watch as _;
    use crate::store::{Reading as _, Store};

    const CONFIG: &str = "desk.domain = \"desk.acme.example\"\ndesk.operator = \"ops@inbox.example\"\ndesk.state = \"state\"\n\
        [dns]\noff = true\n[[mailbox]]\nname = \"support\"\naddress = \"podpora@acme.example\"\n[mailbox.maildir]\npath = \"in\"\n\
        [outgoing.maildir]\npath = \"out\"\n[[agent]]\nname = \"jana\"\naddresses = [\"jana@acme.example\"]\n";

    /// A teller, its store, and the hours that have passed.
    fn teller() -> (Teller, Arc<SqliteStore>, Arc<AtomicI64>, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(&path, CONFIG).expect("is written");
        for part in ["in/new", "in/cur"] {
            std::fs::create_dir_all(folder.path().join(part)).expect("is made");
        }
        let config = crate::config::load(&path).expect("is valid");
        let (store, hours) = (SqliteStore::scratch().expect("opens"), Arc::new(AtomicI64::new(0)));
        let clock: super::super::Clock = {
            let hours = Arc::clone(&hours);
            // A Wednesday, two in the afternoon.
            let begin: Timestamp = "2026-11-25T14:00:00Z".parse().expect("a time");
            Arc::new(move || begin + SignedDuration::from_hours(hours.load(SeqCst)))
        };
        let kept: Arc<dyn Store> = store.clone();
        let desk = Desk::new(kept, &config, clock).expect("there is no DNS");
        let around = Surroundings { sources: config.mailboxes.clone(), limits: config.limits.clone(), outgoing: None };
        (Teller::new(desk, around), store, hours, folder)
    }

    fn login() -> Trouble {
        Trouble { kind: "login", what: "The server refuses the login".to_owned(), wants_operator: true }
    }

    fn alarms(store: &SqliteStore) -> usize {
        store.outbox(true).expect("is read").iter().filter(|row| row.template == "alarm").count()
    }

    #[tokio::test]
    async fn a_part_that_ends_by_a_fault_is_started_again_and_told_of() {
        let (teller, store, _, _folder) = teller();
        let starts = Arc::new(AtomicI64::new(0));
        let part = (Arc::clone(&teller.desk), "clock".to_owned(), CancellationToken::new());
        let counted = Arc::clone(&starts);
        let make = move |_, _| {
            let first = counted.fetch_add(1, SeqCst) == 0;
            async move { assert!(!first, "words of a mail") }
        };
        super::super::kept_alive(part, make).await;
        assert_eq!(starts.load(SeqCst), 2);
        let notices = store.notices().expect("reads");
        let told = |notice: &Notice| matches!(&notice.what, Noticed::Alarm(said) if said.contains("(clock)") && !said.contains("mail"));
        assert!(matches!(&notices[..], [one] if told(one)), "{notices:?}");
    }

    #[tokio::test]
    async fn trouble_that_a_person_must_end_is_told_sooner_and_all_trouble_once_a_day() {
        let (mut teller, store, hours, _folder) = teller();
        let (stop, minutes) = (CancellationToken::new(), |n: u64| Duration::from_secs(60 * n));
        let support = teller.desk.board.place("support");
        let lost = Trouble { kind: "lost", what: "The connection was lost".to_owned(), wants_operator: false };
        for (trouble, long, mails) in
            [(lost.clone(), 14, 0), (login(), 4, 0), (login(), 6, 1), (login(), 60, 1), (lost.clone(), 60, 1)]
        {
            support.in_trouble_for(trouble, minutes(long));
            teller.look(&stop).await.expect("is told");
            assert_eq!(alarms(&store), mails);
        }
        // The other kind waited for the hour to pass; then nothing more is said of either for a day.
        for (hour, mails) in [(1, 2), (2, 2), (20, 2), (25, 3)] {
            hours.store(hour, SeqCst);
            support.in_trouble_for(lost.clone(), minutes(60 * 24));
            teller.look(&stop).await.expect("is told");
            assert_eq!(alarms(&store), mails, "after {hour} hours");
        }
        support.well();
        hours.store(60, SeqCst);
        teller.look(&stop).await.expect("is told");
        assert_eq!(alarms(&store), 3, "it is well again");
        let mail = store.outbox(true).expect("is read").pop().expect("is there");
        let (_, bytes) = store.outbox_mail(mail.id).expect("is read").expect("is there");
        let text = String::from_utf8_lossy(&bytes).replace("=\r\n", "");
        assert!(text.contains("support has been in trouble for 1440 minutes: The connection was lost"), "{text}");
        assert!(text.contains("It was never open yet"), "{text}");
    }

    #[tokio::test]
    async fn what_a_killed_daemon_left_untold_is_told_by_the_next() {
        let (mut teller, store, _, _folder) = teller();
        let mut commit = Decision::new(Action::Command, Fate::Order);
        commit.alarms.push("A loop".to_owned());
        let plan: Plan = Arc::new(move |_| commit.clone());
        store.order(&Lookup::default(), &plan, (teller.desk.clock)()).expect("is written");
        teller.look(&CancellationToken::new()).await.expect("is told");
        assert_eq!(alarms(&store), 1);
        assert!(crate::store::watch::Watch::notices(store.as_ref()).expect("is read").is_empty());
    }
}

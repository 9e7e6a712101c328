//! What is looked at once a day: every server's mail against the ledger, certificates that end soon, whether the outgoing
//! server can be used; on Mondays the week is counted. A desk that was down in the morning does it when it is up.

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tokio_util::sync::CancellationToken;

use super::audit::{Audit, Why};
use super::mailbox::beating;
use super::operator::{DAILY, Teller};
use super::{Desk, audit, connect};
use crate::model::SourceKey;
use crate::outbox::{self, OutgoingSettings};
use crate::store::StoreError;

/// The hour, in the desk's time zone, after which the day's look is made.
const MORNING: i8 = 6;
/// Days before a certificate's end at which it is told, the last one first.
const WARNED: [i64; 3] = [1, 7, 21];

pub(super) async fn look(teller: &mut Teller, stop: &CancellationToken) -> Result<(), StoreError> {
    let now = (teller.desk.clock)();
    let (today, is_morning) = local(&teller.desk, now);
    let last = teller.desk.with_store(|store| store.moment("morning")).await?;
    // A clock that was ahead must not keep the desk from looking for years.
    let done = last.map(|at| local(&teller.desk, at).0).filter(|day| *day <= today);
    if last.is_none() && is_morning {
        // The first start: nothing has happened yet that could be compared.
        teller.say("morning".to_owned(), SignedDuration::ZERO, None).await?;
        teller.say("week".to_owned(), SignedDuration::ZERO, None).await?;
        return Ok(());
    }
    if !is_morning || done == Some(today) {
        return Ok(());
    }
    teller.warnings.morning.clear();
    for source in teller.around.sources.clone() {
        let mut from = connect::source(&source, &teller.around.limits);
        let compared = tokio::select! {
            compared = beating(&teller.place, audit::audit(&teller.desk, &source.mailbox, &mut from)) => compared,
            () = stop.cancelled() => return Ok(()),
        };
        let mailbox = &source.mailbox;
        match compared {
            Ok(audit) => {
                if audit.lost > 0 {
                    unaccounted(teller, mailbox, &audit).await?;
                }
                certificate(teller, &format!("The server of mailbox {mailbox}"), audit.certificate, now).await?;
            }
            Err(audit::AuditError::Store(error)) => return Err(error),
            Err(error) => {
                let sentence = format!("Mailbox {mailbox} cannot be compared: {error}");
                teller.say(format!("uncompared:{mailbox}"), DAILY / 2, Some(sentence)).await?;
            }
        }
    }
    if let Some(OutgoingSettings::Smtp(settings)) = teller.around.outgoing.clone() {
        let probed = tokio::select! {
            probed = beating(&teller.place, outbox::probe(&settings)) => probed,
            () = stop.cancelled() => return Ok(()),
        };
        match probed {
            Ok(ability) => certificate(teller, "The outgoing server", ability.certificate, now).await?,
            Err(error) => {
                tracing::warn!(trouble = error.word(), code = error.code(), "The outgoing server cannot be used");
                tell(teller, "outgoing".to_owned(), error.to_string()).await?;
            }
        }
    }
    count_the_week(teller, now, today).await?;
    teller.say("morning".to_owned(), SignedDuration::ZERO, None).await.map(drop)
}

/// The day, and whether its morning has come, in the desk's time zone.
fn local(desk: &Desk, at: Timestamp) -> (Date, bool) {
    let at = at.to_zoned(desk.policy.desk.timezone.clone());
    (at.date(), at.hour() >= MORNING)
}

/// To the operator, at most once a day, and into the status line until tomorrow.
async fn tell(teller: &mut Teller, what: String, sentence: String) -> Result<(), StoreError> {
    teller.say(what, DAILY / 2, Some(sentence.clone())).await?;
    teller.warnings.morning.push(sentence);
    Ok(())
}

/// What was passed over is begun now: the watcher comes to it when its mailbox is quiet.
async fn unaccounted(teller: &mut Teller, mailbox: &str, audit: &Audit) -> Result<(), StoreError> {
    let skipped = audit.unaccounted.iter().filter(|one| one.why == Why::Skipped);
    let (skipped, name): (Vec<SourceKey>, String) = (skipped.map(|one| one.key.clone()).collect(), mailbox.to_owned());
    let (taken, now) = (skipped.len(), (teller.desk.clock)());
    tracing::error!(mailbox, lost = audit.lost, passed_over = taken, "Mails are unaccounted for");
    if taken > 0 {
        teller.desk.with_store(move |store| store.discover(&name, &skipped, now)).await?;
    }
    let sentence = format!(
        "{} mails in mailbox {mailbox} are unaccounted for; {taken} of them had been passed over and are taken in now: see \
         `postdesk audit`, and please report it",
        audit.lost
    );
    tell(teller, format!("unaccounted:{mailbox}"), sentence).await
}

/// Told 21 days before the end, again 7 days and 1 day before it; in the status line every day.
async fn certificate(
    teller: &mut Teller,
    whose: &str,
    accepted_for: Option<std::time::Duration>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(left) = accepted_for.and_then(|left| SignedDuration::try_from(left).ok()) else { return Ok(()) };
    let days = left.as_hours() / 24;
    let Some(warned) = WARNED.into_iter().find(|warned| days < *warned) else { return Ok(()) };
    let end = now.checked_add(left).unwrap_or(Timestamp::MAX);
    let sentence = format!(
        "{whose} has a certificate that is accepted until {} only ({days} days): have it renewed, or no mail will come or \
         go over it",
        teller.clock_time(end)
    );
    let pause = SignedDuration::from_hours(24 * warned - 12);
    if teller.say(format!("certificate:{whose}:{warned}"), pause, Some(sentence.clone())).await? {
        tracing::warn!(whose, days, "A certificate ends soon");
    }
    teller.warnings.morning.push(sentence);
    Ok(())
}

/// On Mondays, or the first day after that the desk is up.
async fn count_the_week(teller: &Teller, now: Timestamp, today: Date) -> Result<(), StoreError> {
    let last = teller.desk.with_store(|store| store.moment("week")).await?;
    let monday = today.checked_sub(i32::from(today.weekday().since(Weekday::Monday)).days()).unwrap_or(today);
    let counted = last.map(|at| local(&teller.desk, at).0);
    if counted.is_some_and(|day| day >= monday && day <= today) {
        return Ok(());
    }
    let since = now.checked_sub(168.hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    let (came, accounted) = teller.desk.with_store(move |store| store.counts(since)).await?;
    let sentence = format!("The last seven days: {came} mails in, {accounted} accounted for");
    teller.say("week".to_owned(), SignedDuration::ZERO, Some(sentence)).await.map(drop)
}

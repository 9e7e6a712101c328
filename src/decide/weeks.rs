//! How the desk did, week by week: what came, how long it waited for an answer, whether promises were kept.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::model::Policy;
use crate::model::course::Verdict;
use crate::model::digest::{Measured, WEEKS, Week};

/// The weeks before the day of an instant, the last one last. Days are those of the desk's clock; times are working time of
/// the desk's calendar, where it has one.
pub fn weeks(measured: &[Measured], policy: &Policy, at: Timestamp) -> Vec<Week> {
    let end = date(at, policy);
    let week = |back: usize| {
        let days = 7 * i64::try_from(back).unwrap_or_default();
        let from = end.checked_sub(days.days()).ok()?;
        Some(count(measured, policy, at, (from, from.checked_add(7.days()).ok()?)))
    };
    (1..=WEEKS).rev().filter_map(week).collect()
}

fn date(at: Timestamp, policy: &Policy) -> Date {
    at.to_zoned(policy.desk.timezone.clone()).date()
}

fn count(measured: &[Measured], policy: &Policy, now: Timestamp, (from, until): (Date, Date)) -> Week {
    let within = |at: Option<Timestamp>| at.map(|at| date(at, policy)).is_some_and(|day| from <= day && day < until);
    let mut week = Week { from, came: 0, ended: 0, answered: 0, first_answer: None, due: 0, kept: 0 };
    let mut times = Vec::new();
    for ticket in measured {
        let course = &ticket.course;
        week.came += u32::from(within(Some(ticket.created_at)));
        week.ended += u32::from(within(course.ended_at()));
        if let Some(answered) = course.responded_at.filter(|at| within(Some(*at))) {
            times.push(working_time(policy, ticket.created_at, answered));
        }
        let promises = [(course.respond_due_at, course.respond(now)), (course.resolve_due_at, course.resolve(now))];
        for (_, verdict) in promises.into_iter().filter(|(due, _)| within(*due)) {
            week.due += u32::from(matches!(verdict, Verdict::Kept | Verdict::Missed));
            week.kept += u32::from(verdict == Verdict::Kept);
        }
    }
    week.answered = u32::try_from(times.len()).unwrap_or(u32::MAX);
    week.first_answer = median(times);
    week
}

fn working_time(policy: &Policy, from: Timestamp, until: Timestamp) -> SignedDuration {
    match &policy.promises.office {
        Some(office) => office.between(from, until),
        None => until.duration_since(from),
    }
}

/// The middle one; of an even number the lower of the two in the middle, which is a time that was.
fn median(mut times: Vec<SignedDuration>) -> Option<SignedDuration> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

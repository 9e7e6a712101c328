//! When a mail that did not leave goes again: pure, and without chance, so that it can be explained and tested.

use jiff::{SignedDuration, Timestamp};

use crate::model::outgoing::{Attempt, Template};

/// After the first try, the second, and so on; the last holds from then on.
const BACKOFF_MINUTES: [i64; 6] = [1, 5, 15, 60, 120, 240];

/// How long what people wrote, or must act upon, is tried where the operator says nothing: as long as other mail servers
/// do (RFC 5321 section 4.5.4.1).
pub const GIVE_UP: SignedDuration = SignedDuration::from_hours(5 * 24);
/// An acknowledgement that comes a day late tells the customer nothing.
const GIVE_UP_ACKNOWLEDGEMENT: SignedDuration = SignedDuration::from_hours(24);

/// Tries that are made, however late it is.
const TRIES_MIN: u32 = 3;

/// How long a mail is tried, from the time it was queued.
fn lifetime(template: Template, give_up: SignedDuration) -> SignedDuration {
    if template.is_acknowledgement() { give_up.min(GIVE_UP_ACKNOWLEDGEMENT) } else { give_up }
}

/// The mail's time is over: it is not tried again by itself. What people wrote, or must act upon, gets a few tries all the
/// same: nobody's words are given up because a clock jumped ahead.
pub fn is_over(
    template: Template,
    attempts: u32,
    queued_at: Timestamp,
    now: Timestamp,
    give_up: SignedDuration,
) -> bool {
    let tried = template.is_acknowledgement() || attempts >= TRIES_MIN;
    tried && now.duration_since(queued_at) >= lifetime(template, give_up)
}

/// When to try again after `attempt`, the `attempts`-th; None: not by itself.
///
/// A refusal is final. A mail that may have arrived goes again unless it is an acknowledgement: the loss of words is worse
/// than their double (RFC 1047), that of an acknowledgement is not.
pub fn next_try(
    template: Template,
    id: i64,
    attempts: u32,
    queued_at: Timestamp,
    now: Timestamp,
    attempt: &Attempt,
    give_up: SignedDuration,
) -> Option<Timestamp> {
    match attempt {
        Attempt::Accepted(_) | Attempt::Rejected(_) => return None,
        Attempt::Ambiguous(_) if !template.goes_again_when_unknown() => return None,
        Attempt::Ambiguous(_) | Attempt::Deferred(_) => {}
    }
    if is_over(template, attempts, queued_at, now, give_up) {
        return None;
    }
    let next = now.checked_add(backoff(id, attempts)).ok()?;
    // The last try is made when the time is over, not hours before.
    let end = queued_at.checked_add(lifetime(template, give_up)).ok()?;
    Some(if end > now { next.min(end) } else { next })
}

/// The wait after so many tries: up to a tenth more or less than the table says, by the mail's id, so that mails that
/// failed together do not all come back together.
fn backoff(id: i64, attempts: u32) -> SignedDuration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(BACKOFF_MINUTES.len() - 1);
    let whole = BACKOFF_MINUTES.get(step).copied().unwrap_or(240) * 60_000;
    let share = i64::try_from(scatter(id, attempts) % 201).unwrap_or(100) - 100;
    SignedDuration::from_millis(whole + whole * share / 1000)
}

/// SplitMix64's finishing step: neighbouring ids come far apart.
fn scatter(id: i64, attempts: u32) -> u64 {
    let mut x = id.cast_unsigned().wrapping_add(u64::from(attempts).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outgoing::SmtpReply;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
    }

    fn next_try(
        template: Template,
        id: i64,
        attempts: u32,
        queued_at: Timestamp,
        now: Timestamp,
        attempt: &Attempt,
    ) -> Option<Timestamp> {
        super::next_try(template, id, attempts, queued_at, now, attempt, GIVE_UP)
    }

    #[test]
    fn the_operator_says_how_long() {
        let hours = SignedDuration::from_hours;
        let next = |give_up| super::next_try(Template::Answer, 1, 9, at(0), at(3 * 3600), &deferred(), give_up);
        assert_eq!(next(hours(2)), None);
        assert_eq!(next(hours(4)), Some(at(4 * 3600)));
    }

    fn deferred() -> Attempt {
        Attempt::Deferred(SmtpReply::default())
    }

    fn ambiguous() -> Attempt {
        Attempt::Ambiguous(SmtpReply::default())
    }

    #[test]
    fn the_waits_grow_to_four_hours() {
        let wait = |attempts| {
            let next = next_try(Template::Answer, 7, attempts, at(0), at(0), &deferred()).expect("goes again");
            next.duration_since(at(0)).as_secs()
        };
        for (attempts, minutes) in [(1, 1), (2, 5), (3, 15), (4, 60), (5, 120), (6, 240), (7, 240), (900, 240)] {
            let seconds = wait(attempts);
            assert!((seconds - minutes * 60).abs() <= minutes * 6, "try {attempts}: {seconds} s");
        }
    }

    #[test]
    fn mails_that_failed_together_come_back_apart() {
        let mut times: Vec<_> = (1..=40)
            .map(|id| next_try(Template::Answer, id, 4, at(0), at(0), &deferred()).expect("goes again"))
            .collect();
        times.sort();
        times.dedup();
        assert!(times.len() >= 35, "only {} different times", times.len());
        assert_eq!(
            next_try(Template::Answer, 9, 4, at(0), at(0), &deferred()),
            next_try(Template::Answer, 9, 4, at(0), at(0), &deferred()),
            "the same mail has the same time"
        );
    }

    #[test]
    fn acknowledgements_have_a_day_and_all_else_five() {
        let day = 86_400;
        let next = |template, now| next_try(template, 1, 9, at(0), at(now), &deferred());
        assert_eq!(next(Template::Acknowledgement, day - 60), Some(at(day)), "a last try at the end");
        assert_eq!(next(Template::Acknowledgement, day), None);
        assert_eq!(next(Template::AcknowledgementMinimal, day), None);
        for template in [Template::Answer, Template::NotifyNew, Template::Refused, Template::Alarm] {
            assert!(next(template, 5 * day - 1).is_some());
            assert_eq!(next(template, 5 * day), None);
        }
    }

    #[test]
    fn a_clock_that_jumps_ahead_gives_up_nobodys_words() {
        let ten_years = 10 * 365 * 86_400;
        for (attempts, minutes) in [(1, 1), (2, 5)] {
            let next = next_try(Template::Answer, 7, attempts, at(0), at(ten_years), &deferred()).expect("goes again");
            let seconds = next.duration_since(at(ten_years)).as_secs();
            assert!((seconds - minutes * 60).abs() <= minutes * 6, "try {attempts}: {seconds} s");
        }
        assert_eq!(next_try(Template::Answer, 7, 3, at(0), at(ten_years), &deferred()), None);
        // Nor does one that is set back make it wait for years: see `Store::claim_beside`.
        let next = next_try(Template::Answer, 7, 1, at(ten_years), at(0), &deferred()).expect("goes again");
        assert!(next <= at(66), "{next}");
    }

    #[test]
    fn all_but_an_acknowledgement_goes_again_when_it_may_have_arrived() {
        for template in [Template::Answer, Template::NotifyNew, Template::NotifyReply, Template::Alarm] {
            assert!(next_try(template, 1, 1, at(0), at(0), &ambiguous()).is_some_and(|t| t <= at(66)));
        }
        for template in [Template::Acknowledgement, Template::AcknowledgementMinimal] {
            assert_eq!(next_try(template, 1, 1, at(0), at(0), &ambiguous()), None);
        }
    }

    #[test]
    fn what_arrived_or_was_refused_does_not_go_again() {
        for attempt in [Attempt::Accepted(SmtpReply::default()), Attempt::Rejected(SmtpReply::default())] {
            assert_eq!(next_try(Template::Answer, 1, 1, at(0), at(0), &attempt), None);
        }
    }

    proptest! {
        #[test]
        fn a_next_try_is_later_and_within_the_lifetime(id: i64, attempts: u32, age in 0i64..600_000) {
            if let Some(next) = next_try(Template::Answer, id, attempts, at(0), at(age), &deferred()) {
                prop_assert!(next > at(age));
                prop_assert!(next <= at(5 * 86_400) || (attempts < TRIES_MIN && next <= at(age + 330)));
            }
        }
    }
}

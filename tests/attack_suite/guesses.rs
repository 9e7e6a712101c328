//! Guessing at ticket checks: counted, then ignored, and nothing tells the guesser.

use std::sync::Arc;

use jiff::SignedDuration;
use postdesk::model::conduct::{GUESSES_IN_ALL, GUESSES_PER_SENDER};
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Reading as _, Store as _};

use super::bench::{Bench, Came, VICTIM, policy, proven, unproven};

const GUESSER: &str = "hadac@zlo.example";
/// Knows the token, and is unproven.
const COLLEAGUE: &str = "kolega@iny.example";

fn wrong(bench: &Bench, count: u32) -> String {
    let right = bench.token(1001);
    let other = format!("[ACME-1001-{count:08}]");
    assert_ne!(right, other);
    other
}

fn guess(bench: &Bench, from: &str, count: u32) -> Came {
    bench.take(&unproven(from, "", &format!("Re: {} pokus {count}", wrong(bench, count)), &format!("pokus {count}")))
}

fn by_token(bench: &Bench, from: &str, text: &str) -> Came {
    bench.take(&unproven(from, "", &format!("Re: {} Faktúra", bench.token(1001)), text))
}

#[test]
fn a_guesser_is_ignored_for_a_day_and_cannot_tell() {
    let bench = Bench::new();
    assert_eq!(
        by_token(&bench, GUESSER, "najprv").ticket(),
        Some(1001),
        "a right one counts while there are no wrong ones"
    );
    let mut alarms = 0;
    for count in 0..=GUESSES_PER_SENDER {
        let came = guess(&bench, GUESSER, count);
        assert_ne!(came.ticket(), Some(1001));
        alarms += came.alarms();
    }
    assert_eq!(alarms, 1, "the operator hears of it once");
    bench.pass(SignedDuration::from_hours(2)); // the hour is over, the day is not
    let (right, also_wrong) = (by_token(&bench, GUESSER, "teraz?"), guess(&bench, GUESSER, 777));
    for came in [&right, &also_wrong] {
        assert!(came.ticket().is_some_and(|n| n != 1001), "{:?}", came.ingested);
        assert_eq!(came.fate(), "ticket");
        assert_eq!(
            came.acknowledged(),
            "no",
            "his budget of acknowledgements is spent, for the right as for the wrong"
        );
    }
    // What is written into the two tickets says the same.
    let lines = |n: i64| bench.store.history(n).expect("reads").iter().map(|l| l.because.clone()).collect::<Vec<_>>();
    assert_eq!(lines(right.ticket().expect("one")), lines(also_wrong.ticket().expect("one")));
    // Somebody else's token is heeded as before, and his own again after a day.
    assert_eq!(by_token(&bench, COLLEAGUE, "ja nič").ticket(), Some(1001));
    bench.pass(SignedDuration::from_hours(23));
    assert_eq!(by_token(&bench, GUESSER, "po dni").ticket(), Some(1001));
}

#[test]
fn the_acknowledgement_is_the_same_for_right_and_wrong() {
    // Two desks, the same guesser, who proves himself and so may have three acknowledgements; the last check is right at the
    // one desk and wrong at the other.
    let told: Vec<(String, Option<i64>, Vec<String>)> = [true, false]
        .into_iter()
        .map(|right| {
            let bench = Bench::new();
            for count in 0..=GUESSES_PER_SENDER {
                bench.take(&proven(GUESSER, "", &format!("Re: {} {count}", wrong(&bench, count)), "x"));
            }
            bench.pass(SignedDuration::from_mins(11));
            let token = if right { bench.token(1001) } else { wrong(&bench, 999) };
            let came = bench.take(&proven(GUESSER, "", &format!("Re: {token} Faktúra"), "Kde je to?"));
            assert_eq!(came.acknowledged(), "full", "{right}");
            let his = came.sent.iter().filter(|s| s.row.to.email == GUESSER);
            (came.fate(), came.ticket(), his.map(|s| s.text()).collect())
        })
        .collect();
    assert_eq!(told[0], told[1]);
}

#[test]
fn many_guesses_in_one_mail_are_many() {
    let bench = Bench::new();
    let tokens: Vec<String> = (0..=GUESSES_PER_SENDER).map(|c| wrong(&bench, c)).collect();
    // The right one stands behind them: this very mail is ignored.
    let subject = format!("{} {}", tokens[..8].join(""), bench.token(1001));
    let came = bench.take(&unproven(GUESSER, "", &subject, "x"));
    assert_eq!(came.ticket(), Some(1001), "eight wrong ones may be a mistake");
    for round in 0..2 {
        bench.take(&unproven(GUESSER, "", &tokens[..8].join(""), &format!("y{round}")));
    }
    assert_ne!(by_token(&bench, GUESSER, "z").ticket(), Some(1001));
}

#[test]
fn who_proves_himself_is_not_silenced_by_a_forger_of_his_address() {
    let bench = Bench::new();
    for count in 0..=GUESSES_PER_SENDER {
        guess(&bench, VICTIM, count);
        guess(&bench, "jana@acme.example", count);
    }
    // The victim, proven: the mails of the forger are not his.
    let token = bench.token(1001);
    let came = bench.take(&proven(VICTIM, "", &format!("Re: {token}"), "To som ja"));
    assert_eq!(came.ticket(), Some(1001));
    // Even if he mistypes himself: a participant who is strongly proven is heeded.
    for count in 0..=GUESSES_PER_SENDER {
        bench.take(&proven(VICTIM, "", &wrong(&bench, count), &format!("omyl {count}")));
    }
    let came = bench.take(&proven(VICTIM, "", &format!("Re: {token}"), "To som stále ja"));
    assert_eq!(came.ticket(), Some(1001));
    // The agent's own identity cannot be guessed, so no guesses by a forger make it worthless.
    let notified = bench.sent("notify-new").message_id;
    let came = bench.take(&proven(
        "jana@acme.example",
        &format!("In-Reply-To: <{notified}>\r\n"),
        "Re: x",
        "Pracujem na tom.",
    ));
    assert_eq!(came.to("answer").len(), 1, "{:?}", came.ingested);
}

#[test]
fn a_siege_by_many_makes_the_short_check_worthless_until_it_ends() {
    let bench = Bench::new();
    let mut alarms = 0;
    for count in 0..=GUESSES_IN_ALL {
        alarms += guess(&bench, &format!("h{count}@zlo.example"), count).alarms();
    }
    assert_eq!(alarms, 1);
    assert_ne!(by_token(&bench, COLLEAGUE, "a").ticket(), Some(1001), "the subject proves nothing now");
    let answer = bench.sent("answer").message_id;
    let came = bench.take(&unproven(COLLEAGUE, &format!("In-Reply-To: <{answer}>\r\n"), "Re: x", "b"));
    assert_eq!(came.ticket(), Some(1001), "80 bits do");
    let came = bench.take(&proven(VICTIM, "", &format!("Re: {}", bench.token(1001)), "c"));
    assert_eq!(came.ticket(), Some(1001), "and a proven participant does");
    bench.pass(SignedDuration::from_mins(61));
    assert_eq!(by_token(&bench, COLLEAGUE, "d").ticket(), Some(1001));
}

#[test]
fn a_restart_forgets_no_guess() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let open = || SqliteStore::open(&path, Options::default()).expect("opens");
    let bench = Bench::with_store(open(), policy("ACME", "acme.example", 7));
    bench.take(&proven(VICTIM, "", "Faktúra", "x"));
    for count in 0..=GUESSES_PER_SENDER {
        guess(&bench, GUESSER, count);
    }
    let (now, keys) = (bench.now.get(), Arc::clone(&bench.policy));
    drop(bench);
    let bench = Bench::with_store(open(), (*keys).clone());
    bench.now.set(now + SignedDuration::from_hours(3));
    // Other source keys than before the restart.
    (0..40).for_each(|_| drop(bench.take("From: x@y.example\r\n\r\nx\r\n")));
    assert_ne!(by_token(&bench, GUESSER, "po reštarte").ticket(), Some(1001));
    assert_eq!(bench.store.forgive(GUESSER), Ok(true));
    assert_eq!(by_token(&bench, GUESSER, "odpustené").ticket(), Some(1001));
}

#[test]
fn a_removed_agents_tokens_are_dead() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new").message_id;
    let mut without = (*bench.policy).clone();
    without.agents.iter_mut().for_each(|a| a.disabled |= a.name == "jana");
    let mail = |words: &str| proven("jana@acme.example", &format!("In-Reply-To: <{notified}>\r\n"), "Re: x", words);
    let disabled = Bench { policy: Arc::new(without.clone()), ..bench };
    let came = disabled.take(&mail("Som ešte tu?"));
    assert!(came.to("answer").is_empty() && came.fate() == "quarantined", "{:?}", came.ingested);
    without.agents.retain(|a| a.name != "jana");
    let removed = Bench { policy: Arc::new(without), ..disabled };
    let came = removed.take(&mail("A teraz?"));
    assert!(came.to("answer").is_empty());
    assert_ne!(came.ticket(), Some(1001), "it opens a ticket of her own, as anybody's mail");
    assert!(came.sent.iter().all(|s| s.row.to.email != VICTIM));
}

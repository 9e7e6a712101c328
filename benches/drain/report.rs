//! The figures, for people.

use std::time::Duration;

use super::contest::Turn;
use super::options::Contestant;

/// All turns of one contestant.
pub struct Score {
    pub contestant: Contestant,
    pub turns: Vec<Turn>,
}

/// One turn, as it ends.
pub fn turn(round: usize, contestant: Contestant, turn: &Turn, mails: usize) {
    let accepted = turn.accepted.map(|t| format!(", {:.0} with acknowledgements accepted", rate(mails, t)));
    let delivered = turn.delivered.map(|t| format!(", {:.0} with all mails accepted", rate(mails, t)));
    println!(
        "round {round}  {:<16} {:>6.0} mails/s{}{}",
        contestant.name(),
        rate(mails, turn.committed),
        accepted.unwrap_or_default(),
        delivered.unwrap_or_default()
    );
}

pub fn summary(scores: &[Score], mails: usize) {
    println!(
        "\n{:<34} {:>20} {:>13} {:>10} {:>13}",
        "median (least to most)", "mails/s", "CPU µs/mail", "peak MB", "KB/mail"
    );
    for score in scores {
        line(score.contestant.name(), score, mails, |t| Some(t.committed));
        line("  … and acknowledgements accepted", score, mails, |t| t.accepted);
        line("  … and notifications accepted", score, mails, |t| t.delivered);
    }
    let Some(mbsync) = scores.iter().find(|s| s.contestant == Contestant::Mbsync) else { return };
    println!();
    for score in scores.iter().filter(|s| s.contestant != Contestant::Mbsync) {
        ratio(score.contestant.name(), mbsync, score, |t| Some(t.committed));
        ratio("  … and acknowledgements accepted", mbsync, score, |t| t.accepted);
        ratio("  … and notifications accepted", mbsync, score, |t| t.delivered);
    }
}

fn line(name: &str, score: &Score, mails: usize, end: impl Fn(&Turn) -> Option<Duration>) {
    let rates: Vec<f64> = score.turns.iter().filter_map(&end).map(|t| rate(mails, t)).collect();
    let Some(rates) = Spread::of(rates) else { return };
    let of =
        |value: &dyn Fn(&Turn) -> f64| Spread::of(score.turns.iter().map(value).collect()).map_or(0.0, |s| s.median);
    let each = mails as f64;
    println!(
        "{name:<34} {:>20} {:>13.0} {:>10.1} {:>13.1}",
        format!("{:.0} ({:.0}–{:.0})", rates.median, rates.least, rates.most),
        of(&|t| t.usage.cpu.as_secs_f64() * 1e6 / each),
        of(&|t| t.usage.peak_rss as f64 / 1e6),
        of(&|t| t.usage.written as f64 / 1e3 / each),
    );
}

/// Of the two turns of each round, so that what disturbs the machine disturbs both.
fn ratio(name: &str, base: &Score, score: &Score, end: impl Fn(&Turn) -> Option<Duration>) {
    let ratios = base.turns.iter().zip(&score.turns);
    let ratios = ratios.filter_map(|(b, s)| Some(b.committed.as_secs_f64() / end(s)?.as_secs_f64())).collect();
    if let Some(Spread { least, median, most }) = Spread::of(ratios) {
        println!("{name:<34} {median:.2} × mbsync (rounds: {least:.2} to {most:.2})");
    }
}

fn rate(mails: usize, time: Duration) -> f64 {
    mails as f64 / time.as_secs_f64()
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let (least, most) = (*values.first()?, *values.last()?);
        let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Some(Spread { least, median, most })
    }
}

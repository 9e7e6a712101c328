//! Weeks for which nobody will be woken, as far as anybody looks ahead.

use jiff::Timestamp;

use crate::config::{Config, Mistake};
use crate::decide::{self, Gap};

/// Turns of each rota that are looked at: half a year.
const TURNS: usize = 26;
/// Gaps that are named; more say no more.
const NAMED: usize = 10;

/// A hint for each stretch of time in which a rota has nobody, or not whom it should.
pub fn gaps(config: &Config, now: Timestamp) -> Vec<Mistake> {
    let gaps = decide::gaps(&config.policy, now, TURNS);
    let mut hints: Vec<Mistake> = gaps.iter().take(NAMED).map(|gap| hint(gap, config)).collect();
    if gaps.len() > NAMED {
        let message = format!("Rotas have {} more gaps within {TURNS} weeks", gaps.len() - NAMED);
        hints.push(Mistake::about(&config.path, message, None));
    }
    hints
}

fn hint(gap: &Gap, config: &Config) -> Mistake {
    let at =
        |time: Timestamp| time.to_zoned(config.policy.desk.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let who = match &gap.instead {
        Some(agent) => format!("{agent} stands in unasked"),
        None => "nobody is on duty".to_owned(),
    };
    let message = format!("Rota {}: {who} from {} until {}: {}", gap.rota, at(gap.from), at(gap.until), gap.because);
    Mistake::about(&config.path, message, Some("Name an agent in `weeks`, or a substitute in `away`".to_owned()))
}

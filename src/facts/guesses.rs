//! Wrong ticket checks: how many came with a mail, and whose right ones are ignored because too many wrong ones came
//! before. Whoever guesses learns nothing: an ignored check and a wrong one lead to the same.

use crate::model::conduct::{GUESSES_IN_ALL, GUESSES_PER_SENDER};
use crate::model::facts::{Authenticity, Sender, Strength, ThreadBy};
use crate::model::token::{Generations, TokenKind};
use crate::model::{AddrSpec, Believed, Found, Message, Policy, Ticket};

use super::sender;
use super::thread::{Named, claimed, claimed_by_id, own_details, referred, wrong_subjects};

/// How many guesses a mail is. Each wrong check in the subject (40 bits) is one. The hidden ones (80 bits) cannot be
/// guessed at any rate, and a long thread may carry many that an old key made: together they are one. Message-IDs of other
/// domains are another desk's.
pub fn wrong_checks(message: &Message, policy: &Policy, generations: &Generations) -> u32 {
    let keys = &policy.keys;
    let subject = wrong_subjects(message, policy, generations).count();
    let detail = own_details(message, policy).iter().any(|(_, d)| {
        keys.prove_address_detail(d, generations).is_none() && claimed(d.split('-').collect(), 4).is_some()
    });
    let id = referred(message).any(|id| is_wrong_id(id, policy, generations));
    u32::try_from(subject).unwrap_or(u32::MAX).saturating_add(u32::from(detail || id))
}

fn is_wrong_id(id: &str, policy: &Policy, generations: &Generations) -> bool {
    let domain = id.split_once('@').map_or("", |(_, domain)| domain);
    domain.eq_ignore_ascii_case(&policy.desk.domain)
        && claimed_by_id(id).is_some()
        && policy.keys.prove_message_id(id, generations).is_none()
}

/// Which checks count for this mail's sender.
pub struct Heed {
    /// The sender guessed too often: none.
    guesser: bool,
    /// Everybody together did: not the subject's, which is the short one.
    siege: bool,
    /// From's address, where it is strongly proven.
    strong: Option<AddrSpec>,
    agent: Option<String>,
}

impl Heed {
    pub fn of(message: &Message, sender: &Sender, judged: &Authenticity, wrong: u32, found: &Found) -> Self {
        let verified = judged.believed == Believed::Verified;
        let guesses = found.conduct.guesses(verified);
        let strong = verified && judged.strength == Some(Strength::Strong);
        Heed {
            // With the wrong ones of this very mail: a right one behind a hundred wrong ones is a guess too.
            guesser: guesses.mistrusted || guesses.hour.saturating_add(wrong) > GUESSES_PER_SENDER,
            siege: found.conduct.guesses_in_all.saturating_add(wrong) > GUESSES_IN_ALL,
            strong: sender::from(message).filter(|_| strong),
            agent: match sender {
                Sender::Agent(name) => Some(name.clone()),
                _ => None,
            },
        }
    }

    /// Every check counts.
    pub fn all() -> Self {
        Heed { guesser: false, siege: false, strong: None, agent: None }
    }

    /// Whether a check that holds is heeded. Always that of a participant who is strongly proven; and an agent's own
    /// identity, 80 bits that nobody can guess: else forgers of his address could silence him.
    pub fn heeds(&self, named: &Named, ticket: Option<&Ticket>, policy: &Policy) -> bool {
        let participant =
            self.strong.as_ref().zip(ticket).is_some_and(|(from, ticket)| ticket.is_participant(from.as_str()));
        let agents_own = self
            .agent
            .as_ref()
            .zip(named.proven.as_ref())
            .is_some_and(|(agent, proven)| proven.kind == TokenKind::Agent && policy.keys.is_for(proven, agent));
        // What a report returned gives nobody rights: it only finds the mail that came back.
        let ignored = (self.guesser && !named.returned) || (self.siege && named.by == ThreadBy::Token);
        participant || agents_own || !ignored
    }
}

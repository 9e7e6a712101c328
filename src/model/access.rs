//! Who may yet come into a ticket by an agent's word, and which of the desk's tokens still open it.

use serde::{Deserialize, Serialize};

use super::ticket::Ticket;
use super::token::About;

/// People that wait for an agent's word, at most; the newest are kept.
pub const PROPOSED_MAX: usize = 20;

/// Kept with the ticket and written with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// How often the ticket's tokens were taken back. Only those made since the last time prove anything.
    pub generation: u32,
    /// People whom an agent may make participants.
    pub proposed: Vec<Proposed>,
    /// Where the mail that opened it wanted answers, if elsewhere than at its From: whom a web form was filled in by. Compared
    /// only, never written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// A proven outsider who wrote on the ticket with its token, or somebody to whom a weakly proven participant wrote too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    pub email: String,
    pub name: Option<String>,
    /// The address in From of the mail that brought this one.
    pub by: String,
    /// That mail's digest, in hexadecimal digits: an agent who answers the notification about it means these people.
    pub mail: String,
}

impl Ticket {
    /// What its tokens are made about.
    pub fn token(&self) -> About {
        About { number: self.number, generation: self.access.generation }
    }

    /// Somebody may be made a participant. Whoever was proposed before is proposed anew: the latest mail counts.
    pub(super) fn propose(&mut self, proposed: &Proposed) {
        if self.is_participant(&proposed.email) {
            return;
        }
        self.unpropose(&proposed.email);
        self.access.proposed.push(proposed.clone());
        let over = self.access.proposed.len().saturating_sub(PROPOSED_MAX);
        self.access.proposed.drain(..over);
    }

    pub(super) fn unpropose(&mut self, email: &str) {
        self.access.proposed.retain(|p| !p.email.eq_ignore_ascii_case(email));
    }
}

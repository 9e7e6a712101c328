//! What the desk remembers of an address's conduct, and for how long it matters: wrong ticket checks, mail to it that
//! came back for good, complaints.

use jiff::{SignedDuration, Timestamp};

/// Wrong checks in an hour after which a sender's tokens count for nothing for a while. A guess at the subject's 40 bits
/// hits once in a million years at this rate.
pub const GUESSES_PER_SENDER: u32 = 20;
/// Wrong checks in an hour, by whomever, after which the subject's short check proves nothing for anybody unproven.
pub const GUESSES_IN_ALL: u32 = 200;
/// How long a guesser's tokens count for nothing.
pub const MISTRUST: SignedDuration = SignedDuration::from_hours(24);
/// Machines' mail of a day that is never too much.
pub const AUTOMATIC_FREE: u32 = 50;
/// So many times what is usual is too much.
pub const AUTOMATIC_TIMES: u32 = 3;
/// How long mail from an address is parked that writes too much.
pub const PARKED: SignedDuration = SignedDuration::from_hours(1);
/// Mails to an address that came back for good, one after the other, after which it counts as dead.
pub const DEAD_AFTER: u32 = 3;

/// What is known of the address in a mail's From.
///
/// Guesses by proven and by unproven mails are counted apart: whoever writes another's address into From spoils nothing
/// for the mails by which that other proves himself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conduct {
    pub unproven: Guesses,
    pub proven: Guesses,
    /// Wrong checks in the last hour by all senders; counted up to 1,000.
    pub guesses_in_all: u32,
    pub mail_to_it: MailToIt,
    pub unproven_pace: Pace,
    pub proven_pace: Pace,
}

/// How much comes from an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Mails within the hour around that of the mail at hand, by what they say themselves.
    pub hour: u32,
    /// Its mail is put aside for now.
    pub parked: bool,
}

/// Mail that machines wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Automatic {
    /// On this day (UTC).
    pub today: u32,
    /// On the middle one of the last seven; None where it has been counted for less than that.
    pub usual: Option<u32>,
}

impl Automatic {
    pub fn is_too_much(&self) -> bool {
        let usual = self.usual.map_or(u32::MAX, |usual| usual.saturating_mul(AUTOMATIC_TIMES));
        self.today > usual.max(AUTOMATIC_FREE)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// In the last hour.
    pub hour: u32,
    /// Its tokens count for nothing now.
    pub mistrusted: bool,
}

/// How mail to an address fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailToIt {
    /// Mails that came back for good since the last sign of life.
    pub failures: u32,
    pub failed_at: Option<Timestamp>,
    /// When somebody there reported a mail of the desk's as unwanted.
    pub complained_at: Option<Timestamp>,
}

impl MailToIt {
    pub fn is_dead(&self) -> bool {
        self.failures >= DEAD_AFTER
    }
}

impl Conduct {
    pub fn guesses(&self, proven: bool) -> Guesses {
        if proven { self.proven } else { self.unproven }
    }

    pub fn pace(&self, proven: bool) -> Pace {
        if proven { self.proven_pace } else { self.unproven_pace }
    }
}

/// Something to be remembered of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// In lower case; empty where a mail's From names no address.
    pub email: String,
    pub what: Marked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// So many wrong checks came with one of its mails.
    Guessed { proven: bool, wrong: u32 },
    /// Its tokens count for nothing until then.
    Mistrusted { proven: bool, until: Timestamp },
    /// A mail to it came back for good.
    Failed,
    /// It reported a mail as unwanted.
    Complained,
    /// It wrote a mail that is proven: it lives.
    Alive,
    /// It wrote a mail, at that time by its own words.
    Wrote { proven: bool, at: Timestamp },
    /// It writes too much: its mail is put aside until then.
    Parked { proven: bool, until: Timestamp },
    /// A machine wrote, whoever's.
    Automatic,
    /// An agent's: mail from it is strongly proven.
    Strong,
    /// An agent's: a mail to the agent was answered from it.
    Answered,
}

/// What was learnt of an agent's address, until an operator takes it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// When mail from it was first strongly proven: from then on proof is asked for, and nobody gets by without.
    pub strong_since: Option<Timestamp>,
    /// When a mail that only the agent could read was last answered from it: it is the agent's, not a slip in the file.
    pub answered_at: Option<Timestamp>,
}

impl Mark {
    pub fn new(email: &str, what: Marked) -> Self {
        Mark { email: email.to_ascii_lowercase(), what }
    }
}

/// Whether a permanent failure with this status (RFC 3463) says something about the address: not where the mail was
/// refused for its content, its size or the sender (5.6, 5.7, 5.2.3, 5.3.4). No status: the failure is all that is known.
pub fn is_about_address(status: Option<&str>) -> bool {
    status.is_none_or(|s| {
        let s = s.trim();
        s.starts_with('5') && !["5.6", "5.7", "5.2.3", "5.3.4", "5.5"].iter().any(|other| s.starts_with(other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_of_the_address_count() {
        for (status, counts) in [
            (None, true),
            (Some("5.1.1"), true),
            (Some("5.0.0"), true),
            (Some("5.4.4"), true),
            (Some("5.7.1"), false),
            (Some("5.3.4"), false),
            (Some("4.4.7"), false),
        ] {
            assert_eq!(is_about_address(status), counts, "{status:?}");
        }
    }
}

//! Whether a mail answers a confirmation mail of the desk's, and whether a mail that was held has been confirmed since.

use crate::model::desk::Policy;
use crate::model::facts::{Authenticity, Confirmation, OwnProof, Sender};
use crate::model::token::{Generations, KeyRing, Proven, TokenKind};
use crate::model::{Believed, Found, Hold, HoldKind, HoldNumber, HoldState, Message, Strength};

use super::thread::{is_ours, own_details, referred};
use super::{authenticity, from_field, sender};

/// The hidden tokens of confirmation mails that came with this mail, in the order of BEHAVIOUR section 2.
fn tokens<'a>(message: &'a Message, policy: &'a Policy) -> impl Iterator<Item = Proven> + 'a {
    let never = Generations::default(); // these are not about tickets
    let addresses = own_details(message, policy).into_iter();
    let details: Vec<Proven> = addresses.filter_map(|(_, d)| policy.keys.prove_address_detail(&d, &never)).collect();
    let ids = referred(message).filter_map(move |id| policy.keys.prove_message_id(id, &never));
    details.into_iter().chain(ids).filter(|proven| proven.kind == TokenKind::Confirm)
}

/// The hold that the mail names: proven by a hidden token, or only claimed by a code in the subject, which
/// [`confirmation`] checks once it is known for whom it was made.
pub fn named(message: &Message, policy: &Policy) -> Option<HoldNumber> {
    let in_subject = || {
        message.tokens.iter().find(|t| is_ours(&t.prefix, policy) && KeyRing::is_confirm_shaped(t)).map(|t| t.number)
    };
    tokens(message, policy).next().map(|proven| proven.ticket).or_else(in_subject)
}

/// Whose confirmation mails count, should this mail cause another one.
pub fn whose(message: &Message, policy: &Policy) -> Option<String> {
    let from = sender::from(message)?;
    Some(policy.agent_by_address(&from).map_or_else(|| from.to_string(), |agent| agent.name.clone()))
}

/// A mail that is not believed unless a signature still lifts it, and about which an agent may be asked: it names one
/// author, beyond doubt, and no agent.
pub fn may_be_asked_about(message: &Message, mailbox: &str, policy: &Policy) -> bool {
    let Ok(author) = from_field::author(message) else { return false };
    let unchecked = OwnProof::default();
    let judged = authenticity::judge(message, policy.mailbox(mailbox), &unchecked);
    judged.authenticity.believed == Believed::Failed && policy.agent_by_address(&author).is_none()
}

/// The hold that this mail answers with a token made for exactly this hold and its addressee.
pub fn confirmation(message: &Message, found: &Found, policy: &Policy) -> Option<Confirmation> {
    let hold = found.hold.as_ref()?;
    let who = hold.addressee();
    let hidden = tokens(message, policy).any(|p| p.ticket == hold.number && policy.keys.is_for(&p, &who));
    let subject = || message.tokens.iter().any(|t| policy.keys.proves_confirm(t, hold.number, &who));
    if !hidden && !subject() {
        return None;
    }
    Some(Confirmation { hold: hold.clone(), by_registered: by_registered(message, hold, policy) })
}

/// From is an address of the agent's, or exactly the address on file.
fn by_registered(message: &Message, hold: &Hold, policy: &Policy) -> bool {
    let Some(from) = sender::from(message) else { return false };
    match hold.kind {
        HoldKind::Agent | HoldKind::Mail | HoldKind::Crossed => {
            policy.agent_by_address(&from).is_some_and(|a| !a.disabled && a.name.eq_ignore_ascii_case(&hold.who))
        }
        HoldKind::Request | HoldKind::Address | HoldKind::Alternate => from.as_str().eq_ignore_ascii_case(&hold.who),
    }
}

/// The judgement on a mail that was held and confirmed since. An agent's own is as good as proven; what is provably forged
/// in an agent's name stays so, whoever says what. Another's that an agent let in counts as one of which nothing is known.
pub fn released(judged: &Authenticity, sender: &Sender, found: &Found) -> Option<Authenticity> {
    let hold = found.held.as_ref().filter(|h| h.state == HoldState::Released)?;
    match (hold.kind, sender) {
        (HoldKind::Agent | HoldKind::Crossed, Sender::Agent(name)) => confirmed(judged, name, hold),
        (HoldKind::Mail, Sender::Contact(_) | Sender::Stranger) if judged.believed == Believed::Failed => {
            let because = format!("{}; let in by {}", judged.because, hold.who);
            Some(Authenticity { believed: Believed::Unauthenticated, because, ..judged.clone() })
        }
        _ => None,
    }
}

fn confirmed(judged: &Authenticity, name: &str, hold: &Hold) -> Option<Authenticity> {
    if !name.eq_ignore_ascii_case(&hold.who) || judged.believed == Believed::Failed {
        return None;
    }
    let mut evidence = judged.evidence.clone();
    evidence.push(format!("confirmed: {name} answered the desk's question at the registered address"));
    let because = format!("{name} confirmed this mail from the registered address");
    Some(Authenticity { believed: Believed::Verified, strength: Some(Strength::Strong), because, evidence })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn no_word_of_anybody_releases_a_forged_mail_in_an_agents_name() {
        let now = Timestamp::UNIX_EPOCH;
        let judged = |believed| Authenticity { believed, strength: None, because: String::new(), evidence: Vec::new() };
        let believed = |kind, sender: &Sender, judged: &Authenticity| {
            let hold = Hold {
                number: 1,
                kind,
                who: "jana".to_owned(),
                ticket: None,
                digest: None,
                state: HoldState::Released,
                made_at: now,
                until: now,
                told: false,
            };
            let found = Found { held: Some(hold), ..Found::default() };
            released(judged, sender, &found).map(|authenticity| authenticity.believed)
        };
        let (agent, failed) = (Sender::Agent("jana".to_owned()), judged(Believed::Failed));
        for kind in [HoldKind::Agent, HoldKind::Crossed, HoldKind::Mail, HoldKind::Request, HoldKind::Address] {
            assert_eq!(believed(kind, &agent, &failed), None, "{kind}");
            assert_eq!(believed(kind, &Sender::Ourselves, &failed), None, "{kind}");
        }
        // The address became an agent's after the mail was put aside: then it is one in an agent's name.
        assert_eq!(believed(HoldKind::Mail, &Sender::Stranger, &failed), Some(Believed::Unauthenticated));
        assert_eq!(believed(HoldKind::Agent, &Sender::Stranger, &failed), None);
        let unproven = judged(Believed::Unauthenticated);
        assert_eq!(believed(HoldKind::Agent, &agent, &unproven), Some(Believed::Verified));
        assert_eq!(believed(HoldKind::Mail, &agent, &unproven), None);
    }
}

//! What it takes to carry out a mail in an agent's name, and which rule makes it so.

use crate::model::desk::AgentProof;
use crate::model::{Agent, HoldState};

use super::work::Case;

/// What is asked of an agent besides the signed identity.
struct Rule {
    /// Strong proof of From, or a confirmation.
    proof: bool,
    /// Why, as a sentence.
    because: String,
}

fn rule(case: &Case) -> Rule {
    let asks = |because: String| Rule { proof: true, because };
    let believes = &case.mailbox.believe;
    match case.policy.desk.agents {
        AgentProof::Token => {
            let because = "`agents = \"token\"`: the signed identity and From suffice".to_owned();
            Rule { proof: false, because }
        }
        AgentProof::Confirm => asks("`agents = \"confirm\"`: an agent's mail needs proof or a confirmation".to_owned()),
        AgentProof::Auto if !believes.is_empty() => asks(format!(
            "An agent's mail needs proof or a confirmation: mailbox {} believes what {} says",
            case.mailbox.name,
            believes.join(", ")
        )),
        AgentProof::Auto => match case.facts.found.learnt.strong_since {
            Some(since) => asks(format!(
                "An agent's mail needs proof or a confirmation: mail from this address has been proven since {}",
                since.to_zoned(case.policy.desk.timezone.clone()).date()
            )),
            None => Rule {
                proof: false,
                because: "The signed identity and From suffice: no mail from this address was ever proven, and the \
                          mailbox believes no server"
                    .to_owned(),
            },
        },
    }
}

/// The rule by which this mail was, or was not, believed to be the agent's.
pub fn because(case: &Case) -> String {
    rule(case).because
}

/// What this mail lacks to be carried out as the agent's; None where it lacks nothing.
pub fn lacks(case: &Case, agent: &Agent) -> Option<String> {
    if case.facts.confirmed {
        return None;
    }
    if case.facts.found.held.as_ref().is_some_and(|hold| hold.state == HoldState::Denied) {
        return Some(format!("{} said that this mail is not genuine", agent.name));
    }
    // Of what answers a mail about no ticket nothing follows but for the agent himself.
    let about_a_ticket = case.facts.thread.ticket.is_some();
    if !(if about_a_ticket { case.facts.agent_token } else { case.facts.desk_token }) {
        return Some("It carries no reply identity that this desk signed for its agent".to_owned());
    }
    if rule(case).proof && !case.is_strong() {
        return Some(case.facts.authenticity.because.clone());
    }
    if rule(case).proof && about_a_ticket && !case.is_thread_his() {
        return Some("What names the ticket is not covered by the proof: anybody may have added it".to_owned());
    }
    if rule(case).proof && !case.is_to_us() {
        return Some(
            "It was not written to the desk, as far as the proof goes: anybody may have sent it on".to_owned(),
        );
    }
    let from = case.author()?;
    let asks = case.policy.desk.agents != AgentProof::Token;
    let is_alternate = from != *agent.address() && case.facts.found.learnt.answered_at.is_none();
    (asks && is_alternate)
        .then(|| format!("{from} is not the first of {}'s addresses, and is not proven to be one", agent.name))
}

/// Whether the agent is asked, at the registered address, about a mail that lacks something.
pub fn may_be_confirmed(case: &Case) -> bool {
    // Something that only the desk's key can make names the ticket: else everybody could have agents asked.
    case.policy.desk.agents != AgentProof::Token && case.facts.thread.by.is_proof()
}

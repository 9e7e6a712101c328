//! Whether From is believed: the structure of the mail, what the operator's own servers say, and what the desk's own
//! check of the signatures came to, judged by one table.

use crate::model::Message;
use crate::model::desk::Mailbox;
use crate::model::facts::{Authenticity, Believed, Covered, OwnProof, ProofOutcome, Strength};

use super::covered::{self, Proof};
use super::from_field;
use super::verdicts::{self, Dmarc, Verdicts};

/// The judgement on From, and what of the mail it covers besides.
pub struct Judgement<'m> {
    pub authenticity: Authenticity,
    pub proof: Proof<'m>,
}

const NOT_WHOLE: &str = "the header block is too large to be read whole";

/// The table of `docs/trust.md`.
pub fn judge<'m>(message: &'m Message, mailbox: Option<&Mailbox>, proof: &'m OwnProof) -> Judgement<'m> {
    let author = match from_field::author(message) {
        Ok(author) => author,
        Err(because) => {
            let evidence = vec![format!("structure: {because}")];
            let authenticity = Authenticity { believed: Believed::Failed, strength: None, because, evidence };
            return Judgement { authenticity, proof: Proof::default() };
        }
    };
    let domain = author.domain();
    let verdicts = verdicts::collect(message, mailbox, domain);
    let own = Own::of(proof, domain);
    let (believed, strength, because) = match table(domain, &verdicts, own) {
        (Believed::Verified | Believed::Unauthenticated, ..) if !from_field::is_read_whole(message) => {
            let because = format!("Nothing proves {domain}: {NOT_WHOLE}");
            (Believed::Unauthenticated, None, because)
        }
        judged => judged,
    };
    let covers = match believed {
        Believed::Verified => covered::covered(message, domain, &verdicts, proof),
        Believed::Unauthenticated | Believed::Failed => Proof::default(),
    };
    let mut evidence = vec![format!("structure: one From field with one address, {author}")];
    evidence.extend(verdicts.evidence);
    // What was not checked says why in its own words.
    let checked = proof.outcome != ProofOutcome::NotChecked || proof.evidence.is_empty();
    evidence.extend(checked.then(|| match &proof.outcome {
        ProofOutcome::NotChecked => "own check: not made".to_owned(),
        ProofOutcome::Nothing { policy_unmet: false } => format!("own check: no signature proves {domain}"),
        ProofOutcome::Nothing { policy_unmet: true } => {
            format!("own check: no signature proves {domain}, and its DMARC policy asks for one")
        }
        ProofOutcome::Aligned { domain } => format!("own check: a signature proves {domain}"),
        ProofOutcome::TempError => "own check: the DNS did not answer, to be checked again".to_owned(),
    }));
    evidence.extend(proof.evidence.iter().cloned());
    evidence.extend(open_to_change(message, covers.covered, believed));
    Judgement { authenticity: Authenticity { believed, strength, because, evidence }, proof: covers }
}

/// An agent's name gives rights even without proof of From, to whoever has one of the desk's mails to him; but not on a mail
/// in which another reader may see another author.
pub fn in_an_agents_name(message: &Message, judged: Authenticity) -> Authenticity {
    match from_field::is_read_whole(message) {
        true => judged,
        false => Authenticity { believed: Believed::Failed, strength: None, ..judged },
    }
}

/// Which of the fields from which rights follow are there and not covered.
fn open_to_change(message: &Message, covered: Covered, believed: Believed) -> Option<String> {
    let there = &message.structure.instances;
    let fields = [
        ("To", there.to, covered.to),
        ("Cc", there.cc, covered.cc),
        ("Subject", there.subject, covered.subject),
        ("In-Reply-To", there.in_reply_to, covered.in_reply_to),
        ("References", there.references, covered.references),
    ];
    let open: Vec<&str> = fields.iter().filter(|(_, n, covered)| *n > 0 && !covered).map(|(name, ..)| *name).collect();
    (believed == Believed::Verified && !open.is_empty())
        .then(|| format!("the proof does not cover {}: anybody on the way may have written that", open.join(", ")))
}

/// The own check's outcome, as far as it is about this From domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Aligned,
    Nothing { policy_unmet: bool },
    TempError,
}

impl Own {
    fn of(proof: &OwnProof, from: &str) -> Own {
        match &proof.outcome {
            ProofOutcome::Aligned { domain } if domain.eq_ignore_ascii_case(from) => Own::Aligned,
            ProofOutcome::Aligned { .. } | ProofOutcome::NotChecked => Own::Nothing { policy_unmet: false },
            ProofOutcome::Nothing { policy_unmet } => Own::Nothing { policy_unmet: *policy_unmet },
            ProofOutcome::TempError => Own::TempError,
        }
    }
}

/// The state table, for a mail whose structure holds.
fn table(domain: &str, said: &Verdicts, own: Own) -> (Believed, Option<Strength>, String) {
    let strong = |because| (Believed::Verified, Some(Strength::Strong), because);
    let weak = |because| (Believed::Verified, Some(Strength::Weak), because);
    let not = |because| (Believed::Unauthenticated, None, because);
    let failed = |because| (Believed::Failed, None, because);

    if let Some(other) = &said.other_from {
        return failed(format!("Our server judged a mail from {other}, but From reads {domain} here"));
    }
    match (said.dmarc, own) {
        (Dmarc::Fail, Own::Aligned) => not(format!(
            "Our server says that DMARC failed for {domain}, but a signature of it holds: the two contradict each other"
        )),
        (Dmarc::Fail, _) => failed(format!("Our server says that DMARC failed for {domain}")),
        (Dmarc::Pass, Own::Aligned) => strong(format!("DMARC passed for {domain}, and a signature of it holds")),
        (Dmarc::Pass, _) if said.dkim_related => strong(format!("DMARC passed for {domain} by a DKIM signature")),
        (Dmarc::Pass, _) => weak(format!("DMARC passed for {domain}, without a DKIM signature of it")),
        (_, Own::Aligned) => strong(format!("A DKIM signature that covers From proves {domain}")),
        (Dmarc::Nothing, _) if said.dkim => strong(format!("Our server says that a DKIM signature of {domain} holds")),
        (Dmarc::Nothing, _) if said.spf => {
            weak(format!("Our server says that SPF passed for {domain}; nothing stronger is there"))
        }
        (_, Own::TempError) => {
            not(format!("Nothing proves {domain} yet: the DNS did not answer, it is to be checked again"))
        }
        (Dmarc::Error, _) => not(format!("Our server could not finish the DMARC check of {domain}")),
        (Dmarc::Nothing, Own::Nothing { policy_unmet: true }) => {
            not(format!("Nothing proves {domain}, though its DMARC policy asks for proof"))
        }
        (Dmarc::Nothing, Own::Nothing { policy_unmet: false }) if said.void => {
            not(format!("Nothing proves {domain}: an Authentication-Results field of our servers cannot be read"))
        }
        (Dmarc::Nothing, Own::Nothing { policy_unmet: false }) => not(format!("Nothing proves {domain}")),
    }
}

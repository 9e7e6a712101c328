//! What of a proven mail is the author's: a signature covers the fields that it names, and whoever had the mail in his hands
//! may have written the others. A mail that our own server took from the author's servers is theirs whole.

use crate::model::facts::{Covered, OwnProof, ProofOutcome};
use crate::model::message::{Message, Signature};

use super::verdicts::{Pass, Verdicts, related};

/// What the proof of From covers besides From, and the signatures by which it does.
#[derive(Debug, Default)]
pub struct Proof<'m> {
    pub covered: Covered,
    pub by: Vec<&'m Signature>,
}

/// Of a mail whose From is proven.
pub fn covered<'m>(message: &'m Message, domain: &str, said: &Verdicts, own: &'m OwnProof) -> Proof<'m> {
    let aligned = matches!(&own.outcome, ProofOutcome::Aligned { domain: d } if d.eq_ignore_ascii_case(domain));
    let mut by: Vec<&Signature> = own.by.iter().filter(|_| aligned).collect();
    let mut covered = by.iter().fold(Covered::default(), |all, signature| all.or(of(&[signature], message)));
    for pass in &said.passes {
        let meant = meant(message, pass, domain);
        covered = covered.or(of(&meant, message));
        by.extend(meant);
    }
    // No server but the author's may send so, and ours was there when it came: nobody stood between.
    let came_directly = said.spf;
    // Our server vouches for a signature and took it off: what it covered only the server knows.
    let unseen = !message.signatures.iter().any(|s| related(&s.domain, domain)) && !aligned;
    if came_directly || unseen {
        covered = Covered::ALL;
    }
    Proof { covered, by }
}

/// The signatures of which a verdict may speak. It names one by domain, selector and beginning, or by less.
pub fn meant<'m>(message: &'m Message, pass: &Pass, domain: &str) -> Vec<&'m Signature> {
    let names = |said: &Option<String>, is: &str| said.as_ref().is_none_or(|said| said.eq_ignore_ascii_case(is));
    let begins = |said: &Option<String>, is: &str| said.as_ref().is_none_or(|said| is.starts_with(said.as_str()));
    let fits = |s: &&Signature| {
        related(&s.domain, domain)
            && names(&pass.domain, &s.domain)
            && (pass.domain.is_some() || names(&pass.identity, &s.identity))
            && names(&pass.selector, &s.selector)
            && begins(&pass.beginning, &s.written)
    };
    message.signatures.iter().filter(fits).collect()
}

/// What all of these cover: which of them is meant is not known.
fn of(signatures: &[&Signature], message: &Message) -> Covered {
    let all = |name: &str, instances: u32| {
        !signatures.is_empty() && signatures.iter().all(|s| !s.is_partial && s.covers_all(name, instances))
    };
    let count = &message.structure.instances;
    Covered {
        to: all("to", count.to),
        cc: all("cc", count.cc),
        subject: all("subject", count.subject),
        in_reply_to: all("in-reply-to", count.in_reply_to),
        references: all("references", count.references),
        envelope: false,
    }
}

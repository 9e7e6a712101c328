//! Floor 3: proof of the sender by DKIM and DMARC over DNS: evidence only, judged in facts.
//!
//! A mail is checked once, when it is taken in: keys are rotated away and signatures expire, so a later check would
//! find less. The check never fails and never takes longer than [`TIME_BUDGET`]; it can prove a sender and cannot
//! condemn one, since honest mail loses its signatures on lists and gateways every day.

mod resolver;
mod signatures;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use mail_auth::dkim::Signature;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, Parameters, SpfOutput,
};

use crate::model::AddrSpec;
use crate::model::facts::{OwnProof, ProofOutcome};
use crate::model::text::clean_line;

use resolver::LookUps;
use tokio::time::Instant;

/// Longest that one mail's check takes.
pub const TIME_BUDGET: Duration = Duration::from_secs(3);
/// Most DNS look-ups for one mail.
pub const LOOK_UP_BUDGET: u32 = 12;
/// Largest header block that is checked, in bytes, and most fields in it: what honest mail stays far below.
const HEADER_MAX: usize = 256 * 1024;
const FIELDS_MAX: usize = 1000;

/// Where keys and policies are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolvers {
    /// The system's (`/etc/resolv.conf`).
    System,
    Servers(Vec<SocketAddr>),
    /// No DNS: nothing is checked.
    Off,
}

#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    #[error("The resolvers cannot be used ({0}); name some in [dns] servers, or say `off = true` there")]
    Resolvers(String),
}

/// Checks mails. To be made once: answers of the DNS are kept for a while and shared.
#[derive(Clone)]
pub struct Authenticator {
    dns: Option<MessageAuthenticator>,
    silence: Arc<Mutex<Silence>>,
}

/// A DNS that does not answer is left alone for a while: a desk with a dead resolver would otherwise take in every mail
/// [`TIME_BUDGET`] late.
#[derive(Default)]
struct Silence {
    in_a_row: u32,
    until: Option<Instant>,
}

/// Checks in a row without an answer, after which none is made for [`SILENCE_REST`].
const SILENCE_MAX: u32 = 3;
const SILENCE_REST: Duration = Duration::from_secs(60);

impl Silence {
    fn holds(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    fn note(&mut self, answered: bool) {
        self.in_a_row = if answered { 0 } else { self.in_a_row.saturating_add(1) };
        self.until = (self.in_a_row >= SILENCE_MAX).then(|| Instant::now() + SILENCE_REST);
    }
}

impl Authenticator {
    pub fn new(resolvers: &Resolvers) -> Result<Self, AuthenticateError> {
        Ok(Authenticator { dns: resolver::resolver(resolvers)?, silence: Arc::default() })
    }

    /// Checks nothing.
    pub fn off() -> Self {
        Authenticator { dns: None, silence: Arc::default() }
    }

    /// What the DNS proves about a mail. `author` is From's one address ([`crate::model::AddrSpec`], as facts finds it);
    /// without one there is nobody to prove. To be called within a tokio runtime with time and network.
    pub async fn check(&self, raw: &[u8], author: Option<&AddrSpec>) -> OwnProof {
        let Some(dns) = &self.dns else { return not_checked("no DNS is configured") };
        let Some(author) = author else { return not_checked("the mail has no single author") };
        if self.silence().holds() {
            return unanswered("the DNS did not answer a moment ago");
        }
        let check = AssertUnwindSafe(prove(dns, raw, author)).catch_unwind();
        let checked = tokio::time::timeout(TIME_BUDGET, check).await;
        self.silence().note(checked.is_ok());
        match checked {
            Ok(Ok(proof)) => proof,
            Ok(Err(_)) => not_checked("the check broke on this mail"),
            Err(_) => unanswered(&format!("the DNS took longer than {} s", TIME_BUDGET.as_secs())),
        }
    }

    fn silence(&self) -> MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unanswered(because: &str) -> OwnProof {
    let evidence = vec![format!("own check: {because}")];
    OwnProof { outcome: ProofOutcome::TempError, evidence, ..OwnProof::default() }
}

fn not_checked(because: &str) -> OwnProof {
    OwnProof { evidence: vec![format!("own check: not made, {because}")], ..OwnProof::default() }
}

async fn prove(dns: &MessageAuthenticator, raw: &[u8], author: &AddrSpec) -> OwnProof {
    let raw = with_crlf(raw);
    if !is_bounded(&raw) {
        return not_checked("the header block is too large");
    }
    let Some(mut message) = AuthenticatedMessage::parse_with_opts(&raw, None, true) else {
        return not_checked("the header block cannot be read");
    };
    if message.from.as_slice() != [author.as_str()] {
        return not_checked("the signature library reads another From");
    }
    let mut evidence = Vec::new();
    signatures::choose(&mut message, author.domain(), &mut evidence);
    let look_ups = LookUps::new(LOOK_UP_BUDGET);
    let verdicts =
        dns.verify_dkim(Parameters::new(&message).with_txt_cache(&look_ups).with_ipv4_cache(&look_ups)).await;
    evidence.extend(verdicts.iter().filter_map(told));
    let (outcome, by) = judge(dns, &message, &verdicts, author.domain(), &look_ups, &mut evidence).await;
    OwnProof { outcome, by: by.into_iter().map(signatures::as_model).collect(), evidence }
}

/// The signature of exactly the From domain needs no policy to be aligned; for another one of the same organisation
/// DMARC says whether it is (RFC 9989 section 4.4). Returns with the outcome the signatures of which each proves alone.
async fn judge<'v>(
    dns: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    verdicts: &'v [DkimOutput<'_>],
    domain: &str,
    look_ups: &LookUps,
    evidence: &mut Vec<String>,
) -> (ProofOutcome, Vec<&'v Signature>) {
    let aligned = || ProofOutcome::Aligned { domain: domain.to_owned() };
    let holds = |v: &&DkimOutput<'_>| *v.result() == DkimResult::Pass;
    let of = |v: &&DkimOutput<'_>| v.signature().is_some_and(|s| s.d.eq_ignore_ascii_case(domain));
    let own: Vec<_> = verdicts.iter().filter(holds).filter(of).filter_map(DkimOutput::signature).collect();
    if !own.is_empty() {
        return (aligned(), own);
    }
    let spf = SpfOutput::new(String::new()); // not known any more: the connection is long gone
    let dmarc = async |verdicts: &[DkimOutput<'_>]| {
        let parameters = Parameters::new(DmarcParameters::new(message, verdicts, "", &spf));
        dns.verify_dmarc(parameters.with_txt_cache(look_ups).with_ipv4_cache(look_ups)).await
    };
    let mut by = Vec::new();
    // One at a time: what another organisation's signature covers is nothing to this one's.
    for one in verdicts.iter().filter(holds) {
        if *dmarc(std::slice::from_ref(one)).await.dkim_result() == DmarcResult::Pass {
            by.extend(one.signature());
        }
    }
    if !by.is_empty() {
        evidence.push(format!("own check: DMARC aligns the signature with {domain}"));
        return (aligned(), by);
    }
    let dmarc = dmarc(verdicts).await;
    if look_ups.exhausted() {
        evidence.push(format!("own check: given up after {LOOK_UP_BUDGET} look-ups"));
        return (ProofOutcome::Nothing { policy_unmet: false }, by);
    }
    let unanswered = verdicts.iter().any(|v| matches!(v.result(), DkimResult::TempError(_)));
    let without_policy = matches!(dmarc.dkim_result(), DmarcResult::TempError(_));
    // Without a signature that could hold, the policy's absence changes nothing and is not worth another try.
    if unanswered || (without_policy && verdicts.iter().any(|v| holds(&v))) {
        return (ProofOutcome::TempError, by);
    }
    let policy_unmet = dmarc.dmarc_record().is_some() && matches!(dmarc.policy(), Policy::Reject | Policy::Quarantine);
    if dmarc.dmarc_record().is_some() {
        evidence.push(format!("own check: the DMARC policy of {domain} is {}", dmarc.policy()));
    }
    (ProofOutcome::Nothing { policy_unmet }, by)
}

/// One line about one signature.
fn told(verdict: &DkimOutput<'_>) -> Option<String> {
    let signature = verdict.signature()?;
    let result = match verdict.result() {
        DkimResult::Pass => "holds".to_owned(),
        DkimResult::None => return None,
        DkimResult::TempError(_) => "not known, the DNS did not answer".to_owned(),
        DkimResult::Neutral(why) | DkimResult::Fail(why) | DkimResult::PermError(why) => {
            format!("does not hold ({})", clean_line(&why.to_string(), 100))
        }
    };
    Some(format!("own check: the signature of {} {result}", signatures::name(signature)))
}

/// A Maildir keeps mails with bare LF, but they were signed with CR LF (RFC 6376 section 5.3). A mail that has any CR is
/// left as it is.
fn with_crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    for line in raw.split_inclusive(|b| *b == b'\n') {
        match line.split_last() {
            Some((b'\n', text)) => {
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    Cow::Owned(out)
}

/// The verifier goes through all fields for each one that is signed: more than this would be work for an attacker's
/// sake.
fn is_bounded(raw: &[u8]) -> bool {
    let head = raw.get(..HEADER_MAX).unwrap_or(raw);
    let end = memchr::memmem::find(head, b"\r\n\r\n");
    let block = match end {
        Some(end) => head.get(..end).unwrap_or(head),
        None if raw.len() > HEADER_MAX => return false,
        None => head,
    };
    block.split(|b| *b == b'\n').filter(|line| !line.starts_with(b" ") && !line.starts_with(b"\t")).count()
        <= FIELDS_MAX
}

//! What the operator's own servers say of a mail: the believed Authentication-Results fields inside the trust boundary,
//! brought down to a verdict a method about the From domain. Of two that disagree the worse counts.

use crate::model::desk::Mailbox;
use crate::model::message::{AuthResults, MethodResult};
use crate::model::{Message, address, idna};

use super::covered;

/// Stands in `believe` for the server that writes no identifier: the topmost field without one is Exchange Online's. A
/// field that bears this very word as its identifier is nobody's.
pub const ANCHOR_EXCHANGE_ONLINE: &str = "exchange-online";

/// Follows an authserv-id in `believe` whose server writes its field directly below its own Received line instead of
/// above it, as Gmail and rspamd do: there the first field counts, and only that one.
pub const BELOW: &str = "+below";

/// The worse, the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dmarc {
    /// `dmarc=pass` for exactly the From domain.
    Pass,
    /// No verdict: not said, `none`, or said of no domain.
    #[default]
    Nothing,
    /// `temperror`, `permerror`, or a word that RFC 8601 does not know.
    Error,
    Fail,
}

/// What the trusted fields say about the From domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    pub dmarc: Dmarc,
    /// A DKIM signature of exactly the From domain holds.
    pub dkim: bool,
    /// A DKIM signature of the From domain, one above it or one below it holds: what DMARC may have stood on.
    pub dkim_related: bool,
    /// SPF passed for exactly the From domain.
    pub spf: bool,
    /// The signatures that hold, of the From domain, one above it or one below it.
    pub passes: Vec<Pass>,
    /// The server saw another From domain than this desk does.
    pub other_from: Option<String>,
    /// Fields whose say cannot be relied on stand inside the boundary: nothing is proven by any.
    pub void: bool,
    pub evidence: Vec<String>,
}

/// A DKIM signature of which our server says that it holds, as far as it says which (RFC 8601 section 2.7.1, RFC 6008).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    pub domain: Option<String>,
    /// The domain of `header.i`.
    pub identity: Option<String>,
    pub selector: Option<String>,
    /// `header.b`: how the signature begins.
    pub beginning: Option<String>,
}

/// Most lines of evidence about Authentication-Results.
const MAX_EVIDENCE: usize = 20;

/// Collects the verdicts on `domain` (lower case, A-labels) from the fields that this mailbox believes.
pub fn collect(message: &Message, mailbox: Option<&Mailbox>, domain: &str) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let fields = trusted(message, mailbox, &mut verdicts);
    let said: Vec<(usize, &MethodResult)> =
        fields.iter().enumerate().flat_map(|(at, field)| field.results.iter().map(move |r| (at, r))).collect();
    dmarc(&said, domain, &mut verdicts);
    dkim(&said, message, domain, &mut verdicts);
    spf(&said, domain, &mut verdicts);
    if verdicts.void {
        (verdicts.dkim, verdicts.dkim_related, verdicts.spf) = (false, false, false);
        verdicts.passes.clear();
        if verdicts.dmarc == Dmarc::Pass {
            verdicts.dmarc = Dmarc::Nothing;
        }
    }
    verdicts
}

/// The fields that count, and a line of evidence for each field.
fn trusted<'m>(message: &'m Message, mailbox: Option<&Mailbox>, verdicts: &mut Verdicts) -> Vec<&'m AuthResults> {
    let (believe, hops) = mailbox.map_or((&[][..], 0), |m| (m.believe.as_slice(), m.hops));
    let boundary = hops > 0 && message.structure.received >= hops;
    let is_below = believe.iter().any(|b| b.ends_with(BELOW));
    let anchored = believe.iter().any(|b| b.eq_ignore_ascii_case(ANCHOR_EXCHANGE_ONLINE));
    let (mut anchor_taken, mut below_taken) = (false, false);
    let mut out = Vec::new();
    for field in &message.auth_results {
        let id = field.parsed.as_ref().ok().and_then(|read| read.id.as_deref());
        let name = id.unwrap_or("no identifier");
        let below = field.received_above == hops && !std::mem::replace(&mut below_taken, true);
        let line = if believe.is_empty() {
            format!("Authentication-Results of {name} not counted: this mailbox believes none")
        } else if !boundary {
            let lines = message.structure.received;
            format!("Authentication-Results of {name} not counted: {lines} Received lines, our servers add {hops}")
        } else if field.received_above >= hops && !(below && is_below) {
            format!("Authentication-Results of {name} not counted: below the {hops} Received lines of our servers")
        } else {
            match &field.parsed {
                Err(because) => {
                    verdicts.void = true;
                    format!("Authentication-Results void: {because}")
                }
                Ok(read) => {
                    let believed = match &read.id {
                        Some(id) => names(believe, id, below),
                        None => anchored && !below && !std::mem::replace(&mut anchor_taken, true),
                    };
                    if believed {
                        out.push(read);
                        format!("Authentication-Results of {name}: {}", summary(read))
                    } else {
                        format!("Authentication-Results of {name} not counted: not believed")
                    }
                }
            }
        };
        note(verdicts, line);
    }
    out
}

/// Whether `believe` names this server, for where its field stands.
fn names(believe: &[String], id: &str, below: bool) -> bool {
    id != ANCHOR_EXCHANGE_ONLINE
        && believe.iter().any(|named| match named.strip_suffix(BELOW) {
            Some(named) => below && named.eq_ignore_ascii_case(id),
            None => !below && named.eq_ignore_ascii_case(id),
        })
}

fn note(verdicts: &mut Verdicts, line: String) {
    if verdicts.evidence.len() < MAX_EVIDENCE {
        verdicts.evidence.push(line);
    }
}

/// The results as evidence, without what decides nothing.
fn summary(read: &AuthResults) -> String {
    if read.results.is_empty() {
        return "none".to_owned();
    }
    let word = |r: &MethodResult| {
        let mut out = format!("{}={}", r.method, r.result);
        for p in r.properties.iter().filter(|p| matches!(p.name.as_str(), "from" | "d" | "i" | "mailfrom")) {
            out.push_str(&format!(" {}.{}={}", p.ptype, p.name, p.value));
        }
        out
    };
    let all: Vec<String> = read.results.iter().map(word).collect();
    crate::model::text::clean_line(&all.join("; "), 400)
}

/// The values of one property, as written.
fn values<'r>(result: &'r MethodResult, ptype: &str, name: &str) -> impl Iterator<Item = &'r str> {
    result.properties.iter().filter(move |p| p.ptype == ptype && p.name == name).map(|p| p.value.as_str())
}

/// The domain in a value `domain`, `@domain` or `local@domain`.
fn domain_of(value: &str) -> Option<String> {
    let domain = value.rsplit_once('@').map_or(value, |(_, domain)| domain);
    let domain = idna::to_ascii(domain);
    (value.matches('@').count() <= 1 && address::is_domain(&domain)).then_some(domain)
}

/// One domain that all values of a property name; None where there is none, or two, or one that is no domain.
fn one_domain(result: &MethodResult, ptype: &str, name: &str) -> Option<String> {
    let mut domains = values(result, ptype, name).map(domain_of);
    let first = domains.next()??;
    domains.all(|d| d.as_deref() == Some(first.as_str())).then_some(first)
}

/// The same domain, or one of the two is above the other.
pub fn related(a: &str, b: &str) -> bool {
    let below = |low: &str, high: &str| low.strip_suffix(high).is_some_and(|rest| rest.ends_with('.'));
    a == b || below(a, b) || below(b, a)
}

fn dmarc(said: &[(usize, &MethodResult)], domain: &str, verdicts: &mut Verdicts) {
    let mut worst: Option<Dmarc> = None;
    for (_, result) in said.iter().filter(|(_, r)| r.method == "dmarc") {
        let from = one_domain(result, "header", "from");
        if let Some(from) = from.as_ref().filter(|from| !related(from, domain)) {
            verdicts.other_from = Some(from.clone());
        }
        let verdict = match result.result.as_str() {
            "pass" if from.as_deref() == Some(domain) => Dmarc::Pass,
            // A pass for another domain, or for none, says nothing of this one.
            "pass" | "none" | "bestguesspass" => Dmarc::Nothing,
            "fail" | "hardfail" => Dmarc::Fail,
            _ => Dmarc::Error,
        };
        worst = worst.max(Some(verdict));
    }
    verdicts.dmarc = worst.unwrap_or_default();
}

/// Whose signature a result is about: `header.d`, else the domain of `header.i`, which must lie within it.
fn signer(result: &MethodResult) -> Option<String> {
    let i = one_domain(result, "header", "i");
    if values(result, "header", "d").next().is_none() {
        return i;
    }
    let d = one_domain(result, "header", "d")?;
    let has_i = values(result, "header", "i").next().is_some();
    let within = i.as_deref().is_some_and(|i| i == d || i.strip_suffix(&d).is_some_and(|rest| rest.ends_with('.')));
    (!has_i || within).then_some(d)
}

fn dkim(said: &[(usize, &MethodResult)], message: &Message, domain: &str, verdicts: &mut Verdicts) {
    let results: Vec<(usize, &MethodResult, Option<String>)> =
        said.iter().filter(|(_, r)| r.method == "dkim").map(|(at, r)| (*at, *r, signer(r))).collect();
    for (at, result, signer) in &results {
        let Some(signer) = signer.as_deref().filter(|_| result.result == "pass") else { continue };
        // One server may report two signatures of one domain that differ in their selector; anything else that says
        // other than "pass" of the same domain, or of none, contradicts.
        let contradicted = results.iter().any(|(other_at, other, other_signer)| {
            let selectors = (one(result, "s"), one(other, "s"));
            let another_signature =
                at == other_at && selectors.0.is_some() && selectors.1.is_some() && selectors.0 != selectors.1;
            other.result != "pass" && other_signer.as_deref().is_none_or(|other| other == signer) && !another_signature
        });
        if contradicted {
            note(verdicts, format!("The verdicts on {signer}'s DKIM signature disagree: the worse one counts"));
            continue;
        }
        if !related(signer, domain) {
            continue;
        }
        let pass = Pass {
            domain: one_domain(result, "header", "d"),
            identity: one_domain(result, "header", "i"),
            selector: one(result, "s").map(str::to_owned),
            beginning: one(result, "b").map(|b| b.split_whitespace().collect()),
        };
        if covered::meant(message, &pass, domain).iter().any(|signature| signature.is_partial) {
            note(
                verdicts,
                format!("{signer}'s DKIM signature may cover a part of the text only (l=): it proves nothing"),
            );
            continue;
        }
        verdicts.dkim |= signer == domain;
        verdicts.dkim_related = true;
        verdicts.passes.push(pass);
    }
}

fn one<'r>(result: &'r MethodResult, name: &str) -> Option<&'r str> {
    values(result, "header", name).next()
}

fn spf(said: &[(usize, &MethodResult)], domain: &str, verdicts: &mut Verdicts) {
    let mut passed = false;
    let mut contradicted = false;
    for (_, result) in said.iter().filter(|(_, r)| r.method == "spf") {
        let has_mailfrom = values(result, "smtp", "mailfrom").next().is_some();
        let of_helo = !has_mailfrom && values(result, "smtp", "helo").next().is_some();
        if of_helo {
            continue; // the greeting's name is nobody's address
        }
        match result.result.as_str() {
            "pass" => passed |= one_domain(result, "smtp", "mailfrom").as_deref() == Some(domain),
            _ => contradicted = true,
        }
    }
    verdicts.spf = passed && !contradicted;
}

//! Which of a mail's DKIM signatures are worth verifying: only those that could prove From.

use mail_auth::common::crypto::Algorithm;
use mail_auth::common::headers::Header;
use mail_auth::dkim::Signature;
use mail_auth::{AuthenticatedMessage, Error};

use crate::model::address::is_domain;
use crate::model::message;
use crate::model::text::clean_line;

/// Most signatures that are verified.
const MAX_SIGNATURES: usize = 5;
/// Most field names that one signature may cover.
const MAX_SIGNED_FIELDS: usize = 200;
/// Most lines about signatures that were passed over.
const MAX_PASSED_OVER: usize = 10;

/// Leaves the signatures that could prove `domain`, those of exactly that domain first, and says why the others went.
pub fn choose(message: &mut AuthenticatedMessage<'_>, domain: &str, evidence: &mut Vec<String>) {
    let mut passed_over: Vec<String> = Vec::new();
    for header in &message.errors {
        if let Error::Dkim(why) = &header.header {
            passed_over.push(format!("own check: a signature is passed over: {why}"));
        }
    }
    message.errors.clear();
    let mut chosen: Vec<Header<'_, Signature>> = Vec::new();
    for header in std::mem::take(&mut message.dkim_headers) {
        match unfit(&header.header, domain) {
            None => chosen.push(header),
            Some(why) => {
                let name = name(&header.header);
                passed_over.push(format!("own check: the signature of {name} is passed over: {why}"));
            }
        }
    }
    chosen.sort_by_key(|header| !header.header.d.eq_ignore_ascii_case(domain)); // stable: the mail's order within
    if chosen.len() > MAX_SIGNATURES {
        passed_over.push(format!("own check: {} more signatures are passed over", chosen.len() - MAX_SIGNATURES));
        chosen.truncate(MAX_SIGNATURES);
    }
    for header in &mut chosen {
        header.header.r = false; // no report is ever sent, so where to is not looked up
    }
    message.dkim_headers = chosen;
    passed_over.truncate(MAX_PASSED_OVER);
    evidence.extend(passed_over);
}

/// Why a signature cannot prove From.
fn unfit(signature: &Signature, domain: &str) -> Option<&'static str> {
    if signature.a == Algorithm::RsaSha1 {
        return Some("rsa-sha1 is no proof (RFC 8301)");
    }
    // RFC 6376 section 5.4 and 6.1.1; the library does not look.
    if !signature.h.iter().any(|name| name.trim().eq_ignore_ascii_case("from")) {
        return Some("it does not cover From");
    }
    if signature.l != 0 {
        return Some("it covers a part of the text only (l=)");
    }
    if signature.h.len() > MAX_SIGNED_FIELDS {
        return Some("it covers too many fields");
    }
    if signature.atps.is_some() {
        return Some("it speaks for a third party");
    }
    if !is_domain(&signature.d) || signature.s.is_empty() {
        return Some("its domain or selector cannot be looked up");
    }
    if !may_align(&signature.d, domain) {
        return Some("it is another organisation's");
    }
    None
}

/// Two domains that share less than their last two labels are never of one organisation: look-ups for them would only
/// serve whoever wrote the signature.
fn may_align(signer: &str, domain: &str) -> bool {
    let shared = signer.rsplit('.').zip(domain.rsplit('.')).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    shared >= 2
}

/// What facts asks of a signature.
pub fn as_model(signature: &Signature) -> message::Signature {
    let domain = signature.d.to_ascii_lowercase();
    message::Signature {
        identity: signature.i.rsplit_once('@').map_or_else(|| domain.clone(), |(_, i)| i.to_ascii_lowercase()),
        domain,
        selector: signature.s.to_ascii_lowercase(),
        covers: signature.h.iter().map(|name| name.trim().to_ascii_lowercase()).collect(),
        is_partial: signature.l != 0,
        written: String::new(),
        mark: message::Signature::mark_of(&signature.b),
    }
}

/// Domain and selector, fit for one line.
pub fn name(signature: &Signature) -> String {
    format!("{} (selector {})", clean_line(&signature.d, 100), clean_line(&signature.s, 64))
}

//! Addresses: as they were written (RFC 5322 section 3.4) and as the desk is willing to use them (RFC 5321 section 4.1.2).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::idna;

/// A mailbox as a header field gave it: decoded, but not judged. `email` may be malformed; see [`AddrSpec::parse`].
/// The shape and the names are those of EmailAddress in RFC 8621 section 4.1.2.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<String>,
    pub email: String,
}

impl Address {
    pub fn new(name: Option<&str>, email: &str) -> Self {
        Address { name: name.filter(|n| !n.trim().is_empty()).map(str::to_owned), email: email.to_owned() }
    }

    /// The strict form, where the address has one.
    pub fn spec(&self) -> Option<AddrSpec> {
        AddrSpec::read(&self.email).ok()
    }

    /// What to call this person: the name, else the address.
    pub fn display(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.email),
            None => f.write_str(&self.email),
        }
    }
}

/// An address that the desk may compare, look up and write to: `local@domain` in lower case, where the local part is an
/// RFC 5322 dot-atom of at most 64 octets and the domain is at least two LDH labels (RFC 1123 section 2.1), at most 255
/// octets in all. Quoted local parts, address literals, routes, comments and anything beyond ASCII are refused: they
/// are how one parser is made to see another sender than the next one does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddrSpec(String);

/// Why a text is not an [`AddrSpec`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddrSpecError {
    #[error("Not exactly one \"@\"")]
    At,
    #[error("The part before \"@\" is not a dot-atom of 1 to 64 characters (RFC 5322 section 3.2.3)")]
    Local,
    #[error(
        "The part after \"@\" is not a domain name of two or more letter-digit-hyphen labels (RFC 1123 section 2.1)"
    )]
    Domain,
}

impl AddrSpec {
    pub fn parse(text: &str) -> Result<Self, AddrSpecError> {
        let (local, domain) = text.split_once('@').ok_or(AddrSpecError::At)?;
        if domain.contains('@') {
            return Err(AddrSpecError::At);
        }
        let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        let atom = |part: &str| !part.is_empty() && part.bytes().all(atext);
        if local.len() > 64 || !local.split('.').all(atom) {
            return Err(AddrSpecError::Local);
        }
        if text.len() > 255 || !is_domain(domain) {
            return Err(AddrSpecError::Domain);
        }
        Ok(AddrSpec(text.to_ascii_lowercase()))
    }

    /// [`AddrSpec::parse`] of what a header field says, where a domain may stand as people read it (RFC 6531 section 3.3): it
    /// becomes A-labels, as it is looked up and written to.
    pub fn read(text: &str) -> Result<Self, AddrSpecError> {
        let international = text.rsplit_once('@').filter(|(_, domain)| !domain.is_ascii());
        match international.map(|(local, domain)| (local, idna::strict_to_ascii(domain))) {
            Some((local, Some(domain))) => AddrSpec::parse(&format!("{local}@{domain}")),
            _ => AddrSpec::parse(text),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(local, _)| local)
    }

    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The local part without its `+detail` (RFC 5233), and the detail.
    pub fn subaddress(&self) -> (&str, Option<&str>) {
        match self.local().split_once('+') {
            Some((user, detail)) => (user, Some(detail)),
            None => (self.local(), None),
        }
    }

    /// See [`is_machines`].
    pub fn is_machines(&self) -> bool {
        is_machines(self.local())
    }
}

/// A local part behind which nobody reads (RFC 2142, RFC 5230 section 4.6, and custom), in whatever case, with a detail or
/// without.
pub fn is_machines(local: &str) -> bool {
    const EXACT: &[&str] = &[
        "alertmanager",
        "apache",
        "autoreply",
        "bounce",
        "bounces",
        "cron",
        "daemon",
        "grafana",
        "icinga",
        "listserv",
        "mailerdaemon",
        "majordomo",
        "nagios",
        "nobody",
        "postmaster",
        "prometheus",
        "root",
        "scanner",
        "veeam",
        "wordpress",
        "wwwdata",
        "zabbix",
    ];
    const BEGIN: [&str; 5] = ["noreply", "donotreply", "dontreply", "neodpovedat", "nereply"];
    let local = local.split('+').next().unwrap_or_default().to_ascii_lowercase();
    let bare: String = local.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
    EXACT.contains(&bare.as_str())
        || BEGIN.iter().any(|begin| bare.starts_with(begin))
        || bare.ends_with("noreply")
        || local.starts_with("owner-")
        || ["-request", "-bounces", "-owner"].iter().any(|end| local.ends_with(end))
}

/// Two or more LDH labels of 1 to 63 octets, no leading or trailing hyphen, no trailing dot; the last is not all digits.
pub fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && !text.rsplit('.').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for AddrSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AddrSpec {
    type Error = AddrSpecError;
    fn try_from(text: String) -> Result<Self, AddrSpecError> {
        AddrSpec::parse(&text)
    }
}

impl From<AddrSpec> for String {
    fn from(spec: AddrSpec) -> String {
        spec.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken_and_lowered() {
        let spec = AddrSpec::parse("Jan.Novak+x@Firma.Example").expect("valid");
        assert_eq!(spec.as_str(), "jan.novak+x@firma.example");
        assert_eq!(spec.subaddress(), ("jan.novak", Some("x")));
        assert_eq!(spec.domain(), "firma.example");
    }

    #[test]
    fn addresses_behind_which_nobody_reads() {
        for machine in [
            "no-reply@a.sk",
            "noreply-orders@a.sk",
            "do_not_reply@a.sk",
            "dont-reply@a.sk",
            "MAILER-DAEMON@a.sk",
            "list-bounces+x@a.sk",
            "eshop-noreply@a.sk",
            "neodpovedat@a.sk",
        ] {
            assert!(AddrSpec::parse(machine).expect("valid").is_machines(), "{machine}");
        }
        for person in ["jana@a.sk", "norbert@a.sk", "rootova@a.sk", "info@a.sk", "nobodyova@a.sk"] {
            assert!(!AddrSpec::parse(person).expect("valid").is_machines(), "{person}");
        }
    }

    #[test]
    fn addresses_that_parsers_disagree_about_are_refused() {
        for bad in [
            "",
            "a",
            "@b.sk",
            "a@",
            "a@b",
            "a@b@c.sk",
            "a b@c.sk",
            "\"x\"@b.sk",
            "a@[127.0.0.1]",
            "a@b.sk.",
            "a..b@c.sk",
            ".a@b.sk",
            "<@relay:a@b.sk",
            "a@legit。com",
            "a@leg\u{130}t.com",
            "admin@legit.com(.attack.com)",
            "a@-b.sk",
            "a@b.sk\0",
            "a@1.2.3.4",
            "a\r\n@b.sk",
        ] {
            assert!(AddrSpec::parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}

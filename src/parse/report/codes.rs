//! Reply codes (RFC 5321 section 4.2) and status codes (RFC 3463) in text, and what words say where there are none.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::text::fold;

static STATUS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\s|\.[^\d])").ok());
/// A status code right behind a reply code is the remote system's own word.
static BEHIND_REPLY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\d.])[45]\d\d[ \-]+['(]?#?([45]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$)").ok());
/// `554 <a@x>... 550 Host unknown`: the second number is the cause.
static BEHIND_DOTS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\.\.\. ([45][0-5]\d) [A-Z]").ok());
static REPLY_STATUS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\d.])([45]\d\d)[ \-]+['(]?#?[45]\.\d{1,3}\.\d{1,3}").ok());
static REPLY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?m)(?:^|[:;>\[("'#]\s*|(?:said|reply|code|error|reason|with|returned|responded|response)[:, ]+\s*|\s)([45][0-5]\d)(?:[ \-:#,\])]|$)"#).ok()
});

/// The first status code in a text.
pub fn status(text: &str) -> Option<String> {
    if let Some(found) = BEHIND_REPLY.as_ref()?.captures(text).and_then(|c| c.get(1)) {
        return Some(found.as_str().to_owned());
    }
    Some(STATUS.as_ref()?.captures(text)?.get(1)?.as_str().to_owned())
}

/// The first SMTP reply code in a text: best one at its very beginning, or with a status code behind it.
pub fn smtp_reply(text: &str) -> Option<String> {
    if let Some(found) = BEHIND_DOTS.as_ref()?.captures(text).and_then(|c| c.get(1)) {
        return Some(found.as_str().to_owned());
    }
    let (head, rest) = text.trim_start().split_at_checked(3).unwrap_or_default();
    let code = head.starts_with(['2', '4', '5']) && head.bytes().all(|b| b.is_ascii_digit());
    if code && rest.starts_with([' ', '-']) {
        return Some(head.to_owned());
    }
    if let Some(found) = REPLY_STATUS.as_ref()?.captures(text).and_then(|c| c.get(1)) {
        return Some(found.as_str().to_owned());
    }
    Some(REPLY.as_ref()?.captures(text)?.get(1)?.as_str().to_owned())
}

/// What words say where no status code stands. The first that is found counts.
const WORDS: &[(&[&str], &str)] = &[
    (
        &[
            "retry timeout exceeded",
            "all hosts have been failing for a long time",
            "retry time not reached",
            "delivery time expired",
            "message expired",
            "timed out in queue",
        ],
        "4.4.7",
    ),
    (
        &[
            "unrouteable mail domain",
            "unroutable mail domain",
            "unrouteable address",
            "unroutable address",
            "host unknown",
            "unknown host",
            "host not found",
            "no mx record",
            "domain not found",
            "name service error",
            "nonexistent domain",
            "non-existent domain",
            "domain does not exist",
            "couldn't find any host",
            "could not find a gateway",
            "no such domain",
            "name or domain is too",
            "unknown domain",
            "host or domain name not found",
        ],
        "5.1.2",
    ),
    (
        &[
            "mailbox full",
            "mailbox is full",
            "over quota",
            "quota exceeded",
            "exceeded the local limit",
            "exceeds allowed size",
            "not enough storage",
            "exceeded storage",
            "full mailbox",
            "mailbox exceeds",
            "is over quota",
            "size limit exceeded for this mailbox",
            "mailbox quota",
            "insufficient disk quota",
            "schranka je plna",
            "plna schranka",
            "schranka prijemce je plna",
            "schranka prijemcu je plna",
            "nabiralnik je poln",
            "sanducic je pun",
            "skrzynka pelna",
            "skrzynka jest pelna",
            "postafiok megtelt",
            "postfach ist voll",
            "boite aux lettres pleine",
            "buzon lleno",
            "casella piena",
            "mailbox vol",
            "ящик переполнен",
            "disk quota",
        ],
        "5.2.2",
    ),
    (
        &[
            "message too large",
            "message is too large",
            "too big",
            "maximum size",
            "size limit",
            "message size exceeds",
            "exceeds size limit",
            "message length exceeds",
        ],
        "5.3.4",
    ),
    (&["disabled", "deactivated", "inactive", "suspended", "not active", "has been blocked"], "5.2.1"),
    (
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "no mailbox",
            "not listed in",
            "no such recipient",
            "recipient not found",
            "recipient unknown",
            "unknown recipient",
            "user not found",
            "does not exist",
            "doesn't exist",
            "invalid recipient",
            "invalid address",
            "invalid mailbox",
            "no account by that name",
            "address rejected",
            "mailbox unavailable",
            "mailbox not found",
            "unknown local part",
            "unknown or illegal alias",
            "not a valid user",
            "recipient name is not recognized",
            "no such mailbox",
            "unknown address",
            "recipient rejected",
            "bad destination mailbox",
            "addressee unknown",
            "invalid user",
            "doesn't have a",
            "nie ma takiego",
            "brak takiego",
            "nie istnieje",
            "neexistuje",
            "ne obstaja",
            "ne postoji",
            "nem letezik",
            "existiert nicht",
            "nicht im domino-verzeichnis",
            "empfanger unbekannt",
            "n'existe pas",
            "no existe",
            "non esiste",
            "bestaat niet",
            "nao existe",
            "не существует",
            "не існує",
            "unknown account",
            "isn't a known",
            "not our customer",
            "no local mailbox",
        ],
        "5.1.1",
    ),
    (
        &[
            "spam",
            "blocked",
            "blacklist",
            "policy",
            "rejected",
            "refused",
            "denied",
            "relaying",
            "relay not permitted",
            "not accepting mail",
        ],
        "5.7.1",
    ),
    (
        &[
            "timed out",
            "connection refused",
            "connection dropped",
            "could not connect",
            "unable to connect",
            "no route",
        ],
        "5.4.1",
    ),
];

/// A status code for a report without one. `delayed`: it says that delivery goes on being tried.
pub fn inferred(text: &str, reply: Option<&str>, delayed: bool) -> String {
    let lower = fold(text);
    let class = match reply.and_then(|r| r.chars().next()) {
        Some(c @ ('4' | '5')) => Some(c),
        _ => None,
    };
    let class = if delayed { Some('4') } else { class };
    let found = WORDS.iter().find(|(words, _)| words.iter().any(|w| lower.contains(w))).map(|(_, code)| *code);
    match (found, class) {
        (Some(code), Some(class)) => format!("{class}{}", code.get(1..).unwrap_or_default()),
        (Some(code), None) => code.to_owned(),
        (None, class) => format!("{}.0.0", class.unwrap_or('5')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_and_numbers_are_not() {
        assert_eq!(status("550 5.1.1 <a@x.example>... User unknown").as_deref(), Some("5.1.1"));
        assert_eq!(status("(#5.1.1)").as_deref(), Some("5.1.1"));
        assert_eq!(status("5.7.26").as_deref(), Some("5.7.26"));
        assert_eq!(status("host 192.5.1.1 said"), None);
        assert_eq!(smtp_reply("host mx.example[192.0.2.1] said: 550 5.1.1 unknown").as_deref(), Some("550"));
        assert_eq!(smtp_reply("Remote host said: 554 delivery error").as_deref(), Some("554"));
        assert_eq!(smtp_reply("550: : User unknown").as_deref(), Some("550"));
        assert_eq!(smtp_reply("user 5501 unknown"), None);
        assert_eq!(inferred("mailbox is full", Some("452"), false), "4.2.2");
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(
            STATUS.is_some()
                && BEHIND_REPLY.is_some()
                && BEHIND_DOTS.is_some()
                && REPLY_STATUS.is_some()
                && REPLY.is_some()
        );
    }
}

//! Subject lines: what earlier mails added is taken off before this one's token is put on.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::outgoing::{Addressee, Template, Value};
use crate::model::text::{SUBJECT_MAX, clean_line};
use crate::model::{Draft, Policy, Ticket};

use super::ComposeError;
use super::texts::Texts;

/// What mail clients put before a subject that they answer or forward: `Re:`, `RE[2]:`, `Odp.:`, `Fwd:`, `AW:`, `PD:`,
/// `SV:`, … Not `VS:` and `Ref:`, which open a subject of many a customer's own: a payment's reference.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:re|odp|odg|fwd?|aw|antw|wg|pd|sv)\.?\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*:\s*")
        .expect("a valid pattern")
});

/// A subject token of any desk: [`strip`] looks whether it is ours.
static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([0-9A-Za-z]{1,12})-\d{1,18}(?:-[0-9A-Za-z]{1,16})?\]").expect("a valid pattern"));

/// The subject without the desk's tokens and without a chain of `Re:`, as one clean line.
pub fn strip(subject: &str, prefix: &str) -> String {
    let line = clean_line(subject, SUBJECT_MAX);
    let own = TOKEN.replace_all(&line, |found: &regex::Captures<'_>| {
        if found[1].eq_ignore_ascii_case(prefix) { String::new() } else { found[0].to_owned() }
    });
    let mut rest: &str = &own;
    while let Some(found) = PREFIX.find(rest) {
        rest = &rest[found.end()..];
    }
    clean_line(rest, SUBJECT_MAX)
}

/// The whole subject of a mail.
pub fn subject(draft: &Draft, policy: &Policy, texts: &Texts<'_>) -> Result<String, ComposeError> {
    if let Addressee::Registered { hold, who } = &draft.addressee {
        // Not a word of the ticket's: the code says it all, and only the registered address may have it.
        let code = policy.keys.confirm_token(&policy.desk.prefix, *hold, who);
        let about_mail = matches!(draft.values.get("kind"), Some(Value::Text(kind)) if kind.starts_with("mail"));
        let key = match draft.template {
            Template::ConfirmOver => "confirm-over-subject",
            _ if about_mail => "confirm-mail-subject",
            _ => "confirm-subject",
        };
        return Ok(format!("{} {code}", line(texts, key)));
    }
    let Some(ticket) = &draft.ticket else {
        return match draft.template {
            Template::Alarm => Ok(alarm(policy, texts)),
            Template::Digest | Template::Weekly => {
                let about = super::digest::subject(draft, texts);
                Ok(format!("{}: {about}", clean_line(&policy.desk.name, SUBJECT_MAX)))
            }
            Template::Receipt => {
                Ok(format!("{}: {}", clean_line(&policy.desk.name, SUBJECT_MAX), line(texts, "receipt-subject")))
            }
            Template::Refused => {
                Ok(format!("{}: {}", clean_line(&policy.desk.name, SUBJECT_MAX), line(texts, "refused-subject")))
            }
            _ => Err(ComposeError::NoTicket),
        };
    };
    let token = policy.keys.subject_token(&policy.desk.prefix, ticket.token());
    Ok(match draft.template {
        Template::Alarm => alarm(policy, texts),
        // Without the token: a gateway sends it to who knows where.
        Template::Page => {
            let values = [("number", minijinja::Value::from(ticket.number))];
            clean_line(&texts.say("page-subject", &values), SUBJECT_MAX)
        }
        // Not a word of the sender's: his subject would make the desk a relay for whoever forged his address.
        Template::AcknowledgementMinimal => format!("{token} {}", line(texts, "acknowledgement-minimal-subject")),
        _ => with_token(draft, ticket, policy, texts, &token),
    })
}

fn with_token(draft: &Draft, ticket: &Ticket, policy: &Policy, texts: &Texts<'_>, token: &str) -> String {
    let own = strip(&ticket.subject, &policy.desk.prefix);
    let own = if own.is_empty() { line(texts, "no-subject") } else { own };
    match (&draft.addressee, draft.template) {
        (Addressee::Customer, _) => format!("Re: {own} {token}"),
        (_, Template::Refused) => format!("{token} {}: {own}", line(texts, "refused-subject")),
        (_, Template::Crossed) => format!("{token} {}: {own}", line(texts, "crossed-subject")),
        (_, Template::Receipt) => format!("{token} {}: {own}", line(texts, "receipt-subject")),
        (_, Template::NotifyBounce) => format!("{token} {}: {own}", line(texts, "bounce-subject")),
        // The same for all notifications on a ticket: clients that thread by subject keep them together.
        _ => format!("{token} {own}"),
    }
}

fn alarm(policy: &Policy, texts: &Texts<'_>) -> String {
    format!("{}: {}", clean_line(&policy.desk.name, SUBJECT_MAX), line(texts, "alarm-subject"))
}

fn line(texts: &Texts<'_>, key: &str) -> String {
    clean_line(&texts.say(key, &[]), SUBJECT_MAX)
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn chains_and_own_tokens_are_taken_off() {
        for (subject, rest) in [
            ("Re: Odp.: FW: [ACME-1042-k7q2m9xf] Faktúra", "Faktúra"),
            ("RE[2]: AW: WG: Faktúra [acme-1042]", "Faktúra"),
            ("Fwd: Re: Re : SV: x", "x"),
            ("[ACME-1042-k7q2m9xf] Re: x [ACME-1042-k7q2m9xf]", "x"),
            ("Reštart: server", "Reštart: server"),
            ("Re: VS: 20261180", "VS: 20261180"),
            ("[JIRA-7] Re: x", "[JIRA-7] Re: x"),
            ("Re:", ""),
            ("re\r\nBcc: x", "re Bcc: x"),
        ] {
            assert_eq!(strip(subject, "ACME"), rest, "{subject:?}");
        }
    }
}

//! Subject lines: what earlier mails added is taken off before this one's token is put on.

use crate::model::outgoing::{Addressee, Template, Value};
use crate::model::subject::bare;
use crate::model::text::{SUBJECT_MAX, clean_line};
use crate::model::{Draft, Policy, Ticket};

use super::ComposeError;
use super::texts::Texts;

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
        // Nor a colleague's, by which he opened a ticket for the customer.
        Template::AcknowledgementMinimal => format!("{token} {}", line(texts, "acknowledgement-minimal-subject")),
        Template::Acknowledgement if draft.values.contains_key("opened") => {
            format!("{token} {}", line(texts, "acknowledgement-for-subject"))
        }
        _ => with_token(draft, ticket, policy, texts, &token),
    })
}

fn with_token(draft: &Draft, ticket: &Ticket, policy: &Policy, texts: &Texts<'_>, token: &str) -> String {
    let own = bare(&ticket.subject, &policy.desk.prefix);
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

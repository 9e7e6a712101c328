//! Floor 1: Draft → bytes. The same draft gives the same bytes and the same Message-ID.
//!
//! What a decision may put into [`Draft::values`], by template. All of it is optional; what is absent is not spoken of.
//! Texts are data from outside: they are cleaned here and never read as templates. A *word* is translated where the
//! text files know it (`warning-external`, `why-mailbox`, …) and printed as it is where they do not.
//!
//! | template | values |
//! |---|---|
//! | acknowledgement | `have`, `asks`: List, what the report has and what it lacks; `name`: Text, for the operator's own texts; `back`: Text, a time as in RFC 3339, when somebody is there again; `restricted`: Text, how to have a restricted request carried out: `confirm` or `address`; `articles`: List, what may help, and `solved`: Text, the word that says it did; `opened`: Flag, an agent opened it for the customer, who wrote nothing |
//! | acknowledgement-minimal | `back`, `restricted`: as above |
//! | reminder | `close`: Text, a time as in RFC 3339, when the ticket will be closed |
//! | closed | none |
//! | resolved | `answer`: Text, what the agent answered last; `days`: Number, how long an answer reopens it |
//! | answer | `resolved_days`: Number, where it resolves the ticket: how long an answer reopens it. The words are [`Draft::text`], the agent is [`Draft::author`], shown by name and never by address |
//! | notify-new, notify-reply, notify-assigned, notify-note | `warnings`: List of words (`unauthenticated`, `failed`, `external`, `restricted`, `acceptable`, `look-alike`, `id-reused`, `not-to-us`, and what is left out: `mail-too-large`, `header-cut`, `text-cut`, `parts-cut`); `sender`: Text, name and address; `subject`: Text, the mail's own where it is not the ticket's; `organisation`: Text; `believed`: Text, a word of [`crate::model::Believed`]; `strength`: Text, a word of [`crate::model::Strength`]; `believed_because`: Text; `contact_note`: Text; `copied`: List of addresses, who may be let in; `earlier`: List of lines; `why`: Text, a step of routing (`category`, `contact`, `organisation`, `mailbox`, `desk`, `group`, `absence`, `duty`), a step and its rule (`category:billing`), or a sentence; or a List of these; `group`: Text, the group that is told; `actor`: Text, who assigned or noted |
//! | every notification | `hours_booked`, `hours_has`: Number, minutes of the hours that the firm has; `hours_per`: Text, a word of [`crate::model::account::Per`] |
//! | notify-due | as those, and `promise`: Text, a word of [`crate::model::promise::Promise`]; `percent`: Number; `when`: Text, a time as in RFC 3339 |
//! | notify-silent, notify-returned | as notify-assigned, and `days`: Number |
//! | page | `who`: Text, whose ticket it is |
//! | refused | `because`: Text, a word (`forged`: the mail is not the agent's; `unsigned`, `command`, `cannot`, `accept`, `no-marker`, `another-mail`, `private-address`, `nothing-said`, `cut-short`, `no-ticket`) or a sentence; `understood`, `not_understood`: List |
//! | notify-proven | as notify-reply |
//! | notify-confirmed | as notify-reply; `who`: Text, the address on file; `denied`: Flag |
//! | confirm | `kind`: Text, a word of [`crate::model::HoldKind`]; `category`: Text; `minutes`, `days`: Number, how long an answer is waited for |
//! | confirm-over | none |
//! | notify-answer | as notify-note |
//! | notify-merged | as notify-assigned; `merged`: Number, the ticket that was merged |
//! | crossed | `what`: Text, `answered` or `merged`; `actor`: Text; `answer`: Text, the other's words; `merged`: Number; the words are [`Draft::text`] |
//! | receipt | `rows`: Rows; another's words are [`Draft::text`] |
//! | notify-bounce | `recipient`: Text; `report`: Text |
//! | digest | `digest`: Digest |
//! | weekly | `weeks`: Weeks |
//! | alarm | `what`: List of sentences |

mod body;
mod digest;
mod header;
mod inquiry;
mod mail;
mod part;
mod picture;
mod quoted;
mod related;
mod service;
mod subject;
mod texts;
mod weekly;

pub use texts::check;

use crate::model::{Commit, Decision, Draft, Policy};

/// Why a draft was not made into a mail. The words name no address: they may reach a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("There is no mailbox of the name that the draft gives")]
    UnknownMailbox,
    #[error("The recipient is not an address that the desk writes to (RFC 5321 section 4.1.2)")]
    BadRecipient,
    #[error("The draft belongs to no ticket")]
    NoTicket,
    #[error("The text for the customer contains the line that heads the agents' notifications")]
    InternalText,
    #[error("The mail cannot be built: {0}")]
    Build(&'static str),
}

/// Makes every draft of a decision into a finished mail. A draft that cannot be made yields no mail, but a reason and an
/// alarm: the rest of the decision stands.
pub fn compose(mut decision: Decision, policy: &Policy) -> Commit {
    let drafts = std::mem::take(&mut decision.outgoing);
    let mut mails = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        match mail::make(draft, policy) {
            Ok(mail) => mails.push(mail),
            Err(error) => {
                let sentence = sentence(draft, &error);
                // An alarm that cannot be made must not raise the next one.
                if draft.template != crate::model::outgoing::Template::Alarm {
                    decision.alarms.push(sentence.clone());
                }
                decision.reasons.push(sentence);
            }
        }
    }
    decision.map_outgoing(mails)
}

fn sentence(draft: &Draft, error: &ComposeError) -> String {
    match &draft.ticket {
        Some(ticket) => {
            format!("The mail {:?} on ticket {} was not made: {error}", draft.template.word(), ticket.number)
        }
        None => format!("The mail {:?} was not made: {error}", draft.template.word()),
    }
}

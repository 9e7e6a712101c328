//! What answers a note is a note: it goes to the note address, where the mailbox can have one, and else it answers a mail
//! that told of a note.

use crate::model::address::AddrSpec;
use crate::model::note::is_note_detail;
use crate::model::outgoing::Template;

use super::work::Case;

/// The mail is for colleagues by where it was sent.
pub fn is_note(case: &Case) -> bool {
    let message = case.message;
    let written = message.to.iter().chain(&message.cc).map(|a| a.email.as_str());
    let delivered = message.delivered_to.iter().map(String::as_str);
    let to_note_address = written.chain(delivered).filter_map(|a| AddrSpec::parse(a).ok()).any(|address| {
        let own = case.policy.own_address(&address);
        own.and_then(|(_, detail)| detail).is_some_and(is_note_detail)
    });
    let answered = case.facts.found.told.answered.as_ref();
    to_note_address || answered.is_some_and(|answered| answered.template == Template::NotifyNote.word())
}

//! Floor 1: bytes → [`Message`]. Total: never fails, never panics; what could not be read is missing and flagged.
//!
//! ```text
//! scan (fields, bounds) → entity (tree of parts) → body (text, HTML, attachments) → lines → quotation, forward
//!        └→ headers (words, address, params, date)                                     └→ language
//!        └→ automatic, report
//! ```

mod address;
pub mod auth_results;
mod automatic;
mod body;
mod charset;
mod cms;
mod date;
mod entity;
mod flowed;
mod foreign;
mod forward;
mod headers;
mod html;
mod language;
mod lines;
mod message;
mod params;
mod quotation;
mod report;
mod scan;
mod signatures;
mod tnef;
mod tokens;
mod transfer;
mod uuencoded;
mod words;

use crate::model::{Incoming, Message};

/// Reads a mail.
pub fn parse(incoming: &Incoming) -> Message {
    message::read(incoming)
}

//! What every target needs: a mail out of bytes, and what holds for every reading.

use std::sync::Arc;

use postdesk::model::message::SourceKey;
use postdesk::model::{Digest, Incoming, Message};

pub fn read(bytes: &[u8]) -> Message {
    let message = postdesk::parse::parse(&Incoming {
        mailbox: String::new(),
        key: SourceKey::handed_over(&Digest::of(bytes)),
        raw: Arc::from(bytes),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        truncated_from: None,
    });
    assert!(message.text.trim().is_empty() || !message.reply.text.trim().is_empty(), "folding left nothing");
    assert!(message.attachments.len() <= 100 && message.references.len() <= 100);
    message
}

/// A mail with this subject and this body.
#[allow(dead_code)]
pub fn mail(header: &str, body: &[u8]) -> Vec<u8> {
    [format!("From: a@x.example\r\n{header}\r\n\r\n").as_bytes(), body].concat()
}

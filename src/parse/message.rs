//! Puts a [`Message`] together from what the other files read.

use std::borrow::Cow;

use crate::model::message::Forward;
use crate::model::text::fold;
use crate::model::{Address, Attachment, Digest, Incoming, Message};

use super::{
    automatic, body, charset, entity, foreign, forward, headers, language, lines, quotation, report, scan, signatures,
    tokens,
};

/// Largest mail that is read, in bytes; of a larger one the beginning is.
pub const MAIL_MAX: usize = 50 * 1024 * 1024;

/// Reads a mail.
pub fn read(incoming: &Incoming) -> Message {
    let raw: &[u8] = &incoming.raw;
    let mut flags: Vec<&'static str> = Vec::new();
    let mut bytes: Cow<'_, [u8]> = Cow::Borrowed(raw.get(..MAIL_MAX).unwrap_or(raw));
    if bytes.len() < raw.len() || incoming.truncated_from.is_some() {
        flags.push("mail-too-large");
    }
    let repaired = scan::repair_cr_only(&bytes);
    let bare_cr = repaired.is_some();
    if let Some(repaired) = repaired {
        flags.push("cr-only-line-ends");
        bytes = Cow::Owned(repaired);
    }
    let hint = headers::hint(&bytes, &scan::entity(&bytes));
    let (root, tree_flags) = entity::read(&bytes, hint);
    let read = headers::read(&root.block, hint);
    let header = bytes.get(..bytes.len() - root.block.body.len()).unwrap_or_default();
    let mut structure = headers::structure(&root.block, header, &read.from, hint);
    if bare_cr {
        structure.broken.push("a bare CR");
    }
    let digest = Digest::of(raw);
    let body = body::read(&root, hint, Some(body::Kept { digest, raw }));
    let text = lines::join(&body.lines);
    let report = report::read(&root, &read, &text, hint);
    let automatic = automatic::read(&root, &read, report.as_ref(), hint);
    let (folded, forward) = written(&body, &text, &read, hint);
    // What a machine returns was not forwarded by anybody.
    let forward = forward.filter(|_| report.is_none());
    let language = spoken(&read, &folded, forward.as_ref(), &text);
    let requester = requester(&read, &folded, forward.as_ref());

    for list in [&root.block.flags, &tree_flags, &read.flags, &body.flags] {
        flags.extend(list.iter().copied());
    }
    if !structure.broken.is_empty() {
        flags.push("broken-header-block");
    }
    let mut seen = std::collections::HashSet::new();
    flags.retain(|f| seen.insert(*f));
    Message {
        digest,
        size: incoming.truncated_from.unwrap_or(raw.len() as u64),
        requester,
        tokens: read.subject.as_deref().map(tokens::find).unwrap_or_default(),
        foreign_tags: read.subject.as_deref().map(foreign::find).unwrap_or_default(),
        auth_results: headers::auth_results(&root.block, hint),
        signatures: signatures::read(&root.block),
        message_id: read.message_id,
        in_reply_to: read.in_reply_to,
        references: read.references,
        sent_at: read.sent_at,
        from: read.from,
        sender: read.sender,
        reply_to: read.reply_to,
        to: read.to,
        cc: read.cc,
        subject: read.subject,
        text,
        html: body.html,
        attachments: body.attachments,
        reply: folded.reply,
        forward,
        auto_submitted: automatic.submitted,
        class: automatic.class,
        automatic_because: automatic.because,
        no_acknowledgement: automatic.no_acknowledgement,
        report,
        list: read.list,
        language,
        delivered_to: read.delivered_to,
        return_path: read.return_path,
        structure,
        flags: flags.into_iter().map(str::to_owned).collect(),
    }
}

/// What the sender wrote, and what he forwarded.
fn written(
    body: &body::Body,
    text: &str,
    read: &headers::Headers,
    hint: charset::Hint,
) -> (quotation::Folded, Option<Forward>) {
    let prepared = quotation::prepare(&body.lines);
    let folded = quotation::fold_lines(&prepared, text);
    let subject = read.subject.as_deref().unwrap_or_default();
    let prefix = quotation::prefix(subject);
    let answers = !read.in_reply_to.is_empty() || !read.references.is_empty();
    let around = forward::Around { subject, prefix, answers };
    let inline = forward::inline(&prepared, &folded, &around);
    // An agent's answer to a notification quotes the notification; he forwards nothing.
    let inline = inline.filter(|_| !folded.reply.marker || prefix == quotation::Prefix::Forward);
    // An attached message is a forward where the mail says so, or says nothing else.
    let attached = || {
        // Some clients attach it as a file that only its name tells.
        let named = |a: &Attachment| a.name.as_deref().is_some_and(|n| n.to_ascii_lowercase().ends_with(".eml"));
        let mut attachments = body.attachments.iter();
        let message = attachments.find(|a| a.media_type == "message/rfc822" || named(a))?;
        let only = prefix == quotation::Prefix::Forward || text.trim().is_empty();
        only.then(|| forward::attached(&message.content, hint)).flatten()
    };
    let forward = inline.or_else(attached);
    (folded, forward)
}

/// To whom a ticket belongs: whoever forwards without a word of his own does it for the original's sender.
fn requester(read: &headers::Headers, folded: &quotation::Folded, forward: Option<&Forward>) -> Option<Address> {
    let forwarded = forward.and_then(|f| f.from.as_ref()).filter(|a| a.email.contains('@'));
    match forwarded {
        Some(original) if folded.nothing_written => Some(original.clone()),
        _ => read.from.first().cloned(),
    }
}

/// What mail servers and lawyers put around a mail, folded: it says nothing of its writer's language.
const AROUND: [&str; 26] = [
    "confidential",
    "intended recipient",
    "intended solely",
    "legally privileged",
    "disclaimer",
    "external email",
    "external e-mail",
    "external sender",
    "originated from outside",
    "originated outside",
    "do not click",
    "virus-free",
    "checked for viruses",
    "consider the environment",
    "doverne informac",
    "doverny",
    "duverne informac",
    "duverny",
    "urcena vyhradne",
    "urcene vyhradne",
    "urcen vyhradne",
    "izkljucno naslovnik",
    "zaupne narave",
    "povjerljiv",
    "iskljucivo primatelj",
    "vertraulich",
];

/// Without the paragraphs of [`AROUND`], where others are left.
fn own_paragraphs(text: &str) -> Cow<'_, str> {
    let is_own = |paragraph: &&str| {
        let folded = fold(paragraph);
        !AROUND.iter().any(|words| folded.contains(words))
    };
    let own: Vec<&str> = text.split("\n\n").filter(is_own).collect();
    if own.iter().all(|paragraph| paragraph.trim().is_empty()) { text.into() } else { own.join("\n\n").into() }
}

/// The language of what the sender wrote; where that says too little, with the subject; at last of the whole text.
fn spoken(
    read: &headers::Headers,
    folded: &quotation::Folded,
    forward: Option<&Forward>,
    text: &str,
) -> Option<String> {
    let written = if folded.nothing_written { forward.map_or(text, |f| f.text.as_str()) } else { &folded.reply.text };
    let written: &str = &own_paragraphs(written);
    if language::is_unknown_script(written) {
        return None;
    }
    let subject = read.subject.as_deref().unwrap_or_default();
    let signed = format!("{written}\n{}\n{subject}", own_paragraphs(&folded.reply.signature));
    language::of(written)
        .or_else(|| language::of(&signed))
        .or_else(|| language::of(&own_paragraphs(text)))
        .map(str::to_owned)
}

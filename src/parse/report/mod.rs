//! What a machine reports about an earlier mail: RFC 3464, 8098, 5965, Amazon's JSON, and the bounces that follow no RFC.

mod bounce;
mod codes;
mod fields;
mod notification;
mod recognise;

use crate::model::message::{Report, ReportRecipient, ReportType};

use super::charset::{self, Hint};
use super::entity::Part;
use super::headers::{self, Headers};
use super::lines::quote_prefix;
use super::scan;
use super::transfer;

/// Most recipients of one report that are read.
const RECIPIENTS_MAX: usize = 100;
/// Most Message-IDs found in a returned mail that are kept.
const IDS_MAX: usize = 50;
/// Longest part of a report that is read, in bytes.
const PART_MAX: usize = 256 * 1024;

/// A leaf of a report as text.
struct Leaf {
    kind: String,
    text: String,
}

/// Reads a report; None where the mail is none. `text` is the mail's readable text.
pub fn read(root: &Part<'_>, headers: &Headers, text: &str, hint: Hint) -> Option<Report> {
    let leaves = leaves(root, hint);
    let has = |kind: &str| leaves.iter().find(|l| l.kind == kind);
    let declared = root.kind.param("report-type").unwrap_or_default().to_ascii_lowercase();
    let pasted = || {
        let kinds = ["text/plain", "message/feedback-report"];
        let mut texts = leaves.iter().filter(|l| kinds.contains(&l.kind.as_str()));
        texts.find(|l| l.text.trim_start().starts_with("Feedback-Type:"))
    };
    let mut report = if let Some(leaf) = has("message/feedback-report").or_else(pasted) {
        complaint(&leaf.text)
    } else if let Some(leaf) = has("message/disposition-notification") {
        of_fields(&leaf.text, ReportType::DispositionNotification)
    } else if declared == "disposition-notification" {
        new(ReportType::DispositionNotification)
    } else if is_bare_complaint(headers, &leaves) {
        Report { feedback_type: Some("abuse".to_owned()), ..new(ReportType::FeedbackReport) }
    } else if let Some(report) = notification::read(text) {
        report
    } else {
        delivery(root, headers, &leaves, text, hint)?
    };
    let ids = returned_ids(&leaves, text);
    report.original_message_id = report.original_message_id.or_else(|| ids.first().cloned());
    for id in ids.into_iter().chain(headers.in_reply_to.iter().chain(&headers.references).cloned()) {
        if report.returned_ids.len() < IDS_MAX && !report.returned_ids.contains(&id) {
            report.returned_ids.push(id);
        }
    }
    report.recipients.truncate(RECIPIENTS_MAX);
    Some(report)
}

fn new(kind: ReportType) -> Report {
    Report { kind, feedback_type: None, original_message_id: None, returned_ids: Vec::new(), recipients: Vec::new() }
}

fn leaves(root: &Part<'_>, hint: Hint) -> Vec<Leaf> {
    let mut parts = Vec::new();
    root.leaves(&mut parts);
    parts
        .into_iter()
        .take(50)
        .filter(|p| p.kind.word.starts_with("message/") || p.kind.word.starts_with("text/"))
        .map(|p| {
            let body = p.block.body.get(..PART_MAX).unwrap_or(p.block.body);
            let bytes = transfer::decode(&p.encoding, body).bytes;
            let text = charset::decode(p.kind.param("charset"), &bytes, hint).0.replace("\r\n", "\n");
            Leaf { kind: p.kind.word.clone(), text }
        })
        .collect()
}

/// A delivery report: by its machine-readable part, else by its words.
fn delivery(root: &Part<'_>, headers: &Headers, leaves: &[Leaf], text: &str, hint: Hint) -> Option<Report> {
    let status = leaves
        .iter()
        .filter(|l| matches!(l.kind.as_str(), "message/delivery-status" | "message/global-delivery-status"));
    let mut report = new(ReportType::DeliveryStatus);
    let mut found = false;
    for leaf in status {
        found = true;
        report.recipients.extend(fields::recipients(&leaf.text));
    }
    if !found {
        let human = human_text(leaves, text);
        if !recognise::is_bounce(&root.block, headers, root, &human, hint) {
            return None;
        }
        if human.to_ascii_lowercase().contains("final-recipient:") {
            // Pasted into the text, perhaps quoted by whoever sent it on.
            let plain: Vec<&str> = human.lines().map(|l| quote_prefix(l).1).collect();
            report.recipients = fields::recipients(&plain.join("\n"));
        }
        if report.recipients.is_empty() {
            report.recipients =
                bounce::recipients(&root.block, headers, &human, leaves_of_original(leaves).as_deref(), hint);
        }
        return Some(report);
    }
    // What the machine-readable part leaves out often stands in the text beside it.
    let human = human_text(leaves, text);
    if report.recipients.is_empty() {
        report.recipients =
            bounce::recipients(&root.block, headers, &human, leaves_of_original(leaves).as_deref(), hint);
    }
    let only = report.recipients.len() == 1;
    for recipient in &mut report.recipients {
        bounce::complete(recipient, &human, only);
    }
    Some(report)
}

/// The text for people: of the mail itself, not of what it returns.
fn human_text(leaves: &[Leaf], text: &str) -> String {
    if !text.trim().is_empty() {
        return text.to_owned();
    }
    leaves.iter().find(|l| l.kind == "text/plain").map(|l| l.text.clone()).unwrap_or_default()
}

/// The returned mail's text, header included.
fn leaves_of_original(leaves: &[Leaf]) -> Option<String> {
    leaves
        .iter()
        .find(|l| {
            matches!(
                l.kind.as_str(),
                "message/rfc822"
                    | "text/rfc822-headers"
                    | "message/rfc822-headers"
                    | "message/global"
                    | "message/global-headers"
            )
        })
        .map(|l| l.text.clone())
}

/// Microsoft's complaints carry the mail complained of and nothing else.
fn is_bare_complaint(headers: &Headers, leaves: &[Leaf]) -> bool {
    let subject = headers.subject.as_deref().unwrap_or_default().to_lowercase();
    subject.starts_with("complaint about message from ") && leaves.iter().any(|l| l.kind == "message/rfc822")
}

fn complaint(text: &str) -> Report {
    let mut report = of_fields(text, ReportType::FeedbackReport);
    let block = scan::entity(text.as_bytes());
    report.feedback_type =
        headers::value(&block, "Feedback-Type", Hint::default()).map(|v| v.trim().to_ascii_lowercase());
    for name in ["Original-Rcpt-To", "Removal-Recipient"] {
        for field in block.all(name).take(RECIPIENTS_MAX) {
            let value = String::from_utf8_lossy(field.value).trim().trim_matches(['<', '>']).to_owned();
            report.recipients.push(ReportRecipient { original_recipient: Some(value), ..ReportRecipient::default() });
        }
        if !report.recipients.is_empty() {
            break;
        }
    }
    report
}

/// A receipt's or complaint's fields.
fn of_fields(text: &str, kind: ReportType) -> Report {
    let mut report = new(kind);
    let block = scan::entity(text.as_bytes());
    let address = |name: &str| headers::value(&block, name, Hint::default()).map(|v| fields::address(&v));
    if let Some(final_recipient) = address("Final-Recipient") {
        let original_recipient = address("Original-Recipient");
        report.recipients.push(ReportRecipient {
            final_recipient: Some(final_recipient),
            original_recipient,
            ..ReportRecipient::default()
        });
    }
    report.original_message_id = headers::value(&block, "Original-Message-ID", Hint::default())
        .and_then(|v| headers::ids_of(&v).into_iter().next());
    report
}

/// Message-IDs of what was returned: in an attached message, or in a copy below the text.
fn returned_ids(leaves: &[Leaf], text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let original = leaves_of_original(leaves);
    let texts = original.iter().map(String::as_str).chain([text]).chain(leaves.iter().map(|l| l.text.as_str()));
    for text in texts {
        for line in text.lines().take(4000) {
            let line = line.trim_start_matches([' ', '\t', '>']);
            let field = line.get(..11).is_some_and(|n| n.eq_ignore_ascii_case("message-id:"))
                || line.get(..20).is_some_and(|n| n.eq_ignore_ascii_case("original-message-id:"));
            if !field || ids.len() >= IDS_MAX {
                continue;
            }
            for id in headers::ids_of(line.split_once(':').map_or("", |(_, v)| v)) {
                if id.contains('@') && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
    }
    ids
}

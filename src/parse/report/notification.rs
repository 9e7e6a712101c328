//! Notifications of Amazon SES: JSON in the text of a mail.

use serde_json::Value;

use crate::model::message::{Report, ReportRecipient, ReportType};

use super::codes;

/// Longest JSON that is read, in bytes.
const JSON_MAX: usize = 256 * 1024;

/// Reads one, where the text is one.
pub fn read(text: &str) -> Option<Report> {
    let start = text.trim_start();
    if !start.starts_with('{')
        || start.len() > JSON_MAX
        || !start.contains("\"notificationType\"") && !start.contains("\"eventType\"")
    {
        return None;
    }
    // A footer may follow, and lines may be wrapped inside strings.
    let joined: String = start.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let value: Value = serde_json::Deserializer::from_str(&joined).into_iter::<Value>().next()?.ok()?;
    let kind = value.get("notificationType").or(value.get("eventType"))?.as_str()?;
    let (report_kind, list, action) = match kind {
        "Bounce" => (ReportType::DeliveryStatus, value.pointer("/bounce/bouncedRecipients"), "failed"),
        "Complaint" => (ReportType::FeedbackReport, value.pointer("/complaint/complainedRecipients"), ""),
        "Delivery" => (ReportType::DeliveryStatus, value.pointer("/delivery/recipients"), "delivered"),
        _ => return None,
    };
    let mut report = super::new(report_kind);
    for item in list.and_then(Value::as_array).into_iter().flatten().take(super::RECIPIENTS_MAX) {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        let diagnostic = text("diagnosticCode")
            .or_else(|| value.pointer("/delivery/smtpResponse").and_then(Value::as_str).map(str::to_owned));
        report.recipients.push(ReportRecipient {
            final_recipient: text("emailAddress").or(item.as_str().map(str::to_owned)),
            original_recipient: None,
            action: text("action").or(Some(action.to_owned()).filter(|a| !a.is_empty())),
            status: text("status").or_else(|| diagnostic.as_deref().and_then(codes::status)),
            smtp_reply: diagnostic.as_deref().and_then(codes::smtp_reply),
            diagnostic_code: diagnostic,
        });
    }
    if report_kind == ReportType::FeedbackReport {
        let kind = value.pointer("/complaint/complaintFeedbackType").and_then(Value::as_str).unwrap_or("abuse");
        report.feedback_type = Some(kind.to_ascii_lowercase());
    }
    let id = value.pointer("/mail/commonHeaders/messageId").and_then(Value::as_str);
    report.original_message_id = id.map(|id| id.trim_matches(['<', '>']).to_owned());
    Some(report)
}

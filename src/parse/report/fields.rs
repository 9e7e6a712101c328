//! The fields of a delivery report (RFC 3464 section 2), in their own part or pasted into the text.

use crate::model::message::ReportRecipient;

use super::codes;

/// The groups of fields, a recipient each. Groups are separated by blank lines; some reporters leave those out, so a
/// second Final-Recipient begins a group too.
pub fn recipients(text: &str) -> Vec<ReportRecipient> {
    let mut found = Vec::new();
    let mut current = ReportRecipient::default();
    let mut name = String::new();
    let mut value = String::new();
    let mut flush = |name: &mut String, value: &mut String, current: &mut ReportRecipient| {
        take(name, value, current, &mut found);
        name.clear();
        value.clear();
    };
    for line in text.lines().take(20_000) {
        if line.trim().is_empty() {
            flush(&mut name, &mut value, &mut current);
            flush(&mut "\n".to_owned(), &mut value, &mut current);
        } else if line.starts_with([' ', '\t']) && !name.is_empty() {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((field, rest)) = line.split_once(':') {
            flush(&mut name, &mut value, &mut current);
            name = field.trim().to_ascii_lowercase();
            value = rest.trim().to_owned();
        } else if !name.is_empty() {
            // A wrapped line that lost its indentation.
            value.push(' ');
            value.push_str(line.trim());
        }
        if value.len() > 8192 {
            value.truncate(value.floor_char_boundary(8192));
        }
    }
    flush(&mut name, &mut value, &mut current);
    flush(&mut "\n".to_owned(), &mut value, &mut current);
    found
}

fn take(name: &str, value: &str, current: &mut ReportRecipient, found: &mut Vec<ReportRecipient>) {
    let known = |r: &ReportRecipient| r.final_recipient.is_some() || r.original_recipient.is_some();
    match name {
        "\n" => {
            // The fields of the message as a whole come first and name nobody.
            let whole = std::mem::take(current);
            if known(&whole) {
                finish(whole, found);
            }
        }
        "final-recipient" => {
            if current.final_recipient.is_some() {
                finish(std::mem::take(current), found);
            }
            current.final_recipient = Some(address(value)).filter(|a| !a.is_empty());
        }
        "original-recipient" => {
            if current.original_recipient.is_some() {
                finish(std::mem::take(current), found);
            }
            current.original_recipient = Some(address(value)).filter(|a| !a.is_empty());
        }
        "action" => {
            let word = value.split([' ', ';', '(']).find(|w| !w.is_empty()).unwrap_or_default().to_ascii_lowercase();
            current.action = match word.as_str() {
                "failed" | "failure" | "expired" | "deliverable" | "bounced" | "fail" => Some("failed".to_owned()),
                "delayed" | "deferred" | "delay" => Some("delayed".to_owned()),
                "" => None,
                word => Some(word.to_owned()),
            };
        }
        "status" => current.status = codes::status(value),
        "diagnostic-code" => {
            let text = value.split_once(';').map_or(value, |(_, rest)| rest).trim();
            current.smtp_reply = codes::smtp_reply(text).or(current.smtp_reply.take());
            current.diagnostic_code = Some(value.to_owned()).filter(|_| !text.is_empty());
        }
        _ => {}
    }
}

fn finish(mut recipient: ReportRecipient, found: &mut Vec<ReportRecipient>) {
    // A general status is what the reporting system makes of the reply; the reply itself says more.
    let general = |s: &str| s.ends_with(".0.0") || matches!(s, "4.4.7" | "5.5.0");
    if let Some(code) = recipient.diagnostic_code.as_deref().and_then(codes::status)
        && recipient.status.as_deref().is_none_or(general)
        && !code.ends_with(".0.0")
    {
        recipient.status = Some(code);
    }
    let key =
        |r: &ReportRecipient| r.final_recipient.clone().or(r.original_recipient.clone()).map(|a| a.to_lowercase());
    // The same recipient reported twice: the later report says more.
    if let Some(same) = found.iter_mut().find(|r| key(r) == key(&recipient)) {
        let old = std::mem::take(same);
        *same = ReportRecipient {
            final_recipient: recipient.final_recipient.or(old.final_recipient),
            original_recipient: recipient.original_recipient.or(old.original_recipient),
            action: recipient.action.or(old.action),
            status: recipient.status.or(old.status),
            smtp_reply: recipient.smtp_reply.or(old.smtp_reply),
            diagnostic_code: recipient.diagnostic_code.or(old.diagnostic_code),
        };
        return;
    }
    if found.len() < super::RECIPIENTS_MAX {
        found.push(recipient);
    }
}

/// The address of a typed field: `rfc822; <a@x.example>`.
pub fn address(value: &str) -> String {
    let text = match value.split_once(';') {
        Some((kind, rest)) if !kind.contains('@') => rest,
        _ => value,
    };
    let text = text.trim();
    let text = match (text.rfind('<'), text.rfind('>')) {
        (Some(open), Some(close)) if open < close => text.get(open + 1..close).unwrap_or(text),
        _ => text,
    };
    let text = text.trim_matches(['<', '>', '"', '\'', ' ', '.', ',', ':']);
    text.split_whitespace().find(|w| w.contains('@')).unwrap_or(text).trim_matches(['<', '>', '(', ')']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_recipients() {
        let text = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; <a@x.example>\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n unknown\n\nFinal-Recipient: rfc822;b@x.example\nAction: delayed (will retry)\nStatus: 4.4.7\n";
        let found = recipients(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            (found[0].final_recipient.as_deref(), found[0].smtp_reply.as_deref(), found[0].status.as_deref()),
            (Some("a@x.example"), Some("550"), Some("5.1.1"))
        );
        assert_eq!((found[1].action.as_deref(), found[1].status.as_deref()), (Some("delayed"), Some("4.4.7")));
    }

    #[test]
    fn a_report_without_blank_lines_is_read() {
        let found = recipients(
            "Reporting-MTA: dns; mx.example\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.0.0\n",
        );
        assert_eq!(found.len(), 1);
    }
}

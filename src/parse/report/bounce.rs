//! The recipients of a bounce that follows no RFC, out of its words: qmail, Exim, Postfix, Sendmail, Exchange, Domino,
//! Gmail, Yahoo and everybody else, by what their texts have in common.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::message::ReportRecipient;
use crate::parse::address;
use crate::parse::charset::Hint;
use crate::parse::headers::Headers;
use crate::parse::scan::{self, Block};

use super::codes;

/// Longest text of a bounce that is read, in bytes.
const TEXT_MAX: usize = 64 * 1024;

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+@[A-Za-z0-9#\[][A-Za-z0-9.\-:\]]*[A-Za-z0-9\]]"#).ok()
});
/// A line that begins with an address: `<a@x>:`, `>>> a@x <a@x>`, `  * a@x`, `a@x (user not found)`, `a@x on Thu, …`.
static AT_LINE_START: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^[\s>*\-"'\[(•]{0,24}(?:[45]\d\d[ \-](?:[45]\.\d+\.\d+ )?)?(?:(?:rfc822;|smtp:|SMTP:|To:|RCPT TO:|Recipient:|Recipient address:|Failed recipient:|Original address:|Unknown user:|User:|Mailbox:)\s*)?[<"'\[(]?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+@[A-Za-z0-9#\[][A-Za-z0-9.\-:\]]*[A-Za-z0-9\]])"#).ok()
});
/// Words that an address follows which could not be reached.
static AFTER_WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:mail to|deliver(?:y|ed|ing)?(?: (?:your|the|of))?(?: (?:mail|message|email|e-mail))? to|recipients?(?: address)?|rcpt to|user|mailbox(?: of| for)?|address|account|gateway for|for|size|attempts|to)(?:\s*:\s*|\s+)[<"'(\[]*([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+@[A-Za-z0-9#][A-Za-z0-9.\-]*[A-Za-z0-9])"#).ok()
});

/// Words behind a rule of dashes that begin the copy of the returned mail.
const COPIES: &[&str] = &[
    "below this line",
    "this is a copy",
    "original message",
    "the header of the original",
    "message header",
    "enclosed is a copy",
    "undelivered message",
    "unsent message",
    "your message was",
    "returned mail",
    "returned message",
    "transcript of message",
    "non-delivered message",
    "attachment is a copy",
    "original mail",
    "copy of the original",
    "original e-mail",
    "start of returned message",
    "begin of original message",
];
/// Such words that stand without a rule.
const COPIES_BARE: &[&str] = &[
    "message headers follow",
    "original message follows",
    "the first 50 lines of your original",
    "message header:",
    "original message headers",
    "returned message:",
    "the following is a copy of",
    "your original message follows",
    "copy of the original message",
    "start of returned message",
];

/// Where the copy of the returned mail begins in a text, in bytes.
pub fn copy_start(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.trim_start_matches([' ', '\t', '>']).to_ascii_lowercase();
        let inner = lower.trim_start_matches(['-', '=', '*', ' ']);
        let dashed = lower.starts_with("--") || lower.starts_with("==") || lower.starts_with("**");
        // An indented Message-ID only names the mail: "a message you sent with the following header fields".
        let named = !line.starts_with([' ', '\t']) && lower.starts_with("message-id: <");
        let field = named || ["received: ", "return-path: <", "dkim-signature: "].iter().any(|f| lower.starts_with(f));
        let copy =
            dashed && COPIES.iter().any(|c| inner.starts_with(c)) || COPIES_BARE.iter().any(|c| lower.starts_with(c));
        if at > 0 && (field || copy) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Reads the recipients. `original` is the returned mail, where it came as a part.
pub fn recipients(
    block: &Block<'_>,
    headers: &Headers,
    text: &str,
    original: Option<&str>,
    hint: Hint,
) -> Vec<ReportRecipient> {
    let text = text.get(..text.floor_char_boundary(TEXT_MAX)).unwrap_or(text);
    let (report, copy) = text.split_at(copy_start(text).unwrap_or(text.len()));
    let sender: Vec<String> = headers.to.iter().map(|a| a.email.to_lowercase()).collect();
    let delayed = is_delayed(headers.subject.as_deref().unwrap_or_default(), report);
    let mut found: Vec<String> = failed_recipients(block, hint);
    if found.is_empty() {
        found = at_line_starts(report, &sender);
    }
    if found.is_empty() {
        found = after_words(report, &sender);
    }
    if found.is_empty() {
        found = names_without_domain(report, headers);
    }
    if found.is_empty() {
        found = of_original(original.unwrap_or(copy), hint);
    }
    let whole = found.len() == 1;
    found
        .into_iter()
        .take(super::RECIPIENTS_MAX)
        .map(|email| {
            let mut recipient = ReportRecipient { final_recipient: Some(email), ..ReportRecipient::default() };
            recipient.action = Some(if delayed { "delayed" } else { "failed" }.to_owned());
            complete(&mut recipient, report, whole);
            recipient
        })
        .collect()
}

/// Fills in what a report left out: the words about this recipient, and the codes in them. `only`: all words are about
/// this one.
pub fn complete(recipient: &mut ReportRecipient, report: &str, only: bool) {
    let report = report.get(..report.floor_char_boundary(TEXT_MAX)).unwrap_or(report);
    let report = report.get(..copy_start(report).unwrap_or(report.len())).unwrap_or(report);
    let own = recipient.final_recipient.as_deref().map(|r| about(report, r)).unwrap_or_default();
    let words = if own.trim().is_empty() || only && codes::smtp_reply(&own).is_none() && codes::status(&own).is_none() {
        if only { report } else { &own }
    } else {
        &own
    };
    if recipient.smtp_reply.is_none() {
        let diagnostic = recipient.diagnostic_code.is_some();
        // A diagnostic without a code: the transcript beside it has one, unless the MTA itself refused.
        if !diagnostic || recipient.status.as_deref().is_none_or(|s| s.ends_with(".0.0")) {
            recipient.smtp_reply = codes::smtp_reply(words);
        }
    }
    if recipient.diagnostic_code.is_none() && !own.trim().is_empty() {
        let line: String = own.split_whitespace().collect::<Vec<_>>().join(" ");
        recipient.diagnostic_code = Some(line.chars().take(500).collect());
    }
    let delayed = recipient.action.as_deref() == Some("delayed");
    let general = recipient.status.as_deref().is_some_and(|s| s.ends_with(".0.0"));
    if general
        && let Some(said) = codes::status(words)
        && recipient.status.as_deref().is_some_and(|s| s.chars().next() == said.chars().next())
    {
        recipient.status = Some(said);
    }
    if recipient.status.is_none() {
        let explicit = codes::status(words).filter(|s| delayed == s.starts_with('4') || !delayed);
        recipient.status =
            Some(explicit.unwrap_or_else(|| codes::inferred(words, recipient.smtp_reply.as_deref(), delayed)));
    }
    if recipient.action.is_none() {
        let class = recipient.status.as_deref().and_then(|s| s.chars().next());
        recipient.action = Some(if class == Some('4') { "delayed" } else { "failed" }.to_owned());
    }
}

/// The words that follow a recipient, up to the next one.
fn about(report: &str, recipient: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in report.lines() {
        let starts = AT_LINE_START.as_ref().and_then(|r| r.captures(line)).and_then(|c| c.get(1)).map(|m| m.as_str());
        if let Some(address) = starts {
            inside = address.eq_ignore_ascii_case(recipient);
        } else if !inside && line.len() < 4000 && contains_ignoring_case(line, recipient) {
            out.push_str(line);
            out.push('\n');
        }
        if inside {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn contains_ignoring_case(line: &str, needle: &str) -> bool {
    line.to_ascii_lowercase().contains(&needle.to_ascii_lowercase())
}

fn failed_recipients(block: &Block<'_>, hint: Hint) -> Vec<String> {
    let mut out = Vec::new();
    for field in block.all("X-Failed-Recipients").take(20) {
        let value = String::from_utf8_lossy(field.value).replace(['\r', '\n'], " ");
        push_all(&mut out, address::list(&value, hint, &mut Vec::new()).into_iter().map(|a| a.email));
    }
    out
}

fn push_all(out: &mut Vec<String>, emails: impl IntoIterator<Item = String>) {
    for email in emails {
        let email = email.trim_matches(['.', '<', '>', '\'', '"', ':']).to_owned();
        if email.contains('@') && !out.iter().any(|o: &String| o.eq_ignore_ascii_case(&email)) {
            out.push(email);
        }
    }
}

fn usable(email: &str, sender: &[String]) -> bool {
    let lower = email.to_lowercase();
    !sender.contains(&lower)
        && !["postmaster@", "mailer-daemon@", "abuse@", "support@", "helpdesk@", "admin@"]
            .iter()
            .any(|p| lower.starts_with(p))
}

fn at_line_starts(report: &str, sender: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let Some(regex) = AT_LINE_START.as_ref() else { return out };
    for line in report.lines().take(2000) {
        let lower = line.trim_start().to_ascii_lowercase();
        // "(generated from a@x)" names where the address came from; From: names the sender.
        if lower.starts_with("(generated from")
            || lower.starts_with("(ultimately generated")
            || lower.starts_with("from")
        {
            continue;
        }
        if let Some(found) = regex.captures(line).and_then(|c| c.get(1)) {
            push_all(&mut out, Some(found.as_str().to_owned()).filter(|e| usable(e, sender)));
        }
    }
    if out.is_empty() {
        // Only the sender himself: a mail to oneself, or a domain's postmaster.
        for line in report.lines().take(2000) {
            if let Some(found) = regex.captures(line).and_then(|c| c.get(1)) {
                push_all(&mut out, Some(found.as_str().to_owned()));
                break;
            }
        }
    }
    out
}

fn after_words(report: &str, sender: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let Some(regex) = AFTER_WORDS.as_ref() else { return out };
    for found in regex.captures_iter(report).filter_map(|c| c.get(1)).take(200) {
        push_all(&mut out, Some(found.as_str().to_owned()).filter(|e| usable(e, sender)));
        if !out.is_empty() {
            return out;
        }
    }
    let Some(email) = EMAIL.as_ref() else { return out };
    for found in email.find_iter(report).take(200) {
        push_all(&mut out, Some(found.as_str().to_owned()).filter(|e| usable(e, sender)));
        if !out.is_empty() {
            break;
        }
    }
    out
}

/// AOL names its own users without the domain, one a line, indented.
fn names_without_domain(report: &str, headers: &Headers) -> Vec<String> {
    let Some((_, domain)) = headers.from.first().and_then(|f| f.email.split_once('@')) else { return Vec::new() };
    let word = |l: &&str| {
        l.starts_with(['\t', ' ']) && {
            let t = l.trim();
            (2..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
    };
    report.lines().filter(word).take(20).map(|l| format!("{}@{domain}", l.trim())).collect()
}

/// To whom the returned mail went, where that is one address.
fn of_original(original: &str, hint: Hint) -> Vec<String> {
    let start = original.find("Return-Path:").or(original.find("Received:")).or(original.find("From:")).unwrap_or(0);
    let block = scan::entity(original.get(start..).unwrap_or(original).as_bytes());
    let mut out = Vec::new();
    for name in ["X-Original-To", "To", "Cc"] {
        for field in block.all(name) {
            let value = String::from_utf8_lossy(field.value).replace(['\r', '\n'], " ");
            push_all(&mut out, address::list(&value, hint, &mut Vec::new()).into_iter().map(|a| a.email));
        }
        if !out.is_empty() {
            break;
        }
    }
    if out.len() == 1 { out } else { Vec::new() }
}

/// Whether delivery goes on being tried.
fn is_delayed(subject: &str, report: &str) -> bool {
    let subject = subject.to_lowercase();
    let report = report.to_lowercase();
    subject.contains("(delay)")
        || subject.contains("delayed")
        || subject.starts_with("warning: could not send message for past")
        || [
            "this is a warning message only",
            "will be retried",
            "will continue to be",
            "will keep trying",
            "has been delayed",
            "still being retried",
            "no action is required on your part",
            "not yet been delivered",
            "will try again",
            "is only a warning",
            "delivery attempts will continue",
            "you do not need to resend",
        ]
        .iter()
        .any(|w| report.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::headers;

    fn read(mail: &str) -> Vec<ReportRecipient> {
        let block = scan::entity(mail.as_bytes());
        let headers = headers::read(&block, Hint::default());
        let text = String::from_utf8_lossy(block.body).into_owned();
        recipients(&block, &headers, &text, None, Hint::default())
    }

    fn one(mail: &str, email: &str, status: &str, reply: Option<&str>) {
        let found = read(mail);
        assert_eq!(found.len(), 1, "{mail}\n{found:?}");
        let r = &found[0];
        assert_eq!(
            (r.final_recipient.as_deref(), r.status.as_deref(), r.smtp_reply.as_deref()),
            (Some(email), Some(status), reply),
            "{mail}"
        );
    }

    #[test]
    fn bounces_of_mail_systems() {
        let head = "From: MAILER-DAEMON@mx.example\nTo: me@desk.example\n\n";
        one(
            &format!(
                "{head}Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\n<jan@firma.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <me@desk.example>\n"
            ),
            "jan@firma.example",
            "5.1.1",
            None,
        );
        one(
            &format!(
                "{head}The following address(es) failed:\n\n  jan@firma.example\n    SMTP error from remote mail server after RCPT TO:<jan@firma.example>:\n    host mx.firma.example [192.0.2.1]: 550 no such user\n\n------ This is a copy of the message, including all the headers. ------\nTo: other@x.example\n"
            ),
            "jan@firma.example",
            "5.1.1",
            Some("550"),
        );
        one(
            &format!(
                "{head}<jan@firma.example>: host mx.firma.example[192.0.2.1] said: 452 4.2.2\n    Mailbox full (in reply to RCPT TO command)\n"
            ),
            "jan@firma.example",
            "4.2.2",
            Some("452"),
        );
        one(
            &format!(
                "{head}Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  jan@firma.example\n\nbecause:\n\n  User jan (jan@firma.example) not listed in Domino Directory\n"
            ),
            "jan@firma.example",
            "5.1.1",
            None,
        );
        one(
            &format!("{head}Sorry. Your mail could not be delivered to\n\n\tjannovak\n"),
            "jannovak@mx.example",
            "5.0.0",
            None,
        );
        one(
            &format!(
                "{head}Delivery to the following recipient has been delayed:\n\n     jan@firma.example\n\nMessage will be retried for 2 more day(s)\n"
            ),
            "jan@firma.example",
            "4.0.0",
            None,
        );
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(EMAIL.is_some() && AT_LINE_START.is_some() && AFTER_WORDS.is_some());
    }
}

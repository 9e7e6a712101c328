//! Asking for what is missing: what a good report of the category has and this one lacks, and the answer that completes it.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::ask::{Ask, Asked, Evidence, Present, spoken};
use crate::model::message::Message;
use crate::model::text::{clean_line, fold};
use crate::model::{Attachment, Category, Sender};

use super::route::media_type_is;
use super::work::{Case, Work, is_logo};

/// Characters of what was found that are kept.
const WHAT_MAX: usize = 80;

/// Signs of a mail that came back, in folded text: what a server said with its enhanced code (RFC 3463), the fields of a
/// report (RFC 3464) or of those who follow none, and who writes such mails.
static RETURNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)\b[45]\d\d[ \-#]{1,3}[45]\.\d{1,3}\.\d{1,3}\b|^[>\s]*(?:final-recipient|diagnostic-code|x-failed-recipients)\s*:[^\n]*|^from:[^\n]*\b(?:mailer-daemon|postmaster)@[^\n]*",
    )
    .expect("a valid pattern")
});

/// A header line that somebody copied: a name of letters and hyphens, a colon.
static HEADER_LINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^[>\s]*([A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*)").expect("a valid pattern"));

/// What the mail that opens a ticket has of what its category asks for. Of agents nothing is asked.
pub fn begin(case: &Case, work: &mut Work) {
    let Some(category) = category(case, work).filter(|_| !matches!(case.facts.sender, Sender::Agent(_))) else {
        return;
    };
    let read = Read::new(case.message, &case.message.text);
    let seq = work.ticket.entries;
    let look = |ask: &Ask| Asked {
        about: ask.about.clone(),
        found: read.find(&ask.present).map(|what| Evidence { seq, what }),
    };
    work.ticket.service.asks = category.ask.iter().map(look).collect();
}

/// A further word of the customer's may have what was missing: the list in the ticket is completed by it.
pub fn complete(case: &Case, work: &mut Work) {
    if missing(work).is_empty() {
        return;
    }
    let Some(category) = category(case, work) else { return };
    let read = Read::new(case.message, &case.message.reply.text);
    let seq = work.ticket.entries;
    let mut sent = Vec::new();
    let languages = [case.policy.desk.language];
    for asked in work.ticket.service.asks.iter_mut().filter(|asked| asked.found.is_none()) {
        let present = category.ask.iter().find(|ask| ask.about == asked.about).map(|ask| &ask.present);
        if let Some(what) = present.and_then(|present| read.find(present)) {
            sent.push(format!("{}: {what}", spoken(&asked.about, &languages).unwrap_or_default()));
            asked.found = Some(Evidence { seq, what });
        }
    }
    if sent.is_empty() {
        return;
    }
    let left = missing(work).len();
    let what = if left == 0 { "report complete".to_owned() } else { format!("report lacks {left} more") };
    work.event_by_desk(what, sent.join("; "));
}

/// What the ticket's report lacks, in the customer's language.
pub fn missing(work: &Work) -> Vec<String> {
    said(work, |asked| asked.found.is_none())
}

/// What it has.
pub fn have(work: &Work) -> Vec<String> {
    said(work, |asked| asked.found.is_some())
}

fn said(work: &Work, which: impl Fn(&Asked) -> bool) -> Vec<String> {
    let languages = [work.ticket.language, work.policy.desk.language];
    let asks = work.ticket.service.asks.iter().filter(|asked| which(asked));
    asks.filter_map(|asked| spoken(&asked.about, &languages)).collect()
}

fn category<'a>(case: &Case<'a>, work: &Work) -> Option<&'a Category> {
    let name = work.ticket.category.as_deref()?;
    case.policy.categories.iter().find(|c| c.name == name)
}

/// A mail as it is searched.
struct Read<'a> {
    message: &'a Message,
    /// Subject and text, folded.
    text: String,
    headers: LazyLock<String, Box<dyn FnOnce() -> String + 'a>>,
}

impl<'a> Read<'a> {
    /// `said`: what counts of its text. What an answer quotes is the desk's own.
    fn new(message: &'a Message, said: &'a str) -> Self {
        let forwarded = message.forward.as_ref().map_or("", |f| f.text.as_str());
        let text = fold(&format!("{}\n{said}\n{forwarded}", message.subject.as_deref().unwrap_or_default()));
        Read { message, text, headers: LazyLock::new(Box::new(move || headers(message, said))) }
    }

    /// What was found, in a few words.
    fn find(&self, present: &Present) -> Option<String> {
        match present {
            Present::Attachment(wanted) => self.attachment(wanted),
            Present::Text(pattern) => pattern.find(&self.text).map(|found| quoted(found.as_str())),
            Present::Header(pattern) => pattern.find(&self.headers).map(|found| quoted(found.as_str())),
            Present::Bounce => self.bounce(),
        }
    }

    /// The logo of a signature is no screenshot.
    fn attachment(&self, wanted: &str) -> Option<String> {
        let fits = |a: &&Attachment| media_type_is(&a.media_type, wanted) && !is_logo(a);
        self.message.attachments.iter().find(fits).map(|a| match &a.name {
            Some(name) => clean_line(&format!("{name} ({})", a.media_type), WHAT_MAX),
            None => a.media_type.clone(),
        })
    }

    fn bounce(&self) -> Option<String> {
        let is_report = |a: &&Attachment| {
            matches!(a.media_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
        };
        if let Some(report) = self.message.attachments.iter().find(is_report) {
            return Some(report.media_type.clone());
        }
        if let Some(found) = RETURNED.find(&self.text).or_else(|| RETURNED.find(&self.headers)) {
            return Some(quoted(found.as_str()));
        }
        let attached = self.message.attachments.iter().filter(|a| is_mail(a)).map(beginning);
        if let Some(found) =
            attached.map(|text| fold(&text)).find_map(|text| RETURNED.find(&text).map(|f| quoted(f.as_str())))
        {
            return Some(found);
        }
        let author = self.message.forwarded_author().and_then(|a| a.spec());
        let by_a_server = author.filter(|a| matches!(a.subaddress().0, "mailer-daemon" | "postmaster"));
        by_a_server.map(|author| quoted(author.as_str()))
    }
}

/// An attached mail.
fn is_mail(attachment: &Attachment) -> bool {
    let name = attachment.name.as_deref().unwrap_or_default().to_lowercase();
    matches!(attachment.media_type.as_str(), "message/rfc822" | "message/global") || name.ends_with(".eml")
}

fn beginning(attachment: &Attachment) -> String {
    String::from_utf8_lossy(attachment.beginning()).replace("\r\n", "\n")
}

fn quoted(words: &str) -> String {
    format!("\u{201c}{}\u{201d}", clean_line(words, WHAT_MAX))
}

/// The header lines that a mail carries: those of attached mails and reports, unfolded, and those copied into its text.
fn headers(message: &Message, said: &str) -> String {
    let mut out = String::new();
    for attachment in &message.attachments {
        let whole = matches!(
            attachment.media_type.as_str(),
            "message/delivery-status"
                | "message/global-delivery-status"
                | "text/rfc822-headers"
                | "message/feedback-report"
        );
        if !whole && !is_mail(attachment) {
            continue;
        }
        let text = beginning(attachment);
        let head = if whole { text.as_str() } else { text.split("\n\n").next().unwrap_or_default() };
        out.push_str(&head.replace("\n ", " ").replace("\n\t", " "));
        out.push('\n');
    }
    let forwarded = message.forward.as_ref().map_or("", |f| f.text.as_str());
    for text in [said, forwarded] {
        for line in HEADER_LINE.captures_iter(text).filter_map(|c| c.get(1)) {
            out.push_str(line.as_str());
            out.push('\n');
        }
    }
    fold(&out)
}

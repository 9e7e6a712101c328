//! The words of each mail: customers get one short text, agents all that they need to answer.

use jiff::Timestamp;
use minijinja::value::Value as Filled;

use crate::model::ask::spoken;
use crate::model::checklist::Item;
use crate::model::outgoing::{Addressee, MARKER, Template, Value};
use crate::model::promise::Called;
use crate::model::subject::bare;
use crate::model::text::{NAME_MAX, clean_line, clean_text};
use crate::model::{Draft, Policy, Ticket};

use super::ComposeError;
use super::texts::Texts;

/// Longest value on one line of a notification, in characters.
pub(super) const LINE_MAX: usize = 500;
/// Between the desk's words and those of the mail.
pub(super) const RULE: &str = "----------------------------------------";

/// The whole text of a mail, ending with a line feed. `left_off`: names of attachments that do not go along.
pub fn text(draft: &Draft, policy: &Policy, texts: &Texts<'_>, left_off: &[String]) -> Result<String, ComposeError> {
    let words = Words { draft, policy, texts };
    let text = match (draft.template, &draft.ticket) {
        (Template::Alarm, _) => words.alarm(),
        (Template::Refused, ticket) => words.refused(ticket.as_ref()),
        (Template::Receipt, ticket) => words.receipt(ticket.as_ref()),
        (Template::Crossed, Some(ticket)) => words.crossed(ticket),
        (Template::Confirm, ticket) => words.confirm(ticket.as_ref()),
        (Template::ConfirmOver, _) => words.texts.say("confirm-over", &[("desk", words.desk())]),
        (Template::Digest, _) => words.digest(),
        (Template::Weekly, _) => words.weekly(),
        (_, None) => return Err(ComposeError::NoTicket),
        (Template::Acknowledgement, Some(ticket)) => words.acknowledgement(ticket),
        (Template::AcknowledgementMinimal, Some(ticket)) => words.acknowledgement_minimal(ticket),
        (Template::Reminder | Template::Closed | Template::Resolved, Some(ticket)) => words.notice(ticket),
        (Template::Answer, Some(ticket)) => words.answer(ticket),
        (Template::NotifyBounce, Some(ticket)) => words.bounce(ticket),
        (Template::Page, Some(ticket)) => words.page(ticket),
        (
            Template::NotifyNew
            | Template::NotifyReply
            | Template::NotifyAssigned
            | Template::NotifyNote
            | Template::NotifyAnswer
            | Template::NotifyMerged
            | Template::NotifyDue
            | Template::NotifySilent
            | Template::NotifyReturned
            | Template::NotifyConfirmed
            | Template::NotifyProven,
            Some(ticket),
        ) => words.notification(ticket, left_off),
    };
    if draft.addressee == Addressee::Customer && text.contains(MARKER) {
        return Err(ComposeError::InternalText);
    }
    Ok(format!("{}\n", text.trim_end()))
}

pub(super) struct Words<'a> {
    pub(super) draft: &'a Draft,
    pub(super) policy: &'a Policy,
    pub(super) texts: &'a Texts<'a>,
}

impl Words<'_> {
    fn acknowledgement(&self, ticket: &Ticket) -> String {
        let token = self.policy.keys.subject_token(&self.policy.desk.prefix, ticket.token());
        let values = [
            ("number", Filled::from(ticket.number)),
            ("subject", Filled::from(bare(&ticket.subject, &self.policy.desk.prefix))),
            ("desk", self.desk()),
            ("token", Filled::from(token)),
            ("name", Filled::from(self.line("name").unwrap_or_default())),
            ("have", Filled::from(self.list("have"))),
            ("asks", Filled::from(self.list("asks"))),
            ("articles", Filled::from(self.list("articles"))),
            ("solved", Filled::from(self.line("solved").unwrap_or_default())),
            ("back", Filled::from(self.moment("back").unwrap_or_default())),
            ("restricted", Filled::from(self.restricted())),
        ];
        let key = if self.draft.values.contains_key("opened") { "acknowledgement-for" } else { "acknowledgement" };
        self.texts.say(key, &values)
    }

    fn acknowledgement_minimal(&self, ticket: &Ticket) -> String {
        let token = self.policy.keys.subject_token(&self.policy.desk.prefix, ticket.token());
        let values = [
            ("number", Filled::from(ticket.number)),
            ("desk", self.desk()),
            ("token", Filled::from(token)),
            ("back", Filled::from(self.moment("back").unwrap_or_default())),
            ("restricted", Filled::from(self.restricted())),
        ];
        self.texts.say("acknowledgement-minimal", &values)
    }

    /// What to do about a restricted request; empty where it is none.
    fn restricted(&self) -> String {
        let how = self.line("restricted").unwrap_or_default();
        if how.is_empty() { how } else { self.texts.word("restricted", &how, &[]).trim().to_owned() }
    }

    fn notice(&self, ticket: &Ticket) -> String {
        let close = self.line("close").and_then(|at| at.parse().ok()).map(|at| self.day(at));
        let values = [
            ("number", Filled::from(ticket.number)),
            ("subject", Filled::from(bare(&ticket.subject, &self.policy.desk.prefix))),
            ("desk", self.desk()),
            ("close", Filled::from(close.unwrap_or_default())),
        ];
        match self.draft.template {
            Template::Reminder => self.texts.say("reminder", &values),
            Template::Resolved => self.resolved(&values),
            _ => self.texts.say("closed", &values),
        }
    }

    fn resolved(&self, values: &[(&'static str, Filled)]) -> String {
        let mut values: Vec<(&'static str, Filled)> =
            values.iter().filter(|(name, _)| *name != "close").cloned().collect();
        values.push(("answer", Filled::from(self.text("answer").unwrap_or_default())));
        values.push(("days", Filled::from(self.line("days").unwrap_or_default())));
        self.texts.say("resolved", &values)
    }

    /// The agent's words and the desk's signature. The agent is named as the desk names him, never by the address from
    /// which he happened to write.
    fn answer(&self, ticket: &Ticket) -> String {
        let author = self.draft.author.as_ref();
        let known = author.and_then(|a| a.spec()).and_then(|spec| self.policy.agent_by_address(&spec));
        let agent = known
            .map(|agent| agent.display.as_str())
            .or_else(|| author.and_then(|a| a.name.as_deref()).filter(|name| !name.contains('@')))
            .filter(|name| *name != self.policy.desk.name) // which stands below in any case
            .map(|name| clean_line(name, NAME_MAX))
            .unwrap_or_default();
        let values = [("agent", Filled::from(agent)), ("desk", self.desk()), ("number", Filled::from(ticket.number))];
        let signature = self.texts.say("signature", &values);
        let resolved = self.line("resolved_days").map(|days| {
            let values = [("number", Filled::from(ticket.number)), ("days", Filled::from(days))];
            format!("\n\n{}", self.texts.say("answer-resolved", &values).trim())
        });
        format!("{}{}\n\n-- \n{}", self.said(), resolved.unwrap_or_default(), signature.trim())
    }

    fn notification(&self, ticket: &Ticket, left_off: &[String]) -> String {
        let mut out = self.head();
        let warnings = self.list("warnings");
        for warning in &warnings {
            let text = self.texts.word("warning", warning, &[]);
            // Some warn of somebody in particular.
            let whom = self.text(warning).map(|whom| format!(" ({whom})")).unwrap_or_default();
            out.push_str(&format!("!! {text}{whom}\n"));
        }
        if !warnings.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{}\n\n", self.intro(ticket)));
        out.push_str(&self.about_the_sender(ticket));
        out.push_str(&self.about_the_ticket(ticket));
        self.items(&mut out, "label-checklist", &checklist(ticket));
        self.items(&mut out, "label-copied", &self.list("copied"));
        self.items(&mut out, "label-similar", &self.list("similar"));
        self.items(&mut out, "label-earlier", &self.list("earlier"));
        self.items(&mut out, "label-left-off", left_off);
        self.how_to(&mut out);
        let said = self.said();
        if !said.is_empty() {
            out.push_str(&format!("\n{RULE}\n{said}\n"));
        }
        out
    }

    /// An empty line to write in, then the line under which nothing reaches the customer.
    pub(super) fn head(&self) -> String {
        format!("\n{MARKER}: {}\n\n", clean_line(&self.texts.say("marker", &[]), NAME_MAX))
    }

    fn intro(&self, ticket: &Ticket) -> String {
        let number = ("number", Filled::from(ticket.number));
        let actor = ("actor", Filled::from(self.line("actor").unwrap_or_else(|| self.policy.desk.name.clone())));
        let group = self.line("group").map(|group| ("group", Filled::from(group)));
        match (self.draft.template, group) {
            (Template::NotifyNew, Some(group)) => self.texts.say("notify-new-group", &[number, group]),
            (Template::NotifyNew, None) => self.texts.say("notify-new", &[number]),
            (Template::NotifyAssigned, Some(group)) => self.texts.say("notify-assigned-group", &[number, actor, group]),
            (Template::NotifyAssigned, None) => self.texts.say("notify-assigned", &[number, actor]),
            (Template::NotifyConfirmed, _) => {
                let who = ("who", Filled::from(self.line("who").unwrap_or_default()));
                let denied = self.draft.values.get("denied") == Some(&Value::Flag(true));
                self.texts.say(if denied { "notify-denied" } else { "notify-confirmed" }, &[number, who])
            }
            (Template::NotifyProven, _) => self.texts.say("notify-proven", &[number]),
            (Template::NotifyNote, _) => self.texts.say("notify-note", &[number, actor]),
            (Template::NotifyAnswer, _) => self.texts.say("notify-answer", &[number, actor]),
            (Template::NotifyMerged, _) => {
                let merged = ("merged", Filled::from(self.line("merged").unwrap_or_default()));
                self.texts.say("notify-merged", &[number, actor, merged])
            }
            (Template::NotifyDue, _) => self.due(number),
            (Template::NotifySilent, _) => {
                let days = ("days", Filled::from(self.line("days").unwrap_or_default()));
                self.texts.say("notify-silent", &[number, days])
            }
            (Template::NotifyReturned, _) => self.texts.say("notify-returned", &[number]),
            _ => self.texts.say("notify-reply", &[number]),
        }
    }

    /// What was promised runs out.
    fn due(&self, number: (&'static str, Filled)) -> String {
        let key = match self.line("promise").as_deref() {
            Some("respond") => "notify-due-respond",
            Some("update") => "notify-due-update",
            _ => "notify-due-resolve",
        };
        let when = ("when", Filled::from(self.moment("when").unwrap_or_default()));
        self.texts.say(key, &[number, when, ("percent", Filled::from(self.line("percent").unwrap_or_default()))])
    }

    fn about_the_sender(&self, ticket: &Ticket) -> String {
        let mut out = String::new();
        let author = self.draft.author.as_ref().unwrap_or(&ticket.requester);
        let sender = self.line("sender").unwrap_or_else(|| clean_line(&author.to_string(), LINE_MAX));
        self.label(&mut out, "label-from", Some(sender));
        // An agent wrote for a customer: it is the customer who gets the answer.
        let another = Some(&ticket.requester).filter(|to| !to.email.eq_ignore_ascii_case(&author.email));
        self.label(&mut out, "label-customer", another.map(|to| clean_line(&to.to_string(), LINE_MAX)));
        let subject = self.line("subject").unwrap_or_else(|| bare(&ticket.subject, &self.policy.desk.prefix));
        self.label(&mut out, "label-subject", Some(subject).filter(|s| !s.is_empty()));
        let organisation =
            self.line("organisation").or_else(|| ticket.organisation.as_deref().map(|o| clean_line(o, LINE_MAX)));
        self.label(&mut out, "label-organisation", organisation);
        self.label(&mut out, "label-believed", self.believed());
        self.label(&mut out, "label-contact-note", self.line("contact_note"));
        out
    }

    fn believed(&self) -> Option<String> {
        let mut shown = self.texts.word("believed", &self.line("believed")?, &[]);
        if let Some(strength) = self.line("strength") {
            shown.push_str(&format!(", {}", self.texts.word("strength", &strength, &[])));
        }
        if let Some(because) = self.line("believed_because") {
            shown.push_str(&format!(" ({because})"));
        }
        Some(shown)
    }

    fn about_the_ticket(&self, ticket: &Ticket) -> String {
        let mut out = String::new();
        self.label(&mut out, "label-category", ticket.category.as_deref().map(|c| clean_line(c, LINE_MAX)));
        self.label(&mut out, "label-priority", Some(self.texts.word("priority", ticket.priority.word(), &[])));
        self.label(&mut out, "label-status", Some(self.texts.word("status", ticket.status.word(), &[])));
        let answer = ticket.first_response_due_at.filter(|_| ticket.first_responded_at.is_none());
        self.label(&mut out, "label-answer-due", answer.map(|at| self.when(at)));
        self.label(&mut out, "label-update-due", ticket.service.update_due_at.map(|at| self.when(at)));
        let solution = ticket.resolve_due_at.filter(|_| ticket.resolved_at.is_none());
        self.label(&mut out, "label-solution-due", solution.map(|at| self.when(at)));
        let asks = |found: bool| self.asks(ticket, found);
        self.label(&mut out, "label-has", asks(true));
        self.label(&mut out, "label-lacks", asks(false));
        self.label(&mut out, "label-articles", super::service::offered(ticket, self.policy));
        self.label(&mut out, "label-hours", super::service::left(self.draft, self.texts));
        self.label(&mut out, "label-urgent", ticket.service.urgency.as_ref().map(|called| self.called(called)));
        let why: Vec<String> = self.list("why").iter().map(|why| self.why(why)).collect();
        self.label(&mut out, "label-why", Some(why.join("; ")).filter(|w| !w.is_empty()));
        out
    }

    /// What the report has, or lacks, of what its category asks for.
    fn asks(&self, ticket: &Ticket, found: bool) -> Option<String> {
        let languages = [self.draft.language, self.policy.desk.language];
        let asks = ticket.service.asks.iter().filter(|asked| asked.found.is_some() == found);
        let said: Vec<String> = asks.filter_map(|asked| spoken(&asked.about, &languages)).collect();
        Some(clean_line(&said.join("; "), LINE_MAX)).filter(|line| !line.is_empty())
    }

    fn called(&self, called: &Called) -> String {
        let key = if called.raised { "urgent-raised" } else { "urgent-not-raised" };
        let values = [
            ("word", Filled::from(clean_line(&called.word, LINE_MAX))),
            ("marked", Filled::from(called.marked)),
            ("tickets", Filled::from(called.tickets)),
        ];
        self.texts.say(key, &values)
    }

    /// A moment by the desk's clock, in this language.
    pub(super) fn when(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.policy.desk.timezone.clone());
        let [weekday, day, month] = self.date(&local);
        self.texts.say("when", &[weekday, day, month, ("time", Filled::from(local.strftime("%-H:%M").to_string()))])
    }

    /// The day of a moment by the desk's clock.
    pub(super) fn day(&self, at: Timestamp) -> String {
        self.texts.say("day", &self.date(&at.to_zoned(self.policy.desk.timezone.clone())))
    }

    fn date(&self, local: &jiff::Zoned) -> [(&'static str, Filled); 3] {
        let weekday = self.texts.say(&format!("weekday-{}", local.weekday().to_monday_one_offset()), &[]);
        let month = self.texts.say(&format!("month-{}", local.month()), &[]);
        [("weekday", Filled::from(weekday)), ("day", Filled::from(local.day())), ("month", Filled::from(month))]
    }

    /// A value of the draft that is a time.
    fn moment(&self, name: &str) -> Option<String> {
        Some(self.when(self.line(name)?.parse().ok()?))
    }

    /// A step of routing in this language, or the sentence as it is.
    fn why(&self, why: &str) -> String {
        let (step, rule) = why.split_once(':').unwrap_or((why, ""));
        let steps = ["category", "contact", "organisation", "mailbox", "desk", "group", "absence", "duty"];
        if steps.contains(&step) {
            return self.texts.word("why", step, &[("rule", Filled::from(rule.trim()))]);
        }
        why.to_owned()
    }

    fn refused(&self, ticket: Option<&Ticket>) -> String {
        let number = ("number", ticket.map_or_else(|| Filled::from(""), |t| Filled::from(t.number)));
        let because = self.line("because").unwrap_or_default();
        // Without a ticket there is nothing to which an answer to this mail could go.
        let mut out = ticket.map_or_else(String::new, |_| self.head());
        if because == "forged" {
            // None of it is the agent's: there is nothing to repeat.
            out.push_str(&format!("{}\n", self.texts.say("refused-forged", &[number])));
        } else {
            out.push_str(&format!("{}\n", self.texts.say("refused", &[number])));
            if !because.is_empty() {
                out.push_str(&format!("\n{}\n", self.texts.word("because", &because, &[])));
            }
            self.items(&mut out, "label-not-understood", &self.list("not_understood"));
            self.items(&mut out, "label-understood", &self.list("understood"));
        }
        if ticket.is_some() {
            self.how_to(&mut out);
        }
        let said = self.said();
        if !said.is_empty() {
            out.push_str(&format!("\n{}:\n{RULE}\n{said}\n", self.texts.say("label-your-mail", &[])));
        }
        out
    }

    /// The question at a registered address. An agent sees what he is asked about; a contact sees nothing of the mail but
    /// what kind of request it is.
    fn confirm(&self, ticket: Option<&Ticket>) -> String {
        let number = ("number", ticket.map_or_else(|| Filled::from(""), |t| Filled::from(t.number)));
        let count = |key| match self.draft.values.get(key) {
            Some(Value::Number(number)) => Filled::from(*number),
            _ => Filled::from(""),
        };
        let days = ("days", count("days"));
        match self.line("kind").as_deref() {
            Some("request") => {
                let category = ("category", Filled::from(self.line("category").unwrap_or_default()));
                self.texts.say("confirm-request", &[number, category, days, ("desk", self.desk())])
            }
            Some("address") => self.texts.say("confirm-address", &[days, ("desk", self.desk())]),
            Some("alternate") => self.texts.say("confirm-alternate", &[days, ("desk", self.desk())]),
            Some("mail") => self.about_a_mail_put_aside(&self.texts.say("confirm-mail", &[days])),
            Some("unclear") => self.texts.say("confirm-unclear", &[("desk", self.desk())]),
            Some("mail-unclear") => self.texts.say("confirm-mail-unclear", &[]),
            _ => {
                let asked = self.texts.say("confirm-agent", &[number, ("minutes", count("minutes"))]);
                format!("{}\n\n{RULE}\n{}\n", asked.trim_end(), self.said())
            }
        }
    }

    /// Whoever is asked sees the mail, and what speaks against it.
    fn about_a_mail_put_aside(&self, asked: &str) -> String {
        let mut out = format!("{}\n\n", asked.trim_end());
        self.label(&mut out, "label-from", self.line("sender"));
        self.label(&mut out, "label-subject", self.line("subject").filter(|s| !s.is_empty()));
        let failed = self.texts.word("believed", "failed", &[]);
        self.label(&mut out, "label-believed", self.line("because").map(|because| format!("{failed} ({because})")));
        format!("{out}\n{RULE}\n{}\n", self.said())
    }

    /// All of it in one line: it is read on a telephone, at night.
    fn page(&self, ticket: &Ticket) -> String {
        let due = ticket.first_response_due_at.filter(|_| ticket.first_responded_at.is_none());
        let values = [
            ("desk", self.desk()),
            ("number", Filled::from(ticket.number)),
            ("who", Filled::from(self.line("who").unwrap_or_default())),
            ("subject", Filled::from(bare(&ticket.subject, &self.policy.desk.prefix))),
            ("when", Filled::from(due.map(|at| self.when(at)).unwrap_or_default())),
        ];
        clean_line(&self.texts.say("page", &values), LINE_MAX)
    }

    fn bounce(&self, ticket: &Ticket) -> String {
        let mut out = self.head();
        let recipient = self.line("recipient").unwrap_or_else(|| clean_line(&ticket.requester.email, LINE_MAX));
        let values = [("number", Filled::from(ticket.number)), ("recipient", Filled::from(recipient))];
        out.push_str(&format!("{}\n", self.texts.say("bounce", &values)));
        let report = self.text("report").unwrap_or_default();
        if !report.is_empty() {
            out.push_str(&format!("\n{}:\n{report}\n", self.texts.say("label-report", &[])));
        }
        self.how_to(&mut out);
        let said = self.said();
        if !said.is_empty() {
            out.push_str(&format!("\n{RULE}\n{said}\n"));
        }
        out
    }

    /// In every mail to an agent that can be answered: an answer to it goes to the customer.
    pub(super) fn how_to(&self, out: &mut String) {
        let key = if self.draft.template == Template::NotifyNote { "how-to-note" } else { "how-to" };
        out.push_str(&format!("\n{}\n", self.texts.say(key, &[]).trim()));
    }

    fn alarm(&self) -> String {
        let mut out = format!("{}\n", self.texts.say("alarm", &[("desk", self.desk())]));
        let what = self.list("what");
        if !what.is_empty() {
            out.push('\n');
        }
        for sentence in what {
            out.push_str(&format!("- {sentence}\n"));
        }
        let said = self.said();
        if !said.is_empty() {
            out.push_str(&format!("\n{said}\n"));
        }
        out
    }

    fn desk(&self) -> Filled {
        Filled::from(clean_line(&self.policy.desk.name, NAME_MAX))
    }

    /// What the mail's author said, cleaned, without empty lines around it.
    pub(super) fn said(&self) -> String {
        clean_text(&self.draft.text).trim_end().trim_start_matches('\n').to_owned()
    }

    fn label(&self, out: &mut String, key: &str, value: Option<String>) {
        if let Some(value) = value {
            out.push_str(&format!("{}: {value}\n", self.texts.say(key, &[])));
        }
    }

    pub(super) fn items(&self, out: &mut String, key: &str, items: &[String]) {
        if !items.is_empty() {
            out.push_str(&format!("\n{}:\n", self.texts.say(key, &[])));
        }
        for item in items {
            out.push_str(&format!("  - {item}\n"));
        }
    }

    /// A value of the draft as one clean line; None where it is absent or empty.
    pub(super) fn line(&self, name: &str) -> Option<String> {
        let line = match self.draft.values.get(name)? {
            Value::Text(text) => clean_line(text, LINE_MAX),
            Value::Number(number) => number.to_string(),
            Value::Flag(_) | Value::Rows(_) | Value::Digest(_) | Value::Weeks(_) => return None,
            Value::List(items) => clean_line(&items.join(", "), LINE_MAX),
        };
        Some(line).filter(|l| !l.is_empty())
    }

    /// A value of several lines.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.draft.values.get(name)? {
            Value::Text(text) => Some(clean_text(text).trim().to_owned()),
            _ => self.line(name),
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.draft.values.get(name) {
            Some(Value::List(items)) => {
                items.iter().map(|item| clean_line(item, LINE_MAX)).filter(|item| !item.is_empty()).collect()
            }
            _ => self.line(name).into_iter().collect(),
        }
    }
}

/// What its first mail asked for by number, and what of it is done.
fn checklist(ticket: &Ticket) -> Vec<String> {
    let line = |(number, item): (usize, &Item)| {
        let tick = if item.done.is_some() { "x" } else { " " };
        format!("[{tick}] {number}. {}", clean_line(&item.text, LINE_MAX))
    };
    (1..).zip(&ticket.hands.checklist).map(line).collect()
}

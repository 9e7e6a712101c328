//! What the desk answers an agent: lists, histories, help, and why an answer waits.

use jiff::Timestamp;
use minijinja::value::Value as Filled;

use crate::model::Ticket;
use crate::model::outgoing::{Row, Value};
use crate::model::subject::bare;
use crate::model::text::{NAME_MAX, clean_line, clean_text};

use super::body::{LINE_MAX, RULE, Words};

impl Words<'_> {
    /// An answer to what an agent asked.
    pub(super) fn receipt(&self, ticket: Option<&Ticket>) -> String {
        // Without a ticket there is nothing to which an answer to this mail could go.
        let mut out = ticket.map_or_else(String::new, |_| self.head());
        if let Some(Value::Rows(rows)) = self.draft.values.get("rows") {
            let mut told = String::new();
            rows.iter().for_each(|row| self.row(&mut told, row, ticket));
            out.push_str(&format!("{}\n", told.trim_end()));
        }
        let said = self.said();
        if !said.is_empty() {
            out.push_str(&format!("\n{RULE}\n{said}\n"));
        }
        if ticket.is_some() {
            self.how_to(&mut out);
        }
        out
    }

    fn row(&self, out: &mut String, row: &Row, ticket: Option<&Ticket>) {
        let local =
            |at: &Timestamp| at.to_zoned(self.policy.desk.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        match row {
            Row::Title(key, about) => {
                let number = ticket.map_or_else(|| Filled::from(""), |t| Filled::from(t.number));
                let values = [("about", Filled::from(clean_line(about, LINE_MAX))), ("number", number)];
                if !out.is_empty() {
                    out.push('\n');
                }
                out.push_str(&format!("{}\n\n", self.texts.say(key, &values).trim_end()));
            }
            Row::Ticket { number, status, owner, requester, subject, at } => {
                let prefix = &self.policy.desk.prefix;
                let status = self.texts.word("status", status.word(), &[]);
                let owner = owner.as_deref().map_or_else(|| "–".to_owned(), |owner| clean_line(owner, NAME_MAX));
                let local = local(at);
                let subject = bare(subject, prefix);
                let requester = clean_line(requester, NAME_MAX);
                out.push_str(&format!(
                    "  {prefix}-{number}  {subject}\n      {status}, {owner}, {requester}, {local}\n"
                ));
            }
            Row::Event { at, actor, what, because } => {
                let local = local(at);
                let because = clean_line(because, LINE_MAX);
                let because = if because.is_empty() { because } else { format!(" ({because})") };
                let (actor, what) = (clean_line(actor, NAME_MAX), clean_line(what, LINE_MAX));
                out.push_str(&format!("  {local}  {actor}: {what}{because}\n"));
            }
            Row::Command { word, argument, also } => {
                let argument = if argument.is_empty() { String::new() } else { format!(" {argument}") };
                let also = if also == word { String::new() } else { format!("  (#{also})") };
                let does = self.texts.say(&format!("does-{word}"), &[]);
                out.push_str(&format!("  #{word}{argument}{also}\n      {}\n", does.trim()));
            }
            Row::Line(line) => out.push_str(&format!("  {}\n", clean_line(line, LINE_MAX))),
            Row::Nothing => out.push_str(&format!("  {}\n", self.texts.say("receipt-nothing", &[]))),
            Row::More => out.push_str(&format!("  {}\n", self.texts.say("receipt-more", &[]))),
        }
    }

    /// His answer waits: what came in between stands above his own words.
    pub(super) fn crossed(&self, ticket: &Ticket) -> String {
        let key = match self.line("what").as_deref() {
            Some("merged") => "crossed-merged",
            _ => "crossed-answered",
        };
        let values = [
            ("number", Filled::from(ticket.number)),
            ("actor", Filled::from(self.line("actor").unwrap_or_default())),
            ("merged", Filled::from(self.line("merged").unwrap_or_default())),
        ];
        let mut out = format!("{}{}\n", self.head(), self.texts.say(key, &values).trim_end());
        let answer = match self.draft.values.get("answer") {
            Some(Value::Text(answer)) => clean_text(answer).trim().to_owned(),
            _ => String::new(),
        };
        for line in answer.lines() {
            out.push_str(&format!("{}\n", format!("> {line}").trim_end()));
        }
        let said = self.said();
        if !said.is_empty() {
            out.push_str(&format!("\n{}:\n{RULE}\n{said}\n", self.texts.say("label-your-mail", &[])));
        }
        out
    }
}

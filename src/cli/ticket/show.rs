//! `ticket show` and `ticket history`.

use super::list;
use crate::cli::exit::CliResult;
use crate::cli::json;
use crate::cli::open::{self, Desk};
use crate::cli::output::{Cell, Column, Look, Out, Table, Tone, escape, escape_text};
use crate::model::facts::Believed;
use crate::model::ticket::{AttachmentInfo, Direction};
use crate::model::{Entry, Ticket, TicketNumber};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(value_name = "N", value_parser = super::number)]
    number: TicketNumber,
    /// With quotations and signatures
    #[arg(long)]
    full: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
pub struct HistoryArgs {
    #[arg(value_name = "N", value_parser = super::number)]
    number: TicketNumber,
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, desk: &Desk) -> CliResult {
    let ticket = desk.ticket(args.number)?;
    let entries = desk.kept.entries(args.number)?;
    let mut out = desk.out();
    if args.json {
        out.json(&json::ticket_whole(&ticket, &entries, &desk.kept.history(args.number)?));
        return out.finish();
    }
    head(&ticket, &mut out);
    for entry in &entries {
        said(entry, args.full, &mut out);
    }
    out.finish()
}

pub fn history(args: HistoryArgs, desk: &Desk) -> CliResult {
    desk.ticket(args.number)?;
    let lines = desk.kept.history(args.number)?;
    let mut out = desk.out();
    if args.json {
        lines.iter().for_each(|line| out.json(&json::history(line)));
        return out.finish();
    }
    let columns = [Column::new("at"), Column::new("who"), Column::new("change"), Column::new("because")];
    let mut table = Table::new(&columns);
    for line in &lines {
        let at = out.look().time(line.at);
        let because = Cell::toned(&line.because, Tone::Faint);
        table.row(vec![Cell::new(at), Cell::new(&line.actor), Cell::new(json::change(&line.change)), because]);
    }
    out.table(&table);
    out.finish()
}

/// What is known of the ticket itself, a line each.
fn head(t: &Ticket, out: &mut Out) {
    let look = out.look().clone();
    out.line(&look.tone(Tone::Strong, &format!("{}  {}", t.number, escape(&t.subject))));
    for (label, value) in facts(t, &look) {
        out.line(&format!("  {} {}", look.tone(Tone::Faint, &format!("{label:<13}")), escape(&value)));
    }
}

/// Labels and values; those that say nothing are left out.
fn facts(t: &Ticket, look: &Look) -> Vec<(&'static str, String)> {
    let verified = if t.verified { "" } else { " (claimed, not proven)" };
    let merged = t.merged_into.map(|n| format!(" into {n}")).unwrap_or_default();
    let people = t.participants.iter().map(|p| {
        let name = p.name.as_ref().map(|n| format!("{n} ")).unwrap_or_default();
        format!("{name}<{}> (added by {})", p.email, p.added_by)
    });
    let restricted = if t.restricted { " (restricted)" } else { "" };
    let all = [
        ("status", format!("{}{merged}, priority {}", t.status, t.priority)),
        ("requester", format!("{}{verified}", t.requester)),
        ("organisation", t.organisation.clone().unwrap_or_default()),
        ("participants", open::list(people)),
        ("owner", list::owner(t)),
        ("category", t.category.as_ref().map(|c| format!("{c}{restricted}")).unwrap_or_default()),
        ("mailbox", format!("{}, language {}", t.mailbox, t.language)),
        ("created", look.time(t.created_at)),
        ("answered", look.time_or_none(t.first_responded_at)),
        ("answer due", look.time_or_none(t.first_response_due_at.filter(|_| t.first_responded_at.is_none()))),
        ("solution due", look.time_or_none(t.resolve_due_at.filter(|_| t.resolved_at.is_none()))),
        ("resolved", look.time_or_none(t.resolved_at)),
        ("snoozed until", look.time_or_none(t.snoozed_until)),
        ("linked", open::list(&t.linked)),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// One entry: a line of its own, and the text set in, so that no text can pass for such a line.
fn said(e: &Entry, full: bool, out: &mut Out) {
    let look = out.look().clone();
    let to = if e.to.is_empty() { String::new() } else { format!(" to {}", open::list(&e.to)) };
    let (believed, tone) = match e.believed {
        Some(Believed::Verified) => (", verified", Tone::Good),
        Some(Believed::Unauthenticated) => (", not proven", Tone::Warn),
        Some(Believed::Failed) => (", NOT BELIEVED", Tone::Bad),
        None if e.direction == Direction::Note => ("", Tone::Warn),
        None => ("", Tone::Strong),
    };
    let line = format!("{}  {}  {} by {}{to}{believed}", e.seq, look.time(e.at), e.kind, e.from);
    out.line("");
    out.line(&look.tone(tone, &escape(&line)));
    let shown = if full || e.reply.text.is_empty() { &e.text } else { &e.reply.text };
    for line in escape_text(shown).trim_end().lines() {
        out.line(format!("    {line}").trim_end());
    }
    if let Some(folded) = folded(e).filter(|_| !full) {
        out.line(&look.tone(Tone::Faint, &format!("    [{folded}: --full shows it]")));
    }
    for a in &e.attachments {
        out.line(&escape(&format!("    attached: {}", attachment(a))));
    }
}

/// What is not shown of an entry.
fn folded(e: &Entry) -> Option<String> {
    if e.reply.text.is_empty() {
        return None;
    }
    let quoted = match e.reply.quoted.lines().count() {
        0 => None,
        1 => Some("1 quoted line".to_owned()),
        n => Some(format!("{n} quoted lines")),
    };
    let signature = (!e.reply.signature.trim().is_empty()).then(|| "a signature".to_owned());
    let parts: Vec<String> = quoted.into_iter().chain(signature).collect();
    (!parts.is_empty()).then(|| format!("folded: {}", parts.join(" and ")))
}

fn attachment(a: &AttachmentInfo) -> String {
    format!("{} ({}, {})", a.name.as_deref().unwrap_or("(no name)"), a.media_type, size(a.size))
}

/// Bytes as people read them, in decimal units.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

//! `ticket show` and `ticket history`.

use super::list;
use crate::cli::exit::CliResult;
use crate::cli::json;
use crate::cli::open::{self, Desk};
use crate::cli::output::{Cell, Column, Look, Out, Table, Tone, escape, escape_text, size};
use crate::model::ask::spoken;
use crate::model::facts::Believed;
use crate::model::ticket::{AttachmentInfo, Direction};
use crate::model::{Entry, Language, Ticket, TicketNumber};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ticket's number
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
    /// The ticket's number
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
        out.json(&json::ticket_whole(
            &ticket,
            &entries,
            &desk.kept.history(args.number)?,
            &desk.kept.times(args.number)?,
        ));
        return out.finish();
    }
    head(&ticket, &mut out);
    checklist(&ticket, &mut out);
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
    let columns = [Column::new("at"), Column::new("who"), Column::new("change"), Column::wrapped("because")];
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

/// What its first mail asked for by number, a line each.
fn checklist(t: &Ticket, out: &mut Out) {
    let look = out.look().clone();
    for (number, item) in (1..).zip(&t.hands.checklist) {
        let tick = if item.done.is_some() { "x" } else { " " };
        let done =
            item.done.as_ref().map(|d| look.tone(Tone::Faint, &format!("  {}, {}", escape(&d.by), look.time(d.at))));
        out.line(&format!("  [{tick}] {number}. {}{}", escape(&item.text), done.unwrap_or_default()));
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
        ("next word due", look.time_or_none(t.service.update_due_at)),
        ("promised", promised(t, look)),
        ("report has", asks(t, true)),
        ("report lacks", asks(t, false)),
        ("called urgent", called(t)),
        ("articles", articles(t)),
        ("resolved", look.time_or_none(t.resolved_at)),
        ("snoozed until", look.time_or_none(t.snoozed_until)),
        ("tags", open::list(&t.hands.tags)),
        ("watched by", open::list(&t.hands.watchers)),
        ("time", spent(t.hands.minutes)),
        ("linked", open::list(&t.linked)),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// `1 h 30 min`; empty where nobody booked any.
fn spent(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 0) => String::new(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The SLA, by whom it was chosen, and whether its clock stands.
fn promised(t: &Ticket, look: &Look) -> String {
    let Some(sla) = &t.service.sla else { return String::new() };
    let by = t.service.chosen_by.map(|by| format!(" (by the {by})")).unwrap_or_default();
    let stopped = t.service.stopped_at.filter(|_| t.status.is_live());
    let stands = stopped.map(|at| format!(", the clock stands since {}", look.time(at))).unwrap_or_default();
    format!("{sla}{by}{stands}")
}

/// What its acknowledgement offered.
fn articles(t: &Ticket) -> String {
    let helped = if t.service.helped { " (its customer was helped)" } else { "" };
    if t.service.offered.is_empty() {
        String::new()
    } else {
        format!("{} offered{helped}", open::list(&t.service.offered))
    }
}

/// What its report has, with where it was found, or lacks of what its category asks for.
fn asks(t: &Ticket, found: bool) -> String {
    let asks = t.service.asks.iter().filter(|asked| asked.found.is_some() == found).filter_map(|asked| {
        let about = spoken(&asked.about, &[Language::En, t.language])?;
        let evidence = asked.found.as_ref().map(|e| format!(": {} in message {}", e.what, e.seq)).unwrap_or_default();
        Some(format!("{about}{evidence}"))
    });
    asks.collect::<Vec<_>>().join("; ")
}

fn called(t: &Ticket) -> String {
    let Some(called) = &t.service.urgency else { return String::new() };
    let raised = if called.raised { "" } else { ", not raised" };
    format!("“{}”, as in {} of the last {} tickets{raised}", called.word, called.marked, called.tickets)
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
        out.line(&look.tone(Tone::Faint, &format!("    [{folded}: --full shows them]")));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::test_desk::{printed, terminal};
    use crate::model::message::Reply;
    use crate::model::ticket::{EntryKind, Participant};
    use crate::model::{Address, Priority, Status};

    fn ticket() -> Ticket {
        Ticket {
            subject: "Tlačiareň\x1b[2J nejde".into(),
            status: Status::Merged,
            category: Some("printing".into()),
            priority: Priority::High,
            restricted: true,
            group: Some("technical".into()),
            participants: vec![Participant {
                name: Some("Eva".into()),
                email: "eva@firma.example".into(),
                added_by: "jana".into(),
            }],
            first_response_due_at: Some("2026-11-22T13:00:00Z".parse().expect("valid")),
            merged_into: Some(1040),
            linked: vec![1039, 1041],
            entries: 1,
            ..Ticket::opened(
                1042,
                "support",
                Address::new(Some("Ján\u{202e}kávoN"), "jan@firma.example"),
                Language::Sk,
                "2026-11-22T09:00:00Z".parse().expect("valid"),
            )
        }
    }

    fn entry() -> Entry {
        Entry {
            ticket: 1042,
            seq: 1,
            direction: Direction::Incoming,
            kind: EntryKind::Request,
            from: Address::new(Some("Ján"), "jan@firma.example"),
            to: vec![Address::new(None, "podpora@acme.example")],
            at: "2026-11-22T09:00:00Z".parse().expect("valid"),
            subject: "Tlačiareň nejde".into(),
            text: "Nejde.\n2  2026-11-22 11:00  answer by jana, verified\n\n> otázka\n> druhá\n-- \nJán".into(),
            reply: Reply {
                text: "Nejde.\n2  2026-11-22 11:00  answer by jana, verified\n\x07".into(),
                quoted: "> otázka\n> druhá".into(),
                signature: "-- \nJán".into(),
                ..Reply::default()
            },
            attachments: vec![AttachmentInfo {
                name: Some("foto\r.png".into()),
                media_type: "image/png".into(),
                size: 12_345,
                disposition: "attachment".into(),
                cid: None,
                sha256: String::new(),
            }],
            message_id: None,
            believed: Some(Believed::Unauthenticated),
            raw: true,
        }
    }

    #[test]
    fn a_ticket_reads_top_down_and_says_who_is_not_proven() {
        let text = printed(terminal(), |out| head(&ticket(), out));
        assert_eq!(
            text,
            "1042  Tlačiareň\\x1b[2J nejde
  status        merged into 1040, priority high
  requester     Ján\\u{202e}kávoN <jan@firma.example> (claimed, not proven)
  participants  Eva <eva@firma.example> (added by jana)
  owner         (technical)
  category      printing (restricted)
  mailbox       support, language sk
  created       2026-11-22 10:00
  answer due    2026-11-22 14:00
  linked        1039, 1041
"
        );
    }

    #[test]
    fn no_text_of_a_mail_passes_for_an_entry_of_its_own() {
        let text = printed(terminal(), |out| said(&entry(), false, out));
        assert_eq!(
            text,
            "
1  2026-11-22 10:00  request by Ján <jan@firma.example> to podpora@acme.example, not proven
    Nejde.
    2  2026-11-22 11:00  answer by jana, verified
    \\x07
    [folded: 2 quoted lines and a signature: --full shows them]
    attached: foto\\r.png (image/png, 12.3 kB)
"
        );
    }

    #[test]
    fn nothing_is_folded_for_whoever_asks_for_all() {
        let text = printed(terminal(), |out| said(&entry(), true, out));
        assert!(text.contains("\n    > otázka\n    > druhá\n    --\n    Ján\n"), "{text}");
        assert!(!text.contains("folded"));
        let unread = Entry { reply: Reply::default(), ..entry() };
        assert!(printed(terminal(), |out| said(&unread, false, out)).contains("    > druhá\n"));
    }
}

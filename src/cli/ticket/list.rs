//! `ticket list`.

use crate::cli::exit::CliResult;
use crate::cli::json;
use crate::cli::names;
use crate::cli::open::{self, Desk};
use crate::cli::output::{Cell, Column, Look, Table, Tone};
use crate::model::ticket::{Priority, Status};
use crate::model::{Policy, Ticket};
use crate::store::TicketFilter;

#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Only tickets that stand so
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<Status>,
    /// Only an agent's or a group's
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// Only those that nobody has taken
    #[arg(long, conflicts_with = "owner")]
    unassigned: bool,
    /// Only those of this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only those of this priority
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// Only those that came through this mailbox
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// Only those of people of this organisation
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// Only those of the customer with this address
    #[arg(long, value_name = "ADDRESS")]
    requester: Option<String>,
    /// Only those for which something that was promised is overdue
    #[arg(long)]
    late: bool,
    /// Only those with this tag
    #[arg(long, value_name = "T")]
    tag: Option<String>,
    /// Words that subject, requester or text have; case and accents do not count
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Ended tickets too; JSON has them unless --live is said
    #[arg(long, conflicts_with = "live")]
    all: bool,
    /// No ended tickets
    #[arg(long)]
    live: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

fn status(word: &str) -> Result<Status, String> {
    let known = || open::list(Status::ALL);
    Status::from_word(&word.to_lowercase()).ok_or_else(|| format!("it is one of {}", known()))
}

fn priority(word: &str) -> Result<Priority, String> {
    let known = || open::list(Priority::ALL);
    Priority::from_word(&word.to_lowercase()).ok_or_else(|| format!("it is one of {}", known()))
}

pub fn run(args: Args, desk: &Desk) -> CliResult {
    let json = args.json;
    let hint = hint(&args, desk.policy());
    let tickets = desk.kept.tickets(&filter(args, desk.policy()))?;
    let mut out = desk.out();
    if json {
        tickets.iter().for_each(|t| out.json(&json::ticket(t)));
    } else {
        let table = table(&tickets, out.look());
        out.table(&table);
    }
    if tickets.is_empty() && (out.look().terminal || hint.is_some()) {
        eprintln!("postdesk: No such tickets{}", hint.unwrap_or_default());
    }
    out.finish()
}

fn filter(args: Args, policy: &Policy) -> TicketFilter {
    TicketFilter {
        // People look for what there is to do; programs, which filter for themselves, get everything. Who asks for closed
        // tickets wants to see them.
        all: !args.live && (args.all || args.json || args.status.is_some_and(|s| !s.is_live())),
        status: args.status,
        owner: args.owner.map(|who| policy.assignee(&who).map_or(who, |a| a.name().to_owned())),
        unassigned: args.unassigned,
        category: args.category,
        priority: args.priority,
        mailbox: args.mailbox,
        organisation: args.organisation,
        requester: args.requester.map(|a| a.trim().to_lowercase()),
        late: args.late.then(jiff::Timestamp::now),
        tag: args.tag.map(|t| t.trim().trim_start_matches('#').to_lowercase()),
        search: args.search,
        limit: args.limit,
    }
}

/// Why a list may be empty: a name that the configuration does not have. It is no error, for tickets keep the names of
/// agents, categories and mailboxes that were removed since.
fn hint(args: &Args, policy: &Policy) -> Option<String> {
    let unknown = |what: &str, name: &Option<String>, known: Vec<&str>| {
        let name = name.as_ref().filter(|n| !known.contains(&n.as_str()))?;
        Some(format!(". {}", names::unknown(what, name, &known)))
    };
    let owner = args.owner.clone().filter(|who| policy.assignee(who).is_none());
    unknown("agent or group", &owner, names::people(policy))
        .or_else(|| unknown("category", &args.category, policy.categories.iter().map(|c| c.name.as_str()).collect()))
        .or_else(|| unknown("mailbox", &args.mailbox, policy.mailboxes.iter().map(|m| m.name.as_str()).collect()))
}

pub fn table(tickets: &[Ticket], look: &Look) -> Table {
    let mut table = Table::new(&[
        Column::right("ticket"),
        Column::new("status"),
        Column::new("priority"),
        Column::new("owner"),
        Column::flexible("requester"),
        Column::flexible("subject"),
        Column::new("updated"),
    ]);
    for t in tickets {
        table.row(vec![
            Cell::new(t.number),
            Cell::toned(t.status, status_tone(t.status)),
            Cell::toned(t.priority, priority_tone(t.priority)),
            Cell::new(owner(t)),
            Cell::new(&t.requester),
            Cell::new(&t.subject),
            Cell::new(look.time(t.updated_at)),
        ]);
    }
    table
}

/// The owner, else the group whose turn it is, in parentheses.
pub fn owner(t: &Ticket) -> String {
    match (&t.owner, &t.group) {
        (Some(owner), _) => owner.clone(),
        (None, Some(group)) => format!("({group})"),
        (None, None) => String::new(),
    }
}

pub fn status_tone(status: Status) -> Tone {
    match status {
        Status::New => Tone::Strong,
        Status::Open => Tone::Plain,
        Status::Waiting | Status::Snoozed | Status::Resolved | Status::Closed | Status::Merged => Tone::Faint,
    }
}

fn priority_tone(priority: Priority) -> Tone {
    match priority {
        Priority::Low => Tone::Faint,
        Priority::Normal => Tone::Plain,
        Priority::High => Tone::Warn,
        Priority::Urgent => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::test_desk::policy;

    #[test]
    fn asking_for_ended_tickets_by_status_shows_them() {
        let closed = filter(Args { status: Some(Status::Closed), ..Args::default() }, &policy());
        assert!(closed.all);
        let open = filter(Args { status: Some(Status::Open), ..Args::default() }, &policy());
        assert!(!open.all);
        assert!(status("Open").is_ok());
        let known = "it is one of new, open, waiting, snoozed, resolved, closed, merged";
        assert_eq!(status("opne"), Err(known.into()));
    }

    #[test]
    fn an_owner_is_known_by_address_too_and_a_typo_is_named() {
        let by = |who: &str| Args { owner: Some(who.into()), ..Args::default() };
        assert_eq!(filter(by("jana@acme.example"), &policy()).owner.as_deref(), Some("jana"));
        assert_eq!(filter(by("former"), &policy()).owner.as_deref(), Some("former"));
        assert_eq!(hint(&by("jana@acme.example"), &policy()), None);
        assert_eq!(
            hint(&by("jama"), &policy()).as_deref(),
            Some(". No agent or group is called \"jama\"; did you mean \"jana\"? (known are: jana, peter, technical)")
        );
    }
}

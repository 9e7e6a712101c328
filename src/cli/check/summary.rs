//! What a valid configuration makes the desk do, in a few lines that an operator can read through.

use serde_json::{Value, json};

use crate::config::{Config, Dns, OutgoingVia, Server, Source, Tls};
use crate::model::Language;
use crate::model::desk::{Agent, Assignee, Category, Group, Mailbox, Start};
use crate::model::duty::Rota;

/// A line each, without line ends.
pub fn text(config: &Config) -> Vec<String> {
    let policy = &config.policy;
    let desk = &policy.desk;
    let mut lines = vec![
        format!(
            "Desk      {}, tokens [{}-…], language {}, zone {}",
            desk.name,
            desk.prefix,
            desk.language,
            zone(config)
        ),
        format!("          without a better choice: {}", assignee(&desk.owner)),
        format!("State     {}", config.state.display()),
    ];
    lines.push(match &desk.operator {
        Some(address) => format!("Trouble   is reported to {address}"),
        None => "Trouble   is reported in the log only (no `operator`)".to_owned(),
    });
    for mailbox in &policy.mailboxes {
        lines.extend(mailbox_lines(config, mailbox));
    }
    lines.push(format!("Leaving   {}", outgoing(config)));
    lines.push(format!(
        "DNS       {}",
        match &config.dns {
            Dns::System => "the system's resolvers".to_owned(),
            Dns::Servers(servers) => join(servers),
            Dns::Off => "none: only Authentication-Results prove a sender".to_owned(),
        }
    ));
    lines.extend(policy.agents.iter().map(agent));
    lines.extend(policy.groups.iter().map(group));
    lines.extend(policy.categories.iter().map(category));
    lines.extend(policy.promises.rotas.iter().map(rota));
    if !policy.articles.all.is_empty() {
        lines.push(format!(
            "Articles  {}, offered from {:.2} on",
            policy.articles.all.len(),
            policy.articles.threshold
        ));
    }
    for (language, texts) in &policy.texts {
        lines.push(format!("Texts     {language}: {} of your own", texts.len()));
    }
    lines
}

/// The same as one object.
pub fn json(config: &Config) -> Value {
    let policy = &config.policy;
    let desk = &policy.desk;
    json!({
        "kind": "summary",
        "valid": true,
        "mistakes": 0,
        "desk": {
            "name": desk.name, "prefix": desk.prefix, "domain": desk.domain, "language": desk.language.code(),
            "timezone": zone(config), "owner": desk.owner.name(), "operator": desk.operator,
        },
        "state": config.state.to_string_lossy(),
        "mailboxes": policy.mailboxes.iter().map(|m| json!({
            "name": m.name, "address": m.address, "aliases": m.aliases, "owner": m.owner.as_ref().map(Assignee::name),
            "language": m.language.map(Language::code), "start": start(m.start), "observe": m.observe,
            "believe": m.believe, "hops": m.hops, "plus": m.plus,
            "source": config.source(&m.name).map(|s| source(&s.from)),
        })).collect::<Vec<_>>(),
        "outgoing": outgoing(config),
        "agents": policy.agents.iter().map(|a| json!({
            "name": a.name, "addresses": a.addresses, "disabled": a.disabled, "absences": a.away.len(),
        })).collect::<Vec<_>>(),
        "groups": policy.groups.iter().map(|g| json!({ "name": g.name, "members": g.members })).collect::<Vec<_>>(),
        "categories": policy.categories.iter().map(|c| json!({
            "name": c.name, "owner": c.owner.as_ref().map(Assignee::name), "restricted": c.restricted,
        })).collect::<Vec<_>>(),
        "duty": policy.promises.rotas.iter().map(|r| json!({
            "name": r.name, "agents": r.agents, "weeks": r.weeks.len(), "categories": r.categories,
        })).collect::<Vec<_>>(),
    })
}

fn zone(config: &Config) -> String {
    config.policy.desk.timezone.iana_name().unwrap_or("UTC").to_owned()
}

fn mailbox_lines(config: &Config, mailbox: &Mailbox) -> Vec<String> {
    let from = config.source(&mailbox.name).map_or_else(String::new, |s| source(&s.from));
    let mut lines = vec![format!("Mailbox   {} <{}> from {from}", mailbox.name, mailbox.address)];
    if !mailbox.aliases.is_empty() {
        lines.push(format!("          also {}", join(&mailbox.aliases)));
    }
    let counts = match mailbox.start {
        Start::New => "only mail that arrives after the first contact".to_owned(),
        Start::All => "all mail that is there".to_owned(),
        Start::Since(day) => format!("mail that arrived on or after {day}"),
    };
    let acts = if mailbox.observe { "; it only observes: nothing is sent" } else { "" };
    lines.push(format!("          takes in {counts}{acts}"));
    lines.push(match mailbox.believe.as_slice() {
        [] => "          believes no server about senders".to_owned(),
        ids => format!("          believes {} about senders, behind {} own Received lines", join(ids), mailbox.hops),
    });
    if let Some(owner) = &mailbox.owner {
        lines.push(format!("          goes to {}", assignee(owner)));
    }
    lines
}

fn start(start: Start) -> String {
    match start {
        Start::New => "new".to_owned(),
        Start::All => "all".to_owned(),
        Start::Since(day) => day.to_string(),
    }
}

fn source(source: &Source) -> String {
    let moved = |to: Option<String>| to.map_or_else(String::new, |to| format!(", then moved to {to}"));
    match source {
        Source::Imap(imap) => {
            let archive = moved(imap.archive.clone());
            format!("IMAP {} as {}, folder {}{archive}", server(&imap.server), imap.login.user, imap.folder)
        }
        Source::Maildir(maildir) => {
            let archive = moved(maildir.archive.as_ref().map(|a| a.display().to_string()));
            format!("Maildir {}{archive}", maildir.path.display())
        }
    }
}

fn outgoing(config: &Config) -> String {
    match &config.outgoing.via {
        OutgoingVia::Smtp(smtp) => {
            let login = smtp.login.as_ref().map_or_else(|| "without login".to_owned(), |l| format!("as {}", l.user));
            format!("SMTP {} {login}, at most {} connections", server(&smtp.server), smtp.connections)
        }
        OutgoingVia::Maildir(path) => format!("Maildir {}: nothing is sent to anybody", path.display()),
        OutgoingVia::Nowhere => "not at all: every mailbox only observes".to_owned(),
    }
}

fn server(server: &Server) -> String {
    let tls = match server.tls {
        Tls::Implicit => "TLS",
        Tls::Starttls => "STARTTLS",
        Tls::None => "UNENCRYPTED",
    };
    let host = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
    format!("{host}:{} ({tls})", server.port)
}

fn agent(agent: &Agent) -> String {
    let disabled = if agent.disabled { " (disabled)" } else { "" };
    let away = match agent.away.as_slice() {
        [] => String::new(),
        away => format!(", away {}", join(away.iter().map(|a| format!("{} to {}", a.from, a.until)))),
    };
    format!("Agent     {}{disabled}, {}, {}{away}", agent.name, agent.display, join(&agent.addresses))
}

fn group(group: &Group) -> String {
    use crate::model::desk::Assign;
    let how = match group.assign {
        Assign::LeastOpen => "who has least",
        Assign::RoundRobin => "in turn",
        Assign::Nobody => "who takes it",
    };
    format!("Group     {} ({how}): {}", group.name, join(&group.members))
}

fn category(category: &Category) -> String {
    let mut parts = vec![format!("Category  {}", category.name)];
    parts.extend(category.owner.as_ref().map(|o| format!("to {}", assignee(o))));
    parts.extend(category.priority.map(|p| format!("priority {p}")));
    if category.restricted {
        parts.push("only for proven senders".to_owned());
    }
    if !category.ask.is_empty() {
        let things = if category.ask.len() == 1 { "thing" } else { "things" };
        parts.push(format!("asks for {} {things}", category.ask.len()));
    }
    parts.join(", ")
}

fn rota(rota: &Rota) -> String {
    let (hour, minute) = (rota.minute / 60, rota.minute % 60);
    let order = if rota.agents.is_empty() { "week by week".to_owned() } else { rota.agents.join(", then ") };
    let only = if rota.categories.is_empty() { String::new() } else { format!(", for {}", join(&rota.categories)) };
    format!("Duty      {}, handed over on {:?} at {hour:02}:{minute:02}: {order}{only}", rota.name, rota.day)
}

fn assignee(who: &Assignee) -> String {
    match who {
        Assignee::Agent(name) => format!("agent {name}"),
        Assignee::Group(name) => format!("group {name}"),
    }
}

fn join<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}

//! `explain`: what the desk would do with a mail and why. The real way of a mail, rolled back: changes nothing, sends
//! nothing.

mod ticket;

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit::{self, CliResult, Failure, OrExit as _};
use super::ingest::{Checker, mailbox_for};
use super::output::{Out, Tone, escape};
use super::{Global, json as shapes, open, read};
use crate::daemon::ingest;
use crate::inbound::files::{self, Handed};
use crate::model::decision::{RouteStep, View};
use crate::model::facts::{Sender, ThreadBy};
use crate::model::{Commit, Digest, Hold, HoldKind, HoldState, Incoming, Message, Policy, SourceKey};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The mailbox at which it would arrive; else the one it is addressed to, else the first
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// The mail (.eml); `-` is standard input
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

pub fn run(args: Args, global: &Global) -> CliResult {
    let desk = open::desk(global)?;
    let mail = load(&args.path, desk.config.limits.max_mail_bytes)?;
    let started = Instant::now();
    let now = Timestamp::now();
    let incoming = Incoming {
        mailbox: String::new(),
        key: SourceKey::handed_over(&Digest::of(&mail.raw)),
        raw: mail.raw,
        received_at: now,
        truncated_from: mail.truncated_from,
    };
    let mut parsed = ingest::parse(incoming);
    let message = parsed.message.clone().map_err(|because| exit::fail(exit::DATA, because))?;
    parsed.incoming.mailbox = mailbox_for(args.mailbox.as_deref(), Some(&message), desk.policy())?;
    let policy = std::sync::Arc::new(desk.policy().clone());
    let Some(checked) = Checker::new(&desk.config)?.check(vec![parsed]).pop() else {
        return Err(exit::fail(exit::SOFTWARE, "The mail was lost on the way"));
    };
    let arrival = ingest::arrival(checked, &policy, now).map_err(|because| exit::fail(exit::DATA, because))?;
    let commit = desk.kept.rehearse(&arrival)?;
    let mut out = desk.out();
    if args.json {
        let read = read::object(&args.path.to_string_lossy(), &message, started.elapsed().as_secs_f64());
        out.json(&object(read, &commit, &policy));
    } else {
        tell(&mut out, &message, &commit, &policy);
    }
    out.finish()
}

/// The mail as `ingest` would take it in.
fn load(path: &Path, max: u64) -> Result<Handed, Failure> {
    if path.is_dir() {
        return Err(exit::fail(exit::USAGE, format!("{} is a folder: name one mail", path.display())));
    }
    let mut mails = match path.as_os_str() == "-" {
        true => files::stream("standard input", std::io::BufReader::new(std::io::stdin()), max),
        false => files::mails([path.to_owned()], max),
    };
    let first = mails.next().ok_or_else(|| exit::fail(exit::DATA, "There was no mail to explain"))?;
    first.code(exit::DATA)
}

fn object(read: Value, commit: &Commit, policy: &Policy) -> Value {
    let ticket = ticket::of(commit);
    let view = commit.view.as_ref();
    json!({
        "read": read,
        "sender": view.map(sender),
        "thread": view.map(thread),
        "decision": {
            "action": commit.action.word(),
            "fate": commit.fate.word(),
            "ticket": commit.fate.ticket(),
            "category": ticket.and_then(|t| t.category.clone()),
            "priority": ticket.map(|t| t.priority.word()),
            "priorityBecause": ticket.map(|t| ticket::priority_because(commit, t)),
            "language": ticket.map(|t| t.language.code()),
            "owner": ticket.and_then(|t| t.owner.clone()),
            "group": ticket.and_then(|t| t.group.clone()),
            "sla": ticket.and_then(|t| t.service.sla.clone()),
            "firstResponseDueAt": ticket.and_then(|t| t.first_response_due_at).map(super::output::rfc3339),
            "asks": ticket.map(shapes::asks),
            "commands": commit.commands.iter().map(command).collect::<Vec<_>>(),
            "resolveDueAt": ticket.and_then(|t| t.resolve_due_at).map(super::output::rfc3339),
            "promise": ticket.map(|t| ticket::promise(t, policy)),
        },
        "articles": commit.articles.iter().map(ticket::suggestion).collect::<Vec<_>>(),
        "held": commit.holds.iter().filter(|h| h.state == HoldState::Waiting && !h.told).map(held).next(),
        "route": commit.route.iter().map(step).collect::<Vec<_>>(),
        "outgoing": commit.outgoing.iter().map(|m| json!({
            "to": [shapes::address(&m.to)],
            "subject": m.subject,
            "template": m.template.word(),
            "language": m.language.code(),
        })).collect::<Vec<_>>(),
        "reasons": commit.reasons,
        "alarms": commit.alarms,
    })
}

/// One of an agent's commands; `error` where the mail comes back because of it.
fn command((written, error): &(String, Option<String>)) -> Value {
    json!({"written": written, "error": error})
}

/// What would wait for a confirmation, and whose.
fn held(hold: &Hold) -> Value {
    json!({
        "kind": hold.kind.word(),
        "who": hold.who,
        "ticket": hold.ticket,
        "until": super::output::rfc3339(hold.until),
    })
}

fn role(sender: &Sender) -> &'static str {
    match sender {
        Sender::Agent(_) => "agent",
        Sender::Contact(_) => "contact",
        Sender::Stranger => "stranger",
        Sender::Ourselves => "desk",
    }
}

fn sender(view: &View) -> Value {
    let authenticity = &view.authenticity;
    json!({
        "role": role(&view.sender),
        "name": view.sender_name,
        "organisation": view.organisation,
        "believed": authenticity.believed.word(),
        "strength": authenticity.strength.map(|s| s.word()),
        "because": authenticity.because,
        "evidence": authenticity.evidence,
    })
}

fn thread(view: &View) -> Value {
    let by = match view.thread_by {
        ThreadBy::PlusAddress | ThreadBy::Token | ThreadBy::PeerTag | ThreadBy::Number => "token",
        ThreadBy::References | ThreadBy::KnownId => "references",
        ThreadBy::None => "none",
    };
    json!({
        "ticket": view.thread_ticket,
        "by": by,
        "sign": view.thread_by.word(),
        "permitted": view.permitted,
        "because": view.thread_because,
    })
}

fn step(step: &RouteStep) -> Value {
    json!({"step": step.step, "rule": step.rule, "matched": step.matched, "because": step.because})
}

fn tell(out: &mut Out, message: &Message, commit: &Commit, policy: &Policy) {
    let look = out.look().clone();
    let mut line = |label: &str, text: &str| {
        out.line(&format!("{}{}", look.tone(Tone::Faint, &format!("{label:<12}")), escape(text)))
    };
    line(
        "mail",
        &format!(
            "{} — {}",
            message.from.first().map(ToString::to_string).unwrap_or_default(),
            message.subject.as_deref().unwrap_or("(no subject)")
        ),
    );
    if let Some(view) = &commit.view {
        let organisation = view.organisation.as_deref().map(|o| format!(" of {o}")).unwrap_or_default();
        line("sender", &format!("{}{organisation}", role(&view.sender)));
        line("believed", &format!("{}: {}", view.authenticity.believed, view.authenticity.because));
        for evidence in &view.authenticity.evidence {
            line("", evidence);
        }
        line("thread", &view.thread_because);
    }
    line(
        "decision",
        &match commit.fate.ticket() {
            Some(number) => format!("{} {number}", commit.action),
            None => commit.action.to_string(),
        },
    );
    for reason in &commit.reasons {
        line("", reason);
    }
    for (label, text) in ticket::lines(commit, policy) {
        line(label, &text);
    }
    for (written, error) in &commit.commands {
        line("command", &error.as_ref().map_or_else(|| written.clone(), |error| format!("{written}: {error}")));
    }
    for hold in commit.holds.iter().filter(|h| h.state == HoldState::Waiting && !h.told) {
        let what = match hold.kind {
            HoldKind::Agent => "this mail",
            HoldKind::Request => "the restricted request",
            HoldKind::Address | HoldKind::Alternate => "the address",
            HoldKind::Mail => "whether this mail is genuine",
            HoldKind::Crossed => "this answer, which crossed with another",
        };
        line("would hold", &format!("{what}, until {} confirms it from the registered address", hold.who));
    }
    for step in &commit.route {
        let mark = if step.matched { "yes" } else { "no" };
        line("route", &format!("{} {}: {mark}, {}", step.step, step.rule, step.because));
    }
    for mail in &commit.outgoing {
        line("would send", &format!("{} to {} ({}): {}", mail.template, mail.to, mail.language, mail.subject));
    }
    for alarm in &commit.alarms {
        line("alarm", alarm);
    }
}

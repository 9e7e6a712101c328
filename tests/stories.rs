//! The stories in `fixtures/stories/`: mails in, tickets and outgoing mails out, through the real pipeline between two
//! Maildirs. Each folder has an ABOUT, mails `NN-in.eml`, times `NN-wait.txt` to which the clock goes, maybe a folder of reply templates, and the golden `expected.txt`; `UPDATE_GOLDEN=1` writes it anew,
//! to be read before it is accepted.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use postdesk::cli::json;
use postdesk::cli::stage::{Scene, Sent, Stage};
use postdesk::store::{Outcome, Reading as _, TicketFilter};

const KEY: &str = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

fn stories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_ends_as_it_is_written() {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(stories()).expect("stories").flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 20, "the stories are gone");
    let mut wrong = Vec::new();
    for folder in folders {
        let told = tell(&folder).await;
        let golden = folder.join("expected.txt");
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if told == expected {
            continue;
        }
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, told).expect("written");
            continue;
        }
        let line = told.lines().zip(expected.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let shown = |text: &str| text.lines().skip(line.saturating_sub(2)).take(6).collect::<Vec<_>>().join("\n    ");
        wrong.push(format!(
            "{}: line {}\n  told:\n    {}\n  expected:\n    {}",
            folder.file_name().unwrap_or_default().to_string_lossy(),
            line + 1,
            shown(&told),
            shown(&expected)
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

async fn tell(folder: &Path) -> String {
    let scratch = tempfile::tempdir().expect("scratch folder");
    let config = std::fs::read_to_string(folder.join("desk.toml"))
        .or_else(|_| std::fs::read_to_string(stories().join("desk.toml")))
        .expect("desk.toml");
    let contacts = std::fs::read(folder.join("contacts.csv"))
        .or_else(|_| std::fs::read(stories().join("contacts.csv")))
        .expect("contacts.csv");
    let state = scratch.path().join("state");
    std::fs::create_dir(&state).expect("state folder");
    std::fs::write(state.join("key"), KEY).expect("key written");
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(state.join("key"), std::fs::Permissions::from_mode(0o600)).expect("key made private");
    copy_templates(&folder.join("templates"), &scratch.path().join("templates"));
    if let Ok(articles) = std::fs::read_dir(folder.join("articles")) {
        std::fs::create_dir(scratch.path().join("articles")).expect("folder of articles");
        for article in articles.flatten() {
            std::fs::copy(article.path(), scratch.path().join("articles").join(article.file_name())).expect("copied");
        }
    }
    let mut stage = Stage::set(scratch.path(), &config, &contacts).expect("the stage is set");
    let mut mails: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("story")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "eml") || p.to_string_lossy().ends_with("-wait.txt"))
        .collect();
    mails.sort();
    let mut told = String::new();
    for (number, path) in (1..).zip(&mails) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with("-wait.txt") {
            tell_wait(&mut told, &mut stage, &name, path).await;
            continue;
        }
        let bytes = std::fs::read(path).expect("mail");
        let scene = stage.play(number, &name, &bytes).await.unwrap_or_else(|e| panic!("{}: {e:#}", path.display()));
        tell_scene(&mut told, &name, &scene);
    }
    tell_tickets(&mut told, &stage);
    told
}

/// A story may bring reply templates.
fn copy_templates(from: &Path, to: &Path) {
    let Ok(files) = std::fs::read_dir(from) else { return };
    std::fs::create_dir(to).expect("made");
    for file in files.flatten() {
        std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

async fn tell_wait(told: &mut String, stage: &mut Stage, name: &str, path: &Path) {
    let until = std::fs::read_to_string(path).expect("a time to wait for");
    let until: jiff::Timestamp = until.trim().parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let _ = writeln!(told, "=== {name}: until {until}");
    for (at, sent) in stage.wait(until).await.unwrap_or_else(|e| panic!("{}: {e:#}", path.display())) {
        let _ = writeln!(told, "at {at}");
        sent.iter().for_each(|sent| tell_mail(told, sent));
    }
}

fn tell_scene(told: &mut String, name: &str, scene: &Scene) {
    let _ = writeln!(told, "=== {name}");
    match &scene.ingested.outcome {
        Outcome::Done { fate, reasons, alarms } => {
            let ticket = fate.ticket().map(|n| format!(" {n}")).unwrap_or_default();
            let _ = writeln!(told, "fate: {}{ticket}", fate.word());
            for reason in reasons {
                let _ = writeln!(told, "because: {reason}");
            }
            for alarm in alarms {
                let _ = writeln!(told, "alarm: {alarm}");
            }
        }
        other => {
            let _ = writeln!(told, "{other:?}");
        }
    }
    for article in scene.commit.iter().flat_map(|c| &c.articles) {
        let mark = if article.offered { "+" } else { "-" };
        let _ = writeln!(
            told,
            "article {mark} {} {:.2}: {} ({})",
            article.article,
            article.score,
            article.because,
            article.matched.join(", ")
        );
    }
    for step in scene.commit.iter().flat_map(|c| &c.route) {
        let mark = if step.matched { "+" } else { "-" };
        let _ = writeln!(told, "route {mark} {} {}: {}", step.step, step.rule, step.because);
    }
    for sent in &scene.sent {
        tell_mail(told, sent);
    }
}

/// The mail as another program reads it.
fn tell_mail(told: &mut String, sent: &Sent) {
    let mail = mail_parser::MessageParser::default().parse(&sent.bytes).expect("our own mail parses");
    let _ = writeln!(told, "--- {} to {} ({})", sent.row.template, sent.row.to.email, sent.row.state);
    for name in ["From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"]
    {
        for header in mail.headers().iter().filter(|h| h.name().eq_ignore_ascii_case(name)) {
            let value = match header.value() {
                mail_parser::HeaderValue::Text(text) => text.to_string(),
                mail_parser::HeaderValue::TextList(list) => list.join(" "),
                mail_parser::HeaderValue::Address(list) => list
                    .iter()
                    .map(|a| format!("{} <{}>", a.name().unwrap_or_default(), a.address().unwrap_or_default()))
                    .collect::<Vec<_>>()
                    .join(", "),
                other => format!("{other:?}"),
            };
            let _ = writeln!(told, "{name}: {value}");
        }
    }
    let text = mail.body_text(0).unwrap_or_default();
    for line in text.lines() {
        let _ = writeln!(told, "| {line}");
    }
    for part in mail.attachments() {
        use mail_parser::MimeHeaders as _;
        let _ = writeln!(told, "attached: {} ({} bytes)", part.attachment_name().unwrap_or("?"), part.contents().len());
    }
}

fn tell_tickets(told: &mut String, stage: &Stage) {
    let mut tickets = stage.store.tickets(&TicketFilter { all: true, ..TicketFilter::default() }).expect("tickets");
    tickets.sort_by_key(|t| t.number);
    for t in tickets {
        let _ = writeln!(told, "\n=== ticket {} {:?}", t.number, t.subject);
        let _ = writeln!(
            told,
            "{} priority={} language={} category={} owner={} group={} requester={} contact={} organisation={} verified={} restricted={} participants={:?} linked={:?}",
            t.status,
            t.priority,
            t.language,
            t.category.as_deref().unwrap_or("-"),
            t.owner.as_deref().unwrap_or("-"),
            t.group.as_deref().unwrap_or("-"),
            t.requester.email,
            t.contact.as_deref().unwrap_or("-"),
            t.organisation.as_deref().unwrap_or("-"),
            t.verified,
            t.restricted,
            t.participants.iter().map(|p| &p.email).collect::<Vec<_>>(),
            t.linked,
        );
        if let Some(sla) = &t.service.sla {
            let at = |time: Option<jiff::Timestamp>| time.map_or_else(|| "-".to_owned(), |t| t.to_string());
            let _ = writeln!(
                told,
                "sla={sla} answer={} solution={} word={} stopped={} next={}",
                at(t.first_response_due_at),
                at(t.resolve_due_at),
                at(t.service.update_due_at),
                at(t.service.stopped_at),
                at(t.service.next_at),
            );
        }
        for e in stage.store.entries(t.number).expect("entries") {
            let _ = writeln!(told, "{}. {} {} from {}: {:?}", e.seq, e.direction, e.kind, e.from.email, e.reply.text);
        }
        for line in stage.store.history(t.number).expect("history") {
            let _ = writeln!(told, "  {}: {} ({})", line.actor, json::change(&line.change), line.because);
        }
    }
    for row in stage.store.quarantined().expect("quarantine") {
        let _ = writeln!(told, "\n=== quarantine: {}", row.because);
    }
    for row in stage.store.outbox(true).expect("outbox") {
        if row.state.word() != "sent" {
            let _ = writeln!(told, "outbox {}: {} to {}", row.state, row.template, row.to.email);
        }
    }
}

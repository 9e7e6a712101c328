//! Who gets a ticket, over restarts and absences: turns and loads go on where they stopped, chains of substitutes lead to
//! whoever is there, and a group that shares its tickets hears of each until one of them takes it.

use std::path::Path;

use postdesk::cli::stage::{Scene, Stage};
use postdesk::store::Reading as _;

const DESK: &str = r#"
[desk]
name = "ACME"
prefix = "ACME"
domain = "desk.acme.example"
timezone = "Europe/Bratislava"
state = "state"
owner = "eva"
agents = "token"
[dns]
off = true
[[mailbox]]
address = "podpora@acme.example"
owner = "technical"
start = "all"
believe = ["mx.acme.example"]
plus = true
[mailbox.maildir]
path = "in"
[outgoing.maildir]
path = "out"
[[group]]
name = "technical"
members = ["jana", "peter", "zuza"]
assign = "ASSIGN"
"#;

/// An agent; `more`: further lines of the table.
fn agent(name: &str, more: &str) -> String {
    format!("[[agent]]\nname = \"{name}\"\naddresses = [\"{name}@acme.example\"]\n{more}\n")
}

fn desk(assign: &str, away: &[(&str, &str)]) -> String {
    let more = |name: &str| away.iter().find(|(who, _)| *who == name).map_or("", |(_, more)| more).to_owned();
    let agents: String = ["jana", "peter", "zuza", "eva"].iter().map(|name| agent(name, &more(name))).collect();
    format!("{}{agents}", DESK.replace("ASSIGN", assign))
}

fn away(substitute: &str) -> String {
    let substitute = if substitute.is_empty() { String::new() } else { format!(", substitute = \"{substitute}\"") };
    format!("away = [{{ from = 2026-11-16, until = 2026-11-20{substitute} }}]")
}

/// Sets the stage in a folder; the second time it is a restart.
fn open(folder: &Path, config: &str) -> Stage {
    Stage::set(folder, config, b"email\n").expect("the stage is set")
}

/// A customer's mail of the Thursday of that week.
async fn mail(stage: &mut Stage, number: u32) -> Scene {
    let mail = format!(
        "Authentication-Results: mx.acme.example; dkim=pass header.d=tatry.example; dmarc=pass header.from=tatry.example\r\n\
         Received: from mail.tatry.example by mx.acme.example; Thu, 19 Nov 2026 10:{number:02}:00 +0100\r\n\
         Date: Thu, 19 Nov 2026 10:{number:02}:00 +0100\r\nFrom: c{number}@tatry.example\r\nTo: podpora@acme.example\r\n\
         Subject: Vec {number}\r\nMessage-ID: <m{number}@tatry.example>\r\n\r\nNejde to.\r\n"
    );
    stage.play(number, &format!("{number:02}.eml"), mail.as_bytes()).await.expect("is taken in")
}

fn owner(stage: &Stage, number: i64) -> Option<String> {
    stage.store.ticket(1000 + number).expect("reads").expect("is there").owner
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_go_on_where_they_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = desk("round-robin", &[]);
    let mut owners = Vec::new();
    for number in 1..=7u32 {
        // A restart after every second mail.
        let mut stage = open(folder.path(), &config);
        mail(&mut stage, number).await;
        owners.push(owner(&stage, i64::from(number)).expect("has an owner"));
    }
    assert_eq!(owners, ["jana", "peter", "zuza", "jana", "peter", "zuza", "jana"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_fewest_gets_the_next_after_a_restart_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = desk("least-open", &[]);
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for number in 1..=6u32 {
        let mut stage = open(folder.path(), &config);
        mail(&mut stage, number).await;
        *counts.entry(owner(&stage, i64::from(number)).expect("has an owner")).or_default() += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [2, 2, 2]);
    // One of them ends his: the next is his again.
    let mut stage = open(folder.path(), &config);
    let policy = stage.config.policy.clone();
    for number in 1..=6 {
        if owner(&stage, number).as_deref() == Some("zuza") {
            let order = postdesk::model::Order {
                ticket: 1000 + number,
                actor: "zuza".into(),
                what: postdesk::model::OrderKind::Close,
            };
            let now = "2026-11-19T12:00:00Z".parse().expect("a time");
            postdesk::daemon::order::carry_out(stage.store.as_ref(), &policy, &order, now).expect("is carried out");
        }
    }
    mail(&mut stage, 7).await;
    assert_eq!(owner(&stage, 7).as_deref(), Some("zuza"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_substitutes_leads_to_whoever_is_there() {
    let chain = [("jana", away("peter")), ("peter", away("zuza")), ("zuza", away("eva"))];
    let chain: Vec<(&str, &str)> = chain.iter().map(|(who, more)| (*who, more.as_str())).collect();
    let alone = DESK.replace("owner = \"technical\"", "owner = \"jana\"").replace("ASSIGN", "nobody");
    let config = |away: &[(&str, &str)]| {
        let whole = desk("nobody", away);
        whole.replace(&DESK.replace("ASSIGN", "nobody"), &alone)
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &config(&chain));
    let scene = mail(&mut stage, 1).await;
    assert_eq!(owner(&stage, 1).as_deref(), Some("eva"), "{:?}", scene.commit.map(|c| c.route));
    // The last of them has nobody: the next step of routing decides, which is the desk's owner.
    let ends = [chain[0], chain[1], ("zuza", &away("") as &str)];
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &config(&ends));
    mail(&mut stage, 1).await;
    assert_eq!(owner(&stage, 1).as_deref(), Some("eva"));
    // A circle is none who is there.
    let circle = [chain[0], ("peter", &away("jana") as &str)];
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &config(&circle));
    let hints: Vec<&str> = stage.config.hints.iter().map(|hint| hint.message.as_str()).collect();
    assert!(hints.iter().any(|hint| hint.contains("circle")), "{hints:?}");
    mail(&mut stage, 1).await;
    assert_eq!(owner(&stage, 1).as_deref(), Some("eva"));
}

/// An agent's answer to the notification about the first ticket.
async fn answer(stage: &mut Stage, number: u32, who: &str, words: &str) -> Scene {
    let mail = format!(
        "Date: Thu, 19 Nov 2026 11:{number:02}:00 +0100\r\nFrom: {who}@acme.example\r\nTo: podpora@acme.example\r\n\
         Subject: Re: Vec 1\r\nMessage-ID: <a{number}@acme.example>\r\nIn-Reply-To: <@@NOTIFY-ID:01:{who}@@>\r\n\r\n{words}\r\n"
    );
    stage.play(number, &format!("{number:02}.eml"), mail.as_bytes()).await.expect("is taken in")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_group_are_told_and_the_first_who_answers_takes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = desk("nobody", &[]);
    let mut stage = open(folder.path(), &config);
    let told = |scene: &Scene, template: &str| -> Vec<String> {
        let sent = scene.sent.iter().filter(|sent| sent.row.template == template);
        sent.map(|sent| sent.row.to.email.clone()).collect()
    };
    let scene = mail(&mut stage, 1).await;
    assert_eq!(told(&scene, "notify-new"), ["jana@acme.example", "peter@acme.example", "zuza@acme.example"]);
    assert_eq!(owner(&stage, 1), None);
    let scene = answer(&mut stage, 2, "peter", "Skúste to znova.").await;
    assert_eq!(told(&scene, "answer"), ["c1@tatry.example"]);
    assert_eq!(owner(&stage, 1).as_deref(), Some("peter"));
    // Who comes late is told, and nothing happens.
    let scene = answer(&mut stage, 3, "jana", "#take").await;
    assert_eq!(
        (told(&scene, "refused"), owner(&stage, 1).as_deref()),
        (vec!["jana@acme.example".to_owned()], Some("peter"))
    );
    // The new owner reads all that was said.
    let scene = answer(&mut stage, 4, "peter", "#assign zuza").await;
    assert_eq!(told(&scene, "notify-assigned"), ["zuza@acme.example"]);
    let mail = scene.sent.iter().find(|sent| sent.row.template == "notify-assigned").expect("was sent");
    let mail = mail_parser::MessageParser::default().parse(&mail.bytes).expect("parses");
    let text = mail.body_text(0).expect("has a text").into_owned();
    assert!(text.contains("Nejde to.") && text.contains("Skúste to znova."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_is_refused_whatever_he_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &desk("nobody", &[]));
    mail(&mut stage, 1).await;
    let ids: Vec<(String, Vec<u8>)> = {
        let rows =
            stage.store.outbox(true).expect("reads").into_iter().filter(|row| row.to.email == "peter@acme.example");
        rows.map(|row| (row.message_id, stage.store.outbox_mail(row.id).expect("reads").expect("is there").1)).collect()
    };
    let (id, bytes) = ids.first().expect("peter was told").clone();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let reply_to = text.lines().find_map(|line| line.strip_prefix("Reply-To: ")).expect("has one").trim().to_owned();
    let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("has one").trim().to_owned();
    drop(stage);
    let disabled = desk("nobody", &[("peter", "disabled = true")]);
    let agent_peter = agent("peter", "");
    let removed = desk("nobody", &[]).replace(&agent_peter, "").replace("\"peter\", ", "");
    for (number, config) in [(10, disabled), (20, removed)] {
        let mut stage = open(folder.path(), &config);
        let before = stage.store.ticket(1001).expect("reads").expect("is there");
        let proof = "Authentication-Results: mx.acme.example; dkim=pass header.d=acme.example; dmarc=pass header.from=acme.example\r\n";
        for (n, words) in (number..).zip(["Moja odpoveď.", "#close", "#assign zuza"]) {
            let mail = format!(
                "{proof}Received: from mail.acme.example by mx.acme.example; Thu, 19 Nov 2026 12:{n:02}:00 +0100\r\n\
                 Date: Thu, 19 Nov 2026 12:{n:02}:00 +0100\r\nFrom: peter@acme.example\r\nTo: {reply_to}\r\n\
                 Subject: Re: {subject}\r\nMessage-ID: <left{n}@acme.example>\r\nIn-Reply-To: <{id}>\r\n\
                 References: <{id}>\r\n\r\n{words}\r\n"
            );
            let scene = stage.play(n, &format!("{n:02}.eml"), mail.as_bytes()).await.expect("is taken in");
            // One mail went to the customer: the acknowledgement of long ago.
            let rows = stage.store.outbox(true).expect("reads").into_iter();
            let told = rows.filter(|row| row.to.email == "c1@tatry.example").count();
            assert_eq!(told, 1, "{words}: {:?}", scene.ingested);
            let now = stage.store.ticket(1001).expect("reads").expect("is there");
            assert_eq!((now.status, &now.owner), (before.status, &before.owner), "{words}: {:?}", scene.ingested);
        }
    }
}

//! Who gets a ticket, over restarts and absences: turns and loads go on where they stopped, chains of substitutes lead to
//! whoever is there, and a group that shares its tickets hears of each until one of them takes it.

use std::path::Path;

use postdesk::cli::stage::{Scene, Stage};
use postdesk::model::desk::Assignee;
use postdesk::model::{Order, OrderKind};
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

/// An order about a ticket: to whom which mails go because of it, and the words of the first.
fn order(stage: &Stage, number: i64, actor: &str, what: OrderKind) -> (Vec<(String, String)>, String) {
    let order = Order { ticket: 1000 + number, actor: actor.into(), what };
    let now = "2026-11-19T12:00:00Z".parse().expect("a time");
    let commit = postdesk::daemon::order::carry_out(stage.store.as_ref(), &stage.config.policy, &order, now);
    let sent = commit.expect("is carried out").outgoing;
    let text = sent.first().map(|mail| mail.text.clone()).unwrap_or_default();
    (sent.into_iter().map(|mail| (mail.template.to_string(), mail.to.email)).collect(), text)
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
    for number in 1..=6 {
        if owner(&stage, number).as_deref() == Some("zuza") {
            order(&stage, number, "zuza", OrderKind::Close);
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

/// A ticket given to a group: it was nobody's, and each of the group read that it was his.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_given_a_ticket_chooses_as_it_does_for_a_new_one() {
    let to_group = || OrderKind::Assign { to: Assignee::Group("technical".into()) };
    let assigned = |who: &str| vec![("notify-assigned".to_owned(), format!("{who}@acme.example"))];
    let said = |stage: &Stage, number: i64| {
        let ticket = stage.store.ticket(1000 + number).expect("reads").expect("is there");
        (ticket.owner, ticket.group)
    };
    let whole = |who: &str| (Some(who.to_owned()), Some("technical".to_owned()));

    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &desk("least-open", &[]));
    for number in 1..=4 {
        mail(&mut stage, number).await;
    }
    // jana has two, peter and zuza one each; who gives it away does not get it back.
    let (told, text) = order(&stage, 2, "peter", to_group());
    assert_eq!((told, said(&stage, 2)), (assigned("zuza"), whole("zuza")));
    assert!(text.contains("Ticket 1002 is now yours (peter)"), "{text}");
    let history = stage.store.history(1002).expect("reads");
    assert!(
        history.last().is_some_and(|line| line.because.contains("the fewest open tickets (1): zuza")),
        "{history:?}"
    );
    // By mail it is the same.
    let scene = answer(&mut stage, 5, "jana", "#assign technical").await;
    let about = scene.sent.iter().filter(|sent| sent.row.ticket == Some(1001));
    let sent: Vec<_> = about.map(|sent| (sent.row.template.clone(), sent.row.to.email.clone())).collect();
    assert_eq!((sent, said(&stage, 1)), (assigned("peter"), whole("peter")));

    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &desk("round-robin", &[]));
    mail(&mut stage, 1).await;
    mail(&mut stage, 2).await;
    let (told, _) = order(&stage, 1, "operator", to_group());
    assert_eq!((told, said(&stage, 1)), (assigned("zuza"), whole("zuza")), "jana and peter had their turns");
    mail(&mut stage, 3).await;
    assert_eq!(owner(&stage, 3).as_deref(), Some("jana"), "zuza's turn is over");

    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = open(folder.path(), &desk("nobody", &[]));
    mail(&mut stage, 1).await;
    order(&stage, 1, "peter", OrderKind::Assign { to: Assignee::Agent("peter".into()) });
    let (told, text) = order(&stage, 1, "peter", to_group());
    assert_eq!(
        (told, said(&stage, 1)),
        ([assigned("jana"), assigned("zuza")].concat(), (None, Some("technical".to_owned())))
    );
    assert!(text.contains("Ticket 1001 is now your group's (peter). The whole group “technical” is told"), "{text}");
    assert!(!text.contains("is now yours"), "{text}");

    // Nobody else is there.
    let folder = tempfile::tempdir().expect("a folder");
    let (jana, zuza) = (away(""), away(""));
    let mut stage = open(folder.path(), &desk("least-open", &[("jana", &jana), ("zuza", &zuza)]));
    mail(&mut stage, 1).await;
    assert_eq!((order(&stage, 1, "peter", to_group()).0, said(&stage, 1)), (Vec::new(), whole("peter")));
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

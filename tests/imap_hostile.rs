//! The IMAP source against a server that misbehaves as no Dovecot can be made to.

mod support;

use std::time::Duration;

use postdesk::inbound::{Fetched, ImapSettings, ImapSource, Secret, Shown, SourceError, Tls, Wake};
use postdesk::model::SourceKey;
use support::scripted_imap::{Act, Script, Scripted, start};
use tokio::sync::mpsc;

const SECRET: &str = "prísne tajné";
/// Stands for what a customer wrote: must never be found in an error.
const PRIVATE: &str = "Moje rodné číslo je 905523/1234";

fn source(port: u16) -> ImapSource {
    ImapSource::new(ImapSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        user: "desk".to_owned(),
        password: Secret::text(SECRET),
        folder: "INBOX".to_owned(),
        archive: Some("Done".to_owned()),
        ca_file: None,
        allow_plain: false,
        patience: Duration::from_secs(1),
        poll: Duration::from_millis(50),
    })
}

async fn opened(exists: u32, script: Script) -> (Scripted, ImapSource) {
    let server = start("IDLE MOVE UIDPLUS", exists, script).await;
    let mut source = source(server.port);
    source.open().await.unwrap();
    (server, source)
}

fn wanted(uids: &[u32]) -> Vec<Shown> {
    let shown = |uid| Shown { key: SourceKey::imap("INBOX", 77, uid), size: Some(10), received_at: None };
    uids.iter().copied().map(shown).collect()
}

async fn fetch(source: &mut ImapSource, uids: &[u32]) -> Result<Vec<Fetched>, SourceError> {
    let (tx, mut rx) = mpsc::channel(100);
    source.fetch(&wanted(uids), 1000, &tx.clone().into()).await?;
    drop(tx);
    let mut all = Vec::new();
    while let Some(fetched) = rx.recv().await {
        all.push(fetched);
    }
    Ok(all)
}

/// The error of a fetch, which must name nothing private and must leave no connection behind.
async fn fetch_error(answer: Act) -> SourceError {
    let (_server, mut source) = opened(3, vec![("UID FETCH", answer)]).await;
    let error = tokio::time::timeout(Duration::from_secs(20), fetch(&mut source, &[1, 2])).await.unwrap().unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("905523") && !text.contains(SECRET), "{text}");
        assert!(text.len() < 600, "{text}");
    }
    assert!(matches!(source.show(0, 1).await, Err(SourceError::NotOpen)), "{error} must end the connection");
    error
}

fn literal(uid: u32, body: &str) -> String {
    format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{body})\r\n", body.len())
}

#[tokio::test]
async fn a_fetch_that_breaks_is_an_error_and_never_an_empty_mailbox() {
    let first = literal(1, PRIVATE);
    let error = fetch_error(Act::SayAndClose(first.clone().into_bytes())).await;
    assert!(matches!(error, SourceError::Lost { .. }), "{error:?}");
    let error =
        fetch_error(Act::SayAndClose(format!("* 1 FETCH (UID 1 BODY[] {{5000}}\r\n{PRIVATE}").into_bytes())).await;
    assert!(matches!(error, SourceError::Protocol { .. } | SourceError::Lost { .. }), "{error:?}");
    let error = fetch_error(Act::SayAndClose(format!("{first}* BYE going down\r\n").into_bytes())).await;
    assert!(matches!(&error, SourceError::Bye { because } if because == "going down"), "{error:?}");
    let error = fetch_error(Act::say(&format!("{first}A9999 OK done\r\n"))).await;
    assert!(matches!(error, SourceError::Protocol { .. }), "a tag that was not sent: {error:?}");
    let error = fetch_error(Act::say(&format!("* 1 FETCH (UID 1 BODY[] {PRIVATE}\r\nTAG OK done\r\n"))).await;
    assert!(matches!(error, SourceError::Protocol { .. }), "not IMAP: {error:?}");
    let error = fetch_error(Act::say("+ go ahead\r\n")).await;
    assert!(matches!(error, SourceError::Protocol { .. }), "{error:?}");
    let error = fetch_error(Act::say("* OK [UIDVALIDITY 78] made anew\r\nTAG OK done\r\n")).await;
    assert!(error.to_string().contains("UIDVALIDITY"), "{error}");
    let error = fetch_error(Act::say(&first)).await;
    assert!(matches!(error, SourceError::TimedOut { .. }), "silence after the first mail: {error:?}");
    let error = fetch_error(Act::Silence).await;
    assert!(matches!(error, SourceError::TimedOut { .. }), "{error:?}");
}

/// What a good server says to the fetch of UIDs 1 and 2.
fn good_answer() -> String {
    format!("* 9 EXISTS\r\n{}{}TAG OK [X] done\r\n", literal(1, "Subject: one\r\n\r\na)\r\n"), literal(2, "B: x\r\n"))
}

/// One fetch of two mails from a server that says this and hangs up.
async fn fetch_cut(bytes: Vec<u8>) -> Result<Vec<Fetched>, SourceError> {
    let (_server, mut source) = opened(2, vec![("UID FETCH", Act::SayAndClose(bytes))]).await;
    tokio::time::timeout(Duration::from_secs(30), fetch(&mut source, &[1, 2])).await.expect("an end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_cut_at_any_byte_is_an_error() {
    let whole = good_answer();
    assert_eq!(fetch_cut(whole.clone().into_bytes()).await.unwrap().len(), 2);
    let end = whole.len();
    let runs = (0..end).map(|at| {
        let part = whole.as_bytes()[..at].to_vec();
        tokio::spawn(async move { (at, fetch_cut(part).await) })
    });
    for run in runs.collect::<Vec<_>>() {
        let (at, answer) = run.await.unwrap();
        assert!(answer.is_err(), "cut after {at} bytes of {end}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_garbled_answer_is_an_error_or_one_answer_for_each_mail() {
    const OTHERS: &[u8] = b"(){}[]\" \r\n*+0\x00\xff9AN~";
    let whole = good_answer().into_bytes();
    // A small generator: the same bytes every time.
    let mut seed: u32 = 7;
    let mut dice = move |sides: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % sides
    };
    let runs = (0..300).map(|_| {
        let mut bytes = whole.clone();
        for _ in 0..=dice(3) {
            let at = dice(bytes.len());
            match dice(3) {
                0 => bytes[at] = OTHERS[dice(OTHERS.len())],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, OTHERS[dice(OTHERS.len())]),
            }
        }
        tokio::spawn(async move { (bytes.clone(), fetch_cut(bytes).await) })
    });
    let mut errors = 0;
    for run in runs.collect::<Vec<_>>() {
        let (bytes, answer) = run.await.expect("no panic leaves the source");
        match answer {
            Ok(answers) => {
                let mut uids: Vec<u32> = answers.iter().map(|a| a.key().uid).collect();
                uids.sort_unstable();
                assert_eq!(uids, [1, 2], "{}", String::from_utf8_lossy(&bytes));
            }
            Err(error) => {
                errors += 1;
                assert!(!error.to_string().contains("Subject"), "{error}");
            }
        }
    }
    assert!(errors > 100, "the garbling reaches the parser: {errors}");
}

#[tokio::test]
async fn claims_beyond_the_bounds_are_refused_before_memory_is_taken() {
    let claim = format!("* 1 FETCH (UID 1 BODY[] {{4294967290}}\r\n{PRIVATE}");
    let error = fetch_error(Act::say(&claim)).await;
    assert!(error.to_string().contains("4294967290"), "{error}");
    let error = fetch_error(Act::Say([b"* OK ".as_slice(), &vec![b'x'; 3_000_000]].concat())).await;
    assert!(error.to_string().contains("line is longer"), "{error}");
    let error = fetch_error(Act::Say([b"* 1 FETCH (BODYSTRUCTURE ".as_slice(), &vec![b'('; 60_000]].concat())).await;
    assert!(error.to_string().contains("nested"), "{error}");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let trickle = |text: &str| Act::Endless(text.as_bytes().to_vec(), Duration::from_millis(100));
    let error = fetch_error(trickle("*")).await;
    assert!(matches!(error, SourceError::TimedOut { .. }), "a byte now and then: {error:?}");
    let error = fetch_error(trickle("* XYZZY\r\n")).await;
    assert!(matches!(error, SourceError::TimedOut { .. }), "chatter that means nothing: {error:?}");
    let flood = "* 1 FETCH (FLAGS ())\r\n".repeat(50_000).into_bytes();
    let (_server, mut source) = opened(3, vec![("UID FETCH", Act::Endless(flood, Duration::ZERO))]).await;
    let error = tokio::time::timeout(Duration::from_secs(60), source.show(0, 10)).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("does not come to an end"), "{error}");
}

#[tokio::test]
async fn untagged_answers_that_no_standard_knows_are_passed_over() {
    let answer = format!(
        "\r\n* XYZZY 1\r\n* ESEARCH (TAG \"x\") UID\r\n{}* 1 WHATEVER\r\nTAG OK done\r\n",
        literal(1, "A: b\r\n")
    );
    let (_server, mut source) = opened(1, vec![("UID FETCH", Act::say(&answer))]).await;
    assert!(matches!(&fetch(&mut source, &[1]).await.unwrap()[..], [Fetched::Mail { .. }]));
}

#[tokio::test]
async fn a_refused_fetch_is_an_error_unless_it_is_one_mails_own_trouble() {
    // All of them: an error.
    let no = || Act::say("TAG NO [SERVERBUG] Internal error\r\n");
    let there = || Act::say("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\nTAG OK done\r\n");
    let script = vec![("UID FETCH 1:2 (UID BODY", no()), ("UID FETCH 1:2 (UID)", there())];
    let script = [script, vec![("UID FETCH 1 ", no()), ("UID FETCH 2 ", no())]].concat();
    let (_server, mut source) = opened(2, script).await;
    let error = fetch(&mut source, &[1, 2]).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused { because, .. } if because.contains("Internal error")), "{error:?}");
    // A refusal that passes is nobody's fate, not even a single mail's.
    let script = vec![("UID FETCH 1 (UID BODY", Act::say("TAG NO [UNAVAILABLE] try later\r\n"))];
    let (_server, mut source) = opened(2, script).await;
    assert!(matches!(fetch(&mut source, &[1]).await, Err(SourceError::Refused { .. })));
    // One of them: the other comes in, and this one is named.
    let script = vec![
        ("UID FETCH 1:2 (UID BODY", no()),
        ("UID FETCH 1:2 (UID)", there()),
        ("UID FETCH 1 ", no()),
        ("UID FETCH 2 ", Act::say(&format!("{}TAG OK done\r\n", literal(2, "Subject: x\r\n")))),
    ];
    let (_server, mut source) = opened(2, script).await;
    let answers = fetch(&mut source, &[1, 2]).await.unwrap();
    assert!(
        matches!(&answers[..], [Fetched::Mail { key: good, .. }, Fetched::Withheld { key: bad, because }]
            if good.uid == 2 && bad.uid == 1 && because.contains("Internal error")),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_mail_that_breaks_the_connection_holds_up_no_other() {
    let one = literal(1, "Subject: 1\r\n");
    let breaking = format!("* 2 FETCH (UID 2 BODY[] {PRIVATE}\r\n");
    let three = format!("{}TAG OK done\r\n", literal(3, "Subject: 3\r\n"));
    // Every connection gets this script anew.
    let script = vec![
        ("UID FETCH 1:3 (UID BODY", Act::say(&format!("{one}{breaking}"))),
        ("UID FETCH 3 ", Act::say(&three)),
        ("UID FETCH 2 ", Act::say(&breaking)),
    ];
    let (_server, mut source) = opened(3, script).await;
    let (tx, mut rx) = mpsc::channel(100);
    let mut left = vec![1, 2, 3];
    let mut tries = 0;
    let because = loop {
        let ended = source.fetch(&wanted(&left), 1000, &tx.clone().into()).await;
        tries += 1;
        let mut withheld = None;
        while let Ok(answer) = rx.try_recv() {
            let uid = answer.key().uid;
            left.retain(|l| *l != uid);
            if let Fetched::Withheld { because, .. } = answer {
                assert_eq!(uid, 2);
                withheld = Some(because);
            }
        }
        match (ended, withheld) {
            (Ok(()), Some(because)) => break because,
            (Err(SourceError::Protocol { .. }), None) => source.open().await.map(drop).unwrap(),
            other => panic!("{other:?}"),
        }
        assert!(tries < 10);
        assert!(tries < 2 || left == [2], "the others came with the second try");
    };
    assert_eq!((tries, left.len()), (5, 0));
    assert!(because.contains("broke"), "{because}");
    // The connection is still there.
    assert_eq!(fetch(&mut source, &[3]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_whose_content_is_nil_is_gone_or_withheld_but_never_empty() {
    let nil = || Act::say("* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] \"\")\r\nTAG OK done\r\n");
    // The server still lists the second.
    let script = vec![
        ("UID FETCH 1:2 (UID BODY", nil()),
        ("UID FETCH 1:2 (UID)", Act::say("* 2 FETCH (UID 2)\r\nTAG OK done\r\n")),
        ("UID FETCH 2 ", nil()),
    ];
    let (_server, mut source) = opened(2, script).await;
    let answers = fetch(&mut source, &[1, 2]).await.unwrap();
    assert!(
        matches!(&answers[..], [Fetched::Vanished { key: gone }, Fetched::Withheld { key: kept, .. }]
            if gone.uid == 1 && kept.uid == 2),
        "{answers:?}"
    );
}

#[tokio::test]
async fn answers_that_nobody_asked_for_are_passed_over() {
    let odd = format!(
        "* 1 FETCH (FLAGS (\\Seen))\r\n* 9 FETCH (UID 9 BODY[] {{3}}\r\nabc)\r\n{}{}* 3 EXPUNGE\r\n* 0 RECENT\r\nTAG OK done\r\n",
        literal(1, "Subject: one\r\n"),
        literal(1, "Subject: again\r\n"),
    );
    let (_server, mut source) = opened(3, vec![("UID FETCH", Act::say(&odd))]).await;
    let answers = fetch(&mut source, &[1]).await.unwrap();
    assert!(matches!(&answers[..], [Fetched::Mail { raw, .. }] if &raw[..] == b"Subject: one\r\n"), "{answers:?}");
}

#[tokio::test]
async fn a_date_that_is_nil_does_not_stop_the_mailbox() {
    let answer = "* 1 FETCH (UID 1 RFC822.SIZE 10 INTERNALDATE NIL)\r\n\
                  * 2 FETCH (INTERNALDATE \" 2-Mar-2026 10:00:00 +0100\" UID 2 RFC822.SIZE 20)\r\nTAG OK done\r\n";
    let (_server, mut source) = opened(2, vec![("UID FETCH", Act::say(answer))]).await;
    let shown = source.show(0, 10).await.unwrap();
    assert_eq!(shown.iter().map(|s| (s.key.uid, s.received_at.is_some())).collect::<Vec<_>>(), [(1, false), (2, true)]);
}

#[tokio::test]
async fn showing_survives_servers_that_lie() {
    // UIDNEXT too low, answers out of order and below what was asked, one without a UID.
    let answer = "* 4 FETCH (UID 900 RFC822.SIZE 1)\r\n* 2 FETCH (UID 12 RFC822.SIZE 1)\r\n* 3 FETCH (RFC822.SIZE 7)\r\n\
                  * 1 FETCH (UID 3 RFC822.SIZE 1)\r\n* 3 FETCH (UID 13 RFC822.SIZE 99999999999)\r\n* 2 FETCH (UID 12 FLAGS ())\r\nTAG OK done\r\n";
    // It is asked again, and says the same again.
    let twice = || ("UID FETCH 11:* ", Act::say(answer));
    let (_server, mut source) = opened(4, vec![twice(), twice()]).await;
    let shown = source.show(10, 2).await.unwrap();
    assert_eq!(shown.iter().map(|s| s.key.uid).collect::<Vec<_>>(), [12, 13]);
    assert_eq!((shown[0].size, shown[1].size), (Some(1), None));
    // What a digit that changed on its way had shown is not said again.
    let (changed, said) = ("* 1 FETCH (UID 912)\r\nTAG OK done\r\n", "* 1 FETCH (UID 12)\r\nTAG OK done\r\n");
    let script = vec![("UID FETCH 11:* ", Act::say(changed)), ("UID FETCH 11:* ", Act::say(said))];
    let (_server, mut source) = opened(4, script).await;
    let shown = source.show(10, 2).await.unwrap();
    assert_eq!(shown.iter().map(|s| s.key.uid).collect::<Vec<_>>(), [12]);
    // A refusal is an error, not "nothing new".
    let (_server, mut source) = opened(4, vec![("UID FETCH", Act::say("TAG NO disk error\r\n"))]).await;
    assert!(matches!(source.show(0, 9).await, Err(SourceError::Refused { .. })));
    // No UIDVALIDITY: no mail could be told from another.
    let server = start("", 0, vec![("SELECT", Act::say("* 1 EXISTS\r\nTAG OK done\r\n"))]).await;
    let error = self::source(server.port).open().await.unwrap_err();
    assert!(error.to_string().contains("UIDVALIDITY"), "{error}");
    // A warning while the folder is opened is no refusal.
    let select =
        "* NO [ALERT] Quota nearly full\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\nTAG OK [READ-ONLY] done\r\n";
    let server = start("", 0, vec![("SELECT", Act::say(select))]).await;
    let opened = self::source(server.port).open().await.unwrap();
    assert!(opened.read_only && opened.uid_validity == 5 && opened.uid_next.is_none());
}

#[tokio::test]
async fn idle_notices_what_comes_before_the_plus() {
    let script = vec![("IDLE", Act::say("* 4 EXISTS\r\n+ idling\r\n")), ("DONE", Act::say("A0005 OK done\r\n"))];
    let (_server, mut source) = opened(3, script).await;
    // Four commands were sent before the IDLE is ended: login, CAPABILITY twice, SELECT.
    let wake = tokio::time::timeout(Duration::from_secs(5), source.wait(Duration::from_secs(60))).await.unwrap();
    assert_eq!(wake.unwrap(), Wake::Something);
}

#[tokio::test]
async fn a_refused_idle_is_polled_for_instead() {
    for refusal in ["TAG NO not now\r\n", "TAG BAD\r\n", "TAG BAD unknown\r\n"] {
        let script = vec![("IDLE", Act::say(refusal)), ("NOOP", Act::say("* 4 EXISTS\r\nTAG OK done\r\n"))];
        let (_server, mut source) = opened(3, script).await;
        let wake = tokio::time::timeout(Duration::from_secs(5), source.wait(Duration::from_secs(60))).await.unwrap();
        assert_eq!(wake.unwrap(), Wake::Something, "{refusal}");
    }
}

#[tokio::test]
async fn an_idle_that_breaks_is_an_error_in_time() {
    for (answer, kind) in [
        (Act::SayAndClose(b"+ idling\r\n".to_vec()), "Lost"),
        (Act::SayAndClose(b"+ idling\r\n* BYE bye\r\n".to_vec()), "Bye"),
        (Act::Silence, "TimedOut"),
        // It idles, and does not answer DONE: a dead line behind a firewall.
        (Act::say("+ idling\r\n"), "TimedOut"),
    ] {
        let (_server, mut source) = opened(3, vec![("IDLE", answer)]).await;
        let ended =
            tokio::time::timeout(Duration::from_secs(5), source.wait(Duration::from_millis(200))).await.unwrap();
        let error = format!("{:?}", ended.unwrap_err());
        assert!(error.starts_with(kind), "{error} is not {kind}");
    }
}

#[tokio::test]
async fn an_archive_that_cannot_be_made_is_an_error_with_the_servers_words() {
    let script = vec![
        ("UID MOVE", Act::say("TAG NO [TRYCREATE] no such folder\r\n")),
        ("CREATE", Act::say("TAG NO Permission denied\r\n")),
    ];
    let (_server, mut source) = opened(3, script).await;
    let error = source.file(&[SourceKey::imap("INBOX", 77, 1)]).await.unwrap_err();
    assert!(matches!(error, SourceError::Archive { .. }) && error.to_string().contains("Permission denied"), "{error}");
    let script = vec![
        ("UID MOVE", Act::say("TAG NO [OVERQUOTA] Quota exceeded\r\n")),
        ("LIST", Act::say("* LIST () \"/\" {4}\r\nDone\r\nTAG OK done\r\n")),
    ];
    let (_server, mut source) = opened(3, script).await;
    let error = source.file(&[SourceKey::imap("INBOX", 77, 1)]).await.unwrap_err();
    assert!(error.to_string().contains("Quota exceeded"), "{error}");
}

#[tokio::test]
async fn greetings_and_logins_of_all_kinds() {
    let refused = async |greeting: &str| {
        let server = start("", 0, vec![("GREETING", Act::SayAndClose(greeting.as_bytes().to_vec()))]).await;
        source(server.port).open().await.unwrap_err()
    };
    assert!(matches!(refused("* BYE too many connections\r\n").await, SourceError::Bye { .. }));
    assert!(matches!(refused("* PREAUTH hello\r\n").await, SourceError::Protocol { .. }));
    assert!(matches!(refused("220 smtp.example ESMTP\r\n").await, SourceError::Protocol { .. }));
    assert!(matches!(refused("").await, SourceError::Lost { .. }));
    let server = start("", 0, vec![("GREETING", Act::Silence)]).await;
    assert!(matches!(source(server.port).open().await, Err(SourceError::TimedOut { .. })));
    // Two spaces, as mail.t-online.hu writes them; SASL LOGIN where nothing else is offered.
    let script = vec![
        ("GREETING", Act::say("* OK [CAPABILITY IMAP4rev1  LOGINDISABLED AUTH=LOGIN] ready\r\n")),
        ("AUTHENTICATE LOGIN", Act::say("+ VXNlcm5hbWU6\r\n")),
        ("ZGVzaw==", Act::say("+ UGFzc3dvcmQ6\r\n")),
        ("cHLDrXNuZSB0YWpuw6k=", Act::say("A0001 OK in\r\n")),
    ];
    let server = start(" IDLE", 0, script).await;
    let opened = source(server.port).open().await.unwrap();
    assert!(opened.capabilities.contains(&"IDLE".to_owned()), "{opened:?}");
    // A server that repeats the password in its refusal does not bring it into a log.
    let echo = format!("TAG NO desk/{SECRET} is wrong\r\n");
    let server = start("", 0, vec![("LOGIN", Act::say(&echo))]).await;
    let error = source(server.port).open().await.unwrap_err();
    assert!(matches!(error, SourceError::LoginRefused { .. }) && !error.to_string().contains(SECRET), "{error}");
    // Trouble of the server's own is no reason to look for another password.
    let server = start("", 0, vec![("LOGIN", Act::say("TAG NO [UNAVAILABLE] Temporary failure\r\n"))]).await;
    let error = source(server.port).open().await.unwrap_err();
    assert!(matches!(error, SourceError::Refused { .. }) && !error.wants_operator(), "{error:?}");
    let script = vec![("GREETING", Act::say("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready\r\n"))];
    let server = start("", 0, script).await;
    let error = source(server.port).open().await.unwrap_err();
    assert!(error.to_string().contains("no login by password"), "{error}");
}

#[tokio::test]
async fn starttls_that_is_missing_or_tampered_with_is_refused() {
    for (answer, word) in [
        ("TAG BAD unknown command\r\n", "does not offer STARTTLS"),
        ("TAG OK begin\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\r\n", "TLS"),
    ] {
        let server = start("", 0, vec![("STARTTLS", Act::say(answer))]).await;
        let mut settings = ImapSettings {
            host: "127.0.0.1".to_owned(),
            port: server.port,
            tls: Tls::StartTls,
            user: "desk".to_owned(),
            password: Secret::text(SECRET),
            folder: "INBOX".to_owned(),
            archive: None,
            ca_file: None,
            allow_plain: true,
            patience: Duration::from_secs(1),
            poll: ImapSettings::POLL,
        };
        settings.allow_plain = true;
        let error = ImapSource::new(settings).open().await.unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

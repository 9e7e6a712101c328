//! The IMAP source against a real Dovecot.

mod support;

use std::time::Duration;

use postdesk::inbound::{Fetched, ImapSettings, ImapSource, Secret, Shown, SourceError, Tls, Wake};
use postdesk::model::SourceKey;
use support::dovecot::{Dovecot, Options, PASSWORD};
use support::mail;
use tokio::sync::mpsc;

const LIMIT: u64 = 50 * 1024 * 1024;

fn settings(port: u16, tls: Tls) -> ImapSettings {
    ImapSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        user: "desk".to_owned(),
        password: Secret::text(PASSWORD),
        folder: "INBOX".to_owned(),
        archive: Some("Spracované/Hotové".to_owned()),
        ca_file: None,
        allow_plain: false,
        patience: Duration::from_secs(10),
        poll: Duration::from_millis(50),
    }
}

fn plain(server: &Dovecot) -> ImapSource {
    ImapSource::new(settings(server.imap, Tls::None))
}

async fn fetch_all(source: &mut ImapSource, wanted: &[Shown], max_size: u64) -> Result<Vec<Fetched>, SourceError> {
    let (tx, mut rx) = mpsc::channel(4);
    let collect = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(fetched) = rx.recv().await {
            all.push(fetched);
        }
        all
    });
    source.fetch(wanted, max_size, &tx.clone().into()).await?;
    drop(tx);
    Ok(collect.await.unwrap())
}

fn raw(fetched: &Fetched) -> &[u8] {
    match fetched {
        Fetched::Mail { raw, .. } => raw,
        other => panic!("no mail: {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_comes_in_by_implicit_tls_starttls_and_plain_loopback() {
    let server = Dovecot::start();
    let sent = mail("Faktúra", "Prosím o kópiu.");
    server.deliver("desk", &sent);
    for (tls, port) in [(Tls::Implicit, server.imaps), (Tls::StartTls, server.imap), (Tls::None, server.imap)] {
        for host in ["127.0.0.1", "localhost"] {
            let mut settings = settings(port, tls);
            settings.ca_file = Some(server.ca_file());
            settings.host = host.to_owned();
            let mut source = ImapSource::new(settings);
            let opened = source.open().await.unwrap();
            assert!(opened.uid_validity > 0 && opened.exists == 1, "{opened:?}");
            let shown = source.show(0, 10).await.unwrap();
            let fetched = fetch_all(&mut source, &shown, LIMIT).await.unwrap();
            assert_eq!(fetched.len(), 1);
            assert_eq!(raw(&fetched[0]), sent);
        }
    }
}

/// The daemon spawns tasks that own a source.
#[test]
fn a_source_may_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let mut source = postdesk::inbound::Source::Imap(ImapSource::new(settings(1, Tls::Implicit)));
    let (tx, _rx) = mpsc::channel(1);
    is_send(async move {
        source.open().await?;
        source.show(0, 1).await?;
        source.fetch(&[], 1, tx).await?;
        source.file(&[]).await?;
        source.wait(Duration::ZERO).await?;
        source.probe().await
    });
}

#[tokio::test]
async fn the_wrong_port_name_and_authority_are_told_apart() {
    let server = Dovecot::start();
    let tls_error = async |change: fn(&mut ImapSettings)| {
        let mut settings = settings(server.imaps, Tls::Implicit);
        settings.ca_file = Some(server.ca_file());
        change(&mut settings);
        if settings.port == 1 {
            settings.port = server.imap;
        }
        let error = ImapSource::new(settings).open().await.unwrap_err();
        assert!(error.wants_operator(), "{error}");
        error.to_string()
    };
    assert!(tls_error(|s| s.ca_file = None).await.contains("certificate is not accepted"));
    assert!(tls_error(|s| s.host = "127.0.0.2".to_owned()).await.contains("certificate is not accepted"));
    assert!(tls_error(|s| s.port = 1).await.contains("does not speak TLS"));
    assert!(tls_error(|s| s.ca_file = Some("/nonexistent/ca.pem".into())).await.contains("/nonexistent/ca.pem"));
}

#[tokio::test]
async fn a_password_never_travels_in_the_clear_to_another_machine() {
    let mut settings = settings(143, Tls::None);
    settings.host = "192.0.2.1".to_owned();
    let error = ImapSource::new(settings).open().await.unwrap_err();
    assert!(matches!(error, SourceError::PlainRefused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_says_so_and_a_changed_one_is_read_again() {
    let server = Dovecot::start();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "zlé heslo\n").unwrap();
    let mut settings = settings(server.imap, Tls::None);
    settings.password = Secret::file(&file);
    let mut source = ImapSource::new(settings);
    let error = source.open().await.unwrap_err();
    assert!(matches!(error, SourceError::LoginRefused { .. }) && error.wants_operator(), "{error:?}");
    assert!(!error.to_string().contains("zlé heslo") && !error.to_string().contains("desk"), "{error}");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    source.open().await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = source.open().await.unwrap_err();
    assert!(matches!(error, SourceError::Secret(_)), "{error:?}");
    let error = source.show(0, 1).await.unwrap_err();
    assert!(matches!(error, SourceError::NotOpen), "{error:?}");
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let server = Dovecot::start();
    let mut settings = settings(server.imap, Tls::None);
    settings.folder = "Podpora/Žiadosti".to_owned();
    let error = ImapSource::new(settings).open().await.unwrap_err();
    assert!(matches!(error, SourceError::FolderMissing { .. }) && error.wants_operator(), "{error:?}");
    assert!(error.to_string().contains("Podpora/Žiadosti"));
}

#[tokio::test]
async fn a_folder_with_diacritics_is_read_and_its_uidvalidity_stays() {
    let server = Dovecot::start();
    let mut client = server.client("desk");
    client.command("CREATE \"&AX0-iadosti\"");
    client.append("&AX0-iadosti", "02-Mar-2026 10:00:00 +0100", &mail("Prvá", "text"));
    let mut settings = settings(server.imap, Tls::None);
    settings.folder = "Žiadosti".to_owned();
    let mut source = ImapSource::new(settings);
    let opened = source.open().await.unwrap();
    assert_eq!((opened.folder.as_str(), opened.exists, opened.uid_next), ("Žiadosti", 1, Some(2)));
    let shown = source.show(0, 10).await.unwrap();
    assert_eq!(shown[0].key, SourceKey::imap("Žiadosti", opened.uid_validity, 1));
    assert_eq!(shown[0].received_at, Some("2026-03-02T09:00:00Z".parse().unwrap()));
    assert_eq!(shown[0].size, Some(mail("Prvá", "text").len() as u64));
    let again = source.open().await.unwrap();
    assert_eq!(again.uid_validity, opened.uid_validity);
    // A folder that was made anew says so by another UIDVALIDITY; old keys then name nothing.
    client.command("DELETE \"&AX0-iadosti\"");
    client.command("CREATE \"&AX0-iadosti\"");
    client.append("&AX0-iadosti", "02-Mar-2026 10:00:00 +0100", &mail("Druhá", "text"));
    let anew = source.open().await.unwrap();
    assert_ne!(anew.uid_validity, opened.uid_validity);
    let fetched = fetch_all(&mut source, &shown, LIMIT).await.unwrap();
    assert!(matches!(&fetched[..], [Fetched::Vanished { key }] if *key == shown[0].key), "{fetched:?}");
}

#[tokio::test]
async fn three_hundred_mails_come_in_order_and_unseen() {
    let server = Dovecot::start();
    let sent: Vec<Vec<u8>> = (0..300).map(|n| mail(&format!("Mail {n}"), &"riadok\r\n".repeat(n % 40))).collect();
    sent.iter().for_each(|raw| server.deliver("desk", raw));
    let mut source = plain(&server);
    let opened = source.open().await.unwrap();
    assert_eq!(opened.exists, 300);
    let mut shown = Vec::new();
    loop {
        let after = shown.last().map_or(0, |s: &Shown| s.key.uid);
        let more = source.show(after, 70).await.unwrap();
        let last = more.len() < 70;
        shown.extend(more);
        let patience = Duration::from_millis(if last { 20 } else { 60_000 });
        let expected = if last { Wake::Nothing } else { Wake::Something };
        assert_eq!(source.wait(patience).await.unwrap(), expected, "while there is more to show, nobody waits");
        if last {
            break;
        }
    }
    assert_eq!(shown.len(), 300);
    assert!(shown.is_sorted_by_key(|s| s.key.uid));
    // `n:*` names the last mail although it is below n.
    assert_eq!(source.show(shown[299].key.uid, 10).await.unwrap(), []);
    assert_eq!(source.show(u32::MAX, 10).await.unwrap(), []);
    let fetched = fetch_all(&mut source, &shown, LIMIT).await.unwrap();
    for (n, fetched) in fetched.iter().enumerate() {
        assert_eq!(*fetched.key(), shown[n].key);
        assert_eq!(raw(fetched), sent[n], "mail {n}");
    }
    assert_eq!(fetched.len(), 300);
    assert!(
        server
            .files("desk", "INBOX")
            .iter()
            .all(|(name, _)| !name.contains(":2,") || !name.rsplit(":2,").next().unwrap().contains('S')),
        "no mail is marked as seen"
    );
}

#[tokio::test]
async fn uids_far_apart_are_found_in_few_questions() {
    let server = Dovecot::start();
    let mut client = server.client("desk");
    client.append("INBOX", "02-Mar-2026 10:00:00 +0100", &mail("first", "x"));
    let mut source = plain(&server);
    source.open().await.unwrap();
    assert_eq!(source.show(0, 9).await.unwrap().len(), 1);
    // doveadm may set the next UID as it likes; here the list file of the Maildir says it.
    let list = server.maildir("desk", "INBOX").join("dovecot-uidlist");
    let text = std::fs::read_to_string(&list).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let head: Vec<&str> = head.split(' ').map(|w| if w.starts_with('N') { "N3000000000" } else { w }).collect();
    std::fs::write(&list, format!("{}\n{rest}", head.join(" "))).unwrap();
    let index = server.maildir("desk", "INBOX");
    for entry in std::fs::read_dir(&index).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("dovecot.index") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    drop(client);
    server.deliver("desk", &mail("second", "x"));
    source.open().await.unwrap();
    let shown = source.show(0, 9).await.unwrap();
    assert_eq!(shown.iter().map(|s| s.key.uid).collect::<Vec<_>>(), [1, 3_000_000_000]);
}

#[tokio::test]
async fn a_large_mail_is_whole_and_an_oversize_one_is_cut_and_said_to_be() {
    let server = Dovecot::start();
    let large = mail("large", &"0123456789abcdef\r\n".repeat(120_000));
    assert!(large.len() > 2_000_000);
    server.deliver("desk", &mail("before", "small"));
    server.deliver("desk", &large);
    server.deliver("desk", &mail("after", "small"));
    let mut source = plain(&server);
    source.open().await.unwrap();
    let shown = source.show(0, 10).await.unwrap();
    let whole = fetch_all(&mut source, &shown, LIMIT).await.unwrap();
    assert_eq!(raw(&whole[1]), large);
    let cut = fetch_all(&mut source, &shown, 1_000_000).await.unwrap();
    assert_eq!(cut.len(), 3);
    let Fetched::Mail { raw, truncated_from, .. } = &cut[1] else { panic!("{cut:?}") };
    assert_eq!(*truncated_from, Some(large.len() as u64));
    assert_eq!(raw[..], large[..256 * 1024]);
    assert!(matches!(&cut[2], Fetched::Mail { truncated_from: None, raw, .. } if raw.starts_with(b"From:")));
    let cut = fetch_all(&mut source, &shown, 20_000).await.unwrap();
    assert!(matches!(&cut[1], Fetched::Mail { truncated_from: Some(_), raw, .. } if raw.len() == 20_000));
    // A size that the server did not tell is no reason to trust it.
    let unsure: Vec<Shown> = shown.iter().cloned().map(|s| Shown { size: None, ..s }).collect();
    let cut = fetch_all(&mut source, &unsure, 1_000_000).await.unwrap();
    assert!(matches!(&cut[1], Fetched::Mail { truncated_from: Some(_), raw, .. } if raw.len() == 256 * 1024));
}

#[tokio::test]
async fn a_mail_that_vanished_between_show_and_fetch_is_gone_and_never_empty() {
    let server = Dovecot::start();
    (0..5).for_each(|n| server.deliver("desk", &mail(&format!("mail {n}"), "text")));
    let mut source = plain(&server);
    source.open().await.unwrap();
    let shown = source.show(0, 10).await.unwrap();
    let mut client = server.client("desk");
    client.command("SELECT INBOX");
    client.command("UID STORE 2,5 +FLAGS (\\Deleted)");
    client.command("EXPUNGE");
    let fetched = fetch_all(&mut source, &shown, LIMIT).await.unwrap();
    assert_eq!(fetched.len(), 5);
    let mut gone: Vec<u32> = Vec::new();
    for answer in &fetched {
        match answer {
            Fetched::Vanished { key } => gone.push(key.uid),
            Fetched::Mail { raw, .. } => assert!(raw.starts_with(b"From:")),
            Fetched::Withheld { .. } => panic!("{answer:?}"),
        }
    }
    assert_eq!(gone, [2, 5]);
    // Filing what is gone is no error, and the others are filed.
    let keys: Vec<SourceKey> = shown.iter().map(|s| s.key.clone()).collect();
    source.file(&keys).await.unwrap();
    assert_eq!(server.files("desk", "INBOX").len(), 0);
    assert_eq!(server.files("desk", "Spracovan&AOk-.Hotov&AOk-").len(), 3);
}

async fn filing_moves_only_what_it_is_told(capabilities: Option<&'static str>) {
    let server = Dovecot::start_with(&Options { capabilities, ..Options::default() });
    let sent: Vec<Vec<u8>> = (0..4).map(|n| mail(&format!("mail {n}"), "text")).collect();
    sent.iter().for_each(|raw| server.deliver("desk", raw));
    let mut client = server.client("desk");
    client.command("SELECT INBOX");
    // Marked by a person, not yet removed: none of our business.
    client.command("UID STORE 4 +FLAGS (\\Deleted)");
    let mut source = plain(&server);
    let probe = source.probe().await.unwrap();
    assert_eq!(probe.archive_exists, Some(false));
    let shown = source.show(0, 10).await.unwrap();
    let keys: Vec<SourceKey> = [0, 2].iter().map(|n| shown[*n].key.clone()).collect();
    source.file(&keys).await.unwrap();
    source.file(&keys).await.unwrap();
    let left: Vec<Vec<u8>> = server.files("desk", "INBOX").into_iter().map(|(_, raw)| raw).collect();
    assert_eq!(left, [sent[1].clone(), sent[3].clone()]);
    let mut filed = server.files("desk", "Spracovan&AOk-.Hotov&AOk-");
    filed.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(filed.iter().map(|(_, raw)| raw.clone()).collect::<Vec<_>>(), [sent[0].clone(), sent[2].clone()]);
    for (name, _) in server.files("desk", "INBOX").iter().chain(&filed) {
        let flags = name.split_once(":2,").map_or("", |(_, flags)| flags);
        assert!(!flags.contains('S'), "{name} was never read by a person");
    }
    let probe = source.probe().await.unwrap();
    assert_eq!(probe.archive_exists, Some(true));
    assert!(probe.folders.contains(&"Spracované/Hotové".to_owned()), "{:?}", probe.folders);
}

#[tokio::test]
async fn filing_by_move_makes_the_archive_and_touches_nothing_else() {
    filing_moves_only_what_it_is_told(None).await;
}

#[tokio::test]
async fn filing_without_move_copies_and_expunges_only_these_uids() {
    filing_moves_only_what_it_is_told(Some("IMAP4rev1 UIDPLUS IDLE")).await;
}

#[tokio::test]
async fn filing_without_uidplus_never_expunges() {
    let server = Dovecot::start_with(&Options { capabilities: Some("IMAP4rev1"), ..Options::default() });
    server.deliver("desk", &mail("one", "text"));
    server.deliver("desk", &mail("two", "text"));
    let mut source = plain(&server);
    source.open().await.unwrap();
    let shown = source.show(0, 10).await.unwrap();
    source.file(&[shown[0].key.clone()]).await.unwrap();
    assert_eq!(server.files("desk", "INBOX").len(), 2);
    assert_eq!(server.files("desk", "Spracovan&AOk-.Hotov&AOk-").len(), 1);
}

#[tokio::test]
async fn filing_without_an_archive_leaves_the_mail_where_it_is() {
    let server = Dovecot::start();
    server.deliver("desk", &mail("one", "text"));
    let mut settings = settings(server.imap, Tls::None);
    settings.archive = None;
    let mut source = ImapSource::new(settings);
    source.open().await.unwrap();
    let shown = source.show(0, 10).await.unwrap();
    source.file(&[shown[0].key.clone()]).await.unwrap();
    assert_eq!(server.files("desk", "INBOX").len(), 1);
}

async fn new_mail_wakes(capabilities: Option<&'static str>, tls: Tls) {
    let server = Dovecot::start_with(&Options { capabilities, ..Options::default() });
    server.deliver_lmtp("desk", &mail("before", "text"));
    let port = if tls == Tls::Implicit { server.imaps } else { server.imap };
    let mut source = ImapSource::new(ImapSettings { ca_file: Some(server.ca_file()), ..settings(port, tls) });
    source.open().await.unwrap();
    let last = source.show(0, 10).await.unwrap()[0].key.uid;
    assert_eq!(source.wait(Duration::from_millis(300)).await.unwrap(), Wake::Nothing);
    let waiting = tokio::spawn(async move {
        let wake = source.wait(Duration::from_secs(60)).await;
        (source, wake)
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let server = tokio::task::spawn_blocking(move || {
        server.deliver_lmtp("desk", &mail("new", "text"));
        server
    })
    .await
    .unwrap();
    let (mut source, wake) = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert_eq!(wake.unwrap(), Wake::Something);
    assert_eq!(source.show(last, 10).await.unwrap().len(), 1);
    // The connection is in step afterwards, and quiet again.
    assert_eq!(source.wait(Duration::from_millis(100)).await.unwrap(), Wake::Nothing);
    drop(server);
}

#[tokio::test]
async fn new_mail_wakes_an_idle_connection_within_seconds() {
    new_mail_wakes(None, Tls::None).await;
    new_mail_wakes(None, Tls::Implicit).await;
}

#[tokio::test]
async fn new_mail_is_polled_for_where_there_is_no_idle() {
    new_mail_wakes(Some("IMAP4rev1 UIDPLUS MOVE"), Tls::StartTls).await;
}

#[tokio::test]
async fn mail_that_is_announced_between_commands_is_not_lost() {
    let server = Dovecot::start();
    server.deliver("desk", &mail("before", "text"));
    let mut source = plain(&server);
    source.open().await.unwrap();
    let shown = source.show(0, 10).await.unwrap();
    server.client("desk").append("INBOX", "02-Mar-2026 10:00:00 +0100", &mail("new", "text"));
    // The announcement comes with the answer to this command, and an IDLE begun after it would say nothing.
    fetch_all(&mut source, &shown, LIMIT).await.unwrap();
    source.file(&[]).await.unwrap();
    let wake = tokio::time::timeout(Duration::from_secs(5), source.wait(Duration::from_secs(60))).await.unwrap();
    assert_eq!(wake.unwrap(), Wake::Something);
    assert_eq!(source.show(shown[0].key.uid, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_goes_down_ends_the_wait() {
    for kill in [false, true] {
        let mut server = Dovecot::start();
        let mut source = plain(&server);
        source.open().await.unwrap();
        let waiting = tokio::spawn(async move { source.wait(Duration::from_secs(60)).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        tokio::task::spawn_blocking(move || if kill { server.kill() } else { server.stop() }).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
        let error = ended.unwrap_err();
        assert!(matches!(error, SourceError::Bye { .. } | SourceError::Lost { .. }), "{error:?}");
        assert!(!error.wants_operator());
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_unreachable_and_comes_back() {
    let port = support::free_port();
    let mut source = ImapSource::new(settings(port, Tls::Implicit));
    let error = source.open().await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }) && !error.wants_operator(), "{error:?}");
    let mut source =
        ImapSource::new(ImapSettings { host: "no-such-host.invalid".into(), ..settings(1, Tls::Implicit) });
    assert!(matches!(source.open().await.unwrap_err(), SourceError::Unreachable { .. }));
}

#[tokio::test]
async fn a_source_takes_leave() {
    let server = Dovecot::start();
    let mut source = plain(&server);
    source.open().await.unwrap();
    source.close().await;
    assert!(matches!(source.show(0, 1).await, Err(SourceError::NotOpen)));
    support::eventually("Dovecot's word of it", Duration::from_secs(5), || {
        server.log().contains("Disconnected: Logged out").then_some(())
    });
}

#[tokio::test]
async fn a_fetch_that_is_dropped_half_way_leaves_no_answers_behind() {
    let server = Dovecot::start();
    (0..50).for_each(|n| server.deliver("desk", &mail(&format!("mail {n}"), &"x".repeat(5000))));
    let mut source = plain(&server);
    source.open().await.unwrap();
    let shown = source.show(0, 100).await.unwrap();
    let (tx, rx) = mpsc::channel(1);
    // Nobody takes anything: the fetch stops, bounded, in the middle.
    let stopped =
        tokio::time::timeout(Duration::from_millis(300), source.fetch(&shown, LIMIT, &tx.clone().into())).await;
    assert!(stopped.is_err());
    drop(rx);
    assert!(matches!(source.show(0, 1).await, Err(SourceError::NotOpen)));
    source.open().await.unwrap();
    let fetched = fetch_all(&mut source, &shown[40..], LIMIT).await.unwrap();
    assert_eq!(fetched.len(), 10);
    assert_eq!(*fetched[0].key(), shown[40].key);
}

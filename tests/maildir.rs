//! The Maildir source on a real folder, with other programs at work in it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postdesk::inbound::{Fetched, MaildirSettings, MaildirSource, Shown, SourceError, Wake};
use postdesk::model::SourceKey;
use support::mail;
use tokio::sync::mpsc;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for part in ["box/tmp", "box/new", "box/cur"] {
            fs::create_dir_all(dir.path().join(part)).unwrap();
        }
        Folder(dir)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("box")
    }

    fn source(&self) -> MaildirSource {
        let archive = Some(self.0.path().join("archive"));
        MaildirSource::new(MaildirSettings { path: self.path(), archive, poll: Duration::from_millis(20) })
    }

    /// As a delivery agent does.
    fn put(&self, name: &str, raw: &[u8]) {
        fs::write(self.path().join("tmp/x"), raw).unwrap();
        fs::rename(self.path().join("tmp/x"), self.path().join(name)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path().join(from), self.path().join(to)).unwrap();
    }
}

async fn fetch(source: &mut MaildirSource, wanted: &[Shown], max_size: u64) -> Vec<Fetched> {
    let (tx, mut rx) = mpsc::channel(100);
    source.fetch(wanted, max_size, &tx.clone().into()).await.unwrap();
    drop(tx);
    let mut all = Vec::new();
    while let Some(fetched) = rx.recv().await {
        all.push(fetched);
    }
    all
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_mail_is_shown_once_oldest_first_and_its_flags_stay() {
    let folder = Folder::new();
    folder.put("new/1700000002.b.host", &mail("two", "x"));
    folder.put("cur/1700000001.a.host:2,FS", &mail("one", "x"));
    folder.put("new/1700000003.c.host", &mail("three", "x"));
    folder.put("new/.hidden", b"no mail");
    let mut source = folder.source();
    assert!(matches!(source.show(9).await, Err(SourceError::NotOpen)));
    assert_eq!(source.open().await.unwrap().exists, 3);
    let first = source.show(2).await.unwrap();
    assert_eq!(first[0].key, SourceKey::maildir("1700000001.a.host"));
    assert_eq!(first[1].key, SourceKey::maildir("1700000002.b.host"));
    let second = source.show(2).await.unwrap();
    assert_eq!(second.iter().map(|s| s.key.name.as_str()).collect::<Vec<_>>(), ["1700000003.c.host"]);
    assert_eq!(source.show(2).await.unwrap(), []);
    let fetched = fetch(&mut source, &first, 10_000).await;
    assert!(matches!(&fetched[1], Fetched::Mail { raw, received_at: Some(_), .. } if raw[..] == mail("two", "x")));
    assert_eq!(names(&folder.path().join("cur")), ["1700000001.a.host:2,FS"]);
    assert_eq!(names(&folder.path().join("new")).len(), 3);
    // Whoever lost track opens again.
    source.open().await.unwrap();
    assert_eq!(source.show(9).await.unwrap().len(), 3);
}

/// Whoever opens a pipe that nobody writes into waits for ever.
#[tokio::test]
async fn a_pipe_in_the_folder_holds_up_no_mail() {
    let folder = Folder::new();
    folder.put("new/1.x.host", &mail("one", "x"));
    let pipe = folder.path().join("new/2.x.host");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
    std::os::unix::fs::symlink(&pipe, folder.path().join("new/3.x.host")).unwrap();
    folder.put("new/4.x.host", &mail("four", "x"));
    let mut source = folder.source();
    source.open().await.unwrap();
    let shown = source.show(9).await.unwrap();
    let fetched =
        tokio::time::timeout(Duration::from_secs(20), fetch(&mut source, &shown, 10_000)).await.expect("ends");
    assert!(matches!(&fetched[0], Fetched::Mail { .. }));
    assert!(
        matches!(&fetched[1], Fetched::Withheld { because, .. } if because.contains("no file")),
        "{:?}",
        fetched[1]
    );
    assert!(matches!(&fetched[2], Fetched::Mail { raw, .. } if raw[..] == mail("four", "x")));
}

#[tokio::test]
async fn a_file_that_is_renamed_is_found_and_one_that_vanished_is_gone() {
    let folder = Folder::new();
    for n in 0..3 {
        folder.put(&format!("new/{n}.x.host"), &mail(&format!("mail {n}"), "x"));
    }
    folder.put("new/3.x.host", b"");
    let mut source = folder.source();
    source.open().await.unwrap();
    let shown = source.show(9).await.unwrap();
    folder.rename("new/0.x.host", "cur/0.x.host:2,S");
    fs::remove_file(folder.path().join("new/1.x.host")).unwrap();
    let fetched = fetch(&mut source, &shown, 10_000).await;
    assert!(matches!(&fetched[0], Fetched::Mail { raw, .. } if raw[..] == mail("mail 0", "x")));
    assert!(matches!(&fetched[1], Fetched::Vanished { .. }));
    assert!(matches!(&fetched[2], Fetched::Mail { .. }));
    assert!(matches!(&fetched[3], Fetched::Withheld { .. }), "an empty file is no mail, and not gone either");
    // A mail that only changed its flags is not new.
    assert_eq!(source.show(9).await.unwrap(), []);
    assert_eq!(source.wait(Duration::from_millis(50)).await.unwrap(), Wake::Nothing);
}

#[tokio::test]
async fn filing_keeps_place_and_flags_and_may_be_repeated() {
    let folder = Folder::new();
    folder.put("new/1.x.host", &mail("one", "x"));
    folder.put("cur/2.x.host:2,RS", &mail("two", "x"));
    folder.put("new/3.x.host", &mail("three", "x"));
    let mut source = folder.source();
    assert_eq!(source.probe().await.unwrap().archive_exists, Some(false));
    let shown = source.show(9).await.unwrap();
    let keys: Vec<SourceKey> = shown[..2].iter().map(|s| s.key.clone()).collect();
    source.file(&keys).await.unwrap();
    source.file(&keys).await.unwrap();
    assert_eq!(names(&folder.0.path().join("archive/new")), ["1.x.host"]);
    assert_eq!(names(&folder.0.path().join("archive/cur")), ["2.x.host:2,RS"]);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(folder.0.path().join("archive/cur")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "people's mail is nobody else's");
    assert_eq!(names(&folder.path().join("new")), ["3.x.host"]);
    assert_eq!(source.probe().await.unwrap().archive_exists, Some(true));
    let mut source = MaildirSource::new(MaildirSettings { path: folder.path(), archive: None, poll: Duration::ZERO });
    source.file(&[shown[2].key.clone()]).await.unwrap();
    assert_eq!(names(&folder.path().join("new")), ["3.x.host"]);
}

#[tokio::test]
async fn an_oversize_file_is_cut_and_said_to_be() {
    let folder = Folder::new();
    let large = mail("large", &"x".repeat(600_000));
    folder.put("new/1.x.host", &large);
    let mut source = folder.source();
    source.open().await.unwrap();
    let shown = source.show(9).await.unwrap();
    assert_eq!(shown[0].size, Some(large.len() as u64));
    let fetched = fetch(&mut source, &shown, 500_000).await;
    let Fetched::Mail { raw, truncated_from, .. } = &fetched[0] else { panic!("{fetched:?}") };
    assert_eq!(*truncated_from, Some(large.len() as u64));
    assert_eq!(raw[..], large[..256 * 1024]);
    let Fetched::Mail { raw, truncated_from, .. } = &fetch(&mut source, &shown, 20_000).await[0] else { panic!() };
    assert_eq!((raw[..] == large[..20_000], *truncated_from), (true, Some(large.len() as u64)), "a smaller limit");
}

#[tokio::test]
async fn new_mail_wakes_at_once() {
    let folder = Folder::new();
    let settings = MaildirSettings { path: folder.path(), archive: None, poll: Duration::from_secs(60) };
    let mut source = MaildirSource::new(settings);
    source.open().await.unwrap();
    assert_eq!(source.show(9).await.unwrap(), []);
    assert_eq!(source.wait(Duration::from_millis(20)).await.unwrap(), Wake::Nothing);
    let waiting = tokio::spawn(async move {
        let wake = source.wait(Duration::from_secs(60)).await;
        (source, wake)
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    folder.put("new/1.x.host", &mail("one", "x"));
    let (mut source, wake) = tokio::time::timeout(Duration::from_secs(2), waiting).await.unwrap().unwrap();
    assert_eq!(wake.unwrap(), Wake::Something);
    assert_eq!(source.show(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_maildir_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("missing")] {
        let mut source = MaildirSource::new(MaildirSettings { path, archive: None, poll: MaildirSettings::POLL });
        let error = source.open().await.unwrap_err();
        assert!(error.to_string().contains("not a Maildir"), "{error}");
    }
}

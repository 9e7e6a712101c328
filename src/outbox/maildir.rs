//! Mail that leaves into a Maildir: for trials, for tests, and for another program that carries it on.
//!
//! A file is written the way a delivering MTA writes it: `Return-Path:` and `Delivered-To:` first, which hold the
//! envelope (RFC 5321 section 4.4), then the mail, line ends LF. Its name is made of the outbox's id and the
//! Message-ID alone, so that a try after a crash replaces its own file and never makes a second one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::config::private;
use crate::model::Digest;
use crate::model::outgoing::OutboxEntry;

use super::transport::Letter;

#[derive(Clone, Debug)]
pub(super) struct Maildir {
    root: PathBuf,
}

/// A file that is whole and durable in `tmp/`, and not yet delivered.
pub(super) struct Prepared {
    tmp: PathBuf,
    new: PathBuf,
    name: String,
}

impl Maildir {
    pub(super) fn new(root: PathBuf) -> Self {
        Maildir { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes the mail to `tmp/`. None: it was delivered before. What is made is its owner's alone, whatever the umask; folders
    /// that are there stay as they are. Blocking.
    pub(super) fn prepare(&self, letter: &Letter) -> io::Result<Option<Prepared>> {
        let entry = &letter.entry;
        for folder in ["tmp", "new", "cur"] {
            private::folder(&self.root.join(folder))?;
        }
        let name = unique_name(entry);
        // A first try was never delivered; to look for it among all that readers keep in cur/ would be waste.
        if entry.attempts > 1 && self.is_delivered(&name)? {
            return Ok(None);
        }
        let prepared =
            Prepared { tmp: self.root.join("tmp").join(&name), new: self.root.join("new").join(&name), name };
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&prepared.tmp)?;
        file.write_all(&delivered_form(letter))?;
        file.sync_all()?;
        Ok(Some(prepared))
    }

    fn is_delivered(&self, name: &str) -> io::Result<bool> {
        if self.root.join("new").join(name).try_exists()? {
            return Ok(true);
        }
        // A reader moves the file to cur/ and adds flags to its name.
        for file in fs::read_dir(self.root.join("cur"))? {
            let found = file?.file_name();
            if found.to_str().and_then(|f| f.strip_prefix(name)).is_some_and(|f| f.is_empty() || f.starts_with(':')) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves it to `new/`, durably; the name under which it is there. Blocking.
    pub(super) fn deliver(&self, prepared: &Prepared) -> io::Result<String> {
        fs::rename(&prepared.tmp, &prepared.new)?;
        File::open(self.root.join("new"))?.sync_all()?;
        Ok(prepared.name.clone())
    }
}

/// `SECONDS.ID_DIGEST.postdesk`: nothing of it comes from the mail itself.
fn unique_name(entry: &OutboxEntry) -> String {
    let digest = Digest::of(entry.message_id.as_bytes()).hex();
    format!("{}.{}_{}.postdesk", entry.queued_at.as_second(), entry.id, digest.get(..16).unwrap_or_default())
}

fn delivered_form(Letter { entry, bytes }: &Letter) -> Vec<u8> {
    let from = entry.envelope_from.as_ref().map_or("", |a| a.as_str());
    let mut out = format!("Return-Path: <{from}>\nDelivered-To: {}\n", entry.to).into_bytes();
    out.reserve(bytes.len());
    let mut bytes = bytes.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&&b'\n') {
            out.push(byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AddrSpec;
    use crate::model::outgoing::Template;
    use jiff::Timestamp;

    fn letter(from: Option<&str>) -> Letter {
        let entry = OutboxEntry {
            id: 12,
            template: Template::Answer,
            ticket: None,
            envelope_from: from.map(|a| AddrSpec::parse(a).expect("valid")),
            to: AddrSpec::parse("jan@firma.example").expect("valid"),
            message_id: "a.b@desk.example".to_owned(),
            attempts: 1,
            queued_at: Timestamp::from_second(1_800_000_000).expect("in range"),
            ambiguous: false,
        };
        Letter { entry, bytes: b"Subject: x\r\n\r\nHello\r\n".to_vec() }
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).expect("folder").map(|f| f.expect("file").path()).collect()
    }

    #[test]
    fn a_mail_is_delivered_with_its_envelope_and_is_not_in_new_before() {
        let scratch = tempfile::tempdir().expect("scratch");
        let maildir = Maildir::new(scratch.path().join("out"));
        let prepared = maildir.prepare(&letter(Some("desk@acme.example"))).expect("written").expect("not there yet");
        assert!(files(&scratch.path().join("out/new")).is_empty());
        maildir.deliver(&prepared).expect("delivered");
        let delivered = files(&scratch.path().join("out/new"));
        assert_eq!(delivered.len(), 1);
        assert_eq!(
            fs::read_to_string(&delivered[0]).expect("text"),
            "Return-Path: <desk@acme.example>\nDelivered-To: jan@firma.example\nSubject: x\n\nHello\n"
        );
        assert!(files(&scratch.path().join("out/tmp")).is_empty());
    }

    #[test]
    fn a_second_try_delivers_no_second_file_even_after_a_reader_took_the_first() {
        let scratch = tempfile::tempdir().expect("scratch");
        let maildir = Maildir::new(scratch.path().to_owned());
        let first = maildir.prepare(&letter(None)).expect("written").expect("not there yet");
        let name = maildir.deliver(&first).expect("delivered");
        let again = || OutboxEntry { attempts: 2, ..letter(None).entry };
        let put = |entry| Letter { entry, ..letter(None) };
        assert!(maildir.prepare(&put(again())).expect("looked").is_none());
        fs::rename(scratch.path().join("new").join(&name), scratch.path().join("cur").join(format!("{name}:2,S")))
            .expect("moved");
        assert!(maildir.prepare(&put(again())).expect("looked").is_none());
        let other = OutboxEntry { message_id: "c.d@desk.example".to_owned(), ..again() };
        assert!(
            maildir.prepare(&put(other)).expect("written").is_some(),
            "another mail under the same id is another file"
        );
    }

    #[test]
    fn nobody_else_can_read_what_is_made() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = tempfile::tempdir().expect("scratch");
        let maildir = Maildir::new(scratch.path().join("out"));
        maildir.deliver(&maildir.prepare(&letter(None)).expect("written").expect("not there yet")).expect("delivered");
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        for folder in ["out", "out/tmp", "out/new", "out/cur"] {
            assert_eq!(mode(&scratch.path().join(folder)), 0o700, "{folder}");
        }
        assert_eq!(mode(&files(&scratch.path().join("out/new"))[0]), 0o600);
    }

    #[test]
    fn a_null_sender_is_a_null_return_path() {
        assert!(delivered_form(&letter(None)).starts_with(b"Return-Path: <>\nDelivered-To: "));
    }
}

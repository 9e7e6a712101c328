//! Mail that somebody hands over: .eml files, folders of them, Maildirs, mbox files, standard input.
//!
//! One mail is in memory at a time, and never more of it than the size limit: an mbox of any size can be handed over.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::{kept_of_oversize, maildir};

/// A mail as it was found.
#[derive(Clone, Debug)]
pub struct Handed {
    /// For people: the file, and which mail in it.
    pub name: String,
    pub raw: Arc<[u8]>,
    /// Where the place tells: a Maildir file's time, an mbox's `From ` line.
    pub received_at: Option<Timestamp>,
    /// `raw` is the beginning of a mail of this size: [`super::OVERSIZE_KEPT`] bytes, or as many as the limit allows.
    pub truncated_from: Option<u64>,
}

/// One place could not be read; the others can.
#[derive(Debug, thiserror::Error)]
#[error("Cannot read mail from {place}: {because}")]
pub struct FilesError {
    pub place: String,
    pub because: String,
}

/// The mails of some places, in order. Goes on after an error.
pub struct Mails {
    max_size: u64,
    places: VecDeque<Place>,
    mbox: Option<Mbox>,
}

enum Place {
    /// Not yet looked at.
    Any(PathBuf),
    /// A file of a Maildir: one mail, whatever it begins with.
    Maildir(PathBuf),
    Stream(String, Box<dyn BufRead + Send>),
}

/// The mails in these files and folders. Folders of .eml files are read in the order of names, without their subfolders.
pub fn mails(paths: impl IntoIterator<Item = PathBuf>, max_size: u64) -> Mails {
    Mails { max_size, places: paths.into_iter().map(Place::Any).collect(), mbox: None }
}

/// What comes through a pipe: a mail, perhaps with the `From ` line that an MTA puts before it, or an mbox.
pub fn stream(name: &str, from: impl BufRead + Send + 'static, max_size: u64) -> Mails {
    Mails { max_size, places: VecDeque::from([Place::Stream(name.to_owned(), Box::new(from))]), mbox: None }
}

impl Iterator for Mails {
    type Item = Result<Handed, FilesError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(mbox) = &mut self.mbox {
                match mbox.next_mail(self.max_size) {
                    Ok(Some(mail)) => return Some(Ok(mail)),
                    Ok(None) => self.mbox = None,
                    Err(error) => {
                        let place = mbox.name.clone();
                        self.mbox = None;
                        return Some(Err(FilesError { place, because: error.to_string() }));
                    }
                }
                continue;
            }
            let (name, opened) = match self.places.pop_front()? {
                Place::Stream(name, from) => (name.clone(), Mbox::open(name, from, true).map(Some)),
                Place::Maildir(path) => {
                    let name = path.display().to_string();
                    match one_file(&path, self.max_size) {
                        Ok(mail) => return Some(Ok(mail)),
                        Err(error) => (name, Err(error)),
                    }
                }
                Place::Any(path) => (path.display().to_string(), self.look_at(&path)),
            };
            match opened {
                Ok(mbox) => self.mbox = mbox,
                Err(error) => return Some(Err(FilesError { place: name, because: error.to_string() })),
            }
        }
    }
}

impl Mails {
    /// A file is read as an mbox of perhaps one mail; of a folder the places in it are put at the front.
    fn look_at(&mut self, path: &Path) -> io::Result<Option<Mbox>> {
        if !path.is_dir() {
            let file = BufReader::with_capacity(PIECE, fs::File::open(path)?);
            return Mbox::open(path.display().to_string(), Box::new(file), false).map(Some);
        }
        let inside = if path.join("cur").is_dir() || path.join("new").is_dir() {
            let mut files = sorted(&path.join("new"))?;
            files.extend(sorted(&path.join("cur"))?);
            files.into_iter().map(Place::Maildir).collect::<Vec<_>>()
        } else {
            let is_eml = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("eml"));
            sorted(path)?.into_iter().filter(is_eml).map(Place::Any).collect()
        };
        if inside.is_empty() && !path.join("cur").is_dir() {
            return Err(io::Error::other("it is neither a Maildir nor a folder with .eml files in it"));
        }
        inside.into_iter().rev().for_each(|place| self.places.push_front(place));
        Ok(None)
    }
}

/// The files of a folder in the order of names; none where there is no such folder.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && maildir::may_be_mail(&entry) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn one_file(path: &Path, max_size: u64) -> io::Result<Handed> {
    let (raw, truncated_from) = maildir::read_bounded(path, max_size)?;
    if raw.is_empty() {
        return Err(io::Error::other("the file is empty"));
    }
    let changed = fs::metadata(path).and_then(|meta| meta.modified());
    let received_at = changed.ok().and_then(|at| Timestamp::try_from(at).ok());
    Ok(Handed { name: path.display().to_string(), raw: raw.into(), received_at, truncated_from })
}

/// Longest piece of a line that is looked at at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Mails in a stream, each below a `From ` line (RFC 4155); or a single mail without one.
struct Mbox {
    name: String,
    from: Box<dyn BufRead + Send>,
    /// A pipe: the only mail in it was perhaps never escaped.
    pipe: bool,
    /// The next mail's first bytes, or its `From ` line; empty at the end.
    ahead: Vec<u8>,
    /// Mails begun.
    count: u32,
}

/// A mail as it is gathered: no more is kept than the limit.
struct Gathered {
    raw: Vec<u8>,
    size: u64,
    max_size: u64,
}

impl Gathered {
    fn add(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        if self.size <= self.max_size || (self.raw.len() as u64) < kept_of_oversize(self.max_size) {
            self.raw.extend_from_slice(piece);
        }
    }
}

impl Mbox {
    fn open(name: String, from: Box<dyn BufRead + Send>, pipe: bool) -> io::Result<Self> {
        let mut mbox = Mbox { name, from, pipe, ahead: Vec::new(), count: 0 };
        mbox.ahead = mbox.piece()?;
        if mbox.ahead.is_empty() {
            return Err(io::Error::other("there is nothing in it"));
        }
        Ok(mbox)
    }

    /// A line with its end, or as much of it as fits; empty at the end of the stream.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::new();
        (&mut self.from).take(PIECE as u64).read_until(b'\n', &mut piece)?;
        Ok(piece)
    }

    fn next_mail(&mut self, max_size: u64) -> io::Result<Option<Handed>> {
        let first = std::mem::take(&mut self.ahead);
        if first.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        let mut mail = Gathered { raw: Vec::new(), size: 0, max_size };
        // No header field begins so: the line is the envelope's, in an mbox as in an MTA's pipe.
        let in_mbox = first.starts_with(b"From ");
        let received_at = if in_mbox { delivery_time(&first) } else { None };
        if !in_mbox {
            mail.add(&first);
        }
        let mut line_begins = first.ends_with(b"\n");
        let mut after_blank = in_mbox;
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                break;
            }
            if in_mbox && line_begins && after_blank && mail.size > 0 && delivery_line(&piece) {
                self.ahead = piece;
                break;
            }
            after_blank = line_begins && matches!(piece.as_slice(), b"\n" | b"\r\n");
            line_begins = piece.ends_with(b"\n");
            mail.add(&piece);
        }
        if mail.size == 0 {
            return Err(io::Error::other("there is a `From ` line and no mail below it"));
        }
        Ok(Some(self.finish(mail, in_mbox, received_at)))
    }

    fn finish(&self, mail: Gathered, in_mbox: bool, received_at: Option<Timestamp>) -> Handed {
        let Gathered { mut raw, size, max_size } = mail;
        let alone = self.count == 1 && self.ahead.is_empty();
        let truncated_from = (size > max_size).then_some(size);
        if truncated_from.is_some() {
            raw.truncate(usize::try_from(kept_of_oversize(max_size)).unwrap_or(usize::MAX));
        } else if in_mbox && !(self.pipe && alone) {
            without_last_blank(&mut raw);
        }
        if in_mbox && !(self.pipe && alone) {
            raw = unescaped(raw);
        }
        let name = if alone { self.name.clone() } else { format!("{} (mail {})", self.name, self.count) };
        Handed { name, raw: raw.into(), received_at, truncated_from }
    }
}

/// The blank line that parts two mails in an mbox belongs to neither.
fn without_last_blank(raw: &mut Vec<u8>) {
    for blank in [b"\r\n".as_slice(), b"\n"] {
        if let Some(rest) = raw.strip_suffix(blank) {
            if rest.ends_with(b"\n") {
                raw.truncate(rest.len());
            }
            return;
        }
    }
}

/// Takes one `>` from every line `>From `, `>>From ` and so on (mboxrd; the first is all that mboxo writes).
fn unescaped(raw: Vec<u8>) -> Vec<u8> {
    let escaped = |line: &[u8]| {
        let marks = line.iter().take_while(|b| **b == b'>').count();
        marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "))
    };
    if !raw.split_inclusive(|b| *b == b'\n').any(escaped) {
        return raw;
    }
    let mut out = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|b| *b == b'\n') {
        out.extend_from_slice(if escaped(line) { &line[1..] } else { line });
    }
    out
}

/// `From jana@firma.example Mon Mar  2 10:00:00 2026`, perhaps with a zone before or after the year. "From " at the start
/// of a sentence is not meant, though many programs leave it unescaped.
fn delivery_line(line: &[u8]) -> bool {
    line.len() < 1000 && line.starts_with(b"From ") && date_words(line).is_some()
}

/// Weekday, month, day, time and what follows.
fn date_words(line: &[u8]) -> Option<[String; 6]> {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.windows(5).enumerate().skip(1).find_map(|(at, window)| {
        let &[weekday, month, day, time, next] = window else { return None };
        let date = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&weekday)
            && "JanFebMarAprMayJunJulAugSepOctNovDec".contains(month)
            && month.len() == 3
            && day.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day))
            && time.contains(':')
            && time.bytes().all(|b| b.is_ascii_digit() || b == b':');
        let last = words.get(at + 5).copied().unwrap_or_default();
        let year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
        (date && (year(next) || year(last))).then(|| [weekday, month, day, time, next, last].map(str::to_owned))
    })
}

/// RFC 4155 has it in UTC. With a named zone, or none that can be read: unknown.
fn delivery_time(line: &[u8]) -> Option<Timestamp> {
    let [_, month, day, time, next, last] = date_words(line)?;
    let (zone, year) = match (next.as_str(), last.as_str()) {
        (year, "") => ("+0000".to_owned(), year.to_owned()),
        (zone, year) if zone.starts_with(['+', '-']) => (zone.to_owned(), year.to_owned()),
        (year, zone) => (zone.to_owned(), year.to_owned()),
    };
    Timestamp::strptime("%b %d %H:%M:%S %Y %z", format!("{month} {day} {time} {year} {zone}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 1_000_000;

    fn piped(text: &[u8], max_size: u64) -> Vec<Handed> {
        stream("standard input", io::Cursor::new(text.to_vec()), max_size).map(Result::unwrap).collect()
    }

    fn texts(mails: &[Handed]) -> Vec<String> {
        mails.iter().map(|mail| String::from_utf8_lossy(&mail.raw).into_owned()).collect()
    }

    const MBOX: &str = "From jana@firma.example Mon Mar  2 10:00:00 2026\nSubject: one\n\nFrom the start I said\n\n\
        From now on Mon is free\n>From there\n>>From x\n\nFrom - Tue Mar 03 11:00:00 +0100 2026\nSubject: two\n\nbody\n\n";

    #[test]
    fn an_mbox_is_split_at_delivery_lines_only_and_unescaped() {
        let mails = piped(MBOX.as_bytes(), MAX);
        assert_eq!(
            texts(&mails),
            [
                "Subject: one\n\nFrom the start I said\n\nFrom now on Mon is free\nFrom there\n>From x\n",
                "Subject: two\n\nbody\n"
            ]
        );
        assert_eq!(mails[0].received_at, Some("2026-03-02T10:00:00Z".parse().unwrap()));
        assert_eq!(mails[1].received_at, Some("2026-03-03T10:00:00Z".parse().unwrap()));
        assert_eq!(mails[1].name, "standard input (mail 2)");
        let crlf = piped(MBOX.replace('\n', "\r\n").as_bytes(), MAX);
        assert_eq!(texts(&crlf)[1], "Subject: two\r\n\r\nbody\r\n");
    }

    #[test]
    fn an_mtas_pipe_is_one_mail_whose_text_is_left_alone() {
        let mail = "Subject: one\n\n>From there\nFrom here\n\n";
        for line in ["From jana@firma.example Mon Mar  2 10:00:00 2026\n", "From MAILER-DAEMON\n", ""] {
            let mails = piped(format!("{line}{mail}").as_bytes(), MAX);
            assert_eq!(texts(&mails), [mail], "after {line:?}");
            assert_eq!(mails[0].name, "standard input");
        }
    }

    #[test]
    fn nothing_is_an_error() {
        assert!(stream("standard input", io::empty(), MAX).next().unwrap().is_err());
        assert!(stream("standard input", io::Cursor::new("From MAILER-DAEMON\n"), MAX).next().unwrap().is_err());
        assert!(mails([PathBuf::from("/nonexistent/mail.eml")], MAX).next().unwrap().is_err());
        let empty = tempfile::tempdir().unwrap();
        let error = mails([empty.path().to_owned()], MAX).next().unwrap().unwrap_err();
        assert!(error.to_string().contains("neither a Maildir"), "{error}");
    }

    #[test]
    fn an_oversize_mail_is_cut_and_the_next_one_is_whole() {
        let line = "x".repeat(200_000) + "\n";
        let mbox = format!(
            "From a@b.example Mon Mar  2 10:00:00 2026\nSubject: big\n\n{}\nFrom a@b.example Mon Mar  2 10:00:00 2026\nSubject: small\n\nx\n",
            line.repeat(5)
        );
        let mails = piped(mbox.as_bytes(), 500_000);
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].raw.len() as u64, super::super::OVERSIZE_KEPT);
        assert!(mails[0].truncated_from.is_some_and(|size| size > 1_000_000));
        assert_eq!((texts(&mails)[1].as_str(), mails[1].truncated_from), ("Subject: small\n\nx\n", None));
        let mails = piped(mbox.as_bytes(), 20_000);
        let kept: Vec<_> = mails.iter().map(|mail| (mail.raw.len(), mail.truncated_from.is_some())).collect();
        assert_eq!(kept, [(20_000, true), (18, false)], "a limit below what is kept of an oversize mail");
    }

    #[test]
    fn folders_files_and_maildirs_are_told_apart_and_an_error_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for folder in ["emls", "emls/sub", "box/cur", "box/new", "box/tmp"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        fs::write(path("emls/2.eml"), "Subject: e2\n\n").unwrap();
        fs::write(path("emls/1.EML"), "Subject: e1\n\n").unwrap();
        fs::write(path("emls/notes.txt"), "not a mail").unwrap();
        fs::write(path("box/new/1.a.b"), "Subject: m1\n\n").unwrap();
        fs::write(path("box/cur/0.a.b:2,S"), "From x Mon Mar  2 10:00:00 2026\nSubject: m2\n\n").unwrap();
        fs::write(path("box/tmp/9.a.b"), "half").unwrap();
        fs::write(path("all.mbox"), MBOX).unwrap();
        fs::write(path("empty.eml"), "").unwrap();
        let places = ["emls", "empty.eml", "box", "all.mbox"].map(path);
        let mut found = Vec::new();
        let mut errors = 0;
        for mail in mails(places, MAX) {
            match mail {
                Ok(mail) => found.push(String::from_utf8_lossy(&mail.raw[..11]).into_owned()),
                Err(error) => errors += usize::from(error.to_string().contains("empty.eml")),
            }
        }
        assert_eq!(errors, 1);
        assert_eq!(found[..3], ["Subject: e1", "Subject: e2", "Subject: m1"]);
        assert_eq!(found[3..], ["From x Mon ", "Subject: on", "Subject: tw"]);
    }
}

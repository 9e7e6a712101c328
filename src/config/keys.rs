//! The key ring of the desk's tokens: the file `key` in the state folder, made at the first start, or the systemd
//! credential `postdesk-key`. One key a line, `id hex`, then the day it was made where that is known; the current one first;
//! older ones still prove.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::model::message::hex;
use crate::model::token::{Key, KeyRing};

use super::private;
use super::secret::{credential, is_credential};

/// The name of the file in the state folder.
pub(super) const FILE: &str = "key";
/// The name of the systemd credential that is used instead, where there is one.
pub(super) const CREDENTIAL: &str = "postdesk-key";
/// The alphabet of key ids: that of tokens.
pub(super) const IDS: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// Why there are no keys. Never shows one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("The key file {0} cannot be {1}: {2}")]
    Io(PathBuf, &'static str, io::Error),
    #[error(
        "The key file {0} can be read by others (mode {1:03o}); whoever read it can forge tokens. Make it private: chmod 600 {0}"
    )]
    Open(PathBuf, u32),
    #[error(
        "The key file {0} is damaged in line {1}: {2}. Put it back from a backup; without it no earlier token is recognised"
    )]
    Damaged(PathBuf, usize, &'static str),
    #[error(
        "The key file {0} has no key. Put it back from a backup, or remove it to start with a new key: then no earlier token is recognised"
    )]
    Empty(PathBuf),
    #[error(
        "The keys come from the credential {0}, which only the service manager can change: put the new line in front there"
    )]
    Credential(PathBuf),
    #[error("There is no key in {0} yet: the first start of the desk makes one")]
    Absent(PathBuf),
    #[error("All {} key ids are in use: drop keys whose tokens nobody needs any more", IDS.len())]
    Full,
    #[error("There is no key {0:?}")]
    Unknown(char),
    #[error("{0:?} is the current key: rotate first, then drop it")]
    Current(char),
    #[error("The system gives no random numbers: {0}")]
    Random(String),
}

impl KeyError {
    /// What the operating system refused; `InvalidData` where it refused nothing.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            KeyError::Io(_, _, error) => error.kind(),
            _ => io::ErrorKind::InvalidData,
        }
    }
}

/// The keys of a desk, made where there are none yet. Two processes that start together get the same.
pub fn load_or_create(state: &Path) -> Result<KeyRing, KeyError> {
    if let Some(ring) = load(state)? {
        return Ok(ring);
    }
    let path = state.join(FILE);
    let io = |what| move |e| KeyError::Io(state.join(FILE), what, e);
    private::folder(state).map_err(io("made"))?;
    let line = format!("1 {}\n", hex(&random()?));
    // Written whole under another name, then linked to its own: nobody ever sees half a key, and whoever links first wins.
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(|e| KeyError::Random(e.to_string()))?;
    let draft = state.join(format!(".key-{}", hex(&suffix)));
    let written = private::write_new(&draft, line.as_bytes()).and_then(|()| match fs::hard_link(&draft, &path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = fs::remove_file(&draft);
    written.and_then(|()| fs::File::open(state)?.sync_all()).map_err(io("made"))?;
    load(state)?.ok_or(KeyError::Empty(path))
}

/// The keys of a desk that has some; None where it has none yet.
pub fn load(state: &Path) -> Result<Option<KeyRing>, KeyError> {
    let path = credential(CREDENTIAL).unwrap_or_else(|| state.join(FILE));
    let io = |e| KeyError::Io(path.clone(), "read", e);
    let mode = match fs::metadata(&path) {
        Ok(data) => data.permissions().mode() & 0o777,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(e)),
    };
    if mode & 0o077 != 0 && !is_credential(&path) {
        return Err(KeyError::Open(path, mode));
    }
    let text = fs::read_to_string(&path).map_err(io)?;
    let keys = parse(&text).map_err(|(line, what)| KeyError::Damaged(path.clone(), line, what))?;
    KeyRing::new(keys).map(Some).ok_or(KeyError::Empty(path))
}

/// See [`super::Config::key_file`].
pub fn file(state: &Path) -> Option<(PathBuf, bool)> {
    let credential = credential(CREDENTIAL).map(|path| (path, true));
    credential.or_else(|| Some((state.join(FILE), false)).filter(|(path, _)| path.exists()))
}

/// Keys for this process alone, kept nowhere.
pub fn passing() -> Result<KeyRing, KeyError> {
    KeyRing::new(vec![Key { id: '1', secret: random()? }]).ok_or(KeyError::Empty(PathBuf::new()))
}

/// Lines `id hex`; empty ones and those that begin with "#" count for nothing.
pub(super) fn parse(text: &str) -> Result<Vec<Key>, (usize, &'static str)> {
    let mut keys: Vec<Key> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (id, secret) = line.split_once(' ').ok_or((number, "not `id hex`"))?;
        let mut id = id.chars();
        let (Some(id), None) = (id.next().filter(|c| IDS.contains(*c)), id.next()) else {
            return Err((number, "an id is one digit or small letter other than i, l, o, u"));
        };
        let (secret, day) =
            secret.trim().split_once(' ').map_or((secret.trim(), None), |(s, day)| (s, Some(day.trim())));
        let secret = unhex(secret).ok_or((number, "a key is 64 hexadecimal digits"))?;
        if day.is_some_and(|day| day.parse::<Date>().is_err()) {
            return Err((number, "after the key stands nothing but the day it was made (2026-11-22)"));
        }
        if keys.iter().any(|k| k.id == id) {
            return Err((number, "the id stands there twice"));
        }
        keys.push(Key { id, secret });
    }
    Ok(keys)
}

pub(super) fn random() -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| KeyError::Random(e.to_string()))?;
    Ok(bytes)
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_a_private_key_and_the_next_ones_find_it() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let state = folder.path().join("a/b");
        assert!(load(&state).expect("no key is no error").is_none());
        let first = load_or_create(&state).expect("made");
        let again = load_or_create(&state).expect("found");
        assert_eq!(first.subject_token("X", 1), again.subject_token("X", 1));
        assert_eq!((mode(&state), mode(&state.join("key"))), (0o700, 0o600));
        let left: Vec<_> = fs::read_dir(&state).expect("reads").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["key"], "nothing else stays behind");
        let other = load_or_create(&folder.path().join("c")).expect("made");
        assert_ne!(first.subject_token("X", 1), other.subject_token("X", 1), "each desk has its own key");
    }

    #[test]
    fn several_that_start_at_once_get_one_key() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let tokens: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| load_or_create(folder.path()).expect("made").subject_token("X", 1)))
                .collect();
            threads.into_iter().map(|t| t.join().expect("no panic")).collect()
        });
        assert!(tokens.iter().all(|t| *t == tokens[0]), "{tokens:?}");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("scratch folder");
        load_or_create(folder.path()).expect("made");
        let path = folder.path().join("key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode set");
        let error = load_or_create(folder.path()).expect_err("refused").to_string();
        assert!(error.contains("chmod 600") && error.contains("640"), "{error}");
    }

    #[test]
    fn a_ring_has_its_current_key_first() {
        let (a, b) = ("aa".repeat(32), "bb".repeat(32));
        let keys = parse(&format!("# rotated 2026-02-01\n2 {a}\n\n1 {b}\n")).expect("parses");
        assert_eq!(keys.iter().map(|k| (k.id, k.secret[0])).collect::<Vec<_>>(), [('2', 0xaa), ('1', 0xbb)]);
    }

    #[test]
    fn a_damaged_key_names_its_line_and_is_never_replaced() {
        let good = "aa".repeat(32);
        for (text, line) in [
            (format!("1 {good}\n1 {good}\n"), 2),
            (format!("i {good}\n"), 1),
            (format!("12 {good}\n"), 1),
            (good.clone(), 1),
            (format!("\n1 {}\n", &good[1..]), 2),
            (format!("1 {}é\n", &good[2..]), 1),
        ] {
            assert_eq!(parse(&text).err().map(|(l, _)| l), Some(line), "{text}");
        }
        let folder = tempfile::tempdir().expect("scratch folder");
        private::write_new(&folder.path().join("key"), b"\n").expect("written");
        assert!(matches!(load_or_create(folder.path()), Err(KeyError::Empty(_))));
    }
}

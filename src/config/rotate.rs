//! Changing the key ring: a new current key in front, the old ones behind it still prove; one that leaked is dropped, and
//! every token that it made is worthless from then on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::model::message::hex;

use super::keys::{self, CREDENTIAL, FILE, IDS, KeyError, random};
use super::private;
use super::secret::credential;

/// One key of the ring, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    pub id: char,
    /// The day it was made; None where the file does not say.
    pub made: Option<Date>,
}

/// The keys in their order, the current one first.
pub fn list(state: &Path) -> Result<Vec<KeyInfo>, KeyError> {
    keys::load(state)?.ok_or_else(|| KeyError::Absent(state.to_owned()))?;
    let path = credential(CREDENTIAL).unwrap_or_else(|| state.join(FILE));
    let text = fs::read_to_string(&path).map_err(|e| KeyError::Io(path.clone(), "read", e))?;
    Ok(text.lines().filter_map(info).collect())
}

/// `id hex [day]`; the text was checked by whoever loaded it.
fn info(line: &str) -> Option<KeyInfo> {
    let mut words = line.split_whitespace();
    let id = words.next()?.chars().next().filter(|c| IDS.contains(*c))?;
    Some(KeyInfo { id, made: words.nth(1).and_then(|day| day.parse().ok()) })
}

/// Makes a new key the current one and returns its id. The others stay where they are, behind it.
pub fn rotate(state: &Path, today: Date) -> Result<char, KeyError> {
    change(state, |text| {
        let used: Vec<char> = text.lines().filter_map(info).map(|k| k.id).collect();
        let newest = used.first().and_then(|id| IDS.find(*id)).unwrap_or(0);
        // The next one after the current, so that an id says how often was rotated, and one that was dropped comes back late.
        let after = IDS.chars().cycle().skip(newest + 1).take(IDS.len());
        let id = after.into_iter().find(|c| !used.contains(c)).ok_or(KeyError::Full)?;
        Ok((format!("{id} {} {today}\n{text}", hex(&random()?)), id))
    })
}

/// Takes a key out of the ring: no token that it made proves anything any more. Not the current one.
pub fn drop_key(state: &Path, id: char) -> Result<(), KeyError> {
    change(state, |text| {
        let ids: Vec<char> = text.lines().filter_map(info).map(|k| k.id).collect();
        match ids.iter().position(|known| *known == id) {
            None => return Err(KeyError::Unknown(id)),
            Some(0) => return Err(KeyError::Current(id)),
            Some(_) => {}
        }
        let kept = text.lines().filter(|line| info(line).is_none_or(|k| k.id != id));
        Ok((kept.map(|line| format!("{line}\n")).collect(), ()))
    })
}

/// Writes the file anew, whole: under another name first, then moved over the old one. Two at once go one after the other.
fn change<T>(state: &Path, edit: impl FnOnce(&str) -> Result<(String, T), KeyError>) -> Result<T, KeyError> {
    if let Some(path) = credential(CREDENTIAL) {
        return Err(KeyError::Credential(path));
    }
    let path = state.join(FILE);
    let io = |what: &'static str| {
        let path: PathBuf = path.clone();
        move |e: io::Error| KeyError::Io(path, what, e)
    };
    if !path.exists() {
        return Err(KeyError::Absent(state.to_owned()));
    }
    // Let go when the folder is closed, also by whoever is killed.
    let folder = fs::File::open(state).map_err(io("changed"))?;
    folder.lock().map_err(io("locked"))?;
    keys::load(state)?; // private, and sound
    let text = fs::read_to_string(&path).map_err(io("read"))?;
    let (changed, result) = edit(&text)?;
    keys::parse(&changed).map_err(|(line, what)| KeyError::Damaged(path.clone(), line, what))?;
    let draft = state.join(format!(".key-{}", hex(&random()?[..8])));
    let written = private::write_new(&draft, changed.as_bytes()).and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.and_then(|()| folder.sync_all()).map_err(io("changed"))?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::message::TokenText;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn ids(state: &Path) -> String {
        list(state).expect("lists").iter().map(|k| k.id).collect()
    }

    #[test]
    fn after_a_rotation_the_new_key_makes_and_the_old_ones_still_prove() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let state = folder.path();
        let old = keys::load_or_create(state).expect("made");
        assert_eq!(rotate(state, day("2026-11-22")).expect("rotates"), '2');
        let new = keys::load_or_create(state).expect("found");
        let check = old.subject_check("ACME", 1001);
        assert_ne!(new.subject_check("ACME", 1001), check);
        let token = TokenText { prefix: "ACME".into(), number: 1001, check: Some(check), written: String::new() };
        assert!(new.proves_subject(&token, &Default::default()));
        assert_eq!(list(state).expect("lists")[0], KeyInfo { id: '2', made: Some(day("2026-11-22")) });
        assert_eq!(list(state).expect("lists")[1], KeyInfo { id: '1', made: None });
        let mode = fs::metadata(state.join("key")).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left: Vec<_> = fs::read_dir(state).expect("reads").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["key"], "nothing else stays behind");
        // Dropped, the old one proves nothing any more.
        drop_key(state, '1').expect("drops");
        assert!(!keys::load_or_create(state).expect("found").proves_subject(&token, &Default::default()));
        assert!(matches!(drop_key(state, '1'), Err(KeyError::Unknown('1'))));
        assert!(matches!(drop_key(state, '2'), Err(KeyError::Current('2'))));
    }

    #[test]
    fn rotations_at_once_lose_no_key_and_end_when_the_ids_do() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let state = folder.path();
        assert!(matches!(rotate(state, day("2026-11-22")), Err(KeyError::Absent(_))));
        keys::load_or_create(state).expect("made");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| rotate(state, day("2026-11-22")).expect("rotates"));
            }
        });
        assert_eq!(ids(state), "987654321");
        for _ in 0..23 {
            rotate(state, day("2026-11-23")).expect("rotates");
        }
        assert!(matches!(rotate(state, day("2026-11-23")), Err(KeyError::Full)));
        assert_eq!(keys::load(state).expect("is sound").map(|_| ids(state).len()), Some(32));
    }

    #[test]
    fn a_key_file_that_is_damaged_or_open_is_not_changed() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let state = folder.path();
        keys::load_or_create(state).expect("made");
        let path = state.join("key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("mode set");
        assert!(matches!(rotate(state, day("2026-11-22")), Err(KeyError::Open(..))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode set");
        fs::write(&path, "1 abc\n").expect("written");
        assert!(matches!(rotate(state, day("2026-11-22")), Err(KeyError::Damaged(..))));
        assert_eq!(fs::read_to_string(&path).expect("reads"), "1 abc\n");
    }
}

//! A new database beside keys that were there before it. Ticket numbers begin again then, and the tokens in the old desk's
//! mails open whatever tickets get the same numbers: strangers'. A database that was lost, or whose disk is not mounted, looks
//! like a new desk; nothing but the age of the keys tells the two apart.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use crate::config::Config;
use crate::store::Store;

/// Keys younger than this were made for the desk that is being set up.
const SET_UP: Duration = Duration::from_secs(60 * 60);
/// Two commands that make a database at once tell of it once.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What is logged and mailed to the operator.
const TOLD: &str = "A new database was made, but the desk's key is older. If this desk had tickets before, stop it now and \
                    bring its database back (mount the disk, or `postdesk restore`): numbers begin again at 1001, and tokens \
                    in earlier mails open tickets that are not theirs. If it is meant to begin anew: `postdesk key rotate`, \
                    and `postdesk key drop` of the old key";
/// The same where the age of the keys says nothing.
const PERHAPS: &str = "A new database was made, and the desk's key comes from a credential. If this desk had tickets before, \
                       stop it now and bring its database back: tokens in earlier mails open tickets that are not theirs";

/// What there is to tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LoneKey {
    No,
    Perhaps,
    Yes,
}

/// To be asked before keys and database are made.
pub fn look(config: &Config) -> LoneKey {
    let Some((file, is_credential)) = config.key_file().filter(|_| !config.database().exists()) else {
        return LoneKey::No;
    };
    if is_credential {
        return LoneKey::Perhaps;
    }
    let written = std::fs::metadata(file).and_then(|data| data.modified()).ok();
    let age = written.and_then(|at| SystemTime::now().duration_since(at).ok());
    if age.is_some_and(|age| age > SET_UP) { LoneKey::Yes } else { LoneKey::No }
}

impl LoneKey {
    /// What to say; the operator gets it by mail where it is certain.
    pub fn tell(self, store: &dyn Store) -> Option<&'static str> {
        match self {
            LoneKey::No => None,
            LoneKey::Perhaps => Some(PERHAPS),
            LoneKey::Yes => {
                // It was said already where this cannot be written.
                let _ = store.note_moment("lone-key", PAUSE, Some(TOLD), Timestamp::now());
                Some(TOLD)
            }
        }
    }
}

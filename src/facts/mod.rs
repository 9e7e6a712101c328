//! Floor 1: what the store is asked about a mail, and what its answers mean.

use crate::model::facts::OwnProof;
use crate::model::{Facts, Found, Lookup, Message, Policy};

/// What the decision about this mail needs to know.
pub fn lookup(_message: &Message, _mailbox: &str, _policy: &Policy) -> Lookup {
    unreachable!("not built yet")
}

/// What the store's answers mean.
pub fn establish(_message: &Message, _mailbox: &str, _proof: &OwnProof, _found: Found, _policy: &Policy) -> Facts {
    unreachable!("not built yet")
}

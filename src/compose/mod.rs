//! Floor 1: Draft → bytes. The same draft gives the same bytes and the same Message-ID.

use crate::model::{Commit, Decision, Policy};

/// Makes every draft of a decision into a finished mail.
pub fn compose(_decision: Decision, _policy: &Policy) -> Commit {
    unreachable!("not built yet")
}

//! Holds the query plans: no statement on the way of a mail may look at every row of a table that grows.

use std::collections::BTreeSet;
use std::sync::Mutex;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Called with every statement that is prepared while tests run.
pub(super) fn record(sql: &str) {
    if let Ok(mut seen) = SEEN.lock() {
        seen.insert(sql.to_owned());
    }
}

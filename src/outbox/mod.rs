//! Floor 3: claim → send → settle: how mail leaves.

//! Floor 4: the long-running desk: a task a mailbox, the outbox, the clock.

pub mod order;

//! What the tests of several rooms share: real servers, and servers that misbehave on purpose.
#![allow(dead_code)] // each test binary uses a part of it

pub mod outbox_store;
pub mod postfix;
pub mod smtp_sink;

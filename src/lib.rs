//! postdesk: the helpdesk that lives in mail. This file is only the map.
//!
//! ```text
//!  IMAP/Maildir/stdin      pure, no I/O, no clock                    one transaction           SMTP/Maildir
//!  inbound ── Incoming ──► parse ──► [authenticate] ──► facts ──► decide ──► compose ──► store ──► outbox ──► the world
//!     ▲                                                   ▲  (answers from the store, read     │
//!     └────────── archive, only after the commit ─────────┴── in the same transaction) ────────┘
//! ```
//!
//! Floors (`tests/layers.rs` holds them): 0 model · 1 parse, facts, decide, compose, report (pure: model only, not each
//! other) ·
//! 2 config · 3 inbound, authenticate, store, outbox · 4 daemon · 5 cli.

pub mod authenticate;
pub mod cli;
pub mod compose;
pub mod config;
pub mod daemon;
pub mod decide;
pub mod facts;
pub mod inbound;
pub mod model;
pub mod outbox;
pub mod parse;
pub mod report;
pub mod store;

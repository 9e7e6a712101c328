//! Floor 0: the nouns of the desk. Plain data and the few codecs that every room must agree on; imports no other room,
//! does no I/O and reads no clock.
//!
//! Three things are called "mailbox" in this field. Here an RFC 5322 mailbox is an [`Address`], an IMAP mailbox is a
//! *folder*, and [`Mailbox`] is only ever the support inbox that the operator configured.

pub mod access;
pub mod account;
pub mod address;
pub mod article;
pub mod ask;
pub mod asked;
pub mod away;
pub mod calendar;
pub mod change;
pub mod checklist;
pub mod conduct;
pub mod content;
pub mod course;
pub mod decision;
pub mod desk;
pub mod digest;
pub mod duty;
pub mod erasure;
pub mod facts;
pub mod figures;
pub mod free_mail;
pub mod hands;
pub mod hold;
pub mod idna;
pub mod language;
pub mod lookalike;
pub mod message;
pub mod note;
pub mod order;
pub mod outgoing;
pub mod promise;
pub mod recheck;
pub mod reply_template;
pub mod residue;
pub mod subject;
pub mod text;
pub mod ticket;
pub mod token;

pub use address::{AddrSpec, Address};
pub use content::{Content, Span};
pub use decision::{Action, Commit, Decision, Fate};
pub use desk::{Agent, Category, Group, Mailbox, Policy};
pub use facts::{Authenticity, Believed, Facts, Found, Lookup, Sender, Strength, Thread, ThreadBy};
pub use hold::{Hold, HoldKind, HoldNumber, HoldState};
pub use language::Language;
pub use message::{Attachment, Digest, Incoming, Message, SourceKey};
pub use order::{Order, OrderKind};
pub use outgoing::{Attempt, Draft, OutboxEntry, OutgoingMail};
pub use ticket::{Entry, HistoryLine, Priority, Status, Ticket, TicketChange, TicketNumber};

//! Floor 3: claim → send → settle: how mail leaves. This file is only the table of contents.
//!
//! ```text
//!  store.claim ─► Courier ─► Transport ─► Session (SMTP, one transaction a mail) ─► 250 ─► store.settle
//!                    │            │           └ store.in_data, durable, before the final dot
//!                    │            └ idle sessions, and the breaker: one attempt a backoff at a dead server
//!                    └ retry: when a mail that did not leave goes again
//! ```

pub mod deliver;
mod error;
mod maildir;
mod pool;
pub mod retry;
mod round;
mod session;
mod settings;
mod smtp;
mod tls;
mod transport;
mod wire;

pub use deliver::{Clock, Courier, DeliverError, Failure, Notice, Pace, Report};
pub use error::SmtpError;
pub use session::{Ability, probe};
pub use settings::{Limits, OutgoingSettings, Secret, SecretError, SmtpSettings, Tls};
pub use transport::send_alone;

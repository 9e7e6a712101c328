//! async-imap's errors in our words. Its own texts hold what was being read: a customer's mail, in a log.

use std::io;

use super::guard::BoundError;
use crate::inbound::error::{SourceError, said};

/// An error of the stream below the parser, or the parser's own.
pub(super) fn io_error(error: &io::Error, doing: &'static str) -> SourceError {
    if let Some(bound) = error.get_ref().and_then(|inner| inner.downcast_ref::<BoundError>()) {
        return SourceError::Protocol { doing, because: bound.to_string() };
    }
    match error.kind() {
        // imap-proto's errors come as `Other`, with the whole buffer in their text.
        io::ErrorKind::Other => SourceError::Protocol { doing, because: "it is not IMAP as we know it".to_owned() },
        _ => SourceError::Lost { doing },
    }
}

/// An error of async-imap's client, before the login.
pub(super) fn client_error(error: &async_imap::error::Error, doing: &'static str) -> SourceError {
    use async_imap::error::Error;
    match error {
        Error::Io(error) => io_error(error, doing),
        Error::ConnectionLost => SourceError::Lost { doing },
        Error::No(text) | Error::Bad(text) => SourceError::Refused { doing, because: said(text) },
        _ => SourceError::Protocol { doing, because: "it is not IMAP as we know it".to_owned() },
    }
}

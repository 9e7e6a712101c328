//! What SQLite says when it fails, sorted by what the caller can do about it.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            return StoreError::Refused(error.to_string());
        };
        match code {
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed => StoreError::Unavailable(error.to_string()),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Broken(error.to_string()),
            _ => StoreError::Refused(error.to_string()),
        }
    }
}

/// A value in the database that this program does not write there. One such row is no reason to stop taking mail in, so
/// it concerns only who asked for it. The value itself is not repeated: it may be an address, and errors end in logs.
pub(super) fn unreadable(column: &str) -> StoreError {
    StoreError::Refused(format!("Column {column} has a value that this program does not write there"))
}

//! Exit codes: those of sysexits(3), so that an MTA's pipe and a script know what to do next.

use std::process::ExitCode;

/// A command that failed: what to say on standard error, and the code.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub error: anyhow::Error,
}

pub type CliResult = Result<ExitCode, Failure>;

/// The command was used wrongly.
pub const USAGE: u8 = 64;
/// The mail or data is unusable.
pub const DATA: u8 = 65;
/// A server is unreachable.
pub const UNAVAILABLE: u8 = 69;
/// A defect of the program itself.
pub const SOFTWARE: u8 = 70;
/// An output file cannot be made.
pub const CANT_CREATE: u8 = 73;
/// An input/output error.
pub const IO: u8 = 74;
/// Try again later; an MTA will requeue.
pub const TEMPORARY: u8 = 75;
/// Not allowed.
pub const NO_PERMISSION: u8 = 77;
/// The configuration is wrong.
pub const CONFIG: u8 = 78;

/// Gives an error its exit code: `open(path).code(IO)?`.
pub trait OrExit<T> {
    fn code(self, code: u8) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn code(self, code: u8) -> Result<T, Failure> {
        self.map_err(|error| Failure { code, error: error.into() })
    }
}

/// A failure said in one sentence.
pub fn fail(code: u8, text: impl std::fmt::Display) -> Failure {
    Failure { code, error: anyhow::anyhow!("{text}") }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        use crate::store::StoreError;
        let code = match error {
            StoreError::Unavailable(_) => TEMPORARY,
            StoreError::Refused(_) => DATA,
            StoreError::Broken(_) => IO,
            StoreError::Fault(_) => SOFTWARE,
        };
        Failure { code, error: error.into() }
    }
}

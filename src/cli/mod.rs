//! Floor 5: commands, one file a family.

/// Runs the command line.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(64)
}

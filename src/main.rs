//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    postdesk::cli::main()
}

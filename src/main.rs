//! The `bedtop` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    bedtop::cli::main(std::env::args_os())
}

//! The program `eae`, a command line for the library `eae`.

use std::process::ExitCode;

fn main() -> ExitCode {
    eae_cli::main()
}

//! The program `eae`: arguments in, exit code out. Everything that is not about a terminal is in the library `eae`.

#![forbid(unsafe_code)]

mod commands;
mod failure;
mod progress;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use failure::Failure;

/// Trains entropic autoencoders and samples from them.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  eae train --epochs 40\n  eae sample runs/digits-1 --n 100 --out samples.png"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model and leave it in a run folder.
    Train(commands::train::Arguments),
    /// Decode draws from N(0, I) with a trained model.
    Sample(commands::sample::Arguments),
}

/// What every command takes.
#[derive(Args)]
struct Common {
    /// Decides everything that is random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads to compute with; results do not depend on it. By default all, or RAYON_NUM_THREADS.
    #[arg(long)]
    threads: Option<usize>,
    /// Print JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Sample(arguments) => commands::sample::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("eae: {failure}");
            failure.exit_code()
        }
    }
}

impl Common {
    /// Sets the number of threads.
    fn apply(&self) -> Result<(), Failure> {
        let Some(threads) = self.threads else { return Ok(()) };
        if !(1..=1024).contains(&threads) {
            return Err(Failure::usage(format!("--threads is {threads}, it must be from 1 to 1024")));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|e| Failure::other(format!("cannot start {threads} threads: {e}")))
    }
}

/// Prints one line of JSON. That nobody reads it any more (a closed pipe) is no reason to stop a training.
fn print_json(content: &impl serde::Serialize) {
    use std::io::Write;
    let line = serde_json::to_string(content).expect("reports are plain data");
    let _ = writeln!(std::io::stdout(), "{line}");
}

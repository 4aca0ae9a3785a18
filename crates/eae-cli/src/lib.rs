//! The program `eae`, as a library for programs that start it on several ranks.

#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "they panic if standard output or standard error is closed: use `outln!` and `errln!`"
)]

#[macro_use]
mod output;
mod allocator;
mod commands;
mod common;
mod compare;
mod dataset;
mod failure;
mod help;
mod html;
mod judgment;
mod mistake;
mod model;
mod objective;
#[cfg(feature = "onnx")]
mod onnx;
mod progress;
mod report;
mod run_folder;
mod sampling;
#[cfg(feature = "serve")]
mod serve;
mod signals;
mod table;
mod tensorboard;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use eae_ranks::Ranks;
use failure::Failure;

pub use commands::train::Arguments as TrainArguments;

/// First steps, at the end of the help. Lines have at most 80 columns, so that none is wrapped.
const AFTER_HELP: &str = "\
Example: train on handwritten digits and use the model
  eae train                                      # writes runs/digits-1
  eae sample runs/digits-1 --out samples.png     # generates new digits
  eae reconstruct runs/digits-1 --out pairs.png  # shows input and output
  eae evaluate runs/digits-1                     # measures both
  eae info runs/digits-1                         # shows settings and results

Your own images:     eae train --data photos/
Your own table:      eae train --data table.csv
Entropy of a table:  eae entropy table.csv

`eae COMMAND --help` explains all flags of a command and shows examples.";

/// Train entropic autoencoders, generate samples, and estimate entropy and information from data.
#[derive(Parser)]
#[command(name = "eae", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The commands, with the first line of their arguments' documentation as summary.
#[derive(Subcommand)]
enum Command {
    Train(Box<commands::train::Arguments>),
    Sample(commands::sample::Arguments),
    Reconstruct(commands::reconstruct::Arguments),
    Interpolate(commands::interpolate::Arguments),
    Traverse(commands::traverse::Arguments),
    Encode(commands::encode::Arguments),
    Decode(commands::decode::Arguments),
    Evaluate(commands::evaluate::Arguments),
    Quality(commands::quality::Arguments),
    Features(commands::features::Arguments),
    Report(commands::report::Arguments),
    #[cfg(feature = "serve")]
    Serve(commands::serve::Arguments),
    Info(commands::info::Arguments),
    Export(commands::export::Arguments),
    Compare(commands::compare::Arguments),
    Entropy(commands::estimate::entropy::Arguments),
    Mi(commands::estimate::mi::Arguments),
    Te(commands::estimate::te::Arguments),
    Divergence(commands::estimate::divergence::Arguments),
    Bench(commands::bench::Arguments),
    #[cfg(feature = "gpu")]
    Gpu(commands::gpu::Arguments),
    Completions(commands::shell::Completions),
    Man(commands::shell::Man),
}

/// Returns the commands and flags, for parsing, help, manual pages and completions.
fn program() -> clap::Command {
    let mut program = help::grouped(mistake::with_negative_numbers(Arguments::command()))
        .mut_subcommand("report", |report| {
            let text = "Seed of all random numbers [default: the seed of the training]";
            report.mut_arg("seed", |seed| seed.help(text).hide_default_value(true))
        })
        // There is no model, and nothing is held out.
        .mut_subcommand("quality", |quality| {
            let size = "images: side in pixels that images are resized to after a square crop from their center \
                        [default: that of the other images, or 32 for two folders]";
            let channels = "images: gray or rgb [default: those of the other images, or rgb for two folders]";
            quality
                .mut_arg("size", |flag| flag.help(size))
                .mut_arg("channels", |flag| flag.help(channels))
                .mut_arg("split_seed", |flag| flag.hide(true))
        });
    for name in WITHOUT_RANDOM_NUMBERS {
        program = program.mut_subcommand(name, |command| command.mut_arg("seed", |seed| seed.hide(true)));
    }
    program
}

/// Commands that accept `--seed` for uniformity and draw no random numbers.
const WITHOUT_RANDOM_NUMBERS: [&str; 6] = ["info", "encode", "decode", "interpolate", "traverse", "reconstruct"];

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let matches = match program().try_get_matches() {
        Ok(matches) => matches,
        // Help and version are results, too. Clap itself does not report a write error.
        Err(help) if !help.use_stderr() => {
            output::note(help.print().and_then(|()| io::stdout().flush()));
            return ended(Ok(()));
        }
        Err(mistake) => mistake::exit(&mistake),
    };
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let flags = matches.subcommand().map(|(_, flags)| flags.clone()).unwrap_or_default();
    if let Err(failure) = common::set_threads(&flags) {
        return ended(Err(failure));
    }
    let is_given = |flag: &str| flags.value_source(flag) == Some(ValueSource::CommandLine);
    let result = match arguments.command {
        Command::Train(arguments) => commands::train::run(&arguments, &is_given, None),
        Command::Sample(arguments) => commands::sample::run(&arguments),
        Command::Reconstruct(arguments) => commands::reconstruct::run(&arguments),
        Command::Interpolate(arguments) => commands::interpolate::run(&arguments),
        Command::Traverse(arguments) => commands::traverse::run(&arguments),
        Command::Encode(arguments) => commands::encode::run(&arguments),
        Command::Decode(arguments) => commands::decode::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate::run(&arguments),
        Command::Quality(arguments) => commands::quality::run(&arguments),
        Command::Features(arguments) => commands::features::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments, &is_given),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Info(arguments) => commands::info::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Entropy(arguments) => commands::estimate::entropy::run(&arguments),
        Command::Mi(arguments) => commands::estimate::mi::run(&arguments),
        Command::Te(arguments) => commands::estimate::te::run(&arguments),
        Command::Divergence(arguments) => commands::estimate::divergence::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
        #[cfg(feature = "gpu")]
        Command::Gpu(arguments) => commands::gpu::run(&arguments),
        Command::Completions(arguments) => commands::shell::completions(&arguments, program()),
        Command::Man(arguments) => commands::shell::man(&arguments, program()),
    };
    ended(result)
}

/// Runs `eae train` over ranks. Rank 0 runs the command, and the others compute their shards of
/// each step. `is_given` tells which flags the user has given. The caller sets the number of
/// threads.
///
/// Errors of any rank end all of them, and rank 0 prints the message.
pub fn train_over(ranks: &dyn Ranks, arguments: &TrainArguments, is_given: &dyn Fn(&str) -> bool) -> ExitCode {
    if ranks.rank() == 0 {
        ended(commands::train::run(arguments, is_given, Some(ranks)))
    } else {
        commands::train::follow(ranks)
    }
}

/// Groups the flags of `eae train` under the headings of its help.
pub fn train_help(command: clap::Command) -> clap::Command {
    help::in_groups(mistake::with_negative_numbers(command))
}

/// Prints the error of a command, also if its result could not be written, and returns the exit
/// code.
fn ended(result: Result<(), Failure>) -> ExitCode {
    match result.and_then(|()| output::all_printed()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            errln!("eae: {failure}");
            failure.exit_code()
        }
    }
}

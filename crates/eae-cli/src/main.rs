//! The program `eae`: arguments in, exit code out. Everything that is not about a terminal is in
//! the library `eae`.

#![forbid(unsafe_code)]
#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "they panic where nobody reads any more: use `outln!` and `errln!`"
)]

#[macro_use]
mod output;
mod commands;
mod common;
mod compare;
mod dataset;
mod failure;
mod help;
mod html;
mod judgement;
mod mistake;
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
use failure::Failure;

/// What to do first, for those who read nothing else.
const AFTER_HELP: &str = "\
Example, from nothing to new images and a verdict on them:
  eae train                                      # learns digits; leaves runs/digits-1
  eae sample runs/digits-1 --out samples.png     # new digits
  eae reconstruct runs/digits-1 --out back.png   # digits, and what 16 numbers keep
  eae evaluate runs/digits-1                     # how good both are
  eae report runs/digits-1                       # all of it on one page
  eae info runs/digits-1                         # what was trained, and how it went

With your own images: eae train --data images:FOLDER
Entropy and information of any table of numbers: eae entropy samples.csv

Each command says more with --help, and shows an example.";

/// Trains entropic autoencoders, samples from them, and estimates entropy and information from
/// samples.
#[derive(Parser)]
#[command(name = "eae", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model and leave it in a run folder.
    Train(Box<commands::train::Arguments>),
    /// Make new images with a trained model.
    Sample(commands::sample::Arguments),
    /// Show held-out images beside what comes back from their codes, and the error of each.
    Reconstruct(commands::reconstruct::Arguments),
    /// Show the way from one held-out image to another.
    Interpolate(commands::interpolate::Arguments),
    /// Show what each number of a code does.
    Traverse(commands::traverse::Arguments),
    /// Write the codes of images to a file.
    Encode(commands::encode::Arguments),
    /// Make images of the codes in a file.
    Decode(commands::decode::Arguments),
    /// Say how well a trained model reconstructs, and how good its samples are.
    Evaluate(commands::evaluate::Arguments),
    /// Say how much generated samples are like real ones, from any program.
    Quality(commands::quality::Arguments),
    /// Train a classifier on the labels of images, to compare images on its features.
    Features(commands::features::Arguments),
    /// Make a run folder's report anew: curves, pictures, numbers and what to beware of.
    Report(commands::report::Arguments),
    /// Open a page on which a trained model can be played with.
    #[cfg(feature = "serve")]
    Serve(commands::serve::Arguments),
    /// Say what is in a run folder or a weights file, as settings with all else in comments.
    Info(commands::info::Arguments),
    /// Write a trained model for other programs to run, or as a page for people.
    Export(commands::export::Arguments),
    /// Train by several objectives side by side, and say how good what they generate is.
    Compare(commands::compare::Arguments),
    /// Estimate the entropy of the rows of a file.
    Entropy(commands::estimate::entropy::Arguments),
    /// Estimate the mutual information between columns of a file.
    Mi(commands::estimate::mi::Arguments),
    /// Estimate the transfer entropy from one series to another, or the information that a series
    /// stores.
    Te(commands::estimate::te::Arguments),
    /// Estimate the divergence of one file's rows from another's.
    Divergence(commands::estimate::divergence::Arguments),
    /// Time what takes the time.
    Bench(commands::bench::Arguments),
    /// Say what GPUs there are, or time one.
    #[cfg(feature = "gpu")]
    Gpu(commands::gpu::Arguments),
    /// Print what makes a shell complete commands and flags.
    Completions(commands::shell::Completions),
    /// Print the manual page, or write one for each command.
    Man(commands::shell::Man),
}

/// The commands and flags as they are read, and as help, manual pages and completions show them.
fn program() -> clap::Command {
    help::grouped(mistake::with_negative_numbers(Arguments::command()))
}

fn main() -> ExitCode {
    let matches = match program().try_get_matches() {
        Ok(matches) => matches,
        // Help and versions are results, too. Clap itself would not say that they are lost.
        Err(help) if !help.use_stderr() => {
            output::note(help.print().and_then(|()| io::stdout().flush()));
            return ended(Ok(()));
        }
        Err(mistake) => mistake::exit(&mistake),
    };
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let flags = matches.subcommand().map(|(_, flags)| flags.clone()).unwrap_or_default();
    let said = |flag: &str| flags.value_source(flag) == Some(ValueSource::CommandLine);
    let result = match arguments.command {
        Command::Train(arguments) => commands::train::run(&arguments, &said),
        Command::Sample(arguments) => commands::sample::run(&arguments),
        Command::Reconstruct(arguments) => commands::reconstruct::run(&arguments),
        Command::Interpolate(arguments) => commands::interpolate::run(&arguments),
        Command::Traverse(arguments) => commands::traverse::run(&arguments),
        Command::Encode(arguments) => commands::encode::run(&arguments),
        Command::Decode(arguments) => commands::decode::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate::run(&arguments),
        Command::Quality(arguments) => commands::quality::run(&arguments),
        Command::Features(arguments) => commands::features::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments, &said),
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

/// Says why the command failed, or else that its result was lost, and returns the exit code.
fn ended(result: Result<(), Failure>) -> ExitCode {
    match result.and_then(|()| output::all_printed()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            errln!("eae: {failure}");
            failure.exit_code()
        }
    }
}

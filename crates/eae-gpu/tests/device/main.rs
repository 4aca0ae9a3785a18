//! Tests that need a device. Without a device they are ignored, and the last line states their
//! number; with `EAE_GPU_TESTS=require` that is a failure. Any adapter works, including a software
//! adapter. `EAE_GPU_ADAPTER` selects another.

mod faults;
mod neighbors;
mod product;
mod trainer;
mod training;
mod training_critic;

use std::process::ExitCode;

use eae_gpu::{AdapterChoice, Error, Gpu, adapters};
use libtest_mimic::{Arguments, Trial};

/// The name of a test, and its function.
type Test = (&'static str, fn(&Gpu));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let all =
        [product::TESTS, neighbors::TESTS, training::TESTS, training_critic::TESTS, trainer::TESTS, faults::TESTS];
    let tests: Vec<Test> = all.into_iter().flatten().copied().collect();
    let count = tests.len();
    let opened = open();
    let why = opened.as_ref().err().map(ToString::to_string);
    let trials = tests.into_iter().map(|(name, test)| {
        let gpu = opened.clone();
        Trial::test(name, move || {
            test(&gpu?);
            Ok(())
        })
    });
    let required = std::env::var("EAE_GPU_TESTS").is_ok_and(|value| value == "require");
    let trials = trials.map(|trial| if why.is_some() && !required { trial.with_ignored_flag(true) } else { trial });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    match why {
        Some(why) if !required => eprintln!("SKIPPED: {count} tests need a GPU: {why}"),
        Some(why) => eprintln!("EAE_GPU_TESTS=require is set, but there is no device: {why}"),
        None => {}
    }
    conclusion.exit_code()
}

/// Opens the selected adapter, or the first.
fn open() -> Result<Gpu, Error> {
    let choice = AdapterChoice::from_env()?;
    if choice.adapter.is_none() && !adapters().is_empty() {
        return Gpu::open(&choice.adapter("0"));
    }
    Gpu::open(&choice)
}

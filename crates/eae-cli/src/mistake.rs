//! Better messages for some mistakes that clap finds.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::process;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The optional commands, and the features that they need.
const OPTIONAL: [(&str, &str); 2] = [("gpu", "gpu"), ("serve", "serve")];

/// Lets every flag take `-5` as its value, so that the error is about the number and not about an
/// unknown flag.
pub(crate) fn with_negative_numbers(command: Command) -> Command {
    let flags = command.mut_args(|flag| {
        let takes = flag.get_long().is_some() && flag.get_action().takes_values();
        if takes { flag.allow_negative_numbers(true) } else { flag }
    });
    flags.mut_subcommands(with_negative_numbers)
}

/// Prints the error, with advice if there is any, and ends the program.
pub(crate) fn exit(error: &clap::Error) -> ! {
    match advice(error) {
        Some(message) => {
            errln!("{message}");
            process::exit(2)
        }
        None => error.exit(),
    }
}

fn advice(error: &clap::Error) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if let Some(command) = context(ContextKind::InvalidSubcommand) {
        let (_, feature) = OPTIONAL.iter().find(|(name, _)| *name == command)?;
        return Some(format!(
            "eae: this program was built without `eae {command}`; rebuild it with `cargo install --path crates/eae-cli \
             --features {feature}`"
        ));
    }
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let source = error.source()?;
    let must = if let Some(problem) = source.downcast_ref::<ParseIntError>() {
        match problem.kind() {
            IntErrorKind::InvalidDigit | IntErrorKind::Empty => "a whole number of at least 0",
            _ => return None,
        }
    } else if source.is::<ParseFloatError>() {
        "a number"
    } else {
        return None;
    };
    let (flag, value) = (context(ContextKind::InvalidArg)?, context(ContextKind::InvalidValue)?);
    Some(format!(
        "error: invalid value '{value}' for '{flag}': it must be {must}\n\nFor more information, try '--help'."
    ))
}

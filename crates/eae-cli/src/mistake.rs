//! Mistakes in what was typed, where clap finds them and does not know the way out.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::process;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The commands that a program may be built without, and the features that they need.
const OPTIONAL: [(&str, &str); 2] = [("gpu", "gpu"), ("serve", "serve")];

/// Has every flag take `-5` as its value, so that what is said is about the number and not about an
/// unknown flag.
pub(crate) fn with_negative_numbers(command: Command) -> Command {
    let flags = command.mut_args(|flag| {
        let takes = flag.get_long().is_some() && flag.get_action().takes_values();
        if takes { flag.allow_negative_numbers(true) } else { flag }
    });
    flags.mut_subcommands(with_negative_numbers)
}

/// Ends the program with the way out if it is known, or else as clap does.
pub(crate) fn exit(error: &clap::Error) -> ! {
    match way_out(error) {
        Some(message) => {
            errln!("{message}");
            process::exit(2)
        }
        None => error.exit(),
    }
}

fn way_out(error: &clap::Error) -> Option<String> {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if let Some(command) = said(ContextKind::InvalidSubcommand) {
        let (_, feature) = OPTIONAL.iter().find(|(name, _)| *name == command)?;
        return Some(format!(
            "eae: this program was built without `eae {command}`: build it with `cargo install --path crates/eae-cli \
             --features {feature}`"
        ));
    }
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let source = error.source()?;
    let must = if let Some(problem) = source.downcast_ref::<ParseIntError>() {
        match problem.kind() {
            IntErrorKind::InvalidDigit | IntErrorKind::Empty => "a whole number, 0 or above",
            _ => return None,
        }
    } else if source.is::<ParseFloatError>() {
        "a number"
    } else {
        return None;
    };
    let (flag, value) = (said(ContextKind::InvalidArg)?, said(ContextKind::InvalidValue)?);
    Some(format!(
        "error: invalid value '{value}' for '{flag}': it must be {must}\n\nFor more information, try '--help'."
    ))
}

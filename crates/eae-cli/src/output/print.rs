//! Results on standard output and remarks on standard error.
//!
//! The macros of the standard library panic if a stream is closed or the disk is full. A training
//! must outlast both. A remark that cannot be written is dropped. A result that cannot be written
//! is noted, and the program ends with exit code 1 after its work.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

use crate::failure::Failure;

/// Prints a line of a result on standard output.
macro_rules! outln {
    ($($text:tt)*) => { $crate::output::print_line(format_args!($($text)*)) };
}

/// Prints a remark on standard error.
macro_rules! errln {
    ($($text:tt)*) => { $crate::output::remark(format_args!($($text)*)) };
}

/// The first result that could not be written.
static LOST: OnceLock<String> = OnceLock::new();

/// Returns a count with its noun: `1 column`, `3 columns`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Returns a number of rows with what they do: in the singular for one row and in the plural for
/// others.
pub(crate) fn rows_that(count: usize, [one, many]: [&str; 2]) -> String {
    format!("{} {}", counted(count, "row"), if count == 1 { one } else { many })
}

/// Prints one line of JSON.
pub(crate) fn print_json(content: &impl Serialize) {
    print_line(format_args!("{}", serde_json::to_string(content).expect("reports are plain data")));
}

/// Prints the lines of a result.
pub(crate) fn print_lines(lines: &[String]) {
    if !lines.is_empty() {
        print_line(format_args!("{}", lines.join("\n")));
    }
}

/// Prints a line of a result.
pub(crate) fn print_line(text: fmt::Arguments<'_>) {
    print_bytes(format!("{text}\n").as_bytes());
}

/// Prints the bytes of a result.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    note(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Notes that a result could not be written. A closed pipe does not count, because its reader has
/// seen enough.
pub(crate) fn note(written: io::Result<()>) {
    if let Err(problem) = written
        && problem.kind() != ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| problem.to_string());
    }
}

/// Fails if a result could not be written.
pub(crate) fn all_printed() -> Result<(), Failure> {
    match LOST.get() {
        None => Ok(()),
        Some(problem) => Err(Failure::other(format!("the result cannot be written to standard output: {problem}"))),
    }
}

/// Prints a remark.
pub(crate) fn remark(text: fmt::Arguments<'_>) {
    // One call writes the whole line, so that lines of several processes are not mixed.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

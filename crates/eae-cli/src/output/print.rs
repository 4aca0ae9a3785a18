//! Results on standard output.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

/// Prints one line of JSON. That nobody reads it any more (a closed pipe) is no reason to stop a training.
pub(crate) fn print_json(content: &impl Serialize) {
    let line = serde_json::to_string(content).expect("reports are plain data");
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints lines; a closed pipe is no reason to complain.
pub(crate) fn print_lines(lines: &[String]) {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in lines {
        if writeln!(out, "{line}").is_err() {
            return;
        }
    }
    let _ = out.flush();
}

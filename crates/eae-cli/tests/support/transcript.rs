//! Messages of the program, compared with the snapshots in `tests/suite/snapshots`.
//!
//! `INSTA_UPDATE=always cargo test -p eae-cli` updates the snapshots; `git diff` shows the changes.

use std::fmt::Write;
use std::path::Path;

use super::program::{eae, stderr};

/// Commands in a folder, and the messages of the program.
pub(crate) struct Transcript<'a> {
    folder: &'a Path,
    /// Texts that differ from run to run, and their replacements.
    names: Vec<(String, &'static str)>,
    text: String,
}

impl<'a> Transcript<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        let own = folder.to_str().unwrap().to_owned();
        Self { folder, names: vec![(own, "FOLDER")], text: String::new() }
    }

    pub(crate) fn folder(&self) -> &'a Path {
        self.folder
    }

    /// Replaces `text` by `name` in commands and messages.
    pub(crate) fn name(mut self, text: &str, name: &'static str) -> Self {
        self.names.insert(0, (text.to_owned(), name));
        self
    }

    /// Runs a command, with and without `--json`, that must end with this exit code and print
    /// nothing on standard output. Returns the message.
    pub(crate) fn refused(&mut self, arguments: &[&str], code: i32) -> String {
        let mut messages = Vec::new();
        let takes_json = !["completions", "man"].contains(&arguments[0]);
        for more in [&[][..], &["--json"]].into_iter().take(1 + usize::from(takes_json)) {
            let output = eae(self.folder, &[arguments, more].concat());
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
            assert!(output.stdout.is_empty(), "{arguments:?}");
            messages.push(stderr(&output));
        }
        self.say(arguments, &messages[0]);
        messages.swap_remove(0)
    }

    /// Adds the message of a command with these arguments.
    pub(crate) fn say(&mut self, arguments: &[&str], message: &str) {
        let quoted = |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() };
        let typed = arguments.iter().map(quoted).collect::<Vec<_>>().join(" ");
        // Errors of clap end with the usage, which the help has as well.
        let message = if message.starts_with("error: ") { message.split("\n\n").next().unwrap() } else { message };
        self.add(&format!("$ eae {typed}"), message);
    }

    /// Adds a request of any kind, and the message.
    pub(crate) fn add(&mut self, asked: &str, message: &str) {
        let mut entry = format!("{asked}\n{}\n\n", without_os_errors(message.trim_end()));
        for (text, name) in &self.names {
            entry = entry.replace(text, name);
        }
        self.text.write_str(&entry).unwrap();
    }

    /// Compares the transcript with the snapshot of this name.
    pub(crate) fn check(self, name: &str) {
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.replace(' ', "-"), self.text.trim_end()));
    }
}

/// Replaces error messages of the operating system, which differ between systems.
fn without_os_errors(message: &str) -> String {
    let mut parts = message.split(" (os error ");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text.truncate(text.rfind(": ").map_or(0, |at| at + 2));
        text += "[error of the system]";
        text += part.split_once(')').map_or(part, |(_, rest)| rest);
    }
    text
}

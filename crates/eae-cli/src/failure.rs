use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// The failure of a command: a message for the user, and an exit code for the shell.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    pub(crate) code: u8,
}

impl Failure {
    /// A mistake of the user, with exit code 2, as for arguments that cannot be parsed.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// Any other failure, with exit code 1.
    pub(crate) fn other(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// An interrupt by the user, with exit code 130, as in shells.
    pub(crate) fn interrupted(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 130 }
    }

    /// Begins the message with the file or folder that it is about.
    pub(crate) fn at(self, path: &Path) -> Self {
        Self { message: format!("{}: {}", path.display(), self.message), ..self }
    }

    /// Appends advice to the message.
    pub(crate) fn and(self, more: &str) -> Self {
        Self { message: self.message + more, ..self }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

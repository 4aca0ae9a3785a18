use std::fmt;
use std::process::ExitCode;

/// Why a command ended early: a sentence for the user, and an exit code for the shell.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// The user asked for something that cannot be: exit code 2, the same as for arguments that
    /// cannot be parsed.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// Something went wrong: exit code 1.
    pub(crate) fn other(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// The user ended it: exit code 130, as shells have it for an interrupt.
    pub(crate) fn interrupted(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 130 }
    }

    /// Adds a way out to the message.
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

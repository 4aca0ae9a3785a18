//! The end of all ranks if one of them fails.

use std::fmt::Display;

use eae_ranks::{Error, RankError, Ranks};

use crate::transport::Mpi;

/// Exit code after a panic, the one of Rust.
pub(crate) const PANIC: i32 = 101;

/// A failure that every rank knows, or that one rank alone has met.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    /// True if all ranks return the same failure, so that they can end in order.
    common: bool,
}

impl Failure {
    /// A failure that all ranks return.
    pub(crate) fn common(message: impl Display) -> Self {
        Self { message: message.to_string(), common: true }
    }

    /// A failure that the other ranks do not know.
    pub(crate) fn alone(message: impl Display) -> Self {
        Self { message: message.to_string(), common: false }
    }

    /// Ends this rank. For a common failure rank 0 prints the message, and the exit code is 2.
    /// Otherwise all ranks are aborted.
    pub(crate) fn end(self, mpi: Mpi) -> std::process::ExitCode {
        if !self.common {
            mpi.abort(1, &self.message);
        }
        if mpi.rank() == 0 {
            eprintln!("error: {}", self.message);
        }
        // Waits for the other ranks, which end, too.
        drop(mpi);
        std::process::ExitCode::from(2)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Ranks(error) => error.into(),
            error => Self::common(error),
        }
    }
}

impl From<RankError> for Failure {
    fn from(error: RankError) -> Self {
        match error {
            RankError::Failed { .. } => Self::common(error),
            error => Self::alone(error),
        }
    }
}

/// Makes a panic on any rank end all of them. Without this, the rank that panics would wait at the
/// end for the others, which wait for its messages.
pub(crate) fn abort_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        crate::transport::abort_everything(PANIC);
    }));
}

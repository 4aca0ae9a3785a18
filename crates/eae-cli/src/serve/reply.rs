//! What a request gets: a reply, or a problem.

use std::fmt;

use hyper::StatusCode;
use hyper::body::Bytes;

/// What was asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

/// Why a request is refused: a status, and a sentence for whoever wrote the request.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The method that would have been right, where that is the problem.
    pub(super) allow: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl fmt::Display) -> Self {
        Self { status, message: message.to_string(), allow: None }
    }

    /// What was sent is not what is asked for here.
    pub(super) fn wrong(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing.
    pub(super) fn unknown(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

//! What a request gets: a reply, or a problem.

use std::fmt;

use hyper::StatusCode;
use hyper::body::Bytes;

/// What a browser may load for the page: what comes from here, and nothing else.
pub(super) const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What it may load for a report, which is one file with its styles, script and pictures in it:
/// nothing. The sandbox keeps the script away from the page of the explorer.
const POLICY_OF_A_REPORT: &str = concat!(
    "sandbox allow-scripts allow-forms; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; ",
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

/// What was asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) content_type: &'static str,
    /// The Content-Security-Policy.
    pub(super) policy: &'static str,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type, policy: POLICY, body: body.into() }
    }

    /// Makes a reply of a run's report.
    pub(super) fn report(body: Vec<u8>) -> Self {
        Self { policy: POLICY_OF_A_REPORT, ..Self::new("text/html; charset=utf-8", body) }
    }
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

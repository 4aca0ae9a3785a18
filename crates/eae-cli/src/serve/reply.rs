//! Replies and errors.

use std::fmt;

use hyper::StatusCode;
use hyper::body::Bytes;

/// Content security policy of the page. The browser loads resources only from this server.
pub(super) const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Content security policy of a report. A report is one file with its styles, script and pictures
/// embedded, so the browser loads nothing else. The sandbox isolates its script from the explorer.
const POLICY_OF_A_REPORT: &str = concat!(
    "sandbox allow-scripts allow-forms; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; ",
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

/// Successful reply.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) content_type: &'static str,
    /// Value of the Content-Security-Policy header.
    pub(super) policy: &'static str,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type, policy: POLICY, body: body.into() }
    }

    /// Creates the reply with the report of a run.
    pub(super) fn report(body: Vec<u8>) -> Self {
        Self { policy: POLICY_OF_A_REPORT, ..Self::new("text/html; charset=utf-8", body) }
    }
}

/// Error reply, with a message for the author of the request.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// Allowed method, if the method is the problem.
    pub(super) allow: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl fmt::Display) -> Self {
        Self { status, message: message.to_string(), allow: None }
    }

    /// Creates the error for an invalid request.
    pub(super) fn wrong(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Creates the error for something that does not exist.
    pub(super) fn unknown(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

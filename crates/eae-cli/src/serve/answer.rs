use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::reply::{POLICY, Problem, Reply};
use super::routes::{Route, route};
use super::{Explorer, Hosts};

/// Time limit for the head of a request, for its body, and for an idle connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// State from which requests are answered.
pub(super) struct Site {
    pub(super) explorer: Explorer,
    pub(super) hosts: Hosts,
}

/// Headers of every response. Nothing is cached, because another model may be served at this
/// address later.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

pub(super) async fn answer(request: Request<Incoming>, site: Arc<Site>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = match reply(request, site).await {
        Ok(Reply { content_type, policy, body }) => {
            let mut response = Response::new(Full::new(body));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            response
        }
        Err(Problem { status, message, allow }) => {
            let body = json!({ "error": message }).to_string();
            let mut response = Response::new(Full::new(body.into()));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            if let Some(allow) = allow {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
            }
            response
        }
    };
    response.headers_mut().extend(HEADERS);
    Ok(response)
}

async fn reply(request: Request<Incoming>, site: Arc<Site>) -> Result<Reply, Problem> {
    let (head, body) = request.into_parts();
    whose(&head.headers, &site.hosts)?;
    let path = head.uri.path();
    let route = route(path).ok_or_else(|| Problem::unknown(format!("there is no page {path}")))?;
    let allow = match route {
        Route::Page(_) | Route::Get(_) => "GET, HEAD",
        Route::Post(_) => "POST",
    };
    let allowed = match route {
        Route::Post(_) => head.method == Method::POST,
        _ => head.method == Method::GET || head.method == Method::HEAD,
    };
    if !allowed {
        let message = format!("{path} takes {allow}, not {}", head.method);
        return Err(Problem { allow: Some(allow), ..Problem::new(StatusCode::METHOD_NOT_ALLOWED, message) });
    }
    let body = match route {
        Route::Post(_) => read(body, site.explorer.largest_request()).await?,
        _ => Bytes::new(),
    };
    let compute = move || match route {
        Route::Page(reply) => Ok(reply),
        Route::Get(get) => get(&site.explorer, head.uri.query().unwrap_or("")),
        Route::Post(post) => post(&site.explorer, &body),
    };
    // A panic is a bug, but the server keeps answering other requests.
    spawn_blocking(compute).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error: this is a bug in eae"))
    })
}

/// Refuses requests that the page of another site makes a browser send.
fn whose(headers: &HeaderMap, hosts: &Hosts) -> Result<(), Problem> {
    let mut named = headers.get_all(HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Problem::wrong("the request must have exactly one Host header"));
    };
    if !host.to_str().is_ok_and(|host| hosts.know(host)) {
        let message = "the Host header does not name this server; use an address that `eae serve` printed, or start the server with --allow-host NAME";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    match headers.get(ORIGIN) {
        Some(origin) if origin.as_bytes().strip_prefix(b"http://") != Some(host.as_bytes()) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "the Origin header names another site; only the page of this server may send requests",
        )),
        _ => Ok(()),
    }
}

/// Reads a whole body, unless it is too large or arrives too slowly.
async fn read(body: Incoming, most: usize) -> Result<Bytes, Problem> {
    use hyper::body::Body as _;
    let large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request is too large; it may have at most {most} bytes"),
        )
    };
    // A body that announces too large a size is not read at all.
    if body.size_hint().lower() > most as u64 {
        return Err(large());
    }
    match timeout(PATIENCE, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(large()),
        Ok(Err(_)) => Err(Problem::wrong("the connection ended before the whole request arrived")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive")),
    }
}

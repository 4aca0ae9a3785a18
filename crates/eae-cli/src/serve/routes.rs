use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::explorer::{MOST_MAPPED, Shown, Source};
use super::reply::{Problem, Reply};
use super::{Explorer, page};

/// Handler of a path. Each path has exactly one kind of method.
pub(super) enum Route {
    Page(Reply),
    /// Handler that takes the query string.
    Get(fn(&Explorer, &str) -> Result<Reply, Problem>),
    /// Handler that takes the body.
    Post(fn(&Explorer, &[u8]) -> Result<Reply, Problem>),
}

/// Returns the handler of a path. Pictures are sent as bytes in row-major order, channels last.
/// Everything else is JSON. A model of rows sends rows of the table instead of pictures.
pub(super) fn route(path: &str) -> Option<Route> {
    Some(match path {
        // Description of the model: shapes, samplers, statistics of the codes.
        "/model.json" => Route::Get(|explorer, _| json(explorer.description())),
        // Report of the run.
        "/report.html" => Route::Get(|explorer, _| Ok(Reply::report(explorer.report().ok_or_else(no_report)?))),
        // Map of the codes of held-out images.
        "/map.json" => Route::Get(|explorer, _| json(&explorer.map().ok_or_else(no_map)?)),
        // Held-out images: ?first=0&n=10
        "/images" => Route::Get(|explorer, query| {
            let Range { first, n } = Range::read(query)?;
            shown(explorer.images(first, n).ok_or_else(no_images)?)
        }),
        // Codes of held-out images: ?first=0&n=10
        "/codes.json" => Route::Get(|explorer, query| {
            let Range { first, n } = Range::read(query)?;
            json(&Codes { codes: rows(&explorer.codes(first, n).ok_or_else(no_images)?) })
        }),
        // Decodes {"codes": [[...], ...]} to pictures.
        "/decode" => Route::Post(|explorer, body| shown(explorer.decode(&codes(explorer, body)?))),
        // Encodes the bytes of a picture, or {"row": [...]}, to {"codes": [[...]]}.
        "/encode" => Route::Post(|explorer, body| {
            let code = if explorer.is_of_rows() {
                explorer.encode_row(parse::<Row>(body)?.row)
            } else {
                explorer.encode(body)
            };
            json(&Codes { codes: vec![code.map_err(Problem::wrong)?.to_vec()] })
        }),
        // Draws {"codes": [[...], ...]}. Takes {"sampler": "normal", "temperature": 1, "seed": 0,
        // "n": 10}, or "label": 3 instead of "sampler".
        "/sample" => Route::Post(|explorer, body| {
            let wanted: Sample = parse(body)?;
            let source = match (&wanted.sampler, wanted.label) {
                (Some(name), None) => Source::All(name),
                (None, Some(label)) => Source::Class(label),
                _ => return Err(Problem::wrong("the request must have either \"sampler\" or \"label\"")),
            };
            let Sample { temperature, seed, n, .. } = wanted;
            let codes = explorer.sample(source, temperature, seed, n).map_err(Problem::wrong)?;
            json(&Codes { codes: rows(&codes) })
        }),
        path => Route::Page(page::file(path)?),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    codes: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    row: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    sampler: Option<String>,
    label: Option<u8>,
    #[serde(default = "one")]
    temperature: f64,
    #[serde(default)]
    seed: u64,
    n: usize,
}

fn one() -> f64 {
    1.0
}

#[derive(Debug, PartialEq)]
struct Range {
    first: usize,
    n: usize,
}

impl Range {
    /// Parses `first=0&n=10`, in either order.
    fn read(query: &str) -> Result<Self, Problem> {
        let (mut first, mut n) = (None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "first" => &mut first,
                "n" => &mut n,
                _ => {
                    return Err(Problem::wrong(format!(
                        "unknown parameter {name:?}; write a query like ?first=0&n=10"
                    )));
                }
            };
            *place = Some(value.parse().map_err(|e| Problem::wrong(format!("{name}: {e}")))?);
        }
        let missing = || Problem::wrong("a parameter is missing; write a query like ?first=0&n=10");
        Ok(Self { first: first.ok_or_else(missing)?, n: n.ok_or_else(missing)? })
    }
}

/// Parses codes of the length that the model takes. The JSON parser rejects numbers that are not
/// finite in 32 bits.
fn codes(explorer: &Explorer, body: &[u8]) -> Result<Array2<f32>, Problem> {
    let Codes { codes } = parse(body)?;
    let (latent, most) = (explorer.latent(), explorer.most_codes());
    if !(1..=most).contains(&codes.len()) {
        return Err(Problem::wrong(format!("the request has {} codes; it must have from 1 to {most}", codes.len())));
    }
    if let Some(code) = codes.iter().find(|code| code.len() != latent) {
        return Err(Problem::wrong(format!(
            "the length of a code is {}; the model takes codes of length {latent}",
            code.len()
        )));
    }
    let shape = (codes.len(), latent);
    Ok(Array2::from_shape_vec(shape, codes.into_iter().flatten().collect()).expect("rows of one length"))
}

fn rows<T: Copy>(all: &Array2<T>) -> Vec<Vec<T>> {
    all.outer_iter().map(|row| row.to_vec()).collect()
}

fn no_map() -> Problem {
    Problem::unknown(format!(
        "there is no map of the codes; a map needs several different held-out codes of at most {MOST_MAPPED} numbers"
    ))
}

fn no_report() -> Problem {
    Problem::unknown("the run has no report; create one with `eae report RUN`")
}

fn no_images() -> Problem {
    Problem::unknown(
        "the range of held-out images is not available; /model.json gives their number as held_out, and the limit of a request as most_codes",
    )
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| Problem::wrong(format!("the body is not the expected JSON: {e}")))
}

fn json(content: &impl Serialize) -> Result<Reply, Problem> {
    Ok(Reply::new("application/json", serde_json::to_vec(content).expect("plain data")))
}

fn shown(content: Shown) -> Result<Reply, Problem> {
    match content {
        Shown::Pictures(bytes) => Ok(Reply::new("application/octet-stream", bytes)),
        Shown::Rows(values) => json(&serde_json::json!({ "rows": rows(&values) })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_parsed() {
        for query in ["first=3&n=10", "n=10&first=3"] {
            assert_eq!(Range::read(query), Ok(Range { first: 3, n: 10 }));
        }
        for query in
            ["", "first=1", "first=-1&n=2", "first=1&n=2&", "first=1&n=", "n=99999999999999999999&first=0", "f"]
        {
            assert!(Range::read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn only_fixed_paths_are_known() {
        for path in ["/", "/model.json", "/decode", "/app.js"] {
            assert!(route(path).is_some(), "{path}");
        }
        for path in ["", "//", "/../Cargo.toml", "/page/app.js", "/%61pp.js", "/app.js/", "/etc/passwd", "*"] {
            assert!(route(path).is_none(), "{path}");
        }
    }
}

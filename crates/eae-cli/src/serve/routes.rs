use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::explorer::{Shown, Source};
use super::reply::{Problem, Reply};
use super::{Explorer, page};

/// What there is to ask for; a name says by itself with which method.
pub(super) enum Route {
    Page(Reply),
    /// From what is behind the question mark.
    Get(fn(&Explorer, &str) -> Result<Reply, Problem>),
    /// From the body.
    Post(fn(&Explorer, &[u8]) -> Result<Reply, Problem>),
}

/// Pictures go as bytes, row by row, each pixel's channels together; everything else as JSON. Rows
/// of a table take the place of pictures where the model is of those.
pub(super) fn route(path: &str) -> Option<Route> {
    Some(match path {
        // What the page shows: shapes, samplers, how far the numbers of codes spread.
        "/model.json" => Route::Get(|explorer, _| json(explorer.description())),
        // The report of the run.
        "/report.html" => Route::Get(|explorer, _| Ok(Reply::report(explorer.report().ok_or_else(no_report)?))),
        // Two dimensions of the held-out images' codes.
        "/map.json" => Route::Get(|explorer, _| json(&explorer.map().ok_or_else(no_map)?)),
        // Held-out images: ?first=0&n=10
        "/images" => Route::Get(|explorer, query| {
            let Range { first, n } = Range::read(query)?;
            shown(explorer.images(first, n).ok_or_else(no_images)?)
        }),
        // Their codes, likewise.
        "/codes.json" => Route::Get(|explorer, query| {
            let Range { first, n } = Range::read(query)?;
            json(&Codes { codes: rows(&explorer.codes(first, n).ok_or_else(no_images)?) })
        }),
        // {"codes": [[...], ...]} to pictures.
        "/decode" => Route::Post(|explorer, body| shown(explorer.decode(&codes(explorer, body)?))),
        // The bytes of a picture, or {"row": [...]}, to {"codes": [[...]]}.
        "/encode" => Route::Post(|explorer, body| {
            let code = if explorer.is_of_rows() {
                explorer.encode_row(parse::<Row>(body)?.row)
            } else {
                explorer.encode(body)
            };
            json(&Codes { codes: vec![code.map_err(Problem::wrong)?.to_vec()] })
        }),
        // {"sampler": "normal", "temperature": 1, "seed": 0, "n": 10}, or with "label": 3 for a sampler, to
        // {"codes": [[...], ...]}.
        "/sample" => Route::Post(|explorer, body| {
            let wanted: Sample = parse(body)?;
            let source = match (&wanted.sampler, wanted.label) {
                (Some(name), None) => Source::All(name),
                (None, Some(label)) => Source::Class(label),
                _ => return Err(Problem::wrong("this takes a \"sampler\" or a \"label\"")),
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
    /// Of `first=0&n=10`, in either order.
    fn read(query: &str) -> Result<Self, Problem> {
        let (mut first, mut n) = (None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "first" => &mut first,
                "n" => &mut n,
                _ => return Err(Problem::wrong("this takes ?first=0&n=10, with numbers of yours")),
            };
            *place = Some(value.parse().map_err(|e| Problem::wrong(format!("{name}: {e}")))?);
        }
        let missing = || Problem::wrong("this takes both, ?first=0&n=10");
        Ok(Self { first: first.ok_or_else(missing)?, n: n.ok_or_else(missing)? })
    }
}

/// Of as many numbers as the model takes; that they are finite numbers of 32 bits is seen to by
/// whoever reads them.
fn codes(explorer: &Explorer, body: &[u8]) -> Result<Array2<f32>, Problem> {
    let Codes { codes } = parse(body)?;
    let (latent, most) = (explorer.latent(), explorer.most_codes());
    if !(1..=most).contains(&codes.len()) {
        return Err(Problem::wrong(format!("{} codes; a request has from 1 to {most}", codes.len())));
    }
    if let Some(code) = codes.iter().find(|code| code.len() != latent) {
        return Err(Problem::wrong(format!("a code of {} numbers, the model takes {latent}", code.len())));
    }
    let shape = (codes.len(), latent);
    Ok(Array2::from_shape_vec(shape, codes.into_iter().flatten().collect()).expect("rows of one length"))
}

fn rows<T: Copy>(all: &Array2<T>) -> Vec<Vec<T>> {
    all.outer_iter().map(|row| row.to_vec()).collect()
}

fn no_map() -> Problem {
    Problem::unknown("there is no map of the codes here")
}

fn no_report() -> Problem {
    Problem::unknown("the run has no report; `eae report RUN` makes one")
}

fn no_images() -> Problem {
    Problem::unknown("there are no such held-out images; /model.json says how many there are, and how many at a time")
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| Problem::wrong(format!("not the JSON that this takes: {e}")))
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
    fn ranges() {
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
    fn nothing_but_fixed_names() {
        for path in ["/", "/model.json", "/decode", "/app.js"] {
            assert!(route(path).is_some(), "{path}");
        }
        for path in ["", "//", "/../Cargo.toml", "/page/app.js", "/%61pp.js", "/app.js/", "/etc/passwd", "*"] {
            assert!(route(path).is_none(), "{path}");
        }
    }
}

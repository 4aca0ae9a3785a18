//! Curves over a single setting: a picture of the rows that differ in one number.

use std::collections::BTreeMap;
use std::ops::Range;

use maud::{Markup, PreEscaped, html};

use super::row::Row;
use crate::report::chart::{self, Layer, Plot, Ticks, XAxis, factors, range};

/// A row of the table and what a curve shows of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trained<'a> {
    pub(crate) row: &'a Row,
    /// The mean duration of the training.
    pub(crate) seconds: f64,
    /// The mean scores in the order of [`SCORES`].
    pub(crate) scores: [f64; 3],
}

/// Rows that differ in one number, ordered by it.
#[derive(Debug, PartialEq)]
pub(crate) struct Curve {
    /// The setting that differs, as it is written in a row.
    key: String,
    /// The other settings, in the shortest form.
    of: String,
    points: Vec<Point>,
}

/// A trained row on a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// The value of the setting. Numbers of epochs are replaced by the seconds of the training,
    /// because an epoch of one model can take longer than that of another.
    x: f64,
    scores: [f64; 3],
}

/// The scores that are drawn, from top to bottom.
const SCORES: [&str; 3] = ["Frechet distance of N(0, I)", "Frechet distance of GMM-10", "reconstruction error"];

/// Ratio of the largest and the smallest score above which their axis is logarithmic.
const FACTORS: f64 = 10.0;

/// Smallest number of rows in a curve.
const FEWEST: usize = 3;

/// Returns the curves in a table.
pub(crate) fn curves(table: &[Trained<'_>]) -> Vec<Curve> {
    let mut groups = BTreeMap::<_, Vec<(f64, &Trained<'_>)>>::new();
    for trained in table {
        let settings = trained.row.settings();
        for (key, value) in &settings {
            let Some(x) = value.as_f64() else { continue };
            let mut others = settings.clone();
            others.remove(key);
            let others: Vec<String> = others.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            let x = if key == "epochs" { trained.seconds } else { x };
            groups.entry((key.clone(), others)).or_default().push((x, trained));
        }
    }
    let curves = groups.into_iter().filter(|(_, rows)| rows.len() >= FEWEST).map(|((key, _), mut rows)| {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let named = rows.iter().map(|(_, trained)| trained.row.without(&key)).min_by_key(String::len);
        let points = rows.into_iter().map(|(x, trained)| Point { x, scores: trained.scores }).collect();
        Curve { key, of: named.expect("some rows"), points }
    });
    curves.collect()
}

/// Width and height of a panel without its legend.
const PANEL: [f64; 2] = [420.0, 240.0];
/// Height of a panel's title, and of a line of its legend.
const LINE: f64 = 18.0;

/// Values for the color variables of the charts' style sheet, on a white background.
const LIGHT: [(&str, &str); 3] = [("var(--soft)", "#61676e"), ("var(--line)", "#dcd9d2"), ("var(--so-so)", "#b3aea3")];

/// Draws the curves as SVG, with a column of panels for each setting.
pub(crate) fn draw(curves: &[Curve]) -> String {
    let mut keys: Vec<&str> = curves.iter().map(|curve| &*curve.key).collect();
    keys.dedup();
    let of = |key: &str| curves.iter().filter(|curve| curve.key == key).collect::<Vec<_>>();
    let legend = keys.iter().map(|key| of(key).len()).max().unwrap_or(0) as f64 * LINE;
    let high = LINE + PANEL[1] + legend + LINE;
    let (width, height) = (PANEL[0] * keys.len() as f64, high * SCORES.len() as f64);
    let style = LIGHT.iter().fold(chart::STYLE.to_owned(), |style, (name, color)| style.replace(name, color));
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
            font-family="sans-serif" {
            style { (PreEscaped(style)) }
            rect width="100%" height="100%" fill="#ffffff" {}
            @for (row, name) in SCORES.iter().enumerate() {
                @for (column, key) in keys.iter().enumerate() {
                    g transform=(format!("translate({} {})", PANEL[0] * column as f64, high * row as f64)) {
                        (panel(name, key, row, &of(key)))
                    }
                }
            }
        }
    };
    svg.into_string()
}

/// Draws a panel of one score over one setting, with its corner at (0, 0).
fn panel(title: &str, key: &str, score: usize, curves: &[&Curve]) -> Markup {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let mut values: Vec<f64> = points().map(|point| point.x).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let mut layers = Vec::new();
    for (curve, class) in curves.iter().zip(chart::COLORS.iter().copied().cycle()) {
        let points: Vec<_> = curve.points.iter().map(|point| (point.x, point.scores[score])).collect();
        layers.push(Layer::Points { class, label: String::new(), points: points.clone() });
        layers.push(Layer::Line { class, label: curve.of.clone(), points });
    }
    let x = match key {
        "epochs" => XAxis { label: "seconds of training", range: range(values, true), ticks: Ticks::Round },
        _ => XAxis { label: key, range: around(&values), ticks: Ticks::At(values) },
    };
    let scores: Vec<f64> = points().map(|point| point.scores[score]).collect();
    let wide = factors(&scores, FACTORS);
    let plot = Plot {
        title,
        description: String::new(),
        x,
        logarithmic: wide.is_some(),
        y: wide.unwrap_or_else(|| range(scores, true)),
        size: PANEL,
        layers,
    };
    let below = LINE + PANEL[1];
    html! {
        text x=(PANEL[0] / 2.0) y=(LINE) text-anchor="middle" style="font-size: 14px" { (title) }
        g transform=(format!("translate(0 {LINE})")) { (plot.frame()) }
        @for (i, layer) in plot.layers.iter().filter(|layer| !layer.label().is_empty()).enumerate() {
            g transform=(format!("translate(46 {})", below + 4.0 + LINE * i as f64)) {
                (layer.sample())
                text x="28" y="9" { (layer.label()) }
            }
        }
    }
}

/// Returns the range of the values, extended by a sixteenth on both sides: on a logarithmic scale
/// if all values are positive, otherwise on a linear one.
fn around(values: &[f64]) -> Range<f64> {
    let (low, high) = (values[0], values[values.len() - 1]);
    if low > 0.0 {
        let factor = (high / low).powf(1.0 / 16.0);
        low / factor..high * factor
    } else {
        let pad = (high - low) / 16.0;
        low - pad..high + pad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::{Preset, TrainConfig};

    fn like() -> Row {
        Row { name: String::new(), model: Preset::Conv28, latent: 16, training: TrainConfig::default() }
    }

    /// Returns a table of rows whose first scores are 1, 2 and so on, and whose trainings took ten
    /// times as many seconds.
    fn table(rows: &[Row]) -> Vec<Trained<'_>> {
        let numbered = rows.iter().zip(1..).map(|(row, i)| (row, f64::from(i)));
        numbered.map(|(row, i)| Trained { row, seconds: 10.0 * i, scores: [i, 7.0, 7.0] }).collect()
    }

    #[test]
    fn rows_that_differ_in_one_number_make_curves() {
        let like = like();
        let texts =
            ["eae lambda=1", "eae lambda=1 latent=8", "ae", "eae latent=4 lambda=1", "eae lambda=4", "eae lambda=8"];
        let rows = texts.map(|text| Row::parse(text, &like).unwrap());
        let found = curves(&table(&rows));
        let expected = |key: &str, of: &str, points: &[(f64, f64)]| Curve {
            key: key.to_owned(),
            of: of.to_owned(),
            points: points.iter().map(|&(x, y)| Point { x, scores: [y, 7.0, 7.0] }).collect(),
        };
        let lambda = expected("lambda", "eae", &[(1.0, 1.0), (4.0, 5.0), (8.0, 6.0)]);
        assert_eq!(found, [lambda, expected("latent", "eae lambda=1", &[(4.0, 4.0), (8.0, 2.0), (16.0, 1.0)])]);
        let svg = draw(&found);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
        for text in ["lambda", "latent", "eae lambda=1", "reconstruction error", "16"] {
            assert!(svg.contains(text), "no {text} in {svg}");
        }
    }

    #[test]
    fn trainings_of_several_lengths_are_compared_by_their_seconds() {
        let texts = ["ae epochs=2", "ae epochs=4", "ae epochs=8"];
        let rows = texts.map(|text| Row::parse(text, &like()).unwrap());
        let found = curves(&table(&rows));
        let places: Vec<f64> = found[0].points.iter().map(|point| point.x).collect();
        assert_eq!((found.len(), places), (1, vec![10.0, 20.0, 30.0]));
        assert!(draw(&found).contains("seconds of training"));
    }
}

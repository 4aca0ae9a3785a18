//! What a single setting does: a picture of the rows that are alike but for one number.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use super::row::Row;

/// Rows that differ in one number, in its order.
#[derive(Debug, PartialEq)]
pub(crate) struct Curve {
    /// What differs, as it is written in a row.
    key: String,
    /// What does not: the shortest way to write it.
    of: String,
    points: Vec<Point>,
}

/// A row: its number, and its means over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    x: f64,
    /// In the order of [`SCORES`].
    scores: [f64; 2],
}

/// What is drawn, one below the other.
const SCORES: [&str; 2] = ["Frechet distance of N(0, I)", "reconstruction error"];

/// Two rows are no curve.
const FEWEST: usize = 3;

/// The curves in a table of rows, each with its Frechet distance and its reconstruction error.
pub(crate) fn curves(rows: &[(&Row, [f64; 2])]) -> Vec<Curve> {
    let mut groups = BTreeMap::<_, Vec<(f64, &Row, [f64; 2])>>::new();
    for &(row, scores) in rows {
        let settings = row.settings();
        for (key, value) in &settings {
            let Some(x) = value.as_f64() else { continue };
            let mut others = settings.clone();
            others.remove(key);
            let others: Vec<String> = others.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            groups.entry((key.clone(), others)).or_default().push((x, row, scores));
        }
    }
    let curves = groups.into_iter().filter(|(_, rows)| rows.len() >= FEWEST).map(|((key, _), mut rows)| {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let named = rows.iter().map(|(_, row, _)| row.without(&key)).min_by_key(String::len);
        let points = rows.into_iter().map(|(x, _, scores)| Point { x, scores }).collect();
        Curve { key, of: named.expect("some rows"), points }
    });
    curves.collect()
}

const PANEL: [u32; 2] = [420, 280];
const GREY: RGBColor = RGBColor(110, 110, 110);

/// The picture, as SVG: a column for each setting, a line for each curve.
pub(crate) fn draw(curves: &[Curve]) -> Result<String, Box<dyn Error>> {
    let mut keys: Vec<&str> = curves.iter().map(|curve| &*curve.key).collect();
    keys.dedup();
    let mut svg = String::new();
    let size = (PANEL[0] * keys.len() as u32, PANEL[1] * SCORES.len() as u32);
    let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    for (place, panel) in root.split_evenly((SCORES.len(), keys.len())).iter().enumerate() {
        let (score, key) = (place / keys.len(), keys[place % keys.len()]);
        let drawn: Vec<&Curve> = curves.iter().filter(|curve| curve.key == key).collect();
        draw_panel(panel, score, &drawn)?;
    }
    root.present()?;
    drop(root);
    Ok(svg)
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw_panel(panel: &Panel<'_>, score: usize, curves: &[&Curve]) -> Result<(), Box<dyn Error>> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let top = 1.1 * points().map(|point| point.scores[score]).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .caption(SCORES[score], ("sans-serif", 14))
        .build_cartesian_2d(Values::new(points().map(|point| point.x).collect()), 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.25))
        .axis_style(GREY)
        .x_desc(&curves[0].key)
        .label_style(("sans-serif", 12))
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        let colour = Palette99::pick(index).mix(1.0);
        let points = || curve.points.iter().map(|point| (point.x, point.scores[score]));
        let line = chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
        line.label(&curve.of).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .label_font(("sans-serif", 11))
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}

/// An axis that is marked where there are points, and logarithmic where it can be: settings are tried by factors.
struct Values(Vec<f64>);

impl Values {
    fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        values.dedup();
        Self(values)
    }

    /// 0 for the least, and 1 for the largest.
    fn place(&self, value: f64) -> f64 {
        let (low, high) = (self.0[0], self.0[self.0.len() - 1]);
        let scale = |x: f64| if low > 0.0 { x.ln() } else { x };
        (scale(value) - scale(low)) / (scale(high) - scale(low))
    }
}

impl Ranged for Values {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (f64::from(to - from) * (0.06 + 0.88 * self.place(*value))).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.0.clone()
    }

    fn range(&self) -> Range<f64> {
        self.0[0]..self.0[self.0.len() - 1]
    }
}

impl ValueFormatter<f64> for Values {
    fn format(value: &f64) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::{Preset, TrainConfig};

    #[test]
    fn rows_that_differ_in_one_number() {
        let like = Row { name: String::new(), model: Preset::Conv28, latent: 16, training: TrainConfig::default() };
        let texts =
            ["eae lambda=1", "eae lambda=1 latent=8", "ae", "eae latent=4 lambda=1", "eae lambda=4", "eae lambda=8"];
        let rows = texts.map(|text| Row::parse(text, &like).unwrap());
        let scored: Vec<(&Row, [f64; 2])> = rows.iter().zip(1..).map(|(row, i)| (row, [f64::from(i), 7.0])).collect();
        let found = curves(&scored);
        let expected = |key: &str, of: &str, points: &[(f64, f64)]| Curve {
            key: key.to_owned(),
            of: of.to_owned(),
            points: points.iter().map(|&(x, y)| Point { x, scores: [y, 7.0] }).collect(),
        };
        let lambda = expected("lambda", "eae", &[(1.0, 1.0), (4.0, 5.0), (8.0, 6.0)]);
        assert_eq!(found, [lambda, expected("latent", "eae lambda=1", &[(4.0, 4.0), (8.0, 2.0), (16.0, 1.0)])]);
        let svg = draw(&found).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        for text in ["lambda", "latent", "eae lambda=1", "reconstruction error", "16"] {
            assert!(svg.contains(text), "no {text} in {svg}");
        }
    }
}

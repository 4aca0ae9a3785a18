//! Heat maps of correlations.

use std::fmt::Write;

use maud::{Markup, html};
use ndarray::Array2;

use super::enlarge::enlarge;
use super::number::short;

/// Number of shades of each color.
const SHADES: usize = 10;
/// Smallest upper end of the color scale, so that chance correlations do not appear in full color.
const LEAST: f64 = 0.2;
/// Number of rows above which only some rows have a name beside them.
const NAMED: usize = 16;

/// Heat map of a square matrix with values around 0. The diagonal is left out.
pub(super) struct Heat<'a> {
    pub(super) title: &'a str,
    /// Sentence that is shown in the legend and read aloud by screen readers.
    pub(super) description: &'a str,
    pub(super) values: &'a Array2<f64>,
    /// Returns the name of a row, shown on its left.
    pub(super) row: &'a dyn Fn(usize) -> String,
    /// Returns the name of a column, shown below it.
    pub(super) column: &'a dyn Fn(usize) -> String,
}

impl Heat<'_> {
    pub(super) fn figure(&self) -> Markup {
        let Self { title, description, values, row, column } = self;
        let d = values.nrows();
        let off = || values.indexed_iter().filter(|((row, column), _)| row != column);
        let scale = off().fold(LEAST, |most, (_, r)| most.max(r.abs()));
        // One path for all cells of a shade keeps the page small.
        let mut shades = vec![String::new(); 2 * SHADES];
        for ((row, column), &r) in off() {
            let shade = (r.abs() / scale * SHADES as f64).ceil() as usize;
            if shade > 0 {
                let _ = write!(shades[shade - 1 + if r < 0.0 { SHADES } else { 0 }], "M{column} {row}h1v1h-1z");
            }
        }
        let step = if d <= NAMED { 1 } else { d.div_ceil(80) * 8 };
        let picture = html! {
            svg viewBox="0 0 400 320" role="img" aria-label=(title) {
                title { (title) }
                desc { (description) }
                g transform=(format!("translate(82 4) scale({})", 280.0 / d as f64)) {
                    @for (shade, cells) in shades.iter().enumerate().filter(|(_, cells)| !cells.is_empty()) {
                        path class=(if shade < SHADES { "cell plus" } else { "cell minus" })
                            fill-opacity=(format!("{:.2}", (shade % SHADES + 1) as f64 / SHADES as f64)) d=(cells) {}
                    }
                    path.cell.self d=((0..d).map(|i| format!("M{i} {i}h1v1h-1z")).collect::<String>()) {}
                }
                rect.frame x="82" y="4" width="280" height="280" {}
                @for i in (0..d).step_by(step) {
                    @let middle = 280.0 * (i as f64 + 0.5) / d as f64;
                    text.tick x="76" y=(format!("{:.1}", 8.0 + middle)) text-anchor="end" { (row(i)) }
                    text.tick x=(format!("{:.1}", 82.0 + middle)) y="300" text-anchor="middle" { (column(i)) }
                }
            }
        };
        html! {
            figure.chart {
                figcaption { (title) }
                (enlarge(&picture))
                ul.legend {
                    li { span.ramp {} (short(-scale)) " to " (short(scale)) }
                    li { (description) }
                }
            }
        }
    }
}

//! Histograms of the columns.

use std::ops::Range;

use maud::{Markup, html};
use ndarray::ArrayView1;

use super::Rows;
use crate::report::chart::{Layer, Plot, Ticks, XAxis, histogram, legend, range};
use crate::report::number::short;

/// Maximum number of columns to draw.
const MOST: usize = 12;
/// Largest range of a column of whole numbers for which each number has a bin.
const WHOLE: f64 = 40.0;
/// Share of the rows at each end that a chart leaves out.
const TAIL: f64 = 0.002;

/// Draws a chart for each column, the most different columns first.
pub(super) fn histograms(rows: &Rows, order: &[usize]) -> Markup {
    let shown = &order[..order.len().min(MOST)];
    let few = order.len() > shown.len();
    html! {
        h3 { "Distribution of each column" }
        p.note {
            "The most different columns come first"
            @if few { ", and only " (shown.len()) " of " (order.len()) " are shown" }
            ". KS is the largest difference between the distribution functions of real and generated rows."
        }
        (legend(&layers(rows, shown[0], &(0.0..1.0), 1)))
        div.multiples.wide { @for &column in shown { (chart(rows, column)) } }
    }
}

fn chart(rows: &Rows, column: usize) -> Markup {
    let (range, bins) = bins(rows, column);
    let layers = layers(rows, column, &range, bins);
    let heights = layers.iter().flat_map(|layer| match layer {
        Layer::Bars { heights, .. } => heights.clone(),
        Layer::Line { points, .. } => points.iter().map(|point| point.1).collect(),
        _ => vec![],
    });
    let top = heights.fold(0.0, f64::max);
    let distance = rows.distances[column];
    let name = &rows.names[column];
    let plot = Plot {
        title: name,
        description: format!("Histograms of real and generated rows, with a KS distance of {}.", short(distance)),
        x: XAxis { label: "", range, ticks: Ticks::Round },
        y: 0.0..1.05 * top.max(f64::MIN_POSITIVE),
        logarithmic: false,
        size: [240.0, 140.0],
        layers,
    };
    plot.small(&html! { strong { (name) } " KS " (format!("{distance:.3}")) })
}

/// Returns the range and the number of bins of a column. If the column has only whole numbers in a
/// small range, each number has a bin.
fn bins(rows: &Rows, column: usize) -> (Range<f64>, usize) {
    let real = rows.real.column(column);
    let ends = real.iter().fold(f64::INFINITY..f64::NEG_INFINITY, |ends, &x| ends.start.min(x)..ends.end.max(x));
    if ends.end - ends.start <= WHOLE && real.iter().all(|x| x.fract() == 0.0) {
        let (from, to) = (ends.start - 1.5, ends.end + 1.5);
        return (from..to, (to - from) as usize);
    }
    let [a, b] = [real, rows.generated.column(column)].map(quantiles);
    let bins = ((real.len() as f64).sqrt() as usize).clamp(8, 30);
    (range([a.start, a.end, b.start, b.end], false), bins)
}

/// Returns the range of the values without the tails.
fn quantiles(values: ArrayView1<'_, f64>) -> Range<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = (TAIL * sorted.len() as f64) as usize;
    sorted[cut]..sorted[sorted.len() - 1 - cut]
}

fn layers(rows: &Rows, column: usize, range: &Range<f64>, bins: usize) -> Vec<Layer> {
    let width = (range.end - range.start) / bins as f64;
    let heights = |values: ArrayView1<'_, f64>| histogram(values.iter().copied(), range, bins);
    let outline = |class, label: &str, heights: Vec<f64>| Layer::Line {
        class,
        label: label.to_owned(),
        points: outline(range.start, width, &heights),
    };
    let real = heights(rows.real.column(column));
    let mut layers =
        vec![Layer::Bars { class: "quiet", label: "real rows".into(), from: range.start, width, heights: real }];
    if let Some(normal) = &rows.normal {
        layers.push(outline("normal", "generated, codes from N(0, I)", heights(normal.column(column))));
    }
    layers.push(outline("one", "generated, codes from the default sampler", heights(rows.generated.column(column))));
    layers
}

/// Returns the outline of the bars.
fn outline(from: f64, width: f64, heights: &[f64]) -> Vec<(f64, f64)> {
    let at = |i: usize| from + i as f64 * width;
    heights.iter().enumerate().flat_map(|(i, &height)| [(at(i), height), (at(i + 1), height)]).collect()
}

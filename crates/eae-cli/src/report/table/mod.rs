//! Comparison of generated and real rows of a table.

mod correlation;
mod distance;
mod histograms;
mod pairs;

use eae::Autoencoder;
use eae::data::Images;
use eae::sampler::Sampler;
use maud::{Markup, html};
use ndarray::{Array2, Axis};

use super::number::{count, counted, short};
use distance::{distance, usual};

/// Minimum and maximum number of rows to draw from each sampler.
const DRAWN: [usize; 2] = [500, 2000];

/// Rows in the units of the table.
struct Rows {
    /// Names of the columns that vary.
    names: Vec<String>,
    real: Array2<f64>,
    /// Rows from the default sampler.
    generated: Array2<f64>,
    /// Rows from N(0, I), unless that is the default.
    normal: Option<Array2<f64>>,
    /// Distance between real and generated rows in each column.
    distances: Vec<f64>,
}

impl Rows {
    fn new(model: &Autoencoder<f32>, samplers: &[Sampler], held_out: &Images<f32>, seed: u64) -> Option<Self> {
        let columns = model.columns()?;
        let varies: Vec<usize> = (0..columns.len()).filter(|&column| columns.moments(column).1 > 0.0).collect();
        let restored = |images: &Images<f32>| columns.restore(images.pixels.view()).select(Axis(1), &varies);
        let [least, most] = DRAWN;
        let drawn = held_out.len().clamp(least, most);
        let generate =
            |sampler: &Sampler| restored(&Images::new(model.decode(sampler.sample(drawn, seed).view()).into_shared()));
        let real = restored(&super::at_most(held_out, most));
        let generated = generate(&samplers[0]);
        let normal = samplers[1..].iter().find(|sampler| sampler.name() == "normal").map(generate);
        let of_column = |column: usize| distance(real.column(column), generated.column(column));
        let distances = (0..varies.len()).map(of_column).collect();
        (!varies.is_empty()).then(|| Self {
            names: varies.iter().map(|&column| columns.name(column)).collect(),
            generated,
            normal,
            distances,
            real,
        })
    }

    /// Returns the columns, the most different ones first.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by(|&a, &b| self.distances[b].total_cmp(&self.distances[a]));
        order
    }
}

/// Draws charts of the columns of a table. Returns `None` for a model of images.
pub(super) fn table(
    model: &Autoencoder<f32>,
    samplers: &[Sampler],
    held_out: &Images<f32>,
    seed: u64,
) -> Option<Markup> {
    let rows = Rows::new(model, samplers, held_out, seed)?;
    let order = rows.order();
    let (worst, usual) = (order[0], usual(rows.real.nrows(), rows.generated.nrows()));
    let beyond = rows.distances.iter().filter(|&&distance| distance > usual).count();
    Some(html! {
        p {
            (count(rows.generated.nrows())) " rows decoded from draws with seed " (seed) ", compared with " (count(rows.real.nrows()))
            " held-out rows in the units of the table. " code { "eae sample" } " draws from " (samplers[0]) " by default"
            @if rows.normal.is_some() { ", a density fitted to the codes. Draws from N(0, I) show the result without a fitted density" }
            "."
        }
        p {
            @if beyond == 0 { "No column differs" }
            @else { (beyond) " of " (counted(rows.names.len(), "column")) (if beyond == 1 { " differs" } else { " differ" }) }
            " significantly between generated and real rows. The most different column is " strong { (rows.names[worst]) }
            ", with a Kolmogorov-Smirnov distance (KS) of " (short(rows.distances[worst])) ". With as many rows, only 1 % of columns exceed "
            (short(usual)) " by chance."
        }
        (histograms::histograms(&rows, &order))
        (pairs::pairs(&rows))
        @if let Some(charts) = correlation::charts(&rows, &order) { (charts) }
    })
}

//! Generated rows of a table beside real ones.

mod correlation;
mod distance;
mod histograms;
mod pairs;

use eae::Autoencoder;
use eae::data::Images;
use eae::sampler::Sampler;
use maud::{Markup, html};
use ndarray::{Array2, Axis};

use super::number::{count, short};
use distance::{distance, usual};

/// Rows that are drawn from each sampler at least, and at most.
const DRAWN: [usize; 2] = [500, 2000];

/// Rows in the units of the table.
struct Rows {
    /// The columns that vary, by their names.
    names: Vec<String>,
    real: Array2<f64>,
    /// From the default sampler.
    generated: Array2<f64>,
    /// From N(0, I), if that is not the default.
    normal: Option<Array2<f64>>,
    /// The distance of each column, real from generated.
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
        let named = |column: &usize| match columns.names() {
            Some(names) => names[*column].clone(),
            None => format!("column {column}"),
        };
        (!varies.is_empty()).then(|| Self {
            names: varies.iter().map(named).collect(),
            generated,
            normal,
            distances,
            real,
        })
    }

    /// The columns, the most different first.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by(|&a, &b| self.distances[b].total_cmp(&self.distances[a]));
        order
    }
}

/// Charts of the columns of a table; none for a model of images.
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
            (count(rows.generated.nrows())) " rows decoded from draws by seed " (seed) " beside " (count(rows.real.nrows()))
            " held-out rows, in the units of the table. " code { "eae sample" } " draws from " (samplers[0]) " by default"
            @if rows.normal.is_some() { ", which is what a fitted density adds; N(0, I) is what the entropy alone achieves" }
            "."
        }
        p {
            @if beyond == 0 { "No column of generated rows can be told from that of real rows" }
            @else { (beyond) " of " (rows.names.len()) " columns of generated rows can be told from those of real rows" }
            ": the most different is " strong { (rows.names[worst]) } ", whose distribution functions are " (short(rows.distances[worst]))
            " apart (KS), where chance alone reaches " (short(usual)) " with so many rows."
        }
        (histograms::histograms(&rows, &order))
        (pairs::pairs(&rows))
        @if let Some(charts) = correlation::charts(&rows, &order) { (charts) }
    })
}

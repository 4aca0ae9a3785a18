use eae::Autoencoder;
use eae::metrics::chi_quantiles;
use ndarray::{ArrayView2, Axis};
use serde::Serialize;

use super::columns::Column;
use super::draws::Class;
use crate::report::dimensions;

/// Numbers of a code beyond which the page does not say what each changes: the decoder would take
/// too long.
const MOST_WEIGHED: usize = 512;

/// What the page knows before it asks for anything.
#[derive(Serialize)]
pub(in crate::serve) struct Description {
    pub(super) run: String,
    /// The path of the report, if the run has one.
    pub(super) report: Option<&'static str>,
    pub(super) network: Option<&'static str>,
    /// Height, width, channels.
    pub(super) image: [usize; 3],
    /// Those of the table, for a model of its rows.
    pub(super) columns: Option<Vec<Column>>,
    /// The one that is drawn from by default first.
    pub(super) samplers: Vec<&'static str>,
    /// Whether held-out codes have chosen it.
    pub(super) likeliest: bool,
    pub(super) classes: Vec<Class>,
    pub(super) held_out: usize,
    pub(super) most_codes: usize,
    #[serde(flatten)]
    pub(super) code: Code,
}

/// The numbers of a code.
#[derive(Serialize)]
pub(super) struct Code {
    latent: usize,
    mean: Vec<f32>,
    sd: Vec<f32>,
    /// The squared change in what is decoded that each number makes.
    effect: Option<Vec<f64>>,
    /// The middle nine tenths of the distances of codes from the origin under N(0, I).
    radius: [f64; 2],
}

impl Code {
    /// Describes what some codes of a model have in common.
    pub(super) fn new(model: &Autoencoder<f32>, codes: ArrayView2<'_, f32>) -> Self {
        let latent = codes.ncols();
        let weighed = || dimensions(model, codes).into_iter().map(|dimension| dimension.effect).collect();
        // At 1/20, 3/20, ..., 19/20.
        let radii = chi_quantiles(latent, 10);
        Self {
            latent,
            mean: codes.mean_axis(Axis(0)).expect("some codes").to_vec(),
            sd: codes.std_axis(Axis(0), 0.0).to_vec(),
            effect: (latent <= MOST_WEIGHED).then(weighed),
            radius: [radii[0], radii[9]],
        }
    }
}

use eae::Autoencoder;
use eae::metrics::chi_quantiles;
use ndarray::{ArrayView2, Axis};
use serde::Serialize;

use super::columns::Column;
use super::draws::Class;
use crate::report::dimensions;

/// Largest latent dimension for which the effect of each number is measured. Beyond that, the
/// decoder would take too long.
const MOST_WEIGHED: usize = 512;

/// Description of the model that the page loads first.
#[derive(Serialize)]
pub(in crate::serve) struct Description {
    pub(super) run: String,
    /// Path of the report, if the run has one.
    pub(super) report: Option<&'static str>,
    pub(super) network: Option<&'static str>,
    /// Height, width and channels.
    pub(super) image: [usize; 3],
    /// Columns of the table, for a model of rows.
    pub(super) columns: Option<Vec<Column>>,
    /// Names of the samplers. The default is first.
    pub(super) samplers: Vec<&'static str>,
    /// True if the default was chosen by the likelihood of held-out codes.
    pub(super) likeliest: bool,
    pub(super) classes: Vec<Class>,
    pub(super) held_out: usize,
    pub(super) most_codes: usize,
    #[serde(flatten)]
    pub(super) code: Code,
}

/// Statistics of the numbers of a code.
#[derive(Serialize)]
pub(super) struct Code {
    latent: usize,
    mean: Vec<f32>,
    sd: Vec<f32>,
    /// Squared change of the decoder output by each number.
    effect: Option<Vec<f64>>,
    /// Range of the middle 90 % of the radii of codes under N(0, I).
    radius: [f64; 2],
}

impl Code {
    /// Computes the statistics of some codes of a model.
    pub(super) fn new(model: &Autoencoder<f32>, codes: ArrayView2<'_, f32>) -> Self {
        let latent = codes.ncols();
        let weighed = || dimensions(model, codes).into_iter().map(|dimension| dimension.effect).collect();
        // The quantiles are at 1/20, 3/20, ..., 19/20.
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

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use nn_layers::Weights;

use super::error::checked;
use super::tensors::{axes, means, numbers};
use super::{FitError, ReadError, normal};
use crate::{Autoencoder, Float};

/// Number of draws from which the mean and the standard deviation are estimated. The standard error
/// of the mean is then 1/63 of the standard deviation, and that of the standard deviation 1/89.
const DRAWS: usize = 4000;
/// Number of codes that are decoded and encoded at a time, to bound the memory of the images.
const BATCH: usize = 250;
/// Smallest standard deviation, relative to the mean. A smaller one is the rounding of a constant.
const ROUNDING: f64 = 1e-6;

/// A refinement of draws from N(0, I) by the networks of a model.
///
/// Many draws `z` from N(0, I) lie between the codes of images, and they decode to unlikely images.
/// The code `E(D(z))` of the decoded image belongs to an image that the encoder knows. A refined
/// draw is this code, brought back to the moments of N(0, I) in each coordinate,
///
/// ```text
/// z' = (E(D(z)) - m) / s
/// ```
///
/// where `m` and `s` `[latent]` are the mean and the standard deviation of `E(D(z))` over draws. No
/// density is fitted to codes of images. One refinement is enough: further ones push the draws away
/// from the origin.
///
/// ```
/// use eae::sampler::{Refinement, normal};
/// use eae::{Autoencoder, Preset};
///
/// let model = Autoencoder::<f32>::new(Preset::Mlp, [8, 8, 1], 4, 0)?;
/// let refinement = Refinement::fit(&model, 0)?;
/// let codes = refinement.refine(&model, normal(10, 4, 1).view());
/// let images = model.decode(codes.view());
/// assert_eq!(images.dim(), (10, 8, 8, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Refinement {
    mean: Array1<f64>,
    deviation: Array1<f64>,
}

impl Refinement {
    /// Name of the sampler that refines draws from N(0, I), and part of the names of its tensors in
    /// a file.
    pub const NAME: &'static str = "refined";

    /// Estimates `m` and `s` from 4000 draws. The seed determines the draws. A coordinate of
    /// `E(D(z))` that is constant has `s = 1`, so its refined value is 0.
    ///
    /// # Errors
    ///
    /// If a code `E(D(z))` is not finite.
    pub fn fit<F: Float>(model: &Autoencoder<F>, seed: u64) -> Result<Self, FitError> {
        let codes = checked(recoded(model, normal(DRAWS, model.latent(), seed).view()).view(), 1)?;
        let mean = codes.mean_axis(Axis(0)).expect("at least one draw");
        let mut deviation = codes.std_axis(Axis(0), 0.0);
        deviation.zip_mut_with(&mean, |deviation, mean| {
            // This also holds for a deviation and a mean of 0.
            if *deviation <= ROUNDING * mean.abs() {
                *deviation = 1.0;
            }
        });
        Ok(Self { mean, deviation })
    }

    /// Returns the mean `m` `[latent]` of `E(D(z))`.
    pub fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    /// Returns the standard deviation `s` `[latent]` of `E(D(z))`, or 1 where it is 0.
    pub fn deviation(&self) -> ArrayView1<'_, f64> {
        self.deviation.view()
    }

    /// Refines each row of `codes` `[n, latent]`, draws from N(0, I). Use the `model` of the fit.
    ///
    /// # Panics
    ///
    /// If the codes or the model have another latent dimension.
    pub fn refine<F: Float>(&self, model: &Autoencoder<F>, codes: ArrayView2<'_, F>) -> Array2<F> {
        let (takes, d) = (self.mean.len(), codes.ncols());
        assert!(d == takes, "codes of dimension {d} for a refinement of dimension {takes}");
        ((recoded(model, codes).mapv(F::into_f64) - &self.mean) / &self.deviation).mapv(F::from_f64)
    }

    /// Adds mean and standard deviation, in double precision, as `prefix.refined.mean` and
    /// `prefix.refined.deviation`.
    pub fn write(&self, prefix: &str, weights: &mut Weights) {
        weights.insert(name(prefix, "mean"), &self.mean.clone().into_dyn());
        weights.insert(name(prefix, "deviation"), &self.deviation.clone().into_dyn());
    }

    /// Reads the refinement that [`write`](Refinement::write) added, or returns `None` if there is
    /// none.
    ///
    /// # Errors
    ///
    /// If the refinement is damaged, or is not for codes of dimension `latent`.
    pub fn read(prefix: &str, latent: usize, weights: &Weights) -> Result<Option<Self>, ReadError> {
        let (own, known) = (name(prefix, ""), ["mean", "deviation"].map(|tensor| name(prefix, tensor)));
        let mut names = weights.names().filter(|name| name.starts_with(&own)).peekable();
        if names.peek().is_none() {
            return Ok(None);
        }
        if let Some(other) = names.find(|name| !known.iter().any(|known| known == name)) {
            return Err(ReadError::Unexpected { name: other.to_owned() });
        }
        let [mean, deviation] = known;
        let shape: [usize; 1] = axes(weights, &mean, "[d], d at least 1")?;
        if shape != [latent] {
            let expected = "the latent dimension of the model";
            return Err(ReadError::Shape { name: mean, found: shape.to_vec(), expected });
        }
        let needed = "a standard deviation is positive";
        Ok(Some(Self {
            mean: means(weights, &mean, shape)?,
            deviation: numbers(weights, &deviation, shape, needed, |s| s > 0.0)?,
        }))
    }
}

fn name(prefix: &str, tensor: &str) -> String {
    format!("{prefix}.{}.{tensor}", Refinement::NAME)
}

/// Returns the codes `E(D(z))` of the decoded rows of `codes`.
fn recoded<F: Float>(model: &Autoencoder<F>, codes: ArrayView2<'_, F>) -> Array2<F> {
    let mut recoded = Array2::zeros(codes.dim());
    for (codes, mut recoded) in codes.axis_chunks_iter(Axis(0), BATCH).zip(recoded.axis_chunks_iter_mut(Axis(0), BATCH))
    {
        recoded.assign(&model.encode(model.decode(codes).view()));
    }
    recoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Columns;
    use crate::{Ending, Preset};
    use ndarray::{ArrayD, array};

    fn model(latent: usize, ending: Ending) -> Autoencoder<f64> {
        Autoencoder::with_ending(Preset::Mlp, [4, 4, 1], latent, ending, 3).unwrap()
    }

    #[test]
    fn refined_draws_have_the_moments_of_n_0_i() {
        let of_vectors = {
            let columns = Columns::fit(normal::<f64>(20, 6, 0).view(), None);
            Autoencoder::for_vectors(Preset::Mlp, columns, 2, Ending::Normalized, 1).unwrap()
        };
        // The encoder of a VAE also gives variances, which the refinement ignores.
        let models =
            [model(1, Ending::Normalized), model(3, Ending::Plain), model(20, Ending::MeanAndLogVariance), of_vectors];
        for model in models {
            let refinement = Refinement::fit(&model, 5).unwrap();
            assert_eq!(refinement, Refinement::fit(&model, 5).unwrap());
            assert_ne!(refinement, Refinement::fit(&model, 6).unwrap());
            let z = normal(DRAWS, model.latent(), 5);
            let refined = refinement.refine(&model, z.view());
            assert!(refined.mean_axis(Axis(0)).unwrap().iter().all(|mean| mean.abs() < 1e-9));
            assert!(refined.var_axis(Axis(0), 0.0).iter().all(|variance| (variance - 1.0).abs() < 1e-9));
            // The formula, for one draw.
            let code = model.encode(model.decode(z.slice_axis(Axis(0), (7..8).into())).view());
            let expected = (&code.row(0) - &refinement.mean()) / refinement.deviation();
            assert!((&refined.row(7) - &expected).iter().all(|e| e.abs() < 1e-9));
            // Other draws have about these moments, up to four standard errors of both sets.
            let others = refinement.refine(&model, normal(DRAWS, model.latent(), 9).view());
            let error = 4.0 * (2.0 / DRAWS as f64).sqrt();
            assert!(others.mean_axis(Axis(0)).unwrap().iter().all(|mean| mean.abs() < error));
        }
    }

    /// Changes the weight and the bias of the layer that produces the codes.
    fn change_last_layer(model: &mut Autoencoder<f64>, change: impl Fn(&mut ArrayD<f64>, &mut ArrayD<f64>)) {
        let mut weights = model.to_weights();
        let number = |name: &str| name.strip_prefix("encoder.")?.strip_suffix(".weight")?.parse::<usize>().ok();
        let last = weights.names().filter_map(number).max().unwrap();
        let names = ["weight", "bias"].map(|array| format!("encoder.{last}.{array}"));
        let [mut weight, mut bias] =
            names.each_ref().map(|name| weights.get::<f64>(name, weights.shape(name).unwrap()).unwrap());
        change(&mut weight, &mut bias);
        for (name, array) in names.into_iter().zip([weight, bias]) {
            weights.insert(name, &array);
        }
        model.read(&weights).unwrap();
    }

    #[test]
    fn a_constant_coordinate_becomes_0() {
        let mut model = model(3, Ending::Plain);
        change_last_layer(&mut model, |weight, bias| {
            weight.slice_axis_mut(Axis(0), (1..).into()).fill(0.0);
            *bias = array![0.1, 0.7, 0.0].into_dyn();
        });
        let refinement = Refinement::fit(&model, 0).unwrap();
        assert_eq!(refinement.deviation().slice_axis(Axis(0), (1..).into()), array![1.0, 1.0]);
        let refined = refinement.refine(&model, normal(50, 3, 1).view());
        assert!(refined.column(0).std(0.0) > 0.5);
        assert!(refined.slice_axis(Axis(1), (1..).into()).iter().all(|x| x.abs() < 1e-6), "{refined}");
    }

    #[test]
    fn codes_that_are_not_finite_are_an_error() {
        let mut model = model(2, Ending::Plain);
        change_last_layer(&mut model, |_, bias| bias[[1]] = 1e200);
        let error = Refinement::fit(&model, 0).map(|_| ());
        assert!(matches!(error, Err(FitError::NotFinite { row: 0, column: 1, .. })), "{error:?}");
    }

    #[test]
    fn round_trip_through_weights() {
        let refinement = Refinement::fit(&model(3, Ending::Normalized), 1).unwrap();
        let mut weights = Weights::default();
        assert_eq!(Refinement::read("sampler", 3, &weights).unwrap(), None);
        refinement.write("sampler", &mut weights);
        // The tensors of other samplers are beside it.
        weights.insert("sampler.gaussian.mean", &array![1.0].into_dyn());
        assert_eq!(Refinement::read("sampler", 3, &weights).unwrap().unwrap(), refinement);
        assert_eq!(Refinement::read("sampler.class.3", 3, &weights).unwrap(), None);

        let one = |x: f64| array![1.0, x, 1.0].into_dyn();
        for (tensor, damaged, expected) in [
            ("mean", one(f64::NAN), "`sampler.refined.mean` holds NaN at position 1"),
            ("mean", one(1e101), "a mean is at most 1e100"),
            ("mean", array![0.0, 0.0].into_dyn(), "has shape [2]; expected the latent dimension of the model"),
            ("mean", array![[0.0, 0.0, 0.0]].into_dyn(), "has shape [1, 3]; expected [d]"),
            ("deviation", one(0.0), "`sampler.refined.deviation` holds 0 at position 1; a standard deviation is posi"),
            ("deviation", one(-1.0), "holds -1 at position 1"),
            ("deviation", one(f64::INFINITY), "holds inf at position 1"),
            (
                "deviation",
                array![1.0].into_dyn(),
                "`sampler.refined.deviation` has shape [1], but the network needs [3]",
            ),
            ("other", one(1.0), "`sampler.refined.other` is not a tensor of this sampler"),
        ] {
            let mut weights = weights.clone();
            weights.insert(format!("sampler.refined.{tensor}"), &damaged);
            let error = Refinement::read("sampler", 3, &weights).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}, not {expected}");
        }
        let mut half = Weights::default();
        half.insert("sampler.refined.deviation", &one(1.0));
        assert!(Refinement::read("sampler", 3, &half).unwrap_err().to_string().contains("`sampler.refined.mean`"));
    }

    #[test]
    #[should_panic = "codes of dimension 2 for a refinement of dimension 3"]
    fn codes_of_another_dimension() {
        let model = model(3, Ending::Plain);
        Refinement::fit(&model, 0).unwrap().refine(&model, normal(1, 2, 0).view());
    }
}

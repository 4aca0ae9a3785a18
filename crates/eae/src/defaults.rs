//! Default settings derived from a data set.

use ndarray::{Array2, ArrayView2, Axis};
use serde::Serialize;

use crate::data::{DataError, Source, sample};
use crate::metrics::Pca;
use crate::objective::{Eae, Objective, Vae};
use crate::{Float, Preset, TrainConfig};

/// Settings that suit a data set, each with the reason for its value. Training uses these unless
/// the caller chooses otherwise.
///
/// - Preset: convolutions for images whose sides can be halved, dense layers for other images and
///   for vectors.
/// - Latent dimension: 16 for gray images and 32 for color images. For vectors, the number of
///   principal components that explain 95 % of the variance, at most 16. Fewer if there are fewer
///   than 10 rows per dimension.
/// - Batch size: 100 images or 200 rows of a table, or a tenth of a smaller data set, at least 16.
///   With smaller batches there are more steps in an epoch, which the decoded draws need.
/// - Epochs: enough to pass 270 000 samples through the networks, from 20 to 400 for vectors and
///   from 12 to 400 for images, which take longer. Fewer for millions of samples.
/// - Learning rate: 3e-3 for a batch of 100, scaled by the square root of the batch size, and at
///   most 4e-3.
/// - Unit of the error: a fiftieth of the variance, so that weights such as lambda mean the same
///   for all data.
/// - Memory bank: a quarter of the images, at most 2000, so that the bank rarely holds the images
///   of the current batch.
///
/// ```
/// use eae::{Defaults, data};
///
/// let digits = data::digits::<f32>();
/// let defaults = Defaults::for_images(&digits.train)?;
/// let config = &defaults.config;
/// assert_eq!((defaults.latent, config.batch_size, config.epochs), (16, 100, 30));
/// # Ok::<(), eae::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Defaults {
    /// The networks.
    pub preset: Preset,
    /// The latent dimension.
    pub latent: usize,
    /// The settings of the training.
    pub config: TrainConfig,
    /// The reasons for the settings.
    pub reasons: Vec<Reason>,
}

/// The reason for a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The setting's name: `model`, `latent`, `batch`, `epochs`, `learning-rate`, `error-unit`,
    /// `bank` or `draws`.
    pub setting: &'static str,
    /// The setting's value.
    pub value: String,
    /// The reason, phrased as the end of a sentence that begins with the name and the value.
    pub reason: String,
}

/// Number of rows to examine. Fewer rows already determine the variance to within a few percent.
const LOOKED_AT: usize = 4000;
/// Number of rows used to find principal components. With more columns than rows, the Gram matrix
/// of the rows is used.
const COMPONENTS_FROM: usize = 1000;
/// Share of the variance that the principal components of vectors must explain.
const EXPLAINED: f64 = 0.95;
/// Minimum number of rows per latent dimension. With fewer rows the density of the codes cannot be
/// estimated.
const ROWS_A_DIMENSION: usize = 10;
/// Ratio of the variance to the error unit. Lambda 1 works best for the digits, whose variance is
/// 52.9.
const UNITS: f64 = 50.0;
/// Number of samples that pass through the networks: 30 epochs of the embedded digits.
const SEEN: usize = 270_000;
/// Samples that pass through the networks at most, however many there are.
const MOST_SEEN: usize = 4_000_000;

impl Defaults {
    /// Finds settings for images.
    ///
    /// # Errors
    ///
    /// If there are no images, or they cannot be read.
    pub fn for_images<F: Float>(images: &(impl Source<F> + ?Sized)) -> Result<Self, DataError> {
        Self::of(images, false)
    }

    /// Finds settings for vectors, as [`data::from_table`](crate::data::from_table) reads them.
    ///
    /// # Errors
    ///
    /// If there are no vectors, or they cannot be read.
    pub fn for_vectors<F: Float>(vectors: &(impl Source<F> + ?Sized)) -> Result<Self, DataError> {
        Self::of(vectors, true)
    }

    fn of<F: Float>(source: &(impl Source<F> + ?Sized), vectors: bool) -> Result<Self, DataError> {
        let (n, [height, width, channels]) = (source.len(), source.image_shape());
        let numbers = height * width * channels;
        if n == 0 || numbers == 0 {
            return Err(DataError::Empty);
        }
        // Take fewer rows of large images to bound the memory.
        let looked_at = sample(source, LOOKED_AT.min((1 << 25) / numbers.max(1)).max(2), 0)?;
        let rows = looked_at.mapv(F::into_f64);
        let rows =
            rows.into_shape_with_order((looked_at.len_of(Axis(0)), numbers)).expect("images lie one after the other");
        let (variance, components) = spread(rows.view(), vectors);

        let mut reasons = Vec::new();
        let mut because = |setting, value: String, reason: String| reasons.push(Reason { setting, value, reason });
        let (items, each) = if vectors { ("rows", "row") } else { ("images", "image") };

        let preset = if vectors { Preset::Mlp } else { Preset::for_image([height, width, channels]) };
        let kind = if vectors {
            format!("{width} column{}", if width == 1 { "" } else { "s" })
        } else {
            format!("images of {height} x {width}")
        };
        because("model", preset.to_string(), format!("for {kind}"));

        let (wanted, reason) = match components {
            Some(components) => (
                components.clamp(1, 16),
                format!("{components} principal components explain 95 % of the variance of the columns"),
            ),
            None if vectors => {
                (numbers.min(16), "the principal components of the columns cannot be computed".to_owned())
            }
            None if channels > 1 => (32, "for color images".to_owned()),
            None => (16, "for gray images".to_owned()),
        };
        let most = (n / ROWS_A_DIMENSION).max(2);
        let latent = wanted.min(most);
        let reason = if latent < wanted { format!("there are {n} {items} to learn from") } else { reason };
        because("latent", latent.to_string(), reason);

        let batch_size = (n / 10).clamp(16, if vectors { 200 } else { 100 }).min(n.max(1));
        because("batch", batch_size.to_string(), format!("there are {n} {items}"));

        // A step on images takes longer than one on rows.
        let least = if vectors { 20 } else { 12 };
        let epochs = (SEEN / n.max(1)).clamp(least, 400).min((MOST_SEEN / n.max(1)).max(1));
        because("epochs", epochs.to_string(), format!("there are {n} {items}"));

        let learning_rate = Self::learning_rate(batch_size);
        because("learning-rate", learning_rate.to_string(), format!("for a batch of {batch_size}"));

        // Without any variance nothing can be learned, so the unit does not matter.
        let error_unit = if variance > 0.0 { round(variance / UNITS) } else { 1.0 };
        let reason = format!("a fiftieth of the variance of {each}s, {}", round(variance));
        because("error-unit", error_unit.to_string(), reason);

        let bank = (n / 4).min(Eae::default().bank);
        because("bank", bank.to_string(), format!("there are {n} {items}"));

        let mut objective = Eae::default().bank(bank);
        if let Some((weight, reason)) = Self::draws(latent) {
            objective = objective.draws(weight);
            reasons.push(reason);
        }
        let config = TrainConfig::default()
            .epochs(epochs)
            .batch_size(batch_size)
            .learning_rate(learning_rate)
            .error_unit(error_unit)
            .objective(objective);
        Ok(Self { preset, latent, config, reasons })
    }

    /// Sets the latent dimension and the settings of a training for which `is_given` is false, and
    /// returns their reasons. `is_given` takes a [`Reason::setting`]. The learning rate, the unit
    /// of the error and the weight of the decoded draws suit the given settings on which they
    /// depend. The reasons include that of the preset, which the caller sets.
    ///
    /// ```
    /// use eae::{Defaults, TrainConfig, data};
    ///
    /// let defaults = Defaults::for_images(&data::digits::<f32>().train)?;
    /// let (mut latent, mut config) = (8, TrainConfig::default().batch_size(25));
    /// let reasons = defaults.apply(&mut latent, &mut config, |setting| ["latent", "batch"].contains(&setting));
    /// assert_eq!((latent, config.epochs, config.learning_rate), (8, 30, 1.5e-3));
    /// assert!(reasons.iter().all(|reason| reason.setting != "latent"));
    /// # Ok::<(), eae::data::DataError>(())
    /// ```
    pub fn apply(&self, latent: &mut usize, config: &mut TrainConfig, is_given: impl Fn(&str) -> bool) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for mut reason in self.reasons.iter().filter(|reason| !is_given(reason.setting)).cloned() {
            match reason.setting {
                "latent" => *latent = self.latent,
                "batch" => config.batch_size = self.config.batch_size,
                "epochs" => config.epochs = self.config.epochs,
                "learning-rate" => {
                    // The batch size precedes it in the list, so it is known here.
                    config.learning_rate = Self::learning_rate(config.batch_size);
                    reason.value = config.learning_rate.to_string();
                    reason.reason = format!("for a batch size of {}", config.batch_size);
                }
                "error-unit" => {
                    config.error_unit = self.error_unit(&config.objective);
                    if config.error_unit != self.config.error_unit {
                        reason.value = config.error_unit.to_string();
                        reason.reason = "the unit of the objective".to_owned();
                    }
                }
                "bank" => match (&mut config.objective, &self.config.objective) {
                    (Objective::Eae(eae), Objective::Eae(suited)) => eae.bank = suited.bank,
                    _ => continue,
                },
                // The latent dimension, which may be given, decides below whether this is needed.
                "draws" => continue,
                _ => {}
            }
            reasons.push(reason);
        }
        if let (Objective::Eae(eae), Some((weight, reason))) = (&mut config.objective, Self::draws(*latent))
            && !is_given("draws")
        {
            eae.draws = weight;
            reasons.push(reason);
        }
        reasons
    }

    /// Returns the learning rate for a batch size: 3e-3 for 100, scaled by the square root of the
    /// batch size, and at most 4e-3.
    pub fn learning_rate(batch_size: usize) -> f64 {
        round((3e-3 * (batch_size as f64 / 100.0).sqrt()).min(4e-3))
    }

    /// Returns the weight of the divergence of decoded draws and its reason, if the weight for a
    /// latent dimension differs from that of [`Eae::default`]. For a dimension of 1 it is 0. Data
    /// along a line lies so close together that the gradient of the divergence, which grows with
    /// the inverse distance, is mostly noise. Of 3000 normal numbers, the squared error was then
    /// five times their variance, and it is 0.00 of the variance without the divergence.
    fn draws(latent: usize) -> Option<(f64, Reason)> {
        let reason =
            || Reason { setting: "draws", value: "0".to_owned(), reason: "for a latent dimension of 1".to_owned() };
        (latent == 1).then(|| (0.0, reason()))
    }

    /// Returns the unit of the error for an objective: the unit of the data, or 1 if the objective
    /// has a unit of its own.
    fn error_unit(&self, objective: &Objective) -> f64 {
        match objective {
            // The logarithm of the error has no unit.
            Objective::Vae(Vae { learned_variance: true, .. }) => 1.0,
            _ => self.config.error_unit,
        }
    }
}

/// Returns the sum of the variances of the columns and, if `count` is set, the number of principal
/// components that explain most of it. The number is `None` if the eigenvalues cannot be computed.
fn spread(rows: ArrayView2<'_, f64>, count: bool) -> (f64, Option<usize>) {
    let variance = |rows: &Array2<f64>| rows.iter().map(|x| x * x).sum::<f64>() / (rows.nrows() as f64 - 1.0).max(1.0);
    let total = variance(&(&rows - &rows.mean_axis(Axis(0)).expect("there are rows")));
    if !count || total <= 0.0 {
        return (total, count.then_some(1));
    }
    let few = rows.slice_axis(Axis(0), (..rows.nrows().min(COMPONENTS_FROM)).into());
    let Ok(pca) = Pca::fit(few, few.ncols()) else { return (total, None) };
    let enough = EXPLAINED * pca.variances().sum();
    let mut so_far = 0.0;
    let components = pca.variances().iter().take_while(|value| {
        let short = so_far < enough;
        so_far += **value;
        short
    });
    (total, Some(components.count()))
}

/// Rounds to three digits, which are enough to read and short enough to type.
fn round(value: f64) -> f64 {
    format!("{value:.2e}").parse().expect("a number as it is printed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::normal;
    use ndarray::Array4;

    fn vectors(rows: Array2<f64>) -> Array4<f64> {
        rows.insert_axis(Axis(1)).insert_axis(Axis(3))
    }

    #[test]
    fn latent_dimension_of_vectors_follows_their_variance() {
        let z = normal::<f64>(2000, 3, 0);
        // Two more columns that depend on the first three.
        let dependent = Array2::from_shape_fn((2000, 5), |(i, j)| if j < 3 { z[[i, j]] } else { z[[i, j - 3]] });
        let found = Defaults::for_vectors(&vectors(dependent).view()).unwrap();
        assert_eq!((found.preset, found.latent), (Preset::Mlp, 3));
        // The variance is 5.
        assert!((found.config.error_unit - 0.1).abs() < 0.01, "{}", found.config.error_unit);
        // More columns than rows. The 54 rows span 53 dimensions and are enough for a latent
        // dimension of 5.
        let wide = Defaults::for_vectors(&vectors(normal(54, 300, 1)).view()).unwrap();
        assert_eq!((wide.latent, wide.config.batch_size, wide.config.epochs), (5, 16, 400));
        // Columns that depend on a single number.
        let line = Array2::from_shape_fn((2000, 3), |(i, j)| z[[i, 0]] * (j as f64 + 1.0));
        let line = Defaults::for_vectors(&vectors(line).view()).unwrap();
        let Objective::Eae(eae) = &line.config.objective else { panic!("the default objective") };
        assert_eq!((line.latent, eae.draws, line.reasons.last().unwrap().setting), (1, 0.0, "draws"));
    }

    #[test]
    fn row_products_and_column_products_agree() {
        let rows = normal::<f64>(40, 30, 2) * &normal::<f64>(1, 30, 3);
        let wide = Array2::from_shape_fn((40, 60), |(i, j)| if j < 30 { rows[[i, j]] } else { 0.0 });
        assert_eq!(spread(rows.view(), true).1, spread(wide.view(), true).1);
        // Variances 4 and 1: the first component explains 80 %, both explain all.
        let z = normal::<f64>(1000, 2, 4) * &ndarray::array![2.0, 1.0];
        let (variance, components) = spread(z.view(), true);
        assert!((variance - 5.0).abs() < 0.4 && components == Some(2), "{variance} {components:?}");
        assert_eq!(spread(Array2::ones((5, 3)).view(), true), (0.0, Some(1)));
    }

    #[test]
    fn no_data_is_an_error() {
        for shape in [(0, 28, 28, 1), (3, 0, 4, 1)] {
            let images = Array4::<f32>::zeros(shape);
            assert!(matches!(Defaults::for_images(&images.view()), Err(DataError::Empty)));
            assert!(matches!(Defaults::for_vectors(&images.view()), Err(DataError::Empty)));
        }
        assert!(Defaults::for_images(&Array4::<f32>::zeros((1, 28, 28, 1)).view()).is_ok());
    }

    #[test]
    fn settings_are_valid_for_data_of_any_size() {
        for (n, shape) in [(3, [28, 28, 1]), (17, [30, 31, 3]), (180, [32, 32, 3]), (5000, [8, 8, 1])] {
            let [height, width, channels] = shape;
            let images = Array4::from_shape_fn((n, height, width, channels), |(i, j, k, c)| {
                0.5 + 0.5 * ((i * 7 + j * 3 + k + c) as f64).sin()
            });
            let found = Defaults::for_images(&images.view()).unwrap();
            let model = crate::Autoencoder::new(found.preset, shape, found.latent, 0).unwrap();
            found.config.check(&model, images.view()).unwrap();
            assert_eq!(found.reasons.len(), 7);
        }
    }
}

//! `eae quality`: a comparison of generated samples with real ones.

use eae::data::{Columns, DataError, Images, Split, choose};
use eae::metrics::{KernelDistance, KernelSettings, MetricError, Prdc, SlicedWasserstein, frechet_distance};
use knn_entropy::{Samples, Warning};
use ndarray::{Array2, ArrayView2, Axis};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Flags};
use crate::failure::Failure;
use crate::judgment::{FeaturesFlag, labels};
use crate::output::{counted, print_json};
use crate::table::{matched, refused_data};

/// Compare generated samples from any program with real ones.
///
/// Takes two arrays, tables or folders of images, and prints distances, precision and recall. The
/// floor is the same comparison between two halves of the real samples, or between fewer of them if
/// there are few generated samples: no generator can be expected to be closer. The metrics depend
/// on the number of samples, the Frechet distance most, so compare only results with equal numbers
/// of samples. Features are compared as they are, as is usual for those of a classifier, unless
/// --standardize is given.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae quality real.npy generated.npy\n  eae quality images:photos images:generated --size 32\n  eae quality digits samples.npy --json\n  eae quality real.csv generated.csv --standardize"
)]
pub(crate) struct Arguments {
    /// Real samples: a .npy array or a table of features with one sample per row, or images, as for
    /// `eae train --data`.
    real: Data,
    /// Generated samples, of the same kind.
    generated: Data,
    #[command(flatten)]
    features: FeaturesFlag,
    #[command(flatten)]
    flags: Flags,
    /// Scale each column of both tables by the mean and standard deviation of the real samples, for
    /// columns with different units. Columns in which all real samples are equal are only shifted.
    #[arg(long)]
    standardize: bool,
    /// Number of the neighbor that precision, recall, density and coverage use.
    #[arg(long, default_value_t = 5)]
    k: usize,
    #[command(flatten)]
    common: Common,
}

/// The metrics of one comparison.
#[derive(Serialize)]
struct Scores {
    /// The numbers of real and of generated samples.
    n: [usize; 2],
    frechet: Measured,
    kernel: Measured,
    #[serde(flatten)]
    neighbors: Prdc,
    sliced_wasserstein: Measured,
}

/// A value, and its standard error if it is known.
#[derive(Serialize)]
struct Measured {
    value: f64,
    error: Option<f64>,
}

#[derive(Serialize)]
struct Report {
    real: String,
    generated: String,
    features: String,
    dimensions: usize,
    /// True if the columns are in standard deviations of the real samples.
    standardized: bool,
    k: usize,
    #[serde(flatten)]
    scores: Scores,
    /// The comparison of one half of the real samples with the other half, or of fewer of both if
    /// there are fewer generated samples.
    floor: Option<Scores>,
    /// The comparison of equally many generated samples with the same real samples, to compare with
    /// the floor.
    beside_floor: Option<Scores>,
    warnings: Vec<String>,
}

/// A distance between two sets of features.
type Metric<'a> = dyn Fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Result<f64, MetricError> + 'a;

/// Number of directions of the sliced distance.
const DIRECTIONS: usize = 1000;
/// Largest number of samples of each kind in the kernel distance, whose time grows with its square.
const MOST_IN_KERNEL: usize = 5000;
/// Number of parts of the samples that are left out in turn for standard errors.
const PARTS: usize = 10;
/// Largest number of features for which the jackknife of the Frechet distance is fast enough.
const MOST_DIMENSIONS: usize = 512;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, k, .. } = arguments;
    let mut warnings = Vec::new();
    let (features, real, generated) = arguments.rows(&mut warnings)?;
    let judge =
        |real: ArrayView2<'_, f64>, generated: ArrayView2<'_, f64>| Scores::new(real, generated, *k, common.seed);
    let scores = judge(real.view(), generated.view()).map_err(|e| arguments.refused(&e))?;
    let mut order = Vec::from_iter(0..real.nrows());
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(common.seed));
    // As many samples on all four sides, because the distances depend on their number.
    let half = (real.nrows() / 2).min(generated.nrows());
    let [one, other] = [&order[..half], &order[half..2 * half]].map(|places| real.select(Axis(0), places));
    let few = generated.select(Axis(0), &choose(generated.nrows(), half, common.seed));
    let (mut floor, mut beside_floor) = (None, None);
    match (judge(one.view(), other.view()), judge(one.view(), few.view())) {
        (Ok(of_floor), Ok(beside)) => (floor, beside_floor) = (Some(of_floor), Some(beside)),
        (Err(e), _) | (_, Err(e)) => warnings.push(format!("the floor was not measured: {e}")),
    }
    if scores.frechet.error.is_none() {
        warnings.push(format!(
            "standard errors were not estimated: they need at least {} samples of each kind and at most {MOST_DIMENSIONS} features",
            PARTS * (k + 2)
        ));
    }
    let report = Report {
        real: arguments.real.to_string(),
        generated: arguments.generated.to_string(),
        features,
        dimensions: real.ncols(),
        standardized: arguments.standardize,
        k: *k,
        scores,
        floor,
        beside_floor,
        warnings,
    };
    if common.json {
        print_json(&report);
    } else {
        report.print();
    }
    Ok(())
}

impl Arguments {
    /// Returns the name of the features, and the features of the real and of the generated samples.
    fn rows(&self, warnings: &mut Vec<String>) -> Result<(String, Array2<f64>, Array2<f64>), Failure> {
        let [of_real, of_generated] = self.data()?;
        let [real, generated] = match [of_real.rows(), of_generated.rows()] {
            // Only one of the tables may have the label or the names of the columns.
            [Ok(real), Err(DataError::Choice { .. })] => [Ok(real), self.generated.rows()],
            [Err(DataError::Choice { .. }), Ok(generated)] => [self.real.rows(), Ok(generated)],
            both => both,
        };
        let (real, generated) = (real.map_err(refused_data)?, generated.map_err(refused_data)?);
        for (name, rows) in [(&self.real, &real), (&self.generated, &generated)] {
            warnings.extend(rows.iter().filter_map(|rows| Some(format!("{name}: {}", rows.left_out.as_ref()?))));
        }
        match (real, generated) {
            (Some(real), Some(generated)) if real.values.ncols() != generated.values.ncols() => {
                let (one, other) = (real.values.ncols(), generated.values.ncols());
                let (of_real, of_generated) = (&self.real, &self.generated);
                Err(Failure::usage(format!(
                    "{of_real} has {}, but {of_generated} has {other}; both must have the same features",
                    counted(one, "feature")
                )))
            }
            (Some(mut real), Some(mut generated)) if !self.features.is_given() => {
                if let (Some(of_real), Some(of_generated)) = (&real.names, &generated.names)
                    && of_real != of_generated
                {
                    match matched(of_real, of_generated) {
                        Some(columns) => generated.values = generated.values.select(Axis(1), &columns),
                        None => warnings.push(format!(
                            "the columns of {} and {} have different names and were compared in order; name the same \
                             columns with --columns, or check that they belong together",
                            self.real, self.generated
                        )),
                    }
                }
                if self.standardize {
                    standardize(&mut real.values, &mut generated.values);
                    let features = "the features of the files, in standard deviations of the real samples";
                    return Ok((features.to_owned(), real.values, generated.values));
                }
                if let Some(Warning::Scales { ratio }) = scales(&real.values) {
                    let ratio = if ratio < 1e6 { format!("{ratio:.0}") } else { format!("{ratio:.0e}") };
                    warnings.push(format!(
                        "the largest standard deviation of a column of {} is {ratio} times the smallest, and the distances \
                         depend on the units of the columns; use --standardize if these differ",
                        self.real
                    ));
                }
                Ok(("the features of the files".to_owned(), real.values, generated.values))
            }
            (None, None) if self.standardize => {
                Err(Failure::usage("--standardize applies to tables, but these are images; leave it out"))
            }
            (None, None) => self.image_features([of_real, of_generated], warnings),
            (Some(_), Some(_)) => Err(Failure::usage(
                "--features applies to images, but these samples are features already; leave it out",
            )),
            (real, _) => {
                let words = |of_features: bool| if of_features { "features" } else { "images" };
                let (one, other) = (words(real.is_some()), words(real.is_none()));
                Err(Failure::usage(format!("{} has {one}, but {} has {other}", self.real, self.generated)))
            }
        }
    }

    /// Returns the real and the generated data with the flags applied.
    fn data(&self) -> Result<[Data; 2], Failure> {
        let with = |data: &Data| data.clone().with(&self.flags);
        match [with(&self.real), with(&self.generated)] {
            [Err(problem), Err(_)] => Err(problem),
            // Flags for a folder do not apply to an array.
            [real, generated] => {
                Ok([real.unwrap_or_else(|_| self.real.clone()), generated.unwrap_or_else(|_| self.generated.clone())])
            }
        }
    }

    fn image_features(
        &self,
        [of_real, of_generated]: [Data; 2],
        warnings: &mut Vec<String>,
    ) -> Result<(String, Array2<f64>, Array2<f64>), Failure> {
        // Images of a folder are resized to the shape of the other images.
        let shape = |data: &Data, shape: [usize; 3]| -> Result<Images<f32>, Failure> {
            let images = data.clone().brought_to(shape).whole().map_err(refused_data)?;
            images.in_memory().map_err(refused_data)
        };
        let usual = [32, 32, 3];
        let (real, generated) = if of_real.is_folder() && !of_generated.is_folder() {
            let generated = shape(&of_generated, usual)?;
            (shape(&of_real, shape_of(&generated))?, generated)
        } else {
            let real = shape(&of_real, usual)?;
            let generated = shape(&of_generated, if of_real.is_folder() { usual } else { shape_of(&real) })?;
            (real, generated)
        };
        let [one, other] = [&real, &generated].map(shape_of);
        if one != other {
            return Err(Failure::usage(format!(
                "images in {of_real} have shape {one:?}, but those in {of_generated} have {other:?}; resize them to one shape"
            )));
        }
        let split = match self.features.takes_training() {
            true => labels::split(&real),
            false => Split { train: real.clone(), test: real.clone() },
        };
        let (features, warning) = self.features.of(&split, false, self.common.seed, self.common.json)?;
        warnings.extend(warning);
        let of = |images: &Images<f32>| features.of(images.pixels.view()).map_err(Failure::usage);
        Ok((features.to_string(), of(&real)?, of(&generated)?))
    }

    /// Returns the failure for an error of a metric, with the names of the data for `real` and
    /// `fake`.
    fn refused(&self, error: &MetricError) -> Failure {
        let text = error.to_string();
        Failure::usage(match error {
            MetricError::TooFew { set, n, needed } => {
                let data = if *set == "real" { &self.real } else { &self.generated };
                format!(
                    "{data} has {}, but a comparison with {} neighbors needs at least {needed}; use more samples or a smaller --k",
                    counted(*n, "sample"),
                    self.k
                )
            }
            _ => match text.strip_prefix("fake: ") {
                Some(problem) => format!("{}: {problem}", self.generated),
                None => match text.strip_prefix("real: ") {
                    Some(problem) => format!("{}: {problem}", self.real),
                    None => text,
                },
            },
        })
    }
}

/// Scales the columns of both tables by the mean and standard deviation of those of `real`.
fn standardize(real: &mut Array2<f64>, generated: &mut Array2<f64>) {
    let columns = Columns::fit(real.view(), None);
    for column in 0..columns.len() {
        let (mean, deviation) = columns.moments(column);
        let deviation = if deviation == 0.0 { 1.0 } else { deviation };
        for rows in [&mut *real, &mut *generated] {
            rows.column_mut(column).mapv_inplace(|x| (x - mean) / deviation);
        }
    }
}

/// Returns a warning if the scales of the columns differ so much that few of them determine the
/// distances.
fn scales(rows: &Array2<f64>) -> Option<Warning> {
    Samples::scales_warning(&[Samples::new(rows.view()).ok()?])
}

fn shape_of(images: &Images<f32>) -> [usize; 3] {
    let (_, height, width, channels) = images.pixels.dim();
    [height, width, channels]
}

impl Scores {
    fn new(
        real: ArrayView2<'_, f64>,
        generated: ArrayView2<'_, f64>,
        k: usize,
        seed: u64,
    ) -> Result<Self, MetricError> {
        let n = [real.nrows(), generated.nrows()];
        let neighbors = Prdc::new(real, generated, k)?;
        let kernel = |real: ArrayView2<'_, f64>, generated: ArrayView2<'_, f64>| -> Result<f64, MetricError> {
            let size = real.nrows().min(generated.nrows()).min(MOST_IN_KERNEL);
            Ok(KernelDistance::new(real, generated, &KernelSettings::default().subsets(1).size(size).seed(seed))?.mean)
        };
        let with_error = |of: &Metric<'_>| {
            let value = of(real, generated)?;
            let enough = n.iter().all(|&n| n >= PARTS * (k + 2)) && real.ncols() <= MOST_DIMENSIONS;
            let error = if enough { Some(jackknife(real, generated, of)?) } else { None };
            Ok::<_, MetricError>(Measured { value, error })
        };
        let sliced = SlicedWasserstein::new(real, generated, DIRECTIONS, seed)?;
        // The standard error of the square, times the derivative of the root.
        let error = if sliced.distance > 0.0 { Some(sliced.square_error / (2.0 * sliced.distance)) } else { None };
        Ok(Self {
            n,
            frechet: with_error(&frechet_distance)?,
            kernel: with_error(&kernel)?,
            neighbors,
            sliced_wasserstein: Measured { value: sliced.distance, error },
        })
    }
}

/// Returns the jackknife standard error of a metric, with a tenth of the samples left out in turn.
fn jackknife(real: ArrayView2<'_, f64>, generated: ArrayView2<'_, f64>, of: &Metric<'_>) -> Result<f64, MetricError> {
    let without = |rows: ArrayView2<'_, f64>, part: usize| {
        rows.select(Axis(0), &Vec::from_iter((0..rows.nrows()).filter(|row| row % PARTS != part)))
    };
    let values: Vec<f64> = (0..PARTS)
        .map(|part| of(without(real, part).view(), without(generated, part).view()))
        .collect::<Result<_, _>>()?;
    let mean = values.iter().sum::<f64>() / PARTS as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Ok((squares * (PARTS - 1) as f64 / PARTS as f64).sqrt())
}

impl Report {
    fn print(&self) {
        let Self { real, generated, features, dimensions, scores, floor, beside_floor, warnings, .. } = self;
        let [n, m] = scores.n;
        let dimensions = counted(*dimensions, "feature");
        outln!("{m} samples of {generated} compared with {n} of {real}\n{dimensions}: {features}\n");
        let half = floor.as_ref().map_or(0, |floor| floor.n[0]);
        let mut columns = vec![(format!("{m} with {n}"), scores)];
        if let (Some(floor), Some(beside)) = (floor, beside_floor) {
            columns.push((format!("{} with {half}", beside.n[1]), beside));
            columns.push((format!("real, {half} with {half}"), floor));
        }
        let line = |name: &str, cell: &dyn Fn(&Scores) -> String| {
            let cells: String = columns.iter().map(|(_, scores)| format!("  {:>24}", cell(scores))).collect();
            outln!("{name:<20}{cells}");
        };
        outln!("{:<20}{}", "", columns.iter().map(|(name, _)| format!("  {name:>24}")).collect::<String>());
        // Distances of columns that are not standardized have the units of the squared columns.
        let amount = |x: f64| if x.abs() < 1e6 { format!("{x:.4}") } else { format!("{x:.4e}") };
        let measured = |Measured { value, error }: &Measured| match error {
            Some(error) => format!("{} +- {}", amount(*value), amount(*error)),
            None => amount(*value),
        };
        line("Frechet distance", &|s| measured(&s.frechet));
        line("kernel distance", &|s| measured(&s.kernel));
        line("sliced Wasserstein", &|s| measured(&s.sliced_wasserstein));
        line("precision", &|s| format!("{:.4}", s.neighbors.precision));
        line("recall", &|s| format!("{:.4}", s.neighbors.recall));
        line("density", &|s| format!("{:.4}", s.neighbors.density));
        line("coverage", &|s| format!("{:.4}", s.neighbors.coverage));
        if floor.is_some() {
            outln!(
                "\nThe last column is the floor: some real samples compared with as many others. Compare it with the column \
                 before, of equally many samples, because the Frechet distance is larger for fewer samples."
            );
        }
        outln!("+- is a standard error, due to the samples, or for sliced Wasserstein to the directions.");
        if !warnings.is_empty() {
            outln!("\nwarnings:\n- {}", warnings.join("\n- "));
        }
    }
}

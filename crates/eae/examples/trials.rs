//! Tries other ways to bring the codes to N(0, I), as user-defined objectives. Each trial adds a
//! term to the entropy or replaces it, and decodes draws from N(0, I).
//!
//! ```text
//! cargo run --release -p eae --example trials -- FOLDER
//! ```
//!
//! FOLDER holds the four files of MNIST. docs/results.md reports the results as trials that were
//! dropped. A third of the images, six epochs and one seed are enough to rank the trials, and for
//! no more. One trial is missing: subtracting the bias of the estimate at N(0, I), which is a
//! constant and does not change the gradient.

use std::env;
use std::error::Error;

use autodiff_mini::{Sink, Var};
use eae::data::mnist;
use eae::metrics::{CodeReport, frechet_distance, reconstruction_error};
use eae::objective::{Context, Criterion, Terms, discrepancy, entropy, squared_error};
use eae::{Autoencoder, Eae, Ending, Features, Float, Preset, Stepper, sampler};
use ndarray::{Array2, ArrayD, Axis, Ix2, Slice, arr0};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use ndarray_rand::rand_distr::StandardNormal;
use nn_layers::optim::Schedule;
use rand_chacha::ChaCha8Rng;

const IMAGES: usize = 20_000;
const LATENT: usize = 16;
const BATCH: usize = 100;
const EPOCHS: usize = 6;
const RATE: f64 = 1e-3;
/// Number of random directions, drawn anew in every step.
const DIRECTIONS: usize = 64;

/// The squared error, minus `lambda` times the entropy, plus each of the other terms with its
/// weight.
#[derive(Default)]
struct Trial {
    name: &'static str,
    lambda: f64,
    /// Weight of the mean entropy of random planes, in units of the entropy of the whole code.
    planes: f64,
    /// Weight of the Epps-Pulley statistic of random directions.
    epps_pulley: f64,
    /// Weight of the squared maximum mean discrepancy from draws.
    discrepancy: f64,
    /// Standard deviation of the noise added to a code before it is decoded.
    noise: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder] = arguments.as_slice() else { return Err("usage: trials FOLDER".into()) };
    // Check the gradient written out below against the value.
    let codes = ArrayD::from_shape_fn(vec![9, 3], |i| (1.0 + 0.7 * i[0] as f64 + i[1] as f64).sin());
    autodiff_mini::gradcheck(|x| epps_pulley(x[0]), &[codes])?;
    let data = mnist::<f32>(folder)?;
    let images = data.train.pixels.slice_axis(Axis(0), Slice::from(..IMAGES.min(data.train.len())));
    let (features, test) = (Features::digits(), data.test.pixels.view());
    let real = features.of(test)?;
    println!("{:<38} Frechet   error  radius (N(0, I): 3.94, 0.70)", "");
    for trial in [
        Trial { name: "entropy", lambda: 1.0, ..Trial::default() },
        Trial { name: "entropy of planes", planes: 1.0, ..Trial::default() },
        Trial { name: "Epps-Pulley", epps_pulley: 1.0, ..Trial::default() },
        Trial { name: "entropy and Epps-Pulley", lambda: 1.0, epps_pulley: 1.0, ..Trial::default() },
        Trial { name: "mean discrepancy", discrepancy: 10.0, ..Trial::default() },
        Trial { name: "entropy and mean discrepancy", lambda: 1.0, discrepancy: 10.0, ..Trial::default() },
        Trial { name: "entropy, noise of 0.2 on the codes", lambda: 1.0, noise: 0.2, ..Trial::default() },
    ] {
        let mut model = Autoencoder::new(Preset::Conv28, [28, 28, 1], LATENT, 0)?;
        let mut stepper = Stepper::new(0);
        let mut order: Vec<usize> = (0..images.len_of(Axis(0))).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let (per_epoch, mut step) = (order.len() / BATCH, 0);
        let schedule = Schedule::OneCycle { peak: RATE, steps: EPOCHS * per_epoch };
        for _ in 0..EPOCHS {
            order.shuffle(&mut rng);
            for batch in order.chunks_exact(BATCH) {
                let batch = stepper.batch(images, batch)?;
                let penalty_weight = (step as f64 / per_epoch as f64).min(1.0);
                stepper.step(&mut model, batch, &trial, penalty_weight, schedule.at(step))?;
                step += 1;
            }
        }
        model.recalibrate(images)?;
        let drawn = model.decode(sampler::normal::<f32>(real.nrows(), LATENT, 0).view());
        let frechet = frechet_distance(real.view(), features.of(drawn.view())?.view())?;
        let codes = model.encode(test);
        let CodeReport { radius_mean, radius_sd, .. } = CodeReport::new(codes.view(), 1)?;
        let error = reconstruction_error(test, model.decode(codes.view()).view());
        println!("{:<38} {frechet:7.1} {error:7.2}  {radius_mean:.2}, {radius_sd:.2}", trial.name);
    }
    Ok(())
}

impl Criterion for Trial {
    type Error = knn_entropy::Error;

    fn ending(&self) -> Ending {
        Ending::Normalized
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, knn_entropy::Error> {
        let [encoder, decoder] = model.networks_mut();
        let codes = encoder.train(x);
        let (n, d) = (codes.shape()[0], codes.shape()[1]);
        let mut normal = |shape| Array2::<f64>::random_using(shape, StandardNormal, &mut context.draws);
        let noise = normal((n, d)).mapv(|z| F::from_f64(z * self.noise));
        let output = decoder.train(codes + codes.tape().constant(noise));
        let mse = squared_error(output, x);
        let weigh = |term: Var<'t, F>, weight: f64| term * F::from_f64(context.penalty_weight * weight);

        let estimator = Eae::published(self.lambda).estimator();
        let whole = entropy(codes, &estimator)?;
        let mut loss = mse - weigh(whole, self.lambda);
        let directions = unit_columns(normal((d, DIRECTIONS)));
        let on_directions = codes.matmul(codes.tape().constant(directions.mapv(F::from_f64)));
        if self.epps_pulley > 0.0 {
            loss = loss + weigh(epps_pulley(on_directions), self.epps_pulley);
        }
        if self.planes > 0.0 {
            // A code of dimension d spans d / 2 planes.
            let weight = self.planes * d as f64 / 2.0 / (DIRECTIONS / 2) as f64;
            for plane in 0..DIRECTIONS / 2 {
                let plane = on_directions.slice(1, 2 * plane..2 * plane + 2);
                loss = loss - weigh(entropy(plane, &estimator)?, weight);
            }
        }
        if self.discrepancy > 0.0 {
            loss = loss + weigh(discrepancy(codes, normal((n, d))), self.discrepancy);
        }
        Ok(Terms { loss, mse, entropy: Some(whole), codes, output })
    }
}

/// Scales columns to length 1 and makes every second one perpendicular to the previous one.
fn unit_columns(mut columns: Array2<f64>) -> Array2<f64> {
    for column in 0..columns.ncols() {
        if column % 2 == 1 {
            let before = columns.column(column - 1).to_owned();
            let along = before.dot(&columns.column(column));
            columns.column_mut(column).scaled_add(-along, &before);
        }
        let length = columns.column(column).dot(&columns.column(column)).sqrt();
        columns.column_mut(column).mapv_inplace(|x| x / length);
    }
    columns
}

/// Returns `n int |phi_n(t) - exp(-t^2 / 2)|^2 N(t; 0, 1) dt`, with `phi_n` the empirical
/// characteristic function, averaged over the columns (Epps and Pulley, 1983).
fn epps_pulley<F: Float>(z: Var<'_, F>) -> Var<'_, F> {
    const STEP: f64 = 0.25;
    const KNOTS: usize = 17;
    let values = z.value().into_dimensionality::<Ix2>().expect("a matrix").mapv(F::into_f64);
    let (n, m) = (values.nrows() as f64, values.ncols() as f64);
    let (mut value, mut gradient) = (0.0, Array2::<f64>::zeros(values.dim()));
    for (values, mut gradient) in values.columns().into_iter().zip(gradient.columns_mut()) {
        for knot in 0..KNOTS {
            let t = knot as f64 * STEP;
            let normal = (-t * t / 2.0).exp();
            // By symmetry, knots below 0 contribute the same.
            let sides = if knot == 0 { 1.0 } else { 2.0 };
            let weight = sides * STEP * normal / (2.0 * std::f64::consts::PI).sqrt() / m;
            let off = values.iter().map(|x| (t * x).cos()).sum::<f64>() / n - normal;
            let sin = values.iter().map(|x| (t * x).sin()).sum::<f64>() / n;
            value += n * weight * (off * off + sin * sin);
            for (x, to) in values.iter().zip(&mut gradient) {
                *to += 2.0 * weight * t * (sin * (t * x).cos() - off * (t * x).sin());
            }
        }
    }
    let gradient: ArrayD<F> = gradient.mapv(F::from_f64).into_dyn();
    z.tape().custom(&[z], arr0(F::from_f64(value)), move |g, sink: &mut Sink<'_, F>| sink.add(0, gradient * g[[]]))
}

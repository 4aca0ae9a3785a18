//! Maximizes the entropy term alone: free points take the place of codes and move along the
//! gradient of their estimated entropy, under batch normalization. Makes the tables and the picture
//! of `docs/theory.md`.
//!
//! ```text
//! cargo run --release --example free_particles -- docs/images/free-particles.svg
//! ```

use std::error::Error;
use std::fmt::Write;
use std::thread;

use autodiff_mini::{Sink, Tape};
use eae::metrics::{chi_quantiles, normal_entropy, normal_radius};
use eae::{objective, sampler};
use knn_entropy::{KozachenkoLeonenko, Result};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis, Ix2, arr0};
use ndarray_rand::rand::{SeedableRng, seq::SliceRandom};
use nn_layers::optim::{Adam, Optimizer, Schedule};
use nn_layers::{BatchNorm, Layer};
use rand_chacha::ChaCha8Rng;

const DIMENSIONS: [usize; 6] = [1, 2, 4, 8, 16, 32];
const POINTS: usize = 2000;
const BATCH: usize = 100;
/// Number of sets of 2000 draws over which an estimate is averaged.
const REPLICATES: u64 = 10;

/// A way to move the points.
struct Variant {
    name: &'static str,
    points: usize,
    steps: usize,
    /// Number of other points, redrawn in each step, that are searched for neighbors besides the
    /// batch.
    bank: usize,
    /// The weight of the radius term, in nats.
    radius: f64,
}

const BATCHES: Variant = Variant { name: "batches of 100", points: POINTS, steps: 4000, bank: 0, radius: 0.0 };

const VARIANTS: [Variant; 7] = [
    Variant { name: "nothing: N(0, I)", steps: 0, ..BATCHES },
    Variant { name: "the same 100", points: BATCH, ..BATCHES },
    BATCHES,
    Variant { name: "bank", bank: 900, ..BATCHES },
    Variant { name: "radius term", radius: 10.0, ..BATCHES },
    Variant { name: "bank and radius term", bank: 900, radius: 10.0, ..BATCHES },
    Variant { name: "radius term, weight 100", radius: 100.0, ..BATCHES },
];

/// Contents of the picture: a column for each dimension and a row for each variant, by index.
const DRAWN: ([usize; 4], [usize; 2]) = ([2, 8, 16, 32], [2, 5]);

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "free-particles.svg".to_owned());
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1020 478\" font-family=\"sans-serif\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
    );
    println!("the estimate for a sphere of radius sqrt(d) less that for N(0, I), in nats, k = 1\n");
    println!("| d | n = 100 | n = 1000 | n = 10000 |\n|---|---|---|---|");
    for d in DIMENSIONS.into_iter().skip(1) {
        let [a, b, c] = [100, 1000, 10_000].map(|n| sphere_over_normal(n, d));
        println!("| {d} | {:+.2} | {:+.2} | {:+.2} |", a?, b?, c?);
    }
    println!("\npoints moved by the gradient of their entropy\n");
    println!(
        "| d | moved by | n | estimate | N(0, I) | same radii | exact | radius | chi(d) | sd of square | KS radius | KS coordinate |"
    );
    println!("|{}", "---|".repeat(12));
    for d in DIMENSIONS {
        let all = thread::scope(|scope| {
            let threads = VARIANTS.iter().map(|variant| scope.spawn(move || moved(variant, d)));
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<Vec<_>>>()
        })?;
        for (variant, moved) in VARIANTS.iter().zip(&all) {
            moved.print(variant, d);
        }
        if let Some(column) = DRAWN.0.iter().position(|&drawn| drawn == d) {
            for (row, &variant) in DRAWN.1.iter().enumerate() {
                draw(&mut svg, [column, row], &all[variant].radii, d, VARIANTS[variant].name)?;
            }
        }
    }
    svg.push_str(
        "<text x=\"30\" y=\"470\" font-size=\"11\" fill=\"#555\">bars: density of the radius among 2000 free points; ",
    );
    svg.push_str("line: under N(0, I)</text>\n</svg>\n");
    std::fs::write(&path, svg)?;
    eprintln!("the picture is {path}");
    Ok(())
}

fn sphere_over_normal(n: usize, d: usize) -> Result<f64> {
    let replicates = 10 + 20_000 / n as u64;
    let difference = |seed| {
        let [sphere, normal] = [sampler::sphere(n, d, seed), sampler::normal(n, d, 1000 + seed)];
        Ok(estimator().entropy(normalized(sphere.view()).view())?
            - estimator().entropy(normalized(normal.view()).view())?)
    };
    Ok((0..replicates).map(difference).sum::<Result<f64>>()? / replicates as f64)
}

/// Final positions of the points, summarized.
struct Moved {
    estimate: f64,
    /// The estimate on draws from N(0, I). `same_radii` is the estimate on independent points that
    /// have the radii of the moved points.
    normal: f64,
    same_radii: f64,
    radii: Array1<f64>,
    /// Kolmogorov-Smirnov distance between the distribution of the radius and that under N(0, I).
    /// For the coordinates, it is a mean over all of them.
    of_radius: f64,
    of_coordinates: f64,
}

fn moved(variant: &Variant, d: usize) -> Result<Moved> {
    let points = ascend(variant, d)?;
    let radii = points.map_axis(Axis(1), |z| z.dot(&z).sqrt());
    let draws = |scale: &dyn Fn(&mut Array2<f64>)| {
        let one = |seed| {
            let mut draw = sampler::normal(POINTS, d, 100 + seed);
            scale(&mut draw);
            entropy(&draw, variant.bank)
        };
        Ok((0..REPLICATES).map(one).sum::<Result<f64>>()? / REPLICATES as f64)
    };
    let rescale = |draw: &mut Array2<f64>| {
        for (mut z, radius) in draw.outer_iter_mut().zip(radii.iter().cycle()) {
            z *= radius / z.dot(&z).sqrt();
        }
    };
    let (chi, half_normal) = (chi_quantiles(d, 20_000), chi_quantiles(1, 20_000));
    let normal = |x: f64| 0.5 + 0.5 * x.signum() * below(&half_normal, x.abs());
    Ok(Moved {
        estimate: entropy(&points, variant.bank)?,
        normal: draws(&|_| ())?,
        same_radii: draws(&rescale)?,
        of_radius: kolmogorov_smirnov(radii.to_vec(), |r| below(&chi, r)),
        of_coordinates: points.columns().into_iter().map(|x| kolmogorov_smirnov(x.to_vec(), normal)).sum::<f64>()
            / d as f64,
        radii,
    })
}

/// Starts from N(0, I) and maximizes with Adam. Each step moves the points of a random batch and no
/// others.
fn ascend(variant: &Variant, d: usize) -> Result<Array2<f64>> {
    const RATE: f64 = 0.02;
    let as_matrix = |x: ArrayD<f64>| x.into_dimensionality::<Ix2>().expect("points are rows of a matrix");
    let mut points = sampler::normal::<f64>(variant.points, d, 1).into_dyn().into_shared();
    let mut order: Vec<usize> = (0..variant.points).collect();
    let (mut rng, mut adam) = (ChaCha8Rng::seed_from_u64(2), Adam::default());
    let quantiles = chi_quantiles(d, BATCH);
    let schedule = Schedule::Cosine { peak: RATE, steps: variant.steps };
    for step in 0..variant.steps {
        let (drawn, _) = order.partial_shuffle(&mut rng, BATCH + variant.bank);
        let (batch, others) = drawn.split_at(BATCH);
        let x = points.select(Axis(0), batch).into_shared();
        let bank = in_batches(as_matrix(points.select(Axis(0), others)).view());

        let tape = Tape::new();
        let codes = BatchNorm::new(d).train(tape.parameter(&x));
        let value = as_matrix(codes.value().into_owned());
        let (entropy, gradient) = estimator().entropy_and_gradient_with_bank(value.view(), bank.view())?;
        let vjp = move |g: ArrayD<f64>, sink: &mut Sink<'_, f64>| sink.add(0, gradient * g[[]]);
        let entropy = tape.custom(&[codes], arr0(entropy), vjp);
        let loss = (objective::radius(codes, &quantiles) * variant.radius - entropy).id();

        let of_batch = tape.backward(loss).take(&x).expect("the loss depends on the batch");
        let mut gradient = ArrayD::zeros(points.raw_dim());
        for (of_point, &point) in of_batch.outer_iter().zip(batch) {
            gradient.index_axis_mut(Axis(0), point).assign(&of_point);
        }
        adam.update(schedule.at(step), vec![&mut points], &[Some(gradient)]);
    }
    Ok(normalized(as_matrix(points.into_owned()).view()))
}

fn estimator() -> KozachenkoLeonenko<'static> {
    KozachenkoLeonenko::new(1)
}

fn normalized(x: ArrayView2<'_, f64>) -> Array2<f64> {
    (&x - &x.mean_axis(Axis(0)).expect("points")) / x.std_axis(Axis(0), 0.0)
}

/// Normalizes each batch by itself, as the codes of earlier steps are.
fn in_batches(x: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut all = x.to_owned();
    for mut batch in all.axis_chunks_iter_mut(Axis(0), BATCH) {
        let codes = normalized(batch.view());
        batch.assign(&codes);
    }
    all
}

/// Averages the estimate over batches. The bank of each batch consists of the points that follow
/// it.
fn entropy(points: &Array2<f64>, bank: usize) -> Result<f64> {
    let n = points.nrows();
    let one = |start: usize| {
        let some: Vec<usize> = (start..start + BATCH + bank).map(|i| i % n).collect();
        let some = in_batches(points.select(Axis(0), &some).view());
        let (batch, bank) = some.view().split_at(Axis(0), BATCH);
        Ok(estimator().entropy_and_gradient_with_bank(batch, bank)?.0)
    };
    Ok((0..n).step_by(BATCH).map(one).sum::<Result<f64>>()? / (n / BATCH) as f64)
}

/// Returns the largest distance between the empirical distribution function of the values and
/// `function`.
fn kolmogorov_smirnov(mut values: Vec<f64>, function: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let off = |(i, &x): (usize, &f64)| (function(x) - i as f64 / n).max((i + 1) as f64 / n - function(x));
    values.iter().enumerate().map(off).fold(0.0, f64::max)
}

/// Evaluates the distribution function from a fine grid of quantiles.
fn below(quantiles: &[f64], x: f64) -> f64 {
    quantiles.partition_point(|&quantile| quantile < x) as f64 / quantiles.len() as f64
}

impl Moved {
    fn print(&self, variant: &Variant, d: usize) {
        let Self { estimate, normal, same_radii, radii, of_radius, of_coordinates } = self;
        let ([chi_mean, chi_sd], exact) = (normal_radius(d), normal_entropy(d));
        let (mean, sd) = (radii.mean().expect("points"), radii.std(0.0));
        let of_squares = radii.mapv(|r| r * r).std(0.0) / (2.0 * d as f64).sqrt();
        println!(
            "| {d} | {} | {} | {estimate:.2} | {normal:.2} | {same_radii:.2} | {exact:.2} | {mean:.3} ± {sd:.3} | \
             {chi_mean:.3} ± {chi_sd:.3} | {of_squares:.2} | {of_radius:.3} | {of_coordinates:.3} |",
            variant.name,
            BATCH + variant.bank,
        );
    }
}

/// Draws the density of the radius: bars for the points and a line for N(0, I).
fn draw(svg: &mut String, place: [usize; 2], radii: &Array1<f64>, d: usize, name: &str) -> std::fmt::Result {
    const WIDTH: f64 = 220.0;
    const HEIGHT: f64 = 160.0;
    const BIN: f64 = 0.1;
    /// Density at the top of the frame. If a bar is higher, a label gives its height.
    const MOST: f64 = 1.6;
    let (left, top) = (30.0 + 250.0 * place[0] as f64, 35.0 + 225.0 * place[1] as f64);
    let bottom = top + HEIGHT;
    let [mean, sd] = normal_radius(d);
    let (from, to) = ((mean - 2.5).max(0.0), mean.max(2.5) + 2.5);
    let x = |r: f64| left + WIDTH * (r - from) / (to - from);
    let y = |density: f64| bottom - HEIGHT * density.min(MOST) / MOST;

    writeln!(svg, "<text x=\"{left}\" y=\"{}\" font-size=\"13\">d = {d}: {name}</text>", top - 8.0)?;
    let mut highest = 0.0_f64;
    for bin in (from / BIN) as usize..(to / BIN) as usize {
        let (low, high) = ((bin as f64 * BIN).max(from), (bin + 1) as f64 * BIN);
        let density = radii.iter().filter(|&&r| r >= low && r < high).count() as f64 / (BIN * radii.len() as f64);
        highest = highest.max(density);
        let (x, width, y) = (x(low), x(high) - x(low), y(density));
        if density > 0.0 {
            let height = bottom - y;
            writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"#8fb8d8\"/>"
            )?;
        }
    }
    // The density is the slope of the distribution function between consecutive 200-quantiles.
    let line: Vec<String> = chi_quantiles(d, 200)
        .windows(2)
        .map(|q| format!("{:.1},{:.1}", x((q[0] + q[1]) / 2.0), y(1.0 / (200.0 * (q[1] - q[0])))))
        .collect();
    writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"#b3261e\" stroke-width=\"1.6\"/>", line.join(" "))?;
    writeln!(
        svg,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#888\"/>"
    )?;
    for r in from.ceil() as usize..=to as usize {
        let (x, y) = (x(r as f64), bottom + 13.0);
        writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" font-size=\"10\" text-anchor=\"middle\">{r}</text>")?;
    }
    for density in [0.5, 1.0, 1.5] {
        let (x, y) = (left - 4.0, y(density) + 3.0);
        writeln!(svg, "<text x=\"{x}\" y=\"{y:.1}\" font-size=\"10\" text-anchor=\"end\">{density}</text>")?;
    }
    let (x, y) = (left + 6.0, top + 16.0);
    if highest > MOST {
        writeln!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"11\" fill=\"#1b6ca8\">up to {highest:.1}</text>")?;
    }
    let spread = radii.std(0.0);
    writeln!(
        svg,
        "<text x=\"{left}\" y=\"{}\" font-size=\"11\" fill=\"#555\">radius, sd {spread:.2}; under N(0, I) {sd:.2}</text>",
        bottom + 30.0
    )
}

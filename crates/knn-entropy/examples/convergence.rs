//! Plots the error of each estimator and of a naive version against the number of samples, in
//! several dimensions. Makes the picture and the numbers of `docs/convergence.md`, in about a
//! minute.
//!
//! ```text
//! cargo run --release -p knn-entropy --example convergence -- docs/images/convergence.svg
//! ```

use std::error::Error;
use std::f64::consts::{E, PI};
use std::fmt::Write;

use knn_entropy::{
    Correction, Divergence, KozachenkoLeonenko, Ksg, KsgVariant, LombardiPant, Renyi, Result, Truncated, Weighting,
    correct,
};
use ndarray::{Array2, ArrayView2, Axis, Slice};
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::{Exp1, StandardNormal};
use rand_chacha::ChaCha8Rng;

const SIZES: [usize; 6] = [64, 128, 256, 512, 1024, 2048];
const DIMENSIONS: [usize; 4] = [1, 2, 5, 10];
const COLORS: [&str; 4] = ["#1b6ca8", "#2a9d5c", "#d08700", "#b3261e"];
const REPLICATES: u64 = 40;

/// Error of an estimate from n random samples in d dimensions.
type Experiment = fn(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Result<f64>;

struct Panel {
    title: &'static str,
    naive_title: &'static str,
    error: Experiment,
    naive: Experiment,
    least_dimension: usize,
}

fn normal(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((n, d), || rng.sample(StandardNormal))
}

fn normal_entropy(d: usize) -> f64 {
    d as f64 / 2.0 * (2.0 * PI * E).ln()
}

/// Draws d coordinates x, d coordinates y that are each correlated with one of x, and the truth.
fn pairs(n: usize, d: usize, rng: &mut ChaCha8Rng) -> (Array2<f64>, Array2<f64>, f64) {
    let (x, noise) = (normal(n, d, rng), normal(n, d, rng));
    let y = 0.6 * &x + 0.8 * &noise;
    (x, y, -0.5 * d as f64 * (1.0 - 0.36_f64).ln())
}

/// Computes the error of a sum of three entropies, each with its own balls.
fn three_entropies(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Result<f64> {
    let (x, y, truth) = pairs(n, d, rng);
    let h = |x: ArrayView2<'_, f64>| KozachenkoLeonenko::new(3).entropy(x);
    let both = ndarray::concatenate![Axis(1), x, y];
    Ok(h(x.view())? + h(y.view())? - h(both.view())? - truth)
}

fn ksg(variant: KsgVariant, n: usize, d: usize, rng: &mut ChaCha8Rng) -> Result<f64> {
    let (x, y, truth) = pairs(n, d, rng);
    Ok(Ksg::new(3).variant(variant).mutual_information(x.view(), y.view())? - truth)
}

/// Draws p = N(0, I), q = N(1/2, I), and the truth.
fn shifted(n: usize, d: usize, rng: &mut ChaCha8Rng) -> (Array2<f64>, Array2<f64>, f64) {
    (normal(n, d, rng), normal(n, d, rng) + 0.5, d as f64 / 8.0)
}

const PANELS: [Panel; 9] = [
    Panel {
        title: "Kozachenko-Leonenko, k = 3, normal",
        naive_title: "ln n - ln k for psi(n) - psi(k)",
        error: |n, d, rng| Ok(KozachenkoLeonenko::new(3).entropy(normal(n, d, rng).view())? - normal_entropy(d)),
        naive: |n, d, rng| {
            let psi = |m: usize| (1..m).map(|i| 1.0 / i as f64).sum::<f64>() - 0.577_215_664_901_532_9;
            let naive = (n as f64).ln() - 3_f64.ln() - psi(n) + psi(3);
            Ok(KozachenkoLeonenko::new(3).entropy(normal(n, d, rng).view())? + naive - normal_entropy(d))
        },
        least_dimension: 1,
    },
    Panel {
        title: "weighted, k = 20, bound 5, uniform",
        naive_title: "k = 20 alone",
        error: |n, d, rng| {
            let estimator = KozachenkoLeonenko::new(20).weighting(Weighting::Efficient { bound: 5.0 });
            estimator.entropy(Array2::from_shape_simple_fn((n, d), || rng.random::<f64>()).view())
        },
        naive: |n, d, rng| {
            KozachenkoLeonenko::new(20).entropy(Array2::from_shape_simple_fn((n, d), || rng.random::<f64>()).view())
        },
        least_dimension: 5,
    },
    Panel {
        title: "truncated, k = 3, uniform",
        naive_title: "whole balls",
        error: |n, d, rng| {
            Truncated::unit_cube(3).entropy(Array2::from_shape_simple_fn((n, d), || rng.random::<f64>()).view())
        },
        naive: |n, d, rng| {
            KozachenkoLeonenko::new(3).entropy(Array2::from_shape_simple_fn((n, d), || rng.random::<f64>()).view())
        },
        least_dimension: 1,
    },
    Panel {
        title: "copula and truncated, exponential",
        naive_title: "uncorrected",
        error: |n, d, rng| {
            let x = Array2::from_shape_simple_fn((n, d), || rng.sample::<f64, _>(Exp1));
            let corrected = correct(x.view(), &Correction::COPULA)?;
            Ok(Truncated::unit_cube(3).entropy(corrected.samples.view())? + corrected.term() - d as f64)
        },
        naive: |n, d, rng| {
            let x = Array2::from_shape_simple_fn((n, d), || rng.sample::<f64, _>(Exp1));
            Ok(KozachenkoLeonenko::new(3).entropy(x.view())? - d as f64)
        },
        least_dimension: 2,
    },
    Panel {
        title: "kpN, k = 3, p = 50, dependent normal",
        naive_title: "balls",
        error: |n, d, rng| Ok(LombardiPant::new(3, 50).entropy(dependent(n, d, rng).view())? - normal_entropy(d)),
        naive: |n, d, rng| Ok(KozachenkoLeonenko::new(3).entropy(dependent(n, d, rng).view())? - normal_entropy(d)),
        least_dimension: 2,
    },
    Panel {
        title: "Renyi, q = 2, k = 3, normal",
        naive_title: "Shannon for Renyi",
        error: |n, d, rng| Ok(Renyi::new(2.0, 3).entropy(normal(n, d, rng).view())? - renyi_truth(d)),
        naive: |n, d, rng| Ok(KozachenkoLeonenko::new(3).entropy(normal(n, d, rng).view())? - renyi_truth(d)),
        least_dimension: 1,
    },
    Panel {
        title: "KSG 1, k = 3, d + d normal, rho = 0.6",
        naive_title: "three entropies",
        error: |n, d, rng| ksg(KsgVariant::One, n, d, rng),
        naive: three_entropies,
        least_dimension: 1,
    },
    Panel {
        title: "KSG 2, k = 3, d + d normal, rho = 0.6",
        naive_title: "three entropies",
        error: |n, d, rng| ksg(KsgVariant::Two, n, d, rng),
        naive: three_entropies,
        least_dimension: 1,
    },
    Panel {
        title: "divergence of shifted normals, k = 3",
        naive_title: "ln(m/n), k = 3 and l = 1",
        error: |n, d, rng| {
            let (p, q, truth) = shifted(n, d, rng);
            Ok(Divergence::new(3).divergence(p.view(), q.view())? - truth)
        },
        naive: |n, d, rng| {
            let (p, q, truth) = shifted(n, d, rng);
            // Omitting psi(l) and psi(k) shifts the estimate by 3/2 nats.
            Ok(Divergence::new(3).k_across(1).divergence(p.view(), q.view())? - 1.5 - truth)
        },
        least_dimension: 1,
    },
];

/// Draws variables that are independent except for the first two, which nearly determine each
/// other. The entropy equals that of independent variables.
fn dependent(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut x = normal(n, d, rng);
    let (first, mut second) = (x.column(0).to_owned(), x.slice_axis_mut(Axis(1), Slice::from(1..2)));
    second.column_mut(0).scaled_add(30.0, &first);
    x
}

fn renyi_truth(d: usize) -> f64 {
    d as f64 / 2.0 * ((2.0 * PI).ln() + 2_f64.ln())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "convergence.svg".to_owned());
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1020 930\" font-family=\"sans-serif\">\n",
    );
    svg.push_str("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    println!("| estimator | d | rms error at n = 64 | 2048 | slope | naive at 2048 |\n|---|---|---|---|---|---|");
    for (p, panel) in PANELS.iter().enumerate() {
        let (left, top) = (340.0 * (p % 3) as f64 + 45.0, 300.0 * (p / 3) as f64 + 30.0);
        frame(&mut svg, panel, left, top)?;
        for (d, color) in DIMENSIONS.into_iter().zip(COLORS).filter(|(d, _)| *d >= panel.least_dimension) {
            let [errors, naive] = [panel.error, panel.naive].map(|experiment| curve(experiment, d));
            let (errors, naive) = (errors?, naive?);
            line(&mut svg, left, top, &naive, color, "stroke-dasharray=\"4 3\" opacity=\"0.7\"")?;
            line(&mut svg, left, top, &errors, color, "")?;
            let (first, last) = (errors[0], errors[SIZES.len() - 1]);
            let slope = (last / first).ln() / (SIZES[SIZES.len() - 1] as f64 / SIZES[0] as f64).ln();
            println!("| {} | {d} | {first:.3} | {last:.3} | {slope:.2} | {:.3} |", panel.title, naive[SIZES.len() - 1]);
        }
    }
    svg.push_str("</svg>\n");
    std::fs::write(&path, svg)?;
    eprintln!("the picture is {path}");
    Ok(())
}

/// Returns the root mean square error for each number of samples.
fn curve(experiment: Experiment, d: usize) -> Result<Vec<f64>> {
    let rms = |n: usize| {
        let mut sum = 0.0;
        for seed in 0..REPLICATES {
            sum += experiment(n, d, &mut ChaCha8Rng::seed_from_u64(seed))?.powi(2);
        }
        Ok((sum / REPLICATES as f64).sqrt())
    };
    SIZES.into_iter().map(rms).collect()
}

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 220.0;

/// Returns the position of a point in a panel with logarithmic axes.
fn place(left: f64, top: f64, n: usize, error: f64) -> (f64, f64) {
    let x = (n as f64 / 64.0).ln() / 32_f64.ln();
    let y = (error.clamp(0.005, 15.0) / 0.005).ln() / 3000_f64.ln();
    (left + WIDTH * x, top + HEIGHT * (1.0 - y))
}

fn frame(svg: &mut String, panel: &Panel, left: f64, top: f64) -> std::fmt::Result {
    writeln!(
        svg,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#888\"/>"
    )?;
    writeln!(svg, "<text x=\"{left}\" y=\"{}\" font-size=\"13\">{}</text>", top - 8.0, panel.title)?;
    for error in [0.01, 0.1, 1.0, 10.0] {
        let (x, y) = place(left, top, 64, error);
        writeln!(svg, "<path d=\"M{x} {y}h{WIDTH}\" stroke=\"#ddd\"/>")?;
        writeln!(svg, "<text x=\"{}\" y=\"{}\" font-size=\"10\" text-anchor=\"end\">{error}</text>", x - 4.0, y + 3.0)?;
    }
    for n in SIZES {
        let (x, y) = place(left, top, n, 0.005);
        writeln!(svg, "<text x=\"{x}\" y=\"{}\" font-size=\"10\" text-anchor=\"middle\">{n}</text>", y + 13.0)?;
    }
    // The dotted line shows the rate of an unbiased estimate.
    let ((x1, y1), (x2, y2)) = (place(left, top, 64, 0.08), place(left, top, 2048, 0.08 / 32_f64.sqrt()));
    writeln!(svg, "<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"#999\" stroke-dasharray=\"1 3\"/>")?;
    let mut x = left;
    for (d, color) in DIMENSIONS.into_iter().zip(COLORS).filter(|(d, _)| *d >= panel.least_dimension) {
        writeln!(
            svg,
            "<text x=\"{x}\" y=\"{}\" font-size=\"11\" fill=\"{color}\">d = {d}</text>",
            top + HEIGHT + 28.0
        )?;
        x += 45.0;
    }
    let naive = panel.naive_title;
    writeln!(
        svg,
        "<text x=\"{left}\" y=\"{}\" font-size=\"11\" fill=\"#555\">dashed: {naive}</text>",
        top + HEIGHT + 42.0
    )
}

fn line(svg: &mut String, left: f64, top: f64, errors: &[f64], color: &str, style: &str) -> std::fmt::Result {
    let points: Vec<String> = SIZES
        .into_iter()
        .zip(errors)
        .map(|(n, &error)| place(left, top, n, error))
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\" {style}/>",
        points.join(" ")
    )
}

//! Tests that the estimate converges to the truth as samples are added, at the rate of theory.
//!
//! The truth is known in closed form for three shapes of density: smooth and unbounded (normal),
//! constant with a jump at the edges (uniform), and with a jump and a long tail (exponential). Each
//! is a product of d equal coordinates, so the entropy is d times that of one coordinate.
//!
//! The error has two parts. The variance falls as 1/n for each of these densities. The bias arises
//! because the density changes within the balls that reach the k-th neighbor, whose radius falls as
//! n^(-1/d). The bias falls as n^(-2/d) if the density is smooth and bounded away from 0, and as
//! n^(-1/d) at a jump (Jiao, Gao and Han, NeurIPS 2018; Singh and Poczos, NIPS 2016). For d up to 3
//! the root mean square error therefore falls at least as n^(-1/3). Apart from noise, four times as
//! many samples must reduce it to 4^(-1/3) = 0.63 of its value.
//!
//! The final error is bounded as well. Up to a constant, a local value is ln(probability of the
//! ball) - ln p. The first term has variance psi'(k), because the probability has a Beta(k, n - k)
//! distribution. If the balls were independent, the estimate would have variance (Var ln p +
//! psi'(k)) / n. Each ball overlaps with only a few others, so the test allows twice this standard
//! deviation. As for bias, an edge that cuts a ball in half makes its local value ln 2 too high. At
//! most a fraction 2 d r of a unit cube is as near to one of its 2 d faces as the radius of a ball,
//! r = (k / (n V_d))^(1/d).

use knn_entropy::{KozachenkoLeonenko, Norm};
use ndarray::Array2;
use ndarray_rand::rand::distr::Distribution;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::{Exp1, StandardNormal, StandardUniform};
use rand_chacha::ChaCha8Rng;

/// Number of independent data sets for each error. With 60, a root mean square is known to 1 /
/// sqrt(120) = 9 %.
const REPLICATES: u64 = 60;
const SIZES: [usize; 4] = [50, 200, 800, 3200];

/// `psi'(3) = pi^2 / 6 - 1 - 1/4`.
const TRIGAMMA_3: f64 = std::f64::consts::PI * std::f64::consts::PI / 6.0 - 1.25;

/// A function that draws n samples in d dimensions from a seed.
type Draw = fn(n: usize, d: usize, seed: u64) -> Array2<f64>;

fn draw<D: Distribution<f64>>(distribution: D, n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, d), || rng.sample(&distribution))
}

/// Returns, for each distribution, the name, the function to draw, and for one coordinate the
/// entropy in nats, -E ln p, and Var ln p.
fn distributions() -> [(&'static str, Draw, f64, f64); 3] {
    let normal = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
    [
        ("normal", |n, d, seed| draw(StandardNormal, n, d, seed), normal, 0.5),
        ("uniform", |n, d, seed| draw(StandardUniform, n, d, seed), 0.0, 0.0),
        ("exponential", |n, d, seed| draw(Exp1, n, d, seed), 1.0, 1.0),
    ]
}

struct Errors {
    bias: f64,
    rms: f64,
}

fn errors(estimator: KozachenkoLeonenko<'_>, draw: Draw, n: usize, d: usize, truth: f64) -> Errors {
    let error = |seed| estimator.entropy(draw(n, d, seed).view()).unwrap() - truth;
    let errors: Vec<f64> = (0..REPLICATES).map(error).collect();
    let mean = |f: &dyn Fn(f64) -> f64| errors.iter().map(|&e| f(e)).sum::<f64>() / REPLICATES as f64;
    Errors { bias: mean(&|e| e), rms: mean(&|e| e * e).sqrt() }
}

#[test]
fn error_falls_at_the_theoretical_rate() {
    for (name, draw, one, variance) in distributions() {
        for d in 1..=3 {
            let rms = SIZES.map(|n| errors(KozachenkoLeonenko::new(3), draw, n, d, d as f64 * one).rms);
            for (pair, sizes) in rms.windows(2).zip(SIZES.windows(2)) {
                // Both errors are known to 9 %, so their ratio is known to 13 %. Three times this
                // above the rate is not chance.
                let (ratio, rate) = (pair[1] / pair[0], 4_f64.powf(-1.0 / 3.0));
                assert!(
                    ratio < rate * 1.39,
                    "{name}, d = {d}: from n = {} to {} the error falls only by a factor of {ratio:.2}",
                    sizes[0],
                    sizes[1]
                );
            }
            // Over the whole range, the noise is small compared with the rate.
            let (whole, rate) = (rms[3] / rms[0], 64_f64.powf(-1.0 / 3.0));
            assert!(
                whole < rate * 1.2,
                "{name}, d = {d}: the error falls by a factor of {whole:.3}, expected {rate:.3}"
            );
            let (n, d, k) = (SIZES[3] as f64, d as f64, 3.0);
            let sd = ((d * variance + TRIGAMMA_3) / n).sqrt();
            let radius = ((k / n).ln() - Norm::L2.log_unit_ball(d as usize)) / d;
            let bound = 2.0 * sd + 2.0 * d * radius.exp() * std::f64::consts::LN_2;
            assert!(rms[3] < bound, "{name}, d = {d}: the error with {n} samples is {:.4}, above {bound:.4}", rms[3]);
        }
    }
}

#[test]
fn bias_is_negligible_for_a_smooth_density_in_one_dimension() {
    // Since psi(n) - psi(k) is exact, the remaining bias at n = 200 is far below the standard
    // deviation of one estimate, for every k. The approximations ln n - psi(k) and ln(n-1) - psi(k)
    // would pass as well. The formula ln n - ln k of some textbooks is off by ln k - psi(k) = 0.18
    // for k = 3.
    let (_, draw, truth, _) = distributions()[0];
    for k in [1, 3, 10] {
        for norm in [Norm::L1, Norm::L2, Norm::LInf] {
            let Errors { bias, rms } = errors(KozachenkoLeonenko::new(k).norm(norm), draw, 200, 1, truth);
            // The mean of 60 errors is known to a standard error of rms / sqrt(60).
            assert!(bias.abs() < 0.01 + 3.0 * rms / (REPLICATES as f64).sqrt(), "k = {k}, {norm:?}: bias {bias:.3}");
        }
    }
}

#[test]
fn constants_are_exact_for_four_samples() {
    // On a circle, the uniform density is constant and has no edge. Then nothing is approximated,
    // and the mean of the estimate is the truth for every n and k, as long as no ball reaches
    // around. With arcs as distances, this is the one-dimensional estimator. The test uses 4
    // points: ln n instead of psi(n) would be off by 0.13, a hundred times the standard error. The
    // points are unrolled three times, so that each point of the middle copy has its neighbors on
    // both sides.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (n, k, replicates) = (4_usize, 1_usize, 100_000);
    let mut sum = 0.0;
    for _ in 0..replicates {
        let points: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        let unrolled = Array2::from_shape_fn((3 * n, 1), |(i, _)| points[i % n] + (i / n) as f64);
        // For 3 n points, local values contain psi(3 n) instead of psi(n). The neighbors are
        // unchanged.
        let local = KozachenkoLeonenko::new(k).local(unrolled.view()).unwrap();
        sum += local.iter().skip(n).take(n).sum::<f64>() / n as f64;
    }
    let digamma = |m: usize| (1..m).map(|i| 1.0 / i as f64).sum::<f64>() - 0.577_215_664_901_532_9;
    let bias = sum / f64::from(replicates) - digamma(3 * n) + digamma(n);
    // The standard deviation of one estimate is below 1.
    assert!(bias.abs() < 4.0 / f64::from(replicates).sqrt(), "bias {bias:.4}");
}

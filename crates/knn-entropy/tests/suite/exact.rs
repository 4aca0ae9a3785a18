//! Tests for which estimators are exact on average. If the density is constant within every ball,
//! nothing is approximated, and the mean of an estimate is the truth for every n, k and d. This
//! holds on a torus, which has no edge, and on a cube with balls truncated at the faces. A wrong
//! constant, off by 1/n, therefore shows in small samples and cannot be mistaken for the bias of
//! few samples.
//!
//! Every test takes the mean of many estimates and allows four standard errors.

use knn_entropy::{Divergence, KozachenkoLeonenko, Ksg, Norm, Renyi, Truncated, Weighting};
use ndarray::{Array2, s};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::normal;

const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::LInf];
const ONES: [f64; 8] = [1.0; 8];

fn uniform(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((n, d), || rng.random())
}

/// Asserts that the mean of `draw` is `truth`.
fn mean_is(truth: f64, replicates: usize, what: &str, mut draw: impl FnMut(&mut ChaCha8Rng) -> f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(what.bytes().map(u64::from).sum());
    let values: Vec<f64> = (0..replicates).map(|_| draw(&mut rng)).collect();
    let mean = values.iter().sum::<f64>() / replicates as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (replicates - 1) as f64;
    let error = (variance / replicates as f64).sqrt();
    assert!((mean - truth).abs() < 4.0 * error, "{what}: {mean:.5} +- {error:.5}, expected {truth}");
    // A small standard error ensures that the test can distinguish n from n - 1.
    assert!(error < 0.02, "{what}: standard error {error}");
}

#[test]
fn entropy_on_the_torus() {
    for norm in NORMS {
        for (n, k, d) in [(8, 1, 1), (8, 3, 1), (30, 1, 2), (60, 4, 2), (150, 2, 3)] {
            let estimator = KozachenkoLeonenko::new(k).norm(norm).periods(&ONES[..d]);
            let what = format!("{norm:?}, n = {n}, k = {k}, d = {d}");
            mean_is(0.0, 4000, &what, |rng| estimator.entropy(uniform(n, d, rng).view()).unwrap());
        }
    }
}

#[test]
fn entropy_of_many_neighbors_on_the_torus() {
    for weighting in [Weighting::Mean, Weighting::Efficient { bound: 20.0 }] {
        let estimator = KozachenkoLeonenko::new(5).weighting(weighting).periods(&ONES[..4]).norm(Norm::LInf);
        mean_is(0.0, 3000, "weighted", |rng| estimator.entropy(uniform(150, 4, rng).view()).unwrap());
    }
    for window in [1, 4] {
        let estimator = KozachenkoLeonenko::new(2).periods(&ONES[..1]).window(window);
        mean_is(0.0, 6000, "windowed", |rng| estimator.entropy(uniform(20, 1, rng).view()).unwrap());
    }
    let estimator = KozachenkoLeonenko::new(2).periods(&ONES[..2]);
    mean_is(0.0, 4000, "with a bank", |rng| {
        let x = uniform(40, 2, rng);
        estimator.entropy_and_gradient_with_bank(x.slice(s![..15, ..]), x.slice(s![15.., ..])).unwrap().0
    });
}

#[test]
fn truncated_on_the_cube() {
    for (n, k, d) in [(4, 1, 1), (20, 3, 1), (12, 2, 2), (30, 1, 5), (40, 4, 10)] {
        let estimator = Truncated::unit_cube(k);
        let what = format!("n = {n}, k = {k}, d = {d}");
        mean_is(0.0, 6000, &what, |rng| estimator.entropy(uniform(n, d, rng).view()).unwrap());
    }
    let (low, high) = ([-1.0, 2.0], [1.0, 5.0]);
    let estimator = Truncated::new(2, &low, &high);
    mean_is(6_f64.ln(), 4000, "a box", |rng| {
        let x = uniform(25, 2, rng);
        estimator
            .entropy(Array2::from_shape_fn(x.dim(), |(i, c)| low[c] + (high[c] - low[c]) * x[[i, c]]).view())
            .unwrap()
    });
}

#[test]
fn renyi_and_tsallis_on_the_torus() {
    // The mean of I_q = exp((1 - q) H_q) is 1, so the mean of the Tsallis entropy is 0.
    for (q, k) in [(0.0, 1), (0.5, 1), (0.5, 4), (1.0, 2), (1.5, 2), (2.0, 4), (3.0, 6)] {
        let estimator = Renyi::new(q, k).periods(&ONES[..2]);
        mean_is(0.0, 4000, &format!("q = {q}, k = {k}"), |rng| {
            estimator.tsallis_entropy(uniform(50, 2, rng).view()).unwrap()
        });
    }
}

#[test]
fn divergence_on_the_torus() {
    for (n, m, k, l) in [(20, 10, 1, 1), (10, 25, 1, 3), (30, 30, 3, 1)] {
        let estimator = Divergence::new(k).k_across(l).periods(&ONES[..1]);
        let what = format!("n = {n}, m = {m}, k = {k}, l = {l}");
        mean_is(0.0, 6000, &what, |rng| {
            estimator.divergence(uniform(n, 1, rng).view(), uniform(m, 1, rng).view()).unwrap()
        });
        let estimator = Divergence::new(l).periods(&ONES[..1]);
        mean_is(0.0, 6000, &format!("cross-entropy, {what}"), |rng| {
            estimator.cross_entropy(uniform(n, 1, rng).view(), uniform(m, 1, rng).view()).unwrap()
        });
    }
}

#[test]
fn information_of_independent_variables() {
    // The estimate is not exact in theory for few samples, but nearly so, because the errors of the
    // entropies cancel.
    use knn_entropy::KsgVariant::{One, Two};
    for algorithm in [One, Two] {
        let ksg = Ksg::new(3).variant(algorithm);
        mean_is(0.0, 3000, "two variables", |rng| {
            ksg.mutual_information(uniform(60, 1, rng).view(), uniform(60, 1, rng).view()).unwrap()
        });
        mean_is(0.0, 2000, "three blocks", |rng| {
            let [x, y, z] = [1, 2, 1].map(|d| uniform(80, d, rng));
            ksg.estimate(&[x.view(), y.view(), z.view()]).unwrap().value()
        });
    }
}

#[test]
fn standard_error_is_close_to_the_scatter_of_estimates() {
    // Balls overlap, so local values depend slightly on each other. As documented, the scatter is
    // 1.1 to 1.4 times the standard error. 300 estimates determine the scatter to 4 %.
    for (k, d) in [(1, 1), (3, 1), (3, 2), (10, 2), (3, 5)] {
        let mut rng = ChaCha8Rng::seed_from_u64(k as u64);
        let estimator = KozachenkoLeonenko::new(k).norm(Norm::LInf).periods(&ONES[..d]);
        let estimates: Vec<_> =
            (0..300).map(|_| estimator.estimate(uniform(300, d, &mut rng).view()).unwrap()).collect();
        let square = |f: &dyn Fn(&knn_entropy::Estimate) -> f64| estimates.iter().map(|e| f(e).powi(2)).sum::<f64>();
        let ratio = (square(&|e| e.value()) / square(&|e| e.standard_error())).sqrt();
        assert!((1.0..1.55).contains(&ratio), "k = {k}, d = {d}: {ratio}");
    }
}

#[test]
fn standard_error_of_a_divergence_includes_both_sets() {
    // As documented, the standard error is 0.83 to 1.15 times the scatter. The local values alone
    // give 0.14 times the scatter in the second case. 300 estimates determine the scatter to 4 %.
    for (n, m, d, shift) in [(400, 400, 2, 1.414), (2000, 20, 2, 1.0), (20, 2000, 2, 1.0), (500, 500, 5, 1.0)] {
        let estimates: Vec<_> = (0..300)
            .map(|seed| {
                let (p, mut q) = (normal(n, d, 2 * seed), normal(m, d, 2 * seed + 1));
                q.column_mut(0).mapv_inplace(|x| x + shift);
                Divergence::new(3).estimate(p, q).unwrap()
            })
            .collect();
        let of = |f: &dyn Fn(&knn_entropy::Estimate) -> f64| estimates.iter().map(f).sum::<f64>() / 300.0;
        let mean = of(&|e| e.value());
        let scatter = of(&|e| (e.value() - mean).powi(2)).sqrt();
        let ratio = of(&|e| e.standard_error().powi(2)).sqrt() / scatter;
        assert!((0.78..1.23).contains(&ratio), "n = {n}, m = {m}, d = {d}: {ratio}");
    }
}

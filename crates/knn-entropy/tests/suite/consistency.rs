//! Compares estimators with each other and with closed forms.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use knn_entropy::{
    Auto, BruteForce, Correction, Divergence, Embedding, KozachenkoLeonenko, Ksg, KsgVariant, LombardiPant, MixedKsg,
    Norm, PermutationTest, Renyi, Ross, TransferEntropy, Truncated, correct,
};
use ndarray::{Array2, Axis, array, concatenate, s};
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::{Exp, Exp1, Gamma};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::normal;

const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::LInf];
const ALGORITHMS: [KsgVariant; 2] = [KsgVariant::One, KsgVariant::Two];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn conditioning_on_nothing_gives_mutual_information(seed: u64, n in 10..80_usize, k in 1..6_usize, norm in 0..3_usize) {
        let (x, y, nothing) = (normal(n, 2, seed), normal(n, 1, !seed), Array2::<f64>::zeros((n, 0)));
        for algorithm in ALGORITHMS {
            let ksg = Ksg::new(k).variant(algorithm).norm(NORMS[norm]);
            let information = ksg.mutual_information(x.view(), y.view()).unwrap();
            prop_assert_eq!(ksg.conditional(x.view(), y.view(), nothing.view()).unwrap(), information);
            prop_assert_eq!(ksg.estimate(&[x.view(), y.view()]).unwrap().value(), information);
            // A constant condition has no information either, for the first algorithm to within
            // rounding.
            if algorithm == KsgVariant::One {
                let constant = ksg.conditional(x.view(), y.view(), Array2::<f64>::ones((n, 1)).view()).unwrap();
                prop_assert!((constant - information).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn information_equals_its_definition(seed: u64, n in 10..60_usize, k in 1..5_usize, norm in 0..3_usize, window in 0..3_usize) {
        // Count by the definition, without a tree or sorting.
        let norm = NORMS[norm];
        let blocks = [normal(n, 2, seed), normal(n, 1, !seed), normal(n, 2, seed / 2)];
        let far = |b: usize, i: usize, j: usize| norm.distance(&blocks[b].row(i).to_vec(), &blocks[b].row(j).to_vec());
        let digamma = |m: usize| (1..m).map(|i| 1.0 / i as f64).sum::<f64>() - 0.577_215_664_901_532_9;
        let others = |i: usize| (0..n).filter(move |j| i.abs_diff(*j) > window);
        let (mut first, mut second) = (0.0, 0.0);
        for i in 0..n {
            let mut all: Vec<(f64, usize)> = others(i).map(|j| ((0..3).map(|b| far(b, i, j)).fold(0.0, f64::max), j)).collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap());
            let eps = all[k - 1].0;
            let reach: Vec<f64> = (0..3).map(|b| all[..k].iter().map(|&(_, j)| far(b, i, j)).fold(0.0, f64::max)).collect();
            let nearer = |of: &[usize]| others(i).filter(|&j| of.iter().all(|&b| far(b, i, j) < eps)).count() + 1;
            let within = |of: &[usize]| others(i).filter(|&j| of.iter().all(|&b| far(b, i, j) <= reach[b])).count();
            first += digamma(k) + digamma(nearer(&[2])) - digamma(nearer(&[0, 2])) - digamma(nearer(&[1, 2]));
            let (xz, yz) = (within(&[0, 2]), within(&[1, 2]));
            second += digamma(k) - 2.0 / k as f64 + digamma(within(&[2])) - digamma(xz) - digamma(yz)
                + 1.0 / xz as f64 + 1.0 / yz as f64;
        }
        for (algorithm, sum) in ALGORITHMS.into_iter().zip([first, second]) {
            let ksg = Ksg::new(k).variant(algorithm).norm(norm).window(window);
            let found = ksg.conditional(blocks[0].view(), blocks[1].view(), blocks[2].view()).unwrap();
            prop_assert!((found - sum / n as f64).abs() < 1e-11, "{:?}: {} and {}", algorithm, found, sum / n as f64);
        }
    }

    #[test]
    fn renyi_entropy_approaches_shannon_entropy(seed: u64, n in 5..200_usize, d in 1..30_usize, k in 1..5_usize) {
        let x = normal(n, d, seed);
        let shannon = KozachenkoLeonenko::new(k).entropy(x.view()).unwrap();
        let at = |q: f64| Renyi::new(q, k).entropy(x.view()).unwrap();
        prop_assert!((at(1.0) - shannon).abs() < 1e-10 * (1.0 + shannon.abs()));
        for e in [1e-12, 1e-10, -1e-11] {
            prop_assert!((at(1.0 + e) - shannon).abs() < 1e-8 * (1.0 + shannon.abs()), "{e}: {} {shannon}", at(1.0 + e));
            let tsallis = Renyi::new(1.0 + e, k).tsallis_entropy(x.view()).unwrap();
            prop_assert!((tsallis - shannon).abs() < 1e-7 * (1.0 + shannon.abs()));
        }
        // The estimate must be smooth on both sides of q = 1, where the formula changes. It need
        // not decrease in q as the truth does: for a few evenly spaced samples, the exact constant
        // outweighs their scatter.
        let (low, high) = (at(1.0 - 1e-4), at(1.0 + 1e-4));
        prop_assert!(((low + high) / 2.0 - shannon).abs() < 1e-4 * (1.0 + shannon.abs()));
    }

    #[test]
    fn entropy_cross_entropy_and_divergence_add_up(seed: u64, n in 5..60_usize, m in 4..60_usize, norm in 0..3_usize) {
        let (p, q) = (normal(n, 2, seed), normal(m, 2, !seed));
        let estimator = Divergence::new(3).norm(NORMS[norm]);
        let difference = estimator.cross_entropy(p.view(), q.view()).unwrap() - estimator.divergence(p.view(), q.view()).unwrap();
        let entropy = KozachenkoLeonenko::new(3).norm(NORMS[norm]).entropy(p.view()).unwrap();
        prop_assert!((difference - entropy).abs() < 1e-12 * (1.0 + entropy.abs()));
    }

    #[test]
    fn entropies_equal_separate_estimates(seed: u64, n in 12..60_usize, d in 1..5_usize) {
        let x = normal(n, d, seed);
        let all = KozachenkoLeonenko::new(10).entropies(x.view()).unwrap();
        for k in 1..=10 {
            prop_assert_eq!(all[k - 1], KozachenkoLeonenko::new(k).entropy(x.view()).unwrap());
        }
    }

    #[test]
    fn corrections_are_changes_of_variables(seed: u64, d in 1..5_usize, scale in -3..4_i32) {
        let x = normal(50, d, seed) * 10_f64.powi(scale);
        let plain = |x: &Array2<f64>| KozachenkoLeonenko::new(3).entropy(x.view()).unwrap();
        // In one dimension, whitening is scaling, for which the estimate is exact.
        if d == 1 {
            for layer in [Correction::Standardize, Correction::Whiten] {
                let corrected = correct(x.view(), &[layer]).unwrap();
                prop_assert!((plain(&corrected.samples) + corrected.term() - plain(&x)).abs() < 1e-11 * (1.0 + plain(&x).abs()));
            }
        }
        let white = correct(x.view(), &[Correction::Whiten]).unwrap().samples;
        let covariance = white.t().dot(&white) / 49.0;
        assert_abs_diff_eq!(covariance, Array2::eye(d), epsilon = 1e-10);
        // Apply a map and its inverse.
        let there = correct(white.view(), &[Correction::NormalCdf, Correction::NormalQuantile]).unwrap();
        assert_abs_diff_eq!(there.samples, white, epsilon = 1e-8);
        prop_assert!(there.term().abs() < 1e-8);
    }
}

/// Draws correlated normal samples, `x = z A`.
fn mixed(n: usize, seed: u64, a: &Array2<f64>) -> Array2<f64> {
    normal(n, a.nrows(), seed).dot(a)
}

#[test]
fn information_of_normal_variables() {
    for rho in [0.3_f64, 0.6, 0.9] {
        let a = array![[1.0, rho], [0.0, (1.0 - rho * rho).sqrt()]];
        let x = mixed(5000, 1, &a);
        let truth = -0.5 * (1.0 - rho * rho).ln();
        for algorithm in ALGORITHMS {
            let estimate =
                Ksg::new(4).variant(algorithm).estimate(&[x.slice(s![.., ..1]), x.slice(s![.., 1..])]).unwrap();
            let allowed = 4.0 * estimate.standard_error() + 0.01;
            assert!(
                (estimate.value() - truth).abs() < allowed,
                "{rho}, {algorithm:?}: {} not {truth}",
                estimate.value()
            );
        }
        let mixture = MixedKsg::new(4).mutual_information(x.slice(s![.., ..1]), x.slice(s![.., 1..])).unwrap();
        assert_abs_diff_eq!(mixture, truth, epsilon = 0.06);
    }
    // For three variables with covariance [[1, 1, 1], [1, 4, 1], [1, 1, 9]], I(x; y | z) = 1/2 ln(8
    // 35 / (9 24)).
    let a = array![[1.0, 1.0, 1.0], [0.0, 3_f64.sqrt(), 0.0], [0.0, 0.0, 8_f64.sqrt()]];
    let x = mixed(8000, 2, &a);
    let [x, y, z] = [0, 1, 2].map(|c| x.slice(s![.., c..=c]).to_owned());
    let truth = 0.5 * (8.0 * 35.0 / (9.0 * 24.0_f64)).ln();
    for algorithm in ALGORITHMS {
        let found = Ksg::new(4).variant(algorithm).conditional(x.view(), y.view(), z.view()).unwrap();
        assert_abs_diff_eq!(found, truth, epsilon = 0.04);
    }
}

#[test]
fn information_of_other_distributions() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    // For X1 ~ Gamma(s) and X2 | X1 ~ Exp(rate X1), the information is psi(s) - ln s + 1/s, here
    // for s = 2.
    let x1 = Array2::from_shape_simple_fn((8000, 1), || rng.sample(Gamma::new(2.0, 1.0).unwrap()));
    let x2 = x1.mapv(|x: f64| rng.sample(Exp::new(x).unwrap()));
    let truth = (1.0 - 0.577_215_664_901_532_9) - 2_f64.ln() + 0.5;
    // Monotone maps do not change the information, and logarithms shorten the tails for the
    // estimate.
    let found = Ksg::new(4).mutual_information(x1.mapv(f64::ln).view(), x2.mapv(f64::ln).view()).unwrap();
    assert_abs_diff_eq!(found, truth, epsilon = 0.04);
    // X = N(0, 1) + delta Y, where Y is a fair coin.
    for (delta, truth) in [(2.0, 0.3368), (4.0, 0.6327), (8.0, 2_f64.ln())] {
        let coins: Vec<bool> = (0..4000).map(|_| rng.random()).collect();
        let noise = normal(4000, 1, 4);
        let x = Array2::from_shape_fn((4000, 1), |(i, _)| noise[[i, 0]] + if coins[i] { delta } else { 0.0 });
        assert_abs_diff_eq!(Ross::new(4).mutual_information(x.view(), &coins).unwrap(), truth, epsilon = 0.03);
        let y = Array2::from_shape_fn((4000, 1), |(i, _)| f64::from(u8::from(coins[i])));
        // Because the sides of the coin differ by 1, the other side is never within reach.
        let found = MixedKsg::new(4).mutual_information(x.view(), y.view()).unwrap();
        assert_abs_diff_eq!(found, truth, epsilon = 0.04);
    }
    // A discrete pair, a fair die and its parity, has I = ln 2.
    let die = Array2::from_shape_simple_fn((6000, 1), || f64::from(rng.random_range(1..=6)));
    let even = die.mapv(|x| x % 2.0);
    let found = MixedKsg::new(5).mutual_information(die.view(), even.view()).unwrap();
    assert_abs_diff_eq!(found, 2_f64.ln(), epsilon = 0.01);
}

#[test]
fn transfer_entropy_of_an_autoregression() {
    // For y_t = a y_(t-1) + b x_(t-1) + s e, the transfer entropy is 1/2 ln(1 + b^2 / s^2) for any
    // a, and 0 in the other direction.
    let (a, b, s) = (0.5, 0.8, 0.6_f64);
    let noise = normal(6000, 2, 5);
    let x = noise.slice(s![.., ..1]).to_owned();
    let mut y = Array2::<f64>::zeros((6000, 1));
    for t in 1..6000 {
        y[[t, 0]] = a * y[[t - 1, 0]] + b * x[[t - 1, 0]] + s * noise[[t, 1]];
    }
    let truth = 0.5 * (1.0 + b * b / (s * s)).ln();
    for algorithm in ALGORITHMS {
        let estimator = TransferEntropy::new(4).variant(algorithm);
        assert_abs_diff_eq!(estimator.transfer_entropy(x.view(), y.view()).unwrap(), truth, epsilon = 0.06);
        assert_abs_diff_eq!(estimator.transfer_entropy(y.view(), x.view()).unwrap(), 0.0, epsilon = 0.04);
    }
    // Without a past of the target, the estimate is the mutual information.
    let embedded = TransferEntropy::new(4).target(Embedding::new(0, 1)).embed(x.view(), y.view()).unwrap();
    assert_eq!(embedded.target.ncols(), 0);
    let direct = Ksg::new(4).mutual_information(x.slice(s![..5999, ..]), y.slice(s![1.., ..])).unwrap();
    let by_name = TransferEntropy::new(4).target(Embedding::new(0, 1)).transfer_entropy(x.view(), y.view()).unwrap();
    assert_eq!(direct, by_name);
}

#[test]
fn divergences_in_closed_form() {
    // For N(0, 1) || N(1, 4), each of two dimensions contributes 1/2 (1/4 + 1/4 - 1 + ln 4).
    let (p, q) = (normal(6000, 2, 6), 1.0 + 2.0 * normal(6000, 2, 7));
    let truth = 0.5 - 1.0 + 4_f64.ln();
    assert_abs_diff_eq!(Divergence::new(4).divergence(p.view(), q.view()).unwrap(), truth, epsilon = 0.06);
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut exponential = |rate: f64| Array2::from_shape_simple_fn((6000, 1), || rng.sample::<f64, _>(Exp1) / rate);
    let (p, q) = (exponential(1.0), exponential(0.4));
    let truth = (1.0 / 0.4_f64).ln() + 0.4 - 1.0;
    assert_abs_diff_eq!(Divergence::new(4).divergence(p.view(), q.view()).unwrap(), truth, epsilon = 0.05);
}

#[test]
fn renyi_entropies_in_closed_form() {
    // The entropy of N(0, I) in d dimensions is d/2 (ln 2 pi - ln q / (1 - q)).
    let x = normal(8000, 2, 9);
    for q in [0.7, 2.0, 3.0_f64] {
        let truth = (2.0 * std::f64::consts::PI).ln() - q.ln() / (1.0 - q);
        assert_abs_diff_eq!(Renyi::new(q, 5).entropy(x.view()).unwrap(), truth, epsilon = 0.05);
    }
}

#[test]
fn corrections_reduce_the_error() {
    let normal_entropy = |d: f64| d / 2.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
    // For an ill-conditioned normal distribution in 20 dimensions, balls are far too wide unless
    // the samples are whitened.
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let a = Array2::from_shape_fn((20, 20), |_| rng.random::<f64>() - 0.5);
    let x = mixed(1000, 11, &a);
    let covariance = a.t().dot(&a);
    let truth = normal_entropy(20.0) + 0.5 * log_det(covariance);
    let plain = KozachenkoLeonenko::new(4).entropy(x.view()).unwrap() - truth;
    let corrected = correct(x.view(), &Correction::WHITENED).unwrap();
    let error = Truncated::unit_cube(4).entropy(corrected.samples.view()).unwrap() + corrected.term() - truth;
    assert!(plain > 3.0 && error.abs() < 0.2, "{plain} and {error}");
    // Independent exponential variables in 20 dimensions have edges and tails everywhere.
    let x = Array2::from_shape_simple_fn((1000, 20), || rng.sample::<f64, _>(Exp1));
    let plain = KozachenkoLeonenko::new(4).entropy(x.view()).unwrap() - 20.0;
    for layers in [&Correction::COPULA[..], &Correction::GAUSSIAN_COPULA] {
        let corrected = correct(x.view(), layers).unwrap();
        let error = Truncated::unit_cube(4).entropy(corrected.samples.view()).unwrap() + corrected.term() - 20.0;
        assert!(plain > 5.0 && error.abs() < 0.3, "{plain} and {error}");
    }
}

fn log_det(mut a: Array2<f64>) -> f64 {
    let n = a.nrows();
    let mut sum = 0.0;
    for i in 0..n {
        sum += a[[i, i]].ln();
        for j in i + 1..n {
            let factor = a[[j, i]] / a[[i, i]];
            for c in i..n {
                a[[j, c]] -= factor * a[[i, c]];
            }
        }
    }
    sum
}

#[test]
fn local_gaussians_follow_strong_dependence() {
    // Two nearly dependent normal variables among five.
    let mut a = Array2::eye(5);
    a[[0, 1]] = 100.0;
    let x = mixed(1500, 12, &a);
    let truth = 2.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
    let of_balls = KozachenkoLeonenko::new(3).norm(Norm::LInf).entropy(x.view()).unwrap() - truth;
    let found = LombardiPant::new(3, 100).entropy(x.view()).unwrap() - truth;
    assert!(of_balls > 0.4 && found.abs() < 0.25, "{of_balls} and {found}");
    // Gaussians are as accurate as balls in easy cases.
    for d in [1, 2] {
        let x = normal(1500, d, 13);
        let truth = d as f64 / 2.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
        assert_abs_diff_eq!(LombardiPant::new(4, 60).entropy(x.view()).unwrap(), truth, epsilon = 0.1);
    }
    // The estimate follows any scale and shift of the coordinates.
    let x = normal(200, 3, 14);
    let entropy = LombardiPant::new(3, 30).entropy(x.view()).unwrap();
    let moved = x.mapv(|x| 1e-200 * (x + 3.0));
    let shift = 3.0 * 1e-200_f64.ln();
    assert_relative_eq!(LombardiPant::new(3, 30).entropy(moved.view()).unwrap(), entropy + shift, max_relative = 1e-10);
}

#[test]
fn p_values_distinguish_dependence_from_chance() {
    let (x, noise) = (normal(150, 1, 15), normal(150, 1, 16));
    let ksg = Ksg::new(4);
    let test = PermutationTest::new(199, 1);
    let p_value = |y: &Array2<f64>| {
        let statistic = |rows: &[usize]| ksg.mutual_information(x.select(Axis(0), rows).view(), y.view());
        test.run(150, statistic).unwrap().p_value()
    };
    assert_eq!(p_value(&(&x * &x + 0.3 * &noise)), 0.005);
    assert!(p_value(&noise) > 0.05);
}

#[test]
fn estimates_do_not_depend_on_the_search() {
    let (x, y) = (normal(300, 3, 17), normal(300, 3, 18));
    let same = |a: f64, b: f64| assert_eq!(a, b);
    same(
        KozachenkoLeonenko::new(3).search(&BruteForce).entropy(x.view()).unwrap(),
        KozachenkoLeonenko::new(3).search(&Auto).entropy(x.view()).unwrap(),
    );
    same(
        Ksg::new(3).search(&BruteForce).mutual_information(x.view(), y.view()).unwrap(),
        Ksg::new(3).mutual_information(x.view(), y.view()).unwrap(),
    );
    same(
        Divergence::new(3).search(&BruteForce).divergence(x.view(), y.view()).unwrap(),
        Divergence::new(3).divergence(x.view(), y.view()).unwrap(),
    );
    let both = concatenate![Axis(0), x, y];
    let labels: Vec<usize> = (0..600).map(|i| i / 300).collect();
    same(
        Ross::new(3).search(&BruteForce).mutual_information(both.view(), &labels).unwrap(),
        Ross::new(3).mutual_information(both.view(), &labels).unwrap(),
    );
}

#[test]
fn infinite_periods_are_none() {
    let x = normal(200, 2, 40);
    let y = normal(200, 2, 41);
    for periods in [&[][..], &[f64::INFINITY; 2]] {
        let (entropy, divergence) = (KozachenkoLeonenko::new(3), Divergence::new(3));
        assert_eq!(entropy.periods(periods).entropy(&x), entropy.entropy(&x));
        assert_eq!(divergence.periods(periods).divergence(&x, &y), divergence.divergence(&x, &y));
        // The last of several settings counts.
        assert_eq!(entropy.periods(&[1.0, 1.0]).periods(periods).entropy(&x), entropy.entropy(&x));
    }
}

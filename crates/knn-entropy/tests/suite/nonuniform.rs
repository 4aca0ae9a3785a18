//! Compares the mutual information of strongly dependent variables with closed forms, and that of
//! independent variables with 0.
//!
//! If a density is known, so is the local information `ln p(x, y) / p(x) p(y)`. Its mean over the
//! samples is subtracted instead of the expectation, which leaves the error of the estimator
//! without the noise of the draw.

use knn_entropy::{Error, Ksg, LocalNonuniformity};
use ndarray::{Array2, Axis, array, concatenate, s};
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::{Cauchy, Distribution, Exp1, StandardNormal, StandardUniform};
use rand_chacha::ChaCha8Rng;

use crate::normal;

/// Draws normal blocks of `dx` and `dy` coordinates with `information` nats, divided equally among
/// pairs of coordinates. Also returns the mean local information of the draw.
fn dependent(n: usize, dx: usize, dy: usize, information: f64, seed: u64) -> (Array2<f64>, Array2<f64>, f64) {
    let pairs = dx.min(dy);
    let (x, noise) = (normal(n, dx, seed), normal(n, dy, seed + 1000));
    let rest = (-2.0 * information / pairs as f64).exp();
    let mut y = noise.clone();
    for j in 0..pairs {
        y.column_mut(j).assign(&((1.0 - rest).sqrt() * &x.column(j) + rest.sqrt() * &noise.column(j)));
    }
    // ln p(y | x) - ln p(y), with the noise as the residual of y given x.
    let draw = (&y * &y - &noise * &noise).sum() / (2 * n) as f64;
    (x, y, information + draw)
}

/// Returns the mean error over some draws.
fn mean_error(estimator: LocalNonuniformity<'_>, dx: usize, dy: usize, information: f64) -> f64 {
    let errors = (0..4).map(|seed| {
        let (x, y, truth) = dependent(1000, dx, dy, information, seed);
        estimator.mutual_information(x.view(), y.view()).unwrap() - truth
    });
    errors.sum::<f64>() / 4.0
}

#[test]
fn normal_pairs_up_to_a_correlation_of_1_minus_1e_12() {
    // The last value is -ln(1 - r^2) / 2 for r = 1 - 1e-12.
    for information in [0.05, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 13.4689] {
        let error = mean_error(LocalNonuniformity::new(5, 50), 1, 1, information);
        assert!(error.abs() < 0.06, "{information}: {error}");
    }
    let (x, y, truth) = dependent(1000, 1, 1, 8.0, 0);
    assert!(Ksg::new(5).mutual_information(x.view(), y.view()).unwrap() < truth - 2.5);
}

#[test]
fn normal_blocks() {
    for (dx, dy, information, most) in [(1, 2, 8.0, 0.06), (2, 1, 8.0, 0.06), (2, 2, 1.0, 0.08), (2, 2, 8.0, 0.16)] {
        let error = mean_error(LocalNonuniformity::new(5, 100), dx, dy, information);
        assert!(error.abs() < most, "{dx} + {dy}, {information}: {error}");
    }
}

#[test]
fn information_of_independent_samples_is_0() {
    fn check<D: Distribution<f64>>(distribution: D, d: usize, what: &str) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draw = || Array2::from_shape_simple_fn((150, d), || rng.sample(&distribution));
        let estimator = LocalNonuniformity::new(5, 50);
        let all: Vec<f64> = (0..60)
            .map(|_| {
                let (x, y) = (draw(), draw());
                estimator.mutual_information(x.view(), y.view()).unwrap()
            })
            .collect();
        let mean = all.iter().sum::<f64>() / 60.0;
        let error = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (59.0 * 60.0)).sqrt();
        assert!(mean.abs() < 4.0 * error, "{what}: {mean} +- {error}");
        assert!(error < 0.015, "{what}: {error}");
    }
    check(StandardNormal, 1, "normal");
    check(StandardUniform, 1, "uniform");
    check(Exp1, 1, "exponential");
    check(Cauchy::new(0.0, 1.0).unwrap(), 1, "Cauchy");
    check(StandardNormal, 2, "2 + 2 normal");
}

#[test]
fn local_values_equal_those_of_ksg_without_correlation() {
    let (x, y) = (normal(500, 1, 1), normal(500, 1, 2));
    let found = LocalNonuniformity::new(4, 80).estimate(x.view(), y.view()).unwrap();
    let of_ksg = Ksg::new(4).estimate(&[x.view(), y.view()]).unwrap();
    assert!((&found.local() - &of_ksg.local()).iter().all(|difference| difference.abs() < 1e-12));
}

#[test]
fn uniform_noise_around_a_line() {
    // For y = x + w u with x and u uniform, h(y) - h(y | x) = w / 2 - ln w for w up to 1.
    for width in [1e-2, 1e-4, 1e-8_f64] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut uniform = || Array2::from_shape_simple_fn((1000, 1), || rng.sample::<f64, _>(StandardUniform));
        let x = uniform();
        let y = &x + &(width * &uniform());
        let truth = width / 2.0 - width.ln();
        let found = LocalNonuniformity::new(5, 50).mutual_information(x.view(), y.view()).unwrap();
        assert!((found - truth).abs() < 0.25, "{width}: {found}, expected {truth}");
    }
}

#[test]
fn parabola_with_noise() {
    // For y = x^2 + w e with x uniform on -1 to 1 and e normal, the truth is h(y) - ln(w sqrt(2 pi
    // e)), with h(y) from scipy.integrate.
    for (width, truth) in [(0.1, 1.02942), (0.01, 3.01229)] {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let x = Array2::from_shape_simple_fn((1000, 1), || rng.random_range(-1.0..1.0));
        let y = x.mapv(|x| x * x) + width * &normal(1000, 1, 5);
        let found = LocalNonuniformity::new(5, 50).mutual_information(x.view(), y.view()).unwrap();
        assert!((found - truth).abs() < 0.12, "{width}: {found}, expected {truth}");
    }
}

/// Computes the estimate for two variables from its definition.
fn by_definition(x: &[f64], y: &[f64], k: usize, p: usize) -> f64 {
    let n = x.len();
    let mut sum = 0.0;
    for i in 0..n {
        let others: Vec<(f64, f64)> = (0..n).filter(|&j| j != i).map(|j| (x[j] - x[i], y[j] - y[i])).collect();
        let mut near = others.clone();
        near.sort_by(|a, b| a.0.abs().max(a.1.abs()).total_cmp(&b.0.abs().max(b.1.abs())));
        let radius = near[k - 1].0.abs().max(near[k - 1].1.abs());
        let ring = &near[k..k + p];
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| ring.iter().map(of).sum::<f64>() / p as f64;
        let (mx, my) = (mean(&|a| a.0), mean(&|a| a.1));
        let (sx, sy) = (mean(&|a| (a.0 - mx).powi(2)).sqrt(), mean(&|a| (a.1 - my).powi(2)).sqrt());
        let r = mean(&|a| (a.0 - mx) * (a.1 - my)) / (sx * sy);
        let band = 3.0 * (1.0 - r.abs()).sqrt();
        sum += digamma(k) + digamma(n);
        if band >= 2.0 {
            let nearer = |of: &dyn Fn(&(f64, f64)) -> f64| others.iter().filter(|a| of(a).abs() < radius).count();
            sum -= digamma(nearer(&|a| a.0) + 1) + digamma(nearer(&|a| a.1) + 1);
            continue;
        }
        let scaled: Vec<(f64, f64)> = others.iter().map(|a| (a.0 / sx, r.signum() * a.1 / sy)).collect();
        let mut sizes: Vec<f64> =
            scaled.iter().map(|a| a.0.abs().max(a.1.abs()).max((a.0 - a.1).abs() / band)).collect();
        sizes.sort_by(f64::total_cmp);
        let radius = sizes[k - 1];
        let within = |of: &dyn Fn(&(f64, f64)) -> f64| scaled.iter().filter(|a| of(a).abs() <= radius).count();
        let half = |count: usize| {
            // psi(m + 1/2) = -gamma - 2 ln 2 + sum of 2 / (2 j - 1) up to m.
            let terms: f64 = (1..=count).map(|j| 2.0 / (2 * j - 1) as f64).sum();
            terms - 0.577_215_664_901_532_9 - 2.0 * std::f64::consts::LN_2
        };
        sum -= half(within(&|a| a.0)) + half(within(&|a| a.1));
        // The ratio of the area of the square to that of the square without two corners.
        sum += (4.0 / (4.0 - (2.0 - band).powi(2))).ln();
    }
    sum / n as f64
}

/// `psi(m) = -gamma + 1 + 1/2 + ... + 1/(m - 1)`.
fn digamma(m: usize) -> f64 {
    (1..m).map(|j| 1.0 / j as f64).sum::<f64>() - 0.577_215_664_901_532_9
}

#[test]
fn estimate_equals_its_definition() {
    for information in [0.5, 2.0, 3.0, 9.0] {
        for sign in [1.0, -1.0] {
            let (x, y, _) = dependent(120, 1, 1, information, 7);
            let y = sign * y;
            let found = LocalNonuniformity::new(3, 20).mutual_information(x.view(), y.view()).unwrap();
            let (columns_x, columns_y) = (x.column(0).to_vec(), y.column(0).to_vec());
            let expected = by_definition(&columns_x, &columns_y, 3, 20);
            assert!((found - expected).abs() < 1e-9, "{information}: {found}, expected {expected}");
        }
    }
}

#[test]
fn estimate_does_not_depend_on_order_sides_shifts_and_units() {
    let (x, y, _) = dependent(200, 2, 3, 6.0, 8);
    let estimator = LocalNonuniformity::new(4, 40);
    let found = estimator.mutual_information(x.view(), y.view()).unwrap();
    let near = |other: f64, what: &str| assert!((found - other).abs() < 1e-6, "{what}: {found} and {other}");
    near(estimator.mutual_information(y.view(), x.view()).unwrap(), "sides");
    let (backward_x, backward_y) = (x.slice(s![..;-1, ..]), y.slice(s![..;-1, ..]));
    near(estimator.mutual_information(backward_x, backward_y).unwrap(), "order");
    near(estimator.mutual_information((&x + 3.0).view(), (&y - 2.0).view()).unwrap(), "shifts");
    for unit in [1e-300, 1e-150, 1e150, 1e300] {
        near(estimator.mutual_information((unit * &x).view(), (unit * &y).view()).unwrap(), "units");
    }
}

#[test]
fn window_excludes_neighbors_in_time() {
    // Every row occurs four times with negligible noise, so neighbors in time are not independent
    // observations.
    let (x, y, truth) = dependent(400, 1, 1, 5.0, 9);
    let often = |z: &Array2<f64>, seed| {
        let rows: Vec<usize> = (0..1600).map(|row| row / 4).collect();
        z.select(Axis(0), &rows) + 1e-9 * &normal(1600, 1, seed)
    };
    let (x, y) = (often(&x, 10), often(&y, 11));
    let found = LocalNonuniformity::new(12, 60).window(3).mutual_information(x.view(), y.view()).unwrap();
    assert!((found - truth).abs() < 0.15, "{found}, expected {truth}");
    let without = LocalNonuniformity::new(3, 60).mutual_information(x.view(), y.view()).unwrap();
    assert!(without > truth + 1.0, "{without}");
}

#[test]
fn mutually_determined_blocks_are_an_error() {
    let x = normal(200, 1, 12);
    let of = |x: &Array2<f64>, y: &Array2<f64>| LocalNonuniformity::new(3, 30).mutual_information(x.view(), y.view());
    for y in [x.clone(), 3.0 * &x, -0.1 * &x + 7.0] {
        assert_eq!(of(&x, &y), Err(Error::Determined { row: 0 }));
    }
    // The blocks have one column in common.
    let (a, b) = (normal(200, 1, 13), normal(200, 1, 14));
    let (left, right) = (concatenate![Axis(1), x, a], concatenate![Axis(1), b, x]);
    assert_eq!(of(&left, &right), Err(Error::Determined { row: 0 }));
    // One block is a sum of columns of the other, to within rounding.
    assert_eq!(of(&left, &(&x + &a)), Err(Error::Determined { row: 0 }));
}

#[test]
fn unusable_settings_and_samples_are_errors() {
    let (x, y) = (normal(50, 1, 15), normal(50, 1, 16));
    let of = |k, p, x: &Array2<f64>| LocalNonuniformity::new(k, p).mutual_information(x.view(), y.view());
    assert_eq!(of(0, 20, &x), Err(Error::ZeroK));
    assert_eq!(of(3, 3, &x), Err(Error::TooFewForCovariance { p: 3, dimension: 2 }));
    assert_eq!(of(3, 47, &x), Err(Error::KTooLarge { k: 50, others: 49 }));
    assert_eq!(of(3, 20, &Array2::zeros((50, 1))), Err(Error::Singular { column: 0 }));
    assert_eq!(of(3, 20, &array![[1.0]]), Err(Error::RowMismatch { one: 1, other: 50 }));
    let doubled = concatenate![Axis(1), x, 2.0 * &x];
    assert_eq!(of(3, 20, &doubled), Err(Error::Singular { column: 1 }));
}

/// The information does not depend on the unit, even if the unit is the smallest positive number.
#[test]
fn subnormal_numbers() {
    let (x, y) = ([1_u32, 19, 3, 5, 2, 6, 8], [14_u32, 31, 18, 23, 3, 22, 11]);
    let of = |number: fn(u32) -> f64| LocalNonuniformity::new(1, 4).mutual_information(x.map(number), y.map(number));
    let tiny = of(|x| f64::from_bits(u64::from(x))).unwrap();
    assert!((tiny - of(f64::from).unwrap()).abs() < 1e-12, "{tiny}");
}

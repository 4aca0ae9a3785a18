use super::*;
use crate::linalg::difference;
use crate::sampler::{Gaussian, normal};
use approx::assert_relative_eq;
use ndarray::array;

/// Returns three ellipses of codes in the proportions 2 : 1 : 1, and the number of codes in each.
fn blobs(n: usize, seed: u64) -> (Array2<f64>, [usize; 3]) {
    let mut codes = normal::<f64>(n, 2, seed);
    let counts = [n / 2, n / 4, n - n / 2 - n / 4];
    let shapes = [array![[1.0, 0.0], [0.5, 0.5]], array![[0.3, 0.0], [0.0, 2.0]], array![[1.0, 1.0], [-1.0, 1.0]]];
    let centers = [array![0.0, 0.0], array![20.0, 0.0], array![0.0, 20.0]];
    let mut start = 0;
    for i in 0..3 {
        let mut part = codes.slice_axis_mut(Axis(0), (start..start + counts[i]).into());
        let moved = part.dot(&shapes[i].t()) + &centers[i];
        part.assign(&moved);
        start += counts[i];
    }
    (codes, counts)
}

/// Returns the log density by its formula, with determinant and inverse of 2 x 2 matrices written
/// out.
fn log_density(mixture: &Mixture, x: ArrayView1<'_, f64>) -> f64 {
    let of_component = |c: usize| {
        let s = mixture.covariances().index_axis(Axis(0), c).to_owned();
        let determinant = s[[0, 0]] * s[[1, 1]] - s[[0, 1]] * s[[1, 0]];
        let (a, b) = (x[0] - mixture.means()[[c, 0]], x[1] - mixture.means()[[c, 1]]);
        let square = (s[[1, 1]] * a * a - 2.0 * s[[0, 1]] * a * b + s[[0, 0]] * b * b) / determinant;
        mixture.weights()[c] * (-0.5 * square).exp() / (2.0 * std::f64::consts::PI * determinant.sqrt())
    };
    (0..mixture.components()).map(of_component).sum::<f64>().ln()
}

#[test]
fn recovers_blobs() {
    let (codes, counts) = blobs(6_000, 1);
    let mixture = Mixture::fit(codes.view(), 3, 0).unwrap();
    assert_eq!(mixture.components(), 3);
    let mut start = 0;
    for count in counts {
        // The clusters are ten standard deviations apart, so each is fitted as if alone.
        let alone = Gaussian::fit(codes.slice_axis(Axis(0), (start..start + count).into())).unwrap();
        let distance = |c: &usize| (&mixture.means().row(*c) - &alone.mean()).mapv(f64::abs).sum();
        let c = (0..3).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
        assert_relative_eq!(mixture.weights()[c], count as f64 / 6_000.0, max_relative = 1e-9);
        assert!(difference(&mixture.means().row(c).to_owned(), &alone.mean().to_owned()) < 1e-9);
        // The divisor is n, and the ridge adds 1e-6 of a variance of about 100.
        let covariance = &alone.covariance() * ((count as f64 - 1.0) / count as f64);
        let found = mixture.covariances().index_axis(Axis(0), c).to_owned();
        assert!(difference(&found, &covariance) < 2e-4);
        start += count;
    }
    // Draws have these weights and means, to four standard errors.
    let draws = mixture.sample::<f64>(20_000, 3);
    let share = draws.column(0).iter().filter(|x| **x > 12.0).count() as f64 / 20_000.0;
    assert!((share - 0.25).abs() < 4.0 * (0.25 * 0.75 / 20_000.0_f64).sqrt(), "{share}");
    let (of_draws, of_codes) = (draws.mean_axis(Axis(0)).unwrap(), codes.mean_axis(Axis(0)).unwrap());
    let error = draws.std_axis(Axis(0), 0.0) / 20_000.0_f64.sqrt();
    assert!(((of_draws - of_codes) / error).iter().all(|x| x.abs() < 4.0));
    // The sampled density has the same entropy. The standard error is below 0.02 nats.
    let likelihoods = [mixture.log_likelihood(draws.view()), mixture.log_likelihood(codes.view())];
    assert!((likelihoods[0] - likelihoods[1]).abs() < 0.08, "{likelihoods:?}");
}

#[test]
fn likelihood_matches_the_formula() {
    // Overlapping components, in units far from 1 and far from the origin.
    let codes = normal::<f64>(700, 2, 2) * &array![1e3, 1e-3] + &array![1e5, 1.0];
    let mixture = Mixture::fit(codes.view(), 3, 1).unwrap();
    let formula = codes.outer_iter().map(|x| log_density(&mixture, x)).sum::<f64>() / 700.0;
    assert_relative_eq!(mixture.log_likelihood(codes.view()), formula, epsilon = 1e-9);
}

#[test]
fn the_number_of_clusters_is_found() {
    let (codes, _) = blobs(600, 5);
    for seed in 0..3 {
        assert_eq!(Mixture::fit_best(codes.view(), &[1, 3], seed).unwrap().components(), 3);
    }
    let single = normal::<f64>(600, 4, 6);
    assert_eq!(Mixture::fit_best(single.view(), &[20, 1], 0).unwrap().components(), 1);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let codes = normal::<f64>(3_001, 3, 7);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Mixture::fit(codes.view(), 7, 3).unwrap())
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn degenerate_codes_can_be_fitted() {
    let one_value = Array2::from_elem((40, 3), 2.5);
    let one_flat_column = normal::<f64>(40, 2, 1) * &array![1.0, 0.0] + &array![0.0, 3.0];
    let tiny = normal::<f64>(40, 2, 1) * 1e-160;
    let huge = normal::<f64>(40, 2, 1) * 1e98;
    for codes in [one_value, one_flat_column, tiny, huge] {
        let mixture = Mixture::fit(codes.view(), 4, 0).unwrap();
        assert!(mixture.log_likelihood(codes.view()).is_finite());
        let draws = mixture.sample::<f64>(100, 0);
        let (center, scale) = units(codes.view());
        assert!(((draws - &center) / &scale).iter().all(|x| x.abs() < 10.0));
    }
}

#[test]
fn invalid_input_is_an_error() {
    let codes = normal::<f64>(30, 2, 1);
    assert_eq!(Mixture::fit(codes.view(), 0, 0), Err(FitError::NoComponents));
    assert_eq!(Mixture::fit(codes.view(), 31, 0), Err(FitError::NotEnough { n: 30, needed: 31 }));
    assert_eq!(Mixture::fit_best(codes.view(), &[], 0), Err(FitError::NoCandidates));
    assert_eq!(Mixture::fit_best(codes.view(), &[1, 0], 0), Err(FitError::NoComponents));
}

#[test]
fn components_have_their_shares_of_the_interval() {
    let mut codes = normal::<f64>(400, 2, 0);
    codes.outer_iter_mut().step_by(4).for_each(|mut code| code += 20.0);
    let mixture = Mixture::fit(codes.view(), 2, 0).unwrap();
    let border = mixture.weights()[0];
    let (noise, factors) = (array![0.6, -0.3], mixture.factors());
    // Around the border, and at both ends.
    for (uniform, component) in [(0.0, 0), (border - 1e-9, 0), (border + 1e-9, 1), (1.0, 1)] {
        let expected = factors.index_axis(Axis(0), component).dot(&noise) + mixture.means().row(component);
        assert!((mixture.code(noise.view(), uniform) - expected).iter().all(|e| e.abs() < 1e-12));
    }
}

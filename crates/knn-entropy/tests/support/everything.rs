//! Calls every estimator and every search with arbitrary input, for the property tests and for the
//! fuzzer in `fuzz`. No call may panic, and each must return a finite number or an error with a
//! message.

use knn_entropy::*;
use ndarray::{Array2, ArrayView2, s};

/// Arbitrary settings for all calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) k: usize,
    pub(crate) norm: u8,
    pub(crate) window: usize,
    pub(crate) number: f64,
    pub(crate) close: u8,
}

/// Counts the results that are numbers and not errors.
#[derive(Debug, Default)]
struct Tally(usize);

impl Tally {
    fn result<T>(&mut self, result: Result<T>, is_finite: impl Fn(&T) -> bool) {
        match result {
            Ok(found) => {
                assert!(is_finite(&found));
                self.0 += 1;
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    fn number(&mut self, result: Result<f64>) {
        self.result(result, |x| x.is_finite());
    }

    fn estimate(&mut self, result: Result<Estimate>) {
        self.result(result, |estimate| {
            let (low, high) = estimate.sampling_interval(0.9);
            estimate.local().iter().all(|x| x.is_finite()) && estimate.value().is_finite() && low <= high
        });
    }

    fn gradient<F: Float>(&mut self, result: Result<(f64, Array2<F>)>) {
        self.result(result, |(value, gradient)| value.is_finite() && gradient.iter().all(|g| g.widen().is_finite()));
    }
}

/// Calls all functions and returns the number of calls without an error.
pub(crate) fn call_everything(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>, settings: Settings) -> usize {
    let mut tally = Tally::default();
    let Settings { k, window, number: length, .. } = settings;
    let norm = [Norm::L1, Norm::L2, Norm::LInf][usize::from(settings.norm % 3)];
    let close =
        [ClosePoints::Error, ClosePoints::Floor(length), ClosePoints::Soft(length)][usize::from(settings.close % 3)];
    let periods = vec![length; x.ncols()];
    let weightings = [Weighting::Kth, Weighting::Mean, Weighting::Efficient { bound: length }];
    for weighting in weightings {
        let plain = KozachenkoLeonenko::new(k).norm(norm).weighting(weighting).close_points(close).window(window);
        for estimator in [plain, plain.periods(&periods)] {
            tally.number(estimator.entropy(x));
            tally.estimate(estimator.estimate(x));
            tally.gradient(estimator.entropy_and_gradient(x));
            tally.gradient(estimator.entropy_and_gradient(x.mapv(|x| x as f32).view()));
            tally.gradient(estimator.entropy_and_gradient_with_bank(x, y));
            tally.result(estimator.entropies(x), |all| all.iter().all(|h| h.is_finite()));
        }
    }
    let renyi = Renyi::new(length, k).norm(norm).close_points(close).window(window);
    tally.number(renyi.entropy(x));
    tally.number(renyi.tsallis_entropy(x));
    let ends = (vec![-length; x.ncols()], vec![length; x.ncols()]);
    for truncated in [Truncated::unit_cube(k), Truncated::new(k, &ends.0, &ends.1)] {
        let truncated = truncated.close_points(close).window(window);
        tally.estimate(truncated.estimate(x));
        tally.gradient(truncated.entropy_and_gradient(x));
    }
    tally.estimate(LombardiPant::new(k, k.saturating_add(x.ncols())).estimate(x));
    for layers in [
        &Correction::WHITENED[..],
        &Correction::COPULA,
        &Correction::GAUSSIAN_COPULA,
        &[Correction::Standardize, Correction::NormalQuantile],
    ] {
        tally.result(correct(x, layers), |corrected| {
            corrected.samples.iter().all(|x| x.is_finite()) && corrected.term().is_finite()
        });
    }
    let divergence = Divergence::new(k).k_across(window).norm(norm).close_points(close);
    tally.number(divergence.divergence(x, y));
    tally.number(divergence.shared_rows(SharedRows::LeaveOut).divergence(x, y));
    tally.number(divergence.shared_rows(SharedRows::LeaveOut).divergence(x, x));
    tally.estimate(divergence.cross_entropy_estimate(x, y));
    tally.result(divergence.divergence_and_gradients(x, y), |found| {
        found.divergence.is_finite() && found.p.iter().chain(&found.q).all(|g| g.is_finite())
    });
    for algorithm in [KsgVariant::One, KsgVariant::Two] {
        let ksg = Ksg::new(k).variant(algorithm).norm(norm).window(window);
        tally.number(ksg.mutual_information(x, y));
        tally.estimate(ksg.estimate(&[x, y, x]));
        tally.estimate(ksg.estimate::<ArrayView2<'_, f64>>(&[]));
        tally.number(ksg.conditional(x, y, x.slice(s![.., ..x.ncols().min(1)])));
        let transfer = TransferEntropy::new(k).source(Embedding::new(window, k)).delay(k).variant(algorithm);
        tally.number(transfer.transfer_entropy(x, y));
        tally.number(transfer.target(Embedding::new(k, window)).source(Embedding::new(1, 1)).transfer_entropy(x, y));
    }
    tally.number(MixedKsg::new(k).norm(norm).window(window).mutual_information(x, y));
    let mixed = MesnerShalizi::new(k).norm(norm).window(window);
    tally.number(mixed.mutual_information(x, y));
    tally.number(mixed.conditional(x, y, x.slice(s![.., ..x.ncols().min(1)])));
    let steps = vec![length; x.ncols() + y.ncols()];
    for ties in [Ties::Count, Ties::Error, Ties::Dither { steps: &steps, seed: 0 }] {
        tally.number(Ksg::new(k).norm(norm).ties(ties).mutual_information(x, y));
    }
    let columns = x.columns().into_iter().filter_map(|column| rounding_step(column.iter().copied()));
    assert!(columns.into_iter().all(|step| step > 0.0 && step.is_finite()));
    let labels: Vec<usize> = (0..y.nrows()).map(|i| i % 3).collect();
    tally.number(Ross::new(k).norm(norm).window(window).mutual_information(x, &labels));
    tally.number(Ross::new(k).norm(norm).mutual_information(x, &labels));
    tally.estimate(LocalNonuniformity::new(k, k.saturating_add(x.ncols())).window(window).estimate(x, y));
    for weight in [0.5, length] {
        tally.result(JensenShannon::new(k).norm(norm).weight(weight).estimate(x, y), |found| {
            found.value().is_finite() && found.distance() >= 0.0 && found.standard_error() >= 0.0
        });
    }
    if let (Ok(x), Ok(y)) = (Samples::new(x), Samples::new(y)) {
        let radii = vec![length; x.len()];
        for search in [&Auto as &dyn NeighborSearch, &BruteForce, &KdTree, &Sorted, &Blocked] {
            for metric in [
                Metric::Norm(norm),
                Metric::Blocks(norm, &[1, window]),
                Metric::Torus(norm, &periods),
                Metric::TorusBlocks(norm, &[1, window], &periods),
            ] {
                for found in [search.among(&x, k, metric, window), search.between(&x, &y, k, metric)] {
                    tally.result(found, |neighbors| neighbors.distances.iter().all(|r| !r.is_nan()));
                }
                let counts = search.count_among(&x, &radii, Boundary::Closed, metric, window);
                tally.result(counts, |counts| counts.iter().all(|&count| count < x.len()));
            }
        }
    }
    tally.0
}

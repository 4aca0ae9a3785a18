//! Calls every estimator and every search with the same input, whatever it is: for the property tests, and for the fuzzer in
//! `fuzz`. None may panic, and what they return must be a number or say what is wrong.

use knn_entropy::*;
use ndarray::{Array2, ArrayView2, s};

/// Settings, all of them as they come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) k: usize,
    pub(crate) norm: u8,
    pub(crate) window: usize,
    pub(crate) number: f64,
    pub(crate) close: u8,
}

fn number(result: Result<f64>) {
    match result {
        Ok(x) => assert!(x.is_finite(), "{x}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn estimate(result: Result<Estimate>) {
    if let Ok(estimate) = result {
        let (low, high) = estimate.sampling_interval(0.9);
        assert!(estimate.local().iter().all(|x| x.is_finite()));
        assert!(estimate.value().is_finite() && low <= high);
    }
}

fn gradient<F: Float>(result: Result<(f64, Array2<F>)>) {
    if let Ok((value, gradient)) = result {
        assert!(value.is_finite() && gradient.iter().all(|g| g.widen().is_finite()));
    }
}

pub(crate) fn call_everything(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>, settings: Settings) {
    let Settings { k, window, number: length, .. } = settings;
    let norm = [Norm::L1, Norm::L2, Norm::LInf][usize::from(settings.norm % 3)];
    let close =
        [ClosePoints::Error, ClosePoints::Floor(length), ClosePoints::Soft(length)][usize::from(settings.close % 3)];
    let periods = vec![length; x.ncols()];
    let weightings = [Weighting::Kth, Weighting::Mean, Weighting::Efficient { bound: length }];
    for weighting in weightings {
        let plain = KozachenkoLeonenko::new(k).norm(norm).weighting(weighting).close_points(close).window(window);
        for estimator in [plain, plain.period(&periods)] {
            number(estimator.entropy(x));
            estimate(estimator.estimate(x));
            gradient(estimator.entropy_and_gradient(x));
            gradient(estimator.entropy_and_gradient(x.mapv(|x| x as f32).view()));
            gradient(estimator.entropy_and_gradient_with_bank(x, y));
            if let Ok(all) = estimator.entropies(x) {
                assert!(all.iter().all(|h| h.is_finite()));
            }
        }
    }
    let renyi = Renyi::new(length, k).norm(norm).close_points(close).window(window);
    number(renyi.entropy(x));
    number(renyi.tsallis_entropy(x));
    let ends = (vec![-length; x.ncols()], vec![length; x.ncols()]);
    for truncated in [Truncated::unit_cube(k), Truncated::new(k, &ends.0, &ends.1)] {
        let truncated = truncated.close_points(close).window(window);
        estimate(truncated.estimate(x));
        gradient(truncated.entropy_and_gradient(x));
    }
    estimate(LombardiPant::new(k, k.saturating_add(x.ncols())).estimate(x));
    for layers in [
        &Correction::WHITENED[..],
        &Correction::COPULA,
        &Correction::GAUSSIAN_COPULA,
        &[Correction::Standardize, Correction::NormalQuantile],
    ] {
        if let Ok(corrected) = correct(x, layers) {
            assert!(corrected.samples.iter().all(|x| x.is_finite()) && corrected.term().is_finite());
        }
    }
    let divergence = Divergence::new(k).k_across(window).norm(norm).close_points(close);
    number(divergence.divergence(x, y));
    number(divergence.shared_rows(SharedRows::LeaveOut).divergence(x, y));
    number(divergence.shared_rows(SharedRows::LeaveOut).divergence(x, x));
    estimate(divergence.cross_entropy_estimate(x, y));
    if let Ok(found) = divergence.divergence_and_gradients(x, y) {
        assert!(found.divergence.is_finite() && found.p.iter().chain(&found.q).all(|g| g.is_finite()));
    }
    for algorithm in [KsgVariant::One, KsgVariant::Two] {
        let ksg = Ksg::new(k).variant(algorithm).norm(norm).window(window);
        number(ksg.mutual_information(x, y));
        number(ksg.multi_information(&[x, y, x]));
        number(ksg.multi_information::<ArrayView2<'_, f64>>(&[]));
        number(ksg.conditional(x, y, x.slice(s![.., ..x.ncols().min(1)])));
        let transfer = TransferEntropy::new(k).source(Embedding::new(window, k)).delay(k).variant(algorithm);
        number(transfer.transfer_entropy(x, y));
        number(transfer.target(Embedding::new(k, window)).source(Embedding::new(1, 1)).transfer_entropy(x, y));
    }
    number(MixedKsg::new(k).norm(norm).window(window).mutual_information(x, y));
    let mixed = MesnerShalizi::new(k).norm(norm).window(window);
    number(mixed.mutual_information(x, y));
    number(mixed.conditional(x, y, x.slice(s![.., ..x.ncols().min(1)])));
    let steps = vec![length; x.ncols() + y.ncols()];
    for ties in [Ties::Count, Ties::Error, Ties::Dither { steps: &steps, seed: 0 }] {
        number(Ksg::new(k).norm(norm).ties(ties).mutual_information(x, y));
    }
    let columns = x.columns().into_iter().filter_map(|column| rounding_step(column.iter().copied()));
    assert!(columns.into_iter().all(|step| step > 0.0 && step.is_finite()));
    let labels: Vec<usize> = (0..y.nrows()).map(|i| i % 3).collect();
    number(Ross::new(k).norm(norm).window(window).mutual_information(x, &labels));
    number(Ross::new(k).norm(norm).mutual_information(x, &labels));
    estimate(LocalNonuniformity::new(k, k.saturating_add(x.ncols())).window(window).estimate(x, y));
    for weight in [0.5, length] {
        if let Ok(found) = JensenShannon::new(k).norm(norm).weight(weight).estimate(x, y) {
            assert!(found.value().is_finite() && found.distance() >= 0.0 && found.standard_error() >= 0.0);
        }
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
                let found = [search.among(&x, k, metric, window), search.between(&x, &y, k, metric)];
                for neighbors in found.into_iter().flatten() {
                    assert!(neighbors.distances.iter().all(|r| !r.is_nan()));
                }
                if let Ok(counts) = search.count_among(&x, &radii, Boundary::Closed, metric, window) {
                    assert!(counts.iter().all(|&count| count < x.len()));
                }
            }
        }
    }
}

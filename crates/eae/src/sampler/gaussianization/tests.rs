use super::*;
use crate::linalg::difference;
use crate::sampler::Gaussian;
use ndarray::{ArrayView1, array};
use ndarray_rand::rand::Rng;
use std::f64::consts::TAU;

/// Eight clusters on a circle of radius 2, with standard deviation 0.2.
fn clusters(n: usize, seed: u64) -> Array2<f64> {
    let mut codes = normal::<f64>(n, 2, seed) * 0.2;
    let rng = &mut ChaCha8Rng::seed_from_u64(seed + 1000);
    for mut code in codes.outer_iter_mut() {
        let angle = rng.random_range(0..8) as f64 * TAU / 8.0;
        code += &array![2.0 * angle.cos(), 2.0 * angle.sin()];
    }
    codes
}

/// A noisy parabola `y = x^2`.
fn banana(n: usize, seed: u64) -> Array2<f64> {
    let mut codes = normal::<f64>(n, 2, seed);
    codes.outer_iter_mut().for_each(|mut code| code[1] = code[0].powi(2) + 0.3 * code[1]);
    codes
}

/// Returns the energy distance (Szekely and Rizzo, 2013) of the samples,
/// `2 E|X - Y| - E|X - X'| - E|Y - Y'|`. It is positive unless the samples are equal.
fn energy(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> f64 {
    let sum = |a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>| -> f64 {
        let distance = |p: ArrayView1<'_, f64>, q: ArrayView1<'_, f64>| (&p - &q).mapv(|x| x * x).sum().sqrt();
        a.outer_iter().map(|p| b.outer_iter().map(|q| distance(p, q)).sum::<f64>()).sum()
    };
    let (n, m) = (x.nrows() as f64, y.nrows() as f64);
    2.0 * sum(x, y) / (n * m) - sum(x, x) / (n * n) - sum(y, y) / (m * m)
}

/// Returns the Kolmogorov-Smirnov statistic: the largest difference between the distribution of
/// values and a distribution function, in units of `1 / sqrt(n)`. One in a hundred samples exceeds
/// 1.63.
fn kolmogorov_smirnov(values: impl IntoIterator<Item = f64>, below: impl Fn(f64) -> f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let off = |(i, &x): (usize, &f64)| (below(x) - i as f64 / n).max((i as f64 + 1.0) / n - below(x));
    values.iter().enumerate().map(off).fold(0.0, f64::max) * n.sqrt()
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * statrs::function::erf::erfc(-x / std::f64::consts::SQRT_2)
}

#[test]
fn inverse_undoes_forward() {
    for (codes, layers) in [(clusters(2_000, 1), 30), (banana(2_000, 1) * 1e6, 30), (normal(500, 7, 1), 5)] {
        let map = Gaussianization::fit(codes.view(), layers, 0).unwrap();
        let others = &codes * 1.1 + 0.1;
        let size = codes.fold(0.0_f64, |most, x| most.max(x.abs()));
        for codes in [codes, others] {
            let again = map.inverse(map.forward(codes.view()).view());
            assert!(difference(&again, &codes) < 1e-9 * size);
        }
    }
}

#[test]
fn maps_codes_to_normal_and_draws_to_codes() {
    for of in [clusters, banana] {
        let codes = of(20_000, 1);
        let map = Gaussianization::fit(codes.view(), 40, 0).unwrap();
        // Codes that were not used for the fit. The critical value of one in a thousand is 1.95.
        let z = map.forward(of(2_000, 2).view());
        for column in z.columns() {
            let statistic = kolmogorov_smirnov(column.to_vec(), normal_cdf);
            assert!(statistic < 1.95, "{statistic}");
        }
        // In two dimensions the squared radius is exponential with mean 2.
        let radius = kolmogorov_smirnov(z.outer_iter().map(|z| z.dot(&z)), |square| 1.0 - (-0.5 * square).exp());
        assert!(radius < 1.95, "{radius}");
        // The distance from codes not used for the fit to draws, relative to the distance to other
        // codes. The ratio is 0.7 for the map, and 10 and 80 for a Gaussian.
        let others = of(1_500, 3);
        let own = energy(of(1_500, 4).view(), others.view());
        let ratio = |draws: Array2<f64>| energy(draws.view(), others.view()) / own;
        let of_map = ratio(map.sample(1_500, 5));
        let of_gaussian = ratio(Gaussian::fit(codes.view()).unwrap().sample(1_500, 5));
        assert!(of_map < 1.5 && of_gaussian > 5.0, "{of_map}, {of_gaussian}");
    }
}

#[test]
fn maps_one_dimension_to_normal() {
    let exponential = |seed| normal::<f64>(3_000, 2, seed).map_axis(Axis(1), |z| 0.5 * z.dot(&z)).insert_axis(Axis(1));
    let map = Gaussianization::fit(exponential(1).view(), 3, 0).unwrap();
    let statistic = kolmogorov_smirnov(map.forward(exponential(2).view()), normal_cdf);
    assert!(statistic < 1.95, "{statistic}");
    let statistic = kolmogorov_smirnov(map.sample::<f64>(2_000, 3), |x| 1.0 - (-x).exp().min(1.0));
    assert!(statistic < 1.95, "{statistic}");
}

#[test]
fn normal_codes_need_few_layers() {
    let map = Gaussianization::fit(normal::<f64>(5_000, 3, 2).view(), 20, 0).unwrap();
    assert!(map.layers() < 10, "{}", map.layers());
}

#[test]
fn codes_in_a_plane_and_equal_codes() {
    let flat = banana(1_000, 1).dot(&array![[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]]);
    let map = Gaussianization::fit(flat.view(), 10, 0).unwrap();
    // The normal of the plane is (1, -2, 1), of length sqrt(6).
    let off = map.sample::<f64>(500, 1).dot(&array![1.0, -2.0, 1.0]);
    let largest = flat.std_axis(Axis(0), 0.0).fold(0.0_f64, |most, &sd| most.max(sd));
    assert!(off.iter().all(|x| x.abs() < 5e-5 * 6.0_f64.sqrt() * 2.0 * largest), "{off}");
    let same = Gaussianization::fit(Array2::from_elem((30, 2), 7.5).view(), 3, 0).unwrap();
    assert!(difference(&same.sample(20, 0), &Array2::from_elem((20, 2), 7.5)) < 1e-4);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let codes = normal::<f64>(1_500, 3, 7).mapv(|x| x.powi(3));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Gaussianization::fit(codes.view(), 6, 3).unwrap())
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn invalid_input_is_an_error() {
    let codes = normal::<f64>(19, 2, 1);
    assert_eq!(Gaussianization::fit(codes.view(), 0, 0), Err(FitError::NoLayers));
    assert_eq!(Gaussianization::fit(codes.view(), 1, 0), Err(FitError::NotEnough { n: 19, needed: 20 }));
}

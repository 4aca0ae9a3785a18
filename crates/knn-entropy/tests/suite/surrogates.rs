//! Checks that surrogate tests reject at their level without dependence, and detect existing
//! dependence.
//!
//! With 19 correct surrogates, the p-value is at most 1/20 in 5 % of tests without dependence.

use knn_entropy::{Ksg, PermutationTest, Surrogates, autocorrelation};
use ndarray::{Array1, Array2, Axis, s};

use crate::{autoregression, normal};

/// Asserts that `rejected` of `tests` is 5 % within four standard deviations.
fn five_percent(rejected: usize, tests: usize, what: &str) {
    let expected = 0.05 * tests as f64;
    let deviation = (0.95 * expected).sqrt();
    assert!((rejected as f64 - expected).abs() < 4.0 * deviation, "{what}: {rejected} of {tests} rejected");
}

fn rejections(tests: u64, p_value: impl Fn(u64) -> f64) -> usize {
    (0..tests).filter(|&seed| p_value(seed) <= 0.05).count()
}

/// Kinds of surrogates for a series.
#[derive(Clone, Copy)]
enum Kind {
    Shuffle,
    Rotate,
    Blocks,
}

fn suggested(kind: Kind, x: &Array2<f64>) -> Surrogates {
    let found = autocorrelation(x.view()).unwrap();
    match kind {
        Kind::Shuffle => Surrogates::Shuffle,
        Kind::Rotate => {
            assert_eq!(found.surrogates(), Surrogates::Rotate { min_shift: found.min_shift() });
            found.surrogates()
        }
        Kind::Blocks => Surrogates::Blocks { length: found.block_length() },
    }
}

#[test]
fn correlation_of_independent_series() {
    let p_value = |kind: Kind, link: f64, seed: u64| {
        let n = 400;
        let x = autoregression(n, 0.95, 2 * seed);
        let y = autoregression(n, 0.95, 2 * seed + 1) + link * &x;
        let centered = |x: &Array2<f64>| -> Array1<f64> { x.column(0).to_owned() - x.mean().unwrap() };
        let (a, b) = (centered(&x), centered(&y));
        let statistic = |rows: &[usize]| Ok(rows.iter().zip(&b).map(|(&row, b)| a[row] * b).sum::<f64>().abs());
        let test = PermutationTest::new(19, seed).surrogates(suggested(kind, &x));
        test.run(n, statistic).unwrap().p_value()
    };
    five_percent(rejections(500, |seed| p_value(Kind::Rotate, 0.0, seed)), 500, "rotation");
    five_percent(rejections(500, |seed| p_value(Kind::Blocks, 0.0, seed)), 500, "blocks");
    // Rows are not independent, so the correlation scatters four times as much as for independent
    // rows.
    assert!(rejections(100, |seed| p_value(Kind::Shuffle, 0.0, seed)) > 45);
    // An existing link is detected.
    for kind in [Kind::Rotate, Kind::Blocks] {
        assert!(rejections(100, |seed| p_value(kind, 1.0, seed)) > 60);
    }
}

#[test]
fn information_between_independent_series() {
    let p_value = |kind: Kind, seed: u64| {
        let n = 300;
        let (x, y) = (autoregression(n, 0.95, 2 * seed), autoregression(n, 0.95, 2 * seed + 1));
        let test = PermutationTest::new(19, seed).surrogates(suggested(kind, &x));
        let ksg = Ksg::new(4);
        test.run(n, |rows| ksg.mutual_information(x.select(Axis(0), rows).view(), y.view())).unwrap().p_value()
    };
    five_percent(rejections(100, |seed| p_value(Kind::Rotate, seed)), 100, "rotation");
    assert!(rejections(20, |seed| p_value(Kind::Shuffle, seed)) > 12);
}

#[test]
fn information_of_variables_with_a_common_cause() {
    // z determines x and y except for a tenth. Without a link, x and y are otherwise independent.
    let n = 150;
    let p_value = |surrogates: Surrogates, link: f64, seed: u64| {
        let noise = normal(n, 3, seed);
        let [z, own, other] = [(0, 1.0), (1, 0.1), (2, 0.1)].map(|(c, scale)| scale * &noise.slice(s![.., c..=c]));
        let (x, y) = (&z + &own, &z + &(link * &own) + other);
        let orders = PermutationTest::new(19, seed).surrogates(surrogates).orders_given(z.view()).unwrap();
        // A large number of neighbors suits a test of independence.
        let ksg = Ksg::new(n / 10);
        orders.run(|rows| ksg.conditional(x.select(Axis(0), rows).view(), y.view(), z.view())).unwrap().p_value()
    };
    let local = Surrogates::Local { k: 4 };
    five_percent(rejections(100, |seed| p_value(local, 0.0, seed)), 100, "local");
    // If x is shuffled, it no longer depends on z, which makes the estimate smaller.
    assert!(rejections(20, |seed| p_value(Surrogates::Shuffle, 0.0, seed)) > 15);
    assert!(rejections(20, |seed| p_value(local, 1.0, seed)) > 15);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let (x, z) = (autoregression(60, 0.5, 1), autoregression(60, 0.5, 2));
    let every = [
        Surrogates::Shuffle,
        Surrogates::Rotate { min_shift: 5 },
        Surrogates::Blocks { length: 7 },
        Surrogates::Local { k: 3 },
    ];
    for surrogates in every {
        let run = || {
            let orders = PermutationTest::new(40, 3).surrogates(surrogates).orders_given(z.view()).unwrap();
            let sum = |rows: &[usize]| rows.iter().enumerate().map(|(i, &row)| i as f64 * x[[row, 0]]).sum::<f64>();
            orders.run(|rows| Ok(sum(rows))).unwrap()
        };
        let with = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
        let one = with(1);
        assert_eq!(one, with(3));
        assert!(one.surrogates().iter().all(|&surrogate| surrogate != one.observed()));
    }
    // Without a condition, a local permutation is a shuffle.
    let test = |surrogates| PermutationTest::new(5, 4).surrogates(surrogates);
    let nothing = Array2::<f64>::zeros((60, 0));
    let local = test(Surrogates::Local { k: 3 }).orders_given(nothing.view()).unwrap();
    assert_eq!(local.order(2), test(Surrogates::Shuffle).orders(60).unwrap().order(2));
}

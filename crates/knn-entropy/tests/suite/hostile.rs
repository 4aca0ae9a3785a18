//! Tests that no input causes a panic or NaN. Every input gives either a correct number or an error
//! that says what is wrong.

use approx::assert_relative_eq;
use knn_entropy::{ClosePoints, Error, KozachenkoLeonenko, Norm};
use ndarray::{Array2, ArrayView2, Axis, Slice, array};
use proptest::prelude::*;

use crate::everything::{Settings, call_everything};
use crate::normal;

fn entropy(x: ArrayView2<'_, f64>, k: usize) -> Result<f64, Error> {
    KozachenkoLeonenko::new(k).entropy(x)
}

#[test]
fn unusable_samples_are_errors() {
    let x = normal(4, 2, 1);
    assert_eq!(entropy(Array2::zeros((0, 2)).view(), 1), Err(Error::NoSamples));
    assert_eq!(entropy(Array2::zeros((3, 0)).view(), 1), Err(Error::NoDimensions));
    assert_eq!(entropy(x.view(), 0), Err(Error::ZeroK));
    assert_eq!(entropy(x.view(), 4), Err(Error::KTooLarge { k: 4, others: 3 }));
    assert_eq!(entropy(x.view(), usize::MAX), Err(Error::KTooLarge { k: usize::MAX, others: 3 }));
    assert_eq!(entropy(normal(1, 2, 1).view(), 1), Err(Error::KTooLarge { k: 1, others: 0 }));
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        let mut x = x.clone();
        x[[2, 1]] = value;
        assert_eq!(entropy(x.view(), 1), Err(Error::NotFinite { row: 2, column: 1, value }));
    }
    let mut with_nan = x.clone();
    with_nan[[1, 0]] = f64::NAN;
    assert!(
        matches!(entropy(with_nan.view(), 1), Err(Error::NotFinite { row: 1, column: 0, value }) if value.is_nan())
    );
    for floor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let estimator = KozachenkoLeonenko::new(1).close_points(ClosePoints::Floor(floor));
        assert!(matches!(estimator.entropy(x.view()), Err(Error::InvalidFloor(_))));
    }
    let far = array![[1.7e308], [-1.7e308]];
    assert_eq!(entropy(far.view(), 1), Err(Error::DistanceOverflow { first: 0, second: 1 }));
}

#[test]
fn duplicates_are_an_error() {
    let x = array![[0.0, 1.0], [3.0, 3.0], [0.0, 1.0], [5.0, 5.0], [0.0, 1.0]];
    assert_eq!(entropy(x.view(), 1), Err(Error::Duplicates { first: 0, second: 2, count: 3, k: 1 }));
    assert_eq!(entropy(x.view(), 2), Err(Error::Duplicates { first: 0, second: 4, count: 3, k: 2 }));
    assert!(entropy(x.view(), 3).unwrap().is_finite());
    assert_eq!(entropy(Array2::ones((6, 3)).view(), 5), Err(Error::Singular { column: 0 }));
    let message = entropy(x.view(), 1).unwrap_err().to_string();
    assert!(
        message.starts_with("3 rows coincide with their neighbor number 1, the first of them rows 0 and 2 (from 0);")
    );
    let floor = KozachenkoLeonenko::new(1).close_points(ClosePoints::Floor(1e-3));
    let (h, g) = floor.entropy_and_gradient(x.view()).unwrap();
    assert!(h.is_finite() && g.iter().all(|g| g.is_finite()));
    assert_eq!(g.row(0).to_vec(), [0.0, 0.0]);
}

#[test]
fn accepts_views_of_any_strides() {
    let x = normal(12, 4, 1);
    let columns_first = x.t().as_standard_layout().to_owned();
    let expected = entropy(x.view(), 2).unwrap();
    assert_eq!(entropy(columns_first.t(), 2).unwrap(), expected);
    let mut backwards = x.clone();
    backwards.invert_axis(Axis(1));
    let mut view = backwards.view();
    view.invert_axis(Axis(1));
    assert_eq!(entropy(view, 2).unwrap(), expected);
    let every_other = x.slice_axis(Axis(0), Slice::new(0, None, 2));
    assert_eq!(entropy(every_other, 2).unwrap(), entropy(every_other.to_owned().view(), 2).unwrap());
    let row = array![1.0, 2.0];
    let repeated = row.broadcast((3, 2)).unwrap();
    assert!(matches!(entropy(repeated, 1), Err(Error::Duplicates { .. })));
}

#[test]
fn volume_does_not_underflow_in_many_dimensions() {
    // The unit ball's volume is 0 in double precision from d = 343 on; its logarithm is not.
    for d in [400, 5_000] {
        let x = normal(20, d, 1);
        let truth = d as f64 / 2.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
        let h = entropy(x.view(), 1).unwrap();
        assert!((h / truth - 1.0).abs() < 0.3, "d = {d}: {h} for {truth}");
    }
}

#[test]
fn estimates_work_at_every_scale() {
    let x = normal(30, 3, 1);
    let h = entropy(x.view(), 2).unwrap();
    for norm in [Norm::L1, Norm::L2, Norm::LInf] {
        let estimator = KozachenkoLeonenko::new(2).norm(norm);
        let h = estimator.entropy(x.view()).unwrap();
        for scale in [1e-300, 1e-200, 1e200, 1e300] {
            let (scaled, g) = estimator.entropy_and_gradient((&x * scale).view()).unwrap();
            assert_relative_eq!(scaled, h + 3.0 * f64::ln(scale), max_relative = 1e-12);
            assert!(g.iter().all(|g| g.is_finite()));
        }
    }
    // Single-precision samples, up to the ends of the range.
    let single = x.mapv(|x| x as f32);
    for scale in [1e-36_f32, 1e36] {
        let scaled = KozachenkoLeonenko::new(2).entropy((&single * scale).view()).unwrap();
        assert_relative_eq!(scaled, h + 3.0 * f64::from(scale).ln(), epsilon = 1e-4);
    }
}

#[test]
fn gradient_overflow_is_an_error() {
    // Neighbors on both sides are at a distance whose inverse overflows, and infinity minus
    // infinity would be NaN.
    let x = array![[0.0], [1.0], [2.0], [4.0]];
    for norm in [Norm::L1, Norm::L2, Norm::LInf] {
        let estimator = KozachenkoLeonenko::new(1).norm(norm);
        let tiny = &x * 1e-310;
        assert!(estimator.entropy(tiny.view()).unwrap().is_finite());
        assert_eq!(
            estimator.entropy_and_gradient(tiny.view()).unwrap_err(),
            Error::GradientOverflow { row: 0, column: 0 }
        );
        // Single precision overflows earlier.
        let tiny = x.mapv(|x| 1e-40 * x as f32);
        assert_eq!(
            estimator.entropy_and_gradient(tiny.view()).unwrap_err(),
            Error::GradientOverflow { row: 0, column: 0 }
        );
        assert!(estimator.entropy_and_gradient(tiny.mapv(f64::from).view()).is_ok());
    }
}

/// Draws hostile numbers.
fn nasty() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -2.0..2.0_f64,
        prop::sample::select(vec![0.0, -0.0, 1.0, 5e-324, 1e-310, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, 1e-160]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn entropy_never_panics_or_returns_nan(
        (n, d, numbers) in (0..8_usize, 0..4_usize).prop_flat_map(|(n, d)| (Just(n), Just(d), prop::collection::vec(nasty(), n * d))),
        k in 0..9_usize, norm in 0..3_usize, floor in prop::option::of(nasty()),
    ) {
        let x = Array2::from_shape_vec((n, d), numbers).unwrap();
        let norm = [Norm::L1, Norm::L2, Norm::LInf][norm];
        let estimator = KozachenkoLeonenko::new(k).norm(norm);
        let estimator = floor.map_or(estimator, |floor| estimator.close_points(ClosePoints::Floor(floor)));
        match estimator.entropy_and_gradient(x.view()) {
            Ok((h, g)) => {
                prop_assert!(h.is_finite());
                prop_assert!(g.iter().all(|g| g.is_finite()));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn no_function_panics_or_returns_nan(
        (n, d, numbers) in (0..12_usize, 0..4_usize)
            .prop_flat_map(|(n, d)| (Just(n), Just(d), prop::collection::vec(nasty(), n * d))),
        (m, numbers_of_y) in (0..12_usize).prop_flat_map(|m| (Just(m), prop::collection::vec(nasty(), 3 * m))),
        k in prop_oneof![0..5_usize, Just(usize::MAX), Just(1_usize << 40)],
        norm: u8, close: u8, window in prop_oneof![0..4_usize, Just(usize::MAX)], number in nasty(),
    ) {
        let x = Array2::from_shape_vec((n, d), numbers).unwrap();
        // Half of the time, y has the shape of x.
        let y = if m % 2 == 0 { x.mapv(|x| x / 2.0 + 0.1) } else {
            Array2::from_shape_vec((m, d), numbers_of_y[..m * d].to_vec()).unwrap()
        };
        call_everything(x.view(), y.view(), Settings { k, norm, window, number, close });
    }

    #[test]
    fn ordinary_samples_with_flaws(n in 8..40_usize, d in 1..4_usize, seed: u64, flaw in 0..6_u8, k in 1..5_usize, norm: u8) {
        // These samples get deeper into the estimators than numbers that are mostly rejected.
        let mut x = normal(n, d, seed);
        match flaw {
            0 => x.column_mut(0).fill(1.0),
            1 => x.row_mut(1).fill(0.0),
            2 => { let first = x.row(0).to_owned(); x.row_mut(1).assign(&first); }
            3 => x.mapv_inplace(|x| x.round()),
            4 => x.mapv_inplace(|x| x * 5e-324 / 5e-10),
            _ => x.mapv_inplace(|x| 1.0 / (1.0 + x.exp())),
        }
        let y = normal(n, d, !seed);
        call_everything(x.view(), y.view(), Settings { k, norm, window: 1, number: 1.5, close: flaw });
    }
}

#[test]
fn wide_tables_have_results() {
    let settings = Settings { k: 2, norm: 1, window: 0, number: 9.0, close: 0 };
    let results = call_everything(normal(12, 400, 1).view(), normal(12, 400, 2).view(), settings);
    assert!(results >= 60, "{results}");
}

#[test]
fn ordinary_samples_have_results() {
    let settings = Settings { k: 3, norm: 1, window: 1, number: 9.0, close: 0 };
    let results = call_everything(normal(60, 2, 1).view(), normal(60, 2, 2).view(), settings);
    assert!(results >= 120, "{results}");
}

//! Compares measures of series with closed forms and with information between slices, and tests the
//! scan over delays.

use approx::assert_abs_diff_eq;
use knn_entropy::{
    ActiveInformationStorage, Condition, Embedded, Embedding, Error, Ksg, KsgVariant, PermutationTest, Surrogates,
    TransferEntropy,
};
use ndarray::{Array2, ArrayView2, Axis, concatenate, s};
use proptest::prelude::*;

use crate::{autoregression, normal};

fn column(series: &Array2<f64>, c: usize) -> ArrayView2<'_, f64> {
    series.slice(s![.., c..=c])
}

#[test]
fn storage_of_autoregressions() {
    let phi = 0.8;
    let truth = -0.5 * f64::ln(1.0 - phi * phi);
    let series = autoregression(4000, phi, 1);
    for variant in [KsgVariant::One, KsgVariant::Two] {
        let storage = ActiveInformationStorage::new(4).variant(variant);
        assert_abs_diff_eq!(storage.information(series.view()).unwrap(), truth, epsilon = 0.05);
        // Given the last value, the rest of the past has no information about the future. Given the
        // first future value, the second adds nothing.
        assert_abs_diff_eq!(storage.future(2).information(series.view()).unwrap(), truth, epsilon = 0.05);
    }
    // y_t = phi y_(t-2) + e_t consists of two interleaved series.
    let (even, odd) = (autoregression(2000, phi, 2), autoregression(2000, phi, 3));
    let both = Array2::from_shape_fn((4000, 1), |(t, _)| if t % 2 == 0 { even[[t / 2, 0]] } else { odd[[t / 2, 0]] });
    let storage = ActiveInformationStorage::new(4);
    assert_abs_diff_eq!(storage.information(both.view()).unwrap(), 0.0, epsilon = 0.05);
    let two = storage.past(Embedding::new(2, 1));
    assert_abs_diff_eq!(two.information(both.view()).unwrap(), truth, epsilon = 0.05);
    let direct = Ksg::new(4)
        .mutual_information(
            concatenate![Axis(1), both.slice(s![2..3999, ..]), both.slice(s![..3997, ..])].view(),
            both.slice(s![3..4000, ..]),
        )
        .unwrap();
    assert_eq!(storage.past(Embedding::new(2, 2)).information(both.view()).unwrap(), direct);
}

#[test]
fn indirect_link_vanishes_given_the_series_between() {
    // x -> c -> y, one step each. The transfer entropy is 1/2 ln(1 + 1 / (2 s^2)), and 0 given c.
    let (n, s) = (4000, 0.6);
    let mut series = normal(n, 3, 4);
    let noise = s * &series;
    for t in 1..n {
        series[[t, 1]] = series[[t - 1, 0]] + noise[[t, 1]];
        series[[t, 2]] = series[[t - 1, 1]] + noise[[t, 2]];
    }
    let [x, c, y] = [0, 1, 2].map(|i| column(&series, i));
    let truth = 0.5 * (1.0 + 1.0 / (2.0 * s * s)).ln();
    for variant in [KsgVariant::One, KsgVariant::Two] {
        let estimator = TransferEntropy::new(4).delay(2).variant(variant);
        assert_abs_diff_eq!(estimator.transfer_entropy(x, y).unwrap(), truth, epsilon = 0.05);
        assert_abs_diff_eq!(
            estimator.given(&[Condition::new(&c)]).transfer_entropy(x, y).unwrap(),
            0.0,
            epsilon = 0.05
        );
    }
    // The link from c to y remains given x: 1/2 ln(1 + Var(c | x) / s^2) = 1/2 ln 2.
    let estimator = TransferEntropy::new(4);
    let found = estimator.given(&[Condition::new(&x).delay(2)]).transfer_entropy(c, y).unwrap();
    assert_abs_diff_eq!(found, 0.5 * 2_f64.ln(), epsilon = 0.05);
}

#[test]
fn common_driver_needs_the_right_delay() {
    // d drives x one step later and y two steps later.
    let n = 3000;
    let mut series = normal(n, 3, 5);
    let noise = 0.5 * &series;
    for t in 2..n {
        series[[t, 1]] = series[[t - 1, 0]] + noise[[t, 1]];
        series[[t, 2]] = series[[t - 2, 0]] + noise[[t, 2]];
    }
    let [d, x, y] = [0, 1, 2].map(|i| column(&series, i));
    let estimator = TransferEntropy::new(4);
    let given = |condition: Condition<'_>| estimator.given(&[condition]).transfer_entropy(x, y).unwrap();
    // x_(t-1) and y_t have correlation 1 / 1.25.
    let truth = -0.5 * f64::ln(1.0 - 0.64);
    assert_abs_diff_eq!(given(Condition::new(&d)), truth, epsilon = 0.08);
    assert_abs_diff_eq!(given(Condition::new(&d).delay(2)), 0.0, epsilon = 0.05);
    assert_abs_diff_eq!(given(Condition::new(&d).embedding(Embedding::new(2, 1))), 0.0, epsilon = 0.05);
}

#[test]
fn conditional_transfer_entropy_equals_that_of_slices() {
    let series = normal(60, 4, 6);
    let [x, y, c, b] = [0, 1, 2, 3].map(|i| column(&series, i));
    let conditions = [Condition::new(&c).embedding(Embedding::new(2, 3)).delay(4), Condition::new(&b)];
    let estimator = TransferEntropy::new(3).source(Embedding::new(2, 1)).delay(2).target(Embedding::new(2, 2));
    let estimator = estimator.given(&conditions);
    // The first time with all pasts is 4 + 3 = 7.
    let at = |series: ArrayView2<'_, f64>, back: usize| series.slice(s![7 - back..60 - back, ..]).to_owned();
    let embedded = estimator.embed(x, y).unwrap();
    assert!(embedded.times.iter().copied().eq(7..60));
    assert_eq!(embedded.source, concatenate![Axis(1), at(x, 2), at(x, 3)]);
    assert_eq!(embedded.next, at(y, 0));
    assert_eq!(embedded.target, concatenate![Axis(1), at(y, 1), at(y, 3)]);
    assert_eq!(embedded.conditions, concatenate![Axis(1), at(c, 4), at(c, 7), at(b, 1)]);
    let given = concatenate![Axis(1), embedded.target, embedded.conditions];
    let direct = Ksg::new(3).conditional(embedded.source.view(), embedded.next.view(), given.view()).unwrap();
    assert_eq!(estimator.transfer_entropy(x, y).unwrap(), direct);
}

/// Draws two series, of which the second follows the first with a delay of `delay` steps.
fn linked(n: usize, delay: usize, link: f64, seed: u64) -> (Array2<f64>, Array2<f64>) {
    let (x, mut y) = (autoregression(n, 0.5, 2 * seed), autoregression(n, 0.5, 2 * seed + 1));
    for t in delay..n {
        y[[t, 0]] += link * x[[t - delay, 0]];
    }
    (x, y)
}

#[test]
fn scan_finds_the_delay() {
    let (x, y) = linked(300, 3, 0.8, 1);
    let estimator = TransferEntropy::new(4);
    let scan = estimator.scan(x.view(), y.view(), 1..=5, PermutationTest::new(99, 1)).unwrap();
    let best = scan.best();
    assert_eq!((best.delay, best.p_value, best.corrected_p_value), (3, 0.01, 0.01));
    // All delays are estimated at the times from 5 on.
    let (next, past) = (y.slice(s![5.., ..]), y.slice(s![4..299, ..]));
    for (found, delay) in scan.delays().zip(1..) {
        let source = x.slice(s![5 - delay..300 - delay, ..]);
        assert_eq!(found.delay, delay);
        assert_eq!(found.transfer_entropy, Ksg::new(4).conditional(source, next, past).unwrap());
        assert!(found.corrected_p_value >= found.p_value);
    }
    // A scan of one delay is a plain test.
    let (one, test) = (estimator.delay(3), PermutationTest::new(19, 2));
    let alone = one.significance(x.view(), y.view(), test).unwrap();
    assert_eq!(one.scan(x.view(), y.view(), 3..=3, test).unwrap().family().members()[0], alone);
    assert_eq!(alone.observed(), one.transfer_entropy(x.view(), y.view()).unwrap());
    // Surrogates of any kind can be chosen.
    for surrogates in [Surrogates::Shuffle, Surrogates::Blocks { length: 20 }, Surrogates::Local { k: 5 }] {
        let test = test.surrogates(surrogates);
        assert_eq!(estimator.scan(x.view(), y.view(), 2..=3, test).unwrap().best().corrected_p_value, 0.05);
    }
}

#[test]
fn conditional_scan_finds_no_indirect_link() {
    // x -> c -> y, one step each.
    let mut series = normal(300, 3, 10);
    let noise = 0.8 * &series;
    for t in 1..300 {
        series[[t, 1]] = series[[t - 1, 0]] + noise[[t, 1]];
        series[[t, 2]] = series[[t - 1, 1]] + noise[[t, 2]];
    }
    let [x, c, y] = [0, 1, 2].map(|i| column(&series, i));
    let (estimator, test) = (TransferEntropy::new(4), PermutationTest::new(39, 1));
    let plain = estimator.scan(x, y, 1..=3, test).unwrap().best();
    assert_eq!((plain.delay, plain.corrected_p_value), (2, 0.025));
    let conditions = [Condition::new(&c)];
    let estimator = estimator.given(&conditions);
    let conditional = estimator.scan(x, y, 1..=3, test).unwrap();
    assert!(conditional.delays().all(|delay| delay.corrected_p_value > 0.05), "{conditional:?}");
    let alone = estimator.delay(2).significance(x, y, test).unwrap();
    assert!(alone.p_value() > 0.05);
}

#[test]
fn corrected_p_values_are_rarely_small_by_chance() {
    let (mut corrected, mut smallest) = (0, 0);
    let tests = 80;
    for seed in 0..tests {
        let (x, y) = linked(90, 1, 0.0, 100 + seed);
        let test = PermutationTest::new(19, seed);
        let scan = TransferEntropy::new(4).scan(x.view(), y.view(), 1..=6, test).unwrap();
        corrected += usize::from(scan.best().corrected_p_value <= 0.05);
        smallest += usize::from(scan.delays().any(|delay| delay.p_value <= 0.05));
    }
    // The expected number is 4 of 80, with a standard deviation of 1.95.
    assert!(corrected <= 11, "{corrected}");
    // With six chances of 5 % each, an uncorrected test would be wrong in about a quarter of cases.
    assert!(smallest > 11, "{smallest}");
}

#[test]
fn settings_without_samples_are_errors() {
    let (x, y) = (normal(30, 1, 8), normal(30, 1, 9));
    let (x, y) = (x.view(), y.view());
    let plain = TransferEntropy::new(3);
    for (zero, setting) in [
        (plain.source(Embedding::new(0, 1)), "the number of past values of the source"),
        (plain.source(Embedding::new(1, 0)), "the lag of the source"),
        (plain.target(Embedding::new(1, 0)), "the lag of the target"),
        (plain.delay(0), "the delay of the source"),
    ] {
        assert_eq!(zero.transfer_entropy(x, y), Err(Error::ZeroSetting { setting }));
        assert_eq!(zero.embed(x, y).unwrap_err().to_string(), format!("{setting} is 0; use at least 1"));
    }
    let condition = Condition::new(&x);
    for zero in
        [condition.delay(0), condition.embedding(Embedding::new(0, 1)), condition.embedding(Embedding::new(1, 0))]
    {
        assert!(matches!(plain.given(&[zero]).transfer_entropy(x, y), Err(Error::ZeroSetting { .. })));
    }
    let far = Error::SeriesTooShort { length: 30, needed: 31 };
    assert_eq!(plain.delay(30).transfer_entropy(x, y), Err(far.clone()));
    assert_eq!(plain.given(&[condition.delay(30)]).transfer_entropy(x, y), Err(far));
    assert!(matches!(plain.delay(usize::MAX).transfer_entropy(x, y), Err(Error::SeriesTooShort { .. })));
    assert_eq!(plain.transfer_entropy(x, y.slice(s![1.., ..])), Err(Error::RowMismatch { one: 30, other: 29 }));
    let short = x.slice(s![..7, ..]);
    assert_eq!(
        plain.given(&[Condition::new(&short)]).transfer_entropy(x, y),
        Err(Error::RowMismatch { one: 30, other: 7 })
    );
    let test = PermutationTest::new(9, 0);
    let scan = |delays, test| plain.scan(x, y, delays, test).map(|scan| scan.best());
    assert!(matches!(scan(0..=2, test), Err(Error::ZeroSetting { .. })));
    #[expect(clippy::reversed_empty_ranges, reason = "the test expects the error")]
    let empty = 3..=2;
    assert_eq!(scan(empty, test), Err(Error::NoDelays { first: 3, last: 2 }));
    assert!(matches!(scan(1..=usize::MAX, test), Err(Error::SeriesTooShort { .. })));
    assert_eq!(scan(1..=2, PermutationTest::new(0, 0)), Err(Error::NoSurrogates));
    assert!(matches!(scan(1..=2, PermutationTest::new(99, 0)), Err(Error::TooFewRotations { surrogates: 99, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_series_causes_a_panic(
        numbers in prop::collection::vec(prop_oneof![-2.0..2.0_f64, Just(0.0), Just(1e308), Just(-1.7e308), Just(f64::NAN)], 0..24),
        k in 0..4_usize, length in 0..4_usize, lag in prop_oneof![0..4_usize, Just(usize::MAX)],
        delay in prop_oneof![0..4_usize, Just(usize::MAX)], kind in 0..4_usize, flawed: bool,
    ) {
        let n = numbers.len();
        let y = if flawed { Array2::from_shape_vec((n, 1), numbers).unwrap() } else { normal(n, 1, k as u64) };
        let x = normal(n, 1, n as u64);
        let surrogates = [
            Surrogates::Shuffle,
            Surrogates::Rotate { min_shift: delay },
            Surrogates::Blocks { length: lag },
            Surrogates::Local { k: length },
        ];
        let test = PermutationTest::new(k, 1).surrogates(surrogates[kind]);
        let past = Embedding::new(length, lag);
        if let Ok(found) = ActiveInformationStorage::new(k).past(past).future(delay).information(y.view()) {
            prop_assert!(found.is_finite());
        }
        let conditions = [Condition::new(&x).embedding(past).delay(delay)];
        let estimator = TransferEntropy::new(k).source(past).delay(delay);
        if let Ok(scan) = estimator.given(&conditions).scan(y.view(), x.view(), 1..=delay, test) {
            prop_assert!(scan.delays().all(|found| found.transfer_entropy.is_finite() && found.p_value > 0.0));
        }
        if let Ok(found) = estimator.significance(x.view(), y.view(), PermutationTest::new(k, 1)) {
            prop_assert!(found.p_value() > 0.0 && found.mean().is_finite());
        }
        if let Ok(found) = knn_entropy::autocorrelation(y.view()) {
            prop_assert!(found.time().is_finite() && found.min_shift() > 0 && found.block_length() > 0);
        }
    }
}

#[test]
fn trials_are_series_of_their_own() {
    let (x, y) = linked(120, 1, 0.8, 3);
    let (trials, estimator) = ([50, 2, 68], TransferEntropy::new(3).target(Embedding::new(2, 1)));
    let embedded = estimator.trials(&trials).embed(x.view(), y.view()).unwrap();
    assert!(embedded.times.iter().copied().eq((2..50).chain(54..120)));
    assert_eq!(embedded.trials, [48, 66]);
    let parts = [0..50, 52..120].map(|rows| {
        let part = |series: &Array2<f64>| series.slice(s![rows.clone(), ..]).to_owned();
        estimator.embed(part(&x).view(), part(&y).view()).unwrap()
    });
    let both = |of: fn(&Embedded) -> &Array2<f64>| concatenate![Axis(0), *of(&parts[0]), *of(&parts[1])];
    assert_eq!(embedded.source, both(|part| &part.source));
    assert_eq!(embedded.next, both(|part| &part.next));
    assert_eq!(embedded.target, both(|part| &part.target));
    // All trials in one is the default.
    let whole = estimator.trials(&[120]).transfer_entropy(x.view(), y.view());
    assert_eq!(whole, estimator.transfer_entropy(x.view(), y.view()));
    let short = estimator.trials(&[2; 60]).transfer_entropy(x.view(), y.view());
    assert_eq!(short, Err(Error::SeriesTooShort { length: 2, needed: 3 }));
    let storage = ActiveInformationStorage::new(3).trials(&trials).future(2).embed(x.view()).unwrap();
    assert!(storage.times.iter().copied().eq((1..49).chain(53..119)));
    assert_eq!(storage.trials, [48, 66]);
}

#[test]
fn levels_of_trials_are_no_transfer() {
    // In each of 20 trials of 40 rows the series have a level of their own, and nothing else in
    // common. A surrogate keeps the levels, so that the level of the test is kept.
    let trials = [40; 20];
    let rejected = (0..40).filter(|&seed| {
        let mut series = normal(800, 2, seed);
        for (trial, level) in normal(20, 2, 1000 + seed).outer_iter().enumerate() {
            let mut rows = series.slice_mut(s![40 * trial..40 * (trial + 1), ..]);
            rows += &(3.0 * &level);
        }
        let estimator = TransferEntropy::new(4).trials(&trials);
        let test = PermutationTest::new(19, seed);
        estimator.significance(column(&series, 0), column(&series, 1), test).unwrap().p_value() <= 0.05
    });
    // 2 of 40 are expected, and 7 or more have a probability of 0.003.
    assert!(rejected.count() < 7);
}

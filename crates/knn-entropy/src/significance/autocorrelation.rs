use std::ops::Range;

use ndarray::ArrayView1;

use crate::math::compensated_sum;
use crate::settings::trials::{longest, ranges};
use crate::{Result, Surrogates, ToSamples};

/// Number of lags that are compared with white noise.
const TESTED_LAGS: usize = 10;
/// The longest lag that is summed.
const LONGEST_LAG: usize = 10_000;
/// Limit on the number of summed products, so that a slow series of a million rows takes a second
/// or two.
const PRODUCTS: usize = 1_000_000_000;
/// Limits on the period of a season and on the number of products that are summed to find it.
const LONGEST_PERIOD: usize = 2000;
const PERIOD_PRODUCTS: usize = 100_000_000;
/// Smallest autocorrelation at one, two and three periods of a season. It is also at least this
/// many standard deviations of the autocorrelation of a series without a season.
const SEASONAL: f64 = 0.2;
const DEVIATIONS: f64 = 2.5;
/// Length of a block in integrated autocorrelation times. With 2 instead of 4, 8 % of tests at the
/// 5 % level find a dependence between independent autoregressions of 300 rows.
const TIMES_PER_BLOCK: f64 = 4.0;

/// The dependence of the rows of a series on earlier rows. Returned by
/// [`autocorrelation`](autocorrelation()).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Autocorrelation {
    rows: usize,
    /// The number of rows of the longest trial.
    longest: usize,
    largest: f64,
    time: f64,
    period: Option<usize>,
}

/// Measures the dependence of rows on earlier rows, for the column with the largest dependence.
///
/// With `rho(l)` the autocorrelation at lag `l`, the integrated autocorrelation time is
///
/// ```text
/// tau = 1 + 2 sum_(l >= 1) rho(l)
/// ```
///
/// summed over pairs `rho(2m) + rho(2m + 1)` up to the first pair that is not positive, the initial
/// positive sequence of Geyer (Statistical Science 7, 1992). Lags above half the rows, above 10 000
/// or above `10^9 / n` are left out. `n` rows determine a mean as precisely as `n / tau`
/// independent rows. A constant column has `rho` 0.
///
/// ```
/// use knn_entropy::{Surrogates, autocorrelation};
/// use ndarray::Array2;
///
/// let wave = Array2::from_shape_fn((500, 1), |(t, _)| (0.1 * t as f64).sin());
/// let found = autocorrelation(wave.view())?;
/// assert!(found.is_significant());
/// assert!(matches!(found.surrogates(), Surrogates::Rotate { .. }));
/// # Ok::<(), knn_entropy::Error>(())
/// ```
///
/// A sorted table looks like a series even if its rows are independent. Shuffle it first.
///
/// # Errors
///
/// [`NoSamples`](crate::Error::NoSamples), [`NoDimensions`](crate::Error::NoDimensions),
/// [`NotFinite`](crate::Error::NotFinite).
pub fn autocorrelation(series: impl ToSamples) -> Result<Autocorrelation> {
    let series = series.to_samples()?;
    autocorrelation_within(&series, &[series.len()])
}

/// Measures the dependence of rows on earlier rows of the same trial. `trials` has the number of
/// rows of each trial.
///
/// See [`autocorrelation`](autocorrelation()). Each column has the mean of each trial subtracted,
/// so that a difference between trials is not taken for a dependence on earlier rows. Half of the
/// rows, the limit of lags, becomes half of the longest trial.
///
/// # Errors
///
/// See [`autocorrelation`](autocorrelation()). Also [`TrialLengths`](crate::Error::TrialLengths).
pub fn autocorrelation_within(series: impl ToSamples, trials: &[usize]) -> Result<Autocorrelation> {
    let series = series.to_samples()?;
    let trials = ranges(trials, series.len())?;
    let longest = longest(&trials);
    let mut found = Autocorrelation { rows: series.len(), longest, largest: 0.0, time: 1.0, period: None };
    for column in series.view().columns() {
        let correlations = Correlations::new(column, &trials);
        let tested = 1..=TESTED_LAGS.min(longest / 2);
        found.largest = tested.map(|lag| correlations.at(lag).abs()).fold(found.largest, f64::max);
        let time = correlations.integrated(longest);
        found.time = found.time.max(time);
        found.period = found.period.or_else(|| correlations.period(longest, time));
    }
    Ok(found)
}

impl Autocorrelation {
    /// Returns the integrated autocorrelation time in rows: the largest of all columns, and at
    /// least 1.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Returns the period in rows of a season, such as 24 for hourly rows that depend on the time
    /// of day, or `None` if no column has one. With several columns, it is the period of the first
    /// column that has one.
    ///
    /// The autocorrelation at one, two and three periods must be at least 0.2, and at least 2.5
    /// times `sqrt(tau / n)`. Periods above a quarter of the rows, above 2000 or above `10^8 / n`
    /// are not found.
    pub fn period(&self) -> Option<usize> {
        self.period
    }

    /// Returns true if rows depend on earlier rows. The criterion is that the autocorrelation of a
    /// column at a lag from 1 to 10 exceeds `4 / sqrt(n)`, four standard deviations for white
    /// noise.
    pub fn is_significant(&self) -> bool {
        self.largest > 4.0 / (self.rows as f64).sqrt()
    }

    /// Returns a shift beyond which the series hardly depends on itself, for
    /// [`Surrogates::Rotate`]. It is the integrated autocorrelation time, but at most a quarter of
    /// the rows of the longest trial, so that half of its rotations remain.
    pub fn min_shift(&self) -> usize {
        (self.time.ceil() as usize).min(self.longest / 4).max(1)
    }

    /// Returns a length for [`Surrogates::Blocks`]. It is four times the integrated autocorrelation
    /// time, but at most a quarter of the rows of the longest trial, which then has at least four
    /// blocks.
    pub fn block_length(&self) -> usize {
        ((TIMES_PER_BLOCK * self.time).ceil() as usize).min(self.longest / 4).max(1)
    }

    /// Returns surrogates that suit the rows: rotations if the autocorrelation is
    /// [significant](Autocorrelation::is_significant), and shuffles otherwise.
    pub fn surrogates(&self) -> Surrogates {
        match self.is_significant() {
            true => Surrogates::Rotate { min_shift: self.min_shift() },
            false => Surrogates::Shuffle,
        }
    }
}

/// A column minus the mean of each trial, and the sum of squares.
struct Correlations<'t> {
    deviations: Vec<f64>,
    squares: f64,
    trials: &'t [Range<usize>],
}

impl<'t> Correlations<'t> {
    fn new(column: ArrayView1<'_, f64>, trials: &'t [Range<usize>]) -> Self {
        // Dividing by the largest value keeps squares in range.
        let largest = column.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let mut deviations: Vec<f64> = column.iter().map(|x| if largest > 0.0 { x / largest } else { 0.0 }).collect();
        for trial in trials {
            let mean = compensated_sum(deviations[trial.clone()].iter().copied()) / trial.len() as f64;
            deviations[trial.clone()].iter_mut().for_each(|x| *x -= mean);
        }
        let spread = deviations.iter().fold(0.0_f64, |spread, x| spread.max(x.abs()));
        // A constant column deviates from its mean only by rounding.
        if spread <= 4.0 * f64::EPSILON {
            deviations.fill(0.0);
        } else {
            deviations.iter_mut().for_each(|x| *x /= spread);
        }
        let squares = compensated_sum(deviations.iter().map(|x| x * x));
        Self { deviations, squares, trials }
    }

    fn at(&self, lag: usize) -> f64 {
        if self.squares == 0.0 {
            return 0.0;
        }
        let products = |trial: &Range<usize>| {
            let values = &self.deviations[trial.clone()];
            let late = values.get(lag..).unwrap_or_default();
            ArrayView1::from(&values[..late.len()]).dot(&ArrayView1::from(late))
        };
        self.trials.iter().map(products).sum::<f64>() / self.squares
    }

    /// Returns the integrated autocorrelation time. The longest trial has `longest` rows.
    fn integrated(&self, longest: usize) -> f64 {
        let last = LONGEST_LAG.min(longest / 2).min(PRODUCTS / self.deviations.len());
        let mut time = -1.0;
        for lag in (0..last).step_by(2) {
            let pair = if lag == 0 { 1.0 } else { self.at(lag) } + self.at(lag + 1);
            if pair <= 0.0 {
                break;
            }
            time += 2.0 * pair;
        }
        time
    }

    /// Returns the period of a season. `time` is the integrated autocorrelation time.
    fn period(&self, longest: usize, time: f64) -> Option<usize> {
        let n = self.deviations.len();
        let last = LONGEST_PERIOD.min(longest / 4).min(PERIOD_PRODUCTS / n);
        let correlations: Vec<f64> = (0..=last).map(|lag| self.at(lag)).collect();
        // Neighboring rows of a slow season resemble each other, too.
        let start = correlations.iter().position(|&rho| rho <= 0.0)?;
        let largest = correlations[start..].iter().fold(0.0_f64, |largest, &rho| largest.max(rho));
        let is_peak = |lag: usize| {
            let next = correlations.get(lag + 1).is_none_or(|&next| next <= correlations[lag]);
            correlations[lag] >= correlations[lag - 1] && next
        };
        // Two periods may have a larger autocorrelation than one by chance.
        let lag = (start.max(2)..=last).find(|&lag| correlations[lag] > 0.85 * largest && is_peak(lag))?;
        let least = SEASONAL.max(DEVIATIONS * (time / n as f64).sqrt());
        // A sum over fewer products is smaller.
        let corrected = |lag: usize| self.at(lag) * n as f64 / (n - lag) as f64;
        (1..=3).all(|times| corrected(times * lag) >= least).then_some(lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use ndarray::{Array2, array};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    fn autoregression(n: usize, phi: f64, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut last = 0.0;
        Array2::from_shape_simple_fn((n, 1), || {
            last = phi * last + rng.next_u32() as f64 / f64::from(u32::MAX) - 0.5;
            last
        })
    }

    #[test]
    fn time_of_an_autoregression() {
        // 1 + 2 sum phi^l = (1 + phi) / (1 - phi).
        for (phi, truth) in [(0.0, 1.0), (0.5, 3.0), (0.9, 19.0)] {
            let found = autocorrelation(autoregression(40_000, phi, 1).view()).unwrap();
            assert!((found.time() / truth - 1.0).abs() < 0.15, "phi = {phi}: {}", found.time());
            assert_eq!(found.is_significant(), phi > 0.0);
        }
        // The slowest column counts.
        let both = ndarray::concatenate![ndarray::Axis(1), autoregression(4000, 0.0, 2), autoregression(4000, 0.9, 3)];
        assert!(autocorrelation(both.view()).unwrap().time() > 12.0);
    }

    #[test]
    fn white_noise_is_rarely_significant() {
        // Each of ten lags exceeds four standard deviations with probability 6e-5.
        let called = |&seed: &u64| autocorrelation(autoregression(200, 0.0, seed).view()).unwrap().is_significant();
        assert!((0..1000).filter(called).count() <= 5);
    }

    #[test]
    fn levels_of_trials_are_not_a_dependence() {
        // White noise in trials of different levels.
        let level = Array2::from_shape_fn((4000, 1), |(t, _)| (t / 200) as f64);
        let noise = autoregression(4000, 0.0, 5);
        let trials = [200; 20];
        let found = autocorrelation_within((&noise + &level).view(), &trials).unwrap();
        assert!(!found.is_significant() && found.time() < 1.5, "{found:?}");
        assert!(autocorrelation((&noise + &level).view()).unwrap().time() > 100.0);
        // A dependence within trials remains. Its time is 1 + 2 sum 0.8^l = 9, of which the means
        // of the trials hide a part.
        let slow = autoregression(4000, 0.8, 6);
        let found = autocorrelation_within((&slow + &level).view(), &trials).unwrap();
        assert!(found.is_significant() && (5.5..9.0).contains(&found.time()), "{found:?}");
        // Without trials, all rows are one series.
        assert_eq!(autocorrelation_within(slow.view(), &[]), autocorrelation(slow.view()));
        let error = autocorrelation_within(slow.view(), &[200; 19]).unwrap_err();
        assert_eq!(error, Error::TrialLengths { sum: 3800, rows: 4000 });
    }

    #[test]
    fn seasons_have_a_period() {
        let period = |series: &Array2<f64>| autocorrelation(series.view()).unwrap().period();
        let noise = |n, seed| autoregression(n, 0.0, seed) * 3.46;
        let wave =
            |n, period: f64| Array2::from_shape_fn((n, 1), |(t, _)| (std::f64::consts::TAU * t as f64 / period).sin());
        // Half of the variance, and a third, is seasonal.
        assert_eq!(period(&(noise(500, 1) + wave(500, 24.0) * 1.41)), Some(24));
        assert!((59..=66).contains(&period(&(autoregression(2000, 0.7, 2) * 2.0 + wave(2000, 62.0))).unwrap()));
        let week = Array2::from_shape_fn((700, 1), |(t, _)| if t % 7 == 6 { 3.0 } else { 0.0 });
        assert_eq!(period(&(noise(700, 3) + week)), Some(7));
        let alternating = Array2::from_shape_fn((100, 1), |(t, _)| (t % 2) as f64);
        assert_eq!(period(&alternating), Some(2));
        // A trend, and series whose rows depend on earlier rows, are no seasons.
        let trend = Array2::from_shape_fn((500, 1), |(t, _)| t as f64 / 100.0);
        assert_eq!(period(&(noise(500, 4) + &trend)), None);
        let called = |phi: f64| (0..300).filter(|&seed| period(&autoregression(400, phi, seed)).is_some()).count();
        let counts = [0.0, 0.5, 0.9, 0.98].map(called);
        assert!(counts.iter().all(|&count| count <= 3), "{counts:?} of 300");
    }

    #[test]
    fn scales_offsets_and_periods() {
        let series = autoregression(300, 0.7, 4);
        let time = autocorrelation(series.view()).unwrap().time();
        for moved in [&series * 1e300, &series * 1e-300, 1e6 + &series] {
            let found = autocorrelation(moved.view()).unwrap();
            assert!((found.time() - time).abs() < 1e-6 * time, "{} and {time}", found.time());
        }
        // The autocorrelation of this series at lag 1 is 0.
        let period = Array2::from_shape_fn((400, 1), |(t, _)| [1.0, 0.0, -1.0, 0.0][t % 4]);
        assert!(autocorrelation(period.view()).unwrap().is_significant());
        for constant in [0.1, 0.0, 1e300] {
            let found = autocorrelation(Array2::from_elem((50, 1), constant).view()).unwrap();
            assert_eq!((found.time(), found.is_significant()), (1.0, false));
        }
        assert_eq!(autocorrelation(array![[1.0]].view()).unwrap().min_shift(), 1);
        assert_eq!(autocorrelation(Array2::<f64>::zeros((0, 1)).view()), Err(Error::NoSamples));
    }
}

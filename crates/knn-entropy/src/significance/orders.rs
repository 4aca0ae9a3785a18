use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::local::LocalCandidates;
use super::surrogates::{below, draw_without_replacement, shuffle, shuffled_blocks};
use super::{FamilySignificance, Significance};
use crate::settings::trials::ranges;
use crate::{Error, Result, Samples, Surrogates};

/// The orders of rows that define the surrogates of a [`PermutationTest`](crate::PermutationTest).
///
/// The order of a surrogate depends only on the seed and on the number of the surrogate, not on the
/// thread that computes it.
#[derive(Debug, Clone)]
pub struct SurrogateOrders {
    trials: Vec<Range<usize>>,
    count: usize,
    seed: u64,
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    Shuffle,
    /// The shift of each surrogate of a single trial.
    Rotate(Vec<usize>),
    /// The smallest shift of each of several trials.
    RotateTrials(usize),
    /// The length of a block.
    Blocks(usize),
    Local(LocalCandidates),
}

impl SurrogateOrders {
    pub(super) fn new(
        (rows, trials, z): (usize, &[usize], Option<&Samples<'_>>),
        (count, seed): (usize, u64),
        surrogates: Surrogates,
    ) -> Result<Self> {
        if count == 0 {
            return Err(Error::NoSurrogates);
        }
        if rows == 0 {
            return Err(Error::NoSamples);
        }
        let trials = ranges(trials, rows)?;
        let plan = match surrogates {
            Surrogates::Shuffle => Plan::Shuffle,
            Surrogates::Rotate { min_shift } => {
                let least = min_shift.max(1);
                let rotations = match &trials[..] {
                    [_] => (rows + 1).saturating_sub(least.saturating_mul(2)),
                    _ => rotations(&trials, least),
                };
                if count > rotations {
                    return Err(Error::TooFewRotations { surrogates: count, rotations, rows, min_shift: least });
                }
                if trials.len() > 1 {
                    return Ok(Self { trials, count, seed, plan: Plan::RotateTrials(least) });
                }
                // Surrogates use the streams of their numbers, so this stream is free.
                let shifts = draw_without_replacement(count, rotations, &mut stream(seed, u64::MAX));
                Plan::Rotate(shifts.into_iter().map(|shift| least + shift).collect())
            }
            Surrogates::Blocks { length } if length == 0 || length > rows / 2 && trials.len() == 1 => {
                return Err(Error::InvalidBlockLength { length, rows });
            }
            Surrogates::Blocks { length } => Plan::Blocks(length),
            Surrogates::Local { k } => match z {
                Some(z) => Plan::Local(LocalCandidates::new(z, k)?),
                None => return Err(Error::ConditionNeeded),
            },
        };
        Ok(Self { trials, count, seed, plan })
    }

    /// Returns the number of surrogates.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the order of one surrogate: its row `i` is the observed row `order[i]`.
    ///
    /// # Panics
    ///
    /// If `number` is not below [`count`](SurrogateOrders::count).
    pub fn order(&self, number: usize) -> Vec<usize> {
        assert!(number < self.count, "surrogate {number} is out of range: there are {}", self.count);
        let mut rng = stream(self.seed, number as u64);
        match &self.plan {
            Plan::Shuffle => self.each_trial(|order| shuffle(order, &mut rng)),
            Plan::Rotate(shifts) => self.each_trial(|order| order.rotate_left(shifts[number])),
            Plan::RotateTrials(least) => self.each_trial(|order| {
                let shifts = shifts(order.len(), *least);
                order.rotate_left(shifts.start() + below(shifts.clone().count(), &mut rng));
            }),
            Plan::Blocks(length) => self.each_trial(|order| {
                let (rows, length) = (order.len(), (*length).min(order.len() / 2).max(1));
                let start = order.first().copied().unwrap_or_default();
                for (place, row) in order.iter_mut().zip(shuffled_blocks(rows, length, &mut rng)) {
                    *place = start + row;
                }
            }),
            Plan::Local(candidates) => candidates.draw(&mut rng),
        }
    }

    /// Returns the observed order after a change of the part of each trial.
    fn each_trial(&self, mut rearrange: impl FnMut(&mut [usize])) -> Vec<usize> {
        let mut order = self.observed();
        self.trials.iter().for_each(|trial| rearrange(&mut order[trial.clone()]));
        order
    }

    /// Calls `statistic` with the observed order of rows and, in parallel, with the order of each
    /// surrogate.
    ///
    /// # Errors
    ///
    /// Returns the error of `statistic` for the observed rows, or else for the first surrogate that
    /// fails. A value that is not finite is [`Error::StatisticNotFinite`].
    pub fn run(&self, statistic: impl Fn(&[usize]) -> Result<f64> + Sync) -> Result<Significance> {
        let observed = statistic(&self.observed())?;
        let surrogate = |number: usize| statistic(&self.order(number));
        Significance::new(observed, self.for_each(surrogate)?)
    }

    /// Calls each member of a family of statistics, such as one statistic at several delays, with
    /// the observed order of rows and, in parallel, with the order of each surrogate. `statistic`
    /// takes an order and the number of a member, counted from 0.
    ///
    /// # Errors
    ///
    /// [`Error::NoStatistics`] if `members` is 0, and the errors of [`run`](SurrogateOrders::run).
    pub fn run_family(
        &self,
        members: usize,
        statistic: impl Fn(&[usize], usize) -> Result<f64> + Sync,
    ) -> Result<FamilySignificance> {
        let all = |order: &[usize]| (0..members).map(|member| statistic(order, member)).collect::<Result<Vec<f64>>>();
        let observed = all(&self.observed())?;
        FamilySignificance::new(observed, &self.for_each(|number| all(&self.order(number)))?)
    }

    fn observed(&self) -> Vec<usize> {
        (0..self.trials.last().map_or(0, |trial| trial.end)).collect()
    }

    /// Calls `surrogate` with each number and returns the results in order.
    fn for_each<T: Send>(&self, surrogate: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        // Surrogates after one that failed are skipped. All before it run, so the error is that of
        // the first surrogate that fails, whatever the number of threads.
        let failed = AtomicUsize::new(usize::MAX);
        let unless_failed = |number: usize| {
            (number < failed.load(Relaxed)).then(|| {
                surrogate(number).inspect_err(|_| {
                    failed.fetch_min(number, Relaxed);
                })
            })
        };
        let all: Vec<Option<Result<T>>> = (0..self.count).into_par_iter().map(unless_failed).collect();
        all.into_iter().flatten().collect()
    }
}

/// Returns the possible shifts of one of several trials: `least` to `rows - least`, or half of its
/// rows if the trial is too short.
fn shifts(rows: usize, least: usize) -> RangeInclusive<usize> {
    let least = least.min(rows / 2);
    least..=rows - least
}

/// Returns the number of combinations of [`shifts`] in several trials.
fn rotations(trials: &[Range<usize>], least: usize) -> usize {
    // A single row has one shift, which changes nothing.
    let mut of_trials = trials.iter().filter(|trial| trial.len() > 1).map(|trial| shifts(trial.len(), least).count());
    of_trials.next().map_or(0, |first| of_trials.fold(first, usize::saturating_mul))
}

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn orders(rows: usize, count: usize, surrogates: Surrogates) -> Result<SurrogateOrders> {
        SurrogateOrders::new((rows, &[], None), (count, 1), surrogates)
    }

    #[test]
    fn an_error_ends_a_test_and_is_that_of_the_first_surrogate() {
        let orders = orders(3, 100_000, Surrogates::Shuffle).unwrap();
        let calls = AtomicUsize::new(0);
        let outcome = orders.for_each(|number| {
            calls.fetch_add(1, Relaxed);
            if number < 500 { Ok(()) } else { Err(Error::KTooLarge { k: number, others: 0 }) }
        });
        assert_eq!(outcome, Err(Error::KTooLarge { k: 500, others: 0 }));
        let calls = calls.into_inner();
        assert!((501..50_000).contains(&calls), "{calls}");
    }

    #[test]
    fn shuffles_are_equally_likely() {
        let orders = orders(3, 6000, Surrogates::Shuffle).unwrap();
        let mut counts = std::collections::BTreeMap::new();
        (0..6000).for_each(|number| *counts.entry(orders.order(number)).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        // The expected count is 1000, with a standard deviation of 29.
        assert!(counts.values().all(|&count: &i32| (count - 1000).abs() < 120), "{counts:?}");
    }

    #[test]
    fn rotations_are_distinct_and_far() {
        // The possible shifts are 3 to 7.
        let all = orders(10, 5, Surrogates::Rotate { min_shift: 3 }).unwrap();
        let mut shifts: Vec<usize> = (0..5).map(|number| all.order(number)[0]).collect();
        shifts.sort_unstable();
        assert_eq!(shifts, [3, 4, 5, 6, 7]);
        assert!((0..5).all(|number| {
            let order = all.order(number);
            order.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 10)
        }));
        let too_many = orders(10, 6, Surrogates::Rotate { min_shift: 3 }).unwrap_err();
        assert_eq!(too_many, Error::TooFewRotations { surrogates: 6, rotations: 5, rows: 10, min_shift: 3 });
        let none = orders(10, 1, Surrogates::Rotate { min_shift: usize::MAX }).unwrap_err();
        assert!(matches!(none, Error::TooFewRotations { rotations: 0, .. }));
        // The observed rows are not a surrogate of themselves.
        let nine = orders(10, 9, Surrogates::Rotate { min_shift: 0 }).unwrap();
        assert!((0..9).all(|number| nine.order(number)[0] != 0));
    }

    #[test]
    fn rows_stay_in_their_trials() {
        let trials = [5, 1, 0, 20, 2];
        let kinds = [Surrogates::Shuffle, Surrogates::Rotate { min_shift: 4 }, Surrogates::Blocks { length: 6 }];
        for kind in kinds {
            let orders = SurrogateOrders::new((28, &trials, None), (26, 1), kind).unwrap();
            let all: Vec<_> = (0..26).map(|number| orders.order(number)).collect();
            for order in &all {
                let mut start = 0;
                for trial in trials {
                    let mut rows = order[start..start + trial].to_vec();
                    rows.sort_unstable();
                    assert!(rows.into_iter().eq(start..start + trial), "{kind:?}: {order:?}");
                    start += trial;
                }
            }
            // The trials move independently.
            let moves =
                |trial: Range<usize>| all.iter().map(|order| order[trial.clone()].to_vec()).collect::<HashSet<_>>();
            assert!(moves(0..5).len() > 1 && moves(6..26).len() > 5, "{kind:?}");
        }
        // The shifts of a trial are 2 and 3 of 5 rows, 4 to 16 of 20, and 1 of 2.
        let rotate = Surrogates::Rotate { min_shift: 4 };
        let orders = SurrogateOrders::new((28, &trials, None), (26, 1), rotate).unwrap();
        let first: HashSet<usize> = (0..26).map(|number| orders.order(number)[0]).collect();
        assert_eq!(first, HashSet::from([2, 3]));
        assert!((0..26).all(|number| (10..=22).contains(&orders.order(number)[6])));
        let too_many = SurrogateOrders::new((28, &trials, None), (27, 1), rotate).unwrap_err();
        assert_eq!(too_many, Error::TooFewRotations { surrogates: 27, rotations: 26, rows: 28, min_shift: 4 });
        let single = SurrogateOrders::new((3, &[1, 1, 1], None), (1, 1), rotate).unwrap_err();
        assert!(matches!(single, Error::TooFewRotations { rotations: 0, .. }));
    }

    #[test]
    fn invalid_settings_are_rejected() {
        assert_eq!(orders(10, 0, Surrogates::Shuffle).unwrap_err(), Error::NoSurrogates);
        assert_eq!(orders(0, 1, Surrogates::Shuffle).unwrap_err(), Error::NoSamples);
        assert_eq!(orders(10, 1, Surrogates::Local { k: 2 }).unwrap_err(), Error::ConditionNeeded);
        for length in [0, 6, usize::MAX] {
            let error = orders(10, 1, Surrogates::Blocks { length }).unwrap_err();
            assert_eq!(error, Error::InvalidBlockLength { length, rows: 10 });
        }
        assert!(orders(10, 1, Surrogates::Blocks { length: 5 }).is_ok());
    }

    #[test]
    fn returns_the_error_of_the_first_surrogate() {
        let orders = orders(50, 200, Surrogates::Rotate { min_shift: 1 });
        assert!(matches!(orders, Err(Error::TooFewRotations { rotations: 49, .. })));
        let orders = self::orders(500, 200, Surrogates::Rotate { min_shift: 1 }).unwrap();
        let fail = |rows: &[usize]| if rows[0] == 0 { Ok(0.0) } else { Err(Error::InvalidWeightBound(rows[0] as f64)) };
        assert_eq!(orders.run(fail).unwrap_err(), Error::InvalidWeightBound(orders.order(0)[0] as f64));
        let nan = |rows: &[usize]| Ok(if rows[0] == orders.order(7)[0] { f64::NAN } else { 0.0 });
        assert!(matches!(orders.run(nan).unwrap_err(), Error::StatisticNotFinite { surrogate: Some(7), .. }));
        let nan = |rows: &[usize]| Ok(if rows[0] == 0 { f64::INFINITY } else { 0.0 });
        assert!(matches!(orders.run(nan).unwrap_err(), Error::StatisticNotFinite { surrogate: None, .. }));
        assert_eq!(orders.run_family(0, |_, _| Ok(0.0)).unwrap_err(), Error::NoStatistics);
    }
}

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::local::LocalCandidates;
use super::surrogates::{draw_without_replacement, shuffle, shuffled_blocks};
use super::{FamilySignificance, Significance};
use crate::{Error, Result, Samples, Surrogates};

/// The orders of rows that define the surrogates of a [`PermutationTest`](crate::PermutationTest).
///
/// The order of a surrogate depends only on the seed and on the number of the surrogate, not on the
/// thread that computes it.
#[derive(Debug, Clone)]
pub struct SurrogateOrders {
    rows: usize,
    count: usize,
    seed: u64,
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    Shuffle,
    /// The shift of each surrogate.
    Rotate(Vec<usize>),
    /// The length of a block.
    Blocks(usize),
    Local(LocalCandidates),
}

impl SurrogateOrders {
    pub(super) fn new(
        (rows, z): (usize, Option<&Samples<'_>>),
        (count, seed): (usize, u64),
        surrogates: Surrogates,
    ) -> Result<Self> {
        if count == 0 {
            return Err(Error::NoSurrogates);
        }
        if rows == 0 {
            return Err(Error::NoSamples);
        }
        let plan = match surrogates {
            Surrogates::Shuffle => Plan::Shuffle,
            Surrogates::Rotate { min_shift } => {
                let least = min_shift.max(1);
                let rotations = (rows + 1).saturating_sub(least.saturating_mul(2));
                if count > rotations {
                    return Err(Error::TooFewRotations { surrogates: count, rotations, rows, min_shift: least });
                }
                // Surrogates use the streams of their numbers, so this stream is free.
                let shifts = draw_without_replacement(count, rotations, &mut stream(seed, u64::MAX));
                Plan::Rotate(shifts.into_iter().map(|shift| least + shift).collect())
            }
            Surrogates::Blocks { length } if length == 0 || length > rows / 2 => {
                return Err(Error::InvalidBlockLength { length, rows });
            }
            Surrogates::Blocks { length } => Plan::Blocks(length),
            Surrogates::Local { k } => match z {
                Some(z) => Plan::Local(LocalCandidates::new(z, k)?),
                None => return Err(Error::ConditionNeeded),
            },
        };
        Ok(Self { rows, count, seed, plan })
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
            Plan::Shuffle => {
                let mut order: Vec<usize> = (0..self.rows).collect();
                shuffle(&mut order, &mut rng);
                order
            }
            Plan::Rotate(shifts) => (shifts[number]..self.rows).chain(0..shifts[number]).collect(),
            Plan::Blocks(length) => shuffled_blocks(self.rows, *length, &mut rng),
            Plan::Local(candidates) => candidates.draw(&mut rng),
        }
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
        (0..self.rows).collect()
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

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(rows: usize, count: usize, surrogates: Surrogates) -> Result<SurrogateOrders> {
        SurrogateOrders::new((rows, None), (count, 1), surrogates)
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

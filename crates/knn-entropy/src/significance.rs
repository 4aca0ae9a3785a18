use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use crate::Result;

/// Whether a dependence could be chance: an estimate is compared with those of surrogates, in which the order of one
/// variable's rows is shuffled, so that they depend on the others by chance alone.
///
/// ```
/// use knn_entropy::{Ksg, PermutationTest};
/// use ndarray::{Array2, Axis};
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let x = Array2::<f64>::random_using((100, 1), StandardUniform, &mut rng);
/// let y = x.mapv(|x| (6.0 * x).sin());
/// let ksg = Ksg::new(3);
/// let test = PermutationTest::new(99, 0).run(100, |rows| {
///     ksg.mutual_information(x.select(Axis(0), rows).view(), y.view())
/// })?;
/// assert_eq!(test.p_value(), 0.01);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
///
/// Shuffling the source of a conditional information destroys its dependence on the condition, too: the null hypothesis is
/// then that it depends on neither.
#[derive(Debug, Clone, Copy)]
pub struct PermutationTest {
    permutations: usize,
    seed: u64,
}

/// An estimate and those of its surrogates.
#[derive(Debug, Clone, PartialEq)]
pub struct Significance {
    /// The estimate of the samples as they are.
    pub observed: f64,
    /// Those of the surrogates.
    pub surrogates: Vec<f64>,
}

impl PermutationTest {
    /// With so many surrogates; their shuffles depend on the seed and on nothing else.
    pub fn new(permutations: usize, seed: u64) -> Self {
        Self { permutations, seed }
    }

    /// Calls `statistic` with the rows `0..n` in their order and, in parallel, shuffled.
    ///
    /// # Errors
    ///
    /// The first error of `statistic`.
    pub fn run(&self, n: usize, statistic: impl Fn(&[usize]) -> Result<f64> + Sync) -> Result<Significance> {
        let ordered: Vec<usize> = (0..n).collect();
        let observed = statistic(&ordered)?;
        let surrogate = |number: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            // A stream for each, so that they do not depend on who computes which.
            rng.set_stream(number as u64);
            let mut rows = ordered.clone();
            shuffle(&mut rows, &mut rng);
            statistic(&rows)
        };
        let surrogates = (0..self.permutations).into_par_iter().map(surrogate).collect::<Result<_>>()?;
        Ok(Significance { observed, surrogates })
    }
}

/// The shuffle of Fisher and Yates.
pub(crate) fn shuffle(rows: &mut [usize], rng: &mut ChaCha8Rng) {
    for last in (1..rows.len()).rev() {
        // The high half of the product: uniform but for a bias of n / 2^64.
        let chosen = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
        rows.swap(last, chosen as usize);
    }
}

impl Significance {
    /// The probability of an estimate as large as the observed one if there is no dependence, `(1 + those surrogates) / (1 +
    /// all)`: never 0, and exact as a test for any number of surrogates.
    pub fn p_value(&self) -> f64 {
        let as_large = self.surrogates.iter().filter(|&&surrogate| surrogate >= self.observed).count();
        (1 + as_large) as f64 / (1 + self.surrogates.len()) as f64
    }

    /// The mean of the surrogates: the bias of the estimate, if there is no dependence.
    pub fn mean(&self) -> f64 {
        self.surrogates.iter().sum::<f64>() / self.surrogates.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_as_likely() {
        let counts = std::sync::Mutex::new(std::collections::HashMap::new());
        let count = |rows: &[usize]| {
            *counts.lock().unwrap().entry(rows.to_vec()).or_insert(0) += 1;
            Ok(0.0)
        };
        PermutationTest::new(6000, 1).run(3, count).unwrap();
        let counts = counts.into_inner().unwrap();
        assert_eq!(counts.len(), 6);
        // 1000 each, with a standard deviation of 29.
        assert!(counts.values().all(|&count: &i32| (count - 1000).abs() < 120), "{counts:?}");
    }

    #[test]
    fn ranks_give_the_p_value() {
        let significance = Significance { observed: 2.0, surrogates: vec![1.0, 2.0, 3.0, 0.0] };
        assert_eq!(significance.p_value(), 3.0 / 5.0);
        assert_eq!(significance.mean(), 1.5);
    }
}

use ndarray::ArrayView2;

use super::{Significance, SurrogateOrders};
use crate::{Float, Result, Samples, Surrogates};

/// A test of dependence: an estimate is compared with those of surrogates, in which the rows of one
/// variable are rearranged so that they depend on the others by chance alone.
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
/// Which dependence the surrogates keep is a choice of [`Surrogates`]. Shuffling, the default, is
/// for independent rows. For two autocorrelated series it finds dependence nearly always, even
/// where there is none: rotate them. For the information between `x` and `y` given `z`, shuffling
/// `x` destroys its dependence on `z` as well, and tests whether `x` is independent of both;
/// [`Surrogates::Local`] keeps that dependence:
///
/// ```
/// use knn_entropy::{Ksg, PermutationTest, Surrogates};
/// use ndarray::{Array2, Axis};
/// # use ndarray_rand::RandomExt;
/// # use ndarray_rand::rand::SeedableRng;
/// # use ndarray_rand::rand_distr::StandardNormal;
/// # use rand_chacha::ChaCha8Rng;
///
/// # let noise = Array2::<f64>::random_using((200, 3), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
/// // z drives both x and y, which have nothing else in common.
/// let column = |c: usize| noise.column(c).insert_axis(Axis(1));
/// let z = column(0).to_owned();
/// let (x, y) = (&z + &(0.3 * &column(1)), &z + &(0.3 * &column(2)));
/// let ksg = Ksg::new(5);
/// let test = PermutationTest::new(99, 0).surrogates(Surrogates::Local { k: 5 });
/// let test = test.orders_given(z.view())?.run(|rows| {
///     ksg.conditional(x.select(Axis(0), rows).view(), y.view(), z.view())
/// })?;
/// assert!(test.p_value() > 0.05);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PermutationTest {
    count: usize,
    seed: u64,
    surrogates: Option<Surrogates>,
}

impl PermutationTest {
    /// Makes a test with `count` surrogates, which depend on the seed and on nothing else.
    ///
    /// The smallest p-value is `1 / (count + 1)`: use 99 for 0.01, and more for a p-value near the
    /// level of the test.
    pub fn new(count: usize, seed: u64) -> Self {
        Self { count, seed, surrogates: None }
    }

    /// Sets which surrogates to compare with.
    ///
    /// Without this call rows are shuffled, or rotated by methods that know them to be a series,
    /// such as [`TransferEntropy::scan`](crate::TransferEntropy::scan).
    #[must_use]
    pub fn surrogates(self, surrogates: Surrogates) -> Self {
        Self { surrogates: Some(surrogates), ..self }
    }

    /// Sets the surrogates unless they have been chosen.
    pub(crate) fn surrogates_or(self, surrogates: impl FnOnce() -> Result<Surrogates>) -> Result<Self> {
        let surrogates = self.surrogates.map_or_else(surrogates, Ok)?;
        Ok(Self { surrogates: Some(surrogates), ..self })
    }

    /// Calls `statistic` with the rows `0..n` in their order and, in parallel, in the order of each
    /// surrogate.
    ///
    /// `statistic` must apply the order to one variable and leave the others as they are.
    ///
    /// # Errors
    ///
    /// Those of [`orders`](PermutationTest::orders) and of [`SurrogateOrders::run`].
    pub fn run(&self, n: usize, statistic: impl Fn(&[usize]) -> Result<f64> + Sync) -> Result<Significance> {
        self.orders(n)?.run(statistic)
    }

    /// Returns the orders of `n` rows that make the surrogates.
    ///
    /// # Errors
    ///
    /// [`NoSurrogates`](crate::Error::NoSurrogates) and [`NoSamples`](crate::Error::NoSamples);
    /// [`TooFewRotations`](crate::Error::TooFewRotations) if there are fewer rotations than
    /// surrogates; [`BlockLength`](crate::Error::InvalidBlockLength) unless there are at least
    /// two whole blocks; [`ConditionNeeded`](crate::Error::ConditionNeeded) for
    /// [`Surrogates::Local`].
    pub fn orders(&self, n: usize) -> Result<SurrogateOrders> {
        SurrogateOrders::new((n, None), (self.count, self.seed), self.surrogates.unwrap_or_default())
    }

    /// Returns the orders of as many rows as `z` `[n, dz]` has that make the surrogates.
    /// [`Surrogates::Local`] permutes among rows with nearly equal `z`, the others ignore the
    /// values of `z`. A `z` without columns is equal everywhere, so that a local permutation is
    /// a shuffle.
    ///
    /// # Errors
    ///
    /// Those of [`orders`](PermutationTest::orders); [`NotFinite`](crate::Error::NotFinite);
    /// [`ZeroK`](crate::Error::ZeroK) or [`KTooLarge`](crate::Error::KTooLarge) unless `k` of a
    /// local permutation is from 1 to `n - 1`.
    pub fn orders_given<F: Float>(&self, z: ArrayView2<'_, F>) -> Result<SurrogateOrders> {
        let size = (self.count, self.seed);
        match self.surrogates.unwrap_or_default() {
            Surrogates::Local { .. } if z.ncols() == 0 => {
                SurrogateOrders::new((z.nrows(), None), size, Surrogates::Shuffle)
            }
            Surrogates::Local { k } => {
                let z = Samples::new(z)?;
                SurrogateOrders::new((z.len(), Some(&z)), size, Surrogates::Local { k })
            }
            surrogates => SurrogateOrders::new((z.nrows(), None), size, surrogates),
        }
    }
}

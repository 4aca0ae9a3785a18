use ndarray::ArrayView2;

use super::{Significance, SurrogateOrders};
use crate::{Float, Result, Samples, Surrogates};

/// A test of dependence that compares an estimate with the estimates for surrogates. In a
/// surrogate, the rows of one variable are rearranged so that they depend on the others only by
/// chance.
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
/// [`Surrogates`] determine which dependence is preserved. Shuffling, the default, is for
/// independent rows. For two autocorrelated series it nearly always finds a dependence, even if
/// there is none: use rotations instead. For the information between `x` and `y` given `z`,
/// shuffling `x` also destroys its dependence on `z`, and tests whether `x` is independent of both.
/// [`Surrogates::Local`] preserves the dependence on `z`:
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
/// // z drives both x and y, which are otherwise independent.
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
    /// Returns a test with `count` surrogates, which depend only on the seed.
    ///
    /// The smallest possible p-value is `1 / (count + 1)`. Use 99 surrogates for 0.01, and more if
    /// the p-value is near the level of the test.
    pub fn new(count: usize, seed: u64) -> Self {
        Self { count, seed, surrogates: None }
    }

    /// Sets the kind of surrogates.
    ///
    /// By default, rows are shuffled, unless the method that runs the test chooses others: see
    /// [`Ksg::significance`](crate::Ksg::significance) and
    /// [`TransferEntropy::scan`](crate::TransferEntropy::scan).
    #[must_use]
    pub fn surrogates(self, surrogates: Surrogates) -> Self {
        Self { surrogates: Some(surrogates), ..self }
    }

    /// Sets the kind of surrogates, which depends on their number, unless it has been set already.
    pub(crate) fn surrogates_or(self, surrogates: impl FnOnce(usize) -> Result<Surrogates>) -> Result<Self> {
        let surrogates = self.surrogates.map_or_else(|| surrogates(self.count), Ok)?;
        Ok(Self { surrogates: Some(surrogates), ..self })
    }

    /// Calls `statistic` with the rows `0..n` in order and, in parallel, in the order of each
    /// surrogate.
    ///
    /// `statistic` must apply the order to one variable and leave the others unchanged.
    ///
    /// # Errors
    ///
    /// See [`orders`](PermutationTest::orders) and [`SurrogateOrders::run`].
    pub fn run(&self, n: usize, statistic: impl Fn(&[usize]) -> Result<f64> + Sync) -> Result<Significance> {
        self.orders(n)?.run(statistic)
    }

    /// Returns the orders of `n` rows that define the surrogates.
    ///
    /// # Errors
    ///
    /// - [`NoSurrogates`](crate::Error::NoSurrogates) and [`NoSamples`](crate::Error::NoSamples).
    /// - [`TooFewRotations`](crate::Error::TooFewRotations) if there are fewer rotations than
    ///   surrogates.
    /// - [`InvalidBlockLength`](crate::Error::InvalidBlockLength) unless there are at least two
    ///   whole blocks.
    /// - [`ConditionNeeded`](crate::Error::ConditionNeeded) for [`Surrogates::Local`].
    pub fn orders(&self, n: usize) -> Result<SurrogateOrders> {
        SurrogateOrders::new((n, &[], None), (self.count, self.seed), self.surrogates.unwrap_or_default())
    }

    /// Returns the orders that define the surrogates, for the rows of `z` `[n, dz]`.
    ///
    /// [`Surrogates::Local`] permutes among rows with nearly equal `z`. The other surrogates ignore
    /// the values of `z`. If `z` has no columns, a local permutation is a shuffle.
    ///
    /// # Errors
    ///
    /// See [`orders`](PermutationTest::orders). Also [`NotFinite`](crate::Error::NotFinite), and
    /// [`ZeroK`](crate::Error::ZeroK) or [`KTooLarge`](crate::Error::KTooLarge) unless the `k` of a
    /// local permutation is between 1 and `n - 1`.
    pub fn orders_given<F: Float>(&self, z: ArrayView2<'_, F>) -> Result<SurrogateOrders> {
        self.orders_within(&[], z)
    }

    /// Returns the orders that define the surrogates, for the rows of `z` `[n, dz]` in trials.
    /// `trials` has the number of rows of each; see
    /// [`TransferEntropy::trials`](crate::TransferEntropy::trials).
    ///
    /// Shuffles, rotations and blocks rearrange each trial by itself. They preserve differences
    /// between trials, so that a test finds only dependence within trials. Each trial is rotated by
    /// a shift of its own, drawn with replacement. In a trial shorter than two smallest shifts, the
    /// smallest shift is half of its rows. In a trial shorter than two blocks, a block is half of
    /// its rows. Local permutations ignore trials.
    ///
    /// # Errors
    ///
    /// See [`orders_given`](PermutationTest::orders_given). Also
    /// [`TrialLengths`](crate::Error::TrialLengths) unless the numbers of rows add up to `n`.
    pub fn orders_within<F: Float>(&self, trials: &[usize], z: ArrayView2<'_, F>) -> Result<SurrogateOrders> {
        let size = (self.count, self.seed);
        match self.surrogates.unwrap_or_default() {
            Surrogates::Local { .. } if z.ncols() == 0 => {
                SurrogateOrders::new((z.nrows(), trials, None), size, Surrogates::Shuffle)
            }
            Surrogates::Local { k } => {
                let z = Samples::new(z)?;
                SurrogateOrders::new((z.len(), trials, Some(&z)), size, Surrogates::Local { k })
            }
            surrogates => SurrogateOrders::new((z.nrows(), trials, None), size, surrogates),
        }
    }
}

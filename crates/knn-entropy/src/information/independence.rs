use super::Ksg;
use crate::{PermutationTest, Result, Samples, Significance, Surrogates, ToSamples, autocorrelation};

/// Number of neighbors in the condition among which rows are permuted, as in Runge (2018).
const LOCAL: usize = 5;

impl Ksg<'_> {
    /// Tests whether `x` and `y` are independent. The test compares their information with that of
    /// random rearrangements of the rows of `x`.
    ///
    /// By default, independent rows are shuffled. With a [`window`](Ksg::window), or if both `x`
    /// and `y` are autocorrelated, the rows count as a series, and `x` is rotated instead; see
    /// [`Surrogates`]. `test` can choose other surrogates.
    ///
    /// ```
    /// use knn_entropy::{Ksg, PermutationTest};
    ///
    /// let x: Vec<f64> = (0..100).map(|i| (0.618 * f64::from(i)).fract()).collect();
    /// let y: Vec<f64> = x.iter().map(|x| (6.0 * x).sin()).collect();
    /// assert_eq!(Ksg::new(3).significance(&x, &y, PermutationTest::new(99, 0))?.p_value(), 0.01);
    /// # Ok::<(), knn_entropy::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// See [`mutual_information`](Ksg::mutual_information) and [`PermutationTest::orders`].
    pub fn significance(&self, x: impl ToSamples, y: impl ToSamples, test: PermutationTest) -> Result<Significance> {
        let (x, y) = (x.to_samples()?, y.to_samples()?);
        let test = test.surrogates_or(|count| surrogates_for(&x, &y, self.window_rows(), count))?;
        test.run(x.len(), |rows| self.mutual_information(x.select(rows), &y))
    }

    /// Tests whether `x` and `y` are independent given `z`.
    ///
    /// By default, rows of `x` are permuted among rows with nearly the same `z`
    /// ([`Surrogates::Local`] with k = 5), so that `x` still depends on `z`. A local permutation
    /// assumes independent rows. Rows that count as a series, as in
    /// [`significance`](Ksg::significance), are rotated instead, which makes the test conservative.
    /// `test` can choose other surrogates.
    ///
    /// # Errors
    ///
    /// See [`conditional`](Ksg::conditional) and [`PermutationTest::orders_given`].
    pub fn conditional_significance(
        &self,
        x: impl ToSamples,
        y: impl ToSamples,
        z: impl ToSamples,
        test: PermutationTest,
    ) -> Result<Significance> {
        let (x, y) = (x.to_samples()?, y.to_samples()?);
        let test = test.surrogates_or(|count| match surrogates_for(&x, &y, self.window_rows(), count)? {
            Surrogates::Shuffle => Ok(Surrogates::Local { k: LOCAL }),
            of_series => Ok(of_series),
        })?;
        let z = z.to_samples()?;
        test.orders_given(z.view())?.run(|rows| self.conditional(x.select(rows), &y, &z))
    }
}

/// Chooses surrogates of `x`. If the rows are a series, the surrogates preserve the dependence
/// between rows.
fn surrogates_for(x: &Samples<'_>, y: &Samples<'_>, window: usize, count: usize) -> Result<Surrogates> {
    let n = x.len();
    // Two rows or fewer are not a series. The estimator reports the error.
    if n < 3 || n != y.len() {
        return Ok(Surrogates::Shuffle);
    }
    let (of_x, of_y) = (autocorrelation(x.view())?, autocorrelation(y.view())?);
    if window == 0 && !(of_x.is_significant() && of_y.is_significant()) {
        return Ok(Surrogates::Shuffle);
    }
    let min_shift = of_x.min_shift().max(window.min(n / 4)).max(1);
    // A short series can have fewer rotations than surrogates.
    let rotations = (n + 1).saturating_sub(2 * min_shift);
    Ok(if rotations >= count {
        Surrogates::Rotate { min_shift }
    } else {
        Surrogates::Blocks { length: of_x.block_length() }
    })
}

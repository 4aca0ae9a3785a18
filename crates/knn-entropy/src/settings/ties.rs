/// The rule for rows that have several neighbors at the same distance.
///
/// Continuous variables have no ties, but rounded, discrete and mixed variables do. Then the k-th
/// neighbor is not unique, and the ball that just reaches it contains more than k rows. Rounding
/// errors decide which of them a formula counts, so the estimate changes with the unit of
/// measurement. Two distances are tied if they are equal to within the rounding of the coordinates,
/// `4 d max |x|` times the machine epsilon.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Ties<'a> {
    /// For tied rows, all rows that are not farther than the k-th neighbor are counted, in the
    /// joint space and in each block (Mesner and Shalizi, IEEE Transactions on Information Theory
    /// 67, 2021). Other rows are not affected. If at most one row in twenty is tied, ties are
    /// attributed to chance and ignored, so this rule gives the published estimator for continuous
    /// variables.
    #[default]
    Count,
    /// Ties are an error.
    Error,
    /// Each coordinate is spread uniformly within its rounding step, `x + step (u - 1/2)`. A step
    /// of 0 leaves a coordinate unchanged. Dithering does not change the information between
    /// rounded variables.
    Dither {
        /// The step of each coordinate. The steps of the first block come first. See
        /// [`rounding_step`](crate::rounding_step).
        steps: &'a [f64],
        /// The seed of the noise.
        seed: u64,
    },
}

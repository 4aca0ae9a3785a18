/// The rule for rows that have several neighbors at the same distance.
///
/// Continuous variables have no ties. Rounded, discrete and mixed ones do, and then the k-th
/// neighbor is not unique, the ball that just reaches it holds more than k rows, and which of them
/// a formula counts depends on rounding errors: the estimate changes with the unit of measurement.
/// Two distances are tied if they are equal to within the rounding of the coordinates,
/// `4 d max |x|` times the machine epsilon.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Ties<'a> {
    /// Tied rows use the number of all rows that are not farther than the k-th neighbor, in the
    /// joint space and in each block (Mesner and Shalizi, IEEE Transactions on Information
    /// Theory 67, 2021). Other rows are not affected. Up to one tied row in twenty is taken for
    /// chance and treated like the others, so this is the published estimator for continuous
    /// variables.
    #[default]
    Count,
    /// Ties are an error.
    Error,
    /// Each coordinate is spread uniformly within the step to which it was rounded, `x + step (u -
    /// 1/2)`; a step of 0 leaves a coordinate as it is. The information between rounded
    /// variables is that between dithered ones, exactly.
    Dither {
        /// The step of each coordinate, those of the first block first; see
        /// [`rounding_step`](crate::rounding_step).
        steps: &'a [f64],
        /// Decides the noise.
        seed: u64,
    },
}

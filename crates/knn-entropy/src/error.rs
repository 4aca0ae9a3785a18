use thiserror::Error;

/// An error in samples or settings. No samples and no settings make an estimator or a search panic
/// or return NaN, except where its documentation has a section on panics.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// There are no samples.
    #[error("the samples have no rows; at least one is needed")]
    NoSamples,
    /// The samples have no columns.
    #[error("the samples have no columns; a sample needs at least one coordinate")]
    NoDimensions,
    /// A coordinate is NaN or infinite.
    #[error("row {row}, column {column} (from 0) is {value}; numbers must be finite, so leave the row out")]
    NotFinite {
        /// The row of the first such coordinate.
        row: usize,
        /// The column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// `k` is 0.
    #[error("k is 0; the nearest neighbor is k = 1")]
    ZeroK,
    /// A row has fewer than `k` other rows.
    #[error("k is {k}, but a row has only {others} other row{}; use a smaller k or more rows", plural(*.others))]
    KTooLarge {
        /// The k asked for.
        k: usize,
        /// Number of other points.
        others: usize,
    },
    /// Points coincide with their k-th neighbor, so the logarithm of the distance is minus
    /// infinity.
    #[error(
        "{count} rows coincide with their neighbor number {k}, the first of them rows {first} and {second} (from 0); if the \
         numbers were rounded, spread them within the rounding step with `dither`; if rows were recorded twice, leave the \
         copies out"
    )]
    Duplicates {
        /// The first such point.
        first: usize,
        /// The k-th neighbor.
        second: usize,
        /// The number of such points.
        count: usize,
        /// The k of the estimate.
        k: usize,
    },
    /// A distance is larger than the largest finite number.
    #[error("the distance between rows {first} and {second} overflows; scale the samples down")]
    DistanceOverflow {
        /// A point.
        first: usize,
        /// The k-th neighbor.
        second: usize,
    },
    /// The derivative with respect to a coordinate is larger than the largest finite number of the
    /// samples' type, because points are too close.
    #[error(
        "the gradient at row {row}, column {column} overflows; scale the samples up, or set a floor with \
         `ClosePoints::Floor`"
    )]
    GradientOverflow {
        /// The row of the first such coordinate.
        row: usize,
        /// The column.
        column: usize,
    },
    /// The floor for close points is not a finite number above 0.
    #[error("the floor for close points is {0}; it must be a finite number above 0")]
    InvalidFloor(f64),
    /// Two sets of points have different dimensions.
    #[error("the queries have {queries} columns and the references {references}; both need the same number")]
    DimensionMismatch {
        /// Dimension of the queries.
        queries: usize,
        /// Dimension of the references.
        references: usize,
    },
    /// A radius is NaN or negative.
    #[error("the radius of row {row} is {radius}; it must be a number of at least 0")]
    InvalidRadius {
        /// The row.
        row: usize,
        /// The radius.
        radius: f64,
    },
    /// Samples that are observed together have different numbers of rows.
    #[error("the samples have {one} and {other} rows; row i of each must be the same observation")]
    RowMismatch {
        /// Number of rows of one set.
        one: usize,
        /// Number of rows of the other set.
        other: usize,
    },
    /// The widths of the blocks do not add up to the number of coordinates, or one of them is 0.
    #[error("the block widths are {widths:?}; they must be above 0 and add up to the {dimension} coordinates")]
    BlockMismatch {
        /// The widths.
        widths: Vec<usize>,
        /// The number of coordinates.
        dimension: usize,
    },
    /// The number of periods differs from the number of coordinates.
    #[error("there are {periods} periods for {dimension} coordinates; give one for each")]
    PeriodMismatch {
        /// The number of periods.
        periods: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// A period is NaN, not above 0, or too small for full precision.
    #[error(
        "the period of column {column} is {period}; it must be at least 2.3e-308, or infinite for a column that is not \
         periodic"
    )]
    InvalidPeriod {
        /// The column.
        column: usize,
        /// The period.
        period: f64,
    },
    /// A ball around a point reaches around the torus, so its volume is smaller than assumed.
    #[error(
        "neighbor {k} of row {row} is {distance} away, more than half the shortest period {period}; use more \
         samples or a smaller k"
    )]
    TorusTooSmall {
        /// The point.
        row: usize,
        /// The number of the neighbor.
        k: usize,
        /// The distance of the neighbor.
        distance: f64,
        /// The shortest period.
        period: f64,
    },
    /// The bound on the weights is NaN or below 1, which no weights can satisfy.
    #[error("the bound on the weights is {0}; it must be at least 1, because the weights add up to 1")]
    InvalidWeightBound(f64),
    /// The order is one for which the estimator has infinite variance or no expectation.
    #[error("{}", renyi_order(*order, *k))]
    InvalidOrder {
        /// The order asked for.
        order: f64,
        /// The k of the estimate.
        k: usize,
    },
    /// A result is larger than the largest finite number.
    #[error("{what} overflows; rescale the samples")]
    OutOfRange {
        /// Name of the result.
        what: &'static str,
    },
    /// The number of lower or upper limits differs from the number of coordinates.
    #[error(
        "there are {low} lower and {high} upper limits for {dimension} columns; give one lower and one upper limit for each"
    )]
    LimitMismatch {
        /// The number of lower limits.
        low: usize,
        /// The number of upper limits.
        high: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// The limits of a column are not finite, or the lower one is not below the upper one.
    #[error(
        "the limits of column {column} are {low} and {high}; they must be finite, with the lower one below the upper one"
    )]
    InvalidLimits {
        /// The column.
        column: usize,
        /// The lower limit.
        low: f64,
        /// The upper limit.
        high: f64,
    },
    /// A coordinate lies outside the limits.
    #[error(
        "row {row}, column {column} is {value}, outside the limits {low} and {high}; widen the limits or leave the row out"
    )]
    OutOfBox {
        /// The row of the first such coordinate.
        row: usize,
        /// The column.
        column: usize,
        /// The value.
        value: f64,
        /// The lower limit.
        low: f64,
        /// The upper limit.
        high: f64,
    },
    /// A column is constant or a linear combination of the columns before it.
    #[error("column {column} is constant or a linear combination of the columns before it; leave it out")]
    Singular {
        /// The first such column.
        column: usize,
    },
    /// There are too few neighbors to determine a covariance.
    #[error("{p} neighbors do not determine a covariance in {dimension} dimensions; use p of at least {}", dimension + 2)]
    TooFewForCovariance {
        /// The number of neighbors.
        p: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// The series are shorter than the past that the embedding takes from them.
    #[error(
        "the longest series has {length} values, but a past and the values that follow take {needed}; use a longer series, \
         or fewer past values, a smaller lag or a smaller delay"
    )]
    SeriesTooShort {
        /// The length of the series, or of the longest trial.
        length: usize,
        /// The smallest sufficient length.
        needed: usize,
    },
    /// The trials do not have all rows, or have more.
    #[error("the trials have {sum} rows, but there are {rows}; give the number of rows of every trial")]
    TrialLengths {
        /// The number of rows of all trials.
        sum: usize,
        /// The number of rows.
        rows: usize,
    },
    /// Rows have several neighbors at the same distance, and ties are an error.
    #[error(
        "{count} rows have ties, the first of them row {first} (from 0): several rows are at the distance of its neighbor \
         number {k}; count them all with `Ties::Count`, or spread rounded numbers with `Ties::Dither`"
    )]
    Ties {
        /// The first such row.
        first: usize,
        /// The number of such rows.
        count: usize,
        /// The k of the estimate.
        k: usize,
    },
    /// The rounding steps do not match the columns, or a step is negative or not finite.
    #[error("the rounding steps are {steps:?}; each of the {dimension} columns needs one, finite and at least 0")]
    InvalidSteps {
        /// The steps.
        steps: Vec<f64>,
        /// The number of columns.
        dimension: usize,
    },
    /// Rows are both in p and in q, and shared rows are an error.
    #[error(
        "{count} rows of p are also rows of q, the first of them row {first} of p and row {copy} of q (from 0); if the sets \
         overlap, leave shared rows out with `SharedRows::LeaveOut`"
    )]
    SharedRows {
        /// The number of such rows of p.
        count: usize,
        /// The first of them.
        first: usize,
        /// The first copy of this row in q.
        copy: usize,
    },
    /// A lag, a delay or a number of values is 0.
    #[error("{setting} is 0; use at least 1")]
    ZeroSetting {
        /// The setting.
        setting: &'static str,
    },
    /// The range of delays is empty.
    #[error("the range of delays from {first} to {last} is empty; its end must not be below its start")]
    NoDelays {
        /// The start of the range.
        first: usize,
        /// The end of the range.
        last: usize,
    },
    /// The number of surrogates is 0.
    #[error("the number of surrogates is 0; use at least 1, or 99 for p-values down to 0.01")]
    NoSurrogates,
    /// A family of statistics is empty.
    #[error("the number of statistics is 0; a family needs at least one")]
    NoStatistics,
    /// A statistic is not finite and cannot be compared with others.
    #[error("the statistic of {} is {value}; it must be finite for every order of the rows", rows_of(*surrogate))]
    StatisticNotFinite {
        /// The value.
        value: f64,
        /// The number of the surrogate, or `None` for the observed rows.
        surrogate: Option<usize>,
    },
    /// There are more surrogates than rotations.
    #[error(
        "{surrogates} surrogates were asked for, but {rows} rows have only {rotations} rotations by at least {min_shift} \
         rows; use fewer surrogates, a smaller shift, or `Surrogates::Blocks`"
    )]
    TooFewRotations {
        /// The number of surrogates.
        surrogates: usize,
        /// The number of rotations.
        rotations: usize,
        /// The number of rows.
        rows: usize,
        /// The smallest shift.
        min_shift: usize,
    },
    /// Blocks are empty, or so long that they cannot change places.
    #[error("blocks of {length} rows do not rearrange {rows} rows; use a length from 1 to half the number of rows")]
    InvalidBlockLength {
        /// The length of a block.
        length: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A local permutation was requested without a condition.
    #[error("a local permutation needs a condition; pass it to `PermutationTest::orders_given`")]
    ConditionNeeded,
    /// Blocks determine each other, so their mutual information is infinite.
    #[error(
        "near row {row} the blocks determine each other to within rounding, so their mutual information is infinite; leave \
         out the columns that one block shares with the other"
    )]
    Determined {
        /// The first such row.
        row: usize,
    },
    /// The weight of a mixture is not between 0 and 1.
    #[error("the weight is {0}; it must be above 0 and below 1")]
    InvalidWeight(f64),
}

fn renyi_order(order: f64, k: usize) -> String {
    let most = 1.0 + k as f64 / 2.0;
    if !order.is_finite() {
        return format!("the order is {order}; it must be a finite number below 1 + k/2 = {most}");
    }
    let enough = (2.0 * (order - 1.0)).floor() + 1.0;
    format!(
        "the order is {order} and k is {k}, for which the estimate has infinite variance; use an order below 1 + k/2 = \
         {most}, or k of at least {enough}"
    )
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn rows_of(surrogate: Option<usize>) -> String {
    surrogate.map_or("the observed rows".to_owned(), |number| format!("surrogate {number}"))
}

/// A result with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

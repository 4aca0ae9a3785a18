use thiserror::Error;

/// What can be wrong with samples or settings. No input makes this crate panic or return NaN.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// No samples at all.
    #[error("there are no samples")]
    NoSamples,
    /// Samples without coordinates.
    #[error("the samples have no columns; a sample needs at least one coordinate")]
    NoDimensions,
    /// A coordinate is NaN or infinite.
    #[error("row {row}, column {column} is {value} (counted from 0); every number must be finite, leave the row out")]
    NotFinite {
        /// The row of the first such coordinate.
        row: usize,
        /// Its column.
        column: usize,
        /// Its value.
        value: f64,
    },
    /// `k` is 0.
    #[error("k is 0; the nearest neighbor is k = 1")]
    ZeroK,
    /// There are not `k` other points.
    #[error("k is {k}, but a point has only {others} others; take a smaller k or more samples")]
    KTooLarge {
        /// The k asked for.
        k: usize,
        /// How many neighbors there are to choose from.
        others: usize,
    },
    /// Points coincide with their k-th neighbor, so that the logarithm of the distance is minus
    /// infinity.
    #[error(
        "{count} rows coincide with their neighbor number {k}, the first of them rows {first} and {second} (from 0); if the \
         numbers were rounded, spread them within the rounding step with `dither`; if rows were recorded twice, leave the \
         copies out"
    )]
    Duplicates {
        /// The first such point.
        first: usize,
        /// Its k-th neighbor.
        second: usize,
        /// How many there are.
        count: usize,
        /// The k of the estimate.
        k: usize,
    },
    /// A distance is larger than the largest number.
    #[error("the distance between rows {first} and {second} is too large for a number; scale the samples down")]
    DistanceOverflow {
        /// A point.
        first: usize,
        /// Its k-th neighbor.
        second: usize,
    },
    /// The derivative with respect to a coordinate is larger than the largest number of the
    /// samples' type, since points are so close.
    #[error(
        "the gradient at row {row}, column {column} is too large for a number; scale the samples up, or set a floor with \
         `ClosePoints::Floor`"
    )]
    GradientOverflow {
        /// The row of the first such coordinate.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// A floor that is not a positive number.
    #[error("the floor for close points is {0}; it must be a finite number above 0")]
    InvalidFloor(f64),
    /// Two sets of points of different dimensions.
    #[error("points of {queries} and {references} dimensions have no distance")]
    DimensionMismatch {
        /// The dimension of the one.
        queries: usize,
        /// That of the other.
        references: usize,
    },
    /// Samples that belong together, of different lengths.
    #[error("{one} and {other} rows do not belong together; row i of each must be the same observation")]
    RowMismatch {
        /// The length of the one.
        one: usize,
        /// That of the other.
        other: usize,
    },
    /// Widths of blocks that do not make up the coordinates.
    #[error("blocks of widths {widths:?} are not {dimension} coordinates")]
    BlockMismatch {
        /// The widths.
        widths: Vec<usize>,
        /// The number of coordinates.
        dimension: usize,
    },
    /// Not one period for each coordinate.
    #[error("{periods} periods for {dimension} coordinates; each needs one")]
    PeriodMismatch {
        /// The number of periods.
        periods: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// A period that is not above 0, or is NaN or too small for full precision.
    #[error(
        "the period of column {column} is {period}; it must be at least 2.3e-308, or infinite for a column that is not \
         periodic"
    )]
    InvalidPeriod {
        /// The column.
        column: usize,
        /// Its period.
        period: f64,
    },
    /// A ball around a point reaches around the torus, so that its volume is not that of a ball.
    #[error(
        "the neighbor number {k} of row {row} is {distance} away, more than half the shortest period {period}; take more \
         samples or a smaller k"
    )]
    TorusTooSmall {
        /// The point.
        row: usize,
        /// The number of the neighbor.
        k: usize,
        /// Its distance.
        distance: f64,
        /// The shortest period.
        period: f64,
    },
    /// A bound for weights that no weights can keep.
    #[error("the bound of the weights is {0}; they add up to 1, so it must be at least 1")]
    InvalidWeightBound(f64),
    /// An order for which the estimator has no variance, or no expectation.
    #[error("{}", renyi_order(*order, *k))]
    InvalidOrder {
        /// The order asked for.
        order: f64,
        /// The k of the estimate.
        k: usize,
    },
    /// A result that no number can hold.
    #[error("{what} is larger than the largest number")]
    OutOfRange {
        /// What it is.
        what: &'static str,
    },
    /// Not one lower and one upper limit for each coordinate.
    #[error("{low} lower and {high} upper limits for {dimension} coordinates; each needs one of both")]
    LimitMismatch {
        /// The number of lower limits.
        low: usize,
        /// That of upper limits.
        high: usize,
        /// That of coordinates.
        dimension: usize,
    },
    /// Limits with nothing between them.
    #[error(
        "the limits of column {column} are {low} and {high}; they must be finite, and the lower one below the upper"
    )]
    InvalidLimits {
        /// The column.
        column: usize,
        /// The lower limit.
        low: f64,
        /// The upper limit.
        high: f64,
    },
    /// A coordinate beyond the limits that were given.
    #[error("row {row}, column {column} is {value}, not from {low} to {high} as all samples should be")]
    OutOfBox {
        /// The row of the first such coordinate.
        row: usize,
        /// Its column.
        column: usize,
        /// Its value.
        value: f64,
        /// The lower limit.
        low: f64,
        /// The upper limit.
        high: f64,
    },
    /// A column that is a combination of those before it, or constant.
    #[error("column {column} is constant or a linear combination of the columns before it; leave it out")]
    Singular {
        /// The first such column.
        column: usize,
    },
    /// Too few neighbors for a covariance.
    #[error("{p} neighbors do not determine a covariance in {dimension} dimensions; take p of at least {}", dimension + 2)]
    TooFewForCovariance {
        /// The number of neighbors.
        p: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// Series that are shorter than the pasts to be taken from them.
    #[error(
        "the series have {length} values, but a past and the values that follow take {needed}; use a longer series, or \
         fewer past values, a smaller lag or a smaller delay"
    )]
    SeriesTooShort {
        /// The length of the series.
        length: usize,
        /// The smallest length that is enough.
        needed: usize,
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
    /// Not one rounding step for each column, or a step that is none.
    #[error("the rounding steps are {steps:?}; each of the {dimension} columns needs one, finite and at least 0")]
    InvalidSteps {
        /// The steps.
        steps: Vec<f64>,
        /// The number of columns.
        dimension: usize,
    },
    /// Rows that are both in p and in q, and shared rows are an error.
    #[error(
        "{count} rows of p are rows of q, too, the first of them row {first} of p and row {copy} of q (from 0); if the sets \
         overlap, leave shared rows out with `SharedRows::LeaveOut`"
    )]
    SharedRows {
        /// The number of such rows of p.
        count: usize,
        /// The first of them.
        first: usize,
        /// Its first copy in q.
        copy: usize,
    },
    /// A lag, a delay or a number of values that is 0.
    #[error("{setting} is 0; use at least 1")]
    ZeroSetting {
        /// The setting.
        setting: &'static str,
    },
    /// A range of delays that holds none.
    #[error("there is no delay from {first} to {last}; use a range whose end is not below its start")]
    NoDelays {
        /// The start of the range.
        first: usize,
        /// Its end.
        last: usize,
    },
    /// A test without surrogates.
    #[error("the number of surrogates is 0; use at least 1, or 99 for p-values down to 0.01")]
    NoSurrogates,
    /// A family of statistics without members.
    #[error("the number of statistics is 0; a family needs at least one")]
    NoStatistics,
    /// A statistic that cannot be compared with others.
    #[error("the statistic of {} is {value}; it must be finite for every order of the rows", rows_of(*surrogate))]
    StatisticNotFinite {
        /// Its value.
        value: f64,
        /// The number of the surrogate, or `None` for the observed rows.
        surrogate: Option<usize>,
    },
    /// More surrogates than rotations.
    #[error(
        "{surrogates} surrogates were asked for, but {rows} rows have only {rotations} rotations by at least {min_shift} \
         rows; use fewer surrogates, a smaller shift, or blocks"
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
    /// Blocks that are empty, or so long that they cannot change places.
    #[error("blocks of {length} rows do not rearrange {rows} rows; use a length from 1 to half the number of rows")]
    InvalidBlockLength {
        /// The length of a block.
        length: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A local permutation of rows whose condition is unknown.
    #[error("a local permutation needs a condition; pass it to `PermutationTest::orders_given`")]
    ConditionNeeded,
    /// Blocks that determine each other, so that their mutual information is infinite.
    #[error(
        "near row {row} the blocks determine each other to rounding, so that their mutual information is infinite; leave \
         out the columns that one block has from the other"
    )]
    Determined {
        /// The first such row.
        row: usize,
    },
    /// A weight of a mixture that is not between 0 and 1.
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
        "the order is {order} and k is {k}, for which the estimate has infinite variance; the order must be below 1 + k/2 = \
         {most}, take k of at least {enough}"
    )
}

fn rows_of(surrogate: Option<usize>) -> String {
    surrogate.map_or("the observed rows".to_owned(), |number| format!("surrogate {number}"))
}

/// A result with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

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
    #[error("row {row}, column {column} is {value}; every coordinate must be finite")]
    NotFinite {
        /// The row of the first such coordinate.
        row: usize,
        /// Its column.
        column: usize,
        /// Its value.
        value: f64,
    },
    /// `k` is 0.
    #[error("k is 0; the nearest neighbour is k = 1")]
    ZeroK,
    /// There are not `k` other points.
    #[error("k is {k}, but a point has only {others} others; take a smaller k or more samples")]
    KTooLarge {
        /// The k asked for.
        k: usize,
        /// How many neighbours there are to choose from.
        others: usize,
    },
    /// Points coincide with their k-th neighbour, so that the logarithm of the distance is minus infinity.
    #[error(
        "{count} points coincide with their nearest neighbour number {k}, the first of them rows {first} and {second}; \
         remove duplicates, take a larger k, or set a floor with `ClosePoints::Floor`"
    )]
    Duplicates {
        /// The first such point.
        first: usize,
        /// Its k-th neighbour.
        second: usize,
        /// How many there are.
        count: usize,
        /// The k of the estimate.
        k: usize,
    },
    /// A distance is larger than the largest number.
    #[error("the distance between rows {first} and {second} is too large for a number; scale the samples down")]
    Overflow {
        /// A point.
        first: usize,
        /// Its k-th neighbour.
        second: usize,
    },
    /// The derivative with respect to a coordinate is larger than the largest number of the samples' type, since points
    /// are so close.
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
    Dimensions {
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
    Blocks {
        /// The widths.
        widths: Vec<usize>,
        /// The number of coordinates.
        dimension: usize,
    },
    /// Not one period for each coordinate.
    #[error("{periods} periods for {dimension} coordinates; each needs one")]
    Periods {
        /// The number of periods.
        periods: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// A period that is not a positive number.
    #[error("the period of column {column} is {period}; it must be a finite number above 0")]
    Period {
        /// The column.
        column: usize,
        /// Its period.
        period: f64,
    },
    /// A ball around a point reaches around the torus, so that its volume is not that of a ball.
    #[error(
        "the neighbour number {k} of row {row} is {distance} away, more than half the shortest period {period}; take more \
         samples or a smaller k"
    )]
    TorusTooSmall {
        /// The point.
        row: usize,
        /// The number of the neighbour.
        k: usize,
        /// Its distance.
        distance: f64,
        /// The shortest period.
        period: f64,
    },
    /// A bound for weights that no weights can keep.
    #[error("the bound of the weights is {0}; they add up to 1, so it must be at least 1")]
    WeightBound(f64),
    /// An order for which the estimator has no expectation.
    #[error("the order is {order}; it must be below k + 1 = {}", k.saturating_add(1))]
    Order {
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
    LimitsLength {
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
    Limits {
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
    /// Too few neighbours for a covariance.
    #[error("{p} neighbours do not determine a covariance in {dimension} dimensions; take p of at least {}", dimension + 2)]
    TooFewForCovariance {
        /// The number of neighbours.
        p: usize,
        /// The number of coordinates.
        dimension: usize,
    },
    /// Pasts that cannot be told, or that the series do not hold.
    #[error("{}", embedding(*length, *needed))]
    Embedding {
        /// How long the series are.
        length: usize,
        /// How long they would have to be; 0 if a lag, a delay or the length of the source's past is 0.
        needed: usize,
    },
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
    Weight(f64),
}

fn embedding(length: usize, needed: usize) -> String {
    match needed {
        0 => "the lags, the delay and the length of the source's past must be at least 1".to_owned(),
        _ => format!(
            "a series of {length} values does not hold the pasts asked for, which take {needed}; ask for shorter ones"
        ),
    }
}

/// A result with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

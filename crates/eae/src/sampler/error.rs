use ndarray::{Array2, ArrayView2};
use nn_layers::WeightsError;
use thiserror::Error;

use crate::Float;

/// The largest coordinate that is fitted to: squares, and sums of them, must remain numbers.
pub(super) const LARGEST: f64 = 1e100;

/// Why no distribution could be fitted to codes.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FitError {
    /// There are too few codes.
    #[error("{n} codes are too few to fit to; it takes at least {needed}")]
    NotEnough {
        /// How many there are.
        n: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Codes without numbers.
    #[error("the codes have no columns; a code needs at least one number")]
    NoDimensions,
    /// A number of a code is NaN, infinite or absurdly large.
    #[error("row {row}, column {column} is {value}; a code's numbers must be finite, and at most {LARGEST:e} in size")]
    NotFinite {
        /// The row of the first such number.
        row: usize,
        /// Its column.
        column: usize,
        /// Its value.
        value: f64,
    },
    /// A mixture of nothing.
    #[error("a mixture of 0 components has no density; it takes at least 1")]
    NoComponents,
    /// No number of components to choose from.
    #[error("there are no numbers of components to choose from; name at least one")]
    NoCandidates,
    /// A map of no layers.
    #[error("a map of 0 layers changes nothing; it takes at least 1")]
    NoLayers,
}

/// Why no sampler could be read from [`Weights`](nn_layers::Weights).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A tensor is missing, has another shape than those before it ask for, or holds what is not a
    /// finite number.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// There is no tensor of a sampler.
    #[error("no tensor's name begins with `{name}.`; was the file written without such a sampler?")]
    NoSampler {
        /// Where it was looked for.
        name: String,
    },
    /// A tensor under the prefix that is not this sampler's.
    #[error("`{name}` is no tensor of such a sampler; the file is damaged, or of a later version")]
    Unexpected {
        /// The tensor.
        name: String,
    },
    /// A shape that no sampler's tensor has.
    #[error("`{name}` has shape {found:?}, not {expected}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        expected: &'static str,
    },
    /// A number that cannot be.
    #[error("`{name}` holds {value} at position {position}; {needed}; the file is damaged")]
    Value {
        /// The tensor.
        name: String,
        /// The first such number.
        value: f64,
        /// Its position in row-major order.
        position: usize,
        /// What it should be.
        needed: &'static str,
    },
    /// Weights that do not sum to one.
    #[error("the weights `{name}` sum to {sum}, not to 1; the file is damaged")]
    Sum {
        /// The tensor.
        name: String,
        /// The sum.
        sum: f64,
    },
    /// A covariance with a direction of negative variance, or in a mixture of none.
    #[error("matrix {index} of `{name}` is no covariance: it is not positive definite; the file is damaged")]
    NotDefinite {
        /// The tensor.
        name: String,
        /// Which of its matrices.
        index: usize,
    },
    /// A rotation that is none.
    #[error("matrix {index} of `{name}` is no rotation: its rows are {error:e} from orthonormal; the file is damaged")]
    NotOrthogonal {
        /// The tensor.
        name: String,
        /// Which of its matrices.
        index: usize,
        /// The largest difference between `Q Q'` and I.
        error: f64,
    },
}

/// Codes in `f64`, when there are enough of them to fit to and they are finite.
pub(super) fn checked<F: Float>(codes: ArrayView2<'_, F>, needed: usize) -> Result<Array2<f64>, FitError> {
    let (n, d) = codes.dim();
    if d == 0 {
        return Err(FitError::NoDimensions);
    }
    if n < needed {
        return Err(FitError::NotEnough { n, needed });
    }
    let codes = codes.mapv(F::into_f64);
    match codes.indexed_iter().find(|(_, z)| z.is_nan() || z.abs() > LARGEST) {
        Some(((row, column), &value)) => Err(FitError::NotFinite { row, column, value }),
        None => Ok(codes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn names_what_is_wrong() {
        let codes = |value| array![[0.0, 1.0], [2.0, value], [f64::NAN, 4.0]];
        for value in [f64::INFINITY, -1e101] {
            let error = checked(codes(value).view(), 3).unwrap_err();
            assert_eq!(error, FitError::NotFinite { row: 1, column: 1, value });
        }
        let error = checked(codes(3.0).view(), 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2, column 0 is NaN; a code's numbers must be finite, and at most 1e100 in size"
        );
        assert_eq!(checked(codes(3.0).view(), 4), Err(FitError::NotEnough { n: 3, needed: 4 }));
        assert_eq!(checked(Array2::<f32>::zeros((3, 0)).view(), 1), Err(FitError::NoDimensions));
        assert_eq!(checked(array![[1.5_f32]].view(), 1), Ok(array![[1.5]]));
    }
}

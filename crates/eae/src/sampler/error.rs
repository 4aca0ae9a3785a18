use ndarray::{Array2, ArrayView2};
use nn_layers::WeightsError;
use thiserror::Error;

use crate::Float;

/// Largest absolute value of a coordinate to fit. Sums of squares must not overflow.
pub(super) const LARGEST: f64 = 1e100;

/// A reason why a distribution cannot be fitted to codes.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FitError {
    /// There are too few codes.
    #[error("there {}, but at least {needed} are needed to fit a distribution", if *.n == 1 { "is 1 code".to_owned() } else { format!("are {n} codes") })]
    NotEnough {
        /// The number of codes.
        n: usize,
        /// The required number of codes.
        needed: usize,
    },
    /// The codes have no columns.
    #[error("the codes have no columns; at least one is needed")]
    NoDimensions,
    /// A value is NaN, infinite or too large.
    #[error("row {row}, column {column} is {value}; codes must be finite, and at most {LARGEST:e} in absolute value")]
    NotFinite {
        /// The row of the first invalid value.
        row: usize,
        /// The column of the value.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A mixture was requested without components.
    #[error("the number of components is 0; it must be at least 1")]
    NoComponents,
    /// The list of numbers of components is empty.
    #[error("the list of numbers of components is empty; give at least one")]
    NoCandidates,
    /// A map was requested without layers.
    #[error("the number of layers is 0; it must be at least 1")]
    NoLayers,
}

/// A reason why a sampler cannot be read from [`Weights`](nn_layers::Weights).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A tensor is missing, has a shape that does not match the previous ones, or contains a value
    /// that is not finite.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The sampler is not in the file.
    #[error("no tensor name begins with `{name}.`; the file was probably written without this sampler")]
    NoSampler {
        /// The prefix.
        name: String,
    },
    /// A tensor with the prefix does not belong to this sampler.
    #[error("`{name}` is not a tensor of this sampler; the file is damaged or from a later version")]
    Unexpected {
        /// The tensor.
        name: String,
    },
    /// A tensor has an impossible shape.
    #[error("`{name}` has shape {found:?}; expected {expected}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The expected shape.
        expected: &'static str,
    },
    /// A value is out of range.
    #[error("`{name}` holds {value} at position {position}; {needed}; the file is damaged")]
    Value {
        /// The tensor.
        name: String,
        /// The first invalid value.
        value: f64,
        /// Its position in row-major order.
        position: usize,
        /// The valid range.
        needed: &'static str,
    },
    /// The weights do not sum to one.
    #[error("the weights `{name}` sum to {sum}, not to 1; the file is damaged")]
    Sum {
        /// The tensor.
        name: String,
        /// The sum.
        sum: f64,
    },
    /// A covariance has a direction of negative variance or, in a mixture, of variance 0.
    #[error("matrix {index} of `{name}` is not a covariance because it is not positive definite; the file is damaged")]
    NotDefinite {
        /// The tensor.
        name: String,
        /// The index of the matrix.
        index: usize,
    },
    /// A rotation is not orthonormal.
    #[error(
        "matrix {index} of `{name}` is not a rotation: its rows deviate from orthonormal by {error:e}; the file is damaged"
    )]
    NotOrthogonal {
        /// The tensor.
        name: String,
        /// The index of the matrix.
        index: usize,
        /// The largest difference between `Q Q'` and I.
        error: f64,
    },
}

/// Returns the codes in `f64`, after checking that there are at least `needed` and that they are
/// finite.
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
    fn errors_name_the_value() {
        let codes = |value| array![[0.0, 1.0], [2.0, value], [f64::NAN, 4.0]];
        for value in [f64::INFINITY, -1e101] {
            let error = checked(codes(value).view(), 3).unwrap_err();
            assert_eq!(error, FitError::NotFinite { row: 1, column: 1, value });
        }
        let error = checked(codes(3.0).view(), 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2, column 0 is NaN; codes must be finite, and at most 1e100 in absolute value"
        );
        assert_eq!(checked(codes(3.0).view(), 4), Err(FitError::NotEnough { n: 3, needed: 4 }));
        let one = FitError::NotEnough { n: 1, needed: 2 }.to_string();
        assert_eq!(one, "there is 1 code, but at least 2 are needed to fit a distribution");
        assert_eq!(checked(Array2::<f32>::zeros((3, 0)).view(), 1), Err(FitError::NoDimensions));
        assert_eq!(checked(array![[1.5_f32]].view(), 1), Ok(array![[1.5]]));
    }
}

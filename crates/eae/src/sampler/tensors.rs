//! Common parts of reading samplers.

use ndarray::{Array, Dim, Dimension, IntoDimension};
use nn_layers::Weights;

use super::error::{LARGEST, ReadError};

/// Returns the lengths of a tensor's `N` axes, none of which is 0. Allocations of this size are
/// covered by the data in the file.
pub(super) fn axes<const N: usize>(
    weights: &Weights,
    name: &str,
    expected: &'static str,
) -> Result<[usize; N], ReadError> {
    let Some(found) = weights.shape(name) else {
        // Return the error of the missing tensor, which names the file.
        return Err(weights.get::<f64>(name, &[]).expect_err("it is missing").into());
    };
    match <[usize; N]>::try_from(found) {
        Ok(lengths) if !lengths.contains(&0) => Ok(lengths),
        _ => Err(ReadError::Shape { name: name.to_owned(), found: found.to_vec(), expected }),
    }
}

/// Reads the tensor of this name and shape, and checks that every value is valid.
pub(super) fn numbers<const N: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; N],
    needed: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<Array<f64, Dim<[usize; N]>>, ReadError>
where
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
    Dim<[usize; N]>: Dimension,
{
    let array = weights.get::<f64>(name, &shape)?;
    match array.iter().enumerate().find(|(_, x)| !holds(**x)) {
        Some((position, &value)) => Err(ReadError::Value { name: name.to_owned(), value, position, needed }),
        None => Ok(array.into_dimensionality().expect("as many axes as asked for")),
    }
}

/// Reads means in the range of codes.
pub(super) fn means<const N: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; N],
) -> Result<Array<f64, Dim<[usize; N]>>, ReadError>
where
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
    Dim<[usize; N]>: Dimension,
{
    numbers(weights, name, shape, "a mean is at most 1e100 in absolute value", |x| x.abs() <= LARGEST)
}

/// Reads covariances in the range of codes. Only single values are checked.
pub(super) fn covariances<const N: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; N],
) -> Result<Array<f64, Dim<[usize; N]>>, ReadError>
where
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
    Dim<[usize; N]>: Dimension,
{
    // The divisor n - 1 can double the largest square.
    numbers(weights, name, shape, "a covariance is at most 1e201 in absolute value", |x| {
        x.abs() <= 10.0 * LARGEST * LARGEST
    })
}

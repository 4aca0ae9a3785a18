//! Functions that read the tensors of a sampler and check their values.

use ndarray::{Array, Dim, Dimension, IntoDimension};
use nn_layers::Weights;

use super::error::{LARGEST, ReadError};

/// Returns the lengths of a tensor's `N` axes, none of which is 0. The file contains this many
/// numbers, so a damaged header cannot cause an allocation larger than the file.
pub(super) fn axes<const N: usize>(
    weights: &Weights,
    name: &str,
    expected: &'static str,
) -> Result<[usize; N], ReadError> {
    let Some(found) = weights.shape(name) else {
        // Return the error of the missing tensor, which names the file.
        return Err(weights.get::<f64>(name, &[]).expect_err("the tensor is missing").into());
    };
    match <[usize; N]>::try_from(found) {
        Ok(lengths) if !lengths.contains(&0) => Ok(lengths),
        _ => Err(ReadError::Shape { name: name.to_owned(), found: found.to_vec(), expected }),
    }
}

/// Reads the tensor with this name and shape, and checks with `holds` that every value is valid.
/// `needed` says in an error what a valid value is.
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
        None => Ok(array.into_dimensionality().expect("the tensor has the requested number of axes")),
    }
}

/// Reads means, which must be in the range that codes may have.
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

/// Reads covariances, whose entries must be in the range that codes allow. Does not check that a
/// covariance is symmetric or positive definite.
pub(super) fn covariances<const N: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; N],
) -> Result<Array<f64, Dim<[usize; N]>>, ReadError>
where
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
    Dim<[usize; N]>: Dimension,
{
    // The bound exceeds the square of the largest code, because the divisor n - 1 can double it.
    numbers(weights, name, shape, "a covariance is at most 1e201 in absolute value", |x| {
        x.abs() <= 10.0 * LARGEST * LARGEST
    })
}

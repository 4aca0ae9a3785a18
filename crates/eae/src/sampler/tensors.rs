//! What reading samplers has in common.

use ndarray::{Array, Dim, Dimension, IntoDimension};
use nn_layers::Weights;

use super::error::{LARGEST, ReadError};

/// The lengths of a tensor's axes, `N` of them and none 0. What is then allocated by them, the file
/// fills.
pub(super) fn axes<const N: usize>(
    weights: &Weights,
    name: &str,
    expected: &'static str,
) -> Result<[usize; N], ReadError> {
    let Some(found) = weights.shape(name) else {
        // The error that says so, with the file's name.
        return Err(weights.get::<f64>(name, &[]).expect_err("it is missing").into());
    };
    match <[usize; N]>::try_from(found) {
        Ok(lengths) if !lengths.contains(&0) => Ok(lengths),
        _ => Err(ReadError::Shape { name: name.to_owned(), found: found.to_vec(), expected }),
    }
}

/// The tensor of this name and shape, when every number of it is as needed.
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

/// Means that codes can have.
pub(super) fn means<const N: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; N],
) -> Result<Array<f64, Dim<[usize; N]>>, ReadError>
where
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
    Dim<[usize; N]>: Dimension,
{
    numbers(weights, name, shape, "a mean is at most 1e100 in size", |x| x.abs() <= LARGEST)
}

/// Covariances that codes can have, as far as each number by itself tells.
pub(super) fn covariances<const N: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; N],
) -> Result<Array<f64, Dim<[usize; N]>>, ReadError>
where
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
    Dim<[usize; N]>: Dimension,
{
    // The divisor n - 1 can make twice the largest square of it.
    numbers(weights, name, shape, "a covariance is at most 1e201 in size", |x| x.abs() <= 10.0 * LARGEST * LARGEST)
}

//! Data that other programs can make, too: reference values in tests are computed on it.

use ndarray::Array2;

/// `[n, d]` numbers `s / 2^31 - 1/2`, row by row, of the generator `s <- (1103515245 s + 12345) mod 2^31` from `seed`
/// on.
pub(super) fn uniform(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut state = seed;
    Array2::from_shape_simple_fn((n, d), || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        state as f64 / (1_u64 << 31) as f64 - 0.5
    })
}

/// Something with skewness, correlation and a shift: the product of `u` with the matrix of entries `1 / (1 + i + 2 j)`,
/// and `u^3 + 0.1` added.
pub(super) fn skewed(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let u = uniform(n, d, seed);
    let mixing = Array2::from_shape_fn((d, d), |(i, j)| 1.0 / (1 + i + 2 * j) as f64);
    u.dot(&mixing) + u.mapv(|x| x.powi(3) + 0.1)
}

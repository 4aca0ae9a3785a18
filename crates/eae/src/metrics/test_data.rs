//! Test data that other programs can reproduce, for reference values.

use ndarray::Array2;

/// Returns `[n, d]` values `s / 2^31 - 1/2`, row by row, of the generator
/// `s <- (1103515245 s + 12345) mod 2^31`, starting with `seed`.
pub(super) fn uniform(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut state = seed;
    Array2::from_shape_simple_fn((n, d), || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        state as f64 / (1_u64 << 31) as f64 - 0.5
    })
}

/// Returns data with skewness, correlation and a shift: the product of `u` with the matrix of
/// entries `1 / (1 + i + 2 j)`, plus `u^3 + 0.1`.
pub(super) fn skewed(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let u = uniform(n, d, seed);
    let mixing = Array2::from_shape_fn((d, d), |(i, j)| 1.0 / (1 + i + 2 * j) as f64);
    u.dot(&mixing) + u.mapv(|x| x.powi(3) + 0.1)
}

/// Fisher's (1936) irises of the species setosa: length and width of sepals and petals, in
/// millimeters.
const SETOSA: [[u8; 4]; 50] = [
    [51, 35, 14, 2],
    [49, 30, 14, 2],
    [47, 32, 13, 2],
    [46, 31, 15, 2],
    [50, 36, 14, 2],
    [54, 39, 17, 4],
    [46, 34, 14, 3],
    [50, 34, 15, 2],
    [44, 29, 14, 2],
    [49, 31, 15, 1],
    [54, 37, 15, 2],
    [48, 34, 16, 2],
    [48, 30, 14, 1],
    [43, 30, 11, 1],
    [58, 40, 12, 2],
    [57, 44, 15, 4],
    [54, 39, 13, 4],
    [51, 35, 14, 3],
    [57, 38, 17, 3],
    [51, 38, 15, 3],
    [54, 34, 17, 2],
    [51, 37, 15, 4],
    [46, 36, 10, 2],
    [51, 33, 17, 5],
    [48, 34, 19, 2],
    [50, 30, 16, 2],
    [50, 34, 16, 4],
    [52, 35, 15, 2],
    [52, 34, 14, 2],
    [47, 32, 16, 2],
    [48, 31, 16, 2],
    [54, 34, 15, 4],
    [52, 41, 15, 1],
    [55, 42, 14, 2],
    [49, 31, 15, 2],
    [50, 32, 12, 2],
    [55, 35, 13, 2],
    [49, 36, 14, 1],
    [44, 30, 13, 2],
    [51, 34, 15, 2],
    [50, 35, 13, 3],
    [45, 23, 13, 3],
    [44, 32, 13, 2],
    [50, 35, 16, 6],
    [51, 38, 19, 4],
    [48, 30, 14, 3],
    [51, 38, 16, 2],
    [46, 32, 14, 2],
    [53, 37, 15, 2],
    [50, 33, 14, 2],
];

pub(super) fn setosa() -> Array2<f64> {
    Array2::from_shape_fn((50, 4), |(i, j)| f64::from(SETOSA[i][j]))
}

//! Compares ranks with one process. Neighbors and estimates must be bit-identical.

mod disk;
mod estimates;
mod failures;
mod neighbors;
mod traffic;

use eae_ranks::ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Numbers of ranks for every test.
const SIZES: [usize; 8] = [1, 2, 3, 4, 5, 6, 8, 12];

/// Returns random points of a kind: scattered, clustered, on a lattice with many ties, repeated,
/// far from the origin, or on a line.
fn points_of(kind: u8, n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut x = Array2::from_shape_simple_fn((n, d), || uniform() + uniform() + uniform() - 1.5);
    match kind {
        0 => {}
        1 => x.rows_mut().into_iter().enumerate().for_each(|(i, mut row)| row += (i % 3) as f64 * 100.0),
        2 => x.mapv_inplace(|x| (4.0 * x).round()),
        3 => {
            for i in 1..n {
                if i % 3 == 0 {
                    let earlier = x.row(i / 2).to_owned();
                    x.row_mut(i).assign(&earlier);
                }
            }
        }
        4 => x.mapv_inplace(|x| x + 1e9),
        _ => x.columns_mut().into_iter().skip(1).for_each(|mut column| column.fill(0.5)),
    }
    x
}

//! Compares the bias and the variance of the entropy for different k. A small k has little bias,
//! and a large k has little variance. The estimates for all k come from one search.
//!
//! ```text
//! cargo run --release -p knn-entropy --example choosing_k
//! ```

use knn_entropy::{Error, KozachenkoLeonenko, Weighting};
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::Exp1;
use rand_chacha::ChaCha8Rng;

const REPLICATES: usize = 100;
const MOST: usize = 32;

fn main() -> Result<(), Error> {
    println!("500 samples of the exponential distribution: bias and standard deviation in nats");
    println!("{:>14} {:>16} {:>16} {:>16}", "", "d = 1", "d = 3", "d = 6");
    let columns: Vec<Vec<(f64, f64)>> = [1, 3, 6].into_iter().map(errors).collect::<Result<_, _>>()?;
    for row in 0..columns[0].len() {
        let name = if row < MOST { format!("k = {}", row + 1) } else { format!("mean of {MOST}") };
        if row < MOST && !(row + 1).is_power_of_two() {
            continue;
        }
        print!("{name:>14}");
        for column in &columns {
            let (bias, deviation) = column[row];
            print!(" {bias:>+8.3} {deviation:>7.3}");
        }
        println!();
    }
    Ok(())
}

/// Returns bias and standard deviation for each k, and for the mean over all k.
fn errors(d: usize) -> Result<Vec<(f64, f64)>, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut sums = vec![(0.0, 0.0); MOST + 1];
    for _ in 0..REPLICATES {
        let x = Array2::<f64>::random_using((500, d), Exp1, &mut rng);
        let by_k = KozachenkoLeonenko::new(MOST).entropies(x.view())?;
        let mean = KozachenkoLeonenko::new(MOST).weighting(Weighting::Mean).entropy(x.view())?;
        for (sum, h) in sums.iter_mut().zip(by_k.into_iter().chain([mean])) {
            // The entropy of one coordinate is 1.
            let error = h - d as f64;
            *sum = (sum.0 + error, sum.1 + error * error);
        }
    }
    let n = REPLICATES as f64;
    Ok(sums.into_iter().map(|(first, second)| (first / n, (second / n - (first / n).powi(2)).sqrt())).collect())
}

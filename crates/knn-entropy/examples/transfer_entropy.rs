//! Finds the direction and the delay of an influence between two similar series by transfer
//! entropy, and tests with surrogates whether it could be chance.
//!
//! ```text
//! cargo run --release -p knn-entropy --example transfer_entropy
//! ```

use knn_entropy::{Error, PermutationTest, TransferEntropy};
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Error> {
    // y follows x with a delay of 3 steps. Both also depend on their own past.
    let noise = Array2::<f64>::random_using((2000, 2), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    let (mut x, mut y) = (Array2::<f64>::zeros((2000, 1)), Array2::<f64>::zeros((2000, 1)));
    for t in 3..2000 {
        x[[t, 0]] = 0.4 * x[[t - 1, 0]] + noise[[t, 0]];
        y[[t, 0]] = 0.4 * y[[t - 1, 0]] + 0.6 * x[[t - 3, 0]] + 0.8 * noise[[t, 1]];
    }
    // Each surrogate is a rotation of the source's past, which preserves its autocorrelation but
    // destroys the dependence on the target.
    let (estimator, test) = (TransferEntropy::new(4), PermutationTest::new(99, 0));
    for (name, source, target) in [("x to y", &x, &y), ("y to x", &y, &x)] {
        let scan = estimator.scan(source.view(), target.view(), 1..=5, test)?;
        println!("{name}");
        println!("{:>6} {:>8} {:>8} {:>10}", "delay", "nats", "p", "corrected");
        for found in scan.delays() {
            let (nats, p, corrected) = (found.transfer_entropy, found.p_value, found.corrected_p_value);
            println!("{:>6} {nats:>8.3} {p:>8.2} {corrected:>10.2}", found.delay);
        }
        let best = scan.best();
        println!("best at a delay of {}, corrected p = {:.2}\n", best.delay, best.corrected_p_value);
    }
    Ok(())
}

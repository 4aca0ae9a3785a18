//! Who drives whom? Two series that look alike; the transfer entropy tells the direction, and the delay.
//!
//! ```text
//! cargo run --release --example transfer_entropy
//! ```

use knn_entropy::{Error, Ksg, PermutationTest, TransferEntropy};
use ndarray::{Array2, Axis};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Error> {
    // y follows x with a delay of 3 steps; both remember their own past.
    let noise = Array2::<f64>::random_using((2000, 2), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    let (mut x, mut y) = (Array2::<f64>::zeros((2000, 1)), Array2::<f64>::zeros((2000, 1)));
    for t in 3..2000 {
        x[[t, 0]] = 0.4 * x[[t - 1, 0]] + noise[[t, 0]];
        y[[t, 0]] = 0.4 * y[[t - 1, 0]] + 0.6 * x[[t - 3, 0]] + 0.8 * noise[[t, 1]];
    }
    println!("transfer entropy in nats");
    println!("{:>6} {:>8} {:>8}", "delay", "x to y", "y to x");
    for delay in 1..=5 {
        let estimator = TransferEntropy::new(4).delay(delay);
        let there = estimator.transfer_entropy(x.view(), y.view())?;
        let back = estimator.transfer_entropy(y.view(), x.view())?;
        println!("{delay:>6} {there:>8.3} {back:>8.3}");
    }
    // Could it be chance? Shuffled pasts of the source know nothing.
    let past = TransferEntropy::new(4).delay(3).embed(x.view(), y.view())?;
    let test = PermutationTest::new(99, 0).run(past.next.nrows(), |rows| {
        Ksg::new(4).conditional(past.source.select(Axis(0), rows).view(), past.next.view(), past.target.view())
    })?;
    println!(
        "at a delay of 3: {:.3} nats, p = {:.2}; shuffled {:.3} on average",
        test.observed(),
        test.p_value(),
        test.mean()
    );
    Ok(())
}

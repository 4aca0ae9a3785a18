//! Ranks columns by their information about a label. Mutual information does not assume a kind of
//! dependence, and a permutation test shows which columns could be related by chance.
//!
//! ```text
//! cargo run --release -p knn-entropy --example feature_ranking
//! ```

use knn_entropy::{Error, PermutationTest, Ross};
use ndarray::{Array2, Axis};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let n = 600;
    let noise = Array2::<f64>::random_using((n, 4), StandardNormal, &mut rng);
    let labels: Vec<bool> = noise.column(3).iter().map(|&x| x > 0.0).collect();
    let sign = |i: usize| if labels[i] { 1.0 } else { -1.0 };
    // The first feature differs in its mean, the second only in its spread, and the third not at
    // all.
    let feature = |name: &str, i: usize| match name {
        "shifted" => noise[[i, 0]] + 0.7 * sign(i),
        "spread" => noise[[i, 1]] * (1.0 + 0.7 * sign(i)),
        _ => noise[[i, 2]],
    };
    let mut ranking = Vec::new();
    for name in ["shifted", "spread", "unrelated"] {
        let x = Array2::from_shape_fn((n, 1), |(i, _)| feature(name, i));
        let test = PermutationTest::new(199, 1)
            .run(n, |rows| Ross::new(5).mutual_information(x.select(Axis(0), rows).view(), &labels))?;
        ranking.push((test.observed(), test.p_value(), name));
    }
    ranking.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("{:>10} {:>12} {:>8}", "feature", "nats", "p");
    for (information, p, name) in ranking {
        println!("{name:>10} {information:>12.3} {p:>8.3}");
    }
    println!("the label itself has {:.3} nats", 2_f64.ln());
    Ok(())
}

//! Measures the errors of the mutual information of rounded numbers, and of independent series with
//! a Theiler window. Prints the last two tables of `docs/convergence.md`.

use knn_entropy::{Ksg, MixedKsg, Result, Ties};
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use statrs::function::gamma::digamma;

const SIZES: [usize; 4] = [64, 256, 1024, 4096];
const SEEDS: u64 = 40;

/// Draws normal pairs with correlation `r`.
fn pairs(n: usize, r: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pair = || {
        let [a, b]: [f64; 2] = [rng.sample(StandardNormal), rng.sample(StandardNormal)];
        (a, r * a + (1.0 - r * r).sqrt() * b)
    };
    (0..n).map(|_| pair()).unzip()
}

/// Prints a row of root mean square errors, one for each number of samples.
fn row(name: &str, error: impl Fn(usize, u64) -> Result<f64>) -> Result<()> {
    let mut cells = String::new();
    for n in SIZES {
        let squares = (0..SEEDS).map(|seed| error(n, seed).map(|error| error * error)).sum::<Result<f64>>()?;
        cells += &format!(" {:.3} |", (squares / SEEDS as f64).sqrt());
    }
    println!("| {name} |{cells}");
    Ok(())
}

fn main() -> Result<()> {
    let ksg = Ksg::new(3);
    println!("| rounded to | estimate | {} |", SIZES.map(|n| n.to_string()).join(" | "));
    // The truth is a sum over all cells, as in `tests/suite/ties.rs`.
    for (step, truth) in [(0.01, 0.8304), (0.1, 0.8270), (0.3, 0.8002)] {
        let rounded = |n, seed| {
            let (x, y) = pairs(n, 0.9, seed);
            let round = |x: Vec<f64>| x.into_iter().map(|x| (x / step).round() * step).collect::<Vec<_>>();
            (round(x), round(y))
        };
        row(&format!("{step} | tied rows counted"), |n, seed| {
            let (x, y) = rounded(n, seed);
            Ok(ksg.mutual_information(x, y)? - truth)
        })?;
        row(&format!("{step} | dithered"), |n, seed| {
            let (x, y) = rounded(n, seed);
            Ok(ksg.ties(Ties::Dither { steps: &[step; 2], seed }).mutual_information(x, y)? - truth)
        })?;
        row(&format!("{step} | Gao et al."), |n, seed| {
            let (x, y) = rounded(n, seed);
            Ok(MixedKsg::new(3).mutual_information(x, y)? - truth)
        })?;
    }
    println!("| window | estimate | {} |", SIZES.map(|n| n.to_string()).join(" | "));
    for share in [10, 5, 3] {
        let estimate = |n: usize, seed: u64| {
            let (x, y) = pairs(n, 0.0, seed);
            ksg.window(n / share).mutual_information(x, y)
        };
        row(&format!("n/{share} | usable rows"), estimate)?;
        row(&format!("n/{share} | all rows"), |n, seed| {
            let window = n / share;
            let usable = (0..n).map(|i| digamma((n - window.min(i) - window.min(n - 1 - i)) as f64)).sum::<f64>();
            Ok(estimate(n, seed)? + digamma(n as f64) - usable / n as f64)
        })?;
    }
    Ok(())
}

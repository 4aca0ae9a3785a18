//! Prints the mean standard error divided by the standard deviation of the estimates over data
//! sets, and how often the 95 % interval contains their mean, for the table in the README.

use knn_entropy::{Estimate, KozachenkoLeonenko, Ksg, Result, TransferEntropy};
use ndarray::{Array1, Array2, s};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::{Distribution, Exp1, StandardNormal, StandardUniform};
use rand_chacha::ChaCha8Rng;

const DATA_SETS: u64 = 1000;

fn main() -> Result<()> {
    println!("{:<36} {:>4} {:>5} {:>6} {:>9}", "estimate", "k", "n", "ratio", "coverage");
    entropies("normal", StandardNormal)?;
    entropies("uniform", StandardUniform)?;
    entropies("exponential", Exp1)?;
    for correlation in [0.0, 0.6, 0.9_f64] {
        for k in [3, 10, 50] {
            for n in [100, 1000] {
                let name = format!("information, normal, correlation {correlation}");
                print(&name, k, n, |rng| {
                    let mut z = draw(n, 2, StandardNormal, rng);
                    let y = correlation * &z.column(0) + (1.0 - correlation * correlation).sqrt() * &z.column(1);
                    z.column_mut(1).assign(&y);
                    Ksg::new(k).estimate(&[z.slice(s![.., ..1]), z.slice(s![.., 1..])])
                })?;
            }
        }
    }
    for k in [4, 10] {
        print("transfer entropy", k, 500, |rng| {
            let noise = draw(500, 2, StandardNormal, rng);
            let source = noise.column(0).to_owned();
            let mut target = Array1::<f64>::zeros(500);
            for t in 1..500 {
                target[t] = 0.5 * target[t - 1] + 0.5 * source[t - 1] + noise[[t, 1]];
            }
            TransferEntropy::new(k).estimate(&source, &target)
        })?;
    }
    Ok(())
}

fn entropies(name: &str, distribution: impl Distribution<f64> + Copy) -> Result<()> {
    for d in [1, 2, 5] {
        for k in [1, 3, 10] {
            for n in [100, 1000] {
                let name = format!("entropy, {name}, {d} dimension{}", if d == 1 { "" } else { "s" });
                print(&name, k, n, |rng| KozachenkoLeonenko::new(k).estimate(draw(n, d, distribution, rng)))?;
            }
        }
    }
    Ok(())
}

fn draw(n: usize, d: usize, distribution: impl Distribution<f64>, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::random_using((n, d), distribution, rng)
}

/// Estimates from many data sets, and prints a line about them.
fn print(name: &str, k: usize, n: usize, estimate: impl Fn(&mut ChaCha8Rng) -> Result<Estimate>) -> Result<()> {
    let estimates: Result<Vec<Estimate>> =
        (0..DATA_SETS).map(|seed| estimate(&mut ChaCha8Rng::seed_from_u64(seed))).collect();
    let estimates = estimates?;
    let mean = |of: &dyn Fn(&Estimate) -> f64| estimates.iter().map(of).sum::<f64>() / estimates.len() as f64;
    let center = mean(&Estimate::value);
    let deviation = mean(&|estimate| (estimate.value() - center).powi(2)).sqrt();
    let contains = |estimate: &Estimate| {
        let (low, high) = estimate.sampling_interval(0.95);
        f64::from(u8::from(low <= center && center <= high))
    };
    let (ratio, coverage) = (mean(&Estimate::standard_error) / deviation, 100.0 * mean(&contains));
    println!("{name:<36} {k:>4} {n:>5} {ratio:>6.2} {coverage:>7.0} %");
    Ok(())
}

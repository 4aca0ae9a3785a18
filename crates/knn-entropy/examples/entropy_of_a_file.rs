//! Estimates the entropy of the numbers in a file with one sample per line. Without a file, it uses
//! two coupled series.
//!
//! ```text
//! cargo run --release -p knn-entropy --example entropy_of_a_file -- numbers.txt
//! ```
//!
//! The program `eae entropy` does this for more kinds of files.

use std::error::Error;

use knn_entropy::KozachenkoLeonenko;
use ndarray::Array2;

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => include_str!("../tests/data/published/2coupledRandomCols-1.txt").to_owned(),
    };
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with(['#', '%']))
        .map(|line| line.split([',', ' ', '\t']).filter(|field| !field.is_empty()).map(str::parse).collect())
        .collect::<Result<_, _>>()?;
    let d = rows.first().map_or(0, Vec::len);
    let samples = Array2::from_shape_vec((rows.len(), d), rows.concat())?;

    let estimate = KozachenkoLeonenko::new(3).estimate(samples.view())?;
    let (low, high) = estimate.sampling_interval(0.95);
    println!("{} samples of {d} dimensions", rows.len());
    println!("entropy {:.3} nats, 95 % from {low:.3} to {high:.3}", estimate.value());
    // A local value estimates minus the logarithm of the density, so the largest value belongs to
    // the rarest sample.
    let rarest = estimate.local().iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(row, _)| row);
    println!("the rarest sample is in row {rarest}: {}", samples.row(rarest));
    Ok(())
}

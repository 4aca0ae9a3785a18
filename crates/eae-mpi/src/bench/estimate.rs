//! Measures estimates of the entropy.

use std::ops::Range;
use std::time::Instant;

use clap::Args;
use eae_ranks::{Counted, Entropy, Ranks, Rows, Typed};

use super::normal::normal;
use crate::failure::Failure;

/// Points to measure with.
#[derive(Args)]
pub(super) struct Points {
    /// Number of points of each rank.
    #[arg(long, default_value_t = 100_000)]
    points: usize,
    /// Number of coordinates.
    #[arg(long, default_value_t = 3)]
    dimension: usize,
    /// Number of the neighbor.
    #[arg(long, default_value_t = 4)]
    k: usize,
    /// Number of estimates.
    #[arg(long, default_value_t = 3)]
    repeats: usize,
}

/// Estimates the entropy of normal points and prints the time, the time in messages, and the bytes
/// and messages that a rank sends.
pub(super) fn run(ranks: &dyn Ranks, points: &Points) -> Result<(), Failure> {
    let data = Normal { rows: points.points * ranks.size(), dimension: points.dimension };
    for repeat in 0..points.repeats {
        let counted = Counted::new(ranks);
        let start = Instant::now();
        let found = Entropy::new(points.k).estimate(&counted, &data)?;
        let seconds = start.elapsed().as_secs_f64();
        let traffic = counted.traffic();
        let numbers = [seconds, traffic.waited.as_secs_f64(), traffic.bytes as f64, traffic.messages as f64];
        let all = ranks.all_gather_one(numbers)?;
        if ranks.rank() == 0 {
            let mean = |i: usize| all.iter().map(|numbers| numbers[i]).sum::<f64>() / all.len() as f64;
            let per_row = |count: u64| count as f64 / data.rows as f64;
            println!(
                "{repeat}: {:.2} s, of which {:.2} s in messages; {:.1} bytes per point and {:.0} messages from a rank in {} calls; \
                 {:.4} of the points ask, {:.4} questions per point, {:.4} answered",
                mean(0),
                mean(1),
                mean(2) / points.points as f64,
                mean(3),
                traffic.calls,
                per_row(found.asked.asking),
                per_row(found.asked.questions),
                per_row(found.asked.answered),
            );
        }
    }
    Ok(())
}

/// Points from the normal distribution, each determined by its row alone.
struct Normal {
    rows: usize,
    dimension: usize,
}

impl Rows for Normal {
    fn len(&self) -> usize {
        self.rows
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, String> {
        let places = rows.start * self.dimension..rows.end * self.dimension;
        Ok(places.map(|place| normal(place as u64)).collect())
    }
}

use rayon::prelude::*;

use super::BOTH;
use crate::neighbors::sorted::Line;

/// Counts by the places of sorted numbers, `radii(row)` being the inner and the outer radius of one.
pub(super) fn count(values: &[f64], radii: impl Fn(usize) -> [f64; 2] + Sync, window: usize) -> Vec<[usize; 2]> {
    let line = Line::new(values);
    let sorted = &line.sorted;
    // In the order of the values, because those of neighbours are in the cache.
    let counts: Vec<[usize; 2]> = sorted
        .par_iter()
        .with_min_len(256)
        .enumerate()
        .map(|(place, &(x, row))| {
            let (mut left, mut right) = (0, 0);
            let radii = radii(row);
            [0, 1].map(|s| {
                let within = |other: f64| BOTH[s].holds((x - other).abs(), radii[s]);
                // From where the radius before ended, because it is mostly about as large.
                left = run_length(place + 1, left, |steps| within(sorted[place - steps].0));
                right = run_length(sorted.len() - place, right, |steps| within(sorted[place + steps].0));
                // The point itself is in both, if it is in one.
                (left + right).saturating_sub(1)
            })
        })
        .collect();
    let mut of_points = vec![[0; 2]; values.len()];
    for (&(_, row), counts) in sorted.iter().zip(counts) {
        of_points[row] = counts;
    }
    // All were counted, and the point itself and its neighbours in time are no others.
    of_points.par_iter_mut().with_min_len(256).enumerate().for_each(|(row, counts)| {
        let last = row.saturating_add(window).min(values.len() - 1);
        let radii = radii(row);
        for (s, count) in counts.iter_mut().enumerate() {
            let within = |&other: &usize| BOTH[s].holds((values[row] - values[other]).abs(), radii[s]);
            *count -= (row.saturating_sub(window)..=last).filter(within).count();
        }
    });
    of_points
}

/// How many of `0..end` come before the first that does not hold: from a guess in steps that double, and then by bisection.
fn run_length(end: usize, guess: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    // All before `low` hold, and none from `high` on.
    let (mut low, mut high) = (guess, end);
    if guess > 0 && !holds(guess - 1) {
        (low, high) = (0, guess - 1);
        while high >= step {
            if holds(high - step) {
                low = high - step + 1;
                break;
            }
            high -= step;
            step *= 2;
        }
    } else {
        while low + step <= end {
            if !holds(low + step - 1) {
                high = low + step - 1;
                break;
            }
            low += step;
            step *= 2;
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_lengths_from_every_guess() {
        for end in 0..40 {
            for length in 0..=end {
                for guess in 0..=end {
                    assert_eq!(run_length(end, guess, |i| i < length), length, "{end}, {guess}");
                }
            }
        }
    }
}

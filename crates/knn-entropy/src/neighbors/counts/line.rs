use std::ops::Range;

use rayon::prelude::*;

use super::ball::BOTH;
use super::ranks::Ranks;
use crate::neighbors::line::Line;
use crate::neighbors::rows::Rows;
use crate::neighbors::sweep::{Rest, sweep};

/// Counts by the places of sorted numbers. `radii(row)` returns the inner and the outer radius of a
/// row.
pub(super) fn count(values: &[f64], radii: impl Fn(usize) -> [f64; 2] + Sync, window: usize) -> Vec<[usize; 2]> {
    let line = Line::new(values);
    // Visiting rows in the order of their values keeps the values of neighbors in the cache.
    let within = line.sorted.par_iter().with_min_len(256).enumerate().map(|(place, &(x, row))| {
        let ranges = ranges(&line.sorted, place, x, radii(row));
        (row, ranges)
    });
    let mut counts = vec![[0; 2]; values.len()];
    if window == 0 {
        // Subtract the point itself, which is in its range.
        let within: Vec<_> =
            within.map(|(row, ranges)| (row, ranges.map(|range| range.len().saturating_sub(1)))).collect();
        within.into_iter().for_each(|(row, found)| counts[row] = found);
        return counts;
    }
    let mut of_rows = vec![[const { 0..0 }; 2]; values.len()];
    within.collect::<Vec<_>>().into_iter().for_each(|(row, ranges)| of_rows[row] = ranges);
    let places = line.places();
    let all = || Outside { places: &places, present: Ranks::full(values.len()) };
    sweep(&mut counts, window, all, |Outside { present, .. }, row| {
        of_rows[row].clone().map(|range| present.count(range))
    });
    counts
}

/// Returns the places within each of the two radii of a place.
fn ranges(sorted: &[(f64, usize)], place: usize, x: f64, radii: [f64; 2]) -> [Range<usize>; 2] {
    let (mut left, mut right) = (0, 0);
    [0, 1].map(|s| {
        let within = |other: f64| BOTH[s].holds((x - other).abs(), radii[s]);
        // Start where the previous radius ended, because both radii are usually similar.
        left = run_length(place + 1, left, |steps| within(sorted[place - steps].0));
        right = run_length(sorted.len() - place, right, |steps| within(sorted[place + steps].0));
        // The place itself is counted on both sides or on neither.
        if left == 0 { place..place } else { place + 1 - left..place + right }
    })
}

/// The places of the rows outside a window.
struct Outside<'p> {
    places: &'p Rows,
    present: Ranks,
}

impl Rest for Outside<'_> {
    fn remove(&mut self, row: usize) {
        self.present.remove(self.places.get(row));
    }

    fn insert(&mut self, row: usize) {
        self.present.insert(self.places.get(row));
    }
}

/// Returns the number of leading elements of `0..end` for which `holds` is true. Searches from a
/// guess in doubling steps, and then by bisection.
fn run_length(end: usize, guess: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    // `holds` is true for all elements before `low`, and false for all from `high` on.
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

use std::ops::Range;

use rayon::prelude::*;

use super::ball::BOTH;
use super::ranks::Ranks;
use crate::neighbors::line::Line;
use crate::neighbors::rows::Rows;
use crate::neighbors::sweep::{Rest, sweep};

/// Number of places that one thread takes at a time.
const CHUNK: usize = 256;

/// Counts by the places of sorted numbers. `radii(row)` returns the inner and the outer radius of a
/// row.
pub(super) fn count(values: &[f64], radii: impl Fn(usize) -> [f64; 2] + Sync, window: usize) -> Vec<[usize; 2]> {
    let line = Line::new(values);
    // Visiting rows in the order of their values keeps the values of neighbors in the cache.
    let chunks = line.sorted.par_chunks(CHUNK).enumerate().map(|(chunk, points)| {
        // Reading all radii first overlaps their cache misses.
        let radii: Vec<_> = points.iter().map(|&(_, row)| radii(row)).collect();
        let places = (chunk * CHUNK..).zip(points.iter().zip(radii));
        let mut density = [0.0; 2];
        places
            .map(|(place, (&(_, row), radii))| (row, ranges(&line.sorted, place, radii, &mut density)))
            .collect::<Vec<_>>()
    });
    let within = chunks.collect::<Vec<_>>().into_iter().flatten();
    let mut counts = vec![[0; 2]; values.len()];
    if window == 0 {
        // Subtract the point itself, which is in its range.
        within.for_each(|(row, ranges)| counts[row] = ranges.map(|range| range.len().saturating_sub(1)));
        return counts;
    }
    let mut of_rows = vec![[const { 0..0 }; 2]; values.len()];
    within.for_each(|(row, ranges)| of_rows[row] = ranges);
    let places = line.places();
    let all = || Outside { places: &places, present: Ranks::full(values.len()) };
    sweep(&mut counts, window, all, |Outside { present, .. }, row| {
        of_rows[row].clone().map(|range| present.count(range))
    });
    counts
}

/// Returns the places within each of the two radii of a place. `density` is the number of places
/// per unit of length on each side of the previous place, and then of this one.
fn ranges(sorted: &[(f64, usize)], place: usize, radii: [f64; 2], density: &mut [f64; 2]) -> [Range<usize>; 2] {
    let x = sorted[place].0;
    let left = |steps: usize| (x - sorted[place - steps].0).abs();
    let right = |steps: usize| (x - sorted[place + steps].0).abs();
    let ends = [place + 1, sorted.len() - place];
    let mut runs = [guess(ends[0], radii[0], density[0], left), guess(ends[1], radii[0], density[1], right)];
    let ranges = [0, 1].map(|s| {
        let within = |distance: f64| BOTH[s].holds(distance, radii[s]);
        // The second search starts where the first ended, because both radii are usually similar.
        runs = [
            run_length(ends[0], runs[0], |steps| within(left(steps))),
            run_length(ends[1], runs[1], |steps| within(right(steps))),
        ];
        // The place itself is counted on both sides or on neither.
        if runs[0] == 0 { place..place } else { place + 1 - runs[0]..place + runs[1] }
    });
    *density = runs.map(|run| run as f64 / radii[1]);
    ranges
}

/// Guesses the number of leading elements of `0..end` with a distance up to the radius, from the
/// number of elements per unit of length.
fn guess(end: usize, radius: f64, density: f64, distance: impl Fn(usize) -> f64) -> usize {
    let first = ((radius * density) as usize).min(end - 1);
    // The elements from there to the radius are few, so their number scatters little.
    ((first as f64 + (radius - distance(first)) * density) as usize).min(end)
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

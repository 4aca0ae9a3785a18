//! Columns whose values do not come from a density: values that occur too often, and regular grids.

use std::cmp::Reverse;

use ndarray::{ArrayView1, ArrayView2};

use super::rounding::{shown, step};
use super::shape::runs;
use crate::output::counted;

/// A value is a peak if its count is more than this many times each count beside it.
const RATIO: usize = 5;
/// Number of different values on each side with which a value is compared.
const BESIDE: usize = 3;
/// Smallest count of a peak.
const LEAST: usize = 8;
/// Multiples of the finer step that are tried as coarser steps: those of decimals and of times.
const FACTORS: [usize; 16] = [2, 4, 5, 10, 12, 15, 20, 25, 30, 50, 60, 100, 200, 250, 500, 1000];
/// Smallest excess of the multiples of a coarser step, in standard deviations, and smallest ratio
/// to their expected count.
const SIGMAS: f64 = 6.0;
const EXCESS: f64 = 1.5;
/// Smallest excess of the chosen step, as a fraction of the largest excess of any step.
const MOST: f64 = 0.75;
/// Largest ratio of a step to the distance between numbers that does not matter.
const FINE: f64 = 0.1;
/// Fewest values of a grid.
const OF_A_GRID: usize = 10;

/// A kind of column without a density.
#[derive(Debug, PartialEq)]
pub(super) enum Peaks {
    /// There are only two values, with these counts.
    Two([(f64, usize); 2]),
    /// Multiples of this step occur more often than the numbers beside them.
    Heaps(f64),
    /// These values occur more often than those beside them, the most frequent one first.
    Atoms(Vec<(f64, usize)>),
}

impl Peaks {
    /// Looks for values that occur too often for numbers from a density.
    pub(super) fn of(column: ArrayView1<'_, f64>) -> Option<Self> {
        let counts = runs(column);
        if let [one, other] = counts[..] {
            return (one.1 + other.1 >= LEAST).then_some(Self::Two([one, other]));
        }
        let atoms = atoms(&counts);
        let heaps = heaps(&counts, step(column)).or_else(|| grid_of_atoms(&atoms));
        if let Some(step) = heaps.filter(|step| is_coarse(*step, &counts)) {
            return Some(Self::Heaps(step));
        }
        (!atoms.is_empty()).then_some(Self::Atoms(atoms))
    }

    /// Returns true if these values are peaks of the other column, too.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let values = |peaks: &Self| -> Vec<f64> {
            match peaks {
                Self::Two(values) => values.iter().map(|(value, _)| *value).collect(),
                Self::Atoms(values) => values.iter().map(|(value, _)| *value).collect(),
                Self::Heaps(_) => Vec::new(),
            }
        };
        let of_other = values(other);
        values(self).iter().all(|value| of_other.contains(value))
    }

    /// Returns true if dithering by this step spreads the heaps.
    pub(super) fn are_spread_by(&self, step: f64) -> bool {
        matches!(self, Self::Heaps(heaps) if step > 0.99 * heaps)
    }

    /// Describes the column. `so` is the consequence for what is estimated.
    pub(super) fn text(&self, so: &str) -> String {
        match self {
            Self::Two([(one, of_one), (other, of_other)]) => format!(
                "has only the values {one} ({}) and {other} ({}), and no density, {so}; leave the column out, or take it as \
                 labels with eae mi",
                times(*of_one),
                times(*of_other)
            ),
            Self::Heaps(step) => {
                let step = shown(*step);
                format!(
                    "was partly rounded to {step}: multiples of {step} occur far more often than the numbers beside them, so the \
                     estimate is off; use --dither {step} if this is small compared with the spread of the column"
                )
            }
            Self::Atoms(atoms) => {
                let shown: Vec<String> =
                    atoms.iter().take(3).map(|(value, count)| format!("{value} ({})", times(*count))).collect();
                let (it, rows) = match atoms.len() {
                    1 => ("it", "rows with this value"),
                    _ => ("them", "rows with these values"),
                };
                let occur = match atoms.len() {
                    1 => format!("{} occurs {}", atoms[0].0, times(atoms[0].1)),
                    2..=3 => format!("{} occur", and(&shown)),
                    many => format!("{many} values, such as {}, occur", and(&shown)),
                };
                format!(
                    "has no density: {occur}, far more often than the values next to {it}, {so}; leave out the {rows}, or treat the \
                     column as a mixture of labels and numbers"
                )
            }
        }
    }
}

fn times(count: usize) -> String {
    counted(count, "time")
}

fn and(items: &[String]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => items.concat(),
    }
}

/// Returns the values that occur far more often than those on both sides.
fn atoms(counts: &[(f64, usize)]) -> Vec<(f64, usize)> {
    let is_atom = |place: &usize| {
        let beside =
            (place.saturating_sub(BESIDE)..counts.len().min(place + BESIDE + 1)).filter(|other| other != place);
        counts[*place].1 >= LEAST
            && beside.map(|other| counts[other].1).max().is_some_and(|most| counts[*place].1 > RATIO * most)
    };
    let mut atoms: Vec<_> = (0..counts.len()).filter(is_atom).map(|place| counts[place]).collect();
    atoms.sort_by_key(|(_, count)| Reverse(*count));
    atoms
}

/// Returns the coarser step to which some of the numbers were rounded, for multiples of `step`.
///
/// A smooth density gives a multiple of the coarser step the mean of the counts beside it. The
/// multiple with the largest excess does not count, because it can be an atom or the end of the
/// density.
fn heaps(counts: &[(f64, usize)], step: f64) -> Option<f64> {
    let index = |x: f64| (x / step).round();
    let on_grid =
        step > 0.0 && counts.iter().all(|(x, _)| (x / step - index(*x)).abs() < 0.01 && index(*x).abs() < 1e15);
    if !on_grid {
        return None;
    }
    let numbered: Vec<(i64, f64)> = counts.iter().map(|(x, count)| (index(*x) as i64, *count as f64)).collect();
    let at = |place: usize, next: i64| {
        numbered.get(place).filter(|(index, _)| *index == next).map_or(0.0, |(_, count)| *count)
    };
    // The excess of the multiples over the number that a smooth density gives them.
    let excess = |factor: usize| {
        let factor = factor as i64;
        let (mut found, mut expected, mut largest) = (0.0, 0.0, (0.0, 0.0));
        for (place, (index, count)) in numbered.iter().enumerate() {
            let is_beside = |next: i64| f64::from(u8::from((index + next) % factor == 0));
            expected += count * (is_beside(-1) + is_beside(1)) / 2.0;
            if index % factor == 0 {
                found += count;
                let beside = (at(place.wrapping_sub(1), index - 1) + at(place + 1, index + 1)) / 2.0;
                if count - beside > largest.0 - largest.1 {
                    largest = (*count, beside);
                }
            }
        }
        let (found, expected) = (found - largest.0, expected - largest.1);
        let excess = found - expected;
        let is_clear = excess > SIGMAS * (found + expected / 2.0).sqrt() && found > EXCESS * expected;
        is_clear.then_some((factor, excess))
    };
    // A part of the coarser step has the same excess, and a multiple of it has less.
    let clear: Vec<(i64, f64)> = FACTORS.into_iter().filter_map(excess).collect();
    let most = clear.iter().map(|(_, excess)| *excess).fold(0.0, f64::max);
    clear.into_iter().rev().find(|(_, excess)| *excess > MOST * most).map(|(factor, _)| step * factor as f64)
}

/// Returns true if a step is not small compared with the distances between the numbers of the
/// middle half.
fn is_coarse(step: f64, counts: &[(f64, usize)]) -> bool {
    let at = |share: usize| counts[(counts.len() - 1) * share / 4].0;
    step > FINE * (at(3) - at(1)) / (counts.len() as f64 / 2.0)
}

/// Returns the step of a grid if atoms are on more than half of its points.
fn grid_of_atoms(atoms: &[(f64, usize)]) -> Option<f64> {
    let values: Vec<f64> = atoms.iter().map(|(value, _)| *value).collect();
    let step = step(ArrayView1::from(&values));
    let [low, high] = [f64::min, f64::max].map(|end| values.iter().copied().reduce(end).unwrap_or(0.0));
    (step > 0.0 && values.len() > 3 && 2.0 * values.len() as f64 > (high - low) / step).then_some(step)
}

/// Returns a warning for each column without a density for which `shown` is true, and for each
/// column of equally spaced numbers.
pub(super) fn warnings(
    x: ArrayView2<'_, f64>,
    names: &[String],
    so: &str,
    shown: impl Fn(usize, &Peaks) -> bool,
) -> Vec<String> {
    let one = |((place, column), name): ((usize, ArrayView1<'_, f64>), &String)| {
        if let Some(peaks) = Peaks::of(column) {
            return shown(place, &peaks).then(|| format!("column {name} {}", peaks.text(so)));
        }
        is_grid(column).then(|| {
            format!(
                "column {name} has equally spaced numbers, such as an index or times, which are no random sample; the \
                 estimate and its standard error do not apply to them"
            )
        })
    };
    x.columns().into_iter().enumerate().zip(names).filter_map(one).collect()
}

/// Returns true if the numbers, in some order, are equally spaced.
fn is_grid(column: ArrayView1<'_, f64>) -> bool {
    let runs = runs(column);
    if column.len() < OF_A_GRID || runs.len() < column.len() {
        return false;
    }
    let (low, high) = (runs[0].0, runs[runs.len() - 1].0);
    let gap = (high - low) / (runs.len() - 1) as f64;
    let is_near = |(place, (x, _)): (usize, &(f64, usize))| (x - low - place as f64 * gap).abs() <= 1e-3 * gap;
    gap.is_finite() && runs.iter().enumerate().all(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler::normal;
    use ndarray::Array1;

    fn numbers(n: usize, seed: u64) -> Array1<f64> {
        normal::<f64>(n, 1, seed).column(0).to_owned()
    }

    fn rounded(x: &Array1<f64>, step: f64) -> Array1<f64> {
        x.mapv(|x| (x / step).round() * step)
    }

    /// Normal, bounded, exponential and lognormal numbers, as they are and rounded.
    #[test]
    fn clean_columns_have_no_peaks() {
        for seed in 0..40 {
            let z = numbers(1000, seed);
            let bounded = z.mapv(|z| z.tanh());
            let other = numbers(1000, seed + 1000);
            let exponential = (&z * &z + &other * &other) / 2.0;
            for x in [&z, &bounded, &exponential, &z.mapv(|z| (3.0 * z).exp())] {
                for step in [0.0, 0.01, 0.1, 0.25, 0.5, 1.0] {
                    let x = if step > 0.0 { rounded(x, step) } else { x.clone() };
                    assert_eq!(Peaks::of(x.view()), None, "seed {seed}, step {step}");
                    assert!(!is_grid(x.view()));
                }
            }
            // Rows drawn with replacement, and rows recorded three times.
            let again = Array1::from_iter((0..1000).map(|i| z[(i * i + 7 * i) % 997]));
            let copies = Array1::from_iter((0..900).map(|i| z[i / 3]));
            assert_eq!([Peaks::of(again.view()), Peaks::of(copies.view())], [None, None]);
        }
    }

    #[test]
    fn atoms_are_named_with_their_counts() {
        let mut x = numbers(1000, 1);
        x.iter_mut().step_by(20).for_each(|x| *x = 0.0);
        assert_eq!(Peaks::of(x.view()), Some(Peaks::Atoms(vec![(0.0, 50)])));
        let clipped = numbers(1000, 2).mapv(|x| x.clamp(-1.0, 1.5));
        let Some(Peaks::Atoms(atoms)) = Peaks::of(clipped.view()) else { panic!() };
        // 15.9 % and 6.7 % of a normal sample.
        assert!(atoms.len() == 2 && (120..200).contains(&atoms[0].1) && (45..90).contains(&atoms[1].1), "{atoms:?}");
        assert_eq!([atoms[0].0, atoms[1].0], [-1.0, 1.5]);
        let mut marked = rounded(&numbers(1000, 3), 0.1);
        marked.iter_mut().step_by(50).for_each(|x| *x = -999.0);
        assert_eq!(Peaks::of(marked.view()), Some(Peaks::Atoms(vec![(-999.0, 20)])));
        let binary = Array1::from_iter((0..100).map(|i| f64::from(u8::from(i % 4 == 0))));
        assert_eq!(Peaks::of(binary.view()), Some(Peaks::Two([(0.0, 75), (1.0, 25)])));
    }

    #[test]
    fn heaps_that_are_much_finer_than_distances_do_not_matter() {
        for seed in 0..10 {
            let z = numbers(1000, seed);
            for digits in [5, 7] {
                let written = z.mapv(|z| format!("{:.digits$e}", z.exp()).parse::<f64>().unwrap());
                assert_eq!(Peaks::of(written.view()), None, "{digits} digits");
                let mut zeros = written;
                zeros.iter_mut().step_by(20).for_each(|x| *x = 0.0);
                assert_eq!(Peaks::of(zeros.view()), Some(Peaks::Atoms(vec![(0.0, 50)])), "{digits} digits");
            }
        }
    }

    #[test]
    fn heaps_are_found() {
        for seed in 0..40 {
            let x = numbers(1000, seed);
            for (scale, coarse, fine) in [(12.0, 5.0, 0.1), (1.0, 1.0, 0.01), (1.0, 0.1, 0.0)] {
                let x = &x * scale;
                let fine = if fine > 0.0 { rounded(&x, fine) } else { x.clone() };
                let heaped = Array1::from_iter(
                    rounded(&x, coarse)
                        .iter()
                        .zip(&fine)
                        .enumerate()
                        .map(|(i, (a, b))| if i % 2 == 0 { *a } else { *b }),
                );
                let Some(Peaks::Heaps(step)) = Peaks::of(heaped.view()) else { panic!("seed {seed}, {coarse}") };
                assert!((step - coarse).abs() < 1e-9, "seed {seed}: {step}, not {coarse}");
            }
        }
    }

    #[test]
    fn grids_are_found_in_any_order() {
        let grid = Array1::from_iter((0..100).map(|i| 3.0 + 0.1 * f64::from(37 * i % 100)));
        assert!(is_grid(grid.view()));
        let mut other = grid;
        other[5] += 0.01;
        assert!(!is_grid(other.view()));
    }
}

//! Detection of rounded numbers and their rounding steps.

use super::Float;
use crate::math::power_of_two;

/// Tolerance within which two numbers count as equal, relative to the largest coordinate. Each of
/// two coordinates is off by half an epsilon, and so is each of two differences that are compared.
pub(crate) const TOLERANCE: f64 = 4.0 * f64::EPSILON;

/// Smallest ratio of a rounding step to the rounding error of the numbers.
const DISTINCT: f64 = 4096.0;

/// Returns the step of which all differences between the numbers are multiples, to within the
/// rounding of the numbers. Examples are 0.01 for prices in dollars and 2.54 for inches converted
/// to centimeters.
///
/// Returns `None` if there is no common step, if there are fewer than three different numbers, or
/// if a number is not finite.
///
/// Single-precision numbers have a step, too, the spacing of `f32`, which is small compared with
/// their distances.
///
/// ```
/// use knn_entropy::rounding_step;
///
/// let step = rounding_step([1.27, 0.5, -3.14, 8.0, 8.01]).unwrap();
/// assert!((step - 0.01).abs() < 1e-12);
/// assert_eq!(rounding_step([0.1_f64.exp(), 0.2_f64.exp(), 0.7_f64.exp(), 0.3_f64.exp()]), None);
/// ```
pub fn rounding_step<F: Float>(numbers: impl IntoIterator<Item = F>) -> Option<f64> {
    Some(rounding(numbers.into_iter().map(Float::widen).collect())?.step)
}

/// The rounding of numbers: the step, and the largest distance of a number from a multiple of the
/// step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rounding {
    pub(crate) step: f64,
    pub(crate) error: f64,
}

/// Errors of multiples relative to the largest number: that of `f64`, and those of numbers printed
/// with 13 to 7 digits after a change of unit.
const ERRORS: [f64; 5] = [TOLERANCE, 1e-13, 1e-11, 1e-9, 1e-7];

/// Returns the largest step that the numbers have in common to within one of the [`ERRORS`]. The
/// bounds are tight enough that not even two gaps between continuous numbers fit by chance.
pub(crate) fn rounding(numbers: Vec<f64>) -> Option<Rounding> {
    let mut sorted = numbers;
    let largest = sorted.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if !largest.is_finite() || sorted.iter().any(|x| x.is_nan()) {
        return None;
    }
    // Dividing by a power of two near the largest number is exact and keeps differences from
    // overflowing.
    let exponent = if largest > 0.0 { (largest.log2().floor() as i32).clamp(-1020, 1020) } else { 0 };
    let unit = power_of_two(exponent);
    sorted.iter_mut().for_each(|x| *x /= unit);
    sorted.sort_unstable_by(f64::total_cmp);
    let mut found: Option<Rounding> = None;
    for error in ERRORS.map(|error| error * largest / unit) {
        // Printing also rounds, but to a finer step.
        if let Some(step) = common_step(&sorted, error)
            && found.is_none_or(|found| step > 1.5 * found.step)
        {
            found = Some(Rounding { step, error });
        }
    }
    let Rounding { step, error } = found?;
    let step = step * unit;
    (step > 0.0 && step.is_finite()).then_some(Rounding { step, error: error * unit })
}

/// Returns the largest step of which all gaps between sorted numbers are multiples, to within the
/// tolerance.
fn common_step(sorted: &[f64], tolerance: f64) -> Option<f64> {
    let mut gaps: Vec<f64> = sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|&gap| gap > tolerance).collect();
    if gaps.len() < 2 {
        return None;
    }
    // Gaps between continuous numbers have no common divisor, and the smallest show it. Sorting all
    // would take longer than the rest.
    let few = FEW.min(gaps.len());
    gaps.select_nth_unstable_by(few - 1, f64::total_cmp);
    common_divisor(&mut gaps[..few].to_vec(), tolerance)?;
    let step = common_divisor(&mut gaps, tolerance)?;
    // Averaging over the whole range gives the smallest error.
    let range = sorted[sorted.len() - 1] - sorted[0];
    let step = range / (range / step).round().max(1.0);
    // Every number must lie on a multiple of the step.
    let off = |x: &f64| ((x - sorted[0]) - ((x - sorted[0]) / step).round() * step).abs();
    sorted.iter().all(|x| off(x) <= 2.0 * tolerance).then_some(step)
}

/// Number of gaps that are tried before all.
const FEW: usize = 16;

/// Returns the largest step of which all gaps are multiples, by Euclid's algorithm. Sorts the gaps
/// and removes repeated ones.
fn common_divisor(gaps: &mut Vec<f64>, tolerance: f64) -> Option<f64> {
    // A remainder within rounding counts as 0. Without a common divisor, the remainders soon become
    // as small as rounding errors. Starting from the smallest gap makes the step more and more
    // accurate.
    gaps.sort_unstable_by(f64::total_cmp);
    gaps.dedup_by(|a, b| (*a - *b).abs() <= 2.0 * tolerance);
    // The step so far, and the number of times it fits into the gap from which it was measured.
    let (mut step, mut fits) = (gaps[0], 1.0);
    if step.is_nan() || step < DISTINCT * tolerance {
        return None;
    }
    for &gap in &gaps[1..] {
        let mut rest = gap;
        loop {
            let count = (rest / step).round();
            let left = (rest - step * count).abs();
            // An error of the step is multiplied by the number of times that the step fits.
            if left <= (tolerance * (2.0 + 2.0 * count / fits)).min(step / 64.0) {
                if count > fits {
                    (step, fits) = (rest / count, count);
                }
                break;
            }
            (rest, step, fits) = (step, left, 1.0);
            if step.is_nan() || step < DISTINCT * tolerance {
                return None;
            }
        }
    }
    Some(step)
}

/// Returns the numbers as integer multiples of their [`rounding_step`], counted from the first
/// number, and the step.
pub(crate) fn whole_multiples(numbers: &[f64]) -> Option<(Vec<f64>, f64)> {
    let step = rounding_step(numbers.iter().copied())?;
    let first = numbers[0];
    Some((numbers.iter().map(|x| ((x - first) / step).round()).collect(), step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    /// Draws numbers without a pattern.
    fn numbers(n: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
        (0..n).map(|_| 10.0 * (rng.next_u64() as f64 / 2_f64.powi(64)) - 4.0).collect()
    }

    #[test]
    fn finds_the_step_in_any_unit() {
        for n in [20, 300, 3000] {
            for step in [0.01, 0.3, 1.0, 2.54, 1.0 / 3.0] {
                for (unit, offset) in [(1.0, 0.0), (100.0, 273.15), (1e-12, 0.0), (1.0 / 7.0, -1000.0), (1e9, 0.0)] {
                    let rounded = numbers(n).into_iter().map(|x| (x / step).round() * step * unit + offset);
                    let found = rounding_step(rounded);
                    // A small set of numbers can have a larger common step by chance.
                    let multiple = found.expect("a step") / (step * unit);
                    assert_relative_eq!(multiple, multiple.round(), epsilon = 1e-6);
                    assert!(n < 300 || multiple.round() == 1.0, "{n} {step} {unit} {offset}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn continuous_and_constant_numbers_have_no_step() {
        for n in [3, 20, 3000] {
            assert_eq!(rounding_step(numbers(n)), None);
            assert_eq!(rounding_step(numbers(n).into_iter().map(|x| x + 1e6)), None);
        }
        assert_eq!(rounding_step([1.0, 1.0, 1.0]), None);
        assert_eq!(rounding_step([1.0, 2.0]), None);
        assert_eq!(rounding_step([1.0, 2.0, f64::NAN, 4.0]), None);
        assert_eq!(rounding_step([0.0, 1.0, f64::INFINITY]), None);
        assert_eq!(rounding_step::<f64>([]), None);
        assert_eq!(rounding_step([0.0, 5e-324, 1.5e-323]).map(f64::is_sign_positive), Some(true));
    }

    #[test]
    fn finds_the_step_after_a_change_of_unit_and_printing() {
        let rounded: Vec<f64> = numbers(1000).into_iter().map(|x| (x / 0.05).round() * 0.05).collect();
        for digits in [7, 9, 11, 15] {
            let printed = rounded.iter().map(|x| format!("{:.digits$e}", x / 2.54).parse::<f64>().unwrap());
            let step = rounding_step(printed).expect("a step");
            assert_relative_eq!(step, 0.05 / 2.54, max_relative = 1e-6);
            // Printing alone leaves no step, or one that is small compared with the distances.
            let printed = numbers(1000).into_iter().map(|x| format!("{x:.digits$e}").parse::<f64>().unwrap());
            assert!(rounding_step(printed).is_none_or(|step| step < 1e-6));
        }
    }
}

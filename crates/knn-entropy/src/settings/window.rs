//! The rows that a Theiler window leaves.

use statrs::function::gamma::digamma;

/// The number of rows that row `i` of `n` is compared with, itself among them: all but those up to
/// `window` rows before and after it. This is the `n` of row `i` in every estimator.
pub(crate) fn usable(i: usize, window: usize, n: usize) -> usize {
    n - window.min(i) - window.min(n - 1 - i)
}

/// `psi(n)` for each row, with the [`usable`] number of rows for `n`.
pub(crate) fn digamma_of_usable(window: usize, n: usize) -> impl Fn(usize) -> f64 {
    let of_all = digamma(n as f64);
    move |i| if window == 0 { of_all } else { digamma(usable(i, window, n) as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_outside_the_window() {
        for n in 1..12_usize {
            for window in 0..15 {
                for i in 0..n {
                    let others = (0..n).filter(|&j| i.abs_diff(j) > window).count();
                    assert_eq!(usable(i, window, n), others + 1);
                }
            }
        }
    }
}

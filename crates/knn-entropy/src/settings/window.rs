//! Numbers of rows outside a Theiler window.

use statrs::function::gamma::digamma;

/// Returns the number of rows outside the window of row `i`, plus 1 for row `i` itself. The window
/// covers `window` rows before and after row `i` of `n`. Every estimator uses this number as the
/// `n` of row `i`.
pub(crate) fn usable(i: usize, window: usize, n: usize) -> usize {
    n - window.min(i) - window.min(n - 1 - i)
}

/// Returns a function that computes `psi(n)` for a row, with the [`usable`] number of rows for `n`.
pub(crate) fn digamma_of_usable(window: usize, n: usize) -> impl Fn(usize) -> f64 {
    let of_all = digamma(n as f64);
    move |i| if window == 0 { of_all } else { digamma(usable(i, window, n) as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_counts_rows_outside_the_window() {
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

//! The Kolmogorov-Smirnov test against a known distribution.

use std::f64::consts::{LN_2, PI};

/// Returns the largest difference between the empirical distribution function of `values` and
/// `distribution`.
pub(super) fn distance(mut values: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let off = |(i, &x): (usize, &f64)| {
        let p = distribution(x);
        ((i + 1) as f64 / n - p).max(p - i as f64 / n)
    };
    values.iter().enumerate().map(off).fold(0.0, f64::max)
}

/// Returns the p-value of the largest of `count` independent distances of `n` values each. Uses the
/// asymptotic distribution with the correction of Stephens (1970), which is exact to 1 % for n >=
/// 20 at any usual level, and the Bonferroni bound.
pub(super) fn p_value(distance: f64, n: usize, count: usize) -> f64 {
    (count as f64 * tail(distance * scale(n))).min(1.0)
}

/// Returns the median of the largest of `count` independent distances of `n` values each.
pub(super) fn median(n: usize, count: usize) -> f64 {
    (median_of_largest(count as f64, 10.0, tail) / scale(n)).min(1.0)
}

/// Returns the median of the largest of `count` independent values from 0 to `most`, each of which
/// exceeds `x` with probability `tail(x)`.
pub(super) fn median_of_largest(count: f64, most: f64, tail: impl Fn(f64) -> f64) -> f64 {
    // At the median, with probability 1/2 none of them is larger.
    let level = -(-LN_2 / count).exp_m1();
    let (mut below, mut above) = (0.0, most);
    for _ in 0..60 {
        let middle = (below + above) / 2.0;
        if tail(middle) > level {
            below = middle;
        } else {
            above = middle;
        }
    }
    below
}

fn scale(n: usize) -> f64 {
    let root = (n as f64).sqrt();
    root + 0.12 + 0.11 / root
}

/// Returns `P(K > x)` for the limit distribution of `sqrt(n)` times the distance.
fn tail(x: f64) -> f64 {
    // Two series for the same function, each used where it converges quickly.
    if x < 0.2 {
        1.0
    } else if x < 1.18 {
        let term = |j: i32| (-(f64::from(2 * j - 1) * PI / x).powi(2) / 8.0).exp();
        1.0 - (2.0 * PI).sqrt() / x * (1..=4).map(term).sum::<f64>()
    } else {
        let term = |j: i32| f64::from(1 - 2 * ((j + 1) % 2)) * (-2.0 * (f64::from(j) * x).powi(2)).exp();
        2.0 * (1..=6).map(term).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn distances_computed_by_hand() {
        // Below 0.9 the empirical distribution function is 2/3, and from 0.1 on it is 1/3. The
        // differences at these points are the largest.
        let uniform = |x: f64| x.clamp(0.0, 1.0);
        assert_relative_eq!(distance(vec![0.9, 0.1, 0.5], uniform), 0.9 - 2.0 / 3.0, epsilon = 1e-15);
    }

    #[test]
    fn matches_scipy() {
        // scipy.stats.kstwobign: sf and, for the medians, isf(1 - 2^(-1 / count)).
        for (x, expected) in [
            (0.3, 0.9999906941986655),
            (0.5, 0.9639452436648751),
            (0.9, 0.3927307079406543),
            (1.17, 0.12939004218561884),
            (1.19, 0.11774229287977166),
            (1.63, 0.009846364888486529),
            (3.0, 3.045995948942526e-08),
        ] {
            assert_relative_eq!(tail(x), expected, max_relative = 1e-10);
        }
        for (count, expected) in [(1, 0.8275735551899059), (16, 1.3881321891358358), (128, 1.7196506519771804)] {
            assert_relative_eq!(median(400, count) * scale(400), expected, max_relative = 1e-9);
        }
        assert_eq!((p_value(0.0, 10, 3), p_value(1.0, 100, 3) < 1e-40, median(1, 100)), (1.0, true, 1.0));
    }
}

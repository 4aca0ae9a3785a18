//! Bounds on the squared distances between points and the points of a panel.
//!
//! `strip` is the loop, for any [`Vector`]. [`portable`] computes the same without unsafe code, and
//! every method is tested against it.

use ndarray::LinalgScalar;

use super::vectors::Vector;

/// Number of points in a panel.
pub(crate) const PANEL: usize = 32;

/// Some points, in panels of [`PANEL`] points: `[panel, coordinate, point]`.
#[derive(Clone, Copy)]
pub(crate) struct Points<'a, T> {
    pub(crate) coordinates: &'a [T],
    /// Half the squared lengths of the points.
    pub(crate) halves: &'a [T],
    /// Only bounds up to its limit are of interest to a point.
    pub(crate) limits: &'a [T],
}

/// The comparison of some points, the rows, with those of one panel, the columns.
///
/// The bound on a squared distance is `|a|^2 + |b|^2 - 2 a.b`. Half of it is computed, by
/// subtracting the products from the halves of the lengths one by one.
pub(crate) struct Strip<'a, T> {
    pub(crate) rows: Points<'a, T>,
    pub(crate) columns: Points<'a, T>,
    /// The bounds of each row. Rows that are not appended to `near` can get other numbers.
    pub(crate) bounds: &'a mut [[T; PANEL]],
    /// The rows for which any bound is of interest to the row or to the column. They are appended.
    pub(crate) near: &'a mut Vec<usize>,
}

impl<T> Strip<'_, T> {
    /// Checks the conditions on which the loops rely.
    fn check(&self) {
        let Self { rows, columns, bounds, .. } = self;
        assert!(columns.halves.len() == PANEL && bounds.len().is_multiple_of(PANEL), "a panel is incomplete");
        assert!(
            rows.halves.len() == bounds.len()
                && rows.limits.len() == bounds.len()
                && columns.limits.len() == PANEL
                && columns.coordinates.len().is_multiple_of(PANEL)
                && rows.coordinates.len() == bounds.len() * (columns.coordinates.len() / PANEL),
            "the shapes of the strip do not fit"
        );
    }
}

/// A way of computing strips. Each rounds the sums differently.
pub(crate) struct Method<T>(pub(super) fn(Strip<'_, T>));

impl<T> Method<T> {
    /// Computes a strip.
    ///
    /// # Panics
    ///
    /// If the shapes of the strip do not fit together.
    pub(crate) fn run(&self, strip: Strip<'_, T>) {
        strip.check();
        self.0(strip);
    }
}

/// An element type with methods for several kinds of CPU.
pub(crate) trait Number: LinalgScalar + PartialOrd {
    /// Returns all methods that this CPU supports, fastest first.
    fn methods() -> Vec<Method<Self>>;
}

/// Computes a strip without unsafe code.
pub(super) fn portable<T: LinalgScalar + PartialOrd>(strip: Strip<'_, T>) {
    let Strip { rows, columns, bounds, near } = strip;
    let d = columns.coordinates.len() / PANEL;
    for (i, bounds) in bounds.iter_mut().enumerate() {
        let panel = &rows.coordinates[i / PANEL * PANEL * d..][..PANEL * d];
        let mut sums = [T::zero(); PANEL];
        sums.iter_mut().zip(columns.halves).for_each(|(sum, &half)| *sum = half + rows.halves[i]);
        for (points, columns) in panel.as_chunks::<PANEL>().0.iter().zip(columns.coordinates.as_chunks::<PANEL>().0) {
            sums.iter_mut().zip(columns).for_each(|(sum, &x)| *sum = *sum - points[i % PANEL] * x);
        }
        let limit = rows.limits[i];
        let mut any = false;
        for ((bound, sum), &other) in bounds.iter_mut().zip(sums).zip(columns.limits) {
            *bound = sum + sum;
            any |= *bound <= if limit > other { limit } else { other };
        }
        if any {
            near.push(i);
        }
    }
}

/// Number of coordinates that all rows pass before the next ones, so that this part of the panel
/// stays in the first-level cache.
const DEEP: usize = 256;

/// Computes a strip, `R` rows at a time. `N` vectors are as wide as a panel, and `R` divides it.
///
/// # Safety
///
/// The strip must have passed [`Strip::check`], and the requirements of [`Vector`] apply.
#[inline(always)]
pub(super) unsafe fn strip<T: LinalgScalar, V: Vector<Number = T>, const R: usize, const N: usize>(
    strip: Strip<'_, T>,
) {
    const { assert!(N * V::LANES == PANEL && PANEL.is_multiple_of(R)) };
    let Strip { rows, columns, bounds, near } = strip;
    let d = columns.coordinates.len() / PANEL;
    let half = T::one() / (T::one() + T::one());
    // SAFETY: the columns have as many numbers as `N` vectors.
    let (halves, limits) = unsafe {
        let (mut halves, mut limits) = ([V::splat(T::zero()); N], [V::splat(T::zero()); N]);
        for n in 0..N {
            halves[n] = V::load(columns.halves.as_ptr().add(n * V::LANES));
            limits[n] = V::load(columns.limits.as_ptr().add(n * V::LANES)).mul(V::splat(half));
        }
        (halves, limits)
    };
    for start in (0..d.max(1)).step_by(DEEP) {
        let end = d.min(start + DEEP);
        for (i, bounds) in bounds.chunks_exact_mut(R).enumerate() {
            let (panel, inner) = (i * R / PANEL, i * R % PANEL);
            // SAFETY: rows `i R` to `i R + R - 1` belong to one panel, because `R` divides `PANEL`.
            // Coordinates `start` to `end - 1` have `PANEL` numbers each in this panel and in that
            // of the columns. There is half a length and a limit for each row. A row of bounds has
            // `N` vectors.
            unsafe {
                let mut a = rows.coordinates.as_ptr().add((panel * d + start) * PANEL + inner);
                let mut b = columns.coordinates.as_ptr().add(start * PANEL);
                let mut sums = [[V::splat(T::zero()); N]; R];
                for (r, (sums, bounds)) in sums.iter_mut().zip(&*bounds).enumerate() {
                    let own = V::splat(rows.halves[i * R + r]);
                    for (n, sum) in sums.iter_mut().enumerate() {
                        *sum = if start > 0 { V::load(bounds.as_ptr().add(n * V::LANES)) } else { halves[n].add(own) };
                    }
                }
                for _ in start..end {
                    let mut panel = [V::splat(T::zero()); N];
                    for (n, panel) in panel.iter_mut().enumerate() {
                        *panel = V::load(b.add(n * V::LANES));
                    }
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let x = V::splat(*a.add(r));
                        for (sum, &panel) in sums.iter_mut().zip(&panel) {
                            *sum = sum.sub_product(x, panel);
                        }
                    }
                    a = a.wrapping_add(PANEL);
                    b = b.wrapping_add(PANEL);
                }
                let mut of_interest = [end < d; R];
                if end == d {
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let limit = V::splat(half * rows.limits[i * R + r]);
                        for (sum, columns) in sums.iter().zip(limits) {
                            of_interest[r] |= sum.any_at_most(columns.max(limit));
                        }
                    }
                    // Mostly no row is of interest.
                    if of_interest.iter().fold(false, |any, &of_interest| any | of_interest) {
                        near.extend((0..R).filter(|&r| of_interest[r]).map(|r| i * R + r));
                        sums.iter_mut().flatten().for_each(|sum| *sum = sum.add(*sum));
                    }
                }
                for ((bounds, sums), of_interest) in bounds.iter_mut().zip(sums).zip(of_interest) {
                    if of_interest {
                        for (n, sum) in sums.into_iter().enumerate() {
                            sum.store(bounds.as_mut_ptr().add(n * V::LANES));
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns whole numbers without a pattern, so that sums are exact.
    fn numbers<T: Number>(count: usize, seed: usize) -> Vec<T> {
        let one = |place: usize| (place + seed).wrapping_mul(2_654_435_761) >> 8 & 31;
        (0..count).map(|place| (0..one(place)).fold(T::zero(), |sum, _| sum + T::one())).collect()
    }

    fn check<T: Number + std::fmt::Debug>(panels: usize, d: usize) {
        let n = panels * PANEL;
        let (rows, columns, halves) = (numbers::<T>(n * d, 1), numbers::<T>(d * PANEL, 7), numbers::<T>(n + PANEL, 3));
        let (row_halves, column_halves) = halves.split_at(n);
        let mut expected = vec![[T::zero(); PANEL]; n];
        for (i, row) in expected.iter_mut().enumerate() {
            for (c, bound) in row.iter_mut().enumerate() {
                let x = |p: usize| rows[(i / PANEL * d + p) * PANEL + i % PANEL];
                let product = (0..d).fold(T::zero(), |sum, p| sum + x(p) * columns[p * PANEL + c]);
                let half = row_halves[i] + column_halves[c] - product;
                *bound = half + half;
            }
        }
        // The smallest bound of every other row and of one column is just within the limit.
        let least = |bounds: &mut dyn Iterator<Item = T>| bounds.reduce(|least, x| if x < least { x } else { least });
        let one_less = |x: T, less: bool| if less { x - T::one() } else { x };
        let row_limits: Vec<T> = (expected.iter().enumerate())
            .map(|(i, row)| one_less(least(&mut row.iter().copied()).unwrap(), i % 2 == 0))
            .collect();
        let column_limits: Vec<T> = (0..PANEL)
            .map(|c| one_less(least(&mut expected.iter().map(|row| row[c])).unwrap_or(T::zero()), c != 5))
            .collect();
        let of_interest =
            |i: usize| (0..PANEL).any(|c| expected[i][c] <= row_limits[i] || expected[i][c] <= column_limits[c]);
        let expected_near: Vec<usize> = (0..n).filter(|&i| of_interest(i)).collect();

        for method in T::methods() {
            let (mut bounds, mut near) = (vec![[T::one(); PANEL]; n], Vec::new());
            let rows = Points { coordinates: &rows, halves: row_halves, limits: &row_limits };
            let columns = Points { coordinates: &columns, halves: column_halves, limits: &column_limits };
            method.run(Strip { rows, columns, bounds: &mut bounds, near: &mut near });
            assert_eq!(near, expected_near, "{panels} panels of {d} coordinates");
            assert!(near.iter().all(|&i| bounds[i] == expected[i]), "{panels} panels of {d} coordinates");
        }
    }

    // Miri takes minutes for larger strips.
    const MOST_PANELS: usize = if cfg!(miri) { 2 } else { 4 };
    const MOST: usize = if cfg!(miri) { 7 } else { 3 * DEEP - 2 };

    proptest! {
        #[test]
        fn every_method_matches_the_definition(
            panels in 0..MOST_PANELS, d in prop_oneof![0..3_usize, 0..40_usize, DEEP..DEEP + 4, MOST..MOST + 4],
        ) {
            check::<f32>(panels, d);
            check::<f64>(panels, d);
        }
    }
}

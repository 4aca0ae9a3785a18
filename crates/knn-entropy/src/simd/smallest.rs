//! The smallest numbers of columns, and where they are.
//!
//! `smallest` is the loop, for any [`Vector`]. [`portable`] computes the same without unsafe code,
//! and every method is tested against it.

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::float64x2_t;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256d, __m512d};

use super::vectors::Vector;

/// Number of columns.
const COLUMNS: usize = 8;

/// The smallest numbers of each of eight columns, sorted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Smallest<const PLACES: usize> {
    /// The numbers: `[place, column]`. Places that are left over are infinite.
    pub(crate) numbers: [[f64; COLUMNS]; PLACES],
    /// The rows of the numbers, or 0 for places that are left over.
    pub(crate) rows: [[f64; COLUMNS]; PLACES],
}

type Method<const PLACES: usize> = fn(&[[f64; COLUMNS]], &mut Smallest<PLACES>);

impl<const PLACES: usize> Smallest<PLACES> {
    const NONE: Self = Self { numbers: [[f64::INFINITY; COLUMNS]; PLACES], rows: [[0.0; COLUMNS]; PLACES] };

    /// Finds the smallest numbers below infinity in the columns of a table. Of equal numbers, those
    /// in earlier rows come first. NaN is ignored.
    #[inline]
    pub(crate) fn new(table: &[[f64; COLUMNS]]) -> Self {
        let mut found = Self::NONE;
        native().unwrap_or(portable)(table, &mut found);
        found
    }
}

/// Returns the fastest method of this CPU, if it has vectors.
#[inline]
fn native<const PLACES: usize>() -> Option<Method<PLACES>> {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            return Some(avx512);
        }
        if std::is_x86_feature_detected!("avx2") {
            return Some(avx2);
        }
    }
    #[cfg(target_arch = "aarch64")]
    return Some(neon);
    #[cfg(not(target_arch = "aarch64"))]
    None
}

/// Finds the smallest numbers without unsafe code.
fn portable<const PLACES: usize>(table: &[[f64; COLUMNS]], found: &mut Smallest<PLACES>) {
    for (row, numbers) in table.iter().enumerate() {
        for (column, &new) in numbers.iter().enumerate() {
            let Some(place) = (0..PLACES).find(|&place| new < found.numbers[place][column]) else { continue };
            for later in (place + 1..PLACES).rev() {
                found.numbers[later][column] = found.numbers[later - 1][column];
                found.rows[later][column] = found.rows[later - 1][column];
            }
            found.numbers[place][column] = new;
            found.rows[place][column] = row as f64;
        }
    }
}

/// Finds the smallest numbers, as many columns at a time as a vector has numbers.
///
/// # Safety
///
/// The requirements of [`Vector`] apply, and the vector must have at most [`COLUMNS`] numbers.
#[inline(always)]
unsafe fn smallest<V: Vector<Number = f64>, const PLACES: usize>(
    table: &[[f64; COLUMNS]],
    found: &mut Smallest<PLACES>,
) {
    const { assert!(COLUMNS.is_multiple_of(V::LANES)) };
    for first in (0..COLUMNS).step_by(V::LANES) {
        // SAFETY: `V::LANES` columns begin at `first`, in the table and in the results.
        unsafe {
            let (mut numbers, mut rows) = ([V::splat(f64::INFINITY); PLACES], [V::splat(0.0); PLACES]);
            for (row, new) in table.iter().enumerate() {
                let (new, row) = (V::load(new.as_ptr().add(first)), V::splat(row as f64));
                // Each place takes the median of the new number, its own and the one before it.
                for place in (1..PLACES).rev() {
                    let (before, own) = (numbers[place - 1], numbers[place]);
                    numbers[place] = new.if_less(before, before, new.if_less(own, new, own));
                    rows[place] = new.if_less(before, rows[place - 1], new.if_less(own, row, rows[place]));
                }
                rows[0] = new.if_less(numbers[0], row, rows[0]);
                numbers[0] = new.if_less(numbers[0], new, numbers[0]);
            }
            for place in 0..PLACES {
                numbers[place].store(found.numbers[place].as_mut_ptr().add(first));
                rows[place].store(found.rows[place].as_mut_ptr().add(first));
            }
        }
    }
}

/// Defines the method for a kind of CPU.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! method {
    ($method:ident, $features:literal, $vector:ty) => {
        fn $method<const PLACES: usize>(table: &[[f64; COLUMNS]], found: &mut Smallest<PLACES>) {
            #[target_feature(enable = $features)]
            fn with_features<const PLACES: usize>(table: &[[f64; COLUMNS]], found: &mut Smallest<PLACES>) {
                // SAFETY: the function has the features.
                unsafe { self::smallest::<$vector, PLACES>(table, found) }
            }
            // SAFETY: the method is only chosen if the CPU has the features.
            unsafe { with_features(table, found) }
        }
    };
}

#[cfg(target_arch = "x86_64")]
method!(avx512, "avx512f", __m512d);
#[cfg(target_arch = "x86_64")]
method!(avx2, "avx2", __m256d);
#[cfg(target_arch = "aarch64")]
method!(neon, "neon", float64x2_t);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns all methods that this CPU supports.
    fn methods<const PLACES: usize>() -> Vec<Method<PLACES>> {
        let mut methods: Vec<Method<PLACES>> = vec![portable];
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx512f") {
                methods.push(avx512);
            }
            if std::is_x86_feature_detected!("avx2") {
                methods.push(avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        methods.push(neon);
        methods
    }

    fn check<const PLACES: usize>(table: &[[f64; COLUMNS]]) {
        let mut expected = Smallest::<PLACES>::NONE;
        for column in 0..COLUMNS {
            let number = |row: usize| table[row][column];
            let mut rows: Vec<usize> = (0..table.len()).filter(|&row| number(row) < f64::INFINITY).collect();
            rows.sort_by(|&a, &b| number(a).total_cmp(&number(b)));
            for (place, &row) in rows.iter().take(PLACES).enumerate() {
                expected.numbers[place][column] = number(row);
                expected.rows[place][column] = row as f64;
            }
        }
        for method in methods::<PLACES>() {
            let mut found = Smallest::NONE;
            method(table, &mut found);
            assert_eq!(found, expected, "{PLACES} places");
        }
        assert_eq!(Smallest::<PLACES>::new(table), expected, "{PLACES} places");
    }

    proptest! {
        #[test]
        fn every_method_matches_sorting(
            // Few different numbers, so that many are equal.
            table in prop::collection::vec(
                prop::array::uniform8(prop_oneof![(0..40_u8).prop_map(f64::from), Just(f64::INFINITY), Just(f64::NAN)]),
                0..40,
            ),
        ) {
            check::<1>(&table);
            check::<2>(&table);
            check::<5>(&table);
            check::<17>(&table);
        }
    }
}

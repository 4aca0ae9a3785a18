//! The innermost loop of every product, for each kind of CPU. This is the only module with unsafe
//! code.
//!
//! [`Strip`] describes the computation. It is safe to use because it is checked as a whole before
//! any pointer is dereferenced. The loop itself is written once, in `tile`, for any [`Vector`]. A
//! file for each kind of CPU defines its vectors and the number that fits into its registers.
//! [`portable`] computes the same without unsafe code. Other CPUs and `f64` use it, and every other
//! method is tested against it.
#![allow(unsafe_code)]

/// Implements [`Vector`] by its instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! vector {
    (
        $vector:ty, [$splat:ident, $load:ident, $store:ident, $add:ident],
        |$a:ident, $b:ident, $c:ident| $mul_add:expr
    ) => {
        // SAFETY: each function is one instruction with the same requirements.
        unsafe impl super::Vector for $vector {
            #[inline(always)]
            unsafe fn splat(x: f32) -> Self {
                $splat(x)
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                $load(from)
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                $store(to, self);
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                $add(self, other)
            }

            #[inline(always)]
            unsafe fn mul_add(self, $b: Self, $c: Self) -> Self {
                let $a = self;
                $mul_add
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use std::hint::black_box;

use ndarray::{ArrayView2, ArrayViewMut2};

pub(crate) use portable::portable;

/// A product of a few rows of a matrix and a panel: `c = a p` or `c += a p`.
///
/// A panel holds as many columns of the right matrix as fit into the registers. Beyond the last
/// column of the matrix, the panel has columns of unspecified content, whose results are discarded.
#[derive(Debug)]
pub(crate) struct Strip<'a, F> {
    /// Matrix `[rows, depth]`, with any strides.
    pub(crate) a: ArrayView2<'a, F>,
    /// Panel `[depth, width]`, with rows `apart` entries apart.
    pub(crate) panel: &'a [F],
    /// Distance between the rows of the panel.
    pub(crate) apart: usize,
    /// Number of columns of the panel, including those that `c` does not have.
    pub(crate) width: usize,
    /// Result `[rows, columns]`, with contiguous rows and at most `width` columns.
    pub(crate) c: ArrayViewMut2<'a, F>,
    /// True to add to the content of `c`.
    pub(crate) add: bool,
    /// The panel of the next strip, with rows as far apart, to prefetch; or an empty slice.
    pub(crate) next: &'a [F],
}

impl<F> Strip<'_, F> {
    /// Checks the conditions on which the loops rely.
    fn check(&self) {
        let ((rows, depth), (c_rows, columns)) = (self.a.dim(), self.c.dim());
        let last = depth.checked_sub(1).map_or(Some(0), |last| last.checked_mul(self.apart)?.checked_add(self.width));
        assert!(rows == c_rows && columns <= self.width, "the shapes of the strip do not fit");
        assert!(
            last.is_some_and(|last| last <= self.panel.len()),
            "a panel of {} numbers is too short",
            self.panel.len()
        );
        assert!(columns <= 1 || self.c.strides()[1] == 1, "the rows of the strip must be contiguous");
    }
}

/// Number of columns of a [`Transposition`], and a divisor of its number of rows.
pub(crate) const SIDE: usize = 16;

/// A copy of columns that are contiguous in memory to a matrix with contiguous rows:
/// `to[r * apart + c] = columns[c][r]` for all `r` below `rows`.
#[derive(Debug)]
pub(crate) struct Transposition<'a, 'b, F> {
    pub(crate) columns: &'a [&'b [F]; SIDE],
    /// Number of rows, a multiple of [`SIDE`].
    pub(crate) rows: usize,
    pub(crate) to: &'a mut [F],
    pub(crate) apart: usize,
}

impl<F> Transposition<'_, '_, F> {
    /// Checks the conditions on which the loops rely.
    fn check(&self) {
        let Self { columns, rows, ref to, apart } = *self;
        let last = rows.checked_sub(1).map_or(Some(0), |last| last.checked_mul(apart)?.checked_add(SIDE));
        assert!(rows.is_multiple_of(SIDE), "{rows} rows are not a multiple of {SIDE}");
        assert!(last.is_some_and(|last| last <= to.len()), "{} numbers are too few for {rows} rows", to.len());
        assert!(columns.iter().all(|column| column.len() >= rows), "a column has less than {rows} rows");
    }
}

/// A multiplication method for a kind of CPU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method<F: 'static> {
    /// Number of rows in one step.
    pub(crate) rows: usize,
    /// Number of columns of a panel, and of a panel for few columns.
    pub(crate) widths: [usize; 2],
    /// Computes a strip whose panel has one of the widths.
    run: fn(Strip<'_, F>),
    /// Computes a transposition.
    transpose: fn(Transposition<'_, '_, F>),
    /// Performs rounds of multiply-adds in registers, and returns the number of floating-point
    /// operations.
    pub(crate) multiply_adds: fn(usize) -> usize,
    /// The required instruction set.
    pub(crate) name: &'static str,
}

impl<F> Method<F> {
    /// Computes a strip whose panel has one of the `widths`.
    ///
    /// # Panics
    ///
    /// If the shapes of the strip do not fit together.
    #[inline]
    pub(crate) fn run(&self, strip: Strip<'_, F>) {
        strip.check();
        assert!(
            self.widths.contains(&strip.width),
            "a panel has {} columns; expected one of {:?}",
            strip.width,
            self.widths
        );
        (self.run)(strip);
    }

    /// Computes a transposition.
    ///
    /// # Panics
    ///
    /// If the slices are too short.
    #[inline]
    pub(crate) fn transpose(&self, transposition: Transposition<'_, '_, F>) {
        transposition.check();
        (self.transpose)(transposition);
    }
}

impl<F: autodiff_mini::Scalar> Method<F> {
    /// The method that needs no particular instruction set.
    pub(crate) const PORTABLE: Self = Self {
        rows: portable::ROWS,
        widths: [16, 8],
        run: portable,
        transpose: portable::transpose,
        multiply_adds: portable::multiply_adds::<F>,
        name: "portable",
    };
}

/// Returns all methods that this CPU supports, fastest first.
pub(crate) fn methods() -> Vec<Method<f32>> {
    let mut methods = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            methods.push(avx512::METHOD);
        }
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            methods.push(avx2::METHOD);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") {
        methods.push(neon::METHOD);
    }
    methods.push(Method::PORTABLE);
    methods
}

/// A loop that the compiler can vectorize. `run` and all functions that it calls must be
/// `#[inline(always)]`, because they are compiled for each kind of CPU by being inlined below. The
/// compiler neither reorders sums nor fuses products into them, so the result does not depend on
/// the instruction set.
pub(crate) trait Kernel {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs a kernel with the widest vectors of the CPU.
#[inline(always)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512dq") {
            // SAFETY: the features were just detected.
            return unsafe { with_avx512(kernel) };
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just detected.
            return unsafe { with_avx2(kernel) };
        }
    }
    kernel.run()
}

/// Prefetches an entry into the cache, if the slice has it. There is no other effect.
#[inline(always)]
pub(crate) fn prefetch<T>(slice: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(number) = slice.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 CPU has the instruction, and it is allowed on any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(number).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, at);
}

/// Prefetches a number into the second-level cache. There is no other effect.
#[inline(always)]
fn prefetch_later(number: *const f32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 CPU has the instruction, and it is allowed on any address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(number.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = number;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

/// A vector of floating-point numbers.
///
/// # Safety
///
/// A function may only be called on a CPU with the instructions of the type, and with pointers to
/// `LANES` numbers.
unsafe trait Vector: Copy {
    const LANES: usize = size_of::<Self>() / size_of::<f32>();
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    /// Returns `self * b + c` with one rounding.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
}

/// Performs `rounds` of multiply-adds with as many sums as [`tile`] has for `T` rows and `N`
/// vectors, but without loading anything.
///
/// # Safety
///
/// The CPU must have the instructions of the vector.
#[inline(always)]
unsafe fn multiply_adds<V: Vector, const T: usize, const N: usize>(rounds: usize) -> usize {
    // SAFETY: the caller upholds the only requirement, because there are no pointers.
    unsafe {
        let x = V::splat(black_box(0.5));
        let mut sums = [[V::splat(0.0); N]; T];
        for _ in 0..rounds {
            sums.as_flattened_mut().iter_mut().for_each(|sum| *sum = x.mul_add(x, *sum));
        }
        black_box(sums);
    }
    2 * rounds * T * N * V::LANES
}

/// Computes a strip, `T` rows at a time, with a panel of `N` vectors.
///
/// # Safety
///
/// The strip must have passed [`Strip::check`], and its width must be `N` vectors. The requirements
/// of [`Vector`] apply, too.
#[inline(always)]
unsafe fn strip<V: Vector, const T: usize, const N: usize>(mut strip: Strip<'_, f32>) {
    let (rows, stride) = (strip.a.nrows(), strip.a.strides()[0]);
    // The compiler would compute the place of each row from that of the row before, and the CPU
    // would wait for this chain of additions. `black_box` hides that the places are related.
    let places = &black_box(std::array::from_fn(|group| (group * GROUP) as isize * stride));
    let mut row = 0;
    // SAFETY: the strip has the rows from `row` on that each call processes.
    unsafe {
        while rows - row >= T && !strip.next.is_empty() {
            tile::<V, T, N, true>(&mut strip, places, row);
            row += T;
        }
        while rows - row >= T {
            tile::<V, T, N, false>(&mut strip, places, row);
            row += T;
        }
        // A sum waits for its last addition, so the CPU needs at least eight sums to be busy.
        while N == 1 && rows - row >= 8 {
            tile::<V, 8, N, false>(&mut strip, places, row);
            row += 8;
        }
        while rows - row >= 4 {
            tile::<V, 4, N, false>(&mut strip, places, row);
            row += 4;
        }
        match rows - row {
            3 => tile::<V, 3, N, false>(&mut strip, places, row),
            2 => tile::<V, 2, N, false>(&mut strip, places, row),
            1 => tile::<V, 1, N, false>(&mut strip, places, row),
            _ => {}
        }
    }
}

/// Number of rows whose places are computed from one pointer. Addresses on x86-64 can include once
/// or twice a stride.
const GROUP: usize = 3;

/// Largest number of groups of rows in a tile.
const GROUPS: usize = 4;

/// Number of entries in a cache line.
const LINE: usize = 16;

/// Smallest number of additions per result for which results are prefetched.
const DEEP: usize = 32;

/// Computes `T` rows of a strip. Each entry of the panel is read once for all rows, and all sums
/// stay in registers.
///
/// # Safety
///
/// The requirements of [`strip`] apply, and there must be `T` rows from `row` on.
#[inline(always)]
unsafe fn tile<V: Vector, const T: usize, const N: usize, const AHEAD: bool>(
    strip: &mut Strip<'_, f32>,
    places: &[isize; GROUPS],
    row: usize,
) {
    let (depth, columns) = (strip.a.ncols(), strip.c.ncols());
    let [row_stride, depth_stride] = [strip.a.strides()[0], strip.a.strides()[1]];
    let c_stride = strip.c.strides()[0];
    // SAFETY: `row` is a row of `a` and of `c`, so the offsets stay within their views. The panel
    // has `depth` rows of `N` vectors, `apart` entries apart, and `a` has `T` rows from here and
    // `depth` columns. Full rows of `c` are written as vectors only if `c` has that many columns,
    // and entry by entry otherwise.
    unsafe {
        let a = strip.a.as_ptr().offset(row as isize * row_stride);
        let c = strip.c.as_mut_ptr().offset(row as isize * c_stride);
        let mut b = strip.panel.as_ptr();
        let mut sums = [[V::splat(0.0); N]; T];
        let mut groups = [a; GROUPS];
        for (a, &place) in groups.iter_mut().zip(places) {
            *a = a.wrapping_offset(place);
        }
        // The results arrive in the cache while the sums are computed.
        if depth >= DEEP {
            for t in 0..T {
                for j in 0..(N * V::LANES).div_ceil(LINE) {
                    prefetch_later(c.wrapping_offset(t as isize * c_stride).wrapping_add(j * LINE));
                }
            }
        }
        // Each tile prefetches one cache line of each row of the next panel.
        let line = row / T * LINE;
        let within = line < N * V::LANES && depth.saturating_sub(1) * strip.apart + line < strip.next.len();
        let mut next = if within { strip.next.as_ptr().add(line) } else { b };
        for _ in 0..depth {
            if AHEAD {
                prefetch_later(next);
                next = next.wrapping_add(strip.apart);
            }
            let mut panel = [V::splat(0.0); N];
            for (j, panel) in panel.iter_mut().enumerate() {
                *panel = V::load(b.add(j * V::LANES));
            }
            for (t, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*groups[t / GROUP].offset((t % GROUP) as isize * row_stride));
                for (sum, &panel) in sums.iter_mut().zip(&panel) {
                    *sum = x.mul_add(panel, *sum);
                }
            }
            for a in &mut groups[..T.div_ceil(GROUP)] {
                *a = a.wrapping_offset(depth_stride);
            }
            b = b.wrapping_add(strip.apart);
        }
        if columns == N * V::LANES {
            for (t, sums) in sums.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    let to = c.offset(t as isize * c_stride).add(j * V::LANES);
                    if strip.add { sum.add(V::load(to)) } else { sum }.store(to);
                }
            }
        } else {
            for (t, sums) in sums.iter().enumerate() {
                let mut row = [0.0; 64];
                for (j, &sum) in sums.iter().enumerate() {
                    sum.store(row[j * V::LANES..][..V::LANES].as_mut_ptr());
                }
                for (j, &sum) in row.iter().enumerate().take(columns) {
                    let to = c.offset(t as isize * c_stride).add(j);
                    *to = if strip.add { *to + sum } else { sum };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};
    use proptest::prelude::*;

    /// Returns numbers without a pattern.
    fn numbers(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
        let number = |(i, j): (usize, usize)| (i as u32 * 7919 + j as u32 * 104_729 + seed).wrapping_mul(2_654_435_761);
        Array2::from_shape_fn((rows, columns), |place| number(place) as f32 / u32::MAX as f32 - 0.5)
    }

    /// Runs a strip within larger arrays, to check that the surrounding entries do not change.
    fn run_within(method: &Method<f32>, a: ArrayView2<'_, f32>, columns: usize, wide: bool, add: bool) -> Array2<f32> {
        let width = if wide { method.widths[0] } else { method.widths[1] };
        let columns = columns.min(width);
        let mut panel = numbers(a.ncols(), width, 3);
        panel.slice_mut(s![.., columns..]).fill(0.0);
        let mut c = numbers(a.nrows() + 2, 80, 4);
        let panel = panel.as_slice().unwrap();
        let rows = a.nrows();
        method.run(Strip {
            a,
            panel,
            apart: width,
            width,
            c: c.slice_mut(s![1..=rows, 1..=columns]),
            add,
            next: if add { panel } else { &[] },
        });
        c
    }

    proptest! {
        #[test]
        fn every_method_transposes(blocks in 0..4_usize, extra in 0..9_usize) {
            let rows = SIDE * blocks;
            let from = numbers(SIDE, rows + extra, 5);
            let columns: [&[f32]; SIDE] = std::array::from_fn(|c| from.row(c).to_slice().unwrap());
            for method in methods() {
                let mut to = numbers(rows + 1, SIDE + extra, 6);
                let apart = SIDE + extra;
                method.transpose(Transposition { columns: &columns, rows, to: to.as_slice_mut().unwrap(), apart });
                let mut expected = numbers(rows + 1, SIDE + extra, 6);
                expected.slice_mut(s![..rows, ..SIDE]).assign(&from.slice(s![.., ..rows]).t());
                prop_assert!(to == expected, "{}", method.name);
            }
        }

        #[test]
        fn every_method_matches_the_definition(
            rows in 1..40_usize, depth in 0..70_usize, columns in 1..33_usize, transposed: bool, wide: bool, add: bool,
        ) {
            let a = if transposed { numbers(depth, rows, 1).reversed_axes() } else { numbers(rows, depth, 2) };
            for method in methods() {
                let width = if wide { method.widths[0] } else { method.widths[1] };
                let found = run_within(&method, a.view(), columns, wide, add);
                let mut expected = numbers(rows + 2, 80, 4);
                let panel = numbers(depth, width, 3);
                for i in 0..rows {
                    for j in 0..columns.min(width) {
                        let sum: f32 = (0..depth).map(|p| a[[i, p]] * panel[[p, j]]).sum();
                        let place = &mut expected[[i + 1, j + 1]];
                        *place = if add { *place + sum } else { sum };
                    }
                }
                let worst = (&found - &expected).fold(0.0_f32, |worst, x| worst.max(x.abs()));
                prop_assert!(worst <= 1e-6 * (depth + 1) as f32, "{}: {worst}", method.name);
            }
        }
    }
}

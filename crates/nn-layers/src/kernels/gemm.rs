//! Products with a packed matrix: `c = a b` and `c += a b`.
//!
//! The right matrix is copied into panels, and the left matrix is read in place. A panel stays in
//! the cache while all rows of the left matrix are multiplied with it, for as many of their columns
//! at a time as fit into the cache.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{Array1, ArrayView2, ArrayViewMut2, Axis, Slice};

use super::cache;
use super::element::Element;
use super::share::each_part;
use super::simd::{Kernel, SIDE, Strip, Transposition, prefetch};

/// Depth of partial products. This many columns of a hundred rows fit into the second-level cache.
const DEPTH: usize = 1024;

/// Smallest number of multiplications for which another thread pays off.
const TASK: usize = 1 << 20;

/// The division of the columns of a matrix into panels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panels {
    columns: usize,
    /// Number of columns of every panel but the last.
    pub(super) wide: usize,
    narrow: usize,
}

impl Panels {
    pub(super) fn of<F: Element>(columns: usize) -> Self {
        let [wide, narrow] = F::method().widths;
        Self { columns, wide, narrow }
    }

    pub(super) fn count(&self) -> usize {
        self.columns.div_ceil(self.wide)
    }

    /// Returns the first column of panel `number`, its number of columns and its width.
    pub(super) fn at(&self, number: usize) -> (usize, usize, usize) {
        let start = number * self.wide;
        let here = (self.columns - start).min(self.wide);
        (start, here, if here <= self.narrow { self.narrow } else { self.wide })
    }

    /// Returns the sum of all widths.
    fn width(&self) -> usize {
        self.count().checked_sub(1).map_or(0, |last| last * self.wide + self.at(last).2)
    }
}

/// A matrix packed into panels.
#[derive(Debug)]
pub(super) struct Packed<F> {
    numbers: Array1<F>,
    depth: usize,
    panels: Panels,
}

impl<F: Element> Packed<F> {
    /// Packs a matrix into panels.
    pub(super) fn new(matrix: ArrayView2<'_, F>, pool: &Pool<F>) -> Self {
        let (depth, columns) = matrix.dim();
        let panels = Panels::of::<F>(columns);
        let mut numbers = pool.array(depth * panels.width());
        let enough = (TASK / 64 / (depth * panels.wide + 1)).max(1);
        let all = numbers.as_slice_mut().expect("a fresh array");
        let some = all.chunks_mut((depth * panels.wide * enough).max(1));
        each_part(some.zip(matrix.axis_chunks_iter(Axis(1), panels.wide * enough)), |(some, columns)| {
            let parts = columns.axis_chunks_iter(Axis(1), panels.wide);
            for (panel, part) in some.chunks_mut((depth * panels.wide).max(1)).zip(parts) {
                let width = panel.len() / depth;
                pack(part, panel, width);
            }
        });
        Self { numbers, depth, panels }
    }

    /// Computes `c = a b` on this thread.
    pub(super) fn product(&self, a: ArrayView2<'_, F>, mut c: ArrayViewMut2<'_, F>) {
        for from in (0..self.depth.max(1)).step_by(DEPTH) {
            let part = from..self.depth.min(from + DEPTH);
            let a = a.slice_axis(Axis(1), Slice::from(part.clone()));
            self.multiply(a, part, 0..self.panels.columns, c.view_mut(), from > 0);
        }
    }

    /// Returns the number of columns of the matrix.
    pub(super) fn columns(&self) -> usize {
        self.panels.columns
    }

    /// Returns the memory to the pool.
    pub(super) fn recycle(self, pool: &Pool<F>) {
        pool.recycle(self.numbers);
    }

    /// Computes `c = a b` or `c += a b` on this thread, for some rows and some columns of `b`. The
    /// columns must begin at a panel.
    pub(super) fn multiply(
        &self,
        a: ArrayView2<'_, F>,
        rows: Range<usize>,
        columns: Range<usize>,
        mut c: ArrayViewMut2<'_, F>,
        add: bool,
    ) {
        assert!(rows.end <= self.depth && columns.end <= self.panels.columns, "the part lies outside the matrix");
        assert!(
            a.ncols() == rows.len() && c.dim() == (a.nrows(), columns.len()),
            "the shapes of the product do not fit"
        );
        let wide = self.panels.wide;
        let numbers = self.numbers.as_slice().expect("a fresh array");
        for (i, c) in c.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
            let (start, _, width) = self.panels.at(columns.start / wide + i);
            let panel = &numbers[start * self.depth..][rows.start * width..rows.end * width];
            F::method().run(Strip { a, panel, apart: width, width, c, add, next: &[] });
        }
    }
}

/// Computes `c = a b` or `c += a b` on this thread, for a matrix `b` with at most as many columns
/// as a panel. `b` is the beginning of `panel`, whose rows are `apart` entries apart. The last row
/// must have as many entries as a panel is wide, too. `next` is the panel of the next product, to
/// prefetch, or an empty slice.
pub(super) fn multiply_panel<F: Element>(
    a: ArrayView2<'_, F>,
    [panel, next]: [&[F]; 2],
    apart: usize,
    c: ArrayViewMut2<'_, F>,
    add: bool,
) {
    let [wide, narrow] = F::method().widths;
    let width = if c.ncols() <= narrow { narrow } else { wide };
    F::method().run(Strip { a, panel, apart, width, c, add, next });
}

/// Fills a panel from columns of a matrix, and pads it with zeros to its width.
fn pack<F: Element>(columns: ArrayView2<'_, F>, panel: &mut [F], width: usize) {
    let (depth, count) = columns.dim();
    if count < width {
        panel.fill(F::zero());
    }
    let contiguous = |axis: usize| columns.len_of(Axis(axis)) == 1 || columns.strides()[axis] == 1;
    if contiguous(1) {
        F::run(PackRows { rows: columns, panel, width });
    } else if contiguous(0) {
        F::run(PackColumns { columns, panel, width });
    } else {
        let places = panel.chunks_exact_mut(width).zip(columns.rows()).take(depth);
        places.for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(to, &from)| *to = from));
    }
}

/// Packs contiguous rows.
struct PackRows<'a, F> {
    rows: ArrayView2<'a, F>,
    panel: &'a mut [F],
    width: usize,
}

impl<F: Element> Kernel for PackRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, panel, width } = self;
        // The common numbers of columns are compile-time constants: a few moves instead of a call.
        match rows.ncols() {
            32 => pack_rows::<F, 32>(rows, panel, width),
            16 => pack_rows::<F, 16>(rows, panel, width),
            12 => pack_rows::<F, 12>(rows, panel, width),
            count => {
                for (to, from) in panel.chunks_exact_mut(width).zip(rows.rows()) {
                    to[..count].copy_from_slice(from.to_slice().expect("a contiguous row"));
                }
            }
        }
    }
}

#[inline(always)]
fn pack_rows<F: Element, const N: usize>(rows: ArrayView2<'_, F>, panel: &mut [F], width: usize) {
    for (p, to) in panel.chunks_exact_mut(width).enumerate() {
        if p + LINE < rows.nrows() {
            let ahead = rows.index_axis(Axis(0), p + LINE).to_slice().expect("a contiguous row");
            prefetch(ahead, 0);
            prefetch(ahead, N - 1);
        }
        let from = rows.index_axis_move(Axis(0), p).to_slice().and_then(|row| row.first_chunk::<N>());
        *to.first_chunk_mut().expect("a panel of as many columns") = *from.expect("a contiguous row");
    }
}

/// Packs contiguous columns.
struct PackColumns<'a, F> {
    columns: ArrayView2<'a, F>,
    panel: &'a mut [F],
    width: usize,
}

impl<F: Element> Kernel for PackColumns<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, panel, width } = self;
        let column = |c: usize| columns.index_axis_move(Axis(1), c).to_slice().expect("a contiguous column");
        let count = columns.ncols();
        let whole = count / SIDE * SIDE;
        // Process some rows at a time: enough that the CPU prefetches a column, and few enough that
        // the output stays in the cache until it is complete.
        for (start, to) in (0..columns.nrows()).step_by(ROWS).zip(panel.chunks_mut(width * ROWS)) {
            let rows = to.len() / width;
            for c in (0..whole).step_by(SIDE) {
                let columns: [&[F]; SIDE] = std::array::from_fn(|i| &column(c + i)[start..start + rows]);
                // Prefetch the columns that come next, on the right or further down.
                let (next, from) = if c + SIDE < count { (c + SIDE, start) } else { (0, start + ROWS) };
                for next in (next..count).take(SIDE) {
                    (from..from + rows).step_by(LINE).for_each(|at| prefetch(column(next), at));
                }
                let whole = rows / SIDE * SIDE;
                let transposition = Transposition { columns: &columns, rows: whole, to: &mut to[c..], apart: width };
                F::method().transpose(transposition);
                for (r, to) in to.chunks_exact_mut(width).enumerate().skip(whole) {
                    to[c..c + SIDE].iter_mut().zip(&columns).for_each(|(to, column)| *to = column[r]);
                }
            }
            for c in whole..count {
                let from = &column(c)[start..start + rows];
                to.chunks_exact_mut(width).zip(from).for_each(|(to, &from)| to[c] = from);
            }
        }
    }
}

/// Number of rows packed at a time.
const ROWS: usize = 128;

/// Number of entries in a cache line, and number of rows to prefetch. The CPU predicts contiguous
/// accesses only, and here every row is at a separate location.
const LINE: usize = 16;

/// Number of rows that are multiplied with all panels in turn. Their results should stay in the
/// cache, because a panel contributes only a few numbers to each row.
const SOME: usize = 48;

/// Returns the number of rows of `a` that are multiplied with all panels of `b` in turn: [`SOME`]
/// if the panels stay in the cache or if rows must be copied, and otherwise all rows.
pub(super) fn rows_in_turn<F>(a: ArrayView2<'_, F>, columns: usize) -> usize {
    let (rows, depth) = a.dim();
    let many = rows * depth * columns > TASK;
    // All rows pass through the panels, which may take half of the cache.
    let tall = rows > columns && depth.min(DEPTH) * columns <= cache::entries::<F>() / 2;
    if many && (tall || is_scattered(a)) { SOME } else { rows }
}

/// Computes `c = a b` on all threads.
///
/// The larger matrix is read once, and the smaller one stays in the cache.
pub(super) fn multiply<F: Element>(
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    mut c: ArrayViewMut2<'_, F>,
    pool: &Pool<F>,
) {
    let (rows, depth) = a.dim();
    if rows_in_turn(a, b.ncols()) < rows {
        return multiply_tall(a, b, c, pool);
    }
    let wide = F::method().widths[0];
    let tasks = (rows * depth * b.ncols() / TASK).clamp(1, 4 * rayon::current_num_threads());
    let columns = b.ncols().div_ceil(tasks).next_multiple_of(wide).max(wide);
    let rows = rows.div_ceil(tasks.div_ceil(b.ncols().div_ceil(columns).max(1)).max(1));
    let rows = rows.next_multiple_of(F::method().rows).max(F::method().rows);
    let parts = c.axis_chunks_iter_mut(Axis(1), columns).zip(b.axis_chunks_iter(Axis(1), columns));
    each_part(parts, |(mut c, b)| {
        let parts = c.axis_chunks_iter_mut(Axis(0), rows).zip(a.axis_chunks_iter(Axis(0), rows));
        each_part(parts, |(c, a)| multiply_part(a, b, c, pool));
    });
}

/// Computes `c = a b`, where `a` is larger than `b`. Each thread takes some rows.
fn multiply_tall<F: Element>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, mut c: ArrayViewMut2<'_, F>, pool: &Pool<F>) {
    let columns = b.ncols();
    for from in (0..a.ncols().max(1)).step_by(DEPTH) {
        let part = Slice::from(from..a.ncols().min(from + DEPTH));
        let (a, packed) = (a.slice_axis(Axis(1), part), Packed::new(b.slice_axis(Axis(0), part), pool));
        let parts = c.axis_chunks_iter_mut(Axis(0), SOME).zip(a.axis_chunks_iter(Axis(0), SOME));
        each_part(parts, |(c, a)| {
            if !is_scattered(a) {
                return packed.multiply(a, 0..a.ncols(), 0..columns, c, from > 0);
            }
            let mut copy = pool.array((a.ncols(), a.nrows()));
            copy.assign(&a.t());
            packed.multiply(copy.t(), 0..a.ncols(), 0..columns, c, from > 0);
            pool.recycle(copy);
        });
        packed.recycle(pool);
    }
}

/// Returns true for a transposed matrix whose columns compete for the same cache lines: they are
/// 2 kB or more apart, and there are many. Some of its rows should be copied before they are
/// multiplied several times.
pub(super) fn is_scattered<F>(a: ArrayView2<'_, F>) -> bool {
    a.strides()[0] == 1 && a.strides()[1] >= 512 && a.ncols() >= 64
}

/// Computes a part of the product on this thread. It takes some columns and, if there are few
/// columns, some rows. A panel is packed right before the rows are multiplied with it, so it is
/// still in the cache.
fn multiply_part<F: Element>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, mut c: ArrayViewMut2<'_, F>, pool: &Pool<F>) {
    let panels = Panels::of::<F>(b.ncols());
    let deep = a.ncols().clamp(1, DEPTH);
    let mut memory = pool.array(deep * panels.wide);
    let numbers = memory.as_slice_mut().expect("a fresh array");
    for from in (0..a.ncols().max(1)).step_by(deep) {
        let part = Slice::from(from..a.ncols().min(from + deep));
        let (a, b) = (a.slice_axis(Axis(1), part), b.slice_axis(Axis(0), part));
        let columns = b.axis_chunks_iter(Axis(1), panels.wide).zip(c.axis_chunks_iter_mut(Axis(1), panels.wide));
        for (number, (b, c)) in columns.enumerate() {
            let (.., width) = panels.at(number);
            let panel = &mut numbers[..a.ncols() * width];
            pack(b, panel, width);
            F::method().run(Strip { a, panel, apart: width, width, c, add: from > 0, next: &[] });
        }
    }
    pool.recycle(memory);
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_order_of_the_loops_changes_no_bit() {
        let number = |place: usize| (place as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
        let numbers = |rows, columns, seed| {
            Array2::from_shape_fn((rows, columns), |(i, j)| number(i * 7919 + j * 104_729 + seed))
        };
        let pool = Pool::default();
        // Deeper than a partial product, with an incomplete panel and incomplete steps of rows.
        for (rows, columns) in [(131, 77), (77, 131)] {
            let (a, b) = (numbers(rows, DEPTH + 300, 1), numbers(DEPTH + 300, columns, 2));
            let [mut by_rows, mut by_panels, mut chosen] = [(); 3].map(|()| numbers(rows, columns, 3));
            multiply_tall(a.view(), b.view(), by_rows.view_mut(), &pool);
            multiply_part(a.view(), b.view(), by_panels.view_mut(), &pool);
            multiply(a.view(), b.view(), chosen.view_mut(), &pool);
            assert!(by_rows == by_panels && by_rows == chosen, "{rows} x {columns}");
        }
    }
}

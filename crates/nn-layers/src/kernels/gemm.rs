//! Products with a matrix that is packed once: `c = a b` and `c += a b`.
//!
//! The right matrix is copied into panels, the left one is read where it is. A panel stays in the
//! cache while all rows of the left matrix pass by, as many columns of them at a time as the cache
//! holds.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};

use super::element::Element;
use super::share::each_part;
use super::simd::{Kernel, Strip, prefetch};

/// Products are added up this deep at a time: so many columns of a hundred rows fit into the
/// second-level cache.
const DEPTH: usize = 1024;

/// Multiplications that are worth a thread of their own.
const TASK: usize = 1 << 20;

/// How the columns of a matrix are divided into panels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panels {
    columns: usize,
    /// The columns of every panel but the last.
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

    /// Where panel `number` begins, how many columns it has, and how wide it is.
    pub(super) fn at(&self, number: usize) -> (usize, usize, usize) {
        let start = number * self.wide;
        let here = (self.columns - start).min(self.wide);
        (start, here, if here <= self.narrow { self.narrow } else { self.wide })
    }

    /// The sum of all widths.
    fn width(&self) -> usize {
        self.count().checked_sub(1).map_or(0, |last| last * self.wide + self.at(last).2)
    }
}

/// A matrix in panels.
#[derive(Debug)]
pub(super) struct Packed<F> {
    numbers: Vec<F>,
    depth: usize,
    panels: Panels,
}

impl<F: Element> Packed<F> {
    /// Copies a matrix into panels.
    pub(super) fn new(matrix: ArrayView2<'_, F>, pool: &Pool<F>) -> Self {
        let (depth, columns) = matrix.dim();
        let panels = Panels::of::<F>(columns);
        let mut numbers = pool.take(depth * panels.width());
        let enough = (TASK / 64 / (depth * panels.wide + 1)).max(1);
        let some = numbers.chunks_mut((depth * panels.wide * enough).max(1));
        each_part(some.zip(matrix.axis_chunks_iter(Axis(1), panels.wide * enough)), |(some, columns)| {
            let parts = columns.axis_chunks_iter(Axis(1), panels.wide);
            for (panel, part) in some.chunks_mut((depth * panels.wide).max(1)).zip(parts) {
                let width = panel.len() / depth;
                pack(part, panel, width);
            }
        });
        Self { numbers, depth, panels }
    }

    /// `c = a b` by this thread.
    pub(super) fn product(&self, a: ArrayView2<'_, F>, mut c: ArrayViewMut2<'_, F>) {
        for from in (0..self.depth.max(1)).step_by(DEPTH) {
            let part = from..self.depth.min(from + DEPTH);
            let a = a.slice_axis(Axis(1), Slice::from(part.clone()));
            self.multiply(a, part, 0..self.panels.columns, c.view_mut(), from > 0);
        }
    }

    /// Columns of the matrix.
    pub(super) fn columns(&self) -> usize {
        self.panels.columns
    }

    /// Gives back the memory.
    pub(super) fn recycle(self, pool: &Pool<F>) {
        pool.give(self.numbers);
    }

    /// `c = a b`, or `c += a b`, by this thread, for some rows and some columns of `b`. The columns
    /// begin with a panel.
    pub(super) fn multiply(
        &self,
        a: ArrayView2<'_, F>,
        rows: Range<usize>,
        columns: Range<usize>,
        mut c: ArrayViewMut2<'_, F>,
        add: bool,
    ) {
        assert!(rows.end <= self.depth && columns.end <= self.panels.columns, "parts of a matrix");
        assert!(a.ncols() == rows.len() && c.dim() == (a.nrows(), columns.len()), "shapes of a product");
        let wide = self.panels.wide;
        for (i, c) in c.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
            let (start, _, width) = self.panels.at(columns.start / wide + i);
            let panel = &self.numbers[start * self.depth..][rows.start * width..rows.end * width];
            F::method().run(Strip { a, panel, apart: width, width, c, add });
        }
    }
}

/// `c += a b` by this thread, for a matrix `b` of no more columns than a panel has: the first of
/// `panel`, whose rows are `apart`. There must be as many numbers as a panel has in the last row,
/// too.
pub(super) fn multiply_add<F: Element>(a: ArrayView2<'_, F>, panel: &[F], apart: usize, c: ArrayViewMut2<'_, F>) {
    let [wide, narrow] = F::method().widths;
    let width = if c.ncols() <= narrow { narrow } else { wide };
    F::method().run(Strip { a, panel, apart, width, c, add: true });
}

/// Fills a panel of some width from columns of a matrix, zeros where there are fewer.
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

/// Of rows that are contiguous.
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
        // The usual numbers of columns known to the compiler: a few moves, where a call would take longer.
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

/// Of columns that are contiguous.
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
        // Some rows at a time: long enough runs of a column for the processor to see what will be wanted
        // next, few enough for what is written to stay in the cache until it is full.
        for (start, to) in (0..columns.nrows()).step_by(ROWS).zip(panel.chunks_mut(width * ROWS)) {
            let rows = to.len() / width;
            for c in (0..count / 4 * 4).step_by(4) {
                let four = [0, 1, 2, 3].map(|i| &column(c + i)[start..start + rows]);
                for next in (c + 4..count).take(4) {
                    (start..start + rows).step_by(LINE).for_each(|at| prefetch(column(next), at));
                }
                let whole = transpose(four, &mut to[c..], width);
                for (r, to) in to.chunks_exact_mut(width).enumerate().skip(whole) {
                    to[c..c + 4].copy_from_slice(&four.map(|column| column[r]));
                }
            }
            for c in count / 4 * 4..count {
                let from = &column(c)[start..start + rows];
                to.chunks_exact_mut(width).zip(from).for_each(|(to, &from)| to[c] = from);
            }
        }
    }
}

/// Writes four columns as rows of four that are `apart`, four at a time: how many of them?
#[inline(always)]
fn transpose<F: Element>(columns: [&[F]; 4], to: &mut [F], apart: usize) -> usize {
    let whole = columns[0].len() / 4 * 4;
    for r in (0..whole).step_by(4) {
        let [p, q, s, t] = columns.map(|column| *column[r..].first_chunk::<4>().expect("as long as the first"));
        for i in 0..4 {
            *to[(r + i) * apart..].first_chunk_mut().expect("as many rows") = [p[i], q[i], s[i], t[i]];
        }
    }
    whole
}

/// Rows that are packed at a time.
const ROWS: usize = 128;

/// Numbers of a line of the cache. As many rows ahead are asked for: the processor foresees what
/// lies in one piece, and here every row is a piece of its own.
const LINE: usize = 16;

/// `c = a b`, shared out to all threads: each takes some columns, and where there are few of them,
/// some rows.
///
/// A panel is packed by who multiplies with it, right before, and is then still in the cache.
pub(super) fn multiply<F: Element>(
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    mut c: ArrayViewMut2<'_, F>,
    pool: &Pool<F>,
) {
    let (rows, depth) = a.dim();
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

/// By this thread.
fn multiply_part<F: Element>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, mut c: ArrayViewMut2<'_, F>, pool: &Pool<F>) {
    let panels = Panels::of::<F>(b.ncols());
    let deep = a.ncols().clamp(1, DEPTH);
    let mut numbers = pool.take(deep * panels.wide);
    for from in (0..a.ncols().max(1)).step_by(deep) {
        let part = Slice::from(from..a.ncols().min(from + deep));
        let (a, b) = (a.slice_axis(Axis(1), part), b.slice_axis(Axis(0), part));
        let columns = b.axis_chunks_iter(Axis(1), panels.wide).zip(c.axis_chunks_iter_mut(Axis(1), panels.wide));
        for (number, (b, c)) in columns.enumerate() {
            let (.., width) = panels.at(number);
            let panel = &mut numbers[..a.ncols() * width];
            pack(b, panel, width);
            F::method().run(Strip { a, panel, apart: width, width, c, add: from > 0 });
        }
    }
    pool.give(numbers);
}

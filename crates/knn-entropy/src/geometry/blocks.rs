use super::sum::{LANES, Largest, Sum};
use super::{Bounds, Column, Geometry, Lanes, Split};

/// The geometry whose distance is the largest of the distances in blocks of coordinates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks<'a, G> {
    widths: &'a [usize],
    /// The geometry of all coordinates.
    inner: G,
}

impl<'a, G: Split> Blocks<'a, G> {
    pub(crate) fn new(widths: &'a [usize], inner: G) -> Self {
        Self { widths, inner }
    }

    #[inline(always)]
    fn largest(&self, key: impl Fn(G, usize, usize) -> f64) -> f64 {
        let keys = blocks(self.widths).map(|(start, end)| key(self.inner.part(start, end), start, end));
        keys.fold(0.0, Largest::add)
    }
}

impl<G: Split> Geometry for Blocks<'_, G> {
    #[inline(always)]
    fn key(&self, a: &[f64], b: &[f64]) -> f64 {
        self.largest(|inner, start, end| inner.key(&a[start..end], &b[start..end]))
    }

    #[inline(always)]
    fn keys(&self, a: &[f64], others: &[Column]) -> Lanes {
        let mut most = [0.0; LANES];
        for (start, end) in blocks(self.widths) {
            let keys = self.inner.part(start, end).keys(&a[start..end], &others[start..end]);
            for lane in 0..LANES {
                most[lane] = Largest::add(most[lane], keys[lane]);
            }
        }
        most
    }

    #[inline(always)]
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        self.largest(|inner, start, end| inner.nearest_key(a.part(start, end), b.part(start, end)))
    }

    #[inline(always)]
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        self.largest(|inner, start, end| inner.farthest_key(a.part(start, end), b.part(start, end)))
    }
}

/// Returns the ranges of coordinates of consecutive blocks.
pub(crate) fn blocks(widths: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    widths.iter().scan(0, |end, width| {
        let start = *end;
        *end += width;
        Some((start, *end))
    })
}

//! Linear maps of squares of slices.

use crate::kernels::element::Element;

/// Applies a map to the columns and then to the rows of a square of slices of equal length, entry
/// by entry. A result with an empty slice is skipped.
#[inline(always)]
pub(super) fn combine<F: Element, const I: usize, const O: usize>(
    from: [[&[F]; I]; I],
    to: [[&mut [F]; O]; O],
    map: impl Fn([F; I]) -> [F; O],
) {
    Combine::<_, _, _, _, false> { from, to, map, add: [false; 2] }.run();
}

/// Combines slices like [`combine`], but adds to the existing content of the first row of results,
/// of the first column, or of both.
#[inline(always)]
pub(super) fn combine_add<F: Element, const I: usize, const O: usize>(
    add: [bool; 2],
    from: [[&[F]; I]; I],
    to: [[&mut [F]; O]; O],
    map: impl Fn([F; I]) -> [F; O],
) {
    Combine::<_, _, _, _, true> { from, to, map, add }.run();
}

struct Combine<'a, F, M, const I: usize, const O: usize, const ADD: bool> {
    from: [[&'a [F]; I]; I],
    to: [[&'a mut [F]; O]; O],
    map: M,
    /// True to add to the first row of results, and to the first column.
    add: [bool; 2],
}

/// Number of entries processed together: one vector of the widest kind.
const LANES: usize = 16;

impl<F: Element, M: Fn([F; I]) -> [F; O], const I: usize, const O: usize, const ADD: bool>
    Combine<'_, F, M, I, O, ADD>
{
    #[inline(always)]
    fn run(mut self) {
        let len = self.from[0][0].len();
        let whole = len / LANES * LANES;
        self.each::<LANES>(0, whole);
        if whole < len {
            self.each::<1>(whole, len);
        }
    }

    /// Processes the entries from `start` to `end`, `L` at a time. All `L` are read before any is
    /// written, so that the compiler need not check for overlapping slices. Loops replace iterators
    /// over arrays, because those are not always inlined.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "iterators over arrays are not always inlined")]
    fn each<const L: usize>(&mut self, start: usize, end: usize) {
        // The slices have equal lengths, so one bounds check serves all of them.
        let count = (end - start) / L;
        let mut sources = [[&[][..]; I]; I];
        for i in 0..I {
            for j in 0..I {
                sources[i][j] = &self.from[i][j][start..end].as_chunks::<L>().0[..count];
            }
        }
        let mut results = [[(); O]; O].map(|row| row.map(|()| &mut [][..]));
        for (results, to) in results.iter_mut().zip(&mut self.to) {
            for (result, to) in results.iter_mut().zip(to) {
                *result = to.get_mut(start..end).unwrap_or_default().as_chunks_mut::<L>().0;
            }
        }
        for place in 0..count {
            let mut from = [[[F::zero(); L]; I]; I];
            for i in 0..I {
                for j in 0..I {
                    from[i][j] = sources[i][j][place];
                }
            }
            let mut to = [[[F::zero(); L]; O]; O];
            if ADD {
                for i in 0..O {
                    for j in 0..O {
                        let add = (i == 0 && self.add[0]) || (j == 0 && self.add[1]);
                        if let Some(&there) = results[i][j].get(place).filter(|_| add) {
                            to[i][j] = there;
                        }
                    }
                }
            }
            for lane in 0..L {
                let mut half = [[F::zero(); I]; O];
                for j in 0..I {
                    let mut column = [F::zero(); I];
                    for i in 0..I {
                        column[i] = from[i][j][lane];
                    }
                    let mapped = (self.map)(column);
                    for o in 0..O {
                        half[o][j] = mapped[o];
                    }
                }
                for i in 0..O {
                    let mapped = (self.map)(half[i]);
                    for j in 0..O {
                        to[i][j][lane] = if ADD { to[i][j][lane] + mapped[j] } else { mapped[j] };
                    }
                }
            }
            for i in 0..O {
                for j in 0..O {
                    if let Some(result) = results[i][j].get_mut(place) {
                        *result = to[i][j];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scheme::{Maps, Scheme};
    use super::*;

    #[test]
    fn every_entry_of_the_slices_is_combined() {
        let from: Vec<Vec<f32>> = (0..4).map(|i| (0..37).map(|p| (i * 100 + p) as f32).collect()).collect();
        let from = [[&from[0][..], &from[1]], [&from[2], &from[3]]];
        let mut to = vec![vec![1.0; 37]; 8];
        let [a, b, c, d, e, f, g, h] = to.each_mut_of();
        combine_add([true, false], from, [[a, b, c], [d, &mut [], e], [f, g, h]], <Scheme as Maps<2, 3>>::sums);
        for p in 0..37 {
            let [a, b, c, d] = [0, 100, 200, 300].map(|i| (i + p) as f32);
            let expected = [a + 1.0, a + b + 1.0, b + 1.0, a + c, b + d, c, c + d, d];
            assert!(to.iter().zip(expected).all(|(to, expected)| to[p] == expected), "{p}");
        }
    }

    trait EachMut {
        fn each_mut_of(&mut self) -> [&mut [f32]; 8];
    }

    impl EachMut for Vec<Vec<f32>> {
        fn each_mut_of(&mut self) -> [&mut [f32]; 8] {
            let mut each = self.iter_mut();
            std::array::from_fn(|_| &mut each.next().unwrap()[..])
        }
    }
}

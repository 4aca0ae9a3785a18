//! How a product is cut: into tiles of workgroups, and along the sum.

/// What a workgroup makes, and an invocation of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Rows and columns of a workgroup, and how much of the sum it shares at a time. All multiples
    /// of 4.
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) depth: u32,
    /// Rows and columns of an invocation: 4 or 8.
    pub(crate) own_rows: u32,
    pub(crate) own_columns: u32,
}

impl Tile {
    /// For a few columns, such as a code has.
    pub const TALL: Self = Self { rows: 64, columns: 16, depth: 16, own_rows: 4, own_columns: 4 };
    /// For products that would not fill a device with larger ones.
    pub const SMALL: Self = Self { rows: 32, columns: 32, depth: 16, own_rows: 4, own_columns: 4 };
    /// In between.
    pub const MEDIUM: Self = Self { rows: 64, columns: 64, depth: 16, own_rows: 4, own_columns: 4 };
    /// Eight times eight numbers for each invocation: most arithmetic for what is read.
    pub const LARGE: Self = Self { rows: 128, columns: 128, depth: 8, own_rows: 8, own_columns: 8 };
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TALL, Self::SMALL, Self::MEDIUM, Self::LARGE];

    pub(crate) fn threads(self) -> u32 {
        (self.rows / self.own_rows) * (self.columns / self.own_columns)
    }

    /// Numbers from one step of the sum to the next in shared memory, in vectors: one more than
    /// there are, so that neighbours in a column are in different banks.
    pub(crate) fn strides(self) -> [u32; 2] {
        [self.rows / 4 + 1, self.columns / 4 + 1]
    }

    pub(crate) fn shared(self) -> u32 {
        self.strides().iter().map(|stride| stride * self.depth * 16).sum()
    }

    fn blocks(self, m: usize, n: usize) -> usize {
        m.div_ceil(self.rows as usize) * n.div_ceil(self.columns as usize)
    }
}

/// Workgroups that fill a device of middling size.
const FULL: usize = 64;
/// A sum is cut only if it is this long, into parts no shorter than half of it.
const LONG: usize = 512;
const MOST_SPLITS: usize = 32;

/// How a product of `[m, k]` and `[k, n]` is cut: the largest tile that gives enough workgroups,
/// and where none does, the sum in as many parts as help.
pub(crate) fn plan(m: usize, n: usize, k: usize) -> (Tile, usize) {
    let tile = if n <= Tile::TALL.columns as usize {
        Tile::TALL
    } else {
        let fills = |tile: &Tile| tile.blocks(m, n) >= FULL;
        [Tile::LARGE, Tile::MEDIUM].into_iter().find(fills).unwrap_or(Tile::SMALL)
    };
    let wanted = FULL / tile.blocks(m, n).max(1);
    let splits = if k < LONG { 1 } else { wanted.min(k / (LONG / 2)).clamp(1, MOST_SPLITS) };
    (tile, splits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_tiles_for_large_products() {
        assert_eq!(plan(4096, 4096, 4096), (Tile::LARGE, 1));
        assert_eq!(plan(512, 512, 512), (Tile::MEDIUM, 1));
        assert_eq!(plan(128, 512, 784), (Tile::SMALL, 1));
        assert_eq!(plan(128, 16, 256), (Tile::TALL, 1));
        // The gradient of a weight for a large batch.
        assert_eq!(plan(64, 64, 8192), (Tile::SMALL, 16));
        assert_eq!(plan(1, 1, 1), (Tile::TALL, 1));
    }

    #[test]
    fn tiles_fit_the_portable_limits() {
        for tile in Tile::ALL {
            assert!(tile.threads() <= 256 && tile.shared() <= 16_384, "{tile:?}");
            // What one invocation at a time brings to shared memory.
            for side in [tile.rows, tile.columns] {
                assert!(side / 4 * (tile.depth / 4) <= tile.threads(), "{tile:?}");
            }
        }
    }
}

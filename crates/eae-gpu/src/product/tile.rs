//! The division of a product into tiles of workgroups, and of its sum into parts.

/// The tile of a workgroup, and the tile of an invocation within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Rows and columns of a workgroup's tile, and the depth of the sum in shared memory. All are
    /// multiples of 4.
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) depth: u32,
    /// Rows and columns of an invocation's tile: 4 or 8.
    pub(crate) own_rows: u32,
    pub(crate) own_columns: u32,
}

impl Tile {
    /// The tile for a few columns, such as those of a code.
    pub const TALL: Self = Self { rows: 64, columns: 16, depth: 16, own_rows: 4, own_columns: 4 };
    /// The tile for products that would not occupy a device with larger tiles.
    pub const SMALL: Self = Self { rows: 32, columns: 32, depth: 16, own_rows: 4, own_columns: 4 };
    /// The tile for medium products.
    pub const MEDIUM: Self = Self { rows: 64, columns: 64, depth: 16, own_rows: 4, own_columns: 4 };
    /// The tile with eight by eight entries per invocation, which does the most arithmetic per
    /// read.
    pub const LARGE: Self = Self { rows: 128, columns: 128, depth: 8, own_rows: 8, own_columns: 8 };
    /// All tiles.
    pub const ALL: [Self; 4] = [Self::TALL, Self::SMALL, Self::MEDIUM, Self::LARGE];

    pub(crate) fn threads(self) -> u32 {
        (self.rows / self.own_rows) * (self.columns / self.own_columns)
    }

    /// Returns the distance of steps of the sum in shared memory, in vectors. It is one more than
    /// needed, so that neighbors in a column are in different banks.
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

/// Number of workgroups that occupy a medium device.
const FULL: usize = 64;
/// Smallest length of a sum that is split. Parts are at least half as long.
const LONG: usize = 512;
const MOST_SPLITS: usize = 32;

/// Chooses the division of a product of `[m, k]` and `[k, n]`: the largest tile that gives enough
/// workgroups, or otherwise a split of the sum.
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
    fn large_products_use_large_tiles() {
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
            // The load of one invocation into shared memory.
            for side in [tile.rows, tile.columns] {
                assert!(side / 4 * (tile.depth / 4) <= tile.threads(), "{tile:?}");
            }
        }
    }
}

//! Collects the arrays of a page as bytes.

use half::f16;
use serde::Serialize;

/// Arrays of a page, concatenated as little-endian bytes.
pub(super) struct Numbers {
    pub(super) bytes: Vec<u8>,
    precision: Precision,
}

/// Precision of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Half,
    Single,
}

impl Precision {
    pub(super) fn bits(self) -> usize {
        match self {
            Self::Half => 16,
            Self::Single => 32,
        }
    }
}

/// Location of an array in the bytes.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Place {
    at: usize,
    length: usize,
    bits: usize,
}

impl Numbers {
    /// Creates an empty collection.
    pub(super) fn new(precision: Precision) -> Self {
        Self { bytes: Vec::new(), precision }
    }

    /// Adds an array in the precision of the page.
    pub(super) fn add(&mut self, numbers: impl IntoIterator<Item = f32>) -> Place {
        self.place(numbers, self.precision)
    }

    /// Adds an array in single precision, for arrays that are small or must be accurate.
    pub(super) fn add_single(&mut self, numbers: impl IntoIterator<Item = f32>) -> Place {
        self.place(numbers, Precision::Single)
    }

    fn place(&mut self, numbers: impl IntoIterator<Item = f32>, precision: Precision) -> Place {
        let at = self.bytes.len();
        match precision {
            Precision::Half => {
                self.bytes.extend(numbers.into_iter().flat_map(|number| f16::from_f32(number).to_le_bytes()));
            }
            Precision::Single => self.bytes.extend(numbers.into_iter().flat_map(f32::to_le_bytes)),
        }
        let bits = precision.bits();
        Place { at, length: (self.bytes.len() - at) * 8 / bits, bits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_one_another() {
        let mut numbers = Numbers::new(Precision::Half);
        assert_eq!(numbers.add([1.0, -2.0, 0.1]), Place { at: 0, length: 3, bits: 16 });
        assert_eq!(numbers.add_single([0.1]), Place { at: 6, length: 1, bits: 32 });
        assert_eq!(numbers.bytes, [0x00, 0x3c, 0x00, 0xc0, 0x66, 0x2e, 0xcd, 0xcc, 0xcc, 0x3d]);
    }
}
